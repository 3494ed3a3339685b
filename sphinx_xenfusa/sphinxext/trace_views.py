"""Traces as document nodes: what holds at first, a sequence chart, and a table with every step.

The chart and the table are all there is without a script, in print and in other formats (these have no chart).  In a browser
``xenfusa-traces.js`` puts controls to step through it and the state after each step beside the chart; it takes what it shows
from the table, so that nothing is on the page twice.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from docutils import nodes
from sphinx.builders import Builder

from sphinx_xenfusa.explore.trace import Step, Trace
from sphinx_xenfusa.sphinxext.blocks import Cell, paragraph
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.trace_charts import chart
from sphinx_xenfusa.trace.named_domains import with_names
from sphinx_xenfusa.trace.states import Result

_HEADINGS = ("Step", "Party", "Action", "Outcome", "What changed", "Source")
_WIDTHS = (8, 15, 23, 18, 20, 16)


class Page(Protocol):
    """The page that a trace is shown on."""

    @property
    def builder(self) -> Builder:
        """Who writes the page."""

    @property
    def traces(self) -> Counter[str]:
        """How often each trace stands on the page already."""

    def operation(self, name: str) -> nodes.Node:
        """The name of an operation, with a link where it is described."""

    def clause(self, words: str) -> list[nodes.Node]:
        """What a step comes from, with links to what of it is described."""

    def table(
        self, title: str, headings: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[Cell]], *classes: str
    ) -> nodes.table:
        """A table with an id that is unique on the page."""


def trace_nodes(page: Page, kind: str, trace: Trace) -> list[nodes.Node]:
    """A trace: what holds at first, and every step."""
    trace = with_names(trace)
    said = paragraph(nodes.strong("", f"{kind}: "), trace.title)
    start = initial(trace)
    if not trace.steps:
        return [said, *start]
    rows = [_step(page, number, step) for number, step in enumerate(trace.steps, 1)]
    table = page.table(f"{kind}, step by step", _HEADINGS, _WIDTHS, rows, "xenfusa-trace")
    return [stepper(page, kind, trace, [said, *start], table)]


def stepper(page: Page, kind: str, trace: Trace, before: Sequence[nodes.Node], table: nodes.table) -> nodes.container:
    """A trace that can be stepped through: what is said before it, the chart, and the table of its steps.

    :param table: has a row for each step, the number in its first cell, and what changed as :func:`changes` writes it.
    """
    name = _name(page, trace)
    made = nodes.container(classes=["xenfusa-stepper"], ids=[name])
    made += [*before, *(_contradiction(words) for words in contradictions(trace))]
    if page.builder.format != "html":
        made += table
        return made
    _tie(table, name)
    made += chart(trace, name, f"{kind}: sequence chart", [table])
    return made


def _name(page: Page, trace: Trace) -> str:
    """The id of a trace on its page: of what the trace says: as long as it does, links to its steps lead there."""
    name = f"trace-{hashlib.sha256(repr(trace).encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    page.traces[name] += 1
    return name if page.traces[name] == 1 else f"{name}-{page.traces[name]}"


def _tie(table: nodes.table, name: str) -> None:
    """Give each row an id, and make of its number a link to it: that is how a step is sent to somebody."""
    body = next(iter(table.findall(nodes.tbody)))
    for number, row in enumerate(body.children, 1):
        if isinstance(row, nodes.row):
            row["ids"].append(f"{name}-step-{number}")
            link = nodes.reference("", str(number), refid=f"{name}-step-{number}", internal=True)
            row[0] = nodes.entry("", paragraph(link))


def initial(trace: Trace) -> list[nodes.Node]:
    """What holds before the first step; nothing where the trace does not say it."""
    if not trace.initial:
        return []
    start = nodes.field_list(classes=["xenfusa-initial"])
    for name, value in trace.initial:
        start += nodes.field("", nodes.field_name("", name), nodes.field_body("", nodes.paragraph("", value)))
    return [start]


def contradictions(trace: Trace) -> Iterator[str]:
    """Where a step says of a field that it was something else before than what the trace said last."""
    told = Counter(name for name, _ in trace.initial)
    last = {name: value for name, value in trace.initial if told[name] == 1}
    for number, step in enumerate(trace.steps, 1):
        for change in step.changed:
            known = last.get(change.field, change.before)
            if known != change.before:
                yield f"step {number} says that {change.field} was {change.before}; what is told before it says {known}"
            last[change.field] = change.after


def _contradiction(words: str) -> nodes.paragraph:
    state = marked(Result.ERROR, "this trace contradicts itself")
    return paragraph(state, f": {words}.", classes=["xenfusa-wrong"])


def changes(step: Step) -> list[nodes.Node] | str:
    """What a step changed, as a cell; the script reads field, value before and value after from its parts."""
    return [
        paragraph(
            nodes.strong("", change.field),
            ": ",
            nodes.inline("", change.before),
            " → ",
            nodes.inline("", change.after),
            classes=["xenfusa-change"],
        )
        for change in step.changed
    ] or "nothing"


def outcome(words: str) -> nodes.paragraph:
    """The outcome of a step, as a cell."""
    return paragraph(words, classes=["xenfusa-outcome"])


def _step(page: Page, number: int, step: Step) -> Sequence[Cell]:
    action: list[nodes.Node] = [paragraph(page.operation(step.action))]
    action += [paragraph(f"{name}: {value}") for name, value in step.parameters]
    return (str(number), step.party, action, outcome(step.outcome), changes(step), paragraph(*page.clause(step.clause)))
