"""Who may call an operation: the policies' own decisions, for callers that stand for all others.

Each caller stands on a platform; the relation to each target is made by :func:`sphinx_xenfusa.model.policies.relation`, so that
what a policy looks at is looked at here too.  The arguments are well-formed.  That a call is let through does not say that
it succeeds: what another domain does not offer cannot be used.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from sphinx_xenfusa.model.decision import Decision, privilege_of
from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.operations import Operation, TargetParameter, catalogue
from sphinx_xenfusa.model.platform import Device, Domain, Link, Platform
from sphinx_xenfusa.model.policies import POLICIES, SPECIFICATION, Policy, relation
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, Privilege, Protocol, Role

SPLIT = Platform(
    domains=(
        Domain("hardware", frozenset({Capability.HARDWARE})),
        Domain("control", frozenset({Capability.CONTROL}), Criticality.SAFE),
        Domain("domu"),
        Domain("other"),
        Domain("backend"),
        Domain("frontend"),
        Domain("store", xenstore=True),
        Domain("safe", criticality=Criticality.SAFE),
    ),
    devices=(Device("disk", ("backend",)),),
    links=(Link(Protocol.VIRTIO, "backend", "frontend", "disk"),),
)
"""A platform on which each role is a domain of its own, with one VirtIO link without the extensions."""

CLASSIC = Platform(
    domains=(
        Domain("dom0", frozenset(Capability), Criticality.SAFE),
        Domain("other"),
        Domain("safe", criticality=Criticality.SAFE),
    )
)
"""A platform with a classic dom0."""

SERVING = Platform(
    domains=(Domain("hardware", frozenset({Capability.HARDWARE})), Domain("frontend"), Domain("other")),
    devices=(Device("disk"),),
    links=(Link(Protocol.VIRTIO, "hardware", "frontend", "disk"),),
)
"""A platform on which the Hardware Domain runs the backend."""

ITSELF = "itself"
ANOTHER = "another domain"
NO_TARGET = ""
FRONTEND = "its frontend"


@dataclass(frozen=True)
class Caller:
    """A domain that stands for all that are as it is.

    :param words: what it is, for the pages.
    :param name: its name on the platform.
    :param targets: the words and the names of the domains towards which it is asked, itself left out; the first stands for any.
    """

    words: str
    platform: Platform
    name: str
    targets: tuple[tuple[str, str], ...]

    @property
    def position(self) -> int:
        """Its position on the platform."""
        return self.platform.position(self.name)

    @property
    def roles(self) -> frozenset[Role]:
        """Its roles."""
        return self.platform.domains[self.position].roles


_SAFE = ("a SafeVM", "safe")
_OTHERS = (("the Hardware Domain", "hardware"), ("the Control Domain", "control"), _SAFE)
CALLERS = (
    Caller("Hardware Domain", SPLIT, "hardware", ((ANOTHER, "other"), _OTHERS[1], _SAFE)),
    Caller("Control Domain", SPLIT, "control", ((ANOTHER, "other"), _OTHERS[0], _SAFE)),
    Caller("both (a classic dom0)", CLASSIC, "dom0", ((ANOTHER, "other"), _SAFE)),
    Caller("DomU", SPLIT, "domu", ((ANOTHER, "other"), *_OTHERS)),
    Caller("DomU with a VirtIO backend", SPLIT, "backend", ((ANOTHER, "other"), (FRONTEND, "frontend"), *_OTHERS)),
    Caller("xenstore domain", SPLIT, "store", ((ANOTHER, "other"), *_OTHERS)),
)
_SERVING = Caller("Hardware Domain with a VirtIO backend", SERVING, "hardware", ((FRONTEND, "frontend"),))


@dataclass(frozen=True)
class Answer:
    """What a caller gets towards some targets under a policy.

    :param towards: the targets in words; empty where it is the same towards all, or there is none.
    :param code: what the caller sees; success when the call is let through.
    """

    towards: tuple[str, ...]
    code: Code


def decide(caller: Caller, target: str, operation: Operation, policy: Policy) -> Decision:
    """What the policy decides when the caller issues the operation towards the domain of that name."""
    platform = caller.platform
    asked = relation(platform, caller.position, platform.position(target), operation, policy)
    return policy.decide(operation, asked)


@functools.cache
def answers(caller: Caller, operation: Operation, policy: Policy) -> tuple[Answer, ...]:
    """What the caller gets: one answer where all targets give the same code, else one for each code."""
    if operation.target is TargetParameter.NONE:
        return (Answer((), decide(caller, caller.name, operation, policy).code),)
    targets = ((ITSELF, caller.name), *caller.targets)
    got = {words: decide(caller, name, operation, policy).code for words, name in targets}
    # What is decided towards a special target as towards any other needs no word of its own.
    told = {words: code for words, code in got.items() if words in (ITSELF, ANOTHER) or code is not got[ANOTHER]}
    codes = dict.fromkeys(told.values())
    if len(codes) == 1:
        return (Answer((), got[ITSELF]),)
    return tuple(Answer(tuple(words for words, one in told.items() if one is code), code) for code in codes)


def implemented() -> tuple[Operation, ...]:
    """The operations that have a handler in Xen; what a device does by itself is asked of nobody, and is none."""
    return tuple(operation for operation in catalogue().operations if operation.implemented and operation.is_service)


@functools.cache
def allowed(caller: Caller, target: str, policy: Policy) -> frozenset[str]:
    """The names of the implemented operations that the caller may issue towards a target.

    :param target: the words of one of the caller's targets, :data:`ITSELF`, or :data:`NO_TARGET` for operations without one.
    """
    takes = TargetParameter.NONE if target == NO_TARGET else TargetParameter.DOMAIN
    name = dict(caller.targets).get(target, caller.name)
    return frozenset(
        operation.name
        for operation in implemented()
        if operation.target is takes and decide(caller, name, operation, policy).allowed
    )


def caller_of(role: Role) -> Caller:
    """The caller that holds this role and no other."""
    return next(caller for caller in CALLERS if caller.roles == {role})


def serving(role: Role) -> tuple[Caller, str] | None:
    """The caller of this role that runs a VirtIO backend, with the words of its frontend; ``None`` for a role without one."""
    for caller in (_SERVING, *CALLERS):
        if caller.roles == {role} and FRONTEND in dict(caller.targets):
            return caller, FRONTEND
    return None


def level(caller: Caller, target: str) -> Privilege:
    """The document's privilege level of a caller towards one of its targets."""
    platform = caller.platform
    name = dict(caller.targets).get(target, caller.name)
    # The level is a matter of the two domains; any operation that takes a target will do.
    asked = next(one for one in catalogue().operations if one.target is TargetParameter.DOMAIN)
    return privilege_of(relation(platform, caller.position, platform.position(name), asked, SPECIFICATION))


def holder_of(privilege: Privilege) -> tuple[Caller, str] | None:
    """A caller and one of its targets towards which it is on this level; ``None`` if none of ours is."""
    for caller in CALLERS:
        for target, _ in caller.targets:
            if level(caller, target) is privilege:
                return caller, target
    return None


def policies() -> Mapping[str, Policy]:
    """All policies, the document first."""
    return POLICIES
