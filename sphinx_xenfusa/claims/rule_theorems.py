"""The theorems about the rules themselves, and about two policies beside each other: independence, satisfiability, monotonicity.

Source: the project's semantics, "Theorems".
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import ClassVar

from sphinx_xenfusa.claims.attempts import Decisions, PrivilegeModel, arranged, attempt, tell
from sphinx_xenfusa.claims.composition import RuleBook
from sphinx_xenfusa.claims.platform_claims import MUTATED_MODULES, described
from sphinx_xenfusa.claims.scopes import (
    ASSUMPTIONS,
    MOST_DOMAINS,
    MOST_LINKS,
    SMALL,
    Shape,
    domain_kinds,
    named,
    pairs,
    scope_b,
    shapes,
    with_links,
)
from sphinx_xenfusa.claims.theorems import described_trace, platforms_of_b
from sphinx_xenfusa.explore.claim import Budget, Claim, Search, judge
from sphinx_xenfusa.explore.mutation import Reached
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import Scope, Tally, Verdict
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.platform import Device, Platform
from sphinx_xenfusa.model.policies import DUMMY, SILO
from sphinx_xenfusa.model.rules import RULES, broken_rules
from sphinx_xenfusa.model.vocabulary import Capability, DeviceKind


@dataclass(frozen=True)
class OnPaper(ABC):
    """A claim that depends on no policy: about the rules, or about two policies beside each other.

    :param id: the name part of the statement's tag.
    :param says: the claim in a sentence.
    :param words: what its scope covers beside the platforms.
    """

    id: str
    says: str
    words: str

    mutated: ClassVar[tuple[ModuleType, ...]] = MUTATED_MODULES

    @property
    def statements(self) -> tuple[str, ...]:
        """The statement of the same name."""
        return (f"XenArch~{self.id}~1",)

    @property
    def policies(self) -> tuple[str, ...]:
        """None: the claim depends on no policy."""
        return ()

    @property
    @abstractmethod
    def scope(self) -> Scope:
        """What is enumerated."""

    @property
    def sources(self) -> tuple[Path, ...]:
        """Nothing beside this package."""
        return ()

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        """Search; there is no policy to search under."""
        mutants = Reached(self.mutated, lambda: self.search(None, budget, small=True))
        return judge(self, None, self, None, mutants, budget)

    @abstractmethod
    def search(self, model: None, budget: Budget, *, small: bool) -> Search:
        """Search the scope, or enough of it to tell mutants apart."""


def counted(words: str, number: int, name: str = "platforms") -> Scope:
    """A scope of a shape of its own, whose number is what its enumeration gives."""
    return Scope(name, words, number, None, (ASSUMPTIONS[0],))


# --- independence ---------------------------------------------------------------------------------------------------


def described_platforms() -> Iterator[Platform]:
    """Platforms of one or two domains with safety tasks, at most one VirtIO link, and devices in right and in wrong hands."""
    kinds = domain_kinds(safety_tasks=True)
    for size in (1, SMALL):
        for chosen in itertools.combinations_with_replacement(kinds, size):
            yield from _with_devices(named(chosen))


_LINKS = tuple(((0, 1, grants, nonblocking),) for grants, nonblocking in itertools.product((False, True), repeat=2))


def _with_devices(platform: Platform) -> Iterator[Platform]:
    names = tuple(domain.name for domain in platform.domains)
    yield platform
    yield replace(platform, devices=(Device("timer", names[:1], kind=DeviceKind.TIMER),))
    if len(names) == SMALL:
        yield replace(platform, devices=(Device("device", names),))
        for edges in _LINKS:
            linked = with_links(platform, edges)
            yield linked
            yield replace(linked, devices=tuple(replace(one, assigned_to=names[1:]) for one in linked.devices))


@dataclass(frozen=True)
class Independence(OnPaper):
    """Each rule is broken by some platform that breaks no other."""

    @property
    def scope(self) -> Scope:
        """Small platforms are enough to show that something exists."""
        words = (
            "all platforms of 1 or 2 domains (capabilities × criticality × safety task) with at most one VirtIO link, from the "
            f"first to the second, and devices in right and in wrong hands; {self.words}"
        )
        return counted(words, sum(1 for _ in described_platforms()))

    def search(self, model: None, budget: Budget, *, small: bool) -> Search:
        """Every platform, until each rule has one of its own; and all of them, for the numbers."""
        found = Search()
        alone: Counter[str] = Counter()
        traces: dict[str, Trace] = {}
        for platform in described_platforms():
            found.cases += 1
            broken = broken_rules(platform)
            if len(broken) == 1:
                alone[broken[0]] += 1
                traces.setdefault(broken[0], described_devices(platform, f"breaks {broken[0]}, and no other rule"))
            budget.spend(1)
        for rule in RULES:
            if rule.name not in alone:
                found.counterexample = Trace(f"no platform breaks {rule.name} alone", (("rule", rule.says),), ())
                return found
        found.relevant = alone.total()
        found.witness = traces[RULES[0].name]
        found.tallies = tuple(
            Tally(rule.name, f"break this rule alone ({rule.category})", alone[rule.name], traces[rule.name])
            for rule in RULES
        )
        return found


def described_devices(platform: Platform, title: str) -> Trace:
    """A platform with its devices and links, without a step."""
    links = tuple((f"{one.backend} serves {one.frontend}", str(one.device)) for one in platform.links)
    tasks = tuple((one.name, "runs a safety-critical task") for one in platform.domains if one.safety_tasks)
    return Trace(title, (*described(platform), *tasks, *links), ())


# --- satisfiability -------------------------------------------------------------------------------------------------

Held = tuple[tuple[str, ...], ...]
"""The capabilities of each domain of a platform, sorted."""


@dataclass(frozen=True)
class Satisfiability(OnPaper):
    """Every combination of capabilities that has no two holders of one has an accepted platform, also with a link of any kind."""

    @property
    def scope(self) -> Scope:
        """Scope B."""
        return platforms_of_b(self.words, (ASSUMPTIONS[0],))

    def search(self, model: None, budget: Budget, *, small: bool) -> Search:
        """The rules on every platform; then every combination, without a link and with one of every choice of extensions."""
        found = Search()
        rules = RuleBook()
        wanted: dict[tuple[Held, tuple[tuple[bool, bool], ...]], Shape] = {}
        accepted: Counter[Held] = Counter()
        shown: dict[Held, Shape] = {}
        for shape in shapes(SMALL, 1) if small else shapes(MOST_DOMAINS, MOST_LINKS):
            found.cases += 1
            held = tuple(sorted(tuple(sorted(str(one) for one in kind.capabilities)) for kind in shape.kinds))
            if any(sum(one in capabilities for capabilities in held) > 1 for one in Capability):
                continue
            key = (held, tuple(sorted(edge[2:] for edge in shape.edges)))
            if len(shape.edges) <= 1:
                wanted.setdefault(key, shape)
            if not rules.broken(shape):
                accepted[held] += 1
                shown.setdefault(held, shape)
                if key in wanted:
                    wanted[key] = _ACCEPTED
            budget.spend(1)
        for (held, _), shape in wanted.items():
            if shape is not _ACCEPTED:
                title = f"no platform of {capabilities_words(held)} is accepted with these links"
                found.counterexample = described_trace(shape, title)
                return found
        found.relevant = len(wanted)
        found.witness = described_trace(next(iter(shown.values())), "the smallest platform that is accepted")
        found.tallies = tuple(
            Tally(capabilities_words(held), "accepted platforms", number, _exemplary(shown[held]))
            for held, number in accepted.items()
        )
        return found


_ACCEPTED = Shape((), ())
"""In place of a platform, once one is accepted."""


def _exemplary(shape: Shape) -> Trace:
    return described_trace(shape, "accepted: it breaks no rule")


def capabilities_words(held: Held) -> str:
    """Which capabilities the domains of a platform hold, in words."""
    times = Counter(" and ".join(one) or "no capability" for one in held)
    return ", ".join(f"{number} × {words}" for words, number in times.items())


# --- monotonicity ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Monotonicity(OnPaper):
    """What the policy "silo" lets through, "dummy" lets through."""

    @property
    def scope(self) -> Scope:
        """Scope B."""
        return scope_b(self.words)

    def search(self, model: None, budget: Budget, *, small: bool) -> Search:
        """Every operation on every pair of domains, under the two."""
        found = Search()
        silo, dummy = (PrivilegeModel(catalogue(), policy) for policy in (SILO, DUMMY))
        strict, lax = Decisions(silo), Decisions(dummy)
        allowed = both = 0
        for one in pairs(SMALL if small else MOST_DOMAINS, 1 if small else MOST_LINKS):
            situation = arranged(one.platform, (one.subject, one.target))
            for (behaviour, there), (_, here) in zip(strict.of(situation), lax.of(situation), strict=True):
                found.cases += behaviour.count
                both += behaviour.count * here.allowed
                allowed += behaviour.count * there.allowed
                found.relevant += behaviour.count * there.allowed
                wrong = there.allowed and not here.allowed
                differs = here.allowed and not there.allowed and found.witness is None
                if wrong or differs:
                    operation = behaviour.operation
                    made = [
                        attempt(
                            one_model, one.platform, situation.start, situation.pair, operation, operation.arguments[0]
                        )
                        for one_model in (dummy, silo)
                    ]
                    which = "silo allows what dummy denies" if wrong else "dummy allows what silo denies"
                    trace = tell(
                        f"{which}: {operation.name}", one.platform, ("first under dummy, then under silo",), made
                    )
                    if wrong:
                        found.counterexample = trace
                        return found
                    found.witness = trace
            budget.spend(1)
        found.tallies = (
            Tally("dummy", "operations let through, over all pairs of domains that look different", both),
            Tally("silo", "of these let through as well", allowed),
        )
        return found


CLAIMS: tuple[Claim, ...] = (
    Independence(
        "independence",
        "Each rule is broken by some platform that breaks no other rule: none of them follows from the others.",
        "every rule on each",
    ),
    Satisfiability(
        "satisfiability",
        "Every combination of capabilities with at most one Hardware Domain and one Control Domain has an accepted platform: "
        "without a link, and where there are two domains with a link of every choice of extensions.",
        "the rules on each",
    ),
    Monotonicity(
        "monotonicity",
        "Whatever the policy silo lets a domain do, the policy dummy lets it do as well.",
        "every operation under both policies",
    ),
)
