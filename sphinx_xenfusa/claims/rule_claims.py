"""Claims about systems of rules: one or several properties, searched one after the other, with the mutants of the rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sphinx_xenfusa.claims.rule_properties import LIMITS, AnySystem, Property
from sphinx_xenfusa.explore.claim import Budget, Search, judge
from sphinx_xenfusa.explore.compiler import compile_system
from sphinx_xenfusa.explore.engines.numpy_engine import NumpyEngine
from sphinx_xenfusa.explore.rule_mutants import UNCHANGED, RuleMutants, Sources
from sphinx_xenfusa.explore.verdict import Scope, Verdict
from sphinx_xenfusa.model.policies import POLICIES, Policy


@dataclass(frozen=True)
class Assumption:
    """Something that a system takes for granted, and the same system without it.

    :param words: the assumption, as a reader sees it.
    :param dropped: the system without it: as many states say that the assumption changes nothing.
    """

    words: str
    dropped: AnySystem


@dataclass(frozen=True)
class RuleClaim:
    """A claim that no policy matters to: it holds when each of its properties does.

    A hazard is claimed as a state that can be reached, a mitigation as the same state that cannot be reached with it: both
    belong into one claim, so that the mitigation is shown to be what makes the difference.

    :param id: the claim's name.
    :param says: the claim in a sentence.
    :param words: what its scope covers: the bounds, in words.
    :param properties: what has to hold; the first one's witness is shown.
    :param assumptions: what is taken for granted.
    :param tags: the tags of the statements that it confirms; by default the one of the same name.
    :param telling: those of the properties that are enough to tell mutants apart, where searching all takes long.
    """

    id: str
    says: str
    words: str
    properties: tuple[Property, ...]
    assumptions: tuple[Assumption, ...] = ()
    tags: tuple[str, ...] | None = None
    telling: tuple[Property, ...] = ()

    @property
    def statements(self) -> tuple[str, ...]:
        """The tags of the statements that it confirms."""
        return (f"XenArch~{self.id}~1",) if self.tags is None else self.tags

    @property
    def policies(self) -> tuple[str, ...]:
        """None matters."""
        return ()

    @property
    def scope(self) -> Scope:
        """All reachable states of the systems."""
        return rule_scope(self.words, self.assumptions)

    @property
    def sources(self) -> tuple[Path, ...]:
        """Nothing beside this package."""
        return ()

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        """Search for each property, and judge."""
        searched = PropertySearch(self.properties, self.assumptions, self.telling)
        return judge(self, policy, searched, UNCHANGED, searched.mutants, budget)


@dataclass(frozen=True)
class PolicyRuleClaim:
    """The same for a claim that a policy matters to.

    :param properties: what has to hold under a policy; some of its divergences may be repaired.
    """

    id: str
    says: str
    words: str
    properties: Callable[[Policy], tuple[Property, ...]]
    tags: tuple[str, ...] | None = None
    policies: tuple[str, ...] = tuple(POLICIES)

    @property
    def statements(self) -> tuple[str, ...]:
        """The tags of the statements that it confirms."""
        return (f"XenArch~{self.id}~1",) if self.tags is None else self.tags

    @property
    def scope(self) -> Scope:
        """All reachable states of the systems."""
        return rule_scope(self.words, ())

    @property
    def sources(self) -> tuple[Path, ...]:
        """Nothing beside this package."""
        return ()

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        """Search for each property under the policy, and judge.

        :raises KeyError: the policy is none of the model's.
        """
        if policy is None:
            raise KeyError(f"{self.id} depends on the policy; none was given")
        searched = PropertySearch(self.properties(POLICIES[policy].repaired(repaired)))
        return judge(self, policy, searched, UNCHANGED, searched.mutants, budget)


def rule_scope(words: str, assumptions: tuple[Assumption, ...]) -> Scope:
    """The scope of a claim about rules."""
    return Scope("rules", words, 0, None, tuple(one.words for one in assumptions))


@dataclass(frozen=True)
class PropertySearch:
    """The search of a claim that consists of properties: it ends at the first one that is refuted or that nothing shows."""

    properties: tuple[Property, ...]
    assumptions: tuple[Assumption, ...] = ()
    telling: tuple[Property, ...] = ()

    @property
    def mutants(self) -> RuleMutants:
        """The mutants of all rules of all systems."""
        return RuleMutants(tuple(one.system for one in self.properties))

    def search(self, model: Sources, budget: Budget, *, small: bool) -> Search:
        """Examine one property after the other."""
        found = Search()
        for one in self.telling if small and self.telling else self.properties:
            examined = one.examine(model, budget)
            found.cases += examined.explored.states
            found.relevant += examined.relevant
            found.explored.append(examined.explored)
            if examined.counterexample is not None:
                found.counterexample = examined.counterexample
                return found
            if examined.witness is None:
                # What nothing shows is vacuous, whatever the other properties say.
                found.witness = None
                return found
            found.witness = found.witness or examined.witness
        if self.assumptions and not model and found.explored:
            dropped = tuple((one.words, _states(one.dropped)) for one in self.assumptions)
            found.explored[0] = replace(found.explored[0], dropped=dropped)
        return found


def _states(system: AnySystem) -> int:
    return NumpyEngine().explore(compile_system(system), (), LIMITS).states
