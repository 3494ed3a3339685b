"""What an item inherits: the worst state of all that it rests on, and how that piece is reached.

An item rests on what covers it, rightly or not (a link to a wrong revision concerns every revision that there is), on
what covers that in its turn, and so on down.  To each item on the way count:

- its own state, unless nothing checks it by itself and it is *carried*: a link of status ``covers`` leads to it and it
  lies on no cycle.  Then those who cover it answer for it; so they do where only tests of a part passed;
- each type that it needs and lacks: ``none``, or ``justified`` where that is excused for a stated reason.  A need of
  tests is not among these: the item's own state says it;
- each suspect link that covers it, and its own text if that changed since it was accepted: ``stale``.

Of an item itself its own state does not count towards what it inherits, unless it lies on a cycle; what it lacks does.

The search goes from the worst state to the best and, for each, from all pieces in that state upwards, nearest first.
Each item is reached once and each link followed at most twice, so it is linear, cycles or not; of several pieces in
the worst state the nearest is named, of equally near ones the first in the order of tags.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sphinx_xenfusa.trace.canonical import NaturalKey, natural
from sphinx_xenfusa.trace.linker import TEST_TYPE, Linked, Node
from sphinx_xenfusa.trace.record import Tag, TracedItem
from sphinx_xenfusa.trace.states import RESULT_OF_OUTCOME, RESULT_OF_VERDICT, Result, worst

MORE = "…"
"""Stands in a path for the middle of one that is too long to be shown whole."""

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Lack:
    """What is wrong right below an item and is no item's own state.

    :param piece: the type that is missing, or the tag of what covers it by a suspect link.
    """

    tag: Tag
    state: Result
    piece: str


@dataclass(frozen=True, slots=True)
class Inherited:
    """The worst state below an item.

    :param via: the item through which it is inherited; ``None`` where it stands right below.
    :param end: the last words of the path: the item in that state, and what of it.
    :param last: whether the item ``via`` is itself the one in that state.
    """

    state: Result
    via: Node | None
    end: tuple[str, ...]
    last: bool


def is_carried(one: TracedItem, linked: Linked) -> bool:
    """Whether those who cover an item can answer for it."""
    return one.item.tag in linked.carried and one.item.tag not in linked.looped


def with_roll_up(
    items: Sequence[TracedItem], linked: Linked, lacking: Mapping[str, tuple[str, ...]]
) -> list[TracedItem]:
    """The items with what they inherit.

    :param lacking: for each item that lacks something of what the tracing policy asks for, what.
    """
    own = {one.item.tag: _own(one, linked) for one in items}
    lacks = [lack for one in items for lack in _lacks(one, linked)]
    found = roll_up(own, linked.below, lacks)
    rolled = []
    for one in items:
        tag = one.item.tag
        inherited, lacks_words = found.get(tag), lacking.get(str(tag), ()) if lacking else ()
        if inherited is not None:
            path = path_of(tag, found)
            one = replace(one, inherited=inherited.state, inherited_path=path, lacks=lacks_words)
        elif lacks_words:
            one = replace(one, lacks=lacks_words)
        rolled.append(one)
    return rolled


def roll_up(
    own: Mapping[Tag, tuple[Result, str] | None], below: Mapping[Node, Sequence[Node]], lacks: Iterable[Lack]
) -> dict[Node, Inherited]:
    """What each item inherits that rests on something.

    :param own: of each item the state that counts for those above, and the piece of it that is in that state; ``None``
        where those below answer for it.
    :param below: what covers each item.
    :param lacks: what is wrong right below items.
    """
    search = _Search(own, below)
    by_state: defaultdict[Result, list[Tag]] = defaultdict(list)
    for tag, one in own.items():
        if one is not None:
            by_state[one[0]].append(tag)
    lacks_by_state: defaultdict[Result, list[Lack]] = defaultdict(list)
    for lack in lacks:
        lacks_by_state[lack.state].append(lack)
    for state in Result:
        search.spread(state, by_state[state], lacks_by_state[state])
    return search.found


class _Search:
    """The search upwards; what was found at a worse state stays."""

    def __init__(self, own: Mapping[Tag, tuple[Result, str] | None], below: Mapping[Node, Sequence[Node]]) -> None:
        self.found: dict[Node, Inherited] = {}
        self._own = own
        self._above: defaultdict[Node, list[Node]] = defaultdict(list)
        for node, children in below.items():
            for child in children:
                self._above[child].append(node)
        nodes = sorted(dict.fromkeys((*own, *below)), key=_order)  # most stand in that order already
        self._rank = {node: rank for rank, node in enumerate(nodes)}

    def spread(self, state: Result, sources: Iterable[Tag], lacks: Iterable[Lack]) -> None:
        """Reach everything that rests on something in this state and on nothing worse."""
        reached: list[Node] = []
        for lack in sorted(lacks, key=lambda one: (self._rank[one.tag], natural(one.piece))):
            if lack.tag not in self.found:
                self.found[lack.tag] = Inherited(state, None, (lack.piece,), last=False)
                reached.append(lack.tag)
        for source in sorted(sources, key=self._rank.__getitem__):
            piece = (self._own[source] or (state, ""))[1]
            words = (str(source), piece) if piece else (str(source),)
            reached += self._reach(source, Inherited(state, source, words, last=True))
        while reached:
            nearest, reached = sorted(reached, key=self._rank.__getitem__), []
            for node in nearest:
                known = self.found[node]
                held = isinstance(node, Tag) and known.via is None
                end = (str(node), *known.end) if held else known.end
                reached += self._reach(node, Inherited(state, node, end, last=False))

    def _reach(self, node: Node, inherited: Inherited) -> Iterator[Node]:
        """Let what rests right on a node inherit this, where it inherits nothing worse or nearer."""
        for above in self._above.get(node, ()):
            if above not in self.found:
                self.found[above] = inherited
                yield above


def path_of(tag: Tag, found: Mapping[Node, Inherited]) -> tuple[str, ...]:
    """How the worst piece below an item is reached; of a long way the beginning, and the end after :data:`MORE`."""
    path: list[str] = []
    node: Node = tag
    while (step := found.get(node)) is not None:
        if step.via is None or step.last:
            return (*path, *step.end)
        if len(path) >= _SHOWN:
            return (*path, MORE, *step.end)
        node = step.via
        if isinstance(node, Tag):
            path.append(str(node))
    return tuple(path)


def _own(one: TracedItem, linked: Linked) -> tuple[Result, str] | None:
    """The state of an item as it counts for those above it."""
    if str(one.item.tag) in one.suspect and worst((one.result, Result.STALE)) is not one.result:
        return Result.STALE, ""
    by_others = one.result is Result.NONE or (
        one.result is Result.PARTIAL and one.model is None and TEST_TYPE not in one.item.needs
    )
    return None if by_others and is_carried(one, linked) else (one.result, _piece(one))


def _piece(one: TracedItem) -> str:
    """What of an item is in its state: a claim, a test, or what it needs and lacks; empty where it is the item as a whole."""
    pieces = [(RESULT_OF_VERDICT[verdict.kind], verdict.claim) for verdict in one.verdicts]
    pieces += [(RESULT_OF_OUTCOME[case.outcome], case.id) for case in (*one.tests, *one.partial_tests)]
    named = next((piece for state, piece in pieces if state is one.result), "")
    if not named and one.result is Result.NOT_RUN:
        return one.item.confirmed_by[0] if one.model is Result.NOT_RUN else TEST_TYPE
    if one.result in (Result.NONE, Result.JUSTIFIED):
        return next(iter(one.uncovered), "")
    return named


def _lacks(one: TracedItem, linked: Linked) -> Iterator[Lack]:
    """What an item lacks, and what covers it by a suspect link."""
    tag = one.item.tag
    state = Result.JUSTIFIED if one.justified else Result.NONE
    for need in one.uncovered:
        if need != TEST_TYPE:
            yield Lack(tag, state, need)
    for source in linked.suspected.get(tag, ()):
        yield Lack(tag, Result.STALE, str(source))


def _order(node: Node) -> tuple[bool, NaturalKey, NaturalKey, int]:
    if isinstance(node, Tag):
        return False, natural(node.type), natural(node.name), node.revision
    return True, natural(node[0]), natural(node[1]), 0
