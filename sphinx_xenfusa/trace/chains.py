"""The chains of items along a path of types: from a market requirement over product and design down to claims and tests.

A chain begins at an item of the first type, or further down at one that covers nothing on the path above it, and follows what
covers it.  Where a type of the path is lacking in between, what covers the item directly comes next all the same: no link is
hidden because a step is missing.

The number of chains is counted before they are made.  Items that many others share can make it many times the number of links;
then what is below an item is followed once, and every further chain ends at it.  So the work is linear in items and links.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sphinx_xenfusa.trace.neighbours import CLAIM, TEST, Neighbour, Neighbours, lacks
from sphinx_xenfusa.trace.record import TracedItem
from sphinx_xenfusa.trace.states import Result, worst

_MANY = 4
"""More chains than this many times the items and links are not all made."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One way down a path.

    :param tags: for each type of the path the item, or ``None``.
    :param broken: what is wrong with the link by which the last item was reached; empty for one that counts.
    :param again: whether what is below the last item stands in another chain.
    :param has_gap: whether something is lacking that an item on it needs, or that the path asks of it.
    :param worst: the worst state on it; of a gap, that of nothing.
    """

    tags: tuple[str | None, ...]
    broken: str
    again: bool
    has_gap: bool
    worst: Result

    @property
    def first(self) -> int:
        """The position of its first item."""
        return next(position for position, tag in enumerate(self.tags) if tag is not None)

    @property
    def last(self) -> int:
        """The position of its last item."""
        return max(position for position, tag in enumerate(self.tags) if tag is not None)


@dataclass(frozen=True, slots=True)
class Found:
    """The chains of a path.

    :param chains: in the order of the record.
    :param gaps: the tags of the items of the first type below which something is lacking.
    :param cut: whether what is below an item stands in one chain only.
    """

    chains: tuple[Chain, ...]
    gaps: frozenset[str]
    cut: bool


def item_types(path: Iterable[str]) -> tuple[str, ...]:
    """The item types of a path, without claims and tests."""
    return tuple(step for step in path if step not in (CLAIM, TEST))


def evidence_of(path: Sequence[str], position: int) -> tuple[str, ...]:
    """Which of claims and tests a path asks for of the items of its type at that position."""
    found, at = [], -1
    for step in path:
        if step not in (CLAIM, TEST):
            at += 1
        elif at == position:
            found.append(step)
    return tuple(found)


class Chains:
    """Follows one path through the items of a record."""

    def __init__(self, items: Iterable[TracedItem], neighbours: Neighbours, path: Sequence[str]) -> None:
        self._types = item_types(path)
        self._evidence = [evidence_of(path, position) for position in range(len(self._types))]
        self._neighbours = neighbours
        self._traced: dict[str, TracedItem] = {}
        self._of_type: defaultdict[str, list[str]] = defaultdict(list)
        for one in items:
            tag = str(one.item.tag)
            self._traced[tag] = one
            self._of_type[one.item.tag.type].append(tag)
        self._below: dict[tuple[str, int], tuple[tuple[Neighbour, int], ...]] = {}
        self._numbers: dict[tuple[str, int], int] = {}
        self._gaps: dict[tuple[str, int], bool] = {}

    def found(self, starts: Sequence[str], with_rootless: bool) -> Found:
        """All chains that begin at some items of the first type.

        :param with_rootless: whether those too that begin further down, at items that cover nothing on the path above them.
        """
        begin = [(tag, 0) for tag in starts]
        if with_rootless:
            begin += list(self._rootless())
        number = sum(self._number(tag, position) for tag, position in begin)
        size = len(self._traced) + sum(map(len, self._below.values()))
        cut = number > _MANY * size
        seen: set[tuple[str, int]] | None = set() if cut else None
        chains = [chain for tag, position in begin for chain in self._follow(tag, position, (None,) * position, seen)]
        return Found(tuple(chains), frozenset(tag for tag in starts if self._has_gap(tag, 0)), cut)

    def _rootless(self) -> Iterator[tuple[str, int]]:
        """The items below the first type that nothing on the path leads to, the types in their order."""
        reached: set[str] = set()
        for position, type_ in enumerate(self._types):
            for tag in self._of_type[type_]:
                if position and tag not in reached:
                    yield tag, position
                reached.add(tag)
                reached.update(each.tag for each, _ in self._children(tag, position) if not each.words)

    def _children(self, tag: str, position: int) -> tuple[tuple[Neighbour, int], ...]:
        """What covers an item and is of a type further down the path, with the position of that type, nearest first."""
        known = self._below.get((tag, position))
        if known is None:
            places: dict[str, int] = {}
            for place in range(position + 1, len(self._types)):
                places.setdefault(self._types[place], place)
            found = [(each, places[each.type]) for each in self._neighbours.covered_by(tag) if each.type in places]
            known = self._below[tag, position] = tuple(sorted(found, key=lambda one: one[1]))
        return known

    def _number(self, tag: str, position: int) -> int:
        """How many chains lead on from an item, or end at it."""
        known = self._numbers.get((tag, position))
        if known is None:
            children = self._children(tag, position)
            number = sum(1 if each.words else self._number(each.tag, place) for each, place in children)
            known = self._numbers[tag, position] = max(number, 1)
        return known

    def _lacks_here(self, tag: str, position: int) -> bool:
        """Whether an item lacks what it needs of the next type, or of any further one where nothing covers it, or evidence."""
        one = self._traced[tag]
        further = self._types[position + 1 :]
        wanted = further[:1] if self._children(tag, position) else further
        return any(lacks(one, step) for step in (*wanted, *self._evidence[position]))

    def _has_gap(self, tag: str, position: int) -> bool:
        """Whether something is lacking at an item or below it."""
        known = self._gaps.get((tag, position))
        if known is None:
            below = (
                bool(each.words) or self._has_gap(each.tag, place) for each, place in self._children(tag, position)
            )
            known = self._gaps[tag, position] = self._lacks_here(tag, position) or any(below)
        return known

    def _follow(
        self, tag: str, position: int, above: tuple[str | None, ...], seen: set[tuple[str, int]] | None
    ) -> Iterator[Chain]:
        """The chains through an item, of which the part above it is known."""
        here = (*above, tag)
        if seen is not None and (tag, position) in seen:
            yield self._chain(here, again=True)
            return
        if seen is not None:
            seen.add((tag, position))
        children = self._children(tag, position)
        for each, place in children:
            between = (*here, *(None for _ in range(place - position - 1)))
            if each.words:
                yield self._chain((*between, each.tag), broken=each.words)
            else:
                yield from self._follow(each.tag, place, between, seen)
        if not children:
            yield self._chain(here)

    def _chain(self, tags: tuple[str | None, ...], broken: str = "", again: bool = False) -> Chain:
        whole = (*tags, *(None for _ in range(len(self._types) - len(tags))))
        on_it = [(tag, position) for position, tag in enumerate(tags) if tag is not None]
        if broken:
            # What stands at the end of a link that does not count says nothing of this chain.
            on_it.pop()
        gap = bool(broken) or any(self._lacks_here(tag, position) for tag, position in on_it)
        gap = gap or (again and self._has_gap(*on_it[-1]))
        states = [self._traced[tag].result for tag, _ in on_it] + ([Result.NONE] if gap else [])
        return Chain(whole, broken, again, gap, worst(states))


def worst_first(chains: Iterable[Chain]) -> list[Chain]:
    """Chains by the worst state on them; within one state in their order."""
    order: Mapping[Result, int] = {result: place for place, result in enumerate(Result)}
    return sorted(chains, key=lambda one: order[one.worst])
