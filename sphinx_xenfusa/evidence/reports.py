"""The one entry point for test reports: chooses the dialect by what stands in the file, never by its name.

A guess would count tests that did not run, so each dialect is recognised by what only it writes.  Content that no dialect
claims is an error of the report, which names what was found and the dialects that are known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sphinx_xenfusa.evidence import json_dialects, junit_dialects, robot, tap
from sphinx_xenfusa.evidence.content import DEFAULT, UTF8_MARK, Content, Limits, opened
from sphinx_xenfusa.evidence.junit import PYTEST, Form, Target, parse, read_junit
from sphinx_xenfusa.evidence.plain_text import printable, shortened, shown_path
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.trace.record import TestReport
from sphinx_xenfusa.trace.states import Outcome

SNIFFED = 10_000
"""Elements in which the dialect has to be told."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of test report.

    :param name: as the record and the docs have it.
    :param recognised: what only this dialect has, for the docs.
    :param tried: on what: whether the tests read a report that the tool itself wrote.
    """

    name: str
    recognised: str
    tried: str
    read: Callable[[Content], TestReport]


# --- XML --------------------------------------------------------------------------------------------------------------


class _Enough(Exception):
    """The beginning of the file says which dialect it is."""


@dataclass(slots=True)
class Beginning:
    """An XML report up to the first of its cases."""

    path: list[str] = field(default_factory=list)
    attributes: list[Mapping[str, str]] = field(default_factory=list)
    properties: set[str] = field(default_factory=set)
    nested: bool = False

    def add(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Keep the root and the last few elements."""
        del self.path[1:-16], self.attributes[1:-16]
        self.path.append(tag)
        self.attributes.append(attributes)

    def of(self, tag: str) -> Mapping[str, str]:
        """The attributes of the innermost such element."""
        return next(
            (found for name, found in zip(self.path[::-1], self.attributes[::-1], strict=True) if name == tag), {}
        )


class _Sniffer(Target):
    """Reads the first elements of a report and stops."""

    def __init__(self, place: str) -> None:
        super().__init__(place, f"a test report of {KNOWN}")
        self.found = Beginning()
        self._open: list[str] = []
        self._elements = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._open.append(tag)
        self._elements += 1
        self.found.nested = self.found.nested or self._open[-2:] == ["testsuite", "testsuite"]
        if tag == "property":
            self.found.properties.add(attributes.get("name", "")[:100])
        elif tag in ("testsuites", "testsuite", "testcase") or not self.found.path:
            self.found.add(tag, attributes)
        known = self.found.path[0] in ("testsuites", "testsuite")
        if tag == "testcase" or len(self._open) > 8 or not known or self._elements > SNIFFED:
            raise _Enough

    def end(self, tag: str) -> None:
        self._open.pop()


def _xml_dialect(begin: Beginning) -> str:
    """The name of the dialect that has such a beginning, or an empty string."""
    for name, has in _XML:
        if has(begin):
            return name
    return ""


def _is_pytest(begin: Beginning) -> bool:
    suite = begin.of("testsuite")
    known = all(set(begin.of(tag)) <= PYTEST.attributes[tag] for tag in ("testsuites", "testsuite", "testcase"))
    counts = {"tests", "failures", "errors"} <= set(suite) and bool({"skipped", "skips"} & set(suite))
    dated = "timestamp" not in suite or "hostname" in suite
    return known and counts and dated


_XML: tuple[tuple[str, Callable[[Beginning], bool]], ...] = (
    ("Robot Framework", lambda one: one.path[0] == "robot"),
    ("surefire", lambda one: "surefire-test-report" in one.of("testsuite").get(junit_dialects.SCHEMA_LOCATION, "")),
    ("cargo-nextest", lambda one: one.path[0] == "testsuites" and "uuid" in one.of("testsuites")),
    ("googletest", lambda one: one.path[0] == "testsuites" and "disabled" in one.of("testsuites")),
    ("ctest", lambda one: one.path[0] == "testsuite" and {"disabled", "skipped"} <= set(one.of("testsuite"))),
    ("Xen run-tools-tests", lambda one: one.of("testsuites").get("name") == "tools.tests"),
    ("Jenkins", lambda one: one.nested),
    ("nose", lambda one: one.path[0] == "testsuite" and "skip" in one.of("testsuite")),
    ("casperjs", lambda one: one.path[0] == "testsuites" and "package" in one.of("testsuite")),
    (
        "twister XML",
        lambda one: (
            one.path[0] == "testsuites"
            and not one.of("testsuites")
            and "version" in one.properties
            and "hostname" not in one.of("testsuite")
        ),
    ),
    (
        "lit",
        lambda one: (
            set(one.of("testsuites")) == {"time"}
            and {"tests", "failures", "skipped"} <= set(one.of("testsuite"))
            and "errors" not in one.of("testsuite")
        ),
    ),
    ("pytest", _is_pytest),
)
"""Asked in this order; a dialect further down may be broader than one above it."""


def _junit(name: str, form: Form) -> Callable[[Content], TestReport]:
    def read(content: Content) -> TestReport:
        return read_junit(content, form, name)

    return read


def _read_twister_xml(content: Content) -> TestReport:
    return read_junit(content, junit_dialects.twister(_ran_by_twister(content)), "twister XML")


def _ran_by_twister(content: Content) -> Mapping[tuple[str, str, str], Outcome]:
    """What ``twister.json`` in the same folder says of each platform, suite and case; nothing if it is not good.

    A suite as a whole has no name of a case, and the worst of the outcomes of its cases.
    """
    path = content.path.with_name("twister.json")
    if not path.is_file():
        return {}
    sibling = read_report(path, content.root, limits=content.limits)
    if sibling.error or sibling.dialect != "twister JSON":
        return {}
    said: dict[tuple[str, str, str], Outcome] = {}
    order = list(Outcome).index
    for case in sibling.cases:
        said[case.target, case.classname, case.name] = case.outcome
        whole = case.target, case.classname, ""
        said[whole] = min(said.get(whole, case.outcome), case.outcome, key=order)
    return said


def _json(name: str) -> Callable[[Content], TestReport]:
    def read(content: Content) -> TestReport:
        return json_dialects.read_json(content, name)

    return read


REAL = "a real report"
BY_HAND = "published reports of others, once, by hand; the tests have the published schema only"
SCHEMA = "the published schema only, not a real report"

DIALECTS: tuple[Dialect, ...] = (
    Dialect(
        "pytest", "the four counts of its suites, and no attribute of another tool", REAL, _junit("pytest", PYTEST)
    ),
    Dialect(
        "ctest",
        "a testsuite with disabled and skipped counts as the root",
        REAL,
        _junit("ctest", junit_dialects.CTEST),
    ),
    Dialect(
        "googletest",
        "a disabled count at testsuites, the root",
        REAL,
        _junit("googletest", junit_dialects.GTEST),
    ),
    Dialect("cargo-nextest", "a uuid at testsuites", REAL, _junit("cargo-nextest", junit_dialects.NEXTEST)),
    Dialect(
        "lit",
        "testsuites with a time alone, suites with tests, failures and skipped but no errors",
        REAL,
        _junit("lit", junit_dialects.LIT),
    ),
    Dialect("surefire", "its schema at the testsuite", REAL, _junit("surefire", junit_dialects.SUREFIRE)),
    Dialect("Jenkins", "a testsuite in a testsuite", SCHEMA, _junit("Jenkins", junit_dialects.JENKINS)),
    Dialect("nose", "a skip count", REAL, _junit("nose", junit_dialects.NOSE)),
    Dialect("casperjs", "a package at each testsuite", REAL, _junit("casperjs", junit_dialects.CASPERJS)),
    Dialect(
        "Xen run-tools-tests",
        "testsuites with the name tools.tests",
        REAL,
        _junit("Xen run-tools-tests", junit_dialects.XEN),
    ),
    Dialect("twister XML", "a version property of its suites, and no hostname", BY_HAND, _read_twister_xml),
    Dialect("twister JSON", "an environment with zephyr_version", BY_HAND, _json("twister JSON")),
    Dialect("googletest JSON", "an object with testsuites and a disabled count", REAL, _json("googletest JSON")),
    Dialect(
        "sphinx-test-reports JSON",
        "a list of suites with skips, passed and testcase",
        REAL,
        _json("sphinx-test-reports JSON"),
    ),
    Dialect("Robot Framework", "robot as the root", REAL, robot.read_robot),
    Dialect("TAP", "a version line, a plan or a test point as the first line", REAL, tap.read_tap),
)
"""Every dialect that is read."""
KNOWN = ", ".join(dialect.name for dialect in DIALECTS)
_BY_NAME = {dialect.name: dialect for dialect in DIALECTS}


def read_report(path: Path, root: Path, *, limits: Limits = DEFAULT) -> TestReport:
    """Read a test report of whatever dialect; nothing in a report that is faulty counts.

    Bad content never raises: the report then carries ``error`` (``file:line: found …; expected …``, the first fault in
    the file) and its cases, as far as they could be read, are :attr:`Outcome.NOT_RUN`.

    :param path: the report.
    :param root: the project's root: files below it are named relative to it, all others by their name only.
    """
    try:
        with opened(path, root, limits, "a test report") as content:
            found = _dialect(content)
            if not isinstance(found, InputError):
                return found.read(content)
            for _ in content.chunks():
                pass  # for the digest
            return TestReport(content.place, content.sha256, str(found), ())
    except InputError as error:
        return TestReport(shown_path(path, root), "", str(error), ())
    except MemoryError:
        place = shown_path(path, root)
        return TestReport(place, "", str(InputError(place, None, "more than the memory holds", "a test report")), ())


def _dialect(content: Content) -> Dialect | InputError:
    beginning = content.beginning()
    text = beginning.removeprefix(UTF8_MARK).lstrip()
    if text[:1] == b"<" or not text or beginning[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _dialect_of_xml(content)
    if text[:1] in (b"{", b"["):
        return _dialect_of_json(content)
    if tap.BEGINNING.match(_first_line(beginning)):
        return _BY_NAME["TAP"]
    word = text[:60].split(b"\n")[0].decode("utf-8", "replace")
    return _unknown(content, 1, f"text that begins with {printable(word)!r}")


def _first_line(beginning: bytes) -> str:
    """The first line that is neither empty nor a comment."""
    lines = beginning.removeprefix(UTF8_MARK).decode("utf-8", "replace").split("\n")
    return next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")


def _dialect_of_json(content: Content) -> Dialect | InputError:
    try:
        data = json_dialects.load(content)
    except InputError as error:
        return error
    name = json_dialects.dialect_of(data)
    if name:
        return _BY_NAME[name]
    if json_dialects.has_other_keys(data):
        found = (
            "suites with other keys than the default ones of sphinx-test-reports (a tr_json_mapping is not known here)"
        )
        return InputError(
            content.place, 1, found, "a list of suites with name, tests, skips, passed and testcase, a list"
        )
    keys = ", ".join(sorted(data)[:8]) if isinstance(data, dict) else f"a list of {len(data)}"
    return _unknown(content, 1, f"JSON with {printable(shortened(keys, 120))}, an unknown dialect")


def _dialect_of_xml(content: Content) -> Dialect | InputError:
    sniffer = _Sniffer(content.place)
    fault = None
    with suppress(_Enough):
        fault = parse(content, sniffer)
    begin = sniffer.found
    name = _xml_dialect(begin) if begin.path else ""
    if name:
        return _BY_NAME[name]
    if fault is not None:
        return fault
    shown = " ".join(
        f"<{tag} {' '.join(sorted(found))}>" for tag, found in zip(begin.path, begin.attributes, strict=True)
    )
    return _unknown(content, 1, f"{printable(shortened(shown, 200))}, an unknown dialect")


def _unknown(content: Content, line: int, found: str) -> InputError:
    return InputError(content.place, line, found, f"a test report of {KNOWN}")
