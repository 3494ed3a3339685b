"""needs.json, as sphinx-needs 9.1 writes it: for readers of that format where no Sphinx build wrote one.

Source: sphinx-needs 9.1, ``sphinx_needs/needsfile.py``; read back by its own reader, ``ub_needs_exchange``.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sphinx_xenfusa import __version__
from sphinx_xenfusa.trace.canonical import dumps
from sphinx_xenfusa.trace.record import TracedItem, TraceRecord

_TEXTS = (
    "id",
    "title",
    "type",
    "status",
    "content",
    "docname",
    "xenfusa_kind",
    "xenfusa_result",
    "xenfusa_inherited",
    "xenfusa_coverage",
    "xenfusa_fingerprint",
    "xenfusa_origin",
    "rationale",
    "comment",
    "owner",
    "discharge",
    "level",
    "source_reference",
)
_LISTS = ("tags", "xenfusa_needs", "xenfusa_uncovered", "xenfusa_confirmed_by", "xenfusa_suspect")
_CORE = {"id", "title", "type", "status", "content", "docname", "lineno", "tags"}


def needs_file(record: TraceRecord) -> dict[str, bytes]:
    """``needs.json``: one version, a need for each item; times are left out, so that the same record gives the same bytes."""
    back: defaultdict[str, list[str]] = defaultdict(list)
    depended: defaultdict[str, list[str]] = defaultdict(list)
    for traced in record.items:
        for target in dict.fromkeys(traced.item.covers):
            back[target].append(str(traced.item.tag))
        for target in dict.fromkeys(traced.item.depends):
            depended[target].append(str(traced.item.tag))
    needs = {}
    for traced in record.items:
        tag = str(traced.item.tag)
        needs[tag] = _need(traced) | {"covers_back": back.get(tag, []), "depends_back": depended.get(tag, [])}
    version = record.version
    data = {
        "project": record.project,
        "current_version": version,
        "versions": {
            version: {
                "creator": {"program": "sphinx_xenfusa", "version": __version__},
                "needs": needs,
                "needs_amount": len(needs),
                "needs_schema": _schema(),
            }
        },
    }
    return {"needs.json": dumps(data).encode("utf-8")}


def _need(traced: TracedItem) -> dict[str, Any]:
    item = traced.item
    return {
        "id": str(item.tag),
        "type": f"xen_{item.kind.value}" if item.kind is not None else item.tag.type.lower(),
        "xenfusa_type": item.tag.type,
        "title": item.title,
        "status": item.oft_status.value,
        "content": item.text,
        "docname": item.place.file.rpartition(".")[0] or item.place.file,
        "lineno": item.place.line,
        "tags": list(item.labels),
        "is_external": False,
        "covers": list(item.covers),
        "depends": list(item.depends),
        "rationale": item.rationale,
        "comment": item.comment,
        "owner": item.owner,
        "discharge": item.discharge,
        "level": item.level,
        "source_reference": item.source,
        "xenfusa_kind": "" if item.kind is None else item.kind.value,
        "xenfusa_result": traced.result.value,
        "xenfusa_inherited": "" if traced.inherited is None else traced.inherited.value,
        "xenfusa_coverage": traced.coverage.value,
        "xenfusa_fingerprint": traced.fingerprint,
        "xenfusa_origin": item.origin,
        "xenfusa_needs": list(item.needs),
        "xenfusa_uncovered": list(traced.uncovered),
        "xenfusa_confirmed_by": list(item.confirmed_by),
        "xenfusa_suspect": list(traced.suspect),
    }


def _schema() -> dict[str, Any]:
    properties: dict[str, Any] = {
        name: {"type": "string", "field_type": "core" if name in _CORE else "extra", "default": ""}
        for name in (*_TEXTS, "xenfusa_type")
    }
    words = {"type": "array", "items": {"type": "string"}, "default": []}
    properties |= {name: {**words, "field_type": "core" if name in _CORE else "extra"} for name in _LISTS}
    for name in ("covers", "depends"):
        properties[name] = {**words, "field_type": "links"}
        properties[f"{name}_back"] = {**words, "field_type": "backlinks"}
    properties["lineno"] = {"type": ["integer", "null"], "field_type": "core", "default": None}
    properties["is_external"] = {"type": "boolean", "field_type": "core", "default": False}
    return {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "properties": properties}
