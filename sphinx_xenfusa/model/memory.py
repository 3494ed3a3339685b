"""Memory: pages with owners, what each domain's stage-2 translation maps, and foreign mapping with its two checks.

A page of the machine has an owner and a kind.  A domain reaches a page only through an entry of its own translation; the type of
the entry says whose page it is to the domain, and whether it may be written.  Foreign mapping puts a page of one domain (``od``,
its owner) into the translation of another (``d``), on the call of a third (the caller), who is mostly ``d``.

Sources: ``xen/common/memory.c:1101-1169,1258-1273``, ``xen/arch/arm/mm.c:209``, ``xen/arch/x86/mm/p2m.c:1928`` at commit
``c447b7308b1330ec6dcfef37220736c28f41daa0`` (fact sheet 2.6).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from sphinx_xenfusa.model.errors import Code

PAGE_SIZE = 4096
"""Bytes of a page, on both architectures."""
DOMID_SELF = 0x7FF0
"""Stands for the caller where an operation accepts it."""


class PageKind(StrEnum):
    """What a page of the machine is."""

    RAM = "RAM"
    DEVICE = "device memory"


class P2mType(StrEnum):
    """The type of an entry of a domain's stage-2 translation, in Xen's names (those of Arm)."""

    RAM_RW = "p2m_ram_rw"
    RAM_RO = "p2m_ram_ro"
    FOREIGN_RW = "p2m_map_foreign_rw"
    FOREIGN_RO = "p2m_map_foreign_ro"
    GRANT_RW = "p2m_grant_map_rw"
    GRANT_RO = "p2m_grant_map_ro"
    DEVICE = "p2m_mmio_direct"


WRITABLE = frozenset({P2mType.RAM_RW, P2mType.FOREIGN_RW, P2mType.GRANT_RW, P2mType.DEVICE})
"""The types through which a domain may write."""
_RAM = frozenset({P2mType.RAM_RW, P2mType.RAM_RO})


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the machine.

    :param owner: the domid of its owner; ``None`` for a page that belongs to nobody (any more).
    """

    owner: int | None
    kind: PageKind = PageKind.RAM


@dataclass(frozen=True, slots=True)
class P2mEntry:
    """An entry of a stage-2 translation.

    :param mfn: the machine frame that it leads to.
    """

    mfn: int
    type: P2mType


@dataclass(frozen=True)
class Memory:
    """All pages of the machine and the translations of all domains.

    :param pages: by machine frame number.
    :param p2m: by domid and guest frame number.
    :param contents: bytes of the pages that are not all zeros, by machine frame number.
    """

    pages: Mapping[int, Page]
    p2m: Mapping[tuple[int, int], P2mEntry]
    contents: Mapping[int, bytes] = field(default_factory=dict)


class Check(StrEnum):
    """The two hooks that foreign mapping asks, both with the default action ``TARGET``."""

    ADD_TO_PHYSMAP = "xsm_add_to_physmap"
    MAP_GMFN_FOREIGN = "xsm_map_gmfn_foreign"


Permits = Callable[[Check, int, int], bool]
"""Whether a hook lets the first domain (the subject) act on the second."""


def map_page(memory: Memory, domid: int, gfn: int, entry: P2mEntry) -> Memory:
    """Put an entry into a domain's translation, in place of what was there."""
    return replace(memory, p2m={**memory.p2m, (domid, gfn): entry})


def unmap_page(memory: Memory, domid: int, gfn: int) -> Memory:
    """Take an entry out of a domain's translation; nothing there is nothing to do."""
    return replace(memory, p2m={key: entry for key, entry in memory.p2m.items() if key != (domid, gfn)})


def forget_domain(memory: Memory, domid: int) -> Memory:
    """The memory after a domain's end: its translation is gone and its pages are nobody's."""
    pages = {mfn: replace(page, owner=None) if page.owner == domid else page for mfn, page in memory.pages.items()}
    return replace(memory, pages=pages, p2m={key: entry for key, entry in memory.p2m.items() if key[0] != domid})


def own_page(memory: Memory, domid: int, gfn: int) -> int | None:
    """The machine frame of RAM of a domain's own at one of its guest frames; ``None`` for anything else."""
    entry = memory.p2m.get((domid, gfn))
    if entry is None or entry.type not in _RAM or memory.pages[entry.mfn].owner != domid:
        return None
    return entry.mfn


def reached(memory: Memory, domid: int, *, writing: bool) -> frozenset[int]:
    """The machine frames that a domain can read, or write."""
    return frozenset(
        entry.mfn
        for (holder, _), entry in memory.p2m.items()
        if holder == domid and (not writing or entry.type in WRITABLE)
    )


def read(memory: Memory, mfn: int, offset: int = 0, length: int = PAGE_SIZE) -> bytes:
    """Bytes of a page."""
    return memory.contents.get(mfn, bytes(PAGE_SIZE))[offset : offset + length]


def write(memory: Memory, mfn: int, offset: int, data: bytes) -> Memory:
    """Overwrite bytes of a page.

    :raises ValueError: the bytes do not lie within the page.
    """
    if offset < 0 or offset + len(data) > PAGE_SIZE:
        raise ValueError(f"{len(data)} bytes at {offset}: beyond the page")
    before = memory.contents.get(mfn, bytes(PAGE_SIZE))
    return replace(memory, contents={**memory.contents, mfn: before[:offset] + data + before[offset + len(data) :]})


class Space(StrEnum):
    """What is put into a translation, as far as the checks differ."""

    GMFN_FOREIGN = "XENMAPSPACE_gmfn_foreign"
    DEV_MMIO = "XENMAPSPACE_dev_mmio"


@dataclass(frozen=True, slots=True)
class PhysmapRequest:
    """A call of ``XENMEM_add_to_physmap_batch``.

    :param caller: who calls.
    :param domid: whose translation is changed (``d``); :data:`DOMID_SELF` for the caller's own.
    :param foreign_domid: whose pages are mapped (``od``).
    :param frames: pairs of the guest frame of ``od`` and the guest frame of ``d`` at which it shall appear.
    """

    caller: int
    domid: int
    foreign_domid: int
    frames: tuple[tuple[int, int], ...]
    space: Space = Space.GMFN_FOREIGN


@dataclass(frozen=True)
class PhysmapResult:
    """What a call gives back: one result for the call, one for each frame.

    :param code: what the hypercall returns.  It is success also when every frame failed.
    :param errs: the array ``errs[]``; empty when the call failed as a whole.
    """

    memory: Memory
    code: Code
    errs: tuple[Code, ...] = ()


@dataclass(frozen=True)
class Parties:
    """The domains that there are, and what of them the checks look at.

    :param domains: all domids.
    :param hardware: the Hardware Domain.
    :param translated: those whose memory is translated (all guests of Arm, HVM and PVH of x86).
    """

    domains: frozenset[int]
    hardware: int | None
    translated: frozenset[int]


def check_physmap_owner(parties: Parties, permits: Permits, request: PhysmapRequest, domid: int) -> Code:
    """The first check: may the caller change this translation at all (``xatp_permission_check``)?"""
    if domid not in parties.translated:
        return Code.EACCES
    if request.space is Space.DEV_MMIO and not (request.caller == domid == parties.hardware):
        return Code.EACCES
    if not permits(Check.ADD_TO_PHYSMAP, request.caller, domid):
        return Code.EPERM
    return Code.SUCCESS


def check_page_owner(parties: Parties, permits: Permits, request: PhysmapRequest, domid: int) -> Code:
    """The second check, for each frame: may the owner of the translation have pages of the foreign domain?

    Its subject is ``d``, not the caller: who may change somebody's translation does not lend it a privilege.
    """
    if request.foreign_domid == request.caller:
        return Code.EPERM
    if request.foreign_domid not in parties.domains:
        return Code.ESRCH
    if request.foreign_domid == domid:
        return Code.EINVAL
    if not permits(Check.MAP_GMFN_FOREIGN, domid, request.foreign_domid):
        return Code.EPERM
    return Code.SUCCESS


def add_to_physmap(request: PhysmapRequest) -> Code:
    """The call without "batch" knows no foreign mapping: it is refused before anything is looked up."""
    return Code.ENOSYS if request.space is Space.GMFN_FOREIGN else Code.SUCCESS


def add_to_physmap_batch(memory: Memory, parties: Parties, permits: Permits, request: PhysmapRequest) -> PhysmapResult:
    """Map pages of a foreign domain, one by one; a page that is refused costs that page only."""
    domid = request.caller if request.domid == DOMID_SELF else request.domid
    if domid not in parties.domains:
        return PhysmapResult(memory, Code.ESRCH)
    code = check_physmap_owner(parties, permits, request, domid)
    if code is not Code.SUCCESS:
        return PhysmapResult(memory, code)
    errs = []
    for source, gfn in request.frames:
        code = check_page_owner(parties, permits, request, domid)
        if code is Code.SUCCESS:
            memory, code = map_foreign(memory, domid, gfn, request.foreign_domid, source)
        errs.append(code)
    return PhysmapResult(memory, Code.SUCCESS, tuple(errs))


def map_foreign(memory: Memory, domid: int, gfn: int, owner: int, source: int) -> tuple[Memory, Code]:
    """Map one page of a foreign domain; what its owner may only read is mapped to be read only."""
    entry = memory.p2m.get((owner, source))
    if entry is None or entry.type not in _RAM:
        return memory, Code.EINVAL
    kind = P2mType.FOREIGN_RW if entry.type is P2mType.RAM_RW else P2mType.FOREIGN_RO
    return map_page(memory, domid, gfn, P2mEntry(entry.mfn, kind)), Code.SUCCESS
