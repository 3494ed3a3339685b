"""``xenfusa trace``: what it says of small trees that are written here, and of Xen's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from sphinx_xenfusa.cli import main
from sphinx_xenfusa.interop.plain_report import Verbosity
from sphinx_xenfusa.trace.serialise import validate

XEN = Path(__file__).parents[3] / "shared" / "data" / "xen-docs-fusa"
shared = pytest.mark.skipif(not XEN.is_dir(), reason="../shared is missing")

GOOD = """\
Title
=====

Origin
------

`XenMkt~origin~1`

Description:
Xen shall be.

Needs:
 - XenProd

Detail
------

`XenProd~detail~1`

Description:
Xen shall be in detail.

Covers:
 - `XenMkt~origin~1`
"""
LACKING = GOOD + "\nNeeds:\n - XenSwdgn\n"
OUTDATED = LACKING + "\nOther\n-----\n\n`XenSwdgn~other~1`\n\nCovers:\n - `XenProd~detail~2`\n"


def trace(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["trace", *map(str, arguments)], prog_name="xenfusa")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes a tree of files, by name without the suffix, in the current folder."""
    monkeypatch.chdir(tmp_path)

    def write(**files: str | bytes) -> Path:
        folder = tmp_path / "docs"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.rst").write_bytes(text if isinstance(text, bytes) else text.encode())
        return Path("docs")

    return write


@shared
def test_xens_own_tree() -> None:
    done = trace(XEN, "-v", "summary")
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "✗ not ok: 61 items: 18 defects (14 uncovered by XenSwdgn, 4 above uncovered), 43 in order",
        "  XenMkt    6 items: 4 defects (4 above uncovered), 2 in order",
        "  XenProd   23 items: 14 defects (14 uncovered by XenSwdgn), 9 in order",
        "  XenSwdgn  32 items: 32 in order",
        "  64 links: 64 covers",
        "  coverage in depth: 18 uncovered, 43 covered; states by evidence: 61 none",
        "  no findings",
    ]


@shared
def test_the_json_of_xens_own_tree_is_the_trace_record() -> None:
    record = json.loads(trace(XEN, "--format", "json").stdout)
    validate(record)
    assert {link["status"] for link in record["links"]} == {"covers"}
    assert len(record["links"]) == 64
    lacking = [item for item in record["items"] if item["uncovered"]]
    assert {(item["type"], *item["uncovered"]) for item in lacking} == {("XenProd", "XenSwdgn")}
    assert len(lacking) == 14
    place = next(item["source"] for item in record["items"] if item["id"] == "XenMkt~run_arm64_domains~1")
    line = (XEN / place["file"]).read_text("utf-8").splitlines()[place["line"] - 1]
    assert line == "`XenMkt~run_arm64_domains~1`"


def test_all_in_order(tree: Callable[..., Path]) -> None:
    done = trace(tree(a=GOOD), "-v", "minimal")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "✓ ok\n", "")


@pytest.mark.parametrize(
    ("verbosity", "said", "not_said"),
    [
        ("minimal", ["✗ not ok"], ["defect", "XenProd"]),
        ("summary", ["1 uncovered by XenSwdgn"], ["XenProd~detail~1"]),
        ("failures", ["XenMkt~origin~1\nXenProd~detail~1\n"], ["✗", "items"]),
        ("failure_summaries", ["✗ defect: XenProd~detail~1 (0 in, 1 out): lacks XenSwdgn", "2 items"], ["Xen shall"]),
        ("failure_details", ["  docs/a.rst:18\n", "  | Xen shall be in detail.", "needs XenSwdgn (lacking)"], ["✓"]),
        ("all", ["-> covers: XenMkt~origin~1", "<- covered shallow: XenProd~detail~1"], []),
    ],
)
def test_each_verbosity_says_its_part(
    tree: Callable[..., Path], verbosity: str, said: list[str], not_said: list[str]
) -> None:
    done = trace(tree(a=LACKING), "-v", verbosity)
    assert done.exit_code == 1
    assert [text for text in said if text not in done.stdout] == []
    assert [text for text in not_said if text in done.stdout] == []


def test_quiet_says_nothing_and_keeps_the_exit_code(tree: Callable[..., Path]) -> None:
    done = trace(tree(a=LACKING), "-v", "quiet")
    assert (done.exit_code, done.stdout) == (1, "")


def test_each_verbosity_says_more_of_an_item_in_order(tree: Callable[..., Path]) -> None:
    folder = tree(a=GOOD)
    said = {one: trace(folder, "-v", one.value).stdout for one in Verbosity}
    assert "XenProd~detail~1" in said[Verbosity.ALL]
    assert [one for one in Verbosity if "XenProd~detail~1" in said[one]] == [Verbosity.ALL]


def test_a_bad_link_is_told_at_both_ends_with_its_place(tree: Callable[..., Path]) -> None:
    done = trace(tree(a=OUTDATED), "-v", "failure_summaries")
    assert done.exit_code == 1
    assert "XenSwdgn~other~1 (0 in, 1 out (1 bad)): covers XenProd~detail~2: predated, orphaned" in done.stdout
    assert (
        "XenProd~detail~1 (1 in (1 bad), 1 out): covered by XenSwdgn~other~1: predated; lacks XenSwdgn" in done.stdout
    )
    assert "\ndocs/a.rst:32: " in done.stdout
    assert "[xenfusa.predated]\n" in done.stdout


def test_a_file_that_cannot_be_read_costs_itself_only(tree: Callable[..., Path]) -> None:
    done = trace(tree(a=GOOD, b=b"\xff\xfe`XenMkt~lost~1`"), "-v", "summary")
    assert done.exit_code == 2
    assert done.stdout.startswith("✗ not ok: 2 items: 2 in order\n")
    assert done.stderr.startswith("xenfusa: docs/b.rst:1: found the byte 0xff")


def test_a_folder_that_does_not_exist_is_named(tree: Callable[..., Path]) -> None:
    done = trace(tree(a=GOOD), "nowhere", "-v", "minimal")
    assert (done.exit_code, done.stdout) == (2, "✗ not ok\n")
    assert done.stderr.startswith("xenfusa: nowhere:1: found no file or folder that can be read")


def test_no_folder_at_all_is_wrong_usage() -> None:
    assert trace().exit_code == 2


def test_a_folder_without_items_has_no_share_of_anything(tree: Callable[..., Path]) -> None:
    done = trace(tree(a="Text\n"), "-v", "summary")
    assert done.stdout == (
        "✓ ok: no items\n  no links\n  coverage in depth: n/a; states by evidence: n/a\n  no findings\n"
    )


def test_types_filter_items_links_and_needs_and_the_report_says_so(tree: Callable[..., Path]) -> None:
    done = trace(tree(a=OUTDATED), "--types", "XenMkt, XenProd", "-v", "summary")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "✓ ok: 2 items: 2 in order"
    assert "only items of the types XenMkt, XenProd were traced; left out: 1 XenSwdgn" in done.stdout


def test_a_type_that_is_wanted_and_absent_gives_no_item_and_says_what_was_left_out(tree: Callable[..., Path]) -> None:
    done = trace(tree(a=GOOD), "--types", "XenPrd", "-v", "summary")
    assert "no items" in done.stdout
    assert "left out: 1 XenMkt, 1 XenProd" in done.stdout


def test_the_output_file_is_written_as_a_whole_or_not_at_all(tree: Callable[..., Path], tmp_path: Path) -> None:
    folder = tree(a=LACKING)
    done = trace(folder, "--output", "out/report.txt")
    assert (done.exit_code, done.stdout) == (1, "")
    assert (tmp_path / "out" / "report.txt").read_text("utf-8") == trace(folder).stdout
    done = trace(folder, "--output", "out")
    assert done.exit_code == 2
    assert done.stderr.startswith("xenfusa: out: cannot be written")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["docs", "out"]


def test_places_are_relative_to_the_root(
    tree: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tree(a=LACKING)
    assert "  docs/a.rst:18\n" in trace(folder).stdout
    assert "  a.rst:18\n" in trace(folder, "--root", "docs").stdout
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert "  a.rst:18\n" in trace("../docs").stdout


def test_no_absolute_path_is_in_any_form(tree: Callable[..., Path], tmp_path: Path) -> None:
    folder = tree(a=OUTDATED, b=b"\xff")
    for form in ("plain", "html", "json"):
        done = trace(tmp_path / folder, "--format", form)
        assert str(tmp_path) not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("colour", "no_colour", "expected"), [("always", "1", True), ("never", "", False), ("auto", "", False)]
)
def test_colours_come_when_asked_for(
    tree: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, colour: str, no_colour: str, expected: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_colour)
    folder = tree(a=LACKING)
    done = trace(folder, "--color", colour)
    assert ("\x1b[" in done.stdout) is expected
    bare = "".join(part.partition("m")[2] if number else part for number, part in enumerate(done.stdout.split("\x1b[")))
    assert bare == trace(folder, "--color", "never").stdout


def test_text_of_the_tree_steers_no_terminal(tree: Callable[..., Path]) -> None:
    nasty = LACKING.replace("Xen shall be in detail.", "Xen shall \x1b[2J \u202e be \u0085 in detail.")
    done = trace(tree(a=nasty))
    assert "Xen shall <U+001B>[2J <U+202E> be <U+0085> in detail." in done.stdout
    html = trace("docs", "--format", "html").stdout
    assert "&lt;U+202E&gt; be" in html
    assert not {"\x1b", "\u202e", "\x85"} & set(done.stdout + html)


def test_the_order_of_the_arguments_and_hash_seeds_do_not_show(tree: Callable[..., Path]) -> None:
    folder = tree(a=GOOD, b=OUTDATED.replace("origin", "other").replace("detail", "part"))
    a, b = folder / "a.rst", folder / "b.rst"
    for form in ("plain", "html", "json"):
        said = {
            subprocess.run(
                [sys.executable, "-m", "sphinx_xenfusa.cli", "trace", "--format", form, *map(str, paths)],
                env=os.environ | {"PYTHONHASHSEED": seed},
                capture_output=True,
                check=False,
            ).stdout
            for paths, seed in (((a, b), "1"), ((b, a), "2"))
        }
        assert len(said) == 1, form


class Page(HTMLParser):
    """The tags of a page, whether they match, and where links lead."""

    VOID = frozenset({"meta", "link", "br", "hr", "img", "input"})

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.loaded: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        self.wrong += self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name == "href":
                self.targets.append(unquote(value or ""))
            elif name in ("src", "srcset", "data", "action") or name.startswith("on"):
                self.loaded.append(f"{tag} {name}={value}")
        if tag in ("script", "link", "iframe", "img", "object"):
            self.loaded.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_is_well_formed_and_loads_nothing(tree: Callable[..., Path]) -> None:
    hostile = OUTDATED.replace(
        "Origin\n------", 'A <script>alert(1)</script> & "b"\n----------------------------------'
    )
    hostile = hostile.replace("Xen shall be.", "<img src=x onerror=alert(1)> {{ 7 * 7 }}")
    done = trace(tree(a=hostile), "--format", "html")
    page = Page(done.stdout)
    assert done.exit_code == 1
    assert page.wrong == []
    assert page.loaded == []
    assert 'A <script>alert(1)</script> & "b"' in "".join(page.text)
    assert "<img src=x onerror=alert(1)> {{ 7 * 7 }}" in "".join(page.text)
    assert "url(" not in done.stdout
    assert "@import" not in done.stdout


def test_every_item_of_the_page_is_anchored_and_every_link_leads_somewhere(tree: Callable[..., Path]) -> None:
    page = Page(trace(tree(a=OUTDATED), "--format", "html").stdout)
    items = ["XenMkt~origin~1", "XenProd~detail~1", "XenSwdgn~other~1"]
    assert [one for one in page.ids if "~" in one] == items
    assert len(set(page.ids)) == len(page.ids)
    assert {target for target in page.targets if target.removeprefix("#") not in page.ids} == set()
    assert {f"#{one}" for one in items} <= set(page.targets)


def test_the_page_and_the_text_give_the_same_numbers(tree: Callable[..., Path]) -> None:
    folder = tree(a=OUTDATED)
    page = "".join(Page(trace(folder, "--format", "html").stdout).text)
    for line in trace(folder, "-v", "summary").stdout.splitlines():
        assert line.partition("items: ")[2].strip() in page
    assert page.count("✗ defect") == 1 + 2 * 3  # the heading, and each item in the contents and in its place


def test_aspec_is_openfasttraces_report(tree: Callable[..., Path]) -> None:
    done = trace(tree(a=LACKING), "--format", "aspec")
    report = ElementTree.fromstring(done.stdout)
    assert done.exit_code == 1
    assert {one.text for one in report.iter("deepCoverageStatus")} == {"UNCOVERED"}
    assert [one.text for one in report.iter("sourcefile")] == ["docs/a.rst", "docs/a.rst"]


@pytest.mark.parametrize("form", ["plain", "html", "json"])
def test_changes_since_a_baseline(tree: Callable[..., Path], form: str) -> None:
    assert trace(tree(a=LACKING), "--format", "json", "-o", "base.json").exit_code == 1
    assert "1 changed" not in trace("docs", "--diff", "base.json").stdout
    done = trace(tree(a=LACKING.replace("in detail", "in every detail")), "--diff", "base.json", "--format", form)
    assert done.exit_code == 1  # of the trace: it lacks what it lacked
    assert "every" in done.stdout
    assert "XenProd~detail~1" in done.stdout
    assert "lacks XenSwdgn" not in done.stdout


def test_a_baseline_that_cannot_be_read_and_a_form_without_changes(tree: Callable[..., Path], tmp_path: Path) -> None:
    folder = tree(a=GOOD)
    (tmp_path / "half.json").write_text('{"schema_version": 2, "items": [', "utf-8")
    done = trace(folder, "--diff", "half.json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("xenfusa: half.json:1: found")
    assert trace(folder, "--diff", "half.json", "--format", "aspec").exit_code == 2


def test_a_trace_loads_no_engine_and_no_claims(tree: Callable[..., Path]) -> None:
    code = (
        "import sys\nfrom sphinx_xenfusa.cli import main\n"
        f"main(['trace', {str(tree(a=GOOD))!r}, '-v', 'quiet'], standalone_mode=False)\n"
        "print(*sorted({'numpy', 'rich', 'pebble', 'yaml', 'jinja2', 'sphinx_xenfusa.claims', 'sphinx_xenfusa.model'}"
        " & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
