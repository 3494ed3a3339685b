"""The check of ``.ci/run`` for commits that take away what others did, because they were made on a tree without it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[2] / ".ci" / "set_back.py"
GIT = shutil.which("git")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run([str(GIT), "init", "-q", str(tmp_path)], check=True)
    for text in ("old", "new"):
        commit(tmp_path, f"Write {text} words", a=text, b=text, c=text)
    return tmp_path


def commit(folder: Path, message: str, **files: str) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)
    who = {f"GIT_{role}_{what}": "t" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for words in (["add", "-A"], ["-c", "commit.gpgsign=false", "commit", "-q", "-m", message]):
        subprocess.run([str(GIT), "-C", str(folder), *words], env=os.environ | who, check=True)


def checked(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, str(CHECK), str(folder)], capture_output=True, text=True)


@pytest.mark.skipif(GIT is None, reason="git is not installed")
def test_a_commit_that_sets_files_back_is_found(repository: Path) -> None:
    assert checked(repository).returncode == 0
    commit(repository, "Take one edit of several again", a="old", c="newer")
    assert checked(repository).returncode == 0
    commit(repository, "Bring two files back", b="old", c="new")
    assert checked(repository).returncode == 0
    commit(repository, "Say something else at the backend", a="new", b="new", d="d")
    found = checked(repository)
    assert (found.returncode, "Say something else at the backend" in found.stdout) == (1, True)
    assert "older state of a, b" in found.stdout
