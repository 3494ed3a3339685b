"""Items in Markdown documents: needs where they stand, with true lines, as ``xenfusa trace`` reads them."""

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from test_oft_in_place import needs_of
from tests_support import Built

from sphinx_xenfusa.interop.scan import scan

with_myst = pytest.mark.skipif(importlib.util.find_spec("myst_parser") is None, reason="myst-parser is not installed")

FRONT = "---\ntitle: A title\n---\n"
PRODUCT = """\
# Product

## Provide a timer
`XenProd~timer~2`

Xen shall provide a timer.

Rationale:

It is needed.

Covers:

* [Domains](#XenMkt~run~1)

Needs: impl, utest

Setext
------

XenProd~plain~1

A tag without backticks.

Needs: impl

### Anchored
<a id="XenProd~anchored~1"></a>
`XenProd~anchored~1` <a name='XenProd~anchored~1'></a> <a id="mine"></a>

| a | b |
|---|---|
| 1 | 2 |

```
`XenProd~fenced~1`
```

<!-- [impl->XenProd~timer~2] -->
"""
MARKET = "Market\n======\n\nRun\n---\n`XenMkt~run~1`\n\nDescription:\nXen shall run.\n\nNeeds:\n - XenProd\n"
INDEX = "T\n=\n\n.. toctree::\n   :glob:\n\n   reqs/*\n"
FILES = {"index.rst": INDEX, "reqs/market.rst": MARKET, "reqs/product.md": FRONT + PRODUCT}
SETTINGS: dict[str, object] = {
    "extensions": ["myst_parser", "sphinx_xenfusa"],
    "xenfusa_oft": ["reqs/**"],
    "xenfusa_oft_evidence": True,
    "needs_build_json": True,
}


@with_myst
@pytest.mark.parametrize("parallel", [1, 2])
def test_each_item_is_a_need_at_its_line(build: Callable[..., Built], tmp_path: Path, parallel: int) -> None:
    built = build(FILES, parallel=parallel, **SETTINGS)
    assert built.warnings == []
    docs = tmp_path / "docs"
    scanned = {str(one.tag): one for one in scan([docs / "reqs"], docs).items}
    assert {str(one.item.tag): one.item for one in built.record.items} == scanned
    lines = (FRONT + PRODUCT).splitlines()
    for tag, need in needs_of(built).items():
        assert need["lineno"] == scanned[tag].place.line
        if tag.startswith("XenProd"):
            assert tag in lines[scanned[tag].place.line - 1]
    timer = needs_of(built)["XenProd~timer~2"]
    assert (timer["docname"], timer["title"], timer["sections"]) == (
        "reqs/product",
        "Provide a timer",
        ["Provide a timer", "Product"],
    )
    assert set(needs_of(built)) == set(scanned) and "XenProd~fenced~1" not in scanned


@with_myst
def test_the_page_has_one_anchor_for_each_item_and_links_lead_to_it(build: Callable[..., Built]) -> None:
    page = build(FILES, **SETTINGS).page("reqs/product.html")
    anchors = re.findall(r"""(?:id|name)=["'](Xen\w+~[^"']*)["']""", page)
    assert sorted(anchors) == ["XenProd~anchored~1", "XenProd~plain~1", "XenProd~timer~2"]
    assert 'id="mine"' in page, "other anchors of the author stay"
    assert 'href="market.html#XenMkt~run~1"' in page
    assert page.count("Evidence: ") == 3


@with_myst
def test_an_edit_shows_at_once(build: Callable[..., Built]) -> None:
    build(FILES, **SETTINGS)
    again = build({"reqs/product.md": "# New\n\nWords.\n\n" + PRODUCT.replace("timer~2", "timer~3")}, **SETTINGS)
    needs = needs_of(again)
    assert needs["XenProd~timer~3"]["lineno"] == 8 and "XenProd~timer~2" not in needs
    assert 'id="XenProd~timer~3"' in again.page("reqs/product.html")


@with_myst
def test_the_items_of_an_included_file_stand_where_it_is_included(build: Callable[..., Built]) -> None:
    part = "## Part\n`XenProd~part~1`\n\nA part.\n\nNeeds: impl\n"
    whole = FILES | {"parts/part.md": part, "reqs/whole.md": "# Whole\n\n```{include} ../parts/part.md\n```\n"}
    patterns = {"xenfusa_oft": ["reqs/**", "parts/*.md"], "exclude_patterns": ["parts"]}
    built = build(whole, **{**SETTINGS, **patterns})
    need = needs_of(built)["XenProd~part~1"]
    assert (need["docname"], need["lineno"]) == ("reqs/whole", 2)
    (item,) = (one.item for one in built.record.items if one.item.tag.name == "part")
    assert str(item.place) == "parts/part.md:2"
    assert 'id="XenProd~part~1"' in built.page("reqs/whole.html")


def test_without_an_extension_that_reads_markdown_one_finding_says_so(build: Callable[..., Built]) -> None:
    # Named, because Sphinx keeps the suffixes of an extension as the default of later builds of a process.
    plain = {"extensions": ["sphinx_xenfusa"], "source_suffix": {".rst": "restructuredtext"}}
    built = build(FILES, **{**SETTINGS, **plain, "xenfusa_oft": ["reqs/*.rst", "reqs/*.md"]})
    (line,) = (line for line in built.warnings if "[xenfusa.config]" in line)
    assert "'reqs/*.md' in xenfusa_oft, which names no document" in line
    assert "Markdown needs the extension myst_parser" in line
    assert [str(one.item.tag) for one in built.record.items] == ["XenMkt~run~1"]
