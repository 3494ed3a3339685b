"""Reads TAP, versions 13 and 14: plan, subtests, skip, todo and bail out.

A stream without its plan, with other numbers than planned, or that does not end with a line feed is not whole.  A plan at
the beginning proves that no planned test is missing; what would have come after the last one cannot be missed.

Source: https://testanything.org/tap-version-14-specification.html.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from sphinx_xenfusa.evidence.content import MESSAGE_LIMIT, Content, Kept
from sphinx_xenfusa.evidence.junit import DEPTH_LIMIT
from sphinx_xenfusa.evidence.plain_text import printable, shortened
from sphinx_xenfusa.inputs import InputError
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
LINE_LIMIT = 4 * 1024 * 1024
"""Characters of a line."""
_DETAILS = 100
"""Lines of the details of a test that are kept."""


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

    def __init__(self, content: Content) -> None:
        self.place = content.place
        self.kept = Kept(content)
        self.most = content.limits.cases
        self.fault: InputError | None = None
        self.tests = 0
        self.levels = [_Level(1)]
        self.announced = ""
        self.bailed = False
        self._details_end = ""

    def error(self, line: int, found: str, expected: str) -> None:
        """Keep the first fault."""
        self.fault = self.fault or InputError(self.place, line, found, expected)

    def read(self, lines: Iterator[str]) -> None:
        """Read all lines, each but the last with its line feed.

        :raises InputError: there are too many tests or names.
        """
        number = 0
        for number, line in enumerate(lines, 1):
            if not line.endswith("\n"):
                self.error(number, "a last line without a line feed", f"{WHAT}, to its end")
                break
            self._line(number, line[:-1].rstrip("\r"))
            if self.tests > self.most:
                most = f"{self.most:,} cases"
                raise InputError(self.place, number, f"more than {most}", f"{WHAT}, of at most {most}")
        self._finish(number)

    def _finish(self, number: int) -> None:
        while len(self.levels) > 1:
            self.error(number, "a subtest without the test point that ends it", f"{WHAT}, to its end")
            self._close(self.levels.pop())
        self._close(self.levels[0])

    def _line(self, number: int, line: str) -> None:
        if self._details_end:
            if line == self._details_end:
                self._details_end = ""
            elif (last := self.levels[-1].last) is not None and len(last.details) < _DETAILS:
                last.details.append(line.strip()[:MESSAGE_LIMIT])
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
        name = self.kept.name(re.sub(r"\\([\\#])", r"\1", name) or f"test {index}")
        outcome = Outcome.SKIPPED if directive else Outcome.FAILED if failed else Outcome.PASSED
        self._finish_details(level.last)
        test = _Test((), name, outcome, self.kept.message(directive[2].strip()) if directive else "")
        if depth < len(self.levels) - 1:
            inner = self.levels.pop()
            self._close(inner)
            for one in inner.tests:
                one.path = (name, *one.path)
            level.tests += inner.tests
        level.last = test
        level.tests.append(test)
        self.tests += 1
        self.announced = ""

    def _finish_details(self, test: _Test | None) -> None:
        """Make one message of the details of a test that failed."""
        if test is not None and test.details:
            if test.outcome is Outcome.FAILED:
                test.reason = test.reason or self.kept.message("\n".join(test.details))
            test.details = []

    def _close(self, level: _Level) -> None:
        """Hold a level against its plan."""
        self._finish_details(level.last)
        ran = len(level.numbers)
        if level.planned is None:
            self.error(
                level.line, "no plan", f"{WHAT}, with a plan (1..{ran}): without it nobody knows what is missing"
            )
        elif level.numbers != set(range(1, level.planned + 1)):
            self.error(level.line, f"the plan 1..{level.planned} over {ran} tests", f"{WHAT}, as many as planned")


def read_tap(content: Content) -> TestReport:
    """Read a TAP stream; nothing counts in one that is not whole.

    *ok* is passed, *not ok* failed, and both with a skip or todo directive skipped.  The tests of a subtest have its name
    before theirs.
    """
    stream = _Stream(content)
    try:
        stream.read(_lines(content))
    except InputError as wrong:
        stream.error(wrong.line or 1, wrong.found, wrong.expected)
    for _ in content.chunks():
        pass  # for the digest, where the reading ended early
    cases: dict[tuple[str, str], TestCase] = {}
    order = list(Outcome)
    for test in stream.levels[0].tests:
        case = _case(test, content.place, readable=stream.fault is None)
        known = cases.get((case.classname, case.name))
        if known is None or order.index(case.outcome) < order.index(known.outcome):
            cases[case.classname, case.name] = case
    error = "" if stream.fault is None else str(stream.fault)
    return TestReport(content.place, content.sha256, error, tuple(sorted(cases.values())), "TAP")


def _lines(content: Content) -> Iterator[str]:
    """The lines with their line feeds; the last one may have none.

    :raises InputError: a byte is not UTF-8 or NUL, or a line is too long.
    """
    wrong = content.bad_text(WHAT)
    if wrong is not None:
        raise wrong
    decoder, rest = codecs.getincrementaldecoder("utf-8-sig")(), ""
    for chunk in content.chunks():
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        if len(rest) > LINE_LIMIT:
            raise InputError(content.place, None, "a very long line", f"{WHAT}, in lines of at most {LINE_LIMIT:,}")
        yield from (f"{line}\n" for line in lines)
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest


def _case(test: _Test, place: str, *, readable: bool) -> TestCase:
    return TestCase(
        report=place,
        classname=shortened(" / ".join(test.path), MESSAGE_LIMIT),
        name=test.name,
        outcome=test.outcome if readable else Outcome.NOT_RUN,
        message=test.reason,
    )
