"""The totals of the record as document nodes: requirements by state and kind, verdicts, reports, findings.

Every number and word here is read from the record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from docutils import nodes
from sphinx.util.nodes import make_refnode

from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.sphinxext.case_places import link_to_index, link_to_report
from sphinx_xenfusa.sphinxext.claim_places import link_to_policy, policies_with_pages
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.registers import findings, justified, suppressed
from sphinx_xenfusa.sphinxext.unclaimed_list import documents
from sphinx_xenfusa.sphinxext.views import (
    MEANINGS,
    Cell,
    Views,
    capitalised,
    case_counts,
    paragraph,
    policy_words,
)
from sphinx_xenfusa.trace.record import Gate
from sphinx_xenfusa.trace.states import RESULT_OF_VERDICT, ItemKind, Result
from sphinx_xenfusa.trace.test_lists import beside_words

MEANING_BESIDE = (
    "what ran of what checks it could have failed and did not; some of its tests did not run, or not on every target"
)
"""What *passed* means of requirements of which not everything ran."""


def summary(views: Views, fromdoc: str) -> list[nodes.Node]:
    """Requirements by state and kind, verdicts by policy, test reports."""
    record = views.record
    totals = [states_table(views, "xenfusa-totals"), _kinds(views), *gates(views, fromdoc)]
    totals += justified(views, fromdoc) if record.justifications else []
    totals += [*verdict_totals(views, fromdoc), *_report_totals(views, fromdoc), *documents(views)]
    totals += suppressed(views, fromdoc) if record.suppressed else []
    totals += findings(views, fromdoc) if record.findings else []
    return [*views.banners(), *totals]


def states_table(views: Views, name: str) -> nodes.Node:
    """How many requirements are in which state, and what that means.

    :param name: the class of the table.
    """
    counts = Counter(one.result for one in views.record.items)
    beside = sum(one.result is Result.PASSED and bool(beside_words(one)) for one in views.record.items)
    meanings = MEANINGS | ({Result.PASSED: f"{MEANING_BESIDE}, for {beside:,} of them"} if beside else {})
    rows: list[Sequence[Cell]] = [
        (marked(result), str(counts[result]), meanings[result]) for result in Result if counts[result]
    ]
    total = len(views.record.items)
    rows.append((nodes.strong("", "all"), str(total), ""))
    title = f"Requirements by state: {counts[Result.PASSED]} of {total} passed" if total else "Requirements: none"
    return views.table(title, ("State", "Number", "Meaning"), (26, 16, 58), rows, name)


def _kinds(views: Views) -> nodes.Node:
    counts = Counter((one.item.kind, one.result) for one in views.record.items)
    results = [result for result in Result if any(counts[kind, result] for kind in (*ItemKind, None))]
    rows: list[Sequence[Cell]] = []
    for kind in (*ItemKind, None):
        numbers = [counts[kind, result] for result in results]
        if any(numbers):
            name = kind.value if kind is not None else "no kind"
            rows.append((name, *(str(number or "–") for number in numbers), str(sum(numbers))))
    headings = ("Kind", *(result.value for result in results), "All")
    widths = (28, *(60 // max(len(results), 1) for _ in results), 12)
    return views.table("Requirements by kind and state", headings, widths, rows, "xenfusa-kinds")


def gates(views: Views, fromdoc: str) -> list[nodes.Node]:
    """The thresholds of the tracing policy and of matrices, those not met first; of no item the share is not a number."""
    if not views.record.gates:
        return []
    rows: list[Sequence[Cell]] = []
    for gate in sorted(views.record.gates, key=lambda one: one.met is not False):
        number = f"{gate.counted} of {gate.of}" if gate.of else "n/a: no such item"
        if gate.justified:
            number += f"; {gate.justified} more justified"
        allowed = f"; {gate.excusable} may be justified" if gate.excusable else ""
        states = {
            True: (Result.PASSED, "met"),
            False: (Result.FAILED, "not met"),
            None: (Result.NOT_APPLICABLE, "n/a"),
        }
        rows.append(
            (
                _gate_name(views, fromdoc, gate),
                gate.words,
                number,
                f"{gate.required:g} %{allowed}",
                marked(*states[gate.met]),
            )
        )
    missed = sum(gate.met is False for gate in views.record.gates)
    title = f"Gates: {missed} of {len(rows)} not met" if missed else "Gates: none missed"
    headings = ("Gate", "What is asked for", "Have it", "At least", "Met")
    return [views.table(title, headings, (20, 34, 18, 16, 12), rows, "xenfusa-gates")]


def _gate_name(views: Views, fromdoc: str, gate: Gate) -> nodes.Node:
    """The name of a gate; that of a matrix leads to the page where its items stand."""
    file, colon, asked = gate.name.partition(": ")
    docname = views.builder.env.path2doc(file) if colon else None
    if docname is None or docname not in views.builder.env.found_docs:
        return nodes.Text(gate.name)
    link = make_refnode(views.builder, fromdoc, docname, "", [nodes.Text(file)])
    return paragraph(link, f": {asked}")


def verdict_totals(views: Views, fromdoc: str) -> list[nodes.Node]:
    """The verdicts by policy; nothing without any."""
    if not views.record.verdicts:
        return []
    counts = Counter((one.policy, one.kind) for one in views.record.verdicts)
    paged = policies_with_pages(views.record)
    rows: list[Sequence[Cell]] = []
    for policy in (None, *views.record.policies):
        kinds = [kind for kind in VerdictKind if counts[policy, kind]]
        if kinds:
            said = [
                paragraph(marked(RESULT_OF_VERDICT[kind], f"{counts[policy, kind]} {kind.value}")) for kind in kinds
            ]
            words = capitalised(policy_words(policy))
            linked = policy is not None and policy in paged
            rows.append((link_to_policy(views.builder, fromdoc, str(policy), words) if linked else words, said))
    return [views.table("Claims by policy", ("Policy", "Verdicts"), (40, 60), rows, "xenfusa-claims")]


def _report_totals(views: Views, fromdoc: str) -> list[nodes.Node]:
    if not views.record.reports:
        return []
    rows: list[Sequence[Cell]] = []
    for report in views.record.reports:
        counts = case_counts(report.cases) or "no case"
        said: Cell = counts
        if report.stale and not report.error:
            said = [paragraph(counts), paragraph(marked(Result.STALE, "no pass counts"), f": {report.stale}")]
        if report.error:
            said = paragraph(marked(Result.ERROR, "cannot be used"), f": {report.error}")
        name = link_to_report(views.builder, fromdoc, report.file)
        rows.append((name, said, nodes.literal("", report.sha256[:16] or "unread")))
    headings = ("Report", "Cases", "SHA-256 begins")
    made: list[nodes.Node] = [
        views.table("Test reports", headings, (40, 36, 24), rows, "xenfusa-reports", "xenfusa-filterable")
    ]
    way = link_to_index(views.builder, fromdoc, "What came of each test")
    return [*made, paragraph(*way, ".")] if way else made
