"""The picture of a platform: who is on it, who is linked with whom, and who can interfere with whom.

Three columns.  On the left stand the domains that are no SafeVMs, on the right the SafeVMs and the machine below them all; in the
middle stands a label for each link and each interference, and lines run from it to its ends.  So no line crosses a box, labels
never lie upon each other, and a platform of sixteen domains is as readable as one of two: it is higher.  That is simple enough
to need no engine, and every reader of our docs finds SafeVMs at the same place.

A label is a link: to the rule that is broken, or else to the trace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from docutils import nodes

from sphinx_xenfusa.model.vocabulary import Criticality
from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.blocks import count
from sphinx_xenfusa.sphinxext.drawings import drawing, element
from sphinx_xenfusa.sphinxext.platform_facts import (
    MACHINE,
    Found,
    Pictured,
    PicturedChannel,
    PicturedDomain,
    PicturedLinks,
)
from sphinx_xenfusa.sphinxext.trace_charts import fitted

MOST_DRAWN = 32
"""Domains of a platform that is drawn: nobody reads a picture of more, and there is the list."""
WIDTH = 700
_BOX, _LABEL = 190, 208
"""Widths of boxes and labels."""
_LINE, _PADDING = 16, 8
_HEAD = 22
_GAP, _LABEL_GAP = 18, 10
_FITS = 0.9
"""Of the width of a frame that text may fill: the fonts of themes are not all as wide as the one that is measured."""
_MOST_DEVICES = 4
"""Devices that are named in a box; the list names all of them."""
_MIDDLE = (WIDTH - _LABEL) / 2

LEGEND = (
    "● and a thick frame: a SafeVM. ○ and a dashed frame: an UnsafeVM. A line is a link; an arrow with ✗ is interference that "
    "the search found. A label with ✗ or ! leads to the rule that is not kept, or to the trace where there is none."
)


@dataclass(frozen=True)
class _Box:
    """A domain, or the machine, with what is written in it; the first line is its name."""

    name: str
    lines: tuple[str, ...]
    right: bool
    frame: str
    whole: str

    @property
    def height(self) -> float:
        return len(self.lines) * _LINE + 2 * _PADDING


@dataclass(frozen=True)
class _Label:
    """A link or an interference.

    :param start: the box from which it goes out; the others are where it arrives.
    :param wrong: whether it is drawn as something that is wrong.
    :param arrow: whether it does something to the boxes where it arrives.
    """

    lines: tuple[str, ...]
    start: str
    ends: tuple[str, ...]
    wrong: bool
    arrow: bool
    target: str
    whole: str

    @property
    def height(self) -> float:
        return len(self.lines) * _LINE + 2 * _PADDING


@dataclass(frozen=True)
class Ways:
    """Where labels lead to; each gives an address, empty where there is no such place.

    :param rule: of a rule or check, by its name.
    :param trace: of a trace, by the name of what was found.
    """

    rule: Callable[[str], str]
    trace: Callable[[str], str]


def picture(
    name: str,
    of: str,
    shown: Pictured,
    policies: Callable[[Sequence[str]], str],
    ways: Ways,
    listed: Sequence[nodes.Node],
) -> markup.drawing:
    """The drawing, with the list that says the same.

    :param name: unique on its page.
    :param of: the title of the platform.
    :param policies: says policies in words.
    """
    boxes = [*(_domain(one) for one in shown.domains), *_machine(shown)]
    known = {box.name for box in boxes}
    traced = {name for one in shown.found for name in one.against.names}
    labels = [
        *(_found(one, policies, ways) for one in shown.found),
        *(_links(one, policies, ways, traced) for one in shown.links),
        *(_channel(one) for one in shown.channels if known.issuperset(one.ends)),
    ]
    height, parts = _drawn(boxes, labels)
    if not labels:
        parts.append(element("text", text="no links", x=WIDTH / 2, y=height / 2, class_="xenfusa-column"))
    said = (
        f"{count(len(shown.domains), 'domain')}, {count(len(shown.links), 'kind')} of links, "
        f"{count(len(shown.found), 'way')} to interfere. The list that follows says the same."
    )
    inside = element("g", *parts, class_="xenfusa-platform-picture")
    fold = markup.unfolding("", *listed, heading="The same as a list")
    return drawing(name, (WIDTH, height), [inside], (f"Picture of the platform {of}", said), [fold])


# --- what is drawn ----------------------------------------------------------------------------------------------------


def _domain(one: PicturedDomain) -> _Box:
    safe = one.criticality is Criticality.SAFE
    frame = "safe" if safe else "unknown" if one.criticality is None else "unsafe"
    whole = f"{one.name}: {one.roles}, {one.kind}; {', '.join(one.devices) or 'no devices'} ({one.where})"
    return _Box(one.name, (one.name, one.roles, one.kind, *_devices(one.devices)), safe, frame, whole)


def _machine(shown: Pictured) -> Iterator[_Box]:
    """The machine, where something is done to it or something stays with it."""
    if shown.kept or shown.loose or any(one.harm.machine for one in shown.found):
        kept = [f"{one}, kept by Xen" for one in shown.kept]
        lines = (MACHINE, "Xen and what it keeps", *_devices((*shown.kept, *shown.loose)))
        # A domain may have the same name; this is the last of the boxes, and an empty name is none of a domain.
        yield _Box("", lines, True, "machine", "; ".join([MACHINE, *kept, *shown.loose]))


def _devices(names: Sequence[str]) -> Iterator[str]:
    shown = names if len(names) <= _MOST_DEVICES else names[: _MOST_DEVICES - 1]
    for name in shown:
        yield from _wrapped(f"▸\u00a0{name}", width=_BOX)
    if len(names) > len(shown):
        yield f"▸ and {len(names) - len(shown)} more devices"


def _found(one: Found, policies: Callable[[Sequence[str]], str], ways: Ways) -> _Label:
    why = one.against.words or ("no rule forbids it",)
    who, what = one.words.rsplit(": ", 1)
    lines = _wrapped(f"✗ {who}", f"interferes: {what}", f"under {policies(one.policies)}", *why)
    ends = (*one.harm.victims, *(("",) if one.harm.machine else ()))
    target = ways.rule(one.against.names[0]) if one.against.names else ways.trace(one.name)
    whole = f"Interference, {one.words}, under {policies(one.policies)}; {'; '.join(why)}"
    return _Label(lines, one.harm.by, ends, True, True, target, whole)


def _links(one: PicturedLinks, policies: Callable[[Sequence[str]], str], ways: Ways, traced: Set[str]) -> _Label:
    protocol, ends = one.words.split(": ", 1)
    signs = ("✗",) if one.against.broken else ("!",)
    wrong = [f"{sign} {words}" for sign, words in zip((*signs, "!"), one.against.words, strict=False)]
    wrong += [f"✗ no request completes under {policies(one.policies)}"] if one.stuck else []
    names = one.against.names
    # Of several rules first one from which a trace goes on.
    leads = [name for name in names if name in traced] or names
    target = ways.rule(leads[0]) if leads else ways.trace(one.stuck) if one.stuck else ""
    said = (protocol, ends, *([one.extensions] if one.extensions else []), *wrong)
    is_wrong = bool(one.against.broken or one.stuck)
    return _Label(_wrapped(*said), one.backend, one.to, is_wrong, False, target, "; ".join(said))


def _channel(one: PicturedChannel) -> _Label:
    kind, ends = one.words.split(": ", 1)
    said = (kind, ends, "no rule is about it")
    return _Label(_wrapped(*said), one.ends[0], one.ends[1:], False, False, "", "; ".join(said))


def _wrapped(*said: str, width: float = _LABEL) -> tuple[str, ...]:
    """What is said in a frame in lines that fit into it; a word that is too long is shortened when it is drawn."""
    lines: list[str] = []
    for words in said:
        first, *more = words.split(" ")
        lines.append(first)
        for word in more:
            longer = f"{lines[-1]} {word}"
            if _fitted(longer, width) == longer:
                lines[-1] = longer
            else:
                lines.append(word)
    return tuple(lines)


# --- where it is drawn ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _At:
    """Where a box stands, and where along its inner side each of its lines begins."""

    box: _Box
    top: float
    ports: Mapping[tuple[int, str], float]

    @property
    def inner(self) -> float:
        return WIDTH - _BOX if self.box.right else _BOX


def _drawn(boxes: Sequence[_Box], labels: Sequence[_Label]) -> tuple[float, list[Element]]:
    """The height of the drawing, and its parts."""
    columns = [[one for one in boxes if one.right is right] for right in (False, True)]
    heights = [_stack([one.height for one in column], _GAP) for column in columns]
    height = max(*heights, _stack([one.height for one in labels], _LABEL_GAP)) + _HEAD
    tops: dict[str, float] = {}
    for column in columns:
        tops |= dict(zip((one.name for one in column), _spread([one.height for one in column], height), strict=True))
    middles = {one.name: tops[one.name] + one.height / 2 for one in boxes}
    # A label stands as near as it can to the middle of its ends: that keeps lines short, and few of them cross.
    ordered = sorted(labels, key=lambda one: _mean(middles[name] for name in (one.start, *one.ends)))
    places = list(zip(ordered, _spread([one.height for one in ordered], height), strict=True))
    ports = _ports(boxes, tops, [(one, top + one.height / 2) for one, top in places])
    at = {one.name: _At(one, tops[one.name], ports) for one in boxes}
    parts = [*_headings(columns)]
    parts += [
        line for number, (one, top) in enumerate(places) for line in _lines(number, one, top + one.height / 2, at)
    ]
    parts += [_box(at[one.name]) for one in boxes]
    parts += [_label(one, top) for one, top in places]
    return height + 2, parts


def _stack(heights: Sequence[float], gap: float) -> float:
    return sum(heights) + gap * (len(heights) + 1)


def _spread(heights: Sequence[float], height: float) -> Iterator[float]:
    """The tops of things that stand below each other with the same room between them."""
    room = (height - _HEAD - sum(heights)) / (len(heights) + 1)
    top = _HEAD + room
    for one in heights:
        yield top
        top += one + room


def _mean(values: Iterator[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def _ports(
    boxes: Sequence[_Box], tops: Mapping[str, float], labels: Sequence[tuple[_Label, float]]
) -> dict[tuple[int, str], float]:
    """Where each line begins at its box, by the number of its label and the box: in the order of the labels, none on another."""
    ports: dict[tuple[int, str], float] = {}
    at: dict[str, list[int]] = {one.name: [] for one in boxes}
    for number, (one, _) in enumerate(labels):
        for name in dict.fromkeys((one.start, *one.ends)):
            at[name].append(number)
    for box in boxes:
        step = box.height / (len(at[box.name]) + 1)
        for place, number in enumerate(at[box.name], 1):
            ports[number, box.name] = tops[box.name] + step * place
    return ports


def _headings(columns: Sequence[Sequence[_Box]]) -> Iterator[Element]:
    known = all(one.frame != "unknown" for one in columns[0])
    left = "UnsafeVMs" if known else "UnsafeVMs, or not said"
    for words, x, column in ((left, _BOX / 2, columns[0]), ("SafeVMs", WIDTH - _BOX / 2, columns[1])):
        if column:
            yield element("text", text=words, x=x, y=14, class_="xenfusa-column")


def _lines(number: int, one: _Label, y: float, at: Mapping[str, _At]) -> Iterator[Element]:
    """The lines of a label to its ends, those of an interference with heads."""
    classes = "xenfusa-way" + (" xenfusa-wrong" if one.wrong else "") + (" xenfusa-arrow" if one.arrow else "")
    start = at[one.start]
    # A line that comes from the side to which others go keeps apart from them.
    apart = 6 if any(at[name].box.right is start.box.right for name in one.ends) else 0
    strokes = [_curve(start, start.ports[number, one.start], y - apart)]
    for name in one.ends:
        port = at[name].ports[number, name]
        strokes.append(_curve(at[name], port, y + apart) + (_arrowhead(at[name], port) if one.arrow else ""))
    yield element("path", d="".join(strokes), class_=classes, fill="none")


def _curve(at: _At, port: float, y: float) -> str:
    edge = _MIDDLE + _LABEL if at.box.right else _MIDDLE
    between = (edge + at.inner) / 2
    return f"M{edge:g} {y:.1f}C{between:g} {y:.1f} {between:g} {port:.1f} {at.inner:g} {port:.1f}"


def _arrowhead(at: _At, port: float) -> str:
    back = -8 if at.box.right else 8
    return f"m{back}-4.5l{-back} 4.5l{back} 4.5"


def _box(at: _At) -> Element:
    box, x = at.box, float(WIDTH - _BOX if at.box.right else 0) + (-1 if at.box.right else 1)
    return element(
        "g",
        element("title", text=box.whole),
        element("rect", x=x, y=at.top, width=_BOX, height=box.height, rx=4, class_=f"xenfusa-domain-{box.frame}"),
        _text(box.lines, x, at.top, _BOX, ("xenfusa-name",)),
    )


def _label(one: _Label, top: float) -> Element:
    inside = [
        element("title", text=one.whole),
        element(
            "rect",
            x=_MIDDLE,
            y=top,
            width=_LABEL,
            height=one.height,
            rx=12,
            class_="xenfusa-label xenfusa-wrong" if one.wrong else "xenfusa-label",
        ),
        _text(one.lines, _MIDDLE, top, _LABEL, ("xenfusa-name",)),
    ]
    return element("a", *inside, href=one.target) if one.target else element("g", *inside)


def _fitted(words: str, width: float) -> str:
    return fitted(words, (width - 2 * _PADDING) * _FITS)


def _text(lines: Sequence[str], x: float, top: float, width: float, first: tuple[str, ...]) -> Element:
    """Lines of text in a frame, each shortened to its width."""
    spans = []
    for number, line in enumerate(lines):
        classes = {"class_": first[number]} if number < len(first) else {}
        y = top + _PADDING + 12 + number * _LINE
        spans.append(element("tspan", text=_fitted(line, width), x=x + _PADDING, y=y, **classes))
    return element("text", *spans)
