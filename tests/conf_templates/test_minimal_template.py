"""The template is a tree that builds as it stands."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TEMPLATE = Path(__file__).parents[2] / "conf_templates" / "minimal"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template in a folder of its own, built with warnings as errors and without running any claim."""
    folder = tmp_path_factory.mktemp("minimal") / "project"
    shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("_build", ".xenfusa"))
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", "-D", "xenfusa_confirm=off"]
    done = subprocess.run([*command, str(folder), str(folder / "_build")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "_build"


def test_the_page_says_that_nothing_was_run(built: Path) -> None:
    page = (built / "index.html").read_text("utf-8")
    assert "Confirmation is switched off" in page
    assert "No test results were supplied" in page


def test_the_requirement_is_in_the_record_and_not_run(built: Path) -> None:
    record = json.loads((built / "xenfusa" / "trace.json").read_text("utf-8"))
    assert [(item["id"], item["result"]) for item in record["items"]] == [("PlatReq~one_hardware_domain~1", "not run")]
    assert record["findings"] == []
    assert record["confirm_mode"] == "off"


def test_every_file_of_the_template_is_there() -> None:
    files = {path.name for path in TEMPLATE.iterdir() if path.name not in ("_build", ".xenfusa", "__pycache__")}
    assert files == {"README", "conf.py", "index.rst"}
