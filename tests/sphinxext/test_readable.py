"""What axe cannot see: 320 pixels, the keyboard, reduced motion, forced colours, and paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from browsing import NEEDS_A_BROWSER, Browsing, names_in_theme, names_of_pages
from every_kind import THEMES

pytestmark = NEEDS_A_BROWSER

TOO_WIDE = """() => {
    const scrolls = one =>
        one && (['auto', 'scroll', 'hidden'].includes(getComputedStyle(one).overflowX) || scrolls(one.parentElement));
    for (const fold of document.querySelectorAll('details')) fold.open = true;
    return [...document.querySelectorAll('[class*="xenfusa"], [class*="xenfusa"] *')]
        .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && one.getClientRects().length)
        .filter(one => !scrolls(one.parentElement) && !one.closest('svg'))
        .map(one => one.outerHTML.slice(0, 100));
}"""
WITHOUT_WORD = """() => [...document.querySelectorAll('.xenfusa-state')].filter(one => {
    const cell = one.closest('td'), heading = cell && cell.closest('table').tHead;
    // Of a number the heading of its column says what it is.
    const more = heading && /\\d/.test(one.textContent) ? heading.rows[0].cells[cell.cellIndex].textContent : '';
    const words = one.textContent + more;
    return !/[a-z]/i.test(words) || !/[^\\x00-\\x7f]|[!?~-]/.test(one.textContent);
}).map(one => one.outerHTML)"""
MOVES = """() => [...document.querySelectorAll('[class*="xenfusa"], [class*="xenfusa"] *')].filter(one => {
    const {animationName, transitionDuration} = getComputedStyle(one);
    return animationName !== 'none' || transitionDuration.split(',').some(time => parseFloat(time) > 0);
}).map(one => one.outerHTML.slice(0, 100))"""


@pytest.mark.parametrize("theme", THEMES)
def test_at_320_pixels_nothing_of_ours_is_wider_than_the_page_and_nothing_moves(
    opened: Browsing, every_kind: Callable[..., Path], theme: str
) -> None:
    """Each page is opened once: it says something, and is quiet (see the fixture)."""
    folder = every_kind(theme)
    page = opened(folder, "search.html", window=(320, 640), reduced_motion="reduce")
    found = []
    for name in names_in_theme(folder, theme):
        opened.go(page, folder, name)
        assert page.evaluate("document.body.innerText.length") > 50
        found += [f"{name}: wide: {one}" for one in page.evaluate(TOO_WIDE)]
        found += [f"{name}: moves: {one}" for one in page.evaluate(MOVES)]
    assert not found, "\n".join(found)


def test_a_state_is_a_symbol_and_a_word(opened: Browsing, every_kind: Callable[..., Path]) -> None:
    folder = every_kind("furo")
    page = opened(folder, "index.html", javascript=False)
    states = 0
    for name in names_of_pages(folder):
        opened.go(page, folder, name)
        states += page.locator(".xenfusa-state").count()
        assert page.evaluate(WITHOUT_WORD) == [], name
    assert states > 50


def test_what_has_the_focus_shows_it(opened: Browsing, every_kind: Callable[..., Path]) -> None:
    page = opened(every_kind("furo"), "parts/more.html")
    page.keyboard.press("Tab")
    shown = 0
    for _ in range(120):
        page.keyboard.press("Tab")
        one = page.evaluate(
            """() => { const one = document.activeElement, style = getComputedStyle(one);
            return [one.closest('[class*="xenfusa"]') !== null, style.outlineStyle, parseFloat(style.outlineWidth),
                    one.outerHTML.slice(0, 100)]; }"""
        )
        if one[0]:
            shown += 1
            assert one[1] != "none" and one[2] >= 1, one
    assert shown > 10


def test_on_paper_what_is_folded_is_there_and_controls_are_not(
    opened: Browsing, every_kind: Callable[..., Path]
) -> None:
    page = opened(every_kind("furo"), "parts/more.html")
    folded = page.locator("details.xenfusa-unfolding:not([open]) > :not(summary)").first
    assert not folded.is_visible()
    page.emulate_media(media="print")
    assert folded.bounding_box()["height"] > 5
    assert page.evaluate("getComputedStyle(document.querySelector('table.xenfusa-table tr')).breakInside") == "avoid"
    assert (
        page.evaluate("getComputedStyle(document.querySelector('table.xenfusa-table thead')).display")
        == "table-header-group"
    )
