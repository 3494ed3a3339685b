"""The manifest of what must run: YAML files with patterns of tests, and what becomes of each.

.. code-block:: yaml

    expected:
      - tests: ["d/test-*", "xtf::test-hvm64-example"]
        target: [arm64, x86_64]      # each pattern on each of them; left out: on any
        comment: The smoke tests of every commit.

A test came if a report that counts says that it ran: passed, failed or with an error.  One that was skipped, disabled or only
built is in a report and did not run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sphinx_xenfusa.evidence.entry_files import Entry, read_entries
from sphinx_xenfusa.evidence.name_patterns import CaseIndex, Pattern, Reported
from sphinx_xenfusa.trace.record import ExpectedTest, Finding
from sphinx_xenfusa.trace.states import Outcome

WHAT = "a manifest of expected tests"
RAN = frozenset({Outcome.PASSED, Outcome.FAILED, Outcome.ERROR})
"""The outcomes of a test that ran."""


def read_manifest(path: Path, shown: str) -> tuple[tuple[Pattern, ...], tuple[Finding, ...]]:
    """The patterns of a manifest, and what is wrong with it; a malformed entry is left out, and the rest counts.

    :param shown: the file as places in the record name it.
    """
    entries, findings = read_entries(path, shown, "expected_tests", "expected", WHAT)
    return tuple(pattern for entry in entries for pattern in _patterns(entry)), findings


def _patterns(entry: Entry) -> Iterator[Pattern]:
    targets = [text for text, _ in entry.texts("target")] or [""]
    for text, place in entry.texts("tests"):
        for target in targets:
            yield Pattern(text, place, entry.data.get("report", ""), target)


def judge_expected(
    patterns: Iterable[Pattern], cases: CaseIndex
) -> tuple[tuple[ExpectedTest, ...], tuple[Finding, ...]]:
    """How many tests came for each pattern, and a finding for each of which none did."""
    expected: set[ExpectedTest] = set()
    findings: set[Finding] = set()
    for pattern in patterns:
        found = cases.find(pattern)
        came = {one.case.id for one in found if not one.report.error and one.case.outcome in RAN}
        expected.add(ExpectedTest(pattern.tests, pattern.target, pattern.place, len(came)))
        if not came:
            message = f"expected the test {pattern} to run; found {_instead(found, cases.named(pattern))}"
            findings.add(Finding("expected_test", pattern.place, pattern.tests, message))
    return tuple(sorted(expected)), tuple(sorted(findings))


def _instead(found: Sequence[Reported], named: Sequence[Reported]) -> str:
    """What there is in place of a test that ran."""
    if found:
        words = Counter(_outcome(one) for one in found)
        return ", ".join(f"{number} {word}" for word, number in sorted(words.items()))
    targets = sorted({one.target for one in named if one.target})
    if named and targets:
        return f"it on {', '.join(targets)} only"
    return "it in other reports only" if named else "no such test in any report"


def _outcome(one: Reported) -> str:
    return "in a report that counts for nothing" if one.report.error else str(one.case.outcome)
