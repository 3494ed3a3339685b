"""The chains along a path are those that one finds by hand, however items are linked, and are counted before they are made."""

import itertools
import time
from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.trace.assemble import assemble_items
from sphinx_xenfusa.trace.chains import Chains, Found
from sphinx_xenfusa.trace.neighbours import Neighbours
from sphinx_xenfusa.trace.record import Item, Place, Tag, TraceRecord
from sphinx_xenfusa.trace.states import Result

TYPES = ("XenMkt", "XenProd", "XenArch", "XenSwdgn")


def item(tag: str, covers: Sequence[str] = (), needs: Sequence[str] = ()) -> Item:
    return Item(Tag.parse(tag), tag, "", Place("x.rst", 1), "oft", covers=tuple(covers), needs=tuple(needs))


def found(record: TraceRecord, path: Sequence[str], rootless: bool = True) -> Found:
    starts = [str(one.item.tag) for one in record.items if one.item.tag.type == path[0]]
    return Chains(record.items, Neighbours(record), path).found(starts, rootless)


def words(chains: Found) -> list[str]:
    return [
        " ".join("." if tag is None else tag.split("~")[1] for tag in chain.tags) + (" gap" if chain.has_gap else "")
        for chain in chains.chains
    ]


def test_follows_what_covers_and_says_what_is_lacking() -> None:
    record = assemble_items(
        [
            item("XenMkt~m1~1", needs=["XenProd"]),
            item("XenMkt~m2~1", needs=["XenProd", "XenArch"]),
            item("XenMkt~m3~1"),
            item("XenProd~p1~1", ["XenMkt~m1~1"], ["XenArch"]),
            item("XenProd~p2~1", ["XenMkt~m1~1"], ["XenArch"]),
            item("XenArch~a1~1", ["XenProd~p1~1"]),
            item("XenArch~a2~1", ["XenMkt~m2~1"]),
            item("XenArch~a3~1"),
            item("XenTest~other~1"),
        ]
    )
    chains = found(record, ("XenMkt", "XenProd", "XenArch"))
    assert words(chains) == ["m1 p1 a1", "m1 p2 . gap", "m2 . a2 gap", "m3 . .", ". . a3"]
    assert chains.gaps == {"XenMkt~m1~1", "XenMkt~m2~1"}
    assert not chains.cut
    assert words(found(record, ("XenMkt", "XenProd", "XenArch"), rootless=False)) == words(chains)[:4]


def test_a_link_that_does_not_count_is_shown_and_not_followed() -> None:
    record = assemble_items(
        [
            item("XenMkt~m~2", needs=["XenProd"]),
            item("XenProd~p~1", ["XenMkt~m~1"]),
            item("XenArch~a~1", ["XenProd~p~1"]),
        ]
    )
    chains = found(record, TYPES[:3])
    assert words(chains) == ["m p . gap", ". p a gap", ". . a"]
    first, second, _ = chains.chains
    assert (first.broken, first.worst) == ("outdated", Result.NONE)
    # XenProd needs no XenArch: that link is unwanted.
    assert second.broken == "unwanted"


def test_claims_and_tests_that_a_path_asks_for_can_be_gaps() -> None:
    record = assemble_items([item("XenMkt~m~1", needs=["XenProd"]), item("XenProd~p~1", ["XenMkt~m~1"], ["XenTest"])])
    assert words(found(record, ("XenMkt", "XenProd"))) == ["m p"]
    assert words(found(record, ("XenMkt", "XenProd", "test"))) == ["m p gap"]
    assert words(found(record, ("XenMkt", "XenProd", "claim"))) == ["m p gap"]
    assert words(found(record, ("XenMkt", "test", "XenProd"))) == ["m p"]


def by_hand(record: TraceRecord, path: Sequence[str]) -> Iterator[tuple[str | None, ...]]:
    """Every increasing choice of items on the path of which each covers the one before, that cannot be made longer."""
    tags = [str(one.item.tag) for one in record.items]
    links = {(link.source, link.target) for link in record.links if link.status.value == "covers"}
    on = [[tag for tag in tags if tag.startswith(step + "~")] for step in path]
    ways = []
    for choice in itertools.product(*([None, *column] for column in on)):
        there = [tag for tag in choice if tag is not None]
        if there and all((low, high) in links for high, low in itertools.pairwise(there)):
            ways.append((choice, there))
    whole = {tuple(there) for _, there in ways}
    for choice, there in ways:
        below = any((tag, there[-1]) in links for column in on for tag in column)
        above = any((there[0], tag) in links for column in on for tag in column)
        assert tuple(there) in whole
        if not below and not above:
            yield choice


GRAPHS = st.lists(
    st.tuples(
        st.sampled_from(range(4)),
        st.sampled_from("abc"),
        st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc"))),
    ),
    unique_by=lambda one: one[:2],
    max_size=9,
)


@given(GRAPHS)
def test_finds_every_chain_and_no_other(entries: list[tuple[int, str, list[tuple[int, str]]]]) -> None:
    # Every type may cover those above it on the path, and is wanted there.
    items = [
        item(
            f"{TYPES[level]}~{name}~1",
            sorted({f"{TYPES[above]}~{other}~1" for above, other in covers if above < level}),
            TYPES[level + 1 :],
        )
        for level, name, covers in entries
    ]
    record = assemble_items(items)
    chains = found(record, TYPES)
    if chains.cut:
        return
    mine = [chain.tags for chain in chains.chains if not chain.broken]
    assert sorted(map(str, mine)) == sorted(map(str, by_hand(record, TYPES)))
    assert {tag for chain in chains.chains for tag in chain.tags if tag} == {str(one.item.tag) for one in record.items}


def test_shared_items_do_not_make_more_chains_than_links() -> None:
    items = [item(f"XenMkt~m{n}~1", needs=["XenProd"]) for n in range(40)]
    for upper, lower in itertools.pairwise(TYPES):
        above = [str(one.tag) for one in items if one.tag.type == upper]
        needs = TYPES[TYPES.index(lower) + 1 :][:1]
        items += [item(f"{lower}~{lower[3].lower()}{n}~1", above, needs) for n in range(40)]
    record = assemble_items(items)
    chains = found(record, TYPES)
    assert chains.cut
    assert len(chains.chains) <= len(record.links)
    assert {tag for chain in chains.chains for tag in chain.tags if tag} == {str(one.tag) for one in items}
    assert sum(chain.again for chain in chains.chains) > 0


def many(size: int) -> TraceRecord:
    """Items and links in the proportions of the issue: 5 % market, 20 % product, 45 % design, 30 % further down."""
    shares = (5, 20, 45, 30)
    items: list[Item] = []
    above: list[str] = []
    for level, share in enumerate(shares):
        here = [f"{TYPES[level]}~n{number}~1" for number in range(size * share // 100)]
        for number, tag in enumerate(here):
            covers = (
                {above[(number * step) % len(above)] for step in (1, 7)[: 1 + (number % 4 == 0)]} if above else set()
            )
            items.append(item(tag, sorted(covers), TYPES[level + 1 : level + 2]))
        above = here
    return assemble_items(items)


def test_takes_a_moment_for_ten_thousand_items() -> None:
    record = many(10_000)
    assert len(record.items) == 10_000
    assert len(record.links) > 11_000
    began = time.process_time()
    chains = found(record, (*TYPES, "claim", "test"))
    took = time.process_time() - began
    assert {tag for chain in chains.chains for tag in chain.tags if tag} == {str(one.item.tag) for one in record.items}
    # A fifth of a second here; what is not linear takes minutes.
    assert took < 5
