"""Reads test reports in JSON: googletest's, Zephyr's twister.json, and the form that sphinx-test-reports reads.

Sources: googletest's own test of its JSON; Zephyr's ``twisterlib/reports.py``; the examples of sphinx-test-reports.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sphinx_xenfusa.evidence.content import TIME_LIMIT, UTF8_MARK, Content, Kept
from sphinx_xenfusa.evidence.junit import CaseElement, InputFault
from sphinx_xenfusa.evidence.junit_dialects import GTEST_CASE, judge_gtest
from sphinx_xenfusa.evidence.plain_text import printable, shortened
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.trace.record import TestCase, TestReport
from sphinx_xenfusa.trace.states import Outcome

Json = Mapping[str, Any]
WHAT = "a test report in JSON"
SIZE_LIMIT = 32 * 1024 * 1024
"""Bytes of a report in JSON, whatever the limit of all reports: it is held as a whole."""
BRACKET_LIMIT = 2_000_000
"""Opening brackets and braces of a report in JSON: an empty list of two bytes takes eighty in memory."""


class Fault(Exception):
    """Something in the data that its dialect does not have: what was found, and what was expected."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(found)
        self.found = printable(shortened(found, 200)).replace("\n", " ")
        self.expected = expected


def load(content: Content) -> Any:
    """The plain data of a JSON file; no key twice in an object, and no NaN.

    :raises InputError: it is too large, cut off, malformed, nested too deeply, or not UTF-8.
    """
    place = content.place
    wrong = content.bad_text(WHAT)
    if wrong is not None:
        raise wrong
    text = content.whole(SIZE_LIMIT, WHAT).removeprefix(UTF8_MARK)
    if text.count(b"[") + text.count(b"{") > BRACKET_LIMIT:
        raise InputError(place, 1, f"more than {BRACKET_LIMIT:,} opening brackets and braces", f"{WHAT}, with fewer")
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise InputError(place, error.lineno, f"malformed or cut off JSON ({error.msg})", WHAT) from error
    except (ValueError, RecursionError) as error:
        raise InputError(place, 1, f"JSON that cannot be read ({printable(str(error))[:100]})", WHAT) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return made


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def dialect_of(data: Any) -> str:
    """The name of the dialect that has such data, or an empty string."""
    if isinstance(data, dict) and isinstance(data.get("testsuites"), list):
        if {"tests", "failures", "disabled", "errors"} <= set(data):
            return "googletest JSON"
        if isinstance(data.get("environment"), dict) and "zephyr_version" in data["environment"]:
            return "twister JSON"
    first = data[0] if isinstance(data, list) and data else None
    if isinstance(first, dict) and {"name", "tests", "skips", "passed", "testcase"} <= set(first):
        return "sphinx-test-reports JSON"
    return ""


def has_other_keys(data: Any) -> bool:
    """Whether sphinx-test-reports could read this, by a mapping of keys (``tr_json_mapping``) that is not its default."""
    first = data[0] if isinstance(data, list) and data else None
    return isinstance(first, dict) and {"tests", "skips", "passed"} <= set(first)


def _object(value: Any, what: str) -> Json:
    if not isinstance(value, dict):
        raise Fault(f"{type(value).__name__} for {what}", "an object")
    return value


def _objects(value: Any, what: str) -> Iterator[Json]:
    if not isinstance(value, list):
        raise Fault(f"{type(value).__name__} for {what}", "a list of objects")
    for one in value:
        yield _object(one, what)


def _text(data: Json, key: str, *, needed: bool = False) -> str:
    value = data.get(key, "" if not needed else None)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise Fault(f"{key}: {type(value).__name__}", f"a text for {key}")
    return str(value)


def _same(data: Json, declared: Mapping[str, int], what: str) -> None:
    for key, counted in declared.items():
        if key in data and (isinstance(data[key], bool) or data[key] != counted):
            raise Fault(f"{key}: {data[key]!r} over {counted} such cases of {what}", "counts that agree with the cases")


class Cases:
    """The cases of one report, cleaned; of one id, the worst outcome."""

    def __init__(self, content: Content) -> None:
        self._place = content.place
        self._most = content.limits.cases
        self._kept = Kept(content)
        self.name = self._kept.name
        self.found: dict[tuple[str, str, str], TestCase] = {}

    def add(
        self,
        name: tuple[str, str],
        outcome: Outcome,
        message: str = "",
        target: str = "",
        output: str = "",
        place: str = "",
        properties: Mapping[str, str] | None = None,
        attempts: tuple[Outcome, ...] = (),
    ) -> None:
        """Keep a case."""
        classname, own = (self.name(one) for one in name)
        case = TestCase(
            self._place,
            classname,
            own,
            outcome,
            message=self._kept.message(message),
            target=self.name(target),
            output=self._kept.message(output),
            place=self.name(place),
            properties=tuple(sorted((self.name(one), self.name(said)) for one, said in (properties or {}).items())),
            attempts=attempts,
        )
        key, order = (classname, own, case.target), list(Outcome)
        if key not in self.found or order.index(outcome) < order.index(self.found[key].outcome):
            self.found[key] = case
        if len(self.found) > self._most:
            raise Fault(f"more than {self._most:,} cases", f"at most {self._most:,}")


def _place(data: Json) -> str:
    file, line = _text(data, "file"), _text(data, "line")
    return f"{file}:{line}" if file and line.isdigit() else file


_GTEST_KEYS = GTEST_CASE - {"value_param", "type_param"} | {"failures", "skipped"}
"""What googletest says of a test; all else is a property that the test recorded, or its parameter."""


def _googletest(data: Any, cases: Cases) -> None:
    total: Counter[str] = Counter()
    for suite in _objects(data["testsuites"], "testsuites"):
        counted: Counter[str] = Counter()
        for one in _objects(suite.get("testsuite"), "testsuite"):
            failures = [_text(failure, "failure") for failure in _objects(one.get("failures", []), "failures")]
            skips = [_text(skip, "message") for skip in _objects(one.get("skipped", []), "skipped")]
            words = {key: _text(one, key) for key in ("status", "result") if key in one}
            case = CaseElement("", "", words, [Outcome.FAILED] * len(failures) + [Outcome.SKIPPED] * len(skips))
            judged = judge_gtest(case)
            if isinstance(judged, InputFault):
                raise Fault(judged.found, judged.expected)
            name = _text(one, "name", needed=True)
            if name:
                counted.update(("tests", judged[0].value))
            names = _text(one, "classname") or _text(suite, "name"), name or "set-up or tear-down of the suite"
            recorded = {key: _text(one, key) for key in one.keys() - _GTEST_KEYS}
            cases.add(names, judged[0], "\n".join((*failures, *skips)), place=_place(one), properties=recorded)
        _same(suite, _gtest_counts(counted), "the suite " + _text(suite, "name"))
        total.update(counted)
    _same(data, _gtest_counts(total), "the report")


def _gtest_counts(counted: Counter[str]) -> dict[str, int]:
    return {
        "tests": counted["tests"],
        "failures": counted[Outcome.FAILED.value],
        "disabled": counted[Outcome.NOT_RUN.value],
        "errors": 0,
    }


_TWISTER = {
    "passed": Outcome.PASSED,
    "failed": Outcome.FAILED,
    "blocked": Outcome.FAILED,
    "error": Outcome.ERROR,
    "skipped": Outcome.SKIPPED,
    "filtered": Outcome.NOT_RUN,
    "not run": Outcome.NOT_RUN,
    "started": Outcome.NOT_RUN,
    "None": Outcome.NOT_RUN,
}


def _twister_status(data: Json) -> Outcome:
    status = str(data.get("status"))
    if status not in _TWISTER:
        raise Fault(f"the status {status!r}", "a status that twister writes")
    return _TWISTER[status]


_RETRIED = "the suite was run again after a failure, and twister does not say of which of its tests"


def _retries(suite: Json) -> int:
    retries = suite.get("retries", 0)
    if isinstance(retries, bool) or not isinstance(retries, int) or not 0 <= retries <= 1_000:
        raise Fault(f"retries: {retries!r}", "a number of retries")
    return retries


def _twister(data: Any, cases: Cases) -> None:
    """A case that passed counts only where its suite was run (``runnable``): older twisters call what was built passed.

    Of a suite that was tried again (``retries``) only the last attempt is in the report: each of its tests may be the one
    that failed before.
    """
    for suite in _objects(data["testsuites"], "testsuites"):
        name, target = _text(suite, "name", needed=True), _text(suite, "platform", needed=True)
        retries = _retries(suite)
        ran = suite.get("runnable") is True and _twister_status(suite) is not Outcome.NOT_RUN
        for one in _objects(suite.get("testcases"), "testcases"):
            outcome = _twister_status(one)
            if outcome is Outcome.PASSED and not ran:
                outcome = Outcome.NOT_RUN
            reason = _text(one, "reason") or (_text(suite, "reason") if outcome is not Outcome.PASSED else "")
            attempts: tuple[Outcome, ...] = ()
            if outcome is Outcome.PASSED and retries:
                outcome, attempts, reason = Outcome.FAILED, (*[Outcome.FAILED] * retries, Outcome.PASSED), _RETRIED
            names = name.replace("\\", "/").rpartition("/")[2], _text(one, "identifier", needed=True)
            cases.add(names, outcome, reason, target, _text(one, "log"), _text(suite, "path"), attempts=attempts)


_RESULTS = {
    "passed": Outcome.PASSED,
    "failure": Outcome.FAILED,
    "error": Outcome.ERROR,
    "skipped": Outcome.SKIPPED,
}


def _sphinx_test_reports(data: Any, cases: Cases) -> None:
    for suite in _objects(data, "the report"):
        counted: Counter[str] = Counter()
        for one in _objects(suite.get("testcase"), "testcase"):
            result = _text(one, "result", needed=True)
            if result not in _RESULTS:
                raise Fault(f"the result {result!r}", f"one of {', '.join(_RESULTS)}")
            counted.update(("tests", result))
            names = _text(one, "classname"), _text(one, "name", needed=True)
            cases.add(names, _RESULTS[result], _text(one, "message"), "", _text(one, "system-out"), _place(one))
        declared = {"tests": "tests", "errors": "error", "failures": "failure", "skips": "skipped", "passed": "passed"}
        _same(suite, {key: counted[result] for key, result in declared.items()}, "the suite")


_READERS = {
    "googletest JSON": _googletest,
    "twister JSON": _twister,
    "sphinx-test-reports JSON": _sphinx_test_reports,
}


def read_json(content: Content, dialect: str) -> TestReport:
    """Read a report in one of the dialects of :func:`dialect_of`."""
    cases, error, data, place = Cases(content), "", {}, content.place
    try:
        data = load(content)
        _READERS[dialect](data, cases)
    except InputError as fault:
        error = str(fault)
    except Fault as fault:
        error = str(InputError(place, 1, fault.found, f"{fault.expected}, as {dialect} has it"))
    except (KeyError, TypeError) as fault:
        error = str(
            InputError(place, 1, f"data of another form ({printable(str(fault))[:80]})", f"a report of {dialect}")
        )
    found = sorted(cases.found.values())
    if error:
        found = [replace(case, outcome=Outcome.NOT_RUN, attempts=()) for case in found]
    tool, time = _about(data, dialect)
    tool, time = cases.name(tool), cases.name(shortened(time, TIME_LIMIT))
    return TestReport(place, content.sha256, error, tuple(found), dialect, tool, time=time)


def _about(data: Any, dialect: str) -> tuple[str, str]:
    """Tool and time, where the report says."""
    if dialect == "twister JSON" and isinstance(data, dict):
        environment = data.get("environment", {})
        toolchain = environment.get("toolchain")
        built = f", toolchain {toolchain}" if isinstance(toolchain, str) and toolchain else ""
        return f"twister of Zephyr {environment.get('zephyr_version')}{built}", str(environment.get("run_date") or "")
    if dialect == "googletest JSON" and isinstance(data, dict):
        # googletest writes the local time and puts a Z after it, as if it were UTC.
        return "", str(data.get("timestamp") or "").removesuffix("Z")
    return "", ""
