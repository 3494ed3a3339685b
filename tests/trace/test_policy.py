"""The tracing policy and its gates, justified exclusions, retired ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.explore.verdict import Scope, Verdict, VerdictKind
from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.policy import AllOf, AnyOf, Demand, is_met, parse_needs
from sphinx_xenfusa.trace.record import Item, Justification, Place, Review, Tag, Tombstone, TracedItem, TraceRecord
from sphinx_xenfusa.trace.record import TestCase as Case
from sphinx_xenfusa.trace.record import TestReport as Report
from sphinx_xenfusa.trace.serialise import to_json, validate
from sphinx_xenfusa.trace.states import ItemKind, Outcome, Result

SCOPE = Scope("A", "everything", 1, None, ())


def item(tag: str, **values: Any) -> Item:
    return Item(Tag.parse(tag), "", "", Place("a.rst", 1), "oft", **values)


def demand(needs: str, **values: Any) -> Demand:
    given: dict[str, Any] = {"name": "g", "types": (), "kinds": (), "levels": (), "at_least": 100.0, "excusable": 0}
    return Demand(words=needs, need=parse_needs(needs), place=Place("policy.yaml", 3), **(given | values))


def record(
    items: Iterable[Item],
    demands: Iterable[Demand] = (),
    justified: Iterable[Justification] = (),
    stones: Iterable[Tombstone] = (),
    cases: Sequence[Case] = (),
    reviews: Iterable[Review] = (),
    texts: dict[str, str] | None = None,
) -> TraceRecord:
    made = assemble(
        project="p",
        version="1",
        items=items,
        verdicts=[
            Verdict("good", None, VerdictKind.CONFIRMED, SCOPE),
            Verdict("bad", None, VerdictKind.REFUTED, SCOPE),
        ],
        reports=[Report("r.xml", "", "", tuple(cases))],
        findings=(),
        policies=("specification", "dummy"),
        target_policy="dummy",
        confirm_mode="cache",
        known_claims=("good", "bad"),
        results_expected=False,
        justifications=justified,
        tombstones=stones,
        demands=demands,
        reviews=reviews,
        accepted_texts=texts,
    )
    validate(to_json(made))
    return made


def justification(tag: str = "Prod~p~1", expired: bool = False) -> Justification:
    return Justification(tag, "no hardware", "the safety manager", "2026-06-30", expired, Place("j.yaml", 2))


def only(made: TraceRecord) -> TracedItem:
    (one,) = made.items
    return one


def found(made: TraceRecord, subtype: str) -> list[str]:
    return [one.message for one in made.findings if one.subtype == subtype]


PASSED = Case("r.xml", "", "t", Outcome.PASSED, ("Prod~p~1",))

# --- words ---------------------------------------------------------------------------------------------------------


def test_and_binds_closer_than_or_and_brackets_group() -> None:
    assert parse_needs("model or test and review") == AnyOf(("model", AllOf(("test", "review"))))
    assert parse_needs("(model or test)and review") == AllOf((AnyOf(("model", "test")), "review"))
    assert parse_needs(" XenSwdgn ") == "XenSwdgn"


@pytest.mark.parametrize(
    "text", ["", " ", "model or", "and test", "model test", "(model", "model)", "()", "model, test", "a~b", "x " * 200]
)
def test_what_is_no_need_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_needs(text)


@pytest.mark.parametrize(
    ("text", "need"),
    [
        ("test on arm64", "test on arm64"),
        ("XenTest on qemu_x86/atom or model", AnyOf(("test on qemu_x86/atom", "model"))),
        ('(test on "a board (big)") and test', AllOf(("test on a board (big)", "test"))),
        ("test on all targets and review", AllOf(("test on all targets", "review"))),
        ("test on all", "test on all"),
    ],
)
def test_tests_can_be_asked_for_on_targets(text: str, need: object) -> None:
    assert parse_needs(text) == need


@pytest.mark.parametrize(
    "text", ["test on", "test on (", "test on and model", "model on arm64", 'test on "a', "test arm64"]
)
def test_tests_on_nothing_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_needs(text)


WORDS = st.sampled_from(["model", "test", "review", "A", "B"])
NEEDS = st.recursive(
    WORDS,
    lambda inner: st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})"),
).filter(lambda text: len(text) <= 200)


@given(NEEDS, st.frozensets(WORDS))
def test_a_need_means_what_python_makes_of_its_words(text: str, has: frozenset[str]) -> None:
    values = {word: word in has for word in ("model", "test", "review", "A", "B")}
    assert is_met(parse_needs(text), has) is eval(text, {}, values)


# --- gates ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("needs", "met"),
    [
        ("model", True),
        ("test", True),
        ("XenTest", True),
        ("Dsn", True),
        ("review", True),
        ("coverage", True),
        ("model and test and review and Dsn", True),
        ("Code", False),
        ("Code or model", True),
        ("Code and model", False),
    ],
)
def test_what_an_item_has(needs: str, met: bool) -> None:
    items = [item("Prod~p~1", needs=("Dsn", "XenTest"), confirmed_by=("good",)), item("Dsn~d~1", covers=("Prod~p~1",))]
    digest = record(items).items[1].fingerprint
    review = Review("Prod~p~1", digest, "a", "b", "2026-01-01", (), True, Place("r.yaml", 1))
    made = record(items, [demand(needs, types=("Prod",))], cases=[PASSED], reviews=[review])
    (gate,) = made.gates
    assert (gate.counted, gate.of, gate.met) == (int(met), 1, met)
    assert made.items[1].lacks == (() if met else (needs,))
    assert bool(found(made, "gate")) is not met


@pytest.mark.parametrize("claim", ["bad", "unknown"])
def test_what_did_not_pass_is_not_there(claim: str) -> None:
    failed = Case("r.xml", "", "t", Outcome.FAILED, ("Prod~p~1",))
    made = record([item("Prod~p~1", confirmed_by=(claim,))], [demand("model or test or review")], cases=[failed])
    assert made.gates[0].met is False


def test_what_was_found_for_a_text_that_changed_since_it_was_accepted_counts_for_nothing() -> None:
    items = [item("Prod~p~1", confirmed_by=("good",))]
    texts = {"Prod~p~1": only(record(items)).fingerprint}
    assert record(items, [demand("model and test")], cases=[PASSED], texts=texts).gates[0].met is True
    other = {"Prod~p~1": "0" * 64}
    assert record(items, [demand("model or test")], cases=[PASSED], texts=other).gates[0].met is False


def test_an_inspection_of_another_text_or_that_does_not_hold_is_none() -> None:
    digest = only(record([item("Prod~p~1")])).fingerprint
    for review in (
        Review("Prod~p~1", "0" * 64, "a", "b", "2026-01-01", (), True, Place("r.yaml", 1)),
        Review("Prod~p~1", digest, "a", "a", "2026-01-01", (), False, Place("r.yaml", 1)),
    ):
        assert record([item("Prod~p~1")], [demand("review")], reviews=[review]).gates[0].counted == 0


def test_a_gate_concerns_the_items_of_its_type_kind_and_level() -> None:
    items = [
        item("Prod~a~1", kind=ItemKind.RULE, level="ASIL B"),
        item("Prod~b~1", kind=ItemKind.RULE),
        item("Prod~c~1", kind=ItemKind.HAZARD, level="ASIL B"),
        item("Mkt~d~1", kind=ItemKind.RULE, level="ASIL B"),
    ]
    every = demand("model", types=("Prod",), kinds=(ItemKind.RULE,), levels=("ASIL B",))
    made = record(items, [every])
    assert [str(one.item.tag) for one in made.items if one.lacks] == ["Prod~a~1"]
    assert made.gates[0].words == "Prod items of kind rule at ASIL B need model"
    assert record(items, [demand("model")]).gates[0].of == 4


def test_of_no_item_the_gate_is_neither_met_nor_missed() -> None:
    made = record([item("Prod~p~1")], [demand("model", types=("Mkt",))])
    assert (made.gates[0].counted, made.gates[0].of, made.gates[0].met) == (0, 0, None)
    assert made.findings == ()


@pytest.mark.parametrize(("at_least", "met"), [(0, True), (66.6, True), (66.7, False), (100, False)])
def test_the_threshold_is_held_exactly(at_least: float, met: bool) -> None:
    items = [item(f"Prod~p{n}~1", confirmed_by=("good",) if n else ()) for n in range(3)]
    made = record(items, [demand("model", at_least=at_least)])
    assert (made.gates[0].counted, made.gates[0].of, made.gates[0].met) == (2, 3, met)
    for message in found(made, "gate"):
        assert "found 2 of 3" in message
        assert "Prod~p0~1" in message


def test_a_need_of_a_type_that_nothing_has_is_told() -> None:
    made = record([item("Prod~p~1", needs=("Dsn",), confirmed_by=("good",))], [demand("model or modle"), demand("Dsn")])
    assert [message for message in found(made, "policy") if "'modle'" in message]
    assert len(found(made, "policy")) == 1


# --- justified -----------------------------------------------------------------------------------------------------


def test_a_justified_item_is_in_the_total_and_never_counted() -> None:
    items = [item("Prod~p~1", needs=("Dsn",)), item("Prod~q~1", confirmed_by=("good",))]
    made = record(items, [demand("model")], [justification()])
    gate = made.gates[0]
    assert (gate.counted, gate.of, gate.justified, gate.met) == (1, 2, 1, False)
    assert record(items, [demand("model", excusable=1)], [justification()]).gates[0].met is True
    assert record(items, [demand("model", excusable=1)]).gates[0].met is False
    one = made.items[0]
    assert (one.result, one.justified, one.uncovered, one.coverage.value) == (
        Result.JUSTIFIED,
        True,
        ("Dsn",),
        "uncovered",
    )
    assert made.justifications == (justification(),)
    assert found(made, "justification") == []


@pytest.mark.parametrize("needs", [(), ("XenTest",), ("Dsn",)])
def test_it_excuses_what_is_missing(needs: tuple[str, ...]) -> None:
    assert only(record([item("Prod~p~1", needs=needs)], justified=[justification()])).result is Result.JUSTIFIED


@pytest.mark.parametrize(
    ("claims", "cases", "result"),
    [
        (("bad",), [], Result.FAILED),
        (("unknown",), [], Result.NOT_RUN),
        (("good",), [Case("r.xml", "", "t", Outcome.FAILED, ("Prod~p~1",))], Result.FAILED),
        (("good",), [Case("r.xml", "", "t", Outcome.ERROR, ("Prod~p~1",))], Result.ERROR),
        (("good",), [], Result.JUSTIFIED),
    ],
)
def test_it_hides_nothing_that_was_found(claims: tuple[str, ...], cases: list[Case], result: Result) -> None:
    items = [item("Prod~p~1", needs=("XenTest",), confirmed_by=claims)]
    assert only(record(items, justified=[justification()], cases=cases)).result is result


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (justification(expired=True), "expired on 2026-06-30"),
        (justification("Prod~other~1"), "no such item"),
        (justification("Prod~p~2"), "in revision 1"),
    ],
)
def test_one_that_does_not_hold_excuses_nothing_and_is_told(one: Justification, words: str) -> None:
    made = record([item("Prod~p~1", needs=("Dsn",))], justified=[one])
    assert (only(made).result, only(made).justified) == (Result.NONE, False)
    (finding,) = [one for one in made.findings if one.subtype == "justification"]
    assert words in finding.message
    assert finding.place == Place("j.yaml", 2)


def test_one_that_excuses_nothing_is_told() -> None:
    made = record([item("Prod~p~1", confirmed_by=("good",))], justified=[justification()])
    assert (only(made).result, only(made).justified) == (Result.PASSED, False)
    assert "lacks nothing" in found(made, "justification")[0]


# --- retired -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["Prod~p~1", "Prod~p~7", "prod~P~1"])
def test_a_retired_id_is_not_used_again(tag: str) -> None:
    stone = Tombstone("Prod~p", "split in two", "Prod~q~1", Place("retired.yaml", 4))
    made = record([item(tag), item("Prod~pp~1")], stones=[stone])
    assert made.tombstones == (stone,)
    (finding,) = [one for one in made.findings if one.subtype == "retired"]
    assert (finding.about, finding.place) == (tag, Place("a.rst", 1))
    for words in ("retired.yaml:4", "split in two", "Prod~q~1"):
        assert words in finding.message


# --- targets and parts ---------------------------------------------------------------------------------------------


def on(
    target: str, outcome: Outcome = Outcome.PASSED, tag: str = "Prod~p~1", name: str = "t", part: bool = False
) -> Case:
    tags = ((), (tag,)) if part else ((tag,), ())
    return Case("r.xml", "", name, outcome, *tags, target=target)


def met(needs: str, *cases: Case, **values: Any) -> bool | None:
    made = record(
        [item("Prod~p~1"), item("Prod~other~1")], [demand(needs, types=("Prod",), at_least=50.0, **values)], cases=cases
    )
    (gate,) = made.gates
    assert gate.counted == (gate.met is True)
    return gate.met


@pytest.mark.parametrize(
    ("needs", "expected"),
    [("test", True), ("test on a", True), ("test on b", False), ("test on c", False), ("test on all targets", False)],
)
def test_a_gate_asks_for_tests_on_targets(needs: str, expected: bool) -> None:
    assert met(needs, on("a"), on("b", Outcome.SKIPPED)) is expected


def test_all_targets_are_those_that_any_test_ran_on() -> None:
    elsewhere = on("c", Outcome.FAILED, "Prod~other~1", "u")
    assert met("test on all targets", on("a"), on("b"))
    assert not met("test on all targets", on("a"), on("b"), elsewhere)
    assert met("test on all targets", on("a"), on("b"), on("c"), elsewhere)
    assert not met("test on all targets", on(""))  # nobody knows where it ran


def test_a_target_on_which_nothing_ran_is_a_finding() -> None:
    made = record([item("Prod~p~1")], [demand("test on b or model")], cases=[on("a")])
    assert found(made, "policy") == [
        "g: found the need of a test on b, on which no test ran that verifies an item; expected a"
    ]
    assert found(record([item("Prod~p~1")], [demand("test on a or model")], cases=[on("a")]), "policy") == []


PARTS = [on("a", name="t", part=True), on("a", name="u", part=True)]


@pytest.mark.parametrize(
    ("cases", "result"),
    [
        (PARTS, Result.PASSED),
        (PARTS[:1], Result.PARTIAL),
        ([*PARTS[:1], on("b", name="u", part=True)], Result.PARTIAL),
        ([*PARTS, on("b", name="u", part=True)], Result.PASSED),
        ([*PARTS, on("a", Outcome.SKIPPED, name="v", part=True)], Result.PARTIAL),
        ([*PARTS, on("b", Outcome.SKIPPED, name="v", part=True)], Result.PASSED),
        ([*PARTS, on("b", Outcome.FAILED, name="v", part=True)], Result.FAILED),
    ],
)
def test_parts_are_enough_only_where_the_policy_says_so(cases: list[Case], result: Result) -> None:
    enough = demand("test", types=("Prod",), parts_are_enough=True)
    assert only(record([item("Prod~p~1")], [enough], cases=cases)).result is result
    for demands in ([], [demand("test")], [demand("test", types=("Other",), parts_are_enough=True)]):
        without = only(record([item("Prod~p~1")], demands, cases=cases)).result
        assert without is (Result.FAILED if result is Result.FAILED else Result.PARTIAL)
