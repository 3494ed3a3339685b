"""The table as a whole: set up, sizes, versions, status frames; swapping two entries; flushing the cache of a page.

Some of these answer with the status of an element, some with the result of the call: see each.

Source: ``xen/common/grant_table.c`` (``gnttab_setup_table`` and what follows it, ``gnttab_set_version``,
``gnttab_swap_grant_ref``, ``gnttab_cache_flush``); fact sheet 3.2, 3.8.  Not modelled: the result ``-EAGAIN`` of a change of
version while an operation on version 2 is under way, for one operation here ends before the next begins.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.grants.layout import (
    CACHE_CLEAN,
    CACHE_INVAL,
    CACHE_SOURCE_GREF,
    ENTRY_SIZE,
    INVALID,
    PERMIT_ACCESS,
    READING,
    RESERVED_ENTRIES,
    TRANSITIVE,
    TYPE_MASK,
    WRITING,
    EntryV1,
    FullPage,
    Status,
    encode_v1,
    encode_v2,
    status_frames_for,
)
from sphinx_xenfusa.model.grants.mapping import frame_of
from sphinx_xenfusa.model.grants.table import (
    GrantTable,
    Hook,
    Machine,
    entry,
    grown,
    status_flags,
    with_bytes,
    with_status,
    with_table,
)
from sphinx_xenfusa.model.memory import PAGE_SIZE


def setup_table(machine: Machine, caller: int, domid: int, frames: int) -> tuple[Machine, Status]:
    """Give a domain's table at least so many frames (``GNTTABOP_setup_table``)."""
    target = machine.any_id(caller, domid)
    if target is None:
        return machine, Status.BAD_DOMAIN
    if not machine.permits(Hook.SETUP, caller, target):
        return machine, Status.PERMISSION_DENIED
    table = machine.table(target)
    if frames > table.max_frames:
        return machine, Status.GENERAL_ERROR
    return with_table(machine, target, grown(table, frames)), Status.OKAY


@dataclass(frozen=True, slots=True)
class Size:
    """The answer of ``GNTTABOP_query_size``: frames now, and at most; zeros unless the status is okay."""

    status: Status
    frames: int = 0
    max_frames: int = 0


def query_size(machine: Machine, caller: int, domid: int) -> Size:
    """How large a domain's table is."""
    target = machine.any_id(caller, domid)
    if target is None:
        return Size(Status.BAD_DOMAIN)
    if not machine.permits(Hook.QUERY_SIZE, caller, target):
        return Size(Status.PERMISSION_DENIED)
    table = machine.table(target)
    return Size(Status.OKAY, table.frames, table.max_frames)


def get_version(machine: Machine, caller: int, domid: int) -> tuple[Code, int]:
    """The version of a domain's table; the error is the result of the call, for there is no status."""
    target = machine.any_id(caller, domid)
    if target is None:
        return Code.ESRCH, 0
    if not machine.permits(Hook.QUERY_SIZE, caller, target):
        return Code.EPERM, 0
    return Code.SUCCESS, machine.table(target).version


def get_status_frames(machine: Machine, caller: int, domid: int, frames: int) -> Status:
    """Whether a domain has so many status frames (``GNTTABOP_get_status_frames``); version 1 has none."""
    target = machine.any_id(caller, domid)
    if target is None:
        return Status.BAD_DOMAIN
    if not machine.permits(Hook.SETUP, caller, target):
        return Status.PERMISSION_DENIED
    if frames > machine.table(target).status_frames:
        return Status.GENERAL_ERROR
    return Status.OKAY


def set_version(machine: Machine, caller: int, version: int) -> tuple[Machine, Code, int]:
    """Change the version of the caller's own table.

    :returns: the machine, the result of the call, and the version that is in force after it.
    """
    table = machine.table(caller)
    code = check_version(table, version)
    if code is not Code.SUCCESS or version == table.version:
        return machine, code, table.version
    return with_table(machine, caller, _converted(table, version)), Code.SUCCESS, version


def check_version(table: GrantTable, version: int) -> Code:
    """The checks before a change of version: nothing but the toolstack's entries is in use, and those can be expressed."""
    if version not in ENTRY_SIZE:
        return Code.EINVAL
    if version > table.max_version:
        return Code.ENOSYS
    if version == table.version:
        return Code.SUCCESS
    if any(note.pins.used for ref, note in table.active.items() if ref >= RESERVED_ENTRIES):
        return Code.EBUSY
    if version == 1 and any(_too_wide(table, ref) for ref in range(RESERVED_ENTRIES)):
        return Code.ERANGE
    return Code.SUCCESS


def _too_wide(table: GrantTable, ref: int) -> bool:
    """Whether an entry of version 2 has no counterpart in version 1."""
    named = entry(table, ref)
    if named.flags & TYPE_MASK == TRANSITIVE:
        return True
    return named.flags & TYPE_MASK == PERMIT_ACCESS and frame_of(table, ref) >= 1 << 32


def _converted(table: GrantTable, version: int) -> GrantTable:
    """The table in the other version: the toolstack's entries are kept, all others are wiped."""
    kept = []
    for ref in range(RESERVED_ENTRIES):
        named = entry(table, ref)
        if table.version == 1 or named.flags & TYPE_MASK == PERMIT_ACCESS:
            flags = named.flags | (status_flags(table, ref) if table.version == 2 else 0)
            kept.append(EntryV1(flags, named.domid, frame_of(table, ref)))
        else:
            kept.append(EntryV1(INVALID, 0, 0))
    empty = replace(table, version=version, shared=bytes(len(table.shared)), status=b"")
    if version == 1:
        for ref, one in enumerate(kept):
            empty = with_bytes(empty, ref, encode_v1(one))
        return empty
    empty = replace(empty, status=bytes(status_frames_for(table.frames) * PAGE_SIZE))
    for ref, one in enumerate(kept):
        flags = one.flags & ~(READING | WRITING)
        empty = with_bytes(empty, ref, encode_v2(FullPage(flags, one.domid, one.frame)))
        empty = with_status(empty, ref, setting=one.flags & (READING | WRITING))
    return empty


def swap_grant_ref(machine: Machine, caller: int, one: int, other: int) -> tuple[Machine, Status]:
    """Swap two entries of the caller's own table, if neither is in use."""
    table = machine.table(caller)
    if one >= table.entries or other >= table.entries:
        return machine, Status.BAD_GNTREF
    if one == other:
        return machine, Status.OKAY
    if table.note(one).pins.used or table.note(other).pins.used:
        return machine, Status.EAGAIN
    size = ENTRY_SIZE[table.version]
    first, second = (table.shared[ref * size : (ref + 1) * size] for ref in (one, other))
    marks = status_flags(table, one), status_flags(table, other)
    table = with_bytes(with_bytes(table, one, second), other, first)
    if table.version == 2:
        table = with_status(table, one, setting=marks[1], clearing=marks[0] & ~marks[1])
        table = with_status(table, other, setting=marks[0], clearing=marks[1] & ~marks[0])
    return with_table(machine, caller, table), Status.OKAY


@dataclass(frozen=True, slots=True)
class FlushRequest:
    """An element of ``GNTTABOP_cache_flush``.

    :param dev_bus_addr: machine address of a page of the caller's, or of one that it has mapped through a grant.
    """

    dev_bus_addr: int
    length: int
    offset: int
    op: int


def cache_flush(machine: Machine, caller: int, request: FlushRequest) -> Code:
    """Clean or invalidate the cache of a page; the answer is the result of the call, and the first error ends it."""
    if request.offset >= PAGE_SIZE or request.length > PAGE_SIZE or request.offset + request.length > PAGE_SIZE:
        return Code.EINVAL
    if request.length == 0 or request.op == 0:
        return Code.SUCCESS
    if request.op & CACHE_SOURCE_GREF:
        return Code.EOPNOTSUPP
    if request.op & ~(CACHE_INVAL | CACHE_CLEAN):
        return Code.EINVAL
    page = machine.memory.pages.get(request.dev_bus_addr // PAGE_SIZE)
    if page is None:
        return Code.EINVAL
    if page.owner is None or page.owner not in machine.domains:
        return Code.EPERM
    if page.owner != caller and not _has_mapped(machine, caller, page.owner, request.dev_bus_addr // PAGE_SIZE):
        return Code.EINVAL
    return Code.SUCCESS


def _has_mapped(machine: Machine, caller: int, owner: int, mfn: int) -> bool:
    """Whether an entry of the owner's that the caller uses leads to a page."""
    notes = machine.table(owner).active.values()
    return any(note.pins.used and note.domid == caller and note.mfn == mfn for note in notes)
