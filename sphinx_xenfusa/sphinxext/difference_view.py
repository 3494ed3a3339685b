"""A difference as document nodes: totals, then a table for each kind of change and for what it asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from docutils import nodes

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.baseline_file import read_snapshot
from sphinx_xenfusa.interop.diff_report import Note, Row, Section, report
from sphinx_xenfusa.sphinxext.agreements import Agreements
from sphinx_xenfusa.sphinxext.views import Cell, Views, paragraph
from sphinx_xenfusa.trace.diff import compare
from sphinx_xenfusa.trace.impact import impact
from sphinx_xenfusa.trace.snapshot import Snapshot, snapshot
from sphinx_xenfusa.trace.word_diff import Part, visible

_CLASSES = {Part.REMOVED: "xenfusa-removed", Part.ADDED: "xenfusa-added"}
_MARKS = {Part.REMOVED: ("[-", "-]"), Part.ADDED: ("{+", "+}")}
"""Outside of the line through the words, which would hide them."""
_WIDTHS = (14, 86)


def difference_nodes(
    docname: str, views: Views, asked: nodes.Element, agreements: Agreements | None
) -> list[nodes.Node]:
    """The difference that a directive asks for; without the files that it needs, words that say so."""
    baseline = None if agreements is None else agreements.snapshot
    try:
        before = read_snapshot(Path(asked["before"])) if asked["before"] else baseline
        after = read_snapshot(Path(asked["after"])) if asked["after"] else snapshot(views.record, "this build")
    except InputError:
        before = None
    if before is None:
        return [paragraph("Nothing is compared: the baseline could not be read.")]
    return list(_shown(docname, views, before, after))


def _shown(docname: str, views: Views, before: Snapshot, after: Snapshot) -> Iterator[nodes.Node]:
    difference = compare(before, after)
    made = report(difference, impact(difference))
    yield paragraph(nodes.strong("", visible(made.title)), ".")
    totals = nodes.bullet_list(classes=["xenfusa-totals"])
    totals += [nodes.list_item("", paragraph(visible(words))) for words in made.summary]
    yield totals
    for section in made.sections:
        yield _table(docname, views, section)


def _table(docname: str, views: Views, section: Section) -> nodes.table:
    rows = [_row(docname, views, row) for row in section.rows]
    return views.table(section.heading, ("Change", "What"), _WIDTHS, rows, "xenfusa-difference", "xenfusa-filterable")


def _row(docname: str, views: Views, row: Row) -> Sequence[Cell]:
    subject = paragraph(views.link(docname, row.subject, visible(row.subject)))
    return f"{row.symbol} {row.word}", [subject, *map(_note, row.notes)]


def _note(note: Note) -> nodes.paragraph:
    if note.diff is None:
        return paragraph(visible(note.words))
    how = "" if note.diff.pieces == "words" else f" (too long for words; compared by {note.diff.pieces})"
    made = paragraph(f"{note.words}{how}:")
    for part, text in note.diff.parts:
        if part is Part.SAME:
            made += nodes.Text(f" {visible(text)}")
            continue
        opening, closing = _MARKS[part]
        changed = nodes.inline("", visible(text), classes=[_CLASSES[part]])
        made += [nodes.Text(f" {opening}"), changed, nodes.Text(closing)]
    return made
