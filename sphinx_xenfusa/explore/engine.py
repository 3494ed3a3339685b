"""What every engine is given and what it has to find: the counts, what was watched, and shortest paths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sphinx_xenfusa.explore.program import Expr, Program


@dataclass(frozen=True)
class Watch:
    """A predicate that is looked at in every reachable state.

    :param stop: whether the search may end with the level of states in which it first holds.
    """

    name: str
    test: Expr
    stop: bool = False


@dataclass(frozen=True)
class Seen:
    """What became of a watch.

    :param states: in how many of the states that were searched it holds.
    :param depth: the distance of a nearest one from the initial state; ``None`` where it never holds.
    """

    states: int
    depth: int | None


@dataclass(frozen=True)
class Progress:
    """How far a search is."""

    states: int
    frontier: int
    depth: int
    seconds: float

    @property
    def rate(self) -> float:
        """States per second."""
        return self.states / self.seconds if self.seconds > 0 else 0.0


Report = Callable[[Progress], None]
"""Called once for each level of states; it ends the search by raising."""


@dataclass(frozen=True)
class Limits:
    """Where a search ends without an answer.

    :param states: the greatest number of states.
    :param memory: the greatest number of bytes for states.
    """

    states: int = 200_000_000
    memory: int = 8 * 2**30


UNLIMITED = Limits()
"""The limits where a caller gives none."""


@dataclass(frozen=True)
class Exploration:
    """What a search found.

    :param engine: the name of the engine.
    :param states: number of different reachable states.
    :param transitions: number of steps that can be taken from all of them.
    :param depth: the greatest distance of a state from the initial one.
    :param complete: whether these are all; otherwise ``reason`` says why not.
    :param fired: how often each step of the program can be taken, in their order.
    :param branches: for each ``if``, in how many cases it went the one way and the other; empty where the engine does not count.
    :param watched: what became of each watch, in their order.
    :param digest: SHA-256 over all states, sorted, as they are stored; empty where the engine does not list them.
    """

    engine: str
    states: int
    transitions: int
    depth: int
    complete: bool
    reason: str = ""
    fired: tuple[int, ...] = ()
    branches: tuple[tuple[int, int], ...] = ()
    watched: tuple[Seen, ...] = ()
    digest: str = ""


class EngineMissingError(Exception):
    """An engine needs a package that is not installed.

    :param name: the engine.
    :param extra: the extra of this package that brings what it needs.
    """

    def __init__(self, name: str, extra: str) -> None:
        super().__init__(f"the engine {name} is not installed: pip install 'sphinx-xenfusa[{extra}]'")
        self.name, self.extra = name, extra


class Engine(Protocol):
    """Searches compiled systems."""

    @property
    def name(self) -> str:
        """The name that pages and records show."""
        ...

    def explore(
        self,
        program: Program,
        watches: Sequence[Watch] = (),
        limits: Limits = UNLIMITED,
        report: Report | None = None,
    ) -> Exploration:
        """Search all reachable states, or those up to the level in which a watch that stops first holds.

        :raises ModelError: a rule leaves its bounds in a reachable state.
        """
        ...

    def shortest(self, program: Program, test: Expr, limits: Limits = UNLIMITED) -> tuple[int, ...] | None:
        """The steps of a shortest way to a state in which the test holds, by their number in the program.

        The same way each time: of all the shortest ones the one whose states are smallest, from the last one backwards.
        """
        ...
