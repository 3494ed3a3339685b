"""What ``xenfusa trace --tests`` says of tests: per item, in lists with reasons, and in the totals."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Xenfusa = Callable[..., Result]

ITEMS = "".join(f"### {name}\n`req~{name}~1`\n\nNeeds: XenTest\n\n" for name in "abc")
REPORT = """\
<testsuites name="pytest tests"><testsuite name="pytest" errors="0" failures="1" skipped="2" tests="5" time="0.1"
  timestamp="2026-11-22T10:00:00+00:00" hostname="h">
<testcase classname="k" name="t1" time="0.1"><properties><property name="xenfusa.verifies" value="req~a~1"/></properties>
  </testcase>
<testcase classname="k" name="t2" time="0.1"><properties><property name="xenfusa.verifies" value="req~a~1"/></properties>
  <skipped message="no &lt;script&gt;"/></testcase>
<testcase classname="k" name="t3" time="0.1"><properties><property name="xenfusa.verifies" value="req~b~1"/></properties>
  <failure message="it fell"/></testcase>
<testcase classname="k" name="t4" time="0.1"/>
<testcase classname="k" name="t5" time="0.1"><properties><property name="xenfusa.verifies" value="req~c~1"/></properties>
  <skipped/></testcase>
</testsuite></testsuites>
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "a.md").write_text(ITEMS, encoding="utf-8")
    (tmp_path / "r.xml").write_text(REPORT, encoding="utf-8")
    return tmp_path


def plain(xenfusa: Xenfusa, tree: Path, *arguments: str) -> list[str]:
    result = xenfusa("trace", tree, "--root", tree, "-v", "all", *arguments)
    assert result.exit_code == 1, result.output
    return result.stdout.splitlines()


def test_each_item_has_its_tests_and_a_requirement_whose_only_test_failed_is_a_defect(
    xenfusa: Xenfusa, tree: Path
) -> None:
    lines = plain(xenfusa, tree, "--tests", str(tree / "r.xml"))
    a = lines.index("✓ in order: req~a~1 (0 in, 0 out)")
    assert "  test cases: 1 skipped, 1 passed" in lines[a : a + 8]
    assert "  1 of its 2 test cases did not run" in lines[a : a + 8]
    b = lines.index("✗ defect: req~b~1 (0 in, 0 out): failed; lacks XenTest")
    assert "  by method: test: failed" in lines[b : b + 8]


def test_the_lists_have_reasons_and_the_totals_what_did_not_run(xenfusa: Xenfusa, tree: Path) -> None:
    lines = plain(xenfusa, tree, "--tests", str(tree / "r.xml"))
    start = lines.index("Tests that did not run:")
    assert lines[start + 1 : start + 3] == [
        "  k::t2, no target named: skipped: no <script> (r.xml)",
        "  k::t5, no target named: skipped: no reason given (r.xml)",
    ]
    assert lines[lines.index("Requirements with only failing tests:") + 1] == "  req~b~1: 1 failed"
    assert lines[lines.index("Tests that verify nothing:") + 1] == "  k::t4"
    assert (
        "  5 tests over all reports (1 failed, 2 skipped, 2 passed); verifying nothing: 1; "
        "requirements with only failing tests: 1; not run: 2; not run without a reason: 1"
    ) in lines


def test_without_results_the_totals_say_so_where_items_ask_for_tests(xenfusa: Xenfusa, tree: Path) -> None:
    assert "  No test results were supplied: nothing here is verified by a test." in plain(xenfusa, tree)
    (tree / "a.md").write_text(ITEMS.replace("Needs: XenTest", "Needs: impl"), encoding="utf-8")
    assert not any("test" in line for line in plain(xenfusa, tree))


def test_a_long_list_says_how_much_it_leaves_out(xenfusa: Xenfusa, tree: Path) -> None:
    many = "".join(f'<testcase classname="k" name="u{n}" time="0.1"><skipped/></testcase>\n' for n in range(30))
    report = REPORT.replace('skipped="2" tests="5"', 'skipped="32" tests="35"').replace(
        "</testsuite>", f"{many}</testsuite>"
    )
    (tree / "r.xml").write_text(report, encoding="utf-8")
    lines = plain(xenfusa, tree, "--tests", str(tree / "r.xml"))
    start = lines.index("Tests that did not run:")
    assert lines[start + 20 : start + 23] == [
        "  k::u17, no target named: skipped: no reason given (r.xml)",
        "  … and 12 more",
        "",
    ]


def test_the_page_shows_the_same_as_text(xenfusa: Xenfusa, tree: Path) -> None:
    result = xenfusa("trace", tree, "--root", tree, "--format", "html", "--tests", tree / "r.xml")
    assert result.exit_code == 1
    assert "<li>k::t2, no target named: skipped: no &lt;script&gt; (r.xml)</li>" in result.stdout
    assert "<p>test cases: 1 skipped, 1 passed</p>" in result.stdout
    assert "<p>by method: test: failed</p>" in result.stdout
    assert "<p>5 tests over all reports (1 failed, 2 skipped, 2 passed)" in result.stdout


def test_a_stale_pass_is_counted_apart(xenfusa: Xenfusa, tree: Path) -> None:
    given = ("--tests", str(tree / "r.xml"), "--require-provenance")
    lines = plain(xenfusa, tree, *given)
    assert "  test cases: 1 skipped, 1 passed, but stale" in lines
    assert any("(1 failed, 2 skipped, 2 passed, but stale)" in line for line in lines)
    page = xenfusa("trace", tree, "--root", tree, "--format", "html", *given).stdout
    assert "<p>test cases: 1 skipped, 1 passed, but stale</p>" in page


def test_a_pass_beside_a_report_that_cannot_be_read_says_why_it_does_not_count(xenfusa: Xenfusa, tree: Path) -> None:
    (tree / "cut.xml").write_text(REPORT[: len(REPORT) // 2], encoding="utf-8")
    result = xenfusa("trace", tree, "--root", tree, "-v", "all", "--tests", tree / "r.xml", "--tests", tree / "cut.xml")
    lines = result.stdout.splitlines()
    a = next(n for n, line in enumerate(lines) if "req~a~1" in line)
    assert "  coverage in depth: uncovered; state: not run" in lines[a : a + 6]
    assert any("until it can, no test counts as passed" in line for line in lines[a : a + 10])
