"""The folded parts of a page, written to HTML as soon as they are made.

A requirement's traces are most of the nodes of its page, and every node is looked at by a dozen transforms, by the search index
and by the writer.  What is folded is made of a handful of kinds of node; it is written here, in the form in which Sphinx's own
writer has them, and stands on the page as one node.  A kind that is not known here is left to Sphinx.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping

from docutils import nodes

from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.builder_links import shortened


class NotKnown(Exception):
    """A kind of node that is not written here; the argument is its name."""


def html_of(children: Iterable[nodes.Node]) -> str:
    """The nodes as HTML.

    :raises NotKnown: one of them, or a node within it, is none of the kinds that are written here.
    """
    return "".join(_html(child) for child in children)


def _html(node: nodes.Node) -> str:
    if isinstance(node, nodes.Text):
        return html.escape(node.astext())
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
    words = (f'<span class="pre">{html.escape(word)}</span>' for word in node.astext().split())
    return f"{_start('code', node, 'docutils', 'literal', 'notranslate')}{' '.join(words)}</code>"


def _reference(node: nodes.Element) -> str:
    if "refuri" not in node and "refid" not in node:
        raise NotKnown("reference without a target")
    target = html.escape(shortened(node.get("refuri") or f"#{node['refid']}"))
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


def _table(node: nodes.Element) -> str:
    hidden = {"colwidths-given"}
    node["classes"] = [one for one in node["classes"] if one not in hidden]
    title = next(iter(node.findall(nodes.title)), None)
    widths = [column["colwidth"] for column in node.findall(nodes.colspec)]
    made = [_start("table", node, "docutils", "align-default"), "\n"]
    if title is not None:
        made.append(f'<caption><span class="caption-text">{html_of(title.children)}</span></caption>\n')
    made.append("<colgroup>\n")
    made += [f'<col style="width: {100 * width / sum(widths):.1f}%" />\n' for width in widths]
    made.append("</colgroup>\n")
    for part, tag in ((nodes.thead, "th"), (nodes.tbody, "td")):
        for body in node.findall(part):
            name = "thead" if part is nodes.thead else "tbody"
            rows = (_row(row, tag, number + (part is nodes.tbody)) for number, row in enumerate(body.children))
            made.append(f"<{name}>\n{''.join(rows)}</{name}>\n")
    return "".join([*made, "</table>\n"])


def _row(row: nodes.Node, tag: str, number: int) -> str:
    head = ' class="head"' if tag == "th" else ""
    ids = row.get("ids", ()) if isinstance(row, nodes.Element) else ()
    name = f' id="{html.escape(ids[0])}"' if ids else ""
    cells = "\n".join(f"<{tag}{head}>{html_of(cell.children)}</{tag}>" for cell in row.children)
    return f'<tr class="row-{"even" if number % 2 else "odd"}"{name}>{cells}\n</tr>\n'


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
