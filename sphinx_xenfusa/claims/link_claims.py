"""The forms of the claims about the VirtIO privileges: what a backend may do to its frontends, to others, and what it needs.

A link *operates* under a policy when one request completes on it (:mod:`sphinx_xenfusa.model.virtio_service`).  Where a claim is
about what a backend may do, links that do not operate are left out: nobody could run them.  Where it is about a mitigation that
should make a link operate, a link that does not is a counterexample.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sphinx_xenfusa.claims.attempts import (
    Attempt,
    Behaviour,
    Decisions,
    PrivilegeModel,
    Reach,
    Situation,
    arranged,
    attempt,
    initial,
    step,
    tell,
)
from sphinx_xenfusa.claims.privilege_claims import PrivilegeClaim, Subjects, harmful, told_of, would_affect
from sphinx_xenfusa.explore.claim import Budget, Search
from sphinx_xenfusa.model.decision import Decision
from sphinx_xenfusa.model.effects import Offer
from sphinx_xenfusa.model.errors import PERMISSION_FAILURES, Code
from sphinx_xenfusa.model.operations import Family, Operation
from sphinx_xenfusa.model.platform import Link, Platform
from sphinx_xenfusa.model.virtio_service import End, families_needed, service

VIRTIO_FAMILIES = frozenset({Family.FOREIGN_MAP, Family.DEVICE_MODEL})


def serve(model: PrivilegeModel, platform: Platform, link: Link) -> tuple[list[Attempt], bool]:
    """One request on a link, with the other end offering whatever a step needs; and whether it completes."""
    ends = {End.BACKEND: platform.position(link.backend), End.FRONTEND: platform.position(link.frontend)}
    system = initial(platform)
    made: list[Attempt] = []
    for one in service(link):
        subject = ends[one.end]
        target = ends[End.FRONTEND if one.end is End.BACKEND else End.BACKEND]
        if one.offered is not None:
            system = system._replace(offers=system.offers | {Offer(one.offered, by=target, to=subject)})
        operation = model.catalogue.by_name.get(one.operation)
        if operation is None:
            # A mutant looks at some operations only.
            return made, False
        made.append(attempt(model, platform, system, (subject, target), operation, operation.arguments[0]))
        if made[-1].code is not Code.SUCCESS:
            return made, False
        system = made[-1].after
    return made, True


def _operates(model: PrivilegeModel, situation: Situation) -> bool:
    return situation.serves is not None and serve(model, situation.platform, situation.serves)[1]


def _families(situation: Situation, decisions: Decisions) -> Iterator[tuple[Behaviour, bool]]:
    """The operations of the two families, and whether each is allowed."""
    for behaviour, decision in decisions.of(situation):
        if behaviour.operation.family in VIRTIO_FAMILIES:
            yield behaviour, decision.allowed


def _shown(model: PrivilegeModel, situation: Situation, behaviour: Behaviour) -> Attempt:
    operation = behaviour.operation
    return attempt(model, situation.platform, situation.start, situation.pair, operation, operation.arguments[0])


@dataclass(frozen=True)
class LinkClaim(PrivilegeClaim):
    """A claim about backends: the request that a witness begins with belongs to its mutants' operations as well."""

    subjects: Subjects = Subjects.BACKEND


@dataclass(frozen=True)
class BackendHolds(LinkClaim):
    """Towards each frontend a backend may do what the extensions leave to it, and to nobody else anything that affects it."""

    def contain(self, situation: Situation) -> bool:
        """Whether the claim is about this backend."""
        return self.subjects.contain(situation)

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """The families one by one, then everything that affects somebody else."""
        found = Search()
        decisions = Decisions(model)
        for situation in self.situations(model, small=small):
            if not situation.runs_backend or not self.contain(situation):
                continue
            if situation.serves is not None and not _operates(model, situation):
                found.cases += 1
                continue
            self._families(model, situation, decisions, found)
            if found.counterexample is None:
                self._nothing_else(model, situation, decisions, found)
            if found.counterexample is not None:
                return found
            budget.spend(1)
        return found

    def _families(self, model: PrivilegeModel, situation: Situation, decisions: Decisions, found: Search) -> None:
        if situation.pair[0] == situation.pair[1]:
            return
        link = situation.serves
        expected = families_needed(link) if link is not None else frozenset[Family]()
        for behaviour, allowed in _families(situation, decisions):
            operation = behaviour.operation
            found.cases += behaviour.count
            found.relevant += behaviour.count
            if allowed is not (operation.family in expected):
                which = "allowed" if allowed else "denied"
                whom = f"its {_kind(link)} frontend" if link is not None else "a domain that is no frontend of its"
                title = f"{situation.subject.name} is {which} {operation.name} towards {whom}"
                found.counterexample = tell(title, situation.platform, (), [_shown(model, situation, behaviour)])
                return
        if found.witness is None and link is not None and expected == VIRTIO_FAMILIES:
            made, _ = serve(model, situation.platform, link)
            title = f"{situation.subject.name} serves one request of {situation.target.name}, with its two privileges"
            found.witness = tell(title, situation.platform, (), made)

    def _nothing_else(self, model: PrivilegeModel, situation: Situation, decisions: Decisions, found: Search) -> None:
        for behaviour, reach, decision in harmful(model, situation, decisions, found):
            operation = behaviour.operation
            if operation.family in VIRTIO_FAMILIES:
                continue
            found.relevant += behaviour.count
            if decision.allowed:
                title = f"{situation.subject.name} is allowed {operation.name}, which is no VirtIO privilege"
                found.counterexample = told_of(model, situation, operation, reach, title)
                return


def _kind(link: Link) -> str:
    used = [words for words, on in (("grants", link.grants), ("non-blocking", link.nonblocking)) if on]
    return f"({' and '.join(used)})" if used else "(no extension)"


@dataclass(frozen=True)
class HardwareBackendHolds(BackendHolds):
    """The same for the Hardware Domain."""

    def contain(self, situation: Situation) -> bool:
        """The Hardware Domain without control, as a backend."""
        return super().contain(situation) and bool(situation.subject.capabilities)


@dataclass(frozen=True)
class LinkAdds(LinkClaim):
    """What a link lets a backend do that it may not without is exactly the two families, as far as no extension is used."""

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Every operation on every link that operates, against the same platform without that link."""
        found = Search()
        decisions = Decisions(model)
        for situation in self.situations(model, small=small):
            link = situation.serves
            if link is None or not self.subjects.contain(situation):
                continue
            if not _operates(model, situation):
                found.cases += 1
                continue
            self._compare(model, situation, link, decisions, found)
            if found.counterexample is not None:
                return found
            budget.spend(1)
        return found

    def _compare(
        self, model: PrivilegeModel, situation: Situation, link: Link, decisions: Decisions, found: Search
    ) -> None:
        without = replace(situation.platform, links=tuple(one for one in situation.platform.links if one != link))
        bare = Situation(without, situation.pair, situation.arrangements)
        needed = families_needed(link)
        for (behaviour, linked), (_, unlinked) in zip(decisions.of(situation), decisions.of(bare), strict=True):
            operation = behaviour.operation
            found.cases += behaviour.count
            added = linked.allowed and not unlinked.allowed
            if added is not (operation.family in needed and operation.family in VIRTIO_FAMILIES):
                which = "gives" if added else "does not give"
                title = f"the link {_kind(link)} {which} {situation.subject.name} {operation.name}"
                found.counterexample = tell(title, situation.platform, (), [_shown(model, situation, behaviour)])
                return
            if added:
                found.relevant += behaviour.count
                if found.witness is None:
                    made = [_shown(model, bare, behaviour), _shown(model, situation, behaviour)]
                    title = f"{situation.subject.name} is denied {operation.name} without the link, and allowed with it"
                    found.witness = tell(title, situation.platform, ("the first step: without the link",), made)


@dataclass(frozen=True)
class OnlyFrontends(LinkClaim):
    """The two families are denied to a backend towards every domain that is not its own frontend."""

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Every operation of the two families, by every backend, towards every domain that it does not serve."""
        found = Search()
        decisions = Decisions(model)
        for situation in self.situations(model, small=small):
            stranger = situation.pair[0] != situation.pair[1] and situation.serves is None
            if not stranger or not self.subjects.contain(situation):
                continue
            for behaviour, allowed in _families(situation, decisions):
                found.cases += behaviour.count
                found.relevant += behaviour.count
                made = _shown(model, situation, behaviour)
                if allowed:
                    title = (
                        f"{made.operation.name} is allowed towards {situation.target.name}, which is no frontend of its"
                    )
                    found.counterexample = tell(title, situation.platform, (), [made])
                    return found
                if found.witness is None:
                    title = f"a backend is denied {made.operation.name} towards a domain that it does not serve"
                    found.witness = tell(title, situation.platform, (), [made])
            budget.spend(1)
        return found


@dataclass(frozen=True)
class NeededForService(LinkClaim):
    """A request that completes does not complete any more when one of the privileges that it uses is withheld."""

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Every link that operates and uses a privilege, with each of its privileges withheld."""
        found = Search()
        for situation in self.situations(model, small=small):
            link = situation.serves
            if link is None or not self.subjects.contain(situation):
                continue
            made, completes = serve(model, situation.platform, link)
            found.cases += 1
            for family in sorted(families_needed(link)) if completes else ():
                found.cases += 1
                found.relevant += 1
                withheld = replace(model, policy=model.policy.without(family))
                again, still = serve(withheld, situation.platform, link)
                if still:
                    title = f"a request completes although {family} is withheld from {situation.subject.name}"
                    found.counterexample = tell(title, situation.platform, (), again)
                    return found
                if found.witness is None:
                    title = f"one request completes; with {family} withheld its last step here is refused"
                    found.witness = tell(title, situation.platform, (), [*made, again[-1]])
            budget.spend(1)
        return found


@dataclass(frozen=True)
class RemovedByExtensions(LinkClaim):
    """With both extensions a request completes, and nothing that the backend may do affects anybody without consent."""

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Every link with both extensions, of a backend that has no other kind of link."""
        found = Search()
        decisions = Decisions(model)
        for situation in self.situations(model, small=small):
            link = situation.serves
            if link is None or not self.subjects.contain(situation) or situation.needs_privileges:
                continue
            found.cases += 1
            found.relevant += 1
            made, completes = serve(model, situation.platform, link)
            if not completes:
                title = f"no request completes between {situation.subject.name} and {situation.target.name}"
                found.counterexample = tell(title, situation.platform, (), made)
                return found
            self._is_unprivileged(model, situation, decisions, found)
            if found.counterexample is not None:
                return found
            if found.witness is None:
                title = f"a request of {situation.target.name} completes, and {situation.subject.name} has no privilege"
                found.witness = tell(title, situation.platform, (), made)
            budget.spend(1)
        return found

    def _is_unprivileged(
        self, model: PrivilegeModel, situation: Situation, decisions: Decisions, found: Search
    ) -> None:
        alone = arranged(situation.platform, (situation.pair[0], situation.pair[0]))
        for towards in (situation, alone):
            for behaviour, reach, decision in harmful(model, towards, decisions, found):
                if decision.allowed:
                    operation = behaviour.operation
                    title = f"{towards.subject.name} may still issue {operation.name}, which affects somebody else"
                    found.counterexample = told_of(model, towards, operation, reach, title)
                    return


@dataclass(frozen=True)
class UnprivilegedSet(PrivilegeClaim):
    """What an unprivileged domain may do is exactly what affects nobody else without consent."""

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Every operation by a DomU without a backend, both ways: what is allowed is confined, what is confined is allowed."""
        found = Search()
        decisions = Decisions(model)
        for situation in self.situations(model, small=small):
            if not Subjects.DOMU.contain(situation):
                continue
            for behaviour, decision in decisions.of(situation):
                if behaviour.operation.is_service:
                    self._compare(model, situation, behaviour, decision, found)
                    if found.counterexample is not None:
                        return found
            budget.spend(1)
        return found

    def _compare(
        self, model: PrivilegeModel, situation: Situation, behaviour: Behaviour, decision: Decision, found: Search
    ) -> None:
        operation = behaviour.operation
        reach = would_affect(model, situation, operation)
        found.cases += behaviour.count
        found.relevant += behaviour.count
        start = Reach(0, operation.arguments[0], situation.start, ())
        if decision.allowed and reach is not None:
            which, shown = "is allowed, and affects somebody else", reach
        elif decision.code in PERMISSION_FAILURES and reach is None and _succeeds(model, situation, operation):
            which, shown = "is denied, and affects nobody else", start
        else:
            if found.witness is None and reach is not None:
                title = f"{operation.name} would affect somebody else, and is denied"
                found.witness = told_of(model, situation, operation, reach, title)
            return
        title = f"{operation.name} {which}: what an unprivileged domain is allowed is not what stays with it"
        found.counterexample = told_of(model, situation, operation, shown, title)


def _succeeds(model: PrivilegeModel, situation: Situation, operation: Operation) -> bool:
    """Whether an operation that is let through would succeed, from some arrangement with some argument."""
    return any(
        step(model, arrangement.system, situation.pair, operation, argument)[1] is Code.SUCCESS
        for arrangement in situation.arrangements
        for argument in operation.arguments
    )
