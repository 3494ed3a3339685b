from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.trace import linker
from sphinx_xenfusa.trace.linker import RULES, Index, Linked, Naming, link
from sphinx_xenfusa.trace.record import Item, Place, Tag
from sphinx_xenfusa.trace.states import Coverage, IncomingStatus, LinkStatus

LINES = iter(range(1, 10**9))


def item(tag: str, *, covers: str = "", needs: str = "", place: str = "") -> Item:
    type_, name, revision = tag.split("~")
    file, _, line = place.partition(":")
    return Item(
        tag=Tag(type_, name, int(revision)),
        title="",
        text="",
        place=Place(file or "a.rst", int(line or next(LINES))),
        origin="oft",
        covers=tuple(covers.split()),
        needs=tuple(needs.split()),
    )


def statuses(linked: Linked) -> dict[tuple[str, str], LinkStatus]:
    return {(entry.source, entry.target): entry.status for entry in linked.links}


def subtypes(linked: Linked) -> list[str]:
    return [finding.subtype for finding in linked.findings]


# --- one test for each rule ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "existing", "named", "status"),
    [
        (linker.is_orphaned, [item("Prod~b~1", needs="Dsn")], "Prod~a~1", LinkStatus.ORPHANED),
        (linker.is_outdated, [item("Prod~a~2", needs="Dsn")], "Prod~a~1", LinkStatus.OUTDATED),
        (linker.is_predated, [item("Prod~a~2", needs="Dsn")], "Prod~a~3", LinkStatus.PREDATED),
        (linker.is_unwanted, [item("Prod~a~1", needs="Code")], "Prod~a~1", LinkStatus.UNWANTED),
        (linker.is_ambiguous, [item("Prod~a~1", needs="Dsn"), item("Prod~a~1")], "Prod~a~1", LinkStatus.AMBIGUOUS),
        (linker.is_covering, [item("Prod~a~1", needs="Code Dsn")], "Prod~a~1", LinkStatus.COVERS),
    ],
)
def test_each_status_has_its_rule(
    rule: Callable[[Naming], bool], existing: list[Item], named: str, status: LinkStatus
) -> None:
    naming = Index(existing).naming("Dsn", Tag.parse(named))
    assert [rule_status for rule_status, each in RULES if each(naming)] == [status]
    assert rule(naming)
    linked = link([*existing, item("Dsn~d~1", covers=named)])
    assert statuses(linked) == {("Dsn~d~1", named): status}
    assert (status.value in subtypes(linked)) == (status is not LinkStatus.COVERS)
    assert ("Dsn" in {*existing[0].needs} - {*linked.uncovered[existing[0].tag]}) == (status is LinkStatus.COVERS)


TAGS = st.builds(Tag, st.sampled_from(["A", "B", "C"]), st.sampled_from(["x", "y"]), st.integers(1, 3))
ITEMS = st.builds(
    Item,
    tag=TAGS,
    title=st.just(""),
    text=st.sampled_from(["", "other"]),
    place=st.builds(Place, st.sampled_from(["a.rst", "b.rst"]), st.integers(1, 3)),
    origin=st.just("oft"),
    covers=st.lists(TAGS.map(str) | st.sampled_from(["A~x~0", "nonsense", "A~x~01"]), max_size=4).map(tuple),
    needs=st.lists(st.sampled_from(["A", "B", "C"]), max_size=2).map(tuple),
)


@given(st.lists(ITEMS, max_size=6), st.sampled_from("ABC"), TAGS)
def test_exactly_one_rule_holds(items: list[Item], by: str, target: Tag) -> None:
    naming = Index(items).naming(by, target)
    assert sum(rule(naming) for _, rule in RULES) == 1


@given(st.lists(ITEMS, max_size=10), st.randoms(use_true_random=False))
def test_the_order_of_items_does_not_matter(items: list[Item], shuffle: random.Random) -> None:
    shuffled = list(items)
    shuffle.shuffle(shuffled)
    assert link(items) == link(shuffled)


@given(st.lists(ITEMS, max_size=10))
def test_coverage_is_what_walking_every_path_gives(items: list[Item]) -> None:
    """The linear algorithm against the definition: reachability by brute force, from the links that it reports."""
    linked = link(items)
    children: dict[str, set[str]] = {str(tag): set() for tag in linked.coverage}
    for entry in linked.links:
        target = Tag.parse(entry.target)
        if entry.status in (LinkStatus.COVERS, LinkStatus.SUSPECT, LinkStatus.UNWANTED):
            children[entry.target].add(entry.source)
        elif entry.status in (LinkStatus.OUTDATED, LinkStatus.PREDATED):
            for tag in linked.coverage:
                if (tag.type, tag.name) == (target.type, target.name):
                    children[str(tag)].add(entry.source)

    def below(tag: str) -> set[str]:
        seen: set[str] = set()
        todo = set(children[tag])
        while todo:
            seen |= todo
            todo = {child for each in todo for child in children[each]} - seen
        return seen

    reach = {tag: below(tag) for tag in children}
    for tag, state in linked.coverage.items():
        around = {str(tag), *reach[str(tag)]}
        if any(each in reach[each] for each in around):
            assert state is Coverage.CYCLE
        elif any(linked.uncovered[Tag.parse(each)] for each in around):
            assert state is Coverage.UNCOVERED
        else:
            assert state is Coverage.COVERED


# --- coverage -----------------------------------------------------------------------------------------------------


def test_coverage_goes_down_to_the_last_item() -> None:
    linked = link(
        [
            item("Mkt~a~1", needs="Prod"),
            item("Prod~a~1", covers="Mkt~a~1", needs="Dsn"),
            item("Mkt~b~1", needs="Prod"),
            item("Prod~b~1", covers="Mkt~b~1", needs="Dsn"),
            item("Dsn~b~1", covers="Prod~b~1"),
        ]
    )
    assert linked.coverage == {
        Tag("Mkt", "a", 1): Coverage.UNCOVERED,
        Tag("Prod", "a", 1): Coverage.UNCOVERED,
        Tag("Mkt", "b", 1): Coverage.COVERED,
        Tag("Prod", "b", 1): Coverage.COVERED,
        Tag("Dsn", "b", 1): Coverage.COVERED,
    }
    assert linked.uncovered[Tag("Mkt", "a", 1)] == ()
    assert linked.uncovered[Tag("Prod", "a", 1)] == ("Dsn",)
    assert linked.findings == ()


def test_a_cycle_is_one_finding_and_taints_what_stands_above_it() -> None:
    linked = link(
        [
            item("Top~t~1", needs="A", place="a.rst:1"),
            item("A~a~1", covers="Top~t~1 B~b~1", needs="B", place="a.rst:2"),
            item("B~b~1", covers="A~a~1", needs="A", place="a.rst:3"),
            item("C~c~1", covers="", place="a.rst:4"),
        ]
    )
    assert linked.coverage[Tag("Top", "t", 1)] is Coverage.CYCLE
    assert linked.coverage[Tag("A", "a", 1)] is Coverage.CYCLE
    assert linked.coverage[Tag("C", "c", 1)] is Coverage.COVERED
    (finding,) = linked.findings
    assert (finding.subtype, finding.place, finding.about) == ("cycle", Place("a.rst", 2), "A~a~1")
    assert "A~a~1, B~b~1" in finding.message


def test_an_item_that_covers_itself_is_a_cycle() -> None:
    linked = link([item("A~a~1", covers="A~a~1", needs="A")])
    assert linked.coverage == {Tag("A", "a", 1): Coverage.CYCLE}


def test_a_long_chain_needs_no_recursion() -> None:
    chain = [item(f"A~n{n}~1", covers=f"A~n{n + 1}~1", needs="A") for n in range(20_000)]
    linked = link(chain)
    assert linked.coverage[Tag("A", "n19999", 1)] is Coverage.UNCOVERED
    assert subtypes(linked) == ["orphaned"]


def test_many_links_to_many_wrong_revisions_stay_linear() -> None:
    items = [item(f"A~a~{n}", needs="B") for n in range(1, 3000)]
    items += [item(f"B~n{n}~1", covers="A~a~99999") for n in range(3000)]
    assert link(items).coverage[Tag("A", "a", 1)] is Coverage.UNCOVERED


def test_a_need_of_tests_is_met_by_tests_alone_once_results_are_known() -> None:
    items = [item("Arch~a~1", needs="XenTest"), item("XenTest~t~1", covers="Arch~a~1")]
    tag = items[0].tag
    assert link(items).uncovered[tag] == ()
    assert link(items, tested=()).uncovered[tag] == ("XenTest",)
    assert link(items, tested={tag}).uncovered[tag] == ()


# --- what is wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("covers", "subtype"),
    [
        ("Prod~a", "tag"),
        ("Prod~~1", "tag"),
        ("Pröd~a~1", "tag"),
        ("Prod~a~1x", "tag"),
        ("Prod~a~-1", "tag"),
        ("Prod~a~0", "revision"),
        ("Prod~a~01", "revision"),
        ("Prod~a~2147483648", "revision"),
        ("Prod~a~99999999999999999999", "revision"),
    ],
)
def test_a_malformed_tag_is_a_finding_and_no_link(covers: str, subtype: str) -> None:
    linked = link([item("Dsn~d~1", covers=covers, place="d.rst:7")])
    (finding,) = linked.findings
    assert (finding.subtype, finding.place, finding.about) == (subtype, Place("d.rst", 7), "Dsn~d~1")
    assert repr(covers) in finding.message
    assert linked.links == ()


def test_an_item_with_revision_0_is_a_finding() -> None:
    assert subtypes(link([item("Prod~a~0")])) == ["revision"]


def test_two_revisions_of_one_name_are_legal() -> None:
    linked = link(
        [
            item("Prod~a~1", needs="Dsn"),
            item("Prod~a~3", needs="Dsn"),
            item("Dsn~d~1", covers="Prod~a~1 Prod~a~3"),
        ]
    )
    assert linked.findings == ()
    assert set(linked.coverage.values()) == {Coverage.COVERED}


def test_a_link_between_two_revisions_is_outdated() -> None:
    linked = link([item("Prod~a~1"), item("Prod~a~3"), item("Dsn~d~1", covers="Prod~a~2")])
    assert subtypes(linked) == ["outdated"]


@pytest.mark.parametrize("twin", ["Prod~été~1", "Prod~Été~1", "prod~été~1", "Prod~e\u0301te\u0301~1"])
def test_a_duplicate_names_both_places(twin: str) -> None:
    linked = link([item(twin, place="b.rst:9"), item("Prod~été~1", place="a.rst:10")])
    (finding,) = [each for each in linked.findings if each.subtype == "duplicate"]
    assert finding.place == Place("b.rst", 9)
    assert "a.rst:10" in finding.message
    assert "b.rst:9" in finding.message


def test_of_duplicates_the_first_in_place_counts() -> None:
    linked = link(
        [
            item("Mkt~m~1", needs="Prod"),
            item("Prod~a~1", covers="Mkt~m~1", place="a.rst:10"),
            item("Prod~a~1", place="a.rst:9"),
        ]
    )
    assert linked.uncovered[Tag("Mkt", "m", 1)] == ("Prod",)
    assert linked.links == ()


def test_a_tag_that_is_named_again_is_a_duplicate_link_and_the_first_naming_holds() -> None:
    linked = link(
        [item("Prod~a~1", needs="Dsn"), item("Dsn~d~1", covers="Prod~a~1 Prod~a~1 Prod~a~1", place="d.rst:7")]
    )
    assert [(one.status, one.incoming) for one in linked.links] == [
        (LinkStatus.COVERS, IncomingStatus.COVERED_SHALLOW),
        (LinkStatus.DUPLICATE, IncomingStatus.DUPLICATE),
    ]
    assert linked.coverage[Tag("Prod", "a", 1)] is Coverage.COVERED
    (finding,) = linked.findings
    assert (finding.subtype, finding.place) == ("duplicate", Place("d.rst", 7))
    assert "Prod~a~1: found it named 3 times" in finding.message


@pytest.mark.parametrize(
    ("existing", "named", "status", "also", "incoming"),
    [
        ("Prod~a~2", "Prod~a~1", LinkStatus.OUTDATED, [LinkStatus.ORPHANED], "covered outdated"),
        ("Prod~a~2", "Prod~a~3", LinkStatus.PREDATED, [LinkStatus.ORPHANED], "covered predated"),
        (
            "Prod~a~1 Prod~a~3",
            "Prod~a~2",
            LinkStatus.OUTDATED,
            [LinkStatus.ORPHANED, LinkStatus.PREDATED],
            "covered outdated",
        ),
        ("Prod~a~2", "Prod~a~2", LinkStatus.UNWANTED, [], "covered unwanted"),
        ("Prod~b~1", "Prod~a~1", LinkStatus.ORPHANED, [], None),
    ],
)
def test_what_openfasttrace_reports_besides_is_said_of_the_one_link(
    existing: str, named: str, status: LinkStatus, also: list[LinkStatus], incoming: str | None
) -> None:
    linked = link([*map(item, existing.split()), item("Dsn~d~1", covers=named)])
    (one,) = linked.links
    assert (one.status, list(one.also), one.incoming) == (status, also, incoming)


@pytest.mark.parametrize(("existing", "named"), [("A~a~1", "A~a~1"), ("A~a~2", "A~a~1"), ("A~a~1", "A~a~2")])
def test_an_item_that_names_itself_in_any_revision_is_told_so(existing: str, named: str) -> None:
    linked = link([item(existing, covers=named)])
    (finding,) = [one for one in linked.findings if one.subtype == "cycle"]
    assert "covers itself" in finding.message
    assert linked.looped == {Tag.parse(existing)}


def test_every_place_of_a_duplicate_is_named() -> None:
    items = [item("Prod~a~1", place=f"{file}.rst:1") for file in "abcd"]
    findings = link(items).findings
    assert [str(one.place) for one in findings] == ["b.rst:1", "c.rst:1", "d.rst:1"]
    for finding in findings:
        assert [f"{file}.rst:1" in finding.message for file in "abcd"] == [True] * 4


def test_thousands_of_duplicates_stay_linear() -> None:
    findings = link([item("Prod~a~1") for _ in range(20_000)]).findings
    assert len(findings) == 19_999
    assert max(len(one.message) for one in findings) < 1000


def test_a_long_cycle_and_many_links_on_one_item_stay_linear() -> None:
    cycle = [item(f"A~n{n}~1", covers=f"A~n{(n + 1) % 20_000}~1", needs="A") for n in range(20_000)]
    linked = link(cycle)
    assert set(linked.coverage.values()) == {Coverage.CYCLE}
    assert subtypes(linked) == ["cycle"]
    many = [item("Prod~p~1", needs="Dsn"), *(item(f"Dsn~d{n}~1", covers="Prod~p~1") for n in range(20_000))]
    assert len(link(many).links) == 20_000


# --- suspect ------------------------------------------------------------------------------------------------------


def suspected(items: list[Item], now: str, accepted: str) -> Linked:
    target = items[0].tag
    links = {("Dsn~d~1", "covers", str(target)): accepted}
    return link(items, accepted=linker.Accepted(links, {target: now}))


def test_a_link_whose_target_changed_since_it_was_accepted_is_suspect_and_covers_nothing() -> None:
    items = [item("Prod~a~1", needs="Dsn"), item("Dsn~d~1", covers="Prod~a~1", place="d.rst:7")]
    good = suspected(items, "same", "same")
    assert (good.links[0].status, good.links[0].accepted, good.findings) == (LinkStatus.COVERS, "same", ())
    linked = suspected(items, "new", "old")
    assert statuses(linked) == {("Dsn~d~1", "Prod~a~1"): LinkStatus.SUSPECT}
    assert (linked.links[0].accepted, linked.links[0].incoming) == ("old", None)
    assert linked.uncovered[items[0].tag] == ("Dsn",)
    (finding,) = linked.findings
    assert (finding.subtype, finding.place, finding.about) == ("suspect", Place("d.rst", 7), "Dsn~d~1")


def test_what_is_wrong_with_a_link_otherwise_stays_its_status() -> None:
    items = [item("Prod~a~1", needs="Code"), item("Dsn~d~1", covers="Prod~a~1")]
    (one,) = suspected(items, "new", "old").links
    assert (one.status, one.also) == (LinkStatus.UNWANTED, (LinkStatus.SUSPECT,))


def test_an_acceptance_of_another_revision_says_nothing() -> None:
    items = [item("Prod~a~2", needs="Dsn"), item("Dsn~d~1", covers="Prod~a~2")]
    accepted = linker.Accepted({("Dsn~d~1", "covers", "Prod~a~1"): "old"}, {items[0].tag: "new"})
    assert link(items, accepted=accepted).findings == ()


def test_evidence_needs_no_asking_for() -> None:
    index = Index([item("Prod~a~2")])
    tags = ["Prod~a~1", "Prod~a~2", "Prod~a~3", "Prod~b~1"]
    assert [index.status_of_evidence(Tag.parse(tag)) for tag in tags] == [
        LinkStatus.OUTDATED,
        LinkStatus.COVERS,
        LinkStatus.PREDATED,
        LinkStatus.ORPHANED,
    ]
