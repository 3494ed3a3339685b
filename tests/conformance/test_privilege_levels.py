"""The privilege levels of the roles document ("Privileges"), tabulated over the whole catalogue."""

from __future__ import annotations

import pytest

from sphinx_xenfusa.model.decision import Relation, TargetIs, privilege_of
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.policies import SPECIFICATION

MAPPING = {"XENMAPSPACE_gmfn_foreign"}
DEVICE_MODEL = {
    f"XEN_DMOP_{name}"
    for name in (
        *("create_ioreq_server", "get_ioreq_server_info", "set_ioreq_server_state", "destroy_ioreq_server"),
        *("map_io_range_to_ioreq_server", "unmap_io_range_from_ioreq_server", "map_mem_type_to_ioreq_server"),
        *("track_dirty_vram", "modified_memory", "set_mem_type", "relocate_memory", "pin_memory_cacheattr"),
        *("set_pci_intx_level", "set_isa_irq_level", "set_pci_link_route", "set_irq_level"),
        *("inject_event", "inject_msi", "remote_shutdown", "nr_vcpus"),
    )
}
OFFERED = {
    *(f"GNTTABOP_{name}" for name in ("map_grant_ref", "unmap_grant_ref", "transfer", "copy", "unmap_and_replace")),
    *("EVTCHNOP_bind_interdomain", "EVTCHNOP_send", "XEN_ARGO_OP_sendv", "XEN_ARGO_OP_notify"),
}


def answers(relation: Relation) -> dict[str, str]:
    """What the caller gets back for every operation that takes a target."""
    return {
        one.name: SPECIFICATION.decide(one, relation).code.value
        for one in catalogue().operations
        if one.target == "domain" and one.hypercall not in ("device", "MMIO")
    }


def allowed(relation: Relation) -> set[str]:
    return {name for name, code in answers(relation).items() if code == "0"}


@pytest.mark.parametrize(
    ("may_map", "may_emulate", "level", "more"),
    [
        (False, False, "unprivileged", set()),
        (True, False, "virtio", MAPPING),
        (False, True, "virtio", DEVICE_MODEL),
        (True, True, "virtio", MAPPING | DEVICE_MODEL),
    ],
    ids=["both extensions", "non-blocking only", "grants only", "no extension"],
)
@pytest.mark.parametrize("hardware", [True, False], ids=["hardware domain", "driver domain"])
def test_four_cases_of_a_backend(may_map: bool, may_emulate: bool, level: str, more: set[str], hardware: bool) -> None:
    """Towards a frontend, the two families and no others; the same for the Hardware Domain and a Driver Domain."""
    relation = Relation(TargetIs.OTHER, hardware=hardware, may_map=may_map, may_emulate=may_emulate)
    assert privilege_of(relation).value == level
    assert allowed(relation) == OFFERED | more


def test_control_has_full_privileges_towards_a_frontend_too() -> None:
    relation = Relation(TargetIs.OTHER, control=True, may_map=True)
    assert privilege_of(relation).value == "full"
    assert allowed(relation) == set(answers(relation))


def test_unprivileged_domain_may_do_to_itself_what_reaches_nobody_else() -> None:
    """Everything but the operations on the platform; those that never take the caller as target say so."""
    got = answers(Relation(TargetIs.SELF))
    platform = {
        *("XEN_DOMCTL_createdomain", "XEN_DOMCTL_get_device_group"),
        *("XEN_DOMCTL_set_virq_handler", "XEN_DOMCTL_dt_overlay"),
    }
    never_itself = {
        *(f"XEN_DOMCTL_{name}" for name in ("pausedomain", "resumedomain", "destroydomain", "setvcpucontext")),
        *(
            f"XEN_DOMCTL_{name}"
            for name in ("max_vcpus", "soft_reset", "soft_reset_cont", "setdebugging", "set_target")
        ),
        "XENMAPSPACE_gmfn_foreign",
    }
    assert {name for name, code in got.items() if code == "EPERM"} == platform
    assert {name for name, code in got.items() if code == "EINVAL"} == never_itself
    assert set(got.values()) == {"0", "EPERM", "EINVAL"}
