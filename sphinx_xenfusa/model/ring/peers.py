"""What a hostile peer may write, how a peer crashes, and the system that two given peers make.

A hostile peer writes any value to any field that it may write, in every state, as often as it likes.  It has no state of its own:
every step that an honest peer takes on shared memory is one that the hostile peer may take too.
"""

from __future__ import annotations

from sphinx_xenfusa.explore.language import System, require
from sphinx_xenfusa.model.ring import device_rules, driver_rules
from sphinx_xenfusa.model.ring.state import RING, Bounds, DeviceAt, DriverAt, Harm, Peer, Ring

_TABLE = "VirtIO 1.2, 2.7.5: the descriptor table is the driver's"
_AVAILABLE = "VirtIO 1.2, 2.7.6: the available ring is the driver's"
_USED = "VirtIO 1.2, 2.7.8: the used ring is the device's"


# ---- a hostile driver -------------------------------------------------------------------------------------------------------


@RING.rule("hostile driver", _AVAILABLE, index=lambda c: range(c.indices))
def forge_available_index(s: Ring, c: Bounds, index: int) -> None:
    """Write the available index."""
    require(s.harm == Harm.NONE and s.avail_idx != index)
    s.avail_idx = index


@RING.rule("hostile driver", _AVAILABLE, slot=lambda c: range(c.size), head=lambda c: range(c.size + 1))
def forge_head(s: Ring, c: Bounds, slot: int, head: int) -> None:
    """Write an entry of the available ring, outside the table if it likes."""
    require(c.heads and s.harm == Harm.NONE and s.avail_ring[slot] != head)
    s.avail_ring[slot] = head


@RING.rule("hostile driver", _TABLE, slot=lambda c: range(c.size), length=lambda c: range(c.longest + 1))
def forge_length(s: Ring, c: Bounds, slot: int, length: int) -> None:
    """Write the length in a descriptor."""
    require(c.lengths and s.harm == Harm.NONE and s.length[slot] != length)
    s.length[slot] = length


@RING.rule("hostile driver", _TABLE, slot=lambda c: range(c.size), leads_to=lambda c: range(c.size + 2))
def forge_link(s: Ring, c: Bounds, slot: int, leads_to: int) -> None:
    """Write where a descriptor leads: its flag and its next."""
    require(c.links and s.harm == Harm.NONE and s.leads_to[slot] != leads_to)
    s.leads_to[slot] = leads_to


@RING.rule("hostile driver", "VirtIO 1.2, 2.7.5.3", slot=lambda c: range(c.size), on=(False, True))
def forge_indirect(s: Ring, c: Bounds, slot: int, on: bool) -> None:
    """Make a descriptor lead to an indirect table, or not."""
    require(c.tables and s.harm == Harm.NONE and s.indirect[slot] != on)
    s.indirect[slot] = on


@RING.rule("hostile driver", "VirtIO 1.2, 2.7.5.3", on=(False, True))
def forge_table_length(s: Ring, c: Bounds, on: bool) -> None:
    """Say that the indirect table has more entries than the ring, or not."""
    require(c.tables and s.harm == Harm.NONE and s.table_long != on)
    s.table_long = on


@RING.rule("hostile driver", "VirtIO 1.2, 2.7.5.3", on=(False, True))
def forge_table_nested(s: Ring, c: Bounds, on: bool) -> None:
    """Make an entry of the indirect table lead to an indirect table."""
    require(c.tables and s.harm == Harm.NONE and s.table_nested != on)
    s.table_nested = on


@RING.rule("hostile driver", "VirtIO 1.2, 2.1 and 2.4")
def reset_device(s: Ring, c: Bounds) -> None:
    """Reset the device: it forgets where the ring is."""
    require(c.resets and s.harm == Harm.NONE and (s.ready or s.addressed))
    s.ready = False
    s.addressed = False


@RING.rule("hostile driver", "VirtIO 1.2, 3.1.1")
def set_addresses(s: Ring, c: Bounds) -> None:
    """Say where the ring is."""
    require(c.resets and s.harm == Harm.NONE and not s.addressed)
    s.addressed = True


@RING.rule("hostile driver", "VirtIO 1.2, 3.1.1")
def say_ready(s: Ring, c: Bounds) -> None:
    """Say that everything is set up, whether it is or not."""
    require(c.resets and s.harm == Harm.NONE and not s.ready)
    s.ready = True


@RING.rule("hostile driver", "VirtIO 1.2, 2.7.13.4: no bound on how often")
def kick_without_cause(s: Ring, c: Bounds) -> None:
    """Notify the device."""
    require(s.harm == Harm.NONE and not s.kick)
    s.kick = True


@RING.rule("hostile driver", _USED + ", where both write its page", index=lambda c: range(c.indices))
def overwrite_used_index(s: Ring, c: Bounds, index: int) -> None:
    """Write the device's index."""
    require(not c.one_writer and c.ids and s.harm == Harm.NONE and s.used_idx != index)
    s.used_idx = index


# ---- a hostile device -------------------------------------------------------------------------------------------------------


@RING.rule("hostile device", _USED, index=lambda c: range(c.indices))
def forge_used_index(s: Ring, c: Bounds, index: int) -> None:
    """Write the used index."""
    require(s.harm == Harm.NONE and s.used_idx != index)
    s.used_idx = index


@RING.rule("hostile device", _USED, slot=lambda c: range(c.size), head=lambda c: range(c.size + 1))
def forge_used_id(s: Ring, c: Bounds, slot: int, head: int) -> None:
    """Write the head in an entry of the used ring, outside the table if it likes."""
    require(c.ids and s.harm == Harm.NONE and s.used_id[slot] != head)
    s.used_id[slot] = head


@RING.rule("hostile device", _USED, slot=lambda c: range(c.size), length=lambda c: range(c.longest + 1))
def forge_used_length(s: Ring, c: Bounds, slot: int, length: int) -> None:
    """Write the length in an entry of the used ring."""
    require(c.lengths and s.harm == Harm.NONE and s.used_length[slot] != length)
    s.used_length[slot] = length


@RING.rule("hostile device", "VirtIO 1.2, 2.7.10", index=lambda c: range(c.indices))
def forge_event(s: Ring, c: Bounds, index: int) -> None:
    """Ask to be notified at some index, or never."""
    require(c.events and s.harm == Harm.NONE and s.avail_event != index)
    s.avail_event = index


@RING.rule("hostile device", "VirtIO 1.2, 2.7.7: no bound on how often")
def interrupt_without_cause(s: Ring, c: Bounds) -> None:
    """Interrupt the driver."""
    require(c.interrupts and s.harm == Harm.NONE and not s.interrupt)
    s.interrupt = True


@RING.rule(
    "hostile device",
    _TABLE + ", where both write its page",
    slot=lambda c: range(c.size),
    leads_to=lambda c: range(c.size + 2),
)
def overwrite_link(s: Ring, c: Bounds, slot: int, leads_to: int) -> None:
    """Write where a descriptor of the driver leads."""
    require(not c.one_writer and c.links and s.harm == Harm.NONE and s.leads_to[slot] != leads_to)
    s.leads_to[slot] = leads_to


@RING.rule("hostile device", _AVAILABLE + ", where both write its page", index=lambda c: range(c.indices))
def overwrite_available_index(s: Ring, c: Bounds, index: int) -> None:
    """Write the driver's index."""
    require(not c.one_writer and c.heads and s.harm == Harm.NONE and s.avail_idx != index)
    s.avail_idx = index


# ---- a side that crashes ----------------------------------------------------------------------------------------------------


@RING.rule("crash of the driver", "semantics of this model: a domain ends at any point")
def crash_driver(s: Ring, c: Bounds) -> None:
    """Take no step any more."""
    require(s.harm == Harm.NONE and s.driver != DriverAt.CRASHED)
    s.driver = DriverAt.CRASHED


@RING.rule("crash of the device", "semantics of this model: a domain ends at any point")
def crash_device(s: Ring, c: Bounds) -> None:
    """Take no step any more."""
    require(s.harm == Harm.NONE and s.device != DeviceAt.CRASHED)
    s.device = DeviceAt.CRASHED


_PARTIES = {
    Peer.HONEST: ("{}",),
    Peer.SILENT: (),
    Peer.CRASHING: ("{}", "crash of the {}"),
    Peer.HOSTILE: ("hostile {}",),
}
RULE_MODULES = (driver_rules, device_rules)
"""The modules that hold the rules of the two sides: importing them here makes the model whole."""


def ring(bounds: Bounds) -> System[Ring, Bounds]:
    """The ring between the two peers that the constants name."""
    takes_part = {
        form.format(side)
        for side, peer in (("driver", bounds.driver), ("device", bounds.device))
        for form in _PARTIES[peer]
    }
    return RING.system(bounds, without={rule.party for rule in RING.rules} - takes_part)
