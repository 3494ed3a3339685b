"""The claims as test results: nothing but a confirmed claim passes, and others' readers say the same as ours."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import junitparser
import pytest
from test_exports import NASTY, SCOPE, written

from sphinx_xenfusa.evidence.reports import read_report
from sphinx_xenfusa.explore.trace import Change, Step, Trace
from sphinx_xenfusa.explore.verdict import Divergence, Verdict, VerdictKind
from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.record import Item, Place, Tag, TraceRecord
from sphinx_xenfusa.trace.states import ItemKind, Outcome

STEP = Step("hwdom", "break_it", (("how", "badly"),), "allowed", (Change("power", "up", "down"),), "x.c:1")
TRACE = Trace("it breaks", (("at first", "whole"),), (STEP,))

OUTCOMES = {
    VerdictKind.CONFIRMED: Outcome.PASSED,
    VerdictKind.REFUTED: Outcome.FAILED,
    VerdictKind.VACUOUS: Outcome.FAILED,
    VerdictKind.ERROR: Outcome.ERROR,
    VerdictKind.INCONCLUSIVE: Outcome.ERROR,
    VerdictKind.DIVERGES: Outcome.SKIPPED,
    VerdictKind.NOT_RUN: Outcome.SKIPPED,
    VerdictKind.NOT_APPLICABLE: Outcome.SKIPPED,
}


def verdict(claim: str, policy: str | None, kind: VerdictKind, reason: str = "because") -> Verdict:
    divergences = (Divergence("D1", TRACE),) if kind is VerdictKind.DIVERGES else ()
    counterexample = TRACE if kind is VerdictKind.REFUTED else None
    return Verdict(
        claim, policy, kind, SCOPE, 10, 4, reason=reason, counterexample=counterexample, divergences=divergences
    )


def record(*verdicts: Verdict, text: str = "text") -> TraceRecord:
    claims = tuple(dict.fromkeys(one.claim for one in verdicts))
    item = Item(Tag("XenArch", "p", 1), "t", text, Place("a.rst", 3), "directive", ItemKind.RULE, confirmed_by=claims)
    return assemble(
        project="p",
        version="",
        items=[item],
        verdicts=verdicts,
        reports=(),
        findings=(),
        policies=("specification", "dummy", "silo"),
        target_policy="dummy",
        confirm_mode="cache",
        known_claims=claims,
        results_expected=False,
    )


def file(made: TraceRecord, folder: Path) -> Path:
    (data,) = written("junit", made).values()
    path = folder / "claims.xml"
    path.write_bytes(data)
    return path


ALL = tuple(verdict(kind.value.replace(" ", "_"), None, kind) for kind in VerdictKind)


def test_our_reader_gives_each_verdict_its_outcome_and_links_it(tmp_path: Path) -> None:
    read = read_report(file(record(*ALL), tmp_path), tmp_path)
    assert (read.error, read.dialect) == ("", "pytest")
    assert {case.name: case.outcome for case in read.cases} == {
        kind.value.replace(" ", "_"): OUTCOMES[kind] for kind in VerdictKind
    }
    assert {case.verifies for case in read.cases} == {("XenArch~p~1",)}


def test_a_policy_that_does_not_count_verifies_nothing(tmp_path: Path) -> None:
    kinds = {"specification": VerdictKind.CONFIRMED, "dummy": VerdictKind.DIVERGES, "silo": VerdictKind.CONFIRMED}
    made = record(*(verdict("c", policy, kind) for policy, kind in kinds.items()))
    read = read_report(file(made, tmp_path), tmp_path)
    assert {case.classname: (case.outcome, case.verifies) for case in read.cases} == {
        "specification": (Outcome.PASSED, ("XenArch~p~1",)),
        "dummy": (Outcome.SKIPPED, ("XenArch~p~1",)),
        "silo": (Outcome.PASSED, ()),
    }


def test_junitparser_counts_the_same(tmp_path: Path) -> None:
    seen: Counter[str] = Counter()
    for suite in junitparser.JUnitXml.fromfile(str(file(record(*ALL), tmp_path))):
        assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (8, 2, 2, 3)
        for case in suite:
            seen["passed" if case.is_passed else type(case.result[0]).__name__] += 1
    assert seen == {"passed": 1, "Failure": 2, "Error": 2, "Skipped": 3}


# Jenkins' junit-10.xsd of the xunit plugin: elements, with the attributes and the children that each may have.
ALLOWED = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {
            "name",
            "tests",
            "failures",
            "errors",
            "group",
            "time",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
            "file",
            "log",
            "url",
        },
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": ({"name", "time", "classname", "group"}, {"skipped", "error", "failure", "system-out", "system-err"}),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "skipped": ({"type", "message"}, set()),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
}
NEEDED = {"testsuite": {"name", "tests", "failures", "errors"}, "testcase": {"name"}, "property": {"name", "value"}}


@pytest.mark.parametrize("text", ["text", NASTY])
def test_it_is_of_the_common_schema_but_for_the_properties_of_a_case(text: str, tmp_path: Path) -> None:
    made = record(*ALL, verdict("nasty", "dummy", VerdictKind.REFUTED, reason=text), text=text)
    for element in ElementTree.parse(file(made, tmp_path)).iter():
        attributes, children = ALLOWED[element.tag]
        if element.tag == "testcase":
            children = children | {"properties"}
        assert set(element.attrib) <= attributes
        assert NEEDED.get(element.tag, set()) <= set(element.attrib)
        assert {child.tag for child in element} <= children


def test_a_failure_has_its_trace_and_a_divergence_too(tmp_path: Path) -> None:
    told = {
        one.get("name"): "".join(one.itertext())
        for one in ElementTree.parse(file(record(*ALL), tmp_path)).iter("testcase")
    }
    assert "1. hwdom: break_it(how = badly): allowed; power: up -> down [x.c:1]" in told["refuted"]
    assert "divergence D1: it breaks" in told["diverges"]


def test_without_claims_there_is_no_case(tmp_path: Path) -> None:
    assert list(ElementTree.parse(file(record(), tmp_path)).iter("testcase")) == []
