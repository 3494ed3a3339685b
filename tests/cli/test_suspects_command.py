"""``xenfusa suspects`` and ``xenfusa accept`` on a copy of Xen's own tree and on small ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sphinx_xenfusa.cli import main

SHARED = Path(__file__).parents[3] / "shared" / "data" / "xen-docs-fusa"

TREE = """\
First
-----

`XenProd~first~1`

Description:
Xen shall count to ten.

Second
------

`XenSwdgn~second~1`

Description:
Xen shall count.

Covers:
 - `XenProd~first~1`
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reqs").mkdir()
    path = tmp_path / "reqs" / "a.rst"
    path.write_text(TREE, "utf-8")
    return path


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words, catch_exceptions=False)


def accept(*words: str) -> Result:
    return run("accept", "--tree", "reqs", "--by", "Ann", "--why", "read", "--date", "2026-11-01", *words)


def test_nothing_accepted_is_no_suspect_and_is_said(tree: Path) -> None:
    done = run("suspects", "reqs")
    assert done.exit_code == 0
    assert "items: 0 suspect, 2 not yet accepted, 0 as accepted" in done.output
    assert "links: 0 suspect, 1 not yet accepted, 0 as accepted" in done.output
    assert "nothing was accepted yet" in done.output


def test_a_changed_text_is_shown_word_by_word_until_it_is_accepted(tree: Path) -> None:
    assert accept("--all-new").exit_code == 0
    tree.write_text(TREE.replace("ten", "eleven"), "utf-8")
    done = run("suspects", "reqs")
    assert done.exit_code == 1
    assert "! suspect  XenProd~first~1  (reqs/a.rst:4)" in done.output
    assert "! suspect link  XenSwdgn~second~1 -> XenProd~first~1" in done.output
    assert done.output.count("Xen shall count to [-ten.-] {+eleven.+}") == 2
    assert accept("XenProd~first~1", "XenSwdgn~second~1").exit_code == 0
    assert run("suspects", "reqs").exit_code == 0


def test_the_same_runs_give_the_same_bytes(tree: Path) -> None:
    accept("--all-new")
    first = Path("xenfusa-accepted.yaml").read_bytes()
    accept("--all-new")
    accept("XenProd~first~1")
    assert Path("xenfusa-accepted.yaml").read_bytes() == first
    Path("xenfusa-accepted.yaml").unlink()
    accept("XenSwdgn~second~1")
    accept("XenProd~first~1")
    assert Path("xenfusa-accepted.yaml").read_bytes() == first


def test_an_unknown_id_is_refused_with_the_nearest_and_nothing_is_written(tree: Path) -> None:
    done = accept("XenProd~first~1", "XenProd~frist~1")
    assert done.exit_code == 2
    assert "found the id 'XenProd~frist~1'" in done.output
    assert "did you mean XenProd~first~1?" in done.output
    assert not Path("xenfusa-accepted.yaml").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("accept", "--by", "A", "--why", "w", "--tree", "reqs"), "found no ID"),
        (("accept", "x", "--by", " ", "--why", "w", "--tree", "reqs"), "nothing after --by"),
        (("accept", "x", "--by", "A", "--why", "", "--tree", "reqs"), "nothing after --why"),
        (("accept", "x", "--by", "A", "--why", "w", "--date", "2026-02-30"), "the date '2026-02-30'"),
        (("suspects", "reqs", "--record", "x.json"), "exclude each other"),
        (("suspects",), "no record in the usual output folders"),
        (("suspects", "--record", "none.json"), "no such file"),
    ],
)
def test_wrong_usage_is_one_line_and_2(tree: Path, words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert said in done.output


def test_a_broken_file_of_acceptances_is_2_and_stays_as_it_is(tree: Path) -> None:
    Path("xenfusa-accepted.yaml").write_text("version: 1\nitems:\n  - id: XenPr", "utf-8")
    for done in (run("suspects", "reqs"), accept("--all-new")):
        assert done.exit_code == 2
        assert "xenfusa-accepted.yaml:3:" in done.output
    assert Path("xenfusa-accepted.yaml").read_text("utf-8").endswith("XenPr")


def test_what_cannot_be_read_accepts_nothing(tree: Path) -> None:
    (tree.parent / "b.rst").write_bytes(b"\xff")
    assert accept("--all-new").exit_code == 2
    assert not Path("xenfusa-accepted.yaml").exists()
    assert run("suspects", "reqs").exit_code == 2


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data/xen-docs-fusa")
def test_xens_own_tree_after_a_patch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SHARED, "reqs", copy_function=shutil.copyfile)
    assert "items: 61, links: 64" in accept("--all-new").output
    assert "61 as accepted" in run("suspects", "reqs").output
    path = Path("reqs/reqs/product-reqs/version_hypercall.rst")
    text = path.read_text("utf-8")
    path.write_text(text.replace("value stored in x0 as the", "low 32 bits of x0 as the"), "utf-8")
    done = run("suspects", "reqs")
    assert done.exit_code == 1
    assert "items: 1 suspect, 0 not yet accepted, 60 as accepted" in done.output
    assert "links: 3 suspect, 0 not yet accepted, 61 as accepted" in done.output


def test_an_item_with_a_broken_tag_is_told_and_the_rest_goes_on(tree: Path) -> None:
    tree.write_text(TREE.replace("`XenSwdgn~second~1`", "`XenSwdgn~second~0`"), "utf-8")
    for done in (run("suspects", "reqs"), accept("--all-new"), run("baseline", "create", "b", "reqs")):
        assert "reqs/a.rst:12: found revision 0" in done.output
        assert done.exit_code == 1
    assert "XenProd~first~1" in Path("xenfusa-accepted.yaml").read_text("utf-8")
