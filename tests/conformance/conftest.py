"""A small platform to try operations on, by the names of its domains."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from sphinx_xenfusa.claims.attempts import Attempt, PrivilegeModel, attempt, initial
from sphinx_xenfusa.model.effects import DomainState, Offer, Offered, Power
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.platform import Domain, Platform
from sphinx_xenfusa.model.policies import POLICIES
from sphinx_xenfusa.model.vocabulary import Capability, Criticality

SPLIT = (
    Domain("hwdom", frozenset({Capability.HARDWARE})),
    Domain("ctrldom", frozenset({Capability.CONTROL}), Criticality.SAFE),
    Domain("domu", frozenset(), Criticality.UNSAFE),
    Domain("safe_domu", frozenset(), Criticality.SAFE),
)
"""The capabilities in two domains, and two domains without any."""


class World:
    """A platform whose state follows the calls that are made."""

    def __init__(self, policy: str = "specification", domains: Iterable[Domain] = SPLIT) -> None:
        self.platform = Platform(tuple(domains))
        self.model = PrivilegeModel(catalogue(), POLICIES[policy])
        self.system = initial(self.platform)

    def call(self, caller: str, operation: str, target: str | None = None, argument: str | None = None) -> Attempt:
        """Let a domain issue an operation; by default with the first value of its argument."""
        what = self.model.catalogue.by_name[operation]
        subject = self.platform.position(caller)
        pair = (subject, subject if target is None else self.platform.position(target))
        argument = what.arguments[0] if argument is None else argument
        assert argument in what.arguments, f"{operation} has no argument {argument!r}"
        made = attempt(self.model, self.platform, self.system, pair, what, argument)
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
