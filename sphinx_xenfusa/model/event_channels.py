"""Event channels: one pending bit for each port, set by the other end, cleared by the owner.

The receiver reserves a port for one domain; only that domain can bind to it, and Xen sets the binder's own port pending at
once.  Events that come while the bit is set are one event.  A port without another end takes events and does nothing.  Xen
limits no rate: how often the receiver is interrupted between two steps of its own task is the sender's choice
(:attr:`Bounds.storm` is where the count of it ends, not a limit).  A receiver that masks the port (:attr:`Bounds.masks`)
handles it when it likes.

Sources (Xen at c447b7308b1330ec6dcfef37220736c28f41daa0): ``xen/common/event_channel.c:430`` (bind), ``:1366`` (reserve),
``:1376``, ``:1424`` (send).  That storms are not limited is an inference from the source.  Fact sheet 6, 2.9.
"""

from __future__ import annotations

import functools
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


class Port(Enum):
    """A port."""

    FREE = "free"
    RESERVED = "unbound, reserved for the peer"
    BOUND = "bound"


class Binder(Enum):
    """Who binds."""

    PEER = "the peer"
    THIRD = "a third domain"


class Reply(Enum):
    """What Xen has told a domain that bound or sent, last."""

    NONE = "nothing yet"
    SUCCESS = "success"
    EINVAL = "-EINVAL: no port that is reserved for the caller"
    EPERM = "-EPERM: no channel by the policy"


@dataclass(frozen=True)
class Bounds(UnderPolicy):
    """The constants.

    :param storm: up to which number interrupts without a step of the receiver's task are counted.
    :param masks: whether the receiver masks its port after an event until its task has taken a step.
    """

    storm: int = 3
    masks: bool = False

    @functools.cached_property
    def may_bind(self) -> bool:
        """Whether the peer may bind to a port of the receiver."""
        return self.allows("EVTCHNOP_bind_interdomain")


class EventChannels(Exposed):
    """The two ports, and what the receiver has made of the events.

    ``port``, ``pending``, ``masked``: of the receiver.  ``peer_bound``, ``peer_pending``: of the peer.  ``third_bound``: a
    third domain has got the port.  ``unhandled``: events sent since the receiver handled one, up to 2.  ``handled``: it has
    handled one.  ``merged``: it has handled several as one.  ``interrupts``: how often it was interrupted since the last step
    of its task.
    """

    port: Port = one_of(Port)
    pending: bool = flag()
    masked: bool = flag()
    peer_bound: bool = flag()
    peer_pending: bool = flag()
    third_bound: bool = flag()
    unhandled: int = within(0, 2)
    handled: bool = flag()
    merged: bool = flag()
    interrupts: int = within(0, lambda c: c.storm)
    reply: Reply = one_of(Reply)


EVENTS = RuleModel("event channels", EventChannels, Bounds())


@inlined
def delivered(s: EventChannels, c: Bounds) -> bool:
    """Whether the receiver has handled an event of the peer's."""
    return s.handled


@inlined
def events_merged(s: EventChannels, c: Bounds) -> bool:
    """Whether several events were handled as one."""
    return s.merged


@inlined
def event_lost(s: EventChannels, c: Bounds) -> bool:
    """Whether an event was sent that the receiver will not see."""
    return s.unhandled > 0 and not s.pending


@inlined
def storm(s: EventChannels, c: Bounds) -> bool:
    """Whether the receiver was interrupted as often as is counted without a step of its task."""
    return s.interrupts == c.storm


@inlined
def no_storm(s: EventChannels, c: Bounds) -> bool:
    """Whether a step of the receiver's task came before that."""
    return s.interrupts < c.storm


@inlined
def nothing_lost(s: EventChannels, c: Bounds) -> bool:
    """Whether every event that was sent was handled or is pending, and no other domain has the port."""
    return (s.unhandled == 0 or s.pending) and not s.third_bound


@inlined
def bound_to_a_third(s: EventChannels, c: Bounds) -> bool:
    """Whether a domain has bound to a port that is not reserved for it."""
    return s.third_bound


@inlined
def sent_to_nobody(s: EventChannels, c: Bounds) -> bool:
    """Whether an event was sent to a port without another end: success, and nothing happens."""
    return s.reply == Reply.SUCCESS and not s.peer_bound


@inlined
def bind_refused(s: EventChannels, c: Bounds) -> bool:
    """Whether a bind was refused for want of a reservation."""
    return s.reply == Reply.EINVAL


@inlined
def reserved_for(s: EventChannels, binder: Binder) -> bool:
    """Whether the receiver's port waits for this domain."""
    return s.port == Port.RESERVED and binder == Binder.PEER


@EVENTS.rule("receiver", "xen/common/event_channel.c:1366")
def reserve_port(s: EventChannels, c: Bounds) -> None:
    """Allocate an unbound port that is reserved for the peer."""
    require(s.port == Port.FREE and not s.waits)
    s.port = Port.RESERVED


@EVENTS.rule("receiver", "xen/common/event_channel.c:1416")
def close_port(s: EventChannels, c: Bounds) -> None:
    """Close the port: the other end is unbound."""
    require(s.port != Port.FREE and not s.masked and not s.waits)
    s.port = Port.FREE
    s.pending = False
    s.masked = False
    s.unhandled = 0
    s.peer_bound = False
    s.third_bound = False


@EVENTS.rule("receiver", "fact sheet 6")
def handle_event(s: EventChannels, c: Bounds) -> None:
    """Be interrupted: clear the pending bit and handle what there is, as one event."""
    require(s.pending and not s.masked and not s.waits)
    s.pending = False
    s.merged = s.merged or s.unhandled > 1
    s.unhandled = 0
    s.handled = True
    s.interrupts = min(s.interrupts + 1, c.storm)
    if c.masks:
        s.masked = True


@EVENTS.rule("receiver", "fact sheet 6")
def do_own_task(s: EventChannels, c: Bounds) -> None:
    """A step of the receiver's task; it takes events again after it."""
    require(not s.waits)
    s.interrupts = 0
    s.masked = False


@EVENTS.rule("receiver", "xen/arch/arm/io.c:186-216")
def use_register(s: EventChannels, c: Bounds) -> None:
    """Access a register that the peer answers, where there is one."""
    access_emulated_register(s, c)


@inlined
def bind(s: EventChannels, c: Bounds, binder: Binder) -> None:
    """What comes of an attempt to bind to the receiver's port."""
    if not c.may_bind:
        s.reply = Reply.EPERM
    elif reserved_for(s, binder):
        s.port = Port.BOUND
        s.reply = Reply.SUCCESS
        if binder == Binder.PEER:
            s.peer_bound = True
            s.peer_pending = True
        else:
            s.third_bound = True
    else:
        s.reply = Reply.EINVAL


@EVENTS.rule("peer", "xen/common/event_channel.c:430,1376")
def bind_interdomain(s: EventChannels, c: Bounds) -> None:
    """Bind to the port of the receiver; Xen sets its own port pending."""
    require(not s.peer_bound)
    bind(s, c, Binder.PEER)


@EVENTS.rule("third domain", "xen/common/event_channel.c:430,1376")
def bind_as_third(s: EventChannels, c: Bounds) -> None:
    """Another domain tries to bind to it."""
    require(not s.third_bound)
    bind(s, c, Binder.THIRD)


@EVENTS.rule("peer", "xen/common/event_channel.c:1424")
def send_event(s: EventChannels, c: Bounds) -> None:
    """Send an event: one bit, however often; on a port without another end nothing happens."""
    s.reply = Reply.SUCCESS
    if s.peer_bound:
        s.pending = True
        s.unhandled = min(s.unhandled + 1, 2)


@EVENTS.rule("peer", "xen/include/xsm/dummy.h:561 (XENMAPSPACE_gmfn_foreign)")
def map_memory(s: EventChannels, c: Bounds) -> None:
    """Try to map memory of the receiver."""
    ask_to_map(s, c)


@EVENTS.rule("peer", "xen/include/xsm/dummy.h:744 (XEN_DMOP)")
def become_device_model(s: EventChannels, c: Bounds) -> None:
    """Try to emulate a register of the receiver."""
    ask_to_emulate(s, c)


SYSTEMS = {
    "port that is never masked": EVENTS.system(),
    "port that is masked after an event": EVENTS.system(Bounds(masks=True)),
}
"""What is counted by other tools as well."""
