from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sphinx_xenfusa.explore.verdict import Scope, Verdict, VerdictKind
from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.record import Finding, Item, Link, Place, Review, Tag, TracedItem, TraceRecord
from sphinx_xenfusa.trace.record import TestCase as Case
from sphinx_xenfusa.trace.record import TestReport as Report
from sphinx_xenfusa.trace.serialise import dumps
from sphinx_xenfusa.trace.states import RESULT_OF_VERDICT, Coverage, LinkStatus, Outcome, Result

A, B = Tag("XenArch", "a", 2), Tag("XenArch", "b", 1)
SCOPE = Scope("A", "everything", 1, None, ())
RESULTS = list(Result)
COVERAGES = list(Coverage)


def item(tag: Tag = A, **values: Any) -> Item:
    defaults: dict[str, Any] = {"title": "", "text": "", "place": Place("a.rst", 1), "origin": "oft"}
    return Item(tag=tag, **{**defaults, **values})


def verdict(kind: VerdictKind = VerdictKind.CONFIRMED, policy: str | None = None, claim: str = "c") -> Verdict:
    return Verdict(claim, policy, kind, SCOPE)


def case(outcome: Outcome = Outcome.PASSED, full: str = "", partial: str = "", name: str = "t") -> Case:
    return Case("r.xml", "", name, outcome, tuple(full.split()), tuple(partial.split()))


def report(*cases: Case, error: str = "", file: str = "r.xml") -> Report:
    return Report(file, "", error, cases)


def record(
    items: Iterable[Item] = (),
    verdicts: Iterable[Verdict] = (),
    reports: Iterable[Report] = (),
    findings: Iterable[Finding] = (),
    known: tuple[str, ...] = ("c", "d"),
    target: str = "silo",
    expected: bool = False,
) -> TraceRecord:
    return assemble(
        project="p",
        version="1",
        items=items,
        verdicts=verdicts,
        reports=reports,
        findings=findings,
        policies=("specification", target),
        target_policy=target,
        confirm_mode="cache",
        known_claims=known,
        results_expected=expected,
    )


def only(**values: Any) -> TracedItem:
    (traced,) = record(**values).items
    return traced


def found(made: TraceRecord) -> list[tuple[str, str]]:
    return [(finding.subtype, str(finding.place)) for finding in made.findings]


# --- claims -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", VerdictKind)
def test_a_verdict_counts_as_the_table_says(kind: VerdictKind) -> None:
    traced = only(items=[item(confirmed_by=("c",))], verdicts=[verdict(kind)])
    assert (traced.model, traced.test, traced.result) == (RESULT_OF_VERDICT[kind], None, RESULT_OF_VERDICT[kind])


def test_an_item_that_nothing_checks_is_none() -> None:
    traced = only(items=[item()])
    assert (traced.model, traced.test, traced.result) == (None, None, Result.NONE)


def test_a_claim_without_a_verdict_is_not_run_and_none_is_invented() -> None:
    made = record(items=[item(confirmed_by=("c", "d"))], verdicts=[verdict()])
    assert made.items[0].model is Result.NOT_RUN
    assert made.verdicts == (verdict(),)


def test_the_worst_of_several_claims_counts() -> None:
    verdicts = [verdict(), verdict(VerdictKind.REFUTED, claim="d")]
    traced = only(items=[item(confirmed_by=("c", "d"))], verdicts=verdicts)
    assert traced.result is Result.FAILED
    assert [each.claim for each in traced.verdicts] == ["d", "c"]


def test_a_verdict_under_another_policy_is_kept_and_does_not_count() -> None:
    good = [verdict(policy="specification"), verdict(policy="silo")]
    other = verdict(VerdictKind.REFUTED, "dummy")
    made = record(items=[item(confirmed_by=("c",))], verdicts=[*good, other])
    assert made.items[0].result is Result.PASSED
    assert other in made.verdicts
    assert other not in made.items[0].verdicts
    assert made.items[0].other_verdicts == (other,)


POLICY_KINDS = st.dictionaries(st.sampled_from(["dummy", "proposed", "other"]), st.sampled_from(VerdictKind))


@given(POLICY_KINDS, st.sampled_from(VerdictKind), st.sampled_from(VerdictKind))
def test_no_verdict_under_another_policy_changes_a_state(
    others: dict[str, VerdictKind], document: VerdictKind, target: VerdictKind
) -> None:
    counting = [verdict(document, "specification"), verdict(target, "silo")]
    alone = only(items=[item(confirmed_by=("c",))], verdicts=counting)
    beside = only(
        items=[item(confirmed_by=("c",))],
        verdicts=[*(verdict(kind, policy) for policy, kind in others.items()), *counting],
    )
    assert dataclasses.replace(beside, other_verdicts=()) == alone
    assert {one.policy for one in beside.other_verdicts} == set(others)


@pytest.mark.parametrize("policy", ["specification", "silo", "dummy"])
def test_a_verdict_that_is_due_and_missing_is_not_run(policy: str) -> None:
    assert only(items=[item(confirmed_by=("c",))], verdicts=[verdict(policy=policy)]).result is Result.NOT_RUN


def test_an_unknown_claim_is_a_finding_and_never_passes() -> None:
    made = record(items=[item(confirmed_by=("x",), place=Place("a.rst", 7))], verdicts=[verdict(claim="x")])
    assert made.items[0].result is Result.NOT_RUN
    assert found(made) == [("unknown_claim", "a.rst:7")]
    assert made.links == (Link("x", "confirms", str(A), LinkStatus.ORPHANED),)


def test_a_claim_links_to_its_items() -> None:
    made = record(items=[item(confirmed_by=("c",))])
    assert made.links == (Link("c", "confirms", "XenArch~a~2", LinkStatus.COVERS),)


# --- tests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cases", "result"),
    [
        ([case(full=str(A))], Result.PASSED),
        ([case(partial=str(A))], Result.PARTIAL),
        ([case(full=str(A), partial=str(A))], Result.PARTIAL),
        ([case(full=str(A)), case(partial=str(A))], Result.PASSED),
        ([case(Outcome.SKIPPED, str(A))], Result.NOT_RUN),
        ([case(Outcome.NOT_RUN, str(A))], Result.NOT_RUN),
        ([case(Outcome.SKIPPED, str(A)), case(full=str(A))], Result.PASSED),
        ([case(Outcome.SKIPPED, str(A)), case(partial=str(A))], Result.PARTIAL),
        ([case(Outcome.ERROR, str(A)), case(full=str(A))], Result.ERROR),
        ([case(Outcome.ERROR, str(A)), case(Outcome.FAILED, str(A))], Result.FAILED),
        ([case(Outcome.FAILED, partial=str(A)), case(full=str(A))], Result.FAILED),
    ],
)
def test_the_worst_outcome_decides(cases: list[Case], result: Result) -> None:
    traced = only(items=[item()], reports=[report(*cases)])
    assert (traced.model, traced.test, traced.result) == (None, result, result)


def test_an_item_that_needs_tests_and_has_none_is_not_run() -> None:
    traced = only(items=[item(needs=("XenTest",), confirmed_by=("c",))], verdicts=[verdict()])
    assert (traced.model, traced.test, traced.result) == (Result.PASSED, Result.NOT_RUN, Result.NOT_RUN)
    assert (traced.coverage, traced.uncovered) == (Coverage.UNCOVERED, ("XenTest",))


@pytest.mark.parametrize(
    ("given_case", "covered"),
    [
        (case(full=str(A)), True),
        (case(partial=str(A)), False),
        (case(Outcome.SKIPPED, str(A)), False),
        (case(Outcome.FAILED, str(A)), False),
        (case(full="XenArch~a~1"), False),
    ],
)
def test_only_a_full_passed_test_meets_the_need_of_tests(given_case: Case, covered: bool) -> None:
    words = item(Tag("XenTest", "t", 1), covers=(str(A),), place=Place("a.rst", 2))
    made = record(items=[item(needs=("XenTest",)), words], reports=[report(given_case)])
    assert (made.items[0].coverage is Coverage.COVERED) == covered


def test_a_test_of_a_part_lowers_no_confirmed_item_that_needs_no_tests() -> None:
    values = {"verdicts": [verdict()], "reports": [report(case(partial=str(A)))]}
    traced = only(items=[item(confirmed_by=("c",))], **values)
    assert (traced.test, traced.result) == (Result.PARTIAL, Result.PASSED)
    needing = only(items=[item(confirmed_by=("c",), needs=("XenTest",))], **values)
    assert (needing.test, needing.result) == (Result.PARTIAL, Result.PARTIAL)


@pytest.mark.parametrize(
    ("tag", "status", "subtype"),
    [
        ("XenArch~a~1", LinkStatus.OUTDATED, "outdated_test"),
        ("XenArch~a~3", LinkStatus.PREDATED, "outdated_test"),
        ("XenArch~z~1", LinkStatus.ORPHANED, "unknown_tag"),
        ("no tag", LinkStatus.ORPHANED, "unknown_tag"),
        ("XenArch~a~0", LinkStatus.ORPHANED, "unknown_tag"),
    ],
)
@pytest.mark.parametrize("type_", ["verifies", "partially verifies"])
def test_a_test_of_another_tag_counts_for_nothing(tag: str, status: LinkStatus, subtype: str, type_: str) -> None:
    tags = {type_.replace(" ", "_"): (tag,)}
    made = record(items=[item()], reports=[report(dataclasses.replace(case(), **tags))])
    assert made.items[0].test is None
    assert found(made) == [(subtype, "r.xml:1")]
    assert "t" in made.findings[0].message
    assert made.links == (Link("t", type_, tag, status),)


def test_nothing_in_an_unreadable_report_counts_and_what_passed_elsewhere_waits_for_it() -> None:
    cut = report(case(full=str(A)), error="cut off")
    made = record(items=[item()], reports=[cut])
    assert made.items[0].result is Result.NOT_RUN
    assert found(made) == [("test_report", "r.xml:1")]
    beside = [cut, report(case(full=str(A), name="u"), file="s.xml")]
    assert only(items=[item()], reports=beside).result is Result.NOT_RUN
    confirmed = only(items=[item(confirmed_by=("c",))], verdicts=[verdict()], reports=[report(error="cut off")])
    assert confirmed.result is Result.PASSED


def test_results_that_were_asked_for_and_are_missing_are_a_finding() -> None:
    assert found(record(expected=True)) == [("test_report", "None")]
    assert found(record(expected=True, reports=[report()])) == []
    assert len(found(record(expected=True, reports=[report(error="empty")]))) == 2


def test_of_duplicates_the_first_is_kept_and_both_are_named() -> None:
    made = record(items=[item(place=Place("a.rst", 10), text="later"), item(place=Place("a.rst", 9), text="first")])
    assert [traced.item.text for traced in made.items] == ["first"]
    assert found(made) == [("duplicate", "a.rst:10")]
    assert "a.rst:9" in made.findings[0].message


def test_findings_with_and_without_a_place_sort() -> None:
    given_findings = [Finding("b", Place("a.rst", 10), "", ""), Finding("a", None, "", ""), Finding("c", None, "", "")]
    made = record(findings=[*given_findings, Finding("b", Place("a.rst", 9), "", "")])
    assert [(each.subtype, each.place and each.place.line) for each in made.findings] == [
        ("a", None),
        ("c", None),
        ("b", 9),
        ("b", 10),
    ]


# --- properties ---------------------------------------------------------------------------------------------------

# Few tags and claims, and more passes than failures, so that they meet: a strategy too wide finds nothing (tried).
TAGS = st.sampled_from([A, A, A, B, B, Tag("XenArch", "a", 1), Tag("XenProd", "p", 1)])
NAMED = st.lists(st.just(A).map(str) | TAGS.map(str) | st.just("nonsense"), max_size=2).map(tuple)
ITEMS = st.lists(
    st.builds(
        item,
        TAGS,
        text=st.sampled_from(["", "x"]),
        place=st.builds(Place, st.sampled_from(["a.rst", "b.rst"]), st.integers(1, 3)),
        covers=NAMED,
        needs=st.lists(st.sampled_from(["XenArch", "XenTest"]), unique=True).map(tuple),
        confirmed_by=st.just(("c",)) | st.lists(st.sampled_from(["c", "d", "x"]), unique=True, max_size=2).map(tuple),
    ),
    max_size=5,
)
VERDICTS = st.lists(
    st.builds(
        Verdict,
        st.sampled_from(["c", "d"]),
        st.none() | st.sampled_from(["specification", "silo", "dummy"]),
        st.just(VerdictKind.CONFIRMED) | st.sampled_from(VerdictKind),
        st.just(SCOPE),
        cases=st.integers(0, 1),
        seconds=st.sampled_from([0.0, 1.0]),
    ),
    max_size=6,
)
CASES = st.builds(
    Case,
    st.just("r.xml"),
    st.sampled_from(["", "k"]),
    st.sampled_from(["t1", "t2", "t10"]),
    st.just(Outcome.PASSED) | st.sampled_from(Outcome),
    NAMED,
    NAMED,
)
REPORTS = st.lists(
    st.builds(
        Report,
        st.sampled_from(["r.xml", "s.xml"]),
        st.just(""),
        st.sampled_from(["", "", "cut off"]),
        st.lists(CASES, max_size=4).map(tuple),
    ),
    max_size=3,
)
READABLE = REPORTS.map(lambda reports: [dataclasses.replace(each, error="") for each in reports])
WORSE = st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.PASSED])


def assert_no_better(before: TraceRecord, after: TraceRecord) -> None:
    assert [traced.item for traced in before.items] == [traced.item for traced in after.items]
    for old, new in zip(before.items, after.items, strict=True):
        assert RESULTS.index(new.result) <= RESULTS.index(old.result)
        assert COVERAGES.index(new.coverage) <= COVERAGES.index(old.coverage)
        assert set(new.uncovered) >= set(old.uncovered)


Edit = Callable[[Case], tuple[Case, ...]]


def edited(reports: list[Report], position: int, wanted: Callable[[Case], bool], edit: Edit) -> list[Report]:
    """The reports with one of the wanted cases edited; the example is dropped where there is none."""
    places = [(r, c) for r, each in enumerate(reports) for c, entry in enumerate(each.cases) if wanted(entry)]
    assume(places)
    r, c = places[position % len(places)]
    cases = reports[r].cases
    changed = dataclasses.replace(reports[r], cases=(*cases[:c], *edit(cases[c]), *cases[c + 1 :]))
    return [*reports[:r], changed, *reports[r + 1 :]]


def passed(entry: Case) -> bool:
    return entry.outcome is Outcome.PASSED


@given(ITEMS, VERDICTS, REPORTS, st.randoms(use_true_random=False))
def test_the_order_of_input_does_not_matter(
    items: list[Item], verdicts: list[Verdict], reports: list[Report], shuffle: random.Random
) -> None:
    findings = [Finding("x", None, "", ""), Finding("x", Place("a.rst", 2), "", "")]
    before = record(items, verdicts, reports, findings)
    reports = [dataclasses.replace(each, cases=tuple(shuffle.sample(each.cases, len(each.cases)))) for each in reports]
    lists: tuple[list[Any], ...] = (items, verdicts, reports, findings)
    after = record(*(shuffle.sample(entries, len(entries)) for entries in lists))
    assert before == after
    assert dumps(before) == dumps(after)


@given(ITEMS, VERDICTS, REPORTS, st.integers(0, 20), WORSE)
def test_a_pass_that_is_lost_makes_nothing_better(
    items: list[Item], verdicts: list[Verdict], reports: list[Report], position: int, outcome: Outcome
) -> None:
    worse = edited(reports, position, passed, lambda entry: (dataclasses.replace(entry, outcome=outcome),))
    assert_no_better(record(items, verdicts, reports), record(items, verdicts, worse))


@given(ITEMS, VERDICTS, READABLE, st.integers(0, 20))
def test_removing_a_passed_case_makes_nothing_better(
    items: list[Item], verdicts: list[Verdict], reports: list[Report], position: int
) -> None:
    # Beside a report that cannot be read a pass is "not run" at the best, which the order puts below "none".
    worse = edited(reports, position, passed, lambda entry: ())
    assert_no_better(record(items, verdicts, reports), record(items, verdicts, worse))


SMALL_CASES = [case(outcome, **{word: str(A)}) for outcome in Outcome for word in ("full", "partial")]


@pytest.mark.parametrize("needs", [(), ("XenTest",)])
@pytest.mark.parametrize("kind", [None, *VerdictKind])
def test_with_up_to_two_cases_no_lost_pass_makes_anything_better(
    kind: VerdictKind | None, needs: tuple[str, ...]
) -> None:
    """Every combination, where chance finds few."""
    subject = item(needs=needs, confirmed_by=("c",) if kind else ())
    verdicts = [verdict(kind)] if kind else []

    def of(*cases: Case) -> TraceRecord:
        return record([subject], verdicts, [report(*cases)])

    for second in [None, *SMALL_CASES]:
        rest = [second] if second else []
        for first in filter(passed, SMALL_CASES):
            assert_no_better(of(first, *rest), of(*rest))
            for outcome in Outcome:
                assert_no_better(of(first, *rest), of(dataclasses.replace(first, outcome=outcome), *rest))


@given(ITEMS, VERDICTS, REPORTS, st.integers(0, 20))
def test_naming_a_part_for_the_whole_makes_nothing_better(
    items: list[Item], verdicts: list[Verdict], reports: list[Report], position: int
) -> None:
    def halve(entry: Case) -> tuple[Case, ...]:
        return (dataclasses.replace(entry, verifies=(), partially_verifies=entry.verifies + entry.partially_verifies),)

    assert_no_better(
        record(items, verdicts, reports),
        record(items, verdicts, edited(reports, position, lambda entry: True, halve)),
    )


@given(ITEMS, VERDICTS, REPORTS, CASES)
def test_adding_a_failure_makes_nothing_better(
    items: list[Item], verdicts: list[Verdict], reports: list[Report], entry: Case
) -> None:
    failure = report(dataclasses.replace(entry, outcome=Outcome.FAILED), file="new.xml")
    assert_no_better(record(items, verdicts, reports), record(items, verdicts, [*reports, failure]))


@given(ITEMS, VERDICTS, REPORTS, st.integers(0, 20))
def test_an_item_that_needs_tests_passes_by_no_removal_but_of_a_failure(
    items: list[Item], verdicts: list[Verdict], reports: list[Report], position: int
) -> None:
    def harmless(entry: Case) -> bool:
        return entry.outcome not in (Outcome.FAILED, Outcome.ERROR)

    before = record(items, verdicts, reports)
    after = record(items, verdicts, edited(reports, position, harmless, lambda entry: ()))
    for old, new in zip(before.items, after.items, strict=True):
        if "XenTest" in old.item.needs and old.result is not Result.PASSED:
            assert new.result is not Result.PASSED


@given(ITEMS, VERDICTS)
def test_an_item_that_needs_tests_never_passes_without_reports(items: list[Item], verdicts: list[Verdict]) -> None:
    for traced in record(items, verdicts).items:
        if "XenTest" in traced.item.needs:
            assert traced.result is not Result.PASSED
            assert traced.coverage is not Coverage.COVERED


@given(ITEMS, VERDICTS, REPORTS, st.integers(0, 20), st.sampled_from([None, *VerdictKind]))
def test_a_confirmation_that_is_lost_makes_nothing_better(
    items: list[Item], verdicts: list[Verdict], reports: list[Report], position: int, kind: VerdictKind | None
) -> None:
    confirmed = [n for n, each in enumerate(verdicts) if each.kind is VerdictKind.CONFIRMED]
    assume(confirmed)
    n = confirmed[position % len(confirmed)]
    instead = [] if kind is None else [dataclasses.replace(verdicts[n], kind=kind)]
    worse = [*verdicts[:n], *instead, *verdicts[n + 1 :]]
    assert_no_better(record(items, verdicts, reports), record(items, worse, reports))


@given(ITEMS, VERDICTS, REPORTS)
def test_nothing_passes_on_parts_alone(items: list[Item], verdicts: list[Verdict], reports: list[Report]) -> None:
    for traced in record(items, verdicts, reports).items:
        if not any(passed(entry) for entry in traced.tests):
            assert traced.test is not Result.PASSED
            assert traced.result is not Result.PASSED or traced.model is Result.PASSED


# --- what was accepted --------------------------------------------------------------------------------------------


def with_accepted(accepted: dict[tuple[str, str, str], str], reviews: Iterable[Review] = ()) -> TracedItem:
    made = assemble(
        project="p",
        version="1",
        items=[item(needs=("XenTest",), confirmed_by=("c",))],
        verdicts=[verdict()],
        reports=[report(case(full=str(A)))],
        findings=(),
        policies=("specification", "silo"),
        target_policy="silo",
        confirm_mode="cache",
        known_claims=("c",),
        results_expected=True,
        accepted=accepted,
        reviews=reviews,
    )
    assert {one.subtype for one in made.findings} == ({"suspect"} if accepted else set())
    assert made.reviews == tuple(reviews)
    (traced,) = made.items
    return traced


def test_what_a_claim_or_test_says_of_another_text_is_stale() -> None:
    assert (with_accepted({}).result, with_accepted({}).suspect) == (Result.PASSED, ())
    by_claim = with_accepted({("c", "confirms", str(A)): "0" * 64})
    assert (by_claim.model, by_claim.test, by_claim.suspect) == (Result.STALE, Result.PASSED, (str(A),))
    by_test = with_accepted({("t", "verifies", str(A)): "0" * 64})
    assert (by_test.model, by_test.test, by_test.uncovered) == (Result.PASSED, Result.STALE, ("XenTest",))
    assert by_claim.result is by_test.result is Result.STALE


def test_an_inspection_of_another_text_makes_the_item_suspect() -> None:
    review = Review(str(A), "0" * 64, "a", "b", "2026-01-01", (), False, Place("reviews.yaml", 1))
    assert with_accepted({}, [review]).suspect == (str(A),)
    now = with_accepted({}).fingerprint
    assert with_accepted({}, [dataclasses.replace(review, fingerprint=now)]).suspect == ()


def test_the_second_place_of_a_tag_is_kept() -> None:
    made = record(items=[item(place=Place("b.rst", 1)), item(place=Place("a.rst", 9)), item(place=Place("c.rst", 2))])
    assert made.items[0].duplicates == (Place("b.rst", 1), Place("c.rst", 2))
