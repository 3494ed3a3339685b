"""Which inspections hold: of the text that stands there, by somebody else than its author, complete, and without a no.

An inspection of another text is kept and shown as no longer valid.  It is a finding only where no later one holds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sphinx_xenfusa.trace.record import Finding, Place, Review

CHECKLIST: Mapping[str, str] = {
    "unambiguous": "Can it be read in one way only?",
    "comprehensible": "Does somebody understand it who works with it and did not write it?",
    "atomic": "Does it ask for one thing, which cannot be split without losing its meaning?",
    "consistent": "Does it contradict neither itself nor another requirement?",
    "complete": "Does it say what has to hold, for whom and when, without what is left open?",
    "necessary": "Would the item above not be met without it?",
    "independent of the solution": "Does it say what is wanted, and no more of how than its level asks for?",
    "feasible": "Can it be met within the known constraints?",
    "verifiable": "Is there a way to show that it is met, and could that way fail?",
    "traceable": "Does it name what it comes from, and is that right?",
}
"""The questions of an inspection, in words of our own, after the attributes that ISO 26262-8, clause 6 asks for."""

YES = "yes"
NO = "no"
_NOT_APPLICABLE = re.compile(r"n/a: *\S.*", re.DOTALL)
ANSWERS = "yes, no, or 'n/a: ' and a reason"


@dataclass(frozen=True, slots=True)
class WrittenReview:
    """An inspection as it stands in a ledger."""

    id: str
    fingerprint: str
    author: str
    reviewer: str
    date: str
    answers: tuple[tuple[str, str], ...]
    place: Place


def is_answer(answer: str) -> bool:
    """Whether it is one of the answers that there are."""
    return answer in (YES, NO) or _NOT_APPLICABLE.fullmatch(answer) is not None


def same_person(one: str, other: str) -> bool:
    """Whether two names are the same, whatever their case, spacing and Unicode form."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())


def judge(
    written: Iterable[WrittenReview], checklist: Sequence[str], fingerprints: Mapping[str, str]
) -> tuple[tuple[Review, ...], tuple[Finding, ...]]:
    """The inspections as the record holds them, and what is wrong with those that no later one replaces.

    :param checklist: the names of the questions that have to be answered.
    :param fingerprints: of the items of today, by tag.
    """
    judged = [(one, tuple(_faults(one, checklist, fingerprints))) for one in written]
    reviews = tuple(sorted(_review(one, not faults) for one, faults in judged))
    held = {one.id.rpartition("~")[0] for one, faults in judged if not faults}
    findings = (
        Finding("review", one.place, one.id, f"the review of {one.id} by {one.reviewer} on {one.date}: {fault}")
        for one, faults in judged
        if one.id.rpartition("~")[0] not in held
        for fault in faults
    )
    return reviews, tuple(sorted(findings, key=lambda one: (str(one.place), one.message)))


def _review(one: WrittenReview, holds: bool) -> Review:
    return Review(one.id, one.fingerprint, one.author, one.reviewer, one.date, one.answers, holds, one.place)


def _faults(one: WrittenReview, checklist: Sequence[str], fingerprints: Mapping[str, str]) -> Iterator[str]:
    """Why an inspection does not hold."""
    now = fingerprints.get(one.id)
    if now is None:
        yield "found no item with this tag; expected one, with its revision"
    elif now != one.fingerprint:
        yield f"it is no longer valid: found that the text has the fingerprint {now}; expected {one.fingerprint}"
    if same_person(one.author, one.reviewer):
        yield f"found {one.author!r} as author and as reviewer; expected two persons"
    answers = dict(one.answers)
    missing = [name for name in checklist if name not in answers]
    if missing:
        yield f"found no answer to: {', '.join(missing)}; expected one to each question of the checklist"
    refused = [name for name, answer in one.answers if answer == NO]
    if refused:
        yield f"found the answer no to: {', '.join(refused)}; expected a text that can be answered with yes"


def doubts(review: Review, fingerprint: str) -> tuple[str, ...]:
    """Why an inspection does not hold, in words; empty for one that does.

    :param fingerprint: of the item of today.
    """
    if review.holds:
        return ()
    refused = [name for name, answer in review.answers if answer == NO]
    said = (
        "its text has changed since" if review.fingerprint != fingerprint else "",
        "author and reviewer are one person" if same_person(review.author, review.reviewer) else "",
        f"answered with no: {', '.join(refused)}" if refused else "",
    )
    return tuple(filter(None, said)) or ("not every question of the checklist is answered",)


def newest(reviews: Iterable[Review]) -> dict[str, Review]:
    """Of each item the inspection that counts: the last one that holds, or else the last one."""
    found: dict[str, Review] = {}
    for review in sorted(reviews, key=lambda one: (one.holds, one.date, one.reviewer)):
        found[review.id] = review
    return found


def counts_of_answers(review: Review) -> str:
    """How the questions of an inspection were answered, in numbers."""
    answers = [answer for _, answer in review.answers]
    other = len(answers) - answers.count(YES) - answers.count(NO)
    return f"{answers.count(YES)} yes, {answers.count(NO)} no, {other} n/a"


def in_words(review: Review) -> str:
    """An inspection in a line: a sign, a word, who, when, and what was answered."""
    sign = "✔ reviewed" if review.holds else "✘ review no longer valid, or not complete"
    return f"{sign}: {review.reviewer} on {review.date}, of a text by {review.author} ({counts_of_answers(review)})"
