"""What ties tests to requirements, from the files that the settings name."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar

from sphinx.application import Sphinx

from sphinx_xenfusa.evidence.expected_tests import read_manifest
from sphinx_xenfusa.evidence.source_ties import SourceTag, TestSource
from sphinx_xenfusa.evidence.test_links import Ledger, Linked, link_cases
from sphinx_xenfusa.evidence.test_map import read_map
from sphinx_xenfusa.inputs import InputError, read_bytes
from sphinx_xenfusa.interop.lines import split_lines
from sphinx_xenfusa.interop.scan import Scanned, scan
from sphinx_xenfusa.trace.linker import TEST_TYPE
from sphinx_xenfusa.trace.record import Finding, Item, Place, TestReport

_Read = TypeVar("_Read")


def linked_tests(app: Sphinx, reports: Iterable[TestReport]) -> Linked:
    """The reports, tied to what their tests verify by whatever the settings name."""
    config = app.config
    findings: list[Finding] = []
    ledger = Ledger(
        config.xenfusa_test_properties,
        _files(app, config.xenfusa_test_map, read_map, findings),
        _sources(app, config.xenfusa_test_sources, findings),
        _files(app, config.xenfusa_expected_tests, read_manifest, findings),
    )
    linked = link_cases(reports, ledger)
    return Linked(linked.reports, linked.expected, (*findings, *linked.findings))


def _files(
    app: Sphinx,
    names: Iterable[str],
    read: Callable[[Path, str], tuple[tuple[_Read, ...], tuple[Finding, ...]]],
    findings: list[Finding],
) -> list[_Read]:
    """What the files hold, each read once."""
    found: list[_Read] = []
    for name in dict.fromkeys(names):
        path = Path(app.confdir, name)
        entries, told = read(path, Path(os.path.relpath(path, app.srcdir)).as_posix())
        found += entries
        findings += told
    return found


def _sources(app: Sphinx, patterns: Iterable[str], findings: list[Finding]) -> list[TestSource]:
    """The files that the patterns name, with the tags in them, each file once.

    A pattern may begin with ``..``: then nothing is read outside of the folder that these lead to.
    """
    by_folder: defaultdict[str, list[str]] = defaultdict(list)
    for pattern in dict.fromkeys(patterns):
        parts = PurePosixPath(pattern).parts
        upwards = next((number for number, part in enumerate(parts) if part != ".."), len(parts))
        by_folder["/".join(parts[:upwards])].append("/".join(parts[upwards:]))
    sources: dict[str, TestSource] = {}
    for folder, below in by_folder.items():
        root = Path(app.confdir, folder)
        shown = PurePosixPath(Path(os.path.relpath(root, app.srcdir)).as_posix())
        scanned = scan((), root, sources=below)
        for made in _tagged(scanned, root, shown):
            sources[made.file] = made
        findings += [_placed(finding, shown) for finding in scanned.findings]
        findings += [_other_type(item, shown) for item in scanned.items if _is_tag(item) and item.tag.type != TEST_TYPE]
    return list(sources.values())


def _is_tag(item: Item) -> bool:
    return item.origin == "source"


def _tagged(scanned: Scanned, root: Path, shown: PurePosixPath) -> Iterable[TestSource]:
    tags: defaultdict[str, list[SourceTag]] = defaultdict(list)
    for item in scanned.items:
        if _is_tag(item) and item.tag.type == TEST_TYPE:
            tags[item.place.file].append(SourceTag(item.place.line, item.tag.type, item.covers))
    for file in scanned.files:
        lines = _lines(root / file) if file in tags else ()
        yield TestSource(str(shown / file), tuple(lines), tuple(tags.get(file, ())))


def _lines(path: Path) -> Sequence[str]:
    """The lines of a file that was scanned; bytes that are no UTF-8 matter to nobody here."""
    try:
        return list(split_lines(read_bytes(path).decode("utf-8-sig", "replace")))
    except InputError:
        # Gone since it was scanned: then no test stands in it, and each of its tags is a finding.
        return ()


def _placed(finding: Finding, shown: PurePosixPath) -> Finding:
    place = finding.place
    moved = None if place is None else Place(str(shown / place.file), place.line)
    return Finding(finding.subtype, moved, finding.about, finding.message)


def _other_type(item: Item, shown: PurePosixPath) -> Finding:
    message = f"found a tag of the type {item.tag.type} in a source of tests; expected {TEST_TYPE}; it ties no test"
    return Finding("test_link", Place(str(shown / item.place.file), item.place.line), item.covers[0], message)
