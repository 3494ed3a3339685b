"""The rules over generated platforms with devices and links: each can be broken alone, and together they leave some."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sphinx_xenfusa.model.devices import allocation, may_access, owners
from sphinx_xenfusa.model.platform import Device, Domain, Link, Platform, broken_reference
from sphinx_xenfusa.model.rules import (
    ADVICE,
    ASSUMPTIONS_OF_USE,
    NOT_READ_OFF_A_PLATFORM,
    RULES,
    Category,
    Names,
    advice,
    broken_assumptions,
    broken_rules,
    rule,
)
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, DeviceKind, Protocol, Reach

SAFE, UNSAFE = Criticality.SAFE, Criticality.UNSAFE
CAPABILITIES = [frozenset(some) for size in range(3) for some in itertools.combinations(Capability, size)]
DOMAIN_NAMES, DEVICE_NAMES = ("a", "b", "c"), ("d", "e")
EVERY = (*RULES, *ADVICE, *ASSUMPTIONS_OF_USE)


@st.composite
def platforms(draw: st.DrawFn) -> Platform:
    """Platforms of 1 to 3 domains, up to 2 devices and up to 2 links, sense or nonsense."""
    names = DOMAIN_NAMES[: draw(st.integers(1, 3))]
    domains = [
        Domain(name, draw(st.sampled_from(CAPABILITIES)), draw(st.sampled_from(Criticality)), draw(st.booleans()))
        for name in names
    ]
    devices = [
        Device(
            name,
            tuple(draw(st.lists(st.sampled_from(names), max_size=2, unique=True))),
            draw(st.sampled_from(Reach)),
            draw(st.booleans()),
            draw(st.sampled_from(DeviceKind)),
            draw(st.booleans()),
        )
        for name in DEVICE_NAMES[: draw(st.integers(0, 2))]
    ]
    served = st.sampled_from([None, *(device.name for device in devices)])
    links = []
    for _ in range(draw(st.integers(0, 2)) if len(names) > 1 else 0):
        backend, frontend = draw(st.permutations(names))[:2]
        protocol, on = draw(st.sampled_from(Protocol)), st.booleans()
        links.append(Link(protocol, backend, frontend, draw(served), draw(on), draw(on)))
    return Platform(tuple(domains), tuple(devices), tuple(links))


HW, DOMU = Domain("hw", frozenset({Capability.HARDWARE})), Domain("domu")
SAFE_DOMU = Domain("safe", criticality=SAFE, safety_tasks=True)
CTRL = Domain("ctrl", frozenset({Capability.CONTROL}), SAFE, safety_tasks=True)
VIRTIO = Link(Protocol.VIRTIO, "hw", "safe", grants=True, nonblocking=True)

# A platform that breaks this rule and no other, and who breaks it.
ALONE = {
    "xen_owned_devices": (Platform((HW,), (Device("gic", ("hw",), kind=DeviceKind.INTERRUPT_CONTROLLER),)), ("gic",)),
    "passthrough": (Platform((HW, DOMU), (Device("nic", ("hw", "domu")), Device("can", ("hw",)))), ("nic",)),
    "hwdom_single": (Platform((HW, DOMU, replace(HW, name="hw2"))), ("hw", "hw2")),
    "ctrldom_single": (Platform((CTRL, replace(CTRL, name="ctrl2"))), ("ctrl", "ctrl2")),
    "unsafevm_definition": (Platform((HW, replace(DOMU, safety_tasks=True))), ("domu",)),
    "ctrldom_is_safe": (Platform((replace(CTRL, criticality=UNSAFE, safety_tasks=False),)), ("ctrl",)),
    "backend_placement": (Platform((DOMU, SAFE_DOMU), links=(replace(VIRTIO, backend="domu"),)), ("domu",)),
    "mem_frontend_unsafe": (Platform((HW, SAFE_DOMU), links=(replace(VIRTIO, grants=False),)), ("safe",)),
    "sync_frontend_unsafe": (Platform((HW, SAFE_DOMU), links=(replace(VIRTIO, nonblocking=False),)), ("safe",)),
}


def test_every_rule_has_a_platform_that_breaks_it_alone() -> None:
    assert list(ALONE) == [one.name for one in RULES]


@pytest.mark.parametrize("name", ALONE)
def test_independent(name: str) -> None:
    platform, who = ALONE[name]
    assert broken_reference(platform) is None
    assert broken_rules(platform) == (name,)
    assert rule(name).broken_by(platform) == who


@pytest.mark.parametrize("capabilities", list(itertools.combinations_with_replacement(CAPABILITIES, 2)))
def test_satisfiable(capabilities: tuple[frozenset[Capability], ...]) -> None:
    """Every combination of capabilities in which none occurs twice has an accepted platform, with a link and a device."""
    held = [capability for some in capabilities for capability in some]
    domains = tuple(Domain(name, some, SAFE, True) for name, some in zip("ab", capabilities, strict=True))
    serving = Device("nic", ("a",))
    linked = Link(Protocol.VIRTIO, "a", "b", "nic", grants=True, nonblocking=True)
    assert (broken_rules(Platform(domains, (serving,), (linked,))) == ()) is (len(held) == len(set(held)))


@given(platforms())
@settings(max_examples=500, deadline=None)
def test_who_breaks_a_rule_is_of_the_platform_in_its_order_and_once(platform: Platform) -> None:
    assert broken_reference(platform) is None
    for one in EVERY:
        among = platform.domains if one.names is Names.DOMAINS else platform.devices
        broken_by = one.broken_by(platform)
        assert broken_by == tuple(thing.name for thing in among if thing.name in broken_by)
    assert broken_rules(platform) == tuple(one.name for one in RULES if one.broken_by(platform))


@given(platforms())
@settings(max_examples=300, deadline=None)
def test_what_is_not_said_breaks_nothing(platform: Platform) -> None:
    """Without links only the rules about domains and devices can be broken; without devices only those about domains."""
    unlinked = replace(platform, links=())
    assert set(broken_rules(unlinked)) <= set(broken_rules(platform))
    assert "ffi_virtio_unsafe_only" not in advice(unlinked)
    bare = replace(unlinked, devices=())
    assert set(broken_rules(bare)) <= set(broken_rules(unlinked))
    assert {rule(name).names for name in broken_rules(bare)} <= {Names.DOMAINS}
    assert broken_assumptions(bare) == ()


@given(platforms())
@settings(max_examples=300, deadline=None)
def test_other_protocols_are_under_no_rule(platform: Platform) -> None:
    argo = replace(platform, links=tuple(replace(link, protocol=Protocol.ARGO) for link in platform.links))
    without = replace(platform, links=())
    assert broken_rules(argo) == broken_rules(without)
    assert advice(argo) == advice(without)


@given(platforms())
@settings(max_examples=300, deadline=None)
def test_safer_links_break_no_more(platform: Platform) -> None:
    """Both extensions on, and every domain that is no Control Domain and runs no safety task an UnsafeVM: fewer broken rules."""
    hardened = replace(platform, links=tuple(replace(link, grants=True, nonblocking=True) for link in platform.links))
    assert set(broken_rules(hardened)) <= set(broken_rules(platform))
    assert not {"mem_frontend_unsafe", "sync_frontend_unsafe"} & set(broken_rules(hardened))
    unsafe = replace(platform, domains=tuple(replace(one, criticality=UNSAFE) for one in platform.domains))
    assert not {"mem_frontend_unsafe", "sync_frontend_unsafe"} & set(broken_rules(unsafe))
    assert advice(unsafe) == ()


def linked(backend: Domain, device: Device | None, served: str | None) -> Platform:
    link = Link(Protocol.VIRTIO, backend.name, "user", served)
    return Platform((backend, HW, Domain("user")), () if device is None else (device,), (link,))


DRIVER = Domain("driver")


@pytest.mark.parametrize(
    ("platform", "broken_by"),
    [
        (linked(DRIVER, None, None), ("driver",)),
        (linked(DRIVER, Device("nic"), None), ("driver",)),
        (linked(DRIVER, Device("nic", ("driver",)), None), ()),
        (linked(DRIVER, Device("nic", ("driver",)), "nic"), ()),
        (linked(DRIVER, Device("nic", ("hw",)), "nic"), ("driver",)),
        (linked(DRIVER, Device("nic"), "nic"), ("driver",)),
        (Platform((HW, DOMU), links=(Link(Protocol.VIRTIO, "hw", "domu"),)), ()),
        (Platform((HW, DOMU), (Device("nic"),), (Link(Protocol.VIRTIO, "hw", "domu", "nic"),)), ()),
        (Platform((HW, DOMU), (Device("nic", ("domu",)),), (Link(Protocol.VIRTIO, "hw", "domu", "nic"),)), ("hw",)),
        (
            Platform((HW, DOMU), (Device("t", kind=DeviceKind.TIMER),), (Link(Protocol.VIRTIO, "hw", "domu", "t"),)),
            ("hw",),
        ),
        (Platform((DOMU, DRIVER), links=(Link(Protocol.ARGO, "driver", "domu"),)), ()),
    ],
)
def test_where_a_backend_may_be(platform: Platform, broken_by: tuple[str, ...]) -> None:
    assert rule("backend_placement").broken_by(platform) == broken_by


def reaching(reach: Reach, owner: tuple[str, ...], iommu: bool, kind: DeviceKind = DeviceKind.PERIPHERAL) -> Platform:
    return Platform((HW, SAFE_DOMU), (Device("d", owner, reach, iommu, kind),))


@pytest.mark.parametrize(
    ("platform", "broken"),
    [
        (reaching(Reach.SELF, (), iommu=False), ()),
        (reaching(Reach.DMA, (), iommu=True), ()),
        (reaching(Reach.DMA, (), iommu=False), ("aou_iommu",)),
        (reaching(Reach.DMA, ("hw",), iommu=False), ("aou_iommu",)),
        (reaching(Reach.DMA, ("safe",), iommu=False), ()),
        (reaching(Reach.PLATFORM, (), iommu=True), ("aou_dev",)),
        (reaching(Reach.PLATFORM, ("safe",), iommu=True), ()),
        (reaching(Reach.PLATFORM, ("safe", "hw"), iommu=True), ("aou_dev",)),
        (reaching(Reach.PLATFORM, (), iommu=True, kind=DeviceKind.TIMER), ()),
        # The document gives the first to the Hardware Domain, Xen gives it the second: either counts.
        (reaching(Reach.PLATFORM, (), iommu=True, kind=DeviceKind.PSCI), ("aou_dev",)),
        (reaching(Reach.DMA, (), iommu=False, kind=DeviceKind.UART), ("aou_iommu",)),
    ],
)
def test_assumptions_of_use_that_a_platform_breaks(platform: Platform, broken: tuple[str, ...]) -> None:
    assert broken_assumptions(platform) == broken
    assert not set(broken) & set(broken_rules(platform))


def test_the_scheduler_cannot_be_read_off_a_platform() -> None:
    assert [name for name, _ in NOT_READ_OFF_A_PLATFORM] == ["aou_sched"]


def test_each_has_its_words_once() -> None:
    assert len({one.name for one in EVERY}) == len(EVERY) == 13
    for one in EVERY:
        assert all(text.strip() for text in (one.section, one.says, one.guards, one.in_xen))
        assert rule(one.name) is one
    assert {one.category for one in RULES} == {Category.STRUCTURAL, Category.FREEDOM_FROM_INTERFERENCE}
    assert {one.category for one in ADVICE} == {Category.ADVICE}
    assert {one.category for one in ASSUMPTIONS_OF_USE} == {Category.ASSUMPTION}
    with pytest.raises(KeyError):
        rule("no_such_rule")


@given(platforms(), st.sampled_from([frozenset(), frozenset({"D13"})]))
@settings(max_examples=300, deadline=None)
def test_ownership_looks_at_no_other_device(platform: Platform, switches: frozenset[str]) -> None:
    """What lets the claims get by with one device."""
    for device in platform.devices:
        alone = replace(platform, devices=(device,), links=())
        assert owners(platform, device, switches) == owners(alone, device, switches)
        assert allocation(platform, device, switches) is allocation(alone, device, switches)
        for same in _same_but(device):
            assert owners(platform, same, switches) == owners(platform, device, switches)


def _same_but(device: Device) -> Iterator[Device]:
    """Devices that differ in what the claims leave out: reach, IOMMU, and of everything but a UART whether Xen uses it."""
    yield from (replace(device, reach=reach) for reach in Reach)
    yield replace(device, behind_iommu=not device.behind_iommu)
    if device.kind is not DeviceKind.UART:
        yield replace(device, used_by_xen=not device.used_by_xen)


def test_the_platform_that_the_document_calls_compatible() -> None:
    domains = (HW, *(replace(SAFE_DOMU, name=name) for name in ("s1", "s2")), *(Domain(name) for name in ("u1", "u2")))
    example = Platform(domains, (Device("nic"), Device("can", ("s1",))))
    assert (broken_rules(example), advice(example), broken_assumptions(example)) == ((), (), ())
    assert [may_access(one, example.devices[0], frozenset()) for one in domains] == [True, False, False, False, False]
