"""``xenfusa trace`` with a policy, justifications, retired ids, acceptances and reviews."""

from __future__ import annotations

import json
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


def accept() -> None:
    words = ["accept", "--all-new", "--by", "Ann", "--why", "read", "--date", "2026-11-01", "--tree", "items.rst"]
    assert CliRunner().invoke(main, words).exit_code == 0


def test_a_text_that_changed_since_it_was_accepted_is_suspect_and_so_is_its_link() -> None:
    linked = ITEMS + "\nCovers:\n - `XenProd~a~1`\n"
    linked = linked.replace("`XenProd~b~1`", "`XenSwdgn~b~1`")
    Path("items.rst").write_text(linked, "utf-8")
    accept()
    before = run("--accepted", "xenfusa-accepted.yaml")
    assert (before.exit_code, "suspect" in before.output) == (0, False)
    Path("items.rst").write_text(linked.replace("Xen shall a.", "Xen shall always a."), "utf-8")
    assert run().exit_code == 0, "only a file of acceptances can tell"
    after = run("--accepted", "xenfusa-accepted.yaml")
    assert after.exit_code == 1
    assert "1 suspect" in after.output
    assert "items.rst:4: found that the text of XenProd~a~1 changed" in after.output
    assert run("--accepted", "missing.yaml").exit_code == 2


def test_a_review_of_another_text_is_a_finding() -> None:
    entry = f"{{id: XenProd~b~1, fingerprint: {'a' * 64}, author: Ann, reviewer: Bob, date: 2026-11-02, answers: {{short: yes}}}}"
    Path("reviews.yaml").write_text(f"checklist:\n  short: Is it short?\nreviews:\n  - {entry}\n", "utf-8")
    done = run("--reviews", "reviews.yaml", "--format", "json")
    record = json.loads(done.output)
    assert [one["holds"] for one in record["reviews"]] == [False]
    assert [one["place"]["file"] for one in record["findings"] if one["subtype"] == "review"] == ["reviews.yaml"]
