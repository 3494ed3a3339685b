"""``xenfusa doctor``: what is there, what fits, what an absence costs, and what a project sets."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sphinx_xenfusa.adoption import health as module
from sphinx_xenfusa.adoption.health import EXTRAS, health
from sphinx_xenfusa.cli import main
from sphinx_xenfusa.sphinxext.config import SETTINGS

FOR_DEVELOPERS = {"test", "docs", "lint"}


def doctor(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["doctor", *map(str, words)], prog_name="xenfusa")


def installed(**versions: str | None) -> Callable[[str], str | None]:
    """What Python's metadata would say if these packages had these versions."""
    others = {name.replace("_", "-"): version for name, version in versions.items()}
    return lambda name: others.get(name.lower(), "999")


def test_every_extra_that_a_user_may_want_has_its_cost() -> None:
    offered = metadata.metadata("sphinx-xenfusa").get_all("Provides-Extra") or []
    assert set(EXTRAS) == set(offered) - FOR_DEVELOPERS


def test_what_is_needed_is_what_pip_was_told() -> None:
    needed = {part.name.lower() for part in health().needed}
    assert needed >= {"python", "sphinx", "sphinx-needs", "docutils", "click", "numpy"}
    assert not needed & {"pytest", "numba", "playwright"}
    assert all(extra.parts for extra in health().extras)


@pytest.mark.parametrize(
    ("version", "fits"),
    [("9.1.0", True), ("9.1", True), ("9.0.9", False), ("10.0", False), ("rubbish", False), (None, False)],
)
def test_a_version_is_held_against_its_bounds(version: str | None, fits: bool) -> None:
    state = health(installed(sphinx_needs=version, sphinx="9.0"))
    (part,) = [one for one in state.needed if one.name == "sphinx-needs"]
    assert (part.found, part.fits) == (version, fits)
    assert [one for one in state.needed if not one.fits and one.name not in ("sphinx-needs",)] == []
    assert state.whole == fits


def test_an_installation_that_is_not_whole_is_a_finding_with_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_version_of", installed(sphinx="7.0", click=None, sphinx_needs="9.1"))
    done = doctor()
    assert done.exit_code == 1
    assert "✗ unusable  sphinx 7.0 (>=8.2,<10)" in done.stdout
    assert "✗ missing   click (>=8.1.7)" in done.stdout
    assert done.stdout.rstrip().endswith(
        "Next: python -m pip install /path/to/the/clone (sphinx-xenfusa is not on PyPI)"
    )


def test_an_absent_extra_is_no_fault_and_says_its_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_version_of", installed(sphinx="9.0", sphinx_needs="9.1", graphlay=None, numba="0.1"))
    done = doctor()
    assert done.exit_code == 0
    shown = done.stdout.partition("  ∅ absent    graphs (needs graphlay>=")[2].splitlines()
    assert shown[1].strip() == "without it: no drawings of neighbours: xen:graph shows its list alone"
    assert shown[2].strip() == "to have it: pip install 'sphinx-xenfusa[graphs]'"
    assert "✗ unusable  fast (needs numba>=" in done.stdout


def test_a_program_that_is_not_on_the_path_says_its_cost(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "git").write_text("#!/bin/sh\necho git of a test\n")
    (tmp_path / "git").chmod(0o755)
    (tmp_path / "cc").write_text("no program")
    (tmp_path / "cc").chmod(0o755)
    found = {one.name: one.parts[0].found for one in health().programs}
    # One that cannot be asked for its version is there all the same.
    assert found == {"git": "git of a test", "chromium": None, "spin": None, "cc": "there"}


def test_json_has_the_same(tmp_path: Path) -> None:
    done = doctor("--format", "json")
    data: dict[str, Any] = json.loads(done.stdout)
    assert (data["doctor_version"], data["project"]) == (1, None)
    assert [one["name"] for one in data["extras"]] == list(EXTRAS)
    assert data["claims"]["installed"] > 100
    assert data["whole"] == (done.exit_code == 0)


CONF = """\
print("a line that must not stand in the report")
extensions = ["sphinx_xenfusa"]
xenfusa_policy = "dumy"
xenfusa_confirm = "force"
xenfusa_test_reports = ["report.xml", "there.xml"]
"""


def test_the_settings_of_a_project_are_those_of_a_build(tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text(CONF)
    (tmp_path / "there.xml").write_text("<testsuite/>")
    (tmp_path / "ubproject.toml").write_text("[xenfusa]\nclaim_timeout = 7\n")
    done = doctor(tmp_path, "--format", "json")
    assert done.exit_code == 1
    project = json.loads(done.stdout)["project"]
    settings = {one["name"]: (one["value"], one["from"]) for one in project["settings"]}
    assert len(settings) == len(SETTINGS)
    # One that cannot be used is replaced by the default, as a build does, which tells of it.
    assert settings["xenfusa_policy"] == ("dummy", "conf.py")
    assert settings["xenfusa_confirm"] == ("force", "conf.py")
    assert settings["xenfusa_claim_timeout"] == (7, "ubproject.toml")
    assert settings["xenfusa_cache_dir"] == (SETTINGS["cache_dir"].default, "default")
    assert len(project["problems"]) == 2
    assert "conf.py:3: WARNING: found xenfusa_policy = 'dumy'; expected" in project["problems"][0]
    assert project["problems"][1].startswith("xenfusa_test_reports: found no file report.xml; expected one")
    # Nothing was run and nothing was left.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["conf.py", "there.xml", "ubproject.toml"]


@pytest.mark.parametrize(
    ("conf", "says"),
    [
        ("import os\nos._exit(3)\n", "a file that a build cannot read (it ended the process)"),
        ("extensions = []\n", "xenfusa init --into adds it"),
    ],
)
def test_a_project_that_no_build_could_begin_is_told(tmp_path: Path, conf: str, says: str) -> None:
    (tmp_path / "conf.py").write_text(conf)
    done = doctor(tmp_path)
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stdout.startswith("sphinx-xenfusa ")


def test_a_folder_without_a_project_is_told(tmp_path: Path) -> None:
    done = doctor(tmp_path)
    assert done.exit_code == 2
    assert "found no conf.py; expected the folder of a Sphinx project; xenfusa init makes one" in done.stderr
