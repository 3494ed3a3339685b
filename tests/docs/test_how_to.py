"""What the guides say is what happens: the warnings of each change, and the files that they name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how_to.rst").read_text("utf-8")

CONF = 'project = "P"\nextensions = ["sphinx_xenfusa"]\nxenfusa_confirm = "off"\nxenfusa_test_reports = ["r.xml"]\n'
REPORT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="0" failures="0" skipped="0" tests="1" time="0"
timestamp="2026-11-22T00:00:00" hostname="h"><testcase classname="test_a" name="test_a" time="0"><properties>
<property name="xenfusa.verifies" value="XenArch~a~1"/></properties></testcase></testsuite></testsuites>
"""
LINK = "P\n=\n\nSee :xen:req:`XenArch~a~1`.\n\n"
ORIGIN = ".. xen:req:: Origin\n   :id: XenProd~p~1\n   :kind: rule\n   :needs: XenArch\n\n   Xen shall p.\n\n"
DETAIL = (
    ".. xen:req:: {0}\n   :id: XenArch~{0}~1\n   :kind: rule\n   :covers: XenProd~p~1\n   :needs: XenTest\n\n   X.\n\n"
)
BEFORE = LINK + ORIGIN + DETAIL.format("a")

CHANGES = {
    "revision of ``XenArch~a``: 1 to 2": BEFORE.replace(":id: XenArch~a~1", ":id: XenArch~a~2"),
    "revision of ``XenProd~p``: 1 to 2": BEFORE.replace(":id: XenProd~p~1", ":id: XenProd~p~2"),
    "``XenArch~a`` renamed": BEFORE.replace(":id: XenArch~a~1", ":id: XenArch~b~1"),
    "``XenProd~p`` renamed": BEFORE.replace(":id: XenProd~p~1", ":id: XenProd~q~1"),
    "``XenArch~a~1`` split into two others": LINK + ORIGIN + DETAIL.format("a1") + DETAIL.format("a2"),
}


def table() -> dict[str, list[str]]:
    """The table of the page: each change with the types of its warnings, in order."""
    rows = re.findall(r"^   \* - (.*)\n     - (``.*)$", PAGE, re.MULTILINE)
    return {change: re.findall(r"``([a-z_.]+)``", warnings) for change, warnings in rows}


def warnings(text: str, folder: Path) -> list[str]:
    """The types of the warnings of a build, in order."""
    for name, content in (("conf.py", CONF), ("index.rst", text), ("r.xml", REPORT)):
        (folder / name).write_text(content, "utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-E", "-b", "html", str(folder), str(folder / "out")]
    # Where CI is set Sphinx takes a file for a terminal, and colours what it says.
    environment = os.environ | {"NO_COLOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return re.findall(r"\[([a-z_.]+)\]$", done.stderr, re.MULTILINE)


def test_the_table_has_the_changes_that_are_tried() -> None:
    assert list(table()) == list(CHANGES)


def test_before_the_change_nothing_is_wrong(tmp_path: Path) -> None:
    assert warnings(BEFORE, tmp_path) == []


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_gives_the_warnings_that_the_page_names(change: str, tmp_path: Path) -> None:
    assert warnings(CHANGES[change], tmp_path) == table()[change]


def test_the_files_that_are_named_exist() -> None:
    named = re.findall(r"``((?:sphinx_xenfusa|conf_templates)/[\w/.-]+)``", PAGE)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
