"""The platforms that are enumerated: complete, symmetric ones once, and as many as Burnside's lemma counts."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import pytest

from sphinx_xenfusa.claims.attempts import situations
from sphinx_xenfusa.claims.scopes import burnside, domain_kinds, pairs, platforms, scope_a
from sphinx_xenfusa.model.platform import Domain, Platform, broken_reference
from sphinx_xenfusa.model.vocabulary import Capability, Criticality


def kind(domain: Domain) -> tuple[object, ...]:
    return (tuple(sorted(domain.capabilities)), domain.criticality, domain.safety_tasks, domain.xenstore)


def kinds(platform: Platform) -> tuple[object, ...]:
    """What is left of a platform when names and order are forgotten."""
    return tuple(sorted(kind(domain) for domain in platform.domains))


def test_kinds_of_domain() -> None:
    expected = {
        (tuple(sorted(capabilities)), criticality, False, False)
        for capabilities in [(), (Capability.HARDWARE,), (Capability.CONTROL,), tuple(Capability)]
        for criticality in Criticality
    }
    assert {kind(domain) for domain in domain_kinds(safety_tasks=False)} == expected
    assert len(domain_kinds(safety_tasks=False)) == 8
    assert len(domain_kinds(safety_tasks=True)) == len({kind(one) for one in domain_kinds(safety_tasks=True)}) == 16


def test_sizes_of_scope_a() -> None:
    assert Counter(len(platform.domains) for platform in platforms(4)) == {1: 8, 2: 36, 3: 120, 4: 330}
    assert [sum(1 for _ in platforms(most)) for most in (1, 2, 3, 4)] == [8, 44, 164, 494]
    assert [burnside(8, most) for most in (1, 2, 3, 4)] == [8, 44, 164, 494]


@pytest.mark.parametrize("safety_tasks", [False, True])
@pytest.mark.parametrize("most", [1, 2, 3])
def test_enumeration_equals_burnside(most: int, safety_tasks: bool) -> None:
    number = len(domain_kinds(safety_tasks=safety_tasks))
    assert sum(1 for _ in platforms(most, safety_tasks=safety_tasks)) == burnside(number, most)


@pytest.mark.parametrize("number", range(1, 7))
@pytest.mark.parametrize("most", range(1, 6))
def test_burnside_by_brute_force(number: int, most: int) -> None:
    counted = {
        tuple(sorted(chosen)) for size in range(1, most + 1) for chosen in itertools.product(range(number), repeat=size)
    }
    assert burnside(number, most) == len(counted)
    assert burnside(number, most) == math.comb(number + most, most) - 1


def test_every_platform_once() -> None:
    times = Counter(kinds(platform) for platform in platforms(4))
    assert set(times.values()) == {1}
    every = [kind(domain) for domain in domain_kinds(safety_tasks=False)]
    for size in (1, 2, 3):
        assert {chosen for chosen in times if len(chosen) == size} == {
            tuple(sorted(chosen)) for chosen in itertools.product(every, repeat=size)
        }


def test_smallest_first_and_without_ambiguity() -> None:
    sizes = [len(platform.domains) for platform in platforms(4)]
    assert sizes == sorted(sizes)
    assert all(broken_reference(platform) is None for platform in platforms(4))


def test_pairs_stand_for_every_pair_of_kinds() -> None:
    for platform in platforms(4):
        found = list(pairs(platform))
        expected = Counter()
        for subject, target in itertools.product(range(len(platform.domains)), repeat=2):
            one, other = platform.domains[subject], platform.domains[target]
            expected[kind(one), kind(other), subject == target] = 1
        told = Counter(
            (kind(platform.domains[subject]), kind(platform.domains[target]), subject == target)
            for subject, target in found
        )
        assert told == expected


def test_scope_tells_both_counts() -> None:
    plain, with_tasks = scope_a("words"), scope_a("words", safety_tasks=True)
    assert (plain.platforms, plain.recount) == (494, 494)
    assert (with_tasks.platforms, with_tasks.recount) == (4844, 4844)
    assert plain.name != with_tasks.name
    assert "words" in plain.words
    assert plain.assumptions


def test_arrangements_start_with_the_initial_state() -> None:
    for situation in situations(small=True):
        assert situation.start.power == "up"
        assert {domain.life for domain in situation.start.domains} == {"running"}
        assert not situation.start.offers
        assert len({arrangement.system for arrangement in situation.arrangements}) == len(situation.arrangements)
        assert len(situation.arrangements) == (1 if situation.pair[0] == situation.pair[1] else 16)
        for arrangement in situation.arrangements:
            assert arrangement.system.domains[situation.pair[0]].life == "running"
            assert {offer.by for offer in arrangement.system.offers} <= {situation.pair[1]}
        to = {frozenset(offer.to for offer in arrangement.system.offers) for arrangement in situation.arrangements}
        if situation.pair[0] != situation.pair[1]:
            assert len(to) == 3, "to nobody, to the subject, to somebody else"
            assert {frozenset(), frozenset({situation.pair[0]})} < to
