"""What Sphinx leaves as it was on pages that it does not write again, and in the folder, is as in a build from nothing."""

import os
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sphinx.builders.html import _assets
from test_random_edits import tree
from tests_support import Built, requirement

FILES = {
    "index.rst": "Index\n=====\n\n.. toctree::\n   :numbered:\n\n   a\n   b\n\n.. xen:matrix::\n",
    "a.rst": "A\n=\n\n.. _there:\n\nSection\n-------\n\n.. include:: part.inc\n\n.. figure:: one.png\n   :name: fig\n\n   One\n\n"
    ":download:`data.csv`\n\n.. glossary::\n\n   alpha\n      First.\n\n.. xen:role:: Hardware Domain\n\n   It does.\n",
    "b.rst": "B\n=\n\n:ref:`there`, :numref:`fig`, :any:`alpha`, :any:`later`, :term:`beta`.\n\n"
    ".. xen:req:: B\n   :id: XenArch~b~1\n   :kind: rule\n\n   Xen shall b.\n",
    "part.inc": requirement("part"),
    "one.png": "not looked at",
    "data.csv": "1,2\n",
    "_static/own.css": "p { color: red }\n",
}
SETTINGS: dict[str, Any] = {
    "numfig": True,
    "html_css_files": ["own.css"],
    "html_static_path": ["_static"],
    "doctrees": "trees",
}
HOURS_AGO = 1_000_000_000


class Folder:
    """A project that is built again after each edit, and held against a build from nothing."""

    def __init__(self, build: Callable[..., Built], tmp_path: Path) -> None:
        self._build = build
        self._tmp_path = tmp_path
        self._numbers = count()
        self.path = tmp_path / "docs"
        self.build(FILES)

    def build(self, files: dict[str, str] | None = None, builder: str = "html", **more: Any) -> Built:
        """Build what stands there, after files were written, as in a process of its own: extensions extend a setting in place."""
        _assets._file_checksum_inner.cache_clear()
        return self._build(files, builder=builder, **{**SETTINGS, "html_static_path": ["_static"], **more})

    def text(self, name: str, before: str, after: str) -> dict[str, str]:
        """A file with a text in place of another one."""
        text = (self.path / name).read_text("utf-8")
        assert before in text
        return {name: text.replace(before, after)}

    def is_as_from_nothing(self, files: dict[str, str] | None = None, **more: Any) -> dict[str, bytes]:
        """Build, compare, and give the output."""
        edited = tree(self.build(files, **more).out)
        name = f"copy{next(self._numbers)}"
        shutil.copytree(self.path, self._tmp_path / name)
        settings = {**SETTINGS, "html_static_path": ["_static"], "doctrees": f"{name}-trees", **more}
        fresh = tree(self._build(folder=name, **settings).out)
        assert [one for one in sorted(edited.keys() | fresh.keys()) if edited.get(one) != fresh.get(one)] == []
        return edited


@pytest.fixture
def folder(build: Callable[..., Built], tmp_path: Path) -> Folder:
    return Folder(build, tmp_path)


def test_what_links_show_of_other_documents(folder: Folder) -> None:
    """A title, a number, a term that comes and one that goes."""
    text = (folder.path / "a.rst").read_text("utf-8")
    text = text.replace("Section\n-------", "Another title\n-------------").replace("   alpha\n", "   beta\n")
    out = folder.is_as_from_nothing(
        {"a.rst": text.replace(".. figure::", ".. figure:: one.png\n\n   Zero\n\n.. figure::", 1)}
    )
    assert b"Another title" in out["b.html"]
    assert b"Fig. 2" in out["b.html"] or b"Fig. 1.2" in out["b.html"]


def test_what_comes_to_another_domain(folder: Folder) -> None:
    """A link to whatever there is under a name finds it."""
    text = (folder.path / "a.rst").read_text("utf-8")
    out = folder.is_as_from_nothing({"a.rst": f"{text}\n.. py:function:: later()\n"})
    assert b"a.html#later" in out["b.html"]


def test_a_file_takes_the_place_of_a_younger_one(folder: Folder) -> None:
    """``mv``, ``cp -p`` and ``tar`` bring back what is older than what was read."""
    for name, before, after in (("b.rst", "shall b", "shall stop"), ("part.inc", "Xen shall.", "Xen shall go.")):
        (written,) = folder.text(name, before, after).values()
        (folder.path / name).write_text(written, "utf-8")
        os.utime(folder.path / name, (HOURS_AGO, HOURS_AGO))
    out = folder.is_as_from_nothing()
    assert b"Xen shall stop." in out["b.html"]
    assert b"Xen shall go." in out["a.html"]


def test_pages_that_change_places(folder: Folder) -> None:
    shutil.move(folder.path / "a.rst", folder.path / "c")
    shutil.move(folder.path / "b.rst", folder.path / "a.rst")
    shutil.move(folder.path / "c", folder.path / "b.rst")
    assert b"Xen shall b." in folder.is_as_from_nothing()["a.html"]


def test_a_page_that_leaves_a_numbered_list(folder: Folder) -> None:
    out = folder.is_as_from_nothing(folder.text("index.rst", "   a\n   b\n", "   a\n"))
    assert b"<title>B &#8212;" in out["b.html"]


def test_what_another_builder_has_read(folder: Folder) -> None:
    """It shares the doctrees; the document itself is older than the page of ours."""
    folder.build(folder.text("part.inc", "Xen shall.", "Xen shall go."), builder="text")
    assert b"Xen shall go." in folder.is_as_from_nothing()["a.html"]


def test_a_build_that_ended_after_reading(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr("sphinx.builders.html.StandaloneHTMLBuilder.prepare_writing", killed)
        with pytest.raises(KeyboardInterrupt):
            folder.build(folder.text("part.inc", "Xen shall.", "Xen shall go."))
    assert b"Xen shall go." in folder.is_as_from_nothing()["a.html"]


def test_files_that_no_page_has_any_more(folder: Folder) -> None:
    """And a style sheet whose digest stands on every page."""
    assert {"_images/one.png"} <= tree(folder.path.with_name("docs-html")).keys()
    text = folder.text("a.rst", ".. figure:: one.png\n   :name: fig\n\n   One\n\n:download:`data.csv`\n\n", "")
    more = {"html_copy_source": False, "html_use_index": False}
    out = folder.is_as_from_nothing({**text, "_static/own.css": "p { color: blue }\n"}, **more)
    assert [name for name in out if name.startswith(("_images", "_downloads", "_sources", "genindex"))] == []


def test_the_search_finds_what_stands_on_pages_that_stay(folder: Folder) -> None:
    out = folder.is_as_from_nothing(folder.text("b.rst", "shall b", "shall stop"))
    assert b'"hardware domain (role)"' in out["searchindex.js"]
