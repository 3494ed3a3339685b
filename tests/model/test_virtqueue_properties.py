"""What holds for all queues, buffers and bytes: found by Hypothesis, in both formats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sphinx_xenfusa.model.virtqueue import layout, packed, split
from sphinx_xenfusa.model.virtqueue.chain import Chain, Element, read_request, writable_bytes, write_response
from sphinx_xenfusa.model.virtqueue.events import Notify, crosses
from sphinx_xenfusa.model.virtqueue.layout import Descriptor, EventFlags, EventSuppression, Feature, PackedDescriptor
from sphinx_xenfusa.model.virtqueue.memory import (
    Access,
    Fault,
    Memory,
    Party,
    Right,
    drivers_memory,
    load,
    map_pages,
    shared_memory,
    store,
)
from sphinx_xenfusa.model.virtqueue.outcome import Misbehaviour, Misuse, Refused

SIZE = 1 << 20
TABLE, AVAIL, USED, TABLES, BUFFERS = 0x1000, 0x3000, 0x4000, 0x8000, 0x10000

u16, u32, u64 = (st.integers(0, (1 << bits) - 1) for bits in (16, 32, 64))


@given(u64, u32, u16, u16)
def test_descriptors_round_trip(address: int, length: int, flags: int, last: int) -> None:
    one, other = Descriptor(address, length, flags, last), PackedDescriptor(address, length, last, flags)
    assert layout.descriptor_from(layout.descriptor_bytes(one)) == one
    assert layout.packed_descriptor_from(layout.packed_descriptor_bytes(other)) == other
    assert layout.descriptor_bytes(one)[:12] == layout.packed_descriptor_bytes(other)[:12]


@given(st.binary(min_size=4, max_size=4), u32)
def test_words_round_trip_but_for_reserved_bits(data: bytes, word: int) -> None:
    kept = bytes((data[0], data[1], data[2] & 3, 0))
    assert layout.event_bytes(layout.event_from(data)) == kept
    assert layout.notification_word(layout.notification_from(word)) == word


@given(u16, st.integers(1, 300), st.integers(0, 400))
def test_an_event_is_met_exactly_when_its_entry_is_written(old: int, batch: int, event: int) -> None:
    """Against entries written one by one, over the wrap of 16 bits."""
    named = (old + event - 50) % 65536
    written = {(old + i) % 65536 for i in range(batch)}
    assert crosses(named, old, (old + batch) % 65536, 65536) is (named in written)


@given(st.integers(1, 9), st.data())
def test_packed_events_are_met_exactly_when_their_descriptor_is_written(size: int, data: st.DataObject) -> None:
    slots = [packed.Place(slot, wrap) for wrap in (1, 0) for slot in range(size)]
    old, event = data.draw(st.sampled_from(slots)), data.draw(st.sampled_from(slots))
    count = data.draw(st.integers(0, size))
    memory = shared_memory(SIZE)
    queue = packed.PackedQueue(size, TABLE, AVAIL, USED, frozenset({Feature.EVENT_IDX}))
    packed.write_event(memory, queue, Party.DEVICE, EventSuppression(event.slot, event.wrap, EventFlags.DESCRIPTOR))
    decided = packed.notifies(memory, queue, Party.DRIVER, old, packed.advance(old, count, size))
    written = {packed.advance(old, i, size) for i in range(count)}
    assert decided is (Notify.MUST if event in written else Notify.SHOULD_NOT)


@given(st.integers(1, 9), st.lists(st.integers(0, 9), max_size=30))
def test_wrap_counters_count_rounds(size: int, steps: list[int]) -> None:
    place, total = packed.Place(), 0
    for step in steps:
        place, total = packed.advance(place, min(step, size), size), total + min(step, size)
        assert place == packed.Place(total % size, 1 - total // size % 2)


# A driver and a device of ours.


@dataclass
class Pair:
    """A driver and a device on one queue, in either format, by what they have in common."""

    memory: Memory
    add: Callable[[list[Element], int | None], Any]
    pop: Callable[[], Chain | Misbehaviour | None]
    add_used: Callable[[Chain, int], Fault | None]
    reap: Callable[[], Any]


def split_pair(size: int, features: frozenset[Feature], at: int) -> Pair:
    memory, queue = shared_memory(SIZE), split.SplitQueue(size, TABLE, AVAIL, USED, features)
    assert split.configure(memory, queue) == queue
    driver, device = split.driver_side(queue), split.DeviceSide(at, at)
    driver.next_available = driver.last_used = at
    split.publish_available(memory, queue, at)
    split.publish_used(memory, queue, at)

    def pop() -> Chain | Misbehaviour | None:
        head = split.pop(memory, queue, device)
        return split.walk(memory, queue, head) if isinstance(head, int) else head

    return Pair(
        memory,
        lambda elements, table: split.add(memory, queue, driver, elements, table),
        pop,
        lambda chain, length: split.add_used(memory, queue, device, chain.id, length),
        lambda: split.reap(memory, queue, driver),
    )


def packed_pair(size: int, features: frozenset[Feature], at: int) -> Pair:
    memory, queue = shared_memory(SIZE), packed.PackedQueue(size, TABLE, AVAIL, USED, features)
    assert packed.configure(memory, queue) == queue
    assert packed.start(memory, queue) is None
    driver, device = packed.driver_side(queue), packed.DeviceSide()
    return Pair(
        memory,
        lambda elements, table: packed.add(memory, queue, driver, elements, table),
        lambda: packed.pop(memory, queue, device),
        lambda chain, length: packed.add_used(memory, queue, device, chain, length),
        lambda: packed.reap(memory, queue, driver),
    )


elements = st.builds(
    lambda reads, writes: [(n, False) for n in reads] + [(n, True) for n in writes],
    st.lists(st.integers(1, 9), max_size=2),
    st.lists(st.integers(1, 9), max_size=2),
).filter(bool)

moves = st.lists(
    st.one_of(
        st.tuples(st.just("add"), elements, st.booleans()),
        st.tuples(st.just("serve"), st.integers(0, 3), st.integers(0, 20)),
        st.tuples(st.just("reap"), st.none(), st.none()),
    ),
    max_size=40,
)


def exchange(pair: Pair, script: list[tuple[str, Any, Any]], in_order: bool) -> list[tuple[int, bytes, bytes, int]]:
    """What became of each buffer, in the order of return: its number, what the device read, what it wrote, the length."""
    outstanding: dict[tuple[Element, ...], int] = {}
    held: list[tuple[Chain, bytes]] = []
    served: dict[tuple[Element, ...], tuple[bytes, bytes]] = {}
    came_back = []
    number = 0
    for what, first, second in script:
        if what == "add":
            base = BUFFERS + number * 0x100
            made = [Element(base + i * 0x20, length, write) for i, (length, write) in enumerate(first)]
            for one in made:
                store(pair.memory, Party.DRIVER, one.address, bytes([number % 256]) * one.length)
            done = pair.add(made, TABLES + number * 0x40 if second else None)
            if done == Refused((Misuse.NO_ROOM,)) or done == Refused((Misuse.TOO_MANY_ELEMENTS,)):
                continue
            assert isinstance(done, int), done
            outstanding[tuple(made)] = number
            number += 1
        elif what == "serve":
            while isinstance(chain := pair.pop(), Chain):
                request = read_request(pair.memory, chain)
                assert isinstance(request, bytes)
                held.append((chain, request))
            assert chain is None
            if held:
                chain, request = held.pop(0 if in_order else first % len(held))
                answer = bytes([255]) * min(second, writable_bytes(chain.elements))
                assert write_response(pair.memory, chain, answer) == len(answer)
                served[chain.elements] = (request, answer)
                assert pair.add_used(chain, len(answer)) is None
        else:
            came_back += take_back(pair, outstanding, served)
    while held or isinstance(chain := pair.pop(), Chain):
        one = held.pop(0) if held else (chain, b"")
        assert pair.add_used(one[0], 0) is None
        served[one[0].elements] = (one[1], b"")
        came_back += take_back(pair, outstanding, served)
    while got := take_back(pair, outstanding, served):
        came_back += got
    assert outstanding == {}
    return came_back


def take_back(
    pair: Pair, outstanding: dict[tuple[Element, ...], int], served: dict[tuple[Element, ...], tuple[bytes, bytes]]
) -> list[tuple[int, bytes, bytes, int]]:
    back = pair.reap()
    assert isinstance(back, tuple), back
    found = []
    for one in back:
        # Once, and only what is out: the number leaves the record.
        number = outstanding.pop(one.elements)
        found.append((number, *served.pop(one.elements), one.length))
        assert found[-1][2] == b"\xff" * one.length
    return found


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([1, 2, 4, 8]), st.booleans(), st.booleans(), moves, st.sampled_from([0, 65533, 65535]))
def test_every_buffer_comes_back_once_and_both_formats_behave_alike(
    size: int, in_order: bool, indirect: bool, script: list[tuple[str, Any, Any]], at: int
) -> None:
    features = {Feature.IN_ORDER} if in_order else set()
    if indirect:
        features |= {Feature.INDIRECT_DESC}
    script = [(what, first, second and indirect if what == "add" else second) for what, first, second in script]
    one = exchange(split_pair(size, frozenset(features), at), script, in_order)
    other = exchange(packed_pair(size, frozenset(features), at), script, in_order)
    assert one == other


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([3, 5, 6, 7]), moves)
def test_odd_packed_rings_give_every_buffer_back(size: int, script: list[tuple[str, Any, Any]]) -> None:
    exchange(packed_pair(size, frozenset(), 0), [(a, b, False if a == "add" else c) for a, b, c in script], False)


def test_a_split_queue_goes_round_its_16_bits() -> None:
    pair = split_pair(2, frozenset(), 65530)
    for i in range(20):
        assert isinstance(pair.add([Element(BUFFERS + i, 1, True)], None), int)
        chain = pair.pop()
        assert isinstance(chain, Chain)
        assert pair.add_used(chain, 1) is None
        assert len(pair.reap()) == 1


# A peer that writes whatever it likes.

FEATURES = st.frozensets(st.sampled_from([Feature.INDIRECT_DESC, Feature.IN_ORDER, Feature.EVENT_IDX]))
# Small values, so that chains, tables and heads meet; and all others.
words = st.lists(st.one_of(st.integers(0, 8), u16), min_size=64, max_size=64)


def hostile_memory(values: list[int], party: Party, places: tuple[int, ...]) -> Memory:
    memory = drivers_memory(SIZE)
    map_pages(memory, Party.DEVICE, TABLE, BUFFERS - TABLE, Right.READ_WRITE)
    data = b"".join(value.to_bytes(2, "little") for value in values)
    for i, place in enumerate(places):
        assert store(memory, party, place, data[i * 32 :][:64]) is None
    memory.accesses.clear()
    return memory


def stays_within(memory: Memory, party: Party, most: int) -> None:
    """So many accesses at the most, all of the one side, and all of them reading."""
    assert len(memory.accesses) <= most
    assert {(one.party, one.write) for one in memory.accesses} <= {(party, False)}


@settings(max_examples=80, deadline=None)
@given(words, FEATURES, st.sampled_from([1, 2, 4]), u16)
def test_a_split_device_survives_every_driver(
    values: list[int], features: frozenset[Feature], size: int, at: int
) -> None:
    memory = hostile_memory(values, Party.DRIVER, (TABLE, AVAIL, TABLES))
    queue, side = split.SplitQueue(size, TABLE, AVAIL, USED, features), split.DeviceSide(at, at)
    found = list(split.available(memory, queue, side))
    assert len(found) <= size
    for one in found:
        assert isinstance(one, Chain | Misbehaviour)
        if isinstance(one, Chain):
            assert len(one.elements) <= size
    for head in range(size + 1):
        assert isinstance(split.walk(memory, queue, head), Chain | Misbehaviour)
    # avail.idx, then for each entry idx, head and two tables of `size` descriptors.
    stays_within(memory, Party.DEVICE, 1 + size * (2 + 2 * size) + (size + 1) * 2 * size)
    assert isinstance(split.device_notifies(memory, queue, at, (at + 1) % 65536), Notify)


@settings(max_examples=80, deadline=None)
@given(words, FEATURES, st.integers(1, 4), st.integers(0, 1))
def test_a_packed_device_survives_every_driver(
    values: list[int], features: frozenset[Feature], size: int, wrap: int
) -> None:
    # Half of the descriptors are made available: the flags are every eighth word.
    flags = (0x80, 0x81, 0x8000, 0x84)
    values = [flags[value % 4] | value % 8 if i % 8 == 7 else value for i, value in enumerate(values)]
    memory = hostile_memory(values, Party.DRIVER, (TABLE, AVAIL, TABLES))
    queue = packed.PackedQueue(size, TABLE, AVAIL, USED, features)
    side = packed.DeviceSide(packed.Place(0, wrap), packed.Place(0, wrap))
    found = list(packed.available(memory, queue, side))
    assert len(found) <= size
    assert all(isinstance(one, Chain | Misbehaviour) for one in found)
    stays_within(memory, Party.DEVICE, size * (size + 2))
    assert packed.notifies(memory, queue, Party.DEVICE, packed.Place(), packed.Place(0, 0)) is not None


@settings(max_examples=80, deadline=None)
@given(words, FEATURES, st.integers(0, 3))
def test_a_driver_survives_every_device(values: list[int], features: frozenset[Feature], buffers: int) -> None:
    for form in (split, packed):
        memory = drivers_memory(SIZE)
        map_pages(memory, Party.DEVICE, TABLE, USED - TABLE + 0x1000, Right.READ_WRITE)
        queue: Any = (split.SplitQueue if form is split else packed.PackedQueue)(4, TABLE, AVAIL, USED, features)
        side: Any = form.driver_side(queue)
        for i in range(buffers):
            assert isinstance(form.add(memory, queue, side, [Element(BUFFERS + 16 * i, 9, True)]), int)
        data = b"".join(value.to_bytes(2, "little") for value in values)
        assert store(memory, Party.DEVICE, USED if form is split else TABLE, data[:100]) is None
        back = 0
        for _ in range(buffers + 1):
            found = form.reap(memory, queue, side)
            assert isinstance(found, tuple | Misbehaviour)
            if isinstance(found, Misbehaviour):
                break
            back += len(found)
            assert all(one.length <= 9 for one in found)
        assert back + len(side.in_flight) == buffers


@settings(max_examples=40, deadline=None)
@given(u64, u32, st.booleans(), st.integers(0, SIZE))
def test_memory_gives_bytes_or_a_fault(address: int, length: int, write: bool, mapped: int) -> None:
    memory = drivers_memory(SIZE)
    map_pages(memory, Party.DEVICE, mapped, 4096, Right.READ)
    for party in Party:
        found = store(memory, party, address, bytes(length % 64)) if write else load(memory, party, address, length)
        if not isinstance(found, Fault):
            assert address + (length % 64 if write else length) <= SIZE
            assert memory.accesses[-1] == Access(party, write, address, length % 64 if write else length)
