"""Tests as needs of sphinx-needs: links that tables can show and filter by, without a card and without what is not linked."""

import re
from collections.abc import Callable

import pytest
from sphinx_needs.api import get_needs_view
from test_case_pages import BAD, FILES, GOOD, HOSTILE, IDLE, MORE, Case, failure, report
from test_every_builder import dead_links, pages, tex_faults
from tests_support import Built

from sphinx_xenfusa.sphinxext import case_needs

TABLES = """
.. needtable:: All
   :filter: type == "xen_rule"
   :columns: id, xen_test, xen_verifies_back as "Verified by"
   :style: table

.. needtable:: Failed
   :filter: type == "xen_rule" and xen_test == "failed"
   :style: table

.. needtable:: Tests
   :filter: type == "XenTest" and xen_outcome != "passed"
   :columns: id, title, xen_outcome, xen_verifies
   :style: table

.. needlist::
   :filter: type == "XenTest"
"""


def project(*cases: Case) -> dict[str, str]:
    tables = "Tables\n======\n" + TABLES
    index = FILES["index.rst"] + "   deep/tables\n"
    return {**FILES, "index.rst": index, "deep/tables.rst": tables, "r.xml": report(*cases)}


def known(built: Built) -> dict[str, str]:
    """Title and outcome of each test that sphinx-needs has."""
    return {
        need["title"]: need["xen_outcome"] for need in get_needs_view(built.app).values() if need["type"] == "XenTest"
    }


@pytest.mark.parametrize("builder", ["html", "dirhtml"])
def test_tables_show_and_filter_by_tests(build: Callable[..., Built], builder: str) -> None:
    built = build(project(GOOD, BAD, IDLE, MORE), builder=builder, xenfusa_test_reports=["r.xml"])
    assert built.warnings == []
    assert known(built) == {"t.A::test_good": "passed", "t.A::test_bad": "failed", "t.B::test_idle": "skipped"}
    needs = get_needs_view(built.app)
    titles = {needs[id]["title"] for id in needs["XenArch~one~1"]["xen_verifies_back"]}
    assert titles == {"t.A::test_good", "t.A::test_bad"}
    name = "deep/tables.html" if builder == "html" else "deep/tables/index.html"
    text = built.page(name)
    failed = re.search(r"Failed.*?</table>", text, re.DOTALL)
    assert failed is not None
    assert "XenArch~one~1" in failed[0]
    assert "XenArch~two~1" not in failed[0]
    read = pages(built.out)
    assert list(dead_links(read)) == []
    links = [link for link in read[built.out / name].links if "xenfusa/tests/" in link]
    assert len({link for link in links if "test-bad-" in link}) == 1
    # A test has no card: neither an anchor nor a place for one.
    assert "XenTest-" not in "".join(anchor for page in read.values() for anchor in page.anchors)


@pytest.mark.parametrize("builder", ["singlehtml", "text", "latex"])
def test_formats_without_such_pages_have_no_dead_link(build: Callable[..., Built], builder: str) -> None:
    built = build(project(GOOD, BAD), builder=builder, xenfusa_test_reports=["r.xml"], copyright="nobody")
    suffix = {"singlehtml": "html", "text": "txt", "latex": "tex"}[builder]
    text = "".join(path.read_text("utf-8") for path in built.out.rglob(f"*.{suffix}"))
    assert "XenTest" in text
    assert "xenfusa/tests" not in text
    if builder == "singlehtml":
        assert list(dead_links(pages(built.out))) == []
    if builder == "latex":
        assert tex_faults(text) == []


def test_a_test_that_is_gone_is_forgotten(build: Callable[..., Built]) -> None:
    build(project(GOOD, BAD), xenfusa_test_reports=["r.xml"])
    again = build({"r.xml": report(GOOD)}, xenfusa_test_reports=["r.xml"])
    assert set(known(again)) == {"t.A::test_good"}
    assert "test_bad" not in again.page("deep/tables.html")


def test_a_link_to_another_revision_or_to_nothing_is_none(build: Callable[..., Built]) -> None:
    old = ("t.A", "test_old", "XenArch~one~2", "")
    lost = ("t.A", "test_lost", "XenArch~nowhere~1", "")
    assert known(build(project(GOOD, old, lost), xenfusa_test_reports=["r.xml"])) == {"t.A::test_good": "passed"}


def test_a_stale_test_says_so(build: Callable[..., Built]) -> None:
    built = build(project(GOOD), xenfusa_test_reports=["r.xml"], xenfusa_test_runs=["gone.yaml"])
    (stale,) = (need["xen_stale"] for need in get_needs_view(built.app).values() if need["type"] == "XenTest")
    assert stale is True
    fresh = build(xenfusa_test_reports=["r.xml"], xenfusa_test_runs=[])
    assert [need["xen_stale"] for need in get_needs_view(fresh.app).values() if need["type"] == "XenTest"] == [False]


def test_switched_off_there_are_none(build: Callable[..., Built]) -> None:
    built = build(project(GOOD), xenfusa_test_reports=["r.xml"], xenfusa_test_needs=False)
    assert known(built) == {}
    assert get_needs_view(built.app)["XenArch~one~1"]["xen_test"] == "passed"


def test_more_tests_than_sphinx_needs_can_hold_are_told(
    build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_needs, "MOST", 1)
    built = build(project(GOOD, BAD), xenfusa_test_reports=["r.xml"])
    assert known(built) == {}
    assert built.types() == ["xenfusa.refused"]
    assert "found 2 tests that verify requirements; expected at most 1" in built.warnings[0]
    assert build(xenfusa_test_reports=["r.xml"], xenfusa_test_needs=False).warnings == []


def test_a_name_steers_nothing_that_sphinx_needs_calls(build: Callable[..., Built]) -> None:
    names = [
        HOSTILE,
        "[[copy('id')]]",
        "{{ 7*7 }}",
        "<< var.x >>",
        "!include /etc/passwd",
        "<img:http://x/y>",
        "__import__('os')",
    ]
    cases = [("[[echo()]]", name, "XenArch~one~1", failure() if "script" in name else "") for name in names]
    built = build(project(*cases), xenfusa_test_reports=["r.xml"])
    assert built.warnings == []
    found = known(built)
    assert len(found) == len(names)
    for title in found:
        assert not re.search(r"\[\[|\]\]|[{}<>!\"'\\%|&;*#$]|//", title), title
    assert ">49<" not in built.page("deep/tables.html")
