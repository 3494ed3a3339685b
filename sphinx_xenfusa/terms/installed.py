"""The vocabulary that is installed: ours, and that of users' own packages; and the look-up of its words.

A package offers terms through the entry point group ``sphinx_xenfusa.vocabulary``; each entry point names a sequence of
:class:`~sphinx_xenfusa.terms.term.Term`.  A faulty entry point costs its own terms, never the others.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from sphinx_xenfusa import __version__
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.terms.ours import our_terms
from sphinx_xenfusa.terms.term import Term, TermKind

GROUP = "sphinx_xenfusa.vocabulary"
_PACKAGE = Path(__file__).parents[1]
_FEW = 12
"""So many words of a set are all named to an author who wrote none of them."""


@dataclass(frozen=True)
class Vocabulary:
    """Terms by kind and name.

    :param faults: what was wrong with entry points; their terms are not among the others.
    """

    terms: tuple[Term, ...]
    faults: tuple[InputError, ...] = ()

    @functools.cached_property
    def _by_name(self) -> Mapping[tuple[TermKind, str], Term]:
        return {(term.kind, term.name): term for term in self.terms}

    @functools.cached_property
    def groups(self) -> Mapping[str, tuple[Term, ...]]:
        """The operations of each group and family that a requirement can name in place of them; an operation's own name wins."""
        found: dict[str, list[Term]] = {}
        for term in self.of(TermKind.OPERATION):
            for group in dict.fromkeys((term.group, *term.families)):
                if group and (TermKind.OPERATION, group) not in self._by_name:
                    found.setdefault(group, []).append(term)
        return {group: tuple(terms) for group, terms in found.items()}

    def of(self, kind: TermKind) -> tuple[Term, ...]:
        """The terms of a kind, ours first."""
        return tuple(term for term in self.terms if term.kind is kind)

    def find(self, kind: TermKind, name: str) -> Term | None:
        """The term of that name, or ``None``."""
        return self._by_name.get((kind, name))

    def words(self, kind: TermKind) -> tuple[str, ...]:
        """What a typed field of that kind may say: the terms, and for operations their groups."""
        names = tuple(term.name for term in self.of(kind))
        return (*names, *self.groups) if kind is TermKind.OPERATION else names

    def unknown(self, kind: TermKind, word: str, *, groups: bool = False) -> str:
        """What to tell of a word that is none of a kind: what was found, and the nearest that is one.

        :param groups: whether the groups of operations count as words.
        """
        known = self.words(kind) if groups else tuple(term.name for term in self.of(kind))
        return f"found the {kind} {word!r}, which the vocabulary does not know; {expected(word, known)}"

    @functools.cached_property
    def names_digest(self) -> str:
        """A digest of all words: what a typed field depends on."""
        return _digest(repr(sorted((term.kind.value, term.name, term.group, term.families) for term in self.terms)))

    @functools.cached_property
    def digest(self) -> str:
        """A digest of the terms and of the model's sources: what a description depends on."""
        return _digest(repr(self.terms), _sources_digest())


def expected(word: str, known: Iterable[str]) -> str:
    """The nearest of some known words; all of them where none is near and they are few."""
    names = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), names, n=1)
    if near:
        return f"the nearest is {names[near[0]]!r}"
    if len(names) <= _FEW:
        return "expected one of " + ", ".join(repr(name) for name in names.values())
    return "no word of it is near"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join((__version__, *parts)).encode()).hexdigest()


@functools.cache
def _sources_digest() -> str:
    digest = hashlib.sha256()
    for room in ("model", "terms"):
        for path in sorted((_PACKAGE / room).glob("*.*")):
            if path.suffix in (".py", ".toml"):
                digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _offered(point: EntryPoint, place: str) -> tuple[Term, ...]:
    """The terms of one entry point.

    :raises InputError: it cannot be loaded, or is no sequence of terms with names.
    """
    try:
        found = point.load()
        offered = tuple(found)
    except (Exception, SystemExit) as error:  # code of a user's package runs here and may fail in any way
        raise InputError(
            place,
            None,
            f"{point.value}, which cannot be read ({error})",
            "a sequence of sphinx_xenfusa.terms.term.Term",
        ) from error
    for term in offered:
        if not isinstance(term, Term) or not isinstance(term.kind, TermKind):
            raise InputError(place, None, f"{term!r}", "a sphinx_xenfusa.terms.term.Term")
        if not term.name or term.name != " ".join(term.name.split()) or not term.name.isprintable() or "," in term.name:
            raise InputError(
                place, None, f"the {term.kind} {term.name!r}", "a name in one line, without a comma or spaces around it"
            )
    return offered


def load_vocabulary(points: Iterable[EntryPoint] | None = None) -> Vocabulary:
    """Our terms and those of the entry points, in the order of the entry points' names.

    A term whose name is taken (by ours or another package's) is a fault of the entry point that comes second, and costs it all
    its terms: a document must not change its meaning with what else happens to be installed.

    :param points: the entry points to read; by default all that are installed in the group.
    """
    terms: dict[tuple[TermKind, str], Term] = {(term.kind, term.name): term for term in our_terms()}
    faults: list[InputError] = []
    found = entry_points(group=GROUP) if points is None else points
    for point in sorted(found, key=lambda one: (one.name, one.value)):
        place = f"entry point {GROUP}:{point.name}"
        offered: dict[tuple[TermKind, str], Term] = {}
        try:
            for term in _offered(point, place):
                key = term.kind, term.name
                if key in terms or key in offered:
                    raise InputError(place, None, f"a second {term.kind} {term.name!r}", "each name once")
                offered[key] = replace(term, package=point.module.partition(".")[0])
        except InputError as error:
            faults.append(error)
        else:
            terms |= offered
    return Vocabulary(tuple(terms.values()), tuple(faults))
