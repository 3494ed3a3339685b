"""What Xen keeps of a grant table: the shared entries, the private state of each entry in use, the handles, the limits.

The granter writes its entries as it likes, at any time: they are its memory.  What governs an entry that is in use is Xen's own
note of it (:class:`ActiveEntry`), which nobody else can write.

Source: ``xen/common/grant_table.c`` (``active_grant_entry``, maptrack, limits at 1987-2018); fact sheet 3.2, 3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.grants.layout import (
    ENTRY_SIZE,
    READING,
    STATUS_SIZE,
    WRITING,
    EntryV1,
    EntryV2,
    Header,
    decode_header,
    decode_v1,
    decode_v2,
    encode_header,
    entries_per_frame,
    status_frames_for,
)
from sphinx_xenfusa.model.memory import DOMID_SELF, PAGE_SIZE, Memory, forget_domain
from sphinx_xenfusa.model.vocabulary import Architecture

HANDLES_PER_FRAME = 256
"""How many handles a maptrack frame has."""
DEFAULT_FRAMES = 64
"""How many frames a table may have unless the boot line says otherwise."""
DEFAULT_MAPTRACK_FRAMES = 1024
"""How many maptrack frames a domain may have unless the boot line says otherwise."""
HIGHEST_VERSION = {Architecture.ARM: 1, Architecture.X86: 2}
"""The highest version that the architecture has: Arm has no version 2 (``xen/arch/arm/include/asm/grant_table.h:11``)."""
COUNTER_FULL = 0x80
"""A counter of pins with this bit set is not counted up any further."""


class Pins(NamedTuple):
    """How often an entry is in use: four counters of eight bits."""

    host_write: int = 0
    host_read: int = 0
    device_write: int = 0
    device_read: int = 0

    @property
    def used(self) -> bool:
        """Whether the entry is in use at all."""
        return any(self)

    @property
    def writing(self) -> bool:
        """Whether somebody may write through it."""
        return self.host_write > 0 or self.device_write > 0

    @property
    def full(self) -> bool:
        """Whether a counter stands so high that it must not be counted up."""
        return any(count & COUNTER_FULL for count in self)


NO_PINS = Pins()
"""Nobody uses the entry."""


@dataclass(frozen=True, slots=True)
class ActiveEntry:
    """Xen's private note of an entry.  It means something while ``pins`` say that the entry is in use.

    :param domid: the first domain that used the entry, and so the only one that may.
    :param mfn: the machine frame that was granted when the entry came into use.
    :param start: first byte that may be touched.
    :param length: number of bytes that may be touched.
    :param sub_page: whether the grant is for copying only.
    :param source: the domain and reference where a passed-on grant comes from; the table's own otherwise.
    """

    pins: Pins = NO_PINS
    domid: int = 0
    mfn: int = 0
    start: int = 0
    length: int = PAGE_SIZE
    sub_page: bool = False
    source: tuple[int, int] | None = None


UNUSED = ActiveEntry()
"""The note of an entry that was never in use."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a live handle stands for.

    :param domid: the granter.
    :param flags: those of the mapping; the host and the device part go away one by one.
    """

    domid: int
    ref: int
    flags: int


@dataclass(frozen=True)
class GrantTable:
    """The grant table of a domain, and the handles that the domain holds on the tables of others.

    :param version: 1 or 2.
    :param frames: number of frames of the table now.
    :param shared: the bytes of the table: the granter's memory.
    :param status: the bytes of the status frames (version 2).
    :param active: Xen's notes, by reference; an entry that is left out was never in use.
    :param handles: the live handles of this domain.
    :param free: the handles that can be given out, the next one first.
    :param maptrack_frames: number of maptrack frames now.
    """

    version: int = 1
    max_version: int = 1
    frames: int = 1
    max_frames: int = DEFAULT_FRAMES
    max_maptrack_frames: int = DEFAULT_MAPTRACK_FRAMES
    shared: bytes = bytes(PAGE_SIZE)
    status: bytes = b""
    active: Mapping[int, ActiveEntry] = field(default_factory=dict)
    handles: Mapping[int, Mapped] = field(default_factory=dict)
    free: tuple[int, ...] = ()
    maptrack_frames: int = 0

    @property
    def entries(self) -> int:
        """How many references the table has."""
        return self.frames * entries_per_frame(self.version)

    @property
    def status_frames(self) -> int:
        """How many status frames there are now."""
        return len(self.status) // PAGE_SIZE

    def note(self, ref: int) -> ActiveEntry:
        """Xen's note of an entry."""
        return self.active.get(ref, UNUSED)


class Hook(StrEnum):
    """The hooks of the grant table's operations."""

    MAPREF = "xsm_grant_mapref"
    UNMAPREF = "xsm_grant_unmapref"
    TRANSFER = "xsm_grant_transfer"
    COPY = "xsm_grant_copy"
    SETUP = "xsm_grant_setup"
    QUERY_SIZE = "xsm_grant_query_size"


TARGET_HOOKS = frozenset({Hook.SETUP, Hook.QUERY_SIZE})
"""Hooks with the default action ``TARGET``; the others have ``HOOK`` (nobody is refused)."""


def default_permits(hook: Hook, subject: int, target: int) -> bool:
    """Xen's default access control between domains without control: ``TARGET`` is for oneself."""
    return hook not in TARGET_HOOKS or subject == target


@dataclass(frozen=True)
class Domain:
    """What of a domain the grant tables need.

    :param external: whether its page tables are Xen's (all guests of Arm, HVM and PVH of x86).
    :param headroom: how many more pages it may be given.
    :param crashed: Xen ended it for what it did.
    """

    table: GrantTable = GrantTable()
    external: bool = True
    headroom: int = 16
    crashed: bool = False


@dataclass(frozen=True)
class Machine:
    """The domains, their memory and what the build and the boot line say of grants.

    :param domains: by domid.
    :param permits: the policy: whether a hook lets the first domain act on the second.
    :param transfer: whether pages can be transferred (``CONFIG_PV`` and the boot option).
    :param transitive: whether grants can be passed on (the boot option).
    """

    domains: Mapping[int, Domain]
    memory: Memory
    architecture: Architecture = Architecture.ARM
    permits: Callable[[Hook, int, int], bool] = default_permits
    transfer: bool = False
    transitive: bool = True

    def table(self, domid: int) -> GrantTable:
        """The grant table of a domain.

        :raises KeyError: there is no such domain.
        """
        return self.domains[domid].table

    def any_id(self, caller: int, domid: int) -> int | None:
        """The domain that a domid names, where the caller may be written as :data:`DOMID_SELF`."""
        if domid == DOMID_SELF:
            return caller
        return domid if domid in self.domains else None


def with_table(machine: Machine, domid: int, table: GrantTable) -> Machine:
    """The machine with another grant table of a domain."""
    domain = replace(machine.domains[domid], table=table)
    return replace(machine, domains={**machine.domains, domid: domain})


def without_domain(machine: Machine, domid: int) -> Machine:
    """The machine after the end of a domain that held no mapping any more."""
    left = {one: domain for one, domain in machine.domains.items() if one != domid}
    return replace(machine, domains=left, memory=forget_domain(machine.memory, domid))


def create_table(
    architecture: Architecture,
    *,
    version: int = 1,
    boot_version: int = 2,
    max_frames: int = DEFAULT_FRAMES,
    max_maptrack_frames: int = DEFAULT_MAPTRACK_FRAMES,
) -> GrantTable | Code:
    """The grant table of a new domain, or the error with which its creation fails.

    :param version: the highest version that the domain may use.
    :param boot_version: the highest version of the boot line; the architecture may know less.
    """
    if version < 1 or version > min(boot_version, HIGHEST_VERSION[architecture]):
        return Code.EINVAL
    if max_frames < 1:
        return Code.EINVAL
    return GrantTable(max_version=version, max_frames=max_frames, max_maptrack_frames=max_maptrack_frames)


# --- the shared entries ---------------------------------------------------------------------------------------------


def _replaced(data: bytes, offset: int, part: bytes) -> bytes:
    return data[:offset] + part + data[offset + len(part) :]


def header(table: GrantTable, ref: int) -> Header:
    """Flags and domid of an entry, as they stand in the granter's memory now."""
    offset = ref * ENTRY_SIZE[table.version]
    return decode_header(table.shared[offset : offset + 4])


def with_header(table: GrantTable, ref: int, word: Header) -> GrantTable:
    """The table with other flags and another domid in an entry."""
    offset = ref * ENTRY_SIZE[table.version]
    return replace(table, shared=_replaced(table.shared, offset, encode_header(word)))


def entry(table: GrantTable, ref: int) -> EntryV1 | EntryV2:
    """An entry, as it stands in the granter's memory now."""
    size = ENTRY_SIZE[table.version]
    data = table.shared[ref * size : (ref + 1) * size]
    return decode_v1(data) if table.version == 1 else decode_v2(data)


def with_bytes(table: GrantTable, ref: int, data: bytes) -> GrantTable:
    """The table with other bytes from the beginning of an entry on."""
    return replace(table, shared=_replaced(table.shared, ref * ENTRY_SIZE[table.version], data))


def status_flags(table: GrantTable, ref: int) -> int:
    """The bits that say that an entry is in use: in the entry itself (version 1) or in its status word."""
    if table.version == 1:
        return header(table, ref).flags & (READING | WRITING)
    return int.from_bytes(table.status[ref * STATUS_SIZE : (ref + 1) * STATUS_SIZE], "little")


def with_status(table: GrantTable, ref: int, *, setting: int = 0, clearing: int = 0) -> GrantTable:
    """The table with some status bits of an entry set and others cleared."""
    if table.version == 1:
        word = header(table, ref)
        return with_header(table, ref, word._replace(flags=(word.flags | setting) & ~clearing))
    flags = (status_flags(table, ref) | setting) & ~clearing
    return replace(table, status=_replaced(table.status, ref * STATUS_SIZE, flags.to_bytes(STATUS_SIZE, "little")))


def with_note(table: GrantTable, ref: int, note: ActiveEntry) -> GrantTable:
    """The table with another private note of an entry."""
    return replace(table, active={**table.active, ref: note})


def grown(table: GrantTable, frames: int) -> GrantTable:
    """The table with so many frames, if it has fewer; what is new is zero."""
    frames = max(frames, table.frames)
    shared = table.shared.ljust(frames * PAGE_SIZE, b"\0")
    status = table.status.ljust(status_frames_for(frames) * PAGE_SIZE, b"\0") if table.version == 2 else b""
    return replace(table, frames=frames, shared=shared, status=status)


# --- handles --------------------------------------------------------------------------------------------------------


def take_handle(table: GrantTable) -> tuple[GrantTable, int | None]:
    """A handle that is free, or ``None``.

    One is always left (for each vCPU; here a domain has one), and a further frame is begun while the limit allows it.
    """
    if len(table.free) > 1:
        return replace(table, free=table.free[1:]), table.free[0]
    if table.maptrack_frames >= table.max_maptrack_frames:
        return table, None
    first = table.maptrack_frames * HANDLES_PER_FRAME
    new = tuple(range(first + 1, first + HANDLES_PER_FRAME))
    return replace(table, free=(*new, *table.free), maptrack_frames=table.maptrack_frames + 1), first


def put_handle(table: GrantTable, handle: int) -> GrantTable:
    """Give a handle back: it is the last to be given out again."""
    handles = {one: mapped for one, mapped in table.handles.items() if one != handle}
    return replace(table, handles=handles, free=(*table.free, handle))
