"""The whole platform as one system: what adversaries do to SafeVMs, put together from what one domain does to another.

A platform of up to four domains is searched link by link and pair by pair.  What one domain can do to another depends on no more
of the platform than :func:`looks` gives; it is found once, by trying every operation from every arrangement on the first platform
on which two domains look so, and by the table of what a link lets its misbehaving end do.  The preconditions of that, and where
it ends, are stated and checked in :mod:`sphinx_xenfusa.claims.footprint`; ``tests/claims`` compares the result with
the search of whole platforms (:mod:`sphinx_xenfusa.claims.reduction`).

Source: the project's semantics, "Adversary", "SafeVM state and interference" and "Theorems".
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from sphinx_xenfusa.claims.attempts import (
    Behaviour,
    Decisions,
    PrivilegeModel,
    Reach,
    Situation,
    arranged,
    reaches,
    tell,
    trace_step,
)
from sphinx_xenfusa.claims.interference import Interference
from sphinx_xenfusa.claims.link_claims import serve
from sphinx_xenfusa.claims.link_interference import LINK_EFFECTS, LinkEffect
from sphinx_xenfusa.claims.privilege_claims import told_of
from sphinx_xenfusa.claims.scopes import Edge, Shape, named
from sphinx_xenfusa.explore.trace import Change, Step, Trace
from sphinx_xenfusa.model.boot import boot, comes_up
from sphinx_xenfusa.model.decision import Decision
from sphinx_xenfusa.model.effects import PLATFORM, Life, Touch
from sphinx_xenfusa.model.operations import Operation
from sphinx_xenfusa.model.platform import Domain
from sphinx_xenfusa.model.rules import RULES, Category, broken_rules
from sphinx_xenfusa.model.virtio_service import End
from sphinx_xenfusa.model.vocabulary import Capability, Criticality

SAFE_DOMU = Domain("", frozenset(), Criticality.SAFE)
"""What a platform without a victim is completed by."""

FFI_RULES = tuple(one.name for one in RULES if one.category is Category.FREEDOM_FROM_INTERFERENCE)
MEMORY_RULE, EMULATION_RULE, CONTROL_RULE = "mem_frontend_unsafe", "sync_frontend_unsafe", "ctrldom_is_safe"

SYSTEM_EFFECTS = tuple(one for one in LINK_EFFECTS if not one.residue)
"""What goes through a link and is no residue: it has to be excluded by the rules."""

Looks = tuple[object, ...]


# --- who is what ----------------------------------------------------------------------------------------------------


def first_adversaries(shape: Shape) -> frozenset[int]:
    """A1: the UnsafeVMs."""
    return frozenset(at for at, one in enumerate(shape.kinds) if one.criticality is Criticality.UNSAFE)


def second_adversaries(shape: Shape) -> frozenset[int]:
    """A2: A1, and every backend without control, whatever its criticality."""
    faulty = (edge[0] for edge in shape.edges if Capability.CONTROL not in shape.kinds[edge[0]].capabilities)
    return first_adversaries(shape).union(faulty)


Adversaries = Callable[[Shape], frozenset[int]]
ADVERSARIES: dict[str, Adversaries] = {"A1": first_adversaries, "A2": second_adversaries}


def harmed(shape: Shape, adversaries: frozenset[int]) -> frozenset[int]:
    """The SafeVMs that are no adversaries."""
    return frozenset(
        at for at, one in enumerate(shape.kinds) if one.criticality is Criticality.SAFE and at not in adversaries
    )


def completed(shape: Shape) -> Shape:
    """The platform with one more SafeVM, a DomU."""
    return Shape((*shape.kinds, SAFE_DOMU), shape.edges)


def repaired(shape: Shape, rule: str) -> Shape:
    """The platform with a broken FFI rule obeyed, and nothing else changed.

    :raises KeyError: the rule is none of the FFI rules.
    """
    kinds, edges = shape
    if rule == CONTROL_RULE:
        return Shape(tuple(_trusted(one) for one in kinds), edges)
    if rule not in (MEMORY_RULE, EMULATION_RULE):
        raise KeyError(rule)
    return Shape(kinds, tuple(_mended(shape, edge, rule) for edge in edges))


@functools.cache
def _trusted(kind: Domain) -> Domain:
    if Capability.CONTROL in kind.capabilities:
        return replace(kind, criticality=Criticality.SAFE)
    return kind


def _mended(shape: Shape, edge: Edge, rule: str) -> Edge:
    backend, frontend, grants, nonblocking = edge
    if shape.kinds[frontend].criticality is Criticality.UNSAFE:
        return edge
    return backend, frontend, grants or rule == MEMORY_RULE, nonblocking or rule == EMULATION_RULE


# --- the rules, kind by kind and link by link -----------------------------------------------------------------------


class RuleBook:
    """Which rules a platform breaks, put together: the rules without its links, and each link between its two ends alone.

    A rule looks at the kinds of all domains, or at one link with its two ends and the backend's devices: never at two links.
    """

    def __init__(self) -> None:
        self._kinds: dict[tuple[Domain, ...], frozenset[str]] = {}
        self._links: dict[tuple[Domain, Domain, bool, bool], frozenset[str]] = {}
        # Many platforms of the same domains follow each other, and to find a tuple of domains takes time.
        self._linked: tuple[Domain, ...] = ()
        self._edges: dict[Edge, frozenset[str]] = {}
        self._last: tuple[tuple[Domain, ...], frozenset[str]] = ((), frozenset())

    def broken(self, shape: Shape) -> frozenset[str]:
        """The names of the rules that the platform breaks."""
        broken = self._of_kinds(shape.kinds)
        for edge in shape.edges:
            broken |= self.broken_by_link(shape, edge)
        return broken

    def _of_kinds(self, kinds: tuple[Domain, ...]) -> frozenset[str]:
        if kinds is not self._last[0]:
            if kinds not in self._kinds:
                self._kinds[kinds] = frozenset(broken_rules(named(kinds)))
            self._last = kinds, self._kinds[kinds]
        return self._last[1]

    def broken_by_link(self, shape: Shape, edge: Edge) -> frozenset[str]:
        """The rules that one link breaks between its two ends alone, beyond those that the two break without it."""
        if shape.kinds is not self._linked:
            self._linked = shape.kinds
            self._edges.clear()
        if edge not in self._edges:
            self._edges[edge] = self._by_ends(shape, edge)
        return self._edges[edge]

    def _by_ends(self, shape: Shape, edge: Edge) -> frozenset[str]:
        backend, frontend, grants, nonblocking = edge
        ends = shape.kinds[backend], shape.kinds[frontend]
        key = (*ends, grants, nonblocking)
        if key not in self._links:
            alone = Shape(ends, ((0, 1, grants, nonblocking),))
            self._links[key] = frozenset(broken_rules(alone.platform())) - self._of_kinds(ends)
        return self._links[key]


# --- what one domain does to another --------------------------------------------------------------------------------


def looks(shape: Shape, subject: int, target: int) -> Looks:
    """What the model sees of a pair of domains (:func:`sphinx_xenfusa.claims.scopes.view`), without writing the platform out."""
    kinds, edges = shape
    caller, other = kinds[subject], kinds[target]
    link: tuple[bool, bool] | None = None
    serves = elsewhere = served = False
    for backend, frontend, grants, nonblocking in edges:
        served = served or backend == target
        if backend == subject and Capability.CONTROL not in caller.capabilities:
            serves = True
            if frontend == target:
                link = grants, nonblocking
            elsewhere = elsewhere or (frontend != target and not (grants and nonblocking))
    control = any(Capability.CONTROL in one.capabilities for one in kinds)
    there = None if subject == target else (other.capabilities, other.criticality)
    return caller.capabilities, there, min(len(kinds), 3), control, link, (serves, elsewhere), served


class Harm(NamedTuple):
    """One way in which a domain harms another, or the platform.

    :param kind: M, T or C.
    :param to_platform: whether it is done to the platform, and so to every SafeVM on it.
    """

    kind: Interference
    to_platform: bool


_CONTROL_FIELDS = frozenset({"life-cycle", "restarted", "configuration", "power"})


def harms_of(touch: Touch) -> Iterator[Harm]:
    """What a change of somebody's state is to him, if it is not his own step.  To be read, and the console, disturb no task."""
    field = touch.field.split(" ", 1)[0]
    if field in ("memory", "mapped"):
        yield Harm(Interference.MEMORY, touch.owner == PLATFORM)
    if field in _CONTROL_FIELDS:
        yield Harm(Interference.CONTROL, touch.owner == PLATFORM)
    if field == "life-cycle" and touch.after == Life.PAUSED:
        # Its vCPUs take no step until somebody lets them.
        yield Harm(Interference.TIME, False)


def _harm_in(reach: Reach, subject: int) -> Iterator[Harm]:
    """What a step of ``subject`` does to others without their consent."""
    for touch in reach.touches:
        if touch.owner != subject and touch.offered_to != subject:
            yield from harms_of(touch)


class Cause(NamedTuple):
    """Where a harm comes from: an operation, by its name, or an entry of the table of links."""

    harm: Harm
    operation: str
    effect: LinkEffect | None


class Composition:
    """What the adversaries of a platform do under a policy, each pair of domains that looks alike tried once.

    Everything found is a set of causes, written as the bits of a number: what one set has and another has not is one operation.
    """

    def __init__(self, model: PrivilegeModel) -> None:
        self._model = model
        self._decisions = Decisions(model)
        self._pairs: dict[Looks, int] = {}
        self._decided: dict[Looks, tuple[tuple[Behaviour, Decision], ...]] = {}
        self._serving: dict[tuple[Looks, Looks, bool, bool], bool] = {}
        self._boots: dict[tuple[Domain, ...], bool] = {}
        self._last: tuple[tuple[Domain, ...], bool] = ((), False)
        self._bits: dict[tuple[object, ...], int] = {}
        self._causes: list[Cause] = []
        self.to_platform = 0
        self.of_kind = dict.fromkeys((Interference.TIME, Interference.MEMORY, Interference.CONTROL), 0)
        self.tried = 0
        """How many calls and device accesses were made."""

    # Whether anything happens at all.

    def comes_up(self, shape: Shape) -> bool:
        """Whether the platform comes up under the policy."""
        if shape.kinds is not self._last[0]:
            if shape.kinds not in self._boots:
                steps = boot(named(shape.kinds), self._model.policy.switches)
                self._boots[shape.kinds] = comes_up(steps)
            self._last = shape.kinds, self._boots[shape.kinds]
        return self._last[1]

    def starts(self, shape: Shape) -> bool:
        """Whether the platform comes up under the policy and a request completes on each of its links."""
        return self.comes_up(shape) and all(self.operates(shape, edge) for edge in shape.edges)

    def operates(self, shape: Shape, edge: Edge) -> bool:
        """Whether one request completes on a link."""
        backend, frontend, grants, nonblocking = edge
        key = (looks(shape, backend, frontend), looks(shape, frontend, backend), grants, nonblocking)
        if key not in self._serving:
            platform = shape.platform()
            link = platform.links[shape.edges.index(edge)]
            self._serving[key] = serve(self._model, platform, link)[1]
        return self._serving[key]

    # What is done.

    def decided(self, shape: Shape, subject: int, target: int) -> tuple[tuple[Behaviour, Decision], ...]:
        """What the policy decides on every operation of one domain towards another."""
        look = looks(shape, subject, target)
        if look not in self._decided:
            self._decided[look] = self._decisions.of(arranged(shape.platform(), (subject, target)))
        return self._decided[look]

    def harm(self, shape: Shape, subject: int, target: int) -> int:
        """All that one domain can do to another, or to the platform, by steps towards it."""
        look = looks(shape, subject, target)
        known = self._pairs.get(look)
        if known is None:
            known = self._pairs[look] = self._found(shape, subject, target)
        for edge in shape.edges:
            if target in edge[:2] and subject in edge[:2] and subject != target:
                known |= self._through(shape, edge, subject)
        return known

    def _found(self, shape: Shape, subject: int, target: int) -> int:
        situation = arranged(shape.platform(), (subject, target))
        found = 0
        for behaviour, decision in self._decisions.of(situation):
            if decision.allowed:
                self.tried += len(situation.arrangements) * len(behaviour.operation.arguments)
                found |= self._by_call(situation, behaviour.operation)
        return found

    def _by_call(self, situation: Situation, operation: Operation) -> int:
        found = 0
        subject = situation.pair[0]
        for reach in reaches(self._model, situation, operation):
            for harm in _harm_in(reach, subject):
                found |= self._bit((operation.name, harm), Cause(harm, operation.name, None))
        return found

    def _through(self, shape: Shape, edge: Edge, subject: int) -> int:
        """What the table of links adds, on a link that operates."""
        end = End.BACKEND if edge[0] == subject else End.FRONTEND
        found = 0
        for effect in SYSTEM_EFFECTS:
            if effect.misbehaving is end and effect.on(edge[2], edge[3]) and self.operates(shape, edge):
                harm = Harm(effect.kind, False)
                found |= self._bit((effect.name,), Cause(harm, "", effect))
        return found

    def _bit(self, key: tuple[object, ...], cause: Cause) -> int:
        if key not in self._bits:
            self._bits[key] = 1 << len(self._causes)
            self._causes.append(cause)
            if cause.harm.to_platform:
                self.to_platform |= self._bits[key]
            self.of_kind[cause.harm.kind] |= self._bits[key]
        return self._bits[key]

    def on_victims(self, shape: Shape, adversaries: frozenset[int]) -> Iterator[tuple[int, int, int]]:
        """Everything that the adversaries of a platform do: subject, target, and what of it harms a SafeVM."""
        victims = harmed(shape, adversaries)
        if not victims:
            return
        for subject in sorted(adversaries):
            yield from self.by_one(shape, subject, victims)

    def by_one(self, shape: Shape, subject: int, victims: frozenset[int]) -> Iterator[tuple[int, int, int]]:
        """The same for one adversary.  What is done to the platform is done to every SafeVM on it."""
        for target in range(len(shape.kinds)):
            found = self.harm(shape, subject, target)
            if target not in victims:
                found &= self.to_platform
            if found:
                yield subject, target, found

    # What a reader is shown.

    def kept_out(self, shape: Shape, subject: int, target: int) -> Trace | None:
        """A call that would harm the target or the platform, and that the policy denies; ``None`` if there is none."""
        situation = arranged(shape.platform(), (subject, target))
        for behaviour, decision in self._decisions.of(situation):
            for reach in () if decision.allowed else reaches(self._model, situation, behaviour.operation):
                if any(_harm_in(reach, subject)):
                    names = f"{situation.subject.name}, beside {situation.target.name},"
                    title = f"{names} is denied {behaviour.operation.name}"
                    return told_of(self._model, situation, behaviour.operation, reach, title)
        return None

    def told(self, shape: Shape, subject: int, target: int, found: int, title: str) -> Trace:
        """A trace of something that was found; its last step is the one that harms, and that of :meth:`foremost`."""
        cause = self._causes[self.foremost(found).bit_length() - 1]
        if cause.effect is not None:
            return self._through_told(shape, subject, target, cause.effect, title)
        situation = arranged(shape.platform(), (subject, target))
        operation = self._model.catalogue.by_name[cause.operation]
        reach = next(one for one in reaches(self._model, situation, operation) if cause.harm in _harm_in(one, subject))
        return told_of(self._model, situation, operation, reach, title)

    def foremost(self, found: int) -> int:
        """One cause out of several: of time before memory before control, and of these the first that was ever found."""
        for bits in self.of_kind.values():
            if found & bits:
                return found & bits & -(found & bits)
        return 0

    def kinds_of(self, found: int) -> str:
        """The kinds of interference among what was found, in a word: ``M``, ``M and C`` …"""
        return " and ".join(kind for kind, bits in self.of_kind.items() if found & bits)

    def _through_told(self, shape: Shape, subject: int, target: int, effect: LinkEffect, title: str) -> Trace:
        platform = shape.platform()
        ends = {(edge[0], edge[1]): at for at, edge in enumerate(shape.edges)}
        link = platform.links[ends[subject, target] if (subject, target) in ends else ends[target, subject]]
        made, _ = serve(self._model, platform, link)
        name = platform.domains[target].name
        field, after = _LINK_CHANGE[effect.kind]
        last = Step(
            platform.domains[subject].name,
            effect.name,
            (("link", f"{link.backend} serves {link.frontend}"),),
            f"{effect.words} (table of links)",
            (Change(f"{name}: {field}", "running", after),),
            effect.source,
        )
        setting_up = [trace_step(one) for one in made[:2]]
        told = tell(title, platform, (), ())
        return Trace(told.title, told.initial, (*setting_up, last))


_LINK_CHANGE = {
    Interference.TIME: ("vCPU", "waits for the backend"),
    Interference.CONTROL: ("life-cycle", "crashed"),
}
