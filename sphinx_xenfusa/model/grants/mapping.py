"""Map, unmap, unmap and replace, and the end of a domain that holds mappings.

Source: ``xen/common/grant_table.c:1003-1383`` (map), ``1409-1604`` (unmap), ``3891`` (end of a domain);
``xen/arch/arm/mm.c:415-434``; fact sheet 3.4, 3.5.

Two things are simpler than Xen.  Unmapping at an address where the page is not mapped is a general error on both architectures;
what Arm does where *nothing* is mapped is not in the fact sheet.  Page types and references are not counted: they follow the
pins.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sphinx_xenfusa.model.grants.layout import (
    APPLICATION_MAP,
    CONTAINS_PTE,
    DEVICE_MAP,
    HOST_MAP,
    MAP_READONLY,
    EntryV1,
    FullPage,
    Header,
    Status,
    SubPage,
)
from sphinx_xenfusa.model.grants.pinning import Use, is_refused, needs_status, pin, set_status, settle, unpin
from sphinx_xenfusa.model.grants.table import (
    ActiveEntry,
    Domain,
    GrantTable,
    Hook,
    Machine,
    Mapped,
    entry,
    put_handle,
    take_handle,
    with_note,
    with_table,
    without_domain,
)
from sphinx_xenfusa.model.memory import PAGE_SIZE, P2mEntry, P2mType, PageKind, map_page, unmap_page
from sphinx_xenfusa.model.vocabulary import Architecture

_KINDS_OF_MAPPING = DEVICE_MAP | HOST_MAP


@dataclass(frozen=True, slots=True)
class MapRequest:
    """An element of ``GNTTABOP_map_grant_ref``.

    :param host_addr: guest physical address at which the page shall appear.
    :param domid: the granter; one's own number is accepted, ``DOMID_SELF`` is not.
    """

    host_addr: int
    flags: int
    ref: int
    domid: int


@dataclass(frozen=True)
class MapResult:
    """What comes of it.

    :param handle: what the mapping is called from now on; ``None`` unless it was made.
    :param dev_bus_addr: the machine address of the page.
    """

    machine: Machine
    status: Status
    handle: int | None = None
    dev_bus_addr: int = 0


def check_map(machine: Machine, caller: int, request: MapRequest) -> Status:
    """The checks that look at no entry."""
    if not request.flags & _KINDS_OF_MAPPING:
        return Status.BAD_GNTREF
    unfit = request.flags & (DEVICE_MAP | APPLICATION_MAP | CONTAINS_PTE)
    if machine.domains[caller].external and unfit:
        return Status.GENERAL_ERROR
    if request.domid not in machine.domains:
        return Status.BAD_DOMAIN
    if not machine.permits(Hook.MAPREF, caller, request.domid):
        return Status.PERMISSION_DENIED
    return Status.OKAY


def map_grant_ref(machine: Machine, caller: int, request: MapRequest, meanwhile: tuple[Header, ...] = ()) -> MapResult:
    """Map a granted page.

    :param meanwhile: what the granter writes over the entry's header while Xen is at it.
    """
    status = check_map(machine, caller, request)
    if status is not Status.OKAY:
        return MapResult(machine, status)
    table, handle = take_handle(machine.table(caller))
    if handle is None:
        return MapResult(machine, Status.NO_SPACE)
    machine, status = _pin_and_map(with_table(machine, caller, table), caller, request, meanwhile)
    table = machine.table(caller)
    if status is not Status.OKAY:
        return MapResult(with_table(machine, caller, put_handle(table, handle)), status)
    mapped = Mapped(request.domid, request.ref, request.flags)
    machine = with_table(machine, caller, replace(table, handles={**table.handles, handle: mapped}))
    return MapResult(machine, status, handle, machine.table(request.domid).note(request.ref).mfn * PAGE_SIZE)


def _pin_and_map(
    machine: Machine, caller: int, request: MapRequest, meanwhile: tuple[Header, ...]
) -> tuple[Machine, Status]:
    use = Use(caller, writing=not request.flags & MAP_READONLY, mapping=True, meanwhile=meanwhile)
    machine, status = _come_into_use(machine, request, use)
    if status is not Status.OKAY:
        return machine, status
    table = machine.table(request.domid)
    note = table.note(request.ref)
    machine = with_table(machine, request.domid, pin(table, request.ref, writing=use.writing, **_parts(request.flags)))
    status = _check_page(machine, request, note)
    if status is Status.OKAY:
        machine, status = create_host_mapping(machine, caller, request, note)
    if status is not Status.OKAY:
        table = unpin(machine.table(request.domid), request.ref, writing=use.writing, **_parts(request.flags))
        machine = with_table(machine, request.domid, table)
    return machine, status


def _parts(flags: int) -> dict[str, int]:
    """Which of the two parts, host and device, a mapping has, each counted once."""
    return {"host": int(bool(flags & HOST_MAP)), "device": int(bool(flags & DEVICE_MAP))}


def _come_into_use(machine: Machine, request: MapRequest, use: Use) -> tuple[Machine, Status]:
    """The checks on the entry; for the first use, its frame."""
    table = machine.table(request.domid)
    if request.ref >= table.entries:
        return machine, Status.BAD_GNTREF
    note = table.note(request.ref)
    if is_refused(note, use):
        return machine, Status.GENERAL_ERROR
    if not needs_status(note.pins, use.writing):
        return machine, Status.OKAY
    table, status = set_status(table, request.ref, use)
    if status is Status.OKAY and not note.pins.used:
        mfn, status = page_of(machine, request.domid, frame_of(table, request.ref))
        if status is Status.OKAY:
            table = with_note(table, request.ref, ActiveEntry(domid=use.caller, mfn=mfn))
        else:
            table = settle(table, request.ref, writing=use.writing)
    return with_table(machine, request.domid, table), status


def frame_of(table: GrantTable, ref: int) -> int:
    """The guest frame that an entry names."""
    named = entry(table, ref)
    return named.frame if isinstance(named, EntryV1 | FullPage | SubPage) else named.ref


def page_of(machine: Machine, domid: int, gfn: int) -> tuple[int, Status]:
    """The machine frame of a guest frame.  A page that was granted to the granter itself cannot be looked up."""
    found = machine.memory.p2m.get((domid, gfn))
    if found is None or found.type in (P2mType.GRANT_RW, P2mType.GRANT_RO):
        return 0, Status.BAD_PAGE
    return found.mfn, Status.OKAY


def _check_page(machine: Machine, request: MapRequest, note: ActiveEntry) -> Status:
    """The page is RAM of the granter's own: neither a device's, nor one that it maps of another domain."""
    page = machine.memory.pages[note.mfn]
    if page.kind is PageKind.DEVICE or page.owner != request.domid:
        return Status.GENERAL_ERROR
    return Status.OKAY


def create_host_mapping(
    machine: Machine, caller: int, request: MapRequest, note: ActiveEntry
) -> tuple[Machine, Status]:
    """Put the page into the caller's translation.

    Arm takes exactly the flag for a host mapping, with or without that for reading only.  (The cache flags of an entry matter to
    Arm for a page that is no RAM, and such a page is refused before.)
    """
    if machine.architecture is Architecture.ARM and request.flags & ~MAP_READONLY != HOST_MAP:
        return machine, Status.GENERAL_ERROR
    if not request.flags & HOST_MAP:
        return machine, Status.OKAY
    kind = P2mType.GRANT_RO if request.flags & MAP_READONLY else P2mType.GRANT_RW
    memory = map_page(machine.memory, caller, request.host_addr // PAGE_SIZE, P2mEntry(note.mfn, kind))
    return replace(machine, memory=memory), Status.OKAY


@dataclass(frozen=True, slots=True)
class UnmapRequest:
    """An element of ``GNTTABOP_unmap_grant_ref`` or ``GNTTABOP_unmap_and_replace``.

    :param host_addr: where the page is mapped; 0 leaves the host part as it is.
    :param dev_bus_addr: the machine address; 0 leaves the device part as it is.
    :param handle: a handle of the caller's.
    :param new_addr: what shall be mapped instead (replace only).
    """

    host_addr: int
    dev_bus_addr: int
    handle: int
    new_addr: int = 0


@dataclass(frozen=True)
class UnmapResult:
    """What comes of it.

    :param status: ``None`` when the caller was crashed: then nobody is left to read it.
    """

    machine: Machine
    status: Status | None


def unmap_grant_ref(machine: Machine, caller: int, request: UnmapRequest) -> UnmapResult:
    """Give a mapping back, or one of its two parts.  Nobody can name a handle of another domain's."""
    table = machine.table(caller)
    mapped = table.handles.get(request.handle)
    if mapped is None:
        return UnmapResult(machine, Status.BAD_HANDLE)
    if mapped.domid not in machine.domains:
        return UnmapResult(_crashed(machine, caller), None)
    if not machine.permits(Hook.UNMAPREF, caller, mapped.domid):
        return UnmapResult(machine, Status.PERMISSION_DENIED)
    mfn = machine.table(mapped.domid).note(mapped.ref).mfn
    if request.dev_bus_addr and request.dev_bus_addr != mfn * PAGE_SIZE:
        return UnmapResult(machine, Status.BAD_DEV_ADDR)
    done = 0
    if request.host_addr and mapped.flags & HOST_MAP:
        machine, status = remove_host_mapping(machine, caller, request, mfn)
        if status is not Status.OKAY:
            return UnmapResult(machine, status)
        done |= HOST_MAP
    if request.dev_bus_addr and mapped.flags & DEVICE_MAP:
        done |= DEVICE_MAP
    return UnmapResult(_given_back(machine, caller, request.handle, done), Status.OKAY)


def remove_host_mapping(machine: Machine, caller: int, request: UnmapRequest, mfn: int) -> tuple[Machine, Status]:
    """Take the page out of the caller's translation; nothing can be put in its place by this call."""
    gfn = request.host_addr // PAGE_SIZE
    found = machine.memory.p2m.get((caller, gfn))
    if request.new_addr:
        return machine, Status.GENERAL_ERROR
    if found is None or found.mfn != mfn or found.type not in (P2mType.GRANT_RW, P2mType.GRANT_RO):
        return machine, Status.GENERAL_ERROR
    return replace(machine, memory=unmap_page(machine.memory, caller, gfn)), Status.OKAY


def _given_back(machine: Machine, caller: int, handle: int, done: int) -> Machine:
    """The parts that were undone lose their pins; the handle goes when no part is left."""
    table = machine.table(caller)
    mapped = table.handles[handle]
    left = mapped.flags & ~done
    if left & _KINDS_OF_MAPPING:
        table = replace(table, handles={**table.handles, handle: replace(mapped, flags=left)})
    else:
        table = put_handle(table, handle)
    machine = with_table(machine, caller, table)
    if not done:
        return machine
    writing = not mapped.flags & MAP_READONLY
    remote = unpin(machine.table(mapped.domid), mapped.ref, writing=writing, **_parts(done))
    return with_table(machine, mapped.domid, remote)


def _crashed(machine: Machine, domid: int) -> Machine:
    domain: Domain = replace(machine.domains[domid], crashed=True)
    return replace(machine, domains={**machine.domains, domid: domain})


def end_domain(machine: Machine, domid: int) -> Machine:
    """The end of a domain: all the pins that it held go, and with them the marks in the entries of others."""
    for handle, mapped in machine.table(domid).handles.items():
        if mapped.domid in machine.domains:
            machine = _given_back(machine, domid, handle, mapped.flags & _KINDS_OF_MAPPING)
    return without_domain(machine, domid)
