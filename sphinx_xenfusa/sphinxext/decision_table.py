"""Who may do what under which policy, as document nodes: what is decided otherwise than in the document first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from docutils import nodes
from sphinx.util.nodes import make_refnode

from sphinx_xenfusa.interop.typed_fields import link_of
from sphinx_xenfusa.model.policies import POLICIES
from sphinx_xenfusa.sphinxext.blocks import Cell, capitalised, count, paragraph
from sphinx_xenfusa.sphinxext.claim_places import (
    divergences_with_places,
    diverging,
    page_of_policy,
    policies_with_pages,
)
from sphinx_xenfusa.sphinxext.decisions import Decisions, Explanation, Row, decisions
from sphinx_xenfusa.sphinxext.objects import answered
from sphinx_xenfusa.sphinxext.page_names import link_to_page
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.views import Views, policy_words
from sphinx_xenfusa.terms.callers import CALLERS
from sphinx_xenfusa.terms.term import TermKind
from sphinx_xenfusa.trace.assemble import SPECIFICATION
from sphinx_xenfusa.trace.states import Result

_OPERATION_WIDTH = 28
_CALLERS_WIDTH = 20
_POLICY_WIDTH = 20


def decision_nodes(views: Views, fromdoc: str) -> list[nodes.Node]:
    """What was decided and how often it differs; the rows with a difference; the others."""
    return _Page(views, fromdoc, decisions(), divergences_with_places(views.record)).show()


@dataclass(frozen=True)
class _Page:
    """Writes the decisions on one page.

    :param places: the policies and the divergences of which the page of the policy tells.
    """

    views: Views
    fromdoc: str
    found: Decisions
    places: frozenset[tuple[str, str]]

    def show(self) -> list[nodes.Node]:
        """All of it."""
        differing = [row for row in self.found.rows if any(row.differences.values())]
        same = [row for row in self.found.rows if not any(row.differences.values())]
        differing.sort(key=lambda row: not row.is_unexplained)
        parts = (
            ("Who may do what otherwise than in the document?", differing),
            ("Who may do what as in the document, whatever the policy?", same),
        )
        made: list[nodes.Node] = [_what_ran(self.found), self._totals()]
        made += [self._table(title, rows) for title, rows in parts if rows]
        return made

    def _totals(self) -> nodes.Node:
        rows: list[Sequence[Cell]] = []
        for name in POLICIES:
            if name == SPECIFICATION:
                continue
            told = {why for row in self.found.rows for why in row.differences[name]}
            named = sorted({one for why in told for one in why}, key=_number)
            unexplained = self.found.unexplained[name]
            none = marked(Result.NONE, f"{unexplained:,} explained by nothing") if unexplained else "none"
            words = self._on_page_of(name, nodes.Text(capitalised(policy_words(name))))
            rows.append((words, f"{self.found.different[name]:,}", ", ".join(named), none))
        title = "How often does a policy decide otherwise than the document?"
        headings = ("Policy", "Calls decided otherwise", "Divergences that explain them", "Not explained")
        return self.views.table(title, headings, (30, 18, 32, 20), rows, "xenfusa-differences")

    def _table(self, title: str, rows: Sequence[Row]) -> nodes.Node:
        headings = ["Operation", "Caller", *(capitalised(policy_words(name)) for name in POLICIES)]
        widths = [_OPERATION_WIDTH, _CALLERS_WIDTH, *(_POLICY_WIDTH for _ in POLICIES)]
        caption = f"{title} ({count(len(rows), 'row')} of {len(self.found.rows):,})"
        cells = [self._row(row) for row in rows]
        classes = ("xenfusa-decisions", "xenfusa-filterable", "xenfusa-wide")
        return self.views.table(caption, headings, widths, cells, *classes)

    def _row(self, row: Row) -> list[Cell]:
        callers: list[nodes.Node] = [paragraph(caller.words) for caller in row.callers]
        cells: list[Cell] = [[self._operation(row), paragraph(row.operation.hypercall)], callers]
        for name in POLICIES:
            said = answered(row.answers[name])
            said += [self._difference(name, why) for why in row.differences[name]]
            cells.append(said)
        return cells

    def _operation(self, row: Row) -> nodes.paragraph:
        """The name, as a link to its description where the project has one."""
        name = row.operation.name
        shown: nodes.Node = nodes.literal("", name)
        place = self.views.objects.get(link_of(TermKind.OPERATION, name))
        if place is not None:
            shown = make_refnode(self.views.builder, self.fromdoc, *place, [shown], name)
        return paragraph(shown)

    def _difference(self, policy: str, why: Explanation) -> nodes.paragraph:
        """That a policy decides otherwise, with the divergences, each a link to where it is told of."""
        entries = sorted(why, key=_number)
        if not entries:
            return paragraph(marked(Result.NONE, "differs; nothing says why"))
        if all((policy, one) in self.places for one in entries):
            return paragraph(diverging(self.views.builder, self.fromdoc, policy, entries, "differs: ", " with "))
        said = marked(Result.DIVERGES, f"differs: {' with '.join(entries)}")
        return paragraph(self._on_page_of(policy, said))

    def _on_page_of(self, policy: str, shown: nodes.Node) -> nodes.Node:
        """What is shown, as a link to the page of a policy where there is one."""
        if policy not in policies_with_pages(self.views.record):
            return shown
        return link_to_page(self.views.builder, self.fromdoc, page_of_policy(policy), shown)


def _what_ran(found: Decisions) -> nodes.Node:
    callers = ", ".join(caller.words for caller in CALLERS)
    operations = len({row.operation.name for row in found.rows})
    return paragraph(
        f"What ran: in this build the decision functions of the {len(POLICIES)} policies took {count(found.taken, 'decision')}, "
        f"for {count(operations, 'operation')} that Xen has a handler for, of {count(len(CALLERS), 'caller')} ({callers}) "
        "towards each domain that matters to one of them. The arguments are well-formed. A call that is let through may still "
        "fail: only the decision is shown. Where a policy decides otherwise than the document, it was asked again with its "
        "divergences repaired, and those named are what it takes for the difference to go away."
    )


def _number(divergence: str) -> int:
    return int(divergence[1:])
