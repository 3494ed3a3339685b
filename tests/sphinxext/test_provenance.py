"""Provenance in a build: what ran on another commit or before the text was written never counts as passed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests_support import Built, requirement

from sphinx_xenfusa.trace.record import TestReport as Report
from sphinx_xenfusa.trace.states import Result

Build = Callable[..., Built]

OLD, WRITTEN, LATER = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"
CONF = 'project = "T"\nversion = "1"\nextensions = ["sphinx_xenfusa"]\nhtml_theme = "basic"\n'
RUNS = "P\n=\n\n.. xen:test-runs::\n\n"


def report(time: str = "", outcome: str = "", tags: tuple[str, ...] = ("XenArch~hwdom_single~1",)) -> str:
    """A report of pytest; a passed test unless an element says otherwise."""
    stamp = f' timestamp="{time}" hostname="h"' if time else ""
    failures = int("failure" in outcome)
    verified = "".join(f'<property name="xenfusa.verifies" value="{tag}"/>' for tag in tags)
    return (
        f'<testsuites><testsuite name="pytest" errors="0" failures="{failures}" skipped="0" tests="1"{stamp}>'
        f'<testcase classname="t" name="test_a"><properties>{verified}</properties>{outcome}</testcase>'
        "</testsuite></testsuites>"
    )


def side_file(content: str, *lines: str, file: str = "r.xml") -> str:
    """A side file as a CI job writes it by hand."""
    digest = hashlib.sha256(content.encode()).hexdigest()
    return "\n".join(["version: 1", *lines, "reports:", f"- file: {file}", f'  sha256: "{digest}"', ""])


class Tree:
    """A git tree around the documents of a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "-q", "-b", "main")
        (folder / ".gitignore").write_text("docs-*\n")

    def git(self, *words: str, when: str = WRITTEN) -> str:
        """Run git at some time of our choice."""
        who = {f"GIT_{role}_{what}": "t" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        command = ["git", "-c", "commit.gpgsign=false", *words]
        done = subprocess.run(
            command, cwd=self.folder, env=os.environ | who | dates, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, when: str = WRITTEN, **files: str) -> str:
        """Commit files of the folder docs (``__`` stands for a dot) and return the hash."""
        for name, text in {"conf__py": CONF, **files}.items():
            path = self.folder / "docs" / name.replace("__", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x", "--allow-empty", when=when)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def state(built: Built, name: str = "hwdom_single") -> Result:
    """The state of a requirement."""
    return next(one.result for one in built.record.items if one.item.tag.name == name)


def only(built: Built) -> Report:
    """The one report of a build."""
    (found,) = built.record.reports
    return found


REPORTS = {"xenfusa_test_reports": ["r.xml"]}
WITH_RUN = REPORTS | {"xenfusa_test_runs": ["run.yaml"]}
INDEX = RUNS + requirement()


# --- by time ----------------------------------------------------------------------------------------------------------


def test_a_report_that_is_younger_than_the_text_counts(build: Build, tree: Tree) -> None:
    tree.commit(index__rst=INDEX)
    built = build({"r.xml": report(LATER)}, **REPORTS)
    assert state(built) is Result.PASSED
    assert only(built).judged == "by time"
    assert built.warnings == []


def test_a_report_that_is_older_than_the_text_never_counts_as_passed(build: Build, tree: Tree) -> None:
    tree.commit(index__rst=INDEX)
    built = build({"r.xml": report(OLD)}, **REPORTS)
    assert state(built) is Result.STALE
    assert only(built).stale_for == (("XenArch~hwdom_single~1", f"the tests ran {OLD}, its text is of {WRITTEN}"),)
    assert built.types() == ["xenfusa.stale_report"]
    page = built.page("index.html")
    assert f"the tests ran {OLD}" in page
    assert "Tests that verify it: 1 passed, but stale" in page
    assert "✓ passed" not in page


def test_a_failure_that_is_stale_stays_a_failure(build: Build, tree: Tree) -> None:
    tree.commit(index__rst=INDEX)
    built = build({"r.xml": report(OLD, '<failure message="no"/>')}, **REPORTS)
    assert state(built) is Result.FAILED


def test_only_the_requirement_whose_lines_changed_is_stale(build: Build, tree: Tree) -> None:
    first, second = requirement(), requirement("other", text="Xen shall too.")
    tree.commit(OLD, index__rst=f"{INDEX}\nProse.\n\n{second}")
    tree.commit(LATER, index__rst=f"{RUNS}{first}\nOther prose.\n\n{second.replace('too', 'as well')}")
    both = report(WRITTEN, tags=("XenArch~hwdom_single~1", "XenArch~other~1"))
    built = build({"r.xml": both}, **REPORTS)
    assert (state(built), state(built, "other")) == (Result.PASSED, Result.STALE)


def test_a_time_without_a_zone_counts_only_from_where_it_is_younger_everywhere(build: Build, tree: Tree) -> None:
    tree.commit(index__rst=INDEX)
    assert state(build({"r.xml": report("2026-02-01T13:59:00")}, **REPORTS)) is Result.STALE
    assert state(build({"r.xml": report("2026-02-01T14:01:00")}, **REPORTS)) is Result.PASSED


def test_a_text_that_is_not_committed_is_younger_than_every_report_and_no_warning(build: Build, tree: Tree) -> None:
    tree.commit(index__rst=INDEX)
    built = build({"r.xml": report(LATER), "index.rst": INDEX.replace("Xen shall.", "Xen shall not.")}, **REPORTS)
    assert state(built) is Result.STALE
    assert built.warnings == []
    assert "its text has changes that are not committed" in built.page("index.html")


def test_a_shallow_clone_says_that_its_history_is_cut_off(build: Build, tree: Tree, tmp_path: Path) -> None:
    tree.commit(OLD, index__rst=INDEX)
    tree.commit(LATER, other__rst=":orphan:\n\nO\n=\n")
    source = (tmp_path / "docs").as_uri().removesuffix("/docs")
    tree.git("clone", "-q", "--depth", "1", source, str(tmp_path / "shallow"))
    (tmp_path / "docs").rename(tmp_path / "not here")
    (tmp_path / "shallow" / "docs").rename(tmp_path / "shallow" / "inner")
    built = build({"r.xml": report(WRITTEN)}, folder="shallow/inner", **REPORTS)
    assert state(built) is Result.STALE  # renamed, and so not committed under that name
    (tmp_path / "shallow" / "inner").rename(tmp_path / "shallow" / "docs")
    built = build({"r.xml": report(WRITTEN)}, folder="shallow/docs", **REPORTS)
    assert "the history is cut off there (shallow clone)" in only(built).stale_for[0][1]
    assert state(build({"r.xml": report("2026-03-02T00:00:00Z")}, folder="shallow/docs", **REPORTS)) is Result.PASSED


@pytest.mark.parametrize(
    ("time", "said"), [("soon", "found the time 'soon'"), ("2999-01-01T00:00:00Z", "lies in the future")]
)
def test_a_time_that_cannot_be_makes_the_report_stale(build: Build, tree: Tree, time: str, said: str) -> None:
    tree.commit(index__rst=INDEX)
    built = build({"r.xml": report(time)}, **REPORTS)
    assert state(built) is Result.STALE
    assert said in only(built).stale
    assert built.types() == ["xenfusa.stale_report"]


def test_the_configured_day_decides_what_lies_in_the_future(build: Build, tree: Tree) -> None:
    tree.commit(index__rst=INDEX)
    built = build({"r.xml": report(LATER)}, xenfusa_today="2026-02-20", **REPORTS)
    assert "lies in the future" in only(built).stale


# --- by commit --------------------------------------------------------------------------------------------------------


def test_a_report_of_the_documented_commit_counts_whatever_the_times_say(build: Build, tree: Tree) -> None:
    commit = tree.commit(index__rst=INDEX)
    content = report(OLD)
    files = {"r.xml": content, "run.yaml": side_file(content, f"commit: '{commit}'", "dirty: false")}
    built = build(files, **WITH_RUN)
    assert (state(built), only(built).judged) == (Result.PASSED, "by commit")
    assert built.record.documented.commit == commit
    assert built.warnings == []


def test_a_report_of_another_commit_never_counts_as_passed(build: Build, tree: Tree) -> None:
    tested = tree.commit(index__rst=INDEX)
    documented = tree.commit(LATER)
    content = report()
    built = build({"r.xml": content, "run.yaml": side_file(content, f"commit: '{tested}'")}, **WITH_RUN)
    assert state(built) is Result.STALE
    assert only(built).stale == f"it ran on commit {tested[:12]}, and {documented[:12]} is documented"
    assert built.types() == ["xenfusa.stale_report"]


def test_tests_of_a_changed_tree_are_not_tests_of_its_commit(build: Build, tree: Tree) -> None:
    commit = tree.commit(index__rst=INDEX)
    content = report()
    files = {"r.xml": content, "run.yaml": side_file(content, f"commit: '{commit}'", "dirty: true")}
    built = build(files, **WITH_RUN)
    assert state(built) is Result.STALE
    assert "with changes that are not committed" in only(built).stale


def test_of_the_documented_commit_a_text_that_was_changed_since_is_stale(build: Build, tree: Tree) -> None:
    both = INDEX + "\n" + requirement("other")
    commit = tree.commit(index__rst=both)
    content = report(tags=("XenArch~hwdom_single~1", "XenArch~other~1"))
    side = side_file(content, f"commit: '{commit}'", "dirty: false")
    changed = both.replace("Xen shall.", "Xen shall not.", 1)
    built = build({"r.xml": content, "run.yaml": side, "index.rst": changed}, **WITH_RUN)
    assert (state(built), state(built, "other")) == (Result.STALE, Result.PASSED)
    assert built.record.documented.dirty is True


def test_a_build_without_git_takes_the_commit_from_the_setting(build: Build) -> None:
    content = report()
    files = {"index.rst": INDEX, "r.xml": content, "run.yaml": side_file(content, "commit: abcdef1")}
    built = build(files, xenfusa_commit="abcdef1234567", **WITH_RUN)
    assert (state(built), only(built).judged) == (Result.PASSED, "by commit")
    built = build(files, xenfusa_commit="fedcba9876543", **WITH_RUN)
    assert state(built) is Result.STALE


def test_a_build_without_git_says_that_nothing_was_judged(build: Build) -> None:
    built = build({"index.rst": INDEX, "r.xml": report(OLD)}, **REPORTS)
    assert state(built) is Result.PASSED
    assert only(built).judged == "not judged: how old the texts are is not known (this is no git tree)"
    assert built.record.documented.why == "this is no git tree"
    page = built.page("index.html")
    assert "not judged: how old the texts are is not known" in page
    assert "not known (this is no git tree)" in page


# --- by fingerprint ---------------------------------------------------------------------------------------------------


def test_a_fingerprint_decides_whatever_the_times_say(build: Build, tree: Tree) -> None:
    commit = tree.commit(LATER, index__rst=INDEX)
    content = report(OLD)
    before = build({"r.xml": content}, **REPORTS)
    assert state(before) is Result.STALE
    digest = before.record.items[0].fingerprint
    lines = (f"commit: '{commit}'", "items: |", f"  XenArch~hwdom_single~1 {digest}")
    assert state(build({"run.yaml": side_file(content, *lines)}, **WITH_RUN)) is Result.PASSED
    other = ("items: |", f"  XenArch~hwdom_single~1 {digest[::-1]}")
    built = build({"run.yaml": side_file(content, f"started: {LATER}", *other)}, **WITH_RUN)
    assert state(built) is Result.STALE
    none = ("items: |", f"  XenArch~other~1 {digest}")
    built = build({"run.yaml": side_file(content, *none)}, **WITH_RUN)
    assert only(built).stale_for[0][1] == "it was not among the requirements when the tests ran"
    assert state(built) is Result.STALE


# --- runs and their reports -------------------------------------------------------------------------------------------


def test_other_bytes_than_the_run_wrote_count_for_nothing(build: Build) -> None:
    written = report(OLD)
    built = build({"index.rst": INDEX, "r.xml": report(LATER), "run.yaml": side_file(written)}, **WITH_RUN)
    assert state(built) is not Result.PASSED
    assert "expected those that the run 'run' wrote" in only(built).error
    assert set(built.types()) == {"xenfusa.test_report"}


def test_a_run_that_names_a_report_that_is_not_read_is_a_finding(build: Build) -> None:
    content = report()
    files = {"index.rst": INDEX, "r.xml": content, "run.yaml": side_file(content, file="moved/r.xml")}
    built = build(files, **WITH_RUN)
    assert built.types() == ["xenfusa.test_run"]
    assert "docs/run.yaml:3: " in built.warnings[0]
    assert "(the report r.xml has these bytes)" in built.warnings[0]


def test_a_run_fills_in_what_the_report_does_not_say(build: Build) -> None:
    content = report()
    lines = (f"started: {OLD}", "commit: abcdef1", "target: qemu-arm64", "tools:", "  pytest: '9.2'", "exit_code: 0")
    built = build({"index.rst": INDEX, "r.xml": content, "run.yaml": side_file(content, *lines)}, **WITH_RUN)
    found = only(built)
    assert (found.run, found.time, found.commit, found.target, found.tool) == (
        "run",
        OLD,
        "abcdef1",
        "qemu-arm64",
        "pytest 9.2",
    )
    (run,) = built.record.runs
    assert run.reports == (("r.xml", found.sha256),)
    page = built.page("index.html")
    for shown in ("qemu-arm64", "abcdef1", found.sha256, "exit code: 0", "pytest 9.2"):
        assert shown in page


@pytest.mark.parametrize("lines", [("started: 2026-05-01T00:00:00Z",), ("ended: 2025-05-01T00:00:00Z",)])
def test_a_report_that_contradicts_its_run_is_stale(build: Build, lines: tuple[str, ...]) -> None:
    content = report(WRITTEN)
    built = build({"index.rst": INDEX, "r.xml": content, "run.yaml": side_file(content, *lines)}, **WITH_RUN)
    assert state(built) is Result.STALE
    assert "the report says time" in only(built).stale


@pytest.mark.parametrize("line", ["interrupted: true", "exit_code: 130", "exit_code: -9"])
def test_a_run_that_did_not_end_by_itself_is_stale(build: Build, line: str) -> None:
    content = report()
    built = build({"index.rst": INDEX, "r.xml": content, "run.yaml": side_file(content, line)}, **WITH_RUN)
    assert state(built) is Result.STALE


CTEST = (
    '<testsuite name="s" tests="1" failures="0" disabled="0" skipped="0"><testcase name="t" classname="t" status="run">'
    '<properties><property name="xenfusa.verifies" value="XenArch~hwdom_single~1"/></properties></testcase></testsuite>'
)
GTEST = (
    '<testsuites tests="1" failures="0" disabled="0" errors="0"><testsuite name="s" tests="1" failures="0" disabled="0" '
    'errors="0"><testcase name="t" classname="s" status="run" result="completed"><properties><property '
    'name="xenfusa.verifies" value="XenArch~hwdom_single~1"/></properties></testcase></testsuite></testsuites>'
)


@pytest.mark.parametrize(
    ("content", "command", "hides"),
    [
        (CTEST, "[ctest, --repeat, 'until-pass:3']", True),
        (CTEST, "[sh, -c, 'ctest --repeat after-timeout:2']", True),
        (CTEST, "[ctest, --repeat, 'until-fail:3']", False),
        (CTEST, "[ctest, --gtest_repeat=3]", False),
        (GTEST, "[./t, --gtest_repeat=3]", True),
        (GTEST, "[./t, --gtest_repeat=-1]", True),
        (GTEST, "[./t, --gtest_repeat=1]", False),
    ],
)
def test_a_run_whose_command_hides_failures_is_stale(build: Build, content: str, command: str, hides: bool) -> None:
    files = {"index.rst": INDEX, "r.xml": content, "run.yaml": side_file(content, f"command: {command}")}
    built = build(files, **WITH_RUN)
    assert state(built) is (Result.STALE if hides else Result.PASSED)
    assert ("last attempt only" in only(built).stale) is hides


def test_a_side_file_that_cannot_be_read_makes_nothing_greener(build: Build) -> None:
    content = report()
    side = side_file(content, "exit_code: 130")
    files = {"index.rst": INDEX, "r.xml": content}
    assert state(build({**files, "run.yaml": side}, **WITH_RUN)) is Result.STALE
    built = build({**files, "run.yaml": side[: len(side) // 2]}, **WITH_RUN)
    assert state(built) is Result.STALE
    assert sorted(built.types()) == ["xenfusa.stale_report", "xenfusa.test_run"]


def test_a_report_of_two_runs_counts_for_nothing(build: Build) -> None:
    content = report()
    files = {"index.rst": INDEX, "r.xml": content, "a.yaml": side_file(content), "b.yaml": side_file(content)}
    built = build(files, xenfusa_test_reports=["r.xml"], xenfusa_test_runs=["a.yaml", "b.yaml"])
    assert "found it in several runs, at a.yaml:3 and b.yaml:3" in only(built).error
    assert state(built) is not Result.PASSED


def test_from_the_run_to_the_state(build: Build, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    test = 'import pytest\n\n\n@pytest.mark.verifies("XenArch~hwdom_single~1")\ndef test_a():\n    pass\n'
    (tree.folder / ".gitignore").write_text("docs-*\n*.xml\n*.yaml\n__pycache__\n")
    tree.commit(index__rst=INDEX, test_it__py=test)
    monkeypatch.chdir(tree.folder / "docs")
    run = [sys.executable, "-m", "sphinx_xenfusa.cli", "record-run", "--out", "run.yaml", "--report", "r.xml", "--"]
    command = [*run, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=r.xml"]
    subprocess.run(command, check=True, capture_output=True)
    built = build({}, **WITH_RUN)
    assert (state(built), only(built).judged, built.warnings) == (Result.PASSED, "by commit", [])
    tree.commit(LATER, index__rst=INDEX.replace("Xen shall.", "Xen shall not."))
    assert state(build({}, **WITH_RUN)) is Result.STALE
    subprocess.run(command, check=True, capture_output=True)
    assert state(build({}, **WITH_RUN)) is Result.PASSED


# --- required ---------------------------------------------------------------------------------------------------------


def test_without_a_time_and_a_commit_a_report_counts_unless_they_are_required(build: Build, tree: Tree) -> None:
    commit = tree.commit(index__rst=INDEX)
    content = report()
    assert state(build({"r.xml": content}, **REPORTS)) is Result.PASSED
    built = build({}, xenfusa_require_provenance=True, **REPORTS)
    assert state(built) is Result.STALE
    assert "no commit and no time is known" in only(built).stale
    side = side_file(content, f"commit: '{commit}'", "dirty: false", f"started: {LATER}")
    built = build({"run.yaml": side}, xenfusa_require_provenance=True, **WITH_RUN)
    assert (state(built), built.warnings) == (Result.PASSED, [])


def test_two_changed_trees_are_not_known_to_be_the_same(build: Build, tree: Tree) -> None:
    commit = tree.commit(index__rst=INDEX, other__rst=":orphan:\n\nO\n=\n")
    content = report()
    side = side_file(content, f"commit: '{commit}'", "dirty: true", f"started: {LATER}")
    files = {"r.xml": content, "run.yaml": side, "other.rst": ":orphan:\n\nP\n=\n"}
    assert state(build(files, **WITH_RUN)) is Result.PASSED
    built = build(files, xenfusa_require_provenance=True, **WITH_RUN)
    assert state(built) is Result.STALE


def test_required_provenance_needs_to_know_what_is_documented(build: Build) -> None:
    content = report()
    files = {
        "index.rst": INDEX,
        "r.xml": content,
        "run.yaml": side_file(content, "commit: abcdef1", f"started: {LATER}"),
    }
    built = build(files, xenfusa_require_provenance=True, **WITH_RUN)
    assert "the documented commit is not known (this is no git tree)" in only(built).stale
    assert state(built) is Result.STALE


# --- the build --------------------------------------------------------------------------------------------------------


def test_the_same_input_gives_the_same_bytes_and_git_is_asked_once(
    build: Build, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree.commit(index__rst=INDEX)
    first = build({"r.xml": report(LATER)}, **REPORTS)
    pages = {path.name: path.read_bytes() for path in first.out.rglob("*.html")}
    record = first.page("xenfusa/trace.json")

    def refuse(path: Path, shallow: bool) -> None:
        raise AssertionError(f"git was asked for {path} again")

    monkeypatch.setattr("sphinx_xenfusa.evidence.text_ages.line_times", refuse)
    again = build({}, **REPORTS)
    assert again.page("xenfusa/trace.json") == record
    assert {path.name: path.read_bytes() for path in again.out.rglob("*.html")} == pages


def test_a_page_is_written_again_when_the_reason_changes(build: Build, tree: Tree) -> None:
    other = ":orphan:\n\nO\n=\n\n" + requirement()
    tree.commit(index__rst="P\n=\n", other__rst=other)
    build({"r.xml": report(OLD)}, **REPORTS)
    built = build({"r.xml": report("2026-01-02T00:00:00Z")}, **REPORTS)
    assert "the tests ran 2026-01-02T00:00:00Z" in built.page("other.html")


def test_without_reports_the_commit_is_documented_and_no_age_is_asked_for(
    build: Build, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, shallow: bool) -> None:
        raise AssertionError(f"git was asked for {path}")

    monkeypatch.setattr("sphinx_xenfusa.evidence.text_ages.line_times", refuse)
    other = ":orphan:\n\nO\n=\n\n.. xen:matrix::\n"
    commit = tree.commit(index__rst=INDEX, other__rst=other)
    built = build({})
    assert (built.record.documented.commit, built.record.documented.dirty) == (commit, False)
    assert commit in built.page("index.html")
    written = (built.out / "other.html").stat().st_mtime_ns
    following = build({}) if tree.commit(LATER) else built
    assert following.record.documented.commit != commit
    assert following.record.documented.commit in following.page("index.html")
    assert (following.out / "other.html").stat().st_mtime_ns == written, "no commit stands on that page"
    changed = build({"index.rst": INDEX + "More.\n"})
    assert changed.record.documented.dirty is True
    assert "with changes that are not committed" in changed.page("index.html")
