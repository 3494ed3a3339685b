"""What covers an item, what it covers, and what each of these is worth: what every matrix is made of.

All of it is read off the links of the record, once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sphinx_xenfusa.trace.around import Around
from sphinx_xenfusa.trace.linker import TEST_TYPE
from sphinx_xenfusa.trace.record import Link, TracedItem, TraceRecord
from sphinx_xenfusa.trace.states import LinkStatus, Result

CLAIM = "claim"
TEST = "test"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The other end of a link.

    :param tag: as written where it leads to no item.
    :param result: the state of the item at that end; of a link that covers nothing, what that is worth.
    :param words: the status of such a link; empty for one that covers.
    """

    tag: str
    result: Result
    words: str

    @property
    def type(self) -> str:
        """The type of its tag."""
        return type_of(self.tag)


def type_of(tag: str) -> str:
    """The part of a tag before the first tilde."""
    return tag.partition("~")[0]


class Neighbours:
    """The links between the items of a record, from both ends."""

    def __init__(self, record: TraceRecord) -> None:
        self._traced: Mapping[str, TracedItem] = {str(one.item.tag): one for one in record.items}
        # A second naming of the same tag is a finding, and no second link.
        counted = (link for link in record.links if link.status is not LinkStatus.DUPLICATE)
        self._around = Around.of(counted, self._traced)

    def covered_by(self, tag: str) -> Sequence[Neighbour]:
        """What names an item as covered, in the order of the record, each with its own state."""
        return [self._neighbour(link, link.source) for link in self._around.incoming.get(tag, ())]

    def covers(self, tag: str) -> Sequence[Neighbour]:
        """What an item names as covered."""
        return [self._neighbour(link, link.target) for link in self._around.outgoing.get(tag, ())]

    def _neighbour(self, link: Link, tag: str) -> Neighbour:
        traced = self._traced.get(tag)
        if link.status is LinkStatus.COVERS and traced is not None:
            return Neighbour(tag, traced.result, "")
        worth = Result.STALE if link.status is LinkStatus.SUSPECT else Result.NONE
        return Neighbour(tag, worth, link.status.value)


def lacks(one: TracedItem, step: str) -> bool:
    """Whether an item asks for something that it has not: an item type, :data:`TEST`, or :data:`CLAIM`.

    No item can ask for a claim: who asks a matrix for claims wants one for each.
    """
    if step == CLAIM:
        return not one.item.confirmed_by
    return (TEST_TYPE if step == TEST else step) in one.uncovered


def asks_for(one: TracedItem, step: str) -> bool:
    """Whether an item needs this, as its author says."""
    return step == CLAIM or (TEST_TYPE if step == TEST else step) in one.item.needs


def lacks_below(one: TracedItem, steps: Sequence[str]) -> bool:
    """Whether an item lacks something that should be below it: types that it needs, claims or tests.

    :param steps: what is looked for; none for all that it needs.
    """
    return any(lacks(one, step) for step in steps) if steps else bool(one.uncovered)


def covers_none(one: TracedItem, types: Sequence[str], neighbours: Neighbours) -> bool:
    """Whether an item covers no item of some types, of any type where none is named; a link that does not count is none."""
    above = (each for each in neighbours.covers(str(one.item.tag)) if not each.words)
    return not any(not types or each.type in types for each in above)
