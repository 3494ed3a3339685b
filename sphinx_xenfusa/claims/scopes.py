"""The platforms over which a claim is checked, symmetric ones once, and their number by a second method.

Two platforms that differ only in the order or the names of their domains are one platform.  The enumeration takes multisets
of domain kinds; the recount takes Burnside's lemma over the permutations of the domains and shares no code with it.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections import Counter
from collections.abc import Iterator

from sphinx_xenfusa.explore.verdict import Scope
from sphinx_xenfusa.model.platform import Domain, Platform
from sphinx_xenfusa.model.vocabulary import Capability, Criticality

MOST_DOMAINS = 4
"""Scope A: platforms of 1 to this many domains."""
SMALL = 2
"""Mutants are told apart on platforms of at most this many domains."""

ASSUMPTIONS = (
    "Xen and the hardware are correct",
    "no links between the domains (VirtIO, Argo, shared memory) and no passthrough",
    "no xenstore domain and no target-holder",
    "arguments are well-formed",
)

_CAPABILITIES = tuple(
    frozenset(chosen) for size in range(3) for chosen in itertools.combinations(sorted(Capability), size)
)


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
    """All platforms of 1 to ``most`` domains, smallest first, symmetric ones once."""
    return (named(chosen) for chosen in _multisets(most, safety_tasks))


def _multisets(most: int, safety_tasks: bool) -> Iterator[tuple[Domain, ...]]:
    kinds = domain_kinds(safety_tasks=safety_tasks)
    for size in range(1, most + 1):
        yield from itertools.combinations_with_replacement(kinds, size)


def representatives(platform: Platform) -> tuple[int, ...]:
    """One position for each kind of domain that occurs: domains of one kind are interchangeable."""
    first: dict[str, int] = {}
    for position, domain in enumerate(platform.domains):
        first.setdefault(_base_name(domain), position)
    return tuple(first.values())


def pairs(platform: Platform) -> Iterator[tuple[int, int]]:
    """One (subject, target) for each pair of kinds that occurs, a domain towards itself included."""
    for subject in representatives(platform):
        yield subject, subject
        seen = set()
        for target, domain in enumerate(platform.domains):
            kind = _base_name(domain)
            if target != subject and kind not in seen:
                seen.add(kind)
                yield subject, target


def burnside(kinds: int, most: int) -> int:
    """The number of platforms of 1 to ``most`` domains of so many kinds, up to the order of the domains.

    Burnside's lemma: the mean, over all permutations of the domains, of the number of assignments that the permutation
    leaves unchanged, which is ``kinds`` to the number of its cycles.
    """
    total = 0
    for size in range(1, most + 1):
        fixed = sum(kinds ** _cycles(permutation) for permutation in itertools.permutations(range(size)))
        total += fixed // math.factorial(size)
    return total


def _cycles(permutation: tuple[int, ...]) -> int:
    left = set(range(len(permutation)))
    count = 0
    while left:
        count += 1
        start = at = left.pop()
        while (at := permutation[at]) != start:
            left.remove(at)
    return count


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
