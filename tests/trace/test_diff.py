"""Comparing two states of a project: nothing is lost, nothing is in two classes, and both directions say the same."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.interop.diff_report import report
from sphinx_xenfusa.trace.diff import Change, Difference, ItemChange, compare
from sphinx_xenfusa.trace.fingerprint import fingerprint_of, normalise
from sphinx_xenfusa.trace.impact import COVERED_BY_IT, COVERS_IT, impact
from sphinx_xenfusa.trace.record import Place
from sphinx_xenfusa.trace.shifts import Shift
from sphinx_xenfusa.trace.snapshot import Entry, GateEntry, LinkEntry, Snapshot, split_id
from sphinx_xenfusa.trace.word_diff import Part, WordDiff, visible, word_diff


def entry(id: str, text: str = "", file: str = "a.rst", line: int = 1, **more: str) -> Entry:
    name, revision = split_id(id)
    type, _, short = name.partition("~")
    return replace(
        Entry(
            id=id,
            name=name,
            revision=revision,
            type=type,
            kind="",
            title="Title",
            text=text,
            rationale="",
            comment="",
            level="",
            oft_status="approved",
            needs=(),
            place=Place(file, line),
            fingerprint=fingerprint_of(type, short, None, "Title", text),
            result="none",
            coverage="covered",
        ),
        **more,
    )


def snap(
    items: Iterable[Entry],
    links: Iterable[tuple[str, str, str, str]] = (),
    verdicts: dict[tuple[str, str], str] | None = None,
    gates: tuple[GateEntry, ...] | None = (),
) -> Snapshot:
    made = tuple(LinkEntry(*link) for link in links)
    return Snapshot("label", "", "", tuple(items), made, None, frozenset(), verdicts or {}, gates)


WORDS = st.lists(
    st.sampled_from(["xen", "shall", "count", "to", "ten", "or", "more", "domains", "at", "once"]), max_size=12
).map(" ".join)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    names = draw(st.lists(st.tuples(st.sampled_from(["A", "B"]), st.sampled_from("abcdef")), unique=True, max_size=8))
    items = [
        entry(
            f"{type}~{name}~{draw(st.integers(1, 3))}",
            draw(WORDS),
            draw(st.sampled_from(["a.rst", "b.rst"])),
            draw(st.integers(1, 9)),
            result=draw(st.sampled_from(["passed", "failed"])),
            rationale=draw(st.sampled_from(["", "why"])),
        )
        for type, name in names
    ]
    ids = [one.id for one in items]
    links = []
    if ids:
        for source, target in draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from(ids)), max_size=6)):
            links.append((source, "covers", target, draw(st.sampled_from(["covers", "outdated"]))))
        links += [("c1", "confirms", draw(st.sampled_from(ids)), "covers")]
    verdicts = draw(st.dictionaries(st.tuples(st.sampled_from(["c1", "c2"]), st.just("")), st.sampled_from(["x", "y"])))
    gate = GateEntry("g", draw(st.integers(0, 1)), 1, 100.0, None)
    return snap(items, links, verdicts, draw(st.sampled_from([(), (gate,)])))


@given(snapshots())
def test_nothing_differs_from_itself(one: Snapshot) -> None:
    difference = compare(one, one)
    assert difference.nothing
    assert difference.counts[Change.UNCHANGED] == len(one.items) == len(difference.items)
    asked = impact(difference)
    assert (asked.changed, asked.review, asked.run) == ((), (), ())


@given(snapshots(), snapshots())
def test_every_item_of_either_side_is_in_exactly_one_class(before: Snapshot, after: Snapshot) -> None:
    difference = compare(before, after)
    assert Counter(one.before.id for one in difference.items if one.before) == Counter(one.id for one in before.items)
    assert Counter(one.after.id for one in difference.items if one.after) == Counter(one.id for one in after.items)
    for one in difference.items:
        assert (one.before is None) == (one.change is Change.NEW)
        assert (one.after is None) == (one.change is Change.REMOVED)
        if one.before and one.after:
            assert (one.before.name == one.after.name) == (one.change is not Change.RENAMED)


SWAPPED = {Change.NEW: Change.REMOVED, Change.REMOVED: Change.NEW}


def told(one: ItemChange, back: bool) -> tuple[object, ...]:
    fields = [(field.name, field.before, field.after) for field in one.fields]
    if back:
        change = SWAPPED.get(one.change, one.change)
        return change, one.after, one.before, one.likeness, sorted((name, new, old) for name, old, new in fields)
    return one.change, one.before, one.after, one.likeness, sorted(fields)


def all_told(difference: Difference, back: bool) -> list[str]:
    values = [
        (kind, one.of, *((one.after, one.before) if back else (one.before, one.after)))
        for kind, changes in (("v", difference.verdicts), ("s", difference.states), ("g", difference.gates))
        for one in changes
    ]
    links = [
        (one.source, one.type, one.target, *((one.after, one.before) if back else (one.before, one.after)))
        for one in difference.links
    ]
    return sorted(map(repr, (*[told(one, back) for one in difference.items], *values, *links)))


@given(snapshots(), snapshots())
def test_the_way_back_is_the_mirror(before: Snapshot, after: Snapshot) -> None:
    assert all_told(compare(before, after), back=False) == all_told(compare(after, before), back=True)


@given(snapshots(), snapshots())
def test_the_order_of_items_and_links_does_not_matter(before: Snapshot, after: Snapshot) -> None:
    shuffled = replace(after, items=after.items[::-1], links=after.links[::-1])
    assert all_told(compare(before, after), back=False) == all_told(compare(before, shuffled), back=False)


def change_of(before: Iterable[Entry], after: Iterable[Entry]) -> dict[str, Change]:
    return {one.entry.id: one.change for one in compare(snap(before), snap(after)).items}


# --- folders in front of all files --------------------------------------------------------------------------------------


def at(files: dict[str, str]) -> list[Entry]:
    """Items by name, each with its file and, behind a colon, its line."""
    places = {name: (*place.split(":"), "1")[:2] for name, place in files.items()}
    return [entry(f"A~{name}~1", f"Text of {name}.", file, int(line)) for name, (file, line) in places.items()]


def moved(difference: Difference) -> list[str]:
    return [one.entry.name for one in difference.of(Change.MOVED)]


MANY = {f"n{number}": f"reqs/{number % 10}.rst:{number + 1}" for number in range(100)}
"""A hundred items in ten files."""


def below(folder: str, files: dict[str, str]) -> dict[str, str]:
    return {name: folder + place for name, place in files.items()}


@pytest.mark.parametrize(
    ("before", "after"), [("", "docs/fusa/"), ("docs/fusa/", ""), ("one/x/", "other/"), ("", "reqs/")]
)
def test_other_folders_in_front_of_every_file_are_told_once(before: str, after: str) -> None:
    difference = compare(snap(at(below(before, MANY))), snap(at(below(after, MANY))))
    assert difference.shift == Shift(before, after, items=100, files=10)
    assert difference.counts[Change.UNCHANGED] == 100
    assert not difference.nothing, "a folder may have been moved"
    (told,) = (words for words in report(difference, impact(difference)).summary if words.startswith("places: "))
    assert f"100 items in 10 files stand below {before or 'the root itself'} in label" in told
    assert f"below {after or 'the root itself'} in label" in told


def test_what_moved_besides_is_told_of_itself() -> None:
    after = below("docs/", MANY) | {"n7": "docs/elsewhere.rst:1", "n18": "docs/reqs/8.rst:99", "n9": "reqs/9.rst:10"}
    difference = compare(snap(at(MANY)), snap(at({**after, "n9": "docs/gone/9.rst:10"})))
    assert difference.shift is not None
    assert moved(difference) == ["A~n7", "A~n9", "A~n18"]


def test_one_file_that_kept_its_name_stands_in_the_same_root_so_that_all_others_moved() -> None:
    after = below("docs/", MANY) | {name: place for name, place in MANY.items() if place.startswith("reqs/9.rst")}
    difference = compare(snap(at(MANY)), snap(at(after)))
    assert difference.shift is None
    assert len(moved(difference)) == 90


def test_files_that_moved_to_different_folders_or_got_other_names_are_told_of_one_by_one() -> None:
    apart = {name: f"{int(name[1:]) % 2}/{place}" for name, place in MANY.items()}
    renamed_files = {name: place.replace(".rst", ".md") for name, place in MANY.items()}
    for after in (apart, renamed_files):
        difference = compare(snap(at(MANY)), snap(at(after)))
        assert difference.shift is None
        assert len(moved(difference)) == 100


FOLDERS = st.sampled_from(["", "a/", "b/", "a/a/", "a/b/"])


@given(
    st.dictionaries(
        st.sampled_from([f"n{number}" for number in range(12)]),
        st.tuples(FOLDERS, FOLDERS, st.sampled_from(["x.rst", "y.rst"]), st.booleans()),
        min_size=1,
    )
)
def test_a_move_is_told_by_the_shift_or_of_itself(drawn: dict[str, tuple[str, str, str, bool]]) -> None:
    before = {name: old + file for name, (old, _, file, _) in drawn.items()}
    after = {name: (new + file if moves else old + file) for name, (old, new, file, moves) in drawn.items()}
    difference = compare(snap(at(before)), snap(at(after)))
    shift, told = difference.shift, {name.partition("~")[2] for name in moved(difference)}
    for name in drawn:
        if before[name] != after[name] and name not in told:
            assert shift is not None
            assert after[name] == shift.after + before[name].removeprefix(shift.before)
    assert shift is None or all(before[name] != after[name] for name in drawn)


def test_what_changed_is_named() -> None:
    old = entry("A~a~1", "Xen shall count to ten.")
    one = compare(snap([old]), snap([entry("A~a~1", "Xen shall count to two.")])).items[0]
    assert (one.change, one.suspect, [field.name for field in one.fields]) == (Change.CHANGED, True, ["text"])
    one = compare(snap([old]), snap([entry("A~a~2", "Xen shall count to two.")])).items[0]
    assert (one.change, one.suspect, [field.name for field in one.fields]) == (
        Change.CHANGED,
        False,
        ["revision", "text"],
    )
    reflowed = entry("A~a~1", "Xen shall\n  count to ten.", line=7)
    assert compare(snap([old]), snap([reflowed])).nothing


def test_a_line_that_shifts_is_no_move_and_another_file_or_order_is() -> None:
    before = [entry(f"A~{name}~1", name, line=at) for at, name in enumerate("abcd", 1)]
    shifted = [entry(f"A~{name}~1", name, line=at) for at, name in enumerate("xabcd", 10)]
    assert set(change_of(before, shifted).values()) == {Change.UNCHANGED, Change.NEW}
    last = [entry(f"A~{name}~1", name, line=at) for at, name in enumerate("bcda", 1)]
    assert [id for id, change in change_of(before, last).items() if change is Change.MOVED] == ["A~a~1"]
    elsewhere = [*before[1:], entry("A~a~1", "a", file="b.rst")]
    assert change_of(before, elsewhere)["A~a~1"] is Change.MOVED


def test_of_two_items_that_swapped_the_same_one_moved_in_both_directions() -> None:
    before = [entry("A~a~1", "a", line=1), entry("A~b~1", "b", line=2)]
    after = [entry("A~a~1", "a", line=2), entry("A~b~1", "b", line=1)]
    there, back = change_of(before, after), change_of(after, before)
    assert there == back
    assert sorted(there.values()) == [Change.MOVED, Change.UNCHANGED]


def test_a_renamed_item_is_found_by_its_text_even_when_some_of_it_changed() -> None:
    text = "Xen shall forward the interrupts of an assigned device to the domain that owns it"
    other = "Xen shall start no domain whose configuration names a missing device"
    before = [entry("A~old~1", text), entry("A~gone~1", other)]
    after = [entry("A~new~1", f"{text} at once"), entry("A~fresh~1", "Xen shall count its schedulers before it starts")]
    difference = compare(snap(before), snap(after))
    (renamed,) = difference.of(Change.RENAMED)
    assert (renamed.before, renamed.after) == (before[0], after[0])
    assert renamed.likeness is not None and 0.5 <= renamed.likeness < 1
    assert [one.entry.id for one in difference.of(Change.REMOVED)] == ["A~gone~1"]
    assert [one.entry.id for one in difference.of(Change.NEW)] == ["A~fresh~1"]


def test_the_impact_goes_both_ways_with_its_path_and_names_what_to_run() -> None:
    items = [entry(f"{id}~1", id) for id in ("M~top", "P~mid", "D~low", "D~other", "M~apart")]
    links = [
        ("P~mid~1", "covers", "M~top~1", "covers"),
        ("D~low~1", "covers", "P~mid~1", "covers"),
        ("D~other~1", "covers", "M~apart~1", "covers"),
        ("claim", "confirms", "P~mid~1", "covers"),
        ("t::low", "verifies", "D~low~1", "covers"),
        ("t::other", "verifies", "D~other~1", "covers"),
    ]
    after = [replace(one, rationale="why") for one in items]
    asked = impact(compare(snap(items, links), snap(after, links)))
    assert asked.changed == (), "a rationale binds nobody"
    after[1] = replace(after[1], text="other", fingerprint="other")
    asked = impact(compare(snap(items, links), snap(after, links)))
    assert asked.changed == ("P~mid~1",)
    assert [(one.id, one.direction, one.path) for one in asked.review] == [
        ("D~low~1", COVERS_IT, ("P~mid~1", "D~low~1")),
        ("M~top~1", COVERED_BY_IT, ("P~mid~1", "M~top~1")),
    ]
    assert [(one.kind, one.id, one.path) for one in asked.run] == [
        ("claim", "claim", ("P~mid~1",)),
        ("test", "t::low", ("P~mid~1", "D~low~1")),
    ]


def test_what_covered_a_removed_item_is_to_review_although_its_link_is_gone() -> None:
    before = snap([entry("P~a~1", "a"), entry("D~b~1", "b")], [("D~b~1", "covers", "P~a~1", "covers")])
    asked = impact(compare(before, snap([entry("D~b~1", "b")])))
    assert [(one.id, one.direction) for one in asked.review] == [("D~b~1", COVERS_IT)]


@given(snapshots(), snapshots())
def test_the_impact_ends_and_every_path_begins_with_what_changed(before: Snapshot, after: Snapshot) -> None:
    asked = impact(compare(before, after))
    for one in asked.review:
        assert one.path[0] in asked.changed
        assert one.path[-1] == one.id
    assert all(one.path[0] in asked.changed for one in asked.run)


def test_what_a_side_does_not_know_is_not_counted_as_gone() -> None:
    full = snap([entry("A~a~1", "a")], [("c", "confirms", "A~a~1", "covers")], {("c", ""): "confirmed"})
    needs = replace(
        snap([entry("A~a~1", "a", result="")]),
        link_types=frozenset({"covers"}),
        unknown=frozenset({"oft_status"}),
        verdicts=None,
        gates=None,
    )
    difference = compare(needs, replace(full, items=(replace(full.items[0], oft_status="draft"),)))
    assert difference.nothing
    assert len(difference.not_compared) == 4


def test_ten_thousand_items_that_all_changed_name_are_cheap() -> None:
    before = snap(
        [entry(f"A~old{at}~1", f"Xen shall do the thing {at} in the way of {at % 97}") for at in range(10_000)]
    )
    after = snap(
        [entry(f"A~new{at}~1", f"Xen shall do the thing {at} in the way of {at % 97} now") for at in range(10_000)]
    )
    start = time.process_time()
    assert compare(before, after).counts[Change.RENAMED] == 10_000
    assert time.process_time() - start < 12


# --- words -----------------------------------------------------------------------------------------------------------


def rebuilt(diff: WordDiff, without: Part) -> str:
    return " ".join(text for part, text in diff.parts if part is not without)


@given(st.text(max_size=200), st.text(max_size=200))
def test_both_texts_can_be_read_out_of_a_word_diff(before: str, after: str) -> None:
    diff = word_diff(before, after)
    assert rebuilt(diff, Part.ADDED) == normalise(before)
    assert rebuilt(diff, Part.REMOVED) == normalise(after)


def test_only_what_changed_is_marked() -> None:
    diff = word_diff("Xen shall count to ten.", "Xen shall  not count\nto ten.")
    assert diff.parts == ((Part.SAME, "Xen shall"), (Part.ADDED, "not"), (Part.SAME, "count to ten."))


def test_a_megabyte_is_compared_by_lines_or_as_a_whole_and_soon() -> None:
    words = [f"word{at % 5000}" for at in range(150_000)]
    lines = ["\n".join(" ".join(words[at : at + 100]) for at in range(0, len(words), 100)) for _ in range(2)]
    changed = lines[1].replace("word17 ", "other ").replace("word4900 ", "another ")
    start = time.process_time()
    by_lines = word_diff(lines[0], changed)
    assert by_lines.pieces == "lines"
    whole = word_diff(" ".join(words), " ".join(reversed(words)))
    assert whole.pieces == "whole"
    assert time.process_time() - start < 10
    assert "other" in rebuilt(by_lines, Part.REMOVED)


def test_characters_that_mislead_are_spelled_out() -> None:
    assert visible("shall\u202e not\u200b\x1b[31m") == "shall<U+202E> not<U+200B><U+001B>[31m"
