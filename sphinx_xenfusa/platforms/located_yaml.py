"""YAML as plain data with the line of every value and key, so that an error can say where it stands.

A subset of YAML 1.1, read from PyYAML's events with its own resolvers; nothing is constructed but dict, list, str, int,
float, bool and None.  Refused, with the line: tags, anchors and aliases, merge keys, several documents, keys that are
no text, keys that are used twice, depth and size beyond the limits, and numbers that YAML 1.1 reads as something else
than what stands there (``010`` is 8, ``1:30`` is 90).  A date is text.

As in every YAML 1.1 file ``yes``, ``no``, ``on`` and ``off`` without quotes are true and false.  Where a schema wants
text the error says so; as a key they are refused.

Source: YAML 1.1 and PyYAML's ``SafeLoader``.
"""

from __future__ import annotations

import bisect
import difflib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from sphinx_xenfusa.inputs import InputError, read_text

SIZE_LIMIT = 1_000_000
"""Characters of a text that are read at the most."""
DEPTH_LIMIT = 50
"""Lists and mappings within each other."""
INTEGER_LIMIT = 2**63
_NUMBER_LENGTH_LIMIT = 100

WHAT = "YAML"

Key = str | int
PathTo = tuple[Key, ...]
"""The way to a value: keys and list positions from the top."""

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_PREFIX = "tag:yaml.org,2002:"
_SURPRISING_INTEGER = re.compile(r"[-+]?(0[0-9_]+|.*:.*)")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Located:
    """Plain data and the lines on which its parts stand.

    :param data: dict, list, str, int, float, bool and None.
    :param file: the file as the user named it.
    :param lines: the line on which a value begins.
    :param key_lines: the line of the key that leads to a value of a mapping.
    """

    data: Any
    file: str
    lines: Mapping[PathTo, int]
    key_lines: Mapping[PathTo, int]

    def line_of(self, *path: Key) -> int:
        """The line on which a value begins.

        :raises KeyError: there is no such value.
        """
        return self.lines[path]

    def part(self, *path: Key) -> Located:
        """The value at ``path`` on its own: its paths begin there, its lines stay.

        :raises KeyError: there is no such value.
        """
        data = self.data
        for key in path:
            data = data[key]
        depth = len(path)
        lines = {at[depth:]: line for at, line in self.lines.items() if at[:depth] == path}
        key_lines = {at[depth:]: line for at, line in self.key_lines.items() if at[:depth] == path and at != path}
        return Located(data, self.file, lines, key_lines)

    def error(self, path: PathTo, found: str, expected: str) -> InputError:
        """An error about the value at ``path``."""
        return InputError(self.file, self.lines[path], found, expected)


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read."""

    data: dict[str, Any] | list[Any]
    path: PathTo
    key: str | None = None

    @property
    def wants_key(self) -> bool:
        """Whether a key comes next."""
        return isinstance(self.data, dict) and self.key is None

    def next_path(self) -> PathTo:
        """The path of the value that comes next."""
        return (*self.path, len(self.data) if self.key is None else self.key)

    def put(self, value: Any) -> None:
        """Take the value that comes next."""
        if isinstance(self.data, list):
            self.data.append(value)
        elif self.key is not None:
            self.data[self.key] = value
            self.key = None


@dataclass(slots=True)
class _Builder:
    """Builds the data of one document from the parser's events."""

    text: str
    file: str
    first_line: int
    loader: Any  # PyYAML's SafeLoader; its stubs leave methods untyped
    breaks: list[int]
    lines: dict[PathTo, int] = field(default_factory=dict)
    key_lines: dict[PathTo, int] = field(default_factory=dict)
    stack: list[_Open] = field(default_factory=list)
    documents: int = 0
    data: Any = None

    def line_of(self, event: yaml.Event) -> int:
        """The line on which an event begins."""
        index = event.start_mark.index if event.start_mark else 0
        return self.first_line + bisect.bisect_right(self.breaks, index)

    def refuse(self, event: yaml.Event, found: str, expected: str) -> InputError:
        """An error at an event."""
        return InputError(self.file, self.line_of(event), found, expected)

    def take(self, event: yaml.Event) -> None:
        """Use one event."""
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise self.refuse(event, "a second document", f"{WHAT} of one document")
        elif isinstance(event, yaml.NodeEvent):
            self._refuse_features(event)
            self._node(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.stack.pop()

    def _refuse_features(self, event: yaml.NodeEvent) -> None:
        if isinstance(event, yaml.AliasEvent):
            raise self.refuse(event, f"the alias *{_cut(event.anchor or '')}", f"{WHAT} without aliases")
        if event.anchor is not None:
            raise self.refuse(event, f"the anchor &{_cut(event.anchor)}", f"{WHAT} without anchors")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise self.refuse(event, f"the tag {_cut(tag.replace(_PREFIX, '!!'))}", f"{WHAT} without tags")

    def _node(self, event: yaml.NodeEvent) -> None:
        parent = self.stack[-1] if self.stack else None
        if parent is not None and parent.wants_key:
            self._key(event, parent)
            return
        path = parent.next_path() if parent else ()
        self.lines[path] = self.line_of(event)
        value: Any
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        else:
            if len(self.stack) >= DEPTH_LIMIT:
                expected = f"{WHAT} nested at most {DEPTH_LIMIT} deep"
                raise self.refuse(event, "lists or mappings nested too deeply", expected)
            value = {} if isinstance(event, yaml.MappingStartEvent) else []
        if parent is None:
            self.data = value
        else:
            parent.put(value)
        if isinstance(value, dict | list):
            self.stack.append(_Open(value, path))

    def _key(self, event: yaml.NodeEvent, parent: _Open) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            raise self.refuse(event, "a list or mapping as a key", "text as a key")
        key = self._scalar(event)
        if not isinstance(key, str):
            read_as = "" if str(key) == event.value else f", which YAML reads as {shown(key)}"
            raise self.refuse(event, f"the key {_cut(event.value)}{read_as}", "text as a key (in quotes)")
        path = (*parent.path, key)
        if path in self.key_lines:
            found = f"the key {_cut(key)!r} again (first on line {self.key_lines[path]})"
            raise self.refuse(event, found, "each key once")
        self.key_lines[path] = self.line_of(event)
        parent.key = key

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        """The value of a scalar by YAML's standard resolvers."""
        text: str = event.value
        bad = _UNPRINTABLE.search(text)
        if bad is not None:
            raise self.refuse(event, f"text with the character {bad[0]!a}", "text that can be printed")
        kind = self.loader.resolve(yaml.ScalarNode, text, event.implicit).removeprefix(_PREFIX)
        if kind == "merge":
            raise self.refuse(event, "a merge key (<<)", f"{WHAT} without merge keys")
        if kind in ("int", "float"):
            return self._number(event, kind)
        if kind == "bool":
            return self.loader.bool_values[text.lower()]
        return None if kind == "null" else text

    def _number(self, event: yaml.ScalarEvent, kind: str) -> int | float:
        text: str = event.value
        node = yaml.ScalarNode(f"{_PREFIX}{kind}", text)
        found = f"the number {_cut(text)}"
        value: int | float
        try:
            if len(text) > _NUMBER_LENGTH_LIMIT:
                raise ValueError(text)
            value = self.loader.construct_yaml_int(node) if kind == "int" else self.loader.construct_yaml_float(node)
        except ValueError as error:
            raise self.refuse(event, found, "a number that can be read, or text in quotes") from error
        if _SURPRISING_INTEGER.fullmatch(text) and (kind == "int" or ":" in text):
            found += f", which YAML 1.1 reads as {_cut(str(value))}"
            raise self.refuse(event, found, "a decimal number, or text in quotes")
        if abs(value) >= INTEGER_LIMIT if kind == "int" else not math.isfinite(value):
            raise self.refuse(event, found, f"a finite number, whole ones below {INTEGER_LIMIT:,}")
        return value


def load(text: str, file: str | Path, *, first_line: int = 1, limit: int = SIZE_LIMIT) -> Located:
    """Read one YAML document.

    :param file: the file as the user named it, for errors.
    :param first_line: the line of that file on which ``text`` begins (the body of a directive).
    :param limit: characters that are read at the most.
    :raises InputError: the text is empty, too large, malformed, or uses something that is refused (see the module).
    """
    if len(text) > limit:
        raise InputError(file, None, f"{len(text):,} characters", f"{WHAT} of at most {limit:,} characters")
    breaks = [match.end() for match in _LINE_BREAK.finditer(text)]
    try:
        loader: Any = yaml.SafeLoader(text)
        builder = _Builder(text, str(file), first_line, loader, breaks)
        while loader.check_event():
            builder.take(loader.get_event())
    except yaml.reader.ReaderError as error:
        line = first_line + bisect.bisect_right(breaks, error.position)
        raise InputError(file, line, f"the character {chr(error.character)!a}", f"{WHAT}, printable text") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line if mark is None else first_line + bisect.bisect_right(breaks, mark.index)
        problem = " ".join(f"{error.context or ''} {error.problem or ''}".split())
        raise InputError(file, line, f"malformed YAML ({_cut(problem, 200)})", WHAT) from error
    if not builder.documents:
        raise InputError(file, first_line, "nothing but blanks and comments", WHAT)
    return Located(builder.data, str(file), builder.lines, builder.key_lines)


def load_file(path: Path, *, what: str = "a YAML file") -> Located:
    """Read a file of one YAML document.

    :raises InputError: as :func:`sphinx_xenfusa.inputs.read_text` and :func:`load`.
    """
    return load(read_text(path, limit=4 * SIZE_LIMIT, what=what), path)


def validate(located: Located, schema: Mapping[str, Any], what: str) -> None:
    """Check data against a JSON Schema (draft 2020-12).

    :param what: what the data should be, for the message (``a platform``).
    :raises InputError: for the first fault in the order of the document, with its line.
    """
    validator = jsonschema_rs.Draft202012Validator(dict(schema))
    faults = [fault for error in validator.iter_errors(located.data) for fault in _faults(located, schema, error)]
    if faults:
        order = {path: i for i, path in enumerate(located.lines)}
        _, line, found, expected = min(faults, key=lambda fault: (order[fault[0]], *fault[1:]))
        raise InputError(located.file, line, found, f"{expected} ({what})")


_Fault = tuple[PathTo, int, str, str]
"""Where in the data, line, found, expected."""


def _faults(located: Located, schema: Mapping[str, Any], error: jsonschema_rs.ValidationError) -> Iterator[_Fault]:
    """What a validation error says in plain words; one for each unknown key."""
    path: PathTo = tuple(error.instance_path)
    parent = _schema_at(schema, error.evaluation_path[:-1])
    known = parent.get("properties", {})
    if error.kind.name == "additionalProperties":
        for key in error.kind.as_dict()["unexpected"]:
            found = f"the unknown key {_cut(key)!r}{_at(path)}{did_you_mean(key, sorted(known))}"
            here = (*path, key)
            yield here, located.key_lines[here], found, f"one of the keys {', '.join(sorted(known))}"
        return
    if error.kind.name == "required":
        key = error.kind.as_dict()["property"]
        present = error.instance if isinstance(error.instance, dict) else {}
        misspelt = did_you_mean(key, [name for name in present if name not in known])
        if not (misspelt and parent.get("additionalProperties") is False):  # else the unknown key says it better
            yield path, located.lines[path], f"no key {key!r}{_at(path)}", f"{key}: {describe(known.get(key, {}))}"
        return
    found = f"{shown(error.instance)}{_at(path)}"
    if error.kind.name == "enum" and isinstance(error.instance, str):
        found += did_you_mean(error.instance, [value for value in parent["enum"] if isinstance(value, str)])
    expected = _expected(error.kind.name, parent, error)
    if error.kind.name in ("type", "enum") and isinstance(error.instance, bool) and "true" not in expected:
        found += " (yes, no, on and off without quotes mean true and false)"
    yield path, located.lines[path], found, expected


def _expected(kind: str, parent: Mapping[str, Any], error: jsonschema_rs.ValidationError) -> str:
    limit = parent.get(kind)
    words = {
        "minItems": f"at least {limit} of them",
        "maxItems": f"at most {limit:,} of them" if isinstance(limit, int) else "",
        "uniqueItems": "each entry once",
        "minLength": f"at least {limit} characters",
        "maxLength": f"at most {limit} characters",
        "minimum": f"at least {limit}",
        "maximum": f"at most {limit}",
    }
    if kind in words:
        return words[kind]
    if kind in ("type", "enum", "const", "pattern"):
        return describe(parent)
    return _cut(" ".join(error.message.split()), 200)


def describe(schema: Mapping[str, Any]) -> str:
    """Say what a schema wants; its own ``description`` wins where it says how a text has to look."""
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return shown(schema["const"])
    if "pattern" in schema:
        return str(schema.get("description", f"text that matches {schema['pattern']}"))
    names = schema.get("type", "a value")
    words = {
        "object": "a mapping",
        "array": "a list",
        "string": "text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "null": "nothing",
    }
    return " or ".join(words.get(name, name) for name in ([names] if isinstance(names, str) else names))


def shown(value: Any) -> str:
    """A value of the data for a message, cut to a readable length."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    return f"the text {_cut(value)!r}" if isinstance(value, str) else f"the number {_cut(str(value))}"


def _schema_at(schema: Mapping[str, Any], path: Sequence[Key]) -> Mapping[str, Any]:
    """The part of a schema at the end of a path; references within the schema are followed."""
    node: Any = schema
    for part in path:
        node = node[part]
        if part == "$ref":
            steps = node.removeprefix("#").strip("/")
            node = _schema_at(schema, steps.split("/")) if steps else schema
    return node if isinstance(node, Mapping) else {}


def _at(path: PathTo) -> str:
    """Where in the data, ``at domains[0].roles``."""
    if not path:
        return ""
    words = (
        f"[{part}]" if isinstance(part, int) else f".{_cut(part if part.isprintable() else repr(part))}"
        for part in path
    )
    return f" at {''.join(words).removeprefix('.')}"


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """A hint at the known word that is nearest, in brackets; empty when none is near."""
    close = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _cut(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
