"""The normative sentences that no requirement claims, and those that an overlay marks as informative, document by document."""

from __future__ import annotations

from collections.abc import Sequence

from docutils import nodes

from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.views import Cell, Views, paragraph
from sphinx_xenfusa.trace.record import Statement
from sphinx_xenfusa.trace.states import Result


def unclaimed_nodes(views: Views) -> list[nodes.Node]:
    """The table of documents, then a table of sentences for each document that has any."""
    if not views.record.documents:
        state = marked(Result.NOT_RUN, "nothing was looked at")
        why = ": neither an overlay nor the setting xenfusa_unclaimed names a document."
        return [paragraph(nodes.strong("", "Unclaimed statements: "), state, why, classes=["xenfusa-no-entry"])]
    made = documents(views)
    for one in views.record.documents:
        if one.unclaimed:
            rows = _rows(one.unclaimed)
            made.append(
                views.table(
                    f"Unclaimed in {one.file}",
                    ("Place", "Sentence"),
                    (24, 76),
                    rows,
                    "xenfusa-unclaimed",
                    "xenfusa-filterable",
                )
            )
        if one.informative:
            informative = [
                (*row, statement.reason) for row, statement in zip(_rows(one.informative), one.informative, strict=True)
            ]
            headings = ("Place", "Sentence", "Why it asks for nothing")
            made.append(
                views.table(
                    f"Informative in {one.file}",
                    headings,
                    (24, 40, 36),
                    informative,
                    "xenfusa-informative",
                    "xenfusa-filterable",
                )
            )
    return made


def _rows(statements: Sequence[Statement]) -> list[Sequence[Cell]]:
    return [(nodes.literal("", str(statement.place)), statement.text) for statement in statements]


def documents(views: Views) -> list[nodes.Node]:
    """How far the normative sentences of each document are claimed; nothing where no document is counted."""
    if not views.record.documents:
        return []
    rows: list[Sequence[Cell]] = []
    for one in views.record.documents:
        left = len(one.unclaimed)
        state = marked(Result.NONE, f"{left} unclaimed") if left else marked(Result.PASSED, "none unclaimed")
        share = f"{one.claimed} of {one.normative}" if one.normative else "n/a"
        rows.append((nodes.literal("", one.file), share, str(len(one.informative)), state))
    unclaimed = sum(len(one.unclaimed) for one in views.record.documents)
    title = f"Normative sentences of documents: {unclaimed} unclaimed"
    headings = ("Document", "Claimed by requirements", "Informative", "Unclaimed")
    return [views.table(title, headings, (40, 22, 14, 24), rows, "xenfusa-documents", "xenfusa-filterable")]
