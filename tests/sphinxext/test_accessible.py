"""Every kind of page under WCAG 2.2 AA, as axe checks it in a browser: in three themes, light and dark, wide and narrow.

What is found in an element of ours fails.  What is found elsewhere is the theme's or sphinx-needs', and fails as well unless the
table of docs/reference/reading lists it with the reason.  axe comes from npm: see ``make axe``.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from browsing import NEEDS_A_BROWSER, WIDE, Browsing, names_in_theme
from every_kind import THEMES

ROOT = Path(__file__).parents[2]
AXE = Path(os.environ.get("XENFUSA_AXE") or ROOT / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js")
LISTED = ROOT / "docs" / "reference" / "accessibility.csv"
pytestmark = [
    *NEEDS_A_BROWSER,
    pytest.mark.skipif(
        not AXE.is_file(), reason="axe is not there: run make axe, or set XENFUSA_AXE to its axe.min.js"
    ),
]

WCAG = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""The rules of which the answer depends on light or dark."""
OF_WIDTH = {"type": "rule", "values": ["scrollable-region-focusable", "target-size"]}
"""The rules of which the answer depends on what a narrow page leaves no place for."""

WITH_DARK_PAGES = ("furo", "pydata_sphinx_theme")
AS_A_SWITCH = "() => { const {dataset} = document.documentElement; if (dataset.theme) dataset.theme = 'dark'; }"
"""What pydata's own switch does; furo follows the system."""
SETTLED = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
"""What watches the size of boxes is told of it by then."""
BACKGROUND = "getComputedStyle(document.body).backgroundColor"

PREPARE = """() => {
    // What is folded is part of the page.  Of a table stay the first rows, and each that has a kind of element (its name and its
    // classes, so each state) that no row before it has: a row more of the same kinds could say nothing else.
    for (const fold of document.querySelectorAll('details')) fold.open = true;
    for (const body of document.querySelectorAll('tbody')) {
        const seen = new Set();
        [...body.rows].forEach((row, number) => {
            const kinds = [...row.querySelectorAll('*')].map(one => `${one.tagName} ${one.getAttribute('class')}`);
            if (number >= 8 && kinds.every(kind => seen.has(kind))) row.remove();
            kinds.forEach(kind => seen.add(kind));
        });
    }
    for (const one of [...document.querySelectorAll('dl.xenfusa-object')].slice(8)) one.remove();
}"""
RUN = """async ([rules, listed]) => {
    const {violations} = await axe.run(document, {runOnly: rules, resultTypes: ['violations'], preload: false});
    return violations.flatMap(({id, nodes}) => nodes.flatMap(({target, html, any, all, none}) => {
        const element = document.querySelector(target[0]);
        const ours = element.closest('[class*="xenfusa"]') !== null;
        if (!ours && listed.some(([rule, where]) => rule === id && element.closest(where))) return [];
        return [`${ours ? 'ours' : 'not listed'}: ${id}: ${target[0]}: ${html.slice(0, 120)}: `
                + [...any, ...all, ...none].map(one => one.message).join('; ')];
    }));
}"""


@dataclass(frozen=True)
class Listed:
    """What is found in pages and is not ours."""

    whose: str
    rule: str
    where: str
    reason: str


def listed() -> list[Listed]:
    """The rows of the table in the documentation."""
    with LISTED.open(encoding="utf-8", newline="") as file:
        return [Listed(*(cell.strip().strip("`") for cell in row)) for row in list(csv.reader(file))[1:]]


def violations(page: Any, rules: object, known: Iterable[Listed]) -> list[str]:
    """What axe finds on a page, but for what is listed."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(PREPARE)
        page.evaluate(AXE.read_text("utf-8"))
    found: list[str] = page.evaluate(RUN, [rules, [(one.rule, one.where) for one in known]])
    return found


@pytest.mark.parametrize("theme", THEMES)
def test_no_page_has_a_violation(opened: Browsing, every_kind: Callable[..., Path], theme: str) -> None:
    folder = every_kind(theme)
    known = [one for one in listed() if one.whose in (theme, "Sphinx", "sphinx-needs")]
    found = []
    page = opened(folder, "search.html", reduced_motion="reduce")  # a colour that is on its way is none
    for name in names_in_theme(folder, theme):
        opened.go(page, folder, name)
        found += [f"{name}: {one}" for one in violations(page, WCAG, known)]
        if theme in WITH_DARK_PAGES:
            light = page.evaluate(BACKGROUND)
            page.emulate_media(color_scheme="dark")
            page.evaluate(AS_A_SWITCH)
            assert page.evaluate(BACKGROUND) != light
            found += [f"{name}, dark: {one}" for one in violations(page, OF_COLOURS, known)]
            page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 320, "height": 640})
        page.evaluate(SETTLED)
        found += [f"{name}, narrow: {one}" for one in violations(page, OF_WIDTH, known)]
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    assert not found, "\n".join(found)


def test_a_violation_is_seen_wherever_it_is_and_a_listed_one_is_not(opened: Browsing, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        "<!doctype html><html lang=en><title>t</title><body style='background:#fff'>"
        "<div class=xenfusa-evidence><p style='color:#999'>pale</p></div><p style='color:#999'>pale</p>"
        "<details><summary>s</summary><img src='data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA='></details>"
    )
    page = opened(tmp_path, "a.html")
    kinds = sorted(one.split(": ")[0] + " " + one.split(": ")[1] for one in violations(page, WCAG, []))
    assert kinds == ["not listed color-contrast", "not listed image-alt", "ours color-contrast"]
    known = [Listed("furo", "color-contrast", "p", "theirs"), Listed("furo", "image-alt", "details", "theirs")]
    assert [one.split(": ")[0] for one in violations(page, WCAG, known)] == ["ours"]


def test_each_listed_violation_has_a_reason() -> None:
    for one in listed():
        assert one.whose in ("furo", "sphinx_rtd_theme", "pydata_sphinx_theme", "Sphinx", "sphinx-needs")
        assert len(one.reason) > 20
        assert "xenfusa" not in one.where
