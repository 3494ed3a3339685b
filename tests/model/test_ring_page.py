"""The page about interference says of each mechanism what the catalogue says and what the search finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_ring_mechanisms import LENGTHS

from sphinx_xenfusa.claims.ring_claims import words
from sphinx_xenfusa.model.ring.mechanisms import MECHANISMS, Mechanism

PAGE = " ".join((Path(__file__).parents[2] / "docs/fusa/interference.rst").read_text("utf-8").split())


@pytest.mark.parametrize("one", MECHANISMS, ids=lambda one: one.id)
def test_the_row_of_a_mechanism(one: Mechanism) -> None:
    # ``LENGTHS`` are held against the search by test_ring_mechanisms.
    harms = [
        f"- The {one.misbehaving.other.name.lower()} {found.harm.value}: {LENGTHS[f'{one.id} {found.harm.name}']} steps. "
        f"Stopped by {words(found.stopped_by)}."
        for found in one.found
    ]
    remains = [f"What remains: {one.remains}"] if one.remains else []
    row = [
        f"* - {one.id}, {one.direction} :xen:verdict:`{one.claim}` - {one.what}",
        *harms,
        *remains,
        f"- {one.evidence}",
    ]
    assert " ".join(row) in PAGE


def test_the_page_names_the_other_five() -> None:
    assert all(f"{name} (a " in PAGE for name in ("g1", "g2", "g3", "d3")) and "d4 (an " in PAGE
