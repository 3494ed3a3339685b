"""The reduction pair by pair held against the search of whole platforms.

A whole platform is searched as one system: every adversary, every operation and device access, every argument, towards every
domain, one after the other in any order, until a SafeVM is interfered with or nothing new happens.  The policy is asked about the
platform itself; shared with the composition is only what a step does and what of it counts as harm.

States are told apart by what a step reads (:func:`sphinx_xenfusa.claims.footprint.footprints`): the life-cycles, and what is
offered and in use.  All else is written and never read, so that it decides nothing.

Of all these systems few have to be searched (:class:`Wholes`).  No state, no step and no order of steps is left out for that, and
nothing more is assumed of what a step does; a search is saved only where another one has settled it:

the same system
   A search knows of its platform the state in which it starts, who is to be unharmed, and the calls that the policy lets through.
   Where these are the same, it is the same search.
fewer calls, fewer victims
   Each run of the system with fewer calls is a run of the one with more.  Where that one harms none of its victims, this one
   harms none of fewer.
more calls
   The calls of one run that harms somebody do it on every system that starts alike, lets these calls through and is to keep him
   unharmed.  For the same reason a harm to the platform is one on every system with a victim.

Domains are not renamed for that.  Only the enumeration takes platforms that differ in the order of their domains once.

Source: the project's semantics, "Theorems", on validating the reduction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from sphinx_xenfusa.claims.attempts import PrivilegeModel, initial, takes
from sphinx_xenfusa.claims.composition import ADVERSARIES, SYSTEM_EFFECTS, Composition, harmed, harms_of
from sphinx_xenfusa.claims.link_claims import serve
from sphinx_xenfusa.claims.scopes import Shape
from sphinx_xenfusa.model.decision import Relation
from sphinx_xenfusa.model.effects import (
    PLATFORM,
    Call,
    DomainState,
    Life,
    Offer,
    Offered,
    System,
    Transformer,
    apply,
    touched,
)
from sphinx_xenfusa.model.operations import TargetParameter
from sphinx_xenfusa.model.platform import Platform
from sphinx_xenfusa.model.policies import relation_of, relation_to_none
from sphinx_xenfusa.model.virtio_service import End


class LetThrough(NamedTuple):
    """A call that the policy lets through.  Operations that take the same step are one."""

    transformer: Transformer
    call: Call


class Whole(NamedTuple):
    """A platform and its adversaries as one system: all that a search of it looks at.

    :param start: its initial state.
    :param victims: the SafeVMs that are no adversaries.
    :param calls: what the policy lets the adversaries do, as the bits of a number, each of which is a call.
    """

    start: System
    victims: frozenset[int]
    calls: int


class Found(NamedTuple):
    """A run that harms somebody.

    :param owner: the position of the domain that is harmed, or :data:`~sphinx_xenfusa.model.effects.PLATFORM`.
    :param calls: the calls of the run, as the bits of a number.
    """

    owner: int
    calls: int


def interferes_composed(composition: Composition, shape: Shape, adversaries: frozenset[int]) -> bool:
    """Whether the composition finds M, T or C of these adversaries."""
    return any(True for _ in composition.on_victims(shape, adversaries))


def interferes_whole(model: PrivilegeModel, shape: Shape, adversaries: frozenset[int]) -> bool:
    """Whether these adversaries interfere (M, T or C) with a SafeVM of the platform, in any order of their steps."""
    return Wholes(model).interferes(shape, adversaries)


class Wholes:
    """Whole platforms under one policy, each searched unless what was found on others settles it."""

    def __init__(self, model: PrivilegeModel) -> None:
        self._model = model
        self._bits: dict[LetThrough, int] = {}
        self._decided: dict[tuple[int, int, Relation, Relation], int] = {}
        # Of a platform is asked once for each set of adversaries, one after the other.
        self._last: tuple[Shape | None, Platform, dict[int, int]] = (None, Platform(()), {})
        self._harmless: dict[System, list[Whole]] = {}
        self._harmful: dict[System, list[Found]] = {}
        self.searched = 0
        """How many systems were searched to the end, because they harm nobody."""
        self.states = 0
        """How many states these searches have seen."""

    # A platform as a system.

    def interferes(self, shape: Shape, adversaries: frozenset[int]) -> bool:
        """Whether these adversaries interfere (M, T or C) with a SafeVM of the platform, in any order of their steps."""
        known = self.whole(shape, adversaries)
        return known if isinstance(known, bool) else self.harms(known)

    def whole(self, shape: Shape, adversaries: frozenset[int]) -> Whole | bool:
        """The platform as a system to be searched, or the answer, where nobody is to be harmed or the table of links has it."""
        victims = harmed(shape, adversaries)
        if not victims:
            return False
        if shape is not self._last[0]:
            self._last = shape, shape.platform(), {}
        _, platform, known = self._last
        if self._through_a_link(platform, shape, adversaries, victims):
            return True
        calls = 0
        for subject in adversaries:
            if subject not in known:
                known[subject] = self._let_through(platform, subject)
            calls |= known[subject]
        return Whole(initial(platform), victims, calls)

    def _let_through(self, platform: Platform, subject: int) -> int:
        """What the policy lets one domain do, asked about the platform itself.

        A decision looks at nothing but the operation and the relation of the two domains, which is taken from the platform.
        """
        policy = self._model.policy
        alone = relation_to_none(platform, subject, policy)
        calls = 0
        for target in range(len(platform.domains)):
            calls |= self._towards(subject, target, relation_of(platform, subject, target, policy), alone)
        return calls

    def _towards(self, subject: int, target: int, towards: Relation, alone: Relation) -> int:
        """What the policy lets one domain do to another that stands in such a relation to it."""
        policy = self._model.policy
        key = subject, target, towards, alone
        if key not in self._decided:
            calls = 0
            for one in self._model.behaviours:
                operation = one.operation
                asked = towards if operation.target is TargetParameter.DOMAIN else alone
                if takes(operation, (subject, target)) and policy.decide(operation, asked).allowed:
                    for argument in operation.arguments:
                        call = Call(subject, target, argument, policy.switches)
                        calls |= self._bit(LetThrough(operation.transformer, call))
            self._decided[key] = calls
        return self._decided[key]

    def _bit(self, call: LetThrough) -> int:
        return self._bits.setdefault(call, 1 << len(self._bits))

    def _through_a_link(
        self, platform: Platform, shape: Shape, adversaries: frozenset[int], victims: frozenset[int]
    ) -> bool:
        """Whether the table of links lets an adversary at one end of a link that operates interfere with the other."""
        for link, (backend, frontend, grants, nonblocking) in zip(platform.links, shape.edges, strict=True):
            for effect in SYSTEM_EFFECTS:
                ends = (backend, frontend) if effect.misbehaving is End.BACKEND else (frontend, backend)
                concerned = ends[0] in adversaries and ends[1] in victims and effect.on(grants, nonblocking)
                if concerned and serve(self._model, platform, link)[1]:
                    return True
        return False

    # The search.

    def harms(self, whole: Whole) -> bool:
        """Whether a run of a system harms a victim or the platform."""
        known = self._settled(whole)
        if known is not None:
            return known
        found = self._search(whole)
        if found is None:
            self._harmless.setdefault(whole.start, []).append(whole)
        else:
            self._harmful.setdefault(whole.start, []).append(found)
        return found is not None

    def _settled(self, whole: Whole) -> bool | None:
        """What earlier searches say about a system, if they say anything."""
        for run in self._harmful.get(whole.start, ()):
            if (run.owner == PLATFORM or run.owner in whole.victims) and not run.calls & ~whole.calls:
                return True
        for other in self._harmless.get(whole.start, ()):
            if whole.victims <= other.victims and not whole.calls & ~other.calls:
                return False
        return None

    def _search(self, whole: Whole) -> Found | None:
        """A shortest run that harms somebody; ``None`` if there is none."""
        by_subject = [
            [(bit, one) for one, bit in self._bits.items() if bit & whole.calls and one.call.subject == subject]
            for subject in range(len(whole.start.domains))
        ]
        harmful = whole.victims | {PLATFORM}
        left = list(_starts(whole.start))
        reached: dict[System, tuple[System, int] | None] = dict.fromkeys(left)
        for state in left:
            for domain, calls in zip(state.domains, by_subject, strict=True):
                for bit, one in calls if domain.life is Life.RUNNING else ():
                    after, _ = apply(one.transformer, state, one.call)
                    if after is state:
                        continue
                    owner = _harmed_by(state, after, one.call.subject, harmful)
                    if owner is not None:
                        return Found(owner, bit | _calls_of(reached, state))
                    after = _told_apart(after)
                    if after not in reached:
                        reached[after] = state, bit
                        left.append(after)
        self.searched += 1
        self.states += len(reached)
        return None


def _calls_of(reached: dict[System, tuple[System, int] | None], state: System) -> int:
    """The calls of the run on which a state was reached."""
    calls = 0
    while (last := reached[state]) is not None:
        state, bit = last
        calls |= bit
    return calls


def _harmed_by(before: System, after: System, subject: int, harmful: frozenset[int]) -> int | None:
    """Who of these is harmed by a step of ``subject`` without consent, if anybody is."""
    for touch in touched(before, after):
        done_to_another = touch.owner in harmful and touch.owner != subject and touch.offered_to != subject
        if done_to_another and any(True for _ in harms_of(touch)):
            return touch.owner
    return None


def _starts(start: System) -> Iterator[System]:
    """Nobody offers anything; or everybody everything to everybody, unused or in use."""
    several = range(len(start.domains))
    offers = frozenset(Offer(what, by, to) for what in Offered for by in several for to in several if by != to)
    for one in (start, start._replace(offers=offers), start._replace(offers=offers, used=offers)):
        yield _told_apart(one)


_ALIVE = {life: DomainState(life=life) for life in Life}


def _told_apart(state: System) -> System:
    """The state without what no step reads."""
    domains = tuple([_ALIVE[one.life] for one in state.domains])
    return System(state.hardware, domains, offers=state.offers, used=state.used)


# --- the comparison -------------------------------------------------------------------------------------------------


@dataclass
class Comparison:
    """What came of holding the composition against whole platforms under a policy.

    :param platforms: how many platforms were compared.
    :param systems: how many of these, with one of the sets of adversaries, have somebody to be harmed.
    :param interfered: how many of those systems are not free from interference.
    :param searched: how many of the others had to be searched to the end; the rest of these is settled by that.
    :param states: how many states these searches saw.
    :param unlike: where the composition finds something else: the set of adversaries, and the platform.
    """

    platforms: int = 0
    systems: int = 0
    interfered: int = 0
    searched: int = 0
    states: int = 0
    unlike: list[tuple[str, Shape]] = field(default_factory=list)


def compared(model: PrivilegeModel, shapes: Iterable[Shape]) -> Comparison:
    """Hold the composition against whole platforms, for each set of adversaries."""
    made = Comparison()
    wholes, composition = Wholes(model), Composition(model)
    asked: list[tuple[str, Shape, Whole | bool, bool]] = []
    for shape in shapes:
        made.platforms += 1
        for name, of in ADVERSARIES.items():
            adversaries = of(shape)
            whole = wholes.whole(shape, adversaries)
            asked.append((name, shape, whole, interferes_composed(composition, shape, adversaries)))
    # What is found of the system with most calls settles most of the others.
    systems = {one[2] for one in asked if isinstance(one[2], Whole)}
    for system in sorted(systems, key=lambda one: (-one.calls.bit_count(), one.calls, sorted(one.victims))):
        wholes.harms(system)
    for name, shape, whole, composed in asked:
        harms = whole if isinstance(whole, bool) else wholes.harms(whole)
        made.systems += bool(harmed(shape, ADVERSARIES[name](shape)))
        made.interfered += harms
        if harms is not composed:
            made.unlike.append((name, shape))
    made.searched, made.states = wholes.searched, wholes.states
    return made
