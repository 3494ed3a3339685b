"""Who can interfere with whom on one platform under a policy, with the shortest trace of each, by the model.

Calls and device accesses are tried by every adversary towards every domain (:func:`sphinx_xenfusa.claims.interference.examine`);
what one end of a VirtIO link does to the other through the link comes from the table of links
(:class:`sphinx_xenfusa.claims.composition.Composition`), and only where a request completes on that link.

Not looked for: the residue (X and L), which the theorems name and do not exclude.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sphinx_xenfusa.claims.attempts import PrivilegeModel, tell
from sphinx_xenfusa.claims.composition import Composition, harmed, second_adversaries
from sphinx_xenfusa.claims.interference import Interference, examine
from sphinx_xenfusa.claims.link_claims import serve
from sphinx_xenfusa.claims.scopes import Edge, Shape
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.model.boot import boot, comes_up
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.platform import Link, Platform
from sphinx_xenfusa.model.policies import Policy
from sphinx_xenfusa.model.vocabulary import Protocol

MOST_DOMAINS = 16
"""Domains of a platform that is searched; the search takes every pair of them."""


@dataclass(frozen=True, slots=True)
class Harm:
    """One way in which one domain interferes with a SafeVM or with the platform.

    :param by: the domain that does it.
    :param trace: the shortest; its last step is the one that harms.
    """

    by: str
    kind: Interference
    trace: Trace


@dataclass(frozen=True, slots=True)
class Idle:
    """A VirtIO link on which no request completes under a policy.

    :param trace: as far as it comes; the last step is refused.
    """

    link: Link
    trace: Trace


@dataclass(frozen=True, slots=True)
class Examination:
    """What the model says of a platform under a policy.

    :param starts: whether the platform comes up at all.
    :param attempts: how many calls and device accesses were made.
    :param idle: the VirtIO links that do not work.
    """

    policy: str
    starts: bool
    attempts: int
    harms: tuple[Harm, ...]
    idle: tuple[Idle, ...]


class _Given(Shape):
    """A platform of which the names and devices are given."""

    given: Platform

    def platform(self) -> Platform:
        return self.given


def examination(platform: Platform, policy: Policy) -> Examination:
    """Search a platform for interference, and for links that do not work.

    :raises ValueError: it has more than :data:`MOST_DOMAINS` domains.
    """
    if len(platform.domains) > MOST_DOMAINS:
        raise ValueError(f"{len(platform.domains)} domains, expected at most {MOST_DOMAINS}")
    model = PrivilegeModel(catalogue(), policy)
    if not comes_up(boot(platform, policy.switches)):
        return Examination(policy.name, False, 0, (), ())
    examined = examine(platform, policy)
    found = {(by, kind): Harm(by, kind, trace) for by, kind, trace in examined.found}
    for harm in _through_links(platform, model):
        found.setdefault((harm.by, harm.kind), harm)
    harms = tuple(found[key] for key in sorted(found))
    return Examination(policy.name, True, examined.attempts, harms, tuple(_idle(platform, model)))


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
                    yield Harm(by, kind, composition.told(shape, subject, target, found & bits, title))


def _idle(platform: Platform, model: PrivilegeModel) -> Iterator[Idle]:
    for link in _virtio(platform):
        made, completes = serve(model, platform, link)
        if not completes:
            title = f"no request completes on the link from {link.backend} to {link.frontend}"
            yield Idle(link, tell(title, platform, (), made))
