"""SPIN counts the states of the text that is written out as we count those of the rules."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from sphinx_xenfusa.explore.compiler import compile_predicate, compile_system
from sphinx_xenfusa.explore.engine import Limits, Watch
from sphinx_xenfusa.explore.engines.numpy_engine import NumpyEngine
from sphinx_xenfusa.explore.language import (
    ModelError,
    RuleModel,
    State,
    System,
    array,
    flag,
    one_of,
    require,
    tabulated,
    within,
)
from sphinx_xenfusa.explore.promela import promela
from sphinx_xenfusa.explore.reference import reach
from sphinx_xenfusa.model.exported import watches
from sphinx_xenfusa.model.notification_ring import RING, Bounds
from sphinx_xenfusa.model.systems import shipped_systems

LIMIT = 20_000_000 if "XENFUSA_SPIN" in os.environ else 300_000


# ---- what is shipped --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped_systems())
def test_spin_counts_the_same_states_and_transitions(name: str, spin: Any) -> None:
    program = compile_system(shipped_systems()[name].system)
    ours = NumpyEngine().explore(program, limits=Limits(states=LIMIT))
    if not ours.complete:
        pytest.skip(f"{ours.reason}: counted in CI only")
    theirs = spin(promela(program))
    assert (theirs.states, theirs.transitions, theirs.errors) == (ours.states, ours.transitions, 0)


def test_of_every_model_a_system_is_counted() -> None:
    """No model is left out by skipping all that it ships."""
    counted: set[str] = set()
    for one in shipped_systems().values():
        if one.system.name not in counted:
            found = NumpyEngine().explore(compile_system(one.system), limits=Limits(states=300_000))
            counted |= {one.system.name} if found.complete else set()
    assert counted == {one.system.name for one in shipped_systems().values()}
    assert len(counted) > 5


def test_a_text_written_by_hand_has_as_many_states_as_the_one_that_is_written_out(spin: Any) -> None:
    by_hand = (Path(__file__).parent / "notification_ring.pml").read_text("utf-8")
    sizes = "-DSIZE=2", "-DBUFFERS=1", "-DFORGED=1"
    assert spin(by_hand, *sizes) == spin(promela(compile_system(RING.system(Bounds(size=2, buffers=1, forged=1)))))


@pytest.mark.parametrize(("name", "errors"), [("notification-ring.small", 0), ("notification-ring.forging", 1)])
def test_the_predicates_of_a_model_are_found_and_can_be_looked_for(name: str, errors: int, spin: Any) -> None:
    one = shipped_systems()[name]
    assert set(one.predicates) == {"freed_what_was_not_posted"}
    text = promela(compile_system(one.system), watches(one))
    assert spin(text, "-DSEEK=is_freed_what_was_not_posted").errors == errors


# ---- what the language says and Promela says otherwise ----------------------------------------------------------------------


class Colour(Enum):
    RED = 1
    GREEN = 2
    BLUE = 4


@dataclass(frozen=True)
class Size:
    of: int = 3


class Operands(State):
    a: int = within(-7, 7)
    b: int = within(1, 4)
    r: int = within(-60, 60, initial=0)
    wrong: bool = flag()


RANGES = {"a": range(-7, 8), "b": range(1, 5)}


@tabulated(**RANGES)
def floored(a: int, b: int) -> int:
    return a // b


@tabulated(**RANGES)
def remainder(a: int, b: int) -> int:
    return a % b


@tabulated(**RANGES)
def by_three(a: int, b: int) -> int:
    return a % 3 * 7 + a // 3 + (a - b) // 2


@tabulated(**RANGES)
def bits(a: int, b: int) -> int:
    return ((max(a, 0) & 5) | b) ^ (b << 2) ^ (max(a, 0) >> b)


@tabulated(**RANGES)
def ends(a: int, b: int) -> int:
    return min(a, b, 2) - max(-a, b, -2) * (a if a < b else -1)


@tabulated(**RANGES)
def python_says(a: int, b: int) -> int:
    """A table with entries below 0 and of odd order."""
    return ((a * 5 + b * 3) % 11) - 5


def set_operands(s: Operands, c: Size, a: int, b: int) -> None:
    require(s.a == -7 and s.b == 1 and not s.wrong)
    s.a = a
    s.b = b


def compare(s: Operands, c: Size) -> None:
    quotient = s.a // s.b
    s.r = s.a % s.b
    s.wrong = (
        quotient != floored(s.a, s.b)
        or s.r != remainder(s.a, s.b)
        or s.a % 3 * 7 + s.a // 3 + (s.a - s.b) // 2 != by_three(s.a, s.b)
        or ((max(s.a, 0) & 5) | s.b) ^ (s.b << 2) ^ (max(s.a, 0) >> s.b) != bits(s.a, s.b)
        or min(s.a, s.b, 2) - max(-s.a, s.b, -2) * (s.a if s.a < s.b else -1) != ends(s.a, s.b)
        or python_says(s.a, s.b) != ((s.a * 5 + s.b * 3) % 11) - 5
    )


def compare_wrongly(s: Operands, c: Size) -> None:
    s.wrong = python_says(s.a, s.b) == -5


def built(state: type[State], *rules: tuple[Callable[..., None], dict[str, Any]]) -> System[Any, Size]:
    model = RuleModel("built for the test", state, Size())
    for rule, parameters in rules:
        model.rule("somebody", "the test, */ 1.2", **parameters)(rule)
    return model.system()


def any_wrong(s: Operands, c: Size) -> bool:
    return s.wrong


def test_arithmetic_is_that_of_the_rules(spin: Any) -> None:
    one = built(Operands, (set_operands, RANGES), (compare, {}))
    text = promela(compile_system(one), [Watch("wrong", compile_predicate(one, any_wrong))])
    plain = reach(one)
    found = spin(text, "-DSEEK=is_wrong")
    assert len(plain.parents) == 1 + 59 + 30
    assert (found.states, found.transitions, found.errors) == (len(plain.parents), plain.transitions, 0)


def test_arithmetic_that_is_not_that_of_the_rules_would_be_seen(spin: Any) -> None:
    one = built(Operands, (set_operands, RANGES), (compare_wrongly, {}))
    text = promela(compile_system(one), [Watch("wrong", compile_predicate(one, any_wrong))])
    assert spin(text, "-DSEEK=is_wrong").errors == 1


class Box(State):
    colour: Colour = one_of(Colour, initial=Colour.GREEN)
    count: int = within(-2, lambda c: c.of)
    held: list[int] = array(lambda c: c.of, within(0, 5), initial=[1, 0, 2])
    lit: list[bool] = array(2, flag())
    timeout: bool = flag()
    register: int = within(7, 7)
    large: int = within(-40_000, 40_000, initial=-40_000)


def step(s: Box, c: Size, by: int) -> None:
    """Requires in the middle and at the end, after assignments through an index and inside an if."""
    require(s.count < c.of or s.colour != Colour.BLUE)
    best = 0
    for i in range(c.of):
        if s.held[i] > best:
            best = s.held[i]
        elif s.timeout:
            require(best != 4)
            s.held[i] = min(5, (s.held[i] << 1) ^ by)
    s.held[best % c.of] = max(s.held[0] - s.held[1], 0)
    if s.held[by] > s.held[best % 2]:
        s.lit[best % 2] = not s.lit[best % 2]
        s.colour = Colour.BLUE if s.count > 0 else Colour.RED
        s.large = s.large // 2
    else:
        s.count = -2 if s.count == c.of else s.count + 1
        s.timeout = s.count == 1
    require(s.held[by] != 3 or s.lit[0] == s.timeout)


def test_a_step_that_requires_after_it_has_assigned_leaves_no_trace(spin: Any) -> None:
    one = built(Box, (step, {"by": range(3)}))
    plain = reach(one)
    found = spin(promela(compile_system(one)))
    assert len(plain.parents) > 300
    assert (found.states, found.transitions, found.errors) == (len(plain.parents), plain.transitions, 0)


class Written(State):
    turn: bool = flag()
    kept: list[int] = array(2, within(0, 3))
    large: int = within(0, 9)


def only_write(s: Written, c: Size, value: int) -> None:
    s.turn = not s.turn
    s.kept[1] = value
    s.large = 3 * value


def test_what_is_only_written_is_a_part_of_the_state(spin: Any) -> None:
    """SPIN leaves out of the state what nothing reads; we do not."""
    found = spin(promela(compile_system(built(Written, (only_write, {"value": range(4)})))))
    assert (found.states, found.transitions) == (8, 32)


def beyond(s: Box, c: Size) -> None:
    require(s.timeout or s.count < 3)
    s.count = s.count + 1


def beyond_and_disabled(s: Box, c: Size) -> None:
    if s.lit[0]:
        s.count = s.count - 1
        require(s.count > 1)
    s.lit[0] = True


def test_where_the_rules_leave_their_bounds_spin_finds_an_error(spin: Any) -> None:
    def without_check(s: Box, c: Size) -> None:
        s.timeout = True

    fails = built(Box, (beyond, {}), (without_check, {}))
    with pytest.raises(ModelError):
        reach(fails)
    assert spin(promela(compile_system(fails))).errors == 1
    assert spin(promela(compile_system(built(Box, (beyond, {}))))).errors == 0


def test_also_where_the_step_could_not_have_been_taken(spin: Any) -> None:
    """The rule would have assigned a value out of bounds before it finds that it is disabled."""
    fails = built(Box, (beyond_and_disabled, {}))
    with pytest.raises(ModelError):
        reach(fails)
    assert spin(promela(compile_system(fails))).errors == 1


class Wide(State):
    count: int = within(0, 2**31 - 2)


def doubled(s: Wide, c: Size) -> None:
    require(s.count * 2 < 100)


def test_numbers_beyond_32_bits_are_refused() -> None:
    with pytest.raises(ModelError, match="expected 32 bits, for SPIN"):
        promela(compile_system(built(Wide, (doubled, {}))))


# ---- how it reads -----------------------------------------------------------------------------------------------------------


def test_each_step_is_named_after_rule_parameters_and_clause() -> None:
    text = promela(compile_system(RING.system(Bounds(size=2, buffers=1, forged=1))))
    assert "/* driver: place(slot=1, buffer=1) [VirtIO 1.2, 2.7.13.1] */" in text
    assert "byte driver = DriverAt_IDLE;\n" in text
    assert "bit avail_ring[2] = 0;  /* 0 to 1 */\n" in text
    assert "driver = DriverAt_PLACED\n" in text


def test_what_a_model_says_cannot_end_a_comment() -> None:
    text = promela(compile_system(built(Box, (beyond, {}))))
    assert "[the test, * / 1.2] */" in text


def test_the_same_text_each_time() -> None:
    system = RING.system(Bounds(size=2, buffers=1))
    assert promela(compile_system(system)) == promela(compile_system(system))
