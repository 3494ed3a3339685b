"""The rule language: a model is a set of small guarded rules over declared, bounded fields.

A model is written once.  Run directly under CPython it is the reference semantics, with which every trace is replayed; compiled
(:mod:`sphinx_xenfusa.explore.compiler`) the same source runs on the engines.

* :class:`State` declares the fields: :func:`flag`, :func:`one_of` an enumeration, :func:`within` a range, :func:`array` of them.
* A rule is a function of the state, the constants, and bounded parameters.  It is one indivisible step: it begins with what it
  requires (:func:`require`), and then assigns.  A requirement that is not met anywhere in it disables the whole rule.
* :func:`inlined` marks functions that rules share, written in the same subset; :func:`tabulated` marks any pure function of
  bounded arguments, which the compiler evaluates for all of them.

What a rule may say: assignments to fields, to elements of arrays and to names of its own, also with an operator (``+=``);
``if``; ``for`` over a constant range; ``and``, ``or``, ``not``, comparisons, conditional expressions;
``+ - * // % & | ^ << >>``;
``min`` and ``max``; ``any``, ``all`` and ``sum`` over constant ranges; enumeration members; the attributes of the constants.
The compiler refuses everything else, with file, line, column and what to write instead.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Generic, TypeVar, cast

Value = int | bool | Enum
"""What one field, or one element of an array, holds."""

Bound = int | Callable[[Any], int]
"""A number, or a function of the constants that gives one."""


class ModelError(ValueError):
    """A model that cannot be meant as it is written: outside the language, or outside its own bounds.

    :param place: file, line and column.
    :param found: what stands there.
    :param expected: what to write instead.
    """

    def __init__(self, place: str, found: str, expected: str) -> None:
        super().__init__(f"{place}: found {found}; expected {expected}")
        self.place, self.found, self.expected = place, found, expected


class Disabled(Exception):
    """A rule's requirement is not met: in this state the rule cannot be taken."""


def require(condition: bool) -> None:
    """Go on only where the condition holds.

    :raises Disabled: it does not; nothing that the rule did counts.
    """
    if not condition:
        raise Disabled


# ---- fields -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Domain:
    """The values that one field, or one element of an array, can have: coded as the numbers from 0 to ``size - 1``.

    :param low: the smallest number; 0 for truth values and enumerations.
    :param high: the largest number.
    :param members: the members of an enumeration, in the order of their codes; empty otherwise.
    :param truth: whether it is a truth value.
    """

    low: int
    high: int
    members: tuple[Enum, ...] = ()
    truth: bool = False

    @property
    def size(self) -> int:
        """How many values there are."""
        return self.high - self.low + 1

    @property
    def bits(self) -> int:
        """How many bits hold one; none where there is only one value."""
        return (self.size - 1).bit_length()

    @property
    def enumeration(self) -> type[Enum] | None:
        """The enumeration that the values are of."""
        return type(self.members[0]) if self.members else None

    def contains(self, value: object) -> bool:
        """Whether it is one of the values, of the right type."""
        if self.members:
            return value in self.members
        if self.truth:
            return isinstance(value, bool)
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high

    def number(self, value: Value) -> int:
        """The number that stands for a value: of an enumeration its position, otherwise itself."""
        return self.members.index(value) if isinstance(value, Enum) else int(value)

    def value(self, number: int) -> Value:
        """The value for which a number stands."""
        if self.members:
            return self.members[number]
        return bool(number) if self.truth else number

    def __str__(self) -> str:
        if self.members:
            return f"one of {', '.join(member.name for member in self.members)}"
        return "True or False" if self.truth else f"a number from {self.low} to {self.high}"


@dataclass(frozen=True)
class Declared:
    """A field as its class declares it, before the constants are known."""

    domain: Callable[[Any], Domain]
    length: Bound | None = None
    initial: object = None

    def resolved(self, name: str, constants: object) -> Field:
        """The field under given constants.

        :raises ModelError: a bound is no number, a range is empty, or the initial value lies outside.
        """
        domain = self.domain(constants)
        length = None if self.length is None else _number(self.length, constants)
        if domain.size < 1 or (length is not None and length < 1):
            raise ModelError(f"field {name}", f"the bounds {domain} and the length {length}", "at least one value")
        initial = (
            self.initial(constants) if callable(self.initial) and not isinstance(self.initial, type) else self.initial
        )
        if initial is None:
            initial = domain.value(domain.low if not domain.members else 0)
        values = tuple(initial) if isinstance(initial, list | tuple) else (initial,) * (length or 1)
        if len(values) != (length or 1) or not all(domain.contains(value) for value in values):
            raise ModelError(f"field {name}", f"the initial value {initial!r}", f"{domain}, {length or 1} of them")
        return Field(name, domain, length, cast("tuple[Value, ...]", values))


@dataclass(frozen=True)
class Field:
    """A field under given constants.

    :param length: the number of its elements; ``None`` for a field that is no array.
    :param initial: its value in the initial state, one per element.
    """

    name: str
    domain: Domain
    length: int | None
    initial: tuple[Value, ...]

    @property
    def bits(self) -> int:
        """How many bits hold it."""
        return self.domain.bits * (self.length or 1)

    def names(self) -> tuple[str, ...]:
        """The name of each element, as a reader sees it: ``avail_ring[2]``."""
        return (self.name,) if self.length is None else tuple(f"{self.name}[{i}]" for i in range(self.length))


def _number(bound: Bound, constants: object) -> int:
    number = bound(constants) if callable(bound) else bound
    if isinstance(number, bool) or not isinstance(number, int):
        raise ModelError("a declared bound", repr(number), "a number, or a function of the constants that gives one")
    return number


def flag(*, initial: object = None) -> Any:
    """A truth value, at first ``False``."""
    return Declared(lambda c: Domain(0, 1, truth=True), initial=initial)


def one_of(enumeration: type[Enum], *, initial: object = None) -> Any:
    """A member of an enumeration, at first its first one."""
    members = tuple(enumeration)
    return Declared(lambda c: Domain(0, len(members) - 1, members), initial=initial)


def within(low: Bound, high: Bound, *, initial: object = None) -> Any:
    """A number from ``low`` to ``high``, at first ``low``."""
    return Declared(lambda c: Domain(_number(low, c), _number(high, c)), initial=initial)


def array(length: Bound, of: Any, *, initial: object = None) -> Any:
    """An array of what ``of`` declares; ``initial`` is one value for all elements, or a list of one for each."""
    declared = cast("Declared", of)
    return Declared(declared.domain, length, declared.initial if initial is None else initial)


class _Elements(list[Value]):
    """An array of a state: it keeps its length, and no element leaves its domain."""

    def __init__(self, declared: Field, values: Iterable[Value]) -> None:
        super().__init__(values)
        self._field = declared

    def __getitem__(self, index: Any) -> Any:
        self._check(index)
        return super().__getitem__(index)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._check(index)
        if not self._field.domain.contains(value):
            raise OutOfBoundsError(f"{self._field.name}[{index}]", value, str(self._field.domain))
        super().__setitem__(index, value)

    def _check(self, index: object) -> None:
        if not isinstance(index, int) or not 0 <= index < len(self):
            raise OutOfBoundsError(f"{self._field.name}[…]", index, f"an index from 0 to {len(self) - 1}")


class OutOfBoundsError(ModelError):
    """A rule assigns a value that the field cannot have, or uses an index that the array does not have."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(name, repr(value), expected)


class State:
    """The base of all states: a subclass declares the fields as class attributes, and the methods see them as values.

    States of one system are compared and hashed by :meth:`key`.
    """

    declared: ClassVar[dict[str, Declared]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Declared)}
        taken = sorted(own.keys() & vars(State).keys())
        if taken:
            raise ModelError(
                f"{cls.__module__}.{cls.__name__}", f"the field names {taken}", "names that State does not use"
            )
        cls.declared = {**cls.declared, **own}

    def __init__(self, fields: Sequence[Field], values: Iterable[Value]) -> None:
        left = iter(values)
        object.__setattr__(self, "_fields", {one.name: one for one in fields})
        for one in fields:
            taken = list(itertools.islice(left, one.length or 1))
            object.__setattr__(self, one.name, taken[0] if one.length is None else _Elements(one, taken))

    def __setattr__(self, name: str, value: object) -> None:
        one: Field | None = vars(self)["_fields"].get(name)
        if one is None or one.length is not None:
            raise ModelError(
                f"field {name}", f"an assignment of {value!r}", "a declared field, or one element of an array"
            )
        if not one.domain.contains(value):
            raise OutOfBoundsError(name, value, str(one.domain))
        object.__setattr__(self, name, value)

    def key(self) -> tuple[Value, ...]:
        """All values, in the order of the fields."""
        values: list[Value] = []
        for name, one in vars(self)["_fields"].items():
            held = vars(self)[name]
            values.extend([held] if one.length is None else held)
        return tuple(values)


S = TypeVar("S", bound=State)
C = TypeVar("C")
F = TypeVar("F", bound=Callable[..., Any])


# ---- functions --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    """A function's source: what the compiler reads and what a mutant changes.

    :param tree: its syntax tree; line numbers are those of the file.
    """

    function: Callable[..., Any]
    tree: ast.FunctionDef

    @property
    def name(self) -> str:
        """The function's name."""
        return self.tree.name

    @property
    def file(self) -> str:
        """The file that defines it, as seen from the folder of its package: the same on every machine."""
        return f"{self.function.__module__.replace('.', '/')}.py"

    def place(self, node: ast.AST) -> str:
        """File, line and column of a part of it."""
        return f"{self.file}:{getattr(node, 'lineno', 0)}:{getattr(node, 'col_offset', 0) + 1}"

    def resolve(self, name: str) -> object:
        """The object that a global name, or one of the enclosing function, stands for.

        :raises KeyError: there is none.
        """
        function = inspect.unwrap(self.function)
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        if name in cells:
            return cells[name].cell_contents
        if name in function.__globals__:
            return function.__globals__[name]
        builtins = function.__globals__["__builtins__"]
        return (builtins if isinstance(builtins, dict) else vars(builtins))[name]


@functools.cache
def source_of(function: Callable[..., Any]) -> Source:
    """The source of a function, from the file that defines it.

    :raises ModelError: it has none, or is no plain function.
    """
    inner = inspect.unwrap(function)
    try:
        lines, first = inspect.getsourcelines(inner)
    except (OSError, TypeError) as error:
        name = getattr(inner, "__name__", repr(inner))
        raise ModelError(name, f"no source ({error})", "a function that is written in a file") from error
    text = "".join(lines)
    tree = ast.parse(textwrap.dedent(text)).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise ModelError(f"{inner.__module__}:{first}", type(tree).__name__, "a function that is written with def")
    ast.increment_lineno(tree, first - 1)
    indented = len(text) - len(text.lstrip())
    for node in ast.walk(tree):
        if hasattr(node, "col_offset"):
            node.col_offset += indented
    return Source(inner, tree)


INLINED = "xenfusa_inlined"


def inlined(function: F) -> F:
    """Mark a function of the same subset, which rules, predicates and one another may call.

    A function that gives a value ends in its only ``return``; one that changes the state has none.
    """
    setattr(function, INLINED, True)
    return function


@dataclass(frozen=True)
class Tabulated:
    """A pure function of bounded arguments: rules call it like any function, the compiler reads it off a table.

    :param arguments: name and domain of each argument.
    """

    function: Callable[..., Value]
    arguments: tuple[tuple[str, Domain], ...]

    def __call__(self, *arguments: Any) -> Any:
        """What the function gives.

        :raises OutOfBoundsError: an argument is none of its declared values.
        """
        for (name, domain), argument in zip(self.arguments, arguments, strict=True):
            if not domain.contains(argument):
                raise OutOfBoundsError(f"{self.__name__}({name})", argument, str(domain))
        return self.function(*arguments)

    @property
    def __name__(self) -> str:
        return self.function.__name__

    def table(self) -> tuple[Value, ...]:
        """What it gives for all arguments, the last one changing fastest."""
        values = ([domain.value(n) for n in range(domain.low, domain.high + 1)] for _, domain in self.arguments)
        return tuple(self.function(*arguments) for arguments in itertools.product(*values))


def tabulated(**arguments: type[Enum] | type[bool] | range) -> Callable[[Callable[..., Any]], Tabulated]:
    """Mark a pure function, whatever it is made of; ``arguments`` gives for each of them an enumeration, ``bool`` or a range."""
    domains = tuple((name, _argument_domain(name, of)) for name, of in arguments.items())

    def mark(function: Callable[..., Any]) -> Tabulated:
        return Tabulated(function, domains)

    return mark


def _argument_domain(name: str, of: type[Enum] | type[bool] | range) -> Domain:
    if isinstance(of, range) and of.step == 1 and len(of):
        return Domain(of.start, of.stop - 1)
    if of is bool:
        return Domain(0, 1, truth=True)
    if isinstance(of, type) and issubclass(of, Enum) and len(of):
        return Domain(0, len(of) - 1, tuple(of))
    raise ModelError(f"argument {name}", repr(of), "an enumeration, bool, or a range of numbers that is not empty")


# ---- rules, models, systems -------------------------------------------------------------------------------------------------


Values = Iterable[Value] | type[Enum] | Callable[[Any], Iterable[Value]]
"""The values of a parameter: listed, or as a function of the constants."""


@dataclass(frozen=True)
class Rule:
    """One rule of a model.

    :param party: who takes the step.
    :param clause: the section of the specification, or the public header, that it comes from.
    :param source: its source, or the changed one of a mutant.
    :param parameters: the values of each parameter beside the state and the constants.
    """

    party: str
    clause: str
    source: Source
    parameters: tuple[tuple[str, Values], ...]

    @property
    def name(self) -> str:
        """The function's name."""
        return self.source.name

    def instances(self, constants: object) -> Iterator[dict[str, Value]]:
        """The parameters' values, one combination after the other."""
        names = [name for name, _ in self.parameters]
        # An enumeration is callable, too: it lists its members.
        listed = [
            tuple(
                cast(
                    "Iterable[Value]", values if isinstance(values, type) or not callable(values) else values(constants)
                )
            )
            for _, values in self.parameters
        ]
        for combination in itertools.product(*listed):
            yield dict(zip(names, combination, strict=True))


@dataclass(frozen=True)
class Action:
    """A rule with its parameters fixed: what one step takes."""

    rule: Rule
    arguments: tuple[tuple[str, Value], ...]

    def __str__(self) -> str:
        told = ", ".join(f"{name}={shown(value)}" for name, value in self.arguments)
        return f"{self.rule.name}({told})"


def shown(value: object) -> str:
    """A value as a reader sees it."""
    return value.name.lower().replace("_", " ") if isinstance(value, Enum) else str(value)


@dataclass
class RuleModel(Generic[S, C]):
    """A model: a class of states, constants with defaults, and rules in the order in which they are declared.

    :param name: short name, as pages show it.
    :param state: the class that declares the fields.
    :param constants: the constants where a caller gives none; a frozen data class.
    """

    name: str
    state: type[S]
    constants: C
    rules: list[Rule] = field(default_factory=list)

    def rule(self, party: str, clause: str, **parameters: Values) -> Callable[[F], F]:
        """Make a function a rule; ``parameters`` gives the values of those it has beside the state and the constants."""

        def declare(function: F) -> F:
            names = list(inspect.signature(function).parameters)
            if names[2:] != list(parameters):
                source = source_of(function)
                raise ModelError(
                    source.place(source.tree),
                    f"the parameters {names}",
                    f"the state, the constants, then {list(parameters)}",
                )
            kept = (
                (name, tuple(values) if isinstance(values, list) else values) for name, values in parameters.items()
            )
            self.rules.append(Rule(party, clause, source_of(function), tuple(kept)))
            return function

        return declare

    def system(self, constants: C | None = None, *, without: Iterable[str] = ()) -> System[S, C]:
        """The model under given constants.

        :param without: parties, or names of rules, whose rules are left out: a party that is silent.
        """
        left_out = frozenset(without)
        unknown = left_out - {rule.party for rule in self.rules} - {rule.name for rule in self.rules}
        if unknown:
            raise ModelError(self.name, f"no party or rule {sorted(unknown)}", "one that the model has")
        rules = tuple(rule for rule in self.rules if not {rule.party, rule.name} & left_out)
        return System(self.name, self.state, self.constants if constants is None else constants, rules)


@dataclass(frozen=True)
class System(Generic[S, C]):
    """A model with its constants fixed: what is searched.  Calling its rules directly is the reference semantics."""

    name: str
    state: type[S]
    constants: C
    rules: tuple[Rule, ...]

    @functools.cached_property
    def fields(self) -> tuple[Field, ...]:
        """The fields, in the order of their declaration.

        :raises ModelError: a bound is wrong.
        """
        return tuple(one.resolved(name, self.constants) for name, one in self.state.declared.items())

    @functools.cached_property
    def actions(self) -> tuple[Action, ...]:
        """All rules with all their parameters, in the order of the rules."""
        return tuple(
            Action(rule, tuple(arguments.items()))
            for rule in self.rules
            for arguments in rule.instances(self.constants)
        )

    def initial(self) -> S:
        """A fresh initial state."""
        return self.thaw(value for one in self.fields for value in one.initial)

    def thaw(self, key: Iterable[Value]) -> S:
        """A fresh state with the values of :meth:`State.key`."""
        return self.state(self.fields, key)

    def take(self, state: S, action: Action) -> S | None:
        """The state after a step, ``None`` where it cannot be taken; the given one stays as it is.

        :raises ModelError: the rule leaves its bounds.
        """
        after = self.thaw(state.key())
        try:
            action.rule.source.function(after, self.constants, **dict(action.arguments))
        except Disabled:
            return None
        except OutOfBoundsError as error:
            tree = action.rule.source.tree
            place = f"{action.rule.source.place(tree)}: {action}: {error.place}"
            raise ModelError(place, error.found, error.expected) from error
        return after

    def steps(self, state: S) -> Iterator[tuple[Action, S]]:
        """Every step that can be taken, in the order of the actions."""
        for action in self.actions:
            after = self.take(state, action)
            if after is not None:
                yield action, after

    def holds(self, predicate: Callable[..., bool], state: S) -> bool:
        """Whether a predicate of state and constants holds."""
        return bool(predicate(state, self.constants))

    def values(self, state: S) -> Mapping[str, Value]:
        """Name and value of each field and element, in order."""
        names = (name for one in self.fields for name in one.names())
        return dict(zip(names, state.key(), strict=True))
