"""Coverage tags of source code in a build: in the record as in ``xenfusa trace``, on pages as text with file and line."""

from collections.abc import Callable
from pathlib import Path

import pytest
from test_oft_in_place import FILES, OFT, XEN, with_xen
from tests_support import Built

from sphinx_xenfusa.interop.scan import scan
from sphinx_xenfusa.trace.linker import link
from sphinx_xenfusa.trace.record import Item

C = "/* The timer. */\n/* [XenSwdgn->XenProd~timer~2] */\nint tick;\n// [impl~tick~1->XenProd~timer~2]\n"
SHELL = "# [impl->XenProd~nowhere~1]\n"
SOURCES = {"src/timer.c": C, "src/deep/run.sh": SHELL, "src/notes.txt": "[impl->XenMkt~run~1]\n"}
TREE = (
    FILES
    | SOURCES
    | {"other.rst": ":orphan:\n\nOther\n=====\n\nWords.\n", "all.rst": ":orphan:\n\nA\n=\n\n.. xen:matrix::\n"}
)
SETTINGS: dict[str, object] = {
    **OFT,
    "xenfusa_oft_evidence": True,
    "xenfusa_oft_sources": ["src/**/*.c", "src/**/*.sh"],
}


def told(items: list[Item]) -> list[tuple[object, ...]]:
    return sorted((str(one.tag), one.place.line, one.covers, one.needs) for one in items)


def items_of(built: Built) -> list[Item]:
    return [one.item for one in built.record.items]


def times(built: Built) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in built.out.rglob("*.html")}


def written(built: Built, before: dict[Path, int]) -> set[str]:
    return {path.stem for path, time in times(built).items() if before.get(path) != time} & {
        "product",
        "market",
        "other",
        "all",
    }


def test_the_record_has_the_items_and_links_of_xenfusa_trace(build: Callable[..., Built], tmp_path: Path) -> None:
    built = build(TREE, **SETTINGS)
    docs = tmp_path / "docs"
    scanned = scan([docs / "reqs"], docs, sources=["src/**/*.c", "src/**/*.sh"])
    assert told(items_of(built)) == told(list(scanned.items))
    assert {one.place for one in items_of(built)} == {one.place for one in scanned.items}
    links = {(one.source, one.target, one.status) for one in link(scanned.items).links}
    assert {(one.source, one.target, one.status) for one in built.record.links} == links
    assert "docs/src/deep/run.sh:1: WARNING" in "\n".join(built.warnings), built.warnings
    assert (built.types(), built.status) == (["xenfusa.orphaned", "xenfusa.unwanted"], 0), built.warnings


@with_xen
def test_sources_that_stand_beside_the_documents_of_xen(build: Callable[..., Built], tmp_path: Path) -> None:
    files = {f"reqs/{path.name}": path.read_bytes() for path in sorted(XEN.rglob("*.rst")) if path.name != "index.rst"}
    source = tmp_path / "xen" / "arch" / "x.c"
    source.parent.mkdir(parents=True)
    source.write_text("/* [impl->XenSwdgn~arm64_uart_print~1] */\n" * 2, "utf-8")
    built = build(
        {"index.rst": FILES["index.rst"], **files},
        xenfusa_oft=["reqs/**.rst"],
        xenfusa_oft_source_root="..",
        xenfusa_oft_sources=["xen/**/*.c"],
    )
    scanned = scan([tmp_path / "docs" / "reqs"], tmp_path, sources=["xen/**/*.c"])
    assert told(items_of(built)) == told(list(scanned.items))
    assert sorted(str(one.place) for one in items_of(built) if one.origin == "source") == [
        "../xen/arch/x.c:1",
        "../xen/arch/x.c:2",
    ]
    assert sum("docs/../xen/arch/x.c" in line for line in built.warnings) == 2, built.warnings


def test_pages_show_them_as_text_with_file_and_line(build: Callable[..., Built]) -> None:
    built = build(TREE, **SETTINGS)
    page, matrix = built.page("reqs/product.html"), built.page("all.html")
    assert "impl~tick~1</code> (src/timer.c:4)" in " ".join(
        page.replace('<span class="pre">', "").replace("</span>", "").split()
    )
    assert "(src/timer.c:4)" in matrix and "(src/timer.c:2)" in matrix
    assert 'href="#impl~tick~1"' not in page and "XenProd~timer~2</span></code></a> (" not in matrix


def test_a_changed_source_file_changes_the_record_and_the_pages_that_show_it(build: Callable[..., Built]) -> None:
    before = times(build(TREE, **SETTINGS))
    again = build({"src/timer.c": "\n" + C}, **SETTINGS)
    assert {one.place.line for one in items_of(again) if one.place.file == "src/timer.c"} == {3, 5}
    # The market requirement shows what it rests on, below which the name of a tag changed with its line.
    assert written(again, before) == {"product", "all", "market"}
    assert "(src/timer.c:5)" in again.page("reqs/product.html")
    gone = build({"src/timer.c": "int tick;\n"}, **SETTINGS)
    assert "src/timer.c" not in gone.page("reqs/product.html") + gone.page("all.html")
    before = times(gone)
    assert written(build({}, **SETTINGS), before) == set()


def test_the_needs_of_sphinx_needs_hold_the_documents_alone_and_their_numbers_agree(
    build: Callable[..., Built],
) -> None:
    for builder in ("html", "needs"):
        built = build(TREE, builder=builder, **SETTINGS)
        assert "xenfusa.recount" not in built.types()
        assert '"impl~tick~1"' not in built.page("needs.json")
        assert '"impl~tick~1"' in built.page("xenfusa/trace.json")


def test_a_file_that_is_a_document_is_read_once(build: Callable[..., Built]) -> None:
    built = build(TREE, **{**SETTINGS, "xenfusa_oft_sources": ["**/*.rst", "src/*.c"]})
    assert "xenfusa.duplicate" not in built.types(), built.warnings
    assert built.types().count("xenfusa.recount") == 0


@pytest.mark.parametrize(
    ("patterns", "words"),
    [
        (["../**/*.c"], "leads out of the root"),
        (["/etc/*"], "leads out of the root"),
        (["src/*.zig"], "found no file that 'src/*.zig' matches"),
        ([""], "found the pattern ''"),
        (["src/**.c"], "src/**.c"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_told_at_its_line(
    build: Callable[..., Built], patterns: list[str], words: str
) -> None:
    conf = 'project = "T"\nextensions = ["sphinx_xenfusa"]\nxenfusa_oft_sources = []\n'
    built = build({"conf.py": conf, **TREE}, **{**SETTINGS, "xenfusa_oft_sources": [*patterns, "src/timer.c"]})
    (line,) = (line for line in built.warnings if words in line)
    assert line.startswith("docs/conf.py:3: WARNING: ") and line.endswith("[xenfusa.config]")
    assert "impl~tick~1" in {str(one.tag) for one in items_of(built)}


def test_a_link_out_of_the_project_is_not_opened(build: Callable[..., Built], tmp_path: Path) -> None:
    outside = tmp_path / "outside.c"
    outside.write_text("[impl~secret~1->XenProd~timer~2]\n", "utf-8")
    (tmp_path / "docs" / "src").mkdir(parents=True)
    (tmp_path / "docs" / "src" / "link.c").symlink_to(outside)
    built = build(TREE, **SETTINGS)
    assert "impl~secret~1" not in {str(one.tag) for one in items_of(built)}
    (line,) = (line for line in built.warnings if "leads out of the root" in line)
    assert line.startswith("docs/src/link.c:1: WARNING: ") and line.endswith("[xenfusa.input]")


def test_a_root_that_is_no_folder_costs_one_warning(build: Callable[..., Built]) -> None:
    built = build(TREE, **{**SETTINGS, "xenfusa_oft_source_root": "nowhere"})
    (line,) = (line for line in built.warnings if "xenfusa_oft_source_root" in line)
    assert "docs/conf.py:1: WARNING: found xenfusa_oft_source_root = 'nowhere', which is no folder" in line
    assert len(built.record.items) == 2


def test_one_tag_in_a_document_and_in_source_code_is_told_in_both_places(build: Callable[..., Built]) -> None:
    for file in ("src/timer.c", "a_file_that_sorts_before_the_documents.c"):
        again = {file: "// [XenProd~timer~2->XenMkt~run~1]\n"}
        built = build(TREE | again, **{**SETTINGS, "xenfusa_oft_sources": [file]})
        (one,) = (one for one in built.record.items if str(one.item.tag) == "XenProd~timer~2")
        places = sorted(map(str, (one.item.place, *one.duplicates)))
        assert places == sorted(["reqs/product.rst:6", f"{file}:1"])
        assert "xenfusa.duplicate" in built.types() and "xenfusa.recount" not in built.types(), built.warnings
