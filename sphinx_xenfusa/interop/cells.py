"""Cells of a table that a spreadsheet program shows and never runs.

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return would be run as a formula by some program
when it opens a CSV file (CWE-1236); so would their full-width forms in some languages.  Such a cell gets an apostrophe in
front, and so does one that begins with an apostrophe: whoever reads the table takes one apostrophe off each cell that
begins with one, and has the text again.
"""

from __future__ import annotations

APOSTROPHE = "'"
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", APOSTROPHE)


def guarded(text: str) -> str:
    """The text as a cell that starts no formula."""
    return APOSTROPHE + text if text.startswith(_DANGEROUS) else text


def unguarded(cell: str) -> str:
    """The text that :func:`guarded` was given."""
    return cell.removeprefix(APOSTROPHE)
