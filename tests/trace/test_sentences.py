"""Sentences of documents as people write them: where they end, on which line they stand, and which are normative."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.trace.sentences import Sentence, sentences_of, text_fingerprint


def texts(text: str) -> list[str]:
    return [one.text for one in sentences_of(text)]


def only(text: str) -> Sentence:
    (one,) = sentences_of(text)
    return one


@pytest.mark.parametrize(
    ("paragraph", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("A bus, e.g. PCI, shall work. Next.", ["A bus, e.g. PCI, shall work.", "Next."]),
        ("It works, i.e. Xen boots. Next.", ["It works, i.e. Xen boots.", "Next."]),
        ("Cf. Section 2. See Fig. 3. Next.", ["Cf. Section 2.", "See Fig. 3.", "Next."]),
        ("Pages, ports, etc. Then more.", ["Pages, ports, etc.", "Then more."]),
        ("Version 4.20 of Xen. It is new.", ["Version 4.20 of Xen.", "It is new."]),
        ('He said "It shall run. Always." and left. Next.', ['He said "It shall run. Always." and left.', "Next."]),
        ('It is named "VirtIO with Grants." Xen has it.', ['It is named "VirtIO with Grants."', "Xen has it."]),
        ("One (a. B. See there.) goes on. Two.", ["One (a. B. See there.) goes on.", "Two."]),
        ("This is *it.* Next ``a. B`` is one.", ["This is it.", "Next a. B is one."]),
        ("A quote ' of 3\" pipe. Next.", ["A quote ' of 3\" pipe.", "Next."]),
        ("Domain A. The next.", ["Domain A.", "The next."]),
        ("no capital. here it goes on", ["no capital. here it goes on"]),
        ("See :doc:`the page <other>` and `Xen <https://xen.org>`_. Next.", ["See the page and Xen.", "Next."]),
        ("Noted [1]_ here. A |name| too.", ["Noted here.", "A name too."]),
        ("Zero\N{ZERO WIDTH SPACE}width \N{NO-BREAK SPACE} blank.", ["Zerowidth blank."]),
    ],
)
def test_where_sentences_end(paragraph: str, expected: list[str]) -> None:
    assert texts(paragraph) == expected


def test_a_list_without_a_blank_line_before_it_is_a_list() -> None:
    found = sentences_of("These roles exist:\n- Hardware Domain\n- DomU, which\n  goes on\n\nThe end.")
    assert [(one.text, one.line, one.end, one.listed) for one in found] == [
        ("These roles exist:", 1, 1, False),
        ("Hardware Domain", 2, 2, True),
        ("DomU, which goes on", 3, 4, True),
        ("The end.", 6, 6, False),
    ]


def test_a_dash_at_the_start_of_a_line_of_prose_is_no_list() -> None:
    assert texts("Xen shall run\n- as ever - here.") == ["Xen shall run - as ever - here."]


def test_the_items_of_a_normative_sentence_are_normative() -> None:
    text = "Xen shall:\n\n- do one\n- do two\n\nIt lists:\n\n- three\n"
    assert [(one.text, one.normative) for one in sentences_of(text)] == [
        ("Xen shall:", True),
        ("do one", True),
        ("do two", True),
        ("It lists:", False),
        ("three", False),
    ]


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("Xen shall run.", "rule"),
        ("It must run.", "rule"),
        ("It has to run.", "rule"),
        ("A backend requires a device.", "rule"),
        ("There can only be one.", "rule"),
        ("Only one holds it.", "rule"),
        ("It cannot run.", "prohibition"),
        ("It may not run.", "prohibition"),
        ("It must not run.", "prohibition"),
        ("It is not allowed to run.", "prohibition"),
        ("It can't run.", "prohibition"),
        ("It is recommended that it runs.", "recommendation"),
        ("It should only run here.", "recommendation"),
        ("It is the domains' responsibility.", "assumption"),
        ("It may run.", None),
        ("A mustard seed commonly falls.", None),
        ("The marshalled data.", None),
    ],
)
def test_which_words_are_normative_and_which_kind_they_propose(sentence: str, kind: str | None) -> None:
    assert (only(sentence).kind or None) == kind


def test_sections_ordinals_and_lines() -> None:
    text = "Top\n===\n\nOne. Two\nlines.\n\nSub\n---\nThree.\n\nOther\n=====\n\nFour.\n"
    assert [(one.section, one.ordinal, one.line, one.end) for one in sentences_of(text)] == [
        (("Top",), 1, 4, 4),
        (("Top",), 2, 4, 5),
        (("Top", "Sub"), 1, 9, 9),
        (("Other",), 1, 14, 14),
    ]


def test_overlined_titles_are_titles() -> None:
    assert [one.section for one in sentences_of("=====\nTitle\n=====\n\nSub\n===\n\nA text.")] == [("Title", "Sub")]


@pytest.mark.parametrize(
    "hidden",
    [
        ".. Xen shall be a comment.",
        "..\n   Xen shall be a comment.",
        ".. code-block:: c\n\n   It shall not be read.",
        ">>> it_shall()",
        ".. _shall:",
        ".. image:: shall.png\n   :alt: It shall be seen.",
    ],
)
def test_what_is_no_prose_is_not_read(hidden: str) -> None:
    assert texts(f"Before.\n\n{hidden}\n\nAfter.") == ["Before.", "After."]


def test_literal_blocks_are_not_read() -> None:
    assert texts("Before::\n\n   Xen shall be shown.\n\nAfter.") == ["Before:", "After."]
    assert texts("Before::\n\n> Xen shall be shown.\n\nAfter.") == ["Before:", "After."]
    assert texts("::\n\n   Xen shall be shown.\n\nAfter.") == ["After."]


@pytest.mark.parametrize(
    ("prose", "line"),
    [
        (".. note::\n\n   Xen shall run.", 3),
        (".. note:: Xen shall run.", 1),
        (".. [1] Xen shall run.", 1),
        ("Term\n   Xen shall run.", 2),
        (":field: Xen shall run.", 1),
        ("1. Xen shall run.", 1),
        ("| Xen shall run.", 1),
        ("   Xen shall run.", 1),
        ("+---+---------+\n| a | Xen     |\n|   | shall   |\n|   | run.    |\n+---+---------+", 2),
        ("==  =========\na   Xen shall\n    run.\n==  =========", 2),
        (".. list-table::\n\n   * - a\n     - Xen shall run.", 4),
    ],
)
def test_prose_is_read_wherever_it_stands(prose: str, line: int) -> None:
    (found,) = [one for one in sentences_of(prose) if one.normative]
    assert (found.text, found.line) == ("Xen shall run.", line)


def test_what_belongs_to_a_requirement_says_so() -> None:
    text = (
        "Page\n====\n\n.. xen:req:: Title\n   :id: XenArch~a~1\n   :kind: rule\n\n   Xen shall run.\n\nXen shall stop.\n\n"
        "Item\n----\n\n`XenSwdgn~b~1`\n\nDescription:\nXen shall wait.\n"
    )
    assert [(one.text, one.requirement) for one in sentences_of(text) if one.normative] == [
        ("Xen shall run.", "XenArch~a~1"),
        ("Xen shall stop.", ""),
        ("Description: Xen shall wait.", "XenSwdgn~b~1"),
    ]


def test_the_fingerprint_is_of_the_words() -> None:
    assert text_fingerprint("a  b\nc") == text_fingerprint("a b c") != text_fingerprint("a b d")
    assert len(text_fingerprint("a")) == 16


@given(st.text(alphabet="Ab. \n-*`\"'()[]|:=+~_>\\0", max_size=200))
def test_any_text_is_read_whatever_ends_its_lines(text: str) -> None:
    found = sentences_of(text)
    lines = text.split("\n")
    assert all(1 <= one.line <= one.end <= len(lines) for one in found)
    assert sentences_of(text.replace("\n", "\r\n")) == found


def test_a_long_document_is_read_in_linear_time() -> None:
    import time

    def seconds(copies: int) -> float:
        text = 'Xen shall run, e.g. here. It is "so. Yes." Only (one. Two.) here.\n\n- An item.\n\n' * copies
        begin = time.process_time()
        assert len(sentences_of(text)) == 4 * copies
        return time.process_time() - begin

    assert seconds(4_000) < 20 * max(seconds(500), 0.01)
