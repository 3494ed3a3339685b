"""What a configuration may stand for while something of it is not said.

A rule looks at all domains without their links, or at one link with its two ends and the backend's devices, or at one device with
the domains that may have it; never at two links (:class:`sphinx_xenfusa.claims.composition.RuleBook` rests on the same).  So
every value that is missing need not be tried with every other: what one domain, link or device leaves open is tried on the small
platform that the rule looks at.

Where a rule is broken through one link in one case and through another in the other case, each link alone leaves it open: then
the answer is that nobody can tell, which is weaker than what could be known, and never wrong.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sphinx_xenfusa.assessment.judgement import Asked, Breach
from sphinx_xenfusa.model.platform import Device, Domain, Link, Platform
from sphinx_xenfusa.model.vocabulary import Architecture, Criticality, DeviceKind, Protocol, Reach
from sphinx_xenfusa.platforms.configuration import (
    Configuration,
    ConfiguredDevice,
    ConfiguredDomain,
    ConfiguredLink,
    Setting,
    written,
)

BrokenBy = Callable[[Platform], tuple[str, ...]]
"""Names those that break something on a platform."""
OWNER = "assigned_to"
_BOOLEAN = (False, True)
_VALUES: Mapping[str, Sequence[object]] = {
    "criticality": tuple(Criticality),
    "safety_tasks": _BOOLEAN,
    "grants": _BOOLEAN,
    "nonblocking": _BOOLEAN,
    "reach": tuple(Reach),
    "behind_iommu": _BOOLEAN,
    "used_by_xen": _BOOLEAN,
    "kind": tuple(DeviceKind),
    "xenstore": _BOOLEAN,
}
"""All values of a setting that may be missing."""
MOST_CASES = 20_000
"""Cases that are tried for one name; with more than these nobody can tell."""

Key = tuple[str, str]
"""Whose setting, and which."""
Choice = Mapping[Key, object]


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a configuration that a rule looks at for one name.

    :param domains: those of which all that is missing is tried.
    :param beside: those of which a rule sees the capabilities only.
    :param owners: to whom a device may be assigned of which that is not said, as far as it makes a difference here.
    """

    domains: tuple[ConfiguredDomain, ...]
    devices: tuple[ConfiguredDevice, ...] = ()
    links: tuple[ConfiguredLink, ...] = ()
    beside: tuple[ConfiguredDomain, ...] = ()
    owners: tuple[tuple[str, ...], ...] = ((),)

    def open(self) -> dict[Key, tuple[Setting[object], Sequence[object]]]:
        """The settings that are missing, each with the values that it may have."""
        found: dict[Key, tuple[Setting[object], Sequence[object]]] = {}
        entries: list[tuple[str, object, tuple[str, ...]]] = [
            *((f"of {one.name}", one, ("criticality", "safety_tasks", "xenstore")) for one in self.domains),
            *(
                (f"of the device {one.name}", one, ("reach", "behind_iommu", "kind", "used_by_xen", OWNER))
                for one in self.devices
            ),
            *((link_words(one), one, ("grants", "nonblocking")) for one in self.links if is_virtio(one)),
        ]
        for whose, entry, names in entries:
            for name in names:
                setting: Setting[object] = getattr(entry, name)
                if not setting.known:
                    found[whose, name] = setting, self.owners if name == OWNER else _VALUES[name]
        return found

    def platform(self, choice: Choice) -> Platform:
        """The platform that it stands for, with a choice for all that is missing."""

        def value(whose: str, name: str, setting: Setting[object]) -> object:
            first = self.owners[0] if name == OWNER else _VALUES[name][0]
            return setting.value if setting.known else choice.get((whose, name), first)

        return Platform(
            tuple(_domain(one, value) for one in (*self.domains, *self.beside)),
            tuple(_device(one, value) for one in self.devices),
            tuple(_link(one, value) for one in self.links),
            Architecture.ARM,
        )


Value = Callable[[str, str, Setting[object]], object]


def _domain(one: ConfiguredDomain, value: Value) -> Domain:
    whose = f"of {one.name}"
    return Domain(
        one.name,
        one.capabilities.value or frozenset(),
        Criticality(str(value(whose, "criticality", one.criticality))),
        bool(value(whose, "safety_tasks", one.safety_tasks)),
        bool(value(whose, "xenstore", one.xenstore)),
    )


def _device(one: ConfiguredDevice, value: Value) -> Device:
    whose = f"of the device {one.name}"
    owners = value(whose, OWNER, one.assigned_to)
    return Device(
        one.name,
        tuple(str(name) for name in owners) if isinstance(owners, tuple) else (),
        Reach(str(value(whose, "reach", one.reach))),
        bool(value(whose, "behind_iommu", one.behind_iommu)),
        DeviceKind(str(value(whose, "kind", one.kind))),
        bool(value(whose, "used_by_xen", one.used_by_xen)),
    )


def _link(one: ConfiguredLink, value: Value) -> Link:
    whose = link_words(one)
    if not is_virtio(one):
        return Link(one.protocol, one.backend, one.frontend)
    return Link(
        one.protocol,
        one.backend,
        one.frontend,
        one.device,
        bool(value(whose, "grants", one.grants)),
        bool(value(whose, "nonblocking", one.nonblocking)),
    )


def link_words(link: ConfiguredLink) -> str:
    """A link in words."""
    served = f" for {link.device}" if link.device else ""
    return f"of the link from {link.backend} to {link.frontend}{served} ({link.where})"


def is_virtio(link: ConfiguredLink) -> bool:
    """Whether a link is one of VirtIO."""
    return link.protocol is Protocol.VIRTIO


# --- what a rule looks at ---------------------------------------------------------------------------------------------


class _Index:
    """A configuration by name, so that a domain's links and a link's devices need not be looked for among all."""

    def __init__(self, configuration: Configuration) -> None:
        self.domains = {one.name: one for one in configuration.domains}
        self.special = [one for one in configuration.domains if one.capabilities.value]
        self._links: dict[str, list[ConfiguredLink]] = {}
        for link in configuration.links:
            for name in dict.fromkeys((link.backend, link.frontend)):
                self._links.setdefault(name, []).append(link)
        self._named = {one.name: one for one in configuration.devices}
        self._owned: dict[str, list[ConfiguredDevice]] = {}
        self._of_anybody: list[ConfiguredDevice] = []
        for device in configuration.devices:
            if device.assigned_to.value is None:
                self._of_anybody.append(device)
            for name in dict.fromkeys(device.assigned_to.value or ()):
                self._owned.setdefault(name, []).append(device)

    def links_of(self, name: str) -> Sequence[ConfiguredLink]:
        """The links of which a domain is an end."""
        return self._links.get(name, ())

    def devices_of(self, link: ConfiguredLink) -> tuple[ConfiguredDevice, ...]:
        """The device that a link serves, or else those that its backend's domain has or may have."""
        if link.device is not None:
            return (self._named[link.device],) if link.device in self._named else ()
        return (*self._owned.get(link.backend, ()), *self._of_anybody)


def _parts_of_domain(domain: ConfiguredDomain, index: _Index) -> Iterator[Part]:
    """What rules about a domain look at: the domain alone, then each of its links."""
    yield Part((domain,), beside=tuple(one for one in index.special if one is not domain))
    for link in index.links_of(domain.name):
        ends = (index.domains[link.backend], index.domains[link.frontend])
        beside = tuple(one for one in index.special if one not in ends)
        owners = ((), (link.backend,), (link.frontend,))
        yield Part(ends, index.devices_of(link), (link,), beside, owners)


def _parts_of_device(device: ConfiguredDevice, configuration: Configuration) -> Iterator[Part]:
    """What rules about a device look at, one part for each way in which it may be assigned: the device and who has it."""
    hardware = tuple(one for one in configuration.domains if one.is_hardware)
    if device.assigned_to.known:
        owners = device.assigned_to.value or ()
        having = tuple(one for one in configuration.domains if one.name in owners)
        yield Part(having or hardware, (device,))
        return
    for domain in configuration.domains:
        yield Part((domain,), (replace(device, assigned_to=written((domain.name,), device.where)),))
    yield Part(hardware, (replace(device, assigned_to=written((), device.where)),))


def breaches(configuration: Configuration, broken_by: BrokenBy, *, of_devices: bool) -> tuple[Breach, ...]:
    """Who breaks a rule, certainly or perhaps; those first that certainly do.

    :param of_devices: whether the rule names devices; domains otherwise.
    """
    found: list[Breach | None] = []
    if of_devices:
        found += [_breach_of_device(one, configuration, broken_by) for one in configuration.devices]
    else:
        index = _Index(configuration)
        found += [_breach_of_domain(one, index, broken_by) for one in configuration.domains]
    return tuple(sorted((one for one in found if one is not None), key=lambda one: bool(one.asked)))


def _breach_of_domain(domain: ConfiguredDomain, index: _Index, broken_by: BrokenBy) -> Breach | None:
    """Certain if some part is broken whatever is missing; it takes one."""
    asked: dict[Asked, None] = {}
    for part in _parts_of_domain(domain, index):
        certain, needed = _tried(domain.name, part, broken_by)
        if certain:
            return Breach(domain.name, part.links[0].where if part.links else domain.where)
        asked.update(dict.fromkeys(needed))
    return Breach(domain.name, domain.where, tuple(asked)) if asked else None


def _breach_of_device(device: ConfiguredDevice, configuration: Configuration, broken_by: BrokenBy) -> Breach | None:
    """Certain if it is broken whoever has the device."""
    tried = [_tried(device.name, part, broken_by) for part in _parts_of_device(device, configuration)]
    if all(certain for certain, _ in tried):
        return Breach(device.name, device.where)
    asked = dict.fromkeys(one for _, needed in tried for one in needed)
    if asked or any(certain for certain, _ in tried):
        owner = device.assigned_to
        if not owner.known:
            asked[_asked((f"of the device {device.name}", OWNER), owner)] = None
        return Breach(device.name, device.where, tuple(asked))
    return None


def _tried(name: str, part: Part, broken_by: BrokenBy) -> tuple[bool, tuple[Asked, ...]]:
    """Whether a part breaks a rule whatever is missing; if it does in some cases only, what decides it."""
    open_settings = part.open()
    keys = list(open_settings)
    values = [open_settings[key][1] for key in keys]
    cases = 1
    for one in values:
        cases *= len(one)
    if cases > MOST_CASES:
        return False, tuple(_asked(key, open_settings[key][0]) for key in keys)
    outcomes = {
        case: name in broken_by(part.platform(dict(zip(keys, case, strict=True))))
        for case in itertools.product(*values)
    }
    if len(set(outcomes.values())) == 1:
        return next(iter(outcomes.values())), ()
    deciding = [at for at in range(len(keys)) if _decides(at, values[at], outcomes)]
    return False, tuple(_asked(keys[at], open_settings[keys[at]][0]) for at in deciding)


def _decides(at: int, values: Sequence[object], outcomes: Mapping[tuple[object, ...], bool]) -> bool:
    """Whether another value of one setting, and nothing else, gives another outcome in some case."""
    return any(
        outcomes[(*case[:at], value, *case[at + 1 :])] is not outcome
        for case, outcome in outcomes.items()
        for value in values
    )


def _asked(key: Key, setting: Setting[object]) -> Asked:
    name = "owner" if key[1] == OWNER else key[1].replace("_", " ")
    return Asked(f"{name} {key[0]}", setting.where, setting.source)
