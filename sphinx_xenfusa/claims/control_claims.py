"""The forms of the claims about the Control Domain: what it can do, that nobody else can, and that it can do everything."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from sphinx_xenfusa.claims.attempts import (
    Attempt,
    Behaviour,
    Decisions,
    PrivilegeModel,
    Reach,
    Situation,
    arranged,
    attempt,
    decide,
    initial,
    reaches,
    step,
    takes,
    tell,
    trace_step,
    tries,
)
from sphinx_xenfusa.claims.interference import Interference, interferences
from sphinx_xenfusa.claims.privilege_claims import (
    NothingBeyond,
    PrivilegeClaim,
    Subjects,
    denial,
    harmful,
    told_of,
    would_affect,
)
from sphinx_xenfusa.claims.scopes import ASSUMPTIONS, MOST_DOMAINS, SMALL, platforms
from sphinx_xenfusa.explore.claim import Budget, Search
from sphinx_xenfusa.explore.trace import Step, Trace
from sphinx_xenfusa.explore.verdict import Scope
from sphinx_xenfusa.model.decision import Decision, Relation, TargetIs
from sphinx_xenfusa.model.effects import Life, Offered, Power, System
from sphinx_xenfusa.model.errors import PERMISSION_FAILURES, Code
from sphinx_xenfusa.model.operations import Operation, TargetParameter
from sphinx_xenfusa.model.platform import Domain, Platform, safe_vms, unsafe_vms
from sphinx_xenfusa.model.policies import Policy, available
from sphinx_xenfusa.model.rules import RULES, broken_rules
from sphinx_xenfusa.model.vocabulary import Architecture, Capability, Criticality


@dataclass(frozen=True)
class Goal:
    """Something that the Control Domain can bring about.

    :param words: as it ends "the Control Domain can …".
    :param start: the life-cycle state of the target from which it starts.
    :param reached: whether a state is the goal, given the position of the target.
    :param towards_other: whether it is about another domain (else about the platform).  Then the machine has to stay up: who
        can suspend a domain only by stopping everything cannot suspend it.
    :param most_steps: operations that it takes at the most.
    """

    words: str
    start: Life
    reached: Callable[[System, int], bool]
    towards_other: bool = True
    most_steps: int = 1

    def achieved(self, system: System, target: int) -> bool:
        """Whether a state is the goal, and nothing else was lost for it."""
        return self.reached(system, target) and (not self.towards_other or system.power is Power.UP)


@dataclass(frozen=True)
class OnlyControlCan(PrivilegeClaim):
    """The Control Domain reaches each goal; no single operation of any other domain does, from any arrangement.

    What a backend may do to its own frontends is left out of the second half: the device model operations that the document gives
    it include a remote shutdown (a finding).
    """

    goals: tuple[Goal, ...] = ()

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """For each situation: a way for the Control Domain, or no way for everybody else."""
        found = Search()
        decisions = Decisions(model)
        known: dict[str, tuple[Operation, ...]] = {}
        for situation in self.situations(model, small=small):
            towards_other = situation.pair[0] != situation.pair[1]
            if situation.subject.has(Capability.CONTROL):
                goals = [goal for goal in self.goals if goal.towards_other and towards_other]
                if goals:
                    self._control_can(model, situation, goals, known, found)
            else:
                # The platform can be reached through another domain, too: shutting down the Hardware Domain stops the machine.
                own = situation.serves is not None
                goals = [goal for goal in self.goals if not goal.towards_other or (towards_other and not own)]
                if goals:
                    self._others_cannot(model, situation, goals, decisions, found)
            if found.counterexample is not None:
                return found
            budget.spend(1)
        for goal in self.goals:
            if not goal.towards_other and found.counterexample is None:
                self._control_reaches_platform(model, goal, found, small)
        return found

    def _control_reaches_platform(self, model: PrivilegeModel, goal: Goal, found: Search, small: bool) -> None:
        """On every machine that has a Control Domain, through whichever domain."""
        ways = _ways_to_stop(model, goal)
        for platform in platforms(SMALL if small else MOST_DOMAINS):
            if small and safe_vms(platform):
                continue  # which are SafeVMs is nothing that the machine's power depends on
            for subject in platform.holders(Capability.CONTROL):
                for architecture in Architecture:
                    machine = replace(platform, architecture=architecture)
                    made = _stopping(model, machine, subject, goal, ways)
                    found.cases += 1
                    if made is None:
                        found.counterexample = _no_stopping(model, machine, subject, goal, ways)
                        return
                    found.relevant += 1
                    if found.witness is None:
                        title = f"{machine.domains[subject].name} can {goal.words} ({architecture})"
                        found.witness = tell(title, machine, (), [made])

    def _control_can(
        self,
        model: PrivilegeModel,
        situation: Situation,
        goals: list[Goal],
        known: dict[str, tuple[Operation, ...]],
        found: Search,
    ) -> None:
        shown: list[Attempt] = []
        for goal in goals:
            start = _with_target(situation, goal.start)
            made = _follow(model, situation, start, known[goal.words], goal) if goal.words in known else None
            made = made or _shortest(model, situation, start, goal)
            found.cases += 1
            if made is None:
                found.counterexample = _no_way(model, situation, start, goal)
                return
            known[goal.words] = tuple(one.operation for one in made)
            shown += made
        found.relevant += len(goals)
        if found.witness is None:
            title = f"{situation.subject.name} can " + " and ".join(goal.words for goal in goals)
            found.witness = tell(title, situation.platform, (), shown)

    def _others_cannot(
        self, model: PrivilegeModel, situation: Situation, goals: list[Goal], decisions: Decisions, found: Search
    ) -> None:
        for behaviour, decision in decisions.of(situation):
            if decision.allowed:
                found.cases += behaviour.count * tries(situation, behaviour.operation)
                self._does_not_reach(model, situation, goals, behaviour.operation, found)
                if found.counterexample is not None:
                    return

    def _does_not_reach(
        self, model: PrivilegeModel, situation: Situation, goals: list[Goal], operation: Operation, found: Search
    ) -> None:
        target = situation.pair[1]
        for reach in reaches(model, situation, operation):
            before = situation.arrangements[reach.arrangement].system
            for goal in goals:
                if goal.reached(reach.after, target) and not goal.reached(before, target):
                    title = f"{situation.subject.name}, which is no Control Domain, can {goal.words}"
                    found.counterexample = told_of(model, situation, operation, reach, title)
                    return


def _ways_to_stop(model: PrivilegeModel, goal: Goal) -> tuple[tuple[Operation, str], ...]:
    """The operations, with an argument, that reach a goal about the platform if somebody is let issue them towards somebody.

    Two domains are enough to see it: the Control Domain and the Hardware Domain, each towards itself and the other.
    """
    both = Platform(
        (Domain("ctrldom", frozenset({Capability.CONTROL})), Domain("hwdom", frozenset({Capability.HARDWARE})))
    )
    system = initial(both)
    return tuple(
        (operation, argument)
        for operation in model.catalogue.operations
        if operation.implemented and operation.is_service
        for argument in operation.arguments
        if any(goal.achieved(step(model, system, pair, operation, argument)[0], pair[1]) for pair in ((0, 0), (0, 1)))
    )


def _stopping(
    model: PrivilegeModel, machine: Platform, subject: int, goal: Goal, ways: Iterable[tuple[Operation, str]]
) -> Attempt | None:
    """One of the ways that the machine has and that the policy leaves to a domain."""
    system = initial(machine)
    for operation, argument in ways:
        if available(operation, machine, model.policy):
            for target in _targets(machine, subject, operation):
                made = attempt(model, machine, system, (subject, target), operation, argument)
                if goal.achieved(made.after, target):
                    return made
    return None


def _targets(machine: Platform, subject: int, operation: Operation) -> Iterable[int]:
    return (subject,) if operation.target is TargetParameter.NONE else range(len(machine.domains))


def _no_stopping(
    model: PrivilegeModel, machine: Platform, subject: int, goal: Goal, ways: Iterable[tuple[Operation, str]]
) -> Trace:
    """That none of the ways is open; one that would reach the goal at once, and why it does not."""
    title = f"{machine.domains[subject].name}, a Control Domain, cannot {goal.words}"
    told = (f"a machine of {machine.architecture}",)
    for operation, argument in ways:
        if operation.target is TargetParameter.NONE:
            tried = trace_step(attempt(model, machine, initial(machine), (subject, subject), operation, argument))
            if not available(operation, machine, model.policy):
                tried = replace(tried, outcome=f"not there: {machine.architecture}, built without sysctl", changed=())
            return replace(tell(title, machine, told, ()), steps=(tried,))
    return tell(title, machine, told, ())


def _with_target(situation: Situation, life: Life) -> System:
    target = situation.pair[1]
    domains = list(situation.start.domains)
    domains[target] = domains[target]._replace(life=life)
    return situation.start._replace(domains=tuple(domains))


def _follow(
    model: PrivilegeModel, situation: Situation, start: System, way: tuple[Operation, ...], goal: Goal
) -> list[Attempt] | None:
    """The attempts along a known way, if it still leads to the goal."""
    made: list[Attempt] = []
    system = start
    for operation in way:
        steps = [
            attempt(model, situation.platform, system, situation.pair, operation, argument)
            for argument in operation.arguments
        ]
        # The argument that changes something; the goal is looked at in the end only.
        moved = [one for one in steps if one.touches] or steps
        best = next((one for one in moved if goal.achieved(one.after, situation.pair[1])), moved[0])
        made.append(best)
        system = best.after
    return made if goal.achieved(system, situation.pair[1]) else None


def _no_way(model: PrivilegeModel, situation: Situation, start: System, goal: Goal) -> Trace:
    """That the goal cannot be achieved: where a way to it is denied, or the operation that reaches it at too high a price."""
    name = situation.subject.name
    told = () if goal.start is Life.RUNNING else (f"the target is {goal.start}",)
    reached = _shortest(model, situation, start, replace(goal, towards_other=False))
    if reached is not None:
        return tell(f"{name} cannot {goal.words} without stopping the machine", situation.platform, told, reached)
    title = f"{name} has no operation to {goal.words}"
    system, denied = start, list[Attempt]()
    for operation, argument in _shortest_way(model, situation, start, goal, lambda operation: True) or ():
        denied.append(attempt(model, situation.platform, system, situation.pair, operation, argument))
        system = denied[-1].after
        if not denied[-1].decision.allowed:
            break
    return tell(title, situation.platform, told, denied)


def _shortest(model: PrivilegeModel, situation: Situation, start: System, goal: Goal) -> list[Attempt] | None:
    """A shortest sequence of operations of the subject that reaches the goal, breadth first."""

    def allowed(operation: Operation) -> bool:
        return decide(model, situation.platform, situation.pair, operation).allowed

    way = _shortest_way(model, situation, start, goal, allowed)
    if way is None:
        return None
    made: list[Attempt] = []
    for operation, argument in way:
        made.append(
            attempt(model, situation.platform, made[-1].after if made else start, situation.pair, operation, argument)
        )
    return made


def _shortest_way(
    model: PrivilegeModel, situation: Situation, start: System, goal: Goal, usable: Callable[[Operation], bool]
) -> list[tuple[Operation, str]] | None:
    """A shortest sequence of usable operations whose steps reach the goal."""
    chosen = [one.operation for one in model.services if takes(one.operation, situation.pair) and usable(one.operation)]
    frontier: list[tuple[System, list[tuple[Operation, str]]]] = [(start, [])]
    seen = {start}
    for _ in range(goal.most_steps):
        following: list[tuple[System, list[tuple[Operation, str]]]] = []
        for (system, way), operation in itertools.product(frontier, chosen):
            for argument in operation.arguments:
                after, _code = step(model, system, situation.pair, operation, argument)
                longer = [*way, (operation, argument)]
                if goal.achieved(after, situation.pair[1]):
                    return longer
                if after not in seen:
                    seen.add(after)
                    following.append((after, longer))
        frontier = following
    return None


@dataclass(frozen=True)
class ControlMayDoAll(PrivilegeClaim):
    """No permission failure for the Control Domain on a well-formed target, and every operation succeeds somewhere."""

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Every operation of every Control Domain, towards itself and every other domain."""
        found = Search()
        decisions = Decisions(model)
        succeeded: set[str] = set()
        for situation in self.situations(model, small=small):
            if situation.subject.has(Capability.CONTROL):
                for behaviour, decision in decisions.of(situation):
                    if behaviour.operation.is_service:
                        self._try(model, situation, behaviour, decision, succeeded, found)
                        if found.counterexample is not None:
                            return found
            budget.spend(1)
        never = [one.operation.name for one in model.services if one.operation.name not in succeeded]
        if never and found.witness is not None:
            found.counterexample = Trace(f"{never[0]} succeeds for no Control Domain in any state", (), ())
        return found

    def _try(
        self,
        model: PrivilegeModel,
        situation: Situation,
        behaviour: Behaviour,
        decision: Decision,
        succeeded: set[str],
        found: Search,
    ) -> None:
        operation = behaviour.operation
        found.cases += behaviour.count
        found.relevant += behaviour.count
        if decision.code in PERMISSION_FAILURES:
            title = f"{situation.subject.name}, a Control Domain, is denied {operation.name}"
            found.counterexample = self._told(model, situation, operation, title)
            return
        if operation.name not in succeeded and self._succeeds(model, situation, operation):
            succeeded.add(operation.name)
        if found.witness is None and reaches(model, situation, operation):
            title = f"{situation.subject.name} may do everything, for one {operation.name}"
            found.witness = self._told(model, situation, operation, title)

    def _told(self, model: PrivilegeModel, situation: Situation, operation: Operation, title: str) -> Trace:
        made = attempt(model, situation.platform, situation.start, situation.pair, operation, operation.arguments[0])
        return tell(title, situation.platform, (), [made])

    def _succeeds(self, model: PrivilegeModel, situation: Situation, operation: Operation) -> bool:
        return any(
            attempt(model, situation.platform, arrangement.system, situation.pair, operation, argument).code
            is Code.SUCCESS
            for arrangement in situation.arrangements
            for argument in operation.arguments
        )


@dataclass(frozen=True)
class MoreThanListed(PrivilegeClaim):
    """There are privileged operations beyond the ones that the document lists, and the Control Domain may use them all."""

    listed: tuple[Goal, ...] = ()

    def _is_listed(self, situation: Situation, reach: Reach) -> bool:
        before = situation.arrangements[reach.arrangement].system
        target = situation.pair[1]
        return any(goal.reached(reach.after, target) and not goal.reached(before, target) for goal in self.listed)

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """On every platform with a Control Domain: each operation that affects others, other than by what is listed."""
        found = Search()
        decisions = Decisions(model)
        for situation in self.situations(model, small=small):
            if not situation.subject.has(Capability.CONTROL):
                continue
            for behaviour, reach, decision in harmful(model, situation, decisions, found):
                operation = behaviour.operation
                if not operation.is_service or self._is_listed(situation, reach):
                    continue
                found.relevant += behaviour.count
                if decision.code in PERMISSION_FAILURES:
                    title = f"{situation.subject.name}, a Control Domain, is denied {operation.name}"
                    found.counterexample = told_of(model, situation, operation, reach, title)
                    return found
                if found.witness is None:
                    title = f"{operation.name} is privileged, is on no list, and is allowed to {situation.subject.name}"
                    found.witness = told_of(model, situation, operation, reach, title)
            budget.spend(1)
        return found


@dataclass(frozen=True)
class WithoutControl(NothingBeyond):
    """Platforms without a Control Domain: accepted by the rules, nobody holds full privileges, nothing leaves its caller."""

    with_links: ClassVar[bool] = False

    def includes(self, platform: Platform) -> bool:
        """Only platforms without a Control Domain."""
        return not platform.holders(Capability.CONTROL)

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Accepted; for each domain a privileged operation that it is denied; then as for every domain without control."""
        for platform in platforms(SMALL if small else MOST_DOMAINS):
            hardware_domains = sum(domain.has(Capability.HARDWARE) for domain in platform.domains)
            if self.includes(platform) and hardware_domains <= 1 and broken_rules(platform):
                title = f"a platform without a Control Domain is rejected by {', '.join(broken_rules(platform))}"
                return Search(1, 1, None, tell(title, platform, (), ()))
        found = super().search(model, budget, small=small)
        if found.counterexample is None:
            self._nobody_holds_all(model, found, small)
        return found

    def _nobody_holds_all(self, model: PrivilegeModel, found: Search, small: bool) -> None:
        decisions = Decisions(model)
        for situation in self.situations(model, small=small):
            if not self.includes(situation.platform) or situation.pair[0] != situation.pair[1]:
                continue
            found.cases += 1
            alone = [
                (behaviour, decision)
                for behaviour, decision in decisions.of(situation)
                if behaviour.operation.is_service
                and behaviour.operation.target is TargetParameter.NONE
                and would_affect(model, situation, behaviour.operation) is not None
            ]
            allowed = [behaviour for behaviour, decision in alone if decision.allowed]
            if alone and len(allowed) == len(alone) and len(alone) > 1:
                title = f"{situation.subject.name} may use every privileged operation without being a Control Domain"
                found.counterexample = tell(title, situation.platform, (), ())
                return


@dataclass(frozen=True)
class HarmIsDenied(PrivilegeClaim):
    """Operations first: each that would affect another domain or the platform, if it were let through, is denied."""

    subjects: Subjects = Subjects.DOMU

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Every operation whose step from the initial state affects somebody else, by every such domain."""
        found = Search()
        decisions = Decisions(model)
        for situation in self.situations(model, small=small):
            if not self.subjects.contain(situation):
                continue
            for behaviour, reach, decision in harmful(model, situation, decisions, found):
                operation = behaviour.operation
                found.relevant += behaviour.count
                if decision.allowed:
                    title = f"{situation.subject.name} is allowed {operation.name}, which affects somebody else"
                    found.counterexample = told_of(model, situation, operation, reach, title)
                    return found
                if found.witness is None or (len(found.witness.steps) == 1 and len(situation.platform.domains) > 1):
                    found.witness = denial(model, situation, operation, reach, f"{self.subjects}: a denied operation")
            budget.spend(1)
        return found


@dataclass(frozen=True)
class NoForeignMapping(NothingBeyond):
    """No operation maps memory of another domain that was not granted."""

    def violates(self, situation: Situation, reach: Reach) -> bool:
        """A mapping that was not there, or the use of a page that was not granted."""
        before = situation.arrangements[reach.arrangement].system
        taken = reach.after.used - before.used - before.offers
        return bool(reach.after.foreign - before.foreign) or any(one.what is Offered.PAGE for one in taken)

    def matters(self, model: PrivilegeModel, situation: Situation, operation: Operation) -> Reach | None:
        """The operations that map."""
        for reach in reaches(model, situation, operation):
            if reach.after.foreign:
                return reach
        return None


_FLAGS = ("hardware", "xenstore", "console", "holds_target", "may_map", "may_emulate", "holds_resource")
_TOWARDS_OTHERS = ("holds_target", "may_map", "may_emulate", "untargetable", "isolated")


def _relations(policy: Policy) -> Iterator[Relation]:
    """Every relation that a Control Domain can have to a well-formed target under a policy."""
    flags = [*_FLAGS, *(name for name, by in (("untargetable", "D18"), ("isolated", "D22")) if by in policy.switches)]
    for target, values in itertools.product(
        (TargetIs.NONE, TargetIs.SELF, TargetIs.OTHER), itertools.product((False, True), repeat=len(flags))
    ):
        held: dict[str, Any] = dict(zip(flags, values, strict=True))
        if target is not TargetIs.OTHER:
            held = {name: value for name, value in held.items() if name not in _TOWARDS_OTHERS}
        yield Relation(target, control=True)._replace(**held)


@dataclass(frozen=True)
class WholeCatalogue(PrivilegeClaim):
    """The allowed set of full privileges is the whole catalogue: tabulated over every relation of subject and target."""

    @property
    def scope(self) -> Scope:
        """Every value of the relation that the decision looks at, for a subject with the control capability."""
        return Scope(
            name="relations",
            words=f"every relation of a Control Domain to a well-formed target, {self.words}",
            platforms=0,
            recount=None,
            assumptions=(ASSUMPTIONS[0], ASSUMPTIONS[3]),
        )

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Tabulate the decision."""
        found = Search()
        for relation in dict.fromkeys(_relations(model.policy)):
            for behaviour in model.services:
                operation = behaviour.operation
                if (operation.target is TargetParameter.NONE) is not (relation.target is TargetIs.NONE):
                    continue
                found.cases += behaviour.count
                found.relevant += behaviour.count
                decision = model.policy.decide(operation, relation)
                if decision.code in PERMISSION_FAILURES:
                    found.counterexample = _tabulated(operation, relation, f"denied: {decision.code} ({decision.by})")
                    return found
                if found.witness is None:
                    found.witness = _tabulated(operation, relation, "allowed")
            budget.spend(1)
        return found


def _tabulated(operation: Operation, relation: Relation, outcome: str) -> Trace:
    """An entry of the table of decisions.  No platform is there to take a step on, and the reader is told so."""
    held = ", ".join(name for name in (*_FLAGS, "untargetable", "isolated") if getattr(relation, name))
    step = Step("ctrldom", operation.name, (("target", str(relation.target)),), outcome, (), operation.source)
    return Trace(
        f"A domain with full privileges and {operation.name}: {outcome} (the decision alone; no step is taken)",
        (("ctrldom", f"control capability; besides: {held or 'nothing'}"),),
        (step,),
    )


@dataclass(frozen=True)
class ControlIsSafe(PrivilegeClaim):
    """The rule that the Control Domain is a SafeVM: rejected without, and why: a trace of interference."""

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """The rule against the platform's own domains; where it is broken, the Control Domain as adversary of a SafeVM."""
        found = Search()
        rule = next(rule for rule in RULES if rule.name == "ctrldom_is_safe")
        for platform in platforms(SMALL if small else MOST_DOMAINS):
            found.cases += 1
            unsafe = unsafe_vms(platform)
            adversaries = [one for one in platform.domains if one.has(Capability.CONTROL) and one.name in unsafe]
            rejected = bool(rule.broken_by(platform))
            if rejected is not bool(adversaries):
                which = "with" if adversaries else "without"
                title = f"the rule {'rejects' if rejected else 'accepts'} a platform {which} a Control Domain in an UnsafeVM"
                found.counterexample = tell(title, platform, (), ())
                return found
            if adversaries:
                self._interferes(model, platform, adversaries[0], found)
                if found.counterexample is not None:
                    return found
            budget.spend(1)
        return found

    def _interferes(self, model: PrivilegeModel, platform: Platform, adversary: Domain, found: Search) -> None:
        """Completed by a SafeVM where there is none, the adversary stops, pauses or restarts it, or the platform below it."""
        found.relevant += 1
        decisions = Decisions(model)
        completed = platform
        if not safe_vms(platform):
            victim = Domain("safevm", criticality=Criticality.SAFE, safety_tasks=True)
            completed = replace(platform, domains=(*platform.domains, victim))
        subject = completed.position(adversary.name)
        for target in (completed.position(sorted(safe_vms(completed))[0]), subject):
            situation = arranged(completed, (subject, target))
            for kind, _, operation, reach in interferences(model, situation, decisions):
                if kind is Interference.CONTROL:
                    if found.witness is None:
                        title = f"{adversary.name}, an UnsafeVM with control, interferes with a SafeVM (C)"
                        found.witness = told_of(model, situation, operation, reach, title)
                    return
        title = f"{adversary.name}, an UnsafeVM with control, cannot interfere with a SafeVM"
        found.counterexample = tell(title, completed, (), ())
