"""The default engine: breadth first, a whole level of states at once, with numpy.

The states of a level are taken in pieces that fit into the processor's cache; what follows from them is sorted, freed of what
was seen before, and is the next level.  States are compared by all their bits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sphinx_xenfusa.explore.engine import UNLIMITED, Exploration, Limits, Progress, Report, Seen, Watch
from sphinx_xenfusa.explore.engines.numpy_code import Writer
from sphinx_xenfusa.explore.engines.state_sets import Mask, States, Visited, Words, among, distinct
from sphinx_xenfusa.explore.language import ModelError, Value, shown
from sphinx_xenfusa.explore.layout import Layout
from sphinx_xenfusa.explore.program import Check, Expr, Program

CHUNK = 1 << 15
"""States that are worked on at once: their words and what is computed from them stay in the cache."""


class _Left(Exception):
    """A check does not hold."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Stepper:
    """A program's steps and predicates as functions of arrays."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.layout = Layout(program.fields)
        self._successors, self._checks = _made(program, with_rows=False)
        self.fired = [0] * len(program.steps)
        self.branches = [[0, 0] for _ in program.branches]
        self._step = 0
        self._with_rows: Callable[..., None] | None = None

    def predicate(self, test: Expr) -> Callable[[Sequence[Words]], Mask]:
        """A test as a function of the words of states."""
        writer = Writer(self.program)
        text = writer.predicate(test, "holds")
        namespace = _namespace(writer.tables)
        exec(compile(text, f"<predicate of {self.program.name}>", "exec"), namespace)
        holds: Callable[..., Any] = namespace["holds"]

        def evaluate(words: Sequence[Words]) -> Mask:
            found = holds(*words)
            return found if isinstance(found, np.ndarray) else np.full(len(words[0]), bool(found))

        return evaluate

    def initial(self) -> States:
        """The initial state."""
        values: list[Value] = [value for one in self.program.fields for value in one.initial]
        return distinct([np.array([word], np.int64) for word in self.layout.pack(values)])

    def successors(self, words: Sequence[Words], depth: int) -> list[Any]:
        """What follows from states: for each step its number and the words.

        :raises ModelError: a rule leaves its bounds.
        """
        try:
            return self._run(words)
        except _Left as left:
            raise self._error(words, left, depth) from None

    def edges(self, words: Sequence[Words]) -> list[Any]:
        """For each step its number, the words of what follows, and the place of the state from which it follows."""
        if self._with_rows is None:
            self._with_rows, _ = _made(self.program, with_rows=True)
        out: list[Any] = []
        rows = np.arange(len(words[0]))
        self._with_rows(*words, rows, out, [0] * len(self.fired), self._branched, self._fault, self._at)
        return out

    def _run(self, words: Sequence[Words]) -> list[Any]:
        out: list[Any] = []
        self._successors(*words, out, self.fired, self._branched, self._fault, self._at)
        return out

    def _branched(self, number: int, one: Any, other: Any) -> None:
        counts = self.branches[number]
        counts[0] += int(np.count_nonzero(one))
        counts[1] += int(np.count_nonzero(other))

    def _fault(self, mask: Any, number: int) -> None:
        if np.any(mask):
            raise _Left(number)

    def _at(self, step: int) -> None:
        self._step = step

    def _error(self, words: Sequence[Words], left: _Left, depth: int) -> ModelError:
        """The error, with the first state in which it happens."""
        low, high = 0, len(words[0])
        while high - low > 1:
            middle = (low + high) // 2
            try:
                self._run([word[low:middle] for word in words])
                low = middle
            except _Left as again:
                left, high = again, middle
        check = self._checks[left.number]
        values = self.layout.unpack([int(word[low]) for word in words])
        names = [name for one in self.program.fields for name in one.names()]
        state = ", ".join(f"{name} = {shown(value)}" for name, value in zip(names, values, strict=True))
        action = self.program.steps[self._step].action
        return ModelError(
            check.place, f"{check.found} in {action}, {depth} steps from the start, where {state}", check.expected
        )


def _made(program: Program, *, with_rows: bool) -> tuple[Callable[..., None], tuple[Check, ...]]:
    """The function that takes a program's steps, and the checks that it makes."""
    writer = Writer(program)
    text = writer.successors(with_rows=with_rows)
    namespace = _namespace(writer.tables)
    exec(compile(text, f"<steps of {program.name}>", "exec"), namespace)
    successors: Callable[..., None] = namespace["successors"]
    return successors, tuple(writer.checks)


def _namespace(tables: Sequence[tuple[tuple[int, ...], bool]]) -> dict[str, Any]:
    names: dict[str, Any] = {
        "where": np.where,
        "minimum": np.minimum,
        "maximum": np.maximum,
        "int64": np.int64,
        "cut": _cut,
        "TRUE": np.True_,
        "FALSE": np.False_,
    }
    for number, (table, truth) in enumerate(tables):
        names[f"T{number}"] = np.array(table, bool if truth else np.int64)
    return names


def _cut(array: Any, mask: Any) -> Any:
    """The rows for which a mask holds; a value that is the same for all rows has no rows to cut."""
    if not isinstance(array, np.ndarray) or not array.ndim:
        return array
    if not isinstance(mask, np.ndarray) or not mask.ndim:
        return array if mask else array[:0]
    return array[mask]


class NumpyEngine:
    """Searches with numpy alone."""

    name = "numpy"

    def explore(
        self,
        program: Program,
        watches: Sequence[Watch] = (),
        limits: Limits = UNLIMITED,
        report: Report | None = None,
    ) -> Exploration:
        """Search: see :class:`~sphinx_xenfusa.explore.engine.Engine`."""
        return _Search(self.stepper(program), watches, limits, report).run()

    def stepper(self, program: Program) -> Stepper:
        """What takes the steps."""
        return Stepper(program)

    def shortest(self, program: Program, test: Expr, limits: Limits = UNLIMITED) -> tuple[int, ...] | None:
        """A shortest way: see :class:`~sphinx_xenfusa.explore.engine.Engine`."""
        stepper = self.stepper(program)
        levels = levels_to(stepper, test, limits)
        return None if levels is None else way_back(stepper, levels, test)


class _Search:
    def __init__(self, stepper: Stepper, watches: Sequence[Watch], limits: Limits, report: Report | None) -> None:
        self.stepper = stepper
        self.watches = watches
        self.tests = [self.stepper.predicate(watch.test) for watch in watches]
        self.limits = limits
        self.report = report
        self.seen: list[Seen] = [Seen(0, None) for _ in watches]

    def run(self) -> Exploration:
        start = time.monotonic()
        frontier = self.stepper.initial()
        visited = Visited(frontier)
        transitions, depth, reason = 0, 0, ""
        stopped = self.watched(frontier, depth)
        while not stopped and not reason:
            following, made = next_level(self.stepper, frontier, visited, depth)
            transitions += made
            if not len(following):
                break
            depth += 1
            frontier = following
            visited.add(frontier)
            stopped = self.watched(frontier, depth)
            if self.report is not None:
                self.report(Progress(len(visited), len(frontier), depth, time.monotonic() - start))
            if len(visited) > self.limits.states:
                reason = f"more than {self.limits.states:,} states"
            elif visited.size > self.limits.memory:
                reason = f"more than {self.limits.memory:,} bytes of states"
        if stopped:
            reason = "the search ends where a watch that stops holds"
        return Exploration(
            engine=NumpyEngine.name,
            states=len(visited),
            transitions=transitions,
            depth=depth,
            complete=not reason,
            reason=reason,
            fired=tuple(self.stepper.fired),
            branches=tuple((one, other) for one, other in self.stepper.branches),
            watched=tuple(self.seen),
            digest="" if reason else visited.digest(),
        )

    def watched(self, level: States, depth: int) -> bool:
        """Look at every state of a level; whether a watch that stops holds in one."""
        stopped = False
        for number, (watch, test) in enumerate(zip(self.watches, self.tests, strict=True)):
            count = sum(int(np.count_nonzero(test(words))) for words in level.chunks(CHUNK))
            before = self.seen[number]
            if count:
                self.seen[number] = Seen(before.states + count, depth if before.depth is None else before.depth)
                stopped = stopped or watch.stop
        return stopped


def next_level(stepper: Stepper, level: States, visited: Visited, depth: int) -> tuple[States, int]:
    """The states that follow and have not been seen, and the number of steps that lead out of the level."""
    parts: list[States] = []
    made = 0
    for words in level.chunks(CHUNK):
        found = followers(stepper, words, depth)
        made += len(found[0])
        if len(found[0]):
            parts.append(visited.new(distinct(found)))
    if not parts:
        return level.rows(np.zeros(len(level), bool)), made
    if len(parts) == 1:
        return parts[0], made
    return distinct([np.concatenate(column) for column in zip(*(part.words for part in parts), strict=True)]), made


def followers(stepper: Stepper, words: Sequence[Words], depth: int) -> list[Words]:
    """The words of what follows from states, once for each step that leads there."""
    outs = stepper.successors(words, depth)
    if not outs:
        return [word[:0] for word in words]
    return [np.concatenate(column) for column in list(zip(*outs, strict=True))[1:]]


def levels_to(stepper: Stepper, test: Expr, limits: Limits) -> list[States] | None:
    """The levels up to the first one with a state for which a test holds; ``None`` where no reachable one does."""
    holds = stepper.predicate(test)
    levels = [stepper.initial()]
    visited = Visited(levels[0])
    while not any(holds(words).any() for words in levels[-1].chunks(CHUNK)):
        following, _ = next_level(stepper, levels[-1], visited, len(levels) - 1)
        if not len(following) or len(visited) > limits.states:
            return None
        visited.add(following)
        levels.append(following)
    return levels


def way_back(stepper: Stepper, levels: Sequence[States], test: Expr) -> tuple[int, ...]:
    """The steps of a shortest way to the first state of the last level for which a test holds.

    Backwards: always from the first state of the level before, in the order in which states are stored, that leads there.
    """
    return tuple(number for number, _ in chain(stepper, levels, test))


def chain(stepper: Stepper, levels: Sequence[States], test: Expr) -> list[tuple[int, States]]:
    """The same with the state that each step leads to."""
    last = levels[-1]
    target = last.rows(np.flatnonzero(stepper.predicate(test)(last.words))[:1])
    steps: list[tuple[int, States]] = []
    for depth, level in reversed(list(enumerate(levels[:-1]))):
        number, before = _before(stepper, level, target, depth)
        steps.append((number, target))
        target = before
    return steps[::-1]


def _before(stepper: Stepper, level: States, target: States, depth: int) -> tuple[int, States]:
    """The first step that leads to the target, and the first state of a level from which it does: found by halving."""
    low, high = 0, len(level)
    while high - low > 1:
        middle = (low + high) // 2
        half = level.rows(np.arange(low, middle))
        leads = any(among(distinct(followers(stepper, words, depth)), target).any() for words in half.chunks(CHUNK))
        low, high = (low, middle) if leads else (middle, high)
    state = level.rows(np.arange(low, high))
    for number, *words in sorted(stepper.successors(state.words, depth), key=lambda out: out[0]):
        if among(distinct(words), target).any():
            return number, state
    raise AssertionError("a state of a level has no predecessor in the level before")
