"""What an author asks of a matrix: which columns, which requirements; words that mean nothing are told and ignored.

A filter that loses all its words shows more, never less.  What is left out is counted by state, so that a table can say what
it does not show.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from sphinx_xenfusa.trace.record import Finding, Place, Tag, TracedItem
from sphinx_xenfusa.trace.states import ItemKind, Result

COLUMNS = (
    "requirement",
    "kind",
    "chapter",
    "state",
    "inherited",
    "policies",
    "verdicts",
    "claims",
    "scope",
    "witness",
    "mutant",
    "tests",
    "covers",
    "needs",
    "rationale",
    "comment",
    "level",
    "owner",
    "discharge",
    "source",
    "place",
    "fingerprint",
)
"""The columns that every record has; each of its policies is one more."""
DEFAULT_COLUMNS = ("requirement", "kind", "policies", "tests", "state")
SYNONYMS = {"status": "state", "killing mutant": "mutant", "verdict": "verdicts", "claim": "claims", "test": "tests"}
"""Other words for some columns."""
NO_KIND = "none"
"""The word for items without a kind (Xen's own)."""
FILTERS = ("types", "kinds", "chapters", "status", "tags")


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of a matrix, as written.

    :param place: where the directive stands.
    :param filters: the words of each filter that is given, in the order of :data:`FILTERS`.
    """

    place: Place
    columns: tuple[str, ...] = ()
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """The words that a record knows.

    :param types: the types of its tags.
    :param chapters: the documents that a word means: by name, or by title in small letters.
    :param titles: the title of each document.
    :param chapter_of: the document in which each tag stands.
    """

    policies: tuple[str, ...]
    types: tuple[str, ...]
    chapters: Mapping[str, frozenset[str]]
    titles: Mapping[str, str]
    chapter_of: Mapping[str, str]

    @classmethod
    def of(
        cls, tags: Iterable[Tag], policies: tuple[str, ...], titles: Mapping[str, str], chapter_of: Mapping[str, str]
    ) -> Vocabulary:
        """The words for some tags.

        :param titles: the title of each document.
        """
        types, documents = set[str](), set[str]()
        chapters: dict[str, frozenset[str]] = {}
        for tag in tags:
            types.add(tag.type)
            documents |= {chapter_of[str(tag)]} if str(tag) in chapter_of else set()
        for docname in sorted(documents):
            for word in (docname, plain(titles.get(docname, docname))):
                chapters[word] = chapters.get(word, frozenset()) | {docname}
        return cls(policies, tuple(sorted(types)), chapters, titles, chapter_of)


def plain(words: str) -> str:
    """A title as it is compared: small letters, single blanks."""
    return " ".join(words.split()).casefold()


@dataclass(frozen=True)
class Selection:
    """Which columns and which requirements a matrix shows.

    :param columns: each once; ``requirement`` comes first.
    :param filters: what is left of each filter once unknown words are gone; no entry for a filter that lets all pass.
    """

    columns: tuple[str, ...]
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def admits(self, traced: TracedItem, vocabulary: Vocabulary) -> bool:
        """Whether a requirement is shown: it passes each filter."""
        item = traced.item
        tag = str(item.tag)
        chapter = vocabulary.chapter_of.get(tag, "")
        passes: dict[str, Callable[[str], bool]] = {
            "types": lambda word: word == item.tag.type,
            "kinds": lambda word: word == (item.kind.value if item.kind else NO_KIND),
            "chapters": lambda word: chapter in _documents(word, vocabulary),
            "status": lambda word: word == traced.result.value,
            "tags": lambda word: fnmatchcase(tag, word),
        }
        return all(any(passes[name](word) for word in words) for name, words in self.filters.items())

    @property
    def words(self) -> str:
        """What the filters say, for the reader."""
        return "; ".join(f"{name} {', '.join(words)}" for name, words in self.filters.items())


def _documents(word: str, vocabulary: Vocabulary) -> frozenset[str]:
    return vocabulary.chapters.get(word) or vocabulary.chapters.get(plain(word), frozenset())


def select(asked: Asked, vocabulary: Vocabulary) -> tuple[Selection, tuple[Finding, ...]]:
    """What is asked for in words that are known, and a finding for each other word."""
    findings: list[Finding] = []

    def known(what: str, words: Sequence[str], expected: Sequence[str]) -> list[str]:
        kept = []
        for word in words:
            if word in expected or (what == "chapter" and _documents(word, vocabulary)):
                kept.append(word)
            else:
                findings.append(Finding("option", asked.place, "", _unknown(what, word, expected)))
        return kept

    given = dict(asked.filters)
    expected_words = {
        "types": ("type", vocabulary.types),
        "kinds": ("kind", (*(kind.value for kind in ItemKind), NO_KIND)),
        "chapters": ("chapter", tuple(vocabulary.chapters)),
        "status": ("state", tuple(result.value for result in Result)),
    }
    filters: dict[str, tuple[str, ...]] = {}
    for name in FILTERS:
        words = given.get(name, ())
        left = known(*_asked_for(expected_words, name, words)) if name in expected_words else list(words)
        if left:
            filters[name] = tuple(left)
    columns = known("column", [SYNONYMS.get(word, word) for word in asked.columns], (*COLUMNS, *vocabulary.policies))
    expanded = [one for word in columns or DEFAULT_COLUMNS for one in _expanded(word, vocabulary)]
    return Selection(tuple(dict.fromkeys(["requirement", *expanded])), filters), tuple(findings)


def _asked_for(
    expected: Mapping[str, tuple[str, Sequence[str]]], name: str, words: Sequence[str]
) -> tuple[str, Sequence[str], Sequence[str]]:
    what, known = expected[name]
    return what, words, known


def _expanded(column: str, vocabulary: Vocabulary) -> Sequence[str]:
    return vocabulary.policies if column == "policies" else (column,)


def _unknown(what: str, word: str, expected: Sequence[str]) -> str:
    near = difflib.get_close_matches(plain(word), expected, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    listed = ", ".join(expected) or "none, because the record has no requirement"
    return f"found the {what} {word!r} in xen:matrix, which is ignored; expected one of {listed}{hint}"


def left_out(items: Iterable[TracedItem], selection: Selection, vocabulary: Vocabulary) -> Counter[Result]:
    """How many requirements of each state the selection does not show."""
    return Counter(one.result for one in items if not selection.admits(one, vocabulary))
