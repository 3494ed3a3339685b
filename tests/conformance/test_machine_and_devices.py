"""The machine below the domains: who can stop it (fact sheet 2.5, 2.8, D5), and what a device reaches (2.8)."""

from __future__ import annotations

import pytest

from sphinx_xenfusa.model.effects import PLATFORM, Power
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.platform import Device, Domain
from sphinx_xenfusa.model.policies import POLICIES, available
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, DeviceKind, Reach

HWDOM = Domain("hwdom", frozenset({Capability.HARDWARE}))
CTRLDOM = Domain("ctrldom", frozenset({Capability.CONTROL}), Criticality.SAFE)
DOMUS = (Domain("domu"), Domain("safe_domu", criticality=Criticality.SAFE))
DOMAINS = (HWDOM, CTRLDOM, *DOMUS)
OTHERS = ("hwdom", "domu", "safe_domu")
IN_XEN = ("dummy", "silo", "proposed")

# --- shutting the platform down -------------------------------------------------------------------------------------

DOWN = Power.DOWN


@pytest.mark.verifies("XenArch~ctrldom_shutdown_platform~1")
def test_control_shuts_the_platform_down(world) -> None:
    here = world(domains=DOMAINS)
    assert here.code("ctrldom", "XENPF_enter_acpi_sleep") == "0"
    assert here.power is DOWN


@pytest.mark.verifies("XenArch~ctrldom_shutdown_platform~1")
@pytest.mark.parametrize("caller", OTHERS)
def test_nobody_else_shuts_the_platform_down(world, caller: str) -> None:
    """With any operation, any argument, towards any domain or none."""
    denied = world(domains=DOMAINS)
    assert denied.code(caller, "XENPF_enter_acpi_sleep") == "EPERM"
    for one in (one for one in catalogue().operations if one.is_service):
        for target in [domain.name for domain in DOMAINS] if one.target == "domain" else [None]:
            for argument in one.arguments:
                here = world(domains=DOMAINS)
                here.call(caller, one.name, target, argument)
                assert here.power is Power.UP, (one.name, target, argument)


@pytest.mark.verifies("XenArch~ctrldom_shutdown_platform~1", partial=True)
def test_a_domain_that_shuts_down_takes_no_machine_with_it(world) -> None:
    """The Control Domain itself included."""
    for caller in ("ctrldom", *OTHERS):
        here = world(domains=DOMAINS)
        assert here.code(caller, "SCHEDOP_shutdown", argument="poweroff") == "0"
        assert here.power is Power.UP


def ways_to_stop(world, policy: str, domains, architecture: str, caller: str = "ctrldom") -> set[str]:
    """The operations by which a domain stops or restarts a machine that has them."""
    ways = set()
    for one in catalogue().operations:
        here = world(policy, domains, architecture=architecture)
        if not one.is_service or not available(one, here.platform, here.model.policy):
            continue
        for target in [domain.name for domain in domains] if one.target == "domain" else [None]:
            for argument in one.arguments:
                here = world(policy, domains, architecture=architecture)
                here.call(caller, one.name, target, argument)
                if here.power is not Power.UP:
                    ways.add(one.name)
    return ways


X86_ONLY = {"XENPF_enter_acpi_sleep", "kexec_op(all cmds)"}


@pytest.mark.parametrize("policy", ["dummy", "silo"])
def test_ways_of_the_control_domain_in_a_build_without_sysctl(world, policy: str) -> None:
    """D5: the debug key is a sysctl; on Arm the Hardware Domain's own shutdown is left, and without one nothing."""
    assert ways_to_stop(world, policy, DOMAINS, "arm") == {"SCHEDOP_remote_shutdown"}
    assert ways_to_stop(world, policy, (CTRLDOM, *DOMUS), "arm") == set()
    assert ways_to_stop(world, policy, (CTRLDOM, *DOMUS), "x86") == X86_ONLY
    through_hwdom = {"SCHEDOP_remote_shutdown", "XEN_DMOP_remote_shutdown"}
    assert ways_to_stop(world, policy, DOMAINS, "x86") == X86_ONLY | through_hwdom


@pytest.mark.parametrize("policy", IN_XEN)
def test_ways_of_the_hardware_domain_are_its_own_end(world, policy: str) -> None:
    """2.8: shutdown, PSCI off and reset, the watchdog; on Arm."""
    ways = {"SCHEDOP_shutdown", "SCHEDOP_watchdog", "PSCI SYSTEM_OFF (0x84000008)", "PSCI SYSTEM_RESET (0x84000009)"}
    assert ways_to_stop(world, policy, DOMAINS, "arm", "hwdom") == ways
    assert ways_to_stop(world, policy, DOMAINS, "arm", "domu") == set()


@pytest.mark.parametrize("policy", IN_XEN)
def test_what_a_machine_has(world, policy: str) -> None:
    arm, x86 = (world(domains=DOMAINS, architecture=name).platform for name in ("arm", "x86"))
    chosen = POLICIES[policy]
    expected = {
        "XEN_SYSCTL_debug_keys": (False, False),
        "XENPF_enter_acpi_sleep": (False, True),
        "PHYSDEVOP_apic_write": (False, True),
        "kexec_op(all cmds)": (False, True),
        "PSCI SYSTEM_OFF (0x84000008)": (True, False),
        "SCHEDOP_remote_shutdown": (True, True),
        "XEN_DOMCTL_pausedomain": (True, True),
    }
    for name, on in expected.items():
        operation = catalogue().by_name[name]
        assert tuple(available(operation, platform, chosen) for platform in (arm, x86)) == on, name
        for platform in (arm, x86):
            assert available(operation, platform, POLICIES["specification"])
            assert available(operation, platform, chosen.repaired(frozenset({"D5"})))


# --- devices --------------------------------------------------------------------------------------------------------

DMA, RESET = "DMA write by a device of the caller", "reset by a device of the caller"
ALL = [domain.name for domain in DOMAINS]


def writes(world, policy: str, device: Device) -> set[str]:
    """Who writes a SafeVM's memory by DMA; the answer to everybody else has to be the IOMMU's."""
    able = set()
    for caller in ("hwdom", "ctrldom", "domu"):
        here = world(policy, DOMAINS, devices=[device])
        code = here.code(caller, DMA, "safe_domu")
        assert (code, here.state("safe_domu").memory) in {("0", "changed"), ("IOMMU_FAULT", "original")}
        if code == "0":
            able.add(caller)
    return able


@pytest.mark.parametrize("policy", ["specification", "dummy"])
def test_dma_past_an_iommu_is_its_owner_s(world, policy: str) -> None:
    always = set() if policy == "specification" else {"hwdom"}
    for owner in ("domu", "ctrldom", "hwdom"):
        assert writes(world, policy, Device("dma", (owner,), Reach.DMA, behind_iommu=False)) == {owner} | always
        assert writes(world, policy, Device("dma", (owner,), Reach.DMA, behind_iommu=True)) == always
        assert writes(world, policy, Device("uart", (owner,), Reach.SELF, behind_iommu=False)) == always


def test_by_default_a_device_is_the_hardware_domain_s(world) -> None:
    assert writes(world, "specification", Device("dma", (), Reach.DMA, behind_iommu=False)) == {"hwdom"}
    kept = Device("smmu", (), Reach.DMA, behind_iommu=False, kind=DeviceKind.IOMMU)
    assert writes(world, "specification", kept) == set()


def test_the_hardware_domain_may_be_run_without_any_iommu(world) -> None:
    """2.8: only one that is not direct-mapped panics (D2)."""
    here = world("dummy", DOMAINS, repaired=["D2"])
    assert here.code("hwdom", DMA, "safe_domu") == "IOMMU_FAULT"
    assert world("dummy", DOMAINS).code("hwdom", DMA, "safe_domu") == "0"


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("owner", [None, "domu", "safe_domu"])
def test_a_device_that_reaches_the_platform_resets_it_for_its_owner(world, policy: str, owner: str | None) -> None:
    device = Device("reset controller", (owner,) if owner else (), Reach.PLATFORM)
    for caller in ALL:
        here = world(policy, DOMAINS, devices=[device])
        owns = caller == (owner or "hwdom")
        made = here.call(caller, RESET)
        assert made.code == ("0" if owns else "NO_SUCH_DEVICE")
        assert {touch.owner for touch in made.touches} == ({PLATFORM} if owns else set())
        assert here.power is (Power.REBOOTED if owns else Power.UP)


@pytest.mark.parametrize(
    "device",
    [
        Device("gpio", ("domu",), Reach.SELF),
        Device("dma", ("domu",), Reach.DMA, behind_iommu=False),
        Device("timer", (), Reach.PLATFORM, kind=DeviceKind.TIMER),
    ],
    ids=lambda device: device.name,
)
def test_no_other_device_resets_the_platform(world, device: Device) -> None:
    for caller in ALL:
        assert world(domains=DOMAINS, devices=[device]).code(caller, RESET) == "NO_SUCH_DEVICE"
