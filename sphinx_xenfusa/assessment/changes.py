"""What can be changed about a configuration, one thing at a time: a role, a criticality, an extension, a link, an assignment.

A change is written into a copy of the configuration as if its files said so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from sphinx_xenfusa.assessment.completions import is_virtio
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, Reach
from sphinx_xenfusa.platforms.configuration import (
    Configuration,
    ConfiguredDevice,
    ConfiguredDomain,
    ConfiguredLink,
    Setting,
    written,
)

T = TypeVar("T")
_AND_TASKS = {Criticality.SAFE: "with a safety-critical task", Criticality.UNSAFE: "without safety-critical tasks"}


@dataclass(frozen=True)
class Change:
    """One change.

    :param words: what is done, as an instruction.
    :param about: the domains, devices and links (in words) that it changes something about.
    :param key: what it changes: two changes of one thing exclude each other.
    """

    words: str
    about: frozenset[str]
    key: tuple[str, ...]
    apply: Callable[[Configuration], Configuration]


def changes(configuration: Configuration) -> Iterator[Change]:
    """Every change of one thing, in the order of the configuration."""
    for domain in configuration.domains:
        yield from _of_domain(domain)
    for number, link in enumerate(configuration.links):
        yield from _of_link(number, link)
    for device in configuration.devices:
        yield from _of_device(device, configuration)
    if configuration.policy.value == "silo":
        yield Change(
            "run a Xen whose policy is dummy in place of silo",
            frozenset({"policy"}),
            ("policy",),
            lambda one: replace(one, policy=written("dummy", one.policy.where)),
        )


# --- domains ----------------------------------------------------------------------------------------------------------


def _of_domain(domain: ConfiguredDomain) -> Iterator[Change]:
    name, about = domain.name, frozenset({domain.name})
    for criticality in Criticality:
        if domain.criticality.value is not criticality:
            yield to_criticality(name, criticality)
    if domain.criticality.value is Criticality.UNSAFE and domain.safety_tasks.value:
        words = f"run no safety-critical task in {name}"
        yield Change(words, about, ("tasks", name), _on_domain(name, _without_tasks))
    for capability in sorted(domain.capabilities.value or ()):
        words = f"take the {capability} capability from {name}"
        yield Change(words, about, ("capability", name, capability), _on_domain(name, _without(capability)))
    for capability in Capability:
        if capability not in (domain.capabilities.value or ()):
            words = f"give {name} the {capability} capability"
            yield Change(words, about, ("capability", name, capability), _on_domain(name, _with(capability)))


def to_criticality(name: str, criticality: Criticality) -> Change:
    """A domain made a SafeVM, which runs a safety-critical task, or an UnsafeVM, which runs none."""
    kind = "a SafeVM" if criticality is Criticality.SAFE else "an UnsafeVM"
    words = f"make {name} {kind} {_AND_TASKS[criticality]}"
    return Change(words, frozenset({name}), ("criticality", name), _on_domain(name, _with_criticality(criticality)))


_OfDomain = Callable[[ConfiguredDomain], ConfiguredDomain]


def _on_domain(name: str, changed: _OfDomain) -> Callable[[Configuration], Configuration]:
    return lambda one: one.with_domains(*(changed(it) if it.name == name else it for it in one.domains))


def _with_criticality(criticality: Criticality) -> _OfDomain:
    tasks = criticality is Criticality.SAFE
    return lambda one: replace(
        one, criticality=_now(one.criticality, criticality), safety_tasks=_now(one.safety_tasks, tasks)
    )


def _without_tasks(one: ConfiguredDomain) -> ConfiguredDomain:
    return replace(one, safety_tasks=_now(one.safety_tasks, value=False))


def _without(capability: Capability) -> _OfDomain:
    return lambda one: replace(
        one, capabilities=_now(one.capabilities, (one.capabilities.value or frozenset()) - {capability})
    )


def _with(capability: Capability) -> _OfDomain:
    return lambda one: replace(
        one, capabilities=_now(one.capabilities, (one.capabilities.value or frozenset()) | {capability})
    )


def _now(setting: Setting[T], value: T) -> Setting[T]:
    return written(value, setting.where, "changed")


# --- links ------------------------------------------------------------------------------------------------------------


def _of_link(number: int, link: ConfiguredLink) -> Iterator[Change]:
    ends = f"the link from {link.backend} to {link.frontend}"
    about = frozenset({link.backend, link.frontend, ends})
    yield Change(f"remove {ends} ({link.protocol})", about, ("link", str(number)), _without_link(link))
    if not is_virtio(link):
        return
    if link.grants.value is not True:
        grants = replace(link, grants=_now(link.grants, value=True))
        yield Change(f"use grants on {ends}", about, ("grants", str(number)), _other_link(link, grants))
    if link.nonblocking.value is not True:
        nonblocking = replace(link, nonblocking=_now(link.nonblocking, value=True))
        words = f"use non-blocking VirtIO on {ends} (not in upstream Xen)"
        yield Change(words, about, ("nonblocking", str(number)), _other_link(link, nonblocking))


def _without_link(link: ConfiguredLink) -> Callable[[Configuration], Configuration]:
    return lambda one: replace(one, links=tuple(it for it in one.links if not _same(it, link)))


def _other_link(link: ConfiguredLink, other: ConfiguredLink) -> Callable[[Configuration], Configuration]:
    # Several changes may meet on one link: each writes its own value only.
    def changed(it: ConfiguredLink) -> ConfiguredLink:
        if other.grants is not link.grants:
            return replace(it, grants=other.grants)
        return replace(it, nonblocking=other.nonblocking)

    return lambda one: replace(one, links=tuple(changed(it) if _same(it, link) else it for it in one.links))


def _same(one: ConfiguredLink, other: ConfiguredLink) -> bool:
    """Whether two are one link, whatever its extensions are."""
    return (one.where, one.protocol, one.backend, one.frontend, one.device) == (
        other.where,
        other.protocol,
        other.backend,
        other.frontend,
        other.device,
    )


# --- devices ----------------------------------------------------------------------------------------------------------


def _of_device(device: ConfiguredDevice, configuration: Configuration) -> Iterator[Change]:
    name, about = device.name, frozenset({device.name})
    if device.reach.value is Reach.SELF:
        return
    if device.behind_iommu.value is not True or device.forced is not None:
        guarded = replace(device, behind_iommu=_now(device.behind_iommu, value=True), forced=None)
        yield Change(f"put the device {name} behind an IOMMU", about, ("iommu", name), _other_device(name, guarded))
    for domain in configuration.domains:
        if device.assigned_to.value != (domain.name,):
            moved = replace(device, assigned_to=_now(device.assigned_to, (domain.name,)))
            words = f"assign the device {name} to {domain.name}"
            yield Change(words, about | {domain.name}, ("owner", name), _other_device(name, moved))


def _other_device(name: str, other: ConfiguredDevice) -> Callable[[Configuration], Configuration]:
    return lambda one: replace(one, devices=tuple(other if it.name == name else it for it in one.devices))
