from __future__ import annotations

import time
import xml.etree.ElementTree
from dataclasses import replace
from pathlib import Path

import pytest
from generated_records import items, records
from hypothesis import given, settings
from hypothesis import strategies as st

from sphinx_xenfusa.interop.aspec import write_aspec
from sphinx_xenfusa.interop.scan import scan
from sphinx_xenfusa.interop.specobject import read_specobject, write_specobject
from sphinx_xenfusa.trace.assemble import assemble_items
from sphinx_xenfusa.trace.linker import link
from sphinx_xenfusa.trace.record import Finding, Item, Place, Tag, TraceRecord
from sphinx_xenfusa.trace.states import Coverage, OftStatus

XEN = Path(__file__).resolve().parents[2] / "../shared/data/xen-docs-fusa"

BY_OFT = """\
<?xml version="1.0" encoding="UTF-8"?>
<specdocument>
  <specobjects doctype="req">
    <specobject>
      <id>stop-clock</id>
      <shortdesc>Stop the clock</shortdesc>
      <status>draft</status>
      <version>2</version>
      <sourcefile>doc/spec.md</sourcefile>
      <sourceline>17</sourceline>
      <creationdate>2020-01-01</creationdate>
      <description>The clock
 of a &lt;paused&gt; domain stands still.</description>
      <rationale>Why</rationale>
      <comment>So</comment>
      <tags>
        <tag>clock</tag>
        <tag>time</tag>
      </tags>
      <needscoverage>
        <needsobj>dsn</needsobj>
        <needsobj>impl</needsobj>
      </needscoverage>
      <providescoverage>
        <provcov>
          <linksto>feat:pause</linksto>
          <dstversion>1</dstversion>
        </provcov>
      </providescoverage>
      <dependencies>
        <dependson>req~other~3</dependson>
        <dependson>req:old, v4</dependson>
      </dependencies>
      <ext:strange xmlns:ext="urn:x"><id>not-this</id></ext:strange>
    </specobject>
  </specobjects>
  <specobjects doctype="impl">
    <specobject><id>impl:clock-77</id><version>0</version></specobject>
  </specobjects>
</specdocument>
"""

ASPEC_BY_OFT = """\
<?xml version="1.0" encoding="UTF-8"?><specdocument><specobjects doctype="dsn"><specobject>
<id>a</id><version>1</version><status>approved</status><description>D</description>
<coverage><needscoverage><needsobj>impl</needsobj></needscoverage><shallowCoverageStatus>COVERED</shallowCoverageStatus>
<deepCoverageStatus>COVERED</deepCoverageStatus><coveringSpecObjects><coveringSpecObject><id>b</id><version>1</version>
<doctype>impl</doctype></coveringSpecObject></coveringSpecObjects><coveredTypes><coveredType>impl</coveredType></coveredTypes></coverage>
<covering><coveredType><id>x</id><version>3</version><doctype>req</doctype></coveredType></covering>
<dependencies><dependsOnSpecObject><id>y</id><version>4</version><doctype>req</doctype></dependsOnSpecObject></dependencies>
</specobject></specobjects></specdocument>
"""


def read(text: str) -> tuple[tuple[Item, ...], tuple[Finding, ...]]:
    reading = read_specobject(text, "a.xml")
    assert reading is not None
    return reading


def test_what_openfasttrace_exports_is_read() -> None:
    (req, impl), findings = read(BY_OFT)
    assert findings == ()
    assert req == Item(
        tag=Tag("req", "stop-clock", 2),
        title="Stop the clock",
        text="The clock\n of a <paused> domain stands still.",
        place=Place("doc/spec.md", 17),
        origin="specobject",
        rationale="Why",
        comment="So",
        covers=("feat~pause~1",),
        needs=("dsn", "impl"),
        depends=("req~other~3", "req~old~4"),
        labels=("clock", "time"),
        oft_status=OftStatus.DRAFT,
    )
    assert (impl.tag, impl.place) == (Tag("impl", "clock-77", 0), Place("a.xml", 38))
    assert [finding.subtype for finding in link([impl]).findings] == []


def test_an_aspec_report_of_openfasttrace_is_read_without_its_coverage() -> None:
    (item,), findings = read(ASPEC_BY_OFT)
    assert findings == ()
    assert (item.origin, item.needs, item.covers, item.depends) == ("aspec", ("impl",), ("req~x~3",), ("req~y~4",))


def readable(item: Item) -> Item:
    """An item without what no XML can say."""

    def clean(value: object) -> object:
        if isinstance(value, str) and not isinstance(value, OftStatus):
            return "".join(
                letter
                for letter in value
                if letter in "\t\n\r" or " " <= letter < "\ud800" or "\ue000" <= letter < "\ufffe" or letter > "\uffff"
            )
        return tuple(map(clean, value)) if isinstance(value, tuple) else value

    names = ("title", "text", "rationale", "comment", "source", "level", "owner", "discharge", "covers", "labels")
    fields = replace(
        item.fields,
        **{name: clean(item.fields.words(name)) for name in ("role", "privilege", "operation", "target", "restricts")},
    )
    return replace(item, fields=fields, **{name: clean(getattr(item, name)) for name in names})


def same(found: tuple[Item, ...], written: list[Item], origin: str) -> None:
    groups = list(dict.fromkeys(item.tag.type for item in written))
    expected = [replace(item, origin=origin) for item in sorted(written, key=lambda item: groups.index(item.tag.type))]
    assert list(found) == expected


@given(st.lists(items.map(readable), max_size=4))
def test_reading_back_what_was_written_loses_nothing(written: list[Item]) -> None:
    found, findings = read(write_specobject(written))
    assert {finding.subtype for finding in findings} <= {"character"}
    same(found, written, "specobject")


@settings(max_examples=30)
@given(records())
def test_reading_back_an_aspec_report_loses_nothing(record: TraceRecord) -> None:
    record = replace(record, items=tuple(replace(one, item=readable(one.item)) for one in record.items))
    found, findings = read(write_aspec(record))
    assert {finding.subtype for finding in findings} <= {"character"}
    same(found, [one.item for one in record.items], "aspec")


def assembled(*written: Item) -> TraceRecord:
    return assemble_items(written)


def item(tag: str, covers: tuple[str, ...] = (), needs: tuple[str, ...] = ()) -> Item:
    return Item(Tag.parse(tag), "T", "Text.", Place("a.rst", 1), "oft", covers=covers, needs=needs)


def test_an_aspec_report_states_what_the_record_states() -> None:
    record = assembled(
        item("req~a~2", needs=("dsn", "utest")),
        item("dsn~good~1", ("req~a~2",)),
        item("dsn~weak~1", ("req~a~2",), ("impl",)),
        item("dsn~old~1", ("req~a~1",)),
        item("dsn~new~1", ("req~a~3",)),
        item("impl~odd~1", ("req~a~2",)),
        item("dsn~lost~1", ("req~none~1",)),
    )
    root = xml.etree.ElementTree.fromstring(write_aspec(record))
    (req,) = root.findall("specobjects[@doctype='req']/specobject")
    covering = {
        entry.findtext("id"): (
            entry.findtext("doctype"),
            entry.findtext("deepCoverageStatus"),
            entry.findtext("coveringStatus"),
        )
        for entry in req.findall("coverage/coveringSpecObjects/coveringSpecObject")
    }
    assert covering == {
        "good": ("dsn", "COVERED", "COVERING"),
        "weak": ("dsn", "UNCOVERED", "UNCOVERED"),
        "old": ("dsn", "COVERED", "COVERING_WRONG_VERSION"),
        "new": ("dsn", "COVERED", "COVERING_WRONG_VERSION"),
        "odd": ("impl", "COVERED", "UNEXPECTED"),
    }
    assert [one.text for one in req.findall("coverage/coveredTypes/coveredType")] == ["dsn"]
    assert [one.text for one in req.findall("coverage/uncoveredTypes/uncoveredType")] == ["utest"]
    assert (req.findtext("coverage/shallowCoverageStatus"), req.findtext("coverage/deepCoverageStatus")) == (
        "UNCOVERED",
        "UNCOVERED",
    )
    assert {one.coverage for one in record.items} == {Coverage.COVERED, Coverage.UNCOVERED}


def test_the_same_items_give_the_same_bytes() -> None:
    record = assembled(item("req~a~1", needs=("dsn",)), item("dsn~b~1", ("req~a~1",)))
    other = assembled(item("dsn~b~1", ("req~a~1",)), item("req~a~1", needs=("dsn",)))
    assert write_aspec(record) == write_aspec(other)


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE specdocument [<!ENTITY a "b">]>',
        '<!DOCTYPE specdocument SYSTEM "file:///etc/passwd">',
        "<!-- one\n--><!DOCTYPE specdocument>",
        '<?pi x?>\n\n<!DOCTYPE x [<!ENTITY % p SYSTEM "http://localhost/x"> %p;]>',
    ],
)
def test_a_document_type_is_refused(tmp_path: Path, doctype: str) -> None:
    text = BY_OFT.replace("<specdocument>", f"{doctype}\n<specdocument>")
    (tmp_path / "a.xml").write_text(text)
    (tmp_path / "b.xml").write_text(BY_OFT)
    scanned = scan([tmp_path], tmp_path)
    assert len(scanned.items) == 2
    (finding,) = scanned.findings
    assert (finding.subtype, finding.about) == ("input", "a.xml")
    assert "document type" in finding.message


def test_a_document_type_is_refused_whatever_the_root_is(tmp_path: Path) -> None:
    (tmp_path / "a.oreqm").write_text('\n<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>\n<x>&e;</x>')
    (finding,) = scan([tmp_path], tmp_path).findings
    assert (finding.subtype, str(finding.place)) == ("input", "a.oreqm:2")


def test_other_xml_is_searched_for_coverage_tags(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<project>\n<!-- [impl~x~1->dsn~a~1] -->\n</project>")
    (found,) = scan([tmp_path], tmp_path).items
    assert (str(found.tag), found.place) == ("impl~x~1", Place("a.xml", 2))


ENDS = [700, BY_OFT.index("<version>0"), len(BY_OFT) - 20]


def test_other_xml_has_its_own_encoding_and_may_be_a_template(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(b'<?xml version="1.0" encoding="iso-8859-1"?>\n<a>\xe4</a>')
    (tmp_path / "b.xml").write_bytes(b"{% template %}\n<a>")
    (tmp_path / "c.xml").write_bytes(b"")
    assert scan([tmp_path], tmp_path).findings == ()
    (tmp_path / "d.xml").write_bytes(b"x" + BY_OFT.encode())
    (tmp_path / "e.xml").write_bytes(BY_OFT.encode().replace(b"Why", b"\xe4"))
    (tmp_path / "f.xml").write_bytes(BY_OFT.encode("utf-16"))
    scanned = scan([tmp_path], tmp_path)
    assert [(one.subtype, one.about) for one in scanned.findings] == [("input", f"{name}.xml") for name in "def"]
    assert len(scanned.items) == 2


@pytest.mark.parametrize("end", ENDS)
def test_a_document_that_is_cut_off_is_a_finding_and_what_came_before_is_read(end: int) -> None:
    found, (finding,) = read(BY_OFT[:end])
    assert len(found) == ENDS.index(end)
    assert (finding.subtype, finding.about) == ("input", "a.xml")
    assert finding.place is not None
    assert finding.place.line == BY_OFT[:end].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "subtype"),
    [
        ("<version>2<", "<version>02<", "revision"),
        ("<version>2<", "<version>99999999999<", "revision"),
        ("<version>2<", "<version>x<", "tag"),
        ("<version>2</version>", "", "tag"),
        ("<id>stop-clock</id>", "", "tag"),
        ("<id>stop-clock<", "<id>stop\u200bclock<", "tag"),
        ('doctype="req"', 'kind="req"', "tag"),
    ],
)
def test_a_bad_id_is_a_finding_and_the_rest_is_read(old: str, new: str, subtype: str) -> None:
    (found,), (finding,) = read(BY_OFT.replace(old, new))
    assert str(found.tag) == "impl~clock-77~0"
    assert (finding.subtype, finding.place) == (subtype, Place("a.xml", 4))


def test_bad_values_are_findings() -> None:
    text = BY_OFT.replace("draft", "done").replace("<needsobj>dsn<", "<needsobj>d-n<").replace("Why", "\u202eyhW")
    (req, _), findings = read(text)
    assert (req.oft_status, req.needs) == (OftStatus.APPROVED, ("impl",))
    assert [finding.subtype for finding in findings] == ["character", "status", "tag"]


@pytest.mark.parametrize("file", ["/etc/passwd", "../x", "a/../../b", "C:\\x", "a\nb", "file:///x", ""])
def test_a_place_outside_of_the_root_is_not_believed(file: str) -> None:
    (req, _), _ = read(BY_OFT.replace("doc/spec.md", file))
    assert req.place == Place("a.xml", 4)


@pytest.mark.parametrize("line", ["0", "-1", "x", "", "9" * 5000, "٣"])
def test_a_line_that_is_none_is_not_believed(line: str) -> None:
    (req, _), _ = read(BY_OFT.replace(">17<", f">{line}<"))
    assert req.place == Place("a.xml", 4)


def test_deep_nesting_ends_the_reading() -> None:
    _, (finding,) = read("<specdocument>" + "<a>" * 100_000)
    assert "nested more than" in finding.message


@given(st.text(), st.integers(0, len(BY_OFT)), st.integers(0, 200))
def test_no_text_breaks_the_reader(text: str, start: int, length: int) -> None:
    read_specobject(text, "a.xml")
    read_specobject(BY_OFT[:start] + text + BY_OFT[start + length :], "a.xml")


@pytest.mark.shared
def test_xens_own_tree_comes_back_from_both_forms_with_the_same_links() -> None:
    if not XEN.is_dir():
        pytest.skip(f"needs Xen's docs/fusa in {XEN}")
    scanned = scan([XEN], XEN)
    for text, origin in (
        (write_specobject(scanned.items), "specobject"),
        (write_aspec(assembled(*scanned.items)), "aspec"),
    ):
        found, findings = read(text)
        assert findings == ()
        assert {replace(one, origin="oft") for one in found} == set(scanned.items)
        assert {one.origin for one in found} == {origin}
        assert link(found).links == link(scanned.items).links


def test_many_items_are_read_and_written_fast() -> None:
    many = [item(f"req~r{number}~1", (f"feat~f{number}~1",), ("dsn",)) for number in range(10_000)]
    before = time.process_time()
    found, _ = read(write_specobject(many))
    assert time.process_time() - before < 8
    assert len(found) == 10_000
