"""The ring in shared memory, what each side keeps for itself, and the constants.

Source of the layout: VirtIO 1.2, 2.7 (Split Virtqueues).  Sizes are small and the same shapes: an index runs modulo ``indices``
instead of 65536, a length modulo ``longest + 1`` instead of 2^32.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Any

from sphinx_xenfusa.explore.language import RuleModel, State, array, flag, inlined, one_of, within


class Peer(Enum):
    """How one side behaves."""

    HONEST = "does what the standard asks of it"
    SILENT = "takes no step"
    CRASHING = "is honest, and at some point takes no step any more"
    HOSTILE = "writes any value to whatever it may write, at any time"


class DriverAt(Enum):
    """Where the driver is in its work."""

    IDLE = "idle"
    PLACED = "a descriptor written"
    LISTED = "its head written to the available ring"
    PUBLISHED = "available index published"
    WAITING = "waits for the answer"
    SEEN = "used index read"
    TAKEN = "used entry read and checked"
    BROKEN = "uses the queue no more"
    CRASHED = "crashed"


class DeviceAt(Enum):
    """Where the device is in its work."""

    ASLEEP = "waits for a notification"
    AWAKE = "serves the queue"
    ARMED = "asked for the next notification"
    SEEN = "available index read"
    WALKING = "walks a chain of descriptors"
    IN_TABLE = "walks an indirect table"
    CHECKED = "the chain checked"
    DONE = "the data transferred"
    LISTED = "written to the used ring"
    BROKEN = "uses the queue no more"
    CRASHED = "crashed"


class Harm(Enum):
    """What a step did to the side that took it: at most one, and the ring's story ends there."""

    NONE = "no harm"
    INDEX_MOVED = "publishes an index that the other side has written"
    # To the device.
    JUMPED = "takes more heads than the ring holds"
    UNEXPOSED = "takes heads again that it has taken"
    HEAD_OUTSIDE = "reads a descriptor outside the table, as the head of a chain"
    NEXT_OUTSIDE = "reads a descriptor outside the table, as the next of a chain"
    LOOPED = "walks more descriptors than there are"
    OVERFLOWED = "adds up lengths beyond what the sum can hold"
    EMPTY = "transfers nothing, for ever"
    NESTED = "follows an indirect table out of an indirect table"
    OVERSIZED = "walks an indirect table that is longer than the ring"
    CHANGED = "uses another length than it checked"
    GREEDY = "serves one queue on and on"
    NOT_READY = "begins to read a ring that was reset"
    # To the driver.
    USED_AHEAD = "takes more used entries than it has buffers out"
    FORGED_ID = "completes a buffer that is not out"
    FORGED_LENGTH = "reads more than the buffer holds"
    ID_CHANGED = "completes another buffer than it checked"
    REWRITTEN = "frees descriptors by what the device wrote into them"
    WAITED = "waits for ever for an answer"
    UNTOLD = "waits for ever, and the device was not told"
    STORMED = "handles interrupts without cause, and nothing else"


@dataclass(frozen=True)
class Bounds:
    """The constants: size, behaviour of both sides, what a hostile side writes, and the hardening, a switch for each measure.

    :param size: descriptors of the queue.
    :param turns: the indices run modulo this many times the size.
    :param longest: the greatest length; a sum of lengths runs modulo one more.
    :param capacity: how many bytes the driver posts, and the most that the device accepts, in a chain.
    :param patience: how often a driver that waits looks before it counts as waiting for ever, or gives up.
    :param storm: interrupts without cause, in a row, that a driver may handle with no other work between them.
    :param counted: steps on the ring that are counted from one point where other work can go on to the next; 0 counts none.
    :param driver: how the driver behaves.
    :param device: how the device behaves.
    :param kept: what a side writes for a hostile peer is kept, although nobody reads it; without, there are fewer states.
    :param waits: the driver waits for each answer before it does anything else.
    :param event_idx: the feature ``VIRTIO_F_EVENT_IDX`` is negotiated.
    :param heads: a hostile driver writes the available ring, not only its index.
    :param lengths: a hostile side writes lengths: a driver in descriptors, a device in used entries.
    :param links: a hostile side writes where descriptors lead; a device can only where pages have two writers.
    :param tables: a hostile driver uses indirect tables.
    :param resets: a hostile driver resets the device and sets it going again.
    :param ids: a hostile device writes the heads in the used ring, not only its index.
    :param events: a hostile device writes the index for which it asks to be notified.
    :param interrupts: a hostile device interrupts.
    :param distance_check: an index further away than the ring is long breaks the queue.
    :param head_check: a head outside the table breaks the queue.
    :param next_check: a next descriptor outside the table breaks the queue.
    :param count_check: a chain of more descriptors than there are breaks the queue.
    :param checked_sum: a sum of lengths that does not fit breaks the queue.
    :param refuse_empty: a descriptor of length 0 breaks the queue.
    :param one_level: an indirect table inside an indirect table breaks the queue.
    :param table_bound: an indirect table of more entries than the ring breaks the queue.
    :param copy: what is checked is a private copy, and the copy is what is used.
    :param budget: the device goes round its loop as often as the ring is long, then it is the turn of other work.
    :param ready_check: the ring is read only while the driver says that it is ready.
    :param address_check: the ring is read only when its addresses were set since the last reset.
    :param in_flight_check: a used entry has to name a head that is out.
    :param length_check: the length of a used entry is at most what was posted.
    :param private_links: the driver keeps for itself where its descriptors lead.
    :param private_index: each side counts for itself, and never reads its own index back.
    :param one_writer: every page is written by one side only.
    :param timeout: the driver gives the queue up when it has waited long enough.
    :param kick_again: the driver notifies the device once more when it has waited long enough, asked to or not.
    :param late_eoi: after an interrupt the next one waits until other work was done.
    """

    size: int = 2
    turns: int = 2
    longest: int = 2
    capacity: int = 1
    patience: int = 1
    storm: int = 2
    counted: int = 0
    driver: Peer = Peer.HONEST
    device: Peer = Peer.HONEST
    kept: bool = True
    waits: bool = False
    event_idx: bool = False
    heads: bool = False
    lengths: bool = False
    links: bool = False
    tables: bool = False
    resets: bool = False
    ids: bool = False
    events: bool = False
    interrupts: bool = False
    distance_check: bool = False
    head_check: bool = False
    next_check: bool = False
    count_check: bool = False
    checked_sum: bool = False
    refuse_empty: bool = False
    one_level: bool = False
    table_bound: bool = False
    copy: bool = False
    budget: bool = False
    ready_check: bool = False
    address_check: bool = False
    in_flight_check: bool = False
    length_check: bool = False
    private_links: bool = False
    private_index: bool = False
    one_writer: bool = False
    timeout: bool = False
    kick_again: bool = False
    late_eoi: bool = False

    @property
    def indices(self) -> int:
        """The indices run modulo this."""
        return self.turns * self.size

    @property
    def outside(self) -> int:
        """The number that stands for every descriptor outside the table."""
        return self.size

    @property
    def last(self) -> int:
        """What stands in a descriptor that leads to no other."""
        return self.size + 1

    @property
    def hostile(self) -> bool:
        """Whether one side is hostile."""
        return Peer.HOSTILE in (self.driver, self.device)

    def hardened(self, *without: str) -> Bounds:
        """The same with every measure, or with all but some.

        :raises ValueError: no measure has that name.
        """
        if unknown := set(without) - set(MEASURES):
            raise ValueError(f"no measure {sorted(unknown)}")
        switches: dict[str, Any] = {measure: measure not in without for measure in MEASURES}
        return replace(self, **switches)

    def only(self, *measures: str) -> Bounds:
        """The same with these measures and no others.

        :raises ValueError: no measure has that name.
        """
        if unknown := set(measures) - set(MEASURES):
            raise ValueError(f"no measure {sorted(unknown)}")
        return self.hardened(*(set(MEASURES) - set(measures)))


_NAMES = tuple(one.name for one in fields(Bounds))
MEASURES = _NAMES[_NAMES.index("distance_check") :]
"""The names of the measures of hardening."""


class Ring(State):
    """One ring; where no more is said, a field is private to the side whose name it has."""

    harm: Harm = one_of(Harm)
    # Written by the driver: descriptor table, available ring, an indirect table, and the registers of the device.
    avail_idx: int = within(0, lambda c: c.indices - 1)
    avail_ring: list[int] = array(lambda c: c.size, within(0, lambda c: c.size))
    length: list[int] = array(lambda c: c.size, within(0, lambda c: c.longest), initial=1)
    leads_to: list[int] = array(lambda c: c.size, within(0, lambda c: c.last, initial=lambda c: c.last))
    indirect: list[bool] = array(lambda c: c.size, flag())
    table_long: bool = flag()
    table_nested: bool = flag()
    ready: bool = flag(initial=True)
    addressed: bool = flag(initial=True)
    # Written by the device: used ring, and the index for which it asks to be notified.
    used_idx: int = within(0, lambda c: c.indices - 1)
    used_id: list[int] = array(lambda c: c.size, within(0, lambda c: c.size))
    used_length: list[int] = array(lambda c: c.size, within(0, lambda c: c.longest))
    avail_event: int = within(0, lambda c: c.indices - 1)
    # Signals.
    kick: bool = flag()
    interrupt: bool = flag()
    # The driver's own.
    driver: DriverAt = one_of(DriverAt)
    next_avail: int = within(0, lambda c: c.indices - 1)
    last_used: int = within(0, lambda c: c.indices - 1)
    posted: list[bool] = array(lambda c: c.size, flag())
    head: int = within(0, lambda c: c.size - 1)
    taken_id: int = within(0, lambda c: c.size - 1)
    told: bool = flag()
    waited: int = within(0, lambda c: c.patience)
    spurious: int = within(0, lambda c: c.storm)
    masked: bool = flag()
    # The device's own.
    device: DeviceAt = one_of(DeviceAt)
    last_avail: int = within(0, lambda c: c.indices - 1)
    consumed: int = within(0, lambda c: c.size)
    next_used: int = within(0, lambda c: c.indices - 1)
    first: int = within(0, lambda c: c.size - 1)
    current: int = within(0, lambda c: c.size - 1)
    walked: int = within(0, lambda c: c.size)
    total: int = within(0, lambda c: c.longest)
    checked: int = within(0, lambda c: c.longest)
    served: int = within(0, lambda c: c.size)
    # Of the side that is observed.
    driver_steps: int = within(0, lambda c: c.counted)
    device_steps: int = within(0, lambda c: c.counted)


RING = RuleModel("ring", Ring, Bounds())
"""The model; :func:`sphinx_xenfusa.model.ring.peers.ring` makes the system of two given peers."""


@inlined
def distance(after: int, before: int, c: Bounds) -> int:
    """How far one index is ahead of another."""
    return (after - before + c.indices) % c.indices


@inlined
def outstanding(s: Ring, c: Bounds) -> int:
    """How many buffers are out."""
    return sum(s.posted[slot] for slot in range(c.size))


@inlined
def harmed(s: Ring, c: Bounds) -> bool:
    """Some harm was done."""
    return s.harm != Harm.NONE


@inlined
def overworked(s: Ring, c: Bounds) -> bool:
    """One side took as many steps on the ring as are counted, with no point between them where other work could go on."""
    return c.counted > 0 and (s.driver_steps == c.counted or s.device_steps == c.counted)
