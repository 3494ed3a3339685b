"""The claims about a frontend's memory and about grants: each holds, and each falls with the guard that it is about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sphinx_xenfusa.claims import grant_claims, memory_claims
from sphinx_xenfusa.claims.attempts import PrivilegeModel
from sphinx_xenfusa.claims.privilege_claims import MUTATED_MODULES
from sphinx_xenfusa.confirm.registry import load_claims
from sphinx_xenfusa.explore.claim import AnnouncedClaim, Budget, Search
from sphinx_xenfusa.explore.language import ModelError
from sphinx_xenfusa.explore.mutation import mutants_of
from sphinx_xenfusa.model import memory, rules, virtio_grants
from sphinx_xenfusa.model.grants import mapping, pinning
from sphinx_xenfusa.model.operations import ActsOn, Catalogue, catalogue
from sphinx_xenfusa.model.policies import SPECIFICATION
from sphinx_xenfusa.model.virtio_grants import GrantAddress, decode, encode, refs_of

PRIVILEGES = {claim.id: claim for claim in memory_claims.PRIVILEGES}
GRANTS = {claim.id: claim for claim in grant_claims.CLAIMS}
DOCUMENT = PrivilegeModel(catalogue(), SPECIFICATION)
KNOWN = {
    "grants_first_use": ("s.entry_to[ref] == mapper", "map_grant"),
    "grants_readonly_kept": ("require(not s.entry_readonly[ref])", "map_grant"),
    "grants_marks": ("s.reading[ref] = True", "map_grant"),
    "grants_revoke": ("s.reading[ref] = True", "map_grant"),
    "grants_one_domain": ("s.holder[ref] == mapper", "map_grant"),
    "grants_page_kept": ("not used", "map_grant"),
    "grants_handles": ("s.holder[ref] == mapper", "map_grant"),
    "grants_copy_only": ("not s.note_part[ref]", "map_grant"),
    "grants_copy_inside": ("require(not s.note_part[max(s.copying, 1) - 1] or part == 0)", "copy_bytes"),
    "grants_end_of_mapper": ("s.writers[ref] -= 1", "give_back"),
}


def small(name: str, model: PrivilegeModel = DOCUMENT) -> Search:
    return PRIVILEGES[name].search(model, Budget(), small=True)


def with_cells(name: str, **cells: object) -> PrivilegeModel:
    changed = (replace(one, **cells) if one.name == name else one for one in catalogue().operations)
    return PrivilegeModel(Catalogue(catalogue().xen_commit, tuple(changed)), SPECIFICATION)


def refuted(model: PrivilegeModel = DOCUMENT) -> set[str]:
    return {name for name in PRIVILEGES if small(name, model).counterexample is not None}


def test_they_are_installed_and_no_longer_announced() -> None:
    installed = load_claims()
    assert {*PRIVILEGES, *GRANTS} <= set(installed)
    assert not [name for name in (*PRIVILEGES, *GRANTS) if isinstance(installed[name], AnnouncedClaim)]


@pytest.mark.parametrize("name", PRIVILEGES)
def test_it_holds_of_the_document_and_could_have_failed(name) -> None:
    found = small(name)
    assert found.counterexample is None
    assert found.witness is not None
    assert 0 < found.relevant <= found.cases


def test_a_mapping_that_everybody_may_make_refutes_what_is_about_privileges() -> None:
    everybody = with_cells(memory_claims.FOREIGN, acts_on=ActsOn.CALLER)
    assert refuted(everybody) == {
        "mem_map_privileged",
        "mem_grants_no_privilege",
        "mem_foreign_privilege",
        "mem_frontend_unsafe",
    }


def test_a_mapping_that_needs_the_platform_s_privilege_leaves_no_hazard_and_no_link() -> None:
    """Without the family nobody but a Control Domain maps: links without grants do not operate, and nothing is shown."""
    nobody = with_cells(memory_claims.FOREIGN, family=None)
    assert small("mem_foreign_hazard", nobody).witness is None
    assert small("mem_frontend_unsafe", nobody).witness is None


def test_a_grant_that_needs_a_privilege_refutes_what_is_about_grants() -> None:
    privileged = with_cells(memory_claims.GRANT, acts_on=ActsOn.TARGET)
    assert refuted(privileged) == {"mem_grants_voluntary", "mem_grants_no_privilege"}


def test_a_rule_that_names_nobody_is_found(monkeypatch) -> None:
    changed = tuple(
        replace(one, broken_by=lambda platform: ()) if one.name == "mem_frontend_unsafe" else one for one in rules.RULES
    )
    monkeypatch.setattr(rules, "RULES", changed)
    found = small("mem_frontend_unsafe")
    assert found.counterexample is not None
    assert "accepted without grants" in found.counterexample.title


def test_witness_of_the_rule_ends_in_the_write() -> None:
    witness = small("mem_frontend_unsafe").witness
    assert witness is not None
    assert [step.action for step in witness.steps][-2:] == ["XEN_DMOP_set_irq_level", "write to a mapped page"]
    assert [(one.before, one.after) for one in witness.steps[-1].changed] == [("00", "ff")]


def killed(name: str, module, function: str, before: str) -> bool:
    mutants = [one for one in mutants_of(module) if one.function.__name__ == function and one.report.before == before]
    assert mutants, (function, before)
    for mutant in mutants:
        with mutant.applied(DOCUMENT):
            if small(name).counterexample is not None:
                return True
    return False


def test_checks_of_the_grant_table_and_of_foreign_mapping_are_what_they_rest_on() -> None:
    assert {memory, mapping, pinning} <= set(MUTATED_MODULES)
    assert killed(
        "mem_grants_voluntary",
        pinning,
        "_offers_v1",
        "_type_of(word, use) == PERMIT_ACCESS and word.domid == use.caller",
    )
    assert killed("mem_grants_voluntary", pinning, "_set_status_v1", "use.writing and word.flags & READONLY")
    assert killed(
        "mem_map_privileged",
        memory,
        "check_page_owner",
        "not permits(Check.MAP_GMFN_FOREIGN, domid, request.foreign_domid)",
    )


# ---- in rules ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in GRANTS if name not in KNOWN])
def test_hazards_and_links_are_confirmed(name) -> None:
    verdict = GRANTS[name].run(None, Budget())
    assert (verdict.kind.value, verdict.killed) == ("confirmed", 1), verdict.reason
    assert verdict.witness is not None
    assert verdict.relevant


@pytest.mark.parametrize(("name", "edit"), KNOWN.items(), ids=KNOWN)
def test_an_invariant_holds_and_falls_with_its_guard(name, edit) -> None:
    claim = GRANTS[name]
    searched = grant_claims.searched(claim)
    assert searched.search({}, Budget(), small=True).counterexample is None
    before, function = edit
    mutants = [one for one in searched.mutants if one.source.name == function and before in one.report.before]
    assert mutants, edit

    def kills(mutant) -> bool:
        with mutant.applied({}) as changed:
            try:
                return searched.search(changed, Budget(), small=True).counterexample is not None
            except ModelError:  # it leaves its bounds: broken, which counts neither way
                return False

    assert any(kills(mutant) for mutant in mutants)


# ---- addresses --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ref", "offset", "address"),
    [
        (0, 0, 0x8000000000000000),
        (8, 0, 0x8000000000008000),
        (8, 0x123, 0x8000000000008123),
        (0xFFFFFFFF, 0xFFF, 0x80000FFFFFFFFFFF),
    ],
)
def test_addresses_by_hand(ref, offset, address) -> None:
    assert encode(GrantAddress(ref, offset)) == address
    assert decode(address) == (ref, offset)


def test_what_is_no_address_of_a_grant() -> None:
    assert decode(0x40000000) is None
    with pytest.raises(ValueError, match="bits 44 to 62"):
        decode(0x8000100000000000)
    for wrong in (GrantAddress(1 << 32, 0), GrantAddress(-1, 0), GrantAddress(0, 4096), GrantAddress(0, -1)):
        with pytest.raises(ValueError, match=r"more than 32 bits|beyond the page"):
            encode(wrong)


def test_pages_of_a_buffer_have_references_that_follow_each_other() -> None:
    assert refs_of(GrantAddress(9, 4095), 2) == (9, 10)
    assert refs_of(GrantAddress(9, 0), 4096) == (9,)
    assert refs_of(GrantAddress(9, 1), 4096) == (9, 10)
    assert refs_of(GrantAddress(9, 1), 0) == ()
    assert virtio_grants.PAGE_SHIFT == 12
