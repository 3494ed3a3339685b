"""The published form of the trace record: JSON after ``schema.json``, version 2."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from sphinx_xenfusa.explore.verdict import Verdict
from sphinx_xenfusa.trace import canonical
from sphinx_xenfusa.trace.record import (
    SCHEMA_VERSION,
    DocumentCoverage,
    Finding,
    Link,
    Place,
    Review,
    Test,
    TestCase,
    TestMethod,
    TestReport,
    TestRun,
    TracedItem,
    TraceRecord,
    TypedFields,
)

if TYPE_CHECKING:
    import jsonschema_rs

_MAX_MESSAGE = 300
_TYPED_FIELDS = tuple(one.name for one in fields(TypedFields) if one.name != "dropped")


def schema() -> dict[str, Any]:
    """The published schema, as plain data of the caller's own."""
    text = resources.files("sphinx_xenfusa.trace").joinpath("schema.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


def to_json(record: TraceRecord) -> dict[str, Any]:
    """The record as plain data; the times that claims took are left out, so that the same run gives the same bytes."""
    whole: dict[str, Any] = _made(_parts(record))
    return whole


def _made(data: Any) -> Any:
    """Plain data with a list in place of each iterator that can be reached through objects, lists and iterators."""
    if isinstance(data, dict):
        return {name: _made(value) for name, value in data.items()}
    return [_made(one) for one in data] if isinstance(data, (list, Iterator)) else data


def _parts(record: TraceRecord) -> dict[str, Any]:
    """The record as plain data, but for the parts that grow with the tree or the tests, whose entries are made one by one."""
    return {
        "schema_version": SCHEMA_VERSION,
        "project": record.project,
        "version": record.version,
        "policies": list(record.policies),
        "target_policy": record.target_policy,
        "confirm_mode": record.confirm_mode,
        "items": map(_item, record.items),
        "links": map(_link, record.links),
        "verdicts": map(Verdict.to_json, record.verdicts),
        "evidence": {
            "reports": map(_report, record.reports),
            "tests": map(_test, record.tests),
            "runs": [_run(one) for one in record.runs],
            "expected": [asdict(one) for one in record.expected],
            "documented": asdict(record.documented),
        },
        "mutants": None if record.mutants is None else record.mutants.to_json(),
        "findings": map(_finding, record.findings),
        "justifications": [asdict(entry) for entry in record.justifications],
        "tombstones": [asdict(entry) for entry in record.tombstones],
        "gates": [asdict(entry) for entry in record.gates],
        "documents": [_document(entry) for entry in record.documents],
        "reviews": [_review(entry) for entry in record.reviews],
        "verifications": [asdict(entry) | {"result": entry.result.value} for entry in record.verifications],
        "suppressed": [asdict(entry) for entry in record.suppressed],
        "baseline": None if record.baseline is None else asdict(record.baseline),
        "inputs": map(asdict, record.inputs),
        "tools": [asdict(one) for one in record.tools],
        "settings": [asdict(one) for one in record.settings],
    }


def dumps(record: TraceRecord) -> str:
    """The record as canonical JSON text, made entry by entry: as data, a large record takes many times its own memory.

    :raises ValueError: a number in it is none that JSON can say.
    """
    return canonical.dumps(_parts(record))


def validate(data: Any) -> None:
    """Hold plain data against the published schema.

    :raises ValueError: naming the path of the first fault, and what was found there.
    """
    errors = sorted(_validator().iter_errors(data), key=lambda error: [str(part) for part in error.instance_path])
    if errors:
        path = "/".join(str(part) for part in errors[0].instance_path)
        message = errors[0].message
        shown = message if len(message) <= _MAX_MESSAGE else message[:_MAX_MESSAGE] + " …"
        raise ValueError(f"/{path}: {shown}")


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    import jsonschema_rs  # here, because whoever only writes has no need of it

    return jsonschema_rs.Draft202012Validator(schema())


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line}


def _item(traced: TracedItem) -> dict[str, Any]:
    item = traced.item
    return {
        "id": str(item.tag),
        "type": item.tag.type,
        "name": item.tag.name,
        "revision": item.tag.revision,
        "kind": None if item.kind is None else item.kind.value,
        "title": item.title,
        "text": item.text,
        "rationale": item.rationale,
        "comment": item.comment,
        "fields": {name: list(item.fields.words(name)) for name in _TYPED_FIELDS},
        "owner": item.owner,
        "discharge": item.discharge,
        "source": _place(item.place),
        "source_reference": item.source,
        "origin": item.origin,
        "fingerprint": traced.fingerprint,
        "oft_status": item.oft_status.value,
        "coverage": traced.coverage.value,
        "result": traced.result.value,
        "inherited": None if traced.inherited is None else traced.inherited.value,
        "inherited_path": list(traced.inherited_path),
        "suspect": list(traced.suspect),
        "duplicates": [_place(place) for place in traced.duplicates],
        "justified": traced.justified,
        "lacks": list(traced.lacks),
        "targets": [{"target": one.target, "result": one.result.value} for one in traced.targets],
        "untried": list(traced.untried),
        "methods": [{"method": one.method, "result": one.result.value} for one in traced.methods],
        "model": None if traced.model is None else traced.model.value,
        "test": None if traced.test is None else traced.test.value,
        "covers": list(item.covers),
        "needs": list(item.needs),
        "uncovered": list(traced.uncovered),
        "depends": list(item.depends),
        "labels": list(item.labels),
        "forwards": item.forwards,
        "level": item.level,
        "confirmed_by": list(item.confirmed_by),
        "verdicts": [_verdict_reference(verdict) for verdict in traced.verdicts],
        "other_verdicts": [_verdict_reference(verdict) for verdict in traced.other_verdicts],
        "tests": [_reference(case) for case in traced.tests],
        "partial_tests": [_reference(case) for case in traced.partial_tests],
    }


def _verdict_reference(verdict: Verdict) -> dict[str, Any]:
    return {"claim": verdict.claim, "policy": verdict.policy, "kind": verdict.kind.value}


def _reference(case: TestCase) -> dict[str, Any]:
    return {"report": case.report, "id": case.id, "outcome": case.outcome.value}


def _link(link: Link) -> dict[str, Any]:
    return {
        "from": link.source,
        "type": link.type,
        "to": link.target,
        "status": link.status.value,
        "also": [status.value for status in link.also],
        "incoming": None if link.incoming is None else link.incoming.value,
        "accepted": link.accepted,
    }


def _document(document: DocumentCoverage) -> dict[str, Any]:
    return {
        "file": document.file,
        "normative": document.normative,
        "claimed": document.claimed,
        "informative": [asdict(statement) for statement in document.informative],
        "unclaimed": [asdict(statement) for statement in document.unclaimed],
    }


def _review(review: Review) -> dict[str, Any]:
    answers = [{"question": question, "answer": answer} for question, answer in review.answers]
    return asdict(review) | {"answers": answers}


def _report(report: TestReport) -> dict[str, Any]:
    return {
        "file": report.file,
        "sha256": report.sha256,
        "error": report.error,
        "dialect": report.dialect,
        "tool": report.tool,
        "target": report.target,
        "time": report.time,
        "commit": report.commit,
        "stale": report.stale,
        "run": report.run,
        "judged": report.judged,
        "stale_for": [{"id": tag, "reason": reason} for tag, reason in report.stale_for],
        "cases": map(_case, report.cases),
    }


def _case(case: TestCase) -> dict[str, Any]:
    return {
        "id": case.id,
        "classname": case.classname,
        "name": case.name,
        "outcome": case.outcome.value,
        "verifies": list(case.verifies),
        "partially_verifies": list(case.partially_verifies),
        "message": case.message,
        "target": case.target,
        "output": case.output,
        "properties": [{"name": name, "value": value} for name, value in case.properties],
        "place": case.place,
        "attempts": [outcome.value for outcome in case.attempts],
        "method": _method(case.method),
        "origins": [{"tag": one.tag, "origin": one.origin, "place": _place(one.place)} for one in case.origins],
    }


def _method(method: TestMethod) -> dict[str, Any]:
    return {
        "level": method.level,
        "type": method.type,
        "technique": method.technique,
        "independence": method.independence,
    }


def _test(test: Test) -> dict[str, Any]:
    return {
        "id": test.id,
        "classname": test.classname,
        "name": test.name,
        "outcome": test.outcome.value,
        "targets": [
            {
                "target": one.target,
                "outcome": one.outcome.value,
                "flaky": one.flaky,
                "stale": one.stale,
                "reports": list(one.reports),
                "reason": one.reason,
            }
            for one in test.targets
        ],
        "verifies": list(test.verifies),
        "partially_verifies": list(test.partially_verifies),
        "method": _method(test.method),
    }


def _run(run: TestRun) -> dict[str, Any]:
    return asdict(run) | {
        "tools": [{"name": name, "version": version} for name, version in run.tools],
        "environment": [{"name": name, "value": value} for name, value in run.environment],
        "reports": [{"file": file, "sha256": digest} for file, digest in run.reports],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "subtype": finding.subtype,
        "place": None if finding.place is None else _place(finding.place),
        "about": finding.about,
        "message": finding.message,
    }
