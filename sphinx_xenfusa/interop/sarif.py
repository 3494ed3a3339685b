"""SARIF 2.1.0 (OASIS): the findings of the record, for code hosts and editors that show them at their lines."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from sphinx_xenfusa import __version__
from sphinx_xenfusa.interop.legal_text import legal
from sphinx_xenfusa.trace.canonical import dumps
from sphinx_xenfusa.trace.record import Finding, TraceRecord

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "SRCROOT"
NO_LEVELS: Mapping[str, str] = MappingProxyType({})


def sarif_file(record: TraceRecord) -> dict[str, bytes]:
    """``findings.sarif``: one run, a result for each finding, in the order of the record."""
    return {"findings.sarif": sarif_text(record.findings).encode("utf-8")}


def sarif_text(findings: Sequence[Finding], levels: Mapping[str, str] = NO_LEVELS) -> str:
    """One run with a result for each finding.

    :param levels: SARIF's level by the finding's subtype; a warning unless it is named.
    """
    rules = sorted({finding.subtype for finding in findings})
    run = {
        "tool": {
            "driver": {
                "name": "sphinx_xenfusa",
                "version": __version__,
                "rules": [{"id": f"xenfusa.{rule}", "name": _pascal(rule)} for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            _ROOT: {"description": {"text": "The folder that the files of the record are relative to."}}
        },
        "results": [
            _result(finding, rules.index(finding.subtype), levels.get(finding.subtype, "warning"))
            for finding in findings
        ],
    }
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _result(finding: Finding, rule: int, level: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "ruleId": f"xenfusa.{finding.subtype}",
        "ruleIndex": rule,
        "level": level,
        "message": {"text": legal(finding.message) or "no words"},
        "partialFingerprints": {"xenfusa/v1": _fingerprint(finding)},
    }
    if finding.about:
        made["properties"] = {"about": legal(finding.about)}
    if finding.place is not None:
        uri = quote(legal(finding.place.file))
        # With a slash in front, a reference names another host or the root of a disk, whatever it is relative to.
        location = {"uri": f".{uri}" if uri.startswith("/") else uri, "uriBaseId": _ROOT}
        region = {"startLine": finding.place.line}
        made["locations"] = [{"physicalLocation": {"artifactLocation": location, "region": region}}]
    return made


def _fingerprint(finding: Finding) -> str:
    """What makes it the same finding when lines above it come and go: everything but the line."""
    file = "" if finding.place is None else finding.place.file
    words = "\0".join((finding.subtype, file, finding.about, finding.message))
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()


def _pascal(rule: str) -> str:
    return "".join(part.capitalize() for part in rule.split("_"))
