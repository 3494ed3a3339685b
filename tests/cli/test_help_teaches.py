"""The help of each command: a question, exit codes, and examples of which each one is run."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from sphinx_xenfusa.cli import main
from sphinx_xenfusa.cli.teaching import LESSONS
from sphinx_xenfusa.trace.states import ExitCode

HERE = Path(__file__).parent
FULL = HERE.parents[1] / "conf_templates" / "full"

ITEMS = """\
Items
=====

`XenMkt~save_energy~1`

Needs:
 - XenProd

Idle
----

`XenProd~stop_idle~1`

Covers:
 - `XenMkt~save_energy~1`
"""
UPSTREAM = "Logs\n====\n\nThe log shall be kept.\n"
OVERLAY = """\
document: upstream.rst
requirements:
  - {id: XenArch~log_kept~1, kind: rule, quote: The log shall be kept.}
"""
PAGE = "<!DOCTYPE html><html lang='en'><head><title>A page</title></head><body><p id='a'><a href='#a'>here</a></p></body></html>"
TEST = "import pytest\n\n@pytest.mark.verifies('XenProd~stop_idle~1')\ndef test_it():\n    assert 1 + 1 == 2\n"

ANSWERS = {"xenfusa explain XenProd~stop_idle~1": ExitCode.NO_ANSWER}
"""The examples whose answer here is not 0: nothing verifies the item."""


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words, prog_name="xenfusa")


def named() -> Iterator[tuple[str, click.Command]]:
    """Every command, and those below it, by the words that call it."""
    for name, command in main.commands.items():
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {word}", one) for word, one in command.commands.items())


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with what the examples name, made by the commands themselves where one makes it."""
    folder = tmp_path_factory.mktemp("tree")
    files = {
        "docs/conf.py": "extensions = ['sphinx_xenfusa']\n",
        "docs/fusa/reqs.rst": ITEMS,
        "before/reqs.rst": ITEMS,
        "docs/upstream.rst": UPSTREAM,
        "docs/overlay.yaml": OVERLAY,
        "build/html/index.html": PAGE,
        "tests/test_it.py": TEST,
        **{name: (FULL / name).read_text("utf-8") for name in ("platform.yaml", "platform.statement.yaml")},
        "boards/a.yaml": (FULL / "platform.yaml").read_text("utf-8"),
        "boards/a.statement.yaml": (FULL / "platform.statement.yaml").read_text("utf-8"),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        record = run("trace", "docs/fusa", "--format", "json", "--output", "build/html/xenfusa/trace.json")
        assert record.exit_code == 0
        assert run("baseline", "create", "4.20", "before").exit_code == 0
    (folder / "bin").mkdir()
    # A link to an interpreter is outside the environment of that.
    interpreter = folder / "bin" / "python3"
    interpreter.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    interpreter.chmod(0o755)
    return folder


@pytest.mark.parametrize("name", [name for name, _ in named()])
def test_each_has_a_question_first_and_says_its_exit_codes(name: str) -> None:
    done = run(*name.split(), "--help")
    told = " ".join(done.stdout.split())
    lesson = LESSONS[name]
    assert lesson.question.endswith("?")
    assert f" {lesson.question} " in f" {told} "
    if not isinstance(dict(named())[name], click.Group):
        assert "Exit codes: 0 " in told
        assert lesson.examples
        assert all(example in told for example in map(" ".join, map(str.split, lesson.examples)))


def test_there_is_no_lesson_without_a_command() -> None:
    assert set(LESSONS) == {name for name, _ in named()}


@pytest.mark.parametrize("example", [example for lesson in LESSONS.values() for example in lesson.examples])
def test_each_example_runs(example: str, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line, _, file = example.partition(" > ")
    program, *words = shlex.split(line)
    assert program == "xenfusa"
    if words[:2] == ["audit", "pdf"] and shutil.which("chromium") is None:
        pytest.skip("needs Chromium")
    # All in one tree, as somebody would try them: a verdict is kept for the next example.
    monkeypatch.chdir(tree)
    monkeypatch.setenv("PATH", f"{tree / 'bin'}:/usr/bin:/bin")
    done = run(*words)
    assert done.exit_code == ANSWERS.get(example, ExitCode.GOOD), done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    if file:
        assert "_XENFUSA_COMPLETE" in done.stdout
