"""A configuration as files describe it: what is said, where it is said, what is a default and by whom, and what nobody says.

The readers of device trees, ``xl.cfg`` files, ImageBuilder's variables and our own YAML all give one of these.  A platform
(:class:`sphinx_xenfusa.model.platform.Platform`) is complete; a configuration is not: no file of Xen says which domain is a
SafeVM.  What is missing stays missing here and is asked for by name; nothing is filled in without a word about it.

Source: fact sheet, section 7 (what each kind of file can say).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, TypeVar

from sphinx_xenfusa.model.vocabulary import Architecture, Capability, Criticality, DeviceKind, Protocol, Reach

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
NAME_LIMIT = 100
"""Characters of a name, as in our YAML."""


@dataclass(frozen=True, slots=True, order=True)
class Where:
    """A place in a file.

    :param file: as the user named it.
    :param line: 1-based; ``None`` for a file without lines (a binary device tree), or for the file as a whole.
    :param path: of a device tree, the path of the node; empty elsewhere.
    """

    file: str
    line: int | None = None
    path: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place} ({self.path})" if self.path and self.line is None else place


class Origin(StrEnum):
    """Who says a value."""

    WRITTEN = "written"
    """The configuration itself."""
    STATED = "stated"
    """The statement beside it, of somebody who answers for it."""
    DEFAULT = "default"
    """Nobody: it is what Xen, or a tool of Xen, takes then."""
    MISSING = "missing"
    """Nobody, and there is no default: it has to be stated."""


@dataclass(frozen=True, slots=True)
class Setting(Generic[T_co]):
    """One value with who says it.

    :param value: ``None`` if it is missing.
    :param where: where it is written; of a default or of what is missing, the entry that does not say it.
    :param source: of a default, what takes it so; of what is missing, how to state it; of a derived value, from what.
    """

    value: T_co | None
    origin: Origin
    where: Where
    source: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return self.origin is not Origin.MISSING


def written(value: T, where: Where, source: str = "") -> Setting[T]:
    """A value that the configuration says."""
    return Setting(value, Origin.WRITTEN, where, source)


def default(value: T, where: Where, source: str) -> Setting[T]:
    """A value that nobody says and that is taken then."""
    return Setting(value, Origin.DEFAULT, where, source)


def missing(where: Where, how: str) -> Setting[T]:
    """A value that nobody says and that nothing takes for granted."""
    return Setting(None, Origin.MISSING, where, how)


@dataclass(frozen=True, slots=True)
class ConfiguredDomain:
    """A domain as configured.

    :param domid: the number that it gets; ``None`` where the file does not settle it.
    :param notes: what else is configured and shown as it stands: name and value.
    """

    name: str
    where: Where
    domid: int | None
    capabilities: Setting[frozenset[Capability]]
    xenstore: Setting[bool]
    criticality: Setting[Criticality]
    safety_tasks: Setting[bool]
    notes: tuple[tuple[str, str, Where], ...] = ()

    @property
    def label(self) -> tuple[str, Where] | None:
        """Its label for a FLASK policy (``seclabel``) with its place, or ``None``."""
        return next(((value, where) for name, value, where in self.notes if name == "seclabel"), None)

    @property
    def is_control(self) -> bool:
        """Whether it is known to hold the control capability."""
        return Capability.CONTROL in (self.capabilities.value or frozenset())

    @property
    def is_hardware(self) -> bool:
        """Whether it is known to hold the hardware capability."""
        return Capability.HARDWARE in (self.capabilities.value or frozenset())


@dataclass(frozen=True, slots=True)
class ConfiguredDevice:
    """A device as configured.

    :param assigned_to: the domains to which it is assigned by passthrough; none: it goes where it goes by default.
    :param forced: where its assignment without an IOMMU is forced (``xen,force-assign-without-iommu``); ``None`` if it is not.
    """

    name: str
    where: Where
    assigned_to: Setting[tuple[str, ...]]
    reach: Setting[Reach]
    behind_iommu: Setting[bool]
    kind: Setting[DeviceKind]
    used_by_xen: Setting[bool]
    forced: Where | None = None


@dataclass(frozen=True, slots=True)
class ConfiguredLink:
    """A way of communication as configured.

    :param device: the device that a VirtIO backend serves, where that is said.
    """

    protocol: Protocol
    backend: str
    frontend: str
    where: Where
    device: str | None
    grants: Setting[bool]
    nonblocking: Setting[bool]


class ChannelKind(StrEnum):
    """A way of communication about which the document has no rule."""

    STATIC_EVENT_CHANNEL = "static event channel"
    """Made by Xen when it starts (``xen,evtchn-v1``)."""
    PARAVIRTUAL = "paravirtual device"
    """A device of Xen's own protocols, by grants and event channels: a disk or network interface without VirtIO."""


@dataclass(frozen=True, slots=True)
class ConfiguredChannel:
    """A way of communication that is no link of the document's.

    :param backend: of an event channel, one of its two ends.
    :param words: what it is, as the file calls it.
    """

    kind: ChannelKind
    backend: str
    frontend: str
    words: str
    where: Where


@dataclass(frozen=True, slots=True)
class Unlisted:
    """Devices that a domain has and that no file which was read lists.

    :param domain: who has them.
    :param assigned: whether they are assigned by passthrough; else they are the domain's by default.
    :param how: how to say which.
    """

    domain: str
    where: Where
    assigned: bool
    how: str


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that stands in a file and that is passed over, or that changes how the rest is read."""

    where: Where
    words: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that keeps Xen, or a tool of Xen, from starting the configuration.

    :param found: what stands there.
    :param then: what happens: Xen panics, libxl refuses.
    :param source: where that is decided.
    """

    where: Where
    found: str
    then: str
    source: str

    def __str__(self) -> str:
        return f"{self.where}: found {self.found}; {self.then} ({self.source})"


@dataclass(frozen=True, slots=True)
class Discharge:
    """A statement that an assumption of use is ensured.

    :param assumption: its name, such as ``aou_dev``.
    :param owner: who answers for it.
    :param by: what shows it.
    """

    assumption: str
    owner: str
    by: str
    where: Where


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that some files say of one platform.

    :param name: what the user calls it: the first file.
    :param files: the files that it was read from, as the user named them, those included by others too.
    :param policy: the access control of the Xen that runs it: ``dummy``, ``silo`` or ``flask``.
    :param iommu: whether Xen uses an IOMMU at all.
    :param direct_mapped_hardware: whether the Hardware Domain's memory is mapped to the same addresses.
    :param virtio_complete: that the VirtIO links among ``links`` are all that there are.
    :param refusals: what keeps it from starting.
    :param discharges: the assumptions of use that somebody answers for.
    :param notes: the options of the boot line that matter, name and value.
    :param channels: the ways of communication about which the document has no rule.
    :param unlisted: devices that somebody has and that are not among ``devices``.
    :param remarks: what was passed over.
    :param has_boot_line: whether the files say what Xen's command line is.
    :param taken: further values with who says them, beside those of domains, devices and links.
    """

    name: str
    files: tuple[str, ...]
    domains: tuple[ConfiguredDomain, ...]
    devices: tuple[ConfiguredDevice, ...]
    links: tuple[ConfiguredLink, ...]
    architecture: Setting[Architecture]
    policy: Setting[str]
    iommu: Setting[bool]
    direct_mapped_hardware: Setting[bool]
    virtio_complete: Setting[bool]
    refusals: tuple[Refusal, ...] = ()
    discharges: tuple[Discharge, ...] = ()
    notes: tuple[tuple[str, str, Where], ...] = ()
    channels: tuple[ConfiguredChannel, ...] = ()
    unlisted: tuple[Unlisted, ...] = ()
    remarks: tuple[Remark, ...] = ()
    taken: tuple[tuple[str, Setting[object]], ...] = ()
    has_boot_line: bool = False

    def settings(self) -> Iterator[tuple[str, Setting[object]]]:
        """Every value with what it is the value of, in the order in which the configuration names them."""
        for what in ("architecture", "policy", "iommu", "direct_mapped_hardware", "virtio_complete"):
            yield what.replace("_", " "), getattr(self, what)
        for domain in self.domains:
            for what in ("capabilities", "xenstore", "criticality", "safety_tasks"):
                yield f"{what.replace('_', ' ')} of {domain.name}", getattr(domain, what)
        for device in self.devices:
            # Who uses it is asked of a console only.
            uart = ("used_by_xen",) if device.kind.value is DeviceKind.UART else ()
            for what in ("assigned_to", "reach", "behind_iommu", "kind", *uart):
                yield f"{what.replace('_', ' ')} of the device {device.name}", getattr(device, what)
        for link in self.links:
            for what in ("grants", "nonblocking") if link.protocol is Protocol.VIRTIO else ():
                yield f"{what} of the link from {link.backend} to {link.frontend}", getattr(link, what)
        yield from self.taken

    def option(self, name: str) -> str | None:
        """The value of an option of Xen's command line, as written; ``None`` if it is not there or not among the noted ones."""
        return next((value for noted, value, _ in self.notes if noted == name), None)

    @property
    def missing(self) -> tuple[tuple[str, Setting[object]], ...]:
        """What nobody says."""
        return tuple((what, one) for what, one in self.settings() if one.origin is Origin.MISSING)

    @property
    def defaults(self) -> tuple[tuple[str, Setting[object]], ...]:
        """What is taken because nobody says otherwise."""
        return tuple((what, one) for what, one in self.settings() if one.origin is Origin.DEFAULT)

    def with_domains(self, *domains: ConfiguredDomain) -> Configuration:
        """The same with other domains."""
        return replace(self, domains=domains)
