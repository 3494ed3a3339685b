from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import jsonschema_rs
import pytest

from sphinx_xenfusa.explore.trace import Change, Step, Trace
from sphinx_xenfusa.explore.verdict import Divergence, MutantReport, Scope, Verdict, VerdictKind
from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.record import SCHEMA_VERSION, Finding, Item, Place, Tag, TraceRecord
from sphinx_xenfusa.trace.record import TestCase as Case
from sphinx_xenfusa.trace.record import TestReport as Report
from sphinx_xenfusa.trace.serialise import dumps, schema, to_json, validate
from sphinx_xenfusa.trace.states import Coverage, IncomingStatus, ItemKind, LinkStatus, OftStatus, Outcome, Result

TRACE = Trace("t", (("f", "v"),), (Step("d1", "map", (("p", "1"),), "allowed", (Change("f", "v", "w"),), "§ 1"),))
MUTANT = MutantReport("m:1", "remove guard", "a", "b")
SCOPE = Scope("A", "all", 4, 4, ("AoU",))


def full_record() -> TraceRecord:
    """A record in which every list of the schema has an entry and every nullable key a value, somewhere."""
    verdicts = [
        Verdict("c", None, VerdictKind.CONFIRMED, SCOPE, 3, 2, "", TRACE, None, 1, 2, MUTANT, (MUTANT,)),
        Verdict("d", "dummy", VerdictKind.DIVERGES, SCOPE, reason="D1", divergences=(Divergence("D1", TRACE),)),
        Verdict("e", "silo", VerdictKind.REFUTED, Scope("x", "", 0, None, ()), counterexample=TRACE, seconds=9.5),
    ]
    items = [
        Item(
            tag=Tag("XenArch", "a", 1),
            title="Ä",
            text="text",
            place=Place("a.rst", 3),
            origin="directive",
            kind=ItemKind.RULE,
            needs=("XenTest",),
            confirmed_by=("c",),
            owner="the integrator",
            discharge="a check",
        ),
        Item(Tag("XenProd", "p", 1), "", "", Place("b.rst", 1), "oft", covers=("XenArch~a~1", "bad")),
    ]
    reports = [
        Report(
            "r.xml",
            "0" * 64,
            "",
            (
                Case("r.xml", "k", "t", Outcome.PASSED, ("XenArch~a~1",), ()),
                Case(
                    "r.xml",
                    "k",
                    "u",
                    Outcome.FAILED,
                    (),
                    ("XenProd~p~1",),
                    "boom",
                    "board",
                    "out",
                    (("key", "value"),),
                    "a.c:3",
                    (Outcome.PASSED, Outcome.FAILED),
                ),
            ),
            "pytest",
            "pytest 9",
            "board",
            "2026-11-22T10:00:00",
            "c447b7308b13",
        ),
        Report("s.xml", "", "cut off", ()),
    ]
    return assemble(
        project="p",
        version="1",
        items=items,
        verdicts=verdicts,
        reports=reports,
        findings=[Finding("x", None, "", "m")],
        policies=("specification", "silo"),
        target_policy="silo",
        confirm_mode="cache",
        known_claims=("c", "d", "e"),
        results_expected=True,
    )


def test_the_schema_is_one_and_names_this_version() -> None:
    assert jsonschema_rs.meta.is_valid(schema())
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema()["$id"] == f"urn:sphinx-xenfusa:trace:{SCHEMA_VERSION}"
    assert schema()["properties"]["schema_version"] == {"const": SCHEMA_VERSION}


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("item_kind", ItemKind),
        ("oft_status", OftStatus),
        ("coverage", Coverage),
        ("link_status", LinkStatus),
        ("incoming_status", IncomingStatus),
        ("result", Result),
        ("outcome", Outcome),
        ("verdict_kind", VerdictKind),
    ],
)
def test_the_schema_has_the_states_of_the_code_in_their_order(name: str, states: type[StrEnum]) -> None:
    assert schema()["$defs"][name]["enum"] == [state.value for state in states]


def objects(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if part.get("type") == "object":
            yield part
        part = list(part.values())
    if isinstance(part, list):
        for entry in part:
            yield from objects(entry)


def test_every_object_of_the_schema_is_closed_and_complete() -> None:
    found = list(objects(schema()))
    assert len(found) > 15
    for entry in found:
        assert entry["additionalProperties"] is False
        assert sorted(entry["required"]) == sorted(entry["properties"])


def test_a_record_follows_the_schema_and_its_text_says_the_same() -> None:
    record = full_record()
    validate(to_json(record))
    assert json.loads(dumps(record)) == to_json(record)
    assert "Ä" in dumps(record)
    assert "9.5" not in dumps(record)


def test_an_item_has_what_the_schema_promises() -> None:
    entry = to_json(full_record())["items"][0]
    assert entry["id"] == "XenArch~a~1"
    assert entry["source"] == {"file": "a.rst", "line": 3}
    assert (entry["owner"], entry["discharge"]) == ("the integrator", "a check")
    # The test passed; the other report is cut off.
    assert (entry["model"], entry["test"], entry["result"]) == ("passed", "not run", "not run")
    assert entry["tests"] == [{"report": "r.xml", "id": "k::t", "outcome": "passed"}]
    assert entry["verdicts"] == [{"claim": "c", "policy": None, "kind": "confirmed"}]


def test_verdicts_can_be_read_back() -> None:
    for entry in to_json(full_record())["verdicts"]:
        assert Verdict.from_json(entry).to_json() == entry


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/items/0/result", "green"),
        ("/items/0/source/line", 0),
        ("/items/0/fingerprint", "abc"),
        ("/links/0/status", "covered"),
        ("/evidence/reports/0/cases/0/outcome", "ok"),
        ("/verdicts/0/scope/platforms", -1),
        ("/schema_version", 1),
        ("/confirm_mode", "maybe"),
        ("/findings/0/subtype", "Not A Subtype"),
    ],
)
def test_a_fault_is_named_by_its_path(path: str, value: object) -> None:
    data = copy.deepcopy(to_json(full_record()))
    place: Any = data
    *way, last = path.strip("/").split("/")
    for part in way:
        place = place[int(part) if part.isdigit() else part]
    place[last] = value
    with pytest.raises(ValueError, match=f"^{path}: "):
        validate(data)


def test_a_key_too_many_or_too_few_is_refused() -> None:
    data = to_json(full_record())
    with pytest.raises(ValueError, match=r"^/items/0: .*'extra'"):
        validate({**data, "items": [{**data["items"][0], "extra": 1}]})
    del data["links"]
    with pytest.raises(ValueError, match=r"^/: .*links"):
        validate(data)


@pytest.mark.parametrize("data", [None, [], "text", {"items": "x" * 10_000}])
def test_what_is_no_record_is_refused_briefly(data: object) -> None:
    with pytest.raises(ValueError, match=r"^/") as caught:
        validate(data)
    assert len(str(caught.value)) < 400
