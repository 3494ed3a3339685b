"""Claims about a frontend's memory: who maps it with a privilege, who with a grant, and what the rule about it guards.

What the policy decides is asked as for every other claim; the mapping itself is carried out on pages, translations and the grant
table to the byte (:mod:`sphinx_xenfusa.model.memory`, :mod:`sphinx_xenfusa.model.grants`).

As everywhere, a link on which no request completes is left out where the claim is about what a backend may do, and is a
counterexample where it is about an extension that should make it work (:mod:`sphinx_xenfusa.claims.link_claims`).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import NamedTuple

from sphinx_xenfusa.claims.attempts import Attempt, PrivilegeModel, Situation, attempt, situations, tell
from sphinx_xenfusa.claims.interference import victims
from sphinx_xenfusa.claims.link_claims import LinkClaim, serve
from sphinx_xenfusa.claims.privilege_claims import PrivilegeClaim
from sphinx_xenfusa.explore.claim import Budget, Search
from sphinx_xenfusa.explore.trace import Change, Step, Trace
from sphinx_xenfusa.model import memory as pages
from sphinx_xenfusa.model.decision import privilege_of
from sphinx_xenfusa.model.effects import Offer, Offered
from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.grants.granter import write_entry
from sphinx_xenfusa.model.grants.layout import (
    ACCEPT_TRANSFER,
    HOST_MAP,
    INVALID,
    MAP_READONLY,
    PERMIT_ACCESS,
    READONLY,
    SUB_PAGE,
    TYPE_MASK,
    EntryV1,
    Status,
)
from sphinx_xenfusa.model.grants.mapping import MapRequest, map_grant_ref
from sphinx_xenfusa.model.grants.table import Domain, Hook, Machine, with_table
from sphinx_xenfusa.model.memory import (
    PAGE_SIZE,
    WRITABLE,
    Check,
    Memory,
    P2mEntry,
    P2mType,
    Page,
    Parties,
    PhysmapRequest,
    add_to_physmap_batch,
)
from sphinx_xenfusa.model.operations import Operation, catalogue
from sphinx_xenfusa.model.policies import SPECIFICATION, relation, relation_of
from sphinx_xenfusa.model.rules import rule
from sphinx_xenfusa.model.vocabulary import Capability, Privilege

FOREIGN = "XENMAPSPACE_gmfn_foreign"
GRANT = "GNTTABOP_map_grant_ref"
_PHYSMAP = "XENMEM_add_to_physmap_batch"
_PAGES = 3
"""Pages of each domain: a ring, a buffer, and one that is part of no request."""
_SLOT = 0x100
"""The guest frame from which on mappings are made."""


def _operation(model: PrivilegeModel, name: str) -> Operation:
    """An operation of the model; a mutant has some only, and one that it leaves out is as it was."""
    return model.catalogue.by_name.get(name) or catalogue().by_name[name]


def _memory(count: int) -> Memory:
    """The memory of so many domains, a few pages of RAM each."""
    owned = [(domid, gfn) for domid in range(count) for gfn in range(_PAGES)]
    return Memory(
        pages={domid * _PAGES + gfn: Page(domid) for domid, gfn in owned},
        p2m={(domid, gfn): P2mEntry(domid * _PAGES + gfn, P2mType.RAM_RW) for domid, gfn in owned},
    )


def mapped_without_grant(
    model: PrivilegeModel, situation: Situation, caller: int | None = None
) -> tuple[Memory, tuple[Code, ...]]:
    """Every page of the target, mapped into the subject without a grant: what of it succeeds, and the memory after it.

    :param caller: who calls; by default the subject for itself.
    """
    count = len(situation.platform.domains)
    domid, foreign = situation.pair
    asked = {Check.ADD_TO_PHYSMAP: _operation(model, _PHYSMAP), Check.MAP_GMFN_FOREIGN: _operation(model, FOREIGN)}

    def permits(check: Check, subject: int, target: int) -> bool:
        known = relation(situation.platform, subject, target, asked[check], model.policy)
        return model.policy.decide(asked[check], known).allowed

    domains = frozenset(range(count))
    frames = tuple((gfn, _SLOT + gfn) for gfn in range(_PAGES))
    request = PhysmapRequest(domid if caller is None else caller, domid, foreign, frames)
    made = add_to_physmap_batch(_memory(count), Parties(domains, None, domains), permits, request)
    return made.memory, made.errs or (made.code,) * _PAGES


def _tried(model: PrivilegeModel, situation: Situation, name: str = FOREIGN) -> Attempt:
    operation = _operation(model, name)
    return attempt(model, situation.platform, situation.start, situation.pair, operation, operation.arguments[0])


@dataclass(frozen=True)
class MapIsPrivileged(PrivilegeClaim):
    """Without a privilege over another domain no page of it is mapped, whoever calls."""

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Every page of every other domain, by every domain that has no privilege over it, and by a Control Domain for it."""
        found = Search()
        for situation in self.situations(model, small=small):
            subject, target = situation.pair
            if subject == target:
                continue
            budget.spend(1)
            held = privilege_of(relation_of(situation.platform, subject, target, SPECIFICATION))
            callers = {subject, *situation.platform.holders(Capability.CONTROL)} - {target}
            for caller in sorted(callers):
                found.cases += _PAGES
                if held is not Privilege.UNPRIVILEGED:
                    continue
                found.relevant += _PAGES
                _, errs = mapped_without_grant(model, situation, caller)
                made = _tried(model, situation)
                if Code.SUCCESS in errs:
                    title = f"{situation.subject.name} gets a page of {situation.target.name}, over which it has no privilege"
                    found.counterexample = tell(title, situation.platform, (), [made])
                    return found
                if found.witness is None:
                    title = f"{situation.subject.name} is denied every page of {situation.target.name}"
                    found.witness = tell(title, situation.platform, (), [made])
        return found


@dataclass(frozen=True)
class MapsItsFrontends(LinkClaim):
    """Without grants a backend maps every page of its frontends, and no page of a domain that it does not serve."""

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Every page of every other domain, by every backend."""
        found = Search()
        for situation in self.situations(model, small=small):
            link = situation.serves
            if situation.pair[0] == situation.pair[1] or not self.subjects.contain(situation):
                continue
            budget.spend(1)
            found.cases += _PAGES
            made, operates = serve(model, situation.platform, link) if link is not None else ([], False)
            if link is not None and (link.grants or not operates):
                continue
            found.relevant += _PAGES
            _, errs = mapped_without_grant(model, situation)
            if set(errs) != {Code.SUCCESS} if link is not None else Code.SUCCESS in errs:
                which = "does not get every page of its frontend" if link is not None else "gets a page of"
                title = f"{situation.subject.name} {which} {situation.target.name}"
                found.counterexample = tell(title, situation.platform, (), [_tried(model, situation)])
                return found
            if link is not None and found.witness is None:
                title = f"{situation.subject.name} maps every page of {situation.target.name}, and a request completes"
                found.witness = tell(title, situation.platform, (), made)
        return found


def _changes(model: PrivilegeModel, situation: Situation) -> Step | None:
    """The backend writes to a page of the frontend that is part of no request; ``None`` if it cannot."""
    subject, target = situation.pair
    memory, _ = mapped_without_grant(model, situation)
    entry = memory.p2m.get((subject, _SLOT + _PAGES - 1))
    if entry is None or entry.type not in WRITABLE or memory.pages[entry.mfn].owner != target:
        return None
    before = pages.read(memory, entry.mfn, 0, 1)
    after = pages.read(pages.write(memory, entry.mfn, 0, b"\xff"), entry.mfn, 0, 1)
    field = f"{situation.target.name}: byte 0 of a page that is part of no request"
    return Step(
        party=situation.subject.name,
        action="write to a mapped page",
        parameters=(("guest frame", f"{_SLOT + _PAGES - 1:#x}"),),
        outcome="allowed",
        changed=(Change(field, before.hex(), after.hex()),),
        clause="the mapping is for writing (fact sheet 2.6)",
    )


def _told(title: str, situation: Situation, made: list[Attempt], last: Step) -> Trace:
    told = tell(title, situation.platform, (), made)
    return Trace(title, told.initial, (*told.steps, last))


@dataclass(frozen=True)
class ChangesForeignMemory(LinkClaim):
    """Without grants a backend changes memory of its frontend that was part of no request: on every link that operates."""

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """One request on every link without grants, then a write beside it."""
        found = Search()
        for situation in self.situations(model, small=small):
            link = situation.serves
            if link is None or link.grants or not self.subjects.contain(situation):
                continue
            budget.spend(1)
            found.cases += 1
            made, operates = serve(model, situation.platform, link)
            if not operates:
                continue
            found.relevant += 1
            last = _changes(model, situation)
            if last is None:
                title = f"{situation.subject.name} cannot change memory of {situation.target.name} outside a request"
                found.counterexample = tell(title, situation.platform, (), made)
                return found
            if found.witness is None:
                title = (
                    f"{situation.subject.name} changes memory of {situation.target.name} that was part of no request"
                )
                found.witness = _told(title, situation, made, last)
        return found


@dataclass(frozen=True)
class GrantsSuffice(LinkClaim):
    """With grants a backend maps the page that it was granted, and none that it was not."""

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """One granted page on every link with grants; then every page without a grant."""
        found = Search()
        for situation in self.situations(model, small=small):
            link = situation.serves
            if link is None or not link.grants or not self.subjects.contain(situation):
                continue
            budget.spend(1)
            found.cases += 1 + _PAGES
            found.relevant += 1 + _PAGES
            granted = _offered(model, situation)
            if map_as_granted(granted, _CASE, permitted=granted.decision.allowed) is not Status.OKAY:
                title = f"{situation.subject.name} cannot map the page that {situation.target.name} granted it"
                found.counterexample = tell(title, situation.platform, (), [granted])
                return found
            if Code.SUCCESS in mapped_without_grant(model, situation)[1]:
                title = f"{situation.subject.name} maps pages of {situation.target.name} that were not granted"
                found.counterexample = tell(title, situation.platform, (), [granted, _tried(model, situation)])
                return found
            if found.witness is None:
                title = f"{situation.subject.name} maps the granted page of {situation.target.name}, and is denied the others"
                found.witness = tell(title, situation.platform, (), [granted, _tried(model, situation)])
        return found


def _offered(model: PrivilegeModel, situation: Situation) -> Attempt:
    """The backend tries to map a page that is granted to it."""
    operation = _operation(model, GRANT)
    subject, target = situation.pair
    system = situation.start._replace(offers=frozenset({Offer(Offered.PAGE, by=target, to=subject)}))
    return attempt(model, situation.platform, system, situation.pair, operation, operation.arguments[0])


class Case(NamedTuple):
    """An entry of a granter's table and a request to map it.

    :param flags: of the entry.
    :param to: whether it names the domain that asks; otherwise it names another.
    :param readonly: whether it asks for reading only.
    :param ref: the reference that it gives; the entry stands at 0.
    """

    flags: int
    to: bool
    readonly: bool
    ref: int

    @property
    def is_granted(self) -> bool:
        """Whether the page, the domain and the access are those that were granted."""
        whole = self.flags & (TYPE_MASK | SUB_PAGE) == PERMIT_ACCESS
        return whole and self.to and self.ref == 0 and (self.readonly or not self.flags & READONLY)

    @property
    def refusal(self) -> Status:
        """What has to be told otherwise."""
        return Status.BAD_GNTREF if self.ref >= _REFS else Status.GENERAL_ERROR


_REFS = 512
"""Entries of a table with one frame."""
_CASE = Case(PERMIT_ACCESS, True, False, 0)
_CASES = tuple(
    Case(*values)
    for values in itertools.product(
        (
            INVALID,
            READONLY,
            PERMIT_ACCESS,
            PERMIT_ACCESS | READONLY,
            PERMIT_ACCESS | SUB_PAGE,
            ACCEPT_TRANSFER,
        ),
        (True, False),
        (True, False),
        (0, 1, _REFS - 1, _REFS),
    )
)


def map_as_granted(tried: Attempt, case: Case, *, permitted: bool) -> Status:
    """Carry the mapping out on the grant table to the byte.

    :param permitted: what the policy's hook says.
    """
    caller, granter = tried.subject, tried.target
    domains = {domid: Domain() for domid in (caller, granter)}
    machine = Machine(domains, _memory(len(tried.platform.domains)), permits=lambda hook, s, t: _says(hook, permitted))
    another = len(tried.platform.domains)
    entry = EntryV1(case.flags, caller if case.to else another, _PAGES - 1)
    machine = with_table(machine, granter, write_entry(machine.table(granter), 0, entry))
    flags = HOST_MAP | (MAP_READONLY if case.readonly else 0)
    return map_grant_ref(machine, caller, MapRequest(_SLOT * PAGE_SIZE, flags, case.ref, granter)).status


def _says(hook: Hook, permitted: bool) -> bool:
    return permitted or hook is not Hook.MAPREF


@dataclass(frozen=True)
class MapsExactlyWhatIsGranted(PrivilegeClaim):
    """The page, the domain and the access that were granted can be mapped, and nothing else, with the right status."""

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """What the policy says, for every pair; then every entry with every request, for each of its answers once."""
        found = Search()
        right: dict[bool, bool] = {}
        for situation in self.situations(model, small=small):
            if situation.pair[0] == situation.pair[1]:
                continue
            budget.spend(1)
            tried = _offered(model, situation)
            permitted = tried.decision.allowed
            found.cases += 1
            found.relevant += 1
            if permitted not in right:
                found.cases += len(_CASES)
                found.relevant += len(_CASES)
                right[permitted] = all(
                    map_as_granted(tried, case, permitted=permitted)
                    is (Status.OKAY if case.is_granted else case.refusal)
                    for case in _CASES
                )
            if not right[permitted]:
                title = f"{situation.subject.name} does not get exactly what {situation.target.name} grants it"
                found.counterexample = tell(title, situation.platform, (), [tried])
                return found
            if found.witness is None:
                title = f"{situation.subject.name} maps the page that {situation.target.name} granted it"
                found.witness = tell(title, situation.platform, (), [tried])
        return found


@dataclass(frozen=True)
class FrontendWithoutGrantsRejected(LinkClaim):
    """A SafeVM with a frontend without grants is rejected; there the backend changes its memory, and with grants it cannot.

    The backend is an adversary, and the SafeVM is none: it runs no backend without control.
    """

    def situations(self, model: PrivilegeModel, *, small: bool) -> tuple[Situation, ...]:
        """With every criticality of the target, whatever the policy."""
        return situations(small=small, links=True, criticality=True)

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """The rule, on every link to a SafeVM; then what the backend of that link may do."""
        found = Search()
        for situation in self.situations(model, small=small):
            link = situation.serves
            if link is None or not self.subjects.contain(situation):
                continue
            if situation.target.name not in victims(situation.platform):
                continue
            budget.spend(1)
            found.cases += 1
            broken = situation.target.name in rule("mem_frontend_unsafe").broken_by(situation.platform)
            others = replace(situation.platform, links=tuple(one for one in situation.platform.links if one != link))
            elsewhere = any(one.frontend == link.frontend and not one.grants for one in others.links)
            if broken is not (elsewhere or not link.grants):
                title = f"{link.frontend}, a SafeVM: {'rejected with' if broken else 'accepted without'} grants on every link"
                found.counterexample = tell(title, situation.platform, (), ())
            elif link.grants:
                self._with_grants(model, situation, found)
            else:
                self._without(model, situation, found)
            if found.counterexample is not None:
                return found
        return found

    def _without(self, model: PrivilegeModel, situation: Situation, found: Search) -> None:
        made, operates = (
            serve(model, situation.platform, situation.serves) if situation.serves is not None else ([], False)
        )
        if not operates:
            return
        found.relevant += 1
        last = _changes(model, situation)
        if last is None:
            title = f"the rule guards nothing: {situation.subject.name} cannot change memory of {situation.target.name}"
            found.counterexample = tell(title, situation.platform, (), made)
        elif found.witness is None:
            title = f"{situation.subject.name} changes memory of {situation.target.name}, a SafeVM (M)"
            found.witness = _told(title, situation, made, last)

    def _with_grants(self, model: PrivilegeModel, situation: Situation, found: Search) -> None:
        found.relevant += 1
        if _changes(model, situation) is not None:
            title = f"{situation.subject.name} changes memory of {situation.target.name}, a SafeVM with grants (M)"
            found.counterexample = tell(title, situation.platform, (), [_tried(model, situation)])


_PAGES_OF = "every page of every other domain"

PRIVILEGES: tuple[PrivilegeClaim, ...] = (
    MapIsPrivileged(
        "mem_map_privileged",
        "Every page of another domain is denied to every domain without a privilege over it, also when a Control Domain asks for "
        "it.",
        f"{_PAGES_OF}, mapped without a grant by each domain without a privilege over it, and by each Control Domain into it",
    ),
    MapsExactlyWhatIsGranted(
        "mem_grants_voluntary",
        "A map through the grant table succeeds for exactly the page, the domain and the access that were granted, and fails "
        "with the right status for all else.",
        f"{len(_CASES)} combinations of an entry (type, flags, domain) and a request (access, reference) on a grant table of "
        "version 1 to the byte, for each answer of the policy, which is asked for every pair of domains",
    ),
    GrantsSuffice(
        "mem_grants_no_privilege",
        "On every link with grants the backend maps a page that it was granted, and is denied every page that it was not.",
        "one granted page and every other page of the frontend, on every link with grants",
    ),
    MapsItsFrontends(
        "mem_foreign_privilege",
        "Without grants a backend can map every page of its frontends, and no page of any other domain.",
        f"{_PAGES_OF}, by every backend; those of frontends on links that operate",
    ),
    ChangesForeignMemory(
        "mem_foreign_hazard",
        "On every link without grants that operates, the backend can change memory of its frontend that was part of no request.",
        "one request on every link without grants that operates, and a write to a page beside it",
    ),
    FrontendWithoutGrantsRejected(
        "mem_frontend_unsafe",
        "A platform with a frontend without grants in a SafeVM is rejected; without the rule the backend changes memory of the "
        "SafeVM, and with grants it cannot.",
        "the rule on every link to a SafeVM that is no adversary; a write to its memory by the backend, on links without grants "
        "that operate and on all links with grants",
    ),
)
"""The claims about memory, each under every policy."""
