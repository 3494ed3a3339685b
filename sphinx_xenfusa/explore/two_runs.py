"""Two runs of one system side by side: what one party sees must not depend on what another does.

Both runs start alike.  The actor's steps are taken in one run or in the other, as it likes; every other step is taken in both at
once, wherever both allow it, and in one alone where only that one does.  If the observer's fields are equal in every pair of
states that is reachable so, and it can take the same steps in both, then nothing of what the actor does can be seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from sphinx_xenfusa.explore.expressions import comparison, joined, negation
from sphinx_xenfusa.explore.language import ModelError, State, System, shown
from sphinx_xenfusa.explore.program import (
    Binary,
    Branch,
    Check,
    Choice,
    Compiled,
    Element,
    Expr,
    Let,
    Load,
    Local,
    Logic,
    Lookup,
    Not,
    Program,
    Require,
    Statement,
    Store,
)
from sphinx_xenfusa.explore.reference import ReplayError, changes
from sphinx_xenfusa.explore.trace import Change, Step, Trace

SECOND = "′"
"""What is put behind the names of the second run's fields."""


class Run(Enum):
    """In which of the runs a step is taken."""

    BOTH = "both runs"
    FIRST = "the first run"
    SECOND = "the second run"


@dataclass(frozen=True)
class TwoRuns:
    """Two runs of a program as one program.

    :param program: its states are pairs of states.
    :param taken: for each of its steps, in which run it is taken, and which step of the original it is.
    :param differ: whether the two states differ in anything.
    :param seen: whether the observer sees a difference: one of its fields, or a step that it can take in one run only.
    """

    program: Program
    taken: tuple[tuple[Run, int], ...]
    differ: Expr
    seen: Expr


def two_runs(program: Program, actor: Iterable[str], observer: Iterable[str], sees: Sequence[str]) -> TwoRuns:
    """Put two runs side by side.

    :param actor: parties or rules whose steps one run takes without the other.
    :param observer: parties or rules of the observer.
    :param sees: the observer's fields.
    :raises ModelError: a field that it sees is none, or a rule requires something after its first other statement.
    """
    by_name = {one.name: one for one in program.fields}
    unknown = [name for name in sees if name not in by_name]
    if unknown:
        raise ModelError(program.name, f"no field {', '.join(unknown)}", f"one of {', '.join(by_name)}")
    acts, observes = frozenset(actor), frozenset(observer)
    steps: list[Compiled] = []
    taken: list[tuple[Run, int]] = []
    alone: list[Expr] = []
    for number, step in enumerate(program.steps):
        rule = step.action.rule
        first, second = step.body, _second(step.body, len(program.branches))
        tests, others = _requirements(step, first), _requirements(step, second)
        if {rule.party, rule.name} & acts:
            bodies = [(Run.FIRST, first), (Run.SECOND, second)]
        else:
            bodies = [
                (Run.BOTH, (*map(Require, (*tests, *others)), *first[len(tests) :], *second[len(others) :])),
                (Run.FIRST, (*_only(tests, others), *first[len(tests) :])),
                (Run.SECOND, (*_only(others, tests), *second[len(others) :])),
            ]
            if {rule.party, rule.name} & observes:
                can, could = joined("and", tests), joined("and", others)
                alone += [joined("and", [can, negation(could)]), joined("and", [could, negation(can)])]
        for run, body in bodies:
            steps.append(Compiled(step.action, tuple(body)))
            taken.append((run, number))
    both = (*program.fields, *(replace(one, name=one.name + SECOND) for one in program.fields))
    paired = Program(f"{program.name}, two runs", both, tuple(steps), program.switched_off, program.branches * 2)
    seen = joined("or", [*(_differs(by_name[name]) for name in sees), *alone])
    return TwoRuns(paired, tuple(taken), joined("or", [_differs(one) for one in program.fields]), seen)


def _requirements(step: Compiled, body: Sequence[Statement]) -> tuple[Expr, ...]:
    """What a step requires, all of it at its beginning."""
    tests = tuple(one.test for one in body if isinstance(one, Require))
    if not all(isinstance(one, Require) for one in body[: len(tests)]):
        source = step.action.rule.source
        raise ModelError(
            source.place(source.tree), "a requirement behind another statement", "all of them at the beginning"
        )
    return tests


def _only(tests: Sequence[Expr], others: Sequence[Expr]) -> list[Require]:
    """A step can be taken here and not there."""
    return [*map(Require, tests), Require(negation(joined("and", list(others))))]


def _differs(one: Any) -> Expr:
    """Whether a field differs between the runs."""
    low, high, truth = one.domain.low, one.domain.high, one.domain.truth
    pairs = [
        (Load(one.name, i, low, high, truth), Load(one.name + SECOND, i, low, high, truth))
        for i in range(one.length or 1)
    ]
    return joined("or", [comparison("!=", a, b) for a, b in pairs])


def _second(body: Sequence[Statement], branches: int) -> tuple[Statement, ...]:
    """The same statements on the second run."""
    return tuple(_statement(one, branches) for one in body)


def _statement(one: Statement, branches: int) -> Statement:
    match one:
        case Require(test=test):
            return Require(_expression(test))
        case Check(test=test):
            return replace(one, test=_expression(test))
        case Let(name=name, value=value):
            return Let(name + SECOND, _expression(value))
        case Store(field=field, index=index, value=value):
            return Store(field + SECOND, _expression(index), _expression(value))
        case Branch(test=test, then=then, other=other, number=number):
            return Branch(_expression(test), _second(then, branches), _second(other, branches), number + branches)


def _expression(one: Expr) -> Expr:
    match one:
        case Load(field=field):
            return replace(one, field=field + SECOND)
        case Element(field=field, index=index):
            return replace(one, field=field + SECOND, index=_expression(index))
        case Local(name=name):
            return replace(one, name=name + SECOND)
        case Not(of=of):
            return Not(_expression(of))
        case Logic(parts=inner):
            return replace(one, parts=tuple(map(_expression, inner)))
        case Binary(left=left, right=right):
            return replace(one, left=_expression(left), right=_expression(right))
        case Choice(test=test, then=then, other=other):
            return replace(one, test=_expression(test), then=_expression(then), other=_expression(other))
        case Lookup(index=index):
            return replace(one, index=_expression(index))
        case _:
            return one


def told(system: System[Any, Any], program: Program, pair: TwoRuns, steps: Iterable[int], title: str) -> Trace:
    """The steps of a pair as a trace, replayed in each run with the rules as they are written.

    :raises ReplayError: a step cannot be taken where it stands.
    """
    states: dict[Run, State] = {Run.FIRST: system.initial(), Run.SECOND: system.initial()}
    initial = tuple((name, shown(value)) for name, value in system.values(states[Run.FIRST]).items())
    made: list[Step] = []
    for number in steps:
        run, original = pair.taken[number]
        action = program.steps[original].action
        changed: list[Change] = []
        for one in (Run.FIRST, Run.SECOND) if run is Run.BOTH else (run,):
            after = system.take(states[one], action)
            if after is None:
                raise ReplayError(f"{system.name}: {action} cannot be taken in {one.value}")
            changed += [
                Change(f"{change.field}, {one.value}", change.before, change.after)
                for change in changes(system, states[one], after)
            ]
            states[one] = after
        parameters = tuple((name, shown(value)) for name, value in action.arguments)
        rule = action.rule
        name = rule.name.replace("_", " ")
        made.append(Step(rule.party, name, parameters, f"taken in {run.value}", tuple(changed), rule.clause))
    return Trace(title, initial, tuple(made))
