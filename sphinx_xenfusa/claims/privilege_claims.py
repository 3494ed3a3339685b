"""The forms that claims about privileges take.  Each form is one search over platforms, pairs of domains and operations.

Every form runs under a policy.  Its mutants are those of the decision, the effects, the rules and the relation that its
small search reaches, and flips of the catalogue's cell that the policy's decision reads.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from sphinx_xenfusa.claims.attempts import (
    Arrangement,
    Attempt,
    Behaviour,
    PrivilegeModel,
    Situation,
    attempt,
    carried_out,
    decide,
    situations,
    step,
    takes,
    tell,
)
from sphinx_xenfusa.claims.scopes import scope_a
from sphinx_xenfusa.explore.claim import Budget, Search, judge
from sphinx_xenfusa.explore.mutation import CodeMutant, mutants_reached
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import MutantReport, Scope, Verdict
from sphinx_xenfusa.model import decision, effects, policies, rules
from sphinx_xenfusa.model.decision import Decision
from sphinx_xenfusa.model.effects import affected_without_consent, touched
from sphinx_xenfusa.model.operations import Action, ActsOn, Catalogue, Operation, catalogue
from sphinx_xenfusa.model.platform import Domain, Platform
from sphinx_xenfusa.model.policies import POLICIES
from sphinx_xenfusa.model.vocabulary import Capability

MUTATED_MODULES = (decision, effects, policies, rules)


class Subjects(StrEnum):
    """The domains that a claim is about."""

    DOMU = "DomU"
    HARDWARE_ONLY = "Hardware Domain"
    NOT_CONTROL = "domain without control"

    def contain(self, domain: Domain) -> bool:
        """Whether a domain is one of them."""
        if self is Subjects.DOMU:
            return not domain.capabilities
        if self is Subjects.HARDWARE_ONLY:
            return domain.capabilities == frozenset({Capability.HARDWARE})
        return not domain.has(Capability.CONTROL)


@dataclass(frozen=True)
class CellMutant:
    """A cell of the catalogue with another value.

    :param needed: operations that the search needs beside the changed one (those of its witness); the rest is left out,
        because an operation that did not change is judged as before.
    """

    operation: Operation
    changed: Operation
    column: str
    needed: tuple[Operation, ...]

    @property
    def report(self) -> MutantReport:
        """The cell, before and after."""
        before, after = (str(getattr(one, self.column)) for one in (self.operation, self.changed))
        return MutantReport(f"catalogue.toml {self.operation.name}", f"flip cell {self.column}", before, after)

    @contextlib.contextmanager
    def applied(self, model: PrivilegeModel) -> Iterator[PrivilegeModel]:
        """The model with the changed cell."""
        kept = tuple(one for one in self.needed if one.name != self.operation.name)
        yield PrivilegeModel(Catalogue(model.catalogue.xen_commit, (self.changed, *kept)), model.policy)


def cell_mutants(model: PrivilegeModel, needed: frozenset[str]) -> Iterator[CellMutant]:
    """Every other value of the cell that the policy's decision reads: the hook's default action, or whose state it is.

    One mutant for all operations that the model does not tell apart.
    """
    column, values = ("acts_on", tuple(ActsOn)) if model.policy.name == "specification" else ("action", tuple(Action))
    beside = tuple(one for one in model.catalogue.operations if one.name in needed)
    for behaviour in model.behaviours:
        for value in values:
            if value is not getattr(behaviour.operation, column):
                cell: dict[str, Any] = {column: value}
                changed = replace(behaviour.operation, **cell)
                yield CellMutant(behaviour.operation, changed, column, beside)


@dataclass(frozen=True)
class PrivilegeClaim(ABC):
    """A claim about who may do what.

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
    def scope(self) -> Scope:
        """Scope A."""
        return scope_a(self.words)

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
        return judge(self, policy, self, model, self._mutants(model, budget), budget)

    def _mutants(self, model: PrivilegeModel, budget: Budget) -> Iterator[CellMutant | CodeMutant]:
        """Generated lazily: they are wanted only when the claim holds."""
        found: list[Search] = []
        yield from mutants_reached(MUTATED_MODULES, lambda: found.append(self.search(model, budget, small=True)))
        witness = found[0].witness
        needed = frozenset(one.action for one in witness.steps) if witness else frozenset[str]()
        yield from cell_mutants(model, needed)

    @abstractmethod
    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Search the scope, or the platforms of at most two domains."""


Harm = tuple[Arrangement, str]
"""From where, and with which argument, an operation does what must not be done."""


def would_affect(model: PrivilegeModel, situation: Situation, operation: Operation) -> Harm | None:
    """From where and with which argument the operation, if it were let through, would affect somebody else.

    ``None`` when there is no such state and argument.  The system state is what tells, not the catalogue.  Not every harm can
    be done from the initial state: only a paused domain can be unpaused.
    """
    for arrangement in situation.arrangements:
        for argument in operation.arguments:
            after, _ = step(model, arrangement.system, situation.pair, operation, argument)
            if affected_without_consent(touched(arrangement.system, after), situation.pair[0]):
                return arrangement, argument
    return None


def harmful_attempts(
    model: PrivilegeModel, situation: Situation, found: Search
) -> Iterator[tuple[Behaviour, Harm, Attempt]]:
    """Every operation that would affect somebody else if it were let through, tried by the subject from where it would.

    Every operation counts as a case of the search, harmful or not.
    """
    for behaviour in model.behaviours:
        if takes(behaviour.operation, situation.pair):
            found.cases += behaviour.count
            harm = would_affect(model, situation, behaviour.operation)
            if harm is not None:
                arrangement, argument = harm
                operation = behaviour.operation
                made = attempt(model, situation.platform, arrangement.system, situation.pair, operation, argument)
                yield behaviour, harm, made


def denial(model: PrivilegeModel, situation: Situation, operation: Operation, harm: Harm, title: str) -> Trace:
    """A denied attempt; where the platform has a Control Domain, it then does the same and shows what it does."""
    platform, (subject, target) = situation.platform, situation.pair
    arrangement, argument = harm
    made = [attempt(model, platform, arrangement.system, situation.pair, operation, argument)]
    for position in platform.holders(Capability.CONTROL):
        if position not in (subject, target):
            pair = (position, position if subject == target else target)
            again = attempt(model, platform, arrangement.system, pair, operation, argument)
            if again.touches:
                made.append(again)
                title = f"{title}, and the same operation issued by the Control Domain"
                break
    return tell(title, platform, arrangement.told, made)


@dataclass(frozen=True)
class NothingBeyond(PrivilegeClaim):
    """No operation that is allowed to such a domain does what it must not.

    From every arrangement of the two domains, every operation with every argument is tried.

    :param subjects: which domains the claim is about.
    :param forbidden: what they must not do, as it ends a sentence.
    """

    subjects: Subjects
    forbidden: str = "affects another domain or the platform without its consent"

    def violates(self, made: Attempt) -> bool:
        """Whether an attempt did what such a domain must not do."""
        return bool(affected_without_consent(made.touches, made.subject))

    def matters(self, model: PrivilegeModel, situation: Situation, operation: Operation) -> Harm | None:
        """From where and with which argument the operation, if let through, would violate the claim; ``None`` if it cannot."""
        return would_affect(model, situation, operation)

    def includes(self, platform: Platform) -> bool:
        """Whether the claim is about this platform."""
        return True

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Try everything that is allowed; count what was denied and would have mattered."""
        found = Search()
        for situation in situations(small=small):
            if not self.includes(situation.platform) or not self.subjects.contain(situation.subject):
                continue
            for behaviour in model.behaviours:
                if takes(behaviour.operation, situation.pair):
                    self._try(model, situation, behaviour, found)
                    if found.counterexample is not None:
                        return found
            budget.spend(1)
        return found

    def _try(self, model: PrivilegeModel, situation: Situation, behaviour: Behaviour, found: Search) -> None:
        operation = behaviour.operation
        decision = decide(model, situation.platform, situation.pair, operation)
        if decision.allowed:
            self._try_allowed(model, situation, behaviour, decision, found)
            return
        found.cases += behaviour.count
        self.note_denied(model, situation, behaviour, found)

    def note_denied(self, model: PrivilegeModel, situation: Situation, behaviour: Behaviour, found: Search) -> None:
        """What was denied and would have violated the claim could have refuted it."""
        operation = behaviour.operation
        harm = self.matters(model, situation, operation)
        if harm is None:
            return
        found.relevant += behaviour.count
        if found.witness is None or len(found.witness.steps) == 1:
            candidate = denial(model, situation, operation, harm, f"{self.subjects}: a denied operation")
            if found.witness is None or len(candidate.steps) > 1:
                found.witness = candidate

    def note_allowed(self, behaviour: Behaviour, arrangement: Arrangement, made: Attempt, found: Search) -> None:
        """What was allowed counts when it violates the claim, and not before."""

    def _try_allowed(
        self, model: PrivilegeModel, situation: Situation, behaviour: Behaviour, decision: Decision, found: Search
    ) -> None:
        operation = behaviour.operation
        for arrangement in situation.arrangements:
            for argument in operation.arguments:
                made = carried_out(
                    model, situation.platform, arrangement.system, situation.pair, operation, argument, decision
                )
                found.cases += behaviour.count
                self.note_allowed(behaviour, arrangement, made, found)
                if self.violates(made):
                    found.relevant += behaviour.count
                    title = f"{situation.subject.name} issues {operation.name}, which {self.forbidden}"
                    found.counterexample = tell(title, situation.platform, arrangement.told, [made])
                    return


@dataclass(frozen=True)
class AllowedIsConfined(NothingBeyond):
    """As :class:`NothingBeyond`, about what is allowed: that is what counts, and what the witness shows."""

    def note_denied(self, model: PrivilegeModel, situation: Situation, behaviour: Behaviour, found: Search) -> None:
        """What is denied has no effect that could reach too far."""

    def note_allowed(self, behaviour: Behaviour, arrangement: Arrangement, made: Attempt, found: Search) -> None:
        """An allowed attempt that changed something could have reached too far; the witness uses what another domain offers."""
        if not made.touches or self.violates(made):
            return
        found.relevant += behaviour.count
        if found.witness is None and any(touch.owner != made.subject for touch in made.touches):
            names = [made.platform.domains[position].name for position in (made.subject, made.target)]
            title = f"{names[0]} uses what {names[1]} offers it, and changes nothing else of another domain"
            found.witness = tell(title, made.platform, arrangement.told, [made])
