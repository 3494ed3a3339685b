"""Claims of the chapter "VirtIO" that are about rules and whole platforms: where backends run, and what links restrict.

Source: the roles document, "VirtIO"; the project's table of statements.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from sphinx_xenfusa.claims.attempts import Behaviour, arranged, attempt, tell
from sphinx_xenfusa.claims.composition import first_adversaries, harmed, looks
from sphinx_xenfusa.claims.link_claims import VIRTIO_FAMILIES, serve
from sphinx_xenfusa.claims.rule_theorems import OnPaper, counted, described_devices
from sphinx_xenfusa.claims.scopes import (
    MOST_LINKS,
    SMALL,
    Edge,
    Shape,
    platforms_with_links,
    shapes,
)
from sphinx_xenfusa.claims.theorems import Classes, Sight, Theorem, described_trace
from sphinx_xenfusa.explore.claim import Budget, Claim, Search
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import Scope
from sphinx_xenfusa.model.devices import default_owners, owners
from sphinx_xenfusa.model.platform import Device, Domain, Platform, safe_vms
from sphinx_xenfusa.model.rules import RULES, advice, broken_rules, rule
from sphinx_xenfusa.model.vocabulary import Capability, DeviceKind

VIRTIO_RULES = ("backend_placement", "mem_frontend_unsafe", "sync_frontend_unsafe")
"""The rules about VirtIO."""
_DOMAINS = 3
"""Where a third domain can hold the device, and no fourth says more."""


# --- where a backend runs -------------------------------------------------------------------------------------------


def placements(most: int) -> Iterator[Platform]:
    """Platforms with one VirtIO link, and its device in every right and wrong place."""
    for shape in shapes(most, 1):
        if shape.edges and shape.edges[0][2:] == (False, False):
            yield from _placed(shape)


def _placed(shape: Shape) -> Iterator[Platform]:
    linked = shape.platform()
    (link,) = linked.links
    holders = [(), *((one.name,) for one in linked.domains)]
    for kind, assigned in itertools.product((DeviceKind.PERIPHERAL, DeviceKind.TIMER), holders):
        device = Device("device", assigned, kind=kind)
        yield replace(linked, devices=(device,), links=(replace(link, device="device"),))
        yield replace(linked, devices=(device,), links=(replace(link, device=None),))
    yield replace(linked, devices=(), links=(replace(link, device=None),))


def reaches_a_device(platform: Platform) -> bool:
    """Whether the backend of the platform's only link has direct access to what it serves, by the document.

    A link that names no device is served by any that the backend has: by passthrough, or because it is the default owner.
    """
    (link,) = platform.links
    had = [one for one in platform.devices if link.backend in owners(platform, one, frozenset())]
    if link.device is not None:
        return any(one.name == link.device for one in had)
    return link.backend in default_owners(platform) or any(one.assigned_to for one in had)


@dataclass(frozen=True)
class BackendPlacement(OnPaper):
    """Rejected exactly where no request can reach a device."""

    @property
    def scope(self) -> Scope:
        """One link, with its device anywhere."""
        words = (
            f"all platforms of 2 to {_DOMAINS} domains (capabilities × criticality) with one VirtIO link, and its device, a "
            f"peripheral or a timer, assigned to nobody or to one of them, named by the link or not, or no device; {self.words}"
        )
        return counted(words, sum(1 for _ in placements(_DOMAINS)))

    def search(self, model: None, budget: Budget, *, small: bool) -> Search:
        """The rule against who may access the device."""
        found = Search()
        placement = rule("backend_placement")
        for platform in placements(SMALL if small else _DOMAINS):
            found.cases += 1
            (link,) = platform.links
            rejected = placement.broken_by(platform)
            reached = reaches_a_device(platform)
            if rejected != (() if reached else (link.backend,)):
                word = "rejected" if rejected else "accepted"
                title = f"a platform is {word} although its backend reaches {'a' if reached else 'no'} device"
                found.counterexample = described_devices(platform, title)
                return found
            if rejected:
                found.relevant += 1
                title = "a platform that is rejected: its backend reaches no device, and so no request does"
                found.witness = found.witness or described_devices(platform, title)
            budget.spend(1)
        return found


# --- what links restrict --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LinksRestrict(OnPaper):
    """Each rule about VirtIO rejects some platform for one link only, and no link makes a rejected platform acceptable."""

    @property
    def scope(self) -> Scope:
        """As for the placement of backends, with every choice of extensions."""
        words = (
            f"all platforms of 2 to {_DOMAINS} domains (capabilities × criticality) with one VirtIO link of each kind, with its "
            f"device or without any, each beside the same platform without the link; {self.words}"
        )
        return counted(words, sum(1 for _ in self._pairs(_DOMAINS)))

    def _pairs(self, most: int) -> Iterator[tuple[Platform, Platform]]:
        """Each platform without its link, and with it."""
        for shape in shapes(most, 1):
            if shape.edges:
                linked = shape.platform()
                for one in (
                    linked,
                    replace(linked, devices=(), links=tuple(replace(x, device=None) for x in linked.links)),
                ):
                    yield replace(one, links=()), one

    def search(self, model: None, budget: Budget, *, small: bool) -> Search:
        """The rules on both."""
        found = Search()
        shown: dict[str, Trace] = {}
        for bare, linked in self._pairs(SMALL if small else _DOMAINS):
            found.cases += 1
            before, after = set(broken_rules(bare)), set(broken_rules(linked))
            if before - after or not after - before <= set(VIRTIO_RULES):
                title = "a link lets a platform be accepted that is rejected without it, or breaks a rule that is not about links"
                found.counterexample = described_devices(linked, title)
                return found
            if not before and len(after) == 1:
                found.relevant += 1
                name = after.pop()
                title = f"accepted without the link, and rejected by {name} with it"
                shown.setdefault(name, described_devices(linked, title))
            budget.spend(1)
        for name in VIRTIO_RULES:
            if name not in shown:
                found.counterexample = Trace(f"{name} rejects no platform for its link", (), ())
                return found
        found.witness = shown[VIRTIO_RULES[1]]
        return found


@dataclass(frozen=True)
class AdviceGiven(OnPaper):
    """The advice is given for exactly the platforms on which a SafeVM is at an end of a VirtIO link."""

    @property
    def scope(self) -> Scope:
        """Three domains and two links: no rule looks at more than one link."""
        words = (
            f"all platforms of 1 to {_DOMAINS} domains (capabilities × criticality) with at most {MOST_LINKS} VirtIO links, each "
            f"with or without grants and with or without non-blocking registers; {self.words}"
        )
        return counted(words, sum(1 for _ in shapes(_DOMAINS)))

    def search(self, model: None, budget: Budget, *, small: bool) -> Search:
        """The advice against the ends of the links; it rejects nothing."""
        found = Search()
        for platform in platforms_with_links(SMALL, 1) if small else platforms_with_links(_DOMAINS):
            found.cases += 1
            ends = {end for link in platform.links for end in (link.backend, link.frontend)}
            safe = tuple(one.name for one in platform.domains if one.name in ends & safe_vms(platform))
            if rule(self.id).broken_by(platform) != safe or (self.id in advice(platform)) is not bool(safe):
                title = f"the advice names {', '.join(rule(self.id).broken_by(platform)) or 'nobody'}"
                found.counterexample = described_devices(platform, title)
                return found
            if safe:
                found.relevant += 1
                title = f"the advice is given: {safe[0]} is a SafeVM at an end of a VirtIO link"
                found.witness = found.witness or described_devices(platform, title)
            budget.spend(1)
        if any(one.name == self.id for one in RULES):
            found.counterexample = Trace("the advice rejects platforms", (), ())
        return found


# --- the Hardware Domain and a Driver Domain ------------------------------------------------------------------------


@dataclass(frozen=True)
class SameLimits(Theorem):
    """No verdict about VirtIO changes when a backend moves from the Hardware Domain to a Driver Domain.

    Verdicts are: which rules about VirtIO are broken, whether a request completes on each link, and which of the two families of
    operations the backend may issue towards everybody.
    """

    def named(self, classes: Classes) -> None:
        """Nothing is counted beside the cases."""

    def look(self, sight: Sight, found: Search, classes: Classes) -> None:
        """Each backend in a domain with the hardware capability alone."""
        for at in sorted({edge[0] for edge in sight.shape.edges}):
            if sight.shape.kinds[at].capabilities == _HARDWARE and found.counterexample is None:
                self._move(sight, at, found)

    def _move(self, sight: Sight, at: int, found: Search) -> None:
        kinds = list(sight.shape.kinds)
        kinds[at] = _as_domu(kinds[at])
        moved = Shape(tuple(kinds), sight.shape.edges)
        found.relevant += 1
        served = [edge for edge in sight.shape.edges if edge[0] == at]
        for edge in served:
            before, after = (sight.rules.broken_by_link(one, edge) & set(VIRTIO_RULES) for one in (sight.shape, moved))
            if before != after:
                title = f"moved to a Driver Domain, the backend breaks {', '.join(sorted(after)) or 'nothing'}"
                found.counterexample = described_trace(sight.shape, title)
                return
            if sight.composition.operates(sight.shape, edge) is not sight.composition.operates(moved, edge):
                found.counterexample = _completes_there_only(sight, moved, edge)
                return
            if found.witness is None and sight.composition.operates(moved, edge):
                platform = moved.platform()
                made, _ = serve(sight.model, platform, platform.links[moved.edges.index(edge)])
                title = "a request completes with the backend in a Driver Domain, as it does in the Hardware Domain"
                found.witness = tell(title, platform, (), made)
        for target in range(len(kinds)):
            # What looks as before is decided as before.
            look = looks(sight.shape, at, target), looks(moved, at, target)
            if target != at and look not in sight.known:
                sight.known.add(look)
                found.counterexample = found.counterexample or _unlike_families(sight, moved, (at, target))


@functools.cache
def _as_domu(kind: Domain) -> Domain:
    return replace(kind, capabilities=frozenset())


_HARDWARE = frozenset({Capability.HARDWARE})


def _completes_there_only(sight: Sight, moved: Shape, edge: Edge) -> Trace:
    """The request that completes in one place and not in the other: it ends with the call that fails."""
    number = sight.shape.edges.index(edge)
    for shape, where in ((moved, "a Driver Domain"), (sight.shape, "the Hardware Domain")):
        platform = shape.platform()
        made, completes = serve(sight.model, platform, platform.links[number])
        if not completes:
            return tell(
                f"no request completes with the backend in {where}, and one does in the other", platform, (), made
            )
    raise AssertionError("asked for a link that operates in both places")


def _unlike_families(sight: Sight, moved: Shape, pair: tuple[int, int]) -> Trace | None:
    here, there = (_of_families(sight, shape, pair) for shape in (sight.shape, moved))
    for behaviour, allowed in here.items():
        if there[behaviour] is not allowed:
            operation = behaviour.operation
            shape, word = (sight.shape, "the Hardware Domain") if allowed else (moved, "a Driver Domain")
            situation = arranged(shape.platform(), pair)
            made = attempt(sight.model, situation.platform, situation.start, pair, operation, operation.arguments[0])
            return tell(f"{operation.name} is allowed to the backend in {word} only", situation.platform, (), [made])
    return None


def _of_families(sight: Sight, shape: Shape, pair: tuple[int, int]) -> dict[Behaviour, bool]:
    return {
        behaviour: decision.allowed
        for behaviour, decision in sight.composition.decided(shape, *pair)
        if behaviour.operation.family in VIRTIO_FAMILIES
    }


# --- links between UnsafeVMs only -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class IsolatedSafeVMs(Theorem):
    """Where both ends of every link are UnsafeVMs, the links add nothing to what an adversary can do to a SafeVM.

    What is left over of a link (its residue) is done to an end of it, and so to an UnsafeVM.
    """

    small_domains: ClassVar[int] = _DOMAINS

    def named(self, classes: Classes) -> None:
        """Nothing is counted beside the cases."""

    def look(self, sight: Sight, found: Search, classes: Classes) -> None:
        """Each such platform with a SafeVM, beside the same platform without links."""
        shape, composition = sight.shape, sight.composition
        ends = {at for edge in shape.edges for at in edge[:2]}
        unsafe = first_adversaries(shape)
        victims = harmed(shape, unsafe)
        if not ends or not ends <= unsafe or not victims or not composition.starts(shape):
            return
        found.relevant += 1
        bare = Shape(shape.kinds, ())
        for subject in sorted(unsafe):
            for _, target, harm in composition.by_one(shape, subject, victims):
                without = composition.harm(bare, subject, target)
                if harm & ~without:
                    title = f"a link between UnsafeVMs lets one of them reach a SafeVM ({composition.kinds_of(harm & ~without)})"
                    found.counterexample = composition.told(shape, subject, target, harm & ~without, title)
                    return
        if found.witness is None:
            platform = shape.platform()
            made, _ = serve(sight.model, platform, platform.links[0])
            safe = platform.domains[min(victims)].name
            found.witness = tell(f"two UnsafeVMs use a link beside {safe}, a SafeVM", platform, (), made)


CLAIMS: tuple[Claim, ...] = (
    BackendPlacement(
        "backend_placement",
        "A platform is rejected when a backend runs in a domain that is neither the Hardware Domain nor holds a device by "
        "passthrough, and only there a backend reaches no device.",
        "the rule, and who may access the device",
    ),
    SameLimits(
        "driver_domain_same_limits",
        "No verdict about VirtIO changes when a backend moves from the Hardware Domain to a Driver Domain: not that of the "
        "rules, not whether a request completes, and not what of the two families of operations the backend may issue.",
        "each backend in a Hardware Domain without control, and the same backend in a DomU with the device",
    ),
    LinksRestrict(
        "virtio_limits_configuration",
        "For each rule about VirtIO some platform is accepted without a link and rejected, by this rule alone, once the link is "
        "added; and no link makes a rejected platform acceptable.",
        "the rules on both",
    ),
    AdviceGiven(
        "ffi_virtio_unsafe_only",
        "The advice is given for exactly those platforms on which a SafeVM runs a frontend or a backend, and rejects none.",
        "the advice, and the ends of the links",
    ),
    IsolatedSafeVMs(
        "ffi_safe_isolated",
        "Where frontends and backends run in UnsafeVMs only, the links add nothing to what any UnsafeVM can do to a SafeVM or "
        "to the platform.",
        "those with links between UnsafeVMs only and a SafeVM, each beside the same platform without links",
    ),
)
