"""The ring's steps, taken on a byte-level split queue: what a step does to shared memory, and what its side finds there.

The machine keeps the private state of both sides as the byte-level queue keeps it, in 16 bits, and never looks into the state of
the transition system for it.  A hostile step is a store.  Afterwards the memory, read as the transition system reads it, has to
be the system's shared fields, and what a side found has to be what the system's step says.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sphinx_xenfusa.explore.language import Action
from sphinx_xenfusa.model.ring.peers import ring
from sphinx_xenfusa.model.ring.state import Bounds, DeviceAt, DriverAt, Harm, Ring
from sphinx_xenfusa.model.virtqueue import layout, split
from sphinx_xenfusa.model.virtqueue.chain import Chain, Element
from sphinx_xenfusa.model.virtqueue.events import Notify
from sphinx_xenfusa.model.virtqueue.layout import Descriptor, Feature, Flag, UsedElement
from sphinx_xenfusa.model.virtqueue.memory import (
    Party,
    copy_of,
    load,
    load_u16,
    shared_memory,
    store,
    store_u16,
)
from sphinx_xenfusa.model.virtqueue.outcome import Kind, Misbehaviour

LENGTHS = (0, 64, 2**32 - 1)
"""What the lengths of the transition system stand for: nothing, what is posted, and too much."""
OUTSIDE = 7
"""A descriptor outside the table."""
TABLE = 0x5000

CHAIN_FAULTS = {
    Harm.LOOPED: {Kind.CHAIN_TOO_LONG},
    Harm.NEXT_OUTSIDE: {Kind.NEXT_OUTSIDE},
    Harm.NESTED: {Kind.INDIRECT_NESTED},
    Harm.OVERSIZED: {Kind.CHAIN_TOO_LONG},
    # The byte-level walk follows the whole chain before it adds up: of several faults it names another one.
    Harm.OVERFLOWED: {Kind.CHAIN_TOO_MANY_BYTES, Kind.CHAIN_TOO_LONG, Kind.NEXT_OUTSIDE, Kind.INDIRECT_NESTED},
}


class WentRound(Exception):
    """The system's indices have gone round since the event index was written, those of 16 bits have not: no way to compare."""


class OnBytes:
    """Both sides on one memory."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.unhardened = ring(bounds.only())
        self.memory = shared_memory(2**64)
        features = {Feature.INDIRECT_DESC} | ({Feature.EVENT_IDX} if bounds.event_idx else set())
        self.queue = split.SplitQueue(bounds.size, 0x1000, 0x2000, 0x3000, frozenset(features))
        assert split.configure(self.memory, self.queue) == self.queue
        assert split.start(self.memory, self.queue) is None
        self.driver = split.driver_side(self.queue)
        self.device = split.DeviceSide()
        self.head = self.current = self.first = 0
        self.taken: Any = None
        self.loaded: list[Descriptor] = []
        self.whole: Chain | Misbehaviour | None = None
        """What the byte-level walk says of the whole chain, as long as nobody has written since it began."""
        self.write_table(False, False)
        for slot in range(bounds.size):
            self.write_descriptor(Party.DRIVER, slot, 1, bounds.last, False)

    # ---- one step ----

    def step(self, action: Action, before: Ring, after: Ring) -> None:
        """Take a step, and hold what its side finds against what the system says."""
        name = action.rule.name
        arguments = dict(action.arguments)
        if action.rule.party.startswith("hostile"):
            self.whole = None
            self.hostile(name, arguments, after)
        else:
            take: Callable[..., None] | None = getattr(self, name, None)
            if take is not None:
                take(before, after, **arguments)
        self.compare(after)

    def fault(self, before: Ring, name: str) -> Harm:
        """What the step does to a side without hardening."""
        action = next(one for one in self.unhardened.actions if one.rule.name == name)
        after = self.unhardened.take(before, action)
        assert after is not None
        return after.harm

    def refused(self, before: Ring, after: Ring, name: str, found: bool, *harms: Harm) -> None:
        """The bytes show a fault if and only if the system's step does one of these harms, or refuses."""
        harm = self.fault(before, name)
        assert found is (harm in harms), (name, harm)
        if found:
            broken = DeviceAt.BROKEN in (after.device,) or DriverAt.BROKEN in (after.driver,)
            assert after.harm is harm or broken

    # ---- what both sides read and write ----

    def write_descriptor(
        self, party: Party, slot: int, length: int, leads_to: int, indirect: bool, long: bool = False
    ) -> None:
        if indirect:
            one = Descriptor(TABLE, 16 * (self.bounds.size + 1 if long else 1), Flag.INDIRECT, 0)
        else:
            follows = leads_to != self.bounds.last
            to = OUTSIDE if leads_to == self.bounds.outside else leads_to
            one = Descriptor(
                (slot + 1) << 33, LENGTHS[length], Flag.WRITE | (Flag.NEXT if follows else 0), to if follows else 0
            )
        address = self.queue.descriptor_table + layout.descriptor_offset(slot)
        assert store(self.memory, party, address, layout.descriptor_bytes(one)) is None

    def write_table(self, long: bool, nested: bool) -> None:
        """An indirect table of one entry, or of one more than the ring has; its last entry is indirect again, or not."""
        entries = self.bounds.size + 1 if long else 1
        for i in range(entries):
            last = i + 1 == entries
            flags = (Flag.INDIRECT if nested else Flag.WRITE) if last else Flag.WRITE | Flag.NEXT
            data = layout.descriptor_bytes(Descriptor(TABLE if nested else 0x9000, 0, flags, 0 if last else i + 1))
            assert store(self.memory, Party.DRIVER, TABLE + layout.descriptor_offset(i), data) is None

    def descriptor(self, slot: int, party: Party) -> Descriptor:
        data = load(self.memory, party, self.queue.descriptor_table + layout.descriptor_offset(slot), 16)
        assert isinstance(data, bytes)
        return layout.descriptor_from(data)

    def leads_to(self, one: Descriptor) -> int:
        if not one.flags & Flag.NEXT:
            return self.bounds.last
        return one.next if one.next < self.bounds.size else self.bounds.outside

    def number(self, found: object) -> int:
        assert isinstance(found, int)
        return found

    # ---- the driver ----

    def place(self, before: Ring, after: Ring, slot: int) -> None:
        self.driver.free.remove(slot)
        self.driver.free.appendleft(slot)
        element = Element((slot + 1) << 33, LENGTHS[self.bounds.capacity], True)
        assert split.place(self.memory, self.queue, self.driver, [element]) == slot
        self.head = slot

    def list_available(self, before: Ring, after: Ring) -> None:
        assert split.offer(self.memory, self.queue, self.driver, self.head) is None

    def publish_available(self, before: Ring, after: Ring) -> None:
        index = self.number(load_u16(self.memory, Party.DRIVER, self.queue.available_ring + 2))
        own = (self.driver.next_available - 1) % layout.INDEX_VALUES
        assert (self.fault(before, "publish_available") is Harm.INDEX_MOVED) is (index != own)
        assert split.publish_available(self.memory, self.queue, self.driver.next_available) is None

    def decide_on_kick(self, before: Ring, after: Ring) -> None:
        new = self.driver.next_available
        event = self.number(
            load_u16(self.memory, Party.DRIVER, self.queue.used_ring + layout.avail_event_offset(self.queue.size))
        )
        if self.bounds.event_idx and (new - event) % layout.INDEX_VALUES > self.bounds.indices:
            raise WentRound
        wanted = split.driver_notifies(self.memory, self.queue, (new - 1) % layout.INDEX_VALUES, new)
        assert (wanted is Notify.MUST) is after.told

    def see_used(self, before: Ring, after: Ring) -> None:
        index = self.number(split.used_index(self.memory, self.queue))
        count = (index - self.driver.last_used) % layout.INDEX_VALUES
        assert count != 0
        too_many = count > len(self.driver.in_flight)
        assert (self.fault(before, "see_used") is Harm.USED_AHEAD) is too_many

    def take_used(self, before: Ring, after: Ring) -> None:
        # The byte-level driver reads index and entry in one operation: it is given a memory whose index says "one".
        memory, side = copy_of(self.memory), copy.deepcopy(self.driver)
        assert split.publish_used(memory, self.queue, (side.last_used + 1) % layout.INDEX_VALUES) is None
        found = split.reap(memory, self.queue, side)
        if isinstance(found, Misbehaviour):
            lengths = found.kind is Kind.USED_LENGTH
            # Nothing is out: the byte-level driver says so of the index, before it looks at the entry.
            ids = {Kind.USED_ID_OUTSIDE, Kind.USED_ID_NOT_IN_FLIGHT} | (
                set() if self.driver.in_flight else {Kind.USED_INDEX}
            )
            assert lengths or found.kind in ids
            self.refused(before, after, "take_used", True, Harm.FORGED_LENGTH if lengths else Harm.FORGED_ID)
        else:
            assert after.driver is DriverAt.TAKEN
            assert [one.head for one in found] == [after.taken_id]
            self.taken = side

    def complete(self, before: Ring, after: Ring) -> None:
        again = split.used_element(self.memory, self.queue, self.driver.last_used)
        (head,) = self.driver.in_flight.keys() - self.taken.in_flight.keys()
        assert isinstance(again, UsedElement)
        harm = self.fault(before, "complete")
        assert (harm is Harm.ID_CHANGED) is (again.id != head)
        if again.id == head:
            assert (harm is Harm.REWRITTEN) is (self.leads_to(self.descriptor(head, Party.DRIVER)) != self.bounds.last)
        if after.harm is Harm.NONE:
            self.driver = self.taken

    def wait(self, before: Ring, after: Ring) -> None:
        assert split.used_index(self.memory, self.queue) == self.driver.last_used

    # ---- the device ----

    def arm(self, before: Ring, after: Ring) -> None:
        assert split.available_index(self.memory, self.queue) == self.device.next_available
        if after.harm is Harm.NONE:
            assert split.set_avail_event(self.memory, self.queue, self.device.next_available) is None

    def look_once_more(self, before: Ring, after: Ring) -> None:
        nothing = split.available_index(self.memory, self.queue) == self.device.next_available
        assert nothing is (after.device is DeviceAt.ASLEEP)

    def see_available(self, before: Ring, after: Ring) -> None:
        found = split.pending(self.memory, self.queue, self.device)
        assert found != 0
        if before.ready and before.addressed:
            wrong = isinstance(found, Misbehaviour) and found.kind is Kind.AVAILABLE_INDEX
            self.refused(before, after, "see_available", wrong, Harm.JUMPED, Harm.UNEXPOSED)

    def take_head(self, before: Ring, after: Ring) -> None:
        head = self.number(split.available_head(self.memory, self.queue, self.device.next_available))
        whole = split.walk(self.memory, self.queue, head)
        outside = isinstance(whole, Misbehaviour) and whole.kind is Kind.HEAD_OUTSIDE
        self.refused(before, after, "take_head", outside, Harm.HEAD_OUTSIDE)
        # A broken queue is looked at no more, so that it does not matter whether the entry counts as taken.
        self.device.next_available = (self.device.next_available + 1) % layout.INDEX_VALUES
        self.first = self.current = head
        self.loaded = []
        self.whole = whole

    def walk(self, before: Ring, after: Ring) -> None:
        one = self.descriptor(self.current, Party.DEVICE)
        indirect = bool(one.flags & Flag.INDIRECT)
        assert indirect is before.indirect[self.current]
        if not indirect:
            self.loaded.append(one)
        self.hold_chain(before, after, "walk")
        if after.device is DeviceAt.WALKING and after.harm is Harm.NONE:
            self.current = one.next

    def walk_table(self, before: Ring, after: Ring) -> None:
        self.hold_chain(before, after, "walk_table")

    def hold_chain(self, before: Ring, after: Ring, name: str) -> None:
        """Where a chain ends for the device it ends for the byte-level walk, with the same fault or with the same bytes."""
        harm = self.fault(before, name)
        if self.whole is None:
            return
        if harm in CHAIN_FAULTS:
            assert isinstance(self.whole, Misbehaviour)
            assert self.whole.kind in CHAIN_FAULTS[harm]
        elif after.device is DeviceAt.CHECKED:
            assert isinstance(self.whole, Chain)
            assert sum(one.length for one in self.whole.elements) == sum(one.length for one in self.loaded)

    def transfer(self, before: Ring, after: Ring) -> None:
        if self.loaded:
            changed = self.descriptor(self.first, Party.DEVICE).length != self.loaded[0].length
            # A descriptor that has become indirect has the table's length there.
            if not before.indirect[self.first]:
                assert (self.fault(before, "transfer") is Harm.CHANGED) is changed

    def write_used(self, before: Ring, after: Ring) -> None:
        element = UsedElement(self.first, sum(one.length for one in self.loaded))
        assert split.write_used(self.memory, self.queue, self.device.next_used, element) is None

    def publish_used(self, before: Ring, after: Ring) -> None:
        index = self.number(load_u16(self.memory, Party.DEVICE, self.queue.used_ring + 2))
        assert (self.fault(before, "publish_used") is Harm.INDEX_MOVED) is (index != self.device.next_used)
        self.device.next_used = (self.device.next_used + 1) % layout.INDEX_VALUES
        assert split.publish_used(self.memory, self.queue, self.device.next_used) is None

    # ---- a hostile side: stores, and nothing else ----

    def hostile(self, name: str, arguments: dict[str, Any], after: Ring) -> None:
        rings = {
            "forge_available_index": (Party.DRIVER, self.queue.available_ring, self.device.next_available),
            "overwrite_available_index": (Party.DEVICE, self.queue.available_ring, self.driver.next_available),
            "forge_used_index": (Party.DEVICE, self.queue.used_ring, self.driver.last_used),
            "overwrite_used_index": (Party.DRIVER, self.queue.used_ring, self.device.next_used),
        }
        if name in rings:
            party, where, victim = rings[name]
            assert store_u16(self.memory, party, where + 2, self.index(arguments["index"], victim, after)) is None
        elif name == "forge_event":
            behind = (self.driver.next_available - arguments["index"]) % self.bounds.indices
            event = (self.driver.next_available - behind) % layout.INDEX_VALUES
            assert split.set_avail_event(self.memory, self.queue, event) is None
        elif name == "forge_head":
            head = OUTSIDE if arguments["head"] == self.bounds.outside else arguments["head"]
            assert split.write_available(self.memory, self.queue, arguments["slot"], head) is None
        elif name in {"forge_used_id", "forge_used_length"}:
            slot = arguments["slot"]
            head = OUTSIDE if after.used_id[slot] == self.bounds.outside else after.used_id[slot]
            assert (
                split.write_used(self.memory, self.queue, slot, UsedElement(head, LENGTHS[after.used_length[slot]]))
                is None
            )
        else:
            self.rewrite(name, after)

    def index(self, index: int, victim: int, after: Ring) -> int:
        """An index of 16 bits: as far ahead of the victim, or behind it, as that of the system.

        The system's few indices do not tell three ahead from one behind.  Where the victim is about to look that makes no
        difference: both are too far.  Where it has looked and is about to move on, two ahead is left of the one: then it is that.
        """
        ahead = (index - victim) % self.bounds.indices
        behind = self.bounds.indices - ahead
        moves = after.device is DeviceAt.SEEN or after.driver in {DriverAt.SEEN, DriverAt.TAKEN}
        back = behind <= self.bounds.size < ahead and not moves
        return (victim - behind if back else victim + ahead) % layout.INDEX_VALUES

    def rewrite(self, name: str, after: Ring) -> None:
        """The descriptor table and the indirect table."""
        party = Party.DEVICE if name == "overwrite_link" else Party.DRIVER
        self.write_table(after.table_long, after.table_nested)
        for slot in range(self.bounds.size):
            self.write_descriptor(
                party, slot, after.length[slot], after.leads_to[slot], after.indirect[slot], after.table_long
            )

    # ---- the memory, as the system reads it ----

    def compare(self, state: Ring) -> None:
        """The shared fields are what stands in the memory."""
        look = Party.DRIVER
        size, indices = self.bounds.size, self.bounds.indices
        queue = self.queue
        assert self.number(load_u16(self.memory, look, queue.available_ring + 2)) % indices == state.avail_idx
        assert self.number(split.used_index(self.memory, queue)) % indices == state.used_idx
        event = load_u16(self.memory, look, queue.used_ring + layout.avail_event_offset(size))
        assert self.number(event) % indices == state.avail_event
        for slot in range(size):
            assert min(self.number(split.available_head(self.memory, queue, slot)), size) == state.avail_ring[slot]
            element = split.used_element(self.memory, queue, slot)
            assert isinstance(element, UsedElement)
            assert min(element.id, size) == state.used_id[slot]
            assert element.length == LENGTHS[state.used_length[slot]]
            one = self.descriptor(slot, look)
            assert bool(one.flags & Flag.INDIRECT) is state.indirect[slot]
            if not state.indirect[slot]:
                assert one.length == LENGTHS[state.length[slot]]
                assert self.leads_to(one) == state.leads_to[slot]


def comparable(bounds: Bounds) -> Bounds:
    """The same ring, such that everything is kept and that the index tells full from empty, as one of 16 bits does."""
    return replace(bounds, kept=True, counted=0, turns=max(bounds.turns, 4 if bounds.event_idx else 2))
