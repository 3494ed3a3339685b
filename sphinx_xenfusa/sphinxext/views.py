"""The trace record as document nodes: what all views share.

Every number and word here is read from the record.  The nodes are docutils' own (tables, paragraphs, links), so that
all builders can write them and nothing needs JavaScript.  A state is a symbol and a word, never a colour alone.
"""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from docutils import nodes
from sphinx.builders import Builder
from sphinx.util.nodes import make_refnode

from sphinx_xenfusa.confirm.register import Described
from sphinx_xenfusa.explore.claim import Claim
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.blocks import Cell as Cell
from sphinx_xenfusa.sphinxext.blocks import capitalised as capitalised
from sphinx_xenfusa.sphinxext.blocks import count as count
from sphinx_xenfusa.sphinxext.blocks import paragraph as paragraph
from sphinx_xenfusa.sphinxext.blocks import table as table
from sphinx_xenfusa.sphinxext.fragments import NotKnown, html_of
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
    divided,
    found_by_search,
    marked,
)
from sphinx_xenfusa.sphinxext.trace_links import Description, TraceLinks
from sphinx_xenfusa.sphinxext.trace_views import trace_nodes
from sphinx_xenfusa.trace.record import Review, TestCase, TracedItem, TraceRecord, Verification
from sphinx_xenfusa.trace.reviews import newest
from sphinx_xenfusa.trace.states import Result
from sphinx_xenfusa.trace.test_lists import NOT_SUPPLIED, WAITING, beside_words, is_waiting
from sphinx_xenfusa.trace.test_results import StaleReasons, outcome_counts
from sphinx_xenfusa.trace.verifications import by_item

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


def policy_words(policy: str | None) -> str:
    """A policy as a reader without the code knows it."""
    if policy is None:
        return "any policy"
    return _POLICY_WORDS.get(policy, f"Xen, policy {policy}")


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


@dataclass(frozen=True)
class Views:
    """Writes views of one record for one builder.

    :param anchors: tag to (document, title) of everything that can be linked to.
    :param claims: the claims that are installed, for what they say in words.
    :param divergences: the register's words for each divergence.
    :param traced: the items of the record by their tags.
    :param objects: document and anchor of each described term, by cross-reference role and name.
    :param groups: how many operations each group of the vocabulary has.
    :param rules: the tag of each requirement by its name.
    :param page: the page that is written; empty where nobody says it, and traces then lead nowhere.
    :param traces: how often each trace stands on the page.
    """

    record: TraceRecord
    builder: Builder
    anchors: Mapping[str, tuple[str, str]]
    claims: Mapping[str, Claim]
    divergences: Mapping[str, Described]
    traced: Mapping[str, TracedItem]
    objects: Mapping[str, tuple[str, str]]
    groups: Mapping[str, int]
    rules: Mapping[str, str] = field(default_factory=dict)
    page: str = ""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    traces: Counter[str] = field(default_factory=Counter)

    def anew(self) -> Views:
        """The same views for another page: what is unique on a page begins anew."""
        return self.on("")

    def on(self, page: str) -> Views:
        """The same for another page that is known."""
        return replace(self, page=page, numbers=itertools.count(1), traces=Counter())

    def operation(self, name: str) -> nodes.Node:
        """The name of an operation, as a link to its description where there is one."""
        return self._described(self._links.operation(name), nodes.literal("", name))

    def clause(self, words: str) -> list[nodes.Node]:
        """What a step of a trace comes from, with links to what of it is described."""
        parts = [(part, place) for part, place in self._links.clause(words) if part]
        return [self._described(place, nodes.Text(part)) for part, place in parts]

    @functools.cached_property
    def _links(self) -> TraceLinks:
        return TraceLinks(self.objects, self.anchors, self.rules)

    def _described(self, place: Description | None, shown: nodes.Node) -> nodes.Node:
        if place is None or not self.page:
            return shown
        return make_refnode(self.builder, self.page, place.docname, place.anchor, [shown], place.title)

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
        """A trace: what holds at first, a chart to step through, and a table with every step.

        :param kind: what it is to the reader: a witness, a counterexample, a divergence.
        """
        return trace_nodes(self, kind, trace)

    def said(self, fromdoc: str, lines: Sequence[Line], facts: Sequence[Fact]) -> list[nodes.Element]:
        """Lines and facts; in HTML they are one node, written at once."""
        if self.builder.format != "html":
            nodes_of = NodeWriter(self.builder, fromdoc)
            return [*(nodes_of.paragraph(line.said, *line.classes) for line in lines), nodes_of.facts(facts)]
        html = HtmlWriter(self.builder, fromdoc)
        text = "".join([*(html.paragraph(line.said, *line.classes) for line in lines), html.facts(facts)])
        found = found_by_search([*(line.said for line in lines if line.telling), *(said for _, said in facts)])
        return [markup.written("", nodes.Text(found), html=text)]

    def inherited(self, fromdoc: str, traced: TracedItem) -> list[nodes.Node]:
        """The worst state below a requirement, with the way to it; nothing where it rests on nothing."""
        return self._nodes(fromdoc, self.path_of_inherited(traced))

    def path_of_inherited(self, traced: TracedItem) -> list[Phrase]:
        """The worst state below a requirement with the way to it, as phrases."""
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
