"""A difference as a reader meets it: headings, rows, and what changed word by word; the same for every format.

What a format does with it (plain text, Markdown, HTML, a page of the docs) stands elsewhere; none of them decides anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sphinx_xenfusa.trace.diff import SYMBOLS, Change, Difference, FieldChange, ItemChange, LinkChange, ValueChange
from sphinx_xenfusa.trace.impact import Impact, Reached
from sphinx_xenfusa.trace.shifts import Shift
from sphinx_xenfusa.trace.snapshot import Entry, Snapshot
from sphinx_xenfusa.trace.word_diff import WordDiff, word_diff

SCHEMA_VERSION = 1
"""Version of the JSON form of a difference."""
_TEXTS = ("title", "text", "rationale", "comment")


@dataclass(frozen=True, slots=True)
class Note:
    """A line about a row: words, and with them the change of a text if it is about one."""

    words: str
    diff: WordDiff | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One change.

    :param symbol: a sign beside the word, for readers without colours.
    :param subject: what changed: a tag, a link, a claim.
    """

    symbol: str
    word: str
    subject: str
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Changes of one kind."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All of it.

    :param summary: what was compared, and the totals.
    """

    title: str
    summary: tuple[str, ...]
    sections: tuple[Section, ...]


def report(difference: Difference, impact: Impact) -> Report:
    """The difference and what it asks for, for a reader."""
    sections = [*_items(difference), *_links(difference), *_values(difference), *_impact(impact)]
    return Report(
        f"What changed from {difference.before.label} to {difference.after.label}",
        tuple(_summary(difference, impact)),
        tuple(section for section in sections if section.rows),
    )


def _summary(difference: Difference, impact: Impact) -> Iterator[str]:
    counts = difference.counts
    yield "items: " + ", ".join(f"{counts[change]:,} {change}" for change in Change)
    words = [one.word for one in difference.links]
    yield "links: " + ", ".join(f"{words.count(word):,} {word}" for word in ("added", "removed", "status changed"))
    named = (("verdicts", difference.verdicts), ("states", difference.states), ("gates", difference.gates))
    yield "; ".join(f"{name}: {len(changes):,} changed" for name, changes in named)
    suspects = sum(1 for one in difference.items if one.suspect)
    if suspects:
        yield f"another text under the same revision: {suspects:,}"
    yield f"to review again: {len({one.id for one in impact.review}):,}; to run again: {len(impact.run):,}"
    if difference.shift is not None:
        yield _shifted(difference.shift, difference.before.label, difference.after.label)
    if difference.nothing:
        yield "nothing changed"
    yield from (f"not compared: {words}" for words in difference.not_compared)


def _shifted(shift: Shift, before: str, after: str) -> str:
    """What is said once, in place of a line for each item."""
    files = f"{shift.items:,} items in {shift.files:,} files"
    where = f"below {_folder(shift.before)} in {before} and below {_folder(shift.after)} in {after}"
    return (
        f"places: {files} stand {where}, otherwise under the same names. A folder was moved, or the two were made from "
        "different folders; for this alone no item is called moved"
    )


def _folder(prefix: str) -> str:
    return prefix or "the root itself"


_HEADINGS = {
    Change.CHANGED: "Changed items",
    Change.REMOVED: "Removed items",
    Change.NEW: "New items",
    Change.RENAMED: "Renamed items (candidates: the texts are alike)",
    Change.MOVED: "Moved items",
}


def _items(difference: Difference) -> Iterator[Section]:
    for change, heading in _HEADINGS.items():
        found = difference.of(change)
        yield _section(heading, [_item(one) for one in found])


def _section(heading: str, rows: Sequence[Row]) -> Section:
    return Section(f"{heading} ({len(rows):,})", tuple(rows))


def _item(one: ItemChange) -> Row:
    before, after = one.before, one.after
    if before is None or after is None:
        entry = one.entry
        return Row(SYMBOLS[one.change], one.change, entry.id, (Note(_at(entry)), *_whole(entry, after is None)))
    notes = [Note(_at(after) if before.place == after.place else f"{_at(before)} -> {_at(after)}")]
    if one.change is Change.RENAMED and one.likeness is not None:
        notes.append(Note(f"was {before.id}; the texts are alike by {one.likeness:.0%}"))
    if one.suspect:
        notes.append(Note("! suspect: the text changed, the revision did not"))
    notes += [_field(field) for field in one.fields]
    return Row(SYMBOLS[one.change], one.change, after.id, tuple(notes))


def _at(entry: Entry) -> str:
    return str(entry.place) if entry.place.file else "place unknown"


def _whole(entry: Entry, gone: bool) -> Iterator[Note]:
    """Title and text of an item that only one side has."""
    for name in ("title", "text"):
        words = getattr(entry, name)
        if words:
            yield Note(name, word_diff(words, "") if gone else word_diff("", words))


def _field(field: FieldChange) -> Note:
    if field.name in _TEXTS:
        return Note(field.name, word_diff(field.before, field.after))
    return Note(f"{field.name}: {field.before or 'none'} -> {field.after or 'none'}")


_LINK_SYMBOLS = {"added": "+", "removed": "-", "status changed": "~"}


def _links(difference: Difference) -> Iterator[Section]:
    yield _section("Links", [_link(one) for one in difference.links])


def _link(one: LinkChange) -> Row:
    statuses = (", ".join(filter(None, side)) for side in (one.before, one.after))
    known = [words for words in statuses if words]
    notes = (Note("status: " + " -> ".join(known)),) if known else ()
    return Row(_LINK_SYMBOLS[one.word], one.word, f"{one.source} {one.type} {one.target}", notes)


def _values(difference: Difference) -> Iterator[Section]:
    yield _section("Verdicts", [_value(one, " under ") for one in difference.verdicts])
    yield _section("States of items", [_value(one, ": ") for one in difference.states])
    yield _section("Gates", [_value(one, ": ") for one in difference.gates])


def _value(one: ValueChange, joint: str) -> Row:
    symbol, word = ("~", "changed") if one.before and one.after else ("-", "removed") if one.before else ("+", "new")
    change = f"{one.before or 'none'} -> {one.after or 'none'}"
    return Row(symbol, word, joint.join(filter(None, one.of)), (Note(change),))


def _impact(impact: Impact) -> Iterator[Section]:
    yield _section(
        "To review again",
        [Row("*", "review", one.id, tuple(_reached(one))) for one in impact.review],
    )
    yield _section(
        "To run again",
        [Row("*", "run", f"{one.kind} {one.id}", (Note(f"for {_path(one.path)}"),)) for one in impact.run],
    )


def _reached(one: Reached) -> Iterator[Note]:
    yield Note(f"{one.direction}: {_path(one.path)}")
    if one.also:
        yield Note(f"directly linked to, of what changed, as well: {', '.join(one.also)}")


def _path(path: Sequence[str]) -> str:
    return " -> ".join(path)


def difference_json(difference: Difference, impact: Impact) -> dict[str, Any]:
    """The difference as plain data, for programs."""
    return {
        "schema_version": SCHEMA_VERSION,
        "before": _side(difference.before),
        "after": _side(difference.after),
        "counts": {change.value: count for change, count in difference.counts.items()},
        "items": [_item_json(one) for one in difference.items if one.change is not Change.UNCHANGED],
        "links": [
            {
                "change": one.word,
                "from": one.source,
                "type": one.type,
                "to": one.target,
                "before": list(one.before),
                "after": list(one.after),
            }
            for one in difference.links
        ],
        "verdicts": [
            {"claim": one.of[0], "policy": one.of[1] or None, "before": one.before or None, "after": one.after or None}
            for one in difference.verdicts
        ],
        "states": [
            {"id": one.of[0], "of": one.of[1], "before": one.before, "after": one.after} for one in difference.states
        ],
        "gates": [
            {"name": one.of[0], "before": one.before or None, "after": one.after or None} for one in difference.gates
        ],
        "impact": {
            "changed": list(impact.changed),
            "review": [
                {"id": one.id, "direction": one.direction, "path": list(one.path), "also": list(one.also)}
                for one in impact.review
            ],
            "run": [{"kind": one.kind, "id": one.id, "path": list(one.path)} for one in impact.run],
        },
        "not_compared": list(difference.not_compared),
        "shift": None if difference.shift is None else asdict(difference.shift),
    }


def _side(side: Snapshot) -> dict[str, Any]:
    return {"label": side.label, "project": side.project, "version": side.version, "items": len(side.items)}


def _item_json(one: ItemChange) -> dict[str, Any]:
    return {
        "change": one.change.value,
        "before": None if one.before is None else one.before.id,
        "after": None if one.after is None else one.after.id,
        "suspect": one.suspect,
        "likeness": None if one.likeness is None else round(one.likeness, 3),
        "places": [None if side is None else str(side.place) for side in (one.before, one.after)],
        "fields": [
            {
                "name": field.name,
                "before": field.before,
                "after": field.after,
                "words": [[part.value, text] for part, text in word_diff(field.before, field.after).parts],
            }
            for field in one.fields
        ],
    }
