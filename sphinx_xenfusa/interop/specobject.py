"""Specobject XML (ReqM2's and OpenFastTrace's exchange format), read and written, and OpenFastTrace's aspec report, read.

Both hold the same items, an aspec with coverage beside them (:mod:`aspec` writes it); coverage is not read back, since it
follows from the items.  What the formats have no element for is written in a namespace of our own, which OpenFastTrace
passes over, so that reading back what was written loses nothing but the origin of the items (and characters that no
XML can hold).

The XML is untrusted: a document type declaration, with or without entities, is refused before anything is read; elements that are
not known are passed over.  A file that is cut off or malformed gives the items up to there, and a finding.

Source: OpenFastTrace 4, ``SpecobjectExporter.java``, ``SingleSpecObjectsHandlerBuilder.java`` and ``ASpecReport.java``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from xml.sax.saxutils import escape, quoteattr

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from sphinx_xenfusa.interop.foreign_items import claimed_place, needed_types, parse_tag, turned_texts
from sphinx_xenfusa.interop.oft_items import modern
from sphinx_xenfusa.interop.source_tags import Reading, short
from sphinx_xenfusa.trace.linker import finding_order, tag_fault
from sphinx_xenfusa.trace.record import Finding, Item, Place, Tag, TypedFields
from sphinx_xenfusa.trace.states import ItemKind, OftStatus

NAMESPACE = "urn:sphinx-xenfusa:specobject:1"
"""Of the elements that hold what specobject has none for."""

DEPTH_LIMIT = 32
"""Elements within each other; OpenFastTrace writes seven."""

_CHUNK = 1 << 20
_PREFIX = re.compile(r"[A-Za-z]+(?:~[A-Za-z]+)?:")
_TYPE = re.compile(r"[A-Za-z]+")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FIELDS = tuple(one.name for one in fields(TypedFields) if one.name != "dropped")
_ENTITIES = {"\r": "&#13;"}
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_WORDS = ("source", "level", "owner", "discharge")


# --- writing --------------------------------------------------------------------------------------------------------------


def write_specobject(items: Iterable[Item]) -> str:
    """The items as a specobject document, grouped by type in the order of each type's first item."""
    return document(items, lambda item: [*_needs(item), *_covered(item), *_depends(item)])


def document(items: Iterable[Item], links: Callable[[Item], Iterable[str]]) -> str:
    """A ``specdocument`` of the items.

    :param links: the lines of what an item needs and covers, which is where the formats differ.
    """
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.tag.type, []).append(item)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<specdocument>"]
    for doctype, group in groups.items():
        lines.append(f"  <specobjects doctype={quoteattr(doctype)}>")
        for item in group:
            lines += ["    <specobject>"]
            lines += (f"      {line}" for line in (*_values(item), *links(item), *_more(item)))
            lines += ["    </specobject>"]
        lines.append("  </specobjects>")
    return "\n".join([*lines, "</specdocument>", ""])


def element(name: str, text: object) -> str:
    """An element that holds text; characters that XML cannot say become U+FFFD."""
    said = _NO_XML.sub("\N{REPLACEMENT CHARACTER}", str(text))
    preserved = "" if said == said.strip() else ' xml:space="preserve"'
    return f"<{name}{preserved}>{escape(said, _ENTITIES)}</{name}>"


def within(name: str, lines: Iterable[str]) -> list[str]:
    """An element that holds others, a line each; none if it would be empty."""
    inner = [f"  {line}" for line in lines]
    return [f"<{name}>", *inner, f"</{name}>"] if inner else []


def split_tag(text: str) -> Tag | None:
    """A tag that is covered, ``None`` if it is malformed."""
    return Tag.parse(text) if tag_fault(text) is None else None


def _values(item: Item) -> Iterator[str]:
    yield element("id", item.tag.name)
    if item.title:
        yield element("shortdesc", item.title)
    yield element("status", item.oft_status.value)
    yield element("version", item.tag.revision)
    yield element("sourcefile", item.place.file)
    yield element("sourceline", item.place.line)
    for name, text in (("description", item.text), ("rationale", item.rationale), ("comment", item.comment)):
        if text:
            yield element(name, text)
    yield from within("tags", (element("tag", label) for label in item.labels))


def _needs(item: Item) -> list[str]:
    return within("needscoverage", (element("needsobj", type) for type in item.needs))


def _covered(item: Item) -> list[str]:
    tags = [tag for text in item.covers if (tag := split_tag(text)) is not None]
    entries = [
        within("provcov", [element("linksto", f"{tag.type}:{tag.name}"), element("dstversion", tag.revision)])
        for tag in tags
    ]
    return within("providescoverage", (line for entry in entries for line in entry))


def _depends(item: Item) -> list[str]:
    return within("dependencies", (element("dependson", text) for text in item.depends))


def _more(item: Item) -> list[str]:
    """What specobject has no element for, in our namespace; nothing where there is nothing of it."""
    values: list[tuple[str, str]] = []
    if item.kind is not None:
        values.append(("kind", item.kind.value))
    if item.forwards:
        values.append(("forwards", "true"))
    values += ((name, getattr(item, name)) for name in _WORDS if getattr(item, name))
    values += (("confirmed_by", claim) for claim in item.confirmed_by)
    values += ((name, word) for name in _FIELDS for word in item.fields.words(name))
    values += ((f"dropped_{name}", reason) for name, reason in item.fields.dropped)
    for name, texts in (("covers", item.covers), ("depends", item.depends)):
        if any(split_tag(text) is None for text in texts):
            values += ((name, text) for text in texts)
    lines = within("xen:more", (element(f"xen:{name}", text) for name, text in values))
    return [line.replace("<xen:more>", f'<xen:more xmlns:xen="{NAMESPACE}">') for line in lines[:1]] + lines[1:]


# --- reading --------------------------------------------------------------------------------------------------------------


def read_specobject(text: str, file: str) -> Reading | None:
    """The items of a specobject document or an aspec report, and what is wrong in it; ``None`` if it is other XML, or
    none at all.

    An item stands where the document says that it came from, as long as that is a name below the root, otherwise at its own
    element.

    :param file: the name that places carry.
    """
    reader = _Reader(file)
    parser = DefusedXMLParser(target=reader, encoding="utf-8", forbid_dtd=True)
    reader.line = lambda: int(parser.parser.CurrentLineNumber)
    data = text.encode("utf-8", errors="replace")
    try:
        for start in range(0, len(data), _CHUNK):
            parser.feed(data[start : start + _CHUNK])
        parser.close()
    except _OtherXml:
        return None
    except _TooDeep:
        reader.refuse(f"found elements nested more than {DEPTH_LIMIT} deep", "fewer; what follows is not read")
    except DefusedXmlException:
        reader.refuse("found a document type or entity declaration", "XML without one; the file is not read")
    except ParseError as error:
        if not reader.begun and "<specdocument" not in text:
            return None
        fault, line = str(error).partition(":")[0], int(error.position[0])
        reader.line = lambda: line
        reader.refuse(f"found malformed XML ({fault})", "a specobject document; the items up to there are read")
    return tuple(reader.items), tuple(sorted(reader.findings, key=finding_order))


class _OtherXml(Exception):
    """The root element is not ``specdocument``."""


class _TooDeep(Exception):
    """The document is nested without end."""


@dataclass(slots=True)
class _Node:
    """An element of an item, with what is in it."""

    line: int = 0
    preserved: bool = False
    parts: list[str] = field(default_factory=list)
    children: list[tuple[str, _Node]] = field(default_factory=list)

    @property
    def text(self) -> str:
        said = "".join(self.parts)
        return said if self.preserved else said.strip()

    def all(self, *path: str) -> list[_Node]:
        """The elements that a path of names leads to."""
        found = [self]
        for name in path:
            found = [child for node in found for tag, child in node.children if tag == name]
        return found

    def texts(self, *path: str) -> tuple[str, ...]:
        """What these elements say."""
        return tuple(node.text for node in self.all(*path))

    def say(self, *path: str) -> str:
        """What the first of them says, an empty string without one."""
        return next(iter(self.texts(*path)), "")


class _Reader:
    """The target of the XML parser: builds the items one by one."""

    def __init__(self, file: str) -> None:
        self.items: list[Item] = []
        self.findings: list[Finding] = []
        self.line: Callable[[], int] = lambda: 1
        self._file = file
        self.begun = False
        self._path: list[str] = []
        self._doctype = ""
        self._open: list[_Node] = []

    def refuse(self, found: str, expected: str) -> None:
        """Add a finding about the file."""
        self.findings.append(
            Finding("input", Place(self._file, max(1, self.line())), self._file, f"{found}; expected {expected}")
        )

    # What the parser calls.

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if not self._path and tag != "specdocument":
            raise _OtherXml
        self.begun = True
        if len(self._path) >= DEPTH_LIMIT:
            raise _TooDeep
        self._path.append(tag)
        if self._open:
            node = _Node(self.line(), attributes.get(_SPACE) == "preserve")
            self._open[-1].children.append((tag, node))
            self._open.append(node)
        elif self._path == ["specdocument", "specobjects"]:
            self._doctype = attributes.get("doctype", "")
        elif self._path == ["specdocument", "specobjects", "specobject"]:
            self._open.append(_Node(self.line()))

    def end(self, tag: str) -> None:
        """An element ends."""
        self._path.pop()
        if self._open:
            node = self._open.pop()
            if not self._open:
                self._take(node)

    def data(self, text: str) -> None:
        """Character data."""
        if self._open:
            self._open[-1].parts.append(text)

    def close(self) -> None:
        """The document ended."""

    # What the elements mean.

    def _take(self, node: _Node) -> None:
        here = Place(self._file, node.line)
        name = _PREFIX.sub("", node.say("id"), count=1)
        text = f"{self._doctype}~{name}~{node.say('version')}"
        try:
            tag = parse_tag(text)
        except ValueError as error:
            self.findings.append(Finding(tag_fault(text) or "tag", here, short(text), str(error)))
            return
        item = self._item(tag, node, claimed_place(node.say("sourcefile"), node.say("sourceline"), here))
        self.items.append(item)
        self.findings += turned_texts(item, here)

    def _item(self, tag: Tag, node: _Node, place: Place) -> Item:
        more = _More(node)
        return Item(
            tag=tag,
            title=node.say("shortdesc"),
            text=node.say("description"),
            place=place,
            origin="aspec" if node.all("coverage") else "specobject",
            kind=self._kind(tag, node, more.say("kind")),
            rationale=node.say("rationale"),
            comment=node.say("comment"),
            source=more.say("source"),
            covers=more.all("covers") or tuple(_covers(node)),
            needs=needed_types(tag, self._needed(node), self.findings),
            depends=more.all("depends") or tuple(_depends_on(node)),
            labels=node.texts("tags", "tag"),
            forwards=more.say("forwards") == "true",
            level=more.say("level"),
            confirmed_by=more.all("confirmed_by"),
            oft_status=self._status(tag, node),
            owner=more.say("owner"),
            discharge=more.say("discharge"),
            fields=TypedFields(
                role=more.all("role"),
                privilege=more.all("privilege"),
                operation=more.all("operation"),
                target=more.all("target"),
                restricts=more.all("restricts"),
                dropped=more.dropped(),
            ),
        )

    def _kind(self, tag: Tag, node: _Node, text: str) -> ItemKind | None:
        try:
            return ItemKind(text) if text else None
        except ValueError:
            message = f"found the kind {text!r}; expected one of {', '.join(ItemKind)}"
            self.findings.append(Finding("kind", Place(self._file, node.line), str(tag), message))
            return None

    def _needed(self, node: _Node) -> Iterator[tuple[str, Place]]:
        for entry in (*node.all("needscoverage", "needsobj"), *node.all("coverage", "needscoverage", "needsobj")):
            yield entry.text, Place(self._file, entry.line)

    def _status(self, tag: Tag, node: _Node) -> OftStatus:
        text = node.say("status")
        try:
            return OftStatus(text.lower()) if text else OftStatus.APPROVED
        except ValueError:
            message = f"found the status {text!r}; expected one of {', '.join(OftStatus)}"
            self.findings.append(Finding("status", Place(self._file, node.line), str(tag), message))
            return OftStatus.APPROVED


class _More:
    """What stands in our own namespace."""

    def __init__(self, node: _Node) -> None:
        self._node = node
        self._found = node.all(f"{{{NAMESPACE}}}more")

    def all(self, name: str) -> tuple[str, ...]:
        """What all elements of a name say."""
        return self._node.texts(f"{{{NAMESPACE}}}more", f"{{{NAMESPACE}}}{name}") if self._found else ()

    def say(self, name: str) -> str:
        """What the first element of a name says."""
        return next(iter(self.all(name)), "")

    def dropped(self) -> tuple[tuple[str, str], ...]:
        """The fields that were left out, with the reasons."""
        prefix = f"{{{NAMESPACE}}}dropped_"
        children = (child for node in self._found for child in node.children)
        return tuple((tag.removeprefix(prefix), child.text) for tag, child in children if tag.startswith(prefix))


def _covers(node: _Node) -> Iterator[str]:
    for entry in node.all("providescoverage", "provcov"):
        yield f"{entry.say('linksto').replace(':', '~', 1)}~{entry.say('dstversion')}"
    for entry in node.all("covering", "coveredType"):
        yield f"{entry.say('doctype')}~{entry.say('id')}~{entry.say('version')}"


def _depends_on(node: _Node) -> Iterator[str]:
    yield from (modern(text) for text in node.texts("dependencies", "dependson"))
    for entry in node.all("dependencies", "dependsOnSpecObject"):
        yield f"{entry.say('doctype')}~{entry.say('id')}~{entry.say('version')}"
