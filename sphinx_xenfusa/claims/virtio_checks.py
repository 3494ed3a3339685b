"""What the standard demands of the two sides of a queue, as checks over bounded sets of queues and situations.

A check is a generator of cases.  Each says whether the demand could have been broken in it, and, if it was, how.  Checks look at
bytes and at recorded accesses.  ``virtio_conformance.toml`` says which clause each is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, product
from typing import Any, NamedTuple

from sphinx_xenfusa.claims.virtio_sessions import (
    BUFFERS,
    DEVICE_AREA,
    DRIVER_AREA,
    MEMORY,
    TABLE,
    TABLES,
    Event,
    Session,
    Setting,
    make,
    new_session,
    sessions,
    told,
)
from sphinx_xenfusa.explore.trace import Step, Trace
from sphinx_xenfusa.model.virtqueue import layout, lifecycle, packed, split
from sphinx_xenfusa.model.virtqueue.chain import Chain, Element, read_request, read_response, write_response
from sphinx_xenfusa.model.virtqueue.events import Notify
from sphinx_xenfusa.model.virtqueue.layout import (
    Descriptor,
    EventFlags,
    EventSuppression,
    Feature,
    Flag,
    PackedDescriptor,
    Status,
    UsedElement,
)
from sphinx_xenfusa.model.virtqueue.memory import Access, Party, load, shared_memory, store
from sphinx_xenfusa.model.virtqueue.outcome import Refused
from sphinx_xenfusa.model.virtqueue.sample_loop import (
    Processed,
    is_published,
    leaves_as_printed,
    leaves_corrected,
    receive,
)


class Case(NamedTuple):
    """One situation, judged.

    :param relevant: whether the demand could have been broken in it.
    :param wrong: how it was broken; empty when it was not.
    :param trace: tells the situation, under a title.
    """

    relevant: bool
    wrong: str
    trace: Callable[[str], Trace]


class Check(NamedTuple):
    """A check.

    :param says: what holds if it finds nothing, in a sentence.
    :param covers: what it goes through.
    """

    name: str
    says: str
    covers: str
    cases: Callable[[bool], Iterator[Case]]


CHECKS: dict[str, Check] = {}
"""Every check by its name."""


def _check(says: str, covers: str) -> Callable[[Callable[[bool], Iterator[Case]]], Callable[[bool], Iterator[Case]]]:
    def keep(cases: Callable[[bool], Iterator[Case]]) -> Callable[[bool], Iterator[Case]]:
        CHECKS[cases.__name__] = Check(cases.__name__, says, covers, cases)
        return cases

    return keep


def _one(party: str, action: str, parameters: Mapping[str, object], outcome: object) -> Callable[[str], Trace]:
    """A trace of one step."""
    pairs = tuple((name, str(value)) for name, value in parameters.items())
    return lambda title: Trace(title, (), (Step(party, action, pairs, str(outcome), (), "VirtIO 1.2, 2.7, 2.8"),))


def _first(wrongs: Iterator[str]) -> str:
    return next(wrongs, "")


_IN_ORDER, _INDIRECT = frozenset({Feature.IN_ORDER}), frozenset({Feature.INDIRECT_DESC})
_SPLIT = (Setting(split, 4, at=65534), Setting(split, 2, _INDIRECT, tables=True))
_PACKED = (Setting(packed, 3), Setting(packed, 3, _INDIRECT, tables=True))
_SESSIONS = (
    "every session of at most five moves, split and packed, with and without indirect tables, over the wrap of 16 bits"
)


def _sessions(length: int, *settings: Setting) -> Iterator[Session]:
    return sessions(settings or (*_SPLIT, *_PACKED), length)


def _session_case(session: Session, relevant: bool, wrong: str) -> Case:
    return Case(relevant, wrong, lambda title: told(title, session))


# Configuration.


@_check(
    "A queue is accepted exactly when each of its parts is aligned as the standard says.",
    "each part of a split and of a packed queue at every offset from 0 to 31",
)
def alignment(small: bool) -> Iterator[Case]:
    """Descriptor table and ring 16, available ring 2, used ring 4, event structures 4."""
    memory = shared_memory(MEMORY)
    forms: tuple[tuple[Any, Any, tuple[int, int, int]], ...] = (
        (split, split.SplitQueue, (16, 2, 4)),
        (packed, packed.PackedQueue, (16, 4, 4)),
    )
    for (form, made, aligned), part, offset in product(forms, range(3), range(4 if small else 32)):
        places = [TABLE, DRIVER_AREA, DEVICE_AREA]
        places[part] += offset
        queue = made(4, *places)
        accepted = form.configure(memory, queue) == queue
        wrong = (
            "" if accepted is (offset % aligned[part] == 0) else f"part {part} at offset {offset}: accepted {accepted}"
        )
        yield Case(bool(offset), wrong, _one("driver", "configure", {"part": part, "offset": offset}, accepted))


@_check(
    "A driver that sets a queue up writes zero into the flags and indices of its rings, whatever lay there.",
    "a split queue of 1, 2 and 4 entries over memory full of ones",
)
def fresh_rings(small: bool) -> Iterator[Case]:
    """The flags and idx of both rings."""
    for size in (1, 2, 4):
        memory = shared_memory(MEMORY)
        queue = split.SplitQueue(size, TABLE, DRIVER_AREA, DEVICE_AREA)
        store(memory, Party.DRIVER, TABLE, b"\xff" * 0x3000)
        split.start(memory, queue)
        found = [load(memory, Party.DRIVER, ring, 4) for ring in (DRIVER_AREA, DEVICE_AREA)]
        wrong = "" if found == [bytes(4)] * 2 else f"flags and idx are {found}"
        yield Case(True, wrong, _one("driver", "start", {"size": size}, found))


# Buffers and descriptors.


def _cuts(data: bytes) -> Iterator[tuple[int, ...]]:
    for count in range(len(data)):
        for at in combinations(range(1, len(data)), count):
            ends = (*at, len(data))
            yield tuple(end - begin for begin, end in zip((0, *at), ends, strict=True))


@_check(
    "However a message is cut into elements, the device reads the same request and its answer arrives the same.",
    "a request and an answer of four bytes in all cuts, split and packed, with and without an indirect table",
)
def framing(small: bool) -> Iterator[Case]:
    """Every cut of the request with every cut of the answer."""
    message = b"\1\2\3\4"
    cuts = tuple(_cuts(message))
    for setting in (Setting(split, 8, _INDIRECT), Setting(packed, 8, _INDIRECT)):
        for reads, writes, table in product(cuts, cuts[:3] if small else cuts, (None, TABLES)):
            got = _exchanged(setting, message, (reads, writes), table)
            wrong = "" if got == (message, message) else f"cut as {reads} and {writes}: {got}"
            parameters = {"queue": setting.words, "request": reads, "answer": writes}
            yield Case(len(reads) + len(writes) > 2, wrong, _one("driver", "add", parameters, got))


def _exchanged(
    setting: Setting, message: bytes, cut: tuple[tuple[int, ...], tuple[int, ...]], table: int | None
) -> tuple[object, object]:
    """What the device read and what it wrote, the message as request and as answer."""
    session = new_session(setting)
    elements, at = [], BUFFERS
    for lengths, writable in ((cut[0], False), (cut[1], True)):
        done = 0
        for length in lengths:
            elements.append(Element(at, length, writable))
            store(session.memory, Party.DRIVER, at, b"" if writable else message[done : done + length])
            at, done = at + 0x10, done + length
    setting.form.add(session.memory, session.queue, session.driver, elements, table)
    make(session, "take one")
    if not session.held:
        return None, None
    chain = session.held[0]
    request = read_request(session.memory, chain)
    write_response(session.memory, chain, message)
    pieces = [load(session.memory, Party.DRIVER, one.address, one.length) for one in elements if one.writable]
    return request, b"".join(piece for piece in pieces if isinstance(piece, bytes))


_KINDS = ((1, False), (1, True), (1 << 31, True))


def _wanted(length: int) -> Iterator[list[Element]]:
    for shape in product(_KINDS, repeat=length):
        yield [Element(0, one, writable) for one, writable in shape]


def _rules_broken(elements: list[Element], size: int) -> bool:
    order = [one.writable for one in elements]
    return order != sorted(order) or len(elements) > size or sum(one.length for one in elements) > 2**32 or not elements


@_check(
    "A driver places a buffer exactly when it keeps the order, the number and the bytes that are allowed and has room; the "
    "device finds what it placed.",
    "every list of up to four elements (small, writable, of 2 GiB) on queues of one to three entries, some of them taken",
)
def chain_form(small: bool) -> Iterator[Case]:
    """Readable before writable, no more elements than entries, 2^32 bytes, room."""
    for form, size, taken in product((split, packed), (1, 2, 3), (0, 1)):
        for elements in (one for n in range(4 if small else 5) for one in _wanted(n)):
            if form is split and size == 3:
                continue
            session = _with_taken(form, size, taken)
            before = dict(session.memory.pages)
            done = form.add(session.memory, session.queue, session.driver, elements)
            legal = not _rules_broken(elements, size) and len(elements) <= size - taken
            wrong = _placed_wrong(session, elements, done, legal, before)
            shape = [(one.length, "writable" if one.writable else "readable") for one in elements]
            parameters = {"queue": session.setting.words, "elements": shape, "taken": taken}
            yield Case(bool(elements), wrong, _one("driver", "add", parameters, done))


def _with_taken(form: Any, size: int, taken: int) -> Session:
    session = new_session(Setting(form, size))
    session.memory.size = 1 << 40
    for _ in range(taken):
        form.add(session.memory, session.queue, session.driver, [Element(BUFFERS, 1, False)])
        make(session, "take one")
    return session


def _placed_wrong(
    session: Session, elements: list[Element], done: object, legal: bool, before: dict[int, bytes]
) -> str:
    if isinstance(done, Refused):
        if legal:
            return "a buffer that keeps the rules is refused"
        return "" if session.memory.pages == before else "a refused buffer leaves bytes"
    if not legal:
        return "a buffer that breaks the rules is placed"
    make(session, "take one")
    found = session.events[-1].result
    return "" if isinstance(found, Chain) and found.elements == tuple(elements) else f"the device finds {found}"


@_check(
    "INDIRECT is set only where it is negotiated, never with NEXT, never within a table; a packed table has no flag but WRITE.",
    _SESSIONS,
)
def indirect_form(small: bool) -> Iterator[Case]:
    """Every descriptor that the driver stored, as bytes."""
    bare = (Setting(split, 4, tables=True), Setting(packed, 3, tables=True))
    for session in _sessions(1 if small else 5, *_SPLIT, *_PACKED, *bare):
        flags = [*_stored_flags(session, TABLE, TABLE + 0x1000)]
        inner = [*_stored_flags(session, TABLES, BUFFERS)]
        negotiated = Feature.INDIRECT_DESC in session.setting.features
        allowed = Flag.WRITE if session.setting.form is packed else Flag.WRITE | Flag.NEXT
        wrong = ""
        if any(one & Flag.INDIRECT for one in flags) and not negotiated:
            wrong = "INDIRECT is set without INDIRECT_DESC"
        elif any(one & Flag.INDIRECT and one & Flag.NEXT for one in flags):
            wrong = "INDIRECT and NEXT are set together"
        elif any(one & ~allowed for one in inner):
            wrong = "a flag is set within a table that must not be"
        yield _session_case(session, bool(inner), wrong)


def _stored_flags(session: Session, begin: int, end: int) -> Iterator[int]:
    """The flags of the descriptors that a driver stored in a range, whole descriptors or flags alone."""
    packed_form = session.setting.form is packed
    for event in session.events:
        for one in event.accesses:
            if not one.write or one.party is not Party.DRIVER or not begin <= one.address < end:
                continue
            first = one.address // 16 * 16
            for at in range(first, one.address + one.length, 16):
                page = event.memory[at // 4096]
                offset = at % 4096 + (14 if packed_form else 12)
                yield int.from_bytes(page[offset : offset + 2], "little")


@_check(
    "A chain that ends in an indirect table is read as its direct buffers and then the table's, whatever WRITE says there.",
    "up to two direct buffers before a table of one or two, with and without WRITE on its descriptor",
)
def indirect_reading(small: bool) -> Iterator[Case]:
    """WRITE on the descriptor of a table, and direct descriptors before it."""
    for direct, inner, write in product((0, 1, 2), (1, 2), (0, Flag.WRITE)):
        session = new_session(Setting(split, 4, _INDIRECT))
        memory, queue = session.memory, session.queue
        wanted = [Element(BUFFERS + 16 * i, 1, False) for i in range(direct + inner)]
        for i, one in enumerate(wanted[:direct]):
            split.write_descriptor(memory, queue, i, Descriptor(one.address, 1, Flag.NEXT, i + 1))
        last = Descriptor(TABLES, 16 * inner, Flag.INDIRECT | write, 0)
        split.write_descriptor(memory, queue, direct, last)
        for i, (_, entry) in enumerate(split.chained(wanted[direct:], range(inner))):
            store(memory, Party.DRIVER, TABLES + 16 * i, layout.descriptor_bytes(entry))
        found = split.walk(memory, queue, 0)
        wrong = "" if found == Chain(0, tuple(wanted), direct + 1) else f"the device finds {found}"
        parameters = {"direct": direct, "in the table": inner, "WRITE": bool(write)}
        yield Case(bool(write) or direct > 0, wrong, _one("device", "walk", parameters, found))


@_check(
    "With IN_ORDER a driver takes descriptors in the order of the table, and finds every buffer that is not given back in order.",
    "every session of at most five moves with IN_ORDER, split with four entries, in the table and in indirect tables",
)
def in_order(small: bool) -> Iterator[Case]:
    """``next`` of every stored descriptor; and a device that gives back the newest first."""
    both = _IN_ORDER | _INDIRECT
    settings = (Setting(split, 4, _IN_ORDER), Setting(split, 4, both, tables=True))
    for session in _sessions(2 if small else 5, *settings):
        newest = [one for one in session.events if one.move == "use the newest"]
        reaped = [one.elements for one in session.reaped]
        wrong = _first(_next_wrong(session))
        if not wrong and reaped != session.added[: len(reaped)]:
            wrong = "buffers come back in another order than they were made available"
        yield _session_case(session, bool(newest) or len(session.added[0]) > 1, wrong)


def _next_wrong(session: Session) -> Iterator[str]:
    tables = session.setting.tables
    for number, elements in enumerate(session.added):
        if len(elements) < 2:
            continue
        base = TABLES + 0x100 * number if tables else TABLE
        heads = [0] if tables else range(session.setting.size)
        for head in heads:
            data = load(session.memory, Party.DRIVER, base + 16 * head, 16)
            one = layout.descriptor_from(data if isinstance(data, bytes) else bytes(16))
            if one.flags & Flag.NEXT and one.next != (1 if tables else (head + 1) % session.setting.size):
                yield f"descriptor {head} goes on with {one.next}"


# What each side loads and stores.


@_check(
    "A device stores into device-writable buffers and its own part of the queue only, and loads no device-writable buffer.",
    _SESSIONS,
)
def device_accesses(small: bool) -> Iterator[Case]:
    """Every access of the device against the buffers that were added."""
    for session in _sessions(3, _SPLIT[0], _PACKED[0]) if small else _sessions(5):
        wrong = _first(_device_wrong(session))
        yield _session_case(session, bool(session.used), wrong)


def _device_wrong(session: Session) -> Iterator[str]:
    buffers = [one for elements in session.added for one in elements]
    for event in session.events:
        for access in event.accesses:
            if access.party is not Party.DEVICE:
                continue
            inside = [one for one in buffers if one.address <= access.address < one.address + one.length]
            if any(one.writable is not access.write for one in inside):
                yield f"the device {'stores into' if access.write else 'loads'} {access.address:#x}"
            own = TABLE if session.setting.form is packed else DEVICE_AREA
            if access.write and not inside and not own <= access.address < own + 0x1000:
                yield f"the device stores at {access.address:#x}, outside buffers and its part of the queue"


@_check(
    "avail.idx only moves forward, by no more than there is room, and no descriptor of an exposed buffer changes.",
    "every session of at most five moves, split with four entries, over the wrap of 16 bits",
)
def no_taking_back(small: bool) -> Iterator[Case]:
    """``idx`` and the table after every move."""
    for session in _sessions(2 if small else 5, *_SPLIT):
        wrong, before = "", session.setting.at
        for number, event in enumerate(session.events):
            idx = _u16(event.memory, DRIVER_AREA + 2)
            wrong = wrong or ("" if (idx - before) % 65536 <= 1 else f"avail.idx goes from {before} to {idx}")
            wrong = wrong or _first(_rewritten(session, number))
            before = idx
        yield _session_case(session, len(session.added) > 1, wrong)


def _u16(pages: dict[int, bytes], address: int) -> int:
    page, offset = pages.get(address // 4096, bytes(4096)), address % 4096
    return int.from_bytes(page[offset : offset + 2], "little")


def _rewritten(session: Session, number: int) -> Iterator[str]:
    """Stores of a move of the driver into descriptors that were filled and whose buffer did not come back."""
    events = session.events
    if events[number].party is not Party.DRIVER:
        return
    earlier = [event for event in events[:number] if event.party is Party.DRIVER]
    if any(event.move == "reap" for event in earlier):
        # Descriptors that came back may be filled again; which those are is seen in the packed format only.
        return
    filled = {one.address for event in earlier for one in event.accesses if one.write and _in_table(one.address)}
    for one in events[number].accesses:
        if one.write and one.address in filled:
            yield f"the exposed descriptor at {one.address:#x} is written again"


def _in_table(address: int) -> bool:
    return TABLE <= address < TABLE + 0x1000 or TABLES <= address < BUFFERS


@_check(
    "A device writes a used element, and at least as many bytes of the buffer as it says, before it moves used.idx; the driver "
    "looks at no more bytes than that.",
    "every session of at most five moves, split with four entries",
)
def used_length(small: bool) -> Iterator[Case]:
    """The order of the device's stores, and what the driver loads of a buffer."""
    for session in _sessions(4 if small else 5, *_SPLIT):
        answers = {chain.elements: length for chain, length in session.used}
        wrong = _first(_used_wrong(session, answers))
        yield _session_case(session, any(answers.values()), wrong)


def _used_wrong(session: Session, answers: dict[tuple[Element, ...], int]) -> Iterator[str]:
    looked = [access for event in session.events if event.move == "reap" for access in event.accesses]
    for one in session.reaped:
        allowed = answers[one.elements]
        places = {at.address for at in one.elements if at.writable}
        read = sum(access.length for access in looked if access.address in places)
        if read > allowed or one.length != allowed:
            yield f"the driver looks at {read} bytes and is told of {one.length}, {allowed} were written"
    for event in session.events:
        stores = [access for access in event.accesses if access.write and access.party is Party.DEVICE]
        addresses = [access.address for access in stores]
        if stores and DEVICE_AREA + 2 in addresses and addresses[-1] != DEVICE_AREA + 2:
            yield "the device stores something after used.idx"
        elements = [access for access in stores if access.address >= DEVICE_AREA + 4 and access.address < TABLES]
        filled = sum(access.length for access in stores if access.address >= BUFFERS)
        said = _said(event, elements[0]) if elements else 0
        if said > filled:
            yield f"the device says that it wrote {said} bytes, and wrote {filled}"
        if stores and (len(elements) != 1 or elements[0].length != 8):
            yield "the device publishes without a used element"


def _said(event: Event, element: Access) -> int:
    """The length in a used element, from the bytes."""
    offset = element.address % 4096 + 4
    return int.from_bytes(event.memory[element.address // 4096][offset : offset + 4], "little")


# Notifications.


@_check(
    "The flags of both rings are 0 or 1, and stay 0 with EVENT_IDX, whatever a side asks for.",
    "each side asking for notifications and for silence, with and without EVENT_IDX, at indices round the wrap of 16 bits",
)
def suppression_flags(small: bool) -> Iterator[Case]:
    """Flags or event, never both."""
    for event_idx, wanted, at in product((False, True), (False, True), (0, 5, 65535)):
        features = frozenset({Feature.EVENT_IDX}) if event_idx else frozenset[Feature]()
        session = new_session(Setting(split, 4, features))
        memory, queue = session.memory, session.queue
        split.ask_for_interrupts(memory, queue, wanted, at)
        split.ask_for_kicks(memory, queue, wanted, at)
        flags = [_u16(memory.pages, ring) for ring in (DRIVER_AREA, DEVICE_AREA)]
        expected = 0 if event_idx or wanted else 1
        decided = {
            split.driver_notifies(memory, queue, at, (at + 1) % 65536),
            split.device_notifies(memory, queue, at, (at + 1) % 65536),
        }
        wrong = "" if flags == [expected] * 2 else f"flags are {flags}"
        if not wrong and decided != {Notify.MUST if wanted else Notify.SHOULD_NOT}:
            wrong = f"asked for {'notifications' if wanted else 'silence'}, the other side decides {decided}"
        parameters = {"EVENT_IDX": event_idx, "wanted": wanted, "idx": at}
        yield Case(True, wrong, _one("both", "ask", parameters, flags))


_INDICES = (0, 1, 2, 32767, 32768, 65533, 65534, 65535)


def _notification_cases(small: bool, driver: bool) -> Iterator[Case]:
    """Every old and new idx, wish and feature; the demand is worked out entry by entry."""
    steps = (1, 2) if small else (1, 2, 3, 4)
    for event_idx, flags, old, count, event in product((False, True), (0, 1), _INDICES, steps, _INDICES):
        features = frozenset({Feature.EVENT_IDX}) if event_idx else frozenset[Feature]()
        session = new_session(Setting(split, 4, features))
        memory, queue = session.memory, session.queue
        ring, place = (DEVICE_AREA, DEVICE_AREA + 4 + 32) if driver else (DRIVER_AREA, DRIVER_AREA + 4 + 8)
        store(memory, Party.DRIVER, ring, flags.to_bytes(2, "little"))
        store(memory, Party.DRIVER, place, event.to_bytes(2, "little"))
        decide = split.driver_notifies if driver else split.device_notifies
        decided = decide(memory, queue, old, (old + count) % 65536)
        written = {(old + i) % 65536 for i in range(count)}
        due = event in written if event_idx else flags == 0
        wrong = "" if decided is (Notify.MUST if due else Notify.SHOULD_NOT) else f"decided: {decided}"
        parameters = {"EVENT_IDX": event_idx, "flags": flags, "event": event, "old": old, "new": (old + count) % 65536}
        yield Case(due, wrong, _one("driver" if driver else "device", "decide", parameters, decided))


_ROUND = "flags 0 and 1, batches of one to four from eight indices round the wraps of 15 and 16 bits, the event at each of them"


@_check(
    "A driver notifies exactly when flags (without EVENT_IDX) or avail_event (with it) ask for it, and by that field alone.",
    _ROUND,
)
def driver_notification(small: bool) -> Iterator[Case]:
    """Available buffer notifications."""
    return _notification_cases(small, driver=True)


@_check(
    "A device notifies exactly when flags (without EVENT_IDX) or used_event (with it) ask for it, and by that field alone.",
    _ROUND,
)
def device_notification(small: bool) -> Iterator[Case]:
    """Used buffer notifications."""
    return _notification_cases(small, driver=False)


@_check(
    "A side that is notified with nothing new changes nothing and stores nothing; notified twice, the second time is like that.",
    _SESSIONS,
)
def spurious(small: bool) -> Iterator[Case]:
    """After everything was taken, a kick and an interrupt once more."""
    for session in _sessions(2 if small else 5):
        for _ in range(session.setting.size):
            make(session, "take one")
            make(session, "reap")
        yield _session_case(session, True, _nothing_new(session))


def _nothing_new(session: Session) -> str:
    form, memory, queue = session.setting.form, session.memory, session.queue
    before = (repr(session.device), repr(session.driver), dict(memory.pages))
    memory.accesses.clear()
    got = [form.pop(memory, queue, session.device), form.reap(memory, queue, session.driver)]
    if got != [None, ()]:
        return f"a spurious notification gives {got}"
    if any(one.write for one in memory.accesses):
        return "a spurious notification makes a side store"
    after = (repr(session.device), repr(session.driver), dict(memory.pages))
    return "" if before == after else "a spurious notification changes a side"


@_check(
    "A notification is the queue's index in 16 bits, with NOTIFICATION_DATA also the next entry, in 32; with NOTIF_CONFIG_DATA "
    "the device's own number takes the place of the index.",
    "both features on and off, split at eight indices, packed at every place of a ring of three",
)
def notification_payload(small: bool) -> Iterator[Case]:
    """The bytes that are written."""
    for data, config in product((False, True), repeat=2):
        features = {Feature.NOTIFICATION_DATA} if data else set()
        features |= {Feature.NOTIF_CONFIG_DATA} if config else set()
        named = 0x0B0A if config else 3
        one = split.SplitQueue(4, TABLE, DRIVER_AREA, DEVICE_AREA, frozenset(features), 3)
        other = packed.PackedQueue(3, TABLE, DRIVER_AREA, DEVICE_AREA, frozenset(features), 3)
        made = [(split.notification(one, idx, 0x0B0A), idx) for idx in _INDICES]
        made += [
            (packed.notification(other, packed.Place(slot, wrap), 0x0B0A), slot + 0x8000 * wrap)
            for slot, wrap in product(range(3), (0, 1))
        ]
        for found, following in made:
            expected = named.to_bytes(2, "little") + (following.to_bytes(2, "little") if data else b"")
            wrong = "" if found == expected else f"{found.hex()} is written, not {expected.hex()}"
            parameters = {"features": sorted(feature.name for feature in features), "next": following}
            yield Case(True, wrong, _one("driver", "notify", parameters, found.hex()))


# Packed.


@_check(
    "A device takes the lists of a packed ring in the order of the ring, elements in the order of the list, and writes its used "
    "descriptors in the order of completion.",
    "every session of at most five moves, packed with three descriptors",
)
def packed_order(small: bool) -> Iterator[Case]:
    """What was taken against what was added; where each used descriptor was stored."""
    for session in _sessions(3 if small else 5, *_PACKED):
        wrong = "" if session.taken == session.added[: len(session.taken)] else "lists are taken in another order"
        slot = 0
        uses = [event for event in session.events if event.move.startswith("use")]
        for event, (chain, _) in zip(uses, session.used, strict=True):
            stores = [one.address for one in event.accesses if one.write and one.address < TABLES]
            if stores and stores[0] != TABLE + 16 * slot:
                wrong = wrong or f"a used descriptor at {stores[0]:#x}"
            if _u16(event.memory, TABLE + 16 * slot + 12) != chain.id:
                wrong = wrong or "a used descriptor with another id"
            slot = (slot + chain.descriptors) % session.setting.size
        yield _session_case(session, len(session.taken) > 1 or bool(session.used), wrong)


@_check(
    "In a packed ring each side writes only descriptors that the other handed over, and none after it handed it over itself.",
    "every session of at most five moves, packed with three descriptors, and five more moves in turn",
)
def packed_ownership(small: bool) -> Iterator[Case]:
    """Whose each descriptor is, from the flags alone, before each store."""
    for session in _sessions(2 if small else 5, *_PACKED):
        for move in ("take one", "use the oldest", "reap", "add a request", "take one"):
            make(session, move)
        wrong = _first(_not_owned(session))
        yield _session_case(session, len(session.added) > 1, wrong)


def _not_owned(session: Session) -> Iterator[str]:
    """A descriptor belongs to the driver until it is available, to the device until its buffer was reaped."""
    size, exposed, place = session.setting.size, list[int](), 0
    counts = [1 if session.setting.tables else len(elements) for elements in session.added]
    added = reaped = 0
    for event in session.events:
        written = {(one.address - TABLE) // 16 for one in event.accesses if one.write and one.address < DRIVER_AREA}
        if event.party is Party.DRIVER and written & set(exposed):
            yield f"the driver writes descriptor {min(written & set(exposed))}, which is the device's"
        if event.party is Party.DEVICE and not written <= set(exposed):
            yield f"the device writes descriptor {min(written - set(exposed))}, which is the driver's"
        if event.move.startswith("add") and event.result is not None:
            exposed += [(place + i) % size for i in range(counts[added])]
            place, added = (place + counts[added]) % size, added + 1
        if event.move == "reap" and isinstance(event.result, tuple):
            for one in event.result:
                freed = counts[session.added.index(one.elements)]
                exposed, reaped = exposed[freed:], reaped + 1


@_check(
    "A driver writes the whole of a packed list, then the flags of its first descriptor as the last store of all.",
    _SESSIONS,
)
def head_last(small: bool) -> Iterator[Case]:
    """The order of the driver's stores; in the split format ``avail.idx`` is the last."""
    for session in _sessions(1 if small else 5):
        wrong = ""
        form = session.setting.form
        for event in (one for one in session.events if one.move.startswith("add")):
            stores = [one.address for one in event.accesses if one.write]
            last = DRIVER_AREA + 2 if form is split else _first_slot(stores) + 14
            if stores[-1] != last or last in stores[:-1]:
                wrong = f"the last store is at {stores[-1]:#x}, not at {last:#x}"
        yield _session_case(session, any(len(one) > 1 for one in session.added), wrong)


def _first_slot(stores: list[int]) -> int:
    return next((address for address in stores if TABLE <= address < DRIVER_AREA), 0) // 16 * 16


@_check(
    "A packed side notifies exactly when the other side's structure asks for it: always, never, or at one descriptor.",
    "a ring of three: every place and batch, every event, both sides, with and without EVENT_IDX",
)
def packed_notification(small: bool) -> Iterator[Case]:
    """Descriptor events counted one by one."""
    places = [packed.Place(slot, wrap) for wrap in (1, 0) for slot in range(3)]
    flags = (EventFlags.ENABLE, EventFlags.DISABLE, EventFlags.DESCRIPTOR)
    for party, old, count, named, flag in product(Party, places, (1, 2, 3), places, flags):
        session = new_session(Setting(packed, 3, frozenset({Feature.EVENT_IDX})))
        other = Party.DRIVER if party is Party.DEVICE else Party.DEVICE
        event = EventSuppression(named.slot, named.wrap, flag)
        packed.write_event(session.memory, session.queue, other, event)
        new = packed.advance(old, count, 3)
        decided = packed.notifies(session.memory, session.queue, party, old, new)
        circle = places[places.index(old) :] + places
        due = flag is EventFlags.ENABLE or (flag is EventFlags.DESCRIPTOR and named in circle[:count])
        wrong = "" if decided is (Notify.MUST if due else Notify.SHOULD_NOT) else f"decided: {decided}"
        yield Case(due, wrong, _one(party.value, "decide", {"old": old, "new": new, "event": event}, decided))


# The life of a device.

_EVERY = frozenset({Feature.RING_RESET, Feature.SUSPEND, Feature.VERSION_1})
_STEPS: dict[str, Callable[[lifecycle.Device], object]] = {
    "set ACKNOWLEDGE": lambda one: lifecycle.write_status(one, one.status | Status.ACKNOWLEDGE),
    "set DRIVER": lambda one: lifecycle.write_status(one, one.status | Status.DRIVER),
    "accept features": lambda one: lifecycle.accept(one, _EVERY),
    "accept what is not offered": lambda one: lifecycle.accept(one, frozenset({Feature.RING_PACKED})),
    "set FEATURES_OK": lambda one: lifecycle.write_status(one, one.status | Status.FEATURES_OK),
    "configure the queue": lambda one: lifecycle.configure_queue(one, 0, 4),
    "set DRIVER_OK": lambda one: lifecycle.write_status(one, one.status | Status.DRIVER_OK),
    "set FAILED": lambda one: lifecycle.write_status(one, one.status | Status.FAILED),
    "clear ACKNOWLEDGE": lambda one: lifecycle.write_status(one, one.status & ~Status.ACKNOWLEDGE | Status.DRIVER),
    "reset": lambda one: lifecycle.write_status(one, Status(0)),
    "the device fails": lifecycle.fail,
    "reset the queue": lambda one: lifecycle.reset_queue(one, 0),
    "the queue's reset completes": lambda one: lifecycle.complete_queue_reset(one, 0),
    "look at the queue's reset": lambda one: lifecycle.look_at_queue_reset(one, 0),
    "release the queue": lambda one: lifecycle.release(one, 0),
    "set SUSPEND": lambda one: lifecycle.write_status(one, one.status | Status.SUSPEND),
    "the device suspends": lambda one: lifecycle.settle_suspension(one, True),
    "the device cannot suspend": lambda one: lifecycle.settle_suspension(one, False),
}
_UP = ("set ACKNOWLEDGE", "set DRIVER", "accept features", "set FEATURES_OK", "configure the queue", "set DRIVER_OK")


def _lives(begin: tuple[str, ...], steps: tuple[str, ...], length: int) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    """Every order of so many steps, after some that are given; with each step the device before, the answer, the device after."""
    for script in product(steps, repeat=length):
        device, record = lifecycle.Device(_EVERY), []
        for step in (*begin, *script):
            before = _snapshot(device)
            if step.startswith("the device") and "suspend" in step and not before["status"] & Status.SUSPEND:
                answer: object = "not asked"
            else:
                answer = _STEPS[step](device)
            record.append((step, before, answer, _snapshot(device), device))
        yield (*begin, *script), record


def _snapshot(device: lifecycle.Device) -> dict[str, Any]:
    return {
        "status": device.status,
        "accepted": device.accepted,
        "queue": device.queues.get(0),
        "size": device.sizes.get(0),
        "seen": 0 in device.seen_reset,
        "told": device.config_notifications,
        "live": lifecycle.live(device, 0) is None,
        "may add": lifecycle.may_add(device, 0) is None,
        "suspended": lifecycle.suspended(device),
    }


def _life_case(record: list[Any], relevant: bool, wrong: str) -> Case:
    def trace(title: str) -> Trace:
        steps = [
            Step(
                "device" if step.startswith("the ") else "driver",
                step,
                (),
                str(answer) if answer else "done",
                (),
                "VirtIO 1.2, 2.1, 2.4, 2.6.1, 3.1",
            )
            for step, _, answer, _, _ in record
        ]
        return Trace(title, (("status", "0"),), tuple(steps))

    return Case(relevant, wrong, trace)


@_check(
    "The driver adds status bits in the order of the initialisation and clears none but by reset; before DRIVER_OK, after a "
    "failure and after a reset no side may use the queue; a failure is told.",
    "every order of up to three steps of the initialisation, failures and resets, from the start and after an initialisation",
)
def device_status(small: bool) -> Iterator[Case]:
    """Status before and after each step."""
    steps = (
        "set ACKNOWLEDGE",
        "set DRIVER",
        "set FEATURES_OK",
        "set DRIVER_OK",
        "set FAILED",
        "clear ACKNOWLEDGE",
        "reset",
        "the device fails",
    )
    for begin in ((), _UP):
        for script, record in _lives(begin, steps, 2 if small else 3):
            wrong = _first(_status_wrong(record))
            yield _life_case(record, "reset" in script or "the device fails" in script or bool(begin), wrong)


_ORDER = (Status.ACKNOWLEDGE, Status.DRIVER, Status.FEATURES_OK, Status.DRIVER_OK)


def _status_wrong(record: list[Any]) -> Iterator[str]:
    for step, before, _, after, _ in record:
        was, now = before["status"], after["status"]
        if step == "reset" and (now or after["live"] or after["accepted"] or after["queue"]):
            yield "something is left after a reset"
        if step != "reset" and was & ~now:
            yield f"{step} clears a bit"
        if was & Status.FAILED and now & ~was & ~Status.NEEDS_RESET:
            yield f"{step} goes on after FAILED"
        present = [bool(now & one) for one in _ORDER]
        if present != sorted(present, reverse=True):
            yield f"{step} comes too early"
        if after["live"] and (not now & Status.DRIVER_OK or now & Status.NEEDS_RESET):
            yield "the queue may be used before DRIVER_OK, or after a failure"
        if step == "the device fails":
            due = 1 if was & Status.DRIVER_OK else 0
            if not now & Status.NEEDS_RESET or after["told"] - before["told"] != due:
                yield "a failure is not told"
        if step == "set DRIVER_OK" and was == Status.ACKNOWLEDGE | Status.DRIVER | Status.FEATURES_OK and not now & 4:
            yield "a legal step is refused"


@_check(
    "The driver accepts only features that are offered, after DRIVER and before FEATURES_OK.",
    "every order of four steps of the initialisation, accepting what is offered and what is not",
)
def feature_bits(small: bool) -> Iterator[Case]:
    """What is accepted before and after each step."""
    steps = ("set ACKNOWLEDGE", "set DRIVER", "accept features", "accept what is not offered", "set FEATURES_OK")
    for begin, length in (((), 3 if small else 4), (_UP[:4], 2)):
        for script, record in _lives(begin, steps, length):
            wrong = ""
            for step, before, _, after, _ in record:
                changed = before["accepted"] != after["accepted"]
                if not after["accepted"] <= _EVERY:
                    wrong = "a feature is accepted that is not offered"
                if changed and (not before["status"] & Status.DRIVER or before["status"] & Status.FEATURES_OK):
                    wrong = f"{step} changes features out of order"
                if step == "accept features" and before["status"] == Status(3) and after["accepted"] != _EVERY:
                    wrong = "a legal choice is refused"
            yield _life_case(record, "accept what is not offered" in script, wrong)


@_check(
    "While a queue is reset no side uses it; then it is as before it was set up; its memory is released only after the driver "
    "saw that; set up again, it has its new configuration.",
    "every order of up to four steps of a queue's reset, after a full initialisation",
)
def queue_reset(small: bool) -> Iterator[Case]:
    """The queue's state before and after each step."""
    steps = ("reset the queue", "the queue's reset completes", "look at the queue's reset", "release the queue")
    for script, record in _lives(_UP, (*steps, "configure the queue", "reset"), 3 if small else 4):
        asked = done = seen = False
        wrong = ""
        for step, before, answer, after, _ in record[len(_UP) :]:
            if step == "reset":
                asked = done = seen = False
            if step == "reset the queue" and before["live"]:
                asked, done, seen = True, False, False
                wrong = wrong or ("the queue is used while it is reset" if after["live"] else "")
            if step == "the queue's reset completes" and asked:
                done = True
                wrong = wrong or ("the configuration outlives the reset" if after["size"] is not None else "")
            seen = seen or (step == "look at the queue's reset" and done)
            wrong = wrong or ("the reset seems complete before it is" if after["seen"] and not done else "")
            if step == "release the queue" and answer is None and before["queue"] is not None and not seen:
                wrong = wrong or "the queue is released before its reset was seen"
            if step == "release the queue" and answer is not None and seen:
                wrong = wrong or "the queue is not released after its reset was seen"
            if step == "configure the queue" and done and before["status"]:
                wrong = wrong or ("" if after["size"] == 4 and after["live"] else "the queue cannot be set up again")
                asked = done = seen = False
        yield _life_case(record, "reset the queue" in script, wrong)


@_check(
    "A device that is asked to suspend is suspended, without DRIVER_OK, or needs a reset; while it is asked or suspended nothing "
    "is added, notified or used.",
    "every order of up to three steps of suspension, failure and reset, after a full initialisation",
)
def suspension(small: bool) -> Iterator[Case]:
    """Status and what is allowed before and after each step."""
    steps = ("set SUSPEND", "the device suspends", "the device cannot suspend", "the device fails", "reset")
    for script, record in _lives(_UP, steps, 2 if small else 3):
        wrong = ""
        for step, before, answer, after, _ in record:
            if after["status"] & Status.SUSPEND and (after["live"] or after["may add"]):
                wrong = "a suspended queue is used"
            if step == "set SUSPEND" and before["live"] and not after["status"] & Status.SUSPEND:
                wrong = "a legal request to suspend is refused"
            settled = step.startswith("the device") and "suspend" in step and answer != "not asked"
            if settled and not after["suspended"] and not after["status"] & Status.NEEDS_RESET:
                wrong = "the device neither is suspended nor needs a reset"
        yield _life_case(record, "set SUSPEND" in script, wrong)


# The two formats to the byte, a request from end to end, and the standard's own loop.

_PATTERN = bytes.fromhex("8877665544332211 ccbbaa99 eedd 100f")


def _storing(step: Callable[..., object], *values: object) -> Callable[[Any, Any], object]:
    """A step of the model with its values, for any memory and queue."""
    return lambda memory, queue: step(memory, queue, *values)


def _split_bytes(size: int) -> Iterator[tuple[str, int, bytes, Callable[[Any, Any], object]]]:
    """What is stored where, from the tables of 2.7: a name, the address, the bytes, and the step that stores them."""
    one = Descriptor(0x1122334455667788, 0x99AABBCC, 0xDDEE, 0x0F10)
    used = UsedElement(0x01020304, 0x05060708)
    for index in range(size):
        place = DRIVER_AREA + 4 + 2 * index
        yield "descriptor", TABLE + 16 * index, _PATTERN, _storing(split.write_descriptor, index, one)
        yield "avail.ring", place, b"\xcd\xab", _storing(split.write_available, index + 8 * size, 0xABCD)
        data = bytes.fromhex("0403020108070605")
        yield "used.ring", DEVICE_AREA + 4 + 8 * index, data, _storing(split.write_used, index, used)
    word = b"\xcd\xab"
    yield "avail.flags", DRIVER_AREA, word, _storing(split.set_available_flags, 0xABCD)
    yield "avail.idx", DRIVER_AREA + 2, word, _storing(split.publish_available, 0xABCD)
    yield "used_event", DRIVER_AREA + 4 + 2 * size, word, _storing(split.set_used_event, 0xABCD)
    yield "used.flags", DEVICE_AREA, word, _storing(split.set_used_flags, 0xABCD)
    yield "used.idx", DEVICE_AREA + 2, word, _storing(split.publish_used, 0xABCD)
    yield "avail_event", DEVICE_AREA + 4 + 8 * size, word, _storing(split.set_avail_event, 0xABCD)


def _packed_bytes(size: int) -> Iterator[tuple[str, int, bytes, Callable[[Any, Any], object]]]:
    """The same from the structures of 2.8."""
    one = PackedDescriptor(0x1122334455667788, 0x99AABBCC, 0xDDEE, 0)
    event = EventSuppression(0x2BCD, 1, EventFlags.DESCRIPTOR)
    for party, slot in product(Party, range(size)):
        at = TABLE + 16 * slot
        yield "descriptor", at, _PATTERN[:14], _storing(packed.write_body, party, slot, one)
        yield "flags", at + 14, b"\xcd\xab", _storing(packed.write_flags, party, slot, 0xABCD)
    data = b"\xcd\xab\x02\x00"
    yield "driver event", DRIVER_AREA, data, _storing(packed.write_event, Party.DRIVER, event)
    yield "device event", DEVICE_AREA, data, _storing(packed.write_event, Party.DEVICE, event)


@_check(
    "The layouts of the split and the packed virtqueue are those of the VirtIO standard, byte by byte.",
    "every field of split queues of 1 to 16 entries and of packed queues of 1 to 9, against all bytes of the memory",
)
def layout_bytes(small: bool) -> Iterator[Case]:
    """Each field is stored at its place, little-endian, and nothing beside it."""
    forms: tuple[tuple[Any, Any, tuple[int, ...], Any], ...] = (
        (split, split.SplitQueue, (1, 2, 4) if small else (1, 2, 4, 8, 16), _split_bytes),
        (packed, packed.PackedQueue, (1, 3) if small else tuple(range(1, 10)), _packed_bytes),
    )
    for form, made, sizes, fields in forms:
        for size in sizes:
            queue = made(size, TABLE, DRIVER_AREA, DEVICE_AREA)
            for name, address, data, write in fields(size):
                memory = shared_memory(MEMORY)
                write(memory, queue)
                expected = shared_memory(MEMORY)
                store(expected, Party.DRIVER, address, data)
                wrong = "" if memory.pages == expected.pages else f"{name} of a queue of {size} is not at {address:#x}"
                parameters = {"format": form.__name__.rpartition(".")[2], "entries": size, "field": name}
                yield Case(True, wrong, _one("both", "store", parameters, f"{data.hex(' ')} at {address:#x}"))


@_check(
    "A request that a frontend puts into the ring reaches the device through the backend of the domain that has it, and "
    "the answer comes back to the frontend.",
    "two requests one after the other and two at once, over split and packed rings, in three cuts, with and without "
    "indirect tables, and a device that keeps each request and answers with its bytes reversed",
)
def end_to_end(small: bool) -> Iterator[Case]:
    """Frontend, ring, backend, device, and back; each answer belongs to its request."""
    cuts = ((4,), (1, 3), (2, 1, 1))
    for setting, cut, table, together in product(
        (Setting(split, 16, _INDIRECT, at=65535), Setting(packed, 15, _INDIRECT)), cuts, (False, True), (False, True)
    ):
        requests = (b"ping", b"more")
        reached, answers = _served(setting, cut, table, requests, together)
        expected = [request[::-1] for request in requests]
        wrong = ""
        if reached != list(requests):
            wrong = f"the device got {reached}"
        elif answers != expected:
            wrong = f"the frontend got {answers}"
        parameters = {"queue": setting.words, "cut": cut, "indirect": table, "at once": together}
        yield Case(bool(reached), wrong, _one("frontend", "two requests", parameters, answers))


def _served(
    setting: Setting, cut: tuple[int, ...], table: bool, requests: tuple[bytes, ...], together: bool
) -> tuple[list[bytes], list[bytes]]:
    """What reached the device, and what came back to the frontend."""
    session, device, answers = new_session(setting), list[bytes](), list[bytes]()
    for number, request in enumerate(requests):
        _request(session, number, cut, table, request)
        if not together or number == len(requests) - 1:
            _backend(session, device)
            answers += _frontend(session)
    return device, answers


def _request(session: Session, number: int, cut: tuple[int, ...], table: bool, request: bytes) -> None:
    elements, at, done = [], BUFFERS + 0x100 * number, 0
    for length in cut:
        elements.append(Element(at, length, False))
        store(session.memory, Party.DRIVER, at, request[done : done + length])
        at, done = at + 0x10, done + length
    elements.append(Element(at, len(request), True))
    place = TABLES + 0x100 * number if table else None
    session.setting.form.add(session.memory, session.queue, session.driver, elements, place)


def _backend(session: Session, device: list[bytes]) -> None:
    """The backend passes every request to the device and gives the buffer back with what the device answers."""
    form, memory, queue = session.setting.form, session.memory, session.queue
    for chain in form.available(memory, queue, session.device):
        request = read_request(memory, chain) if isinstance(chain, Chain) else b""
        if isinstance(request, bytes) and isinstance(chain, Chain):
            device.append(request)
            length = write_response(memory, chain, request[::-1])
            form.add_used(memory, queue, session.device, chain.id if form is split else chain, length)


def _frontend(session: Session) -> Iterator[bytes]:
    form, memory, queue = session.setting.form, session.memory, session.queue
    for _ in range(session.setting.size):
        for one in form.reap(memory, queue, session.driver):
            data = read_response(memory, one.elements, one.length)
            yield data if isinstance(data, bytes) else b""


@_check(
    "A driver that receives by the standard's sample loop as it is printed processes elements that were never published and "
    "leaves published ones; with its condition corrected it processes each published element once and no other.",
    "queues of 1, 2 and 4 entries with no element to all of them published, from four indices round the wrap of 16 bits",
)
def sample_loop(small: bool) -> Iterator[Case]:
    """Both conditions of the loop, in the same situations; the witness is the shortest run of the printed one."""
    for size, at in product((1, 2, 4), (0, 1, 65534, 65535)):
        for count in range(size + 1):
            session = new_session(Setting(split, size, at=at))
            memory, queue = session.memory, session.queue
            for i in range(count):
                split.write_used(memory, queue, (at + i) % 65536, UsedElement(i, 1))
            split.publish_used(memory, queue, (at + count) % 65536)
            printed = receive(memory, queue, at, leaves_as_printed)
            corrected = receive(memory, queue, at, leaves_corrected)
            wrong = ""
            if [one.idx for one in corrected] != [(at + i) % 65536 for i in range(count)]:
                wrong = "the corrected loop processes other elements than the published ones"
            elif count == 0 and all(is_published(one, queue) for one in printed):
                wrong = "the printed loop processes no unpublished element"
            elif count > 0 and printed:
                wrong = "the printed loop does not leave published elements"
            yield Case(count == 0, wrong, _loop_trace(size, at, count, printed))


def _loop_trace(size: int, at: int, count: int, printed: tuple[Processed, ...]) -> Callable[[str], Trace]:
    initial = (("entries", str(size)), ("last index seen", str(at)), ("used.idx", str((at + count) % 65536)))
    steps = tuple(
        Step(
            "driver",
            "process an element, by the loop as printed",
            (("element", f"used.ring[{one.idx % size}]"), ("used.idx", str(one.published))),
            "violates: the driver reaps published entries only",
            (),
            "VirtIO 1.2, 2.7.14 (split-ring.tex:721)",
        )
        for one in printed
    )
    return lambda title: Trace(title, initial, steps)
