"""Traces as document nodes: what holds at first, and every step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from docutils import nodes

from sphinx_xenfusa.explore.trace import Step, Trace
from sphinx_xenfusa.sphinxext.blocks import Cell, paragraph


class _Tables(Protocol):
    """Makes a table with an id that is unique on its page."""

    def __call__(
        self, title: str, headings: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[Cell]], *classes: str
    ) -> nodes.table: ...


def trace_nodes(table: _Tables, kind: str, trace: Trace) -> list[nodes.Node]:
    """A trace as its initial state and a table of steps."""
    made: list[nodes.Node] = [paragraph(nodes.strong("", f"{kind}: "), trace.title)]
    if trace.initial:
        start = nodes.field_list(classes=["xenfusa-initial"])
        for name, value in trace.initial:
            start += nodes.field("", nodes.field_name("", name), nodes.field_body("", nodes.paragraph("", value)))
        made.append(start)
    if trace.steps:
        rows = [_step(number, step) for number, step in enumerate(trace.steps, 1)]
        headings = ("Step", "Party", "Action", "Outcome", "What changed", "Source")
        made.append(table(f"{kind}, step by step", headings, (7, 13, 24, 18, 22, 16), rows, "xenfusa-trace"))
    return made


def _step(number: int, step: Step) -> Sequence[Cell]:
    action: list[nodes.Node] = [paragraph(nodes.literal("", step.action))]
    action += [paragraph(f"{name}: {value}") for name, value in step.parameters]
    changed: list[nodes.Node] = [
        paragraph(nodes.strong("", change.field), f": {change.before} → {change.after}") for change in step.changed
    ]
    return (str(number), step.party, action, step.outcome, changed or "nothing", step.clause)
