"""``xenfusa export``: from a record or from sources to files whose numbers agree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from sphinx_xenfusa.cli import main
from sphinx_xenfusa.interop import exports
from sphinx_xenfusa.interop.exports import FORMATS
from sphinx_xenfusa.trace.record import TraceRecord

TREE = Path(__file__).parents[3] / "shared" / "data" / "xen-docs-fusa"

ITEM = """\
One
---

`XenMkt~one~1`

Description:
Xen shall do one thing.

Needs:
- XenProd
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "one.rst").write_text(ITEM, "utf-8")
    return tmp_path


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["export", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_sources_are_exported_and_the_record_can_be_exported_again(here: Path) -> None:
    assert run("record", "metrics", "--scan", "docs", "--output", "a") == (0, "a/metrics.json\na/trace.json\n", "")
    code, told, _ = run(*FORMATS, "--record", "a/trace.json", "--output", "b")
    assert code == 0
    assert told.splitlines() == sorted(told.splitlines())
    assert {path.relative_to("b").as_posix() for path in Path("b").rglob("*") if path.is_file()} == {
        line.removeprefix("b/") for line in told.splitlines()
    }
    assert (here / "a" / "trace.json").read_bytes() == (here / "b" / "trace.json").read_bytes()
    assert json.loads((here / "b" / "metrics.json").read_text("utf-8"))["not_green"] == {"none": ["XenMkt~one~1"]}


def test_numbers_that_differ_are_exit_code_1(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = exports.FORMATS["metrics"]

    def without_an_item(record: TraceRecord) -> Mapping[str, bytes]:
        return {name: data.replace(b'"uncovered": 1', b'"uncovered": 0') for name, data in good.write(record).items()}

    wrong = exports.Format("metrics", good.file, good.media_type, good.holds, without_an_item)
    monkeypatch.setattr(exports, "FORMATS", {**exports.FORMATS, "metrics": wrong})
    code, told, said = run("record", "metrics", "--scan", "docs", "--output", "a")
    assert code == 1
    assert "a/metrics.json" in told
    assert "recount: a/metrics.json: items by coverage, uncovered: 0 here, 1 in a/trace.json" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["metrics"], "no record in the usual output folders"),
        (["metrics", "--record", "gone.json"], "gone.json: found no such file"),
        (["metrics", "--record", "docs/one.rst"], "docs/one.rst:1: found malformed JSON"),
        (["metrics", "--record", "x", "--scan", "docs"], "exclude each other"),
        ([], "name at least one format"),
        (["pdf"], "'pdf' is not one of"),
        (["metrics", "--scan", "gone"], "gone"),
    ],
)
def test_what_cannot_be_used_is_one_error(arguments: list[str], words: str, here: Path) -> None:
    code, _, said = run(*arguments)
    assert code == 2
    assert words in said
    assert "Traceback" not in said


def test_the_formats_are_listed(here: Path) -> None:
    code, told, _ = run("--list")
    assert code == 0
    for one in FORMATS.values():
        assert f"{one.name} " in told
        assert one.file in told


@pytest.mark.shared
@pytest.mark.skipif(not TREE.is_dir(), reason=f"{TREE} is missing")
def test_xens_own_tree_in_every_format(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TREE)
    code, _, said = run(*FORMATS, "--scan", ".", "--output", str(here / "out"))
    assert (code, said) == (0, "")
    items = json.loads((here / "out" / "metrics.json").read_text("utf-8"))["items"]
    assert {type: one["total"] for type, one in items["by_type"].items()} == {
        "XenMkt": 6,
        "XenProd": 23,
        "XenSwdgn": 32,
    }
    assert items["by_type"]["XenProd"]["lacking"] == {"XenSwdgn": 14}
