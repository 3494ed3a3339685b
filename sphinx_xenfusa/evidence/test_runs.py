"""Ties runs of tests to the reports that they wrote, by path and by SHA-256.

A report whose bytes are not those that the side file names is another report than the run wrote: nothing in it counts.  What a
report leaves out of when, of which commit, on what and with what its tests ran, the run that wrote it says; where both say it and
do not agree, nobody knows which is right, and the report is stale.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sphinx_xenfusa.evidence.plain_text import printable, shown_path
from sphinx_xenfusa.evidence.test_run_file import NamedReport, RunFile
from sphinx_xenfusa.evidence.times import span_of
from sphinx_xenfusa.trace.canonical import natural
from sphinx_xenfusa.trace.record import Finding, Place, TestReport, TestRun
from sphinx_xenfusa.trace.states import Outcome

SUBTYPE = "test_run"
TOLERANCE = 60
"""Seconds by which the clock of a report and that of its run may differ."""


@dataclass(frozen=True)
class Tied:
    """Reports and runs that belong together.

    :param reports: in the order in which they were given, with what their runs say.
    :param runs: sorted by name.
    :param file_of: the side file of each run, by the name of the run.
    """

    reports: tuple[TestReport, ...]
    runs: tuple[TestRun, ...]
    file_of: dict[str, RunFile]
    findings: tuple[Finding, ...]


def tie(
    reports: Sequence[tuple[Path, TestReport]], files: Iterable[RunFile], root: Path, unreadable: Sequence[str] = ()
) -> Tied:
    """Give each report the run that wrote it.

    :param reports: each with its path.
    :param root: the folder that the reports are named relative to.
    :param unreadable: the side files that cannot be read; a report of which no run is known may be of theirs, and is stale.
    """
    file_of = _by_name(files)
    named: defaultdict[str, list[tuple[RunFile, NamedReport]]] = defaultdict(list)
    for file in file_of.values():
        for one in file.reports:
            named[_path(file, one)].append((file, one))
    shown = {os.path.realpath(path): report for path, report in reports}
    tied = [_tied(report, named.get(os.path.realpath(path), ())) for path, report in reports]
    if unreadable:
        why = f"it may be of a run whose side file cannot be read ({', '.join(unreadable)})"
        tied = [one if one.run or one.error else replace(one, stale=why) for one in tied]
    runs = tuple(_run(file, shown, root) for file in file_of.values())
    ordered = tuple(sorted(runs, key=lambda run: natural(run.name)))
    return Tied(tuple(tied), ordered, file_of, tuple(_strangers(named, shown)))


def _by_name(files: Iterable[RunFile]) -> dict[str, RunFile]:
    """The side files, each once, by the names of their runs; where several have one name, by their paths."""
    once = {os.path.realpath(file.path): file for file in files}
    counts = Counter(file.name for file in once.values())
    names = (file.name if counts[file.name] == 1 else file.place.file for file in once.values())
    return {name: replace(file, name=name) for name, file in zip(names, once.values(), strict=True)}


def _path(file: RunFile, named: NamedReport) -> str:
    return os.path.realpath(file.path.parent / named.file)


def _strangers(named: dict[str, list[tuple[RunFile, NamedReport]]], shown: dict[str, TestReport]) -> Iterator[Finding]:
    """The reports that side files name and the configuration does not."""
    by_digest = {report.sha256: report.file for report in shown.values() if report.sha256}
    for path in sorted(set(named) - set(shown)):
        for file, one in named[path]:
            same = by_digest.get(one.sha256)
            hint = f" (the report {same} has these bytes)" if same else ""
            message = (
                f"the run {file.name!r} wrote {printable(one.file)}{hint}, and no report is read from there; "
                "expected it among xenfusa_test_reports"
            )
            yield Finding(SUBTYPE, Place(file.place.file, one.line), file.name, message)


def _run(file: RunFile, shown: dict[str, TestReport], root: Path) -> TestRun:
    """The run for the record; its reports are named as the record names them."""
    reports = []
    for one in file.reports:
        path = _path(file, one)
        name = shown[path].file if path in shown else shown_path(Path(path), root)
        reports.append((name, one.sha256))
    return TestRun(
        name=file.name,
        place=file.place,
        command=file.command,
        exit_code=file.exit_code,
        time=file.started,
        commit=file.commit,
        dirty=file.dirty,
        target=file.target,
        tools=tuple(file.tools.items()),
        environment=tuple(file.environment.items()),
        reports=tuple(sorted(reports)),
        ended=file.ended,
        interrupted=file.interrupted,
    )


def _tied(report: TestReport, claims: Sequence[tuple[RunFile, NamedReport]]) -> TestReport:
    """The report with what its run says."""
    if not claims:
        return report
    if len(claims) > 1:
        places = " and ".join(f"{file.place.file}:{one.line}" for file, one in claims)
        return _refused(report, f"found it in several runs, at {places}; expected one run for each report")
    file, one = claims[0]
    if report.sha256 and report.sha256 != one.sha256:
        found = f"found bytes with the SHA-256 {report.sha256}"
        expected = f"expected those that the run {file.name!r} wrote, {one.sha256} ({file.place.file}:{one.line})"
        return _refused(replace(report, run=file.name), f"{found}; {expected}")
    filled = replace(
        report,
        run=file.name,
        time=report.time or file.started,
        commit=report.commit or file.commit,
        target=report.target or file.target,
        tool=report.tool or _tool(report, file),
    )
    return replace(filled, stale="; ".join((*_contradictions(report, file), *_hidden_attempts(report, file))))


def _refused(report: TestReport, error: str) -> TestReport:
    """The report with nothing in it that counts."""
    cases = tuple(replace(case, outcome=Outcome.NOT_RUN, attempts=()) for case in report.cases)
    return replace(report, error=report.error or f"{report.file}: {error}", cases=cases)


def _tool(report: TestReport, file: RunFile) -> str:
    """The tool that wrote the report, if the run names one like its dialect; else all that it names."""
    wrote = [name for name in file.tools if name.casefold() == report.dialect.casefold()]
    return ", ".join(f"{name} {file.tools[name]}".strip() for name in wrote or file.tools)


def _contradictions(report: TestReport, file: RunFile) -> Iterator[str]:
    """What the report and its run do not agree about."""
    who = f"the run {file.name!r}"
    if report.commit and file.commit and not same_commit(report.commit, file.commit):
        yield f"the report says commit {report.commit}, {who} says {file.commit}"
    if report.target and file.target and report.target != file.target:
        yield f"the report says target {report.target}, {who} says {file.target}"
    for name, version in file.tools.items():
        told = report.tool.casefold().split()
        if name.casefold() in told and len(told) > 1 and version.casefold() not in report.tool.casefold():
            yield f"the report says tool {report.tool}, {who} says {name} {version}"
    if report.time and (file.started or file.ended) and not _within(report.time, file):
        yield f"the report says time {report.time}, {who} ran {_when(file)}"


_HIDES = {
    "ctest": re.compile(r"--repeat[ =](?:until-pass|after-timeout)\S*"),
    "googletest": re.compile(r"--gtest_repeat=(?!1\b)\S*"),
    "googletest JSON": re.compile(r"--gtest_repeat=(?!1\b)\S*"),
}
"""What makes a tool run tests again and leave the attempts before the last one out of its report."""


def _hidden_attempts(report: TestReport, file: RunFile) -> Iterator[str]:
    """What of the run's command hides failures from the report."""
    hides = _HIDES.get(report.dialect)
    found = hides.search(" ".join(file.command)) if hides else None
    if found:
        yield f"the run {file.name!r} ran tests again ({found[0]}), and the report has their last attempt only"


def _when(file: RunFile) -> str:
    if file.started and file.ended:
        return f"from {file.started} to {file.ended}"
    return f"from {file.started} on" if file.started else f"until {file.ended}"


def _within(time: str, file: RunFile) -> bool:
    """Whether a time of a report may lie within the run; one that is malformed is found elsewhere."""
    try:
        span = span_of(time)
    except ValueError:
        return True
    after = not file.started or span.latest >= span_of(file.started).earliest - TOLERANCE
    before = not file.ended or span.earliest <= span_of(file.ended).latest + TOLERANCE
    return after and before


def same_commit(one: str, other: str) -> bool:
    """Whether two names of commits may be the same: one is the beginning of the other."""
    one, other = one.casefold(), other.casefold()
    return bool(one and other) and (one.startswith(other) or other.startswith(one))
