"""Searching representatives changes no verdict, and things that a model does tell apart are noticed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from sphinx_xenfusa.explore.compiler import compile_predicate, compile_system
from sphinx_xenfusa.explore.engine import Watch
from sphinx_xenfusa.explore.engines.numpy_engine import NumpyEngine
from sphinx_xenfusa.explore.engines.representatives import ReducedEngine
from sphinx_xenfusa.explore.language import ModelError, RuleModel, State, array, flag, require, within
from sphinx_xenfusa.explore.reference import replay
from sphinx_xenfusa.explore.symmetry import Interchangeable
from sphinx_xenfusa.model.notification_ring import RING, Bounds, NotificationRing, interchangeable


@dataclass(frozen=True)
class Size:
    guests: int = 3


class Hall(State):
    """Guests take seats; each has a coat, and one seat is kept for a guest."""

    seated: list[bool] = array(lambda c: c.guests, flag())
    coats: list[int] = array(lambda c: c.guests, within(-1, 1))
    speaker: int = within(-1, lambda c: c.guests - 1)
    wide: int = within(0, 2**50)


HALL = RuleModel("hall", Hall, Size())


@HALL.rule("guest", "the test", guest=lambda c: range(c.guests))
def sit(s: Hall, c: Size, guest: int) -> None:
    require(not s.seated[guest])
    s.seated[guest] = True


@HALL.rule("guest", "the test", guest=lambda c: range(c.guests))
def hang(s: Hall, c: Size, guest: int) -> None:
    require(s.seated[guest] and s.coats[guest] < 1)
    s.coats[guest] += 1


@HALL.rule("guest", "the test", guest=lambda c: range(c.guests))
def speak(s: Hall, c: Size, guest: int) -> None:
    require(s.speaker != guest and s.coats[guest] == 1)
    s.speaker = guest


GUESTS = (Interchangeable((0, 1, 2), values=("speaker",), indexed=("seated", "coats")),)


def one_hung_and_speaks(s: Hall, c: Size) -> bool:
    return s.speaker >= 0 and all(s.seated[guest] for guest in range(c.guests))


def everybody_speaks(s: Hall, c: Size) -> bool:
    return s.speaker >= 0 and not any(s.seated[guest] for guest in range(c.guests))


def the_first_speaks(s: Hall, c: Size) -> bool:
    return s.speaker == 0


def corrupted(s: NotificationRing, c: Bounds) -> bool:
    return s.corrupted


def broken(s: NotificationRing, c: Bounds) -> bool:
    return s.broken


RING_BOUNDS = Bounds(size=2, buffers=2, forged=1)
CASES = [
    pytest.param(HALL.system(), GUESTS, (one_hung_and_speaks, everybody_speaks), id="hall"),
    pytest.param(RING.system(RING_BOUNDS), interchangeable(RING_BOUNDS), (corrupted, broken), id="ring"),
]


@pytest.mark.parametrize(("system", "things", "predicates"), CASES)
def test_representatives_give_the_same_verdicts_and_lengths(system: Any, things: Any, predicates: Any) -> None:
    program = compile_system(system)
    tests = [compile_predicate(system, predicate) for predicate in predicates]
    watches = [Watch(str(number), test) for number, test in enumerate(tests)]
    all_states, reduced = NumpyEngine().explore(program, watches), ReducedEngine(things).explore(program, watches)
    assert [seen.depth for seen in reduced.watched] == [seen.depth for seen in all_states.watched]
    assert {seen.depth is None for seen in reduced.watched} == {True, False}
    assert reduced.depth == all_states.depth
    assert reduced.states < all_states.states
    for test, predicate, seen in zip(tests, predicates, all_states.watched, strict=True):
        path = ReducedEngine(things).shortest(program, test)
        assert (None if path is None else len(path)) == seen.depth
        if path is not None:
            states = replay(system, [program.steps[number].action for number in path])
            assert system.holds(predicate, states[-1])


def test_two_buffers_halve_the_ring() -> None:
    """Counted by the prototype for four descriptors (1,294,848 of 2,585,600): here with two, for time."""
    program = compile_system(RING.system(RING_BOUNDS))
    all_states = NumpyEngine().explore(program).states
    reduced = ReducedEngine(interchangeable(RING_BOUNDS)).explore(program).states
    # Only states without any buffer are their own image.
    assert all_states / 2 < reduced < all_states / 2 * 1.02


def test_a_watch_that_tells_things_apart_is_an_error() -> None:
    system = HALL.system()
    watch = Watch("the first speaks", compile_predicate(system, the_first_speaks))
    with pytest.raises(ModelError, match="a watch that tells interchangeable things apart"):
        ReducedEngine(GUESTS).explore(compile_system(system), [watch])


def test_rules_that_tell_things_apart_are_an_error() -> None:
    model = RuleModel("hall with a seat that is kept", Hall, Size(), list(HALL.rules))

    @model.rule("host", "the test")
    def greet(s: Hall, c: Size) -> None:
        require(s.coats[0] == -1)
        s.coats[0] = 0

    with pytest.raises(ModelError, match="rules that tell interchangeable things apart"):
        ReducedEngine(GUESTS).explore(compile_system(model.system()))


@pytest.mark.parametrize(
    ("thing", "found"),
    [
        (Interchangeable((0, 1), values=("nobody",)), "no field nobody"),
        (Interchangeable((0, 1, 7), values=("speaker",)), "a number from -1 to 2"),
        (Interchangeable((0, 3), indexed=("coats",)), "3 elements"),
    ],
)
def test_things_that_a_field_has_no_room_for(thing: Interchangeable, found: str) -> None:
    with pytest.raises(ModelError, match=found):
        ReducedEngine([thing]).explore(compile_system(HALL.system()))
