"""Coverage tags in source code.  The generated names are those of OpenFastTrace's own tests, written down by hand."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.interop.scan import scan
from sphinx_xenfusa.interop.source_tags import read_tags
from sphinx_xenfusa.trace.linker import link
from sphinx_xenfusa.trace.record import Place
from sphinx_xenfusa.trace.states import Coverage


def read(line: str) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    items, findings = read_tags("\n\n" + line, "source.file")
    assert findings == ()
    assert {item.place for item in items} == {Place("source.file", 3)}
    assert {item.origin for item in items} == {"source"}
    return [(str(item.tag), item.covers, item.needs) for item in items]


def test_a_tag_without_a_name_gets_the_name_that_openfasttrace_gives_it() -> None:
    items, _ = read_tags("\n\n\n// [impl -> dsn~covered~2]", "source.file")
    assert [str(item.tag) for item in items] == ["impl~covered-3014110766~0"]
    items, _ = read_tags("# Guide\n<!-- [doc->req~guide~1] -->", "guide.md")
    assert [str(item.tag) for item in items] == ["doc~guide-1257333065~0"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "/* [impl~tag~1 -> dsn~first~2, dsn~second~3 >> utest, itest] */",
            [("impl~tag~1", ("dsn~first~2", "dsn~second~3"), ("utest", "itest"))],
        ),
        (
            "# [impl -> dsn~first~2, dsn~second~3 >> utest]",
            [("impl~first~0", ("dsn~first~2",), ("utest",)), ("impl~second~0", ("dsn~second~3",), ("utest",))],
        ),
        ("[ impl~~7 -> dsn~a~1>>utest ]", [("impl~a~7", ("dsn~a~1",), ("utest",))]),
        ("[impl~x.y-z~0->dsn~a~1]", [("impl~x.y-z~0", ("dsn~a~1",), ())]),
        (
            "[impl~a~1->XenSwdgn~b_c~2] [utest~d~3->XenSwdgn~b_c~2]",
            [("impl~a~1", ("XenSwdgn~b_c~2",), ()), ("utest~d~3", ("XenSwdgn~b_c~2",), ())],
        ),
    ],
)
def test_every_variant_is_read(line: str, expected: list[tuple[str, tuple[str, ...], tuple[str, ...]]]) -> None:
    assert read(line) == expected


def test_two_tags_for_one_item_in_one_line_have_two_names() -> None:
    names = {tag for tag, _, _ in read("[impl->dsn~a~1] [impl->dsn~a~1]")}
    assert len(names) == 2


@pytest.mark.parametrize(
    "line",
    [
        "x = a[p->flags & ~MASK];",
        "x = a[p->q]; y = ~z;",
        "[a->b ~/x]",
        "-> ~ []",
        "[[name:1]]",
        "`XenSwdgn~a~1` -> `XenProd~b~1`",
    ],
)
def test_what_is_no_tag_is_left_alone(line: str) -> None:
    assert read_tags(line, "a.c") == ((), ())


@pytest.mark.parametrize(
    ("tag", "subtype"),
    [
        ("[impl->dsn~a]", "tag"),
        ("[impl->dsn~a~]", "tag"),
        ("[impl->dsn~~1]", "tag"),
        ("[impl->dsn~a~1", "tag"),
        ("[impl->dsn~a~1, dsn~b]", "tag"),
        ("[impl->dsn~a~1>>]", "tag"),
        ("[im-pl->dsn~a~1]", "tag"),
        ("[impl1->dsn~a~1]", "tag"),
        ("[impl~x~1.5->dsn~a~1]", "tag"),
        ("[impl->dsn ~a~1]", "tag"),
        ("[impl~~01->dsn~a~1]", "revision"),
        ("[impl~~2147483648->dsn~a~1]", "revision"),
        ("[impl~~99999999999999999999999->dsn~a~1]", "revision"),
    ],
)
def test_a_malformed_tag_is_a_finding_with_its_line(tag: str, subtype: str) -> None:
    items, findings = read_tags(f"\n// {tag}\n// [impl~ok~1->dsn~ok~1]\n", "a.c")
    assert [str(item.tag) for item in items] == ["impl~ok~1"]
    assert [(finding.subtype, finding.place) for finding in findings] == [(subtype, Place("a.c", 2))]


@pytest.mark.parametrize("covered", ["dsn~a~0", "dsn~a~01", "dsn~a~99999999999"])
def test_a_bad_revision_in_what_is_covered_is_told_by_the_linker_at_the_line(covered: str) -> None:
    items, findings = read_tags(f"\n[impl~x~1->{covered}]", "a.c")
    assert findings == ()
    (finding,) = link(items).findings
    assert finding.subtype in ("revision", "tag")
    assert finding.place == Place("a.c", 2)


def test_a_character_that_nobody_sees_is_named_with_its_column() -> None:
    items, (finding,) = read_tags("// [impl->dsn~a\u200b~1]", "a.c")
    assert items == ()
    assert finding.subtype == "tag"
    assert "U+200B ZERO WIDTH SPACE in column 16" in finding.message


def test_the_revision_0_of_a_tag_is_no_finding_and_covers(tmp_path: Path) -> None:
    (tmp_path / "reqs.rst").write_text("T\n-\n\n`dsn~a~1`\n\nNeeds: impl\n")
    (tmp_path / "xen/arch/arm").mkdir(parents=True)
    (tmp_path / "xen/arch/arm/timer.c").write_text("/* [impl->dsn~a~1] */\n")
    (tmp_path / "xen/arch/arm/latin.c").write_bytes(b"/* \xe4 */\n/* [impl->dsn~a~1] */\n")
    (tmp_path / "xen/arch/arm/notes").write_bytes(b"[impl->dsn~a\xe4~1]\n")
    scanned = scan([tmp_path / "reqs.rst"], tmp_path, sources=["xen/**/*"])
    assert [(finding.subtype, str(finding.place)) for finding in scanned.findings] == [("tag", "xen/arch/arm/notes:1")]
    assert len(scanned.items) == 3
    linked = link(scanned.items)
    assert linked.findings == ()
    assert set(linked.coverage.values()) == {Coverage.COVERED}


@pytest.mark.parametrize(
    "name",
    [
        "a.c",
        "a.H",
        "a.dts",
        "a.dtsi",
        "a.S",
        "a.sh",
        "a.py",
        "a.rs",
        "Makefile",
        "Makefile.inc",
        "Kconfig",
        "Kconfig.debug",
        "a.yaml",
        "a.lds",
        "a.mk",
        "a.toml",
        "a.ml",
        "a.feature",
    ],
)
def test_a_folder_is_searched_for_source_code(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("[impl~x~1->dsn~a~1]")
    assert [str(item.tag) for item in scan([tmp_path], tmp_path).items] == ["impl~x~1"]


@given(st.text(alphabet=" []->~,ab1.\u200b>\n"))
def test_no_text_breaks_the_reader(text: str) -> None:
    items, findings = read_tags(text, "a.c")
    lines = text.count("\n") + 1
    assert all(1 <= item.place.line <= lines for item in items)
    assert all(finding.place is not None and finding.place.line <= lines for finding in findings)


@pytest.mark.parametrize("part", ["[a->b~", "[a", "a~", "[a->b~c~1,", "[ ", "[a->", "[impl->dsn~a~1>>", "a->b~"])
def test_a_long_line_costs_linear_time(part: str) -> None:
    before = time.process_time()
    read_tags(part * (300_000 // len(part)), "a.c")
    assert time.process_time() - before < 5
