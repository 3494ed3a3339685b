"""What somebody accepted and what changed since: suspect, as accepted, or not yet accepted, and never two of them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.trace.acceptance import Acceptance, Signature, accept, accept_new, drift, in_short
from sphinx_xenfusa.trace.record import Item, Place, Tag
from sphinx_xenfusa.trace.states import ItemKind

SIGNED = Signature("Ann", "first reading", "2026-11-01")


def item(tag: str, text: str, covers: tuple[str, ...] = ()) -> Item:
    return Item(Tag.parse(tag), "Title", text, Place("a.rst", 1), "oft", covers=covers)


ABOVE = item("XenProd~a~1", "Xen shall count to ten.")
BELOW = item("XenSwdgn~b~1", "Xen shall count.", ("XenProd~a~1",))


def test_a_changed_text_makes_the_item_and_each_link_to_it_suspect_and_nothing_else() -> None:
    accepted = accept_new(Acceptance(), [ABOVE, BELOW], SIGNED)
    changed = replace(ABOVE, text="Xen shall count\nto   eleven.")
    state = drift([changed, BELOW], accepted)
    assert [one.ends for one in state.suspects] == [None, ("XenSwdgn~b~1", "XenProd~a~1")]
    assert {str(one.item.tag) for one in state.suspects} == {"XenProd~a~1"}
    assert (state.accepted_items, state.accepted_links) == (1, 0)
    assert in_short(state.suspects[0]) == "text: Xen shall count to [-ten.-] {+eleven.+}"


def test_white_space_and_rationale_make_nothing_suspect() -> None:
    accepted = accept_new(Acceptance(), [ABOVE, BELOW], SIGNED)
    reflowed = replace(ABOVE, text="  Xen shall\ncount to\tten.", rationale="new", place=Place("b.rst", 9))
    assert drift([reflowed, BELOW], accepted).suspects == ()


def test_a_kind_or_level_that_changed_is_shown() -> None:
    accepted = accept_new(Acceptance(), [replace(ABOVE, level="ASIL A", kind=ItemKind.RULE)], SIGNED)
    state = drift([replace(ABOVE, level="ASIL B", kind=ItemKind.RECOMMENDATION)], accepted)
    words = in_short(state.suspects[0])
    assert words == "kind: [-rule-] {+recommendation+}; level: ASIL [-A-] {+B+}"


def test_a_new_revision_is_not_yet_accepted_and_its_old_entry_belongs_to_nothing() -> None:
    accepted = accept_new(Acceptance(), [ABOVE], SIGNED)
    state = drift([item("XenProd~a~2", "Xen shall count to eleven.")], accepted)
    assert (state.suspects, state.new_items, state.gone) == ((), ("XenProd~a~2",), ("XenProd~a~1",))


def test_the_link_stays_suspect_until_its_own_item_is_accepted_and_still_shows_what_changed() -> None:
    accepted = accept_new(Acceptance(), [ABOVE, BELOW], SIGNED)
    changed = replace(ABOVE, text="Xen shall count to eleven.")
    accepted = accept(accepted, [changed, BELOW], ["XenProd~a~1"], SIGNED)
    (suspect,) = drift([changed, BELOW], accepted).suspects
    assert suspect.ends == ("XenSwdgn~b~1", "XenProd~a~1")
    assert "[-ten.-]" in in_short(suspect)
    accepted = accept(accepted, [changed, BELOW], ["XenSwdgn~b~1"], SIGNED)
    assert drift([changed, BELOW], accepted).suspects == ()
    assert accepted.earlier == {}


def test_accepting_all_that_is_new_leaves_what_is_suspect() -> None:
    accepted = accept_new(Acceptance(), [ABOVE], SIGNED)
    changed = replace(ABOVE, text="Xen shall count to eleven.")
    after = accept_new(accepted, [changed, BELOW], Signature("Bob", "w", "2026-11-02"))
    state = drift([changed, BELOW], after)
    assert [one.ends for one in state.suspects] == [None]
    assert after.items["XenProd~a~1"] == accepted.items["XenProd~a~1"]


def test_what_is_accepted_already_keeps_its_signature() -> None:
    accepted = accept_new(Acceptance(), [ABOVE, BELOW], SIGNED)
    other = Signature("Bob", "again", "2026-12-01")
    assert accept(accepted, [ABOVE, BELOW], ["XenProd~a~1", "XenSwdgn~b~1"], other) == accepted


@given(
    st.lists(st.tuples(st.integers(0, 6), st.sampled_from("xyz"), st.sets(st.integers(0, 6))), max_size=8), st.data()
)
def test_every_item_and_link_is_in_exactly_one_class(
    drawn: list[tuple[int, str, set[int]]], data: st.DataObject
) -> None:
    by_tag = {
        f"XenProd~n{at}~1": item(f"XenProd~n{at}~1", text, tuple(f"XenProd~n{to}~1" for to in sorted(covers)))
        for at, text, covers in drawn
    }
    items = list(by_tag.values())
    some = data.draw(st.sets(st.sampled_from(sorted(by_tag)))) if by_tag else set()
    accepted = accept(Acceptance(), items, some, SIGNED)
    today = [replace(one, text=data.draw(st.sampled_from("xyz"))) for one in items]
    state = drift(today, accepted)
    suspect_items = [one for one in state.suspects if one.ends is None]
    assert len(suspect_items) + len(state.new_items) + state.accepted_items == len(items)
    links = sum(1 for one in items for target in one.covers if target in by_tag)
    assert len(state.suspects) - len(suspect_items) + len(state.new_links) + state.accepted_links == links
    changed = {str(one.tag) for one, old in zip(today, items, strict=True) if one.text != old.text}
    assert {str(one.item.tag) for one in suspect_items} == changed & some
