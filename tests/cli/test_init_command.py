"""``xenfusa init``: a whole tree, or nothing; nobody's file is touched.  That the trees build: tests/conf_templates."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from sphinx_xenfusa.adoption import templates
from sphinx_xenfusa.cli import main

TREES = Path(__file__).parents[2] / "conf_templates"
EVERYWHERE = {"README", "conf.py", "requirements.txt", "ubproject.toml", ".gitlab-ci.yml", ".github/workflows/docs.yml"}


def init(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["init", *map(str, words)], prog_name="xenfusa")


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", templates.TEMPLATES)
def test_it_names_what_it_wrote(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "docs"
    done = init("--template", name, folder)
    assert done.exit_code == 0
    told = {line for line in done.stdout.splitlines() if line.startswith(str(tmp_path))}
    assert told == {f"{folder.as_posix()}/{path}" for path in files(folder)}
    assert files(folder) >= EVERYWHERE


@pytest.mark.parametrize("name", templates.TEMPLATES)
def test_the_jobs_do_the_same_with_commands_that_exist(name: str, tmp_path: Path) -> None:
    init("--template", name, tmp_path)
    gitlab = yaml.safe_load((tmp_path / ".gitlab-ci.yml").read_text("utf-8"))
    github = yaml.safe_load((tmp_path / ".github/workflows/docs.yml").read_text("utf-8"))
    steps = [step["run"] for step in github["jobs"]["docs"]["steps"] if "run" in step]
    assert gitlab["docs"]["script"] == steps
    assert any(step.startswith("python -m sphinx -W ") for step in steps)
    for step in steps:
        if step.startswith("xenfusa "):
            _, command, *words = step.split()
            with main.commands[command].make_context(command, words):
                pass


def test_the_default_is_the_smallest_in_this_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert init().exit_code == 0
    assert (tmp_path / "conf.py").read_bytes() == (TREES / "minimal" / "conf.py").read_bytes()
    assert (tmp_path / "ubproject.toml").read_bytes() == (TREES / "common" / "ubproject.toml").read_bytes()


@pytest.mark.parametrize("there", ["conf.py", "README", ".github/workflows/docs.yml"])
def test_nothing_is_overwritten_and_then_nothing_is_written(there: str, tmp_path: Path) -> None:
    mine = tmp_path / there
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("mine")
    (tmp_path / "other.rst").write_text("mine, too")
    done = init(tmp_path)
    assert done.exit_code == 2
    assert f"files that are there already ({mine.as_posix()}); expected a folder without them" in done.stderr
    assert ("--into adds the extension" in done.stderr) == (there == "conf.py")
    assert done.stdout == ""
    assert files(tmp_path) == {there, "other.rst"}
    assert mine.read_text() == "mine"


def test_a_link_that_leads_nowhere_is_in_the_way_too(tmp_path: Path) -> None:
    (tmp_path / "index.rst").symlink_to(tmp_path.parent / "outside.rst")
    assert init(tmp_path).exit_code == 2
    assert not (tmp_path.parent / "outside.rst").exists()


def test_what_was_written_is_taken_back_when_the_rest_cannot_be(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    # README comes after .github, and before index.rst; a file stands where a folder is needed last.
    (folder / "fusa").write_text("a file")
    done = init("--template", "xen-docs", folder)
    assert done.exit_code == 2
    assert "fusa" in done.stderr
    assert "expected a folder to write to" in done.stderr
    assert [path.name for path in folder.iterdir()] == ["fusa"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "docs").write_text("a file")
    assert init(tmp_path / "docs").exit_code == 2


def test_what_a_build_left_in_a_template_is_no_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package"
    for path in ("common/.gitignore", "minimal/conf.py", "minimal/_build/html/index.html", "minimal/.xenfusa/cache/x"):
        (package / "conf_templates" / path).parent.mkdir(parents=True, exist_ok=True)
        (package / "conf_templates" / path).write_text(path)
    monkeypatch.setattr(templates, "files", lambda name: package)
    assert list(map(str, templates.template_files("minimal"))) == [".gitignore", "conf.py"]


def test_an_installation_without_templates_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "files", lambda name: tmp_path / "package")
    done = init(tmp_path / "docs")
    assert done.exit_code == 2
    assert "found no templates beside the package; expected a whole installation" in done.stderr
