"""What a difference asks for: what to review again, in both directions, and what to run again.

Each item that is reached is listed once in each direction, by a shortest path from the nearest item that changed, with the
other changed items that it is linked to directly, so that the whole takes time linear in the links.  The links of both sides
count: what covered an item until yesterday is concerned by its change too.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from sphinx_xenfusa.trace.canonical import natural
from sphinx_xenfusa.trace.diff import Change, Difference
from sphinx_xenfusa.trace.snapshot import Entry, Snapshot, split_id

COVERS_IT = "covers it"
COVERED_BY_IT = "covered by it"
EVIDENCE = {"confirms": "claim", "verifies": "test", "partially verifies": "test"}
"""What a link of that type comes from."""

LONGEST_PATH = 12
"""Steps of a path that are kept; of a longer one the first and the last."""
LEFT_OUT = "…"


@dataclass(frozen=True, slots=True)
class Reached:
    """An item to review again.

    :param direction: whether it covers what changed, or is covered by it, directly or not.
    :param path: the ids from the item that changed to this one, both included.
    :param also: further items that changed and that it is linked to directly.
    """

    id: str
    direction: str
    path: tuple[str, ...]
    also: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunAgain:
    """A claim or test to run again.

    :param kind: ``claim`` or ``test``.
    :param path: the ids from the item that changed to the one that it confirms or verifies, both included.
    """

    kind: str
    id: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """What a difference asks for.

    :param changed: the items whose change asks for it.
    :param review: the items to review again, those that changed themselves apart.
    :param run: the claims and tests to run again.
    """

    changed: tuple[str, ...]
    review: tuple[Reached, ...]
    run: tuple[RunAgain, ...]


@dataclass(frozen=True, slots=True)
class _Graph:
    """The links of both sides, by item."""

    above: Mapping[str, Sequence[str]]
    below: Mapping[str, Sequence[str]]
    evidence: Mapping[str, Sequence[tuple[str, str]]]
    ids: Mapping[str, str]


def impact(difference: Difference) -> Impact:
    """What the difference asks for."""
    new_name = {one.before.name: one.entry.name for one in difference.of(Change.RENAMED) if one.before is not None}
    graph = _graph(difference.before, difference.after, new_name)
    roots = sorted({one.entry.name for one in difference.items if one.asks_for_review}, key=natural)
    up = _paths(roots, graph.above)
    down = _paths(roots, graph.below)
    changed = set(roots)
    reached = [
        Reached(graph.ids[name], direction, _ids(path, graph), _also(path, back.get(name, ()), changed, graph))
        for direction, paths, back in ((COVERS_IT, down, graph.above), (COVERED_BY_IT, up, graph.below))
        for name, path in sorted(paths.items(), key=lambda one: (natural(one[1][0]), natural(one[0])))
        if len(path) > 1
    ]
    nearest = up | {name: path for name, path in down.items() if name not in up or len(path) <= len(up[name])}
    return Impact(
        tuple(graph.ids[name] for name in roots),
        tuple(reached),
        tuple(_runs(nearest, graph)),
    )


def _graph(before: Snapshot, after: Snapshot, new_name: Mapping[str, str]) -> _Graph:
    ids: dict[str, str] = {}
    entries: Iterable[Entry] = (*before.items, *after.items)
    for entry in entries:
        ids[new_name.get(entry.name, entry.name)] = entry.id
    above: defaultdict[str, set[str]] = defaultdict(set)
    below: defaultdict[str, set[str]] = defaultdict(set)
    evidence: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for link in (*before.links, *after.links):
        target = split_id(link.target)[0]
        target = new_name.get(target, target)
        if target not in ids:
            continue
        if link.type in EVIDENCE:
            evidence[target].add((EVIDENCE[link.type], link.source))
        elif link.type == "covers":
            source = split_id(link.source)[0]
            source = new_name.get(source, source)
            if source in ids and source != target:
                above[source].add(target)
                below[target].add(source)
    return _Graph(_sorted(above), _sorted(below), {name: sorted(found) for name, found in evidence.items()}, ids)


def _sorted(edges: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    return {name: sorted(ends, key=natural) for name, ends in edges.items()}


def _paths(roots: Sequence[str], edges: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """A shortest path from the nearest root to each item that can be reached."""
    paths: dict[str, tuple[str, ...]] = {root: (root,) for root in roots}
    waiting = deque(roots)
    while waiting:
        name = waiting.popleft()
        for end in edges.get(name, ()):
            if end not in paths:
                paths[end] = _longer(paths[name], end)
                waiting.append(end)
    return paths


def _longer(path: tuple[str, ...], end: str) -> tuple[str, ...]:
    """The path with one more step; of a very long one the middle is left out, so that all of them stay linear."""
    if len(path) < LONGEST_PATH:
        return (*path, end)
    return (path[0], LEFT_OUT, *path[3:], end)


def _also(path: Sequence[str], neighbours: Sequence[str], changed: Set[str], graph: _Graph) -> tuple[str, ...]:
    """The items that changed among the direct neighbours, but for the one on the path."""
    return tuple(graph.ids[name] for name in neighbours if name in changed and name != path[-2])


def _ids(path: Sequence[str], graph: _Graph) -> tuple[str, ...]:
    return tuple(graph.ids.get(name, name) for name in path)


def _runs(paths: Mapping[str, Sequence[str]], graph: _Graph) -> Iterator[RunAgain]:
    """Each claim and test once, by the shortest of the paths."""
    best: dict[tuple[str, str], Sequence[str]] = {}
    for name in sorted(paths, key=lambda name: (len(paths[name]), natural(name))):
        for one in graph.evidence.get(name, ()):
            best.setdefault(one, paths[name])
    for kind, id in sorted(best, key=lambda one: (one[0], natural(one[1]))):
        yield RunAgain(kind, id, _ids(best[kind, id], graph))
