"""One platform against all rules, and the outcome against an expectation."""

from __future__ import annotations

import itertools

import pytest

from sphinx_xenfusa.claims.platform_checks import check, expected_rules
from sphinx_xenfusa.claims.scopes import platforms
from sphinx_xenfusa.model.platform import Domain, Platform
from sphinx_xenfusa.model.rules import RULES
from sphinx_xenfusa.model.vocabulary import Capability, Criticality

TWO = Platform(
    (Domain("a", frozenset({Capability.HARDWARE})), Domain("b", frozenset({Capability.HARDWARE}), Criticality.SAFE))
)


def test_every_rule_of_the_model_is_looked_at() -> None:
    checked = check(TWO, frozenset())
    assert [one.rule for one in checked.outcomes] == [rule.name for rule in RULES]
    assert checked.broken == ("hwdom_single",)
    assert {one.rule: one.broken_by for one in checked.outcomes}["hwdom_single"] == ("a", "b")


def test_what_is_expected_is_all_that_is_broken() -> None:
    assert [one.rule for one in check(TWO, frozenset()).wrong] == ["hwdom_single"]
    assert check(TWO, frozenset({"hwdom_single"})).wrong == ()
    more = check(TWO, frozenset({"hwdom_single", "ctrldom_single"}))
    assert [one.rule for one in more.wrong] == ["ctrldom_single"]
    assert check(TWO, None).wrong == ()


def test_the_only_expectation_without_a_fault_is_what_the_rules_find() -> None:
    names = [rule.name for rule in RULES][:3]
    guesses = [frozenset(some) for size in range(4) for some in itertools.combinations(names, size)]
    for platform in platforms(2):
        broken = frozenset(check(platform, None).broken)
        right = [guess for guess in guesses if not check(platform, guess).wrong]
        assert right == ([broken] if broken in guesses else [])


def test_names_and_tags_of_rules() -> None:
    assert expected_rules(["compatible"]) == frozenset()
    assert expected_rules(["hwdom_single", "XenArch~ctrldom_single~1"]) == {"hwdom_single", "ctrldom_single"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "found nothing; expected compatible"),
        (["compatible", "hwdom_single"], "found compatible beside hwdom_single"),
        (["hwdom_singel"], r"found 'hwdom_singel' \(did you mean hwdom_single\?\); expected"),
        (["compatibel"], r"found 'compatibel' \(did you mean compatible\?\)"),
        (["XenArch~hwdom_singel~1"], r"found 'XenArch~hwdom_singel~1' \(did you mean hwdom_single\?\)"),
    ],
)
def test_expectations_that_mean_nothing(words: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        expected_rules(words)
