"""A command is imported when it is asked for, and what it needs with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from sphinx_xenfusa.cli import COMMANDS, main
from sphinx_xenfusa.cli.on_demand import OnDemand

HEAVY = ("numpy", "rich", "pebble", "sphinx", "docutils", "yaml", "sphinx_xenfusa.claims", "sphinx_xenfusa.model")


def loaded_by(code: str) -> set[str]:
    """Those of the heavy modules that a fresh interpreter has loaded after some code."""
    told = f"{code}\nimport sys\nprint(*sorted({set(HEAVY)!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_command_itself_loads_nothing_heavy() -> None:
    assert loaded_by("from sphinx_xenfusa.cli import main") == set()


def test_what_is_asked_for_is_loaded() -> None:
    assert "sphinx_xenfusa.model" in loaded_by("from sphinx_xenfusa.cli import main\nmain.commands['model']")


def test_an_answer_from_the_cache_loads_no_claim_and_draws_without_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code = (
        "import contextlib, io, sys\n"
        "from sphinx_xenfusa.cli import main\n"
        "shown = io.StringIO()\n"
        "with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):\n"
        "    main(['confirm', 'roles_closed_set', 'criticality_closed_set'])\n"
        "assert 'criticality_closed_set' in shown.getvalue()\n"
        "assert {} in shown.getvalue()\n"
    )
    assert {"numpy", "yaml", "sphinx_xenfusa.claims"} <= loaded_by(code.format("'2 ran, 0 cached'"))
    assert loaded_by(code.format("'0 ran, 2 cached'")) == {"sphinx_xenfusa.model"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_the_table_says(name: str) -> None:
    assert main.commands[name].name == name


def test_a_wrong_place_is_told() -> None:
    with pytest.raises(TypeError, match=r"at sphinx_xenfusa\.cli:COMMANDS; expected a command"):
        OnDemand({"x": "sphinx_xenfusa.cli:COMMANDS"})["x"]


def test_commands_come_and_go_as_in_a_dictionary() -> None:
    commands = OnDemand(COMMANDS)
    commands["mine"] = click.Command("mine")
    assert sorted(commands) == sorted([*COMMANDS, "mine"])
    del commands["mine"], commands["model"]
    assert len(commands) == len(COMMANDS) - 1
    assert "model" not in commands
