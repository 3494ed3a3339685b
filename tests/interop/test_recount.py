"""The recount finds a number that is wrong in any format, and shares nothing with what wrote the files."""

from __future__ import annotations

import ast
import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from generated_records import records
from hypothesis import given, settings
from openpyxl import load_workbook
from test_exports import NASTY, record

import sphinx_xenfusa.interop.recount as module
from sphinx_xenfusa.interop.exports import FORMATS, export
from sphinx_xenfusa.interop.recount import MOST_TOLD, recount
from sphinx_xenfusa.trace.record import TraceRecord


def test_it_imports_nothing_of_what_wrote_the_files() -> None:
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    tops = {name.split(".")[0] for name in names}
    assert tops - sys.stdlib_module_names == {"openpyxl", "defusedxml"}


@settings(max_examples=12)
@given(records())
def test_all_formats_of_a_record_agree(made: TraceRecord) -> None:
    with TemporaryDirectory() as folder:
        assert recount(export(made, FORMATS, Path(folder))) == []


def test_all_formats_of_hostile_text_agree(tmp_path: Path) -> None:
    assert recount(export(record(NASTY), FORMATS, tmp_path)) == []


def in_json(change: Callable[[Any], object]) -> Callable[[Path], None]:
    def corrupt(path: Path) -> None:
        data = json.loads(path.read_text("utf-8"))
        change(data)
        path.write_text(json.dumps(data), "utf-8")

    return corrupt


def in_text(old: str, new: str) -> Callable[[Path], None]:
    def corrupt(path: Path) -> None:
        text = path.read_bytes().decode("utf-8")
        assert old in text
        path.write_bytes(text.replace(old, new, 1).encode("utf-8"))

    return corrupt


def in_column(name: str, old: str, new: str) -> Callable[[Path], None]:
    def corrupt(path: Path) -> None:
        headings, *rows = csv.reader(io.StringIO(path.read_bytes().decode("utf-8"), newline=""))
        column = headings.index(name)
        row = next(row for row in rows if row[column] == old)
        row[column] = new
        stream = io.StringIO(newline="")
        csv.writer(stream).writerows([headings, *rows])
        path.write_bytes(stream.getvalue().encode("utf-8"))

    return corrupt


def in_last_text(old: str, new: str) -> Callable[[Path], None]:
    def corrupt(path: Path) -> None:
        before, found, after = path.read_bytes().decode("utf-8").rpartition(old)
        assert found
        path.write_bytes((before + new + after).encode("utf-8"))

    return corrupt


def in_sheet(sheet: str, cell: str, value: Any) -> Callable[[Path], None]:
    def corrupt(path: Path) -> None:
        book = load_workbook(path)
        assert book[sheet][cell].value != value
        book[sheet][cell].value = value
        book.save(path)

    return corrupt


def without_last_row(path: Path) -> None:
    book = load_workbook(path)
    book["items"].delete_rows(book["items"].max_row)
    book.save(path)


CORRUPTIONS: list[tuple[str, Callable[[Path], None]]] = [
    ("trace.json", in_json(lambda data: data["items"].pop())),
    ("trace.json", in_json(lambda data: data["links"].pop())),
    ("metrics.json", in_json(lambda data: data["items"].update(total=3))),
    ("metrics.json", in_json(lambda data: data["items"]["results"].update({"passed": 2, "not run": 0}))),
    ("metrics.json", in_json(lambda data: data["items"]["by_type"]["XenProd"].update(total=2))),
    ("metrics.json", in_json(lambda data: data["links"]["by_status"].update(covers=2))),
    ("metrics.json", in_json(lambda data: data["tests"]["by_outcome"].update(passed=2))),
    ("metrics.json", in_json(lambda data: data["tests"]["over_all_reports"]["by_outcome"].update(passed=9))),
    ("metrics.json", in_json(lambda data: data["tests"]["lists"].update(not_run=0))),
    ("metrics.json", in_json(lambda data: data["tests"]["lists"].update(flaky=3))),
    ("metrics.json", in_json(lambda data: data["tests"]["lists"].update(partially_linked=3))),
    ("metrics.json", in_json(lambda data: data["items"]["by_method"].update(inspection={"passed": 1}))),
    ("csv/tests_by_target.csv", in_text("skipped", "passed")),
    ("csv/items.csv", in_column("methods", "test: passed", "test: failed")),
    ("metrics.json", in_json(lambda data: data["findings"]["by_type"].update({"xenfusa.input": 2}))),
    ("metrics.json", in_json(lambda data: data["gates"].pop())),
    ("needs.json", in_json(lambda data: data["versions"][""].update(needs_amount=3))),
    ("needs.json", in_json(lambda data: data["versions"][""]["needs"]["XenSwdgn~d~2"].update(xenfusa_result="passed"))),
    ("needs.json", in_json(lambda data: data["versions"][""]["needs"]["XenSwdgn~d~2"]["covers"].pop())),
    ("findings.sarif", in_json(lambda data: data["runs"][0]["results"].pop())),
    ("claims.xml", in_text('value="inconclusive"', 'value="error"')),
    ("claims.xml", in_text("<error", "<properties")),
    ("lobster/XenProd.lobster", in_json(lambda data: data["data"].pop())),
    ("lobster/XenSwdgn.lobster", in_json(lambda data: data["data"][0].update(tag="req XenSwdgn~d@3"))),
    ("lobster/test-cases.lobster", in_json(lambda data: data["data"][1].update(status="ok"))),
    ("csv/items.csv", in_text("not run", "failed")),
    ("items.reqif", in_text('THE-VALUE="not run"', 'THE-VALUE="passed"')),
    ("items.reqif", in_text('THE-VALUE="covers"', 'THE-VALUE="outdated"')),
    ("items.reqif", in_text("<xhtml:li>XenProd~p~1</xhtml:li>", "")),
    ("items.reqif", in_last_text("<xhtml:li>XenNobody</xhtml:li>", "")),
    ("items.specobject.xml", in_text("<version>2<", "<version>3<")),
    ("items.specobject.xml", in_text("<specobject>", "<other>")),
    ("items.aspec.xml", in_text("<deepCoverageStatus>UNCOVERED", "<deepCoverageStatus>COVERED")),
    ("items.aspec.xml", in_text("<uncoveredType>XenNobody", "<uncoveredType>XenTest")),
    ("csv/items.csv", in_column("test", "passed", "failed")),
    ("csv/links.csv", in_text("orphaned", "covers")),
    ("csv/tests.csv", in_text("skipped", "passed")),
    ("csv/findings.csv", in_text("xenfusa.input", "xenfusa.tag")),
    ("items.xlsx", in_sheet("items", "A3", "XenSwdgn~d~3")),
    ("items.xlsx", in_sheet("links", "D2", "outdated")),
    ("items.xlsx", without_last_row),
]


@pytest.mark.parametrize(("file", "corrupt"), CORRUPTIONS, ids=[f"{n}-{one[0]}" for n, one in enumerate(CORRUPTIONS)])
def test_one_wrong_number_is_found(file: str, corrupt: Callable[[Path], None], tmp_path: Path) -> None:
    files = export(record(), FORMATS, tmp_path)
    assert recount(files) == []
    corrupt(tmp_path / file)
    differences = recount(files)
    assert differences
    # The reference is the record: where that is the corrupted one, all others differ from it.
    assert file == "trace.json" or {Path(file).parts[0] in str(one) for one in differences} == {True}


def test_every_format_is_corrupted_above() -> None:
    corrupted = {file for file, _ in CORRUPTIONS}
    assert [one.name for one in FORMATS.values() if not any(Path(file).match(one.file) for file in corrupted)] == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_cut_off_is_found(name: str, tmp_path: Path) -> None:
    files = export(record(), dict.fromkeys(["record", name]), tmp_path)
    path = next(one for one in files if one.match(FORMATS[name].file) and one.stat().st_size > 200)
    path.write_bytes(path.read_bytes()[:-40])
    assert recount(files)


def test_a_message_names_both_files_and_both_numbers(tmp_path: Path) -> None:
    files = export(record(), ["record", "sarif"], tmp_path)
    in_json(lambda data: data["runs"][0]["results"].pop())(tmp_path / "findings.sarif")
    (difference,) = recount(files)
    assert "findings.sarif: findings, xenfusa." in str(difference)
    assert f" here, 1 in {tmp_path / 'trace.json'}" in str(difference)


def test_a_file_that_nobody_counts_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "new.format"
    path.write_text("", "utf-8")
    (difference,) = recount([path])
    assert "knows how to count" in str(difference)


def test_of_many_differences_the_first_are_told(tmp_path: Path) -> None:
    files = export(record(), ["record", "metrics", "csv"], tmp_path)
    rows = "id,type,kind,result,coverage,uncovered,inherited,model,test,methods\r\n" + "".join(
        f"a{n},b,c,d,e,f,g,h,i,j\r\n" for n in range(99)
    )
    (tmp_path / "csv" / "items.csv").write_bytes(rows.encode())
    *_, last = found = recount(files)
    assert len(found) == MOST_TOLD + 1
    assert "further differences" in last.message
