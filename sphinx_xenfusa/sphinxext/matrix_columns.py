"""The columns of a matrix: every field of an item and everything that the record knows of its evidence."""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from docutils import nodes

from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.sphinxext.blocks import Cell, count, paragraph
from sphinx_xenfusa.sphinxext.card_lines import suspect_words
from sphinx_xenfusa.sphinxext.claim_places import diverging, link_to_claim
from sphinx_xenfusa.sphinxext.oft_evidence import coverage_words
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.selection import Vocabulary
from sphinx_xenfusa.sphinxext.views import Views, case_counts, policy_words, verdict_words
from sphinx_xenfusa.trace.assemble import SPECIFICATION
from sphinx_xenfusa.trace.neighbours import CLAIM, TEST, Neighbour, Neighbours, asks_for, lacks
from sphinx_xenfusa.trace.record import TracedItem
from sphinx_xenfusa.trace.reviews import in_words
from sphinx_xenfusa.trace.states import RESULT_OF_VERDICT, Result, worst
from sphinx_xenfusa.trace.test_results import StaleReasons

_POLICY_WIDTH = 16
_DOCUMENT_WIDTH = 20
_NEIGHBOUR_WIDTH = 26
NOT_NEEDED = "none needed"
"""What stands where an item asks for nothing of a type and has nothing."""


@dataclass(frozen=True)
class Column:
    """A column: its heading, its share of the width, and what stands in it."""

    heading: str
    width: int
    cell: Callable[[TracedItem], Cell]


@dataclass(frozen=True)
class Columns:
    """Makes columns for one page.

    :param fromdoc: the document of the page.
    """

    views: Views
    vocabulary: Vocabulary
    neighbours: Neighbours
    fromdoc: str

    def of(self, name: str, with_state: bool) -> Column:
        """The column of that name.

        :param with_state: whether the state has a column; else it stands with the requirement.
        """
        if name == "requirement":
            return Column("Requirement", 28, self.requirement if with_state else self._requirement_and_state)
        width = _DOCUMENT_WIDTH if name == SPECIFICATION else _POLICY_WIDTH
        return self._named.get(name) or Column(_policy_heading(name), width, lambda one: self._policy_cell(one, name))

    def requirement(self, one: TracedItem) -> Cell:
        """The tag, as a link, and the title."""
        tag = str(one.item.tag)
        return [paragraph(self.views.link(self.fromdoc, tag, tag)), paragraph(one.item.title)]

    def _requirement_and_state(self, one: TracedItem) -> Cell:
        tag = str(one.item.tag)
        link = paragraph(self.views.link(self.fromdoc, tag, tag))
        return [link, paragraph(one.item.title), paragraph(marked(one.result))]

    @functools.cached_property
    def _named(self) -> Mapping[str, Column]:
        views, fromdoc = self.views, self.fromdoc
        return {
            "kind": Column("Kind", 18, lambda one: one.item.kind.value if one.item.kind else "none"),
            "chapter": Column("Chapter", 14, self._chapter),
            "state": Column("State", 19, lambda one: marked(one.result)),
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
            "tests": Column("Tests", 15, lambda one: _tests(one, views.stale)),
            "model": Column("Model", 13, lambda one: marked(one.model) if one.model else "no claim"),
            "methods": Column(
                "Methods", 18, lambda one: _named_results((each.method, each.result) for each in one.methods)
            ),
            "targets": Column(
                "Targets",
                18,
                lambda one: _named_results((each.target or "not named", each.result) for each in one.targets),
            ),
            "untried": Column("Not tried on", 16, lambda one: ", ".join(each or "not named" for each in one.untried)),
            "covers": Column("Covers", 26, lambda one: self._neighbours(self.neighbours.covers(str(one.item.tag)))),
            "covered by": Column(
                "Covered by", 26, lambda one: self._neighbours(self.neighbours.covered_by(str(one.item.tag)))
            ),
            "needs": Column("Needs", 14, views.needs_words),
            "coverage": Column("Coverage", 14, coverage_words),
            "lacks": Column("Lacks, by the tracing policy", 20, lambda one: ", ".join(one.lacks)),
            "suspect": Column("Suspect", 22, suspect_words),
            "review": Column("Review", 24, self._review),
            "justification": Column("Justification", 24, self._justification),
            "assumptions": Column("Assumptions", 30, self._assumptions),
            "text": Column("Text", 36, lambda one: one.item.text),
            "rationale": Column("Rationale", 28, lambda one: one.item.rationale),
            "comment": Column("Comment", 28, lambda one: one.item.comment),
            "level": Column("Integrity level", 14, lambda one: one.item.level),
            "owner": Column("Owner", 16, lambda one: one.item.owner),
            "discharge": Column("Discharge", 26, lambda one: one.item.discharge),
            "source": Column("Source", 18, lambda one: one.item.source),
            **{name: self._field(name) for name in ("role", "privilege", "operation", "target", "restricts")},
            "labels": Column("Labels", 14, lambda one: ", ".join(one.item.labels)),
            "depends": Column("Depends on", 20, lambda one: paragraph(*views.links(fromdoc, one.item.depends))),
            "approval": Column("Approval", 12, lambda one: one.item.oft_status.value),
            "origin": Column("Origin", 12, lambda one: one.item.origin),
            "place": Column("Stands in", 18, lambda one: nodes.literal("", str(one.item.place))),
            "fingerprint": Column("Fingerprint", 14, lambda one: nodes.literal("", one.fingerprint[:16])),
        }

    def _field(self, name: str) -> Column:
        return Column(name.capitalize(), 18, lambda one: ", ".join(one.item.fields.words(name)))

    def _review(self, one: TracedItem) -> Cell:
        review = self.views.reviews.get(str(one.item.tag))
        return in_words(review) if review is not None else "no review"

    def _justification(self, one: TracedItem) -> Cell:
        tag = str(one.item.tag)
        return [
            paragraph(f"{each.reason} ({each.owner}, {'expired on' if each.expired else 'until'} {each.expires})")
            for each in self.views.record.justifications
            if each.id == tag
        ] or ""

    def _assumptions(self, one: TracedItem) -> Cell:
        return self._told(one, [(each, "; ".join(each.scope.assumptions) or "none") for each in _all_verdicts(one)])

    # --- neighbours ---------------------------------------------------------------------------------------------

    def covering(self, step: str) -> Column:
        """What of a type covers an item, or the claims or tests that answer for it."""
        heading = {CLAIM: "Claims", TEST: "Tests"}.get(step, f"Covered by {step}")
        return Column(heading, _NEIGHBOUR_WIDTH, lambda one: self.covering_cell(one, step))

    def covering_cell(self, one: TracedItem, step: str) -> Cell:
        """The cell of such a column: worst first; where there is nothing, whether there should be."""
        if step == CLAIM:
            return self.claims_cell(one)
        if step == TEST:
            return self.tests_cell(one)
        found = [each for each in self.neighbours.covered_by(str(one.item.tag)) if each.type == step]
        cell = list(self._neighbours(found)) if found else []
        if lacks(one, step):
            cell.insert(0, paragraph(missing(one, step)))
        return cell or NOT_NEEDED

    def covered(self, step: str) -> Column:
        """What of a type an item covers; none stands for all types."""
        heading = f"Covers {step}" if step else "Covers"
        return Column(heading, _NEIGHBOUR_WIDTH, lambda one: self._covered_cell(one, step))

    def _covered_cell(self, one: TracedItem, step: str) -> Cell:
        found = [each for each in self.neighbours.covers(str(one.item.tag)) if step in ("", each.type)]
        return self._neighbours(found) if found else paragraph(marked(Result.NONE, f"covers no {step or 'item'}"))

    def _neighbours(self, found: Sequence[Neighbour]) -> Sequence[nodes.Node]:
        """Items with their states, worst first; of several, the worst state above them."""
        order = list(Result)
        made: list[nodes.Node] = []
        if len(found) > 1:
            made.append(paragraph(marked(worst(each.result for each in found)), f", the worst of {len(found):,}"))
        for each in sorted(found, key=lambda one: order.index(one.result)):
            made.append(paragraph(self.item(each.tag), ": ", marked(each.result, each.words)))
        return made

    def item(self, tag: str) -> nodes.Node:
        """A link to an item."""
        return self.views.link(self.fromdoc, tag, tag)

    def claims_cell(self, one: TracedItem) -> Cell:
        """Each claim with the worst of its verdicts that count."""
        made: list[nodes.Node] = []
        for claim in one.item.confirmed_by:
            found = [each for each in one.verdicts if each.claim == claim]
            state = worst(RESULT_OF_VERDICT[each.kind] for each in found) if found else Result.NOT_RUN
            said = next((verdict_words(each) for each in found if RESULT_OF_VERDICT[each.kind] is state), "")
            link = link_to_claim(self.views.builder, self.fromdoc, claim, claim)
            made.append(paragraph(link, ": ", marked(state, said)))
        return made or paragraph(marked(Result.NONE, "no claim"))

    def tests_cell(self, one: TracedItem) -> Cell:
        """How the tests of an item came out, and whether one is lacking."""
        made: list[nodes.Node] = [paragraph(missing(one, TEST))] if lacks(one, TEST) else []
        if one.test is not None:
            made.append(paragraph(_tested(one, one.test, self.views.stale)))
        return made or NOT_NEEDED

    # --- policies and verdicts ----------------------------------------------------------------------------------

    def _policy_cell(self, traced: TracedItem, policy: str) -> Cell:
        if not traced.item.confirmed_by:
            return "no claim"
        verdicts = [one for one in _all_verdicts(traced) if one.policy in (None, policy)]
        if not verdicts:
            return paragraph(marked(Result.NOT_RUN))
        # A claim about the rules alone says nothing of what Xen does: its verdict stands in the document's column only.
        said = [one for one in verdicts if one.policy is not None or policy == self.views.record.policies[0]]
        return [self._in_short(one) for one in said] or "no policy involved"

    def _in_short(self, verdict: Verdict) -> nodes.paragraph:
        """The verdict in a narrow column: of a divergence its numbers, whose heading says of which policy."""
        if verdict.kind is VerdictKind.DIVERGES and verdict.policy is not None:
            entries = [entry.id for entry in verdict.divergences]
            return paragraph(diverging(self.views.builder, self.fromdoc, verdict.policy, entries))
        words = verdict_words(verdict)
        if verdict.kind is VerdictKind.CONFIRMED:
            words = "consistent" if verdict.policy == SPECIFICATION else "holds"
        return paragraph(marked(RESULT_OF_VERDICT[verdict.kind], words))

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
        linked = (link_to_claim(self.views.builder, self.fromdoc, claim, claim) for claim in traced.item.confirmed_by)
        return [paragraph(link) for link in linked] or "no claim"

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


def _all_verdicts(traced: TracedItem) -> tuple[Verdict, ...]:
    return (*traced.verdicts, *traced.other_verdicts)


def _policy_heading(policy: str) -> str:
    """Short, because there is a column for each policy."""
    return "Document" if policy == SPECIFICATION else f"Xen {policy}"


def _no_verdict(traced: TracedItem) -> Cell:
    return paragraph(marked(Result.NOT_RUN)) if traced.item.confirmed_by else "no claim"


def missing(one: TracedItem, step: str) -> nodes.Node:
    """Says that an item needs something that it has not; where that is excused, so."""
    words = f"no {step}" if asks_for(one, step) else NOT_NEEDED
    return marked(Result.JUSTIFIED, f"{words}, justified") if one.justified else marked(Result.NONE, words)


def _named_results(results: Iterable[tuple[str, Result]]) -> Cell:
    return [paragraph(f"{name}: ", marked(result)) for name, result in results] or ""


def _tests(traced: TracedItem, stale: StaleReasons) -> Cell:
    return "none" if traced.test is None else _tested(traced, traced.test, stale)


def _tested(traced: TracedItem, state: Result, stale: StaleReasons) -> nodes.inline:
    """What the tests of an item amount to, with their numbers."""
    why = functools.partial(stale.of, tag=str(traced.item.tag))
    words = case_counts(traced.tests, why)
    part = case_counts(traced.partial_tests, why)
    said = "; ".join(filter(None, (words, f"in part: {part}" if part else "")))
    return marked(state, said or "not run")
