"""Who may do what under which policy, as document nodes: what is decided otherwise than in the document first."""

from __future__ import annotations

from collections.abc import Sequence

from docutils import nodes
from sphinx.util.nodes import make_refnode

from sphinx_xenfusa.interop.typed_fields import link_of
from sphinx_xenfusa.model.policies import POLICIES
from sphinx_xenfusa.sphinxext.blocks import Cell, capitalised, count, paragraph
from sphinx_xenfusa.sphinxext.claim_places import page_of_policy, policies_with_pages
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
    found = decisions()
    differing = [row for row in found.rows if any(row.differences.values())]
    same = [row for row in found.rows if not any(row.differences.values())]
    differing.sort(key=lambda row: not row.is_unexplained)
    parts = (
        ("Who may do what otherwise than in the document?", differing),
        ("Who may do what as in the document, whatever the policy?", same),
    )
    made: list[nodes.Node] = [_what_ran(found), _totals(views, fromdoc, found)]
    made += [_table(views, fromdoc, title, rows) for title, rows in parts if rows]
    return made


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


def _totals(views: Views, fromdoc: str, found: Decisions) -> nodes.Node:
    rows: list[Sequence[Cell]] = []
    for name in POLICIES:
        if name == SPECIFICATION:
            continue
        different, unexplained = found.different[name], found.unexplained[name]
        named = sorted({one for row in found.rows for why in row.differences[name] for one in why}, key=_number)
        none = marked(Result.NONE, f"{unexplained:,} explained by no divergence") if unexplained else "none"
        words = nodes.Text(capitalised(policy_words(name)))
        rows.append((_on_page_of(views, fromdoc, name, words), f"{different:,}", none, ", ".join(named)))
    title = "How often does a policy decide otherwise than the document?"
    headings = ("Policy", "Calls decided otherwise", "Not explained", "Divergences that explain the others")
    return views.table(title, headings, (28, 16, 24, 32), rows, "xenfusa-differences")


def _table(views: Views, fromdoc: str, title: str, rows: Sequence[Row]) -> nodes.Node:
    headings = ["Operation", "Caller", *(capitalised(policy_words(name)) for name in POLICIES)]
    widths = [_OPERATION_WIDTH, _CALLERS_WIDTH, *(_POLICY_WIDTH for _ in POLICIES)]
    cells = [_row(views, fromdoc, row) for row in rows]
    caption = f"{title} ({count(len(rows), 'row')} of {len(decisions().rows):,})"
    return views.table(caption, headings, widths, cells, "xenfusa-decisions", "xenfusa-filterable", "xenfusa-wide")


def _row(views: Views, fromdoc: str, row: Row) -> list[Cell]:
    callers: list[nodes.Node] = [paragraph(caller.words) for caller in row.callers]
    cells: list[Cell] = [[_operation(views, fromdoc, row), paragraph(row.operation.hypercall)], callers]
    for name in POLICIES:
        said = answered(row.answers[name])
        said += [_difference(views, fromdoc, name, why) for why in row.differences[name]]
        cells.append(said)
    return cells


def _operation(views: Views, fromdoc: str, row: Row) -> nodes.paragraph:
    """The name, as a link to its description where the project has one."""
    name = row.operation.name
    shown: nodes.Node = nodes.literal("", name)
    place = views.objects.get(link_of(TermKind.OPERATION, name))
    return paragraph(make_refnode(views.builder, fromdoc, *place, [shown], name) if place is not None else shown)


def _difference(views: Views, fromdoc: str, policy: str, why: Explanation) -> nodes.paragraph:
    if not why:
        return paragraph(marked(Result.NONE, "differs; no divergence of the register says why"))
    said = marked(Result.DIVERGES, f"differs: {' with '.join(sorted(why, key=_number))}")
    return paragraph(_on_page_of(views, fromdoc, policy, said))


def _on_page_of(views: Views, fromdoc: str, policy: str, shown: nodes.Node) -> nodes.Node:
    """What is shown, as a link to the page of a policy where there is one: it has the divergences in words, and their traces."""
    if policy not in policies_with_pages(views.record):
        return shown
    return link_to_page(views.builder, fromdoc, page_of_policy(policy), shown)


def _number(divergence: str) -> int:
    return int(divergence[1:])
