"""Ties test cases to what they verify: one stage between the reading of reports and the record.

What a case verifies, and how, can stand in four places: in the properties that its report has for it, in a test map, in the
source of the test, and, for our own names, in what the reader has already taken from the report.  All of it is gathered for each
case and adds up; a case that is said to verify an item, and a part of it, verifies a part (the record decides that).  Of a
method, two different values for one case are an error, and neither counts.

Adding to any of these makes no item better, unless a test that is named ran and passed.  The order of reports, maps and sources
does not matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sphinx_xenfusa.evidence.case_properties import FULL, PART, S_CORE, is_ours, said_by
from sphinx_xenfusa.evidence.expected_tests import judge_expected
from sphinx_xenfusa.evidence.name_patterns import CaseIndex, Pattern, Reported
from sphinx_xenfusa.evidence.source_ties import TestSource, tie
from sphinx_xenfusa.evidence.test_map import MapEntry
from sphinx_xenfusa.trace.record import ExpectedTest, Finding, LinkOrigin, Place, TestCase, TestMethod, TestReport
from sphinx_xenfusa.trace.test_methods import expected_words

MAP, SOURCE = "map", "source"
"""Where a link can stand that a report does not have."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What ties tests, besides what their reports say.

    :param properties: names of properties, each with what it says; ours are always known.
    :param entries: of the test maps.
    :param sources: the sources of tests, with their tags.
    :param expected: what must run.
    """

    properties: Mapping[str, str] = field(default_factory=lambda: S_CORE)
    entries: Sequence[MapEntry] = ()
    sources: Sequence[TestSource] = ()
    expected: Sequence[Pattern] = ()


@dataclass(frozen=True, slots=True)
class Linked:
    """Reports whose cases know what they verify.

    :param expected: how many tests came of what must run.
    """

    reports: tuple[TestReport, ...]
    expected: tuple[ExpectedTest, ...]
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Said:
    """What is said of one case."""

    verifies: set[str] = field(default_factory=set)
    partially_verifies: set[str] = field(default_factory=set)
    reported: set[str] = field(default_factory=set)
    origins: set[LinkOrigin] = field(default_factory=set)
    method: defaultdict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def word(self, name: str, value: str, place: str) -> None:
        """Take a word of the method; of several places, the first in the order of their names is told."""
        known = self.method[name].setdefault(value, place)
        self.method[name][value] = min(known, place)


class _Linker:
    """Gathers what is said of the cases."""

    def __init__(self, reports: Sequence[TestReport]) -> None:
        self.index = CaseIndex(reports)
        self.findings: set[Finding] = set()
        self._said: defaultdict[int, _Said] = defaultdict(_Said)

    def take_properties(self, names: Mapping[str, str]) -> None:
        """Take what the reports say in properties."""
        strange: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
        for one in self.index.cases:
            for role, value, known in said_by(one.case, names):
                said = self._said[one.number]
                if role in (FULL, PART):
                    (said.verifies if role == FULL else said.partially_verifies).add(value)
                    said.reported.add(value)
                else:
                    said.word(role, value, one.report.file)
                    if not known:
                        strange[one.report.file, role, value].add(one.case.id)
        for (file, role, value), ids in strange.items():
            found = f"found the {role} {value!r} of {_tests(ids)}"
            message = f"{found}; expected {expected_words(role, value)}; it is shown as it stands"
            self.findings.add(Finding("test_method", Place(file, 1), value, message))

    def take_map(self, entries: Iterable[MapEntry]) -> None:
        """Take what the maps say; a pattern of no test is a finding."""
        for entry in entries:
            for pattern in entry.patterns:
                found = self.index.find(pattern)
                for one in found:
                    self._map(one, entry)
                if not found:
                    named = self.index.named(pattern)
                    instead = f"{_tests({one.case.id for one in named})} elsewhere" if named else "none"
                    message = f"expected a test {pattern}; found {instead}: the entry ties nothing"
                    self.findings.add(Finding("test_link", pattern.place, pattern.tests, message))

    def _map(self, one: Reported, entry: MapEntry) -> None:
        said = self._said[one.number]
        for tag, place in entry.verifies:
            said.verifies.add(tag)
            said.origins.add(LinkOrigin(tag, MAP, place))
        for tag, place in entry.partially_verifies:
            said.partially_verifies.add(tag)
            said.origins.add(LinkOrigin(tag, MAP, place))
        for name, (word, place) in entry.method.items():
            said.word(name, word, str(place))

    def take_sources(self, sources: Sequence[TestSource]) -> None:
        """Take the tags of the sources."""
        ties = tie(sources, self.index.cases)
        self.findings |= ties.findings
        for number, tag, place in ties.tied:
            self._said[number].verifies.add(tag)
            self._said[number].origins.add(LinkOrigin(tag, SOURCE, place))

    def linked(self, reports: Iterable[TestReport]) -> tuple[TestReport, ...]:
        """The reports, each case with all that is said of it."""
        remaining = iter(self.index.cases)
        contradictions: defaultdict[tuple[str, tuple[tuple[str, str], ...]], set[str]] = defaultdict(set)
        made = []
        for report in reports:
            cases = []
            for _ in report.cases:
                one = next(remaining)
                said = self._said.get(one.number)
                cases.append(one.case if said is None else _with(one.case, said, contradictions))
            made.append(replace(report, cases=tuple(cases)))
        for (name, words), ids in contradictions.items():
            self._contradiction(name, words, ids)
        return tuple(made)

    def _contradiction(self, name: str, words: tuple[tuple[str, str], ...], ids: set[str]) -> None:
        said = " and ".join(f"{word!r} ({place})" for word, place in words)
        file, _, line = words[0][1].rpartition(":")
        place = Place(file, int(line)) if file and line.isdigit() else Place(words[0][1], 1)
        message = f"found the {name} {said} for {_tests(ids)}; expected one; none of them counts"
        self.findings.add(Finding("test_method", place, min(ids), message))


def link_cases(reports: Iterable[TestReport], ledger: Ledger) -> Linked:
    """Give every case of the reports what it verifies, and how, from wherever it stands."""
    given = tuple(reports)
    linker = _Linker(given)
    linker.take_properties(ledger.properties)
    linker.take_map(ledger.entries)
    linker.take_sources(ledger.sources)
    made = linker.linked(given)
    expected, missing = judge_expected(ledger.expected, linker.index)
    return Linked(made, expected, tuple(sorted({*linker.findings, *missing}, key=_order)))


def _with(
    case: TestCase, said: _Said, contradictions: defaultdict[tuple[str, tuple[tuple[str, str], ...]], set[str]]
) -> TestCase:
    """A case with what is said of it."""
    method = {}
    for name, words in said.method.items():
        if len(words) == 1:
            method[name] = next(iter(words))
        else:
            contradictions[name, tuple(sorted(words.items(), key=lambda one: (one[1], one[0])))].add(case.id)
    known = {*case.verifies, *case.partially_verifies, *said.reported}
    return replace(
        case,
        verifies=tuple(sorted({*case.verifies, *said.verifies})),
        partially_verifies=tuple(sorted({*case.partially_verifies, *said.partially_verifies})),
        properties=tuple(one for one in case.properties if not is_ours(one[0])),
        method=TestMethod(**method),
        origins=tuple(sorted(one for one in said.origins if one.tag not in known)),
    )


def _tests(ids: set[str]) -> str:
    """The tests in words: the first by name, and how many more."""
    more = f" and of {len(ids) - 1} more" if len(ids) > 1 else ""
    return f"the test {min(ids)}{more}"


def _order(finding: Finding) -> tuple[str, int, str, str]:
    place = finding.place or Place("", 0)
    return place.file, place.line, finding.subtype, finding.message
