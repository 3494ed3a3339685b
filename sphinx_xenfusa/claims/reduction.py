"""The reduction pair by pair held against the search of whole platforms.

:func:`interferes_whole` searches one platform as one system: every adversary, every operation and device access, every argument,
towards every domain, one after the other in any order, until a SafeVM is interfered with or nothing new happens.  It asks the
policy about the platform itself, and shares with the composition only what a step does and what of it counts as harm.

States are told apart by what a step reads (:func:`sphinx_xenfusa.claims.footprint.footprints`): the life-cycles, and what is
offered and in use.  All else is written and never read, so that it decides nothing.

Source: the project's semantics, "Theorems", on validating the reduction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sphinx_xenfusa.claims.attempts import Behaviour, PrivilegeModel, initial, step, takes
from sphinx_xenfusa.claims.composition import SYSTEM_EFFECTS, Composition, harmed, harms_of
from sphinx_xenfusa.claims.link_claims import serve
from sphinx_xenfusa.claims.scopes import Shape
from sphinx_xenfusa.model.effects import PLATFORM, DomainState, Life, Offer, Offered, System, touched
from sphinx_xenfusa.model.platform import Platform
from sphinx_xenfusa.model.policies import relation
from sphinx_xenfusa.model.virtio_service import End

Call = tuple[int, int, Behaviour]
"""Actor, target, operation."""


def interferes_composed(composition: Composition, shape: Shape, adversaries: frozenset[int]) -> bool:
    """Whether the composition finds M, T or C of these adversaries."""
    return any(True for _ in composition.on_victims(shape, adversaries))


def interferes_whole(model: PrivilegeModel, shape: Shape, adversaries: frozenset[int]) -> bool:
    """Whether these adversaries interfere (M, T or C) with a SafeVM of the platform, in any order of their steps."""
    victims = harmed(shape, adversaries)
    if not victims:
        return False
    platform = shape.platform()
    if _through_a_link(model, platform, shape, adversaries, victims):
        return True
    calls = list(_let_through(model, platform, adversaries))
    harmful = victims | {PLATFORM}
    seen: set[System] = set()
    left = [_told_apart(one) for one in _starts(platform)]
    while left:
        state = left.pop()
        if state in seen:
            continue
        seen.add(state)
        for subject, after in _steps(model, state, calls):
            for touch in touched(state, after):
                done_to_another = touch.owner in harmful - {subject} and touch.offered_to != subject
                if done_to_another and any(True for _ in harms_of(touch)):
                    return True
            left.append(_told_apart(after))
    return False


def _steps(model: PrivilegeModel, state: System, calls: Iterable[Call]) -> Iterator[tuple[int, System]]:
    for subject, target, behaviour in calls:
        if state.domains[subject].life is Life.RUNNING:
            for argument in behaviour.operation.arguments:
                after, _ = step(model, state, (subject, target), behaviour.operation, argument)
                if after is not state:
                    yield subject, after


def _let_through(model: PrivilegeModel, platform: Platform, adversaries: frozenset[int]) -> Iterator[Call]:
    """What the policy lets the adversaries do, asked about the platform itself."""
    for subject in sorted(adversaries):
        for target in range(len(platform.domains)):
            for one in model.behaviours:
                if takes(one.operation, (subject, target)):
                    asked = relation(platform, subject, target, one.operation, model.policy)
                    if model.policy.decide(one.operation, asked).allowed:
                        yield subject, target, one


def _starts(platform: Platform) -> Iterator[System]:
    """Nobody offers anything; or everybody everything to everybody, unused or in use."""
    start = initial(platform)
    several = range(len(platform.domains))
    offers = frozenset(Offer(what, by, to) for what in Offered for by in several for to in several if by != to)
    yield from (start, start._replace(offers=offers), start._replace(offers=offers, used=offers))


def _told_apart(state: System) -> System:
    """The state without what no step reads."""
    return System(
        hardware=state.hardware,
        domains=tuple(DomainState(life=one.life) for one in state.domains),
        offers=state.offers,
        used=state.used,
    )


def _through_a_link(
    model: PrivilegeModel, platform: Platform, shape: Shape, adversaries: frozenset[int], victims: frozenset[int]
) -> bool:
    """Whether the table of links lets an adversary at one end of a link that operates interfere with the other."""
    for link, (backend, frontend, grants, nonblocking) in zip(platform.links, shape.edges, strict=True):
        for effect in SYSTEM_EFFECTS:
            ends = (backend, frontend) if effect.misbehaving is End.BACKEND else (frontend, backend)
            concerned = ends[0] in adversaries and ends[1] in victims and effect.on(grants, nonblocking)
            if concerned and serve(model, platform, link)[1]:
                return True
    return False
