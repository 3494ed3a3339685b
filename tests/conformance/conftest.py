"""A small platform to try operations on, by the names of its domains."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from sphinx_xenfusa.claims.attempts import Attempt, PrivilegeModel, attempt, initial
from sphinx_xenfusa.claims.link_claims import serve
from sphinx_xenfusa.model.effects import DomainState, Life, Offer, Offered, Power
from sphinx_xenfusa.model.operations import Family, catalogue
from sphinx_xenfusa.model.platform import Device, Domain, Link, Platform
from sphinx_xenfusa.model.policies import POLICIES
from sphinx_xenfusa.model.vocabulary import Architecture, Capability, Criticality, Protocol

SPLIT = (
    Domain("hwdom", frozenset({Capability.HARDWARE})),
    Domain("ctrldom", frozenset({Capability.CONTROL}), Criticality.SAFE),
    Domain("domu", frozenset(), Criticality.UNSAFE),
    Domain("safe_domu", frozenset(), Criticality.SAFE),
)
"""The capabilities in two domains, and two domains without any."""


MAPPING = frozenset({"XENMAPSPACE_gmfn_foreign"})
DEVICE_MODEL = frozenset(
    f"XEN_DMOP_{name}"
    for name in (
        *("create_ioreq_server", "get_ioreq_server_info", "set_ioreq_server_state", "destroy_ioreq_server"),
        *("map_io_range_to_ioreq_server", "unmap_io_range_from_ioreq_server", "map_mem_type_to_ioreq_server"),
        *("track_dirty_vram", "modified_memory", "set_mem_type", "relocate_memory", "pin_memory_cacheattr"),
        *("set_pci_intx_level", "set_isa_irq_level", "set_pci_link_route", "set_irq_level"),
        *("inject_event", "inject_msi", "remote_shutdown", "nr_vcpus"),
    )
)
OFFERED = frozenset(
    {
        *(f"GNTTABOP_{name}" for name in ("map_grant_ref", "unmap_grant_ref", "transfer", "copy", "unmap_and_replace")),
        *("EVTCHNOP_bind_interdomain", "EVTCHNOP_send", "XEN_ARGO_OP_sendv", "XEN_ARGO_OP_notify"),
    }
)


class World:
    """A platform whose state follows the calls that are made.

    :param links: backend, frontend and the extensions in use ("grants", "nonblocking"), each a VirtIO link.
    :param repaired: divergences that the policy is without.
    :param withheld: a family of operations that no backend is given.
    """

    MAPPING, DEVICE_MODEL, OFFERED = MAPPING, DEVICE_MODEL, OFFERED
    """The two families of the VirtIO privileges, and what is open towards another domain because that one offers it."""

    def __init__(
        self,
        policy: str = "specification",
        domains: Iterable[Domain] = SPLIT,
        *,
        links: Iterable[tuple[str, str, str]] = (),
        devices: Iterable[Device] = (),
        architecture: str = "arm",
        repaired: Iterable[str] = (),
        withheld: str | None = None,
    ) -> None:
        self.platform = Platform(
            tuple(domains),
            tuple(devices),
            tuple(
                Link(Protocol.VIRTIO, backend, frontend, grants="grants" in used, nonblocking="nonblocking" in used)
                for backend, frontend, used in links
            ),
            Architecture(architecture),
        )
        chosen = POLICIES[policy].repaired(frozenset(repaired))
        self.model = PrivilegeModel(catalogue(), chosen if withheld is None else chosen.without(Family(withheld)))
        self.system = initial(self.platform)

    def allowed(self, caller: str, target: str | None = None) -> set[str]:
        """The calls that get past every check: those that take a target towards one, or with no target those that take none."""
        return {
            one.name
            for one in catalogue().operations
            if one.is_service
            and (one.target == "domain") is (target is not None)
            and self.call(caller, one.name, target, keep=False).decision.allowed
        }

    def serves(self, backend: str, frontend: str) -> tuple[bool, list[str]]:
        """Whether one request completes on a link, and what each step of it got back."""
        link = next(one for one in self.platform.links if (one.backend, one.frontend) == (backend, frontend))
        made, completes = serve(self.model, self.platform, link)
        return completes, [f"{one.operation.name}: {one.code.value}" for one in made]

    def become(self, name: str, life: str) -> None:
        """Put a domain into a state of its life-cycle."""
        domains = list(self.system.domains)
        position = self.platform.position(name)
        domains[position] = domains[position]._replace(life=Life(life))
        self.system = self.system._replace(domains=tuple(domains))

    def call(
        self,
        caller: str,
        operation: str,
        target: str | None = None,
        argument: str | None = None,
        *,
        keep: bool = True,
    ) -> Attempt:
        """Let a domain issue an operation; by default with the first value of its argument, and the state follows."""
        what = self.model.catalogue.by_name[operation]
        subject = self.platform.position(caller)
        pair = (subject, subject if target is None else self.platform.position(target))
        argument = what.arguments[0] if argument is None else argument
        assert argument in what.arguments, f"{operation} has no argument {argument!r}"
        made = attempt(self.model, self.platform, self.system, pair, what, argument)
        if keep:
            self.system = made.after
        return made

    def code(self, caller: str, operation: str, target: str | None = None, argument: str | None = None) -> str:
        """What the caller gets back."""
        return self.call(caller, operation, target, argument).code.value

    def state(self, name: str) -> DomainState:
        """The state of a domain."""
        return self.system.domains[self.platform.position(name)]

    @property
    def power(self) -> Power:
        """The state of the machine."""
        return self.system.power

    def offer(self, what: Offered, by: str, to: str) -> None:
        """Let a domain offer something to another."""
        offered = Offer(what, self.platform.position(by), self.platform.position(to))
        self.system = self.system._replace(offers=self.system.offers | {offered})

    def mapped(self) -> set[tuple[str, str]]:
        """Mapper and owner of each mapping without a grant."""
        names = [domain.name for domain in self.platform.domains]
        return {(names[mapper], names[owner]) for mapper, owner in self.system.foreign}


@pytest.fixture
def world() -> Callable[..., World]:
    """Makes worlds: ``world()``, ``world("dummy")``, ``world(domains=...)``."""
    return World
