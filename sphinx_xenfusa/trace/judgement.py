"""What a record amounts to: which items are in order, what is wrong with the others, and how many there are of each.

OpenFastTrace calls an item a *defect* that stands twice, or that is not rejected and has a link that is not as it should be, at
either end, or is not covered in depth (``LinkedSpecificationItem.isDefect``).  So do we; to these come what OpenFastTrace does
not know: suspect links, what the tracing policy asks for, and what ran and failed.  An item that lacks coverage and is
justified is neither a defect nor in order: it has a word of its own in every total.

Everything here is read from the record; the reports count nothing themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sphinx_xenfusa.trace.record import Finding, Link, TracedItem, TraceRecord
from sphinx_xenfusa.trace.states import (
    Coverage,
    ExitCode,
    IncomingStatus,
    LinkStatus,
    OftStatus,
    Result,
    combined_exit_code,
)

INPUT = "input"
"""The subtype of findings about what could not be read."""


class Order(StrEnum):
    """Whether an item is in order, worst first."""

    DEFECT = "defect"
    JUSTIFIED = "justified"
    """It lacks coverage, or something that covers it does, and somebody says why."""
    REJECTED = "rejected"
    """It asks for nothing any more, whatever its links are."""
    IN_ORDER = "in order"


class Fault(StrEnum):
    """What can be wrong with an item."""

    DUPLICATE = "duplicate"
    FAILED = "failed"
    BAD_LINK = "with a bad link"
    BAD_COVERAGE = "wrongly covered"
    CYCLE = "in or above a cycle"
    SUSPECT = "suspect"
    LACKS = "uncovered"
    POLICY = "short of the policy"
    BELOW = "above uncovered"
    """Something covers it that is itself not covered."""
    FINDING = "with a finding"
    """None of the others, and something was found about it all the same."""


_EXCUSABLE = {Fault.LACKS, Fault.POLICY, Fault.BELOW}
_FAILED = {Result.FAILED, Result.ERROR, Result.STALE}
_GOOD_INCOMING = {IncomingStatus.COVERED_SHALLOW, None}


@dataclass(frozen=True, slots=True)
class Judged:
    """An item with what is linked to it and what is wrong with it.

    :param outgoing: its links to what it covers.
    :param incoming: the links of what covers it, rightly or not.
    :param faults: what is wrong, each in words; empty for an item in order.
    :param findings: what was found about it.
    """

    traced: TracedItem
    outgoing: tuple[Link, ...]
    incoming: tuple[Link, ...]
    faults: tuple[tuple[Fault, str], ...]
    order: Order
    findings: tuple[Finding, ...]

    @property
    def id(self) -> str:
        """Its tag."""
        return str(self.traced.item.tag)


@dataclass(frozen=True, slots=True)
class Totals:
    """How many items there are, all of them and of each order, fault and state.

    :param orders: each item counts once.
    :param faults: an item counts once for each fault that it has.
    :param lacking: how many items lack each type.
    """

    items: int
    orders: Counter[Order]
    faults: Counter[Fault]
    coverage: Counter[Coverage]
    results: Counter[Result]
    lacking: Counter[str]

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            items=self.items + other.items,
            orders=self.orders + other.orders,
            faults=self.faults + other.faults,
            coverage=self.coverage + other.coverage,
            results=self.results + other.results,
            lacking=self.lacking + other.lacking,
        )

    @classmethod
    def of(cls, items: Sequence[Judged]) -> Totals:
        """The totals of some items."""
        return cls(
            items=len(items),
            orders=Counter(one.order for one in items),
            faults=Counter(fault for one in items for fault in dict.fromkeys(fault for fault, _ in one.faults)),
            coverage=Counter(one.traced.coverage for one in items),
            results=Counter(one.traced.result for one in items),
            lacking=Counter(type for one in items for type in one.traced.uncovered),
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a record amounts to.

    :param items: in the record's order.
    :param by_type: the totals of each type, in the order in which the types come.
    :param links: how many covers links of each status there are.
    :param findings: what was found, in the record's order.
    """

    items: tuple[Judged, ...]
    totals: Totals
    by_type: dict[str, Totals]
    links: Counter[LinkStatus]
    findings: tuple[Finding, ...]
    gates_missed: tuple[str, ...]

    @property
    def defects(self) -> list[Judged]:
        """The items that are defects."""
        return [one for one in self.items if one.order is Order.DEFECT]

    @property
    def unreadable(self) -> list[Finding]:
        """What could not be read."""
        return [one for one in self.findings if one.subtype == INPUT]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong: no defect, no finding, no gate missed."""
        return self.exit_code is ExitCode.GOOD

    @property
    def exit_code(self) -> ExitCode:
        """0 where nothing is wrong, 1 for defects, findings and missed gates, 2 where something could not be read."""
        wrong = self.totals.orders[Order.DEFECT] or len(self.unreadable) < len(self.findings) or self.gates_missed
        codes = [ExitCode.FINDING] if wrong else []
        return combined_exit_code([*codes, *(ExitCode.UNREADABLE for _ in self.unreadable[:1])])


def judge(record: TraceRecord) -> Judgement:
    """What a record amounts to; linear in items, links and findings."""
    outgoing: defaultdict[str, list[Link]] = defaultdict(list)
    incoming: defaultdict[str, list[Link]] = defaultdict(list)
    findings: defaultdict[str, list[Finding]] = defaultdict(list)
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for traced in record.items:
        by_name[_name(str(traced.item.tag))].append(str(traced.item.tag))
    for link in record.links:
        if link.type == "covers":
            outgoing[link.source].append(link)
            for tag in _other_ends(link, by_name):
                incoming[tag].append(link)
    for finding in record.findings:
        findings[finding.about].append(finding)
    ends = {tag: [end for link in links for end in _other_ends(link, by_name)] for tag, links in outgoing.items()}
    inexcusable = _above([str(one.item.tag) for one in record.items if _lacks_without_excuse(one)], ends)
    items = tuple(
        _judged(traced, outgoing[tag], incoming[tag], findings[tag], tag not in inexcusable)
        for traced, tag in ((traced, str(traced.item.tag)) for traced in record.items)
    )
    of_type: defaultdict[str, list[Judged]] = defaultdict(list)
    for one in items:
        of_type[one.traced.item.tag.type].append(one)
    by_type = {type: Totals.of(some) for type, some in of_type.items()}
    return Judgement(
        items=items,
        totals=sum(by_type.values(), start=Totals.of(())),
        by_type=by_type,
        links=Counter(link.status for link in record.links if link.type == "covers"),
        findings=record.findings,
        gates_missed=tuple(gate.name for gate in record.gates if gate.met is False),
    )


def _name(tag: str) -> str:
    return tag.rpartition("~")[0]


def _other_ends(link: Link, by_name: defaultdict[str, list[str]]) -> Iterable[str]:
    """The items that a link concerns: that which it names, or all revisions there are if it names a wrong one."""
    if link.incoming in (IncomingStatus.COVERED_OUTDATED, IncomingStatus.COVERED_PREDATED):
        return by_name.get(_name(link.target), ())
    return (link.target,) if link.incoming is not None or link.status is LinkStatus.SUSPECT else ()


def _lacks_without_excuse(traced: TracedItem) -> bool:
    lacks = bool(traced.uncovered or traced.lacks) or traced.coverage is Coverage.CYCLE
    return lacks and not traced.justified


def _above(sources: Iterable[str], ends: Mapping[str, Sequence[str]]) -> set[str]:
    """Some items, and everything that rests on them; each is visited once."""
    reached = set(sources)
    waiting = list(reached)
    while waiting:
        fresh = [end for end in ends.get(waiting.pop(), ()) if end not in reached]
        reached.update(fresh)
        waiting += fresh
    return reached


def _judged(
    traced: TracedItem, outgoing: Sequence[Link], incoming: Sequence[Link], findings: Sequence[Finding], excused: bool
) -> Judged:
    """An item with what is wrong with it.

    :param excused: whether everything that it and what covers it lack is justified.
    """
    faults = tuple(_faults(traced, outgoing, incoming))
    if findings and not faults:
        faults = tuple((Fault.FINDING, finding.message) for finding in findings)
    kinds = {fault for fault, _ in faults}
    if traced.item.oft_status is OftStatus.REJECTED and Fault.DUPLICATE not in kinds:
        order = Order.REJECTED
    elif not kinds:
        order = Order.IN_ORDER
    else:
        order = Order.JUSTIFIED if excused and kinds <= _EXCUSABLE else Order.DEFECT
    return Judged(traced, tuple(outgoing), tuple(incoming), faults, order, tuple(findings))


def _faults(traced: TracedItem, outgoing: Sequence[Link], incoming: Sequence[Link]) -> Iterator[tuple[Fault, str]]:
    """What is wrong with an item, in the order of :class:`Fault`."""
    if traced.duplicates:
        yield Fault.DUPLICATE, f"stands also at {', '.join(map(str, traced.duplicates))}"
    if traced.result in _FAILED:
        yield Fault.FAILED, traced.result.value
    for link in outgoing:
        if link.status is not LinkStatus.COVERS:
            yield Fault.BAD_LINK, f"covers {link.target}: {link_words(link)}"
    for link in incoming:
        if link.incoming not in _GOOD_INCOMING:
            yield Fault.BAD_COVERAGE, f"covered by {link.source}: {link.status.value}"
    if traced.coverage is Coverage.CYCLE:
        yield Fault.CYCLE, "in or above a cycle"
    if traced.suspect:
        yield Fault.SUSPECT, f"suspect: the text of {', '.join(traced.suspect)} changed"
    if traced.uncovered:
        yield Fault.LACKS, f"lacks {', '.join(traced.uncovered)}"
    if traced.lacks:
        yield Fault.POLICY, f"lacks {', '.join(traced.lacks)}"
    if traced.coverage is Coverage.UNCOVERED and not traced.uncovered:
        yield Fault.BELOW, "something that covers it is not covered"


def link_words(link: Link) -> str:
    """The status of a link, and what else holds for it."""
    return ", ".join(status.value for status in (link.status, *link.also))
