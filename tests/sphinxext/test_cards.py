"""The card of a requirement: one glance tells what ran, who reviewed and what is wrong; only the rest is in a fold."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from test_case_pages import failure
from test_case_pages import report as whole_report
from tests_support import Built, requirement, verdict

from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.sphinxext import graph_view

TITLE = "Title\n=====\n\n"
JUNIT = """\
<testsuite name="s" tests="{number}" failures="1" errors="0" skipped="1">{cases}</testsuite>
"""
CASE = (
    '<testcase classname="k" name="{name}"><properties><property name="xenfusa.verifies" value="XenArch~{of}~1"/>'
    "</properties>{more}</testcase>"
)


class Visible(HTMLParser):
    """The words of a page that stand in no fold; the line of a fold itself is seen."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._open: list[str] = []
        self._folds = 0
        self.seen: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("details", "summary"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("details", "summary"):
            self._open.pop()

    def handle_data(self, data: str) -> None:
        inside = self._open.count("details") - (self._open[-1:] == ["summary"])
        if not inside:
            self.seen.append(data)


def visible(page: str) -> str:
    """What a reader sees who unfolds nothing, in one line."""
    words = " ".join("".join(Visible(page[page.index("<body") :]).seen).split())
    return re.sub(r"\s+([,;:])", r"\1", words)


def card(page: str, name: str) -> str:
    """The part of a page from the anchor of a requirement to the next."""
    start = page.index(f'id="XenArch~{name}~1"')
    end = page.find('id="XenArch~', start + 10)
    return "<body" + page[start : end if end > 0 else None]


def report(*cases: tuple[str, str, str]) -> str:
    written = "".join(CASE.format(name=name, of=of, more=more) for name, of, more in cases)
    return JUNIT.format(number=len(cases), cases=written)


def test_passes_of_a_part_have_no_tick_alone(build: Callable[..., Built]) -> None:
    texts = [requirement(name, options=":needs: XenTest") for name in ("part", "both")]
    cases = ("a", "part", ""), ("b", "both", "")
    partial, whole = (
        report(*ran).replace('failures="1"', 'failures="0"').replace('skipped="1"', 'skipped="0"')
        for ran in (cases, [("c", "both", "")])
    )
    partial = partial.replace("xenfusa.verifies", "xenfusa.partially-verifies")
    files = {"index.rst": TITLE + "\n".join(texts), "p.xml": partial, "w.xml": whole}
    page = build(files, xenfusa_test_reports=["p.xml", "w.xml"]).page("index.html")
    part, both = (visible(card(page, name)) for name in ("part", "both"))
    assert "◐ 1 passed (1 of them verifies a part only)" in part
    assert "✓ 2 passed (1 of them verifies a part only)" in both


def test_what_is_wrong_stands_in_no_fold(build: Callable[..., Built]) -> None:
    texts = [
        requirement("bad", options=":confirmed-by: hwdom_unprivileged\n:needs: XenTest"),
        requirement("tested", options=":needs: XenTest\n:rationale: Because.\n:covers: XenArch~bad~2, XenArch~none~1"),
        requirement("idle", options=":needs: XenSwdgn"),
    ]
    failure = '<failure message="x &lt; y">long</failure>'
    cases = ("breaks", "tested", failure), ("waits", "tested", '<skipped message="no board"/>'), ("good", "tested", "")
    page = build(
        {"index.rst": TITLE + "\n".join(texts), "r.xml": report(*cases)},
        verdicts=(
            verdict("hwdom_unprivileged", "specification", VerdictKind.CONFIRMED),
            verdict("hwdom_unprivileged", "dummy", VerdictKind.DIVERGES),
        ),
        xenfusa_test_reports=["r.xml"],
    ).page("index.html")
    bad, tested, idle = (visible(card(page, name)) for name in ("bad", "tested", "idle"))
    assert "✓ consistent (document), 10 checks, 4 of which could have failed" in bad
    assert "≠ diverges (D1) under Xen, policy dummy, 10 checks, 4 of which could have failed: as expected" in bad
    assert "✗ 1 failed, – 1 skipped, ✓ 1 passed" in tested
    assert "✗ failed k::breaks: x < y" in html.unescape(tested)
    assert "1 skipped: no board" in tested
    assert "k::good" not in tested and "k::good" in card(page, "tested")
    assert "XenArch~bad~2 (✗ predated, orphaned)" in tested
    assert "XenArch~none~1 (✗ orphaned)" in tested
    assert "Because." not in tested and "Because." in card(page, "tested")
    assert "XenSwdgn ∅ lacking" in idle
    for one in (bad, tested, idle):
        assert re.search(r"Review ?: ?∅ none", one), one


def test_both_ends_of_a_link_show_it(build: Callable[..., Built]) -> None:
    texts = requirement("top", options=":needs: XenArch") + "\n" + requirement("low", options=":covers: XenArch~top~1")
    page = build({"index.rst": TITLE + texts}).page("index.html")
    assert re.search(r"Covered by ?: ?XenArch~low~1", visible(card(page, "top")))
    assert re.search(r"Covers ?: ?XenArch~top~1", visible(card(page, "low")))


def test_a_new_link_reaches_the_page_of_what_it_covers(build: Callable[..., Built]) -> None:
    """Nothing of the covered item itself changes, and yet its card does."""
    files = {
        "index.rst": TITLE + ".. toctree::\n\n   a\n   b\n",
        "a.rst": "A\n=\n\n" + requirement("top", options=":needs: XenArch, XenArch"),
        "b.rst": "B\n=\n\n" + requirement("low", options=":covers: XenArch~top~1") + "\n" + requirement("new"),
    }
    build(files)
    more = "B\n=\n\n" + "\n".join(requirement(name, options=":covers: XenArch~top~1") for name in ("low", "new"))
    assert "XenArch~new~1" in visible(build({"b.rst": more}).page("a.html"))


GRAPH = (
    requirement("top", options=":needs: XenArch")
    + "\n"
    + "\n".join(requirement(f"low{number}", options=":covers: XenArch~top~1") for number in range(10))
    + "\n"
    + requirement("deep", options=":covers: XenArch~low0~1, XenArch~top~2")
)


def test_a_graph_links_its_boxes_and_a_list_says_the_same(build: Callable[..., Built]) -> None:
    pytest.importorskip("graphlay", reason="without graphlay there is no drawing")
    built = build({"index.rst": TITLE + GRAPH + "\n.. xen:graph:: XenArch~top~1\n"})
    page = built.page("index.html")
    drawn = page[page.index('<div class="xenfusa-drawing">') :]
    svg, rest = drawn[: drawn.index("</svg>")], drawn[drawn.index("</svg>") :]
    assert 'href="#XenArch~low3~1"' in svg
    assert "and 3 more items" in svg
    assert "link: covered predated" in svg
    assert "style=" not in svg and "onclick" not in svg
    listed = rest[: rest.index("</details>")]
    links = set(re.findall(r'<a href="(#[^"]+)"', svg))
    assert links == set(re.findall(r'href="(#XenArch[^"]+)"', listed)), "every box is an entry of the list"
    again = build(fresh=True, folder="docs").page("index.html")
    assert again == page, "the same input is drawn alike"


def test_without_the_package_that_draws_the_list_stands_alone(
    build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_view, "_engine", lambda: None)
    page = build({"index.rst": TITLE + GRAPH + "\n.. xen:graph:: XenArch~deep~1\n"}).page("index.html")
    assert graph_view.WITHOUT in page
    assert "<svg" not in page[page.index(graph_view.WITHOUT) :]
    assert "XenArch~low0~1" in visible(page[page.index("<body") :].replace(graph_view.WITHOUT, "</p><body"))


def graph_of(page: str, name: str) -> str:
    """The graph in a card; empty where it has none."""
    found = re.search(r'<details class="[^"]*xenfusa-card-graph">.*?</svg>', card(page, name), re.DOTALL)
    return found[0] if found else ""


def test_each_card_has_its_graph_unless_the_project_is_large(build: Callable[..., Built]) -> None:
    pytest.importorskip("graphlay", reason="without graphlay there is no drawing")
    files = {"index.rst": TITLE + GRAPH + "\n" + requirement("alone")}
    page = build(files).page("index.html")
    assert 'href="#XenArch~top~1"' in graph_of(page, "low0")
    assert 'href="#XenArch~deep~1"' in graph_of(page, "top"), "one further step"
    assert graph_of(page, "alone") == "", "around it stands nothing"
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert graph_of(build(xenfusa_card_graphs=13).page("index.html"), "top")
    assert not graph_of(build(xenfusa_card_graphs=12).page("index.html"), "top"), "there are 13"


def test_a_graph_follows_what_stands_two_steps_away(build: Callable[..., Built]) -> None:
    pytest.importorskip("graphlay", reason="without graphlay there is no drawing")
    files = {
        "index.rst": TITLE + ".. toctree::\n\n   a\n   b\n   c\n",
        "a.rst": "A\n=\n\n" + requirement("top", options=":needs: XenArch"),
        "b.rst": "B\n=\n\n" + requirement("low", options=":covers: XenArch~top~1"),
        "c.rst": "C\n=\n\n" + requirement("deep"),
    }
    assert "XenArch~deep~1" not in graph_of(build(files).page("a.html"), "top")
    edited = {"c.rst": "C\n=\n\n" + requirement("deep", options=":covers: XenArch~low~1")}
    page = build(edited).page("a.html")
    assert 'href="c.html#XenArch~deep~1"' in graph_of(page, "top")
    assert build(fresh=True, folder="docs").page("a.html") == page


def test_a_test_with_several_parameters_is_one_box(build: Callable[..., Built]) -> None:
    pytest.importorskip("graphlay", reason="without graphlay there is no drawing")
    cases = (("t", f"test_a[{number}]", "XenArch~one~1", failure() if number == 3 else "") for number in range(12))
    lone = ("t", "test_b[0]", "XenArch~one~1", "")
    files = {"index.rst": TITLE + requirement("one"), "r.xml": whole_report(*cases, lone)}
    drawn = graph_of(build(files, xenfusa_test_reports=["r.xml"]).page("index.html"), "one")
    said = " ".join(re.sub("<[^>]+>", " ", drawn).split())
    assert "t::test_a (12 cases) ✗ failed" in said
    assert "t::test_b[0] ✓ passed" in said
    assert "more tests" not in said


def test_a_graph_of_nothing_is_told_with_its_line(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE + requirement("one") + "\n.. xen:graph:: XenArch~on~1\n"})
    (told,) = built.warnings
    assert told == (
        "docs/index.rst:10: WARNING: found xen:graph of 'XenArch~on~1'; expected the tag of an item; "
        "did you mean XenArch~one~1? [xenfusa.option]"
    )
    assert "There is no item XenArch~on~1." in built.page("index.html")
