"""The operations of the grant table: of several errors the first in Xen's order is told; and what each leaves behind."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from grant_machines import (
    DEVICE,
    FOREIGN,
    GRANTED,
    GRANTER,
    MAPPER,
    NOBODY,
    NOTHING,
    OTHER,
    RAM,
    SECOND,
    SLOT,
    change,
    granted,
    machine,
    mapped,
    wrote,
)

from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.grants import layout as L
from sphinx_xenfusa.model.grants.copying import CopyRequest, CopySide, copy
from sphinx_xenfusa.model.grants.hypercall import grant_table_op
from sphinx_xenfusa.model.grants.layout import EntryV1, FullPage, Header, Op, Status, SubPage, Transitive
from sphinx_xenfusa.model.grants.mapping import (
    MapRequest,
    UnmapRequest,
    end_domain,
    map_grant_ref,
    unmap_grant_ref,
)
from sphinx_xenfusa.model.grants.table import (
    NO_PINS,
    ActiveEntry,
    Domain,
    Hook,
    Pins,
    entry,
    header,
    status_flags,
    with_note,
    with_status,
)
from sphinx_xenfusa.model.grants.tables import (
    FlushRequest,
    cache_flush,
    get_status_frames,
    get_version,
    query_size,
    set_version,
    setup_table,
    swap_grant_ref,
)
from sphinx_xenfusa.model.grants.transferring import TransferRequest, transfer
from sphinx_xenfusa.model.memory import DOMID_SELF, PAGE_SIZE, P2mType, own_page, read

PERMIT = L.PERMIT_ACCESS


def first(*table: tuple[object, bool]) -> object:
    """The first error that applies."""
    return next((error for error, applies in table if applies), Status.OKAY)


# ---- map --------------------------------------------------------------------------------------------------------------------

ENTRIES = {
    "nothing": EntryV1(0, 0, RAM),
    "to read": EntryV1(PERMIT | L.READONLY, MAPPER, RAM),
    "to write": EntryV1(PERMIT, MAPPER, RAM),
    "to another": EntryV1(PERMIT, OTHER, RAM),
    "transfer": EntryV1(L.ACCEPT_TRANSFER, MAPPER, RAM),
    "part": EntryV1(PERMIT | L.SUB_PAGE, MAPPER, RAM),
    "uncached": EntryV1(PERMIT | L.PCD, MAPPER, RAM),
    "no page": EntryV1(PERMIT, MAPPER, NOTHING),
    "device": EntryV1(PERMIT, MAPPER, DEVICE),
    "foreign": EntryV1(PERMIT, MAPPER, FOREIGN),
    "granted": EntryV1(PERMIT, MAPPER, GRANTED),
}
NOTES = {
    "unused": ActiveEntry(),
    "read": ActiveEntry(Pins(host_read=1), MAPPER, 11),
    "written": ActiveEntry(Pins(host_write=1), MAPPER, 11),
    "another's": ActiveEntry(Pins(host_read=1), OTHER, 11),
    "full": ActiveEntry(Pins(host_read=0x80), MAPPER, 11),
    "part": ActiveEntry(Pins(host_read=1), MAPPER, 11, 8, 16, True),
}
MAP_FLAGS = (
    0,
    L.MAP_READONLY,
    L.HOST_MAP,
    L.HOST_MAP | L.MAP_READONLY,
    L.HOST_MAP | L.DEVICE_MAP,
    L.HOST_MAP | 1 << 16,
)


def expected_map(flags: int, domid: int, allowed: bool, room: bool, ref: int, named: str, noted: str) -> object:
    """Xen's order, from the fact sheet 3.4, written down apart from the model."""
    writing = not flags & L.MAP_READONLY
    unused, upgrade = noted == "unused", noted == "read" and writing
    offers = ENTRIES[named].flags & (L.TYPE_MASK | L.SUB_PAGE) == PERMIT and ENTRIES[named].domid == MAPPER
    return first(
        (Status.BAD_GNTREF, not flags & (L.HOST_MAP | L.DEVICE_MAP)),
        (Status.GENERAL_ERROR, bool(flags & (L.DEVICE_MAP | L.APPLICATION_MAP | L.CONTAINS_PTE))),
        (Status.BAD_DOMAIN, domid == NOBODY),
        (Status.PERMISSION_DENIED, not allowed),
        (Status.NO_SPACE, not room),
        (Status.BAD_GNTREF, ref >= 512),
        (Status.GENERAL_ERROR, noted in {"another's", "full", "part"}),
        (Status.GENERAL_ERROR, unused and not offers),
        (Status.GENERAL_ERROR, (unused or upgrade) and writing and bool(ENTRIES[named].flags & L.READONLY)),
        (Status.BAD_PAGE, unused and named in {"no page", "granted"}),
        (Status.GENERAL_ERROR, unused and named in {"device", "foreign"}),
        (Status.GENERAL_ERROR, flags & ~L.MAP_READONLY != L.HOST_MAP),
    )


def test_map_tells_the_first_error() -> None:
    """All combinations of flags, granter, policy, handles, reference, shared entry and private note."""
    counted = set()
    tables = {
        (named, noted): with_note(wrote(machine(), 0, one).table(GRANTER), 0, note)
        for named, one in ENTRIES.items()
        for noted, note in NOTES.items()
    }
    for flags, domid, allowed, room, ref in itertools.product(
        MAP_FLAGS, (GRANTER, NOBODY), (True, False), (True, False), (0, 512)
    ):
        bare = machine(permits=lambda hook, s, t, allowed=allowed: allowed or hook is not Hook.MAPREF)
        bare = change(bare, MAPPER, lambda one, room=room: replace(one, max_maptrack_frames=int(room)))
        for (named, noted), table in tables.items():
            made = replace(bare, domains={**bare.domains, GRANTER: Domain(table)})
            found = map_grant_ref(made, MAPPER, MapRequest(SLOT * PAGE_SIZE, flags, ref, domid))
            wanted = expected_map(flags, domid, allowed, room, ref, named, noted)
            assert found.status is wanted, (flags, domid, allowed, room, ref, named, noted)
            counted.add(wanted)
            if wanted is not Status.OKAY and noted == "unused":
                assert found.machine.table(GRANTER).note(0).pins == NO_PINS
                assert status_flags(found.machine.table(GRANTER), 0) == 0
            if wanted is not Status.OKAY:
                assert not found.machine.table(MAPPER).handles
                assert found.machine.memory == made.memory
    assert len(counted) == 7


def test_map_leaves_this_behind() -> None:
    made = mapped(granted(machine()))
    assert (made.status, made.handle, made.dev_bus_addr) == (Status.OKAY, 0, 10 * PAGE_SIZE)
    table = made.machine.table(GRANTER)
    assert header(table, 0) == Header(PERMIT | L.READING | L.WRITING, MAPPER)
    assert table.note(0).pins == Pins(host_write=1)
    assert made.machine.memory.p2m[MAPPER, SLOT].type is P2mType.GRANT_RW
    again = mapped(made.machine, readonly=True, slot=SLOT + 1)
    assert again.machine.table(GRANTER).note(0).pins == Pins(host_write=1, host_read=1)
    assert again.machine.memory.p2m[MAPPER, SLOT + 1].type is P2mType.GRANT_RO


def test_domid_self_is_no_granter_one_s_own_number_is() -> None:
    made = granted(machine(), to=GRANTER)
    request = MapRequest(SLOT * PAGE_SIZE, L.HOST_MAP, 0, DOMID_SELF)
    assert map_grant_ref(made, GRANTER, request).status is Status.BAD_DOMAIN
    own = map_grant_ref(made, GRANTER, replace(request, domid=GRANTER))
    assert own.status is Status.OKAY
    table = own.machine.table(GRANTER)
    assert (table.note(0).pins, list(table.handles)) == (Pins(host_write=1), [0]), "one table, both sides of it"


@pytest.mark.parametrize(
    ("version", "meanwhile", "status"),
    [
        (1, (Header(PERMIT, MAPPER),), Status.OKAY),
        (1, (Header(PERMIT | L.PCD, MAPPER),) , Status.OKAY),
        (1, (Header(0, MAPPER),), Status.GENERAL_ERROR),
        (1, (Header(PERMIT | L.READONLY, MAPPER),), Status.GENERAL_ERROR),
        (1, tuple(Header(PERMIT | flag, MAPPER) for flag in (L.PCD, 0, L.PCD, 0)), Status.OKAY),
        (1, tuple(Header(PERMIT | flag, MAPPER) for flag in (L.PCD, 0, L.PCD, 0, L.PCD)), Status.GENERAL_ERROR),
        (2, (Header(PERMIT | L.PCD, MAPPER),), Status.OKAY),
        (2, (Header(0, MAPPER),), Status.GENERAL_ERROR),
        (2, (Header(PERMIT, OTHER),), Status.GENERAL_ERROR),
        (2, (Header(PERMIT | L.READONLY, MAPPER),), Status.GENERAL_ERROR),
    ],
)  # fmt: skip
def test_granter_that_writes_meanwhile(version, meanwhile, status) -> None:
    """Four changes are borne, a fifth is not; and what was marked is cleared again."""
    made = granted(machine(version))
    request = MapRequest(SLOT * PAGE_SIZE, L.HOST_MAP, 0, GRANTER)
    found = map_grant_ref(made, MAPPER, request, meanwhile)
    assert found.status is status
    marks = L.READING | L.WRITING if status is Status.OKAY else 0
    assert status_flags(found.machine.table(GRANTER), 0) == marks


def test_pinned_entry_is_not_looked_at_again() -> None:
    """The hazard: cleared, given to another, led to another page; and mapped once more, the old page of old."""
    held = mapped(granted(machine())).machine
    for overwritten in (EntryV1(0, 0, 0), EntryV1(PERMIT, OTHER, SECOND), EntryV1(L.ACCEPT_TRANSFER, 0, DEVICE)):
        again = mapped(wrote(held, 0, overwritten), slot=SLOT + 1)
        assert again.status is Status.OKAY
        assert again.machine.memory.p2m[MAPPER, SLOT + 1].mfn == 10
    reader = mapped(granted(machine()), readonly=True).machine
    upgrade = mapped(wrote(reader, 0, EntryV1(PERMIT | L.READONLY, MAPPER, RAM)), slot=SLOT + 1)
    assert upgrade.status is Status.GENERAL_ERROR, "the first that writes is checked once more"


@pytest.mark.parametrize("named", [SubPage(PERMIT | L.SUB_PAGE, MAPPER, 0, 8, RAM), Transitive(3, MAPPER, OTHER, 0)])
def test_what_is_for_copying_is_not_mapped(named) -> None:
    assert mapped(wrote(machine(2), 0, named)).status is Status.GENERAL_ERROR
    assert mapped(granted(machine(2))).status is Status.OKAY


# ---- unmap ------------------------------------------------------------------------------------------------------------------


def unmapped(made, handle=0, slot=SLOT, bus=0, new=0, by=MAPPER):
    return unmap_grant_ref(made, by, UnmapRequest(slot * PAGE_SIZE, bus, handle, new))


def test_unmap_tells_the_first_error() -> None:
    held = mapped(granted(machine())).machine
    for handle, allowed, bus, slot, new in itertools.product(
        (0, 1, 300), (True, False), (0, 10, 11), (0, SLOT, RAM + 1, SLOT + 1), (0, 7)
    ):
        made = replace(held, permits=lambda hook, s, t, allowed=allowed: allowed)
        found = unmapped(made, handle, slot, bus * PAGE_SIZE, new)
        wanted = first(
            (Status.BAD_HANDLE, handle != 0),
            (Status.PERMISSION_DENIED, not allowed),
            (Status.BAD_DEV_ADDR, bus == 11),
            (Status.GENERAL_ERROR, bool(slot) and (bool(new) or slot != SLOT)),
        )
        assert found.status is wanted, (handle, allowed, bus, slot, new)
        gone = wanted is Status.OKAY and bool(slot)
        assert found.machine.table(GRANTER).note(0).pins == (NO_PINS if gone else Pins(host_write=1))
        assert (0 in found.machine.table(MAPPER).handles) is not gone


def test_unmap_clears_the_marks_with_the_last() -> None:
    held = mapped(mapped(granted(machine())).machine, readonly=True, slot=SLOT + 1).machine
    once = unmapped(held).machine
    assert status_flags(once.table(GRANTER), 0) == L.READING
    assert unmapped(once).status is Status.BAD_HANDLE, "twice"
    twice = unmapped(once, 1, SLOT + 1).machine
    assert status_flags(twice.table(GRANTER), 0) == 0
    assert header(twice.table(GRANTER), 0).flags == PERMIT
    assert unmapped(held, by=OTHER).status is Status.BAD_HANDLE, "a handle of another domain's"


def test_two_parts_of_a_mapping_go_one_by_one() -> None:
    made = granted(machine(2))
    made = replace(made, domains={**made.domains, MAPPER: replace(made.domains[MAPPER], external=False)})
    flags = L.HOST_MAP | L.DEVICE_MAP
    held = map_grant_ref(made, MAPPER, MapRequest(SLOT * PAGE_SIZE, flags, 0, GRANTER)).machine
    assert held.table(GRANTER).note(0).pins == Pins(host_write=1, device_write=1)
    host = unmapped(held).machine
    assert host.table(GRANTER).note(0).pins == Pins(device_write=1)
    assert status_flags(host.table(GRANTER), 0) == L.READING | L.WRITING
    both = unmapped(host, slot=0, bus=10 * PAGE_SIZE).machine
    assert (both.table(GRANTER).note(0).pins, both.table(MAPPER).handles) == (NO_PINS, {})


def test_unmap_after_the_granter_s_end_crashes_the_caller() -> None:
    held = mapped(granted(machine())).machine
    found = unmapped(end_domain(held, GRANTER))
    assert found.status is None
    assert found.machine.domains[MAPPER].crashed


def test_end_of_the_mapper_frees_the_entry() -> None:
    held = mapped(mapped(granted(machine())).machine, readonly=True, slot=SLOT + 1).machine
    left = end_domain(held, MAPPER)
    assert left.table(GRANTER).note(0).pins == NO_PINS
    assert header(left.table(GRANTER), 0).flags == PERMIT
    assert not [key for key in left.memory.p2m if key[0] == MAPPER]


# ---- copy -------------------------------------------------------------------------------------------------------------------


def one_copy(made, source=(DOMID_SELF, RAM, 0), dest=(GRANTER, 0, 0), length=4, flags=L.DEST_GREF, by=MAPPER):
    after, statuses = copy(made, by, (CopyRequest(CopySide(*source), CopySide(*dest), length, flags),))
    return after, statuses[0]


def test_copy_tells_the_first_error() -> None:
    made = granted(granted(machine()), 1, SECOND, readonly=True)
    silent = machine(permits=lambda hook, s, t: hook is not Hook.COPY)
    closed = replace(made, permits=silent.permits)
    for length, flags, source, dest, ref, offset, allowed in itertools.product(
        (0, 4, 4096),
        range(4),
        (DOMID_SELF, GRANTER, NOBODY),
        (DOMID_SELF, GRANTER, NOBODY),
        (0, 1, 2, 512),
        (0, 4093),
        (True, False),
    ):
        granted_source, granted_dest = bool(flags & L.SOURCE_GREF), bool(flags & L.DEST_GREF)
        _, found = one_copy(
            made if allowed else closed, (source, 1 if granted_source else RAM, 0), (dest, ref, offset), length, flags
        )
        wanted = first(
            (Status.OKAY, length == 0),
            (Status.PERMISSION_DENIED, source != DOMID_SELF and not granted_source),
            (Status.BAD_DOMAIN, source == NOBODY),
            (Status.PERMISSION_DENIED, dest != DOMID_SELF and not granted_dest),
            (Status.BAD_DOMAIN, dest == NOBODY),
            (Status.PERMISSION_DENIED, not allowed),
            (Status.GENERAL_ERROR, granted_source and source == DOMID_SELF),
            (Status.BAD_GNTREF, granted_dest and ref == 512),
            (Status.GENERAL_ERROR, granted_dest and (dest == DOMID_SELF or ref != 0)),
            (Status.BAD_PAGE, not granted_dest and ref > 1),
            (Status.BAD_COPY_ARG, offset + length > PAGE_SIZE),
        )
        assert found is wanted, (length, flags, source, dest, ref, offset, allowed)


def test_copy_touches_its_bytes_and_no_others() -> None:
    made = granted(machine())
    after, status = one_copy(made, (DOMID_SELF, RAM, 7), (GRANTER, 0, 100), 3)
    assert status is Status.OKAY
    assert read(after.memory, 10) == b"G" * 100 + b"MMM" + b"G" * (PAGE_SIZE - 103)
    assert after.table(GRANTER).note(0).pins == NO_PINS
    assert header(after.table(GRANTER), 0).flags == PERMIT, "the pins of a copy are gone with it"


def test_copy_is_asked_in_the_name_of_the_source_s_domain() -> None:
    asked = []
    made = granted(machine(permits=lambda hook, s, t: asked.append((hook, s, t)) is None))
    one_copy(made, (GRANTER, 0, 0), (DOMID_SELF, RAM, 0), 4, L.SOURCE_GREF)
    assert asked == [(Hook.COPY, GRANTER, MAPPER)]


def test_copy_of_a_part_stays_within_it() -> None:
    made = wrote(machine(2), 0, SubPage(PERMIT | L.SUB_PAGE, MAPPER, 16, 8, RAM))
    for offset, length, wanted in [(16, 8, Status.OKAY), (23, 1, Status.OKAY), (15, 1, Status.GENERAL_ERROR),
                                   (16, 9, Status.GENERAL_ERROR), (24, 1, Status.GENERAL_ERROR),
                                   (4090, 7, Status.BAD_COPY_ARG)]:  # fmt: skip
        after, status = one_copy(made, (DOMID_SELF, RAM, 0), (GRANTER, 0, offset), length)
        assert status is wanted
        changed = [
            i for i, (a, b) in enumerate(zip(read(after.memory, 10), read(made.memory, 10), strict=True)) if a != b
        ]
        assert changed == (list(range(offset, offset + length)) if wanted is Status.OKAY else [])


def test_version_1_knows_no_parts() -> None:
    """Map refuses the flag, copy does not see it."""
    made = wrote(machine(), 0, EntryV1(PERMIT | L.SUB_PAGE, MAPPER, RAM))
    assert mapped(made).status is Status.GENERAL_ERROR
    assert one_copy(made, dest=(GRANTER, 0, 4000), length=96)[1] is Status.OKAY


def test_grant_that_is_passed_on() -> None:
    """The other domain grants its page to the granter, who passes it on to the mapper: one level, both entries in use."""
    made = wrote(machine(2), 5, FullPage(PERMIT, GRANTER, RAM), by=OTHER)
    made = wrote(made, 0, Transitive(L.TRANSITIVE, MAPPER, OTHER, 5))
    after, status = one_copy(made)
    assert status is Status.OKAY
    assert read(after.memory, 30, 0, 5) == b"MMMM\0"
    assert [after.table(domid).note(ref).pins for domid, ref in ((GRANTER, 0), (OTHER, 5))] == [NO_PINS, NO_PINS]
    assert [status_flags(after.table(domid), ref) for domid, ref in ((GRANTER, 0), (OTHER, 5))] == [0, 0]
    wrong = [
        replace(made, transitive=False),
        wrote(made, 0, Transitive(L.TRANSITIVE, MAPPER, GRANTER, 5)),
        wrote(made, 0, Transitive(L.TRANSITIVE, MAPPER, NOBODY, 5)),
        wrote(made, 5, FullPage(PERMIT, MAPPER, RAM), by=OTHER),
        wrote(made, 5, Transitive(L.TRANSITIVE, GRANTER, MAPPER, 0), by=OTHER),
    ]
    for one in wrong:
        after, status = one_copy(one)
        assert status is Status.GENERAL_ERROR
        assert status_flags(after.table(GRANTER), 0) == 0
    assert one_copy(wrote(made, 0, Transitive(L.TRANSITIVE, MAPPER, OTHER, 256)))[1] is Status.BAD_GNTREF


def test_batch_keeps_its_pages_until_an_error() -> None:
    """The second element of a batch may use a reference that could not be claimed any more."""
    made = granted(machine())
    pinned = change(made, GRANTER, lambda one: with_note(one, 0, ActiveEntry(Pins(host_write=0x7F), MAPPER, 10)))
    side, dest = CopySide(DOMID_SELF, RAM, 0), CopySide(GRANTER, 0, 0)
    same = CopyRequest(side, dest, 4, L.DEST_GREF)
    far = replace(same, dest=replace(dest, offset=4095))
    assert copy(pinned, MAPPER, (same, same, same))[1] == (Status.OKAY,) * 3
    after, statuses = copy(made, MAPPER, (same, far, same))
    assert statuses == (Status.OKAY, Status.BAD_COPY_ARG, Status.OKAY)
    assert after.table(GRANTER).note(0).pins == NO_PINS


# ---- transfer ---------------------------------------------------------------------------------------------------------------


def accepting(made, flags=L.ACCEPT_TRANSFER, giver=MAPPER, ref=0):
    return wrote(made, ref, EntryV1(flags, giver, 0x55))


def test_transfer_gives_the_page_away() -> None:
    made = accepting(machine())
    after, status = transfer(made, MAPPER, TransferRequest(RAM, GRANTER, 0))
    assert status is Status.OKAY
    assert own_page(after.memory, GRANTER, 0x55) == 20
    assert own_page(after.memory, MAPPER, RAM) is None
    flags = L.ACCEPT_TRANSFER | L.TRANSFER_COMMITTED | L.TRANSFER_COMPLETED
    assert header(after.table(GRANTER), 0).flags == flags


def test_transfer_tells_the_first_error_and_the_page_may_be_lost() -> None:
    for gfn, domid, allowed, headroom, ref, flags, giver in itertools.product(
        (RAM, NOTHING),
        (GRANTER, NOBODY),
        (True, False),
        (0, 1),
        (0, 1, 512),
        (L.ACCEPT_TRANSFER, L.ACCEPT_TRANSFER | L.TRANSFER_COMMITTED, PERMIT),
        (MAPPER, OTHER),
    ):
        made = accepting(machine(permits=lambda hook, s, t, allowed=allowed: allowed), flags, giver)
        made = replace(made, domains={**made.domains, GRANTER: replace(made.domains[GRANTER], headroom=headroom)})
        after, status = transfer(made, MAPPER, TransferRequest(gfn, domid, ref))
        wanted = first(
            (Status.BAD_PAGE, gfn == NOTHING),
            (Status.BAD_DOMAIN, domid == NOBODY),
            (Status.PERMISSION_DENIED, not allowed),
            (Status.GENERAL_ERROR, not headroom),
            (Status.GENERAL_ERROR, ref != 0 or flags != L.ACCEPT_TRANSFER or giver != MAPPER),
        )
        assert status is wanted, (gfn, domid, allowed, headroom, ref, flags, giver)
        owner = {Status.BAD_PAGE: MAPPER, Status.OKAY: GRANTER}.get(status)
        assert after.memory.pages[20].owner == owner


def test_page_in_use_cannot_be_given_away() -> None:
    held = mapped(granted(accepting(machine(), giver=GRANTER, ref=4))).machine
    held = change(held, MAPPER, lambda one: held.table(GRANTER))
    assert transfer(held, GRANTER, TransferRequest(RAM, MAPPER, 4))[1] is Status.BAD_PAGE
    assert transfer(held, GRANTER, TransferRequest(SECOND, MAPPER, 4))[1] is Status.OKAY


# ---- the table as a whole ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("domid", "frames", "status"),
    [(NOBODY, 99, Status.BAD_DOMAIN), (OTHER, 99, Status.PERMISSION_DENIED), (DOMID_SELF, 65, Status.GENERAL_ERROR),
     (GRANTER, 64, Status.OKAY), (DOMID_SELF, 2, Status.OKAY)],
)  # fmt: skip
def test_setup_and_size(domid, frames, status) -> None:
    after, found = setup_table(machine(), GRANTER, domid, frames)
    assert found is status
    if status is Status.OKAY:
        assert (query_size(after, GRANTER, GRANTER).frames, after.table(GRANTER).entries) == (frames, frames * 512)
    if domid in (NOBODY, OTHER):
        assert query_size(machine(), GRANTER, domid).status is status
        assert get_status_frames(machine(2), GRANTER, domid, 0) is status


def test_version_is_told_and_status_frames_are_counted() -> None:
    assert get_version(machine(2), GRANTER, DOMID_SELF) == (Code.SUCCESS, 2)
    assert [get_version(machine(), GRANTER, domid)[0] for domid in (NOBODY, OTHER)] == [Code.ESRCH, Code.EPERM]
    assert [get_status_frames(machine(2), GRANTER, GRANTER, n) for n in (0, 1, 2)] == [0, 0, Status.GENERAL_ERROR]
    assert get_status_frames(machine(1), GRANTER, GRANTER, 1) is Status.GENERAL_ERROR


def test_change_of_version_tells_the_first_error() -> None:
    wide = FullPage(PERMIT, MAPPER, 1 << 32)
    for now, version, highest, in_use, too_wide in itertools.product(
        (1, 2), (0, 1, 2, 3), (1, 2), (None, 3, 9), (0, 1)
    ):
        if highest < now:
            continue
        made = change(machine(now), GRANTER, lambda one, highest=highest: replace(one, max_version=highest))
        if now == 2 and too_wide:
            made = wrote(made, 2, wide)
        if in_use is not None:
            made = mapped(granted(made, in_use), in_use).machine
        _, found, after = set_version(made, GRANTER, version)
        wanted = first(
            (Code.EINVAL, version not in (1, 2)),
            (Code.ENOSYS, version > highest),
            (Code.SUCCESS, version == now),
            (Code.EBUSY, in_use == 9),
            (Code.ERANGE, now == 2 and bool(too_wide)),
            (Code.SUCCESS, True),
        )
        assert found is wanted, (now, version, highest, in_use, too_wide)
        assert after == (version if wanted is Code.SUCCESS else now)


def test_arm_has_version_1_only() -> None:
    made = change(machine(), GRANTER, lambda one: replace(one, max_version=1))
    assert set_version(made, GRANTER, 2)[1] is Code.ENOSYS


def test_change_of_version_keeps_the_toolstack_s_entries_and_wipes_the_others() -> None:
    made = mapped(granted(granted(machine(), 1), 9, SECOND), 1).machine
    two, _, _ = set_version(made, GRANTER, 2)
    table = two.table(GRANTER)
    assert entry(table, 1) == FullPage(PERMIT, MAPPER, RAM)
    assert status_flags(table, 1) == L.READING | L.WRITING
    assert (entry(table, 9), len(table.shared)) == (FullPage(0, 0, 0), PAGE_SIZE)
    back, _, _ = set_version(two, GRANTER, 1)
    assert entry(back.table(GRANTER), 1) == entry(made.table(GRANTER), 1)
    odd = wrote(two, 2, FullPage(L.ACCEPT_TRANSFER, MAPPER, 7))
    assert entry(set_version(odd, GRANTER, 1)[0].table(GRANTER), 2) == EntryV1(0, 0, 0)
    passed = wrote(two, 2, Transitive(3, MAPPER, OTHER, 7))
    assert set_version(passed, GRANTER, 1)[1] is Code.ERANGE


@pytest.mark.parametrize("version", [1, 2])
def test_swap(version) -> None:
    made = granted(granted(machine(version), 0), 1, SECOND)
    made = change(made, GRANTER, lambda one: with_status(one, 1, setting=L.READING)) if version == 2 else made
    after, status = swap_grant_ref(made, GRANTER, 0, 1)
    assert (status, entry(after.table(GRANTER), 0).frame) == (Status.OKAY, SECOND)
    assert [status_flags(after.table(GRANTER), ref) for ref in (0, 1)] == ([L.READING, 0] if version == 2 else [0, 0])
    size = after.table(GRANTER).entries
    for one, other, wanted in [
        (size, 0, Status.BAD_GNTREF),
        (0, size, Status.BAD_GNTREF),
        (size, size, Status.BAD_GNTREF),
    ]:
        assert swap_grant_ref(made, GRANTER, one, other) == (made, wanted)
    held = mapped(granted(machine(version))).machine
    assert [swap_grant_ref(held, GRANTER, *refs)[1] for refs in ((0, 1), (1, 0), (0, 0), (1, 2))] == [
        Status.EAGAIN, Status.EAGAIN, Status.OKAY, Status.OKAY,
    ]  # fmt: skip


def test_cache_flush_tells_the_first_error() -> None:
    held = mapped(granted(machine())).machine
    addresses = {"own": 20, "mapped": 10, "granter's": 11, "nobody's": 40}
    held = replace(
        held, memory=replace(held.memory, pages={**held.memory.pages, 41: replace(held.memory.pages[11], owner=None)})
    )
    addresses["owned by none"] = 41
    for where, length, offset, op in itertools.product(
        addresses, (0, 1, 4096, 4097), (0, 1, 4096), (0, L.CACHE_CLEAN, L.CACHE_SOURCE_GREF, 4, L.CACHE_INVAL)
    ):
        found = cache_flush(held, MAPPER, FlushRequest(addresses[where] * PAGE_SIZE, length, offset, op))
        wanted = first(
            (Code.EINVAL, offset >= PAGE_SIZE or length > PAGE_SIZE or offset + length > PAGE_SIZE),
            (Code.SUCCESS, length == 0 or op == 0),
            (Code.EOPNOTSUPP, op == L.CACHE_SOURCE_GREF),
            (Code.EINVAL, op == 4),
            (Code.EINVAL, where == "nobody's"),
            (Code.EPERM, where == "owned by none"),
            (Code.EINVAL, where == "granter's"),
            (Code.SUCCESS, True),
        )
        assert found is wanted, (where, length, offset, op)


# ---- both results -----------------------------------------------------------------------------------------------------------


def test_call_that_succeeds_may_have_failed_in_each_element() -> None:
    requests = tuple(MapRequest(SLOT * PAGE_SIZE, L.HOST_MAP, ref, GRANTER) for ref in (5, 0, 600))
    made = grant_table_op(granted(machine()), MAPPER, Op.MAP_GRANT_REF, requests)
    assert (made.code, made.statuses) == (Code.SUCCESS, (Status.GENERAL_ERROR, Status.OKAY, Status.BAD_GNTREF))


def test_errors_of_the_call_come_first() -> None:
    for number, count, readable in itertools.product(range(-1, 14), (-1, 0, 1, 2), (True, False)):
        arguments = {Op.SETUP_TABLE: (GRANTER, 1), Op.QUERY_SIZE: (GRANTER,), Op.GET_STATUS_FRAMES: (GRANTER, 0),
                     Op.SET_VERSION: (1,), Op.GET_VERSION: (GRANTER,)}.get(number)  # fmt: skip
        elements = () if arguments is None else (arguments,)
        found = grant_table_op(machine(), GRANTER, number, elements, count=count, readable=readable)
        single = number in (Op.SETUP_TABLE, Op.QUERY_SIZE, Op.GET_STATUS_FRAMES)
        wanted = first(
            (Code.EINVAL, count < 0),
            (Code.ENOSYS, number not in range(13) or number == Op.DUMP_TABLE),
            (Code.EINVAL, single and count != 1),
            (Code.EFAULT, not readable and (count > 0 or number in (Op.SET_VERSION, Op.GET_VERSION))),
            (Code.EOPNOTSUPP, number == Op.TRANSFER),
            (Code.SUCCESS, True),
        )
        assert found.code is wanted, (number, count, readable)


def test_each_number_does_what_it_says() -> None:
    made = granted(machine(transfer=True))
    result = grant_table_op(made, MAPPER, 0, (MapRequest(SLOT * PAGE_SIZE, L.HOST_MAP, 0, GRANTER),))
    for number in (Op.UNMAP_GRANT_REF, Op.UNMAP_AND_REPLACE):
        back = grant_table_op(result.machine, MAPPER, number, (UnmapRequest(SLOT * PAGE_SIZE, 0, 0),) * 2)
        assert back.statuses == (Status.OKAY, Status.BAD_HANDLE)
    copied = CopyRequest(CopySide(DOMID_SELF, RAM, 0), CopySide(GRANTER, 0, 0), 4, L.DEST_GREF)
    assert grant_table_op(made, MAPPER, Op.COPY, (copied,)).statuses == (Status.OKAY,)
    assert grant_table_op(accepting(made), MAPPER, 4, (TransferRequest(RAM, GRANTER, 0),)).statuses == (Status.OKAY,)
    assert grant_table_op(made, GRANTER, Op.SWAP_GRANT_REF, ((0, 1), (0, 512))).statuses == (0, Status.BAD_GNTREF)
    grown = grant_table_op(made, GRANTER, Op.SETUP_TABLE, ((DOMID_SELF, 3),))
    assert grown.machine.table(GRANTER).frames == 3
    version = grant_table_op(made, GRANTER, Op.SET_VERSION, ((2,),))
    assert (version.code, version.machine.table(GRANTER).version) == (Code.SUCCESS, 2)
    flushes = (FlushRequest(20 * PAGE_SIZE, 1, 0, 1), FlushRequest(11 * PAGE_SIZE, 1, 0, 1))
    assert [grant_table_op(made, MAPPER, 12, flushes[:n]).code for n in (1, 2)] == [Code.SUCCESS, Code.EINVAL]


def test_crash_ends_the_call() -> None:
    gone = end_domain(mapped(granted(machine())).machine, GRANTER)
    found = grant_table_op(gone, MAPPER, Op.UNMAP_GRANT_REF, (UnmapRequest(SLOT * PAGE_SIZE, 0, 0),) * 2)
    assert (found.code, found.statuses) == (Code.SUCCESS, (None,))
