"""What the user of a queue gets back when something is wrong: with its own request, or with what the other side wrote.

The standard makes each side's safety rest on the other's conformance: no clause makes the device look for loops or bound-check
``next``, and none makes the driver check what the device gives back.  So what a side does on misbehaviour is not one answer but a
set: what the standard leaves open.  One of them is the hardened choice, which gives the other side neither memory nor time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from sphinx_xenfusa.model.virtqueue.memory import Fault


class Misuse(StrEnum):
    """What a side asked for that the standard forbids to itself, or that the queue has no room for: nothing was written."""

    SIZE_ZERO = "a queue of no entries"
    SIZE_NO_POWER_OF_TWO = "a size that is no power of two"
    SIZE_TOO_LARGE = "more than 32768 entries"
    MISALIGNED = "a part of the queue at an address without its alignment"
    UNREACHABLE = "a part of the queue that the device, or the driver, cannot reach"
    NO_ELEMENT = "a buffer without elements"
    TOO_MANY_ELEMENTS = "more elements than the queue has entries"
    TOO_MANY_BYTES = "more than 2^32 bytes"
    READABLE_AFTER_WRITABLE = "a device-readable element after a device-writable one"
    INDIRECT_NOT_NEGOTIATED = "an indirect table without INDIRECT_DESC"
    NO_ROOM = "no room in the queue"
    BROKEN = "a queue that was given up"


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that was refused, for each of the reasons."""

    reasons: tuple[Misuse, ...]


class Kind(StrEnum):
    """What the other side did that it must not do, or that cannot be followed."""

    AVAILABLE_INDEX = "avail.idx is further ahead than the queue has entries"
    HEAD_OUTSIDE = "the head of a chain is outside the descriptor table"
    NEXT_OUTSIDE = "next leads out of the table"
    CHAIN_TOO_LONG = "the chain is longer than the queue, or is a loop"
    CHAIN_TOO_MANY_BYTES = "the chain has more than 2^32 bytes"
    READABLE_AFTER_WRITABLE = "a device-readable element follows a device-writable one"
    INDIRECT_NOT_NEGOTIATED = "INDIRECT is set and INDIRECT_DESC is not negotiated"
    INDIRECT_WITH_NEXT = "INDIRECT and NEXT are set together, or an indirect descriptor is part of a list"
    INDIRECT_NESTED = "INDIRECT is set within an indirect table"
    INDIRECT_LENGTH = "the length of an indirect table is 0 or no multiple of 16"
    NOT_IN_ORDER = "IN_ORDER is negotiated, and the order is another"
    PARTIAL_LIST = "a list goes on with a descriptor that is not available"
    UNREACHABLE = "an address that cannot be reached"
    USED_INDEX = "used.idx is further ahead than there are buffers in flight"
    USED_ID_OUTSIDE = "the id of a used buffer is outside the queue"
    USED_ID_NOT_IN_FLIGHT = "the id of a used buffer is of none in flight"
    USED_LENGTH = "more bytes are said to be written than the buffer has"
    EVENT_FLAGS = "an event suppression structure says nothing that is valid"


class Reaction(StrEnum):
    """What a side does about it."""

    BREAK_QUEUE = "break the queue"
    """Touch the queue no more until it is reset; a device says so with ``DEVICE_NEEDS_RESET`` (2.1.2)."""
    REFUSE_CHAIN = "refuse the chain"
    """Do nothing of it, and go on with the next."""
    TRUNCATE = "truncate the chain"
    """Do what was read before the fault, quietly."""
    STALL = "stall"
    """Leave it where it is: it is met again at the next look, for ever."""
    IGNORE_FLAG = "ignore the flag"
    """Go on as if it were not set."""
    TAKE = "take it as it is"
    """Do what was asked, unchecked: replay stale entries, overrun, complete what was never used."""
    END = "end the program"
    """The whole device model ends, with all its devices."""
    CLAMP = "clamp the length"
    """Use no more bytes than the buffer has."""


@dataclass(frozen=True, slots=True)
class Permitted:
    """What may become of a kind of misbehaviour.

    :param clause: the clause that forbids it to the other side; the clause says nothing of a reaction.
    :param reactions: those that the standard leaves open.  Each is done by an implementation that exists (fact sheet 2.1), or is
        the breaking of the queue, which 2.1.2 describes.
    :param hardened: the one that a hardened side chooses.
    """

    clause: str
    reactions: frozenset[Reaction]
    hardened: Reaction


def _permitted(clause: str, hardened: Reaction, *others: Reaction) -> Permitted:
    return Permitted(clause, frozenset({hardened, Reaction.BREAK_QUEUE, *others}), hardened)


_BREAK, _REFUSE, _TRUNCATE, _STALL, _IGNORE, _TAKE, _END, _CLAMP = Reaction

PERMITTED = MappingProxyType(
    {
        Kind.AVAILABLE_INDEX: _permitted("2.7.6.1, 2.7.13", _BREAK, _END, _TAKE),
        Kind.HEAD_OUTSIDE: _permitted("2.7.6, 2.7.13.2", _BREAK, _STALL, _REFUSE, _TRUNCATE),
        Kind.NEXT_OUTSIDE: _permitted("2.7.5", _BREAK, _REFUSE, _TRUNCATE, _STALL),
        Kind.CHAIN_TOO_LONG: _permitted("2.7.5.2, 2.7.5.3.1, 2.8.17", _BREAK, _REFUSE, _TRUNCATE, _STALL),
        Kind.CHAIN_TOO_MANY_BYTES: _permitted("2.7.5.2", _BREAK, _REFUSE, _TAKE),
        Kind.READABLE_AFTER_WRITABLE: _permitted("2.7.4.2, 2.8.17", _BREAK, _REFUSE, _TAKE, _STALL),
        Kind.INDIRECT_NOT_NEGOTIATED: _permitted("2.7.5.3.1, 2.8.19", _BREAK, _REFUSE, _IGNORE, _TAKE),
        Kind.INDIRECT_WITH_NEXT: _permitted("2.7.5.3.1, 2.8.19", _BREAK, _REFUSE, _IGNORE, _TAKE),
        Kind.INDIRECT_NESTED: _permitted("2.7.5.3.1, 2.8.19", _BREAK, _REFUSE, _TRUNCATE, _STALL),
        Kind.INDIRECT_LENGTH: _permitted("2.7.5.3, 2.8.7", _BREAK, _REFUSE, _TRUNCATE, _STALL),
        Kind.NOT_IN_ORDER: _permitted("2.7.5.2, 2.7.5.3.1, 2.7.9, 6.1", _BREAK, _REFUSE, _TAKE),
        Kind.PARTIAL_LIST: _permitted("2.8.6, 2.8.17", _BREAK, _REFUSE, _STALL, _TAKE),
        Kind.UNREACHABLE: _permitted("2.7, 6.1", _BREAK, _REFUSE, _TRUNCATE, _STALL),
        Kind.USED_INDEX: _permitted("2.7.8, 2.7.14", _BREAK, _TAKE),
        Kind.USED_ID_OUTSIDE: _permitted("2.7.8, 2.8.22", _BREAK, _TAKE),
        Kind.USED_ID_NOT_IN_FLIGHT: _permitted("2.7.8, 2.8.22", _BREAK, _TAKE),
        Kind.USED_LENGTH: _permitted("2.7.8.2", _BREAK, _CLAMP, _TAKE),
        Kind.EVENT_FLAGS: _permitted("2.8.10", _BREAK, _IGNORE, _TAKE),
    }
)
"""For every kind, what the standard leaves open."""


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """What the other side did, seen by the side that it was done to; nothing was done about it yet.

    :param where: the place in the queue, for a reader: ``avail.ring[3]``, ``descriptor 2``.
    :param fault: the access that could not be made, where that is what is wrong.
    """

    kind: Kind
    where: str
    fault: Fault | None = None

    @property
    def permitted(self) -> frozenset[Reaction]:
        """What the standard leaves open."""
        return PERMITTED[self.kind].reactions

    @property
    def hardened(self) -> Reaction:
        """What a hardened side does."""
        return PERMITTED[self.kind].hardened

    @property
    def clause(self) -> str:
        """The sections that forbid it, of VirtIO 1.2."""
        return PERMITTED[self.kind].clause


def unreachable(fault: Fault, where: str) -> Misbehaviour:
    """A place that the other side named, or took away, and that cannot be reached."""
    return Misbehaviour(Kind.UNREACHABLE, where, fault)
