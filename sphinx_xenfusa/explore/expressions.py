"""Building expressions: constants are computed, and what the intervals decide is decided."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from sphinx_xenfusa.explore.program import Binary, Choice, Const, Expr, Logic, Not

COMPUTE: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
    "min": min,
    "max": max,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""What each operator computes."""


def negation(test: Expr) -> Expr:
    """The opposite of a truth value."""
    if isinstance(test, Const):
        return Const(1 - test.value, truth=True)
    return test.of if isinstance(test, Not) else Not(test)


def joined(sign: str, tests: Sequence[Expr]) -> Expr:
    """Truth values joined by ``and`` or ``or``."""
    neutral = 1 if sign == "and" else 0
    left: list[Expr] = []
    for test in tests:
        if isinstance(test, Const):
            if test.value != neutral:
                return Const(1 - neutral, truth=True)
        elif isinstance(test, Logic) and test.operator == sign:
            left.extend(test.parts)
        else:
            left.append(test)
    if not left:
        return Const(neutral, truth=True)
    return left[0] if len(left) == 1 else Logic(sign, tuple(left))


def comparison(sign: str, left: Expr, right: Expr) -> Expr:
    """A comparison, decided where the intervals are apart."""
    if sign in {">", ">="}:
        sign, left, right = {">": "<", ">=": "<="}[sign], right, left
    decided: bool | None = None
    apart = left.high < right.low or right.high < left.low
    single = left.low == left.high == right.low == right.high
    if sign in {"==", "!="} and (apart or single):
        decided = single is (sign == "==")
    elif sign == "<" and (left.high < right.low or left.low >= right.high):
        decided = left.high < right.low
    elif sign == "<=" and (left.high <= right.low or left.low > right.high):
        decided = left.high <= right.low
    if decided is not None:
        return Const(int(decided), truth=True)
    return Binary(sign, left, right, 0, 1, truth=True)


def as_number(expression: Expr) -> Expr:
    """A truth value as 0 or 1."""
    if not expression.truth:
        return expression
    if isinstance(expression, Const):
        return Const(expression.value)
    return Choice(expression, Const(1), Const(0), 0, 1)


def compute(sign: str, left: Expr, right: Expr) -> Expr:
    """An operator on two numbers, with the interval of what it gives."""
    if isinstance(left, Const) and isinstance(right, Const):
        return Const(COMPUTE[sign](left.value, right.value))
    if sign == "%" and left.low >= 0 and left.high < right.low:
        return left
    if (sign in {"+", "-", "|", "^", "<<", ">>"} and right == Const(0)) or (sign in {"*", "//"} and right == Const(1)):
        return left
    if (sign in {"+", "|", "^"} and left == Const(0)) or (sign == "*" and left == Const(1)):
        return right
    if sign == "min" and (left.high <= right.low or right.high <= left.low):
        return left if left.high <= right.low else right
    if sign == "max" and (left.low >= right.high or right.low >= left.high):
        return left if left.low >= right.high else right
    low, high = _interval(sign, left, right)
    return Binary(sign, left, right, low, high)


def _interval(sign: str, left: Expr, right: Expr) -> tuple[int, int]:
    if sign == "%":
        return 0, right.high - 1
    if sign == "&":
        return 0, min(left.high, right.high)
    if sign in {"|", "^"}:
        return 0, (1 << max(left.high.bit_length(), right.high.bit_length())) - 1
    # All others are monotonic in each argument: the corners give the interval.
    corners = [COMPUTE[sign](a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
    return min(corners), max(corners)
