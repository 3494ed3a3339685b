"""The template that shows everything: its tests run, it builds with them, and each thing is on its page."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sphinx_xenfusa.cli import main
from sphinx_xenfusa.confirm.registry import load_claims
from sphinx_xenfusa.trace.states import ItemKind


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as its README says: made, its tests run and recorded, built with warnings as errors; no claim is run."""
    folder = tmp_path_factory.mktemp("full") / "project"
    assert CliRunner().invoke(main, ["init", "--template", "full", str(folder)]).exit_code == 0
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=tests.xml", "tests"]
    record = [
        sys.executable,
        "-m",
        "sphinx_xenfusa.cli",
        "record-run",
        "--report",
        "tests.xml",
        "--out",
        "test-run.yaml",
    ]
    subprocess.run([*record, "--", *tests], cwd=folder, check=True, capture_output=True)
    build = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", "-D", "xenfusa_confirm=off", ".", "_build/html"]
    done = subprocess.run(build, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


@pytest.fixture(scope="module")
def record(project: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project / "_build" / "html" / "xenfusa" / "trace.json").read_text("utf-8"))
    return found


def page(project: Path, name: str) -> str:
    return (project / "_build" / "html" / f"{name}.html").read_text("utf-8")


def test_each_kind_is_there_and_nothing_is_green_but_what_ran(record: dict[str, Any]) -> None:
    items = {item["id"]: item for item in record["items"]}
    assert {item["kind"] for item in items.values()} == {kind.value for kind in ItemKind}
    assert {tag for tag, item in items.items() if item["result"] == "passed"} == {"PlatReq~devices_have_owners~1"}
    assert {item["result"] for item in items.values()} == {"passed", "not run", "none"}
    assert {item["origin"] for item in items.values()} == {"directive", "overlay"}
    assert record["findings"] == []
    assert [(gate["name"], gate["met"]) for gate in record["gates"]] == [("every goal has requirements", True)]


def test_the_claims_that_it_names_exist(record: dict[str, Any]) -> None:
    named = {claim for item in record["items"] for claim in item["confirmed_by"]}
    assert len(named) > 5
    assert named <= load_claims().keys()


def test_the_test_fails_when_the_platform_is_wrong(project: Path, tmp_path: Path) -> None:
    broken = (project / "platform.yaml").read_text("utf-8").replace("owner: media", "owner: nobody")
    (tmp_path / "platform.yaml").write_text(broken)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_platform.py").write_text((project / "tests" / "test_platform.py").read_text("utf-8"))
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    assert subprocess.run(tests, cwd=tmp_path, capture_output=True, check=False).returncode == 1


def test_the_platform_is_compatible_as_the_job_demands(project: Path) -> None:
    assert CliRunner().invoke(main, ["check-platform", str(project / "platform.yaml")]).exit_code == 0


def test_the_baseline_has_the_texts_of_today(project: Path) -> None:
    done = CliRunner().invoke(
        main,
        [
            "diff",
            str(project / "baselines" / "0.1.json"),
            str(project / "_build" / "html" / "xenfusa" / "trace.json"),
            "--format",
            "json",
        ],
    )
    assert done.exit_code == 0
    baseline = json.loads((project / "baselines" / "0.1.json").read_text("utf-8"))
    record = json.loads((project / "_build" / "html" / "xenfusa" / "trace.json").read_text("utf-8"))
    assert {one["id"]: one["fingerprint"] for one in baseline["items"]} == {
        one["id"]: one["fingerprint"] for one in record["items"]
    }


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("index", "1 of 12 requirements passed"),
        ("concept", "PlatReq~one_hardware_domain~1"),
        ("platform", "SafeVM, safety task"),
        ("matrix", "PlatGoal~brakes_work~1"),
        ("tests", "tests.xml"),
        ("registers", "power_cut"),
        ("decisions", "destroydomain"),
        ("changes", "12 unchanged"),
        ("about", "tracing-policy.yaml"),
    ],
)
def test_each_page_shows_what_it_is_for(project: Path, name: str, shown: str) -> None:
    assert shown in page(project, name)


def test_no_link_is_dead(project: Path) -> None:
    done = CliRunner().invoke(main, ["audit", "links", str(project / "_build" / "html")])
    assert done.exit_code == 0, done.output
