"""The tool serves other documents: one with a package of its own, whose claims are run and whose words are known."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from sphinx_xenfusa.model.vocabulary import Role
from sphinx_xenfusa.terms.installed import GROUP, load_vocabulary
from sphinx_xenfusa.terms.ours import our_terms
from sphinx_xenfusa.terms.term import Term, TermKind

SECOND = Path(__file__).parent / "second_document"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The document and its package, installed as pip would leave it: modules and entry points in a folder on the path."""
    shutil.copytree(SECOND, tmp_path / "project", ignore=shutil.ignore_patterns("__pycache__"))
    folder = tmp_path / "project"
    kept = SECOND.parents[2] / ".xenfusa" / "cache"
    if kept.is_dir():  # verdicts are kept by content: it only saves time
        shutil.copytree(kept, folder / "docs" / ".xenfusa" / "cache")
    description = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    info = folder / "gateway_requirements-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {description['name']}\nVersion: 1.0\n", "utf-8")
    lines = []
    for group, points in description["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def build(project: Path, *options: str) -> tuple[int, str, dict[str, Any]]:
    """Exit code, warnings and record of a build in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(project), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", *options, "-b", "html", "docs", "out"]
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    return done.returncode, done.stderr, json.loads((project / "out/xenfusa/trace.json").read_text("utf-8"))


@pytest.mark.cold
def test_its_claim_confirms_its_requirement_and_refutes_a_broken_model(project: Path) -> None:
    code, warnings, record = build(project)
    assert (code, warnings) == (0, "")
    items = {item["name"]: item for item in record["items"]}
    authenticated = items["only_authenticated_frames"]
    assert authenticated["verdicts"] == [
        {"claim": "only_authenticated_frames", "policy": None, "kind": "confirmed"},
    ]
    assert authenticated["result"] == "passed"
    assert authenticated["fields"]["role"] == ["Gateway"]
    assert authenticated["fields"]["target"] == ["vehicle bus"]
    assert items["frames_known"]["fields"]["restricts"] == ["frame identifiers"]
    verdict = next(one for one in record["verdicts"] if one["claim"] == "only_authenticated_frames")
    assert verdict["cases"] == 4 * 2048
    assert verdict["killed"] > 0
    page = (project / "out/index.html").read_text("utf-8")
    assert 'href="#xen-role-Gateway"' in page
    assert "both bus controllers" in page
    assert "gateway_words" in page
    assert 'id="xen-operation-forward"' in page

    # The guard out of the model: its own requirement turns red, with the frame that shows it.
    model = project / "gateway_model.py"
    text = model.read_text("utf-8")
    assert text.count("and not frame.authenticated") == 1
    model.write_text(text.replace("and not frame.authenticated", "and frame.identifier < 0"), "utf-8")
    code, warnings, record = build(project)
    assert code == 1
    assert "[xenfusa.refuted]" in warnings
    assert {item["name"]: item["result"] for item in record["items"]}["only_authenticated_frames"] == "failed"


def test_its_words_and_ours_are_checked_alike(project: Path) -> None:
    index = project / "docs/index.rst"
    text = index.read_text("utf-8").replace(":operation: forward", ":operation: forwrd")
    index.write_text(text.replace(":role: Gateway", ":role: Hardware Domain, Gatway"), "utf-8")
    code, warnings, record = build(project, "-D", "xenfusa_confirm=off")
    assert code == 1
    told = [line for line in warnings.splitlines() if "WARNING" in line]
    assert len(told) == 2, told
    assert "index.rst:16: WARNING: found the role 'Gatway'" in told[0]
    assert "the nearest is 'Gateway'" in told[0]
    assert "the nearest is 'forward'" in told[1]
    assert all(line.endswith("[xenfusa.vocabulary]") for line in told)
    items = {item["name"]: item for item in record["items"]}
    assert items["only_authenticated_frames"]["fields"]["role"] == []
    assert items["only_authenticated_frames"]["fields"]["target"] == ["vehicle bus"]


def test_without_the_package_its_words_are_unknown_and_the_text_stays(project: Path) -> None:
    shutil.rmtree(project / "gateway_requirements-1.0.dist-info")
    code, warnings, record = build(project, "-D", "xenfusa_confirm=off")
    assert code == 1
    types = {line.rsplit("[", 1)[-1].rstrip("]") for line in warnings.splitlines() if "WARNING" in line}
    assert types == {"xenfusa.vocabulary", "xenfusa.unknown_claim"}
    assert "It stands between" in (project / "out/index.html").read_text("utf-8")
    assert {item["result"] for item in record["items"]} <= {"not run", "none"}


def test_a_page_is_read_again_when_a_package_comes(project: Path) -> None:
    info, away = project / "gateway_requirements-1.0.dist-info", project / "away"
    info.rename(away)
    assert build(project, "-D", "xenfusa_confirm=off")[0] == 1
    away.rename(info)
    code, warnings, _ = build(project, "-D", "xenfusa_confirm=off")
    assert (code, warnings) == (0, "")


def points(**values: str) -> list[EntryPoint]:
    return [EntryPoint(name, value, GROUP) for name, value in values.items()]


@pytest.fixture
def offers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "offered_terms.py").write_text(
        "from sphinx_xenfusa.terms.term import Term, TermKind\n"
        "GOOD = (Term(TermKind.ROLE, 'Gateway'),)\n"
        "SAME = (Term(TermKind.TARGET, 'moon'), Term(TermKind.ROLE, 'Gateway'))\n"
        "OURS = (Term(TermKind.ROLE, 'DomU', 'Something else.'),)\n"
        "TWICE = (Term(TermKind.ROLE, 'A'), Term(TermKind.ROLE, 'A'))\n"
        "COMMA = (Term(TermKind.ROLE, 'A, B'),)\n"
        "EMPTY = (Term(TermKind.ROLE, ''),)\n"
        "NO_TERM = ('Gateway',)\n"
        "NO_KIND = (Term('role', 'Gateway'),)\n"
        "NUMBER = 3\n",
        "utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("offered_terms:OURS", "a second role 'DomU'"),
        ("offered_terms:TWICE", "a second role 'A'"),
        ("offered_terms:COMMA", "the role 'A, B'"),
        ("offered_terms:EMPTY", "the role ''"),
        ("offered_terms:NO_TERM", "'Gateway'"),
        ("offered_terms:NO_KIND", "Term(kind='role'"),
        ("offered_terms:NUMBER", "cannot be read"),
        ("offered_terms:MISSING", "cannot be read"),
        ("no_such_module:TERMS", "cannot be read"),
    ],
)
@pytest.mark.usefixtures("offers")
def test_a_faulty_entry_point_costs_its_terms_and_no_others(value: str, words: str) -> None:
    vocabulary = load_vocabulary(points(a_faulty=value, good="offered_terms:GOOD"))
    assert [str(fault.place) for fault in vocabulary.faults] == [f"entry point {GROUP}:a_faulty"]
    assert words in vocabulary.faults[0].message
    gateway = vocabulary.find(TermKind.ROLE, "Gateway")
    assert gateway == Term(TermKind.ROLE, "Gateway", package="offered_terms")
    assert set(our_terms()) <= set(vocabulary.terms)
    assert len(vocabulary.terms) == len(our_terms()) + 1


@pytest.mark.usefixtures("offers")
def test_the_first_of_two_packages_keeps_a_name() -> None:
    vocabulary = load_vocabulary(points(b="offered_terms:SAME", a="offered_terms:GOOD"))
    assert [str(fault.place) for fault in vocabulary.faults] == [f"entry point {GROUP}:b"]
    assert vocabulary.find(TermKind.TARGET, "moon") is None


def test_ours_are_the_models() -> None:
    names = [term.name for term in load_vocabulary([]).of(TermKind.ROLE)]
    assert names == [role.value for role in Role]
