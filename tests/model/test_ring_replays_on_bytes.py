"""One truth: what the ring does as a transition system, it does on the bytes of a split queue."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ring_on_bytes import OnBytes, WentRound, comparable

from sphinx_xenfusa.explore.compiler import compile_predicate, compile_system
from sphinx_xenfusa.explore.engines.numpy_engine import NumpyEngine
from sphinx_xenfusa.explore.language import Action
from sphinx_xenfusa.model.ring.mechanisms import MECHANISMS, Found, does
from sphinx_xenfusa.model.ring.peers import ring
from sphinx_xenfusa.model.ring.state import Bounds, DeviceAt, DriverAt, Harm, Peer
from sphinx_xenfusa.model.ring.threats import THREATS

FOUND = {f"{mechanism.id} {one.harm.name}": one for mechanism in MECHANISMS for one in mechanism.found}
FROM_DRIVER = Bounds(driver=Peer.HOSTILE, heads=True, lengths=True, links=True)
FROM_DEVICE = Bounds(device=Peer.HOSTILE, ids=True, lengths=True, links=True, heads=True)
RINGS = {
    "honest": Bounds().only("budget", "late_eoi"),
    "honest, with event indices": Bounds(event_idx=True, turns=4).only("budget", "late_eoi"),
    "hostile driver": FROM_DRIVER,
    "hostile driver, tables": Bounds(driver=Peer.HOSTILE, tables=True, links=True),
    "hostile driver, hardened device": FROM_DRIVER.hardened(),
    "hostile device": FROM_DEVICE,
    "hostile device, hardened driver": FROM_DEVICE.hardened("one_writer"),
    "hostile device, waiting driver": Bounds(device=Peer.HOSTILE, events=True, event_idx=True, turns=4, waits=True),
}


def replayed(bounds: Bounds, harm: Harm, hardened: bool) -> None:
    """A shortest way to a harm, or to where an unhardened side would come to harm, step by step on bytes."""
    system = ring(bounds)
    program = compile_system(system)
    steps = NumpyEngine().shortest(program, compile_predicate(system, THREATS[harm] if hardened else does(harm)))
    assert steps is not None
    machine, state = OnBytes(bounds), system.initial()
    for number in steps:
        action = program.steps[number].action
        after = system.take(state, action)
        assert after is not None
        machine.step(action, state, after)
        state = after
    if not hardened:
        assert state.harm is harm
        return
    for action, after in system.steps(state):
        if not action.rule.party.startswith("hostile"):
            machine.step(action, state, after)
            break


@pytest.mark.parametrize("name", FOUND)
def test_the_shortest_trace_to_each_harm_replays(name: str) -> None:
    one: Found = FOUND[name]
    replayed(comparable(one.bounds), one.harm, hardened=False)


@pytest.mark.parametrize("name", FOUND)
def test_what_a_hardened_side_makes_of_it_replays(name: str) -> None:
    one: Found = FOUND[name]
    replayed(comparable(one.bounds).hardened("one_writer"), one.harm, hardened=True)


def walk(bounds: Bounds, choices: list[tuple[bool, int]]) -> set[object]:
    """Take steps at random, on both; what was met on the way."""
    system = ring(bounds)
    machine, state = OnBytes(bounds), system.initial()
    met: set[object] = set()
    kinds: dict[bool, list[Action]] = {True: [], False: []}
    for action in system.actions:
        if action.rule.name not in {"do_other_work", "serve_others"}:
            kinds[action.rule.party.startswith("hostile")].append(action)
    for own, choice in choices:
        # A hostile side has many more steps than an honest one: toss a coin between the two first.
        for action in (*turned(kinds[not own], choice), *turned(kinds[own], choice)):
            after = system.take(state, action)
            if after is not None:
                machine.step(action, state, after)
                state = after
                break
        met |= {state.harm, state.driver, state.device}
    return met


def turned(actions: list[Action], by: int) -> list[Action]:
    """The same, beginning somewhere else."""
    start = by % max(1, len(actions))
    return actions[start:] + actions[:start]


CHOICES = st.lists(st.tuples(st.booleans(), st.integers(0, 999)), min_size=20, max_size=60)


@pytest.mark.parametrize("name", RINGS)
@settings(max_examples=20, deadline=None)
@given(choices=CHOICES)
def test_every_walk_does_the_same_on_bytes(name: str, choices: list[tuple[bool, int]]) -> None:
    with contextlib.suppress(WentRound):
        walk(comparable(RINGS[name]), choices)


def test_walks_get_somewhere() -> None:
    def long_walk(bounds: Bounds) -> set[object]:
        met: set[object] = set()
        for seed in range(3):
            met |= walk(comparable(bounds), [((i * i + seed) % 3 != 0, i * 7 + seed * 13) for i in range(60)])
        return met

    assert {DriverAt.TAKEN, DeviceAt.LISTED} <= long_walk(RINGS["honest"])
    assert DeviceAt.BROKEN in long_walk(RINGS["hostile driver, hardened device"])
    assert DriverAt.BROKEN in long_walk(RINGS["hostile device, hardened driver"])
    assert Harm.NONE in long_walk(replace(RINGS["hostile driver"]))


def test_a_ring_that_does_something_else_is_noticed() -> None:
    bounds = comparable(Bounds())
    system = ring(bounds)
    machine, state = OnBytes(bounds), system.initial()
    place = next(one for one in system.actions if one.rule.name == "place")
    after = system.take(state, place)
    assert after is not None
    after.leads_to[0] = 0
    with pytest.raises(AssertionError):
        machine.step(place, state, after)
