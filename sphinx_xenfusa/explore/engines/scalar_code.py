"""The text of the functions with which the numba engine takes steps: one state at a time, in machine words.

Numba compiles the text.  What steps require in common is tested once; a side of an ``if`` that is not taken is not evaluated.
"""

from __future__ import annotations

from collections.abc import Sequence

from sphinx_xenfusa.explore.engines.numpy_code import Frame, Writer
from sphinx_xenfusa.explore.program import (
    Branch,
    Check,
    Choice,
    Const,
    Expr,
    Let,
    Not,
    Require,
    Statement,
    Store,
)


class ScalarWriter(Writer):
    """Writes the text for one program; a frame's words are variables that its statements change."""

    def expression(self, frame: Frame, expr: Expr) -> str:
        """The text of an expression."""
        match expr:
            case Const(value=value, truth=True):
                return str(bool(value))
            case Not(of=of):
                return f"(not {self.expression(frame, of)})"
            case Choice(test=test, then=then, other=other):
                texts = [self.expression(frame, one) for one in (then, test, other)]
                return f"({texts[0]} if {texts[1]} else {texts[2]})"
            case _:
                return super().expression(frame, expr)

    @staticmethod
    def number(text: str) -> str:
        """A truth value as a number."""
        return f"(1 if {text} else 0)"

    # ---- statements ----

    def statements(self, frame: Frame, body: Sequence[Statement]) -> None:
        """Write statements; behind a requirement, what follows it stands within an ``if``."""
        for one in body:
            self.statement(frame, one)

    def statement(self, frame: Frame, one: Statement) -> None:
        """Write one statement."""
        match one:
            case Require(test=test):
                self.line(f"{frame.alive} = {self.expression(frame, test)}")
                self.open(frame.alive)
            case Check():
                self.check(frame, one)
            case Let(name=name, value=value):
                frame.locals[name] = f"{name}_{frame.alive}"
                self.line(f"{frame.locals[name]} = {self.expression(frame, value)}")
            case Store():
                self.store(frame, one)
            case Branch():
                self.branch(frame, one)

    def open(self, test: str) -> None:
        """Begin an ``if``; perhaps nothing else follows in it."""
        self.line(f"if {test}:")
        self.indent += 1
        self.line("pass")

    def check(self, frame: Frame, check: Check) -> None:
        """Give up where a check is reached and does not hold: the numpy engine then says where and why."""
        self.open(self.expression(frame, Not(check.test)))
        self.line("return -1")
        self.indent -= 1

    def store(self, frame: Frame, store: Store) -> None:
        """Assign to a field or an element."""
        domain = self.layout.by_name[store.field].domain
        if not domain.bits:
            return
        mask = (1 << domain.bits) - 1
        value = self.code(frame, store.value, domain.low, mask)
        places = self.layout.places[store.field]
        if isinstance(store.index, Const):
            place = places[store.index.value]
            self.replace(frame, place.word, str(~(mask << place.offset)), f"({value} << {place.offset})")
            return
        index, kept = self.kept("i", self.expression(frame, store.index)), self.kept("x", str(value))
        stride = self.layout.stride(store.field)
        if stride is not None:
            word, start, distance = stride
            at = self.kept("k", f"{start} + {distance} * {index}")
            self.replace(frame, word, f"~({mask} << {at})", f"({kept} << {at})")
            return
        for i, place in enumerate(places):
            self.open(f"{index} == {i}")
            self.replace(frame, place.word, str(~(mask << place.offset)), f"({kept} << {place.offset})")
            self.indent -= 1

    def replace(self, frame: Frame, word: int, kept: str, put: str) -> None:
        """Replace bits of a word."""
        name = frame.words[word]
        self.line(f"{name} = ({name} & {kept}) | {put}")

    def branch(self, frame: Frame, one: Branch) -> None:
        """One side or the other."""
        test = self.kept("m", self.expression(frame, one.test))
        before = dict(frame.locals)
        known: list[dict[str, str]] = []
        for side, (head, body) in enumerate(((f"if {test}:", one.then), ("else:", one.other))):
            self.line(head)
            outer, self.indent = self.indent, self.indent + 1
            self.line(f"branches[{2 * one.number + side}] += 1")
            frame.locals = dict(before)
            self.statements(frame, body)
            known.append(frame.locals)
            self.indent = outer
        frame.locals = {name: text for name, text in known[0].items() if known[1].get(name) == text}
        if any(isinstance(inner, Require) for inner in _all((one,))):
            self.open(frame.alive)

    # ---- steps ----

    def enter(self, frame: Frame, tests: Sequence[Expr]) -> None:
        """Go on where requirements are met."""
        self.open(self.logic(frame, "and", tests) if tests else "True")

    def step(self, frame: Frame, number: int, tests: tuple[Expr, ...], rest: Sequence[Statement]) -> None:
        """Write one step."""
        outer = self.indent
        self.enter(frame, tests)
        inner = Frame([f"s{number}_{i}" for i in range(len(frame.words))], alive=f"a{number}")
        for name, word in zip(inner.words, frame.words, strict=True):
            self.line(f"{name} = {word}")
        self.line(f"{inner.alive} = True")
        self.statements(inner, rest)
        self.line(f"fired[{number}] += 1")
        for i, name in enumerate(inner.words):
            self.line(f"out[n * {len(inner.words)} + {i}] = {name}")
        self.line("n += 1")
        self.indent = outer

    def followers(self) -> str:
        """The function ``successors``: appends to ``out``, which holds ``n``, what follows from a state; -1: a check fails."""
        words = [f"w{i}_" for i in range(self.layout.words)]
        self.lines = [f"def successors({', '.join(words)}, out, n, fired, branches):"]
        self.tree(Frame(words), self.steps())
        self.line("return n")
        return "\n".join(self.lines)

    def look(self, tests: Sequence[Expr]) -> str:
        """The function ``look``: counts for each test the states for which it holds."""
        count = self.layout.words
        self.lines = ["def look(queue, low, high, counts):"]
        self.line("for row in range(low, high):")
        self.indent += 1
        for i in range(count):
            self.line(f"w{i}_ = queue[row * {count} + {i}]")
        for number, test in enumerate(tests):
            self.open(self.expression(Frame([f"w{i}_" for i in range(count)]), test))
            self.line(f"counts[{number}] += 1")
            self.indent -= 1
        self.indent -= 1
        self.line("return")
        return "\n".join(self.lines)


def _all(body: Sequence[Statement]) -> list[Statement]:
    """Statements, with those inside branches."""
    found: list[Statement] = []
    for one in body:
        found.append(one)
        if isinstance(one, Branch):
            found.extend(_all((*one.then, *one.other)))
    return found
