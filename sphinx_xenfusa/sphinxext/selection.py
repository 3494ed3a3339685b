"""What an author asks of a matrix: its form, which columns, which requirements; words that mean nothing are told and ignored.

A filter that loses all its words shows more, never less, and a form that cannot be made is the plain one.  What is left out is
counted by state, so that a table can say what it does not show.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from sphinx_xenfusa.trace.cross import FIELDS, NOT_SAID
from sphinx_xenfusa.trace.linker import TEST_TYPE
from sphinx_xenfusa.trace.neighbours import CLAIM, TEST
from sphinx_xenfusa.trace.record import Finding, Item, Place, TracedItem
from sphinx_xenfusa.trace.states import ItemKind, Result
from sphinx_xenfusa.trace.thresholds import Threshold, parse_threshold

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
    "model",
    "methods",
    "targets",
    "untried",
    "covers",
    "covered by",
    "needs",
    "coverage",
    "lacks",
    "suspect",
    "review",
    "justification",
    "assumptions",
    "text",
    "rationale",
    "comment",
    "level",
    "owner",
    "discharge",
    "source",
    "role",
    "privilege",
    "operation",
    "target",
    "restricts",
    "labels",
    "depends",
    "approval",
    "origin",
    "place",
    "fingerprint",
)
"""The columns that every record has; each of its policies is one more."""
DEFAULT_COLUMNS = ("requirement", "kind", "policies", "tests", "state")
DIRECTED_COLUMNS = ("requirement", "state")
"""Beside the columns of the neighbours."""
SYNONYMS = {"status": "state", "killing mutant": "mutant", "verdict": "verdicts", "claim": "claims", "test": "tests"}
"""Other words for some columns."""
NO_KIND = "none"
"""The word for items without a kind (Xen's own)."""
_NAMED = 3
"""Words of a filter that a threshold repeats."""
FILTERS = ("types", "kinds", "chapters", "status", "tags")
DIRECTIONS = ("covers", "covered-by")
"""The options that ask for the neighbours of each item; empty, they ask for all types."""
DIMENSIONS = ("rows", "across")
"""The two options of a matrix in two dimensions: item types, or one of the fields."""
FORMS = (*DIRECTIONS, "path", *DIMENSIONS)
"""The options that ask for another form than one row for each item."""
STEP_WORDS = {TEST_TYPE: TEST, "tests": TEST, "claims": CLAIM}
"""Other words for what a path leads to that is no item."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of a matrix, as written.

    :param place: where the directive stands.
    :param filters: the words of each filter that is given, in the order of :data:`FILTERS`.
    :param forms: the words of each of :data:`FORMS` that is given, none for one that is given and empty.
    :param gates: the thresholds.
    :param gates_at: where these stand.
    """

    place: Place
    columns: tuple[str, ...] = ()
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    forms: tuple[tuple[str, tuple[str, ...]], ...] = ()
    gates: tuple[str, ...] = ()
    gates_at: Place | None = None


@dataclass(frozen=True)
class Vocabulary:
    """The words that a record knows.

    :param types: the types of its tags.
    :param chapters: the documents that a word means: by name, or by title in small letters.
    :param titles: the title of each document.
    :param chapter_of: the document in which each tag stands.
    :param needed: the types that items need.
    """

    policies: tuple[str, ...]
    types: tuple[str, ...]
    chapters: Mapping[str, frozenset[str]]
    titles: Mapping[str, str]
    chapter_of: Mapping[str, str]
    needed: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, items: Iterable[Item], policies: tuple[str, ...], titles: Mapping[str, str], chapter_of: Mapping[str, str]
    ) -> Vocabulary:
        """The words for some items.

        :param titles: the title of each document.
        """
        types, documents, needed = set[str](), set[str](), set[str]()
        chapters: dict[str, frozenset[str]] = {}
        for item in items:
            types.add(item.tag.type)
            needed.update(item.needs)
            tag = str(item.tag)
            documents |= {chapter_of[tag]} if tag in chapter_of else set()
        for docname in sorted(documents):
            for word in (docname, plain(titles.get(docname, docname))):
                chapters[word] = chapters.get(word, frozenset()) | {docname}
        needed -= {TEST_TYPE} if TEST_TYPE not in types else set()
        return cls(policies, tuple(sorted(types)), chapters, titles, chapter_of, tuple(sorted(needed)))

    @property
    def fields(self) -> tuple[str, ...]:
        """What a dimension may be that is no item type."""
        return ("chapter", *FIELDS)

    def chapter(self, traced: TracedItem) -> str:
        """The title of the document in which an item stands."""
        docname = self.chapter_of.get(str(traced.item.tag), "")
        return self.titles.get(docname, docname) or NOT_SAID

    @property
    def steps(self) -> tuple[str, ...]:
        """What a direction or a path may name: item types, those among them that are asked for and missing, claims and tests."""
        return (*sorted({*self.types, *self.needed} - {TEST_TYPE}), CLAIM, TEST)


def plain(words: str) -> str:
    """A title as it is compared: small letters, single blanks."""
    return " ".join(words.split()).casefold()


@dataclass(frozen=True)
class Selection:
    """Which columns and which requirements a matrix shows, and in which form.

    :param columns: each once; ``requirement`` comes first.
    :param filters: what is left of each filter once unknown words are gone; no entry for a filter that lets all pass.
    :param covers: the types of which it shows what an item covers; none for all; ``None`` if it does not show it.
    :param covered_by: the same of what covers an item: types, claims or tests.
    :param path: the steps from a type downwards; empty for a matrix of another form.
    :param rows: the item types, or the field, of a matrix in two dimensions; the same of its columns.
    :param thresholds: those that can be read.
    :param misread: whether there is one that cannot.
    """

    columns: tuple[str, ...]
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    covers: tuple[str, ...] | None = None
    covered_by: tuple[str, ...] | None = None
    path: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    across: tuple[str, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    misread: bool = False

    @property
    def is_directed(self) -> bool:
        """Whether it shows the neighbours of each item."""
        return self.covers is not None or self.covered_by is not None

    def admits(self, traced: TracedItem, vocabulary: Vocabulary) -> bool:
        """Whether a requirement is shown: it passes each filter."""
        return self._passes(traced, vocabulary, self.filters)

    def concerns(self, traced: TracedItem, vocabulary: Vocabulary) -> bool:
        """Whether a threshold is about a requirement: a filter by state would make of any a true one."""
        filters = {name: words for name, words in self.filters.items() if name != "status"}
        return self._passes(traced, vocabulary, filters)

    def _passes(self, traced: TracedItem, vocabulary: Vocabulary, filters: Mapping[str, tuple[str, ...]]) -> bool:
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
        return all(any(passes[name](word) for word in words) for name, words in filters.items())

    @property
    def words(self) -> str:
        """What the filters say, for the reader."""
        return self._said(*FILTERS)

    @property
    def whom(self) -> str:
        """What the thresholds are about, for the reader."""
        asked = {name: self.filters[name] for name in FILTERS if name != "status" and name in self.filters}
        said = "; ".join(f"{name} {_first(words)}" for name, words in asked.items())
        return f"items of {said}" if said else "all items"

    def _said(self, *names: str) -> str:
        return "; ".join(f"{name} {', '.join(self.filters[name])}" for name in names if name in self.filters)


def _first(words: Sequence[str]) -> str:
    """The first of many words, and how many more there are: the matrix itself has all of them."""
    shown = ", ".join(words[:_NAMED])
    return shown if len(words) <= _NAMED else f"{shown} and {len(words) - _NAMED:,} more"


def _documents(word: str, vocabulary: Vocabulary) -> frozenset[str]:
    return vocabulary.chapters.get(word) or vocabulary.chapters.get(plain(word), frozenset())


def select(asked: Asked, vocabulary: Vocabulary) -> tuple[Selection, tuple[Finding, ...]]:
    """What is asked for in words that are known, and a finding for each other word."""
    return _Reader(asked, vocabulary).selection()


class _Reader:
    """Reads the options of one matrix."""

    def __init__(self, asked: Asked, vocabulary: Vocabulary) -> None:
        self._asked = asked
        self._vocabulary = vocabulary
        self._findings: list[Finding] = []

    def selection(self) -> tuple[Selection, tuple[Finding, ...]]:
        """What is asked for, and what is wrong with it."""
        filters = self._filters()
        forms = self._forms()
        path = self._path(forms, filters)
        thresholds = [one for text in self._asked.gates if (one := self._threshold(text)) is not None]
        rows, across = self._dimensions(forms, filters) if not path else ((), ())
        directions = {name: None if path or rows else forms.get(name) for name in DIRECTIONS}
        selection = Selection(
            self._columns(directed=bool(forms)),
            filters,
            directions["covers"],
            directions["covered-by"],
            path,
            rows,
            across,
            tuple(thresholds),
            len(thresholds) < len(self._asked.gates),
        )
        return selection, tuple(self._findings)

    def _tell(self, message: str, subtype: str = "option", place: Place | None = None) -> None:
        self._findings.append(Finding(subtype, place or self._asked.place, "", message))

    def _known(self, what: str, words: Sequence[str], expected: Sequence[str]) -> list[str]:
        kept = []
        for word in words:
            if word in expected or (what == "chapter" and _documents(word, self._vocabulary)):
                kept.append(word)
            else:
                self._tell(_unknown(what, word, expected))
        return kept

    def _filters(self) -> dict[str, tuple[str, ...]]:
        vocabulary, given = self._vocabulary, dict(self._asked.filters)
        expected_words: Mapping[str, tuple[str, Sequence[str]]] = {
            "types": ("type", vocabulary.types),
            "kinds": ("kind", (*(kind.value for kind in ItemKind), NO_KIND)),
            "chapters": ("chapter", tuple(vocabulary.chapters)),
            "status": ("state", tuple(result.value for result in Result)),
        }
        filters: dict[str, tuple[str, ...]] = {}
        for name in FILTERS:
            words = given.get(name, ())
            what, expected = expected_words.get(name, (name, words))
            if left := self._known(what, words, expected):
                filters[name] = tuple(left)
        return filters

    def _columns(self, directed: bool) -> tuple[str, ...]:
        vocabulary = self._vocabulary
        named = [SYNONYMS.get(word, word) for word in self._asked.columns]
        default = DIRECTED_COLUMNS if directed else DEFAULT_COLUMNS
        columns = self._known("column", named, (*COLUMNS, *vocabulary.policies)) or default
        expanded = [one for word in columns for one in _expanded(word, vocabulary)]
        return tuple(dict.fromkeys(["requirement", *expanded]))

    def _forms(self) -> dict[str, tuple[str, ...]]:
        """What each option about the form names; one of which no word is known is not there, or it would ask for all."""
        types = self._vocabulary.steps[:-2]
        expected = {"covers": types, **dict.fromkeys(DIMENSIONS, (*types, *self._vocabulary.fields))}
        forms: dict[str, tuple[str, ...]] = {}
        for name, given in self._asked.forms:
            words = [STEP_WORDS.get(word, word) for word in given] if name not in DIMENSIONS else given
            left = self._known("step", words, expected.get(name, self._vocabulary.steps))
            if left or not words:
                forms[name] = tuple(left)
        return forms

    def _path(self, forms: Mapping[str, tuple[str, ...]], filters: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
        """The steps of a path; it begins with items, and its first step is the filter by type."""
        if "path" not in forms:
            return ()
        path = forms["path"]
        if len(path) < 2 or path[0] in (CLAIM, TEST):
            found = ", ".join(path) or "nothing"
            expected = "expected an item type and at least one step more, as in XenMkt, XenProd, claim, test"
            self._tell(f"found the path {found!r} in xen:matrix, which is ignored; {expected}")
            return ()
        self._only("path", [*DIRECTIONS, *DIMENSIONS], forms, filters)
        filters["types"] = path[:1]
        return path

    def _only(
        self, form: str, others: Sequence[str], forms: Mapping[str, object], filters: Mapping[str, object]
    ) -> None:
        """Tell of options that a form has no use for."""
        beside = [name for name in others if name in forms] + (["types"] if "types" in filters else [])
        beside += ["columns"] if self._asked.columns else []
        for name in beside:
            self._tell(f"found :{name}: beside :{form}: in xen:matrix, which is ignored; expected one of the two")

    def _dimensions(
        self, forms: Mapping[str, tuple[str, ...]], filters: dict[str, tuple[str, ...]]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The rows and the columns of a matrix in two dimensions; the types of its rows are the filter by type."""
        given = [name for name in DIMENSIONS if name in dict(self._asked.forms)]
        if not given:
            return (), ()
        rows, across = forms.get("rows", ()), forms.get("across", ())
        fields = self._vocabulary.fields
        one_field = all(len(words) == 1 or not {*words} & {*fields} for words in (rows, across))
        if not rows or not across or not one_field or (rows[0] in fields and across[0] not in fields):
            found = f":rows: {', '.join(rows) or 'nothing'}, :across: {', '.join(across) or 'nothing'}"
            expected = (
                "expected both: item types as rows and item types or one field across, or one field and another one"
            )
            self._tell(f"found {found} in xen:matrix, which are ignored; {expected} ({', '.join(fields)})")
            return (), ()
        by_field = rows[0] in fields
        self._only("rows", DIRECTIONS, forms, {} if by_field else filters)
        if not by_field:
            filters["types"] = rows
        return rows, across

    def _threshold(self, text: str) -> Threshold | None:
        try:
            return parse_threshold(text)
        except ValueError as error:
            # A gate that is not understood is not met: a slip of the pen must not open it.
            self._tell(f"{error}; the gate counts as not met", "gate", self._asked.gates_at)
            return None


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
