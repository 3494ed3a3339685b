"""Drawings within a page: SVG that a browser shows without a request, and the same in words for everyone else.

A drawing is made of elements and written by the standard library, so that no text can end as markup.  It has no style, no
script and no handler of its own: colours and fonts come from the classes, which ``xenfusa.css`` knows for light and dark pages,
so that a Content-Security-Policy need not allow anything for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from docutils import nodes

from sphinx_xenfusa.sphinxext import markup

_REFUSED = ("on", "style")
"""How the names of attributes begin that a Content-Security-Policy refuses."""


def element(
    name: str, *children: ElementTree.Element, text: str = "", **attributes: str | float
) -> ElementTree.Element:
    """An element of a drawing.

    :param attributes: with ``_`` for ``-``; ``class_`` is ``class``.  Numbers are written with two decimals at the most, so that
        the last bits of floating point are in no output.
    :raises ValueError: an attribute is a style or the handler of an event.
    """
    made = ElementTree.Element(name)
    for key, value in attributes.items():
        attribute = key.removesuffix("_").replace("_", "-")
        if attribute.startswith(_REFUSED):
            raise ValueError(
                f"the attribute {attribute} of {name}: expected none that a Content-Security-Policy refuses"
            )
        made.set(attribute, value if isinstance(value, str) else f"{round(value, 2):g}")
    made.text = text or None
    made.extend(children)
    return made


def drawing(
    name: str,
    size: tuple[float, float],
    parts: Sequence[ElementTree.Element],
    words: tuple[str, str],
    alternative: Sequence[nodes.Node],
) -> markup.drawing:
    """A drawing with what it says.

    :param name: unique on its page: the ids of title and description are made of it.
    :param size: width and height in the units of the parts; a browser scales it to the column and no larger.
    :param words: what it shows, and a description of it: a reader who does not see it is told both.
    :param alternative: nodes that say all that the drawing shows: a list or a table, with its links.
    """
    width, height = size
    title, description = words
    top = element(
        "svg",
        element("title", text=title, id=f"{name}-title"),
        element("desc", text=description, id=f"{name}-description"),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
        aria_labelledby=f"{name}-title {name}-description",
        # What has links within it is no image to a reader of the screen: its links would be lost.
        role="group" if any(part.find(".//a") is not None or part.tag == "a" for part in parts) else "img",
    )
    made = markup.drawing("", *alternative)
    made["svg"] = ElementTree.tostring(top, encoding="unicode")
    return made
