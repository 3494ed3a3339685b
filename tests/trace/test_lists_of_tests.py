"""The lists beside the states: each against a record that has one of everything."""

from __future__ import annotations

import dataclasses

from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.record import ExpectedTest, Item, Place, Tag, TraceRecord
from sphinx_xenfusa.trace.record import TestCase as Case
from sphinx_xenfusa.trace.record import TestReport as Report
from sphinx_xenfusa.trace.states import Outcome
from sphinx_xenfusa.trace.test_lists import NO_REASON, ListsOfTests, beside_words, target_words
from sphinx_xenfusa.trace.test_lists import lists_of_tests as lists_of

A, B, C = "Req~a~2", "Req~b~1", "Req~c~1"
EXPECTED = (ExpectedTest("came*", "", Place("m.yaml", 2), 3), ExpectedTest("never*", "arm", Place("m.yaml", 3), 0))


def record(*reports: Report) -> TraceRecord:
    return assemble(
        project="p",
        version="1",
        items=[Item(Tag.parse(tag), "", "", Place("a.rst", 1), "oft") for tag in (A, B, C)],
        verdicts=(),
        reports=reports,
        findings=(),
        policies=("specification",),
        target_policy="specification",
        confirm_mode="off",
        known_claims=(),
        results_expected=False,
    )


def case(name: str, outcome: Outcome, *tags: str, report: str = "r.xml", target: str = "x86", **values: str) -> Case:
    return Case(report, "k", name, outcome, tags, target=target, **values)


GOOD = Report(
    "r.xml",
    "",
    "",
    (
        case("passes", Outcome.PASSED, A),
        case("fails", Outcome.FAILED, B, "Req~a~1", "Req~z~1", "no tag"),
        case("skipped", Outcome.SKIPPED, A, message="no TPM"),
        case("silent", Outcome.NOT_RUN, A),
        case("useless", Outcome.PASSED),
        case("shaky", Outcome.PASSED, A),
    ),
)
ARM = Report(
    "s.xml",
    "",
    "",
    (
        case("fails", Outcome.ERROR, B, report="s.xml", target="arm"),
        case("shaky", Outcome.FAILED, A, report="s.xml"),
    ),
    stale="of another commit",
)
CUT = Report("t.xml", "", "cut off", (case("cut", Outcome.PASSED, C, report="t.xml", message="hello"),))


def whole() -> ListsOfTests:
    return lists_of(record(GOOD, ARM, CUT))


def test_tags_that_are_none_of_an_item_are_named_with_the_reports() -> None:
    assert [(one.test, one.tag, one.status.value, one.reports) for one in whole().unknown] == [
        ("k::fails", "no tag", "orphaned", ("r.xml", "s.xml")),
        ("k::fails", "Req~a~1", "outdated", ("r.xml", "s.xml")),
        ("k::fails", "Req~z~1", "orphaned", ("r.xml", "s.xml")),
    ]


def test_a_test_that_names_no_tag_verifies_nothing() -> None:
    assert [one.id for one in whole().verifying_nothing] == ["k::useless"]


def test_requirements_with_only_failing_tests() -> None:
    assert [str(one.item.tag) for one in whole().only_failing] == [B]


def test_expected_tests_that_never_came() -> None:
    made = dataclasses.replace(record(GOOD), expected=EXPECTED)
    assert lists_of(made).never_came == (EXPECTED[1],)


def test_what_did_not_run_has_its_reason_or_says_that_none_was_given() -> None:
    assert [(one.case.id, one.target, one.outcome.value, one.reason) for one in whole().skipped] == [
        ("k::silent", "x86", "not run", NO_REASON),
        ("k::skipped", "x86", "skipped", "no TPM"),
        ("k::cut", "x86", "not run", "its report cannot be read"),
    ]


def test_flaky_tests_are_named_per_target() -> None:
    assert [(one.test.id, one.on.target) for one in whole().flaky] == [("k::shaky", "x86")]


def test_reports_that_are_stale_or_cannot_be_read() -> None:
    assert [one.file for one in whole().stale] == ["s.xml"]
    assert [one.file for one in whole().unreadable] == ["t.xml"]
    assert whole().supplied
    assert not lists_of(record(CUT)).supplied
    assert not lists_of(record()).supplied


def test_an_item_is_partially_linked_that_ran_and_on_some_target_never_did() -> None:
    # b ran on both targets; of c nothing ran at all, which its state says.
    assert [(str(one.item.tag), one.untried) for one in whole().partially_linked] == [(A, ("arm",))]


def test_the_numbers_are_those_of_the_lists() -> None:
    assert whole().numbers == {
        "unreadable_reports": 1,
        "stale_reports": 1,
        "unknown_tags": 3,
        "verifying_nothing": 1,
        "requirements_with_only_failing_tests": 1,
        "never_came": 0,
        "not_run": 3,
        "not_run_without_a_reason": 1,
        "flaky": 1,
        "partially_linked": 1,
    }


def test_words_beside_a_state_say_what_did_not_run() -> None:
    a, b, c = record(GOOD, ARM).items
    assert beside_words(a) == "2 of its 5 test cases did not run; no test of it ran on arm"
    assert target_words(a) == "x86: failed; no test of it ran on arm"
    assert (beside_words(b), target_words(b)) == ("", "arm: error, x86: failed")
    assert (beside_words(c), target_words(c)) == ("", "")
