"""Runs jobs in processes of their own, with a time limit each, and keeps what comes out.

A claim that hangs is ended and its verdict is ``error``; so is one that dies.  The others go on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures import TimeoutError as JobTimeout
from dataclasses import dataclass, replace
from multiprocessing import get_context

from pebble import ProcessExpired, ProcessPool

from sphinx_xenfusa.confirm.cache import Cache
from sphinx_xenfusa.confirm.register import Register
from sphinx_xenfusa.confirm.registry import load_claims
from sphinx_xenfusa.confirm.run import Job, confirm, without_result
from sphinx_xenfusa.explore.claim import AnnouncedClaim, Budget, Claim
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind

DEFAULT_TIMEOUT = 300.0
"""Seconds that one claim under one policy may take."""


@dataclass(frozen=True)
class Results:
    """What a confirmation gave.

    :param verdicts: sorted by claim and policy.
    :param ran: how many were run.
    :param cached: how many were taken from the cache.
    """

    verdicts: tuple[Verdict, ...]
    ran: int
    cached: int


def jobs_for(claims: Iterable[Claim], policies: Sequence[str], register: Register) -> list[Job]:
    """Every claim under every policy that it can run under and that is asked for; once for a claim that depends on none."""
    jobs = []
    for claim in claims:
        for policy in [one for one in claim.policies if one in policies] if claim.policies else [None]:
            expected = register.expected.get((claim.id, policy)) if policy is not None else None
            jobs.append(Job(claim.id, policy, expected))
    return jobs


def _work(job: Job, seconds: float, offered: Mapping[str, Claim] | None) -> Verdict:
    claims = load_claims() if offered is None else offered
    start = time.monotonic()
    verdict = confirm(claims[job.claim], job, Budget(seconds))
    return replace(verdict, seconds=time.monotonic() - start)


def run_jobs(
    jobs: Sequence[Job],
    claims: Mapping[str, Claim],
    *,
    cache: Cache | None,
    read_cache: bool = True,
    timeout: float = DEFAULT_TIMEOUT,
    processes: int | None = None,
    progress: Callable[[Verdict, bool], None] = lambda verdict, cached: None,
    installed: bool = True,
) -> Results:
    """Run the jobs that the cache does not answer.

    :param cache: where verdicts are looked up and kept; ``None`` for neither.
    :param read_cache: whether to look them up (not with the mode ``force``).
    :param timeout: seconds for each job.
    :param processes: how many at once; by default as many as there are cores.
    :param progress: called with each verdict as it comes, and whether it was cached.
    :param installed: the claims come from entry points and are loaded anew in each process; otherwise they are handed over.
    """
    verdicts: dict[Job, Verdict] = {}
    waiting: list[tuple[Job, str]] = []
    cached = 0
    for job in jobs:
        claim = claims[job.claim]
        if isinstance(claim, AnnouncedClaim):
            # There is nothing to run: it counts neither as run nor as cached.
            verdicts[job] = claim.run(job.policy, Budget())
            progress(verdicts[job], False)
            continue
        key = cache.key(claim, job) if cache is not None else ""
        known = cache.load(key) if cache is not None and read_cache else None
        if known is None:
            waiting.append((job, key))
        else:
            verdicts[job] = known
            cached += 1
            progress(known, True)
    offered = None if installed else dict(claims)
    for job, key, verdict in _run(waiting, claims, offered, timeout, processes or os.cpu_count() or 1):
        verdicts[job] = verdict
        if cache is not None:
            cache.store(key, verdict)
        progress(verdict, False)
    ordered = sorted(verdicts.values(), key=lambda one: (one.claim, one.policy or ""))
    return Results(tuple(ordered), len(waiting), cached)


def _run(
    waiting: Sequence[tuple[Job, str]],
    claims: Mapping[str, Claim],
    offered: Mapping[str, Claim] | None,
    timeout: float,
    processes: int,
) -> Iterable[tuple[Job, str, Verdict]]:
    if not waiting:
        return
    with ProcessPool(max_workers=min(processes, len(waiting)), context=get_context("spawn")) as pool:
        # The budget ends a search by itself a little earlier, so that it says inconclusive rather than error.
        futures: dict[Future[Verdict], tuple[Job, str]] = {
            pool.schedule(_work, args=(job, timeout * 0.9, offered), timeout=timeout): (job, key)
            for job, key in waiting
        }
        for future in as_completed(futures):
            job, key = futures[future]
            error = future.exception()
            if error is None:
                yield job, key, future.result()
            else:
                yield job, key, without_result(claims[job.claim], job.policy, VerdictKind.ERROR, _words(error, timeout))


def _words(error: BaseException, timeout: float) -> str:
    if isinstance(error, JobTimeout):
        return f"the check did not end within {timeout:g} seconds"
    if isinstance(error, ProcessExpired):
        return f"the process of the check died with exit code {error.exitcode}"
    return f"the check broke: {type(error).__name__}: {error}"
