"""The page ``fusa/rerun``: each shipped system with its numbers, and files that give them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest
from bs4 import BeautifulSoup
from sphinx.testing.util import SphinxTestApp

from sphinx_xenfusa.model.systems import shipped_systems

DOCS = Path(__file__).parents[2] / "docs"
SMALL = ("notification-ring.small", "notification-ring.forging")


@pytest.fixture
def rerun_files(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of the documentation's configuration, for the small systems only."""
    monkeypatch.syspath_prepend(str(DOCS))
    import rerun_files

    monkeypatch.setattr(
        rerun_files, "shipped_systems", lambda: {name: one for name, one in shipped_systems().items() if name in SMALL}
    )
    return rerun_files


def test_the_page_offers_files_and_the_numbers_that_they_must_give(rerun_files: ModuleType, tmp_path: Path) -> None:
    source = tmp_path / "docs"
    (source / "fusa").mkdir(parents=True)
    shutil.copy(DOCS / "fusa" / "rerun.rst", source / "fusa")
    (source / "conf.py").write_text("extensions = []\nexclude_patterns = []\n", "utf-8")
    (source / "index.rst").write_text("Index\n=====\n\n.. toctree::\n\n   fusa/rerun\n", "utf-8")
    rerun_files.write_all(source)
    app = SphinxTestApp(srcdir=source, buildername="html")
    try:
        app.build()
        assert app.warning.getvalue() == ""
        page = BeautifulSoup((app.outdir / "fusa" / "rerun.html").read_text("utf-8"), "html.parser")
        rows = [[cell.get_text(strip=True) for cell in row.find_all("td")] for row in page.find_all("tr")][1:]
        assert rows == [
            ["notification-ring.forging", "52,480", "139,648", "pml,tla,cfg"],
            ["notification-ring.small", "8,576", "17,344", "pml,tla,cfg"],
        ]
        links = [str(one["href"]) for one in page.select("td a.download")]
        assert len(links) == 6
        assert all((app.outdir / "fusa" / link).resolve().is_file() for link in links)
    finally:
        app.cleanup()


def test_what_is_too_large_is_said_to_be_not_counted(
    rerun_files: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rerun_files, "LARGEST", 10_000)
    rerun_files.write_all(tmp_path)
    table = (tmp_path / "_rerun" / "systems.txt").read_text("utf-8")
    assert "- more than 10,000 states: not counted in this build\n     - not counted\n" in table
    assert "     - 8,576\n" in table


def test_a_second_run_changes_no_file_and_removes_what_is_shipped_no_more(
    rerun_files: ModuleType, tmp_path: Path
) -> None:
    rerun_files.write_all(tmp_path)
    (tmp_path / "_rerun" / "gone.pml").touch()
    before = {one.name: one.stat().st_mtime_ns for one in (tmp_path / "_rerun").iterdir()}
    rerun_files.write_all(tmp_path)
    after = {one.name: one.stat().st_mtime_ns for one in (tmp_path / "_rerun").iterdir()}
    assert before.pop("gone.pml")
    assert after == before


def test_the_page_says_what_has_and_what_has_not_been_run() -> None:
    text = (DOCS / "fusa" / "rerun.rst").read_text("utf-8")
    assert "no text of this table has been run with it" in re.sub(r"\s+", " ", text)
    ci = (DOCS.parent / ".ci" / "run").read_text("utf-8")
    assert "XENFUSA_SPIN=all" in ci
