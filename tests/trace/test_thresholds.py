"""A threshold of a matrix is read as written or refused with what was expected, and counts like a gate of the tracing policy."""

from collections.abc import Sequence

import pytest

from sphinx_xenfusa.explore.verdict import Scope, Verdict, VerdictKind
from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.policy import Evidence
from sphinx_xenfusa.trace.record import Finding, Gate, Item, Justification, Place, Tag, TraceRecord
from sphinx_xenfusa.trace.thresholds import Thresholds, parse_threshold

PLACE = Place("index.rst", 7)


def record_of(kinds: Sequence[VerdictKind | None], justified: Sequence[str] = ()) -> TraceRecord:
    """Items a, b, c … with one claim each that came out like this; none for an item without a claim."""
    items, verdicts = [], []
    for name, kind in zip("abcdefgh", kinds, strict=False):
        claims = (f"claim_{name}",) if kind else ()
        items.append(Item(Tag("XenArch", name, 1), name, "", PLACE, "directive", confirmed_by=claims))
        verdicts += [Verdict(f"claim_{name}", None, kind, Scope("A", "all", 1, 1, ()))] if kind else []
    return assemble(
        project="p",
        version="1",
        items=items,
        verdicts=verdicts,
        reports=[],
        findings=[],
        policies=("specification",),
        target_policy="specification",
        confirm_mode="cache",
        known_claims=[one.claim for one in verdicts],
        results_expected=False,
        justifications=[Justification(tag, "why", "who", "2999-01-01", False, PLACE) for tag in justified],
    )


def judged(record: TraceRecord, text: str, gaps: Sequence[str] = ()) -> tuple[Gate, Sequence[Finding]]:
    asked = Thresholds("index.rst", PLACE, "all items", [parse_threshold(text)], record.items, gaps)
    (gate,), findings = asked.judged(Evidence(record.links, record.reviews))
    return gate, findings


CONFIRMED, REFUTED = VerdictKind.CONFIRMED, VerdictKind.REFUTED
THREE_OF_FOUR = record_of([CONFIRMED, CONFIRMED, CONFIRMED, REFUTED])


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("passed >= 75 %", True),
        ("passed >= 75.1 %", False),
        ("passed = 100 %", False),
        ("failed = 0", False),
        ("failed <= 1", True),
        ("failed <= 0", False),
        ("failed <= 25%", True),
        ("failed <= 24 %", False),
        ("suspect = 0", True),
        ("model >= 75 %", True),
        ("model = 100 %", False),
        ("not run = 0 %", True),
        ("covered = 100 %", True),
        ("review = 100 %", False),
    ],
)
def test_is_met_by_what_the_items_have(text: str, met: bool) -> None:
    gate, findings = judged(THREE_OF_FOUR, text)
    assert (gate.of, gate.met, len(findings)) == (4, met, not met)


def test_says_what_was_found_what_was_expected_and_which_items() -> None:
    gate, (finding,) = judged(THREE_OF_FOUR, "passed  =  100%")
    assert (gate.name, gate.counted, gate.required) == ("index.rst: passed = 100%", 3, 100.0)
    assert (finding.subtype, finding.place) == ("gate", PLACE)
    assert finding.message == "all items: found 3 of 4 passed; expected passed = 100%; the others: XenArch~d~1"
    gate, (finding,) = judged(THREE_OF_FOUR, "failed = 0")
    assert (gate.counted, gate.required, gate.words) == (3, 100.0, "all items: not failed")
    assert finding.message == "all items: found 1 of 4 failed; expected failed = 0; these: XenArch~d~1"


def test_gaps_are_those_of_the_matrix() -> None:
    gate, findings = judged(THREE_OF_FOUR, "gap = 0", ["XenArch~b~1"])
    assert gate.met is False
    assert "found 1 of 4 with a gap; expected gap = 0; these: XenArch~b~1" in findings[0].message


def test_of_no_item_a_threshold_is_neither_met_nor_missed() -> None:
    gate, findings = judged(record_of([]), "passed = 100 %")
    assert (gate.of, gate.met, list(findings)) == (0, None, [])


def test_a_justified_item_is_counted_apart_and_never_as_passed() -> None:
    record = record_of([CONFIRMED, None], ["XenArch~b~1"])
    gate, findings = judged(record, "passed = 100 %")
    assert (gate.counted, gate.of, gate.justified, gate.met) == (1, 2, 1, False)
    assert "(1 of the others justified)" in findings[0].message
    assert judged(record, "justified = 0")[0].met is False


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pased = 100 %", "expected one of covered, suspect"),
        ("passed > 5 %", "expected WORD >= NUMBER %"),
        ("passed", "expected WORD >= NUMBER %"),
        ("passed >= 101 %", "expected a share from 0 to 100 %"),
        ("passed = 50 %", "'>=' or '<='"),
        ("failed = 3", "'>=' or '<='"),
        ("passed >= 3", "expected a share in percent"),
        ("failed <= 1.5", "expected a whole number"),
        ("passed >= -1 %", "expected WORD"),
        ("passed >= nan %", "expected WORD"),
        ("", "expected WORD"),
    ],
)
def test_what_is_no_threshold_is_refused(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match="found") as raised:
        parse_threshold(text)
    assert expected in str(raised.value)
