"""Holds one platform against the rules of the document, and the outcome against what its author expects.

Which rules there are is read from the model (:data:`sphinx_xenfusa.model.rules.RULES`); nothing here knows any of them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from sphinx_xenfusa.model.platform import Platform
from sphinx_xenfusa.model.rules import RULES

COMPATIBLE = "compatible"
"""Expected of a platform that breaks no rule."""


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """A rule on one platform.

    :param rule: the name part of its tag.
    :param section: where the document states it.
    :param broken_by: who breaks it; empty when it is obeyed.
    """

    rule: str
    section: str
    broken_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlatformCheck:
    """All rules on one platform, in the order of the document.

    :param expected: the rules that its author expects to be broken, none of them for a compatible platform; ``None`` when the
        author says nothing, or nothing that can be understood.
    """

    outcomes: tuple[RuleOutcome, ...]
    expected: frozenset[str] | None

    @property
    def broken(self) -> tuple[str, ...]:
        """The rules that the platform breaks."""
        return tuple(one.rule for one in self.outcomes if one.broken_by)

    def as_expected(self, outcome: RuleOutcome) -> bool | None:
        """Whether a rule came out as expected; ``None`` without an expectation."""
        return None if self.expected is None else bool(outcome.broken_by) == (outcome.rule in self.expected)

    @property
    def wrong(self) -> tuple[RuleOutcome, ...]:
        """The rules that did not come out as expected."""
        return tuple(one for one in self.outcomes if self.as_expected(one) is False)


def check(platform: Platform, expected: frozenset[str] | None) -> PlatformCheck:
    """Hold a platform against every rule."""
    return PlatformCheck(tuple(RuleOutcome(one.name, one.section, one.broken_by(platform)) for one in RULES), expected)


def expected_rules(words: Iterable[str]) -> frozenset[str]:
    """The rules that an author expects to be broken: ``compatible`` for none, else their names or tags.

    :raises ValueError: saying what is wrong: no word, a rule that does not exist, ``compatible`` beside a rule.
    """
    said = tuple(words)
    names = frozenset(_name(word) for word in said)
    if not said or (COMPATIBLE in names and len(names) > 1):
        found = "nothing" if not said else f"{COMPATIBLE} beside {', '.join(sorted(names - {COMPATIBLE}))}"
        raise ValueError(f"found {found}; expected {COMPATIBLE}, or the rules that the platform breaks")
    known = [rule.name for rule in RULES]
    for word in said:
        if _name(word) not in (COMPATIBLE, *known):
            close = difflib.get_close_matches(_name(word), [COMPATIBLE, *known], n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            raise ValueError(f"found {word!r}{hint}; expected {COMPATIBLE}, or rules out of {', '.join(known)}")
    return names - {COMPATIBLE}


def _name(word: str) -> str:
    """The name of a rule, of which a tag (``XenArch~hwdom_single~1``) is the longer form."""
    parts = word.split("~")
    return parts[1] if len(parts) == 3 else word
