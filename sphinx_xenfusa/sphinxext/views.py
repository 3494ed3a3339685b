"""The trace record as document nodes: the evidence of a requirement, a trace.

Every number and word here is read from the record.  The nodes are docutils' own (tables, paragraphs, links), so that
all builders can write them and nothing needs JavaScript.  A state is a symbol and a word, never a colour alone.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from docutils import nodes
from sphinx.builders import Builder
from sphinx.util.nodes import make_refnode

from sphinx_xenfusa.confirm.register import Described
from sphinx_xenfusa.explore import searches
from sphinx_xenfusa.explore.claim import Claim
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.interop.typed_fields import FIELDS, link_of
from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.blocks import Cell as Cell
from sphinx_xenfusa.sphinxext.blocks import capitalised as capitalised
from sphinx_xenfusa.sphinxext.blocks import count as count
from sphinx_xenfusa.sphinxext.blocks import paragraph as paragraph
from sphinx_xenfusa.sphinxext.blocks import table as table
from sphinx_xenfusa.sphinxext.case_places import link_to_case, link_to_report
from sphinx_xenfusa.sphinxext.case_rows import CASE_HEADINGS, CASE_WIDTHS, passed_cases, verified_words
from sphinx_xenfusa.sphinxext.fragments import NotKnown, html_of
from sphinx_xenfusa.sphinxext.page_names import has_pages
from sphinx_xenfusa.sphinxext.phrases import (
    Code,
    Fact,
    HtmlWriter,
    NodeWriter,
    Phrase,
    Phrases,
    Placed,
    Ref,
    State,
    Strong,
    divided,
    found_by_search,
    marked,
)
from sphinx_xenfusa.sphinxext.trace_views import trace_nodes
from sphinx_xenfusa.terms.term import TermKind
from sphinx_xenfusa.trace.assemble import SPECIFICATION
from sphinx_xenfusa.trace.record import Item, Justification, Review, TestCase, TracedItem, TraceRecord, Verification
from sphinx_xenfusa.trace.reviews import in_words, newest
from sphinx_xenfusa.trace.states import RESULT_OF_OUTCOME, RESULT_OF_VERDICT, Outcome, Result, worst
from sphinx_xenfusa.trace.test_lists import NO_REASON, NOT_SUPPLIED, WAITING, beside_words, is_waiting, target_words
from sphinx_xenfusa.trace.test_results import RAN, STALE_PASS, UNREADABLE, StaleReasons, outcome_counts
from sphinx_xenfusa.trace.verifications import MODEL, TEST, by_item, words_of_verifications

MEANINGS = {
    Result.FAILED: "a claim is refuted or vacuous, or a test failed",
    Result.ERROR: "a check or a test broke",
    Result.INCONCLUSIVE: "a bound was hit before the search was exhausted",
    Result.DIVERGES: "holds in the document, not in Xen as it is; expected by the reviewed register, never covered",
    Result.STALE: "the evidence belongs to another text or revision",
    Result.NOT_RUN: "something should check it and did not run",
    Result.PARTIAL: "only a part of it is verified",
    Result.NONE: "nothing is linked that could check it",
    Result.JUSTIFIED: "excluded for a stated reason",
    Result.NOT_APPLICABLE: "the platform cannot operate under that policy",
    Result.PASSED: "everything that checks it ran, could have failed, and did not",
}


def meaning(traced: TracedItem) -> str:
    """What the state of an item means; where something did not run beside what passed, that too."""
    if traced.result is Result.NOT_RUN and is_waiting(traced):
        return WAITING
    beside = beside_words(traced) if traced.result is Result.PASSED else ""
    return f"what ran of what checks it could have failed and did not; {beside}" if beside else MEANINGS[traced.result]


DESIGN_ANALYSIS = (
    "A claim is confirmed by exhausting a model of Xen within the scope stated with it. "
    "That is analysis of the design, not verification of the hypervisor."
)

MESSAGE_IN_CELL = 300
"""Characters of a message that a table shows where a page has all of it."""
_POLICY_WORDS = {"specification": "the document", "proposed": "proposed for Xen, not merged"}
"""What is no policy of Xen as it is."""


def verdict_words(verdict: Verdict) -> str:
    """A verdict as the pages say it: the document is consistent, a policy of Xen holds or diverges."""
    if verdict.kind is VerdictKind.DIVERGES:
        return "diverges (" + ", ".join(entry.id for entry in verdict.divergences) + ")"
    if verdict.kind is not VerdictKind.CONFIRMED:
        return verdict.kind.value
    if verdict.policy is None:
        return "confirmed, whatever the policy"
    return "consistent (document)" if verdict.policy == "specification" else "holds"


def _same_traces(one: Verdict, other: Verdict) -> bool:
    """Whether two verdicts on a claim came out alike and are shown by the same traces."""
    return (one.claim, one.kind, one.counterexample, one.divergences) == (
        other.claim,
        other.kind,
        other.counterexample,
        other.divergences,
    )


def policy_words(policy: str | None) -> str:
    """A policy as a reader without the code knows it."""
    if policy is None:
        return "any policy"
    return _POLICY_WORDS.get(policy, f"Xen, policy {policy}")


def suspect_words(traced: TracedItem) -> str:
    """The tags whose text changed since somebody agreed to it, in words; empty when there are none."""
    if not traced.suspect:
        return ""
    words = "✘ suspect: the text of these changed since a link to it or a review of it was accepted: "
    return words + ", ".join(traced.suspect)


def case_counts(cases: Iterable[TestCase], stale: Callable[[TestCase], str] = lambda case: "") -> str:
    """How many cases came to which outcome, worst first; empty for no cases.

    :param stale: says why the pass of a case does not count; these are counted apart.
    """
    return outcome_counts((case.outcome, bool(stale(case))) for case in cases)


def told_of_tests(record: TraceRecord) -> tuple[str, ...]:
    """What a reader has to know of the test results before any number; nothing when there is a report that counts."""
    reports = record.reports
    if not reports:
        return (NOT_SUPPLIED,)
    if all(report.error for report in reports):
        asked = "the one test report that was" if len(reports) == 1 else f"the {len(reports):,} test reports that were"
        return (f"No test result counts: {asked} asked for cannot be used. Nothing here is verified by a test.",)
    return ()


def _banner(words: str) -> nodes.Node:
    box = nodes.warning(classes=["xenfusa-banner"])
    box += paragraph(words)
    return box


@dataclass(frozen=True, slots=True)
class Answer:
    """What stands in a sentence that asks for a state or a verdict.

    :param words: the words beside the symbol of the result.
    :param tag: the requirement to link to; empty where there is none.
    :param fault: what is wrong with the question; empty for a good one.
    """

    result: Result
    words: str
    tag: str = ""
    fault: str = ""


def _is_looked_for(node: nodes.Node) -> bool:
    return isinstance(node, nodes.literal | markup.written)


class Line(NamedTuple):
    """A line of evidence.

    :param telling: whether a reader may look for what it says; the words of a state are on every page.
    """

    said: Phrases
    classes: tuple[str, ...] = ()
    telling: bool = True


def _said(item: Item) -> Iterator[tuple[str, str]]:
    """What the author of a requirement says of it, under its name."""
    yield "Rationale", item.rationale
    yield "Comment", item.comment
    yield "Source", item.source
    yield "Integrity level", item.level
    yield "To be ensured by", item.owner
    yield "Shown by", item.discharge


@dataclass(frozen=True)
class Views:
    """Writes views of one record for one builder.

    :param anchors: tag to (document, title) of everything that can be linked to.
    :param claims: the claims that are installed, for what they say in words.
    :param divergences: the register's words for each divergence.
    :param traced: the items of the record by their tags.
    :param objects: document and anchor of each described term, by cross-reference role and name.
    :param groups: how many operations each group of the vocabulary has.
    """

    record: TraceRecord
    builder: Builder
    anchors: Mapping[str, tuple[str, str]]
    claims: Mapping[str, Claim]
    divergences: Mapping[str, Described]
    traced: Mapping[str, TracedItem]
    objects: Mapping[str, tuple[str, str]]
    groups: Mapping[str, int]
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @functools.cached_property
    def verifications(self) -> Mapping[str, Sequence[Verification]]:
        """What people found, by the tag of the item."""
        return by_item(self.record.verifications)

    @functools.cached_property
    def stale(self) -> StaleReasons:
        """Why passed tests do not count."""
        return StaleReasons(self.record.reports)

    @functools.cached_property
    def reviews(self) -> Mapping[str, Review]:
        """The inspection that counts for each item that has one."""
        return newest(self.record.reviews)

    def table(
        self, title: str, headings: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[Cell]], *classes: str
    ) -> nodes.table:
        """A table with an id that is unique on its page, in the order of the page."""
        return table(title, headings, widths, rows, *classes, id=f"xenfusa-table-{next(self.numbers)}")

    def link(self, fromdoc: str, tag: str, words: str) -> nodes.Node:
        """A link to an item; without one, the bare words, and file and line of an item that stands on no page."""
        return self._nodes(fromdoc, [self.ref(tag, words)])[0]

    def ref(self, tag: str, words: str) -> Phrase:
        """The phrase of a link to an item."""
        place = self.anchors.get(tag)
        if place is not None:
            return Ref(words, place[0], tag, place[1])
        traced = self.traced.get(tag)
        return Code(words) if traced is None else Placed(words, traced.item.place)

    def _nodes(self, fromdoc: str, phrases: Phrases) -> list[nodes.Node]:
        return NodeWriter(self.builder, fromdoc).inline(phrases)

    def verdict(self, fromdoc: str, answer: Answer, words: str) -> list[nodes.Node]:
        """A state or verdict within a sentence, as a link to its evidence; the author's words, if any, before it."""
        state: nodes.Node = marked(answer.result, answer.words)
        if answer.tag in self.anchors:
            docname, title = self.anchors[answer.tag]
            state = make_refnode(self.builder, fromdoc, docname, answer.tag, [state], f"{answer.tag}: {title}")
        return [nodes.Text(f"{words}: "), state] if words else [state]

    def fold(self, heading: str, children: Sequence[nodes.Node]) -> nodes.Element:
        """A part that unfolds; in formats that cannot fold, it stands open under its heading."""
        if self.builder.format == "html":
            folded = markup.unfolding(heading=heading)
            try:
                folded["html"] = html_of(children)
            except NotKnown:
                folded += list(children)
            else:
                # What a reader looks for in a trace are the operations; the rest of its words is on every page.
                names = (one.astext() for child in children for one in child.findall(_is_looked_for))
                actions = dict.fromkeys(names)
                folded += nodes.Text(" ".join(actions))
            return folded
        opened = nodes.container()
        opened += paragraph(nodes.strong("", heading))
        opened += list(children)
        return opened

    def trace(self, kind: str, trace: Trace) -> list[nodes.Node]:
        """A trace as its initial state and a table of steps.

        :param kind: what it is to the reader: a witness, a counterexample, a divergence.
        """
        return trace_nodes(self.table, kind, trace)

    # --- the evidence of one requirement ------------------------------------------------------------------------

    def evidence(self, fromdoc: str, tag: str) -> nodes.Node:
        """What is known of one requirement: state, what it is, what ran, with traces, and its tests."""
        traced = self.traced.get(tag)
        classes = ["xenfusa-evidence"]
        if traced is None:
            return nodes.container(classes=classes)
        lines = [self._headline(traced), *self._tracing(traced)]
        rest = [*self._ran(traced), *self.tests(fromdoc, traced)]
        said = self.said(fromdoc, lines, self._facts(traced))
        if not rest and isinstance(said[0], markup.written):
            # Ten thousand times one node: the block is part of what is written.
            said[0]["html"] = f'<div class="{" ".join(classes)} docutils container">\n{said[0]["html"]}</div>\n'
            return said[0]
        return nodes.container("", *said, *rest, classes=classes)

    def said(self, fromdoc: str, lines: Sequence[Line], facts: Sequence[Fact]) -> list[nodes.Element]:
        """Lines and facts; in HTML they are one node, written at once."""
        if self.builder.format != "html":
            nodes_of = NodeWriter(self.builder, fromdoc)
            return [*(nodes_of.paragraph(line.said, *line.classes) for line in lines), nodes_of.facts(facts)]
        html = HtmlWriter(self.builder, fromdoc)
        text = "".join([*(html.paragraph(line.said, *line.classes) for line in lines), html.facts(facts)])
        found = found_by_search([*(line.said for line in lines if line.telling), *(said for _, said in facts)])
        return [markup.written("", nodes.Text(found), html=text)]

    def _ran(self, traced: TracedItem) -> list[nodes.Node]:
        """What ran for the claims of a requirement, with what each rests on."""
        if not traced.item.confirmed_by:
            return []
        made = [self._verdicts(traced)]
        if traced.other_verdicts:
            made.append(
                paragraph(
                    f"The state is the worse of what holds in {policy_words(SPECIFICATION)} and under the policy "
                    f"{self.record.target_policy}. The other policies are shown beside them and do not count."
                )
            )
        return [*made, *(self.details(verdict) for verdict in traced.verdicts), *self._other_details(traced)]

    def _headline(self, traced: TracedItem) -> Line:
        said = (Strong("State: "), State(traced.result), f" — {meaning(traced)}.")
        return Line(said, ("xenfusa-headline",), telling=False)

    def _tracing(self, traced: TracedItem) -> list[Line]:
        """What is worse below than the requirement's own state, what the policy misses, what excuses it."""
        made: list[Line] = []
        if traced.inherited is not None and worst((traced.inherited, traced.result)) is not traced.result:
            made.append(Line((Strong("Below: "), *self._inherited(traced)), ("xenfusa-inherited",)))
        if traced.lacks:
            made.append(Line((Strong("The policy asks for: "), "; ".join(traced.lacks), ". It lacks this.")))
        return made + [self._justification(one, traced) for one in self._justified.get(str(traced.item.tag), ())]

    @functools.cached_property
    def _justified(self) -> Mapping[str, Sequence[Justification]]:
        """The justifications by the tags that they name."""
        found: dict[str, list[Justification]] = {}
        for one in self.record.justifications:
            found.setdefault(one.id, []).append(one)
        return found

    def _justification(self, one: Justification, traced: TracedItem) -> Line:
        said = f"by {one.owner}, until {one.expires}: {one.reason.rstrip('.')}."
        if traced.justified:
            return Line((Strong("Justified "), f"{said} What it lacks does not count as covered."))
        why = "it has expired" if one.expired else "it lacks nothing that could be excused"
        return Line((Strong("Justified in vain "), f"{said} Nothing is excused: {why}."))

    def inherited(self, fromdoc: str, traced: TracedItem) -> list[nodes.Node]:
        """The worst state below a requirement, with the way to it; nothing where it rests on nothing."""
        return self._nodes(fromdoc, self._inherited(traced))

    def _inherited(self, traced: TracedItem) -> list[Phrase]:
        if traced.inherited is None:
            return []
        made: list[Phrase] = [State(traced.inherited)]
        above: TracedItem | None = traced
        for step in traced.inherited_path:
            made.append(" → " if len(made) > 1 else ": ")
            missing = above is not None and step in above.uncovered
            made.append(f"no {step}" if missing else self.ref(step, step))
            above = self.traced.get(step, above)
        return made

    def _facts(self, traced: TracedItem) -> list[Fact]:
        item = traced.item
        review = self.reviews.get(str(item.tag))
        return [
            ("Kind", [item.kind.value if item.kind else "none"]),
            *((field.words, self._field(traced, name)) for name, field in FIELDS.items()),
            *((name, [words] if words else []) for name, words in _said(item)),
            ("Covers", self.refs(item.covers)),
            ("Needs", [self.needs_words(traced)] if item.needs else []),
            ("Stands in", [Code(str(item.place))]),
            ("Fingerprint", [Code(traced.fingerprint[:16])]),
            ("Review", [in_words(review)] if review else []),
            ("Tests by target", [words] if (words := target_words(traced)) else []),
            ("Methods", ["; ".join(methods)] if (methods := self._methods(traced)) else []),
            ("Suspect", [suspect_words(traced)] if traced.suspect else []),
        ]

    def _methods(self, traced: TracedItem) -> list[str]:
        """What each method amounts to, where more than claims and tests verify the item, or should; and what people found."""
        if not any(one.method not in (MODEL, TEST) or one.result is Result.NONE for one in traced.methods):
            return []
        found = words_of_verifications(self.verifications.get(str(traced.item.tag), ()))
        return [
            *(f"{one.method}: {one.result.value}" for one in traced.methods),
            *(f"found: {words}" for words in found),
        ]

    def _field(self, traced: TracedItem, name: str) -> list[Phrase]:
        """The words of a typed field, with links to their objects; of one that was dropped, why."""
        kind = FIELDS[name].terms
        said = divided(self._term(kind, word) for word in traced.item.fields.words(name))
        return said + [why for dropped, why in traced.item.fields.dropped if dropped == name]

    def _term(self, kind: TermKind, word: str) -> Phrase:
        """A link to the description of a term; of a group of operations, how many they are."""
        place = self.objects.get(link_of(kind, word))
        if place is not None:
            return Ref(word, *place, word, code=False)
        members = self.groups.get(word, 0) if kind is TermKind.OPERATION else 0
        return f"{word} ({count(members, 'operation')})" if members else word

    def links(self, fromdoc: str, tags: Sequence[str]) -> list[nodes.Node]:
        """Links to items, divided by commas."""
        return self._nodes(fromdoc, self.refs(tags))

    def refs(self, tags: Iterable[str]) -> list[Phrase]:
        """The phrases of links to items, divided by commas."""
        return divided(self.ref(tag, tag) for tag in tags)

    def needs_words(self, traced: TracedItem) -> str:
        """The types that must cover an item, with those that are lacking."""
        lacking = set(traced.uncovered)
        return ", ".join(f"{need} (lacking)" if need in lacking else need for need in traced.item.needs)

    def _verdicts(self, traced: TracedItem) -> nodes.Node:
        rows: list[Sequence[Cell]] = []
        for verdict in (*traced.verdicts, *traced.other_verdicts):
            result = RESULT_OF_VERDICT[verdict.kind]
            said: list[nodes.Node] = [paragraph(marked(result, verdict_words(verdict)))]
            said += [paragraph(verdict.reason)] if verdict.reason else []
            rows.append(
                (
                    [paragraph(nodes.literal("", verdict.claim)), paragraph(policy_words(verdict.policy))],
                    said,
                    f"{verdict.cases:,} ({verdict.relevant:,})" if verdict.cases else "none",
                    f"{verdict.killed:,} of {verdict.mutants:,}" if verdict.mutants else "none tried",
                )
            )
        for claim in traced.item.confirmed_by:
            if not any(verdict.claim == claim for verdict in (*traced.verdicts, *traced.other_verdicts)):
                rows.append(
                    (nodes.literal("", claim), paragraph(marked(Result.NOT_RUN), " no verdict"), "none", "none tried")
                )
        headings = ("Claim", "Verdict", "Checks made (could have failed)", "Mutants tried in this run that refute it")
        return self.table("What ran", headings, (28, 36, 18, 18), rows, "xenfusa-verdicts")

    def _other_details(self, traced: TracedItem) -> list[nodes.Node]:
        """What differs under the policies that do not count; traces that stand there already are not shown twice."""
        made: list[nodes.Node] = []
        shown = list(traced.verdicts)
        for verdict in traced.other_verdicts:
            if verdict.kind is VerdictKind.CONFIRMED:
                continue
            same = next((one for one in shown if _same_traces(one, verdict)), None)
            if same is None:
                made.append(self.details(verdict))
                shown.append(verdict)
            else:
                words = f"{verdict.claim}, {policy_words(verdict.policy)}: the traces are those of {policy_words(same.policy)}."
                made.append(paragraph(words))
        return made

    def _searches(self, verdict: Verdict) -> list[nodes.Node]:
        """The searches of reachable states, and what shows that they bite."""
        if not verdict.explored:
            return []
        table_rows = searches.rows(verdict.explored)
        title = "All reachable states, bit for bit"
        made: list[nodes.Node] = [self.table(title, searches.HEADINGS, searches.WIDTHS, table_rows, "xenfusa-searches")]
        made += [paragraph(nodes.strong("", f"{name}: "), told) for name, told in searches.remarks(verdict.explored)]
        return made

    def details(self, verdict: Verdict) -> nodes.Node:
        """What a verdict rests on, to unfold: claim, scope, mutant, traces."""
        scope = verdict.scope
        made: list[nodes.Node] = []
        if verdict.claim in self.claims:
            made.append(paragraph(nodes.strong("", "Claim: "), self.claims[verdict.claim].says))
        made.append(paragraph(nodes.strong("", "Scope: "), f"{scope.words.rstrip('.')}."))
        if scope.platforms:
            recount = (
                "not counted again" if scope.recount is None else f"{scope.recount:,} by a second method (Burnside)"
            )
            made.append(paragraph(nodes.strong("", "Size: "), f"{count(scope.platforms, 'platform')}; {recount}."))
        if scope.assumptions:
            made.append(paragraph(nodes.strong("", "Assumptions: "), "; ".join(scope.assumptions) + "."))
        made += self._searches(verdict)
        if verdict.killer is not None:
            killer = verdict.killer
            made.append(
                paragraph(
                    nodes.strong("", "Smallest mutant that refutes it: "),
                    f"{killer.operator} at {killer.where}: ",
                    nodes.literal("", killer.before),
                    " → ",
                    nodes.literal("", killer.after),
                )
            )
        if verdict.counterexample is not None and not verdict.divergences:
            made += self.trace("Counterexample", verdict.counterexample)
        for entry in verdict.divergences:
            made += self._described(entry.id)
            made += self.trace(f"Divergence {entry.id}", entry.trace)
        if verdict.witness is not None:
            made += self.trace("Witness", verdict.witness)
        return self.fold(f"{verdict.claim}, {policy_words(verdict.policy)}: scope, mutant and traces", made)

    def _described(self, divergence: str) -> list[nodes.Node]:
        """What the register says of a divergence: the document's words against Xen's doing."""
        known = self.divergences.get(divergence)
        if known is None:
            return []
        limits = f" Not modelled: {known.not_modelled}" if known.not_modelled else ""
        said = f" The document: {known.document} Xen: {known.xen}{limits} (Source: {known.source}.)"
        return [paragraph(nodes.strong("", f"{divergence}."), said)]

    def _message(self, case: TestCase) -> str:
        """The message of a case, or its beginning where a page of its own has the whole."""
        cut = has_pages(self.builder) and len(case.message) > MESSAGE_IN_CELL
        return f"{case.message[:MESSAGE_IN_CELL]}… (cut)" if cut else case.message

    def tests(self, fromdoc: str, traced: TracedItem) -> list[nodes.Node]:
        """How the tests came out, and a table of them; it is folded only if every one passed."""
        tag = str(traced.item.tag)
        cases = [(case, verified_words(case, tag, "all of it")) for case in traced.tests]
        cases += [(case, verified_words(case, tag, "a part")) for case in traced.partial_tests]
        if not cases:
            return [paragraph(nodes.strong("", "Tests: "), "none")] if traced.test is not None else []
        why = functools.partial(self.stale.of, tag=tag)
        title = "Tests that verify it: " + case_counts((case for case, _ in cases), why)
        good = all(case.outcome is Outcome.PASSED and not why(case) for case, _ in cases)
        if good and self.builder.format == "html":
            id = f"xenfusa-table-{next(self.numbers)}"
            return [passed_cases(self.builder, fromdoc, cases, title, id, marked(Result.PASSED))]
        rows: list[Sequence[Cell]] = []
        for case, words in cases:
            stale = why(case)
            state = (
                marked(Result.STALE, STALE_PASS)
                if stale
                else marked(RESULT_OF_OUTCOME[case.outcome], case.outcome.value)
            )
            outcome: list[nodes.Node] = [paragraph(state), *([paragraph(stale)] if stale else [])]
            outcome += [paragraph(self._message(case))] if case.message else self._why_not_run(case)
            name = link_to_case(self.builder, fromdoc, case, case.id)
            verifies: list[nodes.Node] = [paragraph(one) for one in words]
            rows.append((name, outcome, verifies, link_to_report(self.builder, fromdoc, case.report)))
        shown = self.table(title, CASE_HEADINGS, CASE_WIDTHS, rows, "xenfusa-tests")
        return [self.fold(title, [shown])] if good else [shown]

    def _why_not_run(self, case: TestCase) -> list[nodes.Node]:
        """Why a case did not run of which its report says no reason; nothing of one that ran."""
        if case.outcome in RAN:
            return []
        return [paragraph(UNREADABLE if case.report in self._unreadable else NO_REASON)]

    @functools.cached_property
    def _unreadable(self) -> frozenset[str]:
        return frozenset(report.file for report in self.record.reports if report.error)

    # --- what stands above every number -------------------------------------------------------------------------

    def banners(self) -> list[nodes.Node]:
        """What a reader has to know before any number."""
        told = []
        if self.record.confirm_mode == "off":
            told.append("Confirmation is switched off: no claim was run for these pages.")
        return [*map(_banner, told), *self.banners_of_tests()]

    def banners_of_tests(self) -> list[nodes.Node]:
        """Of these what concerns the test results."""
        return [_banner(words) for words in told_of_tests(self.record)]
