"""The lists beside the states, and what is said where there are no test results."""

import re
from collections.abc import Callable

import pytest
from test_case_pages import BAD, FILES, GOOD, IDLE, MORE, failure, report
from test_every_builder import Page, dead_links, pages
from tests_support import Built, requirement

from sphinx_xenfusa.sphinxext.case_lists import LISTS

ALL = "Lists\n=====\n\n" + "\n".join(f".. xen:tests::\n   :list: {name}\n" for name in LISTS)
NOT_SUPPLIED = "No test results were supplied"
CANNOT = "asked for cannot be used"


def project(text: str = ALL, **more: str) -> dict[str, str]:
    return {**FILES, "index.rst": FILES["index.rst"] + "   lists\n", "lists.rst": text, **more}


def shown(built: Built, name: str = "lists.html") -> str:
    return Page(built.out / name).words


def test_each_list_has_its_number_or_says_none(build: Callable[..., Built]) -> None:
    old = ("t.A", "test_old", "XenArch~one~2", "")
    bad = ("t.C", "test_c", "XenArch~three~1", failure())
    no_reason = ("t.D", "test_d", "", "<skipped/>")
    text = report(GOOD, BAD, IDLE, MORE, old, bad, no_reason)
    built = build(project(**{"r.xml": text}), xenfusa_test_reports=["r.xml"])
    words = shown(built)
    for title in (
        "Unknown tags in tests: 1",
        "Tests that verify nothing: 2",
        "Requirements with only failing tests: 1",
        "Tests that did not run: 2",
    ):
        assert title in words
    for title in ("Flaky tests", "Stale reports", "Reports that cannot be used"):
        assert f"{title}: none, of " in words
    assert "Expected tests that never came: – nothing was looked at: there is no line of the manifest." in words
    assert "no board" in words
    assert "no reason given" in words
    assert re.search(r"test_old.{0,40}XenArch~one~2.{0,20}predated", words)
    assert list(dead_links(pages(built.out))) == []
    assert NOT_SUPPLIED not in shown(built, "reqs.html")


def test_without_results_no_list_is_empty_but_unknown(build: Callable[..., Built]) -> None:
    words = shown(build(project()))
    assert ": none" not in words
    assert words.count("not known, without test results") == len(LISTS)
    assert NOT_SUPPLIED in words


def test_a_list_that_does_not_exist_is_told_at_its_line(build: Callable[..., Built]) -> None:
    built = build(project("Lists\n=====\n\n.. xen:tests::\n   :list: skiped, flaky\n"))
    (told,) = [one for one in built.warnings if one.endswith("[xenfusa.option]")]
    assert re.match(r"docs/lists\.rst:[45]: WARNING: found the list 'skiped'; expected one of unreadable, ", told)
    assert "Flaky tests" in shown(built)


@pytest.mark.parametrize("builder", ["html", "singlehtml", "text"])
def test_a_page_with_states_says_that_no_results_were_supplied(build: Callable[..., Built], builder: str) -> None:
    built = build(project(), builder=builder)
    name = {"html": "reqs.html", "singlehtml": "index.html", "text": "reqs.txt"}[builder]
    text = built.page(name)
    assert NOT_SUPPLIED in text
    if builder == "html":
        assert text.count(NOT_SUPPLIED) == 1
        assert text.index(NOT_SUPPLIED) < text.index("XenArch~one~1")
        assert built.page("totals.html").count(NOT_SUPPLIED) == 1
        assert NOT_SUPPLIED not in built.page("index.html")


def test_reports_that_cannot_be_used_are_another_matter(build: Callable[..., Built]) -> None:
    built = build(project(**{"r.xml": report(GOOD)[:-9]}), xenfusa_test_reports=["r.xml", "gone.xml"])
    for name in ("reqs.html", "lists.html", "totals.html"):
        words = shown(built, name)
        assert CANNOT in words, name
        assert NOT_SUPPLIED not in words
    assert "Reports that cannot be used: 2" in shown(built)


def test_the_banner_comes_and_goes(build: Callable[..., Built]) -> None:
    assert NOT_SUPPLIED in build(project()).page("other.html")
    supplied = build({"r.xml": report(MORE)}, xenfusa_test_reports=["r.xml"])
    assert NOT_SUPPLIED not in supplied.page("other.html")
    assert CANNOT in build({"r.xml": "<"}, xenfusa_test_reports=["r.xml"]).page("other.html")


def test_the_reports_are_shown_where_no_list_is_asked_for(build: Callable[..., Built]) -> None:
    text = "Lists\n=====\n\n.. xen:tests::\n\n" + requirement("four")
    built = build(project(text, **{"r.xml": report(GOOD, BAD)}), xenfusa_test_reports=["r.xml"])
    assert "Test reports: 1" in shown(built)
    assert re.search(r"r\.xml pytest ✗ 1 – – – ✓ 1 2", shown(built))
