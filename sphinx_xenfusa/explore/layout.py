"""How a state is stored: every field, bit for bit, in words of 63 bits.

A word is a non-negative number of 64 bits with sign.  No element straddles two words; an array that fits stands in one word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from sphinx_xenfusa.explore.language import Field, Value

WORD = 63
"""The bits of a word that are used."""


@dataclass(frozen=True)
class Place:
    """Where an element is kept: a word, and the number of its lowest bit there."""

    word: int
    offset: int


@dataclass(frozen=True)
class Layout:
    """Where all elements of all fields are kept."""

    fields: tuple[Field, ...]

    @cached_property
    def places(self) -> dict[str, tuple[Place, ...]]:
        """The places of each field's elements."""
        free: list[int] = []
        found: dict[str, tuple[Place, ...]] = {}
        # The widest first: more fits into as few words.
        for one in sorted(
            self.fields, key=lambda one: (-min(one.bits, WORD), [f.name for f in self.fields].index(one.name))
        ):
            bits, length = one.domain.bits, one.length or 1
            whole = WORD // bits if bits else length
            places: list[Place] = []
            while len(places) < length:
                count = min(length - len(places), whole)
                word = _word_with(free, count * bits)
                start = WORD - free[word]
                places.extend(Place(word, start + i * bits) for i in range(count))
                free[word] -= count * bits
            found[one.name] = tuple(places)
        return found

    @cached_property
    def words(self) -> int:
        """How many words a state takes."""
        return 1 + max(place.word for places in self.places.values() for place in places)

    @cached_property
    def bits(self) -> int:
        """How many bits a state takes."""
        return sum(one.bits for one in self.fields)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """The fields by their names."""
        return {one.name: one for one in self.fields}

    def stride(self, field: str) -> tuple[int, int, int] | None:
        """Word, first offset and distance of an array's elements, where they stand in one word."""
        places = self.places[field]
        if {place.word for place in places} != {places[0].word}:
            return None
        return places[0].word, places[0].offset, self.by_name[field].domain.bits

    def pack(self, key: Iterable[Value]) -> tuple[int, ...]:
        """The words of a state, from the values of all elements in order."""
        words = [0] * self.words
        left = iter(key)
        for one in self.fields:
            for place in self.places[one.name]:
                words[place.word] |= (one.domain.number(next(left)) - one.domain.low) << place.offset
        return tuple(words)

    def unpack(self, words: Sequence[int]) -> tuple[Value, ...]:
        """The values of all elements in order, from the words of a state."""
        values: list[Value] = []
        for one in self.fields:
            mask = (1 << one.domain.bits) - 1
            for place in self.places[one.name]:
                values.append(one.domain.value(((int(words[place.word]) >> place.offset) & mask) + one.domain.low))
        return tuple(values)


def _word_with(free: list[int], bits: int) -> int:
    """The first word with room for so many bits, a new one where there is none."""
    for word, room in enumerate(free):
        if room >= bits:
            return word
    free.append(WORD)
    return len(free) - 1
