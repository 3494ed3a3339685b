"""Thresholds of a matrix: how many of its items have, or have not, what a word says.

``covered >= 95 %``, ``passed = 100 %``, ``suspect = 0``, ``failed <= 2``: a word, how it is compared, a share or a number.  The
words are the states, ``suspect``, ``lacking`` (something that the tracing policy asks for), ``gap`` (something that the matrix
asks for and the item needs) and what a tracing policy can ask for: ``covered`` (in depth, as OpenFastTrace means it),
``model``, ``test``, ``review`` and the methods of people.  A justified item is never among those that have it.

A threshold becomes a gate of the record, like a demand of the tracing policy, and is counted as that is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sphinx_xenfusa.trace.policy import Evidence
from sphinx_xenfusa.trace.record import Finding, Gate, Place, TracedItem
from sphinx_xenfusa.trace.states import Result
from sphinx_xenfusa.trace.verifications import BY_HAND

GAP = "gap"
COVERED = "covered"
EVIDENCE = ("model", "test", "review", *BY_HAND)
"""What of the words of a tracing policy a threshold can ask for."""
WORDS = (COVERED, "suspect", "lacking", GAP, *EVIDENCE, *(result.value for result in Result))
"""All that a threshold can ask for."""
_SAID = {
    "lacking": "lacking what the tracing policy asks for",
    GAP: "with a gap",
    "model": "confirmed by all its claims",
    "test": "verified by tests",
    "review": "reviewed",
    Result.NONE.value: "in the state none",
    **{word: f"verified by {method}" for word, method in BY_HAND.items()},
}
"""What a word means, where the word alone would not say it."""
_NOT_SAID = {GAP: "without a gap"}
"""What it means that an item has not what a word says, where *not* before it would be no English."""
FORMS = "WORD >= NUMBER %, WORD = 100 %, WORD = 0, WORD <= NUMBER or WORD <= NUMBER %"

_FORM = re.compile(
    r"(?P<word>[a-z][a-z _]*?)\s*(?P<sign>>=|<=|=)\s*(?P<number>[0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(?P<percent>%?)"
)
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Threshold:
    """How many items may, or must, have something.

    :param word: one of :data:`WORDS`.
    :param text: as written, with single blanks.
    :param at_least: whether the number is the least that must have it; else the most that may.
    :param number: of items, or their share in percent.
    :param percent: whether it is a share.
    """

    word: str
    text: str
    at_least: bool
    number: float
    percent: bool


def parse_threshold(text: str) -> Threshold:
    """Read a threshold.

    :raises ValueError: saying what was found and what was expected.
    """
    text = " ".join(text.split())
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"found {text!r}; expected {FORMS}")
    word, sign, number, percent = match["word"], match["sign"], float(match["number"]), bool(match["percent"])
    if word not in WORDS:
        raise ValueError(f"found {word!r} in {text!r}; expected one of {', '.join(WORDS)}")
    if percent and number > 100:
        raise ValueError(f"found {text!r}; expected a share from 0 to 100 %")
    if not percent and not number.is_integer():
        raise ValueError(f"found {text!r}; expected a whole number, or a share in percent")
    if sign == "=" and number and not (percent and number == 100):
        raise ValueError(f"found {text!r}; expected '= 100 %' or '= 0', or '>=' or '<=' for other numbers")
    if sign == ">=" and not percent:
        raise ValueError(f"found {text!r}; expected a share in percent after '>='")
    return Threshold(word, text, sign == ">=" or (sign == "=" and number == 100), number, percent)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds of one matrix, with what they are about.

    :param name: tells the matrix from the others of the project.
    :param place: where the thresholds stand.
    :param whom: the items concerned, in words.
    :param items: the items concerned.
    :param gaps: the tags of those that lack what the matrix asks for.
    """

    name: str
    place: Place
    whom: str
    asked: Sequence[Threshold]
    items: Sequence[TracedItem]
    gaps: Collection[str] = ()

    def judged(self, evidence: Evidence) -> tuple[list[Gate], list[Finding]]:
        """A gate for each threshold, and a finding for each that is not met."""
        gates, findings = [], []
        for threshold in self.asked:
            has = self._test(threshold.word, evidence)
            wrong = [one for one in self.items if has(one) is not threshold.at_least]
            gate = self._gate(threshold, wrong)
            gates.append(gate)
            if gate.met is False:
                findings.append(self._unmet(threshold, gate, wrong))
        return gates, findings

    def _test(self, word: str, evidence: Evidence) -> Callable[[TracedItem], bool]:
        """Whether an item has what a word says."""
        special: Mapping[str, Callable[[TracedItem], bool]] = {
            COVERED: lambda one: "coverage" in evidence.of(one),
            "suspect": lambda one: bool(one.suspect),
            "lacking": lambda one: bool(one.lacks),
            GAP: lambda one: str(one.item.tag) in self.gaps,
            Result.JUSTIFIED.value: lambda one: one.justified,
        }
        if word in special:
            return special[word]
        return (lambda one: word in evidence.of(one)) if word in EVIDENCE else (lambda one: one.result.value == word)

    def _gate(self, threshold: Threshold, wrong: Sequence[TracedItem]) -> Gate:
        of = len(self.items)
        counted, justified = of - len(wrong), sum(one.justified for one in wrong) if threshold.at_least else 0
        number = threshold.number
        if threshold.percent:
            required = number if threshold.at_least else 100 - number
            met = counted * 100 >= number * of if threshold.at_least else len(wrong) * 100 <= number * of
        else:
            required = 100 * max(of - number, 0) / of if of else 100.0
            met = len(wrong) <= number
        return Gate(
            name=f"{self.name}: {threshold.text}",
            words=f"{self.whom}: {_what(threshold)}",
            counted=counted,
            of=of,
            justified=justified,
            excusable=0,
            required=float(required),
            met=met if of else None,
        )

    def _unmet(self, threshold: Threshold, gate: Gate, wrong: Sequence[TracedItem]) -> Finding:
        named = ", ".join(str(one.item.tag) for one in wrong[:_NAMED])
        more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        found = gate.counted if threshold.at_least else len(wrong)
        which = "the others" if threshold.at_least else "these"
        excused = f" ({gate.justified} of the others justified)" if gate.justified else ""
        message = (
            f"{self.whom}: found {found} of {gate.of} {_SAID.get(threshold.word, threshold.word)}{excused}; "
            f"expected {threshold.text}; {which}: {named}{more}"
        )
        return Finding("gate", self.place, gate.name, message)


def _what(threshold: Threshold) -> str:
    """What the items that are counted have, or have not."""
    said = _SAID.get(threshold.word, threshold.word)
    return said if threshold.at_least else _NOT_SAID.get(threshold.word, f"not {said}")
