"""Copy: Xen moves bytes between pages, of which one or both are granted; nobody maps anything.

A batch keeps the pages of the element before and uses them again where the next one names the same: pins last for a batch, not
for an element.  The subject of the policy's check is the domain of the *source*, not the caller.

Source: ``xen/common/grant_table.c:2926-3222``; fact sheet 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sphinx_xenfusa.model.grants.layout import (
    DEST_GREF,
    SOURCE_GREF,
    SUB_PAGE,
    TRANSITIVE,
    TYPE_MASK,
    EntryV1,
    FullPage,
    Status,
    SubPage,
    Transitive,
)
from sphinx_xenfusa.model.grants.mapping import page_of
from sphinx_xenfusa.model.grants.pinning import Use, is_refused, needs_status, pin, set_status, settle, unpin
from sphinx_xenfusa.model.grants.table import ActiveEntry, Hook, Machine, entry, header, with_note, with_table
from sphinx_xenfusa.model.memory import DOMID_SELF, PAGE_SIZE, own_page, read, write


@dataclass(frozen=True, slots=True)
class CopySide:
    """One side of a copy.

    :param domid: whose page it is; :data:`DOMID_SELF` for the caller's.
    :param where: a reference, or the number of a guest frame of the caller's, as the flags of the copy say.
    :param offset: first byte within the page.
    """

    domid: int
    where: int
    offset: int


@dataclass(frozen=True, slots=True)
class CopyRequest:
    """An element of ``GNTTABOP_copy``."""

    source: CopySide
    dest: CopySide
    length: int
    flags: int


@dataclass(frozen=True, slots=True)
class _Held:
    """A page that a batch holds.

    :param domid: the domid as it was written.
    :param start: first byte that may be touched.
    :param length: how many bytes may be touched.
    """

    domid: int
    owner: int
    where: int
    granted: bool
    mfn: int
    start: int
    length: int


@dataclass(frozen=True)
class _Batch:
    machine: Machine
    source: _Held | None = None
    dest: _Held | None = None


def copy(machine: Machine, caller: int, requests: tuple[CopyRequest, ...]) -> tuple[Machine, tuple[Status, ...]]:
    """Carry out a batch.  An element that fails costs that element only."""
    batch = _Batch(machine)
    statuses = []
    for request in requests:
        batch, status = _copy_one(batch, caller, request)
        if status is not Status.OKAY:
            batch = _release_both(batch)
        statuses.append(status)
    return _release_both(batch).machine, tuple(statuses)


def _copy_one(batch: _Batch, caller: int, request: CopyRequest) -> tuple[_Batch, Status]:
    if request.length == 0:
        return batch, Status.OKAY
    if not _same_domains(batch, request):
        batch = _release_both(batch)
        status = check_domains(batch.machine, caller, request)
        if status is not Status.OKAY:
            return batch, status
    batch, status = _claim_source(batch, caller, request)
    if status is Status.OKAY:
        batch, status = _claim_dest(batch, caller, request)
    if status is not Status.OKAY or batch.source is None or batch.dest is None:
        return batch, status
    status = check_bounds(request, batch.source.start, batch.source.length, batch.dest.start, batch.dest.length)
    if status is not Status.OKAY:
        return batch, status
    memory = batch.machine.memory
    data = read(memory, batch.source.mfn, request.source.offset, request.length)
    memory = write(memory, batch.dest.mfn, request.dest.offset, data)
    return replace(batch, machine=replace(batch.machine, memory=memory)), Status.OKAY


def _same_domains(batch: _Batch, request: CopyRequest) -> bool:
    """Whether the pages that are held are of the domains that this element names."""
    if batch.source is None or batch.dest is None:
        return False
    return batch.source.domid == request.source.domid and batch.dest.domid == request.dest.domid


def check_domains(machine: Machine, caller: int, request: CopyRequest) -> Status:
    """The checks on the two domains: a page without a grant is the caller's own; both exist; the policy allows it."""
    for side, flag in ((request.source, SOURCE_GREF), (request.dest, DEST_GREF)):
        if side.domid != DOMID_SELF and not request.flags & flag:
            return Status.PERMISSION_DENIED
        if side.domid != DOMID_SELF and side.domid not in machine.domains:
            return Status.BAD_DOMAIN
    source, dest = (caller if one.domid == DOMID_SELF else one.domid for one in (request.source, request.dest))
    if not machine.permits(Hook.COPY, source, dest):
        return Status.PERMISSION_DENIED
    return Status.OKAY


def _claim_source(batch: _Batch, caller: int, request: CopyRequest) -> tuple[_Batch, Status]:
    granted = bool(request.flags & SOURCE_GREF)
    if _is_held(batch.source, request.source, granted):
        return batch, Status.OKAY
    machine = _release(batch.machine, batch.source, writing=False)
    machine, held, status = _claim(machine, caller, request.source, granted=granted, writing=False)
    return replace(batch, machine=machine, source=held), status


def _claim_dest(batch: _Batch, caller: int, request: CopyRequest) -> tuple[_Batch, Status]:
    granted = bool(request.flags & DEST_GREF)
    if _is_held(batch.dest, request.dest, granted):
        return batch, Status.OKAY
    machine = _release(batch.machine, batch.dest, writing=True)
    machine, held, status = _claim(machine, caller, request.dest, granted=granted, writing=True)
    return replace(batch, machine=machine, dest=held), status


def _is_held(held: _Held | None, side: CopySide, granted: bool) -> bool:
    return held is not None and held.granted is granted and held.where == side.where


def _claim(
    machine: Machine, caller: int, side: CopySide, *, granted: bool, writing: bool
) -> tuple[Machine, _Held | None, Status]:
    owner = caller if side.domid == DOMID_SELF else side.domid
    if not granted:
        mfn = own_page(machine.memory, owner, side.where)
        if mfn is None:
            return machine, None, Status.BAD_PAGE
        return machine, _Held(side.domid, owner, side.where, False, mfn, 0, PAGE_SIZE), Status.OKAY
    machine, status = acquire(machine, owner, side.where, Use(caller, writing, mapping=False), machine.transitive)
    if status is not Status.OKAY:
        return machine, None, status
    note = machine.table(owner).note(side.where)
    return machine, _Held(side.domid, owner, side.where, True, note.mfn, note.start, note.length), status


def _release(machine: Machine, held: _Held | None, *, writing: bool) -> Machine:
    return release(machine, held.owner, held.where, writing=writing) if held is not None and held.granted else machine


def _release_both(batch: _Batch) -> _Batch:
    machine = _release(batch.machine, batch.source, writing=False)
    return _Batch(_release(machine, batch.dest, writing=True))


def release(machine: Machine, owner: int, ref: int, *, writing: bool) -> Machine:
    """End a copy's use of an entry, and of the entry behind it if the grant was passed on."""
    table = machine.table(owner)
    behind = table.note(ref).source
    machine = with_table(machine, owner, unpin(table, ref, writing=writing, host=1))
    if behind is not None and behind[0] in machine.domains:
        machine = release(machine, *behind, writing=writing)
    return machine


def acquire(machine: Machine, owner: int, ref: int, use: Use, transitive: bool) -> tuple[Machine, Status]:
    """Begin a copy's use of an entry.

    :param transitive: whether the entry may be one that passes another grant on.
    """
    table = machine.table(owner)
    if ref >= table.entries:
        return machine, Status.BAD_GNTREF
    note = table.note(ref)
    if is_refused(note, use):
        return machine, Status.GENERAL_ERROR
    if table.version == 2 and header(table, ref).flags & TYPE_MASK == TRANSITIVE:
        return _acquire_passed_on(machine, owner, ref, use, transitive)
    if needs_status(note.pins, use.writing):
        table, status = set_status(table, ref, use)
        if status is not Status.OKAY:
            return with_table(machine, owner, table), status
        note, status = _window(machine, owner, entry(table, ref), use)
        if status is not Status.OKAY:
            return with_table(machine, owner, settle(table, ref, writing=use.writing)), status
        if not table.note(ref).pins.used:
            table = with_note(table, ref, note)
    return with_table(machine, owner, pin(table, ref, writing=use.writing, host=1)), Status.OKAY


def _window(
    machine: Machine, owner: int, named: EntryV1 | FullPage | SubPage | Transitive, use: Use
) -> tuple[ActiveEntry, Status]:
    """The page of an entry and the bytes of it that are granted; version 1 knows whole pages only."""
    if isinstance(named, Transitive):
        return ActiveEntry(), Status.GENERAL_ERROR
    mfn, status = page_of(machine, owner, named.frame)
    if status is Status.OKAY and machine.memory.pages[mfn].owner != owner:
        status = Status.BAD_PAGE
    if isinstance(named, SubPage) and named.flags & SUB_PAGE:
        return ActiveEntry(domid=use.caller, mfn=mfn, start=named.offset, length=named.length, sub_page=True), status
    return ActiveEntry(domid=use.caller, mfn=mfn), status


def _acquire_passed_on(machine: Machine, owner: int, ref: int, use: Use, transitive: bool) -> tuple[Machine, Status]:
    """A grant that its granter got from another domain: one level, and not from itself; both entries come into use."""
    table = machine.table(owner)
    if needs_status(table.note(ref).pins, use.writing):
        table, status = set_status(table, ref, use)
        if status is not Status.OKAY:
            return with_table(machine, owner, table), status
    named = entry(table, ref)
    marked = with_table(machine, owner, table)
    undone = with_table(machine, owner, settle(table, ref, writing=use.writing))
    if not transitive or not isinstance(named, Transitive):
        return undone, Status.GENERAL_ERROR
    if named.from_domid == owner or named.from_domid not in machine.domains:
        return undone, Status.GENERAL_ERROR
    behind = Use(owner, use.writing, mapping=False)
    machine, status = acquire(marked, named.from_domid, named.ref, behind, False)
    if status is not Status.OKAY:
        table = settle(machine.table(owner), ref, writing=use.writing)
        return with_table(machine, owner, table), status
    table = machine.table(owner)
    if table.note(ref).pins.used and table.note(ref).source != (named.from_domid, named.ref):
        # The granter named another grant meanwhile.  Xen would try again; here that ends.
        return release(machine, named.from_domid, named.ref, writing=use.writing), Status.GENERAL_ERROR
    if not table.note(ref).pins.used:
        origin = machine.table(named.from_domid).note(named.ref)
        source = (named.from_domid, named.ref)
        note = ActiveEntry(
            domid=use.caller, mfn=origin.mfn, start=origin.start, length=origin.length, sub_page=True, source=source
        )
        table = with_note(table, ref, note)
    return with_table(machine, owner, pin(table, ref, writing=use.writing, host=1)), Status.OKAY


def check_bounds(
    request: CopyRequest, source_start: int, source_length: int, dest_start: int, dest_length: int
) -> Status:
    """Both ends lie within their pages, and within what was granted of them."""
    source, dest = request.source.offset, request.dest.offset
    if source + request.length > PAGE_SIZE or dest + request.length > PAGE_SIZE:
        return Status.BAD_COPY_ARG
    if source < source_start or source + request.length > source_start + source_length:
        return Status.GENERAL_ERROR
    if dest < dest_start or dest + request.length > dest_start + dest_length:
        return Status.GENERAL_ERROR
    return Status.OKAY
