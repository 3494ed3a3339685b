"""The lines of a document, and what each of them is as far as OpenFastTrace's items are concerned.

What is literal or hidden differs from one markup to the next (:mod:`rst_lines`, :mod:`markdown_lines`); how items are
read out of the lines does not (:mod:`oft_items`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

_OFF = re.compile(r"(?<!\w)oft:off(?!\w)")
_ON = re.compile(r"(?<!\w)oft:on(?!\w)")


class LineKind(Enum):
    """What a line is."""

    TEXT = "read"
    OPAQUE = "part of what a field says, never read as a tag or label"
    HIDDEN = "a comment or an anchor: nobody sees it"


@dataclass(slots=True)
class Lines:
    """A document, line by line.

    :param raw: the lines as they stand.
    :param lines: without tabulators and white space at the end.
    :param kinds: what each is.
    :param titles: the title that a line carries.
    :param adornments: the lines that only draw a title.
    :param margin: by how many blanks a tag or label may be indented at the most.
    :param comments: the lines that are a comment as a whole, which may hold a coverage tag, with what they say.
    """

    raw: Sequence[str]
    lines: Sequence[str]
    kinds: list[LineKind]
    titles: dict[int, str] = field(default_factory=dict)
    adornments: set[int] = field(default_factory=set)
    margin: int = 1_000_000
    comments: dict[int, str] = field(default_factory=dict)


def split_lines(text: str) -> list[str]:
    """The lines of a text, whichever of the three line ends it has."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if "\r" in text else text.split("\n")


def split(text: str) -> Lines:
    """The lines of a text, all of them read, but for the parts between ``oft:off`` and ``oft:on``.

    As in OpenFastTrace, any line with the word ``oft:off`` begins such a part, and it reaches to the line with the word
    ``oft:on``, both included, or to the end of the text.
    """
    raw = split_lines(text)
    lines = [line.rstrip() for line in raw] if "\t" not in text else [line.expandtabs().rstrip() for line in raw]
    kinds = [LineKind.TEXT] * len(lines)
    if "oft:off" in text:
        _switch_off(lines, kinds)
    return Lines(raw, lines, kinds)


def _switch_off(lines: Sequence[str], kinds: list[LineKind]) -> None:
    off = False
    for number, line in enumerate(lines):
        if not off and _OFF.search(line):
            off = True
        elif off and _ON.search(line):
            off = False
            kinds[number] = LineKind.HIDDEN
        if off:
            kinds[number] = LineKind.HIDDEN


def indent(line: str) -> int:
    """By how many blanks a line is indented."""
    return len(line) - len(line.lstrip(" "))
