"""Fact sheet 2.5: the operations that the roles document names, and what they do."""

from __future__ import annotations

import pytest

from sphinx_xenfusa.model.effects import Life, Power
from sphinx_xenfusa.model.platform import Domain
from sphinx_xenfusa.model.vocabulary import Capability, Criticality

WITHOUT_CONTROL = ("hwdom", "domu", "safe_domu")
OTHERS_FROM_CONTROL = ("hwdom", "domu", "safe_domu")


@pytest.mark.verifies("XenArch~ctrldom_pause_unpause~1")
@pytest.mark.parametrize("target", OTHERS_FROM_CONTROL)
def test_control_pauses_and_unpauses(world, target: str) -> None:
    here = world()
    assert here.code("ctrldom", "XEN_DOMCTL_pausedomain", target) == "0"
    assert here.state(target).life is Life.PAUSED
    assert here.code("ctrldom", "XEN_DOMCTL_unpausedomain", target) == "0"
    assert here.state(target).life is Life.RUNNING


@pytest.mark.verifies("XenArch~ctrldom_pause_unpause~1")
@pytest.mark.parametrize("caller", WITHOUT_CONTROL)
def test_nobody_else_pauses_or_unpauses(world, caller: str) -> None:
    here = world()
    for target in {"domu", "hwdom", "safe_domu", "ctrldom"} - {caller}:
        assert here.code(caller, "XEN_DOMCTL_pausedomain", target) == "EPERM"
        assert here.state(target).life is Life.RUNNING
    here.call("ctrldom", "XEN_DOMCTL_pausedomain", "domu")
    if caller != "domu":
        assert here.code(caller, "XEN_DOMCTL_unpausedomain", "domu") == "EPERM"
        assert here.state("domu").life is Life.PAUSED


@pytest.mark.verifies("XenArch~ctrldom_suspend_resume~1")
@pytest.mark.parametrize("target", OTHERS_FROM_CONTROL)
def test_control_suspends_and_resumes(world, target: str) -> None:
    here = world()
    assert here.code("ctrldom", "SCHEDOP_remote_shutdown", target, "suspend") == "0"
    assert here.state(target).life is Life.SUSPENDED
    assert here.code("ctrldom", "XEN_DOMCTL_unpausedomain", target) == "EINVAL"
    assert here.state(target).life is Life.SUSPENDED
    assert here.code("ctrldom", "XEN_DOMCTL_resumedomain", target) == "0"
    assert here.state(target).life is Life.RUNNING
    assert not here.state(target).restarted
    assert here.power is Power.UP


@pytest.mark.verifies("XenArch~ctrldom_suspend_resume~1")
@pytest.mark.parametrize("caller", WITHOUT_CONTROL)
def test_nobody_else_suspends_or_resumes(world, caller: str) -> None:
    here = world()
    for target in {"domu", "hwdom", "safe_domu"} - {caller}:
        assert here.code(caller, "SCHEDOP_remote_shutdown", target, "suspend") == "EPERM"
        assert here.code(caller, "XEN_DMOP_remote_shutdown", target, "suspend") == "EPERM"
        assert here.state(target).life is Life.RUNNING
    victim = "safe_domu" if caller == "domu" else "domu"
    here.call("ctrldom", "SCHEDOP_remote_shutdown", victim, "suspend")
    assert here.code(caller, "XEN_DOMCTL_resumedomain", victim) == "EPERM"
    assert here.state(victim).life is Life.SUSPENDED


@pytest.mark.verifies("XenArch~ctrldom_reboot_domains~1")
@pytest.mark.parametrize("target", ["domu", "safe_domu"])
def test_control_reboots_a_domain(world, target: str) -> None:
    """remote_shutdown with reason reboot does not restart anything; destroy and create do."""
    here = world()
    assert here.code("ctrldom", "SCHEDOP_remote_shutdown", target, "reboot") == "0"
    assert here.state(target).life is Life.SHUT_DOWN
    assert not here.state(target).restarted
    assert here.code("ctrldom", "XEN_DOMCTL_createdomain", target) == "EINVAL"
    assert here.code("ctrldom", "XEN_DOMCTL_destroydomain", target) == "0"
    assert here.state(target).life is Life.DESTROYED
    assert here.code("ctrldom", "XEN_DOMCTL_createdomain", target) == "0"
    assert here.state(target).life is Life.RUNNING
    assert here.state(target).restarted
    assert here.power is Power.UP


@pytest.mark.verifies("XenArch~ctrldom_reboot_domains~1")
@pytest.mark.parametrize("caller", WITHOUT_CONTROL)
def test_nobody_else_reboots_a_domain(world, caller: str) -> None:
    here = world()
    victim = "safe_domu" if caller == "domu" else "domu"
    assert here.code(caller, "SCHEDOP_remote_shutdown", victim, "reboot") == "EPERM"
    assert here.code(caller, "XEN_DOMCTL_destroydomain", victim) == "EPERM"
    assert here.state(victim).life is Life.RUNNING
    here.call("ctrldom", "XEN_DOMCTL_destroydomain", victim)
    assert here.code(caller, "XEN_DOMCTL_createdomain", victim) == "EPERM"
    assert here.state(victim).life is Life.DESTROYED


REBOOTS_PLATFORM = [
    ("XEN_SYSCTL_debug_keys", None, "R"),
    ("kexec_op(all cmds)", None, None),
]


@pytest.mark.verifies("XenArch~ctrldom_reboot_platform~1")
@pytest.mark.parametrize(("operation", "target", "argument"), REBOOTS_PLATFORM)
def test_control_reboots_the_platform(world, operation: str, target: str | None, argument: str | None) -> None:
    here = world()
    assert here.code("ctrldom", operation, target, argument) == "0"
    assert here.power is Power.REBOOTED


@pytest.mark.verifies("XenArch~ctrldom_reboot_platform~1")
@pytest.mark.parametrize("caller", WITHOUT_CONTROL)
@pytest.mark.parametrize(("operation", "target", "argument"), REBOOTS_PLATFORM)
def test_nobody_else_reboots_the_platform(
    world, caller: str, operation: str, target: str | None, argument: str | None
) -> None:
    here = world()
    if caller == target:
        # Its own shutdown is the Hardware Domain's own business; towards itself it takes the machine nowhere.
        here.call(caller, operation, target, argument)
    else:
        assert here.code(caller, operation, target, argument) == "EPERM"
    assert here.power is Power.UP


@pytest.mark.verifies("XenArch~ctrldom_reboot_platform~1", partial=True)
@pytest.mark.parametrize("key", ["q"])
def test_other_debug_keys_reboot_nothing(world, key: str) -> None:
    here = world()
    assert here.code("ctrldom", "XEN_SYSCTL_debug_keys", argument=key) == "0"
    assert here.power is Power.UP


# Operations that the document does not name, each privileged in Xen (fact sheet 2.2, default action XSM_PRIV).
BEYOND_THE_LIST = {
    "XEN_DOMCTL_setvcpuaffinity": "domu",
    "XEN_DOMCTL_max_mem": "domu",
    "XEN_DOMCTL_setvcpucontext": "domu",
    "XEN_DOMCTL_set_target": "domu",
    "XEN_DOMCTL_assign_device": "domu",
    "XEN_DOMCTL_sethvmcontext": "domu",
    "XENMEM_claim_pages": "domu",
    "XEN_SYSCTL_cpupool_op": None,
    "XEN_SYSCTL_cpu_hotplug": None,
    "XEN_SYSCTL_livepatch_op": None,
    "XENPF_settime64": None,
    "XENPF_microcode_update": None,
    "hypfs_op(all cmds)": None,
}


@pytest.mark.verifies("XenArch~ctrldom_list_open~1")
@pytest.mark.parametrize("operation", BEYOND_THE_LIST)
def test_privileged_operations_beyond_the_list(world, operation: str) -> None:
    target = BEYOND_THE_LIST[operation]
    here = world()
    for caller in ("hwdom", "safe_domu"):
        assert here.code(caller, operation, target) == "EPERM"
    made = here.call("ctrldom", operation, target)
    assert made.code == "0"
    assert {touch.owner for touch in made.touches} == {-1 if target is None else here.platform.position(target)}


@pytest.mark.verifies("XenArch~ctrldom_is_safe~1", partial=True)
@pytest.mark.parametrize(
    ("operation", "argument", "life"),
    [
        ("XEN_DOMCTL_pausedomain", None, Life.PAUSED),
        ("XEN_DOMCTL_destroydomain", None, Life.DESTROYED),
        ("SCHEDOP_remote_shutdown", "crash", Life.SHUT_DOWN),
    ],
)
def test_unsafe_control_domain_stops_a_safe_vm(world, operation: str, argument: str | None, life: Life) -> None:
    """Why the rule is there: interference C of the semantics."""
    unsafe = Domain("ctrldom", frozenset({Capability.CONTROL}), Criticality.UNSAFE)
    here = world(domains=(unsafe, Domain("victim", criticality=Criticality.SAFE, safety_tasks=True)))
    assert here.code("ctrldom", operation, "victim", argument) == "0"
    assert here.state("victim").life is life


@pytest.mark.parametrize("target", ["domu", "hwdom"])
def test_device_model_operations_are_for_a_remote_target_under_dummy(world, target: str) -> None:
    """arm/dm.c:33-39: even the Control Domain gets EPERM for itself."""
    here = world("dummy")
    assert here.code("ctrldom", "XEN_DMOP_create_ioreq_server", target) == "0"
    assert here.code("ctrldom", "XEN_DMOP_create_ioreq_server", "ctrldom") == "EPERM"
    assert here.code("hwdom", "XEN_DMOP_create_ioreq_server", "domu") == "EPERM"


@pytest.mark.parametrize("caller", ["hwdom", "domu", "ctrldom"])
def test_shutdown_of_oneself_has_no_check_under_dummy(world, caller: str) -> None:
    here = world("dummy")
    assert here.code(caller, "SCHEDOP_shutdown", argument="crash") == "0"
    assert here.state(caller).life is Life.SHUT_DOWN
