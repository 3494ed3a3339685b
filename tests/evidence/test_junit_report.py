"""Reports of pytest as they are, and as nobody wants them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sphinx_xenfusa.evidence.content import MESSAGE_LIMIT, Limits
from sphinx_xenfusa.evidence.junit import DEPTH_LIMIT, read_report
from sphinx_xenfusa.trace.states import Outcome

SHARED = Path(__file__).parents[3] / "shared" / "data" / "junit"
SUITE = '<testsuite name="pytest" tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}">'

TESTS = """
import pytest

@pytest.fixture
def broken():
    raise ValueError("no")

@pytest.fixture
def broken_teardown():
    yield
    raise ValueError("no")

def test_pass(record_property):
    record_property("xenfusa.verifies", "XenArch~a~1")
    record_property("xenfusa.verifies", "XenArch~b~2")
    record_property("xenfusa.partially-verifies", "XenArch~c~1")
    record_property("owner", "somebody")
def test_fail(): assert False, "\\x1b[31mboom\\x1b[0m"
@pytest.mark.skip(reason="no board")
def test_skip(): pass
@pytest.mark.xfail(reason="known")
def test_xfail(): assert False
@pytest.mark.xfail(strict=True, reason="fixed")
def test_xpass(): pass
def test_setup(broken): pass
def test_teardown(broken_teardown): pass
def test_both(broken_teardown): assert False
def test_skip_teardown(broken_teardown): pytest.skip("in the call")
@pytest.mark.parametrize("text", ["x", "\\u202e"])
def test_parameter(text): pass
"""
OUTCOMES = {
    "test_pass": Outcome.PASSED,
    "test_fail": Outcome.FAILED,
    "test_skip": Outcome.SKIPPED,
    "test_xfail": Outcome.SKIPPED,
    "test_xpass": Outcome.FAILED,
    "test_setup": Outcome.ERROR,
    "test_teardown": Outcome.ERROR,
    "test_both": Outcome.FAILED,
    "test_skip_teardown": Outcome.ERROR,
    "test_parameter[x]": Outcome.PASSED,
    "test_parameter[\\u202e]": Outcome.PASSED,
    "test_missing": Outcome.ERROR,
}


@pytest.fixture(scope="module", params=["xunit1", "xunit2"])
def real(request, tmp_path_factory):
    """A report that pytest wrote, in a process of its own."""
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "test_a.py").write_text(TESTS, encoding="utf-8")
    (folder / "test_missing.py").write_text("import nothing_of_that_name\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    command += ["-o", f"junit_family={request.param}", "--junitxml=out/report.xml", "."]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, timeout=120)
    return folder / "out" / "report.xml"


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "report.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def suite(*cases: str, tests: int | None = None, failures: int = 0, errors: int = 0, skipped: int = 0) -> str:
    head = SUITE.format(tests=len(cases) if tests is None else tests, failures=failures, errors=errors, skipped=skipped)
    return "\n".join(["<testsuites>", head, *cases, "</testsuite>", "</testsuites>"])


def case(name: str, inside: str = "") -> str:
    return f'<testcase classname="c" name="{name}">{inside}</testcase>'


def refused(folder: Path, text: str | bytes) -> tuple[str, dict[str, Outcome]]:
    """The error of a bad report; whatever could be read of it has to be not run."""
    report = read_report(write(folder, text), folder)
    assert report.error, "the report was accepted"
    assert "\n" not in report.error
    assert {case.outcome for case in report.cases} <= {Outcome.NOT_RUN}
    assert str(folder) not in report.error
    return report.error, {case.name: case.outcome for case in report.cases}


def test_a_real_report(real):
    report = read_report(real, real.parents[1])
    assert report.error == ""
    assert report.file == "out/report.xml"
    assert report.sha256 == hashlib.sha256(real.read_bytes()).hexdigest()
    assert {case.name: case.outcome for case in report.cases} == OUTCOMES
    assert list(report.cases) == sorted(report.cases)
    found = {case.name: case for case in report.cases}
    assert found["test_pass"].verifies == ("XenArch~a~1", "XenArch~b~2")
    assert found["test_pass"].partially_verifies == ("XenArch~c~1",)
    assert found["test_skip"].message == "no board"
    assert found["test_pass"].id == "test_a::test_pass"
    assert "\x1b" not in found["test_fail"].message
    assert str(real.parents[1]) not in repr(report)


@pytest.mark.parametrize("real", ["xunit1"], indirect=True)
def test_no_prefix_of_a_real_report_gives_more_passes(real, tmp_path):
    whole = real.read_bytes()
    passes = Counter(case.outcome for case in read_report(real, tmp_path).cases)[Outcome.PASSED]
    assert passes == 3
    path = write(tmp_path, whole)
    seen = set()
    for end in reversed(range(len(whole))):
        os.truncate(path, end)  # writing the file anew each time takes longer than reading it
        report = read_report(path, tmp_path)
        found = Counter(case.outcome for case in report.cases)
        assert report.error
        assert found[Outcome.PASSED] == 0
        seen.update(case.name for case in report.cases)
    assert seen == set(OUTCOMES)  # every case was read before the cut, and is shown as not run


@settings(deadline=None, max_examples=60)
@given(dropped=st.sets(st.integers(0, 5)), failing=st.sets(st.integers(0, 5), min_size=1))
def test_dropping_cases_of_a_failing_report_never_gives_more_passes(tmp_path_factory, dropped, failing):
    folder = tmp_path_factory.mktemp("dropped")
    cases = [case(f"t{i}", '<failure message="no"/>' if i in failing else "") for i in range(6)]
    kept = [text for i, text in enumerate(cases) if i not in dropped]
    report = read_report(write(folder, suite(*kept, tests=6, failures=len(failing))), folder)
    assert bool(report.error) == bool(dropped)
    if dropped:
        assert all(case.outcome is Outcome.NOT_RUN for case in report.cases)


@pytest.mark.parametrize("data", [b"", b" \n\n", b"\xef\xbb\xbf"], ids=["empty", "blank", "byte order mark"])
def test_an_empty_file(tmp_path, data):
    error, _ = refused(tmp_path, data)
    assert error.startswith("report.xml:")
    assert error.endswith(": found an empty file; expected a JUnit report as pytest writes it")


def test_a_missing_file(tmp_path):
    report = read_report(tmp_path / "no.xml", tmp_path)
    assert report.error == "no.xml: found no such file; expected a JUnit report as pytest writes it"
    assert (report.sha256, report.cases) == ("", ())


def test_a_directory(tmp_path):
    (tmp_path / "results").mkdir()
    assert read_report(tmp_path / "results", tmp_path).error.startswith("results: found a directory or special file")


def test_a_report_that_is_too_large(tmp_path):
    report = read_report(write(tmp_path, suite(case("a"))), tmp_path, limits=Limits(size=100))
    assert report.error.startswith("report.xml: found ")
    assert "expected a JUnit report as pytest writes it of at most 100 bytes" in report.error


def test_too_many_cases(tmp_path):
    assert Limits().cases >= 100_000
    report = read_report(write(tmp_path, suite(*(case(f"t{i}") for i in range(5)))), tmp_path, limits=Limits(cases=3))
    assert report.error.startswith("report.xml:6: found more than 3 cases")
    assert [case.outcome for case in report.cases] == [Outcome.NOT_RUN] * 3


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "no-such-encoding"])
def test_a_report_that_is_not_utf_8(tmp_path, encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n' + suite(case("a"), case("na\u00efve"), tests=2)
    error, cases = refused(tmp_path, text.encode("latin-1"))
    assert error == "report.xml:5: found the byte 0xef; expected a JUnit report as pytest writes it in UTF-8"
    assert cases == {"a": Outcome.NOT_RUN}


def test_utf_16(tmp_path):
    error, _ = refused(tmp_path, suite(case("a")).encode("utf-16"))
    assert error.startswith("report.xml:1: found the byte 0xff; expected")


def test_a_nul(tmp_path):
    error, _ = refused(tmp_path, suite(case("a"), case("b\0")))
    assert error.startswith("report.xml:4: found a NUL character")


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("a: b\nc: d\n", 1, "malformed XML (syntax error)"),
        ('{"tests": 3}', 1, "malformed XML (not well-formed (invalid token))"),
        ("<testsuites>\n</wrong>", 2, "malformed XML (mismatched tag)"),
        ("<testsuites>\n&nbsp;</testsuites>", 2, "malformed XML (undefined entity"),
        (suite(case("a")) + "\n<more/>", 6, "malformed XML (junk after document element)"),
        (suite(case("a"), case("b"))[:-30], 4, "XML that is cut off (unclosed token)"),
    ],
    ids=["yaml", "json", "tags", "entity", "trailing", "cut"],
)
def test_malformed_xml(tmp_path, text, line, found):
    error, _ = refused(tmp_path, text)
    assert error.startswith(f"report.xml:{line}: found {found}")
    assert "; expected a JUnit report as pytest writes it" in error


LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">\n' for i in range(1, 12))


@pytest.mark.parametrize(
    ("prologue", "line"),
    [
        (f'<!DOCTYPE testsuites [\n<!ENTITY l0 "ha">\n{LAUGHS}]>\n', 1),
        ('<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n', 1),
        ('<!DOCTYPE t SYSTEM "http://192.0.2.1/x.dtd">\n', 1),
        ('<!DOCTYPE t [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>\n', 1),
        ("<!-- a -->\n<?pi?>\n<!-- b\n-->\n<!DOCTYPE t>\n", 5),
    ],
    ids=["billion laughs", "external entity", "external DTD", "parameter entity", "DOCTYPE after comments"],
)
def test_hostile_declarations(tmp_path, prologue, line):
    error, cases = refused(tmp_path, prologue + suite(case("&l11;"), case("&x;")))
    assert error.startswith(f"report.xml:{line}: found a document type or entity declaration")
    assert cases == {}


def test_deep_nesting(tmp_path):
    deep = "<testsuites>\n" + f"{SUITE.format(tests=0, failures=0, errors=0, skipped=0)}\n" * 200_000
    error, _ = refused(tmp_path, deep)
    assert error.startswith(f"report.xml:{DEPTH_LIMIT + 1}: found elements nested too deeply")
    error, _ = refused(tmp_path, suite(case("a", "\n" + "<x>\n" * 200_000)))
    assert error.startswith("report.xml:4: found <x> in <testcase>")


def test_the_wrong_root_element(tmp_path):
    error, _ = refused(tmp_path, "<?xml version='1.0'?>\n<html><testcase/></html>")
    assert error == (
        "report.xml:2: found <html> as the root element; "
        "expected a JUnit report as pytest writes it, which has <testsuite> or <testsuites> there"
    )
    assert "found <{urn:x}testsuites>" in refused(tmp_path, '<testsuites xmlns="urn:x"/>')[0]
    assert "found a report without a <testsuite>" in refused(tmp_path, "<testsuites/>")[0]


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ({"tests": 4}, 'tests="4" over 3 <testcase>'),
        ({"tests": 2}, 'tests="2" over 3 <testcase>'),
        ({"failures": 0}, 'failures="0" over 1 <failure>'),
        ({"failures": 2}, 'failures="2" over 1 <failure>'),
        ({"errors": 1}, 'errors="1" over 0 <error>'),
        ({"skipped": 0}, 'skipped="0" over 1 <skipped>'),
    ],
)
def test_counts_that_disagree(tmp_path, counts, found):
    cases = [case("a"), case("b", "<failure/>"), case("c", "<skipped/>")]
    good = {"failures": 1, "skipped": 1}
    assert read_report(write(tmp_path, suite(*cases, **good)), tmp_path).error == ""
    error, names = refused(tmp_path, suite(*cases, **(good | counts)))
    assert error == f"report.xml:2: found {found}; expected counts that agree with the cases"
    assert set(names) == {"a", "b", "c"}


def test_counts_of_the_whole_are_compared_too(tmp_path):
    text = suite(case("a")).replace("<testsuites>", '<testsuites tests="2">')
    assert 'report.xml:1: found tests="2" over 1 <testcase>' in refused(tmp_path, text)[0]


def test_pytest_up_to_9_1_counts_failing_teardowns_in_its_own_way(tmp_path):
    teardown = '<error message="failed on teardown with &quot;x&quot;"/>'
    passed_first = suite(case("a", teardown), tests=2, errors=1)
    failed_first = suite(case("a", "<failure/>"), case("a", teardown), tests=1, failures=1, errors=1)
    for text, outcome in ((passed_first, Outcome.ERROR), (failed_first, Outcome.FAILED)):
        report = read_report(write(tmp_path, text), tmp_path)
        assert report.error == ""
        assert [case.outcome for case in report.cases] == [outcome]


def test_elements_of_one_id_are_one_case_with_the_worst_outcome_and_all_links(tmp_path):
    link = '<properties><property name="xenfusa.verifies" value="XenArch~{}~1"/></properties>'
    cases = [case("a", link.format("x")), case("a", link.format("y") + '<failure message="no"/>'), case("a")]
    report = read_report(write(tmp_path, suite(*cases, failures=1)), tmp_path)
    assert [(case.outcome, case.verifies) for case in report.cases] == [
        (Outcome.FAILED, ("XenArch~x~1", "XenArch~y~1"))
    ]


@pytest.mark.parametrize(
    ("inside", "found"),
    [
        ('<testcase name="a" classname="c" status="run"/>', 'the attribute status="run" on <testcase>'),
        ('<testcase name="a"/>', "a <testcase> without classname"),
        ('<testcase classname="a"/>', "a <testcase> without name"),
        (case("a", "<rerunFailure/>"), "<rerunFailure> in <testcase>"),
        (case("a", "<failure><x/></failure>"), "<x> in <failure>"),
    ],
)
def test_an_unknown_dialect_is_not_guessed(tmp_path, inside, found):
    failures = inside.count("<failure>")
    error, _ = refused(tmp_path, suite(case("good"), inside, failures=failures))
    assert error.startswith(f"report.xml:4: found {found}")
    assert "; expected a JUnit report as pytest writes it, " in error


def test_a_suite_without_counts_is_another_dialect(tmp_path):
    text = f'<testsuite name="x" tests="1">\n{case("a")}</testsuite>'
    assert refused(tmp_path, text)[0].startswith("report.xml:1: found no failures count")
    text = suite(case("a")).replace('failures="0"', 'failures="none"')
    assert refused(tmp_path, text)[0].startswith('report.xml:2: found failures="none" on <testsuite>')


@pytest.mark.parametrize(
    ("inside", "found"),
    [
        ('<property name="xenfusa.verify" value="XenArch~x~1"/>', 'the property xenfusa.verify="XenArch~x~1"'),
        ('<property name="xenfusa.verifies"/>', "the property xenfusa.verifies without a value"),
        ('<property name="xenfusa.further-passes" value="-1"/>', 'the property xenfusa.further-passes="-1"'),
    ],
)
def test_links_are_not_lost_silently(tmp_path, inside, found):
    error, _ = refused(tmp_path, suite(case("a", f"\n<properties>{inside}</properties>")))
    assert error.startswith(f"report.xml:4: found {found}")
    text = suite(f"<properties>{inside}</properties>", case("a"), tests=1)
    assert "in a <testsuite>" in refused(tmp_path, text)[0] or "without a value" in refused(tmp_path, text)[0]


def test_malformed_tags_are_kept_as_written_for_the_linker(tmp_path):
    inside = '<properties><property name="xenfusa.verifies" value=" nonsense "/></properties>'
    report = read_report(write(tmp_path, suite(case("a", inside))), tmp_path)
    assert (report.error, report.cases[0].verifies) == ("", ("nonsense",))


def test_messages_are_cut_and_defused(tmp_path):
    long = "x" * (MESSAGE_LIMIT + 1234)
    cases = [
        case("long", f'<failure message="{long}"/>'),
        case("text", f"<failure>\n{long * 20}</failure>"),
        case("control", '<failure message="a&#x9b;31m&#x202e;b&#10;c"/>'),
        case("path", f'<failure message="{tmp_path}/test_a.py:3 /usr/lib/python3/x.py /chosen/uart C:\\a\\b.py"/>'),
    ]
    report = read_report(write(tmp_path, suite(*cases, failures=4)), tmp_path)
    assert report.error == ""
    found = {case.name: case.message for case in report.cases}
    assert found["long"].startswith("x" * MESSAGE_LIMIT + "… [1,234 more characters")
    assert len(found["text"]) < MESSAGE_LIMIT + 100
    assert found["control"] == "a\\x9b31m\\u202eb\nc"
    assert found["path"] == "test_a.py:3 …/x.py /chosen/uart …/b.py"


def test_a_huge_message_full_of_paths_is_cut_before_it_is_searched(tmp_path):
    text = suite(case("a", f'<failure message="{"/tmp/a" * 500_000}"/>'), failures=1)  # minutes, if searched first
    message = read_report(write(tmp_path, text), tmp_path).cases[0].message
    assert message.startswith("…/t… [2,998,000 more characters")


def test_files_outside_the_root_show_their_name_only(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    assert read_report(write(outside, suite(case("a"))), root).file == "report.xml"
    assert read_report(outside / "no.xml", root).error.startswith("no.xml: found no such file")
    (root / "link.xml").symlink_to(outside / "report.xml")
    assert read_report(root / "link.xml", root).file == "link.xml"
    assert read_report(root / ".." / "outside" / "report.xml", root).file == "report.xml"


@settings(deadline=None, max_examples=200)
@given(data=st.binary(max_size=300) | st.text(alphabet="<>/&;!-[]\"'= \ntestcasui?", max_size=300).map(str.encode))
def test_nothing_raises(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("noise")
    assert read_report(write(folder, data), folder).error


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pytest_data", {Outcome.SKIPPED: 10}),
        ("pytest_data_5_1", {Outcome.SKIPPED: 10}),
        ("pytest_data_6_2", {Outcome.PASSED: 1, Outcome.FAILED: 2, Outcome.SKIPPED: 3}),
        ("pytest_sphinx_data", {Outcome.PASSED: 1146, Outcome.FAILED: 4, Outcome.SKIPPED: 2}),
        ("pytest_sphinx_data_short", {Outcome.PASSED: 4, Outcome.FAILED: 2, Outcome.SKIPPED: 1}),
    ],
)
def test_reports_of_other_projects(name, expected):
    report = read_report(shared_file(f"sphinx-test-reports/{name}.xml"), SHARED)
    assert report.error == ""
    assert Counter(case.outcome for case in report.cases) == expected


@pytest.mark.shared
def test_a_report_edited_by_hand_whose_counts_are_wrong():
    report = read_report(shared_file("sphinx-test-reports/pytest_nested_example.xml"), SHARED)
    assert 'pytest_nested_example.xml:3: found skipped="10" over 2 <skipped>' in report.error
    assert {case.outcome for case in report.cases} == {Outcome.NOT_RUN}


@pytest.mark.shared
@pytest.mark.parametrize(
    "name",
    [
        "sphinx-test-reports/casperjs.xml",
        "sphinx-test-reports/ctest.xml",
        "sphinx-test-reports/nose_data.xml",
        "sphinx-test-reports/testsuites.xml",
        "strictdoc/lit-01_minimal_document.xml",
        "strictdoc/nextest-04_module_layouts.xml",
        "strictdoc/gtest-05_user_example.xml",
        "xen-run-tools-tests/xen-ok.xml",
    ],
)
def test_other_dialects_are_refused(name):
    report = read_report(shared_file(name), SHARED)
    assert "an unknown dialect" in report.error
    assert {case.outcome for case in report.cases} == {Outcome.NOT_RUN}


def shared_file(name: str) -> Path:
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"needs ../shared/data/junit/{name}, which is not here")
    return path
