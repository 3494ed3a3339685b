"""Which platforms are allowed: the rules of the roles document, its advice, and what it assumes, one function each.

A rule is a predicate that names who breaks it.  :data:`RULES` reject a platform.  :data:`ADVICE` is reported and rejects nothing.
:data:`ASSUMPTIONS_OF_USE` are conditions under which the rules are enough; the document does not state them as rules, and a
platform that breaks one is not rejected, but nothing is claimed about it.  Whether a rule is *enough* is not decided here: that
is what the claims show.

Source: the roles document, section given with each rule; the project's semantics for the assumptions of use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from sphinx_xenfusa.model.devices import KEPT_BY_THE_DOCUMENT, may_access
from sphinx_xenfusa.model.operations import TargetParameter, catalogue
from sphinx_xenfusa.model.platform import Device, Link, Platform
from sphinx_xenfusa.model.policies import SPECIFICATION, relation
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, Protocol, Reach


class Category(StrEnum):
    """What a rule is for, and what follows when it is broken."""

    STRUCTURAL = "structural"
    """The platform would be ambiguous or could not work.  Rejected."""
    FREEDOM_FROM_INTERFERENCE = "freedom from interference"
    """A SafeVM could be interfered with.  Rejected."""
    ADVICE = "advice"
    """Reported, never rejected."""
    ASSUMPTION = "assumption of use"
    """Reported, never rejected; what is claimed about platforms takes it for granted."""


class Names(StrEnum):
    """What the names are that a rule gives."""

    DOMAINS = "domains"
    DEVICES = "devices"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule.

    :param name: the name part of its tag.
    :param section: where it is stated.
    :param says: what it demands.
    :param guards: what is lost without it.
    :param in_xen: whether Xen itself enforces it.
    :param names: what ``broken_by`` names.
    :param broken_by: the names of those that break it on a platform, in the platform's order, each once; empty when it is obeyed.
    """

    name: str
    section: str
    category: Category
    says: str
    guards: str
    in_xen: str
    names: Names
    broken_by: Callable[[Platform], tuple[str, ...]]


def _virtio(platform: Platform) -> tuple[Link, ...]:
    return tuple(link for link in platform.links if link.protocol is Protocol.VIRTIO)


def _more_than_one(platform: Platform, capability: Capability) -> tuple[str, ...]:
    holders = platform.holders(capability)
    if len(holders) > 1:
        return tuple(platform.domains[position].name for position in holders)
    return ()


def _several_hardware_domains(platform: Platform) -> tuple[str, ...]:
    return _more_than_one(platform, Capability.HARDWARE)


def _several_control_domains(platform: Platform) -> tuple[str, ...]:
    return _more_than_one(platform, Capability.CONTROL)


def _unsafe_control_domain(platform: Platform) -> tuple[str, ...]:
    return tuple(
        domain.name
        for domain in platform.domains
        if domain.has(Capability.CONTROL) and domain.criticality is Criticality.UNSAFE
    )


def _safety_task_in_unsafe_vm(platform: Platform) -> tuple[str, ...]:
    return tuple(
        domain.name for domain in platform.domains if domain.safety_tasks and domain.criticality is Criticality.UNSAFE
    )


def _safe_vm_without_a_safety_task(platform: Platform) -> tuple[str, ...]:
    return tuple(
        domain.name for domain in platform.domains if domain.criticality is Criticality.SAFE and not domain.safety_tasks
    )


def _passed_through_though_xen_keeps_it(platform: Platform) -> tuple[str, ...]:
    return tuple(
        device.name for device in platform.devices if device.assigned_to and device.kind in KEPT_BY_THE_DOCUMENT
    )


def _passed_through_to_several(platform: Platform) -> tuple[str, ...]:
    return tuple(device.name for device in platform.devices if len(device.assigned_to) > 1)


def _may_serve(platform: Platform, link: Link) -> bool:
    """Whether the backend of a VirtIO link is where a backend may be.

    When the link names the device that it serves, the strict reading is taken: the backend's domain owns that device.  The
    document says only that it has a device.  Without a name, the Hardware Domain will do, and every domain with a device by
    passthrough.
    """
    backend = platform.domains[platform.position(link.backend)]
    for device in platform.devices:
        if device.name == link.device:
            return may_access(backend, device, frozenset())
    return backend.has(Capability.HARDWARE) or any(backend.name in device.assigned_to for device in platform.devices)


def _misplaced_backend(platform: Platform) -> tuple[str, ...]:
    misplaced = {link.backend for link in _virtio(platform) if not _may_serve(platform, link)}
    return tuple(domain.name for domain in platform.domains if domain.name in misplaced)


def _safe_among(platform: Platform, names: Iterable[str]) -> tuple[str, ...]:
    """The SafeVMs among the domains of these names."""
    among = frozenset(names)
    return tuple(
        domain.name for domain in platform.domains if domain.name in among and domain.criticality is Criticality.SAFE
    )


def _safe_frontend_without_grants(platform: Platform) -> tuple[str, ...]:
    return _safe_among(platform, (link.frontend for link in _virtio(platform) if not link.grants))


def _safe_frontend_that_blocks(platform: Platform) -> tuple[str, ...]:
    return _safe_among(platform, (link.frontend for link in _virtio(platform) if not link.nonblocking))


def _safe_vm_on_a_virtqueue(platform: Platform) -> tuple[str, ...]:
    return _safe_among(platform, (end for link in _virtio(platform) for end in (link.backend, link.frontend)))


def _in_an_unsafe_vm(platform: Platform, device: Device) -> bool:
    """Whether an UnsafeVM has direct access to a device, by the document's list of what Xen keeps or by Xen's own.

    An assumption of use that looked at one of the lists only would be kept on paper by a device that the other gives away.
    """
    return any(
        domain.criticality is Criticality.UNSAFE
        for domain in platform.domains
        if may_access(domain, device, frozenset()) or may_access(domain, device, frozenset({"D13"}))
    )


def _platform_device_in_an_unsafe_vm(platform: Platform) -> tuple[str, ...]:
    return tuple(
        device.name
        for device in platform.devices
        if device.reach is Reach.PLATFORM and _in_an_unsafe_vm(platform, device)
    )


def _dma_without_iommu_in_an_unsafe_vm(platform: Platform) -> tuple[str, ...]:
    return tuple(
        device.name
        for device in platform.devices
        if device.reach is Reach.DMA and not device.behind_iommu and _in_an_unsafe_vm(platform, device)
    )


_NOT_KNOWN = "no: Xen does not know the criticality of a domain"
_HARDWARE, _CONTROL, _SAFETY = (
    f'Roles, "{title}"' for title in ("Hardware Domain", "Control Domain", "SafeVMs and UnSafeVMs")
)
_VIRTIO_CHAPTER = "VirtIO"

RULES = (
    Rule(
        "xen_owned_devices",
        _HARDWARE,
        Category.STRUCTURAL,
        "No CPU, MMU, IOMMU, interrupt controller, timer or UART is assigned by passthrough.",
        "These stay with Xen: no domain has direct access to one.  The document says so of the default only; the strict reading.",
        "not known: what Xen does when one of them is passed through is not in the fact sheet",
        Names.DEVICES,
        _passed_through_though_xen_keeps_it,
    ),
    Rule(
        "passthrough",
        _HARDWARE,
        Category.STRUCTURAL,
        "A device is assigned to one domain at the most.",
        "One owner a device.",
        "in part: a device behind an IOMMU is refused to a second domain (iommu_assign_dt_device, -EBUSY); whether any other is, "
        "is not known",
        Names.DEVICES,
        _passed_through_to_several,
    ),
    Rule(
        "hwdom_single",
        _HARDWARE,
        Category.STRUCTURAL,
        "There is at most one Hardware Domain.",
        "One default owner of the devices.",
        "yes: it panics at boot (xen/common/device-tree/dom0less-bindings.c:44-48)",
        Names.DOMAINS,
        _several_hardware_domains,
    ),
    Rule(
        "ctrldom_single",
        _CONTROL,
        Category.STRUCTURAL,
        "There is at most one Control Domain.",
        "One holder of full privileges.",
        "no: it starts a second one (D3; xen/common/device-tree/dom0less-bindings.c:41)",
        Names.DOMAINS,
        _several_control_domains,
    ),
    Rule(
        "unsafevm_definition",
        _SAFETY,
        Category.STRUCTURAL,
        "No safety-critical task runs in an UnsafeVM.",
        "No safety-critical task runs inside an adversary.",
        _NOT_KNOWN,
        Names.DOMAINS,
        _safety_task_in_unsafe_vm,
    ),
    Rule(
        "ctrldom_is_safe",
        _SAFETY,
        Category.FREEDOM_FROM_INTERFERENCE,
        "The Control Domain is a SafeVM.",
        "No UnsafeVM can stop, pause or restart a SafeVM or the platform.",
        _NOT_KNOWN,
        Names.DOMAINS,
        _unsafe_control_domain,
    ),
    Rule(
        "backend_placement",
        _VIRTIO_CHAPTER,
        Category.STRUCTURAL,
        "A VirtIO backend runs in the Hardware Domain or in a domain with a device by passthrough, and owns the device that it "
        "is said to serve.",
        "A request can reach a device.",
        "no: Xen knows of no VirtIO backend",
        Names.DOMAINS,
        _misplaced_backend,
    ),
    Rule(
        "mem_frontend_unsafe",
        'VirtIO, "FFI: Memory Mappings"',
        Category.FREEDOM_FROM_INTERFERENCE,
        "A SafeVM runs a VirtIO frontend with grants only.",
        "No backend can map memory of a SafeVM that was not granted.",
        _NOT_KNOWN,
        Names.DOMAINS,
        _safe_frontend_without_grants,
    ),
    Rule(
        "sync_frontend_unsafe",
        'VirtIO, "FFI: Synchronous Emulation"',
        Category.FREEDOM_FROM_INTERFERENCE,
        "A SafeVM runs a VirtIO frontend with non-blocking VirtIO only.",
        "No backend can keep a vCPU of a SafeVM blocked.",
        _NOT_KNOWN,
        Names.DOMAINS,
        _safe_frontend_that_blocks,
    ),
)
"""The rules that reject a platform, in the order of the document."""

ADVICE = (
    Rule(
        "safevm_definition",
        _SAFETY,
        Category.ADVICE,
        "A SafeVM runs a safety-critical task.",
        "Nothing but the word: a domain without such a task is protected as if it had one.",
        _NOT_KNOWN,
        Names.DOMAINS,
        _safe_vm_without_a_safety_task,
    ),
    Rule(
        "ffi_virtio_unsafe_only",
        'VirtIO, "FFI: Shared Memory and Interrupts"',
        Category.ADVICE,
        "VirtIO frontends and backends run in UnsafeVMs only.",
        "No SafeVM depends on a virtqueue that another domain can spoil.",
        _NOT_KNOWN,
        Names.DOMAINS,
        _safe_vm_on_a_virtqueue,
    ),
)
"""What the document recommends or defines without a demand: reported, never rejected."""

ASSUMPTIONS_OF_USE = (
    Rule(
        "aou_dev",
        "assumption of use",
        Category.ASSUMPTION,
        "No device of platform reach (reset, clock, power) is in an UnsafeVM.",
        "No UnsafeVM stops or misclocks the platform through a device.",
        "no: Xen does not know what a device reaches",
        Names.DEVICES,
        _platform_device_in_an_unsafe_vm,
    ),
    Rule(
        "aou_iommu",
        "assumption of use",
        Category.ASSUMPTION,
        "Every DMA-capable device of an UnsafeVM is behind an IOMMU.",
        "No UnsafeVM writes memory of others by DMA.",
        "no: a direct-mapped Hardware Domain without an IOMMU is started (D2), and passthrough without one can be forced",
        Names.DEVICES,
        _dma_without_iommu_in_an_unsafe_vm,
    ),
)
"""The assumptions of use that a platform's description can break."""

NOT_READ_OFF_A_PLATFORM = (
    (
        "aou_sched",
        "The scheduler gives each SafeVM its budget.  The description of a platform has no vCPUs, no CPU pools and no scheduler, "
        "so that nothing here can tell whether it holds.",
    ),
)
"""Assumptions of use, name and words, that no function here can check: whoever builds the platform has to."""


def rule(name: str) -> Rule:
    """The rule, advice or assumption of that name.

    :raises KeyError: there is none.
    """
    for one in (*RULES, *ADVICE, *ASSUMPTIONS_OF_USE):
        if one.name == name:
            return one
    raise KeyError(name)


def broken_rules(platform: Platform) -> tuple[str, ...]:
    """The names of the rules that a platform breaks, in the order of the document.  A platform without any is accepted."""
    return tuple(one.name for one in RULES if one.broken_by(platform))


def advice(platform: Platform) -> tuple[str, ...]:
    """The names of the advice that a platform does not follow.  It is not rejected for it."""
    return tuple(one.name for one in ADVICE if one.broken_by(platform))


def broken_assumptions(platform: Platform) -> tuple[str, ...]:
    """The names of the assumptions of use that a platform breaks, among those that can be read off it."""
    return tuple(one.name for one in ASSUMPTIONS_OF_USE if one.broken_by(platform))


def holders_of_full_privileges(platform: Platform) -> frozenset[str]:
    """The domains with full privileges (Privileges, "Full Privileges"): those that the document's decision denies nothing.

    Every operation of the catalogue is put to the decision, towards the platform and towards another domain where there is one;
    that a domain is called a Control Domain counts for nothing.
    """
    return frozenset(
        domain.name for position, domain in enumerate(platform.domains) if _denied_nothing(platform, position)
    )


def _denied_nothing(platform: Platform, subject: int) -> bool:
    others = [position for position in range(len(platform.domains)) if position != subject]
    for operation in catalogue().operations:
        if not operation.is_service:
            continue
        targets = [subject] if operation.target is TargetParameter.NONE else others[:1]
        for target in targets:
            asked = relation(platform, subject, target, operation, SPECIFICATION)
            if not SPECIFICATION.decide(operation, asked).allowed:
                return False
    return True
