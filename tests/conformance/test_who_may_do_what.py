"""The privileges of the roles over the whole catalogue, against lists typed from Xen's sources (fact sheet 2.2, 2.8).

The two lists name the operations that need no privilege: everything else is for the Control Domain alone.
"""

from __future__ import annotations

import pytest

from sphinx_xenfusa.claims.attempts import PrivilegeModel
from sphinx_xenfusa.model.effects import PLATFORM, Offered
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.platform import Domain
from sphinx_xenfusa.model.policies import DUMMY
from sphinx_xenfusa.model.vocabulary import Capability, Criticality

ON_WHAT_ANOTHER_OFFERS = {
    "GNTTABOP_map_grant_ref": "GNTST_general_error",
    "GNTTABOP_unmap_grant_ref": "GNTST_bad_handle",
    "GNTTABOP_transfer": "GNTST_general_error",
    "GNTTABOP_copy": "GNTST_general_error",
    "GNTTABOP_unmap_and_replace": "GNTST_bad_handle",
    "EVTCHNOP_bind_interdomain": "EINVAL",
    "EVTCHNOP_send": "0",
    "XEN_ARGO_OP_sendv": "ECONNREFUSED",
    "XEN_ARGO_OP_notify": "0",
}
"""Open to every domain, and what it gets back when nothing is offered to it."""

ON_ONESELF = {
    *(
        f"SCHEDOP_{name}"
        for name in ("yield", "block", "poll", "shutdown_code", "shutdown", "watchdog", "pin_override")
    ),
    *(f"EVTCHNOP_{name}" for name in ("bind_virq", "bind_pirq", "close", "bind_ipi", "bind_vcpu", "unmask")),
    *(f"EVTCHNOP_{name}" for name in ("init_control", "expand_array", "set_priority")),
    *(f"GNTTABOP_{name}" for name in ("dump_table", "set_version", "swap_grant_ref", "cache_flush")),
    *(f"XENMEM_{name}" for name in ("maximum_ram_page", "reserved_device_memory_map", "memory_map")),
    *(f"PHYSDEVOP_{name}" for name in ("eoi", "irq_status_query", "get_free_pirq")),
    *(f"XENVER_{name}" for name in ("version", "extraversion", "compile_info", "capabilities", "changeset")),
    *(f"XENVER_{name}" for name in ("platform_parameters", "get_features", "pagesize", "guest_handle")),
    *(f"XENVER_{name}" for name in ("extraversion2", "capabilities2", "changeset2")),
    *(f"XENPMU_{name}" for name in ("init", "finish", "lvtpc_set", "flush")),
    *(f"{name}(all)" for name in ("vcpu_op", "set_timer_op", "vm_assist", "multicall", "callback_op")),
    "HVMOP_guest_request_vm_event",
    "XEN_ARGO_OP_register_ring",
    "XEN_ARGO_OP_unregister_ring",
    "PSCI SYSTEM_OFF (0x84000008)",
    "PSCI SYSTEM_RESET (0x84000009)",
    "PSCI SYSTEM_SUSPEND",
}
"""Open to every domain, without a target."""

MAY_NOT = {"EPERM", "<denied>", "start_extent", "errs[]=EPERM", "GNTST_permission_denied"}

OPERATIONS = tuple(one for one in catalogue().operations if one.hypercall not in ("device", "MMIO"))
"""What is asked of Xen; not what devices do, and no register."""
WITH_TARGET = [one.name for one in OPERATIONS if one.target == "domain"]
WITHOUT_TARGET = [one.name for one in OPERATIONS if one.target == "none"]

DOMU = [pytest.param(name, marks=pytest.mark.verifies("XenArch~domu_unprivileged~1")) for name in ("domu", "safe_domu")]
HWDOM = [pytest.param("hwdom", marks=pytest.mark.verifies("XenArch~hwdom_unprivileged~1"))]
NO_CONTROL = pytest.mark.parametrize("caller", [*DOMU, *HWDOM])


def test_the_lists_name_operations() -> None:
    assert set(ON_WHAT_ANOTHER_OFFERS) <= set(WITH_TARGET)
    assert set(WITHOUT_TARGET) >= ON_ONESELF


@NO_CONTROL
@pytest.mark.verifies("XenArch~full_privileges_exclusive~1")
def test_towards_others_only_what_they_offer(world, caller: str) -> None:
    here = world()
    before = here.system
    answers = {}
    for name in WITH_TARGET:
        for target in {"hwdom", "ctrldom", "domu", "safe_domu"} - {caller}:
            answers.setdefault(name, set()).add(here.code(caller, name, target))
    assert {name for name, codes in answers.items() if not codes <= MAY_NOT} == set(ON_WHAT_ANOTHER_OFFERS)
    assert {name: answers[name] for name in ON_WHAT_ANOTHER_OFFERS} == {
        name: {code} for name, code in ON_WHAT_ANOTHER_OFFERS.items()
    }
    assert here.system == before


@NO_CONTROL
@pytest.mark.verifies("XenArch~full_privileges_exclusive~1")
def test_nothing_towards_the_platform(world, caller: str) -> None:
    open_to_it = set()
    for name in WITHOUT_TARGET:
        here = world()
        made = here.call(caller, name)
        if made.decision.allowed:
            open_to_it.add(name)
        assert {touch.owner for touch in made.touches} <= {here.platform.position(caller)}, name
    assert open_to_it == ON_ONESELF


@pytest.mark.verifies("XenArch~domu_affects_itself_only~1")
@pytest.mark.parametrize("caller", ["domu", "safe_domu"])
def test_a_domu_changes_itself_and_what_is_offered_to_it(world, caller: str) -> None:
    other = "safe_domu" if caller == "domu" else "domu"
    uses = set()
    for operation in OPERATIONS:
        for argument in operation.arguments:
            here = world()
            for what in Offered:
                here.offer(what, by=other, to=caller)
            made = here.call(caller, operation.name, other if operation.target == "domain" else None, argument)
            owners = {touch.owner for touch in made.touches}
            if owners - {here.platform.position(caller)}:
                uses.add(operation.name)
                assert owners == {here.platform.position(other)}, operation.name
                assert {touch.offered_to for touch in made.touches} == {here.platform.position(caller)}
    assert uses == {
        "GNTTABOP_map_grant_ref",
        "GNTTABOP_transfer",
        "GNTTABOP_copy",
        "EVTCHNOP_bind_interdomain",
        "EVTCHNOP_send",
        "XEN_ARGO_OP_sendv",
    }


@pytest.mark.verifies("XenArch~domu_affects_itself_only~1", partial=True)
def test_an_offer_is_for_the_domain_to_which_it_was_made(world) -> None:
    here = world()
    here.offer(Offered.PAGE, by="safe_domu", to="hwdom")
    assert here.code("domu", "GNTTABOP_map_grant_ref", "safe_domu") == "GNTST_general_error"
    assert here.system.used == frozenset()
    assert here.code("hwdom", "GNTTABOP_map_grant_ref", "safe_domu") == "0"
    assert len(here.system.used) == 1
    assert here.code("domu", "GNTTABOP_unmap_grant_ref", "safe_domu") == "GNTST_bad_handle"
    assert here.code("hwdom", "GNTTABOP_unmap_grant_ref", "safe_domu") == "0"
    assert here.system.used == frozenset()


SELF_EINVAL = {
    *(f"XEN_DOMCTL_{name}" for name in ("pausedomain", "resumedomain", "destroydomain", "setvcpucontext")),
    *(f"XEN_DOMCTL_{name}" for name in ("max_vcpus", "soft_reset", "soft_reset_cont", "setdebugging", "set_target")),
    "XENMAPSPACE_gmfn_foreign",
}


@pytest.mark.verifies("XenArch~ctrldom_full_privileges~1", "XenArch~full_privileges~1")
@pytest.mark.parametrize("target", ["hwdom", "domu", "safe_domu"])
def test_control_is_let_through_everywhere(world, target: str) -> None:
    denied = {
        name: made.code.value
        for name in WITH_TARGET
        if not (made := world().call("ctrldom", name, target)).decision.allowed
    }
    denied |= {
        name: made.code.value for name in WITHOUT_TARGET if not (made := world().call("ctrldom", name)).decision.allowed
    }
    assert denied == {}


@pytest.mark.verifies("XenArch~ctrldom_full_privileges~1", "XenArch~full_privileges~1")
def test_towards_itself_control_meets_errors_of_argument_only(world) -> None:
    answers = {name: world().call("ctrldom", name, "ctrldom") for name in WITH_TARGET}
    denied = {name: made.code.value for name, made in answers.items() if not made.decision.allowed}
    assert denied == dict.fromkeys(SELF_EINVAL, "EINVAL")


@pytest.mark.verifies("XenArch~full_privileges_exclusive~1", partial=True)
def test_a_dom0_has_full_privileges_by_its_control_capability(world) -> None:
    """One domain may hold both capabilities; the hardware capability adds no privilege and takes none."""
    both = Domain("dom0", frozenset(Capability), Criticality.SAFE)
    hardware = Domain("dom0", frozenset({Capability.HARDWARE}), Criticality.SAFE)
    for name in ("XEN_DOMCTL_pausedomain", "XENMAPSPACE_gmfn_foreign", "XEN_DMOP_create_ioreq_server"):
        assert world(domains=(both, Domain("domu"))).call("dom0", name, "domu").decision.allowed
        assert not world(domains=(hardware, Domain("domu"))).call("dom0", name, "domu").decision.allowed


@pytest.mark.verifies("XenArch~ctrldom_optional~1")
@pytest.mark.parametrize("caller", ["hwdom", "domu"])
def test_without_a_control_domain_nobody_has_its_privileges(world, caller: str) -> None:
    domains = (
        Domain("hwdom", frozenset({Capability.HARDWARE})),
        Domain("domu"),
        Domain("victim", frozenset(), Criticality.SAFE),
    )
    for operation in OPERATIONS:
        for argument in operation.arguments:
            here = world(domains=domains)
            made = here.call(caller, operation.name, "victim" if operation.target == "domain" else None, argument)
            owners = {touch.owner for touch in made.touches}
            assert owners <= {here.platform.position(caller)}, operation.name
            assert PLATFORM not in owners


def test_console_reaches_the_platform_under_dummy(world) -> None:
    """D9 and D2: every domain that is built at boot may use the machine's console."""
    for caller in ("domu", "hwdom"):
        for name in ("CONSOLEIO_write", "CONSOLEIO_read"):
            made = world("dummy").call(caller, name)
            assert {touch.owner for touch in made.touches} == {PLATFORM}
            assert world().code(caller, name) == "EPERM"


@pytest.mark.parametrize(
    ("caller", "divergence"),
    [("hwdom", "D2"), ("domu", "D9"), ("safe_domu", "D9")],
)
def test_console_flag_follows_its_divergence_under_dummy(world, caller: str, divergence: str) -> None:
    """The Hardware Domain's console is D2, that of every domain built at boot D9."""
    for other in {"D2", "D9"}:
        here = world("dummy")
        here.model = PrivilegeModel(here.model.catalogue, DUMMY.repaired(frozenset({other})))
        assert here.call(caller, "CONSOLEIO_read").decision.allowed is (other != divergence)


def test_a_decision_says_what_decided_under_dummy(world) -> None:
    here = world("dummy")
    assert here.call("domu", "XEN_DOMCTL_pausedomain", "safe_domu").decision.by == "xsm_domctl: XSM_PRIV"
    assert here.call("ctrldom", "XEN_DOMCTL_pausedomain", "domu").decision.by == "xsm_domctl"
    assert here.call("domu", "SCHEDOP_yield").decision.by == "no check"
    assert here.call("ctrldom", "XEN_DMOP_nr_vcpus", "ctrldom").decision.by == "gate: self"
    assert world().call("domu", "XEN_DOMCTL_pausedomain", "safe_domu").decision.by == "privilege: unprivileged"
