"""The text of the functions with which the numpy engine takes steps: whole arrays of states at once.

A state is one row of one array per word.  A function is given the words of many states and appends, for every step, its number
and the words of the states that follow.  Requirements that steps share are evaluated once, on all states; what fails them is not
looked at again.
Both sides of an ``if`` are evaluated for all rows, and each row takes its side's result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sphinx_xenfusa.explore.layout import Layout
from sphinx_xenfusa.explore.program import (
    Binary,
    Branch,
    Check,
    Choice,
    Const,
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

ROWS = "rows_"
"""The name of the numbers of the states from which steps lead."""


@dataclass
class Frame:
    """What the generated names stand for at one place of the text.

    :param words: the name of each word's array.
    :param locals: the name of each local's array.
    :param pending: stores that are not written out yet: for each word the bits they replace, and the terms to put there.
    :param path: names of the arrays that say which rows take the way that leads here.
    :param alive: name of the array that says which rows have met the requirements inside branches.
    """

    words: list[str]
    locals: dict[str, str] = field(default_factory=dict)
    pending: dict[int, tuple[int, list[str]]] = field(default_factory=dict)
    path: tuple[str, ...] = ()
    alive: str = ""

    def copy(self) -> Frame:
        """The same, to go on apart."""
        pending = {word: (mask, list(terms)) for word, (mask, terms) in self.pending.items()}
        return Frame(list(self.words), dict(self.locals), pending, self.path, self.alive)


class Writer:
    """Writes the text for one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.layout = Layout(program.fields)
        self.lines: list[str] = []
        self.tables: list[tuple[tuple[int, ...], bool]] = []
        self.checks: list[Check] = []
        self.indent = 1
        self.count = 0

    # ---- text ----

    def line(self, text: str) -> None:
        """Write a line."""
        self.lines.append("    " * self.indent + text)

    def name(self, prefix: str) -> str:
        """A name that is not used yet."""
        self.count += 1
        return f"{prefix}{self.count}"

    def kept(self, prefix: str, text: str) -> str:
        """Give an expression a name."""
        name = self.name(prefix)
        self.line(f"{name} = {text}")
        return name

    # ---- expressions ----

    def expression(self, frame: Frame, expr: Expr) -> str:
        """The text of an expression."""
        match expr:
            case Const(value=value, truth=truth):
                return ("TRUE" if value else "FALSE") if truth else str(value)
            case Load():
                return self.load(frame, expr)
            case Element():
                return self.element(frame, expr)
            case Local(name=name):
                return frame.locals[name]
            case Not(of=of):
                return f"(~{self.expression(frame, of)})"
            case Logic(operator=sign, parts=inner):
                return self.logic(frame, sign, inner)
            case Binary():
                return self.binary(frame, expr)
            case Choice(test=test, then=then, other=other):
                texts = [self.expression(frame, one) for one in (test, then, other)]
                return f"where({', '.join(texts)})"
            case Lookup(table=table, index=index, truth=truth):
                place = self.expression(frame, index)
                if (table, truth) not in self.tables:
                    self.tables.append((table, truth))
                return f"T{self.tables.index((table, truth))}[{place}]"

    def load(self, frame: Frame, load: Load) -> str:
        """The value of a fixed element."""
        place = self.layout.places[load.field][load.element]
        domain = self.layout.by_name[load.field].domain
        mask = (1 << domain.bits) - 1
        word = self.word(frame, place.word, mask << place.offset)
        if load.truth:
            return f"(({word} & {mask << place.offset}) != 0)"
        shifted = f"({word} >> {place.offset})" if place.offset else word
        return self.offset(f"({shifted} & {mask})", load.low)

    def element(self, frame: Frame, element: Element) -> str:
        """The value of the element that an index gives."""
        declared = self.layout.by_name[element.field]
        index = self.expression(frame, element.index)
        mask = (1 << declared.domain.bits) - 1
        stride = self.layout.stride(element.field)
        if stride is not None:
            number, start, distance = stride
            word = self.word(frame, number, self.whole(element.field))
            text = f"(({word} >> ({_shift(start, distance, index)})) & {mask})"
        else:
            name = self.kept("i", index)
            text = "0"
            for i, place in enumerate(self.layout.places[element.field]):
                word = self.word(frame, place.word, mask << place.offset)
                text = f"where({name} == {i}, ({word} >> {place.offset}) & {mask}, {text})"
        return f"({text} != 0)" if element.truth else self.offset(text, declared.domain.low)

    def whole(self, name: str) -> int:
        """The bits of all elements of a field that stand in its first word."""
        mask = (1 << self.layout.by_name[name].domain.bits) - 1
        places = self.layout.places[name]
        return sum(mask << place.offset for place in places if place.word == places[0].word)

    def word(self, frame: Frame, number: int, bits: int) -> str:
        """The array of a word whose given bits are up to date."""
        if number in frame.pending and frame.pending[number][0] & bits:
            self.flush(frame, number)
        return frame.words[number]

    @staticmethod
    def offset(text: str, low: int) -> str:
        """A stored number as the number that it stands for."""
        return f"({text} + {low})" if low else text

    def logic(self, frame: Frame, sign: str, tests: Sequence[Expr]) -> str:
        """Truth values joined; several tests of fixed values of one word become one."""
        if sign == "or":
            return "(" + " | ".join(self.expression(frame, test) for test in tests) + ")"
        texts: list[str] = []
        fixed: dict[int, tuple[int, int]] = {}
        for test in tests:
            known = self.fixed(test)
            if known is None:
                texts.append(self.expression(frame, test))
            else:
                word, mask, value = known
                old_mask, old_value = fixed.get(word, (0, 0))
                clash = (value ^ old_value) & mask & old_mask
                if clash:
                    texts.append(self.expression(frame, test))
                else:
                    fixed[word] = old_mask | mask, old_value | value
        for word, (mask, value) in fixed.items():
            texts.insert(0, f"(({self.word(frame, word, mask)} & {mask}) == {value})")
        return f"({' & '.join(texts)})" if len(texts) > 1 else texts[0]

    def fixed(self, test: Expr) -> tuple[int, int, int] | None:
        """Word, bits and their value, where a test is that a fixed element has a fixed value."""
        match test:
            case Binary(operator="==", left=Load() as load, right=Const(value=value)):
                pass
            case Binary(operator="==", left=Const(value=value), right=Load() as load):
                pass
            case Load(truth=True) as load:
                value = 1
            case Not(of=Load() as load):
                value = 0
            case _:
                return None
        place = self.layout.places[load.field][load.element]
        domain = self.layout.by_name[load.field].domain
        mask = (1 << domain.bits) - 1
        return place.word, mask << place.offset, (value - domain.low) << place.offset

    def binary(self, frame: Frame, expr: Binary) -> str:
        """Two operands."""
        known = self.fixed(expr)
        if known is not None:
            word, mask, value = known
            return f"(({self.word(frame, word, mask)} & {mask}) == {value})"
        left, right = self.expression(frame, expr.left), self.expression(frame, expr.right)
        sign = expr.operator
        power = isinstance(expr.right, Const) and expr.right.value & (expr.right.value - 1) == 0
        if sign == "%" and power and expr.left.low >= 0 and isinstance(expr.right, Const):
            return f"({left} & {expr.right.value - 1})"
        if sign in {"min", "max"}:
            return f"{sign}imum({left}, {right})"
        return f"({left} {sign} {right})"

    # ---- statements ----

    def statements(self, frame: Frame, body: Sequence[Statement]) -> None:
        """Write statements that every row of the frame goes through."""
        for one in body:
            self.statement(frame, one)

    def statement(self, frame: Frame, one: Statement) -> None:
        """Write one statement."""
        match one:
            case Require(test=test):
                text = self.kept("m", self.expression(frame, test))
                if frame.path:
                    frame.alive = self.kept("a", f"{frame.alive} & {text}") if frame.alive else text
                else:
                    self.filtered(frame, text)
            case Check():
                self.check(frame, one)
            case Let(name=name, value=value):
                frame.locals[name] = self.kept("x", self.expression(frame, value))
            case Store():
                self.store(frame, one)
            case Branch():
                self.branch(frame, one)

    def filtered(self, frame: Frame, mask: str) -> None:
        """Go on with the rows for which a mask holds."""
        for word in list(frame.pending):
            self.flush(frame, word)
        frame.words = [self.kept("w", f"cut({word}, {mask})") for word in frame.words]
        frame.locals = {name: self.kept("x", f"cut({text}, {mask})") for name, text in frame.locals.items()}
        if frame.alive:
            frame.alive = self.kept("a", f"cut({frame.alive}, {mask})")

    def check(self, frame: Frame, check: Check) -> None:
        """Stop where a check is reached and does not hold."""
        mask = self.expression(frame, Not(check.test))
        for part in (*frame.path, *([frame.alive] if frame.alive else [])):
            mask = f"{mask} & {part}"
        self.checks.append(check)
        self.line(f"fault({mask}, {len(self.checks) - 1})")

    def store(self, frame: Frame, store: Store) -> None:
        """Assign to a field or an element."""
        domain = self.layout.by_name[store.field].domain
        if not domain.bits:
            return
        mask = (1 << domain.bits) - 1
        if isinstance(store.index, Const):
            place = self.layout.places[store.field][store.index.value]
            self.put(
                frame, place.word, mask << place.offset, self.code(frame, store.value, domain.low, mask), place.offset
            )
            return
        index = self.kept("i", self.expression(frame, store.index))
        value = self.code(frame, store.value, domain.low, mask)
        text = str(value) if isinstance(value, int) else value
        stride = self.layout.stride(store.field)
        if stride is not None:
            number, start, distance = stride
            word = self.word(frame, number, -1)
            at = self.kept("k", _shift(start, distance, index))
            frame.words[number] = self.kept("w", f"({word} & ~({mask} << {at})) | ({text} << {at})")
            return
        kept = self.kept("x", text)
        for i, place in enumerate(self.layout.places[store.field]):
            word = self.word(frame, place.word, -1)
            new = f"({word} & {~(mask << place.offset)}) | ({kept} << {place.offset})"
            frame.words[place.word] = self.kept("w", f"where({index} == {i}, {new}, {word})")

    def code(self, frame: Frame, value: Expr, low: int, mask: int) -> int | str:
        """What is stored for a value: a number where it is constant, the text of an array of numbers otherwise."""
        if isinstance(value, Const):
            return (value.value - low) & mask
        text = self.expression(frame, value)
        if value.truth:
            return self.number(text)
        text = f"({text} - {low})" if low else text
        # Where the interval goes beyond the field a check stands in front, for the rows that count.
        inside = value.low >= low and value.high - low <= mask
        return text if inside else f"({text} & {mask})"

    @staticmethod
    def number(text: str) -> str:
        """Truth values as numbers."""
        return f"{text}.astype(int64)"

    def put(self, frame: Frame, word: int, bits: int, value: int | str, offset: int) -> None:
        """Replace bits of a word, later: several of them are written in one go."""
        if word in frame.pending and frame.pending[word][0] & bits:
            self.flush(frame, word)
        mask, terms = frame.pending.get(word, (0, []))
        if isinstance(value, int):
            terms = [*terms, str(value << offset)] if value else terms
        else:
            terms = [*terms, self.kept("x", f"{value} << {offset}" if offset else value)]
        frame.pending[word] = mask | bits, terms

    def flush(self, frame: Frame, word: int) -> None:
        """Write out the stores to a word."""
        mask, terms = frame.pending.pop(word)
        constant = sum(int(term) for term in terms if term.isdigit())
        texts = [f"({frame.words[word]} & {~mask})", *(term for term in terms if not term.isdigit())]
        if constant:
            texts.append(str(constant))
        frame.words[word] = self.kept("w", " | ".join(texts))

    def branch(self, frame: Frame, one: Branch) -> None:
        """Both sides, for all rows; then each row takes what its side gives."""
        for word in list(frame.pending):
            self.flush(frame, word)
        test = self.kept("m", self.expression(frame, one.test))
        other_test = self.kept("m", f"~{test}")
        reached = [*frame.path, *([frame.alive] if frame.alive else [])]
        self.line(f"branched({one.number}, {' & '.join([test, *reached])}, {' & '.join([other_test, *reached])})")
        sides: list[Frame] = []
        for mask, body in ((test, one.then), (other_test, one.other)):
            side = frame.copy()
            side.path = (*frame.path, mask)
            self.statements(side, body)
            for word in list(side.pending):
                self.flush(side, word)
            sides.append(side)
        then, other = sides
        pairs = zip(frame.words, then.words, other.words, strict=True)
        frame.words = [old if a == b == old else self.kept("w", f"where({test}, {a}, {b})") for old, a, b in pairs]
        for name in sorted(then.locals.keys() & other.locals.keys()):
            a, b = then.locals[name], other.locals[name]
            frame.locals[name] = a if a == b else self.kept("x", f"where({test}, {a}, {b})")
        if then.alive != other.alive:
            frame.alive = self.kept("a", f"where({test}, {then.alive or 'TRUE'}, {other.alive or 'TRUE'})")

    # ---- steps ----

    def leading(self, body: Sequence[Statement]) -> list[Expr]:
        """The requirements with which a step begins."""
        found: list[Expr] = []
        for one in body:
            if not isinstance(one, Require):
                break
            found.append(one.test)
        return found

    def tree(self, frame: Frame, steps: Sequence[tuple[int, tuple[Expr, ...], Sequence[Statement]]]) -> None:
        """Write steps: what most of them require first, once for all of these."""
        left = list(steps)
        while left:
            counted = Counter(test for _, tests, _ in left for test in dict.fromkeys(tests))
            best = max(counted, key=counted.__getitem__) if counted else None
            if best is None or counted[best] == 1:
                for number, tests, rest in left:
                    self.step(frame.copy(), number, tests, rest)
                return
            group = [one for one in left if best in one[1]]
            left = [one for one in left if best not in one[1]]
            common = [test for test in group[0][1] if all(test in tests for _, tests, _ in group)]
            inner = frame.copy()
            self.enter(inner, common)
            self.tree(inner, [(n, tuple(t for t in tests if t not in common), rest) for n, tests, rest in group])
            self.indent -= 1

    def enter(self, frame: Frame, tests: Sequence[Expr]) -> None:
        """Go on with the rows that meet requirements, if there are any."""
        if tests:
            self.filtered(frame, self.kept("m", self.logic(frame, "and", tests)))
        self.line(f"if len({frame.words[0]}):")
        self.indent += 1

    def step(self, frame: Frame, number: int, tests: tuple[Expr, ...], rest: Sequence[Statement]) -> None:
        """Write one step, for the rows that meet what is common to its group."""
        self.enter(frame, tests)
        if rest:
            self.line(f"at({number})")
        self.statements(frame, rest)
        for word in list(frame.pending):
            self.flush(frame, word)
        if frame.alive:
            self.filtered(frame, frame.alive)
        self.line(f"fired[{number}] += len({frame.words[0]})")
        rows = [frame.locals[ROWS]] if ROWS in frame.locals else []
        self.line(f"out.append(({number}, {', '.join([*frame.words, *rows])}))")
        self.indent -= 1

    def successors(self, *, with_rows: bool = False) -> str:
        """The function ``successors``: the words of states, a list for what follows, and the counts.

        :param with_rows: whether it is given a number for each state as well, and appends those of the states from which each
            of the following ones comes.
        """
        words = [f"w{i}_" for i in range(self.layout.words)]
        given = [*words, ROWS] if with_rows else words
        self.lines = [f"def successors({', '.join(given)}, out, fired, branched, fault, at):"]
        self.tree(Frame(words, {ROWS: ROWS} if with_rows else {}), self.steps())
        self.line("return")
        return "\n".join(self.lines)

    def steps(self) -> list[tuple[int, tuple[Expr, ...], Sequence[Statement]]]:
        """Each step's number, the different requirements with which it begins, and the rest of it."""
        found: list[tuple[int, tuple[Expr, ...], Sequence[Statement]]] = []
        for number, compiled in enumerate(self.program.steps):
            tests = self.leading(compiled.body)
            found.append((number, tuple(dict.fromkeys(tests)), compiled.body[len(tests) :]))
        return found

    def predicate(self, test: Expr, name: str) -> str:
        """A function of the words of states that says for which of them a test holds."""
        words = [f"w{i}_" for i in range(self.layout.words)]
        self.lines = [f"def {name}({', '.join(words)}):"]
        text = self.expression(Frame(words), test)
        self.line(f"return {text}")
        return "\n".join(self.lines)


def _shift(start: int, distance: int, index: str) -> str:
    scaled = index if distance == 1 else f"{index} * {distance}"
    return f"{scaled} + {start}" if start else scaled
