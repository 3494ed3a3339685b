from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.openfasttrace import RstSource, read_items
from sphinx_xenfusa.trace.fingerprint import fingerprint
from sphinx_xenfusa.trace.linker import link
from sphinx_xenfusa.trace.record import Finding, Item, Place, Tag
from sphinx_xenfusa.trace.states import Coverage, LinkStatus, OftStatus

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = REPOSITORY / "../shared"
XEN = SHARED / "data/xen-docs-fusa"

ITEM = """\
Title
-----

`XenProd~a~1`

Description:
Xen shall do
one thing.

Rationale:
Because.

Comments:
None.

Covers:
 - `XenMkt~m~1`
 - `XenMkt~n~2`

Needs:
 - XenSwdgn
 - XenTest
"""


def read(text: str) -> tuple[tuple[Item, ...], tuple[Finding, ...]]:
    return read_items(dedent(text), "a.rst")


def tags(text: str) -> list[str]:
    items, findings = read(text)
    assert findings == ()
    return [str(item.tag) for item in items]


def test_every_field_is_read() -> None:
    ((item,), findings) = read(ITEM)
    assert findings == ()
    assert item == Item(
        tag=Tag("XenProd", "a", 1),
        title="Title",
        text="Xen shall do\none thing.",
        place=Place("a.rst", 4),
        origin="oft",
        rationale="Because.",
        comment="None.",
        covers=("XenMkt~m~1", "XenMkt~n~2"),
        needs=("XenSwdgn", "XenTest"),
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_do_not_matter(end: str) -> None:
    assert read_items(ITEM.replace("\n", end), "a.rst") == read(ITEM)


def test_empty_fields_and_missing_blank_lines_are_fine() -> None:
    ((item,), _) = read(
        "T\n-\n`XenProd~a~1`\nDescription: x\nRationale:\nComments:\nCovers:\n- `XenMkt~m~1`\nNeeds:\n* B\n"
    )
    assert (item.text, item.rationale, item.comment) == ("x", "", "")
    assert (item.covers, item.needs) == (("XenMkt~m~1",), ("B",))


def test_lists_beside_the_label_and_without_bullets_are_read() -> None:
    ((item,), findings) = read(
        """
        T
        ----

        `XenProd~a~1`

        Needs: XenSwdgn, XenTest

        Covers: `XenMkt~a~1`, XenMkt~b~1

        `XenMkt~c~1`

        Comment: singular

        | [1] https://example.org/~user

        """
    )
    assert findings == ()
    assert item.needs == ("XenSwdgn", "XenTest")
    assert item.covers == ("XenMkt~a~1", "XenMkt~b~1", "XenMkt~c~1")
    assert item.comment.startswith("singular")


def test_what_is_no_entry_of_a_list_is_not_covered() -> None:
    ((item,), _) = read(ITEM.replace("Needs:", "Covers:\nsee above\n\n| [1] https://example.org/~user\n\nNeeds:"))
    assert item.covers == ("XenMkt~m~1", "XenMkt~n~2")


def test_a_malformed_covers_entry_is_kept_for_the_linker() -> None:
    ((item,), _) = read(ITEM.replace("`XenMkt~m~1`", "`XenMkt~m~0` (old)"))
    assert item.covers == ("`XenMkt~m~0` (old)", "XenMkt~n~2")
    assert [finding.subtype for finding in link([item]).findings] == ["orphaned", "tag"]


@pytest.mark.parametrize(
    ("label", "status"),
    [("draft", OftStatus.DRAFT), ("Approved", OftStatus.APPROVED), ("rejected", OftStatus.REJECTED)],
)
def test_the_status_is_read(label: str, status: OftStatus) -> None:
    ((item,), findings) = read(f"{ITEM}\nStatus: {label}\n")
    assert (item.oft_status, findings) == (status, ())


def test_a_status_or_need_that_does_not_exist_is_a_finding() -> None:
    ((item,), findings) = read(f"{ITEM} - Xen~x\n\nStatus: done\n")
    assert (item.oft_status, item.needs) == (OftStatus.APPROVED, ("XenSwdgn", "XenTest"))
    assert [(finding.subtype, finding.place) for finding in findings] == [
        ("tag", Place("a.rst", 23)),
        ("status", Place("a.rst", 25)),
    ]


@pytest.mark.parametrize(
    ("tag", "subtype"),
    [
        ("`XenProd~b~0`", "revision"),
        ("`XenProd~b~2147483648`", "revision"),
        ("`XenProd~b~01`", "revision"),
        ("`XenProd~b~1garbage`", "tag"),
        ("`XenProd~b~`", "tag"),
        ("`XenProd~b`", "tag"),
        ("`XenProd~~1`", "tag"),
        ("`Xen-Prod~b~1`", "tag"),
        ("`XenProd ~b~1`", "tag"),
        ("`XenProd~b~1` garbage", "tag"),
        ("``XenProd~b~1``", "tag"),
        ("`XenProd~b~1", "tag"),
        ("XenProd~b~1", "tag"),
    ],
)
def test_a_malformed_tag_is_a_finding_with_its_line_and_the_rest_is_read(tag: str, subtype: str) -> None:
    first, bad, last = ITEM, ITEM.replace("`XenProd~a~1`", tag), ITEM.replace("~a~", "~c~")
    items, (finding,) = read_items(f"{first}\n{bad}\n{last}", "a.rst")
    assert [str(item.tag) for item in items] == ["XenProd~a~1", "XenProd~c~1"]
    assert (finding.subtype, finding.place) == (subtype, Place("a.rst", 27))
    ((alone,), _) = read(first)
    assert items[0] == alone


@pytest.mark.parametrize(
    "hidden",
    [
        "Example::\n\n  T\n  ----\n\n  `XenProd~x~1`\n\n  Description: no\n",
        "Example::\n\n  one\n\n  `XenProd~x~1`\n\n  Description: no\n",
        "Example:\n\n::\n\n  T\n  ----\n\n  `XenProd~x~1`\n",
        "Quoted::\n\n`XenProd~x~1`\n",
        ".. code-block:: rst\n\n   T\n   ----\n\n   `XenProd~x~1`\n\n   Description: no\n",
        ".. T\n   ----\n\n   `XenProd~x~1`\n\n   Description: no\n",
        "..\n   T\n   ----\n\n   `XenProd~x~1`\n\n   Description: no\n",
        "The tag `XenProd~x~1` is cited, and so is\n`XenProd~y~1`\nhere.\n",
        "`unique_tag`\n\n..\n\n  A skeleton: req_type~name~revision.\n",
        "`~/.config/x`\n\n`link <https://example.org/~x>`_\n",
    ],
)
def test_what_only_looks_like_an_item_is_left_alone(hidden: str) -> None:
    assert tags(f"Title\n=====\n\n{hidden}\n\n{ITEM}") == ["XenProd~a~1"]
    assert tags(f"{ITEM}\nOther\n-----\n\n{hidden}") == ["XenProd~a~1"]


def test_a_comment_and_an_anchor_are_no_text_and_a_literal_block_is() -> None:
    text = "one thing::\n\n  Needs: XenFoo\n\n.. secret\n   more\n\n.. _anchor:\n"
    ((item,), findings) = read(ITEM.replace("one thing.\n", text))
    assert findings == ()
    assert item.text.split() == ["Xen", "shall", "do", "one", "thing::", "Needs:", "XenFoo"]
    assert item.needs == ("XenSwdgn", "XenTest")


def test_titles_of_every_form_end_an_item() -> None:
    other = "=====\n Two \n=====\n\nprose\n\nThree\n^^^^^\nFour\n....\n\n`XenProd~b~1`\n"
    items, findings = read(ITEM + "\n" + other)
    assert findings == ()
    assert [(item.title, item.place.line) for item in items] == [("Title", 4), ("Four", 35)]
    assert items[0].needs == ("XenSwdgn", "XenTest")


def test_a_tag_that_stands_below_prose_still_has_its_title() -> None:
    text = ITEM.replace("`XenProd~a~1`", "Some words first.\n\n`XenProd~a~1`")
    ((item,), findings) = read(text)
    assert (item.title, item.place.line, findings) == ("Title", 6, ())


def test_a_second_item_under_one_title_is_read_and_found() -> None:
    second = ITEM.replace("~a~", "~b~").split("\n", 3)[3]
    items, (finding,) = read(f"{ITEM}\n{second}")
    assert [(str(item.tag), item.title) for item in items] == [("XenProd~a~1", "Title"), ("XenProd~b~1", "")]
    assert (finding.subtype, finding.place) == ("tag", Place("a.rst", 24))
    assert items[0].text == items[1].text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Some words.\n\n`XenProd~x~1`\n\nMore words.\n", 3),
        ("`XenProd~x~1`\n-------------\n\nXen shall.\n", 1),
    ],
)
def test_a_tag_in_the_wrong_place_is_not_lost_silently(text: str, line: int) -> None:
    items, (finding,) = read(text)
    assert items == ()
    assert (finding.subtype, finding.place) == ("tag", Place("a.rst", line))


@given(
    st.lists(st.sampled_from([*ITEM.splitlines(), "::", "..", ".. x", "  y", "`XenProd~b~0`", "=====", "\t`A~b~1`"]))
)
def test_no_text_breaks_the_reader(lines: list[str]) -> None:
    items, findings = read_items("\n".join(lines), "a.rst")
    for item in items:
        assert str(item.tag) in lines[item.place.line - 1]
    for finding in findings:
        assert finding.place is not None
        assert 1 <= finding.place.line <= len(lines)


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    read_items(text, "a.rst")


def test_places_are_relative_to_the_root(tmp_path: Path) -> None:
    path = tmp_path / "docs" / "reqs" / "a.rst"
    path.parent.mkdir(parents=True)
    path.write_text("\ufeff" + ITEM, encoding="utf-8")
    (item,) = RstSource(path, tmp_path / "docs").items()
    assert item.place == Place("reqs/a.rst", 4)
    (item,) = RstSource(path, tmp_path / "docs" / "reqs" / "deeper").items()
    assert item.place == Place("../a.rst", 4)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\0b", None])
def test_what_cannot_be_read_is_an_input_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.rst"
    if content is not None:
        path.write_bytes(content)
    source = RstSource(path, tmp_path)
    with pytest.raises(InputError):
        source.items()
    with pytest.raises(InputError):
        source.findings()


def test_the_reader_loads_neither_sphinx_nor_docutils() -> None:
    code = "import sys, sphinx_xenfusa.interop.openfasttrace; print({'sphinx', 'docutils'} & {*sys.modules})"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"


def xen_items() -> list[Item]:
    if not XEN.is_dir():
        pytest.skip(f"needs Xen's docs/fusa in {XEN}")
    sources = [RstSource(path, XEN) for path in sorted(XEN.rglob("*.rst"))]
    assert [finding for source in sources for finding in source.findings()] == []
    return [item for source in sources for item in source.items()]


@pytest.mark.shared
def test_xens_own_tree_is_read_as_counted_by_hand() -> None:
    """The numbers of spec/xen_facts.md, section 1.2, and the table spec/xen_oft_ids.tsv, made without this reader."""
    items = xen_items()
    header, *rows = (line.split("\t") for line in (SHARED / "spec/xen_oft_ids.tsv").read_text("utf-8").splitlines())
    table = [dict(zip(header, row, strict=False)) for row in rows]
    told = {(row["id"], row["title"], row["file:line"]) for row in table}
    assert {(str(item.tag), item.title, f"docs/fusa/{item.place}") for item in items} == told
    assert len(items) == len(told) == 61
    assert all(item.text for item in items)


@pytest.mark.shared
def test_xens_own_tree_links_as_counted_by_hand() -> None:
    linked = link(xen_items())
    assert len(linked.links) == 64
    assert {entry.status for entry in linked.links} == {LinkStatus.COVERS}
    assert linked.findings == ()
    lacking = [tag for tag, types in linked.uncovered.items() if types]
    assert len(lacking) == 14
    assert {tag.type for tag in lacking} == {"XenProd"}
    assert {linked.uncovered[tag] for tag in lacking} == {("XenSwdgn",)}
    assert all(linked.coverage[tag] is Coverage.UNCOVERED for tag in lacking)


@pytest.mark.shared
@given(shuffle=st.randoms(use_true_random=False))
def test_reflowing_xens_tree_changes_no_fingerprint(shuffle: random.Random) -> None:
    if not XEN.is_dir():
        pytest.skip(f"needs Xen's docs/fusa in {XEN}")
    text = (XEN / "reqs/product-reqs/version_hypercall.rst").read_text(encoding="utf-8")
    sentence = "Xen shall treat the value stored in x1 as a domain virtual address (mapped as\nNormal Inner"
    assert sentence in text
    reflowed = "".join(shuffle.choice([" ", "\n"]) if letter.isspace() else letter for letter in sentence)
    before, _ = read_items(text, "a.rst")
    after, _ = read_items(text.replace(sentence, reflowed), "a.rst")
    assert [fingerprint(item) for item in before] == [fingerprint(item) for item in after]
