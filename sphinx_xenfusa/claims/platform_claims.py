"""What the claims about the description of a platform share: a run under a policy, mutants, how their traces begin."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from sphinx_xenfusa.claims.attempts import PrivilegeModel
from sphinx_xenfusa.explore.claim import Budget, Search, judge
from sphinx_xenfusa.explore.mutation import Reached
from sphinx_xenfusa.explore.verdict import Scope, Verdict
from sphinx_xenfusa.model import boot, decision, devices, policies, vocabulary
from sphinx_xenfusa.model import platform as platform_module
from sphinx_xenfusa.model import rules as rules_module
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.platform import Device, Platform
from sphinx_xenfusa.model.policies import POLICIES, SPECIFICATION, Policy
from sphinx_xenfusa.model.vocabulary import DeviceKind

MUTATED_MODULES: tuple[ModuleType, ...] = (
    vocabulary,
    platform_module,
    devices,
    boot,
    rules_module,
    decision,
    policies,
)


def starts_the_platform(policy: Policy) -> str:
    """Who acts when a platform starts: Xen, or a Xen that does as the document says and nothing else."""
    return "Xen by the document" if policy.name == SPECIFICATION.name else "Xen"


def device_words(device: Device) -> str:
    """A device as it is described."""
    words = [f"{device.kind}"]
    if device.kind is DeviceKind.UART:
        words.append("used by Xen" if device.used_by_xen else "not used by Xen")
    words.append(f"assigned to {' and '.join(device.assigned_to) or 'nobody'}")
    return ", ".join(words)


def described(platform: Platform) -> tuple[tuple[str, str], ...]:
    """The initial state of a trace about a platform that does not run yet."""
    domains = (
        (domain.name, f"{' and '.join(sorted(domain.roles))}, {domain.criticality}") for domain in platform.domains
    )
    return (*domains, *((device.name, device_words(device)) for device in platform.devices))


@dataclass(frozen=True)
class PlatformUnderPolicy(ABC):
    """A claim about the description of a platform and what a policy makes of it.

    :param id: the name part of the statement's tag.
    :param says: the claim in a sentence.
    :param words: what its scope covers beside the platforms.
    """

    id: str
    says: str
    words: str

    @property
    def statements(self) -> tuple[str, ...]:
        """The statement of the same name."""
        return (f"XenArch~{self.id}~1",)

    @property
    def policies(self) -> tuple[str, ...]:
        """Every policy of the model."""
        return tuple(POLICIES)

    @property
    @abstractmethod
    def scope(self) -> Scope:
        """What is enumerated."""

    @property
    def sources(self) -> tuple[Path, ...]:
        """Nothing beside this package."""
        return ()

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        """Search under the policy, with some of its divergences switched off.

        :raises KeyError: the policy is none of the model's.
        """
        if policy is None:
            raise KeyError(f"{self.id} depends on the policy; none was given")
        model = PrivilegeModel(catalogue(), POLICIES[policy].repaired(repaired))
        mutants = Reached(MUTATED_MODULES, lambda: self.search(model, budget, small=True))
        return judge(self, policy, self, model, mutants, budget)

    @abstractmethod
    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Search the scope, or the platforms of at most two domains."""
