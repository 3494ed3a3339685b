"""What pages that stand in no document are called, and which builders write them.

The names come from reports, claims and policies that nobody vouches for, so a page is called by letters, digits and hyphens
of the name, cut, and a digest of all of it: no name leads out of the folder, two names meet on no file system, and what else
there is changes none of them.
"""

from __future__ import annotations

import hashlib
import re

from docutils import nodes
from sphinx.builders import Builder

BUILDERS = ("html", "dirhtml")
"""Those that write pages of their own; all others show what matters where the requirement stands."""
_SHOWN = 40
_DIGITS = 20
OURS = re.compile(rf"[a-z0-9-]{{0,{_SHOWN}}}-[0-9a-f]{{{_DIGITS}}}")
"""What every such page is called, the list of a folder aside."""


def has_pages(builder: Builder) -> bool:
    """Whether there are pages that stand in no document."""
    return builder.name in BUILDERS


def safe_name(shown: str, *whole: str) -> str:
    """A name for a file, an id or an anchor.

    :param shown: what a reader may recognise.
    :param whole: what it is the name of, in parts; other parts give another name.
    """
    words = re.sub(r"[^a-z0-9]+", "-", shown.lower())[:_SHOWN].strip("-")
    return f"{words}-{digits_of(*whole)}"


def digits_of(*parts: str) -> str:
    """80 bits of a digest that tells apart where one part ends and the next begins."""
    text = "\0".join(f"{len(part)}\0{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def link_to_page(builder: Builder, fromdoc: str, address: str, shown: nodes.Node) -> nodes.Node:
    """What is shown, as a link to such a page where there are any.

    :param address: the name of the page, with ``#`` and a place on it if need be.
    """
    if not has_pages(builder):
        return shown
    page, mark, anchor = address.partition("#")
    uri = builder.get_relative_uri(fromdoc, page) + mark + anchor
    return nodes.reference("", "", shown, internal=True, refuri=uri)
