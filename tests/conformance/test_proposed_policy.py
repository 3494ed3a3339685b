"""Fact sheet 2.10: the series that separates the roles (xen-devel 20250716211504.291104, not merged).

Who passes a hook with ``XSM_HW_PRIV``, what the capability of a device model gives, what a domain that is no target of hypercalls
is spared, and which domains are service domains.
"""

from __future__ import annotations

import itertools

import pytest

from sphinx_xenfusa.model.decision import Relation, TargetIs, proposed_action_allows
from sphinx_xenfusa.model.effects import Offered
from sphinx_xenfusa.model.operations import Action
from sphinx_xenfusa.model.platform import Domain
from sphinx_xenfusa.model.vocabulary import Capability, Criticality

COLUMNS = ("XSM_HOOK", "XSM_TARGET", "XSM_XS_PRIV", "XSM_DM_PRIV", "XSM_PRIV", "XSM_HW_PRIV")

# "y" allow, "-" deny; one letter for each column.
TABLE = {
    "itself, no role": ({"target": "self"}, "yy----"),
    "itself, untargetable": ({"target": "self", "untargetable": True}, "yy----"),
    "unrelated": ({}, "y-----"),
    "hardware domain": ({"hardware": True}, "y----y"),
    "hardware domain on itself": ({"hardware": True, "target": "self"}, "yy---y"),
    "control domain": ({"control": True}, "yyyyy-"),
    "control domain on itself": ({"control": True, "target": "self"}, "yyyyy-"),
    "both": ({"control": True, "hardware": True}, "yyyyyy"),
    "xenstore domain": ({"xenstore": True}, "y-y---"),
    "device model": ({"device_model": True}, "yyyy--"),
    "target-holder": ({"holds_target": True}, "yyyy--"),
    "control on an untargetable domain": ({"control": True, "untargetable": True}, "y-y---"),
    "xenstore on an untargetable domain": ({"xenstore": True, "untargetable": True}, "y-y---"),
    "device model on an untargetable domain": ({"device_model": True, "untargetable": True}, "y-----"),
    "hardware on an untargetable domain": ({"hardware": True, "untargetable": True}, "y----y"),
    "no target, control": ({"control": True, "target": "none"}, "yyyyy-"),
    "no target, hardware": ({"hardware": True, "target": "none"}, "y----y"),
}


@pytest.mark.parametrize("row", TABLE)
def test_decision_table(row: str) -> None:
    facts, expected = TABLE[row]
    relation = Relation(**{**facts, "target": TargetIs(facts.get("target", "other"))})
    assert "".join("y" if proposed_action_allows(Action(name), relation) else "-" for name in COLUMNS) == expected


HWDOM = Domain("hwdom", frozenset({Capability.HARDWARE}))
CTRLDOM = Domain("ctrldom", frozenset({Capability.CONTROL}), Criticality.SAFE)
DOMAINS = (
    *(HWDOM, CTRLDOM, Domain("store", xenstore=True), Domain("driver"), Domain("domu"), Domain("second")),
    Domain("safe_domu", criticality=Criticality.SAFE),
)
DOM0 = (Domain("dom0", frozenset(Capability), Criticality.SAFE), Domain("domu"))

OF_THE_HARDWARE = dict.fromkeys(("XENPF_settime64", "XENPF_microcode_update", "XENPF_enter_acpi_sleep"), "EPERM")
OF_THE_HARDWARE |= {"XENPF_cpu_online": "EPERM", "PHYSDEVOP_apic_write": "EPERM", "PHYSDEVOP_manage_pci_add": "EPERM"}
OF_THE_HARDWARE |= {"PHYSDEVOP_pci_device_add": "ENOSYS", "PHYSDEVOP_setup_gsi": "ENOSYS"}
"""What everybody else gets back; the second gate of 2.8 comes before the hook."""


@pytest.mark.parametrize("name", OF_THE_HARDWARE)
def test_operations_on_the_hardware_are_for_the_hardware_domain(world, name: str) -> None:
    codes = {domain.name: world("proposed", DOMAINS).code(domain.name, name) for domain in DOMAINS}
    assert codes == {**dict.fromkeys(codes, OF_THE_HARDWARE[name]), "hwdom": "0"}
    assert world("proposed", DOM0).code("dom0", name) == "0"


@pytest.mark.parametrize("name", OF_THE_HARDWARE)
def test_in_xen_as_it_is_they_are_not_the_hardware_domain_s(world, name: str) -> None:
    assert world("dummy", DOMAINS).code("hwdom", name) == "EPERM"
    assert world("dummy", DOM0).code("dom0", name) == "0"


def test_control_keeps_what_is_not_of_the_hardware(world) -> None:
    for name in ("XEN_SYSCTL_debug_keys", "XEN_SYSCTL_cpupool_op", "kexec_op(all cmds)"):
        assert world("proposed", DOMAINS).code("ctrldom", name) == "0"
        assert world("proposed", DOMAINS).code("hwdom", name) == "EPERM"


def test_a_device_model_reaches_every_domain(world) -> None:
    """DOMAIN_CAPS_DEVICE_MODEL: what one frontend needs is had over all domains, the Control Domain included (D17)."""
    here = world("proposed", DOMAINS, links=[("hwdom", "domu", "")])
    for target in ("domu", "second", "driver", "store", "ctrldom"):
        assert here.allowed("hwdom", target) >= here.MAPPING | here.DEVICE_MODEL, target
        assert here.code("hwdom", "XEN_DOMCTL_pausedomain", target) == "EPERM"
    assert not here.allowed("hwdom", "safe_domu") & (here.MAPPING | here.DEVICE_MODEL)
    document = world("specification", DOMAINS, links=[("hwdom", "domu", "")])
    assert document.allowed("hwdom", "second") == document.OFFERED


def test_a_device_model_serves_any_number_of_frontends_without_a_control_domain(world) -> None:
    """Unlike the target relation it is given when the domain is built."""
    without_control = tuple(domain for domain in DOMAINS if domain.name != "ctrldom")
    here = world("proposed", without_control, links=[("hwdom", "domu", ""), ("hwdom", "second", "grants")])
    assert here.serves("hwdom", "domu")[0]
    assert here.serves("hwdom", "second")[0]


def test_without_a_frontend_that_needs_it_nobody_is_a_device_model(world) -> None:
    here = world("proposed", DOMAINS, links=[("hwdom", "domu", "grants nonblocking")])
    for target in ("domu", "second"):
        assert not here.allowed("hwdom", target) & (here.MAPPING | here.DEVICE_MODEL)


DENIED_TO_CONTROL = ["XEN_DOMCTL_pausedomain", "XEN_DOMCTL_destroydomain", "XEN_DOMCTL_max_mem", "XENMEM_claim_pages"]
DENIED_TO_CONTROL += ["SCHEDOP_remote_shutdown", "XEN_DMOP_create_ioreq_server", "XENMEM_acquire_resource"]


@pytest.mark.parametrize("name", DENIED_TO_CONTROL)
def test_a_safe_vm_is_no_target_even_for_control(world, name: str) -> None:
    """Operations that ask for PRIV and for DM_PRIV; an UnsafeVM beside it stays a target."""
    assert world("proposed", DOMAINS).code("ctrldom", name, "safe_domu") == "EPERM"
    safe = world("proposed", DOMAINS).call("ctrldom", name, "safe_domu")
    assert safe.touches == ()
    for policy in ("dummy", "specification"):
        assert world(policy, DOMAINS).code("ctrldom", name, "safe_domu") == "0"
    repaired = world("proposed", DOMAINS, repaired=["D18", "D22"])
    assert repaired.code("ctrldom", name, "safe_domu") == "0"


def test_an_unsafe_vm_stays_a_target(world) -> None:
    for name in ("XEN_DOMCTL_pausedomain", "SCHEDOP_remote_shutdown", "XENMEM_claim_pages"):
        assert world("proposed", DOMAINS).code("ctrldom", name, "domu") == "0"


def test_the_control_domain_is_a_target_of_nobody_else(world) -> None:
    """It is a SafeVM, and not marked as no target: towards itself it keeps what it has."""
    here = world("proposed", DOMAINS)
    assert here.code("ctrldom", "XEN_DOMCTL_max_mem", "ctrldom") == "0"
    assert here.code("hwdom", "XEN_DOMCTL_max_mem", "ctrldom") == "EPERM"


@pytest.mark.parametrize("name", ["XEN_DOMCTL_getdomaininfo", "XEN_DOMCTL_get_domain_state"])
def test_control_and_the_xenstore_still_look_at_a_safe_vm(world, name: str) -> None:
    codes = {
        caller: world("proposed", DOMAINS).code(caller, name, "safe_domu")
        for caller in ("ctrldom", "store", "hwdom", "domu")
    }
    assert codes == {"ctrldom": "0", "store": "0", "hwdom": "EPERM", "domu": "EPERM"}


@pytest.mark.parametrize("name", ["XENMEM_populate_physmap", "HVMOP_set_param", "GNTTABOP_setup_table"])
def test_a_safe_vm_keeps_what_it_does_to_itself(world, name: str) -> None:
    assert world("proposed", DOMAINS).code("safe_domu", name, "safe_domu") == "0"
    assert not world("proposed", DOMAINS).call("ctrldom", name, "safe_domu").decision.allowed


def test_a_hook_that_is_not_told_the_target_spares_nobody(world) -> None:
    """createdomain and set_target pass no target to the hook (domctl.c:503)."""
    here = world("proposed", DOMAINS)
    here.become("safe_domu", "destroyed")
    assert here.code("ctrldom", "XEN_DOMCTL_createdomain", "safe_domu") == "0"
    assert world("proposed", DOMAINS).code("ctrldom", "XEN_DOMCTL_set_target", "safe_domu") == "0"


SERVICE = {"hwdom", "store"}
CHANNELS = {
    "GNTTABOP_map_grant_ref": "GNTST_permission_denied",
    "GNTTABOP_copy": "GNTST_permission_denied",
    "EVTCHNOP_bind_interdomain": "EPERM",
    "XEN_ARGO_OP_sendv": "EPERM",
}


@pytest.mark.parametrize("name", CHANNELS)
def test_service_domains_are_the_hardware_and_the_xenstore_domain(world, name: str) -> None:
    """Neither the Control Domain nor a Driver Domain is one, and one of the two ends has to be."""
    for caller, target in itertools.permutations([domain.name for domain in DOMAINS], 2):
        here = world("proposed", DOMAINS, links=[("driver", "domu", "")])
        for what in Offered:
            here.offer(what, by=target, to=caller)
        expected = "0" if {caller, target} & SERVICE else CHANNELS[name]
        assert here.code(caller, name, target) == expected, (caller, target)


@pytest.mark.parametrize("extensions", ["", "grants"])
def test_virtio_works_from_the_hardware_domain_only(world, extensions: str) -> None:
    for backend, works in (("hwdom", True), ("driver", False), ("ctrldom", False)):
        here = world("proposed", DOMAINS, links=[(backend, "domu", extensions)])
        completes, steps = here.serves(backend, "domu")
        assert completes is works
        assert works or steps == ["XEN_DMOP_create_ioreq_server: EPERM"]


@pytest.mark.parametrize(("backend", "divergence"), [("driver", "D19"), ("ctrldom", "D22")])
def test_each_divergence_names_its_own_domain(world, backend: str, divergence: str) -> None:
    for repaired in ("D19", "D22", "D23"):
        here = world("proposed", DOMAINS, links=[(backend, "domu", "")], repaired=[repaired])
        assert here.serves(backend, "domu")[0] is (repaired == divergence)
