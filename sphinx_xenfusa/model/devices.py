"""Who owns a device: the domains that have direct access to it.

By default a device goes to the Hardware Domain, except for what Xen keeps for itself.  A device that is assigned by passthrough
goes to the domain to which it is assigned, and to no other.  Which parts of the machine Xen keeps is where the document and
Xen differ (divergence D13).

Ownership of one device looks at nothing but that device and the domains: no other device of the platform changes it.

Sources: the roles document, "Hardware Domain"; ``xen/arch/arm/domain_build.c:1463-1530``, the nodes of the host's device tree
that are left out of the Hardware Domain's (fact sheet 2.11, D13).
"""

from __future__ import annotations

from enum import StrEnum

from sphinx_xenfusa.model.platform import Device, Domain, Platform
from sphinx_xenfusa.model.vocabulary import Capability, DeviceKind


class Allocation(StrEnum):
    """What becomes of a device when the platform starts."""

    GIVE = "give a device to a domain"
    KEEP = "keep a device for Xen"
    LEAVE = "leave a device to nobody"
    """It would be the Hardware Domain's, and there is none."""


KEPT_BY_THE_DOCUMENT = frozenset(
    {
        DeviceKind.CPU,
        DeviceKind.MMU,
        DeviceKind.IOMMU,
        DeviceKind.INTERRUPT_CONTROLLER,
        DeviceKind.TIMER,
        DeviceKind.UART,
    }
)
"""What the document lists: these stay with Xen."""

KEPT_BY_XEN = (KEPT_BY_THE_DOCUMENT - {DeviceKind.UART}) | {DeviceKind.PSCI, DeviceKind.PMU, DeviceKind.MEMORY}
"""What Xen leaves out of the Hardware Domain's device tree, whether it uses it or not.  A UART it leaves out if it uses it."""


def stays_with_xen(device: Device, switches: frozenset[str]) -> bool:
    """Whether Xen keeps a device that is assigned to nobody.

    :param switches: the divergences in force; with D13 the list is Xen's, without it the document's.
    """
    if "D13" not in switches:
        return device.kind in KEPT_BY_THE_DOCUMENT
    if device.kind is DeviceKind.UART:
        return device.used_by_xen
    return device.kind in KEPT_BY_XEN


def may_access(domain: Domain, device: Device, switches: frozenset[str]) -> bool:
    """Whether a domain has direct access to a device.

    Passthrough comes first, also for what Xen keeps: the rule ``xen_owned_devices`` refuses that, and what Xen does then is not
    modelled.
    """
    if device.assigned_to:
        return domain.name in device.assigned_to
    if stays_with_xen(device, switches):
        return False
    return domain.has(Capability.HARDWARE)


def owners(platform: Platform, device: Device, switches: frozenset[str]) -> tuple[str, ...]:
    """The domains that have direct access to a device, in the order of the platform; none where it stays with Xen."""
    return tuple(domain.name for domain in platform.domains if may_access(domain, device, switches))


def allocation(platform: Platform, device: Device, switches: frozenset[str]) -> Allocation:
    """What becomes of a device, in a word."""
    if owners(platform, device, switches):
        return Allocation.GIVE
    return Allocation.KEEP if stays_with_xen(device, switches) else Allocation.LEAVE


def default_owners(platform: Platform) -> frozenset[str]:
    """The domains to which a peripheral belongs that is assigned to nobody: every Hardware Domain.

    The document gives it to *the* Hardware Domain, which names one owner only while there is at most one.
    """
    return frozenset(owners(platform, Device("a peripheral"), frozenset()))
