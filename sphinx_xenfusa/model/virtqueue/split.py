"""The split virtqueue: configuring it, and every step of both sides on its bytes, one function each; then whole operations.

Each side keeps what it must remember in a state of its own (:class:`DriverSide`, :class:`DeviceSide`) and believes the shared
memory only as far as it checked it: an index, a head, a length is loaded once, then judged.  Functions that look at what the
other side wrote return a :class:`Misbehaviour` where that is not what it may write; they change nothing then.

Source: VirtIO 1.2, 2.7; section numbers below are of 1.2.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sphinx_xenfusa.model.virtqueue import layout
from sphinx_xenfusa.model.virtqueue.chain import Chain, Element, checked, writable_bytes, wrong_with
from sphinx_xenfusa.model.virtqueue.events import Notify, split_notify
from sphinx_xenfusa.model.virtqueue.layout import (
    DESCRIPTOR_BYTES,
    INDEX_VALUES,
    LARGEST_CHAIN_BYTES,
    Alignment,
    Descriptor,
    Feature,
    Flag,
    UsedElement,
)
from sphinx_xenfusa.model.virtqueue.memory import (
    Access,
    Fault,
    Memory,
    Party,
    load,
    load_u16,
    probe,
    store,
    store_u16,
)
from sphinx_xenfusa.model.virtqueue.outcome import Kind, Misbehaviour, Misuse, Refused, unreachable


@dataclass(frozen=True, slots=True)
class SplitQueue:
    """A queue as it was configured.

    :param size: entries (Queue Size).
    :param descriptor_table: address of the descriptor area (2.7.5).
    :param available_ring: address of the driver area (2.7.6).
    :param used_ring: address of the device area (2.7.8).
    :param features: what was negotiated.
    :param index: the number of the queue in its device.
    """

    size: int
    descriptor_table: int
    available_ring: int
    used_ring: int
    features: frozenset[Feature] = frozenset()
    index: int = 0


# Configuring a queue.


def configure(memory: Memory, queue: SplitQueue) -> SplitQueue | Refused:
    """The queue, if it keeps the rules of 2.7: size, alignment, and parts that both sides can reach as they need."""
    reasons = [*_wrong_size(queue.size), *_wrong_places(memory, queue)]
    return Refused(tuple(reasons)) if reasons else queue


def _wrong_size(size: int) -> Iterator[Misuse]:
    if size < 1:
        yield Misuse.SIZE_ZERO
    elif size & (size - 1) != 0:
        yield Misuse.SIZE_NO_POWER_OF_TWO
    if size > layout.LARGEST_QUEUE:
        yield Misuse.SIZE_TOO_LARGE


def _wrong_places(memory: Memory, queue: SplitQueue) -> Iterator[Misuse]:
    parts = (
        (queue.descriptor_table, Alignment.DESCRIPTOR_TABLE, layout.descriptor_table_bytes(queue.size), Party.DRIVER),
        (queue.available_ring, Alignment.AVAILABLE_RING, layout.available_ring_bytes(queue.size), Party.DRIVER),
        (queue.used_ring, Alignment.USED_RING, layout.used_ring_bytes(queue.size), Party.DEVICE),
    )
    if any(address % alignment != 0 for address, alignment, _, _ in parts):
        yield Misuse.MISALIGNED
    for address, _, length, writer in parts:
        if any(probe(memory, Access(party, party is writer, address, length)) is not None for party in Party):
            yield Misuse.UNREACHABLE
            return


def start(memory: Memory, queue: SplitQueue) -> Fault | None:
    """The driver writes zero into both rings' ``flags`` and ``idx`` before the queue is used (2.7.6, 2.7.8, 2.7.10.1)."""
    for ring in (queue.available_ring, queue.used_ring):
        for offset in (layout.RING_FLAGS_OFFSET, layout.RING_INDEX_OFFSET):
            fault = store_u16(memory, Party.DRIVER, ring + offset, 0)
            if fault is not None:
                return fault
    return None


# The driver, a step at a time.


def write_descriptor(memory: Memory, queue: SplitQueue, index: int, one: Descriptor) -> Fault | None:
    """The driver writes a descriptor into the table (2.7.13.1)."""
    address = queue.descriptor_table + layout.descriptor_offset(index)
    return store(memory, Party.DRIVER, address, layout.descriptor_bytes(one))


def write_available(memory: Memory, queue: SplitQueue, idx: int, head: int) -> Fault | None:
    """The driver writes a head into the entry of a free-running index (2.7.13.2); nothing is published by that."""
    address = queue.available_ring + layout.available_entry_offset(idx, queue.size)
    return store_u16(memory, Party.DRIVER, address, head)


def publish_available(memory: Memory, queue: SplitQueue, idx: int) -> Fault | None:
    """The driver sets ``avail.idx``, after all that it exposes was written (2.7.13.3)."""
    return store_u16(memory, Party.DRIVER, queue.available_ring + layout.RING_INDEX_OFFSET, idx)


def set_available_flags(memory: Memory, queue: SplitQueue, flags: int) -> Fault | None:
    """The driver sets ``avail.flags``: 1 asks for no used buffer notifications; 0 always with ``EVENT_IDX`` (2.7.7.1)."""
    return store_u16(memory, Party.DRIVER, queue.available_ring + layout.RING_FLAGS_OFFSET, flags)


def set_used_event(memory: Memory, queue: SplitQueue, idx: int) -> Fault | None:
    """The driver asks to be notified when the element of this index is written (2.7.7.1)."""
    return store_u16(memory, Party.DRIVER, queue.available_ring + layout.used_event_offset(queue.size), idx)


def ask_for_interrupts(memory: Memory, queue: SplitQueue, wanted: bool, last_used: int) -> Fault | None:
    """The driver says whether it wants to be told of the next used buffer: by event with ``EVENT_IDX``, else by flag (2.7.7.1).

    :param last_used: the index of the element that it looks at next.  Silence by event is an event that has just gone by.
    """
    if Feature.EVENT_IDX in queue.features:
        return set_used_event(memory, queue, last_used if wanted else last_used - 1)
    return set_available_flags(memory, queue, 0 if wanted else layout.NO_INTERRUPT)


def used_index(memory: Memory, queue: SplitQueue) -> int | Fault:
    """The driver looks how far the device says it is (2.7.8)."""
    return load_u16(memory, Party.DRIVER, queue.used_ring + layout.RING_INDEX_OFFSET)


def used_element(memory: Memory, queue: SplitQueue, idx: int) -> UsedElement | Fault:
    """The driver reads the element of a free-running index (2.7.14)."""
    data = load(memory, Party.DRIVER, queue.used_ring + layout.used_element_offset(idx, queue.size), 8)
    return data if isinstance(data, Fault) else layout.used_element_from(data)


def driver_notifies(memory: Memory, queue: SplitQueue, old: int, new: int) -> Notify | Fault:
    """Whether the driver has to notify after it moved ``avail.idx`` from ``old`` to ``new`` (2.7.10.1, 2.7.13.4.1)."""
    flags = load_u16(memory, Party.DRIVER, queue.used_ring + layout.RING_FLAGS_OFFSET)
    event = load_u16(memory, Party.DRIVER, queue.used_ring + layout.avail_event_offset(queue.size))
    return _decided(queue, flags, event, old, new)


def _decided(queue: SplitQueue, flags: int | Fault, event: int | Fault, old: int, new: int) -> Notify | Fault:
    if isinstance(flags, Fault):
        return flags
    if isinstance(event, Fault):
        return event
    return split_notify(flags, event if Feature.EVENT_IDX in queue.features else None, old, new)


def notification(queue: SplitQueue, idx: int, config_data: int | None = None) -> bytes:
    """What the driver writes to notify, when it has published up to ``idx`` (2.9, 4.1.5.2).

    :param config_data: the device's own number of the queue, used with ``NOTIF_CONFIG_DATA``.
    """
    named = config_data if Feature.NOTIF_CONFIG_DATA in queue.features and config_data is not None else queue.index
    if Feature.NOTIFICATION_DATA not in queue.features:
        return named.to_bytes(2, "little")
    data = layout.NotificationData(named, idx % 0x8000, idx % INDEX_VALUES >> 15)
    return layout.notification_word(data).to_bytes(4, "little")


# The device, a step at a time.


def available_index(memory: Memory, queue: SplitQueue) -> int | Fault:
    """The device looks how far the driver says it is (2.7.6)."""
    return load_u16(memory, Party.DEVICE, queue.available_ring + layout.RING_INDEX_OFFSET)


def available_head(memory: Memory, queue: SplitQueue, idx: int) -> int | Fault:
    """The device reads the entry of a free-running index (2.7.6)."""
    return load_u16(memory, Party.DEVICE, queue.available_ring + layout.available_entry_offset(idx, queue.size))


def write_used(memory: Memory, queue: SplitQueue, idx: int, one: UsedElement) -> Fault | None:
    """The device writes the element of a free-running index (2.7.8); nothing is published by that."""
    address = queue.used_ring + layout.used_element_offset(idx, queue.size)
    return store(memory, Party.DEVICE, address, layout.used_element_bytes(one))


def publish_used(memory: Memory, queue: SplitQueue, idx: int) -> Fault | None:
    """The device sets ``used.idx``, after the elements and what they promise was written (2.7.8.2)."""
    return store_u16(memory, Party.DEVICE, queue.used_ring + layout.RING_INDEX_OFFSET, idx)


def set_used_flags(memory: Memory, queue: SplitQueue, flags: int) -> Fault | None:
    """The device sets ``used.flags``: 1 asks for no notifications; 0 always with ``EVENT_IDX`` (2.7.10.2)."""
    return store_u16(memory, Party.DEVICE, queue.used_ring + layout.RING_FLAGS_OFFSET, flags)


def set_avail_event(memory: Memory, queue: SplitQueue, idx: int) -> Fault | None:
    """The device asks to be notified when the entry of this index is written (2.7.10.2)."""
    return store_u16(memory, Party.DEVICE, queue.used_ring + layout.avail_event_offset(queue.size), idx)


def ask_for_kicks(memory: Memory, queue: SplitQueue, wanted: bool, next_available: int) -> Fault | None:
    """The device says whether it wants to be told of the next available buffer (2.7.10.2).

    :param next_available: the index of the entry that it looks at next.
    """
    if Feature.EVENT_IDX in queue.features:
        return set_avail_event(memory, queue, next_available if wanted else next_available - 1)
    return set_used_flags(memory, queue, 0 if wanted else layout.NO_NOTIFY)


def device_notifies(memory: Memory, queue: SplitQueue, old: int, new: int) -> Notify | Fault:
    """Whether the device has to notify after it moved ``used.idx`` from ``old`` to ``new`` (2.7.7.2)."""
    flags = load_u16(memory, Party.DEVICE, queue.available_ring + layout.RING_FLAGS_OFFSET)
    event = load_u16(memory, Party.DEVICE, queue.available_ring + layout.used_event_offset(queue.size))
    return _decided(queue, flags, event, old, new)


# Walking a chain.


@dataclass(frozen=True, slots=True)
class _Table:
    """Where descriptors are followed: the queue's own table, or an indirect one.

    :param entries: how many descriptors it has.
    :param room: how many may be followed before the chain is too long.
    """

    address: int
    entries: int
    room: int
    indirect: bool


def walk(memory: Memory, queue: SplitQueue, head: int) -> Chain | Misbehaviour:
    """The chain that begins at a head: direct, then at most one indirect table (2.7.5, 2.7.5.3).

    Each descriptor is loaded once, and at most ``size`` of them in each table: a loop ends.  What a chain must not be is judged,
    and that the device can reach all its buffers; no buffer is read or written.
    """
    if head >= queue.size:
        return Misbehaviour(Kind.HEAD_OUTSIDE, f"head {head}")
    table = _Table(queue.descriptor_table, queue.size, queue.size, indirect=False)
    direct = _follow(memory, queue, table, head)
    if isinstance(direct, Misbehaviour):
        return direct
    last = direct[-1]
    elements = [_element(one) for one in direct]
    if last.flags & Flag.INDIRECT:
        inner = _indirect(memory, queue, last)
        if isinstance(inner, Misbehaviour):
            return inner
        elements[-1:] = [_element(one) for one in inner]
    return checked(Chain(head, tuple(elements), len(direct)), memory, queue.size, f"chain {head}")


def _element(one: Descriptor) -> Element:
    return Element(one.address, one.length, bool(one.flags & Flag.WRITE))


def _indirect(memory: Memory, queue: SplitQueue, one: Descriptor) -> list[Descriptor] | Misbehaviour:
    """What a table holds; the ``WRITE`` of the descriptor that refers to it is not looked at (2.7.5.3.2)."""
    where = f"indirect table at {one.address:#x}"
    if Feature.INDIRECT_DESC not in queue.features:
        return Misbehaviour(Kind.INDIRECT_NOT_NEGOTIATED, where)
    if one.flags & Flag.NEXT:
        return Misbehaviour(Kind.INDIRECT_WITH_NEXT, where)
    if one.length == 0 or one.length % DESCRIPTOR_BYTES != 0:
        return Misbehaviour(Kind.INDIRECT_LENGTH, where)
    table = _Table(one.address, one.length // DESCRIPTOR_BYTES, queue.size, indirect=True)
    return _follow(memory, queue, table, 0)


def _follow(memory: Memory, queue: SplitQueue, table: _Table, index: int) -> list[Descriptor] | Misbehaviour:
    """The descriptors from an index on, up to one without ``NEXT``, or, in the queue's table, one with ``INDIRECT``."""
    found: list[Descriptor] = []
    for _ in range(table.room):
        where = f"{'indirect ' if table.indirect else ''}descriptor {index}"
        data = load(memory, Party.DEVICE, table.address + layout.descriptor_offset(index), DESCRIPTOR_BYTES)
        if isinstance(data, Fault):
            return unreachable(data, where)
        one = layout.descriptor_from(data)
        found.append(one)
        if one.flags & Flag.INDIRECT:
            return Misbehaviour(Kind.INDIRECT_NESTED, where) if table.indirect else found
        if not one.flags & Flag.NEXT:
            return found
        if one.next >= table.entries:
            return Misbehaviour(Kind.NEXT_OUTSIDE, where)
        if Feature.IN_ORDER in queue.features and one.next != _in_order(index, table):
            return Misbehaviour(Kind.NOT_IN_ORDER, where)
        index = one.next
    return Misbehaviour(Kind.CHAIN_TOO_LONG, f"descriptor {index}")


def _in_order(index: int, table: _Table) -> int:
    """What ``next`` has to be with ``IN_ORDER``: round the queue's table, straight in an indirect one (2.7.5.2, 2.7.5.3.1)."""
    return index + 1 if table.indirect else (index + 1) % table.entries


# Whole operations of the device.


@dataclass(slots=True)
class DeviceSide:
    """What the device remembers, out of the driver's reach.

    :param next_available: the index of the entry that it looks at next.
    :param next_used: the index of the element that it writes next.
    :param broken: whether it gave the queue up.
    """

    next_available: int = 0
    next_used: int = 0
    broken: bool = False


def pending(memory: Memory, queue: SplitQueue, side: DeviceSide) -> int | Misbehaviour:
    """How many entries were published and not taken yet (2.7.6).

    A distance of more than the queue's size is ``avail.idx`` moved too far, or backwards: the two look the same.
    """
    if side.broken:
        return 0
    idx = available_index(memory, queue)
    if isinstance(idx, Fault):
        return unreachable(idx, "avail.idx")
    distance = (idx - side.next_available) % INDEX_VALUES
    if distance > queue.size:
        return Misbehaviour(Kind.AVAILABLE_INDEX, f"avail.idx {idx} after {side.next_available}")
    return distance


def pop(memory: Memory, queue: SplitQueue, side: DeviceSide) -> int | Misbehaviour | None:
    """Take the next head; ``None`` when there is none.  A head that leads nowhere is not taken (2.7.6, 2.7.13.2)."""
    count = pending(memory, queue, side)
    if isinstance(count, Misbehaviour):
        return count
    if count == 0:
        return None
    head = available_head(memory, queue, side.next_available)
    if isinstance(head, Fault):
        return unreachable(head, f"avail.ring[{side.next_available % queue.size}]")
    if head >= queue.size:
        return Misbehaviour(Kind.HEAD_OUTSIDE, f"avail.ring[{side.next_available % queue.size}]")
    side.next_available = (side.next_available + 1) % INDEX_VALUES
    return head


def available(memory: Memory, queue: SplitQueue, side: DeviceSide) -> Iterator[Chain | Misbehaviour]:
    """Take every chain that is published now, at most ``size`` of them; the first misbehaviour ends it."""
    count = pending(memory, queue, side)
    if isinstance(count, Misbehaviour):
        yield count
        return
    for _ in range(count):
        head = pop(memory, queue, side)
        if head is None:
            return
        found = head if isinstance(head, Misbehaviour) else walk(memory, queue, head)
        yield found
        if isinstance(found, Misbehaviour):
            return


def add_used(memory: Memory, queue: SplitQueue, side: DeviceSide, head: int, length: int) -> Fault | None:
    """Write one element and publish it (2.7.8).

    :param length: bytes that were written into the buffer, from its first device-writable element on.
    """
    return add_used_batch(memory, queue, side, UsedElement(head, length), 1)


def add_used_batch(memory: Memory, queue: SplitQueue, side: DeviceSide, last: UsedElement, count: int) -> Fault | None:
    """Give back so many buffers with the element of the last one only, as ``IN_ORDER`` allows, and publish them (2.7.9)."""
    fault = write_used(memory, queue, side.next_used, last)
    if fault is None:
        after = (side.next_used + count) % INDEX_VALUES
        fault = publish_used(memory, queue, after)
        if fault is None:
            side.next_used = after
    return fault


# Whole operations of the driver.


@dataclass(frozen=True, slots=True)
class InFlight:
    """A buffer that the device has, as the driver remembers it: nothing of it is read back from the shared table.

    :param descriptors: the entries of the table that it takes.
    """

    elements: tuple[Element, ...]
    descriptors: tuple[int, ...]


@dataclass(slots=True)
class DriverSide:
    """What the driver remembers, out of the device's reach.

    :param free: descriptors that are in no buffer, in the order in which they will be taken.
    :param in_flight: what was made available and not given back, by head, in the order made available.
    :param next_available: the index of the entry that it writes next.
    :param last_used: the index of the element that it looks at next.
    :param broken: whether it gave the queue up.
    """

    free: deque[int]
    in_flight: dict[int, InFlight] = field(default_factory=dict)
    next_available: int = 0
    last_used: int = 0
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Reaped:
    """A buffer that the device gave back.

    :param length: bytes that the device says it wrote, not more than the buffer has; what lies behind them is not to be looked at
        (2.7.8.3).
    """

    head: int
    length: int
    elements: tuple[Element, ...]


def driver_side(queue: SplitQueue) -> DriverSide:
    """A driver that has all descriptors free and nothing in flight."""
    return DriverSide(deque(range(queue.size)))


_MISUSE = {
    Kind.CHAIN_TOO_LONG: Misuse.TOO_MANY_ELEMENTS,
    Kind.CHAIN_TOO_MANY_BYTES: Misuse.TOO_MANY_BYTES,
    Kind.READABLE_AFTER_WRITABLE: Misuse.READABLE_AFTER_WRITABLE,
}


def misuse(elements: Sequence[Element], size: int) -> Misuse | None:
    """What is wrong with a buffer that a driver wants to offer (2.7.4.2, 2.7.5.2, 2.7.5.3.1, 2.8.17)."""
    if not elements:
        return Misuse.NO_ELEMENT
    if any(one.length >= LARGEST_CHAIN_BYTES for one in elements):
        # The field has 32 bits.
        return Misuse.TOO_MANY_BYTES
    kind = wrong_with(elements, size)
    return None if kind is None else _MISUSE[kind]


def place(
    memory: Memory, queue: SplitQueue, side: DriverSide, elements: Sequence[Element], table: int | None = None
) -> int | Refused | Fault:
    """Write a buffer into free descriptors, and return its head; the device sees nothing of it yet (2.7.13.1).

    :param table: address of memory for an indirect table of all elements; ``None``: descriptors of the queue.
    """
    needed = len(elements) if table is None else 1
    wrong = misuse(elements, queue.size)
    if wrong is None and side.broken:
        wrong = Misuse.BROKEN
    if wrong is None and table is not None and Feature.INDIRECT_DESC not in queue.features:
        wrong = Misuse.INDIRECT_NOT_NEGOTIATED
    if wrong is None and needed > len(side.free):
        wrong = Misuse.NO_ROOM
    if wrong is not None:
        return Refused((wrong,))
    taken = [side.free[i] for i in range(needed)]
    fault = _write_chain(memory, queue, taken, elements, table)
    if fault is not None:
        return fault
    for index in taken:
        side.free.remove(index)
    side.in_flight[taken[0]] = InFlight(tuple(elements), tuple(taken))
    return taken[0]


def _write_chain(
    memory: Memory, queue: SplitQueue, taken: Sequence[int], elements: Sequence[Element], table: int | None
) -> Fault | None:
    if table is None:
        for i, one in chained(elements, taken):
            fault = write_descriptor(memory, queue, i, one)
            if fault is not None:
                return fault
        return None
    inner = b"".join(layout.descriptor_bytes(one) for _, one in chained(elements, range(len(elements))))
    fault = store(memory, Party.DRIVER, table, inner)
    if fault is None:
        fault = write_descriptor(memory, queue, taken[0], Descriptor(table, len(inner), Flag.INDIRECT, 0))
    return fault


def chained(elements: Sequence[Element], indices: Sequence[int]) -> Iterator[tuple[int, Descriptor]]:
    """The descriptors of a chain, each with the index at which it is to be written (2.7.13.1)."""
    for i, one in enumerate(elements):
        last = i + 1 == len(elements)
        flags = (Flag.WRITE if one.writable else Flag.NONE) | (Flag.NONE if last else Flag.NEXT)
        yield indices[i], Descriptor(one.address, one.length, flags, 0 if last else indices[i + 1])


def offer(memory: Memory, queue: SplitQueue, side: DriverSide, head: int) -> Fault | None:
    """Write a head into the next entry of the available ring; it is not published yet (2.7.13.2)."""
    fault = write_available(memory, queue, side.next_available, head)
    if fault is None:
        side.next_available = (side.next_available + 1) % INDEX_VALUES
    return fault


def add(
    memory: Memory, queue: SplitQueue, side: DriverSide, elements: Sequence[Element], table: int | None = None
) -> int | Refused | Fault:
    """Place a buffer, offer it and publish it; returns its head (2.7.13)."""
    head = place(memory, queue, side, elements, table)
    if not isinstance(head, int):
        return head
    fault = offer(memory, queue, side, head)
    if fault is None:
        fault = publish_available(memory, queue, side.next_available)
    return head if fault is None else fault


def reap(memory: Memory, queue: SplitQueue, side: DriverSide) -> tuple[Reaped, ...] | Misbehaviour:
    """Take what the next element of the used ring gives back: nothing, one buffer, or a batch with ``IN_ORDER`` (2.7.14, 2.7.9).

    Only what is in flight comes back, once, with no more bytes than it has; all else is misbehaviour, and nothing is taken.
    """
    if side.broken:
        return ()
    idx = used_index(memory, queue)
    if isinstance(idx, Fault):
        return unreachable(idx, "used.idx")
    count = (idx - side.last_used) % INDEX_VALUES
    if count == 0:
        return ()
    if count > len(side.in_flight):
        return Misbehaviour(Kind.USED_INDEX, f"used.idx {idx} after {side.last_used}")
    where = f"used.ring[{side.last_used % queue.size}]"
    one = used_element(memory, queue, side.last_used)
    if isinstance(one, Fault):
        return unreachable(one, where)
    batch = _given_back(queue, side, one, count)
    if isinstance(batch, Kind):
        return Misbehaviour(batch, where)
    return tuple(_take_back(side, head, one) for head in batch)


def _given_back(queue: SplitQueue, side: DriverSide, one: UsedElement, count: int) -> list[int] | Kind:
    """The heads that an element gives back, or what is wrong with it."""
    if one.id >= queue.size:
        return Kind.USED_ID_OUTSIDE
    if one.id not in side.in_flight:
        return Kind.USED_ID_NOT_IN_FLIGHT
    if one.length > writable_bytes(side.in_flight[one.id].elements):
        return Kind.USED_LENGTH
    if Feature.IN_ORDER not in queue.features:
        return [one.id]
    order = list(side.in_flight)
    batch = order[: order.index(one.id) + 1]
    return batch if len(batch) <= count else Kind.NOT_IN_ORDER


def _take_back(side: DriverSide, head: int, one: UsedElement) -> Reaped:
    """A buffer leaves the flight.  Those that a batch skips were used in full (2.7.9)."""
    buffer = side.in_flight.pop(head)
    side.free.extend(buffer.descriptors)
    side.last_used = (side.last_used + 1) % INDEX_VALUES
    length = one.length if head == one.id else writable_bytes(buffer.elements)
    return Reaped(head, length, buffer.elements)
