"""ReqIF: valid after the OMG's schema, nothing lost in reading back, and what is hostile refused."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import reqif
import xmlschema
from generated_records import records
from hypothesis import given, settings
from test_exports import NASTY, record, written

from sphinx_xenfusa.interop.legal_text import legal
from sphinx_xenfusa.interop.reqif_source import read_reqif
from sphinx_xenfusa.interop.scan import scan
from sphinx_xenfusa.trace.assemble import assemble_items
from sphinx_xenfusa.trace.record import Finding, Item, Place, Tag, TraceRecord


def text_of(made: TraceRecord) -> str:
    return written("reqif", made)["items.reqif"].decode("utf-8")


def read_back(made: TraceRecord) -> tuple[Item, ...]:
    items, findings = read_reqif(text_of(made), "items.reqif")
    # A text that turns the direction of writing comes back, and is told.
    assert {one.subtype for one in findings} <= {"character"}
    return items


def as_legal(item: Item) -> Item:
    """What XML can hold of an item, as read from ReqIF."""

    def each(words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(legal, words))

    return replace(
        item,
        origin="reqif",
        place=Place(legal(item.place.file), item.place.line),
        title=legal(item.title),
        text=legal(item.text),
        rationale=legal(item.rationale),
        comment=legal(item.comment),
        source=legal(item.source),
        level=legal(item.level),
        owner=legal(item.owner),
        discharge=legal(item.discharge),
        covers=each(item.covers),
        depends=each(item.depends),
        labels=each(item.labels),
        confirmed_by=each(item.confirmed_by),
        fields=replace(
            item.fields,
            **{
                name: each(item.fields.words(name))
                for name in ("role", "privilege", "operation", "target", "restricts")
            },
        ),
    )


@settings(max_examples=25)
@given(records())
def test_reading_back_loses_nothing(made: TraceRecord) -> None:
    assert read_back(made) == tuple(as_legal(one.item) for one in made.items)


def test_a_coverage_tag_without_a_revision_comes_back() -> None:
    tag = Item(Tag("impl", "tick-12", 0), "", "", Place("a.c", 3), "source", covers=("XenProd~a~1",))
    made = assemble_items([tag])
    items, findings = read_reqif(text_of(made), "items.reqif")
    assert (items, findings) == ((replace(tag, origin="reqif"),), ())
    assert [one.subtype for one in assemble_items(items).findings] == ["orphaned"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "XenSwdgn</xhtml:li>",
            "Xen Swdgn!</xhtml:li>",
            ("tag", "found the needed type 'Xen Swdgn!'; expected letters only"),
        ),
        ("The clock.", "The \u202eclock.", ("character", "found U+202E RIGHT-TO-LEFT OVERRIDE in column 5 of a text")),
    ],
)
def test_what_is_wrong_in_an_item_is_told(old: str, new: str, said: tuple[str, str]) -> None:
    item = Item(Tag("XenProd", "a", 1), "A", "The clock.", Place("a.rst", 3), "oft", needs=("XenSwdgn",))
    text = text_of(assemble_items([item]))
    assert old in text
    items, findings = read_reqif(text.replace(old, new), "items.reqif")
    assert len(items) == 1
    subtype, words = said
    assert [(one.subtype, words in one.message) for one in findings] == [(subtype, True)]
    assert "Xen Swdgn!" not in items[0].needs


def test_the_files_that_the_schema_is_made_of_are_there() -> None:
    assert (Path(reqif.__file__).parent / "reqif_schema" / "reqif.xsd").is_file()


@pytest.fixture(scope="module")
def schema() -> Iterator[xmlschema.XMLSchema]:
    """The OMG's schema as the library brings it; it names its parts relative to the library."""
    here = Path.cwd()
    os.chdir(Path(reqif.__file__).parent.parent)
    try:
        yield xmlschema.XMLSchema(str(Path(reqif.__file__).parent / "reqif_schema" / "reqif.xsd"))
    finally:
        os.chdir(here)


@pytest.mark.parametrize("text", ["text", NASTY, "a\nb\r\n\tc  ", ""])
def test_it_is_valid_after_the_schema_of_the_omg(schema: xmlschema.XMLSchema, text: str) -> None:
    schema.validate(io.BytesIO(written("reqif", record(text))["items.reqif"]))
    schema.validate(
        io.BytesIO(written("reqif", replace(record(text), items=(), project=text + "a < b ]]>"))["items.reqif"])
    )


def test_the_schema_refuses_what_is_wrong(schema: xmlschema.XMLSchema) -> None:
    wrong = text_of(record()).replace("<SPEC-OBJECT ", "<SPEC-OBJECT NO='1' ", 1)
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        schema.validate(io.BytesIO(wrong.encode()))


def refusal(text: str) -> Finding:
    items, (finding,) = read_reqif(text, "x.reqif")
    assert items == ()
    assert finding.place is not None
    assert finding.place.file == "x.reqif"
    return finding


def test_an_identifier_used_thrice_is_refused_with_its_lines() -> None:
    text = text_of(record())
    first, second = (
        line.partition('IDENTIFIER="')[2].partition('"')[0] for line in text.splitlines() if "<SPEC-OBJECT " in line
    )
    place = next(
        line.partition('IDENTIFIER="')[2].partition('"')[0] for line in text.splitlines() if "<SPEC-HIERARCHY" in line
    )
    finding = refusal(text.replace(f'IDENTIFIER="{second}"', f'IDENTIFIER="{first}"').replace(place, first))
    lines = [
        number
        for number, line in enumerate(text.splitlines(), 1)
        if any(f'IDENTIFIER="{one}"' in line for one in (first, second, place))
    ]
    assert len(lines) == 3
    assert finding.place == Place("x.reqif", lines[1])
    assert f"3 times, in the lines {', '.join(map(str, lines))}" in finding.message


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ('<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a "b">]>\n<REQ-IF/>', "document type", 2),
        ('<!DOCTYPE REQ-IF SYSTEM "file:///etc/passwd">\n<REQ-IF/>', "document type", 1),
        ("<REQ-IF>\n<CORE", "malformed XML", 2),
        ("", "malformed XML", 1),
        ("<html/>", "another document", 1),
        ("<REQ-IF/>", "cannot read", 1),
        ("<REQ-IF>" + "<a>" * 1000 + "</a>" * 1000 + "</REQ-IF>", "nested", 1),
    ],
)
def test_what_is_no_reqif_is_refused(text: str, words: str, line: int) -> None:
    finding = refusal(text)
    assert words in finding.message
    assert finding.place == Place("x.reqif", line)


def test_an_object_without_a_tag_is_a_finding_and_the_rest_is_read() -> None:
    items, (finding,) = read_reqif(
        text_of(record()).replace("XenProd~p~1&quot;", "x").replace('"XenProd~p~1"', '"heading"'), "x.reqif"
    )
    assert [str(item.tag) for item in items] == ["XenSwdgn~d~2"]
    assert finding.subtype == "tag"
    assert "ReqIF.ForeignID" in finding.message


def test_an_item_of_another_tool_covers_what_its_relations_lead_to() -> None:
    made = record()
    text = text_of(made).replace('LONG-NAME="xenfusa.covers"', 'LONG-NAME="other"')
    (_, design), _ = read_reqif(text, "x.reqif")
    assert design.covers == ("XenProd~p~1",)


@pytest.mark.parametrize("file", ["/etc/passwd", "../../x", "..\\x"])
def test_a_place_outside_of_the_root_is_not_taken_over(file: str) -> None:
    made = record()
    items = tuple(replace(one, item=replace(one.item, place=Place(file, 1))) for one in made.items)
    assert {item.place.file for item in read_back(replace(made, items=items))} == {"items.reqif"}


def test_a_scan_reads_reqif(tmp_path: Path) -> None:
    (tmp_path / "items.reqif").write_bytes(written("reqif", record())["items.reqif"])
    scanned = scan([tmp_path], tmp_path)
    assert [str(item.tag) for item in scanned.items] == ["XenProd~p~1", "XenSwdgn~d~2"]
    assert scanned.findings == ()
