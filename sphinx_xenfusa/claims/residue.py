"""What the theorems leave over, and what becomes of it: the residue on accepted platforms, and its closure.

The residue is what one end of an accepted link can still do to a SafeVM at the other: X, L, pinned grants, storms.  The closure
asks for the worst: whoever takes data from an adversary through a ring is taken over by it, and from then on does whatever an
adversary does.  A hardened driver is not taken over; which drivers are hardened no platform says.

By the document, whatever Xen does.  Source: the project's semantics, "SafeVM state and interference" and "Theorems".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sphinx_xenfusa.claims.composition import harmed, second_adversaries
from sphinx_xenfusa.claims.interference import Interference
from sphinx_xenfusa.claims.link_interference import LINK_EFFECTS, LinkEffect
from sphinx_xenfusa.claims.scopes import Edge, Shape
from sphinx_xenfusa.claims.theorems import Classes, Sight, Theorem, described_trace
from sphinx_xenfusa.explore.claim import Search
from sphinx_xenfusa.explore.trace import Change, Step, Trace
from sphinx_xenfusa.model.virtio_service import End
from sphinx_xenfusa.model.vocabulary import Capability

RESIDUE = tuple(one for one in LINK_EFFECTS if one.residue)
REACHED, SHARED, TAKEN, FULL = "residue", "shared backend", "taken over", "full privileges"


def reached_by(edge: Edge, effect: LinkEffect) -> tuple[int, int]:
    """Who does an effect on a link, and to whom."""
    backend, frontend = edge[:2]
    return (backend, frontend) if effect.misbehaving is End.BACKEND else (frontend, backend)


def taken_over(shape: Shape, adversaries: frozenset[int]) -> frozenset[int]:
    """The adversaries, and everybody who is taken over, link by link, until nobody is any more."""
    taken = set(adversaries)
    growing = True
    while growing:
        reached = {at for edge in shape.edges if taken & set(edge[:2]) for at in edge[:2]}
        growing = not reached <= taken
        taken |= reached
    return frozenset(taken)


def _waits_for_others(shape: Shape, adversaries: frozenset[int], victims: frozenset[int]) -> bool:
    """Whether a SafeVM shares a backend with an adversary: what a greedy frontend does to the backend, all its frontends feel."""
    return any(
        one[0] == other[0] and one[1] in adversaries and other[1] in victims
        for one in shape.edges
        for other in shape.edges
    )


@dataclass(frozen=True)
class Residue(Theorem):
    """Where the closure of the residue leads: beyond the ends of links exactly where it takes over the Control Domain."""

    small_domains: ClassVar[int] = 3

    @property
    def policies(self) -> tuple[str, ...]:
        """None: it is about the document."""
        return ()

    def named(self, classes: Classes) -> None:
        """The residue by its entries in the table of links, and the closure."""
        classes.name(REACHED, "accepted platforms on which some residue reaches a SafeVM")
        for effect in RESIDUE:
            kind = f"{effect.kind}, {effect.when}"
            classes.name(
                effect.name,
                f"of these, by this entry of the table of links ({kind}): the {effect.misbehaving} {effect.words}",
            )
        classes.name(
            SHARED, "of these, a SafeVM shares a backend with an adversary that is its other frontend (L, among three)"
        )
        classes.name(TAKEN, "of these, a SafeVM could be taken over if its end of the link is not hardened")
        classes.name(
            FULL, "of these, a Control Domain could be: the adversary then holds full privileges, and no SafeVM is safe"
        )

    def settles(self, bare: Sight, number: int, classes: Classes) -> bool:
        """No link makes a platform acceptable that is not without it."""
        return bool(bare.broken)

    def look(self, sight: Sight, found: Search, classes: Classes) -> None:
        """The residue on an accepted platform, and what follows when it is used."""
        shape = sight.shape
        adversaries = second_adversaries(shape)
        victims = harmed(shape, adversaries)
        if not shape.edges or not victims or sight.broken:
            return
        entries = {
            effect.name: edge
            for edge in shape.edges
            for effect in RESIDUE
            if effect.on(edge[2], edge[3])
            and reached_by(edge, effect)[0] in adversaries
            and reached_by(edge, effect)[1] in victims
        }
        if entries:
            classes.add(REACHED)
            for name in entries:
                classes.add(name)
        if _waits_for_others(shape, adversaries, victims):
            classes.add(SHARED)
        self._close(sight, adversaries, found, classes)

    def _close(self, sight: Sight, adversaries: frozenset[int], found: Search, classes: Classes) -> None:
        shape, composition = sight.shape, sight.composition
        taken = taken_over(shape, adversaries) - adversaries
        if not taken:
            return
        found.relevant += 1
        classes.add(TAKEN)
        control = {at for at in taken if Capability.CONTROL in shape.kinds[at].capabilities}
        others = harmed(shape, adversaries)
        harms = [
            (subject, target, harm)
            for subject in sorted(taken | adversaries)
            for _, target, harm in composition.by_one(shape, subject, others - {subject})
            if others - {subject}
        ]
        if bool(harms) is not any(others - {at} for at in control):
            reached = "another SafeVM" if harms else "no other SafeVM"
            title = f"the closure reaches {reached} {'with' if control else 'without'} a Control Domain"
            found.counterexample = described_trace(shape, title)
        if control:
            classes.add(FULL)
        if control and harms and found.witness is None:
            shown = next((one for one in harms if one[2] & composition.of_kind[Interference.TIME]), harms[0])
            classes.traces[FULL] = found.witness = _cascade(sight, *shown)


def _cascade(sight: Sight, subject: int, target: int, harm: int) -> Trace:
    """A SafeVM is taken over through its link, and harms another."""
    shape = sight.shape
    platform = shape.platform()
    others = taken_over(shape, second_adversaries(shape)) - {subject}
    edge = next(one for one in shape.edges if subject in one[:2] and others & set(one[:2]))
    effect = next(one for one in RESIDUE if one.on(edge[2], edge[3]) and reached_by(edge, one)[1] == subject)
    name, other = platform.domains[subject].name, platform.domains[reached_by(edge, effect)[0]].name
    through = Step(
        other,
        effect.name,
        (("link", f"{platform.domains[edge[0]].name} serves {platform.domains[edge[1]].name}"),),
        f"{effect.words} (residue)",
        (Change(f"{name}: behaviour", "follows the protocol", "does what the adversary wants"),),
        effect.source,
    )
    title = f"{name} is taken over through its ring, and {other} so gets full privileges"
    told = sight.composition.told(shape, subject, target, harm, title)
    return Trace(told.title, told.initial, (through, *told.steps))


CLAIMS = (
    Residue(
        "residue_closure",
        "On an accepted platform a SafeVM that is taken over through a link reaches another SafeVM with memory, time or control "
        "exactly if it, or one that it takes over in turn, is the Control Domain.",
        "the accepted ones with links, by the document; what the table of links leaves over, and the closure of being taken over",
    ),
)
