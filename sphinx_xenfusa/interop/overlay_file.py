"""Reads an overlay: a YAML file that makes requirements of sentences in a document that we may not edit.

A sentence is addressed by its words (``quote``), or, where they should not be repeated, by the title of its section, its
number there, and the fingerprint of its words.  What an entry may say besides is what ``xen:req`` takes as options.

.. code-block:: yaml

    document: roles.rst          # relative to the overlay
    requirements:
      - id: XenArch~hwdom_single~1
        kind: rule
        section: Hardware Domain
        sentence: 3
        fingerprint: 0123456789abcdef
        confirmed-by: hwdom_single
    informative:
      - quote: Nothing is asked for here.
        reason: It says what the page is about.

A file that is no overlay is one :class:`InputError`; an entry that cannot be used is a finding, and costs that entry only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sphinx_xenfusa.interop.typed_fields import FIELDS, read_fields
from sphinx_xenfusa.platforms.located_yaml import Key, Located, load_file, validate
from sphinx_xenfusa.terms.installed import Vocabulary
from sphinx_xenfusa.trace.record import Finding, Item, Place, Tag
from sphinx_xenfusa.trace.states import ItemKind

WHAT = "an overlay"

_TEXT = {"type": "string", "minLength": 1}
_NUMBER = {"type": "integer", "minimum": 1, "maximum": 1_000_000}
_FINGERPRINT = {
    "type": "string",
    "pattern": "^[0-9a-f]{16,64}$",
    "description": "16 to 64 hexadecimal digits, in quotes where they are digits only",
}
_WORDS = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}], "type": ["string", "array"]}
_ADDRESS: dict[str, Any] = {
    "quote": _TEXT,
    "section": _TEXT,
    "sentence": _NUMBER,
    "to": _NUMBER,
    "fingerprint": _FINGERPRINT,
}
TEXT_OPTIONS = ("title", "rationale", "comment", "source", "level", "owner", "discharge")
LIST_OPTIONS = ("covers", "needs", "confirmed-by", *FIELDS)

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["document"],
    "properties": {
        "document": _TEXT,
        "requirements": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "kind"],
                "properties": {
                    "id": _TEXT,
                    "kind": _TEXT,
                    **_ADDRESS,
                    **dict.fromkeys(TEXT_OPTIONS, _TEXT),
                    **dict.fromkeys(LIST_OPTIONS, _WORDS),
                },
            },
        },
        "informative": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["reason"],
                "properties": {"reason": _TEXT, **_ADDRESS},
            },
        },
    },
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a sentence, or a run of sentences, stands.

    :param quote: its words; empty where it is addressed by its number.
    :param section: the title of its section, or several, outermost first, divided by `` > ``; may be empty with a quote.
    :param first: its number in that section; 0 with a quote.
    :param last: the number of the last sentence of the run.
    :param fingerprint: of its words, at least 16 hexadecimal digits; may be empty with a quote.
    :param place: the entry of the overlay.
    """

    quote: str
    section: str
    first: int
    last: int
    fingerprint: str
    place: Place


@dataclass(frozen=True, slots=True)
class Entry:
    """A requirement of an overlay; its item has no text and no source yet, where the overlay names none."""

    item: Item
    address: Address


@dataclass(frozen=True, slots=True)
class Informative:
    """A sentence that asks for nothing, and why."""

    address: Address
    reason: str


@dataclass(frozen=True, slots=True)
class Overlay:
    """An overlay that was read.

    :param path: the file itself.
    :param place: where it names its document.
    :param document: the document's file, which may not exist.
    :param findings: what is wrong with its entries; those are left out.
    """

    path: Path
    place: Place
    document: Path
    entries: tuple[Entry, ...]
    informative: tuple[Informative, ...]
    findings: tuple[Finding, ...]


class _Unusable(Exception):
    """An entry cannot be used; the finding says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def read_overlay(path: Path, root: Path, vocabulary: Vocabulary) -> Overlay:
    """Read an overlay.

    :param root: the folder that places are relative to, and that the document must lie in.
    :raises InputError: the file is missing or no overlay, or its document lies outside of ``root``.
    """
    located = load_file(path, what="an overlay (YAML)")
    validate(located, SCHEMA, WHAT)
    file = relative_to(path, root)
    reader = _Reader(located, file, vocabulary)
    document = path.parent / located.data["document"]
    if not document.resolve().is_relative_to(root.resolve()):
        found = f"the document {located.data['document']!r}, which leads out of the project"
        raise located.error(("document",), found, f"a file within {root.name or root}")
    requirements = range(len(located.data.get("requirements") or ()))
    informative = range(len(located.data.get("informative") or ()))
    return Overlay(
        path=path,
        place=Place(file, located.line_of("document")),
        document=document,
        entries=tuple(entry for number in requirements if (entry := reader.entry(number)) is not None),
        informative=tuple(one for number in informative if (one := reader.informative(number)) is not None),
        findings=tuple(reader.findings),
    )


def relative_to(path: Path, root: Path) -> str:
    """A file as places name it."""
    return Path(os.path.relpath(path.resolve(), root.resolve())).as_posix()


class _Reader:
    """Reads the entries one by one."""

    def __init__(self, located: Located, file: str, vocabulary: Vocabulary) -> None:
        self.findings: list[Finding] = []
        self._located = located
        self._file = file
        self._vocabulary = vocabulary

    def entry(self, number: int) -> Entry | None:
        """A requirement; ``None`` if it cannot be used."""
        data = self._located.data["requirements"][number]
        path = ("requirements", number)
        try:
            tag, kind = self._tag(data["id"], path), self._kind(data, path)
            address = self._address(data, path)
        except _Unusable as unusable:
            self.findings.append(unusable.finding)
            return None
        self._check_assumption(data, kind, path)
        given = {name: _words(data.get(name)) for name in LIST_OPTIONS}
        fields, faults = read_fields({name: given[name] for name in FIELDS}, kind, self._vocabulary)
        for fault in faults:
            place = self._place((*path, fault.option))
            self.findings.append(Finding(fault.subtype, place, str(tag), fault.message))
        texts = {name: " ".join(data.get(name, "").split()) for name in TEXT_OPTIONS}
        item = Item(
            tag=tag,
            title=texts["title"] or tag.name,
            text="",
            place=address.place,
            origin="overlay",
            kind=kind,
            rationale=texts["rationale"],
            comment=texts["comment"],
            source=texts["source"],
            level=texts["level"],
            owner=texts["owner"],
            discharge=texts["discharge"],
            covers=given["covers"],
            needs=given["needs"],
            confirmed_by=given["confirmed-by"],
            fields=fields,
        )
        return Entry(item, address)

    def informative(self, number: int) -> Informative | None:
        """A sentence that asks for nothing; ``None`` if the entry cannot be used."""
        data = self._located.data["informative"][number]
        try:
            return Informative(self._address(data, ("informative", number)), " ".join(data["reason"].split()))
        except _Unusable as unusable:
            self.findings.append(unusable.finding)
            return None

    def _place(self, path: tuple[Key, ...]) -> Place:
        lines = self._located.key_lines if path in self._located.key_lines else self._located.lines
        return Place(self._file, lines[path])

    def _unusable(self, subtype: str, path: tuple[Key, ...], about: str, message: str) -> _Unusable:
        return _Unusable(Finding(subtype, self._place(path), about, f"{message}; the entry is left out"))

    def _tag(self, text: str, path: tuple[Key, ...]) -> Tag:
        try:
            return Tag.parse(text)
        except ValueError as error:
            subtype = "revision" if str(error).startswith("found revision") else "tag"
            raise self._unusable(subtype, (*path, "id"), text, str(error)) from error

    def _kind(self, data: Mapping[str, Any], path: tuple[Key, ...]) -> ItemKind:
        try:
            return ItemKind(data["kind"])
        except ValueError as error:
            message = f"found the kind {data['kind']!r}; expected one of {', '.join(ItemKind)}"
            raise self._unusable("kind", (*path, "kind"), data["id"], message) from error

    def _address(self, data: Mapping[str, Any], path: tuple[Key, ...]) -> Address:
        about = str(data.get("id", ""))
        numbered = {"sentence", "to"} & data.keys()
        if "quote" in data:
            if numbered:
                message = (
                    f"found quote and {' and '.join(sorted(numbered))}; expected one of the two ways to name a sentence"
                )
                raise self._unusable("overlay", path, about, message)
        elif missing := {"section", "sentence", "fingerprint"} - data.keys():
            message = (
                f"found no {' and no '.join(sorted(missing))}; expected a quote, or section, sentence and fingerprint"
            )
            raise self._unusable("overlay", path, about, message)
        first = data.get("sentence", 0)
        last = data.get("to", first)
        if last < first:
            message = f"found the sentences {first} to {last}; expected the first before the last"
            raise self._unusable("overlay", (*path, "to"), about, message)
        return Address(
            quote=data.get("quote", ""),
            section=" ".join(data.get("section", "").split()),
            first=first,
            last=last,
            fingerprint=data.get("fingerprint", ""),
            place=self._place(path),
        )

    def _check_assumption(self, data: Mapping[str, Any], kind: ItemKind, path: tuple[Key, ...]) -> None:
        """As ``xen:req`` does: an assumption that nobody has to ensure is none to rely on."""
        for name in ("owner", "discharge"):
            if name in data and kind is not ItemKind.ASSUMPTION:
                message = f"found {name} at a {kind}; expected it at an assumption only"
                self.findings.append(Finding("option", self._place((*path, name)), data["id"], message))
            if name not in data and kind is ItemKind.ASSUMPTION:
                message = f"found an assumption without {name}; expected who has to ensure it and how that is shown"
                self.findings.append(Finding("option", self._place(path), data["id"], message))


def _words(value: str | list[str] | None) -> tuple[str, ...]:
    """The entries of a list option: a list, or text with commas between; each once."""
    given = value if isinstance(value, list) else re.split(r"[,\n]", value or "")
    return tuple(dict.fromkeys(word.strip() for word in given if word.strip()))
