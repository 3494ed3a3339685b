"""The forms of the claims about the privilege to emulate, and about what a backend that has it does to a frontend's vCPU.

The first step, whether the policy lets the backend become the frontend's device model at all, is decided as for every other
claim.  The second, what a frontend that depends on it suffers then, is searched in :mod:`sphinx_xenfusa.model.emulation`.

As everywhere, a link on which no request completes is left out where the claim is about what a backend may do, and is a
counterexample where it is about an extension that should make it work (:mod:`sphinx_xenfusa.claims.link_claims`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sphinx_xenfusa.claims.attempts import (
    Attempt,
    Behaviour,
    Decisions,
    PrivilegeModel,
    Situation,
    attempt,
    situations,
    tell,
)
from sphinx_xenfusa.claims.interference import victims
from sphinx_xenfusa.claims.link_claims import LinkClaim, serve
from sphinx_xenfusa.explore.claim import Budget, Search
from sphinx_xenfusa.explore.reference import reach, trace
from sphinx_xenfusa.explore.trace import Step, Trace
from sphinx_xenfusa.model import emulation, nonblocking
from sphinx_xenfusa.model.effects import Offer, Offered
from sphinx_xenfusa.model.emulation import EMULATION
from sphinx_xenfusa.model.nonblocking import NONBLOCKING
from sphinx_xenfusa.model.operations import Family, catalogue
from sphinx_xenfusa.model.platform import Link
from sphinx_xenfusa.model.rules import rule
from sphinx_xenfusa.model.virtio_service import ASK_WITHOUT_BLOCKING, service

SILENT = ("backend", "hostile backend", "Control Domain", "other domain")
"""The parties that are left out: the backend does nothing, and nobody intervenes."""


@functools.cache
def waits_for_ever() -> Trace:
    """A shortest way to a state from which the vCPU of a frontend with a silent backend never runs again.

    :raises LookupError: there is none.
    """
    system = EMULATION.system(emulation.Bounds(vcpus=1), without=SILENT)
    found = reach(system)
    for key in found.parents:
        state = system.thaw(key)
        if system.holds(emulation.first_vcpu_waits, state) and not list(system.steps(state)):
            return trace(system, found.path(key), "a vCPU waits, and no step is left that could wake it")
    raise LookupError("a silent backend lets every vCPU go on")


@functools.cache
def waits_with_extension() -> bool:
    """Whether any behaviour of the backend blocks the vCPU of a frontend with non-blocking VirtIO."""
    system = NONBLOCKING.system(nonblocking.Bounds(vcpus=1))
    return any(system.holds(nonblocking.some_vcpu_blocked, system.thaw(key)) for key in reach(system).parents)


def _may_emulate(situation: Situation, decisions: Decisions) -> Iterator[tuple[Behaviour, bool]]:
    """The device model operations, and whether each is allowed."""
    for behaviour, decision in decisions.of(situation):
        if behaviour.operation.family is Family.DEVICE_MODEL:
            yield behaviour, decision.allowed


def _tried(model: PrivilegeModel, situation: Situation, behaviour: Behaviour) -> Attempt:
    operation = behaviour.operation
    return attempt(model, situation.platform, situation.start, situation.pair, operation, operation.arguments[0])


@dataclass(frozen=True)
class MayEmulate(LinkClaim):
    """Towards its frontends a backend may issue the device model operations, and towards nobody else."""

    def due(self, situation: Situation, *, operates: bool) -> bool | None:
        """Whether the operations have to be allowed, have to be denied, or the claim says nothing about this pair."""
        link = situation.serves
        if link is None:
            return False
        return True if operates and not link.nonblocking else None

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Every device model operation, by every backend, towards every other domain."""
        found = Search()
        decisions = Decisions(model)
        for situation in self.situations(model, small=small):
            if situation.pair[0] == situation.pair[1] or not self.subjects.contain(situation):
                continue
            link = situation.serves
            made, operates = serve(model, situation.platform, link) if link is not None else ([], False)
            due = self.due(situation, operates=operates)
            for behaviour, allowed in _may_emulate(situation, decisions):
                found.cases += behaviour.count
                if due is None:
                    continue
                found.relevant += behaviour.count
                if allowed is not due:
                    found.counterexample = self._wrong(model, situation, behaviour, allowed=allowed)
                    return found
            if due and found.witness is None:
                title = f"{situation.subject.name} emulates a device for {situation.target.name}: one request completes"
                found.witness = tell(title, situation.platform, (), made)
            budget.spend(1)
        return found

    def _wrong(self, model: PrivilegeModel, situation: Situation, behaviour: Behaviour, *, allowed: bool) -> Trace:
        whom = "a domain that is no frontend of its" if situation.serves is None else _words(situation.serves)
        which = "allowed" if allowed else "denied"
        title = f"{situation.subject.name} is {which} {behaviour.operation.name} towards {whom}"
        return tell(title, situation.platform, (), [_tried(model, situation, behaviour)])


def _words(link: Link) -> str:
    return "a frontend that does not block" if link.nonblocking else "its frontend"


@dataclass(frozen=True)
class MayEmulateUnlessNonBlocking(MayEmulate):
    """The same; towards a frontend with non-blocking VirtIO they are denied, too."""

    def due(self, situation: Situation, *, operates: bool) -> bool | None:
        """As above, and denied where the extension is used."""
        if situation.serves is not None and situation.serves.nonblocking:
            return False
        return super().due(situation, operates=operates)


def _asks(model: PrivilegeModel, situation: Situation) -> list[Attempt]:
    """The frontend asks through the register of the extension."""
    subject, target = situation.pair[1], situation.pair[0]
    one = ASK_WITHOUT_BLOCKING
    # A mutant has some operations only; one that it leaves out is as it was.
    operation = model.catalogue.by_name.get(one.operation) or catalogue().by_name[one.operation]
    system = situation.start._replace(offers=frozenset({Offer(Offered.PORT, by=target, to=subject)}))
    return [attempt(model, situation.platform, system, (subject, target), operation, operation.arguments[0])]


def _is_there(made: list[Attempt]) -> bool:
    return bool(made) and made[-1].decision.allowed and bool(made[-1].touches)


@dataclass(frozen=True)
class NothingSynchronous(LinkClaim):
    """On a link with non-blocking VirtIO the frontend asks through the extension's register, and nothing of its requests is
    emulated."""

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """What every link with the extension asks of Xen, and the same link without it."""
        found = Search()
        for situation in self.situations(model, small=small):
            link = situation.serves
            if link is None or not link.nonblocking:
                continue
            found.cases += 1
            found.relevant += 1
            made = _asks(model, situation)
            if not _is_there(made):
                title = f"{situation.target.name} asks without blocking, and there is nothing that it could ask"
                found.counterexample = tell(title, situation.platform, (), made)
                return found
            emulated = _emulated(link)
            blocking = _emulated(replace(link, nonblocking=False))
            if emulated or not blocking:
                title = "a request with the extension is emulated, or one without it is not"
                found.counterexample = tell(title, situation.platform, (), made)
                return found
            if found.witness is None:
                title = f"{situation.target.name} asks {situation.subject.name} through the register of the extension"
                found.witness = tell(title, situation.platform, (), made)
            budget.spend(1)
        return found


def _emulated(link: Link) -> bool:
    """Whether a request on a link needs a device model operation."""
    return any(catalogue().by_name[one.operation].family is Family.DEVICE_MODEL for one in service(link))


@dataclass(frozen=True)
class BlockingFrontendRejected(LinkClaim):
    """A SafeVM with a frontend that blocks is rejected; there a silent backend stops its vCPU, and with the extension it
    cannot.

    The backend is an adversary, and the SafeVM is none: it runs no backend without control.
    """

    def situations(self, model: PrivilegeModel, *, small: bool) -> tuple[Situation, ...]:
        """With every criticality of the target, whatever the policy."""
        return situations(small=small, links=True, criticality=True)

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """The rule, on every link to a SafeVM; then what the backend of that link may do."""
        found = Search()
        decisions = Decisions(model)
        for situation in self.situations(model, small=small):
            link = situation.serves
            if (
                link is None
                or not self.subjects.contain(situation)
                or situation.target.name not in victims(situation.platform)
            ):
                continue
            found.cases += 1
            if link.nonblocking:
                self._with_extension(model, situation, decisions, found)
            else:
                self._without(model, situation, link, found)
            if found.counterexample is not None:
                return found
            budget.spend(1)
        return found

    def _without(self, model: PrivilegeModel, situation: Situation, link: Link, found: Search) -> None:
        name = situation.target.name
        if name not in rule("sync_frontend_unsafe").broken_by(situation.platform):
            title = f"{name} runs a frontend that blocks, and the platform is not rejected for it"
            found.counterexample = tell(title, situation.platform, (), ())
            return
        made, operates = serve(model, situation.platform, link)
        if not operates:
            return
        found.relevant += 1
        try:
            hazard = waits_for_ever()
        except LookupError as error:
            found.counterexample = tell(f"the rule guards nothing: {error}", situation.platform, (), made)
            return
        if found.witness is None:
            told = tell("", situation.platform, ("without the rule",), made)
            title = f"{name}, a SafeVM, waits for {situation.subject.name}, and no step is left that could wake it"
            found.witness = Trace(title, told.initial, (*told.steps, *_of(name, hazard.steps)))

    def _with_extension(self, model: PrivilegeModel, situation: Situation, decisions: Decisions, found: Search) -> None:
        broken = rule("sync_frontend_unsafe").broken_by(situation.platform)
        blocks = any(one.frontend == situation.target.name and not one.nonblocking for one in situation.platform.links)
        if (situation.target.name in broken) is not blocks:
            title = f"{situation.target.name} has the extension on every link, and the platform is rejected for it"
            found.counterexample = tell(title, situation.platform, (), ())
            return
        made = _asks(model, situation)
        if not _is_there(made) or waits_with_extension():
            title = f"{situation.target.name} is to use the extension, and there is none that keeps it from waiting"
            found.counterexample = tell(title, situation.platform, (), made)
            return
        for behaviour, allowed in _may_emulate(situation, decisions):
            found.cases += behaviour.count
            found.relevant += behaviour.count
            if allowed:
                title = f"{situation.subject.name} may still make {situation.target.name} wait for it"
                found.counterexample = tell(title, situation.platform, (), [_tried(model, situation, behaviour)])
                return


def _of(name: str, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps of the model of emulation, with the name that the platform has for its frontend."""
    return tuple(replace(one, party=name if one.party == "frontend" else one.party) for one in steps)
