"""Runs jobs in processes of their own, with a time limit each.

A claim that hangs is ended and its verdict is ``error``; so is one that dies.  The others go on.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures import TimeoutError as JobTimeout
from dataclasses import replace
from multiprocessing import get_context

from pebble import ProcessExpired, ProcessPool

from sphinx_xenfusa.confirm.registry import load_claims
from sphinx_xenfusa.confirm.run import Job, confirm, without_result
from sphinx_xenfusa.explore.claim import Budget, Claim
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind


def run_in_processes(
    jobs: Sequence[Job], claims: Mapping[str, Claim], *, installed: bool, timeout: float, processes: int
) -> Iterator[tuple[Job, Verdict]]:
    """Run jobs, and give each verdict as it comes.

    :param installed: the claims come from entry points and are loaded anew in each process; otherwise they are handed over.
    :param timeout: seconds for each job.
    :param processes: how many at once.
    """
    offered = None if installed else dict(claims)
    with ProcessPool(max_workers=min(processes, len(jobs)), context=get_context("spawn")) as pool:
        # The budget ends a search by itself a little earlier, so that it says inconclusive rather than error.
        futures: dict[Future[Verdict], Job] = {
            pool.schedule(_work, args=(job, timeout * 0.9, offered), timeout=timeout): job for job in jobs
        }
        for future in as_completed(futures):
            job = futures[future]
            error = future.exception()
            if error is None:
                yield job, future.result()
            else:
                yield job, without_result(claims[job.claim], job.policy, VerdictKind.ERROR, _words(error, timeout))


def _work(job: Job, seconds: float, offered: Mapping[str, Claim] | None) -> Verdict:
    claims = load_claims() if offered is None else offered
    start = time.monotonic()
    verdict = confirm(claims[job.claim], job, Budget(seconds))
    return replace(verdict, seconds=time.monotonic() - start)


def _words(error: BaseException, timeout: float) -> str:
    if isinstance(error, JobTimeout):
        return f"the check did not end within {timeout:g} seconds"
    if isinstance(error, ProcessExpired):
        return f"the process of the check died with exit code {error.exitcode}"
    return f"the check broke: {type(error).__name__}: {error}"
