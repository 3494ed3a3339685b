"""What a platform is: its domains, devices and links, before any rule restricts it.

One data class for every source: YAML now, device trees and xl.cfg files read into the same.  A platform may be nonsense
(two Hardware Domains, a backend without a device): the rules say so, not the data class.  What it may not be is ambiguous:
names are unique, every reference resolves, and a link has two ends (:func:`broken_reference`).

Source: the roles document, "Roles" and "VirtIO"; the definition of a platform in the project's semantics.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sphinx_xenfusa.model.vocabulary import (
    Architecture,
    Capability,
    Criticality,
    DeviceKind,
    Protocol,
    Reach,
    Role,
    roles_of,
)


@dataclass(frozen=True, slots=True, order=True)
class Domain:
    """A domain as configured.

    :param safety_tasks: whether a safety-critical task runs in it; an input of its own, so that a rule about it can fail.
    :param xenstore: whether it is the xenstore domain (``XEN_DOMCTL_CDF_xs_domain``).
    """

    name: str
    capabilities: frozenset[Capability] = frozenset()
    criticality: Criticality = Criticality.UNSAFE
    safety_tasks: bool = False
    xenstore: bool = False

    @property
    def roles(self) -> frozenset[Role]:
        """Its roles; DomU when it holds no capability."""
        return roles_of(self.capabilities)

    def has(self, capability: Capability) -> bool:
        """Whether it holds a capability."""
        return capability in self.capabilities


@dataclass(frozen=True, slots=True, order=True)
class Device:
    """A device: a peripheral, or a part of the machine such as a timer (:class:`DeviceKind`).

    :param assigned_to: the domains to which it is assigned by passthrough.  None: it goes where it goes by default.  More than
        one: a description that breaks a rule, and can be told to.
    :param used_by_xen: of a UART, whether it is Xen's own console.  Of anything else it says nothing.
    """

    name: str
    assigned_to: tuple[str, ...] = ()
    reach: Reach = Reach.SELF
    behind_iommu: bool = True
    kind: DeviceKind = DeviceKind.PERIPHERAL
    used_by_xen: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """A way of communication between two domains.

    :param backend: for VirtIO the backend's domain; for Argo and shared memory one of the two ends.
    :param frontend: the other end.
    :param device: the device that a VirtIO backend serves.
    :param grants: "VirtIO with grants" is in use.
    :param nonblocking: "non-blocking VirtIO" is in use.
    """

    protocol: Protocol
    backend: str
    frontend: str
    device: str | None = None
    grants: bool = False
    nonblocking: bool = False


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform: domains in the order of their domids."""

    domains: tuple[Domain, ...]
    devices: tuple[Device, ...] = ()
    links: tuple[Link, ...] = ()
    architecture: Architecture = Architecture.ARM

    def holders(self, capability: Capability) -> tuple[int, ...]:
        """Positions of the domains that hold a capability."""
        return tuple(i for i, domain in enumerate(self.domains) if domain.has(capability))

    def position(self, name: str) -> int:
        """Position of the domain of that name.

        :raises KeyError: there is none.
        """
        for i, domain in enumerate(self.domains):
            if domain.name == name:
                return i
        raise KeyError(name)


def broken_reference(platform: Platform) -> str | None:
    """Say what makes a platform ambiguous (a name used twice, a reference to nothing, one end for two), or ``None``."""
    domains = Counter(domain.name for domain in platform.domains)
    devices = Counter(device.name for device in platform.devices)
    for what, names in (("domain", domains), ("device", devices)):
        for name, times in names.items():
            if times > 1:
                return f"the {what} name {name!r} is used {times} times"
    for device in platform.devices:
        for name in device.assigned_to:
            if name not in domains:
                return f"device {device.name!r} is owned by {name!r}, which is no domain"
    for link in platform.links:
        for end, name in (("backend", link.backend), ("frontend", link.frontend)):
            if name not in domains:
                return f"a link's {end} is {name!r}, which is no domain"
        if link.backend == link.frontend:
            return f"a link leads from {link.backend!r} to itself"
        if link.device is not None and link.device not in devices:
            return f"a link serves {link.device!r}, which is no device"
    return None


def safe_vms(platform: Platform) -> frozenset[str]:
    """The names of the SafeVMs (Roles, "SafeVMs and UnSafeVMs")."""
    return frozenset(domain.name for domain in platform.domains if domain.criticality is Criticality.SAFE)


def unsafe_vms(platform: Platform) -> frozenset[str]:
    """The names of the UnsafeVMs: the domains that count as adversary A1."""
    return frozenset(domain.name for domain in platform.domains if domain.criticality is Criticality.UNSAFE)
