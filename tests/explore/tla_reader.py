"""Counts the states of a TLA+ module of the few forms that we write: an evaluator of our own, where TLC cannot be had.

It knows nothing of the rules.  It refuses what TLA+ refuses in these forms: a name that is defined twice, operators that have no
precedence between them, a variable that a step assigns twice or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Env = dict[str, Any]
Meaning = Callable[[Env], Any]

_TOKEN = re.compile(
    r'\s*("[^"]*"|<<|>>|/\\|\\/|\\in|\\div|\|->|->|==|=>|<=|\.\.|[A-Za-z_]\w*|\d+|[-\[\](){},=#<>+*%^~!\'])'
)
_NEXT = "'"


def _tokens(text: str) -> list[str]:
    found, place = [], 0
    text = re.sub(r"\\\*.*", "", text).rstrip()
    while place < len(text):
        token = _TOKEN.match(text, place)
        assert token is not None, f"what is {text[place : place + 40]!r}?"
        found.append(token[1])
        place = token.end()
    return found


@dataclass
class Reader:
    """Reads expressions."""

    tokens: list[str]
    at: int = 0
    defined: list[str] = field(default_factory=list)

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ""

    def take(self, *expected: str) -> str:
        token = self.peek()
        assert not expected or token in expected, (
            f"found {token!r}, expected {expected}: {self.tokens[self.at - 9 :][:12]}"
        )
        self.at += 1
        return token

    def maybe(self, token: str) -> bool:
        if self.peek() == token:
            self.at += 1
            return True
        return False

    def expression(self) -> Meaning:
        left = self.joined()
        if self.maybe("=>"):
            right = self.joined()
            return lambda env: not left(env) or right(env)
        return left

    def joined(self) -> Meaning:
        if self.peek() in {"/\\", "\\/"}:
            self.take()
        parts = [self.unit()]
        sign = self.peek()
        if sign not in {"/\\", "\\/"}:
            return parts[0]
        while self.maybe(sign):
            parts.append(self.unit())
        assert self.peek() not in {"/\\", "\\/"}, "and beside or, without parentheses"
        every = all if sign == "/\\" else any
        return lambda env: every(part(env) for part in parts)

    def unit(self) -> Meaning:
        if self.maybe("~"):
            inner = self.unit()
            return lambda env: not inner(env)
        left = self.sum()
        sign = self.peek()
        if sign not in {"=", "#", "<", "<=", "\\in"}:
            return left
        self.take()
        right = self.sum()
        if sign == "=":
            return lambda env: _equal(left(env), right(env))
        if sign == "#":
            return lambda env: not _equal(left(env), right(env))
        if sign == "\\in":
            return lambda env: right(env)(left(env))
        if sign == "<":
            return lambda env: left(env) < right(env)
        return lambda env: left(env) <= right(env)

    def sum(self) -> Meaning:
        left = self.chain({"+": lambda a, b: a + b, "-": lambda a, b: a - b, "%": lambda a, b: a % b}, self.product)
        if self.maybe(".."):
            right = self.product()
            return lambda env: lambda value: type(value) is int and left(env) <= value <= right(env)
        return left

    def product(self) -> Meaning:
        return self.chain({"*": lambda a, b: a * b, "\\div": lambda a, b: a // b}, self.power)

    def chain(self, signs: dict[str, Callable[[Any, Any], Any]], inner: Callable[[], Meaning]) -> Meaning:
        left, used = inner(), set()
        while self.peek() in signs:
            sign = self.take()
            used.add(sign)
            left = _applied(signs[sign], left, inner())
        assert len(used) < 2 or used == {"+", "-"}, f"{used} have no precedence between them"
        return left

    def power(self) -> Meaning:
        left = self.postfix()
        if self.maybe("^"):
            return _applied(lambda a, b: a**b, left, self.postfix())
        return left

    def postfix(self) -> Meaning:
        left = self.atom()
        while self.maybe("["):
            left = _applied(lambda a, b: a[b], left, self.expression())
            self.take("]")
        return left

    def atom(self) -> Meaning:
        token = self.take()
        if token.isdigit():
            return lambda env: int(token)
        if token == "-":
            number = int(self.take())
            return lambda env: -number
        if token.startswith('"'):
            return lambda env: token
        if token in {"TRUE", "FALSE", "BOOLEAN"}:
            fixed = {"TRUE": True, "FALSE": False, "BOOLEAN": lambda value: isinstance(value, bool)}[token]
            return lambda env: fixed
        special = {"(": self.parentheses, "IF": self.conditional, "[": self.function, "LET": self.let, "<<": self.tuple}
        if token in special:
            return special[token]()
        if token == "UNCHANGED":
            self.take("<<")
            return self.unchanged()
        if self.peek() == "(":
            return self.call(token)
        if self.maybe(_NEXT):
            self.take("=")
            value = self.unit()
            return lambda env: _assign(env, token, value(env))
        return lambda env: env[token]()

    def parentheses(self) -> Meaning:
        inner = self.expression()
        self.take(")")
        return inner

    def conditional(self) -> Meaning:
        test = self.expression()
        self.take("THEN")
        then = self.expression()
        self.take("ELSE")
        other = self.expression()
        return lambda env: then(env) if test(env) else other(env)

    def tuple(self) -> Meaning:
        items = self.listed(">>")
        return lambda env: {i: item(env) for i, item in enumerate(items, 1)}

    def listed(self, end: str) -> list[Meaning]:
        items = [self.expression()]
        while self.maybe(","):
            items.append(self.expression())
        self.take(end)
        return items

    def unchanged(self) -> Meaning:
        names = [self.take()]
        while self.maybe(","):
            names.append(self.take())
        self.take(">>")
        return lambda env: all(_assign(env, name, env[name]()) for name in names)

    def function(self) -> Meaning:
        if self.peek(1) == "\\in":
            name = self.take()
            self.take("\\in")
            low = self.power()
            self.take("..")
            high = self.power()
            self.take("|->")
            value = self.expression()
            self.take("]")
            return lambda env: {i: value({**env, name: lambda i=i: i}) for i in range(low(env), high(env) + 1)}
        low = self.power()
        if self.maybe(".."):
            high = self.power()
            self.take("->")
            inside = self.expression()
            self.take("]")
            return lambda env: (
                lambda held: (
                    list(held) == list(range(low(env), high(env) + 1))
                    and all(inside(env)(value) for value in held.values())
                )
            )
        self.take("EXCEPT")
        self.take("!")
        self.take("[")
        index = self.expression()
        self.take("]")
        self.take("=")
        value = self.expression()
        self.take("]")

        def changed(env: Env) -> dict[int, Any]:
            held = low(env)
            assert index(env) in held, "EXCEPT outside the domain"
            return {**held, index(env): value(env)}

        return changed

    def let(self) -> Meaning:
        definitions: list[tuple[str, Meaning]] = []
        while not self.maybe("IN"):
            name = self.take()
            assert name not in self.defined, f"{name} is defined twice"
            self.defined.append(name)
            self.take("==")
            definitions.append((name, self.expression()))
        inner = self.expression()

        def evaluated(env: Env) -> Any:
            own = dict(env)
            for name, meaning in definitions:
                own[name] = _once(meaning, own)
            return inner(own)

        return evaluated

    def call(self, name: str) -> Meaning:
        self.take("(")
        arguments = self.listed(")")
        if name == "Assert":
            return lambda env: _asserted(arguments[0](env), arguments[1](env))
        return lambda env: env[name](*(argument(env) for argument in arguments))


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, _Open):
        return _assign({_NEXT: _OPEN[-1]}, left.name, right)
    assert type(left) is type(right), f"{left} and {right} cannot be compared"
    return bool(left == right)


def _applied(sign: Callable[[Any, Any], Any], left: Meaning, right: Meaning) -> Meaning:
    return lambda env: sign(left(env), right(env))


def _asserted(held: bool, told: str) -> bool:
    assert held, told
    return True


def _assign(env: Env, name: str, value: Any) -> bool:
    assert name not in env[_NEXT], f"{name} is assigned twice"
    env[_NEXT][name] = value
    return True


def _once(meaning: Meaning, env: Env) -> Callable[[], Any]:
    found: list[Any] = []

    def value() -> Any:
        if not found:
            found.append(meaning(env))
        return found[0]

    return value


class Module:
    """A module: its variables and definitions."""

    def __init__(self, text: str) -> None:
        body = re.sub(r"\\\*.*", "", text)
        self.variables = re.findall(r"\w+", _part(r"^VARIABLES (.*)$", body))
        self.steps = re.findall(r"\\/ (\w+)", _part(r"^Next ==\n((?:  .*\n)+)", body))
        pieces = re.split(r"^(\w+)(\([^)]*\))? ==(?=\s)", body, flags=re.MULTILINE)[1:]
        self.meanings: dict[str, tuple[list[str], Meaning]] = {}
        for name, parameters, told in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
            told = re.sub(r"^(RECURSIVE .*|====)$", "", told, flags=re.MULTILINE)
            names = re.findall(r"\w+", parameters or "")
            assert not {name, *names} & {*self.meanings, *self.variables}, f"{name} is defined twice"
            if name in {"vars", "Spec", "Next"}:
                continue
            reader = Reader(_tokens(told), defined=[*self.meanings, *self.variables, *names])
            self.meanings[name] = names, reader.expression()
            assert not reader.peek(), f"{name}: {reader.tokens[reader.at :]} is left"

    def at(self, state: dict[str, Any]) -> Env:
        """What the names mean in a state."""
        env: Env = {_NEXT: {}}
        for name, (parameters, meaning) in self.meanings.items():
            env[name] = _defined(env, parameters, meaning)
        env.update({name: (lambda value=value: value) for name, value in state.items()})
        return env

    def initial(self) -> dict[str, Any]:
        """The initial state: ``Init`` gives each variable its value."""
        names, text = self.variables, self.meanings["Init"][1]
        env = self.at({})
        # A variable that has no value yet takes the one that it is said to equal.
        env.update({name: (lambda name=name: _Open(name)) for name in names})
        _OPEN.append(env[_NEXT])
        try:
            assert text(env)
        finally:
            _OPEN.pop()
        return {name: env[_NEXT][name] for name in names}

    def followers(self, state: dict[str, Any]) -> list[dict[str, Any]]:
        """The states that follow, once for each action that leads there."""
        found = []
        for step in self.steps:
            env = self.at(state)
            if self.meanings[step][1](env):
                assert env[_NEXT].keys() == set(self.variables), f"{step} does not say all"
                found.append(env[_NEXT])
        return found

    def holds(self, name: str, state: dict[str, Any]) -> bool:
        """Whether a definition holds in a state."""
        return bool(self.meanings[name][1](self.at(state)))

    def count(self) -> tuple[int, int]:
        """How many states there are, and how many steps lead out of them."""
        start = self.initial()
        seen, left, steps = {_key(start)}, [start], 0
        while left:
            state = left.pop()
            assert self.holds("TypeOK", state)
            for after in self.followers(state):
                steps += 1
                if _key(after) not in seen:
                    seen.add(_key(after))
                    left.append(after)
        return len(seen), steps


@dataclass(frozen=True)
class _Open:
    """A variable without a value."""

    name: str


_OPEN: list[dict[str, Any]] = []


def _key(state: dict[str, Any]) -> str:
    return repr(sorted(state.items()))


def _part(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    assert found is not None, pattern
    return found[1]


def _defined(env: Env, parameters: list[str], meaning: Meaning) -> Callable[..., Any]:
    def value(*values: Any) -> Any:
        given = {name: (lambda value=value: value) for name, value in zip(parameters, values, strict=True)}
        return meaning({**env, **given} if given else env)

    return value
