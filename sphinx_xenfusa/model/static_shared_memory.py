"""Static shared memory: a page that both domains can write from boot on, and a word in it that says that a message is complete.

The owner writes a message and then the word; the borrower waits for the word, checks the message, and uses it.  Both map the
page writable, always: there is no read-only mapping for the borrower.  So whatever one of them has checked in the page, the
other can change before it is used, unless it was copied first (:attr:`Bounds.copies`); and the owner cannot rely on what it has
written.

No rule adds a page, or takes one away: the page is fixed at boot, without any check of a policy.  Not modelled: caches, and
more than one message.

Sources (Xen at c447b7308b1330ec6dcfef37220736c28f41daa0): ``xen/common/device-tree/static-shmem.c:248-256`` (the borrower's
mapping, in the Arm tree); binding ``xen,domain-shared-memory-v1``.  Fact sheet 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sphinx_xenfusa.explore.language import RuleModel, flag, inlined, one_of, require, within
from sphinx_xenfusa.model.channel_peer import (
    Exposed,
    UnderPolicy,
    access_emulated_register,
    ask_to_emulate,
    ask_to_map,
)


class Reader(Enum):
    """Where the reader of a message is."""

    IDLE = "idle"
    COPIED = "copied into its own memory"
    CHECKED = "checked"


@dataclass(frozen=True)
class Bounds(UnderPolicy):
    """The constants.

    :param copies: whether the reader copies a message into its own memory before it checks it.
    """

    copies: bool = False


class StaticSharedMemory(Exposed):
    """The shared page, what its two users keep for themselves, and what came of it.

    The victim owns the page here, and the peer borrows it.  ``message``, ``complete``: in the shared page.  ``written``: what
    the owner has written last.  ``copy``, ``checked``: the reader's.  ``differs``: a reader has used what it has not checked.
    ``overwritten``: the borrower has changed what the owner wrote.  ``delivered``, ``replied``: a message was taken, in each
    direction.
    """

    message: int = within(0, 1)
    complete: bool = flag()
    written: int = within(0, 1)
    reader: Reader = one_of(Reader)
    copy: int = within(0, 1)
    checked: int = within(0, 1)
    differs: bool = flag()
    overwritten: bool = flag()
    delivered: bool = flag()
    replied: bool = flag()


SHARED_MEMORY = RuleModel("static shared memory", StaticSharedMemory, Bounds())


@inlined
def delivered(s: StaticSharedMemory, c: Bounds) -> bool:
    """Whether the borrower has taken a message."""
    return s.delivered


@inlined
def delivered_both_ways(s: StaticSharedMemory, c: Bounds) -> bool:
    """Whether a message was taken in each direction."""
    return s.delivered and s.replied


@inlined
def changed_after_check(s: StaticSharedMemory, c: Bounds) -> bool:
    """Whether the owner has used what it had not checked."""
    return s.differs


@inlined
def message_written(s: StaticSharedMemory, c: Bounds) -> bool:
    """Whether a complete message is in the page."""
    return s.complete


@inlined
def used_as_checked(s: StaticSharedMemory, c: Bounds) -> bool:
    """Whether the owner has used nothing that it had not checked."""
    return not s.differs


@inlined
def owner_overwritten(s: StaticSharedMemory, c: Bounds) -> bool:
    """Whether the borrower has changed what the owner wrote."""
    return s.overwritten


@SHARED_MEMORY.rule("owner", "static-shmem.c:248-256", message=(0, 1))
def write_message(s: StaticSharedMemory, c: Bounds, message: int) -> None:
    """Write a message and say that it is complete."""
    require(not s.complete and s.reader == Reader.IDLE and not s.waits)
    s.message = message
    s.written = message
    s.complete = True


@SHARED_MEMORY.rule("peer", "static-shmem.c:248-256", reply=(0, 1))
def take_and_reply(s: StaticSharedMemory, c: Bounds, reply: int) -> None:
    """Take a complete message, and write a reply into its place."""
    require(s.complete)
    s.delivered = True
    s.message = reply
    s.complete = False


@SHARED_MEMORY.rule("hostile peer", "static-shmem.c:248-256: the borrower's mapping is writable", message=(0, 1))
def overwrite(s: StaticSharedMemory, c: Bounds, message: int) -> None:
    """Write the page at any time."""
    require(s.message != message)
    if s.complete and s.message == s.written:
        s.overwritten = True
    s.message = message


@SHARED_MEMORY.rule("owner", "static-shmem.c:248-256")
def copy_reply(s: StaticSharedMemory, c: Bounds) -> None:
    """Copy the reply into its own memory."""
    require(c.copies and s.delivered and not s.complete and s.reader == Reader.IDLE and not s.waits)
    s.copy = s.message
    s.reader = Reader.COPIED


@SHARED_MEMORY.rule("owner", "static-shmem.c:248-256")
def check_reply(s: StaticSharedMemory, c: Bounds) -> None:
    """Check the reply: its own copy, or the page itself."""
    require(not s.waits)
    if c.copies:
        require(s.reader == Reader.COPIED)
        s.checked = s.copy
    else:
        require(s.delivered and not s.complete and s.reader == Reader.IDLE)
        s.checked = s.message
    s.reader = Reader.CHECKED


@SHARED_MEMORY.rule("owner", "static-shmem.c:248-256")
def use_reply(s: StaticSharedMemory, c: Bounds) -> None:
    """Use the reply: its own copy, or the page itself."""
    require(s.reader == Reader.CHECKED and not s.waits)
    if c.copies:
        s.differs = s.differs or s.checked != s.copy
    else:
        s.differs = s.differs or s.checked != s.message
    s.replied = True
    s.reader = Reader.IDLE
    s.checked = 0
    s.copy = 0


@SHARED_MEMORY.rule("owner", "xen/arch/arm/io.c:186-216")
def use_register(s: StaticSharedMemory, c: Bounds) -> None:
    """Access a register that the peer answers, where there is one."""
    access_emulated_register(s, c)


@SHARED_MEMORY.rule("hostile peer", "xen/include/xsm/dummy.h:561 (XENMAPSPACE_gmfn_foreign)")
def map_memory(s: StaticSharedMemory, c: Bounds) -> None:
    """Try to map memory of the owner that is not the shared page."""
    ask_to_map(s, c)


@SHARED_MEMORY.rule("hostile peer", "xen/include/xsm/dummy.h:744 (XEN_DMOP)")
def become_device_model(s: StaticSharedMemory, c: Bounds) -> None:
    """Try to emulate a register of the owner."""
    ask_to_emulate(s, c)


SYSTEMS = {
    "reader that does not copy": SHARED_MEMORY.system(),
    "reader that copies": SHARED_MEMORY.system(Bounds(copies=True)),
}
"""What is counted by other tools as well."""
