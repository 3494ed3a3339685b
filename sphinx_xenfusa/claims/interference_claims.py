"""The forms of the claims that nobody interferes with a SafeVM, and of those about what has to be assumed for it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sphinx_xenfusa.claims.attempts import Decisions, PrivilegeModel, Situation, arranged, reaches, tell, tries
from sphinx_xenfusa.claims.interference import adversaries, interferences, victims
from sphinx_xenfusa.claims.privilege_claims import PrivilegeClaim, told_of
from sphinx_xenfusa.claims.scopes import ASSUMPTIONS, MOST_DOMAINS, SMALL, platforms, scope_a, view
from sphinx_xenfusa.explore.claim import Budget, Search
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import Scope
from sphinx_xenfusa.model.operations import Catalogue
from sphinx_xenfusa.model.platform import Device, Domain, Platform
from sphinx_xenfusa.model.rules import broken_rules
from sphinx_xenfusa.model.vocabulary import Capability, Criticality


@dataclass(frozen=True)
class NoInterference(PrivilegeClaim):
    """The rules accept each of some platforms, and no adversary of one interferes with a SafeVM by memory or control."""

    @abstractmethod
    def platforms(self, *, small: bool) -> Iterator[Platform]:
        """The platforms, smallest first."""

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """The rules on each; then every adversary's every operation, once for each way in which a pair of domains looks."""
        found = Search()
        decisions = Decisions(model)
        seen: set[object] = set()
        for platform in self.platforms(small=small):
            found.cases += 1
            if broken_rules(platform):
                title = f"a platform is rejected by {', '.join(broken_rules(platform))}"
                found.counterexample = tell(title, platform, (), ())
                return found
            for pair in _new_pairs(platform, seen):
                self._try(model, arranged(platform, pair), decisions, found)
                if found.counterexample is not None:
                    return found
            budget.spend(1)
        return found

    def _try(self, model: PrivilegeModel, situation: Situation, decisions: Decisions, found: Search) -> None:
        for kind, _, operation, reach in interferences(model, situation, decisions):
            title = f"{situation.subject.name} interferes with a SafeVM ({kind})"
            found.counterexample = told_of(model, situation, operation, reach, title)
            return
        for behaviour, decision in decisions.of(situation):
            operation = behaviour.operation
            found.cases += behaviour.count * (tries(situation, operation) if decision.allowed else 1)
            harmful = () if decision.allowed else reaches(model, situation, operation)
            if harmful:
                found.relevant += behaviour.count
                if found.witness is None:
                    title = f"{situation.subject.name}, an adversary beside a SafeVM, is denied {operation.name}"
                    found.witness = told_of(model, situation, operation, harmful[0], title)


def _new_pairs(platform: Platform, seen: set[object]) -> Iterator[tuple[int, int]]:
    """Every adversary with every domain, itself included, unless the model has seen such a pair before a SafeVM."""
    for name in sorted(adversaries(platform)) if victims(platform) else ():
        subject = platform.position(name)
        for target in range(len(platform.domains)):
            looks = view(platform, subject, target)
            if looks not in seen:
                seen.add(looks)
                yield subject, target


@dataclass(frozen=True)
class AnyMix(NoInterference):
    """Without VirtIO links: every mix of SafeVMs and UnsafeVMs that the other rules leave."""

    with_links = False

    def platforms(self, *, small: bool) -> Iterator[Platform]:
        """What is left when at most one domain is the Hardware Domain, and at most one a Control Domain, which is a SafeVM."""
        for platform in platforms(SMALL if small else MOST_DOMAINS):
            control = [one for one in platform.domains if one.has(Capability.CONTROL)]
            hardware = [one for one in platform.domains if one.has(Capability.HARDWARE)]
            trusted = all(one.criticality is Criticality.SAFE for one in control)
            if len(control) <= 1 and len(hardware) <= 1 and trusted:
                yield platform


EXAMPLE = Platform(
    (
        Domain("hwdom", frozenset({Capability.HARDWARE}), Criticality.UNSAFE),
        Domain("safe_1", criticality=Criticality.SAFE, safety_tasks=True),
        Domain("safe_2", criticality=Criticality.SAFE, safety_tasks=True),
        Domain("unsafe_1"),
        Domain("unsafe_2"),
    )
)
"""Roles, "SafeVMs and UnSafeVMs": the configuration that the document calls compatible with safety."""


@dataclass(frozen=True)
class OnePlatform(NoInterference):
    """A platform that is named."""

    platform: Platform = EXAMPLE

    @property
    def scope(self) -> Scope:
        """The one platform."""
        names = ", ".join(one.name for one in self.platform.domains)
        return Scope(
            name="one platform",
            words=f"the platform of the {len(self.platform.domains)} domains {names}; {self.words}",
            platforms=1,
            recount=1,
            assumptions=ASSUMPTIONS,
        )

    def platforms(self, *, small: bool) -> Iterator[Platform]:
        """The one platform."""
        yield self.platform


@dataclass(frozen=True)
class AssumptionNeeded(PrivilegeClaim):
    """With a device that the assumption forbids, an adversary interferes with a SafeVM; with the device mended, it does not.

    :param operation: what it does with the device.
    :param device: what the adversary is given.
    :param mended: the same device as the assumption wants it.
    """

    operation: str
    device: Device
    mended: Device

    with_links = False

    @property
    def scope(self) -> Scope:
        """Scope A with a device in the hands of one adversary."""
        return replace(scope_a(self.words), assumptions=(ASSUMPTIONS[0], *ASSUMPTIONS[2:]))

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Every adversary without control on every platform with a SafeVM, with the device and with the mended one."""
        found = Search()
        devices_only = PrivilegeModel(_only(self.operation, model.catalogue), model.policy)
        for platform in platforms(SMALL if small else MOST_DOMAINS):
            for name in sorted(adversaries(platform)) if victims(platform) else ():
                if platform.domains[platform.position(name)].has(Capability.CONTROL):
                    continue
                found.cases += 2
                found.relevant += 1
                hazard = _interferes(devices_only, _given(platform, name, self.device), name)
                if hazard is None:
                    title = f"{name} does nothing to a SafeVM with the device that the assumption forbids"
                    found.counterexample = tell(title, platform, (), ())
                    return found
                mended = _interferes(devices_only, _given(platform, name, self.mended), name)
                if mended is not None:
                    found.counterexample = replace(mended, title=f"{mended.title}, although the assumption is kept")
                    return found
                found.witness = found.witness or hazard
            budget.spend(1)
        return found


def _interferes(model: PrivilegeModel, platform: Platform, name: str) -> Trace | None:
    subject = platform.position(name)
    decisions = Decisions(model)
    for target in range(len(platform.domains)):
        situation = arranged(platform, (subject, target))
        for kind, _, operation, reach in interferences(model, situation, decisions):
            title = f"{name} interferes with a SafeVM through its device ({kind})"
            return told_of(model, situation, operation, reach, title)
    return None


def _only(operation: str, whole: Catalogue) -> Catalogue:
    """One operation of everything that a domain can do."""
    return Catalogue(whole.xen_commit, tuple(one for one in whole.operations if one.name == operation))


def _given(platform: Platform, name: str, device: Device) -> Platform:
    """The platform with a device assigned to a domain."""
    return replace(platform, devices=(replace(device, assigned_to=(name,)),))
