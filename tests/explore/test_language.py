"""The rule language, run as it is written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import pytest

from sphinx_xenfusa.explore.language import (
    ModelError,
    OutOfBoundsError,
    RuleModel,
    State,
    array,
    flag,
    one_of,
    require,
    tabulated,
    within,
)
from sphinx_xenfusa.explore.reference import ReplayError, reach, replay, trace
from sphinx_xenfusa.model.notification_ring import RING, Bounds


class Light(Enum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True)
class Size:
    of: int = 3


class Counter(State):
    light: Light = one_of(Light)
    count: int = within(0, lambda c: c.of)
    seen: list[bool] = array(lambda c: c.of, flag())


COUNTER = RuleModel("counter", Counter, Size())


@COUNTER.rule("driver", "the test", by=(1, 2))
def count(s: Counter, c: Size, by: int) -> None:
    require(s.light == Light.GREEN)
    s.count += by


@COUNTER.rule("lamp", "the test", light=Light)
def switch(s: Counter, c: Size, light: Light) -> None:
    require(s.light != light)
    s.light = light


def test_a_step_leaves_the_state_before_as_it_was() -> None:
    system = COUNTER.system()
    start = system.initial()
    taken = list(system.steps(start))
    assert [str(action) for action, _ in taken] == ["switch(light=green)"]
    assert (start.light, taken[0][1].light) == (Light.RED, Light.GREEN)


def test_a_field_does_not_leave_its_range_and_the_error_names_the_rule_and_its_line() -> None:
    system = COUNTER.system(Size(1))
    after = replay(system, [action for action in system.actions if str(action) == "switch(light=GREEN)".lower()])[-1]
    action = next(action for action in system.actions if str(action) == "count(by=2)")
    with pytest.raises(ModelError) as caught:
        system.take(after, action)
    assert "test_language.py:" in str(caught.value)
    assert "count(by=2)" in str(caught.value)
    assert "expected a number from 0 to 1" in str(caught.value)


@pytest.mark.parametrize("index", [-1, 3])
def test_an_array_has_no_element_outside(index: int) -> None:
    state = COUNTER.system().initial()
    with pytest.raises(OutOfBoundsError):
        state.seen[index] = True
    with pytest.raises(OutOfBoundsError):
        assert state.seen[index]


def test_a_truth_value_is_no_number() -> None:
    state = COUNTER.system().initial()
    with pytest.raises(OutOfBoundsError):
        state.seen[0] = 1
    with pytest.raises(OutOfBoundsError):
        state.count = True


def test_an_initial_value_outside_its_range_is_an_error() -> None:
    class Wrong(State):
        count: int = within(0, 3, initial=4)

    with pytest.raises(ModelError, match="initial value 4; expected a number from 0 to 3"):
        _ = RuleModel("wrong", Wrong, Size()).system().fields


def test_an_empty_range_is_an_error() -> None:
    class Wrong(State):
        count: int = within(3, lambda c: c.of - 1)

    with pytest.raises(ModelError, match="expected at least one value"):
        _ = RuleModel("wrong", Wrong, Size()).system().fields


def test_a_rule_whose_parameters_are_not_declared_is_an_error() -> None:
    def rule(s: Counter, c: Size, by: int) -> None:
        """Never run."""

    with pytest.raises(ModelError, match=r"test_language.py:\d+:5: found the parameters"):
        COUNTER.rule("driver", "the test")(rule)


def test_a_party_can_be_silent() -> None:
    system = COUNTER.system(without=["lamp"])
    assert list(system.steps(system.initial())) == []
    with pytest.raises(ModelError, match="no party or rule"):
        COUNTER.system(without=["nobody"])


def test_a_tabulated_function_takes_its_declared_arguments_only() -> None:
    @tabulated(light=Light, count=range(2))
    def goes(light: Light, count: int) -> bool:
        return light is Light.GREEN and count > 0

    assert goes.table() == (False, False, False, True)
    assert goes(Light.GREEN, 1) is True
    with pytest.raises(OutOfBoundsError):
        goes(Light.GREEN, 2)


def test_a_small_ring_has_as_many_states_as_the_hand_written_text_for_spin() -> None:
    """Counted by SPIN from ``notification_ring.pml`` with two descriptors and one buffer."""
    found = reach(RING.system(Bounds(size=2, buffers=1)))
    assert (len(found.parents), found.transitions, found.depth) == (8_576, 17_344, 77)


def test_a_forged_head_is_reaped_after_nine_steps() -> None:
    """The length that a bounded model checker gave for the same mechanism (facts 2.2, c1)."""
    system = RING.system(Bounds(size=2, buffers=1, forged=1))
    found = reach(system)
    bad = found.first(lambda key: system.thaw(key).corrupted)
    assert bad is not None
    told = trace(system, found.path(bad), "the driver frees what it has not posted")
    assert len(told.steps) == 9
    assert (told.steps[-1].party, told.steps[-1].action) == ("driver", "reap")
    assert "corrupted" in {change.field for change in told.steps[-1].changed}


def test_a_trace_that_does_not_replay_is_an_error_of_its_own() -> None:
    system = COUNTER.system()
    with pytest.raises(ReplayError, match=r"step 1, count\(by=1\), cannot be taken"):
        replay(system, system.actions[:1])
