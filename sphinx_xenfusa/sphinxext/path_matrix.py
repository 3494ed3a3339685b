"""A matrix along a path of types: a row for each chain of items, those with a gap first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from docutils import nodes

from sphinx_xenfusa.sphinxext.blocks import Cell, count, paragraph
from sphinx_xenfusa.sphinxext.matrix_columns import NOT_NEEDED, Columns, missing
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.selection import Selection
from sphinx_xenfusa.sphinxext.views import Views
from sphinx_xenfusa.trace.chains import Chain, Chains, evidence_of, item_types, worst_first
from sphinx_xenfusa.trace.neighbours import CLAIM, Neighbours, lacks
from sphinx_xenfusa.trace.record import TracedItem
from sphinx_xenfusa.trace.states import Result

_ITEM_WIDTH = 26
_EVIDENCE_WIDTH = 22
_WORST_WIDTH = 15
_FEW_COLUMNS = 4
_EMPTY = ""


@dataclass(frozen=True)
class PathMatrix:
    """Writes the chains of one path for one page."""

    views: Views
    neighbours: Neighbours
    columns: Columns
    selection: Selection

    def show(self, starts: Sequence[TracedItem], filtered: bool) -> list[nodes.Node]:
        """The chains with a gap, those that begin below the first type, the others; what stands on no chain.

        :param starts: the items of the first type that are asked for.
        :param filtered: whether these are not all of that type; then nothing is said of items that nothing leads to.
        """
        path = self.selection.path
        chains = Chains(self.views.record.items, self.neighbours, path)
        found = chains.found([str(one.item.tag) for one in starts], with_rootless=not filtered)
        first = item_types(path)[0]
        parts = (
            ("With a gap", [one for one in found.chains if one.has_gap and not one.first]),
            (f"Below no {first}", [one for one in found.chains if one.first]),
            ("Without a gap", [one for one in found.chains if not one.has_gap and not one.first]),
        )
        made = [self._numbers(found.chains, len(starts), len(found.gaps))]
        if found.cut:
            words = "What is below an item that several others share stands in one chain only: there would be too many."
            made.append(paragraph(words))
        for heading, part in parts:
            made.append(nodes.rubric("", f"{heading}: {count(len(part), 'chain')} of {len(found.chains):,}"))
            made.append(self._table(heading, part) if part else paragraph("None."))
        return made

    def _numbers(self, chains: Sequence[Chain], starts: int, gaps: int) -> nodes.Node:
        """How many items of the first type have a gap below them, and how many items stand on no chain."""
        types = item_types(self.selection.path)
        shown = {tag for chain in chains for tag in chain.tags if tag is not None}
        rest = Counter(one.item.tag.type for one in self.views.record.items if str(one.item.tag) not in shown)
        filters = f" ({self.selection.words})" if len(self.selection.filters) > 1 else ""
        state = (
            marked(Result.NONE, f"a gap below {gaps:,} of {starts:,} {types[0]}")
            if gaps
            else f"No gap below {starts:,} {types[0]}"
        )
        left = ", ".join(f"{number:,} {type_}" for type_, number in sorted(rest.items()))
        words = f"{filters}. On these chains: {count(len(shown), 'requirement')} of {len(self.views.record.items):,}"
        return paragraph(state, f"{words}; not on them: {left or 'none'}.", classes=["xenfusa-left-out"])

    def _table(self, heading: str, chains: Sequence[Chain]) -> nodes.Node:
        types = item_types(self.selection.path)
        headings, widths = [], []
        for position, type_ in enumerate(types):
            headings.append(type_)
            widths.append(_ITEM_WIDTH)
            for step in evidence_of(self.selection.path, position):
                headings.append("Claims" if step == CLAIM else "Tests")
                widths.append(_EVIDENCE_WIDTH)
        names = Counter(headings)
        headings = [self._told(one, number, names, headings, types) for number, one in enumerate(headings)]
        rows = [self._row(chain, types) for chain in worst_first(chains)]
        which = f"{heading[:1].lower()}{heading[1:]} ({count(len(chains), 'chain')}, worst first)"
        title = f"{' → '.join(self.selection.path)}, {which}"
        wide = ["xenfusa-wide"] if len(headings) >= _FEW_COLUMNS else []
        return self.views.table(
            title, [*headings, "Worst"], [*widths, _WORST_WIDTH], rows, "xenfusa-path", "xenfusa-filterable", *wide
        )

    @staticmethod
    def _told(word: str, number: int, names: Counter[str], headings: Sequence[str], types: Sequence[str]) -> str:
        """A heading; claims or tests that stand there more than once, with whose they are."""
        if names[word] == 1 or word in types:
            return word
        whose = next(one for one in reversed(headings[:number]) if one in types)
        return f"{word} of {whose}"

    def _row(self, chain: Chain, types: Sequence[str]) -> list[Cell]:
        cells: list[Cell] = []
        for position, tag in enumerate(chain.tags):
            evidence = evidence_of(self.selection.path, position)
            if tag is None:
                cells += [self._empty(chain, position, types), *(_EMPTY for _ in evidence)]
                continue
            one = self.views.traced[tag]
            broken = chain.broken if position == chain.last else ""
            cells.append(self._item(one, broken, chain.again and position == chain.last))
            for step in evidence:
                if broken:
                    cells.append(_EMPTY)
                else:
                    cells.append(self.columns.claims_cell(one) if step == CLAIM else self.columns.tests_cell(one))
        return [*cells, marked(chain.worst)]

    def _item(self, one: TracedItem, broken: str, again: bool) -> Cell:
        state = marked(Result.STALE if broken == "suspect" else Result.NONE, broken) if broken else marked(one.result)
        more = [paragraph("what is below it stands in another row")] if again else []
        return [paragraph(self.columns.item(str(one.item.tag))), paragraph(one.item.title), paragraph(state), *more]

    def _empty(self, chain: Chain, position: int, types: Sequence[str]) -> Cell:
        """Why a chain has no item of a type: above its first, between two, or below its last."""
        if position < chain.first:
            return paragraph(marked(Result.NONE, f"covers no {types[position]}"))
        if position < chain.last:
            return paragraph(marked(Result.NONE, f"no {types[position]} between"))
        if chain.broken or chain.again:
            return _EMPTY
        tag = chain.tags[chain.last]
        one = self.views.traced[tag] if tag is not None else None
        if one is not None and lacks(one, types[position]):
            return paragraph(missing(one, types[position]))
        return NOT_NEEDED if position == chain.last + 1 else _EMPTY
