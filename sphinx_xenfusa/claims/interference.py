"""Interference with a SafeVM: who the adversaries are, what of a step counts, and the search on one platform.

M (memory) and C (control) can be seen here, on one call.  T (time), X and L (exchange) go through a link: what a link lets its
misbehaving end do is the table of :mod:`sphinx_xenfusa.claims.link_interference`, and the platform as a whole is put together in
:mod:`sphinx_xenfusa.claims.composition`.

Source: the project's semantics, "Adversary" and "SafeVM state and interference"; ISO 26262-6, Annex D.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sphinx_xenfusa.claims.attempts import (
    Decisions,
    PrivilegeModel,
    Reach,
    Situation,
    arranged,
    owner_name,
    reaches,
    tries,
)
from sphinx_xenfusa.claims.privilege_claims import told_of
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.model.effects import PLATFORM, Touch
from sphinx_xenfusa.model.operations import Operation, catalogue
from sphinx_xenfusa.model.platform import Platform, safe_vms, unsafe_vms
from sphinx_xenfusa.model.policies import Policy, runs_backend
from sphinx_xenfusa.model.vocabulary import Capability


class Interference(StrEnum):
    """What is done to a SafeVM."""

    MEMORY = "M"
    """Its private memory is changed, or mapped by another, without a step or a consent of its own."""
    TIME = "T"
    """One of its vCPUs cannot take a step until an adversary acts."""
    CONTROL = "C"
    """It, or the platform below it, is stopped, restarted, or configured anew."""
    EXCHANGE = "X"
    """It takes data that are outside the contract of a link."""
    LINK = "L"
    """The service of one link is lost, and nothing else."""


def adversaries(platform: Platform) -> frozenset[str]:
    """A2: the UnsafeVMs, and every domain that runs a backend and holds no control, whatever its criticality."""
    backends = {one.name for one in platform.domains if runs_backend(platform, one) and not one.has(Capability.CONTROL)}
    return unsafe_vms(platform) | backends


def victims(platform: Platform) -> frozenset[str]:
    """The SafeVMs that are no adversaries."""
    return safe_vms(platform) - adversaries(platform)


_KINDS = {
    "memory": Interference.MEMORY,
    "mapped": Interference.MEMORY,
    "life-cycle": Interference.CONTROL,
    "restarted": Interference.CONTROL,
    "configuration": Interference.CONTROL,
    "power": Interference.CONTROL,
}
"""By the first word of what changed.  To be read, and what a console shows, disturbs nobody's task."""


def interference(platform: Platform, subject: int, touches: Iterable[Touch]) -> tuple[Interference, Touch] | None:
    """The first interference that a step of ``subject`` did to a victim, or to the platform while there is one."""
    harmed = {platform.position(name) for name in victims(platform)}
    if harmed:
        harmed.add(PLATFORM)
    for touch in touches:
        kind = _KINDS.get(touch.field.split(" ", 1)[0])
        if kind is not None and touch.owner in harmed - {subject} and touch.offered_to != subject:
            return kind, touch
    return None


Found = tuple[Interference, Touch, Operation, Reach]
"""What is done to whom, by which operation, from where."""


def interferences(model: PrivilegeModel, situation: Situation, decisions: Decisions) -> Iterator[Found]:
    """Every step that the policy lets one domain take towards another and that interferes with a victim."""
    for behaviour, decision in decisions.of(situation):
        if decision.allowed:
            for reach in reaches(model, situation, behaviour.operation):
                seen = interference(situation.platform, situation.pair[0], reach.touches)
                if seen is not None:
                    yield (*seen, behaviour.operation, reach)


@dataclass(frozen=True)
class Examined:
    """What the search for interference on one platform came to.

    :param policy: the policy's name.
    :param pairs: how many pairs of an adversary and a domain, itself included, were tried.
    :param attempts: how many calls and device accesses were let through and made.
    :param found: for each adversary and kind of interference the first trace, which has one step.
    """

    policy: str
    pairs: int
    attempts: int
    found: tuple[tuple[str, Interference, Trace], ...]


def examine(platform: Platform, policy: Policy) -> Examined:
    """Search one platform for interference of its adversaries with its SafeVMs.

    Every adversary tries every operation and every device access, with every argument, towards itself and every other domain,
    from every arrangement of the two.  No two adversaries in turn: a step of one gives no other a privilege.
    """
    model = PrivilegeModel(catalogue(), policy)
    decisions = Decisions(model)
    found: dict[tuple[str, Interference], Trace] = {}
    pairs = attempts = 0
    for name in sorted(adversaries(platform)) if victims(platform) else ():
        subject = platform.position(name)
        for target in range(len(platform.domains)):
            situation = arranged(platform, (subject, target))
            pairs += 1
            attempts += sum(
                tries(situation, one.operation) for one, decision in decisions.of(situation) if decision.allowed
            )
            for kind, touch, operation, reach in interferences(model, situation, decisions):
                title = f"{name} issues {operation.name}: {owner_name(platform, touch.owner)}, {touch.field} ({kind})"
                found.setdefault((name, kind), told_of(model, situation, operation, reach, title))
    return Examined(policy.name, pairs, attempts, tuple((*key, trace) for key, trace in found.items()))
