"""The verdicts as a JUnit report, for whoever takes test results: what ran, and which requirements it verifies.

Only a confirmed claim passes.  A claim that diverges is a skipped case with its reason: it holds in the document and
not in Xen, so it must not read as a pass, and it is expected, so it does not fail the run.

Only the policies that count for a requirement's state verify it here, under the names that our own reader takes.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, SubElement

from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.interop.legal_text import legal
from sphinx_xenfusa.trace.record import TraceRecord

VERIFIES = "xenfusa.verifies"
ELEMENTS = {
    VerdictKind.REFUTED: "failure",
    VerdictKind.VACUOUS: "failure",
    VerdictKind.ERROR: "error",
    VerdictKind.INCONCLUSIVE: "error",
    VerdictKind.DIVERGES: "skipped",
    VerdictKind.NOT_RUN: "skipped",
    VerdictKind.NOT_APPLICABLE: "skipped",
}
"""What a case holds for each verdict; nothing for a claim that is confirmed."""


def claims_file(record: TraceRecord) -> dict[str, bytes]:
    """``claims.xml``: a suite for each policy, a case for each claim.

    Times, host and date are left out, so that the same verdicts give the same bytes.
    """
    verified: defaultdict[tuple[str, str | None], list[str]] = defaultdict(list)
    for traced in record.items:
        for verdict in traced.verdicts:
            verified[verdict.claim, verdict.policy].append(str(traced.item.tag))
    root = Element("testsuites", name="xenfusa claims")
    policies = (None, *record.policies, *sorted({one.policy for one in record.verdicts if one.policy}))
    for policy in dict.fromkeys(policies):
        cases = [
            _case(one, verified.get((one.claim, one.policy), ())) for one in record.verdicts if one.policy == policy
        ]
        if cases:
            suite = SubElement(root, "testsuite", name=_policy(policy))
            suite.extend(cases)
            _count(suite, "tests", "failures", "errors", "skipped")
    _count(root, "tests", "failures", "errors")
    ElementTree.indent(root)
    text = '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
    return {"claims.xml": text.encode("utf-8")}


def _policy(policy: str | None) -> str:
    return policy or "any policy"


def _count(element: Element, *names: str) -> None:
    """Declare how many cases an element has; ``skipped`` is no attribute of ``testsuites`` in Jenkins' schema."""
    counts = Counter(child.tag for case in element.iter("testcase") for child in case)
    numbers = {
        "tests": len(list(element.iter("testcase"))),
        "failures": counts["failure"],
        "errors": counts["error"],
        "skipped": counts["skipped"],
    }
    for name in names:
        element.set(name, str(numbers[name]))


def _case(verdict: Verdict, tags: Iterable[str]) -> Element:
    case = Element("testcase", classname=legal(_policy(verdict.policy)), name=legal(verdict.claim))
    properties = SubElement(case, "properties")
    for name, value in (*((VERIFIES, tag) for tag in sorted(tags)), *_properties(verdict)):
        SubElement(properties, "property", name=name, value=legal(value))
    element = ELEMENTS.get(verdict.kind)
    if element is not None:
        message = f"{verdict.kind}: {verdict.reason or 'no reason is given'}"
        SubElement(case, element, message=legal(message)).text = legal("\n".join(_traces(verdict)))
    return case


def _properties(verdict: Verdict) -> Iterator[tuple[str, str]]:
    yield "verdict", verdict.kind.value
    yield "scope", f"{verdict.scope.name}: {verdict.scope.words}"
    for assumption in verdict.scope.assumptions:
        yield "assumption", assumption
    yield "cases", str(verdict.cases)
    yield "cases that could fail", str(verdict.relevant)
    yield "mutants", str(verdict.mutants)
    yield "mutants killed", str(verdict.killed)


def _traces(verdict: Verdict) -> Iterator[str]:
    if verdict.counterexample is not None:
        yield from _trace("counterexample", verdict.counterexample)
    for entry in verdict.divergences:
        yield from _trace(f"divergence {entry.id}", entry.trace)


def _trace(name: str, trace: Trace) -> Iterator[str]:
    yield f"{name}: {trace.title}"
    yield from (f"at first: {field} = {value}" for field, value in trace.initial)
    for number, step in enumerate(trace.steps, 1):
        parameters = ", ".join(f"{one} = {value}" for one, value in step.parameters)
        changed = "; ".join(f"{one.field}: {one.before} -> {one.after}" for one in step.changed) or "nothing changed"
        yield f"{number}. {step.party}: {step.action}({parameters}): {step.outcome}; {changed} [{step.clause}]"
