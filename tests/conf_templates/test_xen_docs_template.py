"""The template for Xen's docs folder builds alone and inside a Xen-like tree, and leaves Xen's own pages as they are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "conf_templates" / "xen-docs"
XEN = ROOT.parent / "shared" / "data" / "xen-docs-fusa"
MAKEFILE = (
    "# A line before\nexport XEN_VERSION       = 4\nexport XEN_SUBVERSION    = 23\n"
    "export XEN_EXTRAVERSION ?= -unstable$(XEN_VENDORVERSION)\nexport XEN_FULLVERSION   = $(XEN_VERSION)\n"
)
PLAIN = 'project = "Xen"\nextensions = []\nprimary_domain = "c"\nhighlight_language = "none"\nhtml_theme = "sphinx_rtd_theme"\n'


def build(source: Path, builder: str) -> Path:
    """Build with warnings as errors and without running any claim."""
    out = source.parent / f"{source.name}-{builder}"
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", builder]
    if "xenfusa" in (source / "conf.py").read_text("utf-8"):
        command += ["-D", "xenfusa_confirm=off"]
    done = subprocess.run([*command, str(source), str(out)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return out


def record(out: Path) -> dict[str, list[dict[str, str]]]:
    made: dict[str, list[dict[str, str]]] = json.loads((out / "xenfusa" / "trace.json").read_text("utf-8"))
    return made


def lacking_a_design(out: Path) -> set[str]:
    """The items in the table of product requirements without a design."""
    page = (out / "fusa" / "matrix.html").read_text("utf-8")
    table = page[page.rindex("Product requirements without a design") :]
    return set(re.findall(r'href="[^"#]*#(XenProd~[\w~]+)"', table))


def copied(folder: Path) -> Path:
    """The template as the docs folder of a tree."""
    shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("_build", ".xenfusa", "__pycache__"))
    return folder


def test_it_builds_alone_and_runs_nothing(tmp_path: Path) -> None:
    out = build(copied(tmp_path / "docs"), "html")
    assert [(item["id"], item["result"]) for item in record(out)["items"]] == [
        ("XenArch~hwdom_single~1", "not run"),
        ("XenMkt~save_energy~1", "none"),
        ("XenProd~idle_processor~1", "none"),
    ]
    assert "XenProd~idle_processor~1" in lacking_a_design(out)
    assert "Xen unknown documentation" in (out / "index.html").read_text("utf-8")


def test_the_version_is_that_of_the_tree(tmp_path: Path) -> None:
    (tmp_path / "xen").mkdir()
    (tmp_path / "xen" / "Makefile").write_text(MAKEFILE)
    out = build(copied(tmp_path / "docs"), "html")
    assert "Xen 4.23-unstable documentation" in (out / "index.html").read_text("utf-8")
    assert record(out)["version"] == "4.23"


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Xen's requirements with Xen's configuration, and with the template's."""
    if not XEN.is_dir():
        pytest.skip(f"needs Xen's docs/fusa in {XEN}")
    folder = tmp_path_factory.mktemp("trees")
    plain, ours = folder / "plain", copied(folder / "ours")
    shutil.copytree(XEN, plain / "fusa")
    (plain / "conf.py").write_text(PLAIN)
    (plain / "index.rst").write_text("Xen\n===\n\n.. toctree::\n\n   fusa/index\n")
    shutil.copytree(XEN, ours / "fusa", dirs_exist_ok=True)
    return plain, ours


@pytest.mark.shared
def test_all_of_xens_requirements_are_in_the_record_and_none_is_green(trees: tuple[Path, Path]) -> None:
    out = build(trees[1], "html")
    items = record(out)["items"]
    assert Counter(item["type"] for item in items) == {"XenArch": 1, "XenMkt": 6, "XenProd": 23, "XenSwdgn": 32}
    assert "passed" not in {item["result"] for item in items}
    assert record(out)["findings"] == []
    assert len(lacking_a_design(out)) == 14
    matrix = (out / "fusa" / "matrix.html").read_text("utf-8")
    for item in items:
        link = re.search(rf'href="([^"#]*)#{re.escape(item["id"])}"', matrix)
        assert link is not None
        page = (out / "fusa" / link[1]).resolve().read_text("utf-8")
        assert f'id="{item["id"]}"' in page


@pytest.mark.shared
def test_xens_pages_say_the_same_and_look_the_same(trees: tuple[Path, Path]) -> None:
    plain, ours = (build(tree, "text") / "fusa" / "reqs" for tree in trees)
    pages = sorted(path.relative_to(plain) for path in plain.rglob("*.txt"))
    assert len(pages) == 12
    for page in pages:
        assert (ours / page).read_bytes() == (plain / page).read_bytes()
    plain, ours = (build(tree, "html") / "fusa" / "reqs" for tree in trees)
    anchors = 0
    for page in pages:
        before, after = (article(tree / page.with_suffix(".html")) for tree in (plain, ours))
        without, found = re.subn(r' id="Xen\w+~[^"]+"', "", after)
        anchors += found
        assert without == before
    assert anchors == 61


def article(path: Path) -> str:
    """What a page says, without navigation, header and footer."""
    found = re.search(
        r'<div itemprop="articleBody">(.*?)</div>\s*</div>\s*<footer>', path.read_text("utf-8"), re.DOTALL
    )
    assert found is not None
    return found[1]
