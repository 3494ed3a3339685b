"""Which lines of a file an item is written on: what a change of its text changes.

The lines of an item follow from how it is written; where that is not known they reach to the next item.  Too many lines make a
test look older than the text although it is not, too few would hide a change: so in doubt it is more of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_DIRECTIVE = re.compile(r"\s*\.\. ")
_FENCE = re.compile(r"\s*(`{3,}|~{3,}|:{3,})")
_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}\s*")
_TITLE_OF_MARKDOWN = re.compile(r"#{1,6} ")
_TITLE_LINES = 3


def lines_of_item(lines: Sequence[str], start: int, following: int, origin: str) -> range:
    """The lines of an item, from 0.

    :param lines: the file.
    :param start: the line on which the item begins.
    :param following: the line on which the next item of the file begins; the number of lines if there is none.
    :param origin: the item source that read it.
    """
    if origin == "source":
        return range(start, start + 1)
    if origin == "overlay":
        return range(start, _paragraph_end(lines, start))
    if origin == "directive":
        return range(start, _block_end(lines, start, following))
    if origin == "oft":
        return range(_title_start(lines, start), _section_end(lines, start, following))
    return range(start, following)


def _paragraph_end(lines: Sequence[str], start: int) -> int:
    return next((number for number in range(start, len(lines)) if not lines[number].strip()), len(lines))


def _block_end(lines: Sequence[str], start: int, following: int) -> int:
    """The end of a directive: what is not indented deeper than it, or the fence that closes it."""
    first = lines[start]
    if _DIRECTIVE.match(first):
        margin = _indent(first)
        inside = range(start + 1, len(lines))
        return next(
            (number for number in inside if lines[number].strip() and _indent(lines[number]) <= margin), len(lines)
        )
    fence = _FENCE.match(first)
    if fence is not None:
        inside = range(start + 1, len(lines))
        return next((number + 1 for number in inside if lines[number].strip() == fence[1]), len(lines))
    return following


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _title_start(lines: Sequence[str], start: int) -> int:
    """Where the title above a tag begins: the last lines above it that are not blank."""
    above = start - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    begin = above
    while begin > above - _TITLE_LINES and begin >= 0 and lines[begin].strip():
        begin -= 1
    return begin + 1


def _section_end(lines: Sequence[str], start: int, following: int) -> int:
    """Where the next title or the next item begins."""
    for number in range(start + 1, following):
        line = lines[number]
        if _TITLE_OF_MARKDOWN.match(line):
            return number
        titled = (
            number > start + 1 and lines[number - 1].strip() and len(line.strip()) >= len(lines[number - 1].strip())
        )
        if titled and _ADORNMENT.fullmatch(line):
            return number - 1
    return following
