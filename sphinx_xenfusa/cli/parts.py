"""What a command shows: texts and tables, and how they stand in plain text.

Plain text is what a file, a pipe and a continuous integration get.  It is written here and not by the library that draws on
terminals: a table of some hundred lines takes that longer than finding out what stands in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

PLAIN_WIDTH = 160
"""Characters of a line where there is no terminal to ask."""

_WORD = re.compile(r"\s*\S+\s*")
_TAB = 8


@dataclass(frozen=True, slots=True)
class Words:
    """A text as it stands; a terminal may give it a style."""

    text: str
    style: str = ""

    def lines(self, width: int) -> Iterator[str]:
        """The text in lines of at most a width."""
        return wrapped(self.text, width)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    :param right: whether it holds numbers, which stand at its right.
    :param whole: whether its cells are cut into lines only where the table does not fit otherwise.
    """

    head: str
    right: bool = False
    whole: bool = False


@dataclass
class Table:
    """A table without frames: a head, a line under it, and rows.

    :param gap: blanks between two columns, beside the one that stands there in any case.
    """

    columns: Sequence[Column]
    gap: int = 2
    rows: list[tuple[Words, ...]] = field(default_factory=list)

    def add_row(self, *cells: Words) -> None:
        """One more row."""
        self.rows.append(cells)

    def lines(self, width: int) -> Iterator[str]:
        """The table in lines of at most a width."""
        widths = self._widths(width)
        yield from self._row([column.head for column in self.columns], widths)
        last = len(widths) - 1
        yield " ".join("-" * (taken + (self.gap if i < last else 0)) for i, taken in enumerate(widths))
        for row in self.rows:
            yield from self._row([cell.text for cell in row], widths)

    def _widths(self, width: int) -> list[int]:
        """How wide each column is: as its longest line, unless the table is too wide."""
        widths = [
            max(width_of(line) for text in (column.head, *cells) for line in text.expandtabs(_TAB).split("\n"))
            for column, *cells in zip(self.columns, *([cell.text for cell in row] for row in self.rows), strict=True)
        ]
        gaps = [self.gap] * (len(widths) - 1) + [0]
        room = width - len(widths) + 1
        taken = [one + gap for one, gap in zip(widths, gaps, strict=True)]
        least = [gap + 2 for gap in gaps]  # the widest character takes two
        of_whole = [one if column.whole else few for column, one, few in zip(self.columns, taken, least, strict=True)]
        taken = _narrowed(_narrowed(taken, of_whole, room), least, room)
        return [max(one - gap, 1) for one, gap in zip(taken, gaps, strict=True)]

    def _row(self, texts: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
        cells = [list(wrapped(text, width)) for text, width in zip(texts, widths, strict=True)]
        between = " " * (self.gap + 1)
        for number in range(max(map(len, cells))):
            yield between.join(
                _padded(cell[number] if number < len(cell) else "", width, column.right)
                for cell, width, column in zip(cells, widths, self.columns, strict=True)
            )


Part = Words | Table
"""What stands below one another."""


def plain(parts: Iterable[Part], width: int = PLAIN_WIDTH) -> str:
    """Parts as text without colours, in lines of at most ``width`` characters without trailing blanks."""
    return "".join(f"{line.rstrip()}\n" for part in parts for line in part.lines(width))


def width_of(text: str) -> int:
    """How many characters of a line a text takes: an East Asian wide one takes two, one that combines with another none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.category(one) in ("Mn", "Me", "Cf") else 1 + (unicodedata.east_asian_width(one) in "WF")
        for one in text
    )


def wrapped(text: str, width: int) -> Iterator[str]:
    """A text in lines of at most a width, cut between words, and within a word only where it is longer than a line."""
    for line in text.expandtabs(_TAB).split("\n"):
        if width_of(line) <= width:
            yield line
        else:
            yield from _cut(line, width)


def _cut(line: str, width: int) -> Iterator[str]:
    begun = ""
    for word in _WORD.findall(line):
        if width_of(begun) + width_of(word.rstrip()) <= width:
            begun += word
            continue
        if begun:
            yield begun.rstrip()
        *pieces, begun = _pieces(word, width)
        yield from pieces
    yield begun.rstrip()


def _pieces(word: str, width: int) -> Iterator[str]:
    """A word in parts that fit into a line, the blanks behind it with the last."""
    end = len(word.rstrip())
    start = 0
    while width_of(word[start:end]) > width:
        stop = start + 1
        while width_of(word[start : stop + 1]) <= width:
            stop += 1
        yield word[start:stop]
        start = stop
    yield word[start:]


def _padded(text: str, width: int, right: bool) -> str:
    told = text.rstrip() if right else text
    blanks = " " * (width - width_of(told))
    return blanks + told if right else told + blanks


def _narrowed(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths that fit into a room as far as columns may shrink: always the widest of these, down to the next."""
    made = list(widths)
    while (excess := sum(made) - room) > 0:
        able = [i for i, width in enumerate(made) if width > least[i]]
        if not able:
            break
        widest = max(made[i] for i in able)
        those = [i for i in able if made[i] == widest]
        floor = max([*(made[i] for i in able if made[i] < widest), *(least[i] for i in those)])
        for number, i in enumerate(those):
            share = min(widest - floor, round(excess / (len(those) - number)))
            made[i] -= share
            excess -= share
    return made
