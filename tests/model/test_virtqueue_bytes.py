"""Queues against bytes that were worked out by hand from the tables and structures of the standard, not by our code."""

from __future__ import annotations

import pytest

from sphinx_xenfusa.model.virtqueue import layout, packed, split
from sphinx_xenfusa.model.virtqueue.chain import Chain, Element, read_request, write_response
from sphinx_xenfusa.model.virtqueue.events import Notify
from sphinx_xenfusa.model.virtqueue.layout import EventFlags, EventSuppression, Feature
from sphinx_xenfusa.model.virtqueue.memory import (
    Access,
    Fault,
    Memory,
    Party,
    Right,
    Unreachable,
    drivers_memory,
    load,
    map_pages,
    probe,
    shared_memory,
    store,
)
from sphinx_xenfusa.model.virtqueue.outcome import Kind, Misbehaviour, Misuse, Reaction, Refused

SIZE = 1 << 20
TABLE, AVAIL, USED = 0x1000, 0x2000, 0x3000


def split_queue(*features: Feature, size: int = 4) -> split.SplitQueue:
    return split.SplitQueue(size, TABLE, AVAIL, USED, frozenset(features), index=3)


def packed_queue(*features: Feature, size: int = 3) -> packed.PackedQueue:
    return packed.PackedQueue(size, TABLE, AVAIL, USED, frozenset(features), index=3)


def put(memory: Memory, address: int, words: str) -> None:
    assert store(memory, Party.DRIVER, address, bytes.fromhex(words)) is None


def seen(memory: Memory, address: int, length: int) -> str:
    data = load(memory, Party.DRIVER, address, length)
    assert isinstance(data, bytes)
    return data.hex(" ")


# Split.


def test_a_driver_writes_the_bytes_of_the_standard() -> None:
    """A header of 16 bytes to read and a page of 512 to write: the example that every block driver begins with."""
    memory, queue = shared_memory(SIZE), split_queue()
    side = split.driver_side(queue)
    assert split.add(memory, queue, side, [Element(0x8000, 16, False), Element(0x12345000, 512, True)]) == 0
    # addr (8), len (4), flags (2), next (2), each little-endian; NEXT = 1, WRITE = 2.
    assert seen(memory, TABLE, 16) == "00 80 00 00 00 00 00 00 10 00 00 00 01 00 01 00"
    assert seen(memory, TABLE + 16, 16) == "00 50 34 12 00 00 00 00 00 02 00 00 02 00 00 00"
    # flags, idx = 1, ring[0] = 0, ring[1..3], used_event.
    assert seen(memory, AVAIL, 14) == "00 00 01 00 00 00 00 00 00 00 00 00 00 00"


def test_a_device_writes_the_bytes_of_the_standard() -> None:
    memory, queue = shared_memory(SIZE), split_queue(Feature.EVENT_IDX)
    side = split.DeviceSide(next_used=0x0105)
    assert split.add_used(memory, queue, side, 2, 0x201) is None
    # 0x105 mod 4 = 1: the element lies at 4 + 8; id 2, len 0x201; idx is 0x106.
    assert seen(memory, USED, 20) == "00 00 06 01 00 00 00 00 00 00 00 00 02 00 00 00 01 02 00 00"
    assert split.set_avail_event(memory, queue, 0xBEEF) is None
    assert seen(memory, USED + 4 + 8 * 4, 2) == "ef be"
    assert split.set_used_event(memory, queue, 0xCAFE) is None
    assert seen(memory, AVAIL + 4 + 2 * 4, 2) == "fe ca"


@pytest.mark.parametrize(
    ("size", "table", "available", "used"), [(1, 16, 8, 14), (4, 64, 14, 38), (256, 4096, 518, 2054)]
)
def test_sizes_of_the_parts(size: int, table: int, available: int, used: int) -> None:
    assert layout.descriptor_table_bytes(size) == table
    assert layout.available_ring_bytes(size) == available
    assert layout.used_ring_bytes(size) == used


def test_a_chain_is_walked_from_bytes() -> None:
    memory, queue = shared_memory(SIZE), split_queue()
    put(memory, TABLE + 2 * 16, "00 60 00 00 00 00 00 00 04 00 00 00 01 00 00 00")  # 2: readable, next 0
    put(memory, TABLE + 0 * 16, "00 70 00 00 00 00 00 00 08 00 00 00 02 00 ff ff")  # 0: writable, no next
    assert split.walk(memory, queue, 2) == Chain(2, (Element(0x6000, 4, False), Element(0x7000, 8, True)), 2)


def test_direct_descriptors_before_an_indirect_table() -> None:
    memory, queue = shared_memory(SIZE), split_queue(Feature.INDIRECT_DESC)
    put(memory, TABLE, "00 60 00 00 00 00 00 00 04 00 00 00 01 00 01 00")
    # INDIRECT | WRITE: the WRITE here is ignored; the table has 3 entries and starts at its entry 0.
    put(memory, TABLE + 16, "08 90 00 00 00 00 00 00 30 00 00 00 06 00 00 00")
    put(memory, 0x9008, "00 61 00 00 00 00 00 00 05 00 00 00 01 00 02 00")
    put(memory, 0x9008 + 32, "00 62 00 00 00 00 00 00 06 00 00 00 02 00 00 00")
    expected = (Element(0x6000, 4, False), Element(0x6100, 5, False), Element(0x6200, 6, True))
    assert split.walk(memory, queue, 0) == Chain(0, expected, 2)


HOSTILE = {
    "NEXT out of the table": ("00" * 8 + "01000000 0100 0400", Kind.NEXT_OUTSIDE),
    "a loop of one": ("00" * 8 + "01000000 0100 0000", Kind.CHAIN_TOO_LONG),
    "INDIRECT and NEXT": ("0090000000000000 10000000 0500 0100", Kind.INDIRECT_WITH_NEXT),
    "a table of 0 bytes": ("0090000000000000 00000000 0400 0000", Kind.INDIRECT_LENGTH),
    "a table of 17 bytes": ("0090000000000000 11000000 0400 0000", Kind.INDIRECT_LENGTH),
    "a table in a table": ("0010000000000000 10000000 0400 0000", Kind.INDIRECT_NESTED),
    "a table nowhere": ("0000000000000010 10000000 0400 0000", Kind.UNREACHABLE),
    "a buffer nowhere": ("ffffffffffffffff 02000000 0000 0000", Kind.UNREACHABLE),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_descriptor_is_misbehaviour_with_its_reactions(name: str) -> None:
    words, kind = HOSTILE[name]
    memory, queue = shared_memory(SIZE), split_queue(Feature.INDIRECT_DESC)
    put(memory, TABLE, words)
    found = split.walk(memory, queue, 0)
    assert isinstance(found, Misbehaviour)
    assert found.kind is kind
    assert found.hardened is Reaction.BREAK_QUEUE
    assert found.hardened in found.permitted
    assert len(found.permitted) > 1


def test_what_five_implementations_do_is_permitted() -> None:
    """Fact sheet 2.1: the same bytes, five reactions."""
    observed = {
        Kind.CHAIN_TOO_LONG: {Reaction.TRUNCATE, Reaction.REFUSE_CHAIN, Reaction.BREAK_QUEUE},
        Kind.NEXT_OUTSIDE: {Reaction.REFUSE_CHAIN, Reaction.TRUNCATE, Reaction.BREAK_QUEUE},
        Kind.HEAD_OUTSIDE: {Reaction.STALL, Reaction.TRUNCATE, Reaction.BREAK_QUEUE},
        Kind.AVAILABLE_INDEX: {Reaction.END, Reaction.TAKE, Reaction.BREAK_QUEUE},
        Kind.INDIRECT_WITH_NEXT: {Reaction.IGNORE_FLAG, Reaction.REFUSE_CHAIN, Reaction.TAKE},
        Kind.READABLE_AFTER_WRITABLE: {Reaction.TAKE, Reaction.REFUSE_CHAIN, Reaction.BREAK_QUEUE},
    }
    for kind, reactions in observed.items():
        assert reactions <= Misbehaviour(kind, "").permitted


def test_the_device_looks_at_the_head_and_the_index_before_it_believes_them() -> None:
    memory, queue, side = shared_memory(SIZE), split_queue(), split.DeviceSide()
    put(memory, AVAIL, "0000 0100 0400")  # one entry, head 4 of a queue of 4
    assert split.pop(memory, queue, side) == Misbehaviour(Kind.HEAD_OUTSIDE, "avail.ring[0]")
    put(memory, AVAIL, "0000 0500")  # five entries of a queue of 4
    assert isinstance(found := split.pop(memory, queue, side), Misbehaviour) and found.kind is Kind.AVAILABLE_INDEX
    side.next_available = 3
    put(memory, AVAIL, "0000 0200")  # one step back
    assert isinstance(found := split.pop(memory, queue, side), Misbehaviour) and found.kind is Kind.AVAILABLE_INDEX
    assert side == split.DeviceSide(next_available=3)


def test_the_driver_looks_at_what_comes_back_before_it_believes_it() -> None:
    memory, queue = shared_memory(SIZE), split_queue()
    side = split.driver_side(queue)
    assert split.add(memory, queue, side, [Element(0x8000, 16, True)]) == 0
    for words, kind in (
        ("0000 0200", Kind.USED_INDEX),
        ("0000 0100 04000000 00000000", Kind.USED_ID_OUTSIDE),
        ("0000 0100 01000000 00000000", Kind.USED_ID_NOT_IN_FLIGHT),
        ("0000 0100 00000000 11000000", Kind.USED_LENGTH),
    ):
        put(memory, USED, words)
        found = split.reap(memory, queue, side)
        assert isinstance(found, Misbehaviour) and found.kind is kind
    put(memory, USED, "0000 0100 00000000 10000000")
    assert split.reap(memory, queue, side) == (split.Reaped(0, 16, (Element(0x8000, 16, True),)),)
    assert split.reap(memory, queue, side) == ()


# old, new, event -> whether; worked by hand. The last three are the wrap that an existing driver gets wrong (fact sheet 2.1).
EVENTS = [
    (0, 1, 0, True),
    (0, 1, 1, False),
    (5, 8, 4, False),
    (5, 8, 5, True),
    (5, 8, 7, True),
    (5, 8, 8, False),
    (65535, 0, 65535, True),
    (65534, 0, 65534, True),
    (65534, 0, 65535, True),
    (65534, 0, 0, False),
]


@pytest.mark.parametrize(("old", "new", "event", "must"), EVENTS)
def test_event_indices_of_both_directions(old: int, new: int, event: int, must: bool) -> None:
    memory, queue = shared_memory(SIZE), split_queue(Feature.EVENT_IDX)
    split.set_avail_event(memory, queue, event)
    split.set_used_event(memory, queue, event)
    # Flags are ignored with EVENT_IDX.
    split.set_used_flags(memory, queue, 1)
    split.set_available_flags(memory, queue, 1)
    expected = Notify.MUST if must else Notify.SHOULD_NOT
    assert split.driver_notifies(memory, queue, old, new) is expected
    assert split.device_notifies(memory, queue, old, new) is expected


def test_flags_without_event_indices() -> None:
    memory, queue = shared_memory(SIZE), split_queue()
    for event in (0, 7):
        split.set_avail_event(memory, queue, event)
        split.set_used_event(memory, queue, event)
        for flags, expected in ((0, Notify.MUST), (1, Notify.SHOULD_NOT)):
            split.set_used_flags(memory, queue, flags)
            split.set_available_flags(memory, queue, flags)
            assert split.driver_notifies(memory, queue, 0, 1) is expected
            assert split.device_notifies(memory, queue, 0, 1) is expected


def test_what_a_notification_carries() -> None:
    assert split.notification(split_queue(), 5) == bytes.fromhex("0300")
    assert split.notification(split_queue(Feature.NOTIF_CONFIG_DATA), 5, 9) == bytes.fromhex("0900")
    # bits 0-15 queue, 16-30 the lower 15 bits of idx, 31 its bit 15.
    data = split_queue(Feature.NOTIFICATION_DATA)
    assert split.notification(data, 5) == bytes.fromhex("0300 0500")
    assert split.notification(data, 0x8005) == bytes.fromhex("0300 0580")
    assert packed.notification(packed_queue(Feature.NOTIFICATION_DATA), packed.Place(2, 1)) == bytes.fromhex(
        "0300 0280"
    )
    both = packed_queue(Feature.NOTIFICATION_DATA, Feature.NOTIF_CONFIG_DATA)
    assert packed.notification(both, packed.Place(2, 0), 9) == bytes.fromhex("0900 0200")


def test_in_order_takes_descriptors_and_gives_buffers_back_in_order() -> None:
    memory, queue = shared_memory(SIZE), split_queue(Feature.IN_ORDER)
    side, device = split.driver_side(queue), split.DeviceSide()
    two = [Element(0x8000, 4, False), Element(0x9000, 4, True)]
    for expected in (0, 2):
        assert split.add(memory, queue, side, two) == expected
    assert len([one for one in split.available(memory, queue, device) if isinstance(one, Chain)]) == 2
    assert split.add_used_batch(memory, queue, device, layout.UsedElement(2, 1), 2) is None
    # One element for both, at the place of the first; the first counts as used in full.
    assert seen(memory, USED, 12) == "00 00 02 00 02 00 00 00 01 00 00 00"
    given = split.reap(memory, queue, side)
    assert isinstance(given, tuple)
    assert [(one.head, one.length) for one in given] == [(0, 4), (2, 1)]
    put(memory, TABLE, "0080000000000000 04000000 0100 0200")  # from 0 to 2: not in order
    found = split.walk(memory, queue, 0)
    assert isinstance(found, Misbehaviour) and found.kind is Kind.NOT_IN_ORDER


# Packed.


def test_a_packed_list_over_the_end_of_an_odd_ring() -> None:
    """Three descriptors, of which two are taken already: the list of two goes over the end, with the other wrap counter there."""
    memory, queue = shared_memory(SIZE), packed_queue()
    side = packed.driver_side(queue)
    side.next_available = packed.Place(2, 1)
    assert packed.add(memory, queue, side, [Element(0x8000, 4, False), Element(0x9000, 8, True)]) == 0
    # AVAIL = 0x80, USED = 0x8000. Slot 2, counter 1: AVAIL | NEXT. Slot 0, counter 0: USED | WRITE.
    assert seen(memory, TABLE + 32, 16) == "00 80 00 00 00 00 00 00 04 00 00 00 00 00 81 00"
    assert seen(memory, TABLE, 16) == "00 90 00 00 00 00 00 00 08 00 00 00 00 00 02 80"
    assert side.next_available == packed.Place(1, 0)


def test_a_packed_list_is_found_and_given_back_in_bytes() -> None:
    memory, queue = shared_memory(SIZE), packed_queue()
    put(memory, TABLE + 0, "0080000000000000 04000000 0000 8100")
    put(memory, TABLE + 16, "0090000000000000 08000000 0700 8200")  # the id counts in the last one
    device = packed.DeviceSide()
    chain = packed.pop(memory, queue, device)
    assert chain == Chain(7, (Element(0x8000, 4, False), Element(0x9000, 8, True)), 2)
    assert isinstance(chain, Chain)
    assert packed.pop(memory, queue, device) is None
    assert packed.add_used(memory, queue, device, chain, 5) is None
    # At the first descriptor of the list: len 5, id 7, AVAIL | USED | WRITE; it skips to slot 2.
    assert seen(memory, TABLE, 16) == "00 00 00 00 00 00 00 00 05 00 00 00 07 00 82 80"
    assert device.next_used == packed.Place(2, 1)


def test_zeroed_descriptors_are_neither_available_nor_reaped() -> None:
    memory, queue = shared_memory(SIZE), packed_queue()
    assert packed.pop(memory, queue, packed.DeviceSide()) is None
    # In the second round 0 would read as "used" for counter 0: only what is in flight is looked for.
    side = packed.driver_side(queue)
    side.next_used = packed.Place(0, 0)
    assert packed.reap(memory, queue, side) == ()


def test_a_packed_list_that_goes_on_with_what_is_not_available() -> None:
    memory, queue = shared_memory(SIZE), packed_queue()
    put(memory, TABLE, "0080000000000000 04000000 0000 8100")
    found = packed.pop(memory, queue, packed.DeviceSide())
    assert found == Misbehaviour(Kind.PARTIAL_LIST, "descriptor 1")


def test_a_packed_list_of_the_whole_ring_without_end() -> None:
    memory, queue = shared_memory(SIZE), packed_queue()
    for slot in range(3):
        put(memory, TABLE + 16 * slot, "0080000000000000 04000000 0000 8100")
    found = packed.pop(memory, queue, packed.DeviceSide())
    assert isinstance(found, Misbehaviour) and found.kind is Kind.CHAIN_TOO_LONG


def test_a_packed_indirect_table_is_read_in_sequence_and_by_write_alone() -> None:
    memory, queue = shared_memory(SIZE), packed_queue(Feature.INDIRECT_DESC)
    put(memory, TABLE, "0090000000000000 20000000 0500 8600")  # INDIRECT | WRITE | AVAIL
    put(memory, 0x9000, "0060000000000000 04000000 ffff 0500")  # NEXT and INDIRECT in a table: ignored
    put(memory, 0x9010, "0070000000000000 08000000 ffff 0200")
    found = packed.pop(memory, queue, packed.DeviceSide())
    assert found == Chain(5, (Element(0x6000, 4, False), Element(0x7000, 8, True)), 1)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (EventSuppression(2, 1, EventFlags.DESCRIPTOR), "02 80 02 00"),
        (EventSuppression(0x7FFF, 0, EventFlags.DISABLE), "ff 7f 01 00"),
    ],
)
def test_an_event_structure_in_bytes(event: EventSuppression, words: str) -> None:
    memory, queue = shared_memory(SIZE), packed_queue()
    assert packed.write_event(memory, queue, Party.DRIVER, event) is None
    assert seen(memory, AVAIL, 4) == words
    assert packed.read_event(memory, queue, Party.DEVICE) == event


# A ring of 3: from slot, wrap to slot, wrap; event at slot, wrap; whether.
PACKED_EVENTS = [
    ((0, 1), (1, 1), (0, 1), True),
    ((0, 1), (1, 1), (1, 1), False),
    ((0, 1), (1, 1), (0, 0), False),
    ((2, 1), (1, 0), (2, 1), True),
    ((2, 1), (1, 0), (0, 0), True),
    ((2, 1), (1, 0), (0, 1), False),
    ((2, 0), (0, 1), (2, 0), True),
    ((1, 1), (1, 0), (0, 0), True),
    ((1, 1), (1, 0), (1, 0), False),
]


@pytest.mark.parametrize("party", Party)
@pytest.mark.parametrize(("old", "new", "event", "must"), PACKED_EVENTS)
def test_packed_events(
    party: Party, old: tuple[int, int], new: tuple[int, int], event: tuple[int, int], must: bool
) -> None:
    memory, queue = shared_memory(SIZE), packed_queue(Feature.EVENT_IDX)
    other = Party.DRIVER if party is Party.DEVICE else Party.DEVICE
    packed.write_event(memory, queue, other, EventSuppression(*event, EventFlags.DESCRIPTOR))
    decided = packed.notifies(memory, queue, party, packed.Place(*old), packed.Place(*new))
    assert decided is (Notify.MUST if must else Notify.SHOULD_NOT)


def test_a_descriptor_event_without_event_idx_is_misbehaviour() -> None:
    memory = shared_memory(SIZE)
    for queue, flags in (
        (packed_queue(), EventFlags.DESCRIPTOR),
        (packed_queue(Feature.EVENT_IDX), EventFlags.RESERVED),
    ):
        packed.write_event(memory, queue, Party.DEVICE, EventSuppression(0, 1, flags))
        found = packed.notifies(memory, queue, Party.DRIVER, packed.Place(0, 1), packed.Place(1, 1))
        assert isinstance(found, Misbehaviour) and found.kind is Kind.EVENT_FLAGS


# Configuring.


@pytest.mark.parametrize(
    ("queue", "reasons"),
    [
        (split.SplitQueue(0, TABLE, AVAIL, USED), (Misuse.SIZE_ZERO,)),
        (split.SplitQueue(3, TABLE, AVAIL, USED), (Misuse.SIZE_NO_POWER_OF_TWO,)),
        (split.SplitQueue(65536, 0, 0, 0), (Misuse.SIZE_TOO_LARGE,)),
        (split.SplitQueue(4, TABLE + 8, AVAIL, USED), (Misuse.MISALIGNED,)),
        (split.SplitQueue(4, TABLE, AVAIL + 1, USED), (Misuse.MISALIGNED,)),
        (split.SplitQueue(4, TABLE, AVAIL, USED + 2), (Misuse.MISALIGNED,)),
        (split.SplitQueue(4, TABLE, AVAIL, SIZE - 36), (Misuse.UNREACHABLE,)),
        (split.SplitQueue(32768, 0, 0x80000, 0x90002 + 2), ()),
        (split.SplitQueue(1, TABLE, AVAIL + 2, USED + 4), ()),
    ],
)
def test_configuring_a_split_queue(queue: split.SplitQueue, reasons: tuple[Misuse, ...]) -> None:
    assert split.configure(shared_memory(SIZE), queue) == (Refused(reasons) if reasons else queue)


@pytest.mark.parametrize(
    ("queue", "reasons"),
    [
        (packed.PackedQueue(0, TABLE, AVAIL, USED), (Misuse.SIZE_ZERO,)),
        (packed.PackedQueue(3, TABLE, AVAIL, USED), ()),
        (packed.PackedQueue(32768, 0, 0xF0000, 0xF0004), ()),
        (packed.PackedQueue(32769, 0, 0xF0000, 0xF0004), (Misuse.SIZE_TOO_LARGE,)),
        (packed.PackedQueue(3, TABLE + 4, AVAIL, USED), (Misuse.MISALIGNED,)),
        (packed.PackedQueue(3, TABLE, AVAIL + 2, USED), (Misuse.MISALIGNED,)),
        (packed.PackedQueue(3, SIZE - 32, AVAIL, USED), (Misuse.UNREACHABLE,)),
    ],
)
def test_configuring_a_packed_queue(queue: packed.PackedQueue, reasons: tuple[Misuse, ...]) -> None:
    assert packed.configure(shared_memory(SIZE), queue) == (Refused(reasons) if reasons else queue)


# Memory.


def test_a_device_reaches_what_is_mapped_and_nothing_else() -> None:
    memory = drivers_memory(1 << 32)
    map_pages(memory, Party.DEVICE, 0x1000, 0x1000, Right.READ)
    map_pages(memory, Party.DEVICE, 0x2000, 1, Right.READ_WRITE)
    assert store(memory, Party.DEVICE, 0x2FFF, b"x") is None
    for write, address, length, reason in (
        (True, 0x1FFF, 1, Unreachable.READ_ONLY),
        (True, 0x1FFF, 2, Unreachable.READ_ONLY),
        (False, 0x2FFF, 2, Unreachable.NOT_MAPPED),
        (False, 0xFFF, 2, Unreachable.NOT_MAPPED),
        (False, (1 << 32) - 1, 2, Unreachable.OUTSIDE),
        (False, 0x1000, 0xFFFFFFFF - 0x1000, Unreachable.NOT_MAPPED),
    ):
        access = Access(Party.DEVICE, write, address, length)
        assert probe(memory, access) == Fault(access, reason)
    assert memory.accesses == [Access(Party.DEVICE, True, 0x2FFF, 1)]
    assert load(memory, Party.DRIVER, 0x2FFE, 3) == b"\0x\0"


def test_requests_and_responses_go_through_a_chain_of_any_cut() -> None:
    memory = shared_memory(SIZE)
    store(memory, Party.DRIVER, 0x5FFE, b"request")
    chain = Chain(
        0, (Element(0x5FFE, 3, False), Element(0x6001, 4, False), Element(0x7000, 2, True), Element(0x7100, 9, True)), 4
    )
    assert read_request(memory, chain) == b"request"
    assert write_response(memory, chain, b"answer") == 6
    assert load(memory, Party.DRIVER, 0x7000, 3) == b"an\0"
    assert load(memory, Party.DRIVER, 0x7100, 5) == b"swer\0"
    assert write_response(memory, chain, b"longer than it") == 11
