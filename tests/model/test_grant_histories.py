"""Random histories on the byte-level grant table, with the invariants I1 to I10 of the fact sheet (3.9) checked at every step.

The granter is conforming or hostile: a hostile one writes any entry at any time.  What an invariant says of a conforming granter
is checked with one.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from grant_machines import GRANTER, MAPPER, OTHER, RAM, SECOND, SLOT, change, granted, machine, mapped, wrote
from hypothesis import given, settings
from hypothesis import strategies as st

from sphinx_xenfusa.model.grants import layout as L
from sphinx_xenfusa.model.grants.copying import CopyRequest, CopySide, copy
from sphinx_xenfusa.model.grants.granter import end_access
from sphinx_xenfusa.model.grants.layout import EntryV1, FullPage, Header, Status, SubPage, Transitive
from sphinx_xenfusa.model.grants.mapping import UnmapRequest, end_domain, unmap_grant_ref
from sphinx_xenfusa.model.grants.table import header, status_flags
from sphinx_xenfusa.model.memory import DOMID_SELF, PAGE_SIZE, P2mType, read

REFS = (0, 1)
FRAMES = (RAM, SECOND)
MAPPERS = (MAPPER, OTHER)
GRANT_TYPES = (P2mType.GRANT_RW, P2mType.GRANT_RO)

refs, frames, mappers = st.sampled_from(REFS), st.sampled_from(FRAMES), st.sampled_from(MAPPERS)
MAPS = st.tuples(st.just("map"), mappers, refs, st.booleans(), st.integers(0, 3))
UNMAPS = st.tuples(st.just("unmap"), mappers, st.integers(0, 3), st.integers(0, 3))
COPIES = st.tuples(st.just("copy"), mappers, refs, st.integers(0, 40), st.integers(0, 20))
ENDS = st.tuples(st.just("end access"), refs)
GRANTS = st.tuples(st.just("grant"), refs, mappers, frames, st.booleans())
EDITS = st.tuples(st.just("edit"), refs, st.integers(0, 0x1FF), mappers, frames)
DEATH = st.tuples(st.just("death"), mappers)


def histories(*, hostile: bool):
    steps = [MAPS, MAPS, UNMAPS, COPIES, ENDS, GRANTS, DEATH, *([EDITS, EDITS] if hostile else [])]
    return st.lists(st.one_of(steps), max_size=25)


def edited(version: int, flags: int, to: int, frame: int):
    if version == 1:
        return EntryV1(flags, to, frame)
    if flags & L.TYPE_MASK == L.TRANSITIVE:
        return Transitive(flags, to, OTHER, 0)
    return SubPage(flags, to, 8, 16, frame) if flags & L.SUB_PAGE else FullPage(flags, to, frame)


class History:
    """A machine, and what a reader who only saw the answers would remember."""

    def __init__(self, version: int) -> None:
        self.made = machine(version)
        self.version = version
        self.first_frame: dict[int, int] = {}

    def step(self, kind: str, *arguments) -> None:
        before = self.made
        getattr(self, f"_{kind.replace(' ', '_')}")(*arguments)
        self._settled(before)

    def _map(self, who, ref, readonly, slot) -> None:
        if who not in self.made.domains or (who, SLOT + slot) in self.made.memory.p2m:
            return
        table = self.made.table(GRANTER)
        word, pins = header(table, ref), table.note(ref).pins
        result = mapped(self.made, ref, readonly=readonly, slot=SLOT + slot, by=who)
        self.made = result.machine
        if result.status is not Status.OKAY:
            return
        kind = word.flags & (L.TYPE_MASK | L.SUB_PAGE)
        if not pins.used:
            assert (kind, word.domid) == (L.PERMIT_ACCESS, who), "I1, I8"
            self.first_frame[ref] = self.made.table(GRANTER).note(ref).mfn
        if not readonly and not pins.writing:
            assert not word.flags & L.READONLY, "I2"
        assert self.made.memory.p2m[who, SLOT + slot].mfn == self.first_frame[ref], "I6"
        assert not self.made.table(GRANTER).note(ref).sub_page, "I8"

    def _unmap(self, who, handle, slot) -> None:
        if who not in self.made.domains:
            return
        others = {one: self.made.table(one).handles for one in self.made.domains if one != who}
        made = unmap_grant_ref(self.made, who, UnmapRequest((SLOT + slot) * PAGE_SIZE, 0, handle))
        if handle not in self.made.table(who).handles:
            assert (made.status, made.machine) == (Status.BAD_HANDLE, self.made)
        self.made = made.machine
        assert others == {one: self.made.table(one).handles for one in self.made.domains if one != who}, "I7"

    def _copy(self, who, ref, start, length) -> None:
        if who not in self.made.domains:
            return
        before = self.made.memory
        request = CopyRequest(CopySide(DOMID_SELF, RAM, 0), CopySide(GRANTER, ref, start), length, L.DEST_GREF)
        self.made, (status,) = copy(self.made, who, (request,))
        touched = {
            (mfn, i)
            for mfn in before.pages
            for i, (a, b) in enumerate(zip(read(before, mfn), read(self.made.memory, mfn), strict=True))
            if a != b
        }
        mfn = self.made.table(GRANTER).note(ref).mfn
        assert touched <= ({(mfn, start + i) for i in range(length)} if status is Status.OKAY else set()), "I9"

    def _end_access(self, ref) -> None:
        table = self.made.table(GRANTER)
        used = table.note(ref).pins.used
        after, ended = end_access(table, ref)
        if self.conforming:
            assert ended is not used, "I4"
        if ended:
            self.made = change(self.made, GRANTER, lambda one: after)

    def _grant(self, ref, to, frame, readonly) -> None:
        table = self.made.table(GRANTER)
        if status_flags(table, ref) == 0 and header(table, ref).flags == 0:
            self.made = granted(self.made, ref, frame, readonly=readonly, to=to)

    def _edit(self, ref, flags, to, frame) -> None:
        self.conforming = False
        self.made = wrote(self.made, ref, edited(self.version, flags, to, frame))

    def _death(self, who) -> None:
        if who not in self.made.domains:
            return
        held = {ref for ref in REFS if self.made.table(GRANTER).note(ref).domid == who}
        self.made = end_domain(self.made, who)
        for ref in held:
            assert not self.made.table(GRANTER).note(ref).pins.used, "I10"

    conforming = True

    def _settled(self, before) -> None:
        """What holds in every state."""
        table = self.made.table(GRANTER)
        live = [
            (who, mapped_) for who in MAPPERS if who in self.made.domains
            for mapped_ in self.made.table(who).handles.values()
        ]  # fmt: skip
        for ref in REFS:
            pins = table.note(ref).pins
            holders = {who for who, mapped_ in live if mapped_.ref == ref}
            assert len(holders) <= 1, "I5"
            assert pins.used is bool(holders)
            assert sum(pins) == sum(mapped_.ref == ref for _, mapped_ in live)
            if self.conforming or self.version == 2:
                assert bool(status_flags(table, ref) & L.READING) is pins.used, "I3"
                assert bool(status_flags(table, ref) & L.WRITING) is pins.writing, "I3"
        mapped_pages = [
            (who, entry) for (who, _), entry in self.made.memory.p2m.items()
            if entry.type in GRANT_TYPES and who in MAPPERS
        ]  # fmt: skip
        assert len(mapped_pages) == len(live)
        for who, entry in mapped_pages:
            assert any(one == who and table.note(mapped_.ref).mfn == entry.mfn for one, mapped_ in live), "I6"


def lived(version: int, history) -> History:
    one = History(version)
    for step in history:
        one.step(*step)
    return one


@pytest.mark.parametrize("version", [1, 2])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_invariants_with_a_conforming_granter(version, data) -> None:
    lived(version, data.draw(histories(hostile=False)))


@pytest.mark.parametrize("version", [1, 2])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_invariants_with_a_hostile_granter(version, data) -> None:
    lived(version, data.draw(histories(hostile=True)))


@pytest.mark.parametrize("version", [1, 2])
def test_negative_invariant_is_false(version) -> None:
    """After the granter has cleared the entry, the backend makes a new mapping: a history of four steps."""
    history = [
        ("grant", 0, MAPPER, RAM, False),
        ("map", MAPPER, 0, False, 0),
        ("edit", 0, 0, MAPPER, RAM),
        ("map", MAPPER, 0, False, 1),
    ]
    one = lived(version, history)
    assert header(one.made.table(GRANTER), 0) == Header(0, MAPPER)
    assert [one.made.memory.p2m[MAPPER, SLOT + slot].mfn for slot in (0, 1)] == [10, 10]


def test_without_the_mark_of_a_pin_an_entry_would_end_in_use() -> None:
    """The check of I4 can fail: a table whose status bits were lost ends a grant that is in use."""
    one = lived(1, [("grant", 0, MAPPER, RAM, False), ("map", MAPPER, 0, False, 0)])
    table = one.made.table(GRANTER)
    lost = replace(table, shared=bytes([1, *table.shared[1:]]))
    one.made = change(one.made, GRANTER, lambda _: lost)
    with pytest.raises(AssertionError, match="I4"):
        one.step("end access", 0)
