"""Writes the trace record as OpenFastTrace's aspec report: the items, with their coverage and what covers them.

Every state is the record's own.  Coverage in depth is ``COVERED``, ``UNCOVERED`` or ``CYCLE``.  A link that covers rightly an
item which is covered in depth itself is ``COVERING``; one from an item that is not, or whose target's text changed since it
was accepted, is ``UNCOVERED``; one to another revision ``COVERING_WRONG_VERSION``; one that nobody asked for, or to an item that
stands twice, ``UNEXPECTED``.

:func:`sphinx_xenfusa.interop.specobject.read_specobject` reads it back.

Source: OpenFastTrace 4, ``ASpecReport.java``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from sphinx_xenfusa.interop.specobject import document, element, split_tag, within
from sphinx_xenfusa.trace.record import Item, Link, Tag, TracedItem, TraceRecord
from sphinx_xenfusa.trace.states import Coverage, LinkStatus

_OTHER_REVISION = frozenset({LinkStatus.OUTDATED, LinkStatus.PREDATED})
_COVERING = {
    LinkStatus.OUTDATED: "COVERING_WRONG_VERSION",
    LinkStatus.PREDATED: "COVERING_WRONG_VERSION",
    LinkStatus.UNWANTED: "UNEXPECTED",
    LinkStatus.AMBIGUOUS: "UNEXPECTED",
    LinkStatus.SUSPECT: "UNCOVERED",
}


def write_aspec(record: TraceRecord) -> str:
    """The record as an aspec report."""
    covering = _Covering(record)
    traced = {one.item.tag: one for one in record.items}

    def links(item: Item) -> Iterator[str]:
        yield from _coverage(traced[item.tag], covering)
        yield from within("covering", _named("coveredType", item.covers))
        yield from within("dependencies", _named("dependsOnSpecObject", item.depends))

    return document((one.item for one in record.items), links)


class _Covering:
    """What covers an item, rightly or not, as the record has it."""

    def __init__(self, record: TraceRecord) -> None:
        self._items = {str(one.item.tag): one for one in record.items}
        self._same: defaultdict[str, list[Link]] = defaultdict(list)
        self._other: defaultdict[tuple[str, str], list[Link]] = defaultdict(list)
        for link in record.links:
            target = split_tag(link.target) if link.type == "covers" else None
            if target is None:
                continue
            if link.status in _OTHER_REVISION:
                self._other[target.type, target.name].append(link)
            elif link.status is LinkStatus.COVERS or link.status in _COVERING:
                self._same[link.target].append(link)

    def of(self, tag: Tag) -> Iterator[tuple[Link, TracedItem]]:
        """Each link to an item, to other revisions of it included, with what it comes from."""
        for link in (*self._same.get(str(tag), ()), *self._other.get((tag.type, tag.name), ())):
            if link.source in self._items:
                yield link, self._items[link.source]


def _coverage(traced: TracedItem, covering: _Covering) -> list[str]:
    covered = [type for type in traced.item.needs if type not in traced.uncovered]
    objects = [
        line
        for link, source in covering.of(traced.item.tag)
        for line in within("coveringSpecObject", _covering_object(link, source))
    ]
    return within(
        "coverage",
        [
            *within("needscoverage", (element("needsobj", type) for type in traced.item.needs)),
            element("shallowCoverageStatus", _shallow(traced)),
            element("deepCoverageStatus", traced.coverage.name),
            *(within("coveringSpecObjects", objects) or ["<coveringSpecObjects></coveringSpecObjects>"]),
            *within("coveredTypes", (element("coveredType", type) for type in covered)),
            *within("uncoveredTypes", (element("uncoveredType", type) for type in traced.uncovered)),
        ],
    )


def _covering_object(link: Link, source: TracedItem) -> Iterator[str]:
    yield from _id(source.item.tag)
    yield element("status", source.item.oft_status.value)
    yield element("ownCoverageStatus", _shallow(source))
    yield element("deepCoverageStatus", source.coverage.name)
    whole = "COVERING" if source.coverage is Coverage.COVERED else "UNCOVERED"
    yield element("coveringStatus", _COVERING.get(link.status, whole))


def _shallow(traced: TracedItem) -> str:
    return "UNCOVERED" if traced.uncovered else "COVERED"


def _named(name: str, tags: Iterable[str]) -> Iterator[str]:
    """The tags that are well-formed, each in an element; others stand in our own namespace."""
    for text in tags:
        tag = split_tag(text)
        if tag is not None:
            yield from within(name, _id(tag))


def _id(tag: Tag) -> Iterator[str]:
    yield element("id", tag.name)
    yield element("version", tag.revision)
    yield element("doctype", tag.type)
