"""What the reports of ``xenfusa trace`` say of tests, in lines of text: totals, lists, and the tests of an item."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sphinx_xenfusa.trace.record import TracedItem, TraceRecord
from sphinx_xenfusa.trace.test_lists import (
    NO_TARGET,
    NOT_SUPPLIED,
    WAITING,
    ListsOfTests,
    beside_words,
    is_waiting,
    lists_of_tests,
    target_words,
)
from sphinx_xenfusa.trace.test_results import StaleReasons, outcome_counts

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ListInWords:
    """A list beside the states.

    :param title: what is on it.
    :param lines: what is on it, each in a line; at most :data:`_SHOWN`, then how many more.
    """

    title: str
    lines: tuple[str, ...]


def has_tests(record: TraceRecord) -> bool:
    """Whether a record is about tests at all: some report was given, or some item asks for tests."""
    return bool(record.reports) or any(one.test is not None for one in record.items)


def total_words(record: TraceRecord) -> str:
    """How many tests there are, over all reports, with each outcome, and how long each list is that is not empty."""
    lists = lists_of_tests(record)
    if not lists.supplied:
        return NOT_SUPPLIED
    outcomes = outcome_counts((test.outcome, any(one.stale for one in test.targets)) for test in record.tests)
    told = [f"{name.replace('_', ' ')}: {number}" for name, number in lists.numbers.items() if number]
    return f"{len(record.tests)} tests over all reports ({outcomes or 'none'}){'; ' if told else ''}{'; '.join(told)}"


def lists_in_words(record: TraceRecord) -> Iterator[ListInWords]:
    """The lists that are not empty; what else is wrong with reports and tags is a finding."""
    for title, lines in _lists(lists_of_tests(record), StaleReasons(record.reports)):
        if lines:
            more = [f"… and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
            yield ListInWords(title, (*lines[:_SHOWN], *more))


def _lists(lists: ListsOfTests, stale: StaleReasons) -> Iterator[tuple[str, list[str]]]:
    yield (
        "Requirements with only failing tests",
        [f"{one.item.tag}: {_case_counts(one, stale)}" for one in lists.only_failing],
    )
    yield "Flaky tests", [f"{one.test.id}, {one.on.target or NO_TARGET}" for one in lists.flaky]
    yield (
        "Tests that did not run",
        [
            f"{one.case.id}, {one.target or NO_TARGET}: {one.outcome.value}: {one.reason} ({one.case.report})"
            for one in lists.skipped
        ],
    )
    yield (
        "Partially linked: no test ran on some target",
        [f"{one.item.tag}: {', '.join(one.untried)}" for one in lists.partially_linked],
    )
    yield "Tests that verify nothing", [one.id for one in lists.verifying_nothing]
    yield (
        "Expected tests that never came",
        [f"{one.pattern}{f' on {one.target}' if one.target else ''} ({one.place})" for one in lists.never_came],
    )


def item_lines(one: TracedItem, stale: StaleReasons) -> Iterator[str]:
    """What the record says of the tests and the methods of an item; nothing for one without.

    :param stale: why passes do not count, of the record's reports.
    """
    if one.tests or one.partial_tests:
        part = f", {len(one.partial_tests)} of them of a part" if one.partial_tests else ""
        yield f"test cases: {_case_counts(one, stale)}{part}"
    if words := target_words(one) or beside_words(one):
        yield f"tests by target: {words}" if target_words(one) else words
    if is_waiting(one):
        yield WAITING
    if one.methods:
        yield "by method: " + ", ".join(f"{entry.method}: {entry.result.value}" for entry in one.methods)


def _case_counts(one: TracedItem, stale: StaleReasons) -> str:
    """How many of an item's cases have each outcome, worst first."""
    tag = str(one.item.tag)
    return outcome_counts((case.outcome, bool(stale.of(case, tag))) for case in (*one.tests, *one.partial_tests))
