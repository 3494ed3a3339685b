"""Options of ``xenfusa trace`` for test reports, for what ties their tests to items, and for which tests must run."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any, TypedDict, TypeVar

import click

from sphinx_xenfusa.evidence.git_history import revision
from sphinx_xenfusa.trace.record import Documented, ExpectedTest, Finding, Item, TestReport, TestRun
from sphinx_xenfusa.trace.test_results import Staleness

_Read = TypeVar("_Read")
_Command = TypeVar("_Command", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path)
_OPTIONS = (
    click.option("--tests", type=_FILE, metavar="REPORT", multiple=True, help="A test report (repeatable)."),
    click.option(
        "--test-runs",
        type=_FILE,
        metavar="FILE",
        multiple=True,
        help="Which run wrote the reports: a side file of xenfusa record-run (repeatable).",
    ),
    click.option(
        "--commit",
        metavar="COMMIT",
        default="",
        help="The documented commit. Default: that of the git tree of the root.",
    ),
    click.option(
        "--require-provenance",
        is_flag=True,
        help="Count no report of which time, commit or documented commit are not known.",
    ),
    click.option(
        "--test-map",
        type=_FILE,
        metavar="FILE",
        multiple=True,
        help="A map from test names to the tags that the tests verify (repeatable).",
    ),
    click.option(
        "--expected-tests",
        type=_FILE,
        metavar="FILE",
        multiple=True,
        help="A manifest of the tests that must run (repeatable): each that did not is a finding.",
    ),
)


def fresh(report: TestReport, item: Item) -> str:
    """Without a report no item has stale tests."""
    del report, item
    return ""


class TestFiles(TypedDict):
    """What the options name."""

    tests: tuple[Path, ...]
    test_runs: tuple[Path, ...]
    commit: str
    require_provenance: bool
    test_map: tuple[Path, ...]
    expected_tests: tuple[Path, ...]


@dataclass(frozen=True)
class Tests:
    """What the files say.

    :param asked: whether test reports were asked for.
    :param findings: what is wrong with the files, and what ties no test.
    """

    asked: bool = False
    reports: tuple[TestReport, ...] = ()
    expected: tuple[ExpectedTest, ...] = ()
    findings: tuple[Finding, ...] = ()
    runs: tuple[TestRun, ...] = ()
    documented: Documented = field(default_factory=Documented)
    stale_for: Staleness = fresh


def test_options(command: _Command) -> _Command:
    """Give a command these options."""
    return reduce(lambda made, option: option(made), reversed(_OPTIONS), command)


def read_tests(files: TestFiles, root: Path, items: Sequence[Item], today: str) -> Tests:
    """Read what the options name, tie the tests, and judge whether they are of these items.

    :param root: what places are relative to; the commit of its git tree is documented, unless another one is named.
    :param today: the day after which a time lies in the future; empty for the clock.
    :raises click.BadParameter: the commit or the day is none.
    """
    if not any(files.values()):
        found = revision(root)
        return Tests(documented=Documented(found.commit, found.dirty, found.why))
    if not re.fullmatch("([0-9a-f]{7,64})?", files["commit"]):
        raise click.BadParameter(
            f"found {files['commit']!r}; expected 7 to 64 hexadecimal digits", param_hint="--commit"
        )
    try:
        datetime.date.fromisoformat(today or "2000-01-01")
    except ValueError as error:
        raise click.BadParameter(f"found {today!r}; expected a day, YYYY-MM-DD", param_hint="--today") from error
    # Imported here, because most traces read no test report.
    from sphinx_xenfusa.evidence.expected_tests import read_manifest
    from sphinx_xenfusa.evidence.provenance import Project, Provenance
    from sphinx_xenfusa.evidence.reports import read_report
    from sphinx_xenfusa.evidence.test_links import Ledger, link_cases
    from sphinx_xenfusa.evidence.test_map import read_map

    findings: list[Finding] = []

    def read(
        paths: Sequence[Path], reader: Callable[[Path, str], tuple[tuple[_Read, ...], tuple[Finding, ...]]]
    ) -> list[_Read]:
        found: list[_Read] = []
        for path in dict.fromkeys(paths):
            entries, told = reader(path, Path(os.path.relpath(path, root)).as_posix())
            found += entries
            findings.extend(told)
        return found

    ledger = Ledger(entries=read(files["test_map"], read_map), expected=read(files["expected_tests"], read_manifest))
    project = Project(root, root, files["commit"], today, files["require_provenance"])
    provenance = Provenance(project)
    tied = provenance.tied(
        [(path, read_report(path, root)) for path in dict.fromkeys(files["tests"])],
        [(path, Path(os.path.relpath(path, root)).as_posix()) for path in dict.fromkeys(files["test_runs"])],
    )
    linked = link_cases(tied, ledger)
    return Tests(
        asked=bool(files["tests"]),
        reports=tuple(provenance.judged(linked.reports, items)),
        expected=linked.expected,
        findings=(*findings, *linked.findings, *provenance.findings),
        runs=provenance.runs,
        documented=provenance.documented,
        stale_for=provenance.stale_for,
    )
