"""Every format: the same bytes from the same record, text of any kind, and readers of the format that take it."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import ub_needs_exchange
from generated_records import SHA, records, texts
from hypothesis import given, settings
from openpyxl import load_workbook

from sphinx_xenfusa.explore.verdict import Scope, Verdict, VerdictKind
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.cells import guarded, unguarded
from sphinx_xenfusa.interop.exports import FORMATS, export
from sphinx_xenfusa.interop.legal_text import legal
from sphinx_xenfusa.interop.workbook import CELL_LIMIT
from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.record import Finding, Gate, Item, Justification, Place, Tag, TraceRecord
from sphinx_xenfusa.trace.record import TestCase as Case
from sphinx_xenfusa.trace.record import TestReport as Report
from sphinx_xenfusa.trace.states import ItemKind, Outcome, Result

SCOPE = Scope("A", "all platforms", 2, 2, ())
NASTY = "=cmd|'/c calc'!A1 <script>alert(1)</script> \x00\x1b \ud800 ]]> \u202e"


def record(text: str = "text") -> TraceRecord:
    """Two items, one link of each of two statuses, two tests, a finding."""
    items = [
        Item(
            Tag("XenProd", "p", 1), text, text, Place("a ä.rst", 3), "oft", ItemKind.RULE, needs=("XenSwdgn", "XenTest")
        ),
        Item(
            Tag("XenSwdgn", "d", 2),
            "t",
            text,
            Place("b.rst", 1),
            "oft",
            covers=("XenProd~p~1", "XenProd~gone~1"),
            needs=("XenNobody",),
        ),
    ]
    cases = (
        Case("r.xml", "k", "t", Outcome.PASSED, ("XenProd~p~1",)),
        Case("r.xml", "k", "u[=1@2]", Outcome.SKIPPED, (), ("XenSwdgn~d~2",), text),
    )
    made = assemble(
        project="p",
        version="",
        items=items,
        verdicts=(
            Verdict("holds", None, VerdictKind.CONFIRMED, SCOPE, 10, 4, killed=2, mutants=3),
            Verdict("differs", "dummy", VerdictKind.INCONCLUSIVE, SCOPE, reason=text),
        ),
        reports=(Report("r.xml", SHA, "", cases),),
        findings=(Finding("input", None, "", text),),
        policies=("specification",),
        target_policy="dummy",
        confirm_mode="off",
        known_claims=(),
        results_expected=True,
    )
    place = Place("policy.yaml", 2)
    return replace(
        made,
        justifications=(Justification("XenSwdgn~d~2", text, "=o", "2026-12-01", False, place),),
        gates=(Gate("g", text, 0, 0, 0, 0, 100, None), Gate("h", "x", 1, 2, 0, 0, 60.5, False)),
    )


def written(name: str, made: TraceRecord) -> dict[str, bytes]:
    return dict(FORMATS[name].write(made))


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=4)
@given(made=records())
def test_the_same_record_gives_the_same_bytes(name: str, made: TraceRecord) -> None:
    assert written(name, made) == written(name, made)


@pytest.mark.parametrize("name", FORMATS)
def test_the_order_of_hashes_does_not_show(name: str) -> None:
    code = (
        "import hashlib, sys; sys.path.insert(0, sys.argv[1]); import test_exports as t\n"
        "for file, data in sorted(t.written(sys.argv[2], t.record()).items()): print(file, hashlib.sha256(data).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code, str(Path(__file__).parent), name],
            env={"PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert len(seen) == 1
    assert seen != {""}


@pytest.mark.parametrize("name", FORMATS)
def test_no_text_keeps_a_format_from_being_written(name: str) -> None:
    assert written(name, record(NASTY))


@pytest.mark.parametrize("name", FORMATS)
def test_the_files_are_those_that_the_list_names(name: str) -> None:
    assert {path for path in written(name, record()) if not Path(path).match(FORMATS[name].file)} == set()


def test_a_workbook_tells_no_time() -> None:
    with zipfile.ZipFile(io.BytesIO(written("xlsx", record())["items.xlsx"])) as archive:
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"1980-01-01" in archive.read("docProps/core.xml")


@given(texts)
def test_a_guarded_cell_starts_no_formula_and_can_be_undone(text: str) -> None:
    assert not guarded(text).startswith(tuple("=+-@\t\r\n＝＋－＠"))
    assert unguarded(guarded(text)) == text


def csv_rows(made: TraceRecord, table: str) -> list[dict[str, str]]:
    text = written("csv", made)[f"csv/{table}.csv"].decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def sheet_rows(made: TraceRecord, table: str) -> list[dict[str, Any]]:
    book = load_workbook(io.BytesIO(written("xlsx", made)["items.xlsx"]))
    headings, *rows = book[table].iter_rows(values_only=True)
    return [dict(zip(map(str, headings), row, strict=True)) for row in rows]


@pytest.mark.parametrize("rows", [csv_rows, sheet_rows])
@pytest.mark.parametrize("text", ["=1+1", "@x", "+x", "-x", "\tx", "'x", "a\nb", 'a"b', "_x0041_", "１", NASTY])
def test_a_text_comes_back_from_a_table(rows: Any, text: str) -> None:
    row = rows(record(text), "items")[0]
    assert row["id"] == "XenProd~p~1"
    assert unguarded(row["text"]) == legal(text)


def test_a_workbook_has_no_formula() -> None:
    with zipfile.ZipFile(io.BytesIO(written("xlsx", record("=1+1"))["items.xlsx"])) as archive:
        sheets = [archive.read(name) for name in archive.namelist() if "worksheets/" in name]
    assert len(sheets) == 8
    assert not any(b"<f>" in sheet or b"<f " in sheet for sheet in sheets)


def test_a_text_too_long_for_a_cell_is_cut_and_says_so() -> None:
    cell = sheet_rows(record("ä" * 1_000_000), "items")[0]["text"]
    assert len(cell) <= CELL_LIMIT
    assert "cut: 1000000 characters" in cell


@settings(max_examples=20)
@given(records())
def test_the_reader_of_sphinx_needs_reads_needs_json(made: TraceRecord) -> None:
    document = ub_needs_exchange.parse(written("needs", made)["needs.json"])
    version = document.select_version(None)
    found = version.records()
    assert version.diagnostics == ()
    assert [one.diagnostics for one in found] == [()] * len(found)
    assert {one.fields["id"] for one in found} == {str(one.item.tag) for one in made.items}
    declared = set(version.data["needs_schema"]["properties"])
    assert {key for one in found for key in one.fields} <= declared


def test_sarif_has_each_finding_at_its_line() -> None:
    (run,) = json.loads(written("sarif", record())["findings.sarif"])["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [one["ruleId"] for one in run["results"]] == [f"xenfusa.{one.subtype}" for one in record().findings]
    assert [rules[one["ruleIndex"]] for one in run["results"]] == [one["ruleId"] for one in run["results"]]
    places = [one["locations"][0]["physicalLocation"] for one in run["results"] if "locations" in one]
    assert {"artifactLocation": {"uri": "b.rst", "uriBaseId": "SRCROOT"}, "region": {"startLine": 1}} in places


def test_a_sarif_fingerprint_outlives_a_moved_line() -> None:
    def fingerprint(line: int, message: str) -> Any:
        finding = Finding("tag", Place("a ä.rst", line), "x", message)
        (run,) = json.loads(written("sarif", replace(record(), findings=(finding,)))["findings.sarif"])["runs"]
        assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20%C3%A4.rst"
        return run["results"][0]["partialFingerprints"]

    assert fingerprint(1, "m") == fingerprint(99, "m")
    assert fingerprint(1, "m") != fingerprint(1, "n")


def test_lobster_names_every_requirement_once_and_greens_nothing_that_is_not() -> None:
    files = {name: json.loads(data) for name, data in written("lobster", record()).items()}
    (product,) = files["lobster/XenProd.lobster"]["data"]
    (design,) = files["lobster/XenSwdgn.lobster"]["data"]
    assert (product["tag"], design["tag"]) == ("req XenProd~p@1", "req XenSwdgn~d@2")
    assert design["refs"] == ["req XenProd~p@1", "req XenProd~gone@1"]
    assert "state: not run" in design["messages"]
    assert design["just_down"] == ["text (=o, until 2026-12-01)"]
    passed, skipped = files["lobster/test-cases.lobster"]["data"]
    assert (passed["status"], passed["messages"]) == ("ok", [])
    assert skipped["status"] == "not run"
    assert skipped["tag"] == "xentest r.xml:2 k::u[=1%402]"
    for file in files.values():
        tags = [one["tag"] for one in file["data"]]
        assert len(tags) == len(set(tags))
        assert all(re.fullmatch(r"\S+ .+", tag) for tag in tags)


def test_a_justification_does_not_hide_a_failure_from_lobster() -> None:
    made = record()
    failed = tuple(replace(one, result=Result.FAILED) for one in made.items)
    (design,) = json.loads(written("lobster", replace(made, items=failed))["lobster/XenSwdgn.lobster"])["data"]
    assert design["just_down"] == []
    assert "state: failed" in design["messages"]


def test_metrics_name_all_that_is_not_green_and_give_no_share_of_nothing() -> None:
    data = json.loads(written("metrics", record())["metrics.json"])
    assert data["items"]["results"]["passed"] == 1
    assert data["items"]["passed_percent"] == 50.0
    assert data["not_green"] == {"not run": ["XenSwdgn~d~2"]}
    assert data["not_covered"] == [
        {"id": "XenProd~p~1", "coverage": "uncovered", "lacks": []},
        {"id": "XenSwdgn~d~2", "coverage": "uncovered", "lacks": ["XenNobody"]},
    ]
    assert data["items"]["by_type"]["XenProd"]["total"] == 1
    assert data["links"]["by_status"]["orphaned"] == 1
    assert [gate["percent"] for gate in data["gates"]] == [None, 50.0]
    empty = json.loads(written("metrics", replace(record(), items=()))["metrics.json"])
    assert empty["items"]["passed_percent"] is None


def test_nearly_all_is_not_all() -> None:
    from sphinx_xenfusa.interop.metrics import metrics

    (good,) = (one for one in record().items if one.result == "passed")
    (other,) = (one for one in record().items if one.result != "passed")
    assert metrics(replace(record(), items=(good,) * 9999 + (other,)))["items"]["passed_percent"] == 99.9


def test_a_missing_library_is_one_error_that_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "xlsxwriter" else find(name))
    with pytest.raises(InputError, match=r"no package xlsxwriter; .*sphinx-xenfusa\[exports\]"):
        export(record(), ["record", "xlsx"], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "csv").write_text("in the way", "utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        export(record(), ["csv"], tmp_path)
