"""The matrix: requirements as rows, what is known of each as columns.

Whatever is asked for, the state of a row is in it, and what a filter leaves out is said above the table with its states.
"""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from docutils import nodes

from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.selection import Asked, Vocabulary, left_out, select
from sphinx_xenfusa.sphinxext.views import (
    DESIGN_ANALYSIS,
    Cell,
    Views,
    case_counts,
    count,
    paragraph,
    policy_words,
    verdict_words,
)
from sphinx_xenfusa.trace.assemble import SPECIFICATION
from sphinx_xenfusa.trace.record import TracedItem
from sphinx_xenfusa.trace.states import RESULT_OF_VERDICT, Result
from sphinx_xenfusa.trace.test_results import StaleReasons

_WHAT = "Requirements, what confirms them and what verifies them"
_POLICY_WIDTH = 13
_DOCUMENT_WIDTH = 17
_FEW_COLUMNS = 6
"""More columns than these scroll on a narrow screen."""


@dataclass(frozen=True)
class Column:
    """A column: its heading, its share of the width, and what stands in it."""

    heading: str
    width: int
    cell: Callable[[TracedItem], Cell]


@dataclass(frozen=True)
class Matrix:
    """Writes matrices of one record."""

    views: Views
    vocabulary: Vocabulary

    def show(self, fromdoc: str, asked: Asked) -> list[nodes.Node]:
        """The table that was asked for, worst row first, with what it leaves out."""
        selection, _ = select(asked, self.vocabulary)
        everything = self.views.record.items
        shown = [one for one in worst_first(everything) if selection.admits(one, self.vocabulary)]
        rest = left_out(everything, selection, self.vocabulary)
        columns = [self._column(name, fromdoc, "state" in selection.columns) for name in selection.columns]
        rows = [[column.cell(one) for column in columns] for one in shown]
        said: list[nodes.Node] = []
        title = f"{_WHAT} ({count(len(everything), 'requirement')}, worst first)"
        if selection.filters:
            numbers = f"{len(shown)} of {count(len(everything), 'requirement')} shown"
            title = f"{_WHAT} ({numbers}: {selection.words}; worst first)"
            said.append(_not_in_table(numbers, selection.words, rest))
        wide = ["xenfusa-wide"] if len(columns) > _FEW_COLUMNS else []
        headings, widths = [one.heading for one in columns], [one.width for one in columns]
        table = self.views.table(title, headings, widths, rows, "xenfusa-matrix", "xenfusa-filterable", *wide)
        return [*self.views.banners(), *said, table, paragraph(DESIGN_ANALYSIS)]

    def _column(self, name: str, fromdoc: str, with_state: bool) -> Column:
        views = self.views

        def requirement(one: TracedItem) -> Cell:
            tag = str(one.item.tag)
            cell: list[nodes.Node] = [paragraph(views.link(fromdoc, tag, tag)), paragraph(one.item.title)]
            return cell if with_state else [*cell, paragraph(marked(one.result))]

        columns = {
            "requirement": Column("Requirement", 27, requirement),
            "kind": Column("Kind", 17, lambda one: one.item.kind.value if one.item.kind else "none"),
            "chapter": Column("Chapter", 14, self._chapter),
            "state": Column("State", 17, lambda one: marked(one.result)),
            "inherited": Column(
                "Inherited",
                22,
                lambda one: paragraph(*views.inherited(fromdoc, one)) if one.inherited else "rests on nothing",
            ),
            "verdicts": Column("Verdicts", 20, self._verdicts),
            "claims": Column("Claims", 20, self._claims),
            "scope": Column("Scope", 30, self._scopes),
            "witness": Column("Witness", 26, self._witnesses),
            "mutant": Column("Smallest mutant that refutes it", 32, self._mutants),
            "tests": Column("Tests", 13, lambda one: _tests(one, views.stale)),
            "covers": Column("Covers", 20, lambda one: paragraph(*views.links(fromdoc, one.item.covers))),
            "needs": Column("Needs", 14, views.needs_words),
            "rationale": Column("Rationale", 28, lambda one: one.item.rationale),
            "comment": Column("Comment", 28, lambda one: one.item.comment),
            "level": Column("Integrity level", 14, lambda one: one.item.level),
            "owner": Column("Owner", 16, lambda one: one.item.owner),
            "discharge": Column("Discharge", 26, lambda one: one.item.discharge),
            "source": Column("Source", 18, lambda one: one.item.source),
            "place": Column("Stands in", 18, lambda one: nodes.literal("", str(one.item.place))),
            "fingerprint": Column("Fingerprint", 14, lambda one: nodes.literal("", one.fingerprint[:16])),
        }
        width = _DOCUMENT_WIDTH if name == SPECIFICATION else _POLICY_WIDTH
        return columns.get(name) or Column(_policy_heading(name), width, lambda one: self._policy_cell(one, name))

    # --- policies and verdicts ----------------------------------------------------------------------------------

    def _policy_cell(self, traced: TracedItem, policy: str) -> Cell:
        if not traced.item.confirmed_by:
            return "no claim"
        verdicts = [one for one in _all_verdicts(traced) if one.policy in (None, policy)]
        if not verdicts:
            return paragraph(marked(Result.NOT_RUN))
        # A claim about the rules alone says nothing of what Xen does: its verdict stands in the document's column only.
        said = [one for one in verdicts if one.policy is not None or policy == self.views.record.policies[0]]
        return [_in_short(one) for one in said] or "no policy involved"

    def _verdicts(self, traced: TracedItem) -> Cell:
        """Each verdict with its policy, those that count first; claims are named where there are several."""
        several = len(traced.item.confirmed_by) > 1
        made: list[nodes.Node] = []
        for one in _all_verdicts(traced):
            under = "" if one.policy in (None, SPECIFICATION) else f", {one.policy}"
            claim = f", {one.claim}" if several else ""
            made.append(paragraph(marked(RESULT_OF_VERDICT[one.kind], verdict_words(one)), f"{under}{claim}"))
        return made or _no_verdict(traced)

    def _claims(self, traced: TracedItem) -> Cell:
        return [paragraph(nodes.literal("", claim)) for claim in traced.item.confirmed_by] or "no claim"

    def _scopes(self, traced: TracedItem) -> Cell:
        texts = []
        for one in _all_verdicts(traced):
            size = f" ({count(one.scope.platforms, 'platform')})" if one.scope.platforms else ""
            texts.append((one, f"{one.scope.words}{size}."))
        return self._told(traced, texts)

    def _witnesses(self, traced: TracedItem) -> Cell:
        return self._told(traced, [(one, one.witness.title if one.witness else "none") for one in traced.verdicts])

    def _mutants(self, traced: TracedItem) -> Cell:
        texts = []
        for one in traced.verdicts:
            if one.killer is None:
                texts.append((one, "none"))
            else:
                killer = one.killer
                change = f"{killer.operator} at {posixpath.basename(killer.where)}: {killer.before} → {killer.after}"
                texts.append((one, f"{change} ({one.killed:,} of {one.mutants:,} refute it)"))
        return self._told(traced, texts)

    def _told(self, traced: TracedItem, texts: Sequence[tuple[Verdict, str]]) -> Cell:
        """What is said of each verdict; what is said of several stands once, with their claims or policies."""
        said: dict[str, list[Verdict]] = {}
        for verdict, text in texts:
            said.setdefault(text, []).append(verdict)
        several = len(traced.item.confirmed_by) > 1
        made: list[nodes.Node] = []
        for text, verdicts in said.items():
            names = dict.fromkeys(one.claim for one in verdicts) if several else {}
            policies = dict.fromkeys(policy_words(one.policy) for one in verdicts) if len(said) > 1 else {}
            whose = "; ".join(filter(None, (", ".join(names), ", ".join(policies))))
            made.append(paragraph(*([nodes.strong("", f"{whose}: ")] if whose else []), text))
        return made or _no_verdict(traced)

    def _chapter(self, traced: TracedItem) -> Cell:
        docname = self.vocabulary.chapter_of.get(str(traced.item.tag), "")
        return self.vocabulary.titles.get(docname, docname)


def worst_first(items: Iterable[TracedItem]) -> list[TracedItem]:
    """Items in the order of every matrix."""
    order = list(Result)
    return sorted(items, key=lambda one: (order.index(one.result), one.item.tag))


def _all_verdicts(traced: TracedItem) -> tuple[Verdict, ...]:
    return (*traced.verdicts, *traced.other_verdicts)


def _policy_heading(policy: str) -> str:
    """Short, because there is a column for each policy."""
    return "Document" if policy == SPECIFICATION else f"Xen {policy}"


def _in_short(verdict: Verdict) -> nodes.paragraph:
    """The verdict in a narrow column: of a divergence its numbers, whose heading says of which policy."""
    words = verdict_words(verdict)
    if verdict.kind is VerdictKind.DIVERGES:
        words = ", ".join(entry.id for entry in verdict.divergences)
    elif verdict.kind is VerdictKind.CONFIRMED:
        words = "consistent" if verdict.policy == SPECIFICATION else "holds"
    return paragraph(marked(RESULT_OF_VERDICT[verdict.kind], words))


def _no_verdict(traced: TracedItem) -> Cell:
    return paragraph(marked(Result.NOT_RUN)) if traced.item.confirmed_by else "no claim"


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


def _tests(traced: TracedItem, stale: StaleReasons) -> Cell:
    if traced.test is None:
        return "none"
    why = functools.partial(stale.of, tag=str(traced.item.tag))
    words = case_counts(traced.tests, why)
    part = case_counts(traced.partial_tests, why)
    said = "; ".join(filter(None, (words, f"in part: {part}" if part else "")))
    return marked(traced.test, said or "not run")
