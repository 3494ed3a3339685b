"""VirtIO facts 1.2 and 1.3: the two virtqueues, byte for byte as they were worked out by hand, and a device served through them.

What one side writes is compared with bytes that are typed here; what the other side reads is typed here as well.
"""

from __future__ import annotations

from typing import Any

import pytest

from sphinx_xenfusa.model.platform import Device, Domain
from sphinx_xenfusa.model.rules import broken_rules
from sphinx_xenfusa.model.virtqueue import packed, split
from sphinx_xenfusa.model.virtqueue.chain import Element, read_request, read_response, write_response
from sphinx_xenfusa.model.virtqueue.memory import Memory, Party, drivers_memory, load, shared_memory, store
from sphinx_xenfusa.model.virtqueue.outcome import Refused
from sphinx_xenfusa.model.vocabulary import Capability

MEMORY_SIZE = 0x4000
REQUEST, RESPONSE = 0x1000, 0x2000
BUFFER = (Element(REQUEST, 4, False), Element(RESPONSE, 8, True))
"""Four bytes for the device to read, then eight for it to write."""

SPLIT = split.SplitQueue(4, 0x0, 0x40, 0x50)
"""Four entries: 64 bytes of descriptors, 14 of the available ring, and the used ring at the next multiple of 4."""
SPLIT_DESCRIPTORS = bytes.fromhex(
    "0010000000000000 04000000 0100 0100"  # address 0x1000, 4 bytes, NEXT, next is 1
    "0020000000000000 08000000 0200 0000"  # address 0x2000, 8 bytes, WRITE
)
SPLIT_AVAILABLE = bytes.fromhex("0000 0100 0000 0000 0000 0000")  # flags, idx 1, ring[0] = 0
SPLIT_USED = bytes.fromhex("0000 0100 00000000 08000000")  # flags, idx 1, head 0 with 8 bytes

PACKED = packed.PackedQueue(3, 0x0, 0x30, 0x34)
"""Three descriptors, which is no power of two, and the two event structures behind them."""
PACKED_DESCRIPTORS = bytes.fromhex(
    "0010000000000000 04000000 0000 8100"  # address 0x1000, 4 bytes, id 0, AVAIL and NEXT
    "0020000000000000 08000000 0000 8200"  # address 0x2000, 8 bytes, id 0, AVAIL and WRITE
)
PACKED_USED = bytes.fromhex("08000000 0000 8280")  # 8 bytes, id 0, AVAIL, USED and WRITE


def found(memory: Memory, address: int, length: int) -> bytes:
    data = load(memory, Party.DRIVER, address, length)
    assert isinstance(data, bytes)
    return data


def only(things: Any) -> Any:
    (one,) = things
    return one


@pytest.mark.verifies("XenArch~virtqueues_shared_ring~1")
def test_the_driver_of_a_split_queue_writes_these_bytes_and_reads_those() -> None:
    memory, side = shared_memory(MEMORY_SIZE), split.driver_side(SPLIT)
    assert split.configure(memory, SPLIT) == SPLIT
    split.start(memory, SPLIT)
    assert split.add(memory, SPLIT, side, BUFFER) == 0
    assert found(memory, 0x0, 32) == SPLIT_DESCRIPTORS
    assert found(memory, 0x40, 12) == SPLIT_AVAILABLE
    assert split.reap(memory, SPLIT, side) == ()
    store(memory, Party.DEVICE, 0x50, SPLIT_USED)
    given_back = only(split.reap(memory, SPLIT, side))
    assert (given_back.head, given_back.length, given_back.elements) == (0, 8, BUFFER)


@pytest.mark.verifies("XenArch~virtqueues_shared_ring~1")
def test_the_device_of_a_split_queue_reads_these_bytes_and_writes_those() -> None:
    memory, side = shared_memory(MEMORY_SIZE), split.DeviceSide()
    store(memory, Party.DRIVER, 0x0, SPLIT_DESCRIPTORS)
    assert list(split.available(memory, SPLIT, side)) == []
    store(memory, Party.DRIVER, 0x40, SPLIT_AVAILABLE)
    chain = only(split.available(memory, SPLIT, side))
    assert (chain.id, chain.elements) == (0, BUFFER)
    split.add_used(memory, SPLIT, side, 0, 8)
    assert found(memory, 0x50, 12) == SPLIT_USED


@pytest.mark.verifies("XenArch~virtqueues_shared_ring~1")
def test_a_split_queue_is_a_ring_whose_index_runs_on() -> None:
    """Index 65535 is slot 3 of four; the next one is 0, and slot 0."""
    memory = shared_memory(MEMORY_SIZE)
    side, device = split.driver_side(SPLIT), split.DeviceSide(0xFFFF, 0xFFFF)
    side.next_available = side.last_used = 0xFFFF
    side.free.rotate(-2)  # the heads are 2 and 3
    store(memory, Party.DRIVER, 0x42, bytes.fromhex("ffff"))
    store(memory, Party.DRIVER, 0x52, bytes.fromhex("ffff"))
    split.add(memory, SPLIT, side, BUFFER[1:])
    assert found(memory, 0x40, 12) == bytes.fromhex("0000 0000 0000 0000 0000 0200")
    split.add(memory, SPLIT, side, BUFFER[1:])
    assert found(memory, 0x40, 12) == bytes.fromhex("0000 0100 0300 0000 0000 0200")
    for chain in list(split.available(memory, SPLIT, device)):
        split.add_used(memory, SPLIT, device, chain.id, chain.id + 5)
    assert found(memory, 0x50, 12) == bytes.fromhex("0000 0100 03000000 08000000")
    assert found(memory, 0x6C, 8) == bytes.fromhex("02000000 07000000")
    taken = [only(split.reap(memory, SPLIT, side)) for _ in range(2)]
    assert [(one.head, one.length) for one in taken] == [(2, 7), (3, 8)]


@pytest.mark.verifies("XenArch~virtqueues_shared_ring~1")
def test_the_driver_of_a_packed_queue_writes_these_bytes_and_reads_those() -> None:
    memory, side = shared_memory(MEMORY_SIZE), packed.driver_side(PACKED)
    assert packed.configure(memory, PACKED) == PACKED
    packed.start(memory, PACKED)
    assert packed.add(memory, PACKED, side, BUFFER) == 0
    assert found(memory, 0x0, 32) == PACKED_DESCRIPTORS
    assert packed.reap(memory, PACKED, side) == ()
    store(memory, Party.DEVICE, 0x8, PACKED_USED)
    given_back = only(packed.reap(memory, PACKED, side))
    assert (given_back.id, given_back.length, given_back.elements) == (0, 8, BUFFER)


@pytest.mark.verifies("XenArch~virtqueues_shared_ring~1")
def test_the_device_of_a_packed_queue_reads_these_bytes_and_writes_those() -> None:
    memory, side = shared_memory(MEMORY_SIZE), packed.DeviceSide()
    assert packed.pop(memory, PACKED, side) is None
    store(memory, Party.DRIVER, 0x0, PACKED_DESCRIPTORS)
    chain = only(packed.available(memory, PACKED, side))
    assert (chain.id, chain.elements) == (0, BUFFER)
    packed.add_used(memory, PACKED, side, chain, 8)
    assert found(memory, 0x8, 8) == PACKED_USED


@pytest.mark.verifies("XenArch~virtqueues_shared_ring~1")
def test_a_packed_queue_is_a_ring_whose_wrap_counter_turns() -> None:
    """The second buffer takes slots 2 and 0: the one in the first round, the other in the second, with AVAIL 0 and USED 1."""
    memory, side, device = shared_memory(MEMORY_SIZE), packed.driver_side(PACKED), packed.DeviceSide()
    packed.start(memory, PACKED)
    for _ in range(2):
        packed.add(memory, PACKED, side, BUFFER)
        packed.add_used(memory, PACKED, device, only(packed.available(memory, PACKED, device)), 8)
        only(packed.reap(memory, PACKED, side))
    assert found(memory, 0x2E, 2) == bytes.fromhex("8280")  # slot 2: used in the first round
    assert found(memory, 0x0E, 2) == bytes.fromhex("0280")  # slot 0: available in the second
    packed.add(memory, PACKED, side, BUFFER[1:])
    assert found(memory, 0x1E, 2) == bytes.fromhex("0280")
    packed.add_used(memory, PACKED, device, only(packed.available(memory, PACKED, device)), 0)
    assert found(memory, 0x1E, 2) == bytes.fromhex("0000")  # slot 1: used in the second round, and nothing written


@pytest.mark.verifies("XenArch~virtqueues_shared_ring~1")
@pytest.mark.parametrize("queue", [SPLIT, PACKED], ids=["split", "packed"])
def test_memory_that_the_device_cannot_reach_carries_no_queue(queue: Any) -> None:
    configure = split.configure if queue is SPLIT else packed.configure
    assert isinstance(configure(drivers_memory(MEMORY_SIZE), queue), Refused)


@pytest.mark.verifies("XenArch~virtio_shares_device~1")
@pytest.mark.parametrize("form", ["split", "packed"])
def test_one_backend_serves_its_disk_to_two_frontends(form: str) -> None:
    """Each frontend asks for another sector, in its own memory, and gets the bytes of that one."""
    disk = {b"rd 5": b"fifthsec", b"rd 6": b"sixthsec"}
    answers = []
    for request in disk:
        memory = shared_memory(MEMORY_SIZE)
        module, queue = (split, SPLIT) if form == "split" else (packed, PACKED)
        module.start(memory, queue)
        side, device = module.driver_side(queue), module.DeviceSide()
        store(memory, Party.DRIVER, REQUEST, request)
        module.add(memory, queue, side, BUFFER)
        chain = only(module.available(memory, queue, device))
        sector = disk[read_request(memory, chain)]
        written = write_response(memory, chain, sector)
        module.add_used(memory, queue, device, chain.id if form == "split" else chain, written)
        given_back = only(module.reap(memory, queue, side))
        answers.append(read_response(memory, given_back.elements, given_back.length))
    assert answers == [b"fifthsec", b"sixthsec"]


@pytest.mark.verifies("XenArch~virtio_shares_device~1")
@pytest.mark.parametrize("backend", ["hwdom", "driver"])
@pytest.mark.parametrize("extensions", ["", "grants", "nonblocking", "grants nonblocking"])
def test_the_domain_that_has_the_device_serves_others(world: Any, backend: str, extensions: str) -> None:
    domains = (
        Domain("hwdom", frozenset({Capability.HARDWARE})),
        *(Domain(name) for name in ("driver", "one", "two")),
    )
    links = [(backend, "one", extensions), (backend, "two", extensions)]
    devices = (Device("disk"), Device("nic", ("driver",)))
    here = world(domains=domains, devices=devices, links=links)
    assert broken_rules(here.platform) == ()
    for frontend in ("one", "two"):
        completes, steps = here.serves(backend, frontend)
        assert completes, steps
    without = world(domains=domains, devices=(Device("disk"),), links=links)
    assert set(broken_rules(without.platform)) == ({"backend_placement"} if backend == "driver" else set())
