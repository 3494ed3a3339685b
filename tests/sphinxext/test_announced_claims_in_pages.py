"""A requirement whose claim is announced says so: not run, with the reason, never green and never an unknown claim."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests_support import Built, requirement, verdict

from sphinx_xenfusa.confirm import registry
from sphinx_xenfusa.confirm.plan_inputs import KeptPlanInputs, PlanInputs
from sphinx_xenfusa.explore.claim import AnnouncedClaim
from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.trace.states import Result

TITLE = "Page\n====\n\n"
LATER = requirement("sync_stuck", "hazard", ":confirmed-by: sync_stuck")
BOTH = requirement("two", "hazard", ":confirmed-by: roles_closed_set, sync_stuck")
TABLES = "\n.. xen:summary::\n\n.. xen:matrix::\n"
ANNOUNCED = AnnouncedClaim("sync_stuck", "It stays.", ("XenArch~sync_stuck~1",), "a model of a vCPU that waits")
CONFIRMED = (verdict("roles_closed_set", None, VerdictKind.CONFIRMED),)


@pytest.fixture(autouse=True)
def announced(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a claim of ours were announced: today all of them run."""
    offered = registry.installed()
    with_it = replace(offered, claims={**offered.claims, ANNOUNCED.id: ANNOUNCED})
    for inputs in (PlanInputs, KeptPlanInputs):
        monkeypatch.setattr(inputs, "installed", lambda self: with_it)


def test_it_is_not_run_and_the_page_says_why(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE + LATER + BOTH + TABLES}, verdicts=CONFIRMED)
    page = built.page("index.html")
    assert built.warnings == []
    assert [traced.result for traced in built.record.items] == [Result.NOT_RUN, Result.NOT_RUN]
    assert "0 of 2 passed" in page
    assert "no model yet: a model of a vCPU that waits" in page
    assert [one.kind for one in built.record.verdicts if one.claim == "sync_stuck"] == [VerdictKind.NOT_RUN]


def test_the_reason_is_the_same_when_confirmation_is_off(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE + LATER})
    assert built.record.items[0].verdicts[0].reason.startswith("no model yet: ")
    assert built.warnings == []
