"""The guides for auditors, assessors and CI name what there is: states, tests, options, commands, and programs that run."""

from __future__ import annotations

import csv
import fnmatch
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sphinx_xenfusa.cli import main
from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.platforms.located_yaml import load_file
from sphinx_xenfusa.sphinxext.phrases import SYMBOLS
from sphinx_xenfusa.trace.states import Result

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GUIDES = ("auditors", "assessors", "xen_ci")


def page(name: str) -> str:
    return (DOCS / f"{name}.rst").read_text("utf-8")


def first_cells(text: str, name: str) -> list[str]:
    """The first cell of each row of the table of that name, without its heading."""
    table = re.split(r"\n(?=\S)", text.partition(f"   :name: {name}\n")[2])[0]
    return re.findall(r"^   \* - (.+)$", table, re.MULTILINE)[1:]


def test_every_state_is_explained_with_its_symbol_worst_first() -> None:
    assert first_cells(page("auditors"), "states-for-auditors") == [f"{SYMBOLS[one]} {one.value}" for one in Result]


def test_every_verdict_is_explained_worst_first() -> None:
    assert first_cells(page("auditors"), "verdicts-for-auditors") == [one.value for one in VerdictKind]


def test_every_malfunction_has_a_test_that_exists() -> None:
    table = re.split(r"\n(?=\S)", page("assessors").partition("   :name: malfunctions\n")[2])[0]
    _, _, *rows = re.split(r"^   \* - ", table, flags=re.MULTILINE)
    for row in rows:
        named = re.findall(r"``(tests/[\w/]+(?:\.py(?:::\w+)?)?)``", row)
        assert named, row
        for path, _, function in (one.partition("::") for one in named):
            assert (ROOT / path).exists(), row
            assert not function or f"def {function}(" in (ROOT / path).read_text("utf-8"), row


@pytest.mark.parametrize("name", GUIDES)
def test_the_commands_and_options_that_are_named_exist(name: str) -> None:
    assert "``xenfusa " in page(name)
    for command, rest in re.findall(r"``xenfusa ([a-z][a-z-]*)((?: [^`]+)?)``", page(name)):
        assert command in main.list_commands(main.make_context("xenfusa", [], resilient_parsing=True)), command
        found = main.commands[command]
        options = {opt for parameter in found.params for opt in parameter.opts}
        assert set(re.findall(r"--[\w-]+", rest)) <= options, rest


def test_the_sections_of_ci_that_are_named_exist() -> None:
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    named = re.findall(r"``\.ci/run``, section \*(.+?)\*", page("assessors"))
    assert named
    assert [one for one in named if f"section '{one}'" not in ci] == []


def test_the_commands_of_the_readme_exist() -> None:
    lines = re.findall(r"^xenfusa (.+?)(?: +#.*)?$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert len(lines) > 5
    for name, _, rest in (line.partition(" ") for line in lines):
        words = [word.replace("FOLDER", ".") for word in rest.split()]
        with main.commands[name].make_context(name, words, resilient_parsing=False) as context:
            assert context.command.name == name


def test_an_auditor_can_count_by_hand(tmp_path: Path) -> None:
    (tmp_path / "index.rst").write_text("A title\n=======\n\n`XenMkt~a~1`\n\nDescription:\nXen shall a.\n", "utf-8")
    record = tmp_path / "trace.json"
    trace = [sys.executable, "-m", "sphinx_xenfusa.cli", "trace", str(tmp_path), "--root", str(tmp_path)]
    subprocess.run([*trace, "--format", "json", "--output", str(record)], check=False)
    counted = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("recount_by_hand.py")), str(record)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert counted.stdout == "items {'none': 1}\nverdicts {}\n"


XEN_CI = Path(__file__).with_name("xen_ci")
XEN_DOCS = ROOT.parent / "shared" / "data" / "xen-docs-fusa"
SMOKE = "qemu-smoke-dom0less-arm64-gcc"
TOOLS = "adl-tools-tests-pv-x86_64-gcc-debug"
REPORT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="tools.tests">
 <testsuite name="tools.tests">
  <testcase name="/usr/lib/xen/tests/test-domid" time="0.01">
  </testcase>
  <testcase name="/usr/lib/xen/tests/test-resource" time="0.01">
  </testcase>
 </testsuite>
</testsuites>
"""


@pytest.fixture(scope="module")
def xen_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with Xen's requirements and the files of the guide, where the guide puts them."""
    if not XEN_DOCS.exists():
        pytest.skip(f"{XEN_DOCS} is missing")
    tree = tmp_path_factory.mktemp("xen")
    shutil.copytree(XEN_DOCS, tree / "docs" / "fusa")
    for name in ("test_map.yaml", "expected_tests.yaml", "policy.yaml", "evidence.rst"):
        shutil.copy(XEN_CI / name, tree / "docs" / "fusa")
    # No claim is named by these requirements; that all are run is tried elsewhere.
    conf = (XEN_CI / "conf.py").read_text("utf-8") + 'xenfusa_confirm = "off"\n'
    (tree / "docs" / "conf.py").write_text(conf, "utf-8")
    pages = "Xen\n===\n\n.. toctree::\n\n   fusa/index\n   fusa/evidence\n"
    (tree / "docs" / "index.rst").write_text(pages, "utf-8")
    (tree / "automation" / "scripts").mkdir(parents=True)
    shutil.copy(XEN_CI / "fusa-result.sh", tree / "automation" / "scripts")
    (tree / "automation" / "scripts" / "fusa-result.sh").chmod(0o755)
    (tree / "tests-junit.xml").write_text(REPORT, "utf-8")
    (tree / ".gitignore").write_text("fusa-results/\nfusa-html/\ntests-junit.xml\ndocs/.xenfusa/\n", "utf-8")
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Xen"]):
        subprocess.run([*git, *words], cwd=tree, check=True)
    return tree


def run_job(tree: Path, lines: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run lines of a job as GitLab does: in one shell that ends at the first that fails."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tree, capture_output=True, text=True, check=True).stdout
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    given = {"PATH": path, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "CI_COMMIT_SHA": commit.strip()} | variables
    command = ["bash", "-c", "\n".join(["set -e", *lines])]
    return subprocess.run(command, cwd=tree, env={**os.environ, **given}, capture_output=True, text=True, check=False)


def keep(tree: Path, job: str, status: str) -> None:
    """Run the lines that a job of Xen's has after its script."""
    lines = load_file(XEN_CI / "test.yaml").data[job]["after_script"]
    start = (datetime.now(UTC) - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    done = run_job(tree, lines, CI_JOB_NAME=job, CI_JOB_STATUS=status, CI_JOB_STARTED_AT=start)
    assert done.returncode == 0, done.stderr


def state(tree: Path, item: str) -> str:
    record = json.loads((tree / "fusa-html" / "xenfusa" / "trace.json").read_text("utf-8"))
    return str({one["id"]: one["result"] for one in record["items"]}[item])


def test_the_jobs_for_xen_work_on_xens_requirements(xen_tree: Path) -> None:
    jobs = load_file(XEN_CI / "fusa.yaml").data
    assert {name: job.get("stage") for name, job in jobs.items()} == {
        ".fusa": None,
        "fusa-trace": "analyze",
        "fusa-docs": "test",
    }
    assert [one["job"] for one in jobs["fusa-docs"]["needs"]] == list(load_file(XEN_CI / "test.yaml").data)
    traced = run_job(xen_tree, jobs["fusa-trace"]["script"])
    assert traced.returncode == 0, traced.stdout + traced.stderr
    assert "29 items: 29 in order" in traced.stdout

    keep(xen_tree, TOOLS, "success")
    keep(xen_tree, SMOKE, "success")
    built = run_job(xen_tree, jobs["fusa-docs"]["script"])
    assert built.returncode == 0, built.stdout + built.stderr
    assert state(xen_tree, "XenMkt~run_arm64_domains~1") == "partial"
    for path in [*jobs["fusa-docs"]["artifacts"]["paths"], jobs["fusa-docs"]["artifacts"]["reports"]["junit"]]:
        assert (xen_tree / path).exists()

    # A smoke test fails: the pages are there, say so, and the job is red.
    keep(xen_tree, SMOKE, "failed")
    built = run_job(xen_tree, jobs["fusa-docs"]["script"])
    assert built.returncode == 1
    assert "found 1 of 61 failed; expected failed = 0" in built.stderr
    assert state(xen_tree, "XenMkt~run_arm64_domains~1") == "failed"

    # A job that was cancelled keeps nothing; that an expected test is then missed is tried elsewhere.
    shutil.rmtree(xen_tree / "fusa-results")
    keep(xen_tree, SMOKE, "canceled")
    assert not (xen_tree / "fusa-results").exists()


def test_the_dockerfile_copies_what_make_wheel_writes() -> None:
    copied = re.search(r"^COPY (\S+) ", (XEN_CI / "13-x86_64-fusa.dockerfile").read_text("utf-8"), re.MULTILINE)
    assert copied
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["name"]
    assert fnmatch.fnmatchcase(f"{project.replace('-', '_')}-0.1.0-py3-none-any.whl", copied[1])


def test_our_column_of_the_comparison_is_what_we_show(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("measure", ROOT / "benchmarks" / "peers" / "measure.py")
    assert spec and spec.loader
    measure = importlib.util.module_from_spec(spec)
    sys.modules["measure"] = measure
    spec.loader.exec_module(measure)
    rows = list(csv.DictReader((DOCS / "comparison.csv").open(encoding="utf-8")))
    shown = {row[""].removeprefix("its test "): row["sphinx_xenfusa"] for row in rows}
    ours = measure.TOOLS["sphinx_xenfusa"]
    ours.write(tmp_path)
    done = measure.run(ours, ours.run, tmp_path, Path(sys.executable).parents[1])
    found = ours.states(tmp_path)
    tests = ("passed", "failed", "was skipped", "is in no report", "does not exist")
    assert [found[name] for name in measure.NAMES] == [shown[test] for test in tests]
    assert str(done.code) == shown["exit code, all five together"]
