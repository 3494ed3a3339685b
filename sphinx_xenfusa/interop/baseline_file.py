"""Baselines: a file that says what a project was on a day, and whatever else can serve as one.

Three forms are read: what ``xenfusa baseline create`` writes, a trace record of any version, and sphinx-needs' own
``needs.json``.  Each is read whole or not at all.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from sphinx_xenfusa.inputs import InputError, decode, read_bytes
from sphinx_xenfusa.interop.read_record import RECORD_LIMIT, line_of, load_json, parse_data
from sphinx_xenfusa.trace.canonical import dumps, write_text
from sphinx_xenfusa.trace.fingerprint import fingerprint_of
from sphinx_xenfusa.trace.record import BaselineReference, Place, TraceRecord
from sphinx_xenfusa.trace.snapshot import (
    FORM_VERSION,
    Entry,
    LinkEntry,
    Snapshot,
    baseline_json,
    entry_order,
    snapshot_of,
    split_id,
)
from sphinx_xenfusa.trace.states import ItemKind

A_BASELINE = "a baseline (xenfusa baseline create), a trace record, or sphinx-needs' needs.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
SUFFIX = ".json"

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": sorted(properties),
        "properties": dict(properties),
    }


SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_object(
        {
            "form": {"const": "xenfusa baseline"},
            "form_version": {"const": FORM_VERSION},
            **dict.fromkeys(("name", "created", "project", "version"), _TEXT),
            "items": {
                "type": "array",
                "items": _object(
                    {
                        **dict.fromkeys(("id", "title", "text", "rationale", "comment", "level"), _TEXT),
                        **dict.fromkeys(("oft_status", "result", "coverage"), _TEXT),
                        "kind": {"enum": [None, *(kind.value for kind in ItemKind)]},
                        "inherited": {"type": ["string", "null"]},
                        "needs": {"type": "array", "items": _TEXT},
                        "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                        "source": _object({"file": _TEXT, "line": {"type": "integer", "minimum": 1}}),
                    }
                ),
            },
            "links": {"type": "array", "items": _object(dict.fromkeys(("from", "type", "to", "status"), _TEXT))},
            "verdicts": {
                "type": "array",
                "items": _object({"claim": _TEXT, "policy": {"type": ["string", "null"]}, "kind": _TEXT}),
            },
            "gates": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["name", "counted", "of", "required", "met"],
                    "properties": {
                        "name": _TEXT,
                        "counted": _COUNT,
                        "of": _COUNT,
                        "required": {"type": "number"},
                        "met": {"type": ["boolean", "null"]},
                    },
                },
            },
        }
    ),
}
"""The published form of a baseline file."""


def read_snapshot(path: Path) -> Snapshot:
    """Read what a project was on a day.

    :raises InputError: the file is missing, half written, or none of the three forms.
    """
    return _read(path)[0]


def read_baseline(path: Path, root: Path) -> tuple[Snapshot, BaselineReference]:
    """Read a baseline, and what a record says of the one that it is compared with.

    :param root: the folder that the reference names the file from.
    :raises InputError: as :func:`read_snapshot`.
    """
    found, data = _read(path)
    file = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    return found, BaselineReference(found.label, found.version, file, hashlib.sha256(data).hexdigest())


def write_baseline(record: TraceRecord, name: str, folder: Path, *, created: str = "", replace: bool = False) -> Path:
    """Write the baseline of a record, in one step, and say where.

    :param created: a date to write into it; the bytes depend on the record alone without one.
    :param replace: whether a file of that name may be replaced.
    :raises InputError: the name is none, the file exists, or it cannot be written.
    """
    if NAME.fullmatch(name) is None or name.endswith("."):
        expected = "letters, digits, '.', '_' and '-', a letter or digit first, 100 at the most, no folder"
        raise InputError("command line", None, f"the name {name!r}", expected)
    path = folder / f"{name}{SUFFIX}"
    if not replace and (path.exists() or path.is_symlink()):
        raise InputError(path, None, "a file that is there already", "a new name, or --force to replace it")
    try:
        write_text(path, dumps(baseline_json(record, name, created)))
    except OSError as error:
        raise InputError(
            path, None, f"a file that cannot be written ({error.strerror})", "a folder to write in"
        ) from error
    return path


def _read(path: Path) -> tuple[Snapshot, bytes]:
    raw = read_bytes(path, limit=RECORD_LIMIT, what=A_BASELINE)
    text = decode(raw, path, what=A_BASELINE)
    data = load_json(text, path, A_BASELINE)
    if not isinstance(data, dict):
        raise InputError(path, 1, "JSON that is no object", A_BASELINE)
    if "schema_version" in data:
        checked = parse_data(text, path)
        return _of_checked(checked, path.name, text, path), raw
    if "form" in data:
        _check(data, text, path)
        return _of_checked(data, data["name"], text, path), raw
    if "versions" in data and "current_version" in data:
        return _of_needs(data, text, path), raw
    raise InputError(path, 1, f"JSON of another form (keys {_some(data)})", A_BASELINE)


def _some(data: Mapping[str, Any]) -> str:
    return ", ".join(repr(key)[:40] for key in sorted(data)[:5]) or "none"


def _check(data: Any, text: str, path: Path) -> None:
    version = data.get("form_version")
    if isinstance(version, int) and version > FORM_VERSION:
        expected = f"version {FORM_VERSION} or older: a newer xenfusa wrote it; update this one to read it"
        raise InputError(path, line_of(text, ("form_version",)), f"a baseline of version {version}", expected)
    errors = sorted(_validator().iter_errors(data), key=lambda error: [str(part) for part in error.instance_path])
    if errors:
        way = tuple(str(part) for part in errors[0].instance_path)
        found = f"data of another form (/{'/'.join(way)}: {errors[0].message[:200]})"
        raise InputError(path, line_of(text, way), found, A_BASELINE)


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(SCHEMA)


def _of_checked(data: Mapping[str, Any], label: str, text: str, path: Path) -> Snapshot:
    """The snapshot; each text has to have the fingerprint beside it, and each id stands once."""
    numbers: dict[str, int] = {}
    for number, one in enumerate(data["items"]):
        if numbers.setdefault(one["id"], number) != number:
            line = line_of(text, ("items", str(number), "id"))
            raise InputError(path, line, f"the id {one['id']!r} a second time", "each id once")
    found = snapshot_of(data, label)
    for entry in found.items:
        number = numbers[entry.id]
        if data["items"][number]["fingerprint"] != entry.fingerprint:
            words = f"a text of {entry.id} that does not have the fingerprint beside it"
            line = line_of(text, ("items", str(number), "fingerprint"))
            raise InputError(path, line, words, "the file as it was written: it was edited, or damaged")
    return found


_NEEDS_UNKNOWN = frozenset({"level", "oft_status"})


def _of_needs(data: Mapping[str, Any], text: str, path: Path) -> Snapshot:
    """The snapshot of sphinx-needs' file: the items of its current version and what they cover."""
    versions, current = data["versions"], data["current_version"]
    chosen = versions.get(current) if isinstance(versions, dict) and isinstance(current, str) else None
    needs = chosen.get("needs") if isinstance(chosen, dict) else None
    if not isinstance(needs, dict):
        found = f"a needs.json without needs of its current version {current!r}"
        raise InputError(path, line_of(text, ("current_version",)), found, A_BASELINE)
    entries, links = [], []
    for id, need in needs.items():
        try:
            entries.append(_need(id, need))
            links += [LinkEntry(id, "covers", target, "") for target in _covered(need)]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            way = ("versions", current, "needs", id)
            found = f"the need {id!r} without what a need has ({error})"
            raise InputError(path, line_of(text, way), found, A_BASELINE) from error
    return Snapshot(
        label=f"{path.name} ({current})" if current else path.name,
        project=str(data.get("project", "")),
        version=current,
        items=tuple(sorted(entries, key=entry_order)),
        links=tuple(links),
        link_types=frozenset({"covers"}),
        unknown=_NEEDS_UNKNOWN,
        verdicts=None,
        gates=None,
    )


def _need(id: str, need: Mapping[str, Any]) -> Entry:
    name, revision = split_id(id)
    type = name.partition("~")[0] if revision is not None else _word(need["type"])
    kind = _word(need["type"]).removeprefix("xen_")
    kind = kind if kind in set(ItemKind) else ""
    title, text = _word(need["title"]), _word(need.get("content", need.get("description")))
    short = name.partition("~")[2] if revision is not None else name
    docname = _word(need.get("docname"))
    return Entry(
        id=id,
        name=name,
        revision=revision,
        type=type,
        kind=kind,
        title=title,
        text=text,
        rationale=_word(need.get("xen_rationale")),
        comment=_word(need.get("xen_comment")),
        level="",
        oft_status="",
        needs=_words(need.get("xen_needs")),
        place=Place(f"{docname}{_word(need.get('doctype')) or '.rst'}" if docname else "", need.get("lineno") or 1),
        fingerprint=_word(need.get("xen_fingerprint")) or fingerprint_of(type, short, kind or None, title, text),
        result=_word(need.get("xen_state")),
    )


def _covered(need: Mapping[str, Any]) -> Iterable[str]:
    return dict.fromkeys((*_words(need.get("xen_covers")), *_words(need.get("covers"))))


def _word(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"found {value!r:.40} in place of text")
    return value or ""


def _words(value: Any) -> tuple[str, ...]:
    if value is not None and not isinstance(value, list):
        raise TypeError(f"found {value!r:.40} in place of a list")
    return tuple(_word(one) for one in value or ())
