"""``xenfusa trace`` with test reports: what ran counts, what ties no test and what never came is a finding."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sphinx_xenfusa.cli import main

ITEM = "{0}\n-\n\n`XenProd~{0}~1`\n\nDescription:\nXen shall {0}.\n\nNeeds:\n - XenTest\n\n"
ITEMS = "Title\n=====\n\n" + ITEM.format("a") + ITEM.format("b")
CASE = '<testcase classname="t" name="{}" time="0">{}</testcase>'
PROPERTY = '<properties><property name="FullyVerifies" value="XenProd~a~1"/></properties>'


def suite(*cases: str, failures: int = 0) -> str:
    counts = f'errors="0" failures="{failures}" skipped="0" tests="{len(cases)}"'
    return (
        f'<testsuites><testsuite name="pytest" {counts} time="0" timestamp="2026-01-01T00:00:00" hostname="h">'
        f"{''.join(cases)}</testsuite></testsuites>"
    )


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "reqs").mkdir()
    (tmp_path / "reqs" / "a.rst").write_text(ITEMS, "utf-8")
    (tmp_path / "r.xml").write_text(suite(CASE.format("one", PROPERTY), CASE.format("two", "")), "utf-8")
    (tmp_path / "map.yaml").write_text("links: [{tests: 't::two', verifies: XenProd~b~1}]\n", "utf-8")
    (tmp_path / "expected.yaml").write_text("expected: [{tests: ['t::one', 't::three']}]\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def trace(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["trace", "reqs", *arguments])


def states(result: Result) -> dict[str, str]:
    return {one["id"]: one["result"] for one in json.loads(result.stdout)["items"]}


def test_without_reports_nothing_has_run(tree: Path) -> None:
    result = trace("--format", "json")
    assert states(result) == {"XenProd~a~1": "not run", "XenProd~b~1": "not run"}
    assert result.exit_code == 1


def test_what_ran_and_passed_counts_by_property_and_by_map(tree: Path) -> None:
    assert states(trace("--format", "json", "--tests", "r.xml")) == {"XenProd~a~1": "passed", "XenProd~b~1": "not run"}
    result = trace("--format", "json", "--tests", "r.xml", "--test-map", "map.yaml")
    assert states(result) == {"XenProd~a~1": "passed", "XenProd~b~1": "passed"}
    assert result.exit_code == 0


def test_a_failure_is_a_defect(tree: Path) -> None:
    Path("r.xml").write_text(suite(CASE.format("one", PROPERTY + "<failure/>"), failures=1), "utf-8")
    result = trace("--tests", "r.xml", "--verbosity", "failure_summaries")
    assert "✗ defect: XenProd~a~1" in result.stdout
    assert result.exit_code == 1


def test_an_expected_test_that_never_came_is_a_finding(tree: Path) -> None:
    result = trace(
        "--tests",
        "r.xml",
        "--test-map",
        "map.yaml",
        "--expected-tests",
        "expected.yaml",
        "--verbosity",
        "failure_summaries",
    )
    assert "expected.yaml:1: expected the test 't::three' to run; found no such test in any report" in result.stdout
    assert result.exit_code == 1
    record = json.loads(trace("--format", "json", "--tests", "r.xml", "--expected-tests", "expected.yaml").stdout)
    assert [(one["pattern"], one["came"]) for one in record["evidence"]["expected"]] == [("t::one", 1), ("t::three", 0)]


@pytest.mark.parametrize(
    ("options", "said", "code"),
    [
        (["--tests", "none.xml"], "none.xml: found no such file; expected a test report", 1),
        (["--tests", "r.xml", "--test-map", "none.yaml"], "none.yaml:1: found no such file; expected a test map", 2),
        (["--tests", "reqs/a.rst"], "reqs/a.rst:1: nothing in this report counts", 1),
        (["--expected-tests", "map.yaml"], "map.yaml:1: found", 2),
    ],
)
def test_a_file_that_cannot_be_used_costs_what_it_holds(tree: Path, options: list[str], said: str, code: int) -> None:
    result = trace(*options, "--verbosity", "failure_summaries")
    assert said in result.stdout + result.stderr
    assert "XenProd" in result.stdout
    assert result.exit_code == code
    assert "Traceback" not in result.output
