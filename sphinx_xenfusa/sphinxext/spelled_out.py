"""Words from outside on a page: none of them makes a reader see another order than is stored, or runs when it is clicked.

What a view shows is read from files of others, so that every character in it that nobody sees, or that turns the direction of
writing, is spelled out.  In the prose of documents only the controls are that embed, override or isolate a direction ("Trojan
Source", CVE-2021-42574): marks and joiners belong to the languages that need them.  docutils makes a link of whatever looks like
an address, such as ``javascript:alert(1)`` in a sentence: what would run in the browser stays words.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeGuard

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder

from sphinx_xenfusa.interop import characters
from sphinx_xenfusa.interop.visible import visible_lines
from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.warning_types import warn
from sphinx_xenfusa.trace.record import Finding, Item
from sphinx_xenfusa.trace.word_diff import visible

_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_IN_HTML = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
"""What ``visible_lines`` spells out."""
_STEERING = "".join(map(chr, (*range(9), *range(11, 32), 127)))
"""Those of ASCII; to look for each is fast where there is none."""
_RUNS = re.compile(
    r"[\x00-\x20]*(?:j\s*a\s*v\s*a|v\s*b)\s*s\s*c\s*r\s*i\s*p\s*t\s*:|[\x00-\x20]*data\s*:", re.IGNORECASE
)


def connect(app: Sphinx) -> None:
    """Connect what is done to each document that is read."""
    # Before Sphinx takes titles from it.
    app.connect("doctree-read", _mend_prose, priority=100)


def html_spelled_out(text: str) -> str:
    """HTML of ours with each such character in words."""
    if text.isascii() and not any(one in text for one in _STEERING):
        return text
    return _IN_HTML.sub(lambda found: html.escape(visible(found[0])), text)


def places_in(doctree: nodes.document) -> list[nodes.Element]:
    """The placeholders of a document, found in one walk in which is spelled out what came to its prose since it was read."""
    places: list[nodes.Element] = []
    turned: list[nodes.Text] = []
    for node in markup.walk(doctree):
        if markup.is_placeholder(node):
            places.append(node)
        elif _turns(node):
            turned.append(node)
    _spell_out_prose(turned)
    return places


def spell_out(app: Sphinx, made: nodes.Node | Sequence[nodes.Node]) -> None:
    """Spell out the words of a view, but for tables of HTML, of which ``written_tables`` does the same at once."""
    is_html = isinstance(app.builder, StandaloneHTMLBuilder)
    for top in [made] if isinstance(made, nodes.Node) else made:
        for node in list(_outside_tables(top) if is_html else markup.walk(top)):
            if isinstance(node, nodes.Text) and not (node.isascii() and node.isprintable()):
                _replace(node, visible_lines(node))
            elif isinstance(node, markup.written):
                node["html"] = html_spelled_out(node["html"])
            elif isinstance(node, nodes.reference) and "reftitle" in node:
                node["reftitle"] = visible_lines(node["reftitle"])


def _outside_tables(top: nodes.Node) -> Iterator[nodes.Node]:
    left = [top]
    while left:
        node = left.pop()
        yield node
        if not isinstance(node, nodes.tgroup):
            left.extend(reversed(node.children))


def _replace(node: nodes.Text, words: str) -> None:
    if words != node and node.parent is not None:
        node.parent.replace(node, nodes.Text(words))


def turned_texts(items: Iterable[Item]) -> Iterator[Finding]:
    """A finding for each item of a directive or an overlay whose words hold a control of the direction of writing.

    Of items in documents of others it is told where they are read, line by line.
    """
    for item in items:
        for name in ("title", "text", "rationale", "comment", "owner", "discharge"):
            text = getattr(item, name)
            if item.origin in ("directive", "overlay") and not text.isascii() and characters.turns(text):
                found = f"found {characters.named(text)} of the {name} of {item.tag}"
                wanted = "expected text that reads in the order in which it is stored"
                yield Finding("character", item.place, str(item.tag), f"{found}; {wanted}")


def _mend_prose(app: Sphinx, doctree: nodes.document) -> None:
    """Spell out prose, before titles are taken from it, and leave out links that run."""
    links: list[nodes.reference] = []
    turned: list[nodes.Text] = []
    for node in markup.walk(doctree):
        if isinstance(node, nodes.reference):
            links += [node] if _RUNS.match(node.get("refuri", "")) else []
        elif isinstance(node, addnodes.toctree):
            _leave_out_entries(node)
        elif _turns(node):
            turned.append(node)
    _spell_out_prose(turned)
    for link in links:
        _warn_of(link["refuri"], "it stays words", link)
        link.replace_self(nodes.inline("", "", *link.children))


def _leave_out_entries(contents: addnodes.toctree) -> None:
    """Leave out of a table of contents what would run; any page can show it in its margin."""
    for entry in [entry for entry in contents["entries"] if _RUNS.match(entry[1])]:
        _warn_of(entry[1], "it is left out", contents)
        contents["entries"].remove(entry)


def _warn_of(address: str, done: str, place: nodes.Element) -> None:
    found = f"found a link to {address[:60]!r}, which would run in a browser"
    warn("harmful_link", f"{found}; expected an address: {done}", place)


def _turns(node: nodes.Node) -> TypeGuard[nodes.Text]:
    return isinstance(node, nodes.Text) and not node.isascii() and _CONTROLS.search(node) is not None


def _spell_out_prose(turned: Iterable[nodes.Text]) -> None:
    for node in turned:
        _replace(node, _CONTROLS.sub(lambda found: visible(found[0]), node))
