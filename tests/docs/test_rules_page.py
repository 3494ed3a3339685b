"""The model on the page about rules does what the page says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from sphinx_xenfusa.claims.rule_claims import RuleClaim
from sphinx_xenfusa.explore.claim import Budget
from sphinx_xenfusa.explore.verdict import VerdictKind

EXAMPLE = Path(__file__).parent / "example_rules" / "two_doors.py"


def example() -> tuple[RuleClaim, ...]:
    spec = importlib.util.spec_from_file_location("two_doors", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CLAIMS


@pytest.mark.parametrize(("number", "states"), [(0, [12, 9]), (1, [9])])
def test_the_example_is_confirmed(number: int, states: list[int]) -> None:
    verdict = example()[number].run(None, Budget())
    assert verdict.kind is VerdictKind.CONFIRMED, verdict.reason
    assert [one.states for one in verdict.explored] == states
    assert verdict.killer is not None
    assert verdict.witness is not None
    assert verdict.witness.steps
