"""One domain tries one operation: decision, effect, and the step of a trace that tells it."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from sphinx_xenfusa.claims.scopes import MOST_DOMAINS, MOST_LINKS, SMALL, Pair, pairs
from sphinx_xenfusa.explore.mutation import remembered
from sphinx_xenfusa.explore.trace import Change, Step, Trace
from sphinx_xenfusa.model import effects
from sphinx_xenfusa.model.decision import Decision, Relation
from sphinx_xenfusa.model.effects import (
    PLATFORM,
    Call,
    DomainState,
    Life,
    Offer,
    Offered,
    System,
    Touch,
    Transformer,
    apply,
    touched,
)
from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.operations import Catalogue, Operation, TargetParameter
from sphinx_xenfusa.model.platform import Domain, Link, Platform
from sphinx_xenfusa.model.policies import Policy, relation, relation_of, relation_to_none, runs_backend, virtio_links
from sphinx_xenfusa.model.vocabulary import Capability, Criticality


@dataclass(frozen=True)
class Behaviour:
    """Operations that the model does not tell apart: same check, same gates, same effect.  One stands for all.

    :param operation: the first of them.
    :param count: how many they are.
    """

    operation: Operation
    count: int


@dataclass(frozen=True)
class PrivilegeModel:
    """What the claims about privileges are made about: the catalogue and a policy."""

    catalogue: Catalogue
    policy: Policy

    @functools.cached_property
    def services(self) -> tuple[Behaviour, ...]:
        """The behaviours that are asked of Xen; the others are what devices do."""
        return tuple(one for one in self.behaviours if one.operation.is_service)

    @functools.cached_property
    def behaviours(self) -> tuple[Behaviour, ...]:
        """The implemented operations, grouped by everything that decision and effect read of them."""
        groups: dict[Operation, list[Operation]] = {}
        for operation in self.catalogue.operations:
            if operation.implemented:
                key = replace(operation, name="", hypercall="", hypercall_number=None, number=None, hook="", source="")
                groups.setdefault(replace(key, architectures=frozenset()), []).append(operation)
        return tuple(Behaviour(group[0], len(group)) for group in groups.values())


class Attempt(NamedTuple):
    """A call and what came of it.

    :param before: the state in which it was made.
    :param after: the state after it; the same object when nothing changed.
    :param code: what the caller got back.
    """

    platform: Platform
    subject: int
    target: int
    operation: Operation
    argument: str
    decision: Decision
    before: System
    after: System
    code: Code

    @property
    def touches(self) -> tuple[Touch, ...]:
        """What changed, with its owner."""
        return touched(self.before, self.after)


def initial(platform: Platform) -> System:
    """Every domain runs, nothing is mapped, nothing is offered, the machine is up."""
    return System(
        hardware=frozenset(platform.holders(Capability.HARDWARE)),
        domains=tuple(DomainState() for _ in platform.domains),
    )


def decide(model: PrivilegeModel, platform: Platform, pair: tuple[int, int], operation: Operation) -> Decision:
    """Whether the policy lets one domain issue an operation towards another."""
    return model.policy.decide(operation, relation(platform, pair[0], pair[1], operation, model.policy))


def attempt(
    model: PrivilegeModel,
    platform: Platform,
    system: System,
    pair: tuple[int, int],
    operation: Operation,
    argument: str,
) -> Attempt:
    """Let one domain try one operation, and take the step if it is let through."""
    return carried_out(model, platform, system, pair, operation, argument, decide(model, platform, pair, operation))


def carried_out(
    model: PrivilegeModel,
    platform: Platform,
    system: System,
    pair: tuple[int, int],
    operation: Operation,
    argument: str,
    decision: Decision,
) -> Attempt:
    """What comes of an attempt on which the policy has decided."""
    after, code = system, decision.code
    if decision.allowed:
        after, code = step(model, system, pair, operation, argument)
    return Attempt(platform, pair[0], pair[1], operation, argument, decision, system, after, code)


def step(
    model: PrivilegeModel, system: System, pair: tuple[int, int], operation: Operation, argument: str
) -> tuple[System, Code]:
    """The step of an operation as if it had been let through."""
    return apply(operation.transformer, system, Call(pair[0], pair[1], argument, model.policy.switches))


def takes(operation: Operation, pair: tuple[int, int]) -> bool:
    """Whether an operation can be issued on this pair: one without a target only by a domain towards itself."""
    return _takes_target(operation) or pair[0] == pair[1]


@dataclass(frozen=True)
class Arrangement:
    """A state from which a step is taken.

    :param told: what was arranged before, for the reader of a trace.
    """

    system: System
    told: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Situation:
    """A pair of domains of a platform and the states from which the one tries operations on the other.

    :param arrangements: the initial state first.  The target in each state of its life-cycle, offering nothing or all that can be
        offered, and with the offers in use; and offering all to somebody else, who uses it.  The subject runs: a domain that does
        not run issues nothing.
    """

    platform: Platform
    pair: tuple[int, int]
    arrangements: tuple[Arrangement, ...]

    @property
    def subject(self) -> Domain:
        """The domain that tries."""
        return self.platform.domains[self.pair[0]]

    @property
    def target(self) -> Domain:
        """The domain towards which it tries."""
        return self.platform.domains[self.pair[1]]

    @property
    def start(self) -> System:
        """The initial state."""
        return self.arrangements[0].system

    @functools.cached_property
    def runs_backend(self) -> bool:
        """Whether the domain that tries runs a VirtIO backend."""
        return runs_backend(self.platform, self.subject)

    @functools.cached_property
    def needs_privileges(self) -> bool:
        """Whether a backend of the domain that tries does without one of the extensions on some link."""
        links = virtio_links(self.platform, self.subject.name)
        return any(not (one.grants and one.nonblocking) for one in links)

    @functools.cached_property
    def serves(self) -> Link | None:
        """The VirtIO link on which the domain that tries serves the other."""
        links = virtio_links(self.platform, self.subject.name)
        return next((one for one in links if one.frontend == self.target.name), None)


class Decisions:
    """What a policy decides on pairs of domains.  Each relation is decided once: it is all that the decision looks at."""

    def __init__(self, model: PrivilegeModel) -> None:
        self._model = model
        self._known: dict[tuple[Relation, Relation], tuple[tuple[Behaviour, Decision], ...]] = {}

    def of(self, situation: Situation) -> tuple[tuple[Behaviour, Decision], ...]:
        """The decision on every operation that the first domain of a pair can issue towards the second."""
        policy, pair = self._model.policy, situation.pair
        towards = relation_of(situation.platform, *pair, policy)
        alone = relation_to_none(situation.platform, pair[0], policy)
        if (towards, alone) not in self._known:
            self._known[towards, alone] = tuple(
                (one, policy.decide(one.operation, towards if _takes_target(one.operation) else alone))
                for one in self._model.behaviours
                if takes(one.operation, pair)
            )
        return self._known[towards, alone]


def _takes_target(operation: Operation) -> bool:
    return operation.target is TargetParameter.DOMAIN


_TARGET_LIVES = (Life.RUNNING, Life.PAUSED, Life.SUSPENDED, Life.SHUT_DOWN, Life.DESTROYED)


@functools.cache
def _systems(start: System, pair: tuple[int, int]) -> tuple[System, ...]:
    """The states in which a pair of domains is arranged, from the state in which all run."""
    subject, target = pair
    if subject == target:
        return (start,)
    made = []
    offers = frozenset(Offer(what, by=target, to=subject) for what in Offered)
    for life in _TARGET_LIVES:
        domains = list(start.domains)
        domains[target] = domains[target]._replace(life=life)
        system = start._replace(domains=tuple(domains))
        made += [system, system._replace(offers=offers), system._replace(offers=offers, used=offers)]
    elsewhere = frozenset(Offer(what, by=target, to=_third(len(start.domains), pair)) for what in Offered)
    return (*made, start._replace(offers=elsewhere, used=elsewhere))


def _third(size: int, pair: tuple[int, int]) -> int:
    """Somebody else.  Without a third domain the target stands in for it: an offer to oneself is none to the subject either."""
    return next((position for position in range(size) if position not in pair), pair[1])


def _arrangements(platform: Platform, pair: tuple[int, int]) -> Iterator[Arrangement]:
    """The same, told with the names of the domains."""
    systems = iter(_systems(initial(platform), pair))
    if pair[0] == pair[1]:
        yield Arrangement(next(systems), ())
        return
    subject, target = (platform.domains[position].name for position in pair)
    offered = f"{target} offers {subject} a page, a port and a ring"
    for life in _TARGET_LIVES:
        told = () if life is Life.RUNNING else (f"{target} is {life}",)
        yield Arrangement(next(systems), told)
        yield Arrangement(next(systems), (*told, offered))
        yield Arrangement(next(systems), (*told, f"{offered}, all in use"))
    third = platform.domains[_third(len(platform.domains), pair)].name
    elsewhere = f"{target} offers {third}, and not {subject}, a page, a port and a ring, all in use"
    yield Arrangement(next(systems), (elsewhere,))


class Reach(NamedTuple):
    """A step that changes something that is not the caller's own.

    :param arrangement: from which of the arrangements of the two it is taken.
    :param touches: all that it changes.
    """

    arrangement: int
    argument: str
    after: System
    touches: tuple[Touch, ...]


@remembered(effects)
def _reaches(
    switches: frozenset[str],
    start: System,
    pair: tuple[int, int],
    transformer: Transformer,
    arguments: tuple[str, ...],
) -> tuple[Reach, ...]:
    found = []
    for arrangement, system in enumerate(_systems(start, pair)):
        for argument in arguments:
            after, _ = apply(transformer, system, Call(*pair, argument, switches))
            touches = touched(system, after)
            if any(touch.owner != pair[0] for touch in touches):
                found.append(Reach(arrangement, argument, after, touches))
    return tuple(found)


def reaches(model: PrivilegeModel, situation: Situation, operation: Operation) -> tuple[Reach, ...]:
    """What an operation does beyond its caller if it is let through: from every arrangement, with every argument.

    No policy is asked; an effect does not depend on it, but for the divergences that are in force.
    """
    switches, transformer = model.policy.switches, operation.transformer
    return _reaches(switches, situation.start, situation.pair, transformer, operation.arguments)


def tries(situation: Situation, operation: Operation) -> int:
    """How many steps :func:`reaches` looks at."""
    return len(situation.arrangements) * len(operation.arguments)


def arranged(platform: Platform, pair: tuple[int, int]) -> Situation:
    """A pair of domains with all arrangements of the two."""
    return Situation(platform, pair, tuple(_arrangements(platform, pair)))


@functools.cache
def situations(*, small: bool, links: bool = False, criticality: bool = True) -> tuple[Situation, ...]:
    """Every view of a pair of domains on the platforms of scope A, or with ``links`` of scope B; smallest platform first.

    :param small: only the platforms of at most two domains and one link, which tell mutants apart; and a backend towards a domain
        that it does not serve, for which three domains are needed.
    :param criticality: whether a target is tried as SafeVM and as UnsafeVM; no decision tells them apart but with D18.
    """
    most_links = MOST_LINKS if links else 0
    chosen = pairs(MOST_DOMAINS, most_links)
    if small:
        chosen = (*pairs(SMALL, min(most_links, 1)), *(_strangers() if links else ()))
    return tuple(
        arranged(one.platform, (one.subject, one.target))
        for one in chosen
        if criticality or one.platform.domains[one.target].criticality is Criticality.UNSAFE
    )


def _strangers() -> Iterator[Pair]:
    """Backends towards domains that they do not serve."""
    for one in pairs(SMALL + 1, 1):
        caller, other = one.platform.domains[one.subject], one.platform.domains[one.target]
        served = {link.frontend for link in virtio_links(one.platform, caller.name)}
        if one.subject != one.target and served and other.name not in served:
            yield one


def owner_name(platform: Platform, owner: int) -> str:
    """The name of a domain, or "platform"."""
    return "platform" if owner == PLATFORM else platform.domains[owner].name


def trace_step(made: Attempt) -> Step:
    """An attempt as a step of a trace."""
    parameters = []
    if made.operation.target is TargetParameter.DOMAIN:
        parameters.append(("target", made.platform.domains[made.target].name))
    if made.argument:
        parameters.append(("argument", made.argument))
    if not made.decision.allowed:
        outcome = f"denied: {made.decision.code} ({made.decision.by})"
    elif made.code is not Code.SUCCESS:
        outcome = f"failed: {made.code}"
    else:
        outcome = "allowed"
    return Step(
        party=made.platform.domains[made.subject].name,
        action=made.operation.name,
        parameters=tuple(parameters),
        outcome=outcome,
        changed=tuple(
            Change(f"{owner_name(made.platform, touch.owner)}: {touch.field}", str(touch.before), str(touch.after))
            for touch in made.touches
        ),
        clause=made.operation.source,
    )


def tell(title: str, platform: Platform, arranged: Iterable[str], made: Iterable[Attempt]) -> Trace:
    """The trace of some attempts, one after the other."""
    domains = tuple(
        (domain.name, f"{_roles_told(domain)}, {domain.criticality}, running") for domain in platform.domains
    )
    before = tuple(("arranged", text) for text in arranged)
    return Trace(title, (*domains, *before), tuple(trace_step(one) for one in made))


def _roles_told(domain: Domain) -> str:
    """The roles in words; being the xenstore domain is none that the document knows."""
    roles = " and ".join(sorted(domain.roles))
    return f"{roles} (the xenstore domain)" if domain.xenstore else roles
