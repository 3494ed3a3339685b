"""What ties cases to requirements: properties, maps, sources and manifests, and that nothing becomes greener by guesswork."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sphinx_xenfusa.evidence.case_properties import S_CORE
from sphinx_xenfusa.evidence.entry_files import schema
from sphinx_xenfusa.evidence.expected_tests import read_manifest
from sphinx_xenfusa.evidence.name_patterns import Pattern, matches
from sphinx_xenfusa.evidence.reports import read_report
from sphinx_xenfusa.evidence.source_ties import SourceTag, TestSource
from sphinx_xenfusa.evidence.test_links import Ledger, Linked, link_cases
from sphinx_xenfusa.evidence.test_map import MapEntry, read_map
from sphinx_xenfusa.platforms.located_yaml import load, validate
from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.record import (
    Finding,
    Item,
    LinkOrigin,
    Place,
    Tag,
    TestCase,
    TestMethod,
    TestReport,
    TraceRecord,
)
from sphinx_xenfusa.trace.states import Outcome, Result
from sphinx_xenfusa.trace.test_methods import FIELDS, WORDS, known_word

JUNIT = Path(__file__).parents[3] / "shared" / "data" / "junit"
XEN = JUNIT / "xen-run-tools-tests"
real = pytest.mark.skipif(not JUNIT.is_dir(), reason="the shared real reports are not here")


def case(name: str, outcome: Outcome = Outcome.PASSED, **more: Any) -> TestCase:
    values: dict[str, Any] = {"report": "r.xml", "classname": "t", "name": name, "outcome": outcome, **more}
    return TestCase(**values)


def report(*cases: TestCase, file: str = "r.xml", error: str = "", target: str = "") -> TestReport:
    return TestReport(file, "0" * 64, error, cases, target=target)


def mapped(text: str, tmp_path: Path) -> tuple[tuple[MapEntry, ...], tuple[Finding, ...]]:
    path = tmp_path / "map.yaml"
    path.write_text(text, "utf-8")
    return read_map(path, "map.yaml")


def told(findings: Iterable[Finding]) -> list[str]:
    return [f"{one.place}: {one.subtype}: {one.message}" for one in findings]


def cases_of(linked: Linked) -> dict[str, TestCase]:
    return {one.name: one for each in linked.reports for one in each.cases}


# --- properties -------------------------------------------------------------------------------------------------------

GTEST = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="0" disabled="0" errors="0" time="0." timestamp="2026-01-01T00:00:00" name="AllTests">
 <testsuite name="Vector" tests="3" failures="0" disabled="0" skipped="0" errors="0" time="0.">
  <testcase name="Push" status="run" result="completed" time="0." classname="Vector">
   <properties>
    <property name="FullyVerifies" value="XenArch~push~1, XenArch~pop~2,"/>
    <property name="PartiallyVerifies" value=""/>
    <property name="TestType" value="Interface test"/>
    <property name="DerivationTechnique" value="explorative-testing "/>
    <property name="Description" value="Pushes."/>
   </properties>
  </testcase>
  <testcase name="Pop" status="run" result="completed" time="0." classname="Vector">
   <properties>
    <property name="PartiallyVerifies" value="comp_req__baselibs__vector"/>
    <property name="TestType" value="smoke"/>
    <property name="ASIL" value="B"/>
   </properties>
  </testcase>
  <testcase name="Top" status="run" result="completed" time="0." classname="Vector">
   <properties>
    <property name="TestType" value="smoke"/>
    <property name="TestType" value="fault-injection"/>
   </properties>
  </testcase>
 </testsuite>
</testsuites>
"""


@pytest.fixture
def score(tmp_path: Path) -> TestReport:
    path = tmp_path / "gtest.xml"
    path.write_text(GTEST, "utf-8")
    read = read_report(path, tmp_path)
    assert (read.error, read.dialect) == ("", "googletest")
    return read


def test_the_names_of_s_core_say_what_a_test_verifies_and_how(score: TestReport) -> None:
    found = cases_of(link_cases([score], Ledger()))
    assert found["Push"].verifies == ("XenArch~pop~2", "XenArch~push~1")
    assert found["Push"].partially_verifies == found["Push"].origins == ()
    assert found["Push"].method == TestMethod(type="interface-test", technique="explorative-testing")
    assert ("Description", "Pushes.") in found["Push"].properties


def test_an_id_that_is_no_tag_is_an_unknown_tag_and_never_lost(score: TestReport) -> None:
    linked = link_cases([score], Ledger())
    assert cases_of(linked)["Pop"].partially_verifies == ("comp_req__baselibs__vector",)
    found = [one for one in traced(linked).findings if one.subtype == "unknown_tag"]
    assert {one.about for one in found} == {"comp_req__baselibs__vector", "XenArch~pop~2", "XenArch~push~1"}


def test_a_word_of_no_vocabulary_is_shown_and_told_once(score: TestReport) -> None:
    linked = link_cases([score], Ledger())
    assert cases_of(linked)["Pop"].method == TestMethod(type="smoke")
    expected = "expected one of requirements-based, interface-test, fault-injection, resource-usage, back-to-back"
    found = "gtest.xml:1: test_method: found the type 'smoke' of the test Vector::Pop and of 1 more"
    assert f"{found}; {expected}; it is shown as it stands" in told(linked.findings)


def test_two_words_for_one_case_are_an_error_and_neither_counts(score: TestReport) -> None:
    linked = link_cases([score], Ledger())
    assert cases_of(linked)["Top"].method == TestMethod()
    found = "found the type 'fault-injection' (gtest.xml) and 'smoke' (gtest.xml) for the test Vector::Top"
    assert f"gtest.xml:1: test_method: {found}; expected one; none of them counts" in told(linked.findings)


def test_the_names_are_a_setting(score: TestReport) -> None:
    found = cases_of(link_cases([score], Ledger({"Description": "verifies", "ASIL": "level"})))
    assert found["Push"].verifies == ("Pushes.",)
    assert found["Push"].method == TestMethod()
    assert found["Pop"].method == TestMethod(level="B")
    assert set(S_CORE) == {"FullyVerifies", "PartiallyVerifies", "TestType", "DerivationTechnique"}


@real
def test_a_real_report_of_ctest_with_a_property_of_another_name() -> None:
    read = read_report(JUNIT / "strictdoc" / "ctest-06_testcase_properties.xml", JUNIT)
    found = cases_of(link_cases([read], Ledger({"requirement": "partially_verifies"})))
    assert {one.partially_verifies for one in found.values()} == {("REQ-1",)}


@real
def test_a_real_report_with_properties_of_another_name() -> None:
    read = read_report(JUNIT / "sphinx-test-reports" / "xml_data_properties.xml", JUNIT)
    found = cases_of(link_cases([read], Ledger({"verifies": "verifies"})))
    assert sorted(tag for one in found.values() for tag in one.verifies) == [
        "REQ_API_010",
        "REQ_API_011",
        "REQ_API_012",
        "REQ_AUTH_001",
        "REQ_AUTH_002",
        "REQ_AUTH_003",
    ]


def test_robot_and_googletest_json_have_properties_too(tmp_path: Path) -> None:
    data = Path(__file__).parent / "data"
    robot = (data / "robot-7.5.xml").read_text("utf-8")
    assert "<tag>" in robot
    first = robot.index("<tag>") + len("<tag>")
    robot = robot[:first] + "xenfusa.verifies:XenArch~x~1</tag><tag>TestType:fault-injection</tag><tag>" + robot[first:]
    path = tmp_path / "output.xml"
    path.write_text(robot, "utf-8")
    found = link_cases([read_report(path, tmp_path)], Ledger())
    tied = [one for one in found.reports[0].cases if one.verifies]
    assert [(one.verifies, one.method.type) for one in tied] == [(("XenArch~x~1",), "fault-injection")]
    text = (data / "googletest.json").read_text("utf-8")
    path = tmp_path / "gtest.json"
    path.write_text(text.replace('"classname":', '"FullyVerifies": "XenArch~x~1", "classname":', 1), "utf-8")
    read = read_report(path, tmp_path)
    assert read.error == ""
    assert [one.verifies for one in link_cases([read], Ledger()).reports[0].cases if one.verifies] == [("XenArch~x~1",)]


# --- maps -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "name", "is_meant"),
    [
        ("d/test-*", "d/test-ok", True),
        ("*", "", True),
        ("t::a[1]", "t::a[1]", True),
        ("t::a[1]", "t::a1", False),
        ("t::a[*]", "t::a[x y]", True),
        ("t::?", "t::a", True),
        ("t::?", "t::ab", False),
        ("T::a", "t::a", False),
        ("test", "a test", False),
        ("a*b*c", "a\nb/::c", True),
    ],
)
def test_a_pattern_is_held_against_the_whole_name(pattern: str, name: str, is_meant: bool) -> None:
    assert matches(pattern, name) is is_meant


@real
def test_a_map_ties_the_real_reports_of_xen(tmp_path: Path) -> None:
    entries, faults = mapped(
        """\
links:
  - tests: "d/test-*"
    report: "*/xen-ok*.xml"
    verifies: XenProd~version_hcall~1
    level: integration
    comment: Xen's CI runs these in dom0.
  - tests: d/test-ok
    partially_verifies: [XenProd~a~1, XenProd~b~2]
""",
        tmp_path,
    )
    assert faults == ()
    reports = [read_report(path, JUNIT) for path in sorted(XEN.glob("*.xml"))]
    linked = link_cases(reports, Ledger(entries=entries))
    assert linked.findings == ()
    by_file = {one.file.rpartition("/")[2]: {each.name: each for each in one.cases} for one in linked.reports}
    plain = by_file["xen-ok-plain.xml"]
    assert plain["d/test-fail-plain"].outcome is Outcome.FAILED
    assert plain["d/test-fail-plain"].verifies == ("XenProd~version_hcall~1",)
    assert plain["d/test-fail-plain"].partially_verifies == ()
    assert plain["d/test-ok"].partially_verifies == ("XenProd~a~1", "XenProd~b~2")
    assert plain["d/test-ok"].method == TestMethod(level="integration")
    assert plain["d/test-ok"].origins == (
        LinkOrigin("XenProd~a~1", "map", Place("map.yaml", 8)),
        LinkOrigin("XenProd~b~2", "map", Place("map.yaml", 8)),
        LinkOrigin("XenProd~version_hcall~1", "map", Place("map.yaml", 4)),
    )
    assert by_file["xen-ok.xml"]["d/test-ok"].verifies == ("XenProd~version_hcall~1",)
    record = traced(linked, "XenProd~version_hcall~1")
    # A failure in one of the reports is a failure.
    assert record.items[0].result is Result.FAILED


def test_an_entry_can_be_for_one_target(tmp_path: Path) -> None:
    entries, _ = mapped("links: [{tests: 't::a', target: 'arm*', verifies: X~y~1}]", tmp_path)
    both = [report(case("a"), file="1", target="arm64"), report(case("a", target="x86"), file="2", target="arm64")]
    linked = link_cases(both, Ledger(entries=entries))
    assert [one.cases[0].verifies for one in linked.reports] == [("X~y~1",), ()]
    linked = link_cases(both[1:], Ledger(entries=entries))
    found = "expected a test 't::a' on arm*; found the test t::a elsewhere: the entry ties nothing"
    assert told(linked.findings) == [f"map.yaml:1: test_link: {found}"]


def test_a_pattern_of_no_test_is_a_finding_with_its_line(tmp_path: Path) -> None:
    entries, _ = mapped("links:\n- tests:\n  - t::a\n  - t::gone\n  verifies: X~y~1\n", tmp_path)
    linked = link_cases([report(case("a"))], Ledger(entries=entries))
    assert told(linked.findings) == [
        "map.yaml:4: test_link: expected a test 't::gone'; found none: the entry ties nothing"
    ]
    assert cases_of(linked)["a"].verifies == ("X~y~1",)


def test_a_malformed_entry_costs_that_entry_only(tmp_path: Path) -> None:
    entries, findings = mapped(
        """\
links:
  - tests: t::a
    verifies: X~one~1
  - {test: t::b, verifies: X~two~1}
  - just words
  - tests: []
    verifies: X~three~1
  - tests: t::b
    technique: bondary-values
  - tests: t::b
    verifies: [X~four, X~five~0, X~six~1]
  - tests: t::b
    comment: says nothing
  - tests: t::b
    partial: true
    verifies: X~seven~1
""",
        tmp_path,
    )
    assert [[tag for tag, _ in one.verifies] for one in entries] == [["X~one~1"], ["X~six~1"]]
    lines = told(findings)
    assert lines[0].startswith("map.yaml:4: input: found the unknown key 'test' (did you mean tests?)")
    assert lines[1].startswith(
        "map.yaml:5: input: found the text 'just words'; expected a mapping (an entry of a test map)"
    )
    assert lines[2].startswith("map.yaml:6: input: found a list of 0 at tests; expected at least 1 of them")
    assert lines[3].startswith(
        "map.yaml:9: input: found the text 'bondary-values' at technique (did you mean boundary-values?)"
    )
    assert lines[4].startswith("map.yaml:11: tag: found the tag 'X~four'; expected type~name~revision")
    assert lines[5].startswith("map.yaml:11: revision: found revision 0 in 'X~five~0'")
    assert lines[6].startswith("map.yaml:12: input: found an entry that says nothing of its tests; expected verifies, ")
    assert lines[7].startswith("map.yaml:15: input: found the unknown key 'partial'")
    assert all(line.endswith("; the entry is left out") for line in (*lines[:4], lines[7]))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "map.yaml:1: input: found nothing but blanks and comments"),
        ("links: {", "map.yaml:1: input: found malformed YAML"),
        ("links:\n  - &a {tests: x}\n", "map.yaml:2: input: found the anchor &a"),
        ("links: !!python/object/apply:os.system [ls]\n", "map.yaml:1: input: found the tag !!python/object"),
        ("other: 1\nlinks: [{tests: a, verifies: X~y~1}]", "map.yaml:1: input: found the unknown key 'other'"),
        ("[]", "map.yaml:1: input: found a list of 0; expected a mapping"),
        ("links: []", "map.yaml:1: input: found a list of 0 at links; expected at least 1 of them"),
        ("links: " + "[" * 100, "map.yaml:1: input: found lists or mappings nested too deeply"),
        ("links: [\n 'a\x01']", "map.yaml:2: input: found the character"),
    ],
)
def test_a_file_that_is_no_map_is_one_finding(text: str, found: str, tmp_path: Path) -> None:
    entries, findings = mapped(text, tmp_path)
    assert entries == ()
    assert len(findings) == 1
    assert told(findings)[0].startswith(found)
    assert findings[0].message.endswith("; nothing of it counts")


def test_a_map_that_is_not_there_is_one_finding(tmp_path: Path) -> None:
    entries, findings = read_map(tmp_path / "none.yaml", "none.yaml")
    assert entries == ()
    assert told(findings) == ["none.yaml:1: input: found no such file; expected a test map; nothing of it counts"]


def test_map_and_report_must_agree_on_the_method(tmp_path: Path) -> None:
    entries, _ = mapped("links:\n- {tests: '*', level: unit}\n- {tests: 't::b', level: system}\n", tmp_path)
    given = report(case("a", properties=(("xenfusa.level", "integration"),)), case("b"), case("c"))
    linked = link_cases([given], Ledger(entries=entries))
    assert [one.method.level for one in linked.reports[0].cases] == ["", "", "unit"]
    assert told(linked.findings) == [
        "map.yaml:2: test_method: found the level 'unit' (map.yaml:2) and 'integration' (r.xml) for the test t::a; "
        "expected one; none of them counts",
        "map.yaml:2: test_method: found the level 'unit' (map.yaml:2) and 'system' (map.yaml:3) for the test t::b; "
        "expected one; none of them counts",
    ]


def test_what_the_report_says_itself_has_no_other_origin(tmp_path: Path) -> None:
    entries, _ = mapped("links: [{tests: '*', verifies: [X~a~1, X~b~1]}]", tmp_path)
    given = report(case("a", verifies=("X~a~1",), properties=(("FullyVerifies", "X~b~1"),)))
    assert cases_of(link_cases([given], Ledger(entries=entries)))["a"].origins == ()


# --- vocabularies -----------------------------------------------------------------------------------------------------


def test_the_schema_has_the_words_of_the_code() -> None:
    properties = schema("test_map")["$defs"]["entry"]["properties"]
    assert {field: properties[field]["enum"] for field in FIELDS} == {field: list(WORDS[field]) for field in FIELDS}


@pytest.mark.parametrize("name", ["test_map", "expected_tests"])
def test_the_published_schemas_are_schemas_and_refuse(name: str) -> None:
    jsonschema_rs.meta.validate(schema(name))
    validate(load("links: [{tests: a, verifies: X~y~1}]", "f"), schema("test_map"), "a map")
    validate(load("expected: [{tests: a, target: [b]}]", "f"), schema("expected_tests"), "a manifest")


def test_every_word_and_the_words_of_the_standard_are_known() -> None:
    for name in FIELDS:
        for word, meaning in WORDS[name].items():
            assert known_word(name, word) == known_word(name, meaning) == known_word(name, f" {word.upper()} ") == word
    assert known_word("level", "") is None
    assert known_word("type", "boundary-values") is None


# --- sources ----------------------------------------------------------------------------------------------------------

C_SOURCE = """\
#include <gtest/gtest.h>

/*
 * Nothing is shared.
 * [XenTest->XenArch~first~1]
 */
TEST_F(Channel,
       First)
{
    EXPECT_EQ(1, 1);
#ifdef CONFIG_ARM
    /* [XenTest->XenArch~inner~1] */
#endif
}

static int helper(void)
{
    return 1; /* [XenTest->XenArch~helper~1] */
}

// [XenTest->XenArch~second~1]
TEST_P(Channel, Second)
{
    helper();
}

// [XenTest->XenArch~unreported~1]
TEST(Channel, Unreported)
{
}
"""
PYTHON_SOURCE = """\
import pytest


# [XenTest->XenArch~first~1]
@pytest.mark.parametrize(
    "n",
    [1, 2],
)
def test_first(n):
    assert n
    # [XenTest->XenArch~inner~1]


# [XenTest->XenArch~class~1]
class TestThing:
    # [XenTest->XenArch~method~1]
    def test_method(self):
        assert True

    # [XenTest->XenArch~end~1]
"""


def source(text: str, file: str = "tests/channel.cc") -> TestSource:
    lines = tuple(text.splitlines())
    tags = [
        SourceTag(number, "XenTest", (line.partition("->")[2].partition("]")[0],))
        for number, line in enumerate(lines, 1)
        if "[XenTest->" in line
    ]
    return TestSource(file, lines, tuple(tags))


def tied(sources: Sequence[TestSource], *cases: TestCase) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    linked = link_cases([report(*cases)], Ledger(sources=sources))
    assert {one.subtype for one in linked.findings} <= {"test_link"}
    assert all(len(one.origins) == len(one.verifies) for one in linked.reports[0].cases)
    return (
        {one.name: tuple(tag.split("~")[1] for tag in one.verifies) for one in linked.reports[0].cases},
        [f"{one.place}: {one.message}" for one in linked.findings],
    )


def test_tags_in_c_tie_the_test_that_they_stand_in_or_before() -> None:
    found, findings = tied(
        [source(C_SOURCE)],
        case("First", place="tests/channel.cc:7"),
        case("Second/0", place="tests/channel.cc:22"),
        case("Second/1", Outcome.FAILED, place="tests/channel.cc:22"),
        case("Other"),
    )
    assert found == {"First": ("first", "inner"), "Second/0": ("second",), "Second/1": ("second",), "Other": ()}
    ending = "but no test that it stands in or before was reported"
    assert findings == [
        f"tests/channel.cc:18: the tag [XenTest->XenArch~helper~1] names XenArch~helper~1, {ending}",
        f"tests/channel.cc:27: the tag [XenTest->XenArch~unreported~1] names XenArch~unreported~1, {ending}",
    ]


def test_tags_in_python_tie_the_test_that_they_stand_in_or_before() -> None:
    found, findings = tied(
        [source(PYTHON_SOURCE, "t/test_a.py")],
        case("test_first[1]", place="test_a.py:5"),
        case("test_first[2]", place="test_a.py:5"),
        case("test_method", place="test_a.py:17"),
    )
    assert found == {
        "test_first[1]": ("first", "inner"),
        "test_first[2]": ("first", "inner"),
        "test_method": ("method",),
    }
    assert [line.partition(":")[2].partition(":")[0] for line in findings] == ["14", "20"]


def test_lines_that_are_one_too_far_tie_the_same_tests() -> None:
    """S-CORE's plugin writes them so into reports of pytest, which itself counts lines from 0."""
    text = "# [XenTest->X~a~1]\n@one\n@two\ndef a(): pass\n\n# [XenTest->X~b~1]\ndef b():\n    pass\n"
    text += "def c(): pass\ndef d(): pass\n"
    for far in (0, 1):
        lines = {"a": 2, "b": 7, "c": 9, "d": 10}
        found, findings = tied(
            [source(text, "t.py")], *(case(name, place=f"t.py:{n + far}") for name, n in lines.items())
        )
        assert (found, findings) == ({"a": ("a",), "b": ("b",), "c": (), "d": ()}, [])


def test_a_comment_at_the_margin_belongs_to_the_test_below() -> None:
    python = "def test_a():\n    pass\n\n# if it stops: [XenTest->XenArch~stops~1]\ndef test_b():\n    pass\n"
    found, findings = tied([source(python, "t.py")], case("test_a", place="t.py:1"), case("test_b", place="t.py:5"))
    assert (found, findings) == ({"test_a": (), "test_b": ("stops",)}, [])


def test_a_comment_of_several_lines_without_stars_is_one() -> None:
    text = "/*\n  [XenTest->XenArch~a~1]\n  Says more.\n*/\nTEST(S, A) {}\nint x;\n  [XenTest->XenArch~b~1]\nTEST(S, B) {}\n"
    found, findings = tied([source(text, "t.c")], case("A", place="t.c:5"), case("B", place="t.c:8"))
    assert found == {"A": ("a",), "B": ()}
    assert len(findings) == 1


def test_a_name_within_another_test_does_not_make_it_that_test() -> None:
    text = "// [XenTest->XenArch~second~1]\nTEST(S, Second)\n{\n    one();\n    two();\n    First();\n}\n"
    found, findings = tied([source(text, "t.c")], case("First", place="t.c:2"))
    assert found == {"First": ()}
    assert findings == [
        "t.c:1: found no 'First' where the report r.xml says that it stands, in line 2; expected the file as it was when the "
        "tests ran; the tag [XenTest->XenArch~second~1] does not tie it"
    ]


def test_a_tag_that_no_reported_test_stands_for_is_no_pass() -> None:
    found, findings = tied([source(C_SOURCE)], case("First"))
    assert found == {"First": ()}
    assert findings[0] == (
        "tests/channel.cc:5: the tag [XenTest->XenArch~first~1] names XenArch~first~1, but no test of this file was reported"
    )
    assert len(findings) == 5


def test_a_report_without_lines_ties_nothing() -> None:
    found, findings = tied([source(C_SOURCE)], case("First", place="tests/channel.cc"))
    assert found == {"First": ()}
    assert all("found no lines in the reports for the tests of this file" in line for line in findings)
    assert len(findings) == 5


@pytest.mark.parametrize("line", [1, 3, 4, 12, 16, 20, 24, 26, 30, 31, 9999])
def test_a_test_that_does_not_stand_where_the_report_says_is_never_tied(line: int) -> None:
    """The file has changed since the tests ran, or is another one."""
    found, findings = tied([source(C_SOURCE)], case("First", place=f"tests/channel.cc:{line}"))
    assert found == {"First": ()}
    assert len(findings) == 5


def test_a_name_that_fits_several_files_ties_none() -> None:
    sources = [source(C_SOURCE, "a/channel.cc"), TestSource("b/channel.cc")]
    found, findings = tied(sources, case("First", place="…/channel.cc:7"))
    assert found == {"First": ()}
    assert any("which can be those of a/channel.cc and b/channel.cc" in line for line in findings)
    found, _ = tied(sources, case("First", place="b/channel.cc:7"))
    assert found == {"First": ()}
    found, _ = tied(sources, case("First", place="/a/channel.cc:7"))
    assert found == {"First": ("first", "inner")}


PYTHON = {
    "before": "# [XenTest->X~{0}~1]\ndef {0}():\n    assert True\n",
    "decorated": "# [XenTest->X~{0}~1]\n@mark(\n    1,\n)\ndef {0}():\n    assert True\n",
    "within": "def {0}():\n    assert other()\n    # [XenTest->X~{0}~1]\n    assert True\n",
    "without": "def {0}():\n    # calls t0, t1 and t2\n    return t0() + t1()\n",
}
C = {
    "before": "/*\n * [XenTest->X~{0}~1]\n */\nTEST(S, {0})\n{{\n    check(1);\n}}\n",
    "within": "TEST(S,\n     {0})\n{{\n#ifdef A\n    check(1); // [XenTest->X~{0}~1]\n#endif\n}}\n",
    "one line": "// [XenTest->X~{0}~1]\nTEST(S, {0}) {{ check(1); }}\n",
    "without": "static int {0}(void)\n{{\n    return t0() + t1();\n}}\n",
}
BETWEEN = ["", "\n", "\n\n\n", "x = 1\n", "// t1 and t2\n", "# t0\n\n"]


@st.composite
def edited_files(draw: st.DrawFn) -> tuple[str, str]:
    """A file as it was when its tests ran, and as it is now: tests gone, new, moved, and lines between them."""
    forms = draw(st.sampled_from([PYTHON, C]))
    form, between = st.sampled_from(sorted(forms)), st.sampled_from(BETWEEN)
    then = [(f"t{number}", draw(form)) for number in range(draw(st.integers(1, 5)))]
    now = draw(st.permutations(then)) if draw(st.booleans()) else then
    now = [one for one in now if draw(st.integers(0, 3))]
    now += [(f"new{number}", draw(form)) for number in range(draw(st.integers(0, 2)))]
    made = ["".join(draw(between) + forms[which].format(name) for name, which in names) for names in (then, now)]
    return made[0], draw(between) * draw(st.integers(0, 4)) + made[1]


def beginnings(text: str) -> dict[str, int]:
    """Where a report says that the tests of a text stand: the line of the first decorator or of the definition."""
    found: dict[str, int] = {}
    decorated = 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("@"):
            decorated = number
        elif match := re.match(r"def (\w+)|TEST\(S, ?(\w*)", line):
            name = match[1] or match[2] or text.splitlines()[number].strip(" )")
            found[name] = decorated or number
            decorated = 0
    return found


@settings(deadline=None, max_examples=400)
@given(edited_files())
def test_whatever_became_of_a_file_a_tag_never_ties_another_test_than_its_own(texts: tuple[str, str]) -> None:
    then, now = texts
    file = "tests/channel.py" if "def " in then else "tests/channel.cc"
    cases = [case(name, place=f"{file}:{line}") for name, line in beginnings(then).items()]
    assume(cases)
    found, findings = tied([source(now, file)], *cases)
    assert all(tags in ((), (name,)) for name, tags in found.items())
    written = sorted(re.findall(r"XenTest->X~(\w+)~", now))
    tied_names = [name for name, tags in found.items() if tags]
    # Each tag ties its test or is a finding.
    assert {name for name in written if name not in tied_names} <= {
        one.partition("X~")[2].partition("~")[0] for one in findings
    }
    unchanged, _ = tied([source(then, file)], *cases)
    assert {name for name, tags in unchanged.items() if tags} == set(re.findall(r"XenTest->X~(\w+)~", then))


def test_files_are_told_apart_by_as_many_folders_as_both_names_have() -> None:
    for place in ("tests/channel.cc:7", "xen/tests/channel.cc:7", "channel.cc:7", "./tests/channel.cc:7"):
        assert tied([source(C_SOURCE, "../tests/channel.cc")], case("First", place=place))[0]["First"], place
    for place in ("other/channel.cc:7", "tests/channel.c:7", "", ":7", "tests/:7", "channel.cc:0", "channel.cc:-1"):
        assert not tied([source(C_SOURCE, "../tests/channel.cc")], case("First", place=place))[0]["First"], place


def test_tags_in_a_suite_that_robot_framework_really_ran() -> None:
    """``robot_run`` has a suite and what ``robot`` 7.5 wrote for it; only the folders of the machine are replaced."""
    folder = Path(__file__).with_name("robot_run")
    read = read_report(folder / "output.xml", folder)
    assert (read.error, read.dialect) == ("", "Robot Framework")
    linked = link_cases(
        [read], Ledger(sources=[source((folder / "boot.robot").read_text("utf-8"), "tests/boot.robot")])
    )
    found = {one.name: (one.verifies, one.partially_verifies, one.method.type) for one in linked.reports[0].cases}
    assert found == {
        "Domain Boots": (("XenArch~a~1",), (), ""),
        "Domain Stops": (("XenArch~b~1",), ("XenArch~c~1",), "requirements-based"),
    }
    assert [(one.subtype, one.about) for one in linked.findings] == [("test_link", "XenArch~d~1")]


# --- manifest ---------------------------------------------------------------------------------------------------------


def test_an_expected_test_that_did_not_run_is_a_finding_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "expected.yaml"
    path.write_text(
        """\
expected:
  - tests: [t::a, "t::s*", t::never]
  - tests: t::a
    target: [arm64, x86]
  - tests: t::broken
  - tests: t::b
    report: other.xml
  - {test: t::b}
""",
        "utf-8",
    )
    patterns, faults = read_manifest(path, "expected.yaml")
    assert len(faults) == 1
    assert told(faults)[0].startswith("expected.yaml:8: input: found the unknown key 'test'")
    reports = [
        report(case("a", Outcome.FAILED), case("s", Outcome.SKIPPED), case("b"), target="arm64"),
        report(case("a"), case("s", Outcome.NOT_RUN), file="2.xml", target="arm64"),
        report(case("broken"), file="3.xml", error="cut off"),
    ]
    linked = link_cases(reports, Ledger(expected=patterns))
    assert [(one.pattern, one.target, one.place.line, one.came) for one in linked.expected] == [
        ("t::a", "", 2, 1),
        ("t::a", "arm64", 3, 1),
        ("t::a", "x86", 3, 0),
        ("t::b", "", 6, 0),
        ("t::broken", "", 5, 0),
        ("t::never", "", 2, 0),
        ("t::s*", "", 2, 0),
    ]
    assert told(linked.findings) == [
        "expected.yaml:2: expected_test: expected the test 't::never' to run; found no such test in any report",
        "expected.yaml:2: expected_test: expected the test 't::s*' to run; found 1 not run, 1 skipped",
        "expected.yaml:3: expected_test: expected the test 't::a' on x86 to run; found it on arm64 only",
        "expected.yaml:5: expected_test: expected the test 't::broken' to run; found 1 in a report that counts for nothing",
        "expected.yaml:6: expected_test: expected the test 't::b' in the report other.xml to run; found it on arm64 only",
    ]


# --- what holds of all of it ------------------------------------------------------------------------------------------

TAGS = ("X~a~1", "X~b~1", "X~c~2")
LATER = Place("later.yaml", 1)


def traced(linked: Linked, *tags: str) -> TraceRecord:
    items = [Item(Tag.parse(tag), tag, "Text.", Place("d.rst", 1), "directive", needs=("XenTest",)) for tag in tags]
    return assemble(
        project="",
        version="",
        items=items,
        verdicts=(),
        reports=linked.reports,
        findings=linked.findings,
        policies=(),
        target_policy="specification",
        confirm_mode="off",
        known_claims=(),
        results_expected=False,
    )


names = st.sampled_from(["a", "b", "ab", "c[1]"])
outcomes = st.sampled_from(list(Outcome))
some_tags = st.lists(st.sampled_from(TAGS), max_size=2, unique=True).map(tuple)
some_cases = st.builds(case, names, outcomes, verifies=some_tags, partially_verifies=some_tags)
some_reports = st.builds(
    lambda cases, file, error: report(*{one.name: one for one in cases}.values(), file=file, error=error),
    st.lists(some_cases, max_size=4),
    st.sampled_from(["1.xml", "2.xml"]),
    st.sampled_from(["", "", "cut off"]),
)


def entry(pattern: str, tags: tuple[str, ...], part: tuple[str, ...] = (), report: str = "") -> MapEntry:
    placed = [tuple((tag, LATER) for tag in one) for one in (tags, part)]
    return MapEntry((Pattern(pattern, LATER, report),), placed[0], placed[1], {})


entries_ = st.builds(
    entry,
    st.sampled_from(["t::*", "t::a", "*b", "t::c[1]", "none"]),
    some_tags,
    some_tags,
    st.sampled_from(["", "1.xml"]),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(some_reports, max_size=3), st.lists(entries_, max_size=3), st.integers())
def test_the_order_of_reports_cases_and_entries_does_not_matter(
    reports: list[TestReport], maps: list[MapEntry], seed: int
) -> None:
    shuffled, turned = reports[:], maps[:]
    random.Random(seed).shuffle(shuffled)
    random.Random(seed).shuffle(turned)
    one, other = link_cases(reports, Ledger(entries=maps)), link_cases(shuffled, Ledger(entries=turned))
    assert sorted(one.reports) == sorted(other.reports)
    assert (one.findings, one.expected) == (other.findings, other.expected)


@settings(deadline=None, max_examples=200)
@given(st.lists(some_reports, max_size=3), st.lists(entries_, max_size=2), entries_)
def test_an_entry_makes_nothing_better_unless_a_test_that_it_names_ran_and_passed(
    reports: list[TestReport], maps: list[MapEntry], added: MapEntry
) -> None:
    before = traced(link_cases(reports, Ledger(entries=maps)), *TAGS)
    after = traced(link_cases(reports, Ledger(entries=[*maps, added])), *TAGS)
    worst_first = list(Result)
    pattern = added.patterns[0]
    passed = any(
        each.outcome is Outcome.PASSED
        for one in reports
        if not one.error and (not pattern.report or matches(pattern.report, one.file))
        for each in one.cases
        if matches(pattern.tests, each.id)
    )
    named = {tag for tag, _ in (*added.verifies, *added.partially_verifies)}
    for old, new in zip(before.items, after.items, strict=True):
        better = worst_first.index(new.result) > worst_first.index(old.result)
        assert not better or (passed and str(new.item.tag) in named)


def test_many_patterns_over_many_cases_take_linear_time(tmp_path: Path) -> None:
    cases = tuple(case(f"test_{number}", classname=f"m{number % 100}") for number in range(40_000))
    text = "".join(f"- {{tests: 'm{n % 100}::test_{n}', verifies: X~y~1}}\n" for n in range(2000))
    entries, faults = mapped(f"links:\n{text}", tmp_path)
    assert faults == ()
    begin = time.process_time()
    linked = link_cases([report(*cases)], Ledger(entries=entries))
    assert linked.findings == ()
    assert time.process_time() - begin < 5
    assert sum(bool(one.verifies) for one in linked.reports[0].cases) == 2000
