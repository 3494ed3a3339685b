"""Claims on any executor: the same verdicts; what a worker or a whole cluster loses is never taken for an answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pytest
from fake_claims import Dying, Fake, Raising

from sphinx_xenfusa.confirm.cache import Cache
from sphinx_xenfusa.confirm.executors import Workers, open_workers
from sphinx_xenfusa.confirm.run import Job
from sphinx_xenfusa.confirm.schedule import Results, run_jobs
from sphinx_xenfusa.explore.claim import Budget, Claim
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.inputs import InputError

HERE = Path(__file__).parent
FINE: tuple[Claim, ...] = (Fake("fine"), Fake("free", policies=()), Raising("raising"))


def run(claims: tuple[Claim, ...], workers: Workers | None, **options) -> Results:
    jobs = [Job(claim.id, "dummy" if claim.policies else None, None) for claim in claims]
    known = {claim.id: claim for claim in claims}
    options = {"cache": None, "timeout": 20.0, "installed": False, **options}
    return run_jobs(jobs, known, workers=workers, **options)


def kinds(results: Results) -> dict[str, str]:
    return {one.claim: one.kind.value for one in results.verdicts}


@pytest.mark.parametrize(
    "executor",
    [ThreadPoolExecutor(2), ProcessPoolExecutor(1, mp_context=get_context("spawn"))],
    ids=["threads", "processes"],
)
def test_any_executor_gives_the_same_verdicts(executor: Executor) -> None:
    with executor:
        results = run(FINE, Workers(executor))
    assert kinds(results) == {"fine": "confirmed", "free": "confirmed", "raising": "error"}
    assert (results.ran, results.lost) == (3, "")


def test_an_executor_that_breaks_keeps_what_was_finished(tmp_path: Path) -> None:
    """A process that dies takes the whole pool of the standard library with it."""
    cache = Cache(tmp_path)
    claims = (Fake("fine"), Dying("dying"), Fake("late"))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        results = run(claims, Workers(executor), cache=cache)
    found = kinds(results)
    assert found["fine"] == "confirmed"
    assert found["dying"] == "error"
    assert "BrokenProcessPool" in results.lost
    lost = [one for one in results.verdicts if one.kind is VerdictKind.ERROR]
    assert all(one.reason == f"not finished: {results.lost}" for one in lost)
    assert cache.load(cache.key(claims[0], Job("fine", "dummy", None))) is not None
    assert cache.load(cache.key(claims[1], Job("dying", "dummy", None))) is None


class Silent(Executor):
    """Finishes the first job and then says nothing any more."""

    def __init__(self) -> None:
        self.submitted: list[Future[Verdict]] = []

    def submit(self, call, /, *arguments, **named) -> Future[Verdict]:
        future: Future[Verdict] = Future()
        if not self.submitted:
            future.set_result(call(*arguments, **named))
        self.submitted.append(future)
        return future


def test_an_executor_that_falls_silent_is_asked_about() -> None:
    executor = Silent()
    results = run((Fake("fine"), Fake("late")), Workers(executor, lambda: "the cable is out"))
    assert kinds(results) == {"fine": "confirmed", "late": "error"}
    assert "the cable is out" in results.lost
    assert executor.submitted[1].cancelled()


def test_an_executor_that_takes_nothing(tmp_path: Path) -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    results = run((Fake("fine"),), Workers(executor))
    assert kinds(results) == {"fine": "error"}
    assert "takes no jobs" in results.lost


def test_a_worker_with_other_sources_gives_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sphinx_xenfusa.confirm.executors.package_digest", lambda: os.urandom(8).hex())
    with ThreadPoolExecutor(1) as executor:
        results = run((Fake("fine"),), Workers(executor))
    (verdict,) = results.verdicts
    assert verdict.kind is VerdictKind.ERROR
    assert "differs" in verdict.reason


@pytest.mark.parametrize("text", ["", "dask", "dask-local:0", "dask-local:-1", "dask://", "dask://host", "ssh://a:1"])
def test_words_that_name_no_executor(text: str) -> None:
    with pytest.raises(InputError, match="expected dask-local:N"), open_workers(text):
        raise AssertionError


@dataclass(frozen=True)
class DyingOnce(Fake):
    """Kills its worker the first time, and is confirmed the second."""

    mark: str = ""

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        mark = Path(self.mark)
        if not mark.exists():
            mark.write_text("", "ascii")
            os._exit(9)
        return super().run(policy, budget, repaired=repaired)


@dataclass(frozen=True)
class Waiting(Fake):
    """Does not end while the test runs."""

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        time.sleep(60)
        return super().run(policy, budget, repaired=repaired)


@pytest.fixture
def dask(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    pytest.importorskip("distributed", reason="the extra [cluster] is not installed")
    # Workers are processes of their own and import these claims.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]))
    yield


@pytest.mark.usefixtures("dask")
def test_a_dask_worker_that_dies_loses_nothing(tmp_path: Path) -> None:
    claims = (*FINE, DyingOnce("dies", mark=str(tmp_path / "died")))
    with open_workers("dask-local:2") as workers:
        results = run(claims, workers)
    assert kinds(results) == {"fine": "confirmed", "free": "confirmed", "raising": "error", "dies": "confirmed"}
    assert (tmp_path / "died").exists()
    assert results.lost == ""


@pytest.mark.usefixtures("dask")
def test_a_dask_scheduler_that_goes_away_is_one_error(tmp_path: Path) -> None:
    address = tmp_path / "scheduler.json"
    start = [
        sys.executable,
        "-m",
        "distributed.cli.dask_scheduler",
        "--no-dashboard",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
    ]
    start += ["--scheduler-file", str(address)]
    scheduler = subprocess.Popen(start, stderr=subprocess.DEVNULL)
    work = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(address), "--nthreads", "1"]
    worker = subprocess.Popen(
        [*work, "--no-dashboard", "--no-nanny", "--death-timeout", "30"], stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 60
        while not address.exists() and time.monotonic() < until:
            time.sleep(0.1)
        where = json.loads(address.read_text("utf-8"))["address"].removeprefix("tcp://")
        finished: list[str] = []

        def end(verdict: Verdict, cached: bool) -> None:
            finished.append(verdict.claim)
            threading.Timer(0.2, scheduler.kill).start()

        with open_workers(f"dask://{where}") as workers:
            results = run((Fake("fine"), Waiting("waits")), workers, progress=end)
    finally:
        for process in (scheduler, worker):
            process.kill()
            process.wait()
    assert kinds(results) == {"fine": "confirmed", "waits": "error"}
    assert "went away" in results.lost


@pytest.mark.usefixtures("dask")
def test_no_scheduler_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sphinx_xenfusa.confirm.executors._CONNECT", 0.5)
    with pytest.raises(InputError, match=r"no scheduler at 127\.0\.0\.1:9"), open_workers("dask://127.0.0.1:9"):
        raise AssertionError
