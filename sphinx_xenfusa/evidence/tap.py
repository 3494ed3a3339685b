"""Reads TAP, versions 13 and 14: plan, subtests, skip, todo and bail out.

A stream without its plan, with other numbers than planned, or that does not end with a line feed is not whole.  A plan at
the beginning proves that no planned test is missing; what would have come after the last one cannot be missed.

Source: https://testanything.org/tap-version-14-specification.html.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from sphinx_xenfusa.evidence.junit import CASE_LIMIT, DEPTH_LIMIT, MESSAGE_LIMIT, NAME_LIMIT
from sphinx_xenfusa.evidence.plain_text import printable, shortened, without_host_paths
from sphinx_xenfusa.inputs import InputError, decode
from sphinx_xenfusa.trace.record import TestCase, TestReport
from sphinx_xenfusa.trace.states import Outcome

WHAT = "TAP of version 13 or 14"
BEGINNING = re.compile(r"(?:TAP version 1[34]|1\.\.[0-9]+|(?:not )?ok)\b")
"""How the first line of a stream begins that is neither empty nor a comment."""
_VERSION = re.compile(r"TAP version (1[34])")
_PLAN = re.compile(r"1\.\.([0-9]{1,9})(?:\s*#.*)?")
_TEST = re.compile(r"(not )?ok(?:[ \t]+([0-9]{1,9}))?(?:[ \t]+(.*))?")
_DIRECTIVE = re.compile(r"(?<!\\)#\s*(skip|todo)\S*\s*(.*)", re.IGNORECASE)
_INDENT = 4


@dataclass(slots=True)
class _Level:
    """A stream or a subtest while it is read."""

    line: int
    name: str = ""
    planned: int | None = None
    numbers: set[int] = field(default_factory=set)
    last: _Test | None = None
    tests: list[_Test] = field(default_factory=list)


@dataclass(slots=True)
class _Test:
    path: tuple[str, ...]
    name: str
    outcome: Outcome
    reason: str
    details: list[str] = field(default_factory=list)


class _Stream:
    """Gathers tests and the first fault; levels stand by their indentation."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.fault: InputError | None = None
        self.tests: list[_Test] = []
        self.levels = [_Level(1)]
        self.announced = ""
        self.bailed = False
        self._details_end = ""

    def error(self, line: int, found: str, expected: str) -> None:
        """Keep the first fault."""
        self.fault = self.fault or InputError(self.place, line, found, expected)

    def read(self, text: str) -> None:
        """Read all lines."""
        lines = text.split("\n")
        for number, line in enumerate(lines[:-1], 1):
            self._line(number, line.rstrip("\r"))
            if len(self.tests) > CASE_LIMIT:
                self.error(number, f"more than {CASE_LIMIT:,} cases", f"{WHAT}, of at most {CASE_LIMIT:,} cases")
                return
        if lines[-1]:
            self.error(len(lines), "a last line without a line feed", f"{WHAT}, to its end")
        while len(self.levels) > 1:
            self.error(len(lines), "a subtest without the test point that ends it", f"{WHAT}, to its end")
            self._close(self.levels.pop())
        self._close(self.levels[0])

    def _line(self, number: int, line: str) -> None:
        if self._details_end:
            if line == self._details_end:
                self._details_end = ""
            elif (last := self.levels[-1].last) is not None and len(last.details) < 100:
                last.details.append(line.strip())
            return
        words = line.lstrip(" ")
        indent = len(line) - len(words)
        if words.startswith("# Subtest:"):
            self.announced = words.partition(":")[2].strip()
        elif words == "---" and self.levels[-1].last is not None:
            self._details_end = " " * indent + "..."
        elif words.startswith("Bail out!"):
            self._bail_out(number, words)
        elif indent % _INDENT == 0 and (_TEST.fullmatch(words) or _PLAN.fullmatch(words)):
            self._point_or_plan(number, indent // _INDENT, words)

    def _bail_out(self, number: int, words: str) -> None:
        top = self.levels[0]
        if len(self.levels) > 1 or top.planned is None or len(top.numbers) < top.planned:
            self.error(number, printable(shortened(words, 60)), f"{WHAT}, in which every planned test ran")

    def _point_or_plan(self, number: int, depth: int, words: str) -> None:
        if depth > DEPTH_LIMIT or depth > len(self.levels):
            self.error(number, "a subtest nested too deeply", f"{WHAT}, each subtest indented by {_INDENT} more")
            return
        if depth == len(self.levels):
            self.levels.append(_Level(number, self.announced))
        plan = _PLAN.fullmatch(words)
        if plan and depth == len(self.levels) - 1:
            self._plan(number, int(plan[1]))
        elif plan or depth < len(self.levels) - 2:
            self.error(number, "a subtest without the test point that ends it", f"{WHAT}, with one after each subtest")
        else:
            self._point(number, depth, words)

    def _plan(self, number: int, planned: int) -> None:
        level = self.levels[-1]
        if level.planned is not None:
            self.error(number, "a second plan", f"{WHAT}, with one plan")
        level.planned = planned

    def _point(self, number: int, depth: int, words: str) -> None:
        match = _TEST.fullmatch(words)
        if match is None:
            return
        failed, at, rest = match[1], match[2], match[3] or ""
        directive = _DIRECTIVE.search(rest)
        name = (rest[: directive.start()] if directive else rest).strip().removeprefix("- ").strip()
        level = self.levels[depth]
        index = int(at) if at else len(level.numbers) + 1
        if index in level.numbers or index < 1:
            self.error(number, f"the test number {index} again", f"{WHAT}, with each number once")
        level.numbers.add(index)
        name = re.sub(r"\\([\\#])", r"\1", name) or f"test {index}"
        outcome = Outcome.SKIPPED if directive else Outcome.FAILED if failed else Outcome.PASSED
        test = _Test((), name, outcome, directive[2].strip() if directive else "")
        if depth < len(self.levels) - 1:
            inner = self.levels.pop()
            self._close(inner)
            for one in inner.tests:
                one.path = (name, *one.path)
            level.tests += inner.tests
        level.last = test
        level.tests.append(test)
        self.tests.append(test)
        self.announced = ""

    def _close(self, level: _Level) -> None:
        """Hold a level against its plan."""
        ran = len(level.numbers)
        if level.planned is None:
            self.error(
                level.line, "no plan", f"{WHAT}, with a plan (1..{ran}): without it nobody knows what is missing"
            )
        elif level.numbers != set(range(1, level.planned + 1)):
            self.error(level.line, f"the plan 1..{level.planned} over {ran} tests", f"{WHAT}, as many as planned")


def read_tap(data: bytes, place: str, root: Path) -> TestReport:
    """Read a TAP stream; nothing counts in one that is not whole.

    *ok* is passed, *not ok* failed, and both with a skip or todo directive skipped.  The tests of a subtest have its name
    before theirs.

    :param place: the file as messages name it.
    :param root: the project's root, which is cut from paths in messages.
    """
    stream = _Stream(place)
    try:
        stream.read(decode(data, Path(place), what=WHAT))
    except InputError as wrong:
        stream.error(wrong.line or 1, wrong.found, wrong.expected)
    cases: dict[tuple[str, str], TestCase] = {}
    order = list(Outcome)
    for test in stream.levels[0].tests:
        case = _case(test, place, root, readable=stream.fault is None)
        known = cases.get((case.classname, case.name))
        if known is None or order.index(case.outcome) < order.index(known.outcome):
            cases[case.classname, case.name] = case
    error = "" if stream.fault is None else str(stream.fault)
    return TestReport(place, hashlib.sha256(data).hexdigest(), error, tuple(sorted(cases.values())), "TAP")


def _case(test: _Test, place: str, root: Path, *, readable: bool) -> TestCase:
    def clean(text: str, limit: int) -> str:
        return printable(without_host_paths(shortened(text, limit), root))

    details = "\n".join(test.details) if test.outcome is Outcome.FAILED else ""
    return TestCase(
        report=place,
        classname=clean(" / ".join(test.path), NAME_LIMIT),
        name=clean(test.name, NAME_LIMIT),
        outcome=test.outcome if readable else Outcome.NOT_RUN,
        message=clean(test.reason or details, MESSAGE_LIMIT),
    )
