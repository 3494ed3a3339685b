"""The trace as plain text for a terminal or a mail, from nothing at all to every item.

The verbosities are OpenFastTrace's (``ReportVerbosity.java``), by name and by what each of them is for; the words and the layout
are our own.  Every line that judges something starts with a symbol and a word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum

from sphinx_xenfusa.interop.test_words import has_tests, item_lines, lists_in_words, total_words
from sphinx_xenfusa.interop.visible import visible_lines
from sphinx_xenfusa.trace.judgement import Fault, Judged, Judgement, Order, Totals, link_words
from sphinx_xenfusa.trace.record import Finding, Justification, Link, TraceRecord
from sphinx_xenfusa.trace.states import Coverage, LinkStatus, OftStatus, Result
from sphinx_xenfusa.trace.test_results import StaleReasons


class Verbosity(StrEnum):
    """How much the report says, least first."""

    QUIET = "quiet"
    """Nothing: the exit code says it."""
    MINIMAL = "minimal"
    """Whether all is well, in a word."""
    SUMMARY = "summary"
    """The totals."""
    FAILURES = "failures"
    """The ids of the defects, one a line."""
    FAILURE_SUMMARIES = "failure_summaries"
    """A line for each defect and finding, and the totals."""
    FAILURE_DETAILS = "failure_details"
    """Each defect with its text and links, the findings, and the totals."""
    ALL = "all"
    """Each item with its text and links, the findings, and the totals."""


SYMBOLS = {Order.DEFECT: "✗", Order.JUSTIFIED: "◇", Order.REJECTED: "–", Order.IN_ORDER: "✓"}
"""A symbol for each word."""

Paint = Callable[[str], str]
"""Colours a line by its symbol; the words say the same without."""


def monochrome(line: str) -> str:
    """No colour."""
    return line


def plain_report(
    record: TraceRecord,
    judgement: Judgement,
    verbosity: Verbosity,
    *,
    paint: Paint = monochrome,
    notes: Iterable[str] = (),
) -> str:
    """The report, with a line end after each line; empty for :attr:`Verbosity.QUIET`.

    :param notes: what a reader has to know of how the trace was made, such as a filter.
    """
    lines = _Report(record, judgement, tuple(notes)).lines(verbosity)
    return "".join(f"{paint(visible_lines(line))}\n" for line in lines)


class _Report:
    def __init__(self, record: TraceRecord, judgement: Judgement, notes: tuple[str, ...]) -> None:
        self._record = record
        self._judgement = judgement
        self._notes = notes
        self._stale = StaleReasons(record.reports)
        self._justified: Mapping[str, Justification] = {one.id: one for one in record.justifications if not one.expired}

    def lines(self, verbosity: Verbosity) -> Iterator[str]:
        """The lines."""
        parts: Mapping[Verbosity, Callable[[], Iterable[str]]] = {
            Verbosity.QUIET: lambda: (),
            Verbosity.MINIMAL: lambda: (self._word(),),
            Verbosity.SUMMARY: self._summary,
            Verbosity.FAILURES: lambda: (one.id for one in self._judgement.defects),
            Verbosity.FAILURE_SUMMARIES: self._failure_summaries,
            Verbosity.FAILURE_DETAILS: lambda: self._details(self._not_in_order()),
            Verbosity.ALL: lambda: self._details(self._judgement.items),
        }
        yield from parts[verbosity]()

    def _not_in_order(self) -> list[Judged]:
        return [one for one in self._judgement.items if one.order in (Order.DEFECT, Order.JUSTIFIED)]

    def _failure_summaries(self) -> Iterator[str]:
        items = self._not_in_order()
        for one in items:
            yield self._item(one)
        yield from [""] if items else []
        yield from self._findings()
        yield from self._summary()

    def _details(self, items: Iterable[Judged]) -> Iterator[str]:
        for one in items:
            yield from self._item_details(one)
            yield ""
        yield from self._findings()
        yield from self._test_lists()
        yield from self._summary()

    def _item(self, one: Judged) -> str:
        """An item in a line: how it is, how many links are bad, what is wrong with it."""
        status = one.traced.item.oft_status
        maturity = "" if status is OftStatus.APPROVED else f" [{status.value}]"
        return f"{SYMBOLS[one.order]} {one.order.value}: {one.id}{maturity}{_link_counts(one)}{self._why(one)}"

    def _why(self, one: Judged) -> str:
        words = "; ".join(_fault_words(one))
        justification = self._justified.get(one.id)
        if one.order is Order.JUSTIFIED and justification is not None:
            words += f"; justified by {justification.owner} until {justification.expires}: {justification.reason}"
        return f": {words}" if words else ""

    def _item_details(self, one: Judged) -> Iterator[str]:
        item = one.traced.item
        yield self._item(one)
        if item.title:
            yield f"  {item.title}"
        yield f"  {item.place}"
        for line in item.text.split("\n") if item.text else ():
            yield f"  | {line}".rstrip()
        if item.needs:
            lacking = set(one.traced.uncovered)
            yield "  needs " + ", ".join(f"{type} (lacking)" if type in lacking else type for type in item.needs)
        for link in one.incoming:
            yield f"  <- {incoming_words(link)}: {link.source}"
        for link in one.outgoing:
            yield f"  -> {link_words(link)}: {link.target}"
        if item.depends:
            yield f"  depends on {', '.join(item.depends)}"
        if item.labels:
            yield f"  tags {', '.join(item.labels)}"
        yield f"  coverage in depth: {one.traced.coverage.value}; state: {one.traced.result.value}"
        for line in item_lines(one.traced, self._stale):
            yield f"  {line}"

    def _findings(self) -> Iterator[str]:
        for finding in self._judgement.findings:
            yield finding_line(finding)
        yield from [""] if self._judgement.findings else []

    def _test_lists(self) -> Iterator[str]:
        for one in lists_in_words(self._record):
            yield f"{one.title}:"
            yield from (f"  {line}" for line in one.lines)
            yield ""

    def _word(self) -> str:
        return "✓ ok" if self._judgement.good else "✗ not ok"

    def _summary(self) -> Iterator[str]:
        judgement = self._judgement
        yield f"{self._word()}: {order_words(judgement.totals)}"
        width = max(map(len, judgement.by_type), default=0)
        for type, totals in judgement.by_type.items():
            yield f"  {type:{width}}  {order_words(totals)}"
        yield f"  {links_words(judgement)}"
        yield f"  {states_words(judgement.totals)}"
        if has_tests(self._record):
            yield f"  {total_words(self._record)}"
        yield f"  {findings_words(judgement.findings)}"
        for gate in judgement.gates_missed:
            yield f"  ✗ gate not met: {gate}"
        for note in self._notes:
            yield f"  {note}"


def _link_counts(one: Judged) -> str:
    """How many links lead in and out, and how many of them are bad."""
    wrong_in = sum(link.status is not LinkStatus.COVERS for link in one.incoming)
    wrong_out = sum(link.status is not LinkStatus.COVERS for link in one.outgoing)
    parts = []
    for name, links, wrong in (("in", one.incoming, wrong_in), ("out", one.outgoing, wrong_out)):
        parts.append(f"{len(links)} {name}" + (f" ({wrong} bad)" if wrong else ""))
    return f" ({', '.join(parts)})"


def _fault_words(one: Judged) -> list[str]:
    return [words for _, words in one.faults]


def incoming_words(link: Link) -> str:
    """The status of a link, as seen from the item that it leads to."""
    return link.status.value if link.incoming is None else link.incoming.value


def finding_line(finding: Finding) -> str:
    """A finding as compilers write it."""
    place = f"{finding.place}: " if finding.place is not None else ""
    return f"{place}{' '.join(finding.message.split())} [xenfusa.{finding.subtype}]"


def order_words(totals: Totals) -> str:
    """How many items there are, and of each order and fault; what is not in order comes first."""
    orders = ", ".join(
        f"{totals.orders[order]} {order.value}" if order is not Order.DEFECT else _defects(totals)
        for order in Order
        if totals.orders[order]
    )
    return f"{counted(totals.items, 'item')}" + (f": {orders}" if orders else "")


def _defects(totals: Totals) -> str:
    return f"{counted(totals.orders[Order.DEFECT], 'defect')} ({faults_words(totals)})"


def faults_words(totals: Totals) -> str:
    """How many items have each fault; an item can have several."""
    return ", ".join(
        f"{totals.faults[fault]} {fault.value}" + (_lacking(totals) if fault is Fault.LACKS else "")
        for fault in Fault
        if totals.faults[fault]
    )


def _lacking(totals: Totals) -> str:
    return f" by {', '.join(sorted(totals.lacking))}"


def links_words(judgement: Judgement) -> str:
    """How many covers links of each status there are, worst first."""
    found = [f"{judgement.links[status]} {status.value}" for status in LinkStatus if judgement.links[status]]
    return f"{counted(judgement.links.total(), 'link')}" + (f": {', '.join(found)}" if found else "")


def states_words(totals: Totals) -> str:
    """How many items are in each state; being covered by words is no evidence, and this line says so."""
    found = [f"{totals.results[result]} {result.value}" for result in Result if totals.results[result]]
    depth = [f"{totals.coverage[one]} {one.value}" for one in Coverage if totals.coverage[one]]
    return f"coverage in depth: {', '.join(depth) or 'n/a'}; states by evidence: {', '.join(found) or 'n/a'}"


def findings_words(findings: tuple[Finding, ...]) -> str:
    """How many findings there are, by type."""
    subtypes = sorted({one.subtype for one in findings})
    of_each = [f"{sum(one.subtype == subtype for one in findings)} {subtype}" for subtype in subtypes]
    return counted(len(findings), "finding") + (f": {', '.join(of_each)}" if of_each else "")


def counted(number: int, noun: str) -> str:
    """``1 item``, ``2 items``, ``no items``."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
