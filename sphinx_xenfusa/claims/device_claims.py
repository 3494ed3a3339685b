"""The claims about devices: who has direct access to which.

One device is enough.  Who may access a device is a function of that device and of one domain at a time
(:func:`sphinx_xenfusa.model.devices.may_access`), so that a platform of many devices is as many platforms of one.  Its kind
matters, whether Xen uses it, and to whom it is assigned; its reach and its IOMMU do not.

A platform with one device is, but for the names, a multiset of domains each of which has the device assigned to it or has not.
"""

from __future__ import annotations

import functools
import itertools
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sphinx_xenfusa.claims.attempts import PrivilegeModel
from sphinx_xenfusa.claims.platform_claims import PlatformUnderPolicy, described, starts_the_platform
from sphinx_xenfusa.claims.scopes import MOST_DOMAINS, SMALL, burnside, domain_kinds, named
from sphinx_xenfusa.explore.claim import Budget, Search
from sphinx_xenfusa.explore.trace import Change, Step, Trace
from sphinx_xenfusa.explore.verdict import Scope
from sphinx_xenfusa.model.devices import allocation, may_access
from sphinx_xenfusa.model.platform import Device, Domain, Platform
from sphinx_xenfusa.model.policies import Policy
from sphinx_xenfusa.model.rules import rule
from sphinx_xenfusa.model.vocabulary import Capability, DeviceKind, Role

STAY_WITH_XEN = ("cpu", "mmu", "iommu", "interrupt-controller", "timer", "uart")
"""What the document lists, written down apart from the model that is checked."""

ASSUMPTIONS = (
    "Xen and the hardware are correct",
    "devices are described as what they are",
    "no links between the domains (VirtIO, Argo, shared memory)",
    "one device: who may access it depends on no other",
)

FORMS = tuple(
    Device(kind.value, kind=kind, used_by_xen=used)
    for kind in DeviceKind
    for used in ((False, True) if kind is DeviceKind.UART else (False,))
)
"""Every kind of device; of a UART both, the one that Xen uses and one that it does not."""


def _with_device(kinds: tuple[tuple[Domain, bool], ...]) -> Iterator[Platform]:
    domains = named(tuple(kind for kind, _ in kinds)).domains
    assigned = tuple(domain.name for domain, (_, here) in zip(domains, kinds, strict=True) if here)
    for form in FORMS:
        yield Platform(domains, (replace(form, assigned_to=assigned),))


def with_any_assignment(most: int) -> Iterator[Platform]:
    """All platforms of 1 to ``most`` domains and one device, assigned to any of them or to nobody; smallest first."""
    marked = tuple(itertools.product(domain_kinds(safety_tasks=False), (False, True)))
    for size in range(1, most + 1):
        for kinds in itertools.combinations_with_replacement(marked, size):
            yield from _with_device(kinds)


def unassigned(most: int) -> Iterator[Platform]:
    """All platforms of 1 to ``most`` domains, one Hardware Domain at the most, and one device that is assigned to nobody."""
    for size in range(1, most + 1):
        for kinds in itertools.combinations_with_replacement(domain_kinds(safety_tasks=False), size):
            if sum(kind.has(Capability.HARDWARE) for kind in kinds) <= 1:
                yield from _with_device(tuple((kind, False) for kind in kinds))


def recount_any_assignment(most: int) -> int:
    """The number of platforms with a device, by Burnside's lemma: twice as many kinds of domain, times the forms of a device."""
    return burnside(2 * len(domain_kinds(safety_tasks=False)), most) * len(FORMS)


def recount_unassigned(most: int) -> int:
    """The number of platforms with at most one Hardware Domain: without any, or one of its kinds with others beside it."""
    hardware = sum(kind.has(Capability.HARDWARE) for kind in domain_kinds(safety_tasks=False))
    others = len(domain_kinds(safety_tasks=False)) - hardware
    return (burnside(others, most) + hardware * (1 + burnside(others, most - 1))) * len(FORMS)


@functools.cache
def _counted(any_assignment: bool) -> int:
    return sum(1 for _ in (with_any_assignment if any_assignment else unassigned)(MOST_DOMAINS))


_SHAPE = f"{len(FORMS)} forms of a device (every kind; a UART that Xen uses and one that it does not)"


def granted(platform: Platform, switches: frozenset[str]) -> tuple[str, ...]:
    """The domains that may access the device: each of them is asked."""
    (device,) = platform.devices
    return tuple(domain.name for domain in platform.domains if may_access(domain, device, switches))


@dataclass(frozen=True)
class DeviceClaim(PlatformUnderPolicy):
    """Something about who may access a device, on every platform with one device."""

    @property
    def scope(self) -> Scope:
        """Platforms of scope A, each with one device and every assignment of it."""
        words = (
            f"all platforms of 1 to {MOST_DOMAINS} domains × {_SHAPE} × every set of domains to which it is assigned"
        )
        return Scope(
            "A with one device",
            f"{words}; {self.words}",
            _counted(True),
            recount_any_assignment(MOST_DOMAINS),
            ASSUMPTIONS,
        )

    def enumerated(self, most: int) -> Iterator[Platform]:
        """The platforms of the scope."""
        return with_any_assignment(most)

    @abstractmethod
    def wrong(self, platform: Platform, access: tuple[str, ...]) -> str | None:
        """What is wrong with a platform, or ``None``.

        :param access: the domains that said yes when asked whether they may access the device.
        """

    @abstractmethod
    def relevant(self, platform: Platform) -> bool:
        """Whether the claim could fail on a platform."""

    @abstractmethod
    def shows(self, platform: Platform, access: tuple[str, ...]) -> str | None:
        """The title of the witness that this platform makes; ``None`` if there is more to see on another."""

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Every platform; each domain is asked whether it may access the device."""
        found = Search()
        for platform in self.enumerated(SMALL if small else MOST_DOMAINS):
            access = granted(platform, model.policy.switches)
            found.cases += len(platform.domains)
            wrong = self.wrong(platform, access)
            if wrong is not None:
                found.counterexample = allocated(wrong, platform, access, model.policy)
                return found
            if self.relevant(platform):
                found.relevant += len(platform.domains)
                title = self.shows(platform, access) if found.witness is None else None
                if title is not None:
                    found.witness = allocated(title, platform, access, model.policy)
            budget.spend(len(platform.domains))
        return found


def allocated(title: str, platform: Platform, access: tuple[str, ...], policy: Policy) -> Trace:
    """The trace of what becomes of the device of a platform."""
    (device,) = platform.devices
    after = " and ".join(access) or "nobody"
    by_xen = "D13" in policy.switches and not device.assigned_to
    clause = "xen/arch/arm/domain_build.c:1463-1530" if by_xen else 'Roles, "Hardware Domain"'
    step = Step(
        starts_the_platform(policy),
        allocation(platform, device, policy.switches).value,
        (("device", device.name), ("kind", str(device.kind))),
        f"direct access: {after}",
        (Change(f"{device.name}: direct access", "nobody", after),) if access else (),
        clause,
    )
    return Trace(title, described(platform), (step,))


def _hardware_domains(platform: Platform) -> tuple[str, ...]:
    return tuple(domain.name for domain in platform.domains if Role.HARDWARE_DOMAIN in domain.roles)


def _is_listed(platform: Platform) -> bool:
    """Whether the device is on the document's list of what stays with Xen."""
    return platform.devices[0].kind.value in STAY_WITH_XEN


@dataclass(frozen=True)
class GoesToTheHardwareDomain(DeviceClaim):
    """A device that is assigned to nobody and is not on the document's list: the Hardware Domain has it, and nobody else."""

    @property
    def scope(self) -> Scope:
        """Platforms of scope A with at most one Hardware Domain, each with one device that is assigned to nobody."""
        words = f"all platforms of 1 to {MOST_DOMAINS} domains with at most one Hardware Domain × {_SHAPE}, assigned to nobody"
        return Scope(
            "A with one unassigned device",
            f"{words}; {self.words}",
            _counted(False),
            recount_unassigned(MOST_DOMAINS),
            ASSUMPTIONS,
        )

    def enumerated(self, most: int) -> Iterator[Platform]:
        """The platforms of the scope."""
        return unassigned(most)

    def wrong(self, platform: Platform, access: tuple[str, ...]) -> str | None:
        """Somebody else has it, or the Hardware Domain has not."""
        hardware = _hardware_domains(platform)
        if _is_listed(platform) or access == hardware:
            return None
        kind = platform.devices[0].kind
        if len(access) < len(hardware):
            return f"the Hardware Domain has no direct access to a device ({kind}) that is assigned to nobody"
        return f"a device ({kind}) that is assigned to nobody is given to {' and '.join(access)}"

    def relevant(self, platform: Platform) -> bool:
        """Not for what stays with Xen."""
        return not _is_listed(platform)

    def shows(self, platform: Platform, access: tuple[str, ...]) -> str | None:
        """A platform on which another domain could have got it."""
        if not access or len(platform.domains) == 1:
            return None
        return "A device that is assigned to nobody: the Hardware Domain has it and the other domain has not"


@dataclass(frozen=True)
class StaysWithXen(DeviceClaim):
    """What is on the document's list: no domain has access by default; the rule rejects exactly the platforms that pass it on."""

    def wrong(self, platform: Platform, access: tuple[str, ...]) -> str | None:
        """Somebody has it although the rule accepts the platform, or nobody has it although the rule rejects it."""
        kind = platform.devices[0].kind
        rejected = bool(rule(self.id).broken_by(platform))
        if not _is_listed(platform):
            return f"a platform is rejected for a device ({kind}) that need not stay with Xen" if rejected else None
        if access and not rejected:
            return f"{' and '.join(access)} has direct access to a device ({kind}) that stays with Xen"
        if rejected and not access:
            return f"a platform is rejected although no domain has access to its device ({kind})"
        return None

    def relevant(self, platform: Platform) -> bool:
        """What is on the list."""
        return _is_listed(platform)

    def shows(self, platform: Platform, access: tuple[str, ...]) -> str | None:
        """A platform with a Hardware Domain, which would get the device if it did not stay with Xen."""
        if access or not _hardware_domains(platform):
            return None
        return f"A {platform.devices[0].kind} that is assigned to nobody stays with Xen, also where there is a Hardware Domain"


@dataclass(frozen=True)
class OneOwnerEach(DeviceClaim):
    """Passthrough: the domain to which a device is assigned has it and no other has; the rule rejects what has two owners."""

    def wrong(self, platform: Platform, access: tuple[str, ...]) -> str | None:
        """An assigned device with another owner than the one named, or a rule that does not see two."""
        assigned = platform.devices[0].assigned_to
        rejected = bool(rule(self.id).broken_by(platform))
        if not assigned:
            return "a platform is rejected for a device that is assigned to nobody" if rejected else None
        if rejected is not (len(access) > 1):
            did = "rejected" if rejected else "accepted"
            return f"a platform is {did} although its device has {len(access)} owners"
        if set(access) != set(assigned):
            return f"a device that is assigned to {' and '.join(assigned)} is {' and '.join(access) or 'nobody'}'s"
        return None

    def relevant(self, platform: Platform) -> bool:
        """An assigned device."""
        return bool(platform.devices[0].assigned_to)

    def shows(self, platform: Platform, access: tuple[str, ...]) -> str | None:
        """A Hardware Domain, and another domain that has the device in its stead."""
        hardware = _hardware_domains(platform)
        if not hardware or len(access) != 1 or access[0] in hardware:
            return None
        return f"A device that is assigned to {access[0]} is not the Hardware Domain's"
