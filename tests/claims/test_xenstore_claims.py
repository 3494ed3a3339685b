"""The claim about the xenstore domain: its platforms are all there are, and the switch D24 is what it turns on."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable

import pytest

from sphinx_xenfusa.claims import roles
from sphinx_xenfusa.claims.attempts import PrivilegeModel
from sphinx_xenfusa.claims.xenstore_claims import XenstoreIsConfined, platforms_with_xenstore
from sphinx_xenfusa.explore.claim import Budget, Search
from sphinx_xenfusa.model.decision import Relation
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.platform import Domain, Platform
from sphinx_xenfusa.model.policies import DUMMY, POLICIES, PROPOSED, SILO, Policy, relation_of, relation_to_none
from sphinx_xenfusa.model.vocabulary import Capability, Criticality

XEN = (DUMMY, SILO, PROPOSED)
D24 = frozenset({"D24"})


@pytest.fixture(scope="module")
def claim() -> XenstoreIsConfined:
    (one,) = (one for one in roles.CLAIMS if one.id == "xenstore_affects_itself_only")
    assert isinstance(one, XenstoreIsConfined)
    return one


def model_of(policy: Policy, *repaired: str) -> PrivilegeModel:
    return PrivilegeModel(catalogue(), policy.repaired(frozenset(repaired)))


def search(claim: XenstoreIsConfined, policy: Policy, *repaired: str) -> Search:
    return claim.search(model_of(policy, *repaired), Budget(), small=False)


def kinds(platform: Platform) -> tuple[object, ...]:
    return tuple(sorted((tuple(sorted(one.capabilities)), one.criticality, one.xenstore) for one in platform.domains))


def test_every_platform_with_one_xenstore_domain_stands_once(claim: XenstoreIsConfined) -> None:
    every = [
        (capabilities, criticality, False)
        for capabilities in ((), (Capability.HARDWARE,), (Capability.CONTROL,), tuple(sorted(Capability)))
        for criticality in Criticality
    ]
    stores = [((), criticality, True) for criticality in Criticality]
    expected = {
        tuple(sorted([store, *others]))
        for store in stores
        for size in range(4)
        for others in itertools.product(every, repeat=size)
    }
    found = Counter(kinds(platform) for platform in platforms_with_xenstore(4))
    assert set(found) == expected
    assert set(found.values()) == {1}
    assert (claim.scope.platforms, claim.scope.recount) == (len(expected), len(expected))
    assert "no xenstore domain" not in claim.scope.assumptions


def tried(platform: Platform, subject: int, target: int, policy: Policy) -> tuple[Relation, Relation]:
    return relation_of(platform, subject, target, policy), relation_to_none(platform, subject, policy)


@pytest.mark.parametrize("policy", XEN, ids=str)
@pytest.mark.parametrize("repaired", [frozenset(), D24], ids=["in force", "repaired"])
def test_every_pair_of_every_platform_is_one_that_is_tried(
    claim: XenstoreIsConfined, policy: Policy, repaired: frozenset[str]
) -> None:
    model = PrivilegeModel(catalogue(), policy.repaired(repaired))
    situations = claim.situations(model, small=False)
    assert all(one.subject.xenstore and not one.subject.capabilities for one in situations)
    decided = {tried(one.platform, *one.pair, model.policy) for one in situations}
    for platform in platforms_with_xenstore(4):
        (store,) = (position for position, one in enumerate(platform.domains) if one.xenstore)
        for target in range(len(platform.domains)):
            assert tried(platform, store, target, model.policy) in decided


def last(found: Search) -> str | None:
    return None if found.counterexample is None else found.counterexample.steps[-1].action


@pytest.mark.parametrize("policy", XEN, ids=str)
def test_the_divergence_is_the_switch_and_the_console_is_another(claim: XenstoreIsConfined, policy: Policy) -> None:
    assert last(search(claim, policy, "D9")) == "XEN_DOMCTL_getdomaininfo"
    assert last(search(claim, policy, "D24")) == "CONSOLEIO_write"
    assert last(search(claim, policy, "D9", "D24")) is None
    assert last(search(claim, policy, *(policy.switches - D24))) == "XEN_DOMCTL_getdomaininfo", (
        "no other switch does it"
    )


def test_the_document_holds_of_it_and_something_could_have_refuted_that(claim: XenstoreIsConfined) -> None:
    found = search(claim, POLICIES["specification"])
    assert found.counterexample is None
    assert found.relevant > 0
    assert found.witness is not None


def test_a_trace_says_which_domain_it_is(claim: XenstoreIsConfined) -> None:
    shown = search(claim, DUMMY, "D9").counterexample
    assert shown is not None
    told = dict(shown.initial)
    assert told["xenstore"] == "DomU (the xenstore domain), unsafe, running"
    assert not any("xenstore" in words for name, words in shown.initial if name != "xenstore")
    assert shown.steps[-1].party == "xenstore"


def differing(domains: Iterable[Domain], policy: Policy) -> set[str]:
    """The operations that the first domain may issue towards the second with the switch, and not without."""
    platform = Platform(tuple(domains))
    with_it, without = policy, policy.repaired(D24)
    return {
        one.name
        for one in catalogue().operations
        if with_it.decide(one, relation_of(platform, 0, 1, with_it)).allowed
        and not without.decide(one, relation_of(platform, 0, 1, without)).allowed
    }


@pytest.mark.parametrize("policy", XEN, ids=str)
def test_the_switch_gives_the_xenstore_domain_two_operations_and_nobody_else_any(policy: Policy) -> None:
    other = Domain("other", criticality=Criticality.SAFE)
    hardware = frozenset({Capability.HARDWARE})
    two = {"XEN_DOMCTL_getdomaininfo", "XEN_DOMCTL_get_domain_state"}
    assert differing((Domain("store", xenstore=True), other), policy) == two
    assert differing((Domain("store", hardware, xenstore=True), other), policy) == two
    assert differing((Domain("store", frozenset(Capability), xenstore=True), other), policy) == set(), "it may anyway"
    assert differing((Domain("plain"), other), policy) == set()
    assert differing((Domain("plain"), Domain("store", xenstore=True)), policy) == set(), "what others may do to it"
