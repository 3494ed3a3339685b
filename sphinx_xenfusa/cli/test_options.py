"""Options of ``xenfusa trace`` for test reports, for what ties their tests to items, and for which tests must run."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, TypedDict, TypeVar

import click

from sphinx_xenfusa.trace.record import ExpectedTest, Finding, TestReport

_Read = TypeVar("_Read")
_Command = TypeVar("_Command", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path)
_OPTIONS = (
    click.option("--tests", type=_FILE, metavar="REPORT", multiple=True, help="A test report (repeatable)."),
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


class TestFiles(TypedDict):
    """What the options name."""

    tests: tuple[Path, ...]
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


def test_options(command: _Command) -> _Command:
    """Give a command these options."""
    return reduce(lambda made, option: option(made), reversed(_OPTIONS), command)


def read_tests(files: TestFiles, root: Path) -> Tests:
    """Read what the options name, and tie the tests.

    :param root: what places are relative to.
    """
    if not any(files.values()):
        return Tests()
    # Imported here, because most traces read no test report.
    from sphinx_xenfusa.evidence.expected_tests import read_manifest
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
    linked = link_cases([read_report(path, root) for path in dict.fromkeys(files["tests"])], ledger)
    return Tests(bool(files["tests"]), linked.reports, linked.expected, (*findings, *linked.findings))
