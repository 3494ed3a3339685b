"""What the page about test runs shows works: its side file, the job that writes one by hand, the command in CI, its lists."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import re
import shlex
import subprocess
from pathlib import Path

from sphinx_xenfusa.cli import main
from sphinx_xenfusa.evidence.recording import VARIABLES
from sphinx_xenfusa.evidence.test_run_file import read_run, schema
from sphinx_xenfusa.platforms.located_yaml import load_file

FOLDER = Path(__file__).with_name("test_run")
PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "test_runs.rst").read_text("utf-8")


def test_the_side_file_on_the_page_is_one() -> None:
    read = read_run(FOLDER / "run.yaml", "run.yaml")
    assert (read.name, read.started, read.tools) == ("nightly-arm64", "2026-11-22T21:00:00Z", {"qemu": "9.2"})


def test_the_page_has_exactly_the_keys_of_the_schema() -> None:
    table = PAGE.partition("\n=====================")[2].partition("\n\n")[0]
    assert re.findall(r"^``(\w+)``", table, re.MULTILINE) == list(schema()["properties"])


def test_the_page_has_exactly_the_variables() -> None:
    told = PAGE.partition("these variables where they are set")[2].partition("\n\n")[0]
    assert tuple(re.findall(r"``(\w+)``", told)) == VARIABLES


def test_the_job_by_hand_writes_a_side_file_of_the_bytes_of_its_report(tmp_path: Path) -> None:
    runner = tmp_path / "xtf-runner"
    runner.write_text('#!/bin/sh\necho "<testsuites/>" > "$2"\nexit 3\n')
    runner.chmod(0o755)
    variables = {"CI_COMMIT_SHA": "1234567" * 5 + "12345", "CI_RUNNER_DESCRIPTION": "arm64 board: 3"}
    script = ["sh", str(FOLDER / "by-hand.sh")]
    assert subprocess.run(script, cwd=tmp_path, env=os.environ | variables, check=False).returncode == 3
    read = read_run(tmp_path / "results" / "xtf.yaml", "xtf.yaml")
    assert (read.exit_code, read.commit, read.target, read.dirty) == (3, *variables.values(), False)
    (report,) = read.reports
    assert report.sha256 == hashlib.sha256((tmp_path / "results" / report.file).read_bytes()).hexdigest()
    assert read.started <= read.ended


def test_the_jobs_install_a_wheel_and_no_name_that_is_on_no_index() -> None:
    told = load_file(FOLDER / "gitlab-ci.yml").data
    installs = [line for job in ("unit-tests", "docs") for line in told[job]["script"] if "pip install" in line]
    assert len(installs) == 2
    assert all('"$WHEEL"' in line and "sphinx-xenfusa" not in line for line in installs)
    name, version = told["variables"]["WHEEL"].split("-")[:2]
    assert (name, version) == ("sphinx_xenfusa", importlib.metadata.version("sphinx-xenfusa"))


def test_the_job_in_ci_calls_the_command_as_it_is() -> None:
    script = load_file(FOLDER / "gitlab-ci.yml").data["unit-tests"]["script"]
    words = shlex.split(script[-1])
    assert words[:2] == ["xenfusa", "record-run"]
    with main.commands["record-run"].make_context("record-run", words[2:]) as context:
        assert context.params["globs"] == ("results/unit.xml",)
        assert context.params["command"][:3] == ("python3", "-m", "pytest")
