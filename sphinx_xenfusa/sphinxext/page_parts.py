"""What every page that stands in no document is made of: its head, the way back, facts, and tables that scroll by themselves.

Each begins alike: what it is, the way back to its list, the state, and of which revision it tells.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from docutils import nodes
from sphinx.builders import Builder

from sphinx_xenfusa.interop.visible import visible_lines
from sphinx_xenfusa.sphinxext.blocks import paragraph
from sphinx_xenfusa.sphinxext.fragments import html_of
from sphinx_xenfusa.trace.record import TraceRecord

_COMMIT_SHOWN = 12
"""Hexadecimal digits of a commit: enough to find it, few enough to be read."""

Way = Sequence[tuple[str, str]]
"""Name and title of the pages above a page, the topmost first."""


def head(builder: Builder, page: str, title: str, way: Way, state: Sequence[nodes.Node], record: TraceRecord) -> str:
    """The head of a page.

    :param state: what the page comes to, as symbol and words; nothing where there is no such thing.
    """
    said = [html_of([paragraph(nodes.strong("", "State: "), *state, classes=["xenfusa-headline"])])] if state else []
    of = html_of([paragraph(f"Of {revision_words(record)}.", classes=["xenfusa-of"])])
    return "".join([heading(title, 1), *_way_back(builder, page, way), *said, of])


def revision_words(record: TraceRecord) -> str:
    """The project with its version and the commit that the record is about, as far as that is known."""
    name = visible_lines(f"{record.project} {record.version}".strip())
    known = record.documented
    if not known.commit:
        return f"{name}, commit not known" + (f" ({known.why.rstrip('.')})" if known.why else "")
    changed = {True: ", with changes that it has not", False: "", None: ", nobody says whether with changes"}
    return f"{name}, commit {visible_lines(known.commit[:_COMMIT_SHOWN])}{changed[known.dirty]}"


def _way_back(builder: Builder, page: str, way: Way) -> list[str]:
    if not way:
        return []
    links: list[str | nodes.Node] = ["← "]
    for number, (above, title) in enumerate(way):
        links += [" · "] if number else []
        uri = builder.get_relative_uri(page, above)
        links.append(nodes.reference("", visible_lines(title), internal=True, refuri=uri))
    return [html_of([paragraph(*links, classes=["xenfusa-way"])])]


def heading(words: str, level: int, id: str = "") -> str:
    """A heading of untrusted words."""
    place = f' id="{html.escape(id)}"' if id else ""
    return f"<h{level}{place}>{text(words)}</h{level}>\n"


def text(words: str) -> str:
    """Untrusted words, safe within an element."""
    return html.escape(visible_lines(words))


def facts(told: Iterable[tuple[str, Sequence[nodes.Node]]]) -> nodes.field_list:
    """Names with what is said under each; those of which nothing is said are left out."""
    made = nodes.field_list(classes=["xenfusa-facts"])
    for name, value in told:
        if value:
            shown = nodes.field_name("", visible_lines(name))
            made += nodes.field("", shown, nodes.field_body("", paragraph(*value)))
    return made


def written(parts: Iterable[nodes.Node]) -> str:
    """Nodes as the body of a page has them: tables scroll by themselves."""
    return html_of(parts)


def whole(parts: Iterable[str]) -> str:
    """The body of a page."""
    return f'<div class="xenfusa-results">\n{"".join(parts)}</div>\n'
