"""Links and their places as some builders need them.

- ``singlehtml``: Sphinx (8.2 and later, issue 14221, open) writes a link to a place in another source document as
  ``#document-NAME#PLACE``.  No browser follows that: all is on one page, and the place alone is the address.
- ``latex``: the writer drops the id of an OpenFastTrace tag, because it knows no ids at words in single backquotes.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders import Builder

_TWO_ANCHORS = re.compile(r"#document-[^#]*(?P<place>#.+)")


def connect(app: Sphinx) -> None:
    """Mend links and places once all of them are made."""
    app.connect("doctree-resolved", _mend, priority=950)


def _mend(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    if app.builder.name == "singlehtml":
        _shorten_links(doctree)
    if app.builder.format == "latex":
        _place_tags(doctree)


def address(builder: Builder, fromdoc: str, docname: str, place: str) -> str:
    """The address of a place in a document, for a link on the page of another."""
    return f"#{place}" if docname == fromdoc else shortened(f"{builder.get_relative_uri(fromdoc, docname)}#{place}")


def shortened(link: str) -> str:
    """A link as a browser follows it: of two places the second."""
    found = _TWO_ANCHORS.fullmatch(link) if link.startswith("#") else None
    return link if found is None else found["place"]


def _shorten_links(doctree: nodes.document) -> None:
    for link in doctree.findall(nodes.reference):
        if "refuri" in link:
            link["refuri"] = shortened(link["refuri"])


def _place_tags(doctree: nodes.document) -> None:
    for tag in list(doctree.findall(nodes.title_reference)):
        places = [nodes.target("", "", refid=name) for name in tag["ids"]]
        tag.parent[tag.parent.index(tag) : tag.parent.index(tag)] = places
