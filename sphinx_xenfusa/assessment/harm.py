"""Who can interfere with whom on one platform under a policy, with the shortest trace of each, by the model.

Calls and device accesses are tried by every adversary towards every domain (:func:`sphinx_xenfusa.claims.interference.examine`);
what one end of a VirtIO link does to the other through the link comes from the table of links
(:class:`sphinx_xenfusa.claims.composition.Composition`), and only where a request completes on that link.

A platform of more than :data:`MOST_DOMAINS` domains is searched sort of pair by sort of pair
(:mod:`sphinx_xenfusa.assessment.alike`): the same is found, with one trace for all who do it in the same way.

Not looked for: the residue (X and L), which the theorems name and do not exclude.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from sphinx_xenfusa.assessment.alike import Alike, Sort, calls
from sphinx_xenfusa.claims.attempts import Decisions, PrivilegeModel, arranged, tell
from sphinx_xenfusa.claims.composition import Composition, harmed, second_adversaries
from sphinx_xenfusa.claims.interference import Interference, examine, interferences
from sphinx_xenfusa.claims.link_claims import serve
from sphinx_xenfusa.claims.scopes import Edge, Shape
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.model.boot import boot, comes_up
from sphinx_xenfusa.model.effects import PLATFORM
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.platform import Link, Platform
from sphinx_xenfusa.model.policies import Policy
from sphinx_xenfusa.model.vocabulary import Protocol

MOST_DOMAINS = 16
"""Domains of a platform of which every pair is tried; of a larger one, one pair of each sort."""
NONE_TRIED = "none to be tried: there is no adversary, no SafeVM that is none, or no call that is let through"
"""What is said of a search that made no attempt: that it found nothing is no merit of the platform."""


@dataclass(frozen=True, slots=True)
class Harm:
    """One way in which one domain interferes with a SafeVM or with the platform.

    :param by: the domain that does it.
    :param trace: the shortest; its last step is the one that harms.
    :param victims: the SafeVMs to which it is done, that of the trace first.
    :param machine: whether it is done to the machine, and so to every SafeVM on it.
    :param alike: others that do it in the same way, each to victims of its own; of a large platform only, of a small one each has
        its own trace.
    """

    by: str
    kind: Interference
    trace: Trace
    victims: tuple[str, ...] = ()
    machine: bool = False
    alike: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Who does it, how many others do, and what is done."""
        others = f" and {len(self.alike):,} alike" if self.alike else ""
        return f"{self.by}{others} ({self.kind})"


@dataclass(frozen=True, slots=True)
class Idle:
    """A VirtIO link on which no request completes under a policy.

    :param trace: as far as it comes; the last step is refused.
    :param alike: other links of a large platform that come as far.
    """

    link: Link
    trace: Trace
    alike: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Examination:
    """What the model says of a platform under a policy.

    :param starts: whether the platform comes up at all.
    :param attempts: how many calls and device accesses were made.
    :param idle: the VirtIO links that do not work.
    :param pairs: how many pairs of an adversary and a domain there are.
    :param tried: how many of them were tried; the others look like one of these to the model.
    """

    policy: str
    starts: bool
    attempts: int
    harms: tuple[Harm, ...]
    idle: tuple[Idle, ...]
    pairs: int = 0
    tried: int = 0


class _Given(Shape):
    """A platform of which the names and devices are given."""

    given: Platform

    def platform(self) -> Platform:
        return self.given


def examination(platform: Platform, policy: Policy) -> Examination:
    """Search a platform for interference, and for links that do not work."""
    if not comes_up(boot(platform, policy.switches)):
        return Examination(policy.name, False, 0, (), ())
    if len(platform.domains) > MOST_DOMAINS:
        return by_sorts(platform, policy)
    model = PrivilegeModel(catalogue(), policy)
    examined = examine(platform, policy)
    found = {(by, kind): trace for by, kind, trace in examined.found}
    through = tuple(_through_links(platform, model))
    for one in through:
        found.setdefault((one.by, one.kind), one.trace)
    reached = _reached(platform, model, found, through)
    harms = tuple(_harm(platform, key, found[key], reached[key]) for key in sorted(found))
    idle = tuple(_idle(platform, model))
    return Examination(policy.name, True, examined.attempts, harms, idle, examined.pairs, examined.pairs)


_Way = tuple[str, Interference]
"""Who does it, and what is done."""


def _harm(platform: Platform, way: _Way, trace: Trace, reached: Iterable[int]) -> Harm:
    victims = tuple(platform.domains[owner].name for owner in reached if owner != PLATFORM)
    return Harm(*way, trace, victims, PLATFORM in reached)


def _reached(
    platform: Platform, model: PrivilegeModel, found: Iterable[_Way], through: Iterable[Harm]
) -> Mapping[_Way, Iterable[int]]:
    """To whom it is done, in the order in which the search comes to them: the one of its trace is the first."""
    reached: defaultdict[_Way, dict[int, None]] = defaultdict(dict)
    decisions = Decisions(model)
    for by in sorted({by for by, _ in found}):
        subject = platform.position(by)
        for target in range(len(platform.domains)):
            for kind, touch, _, _ in interferences(model, arranged(platform, (subject, target)), decisions):
                reached[by, kind][touch.owner] = None
    for harm in through:
        reached[harm.by, harm.kind] |= {platform.position(name): None for name in harm.victims}
    return reached


def _virtio(platform: Platform) -> tuple[Link, ...]:
    return tuple(one for one in platform.links if one.protocol is Protocol.VIRTIO)


def _through_links(platform: Platform, model: PrivilegeModel) -> Iterator[Harm]:
    position = {one.name: at for at, one in enumerate(platform.domains)}
    edges: tuple[Edge, ...] = tuple(
        (position[one.backend], position[one.frontend], one.grants, one.nonblocking) for one in _virtio(platform)
    )
    shape = _Given(platform.domains, edges)
    shape.given = Platform(platform.domains, platform.devices, _virtio(platform), platform.architecture)
    composition = Composition(model)
    adversaries = second_adversaries(shape)
    victims = harmed(shape, adversaries)
    for backend, frontend, _, _ in edges:
        for subject, target in ((backend, frontend), (frontend, backend)):
            if subject not in adversaries or target not in victims:
                continue
            found = composition.harm(shape, subject, target)
            for kind, bits in composition.of_kind.items():
                if found & bits:
                    by, victim = platform.domains[subject].name, platform.domains[target].name
                    title = f"{by} interferes with {victim} through their link ({kind})"
                    yield Harm(by, kind, composition.told(shape, subject, target, found & bits, title), (victim,))


def _idle(platform: Platform, model: PrivilegeModel) -> Iterator[Idle]:
    for link in _virtio(platform):
        made, completes = serve(model, platform, link)
        if not completes:
            title = f"no request completes on the link from {link.backend} to {link.frontend}"
            yield Idle(link, tell(title, platform, (), made))


# --- large platforms --------------------------------------------------------------------------------------------------


class _How(NamedTuple):
    """By a call, or by one of the two ends through a link; and of which sort the pair or the link is."""

    end: str
    sort: Sort


def by_sorts(platform: Platform, policy: Policy) -> Examination:
    """The same for a platform that comes up, with one pair and one link of each sort tried."""
    model = PrivilegeModel(catalogue(), policy)
    alike = Alike(platform, model)
    found = calls(alike, model)
    through = _Links(alike, model)
    groups: dict[tuple[Interference, _How], list[str]] = {}
    done = {way: _How("", sort) for way, sort in found.by.items()}
    for way, how in through.by.items():
        done.setdefault(way, how)
    for (name, kind), how in done.items():
        groups.setdefault((kind, how), []).append(name)
    harms = []
    for (kind, how), names in groups.items():
        trace = through.traces[how, kind] if how.end else found.seen[how.sort, kind].trace
        seen = [
            (one, others) for sort, others in alike.members(names[0]).items() if (one := found.seen.get((sort, kind)))
        ]
        reached = {name for one, others in seen if one.to_target for name in others}
        reached |= set(through.victims.get((names[0], kind), ()))
        in_order = sorted(reached, key=alike.position.__getitem__)
        machine = any(one.to_machine for one, _ in seen)
        harms.append(Harm(names[0], kind, trace, tuple(in_order), machine, tuple(names[1:])))
    return Examination(
        policy.name,
        True,
        found.attempts,
        tuple(sorted(harms, key=lambda one: (one.by, one.kind))),
        tuple(through.idle),
        found.pairs,
        found.tried,
    )


class _Links:
    """What goes through the links of a large platform, one of each sort tried."""

    def __init__(self, alike: Alike, model: PrivilegeModel) -> None:
        self.by: dict[_Way, _How] = {}
        self.traces: dict[tuple[_How, Interference], Trace] = {}
        self.victims: dict[_Way, list[str]] = {}
        self.idle: list[Idle] = []
        for sort, links in _links_by_sort(alike).items():
            self._of_sort(sort, links, alike.part(links[0].backend, links[0].frontend), model)

    def _of_sort(self, sort: Sort, links: tuple[Link, ...], part: Platform, model: PrivilegeModel) -> None:
        first = links[0]
        for harm in _through_links(part, model):
            if {harm.by, *harm.victims} != {first.backend, first.frontend}:
                continue
            how = _How("backend" if harm.by == first.backend else "frontend", sort)
            self.traces.setdefault((how, harm.kind), harm.trace)
            for link in links:
                ends = link.backend, link.frontend
                by, victim = ends if harm.by == first.backend else ends[::-1]
                self.by.setdefault((by, harm.kind), how)
                self.victims.setdefault((by, harm.kind), []).append(victim)
        same = [one for one in _idle(part, model) if replace(one.link, device=None) == replace(first, device=None)]
        self.idle += [replace(one, link=first, alike=links[1:]) for one in same[:1]]


def _links_by_sort(alike: Alike) -> Mapping[Sort, tuple[Link, ...]]:
    found: dict[Sort, list[Link]] = {}
    for link in _virtio(alike.platform):
        found.setdefault(alike.sort_of(link), []).append(link)
    return {sort: tuple(links) for sort, links in found.items()}
