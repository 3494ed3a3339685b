"""What the models of the other channels share: two domains without a VirtIO link, and a peer that also tries what VirtIO needs.

Whether Xen lets the peer is asked of the policy itself, once for each constant:
:func:`sphinx_xenfusa.model.policies.relation_of` and :meth:`~sphinx_xenfusa.model.policies.Policy.decide`, the same code as for
every other claim.  What follows if it does is a rule here: memory that was never shared is the peer's, or a virtual CPU waits
for the peer.

Sources: fact sheet 2.2, 2.6 (foreign mapping), 5 (emulation), 2.9 (silo).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from enum import Enum

from sphinx_xenfusa.explore.language import State, flag, inlined, require
from sphinx_xenfusa.model.operations import Family, catalogue
from sphinx_xenfusa.model.platform import Domain, Link, Platform
from sphinx_xenfusa.model.policies import SPECIFICATION, Policy, relation_of
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, Protocol

VICTIM = Domain("victim", criticality=Criticality.SAFE, safety_tasks=True)
"""A SafeVM at one end of the channel."""


class Peer(Enum):
    """The domain at the other end."""

    DOMU = frozenset[Capability]()
    HARDWARE_DOMAIN = frozenset({Capability.HARDWARE})
    CONTROL_DOMAIN = frozenset({Capability.CONTROL})


@dataclass(frozen=True)
class UnderPolicy:
    """Constants of a model of a channel: who is at the other end, and under which policy.

    :param peer: the domain at the other end.
    """

    policy: Policy = SPECIFICATION
    peer: Peer = Peer.DOMU

    @functools.cached_property
    def platform(self) -> Platform:
        """The two domains, without a VirtIO link."""
        return Platform((Domain("peer", self.peer.value), VICTIM), links=(Link(Protocol.ARGO, "peer", VICTIM.name),))

    def allows(self, operation: str, *, by_peer: bool = True) -> bool:
        """Whether the policy lets the peer issue an operation towards the victim, or the other way round.

        :raises KeyError: there is no such operation.
        """
        subject, target = (0, 1) if by_peer else (1, 0)
        asked = relation_of(self.platform, subject, target, self.policy)
        return self.policy.decide(catalogue().by_name[operation], asked).allowed

    def _any_of(self, family: Family) -> bool:
        return any(self.allows(one.name) for one in catalogue().operations if one.family is family and one.implemented)

    @functools.cached_property
    def may_map(self) -> bool:
        """Whether the peer may map memory of the victim that was not offered."""
        return self._any_of(Family.FOREIGN_MAP)

    @functools.cached_property
    def may_emulate(self) -> bool:
        """Whether the peer may issue any device model operation towards the victim."""
        return self._any_of(Family.DEVICE_MODEL)


class Exposed(State):
    """What the two privileges of VirtIO would do to the victim.

    ``mapped``: the peer has mapped memory that was not shared.  ``emulates``: the peer answers the victim's accesses to a
    register. ``waits``: a virtual CPU of the victim waits for such an answer.  ``map_refused``, ``emulation_refused``: the peer
    has tried.
    """

    mapped: bool = flag()
    emulates: bool = flag()
    waits: bool = flag()
    map_refused: bool = flag()
    emulation_refused: bool = flag()


@inlined
def foreign_memory_mapped(s: Exposed, c: UnderPolicy) -> bool:
    """Whether the peer has memory of the victim that was never shared."""
    return s.mapped


@inlined
def victim_waits_for_peer(s: Exposed, c: UnderPolicy) -> bool:
    """Whether a virtual CPU of the victim waits until the peer does something."""
    return s.waits


@inlined
def hazard_of_virtio(s: Exposed, c: UnderPolicy) -> bool:
    """Whether one of the two happened that other protocols are said not to have."""
    return s.mapped or s.waits


@inlined
def nothing_of_virtio(s: Exposed, c: UnderPolicy) -> bool:
    """Whether neither of the two happened."""
    return not s.mapped and not s.waits


@inlined
def both_attempts_refused(s: Exposed, c: UnderPolicy) -> bool:
    """Whether the peer has tried both and was refused."""
    return s.map_refused and s.emulation_refused


@inlined
def ask_to_map(s: Exposed, c: UnderPolicy) -> None:
    """Try to map a page of the victim that was not shared."""
    if c.may_map:
        s.mapped = True
    else:
        s.map_refused = True


@inlined
def ask_to_emulate(s: Exposed, c: UnderPolicy) -> None:
    """Try to become the device model of the victim."""
    if c.may_emulate:
        s.emulates = True
    else:
        s.emulation_refused = True


@inlined
def access_emulated_register(s: Exposed, c: UnderPolicy) -> None:
    """Access a register that the peer answers, and wait."""
    require(s.emulates and not s.waits)
    s.waits = True
