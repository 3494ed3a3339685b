"""A matrix in two dimensions: items or values of a field against items, values of a field, methods or targets.

Every place where a row and a column meet is a hit with a result; hits are counted, so that the work is linear in items and
links.  A row or a column without one is named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sphinx_xenfusa.trace.neighbours import Neighbours
from sphinx_xenfusa.trace.record import TracedItem
from sphinx_xenfusa.trace.states import Result, worst

NOT_SAID = "not said"
"""The value of a field of which an item says nothing."""

Values = Callable[[TracedItem], Iterable[tuple[str, Result]]]
"""The values that an item has in a dimension, each with what it comes to there."""


def _said(value: Callable[[TracedItem], str]) -> Values:
    return lambda one: [(value(one) or NOT_SAID, one.result)]


FIELDS: Mapping[str, Values] = {
    "type": _said(lambda one: one.item.tag.type),
    "kind": _said(lambda one: one.item.kind.value if one.item.kind else "none"),
    "state": _said(lambda one: one.result.value),
    "coverage": _said(lambda one: one.coverage.value),
    "level": _said(lambda one: one.item.level),
    "owner": _said(lambda one: one.item.owner),
    "origin": _said(lambda one: one.item.origin),
    "method": lambda one: [(each.method, each.result) for each in one.methods],
    "target": lambda one: [(each.target or NOT_SAID, each.result) for each in one.targets],
}
"""The dimensions that are no items; a chapter is one too, which the caller knows."""
EVIDENCE = ("method", "target")
"""Those that have results of their own."""


@dataclass(slots=True)
class Meeting:
    """Where a row and a column meet.

    :param words: the status of a link that does not count; empty if it does, and for fields.
    """

    number: int = 0
    results: list[tuple[Result, str]] = field(default_factory=list)

    @property
    def worst(self) -> tuple[Result, str]:
        """The worst result, with the status of the link if that is why."""
        state = worst(result for result, _ in self.results)
        return next(one for one in self.results if one[0] is state)


@dataclass(frozen=True)
class Cross:
    """A table in two dimensions.

    :param rows: all rows, those without a hit too; the same of the columns.
    :param meetings: by row and column.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    meetings: Mapping[tuple[str, str], Meeting]

    @property
    def hits(self) -> int:
        """All of them."""
        return sum(one.number for one in self.meetings.values())

    def of_rows(self) -> Counter[str]:
        """The hits of each row."""
        return _summed((row, one.number) for (row, _), one in self.meetings.items())

    def of_columns(self) -> Counter[str]:
        """The hits of each column."""
        return _summed((column, one.number) for (_, column), one in self.meetings.items())

    def blocks(self, width: int) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Columns side by side, at most so many, with their rows.

        A single block has all rows; of several each has those with a hit in it, so that all together are no larger than the hits.
        """
        if len(self.columns) <= width:
            yield self.columns, self.rows
            return
        place = {column: number // width for number, column in enumerate(self.columns)}
        hit: dict[int, set[str]] = {}
        for row, column in self.meetings:
            hit.setdefault(place[column], set()).add(row)
        order = {row: number for number, row in enumerate(self.rows)}
        for number, rows in sorted(hit.items()):
            yield self.columns[number * width : (number + 1) * width], tuple(sorted(rows, key=order.__getitem__))


def _summed(numbers: Iterable[tuple[str, int]]) -> Counter[str]:
    made: Counter[str] = Counter()
    for name, number in numbers:
        made[name] += number
    return made


def items_by_items(
    rows: Sequence[TracedItem], columns: Sequence[TracedItem], types: Sequence[str], neighbours: Neighbours
) -> Cross:
    """Items against the items that cover them or that they cover; what is named and is not there is a column too.

    :param types: those of the columns.
    """
    meetings: dict[tuple[str, str], Meeting] = {}
    names = [str(one.item.tag) for one in columns]
    known = set(names)
    for one in rows:
        tag = str(one.item.tag)
        found = [(each.tag, each.result, each.words) for each in neighbours.covered_by(tag) if each.type in types]
        # Of a link upwards the state is that of the row: it is the row that answers for what it covers.
        above = (each for each in neighbours.covers(tag) if each.type in types)
        found += [(each.tag, each.result if each.words else one.result, each.words) for each in above]
        for other, result, words in found:
            if other not in known:
                known.add(other)
                names.append(other)
            _meet(meetings, tag, other, result, words)
    return Cross(tuple(str(one.item.tag) for one in rows), tuple(names), meetings)


def items_by_field(rows: Sequence[TracedItem], across: Values) -> Cross:
    """Items against the values that they have."""
    meetings: dict[tuple[str, str], Meeting] = {}
    for one in rows:
        for value, result in across(one):
            _meet(meetings, str(one.item.tag), value, result, "")
    return Cross(tuple(str(one.item.tag) for one in rows), _values(rows, across), meetings)


def field_by_field(items: Sequence[TracedItem], down: Values, across: Values, of_rows: bool) -> Cross:
    """The values of a field against those of another.

    :param of_rows: whether the results are those of the rows; else those of the columns.
    """
    meetings: dict[tuple[str, str], Meeting] = {}
    for one in items:
        for row, of_row in down(one):
            for column, of_column in across(one):
                _meet(meetings, row, column, of_row if of_rows else of_column, "")
    return Cross(_values(items, down), _values(items, across), meetings)


def _values(items: Iterable[TracedItem], values: Values) -> tuple[str, ...]:
    """All values, sorted; states worst first, as everywhere."""
    found = {value for one in items for value, _ in values(one)}
    order = {result.value: place for place, result in enumerate(Result)}
    return tuple(sorted(found, key=order.__getitem__ if found <= order.keys() else None))


def _meet(meetings: dict[tuple[str, str], Meeting], row: str, column: str, result: Result, words: str) -> None:
    meeting = meetings.setdefault((row, column), Meeting())
    meeting.number += 1
    meeting.results.append((result, words))
