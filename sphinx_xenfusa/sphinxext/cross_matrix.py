"""A matrix in two dimensions: rows against columns, each hit a mark with the worst state, totals, and what was hit by nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from docutils import nodes
from sphinx.util.nodes import make_refnode

from sphinx_xenfusa.sphinxext.blocks import Cell, capitalised, count, paragraph
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.selection import Selection, Vocabulary
from sphinx_xenfusa.sphinxext.views import Views
from sphinx_xenfusa.trace.cross import (
    EVIDENCE,
    FIELDS,
    Cross,
    Meeting,
    Values,
    field_by_field,
    items_by_field,
    items_by_items,
)
from sphinx_xenfusa.trace.neighbours import Neighbours
from sphinx_xenfusa.trace.record import TracedItem
from sphinx_xenfusa.trace.states import Result

_COLUMNS = 8
"""As many stand side by side on a page."""
_MANY_NAMES = 20
"""More names than these are folded."""
_ROW_WIDTH = 30
_CELL_WIDTH = 14
_TOTAL_WIDTH = 9
_NO_HIT = "·"


def cross_of(
    rows: Sequence[TracedItem],
    everything: Sequence[TracedItem],
    selection: Selection,
    vocabulary: Vocabulary,
    neighbours: Neighbours,
) -> Cross:
    """The table that a matrix asks for.

    :param rows: the items that pass its filters.
    :param everything: all items of the record.
    """
    down, across = selection.rows, selection.across
    if down[0] in vocabulary.fields:
        values = _values(down[0], vocabulary), _values(across[0], vocabulary)
        return field_by_field(rows, *values, of_rows=down[0] in EVIDENCE)
    if across[0] in vocabulary.fields:
        return items_by_field(rows, _values(across[0], vocabulary))
    columns = [one for one in everything if one.item.tag.type in across]
    return items_by_items(rows, columns, across, neighbours)


def _values(name: str, vocabulary: Vocabulary) -> Values:
    return FIELDS[name] if name in FIELDS else lambda one: [(vocabulary.chapter(one), one.result)]


@dataclass(frozen=True)
class CrossMatrix:
    """Writes one table in two dimensions for one page."""

    views: Views
    fromdoc: str
    selection: Selection
    cross: Cross

    def show(self) -> list[nodes.Node]:
        """The rows and columns without a hit, then the tables: as many columns in each as stand side by side."""
        cross = self.cross
        of_rows, of_columns = cross.of_rows(), cross.of_columns()
        numbers = (
            f"{count(len(cross.rows), 'row')}, {count(len(cross.columns), 'column')}, {count(cross.hits, 'hit')}. "
        )
        empty_rows = [row for row in cross.rows if not of_rows[row]]
        empty_columns = [column for column in cross.columns if not of_columns[column]]
        said, folded = paragraph(numbers, classes=["xenfusa-left-out"]), list[nodes.Node]()
        for what, names, of in (("row", empty_rows, cross.rows), ("column", empty_columns, cross.columns)):
            said += self._empty(what, names, len(of))
            folded += self._folded(what, names)
        made: list[nodes.Node] = [said, *folded]
        blocks = list(cross.blocks(_COLUMNS))
        rows_named = capitalised(" and ".join(self.selection.rows))
        for number, (columns, rows) in enumerate(blocks, 1):
            part = f", part {number} of {len(blocks)}" if len(blocks) > 1 else ""
            hits = sum(of_columns[column] for column in columns)
            named = f"{rows_named} × {' and '.join(self.selection.across)}{part}"
            title = f"{named}: the worst state where they meet ({count(hits, 'hit')})"
            headings = [rows_named, *(f"{column} ({of_columns[column]:,})" for column in columns), "All hits"]
            widths = [_ROW_WIDTH, *(_CELL_WIDTH for _ in columns), _TOTAL_WIDTH]
            table = [self._row(row, columns, of_rows[row]) for row in rows]
            made.append(
                self.views.table(title, headings, widths, table, "xenfusa-cross", "xenfusa-filterable", "xenfusa-wide")
            )
        return made

    def _row(self, row: str, columns: Sequence[str], total: int) -> list[Cell]:
        cells = (self.cross.meetings.get((row, column)) for column in columns)
        marks = [
            _NO_HIT if one is None else self._mark(one, column) for one, column in zip(cells, columns, strict=True)
        ]
        return [paragraph(self._name(row)), *marks, f"{total:,}"]

    def _name(self, name: str) -> nodes.Node:
        return self.views.link(self.fromdoc, name, name) if name in self.views.traced else nodes.Text(name)

    def _mark(self, one: Meeting, column: str) -> Cell:
        """The worst result, as a link to the item of the column; several hits with their number."""
        result, words = one.worst
        state: nodes.Node = marked(result, words)
        if column in self.views.anchors:
            docname, title = self.views.anchors[column]
            words = f"{column}: {title}"
            state = make_refnode(self.views.builder, self.fromdoc, docname, column, [state], words)
        return paragraph(f"{one.number:,}: ", state) if one.number > 1 else paragraph(state)

    def _empty(self, what: str, names: Sequence[str], of: int) -> list[nodes.Node]:
        """Says which rows or columns have no hit; of many only how many they are."""
        if not names:
            return [nodes.Text(f"No {what} is without a hit. ")]
        said: list[nodes.Node] = [marked(Result.NONE, f"{len(names):,} of {count(of, what)} without a hit")]
        return [*said, nodes.Text(". " if len(names) > _MANY_NAMES else ": "), *self._names(names)]

    def _folded(self, what: str, names: Sequence[str]) -> list[nodes.Node]:
        """The names of many rows or columns without a hit."""
        if len(names) <= _MANY_NAMES:
            return []
        linked = [self._name(name) for name in names]
        parts = [part for name in linked for part in (nodes.Text(", "), name)][1:]
        return [self.views.fold(f"The {len(names):,} {what}s without a hit", [paragraph(*parts, ".")])]

    def _names(self, names: Sequence[str]) -> list[nodes.Node]:
        """The names of few, with commas between them."""
        if len(names) > _MANY_NAMES:
            return []
        parts = [part for name in names for part in (nodes.Text(", "), self._name(name))][1:]
        return [*parts, nodes.Text(". ")]
