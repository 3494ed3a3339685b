"""Sets of states as sorted arrays: the words of the states, and a key by which they are sorted.

A state of one word is its own key.  Of wider states the key is a mixture of the words: equal keys do not mean equal states, so
the words are always compared as well.  Nothing is ever left to the key alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.int64]
Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]

_MIX = (-7046029254386353131, 6364136223846793005, -4417276706812531889, 2862933555777941757)
"""Odd numbers: multiplying by them, modulo two to the power of 64, loses nothing."""


SMALL = 1 << 24
"""Runs of less than so many states are merged whatever memory it takes."""

PIECE = 1 << 20
"""About how many states are put in order at once for the digest."""


@dataclass(frozen=True)
class States:
    """Different states, sorted.

    :param words: one array for each word of a state.
    :param keys: what they are sorted by, then by the words.
    """

    words: tuple[Words, ...]
    keys: Words

    def __len__(self) -> int:
        return len(self.keys)

    def chunks(self, rows: int) -> list[tuple[Words, ...]]:
        """The states in pieces that stay in the processor's cache."""
        return [tuple(word[i : i + rows] for word in self.words) for i in range(0, len(self), rows)]

    def state(self, row: int) -> tuple[int, ...]:
        """The words of one state."""
        return tuple(int(word[row]) for word in self.words)

    def rows(self, rows: Rows | Mask) -> States:
        """Some of them."""
        return States(tuple(word[rows] for word in self.words), self.keys[rows])

    @property
    def size(self) -> int:
        """Bytes."""
        return self.keys.nbytes * (1 if len(self.words) == 1 else 1 + len(self.words))

    def digest(self) -> str:
        """SHA-256 over the states, sorted by their words, little-endian."""
        if len(self.words) == 1:
            return digest_of(self.keys)
        order = np.lexsort(self.words)
        return digest_of(np.stack([word[order] for word in self.words], axis=1))


def digest_of(ordered: Words) -> str:
    """SHA-256 over the words of states in order, little-endian."""
    return hashlib.sha256(np.ascontiguousarray(ordered, "<i8").data).hexdigest()


def keys_of(words: Sequence[Words]) -> Words:
    """What states are sorted by."""
    if len(words) == 1:
        return words[0]
    mixed = words[0] * _MIX[0]
    for i, word in enumerate(words[1:], 1):
        mixed = (mixed ^ (mixed >> 29)) * _MIX[i % len(_MIX)] + word
    return mixed ^ (mixed >> 32)


def distinct(words: Sequence[Words]) -> States:
    """The different ones among states that may be equal."""
    if len(words) == 1:
        ordered = np.sort(words[0])
        if len(ordered) > 1:
            ordered = ordered[_differs(ordered)]
        return States((ordered,), ordered)
    keys = keys_of(words)
    order = np.argsort(keys)
    keys = keys[order]
    taken = tuple(word[order] for word in words)
    same_key = keys[1:] == keys[:-1]
    same = same_key.copy()
    for word in taken:
        same &= word[1:] == word[:-1]
    if np.any(same_key & ~same):
        # Different states share a key: the words decide their order, so that equal ones stand side by side.
        order = np.lexsort((*taken, keys))
        keys, taken = keys[order], tuple(word[order] for word in taken)
        same = keys[1:] == keys[:-1]
        for word in taken:
            same &= word[1:] == word[:-1]
    first = np.concatenate((np.ones(min(1, len(keys)), bool), ~same))
    return States(tuple(word[first] for word in taken), keys[first])


def _differs(ordered: Words) -> Mask:
    differs = np.empty(len(ordered), bool)
    differs[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=differs[1:])
    return differs


def among(known: States, asked: States) -> Mask:
    """Which of the asked states are known."""
    if not len(known):
        return np.zeros(len(asked), bool)
    place = np.searchsorted(known.keys, asked.keys)
    np.minimum(place, len(known) - 1, out=place)
    found: Mask = known.keys[place] == asked.keys
    if len(known.words) == 1:
        return found
    return _compared(known, asked, place, found)


def _compared(known: States, asked: States, place: Rows, found: Mask) -> Mask:
    """The same where keys can be shared: as long as the key is equal and the words are not, look at the next one."""
    result = np.zeros(len(asked), bool)
    left = np.flatnonzero(found)
    while len(left):
        at = place[left]
        equal = np.ones(len(left), bool)
        for one, other in zip(known.words, asked.words, strict=True):
            equal &= one[at] == other[left]
        result[left[equal]] = True
        left = left[~equal]
        place[left] += 1
        left = left[place[left] < len(known)]
        left = left[known.keys[place[left]] == asked.keys[left]]
    return result


def merged(one: States, other: States) -> States:
    """Both together; they have nothing in common."""
    keys = np.concatenate((one.keys, other.keys))
    if len(one.words) == 1:
        keys.sort(kind="stable")
        return States((keys,), keys)
    words = tuple(np.concatenate(pair) for pair in zip(one.words, other.words, strict=True))
    order = np.argsort(keys, kind="stable")
    return States(tuple(word[order] for word in words), keys[order])


class Visited:
    """All states seen so far, in sorted runs of which each is at least twice as long as the next."""

    def __init__(self, first: States) -> None:
        self.runs = [first]

    def __len__(self) -> int:
        return sum(map(len, self.runs))

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(run.size for run in self.runs)

    def new(self, states: States) -> States:
        """Those of the states that have not been seen."""
        for run in self.runs:
            if not len(states):
                break
            states = states.rows(~among(run, states))
        return states

    def add(self, states: States) -> None:
        """Remember states that have not been seen."""
        if len(states):
            self.runs.append(states)
        # Merging takes as much memory again as the runs: where there are many states, they stay apart in some large runs.
        most = max(SMALL, len(self) // 4)
        while len(self.runs) > 1 and len(self.runs[-2]) < min(2 * len(self.runs[-1]), most - len(self.runs[-1])):
            last, before = self.runs.pop(), self.runs.pop()
            self.runs.append(merged(before, last))

    def digest(self) -> str:
        """The digest of all of them, without a copy of all."""
        if len(self.runs[0].words) > 1:
            return self.all().digest()
        runs = sorted((run.keys for run in self.runs), key=len)
        found = hashlib.sha256()
        ends = [0] * len(runs)
        for last in [*runs[-1][PIECE::PIECE].tolist(), None]:
            starts = ends
            ends = [len(run) if last is None else int(np.searchsorted(run, last)) for run in runs]
            piece = np.concatenate([run[a:b] for run, a, b in zip(runs, starts, ends, strict=True)])
            piece.sort()
            found.update(np.ascontiguousarray(piece, "<i8").data)
        return found.hexdigest()

    def all(self) -> States:
        """All of them, in one run."""
        while len(self.runs) > 1:
            last, before = self.runs.pop(), self.runs.pop()
            self.runs.append(merged(before, last))
        return self.runs[0]
