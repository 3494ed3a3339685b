"""Argo, static shared memory and event channels, run as their rules are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sphinx_xenfusa.explore.language import RuleModel
from sphinx_xenfusa.explore.reference import reach
from sphinx_xenfusa.model import argo, channel_peer, event_channels, static_shared_memory
from sphinx_xenfusa.model.argo import ARGO
from sphinx_xenfusa.model.channel_peer import Peer
from sphinx_xenfusa.model.event_channels import EVENTS
from sphinx_xenfusa.model.policies import POLICIES
from sphinx_xenfusa.model.static_shared_memory import SHARED_MEMORY

MODELS = {
    "argo": (ARGO, argo.Bounds, argo.delivered),
    "shared memory": (SHARED_MEMORY, static_shared_memory.Bounds, static_shared_memory.delivered_both_ways),
    "events": (EVENTS, event_channels.Bounds, event_channels.delivered),
}


def path(model: RuleModel[Any, Any], predicate: Callable[..., bool], bounds: Any = None) -> list[str] | None:
    of = model.system(argo.Bounds(slots=1) if model is ARGO and bounds is None else bounds)
    found = reach(of)
    key = found.first(lambda one: of.holds(predicate, of.thaw(one)))
    return None if key is None else [action.rule.name for action in found.path(key)]


def bounds_of(name: str, **constants: Any) -> Any:
    extra = {"slots": 1} if name == "argo" else {}
    return MODELS[name][1](**extra, **constants)


@pytest.mark.parametrize("name", MODELS)
def test_a_message_is_delivered_and_the_peer_gets_nothing_that_virtio_needs(name: str) -> None:
    model, _, delivered = MODELS[name]
    assert path(model, delivered, bounds_of(name)) is not None
    assert path(model, channel_peer.hazard_of_virtio, bounds_of(name)) is None
    assert path(model, channel_peer.both_attempts_refused, bounds_of(name)) == ["map_memory", "become_device_model"]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("peer", [Peer.DOMU, Peer.HARDWARE_DOMAIN])
@pytest.mark.parametrize("policy", POLICIES)
def test_no_policy_gives_a_peer_the_privileges_of_a_backend(name: str, peer: Peer, policy: str) -> None:
    bounds = bounds_of(name, policy=POLICIES[policy], peer=peer)
    assert not bounds.may_map
    assert not bounds.may_emulate


@pytest.mark.parametrize("name", MODELS)
def test_a_peer_with_full_privileges_does_both(name: str) -> None:
    """So that it is the decision that keeps it away, and not the model."""
    control = bounds_of(name, peer=Peer.CONTROL_DOMAIN)
    model = MODELS[name][0]
    assert path(model, channel_peer.foreign_memory_mapped, control) == ["map_memory"]
    assert path(model, channel_peer.victim_waits_for_peer, control) == ["become_device_model", "use_register"]


@pytest.mark.parametrize("policy", ["silo", "proposed"])
def test_between_domus_these_policies_leave_shared_memory_only(policy: str) -> None:
    works = {
        name: path(model, delivered, bounds_of(name, policy=POLICIES[policy])) is not None
        for name, (model, _, delivered) in MODELS.items()
    }
    assert works == {"argo": False, "shared memory": True, "events": False}
    works = {
        name: path(model, delivered, bounds_of(name, policy=POLICIES[policy], peer=Peer.HARDWARE_DOMAIN)) is not None
        for name, (model, _, delivered) in MODELS.items()
    }
    service = policy == "proposed"
    assert works == {"argo": service, "shared memory": True, "events": service}


# ---- Argo -------------------------------------------------------------------------------------------------------------------


def test_argo_tells_a_sender_why_it_does_not_send() -> None:
    assert path(ARGO, argo.refused_without_ring) == ["send_message"]
    assert path(ARGO, argo.refused_for_source) == ["send_message"]
    assert path(ARGO, argo.refused_by_full_ring) == ["register_ring", "send_message", "send_message"]
    off = argo.Bounds(slots=1, on=False)
    assert path(ARGO, argo.refused_because_off, off) == ["send_message"]
    assert path(ARGO, argo.delivered, off) is None


def test_argo_tells_a_sender_that_has_waited_that_there_is_space() -> None:
    found = path(ARGO, argo.told_of_space)
    assert found is not None
    assert sorted(found) == ["check_message", "register_ring", "send_message", "send_message", "use_message"]


def test_argo_has_no_message_of_a_false_source_and_none_that_changes_after_the_check() -> None:
    assert path(ARGO, argo.source_forged) is None
    assert path(ARGO, argo.changed_after_check) is None


def test_an_argo_ring_for_the_peer_takes_nothing_of_others() -> None:
    of = ARGO.system(argo.Bounds(slots=1))
    rings = {state.ring for state in map(of.thaw, reach(of).parents) if state.true_sender[0] is argo.Source.THIRD}
    assert rings == {argo.Ring.FOR_ANY}


def test_argo_keeps_messages_in_their_order() -> None:
    of = ARGO.system(argo.Bounds(slots=2), without=["third domain", "map_memory", "become_device_model"])
    by_name = {str(action): action for action in of.actions}
    state = of.initial()
    for name in (
        "register_ring(ring=for peer)",
        "send_message(claimed=peer, content=1)",
        "send_message(claimed=peer, content=0)",
        "check_message()",
    ):
        taken = of.take(state, by_name[name])
        assert taken is not None
        state = taken
    assert (state.checked, state.content) == (1, [1, 0])
    used = of.take(state, by_name["use_message()"])
    assert used is not None
    assert used.content[0] == 0
    assert used.source == [argo.Source.PEER, argo.Source.NONE]


# ---- static shared memory ---------------------------------------------------------------------------------------------------


def test_the_borrower_can_always_write_what_it_borrows() -> None:
    found = path(SHARED_MEMORY, static_shared_memory.owner_overwritten)
    assert found == ["write_message", "overwrite"]


def test_a_reader_that_does_not_copy_uses_what_it_has_not_checked() -> None:
    assert path(SHARED_MEMORY, static_shared_memory.changed_after_check) == [
        "write_message",
        "take_and_reply",
        "check_reply",
        "overwrite",
        "use_reply",
    ]
    copies = static_shared_memory.Bounds(copies=True)
    assert path(SHARED_MEMORY, static_shared_memory.changed_after_check, copies) is None
    assert path(SHARED_MEMORY, static_shared_memory.delivered_both_ways, copies) is not None


# ---- event channels ---------------------------------------------------------------------------------------------------------


def test_events_are_one_bit() -> None:
    merged = ["reserve_port", "bind_interdomain", "send_event", "send_event", "handle_event"]
    assert path(EVENTS, event_channels.events_merged) == merged
    assert path(EVENTS, event_channels.event_lost) is None


def test_a_bind_needs_a_reservation_for_the_caller() -> None:
    assert path(EVENTS, event_channels.bind_refused) == ["bind_interdomain"]
    assert path(EVENTS, event_channels.bound_to_a_third) is None
    of = EVENTS.system()
    reserved = next(of.thaw(key) for key in reach(of).parents if of.thaw(key).port is event_channels.Port.RESERVED)
    third = next(action for action in of.actions if action.rule.name == "bind_as_third")
    found = of.take(reserved, third)
    assert found is not None
    assert (found.reply, found.port) == (event_channels.Reply.EINVAL, event_channels.Port.RESERVED)


def test_an_event_to_nobody_succeeds_and_does_nothing() -> None:
    of = EVENTS.system()
    send = next(action for action in of.actions if action.rule.name == "send_event")
    found = of.take(of.initial(), send)
    assert found is not None
    assert found.reply is event_channels.Reply.SUCCESS
    assert [name for name, value in of.values(found).items() if value != of.values(of.initial())[name]] == ["reply"]


@pytest.mark.parametrize("storm", [2, 5])
def test_nothing_limits_the_rate_of_events_but_a_receiver_that_masks_its_port(storm: int) -> None:
    assert path(EVENTS, event_channels.storm, event_channels.Bounds(storm=storm)) is not None
    assert path(EVENTS, event_channels.storm, event_channels.Bounds(storm=storm, masks=True)) is None
