"""The driver: it posts buffers of one descriptor each, and takes them back from the used ring.

Every access to shared memory is a step of its own; what a step reads more than once it reads in more than one step.
"""

from __future__ import annotations

from sphinx_xenfusa.explore.language import inlined, require
from sphinx_xenfusa.model.ring.state import RING, Bounds, DriverAt, Harm, Ring, distance, outstanding


@inlined
def works(s: Ring, c: Bounds) -> None:
    """A step of the driver on the ring: none once harm is done."""
    require(s.harm == Harm.NONE)
    s.driver_steps = min(s.driver_steps + 1, c.counted)


@inlined
def stop(s: Ring, c: Bounds) -> None:
    """Use the queue no more, and go on with other work."""
    s.driver = DriverAt.BROKEN
    s.waited = 0
    s.driver_steps = 0


@inlined
def be_idle(s: Ring, c: Bounds) -> None:
    """Go back to where other work can go on."""
    s.driver = DriverAt.IDLE
    s.driver_steps = 0


@RING.rule("driver", "VirtIO 1.2, 2.7.13.1", slot=lambda c: range(c.size))
def place(s: Ring, c: Bounds, slot: int) -> None:
    """Write the descriptor of a buffer, into a slot that is free."""
    require(s.driver == DriverAt.IDLE and not s.posted[slot])
    works(s, c)
    s.length[slot] = c.capacity
    s.leads_to[slot] = c.last
    s.posted[slot] = True
    s.head = slot
    s.driver = DriverAt.PLACED


@RING.rule("driver", "VirtIO 1.2, 2.7.13.2")
def list_available(s: Ring, c: Bounds) -> None:
    """Write the head to the next slot of the available ring."""
    require(s.driver == DriverAt.PLACED)
    works(s, c)
    if c.kept:
        s.avail_ring[s.next_avail % c.size] = s.head
    s.driver = DriverAt.LISTED


@RING.rule("driver", "VirtIO 1.2, 2.7.13.3")
def publish_available(s: Ring, c: Bounds) -> None:
    """Publish the available index: the driver's own count, or what stands in the ring and one more."""
    require(s.driver == DriverAt.LISTED)
    works(s, c)
    if not c.private_index and s.avail_idx != s.next_avail:
        s.harm = Harm.INDEX_MOVED
    s.next_avail = (s.next_avail + 1) % c.indices
    s.avail_idx = s.next_avail
    s.head = 0
    s.driver = DriverAt.PUBLISHED


@RING.rule("driver", "VirtIO 1.2, 2.7.10 and 2.7.13.4")
def decide_on_kick(s: Ring, c: Bounds) -> None:
    """Notify the device: always, or with event indices when the slot just filled is the one that it asked for."""
    require(s.driver == DriverAt.PUBLISHED)
    works(s, c)
    if not c.event_idx or distance(s.next_avail, s.avail_event, c) == 1:
        s.kick = c.kept
        s.told = True
    else:
        s.told = False
    if c.waits:
        s.driver = DriverAt.WAITING
    else:
        be_idle(s, c)


@RING.rule("driver", "VirtIO 1.2, 2.7.14")
def see_used(s: Ring, c: Bounds) -> None:
    """Read the used index; is there something in the used ring?"""
    require(s.driver == DriverAt.WAITING or (s.driver == DriverAt.IDLE and not c.waits))
    require(s.used_idx != s.last_used)
    works(s, c)
    s.waited = 0
    if distance(s.used_idx, s.last_used, c) > outstanding(s, c):
        if c.distance_check:
            stop(s, c)
        elif c.in_flight_check:
            s.driver = DriverAt.SEEN
        else:
            s.harm = Harm.USED_AHEAD
    else:
        s.driver = DriverAt.SEEN


@RING.rule("driver", "VirtIO 1.2, 2.7.14")
def take_used(s: Ring, c: Bounds) -> None:
    """Read an entry of the used ring, and check what it says."""
    require(s.driver == DriverAt.SEEN)
    works(s, c)
    named = s.used_id[s.last_used % c.size]
    if named >= c.size or not s.posted[min(named, c.size - 1)]:
        if c.in_flight_check:
            stop(s, c)
        else:
            s.harm = Harm.FORGED_ID
    elif s.used_length[s.last_used % c.size] > c.capacity:
        if c.length_check:
            stop(s, c)
        else:
            s.harm = Harm.FORGED_LENGTH
    else:
        s.taken_id = named
        s.driver = DriverAt.TAKEN


@RING.rule("driver", "VirtIO 1.2, 2.7.14")
def complete(s: Ring, c: Bounds) -> None:
    """Free the descriptors of the buffer, and give it back to whoever wanted it filled or read."""
    require(s.driver == DriverAt.TAKEN)
    works(s, c)
    if not c.copy and s.used_id[s.last_used % c.size] != s.taken_id:
        s.harm = Harm.ID_CHANGED
    elif not c.private_links and s.leads_to[s.taken_id] != c.last:
        s.harm = Harm.REWRITTEN
    else:
        s.posted[s.taken_id] = False
        s.last_used = (s.last_used + 1) % c.indices
        s.taken_id = 0
        be_idle(s, c)


@RING.rule("driver", "VirtIO 1.2, 2.7.14: no bound on the time that a device takes")
def wait(s: Ring, c: Bounds) -> None:
    """Look again, and find nothing."""
    require(s.driver == DriverAt.WAITING and s.used_idx == s.last_used)
    works(s, c)
    if s.waited < c.patience:
        s.waited += 1
    elif not s.told:
        if c.kick_again:
            s.kick = c.kept
            s.told = True
            s.waited = 0
        else:
            s.harm = Harm.UNTOLD
    elif c.timeout:
        stop(s, c)
    else:
        s.harm = Harm.WAITED


@RING.rule("driver", "VirtIO 1.2, 2.7.7")
def handle_interrupt(s: Ring, c: Bounds) -> None:
    """Handle an interrupt: with nothing in the used ring it had no cause."""
    require(s.driver != DriverAt.CRASHED and s.interrupt and not s.masked)
    works(s, c)
    s.interrupt = False
    if c.late_eoi:
        s.masked = True
    elif s.used_idx != s.last_used and s.driver != DriverAt.BROKEN:
        s.spurious = 0
    elif s.spurious < c.storm:
        s.spurious += 1
    else:
        s.harm = Harm.STORMED


@RING.rule("driver", "the work of the driver's domain that has nothing to do with the ring")
def do_other_work(s: Ring, c: Bounds) -> None:
    """Something else, which a driver gets to when it waits for nothing."""
    require(s.harm == Harm.NONE and (s.driver == DriverAt.IDLE or s.driver == DriverAt.BROKEN))
    s.driver_steps = 0
    s.spurious = 0
    s.masked = False
