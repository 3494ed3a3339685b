"""The claims about rings: each mechanism of interference, what hardening makes of it, and whose business it is.

The ring is that of :mod:`sphinx_xenfusa.model.ring`.  A mechanism is claimed in three parts: without hardening the harm is done;
the hardened ring meets the same situation; and no harm is done there.
"""

from __future__ import annotations

from dataclasses import dataclass

from sphinx_xenfusa.claims.rule_claims import RuleClaim
from sphinx_xenfusa.claims.rule_properties import Always, CanAlwaysStep, Property, Reachable, anything
from sphinx_xenfusa.explore.claim import Claim
from sphinx_xenfusa.explore.expressions import negation
from sphinx_xenfusa.explore.language import inlined
from sphinx_xenfusa.explore.program import Expr, Program
from sphinx_xenfusa.explore.rule_mutants import Sources
from sphinx_xenfusa.model.ring.mechanisms import (
    HOSTILE_DEVICE,
    HOSTILE_DRIVER,
    MECHANISMS,
    Found,
    Mechanism,
    Side,
    does,
)
from sphinx_xenfusa.model.ring.peers import ring
from sphinx_xenfusa.model.ring.state import Bounds, DeviceAt, DriverAt, Harm, Peer, Ring, harmed, overworked
from sphinx_xenfusa.model.ring.threats import THREATS

_SIZE = "A split virtqueue of two descriptors; indices modulo two to eight, lengths of none, one or too many bytes. "
_HAZARD = ("XenArch~ffi_virtqueue_interference~1",)


@inlined
def unharmed(s: Ring, c: Bounds) -> bool:
    """No harm was done, and no side worked on the ring for longer than it counts."""
    return not harmed(s, c) and not overworked(s, c)


@dataclass(frozen=True)
class Withstands(Always):
    """The situation ``when`` occurs, and ``holds`` does in every reachable state, not only there."""

    def tests(self, program: Program, sources: Sources) -> tuple[Expr, Expr]:
        """When it matters, and when it fails."""
        return self.test(self.when, sources), negation(self.test(self.holds, sources))


def answered(s: Ring, c: Bounds) -> bool:
    """The driver has taken a buffer back."""
    return s.last_used != 0 and s.driver == DriverAt.IDLE


def nobody_gave_up(s: Ring, c: Bounds) -> bool:
    """No harm was done, and both sides still use the queue."""
    return s.harm == Harm.NONE and s.driver != DriverAt.BROKEN and s.device != DeviceAt.BROKEN


def gave_up(s: Ring, c: Bounds) -> bool:
    """One side uses the queue no more."""
    return s.driver == DriverAt.BROKEN or s.device == DeviceAt.BROKEN


def harm_of(one: Found) -> Reachable:
    """Without hardening the harm is done."""
    return Reachable(
        ring(one.bounds),
        f"without hardening: {_victim(one.bounds)} {one.harm.value}",
        goal=does(one.harm),
        refuted=f"nothing brings {_victim(one.bounds)} so far that it {one.harm.value}",
    )


def _victim(bounds: Bounds) -> str:
    return "the driver" if bounds.driver is Peer.HONEST else "the device"


def _hardened(one: Found) -> Bounds:
    """All measures; but where pages with one writer would do, without them: else the situation is never met."""
    return one.bounds.hardened(*({"one_writer"} & {measure for measures in one.stopped_by for measure in measures}))


def _mechanism(one: Mechanism) -> RuleClaim:
    parts: list[Property] = []
    for found in one.found:
        victim = _victim(found.bounds)
        kept_away = ring(_hardened(found))
        parts += [
            harm_of(found),
            Withstands(
                kept_away,
                f"hardened: the situation in which {victim} {found.harm.value}, with its next step, if it is not hardened",
                THREATS[found.harm],
                unharmed,
                f"hardened, {victim} comes to harm",
            ),
        ]
    measures = " and ".join(words(found.stopped_by) for found in one.found)
    return RuleClaim(
        one.claim,
        f"{one.what} With {measures} the same peer does no harm.",
        f"{_SIZE}A {_peer(one)} {one.misbehaving.name.lower()}, first without any hardening, then with it.",
        tuple(parts),
        tags=_HAZARD,
    )


def _peer(one: Mechanism) -> str:
    bounds = one.found[0].bounds
    return (bounds.driver if one.misbehaving is Side.DRIVER else bounds.device).name.lower()


def words(stopped_by: tuple[tuple[str, ...], ...]) -> str:
    """The measures, as a reader sees them."""
    return " (or ".join(" and ".join(name.replace("_", " ") for name in names) for names in stopped_by) + (
        ")" * (len(stopped_by) - 1)
    )


def _is_safe(bounds: Bounds) -> tuple[Property, ...]:
    """The hardened side suffers nothing from an arbitrary peer, and can always go on."""
    hardened = ring(bounds.hardened())
    side = "device" if bounds.driver is Peer.HOSTILE else "driver"
    return (
        CanAlwaysStep(
            hardened,
            "the first state of the ring",
            when=anything,
            holds=unharmed,
            refuted=f"the hardened {side} comes to harm, works without bound, or stands still",
            names=(side,),
        ),
    )


def _possible() -> RuleClaim:
    honest = ring(Bounds().hardened())
    works: tuple[Property, ...] = (
        Reachable(honest, "between honest peers a buffer comes back", answered, "no buffer comes back"),
        Always(honest, "a buffer came back", answered, nobody_gave_up, "between honest peers one side gives up"),
    )
    safe = tuple(part for bounds in (*HOSTILE_DRIVER, *HOSTILE_DEVICE) for part in _is_safe(bounds))
    return RuleClaim(
        "ffi_rings_possible",
        "Whatever the peer writes, and whenever, the user of a hardened ring never reads or writes outside it, takes no entry "
        "twice, does a bounded amount of work before other work can go on, and never stands still. Between honest peers the "
        "hardened ring still does its work.",
        f"{_SIZE}One side hardened with all measures, the other writes any value to any field of its own pages, in every state; "
        "a few kinds of fields at a time, the index always.",
        (*works, *safe),
        # Mutants are told apart by the smallest searches of each direction.
        telling=(*works, *_is_safe(HOSTILE_DRIVER[0]), *_is_safe(HOSTILE_DEVICE[0])),
    )


def _both_ways() -> RuleClaim:
    return RuleClaim(
        "ffi_virtqueue_interference",
        "Through the virtqueue as it is specified, a frontend can interfere with its backend and a backend with its frontend. "
        "Each mechanism has a claim of its own.",
        f"{_SIZE}A hostile driver, then a hostile device, and nothing but what the standard asks of the other side.",
        tuple(harm_of(_first(side)) for side in Side),
    )


def _first(side: Side) -> Found:
    """The first harm in the catalogue that a side does."""
    return next(one for one in MECHANISMS if one.misbehaving is side).found[0]


def _domains() -> RuleClaim:
    """What Xen sees to is that nobody writes a page that is not shared with it for writing."""
    parts: list[Property] = []
    for side in Side:
        bounds = _first(side).bounds
        parts += [
            Reachable(
                ring(bounds.only("one_writer")),
                f"each side writes its own pages only, as Xen can see to, and a hostile {side.value} does harm",
                harmed,
                "Xen's checks alone keep all harm away",
            ),
            _by_domain(bounds.hardened("one_writer"), side),
        ]
    return RuleClaim(
        "ffi_ring_safety_is_domains",
        "With every check of Xen in place a hostile peer still interferes through an unhardened ring; a domain that checks for "
        "itself suffers nothing.",
        f"{_SIZE}Of Xen's checks what bears upon a ring: who may write which page.",
        tuple(parts),
    )


def _by_domain(bounds: Bounds, side: Side) -> Property:
    """Without Xen's check, and with all of the domain's own."""
    return Withstands(
        ring(bounds),
        f"the hardened side gives the queue up before a hostile {side.value} does harm",
        gave_up,
        unharmed,
        "a domain that checks for itself comes to harm",
    )


CLAIMS: tuple[Claim, ...] = (_possible(), _both_ways(), _domains(), *(_mechanism(one) for one in MECHANISMS))
"""The claims about rings."""
