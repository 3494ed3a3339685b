"""Fact sheet 2.6, 3 and 4: a frontend's memory, mapped with a privilege or by a grant, page by page.

Who may is asked of the policy; the mapping is carried out on pages and on the bytes of a grant table, which are typed here.
Domids are the positions of the domains below.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sphinx_xenfusa.model import memory as pages
from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.grants.granter import end_access
from sphinx_xenfusa.model.grants.mapping import MapRequest, MapResult, UnmapRequest, map_grant_ref, unmap_grant_ref
from sphinx_xenfusa.model.grants.table import Domain as Granter
from sphinx_xenfusa.model.grants.table import GrantTable, Hook, Machine, with_table
from sphinx_xenfusa.model.memory import Check, Memory, P2mEntry, P2mType, Page, Parties, PhysmapRequest, PhysmapResult
from sphinx_xenfusa.model.platform import Device, Domain
from sphinx_xenfusa.model.policies import POLICIES
from sphinx_xenfusa.model.rules import broken_rules
from sphinx_xenfusa.model.virtio_grants import GrantAddress, decode, encode, refs_of
from sphinx_xenfusa.model.virtqueue import split
from sphinx_xenfusa.model.virtqueue.chain import Element
from sphinx_xenfusa.model.virtqueue.memory import Party, load, shared_memory, store
from sphinx_xenfusa.model.vocabulary import Architecture, Capability, Criticality

DOMAINS = (
    Domain("hwdom", frozenset({Capability.HARDWARE})),
    Domain("ctrldom", frozenset({Capability.CONTROL}), Criticality.SAFE),
    Domain("driver"),
    Domain("frontend"),
    Domain("second"),
    Domain("stranger"),
    Domain("safe", criticality=Criticality.SAFE),
)
NAMES = tuple(domain.name for domain in DOMAINS)
HWDOM, DRIVER, FRONTEND, SECOND, STRANGER = (
    NAMES.index(name) for name in ("hwdom", "driver", "frontend", "second", "stranger")
)
DEVICES = (Device("disk"), Device("nic", ("driver",)))
BACKENDS = ("hwdom", "driver")

FRAMES = {0x0: 0x500, 0x40000: 0x501, 0x40001: 0x502, 0xFFFFF: 0x503, 0x200000: 0x504}
"""Every page of a frontend, guest frame and machine frame: the first, two from 1 GiB on, the last below 4 GiB, one at 8 GiB."""
SLOT = 0x9000
"""The guest frame of whoever maps, from which on mappings appear."""


def memory() -> Memory:
    """The pages of the two frontends and of the stranger; of each the first byte is its guest frame's last, and 0x55."""
    owners = {FRONTEND: 0, SECOND: 0x100, STRANGER: 0x200}
    made = Memory(
        {mfn + more: Page(owner) for owner, more in owners.items() for mfn in FRAMES.values()},
        {
            (owner, gfn): P2mEntry(FRAMES[gfn] + more, P2mType.RAM_RW)
            for owner, more in owners.items()
            for gfn in FRAMES
        },
    )
    for gfn, mfn in FRAMES.items():
        made = pages.write(made, mfn, 0, bytes([gfn % 256, 0x55]))
    return made


def linked(world: Any, *links: tuple[str, str, str], policy: str = "specification", **more: Any) -> Any:
    return world(policy, domains=DOMAINS, devices=DEVICES, links=links, **more)


def map_foreign(here: Any, caller: str, owner: str, into: str | None = None) -> PhysmapResult:
    """Map every page of one domain into another without grants, as the policy of a world decides."""
    asked = {Check.ADD_TO_PHYSMAP: "XENMEM_add_to_physmap_batch", Check.MAP_GMFN_FOREIGN: "XENMAPSPACE_gmfn_foreign"}

    def permits(check: Check, subject: int, target: int) -> bool:
        return here.call(NAMES[subject], asked[check], NAMES[target], keep=False).decision.allowed

    everybody = frozenset(range(len(NAMES)))
    frames = tuple((gfn, SLOT + i) for i, gfn in enumerate(FRAMES))
    request = PhysmapRequest(NAMES.index(caller), NAMES.index(into or caller), NAMES.index(owner), frames)
    return pages.add_to_physmap_batch(memory(), Parties(everybody, HWDOM, everybody), permits, request)


def seen(result: PhysmapResult, mapper: str, i: int) -> bytes | None:
    """The first two bytes at the place of a mapping, if the mapper has one there."""
    entry = result.memory.p2m.get((NAMES.index(mapper), SLOT + i))
    return None if entry is None else pages.read(result.memory, entry.mfn, 0, 2)


# --- without grants -------------------------------------------------------------------------------------------------


@pytest.mark.verifies("XenArch~mem_arbitrary_map~1")
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_address_anywhere_in_the_frontends_memory_is_mapped(world: Any, backend: str) -> None:
    """The frontend passes an address in each of its pages; the backend maps the page, and finds what the frontend put there."""
    passed = (0x0, 0x4000_0000, 0x4000_1000, 0xFFFF_F000, 0x2_0000_0000)
    ring, queue = shared_memory(0x3_0000_0000), split.SplitQueue(8, 0x1000, 0x2000, 0x3000)
    side, device = split.driver_side(queue), split.DeviceSide()
    for address in passed:
        assert isinstance(split.add(ring, queue, side, (Element(address, 2, True),)), int)
    taken = [chain.elements[0].address for chain in split.available(ring, queue, device)]
    assert taken == list(passed)
    here = linked(world, (backend, "frontend", ""))
    assert here.serves(backend, "frontend")[0]
    result = map_foreign(here, backend, "frontend")
    expected = {
        0x0: b"\x00\x55",
        0x40000: b"\x00\x55",
        0x40001: b"\x01\x55",
        0xFFFFF: b"\xff\x55",
        0x200000: b"\x00\x55",
    }
    for i, address in enumerate(taken):
        assert seen(result, backend, i) == expected[address >> 12]
        assert result.memory.p2m[NAMES.index(backend), SLOT + i] == P2mEntry(0x500 + i, P2mType.FOREIGN_RW)


@pytest.mark.verifies("XenArch~mem_arbitrary_map~1")
@pytest.mark.parametrize("backend", BACKENDS)
def test_without_the_mapping_no_request_completes(world: Any, backend: str) -> None:
    here = linked(world, (backend, "frontend", ""), withheld="foreign map")
    completes, steps = here.serves(backend, "frontend")
    assert not completes
    assert steps[-1] == "XENMAPSPACE_gmfn_foreign: errs[]=EPERM"


@pytest.mark.verifies("XenArch~mem_map_privileged~1")
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("mapper", ["hwdom", "driver", "frontend", "stranger", "safe"])
def test_without_a_privilege_no_page_of_another_is_mapped(world: Any, mapper: str, policy: str) -> None:
    """The hypercall succeeds, and every page of it fails; a Control Domain's call for the mapper gets it no page either."""
    here = linked(world, policy=policy)
    for owner in {"frontend", "second", "stranger"} - {mapper}:
        result = map_foreign(here, mapper, owner)
        assert (result.code, result.errs) == (Code.SUCCESS, (Code.EPERM,) * 5), owner
        pushed = map_foreign(here, "ctrldom", owner, into=mapper)
        assert Code.SUCCESS not in pushed.errs
        assert result.memory.p2m == pushed.memory.p2m == memory().p2m
        assert here.code(mapper, "XENMEM_acquire_resource", owner) == "EPERM"
        assert map_foreign(here, "ctrldom", owner).errs == (Code.SUCCESS,) * 5


@pytest.mark.verifies("XenArch~mem_foreign_privilege~1")
@pytest.mark.parametrize("extensions", ["", "nonblocking"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backend_maps_its_frontends_and_nobody_else(world: Any, backend: str, extensions: str) -> None:
    here = linked(world, (backend, "frontend", extensions), (backend, "second", extensions))
    for owner in ("frontend", "second"):
        assert map_foreign(here, backend, owner).errs == (Code.SUCCESS,) * 5
    assert map_foreign(here, backend, "stranger").errs == (Code.EPERM,) * 5
    other = next(one for one in BACKENDS if one != backend)
    for owner in (other, "ctrldom", "stranger", "safe"):
        assert here.code(backend, "XENMAPSPACE_gmfn_foreign", owner) == "errs[]=EPERM", owner
    for owner in ("frontend", "second"):
        assert map_foreign(here, other, owner).errs == (Code.EPERM,) * 5
    assert map_foreign(here, "frontend", "second").errs == (Code.EPERM,) * 5


@pytest.mark.verifies("XenArch~mem_foreign_hazard~1")
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backend_changes_a_page_that_no_request_was_about(world: Any, backend: str) -> None:
    """The request is about the page at 1 GiB; the frontend finds its page at 8 GiB changed, and with grants it does not."""
    untouched = {0x500: b"\x00\x55", 0x501: b"\x00\x55", 0x502: b"\x01\x55", 0x503: b"\xff\x55", 0x504: b"\x00\x55"}
    for extensions, expected in (("", b"\xde\xad"), ("grants", b"\x00\x55")):
        here = linked(world, (backend, "frontend", extensions))
        assert here.serves(backend, "frontend")[0]
        result = map_foreign(here, backend, "frontend")
        entry = result.memory.p2m.get((NAMES.index(backend), SLOT + 4))
        after = result.memory
        if entry is not None:
            assert entry.type is P2mType.FOREIGN_RW
            after = pages.write(after, entry.mfn, 0, b"\xde\xad")
        own = after.p2m[FRONTEND, 0x200000].mfn
        assert pages.read(after, own, 0, 2) == expected
        for mfn in (0x500, 0x501, 0x502, 0x503):
            assert pages.read(after, mfn, 0, 2) == untouched[mfn]


@pytest.mark.verifies("XenArch~mem_frontend_unsafe~1")
@pytest.mark.parametrize("extensions", ["", "grants", "nonblocking", "grants nonblocking"])
@pytest.mark.parametrize("frontend", ["frontend", "safe"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_frontend_without_grants_is_rejected_in_a_safevm(
    world: Any, backend: str, frontend: str, extensions: str
) -> None:
    """And another frontend of the same backend's, in an UnsafeVM, makes no difference."""
    here = linked(world, (backend, "second", ""), (backend, frontend, extensions))
    rejected = frontend == "safe" and extensions in ("", "nonblocking")
    assert ("mem_frontend_unsafe" in broken_rules(here.platform)) is rejected
    assert here.code(backend, "XENMAPSPACE_gmfn_foreign", frontend) == (
        "0" if extensions in ("", "nonblocking") else "errs[]=EPERM"
    )


# --- grants ---------------------------------------------------------------------------------------------------------

HOST_MAP, READONLY_MAP = 0x2, 0x6
REF = 9
"""The entry stands at byte 72 of a table of version 1, at 144 of one of version 2."""
ENTRY = bytes.fromhex("0100 0200 01000400")  # permit_access, domain 2 (driver), frame 0x40001
ENTRY_READONLY = bytes.fromhex("0500 0200 01000400")
ENTRY_V2 = bytes.fromhex("0100 0200 00000000 0100040000000000")


def machine(data: bytes, version: int = 1, refused: bool = False) -> Machine:
    """The frontend's table has these bytes in entry 9, and zeros elsewhere."""
    table = GrantTable(version=version, max_version=2, status=bytes(4096) if version == 2 else b"")
    architecture = Architecture.ARM if version == 1 else Architecture.X86
    domains = {domid: Granter(table) for domid in (DRIVER, FRONTEND, SECOND, STRANGER)}
    made = Machine(domains, memory(), architecture, lambda hook, s, t: not (refused and hook is Hook.MAPREF))
    return wrote(made, REF * (8 if version == 1 else 16), data)


def wrote(made: Machine, offset: int, data: bytes) -> Machine:
    """The frontend writes to its own table."""
    table = made.table(FRONTEND)
    shared = table.shared[:offset] + data + table.shared[offset + len(data) :]
    return with_table(made, FRONTEND, replace(table, shared=shared))


def ask(made: Machine, caller: int = DRIVER, ref: int = REF, flags: int = HOST_MAP, place: int = 0) -> MapResult:
    return map_grant_ref(made, caller, MapRequest((SLOT + place) << 12, flags, ref, FRONTEND))


def reach(made: Machine, domid: int) -> dict[int, P2mType]:
    """The machine frames that a domain reaches, and how."""
    return {entry.mfn: entry.type for (holder, _), entry in made.memory.p2m.items() if holder == domid}


@pytest.mark.verifies("XenArch~mem_grants_voluntary~1")
@pytest.mark.parametrize(("version", "entry"), [(1, ENTRY), (2, ENTRY_V2)])
def test_the_named_domain_maps_the_named_page(version: int, entry: bytes) -> None:
    result = ask(machine(entry, version))
    assert (result.status, result.dev_bus_addr) == (0, 0x502000)
    assert reach(result.machine, DRIVER) == {0x502: P2mType.GRANT_RW}
    table = result.machine.table(FRONTEND)
    if version == 1:
        assert table.shared[72:80] == bytes.fromhex("1900 0200 01000400")  # reading and writing are set
    else:
        assert table.status[18:20] == bytes.fromhex("1800")


@pytest.mark.verifies("XenArch~mem_grants_voluntary~1")
@pytest.mark.parametrize(
    ("caller", "ref", "status"),
    [
        (SECOND, 9, -1),
        (STRANGER, 9, -1),
        (DRIVER, 8, -1),
        (DRIVER, 10, -1),
        (DRIVER, 511, -1),
        (DRIVER, 512, -3),
    ],
)
def test_no_other_domain_and_no_other_reference(caller: int, ref: int, status: int) -> None:
    result = ask(machine(ENTRY), caller, ref)
    assert result.status == status
    assert reach(result.machine, DRIVER) == {}
    assert result.machine.memory == memory()
    assert result.machine.table(FRONTEND).shared[72:80] == ENTRY


@pytest.mark.verifies("XenArch~mem_grants_voluntary~1")
@pytest.mark.parametrize("entry", ["0000", "0200", "0300", "0101"], ids=["none", "transfer", "transitive", "sub-page"])
def test_an_entry_that_grants_no_page_lends_none(entry: str) -> None:
    result = ask(machine(bytes.fromhex(entry) + ENTRY[2:]))
    assert (result.status, reach(result.machine, DRIVER)) == (-1, {})


@pytest.mark.verifies("XenArch~mem_grants_voluntary~1")
def test_what_is_lent_for_reading_is_not_written() -> None:
    lent = machine(ENTRY_READONLY)
    assert ask(lent).status == -1
    result = ask(lent, flags=READONLY_MAP)
    assert (result.status, reach(result.machine, DRIVER)) == (0, {0x502: P2mType.GRANT_RO})
    assert result.machine.table(FRONTEND).shared[72:80] == bytes.fromhex("0d00 0200 01000400")
    assert ask(result.machine, place=1).status == -1


@pytest.mark.verifies("XenArch~mem_grants_voluntary~1")
def test_the_owner_ends_what_nobody_uses() -> None:
    used = ask(machine(ENTRY))
    assert not end_access(used.machine.table(FRONTEND), REF)[1]
    given_back = unmap_grant_ref(used.machine, DRIVER, UnmapRequest(SLOT << 12, 0, used.handle or 0))
    assert (given_back.status, reach(given_back.machine, DRIVER)) == (0, {})
    table, ended = end_access(given_back.machine.table(FRONTEND), REF)
    assert ended
    assert table.shared[72:74] == bytes(2)
    assert ask(with_table(given_back.machine, FRONTEND, table)).status == -1


@pytest.mark.verifies("XenArch~mem_grants_voluntary~1")
@pytest.mark.parametrize("mapper", ["hwdom", "driver", "stranger", "safe"])
def test_an_unprivileged_domain_may_map_what_is_granted(world: Any, mapper: str) -> None:
    """The policy has no more to say than that; where it refuses, Xen says so before it looks at the entry."""
    assert linked(world).call(mapper, "GNTTABOP_map_grant_ref", "frontend").decision.allowed
    assert ask(machine(ENTRY, refused=True)).status == -8


@pytest.mark.verifies("XenArch~mem_grants_extension~1")
@pytest.mark.parametrize(
    ("address", "ref", "offset"),
    [
        (0x8000_0000_0000_0000, 0, 0),
        (0x8000_0000_0000_9010, 9, 0x10),
        (0x8000_0123_4567_8ABC, 0x12345678, 0xABC),
        (0x8000_0FFF_FFFF_FFFF, 0xFFFFFFFF, 0xFFF),
    ],
)
def test_an_address_with_bit_63_is_a_reference(address: int, ref: int, offset: int) -> None:
    assert decode(address) == GrantAddress(ref, offset)
    assert encode(GrantAddress(ref, offset)) == address
    assert decode(address - (1 << 63)) is None


@pytest.mark.verifies("XenArch~mem_grants_extension~1", partial=True)
@pytest.mark.parametrize(
    ("offset", "length", "refs"),
    [(0, 4096, (9,)), (0, 4097, (9, 10)), (0xFFF, 1, (9,)), (0xFFF, 2, (9, 10)), (1, 8192, (9, 10, 11))],
)
def test_a_buffer_of_several_pages_takes_references_that_follow(
    offset: int, length: int, refs: tuple[int, ...]
) -> None:
    assert refs_of(GrantAddress(9, offset), length) == refs


@pytest.mark.verifies("XenArch~mem_grants_extension~1")
def test_the_frontend_passes_the_reference_in_place_of_the_address() -> None:
    """What stands in the descriptor leads the backend to the granted page, and what it writes there is found by the frontend."""
    ring, queue = shared_memory(0x1000), split.SplitQueue(4, 0x0, 0x40, 0x50)
    store(ring, Party.DRIVER, 0x0, bytes.fromhex("1090000000000080 04000000 0200 0000"))
    assert load(ring, Party.DEVICE, 0x7, 1) == b"\x80"
    passed = split.DeviceSide()
    store(ring, Party.DRIVER, 0x40, bytes.fromhex("0000 0100 0000"))
    assert split.pop(ring, queue, passed) == 0
    data = load(ring, Party.DEVICE, 0x0, 8)
    assert isinstance(data, bytes)
    named = decode(int.from_bytes(data, "little"))
    assert named is not None
    result = ask(machine(ENTRY), ref=named.ref)
    assert result.status == 0
    mapped = result.machine.memory.p2m[DRIVER, SLOT].mfn
    after = pages.write(result.machine.memory, mapped, named.offset, b"done")
    assert pages.read(after, after.p2m[FRONTEND, 0x40001].mfn, 0x10, 4) == b"done"


@pytest.mark.verifies("XenArch~mem_grants_extension~1")
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_link_with_grants_completes_without_an_address_being_mapped(world: Any, backend: str) -> None:
    for extensions, maps in (("grants", "GNTTABOP_map_grant_ref"), ("", "XENMAPSPACE_gmfn_foreign")):
        completes, steps = linked(world, (backend, "frontend", extensions)).serves(backend, "frontend")
        assert completes
        names = {"GNTTABOP_map_grant_ref", "XENMAPSPACE_gmfn_foreign"}
        assert [step for step in steps if step.split(":")[0] in names] == [f"{maps}: 0"]


@pytest.mark.verifies("XenArch~mem_grants_no_privilege~1")
@pytest.mark.parametrize("extensions", ["grants", "grants nonblocking"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_with_grants_a_request_completes_and_the_mapping_is_denied(world: Any, backend: str, extensions: str) -> None:
    here = linked(world, (backend, "frontend", extensions))
    assert here.serves(backend, "frontend")[0]
    assert here.allowed(backend, "frontend") & here.MAPPING == set()
    result = map_foreign(here, backend, "frontend")
    assert result.errs == (Code.EPERM,) * 5
    assert result.memory.p2m == memory().p2m
    withheld = linked(world, (backend, "frontend", extensions), withheld="foreign map")
    assert withheld.serves(backend, "frontend")[0]


@pytest.mark.verifies("XenArch~mem_grants_no_privilege~1")
def test_the_backend_holds_the_pages_that_were_granted_and_no_other() -> None:
    """The ring for writing and a buffer for reading; whatever reference it tries besides, it holds those two."""
    ring = bytes.fromhex("0100 0200 00000400")  # frame 0x40000
    made = wrote(machine(ENTRY_READONLY), 80, ring)  # entry 10
    handles = []
    for place, (ref, flags) in enumerate(((10, HOST_MAP), (9, READONLY_MAP))):
        result = ask(made, ref=ref, flags=flags, place=place)
        assert result.status == 0
        made, handles = result.machine, [*handles, result.handle]
    for ref in range(0, 513):
        if ref not in (9, 10):
            result = ask(made, ref=ref, flags=READONLY_MAP, place=2)
            assert result.status == (-3 if ref == 512 else -1)
            made = result.machine
    assert ask(made, ref=9, place=2).status == -1
    assert reach(made, DRIVER) == {0x501: P2mType.GRANT_RW, 0x502: P2mType.GRANT_RO}
    for place, handle in enumerate(handles):
        given_back = unmap_grant_ref(made, DRIVER, UnmapRequest((SLOT + place) << 12, 0, handle or 0))
        assert given_back.status == 0
        made = given_back.machine
    assert reach(made, DRIVER) == {}
