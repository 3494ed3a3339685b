"""Side files: which run of tests wrote which reports, on what commit, with what; one YAML file for a run.

``xenfusa record-run`` writes them, and so can any CI job: the form is ``test_run.schema.json`` beside this module.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from sphinx_xenfusa.evidence.plain_text import printable, shortened
from sphinx_xenfusa.evidence.times import in_words, span_of
from sphinx_xenfusa.inputs import InputError, read_text
from sphinx_xenfusa.platforms.located_yaml import Located, PathTo, load, validate
from sphinx_xenfusa.trace.record import TAG, Place

WHAT = "the description of a test run"
SIZE_LIMIT = 32_000_000
"""Characters of a side file; the fingerprints of 250,000 items."""
UNKNOWN = "unknown"
"""What stands for a commit that is not known."""

_ITEM = re.compile(rf"({TAG.pattern}) ([0-9a-f]{{64}})")
_DRIVE = re.compile(r"[A-Za-z]:")
_WORD_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class NamedReport:
    """A report that a side file names.

    :param file: relative to the side file, as written.
    :param line: where it is named.
    """

    file: str
    sha256: str
    line: int


@dataclass(frozen=True, slots=True)
class RunFile:
    """A side file.

    :param path: the file.
    :param place: where it stands, as messages and the record name it.
    :param started: when the run began, in UTC; empty where the file does not say, and so is each of what follows.
    :param interrupted: whether it was ended before it was done.
    :param fingerprints: of the items when the run began, by tag; ``None`` where the file does not have them.
    """

    path: Path
    place: Place
    name: str
    reports: tuple[NamedReport, ...]
    command: tuple[str, ...] = ()
    exit_code: int | None = None
    interrupted: bool = False
    started: str = ""
    ended: str = ""
    commit: str = ""
    dirty: bool | None = None
    target: str = ""
    tools: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    fingerprints: Mapping[str, str] | None = None


@cache
def schema() -> dict[str, Any]:
    """The published JSON Schema of a side file."""
    text = files("sphinx_xenfusa.evidence").joinpath("test_run.schema.json").read_text(encoding="utf-8")
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def read_run(path: Path, shown: str) -> RunFile:
    """Read a side file.

    :param shown: the file as places in the record name it.
    :raises InputError: the file cannot be read, or does not describe a run.
    """
    text, block = _without_block(read_text(path, limit=4 * SIZE_LIMIT, what=WHAT))
    located = load(text, path, limit=SIZE_LIMIT)
    validate(located, schema(), WHAT)
    data = located.data
    started, ended = (_time(located, name) for name in ("started", "ended"))
    if started and ended and ended < started:
        raise located.error(("ended",), f"the end {ended} before the beginning {started}", f"a later one ({WHAT})")
    return RunFile(
        path=path,
        place=Place(shown, 1),
        name=_clean(data.get("name", path.stem)),
        reports=_reports(located),
        command=tuple(map(_clean, data.get("command", ()))),
        exit_code=data.get("exit_code"),
        interrupted=data.get("interrupted", False),
        started=started,
        ended=ended,
        commit="" if data.get("commit", UNKNOWN) == UNKNOWN else data["commit"],
        dirty=data.get("dirty"),
        target=_clean(data.get("target", "")),
        tools=_words(data.get("tools", {})),
        environment=_words(data.get("environment", {})),
        fingerprints=_fingerprints(located, block),
    )


def _clean(text: str) -> str:
    return printable(shortened(text, _WORD_LIMIT)).replace("\n", " ").strip()


def _words(data: Mapping[str, str]) -> dict[str, str]:
    return {_clean(name): _clean(data[name]) for name in sorted(data)}


def _time(located: Located, name: str) -> str:
    text = located.data.get(name, "")
    if name not in located.data:
        return ""
    try:
        span = span_of(text)
    except ValueError as error:
        found, _, expected = str(error).removeprefix("found ").partition("; expected ")
        raise located.error((name,), found, f"{expected} ({WHAT})") from error
    if not span.exact:
        expected = f"a time with its zone, such as 2026-11-22T10:00:00+01:00 ({WHAT})"
        raise located.error((name,), f"the time {text!r} without a zone", expected)
    return in_words(span.earliest)


def _reports(located: Located) -> tuple[NamedReport, ...]:
    made: dict[str, NamedReport] = {}
    for number, entry in enumerate(located.data["reports"]):
        at: PathTo = ("reports", number, "file")
        file = entry["file"]
        if file.startswith(("/", "\\")) or _DRIVE.match(file):
            raise located.error(at, f"the absolute path {file!r}", f"a path relative to this file ({WHAT})")
        if file in made:
            found = f"the report {file!r} again (first on line {made[file].line})"
            raise located.error(at, found, f"each report once ({WHAT})")
        made[file] = NamedReport(file, entry["sha256"], located.line_of(*at))
    return tuple(made.values())


_BLOCK = "\nitems: |\n"
_MARGIN = "  "


def _without_block(text: str) -> tuple[str, str | None]:
    """The file without the fingerprints, and these: what ``record-run`` writes last needs no reader of YAML.

    A block that looks otherwise is left where it is, to be read as YAML.
    """
    head, mark, block = text.partition(_BLOCK)
    lines = block.splitlines()
    if not mark or not all(line.startswith(_MARGIN) for line in lines):
        return text, None
    return f"{head}\nitems: ''\n", "\n".join(line[len(_MARGIN) :] for line in lines)


def _fingerprints(located: Located, block: str | None) -> dict[str, str] | None:
    if "items" not in located.data:
        return None
    found: dict[str, str] = {}
    first = located.line_of("items")
    written: str = located.data["items"] if block is None else block
    for number, line in enumerate(written.splitlines(), 1):
        match = _ITEM.fullmatch(line)
        tag = "" if match is None else match[1]
        if match is None or tag in found:
            again = " again" if match else ""
            expected = f"on each line a tag, once, a blank and its fingerprint ({WHAT})"
            raise InputError(located.file, first + number, f"{_clean(line)[:80]!r}{again}", expected)
        found[tag] = match[5]
    return found


def run_text(data: Mapping[str, Any], fingerprints: Sequence[tuple[str, str]] | None) -> str:
    """The text of a side file: the keys in the order of the schema, mappings sorted.

    :param data: by the names of the schema, without the items.
    :param fingerprints: tag and fingerprint of each item; ``None`` to leave them out.
    """
    ordered = {name: data[name] for name in schema()["properties"] if name in data}
    for name in ("tools", "environment"):
        if name in ordered:
            ordered[name] = dict(sorted(ordered[name].items()))
    head = "# A run of tests, written by `xenfusa record-run`; xenfusa_test_runs reads it.\n"
    told: str = yaml.safe_dump(ordered, sort_keys=False, allow_unicode=True, width=1_000)
    if fingerprints is None:
        return head + told
    lines = "".join(f"{_MARGIN}{tag} {digest}\n" for tag, digest in fingerprints)
    return f"{head}{told.removesuffix(chr(10))}{_BLOCK}{lines}"
