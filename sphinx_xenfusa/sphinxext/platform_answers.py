"""Whether the platforms in files are compatible with safety: the assessment of ``xenfusa check-platform``, once for each content.

An assessment is a search.  It is kept beside what was read of the documents, under a digest of the configuration and of all code
that it depends on: a build searches again only what has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path

from sphinx_xenfusa.assessment.assess import Assessment, assess
from sphinx_xenfusa.assessment.checks import judge_checks
from sphinx_xenfusa.assessment.judgement import Compatibility
from sphinx_xenfusa.assessment.report import repair_lines, summary_line
from sphinx_xenfusa.assessment.rules import judge_rules
from sphinx_xenfusa.assessment.search import repairs
from sphinx_xenfusa.confirm.cache import package_digest
from sphinx_xenfusa.platforms.configuration import Configuration

MOST_TRIED = 500
"""Sets of changes of which a build looks for one that mends a platform: some seconds' work; the command tries more."""
SWITCHED_OFF = "the confirmation is switched off (xenfusa_confirm)"
_ROOM = Path(__file__).parents[1] / "assessment"


@dataclass(frozen=True)
class Mending:
    """The smallest changes after which a platform is acceptable.

    :param words: what was searched and how many changes it takes; empty where there is nothing to mend.
    :param sets: each a set of changes that will do.
    """

    words: str
    sets: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Answer:
    """Whether a platform is compatible with safety.

    :param not_run: why nothing was searched that should have been; empty if it was.
    """

    assessment: Assessment
    mending: Mending
    not_run: str = ""

    @property
    def compatibility(self) -> Compatibility | None:
        """The answer; ``None`` while nothing has run that could give it."""
        return None if self.not_run else self.assessment.compatibility

    @property
    def words(self) -> str:
        """The answer in the words of ``xenfusa check-platform``."""
        return summary_line(self.assessment).removeprefix(f"{self.assessment.configuration.name}: ")


Ask = Callable[[Configuration], Answer]


def assessed(configuration: Configuration) -> Answer:
    """Assess a configuration, and search what would mend it."""
    assessment = assess(configuration)
    found = repairs(assessment, MOST_TRIED)
    first = next(repair_lines(found), "").strip(" →")
    more = "" if found.complete or not first else " In a build no more are tried: xenfusa check-platform tries them."
    return Answer(
        assessment, Mending(f"{first}{more}", tuple(tuple(one.words for one in chosen) for chosen in found.sets))
    )


def not_searched(configuration: Configuration) -> Answer:
    """The rules and checks, and nothing searched: while the confirmation is switched off."""
    rules = tuple(judge_rules(configuration))
    judged = (*rules, *judge_checks(configuration, {one.id: one for one in rules}))
    return Answer(Assessment(configuration, judged, None, (), SWITCHED_OFF), Mending(""), SWITCHED_OFF)


class KeptAnswers:
    """The answers of a build, with those of the build before.

    :param kept: the answers of the build before by their keys; from now on those that are asked for in this one.
    """

    def __init__(self, kept: MutableMapping[str, Answer]) -> None:
        self._before = dict(kept)
        self._now = kept
        self._now.clear()
        self._code = ""

    def of(self, configuration: Configuration) -> Answer:
        """The answer for a configuration, kept or found now."""
        key = self._key(configuration)
        if key not in self._now:
            self._now[key] = self._before.get(key) or assessed(configuration)
        return self._now[key]

    def _key(self, configuration: Configuration) -> str:
        if not self._code:
            made = hashlib.sha256(package_digest().encode())
            for path in (*sorted(_ROOM.glob("*.py")), Path(__file__)):
                made.update(path.read_bytes())
            self._code = made.hexdigest()
        return hashlib.sha256(f"{self._code}\0{plain(configuration)!r}".encode("utf-8", "surrogatepass")).hexdigest()


def plain(value: object) -> object:
    """Data whose representation is the same in every process: sets are sorted."""
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        return [type(value).__name__, *(plain(getattr(value, one.name)) for one in fields(value))]
    return value
