"""Reads OpenFastTrace's items out of the lines of a document, the same way for rst and Markdown.

An item is a tag, then fields, each a label at the start of a line: ``Description:`` (its label may be left out),
``Rationale:``, ``Comment:``, ``Covers:``, ``Depends:``, ``Needs:``, ``Tags:`` and ``Status:``.  It ends at the next title,
tag or forwarding.  What should be an item and is not is never lost silently: it is a finding with its line.

Only the lines on which something may begin are looked at one by one; what stands between them is taken as a whole, so that
long texts cost little.

Source: OpenFastTrace 4, ``LightWeightMarkupImporter.java``, ``MdPattern.java`` and ``RstPattern.java``, and Xen's
``docs/fusa/reqs/intro.rst``.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sphinx_xenfusa.interop import characters
from sphinx_xenfusa.interop.lines import LineKind, Lines, indent
from sphinx_xenfusa.interop.source_tags import Reading, short, tags_in_line
from sphinx_xenfusa.trace.linker import finding_order, tag_fault
from sphinx_xenfusa.trace.record import TAG, Finding, Item, Place, Tag
from sphinx_xenfusa.trace.states import OftStatus

QUOTED = re.compile(r"`([^`]*)`")
"""A text in single backticks, and nothing else."""

_LABEL = re.compile(r"(Description|Rationale|Comments?|Covers|Needs|Status|Depends|Tags):(?!:)\s*(.*)")
_BULLET = re.compile(r"[-*+•]\s+(.*)")
_BEGINS_LIKE_TAG = re.compile(r"`*\s*\w+\s*~")
_TYPE = re.compile(r"[A-Za-z]+")
_SEPARATOR = re.compile(r"[,\s]+")
_ID = r"[A-Za-z]+~[^\W_][\w.-]*~[1-9][0-9]{0,9}"
_IDS = re.compile(rf"(?<![\w~.-]){_ID}(?![\w~])")
_LEGACY = re.compile(r"(?<![\w~.-])([A-Za-z]+)(?:~[A-Za-z]+)?:([^\W\d_][\w.-]*), *v([0-9]+)(?![\w~])")
_TYPES = r"[A-Za-z]+(?:\s*,\s*[A-Za-z]+)*"
_FORWARD = re.compile(rf"(?<![A-Za-z])([A-Za-z]+)\s*-->\s*({_TYPES})\s*:\s*({_ID})(?![\w~])")
_MEANT_AS_FORWARD = re.compile(rf"(?:[-*+]\s+)?`?\s*[A-Za-z]+\s*-->\s*{_TYPES}\s*:\s*\S*~\S*?\s*`?")
_PROSE = frozenset({"Description", "Rationale", "Comments"})
_MOST_TURNED = 100
"""How many lines of a file are reported for controls of the direction of writing."""


def modern(text: str) -> str:
    """The text with ids of the old form ``req:name, v1`` in today's, ``req~name~1``."""
    return _LEGACY.sub(r"\1~\2~\3", text) if ", " in text or ",v" in text else text


_Fields = dict[str, list[tuple[int, int, str]]]


@dataclass(slots=True)
class _Draft:
    """An item while it is read; ``tag`` is ``None`` where the tag was malformed, so that its fields go nowhere else."""

    tag: Tag | None
    title: str
    start: int
    pieces: list[tuple[str, int, str]] = field(default_factory=list)
    end: int = 0

    @property
    def label(self) -> str:
        """The field that is open."""
        return self.pieces[-1][0]

    def labels(self, lines: Sequence[str]) -> set[str]:
        """The fields that there are so far; a description may go without its label."""
        labels = {label for label, _, _ in self.pieces[1:]}
        if labels and any(lines[self.start + 1 : self.pieces[1][1]]):
            labels.add("Description")
        return labels

    def fields(self) -> _Fields:
        """The spans of each field: the line of its label, the line after it, and what stands beside the label."""
        fields: _Fields = {}
        ends = [number for _, number, _ in self.pieces[1:]] + [self.end]
        for (label, number, beside), end in zip(self.pieces, ends, strict=True):
            fields.setdefault(label, []).append((number, end, beside))
        return fields


class ItemReader(ABC):
    """Reads the items of one document.  What begins an item differs from one markup to the next: subclasses say it.

    :param document: the lines.
    :param file: the name that places carry.
    """

    def __init__(self, text: str, document: Lines, file: str) -> None:
        self.document = document
        self.draft: _Draft | None = None
        self._file = file
        self._special = characters.special_lines(text, document.raw)
        self._title: str | None = None
        self._title_at = -1
        self._tag_in_title = ""
        self._first = -1
        self._items: list[tuple[int, Item]] = []
        self._findings: list[Finding] = []
        self._told: set[int] = set()

    def read(self) -> Reading:
        """Read all of it."""
        for number in self._events():
            self._take(number)
        self._end(len(self.document.lines))
        for number, comment in self.document.comments.items():
            if "->" in comment:
                items, findings = tags_in_line(self.document.raw[number], number + 1, self._file)
                self._items += ((number, item) for item in items)
                self._findings += findings
        self._tell_turned()
        self._items.sort(key=lambda entry: entry[0])
        return tuple(item for _, item in self._items), tuple(sorted(self._findings, key=finding_order))

    # --- what the markups differ in -----------------------------------------------------------------------------------

    @abstractmethod
    def starts_item(self, number: int, line: str) -> bool:
        """Whether a line, seen without blanks around it, is the tag of an item, well-formed or not."""

    @abstractmethod
    def tag_text(self, line: str) -> str:
        """The tag that stands in a line that starts an item.

        :raises ValueError: the line is not of the form that the markup asks for.
        """

    # --- for subclasses -----------------------------------------------------------------------------------------------

    def looks_like_tag(self, line: str) -> bool:
        """Whether a line is meant as a tag: it begins like one, or is a quoted word with ``~``."""
        quoted = QUOTED.fullmatch(line)
        meant = quoted is not None and "~" in line and "/" not in line and " " not in line
        return meant or _BEGINS_LIKE_TAG.match(line) is not None

    def is_fresh(self, number: int) -> bool:
        """Whether a line is the first that says something under a title that no item has yet."""
        if self._title is None:
            return False
        if self._first <= self._title_at:
            following = range(self._title_at + 1, len(self.document.lines))
            self._first = next((below for below in following if self._says(below)), len(self.document.lines))
        return self._first == number

    def has_title(self) -> bool:
        """Whether a title stands above that no item has yet."""
        return self._title is not None

    def label_at(self, number: int) -> str:
        """The label that a line begins with, or an empty string."""
        line = self.document.lines[number]
        if self.document.kinds[number] is not LineKind.TEXT or indent(line) > self.document.margin:
            return ""
        match = _LABEL.match(line.lstrip(" "))
        return "" if match is None else _field(match[1])

    def labels_below(self, number: int) -> Iterator[str]:
        """The labels below a line, up to the next title or tag."""
        for below in range(number + 1, len(self.document.lines)):
            line = self.document.lines[below].strip()
            if below in self.document.titles or (
                self.document.kinds[below] is LineKind.TEXT and self.looks_like_tag(line)
            ):
                return
            label = self.label_at(below)
            if label:
                yield label

    def find(self, subtype: str, number: int, about: str, message: str) -> None:
        """Add a finding about a line."""
        self._findings.append(Finding(subtype, Place(self._file, number + 1), short(about), message))

    # --- reading ------------------------------------------------------------------------------------------------------

    def _events(self) -> list[int]:
        """The lines on which something may begin: titles, tags, labels and forwardings."""
        titles, kinds = self.document.titles, self.document.kinds
        return [
            number
            for number, line in enumerate(self.document.lines)
            if number in titles
            or (("~" in line or ":" in line or number in self._special) and kinds[number] is LineKind.TEXT)
        ]

    def _says(self, number: int) -> bool:
        hidden = self.document.kinds[number] is LineKind.HIDDEN or number in self.document.adornments
        return bool(self.document.lines[number]) and not hidden

    def _take(self, number: int) -> None:
        if number in self.document.titles:
            self._close(number)
            return
        line = self.document.lines[number]
        seen = characters.visible(line).strip() if number in self._special else line.strip()
        if line[0] == " " and indent(line) > self.document.margin:
            return
        if "-->" in seen and self._forwards(number, seen):
            return
        if ("~" in seen or "v" in seen) and self.looks_like_tag(seen) and self.starts_item(number, seen):
            self._open(number, seen)
        elif (match := _LABEL.match(seen)) is not None:
            if self.draft is not None:
                self.draft.pieces.append((_field(match[1]), number, match[2]))
            else:
                self._tell_of_no_item(number, match)

    def _tell_of_no_item(self, number: int, label: re.Match[str]) -> None:
        """Report a field that belongs to no item, below a tag in a title; elsewhere, a list of tags, which no prose is."""
        if self._tag_in_title:
            expected = "expected it on a line of its own below the title; no item is made of it"
            found = f"found the tag {self._tag_in_title} in a title, and fields below it"
            self.find("tag", self._title_at, self._tag_in_title, f"{found}; {expected}")
            self._tag_in_title = ""
            return
        if label[1] not in ("Covers", "Depends"):
            return
        lines = self.document.lines
        below = next((below for below in range(number + 1, len(lines)) if lines[below]), number)
        if _IDS.search(label[2] or lines[below]):
            expected = "expected the tag of the item that it belongs to above it"
            self.find("tag", number, "", f"found {label[1]} of no item; {expected}")

    def _close(self, number: int) -> None:
        """End the item before a title."""
        title = self.document.titles[number]
        self._end(number)
        self._title, self._title_at = title, number
        within = _IDS.search(title)
        self._tag_in_title = within[0] if within is not None else ""
        if TAG.fullmatch(title.strip("`")):
            self.find(
                "tag", number, title.strip("`"), f"found the tag {short(title)} as a title; expected it on a line below"
            )
            self._tag_in_title = ""

    def _end(self, number: int) -> None:
        """End the item that is open, if one is."""
        draft, self.draft = self.draft, None
        if draft is not None:
            draft.end = number
            if draft.tag is not None:
                self._items.append((draft.start, self._item(draft.tag, draft)))

    def _open(self, number: int, seen: str) -> None:
        """Open an item; its title is the section's, unless another item has it already."""
        self._end(number)
        tag = self._tag(number, seen)
        self.draft = _Draft(tag, self._title or "", number, [("Description", number, "")])
        self._title = None

    def _tag(self, number: int, seen: str) -> Tag | None:
        if self._unseen(number, f"the tag {short(seen)!r}", "the item is left out"):
            return None
        text = seen.strip("`")
        try:
            text = self.tag_text(seen)
            return Tag.parse(text)
        except ValueError as error:
            self.find(tag_fault(text) or "tag", number, text, str(error))
            return None

    def _unseen(self, number: int, what: str, consequence: str) -> bool:
        """Whether a line that has to be exact holds a character that nobody sees; then it is a finding."""
        if number not in self._special:
            return False
        self._told.add(number)
        found = characters.named(self._special[number])
        self.find(
            "tag", number, "", f"found {found} beside or in {what}; expected characters that are seen; {consequence}"
        )
        return True

    def _forwards(self, number: int, seen: str) -> bool:
        """Read the forwardings of a line, each an item of its own; within prose, only of a line that is nothing else."""
        alone = _MEANT_AS_FORWARD.fullmatch(seen) is not None
        if self.draft is not None and self.draft.label in _PROSE and not alone:
            return False
        found = list(_FORWARD.finditer(seen))
        if not found and not alone:
            return False
        self._end(number)
        if self._unseen(number, f"the forwarding {short(seen)!r}", "it is left out"):
            return True
        if not found:
            expected = "expected one such as arch --> dsn : req~name~1, its revision from 1"
            fault = tag_fault(seen.rpartition(":")[2].strip(" `"))
            self.find(fault or "tag", number, seen.strip("`"), f"found the forwarding {short(seen)!r}; {expected}")
        for match in found:
            self._forward(number, match)
        return True

    def _forward(self, number: int, match: re.Match[str]) -> None:
        try:
            covered = Tag.parse(match[3])
        except ValueError as error:
            self.find("revision", number, match[3], str(error))
            return
        needs = tuple(dict.fromkeys(filter(None, _SEPARATOR.split(match[2]))))
        item = Item(
            tag=Tag(match[1], covered.name, covered.revision),
            title="",
            text="",
            place=Place(self._file, number + 1),
            origin="oft",
            covers=(str(covered),),
            needs=needs,
            forwards=True,
        )
        self._items.append((number, item))

    def _tell_turned(self) -> None:
        """Report the lines that hold controls of the direction of writing, unless their tag was reported already."""
        turned = [
            number for number, line in self._special.items() if characters.turns(line) and number not in self._told
        ]
        for number in turned[:_MOST_TURNED]:
            expected = "expected text that reads in the order in which it is stored"
            self.find("character", number, "", f"found {characters.named(self._special[number])}; {expected}")
        if len(turned) > _MOST_TURNED:
            rest = len(turned) - _MOST_TURNED
            self.find(
                "character", turned[_MOST_TURNED], "", f"found {rest} more lines with such characters from here on"
            )

    # --- the fields of an item ----------------------------------------------------------------------------------------

    def _item(self, tag: Tag, draft: _Draft) -> Item:
        fields = draft.fields()
        return Item(
            tag=tag,
            title=draft.title,
            text=self._prose(fields, "Description"),
            place=Place(self._file, draft.start + 1),
            origin="oft",
            rationale=self._prose(fields, "Rationale"),
            comment=self._prose(fields, "Comments"),
            covers=self._listed(tag, fields, "Covers"),
            depends=self._listed(tag, fields, "Depends"),
            needs=tuple(dict.fromkeys(self._needs(tag, fields))),
            labels=tuple(dict.fromkeys(self._labels(fields))),
            oft_status=self._status(tag, fields),
        )

    def _prose(self, fields: _Fields, label: str) -> str:
        texts: list[str] = []
        lines, kinds, adornments = self.document.lines, self.document.kinds, self.document.adornments
        hidden = LineKind.HIDDEN
        for number, end, beside in fields.get(label, ()):
            texts.append(beside)
            texts += [
                lines[below]
                for below in range(number + 1, end)
                if kinds[below] is not hidden and below not in adornments
            ]
        return "\n".join(texts).strip()

    def _entries(self, fields: _Fields, label: str) -> Iterator[tuple[int, str, bool]]:
        """Line, text and whether it is certainly an entry (a bullet, or beside the label), of a list field."""
        for number, end, beside in fields.get(label, ()):
            if beside:
                bullet = _BULLET.fullmatch(beside)
                yield number, bullet[1] if bullet else beside, True
            for below in range(number + 1, end):
                line = self.document.lines[below].strip()
                if line and self.document.kinds[below] is LineKind.TEXT:
                    bullet = _BULLET.fullmatch(line)
                    yield below, bullet[1] if bullet else line, bullet is not None

    def _references(self, fields: _Fields, label: str) -> Iterator[tuple[int, str]]:
        """Line and tag as written; one whose bullet was forgotten counts, other text is not of the list."""
        for number, entry, certain in self._entries(fields, label):
            text = modern(entry)
            if not certain and not _is_reference(characters.visible(text)):
                continue
            if not self._unseen(number, f"{label} {short(characters.visible(text))!r}", "the entry is left out"):
                for reference in _references_in(text):
                    yield number, reference

    def _listed(self, tag: Tag, fields: _Fields, label: str) -> tuple[str, ...]:
        """The tags of a list; a list without one is a finding, and so is a malformed dependency (no linker sees it)."""
        if label not in fields:
            return ()
        told = len(self._told)
        found = list(self._references(fields, label))
        if not found and len(self._told) == told:
            expected = f"expected at least one tag, or no {label}"
            self.find("tag", fields[label][0][0], str(tag), f"found {label} of {tag} without a tag; {expected}")
        for number, text in found if label == "Depends" else ():
            fault = tag_fault(text)
            if fault is not None:
                message = f"found {short(text)!r} in what {tag} depends on; expected type~name~revision"
                self.find(fault, number, str(tag), message)
        return tuple(text for _, text in found)

    def _needs(self, tag: Tag, fields: _Fields) -> Iterator[str]:
        for number, entry, certain in self._entries(fields, "Needs"):
            if not certain and re.fullmatch(_TYPES, entry):
                found = f"found {short(entry)!r} below Needs of {tag}"
                self.find("tag", number, str(tag), f"{found}; expected a bullet before each type")
            if not certain or self._unseen(
                number, f"Needs {short(characters.visible(entry))!r}", "the entry is left out"
            ):
                continue
            for type in filter(None, _SEPARATOR.split(entry.replace("`", ""))):
                if _TYPE.fullmatch(type):
                    yield type
                else:
                    self.find("tag", number, str(tag), f"found the needed type {short(type)!r}; expected letters only")

    def _labels(self, fields: _Fields) -> Iterator[str]:
        for _, entry, certain in self._entries(fields, "Tags"):
            if certain:
                yield from filter(None, (part.strip(" `") for part in entry.split(",")))

    def _status(self, tag: Tag, fields: _Fields) -> OftStatus:
        for number, text, _ in self._entries(fields, "Status"):
            try:
                return OftStatus(text.strip("`").lower())
            except ValueError:
                expected = ", ".join(OftStatus)
                self.find("status", number, str(tag), f"found the status {short(text)!r}; expected one of {expected}")
        return OftStatus.APPROVED


def _field(label: str) -> str:
    return "Comments" if label == "Comment" else label


def _is_reference(text: str) -> bool:
    """Whether a text without a bullet is a tag, in backticks or not, or a link to one."""
    quoted = QUOTED.fullmatch(text)
    linked = text.startswith("[") and text.endswith(")") and _IDS.search(text) is not None
    return quoted is not None or linked or TAG.fullmatch(text) is not None


def _references_in(text: str) -> Sequence[str]:
    """The tags that an entry names, as written; an entry without a well-formed one is kept whole, for the linker."""
    if "](" in text or "<" in text:
        return list(dict.fromkeys(_IDS.findall(text))) or [text]
    return [_reference(part.strip()) for part in text.split(",")]


def _reference(part: str) -> str:
    quoted = QUOTED.fullmatch(part)
    if quoted is not None:
        return quoted[1]
    found = _IDS.findall(part)
    return found[-1] if found else part
