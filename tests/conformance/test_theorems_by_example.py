"""The theorems about the rules on platforms that were worked out by hand: what is claimed of all is tried on a few.

No part of the composition that the theorems are searched with is used here: a platform is written down, an adversary makes its
calls one after the other, and the SafeVMs are looked at.  An example verifies a part of a theorem and not the whole.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from sphinx_xenfusa.model.effects import Offered
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.platform import Device, Domain, Link, Platform
from sphinx_xenfusa.model.rules import RULES, Category, broken_rules
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, DeviceKind, Protocol

SAFE, UNSAFE = Criticality.SAFE, Criticality.UNSAFE
HARDWARE, CONTROL = frozenset({Capability.HARDWARE}), frozenset({Capability.CONTROL})
BOTH, NONE = frozenset(Capability), frozenset()
NIC = Device("nic", ("driver",))
MEMORY, EMULATION, CRITICAL = "mem_frontend_unsafe", "sync_frontend_unsafe", "ctrldom_is_safe"

HWDOM, SAFE_HWDOM = Domain("hwdom", HARDWARE), Domain("hwdom", HARDWARE, SAFE)
CTRLDOM, SAFE_CTRLDOM = Domain("ctrldom", CONTROL), Domain("ctrldom", CONTROL, SAFE)
DRIVER, SAFE_DRIVER = Domain("driver"), Domain("driver", NONE, SAFE)
FRONT, SAFE_FRONT = Domain("front"), Domain("front", NONE, SAFE)
SAFE_DOMU = Domain("safe", NONE, SAFE)


def harmed_by(world: Any, caller: str, domains: Any, devices: Any = (), links: Any = ()) -> set[tuple[str, str]]:
    """Operation and SafeVM, or "platform": every call of one domain that changes another SafeVM, maps it, or moves the platform.

    Everything is tried with nothing offered to the caller and with all that the SafeVMs can offer; each call from the start.
    """
    here = world("specification", domains, devices=devices, links=links)
    safe = [one.name for one in domains if one.criticality is SAFE and one.name != caller]
    start = here.system
    for other, what in itertools.product(safe, Offered):
        here.offer(what, by=other, to=caller)
    found = set()
    for system, one in itertools.product((start, here.system), catalogue().operations):
        for target in [domain.name for domain in domains] if one.target == "domain" else [None]:
            for argument in one.arguments:
                here.system = system
                here.call(caller, one.name, target, argument)
                owners = {owner for _, owner in here.mapped()}
                found |= {
                    (one.name, name)
                    for name in safe
                    if name in owners or here.state(name) != start.domains[here.platform.position(name)]
                }
                if here.power is not start.power or here.system.configuration != start.configuration:
                    found.add((one.name, "platform"))
    return found


def described(domains: Any, devices: Any, links: Any) -> Platform:
    return Platform(
        tuple(domains),
        tuple(devices),
        tuple(
            Link(Protocol.VIRTIO, backend, frontend, grants="grants" in used, nonblocking="nonblocking" in used)
            for backend, frontend, used in links
        ),
    )


# --- soundness ------------------------------------------------------------------------------------------------------


ACCEPTED = {
    "an unsafe Hardware Domain serves a SafeVM with both extensions": (
        ("hwdom",),
        (HWDOM, SAFE_CTRLDOM, SAFE_FRONT),
        (),
        (("hwdom", "front", "grants nonblocking"),),
    ),
    "a Driver Domain serves an UnsafeVM as it likes": (
        ("driver", "front"),
        (DRIVER, FRONT, SAFE_DOMU),
        (NIC,),
        (("driver", "front", ""),),
    ),
    "a backend in a SafeVM fails": (
        ("driver",),
        (SAFE_DRIVER, SAFE_FRONT, SAFE_DOMU),
        (NIC,),
        (("driver", "front", "grants nonblocking"),),
    ),
    "two backends, one with a SafeVM as frontend": (
        ("hwdom", "driver", "front"),
        (HWDOM, DRIVER, FRONT, SAFE_DOMU),
        (NIC,),
        (("driver", "front", ""), ("hwdom", "safe", "grants nonblocking")),
    ),
}
"""The adversaries, the domains, the devices and the links of platforms that obey every rule."""


@pytest.mark.verifies("XenArch~soundness~1", partial=True)
@pytest.mark.parametrize(
    ("title", "caller"), [(title, caller) for title, parts in ACCEPTED.items() for caller in parts[0]]
)
def test_on_an_accepted_platform_no_adversary_does_anything_to_a_safe_vm(world: Any, title: str, caller: str) -> None:
    _, domains, devices, links = ACCEPTED[title]
    assert broken_rules(described(domains, devices, links)) == ()
    assert harmed_by(world, caller, domains, devices, links) == set()


# --- tightness ------------------------------------------------------------------------------------------------------


@pytest.mark.verifies("XenArch~tightness~1", partial=True)
def test_a_safe_frontend_without_grants_is_mapped_until_it_uses_them(world: Any) -> None:
    domains = (HWDOM, SAFE_FRONT)
    here = world(domains=domains, links=[("hwdom", "front", "nonblocking")])
    assert broken_rules(here.platform) == (MEMORY,)
    assert here.code("hwdom", "XENMAPSPACE_gmfn_foreign", "front") == "0"
    assert here.mapped() == {("hwdom", "front")}
    mended = world(domains=domains, links=[("hwdom", "front", "grants nonblocking")])
    assert mended.code("hwdom", "XENMAPSPACE_gmfn_foreign", "front") == "errs[]=EPERM"
    assert mended.mapped() == set()
    assert broken_rules(mended.platform) == ()


@pytest.mark.verifies("XenArch~tightness~1", partial=True)
def test_a_safe_frontend_that_blocks_is_at_the_mercy_of_its_device_model_until_it_does_not(world: Any) -> None:
    domains = (HWDOM, SAFE_FRONT)
    here = world(domains=domains, links=[("hwdom", "front", "grants")], architecture="x86")
    assert broken_rules(here.platform) == (EMULATION,)
    for operation in ("XEN_DMOP_create_ioreq_server", "XEN_DMOP_remote_shutdown"):
        assert here.code("hwdom", operation, "front") == "0"
    assert here.state("front").life == "shut down"
    mended = world(domains=domains, links=[("hwdom", "front", "grants nonblocking")], architecture="x86")
    for operation in ("XEN_DMOP_create_ioreq_server", "XEN_DMOP_remote_shutdown"):
        assert mended.code("hwdom", operation, "front") == "EPERM"
    assert mended.state("front").life == "running"
    assert broken_rules(mended.platform) == ()


@pytest.mark.verifies("XenArch~tightness~1", partial=True)
def test_an_unsafe_control_domain_pauses_a_safe_vm_and_without_it_no_unsafe_vm_does(world: Any) -> None:
    here = world(domains=(CTRLDOM, HWDOM, SAFE_DOMU))
    assert broken_rules(here.platform) == (CRITICAL,)
    assert here.code("ctrldom", "XEN_DOMCTL_pausedomain", "safe") == "0"
    assert here.state("safe").life == "paused"
    mended = world(domains=(SAFE_CTRLDOM, HWDOM, SAFE_DOMU))
    assert broken_rules(mended.platform) == ()
    assert mended.code("hwdom", "XEN_DOMCTL_pausedomain", "safe") == "EPERM"
    assert harmed_by(world, "hwdom", mended.platform.domains) == set()


@pytest.mark.verifies("XenArch~tightness~1", partial=True)
def test_e1_two_hardware_domains_are_rejected_and_harm_nobody(world: Any) -> None:
    domains = (HWDOM, Domain("second", HARDWARE), SAFE_DOMU)
    assert broken_rules(described(domains, (), ())) == ("hwdom_single",)
    assert harmed_by(world, "hwdom", domains) == set()
    assert harmed_by(world, "second", domains) == set()


@pytest.mark.verifies("XenArch~tightness~1", partial=True)
def test_e2_a_frontend_of_the_control_domain_is_rejected_and_the_link_adds_nothing(world: Any) -> None:
    """It holds full privileges over the frontend with the rule obeyed and without."""
    domains, devices = (SAFE_CTRLDOM, SAFE_FRONT), (Device("can", ("ctrldom",)),)
    assert broken_rules(described(domains, devices, [("ctrldom", "front", "")])) == (MEMORY, EMULATION)
    assert broken_rules(described(domains, devices, [("ctrldom", "front", "grants nonblocking")])) == ()
    open_, kept = (
        world(domains=domains, devices=devices, links=[("ctrldom", "front", used)])
        for used in ("", "grants nonblocking")
    )
    assert open_.allowed("ctrldom", "front") == kept.allowed("ctrldom", "front") >= world.MAPPING | world.DEVICE_MODEL


# --- A1 alone -------------------------------------------------------------------------------------------------------


@pytest.mark.verifies("XenArch~tightness_a1~1", partial=True)
@pytest.mark.parametrize(("used", "rule"), [("nonblocking", MEMORY), ("grants", EMULATION)])
def test_what_a_safe_backend_may_do_to_a_safe_frontend_no_unsafe_vm_may(world: Any, used: str, rule: str) -> None:
    domains, links = (SAFE_DRIVER, SAFE_FRONT, Domain("stranger")), [("driver", "front", used)]
    assert broken_rules(described(domains, [NIC], links)) == (rule,)
    here = world(domains=domains, devices=[NIC], links=links)
    family = here.MAPPING if rule == MEMORY else here.DEVICE_MODEL
    assert here.allowed("driver", "front") == here.OFFERED | family
    assert here.allowed("stranger", "front") == here.OFFERED
    assert harmed_by(world, "stranger", domains, [NIC], links) == set()


# --- independence ---------------------------------------------------------------------------------------------------


BROKEN_ALONE = {
    "xen_owned_devices": ((HWDOM, FRONT), (Device("t", ("front",), kind=DeviceKind.TIMER),), ()),
    "passthrough": ((FRONT, DRIVER), (Device("nic", ("driver", "front")),), ()),
    "hwdom_single": ((HWDOM, Domain("second", HARDWARE)), (), ()),
    "ctrldom_single": ((SAFE_CTRLDOM, Domain("second", CONTROL, SAFE)), (), ()),
    "unsafevm_definition": ((replace(FRONT, safety_tasks=True),), (), ()),
    "ctrldom_is_safe": ((CTRLDOM,), (), ()),
    "backend_placement": ((DRIVER, FRONT), (), (("driver", "front", ""),)),
    "mem_frontend_unsafe": ((HWDOM, SAFE_FRONT), (), (("hwdom", "front", "nonblocking"),)),
    "sync_frontend_unsafe": ((HWDOM, SAFE_FRONT), (), (("hwdom", "front", "grants"),)),
}
"""For each rule of the semantics a platform that breaks it and no other."""
FREEDOM_FROM_INTERFERENCE = {"ctrldom_is_safe", "mem_frontend_unsafe", "sync_frontend_unsafe"}


@pytest.mark.verifies("XenArch~independence~1")
def test_each_rule_is_broken_alone_by_some_platform() -> None:
    assert {name: broken_rules(described(*parts)) for name, parts in BROKEN_ALONE.items()} == {
        name: (name,) for name in BROKEN_ALONE
    }
    assert {one.name for one in RULES} == set(BROKEN_ALONE)
    assert {
        one.name for one in RULES if one.category is Category.FREEDOM_FROM_INTERFERENCE
    } == FREEDOM_FROM_INTERFERENCE


# --- satisfiability -------------------------------------------------------------------------------------------------


@pytest.mark.verifies("XenArch~satisfiability~1", partial=True)
@pytest.mark.parametrize("used", [None, "", "grants", "nonblocking", "grants nonblocking"])
@pytest.mark.parametrize(
    "held",
    [(NONE, NONE), (HARDWARE, NONE), (CONTROL, NONE), (BOTH, NONE), (HARDWARE, CONTROL), (HARDWARE, CONTROL, NONE)],
    ids=["DomUs", "hardware", "control", "both", "split", "split and a DomU"],
)
def test_capabilities_are_accepted_with_some_choice_of_safe_vms(held: Any, used: str | None) -> None:
    """The choice: the Control Domain, and nobody else.  It is a SafeVM, and so at the backend's end of a link if it has one."""
    domains = [Domain(f"domain{at}", one, SAFE if Capability.CONTROL in one else UNSAFE) for at, one in enumerate(held)]
    frontend, backend = sorted(domains, key=lambda one: one.has(Capability.CONTROL))[:2]
    links = [] if used is None else [(backend.name, frontend.name, used)]
    device = Device("nic", (backend.name,))
    assert broken_rules(described(domains, [device], links)) == ()


# --- monotonicity ---------------------------------------------------------------------------------------------------


@pytest.mark.verifies("XenArch~monotonicity~1", partial=True)
@pytest.mark.parametrize("caller", ["hwdom", "ctrldom", "front", "safe"])
@pytest.mark.parametrize("used", ["", "grants nonblocking"])
def test_silo_adds_nothing(world: Any, caller: str, used: str) -> None:
    domains = (HWDOM, SAFE_CTRLDOM, FRONT, SAFE_DOMU)
    dummy, silo = (world(policy, domains, links=[("hwdom", "front", used)]) for policy in ("dummy", "silo"))
    for target in ("hwdom", "ctrldom", "front", "safe", None):
        assert silo.allowed(caller, target) <= dummy.allowed(caller, target), target


@pytest.mark.verifies("XenArch~monotonicity~1", partial=True)
def test_silo_takes_the_channels_between_domus_away(world: Any) -> None:
    """Fact sheet, D8: grants, event channels and Argo need a Control Domain at one end."""
    dummy, silo = (world(policy, (HWDOM, SAFE_CTRLDOM, FRONT, SAFE_DOMU)) for policy in ("dummy", "silo"))
    assert dummy.allowed("front", "safe") - silo.allowed("front", "safe") >= {
        "GNTTABOP_map_grant_ref",
        "EVTCHNOP_bind_interdomain",
        "XEN_ARGO_OP_sendv",
    }
    assert silo.allowed("ctrldom", "safe") == dummy.allowed("ctrldom", "safe")


# --- what is left over ----------------------------------------------------------------------------------------------


@pytest.mark.verifies("XenArch~residue_closure~1", partial=True)
def test_who_takes_over_the_control_domain_has_every_safe_vm_and_who_takes_over_another_has_its_link(
    world: Any,
) -> None:
    """Both are frontends of an adversary, with both extensions: the rules accept it.  From then on they do what it wants."""
    domains = (HWDOM, SAFE_CTRLDOM, SAFE_FRONT, SAFE_DOMU)
    links = [("hwdom", name, "grants nonblocking") for name in ("ctrldom", "front")]
    assert broken_rules(described(domains, (), links)) == ()
    assert harmed_by(world, "front", domains, (), links) == set()
    reached = {name for operation, name in harmed_by(world, "ctrldom", domains, (), links)}
    assert reached == {"front", "safe", "platform"}
