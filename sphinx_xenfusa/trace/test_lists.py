"""What a reader has to be told of the tests beside the states: each list is made here once, out of the record.

None of the lists changes a state.  What is on them is what a table of states would not show: a test that was skipped beside one
that passed, a target that nobody tried, a test that should have come and did not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sphinx_xenfusa.trace.record import (
    ExpectedTest,
    TargetOutcome,
    Test,
    TestCase,
    TestReport,
    TracedItem,
    TraceRecord,
)
from sphinx_xenfusa.trace.states import LinkStatus, Outcome, Result
from sphinx_xenfusa.trace.test_results import RAN, UNREADABLE

NO_REASON = "no reason given"
"""What is shown where a report does not say why a test was skipped."""

NO_TARGET = "no target named"
"""What is shown where no report says on what a test ran."""

NOT_SUPPLIED = "No test results were supplied: nothing here is verified by a test."
"""What stands above everything where no report could be read."""

_EVIDENCE = frozenset({"verifies", "partially verifies"})
_KNOWN = frozenset({LinkStatus.COVERS, LinkStatus.SUSPECT})
_BAD = frozenset({Outcome.FAILED, Outcome.ERROR})


@dataclass(frozen=True, slots=True)
class UnknownTag:
    """A tag in a test that is none of an item.

    :param test: the id of the test.
    :param tag: as written.
    :param status: ``orphaned`` (no such item in any revision), ``outdated`` or ``predated`` (in another revision).
    :param reports: the files that tell of the test, sorted.
    """

    test: str
    tag: str
    status: LinkStatus
    reports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A case that did not run.

    :param outcome: skipped or not run.
    :param reason: what the report says, or :data:`NO_REASON`.
    """

    case: TestCase
    target: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Flaky:
    """A test that ran more than once on a target, with different outcomes."""

    test: Test
    on: TargetOutcome


@dataclass(frozen=True, slots=True)
class ListsOfTests:
    """The lists, each in the order of the record.

    :param supplied: whether some report could be read; if not, nothing is verified by a test.
    :param unreadable: the reports that cannot be read.
    :param stale: the reports whose passes do not count.
    :param unknown: the tags in tests that are none of an item.
    :param verifying_nothing: the tests that name no tag at all.
    :param only_failing: the items that have tests of which some failed and none passed.
    :param never_came: the lines of the manifest for which no test came.
    :param skipped: the cases that did not run.
    :param partially_linked: the items whose tests ran, and on some target never did.
    """

    supplied: bool
    unreadable: tuple[TestReport, ...]
    stale: tuple[TestReport, ...]
    unknown: tuple[UnknownTag, ...]
    verifying_nothing: tuple[Test, ...]
    only_failing: tuple[TracedItem, ...]
    never_came: tuple[ExpectedTest, ...]
    skipped: tuple[Skipped, ...]
    flaky: tuple[Flaky, ...]
    partially_linked: tuple[TracedItem, ...]

    @property
    def numbers(self) -> dict[str, int]:
        """How long each list is."""
        return {
            "unreadable_reports": len(self.unreadable),
            "stale_reports": len(self.stale),
            "unknown_tags": len(self.unknown),
            "verifying_nothing": len(self.verifying_nothing),
            "requirements_with_only_failing_tests": len(self.only_failing),
            "never_came": len(self.never_came),
            "not_run": len(self.skipped),
            "not_run_without_a_reason": sum(one.reason == NO_REASON for one in self.skipped),
            "flaky": len(self.flaky),
            "partially_linked": len(self.partially_linked),
        }


def lists_of_tests(record: TraceRecord) -> ListsOfTests:
    """The lists of a record; linear in its reports, links and items."""
    return ListsOfTests(
        supplied=any(not report.error for report in record.reports),
        unreadable=tuple(one for one in record.reports if one.error),
        stale=tuple(one for one in record.reports if one.stale and not one.error),
        unknown=tuple(_unknown(record)),
        verifying_nothing=tuple(one for one in record.tests if not one.verifies and not one.partially_verifies),
        only_failing=tuple(one for one in record.items if _only_fails(one)),
        never_came=tuple(one for one in record.expected if not one.came),
        skipped=tuple(_skipped(record)),
        flaky=tuple(Flaky(test, on) for test in record.tests for on in test.targets if on.flaky),
        partially_linked=tuple(one for one in record.items if is_partially_linked(one)),
    )


def is_partially_linked(one: TracedItem) -> bool:
    """Whether an item's tests ran, and on some target that others ran on never did."""
    return bool(one.untried) and any(case.outcome in RAN for case in (*one.tests, *one.partial_tests))


WAITING = (
    "a test report cannot be read, and nobody knows which failures it held: until it can, no test counts as passed"
)
"""Why an item is not run whose tests passed."""


def is_waiting(one: TracedItem) -> bool:
    """Whether tests of an item passed and do not count, because a report cannot be read."""
    passed = any(case.outcome is Outcome.PASSED for case in (*one.tests, *one.partial_tests))
    return one.test is Result.NOT_RUN and passed


def beside_words(one: TracedItem) -> str:
    """What did not run of what verifies an item, so that no passed state hides it; empty where all of it ran."""
    cases = (*one.tests, *one.partial_tests)
    idle = sum(case.outcome not in RAN for case in cases)
    told = [f"{idle} of its {len(cases)} test cases did not run"] if idle else []
    told += [f"no test of it ran on {', '.join(one.untried)}"] if one.untried else []
    return "; ".join(told)


def target_words(one: TracedItem) -> str:
    """What the tests of an item amount to on each target, and on which none ran; empty where nobody names a target."""
    if not one.untried and not any(entry.target for entry in one.targets):
        return ""
    told = ", ".join(f"{entry.target or NO_TARGET}: {entry.result.value}" for entry in one.targets)
    return told + (f"; no test of it ran on {', '.join(one.untried)}" if one.untried else "")


def _unknown(record: TraceRecord) -> Iterator[UnknownTag]:
    bad = [one for one in record.links if one.type in _EVIDENCE and one.status not in _KNOWN]
    files: defaultdict[str, set[str]] = defaultdict(set)
    if bad:
        for test in record.tests:
            files[test.id].update(file for on in test.targets for file in on.reports)
    for one in bad:
        yield UnknownTag(one.source, one.target, one.status, tuple(sorted(files[one.source])))


def _only_fails(one: TracedItem) -> bool:
    outcomes = {case.outcome for case in (*one.tests, *one.partial_tests)}
    return bool(outcomes & _BAD) and Outcome.PASSED not in outcomes


def _skipped(record: TraceRecord) -> Iterator[Skipped]:
    for report in record.reports:
        for case in report.cases:
            if case.outcome not in RAN:
                reason = UNREADABLE if report.error else case.message or NO_REASON
                yield Skipped(case, case.target or report.target, case.outcome, reason)
