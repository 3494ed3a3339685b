"""What stands on the card of a requirement at a glance: what ran, who reviewed, what it is linked to, what is wrong.

Everything that a reader must not overlook is here, and nothing of it in a fold: a failure, a divergence, a suspect or faulty
link, what is stale, an exclusion that has expired, a review that is missing, a target that nobody tried.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.sphinxext.blocks import count
from sphinx_xenfusa.sphinxext.case_places import address_of_case
from sphinx_xenfusa.sphinxext.claim_places import anchor_of_policy, page_of_claim
from sphinx_xenfusa.sphinxext.phrases import BREAK, Fact, Paged, Phrase, State
from sphinx_xenfusa.sphinxext.views import Views, policy_words, verdict_words
from sphinx_xenfusa.trace.around import Around
from sphinx_xenfusa.trace.diff import compare
from sphinx_xenfusa.trace.history import Happened, histories
from sphinx_xenfusa.trace.record import Justification, Link, Review, TestCase, TracedItem, TraceRecord, Verification
from sphinx_xenfusa.trace.reviews import counts_of_answers, doubts, newest
from sphinx_xenfusa.trace.snapshot import Snapshot, snapshot, split_id
from sphinx_xenfusa.trace.states import (
    RESULT_OF_OUTCOME,
    RESULT_OF_VERDICT,
    LinkStatus,
    OftStatus,
    Outcome,
    Result,
)
from sphinx_xenfusa.trace.test_lists import NO_REASON, target_words
from sphinx_xenfusa.trace.test_results import RAN, STALE_PASS
from sphinx_xenfusa.trace.verifications import MODEL, TEST, by_item, words_of_verifications

MOST_LINKS = 8
"""Links that count, in one line of a card; those that do not count are all there."""
MOST_CASES = 5
"""Failed cases, and reasons, that a card names; the table below has all."""
_NO_VERDICT: tuple[Phrase, ...] = (State(Result.NOT_RUN, "no verdict"),)
_SUSPECT = "the text of these changed since a link to it or a review of it was accepted: "
_MOST_SAID = 240
"""Characters of a message or reason in a line of a card."""


@dataclass(frozen=True)
class Known:
    """What is known beside the items, by item; made once for all pages.

    :param around: the links between items.
    :param justified: the justifications by the tag that they name.
    :param reviews: the inspection that counts, by tag.
    :param earlier: all inspections and verifications of an item, by its name without the revision.
    :param verifications: what people found, by tag.
    :param baseline: the name of the baseline that the record is compared with; empty without one.
    :param happened: what became of the items since the baseline, by tag.
    """

    around: Around = field(default_factory=lambda: Around({}, {}))
    justified: Mapping[str, Sequence[Justification]] = field(default_factory=dict)
    reviews: Mapping[str, Review] = field(default_factory=dict)
    earlier: Mapping[str, Sequence[Review | Verification]] = field(default_factory=dict)
    verifications: Mapping[str, Sequence[Verification]] = field(default_factory=dict)
    baseline: str = ""
    happened: Mapping[str, tuple[Happened, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, record: TraceRecord, before: Snapshot | None) -> Known:
        """Of a record, and of the baseline that it is compared with if there is one."""
        justified: defaultdict[str, list[Justification]] = defaultdict(list)
        for one in record.justifications:
            justified[one.id].append(one)
        earlier: defaultdict[str, list[Review | Verification]] = defaultdict(list)
        for review in record.reviews:
            earlier[split_id(review.id)[0]].append(review)
        for found in record.verifications:
            earlier[split_id(found.id)[0]].append(found)
        return cls(
            Around.of(record.links, (str(one.item.tag) for one in record.items)),
            dict(justified),
            newest(record.reviews),
            dict(earlier),
            by_item(record.verifications),
            "" if before is None else before.label,
            {} if before is None else histories(compare(before, snapshot(record, "this build"))),
        )

    def about(self, tag: str) -> tuple[object, ...]:
        """All of it that the card of an item shows, for the digest of its page."""
        return (
            self.around.links(tag),
            self.justified.get(tag),
            self.reviews.get(tag),
            self.earlier.get(split_id(tag)[0]),
            self.verifications.get(tag),
            self.baseline,
            self.happened.get(tag),
        )


class Glance:
    """The lines of cards."""

    def __init__(self, views: Views, known: Known) -> None:
        self._views = views
        self._known = known

    def facts(self, traced: TracedItem) -> list[Fact]:
        """The lines of one card, those of which nothing is said included."""
        item, tag = traced.item, str(traced.item.tag)
        around = self._known.around
        return [
            ("Status", [item.oft_status.value] if item.oft_status is not OftStatus.APPROVED else []),
            ("Claims", self._claims(traced)),
            ("Tests", self._tests(traced)),
            ("Targets", [words] if (words := target_words(traced)) else []),
            ("Methods", self._methods(traced)),
            ("Review", self._review(traced)),
            ("Suspect", self._suspect(traced)),
            ("Covers", self._ends(around.outgoing.get(tag, ()), "target")),
            ("Needs", self._needs(traced)),
            ("Covered by", self._ends(around.incoming.get(tag, ()), "source")),
            (f"Since {self._known.baseline}", self._since(tag)),
        ]

    def _claims(self, traced: TracedItem) -> list[Phrase]:
        """A line for each claim and policy that counts, and one for all others under which it does not hold."""
        made: list[Phrase] = []
        for claim in traced.item.confirmed_by:
            said = [tuple(_verdict(one)) for one in traced.verdicts if one.claim == claim] or [_NO_VERDICT]
            made += [BREAK] if made else []
            made += [Paged(claim, page_of_claim(claim)), ": ", *said[0]]
            for line in said[1:]:
                made += [BREAK, *line]
        others: defaultdict[tuple[str, VerdictKind, str], list[str | None]] = defaultdict(list)
        for one in traced.other_verdicts:
            if one.kind is not VerdictKind.CONFIRMED:
                others[one.claim, one.kind, verdict_words(one)].append(one.policy)
        for (claim, kind, words), policies in others.items():
            name = Paged(claim, f"{page_of_claim(claim)}#{anchor_of_policy(policies[0])}")
            under = "; ".join(map(policy_words, policies))
            made += [BREAK, "Not counted: ", name, " ", State(RESULT_OF_VERDICT[kind], words), f" under {under}"]
        return made

    # --- tests --------------------------------------------------------------------------------------------------

    def _tests(self, traced: TracedItem) -> list[Phrase]:
        """How many cases came to which outcome; those that failed by name, and why others did not count.

        Passes have a tick only where at least one of the cases verifies the whole item.
        """
        cases = (*traced.tests, *traced.partial_tests)
        if not cases:
            return [State(Result.NONE, "none")] if traced.test is not None else []
        tag = str(traced.item.tag)
        stale = [self._views.stale.of(case, tag) for case in cases]
        counted = Counter(STALE_PASS if why else case.outcome.value for case, why in zip(cases, stale, strict=True))
        whole = any(case.outcome is Outcome.PASSED and not why for case, why in zip(traced.tests, stale, strict=False))
        made: list[Phrase] = []
        for words, result in _OUTCOMES:
            if counted[words]:
                made += [", "] if made else []
                in_part = result is Result.PASSED and not whole
                made.append(State(Result.PARTIAL if in_part else result, f"{counted[words]} {words}"))
        part = len(traced.partial_tests)
        made += [f" ({part} of them {'verifies' if part == 1 else 'verify'} a part only)"] if part else []
        flaky = sum(case.flaky for case in cases)
        made += [", ", State(Result.INCONCLUSIVE, f"{flaky} flaky")] if flaky else []
        for line in (*_bad(cases), *_reasons(zip(cases, stale, strict=True))):
            made += [BREAK, *line]
        return made

    def _methods(self, traced: TracedItem) -> list[Phrase]:
        """What each method amounts to, where more than claims and tests verify the item, or should; and what people found."""
        if not any(one.method not in (MODEL, TEST) or one.result is Result.NONE for one in traced.methods):
            return []
        made: list[Phrase] = []
        for one in traced.methods:
            made += [*([", "] if made else []), f"{one.method}: ", State(one.result)]
        for words in words_of_verifications(self._known.verifications.get(str(traced.item.tag), ())):
            made += [BREAK, f"found: {words}"]
        return made

    # --- review -------------------------------------------------------------------------------------------------

    def _review(self, traced: TracedItem) -> list[Phrase]:
        """Who inspected the text and when, and whether that still holds; that nobody did is said, too."""
        review = self._known.reviews.get(str(traced.item.tag))
        if review is None:
            return [State(Result.NONE, "none")]
        who = f": {review.reviewer} on {review.date}, of a text by {review.author} ({counts_of_answers(review)})"
        if review.holds:
            return [State(Result.PASSED, "reviewed"), who]
        result = Result.STALE if review.fingerprint != traced.fingerprint else Result.FAILED
        return [State(result, "does not hold"), f"{who}: {'; '.join(doubts(review, traced.fingerprint))}"]

    def _suspect(self, traced: TracedItem) -> list[Phrase]:
        if not traced.suspect:
            return []
        return [State(Result.STALE, "suspect"), f": {_SUSPECT}", *self._views.refs(traced.suspect)]

    # --- links --------------------------------------------------------------------------------------------------

    def _ends(self, links: Iterable[Link], end: str) -> list[Phrase]:
        """One end of each link; those that do not count first, with their status in OpenFastTrace's words."""
        bad: list[Phrase] = []
        good: list[str] = []
        for link in links:
            tag = link.target if end == "target" else link.source
            if link.status is LinkStatus.COVERS:
                good.append(tag)
                continue
            bad += [*([", "] if bad else []), self._views.ref(tag, tag), " (", *_status(link, end), ")"]
        good = list(dict.fromkeys(good))
        shown = self._views.refs(good[:MOST_LINKS])
        more = [f" and {len(good) - MOST_LINKS:,} more"] if len(good) > MOST_LINKS else []
        return [*bad, *([", "] if bad and shown else []), *shown, *more]

    def _needs(self, traced: TracedItem) -> list[Phrase]:
        made: list[Phrase] = []
        for need in traced.item.needs:
            made += [", "] if made else []
            made += [f"{need} ", State(Result.NONE, "lacking")] if need in traced.uncovered else [need]
        return made

    def _since(self, tag: str) -> list[Phrase]:
        """What became of it since the baseline; nothing where nothing did, or where there is no baseline."""
        made: list[Phrase] = []
        for one in self._known.happened.get(tag, ()):
            made += ["; "] if made else []
            made.append(State(Result.FAILED, one.words) if one.worse else one.words)
        return made


_OUTCOMES = (
    *((one.value, RESULT_OF_OUTCOME[one]) for one in Outcome if one is not Outcome.PASSED),
    (STALE_PASS, Result.STALE),
    (Outcome.PASSED.value, Result.PASSED),
)


def _status(link: Link, end: str) -> Iterator[Phrase]:
    """What a link is that does not count, as seen from the item whose card it is."""
    words = link.incoming.value if end == "source" and link.incoming is not None else link.status.value
    also = "".join(f", {one.value}" for one in link.also)
    result = Result.STALE if link.status is LinkStatus.SUSPECT else Result.FAILED
    yield State(result, words + also)


def _verdict(verdict: Verdict) -> Iterator[Phrase]:
    """A verdict with its policy, how often it could have failed and, where it is no good, why."""
    yield State(RESULT_OF_VERDICT[verdict.kind], verdict_words(verdict))
    named = verdict.policy is not None and not (
        verdict.kind is VerdictKind.CONFIRMED and verdict.policy == "specification"
    )
    yield f" under {policy_words(verdict.policy)}" if named else ""
    if verdict.cases:
        yield f", {count(verdict.cases, 'check')}, {verdict.relevant:,} of which could have failed"
    if verdict.kind is not VerdictKind.CONFIRMED and verdict.reason:
        yield f": {cut(verdict.reason)}"


def _bad(cases: Iterable[TestCase]) -> Iterator[list[Phrase]]:
    """The cases that failed or broke, each with the beginning of its message."""
    bad = [case for case in cases if case.outcome in (Outcome.FAILED, Outcome.ERROR)]
    for case in bad[:MOST_CASES]:
        message = f": {cut(case.message)}" if case.message else ""
        name = Paged(case.id, address_of_case(case))
        yield [State(RESULT_OF_OUTCOME[case.outcome], case.outcome.value), " ", name, message]
    if len(bad) > MOST_CASES:
        yield [f"and {len(bad) - MOST_CASES:,} more, in the table below"]


def _reasons(cases: Iterable[tuple[TestCase, str]]) -> Iterator[list[Phrase]]:
    """Why passes do not count and cases did not run, each reason once."""
    reasons: Counter[tuple[str, str]] = Counter()
    for case, stale in cases:
        if stale:
            reasons["stale", stale] += 1
        elif case.outcome not in RAN:
            reasons[case.outcome.value, case.message or NO_REASON] += 1
    for (what, why), number in list(reasons.items())[:MOST_CASES]:
        yield [f"{number:,} {what}: {cut(why)}"]
    if len(reasons) > MOST_CASES:
        yield [f"and {len(reasons) - MOST_CASES:,} more reasons, in the table below"]


def cut(text: str) -> str:
    """A text on one line, or its beginning."""
    line = " ".join(text.split())
    return line if len(line) <= _MOST_SAID else f"{line[:_MOST_SAID]}… (cut)"


def suspect_words(traced: TracedItem) -> str:
    """The tags whose text changed since somebody agreed to it, in words; empty when there are none."""
    return f"↻ suspect: {_SUSPECT}{', '.join(traced.suspect)}" if traced.suspect else ""
