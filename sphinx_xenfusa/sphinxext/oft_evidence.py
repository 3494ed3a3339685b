"""What is known of one item of Xen's own documents, as a line after it that unfolds.

The line says state and coverage; unfolded, it links to what the item covers and to what covers it, and shows its tests.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from docutils import nodes

from sphinx_xenfusa.sphinxext.card import Cards
from sphinx_xenfusa.sphinxext.phrases import SYMBOLS, Code, Fact, Phrase, State
from sphinx_xenfusa.sphinxext.views import Views, meaning
from sphinx_xenfusa.trace.record import Link, TracedItem
from sphinx_xenfusa.trace.states import Coverage, LinkStatus

COVERAGE_SYMBOLS = {Coverage.UNCOVERED: "∅", Coverage.CYCLE: "↻", Coverage.COVERED: "✓"}


@dataclass(frozen=True)
class OftEvidence:
    """Shows evidence out of the links of a record.

    :param outgoing: the links by the tag that covers.
    :param incoming: the links by the tag that is covered.
    """

    outgoing: Mapping[str, Sequence[Link]]
    incoming: Mapping[str, Sequence[Link]]

    @classmethod
    def of(cls, links: Iterable[Link]) -> OftEvidence:
        """Evidence out of some links; those from claims and tests stand elsewhere."""
        outgoing: defaultdict[str, list[Link]] = defaultdict(list)
        incoming: defaultdict[str, list[Link]] = defaultdict(list)
        for link in links:
            if link.type == "covers":
                outgoing[link.source].append(link)
                incoming[link.target].append(link)
        return cls(dict(outgoing), dict(incoming))

    def around(self, tag: str) -> tuple[Link, ...]:
        """The links that the evidence of an item shows."""
        return (*self.outgoing.get(tag, ()), *self.incoming.get(tag, ()))

    def show(self, cards: Cards, fromdoc: str, tag: str) -> list[nodes.Node]:
        """The evidence of an item; nothing where the record has no such item."""
        views = cards.views
        traced = views.traced.get(tag)
        if traced is None:
            return []
        facts: list[Fact] = [
            ("State", [State(traced.result), f" — {meaning(traced)}."]),
            ("Covers", self._links(views, self.outgoing.get(tag, ()), "target")),
            ("Needs", [views.needs_words(traced)] if traced.item.needs else []),
            ("Covered by", self._links(views, self.incoming.get(tag, ()), "source")),
            ("Fingerprint", [Code(traced.fingerprint[:16])]),
        ]
        made = nodes.container(classes=["xenfusa-evidence", "xenfusa-oft-evidence"])
        made += views.fold(_heading(traced), [*views.said(fromdoc, (), facts), *cards.tests(fromdoc, traced)])
        return [made]

    def _links(self, views: Views, links: Iterable[Link], end: str) -> list[Phrase]:
        """Links to one end of each link, with the status of those that do not count."""
        statuses: dict[str, list[str]] = {}
        for link in links:
            tag = link.target if end == "target" else link.source
            statuses.setdefault(tag, []).extend([] if link.status is LinkStatus.COVERS else [link.status.value])
        made: list[Phrase] = []
        for tag, words in statuses.items():
            made += [", ", views.ref(tag, tag)] if made else [views.ref(tag, tag)]
            if words:
                made.append(f" ({', '.join(words)})")
        return made


def _heading(traced: TracedItem) -> str:
    """State and coverage in a line, each as symbol and word."""
    coverage = f"{COVERAGE_SYMBOLS[traced.coverage]} {traced.coverage.value}"
    if traced.uncovered:
        coverage += f" ({', '.join(traced.uncovered)} lacking)"
    elif traced.coverage is Coverage.UNCOVERED:
        coverage += " (what covers it lacks coverage)"
    return f"Evidence: {SYMBOLS[traced.result]} {traced.result.value}; coverage: {coverage}"
