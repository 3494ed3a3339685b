"""The neighbourhood of an item as a drawing, and as a list that says the same.

``graphlay`` places boxes and lines; without it the list stands alone, and says so.  Each box is a link.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from docutils import nodes

from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.blocks import paragraph
from sphinx_xenfusa.sphinxext.builder_links import address
from sphinx_xenfusa.sphinxext.case_places import address_of_case
from sphinx_xenfusa.sphinxext.claim_places import page_of_claim
from sphinx_xenfusa.sphinxext.drawings import drawing, element
from sphinx_xenfusa.sphinxext.fragments import html_of
from sphinx_xenfusa.sphinxext.page_names import has_pages, link_to_page
from sphinx_xenfusa.sphinxext.phrases import SYMBOLS, marked
from sphinx_xenfusa.sphinxext.views import Views
from sphinx_xenfusa.trace.neighbourhood import CLAIM, ITEM, MORE, TEST, Neighbourhood, Neighbourhoods, Node
from sphinx_xenfusa.trace.record import Finding, Place
from sphinx_xenfusa.trace.states import Result

IN_CARD = "Graph: what it covers, what covers it, its claims and tests"
WITHOUT = "There is no drawing: the package graphlay, which places it, is not installed."
_WIDTH, _LINE, _PADDING = 168, 17, 9
_LETTERS = 23
"""Letters in a line of a box."""
_MOST_LINES = 6
_BREAKS = re.compile(r"[^~_.:/\-\s]*[~_.:/\-\s]*")
_OPTIONS: Mapping[str, Any] = {
    "direction": "leftright",
    "spacing": {"layer_gap": 40.0, "node_gap": 14.0, "dummy_gap": 12.0, "isolated_gap": 14.0},
}


@dataclass(frozen=True)
class _Box:
    """A node with its place.

    :param lines: what is written in it.
    """

    node: Node
    lines: Sequence[str]
    height: float


def graph_nodes(views: Views, fromdoc: str, around: Neighbourhood) -> list[nodes.Node]:
    """The drawing with its list; in formats without drawings the list."""
    listed = _list(views, fromdoc, around)
    if views.builder.format != "html":
        return [listed]
    engine = _engine()
    if engine is None:
        return [paragraph(WITHOUT), listed]
    tag = around.nodes[0].name
    number = len(around.nodes) - 1
    title = f"What stands around {tag}"
    description = (
        f"{tag} in the middle with {number} neighbours: on its left what it covers, on its right what covers it, its claims "
        "and its tests. The list that follows says the same."
    )
    size, parts = _drawn(engine, views, fromdoc, around)
    name = f"xenfusa-graph-{next(views.numbers)}"
    fold = views.fold("The same as a list", [listed])
    return [drawing(name, size, parts, (title, description), [fold])]


@dataclass(frozen=True)
class CardGraphs:
    """The graphs in the cards of a project, or of none: each takes some milliseconds, and thousands of them more than the rest.

    :param drawn: whether the cards have them.
    """

    neighbourhoods: Neighbourhoods
    drawn: bool

    @classmethod
    def of(cls, neighbourhoods: Neighbourhoods, most: int) -> CardGraphs:
        """Of a project; without the package that places them, a card has no graph.

        :param most: how many items there may be.
        """
        return cls(neighbourhoods, len(neighbourhoods.traced) <= most and _engine() is not None)

    def around(self, tag: str) -> Neighbourhood | None:
        """What the graph in the card of an item shows; nothing where there is none."""
        if not self.drawn or tag not in self.neighbourhoods.traced:
            return None
        around = self.neighbourhoods.of(tag)
        return around if len(around.nodes) > 1 else None

    def shown(self, tags: Iterable[str], anchors: Mapping[str, tuple[str, str]]) -> list[object]:
        """All that the graphs in some cards show, for the digest of their page: a change of a neighbour is a change of these."""
        found = [around for tag in tags if (around := self.around(tag)) is not None]
        return [(around, [anchors.get(node.name) for node in around.nodes]) for around in found]

    def in_card(self, views: Views, fromdoc: str, tag: str) -> list[nodes.Node]:
        """The graph of an item, folded; written already, since the names in it are no words to find the card by."""
        around = self.around(tag)
        if around is None or views.builder.format != "html":
            return []
        inside = html_of(graph_nodes(views, fromdoc, around))
        fold = (
            f'<details class="xenfusa-unfolding xenfusa-card-graph"><summary>{IN_CARD}</summary>\n{inside}</details>\n'
        )
        return [markup.written("", html=fold)]


def unknown_items(asked: Mapping[str, Sequence[tuple[str, Place]]], known: Collection[str]) -> Iterator[Finding]:
    """A finding for each graph that asks for an item that does not exist.

    :param asked: tag and place of each graph, by document.
    :param known: the tags of the items.
    """
    for docname in sorted(asked):
        for tag, place in asked[docname]:
            if tag not in known:
                near = difflib.get_close_matches(tag, known, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                yield Finding("option", place, tag, f"found xen:graph of {tag!r}; expected the tag of an item{hint}")


def _engine() -> Any:
    """What places the boxes; ``None`` if it is not installed."""
    try:
        import graphlay
    except ImportError:
        return None
    return graphlay


# --- the drawing ----------------------------------------------------------------------------------------------------


def _drawn(
    engine: Any, views: Views, fromdoc: str, around: Neighbourhood
) -> tuple[tuple[float, float], list[ElementTree.Element]]:
    """Size and parts of the drawing."""
    statuses: dict[str, str] = {}
    for edge in around.edges:
        if edge.words:
            # The first is that of the link by which it was reached.
            statuses.setdefault(edge.upper if _is_above(around, edge.upper) else edge.lower, edge.words)
    boxes = [_box(one, statuses.get(one.key, "")) for one in around.nodes]
    graph = engine.Graph()
    for box in boxes:
        graph.node(box.node.key, width=_WIDTH, height=box.height)
    for edge in around.edges:
        graph.edge(edge.upper, edge.lower)
    placed = engine.layout(graph, options=_OPTIONS).to_dict()
    left, top = (placed["bounds"]["min"][axis] - 4 for axis in "xy")
    right, bottom = (placed["bounds"]["max"][axis] + 4 for axis in "xy")
    lines = [
        _line(found["points"], (left, top), edge.words)
        for found, edge in zip(placed["edges"], around.edges, strict=True)
    ]
    drawn = [
        _node(box, (at["center"]["x"] - left, at["center"]["y"] - top), _target(views, fromdoc, box.node), number == 0)
        for number, (box, at) in enumerate(zip(boxes, placed["nodes"], strict=True))
    ]
    return (right - left, bottom - top), [element("g", *lines, *drawn, class_="xenfusa-graph")]


def _is_above(around: Neighbourhood, key: str) -> bool:
    """Whether a node stands on the side of what the item covers."""
    above, todo = {around.nodes[0].key}, [around.nodes[0].key]
    while todo:
        here = todo.pop()
        found = [edge.upper for edge in around.edges if edge.lower == here and edge.upper not in above]
        above.update(found)
        todo += found
    return key in above - {around.nodes[0].key}


def _box(node: Node, status: str) -> _Box:
    lines = [*_wrapped(node.words or node.name), *([_state(node)] if node.result else [])]
    if node.sort == ITEM and node.result is None:
        lines.append("no such item")
    lines += [f"link: {status}"] if status else []
    return _Box(node, lines, len(lines) * _LINE + 2 * _PADDING)


def _state(node: Node) -> str:
    return f"{SYMBOLS[node.result]} {node.result.value}" if node.result else ""


def _wrapped(name: str) -> list[str]:
    """A name in lines, broken after what divides its words; the end of a very long one is left to its tip."""
    lines = [""]
    for piece in _BREAKS.findall(name):
        for start in range(0, len(piece), _LETTERS):
            part = piece[start : start + _LETTERS]
            if len(lines[-1]) + len(part.rstrip()) > _LETTERS:
                lines.append("")
            lines[-1] += part
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], "…"]
    return [line.rstrip() for line in lines]


def _line(points: Sequence[Mapping[str, float]], origin: tuple[float, float], words: str) -> ElementTree.Element:
    path = " ".join(
        f"{'L' if number else 'M'}{one['x'] - origin[0]:g} {one['y'] - origin[1]:g}"
        for number, one in enumerate(points)
    )
    return element("path", d=path, class_="xenfusa-edge xenfusa-wrong" if words else "xenfusa-edge", fill="none")


def _node(box: _Box, centre: tuple[float, float], target: str, middle: bool) -> ElementTree.Element:
    """A box with its words, as a link where there is a place to go to."""
    x, y = centre[0] - _WIDTH / 2, centre[1] - box.height / 2
    frame = element(
        "rect",
        x=x,
        y=y,
        width=_WIDTH,
        height=box.height,
        rx=4,
        class_=f"xenfusa-box xenfusa-{box.node.sort}{' xenfusa-middle' if middle else ''}",
    )
    words = []
    for number, line in enumerate(box.lines):
        state = line == _state(box.node) and box.node.result is not None
        classes = f"xenfusa-{box.node.result.value.replace(' ', '-')}" if state and box.node.result else "xenfusa-name"
        words.append(
            element("tspan", text=line, x=x + _PADDING, y=y + _PADDING + 12.5 + number * _LINE, class_=classes)
        )
    tip = element("title", text=": ".join(filter(None, (_SORTS[box.node.sort], box.node.name, box.node.words))))
    inside = (tip, frame, element("text", *words))
    return element("a", *inside, href=target) if target else element("g", *inside)


_SORTS = {ITEM: "item", CLAIM: "claim", TEST: "test", MORE: "neighbours of"}


def _target(views: Views, fromdoc: str, node: Node) -> str:
    """Where a node leads to; empty where there is no such place."""
    if node.sort in (ITEM, MORE):
        place = views.anchors.get(node.name)
        return "" if place is None else address(views.builder, fromdoc, place[0], node.name)
    page = _page(node)
    if not page or not has_pages(views.builder):
        return ""
    name, mark, anchor = page.partition("#")
    return views.builder.get_relative_uri(fromdoc, name) + mark + anchor


def _page(node: Node) -> str:
    if node.sort == CLAIM:
        return page_of_claim(node.name)
    return address_of_case(node.case) if node.case is not None else ""


# --- the list -------------------------------------------------------------------------------------------------------


def _list(views: Views, fromdoc: str, around: Neighbourhood) -> nodes.Node:
    """All neighbours, each with its state and the status of its link; those of neighbours below these."""
    top = around.nodes[0].key
    made = nodes.container(classes=["xenfusa-neighbours"])
    made += paragraph(*_words(views, fromdoc, around.nodes[0], ""))
    for heading, found in (
        ("Covers", _uppers(around, top)),
        ("Covered, confirmed and verified by", _lowers(around, top)),
    ):
        if found:
            made += paragraph(nodes.strong("", heading))
            follow = _uppers if heading == "Covers" else _lowers
            made += nodes.bullet_list(
                "", *(_entry(views, fromdoc, one, words, follow(around, one.key)) for one, words in found)
            )
    return made


def _entry(views: Views, fromdoc: str, node: Node, words: str, further: Iterable[tuple[Node, str]]) -> nodes.list_item:
    entry = nodes.list_item("", paragraph(*_words(views, fromdoc, node, words)))
    inside = [nodes.list_item("", paragraph(*_words(views, fromdoc, one, status))) for one, status in further]
    if inside:
        entry += nodes.bullet_list("", *inside)
    return entry


def _words(views: Views, fromdoc: str, node: Node, status: str) -> Iterator[nodes.Node]:
    """A node of the list: its name as a link, its state, what is wrong with the link."""
    if node.sort == MORE:
        yield nodes.Text(node.words)
        return
    if node.sort == ITEM:
        yield views.link(fromdoc, node.name, node.name)
    else:
        yield nodes.Text(f"{node.sort} ")
        yield link_to_page(views.builder, fromdoc, _page(node), nodes.literal("", node.name))
    yield nodes.Text(f"{node.words.removeprefix(node.name)}: " if node.sort == TEST else ": ")
    yield marked(node.result) if node.result is not None else marked(Result.NONE, "no such item")
    if status:
        yield nodes.Text(", link ")
        yield marked(Result.FAILED, status)


def _uppers(around: Neighbourhood, key: str) -> list[tuple[Node, str]]:
    known = {one.key: one for one in around.nodes}
    return [(known[edge.upper], edge.words) for edge in around.edges if edge.lower == key]


def _lowers(around: Neighbourhood, key: str) -> list[tuple[Node, str]]:
    known = {one.key: one for one in around.nodes}
    return [(known[edge.lower], edge.words) for edge in around.edges if edge.upper == key]
