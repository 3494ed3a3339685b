"""The claims that come with the package: each holds, each could have failed, and each falls with the guard it is about.

All on the small scope, which is the one that tells mutants apart; ``make confirm`` runs the whole.
"""

from __future__ import annotations

import functools
import inspect
import sys
from dataclasses import replace
from types import CodeType, FunctionType

import pytest

from sphinx_xenfusa.claims import privileges, roles
from sphinx_xenfusa.claims.attempts import PrivilegeModel, attempt, initial
from sphinx_xenfusa.claims.privilege_claims import MUTATED_MODULES, CellMutant, PrivilegeClaim, cell_mutants
from sphinx_xenfusa.confirm.register import read_register
from sphinx_xenfusa.confirm.registry import load_claims
from sphinx_xenfusa.explore.claim import Adequacy, Budget, EveryMutant, Search
from sphinx_xenfusa.explore.mutation import forget
from sphinx_xenfusa.model import boot, decision, devices, effects, policies, rules, vocabulary
from sphinx_xenfusa.model.boot import BootAction
from sphinx_xenfusa.model.devices import Allocation
from sphinx_xenfusa.model.operations import Action, ActsOn, Catalogue, Operation, catalogue
from sphinx_xenfusa.model.platform import Domain, Platform
from sphinx_xenfusa.model.policies import DUMMY, POLICIES, SPECIFICATION, Policy
from sphinx_xenfusa.model.systems import shipped_systems
from sphinx_xenfusa.model.vocabulary import Capability

CLAIMS = {claim.id: claim for claim in (*roles.CLAIMS, *privileges.CLAIMS)}
HARDWARE = frozenset({Capability.HARDWARE})
REPAIRED = DUMMY.repaired(DUMMY.switches)
"""Xen's decision without any divergence: what is left refutes nothing."""


@functools.cache
def model_of(policy: Policy) -> PrivilegeModel:
    return PrivilegeModel(catalogue(), policy)


def small_search(name: str, policy: Policy) -> Search:
    claim = CLAIMS[name]
    return claim.search(model_of(policy) if claim.policies else None, Budget(), small=True)


def refuted(policy: Policy) -> set[str]:
    for module in MUTATED_MODULES:
        forget(module.__name__)  # a function may have been edited
    return {name for name in CLAIMS if small_search(name, policy).counterexample is not None}


@pytest.mark.parametrize("policy", [SPECIFICATION, REPAIRED], ids=["specification", "dummy repaired"])
@pytest.mark.parametrize("name", CLAIMS)
def test_holds_and_is_not_vacuous(name: str, policy: Policy) -> None:
    found = small_search(name, policy)
    assert found.counterexample is None
    assert found.witness is not None
    assert 0 < found.relevant <= found.cases


class FirstThatKills:
    """Mutants in the order of the sources, which needs no sorting of them all."""

    def try_mutants(self, searchable, model, mutants, budget) -> Adequacy:
        for mutant in mutants:
            one = EveryMutant().try_mutants(searchable, model, [mutant], budget)
            if one.killers:
                return one
        return Adequacy()


@pytest.mark.parametrize("name", CLAIMS)
def test_some_mutant_refutes_it(name: str) -> None:
    claim = CLAIMS[name]
    verdict = claim.run("specification" if claim.policies else None, Budget(mutation=FirstThatKills()))
    assert (verdict.kind, verdict.killed) == ("confirmed", 1)
    model = model_of(SPECIFICATION) if claim.policies else None
    assert claim.search(model, Budget(), small=True).counterexample is None, "the mutant is undone"


@pytest.mark.parametrize("policy", [name for name in POLICIES if name != "specification"])
@pytest.mark.parametrize("name", [name for name in CLAIMS if CLAIMS[name].policies])
def test_refuted_under_xen_s_policies_exactly_where_the_register_says(name: str, policy: str) -> None:
    expected = read_register().expected.get((name, policy))
    counterexample = small_search(name, POLICIES[policy]).counterexample
    assert (counterexample is None) is (expected is None)
    if counterexample is not None:
        assert counterexample.steps[-1].action in expected.witnesses


def test_register_names_what_exists() -> None:
    register = read_register()
    told = (rule.name.replace("_", " ") for one in shipped_systems().values() for rule in one.system.rules)
    steps = {*catalogue().by_name, *told, *(step.value for step in (*BootAction, *Allocation))}
    assert register.xen_commit == catalogue().xen_commit
    assert set(register.divergences) == {switch for policy in POLICIES.values() for switch in policy.switches}
    for (claim, policy), entry in register.expected.items():
        assert policy in load_claims()[claim].policies
        assert entry.divergences <= POLICIES[policy].switches
        assert entry.witnesses <= steps


def test_installed_claims_are_these() -> None:
    assert set(load_claims()) >= set(CLAIMS)
    assert len(CLAIMS) == len(roles.CLAIMS) + len(privileges.CLAIMS)
    for name, claim in CLAIMS.items():
        # The document does not know the xenstore domain; what it says of every DomU it says of that one.
        about = "domu_affects_itself_only" if name == "xenstore_affects_itself_only" else name
        assert claim.statements == (f"XenArch~{about}~1",)
        assert claim.says.endswith(".")
        assert claim.scope.platforms == (claim.scope.recount or 0)
        assert claim.scope.assumptions


def test_policy_is_asked_for() -> None:
    with pytest.raises(KeyError, match="hwdom_unprivileged"):
        CLAIMS["hwdom_unprivileged"].run(None, Budget())
    with pytest.raises(KeyError):
        CLAIMS["hwdom_unprivileged"].run("silo of tomorrow", Budget())


def test_budget_ends_a_search() -> None:
    assert CLAIMS["hwdom_unprivileged"].run("specification", Budget(cases=3)).kind == "inconclusive"
    assert CLAIMS["hwdom_single"].run("specification", Budget(cases=3)).kind == "inconclusive"
    assert CLAIMS["safevm_definition"].run(None, Budget(cases=3)).kind == "inconclusive"


OF_A_DOMU = {"domu_unprivileged", "domu_affects_itself_only", "xenstore_affects_itself_only"}
ALL_PRIVILEGED = {*OF_A_DOMU, "hwdom_unprivileged", "ctrldom_optional", "full_privileges_exclusive"}
ONLY_CONTROL = {
    "ctrldom_reboot_domains",
    "ctrldom_reboot_platform",
    "ctrldom_suspend_resume",
    "ctrldom_pause_unpause",
    "ctrldom_shutdown_platform",
}
CONTROL_MAY = {"ctrldom_full_privileges", "full_privileges", "ctrldom_list_open"}
MAPPING = {"unprivileged_no_foreign_map"}
SAFE = {"example_platform", "no_virtio_no_restriction"}
BACKEND = {"hwdom_virtio_privileges", "virtio_privileges_removable"}
FAMILIES = {"virtio_privileges", "virtio_privileges_needed", "virtio_privileges_scoped"}
PLATFORM_GOALS = {"ctrldom_reboot_platform", "ctrldom_shutdown_platform"}

# What is edited by hand, the policy, and the claims that depend on it.
GUARDS = {
    "Xen: the control check at the end": (
        decision.default_action_allows,
        "    return relation.control\n",
        "    return True\n",
        REPAIRED,
        ALL_PRIVILEGED | ONLY_CONTROL | MAPPING | SAFE | BACKEND | FAMILIES | {"unprivileged"},
    ),
    "Xen: nobody passes the control check": (
        decision.default_action_allows,
        "    return relation.control\n",
        "    return False\n",
        REPAIRED,
        ONLY_CONTROL | CONTROL_MAY,
    ),
    "Xen: the self test of TARGET": (
        decision.default_action_allows,
        "if action is Action.TARGET and relation.target is TargetIs.SELF:",
        "if action is Action.TARGET:",
        REPAIRED,
        ALL_PRIVILEGED | MAPPING | SAFE | BACKEND | FAMILIES | {"unprivileged"},
    ),
    "Xen: the console flag": (
        policies._uses_console,
        '("D2" if domain.has(Capability.HARDWARE) else "D9") in switches',
        "domain.has(Capability.HARDWARE)",
        REPAIRED,
        (ALL_PRIVILEGED - OF_A_DOMU) | BACKEND,
    ),
    "D24: the xenstore domain": (
        policies._is_xenstore,
        '    return domain.xenstore and "D24" in switches\n',
        "    return domain.xenstore\n",
        REPAIRED,
        {"xenstore_affects_itself_only"},
    ),
    "D1: the Hardware Domain's own shutdown": (
        effects._shut_down_caller,
        'stops = "D1" in call.switches and call.subject in system.hardware',
        "stops = call.subject in system.hardware",
        SPECIFICATION,
        {"hwdom_unprivileged", "ctrldom_optional", "full_privileges_exclusive"} | PLATFORM_GOALS | SAFE | BACKEND,
    ),
    "document: the end of the levels": (
        decision.privilege_allows,
        "        return relation.may_emulate\n    return False\n",
        "        return relation.may_emulate\n    return True\n",
        SPECIFICATION,
        ALL_PRIVILEGED | ONLY_CONTROL | MAPPING | SAFE | BACKEND | FAMILIES | {"unprivileged"},
    ),
    "document: full privileges": (
        decision.privilege_allows,
        "    if level is Privilege.FULL:\n        return True\n",
        "    if level is Privilege.FULL:\n        return False\n",
        SPECIFICATION,
        ONLY_CONTROL | CONTROL_MAY | {"ctrldom_is_safe", "ctrldom_single"},
    ),
    "document: control is what gives full privileges": (
        decision.privilege_of,
        "    if relation.control:\n        return Privilege.FULL\n",
        "    if relation.control or relation.hardware:\n        return Privilege.FULL\n",
        SPECIFICATION,
        (ALL_PRIVILEGED - OF_A_DOMU) | ONLY_CONTROL | MAPPING | SAFE | BACKEND | FAMILIES,
    ),
    "effects: use without an offer": (
        effects._use,
        "    if offer not in system.offers:\n        return system, refusal\n",
        "",
        SPECIFICATION,
        ALL_PRIVILEGED | MAPPING | BACKEND | {"unprivileged"},
    ),
    "effects: to whom it is offered": (
        effects._use,
        "    if offer not in system.offers:\n",
        "    if not any(one.what is what and one.by == call.target for one in system.offers):\n",
        SPECIFICATION,
        ALL_PRIVILEGED | MAPPING | BACKEND | {"unprivileged"},
    ),
    "effects: a restart": (
        effects._create,
        "restarted=True",
        "restarted=False",
        SPECIFICATION,
        {"ctrldom_reboot_domains"},
    ),
    "rules: more than one": (
        rules._more_than_one,
        "if len(holders) > 1:",
        "if len(holders) > 2:",
        SPECIFICATION,
        {"hwdom_single", "ctrldom_single"},
    ),
    "rules: control in an UnsafeVM": (
        rules._unsafe_control_domain,
        "if domain.has(Capability.CONTROL) and domain.criticality is Criticality.UNSAFE",
        "if domain.has(Capability.CONTROL) and domain.criticality is Criticality.SAFE",
        SPECIFICATION,
        {"ctrldom_is_safe", "no_virtio_no_restriction"},
    ),
    "rules: a safety task": (
        rules._safety_task_in_unsafe_vm,
        "if domain.safety_tasks and domain.criticality is Criticality.UNSAFE",
        "if domain.safety_tasks and domain.criticality is Criticality.SAFE",
        SPECIFICATION,
        {"unsafevm_definition", "example_platform", "safevm_definition"},
    ),
    "document: mapping goes with a link without grants": (
        policies._needs_mapping,
        "    return not link.grants\n",
        "    return True\n",
        SPECIFICATION,
        {"hwdom_virtio_privileges", "virtio_privileges", "virtio_privileges_removable"} | MAPPING,
    ),
    "document: the privileges are towards the frontends": (
        policies._privileges,
        "if one.frontend == target.name]",
        "]",
        SPECIFICATION,
        {"hwdom_virtio_privileges", "virtio_privileges_scoped", "full_privileges_exclusive", "ctrldom_suspend_resume"},
    ),
    "rules: a SafeVM without a task": (
        rules._safe_vm_without_a_safety_task,
        "and not domain.safety_tasks",
        "and domain.safety_tasks",
        SPECIFICATION,
        {"safevm_definition"},
    ),
    "rules: a device for two domains": (
        rules._passed_through_to_several,
        "len(device.assigned_to) > 1",
        "len(device.assigned_to) > 2",
        SPECIFICATION,
        {"passthrough"},
    ),
    "rules: what stays with Xen is passed through": (
        rules._passed_through_though_xen_keeps_it,
        "device.assigned_to and device.kind in KEPT_BY_THE_DOCUMENT",
        "device.kind in KEPT_BY_THE_DOCUMENT",
        SPECIFICATION,
        {"xen_owned_devices"},
    ),
    "devices: passthrough": (
        devices.may_access,
        "        return domain.name in device.assigned_to\n",
        "        return domain.name in device.assigned_to or domain.has(Capability.HARDWARE)\n",
        SPECIFICATION,
        {"passthrough"},
    ),
    "devices: what stays with Xen": (
        devices.may_access,
        "    if stays_with_xen(device, switches):\n        return False\n",
        "",
        SPECIFICATION,
        {"xen_owned_devices"},
    ),
    "devices: the default goes to the Hardware Domain": (
        devices.may_access,
        "    return domain.has(Capability.HARDWARE)\n",
        "    return domain.has(Capability.CONTROL)\n",
        SPECIFICATION,
        {"hwdom_default_devices", "hwdom_single"},
    ),
    "D13: the list of what stays with Xen": (
        devices.stays_with_xen,
        'if "D13" not in switches:',
        'if "D13" in switches:',
        SPECIFICATION,
        {"hwdom_default_devices", "xen_owned_devices"},
    ),
    "boot: the panic on a second Hardware Domain": (
        boot.refused,
        "if domain.has(Capability.HARDWARE) and any(one.has(Capability.HARDWARE) for one in before):",
        "if False:",
        REPAIRED,
        {"hwdom_single"},
    ),
    "D3: nothing refuses a second Control Domain": (
        boot.refused,
        '"D3" not in switches and domain.has(Capability.CONTROL)',
        '"D3" in switches and domain.has(Capability.CONTROL)',
        SPECIFICATION,
        {"ctrldom_single"},
    ),
    "vocabulary: a DomU": (
        vocabulary.roles_of,
        "frozenset({Role.DOMU})",
        "frozenset()",
        SPECIFICATION,
        {"roles_closed_set"},
    ),
}


def edit(monkeypatch: pytest.MonkeyPatch, function: FunctionType, old: str, new: str) -> None:
    """Change the source of one function, for the time of a test."""
    module = sys.modules[function.__module__]
    text = inspect.getsource(function)
    assert text.count(old) == 1, f"{function.__name__} does not hold {old!r} once"
    changed = inspect.getsource(module).replace(text, text.replace(old, new))
    codes = compile(changed, str(module.__file__), "exec").co_consts
    (code,) = [one for one in codes if isinstance(one, CodeType) and one.co_name == function.__name__]
    monkeypatch.setattr(function, "__code__", code)


@pytest.mark.parametrize("guard", GUARDS)
def test_without_the_guard_exactly_its_claims_fall(monkeypatch: pytest.MonkeyPatch, guard: str) -> None:
    function, old, new, policy, expected = GUARDS[guard]
    edit(monkeypatch, function, old, new)
    assert refuted(policy) == expected
    monkeypatch.undo()
    assert refuted(policy) == set()


def refuted_with(policy: Policy, operation: str, **cells: object) -> set[str]:
    """The claims that are refuted when some cells of one row of the catalogue have other values."""

    def changed(one: Operation) -> Operation:
        return replace(one, **cells) if one.name == operation else one

    model = PrivilegeModel(
        Catalogue(catalogue().xen_commit, tuple(changed(one) for one in catalogue().operations)), policy
    )
    return {
        name
        for name, claim in CLAIMS.items()
        if claim.policies and claim.search(model, Budget(), small=True).counterexample is not None
    }


def test_shutting_the_hardware_domain_down_reboots_the_platform_too() -> None:
    """Whoever may shut the Hardware Domain down stops the machine where its end is the machine's (D1), and only there."""
    only_d1 = DUMMY.repaired(DUMMY.switches - {"D1"})
    for policy in (only_d1, SPECIFICATION):
        model = PrivilegeModel(catalogue(), policy)
        machine = Platform((Domain("ctrldom", frozenset({Capability.CONTROL})), Domain("hwdom", HARDWARE)))
        operation = model.catalogue.by_name["SCHEDOP_remote_shutdown"]
        made = attempt(model, machine, initial(machine), (0, 1), operation, "poweroff")
        assert made.after.domains[1].life == "shut down"
        assert made.after.power == ("down" if policy is only_d1 else "up")


def test_suspending_the_hardware_domain_must_not_stop_the_machine() -> None:
    """Fact sheet 2.8: in Xen it does, whoever asks for it (D1)."""
    counterexample = small_search("ctrldom_suspend_resume", DUMMY).counterexample
    assert counterexample is not None
    changed = {change.field: change.after for change in counterexample.steps[-1].changed}
    assert changed["platform: power"] == "rebooted"


@pytest.mark.parametrize(
    "operation", ["XEN_DOMCTL_unpausedomain", "XEN_DOMCTL_resumedomain", "XEN_DOMCTL_createdomain"]
)
def test_harm_that_cannot_be_done_from_the_initial_state(operation: str) -> None:
    """Only a paused domain can be unpaused, only a suspended one resumed, only a destroyed one created anew."""
    for policy, cells in ((REPAIRED, {"action": Action.HOOK}), (SPECIFICATION, {"acts_on": ActsOn.CALLER})):
        assert "domu_unprivileged" in refuted_with(policy, operation, **cells)


@pytest.mark.parametrize("name", [name for name in CLAIMS if CLAIMS[name].policies])
def test_witness_shows_the_control_domain_where_it_says_so(name: str) -> None:
    witness = small_search(name, SPECIFICATION).witness
    assert witness is not None
    if "issued by the Control Domain" in witness.title:
        assert len(witness.steps) == 2
        assert witness.steps[0].outcome.startswith("denied")
        assert witness.steps[1].changed


def test_what_a_domu_is_allowed_is_what_its_confinement_is_about() -> None:
    """A denied operation confines nothing: the witness is an allowed one, and without any the claim is vacuous."""
    found = small_search("domu_affects_itself_only", SPECIFICATION)
    assert found.witness is not None
    (step,) = found.witness.steps
    assert step.outcome == "allowed"
    assert [change.field.partition(":")[0] for change in step.changed] == [dict(step.parameters)["target"]]
    denied = [replace(one, acts_on=ActsOn.PLATFORM) for one in catalogue().operations if one.is_service]
    nothing = PrivilegeModel(Catalogue(catalogue().xen_commit, tuple(denied)), SPECIFICATION)
    left = CLAIMS["domu_affects_itself_only"].search(nothing, Budget(), small=True)
    assert (left.relevant, left.witness, left.counterexample) == (0, None, None)


@pytest.mark.parametrize("operation", ["XENPF_enter_acpi_sleep", "XEN_DOMCTL_pausedomain", "XEN_DOMCTL_unpausedomain"])
def test_what_the_document_lists_is_not_beyond_its_list(operation: str) -> None:
    """To shut the platform down is on the list, although no requirement states it yet."""
    listed = tuple(one for one in catalogue().operations if one.name == operation)
    only = PrivilegeModel(Catalogue(catalogue().xen_commit, listed), SPECIFICATION)
    assert CLAIMS["ctrldom_list_open"].search(only, Budget(), small=True).relevant == 0


@pytest.mark.parametrize("operation", ["SiP SMC zynqmp EEMI", "SiP SMC i.MX8M", "SiP SMC i.MX8QM", "PHYSDEVOP_dbgp_op"])
def test_a_firmware_call_reaches_the_platform_in_the_document_too(operation: str) -> None:
    """Who may make it is what differs; if it were let through it would do the same (D2)."""
    refuted_without_checks = refuted_with(SPECIFICATION, operation, acts_on=ActsOn.CALLER, gates=())
    assert refuted_without_checks == ALL_PRIVILEGED | SAFE | BACKEND | {"unprivileged"}


@pytest.mark.parametrize("repaired", ["D4", "D2", "D2 D4"])
def test_a_repaired_divergence_opens_firmware_to_nobody_else(repaired: str) -> None:
    policy = DUMMY.repaired(frozenset(repaired.split()))
    firmware = [one for one in catalogue().operations if one.name.startswith("SiP SMC")]
    for operation in firmware:
        answers = {
            name: policy.decide(operation, decision.Relation(decision.TargetIs.NONE, **flags)).allowed
            for name, flags in {
                "domu": {},
                "hwdom": {"hardware": True},
                "ctrldom": {"control": True},
                "dom0": {"hardware": True, "control": True},
            }.items()
        }
        assert answers == {
            "domu": False,
            "hwdom": "D2" not in repaired,
            "ctrldom": "D4" in repaired,
            "dom0": True,
        }


def test_reading_the_console_s_buffer_may_clear_it() -> None:
    """``clear`` of xen_sysctl_readconsole: what is read is gone for everybody else."""
    for policy, cells in ((REPAIRED, {"action": Action.HOOK}), (SPECIFICATION, {"acts_on": ActsOn.CALLER})):
        refuted_then = refuted_with(policy, "XEN_SYSCTL_readconsole", **cells)
        assert refuted_then == ALL_PRIVILEGED | SAFE | BACKEND | {"unprivileged"}


def test_not_supported_is_a_permission_failure() -> None:
    """Who is refused for its role is refused whatever the state and the arguments: fact sheet 2.8, the suspension by PSCI."""
    suspend = "PSCI SYSTEM_SUSPEND"
    gate = replace(catalogue().by_name[suspend].gates[0], divergence="")
    assert refuted_with(SPECIFICATION, suspend, gates=(gate,)) == {"full_privileges", "ctrldom_full_privileges"}


@pytest.mark.parametrize("name", sorted(one for one in CLAIMS if isinstance(CLAIMS[one], PrivilegeClaim)))
@pytest.mark.parametrize("policy", ["specification", "dummy"])
def test_a_cell_left_as_it_is_refutes_nothing(name: str, policy: str) -> None:
    """What a flipped cell kills is killed by the flip, not by leaving out the operations beside it."""
    claim = CLAIMS[name]
    assert isinstance(claim, PrivilegeClaim)
    entry = read_register().expected.get((name, policy))
    repaired = POLICIES[policy].repaired(entry.divergences if entry is not None else frozenset())
    model = PrivilegeModel(catalogue(), repaired)
    witness = claim.search(model, Budget(), small=True).witness
    assert witness is not None
    needed = frozenset(one.action for one in witness.steps)
    for mutant in {mutant.operation: mutant for mutant in cell_mutants(model, needed)}.values():
        same = CellMutant(mutant.operation, mutant.operation, mutant.column, mutant.needed)
        with same.applied(model) as unchanged:
            assert claim.search(unchanged, Budget(), small=True).counterexample is None, mutant.operation.name
