"""A trace as a sequence chart: a lane for each party, a row for each step, drawn when the page is built.

A chart shows what the trace says and guesses nothing.  A lane stands for whoever acts; for the target that a step names, if it
is told of in the trace; for the owner of a field that changed, where the field is named after one; and for Xen, which decides
on each operation of the catalogue.  A step that names nobody else is a mark on the lane of who took it.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from docutils import nodes

from sphinx_xenfusa.explore.trace import Step, Trace
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.blocks import count
from sphinx_xenfusa.sphinxext.drawings import drawing, element

XEN = "Xen"
PLATFORM = "platform"
"""Whose the fields are that are no domain's: the machine."""
_TARGETS = frozenset({"target", "domain", "device"})
"""The parameters that say whom a step is about."""
_SYMBOLS = {"allowed": "⇒", "denied": "⊘", "refused": "⊘", "failed": "!", "not there": "–", "impossible": "–"}
"""Of outcomes, by their first words.  None is the symbol of what passed: that a call is let through may be the fault."""
_OTHER = "•"
_STOPPED = frozenset({"denied", "refused", "failed", "not there"})
_NOT_MADE = "impossible"

_FEWEST, _WORDS = 120, 250
"""Widths of the column of words, in units of the drawing."""
_ROW, _HEAD = 38, 26
_NARROWEST, _WIDEST = 60, 150
"""Widths of a lane."""
_THIN, _SMALL, _CAPITAL, _DOUBLE = 3.9, 6.6, 8.0, 13.0
"""Widths of letters, as 12 units of a common font have them, in bold."""
_FIRST, _SECOND, _CHANGED = 13, 22, 31
"""Where in its row a step has the arrow to Xen, or to whom it is about; the arrow from Xen; the marks of what changed."""
_RING, _DASH = "a5 5 0 1 0 10 0a5 5 0 1 0-10 0", "h10"
"""A step that names nobody else, and one that was not made."""


def symbol(outcome: str) -> str:
    """The sign beside an outcome: what Xen says to a call has one of its own, everything else a dot."""
    return _SYMBOLS.get(_kind(outcome), _OTHER)


def _kind(outcome: str) -> str:
    return next((kind for kind in _SYMBOLS if outcome == kind or outcome.startswith(f"{kind}:")), "")


@functools.cache
def _decided_by_xen() -> frozenset[str]:
    """The names of the operations that Xen decides on: all of the catalogue but what a device does."""
    return frozenset(one.name for one in catalogue().operations if one.hypercall != "device")


@dataclass(frozen=True, slots=True)
class Row:
    """A step as it is drawn.

    :param by: the lane of who took it.
    :param through: Xen's lane, where Xen decides on the step; empty elsewhere.
    :param to: the lane of whom it is about; empty where the step does not say so, and where it did not get there.
    :param owners: the lanes of which fields changed, in the order of the trace.
    """

    step: Step
    by: str
    through: str
    to: str
    owners: tuple[str, ...]


def lanes_and_rows(trace: Trace) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """The lanes of a trace in their order: who acts, Xen, whom the steps are about; and what is drawn of each step."""
    acting = dict.fromkeys(step.party for step in trace.steps)
    known = {*acting, *(name for name, _ in trace.initial), PLATFORM}
    rows = tuple(_row(step, known) for step in trace.steps)
    lanes = dict.fromkeys(name for name in acting if name != XEN)
    if XEN in acting or any(row.through for row in rows):
        lanes[XEN] = None
    for row in rows:
        lanes |= dict.fromkeys(name for name in (row.to, *row.owners) if name)
    return tuple(lanes), rows


def _row(step: Step, known: Set[str]) -> Row:
    kind = _kind(step.outcome)
    made = kind != _NOT_MADE
    asked = made and step.party != XEN and step.action in _decided_by_xen()
    whom = next((value for name, value in step.parameters if name in _TARGETS and value in known), "")
    reached = made and not (asked and kind in _STOPPED)
    owners = dict.fromkeys(_owner(change.field, known) for change in step.changed)
    return Row(step, step.party, XEN if asked else "", whom if reached else "", tuple(filter(None, owners)))


def _owner(field: str, known: Set[str]) -> str:
    """Whose field it is: ``NAME: field`` is that of a party called so, as the traces of privileges write them."""
    name, divided, _ = field.partition(": ")
    return name if divided and name in known else ""


def chart(trace: Trace, name: str, words: str, alternative: Sequence[nodes.Node]) -> markup.drawing:
    """The sequence chart of a trace.

    :param name: the id of the trace on its page; the row of step n in the table has the id ``NAME-step-n``.
    :param words: what the trace is, for who does not see the chart.
    :param alternative: the table of the steps.
    """
    lanes, rows = lanes_and_rows(trace)
    said = f"A lane for each of {', '.join(lanes)}; {count(len(rows), 'step')}. The table of the steps says the same."
    width = min(_WIDEST, max(_NARROWEST, *(_width(lane) + 12 for lane in lanes)))
    lines = [_lines(number, row.step) for number, row in enumerate(rows, 1)]
    words_wide = min(_WORDS, max(_FEWEST, *(12 + _width(line) for pair in lines for line in pair)))
    places = {lane: words_wide + width * (number + 0.5) for number, lane in enumerate(lanes)}
    size = words_wide + width * len(lanes), _HEAD + _ROW * len(rows) + 4.0
    parts = [*_heads(places, width, size[1])]
    parts += [_drawn(number, row, places, name, size[0]) for number, row in enumerate(rows, 1)]
    return drawing(name, size, parts, (words, said), alternative)


def _heads(places: Mapping[str, float], width: float, height: float) -> Iterator[Element]:
    """The names of the lanes, and their lines."""
    yield element(
        "path", class_="xenfusa-lifeline", d="".join(f"M{x:g} {_HEAD - 6}V{height:g}" for x in places.values())
    )
    for lane, x in places.items():
        yield _text(lane, width - 6, x=x, y=14, class_="xenfusa-lane")


def _lines(number: int, step: Step) -> tuple[str, str]:
    """The words of a step."""
    return f"{number} {step.action}", f"{symbol(step.outcome)} {step.outcome}{_number_changed(step)}"


def _number_changed(step: Step) -> str:
    return f" ◆ {len(step.changed)} changed" if step.changed else ""


def _drawn(number: int, row: Row, places: Mapping[str, float], name: str, width: float) -> Element:
    changed = _number_changed(row.step)
    action, outcome = _lines(number, row.step)
    return element(
        "a",
        element("rect", width=width, height=_ROW),
        _text(action, _WORDS - 12, x=6, y=16, class_="xenfusa-action"),
        _text(outcome.removesuffix(changed), _WORDS - 12 - _width(changed), changed, x=6, y=31),
        element("path", d="".join(_strokes(row, places))),
        *_changed(row, places),
        href=f"#{name}-step-{number}",
        # A hundred steps are no hundred stops of the keyboard: it steps in the widget, and follows the links of the table.
        tabindex="-1",
        transform=f"translate(0 {_HEAD + _ROW * (number - 1)})",
    )


def _strokes(row: Row, places: Mapping[str, float]) -> Iterator[str]:
    """The arrows and marks of a step."""
    start, kind = places[row.by], _kind(row.step.outcome)
    if row.through:
        yield _arrow(start, places[row.through], _FIRST)
        if row.to:
            yield _arrow(places[row.through], places[row.to], _SECOND)
        elif kind in _STOPPED:
            yield _cross(places[row.through], _SECOND)
    elif row.to in ("", row.by):
        yield f"M{start - 5:g} {_FIRST}{_DASH if kind == _NOT_MADE else _RING}"
    elif kind in _STOPPED:
        halfway = (start + places[row.to]) / 2
        yield _line(start, halfway, _FIRST) + _cross(halfway, _FIRST)
    else:
        yield _arrow(start, places[row.to], _FIRST)


def _line(start: float, end: float, y: float) -> str:
    return f"M{start:g} {y:g}H{end:g}"


def _arrow(start: float, end: float, y: float) -> str:
    back = -6 if end > start else 6
    return f"{_line(start, end, y)}m{back}-4l{-back} 4l{back} 4"


def _cross(x: float, y: float) -> str:
    return f"M{x - 4:g} {y - 4:g}l8 8m0-8l-8 8"


def _changed(row: Row, places: Mapping[str, float]) -> Iterator[Element]:
    marks = "".join(f"M{places[owner] - 4:g} {_CHANGED}l4-4l4 4l-4 4z" for owner in row.owners)
    if marks:
        yield element("path", class_="xenfusa-changed", d=marks)


def _text(words: str, room: float, after: str = "", **attributes: str | float) -> Element:
    """A line of text, shortened to its room; a pointer on it is told the whole.

    :param after: what stands behind it in any case.
    """
    short = fitted(words, room)
    whole = [element("title", text=words)] if short != words else []
    return element("text", *whole, text=short + after, **attributes)


def fitted(words: str, room: float) -> str:
    """Words shortened in their middle to a width: both ends of a name tell it from others."""
    if _width(words) <= room:
        return words
    letters = max(3, int(len(words) * room / _width(words)) - 1)
    while letters > 3 and _width(words[: -(-letters // 2)] + words[-(letters // 2) :]) + _DOUBLE > room:
        letters -= 1
    return f"{words[: -(-letters // 2)]}…{words[-(letters // 2) :]}"


@functools.lru_cache(maxsize=4096)
def _width(words: str) -> float:
    return sum(map(_letter, words))


def _letter(letter: str) -> float:
    if letter < "\x7f":
        if letter in " .,:;!'()[]|-/iljtfI":
            return _THIN
        return _CAPITAL if letter.isupper() or letter in "_mw@%" else _SMALL
    return _DOUBLE if unicodedata.east_asian_width(letter) in "WF" else _CAPITAL
