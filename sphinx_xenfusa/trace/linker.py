"""Links between items as OpenFastTrace means them: one small rule for each status, and coverage in depth.

An item *covers* another by naming its tag, revision included; an item *needs* the types that must cover it.  The rules
say what became of one such naming, and exactly one of them holds for each (tested).  Coverage in depth follows the
links the other way: an item is covered when every needed type covers it and all that covers it is covered in its turn.

Source: OpenFastTrace 4, ``Linker.java`` and ``DeepCoverageResolver.java``.  What that reports of one link under several
statuses (an outdated or predated one is orphaned as well; one between two revisions is both) is one link here, with
one status and the others in ``also``.  Where it differs: items above a cycle are ``cycle`` too (there, the search does
not end), of an item that stands twice only the first counts, and a suspect link covers nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from sphinx_xenfusa.trace.canonical import NaturalKey, natural
from sphinx_xenfusa.trace.record import Finding, Item, Link, Place, Tag
from sphinx_xenfusa.trace.states import Coverage, LinkStatus

TEST_TYPE = "XenTest"
"""The item type that stands for tests: a need of it is met by test results, not by words."""

UNREVISED = frozenset({"source", "specobject", "aspec", "reqif"})
"""The origins whose items may have the revision 0: coverage tags in source code, which have no text that is revised."""

_MAX_REVISION = 2**31 - 1
_MAX_NAMED = 10
_NUMBERED = re.compile(r"[A-Za-z]+~[^\W_][\w.-]*~[0-9]+")
Node = Tag | tuple[str, str]
"""An item, or the type and name of items in whatever revision."""


@dataclass(frozen=True, slots=True)
class Linked:
    """What linking found.

    :param links: one for each item and well-formed tag that it covers, and one more where it names a tag again; sorted.
    :param coverage: the coverage in depth of each tag.
    :param uncovered: the types that each tag needs and lacks, sorted.
    :param findings: what is wrong, sorted.
    :param looped: the tags that lie on a cycle.
    :param below: for each item, what covers it, rightly or not; links to a wrong revision meet in a node for type and name.
    :param carried: the tags to which a link of status ``covers`` leads.
    :param suspected: for each tag, what covers it by a suspect link, in the order of places.
    """

    links: tuple[Link, ...]
    coverage: dict[Tag, Coverage]
    uncovered: dict[Tag, tuple[str, ...]]
    findings: tuple[Finding, ...]
    looped: frozenset[Tag]
    below: dict[Node, list[Node]]
    carried: frozenset[Tag]
    suspected: dict[Tag, list[Tag]]


AcceptedLinks = Mapping[tuple[str, str, str], str]
"""Source, type and target of links, and for each the fingerprint of the target against which somebody accepted it."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What links were accepted against, and what their targets are now.

    :param links: the fingerprints that were accepted.
    :param fingerprints: the present fingerprint of each item.
    """

    links: AcceptedLinks
    fingerprints: Mapping[Tag, str]

    def of(self, source: str, type: str, target: str) -> str:
        """The fingerprint against which a link was accepted; empty if nobody did."""
        return self.links.get((source, type, target), "")

    def is_suspect(self, source: str, type: str, target: Tag) -> bool:
        """Whether a link was accepted against another text of the same revision of an item that exists."""
        accepted = self.of(source, type, str(target)) if self.links else ""
        return bool(accepted) and self.fingerprints.get(target, accepted) != accepted


NOTHING_ACCEPTED = Accepted({}, {})


@dataclass(frozen=True, slots=True)
class Naming:
    """One naming of a tag by something that covers it.

    :param type: the type of what covers.
    :param target: the tag named.
    :param same: the items that have exactly this tag.
    :param revisions: the revisions in which items of this type and name exist, sorted.
    """

    type: str
    target: Tag
    same: tuple[Item, ...]
    revisions: tuple[int, ...]


def is_orphaned(naming: Naming) -> bool:
    """No item has this type and name, in any revision."""
    return not naming.revisions


def is_outdated(naming: Naming) -> bool:
    """The item exists, not in this revision, and in a newer one."""
    return bool(naming.revisions) and not naming.same and naming.revisions[-1] > naming.target.revision


def is_predated(naming: Naming) -> bool:
    """The item exists in older revisions only."""
    return bool(naming.revisions) and not naming.same and naming.revisions[-1] < naming.target.revision


def is_unwanted(naming: Naming) -> bool:
    """The item exists in this revision and does not need to be covered by this type."""
    return bool(naming.same) and not any(naming.type in item.needs for item in naming.same)


def is_ambiguous(naming: Naming) -> bool:
    """The item exists more than once in this revision, and needs this type."""
    return len(naming.same) > 1 and any(naming.type in item.needs for item in naming.same)


def is_covering(naming: Naming) -> bool:
    """The item exists once in this revision, and needs this type."""
    return len(naming.same) == 1 and naming.type in naming.same[0].needs


RULES: tuple[tuple[LinkStatus, Callable[[Naming], bool]], ...] = (
    (LinkStatus.ORPHANED, is_orphaned),
    (LinkStatus.OUTDATED, is_outdated),
    (LinkStatus.PREDATED, is_predated),
    (LinkStatus.UNWANTED, is_unwanted),
    (LinkStatus.AMBIGUOUS, is_ambiguous),
    (LinkStatus.COVERS, is_covering),
)
"""Each status with its rule; of the rules exactly one holds."""


class Index:
    """The items by tag, and by type and name."""

    def __init__(self, items: Iterable[Item]) -> None:
        same: defaultdict[Tag, list[Item]] = defaultdict(list)
        revisions: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        for item in items:
            same[item.tag].append(item)
            revisions[item.tag.type, item.tag.name].add(item.tag.revision)
        self._same = {tag: tuple(entries) for tag, entries in same.items()}
        self._revisions = {name: tuple(sorted(entries)) for name, entries in revisions.items()}
        self._statuses: dict[tuple[str, Tag], LinkStatus] = {}

    def naming(self, by: str, target: Tag) -> Naming:
        """What there is to know about a tag that is named by something of type ``by``."""
        return Naming(by, target, self._same.get(target, ()), self.revisions(target.type, target.name))

    def status(self, by: str, target: Tag) -> LinkStatus:
        """The status of an item's link."""
        known = self._statuses.get((by, target))
        if known is None:
            naming = self.naming(by, target)
            known = next(status for status, rule in RULES if rule(naming))
            self._statuses[by, target] = known
        return known

    def also(self, status: LinkStatus, target: Tag) -> tuple[LinkStatus, ...]:
        """What OpenFastTrace reports of a link beside its status: a wrong revision is an orphan as well."""
        if status not in (LinkStatus.OUTDATED, LinkStatus.PREDATED):
            return ()
        older = status is LinkStatus.OUTDATED and self.revisions(target.type, target.name)[0] < target.revision
        return (LinkStatus.ORPHANED, *([LinkStatus.PREDATED] if older else []))

    def revisions(self, type: str, name: str) -> tuple[int, ...]:
        """The revisions in which an item of this type and name exists, sorted."""
        return self._revisions.get((type, name), ())

    def status_of_evidence(self, target: Tag) -> LinkStatus:
        """The status of a claim's or test's link, which needs no asking for: covers, orphaned, outdated or predated."""
        naming = self.naming("", target)
        rules = RULES[:3]
        return next((status for status, rule in rules if rule(naming)), LinkStatus.COVERS)


class _Told:
    """An item as the last part of a sort key: its text is made only where everything before it is equal."""

    __slots__ = ("_item",)

    def __init__(self, item: Item) -> None:
        self._item = item

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Told) and repr(self._item) == repr(other._item)

    def __lt__(self, other: _Told) -> bool:
        return repr(self._item) < repr(other._item)

    def __hash__(self) -> int:
        return hash(repr(self._item))


def item_order(item: Item) -> tuple[NaturalKey, int, Tag, _Told]:
    """The order of items by their places: total, so that duplicates have a first one whatever the input's order."""
    return natural(item.place.file), item.place.line, item.tag, _Told(item)


def finding_order(finding: Finding) -> tuple[NaturalKey, int, str, str, str]:
    """The order of findings by their places, those without one first."""
    place = finding.place or Place("", 0)
    return natural(place.file), place.line, finding.subtype, finding.about, finding.message


def link_order(link: Link) -> tuple[NaturalKey, str, NaturalKey, bool, str]:
    """The order of links by what they come from, their type and what they lead to; a repeated naming stands last."""
    repeated = link.status is LinkStatus.DUPLICATE
    return natural(link.source), link.type, natural(link.target), repeated, link.status.value


def first_of_each(items: Iterable[Item]) -> dict[Tag, Item]:
    """The item of each tag; of several under one tag, the one whose place comes first."""
    kept: dict[Tag, Item] = {}
    for item in sorted(items, key=item_order):
        kept.setdefault(item.tag, item)
    return kept


def tag_fault(text: str) -> str | None:
    """The subtype of the finding that a tag deserves: ``revision``, ``tag``, or ``None`` for a good one."""
    try:
        Tag.parse(text)
    except ValueError:
        return "revision" if _NUMBERED.fullmatch(text) else "tag"
    return None


def link(
    items: Sequence[Item], *, tested: Collection[Tag] | None = None, accepted: Accepted = NOTHING_ACCEPTED
) -> Linked:
    """Link items, in any order.

    :param tested: the tags that passed tests verify as a whole.  With it, the need ``XenTest`` is met by these tests
        alone; without it, by items of that type, as any other need.
    :param accepted: what links were accepted against; a link whose target changed since is ``suspect``.
    """
    ordered = sorted(items, key=item_order)
    kept = first_of_each(ordered)
    index = Index(ordered)
    edges = _edges(kept.values(), index, accepted)
    uncovered = _uncovered(kept, edges, tested)
    covering = _covering(edges, index)
    coverage, cycles = _coverage(uncovered, covering)
    findings = {
        *(finding for item in ordered for finding in _item_findings(item, index)),
        *(suspect_finding(edge.link, kept[edge.source].place) for edge in edges if is_suspect(edge.link)),
        *_duplicates(ordered),
        *(_cycle_finding(cycle, kept) for cycle in cycles),
    }
    return Linked(
        links=tuple(sorted((edge.link for edge in edges), key=link_order)),
        coverage=coverage,
        uncovered=uncovered,
        findings=tuple(sorted(findings, key=finding_order)),
        looped=frozenset(tag for cycle in cycles for tag in cycle),
        below=_with_ambiguous(covering, edges),
        carried=frozenset(edge.target for edge in edges if edge.status is LinkStatus.COVERS),
        suspected=_suspected(edges),
    )


@dataclass(frozen=True, slots=True)
class _Edge:
    """An item's link with the tags at its ends."""

    source: Tag
    target: Tag
    link: Link

    @property
    def status(self) -> LinkStatus:
        """What became of it."""
        return self.link.status


def is_suspect(link: Link) -> bool:
    """Whether the text of what a link leads to changed since the link was accepted, whatever else is wrong with it."""
    return link.status is LinkStatus.SUSPECT or LinkStatus.SUSPECT in link.also


def suspect_finding(link: Link, place: Place) -> Finding:
    """That a link was accepted against another text."""
    message = (
        f"{link.source} {link.type} {link.target}: found that the text changed since the link was accepted against "
        f"{link.accepted[:12]}; expected a new revision, or a review of the link"
    )
    return Finding("suspect", place, link.target if link.type != "covers" else link.source, message)


def doubted(link: Link, suspect: bool) -> Link:
    """The link as it is when its target's text changed since it was accepted: what covered is suspect."""
    if not suspect:
        return link
    if link.status is LinkStatus.COVERS:
        return replace(link, status=LinkStatus.SUSPECT)
    return replace(link, also=(*link.also, LinkStatus.SUSPECT))


def _targets(item: Item) -> list[Tag]:
    """The well-formed tags that an item covers, each once."""
    return [tag for text in dict.fromkeys(item.covers) if (tag := _parsed(text)) is not None]


@lru_cache(maxsize=2**16)  # many items name the same ones, and each is looked at several times
def _parsed(text: str) -> Tag | None:
    try:
        return Tag.parse(text)
    except ValueError:
        return None


def _repeated(item: Item) -> dict[str, int]:
    """The tags that an item names more than once, and how often."""
    if len(set(item.covers)) == len(item.covers):
        return {}
    return {text: times for text, times in Counter(item.covers).items() if times > 1}


def _edges(items: Iterable[Item], index: Index, accepted: Accepted) -> list[_Edge]:
    return [edge for item in items for edge in _edges_of(item, index, accepted)]


def _edges_of(item: Item, index: Index, accepted: Accepted) -> Iterator[_Edge]:
    source, repeated = str(item.tag), _repeated(item)
    for target in _targets(item):
        named = str(target)
        status = index.status(item.tag.type, target)
        link = Link(source, "covers", named, status, accepted.of(source, "covers", named), index.also(status, target))
        yield _Edge(item.tag, target, doubted(link, accepted.is_suspect(source, "covers", target)))
        if named in repeated:
            yield _Edge(item.tag, target, Link(source, "covers", named, LinkStatus.DUPLICATE))


def _uncovered(
    kept: Mapping[Tag, Item], edges: Iterable[_Edge], tested: Collection[Tag] | None
) -> dict[Tag, tuple[str, ...]]:
    """The types that each item needs and lacks; only links of status ``covers`` count."""
    covered: defaultdict[Tag, set[str]] = defaultdict(set)
    for edge in edges:
        if edge.status is LinkStatus.COVERS:
            covered[edge.target].add(edge.source.type)
    if tested is not None:
        for tag in kept:
            covered[tag].discard(TEST_TYPE)
        for tag in tested:
            covered[tag].add(TEST_TYPE)
    lacking = {tag: set(item.needs) - covered[tag] if item.needs else () for tag, item in kept.items()}
    return {tag: tuple(sorted(types, key=natural)) if types else () for tag, types in lacking.items()}


def _covering(edges: Iterable[_Edge], index: Index) -> dict[Node, list[Node]]:
    """For each item, what covers it, rightly or not (ambiguous and orphaned links cover nothing).

    A link to a wrong revision concerns every revision that there is.  These links meet in one node for the type and
    name, so that there are never more of them than links and items.
    """
    covering: defaultdict[Node, list[Node]] = defaultdict(list)
    for edge in edges:
        if edge.status in (LinkStatus.COVERS, LinkStatus.SUSPECT, LinkStatus.UNWANTED):
            covering[edge.target].append(edge.source)
        elif edge.status in (LinkStatus.OUTDATED, LinkStatus.PREDATED):
            meeting = (edge.target.type, edge.target.name)
            if meeting not in covering:
                for revision in index.revisions(*meeting):
                    covering[Tag(*meeting, revision)].append(meeting)
            covering[meeting].append(edge.source)
    return dict(covering)


def _with_ambiguous(covering: dict[Node, list[Node]], edges: Iterable[_Edge]) -> dict[Node, list[Node]]:
    """What covers each item, and what seems to: it answers for nothing, and what is wrong with it is no less below."""
    for edge in edges:
        if edge.status is LinkStatus.AMBIGUOUS:
            covering.setdefault(edge.target, []).append(edge.source)
    return covering


def _suspected(edges: Iterable[_Edge]) -> dict[Tag, list[Tag]]:
    found: defaultdict[Tag, list[Tag]] = defaultdict(list)
    for edge in edges:
        if is_suspect(edge.link):
            found[edge.target].append(edge.source)
    return dict(found)


def _coverage(
    uncovered: Mapping[Tag, Sequence[str]], covering: Mapping[Node, Sequence[Node]]
) -> tuple[dict[Tag, Coverage], list[list[Tag]]]:
    """The coverage in depth of every tag, and the cycles; linear in items and links."""
    states: dict[Node, Coverage] = {}
    cycles = []
    for component in _components(list(uncovered), covering):
        looped = len(component) > 1 or component[0] in covering.get(component[0], ())
        if looped:
            cycles.append(sorted(node for node in component if isinstance(node, Tag)))
        members = set(component)
        below = {states[child] for node in component for child in covering.get(node, ()) if child not in members}
        if looped or Coverage.CYCLE in below:
            state = Coverage.CYCLE
        elif Coverage.UNCOVERED in below or any(isinstance(node, Tag) and uncovered[node] for node in component):
            state = Coverage.UNCOVERED
        else:
            state = Coverage.COVERED
        states.update(dict.fromkeys(component, state))
    return {node: state for node, state in states.items() if isinstance(node, Tag)}, cycles


def _components(roots: Sequence[Node], children: Mapping[Node, Sequence[Node]]) -> Iterator[list[Node]]:
    """The strongly connected components, each after those that it leads to (Tarjan 1972, without recursion)."""
    number: dict[Node, int] = {}
    low: dict[Node, int] = {}
    open_nodes: list[Node] = []
    closed: set[Node] = set()
    for root in roots:
        path: list[tuple[Node, Iterator[Node]]] = []
        if root not in number:
            path.append(_enter(root, children, number, low, open_nodes))
        while path:
            node, rest = path[-1]
            child = next(rest, None)
            if child is None:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[node])
                if low[node] == number[node]:
                    component = _close(node, open_nodes)
                    closed.update(component)
                    yield component
            elif child not in number:
                path.append(_enter(child, children, number, low, open_nodes))
            elif child not in closed:
                low[node] = min(low[node], number[child])


def _enter(
    node: Node,
    children: Mapping[Node, Sequence[Node]],
    number: dict[Node, int],
    low: dict[Node, int],
    open_nodes: list[Node],
) -> tuple[Node, Iterator[Node]]:
    number[node] = low[node] = len(number)
    open_nodes.append(node)
    return node, iter(children.get(node, ()))


def _close(node: Node, open_nodes: list[Node]) -> list[Node]:
    """Take the component that ``node`` opened off the list."""
    component = []
    while True:
        component.append(open_nodes.pop())
        if component[-1] == node:
            return component


def _item_findings(item: Item, index: Index) -> Iterator[Finding]:
    """What is wrong with an item's own tag and with what it covers."""
    own = str(item.tag)
    own_fault = None if _parsed(own) is not None else tag_fault(own)
    if own_fault is not None and not (item.tag.revision == 0 and item.origin in UNREVISED):
        yield Finding(own_fault, item.place, own, _fault_message(own))
    for text in dict.fromkeys(item.covers):
        if _parsed(text) is None:
            fault = tag_fault(text) or "tag"
            yield Finding(fault, item.place, own, f"in what {own} covers, {_fault_message(text)}")
    for target in _targets(item):
        status = index.status(item.tag.type, target)
        if status is not LinkStatus.COVERS:
            naming = index.naming(item.tag.type, target)
            yield Finding(status.value, item.place, own, f"{own} covers {target}: {_explain(status, naming)}")
    for text, times in _repeated(item).items():
        message = f"{own} covers {text}: found it named {times} times; expected once"
        yield Finding("duplicate", item.place, own, message)


def _fault_message(text: str) -> str:
    try:
        Tag.parse(text)
    except ValueError as error:
        return str(error)
    return f"found {text!r}"


def _explain(status: LinkStatus, naming: Naming) -> str:
    """What was found and what would have been right, for each status but ``covers``."""
    revisions = ", ".join(map(str, naming.revisions[-_MAX_NAMED:]))
    needs = sorted({need for item in naming.same for need in item.needs})
    places = " and ".join(str(item.place) for item in naming.same[:_MAX_NAMED])
    texts = {
        LinkStatus.ORPHANED: "found no such item in any revision; expected an existing one",
        LinkStatus.OUTDATED: f"found the item in revision {revisions}; expected the link to name the newest",
        LinkStatus.PREDATED: f"found the item in revision {revisions} only; expected no newer one to be named",
        LinkStatus.UNWANTED: f"found that it needs {', '.join(needs) or 'nothing'}; expected {naming.type} as well",
        LinkStatus.AMBIGUOUS: f"found it more than once, at {places}; expected one",
    }
    return texts[status]


def _duplicates(ordered: Iterable[Item]) -> Iterator[Finding]:
    """Tags that stand twice, or differ only in what a reader cannot see or a file system may not tell apart."""
    groups: defaultdict[str, list[Item]] = defaultdict(list)
    for item in ordered:
        groups[folded(str(item.tag))].append(item)
    for group in groups.values():
        for other in group[1:]:
            yield Finding("duplicate", other.place, str(other.tag), _explain_duplicate(other, group))


def _explain_duplicate(item: Item, group: Sequence[Item]) -> str:
    """Where an item stands, and where all the others do that share its tag or look like it."""
    same = [one for one in group[: _MAX_NAMED + 1] if one is not item][:_MAX_NAMED]
    manners = ("" if one.tag == item.tag else ", which differs only in case or Unicode form," for one in same)
    named = " and ".join(f"{one.tag}{manner} at {one.place}" for one, manner in zip(same, manners, strict=True))
    rest = len(group) - 1 - len(same)
    more = f" and {rest} more" if rest else ""
    return f"found {item.tag} at {item.place} and {named}{more}; expected one of them"


def folded(text: str) -> str:
    """A tag or name as a reader sees it who tells neither case nor Unicode forms apart."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _cycle_finding(cycle: Sequence[Tag], kept: Mapping[Tag, Item]) -> Finding:
    first = min(cycle, key=lambda tag: item_order(kept[tag]))
    if len(cycle) == 1:
        message = f"found that {first} covers itself; expected links from detail to origin only"
        return Finding("cycle", kept[first].place, str(first), message)
    named = ", ".join(map(str, cycle[:_MAX_NAMED]))
    more = f" and {len(cycle) - _MAX_NAMED} more" if len(cycle) > _MAX_NAMED else ""
    message = f"found that these cover each other in a circle: {named}{more}; expected links from detail to origin only"
    return Finding("cycle", kept[first].place, str(first), message)
