"""VirtIO, "FFI: Shared Memory and Interrupts", on rings written by hand: to the byte, and step by step.

The bytes are those of VirtIO 1.2, 2.7; the mechanisms and the order of the steps are those of the fact sheet of interference.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from sphinx_xenfusa.model.effects import Offered
from sphinx_xenfusa.model.platform import Device, Domain, Link, Platform
from sphinx_xenfusa.model.ring.peers import ring
from sphinx_xenfusa.model.ring.state import Bounds, Peer
from sphinx_xenfusa.model.rules import advice, broken_rules
from sphinx_xenfusa.model.virtqueue import sample_loop, split
from sphinx_xenfusa.model.virtqueue.chain import Element
from sphinx_xenfusa.model.virtqueue.memory import (
    Memory,
    Party,
    Right,
    drivers_memory,
    load,
    map_pages,
    shared_memory,
    store,
)
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, Protocol

TABLE, AVAIL, USED, BUFFER, SECRET = 0x1000, 0x2000, 0x3000, 0x8000, 0x9000
SIZE = 4
QUEUE = split.SplitQueue(SIZE, TABLE, AVAIL, USED)
SAFE, UNSAFE = Criticality.SAFE, Criticality.UNSAFE


def put(memory: Memory, party: Party, address: int, words: str) -> None:
    assert store(memory, party, address, bytes.fromhex(words)) is None


def number(memory: Memory, address: int, length: int) -> int:
    found = load(memory, Party.DEVICE, address, length)
    assert isinstance(found, bytes)
    return int.from_bytes(found, "little")


def as_the_standard_says(memory: Memory, head: int, patience: int) -> int:
    """How many descriptors a device follows that does what 2.7.5 asks for, which is to follow NEXT, and counts nothing."""
    for followed in range(1, patience + 1):
        descriptor = TABLE + 16 * head
        if not number(memory, descriptor + 12, 2) & 1:
            return followed
        head = number(memory, descriptor + 14, 2)
    return patience


def looping() -> Memory:
    """Descriptor 0 leads to 1 and 1 to 0; head 0 is published."""
    memory = shared_memory(1 << 20)
    put(memory, Party.DRIVER, TABLE, "00 80 00 00 00 00 00 00 04 00 00 00 01 00 01 00")
    put(memory, Party.DRIVER, TABLE + 16, "00 80 00 00 00 00 00 00 04 00 00 00 01 00 00 00")
    put(memory, Party.DRIVER, AVAIL, "00 00 01 00 00 00")
    return memory


def posted(memory: Memory) -> split.DriverSide:
    """A driver with one buffer out, at head 0: 16 bytes for the device to read and 32 to write."""
    driver = split.driver_side(QUEUE)
    assert split.start(memory, QUEUE) is None
    assert split.add(memory, QUEUE, driver, [Element(BUFFER, 16, False), Element(BUFFER + 64, 32, True)]) == 0
    return driver


FORGED = {
    "an id that is not a head": "01 00 00 00 00 00 00 00",
    "an id outside the table": "04 00 00 00 00 00 00 00",
    "a length of 0x53355885": "00 00 00 00 85 58 35 53",
    "33 bytes of 32": "00 00 00 00 21 00 00 00",
}
"""The element at the beginning of the used ring: id and length, four bytes each, little-endian."""


# --- to the byte ----------------------------------------------------------------------------------------------------


@pytest.mark.verifies("XenArch~ffi_virtqueue_interference~1", partial=True)
def test_a_chain_that_loops_keeps_a_device_that_follows_the_standard() -> None:
    memory = looping()
    assert as_the_standard_says(memory, 0, patience=100 * SIZE) == 100 * SIZE
    put(memory, Party.DRIVER, TABLE + 16 + 12, "00 00")
    assert as_the_standard_says(memory, 0, patience=100 * SIZE) == 2


@pytest.mark.verifies("XenArch~ffi_rings_possible~1", partial=True)
def test_a_chain_that_loops_costs_a_hardened_device_as_many_reads_as_there_are_descriptors() -> None:
    memory = looping()
    begun = len(memory.accesses)
    found = split.walk(memory, QUEUE, 0)
    reads = [one for one in memory.accesses[begun:] if one.party is Party.DEVICE]
    assert (type(found).__name__, getattr(found, "kind", "")) == (
        "Misbehaviour",
        "the chain is longer than the queue, or is a loop",
    )
    assert len(reads) == SIZE
    assert all(TABLE <= one.address < TABLE + 16 * SIZE for one in reads)


@pytest.mark.verifies("XenArch~ffi_virtqueue_interference~1", partial=True)
@pytest.mark.parametrize("words", FORGED.values(), ids=FORGED)
def test_the_loop_of_the_standard_hands_on_what_the_device_forged(words: str) -> None:
    memory = shared_memory(1 << 20)
    posted(memory)
    put(memory, Party.DEVICE, USED + 4, words)
    put(memory, Party.DEVICE, USED + 2, "01 00")
    (taken,) = sample_loop.receive(memory, QUEUE, 0, sample_loop.leaves_corrected)
    assert (taken.element.id.to_bytes(4, "little") + taken.element.length.to_bytes(4, "little")).hex(" ") == words


@pytest.mark.verifies("XenArch~ffi_rings_possible~1", partial=True)
@pytest.mark.parametrize("words", FORGED.values(), ids=FORGED)
def test_a_hardened_driver_takes_nothing_that_is_forged(words: str) -> None:
    memory = shared_memory(1 << 20)
    driver = posted(memory)
    put(memory, Party.DEVICE, USED + 4, words)
    put(memory, Party.DEVICE, USED + 2, "01 00")
    assert type(split.reap(memory, QUEUE, driver)).__name__ == "Misbehaviour"
    assert (list(driver.in_flight), list(driver.free)) == ([0], [2, 3])
    put(memory, Party.DEVICE, USED + 4, "00 00 00 00 20 00 00 00")
    (taken,) = split.reap(memory, QUEUE, driver)
    assert (taken.head, taken.length) == (0, 32)


@pytest.mark.verifies("XenArch~ffi_rings_possible~1", partial=True)
@pytest.mark.parametrize(
    ("published", "pending"),
    [(0x0004, 4), (0x0005, None), (0x7FFF, None), (0xFFFE, None)],
    ids=["all entries", "one too many", "a jump", "two back"],
)
def test_a_hardened_device_does_not_follow_an_index_further_than_the_ring(published: int, pending: int | None) -> None:
    memory = shared_memory(1 << 20)
    put(memory, Party.DRIVER, AVAIL + 2, published.to_bytes(2, "little").hex())
    found = split.pending(memory, QUEUE, split.DeviceSide())
    assert (found if isinstance(found, int) else None) == pending


@pytest.mark.verifies("XenArch~ffi_rings_possible~1", partial=True)
def test_what_was_checked_is_what_is_used_and_the_table_is_never_read_back() -> None:
    memory = shared_memory(1 << 20)
    driver = posted(memory)
    chain = split.walk(memory, QUEUE, 0)
    put(memory, Party.DRIVER, TABLE + 8, "00 00 ff ff")
    assert isinstance(chain, split.Chain)
    assert [one.length for one in chain.elements] == [16, 32]
    put(memory, Party.DEVICE, TABLE + 14, "ff ff")
    put(memory, Party.DEVICE, USED, "00 00 01 00 00 00 00 00 20 00 00 00")
    (taken,) = split.reap(memory, QUEUE, driver)
    assert [one.length for one in taken.elements] == [16, 32]
    assert sorted(driver.free) == [0, 1, 2, 3]


# --- step by step ---------------------------------------------------------------------------------------------------


POSTED = ("place(slot=0)", "list_available()", "publish_available()", "decide_on_kick()")
HOSTILE_DRIVER, HOSTILE_DEVICE = {"driver": Peer.HOSTILE}, {"device": Peer.HOSTILE}
TAKES_HEAD_0 = ("forge_available_index(index=1)", "see_available()", "take_head()")
AWAKE = ("kick_without_cause()", "wake_up()")
FORWARD = {
    "a1": ({}, (*AWAKE, "forge_available_index(index=3)", "see_available()"), "JUMPED"),
    "a3": (
        {"heads": True},
        (*AWAKE, "forge_head(slot=0, head=2)", *TAKES_HEAD_0),
        "HEAD_OUTSIDE",
    ),
    "b1": (
        {"links": True},
        (*AWAKE, "forge_link(slot=0, leads_to=0)", *TAKES_HEAD_0, "walk()", "walk()"),
        "LOOPED",
    ),
    "b2": (
        {"lengths": True, "links": True},
        (*AWAKE, "forge_length(slot=0, length=2)", "forge_link(slot=0, leads_to=1)", *TAKES_HEAD_0, "walk()", "walk()"),
        "OVERFLOWED",
    ),
    "b3": (
        {"tables": True},
        (
            *AWAKE,
            "forge_indirect(slot=0, on=True)",
            "forge_table_nested(on=True)",
            *TAKES_HEAD_0,
            "walk()",
            "walk_table()",
        ),
        "NESTED",
    ),
    "f1": (
        {"lengths": True},
        (*AWAKE, *TAKES_HEAD_0, "walk()", "forge_length(slot=0, length=2)", "transfer()"),
        "CHANGED",
    ),
    "h1": (
        {"resets": True},
        (*AWAKE, "reset_device()", "forge_available_index(index=1)", "see_available()"),
        "NOT_READY",
    ),
}
"""What a frontend does to a backend: by mechanism, what it writes beside the index, the steps, and what they end in."""
BACKWARD = {
    "a4": ({}, (*POSTED, "forge_used_index(index=2)", "see_used()"), "USED_AHEAD"),
    "c1": (
        {"ids": True},
        (*POSTED, "forge_used_id(slot=0, head=1)", "forge_used_index(index=1)", "see_used()", "take_used()"),
        "FORGED_ID",
    ),
    "c2": (
        {"lengths": True},
        (*POSTED, "forge_used_length(slot=0, length=2)", "forge_used_index(index=1)", "see_used()", "take_used()"),
        "FORGED_LENGTH",
    ),
    "d1": ({"waits": True}, (*POSTED, "wait()", "wait()"), "WAITED"),
    "e1": (
        {"interrupts": True},
        ("interrupt_without_cause()", "handle_interrupt()") * 3,
        "STORMED",
    ),
    "f2": (
        {"links": True},
        (
            *POSTED,
            "overwrite_link(slot=0, leads_to=1)",
            "forge_used_index(index=1)",
            "see_used()",
            "take_used()",
            "complete()",
        ),
        "REWRITTEN",
    ),
}
"""What a backend does to a frontend."""
STORIES = [
    pytest.param(side, *story, id=name)
    for side, stories in ((HOSTILE_DRIVER, FORWARD), (HOSTILE_DEVICE, BACKWARD))
    for name, story in stories.items()
]


def play(bounds: Bounds, steps: tuple[str, ...], *, all_of_them: bool) -> tuple[str, set[str]]:
    """What harm the steps did, and what can be done then; a step that a hardened side does not take is left out if it may."""
    system = ring(bounds)
    state = system.initial()
    for step in steps:
        action = next((one for one in system.actions if str(one) == step), None)
        after = None if action is None else system.take(state, action)
        assert after is not None or not all_of_them, f"{step} cannot be taken"
        state = state if after is None else after
    return system.values(state)["harm"].name, {str(action) for action, _ in system.steps(state)}


@pytest.mark.verifies("XenArch~ffi_virtqueue_interference~1")
@pytest.mark.parametrize(("side", "writes", "steps", "harm"), STORIES)
def test_a_peer_disturbs_an_unhardened_end_of_the_ring(
    side: dict[str, Any], writes: dict[str, Any], steps: tuple[str, ...], harm: str
) -> None:
    unhardened = Bounds(**side, **writes)
    assert play(unhardened, steps[:-1], all_of_them=True)[0] == "NONE"
    assert play(unhardened, steps, all_of_them=True)[0] == harm


@pytest.mark.verifies("XenArch~ffi_rings_possible~1", partial=True)
@pytest.mark.parametrize(("side", "writes", "steps", "harm"), STORIES)
def test_the_same_peer_leaves_a_hardened_end_to_its_other_work(
    side: dict[str, Any], writes: dict[str, Any], steps: tuple[str, ...], harm: str
) -> None:
    work = "serve_others()" if side is HOSTILE_DRIVER else "do_other_work()"
    hardened = Bounds(**side, **writes).hardened()
    to_the_end = ("ignore()", "transfer()", "write_used()", "publish_used()", "arm()", "look_once_more()")
    found, able = play(hardened, (*steps, *to_the_end), all_of_them=False)
    assert found == "NONE", harm
    assert work in able


# --- who makes a ring safe ------------------------------------------------------------------------------------------


DOMAINS = (
    Domain("hwdom", frozenset({Capability.HARDWARE})),
    Domain("frontend", criticality=SAFE),
    Domain("bystander", criticality=SAFE),
)
DISK = (Device("disk"),)


@pytest.mark.verifies("XenArch~ffi_ring_safety_is_domains~1", partial=True)
@pytest.mark.parametrize("policy", ["specification", "dummy"])
def test_xen_lets_through_what_a_grant_covers_whatever_stands_in_the_page(world: Any, policy: str) -> None:
    """The backend is unprivileged, Xen refuses it everything but the page that was granted, and that page is enough."""
    here = world(policy, DOMAINS, devices=DISK, links=[("hwdom", "frontend", "grants nonblocking")])
    assert here.code("hwdom", "GNTTABOP_map_grant_ref", "frontend") == "GNTST_general_error"
    assert here.code("hwdom", "XENMAPSPACE_gmfn_foreign", "frontend") == "errs[]=EPERM"
    here.offer(Offered.PAGE, by="frontend", to="hwdom")
    assert here.code("hwdom", "GNTTABOP_map_grant_ref", "frontend") == "0"
    memory = drivers_memory(1 << 20)
    driver = posted(memory)
    map_pages(memory, Party.DEVICE, USED, 4096, Right.READ_WRITE)
    map_pages(memory, Party.DEVICE, TABLE, 8192, Right.READ)
    assert store(memory, Party.DEVICE, SECRET, b"x") is not None
    assert store(memory, Party.DEVICE, TABLE, b"x") is not None
    put(memory, Party.DEVICE, USED, "00 00 01 00 01 00 00 00 00 10 00 00")
    (trusting,) = sample_loop.receive(memory, QUEUE, 0, sample_loop.leaves_corrected)
    assert (trusting.element.id, trusting.element.length) == (1, 4096)
    assert type(split.reap(memory, QUEUE, driver)).__name__ == "Misbehaviour"


# --- VirtIO among UnsafeVMs -----------------------------------------------------------------------------------------


@pytest.mark.verifies("XenArch~ffi_virtio_unsafe_only~1")
@pytest.mark.parametrize(("backend", "frontend"), list(itertools.product((SAFE, UNSAFE), repeat=2)))
@pytest.mark.parametrize("protocol", ["virtio", "argo", "static-shared-memory"])
def test_a_virtqueue_with_a_safe_vm_at_an_end_is_advised_against_and_not_rejected(
    backend: Criticality, frontend: Criticality, protocol: str
) -> None:
    domains = (
        Domain("back", frozenset({Capability.HARDWARE}), backend, backend is SAFE),
        Domain("front", frozenset(), frontend, frontend is SAFE),
        Domain("bystander", frozenset(), SAFE, True),
    )
    link = Link(Protocol(protocol), "back", "front", grants=True, nonblocking=True)
    described = Platform(domains, DISK, (link,))
    assert broken_rules(described) == ()
    told = protocol == "virtio" and SAFE in (backend, frontend)
    assert advice(described) == (("ffi_virtio_unsafe_only",) if told else ())


AMONG_UNSAFE = (
    Domain("driver"),
    Domain("frontend"),
    Domain("safe", criticality=SAFE),
    Domain("ctrldom", frozenset({Capability.CONTROL}), SAFE),
)


@pytest.mark.verifies("XenArch~ffi_safe_isolated~1", partial=True)
@pytest.mark.parametrize("extensions", ["", "grants", "nonblocking", "grants nonblocking"])
def test_a_link_between_unsafe_vms_opens_no_safe_vm(world: Any, extensions: str) -> None:
    """The backend does to its frontend what the link lets it do, and nothing to the SafeVMs, whatever it tries."""
    nic = (Device("nic", ("driver",)),)
    here = world(domains=AMONG_UNSAFE, devices=nic, links=[("driver", "frontend", extensions)])
    mapped = here.code("driver", "XENMAPSPACE_gmfn_foreign", "frontend") == "0"
    assert mapped is ("grants" not in extensions)
    assert here.mapped() == ({("driver", "frontend")} if mapped else set())
    start = here.system
    for caller, target in itertools.product(("driver", "frontend"), ("safe", "ctrldom")):
        assert here.allowed(caller, target) == here.OFFERED
        for operation in here.OFFERED | here.MAPPING | {"XEN_DMOP_remote_shutdown", "XEN_DMOP_create_ioreq_server"}:
            here.call(caller, operation, target)
        assert here.state(target) == start.domains[here.platform.position(target)]
        assert here.mapped() <= {("driver", "frontend")}
