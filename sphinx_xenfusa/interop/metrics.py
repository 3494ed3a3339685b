"""The numbers of the record as JSON, for a gate in CI: totals with everything that is not green named beside them.

Of nothing there is no share: it is ``null``, never 100 %.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.trace.canonical import dumps, natural
from sphinx_xenfusa.trace.record import TracedItem, TraceRecord
from sphinx_xenfusa.trace.states import Coverage, ItemKind, LinkStatus, Outcome, Result
from sphinx_xenfusa.trace.test_lists import beside_words, lists_of_tests
from sphinx_xenfusa.trace.verifications import METHODS

METRICS_VERSION = 1
"""Version of the form of the file."""
NO_KIND = "no kind"
"""The name of the group of items without a kind (Xen's own)."""


def metrics_file(record: TraceRecord) -> dict[str, bytes]:
    """``metrics.json``."""
    text = dumps(metrics(record))
    return {"metrics.json": text.encode("utf-8")}


def metrics(record: TraceRecord) -> dict[str, Any]:
    """The numbers as plain data."""
    lists = lists_of_tests(record)
    return {
        "metrics_version": METRICS_VERSION,
        "project": record.project,
        "version": record.version,
        "target_policy": record.target_policy,
        "confirm_mode": record.confirm_mode,
        "documented": {"commit": record.documented.commit, "dirty": record.documented.dirty},
        "items": numbers_of_items(record),
        "not_green": {
            result.value: [str(one.item.tag) for one in record.items if one.result is result]
            for result in Result
            if result is not Result.PASSED and any(one.result is result for one in record.items)
        },
        "not_covered": [
            {"id": str(one.item.tag), "coverage": one.coverage.value, "lacks": [*one.uncovered, *one.lacks]}
            for one in record.items
            if one.coverage is not Coverage.COVERED or one.uncovered or one.lacks
        ],
        "links": {"total": len(record.links), "by_status": _counted(LinkStatus, (one.status for one in record.links))},
        "verdicts": {
            "total": len(record.verdicts),
            "by_kind": _counted(VerdictKind, (one.kind for one in record.verdicts)),
        },
        "tests": {
            "reports": len(record.reports),
            "unusable_reports": sum(bool(report.error) for report in record.reports),
            "total": sum(len(report.cases) for report in record.reports),
            "by_outcome": _counted(Outcome, (case.outcome for report in record.reports for case in report.cases)),
            "over_all_reports": {
                "total": len(record.tests),
                "by_outcome": _counted(Outcome, (test.outcome for test in record.tests)),
            },
            "supplied": lists.supplied,
            "lists": lists.numbers,
        },
        "findings": {
            "total": len(record.findings),
            "by_type": dict(Counter(f"xenfusa.{one.subtype}" for one in record.findings)),
        },
        "gates": [
            {
                "name": one.name,
                "words": one.words,
                "counted": one.counted,
                "of": one.of,
                "percent": _percent(one.counted, one.of),
                "justified": one.justified,
                "excusable": one.excusable,
                "required_percent": one.required,
                "met": one.met,
            }
            for one in record.gates
        ],
        "justifications": {
            "total": len(record.justifications),
            "expired": [one.id for one in record.justifications if one.expired],
        },
        "documents": [
            {
                "file": one.file,
                "normative": one.normative,
                "claimed": one.claimed,
                "informative": len(one.informative),
                "unclaimed": len(one.unclaimed),
            }
            for one in record.documents
        ],
    }


def numbers_of_items(record: TraceRecord) -> dict[str, Any]:
    """The numbers of the items, of all and by type, kind and the file that they stand in."""
    by_type = _grouped(record.items, lambda one: one.item.tag.type)
    by_kind = _grouped(record.items, lambda one: one.item.kind)
    by_file = _grouped(record.items, lambda one: one.item.place.file)
    return {
        **_totals(record.items),
        "by_type": {type: _totals(found) for type, found in by_type.items()},
        "by_kind": {
            NO_KIND if kind is None else kind.value: _totals(by_kind[kind])
            for kind in (*ItemKind, None)
            if kind in by_kind
        },
        "by_file": {file: _totals(by_file[file]) for file in sorted(by_file, key=natural)},
    }


_Group = TypeVar("_Group", bound=Hashable)


def _grouped(items: Iterable[TracedItem], group: Callable[[TracedItem], _Group]) -> dict[_Group, list[TracedItem]]:
    found: dict[_Group, list[TracedItem]] = {}
    for one in items:
        found.setdefault(group(one), []).append(one)
    return found


def _totals(items: Sequence[TracedItem]) -> dict[str, Any]:
    results = _counted(Result, (one.result for one in items))
    passed = results[Result.PASSED.value]
    return {
        "total": len(items),
        "results": results,
        "passed_percent": _percent(passed, len(items)),
        "coverage": _counted(Coverage, (one.coverage for one in items)),
        "covered_percent": _percent(sum(one.coverage is Coverage.COVERED for one in items), len(items)),
        "lacking": dict(Counter(type for one in items for type in one.uncovered)),
        "suspect": sum(bool(one.suspect) for one in items),
        "justified": sum(one.justified for one in items),
        "passed_and_not_all_ran": sum(one.result is Result.PASSED and bool(beside_words(one)) for one in items),
        "by_method": {
            method: _counted(Result, found)
            for method in METHODS
            if (found := [entry.result for one in items for entry in one.methods if entry.method == method])
        },
    }


def _counted(states: type[StrEnum], found: Iterable[StrEnum]) -> dict[str, int]:
    """How often each state occurs, those that do not included."""
    counts = Counter(found)
    return {state.value: counts[state] for state in states}


def _percent(part: int, whole: int) -> float | None:
    """Rounded down to a tenth, so that only all of it is 100."""
    return None if whole == 0 else part * 1000 // whole / 10
