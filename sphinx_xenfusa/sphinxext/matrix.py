"""The matrix: requirements as rows, what is known of each as columns.

Whatever is asked for, the state of a row is in it, and what a filter leaves out is said above the table with its states.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from docutils import nodes

from sphinx_xenfusa.sphinxext.blocks import count, paragraph
from sphinx_xenfusa.sphinxext.cross_matrix import CrossMatrix, cross_of
from sphinx_xenfusa.sphinxext.matrix_columns import Column, Columns
from sphinx_xenfusa.sphinxext.matrix_gates import gaps_of
from sphinx_xenfusa.sphinxext.path_matrix import PathMatrix
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.selection import Asked, Selection, Vocabulary, left_out, select
from sphinx_xenfusa.sphinxext.views import DESIGN_ANALYSIS, Views
from sphinx_xenfusa.trace.linker import TEST_TYPE
from sphinx_xenfusa.trace.neighbours import TEST, Neighbours
from sphinx_xenfusa.trace.record import Gate, Place, TracedItem
from sphinx_xenfusa.trace.states import Result

FILTERABLE = "xenfusa-filterable"
"""The class of tables that a reader can filter and sort."""
_WHAT = "Requirements, what confirms them and what verifies them"
_FEW_COLUMNS = 6
"""More columns than these scroll on a narrow screen."""


@dataclass(frozen=True)
class Matrix:
    """Writes matrices of one record.

    :param gates: what became of the thresholds of each matrix, by its place.
    """

    views: Views
    vocabulary: Vocabulary
    neighbours: Neighbours
    gates: Mapping[Place, Sequence[Gate]]

    def show(self, fromdoc: str, asked: Asked) -> list[nodes.Node]:
        """The tables that were asked for, with what they leave out."""
        selection, _ = select(asked, self.vocabulary)
        everything = self.views.record.items
        shown = [one for one in worst_first(everything) if selection.admits(one, self.vocabulary)]
        columns = Columns(self.views, self.vocabulary, self.neighbours, fromdoc)
        said = [_gate(gate) for gate in self.gates.get(asked.place, ())] if asked.gates else []
        if selection.misread:
            said.append(
                paragraph(marked(Result.FAILED, "not met"), ": a gate that cannot be read; the warnings say which.")
            )
        its_own = {"types"} if selection.path or selection.rows else set[str]()
        if {*selection.filters} - its_own and not selection.path:
            rest = left_out(everything, selection, self.vocabulary)
            numbers = f"{len(shown)} of {count(len(everything), 'requirement')} shown"
            said.append(_not_in_table(numbers, selection.words, rest))
        tables = self._tables(shown, selection, columns)
        return [*self.views.banners(), *said, *tables, paragraph(DESIGN_ANALYSIS)]

    def _tables(self, shown: Sequence[TracedItem], selection: Selection, columns: Columns) -> list[nodes.Node]:
        if selection.path:
            path = PathMatrix(self.views, self.neighbours, columns, selection)
            return path.show(shown, filtered=len(selection.filters) > 1)
        if selection.rows:
            cross = cross_of(shown, self.views.record.items, selection, self.vocabulary, self.neighbours)
            return CrossMatrix(self.views, columns.fromdoc, selection, cross).show()
        return (
            self._directed(shown, selection, columns)
            if selection.is_directed
            else self._plain(shown, selection, columns)
        )

    def _plain(self, shown: Sequence[TracedItem], selection: Selection, columns: Columns) -> list[nodes.Node]:
        """One table, worst row first."""
        everything = count(len(self.views.record.items), "requirement")
        title = f"{_WHAT} ({everything}, worst first)"
        if selection.filters:
            title = f"{_WHAT} ({len(shown)} of {everything} shown: {selection.words}; worst first)"
        return [self._table(title, _columns(selection, columns), shown)]

    def _directed(self, shown: Sequence[TracedItem], selection: Selection, columns: Columns) -> list[nodes.Node]:
        """The items that lack something that the matrix asks for, then the others, each with what is above and below."""
        lacking = gaps_of(shown, selection, self.neighbours)
        selection = self._with_types(selection, shown)
        parts = (
            ("Uncovered", "with something lacking", [one for one in shown if str(one.item.tag) in lacking]),
            ("Covered", "with nothing lacking", [one for one in shown if str(one.item.tag) not in lacking]),
        )
        chosen = _columns(selection, columns)
        everything = count(len(self.views.record.items), "requirement")
        made: list[nodes.Node] = []
        for heading, words, items in parts:
            made.append(nodes.rubric("", f"{heading}: {len(items):,} of {len(shown):,}"))
            if items:
                whom = f"{selection.words}; " if selection.filters else ""
                title = f"{_directions(selection)} ({len(items)} of {everything}: {whom}{words}; worst first)"
                made.append(self._table(title, chosen, items))
            else:
                made.append(paragraph("None."))
        return made

    def _with_types(self, selection: Selection, shown: Iterable[TracedItem]) -> Selection:
        """Empty directions filled with the types that are needed or there."""
        if selection.covered_by != ():
            return selection
        found = {need for one in shown for need in one.item.needs}
        found |= {each.type for one in shown for each in self.neighbours.covered_by(str(one.item.tag))}
        steps = [step for step in self.vocabulary.steps if step in found]
        tests = [TEST] if any(one.test is not None or TEST_TYPE in one.item.needs for one in shown) else []
        return replace(selection, covered_by=(*steps, *tests))

    def _table(self, title: str, columns: Sequence[Column], items: Sequence[TracedItem]) -> nodes.Node:
        rows = [[column.cell(one) for column in columns] for one in items]
        wide = ["xenfusa-wide"] if len(columns) > _FEW_COLUMNS else []
        headings, widths = [one.heading for one in columns], [one.width for one in columns]
        return self.views.table(title, headings, widths, rows, "xenfusa-matrix", FILTERABLE, *wide)


_MET = {
    True: (Result.PASSED, "met"),
    False: (Result.FAILED, "not met"),
    None: (Result.NOT_APPLICABLE, "n/a, no such item"),
}


def _gate(gate: Gate) -> nodes.Node:
    """What became of a threshold, in a line."""
    justified = f", {gate.justified:,} more justified" if gate.justified else ""
    words = f"{gate.name.partition(': ')[2]}; found {gate.counted:,} of {gate.of:,}{justified} ({gate.words})."
    return paragraph(marked(*_MET[gate.met]), f": gate {words}", classes=["xenfusa-gate"])


def _columns(selection: Selection, columns: Columns) -> list[Column]:
    """What is above an item, its own columns, what is below it, and its state at the end."""
    with_state = "state" in selection.columns
    own = [columns.of(name, with_state) for name in selection.columns]
    if not selection.is_directed:
        return own
    state = [columns.of("state", with_state)] if with_state else []
    own = [columns.of(name, with_state) for name in selection.columns if name != "state"]
    above = [columns.covered(step) for step in selection.covers or ("",)] if selection.covers is not None else []
    below = [columns.covering(step) for step in selection.covered_by or ()]
    return [own[0], *above, *own[1:], *below, *state]


def _directions(selection: Selection) -> str:
    words = []
    if selection.covers is not None:
        words.append("what requirements cover")
    if selection.covered_by is not None:
        words.append("what covers them" if words else "What covers requirements")
    return " and ".join(words)[:1].upper() + " and ".join(words)[1:]


def worst_first(items: Iterable[TracedItem]) -> list[TracedItem]:
    """Items in the order of every matrix."""
    order = list(Result)
    return sorted(items, key=lambda one: (order.index(one.result), one.item.tag))


def _not_in_table(numbers: str, filters: str, rest: dict[Result, int]) -> nodes.Node:
    """What a filtered table does not show, with the states."""
    line = paragraph(f"{numbers}: {filters}. ", classes=["xenfusa-left-out"])
    if not any(rest.values()):
        line += nodes.Text("Nothing is left out.")
        return line
    line += nodes.Text(f"{count(sum(rest.values()), 'other is', 'others are')} not in this table: ")
    parts = [marked(result, f"{rest[result]} {result.value}") for result in Result if rest[result]]
    for number, part in enumerate(parts):
        line += [nodes.Text(", "), part] if number else [part]
    line += nodes.Text(".")
    return line
