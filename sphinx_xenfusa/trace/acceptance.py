"""Which text somebody accepted, and which text changed since: items and links that are *suspect*.

An item is suspect when its text is not the one that was accepted under the same tag, revision included: a new revision is
a new tag, which nobody has accepted yet.  A link is suspect when the text of what it covers is not the one against which
the link was accepted.  What nobody ever accepted is not suspect; it is *not yet accepted*, and counted as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sphinx_xenfusa.trace.canonical import natural
from sphinx_xenfusa.trace.fingerprint import fingerprint, fingerprint_of, normalise
from sphinx_xenfusa.trace.record import Finding, Item, TestReport
from sphinx_xenfusa.trace.word_diff import Part, WordDiff, visible, word_diff

Ends = tuple[str, str]
"""Of a link: the tag that it comes from, and the tag that it leads to, as written."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Everything that a fingerprint covers, under one tag; white space normalised.

    :param kind: empty for an item without a kind.
    """

    id: str
    kind: str
    title: str
    level: str
    text: str

    @classmethod
    def of(cls, item: Item) -> Wording:
        """The wording of an item."""
        kind = "" if item.kind is None else item.kind.value
        return cls(str(item.tag), kind, normalise(item.title), normalise(item.level), normalise(item.text))

    @property
    def fingerprint(self) -> str:
        """The fingerprint of an item of that wording."""
        type, name, _ = self.id.split("~")
        return fingerprint_of(type, name, self.kind or None, self.title, self.text, self.level)


@dataclass(frozen=True, slots=True)
class Signature:
    """Who accepted something, why, and on which day (``YYYY-MM-DD``)."""

    by: str
    why: str
    date: str


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What was accepted.

    :param items: wording and signature by tag.
    :param links: the fingerprint of the target, and the signature, by the ends of the link.
    :param earlier: wordings that were accepted once and that links were accepted against, by fingerprint.
    """

    items: Mapping[str, tuple[Wording, Signature]] = field(default_factory=dict)
    links: Mapping[Ends, tuple[str, Signature]] = field(default_factory=dict)
    earlier: Mapping[str, Wording] = field(default_factory=dict)

    def fingerprints(self) -> dict[str, str]:
        """The accepted fingerprint of each item that was accepted."""
        return {id: wording.fingerprint for id, (wording, _) in self.items.items()}

    def link_fingerprints(self) -> dict[Ends, str]:
        """The fingerprint of the target against which each link was accepted."""
        return {ends: accepted for ends, (accepted, _) in self.links.items()}

    def wording(self, accepted: str, id: str) -> Wording | None:
        """The wording of a fingerprint; ``None`` when the file does not hold it any more."""
        known = self.items.get(id)
        if known is not None and known[0].fingerprint == accepted:
            return known[0]
        return self.earlier.get(accepted)


@dataclass(frozen=True, slots=True)
class Suspect:
    """An item or link that is suspect.

    :param ends: of a link; ``None`` for an item.
    :param item: the item whose text changed.
    :param before: what was accepted; ``None`` when the file does not hold that wording any more.
    """

    ends: Ends | None
    item: Item
    before: Wording | None
    signature: Signature

    def changes(self) -> list[tuple[str, WordDiff]]:
        """What changed, field by field; empty when the accepted wording is not known."""
        if self.before is None:
            return []
        now = Wording.of(self.item)
        both = ((name, getattr(self.before, name), getattr(now, name)) for name in ("kind", "level", "title", "text"))
        return [(name, word_diff(old, new)) for name, old, new in both if old != new]


@dataclass(frozen=True, slots=True)
class Drift:
    """How the texts of today stand to what was accepted.

    :param suspects: items, then links, each in the order of their tags.
    :param accepted_items: how many items are as they were accepted.
    :param new_items: the tags that nobody has accepted yet.
    :param new_links: the links that nobody has accepted yet.
    :param gone: entries that belong to no item or link of today.
    """

    suspects: tuple[Suspect, ...]
    accepted_items: int
    accepted_links: int
    new_items: tuple[str, ...]
    new_links: tuple[Ends, ...]
    gone: tuple[str, ...]


def drift(items: Iterable[Item], acceptance: Acceptance) -> Drift:
    """How these items stand to what was accepted; of several items of one tag the first counts."""
    by_tag: dict[str, Item] = {}
    for item in items:
        by_tag.setdefault(str(item.tag), item)
    prints = {tag: fingerprint(item) for tag, item in by_tag.items()}
    suspects, new_items = [], []
    for tag in sorted(by_tag, key=natural):
        known = acceptance.items.get(tag)
        if known is None:
            new_items.append(tag)
        elif known[0].fingerprint != prints[tag]:
            suspects.append(Suspect(None, by_tag[tag], *known))
    links = sorted(links_of(by_tag), key=lambda ends: (natural(ends[0]), natural(ends[1])))
    suspect_items = len(suspects)
    new_links = []
    for ends in links:
        accepted = acceptance.links.get(ends)
        if accepted is None:
            new_links.append(ends)
        elif accepted[0] != prints[ends[1]]:
            before = acceptance.wording(accepted[0], ends[1])
            suspects.append(Suspect(ends, by_tag[ends[1]], before, accepted[1]))
    gone = [tag for tag in acceptance.items if tag not in by_tag]
    present = set(links)
    gone += [f"{source} -> {target}" for source, target in acceptance.links if (source, target) not in present]
    return Drift(
        tuple(suspects),
        len(by_tag) - len(new_items) - suspect_items,
        len(links) - len(new_links) - (len(suspects) - suspect_items),
        tuple(new_items),
        tuple(new_links),
        tuple(sorted(gone, key=natural)),
    )


def links_of(by_tag: Mapping[str, Item]) -> set[Ends]:
    """The links that lead from one of the items to one of them, revision included: only these can be accepted."""
    return {(tag, target) for tag, item in by_tag.items() for target in item.covers if target in by_tag}


def accept(acceptance: Acceptance, items: Iterable[Item], chosen: Iterable[str], signature: Signature) -> Acceptance:
    """The acceptance in which each chosen item, and each link that it has, is accepted as it is today.

    What is accepted already as it is keeps the signature that it has.

    :param chosen: tags; all of them are among the items.
    """
    by_tag: dict[str, Item] = {}
    for item in items:
        by_tag.setdefault(str(item.tag), item)
    tags = set(chosen)
    new_items, new_links = dict(acceptance.items), dict(acceptance.links)
    for tag in tags:
        wording = Wording.of(by_tag[tag])
        known = new_items.get(tag)
        if known is None or known[0] != wording:
            new_items[tag] = (wording, signature)
    for ends in links_of(by_tag):
        accepted = fingerprint(by_tag[ends[1]])
        if ends[0] in tags and new_links.get(ends, ("", signature))[0] != accepted:
            new_links[ends] = (accepted, signature)
    return _with_earlier(acceptance, new_items, new_links, by_tag)


def accept_new(acceptance: Acceptance, items: Iterable[Item], signature: Signature) -> Acceptance:
    """The acceptance in which everything that nobody has accepted yet is; what is suspect stays suspect."""
    everything = tuple(items)
    state = drift(everything, acceptance)
    by_tag = {str(item.tag): item for item in reversed(everything)}
    new_items = dict(acceptance.items) | {tag: (Wording.of(by_tag[tag]), signature) for tag in state.new_items}
    new_links = dict(acceptance.links) | {ends: (fingerprint(by_tag[ends[1]]), signature) for ends in state.new_links}
    return _with_earlier(acceptance, new_items, new_links, by_tag)


def _with_earlier(
    old: Acceptance,
    items: Mapping[str, tuple[Wording, Signature]],
    links: Mapping[Ends, tuple[str, Signature]],
    by_tag: Mapping[str, Item],
) -> Acceptance:
    """The same with the earlier wordings that links still refer to, and no others."""
    known = {wording.fingerprint: wording for wording, _ in old.items.values()} | dict(old.earlier)
    for ends in links:
        if ends[1] in by_tag:
            wording = Wording.of(by_tag[ends[1]])
            known.setdefault(wording.fingerprint, wording)
    current = {wording.fingerprint for wording, _ in items.values()}
    wanted = {accepted for accepted, _ in links.values()} - current
    return Acceptance(items, links, {one: known[one] for one in wanted if one in known})


def accepted_links(
    acceptance: Acceptance, items: Iterable[Item], reports: Iterable[TestReport]
) -> dict[tuple[str, str, str], str]:
    """The fingerprint against which each link was accepted, by source, type and target.

    The claims that confirm an item and the tests that verify it were accepted with its text: they are shown beside it.
    """
    links = {(source, "covers", target): accepted for (source, target), (accepted, _) in acceptance.links.items()}
    texts = acceptance.fingerprints()
    for item in items:
        tag = str(item.tag)
        if tag in texts:
            links |= {(claim, "confirms", tag): texts[tag] for claim in item.confirmed_by}
    for report in reports:
        for case in report.cases:
            for type, tags in (("verifies", case.verifies), ("partially verifies", case.partially_verifies)):
                links |= {(case.id, type, tag): texts[tag] for tag in tags if tag in texts}
    return links


def suspect_findings(state: Drift) -> Iterator[Finding]:
    """A finding at each item that is suspect; the linker says it of links."""
    for suspect in state.suspects:
        if suspect.ends is None:
            tag, signed = str(suspect.item.tag), suspect.signature
            message = (
                f"found that the text of {tag} changed since {signed.by} accepted it on {signed.date} ({in_short(suspect)}); "
                "expected a new revision, or that the new text is accepted"
            )
            yield Finding("suspect", suspect.item.place, tag, message)


def in_short(suspect: Suspect, limit: int = 240) -> str:
    """What changed, in a line for a message."""
    words = "; ".join(f"{name}: {marked_changes(diff)}" for name, diff in suspect.changes())
    words = words or "what was accepted is not on record any more"
    return words if len(words) <= limit else words[:limit] + " …"


def marked_changes(diff: WordDiff, context: int = 6) -> str:
    """A word diff in one line: ``[-gone-]``, ``{+come+}``, and of what stayed a few words on each side."""
    marked = []
    for at, (part, text) in enumerate(diff.parts):
        shown = visible(text)
        if part is Part.SAME:
            marked.append(_around(shown, context, at > 0, at < len(diff.parts) - 1))
        else:
            marked.append(f"[-{shown}-]" if part is Part.REMOVED else f"{{+{shown}+}}")
    words = " ".join(one for one in marked if one)
    return words if diff.pieces == "words" else f"(too long to compare by words; compared {_HOW[diff.pieces]}) {words}"


_HOW = {"lines": "line by line", "whole": "as a whole"}


_LITTLE = 4
"""Words that are not worth leaving out."""


def _around(text: str, context: int, left: bool, right: bool) -> str:
    """Of a stretch that stayed: the words next to what changed on either side."""
    words = text.split(" ")
    if len(words) <= context * (left + right) + _LITTLE:
        return text
    head = words[:context] if left else []
    tail = words[-context:] if right else []
    return " ".join([*head, "…", *tail])
