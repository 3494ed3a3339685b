"""Claims of the chapter "VirtIO" about the other ways to communicate: Argo, static shared memory, and event channels.

What is said of them is said with VirtIO beside them: that the two hazards of a VirtIO backend, memory that was never shared and
a vCPU that waits, are not theirs.  What they have instead is claimed as well, under names of its own: it remains (D14).
"""

from __future__ import annotations

from typing import Any

from sphinx_xenfusa.claims.rule_claims import PolicyRuleClaim, RuleClaim
from sphinx_xenfusa.claims.rule_properties import Always, CanAlwaysReach, Property, Reachable
from sphinx_xenfusa.explore.claim import Claim
from sphinx_xenfusa.explore.language import System
from sphinx_xenfusa.model import argo, channel_peer, event_channels, static_shared_memory
from sphinx_xenfusa.model.argo import ARGO
from sphinx_xenfusa.model.channel_peer import Peer
from sphinx_xenfusa.model.event_channels import EVENTS
from sphinx_xenfusa.model.policies import Policy
from sphinx_xenfusa.model.static_shared_memory import SHARED_MEMORY

_ARGO = ARGO.system()
_SHARED = SHARED_MEMORY.system()
_EVENTS = EVENTS.system()
_COPYING = SHARED_MEMORY.system(static_shared_memory.Bounds(copies=True))
_MASKING = EVENTS.system(event_channels.Bounds(storm=2, masks=True))
_STORM = 8
"""Up to this number interrupts between two steps of a task are counted."""


def _hazards(system: System[Any, Any], what: str) -> Property:
    return Always(
        system,
        f"over {what} the peer tries to map memory and to emulate a register, and is refused",
        channel_peer.both_attempts_refused,
        channel_peer.nothing_of_virtio,
        f"over {what} the peer gets memory that was not shared, or makes a vCPU wait",
    )


def _by_argo(policy: Policy, peer: Peer) -> tuple[Property, ...]:
    ring = ARGO.system(argo.Bounds(policy=policy, peer=peer, slots=1), without=["third domain"])
    return (
        CanAlwaysReach(
            ring,
            "the peer sends a message by Argo",
            argo.peer_has_tried,
            argo.delivered,
            "the peer sends by Argo, and no message is ever delivered",
        ),
        _hazards(ring, "Argo"),
    )


def _by_shared_page(policy: Policy) -> tuple[Property, ...]:
    page = SHARED_MEMORY.system(static_shared_memory.Bounds(policy=policy))
    return (
        CanAlwaysReach(
            page,
            "the owner writes a message into the shared page",
            static_shared_memory.message_written,
            static_shared_memory.delivered,
            "a message in the shared page is never taken",
        ),
        _hazards(page, "static shared memory"),
    )


def _under(policy: Policy) -> tuple[Property, ...]:
    """What has to hold between two domains that are no more to one another than the ends of such a channel.

    The last one shows that it is privilege that the peer lacks: full ones, as the document means them, would give it both.
    """
    full = ARGO.system(argo.Bounds(peer=Peer.CONTROL_DOMAIN, slots=1), without=["third domain"])
    return (
        *_by_argo(policy, Peer.DOMU),
        *_by_argo(policy, Peer.HARDWARE_DOMAIN),
        *_by_shared_page(policy),
        Reachable(
            full,
            "a peer that is the Control Domain maps memory that was not shared, or makes a vCPU wait",
            channel_peer.hazard_of_virtio,
            "not even full privileges give a peer what VirtIO gives a backend",
        ),
    )


CLAIMS: tuple[Claim, ...] = (
    RuleClaim(
        "other_protocols_exist",
        "A message gets from one domain to another by Argo, and by a statically shared page in both "
        "directions, with no VirtIO link "
        "between them; event channels tell that there is one.",
        "every state of an Argo ring of two messages, of one shared page, and of one event channel, with two domains",
        (
            Reachable(_ARGO, "a message is delivered by Argo", argo.delivered, "nothing is delivered by Argo"),
            Reachable(
                _SHARED,
                "a message and its reply are delivered by a shared page",
                static_shared_memory.delivered_both_ways,
                "nothing is delivered by a shared page",
            ),
            Reachable(_EVENTS, "an event is delivered", event_channels.delivered, "no event is delivered"),
        ),
    ),
    PolicyRuleClaim(
        "other_protocols",
        "Over Argo and over a statically shared page a message is delivered, and the peer can neither map memory that is not "
        "shared nor keep a vCPU of the other side waiting.",
        "every state of an Argo ring between a SafeVM and a peer that is a DomU or the Hardware Domain, and of a page that it "
        "shares with a DomU; the peer tries both, and the policy decides on every operation of the two families",
        _under,
    ),
    RuleClaim(
        "argo_copies",
        "Argo has no message of a false source and none that changes after it was checked; a sender without "
        "a ring, with a false "
        "source, or before a full ring is told so, and told when there is space again.",
        "every state of an Argo ring of two messages between two domains, and a third that sends",
        (
            Reachable(_ARGO, "the receiver takes a message", argo.delivered, "nothing is delivered"),
            Reachable(_ARGO, "a false source is refused", argo.refused_for_source, "no source is refused"),
            Reachable(_ARGO, "there is no ring", argo.refused_without_ring, "there is always a ring"),
            Reachable(_ARGO, "the ring is full", argo.refused_by_full_ring, "no ring is full"),
            Reachable(_ARGO, "the sender is told of space", argo.told_of_space, "no sender is told of space"),
            Always(
                _ARGO,
                "the receiver takes a message",
                argo.delivered,
                argo.as_sent_and_as_checked,
                "a message has a false source, or changes after the check",
            ),
        ),
        tags=("XenArch~other_protocols~1",),
    ),
    RuleClaim(
        "shared_memory_remains",
        "What a domain reads from a statically shared page can change after it was checked, and what it writes there can be "
        "overwritten by the borrower at any time; a reader that copies before it checks uses what it checked.",
        "every state of one shared page with a borrower that writes when it likes, and a reader that copies, or does not",
        (
            Reachable(
                _SHARED,
                "the owner uses what it has not checked",
                static_shared_memory.changed_after_check,
                "nothing changes after the check",
            ),
            Reachable(
                _SHARED,
                "the borrower overwrites a message of the owner",
                static_shared_memory.owner_overwritten,
                "the borrower overwrites nothing",
            ),
            Reachable(
                _COPYING,
                "an owner that copies uses a reply",
                static_shared_memory.delivered_both_ways,
                "an owner that copies uses nothing",
            ),
            Always(
                _COPYING,
                "an owner that copies has used a reply",
                static_shared_memory.delivered_both_ways,
                static_shared_memory.used_as_checked,
                "an owner that copies uses what it has not checked",
            ),
        ),
        tags=("XenArch~other_protocols~1",),
    ),
    RuleClaim(
        "event_storm_remains",
        "Nothing limits how often a peer interrupts a domain by an event channel, unless the domain masks "
        "the port until its own "
        "task has taken a step.",
        f"every state of one event channel; interrupts between two steps of the receiver's task counted up to {_STORM}",
        (
            Reachable(
                EVENTS.system(event_channels.Bounds(storm=_STORM)),
                f"{_STORM} interrupts without a step of the receiver's task",
                event_channels.storm,
                "the receiver's task takes a step in between",
            ),
            Reachable(
                _MASKING,
                "a receiver that masks its port handles an event",
                event_channels.delivered,
                "it handles nothing",
            ),
            Always(
                _MASKING,
                "a receiver that masks its port handles an event",
                event_channels.delivered,
                event_channels.no_storm,
                "a receiver that masks its port is interrupted twice without a step of its task",
            ),
        ),
        tags=("XenArch~other_protocols~1",),
    ),
    RuleClaim(
        "event_channels_one_bit",
        "Events that come while one is pending are one event, and none is lost; a bind needs a port that is "
        "reserved for the caller.",
        "every state of one event channel between two domains, and a third that tries to bind to it",
        (
            Reachable(_EVENTS, "an event is handled", event_channels.delivered, "no event is handled"),
            Reachable(
                _EVENTS, "several events are handled as one", event_channels.events_merged, "no events are merged"
            ),
            Reachable(_EVENTS, "a bind is refused", event_channels.bind_refused, "no bind is refused"),
            Reachable(_EVENTS, "an event goes to nobody", event_channels.sent_to_nobody, "every port has another end"),
            Always(
                _EVENTS,
                "several events are handled as one",
                event_channels.events_merged,
                event_channels.nothing_lost,
                "an event is lost, or a port goes to another domain",
            ),
        ),
        tags=("XenArch~other_protocols_exist~1",),
    ),
)
"""All claims about the other channels."""
