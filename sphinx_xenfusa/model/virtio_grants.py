"""VirtIO with grants: how an address in a ring names a grant, and a frontend's memory while requests are served.

An address with bit 63 set is a reference, not an address: the reference stands at bits 12 to 43, the offset within the page at
bits 0 to 11.  A buffer of several pages takes references that follow each other.  The ring is granted for writing, a buffer as
its direction asks; a grant is for whole pages, so that what lies beside a small buffer is shared with it.

The rules below have a backend that may be arbitrary: it maps what it can, holds on to it, reads and writes as it likes.  Whether
it can also map without a grant is a constant (:attr:`Bounds.may_map`), because that is the policy's decision.

Source: Linux ``drivers/xen/grant-dma-ops.c``, ``drivers/xen/grant-table.c`` (fact sheet 3.6, 4); Xen has the grant table only
(D16).  Mechanisms g1, g2 and g3 of the list of interference.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from sphinx_xenfusa.explore.language import RuleModel, State, array, flag, one_of, require, within
from sphinx_xenfusa.model.memory import PAGE_SIZE

GRANT_BIT = 1 << 63
"""Set in an address that names a grant."""
PAGE_SHIFT = 12
"""Where the reference begins."""
LAST_REF = (1 << 32) - 1
"""The highest reference."""


class GrantAddress(NamedTuple):
    """What an address names.

    :param ref: the reference of the first page.
    :param offset: first byte within that page.
    """

    ref: int
    offset: int


def encode(address: GrantAddress) -> int:
    """The 64-bit address.

    :raises ValueError: the reference has more than 32 bits, or the offset lies beyond the page.
    """
    if not 0 <= address.ref <= LAST_REF:
        raise ValueError(f"the reference {address.ref:#x}: more than 32 bits")
    if not 0 <= address.offset < PAGE_SIZE:
        raise ValueError(f"the offset {address.offset:#x}: beyond the page")
    return GRANT_BIT | address.ref << PAGE_SHIFT | address.offset


def decode(address: int) -> GrantAddress | None:
    """What an address names; ``None`` for one that is a plain address of the guest's.

    :raises ValueError: bit 63 is set, and so is one between the reference and it.
    """
    if not address & GRANT_BIT:
        return None
    ref = (address & ~GRANT_BIT) >> PAGE_SHIFT
    if ref > LAST_REF:
        raise ValueError(f"the address {address:#x}: bits 44 to 62 are not zero")
    return GrantAddress(ref, address % PAGE_SIZE)


def refs_of(address: GrantAddress, length: int) -> tuple[int, ...]:
    """The references that a buffer of so many bytes takes, one for each page that it touches."""
    if length == 0:
        return ()
    return tuple(range(address.ref, address.ref + (address.offset + length - 1) // PAGE_SIZE + 1))


# ---- the frontend's memory while requests are served ------------------------------------------------------------------------


class Request(Enum):
    """Where the one request is."""

    NONE = "none"
    POSTED = "posted"
    SERVED = "served"


@dataclass(frozen=True)
class Bounds:
    """The constants.

    :param pages: pages of the frontend's: the ring is page 0.
    :param grants: whether the link is one with grants.
    :param may_map: whether the policy lets the backend map memory of the frontend without a grant.
    :param withheld: a page that the backend cannot map without a grant, whatever the policy says; 0 for none.
    :param hardened: whether the frontend ends a grant only while nobody uses it, and keeps the page until then.
    :param bounced: whether buffers are copied into pages on which nothing else lies.
    """

    pages: int = 3
    grants: bool = True
    may_map: bool = False
    withheld: int = 0
    hardened: bool = True
    bounced: bool = True


class Lending(State):
    """The frontend's pages.

    ``lent``: the frontend counts the page as the link's.  ``granted``, ``granted_writing``: what stands in the grant table.
    ``held``, ``held_writing``: the backend has a mapping.  ``by_grant``: that mapping came by a grant: the entry is in use.
    ``kept``: the frontend wants the page back and does not get it.  ``completed``: a request with a buffer there was served.
    ``changed``, ``seen``, ``seen_beside``: the backend has written memory that is not the link's, read such memory, read what
    lies beside a buffer.
    """

    ready: bool = flag()
    request: Request = one_of(Request)
    buffer: int = within(0, lambda c: c.pages - 1)
    device_writes: bool = flag()
    lent: list[bool] = array(lambda c: c.pages, flag())
    granted: list[bool] = array(lambda c: c.pages, flag())
    granted_writing: list[bool] = array(lambda c: c.pages, flag())
    held: list[bool] = array(lambda c: c.pages, flag())
    held_writing: list[bool] = array(lambda c: c.pages, flag())
    by_grant: list[bool] = array(lambda c: c.pages, flag())
    kept: list[bool] = array(lambda c: c.pages, flag())
    completed: list[bool] = array(lambda c: c.pages, flag())
    changed: bool = flag()
    seen: bool = flag()
    seen_beside: bool = flag()


LENDING = RuleModel("a frontend's memory on a VirtIO link", Lending, Bounds())

_FRONTEND = "Linux drivers/xen/grant-dma-ops.c"


@LENDING.rule("frontend", _FRONTEND)
def set_up(s: Lending, c: Bounds) -> None:
    """Lend the ring, for writing."""
    require(not s.ready)
    s.ready = True
    s.lent[0] = True
    if c.grants:
        s.granted[0] = True
        s.granted_writing[0] = True


@LENDING.rule("frontend", _FRONTEND, page=lambda c: range(1, c.pages), device_writes=(False, True))
def post(s: Lending, c: Bounds, page: int, device_writes: bool) -> None:
    """Lend a page for a request; to be written only where the device shall write."""
    require(s.ready and s.request == Request.NONE and not s.lent[page])
    s.request = Request.POSTED
    s.buffer = page
    s.device_writes = device_writes
    s.lent[page] = True
    if c.grants:
        s.granted[page] = True
        s.granted_writing[page] = device_writes


@LENDING.rule("frontend", "Linux drivers/xen/grant-table.c")
def reap(s: Lending, c: Bounds) -> None:
    """See that a request is served, and take the page back; who is careless does not look whether it is in use."""
    require(s.request == Request.SERVED)
    s.completed[s.buffer] = True
    if c.grants and c.hardened and s.by_grant[s.buffer]:
        s.kept[s.buffer] = True
    else:
        s.lent[s.buffer] = False
        s.granted[s.buffer] = False
        s.granted_writing[s.buffer] = False
    s.request = Request.NONE
    s.buffer = 0
    s.device_writes = False


@LENDING.rule("frontend", "Linux drivers/xen/grant-table.c (the deferred list)", page=lambda c: range(1, c.pages))
def try_again(s: Lending, c: Bounds, page: int) -> None:
    """Take a page back that was in use."""
    require(s.kept[page] and not s.by_grant[page])
    s.kept[page] = False
    s.lent[page] = False
    s.granted[page] = False
    s.granted_writing[page] = False


@LENDING.rule("backend", "xen/common/grant_table.c:1003-1383", page=lambda c: range(c.pages), writing=(False, True))
def map_granted(s: Lending, c: Bounds, page: int, writing: bool) -> None:
    """Map a granted page, as it was granted."""
    require(s.granted[page] and not s.held[page])
    require(s.granted_writing[page] or not writing)
    s.held[page] = True
    s.held_writing[page] = writing
    s.by_grant[page] = True


@LENDING.rule("backend", "xen/arch/arm/mm.c:209", page=lambda c: range(c.pages))
def map_foreign(s: Lending, c: Bounds, page: int) -> None:
    """Map a page without a grant: it takes the privilege, and is for writing."""
    require(c.may_map and not s.held[page])
    require(page != c.withheld or c.withheld == 0)
    s.held[page] = True
    s.held_writing[page] = True


@LENDING.rule("backend", "xen/common/grant_table.c:1409-1604", page=lambda c: range(c.pages))
def unmap(s: Lending, c: Bounds, page: int) -> None:
    """Give a mapping back."""
    require(s.held[page])
    s.held[page] = False
    s.held_writing[page] = False
    s.by_grant[page] = False


@LENDING.rule("backend", "VirtIO 1.2, 2.7.8")
def serve(s: Lending, c: Bounds) -> None:
    """Serve the request: the ring has to be mapped for writing, and the buffer as the request asks."""
    require(s.request == Request.POSTED and s.held_writing[0] and s.held[s.buffer])
    require(s.held_writing[s.buffer] or not s.device_writes)
    s.request = Request.SERVED


@LENDING.rule("backend", "the backend's own memory accesses", page=lambda c: range(c.pages))
def write(s: Lending, c: Bounds, page: int) -> None:
    """Write to a page that is mapped for writing."""
    require(s.held_writing[page])
    if not s.lent[page]:
        s.changed = True


@LENDING.rule("backend", "the backend's own memory accesses", page=lambda c: range(c.pages))
def read(s: Lending, c: Bounds, page: int) -> None:
    """Read from a mapped page, all of it."""
    require(s.held[page])
    if not s.lent[page]:
        s.seen = True
    if page > 0 and s.lent[page] and not c.bounced:
        s.seen_beside = True


# ---- what is said of it -----------------------------------------------------------------------------------------------------


def posted(s: Lending, c: Bounds) -> bool:
    """A request is waiting."""
    return s.request == Request.POSTED


def holds_a_page(s: Lending, c: Bounds) -> bool:
    """The backend has a mapping of a page that carries data."""
    return any(s.held[page] for page in range(1, c.pages))


def holds_only_what_is_lent(s: Lending, c: Bounds) -> bool:
    """Every page that the backend has mapped is one that the frontend has granted it, and still counts as the link's."""
    return all(not s.held[page] or (s.lent[page] and s.granted[page]) for page in range(c.pages))


def writes_only_what_may_be_written(s: Lending, c: Bounds) -> bool:
    """Every page that the backend can write was granted for writing."""
    return all(not s.held_writing[page] or s.granted_writing[page] for page in range(c.pages))


def foreign_memory_untouched(s: Lending, c: Bounds) -> bool:
    """The backend has neither written nor read memory that is not the link's."""
    return not s.changed and not s.seen


def changed_foreign_memory(s: Lending, c: Bounds) -> bool:
    """The backend has changed memory of the frontend that was part of no request, or is so no more."""
    return s.changed


def saw_beside(s: Lending, c: Bounds) -> bool:
    """The backend has read what lies beside a buffer."""
    return s.seen_beside


def saw_nothing_beside(s: Lending, c: Bounds) -> bool:
    """The backend has not read what lies beside a buffer."""
    return not s.seen_beside


def page_is_kept(s: Lending, c: Bounds) -> bool:
    """The frontend wants a page back and does not get it."""
    return any(s.kept[page] for page in range(c.pages))


def no_page_is_kept(s: Lending, c: Bounds) -> bool:
    """The frontend has every page back that it wants."""
    return not any(s.kept[page] for page in range(c.pages))


def first_completed(s: Lending, c: Bounds) -> bool:
    """A request with its buffer in page 1 was served."""
    return s.completed[1]


def every_page_completed(s: Lending, c: Bounds) -> bool:
    """Requests with buffers in each page that carries data were served."""
    return all(s.completed[page] for page in range(1, c.pages))


def withheld_page_posted(s: Lending, c: Bounds) -> bool:
    """A request waits whose buffer lies in the page that the backend cannot map."""
    return s.request == Request.POSTED and s.buffer == c.withheld


def withheld_page_not_completed(s: Lending, c: Bounds) -> bool:
    """No request with its buffer in that page was served."""
    return not s.completed[c.withheld]


def nothing_completed(s: Lending, c: Bounds) -> bool:
    """No request was served."""
    return not any(s.completed[page] for page in range(c.pages))


SYSTEMS = {
    "with grants": LENDING.system(),
    "with grants, careless frontend": LENDING.system(Bounds(hardened=False)),
    "without grants": LENDING.system(Bounds(grants=False, may_map=True)),
}
"""What is counted by other tools as well."""
