"""The searches behind a verdict, as the reader sees them."""

from __future__ import annotations

from dataclasses import replace

from sphinx_xenfusa.explore.searches import remarks, rows
from sphinx_xenfusa.explore.verdict import Explored

ONE = Explored(
    system="ring",
    constants=(("size", "4"), ("forged", "1")),
    engine="numpy",
    states=2_585_600,
    transitions=5_947_904,
    depth=154,
    complete=True,
    rules=12,
    digest="0123456789abcdef" * 4,
    recount=2_585_600,
)


def test_a_search_is_one_row_however_often_it_was_made() -> None:
    assert rows([ONE, ONE]) == [
        (
            "ring",
            "size 4, forged 1",
            "2,585,600",
            "2,585,600 (decision diagrams)",
            "5,947,904",
            "154",
            "numpy, 0123456789ab",
        )
    ]


def test_a_search_that_a_counterexample_ended_does_not_look_complete() -> None:
    assert rows([replace(ONE, complete=False, digest="")])[0][2] == "2,585,600 (up to the counterexample)"


def test_what_never_happened_is_said() -> None:
    told = dict(remarks([replace(ONE, never_fired=("forge_used", "look_at_slot"), one_sided=("model/ring.py:12",))]))
    # The names of the rules, set off so that none of them reads as an order.
    assert told["Rules that fired"] == "ring: 10 of 12; these never did: forge used, look at slot."
    assert told["Conditions that went one way only"] == "ring: model/ring.py:12."


def test_an_assumption_that_changes_nothing_is_idle() -> None:
    told = [words for _, words in remarks([replace(ONE, dropped=(("quiet", 2_585_600), ("honest", 3_000_000)))])]
    assert "quiet: idle, without it there are as many states." in told
    assert "honest: without it 3,000,000 states instead of 2,585,600." in told


def test_what_was_not_counted_again_does_not_look_so() -> None:
    assert rows([replace(ONE, recount=None)])[0][3] == "no"


def test_switches_are_told_apart_from_numbers() -> None:
    constants = (("size", "2"), ("one_level", "True"), ("copy", "True"), ("late_eoi", "False"))
    assert rows([replace(ONE, constants=constants)])[0][1] == "size 2; on: one level, copy; off: late eoi"
