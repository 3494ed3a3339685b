"""The record as flat tables, for CSV files and for the sheets of a workbook."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sphinx_xenfusa.interop.legal_text import legal
from sphinx_xenfusa.trace.record import Finding, Test, TestReport, TracedItem, TraceRecord
from sphinx_xenfusa.trace.test_lists import NO_TARGET

Cell = str | int | float
"""A text, or a number that a program may add up."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    :param name: of the file or the sheet.
    """

    name: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def tables(record: TraceRecord) -> tuple[Table, ...]:
    """All tables of a record, those without rows included."""
    return (
        _items(record),
        Table(
            "links",
            ("from", "type", "to", "status", "also", "accepted"),
            tuple(
                (*map(legal, (one.source, one.type, one.target)), one.status.value, _list(one.also), one.accepted)
                for one in record.links
            ),
        ),
        Table(
            "verdicts",
            ("claim", "policy", "verdict", "cases", "relevant", "killed", "mutants", "scope", "reason"),
            tuple(
                (
                    legal(one.claim),
                    one.policy or "",
                    one.kind.value,
                    one.cases,
                    one.relevant,
                    one.killed,
                    one.mutants,
                    legal(one.scope.words),
                    legal(one.reason),
                )
                for one in record.verdicts
            ),
        ),
        Table(
            "tests",
            ("report", "id", "outcome", "target", "verifies", "partially_verifies", "message"),
            tuple(row for report in record.reports for row in _cases(report)),
        ),
        Table(
            "tests_by_target",
            ("classname", "name", "target", "outcome", "flaky", "stale", "reports", "reason"),
            tuple(row for test in record.tests for row in _targets(test)),
        ),
        Table(
            "findings",
            ("type", "file", "line", "about", "message"),
            tuple(_finding(one) for one in record.findings),
        ),
        Table(
            "justifications",
            ("id", "reason", "owner", "expires", "expired", "file", "line"),
            tuple(
                (
                    one.id,
                    legal(one.reason),
                    legal(one.owner),
                    one.expires,
                    _yes(one.expired),
                    legal(one.place.file),
                    one.place.line,
                )
                for one in record.justifications
            ),
        ),
        Table(
            "gates",
            ("gate", "what", "counted", "of", "justified", "excusable", "required_percent", "met"),
            tuple(
                (
                    legal(one.name),
                    legal(one.words),
                    one.counted,
                    one.of,
                    one.justified,
                    one.excusable,
                    one.required,
                    "n/a" if one.met is None else _yes(one.met),
                )
                for one in record.gates
            ),
        ),
    )


_COLUMNS: tuple[tuple[str, Callable[[TracedItem], Cell]], ...] = (
    ("id", lambda one: str(one.item.tag)),
    ("type", lambda one: one.item.tag.type),
    ("name", lambda one: one.item.tag.name),
    ("revision", lambda one: one.item.tag.revision),
    ("kind", lambda one: "" if one.item.kind is None else one.item.kind.value),
    ("title", lambda one: one.item.title),
    ("text", lambda one: one.item.text),
    ("rationale", lambda one: one.item.rationale),
    ("comment", lambda one: one.item.comment),
    ("result", lambda one: one.result.value),
    ("model", lambda one: "" if one.model is None else one.model.value),
    ("test", lambda one: "" if one.test is None else one.test.value),
    ("inherited", lambda one: "" if one.inherited is None else one.inherited.value),
    ("inherited_path", lambda one: _list(one.inherited_path)),
    ("coverage", lambda one: one.coverage.value),
    ("needs", lambda one: _list(one.item.needs)),
    ("uncovered", lambda one: _list(one.uncovered)),
    ("justified", lambda one: _yes(one.justified)),
    ("lacks", lambda one: _list(one.lacks)),
    ("covers", lambda one: _list(one.item.covers)),
    ("depends", lambda one: _list(one.item.depends)),
    ("suspect", lambda one: _list(one.suspect)),
    ("confirmed_by", lambda one: _list(one.item.confirmed_by)),
    ("methods", lambda one: _list(f"{entry.method}: {entry.result.value}" for entry in one.methods)),
    ("targets", lambda one: _list(f"{entry.target or NO_TARGET}: {entry.result.value}" for entry in one.targets)),
    ("untried", lambda one: _list(one.untried)),
    ("tests", lambda one: _list(case.id for case in one.tests)),
    ("partial_tests", lambda one: _list(case.id for case in one.partial_tests)),
    ("oft_status", lambda one: one.item.oft_status.value),
    ("level", lambda one: one.item.level),
    ("labels", lambda one: _list(one.item.labels)),
    ("forwards", lambda one: _yes(one.item.forwards)),
    ("owner", lambda one: one.item.owner),
    ("discharge", lambda one: one.item.discharge),
    ("role", lambda one: _list(one.item.fields.role)),
    ("privilege", lambda one: _list(one.item.fields.privilege)),
    ("operation", lambda one: _list(one.item.fields.operation)),
    ("target", lambda one: _list(one.item.fields.target)),
    ("restricts", lambda one: _list(one.item.fields.restricts)),
    ("origin", lambda one: one.item.origin),
    ("file", lambda one: one.item.place.file),
    ("line", lambda one: one.item.place.line),
    ("duplicates", lambda one: _list(map(str, one.duplicates))),
    ("source_reference", lambda one: one.item.source),
    ("fingerprint", lambda one: one.fingerprint),
)


def _items(record: TraceRecord) -> Table:
    rows = tuple(tuple(_legal(value(one)) for _, value in _COLUMNS) for one in record.items)
    return Table("items", tuple(name for name, _ in _COLUMNS), rows)


def _cases(report: TestReport) -> Iterator[tuple[Cell, ...]]:
    for case in report.cases:
        texts = (
            case.report,
            case.id,
            case.outcome.value,
            case.target or report.target,
            _list(case.verifies),
            _list(case.partially_verifies),
            case.message,
        )
        yield tuple(map(legal, texts))


def _targets(test: Test) -> Iterator[tuple[Cell, ...]]:
    for one in test.targets:
        texts = (
            test.classname,
            test.name,
            one.target,
            one.outcome.value,
            _yes(one.flaky),
            one.stale,
            _list(one.reports),
            one.reason,
        )
        yield tuple(map(legal, texts))


def _finding(finding: Finding) -> tuple[Cell, ...]:
    place = finding.place
    where: Sequence[Cell] = ("", "") if place is None else (legal(place.file), place.line)
    return (f"xenfusa.{finding.subtype}", *where, legal(finding.about), legal(finding.message))


def _legal(cell: Cell) -> Cell:
    return legal(cell) if isinstance(cell, str) else cell


def _list(texts: Iterable[str]) -> str:
    return ", ".join(texts)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
