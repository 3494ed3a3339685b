"""The platforms over which a claim is checked, symmetric ones once, and their number by a second method.

Scope A: platforms of 1 to 4 domains, without links.  Scope B: the same with at most two VirtIO links, at most one from a domain
to another, each with or without grants and with or without the non-blocking registers.  Two platforms that differ only in the
order or the names of their domains are one platform.  The enumeration takes multisets of kinds of domain and, for each, the
sets of links that no renaming turns into each other; the recount takes Burnside's lemma over the permutations of the domains
and shares no code with it.

A claim about what one domain may do to another looks at *pairs of domains*.  Neither the decision nor an effect looks at more
of a platform than :class:`View` names, so that two pairs of the same view are told apart by nothing in the model.  Each view
that occurs on a platform of the scope is checked on a smallest platform on which it occurs.  ``tests/claims`` compares that
with every pair of every platform of up to two domains, and of three domains with links.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sphinx_xenfusa.explore.verdict import Scope
from sphinx_xenfusa.model.platform import Device, Domain, Link, Platform
from sphinx_xenfusa.model.policies import runs_backend, virtio_links
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, Protocol

MOST_DOMAINS = 4
"""Platforms of 1 to this many domains."""
MOST_LINKS = 2
"""Scope B: at most this many VirtIO links."""
SMALL = 2
"""Mutants are told apart on platforms of at most this many domains."""

ASSUMPTIONS = (
    "Xen and the hardware are correct",
    "every device is behind an IOMMU and none reaches the platform, unless Xen gives it to the Hardware Domain so",
    "no xenstore domain",
    "arguments are well-formed",
)

_CAPABILITIES = tuple(
    frozenset(chosen) for size in range(3) for chosen in itertools.combinations(sorted(Capability), size)
)
_EXTENSIONS = tuple(itertools.product((False, True), repeat=2))
"""With grants, with the non-blocking registers."""


def domain_kinds(*, safety_tasks: bool) -> tuple[Domain, ...]:
    """All kinds of domain: capabilities times criticality, and with ``safety_tasks`` times whether a safety task runs."""
    tasks = (False, True) if safety_tasks else (False,)
    return tuple(
        Domain("", capabilities, criticality, task)
        for capabilities in _CAPABILITIES
        for criticality in Criticality
        for task in tasks
    )


def _base_name(kind: Domain) -> str:
    names = {
        frozenset(): "domu",
        frozenset({Capability.HARDWARE}): "hwdom",
        frozenset({Capability.CONTROL}): "ctrldom",
        frozenset(Capability): "dom0",
    }
    return f"{names[kind.capabilities]}_{kind.criticality}{'_task' if kind.safety_tasks else ''}"


def named(kinds: tuple[Domain, ...]) -> Platform:
    """A platform of domains of these kinds, with names that tell the kind."""
    times = Counter(_base_name(kind) for kind in kinds)
    seen: Counter[str] = Counter()
    domains = []
    for kind in kinds:
        name = _base_name(kind)
        seen[name] += 1
        full = f"{name}_{seen[name]}" if times[name] > 1 else name
        domains.append(Domain(full, kind.capabilities, kind.criticality, kind.safety_tasks, kind.xenstore))
    return Platform(tuple(domains))


def platforms(most: int, *, safety_tasks: bool = False) -> Iterator[Platform]:
    """All platforms of 1 to ``most`` domains without links, smallest first, symmetric ones once."""
    return (named(chosen) for chosen in _multisets(most, safety_tasks))


def _multisets(most: int, safety_tasks: bool) -> Iterator[tuple[Domain, ...]]:
    kinds = domain_kinds(safety_tasks=safety_tasks)
    for size in range(1, most + 1):
        yield from itertools.combinations_with_replacement(kinds, size)


# --- links ----------------------------------------------------------------------------------------------------------

Edge = tuple[int, int, bool, bool]
"""A VirtIO link between positions: backend, frontend, with grants, non-blocking."""


@functools.cache
def link_sets(size: int, most: int) -> tuple[tuple[Edge, ...], ...]:
    """All sets of at most ``most`` links between so many domains, fewest first, at most one from one domain to another."""
    ends = list(itertools.permutations(range(size), 2))
    return tuple(
        tuple(
            (backend, frontend, grants, nonblocking)
            for (backend, frontend), (grants, nonblocking) in zip(chosen, choice, strict=True)
        )
        for count in range(most + 1)
        for chosen in itertools.combinations(ends, count)
        for choice in itertools.product(_EXTENSIONS, repeat=count)
    )


def with_links(platform: Platform, edges: tuple[Edge, ...]) -> Platform:
    """The platform with these links; each backend has a device of its own by passthrough, unless all devices are its own."""
    names = [domain.name for domain in platform.domains]
    backends = sorted({edge[0] for edge in edges})
    devices = tuple(
        Device(f"device_{names[one]}", () if platform.domains[one].has(Capability.HARDWARE) else (names[one],))
        for one in backends
    )
    links = tuple(
        Link(Protocol.VIRTIO, names[backend], names[frontend], f"device_{names[backend]}", grants, nonblocking)
        for backend, frontend, grants, nonblocking in edges
    )
    return Platform(platform.domains, devices, links, platform.architecture)


def platforms_with_links(most: int, most_links: int = MOST_LINKS) -> Iterator[Platform]:
    """All platforms of 1 to ``most`` domains with at most ``most_links`` VirtIO links, smallest first, symmetric ones once."""
    return (shape.platform() for shape in shapes(most, most_links))


class Shape(NamedTuple):
    """A platform before it is written out: the kinds of its domains, and its VirtIO links between positions."""

    kinds: tuple[Domain, ...]
    edges: tuple[Edge, ...]

    def platform(self) -> Platform:
        """The platform, with names and devices."""
        return with_links(named(self.kinds), self.edges)


def shapes(most: int, most_links: int = MOST_LINKS) -> Iterator[Shape]:
    """The same platforms before they are written out, in the same order."""
    return (Shape(kinds, edges) for kinds, sets in families(most, most_links) for edges in sets)


def families(
    most: int, most_links: int = MOST_LINKS
) -> Iterator[tuple[tuple[Domain, ...], tuple[tuple[Edge, ...], ...]]]:
    """The same platforms, those of the same domains together: the kinds of the domains, and all sets of links between them."""
    for kinds in _multisets(most, safety_tasks=False):
        yield kinds, _unlike_link_sets(tuple(kinds.index(kind) for kind in kinds), most_links)


@functools.cache
def size_of_b() -> tuple[int, int]:
    """The number of platforms of scope B, counted twice: by enumeration, and by Burnside's lemma."""
    counted = sum(len(sets) for _, sets in families(MOST_DOMAINS))
    return counted, burnside(len(_CAPABILITIES) * len(Criticality), MOST_DOMAINS, MOST_LINKS)


@functools.cache
def _unlike_link_sets(alike: tuple[int, ...], most_links: int) -> tuple[tuple[Edge, ...], ...]:
    """The sets of links that no renaming of like domains turns into each other.

    :param alike: for each domain the first domain of its kind.
    """
    renamings = [
        renaming
        for renaming in itertools.permutations(range(len(alike)))
        if all(alike[old] == alike[new] for old, new in enumerate(renaming))
    ]
    return tuple(
        edges
        for edges in link_sets(len(alike), most_links)
        if all(edges <= _renamed(edges, renaming) for renaming in renamings)
    )


def _renamed(edges: tuple[Edge, ...], renaming: tuple[int, ...]) -> tuple[Edge, ...]:
    return tuple(
        sorted(
            (renaming[backend], renaming[frontend], grants, nonblocking)
            for backend, frontend, grants, nonblocking in edges
        )
    )


# --- pairs of domains -----------------------------------------------------------------------------------------------


class View(NamedTuple):
    """All that decision and effects look at when one domain tries an operation towards another.

    :param subject: the capabilities of the one that tries.
    :param target: capabilities and criticality of the other; ``None`` for a domain towards itself.
    :param company: how many domains there are: one, two, or more.
    :param control: whether any domain holds the control capability.
    :param link: the extensions of the link on which the subject serves the target; ``None`` without such a link.
    :param serves: whether the subject runs a backend, and whether that needs a privilege towards anybody but the target; both of
        a subject without control.
    :param served: whether the target runs a backend.
    """

    subject: frozenset[Capability]
    target: tuple[frozenset[Capability], Criticality] | None
    company: int
    control: bool
    link: tuple[bool, bool] | None
    serves: tuple[bool, bool]
    served: bool


def view(platform: Platform, subject: int, target: int) -> View:
    """What the model can tell of a pair of domains of a platform."""
    caller, other = platform.domains[subject], platform.domains[target]
    # Full privileges are all privileges: what such a domain serves gives it nothing.
    links = [] if caller.has(Capability.CONTROL) else list(virtio_links(platform, caller.name))
    between = next((one for one in links if one.frontend == other.name), None)
    elsewhere = any(one.frontend != other.name and not (one.grants and one.nonblocking) for one in links)
    return View(
        subject=caller.capabilities,
        target=None if subject == target else (other.capabilities, other.criticality),
        company=min(len(platform.domains), 3),
        control=bool(platform.holders(Capability.CONTROL)),
        link=None if between is None else (between.grants, between.nonblocking),
        serves=(bool(links), elsewhere),
        served=runs_backend(platform, other),
    )


@dataclass(frozen=True)
class Pair:
    """A pair of domains on a smallest platform on which its view occurs."""

    platform: Platform
    subject: int
    target: int


@functools.cache
def pairs(most: int, most_links: int) -> tuple[Pair, ...]:
    """One pair for each view that occurs on a platform of the scope, smallest platform first.

    What a set of links does to the first two domains does not depend on the kinds of the domains, so that each shape of links
    is laid over all kinds; of the other domains only matters whether one holds the control capability.
    """
    found: dict[View, Pair] = {}
    for size in range(1, most + 1):
        for edges in _telling(size, most_links):
            for kinds in _kinds_of_two(size):
                platform = with_links(named(kinds), edges)
                for subject, target in ((0, 0), (0, 1)) if size > 1 else ((0, 0),):
                    found.setdefault(view(platform, subject, target), Pair(platform, subject, target))
    return tuple(found.values())


@functools.cache
def _telling(size: int, most_links: int) -> tuple[tuple[Edge, ...], ...]:
    """The sets of links that differ in what they are to the first two domains, fewest links first."""
    kinds = (Domain("a"),) * size
    platform = named(kinds)
    different: dict[tuple[View, ...], tuple[Edge, ...]] = {}
    for edges in link_sets(size, most_links):
        linked = with_links(platform, edges)
        views = tuple(view(linked, 0, target) for target in range(min(size, 2)))
        different.setdefault(views, edges)
    return tuple(different.values())


def _kinds_of_two(size: int) -> Iterator[tuple[Domain, ...]]:
    """Kinds for the first two domains, and for the rest plain DomUs, or one Control Domain among them."""
    kinds = domain_kinds(safety_tasks=False)
    subjects = [kind for kind in kinds if kind.criticality is Criticality.UNSAFE]
    if size == 1:
        yield from ((subject,) for subject in subjects)
        return
    plain = Domain("", frozenset(), Criticality.UNSAFE)
    control = Domain("", frozenset({Capability.CONTROL}), Criticality.SAFE)
    for subject, target in itertools.product(subjects, kinds):
        yield (subject, target, *(plain,) * (size - 2))
        if size > 2:
            yield (subject, target, *(plain,) * (size - 3), control)


# --- sizes ----------------------------------------------------------------------------------------------------------


def burnside(kinds: int, most: int, most_links: int = 0) -> int:
    """The number of platforms of 1 to ``most`` domains of so many kinds, up to the order of the domains.

    Burnside's lemma: the mean, over all permutations of the domains, of the number of platforms that the permutation leaves
    unchanged: ``kinds`` to the number of its cycles, times the sets of links that are unions of its cycles on the pairs.
    """
    total = 0
    for size in range(1, most + 1):
        fixed = sum(
            kinds ** len(_cycles(permutation, range(size))) * _link_sets_fixed(permutation, most_links)
            for permutation in itertools.permutations(range(size))
        )
        total += fixed // math.factorial(size)
    return total


def _cycles(permutation: tuple[int, ...], points: range) -> list[int]:
    """The lengths of the cycles of a permutation."""
    left = set(points)
    lengths = []
    while left:
        start = at = left.pop()
        length = 1
        while (at := permutation[at]) != start:
            left.remove(at)
            length += 1
        lengths.append(length)
    return lengths


def _link_sets_fixed(permutation: tuple[int, ...], most_links: int) -> int:
    """How many sets of at most so many links a permutation of the domains leaves unchanged.

    All links of a cycle of ordered pairs have the same extensions: the coefficients of a product of polynomials.
    """
    size = len(permutation)
    ends = [(one, other) for one in range(size) for other in range(size) if one != other]
    moved = tuple(ends.index((permutation[one], permutation[other])) for one, other in ends)
    ways = [1] + [0] * most_links
    for length in _cycles(moved, range(len(ends))):
        ways = [
            ways[count] + (len(_EXTENSIONS) * ways[count - length] if count >= length else 0)
            for count in range(most_links + 1)
        ]
    return sum(ways)


@functools.cache
def scope_a(words: str, *, safety_tasks: bool = False) -> Scope:
    """Scope A (capabilities × criticality, 1 to 4 domains), with its size counted twice."""
    kinds = len(_CAPABILITIES) * len(Criticality) * (2 if safety_tasks else 1)
    shape = "capabilities × criticality" + (" × safety task" if safety_tasks else "")
    return Scope(
        name="A" + (" with safety tasks" if safety_tasks else ""),
        words=f"all platforms of 1 to {MOST_DOMAINS} domains ({shape}); {words}",
        platforms=sum(1 for _ in _multisets(MOST_DOMAINS, safety_tasks)),
        recount=burnside(kinds, MOST_DOMAINS),
        assumptions=ASSUMPTIONS,
    )


@functools.cache
def scope_b(words: str) -> Scope:
    """Scope B (scope A with at most two VirtIO links), with its size counted twice."""
    counted, recount = size_of_b()
    views = len(pairs(MOST_DOMAINS, MOST_LINKS))
    return Scope(
        name="B",
        words=f"all platforms of 1 to {MOST_DOMAINS} domains (capabilities × criticality) with at most {MOST_LINKS} VirtIO "
        f"links, each with or without grants and with or without non-blocking registers; {words}; their pairs of domains look "
        f"to the model in {views:,} ways, and each was tried on a smallest platform on which it occurs",
        platforms=counted,
        recount=recount,
        assumptions=ASSUMPTIONS,
    )
