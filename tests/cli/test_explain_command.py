"""``xenfusa explain`` as a user meets it: with the record of a build, and without one."""

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from sphinx_xenfusa.explore.trace import Step, Trace
from sphinx_xenfusa.explore.verdict import Divergence, MutantReport, Scope, Verdict, VerdictKind
from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.record import Item, Place, Tag, TestCase, TestReport, Verification
from sphinx_xenfusa.trace.serialise import dumps
from sphinx_xenfusa.trace.states import ItemKind, Outcome

Xenfusa = Callable[..., Result]
SCOPE = Scope("F", "two platforms", 2, 2, ("the world is flat",))


def trace(title: str, action: str) -> Trace:
    return Trace(title, (("power", "up"),), (Step("hwdom", action, (), "allowed", (), "2.3"),))


DIVERGING = Verdict(
    "fake_diverges",
    "dummy",
    VerdictKind.DIVERGES,
    SCOPE,
    cases=1200,
    relevant=34,
    reason="refuted as expected by D1",
    witness=trace("It occurs", "wait"),
    counterexample=trace("It stops", "stop"),
    killed=5,
    mutants=6,
    killer=MutantReport("model/rules.py:1", "condition negated", "if a < b:", "if not a < b:"),
    divergences=(Divergence("D1", trace("It stops", "stop")),),
)
CONFIRMED = Verdict("fake_diverges", "specification", VerdictKind.CONFIRMED, SCOPE, cases=7, relevant=3)
HOLDS = Verdict("fake_holds", None, VerdictKind.CONFIRMED, SCOPE, cases=7, relevant=3, killed=1, mutants=2)


def item(name: str, *claims: str, needs: tuple[str, ...] = ()) -> Item:
    return Item(
        Tag("XenArch", name, 1),
        f"The title of {name}",
        "Xen shall stay up.",
        Place("roles.rst", 12),
        "directive",
        kind=ItemKind.PROHIBITION,
        rationale="Because it matters.",
        needs=needs,
        confirmed_by=claims,
    )


def case(name: str, outcome: Outcome, message: str = "") -> TestCase:
    return TestCase("report.xml", "t", name, outcome, verifies=("XenArch~tested~1",), message=message)


@pytest.fixture
def record(xenfusa: Xenfusa) -> Iterator[Path]:
    """The record of a build, where a build usually leaves it below the current folder."""
    cases = (case("test_good", Outcome.PASSED), case("test_bad", Outcome.FAILED, "it fell over"))
    made = assemble(
        project="P",
        version="1",
        items=[
            item("stays_up", "fake_diverges"),
            item("good", "fake_holds"),
            item("tested", "fake_holds"),
            item("untested", "fake_holds", needs=("XenTest",)),
            item("nothing"),
            item("gone", "fake_of_old"),
        ],
        verdicts=[DIVERGING, CONFIRMED, HOLDS],
        reports=[TestReport("report.xml", "0" * 64, "", cases)],
        findings=[],
        policies=("specification", "dummy"),
        target_policy="dummy",
        confirm_mode="cache",
        known_claims=["fake_diverges", "fake_holds"],
        results_expected=True,
    )
    path = Path("build/html/xenfusa/trace.json")
    path.parent.mkdir(parents=True)
    path.write_text(dumps(made), "utf-8")
    yield path


def explained(xenfusa: Xenfusa, *arguments: str | Path, code: int = 0, register: Path) -> str:
    result = xenfusa("explain", *arguments, "--divergences", register)
    assert result.exit_code == code, result.output
    assert result.stderr == ""
    return result.stdout


def test_a_requirement_with_its_record(xenfusa: Xenfusa, record: Path, register: Callable[..., Path]) -> None:
    text = explained(xenfusa, "XenArch~stays_up~1", register=register(fake_diverges="stop"))
    assert "record build/html/xenfusa/trace.json, which may be older than the sources" in " ".join(text.split())
    for line in (
        "The title of stays_up",
        "Xen shall stay up.",
        "kind: prohibition",
        "stands in: roles.rst:12",
        "rationale: Because it matters.",
        "state: diverges",
        "  - claim fake_diverges under dummy: diverges: refuted as expected by D1",
        "  scope: two platforms",
        "  size: 2 platforms; 2 by a second method",
        "  assumption: the world is flat",
        "  checks: 1,200, of which 34 could have failed",
        "  mutants of the model: 6 tried in this run, 5 refute it",
        "  smallest of these: condition negated at model/rules.py:1: if a < b: -> if not a < b:",
        "D1, the document: It stays up.",
        "D1, Xen: It stops.",
        "counterexample: It stops",
        "divergence D1: It stops",
        "witness: It occurs",
        "no test verifies it",
    ):
        assert line in text.splitlines(), line


@pytest.mark.parametrize(
    ("tag", "code", "reasons"),
    [
        ("good", 0, []),
        ("tested", 1, ["the test t::test_bad failed"]),
        ("untested", 3, ["it needs a test, and no test verifies it"]),
        ("nothing", 3, ["nothing is linked that could check it"]),
        ("gone", 3, ["there is no verdict on the claim fake_of_old"]),
    ],
)
def test_why_a_requirement_is_not_green(
    xenfusa: Xenfusa, record: Path, register: Callable[..., Path], tag: str, code: int, reasons: list[str]
) -> None:
    text = explained(xenfusa, f"XenArch~{tag}~1", code=code, register=register())
    assert [line[4:] for line in text.splitlines() if line.startswith("  - ")] == reasons
    assert ("everything that checks it ran" in text) is (not reasons)
    data = json.loads(explained(xenfusa, f"XenArch~{tag}~1", "--format", "json", code=code, register=register()))
    assert data["why"] == reasons
    assert data["requirement"]["id"] == f"XenArch~{tag}~1"


def test_tests_stand_with_their_messages(xenfusa: Xenfusa, record: Path, register: Callable[..., Path]) -> None:
    lines = explained(xenfusa, "XenArch~tested~1", code=1, register=register()).splitlines()
    assert any(
        line.split() == ["t::test_bad", "failed", "all", "of", "it", "report.xml", "it", "fell", "over"]
        for line in lines
    )
    assert any(line.split()[:2] == ["t::test_good", "passed"] for line in lines if line.strip())


def written(folder: Path, *reports: TestReport, **values: Any) -> Path:
    made = assemble(
        project="P",
        version="1",
        items=[item("tested"), item("other")],
        verdicts=(),
        reports=reports,
        findings=(),
        policies=("specification",),
        target_policy="specification",
        confirm_mode="off",
        known_claims=(),
        results_expected=True,
        **values,
    )
    path = folder / "trace.json"
    path.write_text(dumps(made), encoding="utf-8")
    return path


def of_target(report: str, outcome: Outcome, target: str, message: str = "", **values: str) -> TestReport:
    made = dataclasses.replace(case("test_it", outcome, message), report=report, target=target)
    return TestReport(report, "", values.get("error", ""), (made,), stale=values.get("stale", ""))


def test_what_did_not_run_stands_beside_a_state_that_passed(
    xenfusa: Xenfusa, tmp_path: Path, register: Callable[..., Path]
) -> None:
    path = written(
        tmp_path,
        of_target("a.xml", Outcome.PASSED, "x86"),
        of_target("b.xml", Outcome.SKIPPED, "arm", "no TPM"),
        of_target("c.xml", Outcome.SKIPPED, "riscv"),
        TestReport("d.xml", "", "", (TestCase("d.xml", "t", "test_other", Outcome.PASSED, target="arm"),)),
    )
    lines = explained(xenfusa, "XenArch~tested~1", "--record", str(path), register=register()).splitlines()
    assert "tests by target: arm: not run, riscv: not run, x86: passed; no test of it ran on arm" in lines
    assert "by method: test: passed" in lines
    assert [line for line in lines if line.startswith("  - ")] == [
        "  - the test t::test_it was skipped: no TPM",
        "  - the test t::test_it was skipped: no reason given",
        "  - no test of it ran on arm",
    ]
    assert not any("everything that checks it ran" in line for line in lines)
    data = json.loads(
        explained(xenfusa, "XenArch~tested~1", "--record", str(path), "--format", "json", register=register())
    )
    assert data["beside"][0] == "the test t::test_it was skipped: no TPM"
    assert [one["target"] for one in data["tests"]] == ["x86", "arm", "riscv"]


@pytest.mark.parametrize(
    ("values", "reasons"),
    [
        ({"stale": "of commit 1"}, ["the test t::test_it passed, which does not count: of commit 1"]),
        (
            {"error": "cut off"},
            ["the test t::test_it was not run: its report cannot be read"],
        ),
    ],
)
def test_why_a_pass_does_not_count(
    xenfusa: Xenfusa, tmp_path: Path, register: Callable[..., Path], values: dict[str, str], reasons: list[str]
) -> None:
    path = written(tmp_path, of_target("a.xml", Outcome.PASSED, "x86", **values))
    text = explained(xenfusa, "XenArch~tested~1", "--record", str(path), code=3, register=register())
    assert [line[4:] for line in text.splitlines() if line.startswith("  - ")] == reasons
    assert any(
        line.split()[0] == "t::test_it" and ("passed, but stale" in line) == ("stale" in values)
        for line in text.splitlines()
        if line.strip()
    )


def test_a_pass_beside_a_report_that_cannot_be_read(
    xenfusa: Xenfusa, tmp_path: Path, register: Callable[..., Path]
) -> None:
    path = written(tmp_path, of_target("a.xml", Outcome.PASSED, "x86"), TestReport("b.xml", "", "cut off", ()))
    text = explained(xenfusa, "XenArch~tested~1", "--record", str(path), code=3, register=register())
    assert "until it can, no test counts as passed" in " ".join(text.split())


def test_what_people_found_stands_with_document_and_date(
    xenfusa: Xenfusa, tmp_path: Path, register: Callable[..., Path]
) -> None:
    found = Verification(
        "XenArch~other~1",
        "analysis",
        "2026-01-02",
        Outcome.FAILED,
        "0" * 64,
        "FMEA 7",
        "Ann",
        True,
        Place("l.yaml", 1),
    )
    path = written(tmp_path, verifications=[found])
    lines = explained(xenfusa, "XenArch~other~1", "--record", str(path), code=1, register=register()).splitlines()
    assert "analysis: failed: FMEA 7, by Ann on 2026-01-02" in lines
    assert "  - analysis: failed" in lines


def test_a_claim_with_the_requirements_that_name_it(
    xenfusa: Xenfusa, record: Path, register: Callable[..., Path]
) -> None:
    text = explained(xenfusa, "fake_holds", register=register())
    assert "  XenArch~good~1: passed" in text
    assert "  XenArch~tested~1: failed" in text
    assert "claim fake_holds: It [bold]holds[/bold] & <stays>." in text


def test_a_divergence_with_the_claims_that_diverge_by_it(
    xenfusa: Xenfusa, record: Path, register: Callable[..., Path]
) -> None:
    text = explained(xenfusa, "D1", register=register(fake_diverges="stop"))
    assert "D1, the document: It stays up." in text
    assert "fake_diverges, dummy: diverges\n  reason: refuted as expected by D1" in text
    assert "fake_diverges, specification" not in text
    assert "divergence D1: It stops" in text


def test_one_policy_can_be_chosen(xenfusa: Xenfusa, record: Path, register: Callable[..., Path]) -> None:
    text = explained(xenfusa, "fake_diverges", "--policy", "specification", register=register(fake_diverges="stop"))
    assert "fake_diverges, specification: confirmed" in text
    assert "fake_diverges, dummy" not in text


def test_the_newest_record_is_read(xenfusa: Xenfusa, record: Path, register: Callable[..., Path]) -> None:
    other = Path("docs/_build/html/xenfusa/trace.json")
    other.parent.mkdir(parents=True)
    other.write_bytes(record.read_bytes())
    os.utime(record, (1, 1))
    assert "record docs/_build/html/xenfusa/trace.json" in explained(xenfusa, "XenArch~good~1", register=register())
    chosen = explained(xenfusa, "XenArch~good~1", "--record", record, register=register())
    assert "record build/html/xenfusa/trace.json" in chosen


def test_without_a_record_the_claims_are_run_and_then_kept(xenfusa: Xenfusa, register: Callable[..., Path]) -> None:
    first = explained(xenfusa, "XenArch~fake_holds~1", register=register())
    assert "no trace record was read" in first
    assert "fake_holds, any policy: confirmed" in first
    assert "state:" not in first
    assert len(list(Path(".xenfusa/cache").glob("*.mutants.json"))) == 1
    assert explained(xenfusa, "XenArch~fake_holds~1", register=register()) == first


def test_a_record_can_be_left_alone(xenfusa: Xenfusa, record: Path, register: Callable[..., Path]) -> None:
    text = explained(xenfusa, "fake_holds", "--without-record", register=register())
    assert "no trace record was read" in text
    assert "requirements that name it" not in text


@pytest.mark.parametrize(("claim", "code"), [("fake_broken", 1), ("fake_dies", 3), ("fake_announced", 3)])
def test_exit_codes_without_a_record(xenfusa: Xenfusa, register: Callable[..., Path], claim: str, code: int) -> None:
    explained(xenfusa, claim, code=code, register=register())


def test_an_announced_claim_says_what_is_missing(xenfusa: Xenfusa, register: Callable[..., Path]) -> None:
    text = explained(xenfusa, "fake_announced", code=3, register=register())
    assert "  announced, not run: a model of it" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("XenArch~god~1",), "found the id 'XenArch~god~1'; expected the tag of a requirement"),
        (("XenArch~god~1",), "did you mean 'XenArch~good~1'?"),
        (("fake_hold",), "did you mean 'fake_holds'?"),
        (("fake_holds", "--policy", "dumy"), "did you mean 'dummy'?"),
        (("fake_holds", "--record", "nowhere.json"), "nowhere.json"),
        (("fake_holds", "--record", "cut.json"), "cut.json:1: found malformed JSON"),
        (("fake_holds", "--record", "other.json"), "other.json:1: found data of another form"),
    ],
)
def test_what_cannot_be_explained_is_one_error(
    xenfusa: Xenfusa, record: Path, arguments: tuple[str, ...], words: str
) -> None:
    Path("cut.json").write_text('{"items": [', "utf-8")
    Path("other.json").write_text('{"schema_version": 1}', "utf-8")
    result = xenfusa("explain", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def test_json_is_the_same_each_time(xenfusa: Xenfusa, record: Path, register: Callable[..., Path]) -> None:
    entries = register(fake_diverges="stop")
    texts = {explained(xenfusa, "D1", "--format", "json", register=entries) for _ in range(2)}
    (text,) = texts
    data = json.loads(text)
    assert data["about"] == "divergence"
    assert [one["id"] for one in data["divergences"]] == ["D1"]
    assert [one["policy"] for one in data["claims"][0]["verdicts"]] == ["dummy"]
