"""The folded parts of a page, and all our tables, written to HTML as soon as they are made.

A requirement's traces are most of the nodes of its page, and every node is looked at by a dozen transforms, by the search index
and by the writer.  What is folded is made of a handful of kinds of node; it is written here, in the form in which Sphinx's own
writer has them, and stands on the page as one node.  A kind that is not known here is left to Sphinx.  A table differs from
Sphinx's: its columns have their widths by classes, not by styles, its headings their scope, and it scrolls by itself.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from docutils import nodes

from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.builder_links import shortened

_LONG_WORD = re.compile(r"\S{15,}")
"""What may be too long for a column; what is shorter fits into any."""
_BETWEEN_PARTS = re.compile(r"(?<=[^\W_])[_/]+(?=[^\W_])")
"""The ends of the parts of a name or a path."""


class NotKnown(Exception):
    """A kind of node that is not written here; the argument is its name."""


def html_of(children: Iterable[nodes.Node]) -> str:
    """The nodes as HTML.

    :raises NotKnown: one of them, or a node within it, is none of the kinds that are written here.
    """
    return "".join(_html(child) for child in children)


def _html(node: nodes.Node) -> str:
    if isinstance(node, nodes.Text):
        return _LONG_WORD.sub(_breakable, html.escape(node.astext()))
    write = _WRITERS.get(type(node))
    if write is None or not isinstance(node, nodes.Element):
        raise NotKnown(type(node).__name__)
    return write(node)


def _start(tag: str, node: nodes.Element, *classes: str) -> str:
    names = " ".join([*node.get("classes", ()), *classes])
    made = f' class="{html.escape(names)}"' if names else ""
    ids = node.get("ids", ())
    return f'<{tag}{made} id="{html.escape(ids[0])}">' if ids else f"<{tag}{made}>"


def _wrapped(tag: str, *classes: str, end: str = "") -> Callable[[nodes.Element], str]:
    return lambda node: f"{_start(tag, node, *classes)}{html_of(node.children)}</{tag}>{end}"


def _literal(node: nodes.Element) -> str:
    words = (
        f'<span class="pre">{_LONG_WORD.sub(_breakable, html.escape(word))}</span>' for word in node.astext().split()
    )
    return f"{_start('code', node, 'docutils', 'literal', 'notranslate')}{' '.join(words)}</code>"


def _breakable(word: re.Match[str]) -> str:
    """A long word as HTML that a narrow column breaks after ``_`` and ``/`` rather than anywhere."""
    return _BETWEEN_PARTS.sub(r"\g<0><wbr />", word[0])


def _reference(node: nodes.Element) -> str:
    if "refuri" not in node and "refid" not in node:
        raise NotKnown("reference without a target")
    # An empty address is a link to the page itself.
    target = html.escape(shortened(node["refuri"] if "refuri" in node else f"#{node['refid']}"))
    title = f' title="{html.escape(node["reftitle"])}"' if "reftitle" in node else ""
    kind = "internal" if node.get("internal") else "external"
    return f'<a class="reference {kind}" href="{target}"{title}>{html_of(node.children)}</a>'


def _field_list(node: nodes.Element) -> str:
    made = [_start("dl", node, "field-list", "simple"), "\n"]
    for number, field in enumerate(node.findall(nodes.field)):
        name, body = field.children
        parity = f"field-{'even' if number % 2 else 'odd'}"
        made.append(f'<dt class="{parity}">{html_of(name.children)}<span class="colon">:</span></dt>\n')
        made.append(f'<dd class="{parity}">{html_of(body.children)}</dd>\n')
    return "".join([*made, "</dl>\n"])


def columns_of(widths: Sequence[float]) -> str:
    """The columns of a table with their shares of its width, as classes: a style would not be shown under a strict policy."""
    total = sum(widths)
    columns = (f'<col class="xenfusa-share-{max(1, round(100 * width / total))}" />\n' for width in widths)
    return "".join(["<colgroup>\n", *columns, "</colgroup>\n"])


def scrolling(table: str) -> str:
    """A table, written already, that scrolls by itself where the page is narrower than it."""
    return f'<div class="xenfusa-scrolling">\n{table}</div>\n'


def _table(node: nodes.Element) -> str:
    hidden = {"colwidths-given"}
    node["classes"] = [one for one in node["classes"] if one not in hidden]
    title = next((child for child in node.children if isinstance(child, nodes.title)), None)
    made = [_start("table", node, "docutils", "align-default"), "\n"]
    if title is not None:
        said = "".join(html_of([child]) for child in title.children if not isinstance(child, markup.written))
        links = html_of(child for child in title.children if isinstance(child, markup.written))
        made.append(f'<caption><span class="caption-text">{said}</span>{links}</caption>\n')
    made.append(columns_of([column["colwidth"] for column in node.findall(nodes.colspec)]))
    for part, tag in ((nodes.thead, "th"), (nodes.tbody, "td")):
        for body in node.findall(part):
            name = "thead" if part is nodes.thead else "tbody"
            rows = (_row(row, tag, number + (part is nodes.tbody)) for number, row in enumerate(body.children))
            made.append(f"<{name}>\n{''.join(rows)}</{name}>\n")
    return scrolling("".join([*made, "</table>\n"]))


def _row(row: nodes.Node, tag: str, number: int) -> str:
    if not isinstance(row, nodes.Element):
        raise NotKnown(type(row).__name__)
    cells = "\n".join(_cell(cell, tag) for cell in row.children)
    return f"{_start('tr', row, 'row-even' if number % 2 else 'row-odd')}{cells}\n</tr>\n"


def _cell(cell: nodes.Node, tag: str) -> str:
    if not isinstance(cell, nodes.entry) or "morerows" in cell:
        raise NotKnown("cell over several rows")
    start = _start(tag, cell, "head") if tag == "th" else _start(tag, cell)
    over = f' colspan="{cell["morecols"] + 1}"' if "morecols" in cell else ""
    more = over + (' scope="col"' if tag == "th" else "")
    return f"{start.removesuffix('>')}{more}>{html_of(cell.children)}</{tag}>"


def _literal_block(node: nodes.Element) -> str:
    # The line feed after the start tag is not part of the text: a parser of HTML drops the first one.
    return f"{_start('pre', node, 'notranslate')}\n{html.escape(node.astext())}</pre>\n"


def _unfolding(node: nodes.Element) -> str:
    if "html" not in node:
        raise NotKnown("part that unfolds and is not written yet")
    summary = f"<summary>{html.escape(node['heading'])}</summary>"
    return f"{_start('details', node, 'xenfusa-unfolding')}{summary}\n{node['html']}</details>\n"


def _drawing(node: nodes.Element) -> str:
    return f'<div class="xenfusa-drawing">{node["svg"]}</div>\n{html_of(node.children)}'


def _written(node: nodes.Element) -> str:
    written: str = node["html"]
    return written


_WRITERS: Mapping[type[nodes.Node], Callable[[nodes.Element], str]] = {
    nodes.paragraph: _wrapped("p", end="\n"),
    nodes.strong: _wrapped("strong"),
    nodes.emphasis: _wrapped("em"),
    nodes.bullet_list: _wrapped("ul", "simple", end="\n"),
    nodes.list_item: _wrapped("li", end="\n"),
    nodes.inline: _wrapped("span"),
    nodes.container: _wrapped("div", "docutils", "container", end="\n"),
    nodes.literal: _literal,
    nodes.reference: _reference,
    nodes.field_list: _field_list,
    nodes.table: _table,
    nodes.literal_block: _literal_block,
    markup.unfolding: _unfolding,
    markup.written: _written,
    markup.drawing: _drawing,
}
