"""The claims that a capability has one holder: the rule, what it guards, and whether a platform that breaks it comes up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sphinx_xenfusa.claims.attempts import PrivilegeModel
from sphinx_xenfusa.claims.platform_claims import PlatformUnderPolicy, described, starts_the_platform
from sphinx_xenfusa.claims.scopes import MOST_DOMAINS, SMALL, platforms, scope_a
from sphinx_xenfusa.explore.claim import Budget, Search
from sphinx_xenfusa.explore.trace import Change, Step, Trace
from sphinx_xenfusa.explore.verdict import Scope
from sphinx_xenfusa.model.boot import BootAction, BootStep, boot, comes_up
from sphinx_xenfusa.model.platform import Platform
from sphinx_xenfusa.model.policies import Policy
from sphinx_xenfusa.model.rules import rule
from sphinx_xenfusa.model.vocabulary import Capability


@dataclass(frozen=True)
class SingleHolder(PlatformUnderPolicy):
    """At most one domain holds a capability.

    Three things on every platform.  The rule rejects it exactly if there are several holders.  What the rule guards is ambiguous
    exactly then.  Under the policy no two of them are ever created, and a platform that is refused for this rule has several.

    :param capability: what at most one domain holds.
    :param guarded: what the rule guards, as the domains that have it; more than one makes it ambiguous.
    :param lost: what two of them mean, as it ends a sentence.
    """

    capability: Capability
    guarded: Callable[[Platform], frozenset[str]]
    lost: str

    @property
    def scope(self) -> Scope:
        """Scope A."""
        return scope_a(self.words)

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Every platform: the rule, what it guards, the boot."""
        found = Search()
        for platform in platforms(SMALL if small else MOST_DOMAINS):
            found.cases += 1
            several = sum(self.capability in domain.capabilities for domain in platform.domains) > 1
            steps = boot(platform, model.policy.switches)
            wrong = self._wrong_on_paper(platform, several) or self._wrong_at_boot(platform, steps, several)
            if wrong is not None:
                found.counterexample = started(wrong, platform, steps, model.policy)
                return found
            if several:
                found.relevant += 1
                if found.witness is None:
                    title = f"A platform that {self.id} rejects: {self.lost}; it does not come up"
                    found.witness = started(title, platform, steps, model.policy)
            budget.spend(1)
        return found

    def _wrong_on_paper(self, platform: Platform, several: bool) -> str | None:
        which = "several" if several else "at most one"
        if bool(rule(self.id).broken_by(platform)) is not several:
            return f"{self.id} {'accepts' if several else 'rejects'} a platform with {which}"
        if (len(self.guarded(platform)) > 1) is not several:
            return f"what {self.id} guards is {'unambiguous' if several else 'ambiguous'} nevertheless"
        return None

    def _wrong_at_boot(self, platform: Platform, steps: tuple[BootStep, ...], several: bool) -> str | None:
        created = [platform.domains[step.domain] for step in steps if step.action is BootAction.CREATE]
        if sum(self.capability in domain.capabilities for domain in created) > 1:
            return f"a platform that {self.id} rejects is started: {self.lost}"
        if several and comes_up(steps):
            return f"a platform that {self.id} rejects comes up"
        if not several and any(step.rule == self.id for step in steps):
            return f"a platform with at most one is refused for {self.id}"
        return None


def started(title: str, platform: Platform, steps: tuple[BootStep, ...], policy: Policy) -> Trace:
    """The trace of a boot."""
    party = starts_the_platform(policy)
    return Trace(title, described(platform), tuple(_told(platform, step, party) for step in steps))


def _told(platform: Platform, step: BootStep, party: str) -> Step:
    name = platform.domains[step.domain].name
    if step.action is BootAction.CREATE:
        outcome, changed = "created", Change(f"{name}: life-cycle", "described", "created")
    else:
        outcome = f"refused: {step.rule or 'a second xenstore domain'}"
        changed = Change("platform: power", "starting", "does not come up")
    return Step(party, step.action.value, (("domain", name),), outcome, (changed,), step.source)
