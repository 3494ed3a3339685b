"""Fact sheet 2.3 and 2.4: what a caller sees, in the order of Xen's checks; gates that even control meets."""

from __future__ import annotations

import pytest

from sphinx_xenfusa.model.decision import Relation, TargetIs
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.policies import DUMMY, POLICIES

OPERATIONS = catalogue().by_name
CONTROL = Relation(TargetIs.OTHER, control=True)
DOMU = Relation(TargetIs.OTHER)

EVERY_POLICY = pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)


def code(policy, operation: str, relation: Relation) -> str:
    return policy.decide(OPERATIONS[operation], relation).code.value


@EVERY_POLICY
@pytest.mark.parametrize("operation", ["XEN_DOMCTL_pausedomain", "XEN_DOMCTL_max_mem", "XEN_DOMCTL_getdomaininfo"])
@pytest.mark.parametrize(("caller", "unknown", "denied"), [(CONTROL, "ESRCH", "0"), (DOMU, "EPERM", "EPERM")])
def test_domctl_order(policy, operation: str, caller: Relation, unknown: str, denied: str) -> None:
    """Copy, interface version, look-up of the domid (domctl.c:370-372), hook: the earlier fault hides the later."""
    wrong = caller._replace(readable=False, right_version=False, target=TargetIs.UNKNOWN)
    assert code(policy, operation, wrong) == "EFAULT"
    wrong = wrong._replace(readable=True)
    assert code(policy, operation, wrong) == "EACCES"
    wrong = wrong._replace(right_version=True)
    assert code(policy, operation, wrong) == unknown
    assert code(policy, operation, wrong._replace(target=TargetIs.OTHER)) == denied


@EVERY_POLICY
@pytest.mark.parametrize("operation", ["XEN_SYSCTL_debug_keys", "XENPF_enter_acpi_sleep"])
def test_version_before_permission_without_a_target(policy, operation: str) -> None:
    domu = Relation(TargetIs.NONE, right_version=False)
    assert code(policy, operation, domu) == "EACCES"
    assert code(policy, operation, domu._replace(right_version=True)) == "EPERM"


@EVERY_POLICY
@pytest.mark.parametrize("caller", [CONTROL, DOMU], ids=["control", "domu"])
def test_remote_shutdown_knows_no_unversioned_call(policy, caller: Relation) -> None:
    """sched/core.c:1978-1992: no version; ESRCH for everybody, for an unknown domid and for DOMID_SELF."""
    name = "SCHEDOP_remote_shutdown"
    assert code(policy, name, caller._replace(target=TargetIs.UNKNOWN)) == "ESRCH"
    assert code(policy, name, caller._replace(target=TargetIs.SELF, wrote_domid_self=True)) == "ESRCH"
    assert code(policy, name, caller._replace(right_version=False)) == code(policy, name, caller)
    assert code(policy, name, caller._replace(readable=False)) == "EFAULT"


SELF_EINVAL = [
    "XEN_DOMCTL_pausedomain",
    "XEN_DOMCTL_resumedomain",
    "XEN_DOMCTL_destroydomain",
    "XEN_DOMCTL_setvcpucontext",
    "XEN_DOMCTL_max_vcpus",
    "XEN_DOMCTL_soft_reset",
    "XEN_DOMCTL_setdebugging",
]


@EVERY_POLICY
@pytest.mark.parametrize("operation", SELF_EINVAL)
def test_self_directed_domctl_fails_even_for_control(policy, operation: str) -> None:
    assert code(policy, operation, CONTROL._replace(target=TargetIs.SELF)) == "EINVAL"
    assert code(policy, operation, CONTROL) == "0"


@pytest.mark.parametrize("operation", SELF_EINVAL)
def test_hook_comes_before_the_self_test_under_dummy(operation: str) -> None:
    assert code(DUMMY, operation, Relation(TargetIs.SELF)) == "EPERM"


@pytest.mark.parametrize("operation", ["XEN_DOMCTL_unpausedomain", "XEN_DOMCTL_max_mem", "XEN_DOMCTL_setvcpuaffinity"])
def test_other_domctls_may_be_self_directed(operation: str) -> None:
    assert code(DUMMY, operation, CONTROL._replace(target=TargetIs.SELF)) == "0"


def test_get_domain_state_of_no_domain_needs_the_virq() -> None:
    """domain.c:234: DOMID_INVALID needs the VIRQ_DOM_EXC owner, after the hook."""
    name = "XEN_DOMCTL_get_domain_state"
    without = Relation(TargetIs.NONE, control=True, holds_resource=False)
    assert code(DUMMY, name, without) == "EACCES"
    assert code(DUMMY, name, without._replace(holds_resource=True)) == "0"
    assert code(DUMMY, name, Relation(TargetIs.NONE, holds_resource=False)) == "EPERM"
    assert code(DUMMY, name, without._replace(target=TargetIs.OTHER)) == "0"


HANDS_ON_WHAT_IT_HOLDS = [
    "XEN_DOMCTL_memory_mapping",
    "XEN_DOMCTL_iomem_permission",
    "XEN_DOMCTL_irq_permission",
    "XEN_DOMCTL_gsi_permission",
    "XEN_DOMCTL_ioport_permission",
    "XEN_DOMCTL_ioport_mapping",
    "XEN_DOMCTL_bind_pt_irq",
    "XEN_DOMCTL_unbind_pt_irq",
]


@pytest.mark.parametrize("operation", HANDS_ON_WHAT_IT_HOLDS)
def test_control_cannot_hand_out_what_it_was_never_given_under_dummy(operation: str) -> None:
    """Fact sheet 2.4, D4."""
    without = CONTROL._replace(holds_resource=False)
    assert code(DUMMY, operation, without) == "EPERM"
    assert code(DUMMY, operation, CONTROL) == "0"
    assert code(DUMMY.repaired(frozenset({"D4"})), operation, without) == "0"


def test_no_other_domctl_asks_for_a_resource_under_dummy() -> None:
    without = CONTROL._replace(holds_resource=False)
    asks = {
        name
        for name, operation in OPERATIONS.items()
        if operation.hypercall == "domctl" and code(DUMMY, name, without) != code(DUMMY, name, CONTROL)
    }
    assert asks == set(HANDS_ON_WHAT_IT_HOLDS)


@pytest.mark.parametrize(
    "operation",
    ["PHYSDEVOP_setup_gsi", "PHYSDEVOP_pci_mmcfg_reserved"]
    + [f"PHYSDEVOP_pci_device_{what}" for what in ("add", "remove", "reset")],
)
def test_nobody_passes_both_gates_when_the_roles_are_split_under_dummy(operation: str) -> None:
    """Fact sheet 2.8, D6: hardware (else ENOSYS) and control (XSM_PRIV)."""
    assert code(DUMMY, operation, Relation(TargetIs.NONE, control=True)) == "ENOSYS"
    assert code(DUMMY, operation, Relation(TargetIs.NONE, hardware=True)) == "EPERM"
    assert code(DUMMY, operation, Relation(TargetIs.NONE)) == "ENOSYS"
    assert code(DUMMY, operation, Relation(TargetIs.NONE, control=True, hardware=True)) == "0"


@pytest.mark.parametrize(
    ("operation", "denied"),
    [
        ("SCHEDOP_pin_override", "EPERM"),
        ("PHYSDEVOP_dbgp_op", "EPERM"),
        ("SiP SMC zynqmp EEMI", "XST_PM_NO_ACCESS"),
    ],
)
def test_hardware_domain_only_under_dummy(operation: str, denied: str) -> None:
    """Fact sheet 2.8: these ask for the hardware role, not for control."""
    assert code(DUMMY, operation, Relation(TargetIs.NONE, hardware=True)) == "0"
    assert code(DUMMY, operation, Relation(TargetIs.NONE, control=True)) == denied
    assert code(DUMMY, operation, Relation(TargetIs.NONE)) == denied


@pytest.mark.parametrize(
    ("operation", "denied"),
    [
        ("XENMEM_populate_physmap", "start_extent"),
        ("XENMEM_decrease_reservation", "start_extent"),
        ("XENMAPSPACE_gmfn_foreign", "errs[]=EPERM"),
        ("XENMEM_add_to_physmap_batch", "EPERM"),
        ("GNTTABOP_setup_table", "GNTST_permission_denied"),
        ("GNTTABOP_query_size", "GNTST_permission_denied"),
        ("GNTTABOP_get_version", "EPERM"),
    ],
)
def test_how_a_denial_looks_under_dummy(operation: str, denied: str) -> None:
    assert code(DUMMY, operation, DOMU) == denied


@pytest.mark.parametrize(
    ("operation", "denied"),
    [("XENVER_commandline", "<denied>"), ("XENVER_commandline2", "<denied>"), ("XENVER_build_id", "EPERM")],
)
def test_xen_version_exceptions_under_dummy(operation: str, denied: str) -> None:
    """dummy.h:785: sub-operations 9, 10 and 14 fall in the default arm."""
    assert code(DUMMY, operation, Relation(TargetIs.NONE)) == denied
    assert code(DUMMY, operation, Relation(TargetIs.NONE, control=True)) == "0"


@EVERY_POLICY
@pytest.mark.parametrize("caller", [CONTROL, DOMU], ids=["control", "domu"])
@pytest.mark.parametrize(
    ("operation", "unknown"),
    [
        ("XENMEM_increase_reservation", "start_extent"),
        ("XENMEM_decrease_reservation", "start_extent"),
        ("XENMEM_populate_physmap", "start_extent"),
        ("XENMEM_add_to_physmap", "ESRCH"),
        ("GNTTABOP_map_grant_ref", "GNTST_bad_domain"),
        ("GNTTABOP_copy", "GNTST_bad_domain"),
        ("GNTTABOP_setup_table", "GNTST_bad_domain"),
        ("GNTTABOP_get_version", "ESRCH"),
    ],
)
def test_how_an_unknown_domain_looks(policy, operation: str, unknown: str, caller: Relation) -> None:
    """Fact sheet 3.4 and 3.7 for grants; memory.c answers with the extents done so far whatever went wrong."""
    assert code(policy, operation, caller._replace(target=TargetIs.UNKNOWN)) == unknown
