"""What of a trace record can be compared with another day's: the items, links, verdicts, gates and states.

A snapshot is made of a record, of a baseline file, of an older record or of sphinx-needs' own ``needs.json``.  What a file
cannot know (``needs.json`` has no verdicts) is ``None``, and never counted as gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sphinx_xenfusa.trace.canonical import NaturalKey, natural
from sphinx_xenfusa.trace.fingerprint import fingerprint_of
from sphinx_xenfusa.trace.record import TAG, Place, TraceRecord
from sphinx_xenfusa.trace.serialise import to_json

FORM_VERSION = 1
"""Version of the form of a baseline file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An item as it was on that day.

    :param id: its tag, or the id of a need that has no tag.
    :param name: the id without the revision: what it is compared by.
    :param revision: ``None`` for an id that has none.
    :param result: its own state; empty where the file does not know states (as ``coverage`` and ``inherited``).
    """

    id: str
    name: str
    revision: int | None
    type: str
    kind: str
    title: str
    text: str
    rationale: str
    comment: str
    level: str
    oft_status: str
    needs: tuple[str, ...]
    place: Place
    fingerprint: str
    result: str = ""
    coverage: str = ""
    inherited: str = ""


@dataclass(frozen=True, slots=True)
class LinkEntry:
    """A link as it was on that day; ``status`` is empty where the file does not know it."""

    source: str
    type: str
    target: str
    status: str


@dataclass(frozen=True, slots=True)
class GateEntry:
    """A threshold of the tracing policy as it was on that day; ``met`` as in the record."""

    name: str
    counted: int
    of: int
    required: float
    met: bool | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A day's state of a project.

    :param label: how it is called in what is shown: a baseline's name, or a file.
    :param link_types: the types of links that the file knows; ``None`` for all.
    :param unknown: the fields of items that the file does not know.
    :param verdicts: kind by claim and policy (empty for a claim that depends on none); ``None`` when unknown.
    :param gates: ``None`` when unknown.
    """

    label: str
    project: str
    version: str
    items: tuple[Entry, ...]
    links: tuple[LinkEntry, ...]
    link_types: frozenset[str] | None
    unknown: frozenset[str]
    verdicts: Mapping[tuple[str, str], str] | None
    gates: tuple[GateEntry, ...] | None


def split_id(id: str) -> tuple[str, int | None]:
    """The id without its revision, and the revision; an id that is no tag is a name of its own."""
    match = TAG.fullmatch(id)
    return (id, None) if match is None else (id.rpartition("~")[0], int(match["revision"]))


def entry_order(entry: Entry) -> tuple[NaturalKey, int, str, int]:
    """The order of items everywhere."""
    return natural(entry.name), entry.revision or 0, entry.place.file, entry.place.line


def snapshot(record: TraceRecord, label: str) -> Snapshot:
    """The snapshot of a record."""
    return snapshot_of(to_json(record), label)


def snapshot_of(data: Mapping[str, Any], label: str) -> Snapshot:
    """The snapshot of the JSON form of a record or of a baseline, whose shape has been checked."""
    gates = data.get("gates")
    return Snapshot(
        label=label,
        project=data.get("project", ""),
        version=data.get("version", ""),
        items=tuple(sorted(map(_entry, data["items"]), key=entry_order)),
        links=tuple(LinkEntry(one["from"], one["type"], one["to"], one["status"]) for one in data["links"]),
        link_types=None,
        unknown=frozenset(),
        verdicts={(one["claim"], one["policy"] or ""): one["kind"] for one in data["verdicts"]},
        gates=None if gates is None else tuple(map(_gate, gates)),
    )


def _entry(one: Mapping[str, Any]) -> Entry:
    name, revision = split_id(one["id"])
    type, _, short = name.partition("~")
    level = one.get("level", "")
    return Entry(
        id=one["id"],
        name=name,
        revision=revision,
        type=type,
        kind=one["kind"] or "",
        title=one["title"],
        text=one["text"],
        rationale=one["rationale"],
        comment=one["comment"],
        level=level,
        oft_status=one["oft_status"],
        needs=tuple(one["needs"]),
        place=Place(one["source"]["file"], one["source"]["line"]),
        fingerprint=fingerprint_of(type, short, one["kind"], one["title"], one["text"], level),
        result=one["result"],
        coverage=one["coverage"],
        inherited=one.get("inherited") or "",
    )


def _gate(one: Mapping[str, Any]) -> GateEntry:
    return GateEntry(one["name"], one["counted"], one["of"], one["required"], one["met"])


_ITEM_KEYS = (
    *("id", "kind", "title", "text", "rationale", "comment", "level", "oft_status", "needs", "source", "fingerprint"),
    *("result", "coverage", "inherited"),
)


def baseline_json(record: TraceRecord, name: str, created: str = "") -> dict[str, Any]:
    """What a baseline file holds: of the record what can be compared, so that the file stays small.

    :param created: a date to write into it; without one the same record gives the same bytes on every day.
    """
    data = to_json(record)
    return {
        "form": "xenfusa baseline",
        "form_version": FORM_VERSION,
        "name": name,
        "created": created,
        "project": data["project"],
        "version": data["version"],
        "items": [{key: one[key] for key in _ITEM_KEYS} for one in data["items"]],
        "links": [{key: one[key] for key in ("from", "type", "to", "status")} for one in data["links"]],
        "verdicts": [{key: one[key] for key in ("claim", "policy", "kind")} for one in data["verdicts"]],
        "gates": data["gates"],
    }
