"""Verdicts as a JUnit report, for servers that show such reports.

Only a confirmed claim passes.  A claim that diverges is a skipped case with its reason: it holds in the document and
not in Xen, so it must not read as a pass, and it is expected, so it does not fail the run.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, SubElement

from sphinx_xenfusa.cli.parts import plain
from sphinx_xenfusa.cli.tables import policy_name, trace_parts
from sphinx_xenfusa.confirm.confirmation import Confirmation
from sphinx_xenfusa.evidence.plain_text import printable
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import Verdict
from sphinx_xenfusa.interop.claims_junit import ELEMENTS
from sphinx_xenfusa.trace.record import Finding


def junit_text(confirmation: Confirmation) -> str:
    """The report: a case for each claim and policy, and for each finding about the register of divergences.

    Times, host and date are left out, so that the same verdicts give the same bytes.
    """
    suites = [("claims", [_verdict_case(verdict) for verdict in confirmation.verdicts])]
    if confirmation.findings:
        suites.append(("register of expected divergences", list(_finding_cases(confirmation.findings))))
    return report("xenfusa confirm", suites)


def report(name: str, suites: Iterable[tuple[str, Iterable[Element]]]) -> str:
    """A report with its suites, each a name and its cases; the counts are made here."""
    root = Element("testsuites", name=name)
    for title, cases in suites:
        suite = SubElement(root, "testsuite", name=printable(title))
        suite.extend(cases)
        _count(suite)
    _count(root)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _count(element: Element) -> None:
    counts = Counter(child.tag for case in element.iter("testcase") for child in case)
    element.set("tests", str(len(list(element.iter("testcase")))))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(counts[tag]))


def case_of(classname: str, name: str) -> Element:
    """A case without anything in it: one that passed."""
    return Element("testcase", classname=printable(classname), name=printable(name))


def _verdict_case(verdict: Verdict) -> Element:
    case = case_of(policy_name(verdict.policy), verdict.claim)
    properties = SubElement(case, "properties")
    for name, value in _properties(verdict):
        SubElement(properties, "property", name=name, value=printable(value))
    element = ELEMENTS.get(verdict.kind)
    if element is not None:
        message = f"{verdict.kind}: {verdict.reason or 'no reason is given'}"
        SubElement(case, element, message=printable(message)).text = "".join(_traces(verdict))
    return case


def _properties(verdict: Verdict) -> Iterator[tuple[str, str]]:
    scope = verdict.scope
    yield "verdict", verdict.kind
    yield "scope", f"{scope.name}: {scope.words}"
    yield "platforms", str(scope.platforms)
    if scope.recount is not None:
        yield "platforms by a second method", str(scope.recount)
    for assumption in scope.assumptions:
        yield "assumption", assumption
    yield "cases", str(verdict.cases)
    yield "cases that could fail", str(verdict.relevant)
    yield "mutants", str(verdict.mutants)
    yield "mutants killed", str(verdict.killed)
    if verdict.killer is not None:
        killer = verdict.killer
        yield "smallest mutant killed", f"{killer.where}: {killer.operator}: {killer.before} -> {killer.after}"


def _traces(verdict: Verdict) -> Iterator[str]:
    named: list[tuple[str, Trace | None]] = [("counterexample", verdict.counterexample)]
    named += [(f"divergence {entry.id}", entry.trace) for entry in verdict.divergences]
    for name, trace in named:
        if trace is not None:
            yield plain(trace_parts(trace, name))


def _finding_cases(findings: Iterable[Finding]) -> Iterator[Element]:
    """A case for each finding; of several about one claim, the second and further ones are numbered."""
    seen: Counter[str] = Counter()
    for finding in findings:
        seen[finding.about] += 1
        number = f" ({seen[finding.about]})" if seen[finding.about] > 1 else ""
        case = case_of("register of expected divergences", f"{finding.about}{number}")
        place = "" if finding.place is None else f"{finding.place}: "
        SubElement(case, "failure", message=printable(f"{place}{finding.message}"))
        yield case
