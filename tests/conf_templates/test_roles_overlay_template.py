"""The template that covers Xen's proposed roles document: every statement, every normative sentence, and none of its words."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from sphinx_xenfusa.cli import main
from sphinx_xenfusa.confirm.registry import load_claims
from sphinx_xenfusa.trace.sentences import sentences_of

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "conf_templates" / "roles-overlay"
SHARED = ROOT.parent / "shared"
ROLES = SHARED / "data" / "roles" / "roles.rst"
DOCS = ROOT / "docs" / "fusa" / "arch_specs"


def entries() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((TEMPLATE / "overlay.yaml").read_text("utf-8"))["requirements"]
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    if not ROLES.is_file():
        pytest.skip(f"needs the roles document in {ROLES}")
    folder = tmp_path / "project"
    shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("_build", ".xenfusa", "__pycache__"))
    shutil.copy(ROLES, folder / "roles.rst")
    return folder


def written(name: str) -> dict[str, str]:
    """An option of every requirement of our own pages about the document, by id."""
    found = {}
    for page in DOCS.glob("*.rst"):
        for block in re.split(r"^\.\. xen:req:: ", page.read_text("utf-8"), flags=re.MULTILINE)[1:]:
            options = dict(re.findall(r"^   :([\w-]+): (.*(?:\n      .*)*)", block.partition("\n\n")[0], re.MULTILINE))
            found[options["id"]] = " ".join(options.get(name, "").split())
    return found


@pytest.mark.parametrize("option", ["kind", "confirmed-by"])
def test_ids_kinds_and_claims_are_those_of_our_own_docs(option: str) -> None:
    assert {one["id"]: one[option] for one in entries()} == written(option)


def test_the_claims_exist() -> None:
    known = load_claims()
    assert [one["id"] for one in entries() if not set(one["confirmed-by"].split(", ")) <= known.keys()] == []


@pytest.mark.shared
def test_every_statement_is_there() -> None:
    statements = SHARED / "spec" / "statements.md"
    if not statements.is_file():
        pytest.skip(f"needs {statements}")
    names = re.findall(r"^\| (\w+) \| (\w+) \|", statements.read_text("utf-8"), re.MULTILINE)
    ids = {one["id"]: one["kind"] for one in entries()}
    assert len(names) > 50
    assert [name for name, kind in names if ids.get(f"XenArch~{name}~1", kind) != kind] == []
    assert {f"XenArch~{name}~1" for name, kind in names if name != "tag"} <= ids.keys()


@pytest.mark.shared
def test_none_of_the_document_is_copied(project: Path) -> None:
    text = " ".join((TEMPLATE / "overlay.yaml").read_text("utf-8").split()).casefold()
    sentences = [one.text for one in sentences_of(ROLES.read_text("utf-8")) if len(one.text.split()) > 4]
    assert len(sentences) > 40
    assert [one for one in sentences if one.rstrip(".").casefold() in text] == []


@pytest.mark.shared
def test_it_is_complete_without_sphinx(project: Path) -> None:
    done = CliRunner().invoke(main, ["overlay", "check", str(project / "overlay.yaml")])
    said = "roles.rst: 19 normative sentences: 18 claimed, 1 informative, 0 unclaimed; 60 requirements of overlays, 0 of them"
    assert (done.exit_code, done.output.splitlines()[0]) == (0, f"{said} drifted")


@pytest.mark.shared
def test_it_builds_with_every_sentence_claimed_and_every_anchor_there(project: Path) -> None:
    out = project.parent / "out"
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-D", "xenfusa_confirm=off"]
    done = subprocess.run([*command, str(project), str(out)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads((out / "xenfusa" / "trace.json").read_text("utf-8"))
    (document,) = record["documents"]
    assert document["unclaimed"] == []
    assert document["claimed"] + len(document["informative"]) == document["normative"] == 19
    assert all(one["reason"] for one in document["informative"])
    assert {item["origin"] for item in record["items"]} == {"overlay"}
    page = (out / "roles.html").read_text("utf-8")
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    tags = [item["id"] for item in record["items"]]
    assert len(tags) == 60
    assert {*tags, *(f"evidence-{tag}" for tag in tags)} <= set(ids)
    matrix = (out / "index.html").read_text("utf-8")
    assert [tag for tag in tags if f'href="roles.html#{tag}"' not in matrix] == []
    for target in re.findall(r'href="#([^"]+)"', page):
        assert target in ids
