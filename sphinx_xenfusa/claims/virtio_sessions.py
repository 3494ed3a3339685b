"""Sessions of a driver and a device on one queue: every order of a few moves, with what each of them loaded and stored.

The two sides are those of :mod:`sphinx_xenfusa.model.virtqueue`.  A check looks at the record of the accesses and at the bytes,
not at what the two remember.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sphinx_xenfusa.explore.trace import Step, Trace
from sphinx_xenfusa.model.virtqueue import split
from sphinx_xenfusa.model.virtqueue.chain import (
    Chain,
    Element,
    read_request,
    read_response,
    writable_bytes,
    write_response,
)
from sphinx_xenfusa.model.virtqueue.layout import Feature
from sphinx_xenfusa.model.virtqueue.memory import Access, Fault, Memory, Party, shared_memory, store
from sphinx_xenfusa.model.virtqueue.outcome import Misbehaviour, Refused

MEMORY = 1 << 17
TABLE, DRIVER_AREA, DEVICE_AREA, TABLES, BUFFERS = 0x1000, 0x2000, 0x3000, 0x4000, 0x8000

SHAPES = {
    "add a request": ((3, False),),
    "add a request and its answer": ((2, False), (3, True)),
    "add room for an answer": ((2, True), (2, True)),
}
"""The buffers that a driver adds: length and whether it is for the device to write."""

USES = {"use the oldest": 0, "use the newest": -1}
MOVES = (*SHAPES, "take one", *USES, "reap")


@dataclass(frozen=True, slots=True)
class Setting:
    """What a session begins with.

    :param form: the format: its module.
    :param at: where the free-running indices of a split queue stand.
    :param tables: whether buffers are put into indirect tables.
    """

    form: Any
    size: int
    features: frozenset[Feature] = frozenset()
    at: int = 0
    tables: bool = False

    @property
    def words(self) -> str:
        """The setting for a reader."""
        format_name = "split" if self.form is split else "packed"
        named = ", ".join(sorted(one.name for one in self.features)) or "no features"
        return f"{format_name}, {self.size} entries, {named}{', indirect tables' if self.tables else ''}, idx {self.at}"


@dataclass(frozen=True, slots=True)
class Event:
    """One move, and what it loaded and stored.

    :param result: what the driver or the device got back.
    """

    move: str
    party: Party
    accesses: tuple[Access, ...]
    result: Any
    memory: dict[int, bytes]


@dataclass(slots=True)
class Session:
    """A driver, a device and what happened so far."""

    setting: Setting
    memory: Memory
    queue: Any
    driver: Any
    device: Any
    events: list[Event] = field(default_factory=list)
    held: list[Chain] = field(default_factory=list)
    added: list[tuple[Element, ...]] = field(default_factory=list)
    taken: list[tuple[Element, ...]] = field(default_factory=list)
    used: list[tuple[Chain, int]] = field(default_factory=list)
    reaped: list[Any] = field(default_factory=list)


def new_session(setting: Setting) -> Session:
    """A queue that is set up and empty."""
    memory, form = shared_memory(MEMORY), setting.form
    made = form.SplitQueue if form is split else form.PackedQueue
    queue = made(setting.size, TABLE, DRIVER_AREA, DEVICE_AREA, setting.features)
    form.start(memory, queue)
    driver, device = form.driver_side(queue), form.DeviceSide()
    if form is split:
        driver.next_available = driver.last_used = device.next_available = device.next_used = setting.at
        split.publish_available(memory, queue, setting.at)
        split.publish_used(memory, queue, setting.at)
    memory.accesses.clear()
    return Session(setting, memory, queue, driver, device)


def _add(session: Session, shape: tuple[tuple[int, bool], ...]) -> Any:
    number = len(session.added)
    base = BUFFERS + 0x100 * number
    elements = tuple(Element(base + 0x20 * i, length, writable) for i, (length, writable) in enumerate(shape))
    for one in elements:
        store(session.memory, Party.DRIVER, one.address, bytes([number + 1]) * one.length)
    session.memory.accesses.clear()
    table = TABLES + 0x100 * number if session.setting.tables else None
    done = session.setting.form.add(session.memory, session.queue, session.driver, elements, table)
    if isinstance(done, Refused):
        return None
    session.added.append(elements)
    return done


def _take(session: Session) -> Any:
    found = session.setting.form.pop(session.memory, session.queue, session.device)
    if isinstance(found, int):
        found = split.walk(session.memory, session.queue, found)
    if isinstance(found, Chain):
        session.held.append(found)
        session.taken.append(found.elements)
    return found


def answer_to(chain: Chain) -> bytes:
    """What the device of a session answers: one byte less than there is room for."""
    return b"\xa5" * max(writable_bytes(chain.elements) - 1, 0)


def _use(session: Session, which: int) -> Any:
    if not session.held or (which and len(session.held) < 2):
        return None
    chain = session.held.pop(which)
    read_request(session.memory, chain)
    written = write_response(session.memory, chain, answer_to(chain))
    if isinstance(written, Fault):
        return written
    given_back = chain.id if session.setting.form is split else chain
    fault = session.setting.form.add_used(session.memory, session.queue, session.device, given_back, written)
    session.used.append((chain, written))
    return written if fault is None else fault


def _reap(session: Session) -> Any:
    found = session.setting.form.reap(session.memory, session.queue, session.driver)
    for one in found if isinstance(found, tuple) else ():
        session.reaped.append(one)
        read_response(session.memory, one.elements, one.length)
    return found or None


def make(session: Session, move: str) -> bool:
    """Make a move; whether it did anything."""
    session.memory.accesses.clear()
    if move in SHAPES:
        party, result = Party.DRIVER, _add(session, SHAPES[move])
    elif move == "take one":
        party, result = Party.DEVICE, _take(session)
    elif move in USES:
        party, result = Party.DEVICE, _use(session, USES[move])
    else:
        party, result = Party.DRIVER, _reap(session)
    session.events.append(Event(move, party, tuple(session.memory.accesses), result, dict(session.memory.pages)))
    return result is not None


def sessions(settings: tuple[Setting, ...], length: int) -> Iterator[Session]:
    """Every longest session of at most so many moves, each of which does something."""
    for setting in settings:
        yield from _continued(setting, (), length)


def _continued(setting: Setting, script: tuple[str, ...], length: int) -> Iterator[Session]:
    went_on = False
    for move in MOVES if len(script) < length else ():
        session = new_session(setting)
        if _play(session, (*script, move)):
            went_on = True
            if len(script) + 1 == length:
                yield session
            else:
                yield from _continued(setting, (*script, move), length)
    if not went_on and 0 < len(script) < length:
        session = new_session(setting)
        _play(session, script)
        yield session


def _play(session: Session, script: tuple[str, ...]) -> bool:
    return all(make(session, move) for move in script)


def told(title: str, session: Session) -> Trace:
    """A session as a trace."""
    return Trace(title, (("queue", session.setting.words),), tuple(_step(one) for one in session.events))


def _step(event: Event) -> Step:
    stored = ", ".join(
        f"{one.address:#x}+{one.length}" for one in event.accesses if one.write and one.party is event.party
    )
    result = event.result
    outcome = f"misbehaviour: {result.kind}" if isinstance(result, Misbehaviour) else "done"
    clause = "VirtIO 1.2, 2.7.13, 2.8.21" if event.party is Party.DRIVER else "VirtIO 1.2, 2.7.8, 2.8.6"
    return Step(event.party.value, event.move, (("stores", stored or "nothing"),), outcome, (), clause)
