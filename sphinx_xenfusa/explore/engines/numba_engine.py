"""The fast engine: breadth first, one state at a time in machine code that numba compiles from the program.

All states stand in one queue, in the order in which they are found, so that each level is a piece of it; a table with open
addresses says which words are in it.  The table holds the words themselves: states are compared by all their bits.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from sphinx_xenfusa.explore.engine import (
    UNLIMITED,
    EngineMissingError,
    Exploration,
    Limits,
    Progress,
    Report,
    Seen,
    Watch,
)
from sphinx_xenfusa.explore.engines.numpy_engine import CHUNK, Stepper, way_back
from sphinx_xenfusa.explore.engines.scalar_code import ScalarWriter
from sphinx_xenfusa.explore.engines.state_sets import States, Words, digest_of, distinct
from sphinx_xenfusa.explore.layout import Layout
from sphinx_xenfusa.explore.program import Expr, Program

BATCH = 128
"""About how many successors are collected before they are looked up: their places in the table are fetched meanwhile."""

FULL = 11, 16
"""A table is replaced by a larger one when this part of it is taken."""

SMALLEST = 1 << 12
"""Places of the first table."""


class NumbaEngine:
    """Searches with code compiled by numba.

    :raises EngineMissingError: numba is not installed.
    """

    name = "numba"

    def __init__(self) -> None:
        _numba()

    def prepare(self, program: Program, watches: Sequence[Watch] = ()) -> float:
        """Compile what a search of this program runs, and say how many seconds it took; next to none the second time."""
        start = time.perf_counter()
        _Code(program, [watch.test for watch in watches])
        return time.perf_counter() - start

    def explore(
        self,
        program: Program,
        watches: Sequence[Watch] = (),
        limits: Limits = UNLIMITED,
        report: Report | None = None,
    ) -> Exploration:
        """Search: see :class:`~sphinx_xenfusa.explore.engine.Engine`."""
        return _Search(program, watches, limits, report).run()

    def shortest(self, program: Program, test: Expr, limits: Limits = UNLIMITED) -> tuple[int, ...] | None:
        """A shortest way: see :class:`~sphinx_xenfusa.explore.engine.Engine`."""
        search = _Search(program, [Watch("", test, stop=True)], limits, None)
        search.run()
        if search.seen[0].depth is None:
            return None
        return way_back(Stepper(program), search.levels(), test)


class _Code:
    """The compiled functions for one program and its watches."""

    def __init__(self, program: Program, tests: Sequence[Expr]) -> None:
        writer = ScalarWriter(program)
        count = writer.layout.words
        self.words = count
        steps = writer.followers()
        self.expand: Callable[..., Any] = _steps(steps, tuple(writer.tables), count)
        self.move: Callable[..., None] = _move(count)
        self.order: Callable[..., int] = _order(count)
        looking = ScalarWriter(program)
        text = looking.look(tests)
        self.look: Callable[..., None] | None = _look(text, tuple(looking.tables)) if tests else None


class _Search:
    def __init__(self, program: Program, watches: Sequence[Watch], limits: Limits, report: Report | None) -> None:
        self.program = program
        self.code = _Code(program, [watch.test for watch in watches])
        self.watches, self.limits, self.report = watches, limits, report
        self.seen: list[Seen] = [Seen(0, None) for _ in watches]
        self.fired = np.zeros(len(program.steps), np.int64)
        self.branches = np.zeros(2 * len(program.branches), np.int64)
        self.out = np.zeros((BATCH + len(program.steps)) * self.code.words, np.int64)
        self.slots = np.zeros(BATCH + len(program.steps), np.int64)
        self.count = 0
        self.starts: list[int] = [0]
        self.queue: Words = np.empty(0, np.int64)
        self.table: Words = np.empty(0, np.int64)

    def run(self) -> Exploration:
        """Search."""
        start = time.monotonic()
        layout = Layout(self.program.fields)
        first = layout.pack([value for one in self.program.fields for value in one.initial])
        self.count, self.queue = 1, np.array(first, np.int64)
        self.table = self.queue.copy()
        self.table[0] += 1
        self.room(SMALLEST)
        transitions, depth, reason = 0, 0, ""
        stopped = self.watched(depth)
        while not stopped and not reason:
            low, high = self.starts[-1], self.count
            made, reason = self.level(low, high, depth)
            transitions += made
            if self.count == high:
                break
            depth += 1
            self.starts.append(high)
            stopped = self.watched(depth)
            if self.report is not None:
                self.report(Progress(self.count, self.count - high, depth, time.monotonic() - start))
            reason = reason or self.beyond()
        if stopped:
            reason = "the search ends where a watch that stops holds"
        return Exploration(
            engine=NumbaEngine.name,
            states=self.count,
            transitions=transitions,
            depth=depth,
            complete=not reason,
            reason=reason,
            fired=tuple(map(int, self.fired)),
            branches=tuple((int(one), int(other)) for one, other in self.branches.reshape(-1, 2)),
            watched=tuple(self.seen),
            digest="" if reason else self.digest(),
        )

    def level(self, first: int, high: int, depth: int) -> tuple[int, str]:
        """Take all steps from a level: how many there are, and why there may be more."""
        made, low = 0, first
        while low < high:
            low, self.count, more, fault = self.code.expand(
                self.queue, low, high, self.count, self.table, self.out, self.slots, self.fired, self.branches
            )
            if fault:
                self.explain(first, high, depth)
            made += more
            if low < high:
                places = len(self.table) // self.code.words
                places *= 2 if places > 1 << 21 else 4
                if self.beyond(places):
                    return made, self.beyond(places)
                self.room(places)
        return made, ""

    def room(self, places: int) -> None:
        """A table with so many places, and a queue for as many states as may be in it."""
        words = self.code.words
        queue = np.empty((places * FULL[0] // FULL[1] + BATCH + len(self.program.steps)) * words, np.int64)
        queue[: self.count * words] = self.queue[: self.count * words]
        self.queue = queue
        table = np.empty(places * words, np.int64)
        # Written from end to end at once: the machine then gives the memory in large pieces, not page by page.
        table.fill(0)
        self.code.move(self.table, table, self.out, self.slots)
        self.table = table

    def beyond(self, places: int = 0) -> str:
        """Which limit is passed, also with a table of so many places; empty where none is."""
        if self.count > self.limits.states:
            return f"more than {self.limits.states:,} states"
        taken = max(len(self.table), places * self.code.words) + self.count * self.code.words
        return f"more than {self.limits.memory:,} bytes of states" if 8 * taken > self.limits.memory else ""

    def watched(self, depth: int) -> bool:
        """Look at every state of the newest level; whether a watch that stops holds in one."""
        if self.code.look is None:
            return False
        counts = np.zeros(len(self.watches), np.int64)
        self.code.look(self.queue, self.starts[-1], self.count, counts)
        stopped = False
        for number, count in enumerate(map(int, counts)):
            before = self.seen[number]
            if count:
                self.seen[number] = Seen(before.states + count, depth if before.depth is None else before.depth)
                stopped = stopped or self.watches[number].stop
        return stopped

    def digest(self) -> str:
        """The digest of all states; the queue is in order then."""
        used = self.count * self.code.words
        one, other = self.queue[:used], self.table[:used]
        passes = self.code.order(one, other, np.zeros((8 * self.code.words, 256), np.int64))
        return digest_of(other if passes % 2 else one)

    def states(self, low: int, high: int) -> States:
        """A piece of the queue as a set."""
        rows = self.queue[low * self.code.words : high * self.code.words].reshape(-1, self.code.words)
        return distinct([np.ascontiguousarray(rows[:, i]) for i in range(self.code.words)])

    def levels(self) -> list[States]:
        """The levels as sets."""
        ends = [*self.starts[1:], self.count]
        return [self.states(low, high) for low, high in zip(self.starts, ends, strict=True)]

    def explain(self, low: int, high: int, depth: int) -> NoReturn:
        """Say which rule leaves its bounds in which state of a level, as the numpy engine says it.

        :raises ModelError: always.
        """
        stepper = Stepper(self.program)
        for words in self.states(low, high).chunks(CHUNK):
            stepper.successors(words, depth)
        raise AssertionError("a check that fails in machine code holds in numpy")


# ---- machine code -----------------------------------------------------------------------------------------------------------


def _numba() -> Any:
    try:
        import numba
    except ImportError as error:
        raise EngineMissingError("numba", "fast") from error
    return numba


def _where(test: Any, one: Any, other: Any) -> Any:
    return one if test else other


def _minimum(one: Any, other: Any) -> Any:
    return one if one < other else other


def _maximum(one: Any, other: Any) -> Any:
    return one if one > other else other


def _shift_of(mask: Any) -> Any:
    shift = 64
    while mask:
        mask >>= 1
        shift -= 1
    return shift


_SHARED: dict[str, Callable[..., Any]] = {
    "where": _where,
    "minimum": _minimum,
    "maximum": _maximum,
    "shift_of": _shift_of,
}


@functools.cache
def _compiler() -> Callable[[str, str, str, dict[str, Any]], Any]:
    """A function that compiles a function: from its text, its name, the types of its arguments, and the names that it uses."""
    numba = _numba()

    inlined = numba.njit(inline="always")
    shared = {name: inlined(function) for name, function in _SHARED.items()} | {"fetch": _fetch(numba)}

    def compiled(text: str, name: str, types: str, names: dict[str, Any]) -> Any:
        namespace = {**shared, **names}
        exec(compile(text, f"<{name}>", "exec"), namespace)
        return numba.njit(types, error_model="numpy")(namespace[name])

    return compiled


def _fetch(numba: Any) -> Any:
    """The processor's instruction that begins to fetch an element of an array, as a function."""
    from llvmlite import ir

    cgutils = numba.core.cgutils

    def fetch(typing: Any, array: Any, index: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
            place = builder.bitcast(builder.gep(data, [arguments[1]]), cgutils.voidptr_t)
            word = ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, word, word, word])
            function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
            # For writing, to be kept, of data.
            builder.call(function, [place, word(1), word(3), word(1)])
            return context.get_dummy_value()

        return numba.types.void(array, index), code

    return numba.extending.intrinsic(fetch)


@functools.lru_cache(64)
def _steps(text: str, tables: tuple[tuple[tuple[int, ...], bool], ...], words: int) -> Any:
    """The function that takes all steps from a piece of the queue."""
    names = _tables(tables)
    arrays = "i8[::1]"
    successors = _compiler()(
        text, "successors", f"i8({', '.join(['i8'] * words)}, {arrays}, i8, {arrays}, {arrays})", names
    )
    return _compiler()(
        _expand_text(words),
        "expand",
        f"UniTuple(i8, 4)({arrays}, i8, i8, i8, {arrays}, {arrays}, {arrays}, {arrays}, {arrays})",
        {"successors": successors},
    )


@functools.cache
def _move(words: int) -> Any:
    """The function that puts what one table holds into a larger one."""
    array = "i8[::1]"
    return _compiler()(_move_text(words), "move", f"void({array}, {array}, {array}, {array})", {})


@functools.cache
def _order(words: int) -> Any:
    """The function that sorts states by their last word first."""
    array = "i8[::1]"
    return _compiler()(_order_text(words), "order", f"i8({array}, {array}, i8[:, ::1])", {})


@functools.lru_cache(64)
def _look(text: str, tables: tuple[tuple[tuple[int, ...], bool], ...]) -> Any:
    """The function that looks at states."""
    return _compiler()(text, "look", "void(i8[::1], i8, i8, i8[::1])", _tables(tables))


def _tables(tables: Sequence[tuple[tuple[int, ...], bool]]) -> dict[str, Any]:
    return {
        f"T{number}": np.array(table, np.bool_ if truth else np.int64) for number, (table, truth) in enumerate(tables)
    }


# In the texts that follow a state's words stand side by side.  A place of the table is empty where its first word is 0: the first
# word of a state is kept there plus one.


def _place(words: int, array: str) -> str:
    """Where in the table to look first for the state that begins at ``at`` in an array."""
    mixed = "".join(f"        h = (h ^ (h >> 29)) * 6364136223846793005 + {array}[at + {i}]\n" for i in range(words))
    return f"""        h = 0
{mixed}        h = (h ^ (h >> 32)) * -7046029254386353131
        h = ((h >> shift) & mask) * {words}
        slots[j] = h
        fetch(table, h)
"""


def _insert(words: int, array: str, indent: str) -> str:
    kept = [f"table[h + {i}] = {array}[at + {i}]" for i in range(1, words)]
    return "".join(f"{indent}{line}\n" for line in [f"table[h] = {array}[at] + 1", *kept])


def _expand_text(words: int) -> str:
    state = ", ".join(f"queue[low * {words} + {i}]" for i in range(words))
    same = " & ".join(["(table[h] == out[at] + 1)", *(f"(table[h + {i}] == out[at + {i}])" for i in range(1, words))])
    queued = "".join(f"            queue[count * {words} + {i}] = out[at + {i}]\n" for i in range(words))
    return f"""def expand(queue, low, high, count, table, out, slots, fired, branches):
    size = len(table)
    mask = size // {words} - 1
    shift = shift_of(mask)
    room = size // {words} * {FULL[0]} // {FULL[1]}
    made = 0
    while low < high and count < room:
        n = 0
        while low < high and n < {BATCH}:
            n = successors({state}, out, n, fired, branches)
            if n < 0:
                return low, count, made, 1
            low += 1
        made += n
        for j in range(n):
            at = j * {words}
    {_place(words, "out").replace(chr(10), chr(10) + "    ").rstrip(" ")}        for j in range(n):
            at = j * {words}
            h = slots[j]
            free = table[h] == 0
            while not (free | ({same})):
                h += {words}
                if h == size:
                    h = 0
                free = table[h] == 0
            # Written again where it was known: the processor cannot guess which of the two it is.
{_insert(words, "out", " " * 12)}{queued}            count += 1 if free else 0
    return low, count, made, 0
"""


def _move_text(words: int) -> str:
    """Put what an old table holds into a new one: in the order of the places, so that memory is gone through from end to end."""
    restored = "\n".join(
        [
            "                out[n * WORDS] = old[low] - 1",
            *(f"                out[n * WORDS + {i}] = old[low + {i}]" for i in range(1, words)),
        ]
    ).replace("WORDS", str(words))
    return f"""def move(old, table, out, slots):
    size = len(table)
    mask = size // {words} - 1
    shift = shift_of(mask)
    low = 0
    while low < len(old):
        n = 0
        while low < len(old) and n < {BATCH}:
            if old[low] != 0:
{restored}
                n += 1
            low += {words}
        for j in range(n):
            at = j * {words}
    {_place(words, "out").replace(chr(10), chr(10) + "    ").rstrip(" ")}        for j in range(n):
            at = j * {words}
            h = slots[j]
            while table[h] != 0:
                h += {words}
                if h == size:
                    h = 0
{_insert(words, "out", " " * 12)}"""


def _order_text(words: int) -> str:
    """Sort by the lowest byte of the first word, then by the next one, up to the last word: each time what was is kept in order.

    The function says how often it has moved everything from the one array to the other.
    """
    return f"""def order(rows, other, counts):
    words = {words}
    count = len(rows) // words
    counts[:] = 0
    for row in range(count):
        for i in range(words):
            word = rows[row * words + i]
            for digit in range(8):
                counts[8 * i + digit, (word >> (8 * digit)) & 255] += 1
    passes = 0
    for digit in range(8 * words):
        i, down = digit // 8, 8 * (digit % 8)
        before, most = 0, 0
        for value in range(256):
            here = counts[digit, value]
            most = max(most, here)
            counts[digit, value] = before
            before += here
        if most == count:
            continue
        for row in range(count):
            value = (rows[row * words + i] >> down) & 255
            to = counts[digit, value]
            counts[digit, value] = to + 1
            for j in range(words):
                other[to * words + j] = rows[row * words + j]
        rows, other = other, rows
        passes += 1
    return passes
"""
