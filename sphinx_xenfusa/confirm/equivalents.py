"""The reviewed list of equivalent mutants: edits of the model that change nothing which could be observed.

An entry names the function or table row and the text, never a line number, and says why.  It has to match exactly as many
survivors as it says; an entry that matches none any more is a finding, because what it excuses has gone or has been refuted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sphinx_xenfusa.explore.survivors import Mutants, Survivor
from sphinx_xenfusa.trace.record import Finding, Place

EQUIVALENTS = Path(__file__).parents[1] / "claims" / "equivalents.yaml"

_WHAT = "a list of equivalent mutants"
_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["equivalents"],
    "properties": {
        "equivalents": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["where", "operator", "before", "after", "reason", "reviewer"],
                "properties": {
                    "where": _TEXT,
                    "line": _TEXT,
                    "operator": _TEXT,
                    "before": _TEXT,
                    "after": _TEXT,
                    "times": {"type": "integer", "minimum": 1},
                    "reason": _TEXT,
                    "reviewer": _TEXT,
                },
            },
        }
    },
}

Identity = tuple[str, str, str, str, str]
"""What tells a mutant from others without line numbers: place, source line, operator, before, after."""


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A reviewed entry.

    :param times: how many survivors it stands for.
    :param place: where the entry stands.
    """

    identity: Identity
    times: int
    reason: str
    reviewer: str
    place: Place


def identity(survivor: Survivor) -> Identity:
    """What an entry has to name."""
    report = survivor.report
    return without_line(report.where), survivor.line, report.operator, report.before, report.after


def without_line(where: str) -> str:
    """``file function`` of ``file:line function``; a place without a line number is left as it is."""
    file, colon, rest = where.partition(":")
    number, blank, name = rest.partition(" ")
    return f"{file} {name}" if colon and blank and number.isdigit() else where


def read_equivalents(path: Path = EQUIVALENTS) -> tuple[Equivalent, ...]:
    """Read and check a list.

    :raises InputError: with file and line, for anything that is no such list, and for an entry that stands twice.
    """
    # A list that is kept in another form is used without YAML.
    from sphinx_xenfusa.platforms.located_yaml import load_file, validate

    located = load_file(path, what=_WHAT)
    validate(located, _SCHEMA, _WHAT)
    entries: dict[Identity, Equivalent] = {}
    for i, entry in enumerate(located.data["equivalents"]):
        named: Identity = (entry["where"], entry.get("line", ""), entry["operator"], entry["before"], entry["after"])
        if named in entries:
            raise located.error(
                ("equivalents", i), f"a second entry for {entry['operator']} in {entry['where']}", "one"
            )
        place = Place(path.name, located.line_of("equivalents", i))
        entries[named] = Equivalent(named, entry.get("times", 1), entry["reason"], entry["reviewer"], place)
    return tuple(entries.values())


def reviewed(mutants: Mutants, entries: Iterable[Equivalent]) -> tuple[Mutants, tuple[Finding, ...]]:
    """The mutants with the reasons of the entries that match, and a finding for each entry that does not."""
    counts = Counter(identity(one) for one in mutants.survivors)
    reasons: dict[Identity, str] = {}
    findings: list[Finding] = []
    for entry in entries:
        if counts[entry.identity] == entry.times:
            reasons[entry.identity] = f"{entry.reason} (reviewed by {entry.reviewer})"
            continue
        where, _, operator, before, after = entry.identity
        message = (
            f"found {counts[entry.identity]} surviving mutants for the equivalent {operator} in {where}: {before} -> {after}; "
            f"expected {entry.times}"
        )
        findings.append(Finding("equivalent", entry.place, where, message))
    survivors = tuple(replace(one, equivalent=reasons.get(identity(one), "")) for one in mutants.survivors)
    return replace(mutants, survivors=survivors), tuple(findings)
