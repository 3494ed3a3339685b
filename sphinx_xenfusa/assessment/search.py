"""Platforms near a given one: the smallest changes that make it compatible, and what becomes of it after each change.

Both are found by search: every candidate is assessed like the platform itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sphinx_xenfusa.assessment.assess import Assessment, assess
from sphinx_xenfusa.assessment.changes import Change, changes, to_criticality
from sphinx_xenfusa.assessment.checks import judge_checks
from sphinx_xenfusa.assessment.judgement import Compatibility, Judgement
from sphinx_xenfusa.assessment.rules import judge_rules
from sphinx_xenfusa.model.vocabulary import Criticality
from sphinx_xenfusa.platforms.configuration import Configuration

MOST_CHANGES = 3
"""Changes at once that are tried."""
MOST_CANDIDATES = 20_000
"""Sets of changes that are held against the rules."""
MOST_WORK = 20_000
"""Sets of changes times the domains, devices and links of the platform that they are tried on: half a minute."""
MOST_SEARCHED = 200
"""Candidates that the rules accept and that are searched for interference."""
MOST_EXPLORED = 150
"""Domains, devices and links of a platform around which others are tried."""
MOST_ASSIGNED = 8
"""Domains of which every assignment of criticality is tried; of more, one domain is changed at a time."""


@dataclass(frozen=True)
class Repairs:
    """The smallest sets of changes that make a platform compatible.

    :param sets: all of the smallest size, in the order of the configuration; empty if none was found.
    :param tried: how many sets were held against the rules.
    :param complete: whether all sets up to that size were tried; else a limit was hit.
    """

    sets: tuple[tuple[Change, ...], ...]
    tried: int
    complete: bool


@dataclass(frozen=True)
class Neighbour:
    """A platform near the given one.

    :param words: what is changed.
    """

    words: str
    assessment: Assessment

    @property
    def safe(self) -> frozenset[str]:
        """Its SafeVMs."""
        domains = self.assessment.configuration.domains
        return frozenset(one.name for one in domains if one.criticality.value is Criticality.SAFE)

    @property
    def compatibility(self) -> Compatibility:
        """Whether it is compatible."""
        return self.assessment.compatibility


@dataclass(frozen=True)
class Answer:
    """Whether a domain may be a SafeVM.

    :param compatibility: the best that comes of any platform that was tried with it as a SafeVM.
    :param beside: the other SafeVMs of such a platform, one with as few as there can be.
    :param always: whether every compatible platform has it as a SafeVM; known only if every assignment was tried.
    :param because: what stands against it, or what has to be said first.
    """

    domain: str
    compatibility: Compatibility
    beside: tuple[str, ...]
    always: bool
    because: tuple[str, ...]


def too_large(configuration: Configuration) -> str:
    """Why a platform is not explored, in words; empty if it is."""
    size = _size(configuration)
    return f"{size} domains, devices and links; up to {MOST_EXPLORED} are explored" if size > MOST_EXPLORED else ""


def repairs(assessment: Assessment, most: int = MOST_CANDIDATES) -> Repairs:
    """The smallest sets of changes after which nothing is broken, nothing is open, and no interference is found.

    Only what is open in the given platform may stay open: a change that nobody can judge is no repair.

    :param most: how many sets are held against the rules.
    """
    if assessment.compatibility is not Compatibility.NOT_COMPATIBLE:
        return Repairs((), 0, complete=True)
    configuration = assessment.configuration
    offered = list(changes(configuration))
    most = min(most, max(1, MOST_WORK // _size(configuration)))
    tried = searched = 0
    for size in range(1, MOST_CHANGES + 1):
        found: list[tuple[Change, ...]] = []
        for chosen in itertools.combinations(offered, size):
            if len({one.key for one in chosen}) < size:
                continue
            tried += 1
            if tried > most or searched >= MOST_SEARCHED:
                return Repairs(tuple(found), tried, complete=False)
            candidate = applied(configuration, chosen)
            if not _accepted(candidate, assessment):
                continue
            searched += 1
            if assess(candidate).compatibility is not Compatibility.NOT_COMPATIBLE:
                found.append(chosen)
        if found:
            return Repairs(tuple(found), tried, complete=True)
    return Repairs((), tried, complete=True)


def _size(configuration: Configuration) -> int:
    return len(configuration.domains) + len(configuration.devices) + len(configuration.links)


def applied(configuration: Configuration, chosen: Sequence[Change]) -> Configuration:
    """A configuration with changes."""
    for one in chosen:
        configuration = one.apply(configuration)
    return configuration


def _accepted(candidate: Configuration, before: Assessment) -> bool:
    """Whether no rule and no check is broken, and none is open that was not open before."""
    open_before = {one.id for one in before.judged if one.judgement is Judgement.CANNOT_TELL}
    rules = tuple(judge_rules(candidate))
    judged = (*rules, *judge_checks(candidate, {one.id: one for one in rules}))
    return all(
        one.judgement is not Judgement.BROKEN and (one.judgement is not Judgement.CANNOT_TELL or one.id in open_before)
        for one in judged
    )


def neighbours(configuration: Configuration) -> Iterator[Neighbour]:
    """The platform as it is, and every platform that differs from it in one thing."""
    yield Neighbour("as it is", assess(configuration))
    for one in changes(configuration):
        yield Neighbour(one.words, assess(one.apply(configuration)))


def criticalities(configuration: Configuration) -> Iterator[Neighbour]:
    """Which domains may be SafeVMs: every assignment of criticality, SafeVMs with a safety-critical task, most of them first.

    Of more than :data:`MOST_ASSIGNED` domains, the platform as it is and each domain the other way round.
    """
    names = [one.name for one in configuration.domains]
    if len(names) > MOST_ASSIGNED:
        yield Neighbour("as it is", assess(configuration))
        for one in changes(configuration):
            if one.key[0] == "criticality":
                yield Neighbour(one.words, assess(one.apply(configuration)))
        return
    for size in range(len(names), -1, -1):
        for safe in itertools.combinations(names, size):
            chosen = [to_criticality(name, Criticality.SAFE if name in safe else Criticality.UNSAFE) for name in names]
            words = f"SafeVMs: {', '.join(safe) or 'none'}"
            yield Neighbour(words, assess(applied(configuration, chosen)))


def against(assessment: Assessment) -> tuple[str, ...]:
    """What stands against a platform, in words: rules, interference, links that do not work."""
    broken = [judged.id for judged in assessment.judged if judged.judgement is Judgement.BROKEN]
    harms = {harm.words: None for it in assessment.examinations for harm in it.harms}
    idle = {f"{it.link.backend} to {it.link.frontend}": None for at in assessment.examinations for it in at.idle}
    found = [f"breaks {', '.join(broken)}"] if broken else []
    found += [f"interference by {', '.join(harms)}"] if harms else []
    found += [f"no request completes from {', '.join(idle)}"] if idle else []
    found += [f"not searched: {assessment.not_examined}"] if assessment.not_examined else []
    return tuple(found)


def answers(configuration: Configuration, found: Sequence[Neighbour]) -> Iterator[Answer]:
    """For each domain whether it may be a SafeVM.

    :param found: what :func:`criticalities` gave.
    """
    every = len(configuration.domains) <= MOST_ASSIGNED
    compatible = [one for one in found if one.compatibility is Compatibility.COMPATIBLE]
    for domain in configuration.domains:
        safe = [one for one in found if domain.name in one.safe]
        always = every and bool(compatible) and all(domain.name in one.safe for one in compatible)
        for wanted in (Compatibility.COMPATIBLE, Compatibility.CANNOT_TELL, Compatibility.NOT_COMPATIBLE):
            fitting = [one for one in safe if one.compatibility is wanted]
            if fitting:
                best = min(fitting, key=lambda one: (len(against(one.assessment)), len(one.safe)))
                yield Answer(
                    domain.name,
                    wanted,
                    tuple(one.name for one in configuration.domains if one.name in best.safe and one is not domain),
                    always,
                    _because(best.assessment),
                )
                break


def _because(assessment: Assessment) -> tuple[str, ...]:
    if assessment.compatibility is Compatibility.CANNOT_TELL:
        return tuple(one.what for one in assessment.asked)
    return against(assessment)
