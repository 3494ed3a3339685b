"""The packed virtqueue: one ring of descriptors that both sides write, each with a wrap counter of its own.

As in :mod:`~sphinx_xenfusa.model.virtqueue.split`: each step of either side is a function, whole operations are made of them,
each side keeps its own state, and a misbehaviour of the other side is a result.

Source: VirtIO 1.2, 2.8; section numbers below are of 1.2.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sphinx_xenfusa.model.virtqueue import layout
from sphinx_xenfusa.model.virtqueue.chain import Chain, Element, checked, writable_bytes
from sphinx_xenfusa.model.virtqueue.events import Notify, packed_notify, position
from sphinx_xenfusa.model.virtqueue.layout import (
    DESCRIPTOR_BYTES,
    EVENT_SUPPRESSION_BYTES,
    Alignment,
    EventSuppression,
    Feature,
    Flag,
    PackedDescriptor,
)
from sphinx_xenfusa.model.virtqueue.memory import Access, Fault, Memory, Party, load, load_u16, probe, store, store_u16
from sphinx_xenfusa.model.virtqueue.outcome import Kind, Misbehaviour, Misuse, Refused, unreachable
from sphinx_xenfusa.model.virtqueue.split import misuse


@dataclass(frozen=True, slots=True)
class PackedQueue:
    """A queue as it was configured.

    :param size: descriptors of the ring (Queue Size); no power of two is needed.
    :param descriptor_ring: address of the descriptor area (2.8.13).
    :param driver_event: address of the driver area: what the driver wants to be told (2.8.14).
    :param device_event: address of the device area: what the device wants to be told (2.8.14).
    :param features: what was negotiated.
    :param index: the number of the queue in its device.
    """

    size: int
    descriptor_ring: int
    driver_event: int
    device_event: int
    features: frozenset[Feature] = frozenset()
    index: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a side is in the ring.

    :param slot: the next descriptor.
    :param wrap: the side's wrap counter there, 1 at first (2.8.1).
    """

    slot: int = 0
    wrap: int = 1


def advance(place: Place, count: int, size: int) -> Place:
    """So many descriptors on; the counter changes behind the last descriptor of the ring (2.8.1).

    :param count: at most ``size``.
    """
    slot = place.slot + count
    return Place(slot, place.wrap) if slot < size else Place(slot - size, 1 - place.wrap)


def position_of(place: Place, size: int) -> int:
    """Slot and wrap counter as one number below twice the size."""
    return position(place.slot, place.wrap, size)


def available_flags(wrap: int) -> Flag:
    """``AVAIL`` as the driver's wrap counter, ``USED`` as its inverse (2.8.1)."""
    return Flag.AVAIL if wrap == 1 else Flag.USED


def used_flags(wrap: int) -> Flag:
    """``AVAIL`` and ``USED`` as the device's wrap counter (2.8.1)."""
    return Flag.AVAIL | Flag.USED if wrap == 1 else Flag.NONE


_BOTH = Flag.AVAIL | Flag.USED


def is_available(flags: int, wrap: int) -> bool:
    """Whether a descriptor with these flags was made available in the round of this wrap counter (2.8.1)."""
    return flags & _BOTH == available_flags(wrap)


def is_used(flags: int, wrap: int) -> bool:
    """Whether a descriptor with these flags was used in the round of this wrap counter (2.8.1)."""
    return flags & _BOTH == used_flags(wrap)


# Configuring a queue.


def configure(memory: Memory, queue: PackedQueue) -> PackedQueue | Refused:
    """The queue, if it keeps the rules of 2.8: size, alignment, and parts that both sides can reach as they need."""
    reasons = [*_wrong_size(queue.size), *_wrong_places(memory, queue)]
    return Refused(tuple(reasons)) if reasons else queue


def _wrong_size(size: int) -> Iterator[Misuse]:
    if size < 1:
        yield Misuse.SIZE_ZERO
    if size > layout.LARGEST_QUEUE:
        yield Misuse.SIZE_TOO_LARGE


def _wrong_places(memory: Memory, queue: PackedQueue) -> Iterator[Misuse]:
    ring, event = layout.descriptor_table_bytes(queue.size), EVENT_SUPPRESSION_BYTES
    parts = (
        (queue.descriptor_ring, Alignment.DESCRIPTOR_RING, ring, frozenset(Party)),
        (queue.driver_event, Alignment.EVENT_SUPPRESSION, event, frozenset({Party.DRIVER})),
        (queue.device_event, Alignment.EVENT_SUPPRESSION, event, frozenset({Party.DEVICE})),
    )
    if any(address % alignment != 0 for address, alignment, _, _ in parts):
        yield Misuse.MISALIGNED
    for address, _, length, writers in parts:
        if any(probe(memory, Access(party, party in writers, address, length)) is not None for party in Party):
            yield Misuse.UNREACHABLE
            return


def start(memory: Memory, queue: PackedQueue) -> Fault | None:
    """The driver zeroes the ring and both event structures before the queue is used (2.8.13)."""
    for address, length in (
        (queue.descriptor_ring, layout.descriptor_table_bytes(queue.size)),
        (queue.driver_event, EVENT_SUPPRESSION_BYTES),
        (queue.device_event, EVENT_SUPPRESSION_BYTES),
    ):
        fault = store(memory, Party.DRIVER, address, bytes(length))
        if fault is not None:
            return fault
    return None


# Descriptors and events, a step at a time, for either side.

_FLAGS_OFFSET = 14
"""Where ``flags`` lies in a descriptor (2.8.13)."""


def read_slot(memory: Memory, queue: PackedQueue, party: Party, slot: int) -> PackedDescriptor | Fault:
    """A side reads a descriptor of the ring (2.8.13)."""
    data = load(memory, party, queue.descriptor_ring + layout.descriptor_offset(slot), DESCRIPTOR_BYTES)
    return data if isinstance(data, Fault) else layout.packed_descriptor_from(data)


def write_body(memory: Memory, queue: PackedQueue, party: Party, slot: int, one: PackedDescriptor) -> Fault | None:
    """A side writes address, length and id of a descriptor, and leaves its flags as they are: nothing is exposed (2.8.21.1)."""
    data = layout.packed_descriptor_bytes(one)[:_FLAGS_OFFSET]
    return store(memory, party, queue.descriptor_ring + layout.descriptor_offset(slot), data)


def write_flags(memory: Memory, queue: PackedQueue, party: Party, slot: int, flags: int) -> Fault | None:
    """A side writes the flags of a descriptor: with them it is available, or used (2.8.21.1)."""
    return store_u16(memory, party, queue.descriptor_ring + layout.descriptor_offset(slot) + _FLAGS_OFFSET, flags)


def read_flags(memory: Memory, queue: PackedQueue, party: Party, slot: int) -> int | Fault:
    """A side looks at the flags of a descriptor: the one place that it has to poll (2.8.2)."""
    return load_u16(memory, party, queue.descriptor_ring + layout.descriptor_offset(slot) + _FLAGS_OFFSET)


def write_event(memory: Memory, queue: PackedQueue, party: Party, event: EventSuppression) -> Fault | None:
    """A side says what it wants to be told, in its own structure (2.8.10)."""
    address = queue.driver_event if party is Party.DRIVER else queue.device_event
    return store(memory, party, address, layout.event_bytes(event))


def read_event(memory: Memory, queue: PackedQueue, party: Party) -> EventSuppression | Fault:
    """A side looks what the other wants to be told (2.8.10)."""
    address = queue.device_event if party is Party.DRIVER else queue.driver_event
    data = load(memory, party, address, EVENT_SUPPRESSION_BYTES)
    return data if isinstance(data, Fault) else layout.event_from(data)


def notifies(memory: Memory, queue: PackedQueue, party: Party, old: Place, new: Place) -> Notify | Misbehaviour:
    """Whether a side has to notify after it went from one place to another (2.8.10, 2.8.21.2).

    A batch is at most one round, of which the last descriptor is followed by the first: equal places mean that nothing was done.
    """
    where = f"event suppression of the {'device' if party is Party.DRIVER else 'driver'}"
    event = read_event(memory, queue, party)
    if isinstance(event, Fault):
        return unreachable(event, where)
    before, after = position_of(old, queue.size), position_of(new, queue.size)
    decided = packed_notify(event, Feature.EVENT_IDX in queue.features, before, after, queue.size)
    return Misbehaviour(Kind.EVENT_FLAGS, where) if decided is None else decided


def notification(queue: PackedQueue, place: Place, config_data: int | None = None) -> bytes:
    """What the driver writes to notify, with the place of the next descriptor that is not available yet (2.8.16, 4.1.5.2).

    :param config_data: the device's own number of the queue, used with ``NOTIF_CONFIG_DATA``.
    """
    named = config_data if Feature.NOTIF_CONFIG_DATA in queue.features and config_data is not None else queue.index
    if Feature.NOTIFICATION_DATA not in queue.features:
        return named.to_bytes(2, "little")
    data = layout.NotificationData(named, place.slot, place.wrap)
    return layout.notification_word(data).to_bytes(4, "little")


# Whole operations of the driver.


@dataclass(frozen=True, slots=True)
class InFlight:
    """A buffer that the device has, as the driver remembers it.

    :param descriptors: how many descriptors of the ring its list takes: so far the used one skips (2.8.6).
    """

    elements: tuple[Element, ...]
    descriptors: int


@dataclass(slots=True)
class DriverSide:
    """What the driver remembers, out of the device's reach.

    :param free_ids: buffer ids that are in no flight.
    :param in_flight: what was made available and not given back, by buffer id, in the order made available.
    :param next_available: where it writes next.
    :param next_used: where it looks for the next used descriptor.
    :param room: descriptors that are in no flight.
    :param broken: whether it gave the queue up.
    """

    free_ids: deque[int]
    room: int
    in_flight: dict[int, InFlight] = field(default_factory=dict)
    next_available: Place = Place()
    next_used: Place = Place()
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A buffer that is written and not exposed yet.

    :param head: its first slot.
    :param flags: what the flags of that slot have to become, last of all.
    """

    id: int
    head: int
    flags: int


@dataclass(frozen=True, slots=True)
class Reaped:
    """A buffer that the device gave back.

    :param length: bytes that the device says it wrote, not more than the buffer has.
    """

    id: int
    length: int
    elements: tuple[Element, ...]


def driver_side(queue: PackedQueue) -> DriverSide:
    """A driver with all descriptors and ids free and nothing in flight."""
    return DriverSide(deque(range(queue.size)), queue.size)


def place(
    memory: Memory, queue: PackedQueue, side: DriverSide, elements: Sequence[Element], table: int | None = None
) -> Placed | Refused | Fault:
    """Write a buffer into the next descriptors, all but the flags of the first; nothing is exposed (2.8.6, 2.8.21.1).

    :param table: address of memory for an indirect table of all elements; ``None``: descriptors of the ring.
    """
    needed = len(elements) if table is None else 1
    wrong = misuse(elements, queue.size)
    if wrong is None and side.broken:
        wrong = Misuse.BROKEN
    if wrong is None and table is not None and Feature.INDIRECT_DESC not in queue.features:
        wrong = Misuse.INDIRECT_NOT_NEGOTIATED
    if wrong is None and needed > side.room:
        wrong = Misuse.NO_ROOM
    if wrong is not None:
        return Refused((wrong,))
    buffer = side.free_ids[0]
    begin = side.next_available
    parts = list(_parts(queue, begin, buffer, elements, table))
    if table is not None:
        inner = b"".join(layout.packed_descriptor_bytes(one) for one in indirect_entries(elements))
        fault = store(memory, Party.DRIVER, table, inner)
        if fault is not None:
            return fault
    fault = _write_list(memory, queue, parts)
    if fault is not None:
        return fault
    side.free_ids.popleft()
    side.room -= needed
    side.in_flight[buffer] = InFlight(tuple(elements), needed)
    side.next_available = advance(begin, needed, queue.size)
    return Placed(buffer, begin.slot, parts[0][1].flags)


def indirect_entries(elements: Sequence[Element]) -> Iterator[PackedDescriptor]:
    """The entries of an indirect table: one behind the other, with no flag but ``WRITE`` (2.8.7, 2.8.19)."""
    for one in elements:
        yield PackedDescriptor(one.address, one.length, 0, Flag.WRITE if one.writable else Flag.NONE)


def _parts(
    queue: PackedQueue, begin: Place, buffer: int, elements: Sequence[Element], table: int | None
) -> Iterator[tuple[int, PackedDescriptor]]:
    if table is not None:
        flags = Flag.INDIRECT | available_flags(begin.wrap)
        yield begin.slot, PackedDescriptor(table, layout.descriptor_table_bytes(len(elements)), buffer, flags)
        return
    for i, one in enumerate(elements):
        at = advance(begin, i, queue.size)
        more = Flag.NEXT if i + 1 < len(elements) else Flag.NONE
        flags = available_flags(at.wrap) | more | (Flag.WRITE if one.writable else Flag.NONE)
        yield at.slot, PackedDescriptor(one.address, one.length, buffer, flags)


def _write_list(memory: Memory, queue: PackedQueue, parts: Sequence[tuple[int, PackedDescriptor]]) -> Fault | None:
    for i, (slot, one) in enumerate(parts):
        fault = write_body(memory, queue, Party.DRIVER, slot, one)
        if fault is None and i > 0:
            fault = write_flags(memory, queue, Party.DRIVER, slot, one.flags)
        if fault is not None:
            return fault
    return None


def expose(memory: Memory, queue: PackedQueue, placed: Placed) -> Fault | None:
    """Write the flags of a list's first descriptor, after everything else of it: now it is available (2.8.17, 2.8.21.1)."""
    return write_flags(memory, queue, Party.DRIVER, placed.head, placed.flags)


def add(
    memory: Memory, queue: PackedQueue, side: DriverSide, elements: Sequence[Element], table: int | None = None
) -> int | Refused | Fault:
    """Place a buffer and expose it; returns its id (2.8.21)."""
    placed = place(memory, queue, side, elements, table)
    if not isinstance(placed, Placed):
        return placed
    fault = expose(memory, queue, placed)
    return placed.id if fault is None else fault


def reap(memory: Memory, queue: PackedQueue, side: DriverSide) -> tuple[Reaped, ...] | Misbehaviour:
    """Take what the next used descriptor gives back: nothing, one buffer, or a batch with ``IN_ORDER`` (2.8.22, 2.8.8)."""
    if side.broken or not side.in_flight:
        return ()
    where = f"descriptor {side.next_used.slot}"
    one = read_slot(memory, queue, Party.DRIVER, side.next_used.slot)
    if isinstance(one, Fault):
        return unreachable(one, where)
    if not is_used(one.flags, side.next_used.wrap):
        return ()
    length = one.length if one.flags & Flag.WRITE else 0
    if one.id not in side.in_flight:
        outside = one.id >= queue.size
        return Misbehaviour(Kind.USED_ID_OUTSIDE if outside else Kind.USED_ID_NOT_IN_FLIGHT, where)
    if length > writable_bytes(side.in_flight[one.id].elements):
        return Misbehaviour(Kind.USED_LENGTH, where)
    order = list(side.in_flight)
    batch = order[: order.index(one.id) + 1] if Feature.IN_ORDER in queue.features else [one.id]
    return tuple(_take_back(queue, side, buffer, one.id, length) for buffer in batch)


def _take_back(queue: PackedQueue, side: DriverSide, buffer: int, named: int, length: int) -> Reaped:
    """A buffer leaves the flight, and the driver skips its list.  Those that a batch skips were used in full (2.8.8)."""
    found = side.in_flight.pop(buffer)
    side.free_ids.append(buffer)
    side.room += found.descriptors
    side.next_used = advance(side.next_used, found.descriptors, queue.size)
    return Reaped(buffer, length if buffer == named else writable_bytes(found.elements), found.elements)


# Whole operations of the device.


@dataclass(slots=True)
class DeviceSide:
    """What the device remembers, out of the driver's reach.

    :param next_available: where it looks for the next list.
    :param next_used: where it writes the next used descriptor.
    :param broken: whether it gave the queue up.
    """

    next_available: Place = Place()
    next_used: Place = Place()
    broken: bool = False


def walk(memory: Memory, queue: PackedQueue, begin: Place) -> Chain | Misbehaviour | None:
    """The list that begins at a place; ``None`` when nothing is available there (2.8.6, 2.8.7).

    Each descriptor is loaded once, and at most ``size`` of them.  No buffer is read or written.
    """
    found: list[PackedDescriptor] = []
    for i in range(queue.size):
        at = advance(begin, i, queue.size)
        where = f"descriptor {at.slot}"
        one = read_slot(memory, queue, Party.DEVICE, at.slot)
        if isinstance(one, Fault):
            return unreachable(one, where)
        if not is_available(one.flags, at.wrap):
            return Misbehaviour(Kind.PARTIAL_LIST, where) if found else None
        found.append(one)
        if one.flags & Flag.INDIRECT:
            return _with_table(memory, queue, found, where)
        if not one.flags & Flag.NEXT:
            elements = tuple(_element(each) for each in found)
            return checked(Chain(one.id, elements, len(found)), memory, queue.size, where)
    return Misbehaviour(Kind.CHAIN_TOO_LONG, f"descriptor {begin.slot}")


def _element(one: PackedDescriptor) -> Element:
    return Element(one.address, one.length, bool(one.flags & Flag.WRITE))


def _with_table(
    memory: Memory, queue: PackedQueue, found: Sequence[PackedDescriptor], where: str
) -> Chain | Misbehaviour:
    """What an indirect table holds.  Of the flags in it ``WRITE`` is looked at, of its descriptor's not even that (2.8.7)."""
    one = found[-1]
    if Feature.INDIRECT_DESC not in queue.features:
        return Misbehaviour(Kind.INDIRECT_NOT_NEGOTIATED, where)
    if len(found) > 1 or one.flags & Flag.NEXT:
        return Misbehaviour(Kind.INDIRECT_WITH_NEXT, where)
    if one.length == 0 or one.length % DESCRIPTOR_BYTES != 0:
        return Misbehaviour(Kind.INDIRECT_LENGTH, where)
    entries = one.length // DESCRIPTOR_BYTES
    if entries > queue.size:
        return Misbehaviour(Kind.CHAIN_TOO_LONG, where)
    data = load(memory, Party.DEVICE, one.address, one.length)
    if isinstance(data, Fault):
        return unreachable(data, where)
    pieces = (data[i * DESCRIPTOR_BYTES :][:DESCRIPTOR_BYTES] for i in range(entries))
    elements = tuple(_element(layout.packed_descriptor_from(piece)) for piece in pieces)
    return checked(Chain(one.id, elements, 1), memory, queue.size, where)


def pop(memory: Memory, queue: PackedQueue, side: DeviceSide) -> Chain | Misbehaviour | None:
    """Take the next list; ``None`` when there is none.  After a misbehaviour nothing is taken (2.8.12)."""
    if side.broken:
        return None
    found = walk(memory, queue, side.next_available)
    if isinstance(found, Chain):
        side.next_available = advance(side.next_available, found.descriptors, queue.size)
    return found


def available(memory: Memory, queue: PackedQueue, side: DeviceSide) -> Iterator[Chain | Misbehaviour]:
    """Take every list that is available, at most ``size`` of them; the first misbehaviour ends it."""
    for _ in range(queue.size):
        found = pop(memory, queue, side)
        if found is None:
            return
        yield found
        if isinstance(found, Misbehaviour):
            return


def add_used(memory: Memory, queue: PackedQueue, side: DeviceSide, chain: Chain, length: int) -> Fault | None:
    """Write the used descriptor of a buffer, and skip the rest of its list (2.8.6).

    :param length: bytes that were written into the buffer; 0 leaves ``WRITE`` out (2.8.3).
    """
    return add_used_batch(memory, queue, side, chain, length, chain.descriptors)


def add_used_batch(
    memory: Memory, queue: PackedQueue, side: DeviceSide, last: Chain, length: int, descriptors: int
) -> Fault | None:
    """Give back some buffers with the used descriptor of the last one only, as ``IN_ORDER`` allows (2.8.8).

    :param descriptors: of all the lists together: so far the device skips.
    """
    at = side.next_used
    body = PackedDescriptor(0, length, last.id, 0)
    fault = write_body(memory, queue, Party.DEVICE, at.slot, body)
    if fault is None:
        written = Flag.WRITE if length > 0 else Flag.NONE
        fault = write_flags(memory, queue, Party.DEVICE, at.slot, used_flags(at.wrap) | written)
    if fault is None:
        side.next_used = advance(at, descriptors, queue.size)
    return fault
