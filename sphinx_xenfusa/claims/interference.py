"""Interference with a SafeVM: who the adversaries are, what of a step counts, and the search on one platform.

M (memory) and C (control) can be seen here; T (time) and X and L (exchange) need the model of the channels themselves.

Source: the project's semantics, "Adversary" and "SafeVM state and interference"; ISO 26262-6, Annex D.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sphinx_xenfusa.claims.attempts import (
    Arrangement,
    Attempt,
    Decisions,
    PrivilegeModel,
    Situation,
    arranged,
    carried_out,
    owner_name,
    tell,
)
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
    CONTROL = "C"
    """It, or the platform below it, is stopped, restarted, or configured anew."""


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


def interference(platform: Platform, made: Attempt) -> tuple[Interference, Touch] | None:
    """The first interference that an attempt did to a victim, or to the platform while there is one."""
    harmed = {platform.position(name) for name in victims(platform)}
    if harmed:
        harmed.add(PLATFORM)
    for touch in made.touches:
        kind = _KINDS.get(touch.field.split(" ", 1)[0])
        consented = touch.offered_to == made.subject
        if kind is not None and touch.owner in harmed and touch.owner != made.subject and not consented:
            return kind, touch
    return None


def allowed_attempts(
    model: PrivilegeModel, situation: Situation, decisions: Decisions
) -> Iterator[tuple[Operation, Arrangement, Attempt]]:
    """Everything that the policy lets one domain do towards another, from every arrangement of the two."""
    for behaviour, decision in decisions.of(situation):
        operation = behaviour.operation
        if not decision.allowed:
            continue
        for arrangement in situation.arrangements:
            for argument in operation.arguments:
                system, pair = arrangement.system, situation.pair
                yield (
                    operation,
                    arrangement,
                    carried_out(model, situation.platform, system, pair, operation, argument, decision),
                )


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
    found: dict[tuple[str, Interference], Trace] = {}
    decisions = Decisions(model)
    pairs = attempts = 0
    for name in sorted(adversaries(platform)) if victims(platform) else ():
        subject = platform.position(name)
        for target in range(len(platform.domains)):
            pairs += 1
            for operation, arrangement, made in allowed_attempts(
                model, arranged(platform, (subject, target)), decisions
            ):
                attempts += 1
                seen = interference(platform, made)
                if seen is not None:
                    kind, touch = seen
                    title = (
                        f"{name} issues {operation.name}: {owner_name(platform, touch.owner)}, {touch.field} ({kind})"
                    )
                    found.setdefault((name, kind), tell(title, platform, arrangement.told, [made]))
    return Examined(policy.name, pairs, attempts, tuple((*key, trace) for key, trace in found.items()))
