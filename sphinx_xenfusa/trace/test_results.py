"""The same test over all reports, and what tests amount to for an item.

A *test* is a class name and a name.  All that reports tell of it on one target is one outcome: the worst.  A case in a report
that cannot be read was *not run*.  A report that is stale tells of failures as any other; its passes are *stale*, unless
a fresh report of the same target has the same outcome.  A test is *flaky* that ran more than once on a target (in attempts, or in
several reports) with different outcomes; that it was skipped elsewhere does not make it so.

What the tests of an item amount to, on one target or on all of them together, the first of these that holds:

- ``failed``, ``error``: some test did, on some target, be the report stale or not;
- ``passed``: some test that verifies the whole item passed on some target.  That others were skipped, or that it was skipped
  in another report or on another target, does not change this: else deleting what was skipped would make the item look better.
  It stands beside the state, in every list and per target;
- ``passed`` as well, if the tracing policy lets parts be enough: on some target two or more tests of parts came, and all of
  them passed;
- ``partial``: some test of a part passed;
- ``stale``: some test passed, and all that did are stale;
- ``not run``.

While a report cannot be read, tests amount to ``not run`` at the best: nobody knows which failures it held.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sphinx_xenfusa.trace.canonical import NaturalKey, natural
from sphinx_xenfusa.trace.record import (
    Item,
    TargetOutcome,
    TargetResult,
    Test,
    TestCase,
    TestMethod,
    TestReport,
    TracedItem,
)
from sphinx_xenfusa.trace.states import RESULT_OF_OUTCOME, Outcome, Result, worst

UNREADABLE = "its report cannot be read"
"""Why a test was not run of which only a faulty report tells."""

RAN = frozenset({Outcome.PASSED, Outcome.FAILED, Outcome.ERROR})
"""The outcomes of a test that ran."""

Staleness = Callable[[TestReport, Item], str]
"""Says why the passes of a report do not count for an item; an empty text where they do."""

NOT_COMMITTED = "its text has changes that are not committed, and no test is known to have run after them"
"""Why the passes of all reports are stale for a text that is being written.  That is its state, and no finding."""


STALE_PASS = "passed, but stale"
"""What became of a test that passed, and whose pass does not count for the text that is documented."""


def outcome_counts(outcomes: Iterable[tuple[Outcome, bool]]) -> str:
    """How many came to which outcome, worst first; empty for none.

    :param outcomes: an outcome each, and whether it is stale: passes that are do not count, and are counted apart.
    """
    passed = Outcome.PASSED
    counts = Counter(STALE_PASS if stale and one is passed else one.value for one, stale in outcomes)
    worse = (one.value for one in Outcome if one is not passed)
    return ", ".join(f"{counts[words]:,} {words}" for words in (*worse, STALE_PASS, passed.value) if counts[words])


class StaleReasons:
    """Why passes do not count, by the reports that they are in."""

    def __init__(self, reports: Iterable[TestReport]) -> None:
        self._whole: dict[str, str] = {}
        self._items: dict[tuple[str, str], str] = {}
        for report in reports:
            if report.stale:
                self._whole.setdefault(report.file, report.stale)
            for tag, reason in report.stale_for:
                self._items.setdefault((report.file, tag), reason)

    def of(self, case: TestCase, tag: str) -> str:
        """Why a case that passed does not count for an item; empty if it does, and for a case that did not pass."""
        if case.outcome is not Outcome.PASSED:
            return ""
        return self._whole.get(case.report, "") or self._items.get((case.report, tag), "")

    def of_items(self, items: Iterable[TracedItem]) -> list[tuple[str, str]]:
        """What is said of the tests of some items: tag and reason, in their order."""
        found = (
            (str(one.item.tag), self.of(case, str(one.item.tag)))
            for one in items
            for case in (*one.tests, *one.partial_tests)
        )
        return [(tag, reason) for tag, reason in found if reason]


class Told(NamedTuple):
    """A case with what its report as a whole says of it.

    :param stale: why its pass does not count as fresh; empty if it does.
    """

    case: TestCase
    target: str
    stale: str
    unreadable: bool


TestId = tuple[str, str]
"""Class name and name."""


def as_it_counts(report: TestReport) -> TestReport:
    """A report with its cases in order; nothing ran in one that cannot be read."""
    cases = report.cases
    if report.error:
        cases = tuple(
            case if case.outcome is Outcome.NOT_RUN else replace(case, outcome=Outcome.NOT_RUN) for case in cases
        )
    return replace(report, cases=tuple(sorted(cases, key=case_order)))


def case_order(case: TestCase) -> tuple[NaturalKey, NaturalKey, TestCase]:
    """The order of cases: by report, then by name."""
    return natural(case.report), natural(case.id), case


def told_by(report: TestReport) -> Iterator[Told]:
    """The cases of a report."""
    for case in report.cases:
        yield Told(case, case.target or report.target, report.stale, bool(report.error))


def targets_tried(told: Iterable[Told]) -> frozenset[str]:
    """The targets on which some test ran, as far as reports say."""
    return frozenset(one.target for one in told if one.target and one.case.outcome in RAN)


# --- a test over all reports ------------------------------------------------------------------------------------------


def tests_of(reports: Iterable[TestReport]) -> tuple[Test, ...]:
    """Each test over all reports, sorted."""
    found: defaultdict[TestId, list[Told]] = defaultdict(list)
    for report in reports:
        for one in told_by(report):
            found[one.case.classname, one.case.name].append(one)
    tests = [_test(id, told) for id, told in found.items()]
    return tuple(sorted(tests, key=lambda one: (natural(one.id), one.classname, one.name)))


def _test(id: TestId, told: Sequence[Told]) -> Test:
    by_target: defaultdict[str, list[Told]] = defaultdict(list)
    for one in told:
        by_target[one.target].append(one)
    targets = tuple(
        outcome_on(target, by_target[target]) for target in sorted(by_target, key=lambda name: (natural(name), name))
    )
    cases = [one.case for one in told]
    partially = _tags(case.partially_verifies for case in cases)
    return Test(
        classname=id[0],
        name=id[1],
        outcome=worst_outcome(one.outcome for one in targets),
        targets=targets,
        verifies=tuple(tag for tag in _tags(case.verifies for case in cases) if tag not in partially),
        partially_verifies=partially,
        method=_joined([case.method for case in cases]),
    )


def outcome_on(target: str, told: Sequence[Told]) -> TargetOutcome:
    """What became of a test on one target, over everything that is told of it there."""
    outcome = worst_outcome(one.case.outcome for one in told)
    worst_of_all = [one for one in told if one.case.outcome is outcome]
    stale = min(one.stale for one in worst_of_all)  # an empty text, if only one of them is fresh
    reasons = (UNREADABLE if one.unreadable else one.case.message for one in worst_of_all)
    ran = {one.case.outcome for one in told} & RAN
    return TargetOutcome(
        target=target,
        outcome=outcome,
        flaky=len(ran) > 1 or any(one.case.flaky for one in told),
        stale=stale,
        reports=tuple(sorted({one.case.report for one in told}, key=natural)),
        reason=next(filter(None, reasons), ""),
    )


def worst_outcome(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of some outcomes, of which there is one at least."""
    return min(outcomes, key=_PLACE.__getitem__)


_PLACE = {outcome: place for place, outcome in enumerate(Outcome)}


def _tags(lists: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(sorted({tag for tags in lists for tag in tags}, key=natural))


def _joined(methods: Sequence[TestMethod]) -> TestMethod:
    """What the reports say of how a test verifies; where they differ, everything that is said."""
    first = methods[0]
    if all(one == first for one in methods):
        return first

    def said(name: str) -> str:
        return ", ".join(sorted({getattr(one, name) for one in methods} - {""}))

    return TestMethod(said("level"), said("type"), said("technique"), said("independence"))


# --- the tests of an item ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tried:
    """What one test says of an item on one target.

    :param whole: whether it verifies the whole item.
    """

    test: TestId
    target: str
    whole: bool
    state: Result


@dataclass(frozen=True, slots=True)
class Tested:
    """What the tests of an item amount to.

    :param state: over all targets; ``None`` without a test.
    :param targets: on each target, sorted.
    :param ran_on: the targets on which one of them ran.
    """

    state: Result | None
    targets: tuple[TargetResult, ...] = ()
    ran_on: frozenset[str] = frozenset()

    def at_best(self, limit: Result) -> Tested:
        """The same, where the state can be no better than this one, on any target."""
        if self.state is None:
            return self
        targets = tuple(replace(one, result=worst((one.result, limit))) for one in self.targets)
        return replace(self, state=worst((self.state, limit)), targets=targets)


NO_TEST = Tested(None)
"""Of an item that no test verifies."""


def amount_of(full: Sequence[Told], partial: Sequence[Told], *, parts_are_enough: bool) -> Tested:
    """What the tests of an item amount to, as the head of this module says, but for reports that cannot be read.

    :param full: the cases that verify it as a whole; their ``stale`` is what it is for this item.
    :param partial: the cases that verify a part of it.
    :param parts_are_enough: whether several passed tests of parts verify it.
    """
    if not full and not partial:
        return NO_TEST
    by_target: defaultdict[str, list[Tried]] = defaultdict(list)
    for whole, told in ((True, full), (False, partial)):
        for (test, target), same in _by_test_and_target(told).items():
            by_target[target].append(Tried(test, target, whole, _state(same)))
    results = tuple(
        TargetResult(target, _amount(by_target[target], parts_are_enough))
        for target in sorted(by_target, key=lambda name: (natural(name), name))
    )
    ran_on = frozenset(one.target for one in (*full, *partial) if one.case.outcome in RAN)
    return Tested(_over_targets([one.result for one in results]), results, ran_on)


def _by_test_and_target(told: Sequence[Told]) -> Mapping[tuple[TestId, str], list[Told]]:
    found: defaultdict[tuple[TestId, str], list[Told]] = defaultdict(list)
    for one in told:
        found[(one.case.classname, one.case.name), one.target].append(one)
    return found


def _state(told: Sequence[Told]) -> Result:
    """What one test amounts to on one target."""
    outcomes = {one.case.outcome for one in told}
    if Outcome.PASSED not in outcomes or outcomes & {Outcome.FAILED, Outcome.ERROR}:
        return RESULT_OF_OUTCOME[worst_outcome(outcomes)]
    fresh = any(one.case.outcome is Outcome.PASSED and not one.stale for one in told)
    return Result.PASSED if fresh else Result.STALE


def _amount(tried: Sequence[Tried], parts_are_enough: bool) -> Result:
    """What the tests on one target amount to."""
    states = {one.state for one in tried}
    bad = worst(states & {Result.FAILED, Result.ERROR})
    if bad is not Result.NONE:
        return bad
    if any(one.whole and one.state is Result.PASSED for one in tried):
        return Result.PASSED
    parts = [one for one in tried if not one.whole]
    if parts_are_enough and len(parts) > 1 and all(one.state is Result.PASSED for one in parts):
        return Result.PASSED
    if Result.PASSED in states:
        return Result.PARTIAL
    return Result.STALE if Result.STALE in states else Result.NOT_RUN


def _over_targets(results: Sequence[Result]) -> Result:
    """What the tests amount to over all targets: a failure anywhere, else the most that is shown anywhere."""
    return next(one for one in _FIRST if one in results)


_FIRST = (Result.FAILED, Result.ERROR, Result.PASSED, Result.PARTIAL, Result.STALE, Result.NOT_RUN)
"""What tests can amount to; of several targets the first of these that occurs."""
