"""The TAB key: the script of each shell, and the names that nobody remembers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from sphinx_xenfusa.adoption.templates import TEMPLATES
from sphinx_xenfusa.cli import main
from sphinx_xenfusa.confirm.registry import load_claims
from sphinx_xenfusa.interop.exports import FORMATS
from sphinx_xenfusa.model.policies import POLICIES


def completed(words: list[str], incomplete: str = "") -> list[str]:
    shell = ShellComplete(main, {}, "xenfusa", "_XENFUSA_COMPLETE")
    return [one.value for one in shell.get_completions(words, incomplete)]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_claims_that_are_not_on_the_line_yet(elsewhere: Path) -> None:
    assert completed(["confirm"]) == sorted(load_claims())
    found = completed(["confirm", "hwdom_single"], "hwdom")
    assert found
    assert "hwdom_single" not in found
    assert all(name.startswith("hwdom") for name in found)
    assert completed(["adequacy"], "roles_cl") == ["roles_closed_set"]
    assert list(elsewhere.iterdir()) == []


def test_policies_templates_formats_and_models() -> None:
    assert completed(["confirm", "--policy"]) == sorted(POLICIES)
    assert completed(["init", "--template"]) == list(TEMPLATES)
    assert completed(["export"]) == list(FORMATS)
    assert completed(["trace", "--format"], "a") == ["aspec"]
    assert "notification-ring.small" in completed(["model", "export"], "notification")


def test_ids_of_the_newest_record_and_nothing_of_one_that_cannot_be_read(elsewhere: Path) -> None:
    (elsewhere / "a.rst").write_text("T\n-\n\n`XenMkt~save_energy~1`\n")
    record = elsewhere / "build" / "html" / "xenfusa" / "trace.json"
    CliRunner().invoke(main, ["trace", "a.rst", "--format", "json", "--output", str(record)])
    assert completed(["explain"], "XenM") == ["XenMkt~save_energy~1"]
    assert completed(["explain"], "hwdom_si") == ["hwdom_single"]
    record.write_text("{")
    assert completed(["explain"], "XenM") == []


def test_commands_that_begin_so() -> None:
    assert completed([], "con") == ["confirm"]
    assert completed(["audit"], "l") == ["links"]
    assert "--dry-run" in completed(["init"], "--d")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(shell: str) -> None:
    done = CliRunner().invoke(main, ["completion", shell], prog_name="xenfusa")
    assert done.exit_code == 0
    assert f"_XENFUSA_COMPLETE={shell}_complete" in done.stdout


def test_bash_itself_completes(elsewhere: Path) -> None:
    script = CliRunner().invoke(main, ["completion", "bash"], prog_name="xenfusa").stdout
    (elsewhere / "xenfusa").write_text(f'#!/bin/sh\nexec {sys.executable} -m sphinx_xenfusa.cli "$@"\n')
    (elsewhere / "xenfusa").chmod(0o755)
    asked = "COMP_WORDS=(xenfusa init --template m) COMP_CWORD=3; _xenfusa_completion xenfusa; echo ${COMPREPLY[@]}"
    environment = {**os.environ, "PATH": f"{elsewhere}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", f"{script}\n{asked}"], capture_output=True, text=True, env=environment, check=True, timeout=60
    )
    assert done.stdout.strip() == "minimal"
