"""Synchronous emulation, run as its rules are written: who waits for whom, and what a backend can do to the domain that waits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sphinx_xenfusa.explore.language import System
from sphinx_xenfusa.explore.reference import Key, Reached, reach, trace
from sphinx_xenfusa.model import emulation
from sphinx_xenfusa.model.emulation import EMULATION, Access, Bounds, DomainIs, Emulation, Outcome, Server, Slot

SILENT = ("backend", "hostile backend")
ALONE = (*SILENT, "Control Domain", "other domain")
HONEST = ("hostile backend", "Control Domain", "other domain")
ONE = Bounds(vcpus=1)


def system(bounds: Bounds = ONE, without: tuple[str, ...] = ()) -> System[Emulation, Bounds]:
    return EMULATION.system(bounds, without=without)


def path(of: System[Emulation, Bounds], predicate: Callable[..., bool]) -> list[str] | None:
    """The actions of a shortest way to a state of a kind."""
    found = reach(of)
    key = found.first(lambda one: of.holds(predicate, of.thaw(one)))
    return None if key is None else [action.rule.name for action in found.path(key)]


def after(of: System[Emulation, Bounds], key: Key, found: Reached) -> set[Key]:
    """Every state that can follow."""
    seen, left = {key}, [key]
    while left:
        for _, state in of.steps(of.thaw(left.pop())):
            if state.key() not in seen:
                seen.add(state.key())
                left.append(state.key())
    assert seen <= found.parents.keys()
    return seen


@pytest.mark.parametrize("access", ["read", "write"])
def test_a_backend_that_follows_the_protocol_completes_an_access_and_the_vcpu_waits_until_then(access: str) -> None:
    of = system(without=HONEST)
    found = reach(of)
    key = next(one for one in found.parents if of.thaw(one).outcome[0] is Outcome.ANSWERED)
    assert [str(action.rule.name) for action in found.path(key)] == [
        "access_register",
        "begin_request",
        "answer_request",
        "look_at_slot",
    ]
    wanted = Access(f"a {access}")
    for one in map(of.thaw, found.parents):
        assert one.waits[0] == (one.pending[0] is not Access.NONE)
        if one.pending[0] is wanted:
            assert not [action for action, _ in of.steps(one) if action.rule.party == "frontend"]
    assert any(of.thaw(one).pending[0] is wanted for one in found.parents)


def test_a_silent_backend_keeps_the_vcpu_for_ever_after_one_step() -> None:
    of = system(without=ALONE)
    assert path(of, emulation.first_vcpu_waits) == ["access_register"]
    found = reach(of)
    waiting = [one for one in found.parents if of.thaw(one).waits[0]]
    assert waiting
    for one in waiting:
        assert all(of.thaw(later).waits[0] for later in after(of, one, found))


def test_an_answer_without_an_event_is_none() -> None:
    of = system(without=("backend", "Control Domain", "other domain"))
    state = next(of.thaw(one) for one in reach(of).parents if of.thaw(one).slot[0] is Slot.RESP_READY)
    state.waits[0], state.event[0] = True, False
    assert not [action for action, _ in of.steps(state) if action.rule.name == "look_at_slot"]


def test_the_control_domain_ends_the_wait_by_ending_a_domain_and_not_at_the_server() -> None:
    of = system(without=SILENT)
    ends = {
        action.rule.name
        for state in map(of.thaw, reach(of).parents)
        if state.waits[0]
        for action, later in of.steps(state)
        if not later.waits[0]
    }
    assert ends == {"destroy_frontend", "release_from_gone_server"}
    assert path(of, emulation.server_taken_away) is None
    assert path(of, emulation.stranger_refused) == ["destroy_server_of_another"]


@pytest.mark.parametrize(
    ("seen", "stored", "then"),
    [
        (Slot.READY, Slot.NONE, Outcome.ALL_ONES),
        (Slot.INPROCESS, Slot.NONE, Outcome.ALL_ONES),
        (Slot.READY, Slot.READY, "waits"),
        (Slot.READY, Slot.INPROCESS, "waits"),
        (Slot.INPROCESS, Slot.INPROCESS, "waits"),
        (Slot.READY, Slot.RESP_READY, Outcome.ANSWERED),
        (Slot.INPROCESS, Slot.RESP_READY, Outcome.ANSWERED),
        (Slot.INPROCESS, Slot.READY, DomainIs.CRASHED),
        (Slot.READY, Slot.INVALID, DomainIs.CRASHED),
        (Slot.INPROCESS, Slot.INVALID, DomainIs.CRASHED),
    ],
)
def test_what_xen_makes_of_a_state_that_it_finds(seen: Slot, stored: Slot, then: object) -> None:
    """Fact sheet 5: backward, other than to NONE, or above 3 ends the frontend."""
    of = system()
    state = of.initial()
    state.waits[0] = state.event[0] = True
    state.pending[0], state.seen[0], state.slot[0] = Access.READ, seen, stored
    look = next(action for action in of.actions if action.rule.name == "look_at_slot")
    found = of.take(state, look)
    assert found is not None
    assert not found.event[0]
    if then == "waits":
        assert (found.waits[0], found.seen[0], found.domain) == (True, stored, DomainIs.RUNNING)
    elif isinstance(then, Outcome):
        assert (found.waits[0], found.outcome[0], found.slot[0]) == (False, then, Slot.NONE)
    else:
        assert found.domain is then


def test_a_hostile_backend_has_the_frontend_crashed_after_three_steps() -> None:
    of = system(without=("backend", "Control Domain", "other domain"))
    assert path(of, emulation.crashed) == ["access_register", "store_any_state", "look_at_slot"]
    found = reach(of)
    backward = next(key for key in found.parents if of.thaw(key).domain is DomainIs.CRASHED)
    told = trace(of, found.path(backward), "the frontend's domain is crashed")
    assert told.steps[1].parameters[1] == ("state", "invalid")
    assert told.steps[-1].party == "Xen"
    # Without a state above 3 it goes backwards, which takes Xen a look more.
    valid = [action for action in of.actions if dict(action.arguments).get("state") is not Slot.INVALID]
    steps = _shortest(of, {str(action) for action in valid}, DomainIs.CRASHED)
    assert steps == ["access_register", "store_any_state", "look_at_slot", "store_any_state", "look_at_slot"]


def _shortest(of: System[Emulation, Bounds], allowed: set[str], wanted: DomainIs) -> list[str] | None:
    frontier = [(of.initial(), ())]
    seen = {of.initial().key()}
    while frontier:
        following = []
        for state, taken in frontier:
            for action, later in of.steps(state):
                if str(action) in allowed and later.key() not in seen:
                    seen.add(later.key())
                    way = (*taken, action.rule.name)
                    if later.domain is wanted:
                        return list(way)
                    following.append((later, way))
        frontier = following
    return None


def test_a_slot_that_is_not_free_leaves_an_access_without_emulation() -> None:
    of = system()
    assert path(of, emulation.not_emulated) == ["store_any_state", "access_register"]
    assert path(system(without=("hostile backend",)), emulation.not_emulated) is None


def test_one_vcpu_waits_and_the_other_runs_until_it_asks_to_shut_down() -> None:
    of = system(Bounds(), ALONE)
    assert path(of, emulation.one_waits_and_another_runs) == ["access_register"]
    assert path(of, emulation.shutdown_held_up) == ["access_register", "shut_down_or_suspend"]
    for key in reach(of).parents:
        state = of.thaw(key)
        if state.domain is DomainIs.SHUTTING_DOWN:
            assert list(of.steps(state)) == []


def test_a_shutdown_ends_when_the_last_access_is_complete() -> None:
    of = system(Bounds(), HONEST)
    ended = [of.thaw(key) for key in reach(of).parents if of.thaw(key).domain is DomainIs.SHUT_DOWN]
    assert ended
    assert not [state for state in ended if True in state.waits]


def test_a_hardened_xen_crashes_nobody_and_lets_nobody_wait_for_ever() -> None:
    hardened = Bounds(vcpus=1, hardened=True)
    assert path(system(hardened), emulation.crashed) is None
    of = system(hardened, (*SILENT, "Control Domain", "other domain"))
    found = reach(of)
    for key in found.parents:
        if of.thaw(key).waits[0]:
            assert any(not of.thaw(later).waits[0] for later in after(of, key, found))
    disabled = system(hardened, ("backend", "Control Domain", "other domain"))
    assert path(disabled, lambda s, c: s.server is Server.DISABLED) == [
        "access_register",
        "store_any_state",
        "look_at_slot",
    ]
