"""A trace is stepped through in a browser, from disk: each state that is shown is the one that the trace tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browsing import NARROW, NEEDS_A_BROWSER, Browsing
from tests_support import run_build, verdict

from sphinx_xenfusa.explore.trace import Change, Step, Trace
from sphinx_xenfusa.explore.verdict import Tally, VerdictKind

pytestmark = NEEDS_A_BROWSER

HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(2)> & \"a\" → 'b'"
LONG = "a_domain_with_a_name_that_is_longer_than_any_lane_can_be"
STEPS = (
    Step("hw", "XEN_DOMCTL_pausedomain", (("target", LONG),), "denied: EPERM (xsm)", (), "dummy.h:1"),
    Step(
        "hw",
        "XEN_DOMCTL_destroydomain",
        (("target", LONG), ("why", HOSTILE)),
        "allowed",
        (Change(f"{LONG}: life-cycle", "running", HOSTILE), Change("count", "0", "1")),
        HOSTILE,
    ),
    Step(
        HOSTILE, HOSTILE, (), HOSTILE, (Change("count", "1", "2"), Change(f"{LONG}: life-cycle", HOSTILE, "gone")), ""
    ),
    Step("hw", "yield", (), "taken", (Change("count", "2", "3"), Change("count", "3", "4")), "x.c:9"),
)
TRACE = Trace("what happens", (("count", "0"), ("offer", "a page"), ("offer", "a port"), (HOSTILE, HOSTILE)), STEPS)
ONE = Trace("one step", (), (STEPS[0],))
UNKNOWN = f"{LONG}: life-cycle"
PAGE = "index.html"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with two traces that are folded and a scenario that is not."""
    text = (
        "Page\n====\n\n.. xen:tallies:: soundness\n\n.. xen:platform:: P\n   :id: p\n   :expect: compatible\n\n"
        "   domains: [{name: hw, roles: [hardware], criticality: unsafe}, {name: u, criticality: unsafe}]\n\n"
        ".. xen:scenario:: S\n   :policy: specification, dummy\n\n   platform: p\n   steps:\n"
        "     - {who: hw, does: SCHEDOP_shutdown, with: poweroff, expect: allowed}\n"
        "     - {who: u, does: SCHEDOP_yield, expect: allowed, under: {dummy: impossible}}\n"
    )
    tallies = (Tally("a", "words", 1, TRACE), Tally("b", "words", 2, ONE))
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("stepping")
        counted = verdict("soundness", "specification", VerdictKind.CONFIRMED, tallies=tallies)
        return run_build(folder, patch, {"index.rst": text}, verdicts=(counted,), html_theme="furo").out


@pytest.fixture
def page(opened: Browsing, built: Path) -> Any:
    """The page, with the traces unfolded."""
    page = opened(built, PAGE)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    widget(page).locator("button").first.wait_for()
    return page


def widget(page: Any) -> Any:
    return page.locator(".xenfusa-stepper", has_text="what happens")


def state(page: Any) -> dict[str, list[str]]:
    """What is shown of each field."""
    shown: dict[str, list[str]] = {}
    for row in widget(page).locator(".xenfusa-now-state tbody tr").all():
        shown.setdefault(row.locator("th").inner_text(), []).append(row.locator("td").inner_text())
    return shown


def press(page: Any, name: str) -> None:
    widget(page).get_by_role("button", name=name, exact=True).click()


def words(text: str) -> str:
    return " ".join(text.split())


EXPECTED = (
    {"count": ["0"], UNKNOWN: ["not known before step 2"]},
    {"count": ["0"], UNKNOWN: ["not known before step 2"]},
    {"count": ["0 → 1 (changed)"], UNKNOWN: [f"running → {HOSTILE} (changed)"]},
    {"count": ["1 → 2 (changed)"], UNKNOWN: [f"{HOSTILE} → gone (changed)"]},
    {"count": ["2 → 3 → 4 (changed)"], UNKNOWN: ["gone"]},
)


def test_the_state_after_each_step_is_the_one_that_the_trace_tells(page: Any) -> None:
    always = {"offer": ["a page", "a port"], HOSTILE: [HOSTILE]}
    for number, expected in enumerate(EXPECTED):
        assert state(page) == always | expected
        told = words(widget(page).locator(".xenfusa-at").inner_text())
        assert told.startswith(f"Step {number} of 4." if number else "Before the first step.")
        assert widget(page).locator("tr.xenfusa-now").count() == (1 if number else 0)
        assert widget(page).locator("svg a.xenfusa-now").count() == (1 if number else 0)
        if number:
            assert words(STEPS[number - 1].action) in told
            assert widget(page).locator("[aria-current=step]").inner_text() == str(number)
        widget(page).get_by_role("button", name="Next", exact=True).click(force=True)
    assert state(page) == always | EXPECTED[4]  # there is no step after the last one
    press(page, "Previous")
    assert state(page) == always | EXPECTED[3]
    press(page, "First")
    assert state(page) == always | EXPECTED[0]
    press(page, "Last")
    assert state(page) == always | EXPECTED[4]
    assert widget(page).locator("img, script, iframe").count() == 0


def test_keys_step_where_the_focus_is_and_nowhere_else(page: Any) -> None:
    def at() -> str:
        return str(widget(page).locator(".xenfusa-at strong").inner_text())

    page.keyboard.press("ArrowRight")
    assert at() == "Before the first step."
    widget(page).get_by_role("button", name="Next", exact=True).focus()
    for key, place in (("ArrowRight", "1"), ("ArrowRight", "2"), ("ArrowLeft", "1"), ("End", "4"), ("ArrowRight", "4")):
        page.keyboard.press(key)
        assert at() == f"Step {place} of 4."
    page.keyboard.press("Home")
    assert at() == "Before the first step."
    widget(page).locator(".xenfusa-now-state").focus()
    page.keyboard.press("ArrowRight")
    assert at() == "Step 1 of 4."
    page.keyboard.press("Space")
    assert widget(page).get_by_role("button", name="Pause", exact=True).count() == 1
    page.keyboard.press("Space")
    assert widget(page).get_by_role("button", name="Play", exact=True).count() == 1
    assert at() == "Step 1 of 4."


def test_it_plays_to_the_end_when_asked_to_and_never_by_itself(opened: Browsing, built: Path) -> None:
    page = opened(built, PAGE, reduced_motion="reduce")
    page.clock.install()
    page.reload()
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    told = widget(page).locator(".xenfusa-at strong")
    told.wait_for()
    page.clock.run_for(60_000)
    assert told.inner_text() == "Before the first step."
    press(page, "Play")
    page.clock.run_for(2_000)
    assert told.inner_text() == "Step 1 of 4."
    press(page, "Pause")
    page.clock.run_for(60_000)
    assert told.inner_text() == "Step 1 of 4."
    press(page, "Play")
    page.clock.run_for(60_000)
    assert told.inner_text() == "Step 4 of 4."
    assert widget(page).get_by_role("button", name="Play", exact=True).count() == 1
    assert widget(page).locator("svg rect").first.evaluate("one => getComputedStyle(one).transitionDuration") == "0s"


def test_a_step_is_reached_by_its_link_from_the_chart_and_from_the_table(
    page: Any, opened: Browsing, built: Path
) -> None:
    widget(page).locator("svg a").nth(2).click()
    assert state(page)["count"] == EXPECTED[3]["count"]
    widget(page).locator("table.xenfusa-trace tbody a").nth(1).click()
    page.wait_for_function("location.hash.endsWith('-step-2')")
    assert state(page)["count"] == EXPECTED[2]["count"]
    place = page.evaluate("location.hash")
    other = opened(built, f"{PAGE}{place}")
    assert widget(other).locator(".xenfusa-at strong").inner_text() == "Step 2 of 4."
    assert widget(other).locator(".xenfusa-controls").evaluate("one => one.getBoundingClientRect().top < innerHeight")
    unknown = opened(built, f"{PAGE}#trace-00000000-step-2")
    assert unknown.locator(".xenfusa-now").count() == 0


def test_a_trace_of_one_step_has_no_more_controls_than_it_needs(page: Any) -> None:
    one = page.locator(".xenfusa-stepper", has_text="one step")
    assert one.get_by_role("button").all_inner_texts() == ["◀Previous", "▶Next"]
    assert "tells no field" in one.locator(".xenfusa-now-state caption").inner_text()


def test_each_run_of_a_scenario_steps_from_what_holds_at_first(page: Any) -> None:
    runs = page.locator(".xenfusa-scenario .xenfusa-stepper")
    assert runs.count() == 2
    after = []
    for run in runs.all():
        run.get_by_role("button", name="Next", exact=True).click()
        after.append([words(one) for one in run.locator(".xenfusa-now-state tbody tr").all_inner_texts()])
    assert "hw Hardware Domain, unsafe, running (at first)" in after[0]  # it does not run any more
    assert "u DomU, unsafe, running" in after[0]
    assert "hw: life-cycle running → shut down (changed)" in after[0]
    assert "platform: power up → down (changed)" not in after[0]
    assert "platform: power up → down (changed)" in after[1]


def test_without_a_script_the_chart_and_the_table_are_there_and_no_control(opened: Browsing, built: Path) -> None:
    page = opened(built, PAGE, javascript=False)
    page.locator("summary").first.click()
    assert page.locator("button:visible", has_text="Next").count() == 0
    assert page.locator(".xenfusa-controls, .xenfusa-now-state").count() == 0
    assert widget(page).locator("svg").is_visible()
    assert widget(page).locator("dl.xenfusa-initial").is_visible()
    assert widget(page).locator("table.xenfusa-trace tbody tr:visible").count() == 4


def test_on_paper_there_is_what_holds_at_first_the_chart_and_the_table(page: Any) -> None:
    press(page, "Next")
    assert not widget(page).locator("dl.xenfusa-initial").is_visible()
    page.emulate_media(media="print")
    assert widget(page).locator("dl.xenfusa-initial").is_visible()
    assert widget(page).locator("svg").is_visible()
    assert not widget(page).locator(".xenfusa-controls").is_visible()
    assert not widget(page).locator(".xenfusa-now-state").is_visible()
    assert widget(page).locator("table.xenfusa-trace tbody tr:visible").count() == 4


@pytest.mark.parametrize("dark", [False, True])
def test_on_a_narrow_screen_nothing_is_wider_than_the_page(opened: Browsing, built: Path, dark: bool) -> None:
    page = opened(built, PAGE, window=NARROW, dark=dark)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    press(page, "Next")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    assert widget(page).locator(".xenfusa-controls").evaluate("one => one.getBoundingClientRect().right") <= NARROW[0]
