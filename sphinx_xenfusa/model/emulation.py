"""Synchronous emulation: an access of the frontend's virtual CPU to an emulated register, and the backend that has to answer
it.

Xen puts the access into a slot (ioreq) on a page that it shares with the backend, and blocks the virtual CPU until the backend
has stored an answer and sent an event.  There is no time limit, for writes as little as for reads.  What the backend stores in
between, Xen judges when it looks: a state that goes backwards, or none of the four, ends the frontend's domain and not the
backend.

The backend is three parties, of which a caller leaves out what it does not want: ``backend`` follows the protocol; ``hostile
backend`` stores any state and sends any event at any time; without both it is silent.  ``Control Domain`` is one of its own.

Where the fact sheet is silent, both are possible here: what becomes of a request when its server, or the domain of the backend,
is destroyed.  Of the address and the data of an access only this is modelled: whether the data are the backend's or all-ones.

Sources (Xen at c447b7308b1330ec6dcfef37220736c28f41daa0): ``xen/include/public/hvm/ioreq.h:13-16`` the states;
``xen/common/ioreq.c:154-209`` waiting, ``:1249-1311`` sending; ``:716,761,808,862,914,975,1004`` only the creator alters a
server; ``xen/arch/arm/io.c:186-216`` the way there on Arm, where every access is of this kind (``ioreq.c:650``).  Fact sheet 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sphinx_xenfusa.explore.language import RuleModel, State, array, flag, inlined, one_of, require, tabulated


class Slot(Enum):
    """The state field of an ioreq, 4 bits wide: the four that have a name, and all the others."""

    NONE = 0
    READY = 1
    INPROCESS = 2
    RESP_READY = 3
    INVALID = 4
    """Any number above 3."""


class Access(Enum):
    """What a virtual CPU is waiting for."""

    NONE = "nothing"
    READ = "a read"
    WRITE = "a write"


class Outcome(Enum):
    """What came of the last access of a virtual CPU."""

    NONE = "nothing yet"
    ANSWERED = "completed by the backend"
    ALL_ONES = "completed by Xen with all-ones"
    UNHANDLED = "not emulated: the slot was not free"


class DomainIs(Enum):
    """The life of the frontend's domain."""

    RUNNING = "running"
    SHUTTING_DOWN = "shutting down: held up by an access that is pending"
    SHUT_DOWN = "shut down or suspended"
    CRASHED = "crashed by Xen"
    DESTROYED = "destroyed by the Control Domain"


class Server(Enum):
    """The ioreq server that the backend's domain has created for the frontend's."""

    ENABLED = "enabled"
    DESTROYED = "destroyed"
    DISABLED = "disabled by a hardened Xen"


class Who(Enum):
    """A domain that may want to alter the server."""

    BACKEND = "the domain of the backend"
    CONTROL_DOMAIN = "the Control Domain"
    OTHER = "any other domain"


class Backend(Enum):
    """The domain of the backend."""

    ALIVE = "alive"
    DESTROYED = "destroyed by the Control Domain"


@dataclass(frozen=True)
class Bounds:
    """The constants.

    :param vcpus: virtual CPUs of the frontend's domain.
    :param hardened: a Xen that does not exist: it gives up waiting after a while, and disables a server that stores nonsense
        instead of crashing the domain that waits for it.
    :param named_only: whether a hostile backend stores only the four states that have a name.
    """

    vcpus: int = 2
    hardened: bool = False
    named_only: bool = False


class Emulation(State):
    """The slots, the virtual CPUs and the domains.

    ``waits``: blocked in Xen.  ``pending``: an access has been sent and is not complete.  ``seen``: the state that Xen saw last
    in the slot.  ``event``: the backend has sent an event since Xen looked last.  ``creator``: who has created the server.
    ``ended_by``: who has destroyed it.  ``refused``: Xen has answered -EPERM to a domain that wanted to.
    """

    domain: DomainIs = one_of(DomainIs)
    server: Server = one_of(Server)
    backend: Backend = one_of(Backend)
    creator: Who = one_of(Who)
    ended_by: Who = one_of(Who)
    refused: bool = flag()
    waits: list[bool] = array(lambda c: c.vcpus, flag())
    pending: list[Access] = array(lambda c: c.vcpus, one_of(Access))
    slot: list[Slot] = array(lambda c: c.vcpus, one_of(Slot))
    seen: list[Slot] = array(lambda c: c.vcpus, one_of(Slot))
    event: list[bool] = array(lambda c: c.vcpus, flag())
    outcome: list[Outcome] = array(lambda c: c.vcpus, one_of(Outcome))


EMULATION = RuleModel("synchronous emulation", Emulation, Bounds())


@tabulated(seen=Slot, now=Slot)
def backward(seen: Slot, now: Slot) -> bool:
    """Whether a state comes before the one that Xen saw last; NONE does not count (``ioreq.c:170-196``)."""
    return now is not Slot.NONE and now.value < seen.value


# ---- what is asked of a state -----------------------------------------------------------------------------------------------


@inlined
def runs(s: Emulation, c: Bounds, vcpu: int) -> bool:
    """Whether a virtual CPU of the frontend can take a step of its own."""
    return s.domain == DomainIs.RUNNING and not s.waits[vcpu]


@inlined
def some_vcpu_waits(s: Emulation, c: Bounds) -> bool:
    """Whether a virtual CPU is blocked in Xen."""
    return any(s.waits[vcpu] for vcpu in range(c.vcpus))


@inlined
def first_vcpu_waits(s: Emulation, c: Bounds) -> bool:
    """Whether the first virtual CPU is blocked in Xen, in a domain that has not ended."""
    return s.waits[0] and (s.domain == DomainIs.RUNNING or s.domain == DomainIs.SHUTTING_DOWN)


@inlined
def first_vcpu_waits_no_more(s: Emulation, c: Bounds) -> bool:
    """Whether the first virtual CPU is not blocked in Xen, because its access is complete or its domain has ended."""
    return not s.waits[0]


@inlined
def access_pending(s: Emulation, c: Bounds) -> bool:
    """Whether a virtual CPU has sent an access that is not complete."""
    return any(s.pending[vcpu] != Access.NONE for vcpu in range(c.vcpus))


@inlined
def all_wait_whose_access_is_pending(s: Emulation, c: Bounds) -> bool:
    """Whether no virtual CPU could run on with its access pending."""
    return all(s.waits[vcpu] or s.pending[vcpu] == Access.NONE for vcpu in range(c.vcpus))


@inlined
def waits_on_what_has_a_name(s: Emulation, c: Bounds) -> bool:
    """Whether every virtual CPU that waits does so on a request that Xen has seen sent or taken, and on nothing else."""
    return all(
        not s.waits[vcpu] or s.seen[vcpu] == Slot.READY or s.seen[vcpu] == Slot.INPROCESS for vcpu in range(c.vcpus)
    )


@inlined
def idle_slots_are_free(s: Emulation, c: Bounds) -> bool:
    """Whether the slot of every virtual CPU without an access is free, and no event is left of the last one."""
    return all(
        s.pending[vcpu] != Access.NONE or (s.slot[vcpu] == Slot.NONE and not s.event[vcpu]) for vcpu in range(c.vcpus)
    )


@inlined
def not_crashed(s: Emulation, c: Bounds) -> bool:
    """Whether Xen has not crashed the frontend's domain."""
    return s.domain != DomainIs.CRASHED


@inlined
def server_as_its_creator_left_it(s: Emulation, c: Bounds) -> bool:
    """Whether nobody but its creator has destroyed the server."""
    return s.server != Server.DESTROYED or s.ended_by == s.creator


@inlined
def ended(s: Emulation, c: Bounds) -> bool:
    """Whether the frontend's domain has ended, in whatever way."""
    return s.domain != DomainIs.RUNNING and s.domain != DomainIs.SHUTTING_DOWN


@inlined
def backend_chose_all_ones(s: Emulation, c: Bounds) -> bool:
    """Whether an access was completed with all-ones although backend and server are there."""
    return (
        s.server == Server.ENABLED
        and s.backend == Backend.ALIVE
        and any(s.outcome[vcpu] == Outcome.ALL_ONES for vcpu in range(c.vcpus))
    )


@inlined
def first_vcpu_runs(s: Emulation, c: Bounds) -> bool:
    """Whether the first virtual CPU runs."""
    return s.domain == DomainIs.RUNNING and not s.waits[0]


@inlined
def write_waits(s: Emulation, c: Bounds) -> bool:
    """Whether a virtual CPU waits for a write."""
    return any(s.waits[vcpu] and s.pending[vcpu] == Access.WRITE for vcpu in range(c.vcpus))


@inlined
def runs_with_access_pending(s: Emulation, c: Bounds) -> bool:
    """Whether a virtual CPU could run on although its access is not complete."""
    return any(not s.waits[vcpu] and s.pending[vcpu] != Access.NONE for vcpu in range(c.vcpus))


@inlined
def one_waits_and_another_runs(s: Emulation, c: Bounds) -> bool:
    """Whether one virtual CPU is blocked while another runs."""
    return s.domain == DomainIs.RUNNING and some_vcpu_waits(s, c) and any(not s.waits[v] for v in range(c.vcpus))


@inlined
def answered(s: Emulation, c: Bounds) -> bool:
    """Whether the backend has completed an access."""
    return any(s.outcome[vcpu] == Outcome.ANSWERED for vcpu in range(c.vcpus))


@inlined
def completed_with_all_ones(s: Emulation, c: Bounds) -> bool:
    """Whether Xen has completed an access without the backend's data."""
    return any(s.outcome[vcpu] == Outcome.ALL_ONES for vcpu in range(c.vcpus))


@inlined
def not_emulated(s: Emulation, c: Bounds) -> bool:
    """Whether an access found its slot in use."""
    return any(s.outcome[vcpu] == Outcome.UNHANDLED for vcpu in range(c.vcpus))


@inlined
def crashed(s: Emulation, c: Bounds) -> bool:
    """Whether Xen has crashed the frontend's domain."""
    return s.domain == DomainIs.CRASHED


@inlined
def shutdown_held_up(s: Emulation, c: Bounds) -> bool:
    """Whether the frontend's domain wants to shut down or suspend and cannot, for an access that is pending."""
    return s.domain == DomainIs.SHUTTING_DOWN


@inlined
def server_taken_away(s: Emulation, c: Bounds) -> bool:
    """Whether a domain that has not created the server has destroyed it."""
    return s.server == Server.DESTROYED and s.ended_by != s.creator


@inlined
def stranger_refused(s: Emulation, c: Bounds) -> bool:
    """Whether a domain that has not created the server has tried to alter it and was refused."""
    return s.refused


# ---- what the parties do ----------------------------------------------------------------------------------------------------


@inlined
def forget_accesses(s: Emulation, c: Bounds) -> None:
    """The frontend's domain has ended: nothing of its virtual CPUs is left."""
    for vcpu in range(c.vcpus):
        s.waits[vcpu] = False
        s.pending[vcpu] = Access.NONE
        s.slot[vcpu] = Slot.NONE
        s.seen[vcpu] = Slot.NONE
        s.event[vcpu] = False
        s.outcome[vcpu] = Outcome.NONE


@inlined
def complete(s: Emulation, c: Bounds, vcpu: int, outcome: Outcome) -> None:
    """Let a virtual CPU go on; the last one that a shutdown had to wait for ends that, too."""
    s.waits[vcpu] = False
    s.pending[vcpu] = Access.NONE
    s.slot[vcpu] = Slot.NONE
    s.seen[vcpu] = Slot.NONE
    s.event[vcpu] = False
    s.outcome[vcpu] = outcome
    if s.domain == DomainIs.SHUTTING_DOWN and not any(s.waits[other] for other in range(c.vcpus)):
        s.domain = DomainIs.SHUT_DOWN


@inlined
def punish(s: Emulation, c: Bounds, vcpu: int) -> None:
    """What Xen does when it finds a state that must not be there: it crashes the domain that waits."""
    if c.hardened:
        s.server = Server.DISABLED
        complete(s, c, vcpu, Outcome.ALL_ONES)
    else:
        s.domain = DomainIs.CRASHED
        forget_accesses(s, c)


@inlined
def destroy_server(s: Emulation, c: Bounds, by: Who) -> None:
    """What comes of an attempt to destroy the server: only its creator may, the others get -EPERM."""
    require(s.server == Server.ENABLED)
    if by == s.creator:
        s.server = Server.DESTROYED
        s.ended_by = by
    else:
        s.refused = True


@EMULATION.rule(
    "frontend",
    "xen/common/ioreq.c:1249-1311; xen/arch/arm/io.c:186-216",
    vcpu=lambda c: range(c.vcpus),
    access=(Access.READ, Access.WRITE),
)
def access_register(s: Emulation, c: Bounds, vcpu: int, access: Access) -> None:
    """Access an emulated register: Xen fills the slot, tells the backend, and blocks the virtual CPU."""
    require(runs(s, c, vcpu) and s.server == Server.ENABLED)
    if s.slot[vcpu] == Slot.NONE:
        s.pending[vcpu] = access
        s.slot[vcpu] = Slot.READY
        s.seen[vcpu] = Slot.READY
        s.outcome[vcpu] = Outcome.NONE
        s.waits[vcpu] = True
    else:
        s.outcome[vcpu] = Outcome.UNHANDLED


@EMULATION.rule("frontend", "fact sheet 5", vcpu=lambda c: range(c.vcpus))
def do_other_work(s: Emulation, c: Bounds, vcpu: int) -> None:
    """Do anything that needs no emulated register."""
    require(runs(s, c, vcpu))


@EMULATION.rule(
    "frontend", "xen/common/ioreq.c:1249-1311 (vcpu_start_shutdown_deferral)", vcpu=lambda c: range(c.vcpus)
)
def shut_down_or_suspend(s: Emulation, c: Bounds, vcpu: int) -> None:
    """Ask to shut down or to suspend: no virtual CPU runs any more, and Xen waits for the accesses that are pending."""
    require(runs(s, c, vcpu))
    if any(s.waits[other] for other in range(c.vcpus)):
        s.domain = DomainIs.SHUTTING_DOWN
    else:
        s.domain = DomainIs.SHUT_DOWN


@EMULATION.rule("Xen", "xen/common/ioreq.c:154-209", vcpu=lambda c: range(c.vcpus))
def look_at_slot(s: Emulation, c: Bounds, vcpu: int) -> None:
    """Woken by an event, look what the backend has stored: complete, crash the domain, or go on waiting."""
    require(s.waits[vcpu] and s.event[vcpu])
    s.event[vcpu] = False
    if s.slot[vcpu] == Slot.NONE:
        complete(s, c, vcpu, Outcome.ALL_ONES)
    elif s.slot[vcpu] == Slot.INVALID or backward(s.seen[vcpu], s.slot[vcpu]):
        punish(s, c, vcpu)
    elif s.slot[vcpu] == Slot.RESP_READY:
        complete(s, c, vcpu, Outcome.ANSWERED)
    else:
        s.seen[vcpu] = s.slot[vcpu]


@EMULATION.rule("Xen", "fact sheet 5: what becomes of a request then is not known", vcpu=lambda c: range(c.vcpus))
def release_from_gone_server(s: Emulation, c: Bounds, vcpu: int) -> None:
    """Complete an access whose server, or the domain behind it, is no more.  That Xen ever does is not certain."""
    require(s.waits[vcpu] and (s.server == Server.DESTROYED or s.backend == Backend.DESTROYED))
    complete(s, c, vcpu, Outcome.ALL_ONES)


@EMULATION.rule("Xen", "not in Xen: hardening", vcpu=lambda c: range(c.vcpus))
def give_up_waiting(s: Emulation, c: Bounds, vcpu: int) -> None:
    """After a time limit, complete an access without the backend."""
    require(c.hardened and s.waits[vcpu])
    complete(s, c, vcpu, Outcome.ALL_ONES)


@EMULATION.rule("backend", "xen/include/public/hvm/ioreq.h:13-16", vcpu=lambda c: range(c.vcpus))
def begin_request(s: Emulation, c: Bounds, vcpu: int) -> None:
    """Take a request: READY becomes INPROCESS."""
    require(s.backend == Backend.ALIVE and s.server == Server.ENABLED and s.slot[vcpu] == Slot.READY)
    s.slot[vcpu] = Slot.INPROCESS


@EMULATION.rule("backend", "xen/include/public/hvm/ioreq.h:13-16", vcpu=lambda c: range(c.vcpus))
def answer_request(s: Emulation, c: Bounds, vcpu: int) -> None:
    """Store the answer and send the event."""
    require(s.backend == Backend.ALIVE and s.server == Server.ENABLED and s.waits[vcpu])
    require(s.slot[vcpu] == Slot.INPROCESS)
    s.slot[vcpu] = Slot.RESP_READY
    s.event[vcpu] = True


@EMULATION.rule("backend", "xen/common/ioreq.c:716,761,808,862,914,975,1004")
def destroy_own_server(s: Emulation, c: Bounds) -> None:
    """End its service: the creator may."""
    require(s.backend == Backend.ALIVE)
    destroy_server(s, c, Who.BACKEND)


@EMULATION.rule(
    "hostile backend",
    "the slot is writable for the backend",
    vcpu=lambda c: range(c.vcpus),
    state=Slot,
    event=(False, True),
)
def store_any_state(s: Emulation, c: Bounds, vcpu: int, state: Slot, event: bool) -> None:
    """Store any state at any time, and send the event or not."""
    require(s.backend == Backend.ALIVE and s.server == Server.ENABLED)
    require(s.domain == DomainIs.RUNNING or s.domain == DomainIs.SHUTTING_DOWN)
    require(state != Slot.INVALID or not c.named_only)
    s.slot[vcpu] = state
    s.event[vcpu] = s.event[vcpu] or (event and s.waits[vcpu])


@EMULATION.rule("other domain", "xen/common/ioreq.c:716,761,808,862,914,975,1004")
def destroy_server_of_another(s: Emulation, c: Bounds) -> None:
    """Try to destroy the server."""
    destroy_server(s, c, Who.OTHER)


@EMULATION.rule("Control Domain", "xen/common/ioreq.c:716,761,808,862,914,975,1004")
def intervene_at_server(s: Emulation, c: Bounds) -> None:
    """Try to destroy the server: full privileges are not enough."""
    destroy_server(s, c, Who.CONTROL_DOMAIN)


@EMULATION.rule("Control Domain", "fact sheet 5; XEN_DOMCTL_destroydomain")
def destroy_frontend(s: Emulation, c: Bounds) -> None:
    """Destroy the domain that waits."""
    require(s.domain == DomainIs.RUNNING or s.domain == DomainIs.SHUTTING_DOWN)
    s.domain = DomainIs.DESTROYED
    forget_accesses(s, c)


@EMULATION.rule("Control Domain", "fact sheet 5; XEN_DOMCTL_destroydomain")
def destroy_backend(s: Emulation, c: Bounds) -> None:
    """Destroy the domain that does not answer."""
    require(s.backend == Backend.ALIVE)
    s.backend = Backend.DESTROYED


SYSTEMS = {
    "any backend": EMULATION.system(),
    "silent backend": EMULATION.system(without=["backend", "hostile backend", "Control Domain"]),
    "hardened Xen": EMULATION.system(Bounds(hardened=True)),
}
"""What is counted by other tools as well."""
