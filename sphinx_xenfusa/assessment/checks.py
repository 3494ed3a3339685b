"""The checks of a configuration for Xen as it is, beside the rules of the document: C1 to C16.

C1, C2, C4 and C5 are rules of the document seen from Xen; their answer is that of the rule.  The others are about what Xen does
or cannot do.  C1 to C10 are those of the fact sheet, 7.7; the rest say of its other facts where a configuration runs into them.

Source: fact sheet 7.7, and the facts that each check names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sphinx_xenfusa.assessment.completions import is_virtio
from sphinx_xenfusa.assessment.flask import asked_of_policy
from sphinx_xenfusa.assessment.judgement import Asked, Breach, Judged, Judgement, judgement_of
from sphinx_xenfusa.model.vocabulary import Architecture, Criticality, Protocol
from sphinx_xenfusa.platforms.configuration import (
    ChannelKind,
    Configuration,
    ConfiguredDomain,
    ConfiguredLink,
    Setting,
    Where,
)

CATEGORY = "check for Xen"
UNNAMED = "which VirtIO links there are"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that holds, does not hold, or depends on what is not said."""

    holds: bool | None
    asked: tuple[Asked, ...] = ()

    def __and__(self, other: Fact) -> Fact:
        if self.holds is False or other.holds is False:
            return Fact(False)
        if self.holds and other.holds:
            return Fact(True)
        return Fact(None, tuple(dict.fromkeys((*self.asked, *other.asked))))

    def __or__(self, other: Fact) -> Fact:
        if self.holds or other.holds:
            return Fact(True)
        if self.holds is False and other.holds is False:
            return Fact(False)
        return Fact(None, tuple(dict.fromkeys((*self.asked, *other.asked))))


def fact(what: str, setting: Setting[object], value: object) -> Fact:
    """Whether a setting has a value."""
    if not setting.known:
        return Fact(None, (Asked(what, setting.where, setting.source),))
    return Fact(setting.value == value)


def _is(domain: ConfiguredDomain, criticality: Criticality) -> Fact:
    return fact(f"criticality of {domain.name}", domain.criticality, criticality)


def _any(facts: Iterator[Fact]) -> Fact:
    found = Fact(False)
    for one in facts:
        found = found | one
    return found


def judge_checks(configuration: Configuration, rules: Mapping[str, Judged]) -> Iterator[Judged]:
    """All checks in their order.

    :param rules: what the rules came to, by name.
    """
    yield _as_rule("C1", "At most one domain holds the control capability (D3).", rules["ctrldom_single"])
    yield _as_rule("C2", "The Control Domain is a SafeVM.", rules["ctrldom_is_safe"])
    yield _hardware_beside_safe(configuration)
    yield _as_rule(
        "C4", "A SafeVM has VirtIO frontends with grants only (libxl: grant_usage).", rules["mem_frontend_unsafe"]
    )
    yield _as_rule(
        "C5", "A SafeVM has no VirtIO frontend that blocks (all of upstream Xen's do).", rules["sync_frontend_unsafe"]
    )
    yield _silo(configuration)
    yield _one_target(configuration)
    yield _dma(configuration)
    yield _shared_memory(configuration)
    yield _refused(configuration)
    yield _nobody_sets_the_target(configuration)
    yield _too_many_backends(configuration)
    yield _not_upstream(configuration)
    yield _argo(configuration)
    yield _flask(configuration)
    yield _split_on_x86(configuration)


def _as_rule(id: str, says: str, rule: Judged) -> Judged:
    return Judged(id, CATEGORY, says, "fact sheet 7.7", rule.judgement, rule.breaches, f"the rule {rule.id}")


def _judged(
    id: str,
    says: str,
    source: str,
    breaches: list[Breach],
    applies: bool,
    why: str,
    certain: Judgement = Judgement.BROKEN,
) -> Judged:
    found = tuple(sorted(breaches, key=lambda one: bool(one.asked)))
    judgement = judgement_of(found, certain) if applies else Judgement.NOT_APPLICABLE
    return Judged(id, CATEGORY, says, source, judgement, found, "" if applies else why)


def _breach(name: str, where: Where, found: Fact) -> list[Breach]:
    return [] if found.holds is False else [Breach(name, where, found.asked)]


def _hardware_beside_safe(configuration: Configuration) -> Judged:
    breaches: list[Breach] = []
    hardware = [one for one in configuration.domains if one.is_hardware]
    for one in hardware:
        others = (_is(other, Criticality.SAFE) for other in configuration.domains if other is not one)
        breaches += _breach(one.name, one.where, _is(one, Criticality.UNSAFE) & _any(others))
    says = (
        "No unsafe Hardware Domain beside a SafeVM: its shutdown or crash stops the platform (D1), its firmware calls and DMA "
        "reach it (D2)."
    )
    source = "xen/common/domain.c:1396, shutdown.c:33-68 (fact sheet 2.8)"
    return _judged(
        "C3", says, source, breaches, bool(hardware), "there is no Hardware Domain", Judgement.ADVISED_AGAINST
    )


def _backends_without_control(configuration: Configuration) -> Iterator[ConfiguredLink]:
    control = {one.name for one in configuration.domains if one.is_control}
    return (one for one in configuration.links if is_virtio(one) and one.backend not in control)


def _unnamed_links(configuration: Configuration) -> list[Breach]:
    """What VirtIO links that nobody names would break; nothing once it is said that all are named."""
    complete = configuration.virtio_complete
    if complete.known:
        return []
    return [Breach("a link that is not named", complete.where, (Asked(UNNAMED, complete.where, complete.source),))]


def _silo(configuration: Configuration) -> Judged:
    silo = fact("the policy of the Xen that runs it", configuration.policy, "silo")
    breaches = [] if silo.holds is False else _unnamed_links(configuration)
    applies = bool(breaches)
    control = {one.name for one in configuration.domains if one.is_control}
    for words, ends, where in _by_consent(configuration):
        if control.isdisjoint(ends):
            applies = True
            breaches += _breach(f"{words} from {ends[0]} to {ends[1]}", where, silo)
    says = (
        "Under SILO nothing that needs grants, event channels or Argo is between two domains without control: all three are "
        "refused, and with them VirtIO, paravirtual devices and device emulation (D8)."
    )
    why = "no link or paravirtual device is between two domains without control"
    if silo.holds is False:
        applies, why = False, f"the policy is {configuration.policy.value}"
    return _judged("C6", says, "xen/xsm/silo.c:29-34 (fact sheet 2.9)", breaches, applies, why)


def _by_consent(configuration: Configuration) -> Iterator[tuple[str, tuple[str, str], Where]]:
    """What two domains do by grants, event channels or Argo while the platform runs; SILO does not see what is set up at boot."""
    for link in configuration.links:
        if link.protocol is not Protocol.STATIC_SHARED_MEMORY:
            yield "the link", (link.backend, link.frontend), link.where
    for one in configuration.channels:
        if one.kind is ChannelKind.PARAVIRTUAL:
            yield one.words, (one.backend, one.frontend), one.where


def _one_target(configuration: Configuration) -> Judged:
    by_backend: dict[str, list[ConfiguredLink]] = {}
    for link in _backends_without_control(configuration):
        by_backend.setdefault(link.backend, []).append(link)
    breaches = _unnamed_links(configuration)
    applies = bool(by_backend or breaches)
    for backend, links in by_backend.items():
        needy = [_needs_target(one) for one in {link.frontend: link for link in links}.values()]
        certain, possible = sum(one.holds is True for one in needy), sum(one.holds is not False for one in needy)
        if possible > 1:
            asked = () if certain > 1 else tuple(one for fact_ in needy for one in fact_.asked)
            asked = (*asked, *_if_flask(configuration))
            breaches.append(Breach(backend, links[1].where if len(links) > 1 else links[0].where, asked))
    says = (
        "A backend without control serves one frontend at most without grants or with blocking requests: the target relation is "
        "held over one domain (D7)."
    )
    source = "xen/common/domctl.c:490-512 (fact sheet 2.7)"
    return _judged("C7", says, source, breaches, applies, "no VirtIO backend is without control")


def _if_flask(configuration: Configuration) -> tuple[Asked, ...]:
    """What a FLASK policy may give without the target relation."""
    return (asked_of_policy(configuration),) if configuration.policy.value == "flask" else ()


def _needs_target(link: ConfiguredLink) -> Fact:
    """Whether a link needs a privilege over the frontend: foreign mapping without grants, device model operations if it blocks.

    Over one domain it is held by the target relation.
    """
    what = f"of the link from {link.backend} to {link.frontend}"
    return fact(f"grants {what}", link.grants, False) | fact(f"nonblocking {what}", link.nonblocking, False)


def _dma(configuration: Configuration) -> Judged:
    breaches = [Breach(one.name, one.forced) for one in configuration.devices if one.forced is not None]
    for one in configuration.unlisted:
        if one.assigned:
            asked = Asked(f"whether a device of {one.domain} is forced past the IOMMU", one.where, one.how)
            breaches.append(Breach(one.domain, one.where, (asked,)))
    mapped = configuration.direct_mapped_hardware
    without = fact("direct mapping of the Hardware Domain", mapped, True) & fact("iommu", configuration.iommu, False)
    hardware = [one for one in configuration.domains if one.is_hardware]
    for domain in hardware:
        breaches += _breach(domain.name, mapped.where, without)
    says = "No device is forced past the IOMMU, and no direct-mapped Hardware Domain runs without one."
    source = "xen/common/device-tree/dom0less-bindings.c:94-96 (fact sheet 2.8, 7.1)"
    applies = bool(hardware or configuration.devices or breaches)
    return _judged("C8", says, source, breaches, applies, "there is neither a Hardware Domain nor a device")


def _shared_memory(configuration: Configuration) -> Judged:
    domains = {one.name: one for one in configuration.domains}
    shared = [one for one in configuration.links if one.protocol is Protocol.STATIC_SHARED_MEMORY]
    breaches: list[Breach] = []
    for link in shared:
        ends = domains[link.backend], domains[link.frontend]
        one, other = ends
        mixed = (_is(one, Criticality.SAFE) & _is(other, Criticality.UNSAFE)) | (
            _is(one, Criticality.UNSAFE) & _is(other, Criticality.SAFE)
        )
        breaches += _breach(f"{link.backend} and {link.frontend}", link.where, mixed)
    says = "No memory is shared between a SafeVM and an UnsafeVM: a borrower may always write it (D14)."
    source = "static-shmem.c:248-256 (fact sheet 6)"
    return _judged(
        "C9", says, source, breaches, bool(shared), "there is no static shared memory", Judgement.ADVISED_AGAINST
    )


def _refused(configuration: Configuration) -> Judged:
    breaches = [Breach(one.found, one.where) for one in configuration.refusals]
    hardware = {one.name for one in configuration.domains if one.is_hardware}
    for device in configuration.devices:
        if (
            device.name.startswith("/")
            and device.forced is None
            and not hardware.issuperset(device.assigned_to.value or ())
        ):
            # A node of a device tree.  Where its assignment is forced, that is C8's.
            words = f"the assignment of {device.name}, which no IOMMU guards and nothing forces"
            guarded = fact(f"behind iommu of the device {device.name}", device.behind_iommu, False)
            breaches += _breach(words, device.where, guarded)
    says = (
        "Xen starts the configuration: no unknown capability, no second Hardware Domain, no node of a device tree assigned "
        "without an IOMMU, nothing that it needs is missing."
    )
    source = (
        "xen/common/device-tree/dom0less-bindings.c:14-145 (fact sheet 7.1), docs/misc/arm/device-tree/passthrough.txt"
    )
    return _judged("C10", says, source, breaches, True, "")


def _nobody_sets_the_target(configuration: Configuration) -> Judged:
    """Only a Control Domain sets a target (``XEN_DOMCTL_set_target``); no property of a device tree does."""
    needy = [(one, _needs_target(one)) for one in _backends_without_control(configuration)]
    possible = [(link, needs) for link, needs in needy if needs.holds is not False]
    breaches: list[Breach] = []
    if not any(one.is_control for one in configuration.domains):
        for link, needs in possible:
            words = f"the link from {link.backend} to {link.frontend}"
            breaches.append(Breach(words, link.where, (*needs.asked, *_if_flask(configuration))))
    says = (
        "A backend without control that maps its frontend or emulates devices for it has a Control Domain that makes the "
        "frontend its target: nothing at boot does."
    )
    source = "xen/common/domctl.c:490-512 (fact sheet 2.1, 2.7)"
    return _judged("C11", says, source, breaches, bool(possible), "no backend without control needs a target")


_MOST_SERVERS = 8


def _too_many_backends(configuration: Configuration) -> Judged:
    """Each domain that emulates for another has an ioreq server of its own, and there are eight for each frontend."""
    emulating: dict[str, dict[str, tuple[Fact, Where]]] = {}
    for link in configuration.links:
        if is_virtio(link):
            blocks = fact(f"nonblocking of the link from {link.backend} to {link.frontend}", link.nonblocking, False)
            by_backend = emulating.setdefault(link.frontend, {})
            before = by_backend.get(link.backend)
            by_backend[link.backend] = (blocks | before[0] if before else blocks, link.where)
    breaches: list[Breach] = []
    for frontend, backends in emulating.items():
        possible = [(one, where) for one, where in backends.values() if one.holds is not False]
        if len(possible) > _MOST_SERVERS:
            certain = sum(one.holds is True for one, _ in possible)
            asked = () if certain > _MOST_SERVERS else tuple(it for one, _ in possible for it in one.asked)
            breaches.append(Breach(frontend, possible[_MOST_SERVERS][1], asked))
    says = f"No domain has more than {_MOST_SERVERS} backends that emulate its devices: Xen has so many ioreq servers for it."
    return _judged(
        "C12", says, "xen/common/ioreq.c (fact sheet 5)", breaches, bool(emulating), "there is no VirtIO link"
    )


def _not_upstream(configuration: Configuration) -> Judged:
    breaches = [
        Breach(f"the link from {one.backend} to {one.frontend}", one.nonblocking.where)
        for one in configuration.links
        if is_virtio(one) and one.nonblocking.value
    ]
    says = (
        "No link relies on non-blocking VirtIO: upstream Xen has none, so that the Xen has to be one that has it (D12)."
    )
    source = "fact sheet 5, 2.11"
    applies = any(is_virtio(one) for one in configuration.links)
    return _judged("C13", says, source, breaches, applies, "there is no VirtIO link", Judgement.ADVISED_AGAINST)


def _argo(configuration: Configuration) -> Judged:
    links = [one for one in configuration.links if one.protocol is Protocol.ARGO]
    said = configuration.option("argo")
    on = said is not None and not {"no", "off", "false", "disable", "0"} & set(said.split(","))
    asked = Asked(
        "Xen's command line", configuration.policy.where, "give it with --boot-line: Argo works with argo=1 only"
    )
    needed = () if configuration.has_boot_line else (asked,)
    breaches = (
        [] if on else [Breach(f"the link from {one.backend} to {one.frontend}", one.where, needed) for one in links]
    )
    says = "Argo is switched on where a link uses it (argo=1): without, each of its operations fails with EOPNOTSUPP."
    return _judged("C14", says, "xen/common/argo.c (fact sheet 6)", breaches, bool(links), "there is no Argo link")


def _flask(configuration: Configuration) -> Judged:
    """With FLASK the policy decides; in a mode in which it denies nothing it decides nothing."""
    says = "A FLASK policy is enforced, and has been reviewed: it decides what the checks of other policies are about."
    source = "docs/misc/xsm-flask.txt, docs/misc/xen-command-line.pandoc (flask)"
    if configuration.policy.value != "flask":
        return _judged("C15", says, source, [], False, "the policy is not flask")
    mode = configuration.option("flask")
    where = configuration.policy.where
    if mode in ("permissive", "late"):
        breaches = [Breach(f"flask={mode}, which denies nothing", where)]
    else:
        breaches = [Breach("the policy", where, (asked_of_policy(configuration),))]
    return _judged("C15", says, source, breaches, True, "")


def _split_on_x86(configuration: Configuration) -> Judged:
    x86 = configuration.architecture.value is Architecture.X86
    hardware = [one for one in configuration.domains if one.is_hardware]
    breaches = [Breach(one.name, one.capabilities.where) for one in hardware if not one.is_control] if x86 else []
    says = "On x86 the Hardware Domain holds control: to set up PCI devices and interrupts takes both (D6)."
    source = "xen/arch/x86/hvm/hypercall.c:85-93 (fact sheet 2.8)"
    why = "there is no Hardware Domain" if x86 else "the platform is not x86"
    return _judged("C16", says, source, breaches, x86 and bool(hardware), why)
