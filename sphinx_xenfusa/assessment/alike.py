"""The search for interference on large platforms: pairs of domains that nothing in the model tells apart are tried once.

What one domain can do to another depends on the relation of the two (all that a decision looks at), on whether each is a Hardware
Domain (all that a step reads of others' roles), and on whether the target is a victim.  Two pairs that agree in these are alike,
and what is found of one holds of the other.  That a step reads and writes nothing but its actor, its target and what is between
them is checked on the source of the model (:mod:`sphinx_xenfusa.claims.footprint`).

One pair of each sort is tried on a part of the platform: the two, a Control Domain, a victim, and as many of their frontends as
their relation rests on.  Before it is tried, the relation on the part is compared with that on the whole; where they differ, the
whole is taken.  ``tests/assessment`` compares all of it with the search of every pair on platforms small enough for both.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from sphinx_xenfusa.claims.attempts import Decisions, PrivilegeModel, arranged, owner_name, tries
from sphinx_xenfusa.claims.interference import Interference, interferences
from sphinx_xenfusa.claims.privilege_claims import told_of
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.model.effects import PLATFORM
from sphinx_xenfusa.model.platform import Device, Link, Platform
from sphinx_xenfusa.model.policies import relation_of, relation_to_none
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, Protocol

Look = tuple[object, ...]
"""What the model sees of a domain, beside its links to one other."""
Sort = tuple[object, ...]
"""What the model sees of a pair."""


@dataclass(frozen=True)
class Seen:
    """What was found of one pair: a kind of interference, and its trace.

    :param to_target: whether it is done to the target.
    :param to_machine: whether it is done to the machine, and so to every SafeVM on it.
    """

    kind: Interference
    trace: Trace
    to_target: bool
    to_machine: bool


class Alike:
    """The domains of a platform by what the model sees of them, and parts of the platform for two of them."""

    def __init__(self, platform: Platform, model: PrivilegeModel) -> None:
        self.platform, self._model = platform, model
        self.position = {one.name: at for at, one in enumerate(platform.domains)}
        self._served: dict[str, list[Link]] = {}
        self._between: dict[frozenset[str], list[Link]] = {}
        for link in platform.links:
            if link.protocol is Protocol.VIRTIO:
                self._served.setdefault(link.backend, []).append(link)
                self._between.setdefault(frozenset((link.backend, link.frontend)), []).append(link)
        self._devices: dict[str, list[Device]] = {}
        self._unassigned: list[Device] = []
        for device in platform.devices:
            for name in device.assigned_to:
                self._devices.setdefault(name, []).append(device)
            if not device.assigned_to:
                self._unassigned.append(device)

    # Who is what.

    @cached_property
    def adversaries(self) -> tuple[str, ...]:
        """As :func:`sphinx_xenfusa.claims.interference.adversaries`, in the order of the platform."""
        return tuple(
            one.name
            for one in self.platform.domains
            if one.criticality is Criticality.UNSAFE or (one.name in self._served and not one.has(Capability.CONTROL))
        )

    @cached_property
    def victims(self) -> frozenset[str]:
        """The SafeVMs that are no adversaries."""
        adversaries = set(self.adversaries)
        return frozenset(
            one.name
            for one in self.platform.domains
            if one.criticality is Criticality.SAFE and one.name not in adversaries
        )

    @cached_property
    def _a_victim(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.platform.domains if one.name in self.victims)[:1]

    @cached_property
    def _a_holder_of_control(self) -> tuple[str, ...]:
        return tuple(self.platform.domains[at].name for at in self.platform.holders(Capability.CONTROL)[:1])

    @cached_property
    def looks(self) -> Mapping[str, Look]:
        """What the model sees of each domain alone."""
        return {one.name: self._look(one.name) for one in self.platform.domains}

    def _look(self, name: str) -> Look:
        alone = relation_to_none(self._of((name,)), 0, self._model.policy)
        domain = self.platform.domains[self.position[name]]
        needy = min(len(self._needy(name)), 2)
        return alone, domain.criticality, name in self._served, needy, name in self.victims

    def _needy(self, name: str) -> tuple[str, ...]:
        """The frontends towards which a backend needs a privilege, each once."""
        links = self._served.get(name, ())
        return tuple(dict.fromkeys(one.frontend for one in links if not (one.grants and one.nonblocking)))

    # Parts.

    def _of(self, names: Iterable[str]) -> Platform:
        """The part of the platform that consists of some domains, in their order."""
        chosen = sorted(set(names), key=self.position.__getitem__)
        among = frozenset(chosen)
        domains = tuple(self.platform.domains[self.position[name]] for name in chosen)
        devices = {one.name: one for name in chosen for one in self._devices.get(name, ())}
        if any(one.has(Capability.HARDWARE) for one in domains):
            devices |= {one.name: one for one in self._unassigned}
        own = [
            replace(one, assigned_to=tuple(name for name in one.assigned_to if name in among))
            for one in devices.values()
        ]
        known = frozenset(devices)
        links = [
            one if one.device in known else replace(one, device=None)
            for name in chosen
            for one in self._served.get(name, ())
            if one.frontend in among
        ]
        return Platform(domains, tuple(own), tuple(links), self.platform.architecture)

    def part(self, one: str, other: str) -> Platform:
        """The part on which two domains stand in the relations to each other in which they stand on the whole."""
        names = {one, other, *self._a_holder_of_control, *self._a_victim}
        for end in (one, other):
            needless = (it.frontend for it in self._served.get(end, ()) if it.grants and it.nonblocking)
            names |= {*self._needy(end)[:2], *itertools.islice(needless, 1)}
        if len(names) < 3:
            names |= {it.name for it in self.platform.domains[:3]}
        found = self._of(names)
        return found if self._same(found, one, other) and self._same(found, other, one) else self.platform

    def _same(self, part: Platform, subject: str, target: str) -> bool:
        policy, whole = self._model.policy, self.platform
        here, there = self.position[subject], self.position[target]
        part_here, part_there = part.position(subject), part.position(target)
        return relation_of(part, part_here, part_there, policy) == relation_of(
            whole, here, there, policy
        ) and relation_to_none(part, part_here, policy) == relation_to_none(whole, here, policy)

    # Sorts of pairs.

    def pairs(self, subject: str) -> Iterator[tuple[Sort, str]]:
        """Each sort of pair of a domain with another or itself, with one other of that sort."""
        linked = self._linked(subject)
        yield from ((sort, others[0]) for sort, others in linked.items())
        among = {name for others in linked.values() for name in others}
        for look, names in self._by_look.items():
            other = next((name for name in names if name not in among), "")
            if other:
                yield (self.looks[subject], look, (), False), other

    def members(self, subject: str) -> Mapping[Sort, Sequence[str]]:
        """The same with all others of each sort, in the order of the platform."""
        linked = self._linked(subject)
        among = {name for others in linked.values() for name in others}
        found: dict[Sort, Sequence[str]] = dict(linked)
        for look, names in self._by_look.items():
            found[self.looks[subject], look, (), False] = [name for name in names if name not in among]
        return found

    def _linked(self, subject: str) -> dict[Sort, list[str]]:
        """The sorts of pair of a domain with itself and with its frontends."""
        look, sole = self.looks[subject], self._needy(subject)
        links: dict[str, list[tuple[bool, bool]]] = {}
        for one in self._served.get(subject, ()):
            links.setdefault(one.frontend, []).append((one.grants, one.nonblocking))
        found: dict[Sort, list[str]] = {("self", look): [subject]}
        for other in sorted(links, key=self.position.__getitem__):
            sort = (look, self.looks[other], tuple(sorted(links[other])), sole == (other,))
            found.setdefault(sort, []).append(other)
        return found

    @cached_property
    def _by_look(self) -> Mapping[Look, Sequence[str]]:
        found: dict[Look, list[str]] = {}
        for name, look in self.looks.items():
            found.setdefault(look, []).append(name)
        return found

    def sort_of(self, link: Link) -> Sort:
        """What the model sees of a link: its two ends, and all links between them."""
        several = self._between[frozenset((link.backend, link.frontend))]
        between = [(one.backend == link.backend, one.grants, one.nonblocking) for one in several]
        ends = self.looks[link.backend], self.looks[link.frontend]
        sole = self._needy(link.backend) == (link.frontend,), self._needy(link.frontend) == (link.backend,)
        return (*ends, link.grants, link.nonblocking, tuple(sorted(between)), sole)


@dataclass(frozen=True)
class Found:
    """What came of trying one pair of each sort.

    :param by: for each adversary and kind of interference, the sort of pair on which it was seen first.
    :param seen: for each sort and kind what was seen.
    :param tried: how many pairs were tried, of ``pairs``.
    :param attempts: how many calls and device accesses were let through and made.
    """

    by: Mapping[tuple[str, Interference], Sort]
    seen: Mapping[tuple[Sort, Interference], Seen]
    tried: int
    pairs: int
    attempts: int


def calls(alike: Alike, model: PrivilegeModel) -> Found:
    """Try every sort of pair of an adversary and a domain (:func:`sphinx_xenfusa.claims.interference.examine`: every pair)."""
    decisions = Decisions(model)
    known: dict[Sort, tuple[Seen, ...]] = {}
    by: dict[tuple[str, Interference], Sort] = {}
    seen: dict[tuple[Sort, Interference], Seen] = {}
    attempts = 0
    for subject in alike.adversaries if alike.victims else ():
        for sort, target in alike.pairs(subject):
            if sort not in known:
                known[sort], made = _tried(alike.part(subject, target), (subject, target), model, decisions)
                attempts += made
                seen |= {(sort, one.kind): one for one in known[sort]}
            for one in known[sort]:
                by.setdefault((subject, one.kind), sort)
    pairs = len(alike.adversaries) * len(alike.platform.domains) if alike.victims else 0
    return Found(by, seen, len(known), pairs, attempts)


def _tried(
    part: Platform, pair: tuple[str, str], model: PrivilegeModel, decisions: Decisions
) -> tuple[tuple[Seen, ...], int]:
    subject, target = part.position(pair[0]), part.position(pair[1])
    situation = arranged(part, (subject, target))
    attempts = sum(tries(situation, one.operation) for one, decided in decisions.of(situation) if decided.allowed)
    found: dict[Interference, Seen] = {}
    for kind, touch, operation, reach in interferences(model, situation, decisions):
        if kind not in found:
            title = f"{pair[0]} issues {operation.name}: {owner_name(part, touch.owner)}, {touch.field} ({kind})"
            found[kind] = Seen(kind, told_of(model, situation, operation, reach, title), False, False)
        found[kind] = replace(
            found[kind],
            to_target=found[kind].to_target or touch.owner == target,
            to_machine=found[kind].to_machine or touch.owner == PLATFORM,
        )
    return tuple(found.values()), attempts
