"""Nothing in a built folder leads nowhere, and whatever does is found; three clicks lead from the index to an answer."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from click.testing import CliRunner
from every_kind import THEMES

from sphinx_xenfusa.cli import main
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.html_folder import dead_links, pages_of, read_page

GOOD = "<p id=here><a href='#here'>1</a> <a href='sub/b.html#there'>2</a> <a href='https://xen.org/'>3</a></p>"
SUB = (
    "<p id=there><a href='../index.html'>up</a> <a href='../index.html#top'>top</a> <a href='../evidence.xml'>r</a></p>"
)


def folder(tmp_path: Path, more: str = "", sheet: str = "") -> Path:
    (tmp_path / "sub").mkdir(exist_ok=True)
    (tmp_path / "_static").mkdir(exist_ok=True)
    (tmp_path / "index.html").write_text(f"<!doctype html>\n{GOOD}\n{more}")
    (tmp_path / "sub" / "b.html").write_text(SUB)
    (tmp_path / "evidence.xml").write_text("<a/>")
    (tmp_path / "_static" / "a.css").write_text("/* url(none.png) */\n" + sheet)
    return tmp_path


def test_a_whole_folder_has_no_dead_link(tmp_path: Path) -> None:
    assert list(dead_links(folder(tmp_path))) == []


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("<a href='none.html'>x</a>", "no such file"),
        ("<a href='#none'>x</a>", "no 'none' on that page"),
        ("<a href='sub/b.html#none'>x</a>", "no 'none' on that page"),
        ("<a href='sub/none.xml'>evidence</a>", "no such file"),
        ("<a href='../outside.html'>x</a>", "outside the folder"),
        ("<a href='/index.html'>x</a>", "outside the folder"),
        ("<img src='none.png'>", "no such file"),
        ("<img srcset='none.png 2x'>", "no such file"),
        ("<script src='none.js'></script>", "no such file"),
        ("<script src='https://cdn.example/x.js'></script>", "another machine"),
        ("<link rel='stylesheet' href='_static/none.css?v=1'>", "no such file"),
        ("<link rel='stylesheet' href='//fonts.example/x.css'>", "another machine"),
        ("<link rel='next' href='none.html'>", "no such file"),
        ("<iframe src='none.html'></iframe>", "no such file"),
        ("<object data='none.svg'></object>", "no such file"),
        ("<svg><use href='none.svg#x'/></svg>", "no such file"),
        ("<svg><a href='#none'><text>x</text></a></svg>", "no 'none' on that page"),
        ("<svg><a xlink:href='none.html'><text>x</text></a></svg>", "no such file"),
        ("<input name=field><a href='#field'>x</a>", "no 'field' on that page"),
        ("<a href='sub/B.html'>x</a>", "no such file"),
        ("<a href='#Here'>x</a>", "no 'Here' on that page"),
        ("<a href='http://[x'>x</a>", "no address"),
        ("<a href='%00'>x</a>", "no such file"),
        (f"<a href='{'a' * 300}'>x</a>", "no such file"),
        ("<a href='JavaScript:alert(1)'>x</a>", "a link that runs"),
    ],
)
def test_each_kind_of_breakage_is_named_with_its_line(tmp_path: Path, broken: str, reason: str) -> None:
    (found,) = dead_links(folder(tmp_path, broken))
    assert (found.page, found.line) == ("index.html", 3)
    assert reason in found.reason


def test_a_page_that_leads_out_of_the_folder_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "outside.html").write_text("<p>secret")
    (tmp_path / "html").mkdir()
    made = folder(tmp_path / "html")
    (made / "sub" / "c.html").symlink_to(tmp_path / "outside.html")
    with pytest.raises(InputError, match=r"c\.html.*outside the folder"):
        list(dead_links(made))


@pytest.mark.parametrize(
    "sheet", ["p { background: url('none.png') }", "@import 'none.css';", "a{src:url(//x.example/f)}"]
)
def test_so_is_that_of_a_style_sheet(tmp_path: Path, sheet: str) -> None:
    (found,) = dead_links(folder(tmp_path, sheet=sheet))
    assert (found.page, found.line) == ("_static/a.css", 2)


def test_the_command_ends_with_one_error_or_with_what_is_dead(tmp_path: Path) -> None:
    run = CliRunner().invoke
    good = run(main, ["audit", "links", str(folder(tmp_path))])
    assert (good.exit_code, good.output) == (0, "dead links: 0\n")
    bad = run(main, ["audit", "links", str(folder(tmp_path, "<a href='#none'>x</a>"))])
    assert bad.exit_code == 1
    assert bad.output.startswith("index.html:3: #none: ")
    none = run(main, ["audit", "links", str(tmp_path / "none")])
    assert none.exit_code == 2
    assert none.output.count("\n") == 1
    with pytest.raises(InputError):
        pages_of(tmp_path / "_static")


@pytest.mark.parametrize("theme", THEMES)
def test_every_kind_of_page_leads_somewhere(every_kind: Callable[..., Path], theme: str) -> None:
    assert [str(one) for one in dead_links(every_kind(theme))] == []


def clicks_from_index(folder: Path) -> dict[str, int]:
    """How many clicks lead from index.html to each page, by the links that the pages have."""
    names = {path.relative_to(folder).as_posix(): path for path in pages_of(folder)}
    found, edge = {"index.html": 0}, ["index.html"]
    while edge:
        name = edge.pop(0)
        for target in read_page(names[name]).targets:
            parts = urlsplit(target.url)
            there = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path)))
            if not target.loaded and not parts.scheme and parts.path and there in names and there not in found:
                found[there] = found[name] + 1
                edge.append(there)
    return found


def places_of_items(folder: Path) -> dict[str, list[str]]:
    """The pages that have the anchor of each item of the record."""
    record = json.loads((folder / "xenfusa" / "trace.json").read_text("utf-8"))
    anchors = {path.relative_to(folder).as_posix(): read_page(path).anchors for path in pages_of(folder)}
    return {item["id"]: [name for name, there in anchors.items() if item["id"] in there] for item in record["items"]}


@pytest.mark.parametrize("theme", THEMES)
def test_each_requirement_is_within_three_clicks(every_kind: Callable[..., Path], theme: str) -> None:
    folder = every_kind(theme)
    clicks = clicks_from_index(folder)
    places = places_of_items(folder)
    assert len(places) > 10
    far = {id: names for id, names in places.items() if min((clicks.get(name, 9) for name in names), default=9) > 2}
    assert far == {}, "two clicks to the requirement, its verdict and its reviewer, and a third to its evidence"


def test_its_verdict_evidence_and_reviewer_are_there(every_kind: Callable[..., Path]) -> None:
    folder = every_kind("furo")
    page = (folder / "parts" / "more.html").read_text("utf-8")
    record = json.loads((folder / "xenfusa" / "trace.json").read_text("utf-8"))
    (tested,) = (item for item in record["items"] if item["id"] == "XenArch~tested~1")
    assert tested["result"] == "failed"
    # Its state stands there in words, who reviewed it too, and links lead from there to the failing test and to the report.
    at = page[page.index('id="XenArch~tested~1"') : page.index('id="XenArch~skipped~1"')]
    assert "failed" in at
    assert "Bob" in at
    links = {unquote(urlsplit(target.url).path) for target in read_page(folder / "parts" / "more.html").targets}
    evidence = [link for link in links if link.startswith("../xenfusa/tests/")]
    assert any("test-bad" in link for link in evidence)
    assert any("r-xml" in link for link in evidence)
