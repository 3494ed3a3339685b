"""Justified exclusions and retired ids.

A justification excuses what an item lacks: types that it needs, tests that ran and verify all of it, or anything at
all that could check it.  It never hides a failure, a check that broke or a claim that was not run, nothing that it
excuses counts as covered, and each that is expired, leads nowhere or excuses nothing is a finding.

An id that was retired is never used again, in no revision, and in no spelling that a reader takes for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from sphinx_xenfusa.trace.linker import folded
from sphinx_xenfusa.trace.record import Finding, Item, Justification, Tag, Tombstone


class Excuses:
    """The justifications by item."""

    def __init__(self, justifications: Iterable[Justification]) -> None:
        self.all: Sequence[Justification] = tuple(sorted(set(justifications)))
        self._holding = {one.id for one in self.all if not one.expired}

    def hold_for(self, tag: Tag) -> bool:
        """Whether a justification that is not expired names this item in this revision."""
        return bool(self._holding) and str(tag) in self._holding

    def findings(self, tags: Iterable[Tag], excused: Collection[str]) -> Iterator[Finding]:
        """What is wrong with justifications.

        :param tags: the tags of all items.
        :param excused: the tags of the items of which something is excused.
        """
        if not self.all:
            return
        revisions: dict[tuple[str, str], list[int]] = {}
        for tag in tags:
            revisions.setdefault((tag.type, tag.name), []).append(tag.revision)
        for one in self.all:
            tag = Tag.parse(one.id)
            known = revisions.get((tag.type, tag.name), [])
            fault = _fault(one, tag, sorted(known), excused)
            if fault:
                yield Finding("justification", one.place, one.id, f"the justification of {one.id}: {fault}")


def _fault(one: Justification, tag: Tag, revisions: Sequence[int], excused: Collection[str]) -> str:
    if not revisions:
        return "found no such item; expected the tag of one"
    if tag.revision not in revisions:
        return f"found the item in revision {', '.join(map(str, revisions))}; expected a justification of that text"
    if one.expired:
        return f"found that it expired on {one.expires}; expected a later day, given by {one.owner}, or the evidence"
    if one.id not in excused:
        return "found that the item lacks nothing that could be excused; expected no justification"
    return ""


def reused(tombstones: Iterable[Tombstone], items: Iterable[Item]) -> Iterator[Finding]:
    """The items whose ids were retired, each with the tombstone's place."""
    retired = {folded(one.name): one for one in tombstones}
    for item in items if retired else ():
        name = f"{item.tag.type}~{item.tag.name}"
        stone = retired.get(folded(name))
        if stone is not None:
            instead = f" in favour of {stone.successor}" if stone.successor else ""
            message = (
                f"found {item.tag}, whose id was retired{instead} ({stone.place}: {stone.reason}); expected a new name"
            )
            yield Finding("retired", item.place, str(item.tag), message)
