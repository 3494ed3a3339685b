"""How an entry comes into use, and out of use again: the checks on it, its status bits, its pins.

Map and copy go through the same steps.  The shared entry is looked at only when the entry is not in use yet, or when writing is
asked for and nobody writes yet.  In all other cases Xen's own note decides alone: whatever the granter has written into the
entry in the meantime, its type, its domid and its frame are not read again.

Source: ``xen/common/grant_table.c:743-824`` (version 1), ``826-`` (version 2), ``934-948`` (out of use); fact sheet 3.3, 3.4.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from sphinx_xenfusa.model.grants.layout import (
    PERMIT_ACCESS,
    READING,
    READONLY,
    SUB_PAGE,
    TRANSITIVE,
    TYPE_MASK,
    WRITING,
    Header,
    Status,
)
from sphinx_xenfusa.model.grants.table import (
    ActiveEntry,
    GrantTable,
    Pins,
    header,
    with_header,
    with_note,
    with_status,
)

ATTEMPTS = 5
"""How often Xen tries to exchange a header that changes under its hands."""


class Use(NamedTuple):
    """What an entry shall be used for.

    :param caller: the domain that will use it.
    :param writing: whether it will write.
    :param mapping: whether it will map the page; otherwise it copies once.
    :param meanwhile: what the granter writes over the header while Xen is at it, once before each attempt of Xen to exchange it.
    """

    caller: int
    writing: bool
    mapping: bool
    meanwhile: tuple[Header, ...] = ()


def is_refused(note: ActiveEntry, use: Use) -> bool:
    """Whether an entry that is in use must not be used once more: by another domain, too often, or mapped though for copying."""
    if not note.pins.used:
        return False
    return note.domid != use.caller or note.pins.full or (use.mapping and note.sub_page)


def needs_status(pins: Pins, writing: bool) -> bool:
    """Whether the shared entry is looked at: for the first use, and for the first that writes."""
    return not pins.used or (writing and not pins.writing)


def set_status(table: GrantTable, ref: int, use: Use) -> tuple[GrantTable, Status]:
    """Check the shared entry and mark it as being in use."""
    if table.version == 1:
        return _set_status_v1(table, ref, use)
    return _set_status_v2(table, ref, use)


def _type_of(word: Header, use: Use) -> int:
    """The type; for a mapping with the flag that makes an entry one for copying only."""
    return word.flags & (TYPE_MASK | SUB_PAGE if use.mapping else TYPE_MASK)


def _offers_v1(word: Header, use: Use) -> bool:
    return _type_of(word, use) == PERMIT_ACCESS and word.domid == use.caller


def _offers_v2(word: Header, use: Use) -> bool:
    kind = _type_of(word, use)
    return (kind == PERMIT_ACCESS or (kind == TRANSITIVE and not use.mapping)) and word.domid == use.caller


def _bits(use: Use) -> int:
    return READING | WRITING if use.writing else READING


def _set_status_v1(table: GrantTable, ref: int, use: Use) -> tuple[GrantTable, Status]:
    """One exchange of flags and domid together, so that the granter cannot change them between check and mark."""
    pinned = table.note(ref).pins.used
    word = header(table, ref)
    for attempt in range(ATTEMPTS):
        if not pinned and not _offers_v1(word, use):
            return table, Status.GENERAL_ERROR
        if use.writing and word.flags & READONLY:
            return table, Status.GENERAL_ERROR
        if attempt < len(use.meanwhile):
            table = with_header(table, ref, use.meanwhile[attempt])
        found = header(table, ref)
        if found == word:
            return with_header(table, ref, Header(word.flags | _bits(use), word.domid)), Status.OKAY
        word = found
    return table, Status.GENERAL_ERROR


def _set_status_v2(table: GrantTable, ref: int, use: Use) -> tuple[GrantTable, Status]:
    """The status word first, then the entry once more: the granter sees the mark before it can change its mind unseen."""
    pinned = table.note(ref).pins.used
    word = header(table, ref)
    if not pinned and not _offers_v2(word, use):
        return table, Status.GENERAL_ERROR
    if use.writing and word.flags & READONLY:
        return table, Status.GENERAL_ERROR
    table = with_status(table, ref, setting=_bits(use))
    if use.meanwhile:
        table = with_header(table, ref, use.meanwhile[0])
    word = header(table, ref)
    if not pinned and not _offers_v2(word, use):
        return with_status(table, ref, clearing=READING | WRITING), Status.GENERAL_ERROR
    if use.writing and word.flags & READONLY:
        return with_status(table, ref, clearing=WRITING if pinned else READING | WRITING), Status.GENERAL_ERROR
    return table, Status.OKAY


def counted(pins: Pins, *, writing: bool, host: int, device: int) -> Pins:
    """The pins with so many more (or, negative, fewer) uses by the host and by devices."""
    if writing:
        return pins._replace(host_write=pins.host_write + host, device_write=pins.device_write + device)
    return pins._replace(host_read=pins.host_read + host, device_read=pins.device_read + device)


def pin(table: GrantTable, ref: int, *, writing: bool, host: int, device: int = 0) -> GrantTable:
    """Count uses up."""
    note = table.note(ref)
    return with_note(table, ref, replace(note, pins=counted(note.pins, writing=writing, host=host, device=device)))


def unpin(table: GrantTable, ref: int, *, writing: bool, host: int, device: int = 0) -> GrantTable:
    """Count uses down, and clear the marks that nothing stands for any more."""
    note = table.note(ref)
    pins = counted(note.pins, writing=writing, host=-host, device=-device)
    return settle(with_note(table, ref, replace(note, pins=pins)), ref, writing=writing)


def settle(table: GrantTable, ref: int, *, writing: bool) -> GrantTable:
    """Clear the mark of writing when the last that wrote has gone, and that of reading when nobody is left.

    :param writing: whether it was a use for writing that ended.
    """
    pins = table.note(ref).pins
    if writing and not pins.writing:
        table = with_status(table, ref, clearing=WRITING)
    if not pins.used:
        table = with_status(table, ref, clearing=READING)
    return table
