"""The checks of a configuration for Xen as it is, beside the rules of the document: C1 to C10.

C1, C2, C4 and C5 are rules of the document seen from Xen; their answer is that of the rule.  The others are about what Xen does
or cannot do.

Source: fact sheet 7.7, and the facts that each check names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sphinx_xenfusa.assessment.completions import is_virtio
from sphinx_xenfusa.assessment.judgement import Asked, Breach, Judged, Judgement, judgement_of
from sphinx_xenfusa.model.vocabulary import Criticality, Protocol
from sphinx_xenfusa.platforms.configuration import Configuration, ConfiguredDomain, ConfiguredLink, Setting, Where

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
    for link in _backends_without_control(configuration):
        ends = (link.backend, link.frontend)
        if any(one.is_control for one in configuration.domains if one.name in ends):
            continue
        applies = True
        breaches += _breach(f"the link from {link.backend} to {link.frontend}", link.where, silo)
    says = (
        "Under SILO no VirtIO link is between two domains without control: grants and event channels are refused (D8)."
    )
    why = "no VirtIO link is between two domains without control"
    if silo.holds is False:
        applies, why = False, f"the policy is {configuration.policy.value}"
    return _judged("C6", says, "xen/xsm/silo.c:29-34 (fact sheet 2.9)", breaches, applies, why)


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
            breaches.append(Breach(backend, links[1].where if len(links) > 1 else links[0].where, asked))
    says = (
        "A backend without control serves one frontend at most without grants or with blocking requests: the target relation is "
        "held over one domain (D7)."
    )
    source = "xen/common/domctl.c:490-512 (fact sheet 2.7)"
    return _judged("C7", says, source, breaches, applies, "no VirtIO backend is without control")


def _needs_target(link: ConfiguredLink) -> Fact:
    """Whether a link needs a privilege over the frontend: foreign mapping without grants, device model operations if it blocks.

    Over one domain it is held by the target relation.
    """
    what = f"of the link from {link.backend} to {link.frontend}"
    return fact(f"grants {what}", link.grants, False) | fact(f"nonblocking {what}", link.nonblocking, False)


def _dma(configuration: Configuration) -> Judged:
    breaches = [Breach(one.name, one.forced) for one in configuration.devices if one.forced is not None]
    mapped = configuration.direct_mapped_hardware
    without = fact("direct mapping of the Hardware Domain", mapped, True) & fact("iommu", configuration.iommu, False)
    hardware = [one for one in configuration.domains if one.is_hardware]
    for one in hardware:
        breaches += _breach(one.name, mapped.where, without)
    says = "No device is assigned without an IOMMU, and no direct-mapped Hardware Domain runs without one."
    source = "xen/common/device-tree/dom0less-bindings.c:94-96 (fact sheet 2.8, 7.1)"
    applies = bool(hardware or configuration.devices)
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
    says = "Xen starts the configuration: no unknown capability, no second Hardware Domain, nothing that it needs is missing."
    return _judged(
        "C10", says, "xen/common/device-tree/dom0less-bindings.c:14-145 (fact sheet 7.1)", breaches, True, ""
    )
