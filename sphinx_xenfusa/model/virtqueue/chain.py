"""Buffers: the elements of a request, common to both formats, and how the device reads and writes them.

A buffer is some device-readable elements followed by some device-writable ones (VirtIO 1.2, 2.7.4, 2.7.13.1, 2.8).  How the
message is cut into elements says nothing about it (2.7.4.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sphinx_xenfusa.model.virtqueue.layout import LARGEST_CHAIN_BYTES
from sphinx_xenfusa.model.virtqueue.memory import Access, Fault, Memory, Party, load, probe, store
from sphinx_xenfusa.model.virtqueue.outcome import Kind, Misbehaviour, unreachable


@dataclass(frozen=True, slots=True)
class Element:
    """A physically contiguous piece of a buffer.

    :param writable: for the device to write; otherwise for the device to read.
    """

    address: int
    length: int
    writable: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """A buffer as the device found it.

    :param id: by which it is given back: the head of the chain (split), the buffer id (packed).
    :param elements: in order, those of an indirect table in the place of its descriptor.
    :param descriptors: how many entries of the queue it takes; a table takes one.
    """

    id: int
    elements: tuple[Element, ...]
    descriptors: int


def readable_bytes(elements: Sequence[Element]) -> int:
    """Bytes for the device to read."""
    return sum(one.length for one in elements if not one.writable)


def writable_bytes(elements: Sequence[Element]) -> int:
    """Bytes for the device to write: the most that ``len`` can be when the buffer is used (2.7.8.2)."""
    return sum(one.length for one in elements if one.writable)


def wrong_with(elements: Sequence[Element], most: int) -> Kind | None:
    """What the driver must not have done with a list of elements (2.7.4.2, 2.7.5.2, 2.7.5.3.1, 2.8.17).

    :param most: elements that the queue allows.
    """
    if len(elements) > most:
        return Kind.CHAIN_TOO_LONG
    if sum(one.length for one in elements) > LARGEST_CHAIN_BYTES:
        return Kind.CHAIN_TOO_MANY_BYTES
    for before, after in pairwise(elements):
        if before.writable and not after.writable:
            return Kind.READABLE_AFTER_WRITABLE
    return None


def checked(chain: Chain, memory: Memory, most: int, where: str) -> Chain | Misbehaviour:
    """The chain, if it keeps the rules and the device can reach all of it.  Nothing of a buffer is read or written."""
    kind = wrong_with(chain.elements, most)
    if kind is not None:
        return Misbehaviour(kind, where)
    for one in chain.elements:
        fault = probe(memory, Access(Party.DEVICE, one.writable, one.address, one.length))
        if fault is not None:
            return unreachable(fault, where)
    return chain


def read_request(memory: Memory, chain: Chain) -> bytes | Fault:
    """What the driver wrote for the device: the device-readable elements one after the other (2.7.4.1)."""
    pieces = []
    for one in chain.elements:
        if not one.writable:
            piece = load(memory, Party.DEVICE, one.address, one.length)
            if isinstance(piece, Fault):
                return piece
            pieces.append(piece)
    return b"".join(pieces)


def write_response(memory: Memory, chain: Chain, data: bytes) -> int | Fault:
    """Fill the device-writable elements from the first on; how many bytes fitted is what ``len`` may say (2.7.8.2)."""
    written = 0
    for one in chain.elements:
        piece = data[written : written + one.length] if one.writable else b""
        if piece:
            fault = store(memory, Party.DEVICE, one.address, piece)
            if fault is not None:
                return fault
            written += len(piece)
    return written


def read_response(memory: Memory, elements: Sequence[Element], length: int) -> bytes | Fault:
    """What the device wrote, as far as it says that it wrote: the driver looks at nothing behind that (2.7.8.3)."""
    pieces = []
    for one in elements:
        count = min(one.length, length) if one.writable else 0
        if count > 0:
            piece = load(memory, Party.DRIVER, one.address, count)
            if isinstance(piece, Fault):
                return piece
            pieces.append(piece)
            length -= count
    return b"".join(pieces)
