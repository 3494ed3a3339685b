"""Test reports of every dialect: what counts as passed, and that no cut and no lie makes more of it."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sphinx_xenfusa.evidence.reports import DIALECTS, read_report
from sphinx_xenfusa.trace.record import TestCase as Case
from sphinx_xenfusa.trace.record import TestReport as Report
from sphinx_xenfusa.trace.states import Outcome

DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "junit"
SAMPLES = sorted(path for path in DATA.iterdir() if path.suffix != ".md")
PASSED, FAILED, ERROR = Outcome.PASSED, Outcome.FAILED, Outcome.ERROR
SKIPPED, NOT_RUN = Outcome.SKIPPED, Outcome.NOT_RUN

EXPECTED = {
    "ctest-3.25.xml": (
        "ctest",
        {
            "pass": PASSED,
            "fail": FAILED,
            "skip": SKIPPED,
            "off": NOT_RUN,
            "missing": NOT_RUN,
            "wantfail": PASSED,
            "slow": FAILED,
            "needsfix": NOT_RUN,
            "crash": FAILED,
        },
    ),
    "lit-23.xml": (
        "lit",
        {
            "fail.test": FAILED,
            "flaky.test": FAILED,
            "pass.test": PASSED,
            "in.test": PASSED,
            "unres.test": FAILED,
            "unsup.test": SKIPPED,
            "xfail.test": PASSED,
            "xpass.test": FAILED,
        },
    ),
    "lit-23-filtered.xml": (
        "lit",
        {
            "fail.test": NOT_RUN,
            "flaky.test": NOT_RUN,
            "pass.test": PASSED,
            "in.test": NOT_RUN,
            "unres.test": NOT_RUN,
            "unsup.test": NOT_RUN,
            "xfail.test": NOT_RUN,
            "xpass.test": FAILED,
        },
    ),
    "surefire-3.5.4.xml": (
        "surefire",
        {
            "passes": PASSED,
            "fails": FAILED,
            "errors": ERROR,
            "skips": SKIPPED,
            "skipsSilently": SKIPPED,
            "assumes": SKIPPED,
            "flaky": FAILED,
            "flakyError": ERROR,
            "small(int)[1]": PASSED,
            "small(int)[2]": FAILED,
        },
    ),
    "pytest-rerunfailures-16.7.xml": (
        "pytest",
        {
            "test_broken": FAILED,
            "test_flaky": FAILED,
            "test_setup": FAILED,
            "test_steady": PASSED,
            "test_teardown": FAILED,
        },
    ),
    "robot-7.5-merged.xml": (
        "Robot Framework",
        {
            "Steady": PASSED,
            "Flaky": FAILED,
            "Broken": FAILED,
            "Skips": SKIPPED,
            "Skips Silently": SKIPPED,
            "Excluded By Tag": SKIPPED,
        },
    ),
    "googletest-1.12.xml": (
        "googletest",
        {
            "Passes": PASSED,
            "Fails": FAILED,
            "Skips": SKIPPED,
            "SkipsSilently": SKIPPED,
            "DISABLED_later": NOT_RUN,
            "FlakyOverRepeats": FAILED,
            "Runs": SKIPPED,
            "AreSmall/0": PASSED,
            "AreSmall/1": FAILED,
        },
    ),
    "twister.xml": (
        "twister XML",
        {
            "kernel.common.ran": NOT_RUN,
            "kernel.common.built": NOT_RUN,
            "kernel.common.fails": FAILED,
            "kernel.common.reported": NOT_RUN,
            "kernel.common.lost": NOT_RUN,
        },
    ),
    "googletest.xml": (
        "googletest",
        {"Passes": PASSED, "Twice": FAILED, "Skips": SKIPPED, "DISABLED_later": NOT_RUN, "AlsoPasses": PASSED},
    ),
    "jenkins.xml": ("Jenkins", {"passes": PASSED, "fails": FAILED, "skips": SKIPPED}),
    "nextest-attempts.xml": ("cargo-nextest", {"steady": PASSED, "flaky": FAILED, "broken": FAILED}),
    "robot-7.5.xml": (
        "Robot Framework",
        {"Passes": PASSED, "Fails": FAILED, "Skips": SKIPPED, "Setup Breaks": FAILED},
    ),
    "robot-7.5-dry-run.xml": (
        "Robot Framework",
        {"Passes": NOT_RUN, "Fails": NOT_RUN, "Skips": NOT_RUN, "Setup Breaks": NOT_RUN},
    ),
    "robot-7.5-teardown.xml": ("Robot Framework", {"Ran": FAILED}),
    "node-20.tap": (
        "TAP",
        {
            "passes": PASSED,
            "fails": FAILED,
            "skips": SKIPPED,
            "todo": SKIPPED,
            "sub": FAILED,
            "inner ok": PASSED,
            "inner bad # hash": FAILED,
        },
    ),
    "perl-test-more.tap": (
        "TAP",
        {
            "first": PASSED,
            "second": FAILED,
            "test 3": SKIPPED,
            "third": SKIPPED,
            "inner": PASSED,
            "a": PASSED,
            "b": PASSED,
        },
    ),
    "twister.json": (
        "twister JSON",
        {
            "kernel.common.ran": PASSED,
            "kernel.common.fails": FAILED,
            "kernel.common.blocked": FAILED,
            "kernel.common.started": NOT_RUN,
            "kernel.common.skips": SKIPPED,
            "kernel.built.new": NOT_RUN,
            "kernel.built.old": NOT_RUN,
        },
    ),
    "googletest.json": (
        "googletest JSON",
        {"Passes": PASSED, "Fails": FAILED, "Skips": SKIPPED, "DISABLED_later": NOT_RUN},
    ),
    "sphinx-test-reports.json": (
        "sphinx-test-reports JSON",
        {"passes": PASSED, "fails": FAILED, "errors": ERROR, "skips": SKIPPED},
    ),
}
EXPECTED["ctest-4.4.xml"] = EXPECTED["ctest-3.25.xml"]
EXPECTED["surefire-3.5.4-rerun.xml"] = EXPECTED["surefire-3.5.4.xml"]
EXPECTED["googletest-1.12.json"] = "googletest JSON", EXPECTED["googletest-1.12.xml"][1] | {"Runs": PASSED}


def alone(sample: Path, folder: Path) -> Path:
    """A copy of a sample under a name that says nothing, without its siblings."""
    path = folder / "results.txt"
    path.write_bytes(sample.read_bytes())
    return path


def read(text: str | bytes, folder: Path) -> Report:
    path = folder / "results.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_report(path, folder)


def passes(report: Report) -> int:
    return sum(case.outcome is PASSED for case in report.cases)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_each_dialect_is_known_by_its_content_and_read_as_its_tool_means_it(sample, tmp_path):
    report = read_report(alone(sample, tmp_path), tmp_path)
    assert report.error == ""
    assert (report.dialect, {case.name: case.outcome for case in report.cases}) == EXPECTED[sample.name]


# One sample for each way in which a dialect says that something did not pass: at every byte takes time.
FUZZED = [
    path
    for path in SAMPLES
    if path.name
    not in (
        "ctest-3.25.xml",
        "googletest-1.12.xml",
        "lit-23.xml",
        "robot-7.5-dry-run.xml",
        "robot-7.5.xml",
        "surefire-3.5.4.xml",
    )
]


@pytest.mark.parametrize("sample", FUZZED, ids=lambda path: path.name)
def test_no_prefix_shows_more_passes_than_the_whole(sample, tmp_path):
    whole = sample.read_bytes()
    most = passes(read_report(alone(sample, tmp_path), tmp_path))
    text = whole.rstrip()
    path = alone(sample, tmp_path)
    for end in reversed(range(len(text))):
        os.truncate(path, end)  # writing the file anew each time takes longer than reading it
        report = read_report(path, tmp_path)
        assert passes(report) <= most
        # After the plan at its end nothing of a TAP stream is missing but comments.
        complete = sample.suffix == ".tap" and re.search(rb"^1\.\.5\n", text[:end], re.MULTILINE)
        assert report.error or complete, f"the first {end} bytes were accepted"
        assert complete or passes(report) == 0


@pytest.mark.parametrize(
    ("sample", "old", "new"),
    [
        ("ctest-4.4.xml", 'tests="9"', 'tests="8"'),
        ("ctest-4.4.xml", 'failures="3"', 'failures="2"'),
        ("ctest-4.4.xml", 'disabled="1"', 'disabled="0"'),
        ("ctest-4.4.xml", 'skipped="3"', 'skipped="1"'),
        ("ctest-4.4.xml", 'status="fail"', 'status="run"'),
        ("ctest-4.4.xml", 'status="disabled"', 'status="later"'),
        ("lit-23.xml", 'tests="8"', 'tests="9"'),
        ("lit-23.xml", 'failures="4"', 'failures="3"'),
        ("lit-23.xml", 'skipped="1"', 'skipped="0"'),
        ("surefire-3.5.4.xml", 'errors="2"', 'errors="1"'),
        ("surefire-3.5.4.xml", 'failures="3"', 'failures="2"'),
        ("surefire-3.5.4.xml", 'tests="10"', 'tests="4"'),
        ("surefire-3.5.4-rerun.xml", 'tests="4"', 'tests="9"'),
        ("surefire-3.5.4-rerun.xml", 'tests="4"', 'tests="3"'),
        ("surefire-3.5.4-rerun.xml", 'failures="2"', 'failures="1"'),
        ("surefire-3.5.4-rerun.xml", 'errors="1"', 'errors="0"'),
        ("surefire-3.5.4-rerun.xml", 'skipped="0"', 'skipped="1"'),
        ("pytest-rerunfailures-16.7.xml", 'tests="6"', 'tests="4"'),
        ("pytest-rerunfailures-16.7.xml", 'tests="6"', 'tests="11"'),
        ("robot-7.5-merged.xml", 'pass="2" fail="1"', 'pass="1" fail="2"'),
        ("robot-7.5-merged.xml", 'class="fail"&gt;FAIL&lt;/span&gt;&lt;br&gt;&lt;span', 'class="odd"&gt;&lt;span'),
        ("googletest-1.12.json", '"failures": 3', '"failures": 2'),
        ("googletest-1.12.xml", 'failures="3"', 'failures="2"'),
        ("twister.json", '"retries": 0', '"retries": -1'),
        ("googletest.xml", 'failures="1" disabled="1" errors', 'failures="2" disabled="1" errors'),
        ("googletest.xml", 'disabled="1" skipped', 'disabled="0" skipped'),
        ("googletest.xml", 'skipped="1"', 'skipped="0"'),
        ("googletest.xml", 'result="suppressed"', 'result="invented"'),
        ("googletest.xml", 'status="notrun"', 'status="perhaps"'),
        ("jenkins.xml", 'tests="3"', 'tests="2"'),
        ("nextest-attempts.xml", 'tests="3"', 'tests="4"'),
        ("twister.xml", 'tests="4"', 'tests="3"'),
        ("robot-7.5.xml", 'pass="1" fail="2"', 'pass="2" fail="1"'),
        ("robot-7.5.xml", '"SKIP" start', '"MAYBE" start'),
        ("robot-7.5-teardown.xml", 'pass="0" fail="1"', 'pass="1" fail="0"'),
        ("node-20.tap", "\n1..5", "\n1..6"),
        ("node-20.tap", "\n1..5", ""),
        ("node-20.tap", "    1..2", "    1..3"),
        ("node-20.tap", "not ok 2", "not ok 1"),
        ("perl-test-more.tap", "not ok 2 - second\n", ""),
        ("perl-test-more.tap", "ok 5 - inner\n", "Bail out! no power\n"),
        ("googletest.json", '"failures": 1', '"failures": 0'),
        ("googletest.json", '"SUPPRESSED"', '"INVENTED"'),
        ("googletest.json", '"line": 13', '"name": "Again"'),
        ("sphinx-test-reports.json", '"passed": 1', '"passed": 2'),
        ("sphinx-test-reports.json", '"result": "failure"', '"result": "fine"'),
        ("twister.json", '"status": "blocked"', '"status": "good"'),
    ],
)
def test_counts_and_words_that_disagree_with_the_cases_void_the_report(sample, old, new, tmp_path):
    text = (DATA / sample).read_text("utf-8")
    assert old in text
    report = read(text.replace(old, new, 1), tmp_path)
    assert report.error
    assert {case.outcome for case in report.cases} <= {NOT_RUN}


def test_twister_xml_believes_the_json_beside_it_and_nothing_else(tmp_path):
    xml = alone(DATA / "twister.xml", tmp_path)
    (tmp_path / "twister.json").write_bytes((DATA / "twister.json").read_bytes())
    outcomes = {case.name: case.outcome for case in read_report(xml, tmp_path).cases}
    assert outcomes == EXPECTED["twister.xml"][1] | {"kernel.common.ran": PASSED}
    (tmp_path / "twister.json").write_bytes((DATA / "twister.json").read_bytes()[:-20])
    assert passes(read_report(xml, tmp_path)) == 0


@pytest.mark.parametrize(
    ("old", "new", "outcome"),
    [
        ("", "", PASSED),
        ('"status": "passed"}]', '"status": "failed"}]', NOT_RUN),
        ('"status": "passed"}]', '"status": "skipped"}]', NOT_RUN),
        ('"runnable": true', '"runnable": false', NOT_RUN),
        ('"retries": 0', '"retries": 1', NOT_RUN),
        ('"platform": "qemu"', '"platform": "native"', NOT_RUN),
        ("tests.temperature", "tests.pressure", NOT_RUN),
    ],
)
def test_a_suite_in_twister_xml_passed_if_all_its_cases_did(old, new, outcome, tmp_path):
    (tmp_path / "twister.json").write_text(
        '{"environment": {"zephyr_version": "v4.4.0"}, "testsuites": [{"name": "a\\\\b/tests.temperature", "platform": "qemu", '
        '"runnable": true, "retries": 0, "status": "passed", "testcases": ['
        '{"identifier": "one", "status": "passed"}, {"identifier": "two", "status": "passed"}]}]}'.replace(old, new),
        encoding="utf-8",
    )
    suite = "a\\b/tests.temperature"
    report = read(
        '<testsuites><testsuite name="qemu" time="2.0" tests="1" failures="0" errors="0" skipped="0"><properties>'
        '<property name="version" value="v4.4.0" /></properties>'
        f'<testcase classname="qemu:{suite}" name="{suite}" time="2.0" /></testsuite></testsuites>',
        tmp_path,
    )
    assert (report.error, report.dialect, [case.outcome for case in report.cases]) == ("", "twister XML", [outcome])


def test_a_plan_at_the_beginning_has_to_be_kept(tmp_path):
    assert passes(read("1..2\nok 1 - a\nok 2 - b\n", tmp_path)) == 2
    for text in ("1..2\nok 1\n", "1..2\nok 1\nok 2", "1..1\nok 1\nok 2\n", "1..2\nok 1\nok 1\n", "1..1\n1..1\nok 1\n"):
        assert read(text, tmp_path).error, text
        assert passes(read(text, tmp_path)) == 0
    skipped = read("1..0 # SKIP no board\n", tmp_path)
    assert (skipped.error, skipped.cases) == ("", ())


def test_attempts_are_kept_and_the_worst_decides(tmp_path):
    cases = cases_of("nextest-attempts.xml", tmp_path)
    assert cases["flaky"].attempts == (FAILED, PASSED)
    assert cases["steady"].attempts == ()
    assert {name for name, case in cases.items() if case.flaky} == {"flaky"}


def cases_of(sample: str, folder: Path) -> dict[str, Case]:
    report = read_report(alone(DATA / sample, folder), folder)
    assert report.error == ""
    return {case.name: case for case in report.cases}


def test_surefire_counts_the_last_run_and_its_report_has_them_all(tmp_path):
    cases = cases_of("surefire-3.5.4-rerun.xml", tmp_path)
    assert {name: case.attempts for name, case in cases.items() if case.attempts} == {
        "fails": (FAILED, FAILED, FAILED),
        "errors": (ERROR, ERROR, ERROR),
        "small(int)[2]": (FAILED, FAILED, FAILED),
        "flaky": (FAILED, PASSED),
        "flakyError": (ERROR, ERROR, PASSED),
    }
    assert {name for name, case in cases.items() if case.flaky} == {"flaky", "flakyError"}


def test_what_pytest_ran_again_failed_before_though_it_writes_no_result(tmp_path):
    cases = cases_of("pytest-rerunfailures-16.7.xml", tmp_path)
    assert {name: case.attempts for name, case in cases.items()} == {
        "test_broken": (FAILED, FAILED, FAILED),
        "test_flaky": (FAILED, PASSED),
        "test_setup": (FAILED, PASSED),
        "test_steady": (),
        "test_teardown": (FAILED, PASSED),
    }
    assert "run again" in cases["test_flaky"].message
    assert cases["test_steady"].verifies == ("XenArch~a~1",)


@pytest.mark.parametrize("padding", [0, 50, *range(7_950, 8_150, 10), 200_000])
def test_a_merged_run_of_robot_keeps_the_failure_that_it_hides_however_long_the_message(padding, tmp_path):
    text = (DATA / "robot-7.5-merged.xml").read_text("utf-8")
    report = read(
        text.replace("PASS&lt;/span&gt;&lt;br&gt;", "PASS" + "x" * padding + "&lt;/span&gt;&lt;br&gt;"), tmp_path
    )
    cases = {case.name: case for case in report.cases}
    assert (report.error, cases["Flaky"].outcome, cases["Flaky"].attempts) == ("", FAILED, (FAILED, PASSED))
    assert (cases["Broken"].attempts, cases["Steady"].attempts) == ((FAILED, FAILED), ())
    assert "<" not in cases["Flaky"].message


def test_several_merges_are_read_oldest_first(tmp_path):
    text = (DATA / "robot-7.5-merged.xml").read_text("utf-8")
    old = 'Old status:&lt;/span&gt; &lt;span class="{}"&gt;'
    text = text.replace(
        old.format("fail"), old.format("pass") + "&lt;hr&gt;" + old.format("skip") + old.format("fail"), 1
    )
    flaky = {case.name: case for case in read(text, tmp_path).cases}["Flaky"]
    assert (flaky.outcome, flaky.attempts) == (FAILED, (FAILED, SKIPPED, PASSED, PASSED))


def test_each_test_of_a_suite_that_twister_tried_again_may_have_failed(tmp_path):
    text = (DATA / "twister.json").read_text("utf-8").replace('"retries": 0', '"retries": 2', 1)
    cases = {case.name: case for case in read(text, tmp_path).cases}
    ran = cases["kernel.common.ran"]
    assert (ran.outcome, ran.attempts) == (FAILED, (FAILED, FAILED, PASSED))
    assert "run again" in ran.message


@pytest.mark.parametrize(
    ("sample", "reasons"),
    [
        ("surefire-3.5.4.xml", {"skips": "no board", "skipsSilently": ""}),
        ("googletest-1.12.xml", {"Skips": "no board", "SkipsSilently": "", "Runs": ""}),
        ("googletest-1.12.json", {"Skips": "", "SkipsSilently": ""}),
        ("robot-7.5-merged.xml", {"Skips": "no board", "Skips Silently": ""}),
        ("ctest-4.4.xml", {"skip": ""}),
        ("node-20.tap", {"skips": "no board"}),
        ("lit-23.xml", {"unsup.test": "Missing required feature(s): board"}),
        ("jenkins.xml", {"skips": ""}),
        ("googletest.xml", {"Skips": "no board"}),
        ("googletest.json", {"Skips": "no board"}),
        ("sphinx-test-reports.json", {"skips": "no board"}),
        ("twister.json", {"kernel.common.skips": "no board"}),
    ],
)
def test_the_message_of_a_skipped_test_is_the_reason_that_was_given(sample, reasons, tmp_path):
    cases = cases_of(sample, tmp_path)
    assert {name: cases[name].message for name in reasons} == reasons


def test_pytest_s_own_words_for_a_skip_are_no_reason(tmp_path):
    said = [
        "unconditional skip",
        "Skipped",
        "",
        "[NOTRUN] ",
        "[NOTRUN] no board",
        "Skipped is the interrupt",
        "condition: 1",
    ]
    cases = "".join(
        f'<testcase classname="c" name="{i}"><skipped type="pytest.skip" message="{text}"/></testcase>'
        for i, text in enumerate(said)
    )
    counts = f'tests="{len(said)}" failures="0" errors="0" skipped="{len(said)}"'
    report = read(f'<testsuites><testsuite name="pytest" {counts}>{cases}</testsuite></testsuites>', tmp_path)
    assert report.error == ""
    assert [case.message for case in report.cases] == [
        "",
        "",
        "",
        "",
        "no board",
        "Skipped is the interrupt",
        "condition: 1",
    ]


def test_what_a_report_says_beside_the_outcomes(tmp_path):
    report = read_report(alone(DATA / "googletest.xml", tmp_path), tmp_path)
    cases = {case.name: case for case in report.cases}
    assert report.time == "2026-11-22T10:00:00.000"
    assert cases["Passes"].place == "map_test.cc:13"
    assert cases["Passes"].properties == (("key_1", "7"),)
    assert cases["AlsoPasses"].verifies == ("XenArch~a~1",)
    assert cases["Twice"].properties == (("value_param", "1"),)
    ctest = {case.name: case for case in read_report(alone(DATA / "ctest-4.4.xml", tmp_path), tmp_path).cases}
    assert ctest["pass"].output == "hello]]>"
    assert ctest["skip"].properties == (("cmake_labels", "a;b"),)
    twister = read_report(alone(DATA / "twister.xml", tmp_path), tmp_path)
    assert {case.target for case in twister.cases} == {"qemu_x86"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "an empty file"),
        ("hello\nworld\n", "text that begins with 'hello'"),
        ("<html/>", "<html >, an unknown dialect"),
        ('<testsuite tests="3"><testcase name="a"/></testsuite>', "<testsuite tests> <testcase name>, an unknown"),
        ("<!-- a -->" * 50_000 + '<!DOCTYPE x [<!ENTITY a "b">]><testsuites/>', "a document type or entity"),
        ("<testsuites>\0</testsuites>", "a NUL character"),
        ("<testsuites/>".encode("utf-16"), "the byte 0xff"),
        ("<a>" * 100_000, "<a >, an unknown dialect"),
        ("<testsuites>" * 100_000, "<testsuites > <testsuites >"),
    ],
    ids=["empty", "text", "html", "unknown", "doctype", "nul", "utf-16", "deep", "deep suites"],
)
def test_what_no_dialect_claims_is_an_error_that_names_those_that_are_known(tmp_path, text, found):
    report = read(text, tmp_path)
    assert report.error.startswith("results.txt:")
    assert f"found {found}" in report.error
    assert all(dialect.name in report.error for dialect in DIALECTS)
    assert (report.dialect, report.cases) == ("", ())
    assert "\n" not in report.error


def test_files_that_are_none(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("pipe", "loop", "missing", "."):
        assert "expected a test report" in read_report(tmp_path / name, tmp_path).error


def test_a_million_standard_entities_are_honest(tmp_path):
    text = (DATA / "lit-23.xml").read_text("utf-8").replace("<![CDATA[Exit", "&lt;" * 1_000_000 + "<![CDATA[Exit", 1)
    report = read(text, tmp_path)
    assert report.error == ""
    assert passes(report) == 3


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_a_changed_byte_never_raises_and_never_gives_a_case_that_was_not_there(tmp_path_factory, data):
    sample = data.draw(st.sampled_from(SAMPLES))
    text = bytearray(sample.read_bytes())
    at = data.draw(st.integers(0, len(text) - 1))
    text[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=3))
    report = read(bytes(text), tmp_path_factory.mktemp("noise"))
    assert len(report.cases) <= len(EXPECTED[sample.name][1])
    if report.error:
        assert {case.outcome for case in report.cases} <= {NOT_RUN}


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "dialect", "outcomes"),
    [
        ("sphinx-test-reports/ctest.xml", "ctest", {PASSED: 3, FAILED: 1, SKIPPED: 1}),
        ("sphinx-test-reports/many_testsuites.xml", "googletest", {PASSED: 63}),
        ("sphinx-test-reports/nose_data.xml", "nose", {PASSED: 5}),
        ("sphinx-test-reports/pytest_sphinx_data.xml", "pytest", {PASSED: 1146, FAILED: 4, SKIPPED: 2}),
        ("strictdoc/ctest-05_user_example.xml", "ctest", {PASSED: 5}),
        ("strictdoc/gtest-05_user_example.xml", "googletest", {PASSED: 5}),
        ("strictdoc/lit-03_skipped_test.xml", "lit", {SKIPPED: 1}),
        ("strictdoc/nextest-02_failed_test.xml", "cargo-nextest", {FAILED: 1}),
        ("strictdoc/nextest-04_module_layouts.xml", "cargo-nextest", {PASSED: 6}),
        ("xen-run-tools-tests/xen-ok.xml", "Xen run-tools-tests", {PASSED: 1}),
        ("xen-run-tools-tests/xen-ok-plain.xml", "Xen run-tools-tests", {PASSED: 1, FAILED: 1}),
    ],
)
def test_reports_of_other_projects(name, dialect, outcomes):
    report = read_report(shared_file(name), SHARED)
    assert (report.error, report.dialect) == ("", dialect)
    assert Counter(case.outcome for case in report.cases) == outcomes


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("xen-run-tools-tests/xen-ok-plain-ansi.xml", "the byte 0xff"),
        ("xen-run-tools-tests/xen-ok-plain-cdata.xml", "malformed XML"),
        ("sphinx-test-reports/casperjs.xml", 'tests="3" over 2 <testcase>'),
        ("sphinx-test-reports/json_complex_data.json", "a tr_json_mapping is not known here"),
        ("sphinx-test-reports/testsuites.xml", 'tests="6" over 10 <testcase>'),
        ("sphinx-test-reports/xml_data.xml", "an unknown dialect"),
        ("strictdoc/ctest-01_passed_test.xml", 'tests="8" over 1 <testcase>'),
        ("strictdoc/ctest-02_failed_test.xml", 'status="run" with a failure'),
        ("strictdoc/lit-01_minimal_document.xml", 'tests="358" over 1 <testcase>'),
    ],
)
def test_reports_that_others_accept_and_that_cannot_be_right(name, found):
    report = read_report(shared_file(name), SHARED)
    assert found in report.error
    assert {case.outcome for case in report.cases} <= {NOT_RUN}


def shared_file(name: str) -> Path:
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"needs ../shared/data/junit/{name}, which is not here")
    return path


def test_the_docs_list_each_dialect_and_whether_it_was_tried():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "test_reports.rst").read_text("utf-8")
    table = page.partition(".. list-table:: Dialects")[2].partition(".. the table ends here")[0]
    rows = [[" ".join(cell.split()) for cell in row.split("\n     - ")] for row in table.split("\n   * - ")[2:]]
    assert [(row[0], row[1], row[3]) for row in rows] == [
        (f"``{dialect.name}``", dialect.recognised, dialect.tried) for dialect in DIALECTS
    ]
    assert {dialect.name for dialect in DIALECTS} >= {dialect for dialect, _ in EXPECTED.values()}


@pytest.mark.parametrize(
    "text",
    [
        "<robot><kw><suite><test/></suite></kw></robot>",
        "<robot><suite><test><test/></test></suite></robot>",
        "<robot/>",
        '{"testsuites": [1], "tests": 0, "failures": 0, "disabled": 0, "errors": 0}',
        '{"testsuites": [{"testsuite": {}}], "tests": 0, "failures": 0, "disabled": 0, "errors": 0}',
        "[" * 100_000,
        "1..1\n        ok 1\nok 1\n",
        "1..1\n    ok 1\nok 1\n",
    ],
)
def test_data_in_a_shape_that_no_tool_writes_is_an_error(tmp_path, text):
    report = read(text, tmp_path)
    assert report.error
    assert passes(report) == 0
