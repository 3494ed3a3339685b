"""The marker ``verifies``: what it writes into the JUnit report, read back by our reader."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sphinx_xenfusa.evidence.junit import read_report
from sphinx_xenfusa.evidence.source_ties import SourceTag, TestSource
from sphinx_xenfusa.evidence.test_links import Ledger, link_cases
from sphinx_xenfusa.trace import record
from sphinx_xenfusa.trace.states import Outcome

PLUGIN = "sphinx_xenfusa.pytest_plugin"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """Run pytest with the plugin in a process of its own, under both XML families."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(*arguments: str, xdist: bool = False) -> pytest.RunResult:
        extra = ["-p", "xdist", "-n2"] if xdist else []
        return pytester.runpytest_subprocess(
            "-p", PLUGIN, "-p", "no:cacheprovider", "--strict-markers", "--junitxml=report.xml", *extra, *arguments
        )

    return run


def cases(pytester: pytest.Pytester) -> dict[str, record.TestCase]:
    report = read_report(pytester.path / "report.xml", pytester.path)
    assert report.error == ""
    assert report.file == "report.xml"
    return {case.name: case for case in report.cases}


OUTCOMES = """
    import pytest

    @pytest.fixture
    def broken():
        raise ValueError("no")

    @pytest.fixture
    def broken_teardown():
        yield
        raise ValueError("no")

    @pytest.mark.verifies("XenArch~passes~1")
    def test_pass(): pass

    @pytest.mark.verifies("XenArch~fails~1", "XenArch~other~2", partial=True)
    def test_fail(): assert False

    @pytest.mark.verifies("XenArch~skips~1")
    @pytest.mark.skip(reason="no board")
    def test_skip(): pass

    @pytest.mark.verifies("XenArch~setup~1")
    def test_setup(broken): pass

    @pytest.mark.verifies("XenArch~teardown~1")
    def test_teardown(broken_teardown): pass

    @pytest.mark.verifies("XenArch~both~1")
    def test_both(broken_teardown): assert False

    @pytest.mark.verifies("XenArch~xfail~1")
    @pytest.mark.xfail
    def test_xfail(): assert False

    def test_unlinked(): pass
"""
EXPECTED = {
    "test_pass": (Outcome.PASSED, "XenArch~passes~1"),
    "test_skip": (Outcome.SKIPPED, "XenArch~skips~1"),
    "test_setup": (Outcome.ERROR, "XenArch~setup~1"),
    "test_teardown": (Outcome.ERROR, "XenArch~teardown~1"),
    "test_both": (Outcome.FAILED, "XenArch~both~1"),
    "test_xfail": (Outcome.SKIPPED, "XenArch~xfail~1"),
}


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
@pytest.mark.parametrize("xdist", [False, True], ids=["one process", "xdist"])
def test_every_outcome_carries_its_links(pytester, run, family, xdist):
    pytester.makepyfile(OUTCOMES)
    run("-o", f"junit_family={family}", xdist=xdist)
    found = cases(pytester)
    for name, (outcome, tag) in EXPECTED.items():
        assert (found[name].outcome, found[name].verifies, found[name].partially_verifies) == (outcome, (tag,), ()), (
            name
        )
    assert found["test_fail"].verifies == ()
    assert found["test_fail"].partially_verifies == ("XenArch~fails~1", "XenArch~other~2")
    assert found["test_unlinked"].outcome is Outcome.PASSED
    assert found["test_unlinked"].verifies == ()


def test_marks_of_module_class_and_parameters_add_up(pytester, run):
    pytester.makepyfile("""
        import pytest

        pytestmark = pytest.mark.verifies("XenArch~module~1", partial=True)

        @pytest.mark.verifies("XenArch~class~1")
        class TestThing:
            @pytest.mark.verifies("XenArch~class~1", "XenArch~method~1")
            @pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.verifies("XenArch~two~1"))])
            def test_method(self, n): pass
    """)
    run()
    found = cases(pytester)
    assert found["test_method[1]"].verifies == ("XenArch~class~1", "XenArch~method~1")
    assert found["test_method[2]"].verifies == ("XenArch~class~1", "XenArch~method~1", "XenArch~two~1")
    assert {case.partially_verifies for case in found.values()} == {("XenArch~module~1",)}


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
@pytest.mark.parametrize("xdist", [False, True], ids=["one process", "xdist"])
def test_the_method_and_the_place_travel_with_every_outcome(pytester, run, family, xdist):
    pytester.makepyfile(
        test_how="""
        import pytest

        pytestmark = pytest.mark.verifies("XenArch~module~1", level="unit")

        @pytest.mark.verifies("XenArch~x~1", type="fault-injection", technique="boundary-values", independence="I2")
        @pytest.mark.parametrize("n", [1, 2])
        def test_pass(n): pass

        @pytest.mark.verifies("XenArch~x~1", technique="Analysis of boundary values")
        @pytest.mark.skip
        def test_skip(): pass
    """
    )
    run("-o", f"junit_family={family}", xdist=xdist)
    report = read_report(pytester.path / "report.xml", pytester.path)
    linked = link_cases([report], Ledger())
    assert linked.findings == ()
    found = {case.name: case for case in linked.reports[0].cases}
    whole = record.TestMethod("unit", "fault-injection", "boundary-values", "I2")
    assert found["test_pass[1]"].method == found["test_pass[2]"].method == whole
    assert found["test_skip"].method == record.TestMethod("unit", technique="boundary-values")
    assert [found[name].place for name in ("test_pass[1]", "test_skip")] == ["test_how.py:5", "test_how.py:9"]
    assert {case.properties for case in found.values()} == {()}


BAD_MARKERS = """
    import pytest

    @pytest.mark.verifies("XenArch~x")
    def test_malformed(): pass

    @pytest.mark.verifies("XenArch~x~0")
    def test_revision(): pass

    @pytest.mark.verifies
    def test_without_a_tag(): pass

    @pytest.mark.verifies(7)
    def test_number(): pass

    @pytest.mark.verifies("XenArch~x~1", partialy=True)
    def test_keyword(): pass

    @pytest.mark.verifies("XenArch~x~1", partial=1)
    @pytest.mark.parametrize("n", [1, 2])
    def test_not_bool(n): pass

    @pytest.mark.verifies("XenArch~x~1", technique="bondary-values", level=3)
    def test_words(): pass

    @pytest.mark.verifies("XenArch~x~1", level="unit", independence="I4")
    class TestLevels:
        @pytest.mark.verifies("XenArch~y~1", level="system")
        def test_two(self): pass
"""
COMPLAINTS = [
    "test_bad.py:3: found the tag 'XenArch~x'; expected type~name~revision",
    "test_bad.py:6: found revision 0 in 'XenArch~x~0'; expected a revision from 1",
    "test_bad.py:9: found verifies without a tag; expected at least one",
    "test_bad.py:12: found 7 in verifies; expected a tag as a string",
    "test_bad.py:15: found the keyword 'partialy' in verifies (did you mean partial?); expected partial, "
    "level, type, technique or independence",
    "test_bad.py:18: found partial=1 in verifies; expected True or False",
    "test_bad.py:22: found technique='bondary-values' in verifies; expected one of requirements-analysis, ",
    "explorative-testing (did you mean boundary-values?)",
    "test_bad.py:22: found level=3 in verifies; expected one of unit, integration, embedded-software, ",
    "test_bad.py:27: found independence='I4' in verifies; expected one of I0, I1, I2, I3",
]


def test_two_words_for_one_test_are_an_error_that_names_both_places(pytester, run):
    pytester.makepyfile(
        test_two="""
        import pytest

        @pytest.mark.verifies("XenArch~x~1", level="unit", type="interface-test")
        class TestLevels:
            @pytest.mark.verifies("XenArch~y~1", level="system", type="Interface test")
            def test_two(self): pass
    """
    )
    result = run()
    complaint = (
        "test_two.py:5: found level='system' at test_two.py:5 and level='unit' at test_two.py::TestLevels; "
        "expected one level for one test"
    )
    text = "\n".join(result.outlines + result.errlines)
    assert text.count(complaint) == 1
    assert "interface-test" not in text
    assert result.ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize("xdist", [False, True], ids=["one process", "xdist"])
@pytest.mark.parametrize("selection", [[], ["-k", "nothing"]], ids=["all", "deselected"])
def test_malformed_markers_are_usage_errors_all_listed(pytester, run, xdist, selection):
    pytester.makepyfile(test_bad=BAD_MARKERS)
    result = run(*selection, xdist=xdist)
    text = "\n".join(result.outlines + result.errlines)
    for complaint in COMPLAINTS:
        assert text.count(complaint) == 1
    assert "passed" not in text
    assert "INTERNALERROR" not in text
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_subtests_that_passed_do_not_upset_the_counts(pytester, run):
    pytest.importorskip("pytest", minversion="9.0", reason="pytest has subtests from version 9")
    pytester.makepyfile("""
        import pytest, unittest

        @pytest.mark.verifies("XenArch~x~1")
        def test_sub(subtests):
            for i in range(3):
                with subtests.test(i=i): pass

        def test_failing_sub(subtests):
            with subtests.test("good"): pass
            with subtests.test("bad"): assert False
            with subtests.test("skipped"): pytest.skip("no")

        class TestUnit(unittest.TestCase):
            def test_unit(self):
                with self.subTest("good"): pass
                with self.subTest("bad"): self.fail()
    """)
    run()
    outcomes = {name: case.outcome for name, case in cases(pytester).items()}
    expected = {"test_sub": Outcome.PASSED, "test_failing_sub": Outcome.FAILED, "test_unit": Outcome.FAILED}
    assert outcomes == expected


def test_a_test_that_kills_its_worker_keeps_its_links(pytester, run):
    pytester.makepyfile("""
        import os, pytest

        @pytest.mark.verifies("XenArch~x~1")
        def test_crash(): os._exit(3)

        @pytest.mark.verifies("XenArch~x~1")
        def test_pass(): pass
    """)
    run(xdist=True)
    report = read_report(pytester.path / "report.xml", pytester.path)
    assert report.error == ""
    assert [(case.name, case.outcome, case.verifies) for case in report.cases] == [
        ("test_crash", Outcome.ERROR, ("XenArch~x~1",)),
        ("test_pass", Outcome.PASSED, ("XenArch~x~1",)),
    ]


def test_the_plugin_loads_no_sphinx():
    program = (
        f"import sys, {PLUGIN}; bad = [m for m in sys.modules if m.split('.')[0] in ('sphinx', 'docutils', "
        "'sphinx_needs')]; sys.exit(str(bad) if bad else 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


def test_the_marker_is_registered_with_help(pytester, run):
    run("--markers").stdout.fnmatch_lines(["@pytest.mark.verifies(*tags, partial=False, level=*): the test verifies*"])


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_a_tag_in_the_source_ties_the_test_that_really_ran(pytester, run, family):
    path = pytester.makepyfile(
        test_tagged="""
        import pytest

        # [XenTest->XenArch~plain~1]
        def test_plain(): pass

        # [XenTest->XenArch~many~1]
        @pytest.mark.parametrize(
            "n",
            [1, 2],
        )
        def test_many(n):
            assert n == 1

        def helper():
            # [XenTest->XenArch~helper~1]
            return 1

        class TestThing:
            def test_method(self):
                # [XenTest->XenArch~inner~1]
                pytest.skip("no board")
    """
    )
    run("-o", f"junit_family={family}")
    lines = tuple(path.read_text("utf-8").splitlines())
    tags = tuple(
        SourceTag(number, "XenTest", (line.partition("->")[2].strip("]"),))
        for number, line in enumerate(lines, 1)
        if "->" in line
    )
    report = read_report(pytester.path / "report.xml", pytester.path)
    linked = link_cases([report], Ledger(sources=[TestSource("tests/test_tagged.py", lines, tags)]))
    assert {case.name: (case.outcome, case.verifies) for case in linked.reports[0].cases} == {
        "test_plain": (Outcome.PASSED, ("XenArch~plain~1",)),
        "test_many[1]": (Outcome.PASSED, ("XenArch~many~1",)),
        "test_many[2]": (Outcome.FAILED, ("XenArch~many~1",)),
        "test_method": (Outcome.SKIPPED, ("XenArch~inner~1",)),
    }
    assert [(finding.subtype, finding.about) for finding in linked.findings] == [("test_link", "XenArch~helper~1")]
