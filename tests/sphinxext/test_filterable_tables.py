"""Tables in a real browser: sort, filter, count, address, copy, CSV, paper; and the whole table without JavaScript."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import NARROW, NEEDS_A_BROWSER, Browsing
from every_kind import THEMES
from test_case_pages import BAD, GOOD, IDLE, MORE, report
from tests_support import requirement, run_build, verdict

import sphinx_xenfusa
from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.interop.cells import guarded
from sphinx_xenfusa.trace.states import Result

SCRIPT = Path(sphinx_xenfusa.__file__).parent / "sphinxext" / "static" / "xenfusa-tables.js"
VERDICTS = (
    verdict("criticality_closed_set", None, VerdictKind.CONFIRMED),
    verdict("hwdom_unprivileged", "specification", VerdictKind.CONFIRMED),
    verdict("hwdom_unprivileged", "dummy", VerdictKind.DIVERGES),
)
CLAIMS = (":confirmed-by: criticality_closed_set", ":confirmed-by: hwdom_unprivileged", "")
KINDS = ("rule", "prohibition", "rule", "hazard")
RATIONALES = ("", "=1+1", 'because of a, b and "c"', "-x", "plain words")
NUMBER = 40
REQUIREMENTS = "".join(
    requirement(
        f"item_{number}",
        kind=KINDS[number % 4],
        options="\n".join(filter(None, (CLAIMS[number % 3], f":rationale: {RATIONALES[number % 5]}"))),
        title=f"The title of {number}",
    )
    for number in range(NUMBER)
)
FILES = {
    "index.rst": "P\n=\n\n.. toctree::\n\n   reqs\n   views\n   results\n",
    "reqs.rst": "Reqs\n====\n\n" + REQUIREMENTS,
    "views.rst": "Views\n=====\n\n.. xen:matrix::\n   :columns: requirement, kind, rationale, state\n\n"
    ".. xen:matrix::\n   :kinds: hazard\n   :columns: requirement, verdicts, state\n",
    "results.rst": "Results\n=======\n\n.. xen:tests::\n",
    "a.xml": report(GOOD, *(("t.A", f"test_{number}", "", "") for number in range(9))),
    "b.xml": report(BAD, IDLE),
    "c.xml": report(MORE),
}
FIRST, SECOND = "#xenfusa-table-1", "#xenfusa-table-2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The built project; only to be read."""
    with pytest.MonkeyPatch.context() as patched:
        built = run_build(
            tmp_path_factory.mktemp("tables"),
            patched,
            FILES,
            verdicts=VERDICTS,
            html_theme="furo",
            xenfusa_test_reports=["a.xml", "b.xml", "c.xml"],
        )
        yield built.out


@pytest.fixture
def views(opened: Browsing, folder: Path) -> Any:
    """The page with two matrices."""
    return opened(folder, "views.html")


def column(page: Any, table: str, number: int) -> list[str]:
    """The cells of a column in the order of the page, without what is not in it."""
    cells = page.locator(f"{table} tbody tr td:nth-child({number})").all_inner_texts()
    return [" ".join(cell.split()) for cell in cells]


def count(page: Any, table: str) -> str:
    """The line that says how many rows are shown."""
    return str(tools(page, table).locator(".xenfusa-count").inner_text())


def tools(page: Any, table: str) -> Any:
    return page.locator(f".xenfusa-tools:has(~ {table}), .xenfusa-tools:has(+ :has({table}))").last


def search(page: Any, table: str) -> Any:
    return tools(page, table).get_by_label("Filter", exact=True)


def press(page: Any, table: str, name: str) -> None:
    tools(page, table).get_by_role("button", name=name, exact=True).click()


def sort(page: Any, table: str, heading: str) -> None:
    page.locator(f"{table} thead").get_by_role("button", name=heading, exact=True).click()


def address(page: Any, wanted: str) -> str:
    """The address of the page once it holds what is wanted: it is written when typing has ended."""
    page.wait_for_function("wanted => decodeURIComponent(location.search).includes(wanted)", arg=wanted)
    return str(page.url)


def test_states_have_the_order_of_the_record() -> None:
    found = re.search(r"const STATES = (\[.*?\]);", SCRIPT.read_text("utf-8"), re.DOTALL)
    assert found is not None
    names = json.loads(re.sub(r",\s*\]", "]", found[1]))
    assert names == [result.value.replace(" ", "-") for result in Result]


def test_our_tables_have_headings_captions_and_no_inline_style(every_kind: Callable[..., Path]) -> None:
    out = every_kind("furo")
    texts = [page.read_text("utf-8") for page in sorted(out.rglob("*.html")) if "_static" not in page.parts]
    tables = [one for text in texts for one in re.findall(r"<table[^>]*xenfusa-table.*?</table>", text, re.DOTALL)]
    assert len(tables) > 30
    assert [one[:200] for one in tables if "style=" in one] == []
    assert [one[:200] for one in tables if "<caption>" not in one] == []
    assert [head for one in tables for head in re.findall(r"<th\b[^>]*>", one) if 'scope="col"' not in head] == []
    around = [one for text in texts for one in re.findall(r"(.{30})<table[^>]*xenfusa-table", text, re.DOTALL)]
    assert [one for one in around if "xenfusa-scrolling" not in one] == []


class TestInABrowser:
    pytestmark = NEEDS_A_BROWSER

    def test_columns_sort_by_what_they_hold(self, views: Any) -> None:
        written = column(views, FIRST, 1)
        sort(views, FIRST, "Requirement")
        assert column(views, FIRST, 1) == [f"XenArch~item_{number}~1 The title of {number}" for number in range(NUMBER)]
        heading = views.locator(f"{FIRST} thead th").first
        assert heading.get_attribute("aria-sort") == "ascending"
        sort(views, FIRST, "Requirement")
        assert heading.get_attribute("aria-sort") == "descending"
        assert column(views, FIRST, 1)[0].startswith("XenArch~item_39~1")
        sort(views, FIRST, "Requirement")
        assert heading.get_attribute("aria-sort") is None
        assert column(views, FIRST, 1) == written

    def test_states_sort_worst_first(self, views: Any) -> None:
        sort(views, FIRST, "State")
        states = column(views, FIRST, 4)
        order = [str(result) for result in Result]
        assert [order.index(state.split(maxsplit=1)[1]) for state in states] == sorted(
            order.index(state.split(maxsplit=1)[1]) for state in states
        )
        assert len(set(states)) == 3
        assert count(views, FIRST) == "40 rows; sorted by State, worst first."
        sort(views, FIRST, "State")
        assert column(views, FIRST, 4) == states[::-1]

    def test_numbers_sort_as_numbers_and_totals_stay_below(self, opened: Browsing, folder: Path) -> None:
        page = opened(folder, "results.html")
        sort(page, FIRST, "all")
        assert column(page, FIRST, 7) == ["1", "2", "10", "13"] or column(page, FIRST, 6) == ["1", "2", "10", "13"]
        assert column(page, FIRST, 1)[-1] == "all"
        search(page, FIRST).fill("a.xml")
        assert column(page, FIRST, 1) == ["a.xml pytest"]

    def test_filters_go_together_and_what_they_hide_is_counted(self, views: Any) -> None:
        search(views, FIRST).fill("ITEM_1")
        assert len(column(views, FIRST, 1)) == 11
        assert count(views, FIRST) == "11 of 40 rows shown, filters: any column has “ITEM_1”."
        press(views, FIRST, "Columns")
        views.get_by_label("Filter Kind").select_option(label="rule (20)")
        views.get_by_label("Filter Requirement").fill("-item_12 -14")
        shown = column(views, FIRST, 1)
        assert shown == [one for one in shown if re.match(r"XenArch~item_1\d?~1", one)]
        assert set(column(views, FIRST, 2)) == {"rule"}
        assert count(views, FIRST) == (
            f"{len(shown)} of 40 rows shown, filters: any column has “ITEM_1”; Requirement has “-item_12 -14”; Kind is “rule”."
        )
        assert 0 < len(shown) < 11
        assert len(column(views, SECOND, 1)) == 10
        press(views, FIRST, "Reset")
        assert len(column(views, FIRST, 1)) == 40
        assert count(views, FIRST) == "40 rows."

    def test_the_words_of_a_filter(self, views: Any) -> None:
        for asked, number in (
            ('"title of 3"', 11),
            ("title 39", 1),
            ("item_3 -item_39", 10),
            ("=1+1", 8),
            ("no such", 0),
        ):
            search(views, FIRST).fill(asked)
            assert len(column(views, FIRST, 1)) == number, asked

    def test_the_address_holds_the_view_of_each_table(self, views: Any, opened: Browsing, folder: Path) -> None:
        search(views, FIRST).fill("item_2")
        press(views, FIRST, "Columns")
        views.get_by_label("Filter State").select_option(index=1)
        search(views, SECOND).fill("-item_3")
        sort(views, FIRST, "Requirement")
        sort(views, FIRST, "Requirement")
        address(views, "t2.any=-item_3")
        sent = address(views, "t1.sort=-Requirement").partition("views.html")[2]
        other = opened(folder, "views.html" + sent)
        for table in (FIRST, SECOND):
            assert column(other, table, 1) == column(views, table, 1)
            assert count(other, table) == count(views, table)
        assert len(column(other, FIRST, 1)) < 11
        press(other, FIRST, "Reset")
        other.wait_for_function("() => !location.search.includes('t1.')")
        assert "t2.any=-item_3" in other.url

    def test_an_address_that_asks_for_what_is_not_there_says_so(self, opened: Browsing, folder: Path) -> None:
        page = opened(folder, "views.html?t1.in.Colour=red&t1.in.State=diverges#xenfusa-table-1")
        assert count(page, FIRST) == (
            "13 of 40 rows shown, filters: State has “diverges”; "
            "the address asks for what this table has not: a column “Colour”."
        )
        assert page.get_by_label("Filter State").locator("option:checked").inner_text() == "has “diverges”"

    def test_odd_characters_come_through_the_address(self, views: Any, opened: Browsing, folder: Path) -> None:
        asked = 'ü "a & b" 100% #5 +x <b>'
        search(views, FIRST).fill(asked)
        sent = address(views, "<b>").partition("views.html")[2]
        other = opened(folder, "views.html" + sent)
        assert search(other, FIRST).input_value() == asked
        assert count(other, FIRST) == count(views, FIRST)
        opened.go(other, folder, "views.html?t1.in.Kind=rule#100%")  # the end of an address that somebody cut
        assert count(other, FIRST) == "20 of 40 rows shown, filters: Kind has “rule”."
        assert other.get_by_label("Filter Kind").locator("option:checked").inner_text() == "has “rule”"

    def test_back_and_forward_show_what_the_address_says(self, views: Any) -> None:
        search(views, FIRST).fill("item_39")
        address(views, "item_39")
        views.evaluate("() => { location.hash = '#xenfusa-table-2'; }")
        press(views, FIRST, "Columns")
        views.get_by_label("Filter Kind").select_option(label="rule (20)")
        search(views, FIRST).fill("item_2")
        address(views, "t1.in.Kind")
        rules = count(views, FIRST)
        views.go_back()
        views.wait_for_function("() => document.querySelector('#xenfusa-table-1').tBodies[0].rows.length === 1")
        assert count(views, FIRST) == "1 of 40 rows shown, filters: any column has “item_39”."
        assert search(views, FIRST).input_value() == "item_39"
        assert views.get_by_label("Filter Kind").input_value() == ""
        views.go_forward()
        views.wait_for_function("() => document.querySelector('#xenfusa-table-1').tBodies[0].rows.length > 1")
        assert count(views, FIRST) == rules
        assert views.get_by_label("Filter Kind").locator("option:checked").inner_text() == "rule (20)"

    def test_a_link_to_a_row_that_is_hidden_brings_it_back_and_says_so(
        self, opened: Browsing, folder: Path, tmp_path: Path
    ) -> None:
        text = (folder / "views.html").read_text("utf-8").replace("<tbody>\n<tr", '<tbody>\n<tr id="row-of-it"', 1)
        (tmp_path / "_static").symlink_to(folder / "_static")
        (tmp_path / "views.html").write_text(text)
        page = opened(tmp_path, "views.html?t1.any=nothing-has-this")
        assert column(page, FIRST, 1) == []
        page.evaluate("() => { location.hash = '#row-of-it'; }")
        page.wait_for_selector("#row-of-it:target")
        said = "40 rows; the filters are gone, because the address leads to a row that they hid."
        assert count(page, FIRST) == said
        assert search(page, FIRST).input_value() == ""
        page.wait_for_function("() => location.search === ''")
        assert page.url.endswith("#row-of-it")

    def test_csv_is_what_is_seen_and_starts_no_formula(self, views: Any) -> None:
        search(views, FIRST).fill("hazard")
        sort(views, FIRST, "Requirement")
        with views.expect_download() as saving:
            press(views, FIRST, "CSV")
        assert saving.value.suggested_filename == "views-xenfusa-table-1-10-of-40.csv"
        raw = Path(saving.value.path()).read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf")
        head, *rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
        assert head == ["Requirement", "Kind", "Rationale", "State"]
        assert [row[0] for row in rows] == [f"XenArch~item_{n}~1\nThe title of {n}" for n in range(3, NUMBER, 4)]
        assert [row[2] for row in rows] == [guarded(RATIONALES[n % 5]) for n in range(3, NUMBER, 4)]
        assert {"'=1+1", "'-x"} <= {row[2] for row in rows}

    def test_copy_is_what_is_seen(self, views: Any) -> None:
        views.context.grant_permissions(["clipboard-read", "clipboard-write"])
        search(views, SECOND).fill("item_3")
        press(views, SECOND, "Copy")
        tools(views, SECOND).get_by_role("button", name="4 copied").wait_for()
        assert tools(views, SECOND).get_by_role("status").all_inner_texts()[-1] == "4 rows are copied"
        lines = list(csv.reader(io.StringIO(views.evaluate("navigator.clipboard.readText()"), newline=""), "excel-tab"))
        assert lines[0] == ["Requirement", "Verdicts", "State"]
        assert [line[0].split("\n")[0] for line in lines[1:]] == [one.split()[0] for one in column(views, SECOND, 1)]

    def test_without_javascript_all_is_there_and_no_control(self, opened: Browsing, folder: Path) -> None:
        page = opened(folder, "views.html?t1.any=item_3", javascript=False)
        assert page.locator(f"{FIRST} tbody tr:visible").count() == NUMBER
        assert page.locator(".xenfusa-tools, .xenfusa-filter, .xenfusa-sort, button.xenfusa-tool").count() == 0

    def test_paper_has_the_rows_that_are_shown_and_says_so(self, views: Any) -> None:
        search(views, FIRST).fill("item_3")
        views.emulate_media(media="print")
        assert count(views, FIRST).startswith("11 of 40 rows shown, filters: ")
        assert not search(views, FIRST).is_visible()
        assert views.get_by_role("button", name="CSV").count() == 0
        assert not tools(views, SECOND).locator(".xenfusa-count").is_visible()

    def test_it_works_by_keyboard(self, views: Any) -> None:
        search(views, FIRST).focus()
        views.keyboard.type("item_2")
        assert len(column(views, FIRST, 1)) == 11
        views.keyboard.press("Tab")
        focused = "getComputedStyle(document.activeElement).outlineStyle"
        assert views.evaluate("document.activeElement.textContent") == "Columns"
        assert views.evaluate(focused) == "solid"
        views.keyboard.press("Enter")
        assert views.get_by_label("Filter Kind").is_visible()
        for _ in range(4):
            views.keyboard.press("Tab")
        assert views.evaluate("document.activeElement.textContent") == "Requirement"
        assert views.evaluate(focused) == "solid"
        views.keyboard.press("Space")
        assert views.locator(f"{FIRST} th").first.get_attribute("aria-sort") == "ascending"

    def test_a_long_table_keeps_its_first_rows_in_the_page(
        self, opened: Browsing, folder: Path, tmp_path: Path
    ) -> None:
        text = (folder / "views.html").read_text("utf-8")
        head, start, rest = text.partition("<tbody>")
        body, end, tail = rest.partition("</tbody>")
        (tmp_path / "_static").symlink_to(folder / "_static")
        (tmp_path / "views.html").write_text(f"{head}{start}{body * 25}{end}{tail}")
        page = opened(tmp_path, "views.html")
        assert count(page, FIRST) == "1,000 rows."
        assert len(column(page, FIRST, 1)) == 100
        assert "The first 100 of 1,000 rows are on the page" in page.locator(".xenfusa-more:visible").inner_text()
        search(page, FIRST).fill("item_39")
        assert len(column(page, FIRST, 1)) == 25
        search(page, FIRST).fill("item_3")
        assert len(column(page, FIRST, 1)) == 100
        assert count(page, FIRST).startswith("275 of 1,000 rows shown")
        page.evaluate(
            "addEventListener('beforeprint', () => { window.printed = document.querySelectorAll('tbody')[0].rows.length; })"
        )
        page.pdf()
        assert page.evaluate("window.printed") == 275
        assert len(column(page, FIRST, 1)) == 100
        page.get_by_role("button", name="Put all 275 on the page").click()
        assert len(column(page, FIRST, 1)) == 275
        focused = "[...document.querySelectorAll('tbody')[0].rows].indexOf(document.activeElement)"
        assert page.evaluate(focused) == 100, "the focus is where the new rows begin"

    def test_a_long_table_that_the_script_never_reaches_comes_whole(
        self, opened: Browsing, folder: Path, tmp_path: Path
    ) -> None:
        text = (folder / "views.html").read_text("utf-8")
        head, start, rest = text.partition("<tbody>")
        body, end, tail = rest.partition("</tbody>")
        whole = re.sub(r"<script[^>]*xenfusa-tables[^>]*></script>", "", f"{head}{start}{body * 10}{end}{tail}")
        (tmp_path / "_static").symlink_to(folder / "_static")
        (tmp_path / "views.html").write_text(whole)
        page = opened(tmp_path, "views.html")
        page.evaluate("document.getAnimations().forEach(one => { one.currentTime = 12001; })")
        assert page.locator(f"{FIRST} tbody tr:visible").count() == 400

    @pytest.mark.parametrize("theme", THEMES)
    def test_in_every_theme_no_column_is_cut_and_the_headings_stay(
        self, opened: Browsing, every_kind: Callable[..., Path], theme: str
    ) -> None:
        out = every_kind(theme)
        wide = opened(out, "parts/views.html")
        beyond = """() => [...document.querySelectorAll('.xenfusa-scrolling')].filter(one =>
            one.checkVisibility() && getComputedStyle(one).overflowX === 'visible'
            && one.querySelector('table').getBoundingClientRect().right > one.getBoundingClientRect().right + 1).length"""
        assert wide.evaluate(beyond) == 0
        stays = """() => {
            const table = document.querySelector('table.xenfusa-matrix');
            table.tBodies[0].lastElementChild.scrollIntoView({block: 'start', behavior: 'instant'});
            scrollBy({top: -table.tHead.offsetHeight - 120, behavior: 'instant'});
            const top = table.tHead.getBoundingClientRect().top;
            return [getComputedStyle(table.tHead).position, top >= 0 && top < 120];
        }"""
        assert wide.evaluate(stays) == ["sticky", True]
        narrow = opened(out, "parts/views.html", window=NARROW)
        assert narrow.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert narrow.evaluate(beyond) == 0
