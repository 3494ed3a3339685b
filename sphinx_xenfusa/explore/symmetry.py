"""Interchangeable things: what a model does not tell apart, so that one state can stand for all that differ in names only.

A search of such representatives is smaller, up to as many times as the things can be arranged.  It is optional: that the things
are interchangeable is the model's word, which the search checks where it can and tests check on whole searches.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sphinx_xenfusa.explore.language import Field, ModelError

MOST_VALUES = 1 << 16
"""How many values a field may have whose values name things."""


@dataclass(frozen=True)
class Interchangeable:
    """Things of one kind, each named by a number.

    :param numbers: the numbers that name them.
    :param values: fields whose values name a thing, beside numbers that name none.
    :param indexed: arrays whose index names a thing.
    """

    numbers: tuple[int, ...]
    values: tuple[str, ...] = ()
    indexed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Moved:
    """Where an element goes when things are exchanged, and as what.

    :param codes: for each stored number the one that takes its place; empty where it stays.
    """

    field: str
    element: int
    to: int
    codes: tuple[int, ...] = ()


def exchanges(fields: Sequence[Field], things: Sequence[Interchangeable]) -> list[tuple[Moved, ...]]:
    """Each way of exchanging things, but the one that leaves all as they are: the elements that it touches.

    :raises ModelError: a field is not declared, or cannot be meant.
    """
    by_name = {one.name: one for one in fields}
    for kind in things:
        _check(by_name, kind)
    ways = itertools.product(*(_arrangements(kind.numbers) for kind in things))
    return [tuple(_moved(fields, list(zip(things, way, strict=True)))) for way in list(ways)[1:]]


def _arrangements(numbers: Sequence[int]) -> Iterator[dict[int, int]]:
    for arranged in itertools.permutations(numbers):
        yield dict(zip(numbers, arranged, strict=True))


def _check(by_name: dict[str, Field], kind: Interchangeable) -> None:
    for name in (*kind.values, *kind.indexed):
        one = by_name.get(name)
        if one is None:
            raise ModelError("interchangeable things", f"no field {name}", f"one of {', '.join(by_name)}")
        if name in kind.values and not all(one.domain.low <= number <= one.domain.high for number in kind.numbers):
            raise ModelError(f"field {name}", f"{one.domain}", f"values that have room for {kind.numbers}")
        if name in kind.values and one.domain.size > MOST_VALUES:
            raise ModelError(f"field {name}", f"{one.domain}", f"at most {MOST_VALUES:,} values")
        if name in kind.indexed and not all(0 <= number < (one.length or 0) for number in kind.numbers):
            raise ModelError(f"field {name}", f"{one.length or 0} elements", f"an index for each of {kind.numbers}")


def _moved(fields: Sequence[Field], way: Sequence[tuple[Interchangeable, dict[int, int]]]) -> Iterator[Moved]:
    for one in fields:
        low, codes = one.domain.low, tuple[int, ...]()
        for kind, to in way:
            if one.name in kind.values:
                before = codes or tuple(range(one.domain.size))
                codes = tuple(to.get(code + low, code + low) - low for code in before)
        for element in range(one.length or 1):
            place = element
            for kind, to in way:
                if one.name in kind.indexed:
                    place = to.get(place, place)
            if codes or any(one.name in kind.indexed for kind, _ in way):
                yield Moved(one.name, element, place, codes)
