"""Traces and verdicts survive being written and read back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.explore.trace import Change, Step, Trace
from sphinx_xenfusa.explore.verdict import Divergence, MutantReport, Scope, Verdict, VerdictKind

TEXT = st.text(max_size=20)
NUMBERS = st.integers(0, 10**12)


def several(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(strategy, max_size=3).map(tuple)


PAIRS = several(st.tuples(TEXT, TEXT))
STEPS = st.builds(Step, TEXT, TEXT, PAIRS, TEXT, several(st.builds(Change, TEXT, TEXT, TEXT)), TEXT)
TRACES = st.builds(Trace, TEXT, PAIRS, several(STEPS))
MUTANTS = st.builds(MutantReport, TEXT, TEXT, TEXT, TEXT)
SCOPES = st.builds(Scope, TEXT, TEXT, NUMBERS, st.none() | NUMBERS, several(TEXT))
VERDICTS = st.builds(
    Verdict,
    claim=TEXT,
    policy=st.none() | TEXT,
    kind=st.sampled_from(VerdictKind),
    scope=SCOPES,
    cases=NUMBERS,
    relevant=NUMBERS,
    reason=TEXT,
    witness=st.none() | TRACES,
    counterexample=st.none() | TRACES,
    killed=NUMBERS,
    mutants=NUMBERS,
    killer=st.none() | MUTANTS,
    survivors=several(MUTANTS),
    divergences=several(st.builds(Divergence, TEXT, TRACES)),
    seconds=st.floats(0, 100),
)


@given(TRACES)
def test_trace_round_trip(trace: Trace) -> None:
    assert Trace.from_json(json.loads(json.dumps(trace.to_json()))) == trace


@given(VERDICTS)
def test_verdict_round_trip(verdict: Verdict) -> None:
    """All but the time of the run, which is never written, and the lists of mutants, which are kept apart."""
    assert Verdict.from_json(json.loads(json.dumps(verdict.to_json()))) == replace(verdict, seconds=0.0, survivors=())


@given(VERDICTS, VERDICTS)
def test_different_verdicts_are_written_differently(one: Verdict, other: Verdict) -> None:
    same = replace(one, seconds=0.0, survivors=()) == replace(other, seconds=0.0, survivors=())
    assert (one.to_json() == other.to_json()) is same


SMALL = Verdict("a", None, VerdictKind.CONFIRMED, Scope("A", "words", 1, 1, ()))


@pytest.mark.parametrize("key", sorted(SMALL.to_json()))
def test_missing_key(key: str) -> None:
    data = SMALL.to_json()
    del data[key]
    with pytest.raises(KeyError, match=key):
        Verdict.from_json(data)


def test_unknown_kind() -> None:
    with pytest.raises(ValueError, match="green"):
        Verdict.from_json({**SMALL.to_json(), "kind": "green"})


def test_time_is_not_written() -> None:
    assert replace(SMALL, seconds=3.5).to_json() == SMALL.to_json()


def test_kinds_are_worst_first() -> None:
    assert [kind.value for kind in VerdictKind] == [
        "refuted",
        "vacuous",
        "error",
        "inconclusive",
        "diverges",
        "not run",
        "not applicable",
        "confirmed",
    ]
