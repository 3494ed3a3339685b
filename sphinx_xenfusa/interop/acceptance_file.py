"""The file in which acceptances stand: YAML, in one layout, sorted, for review in a tree.

Read line by line in that layout and no other, because ten thousand entries have to be read within a build; any YAML reader
reads the same out of it.  Comments stay where they are, before the entry that they stand before; entries that do not
change are written back as they were.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sphinx_xenfusa.inputs import InputError, read_text
from sphinx_xenfusa.trace.acceptance import Acceptance, Signature, Wording
from sphinx_xenfusa.trace.canonical import NaturalKey, natural, write_text
from sphinx_xenfusa.trace.record import TAG
from sphinx_xenfusa.trace.states import ItemKind
from sphinx_xenfusa.trace.word_diff import MISLEADING

LIMIT = 256 * 1024 * 1024
"""Bytes of a file that are read at the most."""
WHAT = "a file of acceptances, as xenfusa accept writes it"
HEAD = (
    "# Texts and links that were accepted, by whom and why. Written by 'xenfusa accept', reviewed and committed with the",
    "# texts. A text that is not the one that stands here, under the same revision, is suspect.",
)
_VERSION = "version: 1"

_WORDING = ("fingerprint", "kind", "title", "level", "text")
_SIGNATURE = ("by", "why", "date")
_SECTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "items": ("id", (*_WORDING, *_SIGNATURE)),
    "links": ("from", ("to", "fingerprint", *_SIGNATURE)),
    "earlier": ("id", _WORDING),
}
"""Of each section: the field that an entry begins with, and the others in their order."""
_OPTIONAL = frozenset({"kind", "level"})

_ENTRY = re.compile(r"  - (id|from): (\S+)")
_FIELD = re.compile(r"    ([a-z]+): (.+)")
_QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_TAG = (re.compile(TAG.pattern.replace("0|", "")), "a tag, type~name~revision")
_PATTERNS = {
    "fingerprint": (re.compile(r"[0-9a-f]{64}"), "64 digits from 0 to 9 and a to f"),
    "date": (re.compile(r'"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"'), 'a date in quotes, "YYYY-MM-DD"'),
    "kind": (re.compile("|".join(ItemKind)), f"one of {', '.join(ItemKind)}"),
    "to": _TAG,
    "id": _TAG,
    "from": _TAG,
}
_WIDTH = 100


@dataclass(slots=True)
class _Entry:
    """An entry as it stands.

    :param comments: the lines of comment and blank lines before it and in it.
    :param lines: all its lines but those before it.
    """

    line: int
    comments: list[str]
    lines: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Section:
    """A section as it stands, with the lines of comment before its name."""

    comments: list[str]
    entries: dict[tuple[str, ...], _Entry] = field(default_factory=dict)


@dataclass(frozen=True)
class AcceptanceFile:
    """A file that was read, or that is not there yet.

    :param acceptance: what it says.
    """

    path: Path
    acceptance: Acceptance
    _head: tuple[str, ...]
    _sections: Mapping[str, _Section]
    _tail: tuple[str, ...]

    def text_of(self, acceptance: Acceptance) -> str:
        """The text of the file for that acceptance: what is the same in it stays as it stands."""
        lines = list(self._head)
        for name, wanted in _values(acceptance).items():
            section = self._sections.get(name, _Section([]))
            if wanted or section.comments:
                lines += [*section.comments, f"{name}:" if wanted else f"{name}: []"]
            for key in sorted(wanted, key=_order):
                lines += _written(section.entries.get(key), wanted[key])
        return "\n".join([*lines, *self._tail]) + "\n"

    def write(self, acceptance: Acceptance) -> None:
        """Write it in one step; nothing is touched when nothing changes.

        :raises InputError: the file cannot be written; it is as it was.
        """
        if acceptance == self.acceptance and self.path.exists():
            return
        try:
            write_text(self.path, self.text_of(acceptance))
        except (OSError, UnicodeEncodeError) as error:
            reason = getattr(error, "strerror", None) or "text that is no Unicode"
            raise InputError(self.path, None, f"a file that cannot be written ({reason})", WHAT) from error


def read_acceptance(path: Path, *, may_be_missing: bool = False) -> AcceptanceFile:
    """Read a file of acceptances.

    :param may_be_missing: whether a file that is not there means that nothing was accepted yet.
    :raises InputError: with the first line that is not as it is written.
    """
    if may_be_missing and not path.exists():
        return AcceptanceFile(path, Acceptance(), (*HEAD, _VERSION), {}, ())
    reader = _Reader(path)
    reader.read(read_text(path, limit=LIMIT, what=WHAT))
    acceptance = Acceptance(
        items={key[0]: (_wording(values), _signature(values)) for key, values in reader.values("items")},
        links={(key[0], key[1]): (values["fingerprint"], _signature(values)) for key, values in reader.values("links")},
        earlier={values["fingerprint"]: _wording(values) for _, values in reader.values("earlier")},
    )
    return AcceptanceFile(path, acceptance, tuple(reader.head), reader.sections, tuple(reader.pending))


class _Reader:
    """Takes the lines one by one."""

    def __init__(self, path: Path) -> None:
        self.head: list[str] = []
        self.pending: list[str] = []
        self.sections: dict[str, _Section] = {}
        self._path = path
        self._section = ""
        self._entry: _Entry | None = None
        self._block: list[str] | None = None

    def values(self, section: str) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
        """Key and values of each entry of a section."""
        for key, entry in self.sections.get(section, _Section([])).entries.items():
            yield key, entry.values

    def read(self, text: str) -> None:
        """Read all lines."""
        lines = text.split("\n")
        if lines and not lines[-1]:
            lines.pop()
        for number, line in enumerate(lines, 1):
            self._take(number, line.rstrip("\r"))
        if not self.head:
            raise InputError(self._path, max(1, len(lines)), "no version", f"'{_VERSION}' ({WHAT})")
        self._close()

    def _take(self, number: int, line: str) -> None:
        if self._block is not None and self._entry is not None:
            if line.startswith("      "):
                self._block.append(line[6:])
                self._entry.lines.append(line)
                return
            self._end_block()
        if not line.strip() or line.lstrip().startswith("#"):
            self.pending.append(line)
        elif not self.head:
            self._version(number, line)
        elif line.removesuffix(":") in _SECTIONS or line.removesuffix(": []") in _SECTIONS:
            self._open_section(number, line.split(":")[0])
        elif match := _ENTRY.fullmatch(line):
            self._open_entry(number, line, match[1], match[2])
        elif (match := _FIELD.fullmatch(line)) and self._entry is not None:
            self._take_field(number, line, match[1], match[2])
        else:
            self._refuse(number, line, "a section, an entry or a field of one")

    def _version(self, number: int, line: str) -> None:
        if line != _VERSION:
            self._refuse(number, line, f"'{_VERSION}' first")
        self.head, self.pending = [*self.pending, line], []

    def _open_section(self, number: int, name: str) -> None:
        self._close()
        later = list(_SECTIONS)[list(_SECTIONS).index(name) :]
        if any(one in self.sections for one in later):
            self._refuse(number, f"{name}:", f"the sections {', '.join(_SECTIONS)}, each once, in that order")
        self.sections[name] = _Section(self.pending)
        self._section, self.pending = name, []

    def _open_entry(self, number: int, line: str, name: str, value: str) -> None:
        self._close()
        if not self._section or _SECTIONS[self._section][0] != name:
            self._refuse(number, line, "an entry of the section that it stands in")
        self._entry = _Entry(number, self.pending)
        self.pending = []
        self._set(number, name, value, line)

    def _take_field(self, number: int, line: str, name: str, value: str) -> None:
        entry = self._entry
        if entry is None or name not in _SECTIONS[self._section][1] or name in entry.values:
            self._refuse(number, line, f"one of the fields {', '.join(_SECTIONS[self._section][1])}, each once")
            return
        entry.inside += self.pending
        entry.lines += self.pending
        self.pending = []
        if name == "text" and value == "|-":
            self._block = []
            entry.lines.append(line)
            entry.values[name] = ""
            return
        self._set(number, name, value, line)

    def _set(self, number: int, name: str, value: str, line: str) -> None:
        assert self._entry is not None
        pattern, expected = _PATTERNS.get(name, (_QUOTED, "text in double quotes, with JSON's escapes"))
        if pattern.fullmatch(value) is None:
            self._refuse(number, line, f"{name}: {expected}")
        try:
            self._entry.values[name] = json.loads(value) if value.startswith('"') else value
        except ValueError:
            self._refuse(number, line, f"{name}: text in double quotes, with JSON's escapes")
        self._entry.lines.append(line)

    def _end_block(self) -> None:
        if self._entry is not None and self._block is not None:
            self._entry.values["text"] = " ".join(self._block)
        self._block = None

    def _close(self) -> None:
        """End the entry that is open."""
        self._end_block()
        entry, self._entry = self._entry, None
        if entry is None:
            return
        first, others = _SECTIONS[self._section]
        for name in others:
            if name not in entry.values and name not in _OPTIONAL:
                raise InputError(self._path, entry.line, f"an entry without {name!r}", f"{name}: ... ({WHAT})")
        key = _key(self._section, entry.values)
        if key in self.sections[self._section].entries:
            raise InputError(self._path, entry.line, f"a second entry for {entry.values[first]}", "one")
        if "text" in others and _wording(entry.values).fingerprint != entry.values["fingerprint"]:
            found = f"a text that does not have the fingerprint beside it, of {entry.values['id']}"
            raise InputError(self._path, entry.line, found, "what 'xenfusa accept' wrote: accept the text anew")
        self.sections[self._section].entries[key] = entry

    def _refuse(self, number: int, line: str, expected: str) -> None:
        shown = line if len(line) <= 60 else line[:60] + "…"
        raise InputError(self._path, number, f"{shown!r}", f"{expected} ({WHAT})")


def _key(section: str, values: Mapping[str, str]) -> tuple[str, ...]:
    if section == "links":
        return values["from"], values["to"]
    return (values["id"],) if section == "items" else (values["id"], values["fingerprint"])


def _order(key: tuple[str, ...]) -> tuple[NaturalKey, ...]:
    return tuple(map(natural, key))


def _wording(values: Mapping[str, str]) -> Wording:
    return Wording(values["id"], values.get("kind", ""), values["title"], values.get("level", ""), values["text"])


def _signature(values: Mapping[str, str]) -> Signature:
    return Signature(values["by"], values["why"], values["date"])


def _values(acceptance: Acceptance) -> dict[str, dict[tuple[str, ...], dict[str, str]]]:
    """What is written, section by section: the values of each entry by its key."""
    sections: dict[str, list[dict[str, str]]] = {
        "items": [
            {"id": id, **_of_wording(wording), **_of_signature(signed)}
            for id, (wording, signed) in acceptance.items.items()
        ],
        "links": [
            {"from": source, "to": target, "fingerprint": accepted, **_of_signature(signed)}
            for (source, target), (accepted, signed) in acceptance.links.items()
        ],
        "earlier": [{"id": wording.id, **_of_wording(wording)} for wording in acceptance.earlier.values()],
    }
    return {name: {_key(name, one): one for one in entries} for name, entries in sections.items()}


def _of_wording(wording: Wording) -> dict[str, str]:
    values = {"fingerprint": wording.fingerprint, "kind": wording.kind, "title": wording.title}
    values |= {"level": wording.level, "text": wording.text}
    return {name: value for name, value in values.items() if value or name not in _OPTIONAL}


def _of_signature(signature: Signature) -> dict[str, str]:
    return {"by": signature.by, "why": signature.why, "date": signature.date}


def _written(known: _Entry | None, values: Mapping[str, str]) -> Iterator[str]:
    """The lines of an entry: those that stand there, unless it says something else now."""
    if known is None:
        yield from _rendered(values)
    elif known.values == values:
        yield from known.comments
        yield from known.lines
    else:
        yield from known.comments
        yield from known.inside
        yield from _rendered(values)


def _rendered(values: Mapping[str, str]) -> Iterator[str]:
    for at, (name, value) in enumerate(values.items()):
        start = f"{'    ' if at else '  - '}{name}: "
        if name == "text" and value and value == MISLEADING.sub("", value):
            yield start + "|-"
            for line in textwrap.wrap(value, _WIDTH, break_long_words=False, break_on_hyphens=False):
                yield "      " + line
        elif name in _PATTERNS and name != "date":
            yield start + value
        else:
            yield start + _quoted(value)


def _quoted(value: str) -> str:
    """Text in double quotes, which JSON and YAML read alike; what a reviewer could not see is spelled out."""
    return MISLEADING.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, ensure_ascii=False))
