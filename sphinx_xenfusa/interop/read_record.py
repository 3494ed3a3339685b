"""Reads a trace record (``xenfusa/trace.json``) back, of this version of the schema or an older one.

What JSON holds comes back as it was: the times of claims, the lists of their mutants and the reasons of dropped fields
are not written, and are empty in what is read.  A record of version 1 is converted: what that version could not say is
empty.  A record that a newer version wrote is refused, because nobody here knows what it says.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sphinx_xenfusa.explore.survivors import Mutants
from sphinx_xenfusa.explore.verdict import Verdict
from sphinx_xenfusa.inputs import InputError, decode, read_bytes
from sphinx_xenfusa.trace.record import (
    SCHEMA_VERSION,
    BaselineReference,
    DocumentCoverage,
    Documented,
    ExpectedTest,
    Finding,
    Gate,
    InputFile,
    Item,
    Justification,
    Link,
    LinkOrigin,
    MethodResult,
    Place,
    Review,
    Statement,
    Suppressed,
    Tag,
    TargetOutcome,
    TargetResult,
    Test,
    TestCase,
    TestMethod,
    TestReport,
    TestRun,
    Tombstone,
    Tool,
    TracedItem,
    TraceRecord,
    TypedFields,
    UsedSetting,
    Verification,
)
from sphinx_xenfusa.trace.serialise import validate
from sphinx_xenfusa.trace.states import INCOMING, Coverage, ItemKind, LinkStatus, OftStatus, Outcome, Result

RECORD_LIMIT = 512 * 1024 * 1024
"""Bytes of a record that are read at the most."""
A_RECORD = "a trace record (xenfusa/trace.json in the output of an HTML build, or what xenfusa export record writes)"

Json = Mapping[str, Any]


def read_record(path: Path) -> TraceRecord:
    """Read a trace record.

    :raises InputError: as :func:`parse_record`, or the file cannot be read.
    """
    return parse_record(_text(path), path)


def read_data(path: Path) -> dict[str, Any]:
    """Read a trace record as plain data after the schema of this version.

    :raises InputError: as :func:`read_record`.
    """
    return parse_data(_text(path), path)


def parse_record(text: str, path: Path) -> TraceRecord:
    """The record that some JSON text holds.

    :param path: the file that errors name.
    :raises InputError: it is cut off, no trace record, one that contradicts itself, or one of a newer version.
    """
    return _Reader(parse_data(text, path), text, path).record()


def parse_data(text: str, path: Path) -> dict[str, Any]:
    """The plain data that some JSON text holds, converted to this version of the schema.

    :raises InputError: it is cut off, no trace record, or one of a newer version.
    """
    data = load_json(text, path, A_RECORD)
    return _checked(data, text, path)


_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def load_json(text: str, path: Path, what: str) -> Any:
    """The plain data that some JSON text holds; no key twice in an object, and no NaN.

    :param what: what the text should be, for the message.
    :raises InputError: it is cut off or no JSON.
    """
    if _SURROGATE.search(text):
        _refuse_half_characters(text, path)
    try:
        return json.loads(text, object_pairs_hook=_without_repeated_keys, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        whole = "whole JSON; the file may be half written: make it again"
        raise InputError(path, error.lineno, f"malformed JSON ({error.msg})", whole) from error
    except (ValueError, RecursionError) as error:
        raise InputError(path, 1, f"JSON that cannot be read ({error})", what) from error


def _refuse_half_characters(text: str, path: Path) -> None:
    """Refuse a surrogate without the other half of its pair: JSON can escape it, and no file in UTF-8 can hold it."""
    for number, line in enumerate(text.split("\n"), start=1):
        for literal in _STRING.findall(line) if _SURROGATE.search(line) else ():
            try:
                json.loads(literal).encode("utf-8")
            except UnicodeEncodeError as error:
                half = f"half of a character (U+{ord(error.object[error.start]):04X})"
                raise InputError(path, number, half, "text that UTF-8 can hold") from error
            except json.JSONDecodeError:
                continue


def _checked(data: Any, text: str, path: Path) -> dict[str, Any]:
    version = data.get("schema_version") if isinstance(data, dict) else None
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise InputError(path, 1, f"data without a version of the trace record ({_short(version)})", A_RECORD)
    line = line_of(text, ("schema_version",))
    if version > SCHEMA_VERSION:
        expected = f"version {SCHEMA_VERSION} or older: a newer xenfusa wrote it; update this one to read it"
        raise InputError(path, line, f"a trace record of version {version}", expected)
    current: dict[str, Any] = data
    for step in range(version, SCHEMA_VERSION):
        try:
            current = _CONVERSIONS[step](current)
        except (KeyError, TypeError, AttributeError) as error:
            expected = f"{A_RECORD} of version {step}"
            raise InputError(path, line, f"data of another form than version {step} has ({error})", expected) from error
    try:
        validate(current)
    except ValueError as error:
        where = str(error).partition(":")[0].strip("/")
        line = line_of(text, tuple(where.split("/")) if where else ())
        again = "" if version == SCHEMA_VERSION else f"; version {version} had several forms: make the record again"
        raise InputError(path, line, f"data of another form ({error})", A_RECORD + again) from error
    return current


def _text(path: Path) -> str:
    return decode(read_bytes(path, limit=RECORD_LIMIT, what=A_RECORD), path, what=A_RECORD)


def _short(value: Any) -> str:
    return "none" if value is None else repr(value)[:60]


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return made


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


# --- lines of values --------------------------------------------------------------------------------------------------

_SPACE = re.compile(r"[\s,:]*")
_DECODER = json.JSONDecoder()


def line_of(text: str, way: tuple[str, ...]) -> int:
    """The line of the value that a path leads to; of the last one on the way that is there."""
    at = _after_space(text, 0)
    for part in way:
        found = _step(text, at, part)
        if found is None:
            break
        at = found
    return text.count("\n", 0, at) + 1


def _step(text: str, at: int, part: str) -> int | None:
    """Where the member of that key or index begins in the value that begins at ``at``; ``None`` if it has none."""
    opening, position, index = text[at], _after_space(text, at + 1), 0
    while opening in "[{" and text[position] not in "]}":
        key = str(index)
        if opening == "{":
            key, position = _DECODER.raw_decode(text, position)
            position = _after_space(text, position)
        if key == part:
            return position
        _, position = _DECODER.raw_decode(text, position)
        position, index = _after_space(text, position), index + 1
    return None


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return at if match is None else match.end()


# --- older versions ---------------------------------------------------------------------------------------------------


def _from_version_1(data: Json) -> dict[str, Any]:
    """Version 1 knew no roll-up, dependencies, labels, forwarding, levels or acceptance, and its last slots were empty."""
    empty_item: dict[str, Any] = {
        "inherited": None,
        "inherited_path": [],
        "suspect": [],
        "duplicates": [],
        "justified": False,
        "lacks": [],
        "depends": [],
        "labels": [],
        "forwards": False,
        "level": "",
        "targets": [],
        "untried": [],
        "methods": [],
    }
    return {
        **data,
        "schema_version": 2,
        "items": [{**item, **empty_item} for item in data["items"]],
        "links": [{**link, "accepted": "", **_as_openfasttrace_says(link)} for link in data["links"]],
        "evidence": {
            **data["evidence"],
            "reports": [_report_of_2(one) for one in data["evidence"]["reports"]],
            "tests": [],
            "runs": [],
            "expected": [],
            "documented": {"commit": "", "dirty": None, "why": ""},
        },
        "tombstones": [],
        "gates": [],
        "documents": [],
        "reviews": [],
        "verifications": [],
        "suppressed": [],
        "inputs": [],
        "tools": [],
        "settings": [],
    }


def _report_of_2(report: Json) -> dict[str, Any]:
    """Version 1 knew pytest's reports only, and nothing of what wrote them and what they ran on."""
    method = {"level": "", "type": "", "technique": "", "independence": ""}
    empty: dict[str, Any] = {
        "target": "",
        "output": "",
        "properties": [],
        "place": "",
        "attempts": [],
        "method": method,
        "origins": [],
    }
    unknown = dict.fromkeys(("dialect", "tool", "target", "time", "commit", "stale", "run", "judged"), "")
    return {**report, **unknown, "stale_for": [], "cases": [{**case, **empty} for case in report["cases"]]}


def _as_openfasttrace_says(link: Json) -> dict[str, Any]:
    """What version 1 left out of a link: that a wrong revision is an orphan as well, and the other end's view."""
    status = LinkStatus(link["status"])
    wrong = link["type"] == "covers" and status in (LinkStatus.OUTDATED, LinkStatus.PREDATED)
    incoming = INCOMING.get(status) if link["type"] == "covers" else None
    return {
        "also": [LinkStatus.ORPHANED.value] if wrong else [],
        "incoming": None if incoming is None else incoming.value,
    }


_CONVERSIONS = {1: _from_version_1}
"""Of each older version: what makes it the next one."""


# --- from plain data --------------------------------------------------------------------------------------------------


class _Reader:
    """Makes the objects of one record; what stands in two places of it has to agree."""

    def __init__(self, data: Json, text: str, path: Path) -> None:
        self._data = data
        self._text = text
        self._path = path
        self._verdicts = tuple(Verdict.from_json(entry) for entry in data["verdicts"])
        self._reports = tuple(_report(entry) for entry in data["evidence"]["reports"])
        self._verdict_of = {(one.claim, one.policy, one.kind.value): one for one in self._verdicts}
        self._cases: defaultdict[tuple[str, str, str], list[TestCase]] = defaultdict(list)
        for report in self._reports:
            for case in report.cases:
                self._cases[case.report, case.id, case.outcome.value].append(case)

    def record(self) -> TraceRecord:
        data = self._data
        baseline = data["baseline"]
        return TraceRecord(
            project=data["project"],
            version=data["version"],
            policies=tuple(data["policies"]),
            target_policy=data["target_policy"],
            confirm_mode=data["confirm_mode"],
            items=tuple(self._traced(number, entry) for number, entry in enumerate(data["items"])),
            links=tuple(_link(entry) for entry in data["links"]),
            verdicts=self._verdicts,
            reports=self._reports,
            findings=tuple(_finding(entry) for entry in data["findings"]),
            mutants=None if data["mutants"] is None else Mutants.from_json(data["mutants"]),
            justifications=tuple(
                Justification(**{**one, "place": _place(one["place"])}) for one in data["justifications"]
            ),
            tombstones=tuple(Tombstone(**{**one, "place": _place(one["place"])}) for one in data["tombstones"]),
            gates=tuple(Gate(**one) for one in data["gates"]),
            documents=tuple(_document(one) for one in data["documents"]),
            reviews=tuple(_review(one) for one in data["reviews"]),
            verifications=tuple(
                Verification(**{**one, "result": Outcome(one["result"]), "place": _place(one["place"])})
                for one in data["verifications"]
            ),
            suppressed=tuple(
                Suppressed(**{**one, "place": _place(one["place"]), "suppressed_at": _place(one["suppressed_at"])})
                for one in data["suppressed"]
            ),
            baseline=None if baseline is None else BaselineReference(**baseline),
            tests=tuple(_test(one) for one in data["evidence"]["tests"]),
            runs=tuple(_run(one) for one in data["evidence"]["runs"]),
            expected=tuple(
                ExpectedTest(**{**one, "place": _place(one["place"])}) for one in data["evidence"]["expected"]
            ),
            documented=Documented(**data["evidence"]["documented"]),
            inputs=tuple(InputFile(**one) for one in data["inputs"]),
            tools=tuple(Tool(**one) for one in data["tools"]),
            settings=tuple(UsedSetting(**one) for one in data["settings"]),
        )

    def _traced(self, number: int, data: Json) -> TracedItem:
        item = self._item(number, data)
        return TracedItem(
            item=item,
            fingerprint=data["fingerprint"],
            coverage=Coverage(data["coverage"]),
            uncovered=tuple(data["uncovered"]),
            verdicts=self._named(number, data, "verdicts"),
            other_verdicts=self._named(number, data, "other_verdicts"),
            tests=self._tests(number, data, "tests"),
            partial_tests=self._tests(number, data, "partial_tests"),
            model=_result(data["model"]),
            test=_result(data["test"]),
            result=Result(data["result"]),
            inherited=_result(data["inherited"]),
            inherited_path=tuple(data["inherited_path"]),
            suspect=tuple(data["suspect"]),
            duplicates=tuple(map(_place, data["duplicates"])),
            justified=data["justified"],
            lacks=tuple(data["lacks"]),
            targets=tuple(TargetResult(one["target"], Result(one["result"])) for one in data["targets"]),
            untried=tuple(data["untried"]),
            methods=tuple(MethodResult(one["method"], Result(one["result"])) for one in data["methods"]),
        )

    def _item(self, number: int, data: Json) -> Item:
        tag = Tag(data["type"], data["name"], data["revision"])
        if str(tag) != data["id"]:
            raise self._fault(
                ("items", str(number), "id"), f"the id {data['id']!r}", f"{tag}, as type, name and revision say"
            )
        return Item(
            tag=tag,
            title=data["title"],
            text=data["text"],
            place=_place(data["source"]),
            origin=data["origin"],
            kind=None if data["kind"] is None else ItemKind(data["kind"]),
            rationale=data["rationale"],
            comment=data["comment"],
            source=data["source_reference"],
            covers=tuple(data["covers"]),
            needs=tuple(data["needs"]),
            depends=tuple(data["depends"]),
            labels=tuple(data["labels"]),
            forwards=data["forwards"],
            level=data["level"],
            confirmed_by=tuple(data["confirmed_by"]),
            oft_status=OftStatus(data["oft_status"]),
            owner=data["owner"],
            discharge=data["discharge"],
            fields=TypedFields(**{name: tuple(words) for name, words in data["fields"].items()}),
        )

    def _named(self, number: int, data: Json, key: str) -> tuple[Verdict, ...]:
        """The verdicts that an item names."""
        found = []
        for index, one in enumerate(data[key]):
            verdict = self._verdict_of.get((one["claim"], one["policy"], one["kind"]))
            if verdict is None:
                way = ("items", str(number), key, str(index))
                raise self._fault(
                    way, f"the verdict {one['kind']} of {one['claim']!r}", "one that stands among the verdicts"
                )
            found.append(verdict)
        return tuple(found)

    def _tests(self, number: int, data: Json, key: str) -> tuple[TestCase, ...]:
        """The cases that an item names; several of one name and outcome are taken in the order of the evidence."""
        names = "verifies" if key == "tests" else "partially_verifies"
        found = []
        left: dict[tuple[str, str, str], deque[TestCase]] = {}
        for index, one in enumerate(data[key]):
            name = one["report"], one["id"], one["outcome"]
            if name not in left:
                cases: Iterable[TestCase] = self._cases.get(name, ())
                left[name] = deque(case for case in cases if data["id"] in getattr(case, names))
            if not left[name]:
                way = ("items", str(number), key, str(index))
                expected = "a case of the evidence that verifies the item, with that outcome"
                raise self._fault(way, f"the test {one['id']!r} of {one['report']}, {one['outcome']}", expected)
            found.append(left[name].popleft())
        return tuple(found)

    def _fault(self, way: tuple[str, ...], found: str, expected: str) -> InputError:
        return InputError(self._path, line_of(self._text, way), found, expected)


def _result(value: str | None) -> Result | None:
    return None if value is None else Result(value)


def _place(data: Json) -> Place:
    return Place(data["file"], data["line"])


def _link(data: Json) -> Link:
    also = tuple(LinkStatus(one) for one in data["also"])
    return Link(data["from"], data["type"], data["to"], LinkStatus(data["status"]), data["accepted"], also)


def _finding(data: Json) -> Finding:
    place = None if data["place"] is None else _place(data["place"])
    return Finding(data["subtype"], place, data["about"], data["message"])


def _report(data: Json) -> TestReport:
    cases = tuple(_case(data["file"], entry) for entry in data["cases"])
    return TestReport(
        file=data["file"],
        sha256=data["sha256"],
        error=data["error"],
        cases=cases,
        dialect=data["dialect"],
        tool=data["tool"],
        target=data["target"],
        time=data["time"],
        commit=data["commit"],
        stale=data["stale"],
        run=data["run"],
        judged=data["judged"],
        stale_for=tuple((one["id"], one["reason"]) for one in data["stale_for"]),
    )


def _test(data: Json) -> Test:
    return Test(
        classname=data["classname"],
        name=data["name"],
        outcome=Outcome(data["outcome"]),
        targets=tuple(
            TargetOutcome(**{**one, "outcome": Outcome(one["outcome"]), "reports": tuple(one["reports"])})
            for one in data["targets"]
        ),
        verifies=tuple(data["verifies"]),
        partially_verifies=tuple(data["partially_verifies"]),
        method=TestMethod(**data["method"]),
    )


def _run(data: Json) -> TestRun:
    return TestRun(
        **{
            **data,
            "place": _place(data["place"]),
            "command": tuple(data["command"]),
            "tools": tuple((one["name"], one["version"]) for one in data["tools"]),
            "environment": tuple((one["name"], one["value"]) for one in data["environment"]),
            "reports": tuple((one["file"], one["sha256"]) for one in data["reports"]),
        }
    )


def _case(report: str, data: Json) -> TestCase:
    return TestCase(
        report=report,
        classname=data["classname"],
        name=data["name"],
        outcome=Outcome(data["outcome"]),
        verifies=tuple(data["verifies"]),
        partially_verifies=tuple(data["partially_verifies"]),
        message=data["message"],
        target=data["target"],
        output=data["output"],
        properties=tuple((one["name"], one["value"]) for one in data["properties"]),
        place=data["place"],
        attempts=tuple(Outcome(value) for value in data["attempts"]),
        method=TestMethod(**data["method"]),
        origins=tuple(LinkOrigin(one["tag"], one["origin"], _place(one["place"])) for one in data["origins"]),
    )


def _document(data: Json) -> DocumentCoverage:
    return DocumentCoverage(
        file=data["file"],
        normative=data["normative"],
        claimed=data["claimed"],
        informative=tuple(_statement(one) for one in data["informative"]),
        unclaimed=tuple(_statement(one) for one in data["unclaimed"]),
    )


def _statement(data: Json) -> Statement:
    return Statement(_place(data["place"]), data["text"], data["reason"])


def _review(data: Json) -> Review:
    answers = tuple((one["question"], one["answer"]) for one in data["answers"])
    return Review(**{**data, "answers": answers, "place": _place(data["place"])})
