"""Which mutants nothing kills: the union over all runs, where one kill is enough and one run less never hides a survivor."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.explore.survivors import Mutants, Tried, gather
from sphinx_xenfusa.explore.verdict import MutantReport

REPORTS = [MutantReport(f"model/a.py:{line} f", "drop guard", f"if {line}:", "pass") for line in range(2, 12)]
OUTCOMES = st.dictionaries(st.sampled_from(REPORTS), st.sampled_from(["killed", "survived", "broken"]))
RUNS = st.dictionaries(st.sampled_from("abc"), st.lists(OUTCOMES, max_size=3), max_size=3)


def tried(outcomes: dict[MutantReport, str]) -> Tried:
    return Tried(
        *(tuple(one for one in outcomes if outcomes[one] == name) for name in ("killed", "survived", "broken"))
    )


def gathered(runs: dict[str, list[dict[MutantReport, str]]], reachable: list[MutantReport] = REPORTS) -> Mutants:
    return gather({claim: [tried(one) for one in several] for claim, several in runs.items()}, reachable, {})


@given(RUNS)
def test_each_mutant_counts_once_and_a_kill_anywhere_is_enough(runs: dict[str, list[dict[MutantReport, str]]]) -> None:
    made = gathered(runs)
    everywhere = [one for several in runs.values() for one in several]
    killed = {report for one in everywhere for report in one if one[report] == "killed"}
    left = {one.report for one in made.survivors}
    assert made.generated == len(REPORTS) == made.killed + made.broken + len(left)
    assert made.killed == len(killed)
    assert not killed & left
    for one in made.survivors:
        assert one.claims == tuple(
            sorted(
                claim for claim, several in runs.items() if any(run.get(one.report) == "survived" for run in several)
            )
        )


@given(RUNS, OUTCOMES)
def test_a_run_less_never_hides_a_survivor(
    runs: dict[str, list[dict[MutantReport, str]]], more: dict[MutantReport, str]
) -> None:
    with_more = {one.report for one in gathered({**runs, "d": [more]}).survivors}
    without = {one.report for one in gathered(runs).survivors}
    # Only where a search broke is nothing known; a run that breaks takes no survivor away that another run saw survive.
    broke = {report for report, outcome in more.items() if outcome == "broken"}
    assert with_more - without <= {report for report, outcome in more.items() if outcome == "survived"}
    assert {report for report in without - with_more if report not in broke} <= {
        report for report, outcome in more.items() if outcome == "killed"
    }


def test_a_mutant_that_no_run_reaches_survives() -> None:
    made = gather({"a": [Tried(killed=(REPORTS[0],))]}, REPORTS[:2], {REPORTS[1]: "if 3:"})
    assert [(one.report, one.claims, one.line) for one in made.survivors] == [(REPORTS[1], (), "if 3:")]


def test_survivors_stand_in_the_order_of_the_source() -> None:
    made = gather({}, reversed(REPORTS), {})
    assert [one.report for one in made.survivors] == REPORTS


@given(RUNS)
def test_what_is_written_can_be_read(runs: dict[str, list[dict[MutantReport, str]]]) -> None:
    made = gathered(runs)
    assert Mutants.from_json(json.loads(json.dumps(made.to_json()))) == made
    for several in runs.values():
        for one in several:
            assert Tried.from_json(json.loads(json.dumps(tried(one).to_json()))) == tried(one)
