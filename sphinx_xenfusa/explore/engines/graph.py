"""The graph of all reachable states, and what can be asked of it: from where something can be reached, and what must happen.

A fair run is one in which no group of rules is enabled from some point on for ever and yet never taken (weak fairness).  A run
may also stop: in a state in which no rule of any fair group is enabled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sphinx_xenfusa.explore.engine import UNLIMITED, Limits
from sphinx_xenfusa.explore.engines.numpy_engine import CHUNK, Stepper, next_level
from sphinx_xenfusa.explore.engines.state_sets import Mask, States, Visited, Words, keys_of
from sphinx_xenfusa.explore.program import Expr, Program

Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class Graph:
    """All reachable states and all steps between them.

    :param states: the states; a state's number is its place here.
    :param start: the number of the initial state.
    :param depth: the greatest distance of a state from it.
    :param sources: for each step, the number of the state from which it leads.
    :param targets: for each step, the number of the state to which it leads.
    :param labels: for each step, its number in the program.
    """

    stepper: Stepper
    states: States
    start: int
    depth: int
    sources: Numbers
    targets: Numbers
    labels: Numbers

    def where(self, test: Expr) -> Mask:
        """In which states a test holds."""
        return self.stepper.predicate(test)(self.states.words)

    def labelled(self, steps: frozenset[int]) -> Mask:
        """Which steps are one of these of the program."""
        return np.isin(self.labels, sorted(steps))

    def can_reach(self, goal: Mask, within: Mask | None = None) -> Mask:
        """From which states some way leads to a goal; all states on the way, but the last, lie within."""
        order = np.argsort(self.targets, kind="stable")
        sources = self.sources[order]
        first = np.searchsorted(self.targets[order], np.arange(len(self.states) + 1))
        reached = goal.copy()
        frontier = np.flatnonzero(goal)
        while len(frontier):
            before = _gather(sources, first, frontier)
            fresh = ~reached[before]
            if within is not None:
                fresh &= within[before]
            frontier = np.unique(before[fresh])
            reached[frontier] = True
        return reached

    def can_avoid(self, goal: Mask, fair: Sequence[frozenset[int]]) -> Mask:
        """From which states a fair run leads that never meets the goal.

        The greatest set of states, none of them a goal, from each of which, for each fair group, a way within the set leads to a
        state where the group is not enabled, or to one of its steps that stays in the set (Emerson and Lei's fixed point).
        """
        inside = ~goal
        groups = [(self.labelled(group), self._disabled(group)) for group in fair]
        while True:
            before = int(np.count_nonzero(inside))
            for taken, disabled in groups:
                met = inside & disabled
                steps = taken & inside[self.sources] & inside[self.targets]
                met[self.sources[steps]] = True
                inside &= self.can_reach(met & inside, inside)
            if int(np.count_nonzero(inside)) == before:
                return inside

    def _disabled(self, group: frozenset[int]) -> Mask:
        """In which states no step of a group can be taken."""
        disabled = np.ones(len(self.states), bool)
        disabled[self.sources[self.labelled(group)]] = False
        return disabled

    def way(self, targets: Mask) -> tuple[int, ...] | None:
        """The steps of a shortest way from the initial state to one of the targets; ``None`` where there is none."""
        return self.way_from(self.start, targets)

    def way_from(self, start: int, targets: Mask) -> tuple[int, ...] | None:
        """The same from any state."""
        order = np.argsort(self.sources, kind="stable")
        first = np.searchsorted(self.sources[order], np.arange(len(self.states) + 1))
        by = np.full(len(self.states), -1, np.intp)
        seen = np.zeros(len(self.states), bool)
        seen[start] = True
        frontier = np.array([start], np.intp)
        while len(frontier) and not targets[frontier].any():
            edges = _gather(order, first, frontier)
            edges = edges[~seen[self.targets[edges]]]
            frontier, chosen = np.unique(self.targets[edges], return_index=True)
            seen[frontier] = True
            by[frontier] = edges[chosen]
        hits = frontier[targets[frontier]]
        if not len(hits):
            return None
        at, steps = int(hits[0]), []
        while at != start:
            steps.append(int(self.labels[by[at]]))
            at = int(self.sources[by[at]])
        return tuple(reversed(steps))


def _gather(values: Numbers, first: Numbers, rows: Numbers) -> Numbers:
    """The values of all rows, where row ``i`` has those from ``first[i]`` to ``first[i + 1]``."""
    lengths = first[rows + 1] - first[rows]
    starts = np.repeat(first[rows] - np.concatenate(([0], np.cumsum(lengths)[:-1])), lengths)
    gathered: Numbers = values[starts + np.arange(int(lengths.sum()))]
    return gathered


def graph_of(program: Program, limits: Limits = UNLIMITED) -> Graph | None:
    """The graph of a program; ``None`` where it has more states than the limit.

    :raises ModelError: a rule leaves its bounds in a reachable state.
    """
    stepper = Stepper(program)
    level = stepper.initial()
    visited = Visited(level)
    start = level
    depth = 0
    while len(level):
        level, _ = next_level(stepper, level, visited, depth)
        visited.add(level)
        depth += 1
        if len(visited) > limits.states:
            return None
    states = visited.all()
    return Graph(stepper, states, int(numbers(states, start.words)[0]), depth - 1, *_steps(stepper, states))


def _steps(stepper: Stepper, states: States) -> tuple[Numbers, Numbers, Numbers]:
    sources: list[Numbers] = []
    targets: list[Numbers] = []
    labels: list[Numbers] = []
    for start, words in zip(range(0, len(states), CHUNK), states.chunks(CHUNK), strict=True):
        for number, *after, rows in stepper.edges(words):
            sources.append(rows + start)
            targets.append(numbers(states, after))
            labels.append(np.full(len(rows), number, np.intp))
    nothing = [np.zeros(0, np.intp)]
    one, two, three = (np.concatenate(parts or nothing) for parts in (sources, targets, labels))
    return one, two, three


def numbers(states: States, asked: Sequence[Words]) -> Numbers:
    """The places of states among all states; each has to be one of them."""
    keys = keys_of(asked)
    place = np.searchsorted(states.keys, keys)
    if len(states.words) == 1:
        return place
    # Different states may share a key: go on until the words agree, too.
    while True:
        wrong = np.zeros(len(place), bool)
        for one, other in zip(states.words, asked, strict=True):
            wrong |= one[place] != other
        if not wrong.any():
            return place
        place[wrong] += 1
