"""The style that Xen asks of its requirements, as rules: each finding names the rule that it is of.

Source: ``docs/fusa/reqs/REQUIREMENTS-STYLE`` of Xen's tree (definitive tone, "Xen shall ..."; a single thought; clear and
unambiguous), and for the weak words appendix C of NASA's Systems Engineering Handbook, which that file names as its source.

A rule looks at the words alone.  It is a hint to a reviewer, who may know better: then the finding is suppressed, with a reason
that the record keeps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sphinx_xenfusa.trace.fingerprint import normalise
from sphinx_xenfusa.trace.record import Finding, Item, Place, Suppressed
from sphinx_xenfusa.trace.sentences import sentences_of

SUBTYPE = "style"

WEAK_WORDS = (
    "adequate",
    "and/or",
    "appropriate",
    "as far as possible",
    "as much as possible",
    "as required",
    "be able to",
    "but not limited to",
    "could",
    "easy",
    "efficient",
    "etc",
    "fast",
    "flexible",
    "generally",
    "if possible",
    "if practical",
    "may",
    "might",
    "normally",
    "quickly",
    "reasonable",
    "robust",
    "should",
    "sufficient",
    "tbc",
    "tbd",
    "timely",
    "typically",
    "user-friendly",
    "usually",
    "where possible",
)
"""Words that leave open what is asked for, or whether."""

_WEAK = re.compile(rf"(?<![\w/-])(?:{'|'.join(map(re.escape, WEAK_WORDS))})(?![\w/-])", re.IGNORECASE)
_OPENS = re.compile(r"Xen shall\b")
_SHALL = re.compile(r"\bshall\b", re.IGNORECASE)
_SHOWN = 60


def _opening(text: str) -> Iterator[str]:
    if not _OPENS.match(text):
        yield f"found a text that begins with {_cut(text)!r}; expected it to open with 'Xen shall'"


def _one_thought(text: str) -> Iterator[str]:
    sentences = len(sentences_of(text))
    demands = len(_SHALL.findall(text))
    if sentences > 1 or demands > 1:
        yield f"found {sentences} sentence{'s' if sentences != 1 else ''} with {demands} times 'shall'; expected one thought"


def _weak_words(text: str) -> Iterator[str]:
    found = sorted({match[0].casefold() for match in _WEAK.finditer(text)})
    if found:
        yield f"found {', '.join(map(repr, found))}; expected words that leave nothing open"


RULES: Mapping[str, Callable[[str], Iterator[str]]] = {
    "opening": _opening,
    "one thought": _one_thought,
    "weak words": _weak_words,
}
"""Each looks at the normalised text of an item, and says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a rule does not count for an item.

    :param id: the tag of the item, revision included, so that a new revision is looked at again.
    :param place: where it stands.
    """

    id: str
    rule: str
    reason: str
    place: Place


@dataclass(frozen=True, slots=True)
class Style:
    """Which rules hold for which items.

    :param types: the item types that are looked at.
    """

    types: frozenset[str]
    rules: tuple[str, ...] = tuple(RULES)
    suppressions: tuple[Suppression, ...] = ()


XEN = Style(frozenset({"XenMkt", "XenProd", "XenSwdgn"}))
"""All rules for the item types of Xen's own tree."""


@dataclass(frozen=True, slots=True)
class Styled:
    """What came of the checks: findings, and those that a reason suppresses."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]


def check_style(items: Iterable[Item], style: Style) -> Styled:
    """Hold the texts of items against the rules; a suppression that suppresses nothing is a finding itself."""
    reasons = {(one.id, one.rule): one for one in style.suppressions}
    used: set[Suppression] = set()
    findings: list[Finding] = []
    suppressed: list[Suppressed] = []
    for item in items:
        if item.tag.type not in style.types:
            continue
        for rule, message in _broken(normalise(item.text), style.rules):
            tag = str(item.tag)
            reason = reasons.get((tag, rule))
            if reason is None:
                findings.append(Finding(SUBTYPE, item.place, tag, f"{rule}: {message}"))
            else:
                used.add(reason)
                suppressed.append(
                    Suppressed(SUBTYPE, item.place, tag, f"{rule}: {message}", reason.reason, reason.place)
                )
    for idle in style.suppressions:
        if idle not in used:
            message = (
                f"found a suppression of the rule {idle.rule!r} for {idle.id}, which breaks no such rule; expected none"
            )
            findings.append(Finding(SUBTYPE, idle.place, idle.id, message))
    return Styled(tuple(findings), tuple(suppressed))


def _broken(text: str, rules: Iterable[str]) -> Iterator[tuple[str, str]]:
    for rule in rules:
        for message in RULES[rule](text):
            yield rule, message


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
