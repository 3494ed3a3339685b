"""The claims about emulation under the policies, and the one about the registers: each falls with the guard that it is about."""

from __future__ import annotations

from dataclasses import replace
from enum import IntEnum

import pytest

from sphinx_xenfusa.claims import emulation_claims, register_claims
from sphinx_xenfusa.claims.attempts import PrivilegeModel
from sphinx_xenfusa.claims.privilege_claims import CellMutant, cell_mutants
from sphinx_xenfusa.confirm.register import read_register
from sphinx_xenfusa.explore.claim import Budget, Search
from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.model import nonblocking, rules
from sphinx_xenfusa.model.operations import ActsOn, Catalogue, Condition, Family, Gate, catalogue
from sphinx_xenfusa.model.policies import POLICIES, SPECIFICATION, Policy

CLAIMS = {claim.id: claim for claim in emulation_claims.PRIVILEGES}
DOCUMENT = PrivilegeModel(catalogue(), SPECIFICATION)


def small(name: str, model: PrivilegeModel = DOCUMENT) -> Search:
    return CLAIMS[name].search(model, Budget(), small=True)


def with_cells(family: Family, **cells: object) -> PrivilegeModel:
    changed = (replace(one, **cells) if one.family is family else one for one in catalogue().operations)
    return PrivilegeModel(Catalogue(catalogue().xen_commit, tuple(changed)), SPECIFICATION)


@pytest.mark.parametrize("name", CLAIMS)
def test_it_holds_of_the_document_and_could_have_failed(name: str) -> None:
    found = small(name)
    assert found.counterexample is None
    assert found.witness is not None
    assert 0 < found.relevant <= found.cases


def test_emulation_for_everybody_refutes_all_that_is_about_privileges() -> None:
    open_to_all = with_cells(Family.DEVICE_MODEL, acts_on=ActsOn.CALLER)
    refuted = {name for name in CLAIMS if small(name, open_to_all).counterexample is not None}
    assert refuted == {"sync_backend_emulates", "sync_privilege", "sync_frontend_unsafe"}


def test_without_the_register_there_is_no_extension() -> None:
    gate = Gate(before=True, condition=Condition.ALWAYS, code=catalogue().operations[0].denied_as, divergence="")
    name = "non-blocking VirtIO register access"
    changed = (replace(one, gates=(gate,)) if one.name == name else one for one in catalogue().operations)
    without = PrivilegeModel(Catalogue(catalogue().xen_commit, tuple(changed)), SPECIFICATION)
    refuted = {one for one in CLAIMS if small(one, without).counterexample is not None}
    assert refuted == {"sync_nonblocking_extension", "sync_frontend_unsafe"}


def test_a_rule_that_names_nobody_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = tuple(
        replace(one, broken_by=lambda platform: ()) if one.name == "sync_frontend_unsafe" else one
        for one in rules.RULES
    )
    monkeypatch.setattr(rules, "RULES", changed)
    found = small("sync_frontend_unsafe")
    assert found.counterexample is not None
    assert "is not rejected" in found.counterexample.title


def test_the_witness_of_the_rule_shows_the_privilege_and_then_the_wait() -> None:
    witness = small("sync_frontend_unsafe").witness
    assert witness is not None
    assert [step.action for step in witness.steps][:2] == [
        "XEN_DMOP_create_ioreq_server",
        "XEN_DMOP_map_io_range_to_ioreq_server",
    ]
    assert witness.steps[-1].action == "access register"
    assert ("waits[0]", "False", "True") in {(one.field, one.before, one.after) for one in witness.steps[-1].changed}


@pytest.mark.parametrize("name", CLAIMS)
@pytest.mark.parametrize("policy", [SPECIFICATION, POLICIES["dummy"]], ids=lambda policy: policy.name)
def test_a_cell_left_as_it_is_refutes_nothing(name: str, policy: Policy) -> None:
    entry = read_register().expected.get((name, policy.name))
    model = PrivilegeModel(catalogue(), policy.repaired(entry.divergences if entry is not None else frozenset[str]()))
    witness = small(name, model).witness
    assert witness is not None
    needed = frozenset(one.action for one in witness.steps)
    for mutant in {mutant.operation: mutant for mutant in cell_mutants(model, needed)}.values():
        same = CellMutant(mutant.operation, mutant.operation, mutant.column, mutant.needed)
        with same.applied(model) as unchanged:
            assert small(name, unchanged).counterexample is None, mutant.operation.name


# ---- the two registers ------------------------------------------------------------------------------------------------------

REGISTERS = next(claim for claim in emulation_claims.CLAIMS if claim.id == "sync_nonblocking_registers")


def test_the_registers_are_confirmed_and_a_shifted_bit_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = REGISTERS.run(None, Budget())
    assert verdict.kind is VerdictKind.CONFIRMED
    assert verdict.witness is not None
    assert [step.action for step in verdict.witness.steps][1:] == ["request access", "answer request", "receive answer"]
    monkeypatch.setattr(nonblocking, "_RETRY", 1 << 26)
    assert REGISTERS.run(None, Budget()).kind is VerdictKind.REFUTED


def test_a_third_register_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    third = IntEnum("Register", {**{one.name: one.value for one in nonblocking.Register}, "THIRD": 0x20})
    monkeypatch.setattr(register_claims, "Register", third)
    verdict = REGISTERS.run(None, Budget())
    assert verdict.kind is VerdictKind.REFUTED
    assert "there are 3 registers" in verdict.reason
