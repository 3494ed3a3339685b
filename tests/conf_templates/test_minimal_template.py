"""What ``xenfusa init`` makes builds at once, with the command that it names."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sphinx_xenfusa.cli import main


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template in a folder of its own, built with warnings as errors and without running any claim."""
    folder = tmp_path_factory.mktemp("minimal") / "project"
    done = CliRunner().invoke(main, ["init", str(folder)])
    assert (done.exit_code, done.stderr) == (0, "")
    (command,) = [line.split() for line in done.stdout.splitlines() if "xenfusa_confirm=off" in line]
    assert command[:4] == ["python", "-m", "sphinx", "-W"]
    built = subprocess.run([sys.executable, *command[1:], "-q"], capture_output=True, text=True, check=False)
    assert (built.returncode, built.stderr) == (0, "")
    return folder / "_build" / "html"


def test_the_page_says_that_nothing_was_run(built: Path) -> None:
    page = (built / "index.html").read_text("utf-8")
    assert "Confirmation is switched off" in page
    assert "No test results were supplied" in page


def test_the_requirement_is_in_the_record_and_not_run(built: Path) -> None:
    record = json.loads((built / "xenfusa" / "trace.json").read_text("utf-8"))
    assert [(item["id"], item["result"]) for item in record["items"]] == [("PlatReq~one_hardware_domain~1", "not run")]
    assert record["findings"] == []
    assert record["confirm_mode"] == "off"
