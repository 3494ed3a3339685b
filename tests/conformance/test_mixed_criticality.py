"""Roles, "SafeVMs and UnSafeVMs": which mixes of criticality are compatible with safety, by trying everything.

A platform is tried by hand here: every adversary, every call and device access, every argument, towards every domain, with
everything offered to it and with nothing; afterwards every SafeVM and the machine are compared with what they were.
"""

from __future__ import annotations

import itertools

import pytest

from sphinx_xenfusa.claims.interference import adversaries, examine
from sphinx_xenfusa.model.effects import Offered, Power
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.platform import Device, Domain, Link, Platform
from sphinx_xenfusa.model.policies import POLICIES
from sphinx_xenfusa.model.rules import broken_rules
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, Protocol, Reach

SAFE, UNSAFE = Criticality.SAFE, Criticality.UNSAFE
HARDWARE, CONTROL = frozenset({Capability.HARDWARE}), frozenset({Capability.CONTROL})
SPECIFICATION, DUMMY = POLICIES["specification"], POLICIES["dummy"]

EXAMPLE = (
    Domain("hwdom", HARDWARE, UNSAFE),
    Domain("safe_a", criticality=SAFE, safety_tasks=True),
    Domain("safe_b", criticality=SAFE, safety_tasks=True),
    Domain("unsafe_a"),
    Domain("unsafe_b"),
)


def harmed(world, policy: str, domains, devices=(), links=()) -> set[tuple[str, str]]:
    """Adversary and operation of every step that changes a SafeVM's memory, life or set-up, maps it, or stops the machine."""
    safe = [domain.name for domain in domains if domain.criticality is SAFE]
    found = set()
    for caller in (domain.name for domain in domains if domain.criticality is UNSAFE):
        here = world(policy, domains, devices=devices, links=links)
        start = here.system
        for other, what in itertools.product(safe, Offered):
            here.offer(what, by=other, to=caller)
        for system, one in itertools.product((start, here.system), catalogue().operations):
            for target in [domain.name for domain in domains] if one.target == "domain" else [None]:
                for argument in one.arguments:
                    here.system = system
                    here.call(caller, one.name, target, argument)
                    states = all(here.state(name) == start.domains[here.platform.position(name)] for name in safe)
                    mapped = any(owner in safe for _, owner in here.mapped())
                    machine = here.power is Power.UP and here.system.configuration == "original"
                    if not states or mapped or not machine:
                        found.add((caller, one.name))
    return found


@pytest.mark.verifies("XenArch~example_platform~1")
def test_the_example_platform_is_compatible_with_safety(world) -> None:
    assert broken_rules(Platform(EXAMPLE)) == ()
    assert harmed(world, "specification", EXAMPLE) == set()


@pytest.mark.verifies("XenArch~example_platform~1", partial=True)
def test_the_example_platform_examined(world) -> None:
    """Three adversaries, each towards each of the five domains."""
    examined = examine(Platform(EXAMPLE), SPECIFICATION)
    assert (examined.pairs, examined.found) == (15, ())
    assert examined.attempts > 1000


MIXES = list(itertools.product((SAFE, UNSAFE), (None, SAFE, UNSAFE), (SAFE, UNSAFE), (False, True)))


def mixed(hwdom: Criticality, first: Criticality | None, second: Criticality, control: bool) -> tuple[Domain, ...]:
    domains = [Domain("hwdom", HARDWARE, hwdom, hwdom is SAFE)]
    if control:
        domains.append(Domain("ctrldom", CONTROL, SAFE, True))
    if first is not None:
        domains.append(Domain("domu_a", frozenset(), first, first is SAFE))
    return (*domains, Domain("domu_b", frozenset(), second, second is SAFE))


@pytest.mark.verifies("XenArch~no_virtio_no_restriction~1")
@pytest.mark.parametrize(("hwdom", "first", "second", "control"), MIXES)
def test_without_virtio_every_mix_is_accepted_and_keeps_its_safe_vms(world, hwdom, first, second, control) -> None:
    domains = mixed(hwdom, first, second, control)
    assert broken_rules(Platform(domains)) == ()
    assert harmed(world, "specification", domains) == set()


@pytest.mark.verifies("XenArch~no_virtio_no_restriction~1", partial=True)
@pytest.mark.parametrize("offender", ["unsafe control domain", "virtio", "dma", "reset"])
def test_the_search_sees_interference_where_there_is_some(world, offender: str) -> None:
    """What the statement excludes, or takes for granted, is harmful; else the tests above could not fail."""
    domains = mixed(UNSAFE, SAFE, UNSAFE, False)
    if offender == "unsafe control domain":
        domains = (*domains, Domain("ctrldom", CONTROL, UNSAFE))
        assert broken_rules(Platform(domains)) == ("ctrldom_is_safe",)
        assert ("ctrldom", "XEN_DOMCTL_pausedomain") in harmed(world, "specification", domains)
    elif offender == "virtio":
        found = harmed(world, "specification", domains, links=[("hwdom", "domu_a", "")])
        assert ("hwdom", "XENMAPSPACE_gmfn_foreign") in found
        assert {caller for caller, _ in found} == {"hwdom"}
    else:
        reach = Reach.DMA if offender == "dma" else Reach.PLATFORM
        device = Device(offender, ("domu_b",), reach, behind_iommu=False)
        (found,) = harmed(world, "specification", domains, [device])
        assert found[0] == "domu_b"


# --- the assumptions of use about devices, and the policies of Xen --------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "good", "kind"),
    [
        (Device("disk", ("unsafe_a",), Reach.DMA, False), Device("disk", ("unsafe_a",), Reach.DMA, True), "M"),
        (Device("reset", ("unsafe_a",), Reach.PLATFORM), Device("reset", ("unsafe_a",), Reach.SELF), "C"),
    ],
    ids=["AoU-IOMMU", "AoU-DEV"],
)
def test_an_assumption_dropped_is_a_hazard(bad: Device, good: Device, kind: str) -> None:
    for policy in (SPECIFICATION, DUMMY.repaired(frozenset({"D1", "D2"}))):
        hazard = examine(Platform(EXAMPLE, (bad,)), policy)
        assert [(name, str(what)) for name, what, _ in hazard.found] == [("unsafe_a", kind)]
        assert len(hazard.found[0][2].steps) == 1
        assert examine(Platform(EXAMPLE, (good,)), policy).found == ()


def test_a_safe_vm_s_device_is_no_hazard() -> None:
    devices = (Device("disk", ("safe_a",), Reach.DMA, False), Device("reset", ("safe_b",), Reach.PLATFORM))
    assert examine(Platform(EXAMPLE, devices), SPECIFICATION).found == ()


@pytest.mark.parametrize("policy", ["dummy", "silo"])
def test_in_xen_the_example_suffers_from_its_hardware_domain_alone(policy: str) -> None:
    """D1 and D2: it stops the machine, and its DMA may go past an IOMMU that is not there."""
    found = examine(Platform(EXAMPLE), POLICIES[policy]).found
    assert {(name, str(kind)) for name, kind, _ in found} == {("hwdom", "C"), ("hwdom", "M")}
    assert examine(Platform(EXAMPLE), POLICIES[policy].repaired(frozenset({"D1", "D2"}))).found == ()
    only_d1 = examine(Platform(EXAMPLE), POLICIES[policy].repaired(frozenset({"D2"}))).found
    assert {(name, str(kind)) for name, kind, _ in only_d1} == {("hwdom", "C")}


def test_a_safe_backend_counts_as_an_adversary() -> None:
    """A2 of the semantics: a faulty backend, whatever its criticality, unless it holds control."""
    domains = (Domain("back", criticality=SAFE), Domain("front", criticality=SAFE), Domain("c", CONTROL, SAFE))

    def with_backend(name: str) -> Platform:
        return Platform(domains, links=(Link(Protocol.VIRTIO, name, "front"),))

    assert adversaries(with_backend("back")) == {"back"}
    assert adversaries(with_backend("c")) == set()
    assert {str(kind) for _, kind, _ in examine(with_backend("back"), SPECIFICATION).found} == {"M", "C"}
    assert examine(with_backend("c"), SPECIFICATION).found == ()
