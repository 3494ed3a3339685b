"""``xenfusa trace`` with a policy, justifications and retired ids."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sphinx_xenfusa.cli import main

ITEMS = """\
A
=

`XenProd~a~1`

Description:
Xen shall a.

Needs:
 - XenSwdgn

B
=

`XenProd~b~1`

Description:
Xen shall b.
"""
POLICY = "demands:\n  - {name: design, type: XenProd, needs: coverage, at_least: 100, may_be_justified: 1}\n"
JUSTIFIED = "justifications:\n  - {id: XenProd~a~1, reason: later, owner: somebody, expires: 2026-06-30}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, text in {"items.rst": ITEMS, "policy.yaml": POLICY, "justified.yaml": JUSTIFIED}.items():
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    yield


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["trace", "items.rst", *arguments], prog_name="xenfusa")


def test_a_gate_that_is_not_met_is_a_finding() -> None:
    done = run("--policy", "policy.yaml")
    assert done.exit_code == 1
    assert "policy.yaml:2" in done.output
    assert "found 1 of 2" in done.output


def test_a_justification_excuses_until_its_day() -> None:
    given = ("--policy", "policy.yaml", "--justifications", "justified.yaml")
    done = run(*given, "--today", "2026-06-30")
    assert done.exit_code == 0, done.output
    assert "justified" in done.output
    late = run(*given, "--today", "2026-07-01")
    assert late.exit_code == 1
    assert "expired on 2026-06-30" in late.output


def test_a_retired_id_is_a_finding() -> None:
    Path("retired.yaml").write_text("retired:\n  - {name: XenProd~b, reason: split}\n", "utf-8")
    done = run("--tombstones", "retired.yaml")
    assert done.exit_code == 1
    assert "whose id was retired" in done.output


def test_a_file_that_cannot_be_read_is_told_and_the_rest_is_traced() -> None:
    Path("policy.yaml").write_text("demands: 3\n", "utf-8")
    done = run("--policy", "policy.yaml", "--justifications", "missing.yaml")
    assert done.exit_code == 2
    assert "policy.yaml:1: found the number 3" in done.output
    assert "missing.yaml:1: found no such file" in done.output
    assert "XenProd~a~1" in done.output


def test_a_day_that_is_none_is_wrong_usage() -> None:
    assert run("--justifications", "justified.yaml", "--today", "soon").exit_code == 2
