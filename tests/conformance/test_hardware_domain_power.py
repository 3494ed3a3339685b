"""Fact sheet 2.8, D1: what a shutdown of the Hardware Domain does to the machine (domain.c:1396; shutdown.c:33-68)."""

from __future__ import annotations

import pytest

from sphinx_xenfusa.model.effects import Life, Power
from sphinx_xenfusa.model.platform import Domain
from sphinx_xenfusa.model.vocabulary import Capability, Criticality

HALT, RESTART = Power.DOWN, Power.REBOOTED

MACHINE_AFTER = {
    "poweroff": HALT,
    "reboot": RESTART,
    "suspend": RESTART,
    "crash": RESTART,
    "watchdog": RESTART,
    "soft_reset": RESTART,
}
"""By reason; suspend and crash may also halt, which the boot options decide."""


@pytest.mark.parametrize("reason", MACHINE_AFTER)
def test_own_shutdown_stops_the_machine_under_dummy(world, reason: str) -> None:
    here = world("dummy")
    assert here.code("hwdom", "SCHEDOP_shutdown", argument=reason) == "0"
    assert here.power is MACHINE_AFTER[reason]


@pytest.mark.parametrize("operation", ["SCHEDOP_remote_shutdown", "XEN_DMOP_remote_shutdown"])
@pytest.mark.parametrize("reason", MACHINE_AFTER)
def test_remote_shutdown_by_control_stops_the_machine_under_dummy(world, reason: str, operation: str) -> None:
    here = world("dummy")
    assert here.code("ctrldom", operation, "hwdom", reason) == "0"
    assert here.power is MACHINE_AFTER[reason]


@pytest.mark.parametrize(
    ("operation", "machine"),
    [("PSCI SYSTEM_OFF (0x84000008)", HALT), ("PSCI SYSTEM_RESET (0x84000009)", RESTART)],
)
def test_psci_under_dummy(world, operation: str, machine: Power) -> None:
    """vpsci.c:210-220: the machine for the Hardware Domain, itself for everybody else."""
    here = world("dummy")
    assert here.code("domu", operation) == "0"
    assert (here.state("domu").life, here.power) == (Life.SHUT_DOWN, Power.UP)
    assert here.code("hwdom", operation) == "0"
    assert here.power is machine


def test_psci_suspend_is_not_for_the_hardware_domain_under_dummy(world) -> None:
    """vpsci.c:236."""
    here = world("dummy")
    assert here.code("hwdom", "PSCI SYSTEM_SUSPEND") == "PSCI_NOT_SUPPORTED"
    assert (here.state("hwdom").life, here.power) == (Life.RUNNING, Power.UP)
    assert here.code("domu", "PSCI SYSTEM_SUSPEND") == "0"
    assert (here.state("domu").life, here.power) == (Life.SUSPENDED, Power.UP)


@pytest.mark.verifies("XenArch~ctrldom_full_privileges~1", partial=True)
def test_psci_suspend_is_for_a_control_domain_that_is_the_hardware_domain_too(world) -> None:
    both = Domain("dom0", frozenset(Capability), Criticality.SAFE)
    here = world(domains=[both])
    assert here.code("dom0", "PSCI SYSTEM_SUSPEND") == "0"
    assert (here.state("dom0").life, here.power) == (Life.SUSPENDED, Power.UP)
    assert world("dummy", [both]).code("dom0", "PSCI SYSTEM_SUSPEND") == "PSCI_NOT_SUPPORTED"


def test_watchdog_under_dummy(world) -> None:
    """sched/core.c:1549."""
    here = world("dummy")
    assert here.code("hwdom", "SCHEDOP_watchdog", argument="arm") == "0"
    assert here.power is Power.UP
    here.call("domu", "SCHEDOP_watchdog", argument="expires")
    assert (here.state("domu").life, here.power) == (Life.SHUT_DOWN, Power.UP)
    here.call("hwdom", "SCHEDOP_watchdog", argument="expires")
    assert here.power is RESTART


@pytest.mark.parametrize("reason", MACHINE_AFTER)
def test_shutdown_of_any_other_domain_leaves_the_machine_up_under_dummy(world, reason: str) -> None:
    here = world("dummy")
    here.call("domu", "SCHEDOP_shutdown", argument=reason)
    here.call("ctrldom", "SCHEDOP_remote_shutdown", "safe_domu", reason)
    here.call("ctrldom", "SCHEDOP_shutdown", argument=reason)
    assert here.power is Power.UP
    stopped = Life.SUSPENDED if reason == "suspend" else Life.SHUT_DOWN
    assert {here.state(name).life for name in ("domu", "safe_domu", "ctrldom")} == {stopped}


@pytest.mark.verifies("XenArch~hwdom_unprivileged~1", partial=True)
@pytest.mark.parametrize("reason", MACHINE_AFTER)
def test_own_shutdown_stays_with_the_hardware_domain(world, reason: str) -> None:
    """In the document the Hardware Domain has no privilege over the platform."""
    here = world()
    assert here.code("hwdom", "SCHEDOP_shutdown", argument=reason) == "0"
    assert here.state("hwdom").life is (Life.SUSPENDED if reason == "suspend" else Life.SHUT_DOWN)
    assert here.power is Power.UP


@pytest.mark.verifies("XenArch~hwdom_unprivileged~1", partial=True)
@pytest.mark.parametrize("operation", ["PSCI SYSTEM_OFF (0x84000008)", "PSCI SYSTEM_RESET (0x84000009)"])
def test_psci_stays_with_the_hardware_domain(world, operation: str) -> None:
    here = world()
    here.call("hwdom", operation)
    assert here.power is Power.UP


@pytest.mark.verifies("XenArch~hwdom_unprivileged~1", partial=True)
def test_watchdog_stays_with_the_hardware_domain(world) -> None:
    here = world()
    here.call("hwdom", "SCHEDOP_watchdog", argument="expires")
    assert (here.state("hwdom").life, here.power) == (Life.SHUT_DOWN, Power.UP)


def test_firmware_calls_reach_the_chip_under_dummy(world) -> None:
    """D2: xilinx-zynqmp-eemi.c:44, imx8m.c:64, imx8qm.c:81."""
    here = world("dummy")
    for operation in ("SiP SMC zynqmp EEMI", "SiP SMC i.MX8M", "SiP SMC i.MX8QM"):
        here.system = world("dummy").system
        assert here.code("domu", operation) == "XST_PM_NO_ACCESS"
        assert here.system.configuration == "original"
        assert here.code("hwdom", operation) == "0"
        assert here.system.configuration == "changed"
