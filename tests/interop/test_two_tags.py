"""Two tags in one section: each is an item as in OpenFastTrace, or there is a finding; none is lost silently."""

import pytest

from sphinx_xenfusa.interop.openfasttrace import read_items, read_markdown
from sphinx_xenfusa.interop.source_tags import Reading

FIELDS = "\nDescription:\nText of it.\n\nNeeds:\n - impl\n"


def section(*lines: str) -> str:
    return "\n".join(("Title", "-----", *lines)) + "\n"


def told(reading: Reading) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    return {str(one.tag): (one.title, one.text, one.covers) for one in reading[0]}


def findings(reading: Reading) -> list[tuple[int, str]]:
    return [(one.place.line, one.message) for one in reading[1] if one.place is not None]


@pytest.mark.parametrize("between", ["", "\n"])
def test_of_two_tags_the_second_has_what_stands_below_and_is_told(between: str) -> None:
    reading = read_items(section("", f"`A~a~1`\n{between}`A~b~1`", FIELDS), "f.rst")
    assert told(reading) == {"A~a~1": ("Title", "", ()), "A~b~1": ("", "Text of it.", ())}
    assert findings(reading) == [(5 + len(between), "found `A~b~1` under no title; expected a title of its own")]


def test_of_three_tags_no_one_is_lost() -> None:
    reading = read_items(section("", "`A~a~1`\n`A~b~1`\n`A~c~1`", FIELDS), "f.rst")
    assert set(told(reading)) == {"A~a~1", "A~b~1", "A~c~1"}
    assert [line for line, _ in findings(reading)] == [5, 6]


def test_two_tags_and_only_words_below() -> None:
    reading = read_items(section("", "`A~a~1`\n`A~b~1`", "", "Words."), "f.rst")
    assert told(reading) == {"A~a~1": ("Title", "", ()), "A~b~1": ("", "Words.", ())}
    assert [line for line, _ in findings(reading)] == [5]


def test_a_second_item_behind_a_list_of_what_the_first_covers() -> None:
    covers = "\nCovers:\n - `M~m~1`\n"
    reading = read_items(section("", "`A~a~1`", FIELDS, covers, "`A~b~1`", FIELDS, covers), "f.rst")
    assert {tag: one[2] for tag, one in told(reading).items()} == {"A~a~1": ("M~m~1",), "A~b~1": ("M~m~1",)}
    assert [message for _, message in findings(reading)] == [
        "found `A~b~1` under no title; expected a title of its own"
    ]


def test_a_second_item_behind_an_item_without_the_word_description() -> None:
    covers = "\nCovers:\n - `M~m~1`\n"
    reading = read_items(section("`A~a~1`", "", "Words.", covers, "`A~b~1`", FIELDS), "f.rst")
    assert {tag: one[2] for tag, one in told(reading).items()} == {"A~a~1": ("M~m~1",), "A~b~1": ()}


def test_a_forgotten_bullet_is_still_one() -> None:
    reading = read_items(
        section("", "`A~a~1`", "\nDescription:\nText.\n\nCovers:\n\n`M~m~1`\n\nNeeds:\n - impl\n"), "f.rst"
    )
    assert told(reading) == {"A~a~1": ("Title", "Text.", ("M~m~1",))}
    assert findings(reading) == []


def test_a_tag_that_a_text_mentions_is_text() -> None:
    text = "Xen shall do what\n`A~other~1`\nsays."
    reading = read_items(section("", "`A~a~1`", f"\nDescription:\n{text}\n\nNeeds:\n - impl\n"), "f.rst")
    assert told(reading) == {"A~a~1": ("Title", text, ())}
    assert findings(reading) == []


def test_two_tags_in_one_line_are_told() -> None:
    for reading in (
        read_items(section("", "`A~a~1`, `A~b~1`", FIELDS), "f.rst"),
        read_markdown("# Title\n`A~a~1` `A~b~1`\n" + FIELDS, "f.md"),
    ):
        assert told(reading) == {}
        assert len(findings(reading)) == 1


def test_a_tag_in_a_title_whose_fields_follow_is_told() -> None:
    for reading in (
        read_items("Do it, `A~a~1`\n--------------\n" + FIELDS, "f.rst"),
        read_markdown("# Do it, A~a~1\n" + FIELDS, "f.md"),
    ):
        assert told(reading) == {}
        ((_, message),) = findings(reading)
        assert "found the tag A~a~1 in a title, and fields below it; expected it on a line of its own" in message


def test_a_title_that_only_speaks_of_a_tag_is_left_alone() -> None:
    assert findings(read_items("What became of `A~a~1`\n----------------------\n\nWords.\n", "f.rst")) == []
    reading = read_items("About `A~a~1`\n-------------\n\n`A~b~1`\n" + FIELDS, "f.rst")
    assert set(told(reading)) == {"A~b~1"}
    assert findings(reading) == []


def test_each_tag_of_markdown_is_an_item() -> None:
    for between in ("\n", ""):
        reading = read_markdown(f"# Title\n\n`A~a~1`\n{between}`A~b~1`\n{FIELDS}", "f.md")
        assert told(reading) == {"A~a~1": ("Title", "", ()), "A~b~1": ("", "Text of it.", ())}


def test_a_needed_type_whose_bullet_was_forgotten_is_told() -> None:
    for read in (read_items, read_markdown):
        reading = read(section("`A~a~1`", "", "Text.", "", "Needs:", "", "impl, utest"), "f")
        told_at = [(9, "found 'impl, utest' below Needs of A~a~1; expected a bullet before each type")]
        assert findings(reading) == told_at
        prose = read(section("`A~a~1`", "", "Text.", "", "Needs:", " - impl", "", "Some more words."), "f")
        assert findings(prose) == []
