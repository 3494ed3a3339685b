"""The forms that claims about privileges take.  Each form is one search over platforms, pairs of domains and operations.

Every form runs under a policy.  Its mutants are those of the decision, the effects, the rules and the relation that its
small search reaches, and flips of the catalogue's cell that the policy's decision reads.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from sphinx_xenfusa.claims.attempts import (
    Behaviour,
    Decisions,
    PrivilegeModel,
    Reach,
    Situation,
    attempt,
    reaches,
    situations,
    tell,
    tries,
)
from sphinx_xenfusa.claims.scopes import scope_a, scope_b
from sphinx_xenfusa.explore.claim import Budget, Search, judge
from sphinx_xenfusa.explore.mutation import CodeMutant, mutants_named, mutants_reached
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import MutantReport, Scope, Verdict
from sphinx_xenfusa.model import decision as decision_module
from sphinx_xenfusa.model import devices, effects, memory, policies, rules
from sphinx_xenfusa.model.decision import Decision
from sphinx_xenfusa.model.effects import affected_without_consent
from sphinx_xenfusa.model.grants import mapping, pinning
from sphinx_xenfusa.model.operations import Action, ActsOn, Catalogue, Operation, catalogue
from sphinx_xenfusa.model.platform import Platform
from sphinx_xenfusa.model.policies import POLICIES
from sphinx_xenfusa.model.vocabulary import Capability

_CATALOGUE = "catalogue.toml"
MUTATED_MODULES = (decision_module, devices, effects, policies, rules, memory, mapping, pinning)


class Subjects(StrEnum):
    """The domains that a claim is about."""

    DOMU = "DomU"
    HARDWARE_ONLY = "Hardware Domain"
    NOT_CONTROL = "domain without control"
    UNPRIVILEGED = "unprivileged domain"
    BACKEND = "backend without control"

    def contain(self, situation: Situation) -> bool:
        """Whether the domain that tries is one of them.

        What is said of a DomU and of the Hardware Domain is said of those that run no VirtIO backend (a finding of the document:
        a backend has privileges that its role has not).  A backend whose links all have both extensions is unprivileged.
        """
        domain = situation.subject
        if domain.has(Capability.CONTROL):
            return False
        if self is Subjects.DOMU:
            return not domain.capabilities and not situation.runs_backend
        if self is Subjects.HARDWARE_ONLY:
            return domain.has(Capability.HARDWARE) and not situation.runs_backend
        if self is Subjects.UNPRIVILEGED:
            return not situation.needs_privileges
        if self is Subjects.BACKEND:
            return situation.runs_backend
        return True


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
        return MutantReport(f"{_CATALOGUE} {self.operation.name}", f"flip cell {self.column}", before, after)

    @contextlib.contextmanager
    def applied(self, model: PrivilegeModel) -> Iterator[PrivilegeModel]:
        """The model with the changed cell."""
        kept = tuple(one for one in self.needed if one.name != self.operation.name)
        yield PrivilegeModel(Catalogue(model.catalogue.xen_commit, (self.changed, *kept)), model.policy)


_READ_BY = {"specification": "acts_on", "proposed": "proposed_action"}
"""The column of the catalogue that a policy's decision reads, where it is not the hook's default action."""


def cell_mutants(model: PrivilegeModel, needed: frozenset[str]) -> Iterator[CellMutant]:
    """Every other value of the cell that the policy's decision reads: the hook's default action, or whose state it is.

    One mutant for all operations that the model does not tell apart.
    """
    column = _READ_BY.get(model.policy.name, "action")
    values: tuple[StrEnum, ...] = tuple(ActsOn)
    if column != "acts_on":
        values = tuple(one for one in Action if one is not Action.HW_PRIV or column == "proposed_action")
    beside = tuple(one for one in model.catalogue.operations if one.name in needed)
    for behaviour in model.behaviours:
        for value in values:
            if value is not getattr(behaviour.operation, column):
                cell: dict[str, Any] = {column: value}
                changed = replace(behaviour.operation, **cell)
                yield CellMutant(behaviour.operation, changed, column, beside)


@dataclass(frozen=True)
class PrivilegeMutants:
    """The mutants of the functions that a small search reaches, then those of the catalogue; made when they are asked for.

    :param search: the small search on the model.
    """

    model: PrivilegeModel
    search: Callable[[], Search]

    def __iter__(self) -> Iterator[CellMutant | CodeMutant]:
        """All of them."""
        found: list[Search] = []
        yield from mutants_reached(MUTATED_MODULES, lambda: found.append(self.search()))
        yield from self._cells(found[0])

    def named(self, report: MutantReport) -> Iterator[CellMutant | CodeMutant]:
        """Those that a report names."""
        if report.where.startswith(_CATALOGUE):
            yield from (one for one in self._cells(self.search()) if one.report == report)
        else:
            yield from mutants_named(MUTATED_MODULES, report)

    def _cells(self, found: Search) -> Iterator[CellMutant]:
        witness = found.witness
        needed = frozenset(one.action for one in witness.steps) if witness else frozenset[str]()
        return cell_mutants(self.model, needed)


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

    with_links: ClassVar[bool] = True
    """Whether the scope has platforms with VirtIO links."""

    @property
    def scope(self) -> Scope:
        """Scope B, or scope A for a claim about platforms without links."""
        return scope_b(self.words) if self.with_links else scope_a(self.words)

    def situations(self, model: PrivilegeModel, *, small: bool) -> tuple[Situation, ...]:
        """The pairs of domains that the scope has, each in all arrangements of the two."""
        criticality = "D18" in model.policy.switches
        return situations(small=small, links=self.with_links, criticality=criticality or not small)

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
        mutants = PrivilegeMutants(model, lambda: self.search(model, budget, small=True))
        return judge(self, policy, self, model, mutants, budget)

    @abstractmethod
    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Search the scope, or the platforms of at most two domains."""


def would_affect(model: PrivilegeModel, situation: Situation, operation: Operation) -> Reach | None:
    """From where and with which argument the operation, if it were let through, would affect somebody else.

    ``None`` when there is no such state and argument.  The system state is what tells, not the catalogue.  Not every harm can
    be done from the initial state: only a paused domain can be unpaused.
    """
    for reach in reaches(model, situation, operation):
        if affected_without_consent(reach.touches, situation.pair[0]):
            return reach
    return None


def told_of(model: PrivilegeModel, situation: Situation, operation: Operation, reach: Reach, title: str) -> Trace:
    """The trace of one step that the policy is asked for."""
    arrangement = situation.arrangements[reach.arrangement]
    made = attempt(model, situation.platform, arrangement.system, situation.pair, operation, reach.argument)
    return tell(title, situation.platform, arrangement.told, [made])


def harmful(
    model: PrivilegeModel, situation: Situation, decisions: Decisions, found: Search
) -> Iterator[tuple[Behaviour, Reach, Decision]]:
    """Every operation that would affect somebody else if it were let through, and whether it is.

    Every operation counts as a case of the search, harmful or not.
    """
    for behaviour, decision in decisions.of(situation):
        found.cases += behaviour.count
        reach = would_affect(model, situation, behaviour.operation)
        if reach is not None:
            yield behaviour, reach, decision


def denial(model: PrivilegeModel, situation: Situation, operation: Operation, reach: Reach, title: str) -> Trace:
    """A denied attempt; where the platform has a Control Domain, it then does the same and shows what it does."""
    platform, (subject, target) = situation.platform, situation.pair
    arrangement = situation.arrangements[reach.arrangement]
    made = [attempt(model, platform, arrangement.system, situation.pair, operation, reach.argument)]
    for position in platform.holders(Capability.CONTROL):
        if position not in (subject, target):
            pair = (position, position if subject == target else target)
            again = attempt(model, platform, arrangement.system, pair, operation, reach.argument)
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

    def violates(self, situation: Situation, reach: Reach) -> bool:
        """Whether a step does what such a domain must not do."""
        return bool(affected_without_consent(reach.touches, situation.pair[0]))

    def matters(self, model: PrivilegeModel, situation: Situation, operation: Operation) -> Reach | None:
        """From where and with which argument the operation, if let through, would violate the claim; ``None`` if it cannot."""
        return would_affect(model, situation, operation)

    def includes(self, platform: Platform) -> bool:
        """Whether the claim is about this platform."""
        return True

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Try everything that is allowed; then count what was denied and would have mattered."""
        found = Search()
        decisions = Decisions(model)
        meant = [
            one
            for one in self.situations(model, small=small)
            if self.includes(one.platform) and self.subjects.contain(one)
        ]
        for situation in meant:
            for behaviour, decision in decisions.of(situation):
                if decision.allowed:
                    self._try_allowed(model, situation, behaviour, found)
                    if found.counterexample is not None:
                        return found
            budget.spend(1)
        for situation in meant:
            # What tells mutants apart is a counterexample; there one denial is enough, for the witness.
            if small and found.witness is not None:
                break
            for behaviour, decision in decisions.of(situation):
                if not decision.allowed:
                    found.cases += behaviour.count
                    self.note_denied(model, situation, behaviour, found)
            budget.spend(1)
        return found

    def note_denied(self, model: PrivilegeModel, situation: Situation, behaviour: Behaviour, found: Search) -> None:
        """What was denied and would have violated the claim could have refuted it."""
        operation = behaviour.operation
        reach = self.matters(model, situation, operation)
        if reach is None:
            return
        found.relevant += behaviour.count
        if found.witness is None or len(found.witness.steps) == 1:
            candidate = denial(model, situation, operation, reach, f"{self.subjects}: a denied operation")
            if found.witness is None or len(candidate.steps) > 1:
                found.witness = candidate

    def note_allowed(
        self, model: PrivilegeModel, situation: Situation, behaviour: Behaviour, reach: Reach, found: Search
    ) -> None:
        """What was allowed counts when it violates the claim, and not before."""

    def _try_allowed(self, model: PrivilegeModel, situation: Situation, behaviour: Behaviour, found: Search) -> None:
        operation = behaviour.operation
        found.cases += behaviour.count * tries(situation, operation)
        for reach in reaches(model, situation, operation):
            if self.violates(situation, reach):
                found.relevant += behaviour.count
                title = f"{situation.subject.name} issues {operation.name}, which {self.forbidden}"
                found.counterexample = told_of(model, situation, operation, reach, title)
                return
            self.note_allowed(model, situation, behaviour, reach, found)


@dataclass(frozen=True)
class BeyondFrontends(NothingBeyond):
    """As :class:`NothingBeyond`; what a backend does to a frontend of its own is not meant."""

    def violates(self, situation: Situation, reach: Reach) -> bool:
        """Whether a step affects the platform, or a domain that is neither the caller nor its frontend."""
        affected = affected_without_consent(reach.touches, situation.pair[0])
        return bool(affected - {situation.pair[1]} if situation.serves is not None else affected)

    def matters(self, model: PrivilegeModel, situation: Situation, operation: Operation) -> Reach | None:
        """Where an operation would affect more than the frontend."""
        return None if situation.serves is not None else super().matters(model, situation, operation)


@dataclass(frozen=True)
class AllowedIsConfined(NothingBeyond):
    """As :class:`NothingBeyond`, about what is allowed: that is what counts, and what the witness shows."""

    def note_denied(self, model: PrivilegeModel, situation: Situation, behaviour: Behaviour, found: Search) -> None:
        """What is denied has no effect that could reach too far."""

    def note_allowed(
        self, model: PrivilegeModel, situation: Situation, behaviour: Behaviour, reach: Reach, found: Search
    ) -> None:
        """An allowed step that changed something of another's with its consent could have reached too far."""
        found.relevant += behaviour.count
        if found.witness is None:
            names = situation.subject.name, situation.target.name
            title = f"{names[0]} uses what {names[1]} offers it, and changes nothing else of another domain"
            found.witness = told_of(model, situation, behaviour.operation, reach, title)
