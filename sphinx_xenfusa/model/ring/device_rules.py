"""The device: it wakes up on a notification, takes heads from the available ring, walks their chains and answers.

Every access to shared memory is a step of its own; what a step reads more than once it reads in more than one step.
"""

from __future__ import annotations

from sphinx_xenfusa.explore.language import inlined, require
from sphinx_xenfusa.model.ring.state import RING, Bounds, DeviceAt, Harm, Ring, distance


@inlined
def serves(s: Ring, c: Bounds) -> None:
    """A step of the device on the ring: none once harm is done."""
    require(s.harm == Harm.NONE)
    s.device_steps = min(s.device_steps + 1, c.counted)


@inlined
def forget(s: Ring, c: Bounds) -> None:
    """Nothing is left of a chain."""
    s.first = 0
    s.current = 0
    s.walked = 0
    s.total = 0
    s.checked = 0


@inlined
def be_free(s: Ring, c: Bounds) -> None:
    """Be where other work can go on."""
    s.served = 0
    s.device_steps = 0


@inlined
def go_round(s: Ring, c: Bounds) -> None:
    """Begin the loop again; who does so more often than the ring is long without any other work serves one queue on and on."""
    s.device = DeviceAt.AWAKE
    if s.served < c.size:
        s.served += 1
    else:
        s.harm = Harm.GREEDY


@inlined
def may_look(s: Ring, c: Bounds) -> bool:
    """The device looks into the ring: as far as it checks, it is set up; as far as it has a budget, something of it is left."""
    return (
        s.device == DeviceAt.AWAKE
        and (s.ready or not c.ready_check)
        and (s.addressed or not c.address_check)
        and (s.served < c.size or not c.budget)
    )


@inlined
def stop(s: Ring, c: Bounds) -> None:
    """Use the queue no more, and go on with other work."""
    forget(s, c)
    s.device = DeviceAt.BROKEN
    be_free(s, c)


@RING.rule("device", "VirtIO 1.2, 2.7.13.4")
def wake_up(s: Ring, c: Bounds) -> None:
    """Hear a notification."""
    require(s.device == DeviceAt.ASLEEP and s.kick)
    serves(s, c)
    s.kick = False
    s.device = DeviceAt.AWAKE


@RING.rule("device", "VirtIO 1.2, 2.7.10")
def arm(s: Ring, c: Bounds) -> None:
    """Find nothing to do, and ask for the next notification."""
    require(may_look(s, c) and s.avail_idx == s.last_avail)
    serves(s, c)
    if s.ready and s.addressed:
        s.avail_event = s.last_avail
        s.device = DeviceAt.ARMED
    else:
        s.harm = Harm.NOT_READY


@RING.rule("device", "VirtIO 1.2, 2.7.10")
def look_once_more(s: Ring, c: Bounds) -> None:
    """Has something come while it asked?  If not, sleep."""
    require(s.device == DeviceAt.ARMED)
    serves(s, c)
    if s.avail_idx == s.last_avail:
        s.device = DeviceAt.ASLEEP
        be_free(s, c)
    else:
        go_round(s, c)


@RING.rule("device", "VirtIO 1.2, 2.7.6")
def see_available(s: Ring, c: Bounds) -> None:
    """Read the available index; is there something in the available ring?"""
    require(may_look(s, c) and s.avail_idx != s.last_avail)
    serves(s, c)
    ahead = distance(s.avail_idx, s.last_avail, c)
    if not s.ready or not s.addressed:
        s.harm = Harm.NOT_READY
    elif ahead <= c.size:
        s.device = DeviceAt.SEEN
    elif c.distance_check:
        stop(s, c)
    elif c.indices - ahead <= s.consumed:
        s.harm = Harm.UNEXPOSED
    else:
        s.harm = Harm.JUMPED


@RING.rule("device", "VirtIO 1.2, 2.7.6")
def take_head(s: Ring, c: Bounds) -> None:
    """Read the next head from the available ring."""
    require(s.device == DeviceAt.SEEN)
    serves(s, c)
    head = s.avail_ring[s.last_avail % c.size]
    s.last_avail = (s.last_avail + 1) % c.indices
    s.consumed = min(s.consumed + 1, c.size)
    if head < c.size:
        s.first = head
        s.current = head
        s.device = DeviceAt.WALKING
    elif c.head_check:
        stop(s, c)
    else:
        s.harm = Harm.HEAD_OUTSIDE


@RING.rule("device", "VirtIO 1.2, 2.7.5")
def walk(s: Ring, c: Bounds) -> None:
    """Read a descriptor of the chain, whole, and check it."""
    require(s.device == DeviceAt.WALKING)
    serves(s, c)
    length = s.length[s.current]
    leads_to = s.leads_to[s.current]
    if length == 0 and not s.indirect[s.current]:
        if c.refuse_empty:
            stop(s, c)
        else:
            s.harm = Harm.EMPTY
    elif s.indirect[s.current]:
        enter_table(s, c)
    elif s.total + length > c.longest:
        if c.checked_sum:
            stop(s, c)
        else:
            s.harm = Harm.OVERFLOWED
    else:
        if s.walked == 0:
            s.checked = length
        s.total += length
        s.walked += 1
        follow(s, c, leads_to)


@inlined
def follow(s: Ring, c: Bounds, leads_to: int) -> None:
    """Go to the next descriptor of a chain, or end it."""
    if leads_to == c.last:
        end_of_chain(s, c)
    elif leads_to == c.outside:
        if c.next_check:
            stop(s, c)
        else:
            s.harm = Harm.NEXT_OUTSIDE
    elif s.walked >= c.size:
        if c.count_check:
            stop(s, c)
        else:
            s.harm = Harm.LOOPED
    else:
        s.current = min(leads_to, c.size - 1)


@inlined
def end_of_chain(s: Ring, c: Bounds) -> None:
    """The chain is complete: one of more bytes than are accepted is refused."""
    if s.total > c.capacity:
        stop(s, c)
    else:
        s.device = DeviceAt.CHECKED


@inlined
def enter_table(s: Ring, c: Bounds) -> None:
    """Go into an indirect table."""
    if not s.table_long:
        s.device = DeviceAt.IN_TABLE
    elif c.table_bound:
        stop(s, c)
    else:
        s.harm = Harm.OVERSIZED


@RING.rule("device", "VirtIO 1.2, 2.7.5.3")
def walk_table(s: Ring, c: Bounds) -> None:
    """Read an indirect table: its entries hold no bytes here, only whether one is indirect again."""
    require(s.device == DeviceAt.IN_TABLE)
    serves(s, c)
    if s.table_nested:
        if c.one_level:
            stop(s, c)
        else:
            s.harm = Harm.NESTED
    else:
        end_of_chain(s, c)


@RING.rule("device", "VirtIO 1.2, 2.7.5: what the device does with the buffer")
def transfer(s: Ring, c: Bounds) -> None:
    """Read or write the buffer, by the copy that was checked or by what stands in the descriptor now."""
    require(s.device == DeviceAt.CHECKED)
    serves(s, c)
    if not c.copy and s.walked > 0 and s.length[s.first] != s.checked:
        s.harm = Harm.CHANGED
    else:
        s.device = DeviceAt.DONE


@RING.rule("device", "VirtIO 1.2, 2.7.8")
def write_used(s: Ring, c: Bounds) -> None:
    """Write the head to the next slot of the used ring, with how many bytes were written."""
    require(s.device == DeviceAt.DONE)
    serves(s, c)
    if c.kept:
        s.used_id[s.next_used % c.size] = s.first
        s.used_length[s.next_used % c.size] = s.total
    forget(s, c)
    s.device = DeviceAt.LISTED


@RING.rule("device", "VirtIO 1.2, 2.7.7 and 2.7.8")
def publish_used(s: Ring, c: Bounds) -> None:
    """Publish the used index, and interrupt."""
    require(s.device == DeviceAt.LISTED)
    serves(s, c)
    if not c.private_index and s.used_idx != s.next_used:
        s.harm = Harm.INDEX_MOVED
    else:
        go_round(s, c)
    s.next_used = (s.next_used + 1) % c.indices
    s.used_idx = s.next_used
    s.interrupt = c.kept


@RING.rule("device", "VirtIO 1.2, 3.1.1: the driver sets the queue up before it says that it is ready")
def ignore(s: Ring, c: Bounds) -> None:
    """Notified of a queue that is not set up, do nothing."""
    require(s.device == DeviceAt.AWAKE)
    require((c.ready_check and not s.ready) or (c.address_check and not s.addressed))
    serves(s, c)
    s.device = DeviceAt.ASLEEP
    be_free(s, c)


@RING.rule("device", "the other queues of the device, and the other work of its domain")
def serve_others(s: Ring, c: Bounds) -> None:
    """Something else, which a device gets to when it sleeps, when the queue is broken, or when the budget is spent."""
    require(s.harm == Harm.NONE)
    require(
        s.device == DeviceAt.ASLEEP
        or s.device == DeviceAt.BROKEN
        or (c.budget and s.device == DeviceAt.AWAKE and s.served == c.size)
    )
    be_free(s, c)
