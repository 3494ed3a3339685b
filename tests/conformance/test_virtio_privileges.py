"""The VirtIO privileges of the roles document ("Hardware Domain", "Unprivileged", "VirtIO Privileges"), over the whole catalogue.

Towards a frontend the two families that the document names, as far as no extension makes them unnecessary; towards everybody
else, and towards the platform, what an unprivileged domain may do.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from sphinx_xenfusa.model.effects import Offered
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.platform import Device, Domain
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, Protocol

DOMAINS = (
    Domain("hwdom", frozenset({Capability.HARDWARE})),
    Domain("ctrldom", frozenset({Capability.CONTROL}), Criticality.SAFE),
    Domain("driver"),
    Domain("frontend"),
    Domain("second"),
    Domain("safe_domu", criticality=Criticality.SAFE),
)
DEVICES = (Device("disk"), Device("nic", ("driver",)))
EXTENSIONS = ("", "grants", "nonblocking", "grants nonblocking")
BACKENDS = ("hwdom", "driver")

FAMILIES = {
    "": ("map", "device model"),
    "grants": ("device model",),
    "nonblocking": ("map",),
    "grants nonblocking": (),
}
"""What the document leaves to a backend: grants take the mapping away, the non-blocking registers the device model operations."""


def held(world, extensions: str) -> set[str]:
    families = {"map": world.MAPPING, "device model": world.DEVICE_MODEL}
    return set().union(*(families[name] for name in FAMILIES[extensions]))


def affects(here, caller: str, operation: str, target: str | None) -> bool:
    """Whether an operation, let through, changes or reads what is not the caller's and not offered to it, from any state."""
    what = catalogue().by_name[operation]
    position = here.platform.position(caller)
    lives = ("running", "paused", "suspended", "shut down", "destroyed") if target else ("running",)
    for life, offering, argument in itertools.product(lives, ("nothing", "all", "all in use"), what.arguments):
        there = type(here)("specification", here.platform.domains)
        if target is not None:
            there.become(target, life)
            for offered in Offered if offering != "nothing" else ():
                there.offer(offered, by=target, to=caller)
            if offering == "all in use":
                there.system = there.system._replace(used=there.system.offers)
        made = there.call(caller, operation, target, argument)
        if any(touch.owner != position and touch.offered_to != position for touch in made.touches):
            return True
    return False


# --- unprivileged ---------------------------------------------------------------------------------------------------


@pytest.mark.verifies("XenArch~unprivileged~1")
@pytest.mark.parametrize("target", ["safe_domu", None], ids=["another domain", "no target"])
def test_an_unprivileged_domain_may_do_exactly_what_affects_itself_only(world, target: str | None) -> None:
    """Who sees the effects is the Control Domain, which nothing is denied; what touches nobody else is for every domain."""
    here = world(domains=DOMAINS)
    implemented = {
        one.name
        for one in catalogue().operations
        if one.is_service and one.implemented and (one.target == "domain") is (target is not None)
    }
    confined = {name for name in implemented if not affects(here, "ctrldom", name, target)}
    assert here.allowed("driver", target) & implemented == confined
    assert here.allowed("safe_domu", "driver" if target else None) & implemented == confined
    assert 0 < len(confined) < len(implemented)


@pytest.mark.verifies("XenArch~unprivileged~1")
@pytest.mark.parametrize("target", ["hwdom", "ctrldom", "second"])
def test_towards_others_an_unprivileged_domain_uses_what_they_offer(world, target: str) -> None:
    here = world(domains=DOMAINS)
    assert here.allowed("frontend", target) == here.OFFERED


# --- the levels of a backend ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("extensions", EXTENSIONS)
@pytest.mark.parametrize(
    "backend",
    [
        pytest.param("hwdom", marks=pytest.mark.verifies("XenArch~hwdom_virtio_privileges~1")),
        pytest.param("driver", marks=pytest.mark.verifies("XenArch~virtio_privileges~1")),
    ],
)
def test_towards_its_frontend_a_backend_holds_what_its_link_needs(world, backend: str, extensions: str) -> None:
    here = world(domains=DOMAINS, devices=DEVICES, links=[(backend, "frontend", extensions)])
    assert here.allowed(backend, "frontend") == here.OFFERED | held(here, extensions)


@pytest.mark.parametrize("extensions", EXTENSIONS)
@pytest.mark.parametrize(
    "backend",
    [
        pytest.param("hwdom", marks=pytest.mark.verifies("XenArch~hwdom_virtio_privileges~1")),
        pytest.param("driver", marks=pytest.mark.verifies("XenArch~virtio_privileges~1")),
    ],
)
def test_a_backend_holds_no_other_privilege(world, backend: str, extensions: str) -> None:
    """Towards itself and towards the platform a link adds nothing."""
    linked = world(domains=DOMAINS, devices=DEVICES, links=[(backend, "frontend", extensions)])
    bare = world(domains=DOMAINS, devices=DEVICES)
    assert linked.allowed(backend) == bare.allowed(backend)
    assert linked.allowed(backend, backend) == bare.allowed(backend, backend)
    for name in linked.allowed(backend):
        assert not affects(bare, backend, name, None), name


@pytest.mark.verifies("XenArch~virtio_privileges_scoped~1")
@pytest.mark.verifies("XenArch~hwdom_virtio_privileges~1", partial=True)
@pytest.mark.parametrize("extensions", EXTENSIONS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_towards_no_frontend_of_its_own_a_backend_is_unprivileged(world, backend: str, extensions: str) -> None:
    """Another backend's frontend, another backend, a stranger, the Control Domain."""
    other = "driver" if backend == "hwdom" else "hwdom"
    links = [(backend, "frontend", extensions), (other, "second", "")]
    here = world(domains=DOMAINS, devices=DEVICES, links=links)
    for target in (other, "second", "safe_domu", "ctrldom"):
        assert here.allowed(backend, target) == here.OFFERED, target


@pytest.mark.verifies("XenArch~virtio_privileges_scoped~1", partial=True)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_frontend_holds_nothing_over_its_backend(world, backend: str) -> None:
    here = world(domains=DOMAINS, devices=DEVICES, links=[(backend, "frontend", "")])
    assert here.allowed("frontend", backend) == here.OFFERED
    assert here.code("frontend", "XENMAPSPACE_gmfn_foreign", backend) == "errs[]=EPERM"
    assert here.mapped() == set()


@pytest.mark.verifies("XenArch~virtio_privileges~1", partial=True)
@pytest.mark.parametrize("backend", BACKENDS)
def test_each_frontend_counts_for_itself(world, backend: str) -> None:
    """One domain serves two frontends with different extensions: what the one leaves to it is not had of the other."""
    links = [(backend, "frontend", "grants"), (backend, "second", "nonblocking")]
    here = world(domains=DOMAINS, devices=DEVICES, links=links)
    assert here.allowed(backend, "frontend") == here.OFFERED | here.DEVICE_MODEL
    assert here.allowed(backend, "second") == here.OFFERED | here.MAPPING


@pytest.mark.verifies("XenArch~virtio_privileges~1", partial=True)
def test_only_virtio_gives_the_privileges(world) -> None:
    """Argo and static shared memory need none of them ("VirtIO", on other protocols)."""
    here = world(domains=DOMAINS, devices=DEVICES, links=[("driver", "frontend", "")])
    link = here.platform.links[0]
    for protocol in ("argo", "static-shared-memory"):
        here.platform = replace(here.platform, links=(replace(link, protocol=Protocol(protocol)),))
        assert here.allowed("driver", "frontend") == here.OFFERED


# --- what a request needs -------------------------------------------------------------------------------------------


@pytest.mark.verifies("XenArch~virtio_privileges_needed~1")
@pytest.mark.parametrize("backend", BACKENDS)
def test_standard_virtio_completes_with_both_privileges_and_with_neither_one_alone(world, backend: str) -> None:
    arranged = {"domains": DOMAINS, "devices": DEVICES, "links": [(backend, "frontend", "")]}
    here = world(**arranged)
    completes, steps = here.serves(backend, "frontend")
    assert completes
    used = {step.removesuffix(": 0") for step in steps}
    assert used & here.MAPPING
    assert used & here.DEVICE_MODEL
    assert used <= here.MAPPING | here.DEVICE_MODEL
    for family, refused in (
        ("foreign map", "XENMAPSPACE_gmfn_foreign: errs[]=EPERM"),
        ("device model", "XEN_DMOP_create_ioreq_server: EPERM"),
    ):
        completes, steps = world(**arranged, withheld=family).serves(backend, "frontend")
        assert not completes
        assert steps[-1] == refused


STEPS = {
    "": {"create_ioreq_server", "map_io_range_to_ioreq_server", "gmfn_foreign", "set_irq_level"},
    "grants": {"create_ioreq_server", "map_io_range_to_ioreq_server", "map_grant_ref", "set_irq_level"},
    "nonblocking": {"register access", "gmfn_foreign", "bind_interdomain"},
    "grants nonblocking": {"register access", "map_grant_ref", "bind_interdomain"},
}
"""Fact sheet 4, 5: grants replace the foreign map only; an ioreq server needs a range; without one the event channel signals."""


@pytest.mark.verifies("XenArch~virtio_privileges_needed~1", partial=True)
@pytest.mark.parametrize("extensions", EXTENSIONS)
def test_what_one_request_asks_of_xen(world, extensions: str) -> None:
    here = world(domains=DOMAINS, devices=DEVICES, links=[("driver", "frontend", extensions)])
    completes, steps = here.serves("driver", "frontend")
    assert completes
    assert len(steps) == len(STEPS[extensions])
    assert all(sum(step.endswith(f"{name}: 0") for step in steps) == 1 for name in STEPS[extensions])


@pytest.mark.verifies("XenArch~virtio_privileges_needed~1", partial=True)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("extensions", "needed", "spared"),
    [("grants", "device model", "foreign map"), ("nonblocking", "foreign map", "device model")],
)
def test_an_extension_spares_one_privilege(world, backend: str, extensions: str, needed: str, spared: str) -> None:
    arranged = {"domains": DOMAINS, "devices": DEVICES, "links": [(backend, "frontend", extensions)]}
    assert world(**arranged).serves(backend, "frontend")[0]
    assert world(**arranged, withheld=spared).serves(backend, "frontend")[0]
    assert not world(**arranged, withheld=needed).serves(backend, "frontend")[0]


@pytest.mark.verifies("XenArch~virtio_privileges_removable~1")
@pytest.mark.parametrize("backend", BACKENDS)
def test_with_both_extensions_an_unprivileged_backend_serves(world, backend: str) -> None:
    arranged = {"domains": DOMAINS, "devices": DEVICES}
    linked = world(**arranged, links=[(backend, "frontend", "grants nonblocking")])
    bare = world(**arranged)
    assert linked.serves(backend, "frontend")[0]
    for target in ("frontend", "second", "ctrldom", backend, None):
        assert linked.allowed(backend, target) == bare.allowed(backend, target)
    for family in ("foreign map", "device model"):
        without = world(**arranged, links=[(backend, "frontend", "grants nonblocking")], withheld=family)
        assert without.serves(backend, "frontend")[0]


@pytest.mark.verifies("XenArch~virtio_privileges_removable~1", partial=True)
@pytest.mark.parametrize("backend", BACKENDS)
def test_grants_reach_only_what_is_granted(world, backend: str) -> None:
    """The page is the frontend's to give: without its grant the unprivileged backend gets nothing."""
    here = world(domains=DOMAINS, devices=DEVICES, links=[(backend, "frontend", "grants nonblocking")])
    assert here.code(backend, "GNTTABOP_map_grant_ref", "frontend") == "GNTST_general_error"
    assert here.code(backend, "XENMAPSPACE_gmfn_foreign", "frontend") == "errs[]=EPERM"
    here.offer(Offered.PAGE, by="frontend", to=backend)
    assert here.code(backend, "GNTTABOP_map_grant_ref", "frontend") == "0"
    assert here.mapped() == set()
