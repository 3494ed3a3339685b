"""A machine with three domains for the tests of grants: a granter, a mapper, and somebody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sphinx_xenfusa.model.grants import layout as L
from sphinx_xenfusa.model.grants.granter import grant_access, write_entry
from sphinx_xenfusa.model.grants.mapping import MapRequest, MapResult, map_grant_ref
from sphinx_xenfusa.model.grants.table import Domain, GrantTable, Machine, with_table
from sphinx_xenfusa.model.memory import PAGE_SIZE, Memory, P2mEntry, P2mType, Page, PageKind
from sphinx_xenfusa.model.vocabulary import Architecture

GRANTER, MAPPER, OTHER, NOBODY = 1, 2, 3, 9
RAM, SECOND, DEVICE, FOREIGN, GRANTED, NOTHING = 0, 1, 2, 3, 4, 5
"""Guest frames of the granter, by what is there."""
SLOT = 0x100
"""A guest frame of the mapper's at which nothing is mapped."""
MEMORY = Memory(
    pages={
        10: Page(GRANTER),
        11: Page(GRANTER),
        12: Page(GRANTER, PageKind.DEVICE),
        20: Page(MAPPER),
        21: Page(MAPPER),
        30: Page(OTHER),
    },
    p2m={
        (GRANTER, RAM): P2mEntry(10, P2mType.RAM_RW),
        (GRANTER, SECOND): P2mEntry(11, P2mType.RAM_RW),
        (GRANTER, DEVICE): P2mEntry(12, P2mType.DEVICE),
        (GRANTER, FOREIGN): P2mEntry(30, P2mType.FOREIGN_RW),
        (GRANTER, GRANTED): P2mEntry(30, P2mType.GRANT_RW),
        (MAPPER, RAM): P2mEntry(20, P2mType.RAM_RW),
        (MAPPER, SECOND): P2mEntry(21, P2mType.RAM_RW),
        (OTHER, RAM): P2mEntry(30, P2mType.RAM_RW),
    },
    contents={10: b"G" * PAGE_SIZE, 11: b"g" * PAGE_SIZE, 20: b"M" * PAGE_SIZE},
)


def table(version: int = 1) -> GrantTable:
    """An empty table."""
    return GrantTable(version=version, max_version=2, status=bytes(PAGE_SIZE) if version == 2 else b"")


def machine(version: int = 1, **changes: object) -> Machine:
    """Nothing is granted; the version is that of all three."""
    domains = {domid: Domain(table(version)) for domid in (GRANTER, MAPPER, OTHER)}
    architecture = Architecture.ARM if version == 1 else Architecture.X86
    return replace(Machine(domains, MEMORY, architecture), **changes)


def change(made: Machine, domid: int, edit: Callable[[GrantTable], GrantTable]) -> Machine:
    """The machine with an edited table."""
    return with_table(made, domid, edit(made.table(domid)))


def granted(made: Machine, ref: int = 0, frame: int = RAM, *, readonly: bool = False, to: int = MAPPER) -> Machine:
    """The granter has let a domain use a page."""
    return change(made, GRANTER, lambda one: grant_access(one, ref, to, frame, readonly=readonly))


def wrote(made: Machine, ref: int, entry: object, by: int = GRANTER) -> Machine:
    """A domain has written an entry."""
    return change(made, by, lambda one: write_entry(one, ref, entry))


def mapped(made: Machine, ref: int = 0, *, readonly: bool = False, slot: int = SLOT, by: int = MAPPER) -> MapResult:
    """A domain maps a page of the granter's."""
    flags = L.HOST_MAP | (L.MAP_READONLY if readonly else 0)
    return map_grant_ref(made, by, MapRequest(slot * PAGE_SIZE, flags, ref, GRANTER))
