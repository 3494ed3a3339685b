"""What can be claimed of a system of rules, and how each is searched.

An invariant (:class:`Always`), a reachable state (:class:`Reachable`), a party that can always take a step
(:class:`CanAlwaysStep`), something that stays possible (:class:`CanAlwaysReach`) or does not (:class:`CanGetStuck`), and
something that must happen in the end under stated fairness (:class:`Eventually`).

Each has a precondition that must occur: its shortest trace is the witness, and without one the claim is vacuous.  Whatever is
found on the model itself is replayed with the rules as they are written before it is shown; on a mutant only whether it was found
counts.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from sphinx_xenfusa.claims.recount import recount
from sphinx_xenfusa.explore.claim import Budget, BudgetExceeded
from sphinx_xenfusa.explore.compiler import compile_predicate, compile_system
from sphinx_xenfusa.explore.engine import Exploration, Limits, Progress, Watch
from sphinx_xenfusa.explore.engines.graph import Graph, graph_of
from sphinx_xenfusa.explore.engines.numpy_engine import NumpyEngine
from sphinx_xenfusa.explore.expressions import joined, negation
from sphinx_xenfusa.explore.language import ModelError, System, shown
from sphinx_xenfusa.explore.program import Expr, Program, Require
from sphinx_xenfusa.explore.reference import trace
from sphinx_xenfusa.explore.rule_mutants import Sources
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.two_runs import told, two_runs
from sphinx_xenfusa.explore.verdict import Explored

Predicate = Callable[..., bool]
"""A function of the state and the constants, in the rule language."""

AnySystem = System[Any, Any]

LIMITS = Limits(states=20_000_000)
"""A search that gets larger than this has no answer."""

MUTANT_GROWTH = 4
"""A mutant whose states are more than this many times those of the model has no answer."""


@dataclass(frozen=True)
class Examined:
    """What a search for one property found.

    :param relevant: in how many states the precondition holds.
    :param witness: a shortest trace to a state in which it holds.
    :param counterexample: a shortest trace that refutes the property.
    """

    explored: Explored
    relevant: int
    witness: Trace | None
    counterexample: Trace | None


@dataclass(frozen=True)
class Property(ABC):
    """Something that holds of a system, or does not.

    :param system: the system.
    :param says: what the precondition's trace shows, in a few words.
    """

    system: AnySystem
    says: str

    @abstractmethod
    def examine(self, sources: Sources, budget: Budget) -> Examined:
        """Search.

        :param sources: functions that are written differently: a mutant.
        :raises BudgetExceeded: the budget is spent, or a bound is hit.
        """

    def program(self, sources: Sources) -> Program:
        """The compiled system."""
        return _compiled(self.system) if not sources else compile_system(self.system, sources)

    def test(self, predicate: Predicate, sources: Sources) -> Expr:
        """A compiled predicate."""
        return compile_predicate(self.system, predicate, sources)

    def told(self, steps: tuple[int, ...] | None, program: Program, sources: Sources, title: str) -> Trace | None:
        """The steps as a trace, replayed; of a mutant the title only."""
        if steps is None:
            return None
        if sources:
            return Trace(title, (), ())
        return trace(self.system, [program.steps[number].action for number in steps], title)

    def explored(self, program: Program, found: Exploration, watches: Sequence[Watch], sources: Sources) -> Explored:
        """What was searched, as the verdict says it; of the model itself it is counted again.

        :raises DisagreementError: the recount finds other numbers.
        """
        fired: dict[str, int] = {}
        for step, count in zip(program.steps, found.fired, strict=True):
            fired[step.action.rule.name] = fired.get(step.action.rule.name, 0) + count
        return Explored(
            system=self.system.name,
            constants=told_constants(self.system.constants),
            engine=found.engine,
            states=found.states,
            transitions=found.transitions,
            depth=found.depth,
            complete=found.complete,
            rules=len(fired),
            never_fired=tuple(name for name, count in fired.items() if not count) if found.complete else (),
            one_sided=tuple(
                place.rpartition(":")[0]
                for place, (one, other) in zip(program.branches, found.branches, strict=True)
                if found.complete and not (one and other)
            ),
            digest=found.digest,
            recount=None if sources else recount(program, found, watches),
        )

    def explore(self, program: Program, watches: list[Watch], sources: Sources, budget: Budget) -> Exploration:
        """Search with the default engine.

        :raises BudgetExceeded: the budget is spent, or the search is not complete and no watch ended it.
        """
        states = 0

        def report(progress: Progress) -> None:
            nonlocal states
            budget.spend(progress.states - states)
            states = progress.states
            budget.report(states=states, frontier=progress.frontier, depth=progress.depth)

        limits = LIMITS if not sources else Limits(states=MUTANT_GROWTH * _size(self.system))
        found = NumpyEngine().explore(program, watches, limits, report)
        stopped = any(watch.stop and seen.states for watch, seen in zip(watches, found.watched, strict=True))
        if not found.complete and not stopped and not sources:
            raise BudgetExceeded(found.reason)
        return found

    def graph(self, program: Program, sources: Sources) -> Graph | None:
        """The graph of all reachable states; ``None`` for a mutant that is too large.

        :raises BudgetExceeded: the model itself is too large.
        """
        if not sources:
            found = _graph(self.system)
            if found is None:
                raise BudgetExceeded(f"more than {LIMITS.states:,} states")
            return found
        return graph_of(program, Limits(states=MUTANT_GROWTH * _size(self.system)))


def told_constants(constants: object) -> tuple[tuple[str, str], ...]:
    """The constants, by name and value."""
    if not is_dataclass(constants):
        return ()
    return tuple((one.name, shown(getattr(constants, one.name))) for one in fields(constants))


def enabled(program: Program, names: Iterable[str]) -> Expr:
    """Whether a step of one of the parties or rules can be taken.

    :raises ModelError: a rule requires something after its first other statement.
    """
    wanted = frozenset(names)
    alternatives: list[Expr] = []
    for step in program.steps:
        rule = step.action.rule
        if not {rule.party, rule.name} & wanted:
            continue
        tests = [one.test for one in step.body if isinstance(one, Require)]
        if not all(isinstance(one, Require) for one in step.body[: len(tests)]):
            place = rule.source.place(rule.source.tree)
            raise ModelError(place, "a requirement behind another statement", "a rule that begins with all of them")
        alternatives.append(joined("and", tests))
    return joined("or", alternatives)


@dataclass(frozen=True)
class Always(Property):
    """In every reachable state in which ``when`` holds, ``holds`` does."""

    when: Predicate
    holds: Predicate
    refuted: str

    def tests(self, program: Program, sources: Sources) -> tuple[Expr, Expr]:
        """When it matters, and when it fails."""
        when = self.test(self.when, sources)
        return when, joined("and", [when, negation(self.test(self.holds, sources))])

    def examine(self, sources: Sources, budget: Budget) -> Examined:
        """One search of all states."""
        program = self.program(sources)
        when, fails = self.tests(program, sources)
        watches = [Watch("when", when), Watch("fails", fails, stop=True)]
        found = self.explore(program, watches, sources, budget)
        relevant, failing = found.watched
        counterexample = witness = None
        if failing.states:
            steps = () if sources else NumpyEngine().shortest(program, fails)
            counterexample = self.told(steps, program, sources, self.refuted)
        elif relevant.states:
            steps = () if sources else NumpyEngine().shortest(program, when)
            witness = self.told(steps, program, sources, self.says)
        return Examined(self.explored(program, found, watches, sources), relevant.states, witness, counterexample)


@dataclass(frozen=True)
class CanAlwaysStep(Always):
    """In every reachable state in which ``when`` holds, one of these parties or rules can take a step.

    :param names: parties or names of rules.
    """

    names: tuple[str, ...] = ()

    def tests(self, program: Program, sources: Sources) -> tuple[Expr, Expr]:
        """It fails where none of them can."""
        when = self.test(self.when, sources)
        holds = joined("and", [self.test(self.holds, sources), enabled(program, self.names)])
        return when, joined("and", [when, negation(holds)])


@dataclass(frozen=True)
class Reachable(Property):
    """A state in which ``goal`` holds is reachable; the trace to a nearest one is the witness."""

    goal: Predicate
    refuted: str

    def examine(self, sources: Sources, budget: Budget) -> Examined:
        """One search, which goes on after the first such state so that the rules that fire are counted."""
        program = self.program(sources)
        goal = self.test(self.goal, sources)
        watches = [Watch("goal", goal, stop=bool(sources))]
        found = self.explore(program, watches, sources, budget)
        seen = found.watched[0]
        witness = counterexample = None
        if seen.states:
            steps = () if sources else NumpyEngine().shortest(program, goal)
            witness = self.told(steps, program, sources, self.says)
        elif found.complete:
            counterexample = self.told((), program, sources, f"{self.refuted}: in none of {found.states:,} states")
        return Examined(self.explored(program, found, watches, sources), seen.states, witness, counterexample)


@dataclass(frozen=True)
class _OnGraph(Property):
    """What is asked of the graph of all states: the ways from the states in which ``when`` holds."""

    when: Predicate
    goal: Predicate
    refuted: str

    def examine(self, sources: Sources, budget: Budget) -> Examined:
        """Make the graph, and ask it."""
        program = self.program(sources)
        graph = self.graph(program, sources)
        if graph is None:
            nothing = Explored(self.system.name, (), NumpyEngine.name, 0, 0, 0, complete=False, rules=0)
            return Examined(nothing, 0, None, None)
        budget.spend(len(graph.states))
        budget.report(states=len(graph.states))
        when = graph.where(self.test(self.when, sources))
        bad = when & self.fails(graph, program, graph.where(self.test(self.goal, sources)))
        found = Exploration(
            NumpyEngine.name,
            len(graph.states),
            len(graph.sources),
            graph.depth,
            complete=True,
            fired=tuple(graph.stepper.fired),
            branches=tuple((one, other) for one, other in graph.stepper.branches),
            digest="" if sources else graph.states.digest(),
        )
        witness, counterexample = self.traces(graph, program, sources, when, bad)
        return Examined(self.explored(program, found, (), sources), int(when.sum()), witness, counterexample)

    def traces(
        self, graph: Graph, program: Program, sources: Sources, when: Any, bad: Any
    ) -> tuple[Trace | None, Trace | None]:
        """The witness, and the counterexample."""
        if bad.any():
            return None, self.told(graph.way(bad), program, sources, self.refuted)
        return self.told(graph.way(when), program, sources, self.says), None

    @abstractmethod
    def fails(self, graph: Graph, program: Program, goal: Any) -> Any:
        """The states in which the property fails."""


@dataclass(frozen=True)
class CanAlwaysReach(_OnGraph):
    """From every reachable state in which ``when`` holds, some way leads to a state in which ``goal`` does."""

    def fails(self, graph: Graph, program: Program, goal: Any) -> Any:
        """No way leads to a goal."""
        return ~graph.can_reach(goal)


@dataclass(frozen=True)
class CanGetStuck(_OnGraph):
    """A state in which ``when`` holds is reachable from which no way leads to ``goal``: whatever anybody does, it stays away."""

    def fails(self, graph: Graph, program: Program, goal: Any) -> Any:
        """No way leads to a goal: here this is what is claimed."""
        return ~graph.can_reach(goal)

    def traces(
        self, graph: Graph, program: Program, sources: Sources, when: Any, bad: Any
    ) -> tuple[Trace | None, Trace | None]:
        """The way into it is the witness."""
        if bad.any():
            return self.told(graph.way(bad), program, sources, self.says), None
        title = f"{self.refuted}: in none of {len(graph.states):,} states"
        return None, self.told((), program, sources, title)


@dataclass(frozen=True)
class Eventually(_OnGraph):
    """From every reachable state in which ``when`` holds, every fair run meets ``goal``.

    :param fair: groups of parties or rules: a group that could take a step all the time takes one.
    """

    fair: tuple[tuple[str, ...], ...] = ()

    def fails(self, graph: Graph, program: Program, goal: Any) -> Any:
        """A fair run leads on that never meets a goal."""
        return graph.can_avoid(goal, [_steps_of(program, names) for names in self.fair])


@dataclass(frozen=True)
class NoInfluence(Property):
    """Nothing that the actor does, or does not do, can be seen by the observer: two runs are compared (two_runs).

    :param actor: parties or rules of the actor.
    :param observer: parties or rules of the observer.
    :param sees: the observer's fields.
    """

    actor: tuple[str, ...]
    observer: tuple[str, ...]
    sees: tuple[str, ...]
    refuted: str

    def examine(self, sources: Sources, budget: Budget) -> Examined:
        """Search all pairs of states; the precondition is that the two runs differ at all."""
        program = self.program(sources)
        pair = two_runs(program, self.actor, self.observer, self.sees)
        watches = [Watch("differ", pair.differ), Watch("seen", pair.seen, stop=True)]
        found = self.explore(pair.program, watches, sources, budget)
        differ, seen = found.watched
        wanted = pair.seen if seen.states else pair.differ
        steps = None
        if seen.states or differ.states:
            steps = () if sources else NumpyEngine().shortest(pair.program, wanted)
        title = self.refuted if seen.states else self.says
        shown_trace = None
        if steps is not None:
            shown_trace = Trace(title, (), ()) if sources else told(self.system, program, pair, steps, title)
        explored = replace(self.explored(pair.program, found, watches, sources), system=pair.program.name)
        if seen.states:
            return Examined(explored, differ.states, None, shown_trace)
        return Examined(explored, differ.states, shown_trace, None)


def _steps_of(program: Program, names: Iterable[str]) -> frozenset[int]:
    wanted = frozenset(names)
    rules = ((number, step.action.rule) for number, step in enumerate(program.steps))
    return frozenset(number for number, rule in rules if {rule.party, rule.name} & wanted)


@functools.lru_cache(maxsize=64)
def _compiled(system: AnySystem) -> Program:
    return compile_system(system)


@functools.lru_cache(maxsize=8)
def _graph(system: AnySystem) -> Graph | None:
    return graph_of(_compiled(system), LIMITS)


@functools.lru_cache(maxsize=64)
def _size(system: AnySystem) -> int:
    """The number of states of a system, with room for mutants of very small ones."""
    return max(1000, NumpyEngine().explore(_compiled(system), (), LIMITS).states)


def anything(s: Any, c: Any) -> bool:
    """A precondition that holds in every state; only where the property itself says what has to occur."""
    return True
