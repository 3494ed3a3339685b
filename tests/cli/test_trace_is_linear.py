"""Ten times the items take ten times the work, counted in lines that run and not in time, which a busy machine stretches."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from sphinx_xenfusa.cli import main

TREES = Path(__file__).parents[2] / "benchmarks" / "_trees.py"
FEW, MANY = 300, 3_000


def trees() -> ModuleType:
    spec = importlib.util.spec_from_file_location("xenfusa_benchmark_trees", TREES)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def lines_run(folder: Path, form: str) -> int:
    """How many lines of Python run to trace a folder; each turn of a loop counts, within a comprehension as well."""
    number = 0

    def count(frame: FrameType, event: str, argument: object) -> Callable[..., Any]:
        nonlocal number
        number += 1
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        done = CliRunner().invoke(main, ["trace", str(folder), "--format", form, "-v", "failure_summaries"])
    finally:
        sys.settrace(before)
    assert done.exit_code == 1, done.output
    return number


@pytest.mark.parametrize("form", ["plain", "html", "json", "aspec"])
def test_the_work_grows_as_the_tree_does(tmp_path: Path, form: str) -> None:
    made = trees()
    for size in (10, FEW, MANY):
        made.write_rst(made.made(size), tmp_path / str(size))
    lines_run(tmp_path / "10", form)  # what is imported and compiled once
    few, many = (lines_run(tmp_path / str(size), form) for size in (FEW, MANY))
    assert MANY / FEW / 2 < many / few < MANY / FEW * 1.05
