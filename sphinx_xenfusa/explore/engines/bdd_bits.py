"""Numbers and truth values as functions of the bits of a state: what the bdd engine makes of expressions and statements.

Nothing here is shared with the engines that generate code: that their counts agree with this one says something.

A number is a list of bits, the lowest first, in two's complement; the last one stands for all that would follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from oxidd.bcdd import BCDDFunction, BCDDManager

from sphinx_xenfusa.explore.language import Field, ModelError
from sphinx_xenfusa.explore.program import (
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
)

Bit = BCDDFunction
Number = list[Bit]

MOST_VALUES = 1024
"""How many values a divisor that depends on the state may have."""


class Bits:
    """Arithmetic."""

    def __init__(self, manager: BCDDManager) -> None:
        self.true, self.false = manager.true(), manager.false()

    def constant(self, value: int) -> Number:
        """A number that is the same in all states."""
        width = max(value.bit_length(), (-value - 1).bit_length() if value < 0 else 0) + 1
        return [self.true if (value >> i) & 1 else self.false for i in range(width)]

    def natural(self, bits: Sequence[Bit]) -> Number:
        """Bits as a number that is not negative."""
        return [*bits, self.false]

    @staticmethod
    def wide(number: Number, width: int) -> Number:
        """The same number in so many bits: more are its last one, fewer cut it off."""
        return (number + [number[-1]] * (width - len(number)))[:width]

    def same_width(self, one: Number, other: Number) -> tuple[Number, Number]:
        """Both in as many bits as the longer one has."""
        width = max(len(one), len(other))
        return self.wide(one, width), self.wide(other, width)

    def add(self, one: Number, other: Number, carry: Bit | None = None) -> Number:
        """The sum, plus one where a carry comes in."""
        width = max(len(one), len(other)) + 1
        held = self.false if carry is None else carry
        total: Number = []
        for a, b in zip(self.wide(one, width), self.wide(other, width), strict=True):
            either = a ^ b
            total.append(either ^ held)
            held = (a & b) | (either & held)
        return self.short(total)

    def subtract(self, one: Number, other: Number) -> Number:
        """The difference."""
        return self.add(one, [~bit for bit in self.wide(other, len(other) + 1)], self.true)

    def multiply(self, one: Number, other: Number) -> Number:
        """The product."""
        width = len(one) + len(other)
        total = [self.false]
        for i, bit in enumerate(self.wide(other, width)):
            total = self.add(total, [self.false] * i + [a & bit for a in self.wide(one, width - i)])[:width]
        return self.short(self.wide(total, width))

    def short(self, number: Number) -> Number:
        """The same without bits at the end that say nothing."""
        while len(number) > 1 and number[-1] == number[-2]:
            number = number[:-1]
        return number

    def equal(self, one: Number, other: Number) -> Bit:
        """Whether two numbers are the same."""
        result = self.true
        for a, b in zip(*self.same_width(one, other), strict=True):
            result = result & ~(a ^ b)
        return result

    def less(self, one: Number, other: Number) -> Bit:
        """Whether the one is smaller."""
        a, b = self.same_width(one, other)
        # The last bit counts against the number.
        a, b = [*a[:-1], ~a[-1]], [*b[:-1], ~b[-1]]
        result = self.false
        for x, y in zip(a, b, strict=True):
            result = (~x & y) | (~(x ^ y) & result)
        return result

    def choose(self, test: Bit, one: Number, other: Number) -> Number:
        """One number or the other."""
        a, b = self.same_width(one, other)
        return self.short([test.ite(x, y) for x, y in zip(a, b, strict=True)])

    def pick(self, index: Number, numbers: Sequence[Number]) -> Number:
        """The number at a place; the index is inside."""
        if len(numbers) == 1:
            return numbers[0]
        top = (len(numbers) - 1).bit_length() - 1
        half = 1 << top
        bit = self.wide(index, top + 1)[top]
        if bit == self.false:
            return self.pick(index, numbers[:half])
        return self.choose(bit, self.pick(index, numbers[half:]), self.pick(index, numbers[:half]))

    def divide(self, one: Number, divisor: int, low: int) -> tuple[Number, Number]:
        """Quotient, rounded down, and rest, of a number that is at least ``low`` by a positive constant."""
        if divisor & (divisor - 1) == 0:
            shift = divisor.bit_length() - 1
            wide = self.wide(one, max(len(one), shift + 1))
            return self.short(wide[shift:]), self.short(self.natural(wide[:shift]))
        times = max(0, -(low // divisor))
        # Moved up by a multiple of the divisor it is not negative; the last bit then says nothing.
        dividend = self.wide(
            self.add(one, self.constant(times * divisor)), len(one) + (times * divisor).bit_length() + 2
        )
        rest, quotient, by = [self.false], [self.false] * len(dividend), self.constant(divisor)
        for i in reversed(range(len(dividend) - 1)):
            rest = self.short([dividend[i], *rest])
            fits = ~self.less(rest, by)
            rest = self.choose(fits, self.subtract(rest, by), rest)
            quotient[i] = fits
        return self.subtract(self.short(quotient), self.constant(times)), rest

    def shifted(self, one: Number, by: Number, *, left: bool) -> Number:
        """A number shifted by what is not negative."""
        for i, bit in enumerate(by[:-1]):
            distance = 1 << i
            moved = [self.false] * distance + one if left else one[distance:] or [one[-1]]
            one = self.choose(bit, moved, one)
        return one


@dataclass
class Values:
    """What fields and names hold at one place of a step, as functions of the state before it.

    :param codes: the stored bits of each field's elements.
    """

    codes: dict[str, list[list[Bit]]]
    names: dict[str, Number] = field(default_factory=dict)

    def copy(self) -> Values:
        """The same, to go on apart."""
        return Values({name: list(elements) for name, elements in self.codes.items()}, dict(self.names))


@dataclass
class Taken:
    """One step as functions of the state before it.

    :param guard: where it can be taken.
    :param after: what the fields hold then.
    :param faults: each check, and where it is reached and does not hold.
    :param branches: number of each branch, and where the step goes the one way and the other.
    """

    guard: Bit
    after: dict[str, list[list[Bit]]]
    faults: list[tuple[Check, Bit]]
    branches: list[tuple[int, Bit, Bit]]


class Reader:
    """Reads expressions and steps over the bits of a state."""

    def __init__(self, bits: Bits, fields: Mapping[str, Field], codes: Mapping[str, list[list[Bit]]]) -> None:
        self.bits, self.fields, self.codes = bits, fields, codes

    def step(self, compiled: Compiled) -> Taken:
        """A step."""
        self.taken = Taken(self.bits.true, {}, [], [])
        values = Values({name: list(elements) for name, elements in self.codes.items()})
        self.run(compiled.body, values, self.bits.true)
        self.taken.after = values.codes
        return self.taken

    def holds(self, test: Expr) -> Bit:
        """Where a predicate holds."""
        return self.truth(Values(dict(self.codes)), test)

    # ---- statements ----

    def run(self, body: Sequence[Statement], values: Values, path: Bit) -> None:
        """Statements, where a path leads to them."""
        for one in body:
            match one:
                case Require(test=test):
                    self.taken.guard = self.taken.guard & (~path | self.truth(values, test))
                case Check(test=test):
                    wrong = self.taken.guard & path & ~self.truth(values, test)
                    if wrong.satisfiable():
                        self.taken.faults.append((one, wrong))
                case Let(name=name, value=value):
                    values.names[name] = self.either(values, value)
                case Store():
                    self.store(one, values)
                case Branch():
                    self.branch(one, values, path)

    def store(self, store: Store, values: Values) -> None:
        """An assignment."""
        domain = self.fields[store.field].domain
        value = self.bits.subtract(self.either(values, store.value), self.bits.constant(domain.low))
        code = self.bits.wide(value, domain.bits) if domain.bits else []
        elements = values.codes[store.field]
        index = self.number(values, store.index)
        for i, old in enumerate(elements):
            here = self.bits.equal(index, self.bits.constant(i))
            elements[i] = [here.ite(new, kept) for new, kept in zip(code, old, strict=True)]

    def branch(self, one: Branch, values: Values, path: Bit) -> None:
        """Both sides, each on its path; then what the one or the other holds."""
        test = self.truth(values, one.test)
        reached = self.taken.guard & path
        self.taken.branches.append((one.number, reached & test, reached & ~test))
        then, other = values.copy(), values.copy()
        self.run(one.then, then, path & test)
        self.run(one.other, other, path & ~test)
        for name, elements in values.codes.items():
            for i, _ in enumerate(elements):
                pairs = zip(then.codes[name][i], other.codes[name][i], strict=True)
                elements[i] = [test.ite(a, b) for a, b in pairs]
        both = then.names.keys() & other.names.keys()
        values.names = {name: self.bits.choose(test, then.names[name], other.names[name]) for name in both}

    # ---- expressions ----

    def either(self, values: Values, expr: Expr) -> Number:
        """A number, or a truth value as 0 or 1."""
        return self.bits.natural([self.truth(values, expr)]) if expr.truth else self.number(values, expr)

    def truth(self, values: Values, expr: Expr) -> Bit:
        """An expression that gives a truth value."""
        match expr:
            case Const(value=value):
                return self.bits.true if value else self.bits.false
            case Not(of=of):
                return ~self.truth(values, of)
            case Logic(operator=sign, parts=parts):
                result = self.truth(values, parts[0])
                for part in parts[1:]:
                    found = self.truth(values, part)
                    result = result & found if sign == "and" else result | found
                return result
            case Choice(test=test, then=then, other=other):
                return self.truth(values, test).ite(self.truth(values, then), self.truth(values, other))
            case Binary(operator=sign, left=left, right=right):
                return self.compared(sign, self.either(values, left), self.either(values, right))
            case _:
                return self.number(values, expr)[0]

    def compared(self, sign: str, one: Number, other: Number) -> Bit:
        """A comparison."""
        match sign:
            case "==":
                return self.bits.equal(one, other)
            case "!=":
                return ~self.bits.equal(one, other)
            case "<":
                return self.bits.less(one, other)
            case ">":
                return self.bits.less(other, one)
            case "<=":
                return ~self.bits.less(other, one)
            case _:
                return ~self.bits.less(one, other)

    def number(self, values: Values, expr: Expr) -> Number:
        """An expression that gives a number; also one of fields and tables of truth values."""
        match expr:
            case Const(value=value):
                return self.bits.constant(value)
            case Load(field=name, element=element):
                return self.value(name, values.codes[name][element])
            case Element(field=name, index=index):
                elements = [self.value(name, code) for code in values.codes[name]]
                return self.bits.pick(self.number(values, index), elements)
            case Local(name=name):
                return values.names[name]
            case Choice(test=test, then=then, other=other):
                sides = self.number(values, then), self.number(values, other)
                return self.bits.choose(self.truth(values, test), *sides)
            case Lookup(table=table, index=index):
                return self.bits.pick(self.number(values, index), [self.bits.constant(entry) for entry in table])
            case Binary():
                return self.computed(values, expr)
            case _:
                raise AssertionError(f"a truth value where a number is expected: {expr}")

    def value(self, name: str, code: Sequence[Bit]) -> Number:
        """The number for which stored bits stand."""
        return self.bits.add(self.bits.natural(code), self.bits.constant(self.fields[name].domain.low))

    def computed(self, values: Values, expr: Binary) -> Number:
        """An operator on two numbers."""
        one, other, sign = self.number(values, expr.left), self.number(values, expr.right), expr.operator
        bits = self.bits
        simple: dict[str, Callable[[], Number]] = {
            "+": lambda: bits.add(one, other),
            "-": lambda: bits.subtract(one, other),
            "*": lambda: bits.multiply(one, other),
            "&": lambda: [a & b for a, b in zip(*bits.same_width(one, other), strict=True)],
            "|": lambda: [a | b for a, b in zip(*bits.same_width(one, other), strict=True)],
            "^": lambda: [a ^ b for a, b in zip(*bits.same_width(one, other), strict=True)],
            "<<": lambda: bits.shifted(one, other, left=True),
            ">>": lambda: bits.shifted(one, other, left=False),
            "min": lambda: bits.choose(bits.less(one, other), one, other),
            "max": lambda: bits.choose(bits.less(one, other), other, one),
        }
        return bits.short(simple[sign]()) if sign in simple else self.divided(expr, one, other)

    def divided(self, expr: Binary, one: Number, by: Number) -> Number:
        """Quotient or rest, for each value that the divisor can have."""
        if expr.right.high - expr.right.low >= MOST_VALUES:
            found = f"a divisor from {expr.right.low} to {expr.right.high}"
            raise ModelError("the engine bdd", found, f"one with at most {MOST_VALUES} values, or another engine")
        result: Number | None = None
        for divisor in range(max(1, expr.right.low), expr.right.high + 1):
            quotient, rest = self.bits.divide(one, divisor, expr.left.low)
            part = quotient if expr.operator == "//" else rest
            same = self.bits.equal(by, self.bits.constant(divisor))
            result = part if result is None else self.bits.choose(same, part, result)
        assert result is not None
        return result
