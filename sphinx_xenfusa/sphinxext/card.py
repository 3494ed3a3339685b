"""The card of a requirement: at a glance its state, what ran, who reviewed and what is wrong; all the rest unfolds.

The head and the statement are the card of sphinx-needs; what follows it is written here.  In formats that cannot fold, all of it
stands open.
"""

from __future__ import annotations

import functools
import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from docutils import nodes

from sphinx_xenfusa.interop.typed_fields import FIELDS, link_of
from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.blocks import Cell, count, paragraph
from sphinx_xenfusa.sphinxext.card_lines import Glance, Known
from sphinx_xenfusa.sphinxext.case_places import link_to_case, link_to_report
from sphinx_xenfusa.sphinxext.case_rows import CASE_HEADINGS, CASE_WIDTHS, passed_cases, verified_words
from sphinx_xenfusa.sphinxext.fragments import NotKnown, html_of
from sphinx_xenfusa.sphinxext.graph_view import CardGraphs
from sphinx_xenfusa.sphinxext.page_names import has_pages
from sphinx_xenfusa.sphinxext.phrases import (
    BREAK,
    SYMBOLS,
    Code,
    Fact,
    HtmlWriter,
    NodeWriter,
    Phrase,
    Ref,
    State,
    Strong,
    divided,
    found_by_search,
    marked,
)
from sphinx_xenfusa.sphinxext.verdict_views import details, in_short, other_details, verdicts_table
from sphinx_xenfusa.sphinxext.views import (
    MESSAGE_IN_CELL,
    Line,
    Views,
    case_counts,
    meaning,
    policy_words,
)
from sphinx_xenfusa.terms.term import TermKind
from sphinx_xenfusa.trace.assemble import SPECIFICATION
from sphinx_xenfusa.trace.record import Item, Justification, Review, TestCase, TracedItem, Verification
from sphinx_xenfusa.trace.snapshot import split_id
from sphinx_xenfusa.trace.states import RESULT_OF_OUTCOME, Outcome, Result, worst
from sphinx_xenfusa.trace.test_lists import NO_REASON
from sphinx_xenfusa.trace.test_results import RAN, STALE_PASS, UNREADABLE

OFT = "xenfusa-oft-evidence"
"""The class of the evidence of an item whose texts stand right above."""
GLANCE = "xenfusa-glance"
"""The class of the lines that never fold."""


def _said(item: Item) -> Iterator[tuple[str, str]]:
    """What the author of a requirement says of it, under its name."""
    yield "Rationale", item.rationale
    yield "Comment", item.comment
    yield "Source", item.source
    yield "Integrity level", item.level
    yield "To be ensured by", item.owner
    yield "Shown by", item.discharge
    yield "Depends on", ", ".join(item.depends)
    yield "Tags", ", ".join(item.labels)


@dataclass(frozen=True)
class Cards:
    """Writes the cards of one record for one builder.

    :param known: what is known beside the items.
    :param graphs: what stands around each item, as drawings, where the project has them in its cards.
    """

    views: Views
    known: Known
    graphs: CardGraphs | None = None

    @functools.cached_property
    def _glance(self) -> Glance:
        return Glance(self.views, self.known)

    def evidence(self, fromdoc: str, tag: str) -> nodes.Node:
        """What is known of one requirement, as it stands below its statement."""
        traced = self.views.traced.get(tag)
        if traced is None:
            return nodes.container(classes=["xenfusa-evidence"])
        lines = [self._headline(traced), *self._tracing(traced)]
        return self._card(fromdoc, traced, lines, "Details", "xenfusa-evidence")

    def brief(self, fromdoc: str, traced: TracedItem, heading: str) -> nodes.Node:
        """The same for an item whose texts stand right above: a line that unfolds, and below it what must not be overlooked.

        :param heading: state and coverage, as symbols and words.
        """
        if str(traced.item.tag) not in self.known.reviews:
            heading += f"; review: {SYMBOLS[Result.NONE]} none"
        return self._card(fromdoc, traced, self._tracing(traced), heading, "xenfusa-evidence", OFT)

    def _card(
        self, fromdoc: str, traced: TracedItem, lines: Sequence[Line], heading: str, *classes: str
    ) -> nodes.Element:
        glance, facts = self._glance.facts(traced), self._facts(traced)
        if OFT in classes:
            # Right above stand its texts and links: what ran or is wrong is told below them, and the rest unfolds.
            facts = [*(one for one in glance if not _tells(one)), *facts]
            glance = [one for one in glance if _tells(one)]
        rest = [*self._ran(fromdoc, traced), *self._graph(fromdoc, traced), *self.tests(fromdoc, traced)]
        if self.views.builder.format != "html":
            write = NodeWriter(self.views.builder, fromdoc)
            said = [write.paragraph(line.said, *line.classes) for line in lines]
            return nodes.container(
                "", *said, write.facts(glance, GLANCE), write.facts(facts), *rest, classes=list(classes)
            )
        writer = HtmlWriter(self.views.builder, fromdoc)
        top = "".join([*(writer.paragraph(line.said, *line.classes) for line in lines), writer.facts(glance, GLANCE)])
        found = found_by_search(
            [*(line.said for line in lines if line.telling), *(said for _, said in (*glance, *facts))]
        )
        inside = writer.facts(facts)
        summary = html.escape(_summary(heading, traced))
        try:
            folded = html_of(rest)
        except NotKnown:
            fold = markup.unfolding("", markup.written("", html=inside), *rest, heading=_summary(heading, traced))
            return nodes.container("", markup.written("", nodes.Text(found), html=top), fold, classes=list(classes))
        # Ten thousand times one node.
        folded = f'<details class="xenfusa-unfolding"><summary>{summary}</summary>\n{inside}{folded}</details>\n'
        parts = folded + top if OFT in classes else top + folded
        text = f'<div class="{" ".join(classes)} docutils container">\n{parts}</div>\n'
        names = (one.astext() for child in rest for one in child.findall(_is_looked_for))
        return markup.written("", nodes.Text(" ".join([found, *dict.fromkeys(names)])), html=text)

    def _ran(self, fromdoc: str, traced: TracedItem) -> list[nodes.Node]:
        """What ran for the claims of a requirement, with what each rests on: in full only where no page of a claim shows it."""
        if not traced.item.confirmed_by:
            return []
        made = [verdicts_table(self.views, traced)]
        if traced.other_verdicts:
            made.append(
                paragraph(
                    f"The state is the worse of what holds in {policy_words(SPECIFICATION)} and under the policy "
                    f"{self.views.record.target_policy}. The other policies are shown beside them and do not count."
                )
            )
        if not has_pages(self.views.builder):
            traces = [details(self.views, verdict) for verdict in traced.verdicts]
            return [*made, *traces, *other_details(self.views, traced)]
        writer = HtmlWriter(self.views.builder, fromdoc)
        for _, facts in in_short(self.views, traced):
            found = nodes.Text(found_by_search(said for _, said in facts))
            made.append(markup.written("", found, html=writer.facts(facts)))
        return made

    def _graph(self, fromdoc: str, traced: TracedItem) -> list[nodes.Node]:
        if self.graphs is None:
            return []
        return self.graphs.in_card(self.views, fromdoc, str(traced.item.tag))

    def _headline(self, traced: TracedItem) -> Line:
        said = (Strong("State: "), State(traced.result), f" — {meaning(traced)}.")
        return Line(said, ("xenfusa-headline",), telling=False)

    def _tracing(self, traced: TracedItem) -> list[Line]:
        """What is worse below than the requirement's own state, what the policy misses, what excuses it."""
        made: list[Line] = []
        if traced.inherited is not None and worst((traced.inherited, traced.result)) is not traced.result:
            made.append(Line((Strong("Below: "), *self.views.path_of_inherited(traced)), ("xenfusa-inherited",)))
        if traced.lacks:
            made.append(Line((Strong("The policy asks for: "), "; ".join(traced.lacks), ". It lacks this.")))
        return made + [self._justification(one, traced) for one in self.known.justified.get(str(traced.item.tag), ())]

    def _justification(self, one: Justification, traced: TracedItem) -> Line:
        said = f"by {one.owner}, until {one.expires}: {one.reason.rstrip('.')}."
        if traced.justified:
            return Line((Strong("Justified "), f"{said} What it lacks does not count as covered."))
        why = "it has expired" if one.expired else "it lacks nothing that could be excused"
        return Line((Strong("Justified in vain "), f"{said} Nothing is excused: {why}."))

    def _facts(self, traced: TracedItem) -> list[Fact]:
        """What unfolds: what the author says of it, where it stands, how its text is told from another, what was before."""
        item = traced.item
        return [
            ("Kind", [item.kind.value] if item.kind else []),
            *((field.words, self._field(traced, name)) for name, field in FIELDS.items()),
            *((name, [words] if words else []) for name, words in _said(item)),
            ("Stands in", [Code(str(item.place))]),
            ("Revision", [str(item.tag.revision)]),
            ("Fingerprint", [Code(traced.fingerprint[:16])]),
            ("Inherited", self.views.path_of_inherited(traced)),
            ("Answers", self._answers(traced)),
            ("Before", self._before(traced)),
        ]

    def _answers(self, traced: TracedItem) -> list[Phrase]:
        """The answers of the inspection that counts."""
        review = self.known.reviews.get(str(traced.item.tag))
        if review is None:
            return []
        made: list[Phrase] = []
        for question, answer in review.answers:
            made += [*([BREAK] if made else []), f"{question}: {answer}"]
        return made

    def _before(self, traced: TracedItem) -> list[Phrase]:
        """Inspections and verifications of earlier texts and revisions, the last first."""
        tag = str(traced.item.tag)
        current = self.known.reviews.get(tag)
        found = [
            one
            for one in self.known.earlier.get(split_id(tag)[0], ())
            if one is not current and (one.id != tag or one.fingerprint != traced.fingerprint)
        ]
        made: list[Phrase] = []
        for one in sorted(found, key=lambda each: (each.date, each.id), reverse=True):
            made += [*([BREAK] if made else []), _earlier(one)]
        return made

    def _field(self, traced: TracedItem, name: str) -> list[Phrase]:
        """The words of a typed field, with links to their objects; of one that was dropped, why."""
        kind = FIELDS[name].terms
        said = divided(self._term(kind, word) for word in traced.item.fields.words(name))
        return said + [why for dropped, why in traced.item.fields.dropped if dropped == name]

    def _term(self, kind: TermKind, word: str) -> Phrase:
        """A link to the description of a term; of a group of operations, how many they are."""
        place = self.views.objects.get(link_of(kind, word))
        if place is not None:
            return Ref(word, *place, word, code=False)
        members = self.views.groups.get(word, 0) if kind is TermKind.OPERATION else 0
        return f"{word} ({count(members, 'operation')})" if members else word

    def _message(self, case: TestCase) -> str:
        """The message of a case, or its beginning where a page of its own has the whole."""
        cut = has_pages(self.views.builder) and len(case.message) > MESSAGE_IN_CELL
        return f"{case.message[:MESSAGE_IN_CELL]}… (cut)" if cut else case.message

    def tests(self, fromdoc: str, traced: TracedItem) -> list[nodes.Node]:
        """A table of the tests of an item; nothing where it has none."""
        tag = str(traced.item.tag)
        cases = [(case, verified_words(case, tag, "all of it")) for case in traced.tests]
        cases += [(case, verified_words(case, tag, "a part")) for case in traced.partial_tests]
        if not cases:
            return []
        why = functools.partial(self.views.stale.of, tag=tag)
        title = "Tests that verify it: " + case_counts((case for case, _ in cases), why)
        good = all(case.outcome is Outcome.PASSED and not why(case) for case, _ in cases)
        if good and self.views.builder.format == "html":
            id = f"xenfusa-table-{next(self.views.numbers)}"
            return [passed_cases(self.views.builder, fromdoc, cases, title, id, marked(Result.PASSED))]
        rows = [self._row(fromdoc, case, words, why(case)) for case, words in cases]
        return [self.views.table(title, CASE_HEADINGS, CASE_WIDTHS, rows, "xenfusa-tests")]

    def _row(self, fromdoc: str, case: TestCase, words: Sequence[str], stale: str) -> Sequence[Cell]:
        state = (
            marked(Result.STALE, STALE_PASS) if stale else marked(RESULT_OF_OUTCOME[case.outcome], case.outcome.value)
        )
        outcome: list[nodes.Node] = [paragraph(state), *([paragraph(stale)] if stale else [])]
        outcome += [paragraph(self._message(case))] if case.message else self._why_not_run(case)
        name = link_to_case(self.views.builder, fromdoc, case, case.id)
        verifies: list[nodes.Node] = [paragraph(one) for one in words]
        return (name, outcome, verifies, link_to_report(self.views.builder, fromdoc, case.report))

    def _why_not_run(self, case: TestCase) -> list[nodes.Node]:
        """Why a case did not run of which its report says no reason; nothing of one that ran."""
        if case.outcome in RAN:
            return []
        return [paragraph(UNREADABLE if case.report in self._unreadable else NO_REASON)]

    @functools.cached_property
    def _unreadable(self) -> frozenset[str]:
        return frozenset(report.file for report in self.views.record.reports if report.error)


def _is_looked_for(node: nodes.Node) -> bool:
    return isinstance(node, nodes.literal | markup.written)


def _tells(fact: Fact) -> bool:
    """Whether a line says that something ran, was found or is wrong; what merely is not there, the heading says."""
    name, said = fact
    told = any(isinstance(one, State) and one.result is not Result.NONE for one in said)
    return told or name in _ALWAYS or name.startswith("Since ")


_ALWAYS = frozenset({"Status", "Claims", "Tests", "Targets", "Methods"})


def _summary(heading: str, traced: TracedItem) -> str:
    """The line of the fold, with what is in it."""
    item, cases = traced.item, len(traced.tests) + len(traced.partial_tests)
    said = [
        "rationale" if item.rationale else "",
        "source" if item.source else "",
        count(len(item.confirmed_by), "claim") if item.confirmed_by else "",
        count(cases, "test") if cases else "",
    ]
    inside = ", ".join(filter(None, said))
    return f"{heading}: {inside}" if inside and heading == "Details" else heading


def _earlier(one: Review | Verification) -> str:
    """An inspection or verification that does not count any more, in a line."""
    revision = split_id(one.id)[1]
    if isinstance(one, Review):
        return f"{one.date}, revision {revision}: reviewed by {one.reviewer}, text {one.fingerprint[:16]}"
    return (
        f"{one.date}, revision {revision}: {one.method}, {one.result.value}, by {one.by}, text {one.fingerprint[:16]}"
    )
