"""The tutorial is run: its files are written, its commands are run in their order, and their output is the one shown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial.rst"
INSTALLATION = "tutorial-installation"


@dataclass
class Block:
    """A block of code of the page."""

    language: str
    line: int
    options: dict[str, str] = field(default_factory=dict)
    body: list[str] = field(default_factory=list)

    def commands(self) -> Iterator[tuple[str, list[str]]]:
        """Each command with the lines of its output as shown."""
        command, shown = "", list[str]()
        for line in self.body:
            if line.startswith("$ "):
                if command:
                    yield command, shown
                command, shown = line[2:], []
            else:
                shown.append(line)
        yield command, shown


def blocks(text: str) -> list[Block]:
    """The blocks of code of an rst page, in their order."""
    found: list[Block] = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if (start := re.match(r"\.\. code-block:: (\w+)$", line)) is None:
            continue
        block = Block(start[1], number + 1)
        rest = iter(lines[number + 1 :])
        for below in rest:
            if (option := re.match(r"   :(\w+): (.*)", below)) is None:
                break
            block.options[option[1]] = option[2]
        for below in rest:
            if below and not below.startswith("   "):
                break
            block.body.append(below[3:])
        while block.body and not block.body[-1]:
            block.body.pop()
        found.append(block)
    return found


def pattern(shown: list[str]) -> str:
    """A pattern for the output that is shown: ``...`` stands for what was left out, in a line or as a line of its own."""
    made = ""
    for line in shown:
        if line == "...":
            made += r"(?:.*\n)*?"
        else:
            parts = (r"\s+".join(map(re.escape, part.split())) for part in line.strip().split("..."))
            made += r"\s*" + r".*".join(parts) + r"\s*\n"
    return made + r"\s*"


@pytest.mark.parametrize(
    ("shown", "output", "matches"),
    [
        (["a ... c", "d"], "a  b c\nd\n", True),
        (["a", "...", "d"], "a\nb\nc\nd\n", True),
        (["a"], "a\nb\n", False),
        (["a"], "b\n", False),
        ([], "", True),
        ([], "a\n", False),
        (["..."], "a\n", True),
    ],
)
def test_what_was_left_out_is_all_that_may_differ(shown: list[str], output: str, matches: bool) -> None:
    assert bool(re.fullmatch(pattern(shown), output)) is matches


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line as a reader does, in an environment with this package."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path, "COLUMNS": "160", "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    environment["NO_COLOR"] = "1"  # where CI is set Sphinx takes a pipe for a terminal
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=3600,
    )


@pytest.mark.cold
def test_the_page_can_be_followed(tmp_path: Path) -> None:
    found = blocks(TUTORIAL.read_text("utf-8"))
    assert [one.language for one in found if one.options.get("name") == INSTALLATION] == ["console"]
    # Verdicts are kept by content: sharing those of our own pages only saves time, here and there.
    kept = ROOT / ".xenfusa" / "cache"
    kept.mkdir(parents=True, exist_ok=True)
    (tmp_path / "docs" / ".xenfusa").mkdir(parents=True)
    (tmp_path / "docs" / ".xenfusa" / "cache").symlink_to(kept)
    for block in found:
        where = f"tutorial.rst:{block.line}"
        if block.options.get("name") == INSTALLATION:
            continue
        if block.language == "console":
            for command, shown in block.commands():
                done = run(command, tmp_path)
                assert done.returncode == 0, f"{where}: {command}\n{done.stdout}"
                told = f"{where}: {command}\n--- shown\n" + "\n".join(shown) + f"\n--- found\n{done.stdout}"
                assert re.fullmatch(pattern(shown), done.stdout), told
        else:
            path = tmp_path / block.options["caption"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(block.body) + "\n", "utf-8")
