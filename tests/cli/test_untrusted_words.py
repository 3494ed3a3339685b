"""What a command repeats of a file that somebody else wrote steers no terminal, and a message stays short."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sphinx_xenfusa.cli import main
from sphinx_xenfusa.trace.assemble import assemble_items
from sphinx_xenfusa.trace.record import Item, Place, Tag
from sphinx_xenfusa.trace.serialise import dumps

STEERS = "\x1b[31m\u202e"


def run(*words: str) -> Result:
    # With colour, because the sequences are taken away otherwise, as for a file.
    return CliRunner().invoke(main, words, catch_exceptions=False, color=True)


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A record in which the place of an item holds what a terminal would obey."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "trace.json"
    item = Item(Tag("A", "a", 1), "A", "Xen shall.", Place(f"a{STEERS}.rst", 1), "oft")
    path.write_text(dumps(assemble_items([item])), "utf-8")
    return path


def test_a_place_of_a_record_is_spelled_out(record: Path) -> None:
    assert run("accept", "A~a~1", "--by", "Ann", "--why", "read", "--record", str(record)).exit_code == 0
    record.write_text(record.read_text("utf-8").replace("Xen shall.", "Xen must."), "utf-8")
    done = run("suspects", "--record", str(record))
    assert done.exit_code == 1
    assert "a<U+001B>[31m<U+202E>.rst:1" in done.output
    assert not set(STEERS[:1] + STEERS[-1:]) & set(done.output)


def test_an_error_repeats_nothing_that_steers(record: Path) -> None:
    record.write_text(
        json.dumps({"schema_version": f"2{STEERS}"}, ensure_ascii=False).replace("\x1b", "\\u001b"), "utf-8"
    )
    for words in (["suspects"], ["explain", "A~a~1"], ["export", "csv"], ["baseline", "create", "n"]):
        done = run(*words, "--record", str(record))
        assert done.exit_code == 2
        assert "\u202e" not in done.output and "\x1b" not in done.output
    missing = run("suspects", "--record", f"no{STEERS}file")
    assert "\u202e" not in missing.output and "\x1b" not in missing.output and "\\x1b" in missing.output


@pytest.mark.parametrize("tag", ["A~a~" + "9" * 5000, "A~" + "ä" * 5000, "A~a~0" + "0" * 5000])
def test_a_message_repeats_the_beginning_of_a_long_tag(
    tag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.rst").write_text(f"T\n-\n\n`{tag}`\n\nDescription:\nx\n\nNeeds:\n - B\n", "utf-8")
    (tmp_path / "b.rst").write_text(f"T\n-\n\n`A~b~1`\n\nDescription:\nx\n\nCovers:\n - `{tag}`\n", "utf-8")
    (tmp_path / "c.md").write_text(f"# T\n\narch --> dsn : {tag}\n", "utf-8")
    data = json.loads(run("trace", ".", "--format", "json").output)
    assert {one["place"]["file"] for one in data["findings"]} == {"a.rst", "b.rst", "c.md"}
    assert max(len(one["message"]) for one in data["findings"]) < 400
    assert max(len(one["about"]) for one in data["findings"]) < 200
