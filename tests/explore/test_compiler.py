"""What the compiler takes, and what it refuses, with the place and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from sphinx_xenfusa.explore.compiler import compile_predicate, compile_system
from sphinx_xenfusa.explore.engines.numpy_engine import NumpyEngine
from sphinx_xenfusa.explore.language import (
    ModelError,
    RuleModel,
    State,
    System,
    array,
    flag,
    inlined,
    one_of,
    require,
    tabulated,
    within,
)
from sphinx_xenfusa.explore.reference import reach

HERE = Path(__file__).name


class Colour(Enum):
    RED = 1
    GREEN = 2
    BLUE = 4


class Other(Enum):
    RED = 1


@dataclass(frozen=True)
class Size:
    of: int = 3


class Box(State):
    colour: Colour = one_of(Colour)
    other: Other = one_of(Other)
    count: int = within(-2, lambda c: c.of)
    held: list[int] = array(lambda c: c.of, within(0, 5))
    lit: list[bool] = array(2, flag())
    on: bool = flag()


def system(*rules: Callable[..., None], **parameters: Any) -> System[Box, Size]:
    model = RuleModel("box", Box, Size())
    for rule in rules:
        model.rule("somebody", "the test", **parameters)(rule)
    return model.system()


def unknown_statement(s: Box, c: Size) -> None:
    while s.on:
        s.on = False


def early_return(s: Box, c: Size) -> None:
    if s.on:
        return
    s.on = True


def whole_array(s: Box, c: Size) -> None:
    s.lit = [True, True]


def number_as_condition(s: Box, c: Size) -> None:
    require(s.count)


def two_enumerations(s: Box, c: Size) -> None:
    require(s.colour == s.other)


def order_of_members(s: Box, c: Size) -> None:
    require(s.colour < Colour.BLUE)


def no_such_field(s: Box, c: Size) -> None:
    s.weight = 3


def any_call(s: Box, c: Size) -> None:
    print(s.count)


def divisor(s: Box, c: Size) -> None:
    s.count = 1 % s.held[0]


def negative_bits(s: Box, c: Size) -> None:
    s.count = s.count | 1


def half_assigned(s: Box, c: Size) -> None:
    if s.on:
        found = 1
    s.count = found


def runtime_range(s: Box, c: Size) -> None:
    for i in range(s.held[0]):
        s.lit[i] = True


def method(s: Box, c: Size) -> None:
    s.held.append(1)


def flag_of_number(s: Box, c: Size) -> None:
    s.on = 1


@inlined
def endless(s: Box, c: Size) -> int:
    return endless(s, c) + 1


def recursion(s: Box, c: Size) -> None:
    s.count = endless(s, c)


@pytest.mark.parametrize(
    ("rule", "line", "found", "expected"),
    [
        (unknown_statement, 1, "while", "require, an assignment, if, for over a constant range"),
        (early_return, 2, "an early return", "conditions that go around"),
        (whole_array, 1, "an assignment to a whole array", "assignments to its elements"),
        (number_as_condition, 1, "a number as a condition", "a comparison, such as != 0"),
        (two_enumerations, 1, "a member of Colour and a member of Other", "two of one kind"),
        (order_of_members, 1, "an order of members or truth values", "== or !="),
        (no_such_field, 1, "no field weight", "one of colour, other, count, held, lit, on"),
        (any_call, 1, "a call of print", "require, or an inlined function"),
        (divisor, 1, "a divisor that can be 0 or negative", "one that is at least 1"),
        (negative_bits, 1, "| on a number that can be negative", "numbers from 0"),
        (half_assigned, 3, "the name found", "one that is assigned on every way that leads here"),
        (runtime_range, 1, "range of something that depends on the state", "constants"),
        (method, 1, "s.held.append", "a field of the state, a constant, or an enumeration's member"),
        (flag_of_number, 1, "a number and a truth value", "two of one kind"),
        (recursion, None, "inlined functions that call one another without end", "no recursion"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_refuses(rule: Callable[..., None], line: int | None, found: str, expected: str) -> None:
    with pytest.raises(ModelError) as caught:
        compile_system(system(rule))
    assert caught.value.found == found
    assert caught.value.expected.startswith(expected)
    place = re.fullmatch(rf".*{HERE}:(\d+):(\d+)", caught.value.place)
    assert place is not None
    if line is not None:
        assert int(place[1]) == rule.__code__.co_firstlineno + line
        assert int(place[2]) > 4


@tabulated(colour=Colour, level=range(-2, 4))
def brightness(colour: Colour, level: int) -> int:
    return max(0, min(5, colour.value + level))


@inlined
def lit_count(s: Box, c: Size) -> int:
    on = sum(s.lit[i] for i in range(2))
    return on + (1 if s.on else 0)


@inlined
def switch_all(s: Box, c: Size, to: bool) -> None:
    for i in range(2):
        s.lit[i] = to
    s.on = to


def everything(s: Box, c: Size, step: int) -> None:
    """One rule that uses what the language has."""
    require(s.colour in (Colour.RED, Colour.GREEN) or lit_count(s, c) < 3)
    level = brightness(s.colour, s.count)
    best = 0
    for i in range(c.of):
        if s.held[i] > best:
            best = s.held[i]
        elif s.on:
            require(level != 4)
            s.held[i] = min(5, (s.held[i] << 1) ^ step)
    s.held[level % c.of] = max(s.held[0] - s.held[1], 0) | (best & 1)
    if all(s.held[i] != 3 for i in range(c.of)) and not s.lit[best % 2]:
        s.count = -2 if s.count >= c.of else s.count + 1
        switch_all(s, c, lit_count(s, c) == 0)
    else:
        s.lit[level // 3] = not s.lit[level // 3]
    s.colour = Colour.BLUE if best >= 4 else Colour.GREEN if 0 < step <= 2 else Colour.RED


def test_the_compiled_rule_does_what_the_rule_does_when_it_is_called() -> None:
    one = system(everything, step=range(4))
    plain = reach(one)
    found = NumpyEngine().explore(compile_system(one))
    assert len(plain.parents) > 500
    assert (found.states, found.transitions, found.depth) == (len(plain.parents), plain.transitions, plain.depth)


def beyond(s: Box, c: Size) -> None:
    if s.on:
        s.count = s.count + 1
    s.on = True


def behind_a_condition(s: Box, c: Size) -> None:
    require(s.count < c.of and s.held[s.count + 2] >= 0)
    s.count += 1


def test_leaving_the_bounds_is_an_error_in_the_engine_as_in_the_rules_themselves() -> None:
    with pytest.raises(ModelError) as plain:
        reach(system(beyond))
    with pytest.raises(ModelError) as compiled:
        NumpyEngine().explore(compile_system(system(beyond)))
    assert "expected a number from -2 to 3" in str(plain.value)
    assert "expected a number from -2 to 3" in str(compiled.value)
    assert "beyond(), 6 steps from the start, where colour = red, other = red, count = 3" in str(compiled.value)
    assert f"{HERE}:{beyond.__code__.co_firstlineno + 2}:" in str(compiled.value)


def test_an_index_is_checked_only_where_it_is_evaluated() -> None:
    with pytest.raises(ModelError, match=r"the index of held, a number from 0 to 5 in behind_a_condition\(\)"):
        NumpyEngine().explore(compile_system(system(behind_a_condition)))


def test_a_predicate_gives_a_truth_value() -> None:
    def number(s: Box, c: Size) -> int:
        return s.count

    with pytest.raises(ModelError, match="a predicate that gives a number"):
        compile_predicate(system(everything, step=range(4)), number)


def test_a_predicate_does_not_look_outside_an_array() -> None:
    def outside(s: Box, c: Size) -> bool:
        return s.held[s.count] == 1

    with pytest.raises(ModelError, match="an index that may lie outside"):
        compile_predicate(system(everything, step=range(4)), outside)
