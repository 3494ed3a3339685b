"""The rings that are written out for other tools: the honest one, and the smallest in which each harm can be met."""

from __future__ import annotations

from sphinx_xenfusa.model.ring.mechanisms import MECHANISMS
from sphinx_xenfusa.model.ring.peers import ring
from sphinx_xenfusa.model.ring.state import Bounds

# Several harms can be met in one ring: the first one names it.
_NAMES: dict[Bounds, str] = {Bounds(): "honest"}
for _mechanism in MECHANISMS:
    for _found in _mechanism.found:
        _NAMES.setdefault(_found.bounds, f"{_mechanism.id} {_found.harm.name}")

SYSTEMS = {name: ring(bounds) for bounds, name in _NAMES.items()}
