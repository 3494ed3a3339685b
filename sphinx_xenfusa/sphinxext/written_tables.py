"""Our tables on the pages of HTML, each written at once as ``fragments`` writes it.

Sphinx's writer gives columns their widths by inline styles, headings no scope, and looks at every node of ten thousand rows.
What a table says stays there as text, for the search of the pages.
"""

from __future__ import annotations

import html

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder

from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.fragments import NotKnown, html_of
from sphinx_xenfusa.sphinxext.spelled_out import html_spelled_out

OURS = "xenfusa-table"


def connect(app: Sphinx) -> None:
    """Write the tables once all of their links are made and mended."""
    app.connect("doctree-resolved", _write, priority=960)


def _write(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    builder = app.builder
    if not isinstance(builder, StandaloneHTMLBuilder):
        return
    tables = [node for node in markup.walk(doctree) if isinstance(node, nodes.table) and OURS in node["classes"]]
    for table in tables:
        link = _link(builder, table)
        title = next((child for child in table.children if isinstance(child, nodes.title)), None)
        if link is not None and title is not None:
            title += link
        try:
            written = markup.written("", nodes.Text(table.astext()), html=html_spelled_out(html_of([table])))
        except NotKnown:
            _leave(table)
            if link is not None and title is not None:
                title.remove(link)
            continue
        _outermost(table).replace_self(written)


def _link(builder: StandaloneHTMLBuilder, table: nodes.table) -> markup.written | None:
    """The link to a table beside its caption, as Sphinx has it; nothing where there are none."""
    if not (builder.config.html_permalinks and builder.add_permalinks and any(table["ids"])):
        return None
    target, icon = html.escape(table["ids"][0]), builder.config.html_permalinks_icon
    return markup.written(html=f'<a class="headerlink" href="#{target}" title="Link to this table">{icon}</a>')


def _leave(table: nodes.table) -> None:
    """Leave a table to Sphinx, which writes no style where it is to give no widths."""
    table["classes"] = [one for one in table["classes"] if one != "colwidths-given"] + ["colwidths-auto"]


def _outermost(table: nodes.table) -> nodes.Element:
    """The table with the container that a theme has put around it."""
    around = table.parent
    wrapped = isinstance(around, nodes.container) and "table-wrapper" in around["classes"] and len(around) == 1
    return around if wrapped and isinstance(around, nodes.Element) else table
