"""The policies as parameters: which decision is taken, how privileges are given, which divergences of Xen are in force.

``specification`` is the roles document.  ``dummy`` and ``silo`` are Xen's own access control, at the commit that the catalogue
names; ``proposed`` is a series that was sent to xen-devel and not taken.  A policy without one of its divergences is that policy
repaired: the register of expected divergences is checked so.

What the document's words stand for in Xen (the mapping):

========================  =====================================================================================================
full privileges           the control capability (``d->is_privileged``)
Hardware Domain           the hardware capability (``d == hardware_domain``)
VirtIO privileges         ``dummy``, ``silo``: the target relation, one target for each domain, set by the Control Domain (D7);
                          ``proposed``: the capability of a device model, towards every domain (D17)
SafeVM                    ``proposed``: one without the control capability is no target of hypercalls (D18)
========================  =====================================================================================================

Sources: the roles document, "VirtIO Privileges"; fact sheet 2.1, 2.7, 2.9, 2.10.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from sphinx_xenfusa.model.decision import (
    Decision,
    Relation,
    TargetIs,
    decide_proposed,
    decide_specification,
    decide_xen,
)
from sphinx_xenfusa.model.devices import may_access
from sphinx_xenfusa.model.operations import Family, Operation, TargetParameter
from sphinx_xenfusa.model.platform import Domain, Link, Platform
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, Protocol, Reach

Decide = Callable[[Operation, Relation, frozenset[str]], Decision]


class Channels(StrEnum):
    """Between which domains a policy lets channels be (event channels, grants, Argo)."""

    ANY = "any two domains"
    CONTROL = "one of the two holds control"
    """``xen/xsm/silo.c``, as it is (D8)."""
    SERVICE = "one of the two is a service domain"
    """The same, in the proposed series (D19, D22, D23)."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy.

    :param words: what it is, for the pages.
    :param switches: the divergences from the document that are in force (fact sheet 2.11).
    :param channels: who may have a channel with whom.
    :param withheld: families that are given to no backend, to see what does not work without them.
    """

    name: str
    words: str
    decide_call: Decide
    switches: frozenset[str]
    channels: Channels = Channels.ANY
    withheld: frozenset[Family] = frozenset()

    def __str__(self) -> str:
        return self.name

    def decide(self, operation: Operation, relation: Relation) -> Decision:
        """Whether the call is let through, and if not, what the caller sees."""
        return self.decide_call(operation, relation, self.switches)

    def repaired(self, divergences: frozenset[str]) -> Policy:
        """This policy without some of its divergences."""
        return replace(self, switches=self.switches - divergences)

    def without(self, family: Family) -> Policy:
        """This policy, with a family of operations that no backend is given."""
        return replace(self, withheld=self.withheld | {family})


SPECIFICATION = Policy("specification", "the roles document", decide_specification, frozenset())
_XEN = frozenset({"D1", "D2", "D3", "D4", "D5", "D6", "D9", "D12", "D13", "D21", "D24"})
DUMMY = Policy("dummy", "Xen's default access control", decide_xen, _XEN | {"D7"})
SILO = Policy(
    "silo", "Xen's access control as Arm builds have it by default", decide_xen, _XEN | {"D7", "D8"}, Channels.CONTROL
)
PROPOSED = Policy(
    "proposed",
    "the series that separates the roles, not merged",
    decide_proposed,
    _XEN | {"D17", "D18", "D19", "D20", "D22", "D23"},
    Channels.SERVICE,
)

POLICIES = {policy.name: policy for policy in (SPECIFICATION, DUMMY, SILO, PROPOSED)}


def available(operation: Operation, platform: Platform, policy: Policy) -> bool:
    """Whether the machine has an operation at all.

    The document knows no machines.  Xen is built for one architecture, and can be built without the sysctl hypercall (D5).
    """
    if "D5" not in policy.switches:
        return True
    return platform.architecture in operation.architectures and operation.hypercall != "sysctl"


# --- the privileges of a backend ------------------------------------------------------------------------------------


def virtio_links(platform: Platform, backend: str) -> Iterator[Link]:
    """The VirtIO links that a domain serves."""
    return (one for one in platform.links if one.protocol is Protocol.VIRTIO and one.backend == backend)


def runs_backend(platform: Platform, domain: Domain) -> bool:
    """Whether a VirtIO backend runs in a domain."""
    return any(True for _ in virtio_links(platform, domain.name))


def _needs_mapping(link: Link) -> bool:
    """VirtIO, "FFI: Memory Mappings": without grants the backend has to map any page of the frontend."""
    return not link.grants


def _needs_emulation(link: Link) -> bool:
    """VirtIO, "FFI: Synchronous Emulation": without the non-blocking registers the backend has to emulate them."""
    return not link.nonblocking


def _needy_frontends(platform: Platform, backend: str, policy: Policy) -> frozenset[str]:
    """The frontends towards which a backend needs a privilege; none if what it needs is withheld."""
    links = list(virtio_links(platform, backend))
    if policy.withheld and any(_needs_mapping(one) or _needs_emulation(one) for one in links):
        return frozenset()
    return frozenset(one.frontend for one in links if _needs_mapping(one) or _needs_emulation(one))


def _privileges(platform: Platform, caller: Domain, target: Domain, policy: Policy) -> Relation:
    """The privileges of a backend towards a domain, as far as they come from the links of the platform."""
    asked = Relation(TargetIs.OTHER)
    if caller.has(Capability.CONTROL):
        return asked
    if "D7" in policy.switches:
        return asked._replace(holds_target=_holds_target(platform, caller, target, policy))
    if "D17" in policy.switches:
        return asked._replace(device_model=bool(_needy_frontends(platform, caller.name, policy)))
    served = [one for one in virtio_links(platform, caller.name) if one.frontend == target.name]
    return asked._replace(
        may_map=Family.FOREIGN_MAP not in policy.withheld and any(_needs_mapping(one) for one in served),
        may_emulate=Family.DEVICE_MODEL not in policy.withheld and any(_needs_emulation(one) for one in served),
    )


def _holds_target(platform: Platform, caller: Domain, target: Domain, policy: Policy) -> bool:
    """``src->target == target``: a single pointer, written once, by a Control Domain (fact sheet 2.1, 2.7)."""
    needy = _needy_frontends(platform, caller.name, policy)
    return needy == {target.name} and bool(platform.holders(Capability.CONTROL))


# --- devices, console, channels -------------------------------------------------------------------------------------


def _uses_console(domain: Domain, switches: frozenset[str]) -> bool:
    """``d->is_console``: the Hardware Domain (D2), and every domain that is built at boot (D9)."""
    return ("D2" if domain.has(Capability.HARDWARE) else "D9") in switches


def _is_xenstore(domain: Domain, switches: frozenset[str]) -> bool:
    """``is_xenstore_domain``, as a subject of the hooks: the document has no such role, and gives nothing for it (D24)."""
    return domain.xenstore and "D24" in switches


def _writes_past_an_iommu(platform: Platform, domain: Domain, switches: frozenset[str]) -> bool:
    """A device of the domain whose DMA nobody translates; the Hardware Domain may be run without any IOMMU (D2)."""
    if "D2" in switches and domain.has(Capability.HARDWARE):
        return True
    return any(
        may_access(domain, device, switches) and device.reach is Reach.DMA and not device.behind_iommu
        for device in platform.devices
    )


def _reaches_the_platform(platform: Platform, domain: Domain, switches: frozenset[str]) -> bool:
    return any(may_access(domain, device, switches) and device.reach is Reach.PLATFORM for device in platform.devices)


def _are_isolated(platform: Platform, caller: Domain, target: Domain, policy: Policy) -> bool:
    """Whether the policy lets two different domains have no channel (fact sheet 2.9, 2.10)."""
    if policy.channels is Channels.CONTROL:
        neither = not caller.has(Capability.CONTROL) and not target.has(Capability.CONTROL)
        return neither and "D8" in policy.switches
    if policy.channels is Channels.SERVICE:
        return not any(_is_service(one) for one in (caller, target)) and _isolates(platform, caller, target, policy)
    return False


def _is_service(domain: Domain) -> bool:
    """``is_priv_domain`` of the proposed series."""
    return domain.has(Capability.HARDWARE) or domain.xenstore


def _isolates(platform: Platform, caller: Domain, target: Domain, policy: Policy) -> bool:
    """Whether the proposed series keeps two domains apart of which none is a service domain.

    That the Control Domain is none is D22, that a Driver Domain is none D19; any other two are D23.
    """
    switches = {
        "D22" if one.has(Capability.CONTROL) else "D19"
        for one in (caller, target)
        if one.has(Capability.CONTROL) or runs_backend(platform, one)
    }
    return (switches or {"D23"}) <= policy.switches


def _is_untargetable(domain: Domain, switches: frozenset[str]) -> bool:
    """``hypercall-untargetable``, proposed for domains that others must not disturb: the SafeVMs, but for the Control Domain."""
    return "D18" in switches and domain.criticality is Criticality.SAFE and not domain.has(Capability.CONTROL)


def relation(platform: Platform, subject: int, target: int, operation: Operation, policy: Policy) -> Relation:
    """The relation of two domains of a platform when one issues an operation towards the other.

    The arguments are well-formed.
    """
    if operation.target is TargetParameter.NONE:
        return _alone(platform, platform.domains[subject], TargetIs.NONE, policy)
    return relation_of(platform, subject, target, policy)


def relation_of(platform: Platform, subject: int, target: int, policy: Policy) -> Relation:
    """The relation of two domains of a platform, for the operations that take a target."""
    caller, other = platform.domains[subject], platform.domains[target]
    if subject == target:
        return _alone(platform, caller, TargetIs.SELF, policy)
    given = _privileges(platform, caller, other, policy)
    return _alone(platform, caller, TargetIs.OTHER, policy)._replace(
        holds_target=given.holds_target,
        device_model=given.device_model,
        may_map=given.may_map,
        may_emulate=given.may_emulate,
        untargetable=_is_untargetable(other, policy.switches),
        isolated=_are_isolated(platform, caller, other, policy),
    )


def relation_to_none(platform: Platform, subject: int, policy: Policy) -> Relation:
    """The relation of a domain for the operations that take no target."""
    return _alone(platform, platform.domains[subject], TargetIs.NONE, policy)


def _alone(platform: Platform, caller: Domain, to: TargetIs, policy: Policy) -> Relation:
    """What of the relation is the caller's own.  The machine's resources are the Hardware Domain's (fact sheet 2.4)."""
    return Relation(
        target=to,
        control=caller.has(Capability.CONTROL),
        hardware=caller.has(Capability.HARDWARE),
        xenstore=_is_xenstore(caller, policy.switches),
        console=_uses_console(caller, policy.switches),
        holds_resource=caller.has(Capability.HARDWARE),
        dma=_writes_past_an_iommu(platform, caller, policy.switches),
        resets=_reaches_the_platform(platform, caller, policy.switches),
    )
