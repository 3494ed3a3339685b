"""Traces with the names of domains where the model tells a field by the position of one.

The model knows domains by their positions: a field reads ``mapped by domain 1``.  A trace begins with its domains, in their
order, each with its roles, its criticality and its life-cycle, so that the position has a name there.  Whoever shows a trace to
people shows the name.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import takewhile

from sphinx_xenfusa.explore.trace import Step, Trace

_BY_POSITION = re.compile(r"\bby domain ([0-9]{1,2})$")
_A_DOMAIN = re.compile(r", (?:safe|unsafe), ")


def with_names(trace: Trace) -> Trace:
    """The trace with names in the place of positions; a position for which it has no name stays."""
    names = [name for name, _ in takewhile(lambda field: _A_DOMAIN.search(field[1]), trace.initial)]
    if not names or not any(_BY_POSITION.search(change.field) for step in trace.steps for change in step.changed):
        return trace
    return replace(trace, steps=tuple(_step(step, names) for step in trace.steps))


def _step(step: Step, names: list[str]) -> Step:
    changed = (replace(change, field=_named(change.field, names)) for change in step.changed)
    return replace(step, changed=tuple(changed))


def _named(field: str, names: list[str]) -> str:
    found = _BY_POSITION.search(field)
    if found is None or int(found[1]) >= len(names):
        return field
    return f"{field[: found.start()]}by {names[int(found[1])]}"
