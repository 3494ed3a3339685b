"""Finds test cases by patterns of their names.

A pattern is held against the whole of ``classname::name`` (the name alone where there is no class), upper and lower case told
apart.  ``*`` stands for any characters, ``?`` for one; everything else stands for itself, also brackets, which the names of
parametrized tests are full of.
"""

from __future__ import annotations

import fnmatch
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from sphinx_xenfusa.trace.record import Place, TestCase, TestReport


class Reported(NamedTuple):
    """A test case with its report.

    :param number: its place among all cases of all reports.
    """

    number: int
    report: TestReport
    case: TestCase

    @property
    def target(self) -> str:
        """What it ran on: as the case says, else as the report says of all its cases."""
        return self.case.target or self.report.target


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of names, with what else the cases must have.

    :param tests: held against ``classname::name``.
    :param place: where it is written.
    :param report: a pattern of the report's file; empty for any.
    :param target: a pattern of what the case ran on; empty for anything.
    """

    tests: str
    place: Place
    report: str = ""
    target: str = ""

    def __str__(self) -> str:
        of_report = f" in the report {self.report}" if self.report else ""
        return f"{self.tests!r}{of_report}{f' on {self.target}' if self.target else ''}"


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> Callable[[str], object]:
    # The standard library's translation never tries more than one place for what stands between two stars.
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]"))).match


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern stands for a text."""
    return pattern == text or _matcher(pattern)(text) is not None


class CaseIndex:
    """All cases of some reports by name; a pattern is held only against the names that begin as it does."""

    def __init__(self, reports: Sequence[TestReport]) -> None:
        pairs = [(report, case) for report in reports for case in report.cases]
        self.cases = tuple(Reported(number, *pair) for number, pair in enumerate(pairs))
        self._of_name: defaultdict[str, list[Reported]] = defaultdict(list)
        for one in self.cases:
            self._of_name[one.case.id].append(one)
        self._names = sorted(self._of_name)

    def named(self, pattern: Pattern) -> list[Reported]:
        """The cases whose name a pattern stands for, in whatever report and on whatever target."""
        return [one for name in self._matching(pattern.tests) for one in self._of_name[name]]

    def find(self, pattern: Pattern) -> list[Reported]:
        """The cases that a pattern stands for."""
        return [
            one
            for one in self.named(pattern)
            if (not pattern.report or matches(pattern.report, one.report.file))
            and (not pattern.target or matches(pattern.target, one.target))
        ]

    def _matching(self, pattern: str) -> Iterator[str]:
        beginning = re.split("[*?]", pattern, maxsplit=1)[0]
        if beginning == pattern:
            yield from (name for name in (pattern,) if name in self._of_name)
            return
        matched = _matcher(pattern)
        for position in range(bisect_left(self._names, beginning), len(self._names)):
            name = self._names[position]
            if not name.startswith(beginning):
                return
            if matched(name):
                yield name
