"""Every engine finds what running the rules as they are written finds: on generated models, and on every shipped one."""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from generated_models import Maker, loaded
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sphinx_xenfusa.explore.compiler import compile_predicate, compile_system
from sphinx_xenfusa.explore.engine import Engine, EngineMissingError, Exploration, Limits, Seen, Watch
from sphinx_xenfusa.explore.engines.bdd_engine import BddEngine
from sphinx_xenfusa.explore.engines.numba_engine import NumbaEngine
from sphinx_xenfusa.explore.engines.numpy_engine import NumpyEngine
from sphinx_xenfusa.explore.language import ModelError, RuleModel, State, System, within
from sphinx_xenfusa.explore.layout import Layout
from sphinx_xenfusa.explore.program import Program
from sphinx_xenfusa.explore.reference import Reached, reach, replay
from sphinx_xenfusa.model.notification_ring import RING, Bounds, NotificationRing
from sphinx_xenfusa.model.systems import shipped_systems

ENGINES: dict[str, Callable[[], Engine]] = {"numpy": NumpyEngine, "numba": NumbaEngine, "bdd": BddEngine}
EXAMPLES = {"numpy": 40, "numba": 3, "bdd": 25}
"""How many generated models each engine is tried on: numba compiles for seconds each time."""

LONGEST = 70
"""Statements, of all steps, up to which numba is tried on a shipped system in every run of the tests."""

EVERY = os.environ.get("XENFUSA_ENGINES") == "all"
"""Whether numba is tried on all of them, as ``.ci/run`` does."""

SHIPPED = shipped_systems()

Predicate = Callable[..., bool]


def engine(name: str) -> Engine:
    try:
        return ENGINES[name]()
    except EngineMissingError as missing:
        pytest.skip(str(missing))


def expected(system: System[Any, Any], predicates: list[Predicate], found: Reached) -> dict[str, object]:
    """What an engine has to find, from the search with the rules as they are written."""
    depth: dict[Any, int] = {}
    for key, parent in found.parents.items():
        depth[key] = 0 if parent is None else depth[parent[0]] + 1
    watched = []
    for predicate in predicates:
        depths = [depth[key] for key in found.parents if system.holds(predicate, system.thaw(key))]
        watched.append(Seen(len(depths), min(depths, default=None)))
    layout = Layout(system.fields)
    rows = sorted((layout.pack(key) for key in found.parents), key=lambda words: words[::-1])
    digest = hashlib.sha256(np.array(rows, "<i8").tobytes()).hexdigest()
    return {
        "states": len(found.parents),
        "transitions": found.transitions,
        "depth": found.depth,
        "watched": tuple(watched),
        "digest": digest,
        "complete": True,
    }


def told(exploration: Exploration) -> dict[str, object]:
    names = ("states", "transitions", "depth", "watched", "complete")
    return {name: getattr(exploration, name) for name in names} | (
        {"digest": exploration.digest} if exploration.digest else {}
    )


def agrees(one: Engine, system: System[Any, Any], predicates: list[Predicate]) -> None:
    """Hold an engine against the rules run as they are written."""
    program = compile_system(system)
    tests = [compile_predicate(system, predicate) for predicate in predicates]
    watches = [Watch(str(number), test) for number, test in enumerate(tests)]
    try:
        plain = reach(system, 30_000)
    except ModelError as error:
        assert "more than" not in str(error)
        with pytest.raises(ModelError):
            one.explore(program, watches)
        return
    wanted = expected(system, predicates, plain)
    found = one.explore(program, watches)
    assert told(found) == {name: wanted[name] for name in told(found)}
    assert sum(found.fired) == found.transitions
    by_numpy = NumpyEngine().explore(program, watches)
    assert found.fired == by_numpy.fired
    assert found.branches in {(), by_numpy.branches}
    for test, predicate, seen in zip(tests, predicates, found.watched, strict=True):
        check_path(one, program, system, test, predicate, seen)


def check_path(
    one: Engine, program: Program, system: System[Any, Any], test: Any, predicate: Predicate, seen: Seen
) -> None:
    path = one.shortest(program, test)
    if path is None:
        assert seen.depth is None
        return
    assert len(path) == seen.depth
    states = replay(system, [program.steps[number].action for number in path])
    assert [system.holds(predicate, state) for state in states] == [False] * len(path) + [True]
    if Layout(system.fields).words == 1 or one.name != "bdd":
        assert path == NumpyEngine().shortest(program, test)


NUMBERS = itertools.count()


@pytest.mark.parametrize("name", ENGINES)
def test_generated_models(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    one = engine(name)
    folder = tmp_path_factory.mktemp("generated")
    outcomes = {"states": 0, "errors": 0}

    @settings(
        max_examples=EXAMPLES[name],
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        # A seed that is smaller is no simpler model.
        phases=[Phase.generate],
    )
    @given(seed=st.integers(0, 10**9), wide=st.booleans(), bounded=st.sampled_from([True, True, True, False]))
    def held_against_the_rules(seed: int, wide: bool, bounded: bool) -> None:
        text = Maker(Random(seed), wide=wide, bounded=bounded).text()
        module = loaded(text, folder, next(NUMBERS))
        system = module.MODEL.system()
        agrees(one, system, [module.watch0, module.watch1])
        outcomes["states"] += 1

    held_against_the_rules()
    assert outcomes["states"] >= EXAMPLES[name] // 2


@cache
def counted_by_numpy(system: str) -> tuple[Program, Exploration]:
    program = compile_system(SHIPPED[system].system)
    return program, NumpyEngine().explore(program)


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("system", SHIPPED)
def test_shipped_systems(name: str, system: str) -> None:
    program, known = counted_by_numpy(system)
    statements = sum(len(step.body) for step in program.steps)
    if name == "numba" and statements > LONGEST and not EVERY:
        pytest.skip(f"{statements} statements take numba too long to prepare for a test; XENFUSA_ENGINES=all runs it")
    assert known.complete
    one = engine(name)
    if known.states > 10_000:
        found = one.explore(program)
        assert told(found) == {each: getattr(known, each) for each in told(found)}
        assert found.fired == known.fired
    else:
        agrees(one, SHIPPED[system].system, [])


@pytest.mark.parametrize("name", ENGINES)
def test_the_ring_has_the_same_shortest_way_to_its_bad_state(name: str) -> None:
    def corrupted(s: NotificationRing, c: Bounds) -> bool:
        return s.corrupted

    system = RING.system(Bounds(size=2, buffers=1, forged=1))
    program, test = compile_system(system), compile_predicate(system, corrupted)
    path = engine(name).shortest(program, test)
    assert path is not None
    assert [str(program.steps[number].action) for number in path] == [
        str(program.steps[number].action) for number in NumpyEngine().shortest(program, test) or ()
    ]
    assert len(path) == 9
    stopped = engine(name).explore(program, [Watch("corrupted", test, stop=True)])
    assert (stopped.complete, stopped.depth, stopped.watched[0].depth) == (False, 9, 9)
    assert stopped.watched[0].states > 0
    assert stopped.reason == "the search ends where a watch that stops holds"


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(states=1_000), "more than 1,000 states"),
        (Limits(memory=20_000), "more than 20,000 bytes of states"),
    ],
)
def test_a_limit_ends_the_search_without_an_answer(name: str, limits: Limits, reason: str) -> None:
    program = compile_system(RING.system(Bounds(size=2, buffers=1)))
    found = engine(name).explore(program, limits=limits)
    assert (found.complete, found.reason, found.digest) == (False, reason, "")


class Fixed(State):
    only: int = within(3, 3)


def stay(s: Fixed, c: None) -> None:
    s.only = 3


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("rules", [(), (stay,)], ids=["no rule", "a rule that changes nothing"])
def test_a_model_with_a_single_state(name: str, rules: tuple[Callable[..., None], ...]) -> None:
    model = RuleModel("fixed", Fixed, None)
    for rule in rules:
        model.rule("somebody", "the test")(rule)
    found = engine(name).explore(compile_system(model.system()))
    assert (found.states, found.transitions, found.depth, found.complete) == (1, len(rules), 0, True)


@pytest.mark.parametrize("name", ENGINES)
def test_progress_is_told_and_can_end_the_search(name: str) -> None:
    class Enough(Exception):
        pass

    told_so_far: list[int] = []

    def report(progress: Any) -> None:
        told_so_far.append(progress.states)
        if len(told_so_far) == 5:
            raise Enough

    with pytest.raises(Enough):
        engine(name).explore(compile_system(RING.system(Bounds(size=2, buffers=1))), report=report)
    assert told_so_far == sorted(told_so_far)


@pytest.mark.parametrize("bounds", [Bounds(size=2, buffers=1, forged=2), Bounds(size=2, buffers=2)], ids=str)
def test_the_recount_finds_the_same_number_without_listing_a_state(bounds: Bounds) -> None:
    bdd = engine("bdd")
    assert isinstance(bdd, BddEngine)
    program = compile_system(RING.system(bounds))
    known, again = NumpyEngine().explore(program), bdd.recount(program)
    assert again is not None
    assert (again.states, again.transitions, again.fired) == (known.states, known.transitions, known.fired)
    assert bdd.recount(program, limits=Limits(states=known.states - 1)) is None


@pytest.mark.parametrize(("name", "package", "extra"), [("numba", "numba", "fast"), ("bdd", "oxidd.bcdd", "bdd")])
def test_an_engine_that_is_not_installed_says_how_to_install_it(
    name: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    for module in [module for module in sys.modules if module.startswith("sphinx_xenfusa.explore.engines.bdd_")]:
        if module != BddEngine.__module__:
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.delattr("sphinx_xenfusa.explore.engines.bdd_search", raising=False)
    with pytest.raises(EngineMissingError, match=rf"{name} is not installed: pip install 'sphinx-xenfusa\[{extra}\]'"):
        ENGINES[name]()
