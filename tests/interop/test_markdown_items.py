"""Items in Markdown.  Most cases are facts that OpenFastTrace's own tests state, in words of our own."""

from __future__ import annotations

import time
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.interop.openfasttrace import read_items, read_markdown
from sphinx_xenfusa.trace.record import Finding, Item, Place, Tag
from sphinx_xenfusa.trace.states import OftStatus


def read(text: str) -> tuple[tuple[Item, ...], tuple[Finding, ...]]:
    return read_markdown(dedent(text), "a.md")


def items_of(text: str) -> list[Item]:
    items, findings = read(text)
    assert findings == ()
    return list(items)


WHOLE = """\
# The title
`type~id~1` <a id="type~id~1"></a>
The description

in two paragraphs

Rationale:
Why
and why

Covers:

  * impl~foo1~1
 + [Link to baz2](#impl~baz2~2)
 - [`req~c~3`](other.md#some-title), a remark

Depends:

  + configuration~blubb.blah.blah~4711
  - `db~blah.blubb~42`

Comment:

A comment
in two lines

Tags: vanilla, mint
Status: draft

Needs: artA , artB
"""


def test_every_field_is_read() -> None:
    (item,) = items_of(WHOLE)
    assert item == Item(
        tag=Tag("type", "id", 1),
        title="The title",
        text="The description\n\nin two paragraphs",
        place=Place("a.md", 2),
        origin="oft",
        rationale="Why\nand why",
        comment="A comment\nin two lines",
        covers=("impl~foo1~1", "impl~baz2~2", "req~c~3"),
        needs=("artA", "artB"),
        depends=("configuration~blubb.blah.blah~4711", "db~blah.blubb~42"),
        labels=("vanilla", "mint"),
        oft_status=OftStatus.DRAFT,
    )


@pytest.mark.parametrize("form", ["{}", "`{}`", "`{}", "`{}` <a id='x'></a>", "<a name='x'></a>`{}`"])
@pytest.mark.parametrize("tag", ["at~name~67", "long~name.with.dots~123456789", "req~zellzustandsänderung~1"])
def test_a_tag_is_enough_for_an_item(form: str, tag: str) -> None:
    assert [str(item.tag) for item in items_of(form.format(tag))] == [tag]


def test_the_old_form_of_an_id_is_read_as_todays() -> None:
    text = "`req:an.old-one, v3`\n\nCovers:\n* [x](#feat:a, v1)\n* feat~feat:b,v2\n"
    (item,) = items_of(text)
    assert (str(item.tag), item.covers) == ("req~an.old-one~3", ("feat~a~1", "feat~b~2"))


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("req , dsn ", ("req", "dsn")),
        (" req ", ("req",)),
        (" req,\tdsn\n", ("req", "dsn")),
        ("\n* req\n* dsn", ("req", "dsn")),
        ("\n * req \n\t* dsn ", ("req", "dsn")),
    ],
)
def test_needs_and_tags_are_read_in_a_line_and_as_a_list(field: str, words: tuple[str, ...]) -> None:
    (item,) = items_of(f"`a~b~1`\nNeeds:{field}\n")
    assert item.needs == words
    (item,) = items_of(f"`a~b~1`\nTags:{field}\n")
    assert item.labels == words


def test_items_follow_one_another() -> None:
    first, second = items_of(
        "dsn~foo~1\nFirst description\n\nComment:\n\nFirst comment\n\ndsn~bar~2\nSecond\n\nRationale:\nBecause\n"
    )
    assert (first.text, first.comment, second.place.line) == ("First description", "First comment", 8)
    assert (second.text, second.rationale) == ("Second", "Because")


def test_an_item_follows_a_list_of_what_is_covered() -> None:
    first, second = items_of("`req~a~1`\n\nCovers:\n\n* feat~x~1\n\n`req~b~1`\n\nText.\n")
    assert (first.covers, second.covers, second.text) == (("feat~x~1",), (), "Text.")


def test_a_duplicate_is_kept_for_the_linker() -> None:
    (item,) = items_of("`req~a~1`\nCovers:\n* feat~x~1\n* feat~x~1\n* req~a~1\n")
    assert item.covers == ("feat~x~1", "feat~x~1", "req~a~1")


@pytest.mark.parametrize("line", ["---", "===", "--- ", "=" * 40, "---\t"])
def test_titles_under_hashes_and_over_lines_are_read(line: str) -> None:
    (item,) = items_of(f"# Not this one\nThis one\n{line}\n\n`a~b~1`\nBody.\n")
    assert (item.title, item.text) == ("This one", "Body.")
    (item,) = items_of("# Not this one\n\n### This one ##\n\na~b~1\n")
    assert item.title == "This one"


def test_a_title_ends_an_item() -> None:
    (item,) = items_of("`a~b~1`\nText.\n\n## Next\n\nNeeds: x\n")
    assert (item.text, item.needs) == ("Text.", ())


@pytest.mark.parametrize(
    "hidden",
    [
        "```\nreq~example~1\n```",
        "```java\nreq~example~1\n``` ",
        "~~~~\n~~~\nreq~example~1\n~~~~~",
        "  ```\n  req~example~1\n  ```",
        "    req~example~1",
        "<!-- comment\nreq~example~1\n-->",
        "<!-- req~example~1 -->",
        "<!-- oft:off -->\nreq~example~1\n\nNeeds: x\n<!-- oft:on -->",
        "The item\n`req~example~1`\nis cited.",
        "see `req~example~1`",
        "* `req~example~1`",
        "| `req~example~1` | x |\n|---|---|",
    ],
)
def test_what_only_looks_like_an_item_is_left_alone(hidden: str) -> None:
    assert items_of(f"# Title\n\nProse.\n\n{hidden}\n\nProse.\n") == []
    first, second = items_of(f"# A\n\n`a~a~1`\n\nText.\n\nComment:\n\nx\n\n{hidden}\n\n# B\n\n`a~b~1`\n\nNeeds: y\n")
    assert (first.text, first.needs, second.needs) == ("Text.", (), ("y",))


def test_code_in_a_field_is_part_of_what_it_says() -> None:
    (item,) = items_of("`a~b~1`\nComment:\n\n```\nNeeds: x\n```\n")
    assert (item.comment, item.needs) == ("```\nNeeds: x\n```", ())


def test_what_stands_between_off_and_on_is_not_of_the_item() -> None:
    (item,) = items_of(
        "`req~a~1`\n\nSeen.\n\n<!-- oft:off -->\n`req~b~2`\n\nUnseen.\n\nNeeds: utest\n<!-- oft:on -->\n\nNeeds: impl\n"
    )
    assert (item.text, item.needs) == ("Seen.", ("impl",))
    items, findings = read_items("T\n-\n\n`req~a~1`\n\nNeeds: x\n\n.. oft:off\n\nU\n-\n\n`req~b~1`\n", "a.rst")
    assert ([str(item.tag) for item in items], findings) == (["req~a~1"], ())


@pytest.mark.parametrize("reader", [read_markdown, read_items])
@pytest.mark.parametrize(
    ("line", "tag", "covered", "needs"),
    [
        ("dsn-->impl:req~foobar~1", "dsn~foobar~1", "req~foobar~1", ("impl",)),
        (" rsn-->sdk : test~foobar~4 ", "rsn~foobar~4", "test~foobar~4", ("sdk",)),
        ("rsn -->sdk\t: \treq~foobar~2", "rsn~foobar~2", "req~foobar~2", ("sdk",)),
        ("* `arch --> dsn, itest : req~foo~1`", "arch~foo~1", "req~foo~1", ("dsn", "itest")),
        ("* arch  -->dsn  : req~bar~2   with a comment", "arch~bar~2", "req~bar~2", ("dsn",)),
        ("We say `arch-->dsn:XenMkt~x.y~1`.", "arch~x.y~1", "XenMkt~x.y~1", ("dsn",)),
    ],
)
def test_a_forwarding_is_an_item(reader: object, line: str, tag: str, covered: str, needs: tuple[str, ...]) -> None:
    assert callable(reader)
    items, findings = reader(f"Forwards\n========\n\n{line}\n", "a")
    assert findings == ()
    assert items == (
        Item(
            tag=Tag.parse(tag),
            title="",
            text="",
            place=Place("a", 4),
            origin="oft",
            covers=(covered,),
            needs=needs,
            forwards=True,
        ),
    )


@pytest.mark.parametrize("field", ["Depends:\n* req~foo~1", "Tags: a, b", "Covers:\n* req~foo~1", "Needs: impl"])
def test_a_forwarding_ends_an_item(field: str) -> None:
    items = items_of(f"dsn~foo~1\n{field}\ndsn-->impl:req~bar~2\n")
    assert [(str(item.tag), item.forwards, item.place.line) for item in items] == [
        ("dsn~foo~1", False, 1),
        ("dsn~bar~2", True, field.count("\n") + 3),
    ]


def test_an_arrow_in_prose_is_no_forwarding() -> None:
    (item,) = items_of("`dsn~a~1`\nIf a --> b : req~x~1 holds, all is well.\n")
    assert item.text == "If a --> b : req~x~1 holds, all is well."


@pytest.mark.parametrize(
    ("line", "subtype"),
    [
        ("arch-->dsn:req~x~0", "revision"),
        ("arch-->dsn:req~x", "tag"),
        ("arch-->dsn:req~x~99999999999", "revision"),
        ("a-->b:c~d~2147483648", "revision"),
    ],
)
def test_a_malformed_forwarding_is_a_finding(line: str, subtype: str) -> None:
    items, (finding,) = read(f"# T\n\n{line}\n")
    assert items == ()
    assert (finding.subtype, finding.place) == (subtype, Place("a.md", 3))


@pytest.mark.parametrize(
    ("tag", "subtype"),
    [
        ("`req~b~0`", "revision"),
        ("`req~b~01`", "revision"),
        ("`req~b~2147483648`", "revision"),
        ("`req~b~99999999999999999999999`", "revision"),
        ("`req~b`", "tag"),
        ("`req~b~1` is good", "tag"),
        ("`re-q~b~1`", "tag"),
    ],
)
def test_a_malformed_tag_under_a_title_is_a_finding_and_the_rest_is_read(tag: str, subtype: str) -> None:
    items, (finding,) = read(f"# A\n`req~a~1`\nNeeds: x\n# B\n{tag}\nNeeds: y\n# C\n`req~c~1`\nNeeds: z\n")
    assert [(str(item.tag), item.needs) for item in items] == [("req~a~1", ("x",)), ("req~c~1", ("z",))]
    assert (finding.subtype, finding.place) == (subtype, Place("a.md", 5))


def test_a_malformed_dependency_is_a_finding() -> None:
    (item,), (finding,) = read("`req~a~1`\nDepends:\n* req~b~0\n")
    assert item.depends == ("req~b~0",)
    assert (finding.subtype, finding.place, finding.about) == ("revision", Place("a.md", 3), "req~a~1")


@pytest.mark.parametrize("reader", [read_markdown, read_items])
@pytest.mark.parametrize("label", ["Covers", "Depends"])
@pytest.mark.parametrize("entries", ["", "- ", "see above", "none"])
def test_a_list_without_a_tag_is_a_finding(reader: object, label: str, entries: str) -> None:
    assert callable(reader)
    (item,), (finding, *more) = reader(f"T\n---\n\n`a~b~1`\n\n{label}:\n\n{entries}\n\nNeeds: x\n", "a")
    assert (item.covers, item.depends, item.needs, more) == ((), (), ("x",), [])
    assert (finding.subtype, finding.place, finding.about) == ("tag", Place("a", 6), "a~b~1")


@pytest.mark.parametrize("reader", [read_markdown, read_items])
@pytest.mark.parametrize("entries", [" `XenMkt~x~1`", "\n\n- `XenMkt~x~1`", "\n* [x](#XenMkt~x~1)"])
def test_a_list_of_no_item_is_a_finding(reader: object, entries: str) -> None:
    assert callable(reader)
    items, (finding,) = reader(f"T\n---\n\nThe tag was forgotten.\n\nCovers:{entries}\n", "a")
    assert items == ()
    assert (finding.subtype, finding.place) == ("tag", Place("a", 6))
    assert reader("T\n---\n\nCovers:\nThis names the parents.\n\nNeeds:\n- x\n", "a") == ((), ())


def test_a_coverage_tag_in_a_comment_of_its_own_is_an_item() -> None:
    items, findings = read_markdown("# Guide\n<!-- [doc->req~guide~1] -->\nreq~ordinary~1\n", "guide.md")
    assert findings == ()
    assert [(str(item.tag), item.title, item.place.line) for item in items] == [
        ("doc~guide-1257333065~0", "", 2),
        ("req~ordinary~1", "Guide", 3),
    ]
    items, findings = read_items("T\n-\n\n.. [doc->req~guide~1]\n\n`req~a~1`\n\nText.\n", "guide.rst")
    assert ([item.tag.type for item in items], findings) == (["doc", "req"], ())


@pytest.mark.parametrize(
    "line",
    [
        "[doc->req~guide~1]",
        "before <!-- [doc->req~guide~1] -->",
        "<!-- [doc->req~guide~1] --> after",
        "<!-- [doc->req~guide~1]",
    ],
)
def test_a_coverage_tag_elsewhere_is_none(line: str) -> None:
    assert items_of(line) == []
    items, _ = read_items(f".. note:: {line}\n\n{line}\n", "a.rst")
    assert items == ()


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\u200b", "U+200B ZERO WIDTH SPACE"),
        ("\u200d", "U+200D ZERO WIDTH JOINER"),
        ("\ufeff", "U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        ("\u00ad", "U+00AD SOFT HYPHEN"),
        ("\u202e", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("\u3164", "U+3164 HANGUL FILLER"),
    ],
)
@pytest.mark.parametrize("column", [1, 2, 6, 9, 11])
@pytest.mark.parametrize("reader", [read_markdown, read_items])
def test_a_character_that_nobody_sees_in_a_tag_is_named_with_its_column(
    reader: object, character: str, name: str, column: int
) -> None:
    assert callable(reader)
    tag = "`dsn~abc~1`"
    broken = tag[: column - 1] + character + tag[column - 1 :]
    items, (finding,) = reader(f"A\n---\n\n{broken}\n\nNeeds: x\n\nB\n---\n\n`dsn~b~1`\n", "a")
    assert [str(item.tag) for item in items] == ["dsn~b~1"]
    assert (finding.subtype, finding.place) == ("tag", Place("a", 4))
    assert f"{name} in column {column}" in finding.message
    items, (finding,) = reader(f"A\n---\n\n`dsn~b~1`\n\nCovers:\n\n- {broken}\n- `dsn~c~1`\n", "a")
    assert [item.covers for item in items] == [("dsn~c~1",)]
    assert (finding.subtype, finding.place) == ("tag", Place("a", 8))
    assert f"{name} in column {column + 2}" in finding.message


@pytest.mark.parametrize("reader", [read_markdown, read_items])
def test_controls_of_the_direction_of_writing_are_findings_and_letters_are_not(reader: object) -> None:
    assert callable(reader)
    text = "A\n---\n\n`dsn~a~1`\n\nמסמך\n\nXen shall \u202ereject\u202c it.\n\nA family: 👨\u200d👩\u200d👧.\n"
    (item,), (finding,) = reader(text, "a")
    assert (finding.subtype, finding.place) == ("character", Place("a", 8))
    assert "U+202E RIGHT-TO-LEFT OVERRIDE in column 11" in finding.message
    assert "\u202e" in item.text


def test_a_text_full_of_such_controls_gives_few_findings() -> None:
    _, findings = read("\u202e\n" * 5000)
    assert len(findings) == 101
    assert "4900 more lines" in findings[-1].message


@pytest.mark.parametrize("reader", [read_markdown, read_items])
@pytest.mark.parametrize("end", ["\r\n", "\r", "  \n", "\t\n"])
def test_line_ends_and_trailing_blanks_change_nothing(reader: object, end: str) -> None:
    assert callable(reader)
    text = WHOLE.replace("# The title", "The title\n---------\n")
    assert reader(text.replace("\n", end), "a") == reader(text, "a")


LINES = [
    *WHOLE.splitlines(),
    "```",
    "~~~",
    "<!--",
    "-->",
    "oft:off",
    "oft:on",
    "a-->b:c~d~1",
    "`a~\u200bb~1`",
    "===",
    "\u202e",
    "\u200b",
    "\tx~y~1",
    "req:old, v1",
    "Covers: [x](",
]


@given(st.lists(st.sampled_from(LINES)), st.sampled_from([read_markdown, read_items]))
def test_no_lines_break_the_reader(lines: list[str], reader: object) -> None:
    assert callable(reader)
    items, findings = reader("\n".join(lines), "a")
    for place in [*(item.place for item in items), *(finding.place for finding in findings)]:
        assert 1 <= place.line <= max(1, len(lines))


@given(st.text() | st.text(alphabet="`~ab1:-[]()#<>!=\n\r\t .,\u200b\u202e"))
def test_any_text_can_be_read(text: str) -> None:
    read_markdown(text, "a.md")
    read_items(text, "a.rst")


@pytest.mark.parametrize("reader", [read_markdown, read_items])
@pytest.mark.parametrize(
    "part",
    [
        "word ",
        "a~",
        "`",
        "a-->",
        "a ",
        "a-->b:c~d~",
        "[x](#a~b~1), ",
        "a~b~1 ",
        "#",
        "<a ",
        "<",
        ".. ",
        "::\n\n",
        "-",
        "a:b, v1 ",
        "~~~\n",
        "`a~b~1`\n\n",
        "T\n-\n",
        "<!--\n",
        "Covers:\n",
    ],
)
def test_a_long_line_or_list_costs_linear_time(reader: object, part: str) -> None:
    assert callable(reader)
    half = part * (150_000 // len(part))
    before = time.process_time()
    reader(f"Title\n-----\n\n`a~b~1`\n\n{half}\n\nCovers:\n\n- {half}\n", "a")
    assert time.process_time() - before < 4


@pytest.mark.parametrize("reader", [read_markdown, read_items])
def test_an_item_of_a_megabyte_is_read_whole(reader: object) -> None:
    assert callable(reader)
    text = "Xen shall do one thing after the other. " * 25_000
    (item,), findings = reader(f"Title\n-----\n\n`a~b~1`\n\n{text}\n\nNeeds: x\n", "a")
    assert (item.text, item.needs, findings) == (text.strip(), ("x",), ())
