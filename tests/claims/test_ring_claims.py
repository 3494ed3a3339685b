"""The claims about rings: each holds, and falls with the hardening that it is about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sphinx_xenfusa.claims.ring_claims import CLAIMS, Withstands
from sphinx_xenfusa.claims.rule_claims import PropertySearch, RuleClaim
from sphinx_xenfusa.explore.claim import Budget
from sphinx_xenfusa.explore.rule_mutants import UNCHANGED
from sphinx_xenfusa.model.ring.mechanisms import MECHANISMS
from sphinx_xenfusa.model.ring.peers import ring

RULES = {claim.id: claim for claim in CLAIMS if isinstance(claim, RuleClaim)}


def test_every_mechanism_has_a_claim_of_its_own() -> None:
    assert {one.claim for one in MECHANISMS} <= RULES.keys() == {claim.id for claim in CLAIMS}


@pytest.mark.parametrize("name", RULES)
def test_it_holds_and_shows_something(name: str) -> None:
    found = PropertySearch(RULES[name].properties).search(UNCHANGED, Budget(), small=False)
    assert found.counterexample is None
    assert found.witness is not None
    assert found.witness.steps
    assert all(one.complete for one in found.explored)


@pytest.mark.parametrize(
    "name", [name for name, claim in RULES.items() if claim.properties[0].says.startswith("without")]
)
def test_without_hardening_it_falls(name: str) -> None:
    # A claim about both directions has no part about hardening: it falls where there is some.
    for one in RULES[name].properties:
        if isinstance(one, Withstands):
            found = replace(one, system=ring(one.system.constants.only())).examine(UNCHANGED, Budget())
        else:
            found = replace(one, system=ring(one.system.constants.hardened())).examine(UNCHANGED, Budget())
        assert found.counterexample is not None


def test_the_safety_of_a_ring_falls_with_each_check_of_the_domain() -> None:
    safe = [one for one in RULES["ffi_ring_safety_is_domains"].properties if isinstance(one, Withstands)]
    assert len(safe) == 2
    for one, measure in zip(safe, ("distance_check", "in_flight_check"), strict=True):
        weaker = replace(one, system=ring(replace(one.system.constants, **{measure: False})))
        assert weaker.examine(UNCHANGED, Budget()).counterexample is not None


@pytest.mark.parametrize("measure", ["distance_check", "budget", "in_flight_check"])
def test_rings_without_a_measure_are_not_possible(measure: str) -> None:
    refuted = [
        one
        for one in RULES["ffi_rings_possible"].properties[2:]
        if one.system.constants.counted
        and replace(one, system=ring(replace(one.system.constants, **{measure: False})))
        .examine(UNCHANGED, Budget())
        .counterexample
    ]
    assert refuted
