"""Sphinx's own search, in a browser, from disk: tags and their parts, operations, claims, tests, and pages in no document."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from browsing import NEEDS_A_BROWSER, Browsing
from sphinx.search.de import SearchGerman
from sphinx.search.en import SearchEnglish

from sphinx_xenfusa.sphinxext.search import PartsOfNames

SHOWN = """() => /Search finished|did not match/.test(document.body.textContent)"""
CLAIM = "xenfusa/claims/hwdom-unprivileged-"
ASKED = {
    # A requirement: by its tag, by a part of it, by words of its title.
    "XenArch~hwdom_single~1": "parts/reqs.html#XenArch~hwdom_single~1",
    "hwdom_single": "parts/reqs.html#XenArch~hwdom_single~1",
    "hwdom_sin": "parts/reqs.html#XenArch~hwdom_single~1",
    "single": "parts/reqs.html#XenArch~hwdom_single~1",
    "XenMkt": "xen/market.html#XenMkt~m~1",
    "refuted not hold": "parts/more.html#XenArch~refuted~1",
    "overlaid": "xen/overlaid.html#XenArch~overlaid~1",
    # An operation, also by its beginning and by a part.
    "SCHEDOP_shutdown": "parts/words.html#",
    "SCHEDOP_": "parts/words.html#",
    "GNTTABOP_copy": "parts/words.html#",
    "GNTTABOP_unmap_grant": "parts/words.html#",
    # A claim: its own page.
    "hwdom_unprivileged": CLAIM,
    "hwdom_unpriv": CLAIM,
    "unprivileged": CLAIM,
    # A test that failed.
    "test_bad": "xenfusa/tests/",
}


@pytest.mark.parametrize("language", [SearchEnglish, SearchGerman])
def test_a_name_is_found_by_its_parts(language: type) -> None:
    made = type("Made", (PartsOfNames, language), {})({})
    assert made.split("XenArch~closed_set~1, XEN_DOMCTL_x.") == [
        *("XenArch", "closed_set", "closed", "set", "1"),
        *("XEN_DOMCTL_x", "XEN", "DOMCTL", "x"),
    ]
    assert made.lang == language.lang
    assert made.stem("Memory") == language({}).stem("Memory")


@pytest.fixture(scope="module")
def folder(every_kind: Callable[..., Path]) -> Path:
    return every_kind("furo")


def test_every_page_of_the_index_is_there(folder: Path) -> None:
    index = (folder / "searchindex.js").read_text("utf-8")
    names = re.search(r'"docnames":\[([^]]*)\]', index)
    assert names is not None
    pages = [name.strip('"') for name in names[1].split(",")]
    assert [name for name in pages if not (folder / f"{name}.html").is_file()] == []
    ours = sorted(one.relative_to(folder).with_suffix("").as_posix() for one in (folder / "xenfusa").rglob("*.html"))
    assert len(ours) > 6
    assert [name for name in ours if name not in pages] == []
    # A word that stands in names of operations only, before an underscore.
    assert '"gnttabop":' in index


class TestInABrowser:
    pytestmark = NEEDS_A_BROWSER

    def test_what_is_looked_for_is_found(self, opened: Browsing, folder: Path) -> None:
        page = opened(folder, "search.html")
        missed = []
        for asked, wanted in ASKED.items():
            page.goto(f"{folder.resolve().as_uri()}/search.html?q={quote(asked)}")
            page.wait_for_function(SHOWN)
            found = [one.get_attribute("href") for one in page.locator("ul.search > li > a").all()]
            if not any(str(one).startswith(wanted) for one in found):
                missed.append((asked, wanted, found))
        assert missed == []

    def test_what_is_found_leads_there(self, opened: Browsing, folder: Path) -> None:
        page = opened(folder, "search.html?q=hwdom_unprivileged")
        page.locator(f'ul.search > li > a[href^="{CLAIM}"]').click()
        page.wait_for_load_state()
        assert "hwdom_unprivileged" in page.locator("h1").inner_text()
        assert page.url.startswith(f"{folder.resolve().as_uri()}/{CLAIM}")
