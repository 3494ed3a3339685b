"""What the compiler makes of a system: loop-free statements over bounded expressions, one list for each action.

Every expression carries the interval in which its value lies, so that an engine knows how wide it is and whether it can be
negative.  Truth values are 0 and 1; enumeration members are their codes; a field holds the number itself, not its code.

An engine has to give the statements exactly this meaning: a :class:`Require` that does not hold ends the step as not taken; a
:class:`Check` that does not hold where it is reached is an error of the model; everything else assigns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sphinx_xenfusa.explore.language import Action, Field

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
"""The operators of :class:`Binary` that give a truth value."""


@dataclass(frozen=True, slots=True)
class Const:
    """A number."""

    value: int
    truth: bool = False

    @property
    def low(self) -> int:
        """The number itself."""
        return self.value

    @property
    def high(self) -> int:
        """The number itself."""
        return self.value


@dataclass(frozen=True, slots=True)
class Load:
    """The value of a field, or of one fixed element of an array.

    :param element: which element; 0 for a field that is no array.
    """

    field: str
    element: int
    low: int
    high: int
    truth: bool = False


@dataclass(frozen=True, slots=True)
class Element:
    """The value of the element that an index gives; the index lies within the array."""

    field: str
    index: Expr
    low: int
    high: int
    truth: bool = False


@dataclass(frozen=True, slots=True)
class Local:
    """The value that a :class:`Let` of the same name has given last."""

    name: str
    low: int
    high: int
    truth: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a truth value."""

    of: Expr
    low: int = 0
    high: int = 1
    truth: bool = True


@dataclass(frozen=True, slots=True)
class Logic:
    """Truth values joined by ``and`` or by ``or``; all of them can be evaluated."""

    operator: str
    parts: tuple[Expr, ...]
    low: int = 0
    high: int = 1
    truth: bool = True


@dataclass(frozen=True, slots=True)
class Binary:
    """Two numbers joined by ``+ - * // % & | ^ << >> min max`` or compared; division rounds down, its divisor is positive."""

    operator: str
    left: Expr
    right: Expr
    low: int
    high: int
    truth: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of two values, as a truth value says."""

    test: Expr
    then: Expr
    other: Expr
    low: int
    high: int
    truth: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """An entry of a table; the index lies within it."""

    table: tuple[int, ...]
    index: Expr
    low: int
    high: int
    truth: bool = False


Expr = Const | Load | Element | Local | Not | Logic | Binary | Choice | Lookup


@dataclass(frozen=True, slots=True)
class Require:
    """The step can be taken only where this holds."""

    test: Expr


@dataclass(frozen=True, slots=True)
class Check:
    """Where this does not hold the model leaves its own bounds."""

    test: Expr
    place: str
    found: str
    expected: str


@dataclass(frozen=True, slots=True)
class Let:
    """Give a local name a value."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Store:
    """Assign to a field or to an element; where a preceding check holds, the value lies within the field's bounds."""

    field: str
    index: Expr
    value: Expr


@dataclass(frozen=True, slots=True)
class Branch:
    """Do one thing or the other.

    :param number: which ``if`` of the program it is (:attr:`Program.branches`).
    """

    test: Expr
    then: tuple[Statement, ...]
    other: tuple[Statement, ...]
    number: int


Statement = Require | Check | Let | Store | Branch


@dataclass(frozen=True, slots=True)
class Compiled:
    """One action: a rule with its parameters fixed."""

    action: Action
    body: tuple[Statement, ...]


@dataclass(frozen=True)
class Program:
    """A compiled system.

    :param name: the system's name.
    :param steps: the actions that can be taken at all, in the order of the system.
    :param switched_off: actions that the constants alone disable.
    :param branches: the place of each ``if`` that is not decided by the constants.
    """

    name: str
    fields: tuple[Field, ...]
    steps: tuple[Compiled, ...]
    switched_off: tuple[Action, ...]
    branches: tuple[str, ...]


def parts(expression: Expr) -> tuple[Expr, ...]:
    """The expressions that an expression is directly made of."""
    match expression:
        case Element(index=index) | Lookup(index=index):
            return (index,)
        case Not(of=of):
            return (of,)
        case Logic(parts=inner):
            return inner
        case Binary(left=left, right=right):
            return left, right
        case Choice(test=test, then=then, other=other):
            return test, then, other
        case _:
            return ()


def walk(expression: Expr) -> Iterator[Expr]:
    """An expression and everything in it."""
    yield expression
    for part in parts(expression):
        yield from walk(part)
