"""The pages of test results: found from the requirement, escaped, written again when they change, gone when the test is."""

import html
import re
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from test_every_builder import dead_links, loaded_from_elsewhere, pages, tex_faults
from tests_support import Built, requirement

from sphinx_xenfusa.sphinxext.case_places import FOLDER, page_of_case, page_of_report
from sphinx_xenfusa.sphinxext.page_names import OURS
from sphinx_xenfusa.trace import record
from sphinx_xenfusa.trace.states import Outcome

TITLE = "Page\n====\n\n"
INDEX = TITLE + ".. toctree::\n\n   reqs\n   other\n   totals\n"
REQS = "Requirements\n============\n\n" + requirement("one") + requirement("two")
OTHER = "Other\n=====\n\n" + requirement("three")
TOTALS = "Totals\n======\n\n.. xen:summary::\n"
HOSTILE = "<script>window.ran=1</script>\"'><img src=x onerror=window.ran=1> {{7*7}} ]]> [[copy()]] $ _ \\ %"

Case = tuple[str, str, str, str]


def report(*cases: Case) -> str:
    """A pytest report: class, name, tag (or none) and outcome element of each case."""
    body = ""
    for classname, name, tag, outcome in cases:
        verifies = f'<properties><property name="xenfusa.verifies" value={quoteattr(tag)}/></properties>' if tag else ""
        body += (
            f'<testcase classname={quoteattr(classname)} name={quoteattr(name)} time="0">{verifies}{outcome}</testcase>'
        )
    counts = {word: sum(f"<{word}" in one[3] for one in cases) for word in ("failure", "error", "skipped")}
    return (
        '<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" '
        f'errors="{counts["error"]}" failures="{counts["failure"]}" skipped="{counts["skipped"]}" tests="{len(cases)}" '
        f'time="0" timestamp="2026-11-22T00:00:00" hostname="h">{body}</testsuite></testsuites>'
    )


def failure(message: str = "no", text: str = "", output: str = "") -> str:
    written = f"<system-out>{escape(output)}</system-out>" if output else ""
    return f"<failure message={quoteattr(message)}>{escape(text)}</failure>{written}"


GOOD = ("t.A", "test_good", "XenArch~one~1", "")
BAD = ("t.A", "test_bad", "XenArch~one~1", failure(output="line\n" * 60))
IDLE = ("t.B", "test_idle", "XenArch~two~1", '<skipped message="no board"/>')
MORE = ("t.B", "test_more", "", "")
FILES = {"index.rst": INDEX, "reqs.rst": REQS, "other.rst": OTHER, "totals.rst": TOTALS}


def project(*cases: Case, **more: str) -> dict[str, str]:
    return {**FILES, "r.xml": report(*cases), **more}


def own(built: Built) -> dict[str, Path]:
    """The pages of test results by title."""
    found = {}
    for path in sorted((built.out / FOLDER).rglob("*.html")):
        title = re.search(r"<h1>(.*?)</h1>", path.read_text("utf-8"))
        assert title is not None
        found[html.unescape(title[1])] = path
    return found


@pytest.mark.parametrize("builder", ["html", "dirhtml"])
def test_a_page_for_each_report_and_for_each_failing_case(build: Callable[..., Built], builder: str) -> None:
    built = build(project(GOOD, BAD, IDLE, MORE), builder=builder, xenfusa_test_reports=["r.xml"])
    assert built.warnings == []
    found = own(built)
    assert set(found) == {"Test results", "Test report r.xml", "Test t.A::test_bad"}
    read = pages(built.out)
    assert list(dead_links(read)) == []
    assert list(loaded_from_elsewhere(built.out, read)) == []
    case = read[found["Test t.A::test_bad"]]
    assert "✗ failed" in case.words
    assert "XenArch~one~1" in case.words
    whole = read[found["Test report r.xml"]]
    assert "1 failed, 1 skipped, 2 passed" in whole.words
    assert whole.words.index("test_bad") < whole.words.index("test_idle") < whole.words.index("test_good")
    assert "no board" in whole.words
    suites = read[found["Test results"]].words
    assert "Test reports: 1" in suites
    # The requirement leads to the case, and the totals to the report.
    folder = "/" if builder == "dirhtml" else ".html"
    there = {name: read[built.out / f"{name}{folder}".replace("/", "/index.html")].links for name in ("reqs", "totals")}
    stem = found["Test t.A::test_bad"].parent.name if builder == "dirhtml" else found["Test t.A::test_bad"].name
    assert [link for link in there["reqs"] if stem in link]
    assert [link for link in there["totals"] if "r-xml-" in link]
    assert [link for link in there["totals"] if link.endswith(("tests/index.html", "tests/"))]


def test_long_output_is_folded_and_short_output_is_not(build: Callable[..., Built]) -> None:
    short = ("t.A", "test_short", "", failure(output="one\ntwo"))
    built = build(project(BAD, short), xenfusa_test_reports=["r.xml"])
    found = own(built)
    long_page = found["Test t.A::test_bad"].read_text("utf-8")
    assert re.search(r"<details[^>]*><summary>Output, \d+ lines</summary>\s*<pre[^>]*>\s*(--.*?\n)?line", long_page)
    short_page = found["Test t.A::test_short"].read_text("utf-8")
    assert "<details" not in short_page.partition("<h1>")[2].partition("</pre>")[0]
    assert "one\ntwo" in short_page


def test_hostile_words_are_words(build: Callable[..., Built]) -> None:
    bad = (HOSTILE, HOSTILE, "XenArch~one~1", failure(HOSTILE, HOSTILE, HOSTILE + "\n" * 80 + HOSTILE))
    good = (HOSTILE, HOSTILE + "2", "XenArch~one~1", "")
    idle = (HOSTILE, HOSTILE + "3", "XenArch~two~1", f"<skipped message={quoteattr(HOSTILE)}/>")
    built = build(project(bad, good, idle), xenfusa_test_reports=["r.xml"])
    for path in [*own(built).values(), built.out / "reqs.html", built.out / "totals.html"]:
        text = path.read_text("utf-8")
        assert "<script>window" not in text
        assert not re.search(r"<[^>]*\sonerror=", re.sub(r'"[^"]*"', '""', text))
        assert ">49<" not in text
    page = pages(built.out)[own(built)[f"Test {HOSTILE}::{HOSTILE}"]]
    assert page.words.count(HOSTILE) >= 4


def test_control_characters_are_spelled_out(build: Callable[..., Built]) -> None:
    bad = ("t\u202e.A", "test_\u200bname", "", failure("a\u202eb\x85c"))
    page = next(p for t, p in own(build(project(bad), xenfusa_test_reports=["r.xml"])).items() if "Test t" in t)
    text = page.read_text("utf-8")
    assert not set(text) & {"\u202e", "\u200b", "\x85"}
    assert "202e" in text.lower()


def test_names_stay_in_the_folder_and_meet_nowhere() -> None:
    wicked = [
        "../../etc/passwd",
        "/abs",
        "C:\\x",
        "con",
        "CON",
        "a/b",
        "",
        ".",
        "..",
        "é" * 300,
        "A",
        "a",
        "nul\0",
        "x" * 999,
    ]
    names = [page_of_report(one) for one in wicked]
    names += [page_of_case(record.TestCase("r", one, two, Outcome.FAILED)) for one in wicked for two in wicked]
    assert len({name.lower() for name in names}) == len(names)
    for name in names:
        folder, _, stem = name.rpartition("/")
        assert folder == FOLDER
        assert OURS.fullmatch(stem), stem
    # Where one part ends is told: otherwise a report could take the page of another.
    assert page_of_case(record.TestCase("r", "a", "b", Outcome.ERROR)) != page_of_case(
        record.TestCase("ra", "", "b", Outcome.ERROR)
    )


def test_what_else_a_report_holds_changes_no_name(build: Callable[..., Built]) -> None:
    before = own(build(project(BAD), xenfusa_test_reports=["r.xml"]))
    after = own(build(project(GOOD, ("t.A", "test_before", "", failure()), BAD, MORE), xenfusa_test_reports=["r.xml"]))
    assert {title: after[title] for title in before} == before


def test_cases_of_the_same_name_share_a_page(build: Callable[..., Built]) -> None:
    twice = [("t.A", "test_x", "", failure(f"number {number}")) for number in (1, 2)]
    text = own(build(project(*twice), xenfusa_test_reports=["r.xml"]))["Test t.A::test_x"].read_text("utf-8")
    assert "number 1" in text
    assert "number 2" in text


def written(built: Built, before: dict[Path, int]) -> set[str]:
    return {path.name for path in built.out.rglob("*.html") if before.get(path) != path.stat().st_mtime_ns}


def test_only_what_shows_a_changed_report_is_written_again(build: Callable[..., Built]) -> None:
    settings = {"xenfusa_test_reports": ["r.xml", "s.xml"]}
    third = ("t.C", "test_third", "XenArch~three~1", "")
    built = build(project(BAD, GOOD, **{"s.xml": report(third)}), **settings)
    gone = own(built)["Test t.A::test_bad"]
    stamps = {path: path.stat().st_mtime_ns for path in built.out.rglob("*.html")}
    again = build(**settings)
    assert written(again, stamps) <= {"genindex.html", "search.html", "permalink.html"}
    changed = build({"s.xml": report((*third[:3], failure()))}, **settings)
    names = written(changed, stamps) - {"genindex.html", "search.html", "index.html", "permalink.html"}
    assert "other.html" in names
    assert "reqs.html" not in names
    assert {name.partition("-")[0] for name in names} == {"other.html", "totals.html", "s", "test"}
    assert gone.is_file()
    fixed = build({"r.xml": report(GOOD, (*BAD[:3], ""))}, **settings)
    assert not gone.exists()
    assert list(dead_links(pages(fixed.out))) == []


def test_a_change_that_no_document_shows_reaches_the_pages(build: Callable[..., Built]) -> None:
    files = {"index.rst": TITLE + "Nothing.\n", "r.xml": report(MORE)}
    build(files, xenfusa_test_reports=["r.xml"])
    found = own(build({"r.xml": report((*MORE[:3], failure()))}, xenfusa_test_reports=["r.xml"]))
    assert "Test t.B::test_more" in found
    none = build(xenfusa_test_reports=[])
    assert own(none) == {}


def test_a_file_of_somebody_else_in_the_folder_stays(build: Callable[..., Built]) -> None:
    built = build(project(BAD), xenfusa_test_reports=["r.xml"])
    theirs = built.out / FOLDER / "theirs.html"
    theirs.write_text("mine")
    build({"r.xml": report(GOOD)}, xenfusa_test_reports=["r.xml"])
    assert theirs.read_text() == "mine"


def test_a_document_of_the_project_takes_the_place_of_the_list(build: Callable[..., Built]) -> None:
    files = project(BAD) | {f"{FOLDER}/index.rst": ":orphan:\n\nOurs\n====\n"}
    built = build(files, xenfusa_test_reports=["r.xml"])
    assert "Ours" in (built.out / FOLDER / "index.html").read_text("utf-8")
    assert list(dead_links(pages(built.out))) == []


def test_the_search_knows_the_pages_and_the_navigation_does_not(build: Callable[..., Built]) -> None:
    built = build(project(BAD), xenfusa_test_reports=["r.xml"])
    assert f"{FOLDER}/" in (built.out / "searchindex.js").read_text("utf-8")
    assert 'rel="next"' not in own(built)["Test t.A::test_bad"].read_text("utf-8")
    assert "<title>Test t.A::test_bad" in own(built)["Test t.A::test_bad"].read_text("utf-8")


@pytest.mark.parametrize("builder", ["singlehtml", "epub", "text", "latex"])
def test_other_formats_have_what_matters_in_place(build: Callable[..., Built], builder: str) -> None:
    bad = ("t.A", "test_bad", "XenArch~one~1", failure("found 1; expected 2 " * 30 + "the end of it"))
    conf = {"copyright": "nobody", "epub_show_urls": "no"}
    built = build(project(bad, GOOD), builder=builder, xenfusa_test_reports=["r.xml"], **conf)
    assert built.warnings == []
    assert not (built.out / FOLDER).exists()
    suffix = {"singlehtml": "html", "epub": "xhtml", "text": "txt", "latex": "tex"}[builder]
    text = "".join(path.read_text("utf-8") for path in sorted(built.out.rglob(f"*.{suffix}")))
    # Words are broken over lines, and borders of tables stand between them.
    assert "theendofit" in re.sub(r"[\s|+=-]", "", text)
    if suffix.endswith("html"):
        assert list(dead_links(pages(built.out, suffix))) == []
    if builder == "latex":
        assert tex_faults(text) == []


def test_a_report_that_cannot_be_used_says_why_on_its_page(build: Callable[..., Built]) -> None:
    built = build(FILES | {"r.xml": report(GOOD)[:-20]}, xenfusa_test_reports=["r.xml"])
    text = own(built)["Test report r.xml"].read_text("utf-8")
    assert "cannot be used" in text
    assert "Passed" not in text
    assert "No test result counts" in own(built)["Test results"].read_text("utf-8")


def test_no_pass_of_a_stale_report_is_green(build: Callable[..., Built]) -> None:
    files = project(GOOD, BAD) | {"totals.rst": TOTALS + "\n.. xen:tests::\n"}
    # The side file of the run cannot be read, so nobody knows what the report was made with.
    built = build(files, xenfusa_test_reports=["r.xml"], xenfusa_test_runs=["gone.yaml"])
    (one,) = built.record.reports
    assert one.stale
    found = own(built)
    texts = [found["Test report r.xml"].read_text("utf-8"), found["Test results"].read_text("utf-8")]
    for text in texts:
        assert "✓" not in text
        assert "✗" in text
        assert one.stale in html.unescape(text)
    assert "Passed, but stale: 1 test case" in texts[0]
    assert "1 failed, 1 passed, but stale" in texts[0]
    assert "0, 1 more stale" in texts[1]
    assert "↻ 1" in built.page("totals.html")
