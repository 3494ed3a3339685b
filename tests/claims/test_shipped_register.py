"""The register that comes with the package, entry by entry, on the small scope: nothing in it is missing, idle or masked."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sphinx_xenfusa.claims import emulation_claims, memory_claims, privileges, roles
from sphinx_xenfusa.claims.attempts import PrivilegeModel
from sphinx_xenfusa.confirm.findings import exit_code, unexpected_divergences
from sphinx_xenfusa.confirm.register import Expected, Register, read_register
from sphinx_xenfusa.confirm.run import Job, confirm
from sphinx_xenfusa.explore.claim import Budget, Claim, Search
from sphinx_xenfusa.explore.verdict import Scope, Verdict, VerdictKind
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.policies import POLICIES

SHIPPED: tuple[Claim, ...] = (
    *roles.CLAIMS,
    *privileges.CLAIMS,
    *emulation_claims.PRIVILEGES,
    *memory_claims.PRIVILEGES,
)
CLAIMS = {claim.id: claim for claim in SHIPPED if claim.policies}
ENTRIES = {(claim, policy): entry for (claim, policy), entry in read_register().expected.items() if claim in CLAIMS}
XEN = [(claim, policy) for claim in CLAIMS for policy in POLICIES if policy != "specification"]
SCOPE = Scope("small", "platforms of at most two domains", 44, 44, ())


@functools.cache
def small_search(name: str, policy: str, repaired: frozenset[str]) -> Search:
    model = PrivilegeModel(catalogue(), POLICIES[policy].repaired(repaired))
    return CLAIMS[name].search(model, Budget(), small=True)


@dataclass(frozen=True)
class Quick:
    """A claim on the small scope, without mutants."""

    claim: Claim
    scope: Scope = SCOPE
    sources: tuple[Path, ...] = ()

    @property
    def id(self) -> str:
        return self.claim.id

    @property
    def says(self) -> str:
        return self.claim.says

    @property
    def statements(self) -> tuple[str, ...]:
        return self.claim.statements

    @property
    def policies(self) -> tuple[str, ...]:
        return self.claim.policies

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        found = small_search(self.id, policy or "", repaired)
        kind = VerdictKind.CONFIRMED if found.counterexample is None else VerdictKind.REFUTED
        return Verdict(self.id, policy, kind, SCOPE, counterexample=found.counterexample)


def verdict(name: str, expected: Expected | None, policy: str) -> Verdict:
    return confirm(Quick(CLAIMS[name]), Job(name, policy, expected), Budget())


def without(entry: Expected, name: str) -> Expected:
    return replace(entry, by=tuple(one for one in entry.by if one[0] != name))


@pytest.mark.parametrize(("name", "policy"), XEN)
def test_every_claim_diverges_as_expected_or_holds(name: str, policy: str) -> None:
    entry = ENTRIES.get((name, policy))
    got = verdict(name, entry, policy)
    assert got.kind is (VerdictKind.DIVERGES if entry is not None else VerdictKind.CONFIRMED), got.reason
    assert list(unexpected_divergences([got], read_register())) == []
    assert exit_code([got], []) == 0


@pytest.mark.parametrize(("name", "policy"), ENTRIES)
def test_each_divergence_is_shown_by_a_trace_of_its_own(name: str, policy: str) -> None:
    entry = ENTRIES[name, policy]
    got = verdict(name, entry, policy)
    assert [one.id for one in got.divergences] == [one for one, _ in entry.by]
    for shown, (_, operations) in zip(got.divergences, entry.by, strict=True):
        assert shown.trace.steps[-1].action in operations


@pytest.mark.parametrize(("name", "policy"), ENTRIES)
def test_removed_entry(name: str, policy: str) -> None:
    got = verdict(name, None, policy)
    kept = {key: entry for key, entry in read_register().expected.items() if key != (name, policy)}
    register = replace(read_register(), expected=kept)
    (finding,) = unexpected_divergences([got], register)
    assert got.kind is VerdictKind.REFUTED
    assert (finding.subtype, finding.about, finding.place) == ("unexpected_divergence", name, None)
    assert exit_code([got], [finding]) == 1


SEVERAL = [(*key, divergence) for key, entry in ENTRIES.items() if len(entry.by) > 1 for divergence, _ in entry.by]


@pytest.mark.parametrize(("name", "policy", "divergence"), SEVERAL)
def test_divergence_that_is_left_out_is_masked(name: str, policy: str, divergence: str) -> None:
    got = verdict(name, without(ENTRIES[name, policy], divergence), policy)
    assert got.kind is VerdictKind.REFUTED
    assert "is refuted:" in got.reason or "ends in none of the operations" in got.reason


@pytest.mark.parametrize(("name", "policy"), ENTRIES)
def test_divergence_that_is_added_is_idle(name: str, policy: str) -> None:
    entry = ENTRIES[name, policy]
    added = next(one for one in ("D1", "D6", "D9") if one not in entry.divergences)
    got = verdict(name, replace(entry, by=(*entry.by, (added, ("SCHEDOP_shutdown",)))), policy)
    assert got.kind is VerdictKind.REFUTED
    assert f"{added} alone does not refute the claim" in got.reason


def test_document_holds_without_entries() -> None:
    register: Register = read_register()
    assert not [key for key in register.expected if key[1] == "specification"]
    for name in CLAIMS:
        assert verdict(name, None, "specification").kind is VerdictKind.CONFIRMED
