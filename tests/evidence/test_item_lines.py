"""The lines of an item: a change within its text is always among them, one of another item never is."""

from __future__ import annotations

import pytest

from sphinx_xenfusa.evidence.item_lines import lines_of_item

RST = """\
Title
=====

Prose before.

.. xen:req:: A title
   :id: XenArch~a~1

   Xen shall
   do a.

   - a point

Prose after.

.. xen:req:: Another
   :id: XenArch~b~1

   Xen shall b.
"""

MARKDOWN = """\
# Title

```{xen:req} A title
:id: XenArch~a~1

Xen shall a.
```

Prose after.
"""

OFT = """\
.. SPDX-License-Identifier: CC-BY-4.0

Version
-------

`XenSwdgn~version~1`

Description:
Xen shall return its version.

Covers:
 - `XenProd~v~1`

Error copying
-------------

`XenSwdgn~error~1`

Description:
Xen shall return -EFAULT.
"""

OFT_MARKDOWN = """\
## Version
`req~version~1`

Shall.

## Error
`req~error~1`

Shall too.
"""


def chosen(text: str, start: str, origin: str, following: str = "") -> list[str]:
    """The lines of the item that begins with a line, the next one beginning with another."""
    lines = text.splitlines()
    end = next((number for number, line in enumerate(lines) if following and line.startswith(following)), len(lines))
    begin = next(number for number, line in enumerate(lines) if line.startswith(start))
    return [lines[number] for number in lines_of_item(lines, begin, end, origin) if lines[number].strip()]


def test_a_directive_ends_where_it_is_indented_no_longer() -> None:
    found = chosen(RST, ".. xen:req:: A title", "directive", ".. xen:req:: Another")
    assert found[0] == ".. xen:req:: A title"
    assert found[-2:] == ["   do a.", "   - a point"]
    assert chosen(RST, ".. xen:req:: Another", "directive")[-1] == "   Xen shall b."


def test_a_directive_of_markdown_ends_with_its_fence() -> None:
    assert chosen(MARKDOWN, "```{xen:req}", "directive")[-2:] == ["Xen shall a.", "```"]


def test_what_looks_like_no_directive_reaches_to_the_next_item() -> None:
    assert chosen(RST, "Prose before.", "directive", ".. xen:req:: Another")[-1] == "Prose after."


def test_an_item_of_openfasttrace_has_its_title_and_ends_before_the_next_title() -> None:
    found = chosen(OFT, "`XenSwdgn~version~1`", "oft", "`XenSwdgn~error~1`")
    assert (found[0], found[-1]) == ("Version", " - `XenProd~v~1`")
    last = chosen(OFT, "`XenSwdgn~error~1`", "oft")
    assert (last[0], last[-1]) == ("Error copying", "Xen shall return -EFAULT.")


def test_an_item_of_openfasttrace_in_markdown() -> None:
    assert chosen(OFT_MARKDOWN, "`req~version~1`", "oft", "`req~error~1`") == [
        "## Version",
        "`req~version~1`",
        "Shall.",
    ]


def test_a_sentence_that_an_overlay_claims_has_its_paragraph() -> None:
    text = "One sentence. Another\nthat goes on.\n\nMore.\n"
    assert chosen(text, "One", "overlay") == ["One sentence. Another", "that goes on."]


def test_a_tag_in_source_code_is_a_line() -> None:
    assert chosen("a\n/* [impl->req~a~1] */\nb\n", "/*", "source") == ["/* [impl->req~a~1] */"]


@pytest.mark.parametrize("origin", ["specobject", "reqif", "aspec"])
def test_of_all_others_it_is_known_where_the_next_begins(origin: str) -> None:
    assert chosen("<a>\n x\n</a>\n<b>\n", "<a>", origin, "<b>") == ["<a>", " x", "</a>"]
