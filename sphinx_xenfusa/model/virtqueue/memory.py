"""A memory of bytes, and what each side of a queue may do with each page of it.

Pages exist once something is stored in them, and are zero before.  A load or a store that a side may not do, or that leaves the
memory, is a :class:`Fault`: an outcome like any other, with nothing loaded and nothing stored.  Every access is recorded, so that
a check can ask who touched what.

Source: VirtIO 1.2, 2.7 (parts of a queue are "physically contiguous in guest memory") and 6 (``VIRTIO_F_ACCESS_PLATFORM``: what a
device can reach may be limited).  That a device reaches only what is granted to it is Xen's extension, not the standard's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

PAGE_SIZE = 4096
"""Bytes of a page: the unit in which rights are given."""

LARGEST_ACCESS = 16 * 1024 * 1024
"""Bytes that one load or store moves at the most.  Lengths in a queue go up to 4 GiB, and the other side chooses them."""


class Party(StrEnum):
    """The two sides of a queue."""

    DRIVER = "driver"
    DEVICE = "device"


class Right(IntEnum):
    """What a side may do with a page, from nothing to everything."""

    NONE = 0
    READ = 1
    READ_WRITE = 2


class Unreachable(StrEnum):
    """Why an access did not take place."""

    OUTSIDE = "outside the memory"
    NOT_MAPPED = "not mapped"
    READ_ONLY = "mapped for reading only"
    TOO_LARGE = "more bytes than one access moves"


@dataclass(frozen=True, slots=True)
class Access:
    """One access that took place.

    :param address: of the first byte.
    :param length: in bytes.
    """

    party: Party
    write: bool
    address: int
    length: int


@dataclass(frozen=True, slots=True)
class Fault:
    """One access that did not take place."""

    access: Access
    reason: Unreachable


@dataclass(slots=True)
class Memory:
    """A memory.

    :param size: in bytes, at most 2\\ :sup:`64`; the first address is 0.
    :param default: what each side may do with the pages that nothing is said of; a side that is not there may do nothing.
    :param rights: for each side, the pages of which something is said.
    :param pages: the contents of the pages that are not all zero.
    :param accesses: every access that took place, in order.
    """

    size: int
    default: dict[Party, Right] = field(default_factory=dict)
    rights: dict[Party, dict[int, Right]] = field(default_factory=lambda: {party: {} for party in Party})
    pages: dict[int, bytes] = field(default_factory=dict)
    accesses: list[Access] = field(default_factory=list)


def shared_memory(size: int) -> Memory:
    """A memory of which both sides may read and write every byte: VirtIO without ``ACCESS_PLATFORM`` (6)."""
    return Memory(size, dict.fromkeys(Party, Right.READ_WRITE))


def drivers_memory(size: int) -> Memory:
    """A memory of which the driver may read and write every byte, and the device none until it is mapped."""
    return Memory(size, {Party.DRIVER: Right.READ_WRITE})


def copy_of(memory: Memory) -> Memory:
    """The same memory, apart: what becomes of the one does not become of the other.  The record begins anew."""
    rights = {party: dict(pages) for party, pages in memory.rights.items()}
    return Memory(memory.size, dict(memory.default), rights, dict(memory.pages))


def map_pages(memory: Memory, party: Party, address: int, length: int, right: Right) -> None:
    """Say what a side may do with all pages that a range of bytes touches; ``NONE`` takes them away."""
    for page in range(address // PAGE_SIZE, (address + length - 1) // PAGE_SIZE + 1):
        memory.rights[party][page] = right


def _denied(memory: Memory, access: Access) -> Unreachable | None:
    first, last = access.address // PAGE_SIZE, (access.address + access.length - 1) // PAGE_SIZE
    needed = Right.READ_WRITE if access.write else Right.READ
    default = memory.default.get(access.party, Right.NONE)
    known = memory.rights[access.party]
    # A length of 4 GiB is a million pages: look at whichever is fewer.
    pages: Iterable[int] = known if len(known) < last - first else range(first, last + 1)
    named = [known[page] for page in pages if first <= page <= last and page in known]
    worst = min([*named, default] if len(named) <= last - first else named)
    if worst >= needed:
        return None
    return Unreachable.NOT_MAPPED if worst is Right.NONE else Unreachable.READ_ONLY


def probe(memory: Memory, access: Access) -> Fault | None:
    """Why an access could not take place, ``None`` when it could.  Nothing is moved, and nothing is recorded."""
    if access.address < 0 or access.length < 0 or access.address + access.length > memory.size:
        return Fault(access, Unreachable.OUTSIDE)
    if access.length == 0:
        return None
    reason = _denied(memory, access)
    return None if reason is None else Fault(access, reason)


def _begin(memory: Memory, access: Access) -> Fault | None:
    if access.length > LARGEST_ACCESS:
        return Fault(access, Unreachable.TOO_LARGE)
    fault = probe(memory, access)
    if fault is None:
        memory.accesses.append(access)
    return fault


def load(memory: Memory, party: Party, address: int, length: int) -> bytes | Fault:
    """The bytes at an address, all of them or none."""
    fault = _begin(memory, Access(party, False, address, length))
    if fault is not None:
        return fault
    pieces = []
    while length > 0:
        offset = address % PAGE_SIZE
        count = min(length, PAGE_SIZE - offset)
        pieces.append(memory.pages.get(address // PAGE_SIZE, bytes(PAGE_SIZE))[offset : offset + count])
        address, length = address + count, length - count
    return b"".join(pieces)


def store(memory: Memory, party: Party, address: int, data: bytes) -> Fault | None:
    """Put bytes at an address, all of them or none."""
    fault = _begin(memory, Access(party, True, address, len(data)))
    if fault is not None:
        return fault
    while data:
        offset = address % PAGE_SIZE
        count = min(len(data), PAGE_SIZE - offset)
        page = memory.pages.get(address // PAGE_SIZE, bytes(PAGE_SIZE))
        memory.pages[address // PAGE_SIZE] = page[:offset] + data[:count] + page[offset + count :]
        address, data = address + count, data[count:]
    return None


def load_u16(memory: Memory, party: Party, address: int) -> int | Fault:
    """The ``le16`` at an address (VirtIO 1.2, 1.4: little-endian)."""
    found = load(memory, party, address, 2)
    return found if isinstance(found, Fault) else int.from_bytes(found, "little")


def store_u16(memory: Memory, party: Party, address: int, value: int) -> Fault | None:
    """Put an ``le16`` at an address; of the value, the lower 16 bits."""
    return store(memory, party, address, (value % 0x10000).to_bytes(2, "little"))
