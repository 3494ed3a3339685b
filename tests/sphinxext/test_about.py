"""The page about the evidence: every input with its digest, tools, settings; nothing of the machine."""

import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from test_every_builder import tex_faults
from tests_support import Built, requirement, verdict

from sphinx_xenfusa.confirm.cache import package_digest
from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.sphinxext.build import Build
from sphinx_xenfusa.sphinxext.build_inputs import CHECKSUMS, BuildInputs
from sphinx_xenfusa.sphinxext.build_tools import ROLES
from sphinx_xenfusa.sphinxext.config import SETTINGS

INDEX = "T\n=\n\n.. include:: part.txt\n\n" + requirement("one", options=":confirmed-by: hwdom_single")
ABOUT = "About\n=====\n\n.. xen:about::\n"
FILES = {"index.rst": INDEX + "\n.. toctree::\n\n   about\n", "about.rst": ABOUT, "part.txt": "Included.\n"}
REPORT = '<testsuites><testsuite name="pytest" tests="0" errors="0" failures="0" skipped="0" time="0"/></testsuites>'


def words(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def sha(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def test_every_input_is_there_with_its_digest_and_nothing_of_the_machine(build: Callable[..., Built]) -> None:
    files = {**FILES, "r.xml": REPORT, "../outside.xml": REPORT + "\n"}
    verdicts = (verdict("hwdom_single", "specification", VerdictKind.CONFIRMED),)
    outside = {"xenfusa_cache_dir": "/nowhere/at/all", "suppress_warnings": ["xenfusa.test_report"]}
    reports = ["r.xml", "../outside.xml", "gone.xml"]
    built = build(files, verdicts=verdicts, xenfusa_test_reports=reports, **outside)
    known = {one.file: one for one in built.record.inputs}
    for name, kind in (("index.rst", "document"), ("part.txt", "used in a document"), ("r.xml", "test report")):
        assert (known[name].kind, known[name].sha256) == (kind, sha(files[name]))
    assert known["../outside.xml"].sha256 == sha(files["../outside.xml"])
    assert known["conf.py"].kind == "configuration"
    assert (known["gone.xml"].sha256, bool(known["gone.xml"].error)) == ("", True)
    assert "sphinx_xenfusa: claims/divergences.yaml" in known
    page = words(built.page("about.html"))
    assert sha(files["index.rst"]) in page
    assert "1 file could not be read" in page
    tools = {one.name: one for one in built.record.tools}
    assert tools["sphinx-xenfusa"].sha256 == package_digest()
    assert tools["sphinx"].version in page
    assert tools["pygments"].role.startswith("comes with ")
    assert {one.name for one in built.record.settings} >= {f"xenfusa_{name}" for name in SETTINGS}
    assert 'xenfusa_cache_dir "all (outside of the project)"' in page
    assert "Some warnings in the log: the project silences" in page
    assert "Xen is correct 1" in page
    assert "git checkout" not in page
    for text in (built.page("about.html"), built.page("xenfusa/trace.json"), built.page(CHECKSUMS)):
        assert str(built.out.parent) not in text
        assert "/nowhere" not in text
        assert len(os.uname().nodename) < 6 or os.uname().nodename not in text
    # What the installed package says that it needs is there, with or without a word for what it does.
    needed = {
        re.split(r"[^\w.-]", one)[0] for one in metadata.requires("sphinx-xenfusa") or () if "extra ==" not in one
    }
    assert {re.sub(r"[-_.]+", "-", name).lower() for name in needed} <= {name.lower() for name in tools}
    # Versions stand on that page only.
    assert tools["numpy"].version not in built.page("index.html").partition("Created using")[0]
    if shutil.which("sha256sum"):
        command = ["sha256sum", "--check", "--strict", str(built.out / CHECKSUMS)]
        done = subprocess.run(command, cwd=built.app.srcdir, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.count(": OK")) == (0, len(built.page(CHECKSUMS).splitlines()))


def test_only_the_parts_that_are_asked_for_are_shown(build: Callable[..., Built]) -> None:
    asked = "About\n=====\n\n.. xen:about::\n   :show: tools, nonsense\n"
    built = build({**FILES, "about.rst": asked, "limits.rst": ":orphan:\n\n" + ABOUT + "   :show: limits\n"})
    page, limits = words(built.page("about.html")), words(built.page("limits.html"))
    assert "Programs and libraries" in page
    assert "What it does not show" not in page
    assert built.types() == ["xenfusa.option"]
    assert "found the part 'nonsense'" in built.warnings[0]
    assert "Any verdict. The confirmation was switched off" in limits
    assert "Any test. No test report was supplied" in limits
    assert "Programs and libraries" not in limits


def test_an_edit_of_any_input_reaches_the_page_and_no_other(build: Callable[..., Built]) -> None:
    other = ":orphan:\n\nOther\n=====\n\n.. xen:summary::\n"
    built = build({**FILES, "other.rst": other, "plain.rst": ":orphan:\n\nPlain\n=====\n"})
    stamps = {path.name: path.stat().st_mtime_ns for path in built.out.glob("*.html")}
    again = build({"plain.rst": ":orphan:\n\nPlain\n=====\n\nMore.\n"})
    changed = {name for name, stamp in stamps.items() if (again.out / name).stat().st_mtime_ns != stamp}
    # Sphinx writes again what has a page that was written again in its table of contents.
    assert changed - {"genindex.html", "search.html", "permalink.html", "index.html"} == {"plain.html", "about.html"}
    assert sha(":orphan:\n\nPlain\n=====\n\nMore.\n") in again.page("about.html")


def test_an_input_that_changes_while_the_build_runs_makes_it_fail(
    build: Callable[..., Built], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generated = Build.generated_pages

    def meddle(self: Build, app: Sphinx) -> object:
        (tmp_path / "docs" / "part.txt").write_text("Another text.\n")
        # Touched only, it says what it said.
        (tmp_path / "docs" / "conf.py").touch()
        return generated(self, app)

    monkeypatch.setattr(Build, "generated_pages", meddle)
    built = build(FILES)
    assert built.types() == ["xenfusa.changed_input"]
    assert "part.txt" in built.warnings[0]
    assert built.status == 1


def test_a_document_that_changes_after_it_was_read_is_told(
    build: Callable[..., Built], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = BuildInputs.__init__

    def meddle(self: BuildInputs, app: Sphinx, env: BuildEnvironment) -> None:
        (tmp_path / "docs" / "about.rst").write_text(ABOUT + "\nMore.\n")
        begin(self, app, env)

    monkeypatch.setattr(BuildInputs, "__init__", meddle)
    built = build(FILES)
    assert built.types() == ["xenfusa.changed_input"]
    assert "about.rst:1" in built.warnings[0]
    assert [one.about for one in built.record.findings] == ["about.rst"]


@pytest.mark.parametrize("builder", ["singlehtml", "text", "latex"])
def test_other_formats_have_it_too(build: Callable[..., Built], builder: str) -> None:
    built = build(FILES, builder=builder)
    assert built.warnings == []
    suffix = {"singlehtml": "html", "text": "txt", "latex": "tex"}[builder]
    text = "".join(path.read_text("utf-8") for path in sorted(built.out.rglob(f"*.{suffix}")))
    assert sha(FILES["part.txt"])[:40] in re.sub(r"[\s|+\\-]|sphinxhyphen\{\}|\{\}", "", text)
    if builder == "latex":
        assert tex_faults(text) == []


def test_no_role_is_given_to_what_we_do_not_depend_on() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["fast"], *extras["bdd"], *extras["exports"]]
    assert {re.split(r"[^\w.-]", one)[0] for one in wanted} >= set(ROLES)


def test_the_record_is_the_same_in_another_folder(build: Callable[..., Built]) -> None:
    first = build(FILES)
    second = build(FILES, folder="elsewhere")
    assert first.page("xenfusa/trace.json") == second.page("xenfusa/trace.json")
    assert json.loads(first.page("xenfusa/trace.json"))["inputs"]
    assert first.page("about.html") == second.page("about.html")
