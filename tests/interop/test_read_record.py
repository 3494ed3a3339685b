"""A trace record can be read back, in this version and the one before, and nothing else passes for one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from generated_records import records
from hypothesis import given, settings

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.read_record import parse_record, read_record
from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.record import SCHEMA_VERSION, Item, Place, Tag, TraceRecord
from sphinx_xenfusa.trace.record import TestCase as Case
from sphinx_xenfusa.trace.record import TestReport as Report
from sphinx_xenfusa.trace.serialise import dumps
from sphinx_xenfusa.trace.states import Outcome

FILE = Path("trace.json")


def small_record(*cases: Case) -> TraceRecord:
    return assemble(
        project="p",
        version="1",
        items=[Item(Tag("XenArch", "a", 1), "Ä", "text", Place("a.rst", 3), "directive", needs=("XenTest",))],
        verdicts=[],
        reports=[Report("r.xml", "0" * 64, "", cases)],
        findings=[],
        policies=("specification",),
        target_policy="dummy",
        confirm_mode="off",
        known_claims=(),
        results_expected=True,
    )


CASE = Case("r.xml", "k", "t", Outcome.PASSED, ("XenArch~a~1",))


@settings(max_examples=60)
@given(records())
def test_what_was_written_is_read_back(record: TraceRecord) -> None:
    text = dumps(record)
    assert parse_record(text, FILE) == record
    assert dumps(parse_record(text, FILE)) == text


def test_cases_of_one_name_come_back_each_with_its_own_message() -> None:
    cases = [Case("r.xml", "k", "t", Outcome.FAILED, ("XenArch~a~1",), (), message) for message in ("one", "two")]
    record = small_record(*cases)
    assert parse_record(dumps(record), FILE) == record


def version_1(record: TraceRecord) -> dict[str, Any]:
    """The record as version 1 of the schema said it."""
    data = json.loads(dumps(record))
    for key in ("tombstones", "gates", "documents", "reviews", "suppressed"):
        del data[key]
    for item in data["items"]:
        for key in ("inherited", "inherited_path", "suspect", "duplicates", "justified", "lacks"):
            del item[key]
        for key in ("depends", "labels", "forwards", "level", "targets", "untried", "methods"):
            del item[key]
    for key in ("tests", "runs", "expected"):
        del data["evidence"][key]
    for link in data["links"]:
        for key in ("accepted", "also", "incoming"):
            del link[key]
    return {**data, "schema_version": 1}


def test_a_record_of_version_1_is_converted(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    record = small_record(CASE)
    path.write_text(json.dumps(version_1(record)), "utf-8")
    assert read_record(path).items[0].item == record.items[0].item
    assert read_record(path).gates == ()


def broken(change: Callable[[dict[str, Any]], object]) -> str:
    data = json.loads(dumps(small_record(CASE)))
    change(data)
    return json.dumps(data, indent=1)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (broken(lambda data: data.update(schema_version=SCHEMA_VERSION + 1)), None, "a newer xenfusa wrote it; update"),
        (dumps(small_record(CASE))[:-300], None, "half written"),
        ("", 1, "half written"),
        ("[]", 1, "expected a trace record"),
        ('{"needs": {}}', 1, "expected a trace record"),
        ('{"schema_version": true}', 1, "expected a trace record"),
        ('{"schema_version": 1}', 1, "another form than version 1 has"),
        ('{"schema_version": 1,\n"items": 3, "links": []}', 1, "another form than version 1 has"),
        ('{"schema_version": 2, "schema_version": 2}', 1, "stands twice"),
        ('{"schema_version": NaN}', 1, "NaN is no JSON"),
        ('{"schema_version": ' + "9" * 5000 + "}", 1, "cannot be read"),
        ("[" * 100_000, 1, "cannot be read"),
        (broken(lambda data: data["items"][0].update(id="XenArch~b~1")), None, "XenArch~a~1, as type"),
        (broken(lambda data: data["items"][0]["tests"][0].update(outcome="failed")), None, "a case of the evidence"),
        (broken(lambda data: data["items"][0].update(result="green")), None, "/items/0/result"),
    ],
)
def test_what_is_no_record_is_refused_with_its_line(text: str, line: int | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=words) as caught:
        read_record(path)
    assert caught.value.line is not None
    assert line in (None, caught.value.line)


def test_a_fault_is_located_where_it_stands() -> None:
    text = broken(lambda data: data["items"][0].update(result="green"))
    with pytest.raises(InputError) as caught:
        parse_record(text, FILE)
    assert caught.value.line is not None
    assert '"result": "green"' in text.splitlines()[caught.value.line - 1]


def test_a_record_that_no_utf_8_file_can_be_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    path.write_bytes(b'{"project": "\xff"}')
    with pytest.raises(InputError, match="0xff"):
        read_record(path)
