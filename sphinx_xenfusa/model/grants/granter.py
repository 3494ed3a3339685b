"""What a granter does: no hypercall, it writes its own entries.

Taking a grant back is not Xen's business either.  The granter may clear the entry only while nobody uses it, and finds that out
in the same step (version 1: compare and exchange of the flags; version 2: clear the flags, then look at the status word).

Source: ``xen/include/public/grant_table.h``; fact sheet 3.6.
"""

from __future__ import annotations

from sphinx_xenfusa.model.grants.layout import (
    PERMIT_ACCESS,
    READING,
    READONLY,
    WRITING,
    EntryV1,
    EntryV2,
    FullPage,
    Header,
    encode_v1,
    encode_v2,
)
from sphinx_xenfusa.model.grants.table import GrantTable, header, status_flags, with_bytes, with_header


def write_entry(table: GrantTable, ref: int, new: EntryV1 | EntryV2) -> GrantTable:
    """Write an entry, whatever stands there and whoever uses it.

    :raises ValueError: the entry is of the other version.
    """
    if isinstance(new, EntryV1) is not (table.version == 1):
        raise ValueError(f"{type(new).__name__} in a table of version {table.version}")
    return with_bytes(table, ref, encode_v1(new) if isinstance(new, EntryV1) else encode_v2(new))


def grant_access(table: GrantTable, ref: int, domid: int, frame: int, *, readonly: bool) -> GrantTable:
    """Let a domain use a page."""
    flags = PERMIT_ACCESS | (READONLY if readonly else 0)
    if table.version == 1:
        return write_entry(table, ref, EntryV1(flags, domid, frame))
    return write_entry(table, ref, FullPage(flags, domid, frame))


def end_access(table: GrantTable, ref: int) -> tuple[GrantTable, bool]:
    """Take a grant back, if nobody uses it.

    :returns: the table, and whether it was taken back.  In version 2 the entry is cleared even if it is in use: no further domain
        can begin to use it, and the granter has to wait until the status word is clear.
    """
    word = header(table, ref)
    in_use = bool(status_flags(table, ref) & (READING | WRITING))
    if table.version == 1 and in_use:
        return table, False
    return with_header(table, ref, Header(0, word.domid)), not in_use


def make_readonly(table: GrantTable, ref: int) -> tuple[GrantTable, bool]:
    """Take the right to write back, if nobody writes.

    :returns: the table, and whether it was taken back.
    """
    word = header(table, ref)
    if status_flags(table, ref) & WRITING:
        return table, False
    return with_header(table, ref, word._replace(flags=word.flags | READONLY)), True
