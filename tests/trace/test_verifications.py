"""Methods of verification: what people found, what the tracing policy asks for, and what it makes of an item."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.explore.verdict import Scope, Verdict, VerdictKind
from sphinx_xenfusa.interop.agreements import File, read_agreements
from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.fingerprint import fingerprint
from sphinx_xenfusa.trace.judgement import Order
from sphinx_xenfusa.trace.judgement import judge as judge_record
from sphinx_xenfusa.trace.policy import Demand, parse_needs
from sphinx_xenfusa.trace.record import Item, Justification, Place, Tag, TracedItem, TraceRecord, Verification
from sphinx_xenfusa.trace.record import TestCase as Case
from sphinx_xenfusa.trace.record import TestReport as Report
from sphinx_xenfusa.trace.serialise import to_json, validate
from sphinx_xenfusa.trace.states import Outcome, Result

TAG = Tag("Req", "a", 1)
ITEM = Item(TAG, "", "Xen shall run.", Place("a.rst", 1), "oft")
NOW = fingerprint(ITEM)
PASSED, FAILED = Outcome.PASSED, Outcome.FAILED


def demand(needs: str, **values: Any) -> Demand:
    given: dict[str, Any] = {"name": "g", "types": (), "kinds": (), "levels": (), "at_least": 100.0, "excusable": 0}
    return Demand(words=needs, need=parse_needs(needs), place=Place("policy.yaml", 3), **(given | values))


def verification(
    result: Outcome = PASSED, method: str = "analysis", date: str = "2026-01-02", holds: bool = True
) -> Verification:
    return Verification(str(TAG), method, date, result, NOW, "FMEA 7", "Ann", holds, Place("l.yaml", 2))


def record(
    verifications: Iterable[Verification],
    needs: str = "",
    outcome: Outcome | None = None,
    verdict: VerdictKind | None = None,
    **values: Any,
) -> TraceRecord:
    item = Item(TAG, "", ITEM.text, ITEM.place, "oft", confirmed_by=("c",) if verdict else ())
    cases = (Case("r.xml", "", "t", outcome, (str(TAG),)),) if outcome else ()
    made = assemble(
        project="p",
        version="1",
        items=[item],
        verdicts=[Verdict("c", None, verdict, Scope("A", "", 1, None, ()))] if verdict else [],
        reports=[Report("r.xml", "", "", cases)],
        findings=(),
        policies=("specification",),
        target_policy="specification",
        confirm_mode="cache",
        known_claims=("c",),
        results_expected=False,
        demands=[demand(needs)] if needs else [],
        verifications=verifications,
        **values,
    )
    validate(to_json(made))
    return made


def only(*args: Any, **values: Any) -> TracedItem:
    (one,) = record(*args, **values).items
    return one


def methods(one: TracedItem) -> dict[str, str]:
    return {entry.method: entry.result.value for entry in one.methods}


# --- states -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("needs", "result"),
    [("analysis", Result.PASSED), ("model or analysis", Result.PASSED), ("test", Result.NONE), ("", Result.NONE)],
)
def test_a_pass_by_people_counts_where_the_policy_asks_for_the_method(needs: str, result: Result) -> None:
    one = only([verification()], needs)
    assert one.result is result
    assert methods(one)["analysis"] == "passed"


def test_a_pass_by_people_hides_nothing_that_ran_or_should_have() -> None:
    assert only([verification()], "analysis", outcome=FAILED).result is Result.FAILED
    assert only([verification()], "analysis", outcome=Outcome.SKIPPED).result is Result.NOT_RUN
    assert only([verification()], "analysis", verdict=VerdictKind.INCONCLUSIVE).result is Result.INCONCLUSIVE


@pytest.mark.parametrize("needs", ["", "analysis", "test"])
def test_a_failure_found_by_people_fails_the_item_and_makes_it_a_defect(needs: str) -> None:
    made = record([verification(FAILED)], needs, PASSED, VerdictKind.CONFIRMED)
    assert made.items[0].result is Result.FAILED
    assert methods(made.items[0])["analysis"] == "failed"
    assert judge_record(made).items[0].order is Order.DEFECT


def test_for_another_text_it_is_stale() -> None:
    old = verification(holds=False)
    assert (only([old], "analysis").result, methods(only([old]))) == (Result.STALE, {"analysis": "stale"})
    assert only([old], "analysis", outcome=PASSED).result is Result.PASSED
    assert only([old], "analysis", outcome=PASSED).lacks == ("analysis",)


def test_of_several_the_last_that_holds_counts_and_of_one_day_the_worst() -> None:
    first, later = verification(FAILED, date="2026-01-01"), verification()
    assert only([first, later], "analysis").result is Result.PASSED
    assert only([later, verification(FAILED)], "analysis").result is Result.FAILED
    assert only([later, verification(FAILED, date="2026-02-01", holds=False)], "analysis").result is Result.PASSED
    assert only([verification(FAILED, method="inspection"), later], "analysis").result is Result.FAILED


def test_the_methods_are_those_that_were_used_and_those_that_are_asked_for_and_missing() -> None:
    one = only(
        [verification(method="review of design")],
        "(test on a and inspection) or design_review",
        verdict=VerdictKind.CONFIRMED,
    )
    assert methods(one) == {"model": "passed", "review of design": "passed"}
    one = only([verification()], "test and inspection or model and design_review")
    assert list(methods(one).items()) == [
        ("model", "none"),
        ("test", "none"),
        ("analysis", "passed"),
        ("inspection", "none"),
        ("review of design", "none"),
    ]


def test_each_word_of_the_policy_is_one_method() -> None:
    for word, method in (("analysis", "analysis"), ("inspection", "inspection"), ("design_review", "review of design")):
        for other in ("analysis", "inspection", "review of design"):
            (gate,) = record([verification(method=other)], word).gates
            assert gate.met is (method == other)
    (gate,) = record([verification(method="inspection")], "review").gates
    assert gate.met is False  # an inspection of the text is another thing


def test_a_justification_hides_no_failure_and_is_not_needed_beside_a_pass() -> None:
    excuse = Justification(str(TAG), "no hardware", "Ann", "2027-01-01", False, Place("j.yaml", 1))
    assert only([verification(FAILED)], justifications=[excuse]).result is Result.FAILED
    assert only([verification(FAILED)], outcome=Outcome.SKIPPED, justifications=[excuse]).result is Result.FAILED
    beside = record([verification()], "analysis", justifications=[excuse])
    assert (beside.items[0].result, beside.items[0].justified) == (Result.PASSED, False)
    assert [one.subtype for one in beside.findings] == ["justification"]
    assert only([], justifications=[excuse]).result is Result.JUSTIFIED


VERIFICATIONS = st.lists(
    st.builds(
        verification,
        st.sampled_from([PASSED, PASSED, FAILED]),
        st.sampled_from(["analysis", "inspection"]),
        st.sampled_from(["2026-01-01", "2026-01-02"]),
        st.booleans(),
    ),
    max_size=3,
)
NEEDS = st.sampled_from(["", "analysis", "model or inspection", "test and analysis"])


@given(VERIFICATIONS, NEEDS, st.sampled_from([None, *Outcome]), st.data())
def test_losing_a_pass_or_adding_a_failure_of_the_present_text_makes_nothing_better(
    found: list[Verification], needs: str, outcome: Outcome | None, data: st.DataObject
) -> None:
    before = only(found, needs, outcome)
    more = only([*found, verification(FAILED, date="2026-01-03")], needs, outcome)
    assert more.result is Result.FAILED
    passes = [one for one in found if one.result is PASSED and one.holds]
    if passes:
        lost = data.draw(st.sampled_from(passes))
        if not any(one.method == lost.method and one.result is FAILED for one in found):
            fewer = only([one for one in found if one is not lost], needs, outcome)
            assert fewer.result is not Result.PASSED or before.result is Result.PASSED


# --- the ledger -------------------------------------------------------------------------------------------------------

LEDGER = """\
verifications:
  - id: {tag}
    fingerprint: {fingerprint}
    method: {method}
    result: {result}
    document: "FMEA 7,
      chapter 3"
    by: Ann
    date: 2026-01-02
"""


def ledger(folder: Path, **values: str) -> File:
    path = folder / "ledger.yaml"
    given = {"tag": str(TAG), "fingerprint": NOW, "method": "review of design", "result": "passed"} | values
    path.write_text(LEDGER.format(**given), encoding="utf-8")
    return File(path, "docs/ledger.yaml")


def test_a_ledger_has_verifications_beside_its_reviews(tmp_path: Path) -> None:
    agreed = read_agreements(None, [ledger(tmp_path)], [ITEM])
    assert agreed.verifications == (
        Verification(
            str(TAG),
            "review of design",
            "2026-01-02",
            PASSED,
            NOW,
            "FMEA 7, chapter 3",
            "Ann",
            True,
            Place("docs/ledger.yaml", 2),
        ),
    )
    assert agreed.findings == ()


def test_one_of_another_text_or_of_no_item_is_a_finding(tmp_path: Path) -> None:
    agreed = read_agreements(None, [ledger(tmp_path, fingerprint="f" * 64)], [ITEM])
    assert not agreed.verifications[0].holds
    assert [(one.subtype, str(one.place)) for one in agreed.findings] == [("review", "docs/ledger.yaml:2")]
    assert "is no longer valid" in agreed.findings[0].message
    (finding,) = read_agreements(None, [ledger(tmp_path, tag="Req~z~1")], [ITEM]).findings
    assert "found no item with this tag" in finding.message


@pytest.mark.parametrize(
    ("key", "value", "words"), [("method", "hope", "review of design"), ("result", "maybe", "passed")]
)
def test_other_methods_and_results_are_refused_with_their_line(
    tmp_path: Path, key: str, value: str, words: str
) -> None:
    (finding,) = read_agreements(None, [ledger(tmp_path, **{key: value})], [ITEM]).findings
    assert finding.subtype == "input"
    assert value in finding.message
    assert words in finding.message


def test_an_empty_ledger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.yaml"
    path.write_text("{}", encoding="utf-8")
    (finding,) = read_agreements(None, [File(path, "ledger.yaml")], [ITEM]).findings
    assert finding.subtype == "input"
