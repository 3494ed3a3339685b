"""``xenfusa baseline`` and ``xenfusa diff``: what a patch series changes, on Xen's own tree and on hostile text."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sphinx_xenfusa.cli import main

SHARED = Path(__file__).parents[3] / "shared" / "data" / "xen-docs-fusa"

HOSTILE = "<script>alert(1)</script> `x` **b** [l](http://x) \u202e | &amp;"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words, catch_exceptions=False)


def item(tag: str, text: str, covers: str = "") -> str:
    below = f"\nCovers:\n - `{covers}`\n" if covers else ""
    return f"Title of {tag}\n{'-' * 60}\n\n`{tag}`\n\nDescription:\n{text}\n{below}\n"


def write(path: str, *items: str) -> None:
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text("\n".join(items), "utf-8")


@pytest.fixture
def changed(here: Path) -> None:
    """A baseline ``baselines/v1.json`` and a tree in which one thing of each kind changed."""
    write(
        "reqs/a.rst",
        item("M~top~1", "Xen shall run domains."),
        item("P~text~1", "Xen shall count to ten.", "M~top~1"),
        item("P~old~1", "Xen shall forward each interrupt to its domain.", "M~top~1"),
        item("P~gone~1", "Xen shall print a banner.", "M~top~1"),
        item("P~walk~1", "Xen shall stay."),
        item("D~low~1", "The counter is a register.", "P~text~1"),
    )
    assert run("baseline", "create", "v1", "reqs").exit_code == 0
    write(
        "reqs/a.rst",
        item("M~top~1", "Xen shall run domains."),
        item("P~text~1", f"Xen shall count to eleven. {HOSTILE}", "M~top~1"),
        item("P~fresh~1", "Xen shall forward each interrupt to its domain.", "M~top~1"),
        item("P~new~1", "Something quite different from all that was there.", "M~top~1"),
        item("D~low~1", "The counter is a register.", "P~text~1"),
    )
    write("reqs/b.rst", item("P~walk~1", "Xen shall stay."))


def test_each_kind_of_change_has_its_sign_and_its_word(changed: None) -> None:
    done = run("diff", "baselines/v1.json", "reqs")
    assert done.exit_code == 0
    for sign in (
        "~ changed  P~text~1",
        "- removed  P~gone~1",
        "+ new      P~new~1",
        "= renamed  P~fresh~1",
        "> moved    P~walk~1",
    ):
        assert sign in done.output
    assert "items: 1 changed, 1 removed, 1 new, 1 renamed, 1 moved, 2 unchanged" in done.output
    assert "[-ten.-] {+eleven." in done.output
    assert "! suspect: the text changed, the revision did not" in done.output
    assert "was P~old~1" in done.output
    assert "covers it: P~text~1 -> D~low~1" in done.output
    assert "covered by it: P~fresh~1 -> M~top~1" in done.output
    assert "as well: P~gone~1, P~new~1, P~text~1" in " ".join(done.output.split())
    assert max(map(len, done.output.splitlines())) <= 76
    assert "\u202e" not in done.output


def test_the_exit_code_tells_of_a_change_when_that_is_asked(changed: None) -> None:
    assert run("diff", "baselines/v1.json", "reqs", "--exit-code").exit_code == 1
    assert run("diff", "baselines/v1.json", "baselines/v1.json", "--exit-code").exit_code == 0
    assert "nothing changed" in run("diff", "baselines/v1.json", "baselines/v1.json").output


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_and_markdown_escape_what_the_texts_hold(changed: None) -> None:
    page = Page()
    page.feed(run("diff", "baselines/v1.json", "reqs", "--format", "html").output)
    assert "script" not in page.tags and "a" not in page.tags and {"del", "ins"} <= set(page.tags)
    assert "<script>alert(1)</script>" in page.text
    assert "[-ten.-]" in page.text, "a line through a word is not enough"
    markdown = run("diff", "baselines/v1.json", "reqs", "--format", "markdown").output
    assert re.search(r"(?<!\\)<script", markdown) is None
    assert re.search(r"(?<!\\)\[l", markdown) is None


def test_json_has_the_same_numbers(changed: None) -> None:
    data = json.loads(run("diff", "baselines/v1.json", "reqs", "--format", "json").output)
    assert data["counts"] == {"changed": 1, "removed": 1, "new": 1, "renamed": 1, "moved": 1, "unchanged": 2}
    assert sorted(one["change"] for one in data["items"]) == ["changed", "moved", "new", "removed", "renamed"]
    assert data["impact"]["changed"] == ["P~fresh~1", "P~gone~1", "P~new~1", "P~text~1"]


@pytest.mark.parametrize("form", ["plain", "markdown", "html", "json"])
def test_the_same_input_gives_the_same_bytes(changed: None, form: str) -> None:
    first, second = (run("diff", "baselines/v1.json", "reqs", "--format", form).stdout_bytes for _ in range(2))
    assert first == second


def test_two_folders_can_be_compared(changed: None) -> None:
    shutil.copytree("reqs", "other")
    assert "nothing changed" in run("diff", "reqs", "other").output


def test_a_baseline_is_the_same_on_every_day_and_never_replaced_unasked(changed: None) -> None:
    path = Path("baselines/v1.json")
    old = path.read_bytes()
    done = run("baseline", "create", "v1", "reqs")
    assert (done.exit_code, path.read_bytes()) == (2, old)
    assert "--force" in done.output
    assert run("baseline", "create", "v1", "reqs", "--force").exit_code == 0
    assert path.read_bytes() != old
    assert run("baseline", "create", "../v1", "reqs").exit_code == 2
    assert not Path("../v1.json").exists()


@pytest.mark.parametrize(
    ("text", "line"), [("", 1), ("{", 1), ('{\n"form": "xenfusa baseline",\n"form_version": 9}', 3), ("[]", 1)]
)
def test_what_is_no_baseline_is_2_with_its_line(here: Path, text: str, line: int) -> None:
    Path("x.json").write_text(text, "utf-8")
    done = run("diff", "x.json", "x.json")
    assert done.exit_code == 2
    assert f"x.json:{line}: found" in done.output
    assert "Traceback" not in done.output


def test_what_cannot_be_read_is_said_and_the_rest_is_shown(changed: None) -> None:
    Path("reqs/c.rst").write_bytes(b"\xff")
    done = run("diff", "baselines/v1.json", "reqs")
    assert done.exit_code == 2
    assert "reqs/c.rst:1" in done.output
    assert "~ changed  P~text~1" in done.output
    assert run("baseline", "create", "v2", "reqs").exit_code == 2
    assert not Path("baselines/v2.json").exists()


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data/xen-docs-fusa")
def test_a_patch_to_xens_own_tree(here: Path) -> None:
    shutil.copytree(SHARED, "fusa", copy_function=shutil.copyfile)
    assert "items: 61, links: 64" in run("baseline", "create", "before", "fusa").output
    path = Path("fusa/reqs/product-reqs/version_hypercall.rst")
    text = path.read_text("utf-8").replace("value stored in x0 as the", "low 32 bits of x0 as the")
    path.write_text(text.replace("version_hyp_second_param~1", "version_hyp_2nd_param~1"), "utf-8")
    path = Path("fusa/reqs/design-reqs/arm64/sbsa-uart.rst")
    path.write_text(path.read_text("utf-8").replace("uart_probe_dt~1", "uart_probe_dt~2"), "utf-8")
    output = run("diff", "baselines/before.json", "fusa").output
    assert "items: 2 changed, 0 removed, 0 new, 1 renamed, 0 moved, 58 unchanged" in output
    assert "revision: 1 -> 2" in output
    assert "links: 1 added, 1 removed, 3 status changed" in output
    assert "status: covers -> orphaned" in output


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not there")
def test_xen_s_tree_scanned_from_two_folders_has_not_moved_item_by_item(here: Path) -> None:
    tree = here / "docs" / "fusa"
    shutil.copytree(SHARED, tree)
    assert run("trace", "docs/fusa", "--root", "docs/fusa", "--format", "json", "-o", "inside.json").exit_code == 1
    assert run("trace", "docs/fusa", "--root", ".", "--format", "json", "-o", "above.json").exit_code == 1
    done = run("diff", "inside.json", "above.json")
    words = " ".join(done.output.split())
    assert "0 changed, 0 removed, 0 new, 0 renamed, 0 moved, 61 unchanged" in words
    assert (
        "places: 61 items in" in words
        and "below the root itself in inside.json and below docs/fusa/ in above.json" in words
    )
    assert "moved items (" not in words.lower()
    data = json.loads(run("diff", "inside.json", "above.json", "--format", "json").output)
    assert (data["shift"]["before"], data["shift"]["after"], data["shift"]["items"]) == ("", "docs/fusa/", 61)
    assert run("diff", "inside.json", "above.json", "--exit-code").exit_code == 1
    counts = {path: path.read_text("utf-8").count("\n`Xen") for path in sorted(tree.rglob("*.rst"))}
    source, number = min(((path, count) for path, count in counts.items() if count), key=lambda one: one[1])
    source.rename(source.with_name("another.rst"))
    run("trace", "docs/fusa", "--root", ".", "--format", "json", "-o", "moved.json")
    again = json.loads(run("diff", "inside.json", "moved.json", "--format", "json").output)
    assert (again["shift"]["items"], again["counts"]["moved"]) == (61 - number, number)
