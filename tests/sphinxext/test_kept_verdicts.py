"""When every verdict is kept no process is started, and the pages are the same; when one is missing it is run."""

import re
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from tests_support import Built, requirement

from sphinx_xenfusa.confirm import registry
from sphinx_xenfusa.confirm.plan_inputs import KeptPlanInputs
from sphinx_xenfusa.confirm.registry import GROUP, Installed
from sphinx_xenfusa.sphinxext import build as steps
from sphinx_xenfusa.trace.states import Result

PAGE = "Page\n====\n\n" + requirement(options=":confirmed-by: roles_closed_set") + "\n.. xen:matrix::\n"
NAMES = ("roles_closed_set", "criticality_closed_set")


@pytest.fixture(autouse=True)
def two_claims(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Lets parent and child know two claims that take no time, in place of all that are installed."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "sitecustomize.py").write_text(
        "from dataclasses import replace\n"
        "from sphinx_xenfusa.confirm.plan_inputs import KeptPlanInputs\n"
        "load = KeptPlanInputs.installed\n"
        "def few(self):\n"
        "    found = load(self)\n"
        f"    return replace(found, claims={{name: found.claims[name] for name in {NAMES}}})\n"
        "KeptPlanInputs.installed = few\n",
        "utf-8",
    )
    (tmp_path / "register.yaml").write_text(
        f'xen_commit: {"a" * 40}\nreviewer: nobody\ndate: "2026-11-22"\n'
        "divergences:\n  D1: {document: One., xen: Another., source: none}\nexpected: []\n",
        "utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path / "lib")
    all_claims = registry.load_claims()
    found = Installed({name: all_claims[name] for name in NAMES}, {}, ())
    monkeypatch.setattr(KeptPlanInputs, "installed", lambda self: found)


def no_process(self: object, app: Sphinx, register: Path) -> None:
    raise AssertionError("a process was started")


SETTINGS = {"xenfusa_confirm": "cache", "xenfusa_divergences": "../register.yaml"}


def test_what_is_kept_needs_no_process_and_looks_the_same(
    build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build({"index.rst": PAGE}, **SETTINGS)
    assert "claims: 2 run, 0 from the cache" in first.log
    page, record = first.page("index.html"), first.page("xenfusa/trace.json")
    monkeypatch.setattr(steps.ConfirmationProcess, "__init__", no_process)
    second = build(fresh=True, **SETTINGS)
    assert "claims: 0 run, 2 from the cache" in second.log
    assert second.record.items[0].result is Result.PASSED
    assert (second.page("index.html"), second.page("xenfusa/trace.json")) == (page, record)
    assert second.warnings == []


def test_what_is_missing_is_run(build: Callable[..., Built], tmp_path: Path) -> None:
    build({"index.rst": PAGE}, **SETTINGS)
    folder = tmp_path / "docs" / ".xenfusa" / "cache"
    kept = sorted(path for path in folder.iterdir() if re.fullmatch(r"[0-9a-f]{64}\.json", path.name))
    assert len(kept) == 2
    kept[0].write_text("{", "utf-8")
    assert "claims: 1 run, 1 from the cache" in build(fresh=True, **SETTINGS).log


def test_force_runs_what_is_kept(build: Callable[..., Built]) -> None:
    build({"index.rst": PAGE}, **SETTINGS)
    assert "claims: 2 run, 0 from the cache" in build(fresh=True, **SETTINGS | {"xenfusa_confirm": "force"}).log


def test_a_package_that_cannot_be_imported_costs_its_own_claims(
    build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = registry.installed([EntryPoint("broken", "no_such_package_of_claims:CLAIMS", GROUP)])
    both = Installed({name: registry.load_claims()[name] for name in NAMES}, {}, broken.problems)
    monkeypatch.setattr(KeptPlanInputs, "installed", lambda self: both)
    built = build({"index.rst": PAGE}, **SETTINGS)
    assert built.types() == ["xenfusa.input"]
    assert "entry point sphinx_xenfusa.claims:broken" in built.warnings[0]
    assert "what it offers is left out" in built.warnings[0]
    assert built.record.items[0].result is Result.PASSED
