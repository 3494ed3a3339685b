"""A configuration out of our own YAML: a platform with the line of each value, and with what it leaves to the defaults.

Source: ``platform.schema.json``; the defaults are those of :mod:`sphinx_xenfusa.platforms.platform_yaml`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sphinx_xenfusa.model.vocabulary import Architecture, Capability, Criticality, DeviceKind, Protocol, Reach
from sphinx_xenfusa.platforms.configuration import (
    Configuration,
    ConfiguredDevice,
    ConfiguredDomain,
    ConfiguredLink,
    Setting,
    Where,
    default,
    missing,
    written,
)
from sphinx_xenfusa.platforms.located_yaml import Located, PathTo
from sphinx_xenfusa.platforms.platform_yaml import platform_of

SCHEMA = "the default of platform.schema.json"
T = TypeVar("T")


def configuration_of(located: Located) -> Configuration:
    """What a platform in YAML says.

    :raises InputError: it is no platform.
    """
    platform_of(located)
    reader = _Reader(located)
    here = Where(located.file, 1)
    hardware = any("hardware" in one.get("roles", ()) for one in located.data["domains"])
    return Configuration(
        name=located.file,
        files=(located.file,),
        domains=tuple(reader.domain(i, one) for i, one in enumerate(located.data["domains"])),
        devices=tuple(reader.device(i, one) for i, one in enumerate(located.data.get("devices", ()))),
        links=tuple(reader.link(i, one) for i, one in enumerate(located.data.get("links", ()))),
        architecture=reader.setting((), located.data, "architecture", Architecture, Architecture.ARM),
        policy=missing(here, "state it (xen: {policy: silo}), or give Xen's command line with --boot-line"),
        iommu=default(True, here, "each device says whether it is behind an IOMMU"),
        direct_mapped_hardware=default(hardware, here, "the Hardware Domain of Arm is mapped to the same addresses"),
        virtio_complete=written(True, here, "the file lists every link"),
    )


class _Reader:
    """Reads entries of one file."""

    def __init__(self, located: Located) -> None:
        self._located = located

    def where(self, path: PathTo) -> Where:
        """Where a value stands."""
        return Where(self._located.file, self._located.lines[path])

    def setting(
        self, path: PathTo, entry: Mapping[str, Any], key: str, made: Callable[[Any], T], otherwise: T
    ) -> Setting[T]:
        """A value, or its default."""
        if key in entry:
            return written(made(entry[key]), self.where((*path, key)))
        return default(otherwise, self.where(path), SCHEMA)

    def domain(self, number: int, entry: Mapping[str, Any]) -> ConfiguredDomain:
        """A domain; its criticality is always written."""
        path = ("domains", number)
        nothing: frozenset[Capability] = frozenset()
        return ConfiguredDomain(
            entry["name"],
            self.where(path),
            number,
            self.setting(path, entry, "roles", lambda roles: frozenset(Capability(one) for one in roles), nothing),
            self.setting(path, entry, "xenstore", bool, False),
            written(Criticality(entry["criticality"]), self.where((*path, "criticality"))),
            self.setting(path, entry, "safety_tasks", bool, False),
        )

    def device(self, number: int, entry: Mapping[str, Any]) -> ConfiguredDevice:
        """A device."""
        path = ("devices", number)
        owner: tuple[str, ...] = ()
        return ConfiguredDevice(
            entry["name"],
            self.where(path),
            self.setting(path, entry, "owner", lambda name: (name,) if isinstance(name, str) else tuple(name), owner),
            self.setting(path, entry, "reach", Reach, Reach.SELF),
            self.setting(path, entry, "iommu", bool, True),
            self.setting(path, entry, "kind", DeviceKind, DeviceKind.PERIPHERAL),
            self.setting(path, entry, "used_by_xen", bool, False),
        )

    def link(self, number: int, entry: Mapping[str, Any]) -> ConfiguredLink:
        """A link."""
        path = ("links", number)
        return ConfiguredLink(
            Protocol(entry["protocol"]),
            entry["backend"],
            entry["frontend"],
            self.where(path),
            entry.get("device"),
            self.setting(path, entry, "grants", bool, False),
            self.setting(path, entry, "nonblocking", bool, False),
        )
