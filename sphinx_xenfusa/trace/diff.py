"""What changed from one snapshot to another: items, links, verdicts, states, gates.

Every item of either side is in exactly one class.  Items are compared by type and name; the revision is one of the things
that may have changed.  White space does not count.  A line that shifted because something was added above it is no
move: an item moved when it stands in another file, or in another order among the items that the file had and has.  Where
all files differ in the same folders in front of them, that is said once (:mod:`shifts`) and not of each item.
"""

from __future__ import annotations

import bisect
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sphinx_xenfusa.trace.canonical import natural
from sphinx_xenfusa.trace.fingerprint import normalise
from sphinx_xenfusa.trace.renames import renamed
from sphinx_xenfusa.trace.shifts import Shift, common_shift
from sphinx_xenfusa.trace.snapshot import Entry, LinkEntry, Snapshot, split_id


class Change(StrEnum):
    """What became of an item."""

    CHANGED = "changed"
    REMOVED = "removed"
    NEW = "new"
    RENAMED = "renamed"
    MOVED = "moved"
    UNCHANGED = "unchanged"


SYMBOLS = {
    Change.CHANGED: "~",
    Change.REMOVED: "-",
    Change.NEW: "+",
    Change.RENAMED: "=",
    Change.MOVED: ">",
    Change.UNCHANGED: " ",
}
"""A sign beside each word; ASCII, because it goes into e-mail."""

BINDING = frozenset({"revision", "type", "kind", "title", "text", "level", "needs", "oft_status"})
"""The fields whose change asks for a review of what is linked; rationale and comment explain and do not bind."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of an item, before and after, as text."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ItemChange:
    """An item and its class.

    :param before: ``None`` for a new item.
    :param after: ``None`` for a removed one.
    :param fields: what differs, for changed and renamed ones.
    :param likeness: of a renamed one: how alike the texts are, from 0 to 1.
    """

    change: Change
    before: Entry | None
    after: Entry | None
    fields: tuple[FieldChange, ...] = ()
    likeness: float | None = None

    @property
    def entry(self) -> Entry:
        """The item as it is now, or as it was last."""
        entry = self.after or self.before
        assert entry is not None
        return entry

    @property
    def asks_for_review(self) -> bool:
        """Whether what is linked to it has to be looked at again."""
        if self.change is Change.CHANGED:
            return any(field.name in BINDING for field in self.fields)
        return self.change in (Change.NEW, Change.REMOVED, Change.RENAMED)

    @property
    def suspect(self) -> bool:
        """Whether the text changed while the revision stayed."""
        return (
            self.change is Change.CHANGED
            and self.before is not None
            and self.after is not None
            and self.before.revision == self.after.revision
            and self.before.fingerprint != self.after.fingerprint
        )


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A link that came (``before`` empty), went (``after`` empty), or whose status changed."""

    source: str
    type: str
    target: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def word(self) -> str:
        """What became of it."""
        return "added" if not self.before else "removed" if not self.after else "status changed"


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A verdict, state or gate before and after; empty where there was none.

    :param of: the claim and policy, the item and which of its states, or the gate.
    """

    of: tuple[str, ...]
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that changed.

    :param items: all items of both sides, each once, in its class.
    :param not_compared: what was left out because one side does not know it, in words.
    :param shift: the folders in front of the files, where nearly all places differ in these; ``None`` where they do not.
    """

    before: Snapshot
    after: Snapshot
    items: tuple[ItemChange, ...]
    links: tuple[LinkChange, ...]
    verdicts: tuple[ValueChange, ...]
    states: tuple[ValueChange, ...]
    gates: tuple[ValueChange, ...]
    not_compared: tuple[str, ...]
    shift: Shift | None = None

    def of(self, change: Change) -> list[ItemChange]:
        """The items of one class."""
        return [one for one in self.items if one.change is change]

    @property
    def counts(self) -> dict[Change, int]:
        """How many items there are in each class."""
        counted = Counter(one.change for one in self.items)
        return {change: counted[change] for change in Change}

    @property
    def nothing(self) -> bool:
        """Whether nothing changed."""
        changed = any(one.change is not Change.UNCHANGED for one in self.items)
        # A shift may be a folder that was moved.
        return not (changed or self.shift or self.links or self.verdicts or self.states or self.gates)


def compare(before: Snapshot, after: Snapshot) -> Difference:
    """What changed from one snapshot to the other."""
    pairs, removed, new = _paired(before.items, after.items)
    renames = renamed(removed, new)
    shift = common_shift([(old.place.file, fresh.place.file) for old, fresh in pairs])
    moved = _moved(pairs, shift)
    unknown = before.unknown | after.unknown
    changes = [_pair_change(old, fresh, (old.id, old.place) in moved, unknown) for old, fresh in pairs]
    changes += [
        ItemChange(Change.RENAMED, old, fresh, tuple(_fields(old, fresh, unknown)), likeness)
        for old, fresh, likeness in renames.values()
    ]
    taken = {fresh.id for _, fresh, _ in renames.values()}
    changes += [ItemChange(Change.REMOVED, one, None) for one in removed if one.id not in renames]
    changes += [ItemChange(Change.NEW, None, one) for one in new if one.id not in taken]
    return Difference(
        before,
        after,
        tuple(sorted(changes, key=_change_order)),
        tuple(_links(before, after)),
        tuple(_verdicts(before, after)),
        tuple(_states(pairs)),
        tuple(_gates(before, after)),
        tuple(_not_compared(before, after)),
        shift,
    )


def _paired(
    before: Iterable[Entry], after: Iterable[Entry]
) -> tuple[list[tuple[Entry, Entry]], list[Entry], list[Entry]]:
    """Items of the same name side by side, those of the same revision first, and the rest of either side."""
    sides: defaultdict[str, tuple[list[Entry], list[Entry]]] = defaultdict(lambda: ([], []))
    for number, entries in enumerate((before, after)):
        for entry in entries:
            sides[entry.name][number].append(entry)
    pairs, removed, new = [], [], []
    for old, fresh in sides.values():
        by_revision = {one.revision: one for one in reversed(fresh)}
        same = [(one, by_revision.pop(one.revision)) for one in old if one.revision in by_revision]
        used = {id(one) for pair in same for one in pair}
        old_rest = [one for one in old if id(one) not in used]
        new_rest = [one for one in fresh if id(one) not in used]
        # The highest revision is the one that lives on.
        rest = list(zip(reversed(old_rest), reversed(new_rest), strict=False))
        pairs += [*same, *rest]
        removed += old_rest[: len(old_rest) - len(rest)]
        new += new_rest[: len(new_rest) - len(rest)]
    return pairs, removed, new


def _moved(pairs: Sequence[tuple[Entry, Entry]], shift: Shift | None) -> set[tuple[str, Any]]:
    """The items (id and place before) that stand in another file, or in another order within their file."""
    moved = set()
    files: defaultdict[str, list[tuple[Entry, Entry]]] = defaultdict(list)
    for old, fresh in pairs:
        if fresh.place.file == (old.place.file if shift is None else shift.of(old.place.file)):
            files[old.place.file].append((old, fresh))
        else:
            moved.add((old.id, old.place))
    for inside in files.values():
        names = [(old.name, *sorted((old.revision or 0, fresh.revision or 0))) for old, fresh in inside]
        before, after = (
            _order([(pair[side].place.line, name) for pair, name in zip(inside, names, strict=True)]) for side in (0, 1)
        )
        for at in _out_of_order(before, after, names):
            moved.add((inside[at][0].id, inside[at][0].place))
    return moved


def _order(keys: Sequence[Any]) -> list[int]:
    """The positions, sorted by their keys."""
    return sorted(range(len(keys)), key=keys.__getitem__)


def _out_of_order(before: list[int], after: list[int], names: Sequence[Any]) -> set[int]:
    """The fewest members whose removal gives both orders the same sequence; the same set in both directions."""
    if before == after:
        return set()
    base, other = sorted((before, after), key=lambda order: [names[at] for at in order])
    rank = {member: at for at, member in enumerate(base)}
    return set(base) - {base[at] for at in _longest_increasing([rank[member] for member in other])}


def _longest_increasing(numbers: Sequence[int]) -> list[int]:
    """The members of a longest increasing subsequence (patience sorting: n log n)."""
    tails: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for at, number in enumerate(numbers):
        pile = bisect.bisect_left(tails, number)
        previous.append(ends[pile - 1] if pile else -1)
        tails[pile : pile + 1] = [number]
        ends[pile : pile + 1] = [at]
    chain, at = [], ends[-1] if ends else -1
    while at >= 0:
        chain.append(numbers[at])
        at = previous[at]
    return chain


_TEXTS = ("title", "text", "rationale", "comment", "level")


def _fields(old: Entry, fresh: Entry, unknown: Set[str]) -> Iterator[FieldChange]:
    """What differs; names and places apart, and what one side does not know.

    Equal fingerprints are equal words, in whatever notation a file holds them.
    """
    for change in _all_fields(old, fresh):
        same_words = change.name in ("title", "text") and old.fingerprint == fresh.fingerprint
        if change.name not in unknown and not same_words:
            yield change


def _all_fields(old: Entry, fresh: Entry) -> Iterator[FieldChange]:
    if old.revision != fresh.revision:
        yield FieldChange("revision", _number(old.revision), _number(fresh.revision))
    for name in ("type", "kind", "oft_status"):
        if getattr(old, name) != getattr(fresh, name):
            yield FieldChange(name, getattr(old, name), getattr(fresh, name))
    for name in _TEXTS:
        before, after = getattr(old, name), getattr(fresh, name)
        if normalise(before) != normalise(after):
            yield FieldChange(name, before, after)
    if sorted(old.needs) != sorted(fresh.needs):
        yield FieldChange("needs", ", ".join(sorted(old.needs)), ", ".join(sorted(fresh.needs)))


def _number(revision: int | None) -> str:
    return "" if revision is None else str(revision)


def _pair_change(old: Entry, fresh: Entry, moved: bool, unknown: Set[str]) -> ItemChange:
    fields = tuple(_fields(old, fresh, unknown))
    change = Change.CHANGED if fields else Change.MOVED if moved else Change.UNCHANGED
    return ItemChange(change, old, fresh, fields)


def _change_order(one: ItemChange) -> tuple[int, Any, int]:
    return list(Change).index(one.change), natural(one.entry.name), one.entry.revision or 0


def _links(before: Snapshot, after: Snapshot) -> Iterator[LinkChange]:
    """Links by their ends; the source's own revision does not count, because its links live on when it is raised."""
    known = [one.link_types for one in (before, after) if one.link_types is not None]
    sides = [_by_ends(one.links, known) for one in (before, after)]
    for ends in sorted(sides[0].keys() | sides[1].keys(), key=lambda ends: tuple(map(natural, ends))):
        old, fresh = (tuple(sorted(side.get(ends, ()))) for side in sides)
        unknown = known and old and fresh and ("" in old or "" in fresh)
        if old != fresh and not unknown:
            yield LinkChange(*ends, old, fresh)


def _by_ends(links: Iterable[LinkEntry], known: Sequence[frozenset[str]]) -> dict[tuple[str, str, str], list[str]]:
    grouped: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for one in links:
        if all(one.type in types for types in known):
            source = split_id(one.source)[0] if one.type == "covers" else one.source
            grouped[source, one.type, one.target].append(one.status)
    return grouped


def _verdicts(before: Snapshot, after: Snapshot) -> Iterator[ValueChange]:
    if before.verdicts is not None and after.verdicts is not None:
        yield from _values(before.verdicts, after.verdicts)


def _values(old: Mapping[Any, str], fresh: Mapping[Any, str]) -> Iterator[ValueChange]:
    for of in sorted(old.keys() | fresh.keys(), key=lambda of: tuple(map(natural, of))):
        if old.get(of, "") != fresh.get(of, ""):
            yield ValueChange(of, old.get(of, ""), fresh.get(of, ""))


def _states(pairs: Iterable[tuple[Entry, Entry]]) -> Iterator[ValueChange]:
    """The states of items on both sides; a side that knows none says nothing."""
    old: dict[tuple[str, str], str] = {}
    new: dict[tuple[str, str], str] = {}
    for before, after in pairs:
        of = after.id if before.id == after.id else after.name
        for name, one, other in (
            ("state", before.result, after.result),
            ("coverage", before.coverage, after.coverage),
            ("inherited state", before.inherited, after.inherited),
        ):
            if one and other:
                old[of, name], new[of, name] = one, other
    yield from _values(old, new)


def _gates(before: Snapshot, after: Snapshot) -> Iterator[ValueChange]:
    if before.gates is not None and after.gates is not None:
        sides = [{(one.name,): _gate_words(one) for one in gates} for gates in (before.gates, after.gates)]
        yield from _values(*sides)


def _gate_words(gate: Any) -> str:
    word = "n/a" if gate.met is None else "met" if gate.met else "not met"
    return f"{word} ({gate.counted} of {gate.of}; {gate.required:g} % required)"


def _not_compared(before: Snapshot, after: Snapshot) -> Iterator[str]:
    """What one side does not know."""
    for side in (before, after):
        if side.link_types is not None:
            yield f"{side.label} knows no links but {', '.join(sorted(side.link_types))}, and not the status of any"
        if side.verdicts is None:
            yield f"{side.label} knows no verdicts"
        if side.unknown:
            yield f"{side.label} does not know of its items: {', '.join(sorted(side.unknown))}"
        if side.gates is None:
            yield f"{side.label} knows no gates"
