"""Jobs in processes of their own: one that hangs, dies or breaks is an error, and the others finish."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fake_claims import SCOPE, Diverging, Dying, Fake, Hanging, Raising, WithoutScope, trace

from sphinx_xenfusa.confirm.cache import Cache
from sphinx_xenfusa.confirm.register import Expected
from sphinx_xenfusa.confirm.run import Job
from sphinx_xenfusa.confirm.schedule import Results, run_jobs
from sphinx_xenfusa.explore.claim import Budget, Claim, Effort
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind

TIMEOUT = 4.0
ENTRY = Expected("diverging", "dummy", (("D1", ("shutdown",)),), "divergences.yaml", 3)
CLAIMS: tuple[Claim, ...] = (
    Hanging("hanging"),
    Dying("dying"),
    Raising("raising"),
    WithoutScope(),
    Fake("fine"),
    Fake("policy_free", policies=()),
    Fake("bad", VerdictKind.REFUTED),
    Diverging("diverging", by=(("D1", "shutdown"),)),
)


def jobs_of(claims: Sequence[Claim]) -> list[Job]:
    return [Job(claim.id, "dummy" if claim.policies else None, None) for claim in claims]


def run(claims: Sequence[Claim], jobs: Sequence[Job] | None = None, **options) -> Results:
    known = {claim.id: claim for claim in claims}
    options = {"cache": None, "timeout": TIMEOUT, "processes": 2, "installed": False, **options}
    return run_jobs(jobs_of(claims) if jobs is None else jobs, known, **options)


@pytest.fixture(scope="module")
def results() -> tuple[dict[str, Verdict], Results, list[tuple[str, bool]], float]:
    told: list[tuple[str, bool]] = []
    jobs = [replace(job, expected=ENTRY if job.claim == "diverging" else None) for job in jobs_of(CLAIMS)]
    start = time.monotonic()
    found = run(CLAIMS, jobs, progress=lambda verdict, cached: told.append((verdict.claim, cached)))
    return {verdict.claim: verdict for verdict in found.verdicts}, found, told, time.monotonic() - start


def test_one_verdict_for_each_job_in_order(results) -> None:
    _, found, told, _ = results
    assert [verdict.claim for verdict in found.verdicts] == sorted(claim.id for claim in CLAIMS)
    assert (found.ran, found.cached) == (len(CLAIMS), 0)
    assert sorted(told) == sorted((claim.id, False) for claim in CLAIMS)


def test_the_others_finish(results) -> None:
    verdicts = results[0]
    assert verdicts["fine"].kind is VerdictKind.CONFIRMED
    assert (verdicts["fine"].policy, verdicts["policy_free"].policy) == ("dummy", None)
    assert verdicts["fine"].witness == trace("witness")
    assert verdicts["policy_free"].kind is VerdictKind.CONFIRMED
    assert verdicts["bad"].kind is VerdictKind.REFUTED
    assert verdicts["diverging"].kind is VerdictKind.DIVERGES


def test_hanging_claim_is_ended(results) -> None:
    verdict, seconds = results[0]["hanging"], results[3]
    assert (verdict.kind, verdict.reason) == (VerdictKind.ERROR, "the check did not end within 4 seconds")
    assert (verdict.policy, verdict.scope) == ("dummy", SCOPE)
    assert seconds < 60


def test_claim_that_kills_its_process(results) -> None:
    verdict = results[0]["dying"]
    assert (verdict.kind, verdict.reason) == (VerdictKind.ERROR, "the process of the check died with exit code 7")


def test_claim_that_raises(results) -> None:
    verdict = results[0]["raising"]
    assert verdict.kind is VerdictKind.ERROR
    assert verdict.reason == "the check broke: ZeroDivisionError: nothing to divide"


def test_claim_that_cannot_tell_its_scope(results) -> None:
    verdict = results[0]["without_scope"]
    assert verdict.kind is VerdictKind.ERROR
    assert verdict.reason == "the check broke: ZeroDivisionError: nothing to divide"
    assert verdict.scope.words == "the claim cannot tell its scope (no scope)"


def test_no_jobs() -> None:
    assert run((), []) == Results((), 0, 0)


def test_cache(tmp_path: Path) -> None:
    """Kept verdicts are not run again unless that is asked for; an error always is."""
    claims = (Fake("fine"), Raising("raising"))
    cache = Cache(tmp_path)
    first = run(claims, cache=cache)
    assert (first.ran, first.cached) == (2, 0)
    told: list[tuple[str, bool]] = []
    second = run(claims, cache=cache, progress=lambda verdict, cached: told.append((verdict.claim, cached)))
    assert (second.ran, second.cached) == (1, 1)
    assert told == [("fine", True), ("raising", False)]
    assert [replace(one, seconds=0.0) for one in second.verdicts] == [
        replace(one, seconds=0.0) for one in first.verdicts
    ]
    only_fine = claims[:1]
    assert run(only_fine, cache=cache).ran == 0
    assert run(only_fine, cache=cache, read_cache=False).ran == 1
    assert run((replace(claims[0], says="Something else."),), cache=cache).ran == 1


@dataclass(frozen=True)
class Telling(Fake):
    """Searches long enough to be watched."""

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        for states in range(7):
            time.sleep(0.1)
            budget.report(states=states + 1, frontier=2, depth=states)
        return super().run(policy, budget, repaired=repaired)


def test_a_run_that_goes_on_is_told_of() -> None:
    told: list[tuple[str, str | None, Effort]] = []
    run((Telling("telling"), Telling("free", policies=())), watch=lambda *one: told.append(one))
    assert {one[:2] for one in told} == {("telling", "dummy"), ("free", None)}
    assert all(0 < effort.states <= 7 and effort.frontier == 2 and effort.rate > 0 for _, _, effort in told)


def test_a_process_that_dies_holds_up_no_progress() -> None:
    told: list[str] = []
    results = run((Dying("dying"), Telling("telling")), watch=lambda claim, policy, effort: told.append(claim))
    assert {one.claim: one.kind.value for one in results.verdicts} == {"dying": "error", "telling": "confirmed"}
    assert "telling" in told
