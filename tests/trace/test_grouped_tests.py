"""The same test over several reports and targets, and what tests amount to for an item."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.policy import Demand, parse_needs
from sphinx_xenfusa.trace.record import Item, Place, Tag, TracedItem, TraceRecord
from sphinx_xenfusa.trace.record import Test as GroupedTest
from sphinx_xenfusa.trace.record import TestCase as Case
from sphinx_xenfusa.trace.record import TestReport as Report
from sphinx_xenfusa.trace.serialise import dumps, to_json, validate
from sphinx_xenfusa.trace.states import Coverage, Outcome, Result

A, B = Tag("Req", "a", 1), Tag("Req", "b", 1)
PASSED, FAILED, ERROR = Outcome.PASSED, Outcome.FAILED, Outcome.ERROR
SKIPPED, NOT_RUN = Outcome.SKIPPED, Outcome.NOT_RUN


def item(tag: Tag = A, **values: Any) -> Item:
    return Item(tag, "", "", Place("a.rst", 1), "oft", **values)


def report(*cases: tuple[str, Outcome], file: str = "r.xml", target: str = "", **values: Any) -> Report:
    """A report of cases, each ``name tag`` for a test of a whole item or ``name tag part``, with its outcome."""
    made = []
    for words, outcome in cases:
        name, tag, *part = words.split()
        tags = (tag,) if tag != "-" else ()
        made.append(
            Case(file, "k", name, outcome, () if part else tags, tags if part else (), f"why {name}", target=target)
        )
    return Report(file, "", values.pop("error", ""), tuple(made), target=target, **values)


def record(
    reports: Iterable[Report],
    items: Iterable[Item] | None = None,
    stale: dict[tuple[str, Tag], str] | None = None,
    demands: Iterable[Demand] = (),
) -> TraceRecord:
    reasons = stale or {}
    made = assemble(
        project="p",
        version="1",
        items=[item()] if items is None else items,
        verdicts=(),
        reports=reports,
        findings=(),
        policies=("specification",),
        target_policy="specification",
        confirm_mode="off",
        known_claims=(),
        results_expected=False,
        demands=demands,
        stale_for=lambda report, item: reasons.get((report.file, item.tag), ""),
    )
    validate(to_json(made))
    return made


def only(*reports: Report, **values: Any) -> TracedItem:
    (one,) = record(reports, **values).items
    return one


def sole(*reports: Report) -> GroupedTest:
    (one,) = record(reports).tests
    return one


def per_target(one: TracedItem) -> dict[str, str]:
    return {entry.target: entry.result.value for entry in one.targets}


WHOLE, PART, OTHER = f"t {A}", f"p {A} part", f"o {B}"

# --- a test over all reports ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", Outcome)
@pytest.mark.parametrize("second", Outcome)
def test_of_the_same_test_in_several_reports_the_worst_outcome_decides(first: Outcome, second: Outcome) -> None:
    order = list(Outcome)
    expected = min(first, second, key=order.index)
    for targets in (("", ""), ("a", "a"), ("a", "b")):
        reports = [
            report((WHOLE, outcome), file=file, target=target)
            for outcome, file, target in zip((first, second), ("r.xml", "s.xml"), targets, strict=True)
        ]
        assert sole(*reports).outcome is expected
        assert record(reports).tests == record(reversed(reports)).tests


def test_outcomes_are_kept_per_target_with_the_reason_of_the_worst() -> None:
    one = sole(
        report((WHOLE, PASSED), target="x86 10"),
        report((WHOLE, SKIPPED), file="s.xml", target="x86 9"),
        report((WHOLE, PASSED), file="u.xml", target="x86 9"),
    )
    assert [(each.target, each.outcome, each.reports, each.reason) for each in one.targets] == [
        ("x86 9", SKIPPED, ("s.xml", "u.xml"), "why t"),
        ("x86 10", PASSED, ("r.xml",), "why t"),
    ]
    assert one.verifies == (str(A),)


@pytest.mark.parametrize(
    ("outcomes", "flaky"),
    [((PASSED, FAILED), True), ((PASSED, PASSED), False), ((PASSED, SKIPPED), False), ((ERROR, FAILED), True)],
)
def test_a_test_is_flaky_that_ran_twice_with_different_outcomes(outcomes: tuple[Outcome, ...], flaky: bool) -> None:
    first, second = (report((WHOLE, each), file=f"{each}.xml{n}") for n, each in enumerate(outcomes))
    assert sole(first, second).flaky is flaky
    apart = [dataclasses.replace(one, target=target) for one, target in ((first, "a"), (second, "b"))]
    apart = [
        dataclasses.replace(one, cases=tuple(dataclasses.replace(c, target="") for c in one.cases)) for one in apart
    ]
    assert not sole(*apart).flaky


def test_attempts_within_a_report_make_a_test_flaky() -> None:
    one = report((WHOLE, FAILED))
    cases = (dataclasses.replace(one.cases[0], attempts=(FAILED, PASSED)),)
    assert sole(dataclasses.replace(one, cases=cases)).flaky


def test_a_test_of_a_part_in_one_report_is_none_of_the_whole_in_another() -> None:
    one = sole(report((WHOLE, PASSED)), report((f"{WHOLE} part", PASSED), file="s.xml"))
    assert (one.verifies, one.partially_verifies) == ((), (str(A),))


def test_in_an_unreadable_report_nothing_ran() -> None:
    one = sole(report((WHOLE, PASSED), error="cut off"))
    assert (one.outcome, one.targets[0].reason) == (NOT_RUN, "its report cannot be read")
    assert only(report((WHOLE, PASSED), error="cut off")).result is Result.NOT_RUN


# --- per target -------------------------------------------------------------------------------------------------------


def test_a_test_that_was_skipped_on_another_target_leaves_the_item_passed_and_shows_it() -> None:
    one = only(report((WHOLE, PASSED), target="a"), report((WHOLE, SKIPPED), file="s.xml", target="b"))
    assert (one.result, per_target(one)) == (Result.PASSED, {"a": "passed", "b": "not run"})
    assert one.untried == ()  # nothing at all ran on b


def test_a_failure_on_one_target_fails_the_item() -> None:
    one = only(report((WHOLE, PASSED), target="a"), report((WHOLE, FAILED), file="s.xml", target="b"))
    assert (one.result, per_target(one)) == (Result.FAILED, {"a": "passed", "b": "failed"})


def test_a_target_on_which_other_tests_ran_is_untried_and_lowers_nothing() -> None:
    made = record(
        [
            report((WHOLE, PASSED), (OTHER, PASSED), target="a"),
            report((WHOLE, SKIPPED), (OTHER, FAILED), file="s.xml", target="b"),
            report((OTHER, PASSED), file="u.xml", target="c"),
        ],
        [item(), item(B), item(Tag("Req", "z", 1))],
    )
    assert [(one.result.value, one.untried) for one in made.items] == [
        ("passed", ("b", "c")),
        ("failed", ()),
        ("none", ()),
    ]


def test_a_report_says_the_target_of_cases_that_say_none() -> None:
    cases = tuple(dataclasses.replace(one, target="") for one in report((WHOLE, PASSED)).cases)
    one = only(Report("r.xml", "", "", cases, target="board"))
    assert per_target(one) == {"board": "passed"}


# --- stale ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "result"),
    [(PASSED, Result.STALE), (FAILED, Result.FAILED), (ERROR, Result.ERROR), (SKIPPED, Result.NOT_RUN)],
)
def test_a_stale_pass_is_stale_and_a_stale_failure_is_a_failure(outcome: Outcome, result: Result) -> None:
    old = report((WHOLE, outcome), stale="of commit 1, documented is 2")
    assert only(old).result is result
    assert only(report((WHOLE, outcome)), stale={("r.xml", A): "the text is younger"}).result is result
    assert sole(old).targets[0].stale == "of commit 1, documented is 2"


def test_a_fresh_pass_beside_a_stale_one_counts() -> None:
    old = report((WHOLE, PASSED), file="old.xml", stale="old")
    assert only(old, report((WHOLE, PASSED))).result is Result.PASSED
    assert sole(old, report((WHOLE, PASSED))).targets[0].stale == ""
    assert only(old, report((WHOLE, FAILED))).result is Result.FAILED
    fresh_elsewhere = only(dataclasses.replace(old, target="b"), report((WHOLE, PASSED)))
    assert fresh_elsewhere.result is Result.PASSED


def test_what_is_stale_is_a_finding_for_each_report() -> None:
    items = [item(Tag("Req", f"r{n}", 1)) for n in range(12)]
    reasons = {("r.xml", one.tag): "the text is younger" for one in items}
    passes = [(f"t{n} {one.tag}", PASSED) for n, one in enumerate(items)]
    made = record([report(*passes), report((WHOLE, PASSED), file="s.xml", stale="old")], items, reasons)
    told = [(one.subtype, str(one.place), one.message) for one in made.findings if one.subtype == "stale_report"]
    assert told == [
        (
            "stale_report",
            "r.xml:1",
            "passes in this report do not count for Req~r0~1, Req~r1~1, Req~r2~1, Req~r3~1, Req~r4~1, Req~r5~1, "
            "Req~r6~1, Req~r7~1, Req~r8~1, Req~r9~1 and 2 more: the text is younger",
        ),
        ("stale_report", "s.xml:1", "no pass in this report counts: old"),
    ]
    assert {one.result for one in made.items} == {Result.STALE}


# --- nothing gets better ----------------------------------------------------------------------------------------------

RESULTS, COVERAGES = list(Result), list(Coverage)
CASES = st.builds(
    lambda name, tag, part, outcome: (f"{name} {tag}{part}", outcome),
    st.sampled_from(["t", "u", "v"]),
    st.sampled_from([str(A), str(A), str(B), "-"]),
    st.sampled_from(["", "", " part"]),
    st.just(PASSED) | st.sampled_from(Outcome),
)
REPORTS = st.lists(
    st.builds(
        lambda cases, file, target, stale, error: report(*cases, file=file, target=target, stale=stale, error=error),
        st.lists(CASES, min_size=1, max_size=4, unique_by=lambda one: one[0].split()[0]),
        st.sampled_from(["r.xml", "s.xml", "u.xml"]),
        st.sampled_from(["", "a", "b"]),
        st.sampled_from(["", "", "", "old"]),
        st.sampled_from([""] * 9 + ["cut off"]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one.file,
)
READABLE = REPORTS.map(lambda reports: [dataclasses.replace(one, error="") for one in reports])
NEEDS = st.sampled_from([(), ("XenTest",)])


PARTS_ARE_ENOUGH = Demand(
    "g", (), (), (), "test", parse_needs("test"), 100.0, 0, Place("policy.yaml", 1), parts_are_enough=True
)


def states(made: TraceRecord) -> dict[tuple[str, str], Result]:
    """The state of each item, and of its tests over all targets and on each."""
    found = {}
    for one in made.items:
        tag = str(one.item.tag)
        found[tag, "item"] = one.result
        found[tag, "tests"] = one.test or Result.NONE
        found |= {(tag, f"on {each.target}"): each.result for each in one.targets}
    return found


def no_better(reports: list[Report], worse: list[Report], needs: tuple[str, ...]) -> None:
    """Nothing passes, or passes in part, that did not: items as a whole, their tests, on any target; nor is covered."""
    items = [item(needs=needs), item(B)]
    for demands in ((), (PARTS_ARE_ENOUGH,)):
        _no_better(record(reports, items, demands=demands), record(worse, items, demands=demands))


def _no_better(old: TraceRecord, new: TraceRecord) -> None:
    before = states(old)
    for name, result in states(new).items():
        if result in (Result.PASSED, Result.PARTIAL):
            assert RESULTS.index(result) <= RESULTS.index(before.get(name, Result.NONE))
    for one, other in zip(old.items, new.items, strict=True):
        assert COVERAGES.index(other.coverage) <= COVERAGES.index(one.coverage)


def no_test_better(reports: list[Report], worse: list[Report]) -> None:
    """No test passes that did not."""
    known = {one.id: one.outcome for one in record(reports).tests}
    for one in record(worse).tests:
        assert one.outcome is not PASSED or known.get(one.id, PASSED) is PASSED


@given(READABLE, NEEDS, st.data())
def test_cutting_a_report_makes_nothing_better(
    reports: list[Report], needs: tuple[str, ...], data: st.DataObject
) -> None:
    n = data.draw(st.integers(0, len(reports) - 1))
    left = data.draw(st.integers(0, len(reports[n].cases)))
    cut = dataclasses.replace(reports[n], error="cut off", cases=reports[n].cases[:left])
    no_better(reports, [*reports[:n], cut, *reports[n + 1 :]], needs)


@given(REPORTS, NEEDS, st.data())
def test_removing_what_passed_makes_nothing_better(
    reports: list[Report], needs: tuple[str, ...], data: st.DataObject
) -> None:
    n = data.draw(st.integers(0, len(reports) - 1))
    passes = [c for c, case in enumerate(reports[n].cases) if case.outcome is PASSED]
    assume(passes and not reports[n].error)
    c = data.draw(st.sampled_from(passes))
    fewer = dataclasses.replace(reports[n], cases=reports[n].cases[:c] + reports[n].cases[c + 1 :])
    no_better(reports, [*reports[:n], fewer, *reports[n + 1 :]], needs)
    if len(passes) == len(reports[n].cases):
        no_better(reports, [*reports[:n], *reports[n + 1 :]], needs)


@given(REPORTS, NEEDS, CASES, st.sampled_from(["", "a", "b", "c"]), st.sampled_from([FAILED, ERROR, SKIPPED, NOT_RUN]))
def test_adding_a_report_of_what_did_not_pass_makes_nothing_better(
    reports: list[Report], needs: tuple[str, ...], case: tuple[str, Outcome], target: str, outcome: Outcome
) -> None:
    more = [*reports, report((case[0], outcome), file="new.xml", target=target)]
    no_better(reports, more, needs)
    no_test_better(reports, more)


@given(REPORTS, NEEDS, st.data())
def test_going_stale_or_losing_a_pass_makes_nothing_better(
    reports: list[Report], needs: tuple[str, ...], data: st.DataObject
) -> None:
    n = data.draw(st.integers(0, len(reports) - 1))
    no_better(reports, [*reports[:n], dataclasses.replace(reports[n], stale="old"), *reports[n + 1 :]], needs)
    c = data.draw(st.integers(0, len(reports[n].cases) - 1))
    lost = list(reports[n].cases)
    assume(lost[c].outcome is PASSED)
    lost[c] = dataclasses.replace(lost[c], outcome=data.draw(st.sampled_from(Outcome)))
    no_better(reports, [*reports[:n], dataclasses.replace(reports[n], cases=tuple(lost)), *reports[n + 1 :]], needs)


@given(REPORTS, st.randoms(use_true_random=False))
def test_the_order_of_reports_does_not_matter(reports: list[Report], shuffle: Any) -> None:
    mixed = [
        dataclasses.replace(one, cases=tuple(shuffle.sample(one.cases, len(one.cases))))
        for one in shuffle.sample(reports, len(reports))
    ]
    assert dumps(record(reports)) == dumps(record(mixed))
