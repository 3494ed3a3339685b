"""A split virtqueue with its notifications: one driver, one device, which may forge entries of the used ring.

Source: VirtIO 1.2, 2.7 (Split Virtqueues).  Every access to the shared ring is a step of its own.  Buffers are numbers from 1; an
entry of a ring is cleared when it is consumed, so that what was there before makes no difference.

The engines are measured on this model, and a text for SPIN that was written by hand (``tests/explore/notification_ring.pml``)
counts the same states.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sphinx_xenfusa.explore.language import RuleModel, State, array, flag, inlined, one_of, require, within
from sphinx_xenfusa.explore.symmetry import Interchangeable


class DriverAt(Enum):
    """Where the driver is in its work."""

    IDLE = "idle"
    PLACED = "a buffer placed"
    LISTED = "written to the available ring"
    PUBLISHED = "available index published"


class DeviceAt(Enum):
    """Where the device is in its work."""

    IDLE = "idle"
    LISTED = "written to the used ring"
    PUBLISHED = "used index published"


@dataclass(frozen=True)
class Bounds:
    """The constants.

    :param size: descriptors of the queue.
    :param buffers: buffers that the driver has.
    :param forged: how many entries of the used ring the device may forge.
    :param hardened: whether the driver stops using the queue when it is given a head that it has not posted.
    """

    size: int = 4
    buffers: int = 2
    forged: int = 0
    hardened: bool = False

    @property
    def indices(self) -> int:
        """The indices run modulo this: twice the size, so that a full ring differs from an empty one."""
        return 2 * self.size


class NotificationRing(State):
    """The ring in shared memory, and what each side keeps for itself."""

    driver: DriverAt = one_of(DriverAt)
    device: DeviceAt = one_of(DeviceAt)
    avail_idx: int = within(0, lambda c: c.indices - 1)
    used_idx: int = within(0, lambda c: c.indices - 1)
    last_avail: int = within(0, lambda c: c.indices - 1)
    last_used: int = within(0, lambda c: c.indices - 1)
    avail_ring: list[int] = array(lambda c: c.size, within(0, lambda c: c.size - 1))
    used_ring: list[int] = array(lambda c: c.size, within(0, lambda c: c.size))
    buffer_of: list[int] = array(lambda c: c.size, within(0, lambda c: c.buffers))
    head: int = within(0, lambda c: c.size - 1)
    in_flight: list[bool] = array(lambda c: c.size, flag())
    avail_event: int = within(0, lambda c: c.indices - 1)
    used_event: int = within(0, lambda c: c.indices - 1)
    kick: bool = flag()
    interrupt: bool = flag()
    corrupted: bool = flag()
    broken: bool = flag()
    forgeries: int = within(0, lambda c: c.forged)


def interchangeable(c: Bounds) -> tuple[Interchangeable, ...]:
    """The buffers: no rule tells them apart.  Descriptors are: what is consumed is overwritten with the number of the first."""
    return (Interchangeable(tuple(range(1, c.buffers + 1)), values=("buffer_of",)),)


RING = RuleModel("notification ring", NotificationRing, Bounds())


@RING.rule("driver", "VirtIO 1.2, 2.7.13.1", slot=lambda c: range(c.size), buffer=lambda c: range(1, c.buffers + 1))
def place(s: NotificationRing, c: Bounds, slot: int, buffer: int) -> None:
    """Put a buffer that is not posted into a free descriptor."""
    require(s.driver == DriverAt.IDLE and not s.broken and s.buffer_of[slot] == 0)
    require(all(s.buffer_of[other] != buffer for other in range(c.size)))
    s.buffer_of[slot] = buffer
    s.head = slot
    s.driver = DriverAt.PLACED


@RING.rule("driver", "VirtIO 1.2, 2.7.13.2")
def write_available(s: NotificationRing, c: Bounds) -> None:
    """Write the head to the next slot of the available ring."""
    require(s.driver == DriverAt.PLACED)
    s.avail_ring[s.avail_idx % c.size] = s.head
    s.driver = DriverAt.LISTED


@RING.rule("driver", "VirtIO 1.2, 2.7.13.3")
def publish_available(s: NotificationRing, c: Bounds) -> None:
    """Publish the available index."""
    require(s.driver == DriverAt.LISTED)
    s.avail_idx = (s.avail_idx + 1) % c.indices
    s.driver = DriverAt.PUBLISHED


@RING.rule("driver", "VirtIO 1.2, 2.7.10 and 2.7.13.4")
def decide_on_kick(s: NotificationRing, c: Bounds) -> None:
    """Notify the device when the slot just filled is the one that it asked for."""
    require(s.driver == DriverAt.PUBLISHED)
    if (s.avail_idx + c.indices - 1) % c.indices == s.avail_event:
        s.kick = True
    s.driver = DriverAt.IDLE
    s.head = 0


@RING.rule("driver", "VirtIO 1.2, 2.7.14")
def reap(s: NotificationRing, c: Bounds) -> None:
    """Take one entry of the used ring and free its descriptor."""
    require(s.driver == DriverAt.IDLE and not s.broken and s.used_idx != s.last_used)
    head = s.used_ring[s.last_used % c.size]
    s.used_ring[s.last_used % c.size] = 0
    s.last_used = (s.last_used + 1) % c.indices
    if head >= c.size or s.buffer_of[head % c.size] == 0:
        if c.hardened:
            s.broken = True
        else:
            s.corrupted = True
    else:
        s.buffer_of[head] = 0


@RING.rule("driver", "VirtIO 1.2, 2.7.7")
def acknowledge_interrupt(s: NotificationRing, c: Bounds) -> None:
    """See an interrupt, and ask for the next one."""
    require(s.driver == DriverAt.IDLE and s.interrupt)
    s.interrupt = False
    s.used_event = s.last_used


@RING.rule("device", "VirtIO 1.2, 2.7.6")
def pop(s: NotificationRing, c: Bounds) -> None:
    """Take the next head from the available ring."""
    require(s.device == DeviceAt.IDLE and s.last_avail != s.avail_idx)
    s.in_flight[s.avail_ring[s.last_avail % c.size]] = True
    s.avail_ring[s.last_avail % c.size] = 0
    s.last_avail = (s.last_avail + 1) % c.indices


@RING.rule("device", "VirtIO 1.2, 2.7.8", slot=lambda c: range(c.size))
def write_used(s: NotificationRing, c: Bounds, slot: int) -> None:
    """Write a head that it has finished to the next slot of the used ring."""
    require(s.device == DeviceAt.IDLE and s.in_flight[slot])
    s.used_ring[s.used_idx % c.size] = slot
    s.in_flight[slot] = False
    s.device = DeviceAt.LISTED


@RING.rule("device", "VirtIO 1.2, 2.7.8")
def publish_used(s: NotificationRing, c: Bounds) -> None:
    """Publish the used index."""
    require(s.device == DeviceAt.LISTED)
    s.used_idx = (s.used_idx + 1) % c.indices
    s.device = DeviceAt.PUBLISHED


@RING.rule("device", "VirtIO 1.2, 2.7.7")
def decide_on_interrupt(s: NotificationRing, c: Bounds) -> None:
    """Interrupt the driver when the entry just written is the one that it asked for."""
    require(s.device == DeviceAt.PUBLISHED)
    if (s.used_idx + c.indices - 1) % c.indices == s.used_event:
        s.interrupt = True
    s.device = DeviceAt.IDLE


@RING.rule("device", "VirtIO 1.2, 2.7.10")
def acknowledge_kick(s: NotificationRing, c: Bounds) -> None:
    """See a notification, and ask for the next one."""
    require(s.device == DeviceAt.IDLE and s.kick)
    s.kick = False
    s.avail_event = s.last_avail


@RING.rule(
    "hostile device",
    "VirtIO 1.2, 2.7.8: the used ring is writable for the device",
    slot=lambda c: range(c.size),
    head=lambda c: range(c.size + 1),
)
def forge_used(s: NotificationRing, c: Bounds, slot: int, head: int) -> None:
    """Overwrite an entry of the used ring, with a head out of the table if it likes."""
    require(s.forgeries < c.forged and s.used_ring[slot] != head)
    s.used_ring[slot] = head
    s.forgeries += 1


@inlined
def freed_what_was_not_posted(s: NotificationRing, c: Bounds) -> bool:
    """The driver was given a head that it has not posted, and went on with it."""
    return s.corrupted


SYSTEMS = {
    "honest": RING.system(),
    "small": RING.system(Bounds(size=2, buffers=1)),
    "forging": RING.system(Bounds(size=2, buffers=1, forged=1)),
}
"""What is written out for other tools."""
