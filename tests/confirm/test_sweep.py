"""Sweeps: what a search counts under each combination of constants, whatever searches and whatever it runs on."""

from __future__ import annotations

from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from sphinx_xenfusa.confirm.executors import ExecutorLost, Workers, open_workers
from sphinx_xenfusa.confirm.sweep import ENGINES, Point, points, sweep
from sphinx_xenfusa.explore.engine import Limits
from sphinx_xenfusa.explore.reference import reach
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.model.systems import shipped_systems

SMALL = shipped_systems()["notification-ring.small"]
CHANNELS = shipped_systems()["event-channels.port-that-is-never-masked"]
GRID = {"storm": ["1", "3"], "masks": ["true", "false"], "policy": ["specification", "dummy"]}


@pytest.mark.parametrize("engine", ENGINES)
def test_every_point_is_counted_as_the_rules_are_written(engine: str) -> None:
    wanted = points(CHANNELS, GRID)
    assert len(wanted) == 8
    if engine == "numba":  # it compiles each point for seconds
        wanted = (wanted[0], wanted[-1])
    with ThreadPoolExecutor(2) as executor:
        found = {one.point: one for one in sweep(wanted, engine, Limits(), workers=Workers(executor))}
    assert set(found) == set(wanted)
    for point in wanted:
        constants = replace(CHANNELS.system.constants, **dict(point.settings))
        plain = reach(replace(CHANNELS.system, constants=constants), 100_000)
        exploration = found[point].found
        assert exploration is not None
        assert (exploration.states, exploration.transitions) == (len(plain.parents), plain.transitions)
    assert len({one.found.states for one in found.values() if one.found}) > 1


def test_processes_of_our_own_give_the_same() -> None:
    wanted = points(SMALL, {"forged": ["0", "1"]})
    with ThreadPoolExecutor(1) as executor:
        here = {one.point: one for one in sweep(wanted, "numpy", Limits(), workers=Workers(executor))}
    assert {one.point: one for one in sweep(wanted, "numpy", Limits(), processes=1)} == here


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        ({"colour": ["1"]}, "expected one of size, buffers"),
        ({"size": ["two"]}, "expected a whole number"),
        ({"size": ["9" * 5000]}, "expected a whole number"),
        ({"hardened": ["yes"]}, "expected one of true, false"),
    ],
)
def test_a_grid_that_cannot_be(grid: dict[str, list[str]], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        points(SMALL, grid)


def test_a_point_that_cannot_be_built_costs_itself_only() -> None:
    with ThreadPoolExecutor(1) as executor:
        found = list(sweep(points(SMALL, {"size": ["0", "2"]}), "numpy", Limits(), workers=Workers(executor)))
    problems = {dict(one.point.settings)["size"]: one.problem for one in found}
    assert "expected at least one value" in problems[0]
    assert problems[2] == ""


def test_a_search_that_ends_early_says_so() -> None:
    (one,) = sweep([Point(SMALL.name, ())], "numpy", Limits(states=100), processes=1)
    assert one.found is not None
    assert not one.found.complete
    assert one.found.reason


def test_a_cluster_gives_the_same() -> None:
    pytest.importorskip("distributed", reason="the extra [cluster] is not installed")
    wanted = points(SMALL, {"forged": ["0", "1"]})
    with open_workers("dask-local:1") as workers:
        there = {one.point: one for one in sweep(wanted, "numpy", Limits(), workers=workers)}
    assert {one.point: one for one in sweep(wanted, "numpy", Limits(), processes=1)} == there


class Gone(Executor):
    """Takes calls and loses them."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.cancel()
        return future


def test_an_executor_that_goes_away_is_told() -> None:
    with pytest.raises(ExecutorLost):
        list(sweep([Point(SMALL.name, ())], "numpy", Limits(), workers=Workers(Gone())))
