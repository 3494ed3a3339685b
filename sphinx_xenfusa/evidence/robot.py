"""Reads Robot Framework's output.xml.

Three things in it are not as they look: a dry run (``--dryrun``) writes PASS for every test although no keyword ran, and a
suite whose teardown failed fails all its tests, though they stand there as PASS; and what ``rebot --merge`` made
of several runs has the status of the last, with those before it in the message only.  A test passes here only if a keyword
of it passed in every run, and the statistics of the report must agree.

Source: Robot Framework 7.5, what it writes, and its schema ``robot.xsd``.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass, field

from sphinx_xenfusa.evidence.content import MESSAGE_LIMIT, Content, Kept
from sphinx_xenfusa.evidence.junit import RESULT_LIMIT, Target, parse
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.trace.record import TestCase, TestReport
from sphinx_xenfusa.trace.states import Outcome

WHAT = "output.xml as Robot Framework writes it"
DEPTH_LIMIT = 200
"""Elements within each other: keywords call keywords, Robot itself stops at a hundred."""
_STATUS = {
    "PASS": Outcome.PASSED,
    "FAIL": Outcome.FAILED,
    "SKIP": Outcome.SKIPPED,
    "NOT RUN": Outcome.NOT_RUN,
    "NOT_RUN": Outcome.NOT_RUN,
}
_NAME = re.compile(r"[A-Za-z][\w.-]*")
_MERGED = '*HTML* <span class="merge">'
_OLD_STATUS = re.compile(r'Old status:</span> <span class="([a-z_ -]{1,20})">')
_TAG_OF_HTML = re.compile(r"<[^<>]{0,200}>")
_NO_REASON = re.compile(r"\ASkipped with Skip keyword\.$")
_STEPS = frozenset({"kw", "if", "for", "while", "try", "group", "branch", "iter"})


@dataclass(slots=True)
class _Suite:
    name: str
    source: str
    first: int
    teardown_failed: bool = False


@dataclass(slots=True)
class _Test:
    classname: str
    name: str
    place: str
    outcome: Outcome | None = None
    message: str = ""
    ran: bool = False
    tags: list[str] = field(default_factory=list)
    earlier: list[Outcome] = field(default_factory=list)
    merged: bool = False


class _Reader(Target):
    """Gathers the tests and the statistics."""

    def __init__(self, content: Content) -> None:
        super().__init__(content.place, WHAT)
        self.case_limit = content.limits.cases
        self._kept = Kept(content)
        self.tool = ""
        self.time = ""
        self.tests: list[_Test] = []
        self.total: Counter[str] | None = None
        self._open: list[tuple[str, dict[str, str]]] = []
        self._suites: list[_Suite] = []
        self._test: _Test | None = None
        self._text: list[str] | None = None
        self._length = 0
        self._tail: str | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if len(self._open) >= DEPTH_LIMIT:
            raise self.error("elements nested too deeply", f"{WHAT}, nested at most {DEPTH_LIMIT} deep")
        parent = self._open[-1] if self._open else ("", {})
        self._open.append((tag, attributes))
        if tag == "robot":
            self.tool, self.time = (self._clean(attributes.get(key, "")) for key in ("generator", "generated"))
        elif tag == "suite" and parent[0] in ("robot", "suite"):
            self._suites.append(_Suite(attributes.get("name", ""), attributes.get("source", ""), len(self.tests)))
        elif tag == "test" and parent[0] == "suite" and self._suites:
            self._start_test(attributes)
        elif tag == "status":
            self._status(parent, attributes)
        elif tag == "tag" and parent[0] == "test":
            self._text, self._length = [], 0
        elif tag == "stat" and parent[0] == "total":
            self._statistics(attributes)

    def end(self, tag: str) -> None:
        """An element ends."""
        self._open.pop()
        parent = self._open[-1][0] if self._open else ""
        if self._test is not None and self._text is not None and tag in ("status", "tag"):
            text = "".join(self._text).strip()
            if tag == "tag":
                self._test.tags.append(self._clean(text))
            else:
                self._test.message = self._kept.message(_plain(text))
            self._text = self._tail = None
        if tag == "test" and parent == "suite" and self._test is not None:
            if self._test.outcome is None:
                self.error("a test without a status", f"{WHAT}, with a status for each test")
            self._test = None
        elif tag == "suite" and parent in ("robot", "suite"):
            self._end_suite(self._suites.pop())
        elif tag == "robot":
            self._compare()

    def data(self, text: str) -> None:
        """Character data; kept where it is a message or a tag."""
        if self._tail is not None:
            self._look_for_attempts(text)
        if self._text is not None and self._length < 10 * MESSAGE_LIMIT:
            self._text.append(text)
            self._length += len(text)

    def _look_for_attempts(self, text: str) -> None:
        """Find what ``rebot --merge`` writes of earlier attempts into the message, however long that is, newest first."""
        if self._test is None or self._tail is None:
            return
        window = self._tail + text
        if len(window) >= len(_MERGED) and not window.startswith(_MERGED) and not self._test.merged:
            self._tail = None
            return
        self._test.merged = self._test.merged or window.startswith(_MERGED)
        end = 0
        for match in _OLD_STATUS.finditer(window):
            end = match.end()
            self._add_attempt(match[1])
        self._tail = window[max(end, len(window) - 100) :]

    def _add_attempt(self, word: str) -> None:
        outcome = _STATUS.get(word.upper())
        if self._test is None or outcome is None:
            self.error("an earlier status that is none", f"{WHAT}, with {', '.join(_STATUS)}")
        elif len(self._test.earlier) >= RESULT_LIMIT:
            raise self.error(f"a test with more than {RESULT_LIMIT:,} attempts", f"{WHAT}, with fewer")
        else:
            self._test.earlier.insert(0, outcome)

    def _start_test(self, attributes: dict[str, str]) -> None:
        if len(self.tests) >= self.case_limit:
            most = f"{self.case_limit:,} cases"
            raise self.error(f"more than {most}", f"{WHAT}, of at most {most}")
        source, line = self._clean(self._suites[-1].source), attributes.get("line", "")
        path = ".".join(suite.name for suite in self._suites)
        place = f"{source}:{line}" if source and line.isdigit() else source
        self._test = _Test(self._clean(path), self._clean(attributes.get("name", "")), place)
        self.tests.append(self._test)

    def _status(self, parent: tuple[str, dict[str, str]], attributes: dict[str, str]) -> None:
        tag, of_parent = parent
        word = attributes.get("status", "")
        outcome = _STATUS.get(word)
        if outcome is None:
            self.error(f'the status "{self._clean(word)[:60]}"', f"{WHAT}, with {', '.join(_STATUS)}")
        elif tag == "test" and self._test is not None:
            self._test.outcome = outcome
            self._text, self._length, self._tail = [], 0, ""
        elif tag in _STEPS and self._test is not None:
            self._test.ran = self._test.ran or outcome in (Outcome.PASSED, Outcome.FAILED)
        elif tag == "kw" and of_parent.get("type", "").upper() == "TEARDOWN" and self._suites:
            of_suite = len(self._open) > 2 and self._open[-3][0] == "suite"
            failed = of_suite and outcome is Outcome.FAILED
            self._suites[-1].teardown_failed = self._suites[-1].teardown_failed or failed

    def _end_suite(self, suite: _Suite) -> None:
        if suite.teardown_failed:
            for test in self.tests[suite.first :]:
                test.outcome = Outcome.FAILED
                test.message = "\n".join(part for part in (test.message, "the teardown of the suite failed") if part)

    def _statistics(self, attributes: dict[str, str]) -> None:
        counts = {word: attributes.get(word, "0") for word in ("pass", "fail", "skip")}
        if all(text.isdecimal() and len(text) < 10 for text in counts.values()):
            # Up to Robot 3 a line for critical tests stands before the one for all.
            self.total = Counter({word: int(text) for word, text in counts.items()})
        else:
            self.error("statistics that are no numbers", f"{WHAT}, with numbers")

    def _compare(self) -> None:
        words = {Outcome.PASSED: "pass", Outcome.FAILED: "fail", Outcome.SKIPPED: "skip"}
        counted = Counter(words[test.outcome] for test in self.tests if test.outcome in words)
        if self.total is None:
            self.error("no statistics", f"{WHAT}, with the totals")
        elif +self.total != counted:
            shown = (
                ", ".join(f"{one[word]} {word}" for word in ("pass", "fail", "skip")) for one in (self.total, counted)
            )
            self.error(" over ".join(shown), "statistics that agree with the tests")

    def _clean(self, text: str) -> str:
        try:
            return self._kept.name(text)
        except InputError as error:
            raise self.error(error.found, error.expected) from error


def read_robot(content: Content) -> TestReport:
    """Read an output.xml; nothing in one that is faulty counts."""
    place, reader = content.place, _Reader(content)
    fault = parse(content, reader)
    found: dict[tuple[str, str], TestCase] = {}
    order = list(Outcome)
    for test in reader.tests:
        case = _case(test, place, readable=fault is None)
        known = found.get((case.classname, case.name))
        if known is None or order.index(case.outcome) < order.index(known.outcome):
            found[case.classname, case.name] = case
    return TestReport(
        file=place,
        sha256=content.sha256,
        error="" if fault is None else str(fault),
        cases=tuple(sorted(found.values())),
        dialect="Robot Framework",
        tool=reader.tool,
        time=reader.time,
    )


def _case(test: _Test, place: str, *, readable: bool) -> TestCase:
    outcome, message = test.outcome or Outcome.NOT_RUN, test.message
    if outcome is Outcome.PASSED and not test.ran:
        outcome, message = Outcome.NOT_RUN, "no keyword of it ran: a dry run"
    if outcome is Outcome.SKIPPED:
        message = _NO_REASON.sub("", message)
    attempts = (*test.earlier, outcome) if test.earlier else ()
    return TestCase(
        report=place,
        classname=test.classname,
        name=test.name,
        outcome=min((outcome, *attempts), key=list(Outcome).index) if readable else Outcome.NOT_RUN,
        message=message,
        attempts=attempts if readable else (),
        properties=tuple(sorted(_property(tag) for tag in test.tags)),
        place=test.place,
    )


def _plain(text: str) -> str:
    """A message in HTML as text."""
    if not text.startswith("*HTML*"):
        return text
    lines = re.sub(r"<(?:br|hr)>", "\n", text.removeprefix("*HTML*"))
    return html.unescape(_TAG_OF_HTML.sub("", lines)).strip()


def _property(tag: str) -> tuple[str, str]:
    """A tag as a property: one such as ``xenfusa.verifies:XenArch~x~1`` has a name of its own."""
    name, colon, value = tag.partition(":")
    return (name.strip(), value.strip()) if colon and _NAME.fullmatch(name.strip()) else ("tag", tag)
