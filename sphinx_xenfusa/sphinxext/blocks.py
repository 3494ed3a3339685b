"""What the views are made of: words, paragraphs and tables as document nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from docutils import nodes


def capitalised(words: str) -> str:
    """Words at the beginning of a line; names within them stay as they are."""
    return words[:1].upper() + words[1:]


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def paragraph(*parts: str | nodes.Node, classes: Sequence[str] = ()) -> nodes.paragraph:
    """A paragraph of texts and inline nodes."""
    made = nodes.paragraph(classes=list(classes))
    for part in parts:
        made += nodes.Text(part) if isinstance(part, str) else part
    return made


Cell = str | nodes.Node | Sequence[nodes.Node]


def _entry(cell: Cell) -> nodes.entry:
    made = nodes.entry()
    if isinstance(cell, str):
        made += nodes.paragraph("", cell)
    elif isinstance(cell, nodes.Node):
        made += cell if isinstance(cell, nodes.paragraph) else paragraph(cell)
    else:
        made += list(cell)
    return made


def table(
    title: str,
    headings: Sequence[str],
    widths: Sequence[int],
    rows: Iterable[Sequence[Cell]],
    *classes: str,
    id: str = "",
) -> nodes.table:
    """A table with a caption and a header row."""
    made = nodes.table(classes=["xenfusa-table", "colwidths-given", "longtable", *classes], ids=[id])
    made += nodes.title("", title)
    group = nodes.tgroup(cols=len(headings))
    made += group
    for width in widths:
        group += nodes.colspec(colwidth=width)
    head, body = nodes.thead(), nodes.tbody()
    group += [head, body]
    row = nodes.row()
    row += [_entry(heading) for heading in headings]
    head += row
    for cells in rows:
        row = nodes.row()
        row += [_entry(cell) for cell in cells]
        body += row
    return made
