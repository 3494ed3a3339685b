"""Runs jobs on any ``concurrent.futures`` executor: threads, processes, or a cluster of machines (extra ``[cluster]``: Dask).

What an executor cannot be trusted with is checked here.  A process elsewhere has to have the same sources, or its verdict would
be kept under a key that it does not belong to: it refuses the job otherwise.  A worker that dies costs its job a verdict at most;
an executor that goes away as a whole ends the run with one reason, and what was finished stays finished.

Only our own processes (:mod:`sphinx_xenfusa.confirm.pool`) can be ended from outside; elsewhere a search ends itself when its
time is up.
"""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sphinx_xenfusa.confirm.cache import package_digest
from sphinx_xenfusa.confirm.registry import load_claims
from sphinx_xenfusa.confirm.run import Job, confirm, without_result
from sphinx_xenfusa.explore.claim import Budget, Claim
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.inputs import InputError

_LOOK_AGAIN = 1.0
"""Seconds after which it is asked whether the executor is still there, while nothing comes from it."""
_CONNECT = 20.0
"""Seconds within which a cluster has to answer."""
_FORM = re.compile(r"dask-local:(?P<workers>[1-9][0-9]{0,3})|dask://(?P<address>[^\s/]+:[0-9]{1,5})")
_EXPECTED = "dask-local:N (N worker processes on this machine) or dask://HOST:PORT (a scheduler that runs)"


Task = TypeVar("Task", bound=Hashable)
Given = TypeVar("Given")


class ExecutorLost(Exception):
    """The executor went away: the jobs that it had not finished have no verdict."""


@dataclass(frozen=True)
class Workers:
    """An executor, and how to find out that it has gone away without saying so.

    :param executor: any; it is not shut down here.
    :param problem: why nothing can come from it any more; empty while it is there.
    """

    executor: Executor
    problem: Callable[[], str] = lambda: ""


def run_on(
    workers: Workers, jobs: Sequence[Job], claims: Mapping[str, Claim], *, installed: bool, timeout: float
) -> Iterator[tuple[Job, Verdict]]:
    """Run jobs on an executor, and give each verdict as it comes.

    :param installed: the claims come from entry points and are loaded anew by each worker; otherwise they are handed over.
    :param timeout: seconds after which a search ends itself.
    :raises ExecutorLost: the executor has gone away; the verdicts that were given stand.
    """
    offered = None if installed else dict(claims)
    digest = package_digest()
    tasks = {job: (_work, (job, timeout * 0.9, offered, digest)) for job in jobs}
    for job, future in finished(workers, tasks):
        yield job, _verdict(future, claims[job.claim], job)


def finished(
    workers: Workers, tasks: Mapping[Task, tuple[Callable[..., Given], tuple[Any, ...]]]
) -> Iterator[tuple[Task, Future[Given]]]:
    """Call a function for each task on an executor, and give each call as it ends: with its result, or what it raised.

    :param tasks: what to call with which arguments.
    :raises ExecutorLost: the executor has gone away; what was given stands.
    """
    futures: dict[Future[Given], Task] = {}
    try:
        for task, (function, arguments) in tasks.items():
            futures[workers.executor.submit(function, *arguments)] = task
    except (RuntimeError, OSError) as error:
        raise ExecutorLost(f"it takes no jobs: {error}") from error
    pending = {*futures}
    while pending:
        done, pending = wait(pending, timeout=_LOOK_AGAIN, return_when=FIRST_COMPLETED)
        # An executor that is shut down cancels what waits, and wakes nobody.
        done |= {future for future in pending if future.cancelled()}
        pending -= done
        lost = "" if done else workers.problem()
        for future in done:
            gone = _gone(future)
            if gone:
                lost = gone
            else:
                yield futures[future], future
        if lost:
            for future in pending:
                future.cancel()
            raise ExecutorLost(f"what runs the jobs went away ({lost}); what was finished is kept")


def _gone(future: Future[Any]) -> str:
    """How the executor lost a call; empty when the call ended by itself, whatever it gave."""
    if future.cancelled():
        return "cancelled"
    error = future.exception()
    return f"{type(error).__name__}: {error}".rstrip(": ") if isinstance(error, BrokenExecutor | CancelledError) else ""


def _verdict(future: Future[Verdict], claim: Claim, job: Job) -> Verdict:
    """The verdict that a worker gave, or an error: whatever it raises, its claim is without a verdict and the others go on."""
    error = future.exception()
    if error is None:
        return future.result()
    return without_result(claim, job.policy, VerdictKind.ERROR, f"the check broke: {type(error).__name__}: {error}")


class OtherSources(Exception):
    """A worker has not the sources that the run was started with."""


def refuse_other_sources(digest: str) -> None:
    """Hold the sources of this process against those of the one that asks.

    :param digest: of the sources of the process that asks.
    :raises OtherSources: they differ.
    """
    if package_digest() != digest:
        raise OtherSources("sphinx_xenfusa on the worker differs from the one that started the run")


def _work(job: Job, seconds: float, offered: Mapping[str, Claim] | None, digest: str) -> Verdict:
    refuse_other_sources(digest)
    claims = load_claims() if offered is None else offered
    start = time.monotonic()
    verdict = confirm(claims[job.claim], job, Budget(seconds, mutation=job.mutation))
    return replace(verdict, seconds=time.monotonic() - start)


@contextmanager
def open_workers(text: str) -> Iterator[Workers]:
    """The workers that a user asks for in words, for the duration of a ``with`` block.

    :param text: ``dask-local:N``, or ``dask://HOST:PORT``.
    :raises InputError: it is none of these, the extra is not installed, or no scheduler answers.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise InputError("command line", None, f"the executor {text!r}", _EXPECTED)
    try:
        # By its name: it is there only where the extra is installed.
        distributed = importlib.import_module("distributed")
    except ImportError as error:
        raise InputError(
            "command line", None, f"the executor {text!r} without Dask", "pip install 'sphinx-xenfusa[cluster]'"
        ) from error
    if found["workers"]:
        with (
            distributed.LocalCluster(
                n_workers=int(found["workers"]), threads_per_worker=1, processes=True, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster, timeout=_CONNECT) as client,
        ):
            yield _on_dask(client)
        return
    try:
        client = distributed.Client(f"tcp://{found['address']}", timeout=_CONNECT)
    except (OSError, ValueError) as error:
        raise InputError("command line", None, f"no scheduler at {found['address']} ({error})", _EXPECTED) from error
    try:
        yield _on_dask(client)
    finally:
        client.close(timeout=_LOOK_AGAIN)


def _on_dask(client: Any) -> Workers:
    """The workers of a Dask client.

    A job whose worker dies is given to another by the scheduler; each job is independent of all others and changes nothing, so
    that to run it twice is harmless.
    """
    seen = time.monotonic()

    def problem() -> str:
        nonlocal seen
        if client.status != "running":
            return f"the Dask client is {client.status}"
        if client.scheduler_info()["workers"]:
            seen = time.monotonic()
        return "" if time.monotonic() - seen < _CONNECT else f"no Dask worker for {_CONNECT:g} seconds"

    return Workers(client.get_executor(pure=False), problem)
