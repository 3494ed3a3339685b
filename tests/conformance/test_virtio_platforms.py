"""The rules of the VirtIO chapter on platforms written by hand: where a backend may be, and what it limits."""

from __future__ import annotations

from typing import Any

import pytest

from sphinx_xenfusa.model.platform import Device, Domain, Link, Platform
from sphinx_xenfusa.model.rules import broken_rules
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, DeviceKind, Protocol

SAFE, UNSAFE = Criticality.SAFE, Criticality.UNSAFE
DOMAINS = (
    Domain("hwdom", frozenset({Capability.HARDWARE}), SAFE),
    Domain("ctrldom", frozenset({Capability.CONTROL}), SAFE),
    Domain("driver", frozenset(), SAFE),
    Domain("front"),
)
DISK, NIC, TIMER = Device("disk"), Device("nic", ("driver",)), Device("timer", kind=DeviceKind.TIMER)
EXTENSIONS = ("", "grants", "nonblocking", "grants nonblocking")


def linked(backend: str, frontend: str, used: str, *, device: str | None = None, protocol: str = "virtio") -> Link:
    return Link(Protocol(protocol), backend, frontend, device, "grants" in used, "nonblocking" in used)


@pytest.mark.verifies("XenArch~backend_placement~1")
@pytest.mark.parametrize(
    ("backend", "devices", "served", "accepted"),
    [
        pytest.param("hwdom", (DISK,), "disk", True, id="the Hardware Domain, its disk"),
        pytest.param("hwdom", (), None, True, id="the Hardware Domain, a device without a name"),
        pytest.param("driver", (NIC,), "nic", True, id="a Driver Domain, the device passed through to it"),
        pytest.param("driver", (NIC,), None, True, id="a Driver Domain, a device without a name"),
        pytest.param("ctrldom", (Device("can", ("ctrldom",)),), "can", True, id="the Control Domain with a device"),
        pytest.param("ctrldom", (DISK,), None, False, id="the Control Domain without a device"),
        pytest.param("driver", (DISK,), None, False, id="a DomU without a device"),
        pytest.param("driver", (DISK,), "disk", False, id="a DomU, the disk of the Hardware Domain"),
        pytest.param("driver", (DISK, NIC), "disk", False, id="a Driver Domain, a device that it has not"),
        pytest.param("hwdom", (NIC,), "nic", False, id="the Hardware Domain, a device that was passed on"),
        pytest.param("hwdom", (TIMER,), "timer", False, id="the Hardware Domain, a timer that stays with Xen"),
    ],
)
def test_a_backend_is_accepted_where_its_device_is(
    backend: str, devices: tuple[Device, ...], served: str | None, accepted: bool
) -> None:
    described = Platform(DOMAINS, devices, (linked(backend, "front", "", device=served),))
    assert broken_rules(described) == (() if accepted else ("backend_placement",))


@pytest.mark.verifies("XenArch~backend_placement~1", partial=True)
@pytest.mark.parametrize("protocol", ["argo", "static-shared-memory"])
def test_other_protocols_need_no_device(protocol: str) -> None:
    assert broken_rules(Platform(DOMAINS, (), (linked("ctrldom", "front", "", protocol=protocol),))) == ()


LIMITS = {
    (UNSAFE, ""): (),
    (UNSAFE, "grants"): (),
    (UNSAFE, "nonblocking"): (),
    (UNSAFE, "grants nonblocking"): (),
    (SAFE, ""): ("mem_frontend_unsafe", "sync_frontend_unsafe"),
    (SAFE, "grants"): ("sync_frontend_unsafe",),
    (SAFE, "nonblocking"): ("mem_frontend_unsafe",),
    (SAFE, "grants nonblocking"): (),
}
"""By the frontend and the extensions that its link uses: the rules that the platform breaks, whoever the backend is."""


def served(backend: str, own: Criticality, front: Criticality) -> tuple[tuple[Domain, ...], tuple[Device, ...]]:
    """A backend and a frontend; a Driver Domain beside a Hardware Domain that serves nobody."""
    holds = frozenset({Capability.HARDWARE}) if backend == "hwdom" else frozenset()
    rest = () if backend == "hwdom" else (Domain("hwdom", frozenset({Capability.HARDWARE})),)
    devices = (DISK,) if backend == "hwdom" else (NIC,)
    return (*rest, Domain(backend, holds, own), Domain("front", criticality=front)), devices


@pytest.mark.verifies("XenArch~driver_domain_same_limits~1")
@pytest.mark.parametrize("own", [SAFE, UNSAFE], ids=["safe backend", "unsafe backend"])
@pytest.mark.parametrize("backend", ["hwdom", "driver"])
@pytest.mark.parametrize(("front", "used"), LIMITS)
def test_the_same_limits_for_a_hardware_domain_and_a_driver_domain(
    backend: str, own: Criticality, front: Criticality, used: str
) -> None:
    domains, devices = served(backend, own, front)
    assert broken_rules(Platform(domains, devices, (linked(backend, "front", used),))) == LIMITS[front, used]


@pytest.mark.verifies("XenArch~driver_domain_same_limits~1", partial=True)
@pytest.mark.parametrize("used", EXTENSIONS)
def test_the_same_operations_for_a_hardware_domain_and_a_driver_domain(world: Any, used: str) -> None:
    allowed = []
    for backend in ("hwdom", "driver"):
        domains, devices = served(backend, UNSAFE, UNSAFE)
        allowed.append(
            world(domains=domains, devices=devices, links=[(backend, "front", used)]).allowed(backend, "front")
        )
    family = world.DEVICE_MODEL if "nonblocking" not in used else set()
    assert allowed[0] == allowed[1]
    assert allowed[0] & world.DEVICE_MODEL == family


SAFETY_TASK = {
    "nobody": ("hwdom", "front", "other"),
    "": ("hwdom", "other"),
    "grants": ("hwdom", "other"),
    "nonblocking": ("hwdom", "other"),
    "grants nonblocking": ("hwdom", "front", "other"),
}
"""Which domains may run a safety-critical task, by the link of the domain "front": alone a frontend that is open is out."""


@pytest.mark.verifies("XenArch~virtio_limits_configuration~1")
@pytest.mark.parametrize("used", SAFETY_TASK)
def test_the_domains_that_virtio_leaves_for_safety_tasks(used: str) -> None:
    allowed = []
    for chosen in ("hwdom", "front", "other"):
        domains = tuple(
            Domain(
                name,
                frozenset({Capability.HARDWARE}) if name == "hwdom" else frozenset(),
                SAFE if name == chosen else UNSAFE,
                name == chosen,
            )
            for name in ("hwdom", "front", "other")
        )
        links = () if used == "nobody" else (linked("hwdom", "front", used),)
        if broken_rules(Platform(domains, (DISK,), links)) == ():
            allowed.append(chosen)
    assert tuple(allowed) == SAFETY_TASK[used]
