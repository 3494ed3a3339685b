"""What stands on a requirement's card beside its state: targets, methods, and what did not run and why."""

from collections.abc import Callable

from tests_support import Built

Build = Callable[..., Built]
RST = """\
Page
====

.. xen:req:: One
   :id: XenArch~one~1
   :kind: rule

   Xen shall run.

.. xen:req:: Two
   :id: XenArch~two~1
   :kind: rule

   Xen shall stop.

.. xen:summary::
"""


def junit(*cases: str) -> str:
    skipped, failed = sum("<skipped" in one for one in cases), sum("<failure" in one for one in cases)
    return (
        f'<testsuites name="pytest tests"><testsuite name="pytest" errors="0" failures="{failed}" skipped="{skipped}" '
        f'tests="{len(cases)}" time="0.1" timestamp="2026-11-22T10:00:00+00:00" hostname="h">'
        f"{''.join(cases)}</testsuite></testsuites>"
    )


def case(name: str, tag: str, inside: str = "") -> str:
    return (
        f'<testcase classname="k" name="{name}" time="0.1"><properties><property name="xenfusa.verifies" '
        f'value="{tag}"/></properties>{inside}</testcase>'
    )


def files(*cases: str, cut: bool = False) -> dict[str, str]:
    report = junit(*cases)
    more = {"cut.xml": report[: len(report) // 2]} if cut else {}
    return {"index.rst": RST, "r.xml": report, **more}


def test_a_skipped_test_beside_a_passed_one_is_told_with_its_reason(build: Build) -> None:
    cases = (
        case("t1", "XenArch~one~1"),
        case("t2", "XenArch~one~1", "<skipped/>"),
        case("t3", "XenArch~two~1"),
    )
    page = build(files(*cases), builder="text", xenfusa_test_reports=["r.xml"]).page("index.txt")
    words = " ".join(page.split())
    assert (
        "passed — what ran of what checks it could have failed and did not; 1 of its 2 test cases did not run." in words
    )
    assert "passed — everything that checks it ran, could have failed, and did not." in words
    assert "no reason given" in words
    # In a narrow column of a table the words stand in several lines, with borders between them.
    table = " ".join(page.replace("|", " ").split())
    assert "for 1 of them" in table


def test_a_pass_that_waits_for_a_report_says_why(build: Build) -> None:
    built = build(
        files(case("t1", "XenArch~one~1"), case("t3", "XenArch~two~1"), cut=True),
        builder="text",
        xenfusa_test_reports=["r.xml", "cut.xml"],
    )
    words = " ".join(built.page("index.txt").split())
    assert "not run — a test report cannot be read, and nobody knows which failures it held" in words
