"""Plots: bars of states that stand above the numbers that they show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element

from docutils import nodes

from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.drawings import drawing, element
from sphinx_xenfusa.sphinxext.phrases import SYMBOLS
from sphinx_xenfusa.trace.states import Result

WIDTH = 300
"""Of the longest bar in a table, in units of the drawing."""
HEIGHT = 12
_LEAST = 4
"""The width of the smallest part: what is one of ten thousand is seen all the same."""
_ROOM = 12
"""The width from which on a part has room for its symbol."""

_STEP = 9
"""Between the lines of a pattern."""
_HATCHED = frozenset({Result.FAILED, Result.ERROR})
_STRIPED = frozenset({Result.INCONCLUSIVE, Result.DIVERGES, Result.STALE, Result.PARTIAL})


class Piece(NamedTuple):
    """A part of a bar.

    :param look: the state whose colour and pattern it has.
    """

    number: int
    words: str
    symbol: str
    look: Result


def bar(
    name: str,
    of: str,
    numbers: Mapping[Result, int],
    most: int,
    alternative: Sequence[nodes.Node],
    width: int = WIDTH,
) -> markup.drawing:
    """A bar of states, worst first: what failed is hatched, what needs care is striped, what is not known is hollow.

    :param name: unique on its page.
    :param of: what the numbers are of.
    :param most: the number that has the whole width.
    :param alternative: the numbers in words; in HTML they stand below the bar.
    """
    pieces = [Piece(numbers[one], one.value, SYMBOLS[one], one) for one in Result if numbers.get(one)]
    return bar_of(name, f"States of {of}", pieces, most, alternative, width)


def bar_of(
    name: str, title: str, pieces: Sequence[Piece], most: int, alternative: Sequence[nodes.Node], width: int = WIDTH
) -> markup.drawing:
    """A bar of any pieces, in their order; the numbers of its alternative stand below it."""
    parts = list(_parts(pieces, most, width))
    return drawing(name, (width, HEIGHT), parts, (title, "Its numbers are written below it."), alternative)


def _parts(pieces: Sequence[Piece], most: int, whole: int) -> Iterator[Element]:
    left = 0.0
    for piece, width in zip(pieces, _widths([one.number for one in pieces], most, whole), strict=True):
        inner = [element("title", text=f"{piece.number:,} {piece.words}")]
        inner.append(element("rect", x=left, y=0, width=max(width - 1, 1), height=HEIGHT))
        inner += [_line(piece.look, x) for x in _lines(piece.look, left, width)]
        if width >= _ROOM:
            inner.append(element("text", text=piece.symbol, x=left + width / 2, y=HEIGHT - 2.5, text_anchor="middle"))
        yield element("g", *inner, class_=f"xenfusa-part xenfusa-part-{piece.look.value.replace(' ', '-')}")
        left += width


def _line(result: Result, x: float) -> Element:
    """A line of a pattern: upright for what needs care, slanted for what failed."""
    if result in _STRIPED:
        return element("line", x1=x, y1=0, x2=x, y2=HEIGHT)
    return element("line", x1=x, y1=HEIGHT, x2=x + _STEP, y2=0)


def _lines(result: Result, left: float, width: float) -> Iterator[float]:
    """Where the lines of a part's pattern begin; none close to its symbol."""
    if result not in _HATCHED | _STRIPED:
        return
    middle, x = left + width / 2, left + 2
    while x + _STEP < left + width - 1:
        if width < _ROOM or abs(x + _STEP / 2 - middle) > _ROOM * 0.75:
            yield x
        x += _STEP


def widths(numbers: Mapping[Result, int], most: int, longest: float = WIDTH) -> list[tuple[Result, float]]:
    """How wide each part is, worst first: as its number is of the most, but none so narrow that it is not seen."""
    shown = [result for result in Result if numbers.get(result)]
    return list(zip(shown, _widths([numbers[one] for one in shown], most, longest), strict=True))


def _widths(numbers: Sequence[int], most: int, longest: float) -> list[float]:
    total = sum(numbers)
    whole = longest * min(total / most, 1.0) if most else 0.0
    wanted = [max(whole * number / total, _LEAST) for number in numbers]
    # What the small ones were given more than their share is taken from the others.
    over = sum(wanted) - max(whole, _LEAST * len(wanted))
    spare = sum(width - _LEAST for width in wanted)
    if over <= 0 or spare <= 0:
        return wanted
    return [width - over * (width - _LEAST) / spare for width in wanted]
