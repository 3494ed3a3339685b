"""What the lines of a Markdown file are: fenced code, HTML comments, anchors, titles.

Just enough of CommonMark to tell an item from what only looks like one.  Indented code needs no mark: a tag or label is
indented by three blanks at the most, as in OpenFastTrace.
"""

from __future__ import annotations

import re

from sphinx_xenfusa.interop.lines import LineKind, Lines, split

_FENCE = re.compile(r" *(?:(`{3,})[^`]*|(~{3,}).*)")
_HASHES = re.compile(r" {0,3}#{1,6}(?!#)\s*(.*?)(?:\s+#+)?")
_UNDERLINE = re.compile(r" {0,3}(={3,}|-{3,})")
_ANCHOR = re.compile(r"\s*<a\s[^<>]*>\s*(?:</a>)?")
_NO_TITLE = re.compile(r"\s*(?:[-*+>|]|#|```)")


def markdown_lines(text: str) -> Lines:
    """The lines of a Markdown text."""
    document = split(text)
    document.margin = 3
    if "```" in text or "~~~" in text:
        _mark_fences(document)
    if "<" in text:
        _mark_hidden(document)
    _mark_titles(document)
    return document


def _mark_fences(document: Lines) -> None:
    """Mark fenced code, the fences included; a fence that is not closed reaches to the end."""
    fence = ""
    for number, line in enumerate(document.lines):
        if document.kinds[number] is not LineKind.TEXT:
            continue
        match = _FENCE.fullmatch(line) if "```" in line or "~~~" in line else None
        drawn = "" if match is None else match[1] or match[2]
        if fence or drawn:
            document.kinds[number] = LineKind.OPAQUE
        if not fence:
            fence = drawn
        elif drawn.startswith(fence) and line.strip() == drawn:
            fence = ""


def _mark_hidden(document: Lines) -> None:
    """Mark the lines that are nothing but HTML comments or anchors."""
    within = False
    for number, line in enumerate(document.lines):
        if document.kinds[number] is not LineKind.TEXT or not (within or "<" in line):
            continue
        stripped = line.strip()
        if within:
            document.kinds[number] = LineKind.HIDDEN
            within = "-->" not in stripped
        elif stripped.startswith("<!--"):
            document.kinds[number] = LineKind.HIDDEN
            within = "-->" not in stripped
            if stripped.endswith("-->") and not within:
                document.comments[number] = stripped[4:-3]
        elif _ANCHOR.fullmatch(line):
            document.kinds[number] = LineKind.HIDDEN


def _mark_titles(document: Lines) -> None:
    """Find the titles, under hashes or over a line of ``=`` or ``-``."""
    lines, kinds = document.lines, document.kinds
    for number, line in enumerate(lines):
        if kinds[number] is not LineKind.TEXT or not line:
            continue
        first = line.lstrip(" ")[0]
        if first == "#":
            hashes = _HASHES.fullmatch(line)
            if hashes is not None:
                document.titles[number] = hashes[1]
        elif first in "=-" and number and _UNDERLINE.fullmatch(line):
            above = lines[number - 1]
            read = kinds[number - 1] is LineKind.TEXT and number - 1 not in document.adornments
            if above and read and number - 1 not in document.titles and not _NO_TITLE.match(above):
                document.titles[number - 1] = above.strip()
                document.adornments.add(number)
