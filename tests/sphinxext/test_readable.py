"""What axe cannot see: 320 pixels, the keyboard, reduced motion, forced colours, and paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsing import NEEDS_A_BROWSER, Browsing, names_in_theme, names_of_pages
from every_kind import THEMES

pytestmark = NEEDS_A_BROWSER

TOO_WIDE = """() => {
    // What is hidden beyond an edge is lost, also beyond that of the page itself; but for words that nobody should see.
    const scrolls = one => one && (['auto', 'scroll'].includes(getComputedStyle(one).overflowX)
        || (getComputedStyle(one).overflowX === 'hidden' && one.clientWidth < 2) || scrolls(one.parentElement));
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


LONG_NAMES = """() => {
    const long = 'XEN_DMOP_unmap_io_range_from_ioreq_server_of_another_domain';
    const sign = document.querySelector('dl.xenfusa-object > dt.sig .descname'), words = document.createElement('p');
    sign.textContent = long;
    words.className = 'xenfusa-headline';
    words.innerHTML = `<code class="docutils literal notranslate"><span class="pre">${long}</span></code>`;
    const first = document.createElement('dl');
    first.className = 'xenfusa-initial field-list simple';
    first.innerHTML = `<dt class="field-odd">${long}</dt><dd class="field-odd"><p>DomU, safe</p></dd>`;
    sign.closest('dl').before(words, first);
}"""


def test_in_the_theme_that_hides_what_is_beyond_the_edge_long_names_are_broken(
    opened: Browsing, every_kind: Callable[..., Path]
) -> None:
    page = opened(every_kind("sphinx_rtd_theme"), "parts/words.html", window=(320, 640))
    assert page.evaluate("getComputedStyle(document.body).overflowX") == "hidden", "else this test says nothing"
    page.evaluate(LONG_NAMES)
    assert page.evaluate(TOO_WIDE) == []


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


SCROLLING = """() => [...document.querySelectorAll('div.xenfusa-scrolling, div.xenfusa-drawing')]
    .filter(one => one.checkVisibility() && getComputedStyle(one).overflowX !== 'visible'
        && one.scrollWidth > one.clientWidth + 1)
    .map(one => [one.tabIndex, one.getAttribute('aria-label'), one.querySelector('.xenfusa-hint')?.innerText])"""


@pytest.mark.parametrize("theme", THEMES)
def test_a_box_that_scrolls_says_so_and_can_have_the_focus(
    opened: Browsing, every_kind: Callable[..., Path], theme: str
) -> None:
    page = opened(every_kind(theme), "parts/platforms.html", window=(320, 640))
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    page.wait_for_selector(".xenfusa-hint:visible")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    boxes = page.evaluate(SCROLLING)
    assert {kind for _, name, _ in boxes for kind in ("Table: ", "Drawing: ", "Chart") if name.startswith(kind)} == {
        "Table: ",
        "Drawing: ",
        "Chart",
    }
    assert [one for one in boxes if one[0] != 0 or not one[1] or "scrolls sideways" not in str(one[2])] == []
    page.set_viewport_size({"width": 1400, "height": 900})
    page.wait_for_function("() => document.querySelector('div.xenfusa-scrolling[tabindex]') === null")
    assert not page.locator(".xenfusa-hint:visible").count()


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


CUT_ON_PAPER = """() => [...document.querySelectorAll('table.xenfusa-table')].filter(table => {
    const cuts = one => one && (one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== 'visible'
                                || cuts(one.parentElement));
    const {right} = table.getBoundingClientRect();
    return table.getClientRects().length
        && (right > innerWidth + 1 || cuts(table.parentElement) || getComputedStyle(table).breakInside === 'avoid');
}).map(table => table.caption.innerText)"""
CONTROLS = """() => [...document.querySelectorAll(
    '.xenfusa-tools input, .xenfusa-tools button, .xenfusa-more, .xenfusa-filters, .xenfusa-controls')]
    .filter(one => one.getClientRects().length).map(one => one.outerHTML.slice(0, 100))"""
A4 = (700, 1000)


@pytest.mark.parametrize("theme", THEMES)
def test_on_paper_no_column_is_cut_and_no_control_stands(
    opened: Browsing, every_kind: Callable[..., Path], theme: str
) -> None:
    folder = every_kind(theme)
    page = opened(folder, "index.html", window=A4)
    tables = 0
    for name in ("parts/views.html", "parts/more.html", "parts/platforms.html"):
        opened.go(page, folder, name)
        tables += page.locator("table.xenfusa-table").count()
        assert name != "parts/views.html" or page.evaluate(CONTROLS), "there are some on the screen"
        page.emulate_media(media="print")
        assert page.evaluate(CUT_ON_PAPER) == [], name
        assert page.evaluate(CONTROLS) == [], name
        page.emulate_media(media="screen")
    assert tables > 20


def _tab_to(page: Any, wanted: str) -> None:
    """Press Tab until the focus is on an element of which a condition of JavaScript holds; nothing else is pressed."""
    for _ in range(250):
        page.keyboard.press("Tab")
        if page.evaluate(f"() => {{ const one = document.activeElement; return Boolean({wanted}); }}"):
            return
    raise AssertionError(f"250 times Tab, and the focus was never on: {wanted}")


@pytest.mark.parametrize("theme", THEMES)
def test_tab_and_enter_lead_from_the_index_to_verdict_reviewer_and_evidence(
    opened: Browsing, every_kind: Callable[..., Path], theme: str
) -> None:
    """Three times Enter at the most, from disk: to the requirement with its state and its reviewer, and to what failed."""
    page = opened(every_kind(theme), "index.html")
    _tab_to(page, "one.closest('.toctree-wrapper') && one.getAttribute('href') === 'parts/more.html'")
    page.keyboard.press("Enter")
    page.wait_for_url("**/parts/more.html")
    assert page.url.startswith("file://")
    in_card = "one.closest('.xenfusa-evidence') && one.href && one.href.includes('xenfusa/tests/')"
    _tab_to(page, in_card)
    card = page.evaluate("document.activeElement.closest('.xenfusa-evidence').innerText")
    assert "✗ failed" in card
    assert "Bob" in card
    assert page.evaluate("document.activeElement.closest('details') === null"), "nothing had to be unfolded"
    page.keyboard.press("Enter")
    page.wait_for_url("**/xenfusa/tests/**")
    assert "expected 1, found 2" in page.locator("body").inner_text()
