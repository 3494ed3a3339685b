"""The reference semantics: a system's rules run as they are written, under CPython.

Slow and plain.  What the engines find is replayed here before anybody sees it, and small systems are searched here outright, so
that the engines can be held against it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sphinx_xenfusa.explore.language import Action, C, ModelError, S, System, Value, shown
from sphinx_xenfusa.explore.trace import Change, Step, Trace

Key = tuple[Value, ...]


@dataclass(frozen=True)
class Reached:
    """Every reachable state of a system, or those up to a bound.

    :param parents: for each state, the state and the action by which it was first reached; ``None`` for the initial one.
        In the order of their distance from it.
    :param transitions: number of steps that can be taken from all these states.
    :param depth: the greatest distance from the initial state.
    """

    parents: dict[Key, tuple[Key, Action] | None]
    transitions: int
    depth: int

    def path(self, key: Key) -> tuple[Action, ...]:
        """The steps from the initial state to this one: no other way is shorter."""
        taken: list[Action] = []
        while (parent := self.parents[key]) is not None:
            key, action = parent
            taken.append(action)
        return tuple(reversed(taken))

    def first(self, wanted: Callable[[Key], bool]) -> Key | None:
        """A nearest state of a kind."""
        return next((key for key in self.parents if wanted(key)), None)


def reach(system: System[S, C], limit: int = 200_000) -> Reached:
    """Search a system breadth first.

    :param limit: the greatest number of states.
    :raises ModelError: there are more states than the limit, or a rule leaves its bounds.
    """
    start = system.initial().key()
    parents: dict[Key, tuple[Key, Action] | None] = {start: None}
    frontier, transitions, depth = [start], 0, -1
    while frontier:
        depth += 1
        following: list[Key] = []
        for key in frontier:
            for action, after in system.steps(system.thaw(key)):
                transitions += 1
                found = after.key()
                if found not in parents:
                    parents[found] = key, action
                    following.append(found)
        if len(parents) > limit:
            raise ModelError(
                system.name, f"more than {limit:,} states", "a system that is small enough to be run as it is"
            )
        frontier = following
    return Reached(parents, transitions, depth)


class ReplayError(Exception):
    """A trace does not replay: an error of the engine that found it, never of the model."""


def replay(system: System[S, C], actions: Iterable[Action]) -> list[S]:
    """The states that the actions lead through, the initial one first.

    :raises ReplayError: an action cannot be taken where it stands.
    """
    states = [system.initial()]
    for number, action in enumerate(actions, 1):
        after = system.take(states[-1], action)
        if after is None:
            raise ReplayError(f"{system.name}: step {number}, {action}, cannot be taken")
        states.append(after)
    return states


def trace(
    system: System[S, C], actions: Iterable[Action], title: str, outcomes: Mapping[int, str] | None = None
) -> Trace:
    """The actions as a trace, replayed.

    :param outcomes: what to say of a step, by its position from 0, instead of "taken".
    :raises ReplayError: an action cannot be taken where it stands.
    """
    taken = tuple(actions)
    states = replay(system, taken)
    steps = tuple(
        Step(
            party=action.rule.party,
            action=action.rule.name.replace("_", " "),
            parameters=tuple((name, shown(value)) for name, value in action.arguments),
            outcome=(outcomes or {}).get(number, "taken"),
            changed=changes(system, before, after),
            clause=action.rule.clause,
        )
        for number, (action, before, after) in enumerate(zip(taken, states[:-1], states[1:], strict=True))
    )
    initial = tuple((name, shown(value)) for name, value in system.values(states[0]).items())
    return Trace(title, initial, steps)


def changes(system: System[S, C], before: S, after: S) -> tuple[Change, ...]:
    """The fields that differ."""
    old, new = system.values(before), system.values(after)
    return tuple(Change(name, shown(value), shown(new[name])) for name, value in old.items() if value != new[name])
