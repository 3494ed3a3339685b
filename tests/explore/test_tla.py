"""The text for TLC: TLC is not to be had here, so a small evaluator of our own counts what the text says."""

from __future__ import annotations

import re

import pytest
from test_promela import RANGES, Box, Operands, any_wrong, beyond, built, compare, compare_wrongly, set_operands, step
from tla_reader import Module

from sphinx_xenfusa.explore.compiler import compile_predicate, compile_system
from sphinx_xenfusa.explore.engine import Limits, Watch
from sphinx_xenfusa.explore.engines.numpy_engine import NumpyEngine
from sphinx_xenfusa.explore.reference import reach
from sphinx_xenfusa.explore.tla import tla
from sphinx_xenfusa.model.notification_ring import RING, Bounds
from sphinx_xenfusa.model.systems import shipped_systems


def test_the_text_of_what_is_shipped_means_the_same_states_and_transitions() -> None:
    counted, read = 0, set()
    for name, one in shipped_systems().items():
        program = compile_system(one.system)
        ours = NumpyEngine().explore(program, limits=Limits(states=500))
        if ours.complete or one.system.name not in read:
            read.add(one.system.name)
            module = Module(tla(program, name).text)
        if ours.complete:
            counted += 1
            assert module.count() == (ours.states, ours.transitions), name
    assert counted > 3


def test_requirements_in_the_middle_arithmetic_and_arrays() -> None:
    plain = reach(one := built(Box, (step, {"by": range(3)})))
    assert Module(tla(compile_system(one), "Box").text).count() == (len(plain.parents), plain.transitions)
    plain = reach(one := built(Operands, (set_operands, RANGES), (compare, {})))
    assert Module(tla(compile_system(one), "Operands").text).count() == (len(plain.parents), plain.transitions)


def test_a_predicate_is_a_definition_and_the_configuration_can_ask_for_its_opposite() -> None:
    one = built(Operands, (set_operands, RANGES), (compare_wrongly, {}))
    text = tla(compile_system(one), "Operands", [Watch("wrong", compile_predicate(one, any_wrong))])
    module = Module(text.text)
    start = module.initial()
    assert module.holds("never_wrong", start)
    assert not module.holds("never_wrong", {**start, "wrong": True})
    assert "\\* INVARIANT never_wrong\n" in text.configuration
    assert text.configuration.startswith("SPECIFICATION Spec\nINVARIANT TypeOK\nCHECK_DEADLOCK FALSE\n")


def test_where_the_rules_leave_their_bounds_an_assertion_fails() -> None:
    def without_check(s: Box, c: object) -> None:
        s.timeout = True

    module = Module(tla(compile_system(built(Box, (beyond, {}), (without_check, {}))), "Box").text)
    with pytest.raises(AssertionError, match="expected a number from -2 to 3"):
        module.count()


def test_how_an_action_reads() -> None:
    text = tla(compile_system(RING.system(Bounds(size=2, buffers=1))), "notification ring").text
    assert re.match("---- MODULE notification_ring ----\n", text)
    assert "THIS TEXT HAS NOT BEEN RUN WITH TLC" in text
    assert (
        "\\* driver: write_available() [VirtIO 1.2, 2.7.13.2]\n"
        "write_available ==\n"
        "  /\\ driver = DriverAt_PLACED\n"
        "  /\\ driver' = DriverAt_LISTED\n"
        "  /\\ avail_ring' = [avail_ring EXCEPT ![(avail_idx % 2)] = head]\n"
        "  /\\ UNCHANGED <<device, avail_idx,"
    ) in text
    assert "\n  /\\ LET head_0_1 == used_ring[(last_used % 2)]\n         taken_1 == " in text
