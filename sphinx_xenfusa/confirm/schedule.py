"""Which jobs there are, which of them are answered already, and what comes of the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sphinx_xenfusa.confirm.cache import Cache
from sphinx_xenfusa.confirm.executors import ExecutorLost, Workers, run_on
from sphinx_xenfusa.confirm.register import Register
from sphinx_xenfusa.confirm.run import Job, without_result
from sphinx_xenfusa.explore.claim import AnnouncedClaim, Budget, Claim, Effort
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind

DEFAULT_TIMEOUT = 300.0
"""Seconds that one claim under one policy may take."""

Watch = Callable[[str, str | None, Effort], None]
"""Told the claim and the policy of a run that goes on, and how far it is; from another thread."""
Told = Callable[[Verdict, bool], None]
"""Called with each verdict as it comes, and whether it was cached."""


@dataclass(frozen=True)
class Results:
    """What a confirmation gave.

    :param verdicts: sorted by claim and policy.
    :param ran: how many were run.
    :param cached: how many were taken from the cache.
    :param lost: why runs were not finished, when their executor went away; empty otherwise.
    """

    verdicts: tuple[Verdict, ...]
    ran: int
    cached: int
    lost: str = field(default="", kw_only=True)


def jobs_for(claims: Iterable[Claim], policies: Sequence[str], register: Register) -> list[Job]:
    """Every claim under every policy that it can run under and that is asked for; once for a claim that depends on none."""
    jobs = []
    for claim in claims:
        for policy in [one for one in claim.policies if one in policies] if claim.policies else [None]:
            expected = register.expected.get((claim.id, policy)) if policy is not None else None
            jobs.append(Job(claim.id, policy, expected))
    return jobs


@dataclass(frozen=True)
class Answered:
    """What needs no run.

    :param announced: the verdicts on claims that nothing can check yet.
    :param kept: the verdicts that were taken from the cache.
    :param waiting: the jobs that have to be run, with the key under which their verdict is to be kept.
    """

    announced: tuple[Verdict, ...]
    kept: tuple[Verdict, ...]
    waiting: tuple[tuple[Job, str], ...]


def answer(
    jobs: Sequence[Job],
    claims: Mapping[str, Claim],
    *,
    cache: Cache | None,
    read_cache: bool = True,
    progress: Told = lambda verdict, cached: None,
) -> Answered:
    """Find out which jobs have to be run.

    :param cache: where verdicts are looked up; ``None`` for nowhere.
    :param read_cache: whether to look them up (not with the mode ``force``).
    """
    announced: list[Verdict] = []
    kept: list[Verdict] = []
    waiting: list[tuple[Job, str]] = []
    for job in jobs:
        claim = claims[job.claim]
        if isinstance(claim, AnnouncedClaim):
            announced.append(claim.run(job.policy, Budget()))
            progress(announced[-1], False)
            continue
        key = cache.key(claim, job) if cache is not None else ""
        known = cache.load(key) if cache is not None and read_cache else None
        if known is None:
            waiting.append((job, key))
        else:
            kept.append(known)
            progress(known, True)
    return Answered(tuple(announced), tuple(kept), tuple(waiting))


def results(answered: Answered, ran: Sequence[Verdict] = ()) -> Results:
    """The verdicts that needed no run and those that were run, in their order."""
    verdicts = sorted([*answered.announced, *answered.kept, *ran], key=lambda one: (one.claim, one.policy or ""))
    return Results(tuple(verdicts), len(ran), len(answered.kept))


def run_jobs(
    jobs: Sequence[Job],
    claims: Mapping[str, Claim],
    *,
    cache: Cache | None,
    read_cache: bool = True,
    timeout: float = DEFAULT_TIMEOUT,
    processes: int | None = None,
    workers: Workers | None = None,
    progress: Told = lambda verdict, cached: None,
    watch: Watch | None = None,
    installed: bool = True,
) -> Results:
    """Run the jobs that the cache does not answer.

    :param cache: where verdicts are looked up and kept; ``None`` for neither.
    :param read_cache: whether to look them up (not with the mode ``force``).
    :param timeout: seconds for each job.
    :param processes: how many at once; by default as many as there are cores.
    :param workers: what runs the jobs in place of processes of our own.
    :param watch: told how far the runs in processes of our own are.
    :param installed: the claims come from entry points and are loaded anew in each process; otherwise they are handed over.
    """
    answered = answer(jobs, claims, cache=cache, read_cache=read_cache, progress=progress)
    if not answered.waiting:
        return results(answered)
    keys = dict(answered.waiting)
    ran = []
    lost = ""
    most = processes or os.cpu_count() or 1
    if workers is not None:
        running = run_on(workers, tuple(keys), claims, installed=installed, timeout=timeout)
    else:
        # Processes cost their import, which a build with everything kept does without.
        from sphinx_xenfusa.confirm.pool import run_in_processes

        running = run_in_processes(
            tuple(keys), claims, installed=installed, timeout=timeout, processes=most, watch=watch
        )
    try:
        for job, verdict in running:
            ran.append(verdict)
            if cache is not None:
                cache.store(keys[job], verdict)
            progress(verdict, False)
    except ExecutorLost as error:
        lost = str(error)
        finished = {(one.claim, one.policy) for one in ran}
        for job in keys:
            if (job.claim, job.policy) not in finished:
                reason = f"not finished: {lost}"
                ran.append(without_result(claims[job.claim], job.policy, VerdictKind.ERROR, reason))
                progress(ran[-1], False)
    return replace(results(answered, ran), lost=lost)
