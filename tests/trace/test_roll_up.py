"""What an item inherits, held against a plain definition on generated graphs: cycles, diamonds, revisions, duplicates."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterable, Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from sphinx_xenfusa.explore.verdict import Scope, Verdict, VerdictKind
from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.record import Item, Justification, Link, Place, Tag, TracedItem, TraceRecord
from sphinx_xenfusa.trace.record import TestCase as Case
from sphinx_xenfusa.trace.record import TestReport as Report
from sphinx_xenfusa.trace.roll_up import MORE
from sphinx_xenfusa.trace.states import LinkStatus, Outcome, Result, worst

SCOPE = Scope("A", "everything", 1, None, ())
CLAIMS = {f"is_{kind.name.lower()}": kind for kind in VerdictKind}
ORDER = list(Result)
RIGHT = (LinkStatus.COVERS, LinkStatus.SUSPECT, LinkStatus.UNWANTED)


def made(
    items: Iterable[Item],
    cases: Iterable[Case] = (),
    accepted: dict[tuple[str, str, str], str] | None = None,
    justified: Iterable[str] = (),
    missing: Iterable[str] = (),
    texts: dict[str, str] | None = None,
) -> TraceRecord:
    return assemble(
        project="p",
        version="1",
        items=items,
        verdicts=[Verdict(claim, None, kind, SCOPE) for claim, kind in CLAIMS.items() if claim not in missing],
        reports=[Report("r.xml", "", "", tuple(cases))],
        findings=(),
        policies=("specification", "dummy"),
        target_policy="dummy",
        confirm_mode="cache",
        known_claims=CLAIMS,
        results_expected=False,
        accepted=accepted,
        accepted_texts=texts,
        justifications=[Justification(one, "why", "who", "2030-01-01", False, Place("j.yaml", 1)) for one in justified],
    )


def item(tag: str, covers: str = "", needs: str = "", claims: str = "", line: int = 1) -> Item:
    return Item(
        Tag.parse(tag),
        "",
        "",
        Place("a.rst", line),
        "oft",
        covers=tuple(covers.split()),
        needs=tuple(needs.split()),
        confirmed_by=tuple(claims.split()),
    )


def traced(record: TraceRecord, tag: str) -> TracedItem:
    (found,) = [one for one in record.items if str(one.item.tag) == tag]
    return found


def inherits(record: TraceRecord, tag: str) -> tuple[Result | None, tuple[str, ...]]:
    found = traced(record, tag)
    return found.inherited, found.inherited_path


# --- by example ---------------------------------------------------------------------------------------------------


def test_a_failure_is_visible_at_the_top_with_its_path_and_the_own_state_stays_apart() -> None:
    record = made(
        [
            item("Mkt~m~1", needs="Prod", claims="is_confirmed"),
            item("Prod~p~1", covers="Mkt~m~1", needs="Dsn"),
            item("Dsn~good~1", covers="Prod~p~1", claims="is_confirmed"),
            item("Dsn~bad~1", covers="Prod~p~1", claims="is_confirmed is_refuted"),
        ]
    )
    assert traced(record, "Mkt~m~1").result is Result.PASSED
    assert inherits(record, "Mkt~m~1") == (Result.FAILED, ("Prod~p~1", "Dsn~bad~1", "is_refuted"))
    assert inherits(record, "Prod~p~1") == (Result.FAILED, ("Dsn~bad~1", "is_refuted"))
    assert inherits(record, "Dsn~bad~1") == (None, ())


def test_all_that_is_below_passed_and_the_middle_has_nothing_of_its_own() -> None:
    items = [
        item("Mkt~m~1", needs="Prod"),
        item("Prod~p~1", covers="Mkt~m~1", needs="Dsn"),
        item("Dsn~d~1", covers="Prod~p~1", claims="is_confirmed"),
    ]
    assert inherits(made(items), "Mkt~m~1") == (Result.PASSED, ("Prod~p~1", "Dsn~d~1", "is_confirmed"))
    assert inherits(made(items[:2]), "Mkt~m~1") == (Result.NONE, ("Prod~p~1", "Dsn"))
    unchecked = [*items[:2], item("Dsn~d~1", covers="Prod~p~1")]
    assert inherits(made(unchecked), "Mkt~m~1") == (Result.NONE, ("Prod~p~1", "Dsn~d~1"))


def test_a_missing_piece_is_named_by_the_type_that_is_needed() -> None:
    items = [
        item("Mkt~m~1", needs="Prod"),
        item("Prod~p~1", covers="Mkt~m~1", needs="Code Dsn", claims="is_confirmed"),
        item("Dsn~d~1", covers="Prod~p~1", claims="is_confirmed"),
    ]
    record = made(items)
    assert inherits(record, "Prod~p~1") == (Result.NONE, ("Code",))
    assert inherits(record, "Mkt~m~1") == (Result.NONE, ("Prod~p~1", "Code"))
    excused = made(items, justified=["Prod~p~1"])
    assert inherits(excused, "Mkt~m~1") == (Result.JUSTIFIED, ("Prod~p~1", "Code"))
    assert traced(excused, "Prod~p~1").uncovered == ("Code",)
    assert traced(excused, "Prod~p~1").result is Result.PASSED


def test_a_suspect_link_is_stale_for_all_above() -> None:
    items = [
        item("Mkt~m~1", needs="Prod"),
        item("Prod~p~1", covers="Mkt~m~1", needs="Dsn"),
        item("Dsn~d~1", covers="Prod~p~1", claims="is_confirmed"),
    ]
    record = made(items, accepted={("Dsn~d~1", "covers", "Prod~p~1"): "0" * 64})
    assert inherits(record, "Mkt~m~1") == (Result.STALE, ("Prod~p~1", "Dsn~d~1"))
    assert traced(record, "Dsn~d~1").suspect == ("Prod~p~1",)


def test_a_text_that_changed_since_it_was_accepted_is_stale_for_all_above() -> None:
    items = [
        item("Mkt~m~1", needs="Prod"),
        item("Prod~p~1", covers="Mkt~m~1", needs="Dsn"),
        item("Dsn~d~1", covers="Prod~p~1", claims="is_confirmed"),
    ]
    record = made(items, texts={"Prod~p~1": "0" * 64})
    assert inherits(record, "Mkt~m~1") == (Result.STALE, ("Prod~p~1",))
    assert inherits(record, "Prod~p~1")[0] is Result.PASSED
    failing = made([*items, item("Dsn~e~1", covers="Prod~p~1", claims="is_refuted")], texts={"Prod~p~1": "0" * 64})
    assert inherits(failing, "Mkt~m~1") == (Result.FAILED, ("Prod~p~1", "Dsn~e~1", "is_refuted"))


def test_a_failed_test_and_the_lack_of_one_are_named() -> None:
    items = [item("Mkt~m~1", needs="Prod"), item("Prod~p~1", covers="Mkt~m~1", needs="XenTest")]
    assert inherits(made(items), "Mkt~m~1") == (Result.NOT_RUN, ("Prod~p~1", "XenTest"))
    failed = Case("r.xml", "k", "t", Outcome.FAILED, ("Prod~p~1",))
    assert inherits(made(items, [failed]), "Mkt~m~1") == (Result.FAILED, ("Prod~p~1", "k::t"))


def test_a_circle_carries_nobody() -> None:
    record = made(
        [item("Mkt~m~1", needs="A"), item("A~a~1", covers="Mkt~m~1 B~b~1", needs="B"), item("B~b~1", "A~a~1", "A")]
    )
    assert inherits(record, "Mkt~m~1") == (Result.NONE, ("A~a~1",))
    assert inherits(record, "A~a~1") == (Result.NONE, ("B~b~1",))


def test_the_nearest_of_several_is_named() -> None:
    record = made(
        [
            item("Mkt~m~1", needs="Prod"),
            item("Prod~a~1", covers="Mkt~m~1", needs="Dsn"),
            item("Dsn~d~1", covers="Prod~a~1", claims="is_refuted"),
            item("Prod~b~1", covers="Mkt~m~1", claims="is_refuted"),
        ]
    )
    assert inherits(record, "Mkt~m~1")[1] == ("Prod~b~1", "is_refuted")


def test_long_chains_and_wide_items_stay_linear_and_say_where_they_end() -> None:
    length = 20_000
    chain = [item(f"A~n{n}~1", covers=f"A~n{n - 1}~1", needs="A") for n in range(1, length)]
    record = made([item("A~n0~1", needs="A"), *chain, item("A~last~1", f"A~n{length - 1}~1", "", "is_refuted")])
    state, path = inherits(record, "A~n0~1")
    assert (state, path[:2], path[-2:]) == (Result.FAILED, ("A~n1~1", "A~n2~1"), ("A~last~1", "is_refuted"))
    assert MORE in path
    assert len(path) < 20


# --- against the plain definition ---------------------------------------------------------------------------------

TAGS = st.builds(Tag, st.sampled_from(["A", "B", "C", "D"]), st.sampled_from(["x", "y"]), st.integers(1, 2)).map(str)
ITEMS = st.builds(
    item,
    TAGS,
    st.lists(TAGS, max_size=3).map(" ".join),
    st.lists(st.sampled_from(["A", "B", "C", "D", "XenTest"]), max_size=3, unique=True).map(" ".join),
    st.lists(st.sampled_from([*CLAIMS, *["is_confirmed"] * 6]), max_size=1).map(" ".join),
    st.integers(1, 9),
)
CASES = st.builds(
    Case, st.just("r.xml"), st.just("k"), st.sampled_from("tu"), st.sampled_from(Outcome), st.tuples(TAGS), st.tuples()
)
GRAPHS = st.lists(ITEMS, max_size=12)
EVIDENCE = st.lists(CASES, max_size=3)
PAIRS = st.lists(st.tuples(TAGS, TAGS), max_size=3)


def accepted(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str, str], str]:
    return {(source, "covers", target): "0" * 64 for source, target in pairs}


class Plain:
    """The definition, word by word, from the links and items of a record."""

    def __init__(self, record: TraceRecord) -> None:
        self.items = {str(one.item.tag): one for one in record.items}
        self.links = [one for one in record.links if one.type == "covers"]
        self.carried = {one.target for one in self.links if one.status is LinkStatus.COVERS}
        self.right = self.children(RIGHT)
        self.all = self.children((*RIGHT, LinkStatus.AMBIGUOUS))
        self.looped = {tag for tag in self.items if tag in self.reached(tag, self.right)}

    def children(self, statuses: tuple[LinkStatus, ...]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {tag: set() for tag in self.items}
        for one in self.links:
            if one.status in statuses:
                found[one.target].add(one.source)
            elif one.status in (LinkStatus.OUTDATED, LinkStatus.PREDATED):
                for tag in self.items:
                    if tag.rsplit("~", 1)[0] == one.target.rsplit("~", 1)[0]:
                        found[tag].add(one.source)
        return found

    def reached(self, tag: str, children: dict[str, set[str]]) -> set[str]:
        seen: set[str] = set()
        todo = set(children[tag])
        while todo:
            seen |= todo
            todo = {child for one in todo for child in children[one]} - seen
        return seen

    def own(self, tag: str) -> Iterator[Result]:
        one = self.items[tag]
        if tag in one.suspect:
            yield Result.STALE
        of_a_part = one.result is Result.PARTIAL and one.model is None and "XenTest" not in one.item.needs
        by_others = tag in self.carried and tag not in self.looped
        if not (by_others and (one.result is Result.NONE or of_a_part)):
            yield one.result

    def lacks(self, tag: str) -> Iterator[Result]:
        one = self.items[tag]
        if set(one.uncovered) - {"XenTest"}:
            yield Result.JUSTIFIED if one.justified else Result.NONE
        if any(link.target == tag and is_doubted(link) for link in self.links):
            yield Result.STALE

    def inherited(self, tag: str) -> Result | None:
        below = self.reached(tag, self.all)
        states = [state for one in below for state in (*self.own(one), *self.lacks(one))] + list(self.lacks(tag))
        return worst(states) if states else None

    def leads_there(self, tag: str, path: tuple[str, ...]) -> bool:
        """Whether a path goes down link by link to something in the state that it explains."""
        at, state = tag, self.items[tag].inherited
        for number, step in enumerate(path):
            if step in self.all[at]:
                at = step
            else:
                assert number == len(path) - 1, (path, step)
                piece = self.items[at]
                return step in (*piece.uncovered, "XenTest", *CLAIMS, "k::t", "k::u")
        return state in (*self.own(at), *self.lacks(at)) or (
            state is Result.STALE and any(one.source == at and is_doubted(one) for one in self.links)
        )


def is_doubted(link: Link) -> bool:
    return LinkStatus.SUSPECT in (link.status, *link.also)


@settings(max_examples=100)
@given(GRAPHS, EVIDENCE, PAIRS, st.lists(TAGS, max_size=2), st.lists(TAGS, max_size=2))
def test_it_is_what_the_definition_says(
    items: list[Item], cases: list[Case], pairs: list[tuple[str, str]], justified: list[str], texts: list[str]
) -> None:
    record = made(items, cases, accepted(pairs), justified, texts=dict.fromkeys(texts, "0" * 64))
    plain = Plain(record)
    for tag, one in plain.items.items():
        assert one.inherited == plain.inherited(tag), tag
        assert (one.inherited is None) == (one.inherited_path == ())
        assert one.inherited is None or plain.leads_there(tag, one.inherited_path)


@settings(max_examples=40)
@given(GRAPHS, EVIDENCE, PAIRS, st.randoms(use_true_random=False))
def test_the_order_of_what_comes_in_does_not_matter(
    items: list[Item], cases: list[Case], pairs: list[tuple[str, str]], shuffle: random.Random
) -> None:
    record = made(items, cases, accepted(pairs))
    shuffle.shuffle(items)
    shuffle.shuffle(cases)
    shuffle.shuffle(pairs)
    assert made(items, cases, accepted(pairs)) == record


def none_is_better(before: TraceRecord, after: TraceRecord) -> None:
    then = {one.item.tag: one for one in before.items}
    for one in after.items:
        if one.item.tag in then:
            known = then[one.item.tag]
            assert ORDER.index(one.result) <= ORDER.index(known.result)
            if known.inherited is not None:
                assert one.inherited is not None
                assert ORDER.index(one.inherited) <= ORDER.index(known.inherited), one.item.tag


@settings(max_examples=40)
@given(GRAPHS, EVIDENCE, st.lists(TAGS, max_size=2), TAGS)
def test_a_failure_that_is_added_makes_nothing_better(
    items: list[Item], cases: list[Case], justified: list[str], target: str
) -> None:
    failing = item("D~new~1", covers=target, claims="is_refuted")
    none_is_better(made(items, cases, justified=justified), made([*items, failing], cases, justified=justified))
    failed = Case("r.xml", "k", "v", Outcome.FAILED, (target,))
    none_is_better(made(items, cases, justified=justified), made(items, [*cases, failed], justified=justified))


@settings(max_examples=40)
@given(GRAPHS, EVIDENCE, st.lists(TAGS, max_size=2), st.data())
def test_evidence_that_is_taken_away_makes_nothing_better(
    items: list[Item], cases: list[Case], justified: list[str], data: st.DataObject
) -> None:
    before = made(items, cases, justified=justified)
    none_is_better(before, made(items, cases, justified=justified, missing=["is_confirmed", "is_not_applicable"]))
    good = [one for one in cases if one.outcome is Outcome.PASSED]
    if good:
        gone = data.draw(st.sampled_from(good))
        rest = [one for one in cases if one is not gone]
        none_is_better(before, made(items, rest, justified=justified))
    if justified:
        none_is_better(before, made(items, cases, justified=justified[1:]))


@settings(max_examples=40)
@given(GRAPHS, st.integers(0, 11), st.integers(0, 2))
def test_a_piece_that_passed_and_is_cut_off_makes_nothing_better(items: list[Item], which: int, link: int) -> None:
    """The link of an item that passed and rests on nothing is removed: those above lack it now."""
    before = made(items)
    passed = {str(one.item.tag) for one in before.items if one.result is Result.PASSED and one.inherited is None}
    twice = {one.item.tag for one in before.items if one.duplicates}
    if which < len(items) and str(items[which].tag) in passed and items[which].tag not in twice:
        covers = items[which].covers
        cut = dataclasses.replace(items[which], covers=covers[:link] + covers[link + 1 :])
        after = made([*items[:which], cut, *items[which + 1 :]])
        then = {one.item.tag: one for one in before.items}
        for one in after.items:
            known = then[one.item.tag]
            if known.inherited is not None and one.inherited is not None:
                assert ORDER.index(one.inherited) <= ORDER.index(known.inherited)
