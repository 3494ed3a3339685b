"""The child that runs the claims: what lies around it does not reach it, and what it cannot do is said."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from tests_support import Built, requirement

from sphinx_xenfusa.confirm.plan_inputs import KeptPlanInputs
from sphinx_xenfusa.confirm.registry import Installed, load_claims
from sphinx_xenfusa.sphinxext import build as steps
from sphinx_xenfusa.trace.states import Result

TITLE = "Page\n====\n\n"
REGISTER = """\
xen_commit: c447b7308b1330ec6dcfef37220736c28f41daa0
reviewer: nobody
date: "2026-11-22"
divergences:
  D1: {document: One., xen: Another., source: none}
expected: []
"""
FILES = {"index.rst": TITLE + requirement(options=":confirmed-by: hwdom_single"), "register.yaml": REGISTER}
SETTINGS = {"xenfusa_confirm": "cache", "xenfusa_divergences": "register.yaml"}


@pytest.fixture(autouse=True)
def one_claim(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Lets the child run a claim that takes no time, in place of all that are installed."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "sitecustomize.py").write_text(
        "from dataclasses import replace\n"
        "from sphinx_xenfusa.confirm.plan_inputs import KeptPlanInputs\n"
        "load = KeptPlanInputs.installed\n"
        "def few(self):\n"
        "    found = load(self)\n"
        "    return replace(found, claims={'hwdom_single': found.claims['hwdom_single']})\n"
        "KeptPlanInputs.installed = few\n",
        "utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path / "lib")
    one = Installed({"hwdom_single": load_claims()["hwdom_single"]}, {}, ())
    monkeypatch.setattr(KeptPlanInputs, "installed", lambda self: one)


def test_modules_in_the_current_folder_are_not_imported(
    build: Callable[..., Built], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "yaml.py").write_text("raise SystemExit('not the real one')\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    built = build(FILES, **SETTINGS)
    assert built.warnings == []
    assert built.record.items[0].result is Result.PASSED


def test_a_cache_that_cannot_be_written_is_said(build: Callable[..., Built]) -> None:
    built = build({**FILES, ".xenfusa": ""}, **SETTINGS)
    assert built.types() == ["xenfusa.input"]
    assert "verdicts are not kept" in built.warnings[0]
    assert built.record.items[0].result is Result.PASSED


def test_a_child_that_cannot_start_is_an_error(build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch) -> None:
    def no_process(self: object, app: Sphinx, register: Path) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(steps.ConfirmationProcess, "__init__", no_process)
    built = build(FILES, **SETTINGS)
    assert set(built.types()) == {"xenfusa.claim_error"}
    assert built.record.items[0].result is Result.ERROR


def test_a_record_that_cannot_be_written_is_said(build: Callable[..., Built], tmp_path: Path) -> None:
    (tmp_path / "docs-html").mkdir()
    (tmp_path / "docs-html" / "xenfusa").touch()
    built = build(FILES)
    assert set(built.types()) == {"xenfusa.input"}
    for lost in (
        "xenfusa/trace.json",
        "xenfusa/metrics.json",
        "xenfusa/inputs.sha256",
        "the pages below xenfusa/claims",
    ):
        assert len([one for one in built.warnings if lost in one]) == 1, lost
