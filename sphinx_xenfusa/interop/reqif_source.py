"""Reads the items of a ReqIF file: ours, which loses nothing but the origin, and others' as far as their objects carry a tag.

An object is an item if its attribute ``ReqIF.ForeignID`` is a tag; another one is a finding.  An item without ``xenfusa.covers``
covers what its relations lead to.

The XML is untrusted: a document type declaration is refused before the ``reqif`` library sees the file, and so is a file in which
one identifier stands several times, because nobody can say which of them a relation means.
"""

from __future__ import annotations

import importlib.util
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from sphinx_xenfusa.interop import reqif_attributes as names
from sphinx_xenfusa.interop.foreign_items import claimed_place, needed_types, parse_tag, turned_texts
from sphinx_xenfusa.interop.source_tags import Reading, short
from sphinx_xenfusa.trace.linker import finding_order
from sphinx_xenfusa.trace.record import Finding, Item, Place, Tag, TypedFields
from sphinx_xenfusa.trace.states import ItemKind, OftStatus

DEPTH_LIMIT = 256
"""Elements within each other: a hierarchy of objects nests three for each level."""
_MOST_LINES = 10
_NAMESPACE = "{http://www.w3.org/1999/xhtml}"


def read_reqif(text: str, file: str) -> Reading:
    """The items of a ReqIF file, in the order of its objects, and what is wrong in it.

    :param file: the name that places carry.
    """
    if importlib.util.find_spec("reqif") is None:
        return _refused(file, 1, "found no package reqif", "it installed: pip install 'sphinx-xenfusa[exports]'")
    seen = _Identifiers()
    fault = _first_fault(text, file, seen)
    if fault is not None:
        return (), (fault,)
    twice = [_repeated(file, identifier, lines) for identifier, lines in seen.lines.items() if len(lines) > 1]
    if twice:
        return (), tuple(twice)
    from reqif.parser import ReqIFParser

    try:
        bundle = ReqIFParser.parse_from_string(text)
        content = bundle.core_content.req_if_content
        return _Objects(file, seen.lines, content).reading()
    # The library ends in any exception where a file is not as it expects (AttributeError, AssertionError ...).
    except Exception as error:
        words = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return _refused(file, 1, f"found XML that the reqif library cannot read ({words})", "ReqIF")


def _refused(file: str, line: int, found: str, expected: str) -> Reading:
    return (), (
        Finding("input", Place(file, line), file, f"{found}; expected {expected}; nothing of this file is read"),
    )


# --- before the library ---------------------------------------------------------------------------------------------------


class _TooDeep(Exception):
    """The document is nested without end."""


class _Identifiers:
    """The lines of each identifier, while a parser walks over the elements."""

    def __init__(self) -> None:
        self.lines: defaultdict[str, list[int]] = defaultdict(list)
        self.line: Callable[[], int] = lambda: 1
        self.root = ""
        self._depth = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.root = self.root or tag
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise _TooDeep
        if "IDENTIFIER" in attributes:
            self.lines[attributes["IDENTIFIER"]].append(self.line())

    def end(self, tag: str) -> None:
        self._depth -= 1

    def data(self, text: str) -> None:
        """Text is the library's."""

    def close(self) -> None:
        """The document is at its end."""


def _first_fault(text: str, file: str, seen: _Identifiers) -> Finding | None:
    """Walk over the file; what keeps it from being given to the library."""
    parser = DefusedXMLParser(target=seen, encoding="utf-8", forbid_dtd=True)
    seen.line = lambda: int(parser.parser.CurrentLineNumber)
    line, found = 1, ""
    try:
        parser.feed(text.encode("utf-8", errors="replace"))
        parser.close()
    except _TooDeep:
        line, found = seen.line(), f"found elements nested more than {DEPTH_LIMIT} deep"
    except DefusedXmlException:
        line, found = seen.line(), "found a document type or entity declaration"
    except ParseError as error:
        line, found = int(error.position[0]), f"found malformed XML ({str(error).partition(':')[0]})"
    if not found and seen.root.rpartition("}")[2] != "REQ-IF":
        found = "found another document"
    return None if not found else _refused(file, line, found, "ReqIF without one")[1][0]


def _repeated(file: str, identifier: str, lines: list[int]) -> Finding:
    places = ", ".join(map(str, lines[:_MOST_LINES])) + (" …" if len(lines) > _MOST_LINES else "")
    found = f"found the identifier {identifier!r} {len(lines)} times, in the lines {places}"
    return _refused(file, lines[1], found, "each once")[1][0]


# --- after the library ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Object:
    """A spec object with its attributes by name: words as texts, XHTML as the element around it."""

    identifier: str
    words: dict[str, str] = field(default_factory=dict)
    elements: dict[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        return self.words.get(name) or (_flat(self.elements[name]) if name in self.elements else "")

    def list(self, name: str) -> tuple[str, ...]:
        if name not in self.elements:
            return ()
        return tuple(_flat(point) for point in self.elements[name].iter(f"{_NAMESPACE}li"))


class _Objects:
    """The objects of a file and what relates them."""

    def __init__(self, file: str, lines: Mapping[str, list[int]], content: Any) -> None:
        self._file = file
        self._lines = lines
        self._names = {
            definition.identifier: definition.long_name or definition.identifier
            for type in content.spec_types or ()
            for definition in getattr(type, "attribute_definitions", None) or ()
        }
        self._objects = [self._object(one) for one in content.spec_objects or ()]
        self._relations = [(one.source, one.target) for one in content.spec_relations or ()]
        self._findings: list[Finding] = []

    def reading(self) -> Reading:
        """The items and findings."""
        tags = {one.identifier: one.text(names.TAG) for one in self._objects}
        targets: defaultdict[str, list[str]] = defaultdict(list)
        for source, target in self._relations:
            targets[source].append(tags.get(target) or target)
        items = tuple(item for one in self._objects for item in self._item(one, targets))
        return items, tuple(sorted(self._findings, key=finding_order))

    def _object(self, one: Any) -> _Object:
        made = _Object(one.identifier)
        for value in one.attributes:
            name = self._names.get(value.definition_ref, value.definition_ref)
            if value.attribute_type.name == "XHTML":
                made.elements[name] = value.xml_node.find("THE-VALUE")
            elif isinstance(value.value, str):
                made.words[name] = value.value
        return made

    def _item(self, one: _Object, targets: Mapping[str, list[str]]) -> Iterator[Item]:
        here = Place(self._file, self._lines[one.identifier][0])
        text = one.text(names.TAG)
        try:
            tag = parse_tag(text)
        except ValueError as error:
            message = f"the object {one.identifier!r} has no tag in {names.TAG} ({error}); it is left out"
            self._findings.append(Finding("tag", here, short(text or one.identifier), message))
            return
        lists: dict[str, Any] = {field: one.list(name) for name, field in names.LISTS.items()}
        lists["covers"] = lists["covers"] or tuple(targets.get(one.identifier, ()))
        lists["needs"] = needed_types(tag, ((type, here) for type in lists["needs"]), self._findings)
        texts: dict[str, Any] = {field: one.text(name) for name, field in names.TEXTS.items()}
        typed: dict[str, Any] = {field: one.list(name) for name, field in names.FIELDS.items()}
        kind = one.text("xenfusa.kind")
        item = Item(
            tag=tag,
            place=claimed_place(one.text(names.FILE), one.text("xenfusa.line"), here),
            origin="reqif",
            kind=self._one_of(ItemKind, kind, here, tag) if kind else None,
            oft_status=self._status(one.text("xenfusa.oft_status"), here, tag),
            forwards=one.text("xenfusa.forwards") == "yes",
            fields=TypedFields(**typed),
            **texts,
            **lists,
        )
        self._findings += turned_texts(item, here)
        yield item

    def _one_of(self, kinds: type[ItemKind], word: str, here: Place, tag: Tag) -> ItemKind | None:
        try:
            return kinds(word)
        except ValueError:
            self._findings.append(
                Finding("kind", here, str(tag), f"found the kind {word!r}; expected one of {', '.join(kinds)}")
            )
            return None

    def _status(self, word: str, here: Place, tag: Tag) -> OftStatus:
        try:
            return OftStatus(word or OftStatus.APPROVED)
        except ValueError:
            expected = f"expected one of {', '.join(OftStatus)}; taken as draft"
            self._findings.append(Finding("status", here, str(tag), f"found the status {word!r}; {expected}"))
            return OftStatus.DRAFT


def _flat(element: Any) -> str:
    """The text of XHTML, a line break for each ``br``."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == f"{_NAMESPACE}br":
            parts.append("\n")
        elif isinstance(child.tag, str):
            parts.append(_flat(child))
        parts.append(child.tail or "")
    return "".join(parts)
