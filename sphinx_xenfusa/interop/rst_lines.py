"""What the lines of an rst file are: literal blocks, the content of directives, comments and anchors, titles.

Just enough of reStructuredText to tell an item from what only looks like one, without docutils.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sphinx_xenfusa.interop.lines import LineKind, Lines, indent, split

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1*")
_EXPLICIT = re.compile(r"\.\.(\s|$)")
_SHOWN = re.compile(r"\.\. +(\[(?!.*->)|(\|[^|]+\| +)?[\w:+.-]+::(\s|$))")
_COMMENT = re.compile(r"\.\. +(.*)")


def rst_lines(text: str) -> Lines:
    """The lines of an rst text."""
    document = split(text)
    if ".." in text or "::" in text:
        _mark_blocks(document)
    _mark_titles(document)
    return document


def _mark_blocks(document: Lines) -> None:
    """Mark comments, anchors, directives and literal blocks; what is switched off already stays so."""
    lines, kinds = document.lines, document.kinds
    number = 0
    while number < len(lines):
        line = lines[number]
        end = number + 1
        if ".." in line and _EXPLICIT.match(line.lstrip(" ")):
            end = _end_of_explicit(lines, number)
            shown = _SHOWN.match(line.lstrip(" "))
            if shown is None and end == number + 1 and kinds[number] is LineKind.TEXT:
                comment = _COMMENT.match(line.lstrip(" "))
                document.comments[number] = comment[1] if comment else ""
            _mark(kinds, number, end, LineKind.OPAQUE if shown else LineKind.HIDDEN)
        elif line.endswith("::") and not "".join(lines[end : end + 1]) and kinds[number] is LineKind.TEXT:
            end = _end_of_literal(lines, number)
            _mark(kinds, number + 1, end, LineKind.OPAQUE)
        number = end


def _mark(kinds: list[LineKind], start: int, end: int, kind: LineKind) -> None:
    kinds[start:end] = [kind if one is LineKind.TEXT else one for one in kinds[start:end]]


def _end_of_explicit(lines: Sequence[str], start: int) -> int:
    """The line after a directive or comment; an empty comment followed by a blank line takes no content."""
    if lines[start].strip() == ".." and not "".join(lines[start + 1 : start + 2]):
        return start + 1
    return _end_of_indented(lines, start + 1, indent(lines[start]))


def _end_of_literal(lines: Sequence[str], start: int) -> int:
    """The line after the literal block that the paragraph ending in line ``start`` announces, indented or quoted."""
    first = next((number for number in range(start + 1, len(lines)) if lines[number]), len(lines))
    if first == len(lines):
        return first
    if indent(lines[first]) > indent(lines[start]):
        return _end_of_indented(lines, first, indent(lines[start]))
    quote = lines[first][0]
    end = first
    while _ADORNMENT.fullmatch(quote) and end < len(lines) and lines[end].startswith(quote):
        end += 1
    return end


def _end_of_indented(lines: Sequence[str], start: int, margin: int) -> int:
    """The line after the last that is indented by more than ``margin``; blank lines between such lines count too."""
    end = start
    for number in range(start, len(lines)):
        if lines[number]:
            if indent(lines[number]) <= margin:
                break
            end = number + 1
    return end


def _mark_titles(document: Lines) -> None:
    """Find the title that each title line carries, and the lines that adorn titles."""
    lines, kinds, adornments = document.lines, document.kinds, document.adornments
    drawn = (number for number in range(1, len(lines)) if (line := lines[number]) and line == line[0] * len(line))
    for number in drawn:
        title = lines[number - 1].strip()
        if (
            kinds[number] is kinds[number - 1] is LineKind.TEXT
            and number - 1 not in adornments
            and _underlines(lines[number], title)
        ):
            before = lines[number - 2] if number > 1 else ""
            overlined = before == lines[number] and number - 2 not in adornments
            if overlined or (not before and not lines[number - 1].startswith(" ")) or number - 2 in adornments:
                document.titles[number - 1] = title
                adornments.update({number, number - 2} if overlined else {number})


def _underlines(line: str, title: str) -> bool:
    """Whether a line adorns a title: one character, repeated, as long as the title or at least four."""
    if not title or _ADORNMENT.fullmatch(title):
        return False
    return _ADORNMENT.fullmatch(line) is not None and len(line) >= min(4, len(title)) and line not in ("..", "::")
