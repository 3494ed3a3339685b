"""Argo: the receiver registers a ring in its own memory, and Xen copies each message into it.  No memory is shared.

A ring is for one sender, or for any.  A sender names the source that the message will carry, and Xen refuses one that is not
its own.  Without a ring for the sender, or with a full one, the send fails; after a full one Xen tells the sender when there is
space. The receiver looks at a message twice, to check it and to use it: the copy is its own, so that both times are alike.

Not modelled: the sizes of ring and message (at most 16 MiB, 8 pieces), ports, and Xen's work while it copies.  Argo is not
supported and off unless the boot line says otherwise; the model begins with it on, or off (:attr:`Bounds.on`).

Sources (Xen at c447b7308b1330ec6dcfef37220736c28f41daa0): ``xen/common/argo.c:2109`` (register), ``:2151`` (send), ``:2196``
(notify); ``xen/common/Kconfig:479``; ``xen/xsm/silo.c:29-34``.  Fact sheet 6, 2.9.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from enum import Enum

from sphinx_xenfusa.explore.language import RuleModel, array, flag, inlined, one_of, require, within
from sphinx_xenfusa.model.channel_peer import (
    Exposed,
    UnderPolicy,
    access_emulated_register,
    ask_to_emulate,
    ask_to_map,
)


class Ring(Enum):
    """The ring of the receiver."""

    NONE = "none"
    FOR_PEER = "for the peer alone"
    FOR_ANY = "for any source"


class Sender(Enum):
    """Who sends."""

    PEER = "the peer"
    THIRD = "a third domain"


class Source(Enum):
    """Of whom a message says that it is; none where the ring is empty."""

    NONE = "no message"
    PEER = "the peer"
    THIRD = "a third domain"


class Reply(Enum):
    """What Xen has told the peer last."""

    NONE = "nothing yet"
    SENT = "sent"
    EOPNOTSUPP = "-EOPNOTSUPP: Argo is off"
    EPERM = "-EPERM: a source that is not its own, or no channel by the policy"
    ECONNREFUSED = "-ECONNREFUSED: no ring"
    EAGAIN = "-EAGAIN: the ring is full"


class Receiver(Enum):
    """Where the receiver is with the message at the head of its ring."""

    IDLE = "idle"
    CHECKED = "the message checked"


@dataclass(frozen=True)
class Bounds(UnderPolicy):
    """The constants.

    :param slots: messages that the ring holds.
    :param on: whether the boot line has switched Argo on.
    """

    slots: int = 2
    on: bool = True

    @functools.cached_property
    def may_register(self) -> bool:
        """Whether the victim may register a ring for the peer."""
        return self.allows("XEN_ARGO_OP_register_ring", by_peer=False)

    @functools.cached_property
    def may_send(self) -> bool:
        """Whether the peer may send to the victim."""
        return self.allows("XEN_ARGO_OP_sendv")


class Argo(Exposed):
    """The ring in the receiver's memory, its two ends, and what was promised to the sender.

    ``source`` and ``content`` of the messages, the oldest first.  ``true_sender``: who has really sent each, which nobody
    reads. ``checked``: the content that the receiver has seen when it checked.  ``differs``: it used another one than it
    checked. ``mistaken``: it took a message for another domain's.  ``wants_space``, ``told_of_space``: of the peer, after a
    full ring.
    """

    ring: Ring = one_of(Ring)
    source: list[Source] = array(lambda c: c.slots, one_of(Source))
    true_sender: list[Source] = array(lambda c: c.slots, one_of(Source))
    content: list[int] = array(lambda c: c.slots, within(0, 1))
    receiver: Receiver = one_of(Receiver)
    checked: int = within(0, 1)
    delivered: bool = flag()
    differs: bool = flag()
    mistaken: bool = flag()
    reply: Reply = one_of(Reply)
    wants_space: bool = flag()
    told_of_space: bool = flag()


ARGO = RuleModel("Argo", Argo, Bounds())


@inlined
def delivered(s: Argo, c: Bounds) -> bool:
    """Whether the receiver has taken a message of the peer's."""
    return s.delivered


@inlined
def source_forged(s: Argo, c: Bounds) -> bool:
    """Whether the receiver has taken a message for another domain's."""
    return s.mistaken


@inlined
def changed_after_check(s: Argo, c: Bounds) -> bool:
    """Whether the receiver has used another content than it checked."""
    return s.differs


@inlined
def refused_for_source(s: Argo, c: Bounds) -> bool:
    """Whether the peer was refused, for a source that is not its own or by the policy."""
    return s.reply == Reply.EPERM


@inlined
def refused_without_ring(s: Argo, c: Bounds) -> bool:
    """Whether the peer was refused for want of a ring."""
    return s.reply == Reply.ECONNREFUSED


@inlined
def refused_by_full_ring(s: Argo, c: Bounds) -> bool:
    """Whether the peer found the ring full."""
    return s.reply == Reply.EAGAIN


@inlined
def refused_because_off(s: Argo, c: Bounds) -> bool:
    """Whether the peer found Argo switched off."""
    return s.reply == Reply.EOPNOTSUPP


@inlined
def told_of_space(s: Argo, c: Bounds) -> bool:
    """Whether the peer was told that there is space again."""
    return s.told_of_space


@inlined
def peer_has_tried(s: Argo, c: Bounds) -> bool:
    """Whether the peer has tried to send."""
    return s.reply != Reply.NONE


@inlined
def as_sent_and_as_checked(s: Argo, c: Bounds) -> bool:
    """Whether the receiver knows the source of every message that it took, and used what it checked."""
    return not s.mistaken and not s.differs


@inlined
def is_open_to(s: Argo, sender: Sender) -> bool:
    """Whether there is a ring for a sender."""
    return s.ring == Ring.FOR_ANY or (s.ring == Ring.FOR_PEER and sender == Sender.PEER)


@inlined
def store(s: Argo, c: Bounds, source: Source, true_sender: Source, content: int) -> None:
    """Xen copies a message behind the last one.  From the end, so that what is stored is not taken for what was there."""
    for back in range(c.slots):
        slot = c.slots - 1 - back
        if s.source[slot] == Source.NONE and all(s.source[before] != Source.NONE for before in range(slot)):
            s.source[slot] = source
            s.true_sender[slot] = true_sender
            s.content[slot] = content


@ARGO.rule("receiver", "xen/common/argo.c:2109", ring=(Ring.FOR_PEER, Ring.FOR_ANY))
def register_ring(s: Argo, c: Bounds, ring: Ring) -> None:
    """Register a ring in its own memory, for the peer or for any source."""
    require(c.on and s.ring == Ring.NONE and not s.waits)
    require(ring == Ring.FOR_ANY or c.may_register)
    s.ring = ring


@ARGO.rule("receiver", "xen/common/argo.c:2136")
def unregister_ring(s: Argo, c: Bounds) -> None:
    """Take the ring back; messages in it are lost."""
    require(s.ring != Ring.NONE and s.receiver == Receiver.IDLE and not s.waits)
    s.ring = Ring.NONE
    for slot in range(c.slots):
        s.source[slot] = Source.NONE
        s.true_sender[slot] = Source.NONE
        s.content[slot] = 0


@ARGO.rule("receiver", "fact sheet 6")
def check_message(s: Argo, c: Bounds) -> None:
    """Read the oldest message and check it."""
    require(s.receiver == Receiver.IDLE and s.source[0] != Source.NONE and not s.waits)
    s.checked = s.content[0]
    s.receiver = Receiver.CHECKED


@ARGO.rule("receiver", "fact sheet 6; xen/common/argo.c:2196")
def use_message(s: Argo, c: Bounds) -> None:
    """Read it again, use it, and free its space; Xen tells a peer that has waited for space."""
    require(s.receiver == Receiver.CHECKED and not s.waits)
    s.differs = s.differs or s.checked != s.content[0]
    s.mistaken = s.mistaken or s.source[0] != s.true_sender[0]
    s.delivered = s.delivered or s.source[0] == Source.PEER
    for slot in range(c.slots):
        if slot + 1 < c.slots:
            s.source[slot] = s.source[min(slot + 1, c.slots - 1)]
            s.true_sender[slot] = s.true_sender[min(slot + 1, c.slots - 1)]
            s.content[slot] = s.content[min(slot + 1, c.slots - 1)]
        else:
            s.source[slot] = Source.NONE
            s.true_sender[slot] = Source.NONE
            s.content[slot] = 0
    s.receiver = Receiver.IDLE
    s.checked = 0
    if s.wants_space:
        s.wants_space = False
        s.told_of_space = True


@ARGO.rule("receiver", "xen/arch/arm/io.c:186-216")
def use_register(s: Argo, c: Bounds) -> None:
    """Access a register that the peer answers, where there is one."""
    access_emulated_register(s, c)


@ARGO.rule("peer", "xen/common/argo.c:2151", claimed=Sender, content=(0, 1))
def send_message(s: Argo, c: Bounds, claimed: Sender, content: int) -> None:
    """Send a message under its own name or another's; Xen copies it, or says why not."""
    s.told_of_space = False
    if not c.on:
        s.reply = Reply.EOPNOTSUPP
    elif claimed != Sender.PEER or not c.may_send:
        s.reply = Reply.EPERM
    elif not is_open_to(s, Sender.PEER):
        s.reply = Reply.ECONNREFUSED
    elif s.source[c.slots - 1] != Source.NONE:
        s.reply = Reply.EAGAIN
        s.wants_space = True
    else:
        store(s, c, Source.PEER if claimed == Sender.PEER else Source.THIRD, Source.PEER, content)
        s.reply = Reply.SENT


@ARGO.rule("third domain", "xen/common/argo.c:2151", claimed=Sender)
def send_as_third(s: Argo, c: Bounds, claimed: Sender) -> None:
    """Another domain sends, perhaps in the peer's name."""
    require(c.on and c.may_send and is_open_to(s, Sender.THIRD) and s.source[c.slots - 1] == Source.NONE)
    require(claimed == Sender.THIRD)
    store(s, c, Source.THIRD if claimed == Sender.THIRD else Source.PEER, Source.THIRD, 0)


@ARGO.rule("peer", "xen/include/xsm/dummy.h:561 (XENMAPSPACE_gmfn_foreign)")
def map_memory(s: Argo, c: Bounds) -> None:
    """Try to map memory of the receiver."""
    ask_to_map(s, c)


@ARGO.rule("peer", "xen/include/xsm/dummy.h:744 (XEN_DMOP)")
def become_device_model(s: Argo, c: Bounds) -> None:
    """Try to emulate a register of the receiver."""
    ask_to_emulate(s, c)
