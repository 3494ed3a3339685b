"""Where harm is about to be done: for each kind the situation in which the next step harms a side without the measure.

A hardened side meets the same situations.  That it does is claimed along with what it makes of them: else its freedom from harm
would say nothing.
"""

from __future__ import annotations

from types import MappingProxyType

from sphinx_xenfusa.model.ring.state import Bounds, DeviceAt, DriverAt, Harm, Ring, distance, outstanding


def jumped(s: Ring, c: Bounds) -> bool:
    """The available index is too far ahead."""
    ahead = distance(s.avail_idx, s.last_avail, c)
    return s.device == DeviceAt.AWAKE and ahead > c.size and c.indices - ahead > s.consumed


def unexposed(s: Ring, c: Bounds) -> bool:
    """The available index went back behind what was taken."""
    ahead = distance(s.avail_idx, s.last_avail, c)
    return s.device == DeviceAt.AWAKE and ahead > c.size and c.indices - ahead <= s.consumed


def head_outside(s: Ring, c: Bounds) -> bool:
    """The next head is outside the table."""
    return s.device == DeviceAt.SEEN and s.avail_ring[s.last_avail % c.size] == c.outside


def next_outside(s: Ring, c: Bounds) -> bool:
    """The chain goes on outside the table."""
    return s.device == DeviceAt.WALKING and s.leads_to[s.current] == c.outside


def looped(s: Ring, c: Bounds) -> bool:
    """The chain goes on after as many descriptors as there are."""
    return s.device == DeviceAt.WALKING and s.walked == c.size - 1 and s.leads_to[s.current] < c.size


def overflowed(s: Ring, c: Bounds) -> bool:
    """The next length does not fit into the sum."""
    return s.device == DeviceAt.WALKING and s.total + s.length[s.current] > c.longest


def empty(s: Ring, c: Bounds) -> bool:
    """The next descriptor has no bytes."""
    return s.device == DeviceAt.WALKING and s.length[s.current] == 0


def nested(s: Ring, c: Bounds) -> bool:
    """The indirect table leads to another one."""
    return s.device == DeviceAt.IN_TABLE and s.table_nested


def oversized(s: Ring, c: Bounds) -> bool:
    """The indirect table is longer than the ring."""
    return s.device == DeviceAt.WALKING and s.indirect[s.current] and s.table_long


def changed(s: Ring, c: Bounds) -> bool:
    """The length is another one than was checked."""
    return s.device == DeviceAt.CHECKED and s.walked > 0 and s.length[s.first] != s.checked


def greedy(s: Ring, c: Bounds) -> bool:
    """The queue was served as often as the ring is long, and there is more."""
    return s.device == DeviceAt.AWAKE and s.served == c.size and s.avail_idx != s.last_avail


def not_ready(s: Ring, c: Bounds) -> bool:
    """The device was reset, and not set up again."""
    return s.device == DeviceAt.AWAKE and not (s.ready and s.addressed)


def used_ahead(s: Ring, c: Bounds) -> bool:
    """The used index is further ahead than there are buffers out."""
    return s.driver == DriverAt.IDLE and distance(s.used_idx, s.last_used, c) > outstanding(s, c)


def forged_id(s: Ring, c: Bounds) -> bool:
    """The used entry names a buffer that is not out."""
    named = s.used_id[s.last_used % c.size]
    return s.driver == DriverAt.SEEN and (named == c.outside or not s.posted[min(named, c.size - 1)])


def forged_length(s: Ring, c: Bounds) -> bool:
    """The used entry gives more bytes than were posted."""
    return s.driver == DriverAt.SEEN and s.used_length[s.last_used % c.size] > c.capacity


def id_changed(s: Ring, c: Bounds) -> bool:
    """The used entry names another buffer than it did."""
    return s.driver == DriverAt.TAKEN and s.used_id[s.last_used % c.size] != s.taken_id


def rewritten(s: Ring, c: Bounds) -> bool:
    """The descriptor of the buffer leads somewhere else than the driver wrote."""
    return s.driver == DriverAt.TAKEN and s.leads_to[s.taken_id] != c.last


def index_moved(s: Ring, c: Bounds) -> bool:
    """The available index is not what the driver wrote."""
    return s.driver == DriverAt.LISTED and s.avail_idx != s.next_avail


def waited(s: Ring, c: Bounds) -> bool:
    """The driver has waited long enough, and the device was told."""
    return s.driver == DriverAt.WAITING and s.waited == c.patience and s.told and s.used_idx == s.last_used


def untold(s: Ring, c: Bounds) -> bool:
    """The driver has waited long enough, and the device was not told."""
    return s.driver == DriverAt.WAITING and s.waited == c.patience and not s.told and s.used_idx == s.last_used


def stormed(s: Ring, c: Bounds) -> bool:
    """An interrupt is there again, and its predecessor is not done with."""
    return s.driver == DriverAt.IDLE and s.interrupt and s.masked


THREATS = MappingProxyType(
    {
        Harm.JUMPED: jumped,
        Harm.UNEXPOSED: unexposed,
        Harm.HEAD_OUTSIDE: head_outside,
        Harm.NEXT_OUTSIDE: next_outside,
        Harm.LOOPED: looped,
        Harm.OVERFLOWED: overflowed,
        Harm.EMPTY: empty,
        Harm.NESTED: nested,
        Harm.OVERSIZED: oversized,
        Harm.CHANGED: changed,
        Harm.GREEDY: greedy,
        Harm.NOT_READY: not_ready,
        Harm.USED_AHEAD: used_ahead,
        Harm.FORGED_ID: forged_id,
        Harm.FORGED_LENGTH: forged_length,
        Harm.ID_CHANGED: id_changed,
        Harm.REWRITTEN: rewritten,
        Harm.INDEX_MOVED: index_moved,
        Harm.WAITED: waited,
        Harm.UNTOLD: untold,
        Harm.STORMED: stormed,
    }
)
"""For each harm the situation from which one step leads to it."""
