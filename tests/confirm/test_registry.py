"""Claims by entry points: what is no claim is refused with the name of the entry point, and costs nothing else."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import fake_claims
import pytest

from sphinx_xenfusa.confirm.register import Expected, Register
from sphinx_xenfusa.confirm.registry import GROUP, installed, load_claims
from sphinx_xenfusa.confirm.run import Job
from sphinx_xenfusa.confirm.schedule import jobs_for


def point(value: str, name: str = "mine") -> EntryPoint:
    return EntryPoint(name, value, GROUP)


def test_claims_by_id() -> None:
    claims = load_claims([point("fake_claims:CLAIMS")])
    assert list(claims) == ["a_claim", "b_claim"]
    assert claims["b_claim"] is fake_claims.CLAIMS[0]


def test_no_entry_points() -> None:
    assert load_claims([]) == {}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("no_such_module_here:CLAIMS", "found no_such_module_here:CLAIMS, which cannot be loaded (No module named"),
        ("fake_claims:NO_SUCH_NAME", "found fake_claims:NO_SUCH_NAME, which cannot be loaded ("),
        ("raising_claims:CLAIMS", "found raising_claims:CLAIMS, which cannot be loaded (it fails)"),
        ("leaving_claims:CLAIMS", "found leaving_claims:CLAIMS, which cannot be loaded (it leaves)"),
        ("fake_claims:BREAKING_SEQUENCE", "found fake_claims:BREAKING_SEQUENCE, which cannot be loaded (no more)"),
        ("fake_claims:NO_SEQUENCE", "found fake_claims:NO_SEQUENCE, a int; expected a sequence of claims"),
        ("fake_claims:BAD_ID", "found Fake(id='A-Claim'"),
        ("fake_claims:NO_CLAIM", "found 'a text'; expected an object that implements Claim"),
        ("fake_claims:NOT_TEXTS", "found Fake(id='wordy'"),
        ("fake_claims:NO_WORDS", "found WithoutWords, which breaks (no words)"),
    ],
)
def test_a_fault_costs_its_own_claims_and_no_other(value: str, words: str) -> None:
    found = installed([point(value), point("fake_claims:CLAIMS", "other")])
    assert {"a_claim", "b_claim"} <= set(found.claims) <= {"a_claim", "b_claim", "fine"}
    (problem,) = found.problems
    assert problem.file == "entry point sphinx_xenfusa.claims:mine"
    assert problem.line is None
    assert problem.message.startswith(words)


def test_what_can_be_used_of_a_sequence_is_used() -> None:
    assert list(load_claims([point("fake_claims:NO_CLAIM")])) == ["fine"]


def test_the_package_of_each_claim() -> None:
    assert installed([point("fake_claims:CLAIMS")]).packages == {"a_claim": "fake_claims", "b_claim": "fake_claims"}


@pytest.mark.parametrize("order", [1, -1])
def test_an_id_that_is_offered_twice_is_not_used(order: int) -> None:
    """Neither of the two, whatever the order in which entry points are found: a second one must not replace the first."""
    points = [point("fake_claims:CLAIMS", "first"), point("fake_claims:SAME", "second")][::order]
    found = installed(points)
    assert list(found.claims) == ["b_claim"]
    assert [str(problem) for problem in found.problems] == [
        "entry point sphinx_xenfusa.claims:second: found a second claim 'a_claim'; "
        "expected each id once (first offers the first; neither is used)"
    ]


def test_installed_claims_are_found() -> None:
    assert {"hwdom_single", "unprivileged_no_foreign_map"} <= set(load_claims())


ENTRY = Expected("b_claim", "dummy", (("D1", ("shutdown",)),), "divergences.yaml", 3)
REGISTER = Register("0" * 40, "somebody", "2026-01-01", {}, {("b_claim", "dummy"): ENTRY})


@pytest.mark.parametrize(
    ("policies", "jobs"),
    [
        (["specification", "dummy"], [("b_claim", "specification"), ("b_claim", "dummy"), ("a_claim", None)]),
        (["dummy", "specification"], [("b_claim", "specification"), ("b_claim", "dummy"), ("a_claim", None)]),
        (["dummy"], [("b_claim", "dummy"), ("a_claim", None)]),
        (["silo"], [("a_claim", None)]),
        ([], [("a_claim", None)]),
    ],
)
def test_jobs(policies: list[str], jobs: list[tuple[str, str | None]]) -> None:
    found = jobs_for(fake_claims.CLAIMS, policies, REGISTER)
    assert [(job.claim, job.policy) for job in found] == jobs
    for job in found:
        assert job.expected is (ENTRY if job.policy == "dummy" else None)
        assert isinstance(job, Job)
