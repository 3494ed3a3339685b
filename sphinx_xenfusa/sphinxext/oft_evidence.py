"""What is known of one item of Xen's own documents, as a line after it that unfolds.

The line says state and coverage, and below it stands what must not be overlooked; unfolded, it shows the rest.
"""

from __future__ import annotations

from docutils import nodes

from sphinx_xenfusa.sphinxext.card import Cards
from sphinx_xenfusa.sphinxext.phrases import SYMBOLS
from sphinx_xenfusa.trace.record import TracedItem
from sphinx_xenfusa.trace.states import Coverage

_NOT_COVERED = {Coverage.UNCOVERED: "∅ uncovered", Coverage.CYCLE: "↻ cycle"}


def coverage_words(traced: TracedItem) -> str:
    """The deep coverage of an item, without a tick: it is a matter of links alone, whatever ran and whatever came of it."""
    covered = "covered (as linked)" if traced.item.needs else "needs nothing"
    return _NOT_COVERED.get(traced.coverage, covered)


def oft_evidence(cards: Cards, fromdoc: str, tag: str) -> list[nodes.Node]:
    """The evidence of an item; nothing where the record has no such item."""
    traced = cards.views.traced.get(tag)
    return [] if traced is None else [cards.brief(fromdoc, traced, _heading(traced))]


def _heading(traced: TracedItem) -> str:
    """State and coverage in a line."""
    coverage = coverage_words(traced)
    if traced.uncovered:
        coverage += f" ({', '.join(traced.uncovered)} lacking)"
    elif traced.coverage is Coverage.UNCOVERED:
        coverage += " (what covers it lacks coverage)"
    return f"Evidence: {SYMBOLS[traced.result]} {traced.result.value}; coverage: {coverage}"
