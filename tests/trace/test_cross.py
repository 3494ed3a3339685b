"""A table in two dimensions has a hit wherever a row and a column meet, and no other; its totals are those of its cells."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.trace.assemble import assemble_items
from sphinx_xenfusa.trace.cross import FIELDS, field_by_field, items_by_field, items_by_items
from sphinx_xenfusa.trace.neighbours import Neighbours
from sphinx_xenfusa.trace.record import Item, Place, Tag
from sphinx_xenfusa.trace.states import ItemKind, Result

NAMES = st.sampled_from("abcdefgh")
ENTRIES = st.lists(
    st.tuples(
        st.sampled_from(["XenMkt", "XenProd"]), NAMES, st.lists(NAMES, max_size=4), st.sampled_from([*ItemKind, None])
    ),
    unique_by=lambda one: one[:2],
    max_size=12,
)


@given(ENTRIES, st.integers(1, 5))
def test_hits_totals_and_blocks_are_those_of_the_links(
    entries: list[tuple[str, str, list[str], ItemKind | None]], width: int
) -> None:
    items = [
        Item(
            Tag(type_, name, 1),
            name,
            "",
            Place("x", 1),
            "oft",
            kind,
            covers=tuple(f"XenMkt~{one}~1" for one in dict.fromkeys(covers)) if type_ == "XenProd" else (),
            needs=("XenProd",) if type_ == "XenMkt" else (),
        )
        for type_, name, covers, kind in entries
    ]
    record = assemble_items(items)
    market = [one for one in record.items if one.item.tag.type == "XenMkt"]
    product = [one for one in record.items if one.item.tag.type == "XenProd"]
    links = {(link.target, link.source) for link in record.links}
    tags = {str(one.item.tag) for one in record.items}

    down = items_by_items(market, product, ("XenProd",), Neighbours(record))
    assert set(down.meetings) == {(high, low) for high, low in links if high in tags}
    up = items_by_items(product, market, ("XenMkt",), Neighbours(record))
    # What a product covers and nobody wrote is a column too.
    assert set(up.meetings) == {(low, high) for high, low in links}
    assert {*up.columns} == {str(one.item.tag) for one in market} | {high for high, _ in links}
    for (low, high), meeting in up.meetings.items():
        assert meeting.worst == (Result.NONE, "" if high in tags else "orphaned"), low

    kinds = field_by_field(record.items, FIELDS["kind"], FIELDS["type"], of_rows=False)
    both = Counter((one.item.kind.value if one.item.kind else "none", one.item.tag.type) for one in record.items)
    assert {where: one.number for where, one in kinds.meetings.items()} == both
    states = items_by_field(record.items, FIELDS["state"])
    for cross in (down, up, kinds, states):
        assert sum(cross.of_rows().values()) == sum(cross.of_columns().values()) == cross.hits
        seen = Counter(
            (row, column)
            for columns, rows in cross.blocks(width)
            for row in rows
            for column in columns
            if (row, column) in cross.meetings
        )
        assert seen == Counter(dict.fromkeys(cross.meetings, 1))
        assert all(len(columns) <= width for columns, _ in cross.blocks(width))
