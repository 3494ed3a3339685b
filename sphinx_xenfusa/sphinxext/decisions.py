"""Who may do what under which policy, and which divergence makes the difference from the document: decided anew, call by call.

For every operation that has a handler in Xen, every caller that stands for others and every target of it, each policy is asked
for its decision.  Where it lets a call through that the document refuses, or the other way, the policy is asked again with all
its divergences repaired; then they are put back one after the other for as long as the difference stays away.  Those that cannot
be put back explain it: none of them can be left out.  Where the difference stays although everything is repaired, nothing
explains it, and that is said.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sphinx_xenfusa.model.decision import Relation
from sphinx_xenfusa.model.operations import Operation, TargetParameter
from sphinx_xenfusa.model.policies import POLICIES, SPECIFICATION, Policy, relation
from sphinx_xenfusa.terms.callers import CALLERS, ITSELF, Answer, Caller, answers, implemented

Explanation = frozenset[str]
"""The divergences that together make a difference; none where nothing explains it."""


@dataclass(frozen=True, slots=True)
class Row:
    """Callers that get the same of an operation, whatever the policy.

    :param answers: what they get, by policy.
    :param differences: by policy what explains that a call is let through or refused otherwise than in the document, each once.
    """

    operation: Operation
    callers: tuple[Caller, ...]
    answers: Mapping[str, tuple[Answer, ...]]
    differences: Mapping[str, tuple[Explanation, ...]]

    @property
    def is_unexplained(self) -> bool:
        """Whether some difference of it has no explanation."""
        return any(not one for told in self.differences.values() for one in told)


@dataclass(frozen=True)
class Decisions:
    """All rows, and how many decisions were taken for them.

    :param rows: in the order of the catalogue.
    :param taken: the decisions of all policies on calls.
    :param different: by policy, the calls that it decides otherwise than the document.
    :param unexplained: those of them that nothing explains.
    """

    rows: tuple[Row, ...]
    taken: int
    different: Mapping[str, int]
    unexplained: Mapping[str, int]


@functools.cache
def decisions() -> Decisions:
    """Take all decisions; the same in every build with the same model."""
    taken, different, unexplained = 0, dict.fromkeys(POLICIES, 0), dict.fromkeys(POLICIES, 0)
    rows: list[Row] = []
    for operation in implemented():
        told: dict[str, dict[str, dict[Explanation, None]]] = {}
        for caller in CALLERS:
            mine = told.setdefault(caller.words, {name: {} for name in POLICIES})
            for target in _targets(caller, operation):
                for name, policy in POLICIES.items():
                    taken += 1
                    why = _difference(caller, target, operation, policy)
                    if why is not None:
                        different[name] += 1
                        unexplained[name] += not why
                        mine[name][why] = None
        rows += _rows(operation, told)
    return Decisions(tuple(rows), taken, different, unexplained)


def _rows(operation: Operation, told: Mapping[str, Mapping[str, Mapping[Explanation, None]]]) -> Iterator[Row]:
    """The callers that get the same share a row, with all that explains a difference of one of them."""
    alike: dict[tuple[tuple[Answer, ...], ...], list[Caller]] = {}
    for caller in CALLERS:
        alike.setdefault(tuple(answers(caller, operation, policy) for policy in POLICIES.values()), []).append(caller)
    for got, callers in alike.items():
        why = {
            name: tuple(sorted({one for caller in callers for one in told[caller.words][name]}, key=sorted))
            for name in POLICIES
        }
        yield Row(operation, tuple(callers), dict(zip(POLICIES, got, strict=True)), why)


def _targets(caller: Caller, operation: Operation) -> tuple[str, ...]:
    """The names of the domains towards which a caller is asked; itself for an operation without a target."""
    if operation.target is TargetParameter.NONE:
        return (caller.name,)
    return tuple(name for _, name in ((ITSELF, caller.name), *caller.targets))


def _difference(caller: Caller, target: str, operation: Operation, policy: Policy) -> Explanation | None:
    """What explains that a policy decides a call otherwise than the document; ``None`` where it does not."""
    wanted = _allows(caller, target, operation, SPECIFICATION)

    def is_away(repaired: frozenset[str]) -> bool:
        return _allows(caller, target, operation, policy, repaired) is wanted

    if is_away(frozenset()):
        return None
    if not is_away(policy.switches):
        return frozenset()
    needed = policy.switches
    for one in sorted(policy.switches, key=lambda name: int(name[1:])):
        needed = needed - {one} if is_away(needed - {one}) else needed
    return needed


def _allows(
    caller: Caller, target: str, operation: Operation, policy: Policy, repaired: frozenset[str] = frozenset()
) -> bool:
    asked = _relation(caller, target, operation.target is TargetParameter.NONE, policy.name, repaired)
    return _policy(policy.name, repaired).decide(operation, asked).allowed


@functools.cache
def _policy(name: str, repaired: frozenset[str]) -> Policy:
    return POLICIES[name].repaired(repaired)


@functools.cache
def _relation(caller: Caller, target: str, alone: bool, policy: str, repaired: frozenset[str]) -> Relation:
    """The relation of two domains, which of an operation depends on nothing but whether it takes a target."""
    example = _example(alone)
    platform = caller.platform
    return relation(platform, caller.position, platform.position(target), example, _policy(policy, repaired))


@functools.cache
def _example(alone: bool) -> Operation:
    return next(one for one in implemented() if (one.target is TargetParameter.NONE) is alone)
