"""Nodes of our own: placeholders that a view replaces, and a part of a page that unfolds.

Each placeholder is replaced by ordinary document nodes once the record is known, so that every builder can write it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeGuard

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config


class evidence(nodes.General, nodes.Element):
    """Stands for what is known of one requirement; attributes ``tag`` and ``title``."""


class mark(nodes.Inline, nodes.Element):
    """Stands for the mark after a sentence of which an overlay makes a requirement; attribute ``tag``."""


class overlaid(nodes.General, nodes.Element):
    """Stands for the evidence of such a requirement at the end of the page; attribute ``tag``."""


class unclaimed(nodes.General, nodes.Element):
    """Stands for the normative sentences that no requirement claims."""


class oft_evidence(nodes.General, nodes.Element):
    """Stands for what is known of one item of Xen's own documents; attribute ``tag``."""


class matrix(nodes.General, nodes.Element):
    """Stands for a matrix; attribute ``asked``, what of it."""


class summary(nodes.General, nodes.Element):
    """Stands for the totals."""


class dashboard(nodes.General, nodes.Element):
    """Stands for a dashboard; attribute ``most``, how many entries need attention first at the most."""


class register(nodes.General, nodes.Element):
    """Stands for registers; attributes ``asked``, their names, and ``again``, those that stand further up on the page."""


class verdict(nodes.Inline, nodes.TextElement):
    """Stands for a verdict within a sentence; attributes ``asked`` and ``words``.

    A copy may stay in a table of contents, where its text is all that is shown.
    """


class platform(nodes.General, nodes.Element):
    """Stands for what is found of one platform; attributes ``docname`` and ``number`` (its place in the document)."""


class scenario(nodes.General, nodes.Element):
    """Stands for what came of one scenario; attributes as for a platform."""


class survivors(nodes.General, nodes.Element):
    """Stands for the list of mutants that nothing kills."""


class decisions(nodes.General, nodes.Element):
    """Stands for the table of who may do what."""


class conformance(nodes.General, nodes.Element):
    """Stands for the table of the VirtIO standard's demands."""


class tallies(nodes.General, nodes.Element):
    """Stands for what the search of one claim counted; attribute ``claim``."""


class tests(nodes.General, nodes.Element):
    """Stands for lists of tests; attribute ``asked``, the names of the lists, none for that of the reports."""


class test_runs(nodes.General, nodes.Element):
    """Stands for the runs of tests and the reports that they wrote."""


class about(nodes.General, nodes.Element):
    """Stands for what the evidence was made from, with and how; attribute ``asked``, the parts, none for all."""


class difference(nodes.General, nodes.Element):
    """Stands for a difference; attributes ``before`` and ``after``: files, empty for the baseline and for this build."""


class graph(nodes.General, nodes.Element):
    """Stands for the neighbourhood of an item; attribute ``tag``."""


PLACEHOLDERS: tuple[type[nodes.Element], ...] = (
    graph,
    mark,
    overlaid,
    unclaimed,
    evidence,
    oft_evidence,
    matrix,
    summary,
    dashboard,
    register,
    verdict,
    platform,
    scenario,
    survivors,
    conformance,
    decisions,
    tallies,
    difference,
    about,
    tests,
    test_runs,
)
"""All that a view replaces."""

_PLACEHOLDERS: frozenset[type] = frozenset(PLACEHOLDERS)


def is_placeholder(node: nodes.Node) -> TypeGuard[nodes.Element]:
    """Whether a view replaces a node."""
    return type(node) in _PLACEHOLDERS


EVIDENCE = (evidence, overlaid, oft_evidence)
"""Those that show the state of a requirement where it stands."""


class unfolding(nodes.General, nodes.Element):
    """A part that is folded at first; attribute ``heading``.  Only in formats that can fold (HTML).

    With an attribute ``html`` the part is written already, and its children are there for the search index only.
    """


class written(nodes.General, nodes.Element):
    """A part of an HTML page that is written already, attribute ``html``; its children are there for the search index only."""


class drawing(nodes.General, nodes.Element):
    """A drawing: SVG in HTML (attribute ``svg``), and in every format its children, which say the same in words.

    Made by ``drawings.drawing``.
    """


def walk(top: nodes.Node) -> Iterator[nodes.Node]:
    """A node and all below it, in their order.

    What ``findall`` of docutils gives, without a generator for each level: walks are most of what a large page costs.
    """
    left = [top]
    while left:
        node = left.pop()
        yield node
        if node.children:
            left.extend(reversed(node.children))


def refused(title: str, content: Sequence[nodes.Node], tag: str = "") -> nodes.admonition:
    """What cannot be a requirement: its content, under a heading that says so.

    :param tag: the tag that it shares with another requirement, if that is why.
    """
    box = nodes.admonition(classes=["xenfusa-refused"])
    box += nodes.title("", "Not a requirement: " + title)
    if tag:
        box["tag"] = tag
        box += nodes.paragraph("", f"The tag {tag} stands more than once.")
    box += list(content)
    return box


def unknown_term(kind: str, name: str, content: Sequence[nodes.Node]) -> nodes.admonition:
    """What describes a name that the vocabulary does not know: the author's text, under a heading that says so."""
    box = nodes.admonition(classes=["xenfusa-refused"])
    box += nodes.title("", f"Not in the vocabulary: the {kind} {name}")
    box += nodes.paragraph("", "The model does not know it; nothing can be shown of it.")
    box += list(content)
    return box


def _start(translator: Any, node: unfolding) -> None:
    translator.body.append(translator.starttag(node, "details", CLASS="xenfusa-unfolding"))
    translator.body.append(f"<summary>{translator.encode(node['heading'])}</summary>\n")
    if "html" in node:
        translator.body.append(node["html"] + "</details>\n")
        raise nodes.SkipNode


def _end(translator: Any, node: unfolding) -> None:
    translator.body.append("</details>\n")


def _as_written(translator: Any, node: written) -> None:
    translator.body.append(node["html"])
    raise nodes.SkipNode


def _drawn(translator: Any, node: drawing) -> None:
    translator.body.append(f'<div class="xenfusa-drawing">{node["svg"]}</div>\n')


def _nothing(translator: Any, node: nodes.Element) -> None:
    """The text alone is written."""


def add_nodes(app: Sphinx) -> None:
    """Register the nodes; the placeholders never reach a writer."""
    folding = (_start, _end)
    # Sphinx looks under the builder's name first, where another extension may have registered nodes of its own.
    app.add_node(unfolding, html=folding, dirhtml=folding, singlehtml=folding, epub=folding)
    as_written = (_as_written, _nothing)
    app.add_node(written, html=as_written, dirhtml=as_written, singlehtml=as_written, epub=as_written)
    for_text = (_nothing, _nothing)
    for node, in_html in ((drawing, (_drawn, _nothing)), (verdict, for_text)):
        app.add_node(
            node,
            html=in_html,
            dirhtml=in_html,
            singlehtml=in_html,
            epub=in_html,
            latex=for_text,
            text=for_text,
            man=for_text,
            texinfo=for_text,
        )
    for placeholder in PLACEHOLDERS:
        if placeholder is not verdict:
            app.add_node(placeholder)
    app.connect("config-inited", _share_handlers, priority=950)


def _share_handlers(app: Sphinx, config: Config) -> None:
    """Let nodes that are known for HTML be known to each builder that writes it.

    Sphinx asks for HTML only where nobody has registered anything under the builder's name; we have, and sphinx-needs, which
    registers its flows and parts for HTML alone, would end such a build.
    """
    registered = app.registry.translation_handlers
    for name in ("dirhtml", "singlehtml", "epub"):
        registered[name] = registered.get("html", {}) | registered.get(name, {})
