"""Every kind of page opened from disk, as the folder that an auditor gets: nothing is asked for outside it, and nothing fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from browsing import NARROW, NEEDS_A_BROWSER, Browsing, names_of_pages
from every_kind import DIRECTIVES, FILES, ROLES, THEMES

pytestmark = NEEDS_A_BROWSER


def test_the_project_has_every_directive_and_role() -> None:
    text = "".join(FILES.values())
    assert [name for name in DIRECTIVES if f".. xen:{name}::" not in text] == []
    assert [name for name in ROLES if f":xen:{name}:`" not in text] == []


def test_there_are_pages_of_every_kind(every_kind: Callable[..., Path]) -> None:
    """Other tests open each of them, test_readable and test_accessible in every theme; the fixture hears what they say."""
    assert len(names_of_pages(every_kind(THEMES[0]))) > 12


def test_what_a_page_says_or_asks_for_is_seen(opened: Browsing, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        "<p>x<script>console.error('no'); alert('hello'); throw new Error('broken')</script>"
        "<img src='http://127.0.0.1:9/x.png'><img src='../outside.png'>"
    )
    page = opened(tmp_path, "a.html", window=NARROW, dark=True)
    seen = opened.seen(page)
    assert seen.dialogs == ["hello"]
    assert "no" in seen.messages
    assert seen.errors == ["broken"]
    assert [url.rpartition("/")[2] for url in seen.requests] == ["x.png", "outside.png"]
    assert page.evaluate("[innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]") == [NARROW[0], True]
    with pytest.raises(AssertionError):
        opened.close()
    opened.kept.clear()


def test_without_scripts_nothing_runs(opened: Browsing, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<p>x<script>alert('hello')</script>")
    assert opened.seen(opened(tmp_path, "a.html", javascript=False)).dialogs == []
