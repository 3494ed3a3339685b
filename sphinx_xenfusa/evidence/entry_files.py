"""Reads YAML files that are a list of entries under one key, so that a malformed entry costs that entry only.

A file that cannot be read, or is no such list, is one error; of each entry the first fault is one, and the others count.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.platforms.located_yaml import Key, Located, PathTo, load_file, validate
from sphinx_xenfusa.trace.record import Finding, Place


@dataclass(frozen=True, slots=True)
class Entry:
    """One well-formed entry.

    :param data: as the schema has it.
    :param file: as places in the record name it.
    :param lines: the line on which each part of it begins.
    """

    data: Mapping[str, Any]
    file: str
    lines: Mapping[PathTo, int]

    def place(self, *path: Key) -> Place:
        """Where a part of it stands."""
        return Place(self.file, self.lines[path])

    def texts(self, key: str) -> list[tuple[str, Place]]:
        """The texts of a key that takes one or a list, each with its place; none if the key is left out."""
        value = self.data.get(key)
        if isinstance(value, list):
            return [(one, self.place(key, number)) for number, one in enumerate(value)]
        return [] if value is None else [(value, self.place(key))]


@cache
def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a file: ``test_map`` or ``expected_tests``.

    :raises FileNotFoundError: there is no such schema.
    """
    text = files("sphinx_xenfusa.evidence").joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def read_entries(
    path: Path, shown: str, name: str, key: str, what: str
) -> tuple[tuple[Entry, ...], tuple[Finding, ...]]:
    """The well-formed entries of a file, in their order, and what is wrong with the file or with the others.

    :param shown: the file as places in the record name it.
    :param name: of the schema; its ``entry`` is what the entries are.
    :param key: of the list.
    :param what: what the file is, for messages (``a test map``).
    """
    try:
        located = load_file(path, what=what)
        whole = schema(name)
        outer = {**whole, "properties": {key: {**whole["properties"][key], "items": {}}}}
        validate(located, outer, what)
    except InputError as error:
        return (), (_finding(error, shown, "nothing of it counts"),)
    entries: list[Entry] = []
    findings: list[Finding] = []
    for one in _parts(located, key):
        try:
            validate(one, {"$defs": whole["$defs"], **whole["$defs"]["entry"]}, f"an entry of {what}")
        except InputError as error:
            findings.append(_finding(error, shown, "the entry is left out"))
        else:
            entries.append(Entry(one.data, shown, one.lines))
    return tuple(entries), tuple(findings)


def _finding(error: InputError, shown: str, consequence: str) -> Finding:
    return Finding("input", Place(shown, error.line or 1), shown, f"{error.message}; {consequence}")


def _parts(located: Located, key: str) -> list[Located]:
    """The entries, each with its lines; gathered in one walk over all lines."""
    lines: defaultdict[Key, dict[PathTo, int]] = defaultdict(dict)
    keys: defaultdict[Key, dict[PathTo, int]] = defaultdict(dict)
    for found, kept in ((located.lines, lines), (located.key_lines, keys)):
        for path, line in found.items():
            if len(path) > 1:
                kept[path[1]][path[2:]] = line
    return [Located(data, located.file, lines[n], keys[n]) for n, data in enumerate(located.data[key])]
