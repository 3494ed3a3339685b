"""``xenfusa overlay``: what is claimed and what drifted, without Sphinx; the skeleton of a new overlay."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sphinx_xenfusa.cli import main

DOCUMENT = "Title\n=====\n\nXen shall run.\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("doc.rst").write_text(DOCUMENT)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["overlay", *arguments])


def test_a_new_overlay_is_good_and_is_never_overwritten(folder: Path) -> None:
    assert run("new", "doc.rst", "-o", "overlay.yaml").exit_code == 0
    checked = run("check", "overlay.yaml")
    assert checked.exit_code == 0
    assert "doc.rst: 1 normative sentences: 1 claimed, 0 informative, 0 unclaimed" in checked.output
    before = (folder / "overlay.yaml").read_bytes()
    again = run("new", "doc.rst", "-o", "overlay.yaml")
    assert (again.exit_code, (folder / "overlay.yaml").read_bytes()) == (2, before)
    assert "never overwritten" in again.output


def test_the_skeleton_goes_to_the_standard_output(folder: Path) -> None:
    made = run("new", "doc.rst", "--type", "XenProd")
    assert made.exit_code == 0
    assert "id: XenProd~title_1~1" in made.stdout
    assert run("new", "doc.rst", "--type", "Xen Prod").exit_code == 2
    assert run("new", "gone.rst").exit_code == 2


def test_a_document_that_changed_is_a_finding(folder: Path) -> None:
    run("new", "doc.rst", "-o", "overlay.yaml")
    (folder / "doc.rst").write_text(DOCUMENT.replace("run", "stop"))
    checked = run("check", "overlay.yaml")
    assert checked.exit_code == 1
    assert "overlay.yaml:6: xenfusa.drifted: XenArch~title_1~1: found 'Xen shall stop.'" in checked.output
    assert "doc.rst:4: xenfusa.unclaimed" in checked.output


def test_what_cannot_be_read_is_told_and_the_rest_is_checked(folder: Path) -> None:
    run("new", "doc.rst", "-o", "overlay.yaml")
    (folder / "bad.yaml").write_text("document: gone.rst\n")
    checked = run("check", "bad.yaml", "overlay.yaml")
    assert checked.exit_code == 2
    assert "bad.yaml:1: xenfusa.input" in checked.output
    assert "1 claimed" in checked.output


def test_no_document_outside_of_the_root(folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder / "inner" / "overlay.yaml").write_text("document: ../doc.rst\ninformative: []\n")
    assert run("check", "inner/overlay.yaml").exit_code == 1
    outside = run("check", "inner/overlay.yaml", "--root", "inner")
    assert (outside.exit_code, "leads out of the project" in outside.output) == (2, True)
