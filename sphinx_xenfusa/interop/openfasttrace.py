"""Reads Xen's OpenFastTrace items out of reStructuredText, without Sphinx and docutils.

The format as Xen's ``docs/fusa/reqs`` practises it (``intro.rst`` there, and OpenFastTrace's user guide): under a
title, a tag alone in single backticks on a line of its own; then the fields ``Description:``, ``Rationale:``,
``Comments:``, ``Covers:``, ``Needs:`` and ``Status:``, each a label at the start of a line.  An item ends at the next
title or tag.

What only looks like an item is left alone: literal blocks, comments and the content of directives.  What should be one
and is not is never lost silently: a tag that is malformed or stands in the wrong place is a finding with its line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path

from sphinx_xenfusa.inputs import read_text
from sphinx_xenfusa.trace.linker import finding_order
from sphinx_xenfusa.trace.record import TAG, Finding, Item, Place, Tag
from sphinx_xenfusa.trace.states import OftStatus

_LINE_END = re.compile(r"\r\n|\r|\n")
_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1*")
_EXPLICIT = re.compile(r"\.\.(\s|$)")
_SHOWN = re.compile(r"\.\. +(\[|(\|[^|]+\| +)?[\w:+.-]+::(\s|$))")
_LABEL = re.compile(r"(Description|Rationale|Comments?|Covers|Needs|Status|Depends|Tags):(?!:)\s*(.*)")
_BULLET = re.compile(r"[-*+•]\s+(.*)")
_QUOTED = re.compile(r"`([^`]*)`")
_BEGINS_LIKE_TAG = re.compile(r"`*\s*\w+\s*~")
_TYPE = re.compile(r"[A-Za-z]+")
_SEPARATOR = re.compile(r"[,\s]+")


class RstSource:
    """The items of one rst file.

    :param path: the file.
    :param root: the folder that places are relative to.
    """

    def __init__(self, path: Path, root: Path) -> None:
        self._path = path
        self._root = root

    def items(self) -> Iterable[Item]:
        """The items in the order in which they stand.

        :raises InputError: the file is missing, too large, or no UTF-8 text.
        """
        return self._read[0]

    def findings(self) -> Iterable[Finding]:
        """The malformed and misplaced tags, needs and statuses, in the order in which they stand.

        :raises InputError: as :meth:`items`.
        """
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[tuple[Item, ...], tuple[Finding, ...]]:
        relative = os.path.relpath(self._path.resolve(), self._root.resolve())
        return read_items(read_text(self._path, what="an rst file"), Path(relative).as_posix())


def read_items(text: str, file: str) -> tuple[tuple[Item, ...], tuple[Finding, ...]]:
    """The items of a text, and what is wrong in it.

    :param file: the name that places carry.
    """
    lines = [line.expandtabs().rstrip() for line in _LINE_END.split(text)]
    reader = _Reader(lines, _kinds(lines), file)
    for number in range(len(lines)):
        reader.take(number)
    items = tuple(reader.finished())
    return items, tuple(sorted(reader.findings, key=finding_order))


class _Kind(Enum):
    """What a line is, as far as it matters here."""

    TEXT = "read"
    OPAQUE = "part of what a field says, never read as a tag or label"
    HIDDEN = "a comment or an anchor: nobody sees it"


def _looks_like_tag(line: str) -> bool:
    """Whether a line is meant as a tag, well-formed or not: it begins like one, or is a quoted word with ``~``."""
    quoted = _QUOTED.fullmatch(line)
    meant = quoted is not None and "~" in line and "/" not in line and " " not in line
    return meant or _BEGINS_LIKE_TAG.match(line) is not None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _kinds(lines: Sequence[str]) -> list[_Kind]:
    """The kind of every line."""
    kinds = [_Kind.TEXT] * len(lines)
    number = 0
    while number < len(lines):
        end = number + 1
        if _EXPLICIT.match(lines[number].lstrip(" ")):
            end = _end_of_explicit(lines, number)
            kind = _Kind.OPAQUE if _SHOWN.match(lines[number].lstrip(" ")) else _Kind.HIDDEN
            kinds[number:end] = [kind] * (end - number)
        elif lines[number].endswith("::") and not "".join(lines[end : end + 1]):
            end = _end_of_literal(lines, number)
            kinds[number + 1 : end] = [_Kind.OPAQUE] * (end - number - 1)
        number = end
    return kinds


def _end_of_explicit(lines: Sequence[str], start: int) -> int:
    """The line after a directive or comment; an empty comment followed by a blank line takes no content."""
    if lines[start].strip() == ".." and not "".join(lines[start + 1 : start + 2]):
        return start + 1
    return _end_of_indented(lines, start + 1, _indent(lines[start]))


def _end_of_literal(lines: Sequence[str], start: int) -> int:
    """The line after the literal block that the paragraph ending in line ``start`` announces, indented or quoted."""
    first = next((number for number in range(start + 1, len(lines)) if lines[number]), len(lines))
    if first == len(lines):
        return first
    if _indent(lines[first]) > _indent(lines[start]):
        return _end_of_indented(lines, first, _indent(lines[start]))
    quote = lines[first][0]
    end = first
    while _ADORNMENT.fullmatch(quote) and end < len(lines) and lines[end].startswith(quote):
        end += 1
    return end


def _end_of_indented(lines: Sequence[str], start: int, indent: int) -> int:
    """The line after the last that is indented by more than ``indent``; blank lines between such lines count too."""
    end = start
    for number in range(start, len(lines)):
        if lines[number]:
            if _indent(lines[number]) <= indent:
                break
            end = number + 1
    return end


@dataclass(slots=True)
class _Draft:
    """An item while it is read; ``tag`` is ``None`` where the tag was malformed, so that its fields go nowhere else."""

    tag: Tag | None
    title: str
    line: int
    label: str = "Description"
    fields: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def add(self, number: int, line: str) -> None:
        """Add a line to the field that is open."""
        self.fields.setdefault(self.label, []).append((number, line))


class _Reader:
    """Takes the lines one by one."""

    def __init__(self, lines: Sequence[str], kinds: Sequence[_Kind], file: str) -> None:
        self.findings: list[Finding] = []
        self._lines = lines
        self._kinds = kinds
        self._file = file
        self._titles, self._adornments = _titles(lines, kinds)
        self._title: str | None = None
        self._fresh = False
        self._draft: _Draft | None = None
        self._drafts: list[_Draft] = []

    def take(self, number: int) -> None:
        """Take the next line."""
        line = self._lines[number]
        if self._kinds[number] is _Kind.HIDDEN:
            return
        if number in self._titles:
            self._close(number)
        elif number in self._adornments:
            return
        elif self._kinds[number] is _Kind.TEXT and line and self._starts_item(number):
            self._open(number)
        else:
            self._fresh = self._fresh and not line
            if self._draft is not None:
                self._continue(self._draft, number)

    def _close(self, number: int) -> None:
        """End the item before a title."""
        title = self._titles[number]
        self._title, self._fresh, self._draft = title, True, None
        if TAG.fullmatch(title.strip("`")):
            self._find(
                "tag", number, title.strip("`"), f"found the tag {title} as a title; expected it on a line below"
            )

    def finished(self) -> Iterator[Item]:
        """The items that were read."""
        for draft in self._drafts:
            if draft.tag is not None:
                yield self._item(draft.tag, draft)

    def _starts_item(self, number: int) -> bool:
        """Whether a line is the tag of an item: right under a title, or alone in a paragraph and followed by a label.

        A tag that is alone and neither is a finding.
        """
        line = self._lines[number].strip()
        if not _looks_like_tag(line):
            return False
        if self._fresh:
            return True
        listed = self._draft is not None and self._draft.label in ("Covers", "Depends")
        alone = not self._lines[number - 1] or number - 1 in self._adornments
        if listed or not alone:
            return False
        if self._label_follows(number):
            return True
        if _QUOTED.fullmatch(line):
            self._find(
                "tag", number, line.strip("`"), f"found {line} under no title; expected an item's title above it"
            )
        return False

    def _label_follows(self, number: int) -> bool:
        follows = next((below for below in range(number + 1, len(self._lines)) if self._lines[below]), number)
        return _LABEL.match(self._lines[follows].strip()) is not None

    def _open(self, number: int) -> None:
        """Open an item; its title is the section's, unless another item has it already."""
        line = self._lines[number].strip()
        self._draft = _Draft(self._tag(line, number), self._title or "", number + 1)
        if self._title is None:
            self._find("tag", number, line.strip("`"), f"found {line} under no title; expected a title of its own")
        self._title, self._fresh = None, False
        self._drafts.append(self._draft)

    def _tag(self, line: str, number: int) -> Tag | None:
        quoted = _QUOTED.fullmatch(line)
        text = quoted[1] if quoted else line
        try:
            if quoted is None and TAG.fullmatch(text):
                raise ValueError(f"found the tag {line!r}; expected it in single backticks")
            return Tag.parse(text)
        except ValueError as error:
            subtype = "revision" if str(error).startswith("found revision") else "tag"
            self._find(subtype, number, text, str(error))
            return None

    def _continue(self, draft: _Draft, number: int) -> None:
        line = self._lines[number]
        label = _LABEL.match(line.strip()) if self._kinds[number] is _Kind.TEXT else None
        if label is not None:
            draft.label = "Comments" if label[1] == "Comment" else label[1]
            draft.add(number, label[2])
        else:
            draft.add(number, line)

    def _item(self, tag: Tag, draft: _Draft) -> Item:
        return Item(
            tag=tag,
            title=draft.title,
            text=_prose(draft, "Description"),
            place=Place(self._file, draft.line),
            origin="oft",
            rationale=_prose(draft, "Rationale"),
            comment=_prose(draft, "Comments"),
            covers=tuple(dict.fromkeys(self._covers(draft))),
            needs=tuple(dict.fromkeys(self._needs(draft))),
            oft_status=self._status(draft),
        )

    def _entries(self, draft: _Draft, label: str) -> Iterator[tuple[int, str, bool]]:
        """Line, text and whether it is certainly an entry (a bullet, or beside the label), of a list field."""
        labelled = True
        for number, line in draft.fields.get(label, ()):
            bullet = _BULLET.fullmatch(line.strip())
            beside = labelled and bool(line)
            labelled = False
            if line and self._kinds[number] is _Kind.TEXT:
                yield number, bullet[1] if bullet else line.strip(), beside or bullet is not None

    def _covers(self, draft: _Draft) -> Iterator[str]:
        """The tags, as written; one whose bullet was forgotten counts, other text is not of the list."""
        for _, text, certain in self._entries(draft, "Covers"):
            for part in text.split(",") if certain else [text]:
                quoted = _QUOTED.fullmatch(part.strip())
                if certain or quoted or TAG.fullmatch(part):
                    yield quoted[1] if quoted else part.strip()

    def _needs(self, draft: _Draft) -> Iterator[str]:
        for number, text, certain in self._entries(draft, "Needs"):
            if certain:
                for type in filter(None, _SEPARATOR.split(text.replace("`", ""))):
                    if _TYPE.fullmatch(type):
                        yield type
                    else:
                        self._find(
                            "tag", number, str(draft.tag), f"found the needed type {type!r}; expected letters only"
                        )

    def _status(self, draft: _Draft) -> OftStatus:
        for number, text, _ in self._entries(draft, "Status"):
            try:
                return OftStatus(text.lower())
            except ValueError:
                expected = ", ".join(OftStatus)
                self._find("status", number, str(draft.tag), f"found the status {text!r}; expected one of {expected}")
        return OftStatus.APPROVED

    def _find(self, subtype: str, number: int, about: str, message: str) -> None:
        self.findings.append(Finding(subtype, Place(self._file, number + 1), about, message))


def _prose(draft: _Draft, label: str) -> str:
    return "\n".join(line for _, line in draft.fields.get(label, ())).strip()


def _titles(lines: Sequence[str], kinds: Sequence[_Kind]) -> tuple[dict[int, str], set[int]]:
    """The title that each title line carries, and the lines that adorn titles."""
    titles: dict[int, str] = {}
    adornments: set[int] = set()
    for number in range(1, len(lines)):
        title = lines[number - 1].strip()
        if (
            kinds[number] is kinds[number - 1] is _Kind.TEXT
            and number - 1 not in adornments
            and _underlines(lines[number], title)
        ):
            before = lines[number - 2] if number > 1 else ""
            overlined = before == lines[number] and number - 2 not in adornments
            if overlined or (not before and not lines[number - 1].startswith(" ")) or number - 2 in adornments:
                titles[number - 1] = title
                adornments |= {number, number - 2} if overlined else {number}
    return titles, adornments


def _underlines(line: str, title: str) -> bool:
    """Whether a line adorns a title: one character, repeated, as long as the title or at least four."""
    if not title or _ADORNMENT.fullmatch(title):
        return False
    return _ADORNMENT.fullmatch(line) is not None and len(line) >= min(4, len(title)) and line not in ("..", "::")
