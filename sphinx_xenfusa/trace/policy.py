"""The tracing policy: which items need what, and from which share on the lack of it fails a build.

A *demand* selects items by type, kind and integrity level and says what each needs, in words:

``model``, ``test``, ``review``, ``coverage``
   A model that confirms all its claims; tests that passed and verify it as a whole; an inspection that holds for its
   present text; coverage in depth, as OpenFastTrace means it.
``test on TARGET``, ``test on all targets``
   The same of tests on one target; on every target on which any test of the record ran, all of them named by reports.
   A name with blanks or brackets stands in double quotes.
``analysis``, ``inspection``, ``design_review``
   People verified by that method what the item asks for, and it passed, for its present text.
any other word
   An item type: something of that type covers it.

``and`` binds closer than ``or``; brackets group.  A demand is a gate as well: at least so many percent of the items
that it selects have what it asks for.  A justified item is among those selected and never among those that have it;
the policy says how many justified ones may be missing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sphinx_xenfusa.trace.linker import TEST_TYPE
from sphinx_xenfusa.trace.record import Finding, Gate, Item, Link, Place, Review, TracedItem
from sphinx_xenfusa.trace.states import Coverage, ItemKind, LinkStatus, Result
from sphinx_xenfusa.trace.verifications import BY_HAND, MODEL, TEST

NEEDS_LIMIT = 200
"""Characters of the words that say what is needed."""

ALL_TARGETS = "test on all targets"
"""What is needed where a policy asks for tests on every target."""

_TOKEN = re.compile(r"""\s*("[^"]+"|[()]|[^\s()"]+)""")
_WORD = re.compile(r"[A-Za-z_]+")
_NAMED = 10


@dataclass(frozen=True, slots=True)
class AllOf:
    """Everything of this is needed."""

    parts: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of these is enough."""

    parts: tuple[Need, ...]


Need = str | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Demand:
    """What some items need, and how many of them may lack it.

    :param types: the item types that it selects; empty for all.
    :param kinds: the kinds that it selects; empty for all, items without a kind among them.
    :param levels: the integrity levels that it selects; empty for all.
    :param words: what is needed, as written.
    :param at_least: the share that has to have it, in percent.
    :param excusable: how many justified items may be missing from that share.
    :param place: where the policy says so.
    :param parts_are_enough: whether several passed tests of parts verify the items that it selects.
    """

    name: str
    types: tuple[str, ...]
    kinds: tuple[ItemKind, ...]
    levels: tuple[str, ...]
    words: str
    need: Need
    at_least: float
    excusable: int
    place: Place
    parts_are_enough: bool = False

    def selects(self, item: Item) -> bool:
        """Whether an item is concerned."""
        return (
            (not self.types or item.tag.type in self.types)
            and (not self.kinds or item.kind in self.kinds)
            and (not self.levels or item.level in self.levels)
        )

    @property
    def said(self) -> str:
        """The demand in words."""
        whom = f"{' or '.join(self.types)} items" if self.types else "all items"
        if self.kinds:
            whom += f" of kind {' or '.join(kind.value for kind in self.kinds)}"
        if self.levels:
            whom += f" at {' or '.join(self.levels)}"
        return f"{whom} need {self.words}"


def parse_needs(text: str) -> Need:
    """Read what is needed.

    :raises ValueError: saying what is wrong.
    """
    if len(text) > NEEDS_LIMIT:
        raise ValueError(f"{len(text)} characters; expected at most {NEEDS_LIMIT}")
    return _Words(text).whole()


@dataclass(slots=True)
class _Words:
    """The words of a need, read from the left."""

    tokens: list[str]
    at: int

    def __init__(self, text: str) -> None:
        end = 0
        self.tokens, self.at = [], 0
        while text[end:].strip():
            match = _TOKEN.match(text, end)
            if match is None:
                raise ValueError(f"a quote that does not end in {text!r}; expected a name between two quotes")
            self.tokens.append(match[1])
            end = match.end()

    def whole(self) -> Need:
        need = self._any()
        if self.at < len(self.tokens):
            raise ValueError(f"{self.tokens[self.at]!r} after what was complete; expected 'and', 'or' or the end")
        return need

    def _any(self) -> Need:
        parts = self._divided("or", self._all)
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _all(self) -> Need:
        parts = self._divided("and", self._one)
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _divided(self, by: str, read: Callable[[], Need]) -> list[Need]:
        parts = [read()]
        while self.at < len(self.tokens) and self.tokens[self.at] == by:
            self.at += 1
            parts.append(read())
        return parts

    def _one(self) -> Need:
        token = self.tokens[self.at] if self.at < len(self.tokens) else "the end"
        self.at += 1
        if token == "(":
            need = self._any()
            if self.tokens[self.at : self.at + 1] != [")"]:
                raise ValueError("no closing bracket; expected one")
            self.at += 1
            return need
        if token in ("and", "or", ")", "the end"):
            raise ValueError(f"{token}; expected model, test, {', '.join(BY_HAND)}, review, coverage or an item type")
        if _WORD.fullmatch(token) is None:
            raise ValueError(f"{token!r}; expected a word of letters, 'and', 'or' or a bracket")
        if token in ("test", TEST_TYPE) and self.tokens[self.at : self.at + 1] == ["on"]:
            self.at += 1
            return self._on_target()
        return token

    def _on_target(self) -> Need:
        """What stands behind ``test on``."""
        named = self.tokens[self.at : self.at + 2]
        if named == ["all", "targets"]:
            self.at += 2
            return ALL_TARGETS
        if not named or named[0] in ("(", ")", "and", "or"):
            raise ValueError("test on nothing; expected the name of a target, or 'all targets'")
        self.at += 1
        return on_target(named[0].strip('"'))


def on_target(target: str) -> str:
    """What is needed where a policy asks for tests on one target."""
    return f"test on {target}"


def words_of(need: Need) -> Iterator[str]:
    """The words of a need."""
    if isinstance(need, str):
        yield need
    else:
        for part in need.parts:
            yield from words_of(part)


def is_met(need: Need, has: frozenset[str]) -> bool:
    """Whether what an item has is what it needs."""
    if isinstance(need, str):
        return need in has
    return (all if isinstance(need, AllOf) else any)(is_met(part, has) for part in need.parts)


class Evidence:
    """What items have, in the words of a policy."""

    def __init__(self, links: Iterable[Link], reviews: Iterable[Review]) -> None:
        self._covering: defaultdict[str, set[str]] = defaultdict(set)
        for link in links:
            if link.type == "covers" and link.status is LinkStatus.COVERS:
                self._covering[link.target].add(link.source.split("~", 1)[0])
        self._inspected = {(one.id, one.fingerprint) for one in reviews if one.holds}

    def of(self, one: TracedItem) -> frozenset[str]:
        """What an item has."""
        tag = str(one.item.tag)
        has = set(self._covering.get(tag, ())) - {TEST_TYPE}
        # What was found for a text that nobody has agreed to since it changed is stale, and what is stale counts for nothing.
        if tag not in one.suspect:
            has |= {"test", TEST_TYPE} if one.test is Result.PASSED else set()
            has |= set(_passed_on(one))
            has |= {"model"} if one.model is Result.PASSED else set()
        if one.coverage is Coverage.COVERED:
            has.add("coverage")
        if (tag, one.fingerprint) in self._inspected:
            has.add("review")
        if one.methods:
            passed = {entry.method for entry in one.methods if entry.result is Result.PASSED}
            has |= {word for word, method in BY_HAND.items() if method in passed}
        return frozenset(has)


def _passed_on(one: TracedItem) -> Iterator[str]:
    """What a policy can ask of tests on targets, and an item has; what ran nobody knows where is on no target."""
    for entry in one.targets:
        if entry.target and entry.result is Result.PASSED:
            yield on_target(entry.target)
    everywhere = all(entry.target and entry.result is Result.PASSED for entry in one.targets)
    if one.targets and everywhere and not one.untried:
        yield ALL_TARGETS


@dataclass(slots=True)
class Judgement:
    """What a policy finds.

    :param lacks: for each item that lacks something, by tag, what, in the policy's words.
    :param unmet: for each of these, the words of the needs that are not met and that it has not.
    """

    gates: tuple[Gate, ...]
    findings: tuple[Finding, ...]
    lacks: dict[str, tuple[str, ...]]
    unmet: dict[str, frozenset[str]]


def judge(demands: Sequence[Demand], items: Sequence[TracedItem], evidence: Evidence) -> Judgement:
    """Hold items against the demands of a policy."""
    gates, findings = [], []
    lacks: defaultdict[str, dict[str, None]] = defaultdict(dict)
    unmet: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    has = {one.item.tag: evidence.of(one) for one in items} if demands else {}
    for demand in demands:
        concerned = [one for one in items if demand.selects(one.item)]
        missing = [one for one in concerned if not is_met(demand.need, has[one.item.tag])]
        words = frozenset(words_of(demand.need))
        for one in missing:
            lacks[str(one.item.tag)][demand.words] = None
            unmet[str(one.item.tag)] |= words - has[one.item.tag]
        gate = _gate(demand, concerned, missing)
        gates.append(gate)
        if gate.met is False:
            findings.append(_unmet(demand, gate, missing))
    findings += _unknown_words(demands, items)
    return Judgement(tuple(gates), tuple(findings), {tag: tuple(said) for tag, said in lacks.items()}, dict(unmet))


def method_of(word: str) -> str:
    """The method that a word of a policy asks for; empty for a word that asks for something else."""
    if word in (TEST, TEST_TYPE) or word.startswith("test on "):
        return TEST
    return word if word == MODEL else BY_HAND.get(word, "")


def methods_asked(demands: Iterable[Demand], item: Item) -> frozenset[str]:
    """The methods by hand that a policy asks for."""
    words = {word for demand in demands if demand.selects(item) for word in words_of(demand.need)}
    return frozenset(method for word, method in BY_HAND.items() if word in words)


def _gate(demand: Demand, concerned: Sequence[TracedItem], missing: Sequence[TracedItem]) -> Gate:
    counted, justified = len(concerned) - len(missing), sum(one.justified for one in missing)
    enough = (counted + min(justified, demand.excusable)) * 100 >= demand.at_least * len(concerned)
    return Gate(
        name=demand.name,
        words=demand.said,
        counted=counted,
        of=len(concerned),
        justified=justified,
        excusable=demand.excusable,
        required=demand.at_least,
        met=enough if concerned else None,
    )


def _unmet(demand: Demand, gate: Gate, missing: Sequence[TracedItem]) -> Finding:
    named = ", ".join(str(one.item.tag) for one in missing[:_NAMED])
    more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    justified = f" ({gate.justified} of the others justified, {gate.excusable} may be)" if gate.justified else ""
    message = (
        f"{gate.name}: {gate.words}: found {gate.counted} of {gate.of}{justified}; "
        f"expected at least {gate.required:g} %; lacking: {named}{more}"
    )
    return Finding("gate", demand.place, gate.name, message)


def _unknown_words(demands: Iterable[Demand], items: Iterable[TracedItem]) -> Iterator[Finding]:
    """What is needed and is neither a word of ours nor the type of any item: a slip would go unseen beside an ``or``."""
    items = tuple(items)
    known = {"model", "test", "review", "coverage", TEST_TYPE, *BY_HAND}
    known |= {one.item.tag.type for one in items} | {need for one in items for need in one.item.needs} | {ALL_TARGETS}
    targets = {entry.target for one in items for entry in one.targets} | {each for one in items for each in one.untried}
    known |= {on_target(target) for target in targets}
    for demand in demands:
        for word in dict.fromkeys(words_of(demand.need)):
            if word not in known:
                yield Finding("policy", demand.place, demand.name, f"{demand.name}: {_unknown(word, targets)}")


def _unknown(word: str, targets: set[str]) -> str:
    if word.startswith("test on "):
        named = ", ".join(sorted(targets - {""})) or "reports that name their targets"
        return f"found the need of a {word}, on which no test ran that verifies an item; expected {named}"
    return (
        f"found the need of {word!r}, a type that no item has; "
        f"expected model, test, {', '.join(BY_HAND)}, review, coverage or the type of an item"
    )
