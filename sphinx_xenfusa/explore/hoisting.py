"""A step as a guard and a body: what a language needs whose steps cannot be given up half-way.

A rule may require something after it has assigned, or inside an ``if``.  In the text for another tool the step must not begin
then.  So the body is followed with the values of the state before the step, and what it requires is said of these.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sphinx_xenfusa.explore.expressions import comparison, compute, joined, negation
from sphinx_xenfusa.explore.language import Field, ModelError
from sphinx_xenfusa.explore.program import (
    COMPARISONS,
    Binary,
    Branch,
    Check,
    Choice,
    Compiled,
    Const,
    Element,
    Expr,
    Let,
    Load,
    Local,
    Logic,
    Lookup,
    Not,
    Require,
    Statement,
    Store,
    walk,
)

LARGEST = 50_000
"""Parts of a guard, at most: a longer one is nothing that anybody would read, or that a compiler would take."""

_TRUE = Const(1, truth=True)


@dataclass(frozen=True)
class Guarded:
    """A step that begins only where it can be taken to its end.

    :param guard: the step can be taken exactly where this holds, said of the state before it.
    :param faults: where the model leaves its bounds before it is known whether the step can be taken.
    :param body: the rest, which requires nothing any more; its checks come after all that was required.
    """

    guard: Expr
    faults: tuple[tuple[Expr, Check], ...]
    body: tuple[Statement, ...]


def guarded(compiled: Compiled, fields: Sequence[Field]) -> Guarded:
    """Say a step as a guard and a body.

    :raises ModelError: the guard becomes too long.
    """
    last = max((i for i, one in enumerate(compiled.body) if _requires(one)), default=-1)
    following = _Following({one.name: one for one in fields}, compiled)
    guard = following.passed(compiled.body[: last + 1], _Memory(), _TRUE)
    assigning = _kept(compiled.body[: last + 1], lambda one: not isinstance(one, Require | Check))
    body = (*assigning, *compiled.body[last + 1 :])
    return Guarded(guard, tuple(following.faults), without_unused(body))


def _requires(one: Statement) -> bool:
    return isinstance(one, Require) or (
        isinstance(one, Branch) and any(_requires(inner) for inner in (*one.then, *one.other))
    )


def without_unused(body: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Statements without the local names that nothing looks at."""
    while True:
        used = {part.name for one in _expressions(body) for part in walk(one) if isinstance(part, Local)}
        left = _kept(body, functools.partial(_looked_at, used))
        if left == body:
            return body
        body = left


def _looked_at(used: set[str], one: Statement) -> bool:
    return not isinstance(one, Let) or one.name in used


def _kept(body: Sequence[Statement], wanted: Callable[[Statement], bool]) -> tuple[Statement, ...]:
    """The statements that are wanted, without an ``if`` that then does nothing."""
    left: list[Statement] = []
    for one in body:
        if isinstance(one, Branch):
            then, other = _kept(one.then, wanted), _kept(one.other, wanted)
            if then or other:
                left.append(Branch(one.test, then, other, one.number))
        elif wanted(one):
            left.append(one)
    return tuple(left)


def _expressions(body: Sequence[Statement]) -> list[Expr]:
    """The expressions of statements, outermost ones."""
    found: list[Expr] = []
    for one in body:
        match one:
            case Require(test=test) | Check(test=test):
                found.append(test)
            case Let(value=value):
                found.append(value)
            case Store(index=index, value=value):
                found += [index, value]
            case Branch(test=test, then=then, other=other):
                found += [test, *_expressions(then), *_expressions(other)]
    return found


@dataclass
class _Memory:
    """What has been assigned so far, said of the state before the step."""

    locals: dict[str, Expr] = field(default_factory=dict)
    elements: dict[str, list[Expr]] = field(default_factory=dict)

    def copy(self) -> _Memory:
        return _Memory(dict(self.locals), {name: list(held) for name, held in self.elements.items()})


@dataclass
class _Following:
    """Follows a body from its beginning."""

    fields: dict[str, Field]
    compiled: Compiled
    faults: list[tuple[Expr, Check]] = field(default_factory=list)
    size: int = 0

    def passed(self, body: Sequence[Statement], memory: _Memory, path: Expr) -> Expr:
        """Where statements are gone through to their end.

        :param path: where they are reached at all.
        """
        met: Expr = _TRUE
        for one in body:
            match one:
                case Require(test=test):
                    met = joined("and", [met, self.before(test, memory)])
                case Check(test=test):
                    fault = joined("and", [path, met, negation(self.before(test, memory))])
                    if fault != Const(0, truth=True):
                        self.faults.append((fault, one))
                case Let(name=name, value=value):
                    memory.locals[name] = self.before(value, memory)
                case Store():
                    self.store(one, memory)
                case Branch():
                    met = joined("and", [met, self.branch(one, memory, joined("and", [path, met]))])
        return met

    def branch(self, one: Branch, memory: _Memory, path: Expr) -> Expr:
        """Where the side that is taken is gone through; the memory then has what either side assigns."""
        test = self.before(one.test, memory)
        then, other = memory.copy(), memory.copy()
        through = self.passed(one.then, then, joined("and", [path, test]))
        round_it = self.passed(one.other, other, joined("and", [path, negation(test)]))
        memory.locals = {
            name: choice(test, then.locals[name], other.locals[name])
            for name in then.locals.keys() & other.locals.keys()
        }
        for name in sorted(then.elements.keys() | other.elements.keys()):
            sides = zip(self.held(then, name), self.held(other, name), strict=True)
            memory.elements[name] = [choice(test, a, b) for a, b in sides]
        return joined("and", [joined("or", [negation(test), through]), joined("or", [test, round_it])])

    def held(self, memory: _Memory, name: str) -> list[Expr]:
        """The values of all elements of a field."""
        declared = self.fields[name]
        domain = declared.domain
        if name in memory.elements:
            return memory.elements[name]
        return [Load(name, i, domain.low, domain.high, domain.truth) for i in range(declared.length or 1)]

    def store(self, one: Store, memory: _Memory) -> None:
        """Remember an assignment."""
        index, value = self.before(one.index, memory), self.before(one.value, memory)
        memory.elements[one.field] = [
            choice(comparison("==", index, Const(i)), value, old) for i, old in enumerate(self.held(memory, one.field))
        ]

    def before(self, expression: Expr, memory: _Memory) -> Expr:
        """An expression, said of the state before the step."""
        self.size += 1
        if self.size > LARGEST:
            raise ModelError(
                f"{self.compiled.action.rule.source.file}: {self.compiled.action}",
                f"requirements of more than {LARGEST:,} parts when they are said of the state before the step",
                "a rule that requires at its beginning",
            )
        match expression:
            case Const():
                return expression
            case Load(field=name, element=element):
                return memory.elements[name][element] if name in memory.elements else expression
            case Local(name=name):
                return memory.locals[name]
            case Element():
                return self.element(expression, memory)
            case Not(of=of):
                return negation(self.before(of, memory))
            case Logic(operator=sign, parts=inner):
                return joined(sign, [self.before(part, memory) for part in inner])
            case Binary(operator=sign, left=left, right=right):
                make = comparison if sign in COMPARISONS else compute
                return make(sign, self.before(left, memory), self.before(right, memory))
            case Choice(test=test, then=then, other=other):
                return choice(*(self.before(part, memory) for part in (test, then, other)))
            case Lookup(table=table, index=index, low=low, high=high, truth=truth):
                at = self.before(index, memory)
                return Const(table[at.value], truth) if isinstance(at, Const) else Lookup(table, at, low, high, truth)

    def element(self, expression: Element, memory: _Memory) -> Expr:
        """An element that an index gives."""
        index, name = self.before(expression.index, memory), expression.field
        if isinstance(index, Const):
            return self.held(memory, name)[index.value]
        if name not in memory.elements:
            return Element(name, index, expression.low, expression.high, expression.truth)
        *firsts, found = memory.elements[name]
        for i in reversed(range(len(firsts))):
            found = choice(comparison("==", index, Const(i)), firsts[i], found)
        return found


def choice(test: Expr, then: Expr, other: Expr) -> Expr:
    """One of two values, decided where the test or their being equal decides it."""
    if isinstance(test, Const):
        return then if test.value else other
    if then == other:
        return then
    if then.truth and isinstance(then, Const):
        return joined("or", [test, other]) if then.value else joined("and", [negation(test), other])
    if other.truth and isinstance(other, Const):
        return joined("or", [negation(test), then]) if other.value else joined("and", [test, then])
    return Choice(test, then, other, min(then.low, other.low), max(then.high, other.high), then.truth)
