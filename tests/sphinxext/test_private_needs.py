"""What needs_bridge takes for granted of sphinx-needs' insides: each of these fails when a version of it has others."""

from __future__ import annotations

import json
from collections.abc import Callable

from sphinx_needs.data import SphinxNeedsData
from tests_support import Built, requirement


def test_states_and_the_store_arrive_where_sphinx_needs_looks(build: Callable[..., Built]) -> None:
    built = build({"index.rst": requirement()}, needs_build_json=True)
    assert built.status == 0
    (traced,) = built.record.items
    (version,) = json.loads(built.page("needs.json"))["versions"].values()
    (need,) = version["needs"].values()
    # Written past the doors of a need (``_extras``).
    assert need["xen_state"] == traced.result.value
    assert need["xen_fingerprint"] == traced.fingerprint
    # Put in the place of the store (``_needs_all_needs``), so that no event has all needs made into text.
    assert repr(SphinxNeedsData(built.app.env)._env_needs) == "<1 needs>"
