"""The platforms that are enumerated: complete, symmetric ones once, and as many as Burnside's lemma counts."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator

import pytest

from sphinx_xenfusa.claims.attempts import PrivilegeModel, arranged, situations, step, takes
from sphinx_xenfusa.claims.scopes import (
    burnside,
    domain_kinds,
    pairs,
    platforms,
    platforms_with_links,
    scope_a,
    scope_b,
    view,
)
from sphinx_xenfusa.model.effects import PLATFORM, touched
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.platform import Domain, Platform, broken_reference
from sphinx_xenfusa.model.policies import POLICIES, Policy, relation_of, relation_to_none
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


def every_pair(some: Iterable[Platform]) -> Iterator[tuple[Platform, int, int]]:
    for platform in some:
        for subject, target in itertools.product(range(len(platform.domains)), repeat=2):
            yield platform, subject, target


def test_sizes_of_scope_b() -> None:
    """The figures of the project's semantics: 194,570 platforms of four domains with at most two links, 2,618,378 with three."""
    assert [burnside(8, most, 2) - burnside(8, most - 1, 2) for most in (1, 2, 3, 4)] == [8, 820, 23_032, 194_570]
    assert burnside(8, 4, 3) - burnside(8, 3, 3) == 2_618_378
    whole = scope_b("words")
    assert (whole.platforms, whole.recount) == (218_430, 218_430)
    assert sum(1 for _ in platforms_with_links(3)) == 8 + 820 + 23_032


@pytest.mark.parametrize("most_links", [0, 1, 2])
def test_link_sets_by_brute_force(most_links: int) -> None:
    """Every labelled platform of two domains, put into one class with its mirror image."""
    ends = [(one, other, *used) for one, other in ((0, 1), (1, 0)) for used in itertools.product((0, 1), repeat=2)]
    chosen = [
        links
        for size in range(most_links + 1)
        for links in itertools.combinations(ends, size)
        if len({link[:2] for link in links}) == size
    ]
    labelled = {
        min((kinds, links), (kinds[::-1], tuple(sorted((1 - one, 1 - other, *used) for one, other, *used in links))))
        for kinds in itertools.product(range(8), repeat=2)
        for links in chosen
    }
    assert burnside(8, 2, most_links) - burnside(8, 1, most_links) == len(labelled)


def test_platforms_with_links_are_unambiguous_and_their_backends_have_a_device() -> None:
    for platform in itertools.islice(platforms_with_links(3), 0, None, 37):
        assert broken_reference(platform) is None
        served = {device.name: device.assigned_to for device in platform.devices}
        for link in platform.links:
            backend = platform.domains[platform.position(link.backend)]
            assert served[str(link.device)] == (() if backend.has(Capability.HARDWARE) else (backend.name,))


def some_of_three_domains() -> Iterator[Platform]:
    return itertools.islice(platforms_with_links(3), 828, None, 11)


def test_every_view_of_every_platform_is_tried() -> None:
    """All platforms of up to two domains, and every eleventh of three with up to two links."""
    tried = {view(one.platform, one.subject, one.target) for one in pairs(4, 2)}
    assert len(tried) == len(pairs(4, 2))
    for platform, subject, target in every_pair(itertools.chain(platforms_with_links(2), some_of_three_domains())):
        assert view(platform, subject, target) in tried


@pytest.mark.parametrize("policy", POLICIES.values(), ids=list(POLICIES))
def test_the_model_tells_no_two_pairs_of_one_view_apart(policy: Policy) -> None:
    """The whole relation that a decision looks at is the same on every pair and on the pair that was tried for it."""
    tried = {view(one.platform, one.subject, one.target): one for one in pairs(4, 2)}
    for platform, subject, target in every_pair(itertools.chain(platforms_with_links(2), some_of_three_domains())):
        one = tried[view(platform, subject, target)]
        assert relation_of(platform, subject, target, policy) == relation_of(
            one.platform, one.subject, one.target, policy
        )
        assert relation_to_none(platform, subject, policy) == relation_to_none(one.platform, one.subject, policy)


def outcomes(platform: Platform, subject: int, target: int) -> list[object]:
    """What every operation does from every arrangement, with the positions told as subject, target and somebody else."""
    names = {subject: "subject", target: "target", PLATFORM: "platform"}
    model = PrivilegeModel(catalogue(), POLICIES["dummy"])
    told = []
    for arrangement in arranged(platform, (subject, target)).arrangements:
        for behaviour in model.behaviours:
            if takes(behaviour.operation, (subject, target)):
                for argument in behaviour.operation.arguments:
                    after, code = step(model, arrangement.system, (subject, target), behaviour.operation, argument)
                    touches = touched(arrangement.system, after)
                    told.append((code, sorted(names.get(one.owner, "other") for one in touches)))
    return told


def test_an_effect_looks_at_no_more_than_the_view() -> None:
    tried = {view(one.platform, one.subject, one.target): one for one in pairs(4, 2)}
    for platform, subject, target in every_pair(itertools.islice(platforms_with_links(3), 100, None, 5003)):
        one = tried[view(platform, subject, target)]
        assert outcomes(platform, subject, target) == outcomes(one.platform, one.subject, one.target)


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
