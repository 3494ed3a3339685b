"""LOBSTER's interchange JSON (``lobster-req-trace`` version 4, ``lobster-act-trace`` version 3).

A file for each type of item, because a level of LOBSTER's tracing policy is read from files of its own; one for tests and one
for claims.  LOBSTER asks whether links are there, not what came out: so whatever is not green here carries a message, and with
one it is partial there at best.

Source: ``documentation/schemas.md`` and ``lobster/common/items.py`` of bmw-software-engineering/lobster, 1.0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from sphinx_xenfusa import __version__
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.interop.legal_text import legal
from sphinx_xenfusa.trace.canonical import dumps
from sphinx_xenfusa.trace.record import TAG, Finding, Justification, TestCase, TracedItem, TraceRecord
from sphinx_xenfusa.trace.states import RESULT_OF_VERDICT, Outcome, Result

_STATUS_OF_OUTCOME = {Outcome.PASSED: "ok", Outcome.FAILED: "fail", Outcome.ERROR: "fail"}


def lobster_files(record: TraceRecord) -> dict[str, bytes]:
    """``lobster/TYPE.lobster`` for each type of item, ``lobster/test-cases.lobster`` and ``lobster/claim-verdicts.lobster``."""
    about: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in record.findings:
        about[finding.about].append(finding)
    excused = {one.id: one for one in record.justifications if not one.expired}
    levels: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for traced in record.items:
        tag = str(traced.item.tag)
        levels[traced.item.tag.type].append(_requirement(traced, about.get(tag, ()), excused.get(tag)))
    made = {f"lobster/{type}.lobster": _file("lobster-req-trace", 4, level) for type, level in levels.items()}
    cases = [_test(report.file, number, case) for report in record.reports for number, case in enumerate(report.cases)]
    made["lobster/test-cases.lobster"] = _file("lobster-act-trace", 3, cases)
    made["lobster/claim-verdicts.lobster"] = _file("lobster-act-trace", 3, _claims(record))
    return made


def _file(schema: str, version: int, data: Iterable[dict[str, Any]]) -> bytes:
    generator = f"sphinx_xenfusa {__version__}"
    return dumps({"data": list(data), "generator": generator, "schema": schema, "version": version}).encode("utf-8")


def _requirement(traced: TracedItem, findings: Iterable[Finding], excuse: Justification | None) -> dict[str, Any]:
    item = traced.item
    if traced.result in (Result.FAILED, Result.ERROR):
        excuse = None  # it excuses what is lacking, and LOBSTER would show no failure beside it
    messages = [] if traced.result is Result.PASSED else [f"state: {traced.result.value}"]
    messages += [f"lacks coverage by {type}" for type in traced.uncovered]
    messages += [f"lacks {legal(words)}" for words in traced.lacks]
    messages += [f"xenfusa.{finding.subtype}: {legal(finding.message)}" for finding in findings]
    return {
        "tag": _tag(str(item.tag)),
        "location": {"kind": "file", "file": legal(item.place.file), "line": item.place.line, "column": None},
        "name": legal(item.title) or str(item.tag),
        "messages": messages,
        "just_up": [],
        "just_down": [] if excuse is None else [legal(f"{excuse.reason} ({excuse.owner}, until {excuse.expires})")],
        "just_global": [],
        "refs": [_tag(legal(target)) for target in item.covers],
        "framework": "sphinx_xenfusa",
        "kind": "no kind" if item.kind is None else item.kind.value,
        "text": legal(item.text),
        "status": item.oft_status.value,
    }


def _tag(text: str) -> str:
    """LOBSTER divides its tags at the first space and the first ``@``: the revision stands behind it."""
    match = TAG.fullmatch(text)
    if match is None:
        return f"req {_name(text)}"
    return f"req {match['type']}~{match['name']}@{match['revision']}"


def _name(text: str) -> str:
    return legal(text).replace("%", "%25").replace("@", "%40")


def _test(report: str, number: int, case: TestCase) -> dict[str, Any]:
    refs = (*case.verifies, *case.partially_verifies)
    status = _STATUS_OF_OUTCOME.get(case.outcome, "not run")
    part = [f"verifies a part only of {legal(target)}" for target in case.partially_verifies]
    # A report may hold several cases of one name; LOBSTER refuses a file that names one thing twice.
    tag = f"xentest {_name(report)}:{number + 1} {_name(case.id)}"
    return _activity(
        tag, report, case.id, "test", status, refs, case.outcome is Outcome.PASSED, case.outcome.value, part
    )


def _claims(record: TraceRecord) -> Iterator[dict[str, Any]]:
    counting = {None, "specification", record.target_policy}
    verdicts: defaultdict[str, list[Verdict]] = defaultdict(list)
    named: defaultdict[str, list[str]] = defaultdict(list)
    for verdict in record.verdicts:
        if verdict.policy in counting:
            verdicts[verdict.claim].append(verdict)
    for traced in record.items:
        for claim in traced.item.confirmed_by:
            named[claim].append(str(traced.item.tag))
    for claim in sorted({*(one.claim for one in record.verdicts), *named}):
        kinds = [one.kind for one in verdicts.get(claim, ())]
        worst = min(kinds, key=list(VerdictKind).index, default=VerdictKind.NOT_RUN)
        failed = RESULT_OF_VERDICT[worst] in (Result.FAILED, Result.ERROR)
        good = worst is VerdictKind.CONFIRMED
        status = "ok" if good else "fail" if failed else "not run"
        yield _activity(
            f"claim {_name(claim)}", "claims", claim, "claim", status, named.get(claim, ()), good, worst.value, ()
        )


def _activity(
    tag: str,
    file: str,
    name: str,
    kind: str,
    status: str,
    refs: Iterable[str],
    good: bool,
    state: str,
    also: Iterable[str],
) -> dict[str, Any]:
    return {
        "tag": tag,
        "location": {"kind": "file", "file": legal(file), "line": None, "column": None},
        "name": legal(name),
        "messages": [*([] if good else [f"state: {state}"]), *also],
        "just_up": [],
        "just_down": [],
        "just_global": [],
        "refs": [_tag(legal(target)) for target in refs],
        "framework": "sphinx_xenfusa",
        "kind": kind,
        "text": None,
        "status": status,
    }
