"""Transfer: a domain gives one of its pages to another that declared to accept one.

The page is taken from its owner before anything about the other domain is looked at, so that a transfer that fails after that
costs the owner its page.  Only builds with PV guests and a boot option have the operation.

Source: ``xen/common/grant_table.c`` (``gnttab_transfer``, ``gnttab_prepare_for_transfer``); fact sheet 3.2, 3.8.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sphinx_xenfusa.model.grants.layout import (
    ACCEPT_TRANSFER,
    TRANSFER_COMMITTED,
    TRANSFER_COMPLETED,
    Header,
    Status,
)
from sphinx_xenfusa.model.grants.mapping import frame_of
from sphinx_xenfusa.model.grants.pinning import ATTEMPTS
from sphinx_xenfusa.model.grants.table import GrantTable, Hook, Machine, header, with_header, with_table
from sphinx_xenfusa.model.memory import P2mEntry, P2mType, Page, map_page, own_page, unmap_page


@dataclass(frozen=True, slots=True)
class TransferRequest:
    """An element of ``GNTTABOP_transfer``.

    :param gfn: the guest frame that is given away.
    :param domid: to whom.
    :param ref: the entry in the receiver's table that accepts a page.
    """

    gfn: int
    domid: int
    ref: int


def transfer(
    machine: Machine, caller: int, request: TransferRequest, meanwhile: tuple[Header, ...] = ()
) -> tuple[Machine, Status]:
    """Give a page away.

    :param meanwhile: what the receiver writes over its entry's header while Xen is at it.
    """
    mfn = own_page(machine.memory, caller, request.gfn)
    if mfn is None or is_shared(machine, caller, mfn):
        return machine, Status.BAD_PAGE
    memory = unmap_page(machine.memory, caller, request.gfn)
    machine = replace(machine, memory=replace(memory, pages={**memory.pages, mfn: Page(None)}))
    if request.domid not in machine.domains:
        return machine, Status.BAD_DOMAIN
    if not machine.permits(Hook.TRANSFER, caller, request.domid):
        return machine, Status.PERMISSION_DENIED
    receiver = machine.domains[request.domid]
    if receiver.headroom < 1:
        return machine, Status.GENERAL_ERROR
    table, status = prepare(receiver.table, caller, request.ref, meanwhile)
    machine = with_table(machine, request.domid, table)
    if status is not Status.OKAY:
        return machine, status
    return _handed_over(machine, request, mfn), Status.OKAY


def is_shared(machine: Machine, owner: int, mfn: int) -> bool:
    """Whether a page is in somebody else's hands: mapped by another domain, or pinned by a grant of its owner's."""
    if any(entry.mfn == mfn and domid != owner for (domid, _), entry in machine.memory.p2m.items()):
        return True
    return any(note.pins.used and note.mfn == mfn for note in machine.table(owner).active.values())


def prepare(table: GrantTable, giver: int, ref: int, meanwhile: tuple[Header, ...] = ()) -> tuple[GrantTable, Status]:
    """Commit the receiver to a page: its entry accepts a transfer from this domain, and has no other flag."""
    if ref >= table.entries:
        return table, Status.GENERAL_ERROR
    word = header(table, ref)
    for attempt in range(ATTEMPTS):
        if word != Header(ACCEPT_TRANSFER, giver):
            return table, Status.GENERAL_ERROR
        if attempt < len(meanwhile):
            table = with_header(table, ref, meanwhile[attempt])
        found = header(table, ref)
        if found == word:
            return with_header(table, ref, Header(word.flags | TRANSFER_COMMITTED, giver)), Status.OKAY
        word = found
    return table, Status.GENERAL_ERROR


def _handed_over(machine: Machine, request: TransferRequest, mfn: int) -> Machine:
    receiver = machine.domains[request.domid]
    gfn = frame_of(receiver.table, request.ref)
    word = header(receiver.table, request.ref)
    table = with_header(receiver.table, request.ref, word._replace(flags=word.flags | TRANSFER_COMPLETED))
    memory = map_page(machine.memory, request.domid, gfn, P2mEntry(mfn, P2mType.RAM_RW))
    memory = replace(memory, pages={**memory.pages, mfn: Page(request.domid)})
    receiver = replace(receiver, table=table, headroom=receiver.headroom - 1)
    return replace(machine, memory=memory, domains={**machine.domains, request.domid: receiver})
