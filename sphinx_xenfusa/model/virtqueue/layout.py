"""The structures of the standard as bytes: offsets, sizes, alignments, flags; nothing of how they are used.

Little-endian throughout (VirtIO 1.2, 1.4).  Reading accepts every sequence of bytes of the right length: what a value means, and
whether the other side may have written it, is judged elsewhere.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag

INDEX_VALUES = 0x10000
"""The ``idx`` fields are 16 bits wide and run freely (2.7.13.3)."""

LARGEST_QUEUE = 32768
"""Entries of a queue at the most, in both formats (2.7, 2.8)."""

LARGEST_CHAIN_BYTES = 1 << 32
"""Bytes of a chain at the most (2.7.5.2)."""

DESCRIPTOR_BYTES = 16
"""Of a descriptor, in both formats and in indirect tables (2.7.5, 2.8.13)."""


class Feature(IntEnum):
    """Reserved feature bits that concern queues (6; ``SUSPEND``: VirtIO 1.4)."""

    INDIRECT_DESC = 28
    EVENT_IDX = 29
    VERSION_1 = 32
    ACCESS_PLATFORM = 33
    RING_PACKED = 34
    IN_ORDER = 35
    ORDER_PLATFORM = 36
    SR_IOV = 37
    NOTIFICATION_DATA = 38
    NOTIF_CONFIG_DATA = 39
    RING_RESET = 40
    ADMIN_VQ = 41
    SUSPEND = 43


class Status(IntFlag):
    """Bits of the device status (2.1; ``SUSPEND``: VirtIO 1.4)."""

    ACKNOWLEDGE = 1
    DRIVER = 2
    DRIVER_OK = 4
    FEATURES_OK = 8
    SUSPEND = 16
    NEEDS_RESET = 64
    FAILED = 128


class Flag(IntFlag):
    """Flags of a descriptor (2.7.5; ``AVAIL`` and ``USED`` in the packed format only, 2.8.1)."""

    NONE = 0
    NEXT = 1
    WRITE = 2
    INDIRECT = 4
    AVAIL = 1 << 7
    USED = 1 << 15


NO_INTERRUPT = 1
"""Of the available ring's ``flags``: no used buffer notification is wanted (2.7.7)."""

NO_NOTIFY = 1
"""Of the used ring's ``flags``: no available buffer notification is wanted (2.7.10)."""


class EventFlags(IntEnum):
    """What an event suppression structure of the packed format asks for (2.8.10)."""

    ENABLE = 0
    DISABLE = 1
    DESCRIPTOR = 2
    """At one descriptor only; valid with ``EVENT_IDX``."""
    RESERVED = 3


@dataclass(frozen=True, slots=True)
class Descriptor:
    """``struct virtq_desc``, of the split format and of its indirect tables (2.7.5).

    :param address: of the first byte of the buffer, 64 bits.
    :param length: of the buffer in bytes, 32 bits.
    :param flags: 16 bits.
    :param next: index of the next descriptor, where ``NEXT`` is set; 16 bits.
    """

    address: int
    length: int
    flags: int
    next: int


@dataclass(frozen=True, slots=True)
class PackedDescriptor:
    """``struct pvirtq_desc``, of the packed format and of its indirect tables (2.8.13).

    :param id: of the buffer, 16 bits; it counts in the last descriptor of a list and in a used one.
    """

    address: int
    length: int
    id: int
    flags: int


@dataclass(frozen=True, slots=True)
class UsedElement:
    """``struct virtq_used_elem`` (2.7.8).

    :param id: the head of the chain that was used, in 32 bits.
    :param length: bytes written into its device-writable part.
    """

    id: int
    length: int


@dataclass(frozen=True, slots=True)
class EventSuppression:
    """``struct pvirtq_event_suppress`` (2.8.14).

    :param offset: of a descriptor in the ring, 15 bits.
    :param wrap: the wrap counter with which that descriptor is meant, 1 bit.
    :param flags: 2 bits; 14 more are reserved and written as 0.
    """

    offset: int
    wrap: int
    flags: EventFlags


@dataclass(frozen=True, slots=True)
class NotificationData:
    """What an available buffer notification carries with ``NOTIFICATION_DATA`` (2.9, 4.1.5.2).

    :param queue: the index of the queue, or the device's own number for it with ``NOTIF_CONFIG_DATA``; 16 bits.
    :param next_offset: of the next entry that will be made available: a slot (packed), or the lower 15 bits of ``idx`` (split).
    :param next_wrap: the wrap counter (packed), or bit 15 of ``idx`` (split).
    """

    queue: int
    next_offset: int
    next_wrap: int


_DESCRIPTOR = struct.Struct("<QIHH")
_USED_ELEMENT = struct.Struct("<II")
_EVENT = struct.Struct("<HH")


def _packed(form: struct.Struct, *values: int) -> bytes:
    """The bytes of a structure.

    :raises ValueError: a value does not fit its field: a fault of the caller, not of the other side.
    """
    try:
        return form.pack(*values)
    except struct.error as error:
        raise ValueError(f"{values} does not fit the fields {form.format}: {error}") from error


def _unpacked(form: struct.Struct, data: bytes) -> tuple[int, ...]:
    """The values of a structure.

    :raises ValueError: the bytes are more or fewer than the structure has.
    """
    if len(data) != form.size:
        raise ValueError(f"{len(data)} bytes for a structure of {form.size}")
    return form.unpack(data)


def descriptor_bytes(one: Descriptor) -> bytes:
    """Address, length, flags, next (2.7.5)."""
    return _packed(_DESCRIPTOR, one.address, one.length, one.flags, one.next)


def descriptor_from(data: bytes) -> Descriptor:
    """The descriptor that 16 bytes hold (2.7.5)."""
    address, length, flags, following = _unpacked(_DESCRIPTOR, data)
    return Descriptor(address, length, flags, following)


def packed_descriptor_bytes(one: PackedDescriptor) -> bytes:
    """Address, length, buffer id, flags (2.8.13)."""
    return _packed(_DESCRIPTOR, one.address, one.length, one.id, one.flags)


def packed_descriptor_from(data: bytes) -> PackedDescriptor:
    """The descriptor that 16 bytes hold (2.8.13)."""
    address, length, buffer, flags = _unpacked(_DESCRIPTOR, data)
    return PackedDescriptor(address, length, buffer, flags)


def used_element_bytes(one: UsedElement) -> bytes:
    """Head, length (2.7.8)."""
    return _packed(_USED_ELEMENT, one.id, one.length)


def used_element_from(data: bytes) -> UsedElement:
    """The element that 8 bytes hold (2.7.8)."""
    head, length = _unpacked(_USED_ELEMENT, data)
    return UsedElement(head, length)


def event_bytes(one: EventSuppression) -> bytes:
    """Offset and wrap counter in the first 16 bits, flags in the others (2.8.14)."""
    return _packed(_EVENT, one.offset % 0x8000 | one.wrap << 15, one.flags)


def event_from(data: bytes) -> EventSuppression:
    """The structure that 4 bytes hold; the reserved bits are not looked at (2.8.14)."""
    where, flags = _unpacked(_EVENT, data)
    return EventSuppression(where % 0x8000, where >> 15, EventFlags(flags % 4))


def notification_word(one: NotificationData) -> int:
    """The 32 bits that are written to notify: queue, offset from bit 16, wrap counter in bit 31 (2.9, 4.1.5.2)."""
    return one.queue % 0x10000 | one.next_offset % 0x8000 << 16 | one.next_wrap << 31


def notification_from(word: int) -> NotificationData:
    """What 32 bits tell (2.9, 4.1.5.2)."""
    return NotificationData(word % 0x10000, (word >> 16) % 0x8000, word >> 31)


class Alignment(IntEnum):
    """Alignment of the parts of a queue, in bytes (2.7, 2.8.10.1)."""

    DESCRIPTOR_TABLE = 16
    AVAILABLE_RING = 2
    USED_RING = 4
    DESCRIPTOR_RING = 16
    EVENT_SUPPRESSION = 4


def descriptor_table_bytes(size: int) -> int:
    """Size in bytes of the descriptor table, and of the packed format's ring, of so many entries (2.7, 2.8.10.1)."""
    return 16 * size


def available_ring_bytes(size: int) -> int:
    """Size in bytes of the available ring, ``used_event`` included (2.7)."""
    return 6 + 2 * size


def used_ring_bytes(size: int) -> int:
    """Size in bytes of the used ring, ``avail_event`` included (2.7)."""
    return 6 + 8 * size


EVENT_SUPPRESSION_BYTES = 4
"""Size of an event suppression structure (2.8.10.1)."""


def descriptor_offset(index: int) -> int:
    """Where a descriptor lies in its table or ring (2.7.5, 2.8.13)."""
    return 16 * index


RING_FLAGS_OFFSET = 0
"""Where ``flags`` lies in the available and in the used ring (2.7.6, 2.7.8)."""

RING_INDEX_OFFSET = 2
"""Where ``idx`` lies in the available and in the used ring (2.7.6, 2.7.8)."""


def available_entry_offset(index: int, size: int) -> int:
    """Where the entry of a free-running index lies in the available ring (2.7.6)."""
    return 4 + 2 * (index % size)


def used_event_offset(size: int) -> int:
    """Where ``used_event`` lies: behind the entries of the available ring (2.7.6)."""
    return 4 + 2 * size


def used_element_offset(index: int, size: int) -> int:
    """Where the element of a free-running index lies in the used ring (2.7.8)."""
    return 4 + 8 * (index % size)


def avail_event_offset(size: int) -> int:
    """Where ``avail_event`` lies: behind the elements of the used ring (2.7.8)."""
    return 4 + 8 * size
