"""Reads test maps: YAML files that say what tests verify that cannot say it themselves.

.. code-block:: yaml

    links:
      - tests: "d/test-*"            # a pattern of classname::name, or a list of them
        report: "build/smoke-*.xml"  # only in these reports
        target: arm64                # only where it ran on this
        verifies: XenProd~version_hcall~1
        level: integration
        comment: The tests of the tools, which Xen's CI runs in dom0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sphinx_xenfusa.evidence.entry_files import Entry, read_entries
from sphinx_xenfusa.evidence.name_patterns import Pattern
from sphinx_xenfusa.trace.record import Finding, Place, Tag
from sphinx_xenfusa.trace.test_methods import FIELDS

WHAT = "a test map"


@dataclass(frozen=True, slots=True)
class MapEntry:
    """What some tests verify, and how.

    :param patterns: the tests, each pattern with its place.
    :param verifies: tags, each with the place where it is written.
    :param partially_verifies: as ``verifies``.
    :param method: words of a method by field, each with its place.
    """

    patterns: tuple[Pattern, ...]
    verifies: tuple[tuple[str, Place], ...]
    partially_verifies: tuple[tuple[str, Place], ...]
    method: Mapping[str, tuple[str, Place]]


def read_map(path: Path, shown: str) -> tuple[tuple[MapEntry, ...], tuple[Finding, ...]]:
    """The entries of a map, and what is wrong with it; a malformed entry or tag is left out, and the rest counts.

    :param shown: the file as places in the record name it.
    """
    entries, findings = read_entries(path, shown, "test_map", "links", WHAT)
    told = [*findings]
    made = tuple(kept for entry in entries if (kept := _entry(entry, told)) is not None)
    return made, tuple(sorted(told, key=lambda one: one.place.line if one.place else 0))


def _entry(entry: Entry, told: list[Finding]) -> MapEntry | None:
    report, target = (entry.data.get(key, "") for key in ("report", "target"))
    patterns = tuple(Pattern(text, place, report, target) for text, place in entry.texts("tests"))
    method = {field: (entry.data[field], entry.place(field)) for field in FIELDS if field in entry.data}
    if not method and not {"verifies", "partially_verifies"} & entry.data.keys():
        found = "found an entry that says nothing of its tests"
        expected = f"expected verifies, partially_verifies or one of {', '.join(FIELDS)}"
        told.append(Finding("input", entry.place(), entry.file, f"{found}; {expected} (an entry of {WHAT})"))
        return None
    full, part = (_tags(entry.texts(key), told) for key in ("verifies", "partially_verifies"))
    return MapEntry(patterns, full, part, method)


def _tags(texts: Iterable[tuple[str, Place]], told: list[Finding]) -> tuple[tuple[str, Place], ...]:
    """The tags that are well-formed; each other one is a finding."""
    kept = []
    for text, place in texts:
        try:
            Tag.parse(text)
        except ValueError as error:
            subtype = "revision" if str(error).startswith("found revision") else "tag"
            told.append(Finding(subtype, place, text, f"{error}; the tag is left out of the test map"))
        else:
            kept.append((text, place))
    return tuple(kept)
