"""Runs jobs in processes of their own, with a time limit each.

A claim that hangs is ended and its verdict is ``error``; so is one that dies.  The others go on.  While a search goes on, its
process tells through a pipe how far it is: each message is one small write, so that no lock is needed and a process that is ended
in the middle holds up nobody.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures import TimeoutError as JobTimeout
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pickle import PickleError

from pebble import ProcessExpired, ProcessPool

from sphinx_xenfusa.confirm.registry import load_claims
from sphinx_xenfusa.confirm.run import Job, confirm, without_result
from sphinx_xenfusa.confirm.schedule import Watch
from sphinx_xenfusa.explore.claim import Budget, Claim, Effort
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind


def run_in_processes(
    jobs: Sequence[Job],
    claims: Mapping[str, Claim],
    *,
    installed: bool,
    timeout: float,
    processes: int,
    watch: Watch | None = None,
) -> Iterator[tuple[Job, Verdict]]:
    """Run jobs, and give each verdict as it comes.

    :param installed: the claims come from entry points and are loaded anew in each process; otherwise they are handed over.
    :param timeout: seconds for each job.
    :param processes: how many at once.
    :param watch: told how far the runs are.
    """
    offered = None if installed else dict(claims)
    most = min(processes, len(jobs))
    with (
        _watched(watch) as sender,
        ProcessPool(most, context=get_context("spawn"), initializer=_tell_through, initargs=(sender,)) as pool,
    ):
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


@contextmanager
def _watched(watch: Watch | None) -> Iterator[Connection | None]:
    """The end of a pipe through which processes tell how far they are."""
    if watch is None:
        yield None
        return
    receiver, sender = get_context("spawn").Pipe(duplex=False)
    reader = threading.Thread(target=_read, args=(receiver, watch), daemon=True)
    reader.start()
    try:
        yield sender
    finally:
        sender.close()
        reader.join(timeout=1.0)


def _read(receiver: Connection, watch: Watch) -> None:
    while True:
        try:
            claim, policy, effort = receiver.recv()
        except (EOFError, OSError):
            return
        except (TypeError, ValueError, PickleError):
            # A process that was ended in the middle of a message: what follows cannot be told apart any more.
            return
        watch(claim, policy, effort)


_TELLS: list[Connection] = []
"""In a process that runs claims: where it tells how far it is."""


def _tell_through(sender: Connection | None) -> None:
    if sender is not None:
        _TELLS.append(sender)


def _work(job: Job, seconds: float, offered: Mapping[str, Claim] | None) -> Verdict:
    claims = load_claims() if offered is None else offered

    def tell(effort: Effort) -> None:
        # Nobody listening costs the search nothing.
        with contextlib.suppress(OSError):
            _TELLS[0].send((job.claim, job.policy, effort))

    start = time.monotonic()
    budget = Budget(seconds, mutation=job.mutation, listener=tell if _TELLS else None)
    verdict = confirm(claims[job.claim], job, budget)
    return replace(verdict, seconds=time.monotonic() - start)


def _words(error: BaseException, timeout: float) -> str:
    if isinstance(error, JobTimeout):
        return f"the check did not end within {timeout:g} seconds"
    if isinstance(error, ProcessExpired):
        return f"the process of the check died with exit code {error.exitcode}"
    return f"the check broke: {type(error).__name__}: {error}"
