"""The theorems on the small scope: each holds by the document, could fail, and falls with what it is about.

``make confirm`` runs the whole scope; the register's entries are tried there as far as their counterexamples go.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from sphinx_xenfusa.claims import residue, rule_theorems, theorems, virtio_rules
from sphinx_xenfusa.claims.attempts import PrivilegeModel
from sphinx_xenfusa.claims.composition import (
    FFI_RULES,
    Composition,
    RuleBook,
    completed,
    looks,
    repaired,
    second_adversaries,
)
from sphinx_xenfusa.claims.interference import adversaries, victims
from sphinx_xenfusa.claims.scopes import Shape, shapes, view
from sphinx_xenfusa.claims.theorems import E2, E4, Sight, vanishing
from sphinx_xenfusa.confirm.register import read_register
from sphinx_xenfusa.explore.claim import Budget, Claim, Search
from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.model import decision, policies, rules
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.platform import Domain
from sphinx_xenfusa.model.policies import POLICIES, SPECIFICATION, Policy
from sphinx_xenfusa.model.rules import broken_rules
from sphinx_xenfusa.model.vocabulary import Capability, Criticality

CLAIMS: dict[str, Claim] = {
    one.id: one for one in (*theorems.CLAIMS, *residue.CLAIMS, *rule_theorems.CLAIMS, *virtio_rules.CLAIMS)
}
ENTRIES = [entry for key, entry in read_register().expected.items() if key[0] in CLAIMS]

SAFE, UNSAFE = Domain("", criticality=Criticality.SAFE), Domain("")
CONTROL = Domain("", frozenset({Capability.CONTROL}), Criticality.SAFE)
HARDWARE = Domain("", frozenset({Capability.HARDWARE}))


def search(name: str, policy: Policy = SPECIFICATION, *, small: bool = True) -> Search:
    on_paper = isinstance(CLAIMS[name], rule_theorems.OnPaper)
    model = None if on_paper else PrivilegeModel(catalogue(), policy)
    return CLAIMS[name].search(model, Budget(), small=small)


def refuted(policy: Policy = SPECIFICATION) -> set[str]:
    return {name for name in CLAIMS if search(name, policy).counterexample is not None}


def some_shapes() -> Iterator[Shape]:
    """All platforms of up to two domains with up to two links, and every 53rd of three."""
    return itertools.chain(shapes(2), itertools.islice(shapes(3), 828, None, 53))


@pytest.mark.parametrize("name", CLAIMS)
def test_holds_by_the_document_and_is_not_vacuous(name: str) -> None:
    found = search(name)
    assert found.counterexample is None
    assert found.witness is not None
    assert found.relevant > 0


@pytest.mark.parametrize("name", CLAIMS)
def test_some_mutant_refutes_it(name: str) -> None:
    """Through the run itself, on the small scope: the search of the whole is replaced, the mutants are not."""

    class Small(type(CLAIMS[name])):
        def search(self, model: object, budget: Budget, *, small: bool) -> Search:
            return super().search(model, budget, small=True)

    one = CLAIMS[name]
    small = Small(one.id, one.says, one.words)
    verdict = small.run("specification" if one.policies else None, Budget())
    assert verdict.kind is VerdictKind.CONFIRMED, verdict.reason
    assert verdict.killer is not None


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda one: f"{one.claim} {one.policy}")
def test_each_divergence_of_an_entry_refutes_alone_and_ends_as_listed(entry: object) -> None:
    """The search of the whole ends with its counterexample, so that only the refuted are tried on it."""
    policy = POLICIES[entry.policy]
    for name, operations in entry.by:
        alone = search(entry.claim, policy.repaired(entry.divergences - {name}), small=False)
        assert alone.counterexample is not None, name
        assert alone.counterexample.steps[-1].action in operations
    assert search(entry.claim, policy.repaired(entry.divergences)).counterexample is None


@pytest.mark.parametrize("policy", [name for name in POLICIES if name != "specification"])
def test_refuted_on_the_small_scope_only_where_the_register_says(policy: str) -> None:
    expected = {entry.claim for entry in ENTRIES if entry.policy == policy}
    dependent = {name for name, claim in CLAIMS.items() if claim.policies}
    assert refuted(POLICIES[policy]) & dependent <= expected


def silenced(monkeypatch: pytest.MonkeyPatch, function: object, answer: str) -> None:
    monkeypatch.setattr(function, "__code__", eval(f"lambda platform: {answer}").__code__)


GUARDS = {
    # What is edited, what it says then, and the theorems that fall.
    "no rule about grants": (
        rules._safe_frontend_without_grants,
        "()",
        {"soundness", "independence", "virtio_limits_configuration"},
    ),
    "no rule about blocking": (
        rules._safe_frontend_that_blocks,
        "()",
        {"soundness", "independence", "virtio_limits_configuration"},
    ),
    "no rule about the Control Domain": (rules._unsafe_control_domain, "()", {"soundness", "independence"}),
    "a rule that rejects everything": (
        rules._several_hardware_domains,
        "tuple(one.name for one in platform.domains)",
        {"soundness", "independence", "satisfiability", "virtio_limits_configuration"},
    ),
    "advice for nobody": (rules._safe_vm_on_a_virtqueue, "()", {"ffi_virtio_unsafe_only"}),
    "a backend anywhere": (
        rules._misplaced_backend,
        "()",
        {"backend_placement", "independence", "virtio_limits_configuration"},
    ),
}


@pytest.mark.parametrize("guard", GUARDS)
def test_falls_with_what_it_is_about(guard: str, monkeypatch: pytest.MonkeyPatch) -> None:
    function, answer, expected = GUARDS[guard]
    silenced(monkeypatch, function, answer)
    fallen = {name for name in CLAIMS if _fails(search(name))}
    assert expected <= fallen
    monkeypatch.undo()
    assert not refuted()


def _fails(found: Search) -> bool:
    return found.counterexample is not None or not found.relevant or found.witness is None


def test_a_rule_that_rejects_too_much_is_not_tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule about the Control Domain on every platform with a Control Domain: nothing is gone when it is "repaired"."""
    silenced(
        monkeypatch, rules._unsafe_control_domain, "tuple(one.name for one in platform.domains if one.capabilities)"
    )
    assert "tightness" in refuted()


def test_a_decision_that_gives_mapping_to_everybody_is_not_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision.privilege_allows, "__code__", (lambda operation, relation: True).__code__)
    assert {"soundness", "tightness"} <= refuted()


def test_silo_that_lets_more_through_is_not_monotonic(monkeypatch: pytest.MonkeyPatch) -> None:
    function = policies._uses_console
    monkeypatch.setattr(function, "__code__", (lambda domain, switches: "D8" in switches).__code__)
    assert "monotonicity" in refuted()


def test_a_pair_looks_to_the_composition_as_it_looks_to_the_model() -> None:
    for shape in some_shapes():
        platform = shape.platform()
        for pair in itertools.product(range(len(shape.kinds)), repeat=2):
            assert looks(shape, *pair) == tuple(view(platform, *pair))


def test_the_rules_kind_by_kind_and_link_by_link_are_the_rules() -> None:
    book = RuleBook()
    for shape in some_shapes():
        assert book.broken(shape) == frozenset(broken_rules(shape.platform()))


def test_adversaries_and_victims_are_those_of_the_platform() -> None:
    for shape in some_shapes():
        platform = shape.platform()
        found = second_adversaries(shape)
        assert {platform.domains[at].name for at in found} == adversaries(platform)
        assert {platform.domains[at].name for at in theorems.harmed(shape, found)} == victims(platform)


def sight(shape: Shape, policy: Policy = SPECIFICATION) -> Sight:
    model = PrivilegeModel(catalogue(), policy)
    book = RuleBook()
    return Sight(shape, Composition(model), book, model, set())


@pytest.mark.parametrize("rule", FFI_RULES)
def test_a_repaired_platform_breaks_the_rule_no_more_and_no_other_instead(rule: str) -> None:
    book = RuleBook()
    for shape in some_shapes():
        before, after = book.broken(shape), book.broken(repaired(shape, rule))
        assert rule not in after
        assert before - {rule} <= after | set(FFI_RULES)
        assert after <= before | set(FFI_RULES)


def test_the_trace_is_of_what_the_rule_is_about() -> None:
    one = sight(Shape((SAFE, UNSAFE), ((1, 0, False, False),)))
    for rule, kind in (("mem_frontend_unsafe", "M"), ("sync_frontend_unsafe", "T")):
        found = vanishing(one, rule, second_adversaries)
        assert found is not None
        assert (found.whole, found.subject, found.target) == (one.shape, 1, 0)
        assert one.composition.kinds_of(one.composition.foremost(found.harm)) == kind
    trace = vanishing(one, "sync_frontend_unsafe", second_adversaries).told(one, "sync_frontend_unsafe")
    assert [step.action for step in trace.steps][-1] == "silent emulation"
    assert trace.steps[-1].changed[0].after == "waits for the backend"


def test_without_a_safevm_the_platform_is_completed_by_one() -> None:
    alone = sight(Shape((Domain("", frozenset({Capability.CONTROL})), UNSAFE), ()))
    found = vanishing(alone, "ctrldom_is_safe", second_adversaries)
    assert found is not None
    assert found.whole == completed(alone.shape)
    assert found.target == 2


def test_the_exceptions_of_tightness() -> None:
    backend_with_control = sight(Shape((SAFE, CONTROL), ((1, 0, False, False),)))
    chain = sight(Shape((SAFE, SAFE, UNSAFE), ((0, 2, True, True), (1, 0, False, True))))
    for one, expected in ((backend_with_control, E2), (chain, E4)):
        assert vanishing(one, "mem_frontend_unsafe", second_adversaries) is None
        assert theorems._exception(one, "mem_frontend_unsafe") == expected


def test_a_link_that_does_not_operate_harms_nobody_and_counts_as_idle() -> None:
    """Under dummy a backend with two frontends without grants holds no privilege over either (D7)."""
    shape = Shape((SAFE, SAFE, UNSAFE, CONTROL), ((2, 0, False, False), (2, 1, False, False)))
    under = Composition(PrivilegeModel(catalogue(), POLICIES["dummy"]))
    assert under.comes_up(shape)
    assert not under.starts(shape)
    assert Composition(PrivilegeModel(catalogue(), SPECIFICATION)).starts(shape)
    one = Shape(shape.kinds, shape.edges[:1])
    assert under.starts(one)
    assert under.harm(one, 2, 0)
    assert not under.harm(shape, 2, 0)


def test_the_tallies_add_up() -> None:
    numbers = {one.name: one.number for one in search("soundness").tallies}
    assert numbers["rejected"] + numbers["accepted"] == search("soundness").cases == 8 + 36 + 256
    assert numbers["accepted, cannot operate"] + numbers["accepted, exposed"] <= numbers["accepted"]
