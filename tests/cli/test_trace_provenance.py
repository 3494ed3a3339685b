"""``xenfusa trace`` judges whether test results are of the texts that it reads, as a build does."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sphinx_xenfusa.cli import main

ITEM = "a\n-\n\n`XenProd~a~1`\n\nDescription:\nXen shall {0}.\n\nNeeds:\n - XenTest\n\n"
REPORT = (
    '<testsuites><testsuite name="pytest" errors="0" failures="0" skipped="0" tests="1" timestamp="{0}" hostname="h">'
    '<testcase classname="t" name="one"><properties><property name="xenfusa.verifies" value="XenProd~a~1"/></properties>'
    "</testcase></testsuite></testsuites>"
)


def commit(when: str) -> str:
    who = {f"GIT_{role}_{what}": "t" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = os.environ | who | {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    for words in (["add", "-A"], ["-c", "commit.gpgsign=false", "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *words], env=environment, check=True)
    return subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A git tree with an item of February; the commit."""
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    Path(".gitignore").write_text("*.xml\n*.yaml\n")
    Path("reqs").mkdir()
    Path("reqs/a.rst").write_text(ITEM.format("a"))
    return commit("2026-02-01T00:00:00Z")


def trace(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["trace", "reqs", "--format", "json", "--tests", "r.xml", *arguments])


def state(result: Result) -> str:
    (item,) = json.loads(result.stdout)["items"]
    found: str = item["result"]
    return found


def report(when: str) -> None:
    Path("r.xml").write_text(REPORT.format(when))


def test_an_older_report_is_stale_and_a_younger_one_counts(tree: str) -> None:
    report("2026-01-01T00:00:00Z")
    result = trace()
    assert (state(result), result.exit_code) == ("stale", 1)
    report("2026-03-01T00:00:00Z")
    result = trace()
    assert (state(result), result.exit_code) == ("passed", 0)


def test_the_commit_of_a_side_file_is_held_against_the_documented_one(tree: str) -> None:
    report("2026-03-01T00:00:00Z")
    digest = hashlib.sha256(Path("r.xml").read_bytes()).hexdigest()
    side = f"version: 1\ncommit: '{tree}'\ndirty: false\nreports:\n- file: r.xml\n  sha256: '{digest}'\n"
    Path("run.yaml").write_text(side)
    result = trace("--test-runs", "run.yaml")
    assert state(result) == "passed"
    assert json.loads(result.stdout)["evidence"]["reports"][0]["judged"] == "by commit"
    assert state(trace("--test-runs", "run.yaml", "--commit", "abcdef1234")) == "stale"
    Path("reqs/a.rst").write_text(ITEM.format("b"))
    assert state(trace("--test-runs", "run.yaml")) == "stale"


def test_a_report_of_which_nothing_is_known_counts_unless_that_is_required(tree: str) -> None:
    Path("r.xml").write_text(REPORT.replace(' timestamp="{0}" hostname="h"', ""))
    assert state(trace()) == "passed"
    assert state(trace("--require-provenance")) == "stale"


def test_a_day_that_is_none_is_wrong_usage(tree: str) -> None:
    report("2026-03-01T00:00:00Z")
    result = trace("--today", "tomorrow")
    assert (result.exit_code, "expected a day, YYYY-MM-DD" in result.stderr) == (2, True)


def test_a_commit_that_is_none_is_wrong_usage(tree: str) -> None:
    report("2026-03-01T00:00:00Z")
    result = trace("--commit", "HEAD")
    assert (result.exit_code, "expected 7 to 64 hexadecimal digits" in result.stderr) == (2, True)
