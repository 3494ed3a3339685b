"""Drawings: no text of one can be markup, it says in words what it shows, and nothing in it needs to be allowed."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from docutils import nodes

from sphinx_xenfusa.sphinxext.drawings import drawing, element

HOSTILE = "</svg><script>alert(1)</script> & \"quoted\" 'too'"
SVG = "{http://www.w3.org/2000/svg}"


def test_text_is_text_and_numbers_are_short() -> None:
    part = element("text", text=HOSTILE, x=1 / 3, y=20.0, class_=HOSTILE)
    made = drawing("one", (100, 50), [part], (HOSTILE, "what it shows"), [nodes.paragraph("", "in words")])
    top = ElementTree.fromstring(made["svg"])
    text = top.find(f"{SVG}text")
    assert text is not None
    assert (text.text, text.get("class"), text.get("x"), text.get("y")) == (HOSTILE, HOSTILE, "0.33", "20")
    assert "<script" not in made["svg"]
    assert made.astext() == "in words"


def test_a_reader_of_the_screen_is_told_what_it_shows() -> None:
    top = ElementTree.fromstring(drawing("one", (10, 10), [], ("A plot", "Two of three"), [])["svg"])
    told = [
        found.text for name in (top.get("aria-labelledby") or "").split() for found in top if found.get("id") == name
    ]
    assert told == ["A plot", "Two of three"]
    assert top.get("role") == "img"


def test_links_within_a_drawing_stay_links_to_a_reader_of_the_screen() -> None:
    part = element("g", element("a", element("text", text="there"), href="#there"))
    assert (
        ElementTree.fromstring(drawing("one", (10, 10), [part], ("A graph", "One node"), [])["svg"]).get("role")
        == "group"
    )


@pytest.mark.parametrize("attribute", ["style", "onclick"])
def test_what_a_policy_of_content_refuses_is_refused(attribute: str) -> None:
    with pytest.raises(ValueError, match=attribute):
        element("rect", **{attribute: "alert(1)"})
