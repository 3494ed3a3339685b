"""Who has direct access to which device: the lists of the document and of Xen, written by hand from the sources."""

from __future__ import annotations

import pytest

from sphinx_xenfusa.model.devices import owners
from sphinx_xenfusa.model.platform import Device, Domain, Platform
from sphinx_xenfusa.model.policies import POLICIES
from sphinx_xenfusa.model.rules import advice, broken_rules
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, DeviceKind

HWDOM = Domain("hwdom", frozenset({Capability.HARDWARE}))
DOMU, SAFE_DOMU = Domain("domu"), Domain("safe_domu", criticality=Criticality.SAFE)
CTRLDOM = Domain("ctrldom", frozenset({Capability.CONTROL}), Criticality.SAFE)
SPLIT = (HWDOM, CTRLDOM, DOMU, SAFE_DOMU)

# kind, used by Xen: who has it by the document, and who has it in Xen at the commit of the fact sheet (2.11, D13).
DEFAULT = [
    ("peripheral", False, ("hwdom",), ("hwdom",)),
    ("cpu", False, (), ()),
    ("mmu", False, (), ()),
    ("iommu", False, (), ()),
    ("interrupt-controller", False, (), ()),
    ("timer", False, (), ()),
    ("uart", True, (), ()),
    ("uart", False, (), ("hwdom",)),
    ("psci", False, ("hwdom",), ()),
    ("pmu", False, ("hwdom",), ()),
    ("memory", False, ("hwdom",), ()),
]
XENS = [policy for name, policy in POLICIES.items() if name != "specification"]


def have(policy: str, domains: tuple[Domain, ...], device: Device) -> tuple[str, ...]:
    return owners(Platform(domains, (device,)), device, POLICIES[policy].switches)


def test_the_vectors_have_every_kind() -> None:
    assert {kind for kind, *_ in DEFAULT} == {kind.value for kind in DeviceKind}


@pytest.mark.verifies("XenArch~hwdom_default_devices~1", "XenArch~xen_owned_devices~1")
@pytest.mark.parametrize(("kind", "used", "document", "xen"), DEFAULT)
def test_what_is_assigned_to_nobody(kind: str, used: bool, document: tuple[str, ...], xen: tuple[str, ...]) -> None:
    device = Device("one", kind=DeviceKind(kind), used_by_xen=used)
    assert have("specification", SPLIT, device) == document
    assert [have(policy.name, SPLIT, device) for policy in XENS] == [xen] * len(XENS)
    assert broken_rules(Platform(SPLIT, (device,))) == ()


@pytest.mark.verifies("XenArch~hwdom_default_devices~1", partial=True)
def test_without_a_hardware_domain_nobody_has_it() -> None:
    assert have("specification", (CTRLDOM, DOMU, SAFE_DOMU), Device("nic")) == ()


@pytest.mark.verifies("XenArch~passthrough~1")
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", [domain.name for domain in SPLIT])
def test_passthrough_takes_it_from_the_hardware_domain(policy: str, name: str) -> None:
    nic = Device("nic", (name,))
    assert have(policy, SPLIT, nic) == (name,)
    assert broken_rules(Platform(SPLIT, (nic,))) == ()


@pytest.mark.verifies("XenArch~passthrough~1")
def test_a_device_of_two_domains_is_rejected() -> None:
    nic = Device("nic", ("domu", "safe_domu"))
    assert have("specification", SPLIT, nic) == ("domu", "safe_domu")
    assert broken_rules(Platform(SPLIT, (nic, Device("disk", ("domu",))))) == ("passthrough",)


@pytest.mark.verifies("XenArch~xen_owned_devices~1")
@pytest.mark.parametrize("kind", [kind for kind, _, document, _ in DEFAULT if not document])
@pytest.mark.parametrize("to", ["hwdom", "domu"])
def test_what_stays_with_xen_is_not_passed_through(kind: str, to: str) -> None:
    assert broken_rules(Platform(SPLIT, (Device("one", (to,), kind=DeviceKind(kind)),))) == ("xen_owned_devices",)


@pytest.mark.verifies("XenArch~safevm_definition~1")
def test_a_safe_vm_without_a_safety_task_is_reported_and_not_rejected() -> None:
    idle = Platform((Domain("idle", criticality=Criticality.SAFE), DOMU))
    busy = Platform((Domain("busy", criticality=Criticality.SAFE, safety_tasks=True), DOMU))
    assert (advice(idle), broken_rules(idle)) == (("safevm_definition",), ())
    assert (advice(busy), broken_rules(busy)) == ((), ())
    assert advice(Platform((DOMU,))) == ()
