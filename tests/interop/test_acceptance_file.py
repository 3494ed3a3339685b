"""The file of acceptances: what is written is read, by us and by any YAML reader; what stands there stays."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.acceptance_file import read_acceptance
from sphinx_xenfusa.trace.acceptance import Acceptance, Signature, accept, accept_new, drift
from sphinx_xenfusa.trace.record import Item, Place, Tag
from sphinx_xenfusa.trace.states import ItemKind

SIGNED = Signature("Ann", "first reading", "2026-11-01")
AGAIN = Signature("Bob", "the change is meant", "2026-11-02")


def item(
    tag: str,
    text: str = "Xen shall do it.",
    title: str = "It",
    kind: ItemKind | None = None,
    level: str = "",
    covers: tuple[str, ...] = (),
) -> Item:
    return Item(Tag.parse(tag), title, text, Place("a.rst", 1), "oft", kind=kind, level=level, covers=covers)


A = item("XenProd~a~1")
B = item("XenSwdgn~b~1", text="Xen shall do it by halves.", covers=("XenProd~a~1", "XenProd~none~1"))


def written(path: Path, acceptance: Acceptance) -> str:
    read_acceptance(path, may_be_missing=True).write(acceptance)
    return path.read_text("utf-8")


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(
    st.lists(
        st.tuples(texts, texts, st.sampled_from([None, *ItemKind]), st.sampled_from(["", "ASIL B", "level: 2 #"])),
        max_size=4,
    ),
    st.text(min_size=1, max_size=20),
)
def test_any_text_comes_back_and_any_yaml_reader_reads_the_same(
    tmp_path_factory: pytest.TempPathFactory, wordings: list[tuple[str, str, ItemKind | None, str]], by: str
) -> None:
    items = [
        item(f"XenProd~n{at}~1", text, title, kind=kind, level=level, covers=("XenProd~n0~1",))
        for at, (text, title, kind, level) in enumerate(wordings)
    ]
    signed = Signature(" ".join(by.split()), "why: # 'not'", "2026-11-01")
    path = tmp_path_factory.mktemp("accepted") / "a.yaml"
    acceptance = accept_new(Acceptance(), items, signed)
    text = written(path, acceptance)
    assert read_acceptance(path).acceptance == acceptance
    data = yaml.safe_load(text)
    ours = {id: (wording.title, wording.text, by.by) for id, (wording, by) in acceptance.items.items()}
    assert {one["id"]: (one["title"], one["text"], one["by"]) for one in data.get("items", ())} == ours
    assert drift(items, read_acceptance(path).acceptance).suspects == ()


def test_comments_and_what_does_not_change_stay_where_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    text = written(path, accept_new(Acceptance(), [A, B], SIGNED))
    edited = text.replace("  - id: XenSwdgn", "  # asked the author\n\n  - id: XenSwdgn").replace(
        "links:", "# the links\nlinks:"
    )
    edited = edited.replace('    by: "Ann"\n', '    # on the phone\n    by: "Ann"\n', 1) + "# end\n"
    edited = edited.replace("by halves.\n", "by halves.\n    # by letter\n")
    path.write_text(edited, "utf-8")
    changed = item("XenSwdgn~b~1", text="Xen shall do it by thirds.", covers=B.covers)
    file = read_acceptance(path)
    new = accept(file.acceptance, [A, changed], ["XenSwdgn~b~1"], AGAIN)
    file.write(new)
    after = path.read_text("utf-8")
    assert after_part(after, "XenProd~a~1") == after_part(edited, "XenProd~a~1")
    assert "by thirds" in after and "by halves" not in after
    assert after.partition("# the links")[2] == edited.partition("# the links")[2]
    kept = ["# on the phone", "# asked the author", "# by letter", "# the links", "# end"]
    assert [one for one in re.findall("# .*", after) if one in kept] == kept


def after_part(text: str, id: str) -> str:
    return text.partition(f"  - id: {id}\n")[2].partition("  # asked")[0]


def test_nothing_is_written_when_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    written(path, accept_new(Acceptance(), [A, B], SIGNED))
    path.write_text(path.read_text("utf-8").replace("\n", "\r\n"), "utf-8", newline="")
    before = path.read_bytes()
    file = read_acceptance(path)
    file.write(accept(file.acceptance, [A, B], ["XenProd~a~1"], AGAIN))
    assert path.read_bytes() == before


GOOD = """version: 1
items:
  - id: XenProd~a~1
    fingerprint: FP
    title: "It"
    text: |-
      Xen shall do it.
    by: "Ann"
    why: "first reading"
    date: "2026-11-01"
""".replace("FP", "a" * 64)


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (("version: 1", "version: 2"), 1, "version: 1"),
        (("version: 1\n", ""), 1, "version: 1"),
        ((GOOD, ""), 1, "no version"),
        ((GOOD, "# nothing but this"), 1, "no version"),
        (("items:", "itmes:"), 2, "'itmes:'"),
        (('"2026-11-01"', "2026-11-01"), 10, "a date in quotes"),
        (('"2026-11-01"', '"2026-13-01"'), 10, "a date in quotes"),
        (('"Ann"', "Ann"), 8, "text in double quotes"),
        (('"Ann"', '"A\\qnn"'), 8, "text in double quotes"),
        (("XenProd~a~1", "XenProd~a~0"), 3, "a tag"),
        (("XenProd~a~1", "XenProd"), 3, "a tag"),
        (("    why:", "    wyh:"), 9, "one of the fields"),
        (('    why: "first reading"\n', ""), 3, "an entry without 'why'"),
        (("aaaa", "AAAA"), 4, "64 digits"),
        ((GOOD, GOOD), 3, "does not have the fingerprint"),
        (("  - id", "    id"), 3, "expected"),
        (("\n      Xen", "\n     Xen"), 7, "expected"),
    ],
)
def test_what_is_not_as_it_is_written_is_one_error_with_its_line(
    tmp_path: Path, change: tuple[str, str], line: int, words: str
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(GOOD.replace(*change), "utf-8")
    with pytest.raises(InputError) as error:
        read_acceptance(path)
    assert error.value.line == line
    assert words in str(error.value)


def test_a_half_written_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    whole = written(path, accept_new(Acceptance(), [A, B], SIGNED))
    for end in range(1, len(whole) - 1, 7):
        cut = whole[:end]
        path.write_text(cut, "utf-8")
        try:
            read = read_acceptance(path).acceptance
        except InputError as error:
            assert error.line is not None
        else:  # cut between two entries, or in a comment: what is left is whole
            assert set(read.items) <= {"XenProd~a~1", "XenSwdgn~b~1"}
        assert path.read_text("utf-8") == cut


def test_an_entry_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    text = written(path, accept_new(Acceptance(), [A], SIGNED))
    path.write_text(text + text.partition("items:\n")[2], "utf-8")
    with pytest.raises(InputError, match="a second entry for XenProd~a~1"):
        read_acceptance(path)


def test_ten_thousand_entries_are_read_at_once(tmp_path: Path) -> None:
    items = [item(f"XenProd~n{at}~1", f"Xen shall do the thing {at}. " * 10) for at in range(10_000)]
    path = tmp_path / "a.yaml"
    written(path, accept_new(Acceptance(), items, SIGNED))
    start = time.process_time()
    assert len(read_acceptance(path).acceptance.items) == 10_000
    assert time.process_time() - start < 2.5
