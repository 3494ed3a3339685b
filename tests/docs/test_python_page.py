"""The page about the Python API: its examples are run as they stand, and it has all that the module offers."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sphinx_xenfusa import api

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "reference" / "python.rst"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the page says that lies around: two platforms, and a documentation that is built."""
    for one in HERE.glob("example_*.*"):
        shutil.copy(one, tmp_path)
    # Out of our history: there the report is older than the text that it tells of.
    shutil.copytree(HERE / "python_api", tmp_path / "docs")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", "docs", "build/html"]
    done = subprocess.run([*command, "-d", "trees"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_the_examples_come_out_as_the_page_says(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    how = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=how)
    found = doctest.DocTestParser().get_doctest(PAGE.read_text("utf-8"), {}, PAGE.name, str(PAGE), 0)
    done = runner.run(found, out=told.append)
    assert done.failed == 0, "".join(told)
    assert done.attempted > 30


def test_every_function_of_the_module_is_on_the_page() -> None:
    functions = {name for name in api.__all__ if callable(getattr(api, name)) and name.islower()}
    assert (
        set(re.findall(r"^\.\. autofunction:: sphinx_xenfusa\.api\.(\w+)$", PAGE.read_text("utf-8"), re.M)) == functions
    )


def test_every_class_of_the_module_is_on_the_page() -> None:
    classes = {
        f"{one.__module__}.{one.__qualname__}" for name in api.__all__ if isinstance(one := getattr(api, name), type)
    }
    assert classes <= set(re.findall(r"^\.\. autoclass:: ([\w.]+)$", PAGE.read_text("utf-8"), re.MULTILINE))


def test_it_loads_no_sphinx() -> None:
    code = "import sys, sphinx_xenfusa.api; print(sorted({'sphinx', 'docutils', 'sphinx_needs'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
