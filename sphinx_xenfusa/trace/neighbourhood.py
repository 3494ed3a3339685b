"""What stands around one item: what it covers and what covers it, each with one further step, its claims and its tests.

Of many neighbours some stand there and the number of the others; a link that does not count is there like any other, with its
status.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sphinx_xenfusa.trace.around import Around
from sphinx_xenfusa.trace.record import Link, TestCase, TracedItem
from sphinx_xenfusa.trace.states import RESULT_OF_OUTCOME, RESULT_OF_VERDICT, LinkStatus, Result, worst
from sphinx_xenfusa.trace.test_results import StaleReasons

MOST_NEAR = 8
"""Neighbours of one sort that a neighbourhood has right beside its item."""
MOST_FAR = 3
"""Those of a neighbour that it has."""

ITEM, CLAIM, TEST, MORE = "item", "claim", "test", "more"


@dataclass(frozen=True, slots=True)
class Node:
    """What stands in a neighbourhood.

    :param key: tells it from the others.
    :param sort: ``item``, ``claim``, ``test``, or ``more`` for a number of neighbours that are left out.
    :param name: its tag, claim or test id; of those left out, the tag of the item whose neighbours they are.
    :param words: what it is called; empty for its name.
    :param result: its state; ``None`` where there is none to tell: a tag that leads to no item, or what is left out.
    :param case: of a test: a case of it.
    """

    key: str
    sort: str
    name: str
    words: str = ""
    result: Result | None = None
    case: TestCase | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """From what is above to what covers, confirms or verifies it.

    :param words: the status of a link that does not count, in OpenFastTrace's words; empty for one that does.
    """

    upper: str
    lower: str
    words: str = ""


@dataclass(frozen=True)
class Neighbourhood:
    """The neighbours of an item.

    :param nodes: the item first, then the others in the order in which they are told.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True)
class Neighbourhoods:
    """The neighbourhoods of the items of a record.

    :param traced: the items by their tags.
    """

    around: Around
    traced: Mapping[str, TracedItem]
    stale: StaleReasons

    def of(self, tag: str) -> Neighbourhood:
        """The neighbourhood of an item of the record."""
        made = _Made()
        made.node(self._item(tag))
        near = [*self._above(made, tag, MOST_NEAR), *self._below(made, tag, MOST_NEAR)]
        self._evidence(made, tag, MOST_NEAR)
        above = {edge.upper for edge in made.edges if edge.lower == tag}
        for neighbour in near:
            if neighbour in above:
                self._above(made, neighbour, MOST_FAR)
            else:
                self._below(made, neighbour, MOST_FAR)
                self._evidence(made, neighbour, MOST_FAR)
        return Neighbourhood(tuple(made.nodes.values()), tuple(made.edges))

    def _item(self, tag: str) -> Node:
        traced = self.traced.get(tag)
        return Node(tag, ITEM, tag, result=None if traced is None else traced.result)

    def _above(self, made: _Made, tag: str, most: int) -> list[str]:
        links = [(link.target, _words(link, link.status.value)) for link in self.around.outgoing.get(tag, ())]
        return made.add([(self._item(end), words) for end, words in links], tag, most, _over)

    def _below(self, made: _Made, tag: str, most: int) -> list[str]:
        links = self.around.incoming.get(tag, ())
        ends = [(link.source, _words(link, (link.incoming or link.status).value)) for link in links]
        return made.add([(self._item(end), words) for end, words in ends], tag, most, _under)

    def _evidence(self, made: _Made, tag: str, most: int) -> None:
        """The claims and tests of an item; those of an item without are none."""
        traced = self.traced.get(tag)
        if traced is not None:
            made.add([(one, "") for one in _claims(traced)], tag, most, _under, "claims")
            made.add([(one, "") for one in self._tests(traced)], tag, most, _under, "tests")

    def _tests(self, traced: TracedItem) -> Iterator[Node]:
        """The tests of an item, each once, with the worst of its cases; one with several parameters is one test."""
        cases: dict[str, list[TestCase]] = {}
        for case in (*traced.tests, *traced.partial_tests):
            cases.setdefault(_without_parameters(case.id), []).append(case)
        tag = str(traced.item.tag)
        for name, same in cases.items():
            states = [Result.STALE if self.stale.of(one, tag) else RESULT_OF_OUTCOME[one.outcome] for one in same]
            result = worst(states)
            ids = {one.id for one in same}
            shown = name if len(ids) > 1 else same[0].id
            words = f"{name} ({len(ids):,} cases)" if len(ids) > 1 else ""
            yield Node(f"test {shown}", TEST, shown, words, result, same[states.index(result)])


class _Made:
    """A neighbourhood that grows."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.edges: dict[Edge, None] = {}

    def node(self, node: Node) -> None:
        """Add a node, if it is not there."""
        self.nodes.setdefault(node.key, node)

    def add(
        self, found: Iterable[tuple[Node, str]], tag: str, most: int, edge: Callable[..., Edge], what: str = "items"
    ) -> list[str]:
        """Add the neighbours of a node, the worst first and no more than there may be; what was added."""
        ranked = sorted(dict.fromkeys(found), key=lambda one: (not one[1], _rank(one[0].result)))
        for node, words in ranked[:most]:
            self.node(node)
            self._edge(edge(tag, node.key, words))
        left = len(ranked) - most
        if left > 0:
            more = f"more {what} {edge.__name__} {tag}"
            self.node(Node(more, MORE, tag, f"and {left:,} more {what}"))
            self._edge(edge(tag, more))
        return [node.key for node, _ in ranked[:most]]

    def _edge(self, edge: Edge) -> None:
        if edge.upper != edge.lower:
            self.edges[edge] = None


def _over(tag: str, other: str, words: str = "") -> Edge:
    """The other stands above."""
    return Edge(other, tag, words)


def _under(tag: str, other: str, words: str = "") -> Edge:
    """The other stands below."""
    return Edge(tag, other, words)


def _claims(traced: TracedItem) -> Iterator[Node]:
    for claim in traced.item.confirmed_by:
        states = [RESULT_OF_VERDICT[one.kind] for one in traced.verdicts if one.claim == claim]
        yield Node(f"claim {claim}", CLAIM, claim, result=worst(states) if states else Result.NOT_RUN)


def _without_parameters(id: str) -> str:
    """The name that the cases of a test with several parameters have in common, as pytest writes them."""
    return id.partition("[")[0] if id.endswith("]") else id


def _words(link: Link, status: str) -> str:
    return "" if link.status is LinkStatus.COVERS else status


def _rank(result: Result | None) -> int:
    return -1 if result is None else list(Result).index(result)
