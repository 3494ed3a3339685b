"""SPIN, where it is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

WANTED = "XENFUSA_SPIN"
"""Set in CI: SPIN has to be there, and has to count every system, however large."""


@dataclass(frozen=True)
class Counted:
    """What SPIN says.

    :param transitions: steps that can be taken, without the one that SPIN counts for the initial state.
    """

    states: int
    transitions: int
    errors: int


Spin = Callable[..., Counted]


@pytest.fixture(scope="session")
def spin(tmp_path_factory: pytest.TempPathFactory) -> Spin:
    """A function that runs SPIN on a text, with options for its preprocessor."""
    missing = [one for one in ("spin", "cc") if shutil.which(one) is None]
    if missing and WANTED in os.environ:
        pytest.fail(f"{WANTED} is set, and {' and '.join(missing)} cannot be found")
    if missing:
        pytest.skip(f"{' and '.join(missing)} cannot be found: SPIN counts nothing")

    def run(text: str, *options: str) -> Counted:
        folder = tmp_path_factory.mktemp("spin")
        (folder / "model.pml").write_text(text, "utf-8")
        _run(folder, "spin", "-a", *options, "model.pml")
        # Most texts are small: to compile them well takes longer than it saves.
        _run(folder, "cc", "-O0", "-w", "-DSAFETY", "-DNOREDUCE", "-o", "pan", "pan.c")
        out = _run(folder, "./pan", "-m1000000")
        assert "max search depth too small" not in out
        return Counted(_number(r"(\d+) states, stored", out), _number(r"(\d+) transitions", out) - 1, _errors(out))

    return run


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _number(pattern: str, out: str) -> int:
    found = re.search(pattern, out)
    assert found is not None, out
    return int(found[1])


def _errors(out: str) -> int:
    return _number(r"errors: (\d+)", out)
