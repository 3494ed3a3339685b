"""Installs the package ``xenfusa_fake_claims`` for a test: its claims come in by entry point, in every process."""

import importlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sphinx_xenfusa.cli import main

INSTALLED = Path(__file__).parent / "installed"

REGISTER = """\
xen_commit: c447b7308b1330ec6dcfef37220736c28f41daa0
reviewer: nobody
date: "2026-11-22"
divergences:
  D1: {document: It stays up., xen: It stops., source: nowhere}
expected:
"""
ENTRY = "  - {{claim: {claim}, policy: dummy, by: {{D1: [{action}]}}}}\n"


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(INSTALLED))
    # Processes that are started as commands look here.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(INSTALLED), *os.environ.get("PYTHONPATH", "").split()]))
    importlib.invalidate_caches()
    return INSTALLED


@pytest.fixture
def register(tmp_path: Path) -> Callable[..., Path]:
    """Writes a register that expects these claims to diverge under dummy by an action."""

    def write(**entries: str) -> Path:
        path = tmp_path / "register.yaml"
        text = "".join(ENTRY.format(claim=claim, action=action) for claim, action in entries.items())
        path.write_text(REGISTER + (text or "  []\n"), "utf-8")
        return path

    return write


@pytest.fixture
def xenfusa(
    fakes: Path, register: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Runs the command in an empty folder, with a register that expects nothing unless the test says otherwise."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def run(*arguments: str | Path) -> Result:
        words = [str(argument) for argument in arguments]
        if words[0] == "confirm" and "--divergences" not in words:
            words += ["--divergences", str(register())]
        return CliRunner().invoke(main, words, prog_name="xenfusa")

    return run
