"""What a record amounts to: OpenFastTrace's defects, and that nothing counts as in order that is not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.judgement import Fault, Judgement, Order, judge
from sphinx_xenfusa.trace.record import Finding, Item, Justification, Place, Tag
from sphinx_xenfusa.trace.states import ExitCode, LinkStatus, OftStatus


def item(tag: str, *covers: str, needs: Iterable[str] = (), line: int = 1, **other: OftStatus) -> Item:
    status = other.get("status", OftStatus.APPROVED)
    place = Place("a.rst", line)
    return Item(Tag.parse(tag), "", "", place, "oft", covers=covers, needs=tuple(needs), oft_status=status)


def judged(*items: Item, findings: Iterable[Finding] = (), justifications: Iterable[Justification] = ()) -> Judgement:
    return judge(
        assemble(
            project="",
            version="",
            items=items,
            verdicts=(),
            reports=(),
            findings=findings,
            policies=(),
            target_policy="specification",
            confirm_mode="off",
            known_claims=(),
            results_expected=False,
            justifications=justifications,
        )
    )


def faults(judgement: Judgement) -> dict[str, list[Fault]]:
    return {one.id: [fault for fault, _ in one.faults] for one in judgement.items}


def excuse(tag: str, *, expired: bool = False) -> Justification:
    return Justification(tag, "not before 5.0", "owner", "2099-01-01", expired, Place("j.yaml", 1))


ORIGIN, DETAIL = item("A~o~1", needs=["B"]), item("B~d~1", "A~o~1", needs=["C"])


def test_nothing_wrong_is_good() -> None:
    judgement = judged(item("A~o~1", needs=["B"]), item("B~d~1", "A~o~1"))
    assert faults(judgement) == {"A~o~1": [], "B~d~1": []}
    assert (judgement.good, judgement.exit_code) == (True, ExitCode.GOOD)


def test_what_lacks_coverage_and_what_rests_on_it_are_told_apart() -> None:
    judgement = judged(ORIGIN, DETAIL)
    assert faults(judgement) == {"A~o~1": [Fault.BELOW], "B~d~1": [Fault.LACKS]}
    assert judgement.totals.faults == {Fault.BELOW: 1, Fault.LACKS: 1}
    assert judgement.totals.lacking == {"C": 1}
    assert judgement.exit_code is ExitCode.FINDING


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([item("A~o~2", needs=["B"]), item("B~d~1", "A~o~1")], {"A~o~2": Fault.BAD_COVERAGE, "B~d~1": Fault.BAD_LINK}),
        ([item("A~o~1", needs=["B"]), item("B~d~1", "A~o~2")], {"A~o~1": Fault.BAD_COVERAGE, "B~d~1": Fault.BAD_LINK}),
        ([item("A~o~1"), item("B~d~1", "A~o~1")], {"A~o~1": Fault.BAD_COVERAGE, "B~d~1": Fault.BAD_LINK}),
        ([item("B~d~1", "A~none~1")], {"B~d~1": Fault.BAD_LINK}),
        ([item("A~o~1"), item("A~o~1", line=9)], {"A~o~1": Fault.DUPLICATE}),
        ([item("A~o~1", "A~o~1", needs=["A"])], {"A~o~1": Fault.CYCLE}),
    ],
    ids=["outdated", "predated", "unwanted", "orphaned", "duplicate", "cycle"],
)
def test_each_wrong_link_is_a_defect_at_both_ends(items: list[Item], expected: dict[str, Fault]) -> None:
    judgement = judged(*items)
    found = faults(judgement)
    assert {tag for tag, fault in expected.items() if fault not in found[tag]} == set()
    assert {one.id for one in judgement.defects} == set(expected)


def test_a_rejected_item_asks_for_nothing_unless_it_stands_twice() -> None:
    rejected = item("A~o~1", needs=["B"], status=OftStatus.REJECTED)
    assert judged(rejected).items[0].order is Order.REJECTED
    assert judged(rejected, replace(rejected, place=Place("b.rst", 1))).items[0].order is Order.DEFECT


def test_what_is_justified_is_neither_a_defect_nor_in_order_and_neither_is_what_rests_on_it() -> None:
    judgement = judged(ORIGIN, DETAIL, justifications=[excuse("B~d~1")])
    assert [one.order for one in judgement.items] == [Order.JUSTIFIED, Order.JUSTIFIED]
    assert judgement.totals.orders[Order.IN_ORDER] == 0
    assert judgement.exit_code is ExitCode.GOOD


def test_an_expired_justification_excuses_nothing() -> None:
    judgement = judged(ORIGIN, DETAIL, justifications=[excuse("B~d~1", expired=True)])
    assert {one.order for one in judgement.items} == {Order.DEFECT}


def test_one_lack_without_an_excuse_is_enough_above() -> None:
    other = item("B~e~1", "A~o~1", needs=["C"])
    judgement = judged(ORIGIN, DETAIL, other, justifications=[excuse("B~d~1")])
    assert {one.id: one.order for one in judgement.items} == {
        "A~o~1": Order.DEFECT,
        "B~d~1": Order.JUSTIFIED,
        "B~e~1": Order.DEFECT,
    }


def test_a_finding_about_an_item_keeps_it_from_being_in_order() -> None:
    finding = Finding("tag", Place("a.rst", 4), "A~o~1", "found nonsense")
    judgement = judged(item("A~o~1"), findings=[finding])
    assert faults(judgement) == {"A~o~1": [Fault.FINDING]}
    assert judgement.exit_code is ExitCode.FINDING


def test_what_could_not_be_read_outweighs_what_was_found() -> None:
    unreadable = Finding("input", Place("b.rst", 1), "b.rst", "found the byte 0xff")
    assert judged(item("A~o~1"), findings=[unreadable]).exit_code is ExitCode.UNREADABLE
    assert judged(ORIGIN, DETAIL, findings=[unreadable]).exit_code is ExitCode.UNREADABLE


NAMES = st.sampled_from(["A~a~1", "A~a~2", "B~b~1", "B~c~1", "C~d~1"])


@st.composite
def trees(draw: st.DrawFn) -> list[Item]:
    tags = draw(st.lists(NAMES, min_size=1, max_size=6))
    return [
        item(
            tag,
            *draw(st.lists(NAMES, max_size=3)),
            needs=draw(st.lists(st.sampled_from("ABC"), max_size=2, unique=True)),
            line=number + 1,
            status=draw(st.sampled_from([OftStatus.APPROVED, OftStatus.DRAFT, OftStatus.REJECTED])),
        )
        for number, tag in enumerate(tags)
    ]


@given(trees(), st.sets(NAMES))
def test_every_number_adds_up_and_only_what_openfasttrace_calls_clean_is_in_order(
    items: list[Item], excused: set[str]
) -> None:
    judgement = judged(*items, justifications=[excuse(tag) for tag in excused])
    assert judgement.totals.items == len(judgement.items) == judgement.totals.orders.total()
    assert judgement.totals.orders == sum(
        (one.orders for one in judgement.by_type.values()), start=type(judgement.totals.orders)()
    )
    for one in judgement.items:
        clean = (
            one.traced.coverage.value == "covered"
            and not one.traced.duplicates
            and all(link.status is LinkStatus.COVERS for link in (*one.outgoing, *one.incoming))
        )
        assert (one.order is Order.IN_ORDER) <= clean
        if clean and not one.findings and one.traced.item.oft_status is not OftStatus.REJECTED:
            assert one.order is Order.IN_ORDER


@given(trees(), st.sets(NAMES))
def test_an_excuse_makes_nothing_in_order(items: list[Item], excused: set[str]) -> None:
    before = {one.id for one in judged(*items).items if one.order is Order.IN_ORDER}
    after = judged(*items, justifications=[excuse(tag) for tag in excused])
    assert {one.id for one in after.items if one.order is Order.IN_ORDER} <= before
