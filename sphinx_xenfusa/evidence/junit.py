"""Reads JUnit XML: one streaming reader, and what pytest writes (``--junitxml``, families xunit1 and xunit2).

Dialects of JUnit differ in how a case says that it did *not* run (``status="disabled"``, ``result="suppressed"``, a
child element, nothing at all), so a dialect that is guessed wrong counts such cases as passed.  The reader therefore
knows the elements and attributes of one dialect (its :class:`Form`) and refuses all others; the counts of a testsuite
must be there and agree.  The forms of the other dialects stand in :mod:`sphinx_xenfusa.evidence.junit_dialects`.

Nothing in a faulty report counts: its cases are reported as *not run*, with the first fault and its line.  The file is
read in pieces and the parser calls :class:`Reader` element by element; what is kept has limits of its own, so a report of
any size is read in the same memory.

Source: ``_pytest/junitxml.py`` of pytest 8.2 to 9.2.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers.expat import errors as expat_errors

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from sphinx_xenfusa.evidence.content import CHUNK, DEFAULT, MESSAGE_LIMIT, TIME_LIMIT, Content, Kept, Limits, opened
from sphinx_xenfusa.evidence.plain_text import printable, shortened, shown_path
from sphinx_xenfusa.evidence.times import earliest
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.trace.record import TestCase, TestReport
from sphinx_xenfusa.trace.states import Outcome
from sphinx_xenfusa.trace.test_methods import FIELDS

DEPTH_LIMIT = 16
"""Elements within each other; pytest writes five."""
TAG_LIMIT = 4 * 1024 * 1024
"""Bytes of one tag, comment or declaration: the parser needs it whole in memory."""
ATTRIBUTE_LIMIT = 1_000
"""Attributes of an element; googletest writes what a test records as attributes."""
WORD_LIMIT = 100_000
"""Different names of elements and attributes in a report: the parser keeps each."""
RESULT_LIMIT = 1_000
"""Failures, errors, skips and attempts of one case."""

WHAT = "a JUnit report as pytest writes it"
VERIFIES = "xenfusa.verifies"
PARTIALLY_VERIFIES = "xenfusa.partially-verifies"
RERUN = "an earlier attempt has no result in the report: pytest writes it so where a test failed and was run again"
FURTHER_PASSES = "xenfusa.further-passes"
"""Written by our pytest plugin: pytest 9 counts every passed subtest in ``tests`` and writes no element for it."""
PLACE = "xenfusa.place"
"""Written by our pytest plugin: where the test stands, which pytest writes in the family xunit1 only."""
METHOD = {f"xenfusa.{field}": field for field in FIELDS}
"""The properties that say how a test verifies; what they amount to is said by :mod:`sphinx_xenfusa.evidence.case_properties`."""

PYTEST_CHILDREN: Mapping[str, frozenset[str]] = {
    "": frozenset({"testsuites", "testsuite"}),
    "testsuites": frozenset({"testsuite"}),
    "testsuite": frozenset({"testsuite", "testcase", "properties", "system-out", "system-err"}),
    "testcase": frozenset({"properties", "failure", "error", "skipped", "system-out", "system-err"}),
    "properties": frozenset({"property"}),
}
PYTEST_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "testsuites": frozenset({"name", "tests", "failures", "errors", "skipped", "time"}),
    "testsuite": frozenset(
        {"name", "tests", "failures", "errors", "skipped", "skips", "time", "timestamp", "hostname"}
    ),
    "testcase": frozenset({"classname", "name", "file", "line", "url", "time", "assertions"}),
}
_OUTCOMES = {"failure": Outcome.FAILED, "error": Outcome.ERROR, "skipped": Outcome.SKIPPED}
EARLIER = {
    "flakyFailure": Outcome.FAILED,
    "rerunFailure": Outcome.FAILED,
    "flakyError": Outcome.ERROR,
    "rerunError": Outcome.ERROR,
}
"""Elements of other attempts of the same test (surefire's words, taken over by quick-junit)."""
_OUTPUT = frozenset({"system-out", "system-err"})
_TEXT = frozenset({*_OUTCOMES, *EARLIER, *_OUTPUT})
_COUNT = re.compile(r"[0-9]{1,9}")
_TEARDOWN = "failed on teardown"
_CUT_OFF = frozenset(
    expat_errors.codes[text]
    for text in (
        expat_errors.XML_ERROR_NO_ELEMENTS,
        expat_errors.XML_ERROR_UNCLOSED_TOKEN,
        expat_errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
        expat_errors.XML_ERROR_PARTIAL_CHAR,
    )
)


@dataclass(slots=True)
class CaseElement:
    """A ``testcase`` element while it is read."""

    classname: str
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    results: list[Outcome] = field(default_factory=list)
    earlier: list[Outcome] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    output: list[str] = field(default_factory=list)
    properties: dict[tuple[str, str], None] = field(default_factory=dict)
    verifies: dict[str, None] = field(default_factory=dict)
    partially_verifies: dict[str, None] = field(default_factory=dict)
    place: str = ""
    target: str = ""
    teardown_failed: bool = False
    further_passes: int = 0


@dataclass(slots=True)
class SuiteElement:
    """A ``testsuite`` element while it is read: what it declares and what was counted in it."""

    line: int
    declared: dict[str, int]
    attributes: Mapping[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)
    failed_ids: set[tuple[str, str]] = field(default_factory=set)
    silent_ids: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Form:
    """What one dialect writes, and what it means by it.

    :param what: for messages: what is expected.
    :param children: the elements that each element may have; the empty name has the root elements.
    :param attributes: the attributes that an element may have; an element that is not listed may have any.
    :param needed: the attributes that a testcase must have.
    :param counts: for each count that a suite declares, what of its cases it counts.
    :param needed_counts: the counts that each testsuite must declare.
    :param judge: what the case is by this dialect; whatever it cannot understand is an error (found, expected).
    :param count: adds to what is counted in a suite for one case.
    :param fault: what the declared counts and the cases of a suite disagree about; the counts one by one if left out.
    :param first_line: the number that it gives to the first line of a file.
    :param again: what a further element with the id of this case says of it; nothing if left out.
    :param no_reason: what it writes for a skip without a reason, or puts before the reason.
    """

    what: str
    children: Mapping[str, frozenset[str]]
    attributes: Mapping[str, frozenset[str]]
    needed: tuple[str, ...]
    counts: Mapping[str, str]
    needed_counts: frozenset[str]
    judge: Callable[[CaseElement, SuiteElement], tuple[Outcome, ...] | InputFault]
    count: Callable[[SuiteElement, CaseElement, tuple[Outcome, ...]], None]
    fault: Callable[[SuiteElement], tuple[str, str] | None] | None = None
    first_line: int = 1
    again: Callable[[CaseElement], None] = lambda case: None
    no_reason: re.Pattern[str] = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class InputFault:
    """What a case says that its dialect does not know."""

    found: str
    expected: str


def judge_by_children(case: CaseElement, suite: SuiteElement) -> tuple[Outcome, ...]:
    """Failed, error and skipped by the elements in the case; without any, the dialect says that it passed."""
    del suite
    return tuple(case.results) or (Outcome.PASSED,)


def count_elements(suite: SuiteElement, case: CaseElement, outcomes: tuple[Outcome, ...]) -> None:
    """Count a case once, and each of its failure, error and skipped elements."""
    del outcomes
    suite.counted["testcase"] += 1
    for tag, outcome in _OUTCOMES.items():
        suite.counted[tag] += case.results.count(outcome)


def count_pytest(suite: SuiteElement, case: CaseElement, outcomes: tuple[Outcome, ...]) -> None:
    """Count a case that was read to its end as pytest's versions may have."""
    count_elements(suite, case, outcomes)
    counted = suite.counted
    counted["without result" if not case.results else "results"] += max(1, len(case.results))
    counted["further passes"] += case.further_passes
    key = (case.classname, case.name)
    if case.teardown_failed and len(case.results) > 1:
        counted["joined teardown"] += 1
    elif case.teardown_failed:
        counted["repeated teardown" if key in suite.failed_ids else "lone teardown"] += 1
    if Outcome.FAILED in case.results:
        suite.failed_ids.add(key)
    counted["rerun"] += key in suite.silent_ids
    (suite.silent_ids.discard if case.results else suite.silent_ids.add)(key)


def rerun_by_pytest(case: CaseElement) -> None:
    """Take what was read of a case so far for an attempt that failed, if it has no result of its own.

    pytest-rerunfailures leaves an element without a result for each attempt that it ran again, and it runs failures
    again.  What else writes a test twice (``--dist each``, ``--keep-duplicates``) cannot be told from that.
    """
    if case.results[-1] is Outcome.PASSED:
        case.results.pop()
        case.earlier.append(Outcome.FAILED)
        if RERUN not in case.messages:
            case.messages.append(RERUN)


def _possible_tests(suite: SuiteElement) -> tuple[int, ...]:
    """What pytest may have written into ``tests`` for these cases, at the most.

    A teardown that fails after the test itself has its result counted differently by pytest's versions: up to 9.1 a
    test that passed counts twice and one that failed (two elements) once; from 9.2 on, elements are counted.
    Subtests count beside their test.
    """
    counted = suite.counted
    results = counted["without result"] + counted["results"]
    up_to_9_1 = results + counted["lone teardown"] - counted["repeated teardown"]
    candidates = (counted["testcase"], results - counted["joined teardown"], up_to_9_1)
    return tuple(candidate + counted["further passes"] for candidate in candidates)


def _pytest_fault(suite: SuiteElement) -> tuple[str, str] | None:
    counts = {attribute: result for attribute, result in PYTEST.counts.items() if attribute != "tests"}
    fault = counts_fault(suite, counts)
    declared = suite.declared.get("tests")
    reruns = suite.counted["rerun"]  # counted only where the test passed and its teardown was what failed
    most = _possible_tests(suite)
    if fault is None and declared is not None and not any(one - reruns <= declared <= one for one in most):
        return f'tests="{declared}" over {suite.counted["testcase"]} <testcase>', "counts that agree with the cases"
    return fault


def counts_fault(suite: SuiteElement, counts: Mapping[str, str]) -> tuple[str, str] | None:
    """The first declared count that disagrees with the cases: found and expected."""
    for attribute, result in counts.items():
        declared, counted = suite.declared.get(attribute), suite.counted[result]
        if declared is not None and declared != counted:
            return f'{attribute}="{declared}" over {counted} <{result}>', "counts that agree with the cases"
    return None


PYTEST = Form(
    what=WHAT,
    children=PYTEST_CHILDREN,
    attributes=PYTEST_ATTRIBUTES,
    needed=("classname", "name"),
    counts={"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"},
    needed_counts=frozenset({"tests", "failures", "errors", "skipped"}),
    judge=judge_by_children,
    count=count_pytest,
    fault=_pytest_fault,
    first_line=0,
    again=rerun_by_pytest,
    no_reason=re.compile(r"\A(?:unconditional skip$|Skipped$|\[NOTRUN\] *)"),
)


class Target:
    """What :func:`parse` feeds: keeps the first fault, which does not end the reading.

    :param place: the file, as messages name it.
    :param what: what is expected, for messages.
    """

    def __init__(self, place: str, what: str) -> None:
        self.place = place
        self.what = what
        self.fault: InputError | None = None
        self.line: Callable[[], int] = lambda: 1

    def error(self, found: str, expected: str, line: int | None = None) -> InputError:
        """The error at this place of the report; also kept, when it is the first."""
        fault = InputError(self.place, line or self.line(), found, expected)
        self.fault = self.fault or fault
        return fault

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""

    def data(self, text: str) -> None:
        """Character data."""

    def close(self) -> None:
        """The document ended, in whatever state."""


class _Guard:
    """Stands between the parser and what it feeds, and ends the reading before names fill the memory."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._words: set[str] = set()
        self.end = target.end
        self.data = target.data

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if tag not in self._words or not attributes.keys() <= self._words:
            self._words.update((tag, *attributes))
            self._refuse_many(len(attributes))
        self._target.start(tag, attributes)

    def _refuse_many(self, attributes: int) -> None:
        what = self._target.what
        if attributes > ATTRIBUTE_LIMIT:
            found = f"an element with {attributes:,} attributes"
            raise self._target.error(found, f"{what}, with at most {ATTRIBUTE_LIMIT:,} for each element")
        if len(self._words) > WORD_LIMIT:
            found = f"more than {WORD_LIMIT:,} different names of elements and attributes"
            raise self._target.error(found, f"{what}, with fewer")


class Reader(Target):
    """The target of the XML parser: gathers cases and the first fault, which does not end the reading."""

    def __init__(self, content: Content, form: Form) -> None:
        super().__init__(content.place, form.what)
        self.form = form
        self.case_limit = content.limits.cases
        self.times: dict[str, None] = {}
        self.cases: dict[tuple[str, str, str], CaseElement] = {}
        self.elements = 0
        self._path: list[str] = []
        self._foreign = 0
        self._suites: list[SuiteElement] = []
        self._case: CaseElement | None = None
        self._text: list[str] | None = None
        self._text_length = 0
        self._kept = Kept(content)

    # What the parser calls.

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if len(self._path) + self._foreign >= DEPTH_LIMIT:
            raise self.error("elements nested too deeply", f"{self.form.what}, nested at most {DEPTH_LIMIT} deep")
        parent = self._path[-1] if self._path else ""
        if self._foreign or tag not in self.form.children.get(parent, ()):
            self._refuse_element(tag, parent)
            return
        self._path.append(tag)
        self._refuse_attributes(tag, attributes)
        if tag in ("testsuites", "testsuite"):
            self._start_suite(tag, attributes)
        elif tag == "testcase":
            self._start_case(attributes)
        elif tag == "property":
            self._property(attributes)
        elif tag in _OUTCOMES or tag in EARLIER:
            self._start_result(tag, attributes)
        elif tag in _OUTPUT and parent == "testcase":
            self._text, self._text_length = [], 0

    def end(self, tag: str) -> None:
        """An element ends."""
        if self._foreign:
            self._foreign -= 1
            return
        self._path.pop()
        if tag in ("testsuites", "testsuite"):
            self._end_suite(tag)
        elif tag == "testcase" and self._case is not None:
            self._end_case(self._case)
        elif tag in _TEXT and self._text is not None and self._case is not None:
            kept = self._case.output if tag in _OUTPUT else self._case.messages
            kept.append(self._kept.message("".join(self._text).strip()))
            self._text = None

    def data(self, text: str) -> None:
        """Character data; kept only where it is a message."""
        if self._text is not None and not self._foreign and self._text_length < 10 * MESSAGE_LIMIT:
            self._text.append(text)
            self._text_length += len(text)

    def close(self) -> None:
        """The document ended, in whatever state."""
        if self._case is not None:
            self._keep(self._case, (Outcome.NOT_RUN,))
            self._case = None

    # What the elements mean.

    def _refuse_element(self, tag: str, parent: str) -> None:
        if not self._foreign:
            where = f"in <{parent}>" if parent else "as the root element"
            children = " or ".join(f"<{child}>" for child in sorted(self.form.children.get(parent, ()))) or "text"
            self.error(f"<{_shown(tag)}> {where}", f"{self.form.what}, which has {children} there")
        self._foreign += 1

    def _refuse_attributes(self, tag: str, attributes: dict[str, str]) -> None:
        known = self.form.attributes.get(tag)
        strange = sorted(set(attributes) - known) if known else []
        if strange:
            self.error(
                f'the attribute {_shown(strange[0])}="{_shown(attributes[strange[0]])}" on <{tag}>, an unknown dialect',
                f"{self.form.what}, whose <{tag}> has {', '.join(sorted(known or ()))} only",
            )

    def _start_suite(self, tag: str, attributes: dict[str, str]) -> None:
        if "skips" in attributes and "skips" not in self.form.counts:  # up to pytest 4
            attributes = {"skipped": attributes["skips"], **attributes}
        declared = {}
        for name in self.form.counts:
            text = attributes.get(name)
            if text is not None and _COUNT.fullmatch(text):
                declared[name] = int(text)
            elif text is not None or (tag == "testsuite" and name in self.form.needed_counts):
                found = f'{name}="{_shown(text)}"' if text is not None else f"no {name} count, an unknown dialect"
                *most, last = self.form.counts
                self.error(f"{found} on <{tag}>", f"{self.form.what}, with the counts {', '.join(most)} and {last}")
        self._suites.append(SuiteElement(self.line(), declared, attributes))
        self.times[self._name(shortened(attributes.get("timestamp", ""), TIME_LIMIT))] = None

    def _end_suite(self, tag: str) -> None:
        suite = self._suites.pop()
        fault = self.form.fault(suite) if self.form.fault else counts_fault(suite, self.form.counts)
        if fault is not None:
            self.error(*fault, line=suite.line)
        suite.counted["suites"] += tag == "testsuite"
        if not self._suites and not suite.counted["suites"]:
            self.error("a report without a <testsuite>", self.form.what, line=suite.line)
        if self._suites:
            self._suites[-1].counted.update(suite.counted)

    def _start_case(self, attributes: dict[str, str]) -> None:
        self.elements += 1
        if self.elements > self.case_limit:
            most = f"{self.case_limit:,} cases"
            raise self.error(f"more than {most}", f"{self.form.what}, of at most {most}")
        for name in self.form.needed:
            if name not in attributes:
                needed = " and ".join(self.form.needed)
                self.error(f"a <testcase> without {name}, an unknown dialect", f"{self.form.what}, with {needed}")
        classname, name = (self._name(attributes.get(key, "")) for key in ("classname", "name"))
        self._case = CaseElement(classname, name, attributes)
        file, line = self._name(attributes.get("file", "")), attributes.get("line", "")
        if file and _COUNT.fullmatch(line):
            file = f"{file}:{int(line) + 1 - self.form.first_line}"
        self._case.place = file

    def _end_case(self, case: CaseElement) -> None:
        judged = self.form.judge(case, self._suites[-1])
        if isinstance(judged, InputFault):
            self.error(judged.found, f"{self.form.what}, {judged.expected}")
            judged = (Outcome.NOT_RUN,)
        self.form.count(self._suites[-1], case, judged)
        if set(judged) == {Outcome.SKIPPED}:
            case.messages = [self.form.no_reason.sub("", message, count=1).strip() for message in case.messages]
        self._keep(case, judged)
        self._case = None

    def _start_result(self, tag: str, attributes: dict[str, str]) -> None:
        case = self._case
        if case is None:
            return
        if len(case.results) + len(case.earlier) >= RESULT_LIMIT:
            raise self.error(f"a <testcase> with more than {RESULT_LIMIT:,} results", f"{self.form.what}, with fewer")
        if tag in EARLIER:
            case.earlier.append(EARLIER[tag])
        else:
            case.results.append(_OUTCOMES[tag])
        message = attributes.get("message", "")
        case.teardown_failed = case.teardown_failed or (tag == "error" and message.startswith(_TEARDOWN))
        self._text, self._text_length = None, 0
        if message:
            case.messages.append(self._kept.message(message))
        else:
            self._text = []

    def _property(self, attributes: dict[str, str]) -> None:
        name, value, case = attributes.get("name", ""), attributes.get("value"), self._case
        if not name.startswith("xenfusa."):
            self._further_property(name, value or "")
            return
        if case is None or value is None:
            what = "without a value" if value is None else "in a <testsuite>"
            self.error(
                f"the property {_shown(name)} {what}", "properties named xenfusa.* with a value, in a <testcase>"
            )
        elif name == VERIFIES:
            case.verifies[self._name(value.strip())] = None
        elif name == PARTIALLY_VERIFIES:
            case.partially_verifies[self._name(value.strip())] = None
        elif name == FURTHER_PASSES and _COUNT.fullmatch(value):
            case.further_passes += int(value)
        elif name == PLACE:
            case.place = self._name(value)
        elif name in METHOD:
            case.properties[name, self._name(value)] = None
        else:
            known = f"{', '.join((VERIFIES, PARTIALLY_VERIFIES, PLACE, *METHOD))} or {FURTHER_PASSES} (a number)"
            self.error(f'the property {_shown(name)}="{_shown(value)}"', known)

    def _further_property(self, name: str, value: str) -> None:
        kept = self._name(name), self._name(value)
        if self._case is not None:
            self._case.properties[kept] = None
        elif self._suites:
            self._suites[-1].properties.setdefault(*kept)

    def _keep(self, case: CaseElement, outcomes: tuple[Outcome, ...]) -> None:
        """Keep a case; elements of one id are one test (pytest writes two when a test and its teardown both fail)."""
        kept = self.cases.setdefault((case.classname, case.name, case.target), case)
        if kept is not case:
            kept.messages.extend(case.messages)
            kept.output.extend(case.output)
            kept.earlier.extend(case.earlier)
            kept.verifies.update(case.verifies)
            kept.partially_verifies.update(case.partially_verifies)
            kept.properties.update(case.properties)
            self.form.again(kept)
            kept.results += outcomes
        else:
            kept.results = list(outcomes)
        kept.attributes = {}

    def _name(self, text: str) -> str:
        """A name, a link or a value, fit to be shown."""
        try:
            return self._kept.name(text)
        except InputError as error:
            raise self.error(error.found, error.expected) from error


def read_report(path: Path, root: Path, *, limits: Limits = DEFAULT) -> TestReport:
    """Read a report of pytest; nothing in a report that is faulty counts.

    A case passes only if it has no failure, error or skipped child; elements of the same id are one case with the worst
    of their outcomes.  Bad content never raises: the report then carries ``error`` (``file:line: found …; expected …``,
    the first fault in the file) and its cases, as far as they could be read, are :attr:`Outcome.NOT_RUN`.

    :param path: the report.
    :param root: the project's root: files below it are named relative to it, all others by their name only.
    """
    try:
        with opened(path, root, limits, WHAT) as content:
            return read_junit(content, PYTEST, "pytest")
    except InputError as error:
        return TestReport(shown_path(path, root), "", str(error), ())


def read_junit(content: Content, form: Form, dialect: str) -> TestReport:
    """Read a JUnit report in one dialect.

    :param dialect: the name that the report carries.
    """
    reader = Reader(content, form)
    fault = parse(content, reader)
    readable = fault is None
    place = content.place
    cases = sorted(_case(place, reader.cases.pop(key), readable=readable) for key in list(reader.cases))
    error = "" if fault is None else str(fault)
    return TestReport(place, content.sha256, error, tuple(cases), dialect, time=earliest(reader.times))


def parse(content: Content, reader: Target) -> InputError | None:
    """Feed a report to the reader; the first fault of the file, if any.

    The encoding is UTF-8 whatever the declaration says: the tools write no other, and other codecs are more surface.
    """
    what = reader.what
    parser = DefusedXMLParser(target=_Guard(reader), encoding="utf-8", forbid_dtd=True)
    expat = parser.parser
    reader.line = lambda: expat.CurrentLineNumber
    chunks = content.chunks()
    malformed: ParseError | None = None
    try:
        try:
            _feed(parser, chunks, reader)
        except DefusedXmlException as error:
            reader.error(f"a document type or entity declaration ({type(error).__name__})", f"{what}, which has none")
        except ParseError as error:
            malformed = error
        for _ in chunks:
            pass  # what could not be parsed belongs to the digest of the file all the same
        if malformed is not None:
            _refuse_text(content, malformed, reader)
    except InputError as error:
        reader.fault = reader.fault or error
        with suppress(InputError):
            for _ in chunks:
                pass
    reader.close()
    return reader.fault


def _feed(parser: DefusedXMLParser, chunks: Iterator[bytes], reader: Target) -> None:
    """Give the parser all pieces.

    It scans a tag that is not whole from its beginning each time that it is given more of it: so a tag that goes on is
    gathered until it is twice as long, and refused when it is too long.
    """
    expat, fed, waiting = parser.parser, 0, bytearray()
    for chunk in chunks:
        if b"\0" in chunk:  # or the parser takes it for UTF-16, whatever it was told
            raise ParseError
        waiting += chunk
        fed += len(chunk)
        pending = fed - len(waiting) - max(expat.CurrentByteIndex, 0)
        if pending + len(waiting) > TAG_LIMIT:
            raise reader.error(f"a tag of more than {TAG_LIMIT:,} bytes", f"{reader.what}, with shorter ones")
        if len(waiting) >= pending - CHUNK:
            parser.feed(bytes(waiting))
            waiting.clear()
    parser.feed(bytes(waiting))
    parser.close()


def _refuse_text(content: Content, error: ParseError, reader: Target) -> None:
    """Say why a text is no XML: empty, not UTF-8, cut off or malformed."""
    wrong = content.bad_text(reader.what)
    if wrong is not None:
        reader.error(wrong.found, wrong.expected, wrong.line)
    elif content.is_blank():
        reader.error("an empty file", reader.what)
    else:
        fault = "XML that is cut off" if error.code in _CUT_OFF else "malformed XML"
        reader.error(f"{fault} ({str(error).partition(':')[0]})", reader.what, error.position[0])


def _case(place: str, case: CaseElement, *, readable: bool) -> TestCase:
    """The case for the record; not run when the report is faulty."""
    order = list(Outcome)
    # Of a test that failed each time, surefire has the first attempt first.
    failed_first = case.results[0] in (Outcome.FAILED, Outcome.ERROR)
    in_order = (*case.results, *case.earlier) if failed_first else (*case.earlier, *case.results)
    attempts = in_order if case.earlier else ()
    return TestCase(
        report=place,
        classname=case.classname,
        name=case.name,
        outcome=min((*case.earlier, *case.results), key=order.index) if readable else Outcome.NOT_RUN,
        verifies=tuple(sorted(case.verifies)),
        partially_verifies=tuple(sorted(case.partially_verifies)),
        message=shortened("\n".join(message for message in case.messages if message), 2 * MESSAGE_LIMIT),
        target=case.target,
        output=shortened("\n".join(text for text in case.output if text), 2 * MESSAGE_LIMIT),
        properties=tuple(sorted(case.properties)),
        place=case.place,
        attempts=attempts if readable else (),
    )


def _shown(text: str) -> str:
    """A word of the report for an error's one line."""
    return printable(shortened(text, 60)).replace("\n", " ").replace("\t", " ")
