"""The forms of the claims about the Control Domain: what it can do, that nobody else can, and that it can do everything."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sphinx_xenfusa.claims.attempts import (
    Attempt,
    Behaviour,
    PrivilegeModel,
    Situation,
    attempt,
    carried_out,
    decide,
    initial,
    situations,
    step,
    takes,
    tell,
)
from sphinx_xenfusa.claims.privilege_claims import (
    Harm,
    NothingBeyond,
    PrivilegeClaim,
    Subjects,
    denial,
    harmful_attempts,
    would_affect,
)
from sphinx_xenfusa.claims.scopes import ASSUMPTIONS, MOST_DOMAINS, SMALL, platforms
from sphinx_xenfusa.explore.claim import Budget, Search
from sphinx_xenfusa.explore.trace import Step, Trace
from sphinx_xenfusa.explore.verdict import Scope
from sphinx_xenfusa.model.decision import Relation, TargetIs
from sphinx_xenfusa.model.effects import Life, Offered, Power, System
from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.operations import Operation, TargetParameter
from sphinx_xenfusa.model.platform import Domain, Platform, safe_vms, unsafe_vms
from sphinx_xenfusa.model.rules import RULES, broken_rules
from sphinx_xenfusa.model.vocabulary import Capability, Criticality

PERMISSION_FAILURES = frozenset(
    {
        Code.EPERM,
        Code.EACCES,
        Code.ENOSYS,
        Code.START_EXTENT,
        Code.DENIED_TEXT,
        Code.ERRS_EPERM,
        Code.NO_ACCESS,
        Code.NOT_SUPPORTED,
        Code.GNTST_PERMISSION_DENIED,
    }
)
"""The answers that say that the caller may not, whatever the state and the arguments."""


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
    """The Control Domain reaches each goal; no single operation of any other domain does, from any arrangement."""

    goals: tuple[Goal, ...] = ()

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """For each situation: a way for the Control Domain, or no way for everybody else."""
        found = Search()
        known: dict[str, tuple[Operation, ...]] = {}
        for situation in situations(small=small):
            towards_other = situation.pair[0] != situation.pair[1]
            if situation.subject.has(Capability.CONTROL):
                goals = [goal for goal in self.goals if goal.towards_other is towards_other]
                if goals:
                    self._control_can(model, situation, goals, known, found)
            else:
                # The platform can be reached through another domain, too: shutting down the Hardware Domain stops the machine.
                goals = [goal for goal in self.goals if towards_other or not goal.towards_other]
                if goals:
                    self._others_cannot(model, situation, goals, found)
            if found.counterexample is not None:
                return found
            budget.spend(1)
        return found

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

    def _others_cannot(self, model: PrivilegeModel, situation: Situation, goals: list[Goal], found: Search) -> None:
        target = situation.pair[1]
        for behaviour, system, told, made in _allowed_attempts(model, situation):
            found.cases += behaviour.count
            for goal in goals:
                if goal.reached(made.after, target) and not goal.reached(system, target):
                    title = f"{situation.subject.name}, which is no Control Domain, can {goal.words}"
                    found.counterexample = tell(title, situation.platform, told, [made])
                    return


def _allowed_attempts(
    model: PrivilegeModel, situation: Situation
) -> Iterator[tuple[Behaviour, System, tuple[str, ...], Attempt]]:
    """Every operation that the subject is allowed, from every arrangement, with every argument."""
    for behaviour in model.behaviours:
        operation = behaviour.operation
        if not takes(operation, situation.pair):
            continue
        decision = decide(model, situation.platform, situation.pair, operation)
        if not decision.allowed:
            continue
        for arrangement in situation.arrangements:
            for argument in operation.arguments:
                made = carried_out(
                    model, situation.platform, arrangement.system, situation.pair, operation, argument, decision
                )
                yield behaviour, arrangement.system, arrangement.told, made


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
    """That the goal cannot be achieved; where it is reached at too high a price, the operation that does so."""
    name = situation.subject.name
    arranged = () if goal.start is Life.RUNNING else (f"the target is {goal.start}",)
    reached = _shortest(model, situation, start, replace(goal, towards_other=False))
    if reached is None:
        return tell(f"{name} has no operation to {goal.words}", situation.platform, arranged, ())
    return tell(f"{name} cannot {goal.words} without stopping the machine", situation.platform, arranged, reached)


def _shortest(model: PrivilegeModel, situation: Situation, start: System, goal: Goal) -> list[Attempt] | None:
    """A shortest sequence of operations of the subject that reaches the goal, breadth first."""
    frontier: list[tuple[System, list[Attempt]]] = [(start, [])]
    seen = {start}
    for _ in range(goal.most_steps):
        following: list[tuple[System, list[Attempt]]] = []
        for system, made in frontier:
            for behaviour in model.behaviours:
                operation = behaviour.operation
                if not takes(operation, situation.pair):
                    continue
                for argument in operation.arguments:
                    one = attempt(model, situation.platform, system, situation.pair, operation, argument)
                    if goal.achieved(one.after, situation.pair[1]):
                        return [*made, one]
                    if one.after not in seen:
                        seen.add(one.after)
                        following.append((one.after, [*made, one]))
        frontier = following
    return None


@dataclass(frozen=True)
class ControlMayDoAll(PrivilegeClaim):
    """No permission failure for the Control Domain on a well-formed target, and every operation succeeds somewhere."""

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Every operation of every Control Domain, towards itself and every other domain."""
        found = Search()
        succeeded: set[Operation] = set()
        for situation in situations(small=small):
            if situation.subject.has(Capability.CONTROL):
                for behaviour in model.behaviours:
                    if takes(behaviour.operation, situation.pair):
                        self._try(model, situation, behaviour, succeeded, found)
                        if found.counterexample is not None:
                            return found
            budget.spend(1)
        never = [one.operation for one in model.behaviours if one.operation not in succeeded]
        if never and found.witness is not None:
            title = f"{never[0].name} succeeds for no Control Domain in any state"
            found.counterexample = Trace(title, (), ())
        return found

    def _try(
        self,
        model: PrivilegeModel,
        situation: Situation,
        behaviour: Behaviour,
        succeeded: set[Operation],
        found: Search,
    ) -> None:
        operation = behaviour.operation
        first = attempt(model, situation.platform, situation.start, situation.pair, operation, operation.arguments[0])
        found.cases += behaviour.count
        found.relevant += behaviour.count
        if first.decision.code in PERMISSION_FAILURES:
            title = f"{situation.subject.name}, a Control Domain, is denied {operation.name}"
            found.counterexample = tell(title, situation.platform, (), [first])
            return
        if operation not in succeeded and self._succeeds(model, situation, operation):
            succeeded.add(operation)
        if found.witness is None and first.touches:
            title = f"{situation.subject.name} may do everything, for one {operation.name}"
            found.witness = tell(title, situation.platform, (), [first])

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

    def _is_listed(self, made: Attempt) -> bool:
        return any(
            goal.reached(made.after, made.target) and not goal.reached(made.before, made.target) for goal in self.listed
        )

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """On every platform with a Control Domain: each operation that affects others, other than by what is listed."""
        found = Search()
        for situation in situations(small=small):
            if not situation.subject.has(Capability.CONTROL):
                continue
            for behaviour, harm, made in harmful_attempts(model, situation, found):
                operation = behaviour.operation
                if self._is_listed(made):
                    continue
                found.relevant += behaviour.count
                if made.decision.code in PERMISSION_FAILURES:
                    title = f"{situation.subject.name}, a Control Domain, is denied {operation.name}"
                    found.counterexample = tell(title, situation.platform, harm[0].told, [made])
                    return found
                if found.witness is None:
                    title = f"{operation.name} is privileged, is on no list, and is allowed to {situation.subject.name}"
                    found.witness = tell(title, situation.platform, harm[0].told, [made])
            budget.spend(1)
        return found


@dataclass(frozen=True)
class WithoutControl(NothingBeyond):
    """Platforms without a Control Domain: accepted by the rules, nobody holds full privileges, nothing leaves its caller."""

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
        for situation in situations(small=small):
            if not self.includes(situation.platform) or situation.pair[0] != situation.pair[1]:
                continue
            found.cases += 1
            privileged = [one for one in model.behaviours if would_affect(model, situation, one.operation) is not None]
            alone = [one for one in privileged if one.operation.target is TargetParameter.NONE]
            allowed = [one for one in alone if decide(model, situation.platform, situation.pair, one.operation).allowed]
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
        for situation in situations(small=small):
            if not self.subjects.contain(situation.subject):
                continue
            for behaviour, harm, made in harmful_attempts(model, situation, found):
                operation = behaviour.operation
                found.relevant += behaviour.count
                if made.decision.allowed:
                    title = f"{situation.subject.name} is allowed {operation.name}, which affects somebody else"
                    found.counterexample = tell(title, situation.platform, harm[0].told, [made])
                    return found
                if found.witness is None or (len(found.witness.steps) == 1 and len(situation.platform.domains) > 1):
                    found.witness = denial(model, situation, operation, harm, f"{self.subjects}: a denied operation")
            budget.spend(1)
        return found


@dataclass(frozen=True)
class NoForeignMapping(NothingBeyond):
    """No operation maps memory of another domain that was not granted."""

    def violates(self, made: Attempt) -> bool:
        """A mapping that was not there, or the use of a page that was not granted."""
        taken = made.after.used - made.before.used - made.before.offers
        return bool(made.after.foreign - made.before.foreign) or any(one.what is Offered.PAGE for one in taken)

    def matters(self, model: PrivilegeModel, situation: Situation, operation: Operation) -> Harm | None:
        """The operations that map."""
        for argument in operation.arguments:
            after, _ = step(model, situation.start, situation.pair, operation, argument)
            if after.foreign - situation.start.foreign:
                return situation.arrangements[0], argument
        return None


def _relations() -> Iterator[Relation]:
    """Every relation that a Control Domain can have to a well-formed target."""
    for target, flags in itertools.product(
        (TargetIs.NONE, TargetIs.SELF, TargetIs.OTHER), itertools.product((False, True), repeat=7)
    ):
        hardware, xenstore, console, holder, may_map, may_emulate, holds_resource = flags
        yield Relation(
            target,
            control=True,
            hardware=hardware,
            xenstore=xenstore,
            console=console,
            holds_target=holder and target is TargetIs.OTHER,
            may_map=may_map and target is TargetIs.OTHER,
            may_emulate=may_emulate and target is TargetIs.OTHER,
            holds_resource=holds_resource,
        )


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
        for relation in dict.fromkeys(_relations()):
            for behaviour in model.behaviours:
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
    held = ", ".join(
        name
        for name in ("hardware", "xenstore", "console", "holds_target", "may_map", "may_emulate", "holds_resource")
        if getattr(relation, name)
    )
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
        found.relevant += 1
        completed = platform
        if not safe_vms(platform):
            victim = Domain("safevm", criticality=Criticality.SAFE, safety_tasks=True)
            completed = replace(platform, domains=(*platform.domains, victim))
        position = completed.position(sorted(safe_vms(completed))[0])
        pair = (completed.position(adversary.name), position)
        for behaviour in model.behaviours:
            for argument in behaviour.operation.arguments:
                if behaviour.operation.target is not TargetParameter.DOMAIN:
                    continue
                made = attempt(model, completed, initial(completed), pair, behaviour.operation, argument)
                if any(touch.owner == position and touch.field == "life-cycle" for touch in made.touches):
                    if found.witness is None:
                        title = f"{adversary.name}, an UnsafeVM with control, interferes with a SafeVM (C)"
                        found.witness = tell(title, completed, (), [made])
                    return
        title = f"{adversary.name}, an UnsafeVM with control, cannot interfere with a SafeVM"
        found.counterexample = tell(title, completed, (), ())
