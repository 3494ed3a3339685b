"""What people found who verified an item by analysis, by inspection, or by reviewing its design.

Each is bound to the text for which it was made and names the document that shows it.  Of an item and a method the last one
counts that was made for the present text; of several on one day the worst.  Made for another text it is ``stale``.

What it does to the state of the item is cautious: a failure fails it; a pass counts only where the tracing policy asks
for that method and neither a claim nor a test says anything, because nothing ran that the reader could run again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sphinx_xenfusa.trace.record import Finding, MethodResult, Place, Tag, Verification
from sphinx_xenfusa.trace.states import RESULT_OF_OUTCOME, Outcome, Result, worst

MODEL = "model"
TEST = "test"
BY_HAND: Mapping[str, str] = {
    "analysis": "analysis",
    "inspection": "inspection",
    "design_review": "review of design",
}
"""The word of a tracing policy for each method by which people verify, and its name."""

METHODS = (MODEL, TEST, *BY_HAND.values())
"""Every method, in the order of every output."""


@dataclass(frozen=True, slots=True)
class WrittenVerification:
    """A verification as it stands in a ledger.

    :param method: one of the names in :data:`BY_HAND`.
    :param result: passed or failed.
    """

    id: str
    fingerprint: str
    method: str
    result: Outcome
    document: str
    by: str
    date: str
    place: Place


def judge_verifications(
    written: Iterable[WrittenVerification], fingerprints: Mapping[str, str]
) -> tuple[tuple[Verification, ...], tuple[Finding, ...]]:
    """The verifications as the record holds them, and what is wrong with those that no other of the method replaces.

    :param fingerprints: of the items of today, by tag.
    """
    made, faults = [], []
    for one in written:
        now = fingerprints.get(one.id)
        holds = now == one.fingerprint
        made.append(
            Verification(
                one.id, one.method, one.date, one.result, one.fingerprint, one.document, one.by, holds, one.place
            )
        )
        if now is None:
            faults.append((one, "found no item with this tag; expected one, with its revision"))
        elif not holds:
            found = f"it is no longer valid: found that the text has the fingerprint {now}; expected {one.fingerprint}"
            faults.append((one, found))
    replaced = {(one.id.rpartition("~")[0], one.method) for one in made if one.holds}
    findings = (
        Finding("review", one.place, one.id, f"the {one.method} of {one.id} by {one.by} on {one.date}: {fault}")
        for one, fault in faults
        if (one.id.rpartition("~")[0], one.method) not in replaced
    )
    return tuple(sorted(made)), tuple(sorted(findings, key=lambda one: (str(one.place), one.message)))


def by_item(verifications: Iterable[Verification]) -> Mapping[str, Sequence[Verification]]:
    """The verifications by the tag of their item."""
    found: defaultdict[str, list[Verification]] = defaultdict(list)
    for one in verifications:
        found[one.id].append(one)
    return found


class Verified:
    """The verifications by item."""

    def __init__(self, verifications: Iterable[Verification]) -> None:
        self._of = by_item(verifications)

    def results(self, tag: Tag) -> tuple[MethodResult, ...]:
        """What each method by hand amounts to for an item."""
        if not self._of:
            return ()
        found = self._of.get(str(tag), ())
        return tuple(
            MethodResult(method, state_of(same))
            for method in BY_HAND.values()
            if (same := [one for one in found if one.method == method])
        )


def state_of(same: Iterable[Verification]) -> Result:
    """What the verifications of an item by one method amount to."""
    held = [one for one in same if one.holds]
    last = max((one.date for one in held), default="")
    return worst(RESULT_OF_OUTCOME[one.result] for one in held if one.date == last) if held else Result.STALE


def with_what_people_found(state: Result, by_hand: Iterable[MethodResult], asked: Collection[str]) -> Result:
    """The state of an item, with what people found.

    :param state: by its claims and tests alone.
    :param asked: the methods that the tracing policy asks for.
    """
    results = {one.method: one.result for one in by_hand}
    failed = [one for one in results.values() if one is Result.FAILED]
    counting = [one for method, one in results.items() if method in asked] if state is Result.NONE else []
    return worst((*failed, *counting, *([] if counting else [state])))


def in_order(results: Iterable[MethodResult]) -> tuple[MethodResult, ...]:
    """The results in the order of :data:`METHODS`."""
    return tuple(sorted(results, key=lambda one: METHODS.index(one.method)))


def words_of_verifications(same: Iterable[Verification]) -> Iterator[str]:
    """Each verification in a line: the method, the result, the document, who and when; the last first."""
    for one in sorted(same, key=lambda each: (each.date, each.holds), reverse=True):
        stale = "" if one.holds else ", of another text"
        yield f"{one.method}: {one.result.value}{stale}: {one.document}, by {one.by} on {one.date}"
