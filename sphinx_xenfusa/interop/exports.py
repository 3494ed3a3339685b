"""The formats that a trace record is written in: the one list that command line, Sphinx build and docs use."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.aspec import write_aspec
from sphinx_xenfusa.interop.claims_junit import claims_file
from sphinx_xenfusa.interop.csv_tables import csv_files
from sphinx_xenfusa.interop.lobster import lobster_files
from sphinx_xenfusa.interop.metrics import metrics_file
from sphinx_xenfusa.interop.needs_json import needs_file
from sphinx_xenfusa.interop.reqif_file import reqif_file
from sphinx_xenfusa.interop.sarif import sarif_file
from sphinx_xenfusa.interop.specobject import write_specobject
from sphinx_xenfusa.interop.workbook import workbook
from sphinx_xenfusa.trace.canonical import write_bytes
from sphinx_xenfusa.trace.record import TraceRecord
from sphinx_xenfusa.trace.serialise import dumps

Files = Mapping[str, bytes]
"""Name, relative with ``/``, and content of each file."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format.

    :param file: its file, or the pattern of its files, relative to the output folder.
    :param holds: what of the record it holds, in words.
    :param libraries: packages of the extra ``exports`` that writing or recounting it takes.
    """

    name: str
    file: str
    media_type: str
    holds: str
    write: Callable[[TraceRecord], Files]
    libraries: tuple[str, ...] = ()


def record_file(record: TraceRecord) -> Files:
    """``trace.json``."""
    return {"trace.json": dumps(record).encode("utf-8")}


def _specobject_file(record: TraceRecord) -> Files:
    return {"items.specobject.xml": write_specobject(one.item for one in record.items).encode("utf-8")}


def _aspec_file(record: TraceRecord) -> Files:
    return {"items.aspec.xml": write_aspec(record).encode("utf-8")}


FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format("record", "trace.json", "application/json", "the whole record, after the published schema", record_file),
        Format(
            "metrics",
            "metrics.json",
            "application/json",
            "the numbers, for gates: totals by type, kind, result and coverage with all that is not green by name",
            metrics_file,
        ),
        Format(
            "needs",
            "needs.json",
            "application/json",
            "the items with states and links, as sphinx-needs writes them",
            needs_file,
        ),
        Format(
            "csv",
            "csv/*.csv",
            "text/csv",
            "a table each of items, links, verdicts, tests, tests by target, findings, justifications and gates",
            csv_files,
        ),
        Format(
            "xlsx",
            "items.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "the tables of csv as sheets of one workbook",
            workbook,
            ("xlsxwriter", "openpyxl"),
        ),
        Format("sarif", "findings.sarif", "application/sarif+json", "the findings, each at its line", sarif_file),
        Format(
            "junit",
            "claims.xml",
            "application/xml",
            "the claims as test results: a case for each claim and policy, with the requirements that it verifies",
            claims_file,
        ),
        Format(
            "lobster",
            "lobster/*.lobster",
            "application/json",
            "the items by type, the tests and the claims, with what each refers to",
            lobster_files,
        ),
        Format(
            "reqif",
            "items.reqif",
            "application/xml",
            "the items with states, and the links between them",
            reqif_file,
            ("reqif",),
        ),
        Format(
            "specobject",
            "items.specobject.xml",
            "application/xml",
            "the items, as ReqM2 and OpenFastTrace exchange them",
            _specobject_file,
        ),
        Format(
            "aspec",
            "items.aspec.xml",
            "application/xml",
            "the items with their coverage and what covers them, as OpenFastTrace reports them",
            _aspec_file,
        ),
    )
}
"""All formats by name."""


def refuse_missing(names: Iterable[str]) -> None:
    """Refuse a format whose libraries are not installed.

    :raises InputError: naming the format, the package and the extra that brings it.
    """
    for name in names:
        for library in FORMATS[name].libraries:
            if importlib.util.find_spec(library) is None:
                expected = "it installed: pip install 'sphinx-xenfusa[exports]'"
                raise InputError(f"format {name}", None, f"no package {library}", expected)


def export(record: TraceRecord, names: Iterable[str], folder: Path) -> list[Path]:
    """Write a record in some formats.

    :param folder: made if it is missing; a file that stands there is replaced in one step.
    :returns: the files, sorted.
    :raises InputError: a library is missing, or a file cannot be written.
    """
    chosen = list(dict.fromkeys(names))
    refuse_missing(chosen)
    written = []
    for name in chosen:
        for file, data in sorted(FORMATS[name].write(record).items()):
            path = folder / file
            try:
                write_bytes(path, data)
            except OSError as error:
                raise InputError(
                    path, None, f"a file that cannot be written ({error.strerror})", "a folder to write to"
                ) from error
            written.append(path)
    return sorted(written)
