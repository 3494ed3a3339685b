"""Tests that are tied to requirements from outside of their reports: by maps, tags in their sources, properties, manifests."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests_support import Built, requirement

Build = Callable[..., Built]

PAGE = "T\n=\n\n" + "".join(
    requirement(name, options=":needs: XenTest") + "\n" for name in ("mapped", "tagged", "told", "alone")
)
REPORT = """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="2" failures="1" disabled="0" errors="0" time="0." timestamp="2026-01-01T00:00:00" name="AllTests">
 <testsuite name="Vector" tests="2" failures="1" disabled="0" skipped="0" errors="0" time="0.">
  <testcase name="Push" file="tests/vector.cc" line="2" status="run" result="completed" time="0." classname="Vector">
   <properties><property name="FullyVerifies" value="XenArch~told~1"/></properties>
  </testcase>
  <testcase name="Pop" file="tests/vector.cc" line="4" status="run" result="completed" time="0." classname="Vector">
   <failure message="no"/>
  </testcase>
 </testsuite>
</testsuites>
"""
SOURCE = "// [XenTest->XenArch~tagged~1]\nTEST(Vector, Push) {}\n\nTEST(Vector, Pop) {}\n"
MAP = "links:\n  - tests: Vector::*\n    verifies: XenArch~mapped~1\n    level: unit\n"
EXPECTED = "expected:\n  - tests: [Vector::Push, Vector::Peek]\n"
FILES = {"index.rst": PAGE, "r.xml": REPORT, "map.yaml": MAP, "expected.yaml": EXPECTED, "tests/vector.cc": SOURCE}
SETTINGS: dict[str, object] = {
    "xenfusa_test_reports": ["r.xml"],
    "xenfusa_test_map": ["map.yaml"],
    "xenfusa_test_sources": ["tests/*.cc"],
    "xenfusa_expected_tests": ["expected.yaml"],
    "suppress_warnings": ["xenfusa.none"],
}
NEVER_CAME = (
    "docs/expected.yaml:2: WARNING: expected the test 'Vector::Peek' to run; found no such test in any report "
    "[xenfusa.expected_test]"
)


def results(built: Built) -> dict[str, str]:
    return {one.item.tag.name: one.result.value for one in built.record.items}


def test_each_way_to_tie_a_test_reaches_its_requirement(build: Build) -> None:
    built = build(FILES, **SETTINGS)
    assert results(built) == {"alone": "not run", "mapped": "failed", "tagged": "passed", "told": "passed"}
    assert built.warnings == [NEVER_CAME]
    assert [(one.pattern, one.came) for one in built.record.expected] == [("Vector::Peek", 0), ("Vector::Push", 1)]
    origins = {(one.tag, one.origin, str(one.place)) for each in built.record.reports[0].cases for one in each.origins}
    assert origins == {
        ("XenArch~mapped~1", "map", "map.yaml:3"),
        ("XenArch~tagged~1", "source", "tests/vector.cc:1"),
    }
    assert {one.method.level for one in built.record.reports[0].cases} == {"unit"}


def test_the_page_says_beside_a_test_what_ties_it_and_how_it_verifies(build: Build) -> None:
    text = " ".join(re.sub(r"<[^>]*>", " ", build(FILES, **SETTINGS).page("index.html")).split())
    assert "Vector::Pop ✗ failed no all of it, by map.yaml:3 unit r.xml" in text
    assert "Vector::Push ✓ passed all of it, by tests/vector.cc:1 unit r.xml" in text
    assert "Vector::Push ✓ passed all of it unit r.xml" in text  # its report says so itself


def test_what_ties_a_test_no_longer_shows_at_once(build: Build) -> None:
    assert "passed" in build(FILES, **SETTINGS).page("index.html")
    built = build({"tests/vector.cc": SOURCE.replace("[XenTest", "[XenTests")}, **SETTINGS)
    assert results(built)["tagged"] == "not run"
    assert "[xenfusa.test_link]" in "".join(built.warnings)
    built = build({"tests/vector.cc": SOURCE, "map.yaml": MAP.replace("Vector::*", "Vector::Push")}, **SETTINGS)
    assert results(built) == {"alone": "not run", "mapped": "passed", "tagged": "passed", "told": "passed"}
    assert "✗ failed" not in built.page("index.html")


def test_sources_may_stand_beside_the_documents(build: Build, tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "vector.cc").write_text(SOURCE, "utf-8")
    files = {name: text for name, text in FILES.items() if name != "tests/vector.cc"}
    built = build(files, **{**SETTINGS, "xenfusa_test_sources": ["../tests/**/*.cc"]})
    assert results(built)["tagged"] == "passed"
    assert built.warnings == [NEVER_CAME]


def test_nothing_is_read_outside_of_where_a_pattern_leads(build: Build, tmp_path: Path) -> None:
    (tmp_path / "outside.cc").write_text(SOURCE, "utf-8")
    build(FILES, **SETTINGS)
    (tmp_path / "docs" / "tests" / "link.cc").symlink_to(tmp_path / "outside.cc")
    built = build(**{**SETTINGS, "xenfusa_test_sources": ["tests/*.cc", "tests/../../*.cc", "/etc/*", "none/*.c"]})
    told = [line for line in built.warnings if "[xenfusa.input]" in line]
    assert len(told) == 4
    assert any("tests/link.cc:1: WARNING: found a symbolic link that leads out of the root" in line for line in told)
    assert sum("which leads out of the root" in line for line in told) == 2
    assert any("found no file that 'none/*.c' matches" in line for line in told)
    assert results(built)["tagged"] == "passed"


@pytest.mark.parametrize(
    ("files", "warning"),
    [
        (
            {"map.yaml": MAP + "  - tests: Vector::Gone\n    verifies: XenArch~alone~1\n"},
            "docs/map.yaml:5: WARNING: expected a test 'Vector::Gone'; found none: the entry ties nothing [xenfusa.test_link]",
        ),
        (
            {"map.yaml": MAP + "  - tests: Vector::Pop\n    verifies: XenArch~none~1\n"},
            "docs/map.yaml:6: WARNING: the test Vector::Pop verifies XenArch~none~1: found no such item; expected an item with "
            "this tag [xenfusa.unknown_tag]",
        ),
        (
            {"map.yaml": MAP + "  - tests: Vector::Pop\n    level: system\n"},
            "docs/map.yaml:4: WARNING: found the level 'unit' (map.yaml:4) and 'system' (map.yaml:6) for the test Vector::Pop; "
            "expected one; none of them counts [xenfusa.test_method]",
        ),
        (
            {"map.yaml": MAP + "  - verifies: XenArch~alone~1\n"},
            "docs/map.yaml:5: WARNING: found no key 'tests'; expected tests: a value (an entry of a test map); the entry is "
            "left out [xenfusa.input]",
        ),
        (
            {"tests/vector.cc": SOURCE + "// [utest->XenArch~alone~1]\n"},
            "docs/tests/vector.cc:5: WARNING: found a tag of the type utest in a source of tests; expected XenTest; it ties no "
            "test [xenfusa.test_link]",
        ),
        (
            {"tests/vector.cc": SOURCE + "// [XenTest->XenArch~alone]\n"},
            "docs/tests/vector.cc:5: WARNING: found the coverage tag '[XenTest->XenArch~alone]'; expected one such as "
            "[impl->dsn~name~1], [impl~name~1->dsn~name~1] or [dsn->req~name~1>>impl,utest] [xenfusa.tag]",
        ),
        (
            {"tests/vector.cc": SOURCE + "// [XenTest->XenArch~alone~1]\n"},
            "docs/tests/vector.cc:5: WARNING: the tag [XenTest->XenArch~alone~1] names XenArch~alone~1, but no test that it "
            "stands in or before was reported [xenfusa.test_link]",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_the_rest_counts(
    files: dict[str, str], warning: str, build: Build
) -> None:
    built = build({**FILES, **files}, **SETTINGS)
    assert sorted(built.warnings) == sorted([NEVER_CAME, warning])
    assert results(built) == {"alone": "not run", "mapped": "failed", "tagged": "passed", "told": "passed"}


def test_the_names_of_properties_are_a_setting(build: Build) -> None:
    built = build(FILES, **{**SETTINGS, "xenfusa_test_properties": {}})
    assert results(built)["told"] == "not run"
    report = REPORT.replace("FullyVerifies", "requirement")
    built = build({"r.xml": report}, **{**SETTINGS, "xenfusa_test_properties": {"requirement": "partially_verifies"}})
    assert results(built)["told"] == "partial"
    built = build(**{**SETTINGS, "xenfusa_test_properties": {"requirement": "verify"}})
    assert any("[xenfusa.config]" in line and "verifies, partially_verifies, level" in line for line in built.warnings)


@pytest.mark.parametrize("parallel", [1, 2])
def test_two_builds_write_the_same_bytes(build: Build, parallel: int) -> None:
    first = build(FILES, **SETTINGS).page("xenfusa/trace.json")
    assert build(fresh=True, parallel=parallel, **SETTINGS).page("xenfusa/trace.json") == first
    assert not re.search(r"/tmp|/root", first)
