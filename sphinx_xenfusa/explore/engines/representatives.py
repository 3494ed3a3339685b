"""Searching one state for all that differ in the names of interchangeable things only: the smallest one, as they are stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sphinx_xenfusa.explore.engine import UNLIMITED, Limits
from sphinx_xenfusa.explore.engines.numpy_engine import NumpyEngine, Stepper, chain, levels_to
from sphinx_xenfusa.explore.engines.state_sets import Mask, States, Words, distinct
from sphinx_xenfusa.explore.language import ModelError
from sphinx_xenfusa.explore.layout import Layout
from sphinx_xenfusa.explore.program import Expr, Program
from sphinx_xenfusa.explore.symmetry import Interchangeable, Moved, exchanges

SAMPLED = 4
"""At every so many levels, one state of each piece of the level is held against those that it stands for."""


class ReducedEngine(NumpyEngine):
    """The numpy engine on representatives: its counts are of those, its verdicts and the lengths of its ways those of all states.

    :param things: what the model does not tell apart.
    """

    def __init__(self, things: Sequence[Interchangeable]) -> None:
        self.things = tuple(things)

    def stepper(self, program: Program) -> Stepper:
        """What takes the steps."""
        return Representatives(program, self.things)

    def shortest(self, program: Program, test: Expr, limits: Limits = UNLIMITED) -> tuple[int, ...] | None:
        """A shortest way, of states as they are: each step is the first that leads to what the next representative stands for."""
        reduced, plain = Representatives(program, self.things), Stepper(program)
        levels = levels_to(reduced, test, limits)
        if levels is None:
            return None
        here: Sequence[Words] = plain.initial().words
        path: list[int] = []
        for depth, (_, wanted) in enumerate(chain(reduced, levels, test)):
            outs = sorted(plain.successors(here, depth), key=lambda out: int(out[0]))
            number, here = next(
                (int(out[0]), out[1:])
                for out in outs
                if all(np.array_equal(one, two) for one, two in zip(reduced.least(out[1:]), wanted.words, strict=True))
            )
            path.append(number)
        return tuple(path)


class _Image:
    """States with things exchanged in one way."""

    def __init__(self, layout: Layout, moved: Sequence[Moved]) -> None:
        self._kept = [-1] * layout.words
        self._moves: list[tuple[int, int, int, int, int, Words | None]] = []
        for one in moved:
            mask = (1 << layout.by_name[one.field].domain.bits) - 1
            source, goal = layout.places[one.field][one.element], layout.places[one.field][one.to]
            self._kept[source.word] &= ~(mask << source.offset)
            codes = np.array([*one.codes, *range(len(one.codes), mask + 1)], np.int64) if one.codes else None
            self._moves.append((source.word, source.offset, mask, goal.word, goal.offset, codes))

    def of(self, words: Sequence[Words]) -> list[Words]:
        """What states become."""
        found = [word & kept for word, kept in zip(words, self._kept, strict=True)]
        for word, offset, mask, goal, to, codes in self._moves:
            value = (words[word] >> offset) & mask
            found[goal] |= (value if codes is None else codes[value]) << to
        return found


class Representatives(Stepper):
    """A program's steps, with each following state replaced by its representative.

    :raises ModelError: the things are not fields of the program.
    """

    def __init__(self, program: Program, things: Sequence[Interchangeable]) -> None:
        super().__init__(program)
        self._images = [_Image(self.layout, moved) for moved in exchanges(program.fields, things)]

    def predicate(self, test: Expr) -> Callable[[Sequence[Words]], Mask]:
        """A test as a function of the words of states.

        :raises ModelError: when it is called: it tells interchangeable things apart.
        """
        holds = super().predicate(test)

        def evaluate(words: Sequence[Words]) -> Mask:
            found = holds(words)
            for image in self._images:
                if not np.array_equal(holds(image.of(words)), found):
                    raise ModelError(
                        self.program.name,
                        "a watch that tells interchangeable things apart",
                        "one that means the same whichever of them is which, or a search of all states",
                    )
            return found

        return evaluate

    def initial(self) -> States:
        """The representative of the initial state."""
        return distinct(self.least(super().initial().words))

    def successors(self, words: Sequence[Words], depth: int) -> list[Any]:
        """The representatives of what follows.

        :raises ModelError: a rule leaves its bounds, or a rule tells interchangeable things apart.
        """
        outs = super().successors(words, depth)
        found = [(number, *self.least(after)) for number, *after in outs]
        self._same_rules(words, found, depth)
        return found

    def least(self, words: Sequence[Words]) -> list[Words]:
        """Of all states that differ in names only the one whose words are smallest, the first word first."""
        best = list(words)
        for image in self._images:
            other = image.of(words)
            smaller = np.zeros(len(words[0]), bool)
            same = np.ones(len(words[0]), bool)
            for one, two in zip(best, other, strict=True):
                smaller |= same & (two < one)
                same &= two == one
            best = [np.where(smaller, two, one) for one, two in zip(best, other, strict=True)]
        return best

    def _same_rules(self, words: Sequence[Words], found: Sequence[Any], depth: int) -> None:
        """See that a sample of the states has the same followers when the things are exchanged."""
        if depth % SAMPLED or not len(words[0]):
            return
        row = [word[:1] for word in words]
        wanted = self._followers(row)
        for image in self._images:
            if self._followers(image.of(row)) != wanted:
                values = self.layout.unpack([int(word[0]) for word in row])
                raise ModelError(
                    self.program.name,
                    f"rules that tell interchangeable things apart, {depth} steps from the start, in {values}",
                    "rules that do the same whichever of the things is which",
                )

    def _followers(self, row: Sequence[Words]) -> list[tuple[int, ...]]:
        fired, branches = list(self.fired), [list(counts) for counts in self.branches]
        outs = [self.least(after) for _, *after in self._run(row)]
        self.fired[:], self.branches[:] = fired, branches
        return sorted(tuple(int(word[0]) for word in out) for out in outs)
