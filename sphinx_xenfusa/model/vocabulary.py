"""The closed sets of words of the role specification.

Source: the roles document (xen-devel, 2025-03-04), "Roles" and "Privileges".
"""

from __future__ import annotations

from enum import StrEnum


class Capability(StrEnum):
    """What makes a domain more than a DomU.  One domain may hold both (a classic dom0); the document does not say so."""

    HARDWARE = "hardware"
    CONTROL = "control"


class Role(StrEnum):
    """Roles, "Roles": a domain is Hardware Domain, Control Domain or DomU."""

    HARDWARE_DOMAIN = "Hardware Domain"
    CONTROL_DOMAIN = "Control Domain"
    DOMU = "DomU"


class Criticality(StrEnum):
    """Roles, "SafeVMs and UnSafeVMs": every domain is one of the two (the document also spells the second UnSafeVM)."""

    SAFE = "safe"
    UNSAFE = "unsafe"


class Privilege(StrEnum):
    """Privileges: the three levels."""

    FULL = "full"
    VIRTIO = "virtio"
    UNPRIVILEGED = "unprivileged"


class Protocol(StrEnum):
    """How two domains of a platform communicate."""

    VIRTIO = "virtio"
    ARGO = "argo"
    STATIC_SHARED_MEMORY = "static-shared-memory"


class Reach(StrEnum):
    """How far a device reaches: its own registers, memory by DMA, or the platform (reset, clock, power)."""

    SELF = "self"
    DMA = "dma"
    PLATFORM = "platform"


class DeviceKind(StrEnum):
    """What a device is: a peripheral, or a part of the machine that Xen may keep for itself.

    The document's list of what Xen keeps is CPU, MMU, IOMMU, interrupt controller, timers, UART.  Xen's own list also has
    the PSCI interface, the PMU and memory (divergence D13).
    """

    PERIPHERAL = "peripheral"
    CPU = "cpu"
    MMU = "mmu"
    IOMMU = "iommu"
    INTERRUPT_CONTROLLER = "interrupt-controller"
    TIMER = "timer"
    UART = "uart"
    PSCI = "psci"
    PMU = "pmu"
    MEMORY = "memory"


class Architecture(StrEnum):
    """The processor architecture; some operations exist on one only."""

    ARM = "arm"
    X86 = "x86"


def roles_of(capabilities: frozenset[Capability]) -> frozenset[Role]:
    """The roles of a domain that holds these capabilities; a domain without any is a DomU."""
    roles = set()
    if Capability.HARDWARE in capabilities:
        roles.add(Role.HARDWARE_DOMAIN)
    if Capability.CONTROL in capabilities:
        roles.add(Role.CONTROL_DOMAIN)
    return frozenset(roles) if roles else frozenset({Role.DOMU})
