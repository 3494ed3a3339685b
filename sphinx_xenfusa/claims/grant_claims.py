"""Claims about grants: the invariants of the grant table, and what a backend does with grants on a VirtIO link.

The numbers I1 to I10 are those of the project's fact sheet (3.9).  The systems are small on purpose: all that one entry and two
domains can do.  The grant table to the byte is held against them by tests.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sphinx_xenfusa.claims.rule_claims import PropertySearch, RuleClaim
from sphinx_xenfusa.claims.rule_properties import (
    Always,
    AnySystem,
    CanAlwaysReach,
    CanGetStuck,
    Predicate,
    Property,
    Reachable,
)
from sphinx_xenfusa.explore.claim import Budget, Claim, Search, judge
from sphinx_xenfusa.explore.mutation import CodeMutant, mutants_of
from sphinx_xenfusa.explore.trace import Step, Trace
from sphinx_xenfusa.explore.verdict import Scope, Verdict
from sphinx_xenfusa.model import grant_sharing as sharing
from sphinx_xenfusa.model import virtio_grants as lending
from sphinx_xenfusa.model.grant_sharing import SHARING, Entry, Sharing
from sphinx_xenfusa.model.memory import PAGE_SIZE
from sphinx_xenfusa.model.virtio_grants import LENDING, GrantAddress, decode, encode, refs_of

VOLUNTARY = ("XenArch~mem_grants_voluntary~1",)
"""What the invariants of the grant table are about."""

_HOSTILE = tuple(SHARING.system(sharing.Bounds(version, 2, pages=1, handles=1, hostile=True)) for version in (2, 1))
_ONE_MAPPER = tuple(SHARING.system(sharing.Bounds(version, 1, pages=1, hostile=True)) for version in (2, 1))
_TWO_PAGES = tuple(SHARING.system(sharing.Bounds(version, 1, hostile=True)) for version in (2, 1))
_PARTS = SHARING.system(sharing.Bounds(2, 1, pages=1, hostile=True))
_GRANTER = "the granter writes the entry at any time"
_SHARING = (
    "all states of one entry of a granter's table of version 1 and 2, one page, and two other domains that map, copy and end, "
    f"with one mapping each; {_GRANTER}"
)
_ONE = (
    "all states of one entry of a granter's table of version 1 and 2, {} and another domain with two mappings; "
    f"{_GRANTER}"
)
_COPIES = f"all states of one entry of version 2, a page of two parts, and another domain with two mappings; {_GRANTER}"


def in_use(s: Sharing, c: sharing.Bounds) -> bool:
    """Some entry is in use."""
    return any(s.readers[ref] + s.writers[ref] > 0 for ref in range(c.refs))


def written(s: Sharing, c: sharing.Bounds) -> bool:
    """Somebody may write through an entry."""
    return any(s.writers[ref] > 0 for ref in range(c.refs))


def some_mapping(s: Sharing, c: sharing.Bounds) -> bool:
    """There is a mapping."""
    return any(s.mapped[handle] > 0 for handle in range(c.all_handles))


def rewritten_in_use(s: Sharing, c: sharing.Bounds) -> bool:
    """An entry is in use and names another page than the one in use."""
    return any(s.readers[ref] + s.writers[ref] > 0 and s.entry_page[ref] != s.note_page[ref] for ref in range(c.refs))


def someone_died(s: Sharing, c: sharing.Bounds) -> bool:
    """A domain has ended."""
    return any(s.dead[mapper] for mapper in range(c.mappers))


def part_is_copied(s: Sharing, c: sharing.Bounds) -> bool:
    """Xen writes into a part of a page."""
    return any(s.note_part[ref] for ref in range(c.refs))


def never_mapped_after_clearing(s: Sharing, c: sharing.Bounds) -> bool:
    """No mapping was made through an entry that had been cleared."""
    return not s.seen_cleared


def mapped_for_copying(s: Sharing, c: sharing.Bounds) -> bool:
    """A mapping goes through an entry that came into use as one for copying."""
    return any(
        s.mapped[handle] == ref + 1 and s.seen_entry[ref] == Entry.PART
        for ref in range(c.refs)
        for handle in range(c.all_handles)
    )


def _invariant(
    systems: tuple[AnySystem, ...], when: Predicate, holds: Predicate, says: str, refuted: str
) -> tuple[Property, ...]:
    return tuple(Always(system, says, when, holds, refuted) for system in systems)


_INVARIANTS = (
    RuleClaim(
        "grants_first_use",
        "When an entry comes into use, it offers access to the domain that uses it (I1).",
        _SHARING,
        _invariant(
            _HOSTILE, in_use, sharing.first_use_was_granted, "an entry in use", "an entry in use that offered nothing"
        ),
        tags=VOLUNTARY,
    ),
    RuleClaim(
        "grants_readonly_kept",
        "Nobody writes through an entry that was for reading only when the first began to write (I2).",
        _ONE.format("one page"),
        _invariant(
            _ONE_MAPPER,
            written,
            sharing.nobody_writes_what_was_readonly,
            "an entry in use for writing",
            "writing through an entry that was for reading only",
        ),
        tags=VOLUNTARY,
    ),
    RuleClaim(
        "grants_marks",
        "The marks in an entry say exactly whether it is in use, and for writing, unless the granter wrote into it while it was "
        "in use (I3).",
        _SHARING,
        _invariant(
            _HOSTILE,
            in_use,
            sharing.marks_tell_the_use,
            "an entry in use is marked",
            "marks that do not tell the use",
        ),
        tags=VOLUNTARY,
    ),
    RuleClaim(
        "grants_revoke",
        "A granter ends a grant if, and only if, nobody uses it, unless it wrote into the entry while it was in use (I4).",
        _SHARING,
        _invariant(
            _HOSTILE,
            in_use,
            sharing.grants_end_exactly_unused,
            "an entry in use, which cannot be ended",
            "a grant that ended in use, or did not end unused",
        ),
        tags=VOLUNTARY,
    ),
    RuleClaim(
        "grants_one_domain",
        "All mappings through one entry are of one domain (I5).",
        _SHARING,
        _invariant(_HOSTILE, some_mapping, sharing.one_domain_an_entry, "a mapping", "two domains that use one entry"),
        tags=VOLUNTARY,
    ),
    RuleClaim(
        "grants_page_kept",
        "A mapping leads to the page with which the entry came into use, whatever the granter writes into the entry (I6).",
        _ONE.format("two pages"),
        _invariant(
            _TWO_PAGES,
            rewritten_in_use,
            sharing.mappings_keep_their_page,
            "the entry names another page while the old one is mapped",
            "a mapping of another page",
        ),
        tags=VOLUNTARY,
    ),
    RuleClaim(
        "grants_handles",
        "No domain ends a mapping of another domain's (I7).",
        _SHARING,
        _invariant(
            _HOSTILE, some_mapping, sharing.handles_are_one_s_own, "a mapping", "a domain that ended another's mapping"
        ),
        tags=VOLUNTARY,
    ),
    RuleClaim(
        "grants_copy_only",
        "In a table of version 2 nothing is mapped through an entry that is for copying only (I8).",
        _COPIES,
        _invariant(
            (_PARTS,),
            part_is_copied,
            sharing.what_is_for_copying_is_not_mapped,
            "a copy into a part of a page",
            "a mapping through an entry for copying",
        ),
        tags=VOLUNTARY,
    ),
    RuleClaim(
        "grants_copy_inside",
        "A copy changes nothing beyond what was granted (I9).",
        _COPIES,
        _invariant(
            (_PARTS,),
            part_is_copied,
            sharing.copies_stay_inside,
            "a copy into a part of a page",
            "a copy beyond the part",
        ),
        tags=VOLUNTARY,
    ),
    RuleClaim(
        "grants_end_of_mapper",
        "A domain that has ended uses no entry (I10).",
        _SHARING,
        _invariant(
            _HOSTILE,
            someone_died,
            sharing.the_dead_use_nothing,
            "a domain has ended",
            "a domain that ended uses an entry",
        ),
        tags=VOLUNTARY,
    ),
)

_HAZARDS = (
    RuleClaim(
        "grants_cleared_still_mapped",
        "A cleared entry does not keep its user from new mappings: through an entry that is in use it maps the old page again. "
        "In version 2 this befalls a granter that keeps to the rules; in version 1 only one that clears what is in use.",
        "all states of one entry of version 1 and 2, two pages, and another domain with two mappings",
        (
            Reachable(
                SHARING.system(sharing.Bounds(1, 1, hostile=True)),
                "version 1: mapped again after the granter cleared the entry in use",
                sharing.mapped_after_clearing,
                "no mapping after clearing",
            ),
            Reachable(
                SHARING.system(sharing.Bounds(2, 1)),
                "version 2: mapped again after the granter cleared the entry by the rules",
                sharing.mapped_after_clearing,
                "no mapping after clearing",
            ),
            Always(
                SHARING.system(sharing.Bounds(1, 1)),
                "version 1: an entry in use, which a granter that keeps to the rules does not clear",
                in_use,
                never_mapped_after_clearing,
                "a mapping after clearing",
            ),
        ),
        tags=VOLUNTARY,
    ),
    RuleClaim(
        "grants_copy_mapped_v1",
        "In a table of version 1 an entry that is marked for copying only can be mapped while a copy uses it.",
        "all states of one entry of version 1, two pages, and another domain with two mappings",
        (
            Reachable(
                SHARING.system(sharing.Bounds(1, 1)),
                "mapped through an entry for copying, while a copy runs",
                mapped_for_copying,
                "nothing is mapped through an entry for copying",
            ),
        ),
        tags=VOLUNTARY,
    ),
)


# ---- VirtIO with grants -----------------------------------------------------------------------------------------------------

_LENDING = "all states of a frontend with a ring and two further pages, one request at a time, and an arbitrary backend"
_WITH_GRANTS = LENDING.system(lending.Bounds())
_CARELESS = LENDING.system(lending.Bounds(hardened=False))
_UNBOUNCED = LENDING.system(lending.Bounds(bounced=False))
_FOREIGN = LENDING.system(lending.Bounds(grants=False, may_map=True))
_FOREIGN_BUT_ONE = LENDING.system(lending.Bounds(grants=False, may_map=True, withheld=2))
_NOTHING = LENDING.system(lending.Bounds(grants=False))
_NEVER_UNMAPS = LENDING.system(lending.Bounds(), without=("unmap",))

NO_PRIVILEGE = ("XenArch~mem_grants_no_privilege~1",)

_LINKS = (
    RuleClaim(
        "mem_arbitrary_map",
        "Without grants, requests with buffers in every page of the frontend complete where the backend can map every page; a "
        "request with its buffer in a page that it cannot map does not, and without the privilege to map none does.",
        _LENDING,
        (
            Reachable(
                _FOREIGN,
                "requests with buffers in every page complete",
                lending.every_page_completed,
                "some page cannot hold a buffer",
            ),
            Always(
                _FOREIGN_BUT_ONE,
                "a request waits whose buffer cannot be mapped",
                lending.withheld_page_posted,
                lending.withheld_page_not_completed,
                "a request completes whose buffer cannot be mapped",
            ),
            Always(
                _NOTHING,
                "a request waits",
                lending.posted,
                lending.nothing_completed,
                "a request completes though nothing can be mapped",
            ),
        ),
    ),
    RuleClaim(
        "grants_hold_only_lent",
        "With grants and without a privilege requests complete, and a backend, whatever it does, maps no page of the frontend "
        "that is not granted now, and none for writing that was granted for reading: if the frontend ends a grant only unused.",
        _LENDING,
        (
            Reachable(
                _WITH_GRANTS,
                "requests with buffers in every page complete",
                lending.every_page_completed,
                "none completes",
            ),
            Always(
                _WITH_GRANTS,
                "the backend has a page mapped",
                lending.holds_a_page,
                lending.holds_only_what_is_lent,
                "the backend has a page mapped that is not granted",
            ),
            Always(
                _WITH_GRANTS,
                "the backend has a page mapped",
                lending.holds_a_page,
                lending.writes_only_what_may_be_written,
                "the backend can write what was granted for reading",
            ),
        ),
        tags=NO_PRIVILEGE,
    ),
    RuleClaim(
        "grants_stale_mapping",
        "A frontend that ends a grant without looking whether it is in use, and uses the page again, has it changed by the "
        "backend (g1); one that looks has not.",
        _LENDING,
        (
            Reachable(
                _CARELESS,
                "the backend writes to a page that the frontend has taken back",
                lending.changed_foreign_memory,
                "no page is changed that was taken back",
            ),
            Always(
                _WITH_GRANTS,
                "the backend has a page mapped",
                lending.holds_a_page,
                lending.foreign_memory_untouched,
                "a page is changed or read that is not the link's",
            ),
        ),
        tags=NO_PRIVILEGE,
    ),
    RuleClaim(
        "grants_withheld_unmap",
        "A backend that does not unmap keeps the frontend's page for ever: nothing that the frontend does gets it back (g2). If "
        "the backend unmaps, it can be taken back.",
        _LENDING,
        (
            CanGetStuck(
                _NEVER_UNMAPS,
                "the frontend cannot get its page back",
                lending.page_is_kept,
                lending.no_page_is_kept,
                "the frontend always gets its pages back",
            ),
            CanAlwaysReach(
                _WITH_GRANTS,
                "the frontend waits for its page",
                lending.page_is_kept,
                lending.no_page_is_kept,
                "the frontend cannot get its page back although the backend may unmap",
            ),
        ),
        tags=NO_PRIVILEGE,
    ),
    RuleClaim(
        "grants_whole_pages",
        "What lies beside a buffer in its page can be read by the backend (g3); with buffers copied into pages of their own it "
        "cannot.",
        _LENDING,
        (
            Reachable(
                _UNBOUNCED,
                "the backend reads beside the buffer",
                lending.saw_beside,
                "nothing beside the buffer is read",
            ),
            Always(
                _WITH_GRANTS,
                "the backend has a page mapped",
                lending.holds_a_page,
                lending.saw_nothing_beside,
                "something beside the buffer is read",
            ),
            Reachable(
                _WITH_GRANTS, "a request completes with copied buffers", lending.first_completed, "no request completes"
            ),
        ),
        tags=NO_PRIVILEGE,
    ),
)


# ---- the encoding -----------------------------------------------------------------------------------------------------------

_REFS = (0, 1, 2, 7, 8, 511, 512, 0xFFFF, 0x10000, (1 << 31) - 1, 1 << 31, (1 << 32) - 2, (1 << 32) - 1)
_OFFSETS = (0, 1, 2, 511, 2048, 4094, 4095)
_PLAIN = (0, 1, 4095, 4096, 1 << 32, 1 << 44, (1 << 48) - 1, 1 << 52, (1 << 63) - 1)
_BROKEN = tuple((1 << 63) | 1 << bit for bit in range(44, 63))
_SOURCE = "Linux drivers/xen/grant-dma-ops.c"


@dataclass(frozen=True)
class GrantAddresses:
    """The link with grants is one of its own: its addresses name grants, and are no addresses of the guest's.

    The layout is written down here a second time, as bits: a field is read off the text of the number in base 2.
    """

    id: str
    says: str

    @property
    def statements(self) -> tuple[str, ...]:
        """The statement of the same name."""
        return (f"XenArch~{self.id}~1",)

    @property
    def policies(self) -> tuple[str, ...]:
        """None matters."""
        return ()

    @property
    def scope(self) -> Scope:
        """The addresses that were tried."""
        return Scope(
            "addresses",
            f"the addresses of {len(_REFS)} references (the smallest, the largest and those at powers of two) at "
            f"{len(_OFFSETS)} offsets, {len(_PLAIN)} addresses without bit 63, {len(_BROKEN)} with a bit from 44 to 62 set "
            "beside it; buffers of up to three pages",
            0,
            None,
            (),
        )

    @property
    def sources(self) -> tuple[Path, ...]:
        """Nothing beside this package."""
        return ()

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        """Try all addresses, and judge."""
        return judge(self, policy, self, None, _mutants(), budget)

    def search(self, model: None, budget: Budget, *, small: bool) -> Search:
        """Every reference at every offset, both ways; then what must not be taken for a reference."""
        found = Search()
        for ref, offset in itertools.product(_REFS, _OFFSETS):
            budget.spend(1)
            address = encode(GrantAddress(ref, offset))
            bits = f"{address:064b}"
            read = (bits[0], int(bits[1:20], 2), int(bits[20:52], 2), int(bits[52:], 2))
            self._compare(found, read == ("1", 0, ref, offset), ref, offset, f"the address {address:#x}")
            self._compare(found, decode(address) == (ref, offset), ref, offset, f"it names {decode(address)}")
            for pages in (1, 2, 3):
                length = pages * PAGE_SIZE - offset
                wanted = tuple(ref + number for number in range(pages))
                named = refs_of(GrantAddress(ref, offset), length)
                self._compare(found, named == wanted, ref, offset, f"{length} bytes take {named}")
        for plain in _PLAIN:
            self._compare(found, decode(plain) is None, 0, 0, f"{plain:#x} is taken for a reference")
        for broken in _BROKEN:
            self._compare(found, not _is_taken(broken), 0, 0, f"{broken:#x} is taken for a reference")
        return found

    def _compare(self, found: Search, right: bool, ref: int, offset: int, what: str) -> None:
        found.cases += 1
        found.relevant += 1
        trace = Trace(
            f"reference {ref:#x} at offset {offset:#x}: {what}",
            (),
            (
                Step(
                    "frontend",
                    "encode an address",
                    (("ref", f"{ref:#x}"), ("offset", f"{offset:#x}")),
                    what,
                    (),
                    _SOURCE,
                ),
            ),
        )
        if not right:
            found.counterexample = found.counterexample or trace
        elif found.witness is None and ref:
            found.witness = trace


def _is_taken(address: int) -> bool:
    try:
        return decode(address) is not None
    except ValueError:
        return False


def _mutants() -> Iterator[CodeMutant]:
    """Those of the functions for addresses; the rules of the same module are no plain functions of addresses."""
    names = {encode.__name__, decode.__name__, refs_of.__name__}
    return (one for one in mutants_of(lending) if one.function.__name__ in names)


def searched(claim: RuleClaim) -> PropertySearch:
    """The search of one of these claims, as it is run."""
    return PropertySearch(claim.properties, claim.assumptions)


CLAIMS: tuple[Claim, ...] = (
    *_INVARIANTS,
    *_HAZARDS,
    *_LINKS,
    GrantAddresses(
        "mem_grants_extension",
        "VirtIO with grants is a link of its own: an address in the ring has bit 63 set and names a reference to a grant at bits "
        "12 to 43 and an offset, and no address of the guest's is taken for one.",
    ),
)
"""The claims about grants that no policy matters to."""
