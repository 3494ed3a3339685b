"""The rules about sharing by grants, and their agreement with the grant table to the byte."""

from __future__ import annotations

from collections import deque

import pytest
from grant_machines import GRANTER, MAPPER, OTHER, SLOT, change, machine, mapped, wrote
from hypothesis import given, settings
from hypothesis import strategies as st

from sphinx_xenfusa.explore.compiler import compile_predicate, compile_system
from sphinx_xenfusa.explore.engine import Watch
from sphinx_xenfusa.explore.engines.numpy_engine import NumpyEngine
from sphinx_xenfusa.explore.reference import reach
from sphinx_xenfusa.model import grant_sharing as rules
from sphinx_xenfusa.model.grant_sharing import SHARING, Bounds, Entry
from sphinx_xenfusa.model.grants import layout as L
from sphinx_xenfusa.model.grants.copying import acquire, release
from sphinx_xenfusa.model.grants.granter import end_access, make_readonly
from sphinx_xenfusa.model.grants.layout import EntryV1, FullPage, Status, SubPage, Transitive
from sphinx_xenfusa.model.grants.mapping import UnmapRequest, end_domain, unmap_grant_ref
from sphinx_xenfusa.model.grants.pinning import Use
from sphinx_xenfusa.model.grants.table import entry, header, status_flags
from sphinx_xenfusa.model.memory import PAGE_SIZE

INVARIANTS = (
    rules.first_use_was_granted,
    rules.nobody_writes_what_was_readonly,
    rules.marks_tell_the_use,
    rules.grants_end_exactly_unused,
    rules.one_domain_an_entry,
    rules.mappings_keep_their_page,
    rules.handles_are_one_s_own,
    rules.what_is_for_copying_is_not_mapped,
    rules.copies_stay_inside,
    rules.the_dead_use_nothing,
)
DOMIDS = (MAPPER, OTHER)
FLAGS = {
    Entry.INVALID: L.INVALID,
    Entry.WHOLE: L.PERMIT_ACCESS,
    Entry.PART: L.PERMIT_ACCESS | L.SUB_PAGE,
    Entry.PASSED_ON: L.TRANSITIVE,
}
KINDS = {flags: kind for kind, flags in FLAGS.items()}
PAGES = {10: 0, 11: 1}


class ToTheByte:
    """The byte-level machine beside a state of the rules."""

    def __init__(self, bounds: Bounds) -> None:
        self.c = bounds
        self.made = machine(bounds.version)
        self.handles: dict[int, int] = {}
        self.copying: tuple[int, int] | None = None

    def copy(self) -> ToTheByte:
        other = ToTheByte(self.c)
        other.made, other.handles, other.copying = self.made, dict(self.handles), self.copying
        return other

    def take(self, name: str, arguments: dict) -> Status:
        """Make the step of a rule; a step that the granter can make by itself always succeeds."""
        return getattr(self, f"_{name}")(**arguments) or Status.OKAY

    def _grant(self, ref, kind, to, readonly, page, marks=0) -> None:
        flags = FLAGS[kind] | (L.READONLY if readonly else 0)
        if self.c.version == 1:
            new = EntryV1(flags | marks, DOMIDS[to], page)
        elif kind is Entry.PASSED_ON:
            new = Transitive(flags, DOMIDS[to], OTHER, page)
        elif kind is Entry.PART:
            new = SubPage(flags, DOMIDS[to], 0, PAGE_SIZE // 2, page)
        else:
            new = FullPage(flags, DOMIDS[to], page)
        self.made = wrote(self.made, ref, new)

    def _overwrite(self, ref, kind, to, readonly, page, marks) -> None:
        kept = status_flags(self.made.table(GRANTER), ref) if marks and self.c.version == 1 else 0
        self._grant(ref, kind, to, readonly, page, kept)

    def _end_access(self, ref) -> None:
        self.made = change(self.made, GRANTER, lambda one: end_access(one, ref)[0])
        if header(self.made.table(GRANTER), ref).flags == 0:
            self._grant(ref, Entry.INVALID, 0, False, 0)

    def _make_readonly(self, ref) -> None:
        self.made = change(self.made, GRANTER, lambda one: make_readonly(one, ref)[0])

    def _map_grant(self, mapper, ref, handle, writing) -> Status:
        number = mapper * self.c.handles + handle
        result = mapped(self.made, ref, readonly=not writing, slot=SLOT + number, by=DOMIDS[mapper])
        self.made = result.machine
        if result.handle is not None:
            self.handles[number] = result.handle
        return result.status

    def _unmap(self, mapper, handle) -> Status | None:
        number = mapper * self.c.handles + handle
        request = UnmapRequest((SLOT + number) * PAGE_SIZE, 0, self.handles.pop(number, 99))
        result = unmap_grant_ref(self.made, DOMIDS[mapper], request)
        self.made = result.machine
        return result.status

    def _begin_copy(self, mapper, ref) -> Status:
        self.made, status = acquire(self.made, GRANTER, ref, Use(DOMIDS[mapper], True, mapping=False), True)
        if status is Status.OKAY:
            self.copying = mapper, ref
        return status

    def _copy_bytes(self, part) -> None:
        """Where the bytes may be is compared in the state; that they are kept to is a test of copy itself."""

    def _end_copy(self) -> None:
        self.made = release(self.made, GRANTER, self.copying[1], writing=True)
        self.copying = None

    def _die(self, mapper) -> None:
        self.made = end_domain(self.made, DOMIDS[mapper])
        self.handles = {number: one for number, one in self.handles.items() if number // self.c.handles != mapper}

    def seen(self) -> dict[str, object]:
        """What the rules' state should be; what a note says of an entry that is not in use means nothing."""
        c, table = self.c, self.made.table(GRANTER)
        state: dict[str, object] = {}
        for ref in range(c.refs):
            named, note = entry(table, ref), table.note(ref)
            kind = KINDS[named.flags & (L.TYPE_MASK | L.SUB_PAGE)]
            pins, marks = note.pins, status_flags(table, ref)
            frame = named.ref if isinstance(named, Transitive) else named.frame
            state |= {
                f"entry[{ref}]": kind,
                f"entry_to[{ref}]": DOMIDS.index(named.domid) if named.domid else 0,
                f"entry_readonly[{ref}]": bool(named.flags & L.READONLY),
                f"entry_page[{ref}]": frame,
                f"reading[{ref}]": bool(marks & L.READING),
                f"writing[{ref}]": bool(marks & L.WRITING),
                f"readers[{ref}]": pins.host_read,
                f"writers[{ref}]": pins.host_write,
                f"holder[{ref}]": DOMIDS.index(note.domid) if pins.used else 0,
                f"note_page[{ref}]": PAGES[note.mfn] if pins.used else 0,
                f"note_part[{ref}]": note.sub_page and pins.used,
            }
        for number in range(c.all_handles):
            domid = DOMIDS[number // c.handles]
            live = number in self.handles
            if live:
                held = self.made.table(domid).handles[self.handles[number]]
                page = PAGES[self.made.memory.p2m[domid, SLOT + number].mfn]
            state |= {
                f"mapped[{number}]": held.ref + 1 if live else 0,
                f"mapped_writing[{number}]": live and not held.flags & L.MAP_READONLY,
                f"mapped_page[{number}]": page if live else 0,
            }
        state["copying"] = 0 if self.copying is None else self.copying[1] + 1
        return state | {f"dead[{one}]": DOMIDS[one] not in self.made.domains for one in range(c.mappers)}


def can_be_tried(system, state, action) -> bool:
    """Whether a rule that is disabled stands for a call that is made and refused."""
    arguments = dict(action.arguments)
    if action.rule.name in ("map_grant", "begin_copy", "unmap") and state.dead[arguments["mapper"]]:
        return False
    if action.rule.name == "map_grant":
        return state.mapped[arguments["mapper"] * system.constants.handles + arguments["handle"]] == 0
    if action.rule.name == "begin_copy":
        # What is passed on is copied another way.
        return state.copying == 0 and state.entry[arguments["ref"]] is not Entry.PASSED_ON
    return action.rule.name == "unmap"


def agrees(system, state, beside: ToTheByte, action):
    """Take an action on both sides; the state after it and what stands beside it, or None where it is disabled."""
    after = system.take(state, action)
    if after is None and not can_be_tried(system, state, action):
        return None
    beside = beside.copy()
    status = beside.take(action.rule.name, dict(action.arguments))
    refused = Status.BAD_HANDLE if action.rule.name == "unmap" else Status.GENERAL_ERROR
    assert status is (Status.OKAY if after is not None else refused), f"{action}: {status}"
    told = {name: value for name, value in system.values(after or state).items() if name in beside.seen()}
    assert beside.seen() == told, str(action)
    return None if after is None else (after, beside)


CONFORMING = [Bounds(version, mappers, handles=handles) for version in (1, 2) for mappers, handles in ((1, 2), (2, 1))]


@pytest.mark.parametrize("bounds", CONFORMING, ids=str)
def test_every_step_of_a_conforming_granter_s_system_is_the_same_to_the_byte(bounds) -> None:
    system = SHARING.system(bounds)
    start = system.initial()
    met, waiting = {start.key()}, deque([(start, ToTheByte(bounds))])
    while waiting:
        state, beside = waiting.popleft()
        for action in system.actions:
            if action.rule.name == "overwrite":
                continue
            after = agrees(system, state, beside, action)
            if after is not None and after[0].key() not in met:
                met.add(after[0].key())
                waiting.append(after)
    assert len(met) == len(reach(system).parents)


@pytest.mark.parametrize("version", [1, 2])
@settings(max_examples=40, deadline=None)
@given(choices=st.lists(st.integers(0, 10**6), max_size=20))
def test_histories_with_a_hostile_granter_are_the_same_to_the_byte(version, choices) -> None:
    bounds = Bounds(version, 2, refs=2, handles=2, hostile=True)
    system = SHARING.system(bounds)
    state, beside = system.initial(), ToTheByte(bounds)
    by_rule = {rule.name: [one for one in system.actions if one.rule is rule] for rule in system.rules}
    for choice in choices:
        # The granter has many ways to write an entry: each rule has the same chance.
        named = list(by_rule.values())[choice % len(by_rule)]
        after = agrees(system, state, beside, named[choice // len(by_rule) % len(named)])
        if after is not None:
            state, beside = after


@pytest.mark.parametrize("bounds", [*CONFORMING, *(Bounds(v, 2, handles=1, hostile=True) for v in (1, 2))], ids=str)
def test_invariants(bounds) -> None:
    """All hold but one: without parts in version 1, an entry that is marked for copying is mapped while a copy uses it."""
    system = SHARING.system(bounds)
    watches = [Watch(one.__name__, compile_predicate(system, one)) for one in INVARIANTS]
    found = NumpyEngine().explore(compile_system(system), watches)
    broken = {one.__name__ for one, seen in zip(INVARIANTS, found.watched, strict=True) if seen.states < found.states}
    assert found.complete
    assert broken == ({"what_is_for_copying_is_not_mapped"} if bounds.version == 1 else set())


def test_states_are_those_of_the_reference() -> None:
    for bounds in CONFORMING[::2]:
        system = SHARING.system(bounds)
        found, run = NumpyEngine().explore(compile_system(system)), reach(system)
        assert (found.states, found.transitions, found.depth) == (len(run.parents), run.transitions, run.depth)


@pytest.mark.parametrize(
    ("bounds", "names"),
    [
        (Bounds(1, 1, hostile=True), ["grant", "map_grant", "overwrite", "map_grant"]),
        (Bounds(2, 1), ["grant", "map_grant", "end_access", "map_grant"]),
        (Bounds(1, 1), None),
    ],
    ids=str,
)
def test_cleared_entry_is_mapped_again(bounds, names) -> None:
    """In version 2 even by a conforming granter; in version 1 a conforming granter does not clear what is in use."""
    system = SHARING.system(bounds)
    program = compile_system(system)
    way = NumpyEngine().shortest(program, compile_predicate(system, rules.mapped_after_clearing))
    assert (None if way is None else [program.steps[number].action.rule.name for number in way]) == names
