"""The claim about the xenstore domain: by its roles a DomU, and what is said of a DomU is said of it as well.

The document does not know the xenstore domain.  All other claims about privileges are over platforms without one; here exactly
one DomU of each platform is it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from sphinx_xenfusa.claims.attempts import PrivilegeModel, Situation, arranged
from sphinx_xenfusa.claims.privilege_claims import AllowedIsConfined, Subjects
from sphinx_xenfusa.claims.scopes import ASSUMPTIONS, MOST_DOMAINS, burnside, domain_kinds, platforms
from sphinx_xenfusa.explore.verdict import Scope
from sphinx_xenfusa.model.platform import Platform

_NAME = "xenstore"


def as_xenstore(platform: Platform, position: int) -> Platform:
    """The platform with one of its domains made the xenstore domain; for platforms without links."""
    domains = list(platform.domains)
    domains[position] = replace(domains[position], name=_NAME, xenstore=True)
    return replace(platform, domains=tuple(domains))


def platforms_with_xenstore(most: int) -> Iterator[Platform]:
    """All platforms of 1 to ``most`` domains without links of which one DomU is the xenstore domain, symmetric ones once."""
    for platform in platforms(most):
        kinds = [(domain.criticality, domain.capabilities) for domain in platform.domains]
        for position, domain in enumerate(platform.domains):
            if not domain.capabilities and kinds[position] not in kinds[:position]:
                yield as_xenstore(platform, position)


@functools.cache
def _scope(words: str) -> Scope:
    """The platforms of scope A on which one DomU is the xenstore domain.

    Counted a second time as a xenstore domain of either criticality, alone or beside a platform of one domain less.
    """
    plain = [kind for kind in domain_kinds(safety_tasks=False) if not kind.capabilities]
    beside = 1 + burnside(len(domain_kinds(safety_tasks=False)), MOST_DOMAINS - 1)
    return Scope(
        name="A with a xenstore domain",
        words=f"all platforms of 1 to {MOST_DOMAINS} domains (capabilities × criticality) of which one DomU is the xenstore "
        f"domain; {words}",
        platforms=sum(1 for _ in platforms_with_xenstore(MOST_DOMAINS)),
        recount=len(plain) * beside,
        assumptions=(*ASSUMPTIONS[:2], ASSUMPTIONS[3]),
    )


@dataclass(frozen=True)
class XenstoreIsConfined(AllowedIsConfined):
    """What is said of every DomU, of one that is the xenstore domain."""

    with_links: ClassVar[bool] = False

    @property
    def statements(self) -> tuple[str, ...]:
        """The statement about every DomU."""
        return ("XenArch~domu_affects_itself_only~1",)

    @property
    def scope(self) -> Scope:
        """Scope A with a xenstore domain."""
        return _scope(self.words)

    def situations(self, model: PrivilegeModel, *, small: bool) -> tuple[Situation, ...]:
        """The pairs of domains of which the first is a DomU, with that made the xenstore domain."""
        return tuple(_told_apart(one) for one in super().situations(model, small=small) if Subjects.DOMU.contain(one))


@functools.cache
def _told_apart(situation: Situation) -> Situation:
    return arranged(as_xenstore(situation.platform, situation.pair[0]), situation.pair)
