"""Grant entries to the byte: both versions, their flags, and the numbers of the interface.

All integers are little-endian.  An entry of version 1 has 8 bytes, one of version 2 has 16; a status word (version 2 only) has 2
and lives in frames of its own.

Source: ``xen/include/public/grant_table.h`` (fact sheet 3.1, 3.2).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from sphinx_xenfusa.model.memory import PAGE_SIZE

# Flags of an entry.
TYPE_MASK = 3
INVALID = 0
PERMIT_ACCESS = 1
ACCEPT_TRANSFER = 2
TRANSITIVE = 3
READONLY = 1 << 2
READING = 1 << 3
WRITING = 1 << 4
PWT = 1 << 5
PCD = 1 << 6
PAT = 1 << 7
SUB_PAGE = 1 << 8
TRANSFER_COMMITTED = 1 << 2
TRANSFER_COMPLETED = 1 << 3

RESERVED_ENTRIES = 8
"""The first entries are the toolstack's: 0 for the console, 1 for the xenstore."""

# Flags of a mapping.
DEVICE_MAP = 1 << 0
HOST_MAP = 1 << 1
MAP_READONLY = 1 << 2
APPLICATION_MAP = 1 << 3
CONTAINS_PTE = 1 << 4

# Flags of a copy.
SOURCE_GREF = 1 << 0
DEST_GREF = 1 << 1

# Operations of a cache flush.
CACHE_CLEAN = 1 << 0
CACHE_INVAL = 1 << 1
CACHE_SOURCE_GREF = 1 << 31


class Op(IntEnum):
    """The operations of ``HYPERVISOR_grant_table_op``."""

    MAP_GRANT_REF = 0
    UNMAP_GRANT_REF = 1
    SETUP_TABLE = 2
    DUMP_TABLE = 3
    TRANSFER = 4
    COPY = 5
    QUERY_SIZE = 6
    UNMAP_AND_REPLACE = 7
    SET_VERSION = 8
    GET_STATUS_FRAMES = 9
    GET_VERSION = 10
    SWAP_GRANT_REF = 11
    CACHE_FLUSH = 12


class Status(IntEnum):
    """What an element of a call gets back (``GNTST_*``); not what the call as a whole returns."""

    OKAY = 0
    GENERAL_ERROR = -1
    BAD_DOMAIN = -2
    BAD_GNTREF = -3
    BAD_HANDLE = -4
    BAD_VIRT_ADDR = -5
    BAD_DEV_ADDR = -6
    NO_DEVICE_SPACE = -7
    PERMISSION_DENIED = -8
    BAD_PAGE = -9
    BAD_COPY_ARG = -10
    ADDRESS_TOO_BIG = -11
    EAGAIN = -12
    NO_SPACE = -13


class Header(NamedTuple):
    """The first four bytes of an entry, the same in both versions: what Xen compares and exchanges in one go."""

    flags: int
    domid: int


@dataclass(frozen=True, slots=True)
class EntryV1:
    """An entry of version 1.

    :param frame: guest frame number of the page.
    """

    flags: int
    domid: int
    frame: int


@dataclass(frozen=True, slots=True)
class FullPage:
    """An entry of version 2 for a whole page."""

    flags: int
    domid: int
    frame: int


@dataclass(frozen=True, slots=True)
class SubPage:
    """An entry of version 2 for a part of a page (flag :data:`SUB_PAGE`); for copying only.

    :param offset: first byte within the page.
    :param length: number of bytes.
    """

    flags: int
    domid: int
    offset: int
    length: int
    frame: int


@dataclass(frozen=True, slots=True)
class Transitive:
    """An entry of version 2 that passes a grant on that its domain got from another; for copying only.

    :param from_domid: whose grant is passed on.
    :param ref: its reference in that domain's table.
    """

    flags: int
    domid: int
    from_domid: int
    ref: int


EntryV2 = FullPage | SubPage | Transitive

ENTRY_SIZE = {1: 8, 2: 16}
"""Bytes of an entry, by version."""
STATUS_SIZE = 2
"""Bytes of a status word."""
_HEADER = struct.Struct("<HH")
_V1 = struct.Struct("<HHI")
_FULL_PAGE = struct.Struct("<HHIQ")
_SUB_PAGE = struct.Struct("<HHHHQ")
_TRANSITIVE = struct.Struct("<HHHHIxxxx")


def _put(form: struct.Struct, *values: int) -> bytes:
    """The bytes of some values.

    :raises ValueError: a value that does not fit.
    """
    try:
        return form.pack(*values)
    except struct.error as error:
        raise ValueError(f"{values}: {error}") from error


def _taken(form: struct.Struct, data: bytes) -> tuple[int, ...]:
    """The values of some bytes.

    :raises ValueError: too many bytes, or too few.
    """
    try:
        return form.unpack(data)
    except struct.error as error:
        raise ValueError(f"{len(data)} bytes: {error}") from error


def entries_per_frame(version: int) -> int:
    """How many entries a frame of the table holds.

    :raises KeyError: the version is neither 1 nor 2.
    """
    return PAGE_SIZE // ENTRY_SIZE[version]


def status_frames_for(frames: int) -> int:
    """How many status frames a table of version 2 with so many frames needs."""
    words = frames * entries_per_frame(2)
    return -(-words // (PAGE_SIZE // STATUS_SIZE))


def encode_header(header: Header) -> bytes:
    """The four bytes.

    :raises ValueError: a value that does not fit.
    """
    return _put(_HEADER, *header)


def decode_header(data: bytes) -> Header:
    """The header of the four bytes."""
    return Header(*_taken(_HEADER, data))


def encode_v1(entry: EntryV1) -> bytes:
    """The eight bytes of an entry of version 1.

    :raises ValueError: a value that does not fit.
    """
    return _put(_V1, entry.flags, entry.domid, entry.frame)


def decode_v1(data: bytes) -> EntryV1:
    """The entry of the eight bytes."""
    return EntryV1(*_taken(_V1, data))


def encode_v2(entry: EntryV2) -> bytes:
    """The sixteen bytes of an entry of version 2.

    :raises ValueError: a value that does not fit.
    """
    if isinstance(entry, FullPage):
        return _put(_FULL_PAGE, entry.flags, entry.domid, 0, entry.frame)
    if isinstance(entry, SubPage):
        return _put(_SUB_PAGE, entry.flags, entry.domid, entry.offset, entry.length, entry.frame)
    return _put(_TRANSITIVE, entry.flags, entry.domid, entry.from_domid, 0, entry.ref)


def decode_v2(data: bytes) -> EntryV2:
    """The entry of the sixteen bytes; its flags say which of the three forms it has."""
    flags, domid = decode_header(data[:4])
    if flags & TYPE_MASK == TRANSITIVE:
        _, _, from_domid, _, ref = _taken(_TRANSITIVE, data)
        return Transitive(flags, domid, from_domid, ref)
    if flags & SUB_PAGE:
        return SubPage(*_taken(_SUB_PAGE, data))
    _, _, _, frame = _taken(_FULL_PAGE, data)
    return FullPage(flags, domid, frame)
