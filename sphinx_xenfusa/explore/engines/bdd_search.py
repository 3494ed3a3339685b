"""The searches of the bdd engine: by levels, or everything that is reached in whatever order is quickest."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from oxidd.bcdd import BCDDFunction, BCDDManager, BCDDSubstitution
from oxidd.util import BooleanOperator

from sphinx_xenfusa.explore.engine import Exploration, Limits, Progress, Report, Seen, Watch
from sphinx_xenfusa.explore.engines.bdd_bits import Bit, Bits, Reader, Taken
from sphinx_xenfusa.explore.language import ModelError, Value, shown
from sphinx_xenfusa.explore.layout import Layout
from sphinx_xenfusa.explore.program import Program

NODE = 64
"""Bytes for a node, with its part of the tables that find it."""

MOST_NODES = 1 << 23
"""Nodes that a search may have at a time, whatever the limit on memory."""


@dataclass(frozen=True)
class Recount:
    """All reachable states, counted without their distance from the start.

    :param states: their number.
    :param transitions: number of steps that can be taken from them.
    :param fired: how often each step of the program can be taken.
    :param watched: in how many of them each watch holds.
    :param nodes: of the diagram that stands for them.
    """

    states: int
    transitions: int
    fired: tuple[int, ...]
    watched: tuple[int, ...]
    nodes: int


@dataclass(frozen=True)
class Relation:
    """One step as a relation.

    :param relation: between the bits of the state before and those that change.
    :param before: the changing bits before, which a step forgets.
    :param renamed: puts the bits after in the place of those before.
    """

    relation: Bit
    before: Bit
    renamed: BCDDSubstitution | None


class Search:
    """One program's diagrams."""

    def __init__(self, program: Program, watches: Sequence[Watch], limits: Limits) -> None:
        self.program, self.watches, self.limits = program, watches, limits
        self.layout = Layout(program.fields)
        nodes = max(1 << 16, min(MOST_NODES, limits.memory // NODE))
        self.manager = BCDDManager(nodes, nodes // 4, 1)
        self.places = order(program)
        self.manager.add_vars(2 * len(self.places))
        self.bits = Bits(self.manager)
        number = {place: i for i, place in enumerate(self.places)}
        self.now = {place: self.manager.var(2 * i) for place, i in number.items()}
        self.codes = {
            one.name: [
                [self.now[one.name, element, bit] for bit in range(one.domain.bits)]
                for element in range(one.length or 1)
            ]
            for one in program.fields
        }
        reader = Reader(self.bits, {one.name: one for one in program.fields}, self.codes)
        self.steps: list[Taken] = [reader.step(compiled) for compiled in program.steps]
        self.tests = [reader.holds(watch.test) for watch in watches]
        self.relations = [self.relation(step, number) for step in self.steps]
        self.seen = [Seen(0, None) for _ in watches]

    # ---- making relations ----

    def relation(self, step: Taken, number: dict[tuple[str, int, int], int]) -> Relation:
        """A step as a relation: only the bits that it changes are in it."""
        found, forgotten = step.guard, self.bits.true
        renamed: list[tuple[int, BCDDFunction]] = []
        # The last ones first: a diagram is made from below.
        for place in reversed(self.places):
            name, element, bit = place
            new = step.after[name][element][bit]
            old = self.now[place]
            if new == old:
                continue
            after = 2 * number[place] + 1
            found = found & ~(self.manager.var(after) ^ new)
            forgotten = forgotten & old
            renamed.append((after, old))
        return Relation(found, forgotten, BCDDFunction.make_substitution(renamed) if renamed else None)

    def initial(self) -> Bit:
        """The initial state."""
        return self.state([value for one in self.program.fields for value in one.initial])

    def state(self, values: Sequence[Value]) -> Bit:
        """One state as a set."""
        found = self.bits.true
        left = iter(values)
        for one in self.program.fields:
            for element in range(one.length or 1):
                code = one.domain.number(next(left)) - one.domain.low
                for bit in range(one.domain.bits):
                    now = self.now[one.name, element, bit]
                    found = found & (now if (code >> bit) & 1 else ~now)
        return found

    # ---- sets ----

    def count(self, states: Bit) -> int:
        """How many states there are in a set."""
        return states.sat_count(2 * len(self.places)) >> len(self.places)

    def after(self, states: Bit, relation: Relation) -> Bit:
        """The states that one step leads to."""
        found = states.apply_exists(BooleanOperator.AND, relation.relation, relation.before)
        return found.substitute(relation.renamed) if relation.renamed is not None else found

    def following(self, states: Bit) -> Bit:
        """The states that any step leads to."""
        found = self.bits.false
        for relation in self.relations:
            found = found | self.after(states, relation)
        return found

    def leads(self, step: Taken, target: Sequence[Value]) -> Bit:
        """The states from which a step leads to a state."""
        found = step.guard
        left = iter(target)
        for one in self.program.fields:
            for element in range(one.length or 1):
                code = one.domain.number(next(left)) - one.domain.low
                for bit, new in enumerate(step.after[one.name][element]):
                    found = found & (new if (code >> bit) & 1 else ~new)
        return found

    def smallest(self, states: Bit) -> tuple[Value, ...]:
        """The state of a set that is smallest as it is stored: by its first word, then by the next one."""
        words = [0] * self.layout.words
        at = {}
        for one in self.program.fields:
            for element, place in enumerate(self.layout.places[one.name]):
                for bit in range(one.domain.bits):
                    at[place.word, place.offset + bit] = self.now[one.name, element, bit]
        for (word, offset), now in sorted(at.items(), key=lambda item: (item[0][0], -item[0][1])):
            without = states & ~now
            if without.satisfiable():
                states = without
            else:
                states, words[word] = states & now, words[word] | 1 << offset
        return self.layout.unpack(words)

    # ---- searches ----

    def explore(self, report: Report | None) -> Exploration:
        """Search level by level."""
        start = time.monotonic()
        frontier = self.initial()
        reached, depth, states, reason = frontier, 0, 1, ""
        stopped = self.watched(frontier, depth)
        try:
            while not stopped and not reason:
                self.checked(frontier, depth)
                following = self.following(frontier) & ~reached
                if not following.satisfiable():
                    break
                depth, frontier, reached = depth + 1, following, reached | following
                stopped = self.watched(frontier, depth)
                level = self.count(frontier)
                states += level
                if report is not None:
                    report(Progress(states, level, depth, time.monotonic() - start))
                reason = self.beyond(states)
        except MemoryError:
            reason = self.full()
        if stopped:
            reason = "the search ends where a watch that stops holds"
        return self.told(reached, reached if not reason else reached & ~frontier, states, depth, reason)

    def told(self, reached: Bit, expanded: Bit, states: int, depth: int, reason: str) -> Exploration:
        """What a search has found, with the steps from those states that have been gone on from."""
        fired = [self.count(expanded & step.guard) for step in self.steps]
        branches = [[0, 0] for _ in self.program.branches]
        for step in self.steps:
            for number, one, other in step.branches:
                branches[number][0] += self.count(expanded & one)
                branches[number][1] += self.count(expanded & other)
        return Exploration(
            engine="bdd",
            states=states,
            transitions=sum(fired),
            depth=depth,
            complete=not reason,
            reason=reason,
            fired=tuple(fired),
            branches=tuple((one, other) for one, other in branches),
            watched=tuple(self.seen),
        )

    def recount(self) -> Recount | None:
        """Search: each step is taken from all that the ones before it have reached, not from one level."""
        reached, before = self.initial(), self.bits.false
        try:
            while reached != before:
                before = reached
                for relation in self.relations:
                    reached = reached | self.after(reached, relation)
                if self.beyond(self.count(reached)):
                    return None
        except MemoryError:
            return None
        if any((reached & wrong).satisfiable() for step in self.steps for _, wrong in step.faults):
            # Where it happens first is for the search by levels to say.
            self.explore(None)
        fired = tuple(self.count(reached & step.guard) for step in self.steps)
        watched = tuple(self.count(reached & test) for test in self.tests)
        return Recount(self.count(reached), sum(fired), fired, watched, reached.node_count())

    def shortest(self) -> tuple[int, ...] | None:
        """The steps of a shortest way to a state in which the only watch holds."""
        levels = [self.initial()]
        reached = levels[0]
        while not (levels[-1] & self.tests[0]).satisfiable():
            self.checked(levels[-1], len(levels) - 1)
            following = self.following(levels[-1]) & ~reached
            if not following.satisfiable() or self.beyond(self.count(reached)):
                return None
            reached = reached | following
            levels.append(following)
        target = self.smallest(levels[-1] & self.tests[0])
        path: list[int] = []
        for level in reversed(levels[:-1]):
            ways = [level & self.leads(step, target) for step in self.steps]
            before = self.bits.false
            for way in ways:
                before = before | way
            target = self.smallest(before)
            state = self.state(target)
            path.append(next(number for number, way in enumerate(ways) if (way & state).satisfiable()))
        return tuple(reversed(path))

    def watched(self, level: Bit, depth: int) -> bool:
        """Look at a level; whether a watch that stops holds in it."""
        stopped = False
        for number, (watch, test) in enumerate(zip(self.watches, self.tests, strict=True)):
            count = self.count(level & test)
            before = self.seen[number]
            if count:
                self.seen[number] = Seen(before.states + count, depth if before.depth is None else before.depth)
                stopped = stopped or watch.stop
        return stopped

    def checked(self, level: Bit, depth: int) -> None:
        """See that no rule leaves its bounds in a state of a level.

        :raises ModelError: one does.
        """
        for number, step in enumerate(self.steps):
            if any((level & wrong).satisfiable() for _, wrong in step.faults):
                self.left(level, depth, number)

    def left(self, level: Bit, depth: int, number: int) -> NoReturn:
        """The error, with a smallest state in which the step leaves its bounds.

        :raises ModelError: always.
        """
        step = self.steps[number]
        wrong = self.bits.false
        for _, fault in step.faults:
            wrong = wrong | fault
        values = self.smallest(level & wrong)
        here = self.state(values)
        check = next(check for check, fault in step.faults if (fault & here).satisfiable())
        names = [name for one in self.program.fields for name in one.names()]
        state = ", ".join(f"{name} = {shown(value)}" for name, value in zip(names, values, strict=True))
        action = self.program.steps[number].action
        raise ModelError(
            check.place, f"{check.found} in {action}, {depth} steps from the start, where {state}", check.expected
        )

    def beyond(self, states: int) -> str:
        """Which limit is passed; empty where none is."""
        if states > self.limits.states:
            return f"more than {self.limits.states:,} states"
        return self.full() if self.manager.approx_num_inner_nodes() * NODE > self.limits.memory else ""

    def full(self) -> str:
        """That the memory is used up."""
        return f"more than {self.limits.memory:,} bytes of states"


def order(program: Program) -> list[tuple[str, int, int]]:
    """Field, element and bit, in the order in which a diagram asks for them.

    What belongs together has to stand together.  First the fields that are no arrays, as they are declared; then the arrays,
    element by element: what different arrays hold at one index is mostly about one thing.
    """
    single = [(one, 0) for one in program.fields if one.length is None]
    arrays = [one for one in program.fields if one.length is not None]
    longest = max((one.length or 0 for one in arrays), default=0)
    side_by_side = [(one, i) for i in range(longest) for one in arrays if i < (one.length or 0)]
    return [(one.name, i, bit) for one, i in [*single, *side_by_side] for bit in range(one.domain.bits)]
