"""``xenfusa trace --style``: findings of style count, and suppressed ones are told with their reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sphinx_xenfusa.cli import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["trace", "items.rst", *arguments])


@pytest.fixture(autouse=True)
def items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("items.rst").write_text("One\n===\n\n`XenProd~a~1`\n\nDescription:\nA domain shall run.\n")


def test_style_counts_only_when_it_is_asked_for() -> None:
    assert run().exit_code == 0
    asked = run("--style", "xen")
    assert asked.exit_code == 1
    assert "opening: found a text that begins with 'A domain shall run.'" in asked.output


def test_a_suppressed_finding_is_told_and_counts_no_more() -> None:
    text = "types: [XenProd]\nsuppressed:\n  - {id: XenProd~a~1, rule: opening, reason: Agreed by all.}\n"
    Path("style.yaml").write_text(text)
    done = run("--style", "style.yaml")
    assert done.exit_code == 0
    assert "Agreed by all." in done.output
    record = json.loads(run("--style", "style.yaml", "--format", "json").stdout)
    assert [one["reason"] for one in record["suppressed"]] == ["Agreed by all."]


def test_a_file_of_style_that_cannot_be_used_ends_the_trace() -> None:
    Path("style.yaml").write_text("types: [XenProd]\nsuppressed:\n  - {id: XenProd~a~1, rule: opening}\n")
    done = run("--style", "style.yaml")
    assert (done.exit_code, "style.yaml:3: found no key 'reason'" in done.output) == (2, True)
