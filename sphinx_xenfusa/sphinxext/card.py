"""The card of a requirement: its state, what is said of it, what ran for it, and its tests."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from docutils import nodes

from sphinx_xenfusa.interop.typed_fields import FIELDS, link_of
from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.case_places import link_to_case, link_to_report
from sphinx_xenfusa.sphinxext.case_rows import CASE_HEADINGS, CASE_WIDTHS, passed_cases, verified_words
from sphinx_xenfusa.sphinxext.page_names import has_pages
from sphinx_xenfusa.sphinxext.phrases import Code, Fact, Phrase, Ref, State, Strong, divided, marked
from sphinx_xenfusa.sphinxext.verdict_views import details, other_details, verdicts_table
from sphinx_xenfusa.sphinxext.views import (
    MESSAGE_IN_CELL,
    Cell,
    Line,
    Views,
    case_counts,
    count,
    meaning,
    paragraph,
    policy_words,
)
from sphinx_xenfusa.terms.term import TermKind
from sphinx_xenfusa.trace.assemble import SPECIFICATION
from sphinx_xenfusa.trace.record import Item, Justification, TestCase, TracedItem
from sphinx_xenfusa.trace.reviews import in_words
from sphinx_xenfusa.trace.states import RESULT_OF_OUTCOME, Outcome, Result, worst
from sphinx_xenfusa.trace.test_lists import NO_REASON, target_words
from sphinx_xenfusa.trace.test_results import RAN, STALE_PASS, UNREADABLE
from sphinx_xenfusa.trace.verifications import MODEL, TEST, words_of_verifications


def _said(item: Item) -> Iterator[tuple[str, str]]:
    """What the author of a requirement says of it, under its name."""
    yield "Rationale", item.rationale
    yield "Comment", item.comment
    yield "Source", item.source
    yield "Integrity level", item.level
    yield "To be ensured by", item.owner
    yield "Shown by", item.discharge


def suspect_words(traced: TracedItem) -> str:
    """The tags whose text changed since somebody agreed to it, in words; empty when there are none."""
    if not traced.suspect:
        return ""
    words = "✘ suspect: the text of these changed since a link to it or a review of it was accepted: "
    return words + ", ".join(traced.suspect)


@dataclass(frozen=True)
class Cards:
    """Writes the cards of one record for one builder."""

    views: Views

    def evidence(self, fromdoc: str, tag: str) -> nodes.Node:
        """What is known of one requirement: state, what it is, what ran, with traces, and its tests."""
        traced = self.views.traced.get(tag)
        classes = ["xenfusa-evidence"]
        if traced is None:
            return nodes.container(classes=classes)
        lines = [self._headline(traced), *self._tracing(traced)]
        rest = [*self._ran(traced), *self.tests(fromdoc, traced)]
        said = self.views.said(fromdoc, lines, self._facts(traced))
        if not rest and isinstance(said[0], markup.written):
            # Ten thousand times one node: the block is part of what is written.
            said[0]["html"] = f'<div class="{" ".join(classes)} docutils container">\n{said[0]["html"]}</div>\n'
            return said[0]
        return nodes.container("", *said, *rest, classes=classes)

    def _ran(self, traced: TracedItem) -> list[nodes.Node]:
        """What ran for the claims of a requirement, with what each rests on."""
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
        return [
            *made,
            *(details(self.views, verdict) for verdict in traced.verdicts),
            *other_details(self.views, traced),
        ]

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
        return made + [self._justification(one, traced) for one in self._justified.get(str(traced.item.tag), ())]

    @functools.cached_property
    def _justified(self) -> Mapping[str, Sequence[Justification]]:
        """The justifications by the tags that they name."""
        found: dict[str, list[Justification]] = {}
        for one in self.views.record.justifications:
            found.setdefault(one.id, []).append(one)
        return found

    def _justification(self, one: Justification, traced: TracedItem) -> Line:
        said = f"by {one.owner}, until {one.expires}: {one.reason.rstrip('.')}."
        if traced.justified:
            return Line((Strong("Justified "), f"{said} What it lacks does not count as covered."))
        why = "it has expired" if one.expired else "it lacks nothing that could be excused"
        return Line((Strong("Justified in vain "), f"{said} Nothing is excused: {why}."))

    def _facts(self, traced: TracedItem) -> list[Fact]:
        item = traced.item
        review = self.views.reviews.get(str(item.tag))
        return [
            ("Kind", [item.kind.value if item.kind else "none"]),
            *((field.words, self._field(traced, name)) for name, field in FIELDS.items()),
            *((name, [words] if words else []) for name, words in _said(item)),
            ("Covers", self.views.refs(item.covers)),
            ("Needs", [self.views.needs_words(traced)] if item.needs else []),
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
        found = words_of_verifications(self.views.verifications.get(str(traced.item.tag), ()))
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
        """How the tests came out, and a table of them; it is folded only if every one passed."""
        tag = str(traced.item.tag)
        cases = [(case, verified_words(case, tag, "all of it")) for case in traced.tests]
        cases += [(case, verified_words(case, tag, "a part")) for case in traced.partial_tests]
        if not cases:
            return [paragraph(nodes.strong("", "Tests: "), "none")] if traced.test is not None else []
        why = functools.partial(self.views.stale.of, tag=tag)
        title = "Tests that verify it: " + case_counts((case for case, _ in cases), why)
        good = all(case.outcome is Outcome.PASSED and not why(case) for case, _ in cases)
        if good and self.views.builder.format == "html":
            id = f"xenfusa-table-{next(self.views.numbers)}"
            return [passed_cases(self.views.builder, fromdoc, cases, title, id, marked(Result.PASSED))]
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
            name = link_to_case(self.views.builder, fromdoc, case, case.id)
            verifies: list[nodes.Node] = [paragraph(one) for one in words]
            rows.append((name, outcome, verifies, link_to_report(self.views.builder, fromdoc, case.report)))
        shown = self.views.table(title, CASE_HEADINGS, CASE_WIDTHS, rows, "xenfusa-tests")
        return [self.views.fold(title, [shown])] if good else [shown]

    def _why_not_run(self, case: TestCase) -> list[nodes.Node]:
        """Why a case did not run of which its report says no reason; nothing of one that ran."""
        if case.outcome in RAN:
            return []
        return [paragraph(UNREADABLE if case.report in self._unreadable else NO_REASON)]

    @functools.cached_property
    def _unreadable(self) -> frozenset[str]:
        return frozenset(report.file for report in self.views.record.reports if report.error)
