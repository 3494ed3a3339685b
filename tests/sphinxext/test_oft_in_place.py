"""Xen's own documents: their items are needs where they stand, and their pages stay as they are."""

import json
import re
import shutil
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests_support import Built, requirement

from sphinx_xenfusa.interop.scan import scan
from sphinx_xenfusa.sphinxext import needs_bridge

XEN = Path(__file__).resolve().parents[2] / "../shared/data/xen-docs-fusa"
with_xen = pytest.mark.skipif(not XEN.is_dir(), reason="../shared is not there")
INDEX = "T\n=\n\n.. toctree::\n   :glob:\n\n   reqs/*\n\n"
TABLE = ".. needtable::\n   :columns: id,title,xen_state\n   :filter: type.startswith('oft_')\n\n"
MARKET = """\
Market
======

Run domains
-----------

`XenMkt~run~1`

Description:
Xen shall run domains.

Rationale:
It is what it is for.

Comments:
None.

Needs:
 - XenProd
"""
PRODUCT = """\
Product
=======

Provide a timer
---------------
`XenProd~timer~2`

Description:
Xen shall provide a timer.

Covers:
 - `XenMkt~run~1`

Needs:
 - XenSwdgn
"""
FILES = {"index.rst": INDEX + TABLE, "reqs/market.rst": MARKET, "reqs/product.rst": PRODUCT}
LABEL = r"\\phantomsection\\label\{\\detokenize\{[^}]*?:Xen\w+\}\}"
"""An anchor of an item on paper."""
OFT = {"xenfusa_oft": ["reqs/**.rst"], "needs_build_json": True}


def needs_of(built: Built) -> dict[str, dict[str, object]]:
    """What ``needs.json`` says."""
    versions = json.loads(built.page("needs.json"))["versions"]
    needs: dict[str, dict[str, object]] = next(iter(versions.values()))["needs"]
    return needs


def bare(page: str) -> str:
    """The body of a page without the anchors of items."""
    body = page[page.index("<body") :]
    body = re.sub(r'<span class="target" id="[A-Za-z]+~[^"]*"></span>', "", body)
    return re.sub(r' id="[A-Za-z]+~[^"]*"', "", body)


def xen_tree() -> Mapping[str, bytes]:
    return {path.relative_to(XEN).as_posix(): path.read_bytes() for path in XEN.rglob("*.rst")}


# --- the needs ----------------------------------------------------------------------------------------------------------


def test_an_item_is_a_need_with_what_the_file_says(build: Callable[..., Built]) -> None:
    built = build(FILES, **OFT)
    assert built.warnings == []
    needs = needs_of(built)
    assert set(needs) == {"XenMkt~run~1", "XenProd~timer~2"}
    market, product = needs["XenMkt~run~1"], needs["XenProd~timer~2"]
    told = {
        "docname": "reqs/market",
        "lineno": 7,
        "type": "oft_XenMkt",
        "type_name": "Market requirement",
        "title": "Run domains",
        "content": "Xen shall run domains.",
        "status": "approved",
        "sections": ["Run domains", "Market"],
        "xen_rationale": "It is what it is for.",
        "xen_comment": "None.",
        "xen_needs": ["XenProd"],
        "xen_covers_back": ["XenProd~timer~2"],
        "xen_state": "none",
        "xen_coverage": "uncovered",
        "xen_uncovered": [],
    }
    assert {name: market[name] for name in told} == told
    assert (product["lineno"], product["xen_covers"]) == (6, ["XenMkt~run~1"])
    assert (product["xen_coverage"], product["xen_uncovered"]) == ("uncovered", ["XenSwdgn"])
    traced = next(one for one in built.record.items if one.item.tag.type == "XenMkt")
    assert market["xen_fingerprint"] == traced.fingerprint


def test_a_table_and_a_role_of_sphinx_needs_lead_to_the_tag(build: Callable[..., Built]) -> None:
    built = build(FILES | {"index.rst": INDEX + TABLE + ":need:`XenProd~timer~2`\n"}, **OFT)
    assert built.warnings == []
    page = built.page("index.html")
    assert page.count('href="reqs/product.html#XenProd~timer~2"') == 2
    assert '<cite id="XenProd~timer~2">XenProd~timer~2</cite>' in built.page("reqs/product.html")


def test_types_are_named_by_a_setting_and_others_share_one(build: Callable[..., Built]) -> None:
    other = "Req\n===\n\n`req~other~1`\n\nDescription:\nOther.\n"
    types = {"XenMkt": "Wish of the market"}
    built = build(FILES | {"reqs/other.rst": other}, xenfusa_oft_types=types, **OFT)
    found = {tag: (need["type"], need["type_name"]) for tag, need in needs_of(built).items()}
    assert found == {
        "XenMkt~run~1": ("oft_XenMkt", "Wish of the market"),
        "XenProd~timer~2": ("oft_item", "OpenFastTrace item"),
        "req~other~1": ("oft_item", "OpenFastTrace item"),
    }


@pytest.mark.parametrize("types", [["XenMkt"], {"Xen Mkt": "Market"}, {"XenMkt": ""}])
def test_types_that_cannot_be_used_are_told(build: Callable[..., Built], types: object) -> None:
    built = build(FILES, xenfusa_oft_types=types, **OFT)
    assert "xenfusa.config" in built.types()
    assert needs_of(built)["XenMkt~run~1"]["type"] == "oft_XenMkt"


def test_requirements_and_needs_of_others_link_to_items(build: Callable[..., Built]) -> None:
    ours = requirement(options=":covers: XenProd~timer~2")
    built = build(FILES | {"index.rst": INDEX + TABLE + ours + "\n:xen:req:`XenProd~timer~2`\n"}, **OFT)
    assert needs_of(built)["XenProd~timer~2"]["xen_covers_back"] == ["XenArch~hwdom_single~1"]


# --- what only looks like an item, and what is wrong --------------------------------------------------------------------


def test_what_the_reader_leaves_alone_is_no_need(build: Callable[..., Built]) -> None:
    more = """
Not items
---------

Like this::

    `XenMkt~literal~1`

    Description:

..
   `XenMkt~comment~1`

.. note::

   `XenMkt~note~1`

See `XenMkt~run~1`, which was said above.
"""
    built = build(FILES | {"reqs/market.rst": MARKET + more}, **OFT)
    assert set(needs_of(built)) == {"XenMkt~run~1", "XenProd~timer~2"}
    assert re.findall(r'id="(\w+~\w+~\d+)"', built.page("reqs/market.html")) == ["XenMkt~run~1"]


def test_a_tag_twice_is_one_need_and_one_located_warning(build: Callable[..., Built]) -> None:
    files = FILES | {"reqs/zz.rst": MARKET.replace("Market", "Again ")}
    built = build(files, **OFT)
    assert needs_of(built)["XenMkt~run~1"]["docname"] == "reqs/market"
    duplicates = [one for one in built.warnings if "[xenfusa.duplicate]" in one]
    assert len(duplicates) == 1
    assert duplicates[0].startswith("docs/reqs/zz.rst:7: WARNING: ")


def test_a_tag_that_a_native_need_has_is_refused_at_its_line(build: Callable[..., Built]) -> None:
    native = ".. req:: Native\n   :id: XenMkt~run~1\n\n"
    built = build(FILES | {"index.rst": INDEX + native}, **OFT)
    refused = [one for one in built.warnings if "[xenfusa.refused]" in one]
    assert len(refused) == 1
    assert refused[0].startswith("docs/reqs/market.rst:7: WARNING: ")
    assert "(index:9)" in refused[0]
    assert needs_of(built)["XenMkt~run~1"]["type"] == "req"
    assert "XenMkt~run~1" in {str(one.item.tag) for one in built.record.items}


def test_a_malformed_tag_is_told_at_its_line_and_is_no_need(build: Callable[..., Built]) -> None:
    built = build(FILES | {"reqs/market.rst": MARKET.replace("run~1", "run~0")}, **OFT)
    assert "docs/reqs/market.rst:7: WARNING: found revision 0" in "\n".join(built.warnings)
    assert set(needs_of(built)) == {"XenProd~timer~2"}


def test_a_pattern_that_names_no_document_is_told_at_the_setting(build: Callable[..., Built]) -> None:
    conf = (
        'project = "T"\nversion = "1"\nextensions = ["sphinx_xenfusa"]\nhtml_theme = "basic"\n'
        'xenfusa_oft = ["reqs/**.rst", "req/**.rst"]\n'
    )
    built = build(FILES | {"conf.py": conf})
    assert built.types() == ["xenfusa.config"]
    assert built.warnings[0].startswith("docs/conf.py:5: WARNING: found the pattern 'req/**.rst'")
    assert len(built.record.items) == 2


# --- lines, files, encodings --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.encode("utf-8-sig"),
        lambda text: (
            "Before\n======\n\n.. code-block:: none\n\n\t`XenMkt~run~1`\n\n\tDescription:\n\n" + text
        ).encode(),
        lambda text: ("A line\u2028that docutils counts twice.\n\n" + text).encode(),
        lambda text: (text.replace("`XenMkt~run~1`\n\n", "`XenMkt~run~1`\n")).encode(),
    ],
    ids=["CRLF", "BOM", "tabs", "line separator", "no blank line"],
)
def test_the_need_has_the_line_of_the_file_and_the_page_an_anchor(
    build: Callable[..., Built], write: Callable[[str], bytes]
) -> None:
    data = write(MARKET)
    built = build(FILES | {"reqs/market.rst": data}, **OFT)
    assert [one for one in built.warnings if "xenfusa" in one] == []
    lines = data.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    line = needs_of(built)["XenMkt~run~1"]["lineno"]
    assert isinstance(line, int)
    assert lines[line - 1] == "`XenMkt~run~1`"
    assert built.page("reqs/market.html").count('id="XenMkt~run~1"') == 1


def test_a_prolog_and_another_default_role_move_nothing(build: Callable[..., Built]) -> None:
    built = build(FILES, rst_prolog=".. |x| replace:: y\n\n", default_role="literal", **OFT)
    assert built.warnings == []
    assert needs_of(built)["XenMkt~run~1"]["lineno"] == 7
    assert '<span class="target" id="XenMkt~run~1"></span>' in built.page("reqs/market.html")


def test_the_items_of_an_included_file_stand_on_the_page_that_includes_it(build: Callable[..., Built]) -> None:
    included = "Included\n--------\n\n`XenMkt~included~1`\n\nDescription:\nIncluded.\n"
    files = FILES | {"index.rst": INDEX + TABLE + ".. include:: reqs/part.inc.rst\n", "reqs/part.inc.rst": included}
    built = build(files, exclude_patterns=["**/*.inc.rst"], **OFT)
    need = needs_of(built)["XenMkt~included~1"]
    assert (need["docname"], need["lineno"], need["sections"]) == ("index", 4, ["Included", "T"])
    assert 'id="XenMkt~included~1"' in built.page("index.html")
    place = next(one.item.place for one in built.record.items if one.item.tag.name == "included")
    assert str(place) == "reqs/part.inc.rst:4"


# --- Xen's tree ---------------------------------------------------------------------------------------------------------


@pytest.mark.shared
@with_xen
def test_xens_tree_is_the_same_items_as_without_sphinx_and_the_same_pages(build: Callable[..., Built]) -> None:
    settings = {"xenfusa_oft": ["reqs/**.rst"], "needs_build_json": True}
    built, plain = build(xen_tree(), **settings), build(xen_tree(), folder="plain")
    assert built.warnings == []
    scanned = scan([XEN / "reqs"], XEN)
    assert tuple(one.item for one in built.record.items) == tuple(sorted(scanned.items, key=lambda one: one.tag))
    assert built.record.findings == scanned.findings == ()
    needs = needs_of(built)
    types = Counter(need["type"] for need in needs.values())
    assert types == {"oft_XenMkt": 6, "oft_XenProd": 23, "oft_XenSwdgn": 32}
    assert sum(len(need["xen_covers"]) for need in needs.values()) == 64
    assert sum(need["xen_uncovered"] == ["XenSwdgn"] for need in needs.values()) == 14
    for item in scanned.items:
        need = needs[str(item.tag)]
        assert (f"{need['docname']}.rst", need["lineno"]) == (item.place.file, item.place.line)
        assert f'<cite id="{item.tag}">{item.tag}</cite>' in built.page(f"{need['docname']}.html")
    for path in XEN.rglob("*.rst"):
        name = path.relative_to(XEN).with_suffix(".html").as_posix()
        assert bare(built.page(name)) == bare(plain.page(name))


@pytest.mark.shared
@with_xen
@pytest.mark.parametrize("builder", ["text", "latex"])
def test_xens_tree_reads_the_same_in_other_formats(build: Callable[..., Built], builder: str) -> None:
    built = build(xen_tree(), builder=builder, xenfusa_oft=["reqs/**.rst"], latex_engine="xelatex")
    plain = build(xen_tree(), builder=builder, folder="plain", latex_engine="xelatex")
    assert built.warnings == []
    for path in built.out.rglob("*.txt" if builder == "text" else "*.tex"):
        other = (plain.out / path.relative_to(built.out)).read_text("utf-8")
        assert re.sub(LABEL, "", path.read_text("utf-8")) == other


# --- evidence -----------------------------------------------------------------------------------------------------------


def test_evidence_stands_after_each_item_if_asked_for(build: Callable[..., Built]) -> None:
    built = build(FILES, xenfusa_oft_evidence=True, **OFT)
    page = built.page("reqs/market.html")
    assert (
        "<summary>Evidence: ∅ none; coverage: ∅ uncovered (what covers it lacks coverage); review: ∅ none</summary>"
        in page
    )
    assert "coverage: ∅ uncovered (XenSwdgn lacking); review: ∅ none</summary>" in built.page("reqs/product.html")
    assert page.index("<details") > page.index("<li><p>XenProd</p></li>")
    assert 'href="product.html#XenProd~timer~2"' in page
    assert 'href="market.html#XenMkt~run~1"' in built.page("reqs/product.html")
    assert "<details" not in build(FILES, folder="without", **OFT).page("reqs/market.html")


def test_evidence_of_several_items_in_a_section_stands_with_each(build: Callable[..., Built]) -> None:
    two = MARKET + "\n`XenMkt~second~1`\n\nDescription:\nSecond.\n"
    page = build(FILES | {"reqs/market.rst": two}, xenfusa_oft_evidence=True, xenfusa_card_graphs=0, **OFT).page(
        "reqs/market.html"
    )
    places = [found.start() for found in re.finditer(r"<details|<cite id", page)]
    kinds = [page[place : place + 8] for place in places]
    assert kinds == ["<cite id", "<details", "<cite id", "<details"]


def test_evidence_in_text_and_an_outdated_link(build: Callable[..., Built]) -> None:
    files = FILES | {"reqs/market.rst": MARKET.replace("run~1", "run~2")}
    built = build(files, builder="text", xenfusa_oft_evidence=True, **OFT)
    assert built.types() == ["xenfusa.outdated"]
    assert built.warnings[0].startswith("docs/reqs/product.rst:6: WARNING: ")
    assert '"XenMkt~run~1" (✗ outdated, orphaned)' in built.page("reqs/product.txt")


# --- incremental and parallel -------------------------------------------------------------------------------------------


def same_as_fresh(built: Built, build: Callable[..., Built], tmp: Path, **settings: object) -> None:
    """An incremental build has to leave what a new build of the same sources makes."""
    source = Path(built.app.srcdir)
    shutil.copytree(source, tmp / "fresh-source")
    new = build(folder="fresh-source", **settings)
    for path in sorted(new.out.rglob("*")):
        name = path.relative_to(new.out)
        if path.is_file() and (path.suffix == ".html" or path.name in ("needs.json", "trace.json")):
            assert (built.out / name).read_bytes() == path.read_bytes(), name
    shutil.rmtree(tmp / "fresh-source")


def test_an_edit_reaches_the_needs_and_the_tables_on_other_pages(build: Callable[..., Built], tmp_path: Path) -> None:
    settings = OFT | {"xenfusa_oft_evidence": True}
    build(FILES, **settings)
    edits: list[dict[str, str]] = [
        {"reqs/market.rst": MARKET.replace("Run domains", "Run guests")},
        {"reqs/product.rst": PRODUCT.replace("timer~2", "timer~3")},
        {"reqs/product.rst": PRODUCT.replace("Covers:\n - `XenMkt~run~1`\n", "")},
        {"reqs/third.rst": PRODUCT.replace("timer~2", "clock~1").replace("Product", "Third  ")},
        {"reqs/market.rst": "Market\n======\n\n" + PRODUCT.replace("timer~2", "moved~1")},
    ]
    for edit in edits:
        same_as_fresh(build(edit, **settings), build, tmp_path, **settings)


def needs_made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the needs without a card that sphinx-needs makes from here on."""
    made: list[str] = []
    generate = needs_bridge.generate_need

    def noting(*given: Any, **fields: Any) -> Any:
        made.append(fields["id"])
        return generate(*given, **fields)

    monkeypatch.setattr(needs_bridge, "generate_need", noting)
    return made


def test_needs_of_which_nothing_changed_are_not_made_again(
    build: Callable[..., Built], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = needs_made(monkeypatch)
    build(FILES, **OFT)
    assert sorted(made) == ["XenMkt~run~1", "XenProd~timer~2"]
    made.clear()
    built = build({"reqs/market.rst": MARKET.replace("Run domains", "Run guests")}, **OFT)
    assert made == ["XenMkt~run~1"]
    same_as_fresh(built, build, tmp_path, **OFT)
    made.clear()
    types = OFT | {"xenfusa_oft_types": {"XenMkt": "Market requirement"}}
    built = build({}, **types)
    assert sorted(made) == ["XenMkt~run~1", "XenProd~timer~2"]
    same_as_fresh(built, build, tmp_path, **types)


def test_a_native_need_that_takes_the_id_of_a_kept_need_comes_first(
    build: Callable[..., Built], tmp_path: Path
) -> None:
    build(FILES, **OFT)
    native = ".. req:: Native\n   :id: XenMkt~run~1\n\n"
    built = build({"index.rst": INDEX + native}, **OFT)
    assert built.types() == ["xenfusa.refused"]
    assert needs_of(built)["XenMkt~run~1"]["type"] == "req"
    same_as_fresh(built, build, tmp_path, **OFT)
    built = build({"index.rst": INDEX}, **OFT)
    assert built.warnings == []
    assert needs_of(built)["XenMkt~run~1"]["type"] == "oft_XenMkt"


def test_a_removed_page_takes_its_needs_along(build: Callable[..., Built], tmp_path: Path) -> None:
    build(FILES, **OFT)
    (tmp_path / "docs/reqs/product.rst").unlink()
    built = build({}, **OFT)
    assert set(needs_of(built)) == {"XenMkt~run~1"}
    assert "XenProd" not in built.page("index.html")


def test_an_item_that_moves_to_another_page_is_followed(build: Callable[..., Built], tmp_path: Path) -> None:
    build(FILES, **OFT)
    built = build({"reqs/market.rst": PRODUCT, "reqs/product.rst": MARKET}, **OFT)
    assert built.warnings == []
    assert needs_of(built)["XenMkt~run~1"]["docname"] == "reqs/product"
    same_as_fresh(built, build, tmp_path, **OFT)


def test_processes_and_order_change_no_byte(build: Callable[..., Built]) -> None:
    many = {
        f"reqs/page{number}.rst": PRODUCT.replace("timer~2", f"timer_{number}~1").replace("Product", f"Page {number:2}")
        for number in range(12)
    }
    twice = {"reqs/zz.rst": PRODUCT.replace("timer~2", "timer_3~1")}
    settings = OFT | {"xenfusa_oft_evidence": True}
    built = [
        build(FILES | many | twice, folder=f"p{parallel}", parallel=parallel, project="T", **settings)
        for parallel in (1, 2)
    ]
    pages = [
        {
            path.relative_to(one.out): path.read_bytes()
            for path in one.out.rglob("*")
            if path.suffix in (".html", ".json") or path.name in ("objects.inv", "searchindex.js")
        }
        for one in built
    ]
    assert pages[0] == pages[1]
    assert len(needs_of(built[0])) == 14


# --- the guide ----------------------------------------------------------------------------------------------------------


@pytest.mark.shared
@with_xen
def test_the_configuration_and_the_tables_of_the_guide(build: Callable[..., Built]) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "how_to.rst").read_text("utf-8")
    part = guide[guide.index("\nRead Xen's tree as it is\n") : guide.index("\nTrace Xen's tree without Sphinx\n")]
    conf, tables = (
        textwrap.dedent(found) for found in re.findall(r"code-block:: \w+\n\n((?:(?:   .*)?\n)+)", part, re.MULTILINE)
    )
    files = {f"fusa/{name}": text for name, text in xen_tree().items()}
    index = "Xen\n===\n\n.. toctree::\n\n   fusa/index\n\n" + tables
    built = build(files | {"conf.py": conf, "index.rst": index})
    assert built.warnings == []
    page = built.page("index.html")
    assert len(re.findall(r'href="[^"]*#XenProd~', page[: page.index("61 of 61 requirements shown")])) == 14
    assert "61 of 61 requirements shown" in page
