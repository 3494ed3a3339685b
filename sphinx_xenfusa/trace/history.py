"""What a difference says of each item, in words: new or changed, its states, verdicts and links better or worse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.trace.diff import Change, Difference, ItemChange, LinkChange, ValueChange
from sphinx_xenfusa.trace.snapshot import split_id
from sphinx_xenfusa.trace.states import Coverage, Result

_ORDERS: Sequence[Sequence[str]] = (
    [one.value for one in Result],
    [one.value for one in VerdictKind],
    [Coverage.UNCOVERED.value, Coverage.CYCLE.value, Coverage.COVERED.value],
)
"""Words that are better or worse than one another, each worst first."""
_TEXTS = frozenset({"title", "text", "rationale", "comment", "needs", "level", "kind", "type", "oft_status"})
_SHOWN = {"oft_status": "status", "needs": "needed types"}


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that became of an item.

    :param worse: whether it is a state or verdict that is worse than it was.
    """

    words: str
    worse: bool = False


def histories(difference: Difference) -> Mapping[str, tuple[Happened, ...]]:
    """What became of the items of today, by their tags; those of which nothing did are left out.  Linear."""
    told: defaultdict[str, list[Happened]] = defaultdict(list)
    today: dict[str, str] = {}
    for item in difference.items:
        if item.after is not None:
            today[item.after.id] = today[item.after.name] = item.after.id
            told[item.after.id] += _of_item(item)
    for state in difference.states:
        told[today[state.of[0]]].append(_value(state, state.of[1]))
    _verdicts(difference, told)
    for link in difference.links:
        for tag, words in _ends(link, today):
            told[tag].append(Happened(words))
    return {tag: tuple(happened) for tag, happened in told.items() if happened}


def _of_item(item: ItemChange) -> Iterator[Happened]:
    if item.change is Change.NEW:
        yield Happened("new")
    if item.change is Change.RENAMED and item.before is not None:
        yield Happened(f"renamed from {item.before.id}")
    if item.change is Change.MOVED and item.before is not None:
        yield Happened(f"moved from {item.before.place.file}")
    changed = {one.name: one for one in item.fields}
    revision = changed.get("revision")
    if revision is not None:
        yield Happened(f"revision {revision.before} became {revision.after}")
    words = [_SHOWN.get(one.name, one.name) for one in item.fields if one.name in _TEXTS]
    if words:
        stayed = ", the revision stayed" if item.suspect else ""
        yield Happened(f"changed: {', '.join(words)}{stayed}")


def _value(change: ValueChange, what: str) -> Happened:
    worse = _is_worse(change.before, change.after)
    word = {True: " worse", False: " better", None: ""}[worse]
    return Happened(f"{what}{word}: {change.before or 'none'} → {change.after or 'none'}", worse is True)


def _is_worse(before: str, after: str) -> bool | None:
    """Whether a word is worse than the one before; ``None`` where they cannot be compared."""
    for order in _ORDERS:
        if before in order and after in order:
            return order.index(after) < order.index(before)
    return None


def _verdicts(difference: Difference, told: Mapping[str, list[Happened]]) -> None:
    """The verdicts that changed, told of the items that the claims confirm."""
    if not difference.verdicts:
        return
    confirms: defaultdict[str, list[str]] = defaultdict(list)
    known = {item.after.id for item in difference.items if item.after is not None}
    for link in difference.after.links:
        if link.type == "confirms" and link.target in known:
            confirms[link.source].append(link.target)
    for verdict in difference.verdicts:
        claim, policy = verdict.of
        under = f" under {policy}" if policy else ""
        for tag in dict.fromkeys(confirms[claim]):
            told[tag].append(_value(verdict, f"claim {claim}{under}"))


def _ends(link: LinkChange, today: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The items at the ends of a link that changed, each with words for it."""
    became = link.word if link.before == () or link.after == () else _statuses(link)
    source, target = today.get(link.source), today.get(link.target) or today.get(split_id(link.target)[0])
    if source is not None:
        yield source, f"link to {link.target} {became}"
    if target is not None and target != source:
        yield target, f"link from {link.source} {became}"


def _statuses(link: LinkChange) -> str:
    return f"{', '.join(link.before)} → {', '.join(link.after)}"
