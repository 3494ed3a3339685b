"""Finds the sentences of overlays in their documents: items, findings, and which normative sentences nobody claims.

A sentence whose words are no longer those of its entry has *drifted*: its item stays in the record and is stale, because what is
known of it belongs to other words, and the sentence that stands there now is claimed by nobody.  A sentence that moved
within its document with its words unchanged is found by its fingerprint; the finding says where it stands now.
"""

from __future__ import annotations

import difflib
import hashlib
import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from sphinx_xenfusa.inputs import InputError, read_text
from sphinx_xenfusa.interop.overlay_file import Address, Overlay, read_overlay, relative_to
from sphinx_xenfusa.terms.installed import Vocabulary
from sphinx_xenfusa.trace.fingerprint import normalise
from sphinx_xenfusa.trace.record import DocumentCoverage, Finding, Item, Place, Statement, Tag
from sphinx_xenfusa.trace.sentences import Sentence, sentences_of, text_fingerprint
from sphinx_xenfusa.trace.word_diff import Part, visible, word_diff

_NEAR = 0.6
"""How alike two texts are (0 to 1, :mod:`difflib`) so that one may have become the other."""
_SHOWN = 160
"""Characters of a sentence that a message shows at the most."""
_FEW = 3
_COMPARED = 5
"""Sentences that a quote is compared with, letter by letter."""
_LONGEST = 1_000
"""Letters of a sentence that are compared."""
_MOST_SEARCHES = 200
"""Quotes that lead nowhere for which the nearest text is looked for: each costs a walk over the document."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A requirement and its sentences.

    :param sentences: where it stands.
    :param drifted: whether their words are no longer those of the entry.
    """

    item: Item
    sentences: tuple[Sentence, ...]
    drifted: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What an address leads to.

    :param text: the words of the requirement.
    :param drifted: whether the words that stand there now are others.
    :param finding: what is wrong, if anything is.
    """

    sentences: tuple[Sentence, ...]
    text: str
    drifted: bool = False
    finding: Finding | None = None


class Document:
    """The sentences of a document, and the ways to find one.

    :param file: the name that places carry.
    """

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.sentences = sentences_of(text)
        self._searches = 0

    @cached_property
    def _keys(self) -> tuple[str, ...]:
        return tuple(_key(sentence.text) for sentence in self.sentences)

    @cached_property
    def _by_key(self) -> dict[str, list[int]]:
        """The sentences by their words."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        for number, key in enumerate(self._keys):
            found[key].append(number)
        return found

    @cached_property
    def sections(self) -> dict[tuple[str, ...], list[int]]:
        """The sentences of each section by its titles.

        Two sections of the same titles are one here; an address then has no number that tells them apart.
        """
        found: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, sentence in enumerate(self.sentences):
            found[sentence.section].append(number)
        return found

    @cached_property
    def _named(self) -> dict[str, list[tuple[str, ...]]]:
        """The sections by every name that an address can give them: their title, with the titles around it or without."""
        found: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
        for path in self.sections:
            for begin in range(max(len(path), 1)):
                found[" > ".join(path[begin:])].append(path)
        return found

    @cached_property
    def _by_fingerprint(self) -> dict[str, list[int]]:
        found: defaultdict[str, list[int]] = defaultdict(list)
        for number, sentence in enumerate(self.sentences):
            found[text_fingerprint(sentence.text)].append(number)
        return found

    def place(self, sentence: Sentence) -> Place:
        """Where a sentence stands."""
        return Place(self.file, sentence.line)

    def find(self, address: Address, about: str) -> Found:
        """What an address leads to; without sentences if to nothing.

        :param about: the tag of the requirement, for the finding.
        """

        def wrong(subtype: str, message: str) -> Finding:
            return Finding(subtype, address.place, about, message)

        return self._quoted(address, wrong) if address.quote else self._numbered(address, wrong)

    # --- by section, number and fingerprint -------------------------------------------------------------------------

    def _numbered(self, address: Address, wrong: _Wrong) -> Found:
        sections = self._named.get(address.section, [])
        numbers = self.sections[sections[0]] if len(sections) == 1 else []
        there = [number for number in numbers if address.first <= self.sentences[number].ordinal <= address.last]
        length = address.last - address.first + 1
        sentences = tuple(self.sentences[number] for number in there)
        text = _text(sentences)
        if len(there) == length and _matches(text, address.fingerprint):
            return Found(sentences, text)
        moved = self._moved(address, length)
        if moved is not None:
            now = f"section {' > '.join(moved[0].section)!r}, sentence {moved[0].ordinal}"
            message = (
                f"found the words of this entry at {self.place(moved[0])}; expected them where the entry says: {now}"
            )
            return Found(moved, _text(moved), finding=wrong("drifted", message))
        if len(there) == length:
            return Found(sentences, text, True, wrong("drifted", self._changed(address, text, numbers)))
        return Found((), "", finding=wrong("overlay", self._absent(address, sections, numbers)))

    def _moved(self, address: Address, length: int) -> tuple[Sentence, ...] | None:
        """The only run of sentences whose words have the fingerprint of an address."""
        if length == 1 and len(address.fingerprint) == 16:
            begins: Iterable[int] = self._by_fingerprint.get(address.fingerprint, ())
        else:
            begins = range(len(self.sentences) - length + 1)
        runs = [self.sentences[begin : begin + length] for begin in begins]
        found = [run for run in runs if run[0].section == run[-1].section and _matches(_text(run), address.fingerprint)]
        return found[0] if len(found) == 1 else None

    def _changed(self, address: Address, text: str, numbers: Sequence[int]) -> str:
        """That other words stand there, and what stands around them."""
        near = [
            self.sentences[number]
            for number in numbers
            if abs(self.sentences[number].ordinal - address.first) == 1 and self.sentences[number].text not in text
        ]
        around = "; beside it stands " + " and ".join(f"{_cut(one.text)!r}" for one in near) if near else ""
        return (
            f"found {_cut(text)!r} (fingerprint {text_fingerprint(text)}) as sentence {address.first} of "
            f"{address.section!r}; expected the words with the fingerprint {address.fingerprint}: read the entry again, "
            f"and give it the new fingerprint if it still says what the sentence says{around}"
        )

    def _absent(self, address: Address, sections: Sequence[tuple[str, ...]], numbers: Sequence[int]) -> str:
        lost = "; the requirement is missing from the record"
        if not sections:
            close = difflib.get_close_matches(address.section, self._named, n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            return (
                f"found no section {address.section!r} with a sentence in {self.file}{hint}; expected its title{lost}"
            )
        if len(sections) > 1:
            ways = ", ".join(repr(" > ".join(path)) for path in sections)
            return (
                f"found {len(sections)} sections {address.section!r}; expected the titles around it too: {ways}{lost}"
            )
        return (
            f"found {len(numbers)} sentences in {address.section!r} and the fingerprint {address.fingerprint} at none of "
            f"the document; expected sentence {address.last} there{lost}"
        )

    # --- by quote ---------------------------------------------------------------------------------------------------

    def _quoted(self, address: Address, wrong: _Wrong) -> Found:
        quote = _key(address.quote)
        runs = [run for run in self._runs(quote) if self._within(run[0], address.section)]
        if len(runs) > 1:
            places = ", ".join(str(self.place(run[0])) for run in runs)
            message = f"found the quote {len(runs)} times, at {places}; expected a quote that stands once, or a section with it"
            return Found((), "", finding=wrong("overlay", f"{message}; the requirement is missing from the record"))
        if not runs:
            return self._near(address, wrong)
        text = _text(runs[0])
        if address.fingerprint and not _matches(text, address.fingerprint):
            message = (
                f"found the fingerprint {address.fingerprint}; expected {text_fingerprint(text)}, that of the quote"
            )
            return Found(runs[0], text, True, wrong("drifted", message))
        return Found(runs[0], text)

    def _runs(self, quote: str) -> Iterator[tuple[Sentence, ...]]:
        """The runs of whole sentences that say what is quoted."""
        # The first sentence ends with some word of the quote: looking it up costs less than looking at every sentence.
        words = quote.split(" ")
        openings = dict.fromkeys(" ".join(words[:number]).rstrip(_CLOSING) for number in range(1, len(words) + 1))
        for begin in (number for opening in openings for number in self._by_key.get(opening, ())):
            end, rest = begin, quote
            while end < len(self._keys) and rest and rest.startswith(self._keys[end]):
                rest = rest[len(self._keys[end]) :].lstrip(_CLOSING + " ")
                end += 1
            if not rest:
                yield self.sentences[begin:end]

    def _within(self, sentence: Sentence, section: str) -> bool:
        return not section or sentence.section in self._named.get(section, ())

    def _near(self, address: Address, wrong: _Wrong) -> Found:
        """That a quote stands nowhere, with the text that is most like it."""
        self._searches += 1
        if self._searches > _MOST_SEARCHES:
            message = (
                f"found the quote {_cut(address.quote)!r} at no sentence of {self.file}; expected whole sentences of it"
            )
            return Found((), "", finding=wrong("overlay", f"{message}; the requirement is missing from the record"))
        part = next(
            (one for one, key in zip(self.sentences, self._keys, strict=True) if _key(address.quote) in key), None
        )
        if part is not None:
            message = f"found a part of the sentence {_cut(part.text)!r} ({self.place(part)}) quoted; expected whole sentences"
            return Found((), "", finding=wrong("overlay", f"{message}; the requirement is missing from the record"))
        best, likeness = self._nearest(address.quote)
        found = f"found the quote {_cut(address.quote)!r} at no sentence of {self.file}"
        if best is None or likeness < _NEAR:
            near = f"; the nearest is {_cut(best.text)!r} ({self.place(best)})" if best is not None else ""
            message = f"{found}; expected whole sentences of it{near}; the requirement is missing from the record"
            return Found((), "", finding=wrong("overlay", message))
        changes = _diff(normalise(address.quote), best.text)
        message = f"{found}; expected whole sentences of it; the nearest ({self.place(best)}) differs: {changes}"
        return Found((best,), normalise(address.quote), True, wrong("drifted", message))

    @cached_property
    def _word_sets(self) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(key.split()) for key in self._keys)

    def _nearest(self, quote: str) -> tuple[Sentence | None, float]:
        """The sentence most like a quote, of those that share the most words with it, and how alike they are."""
        words = frozenset(_key(quote).split())
        sets = self._word_sets
        near = heapq.nlargest(
            _COMPARED, range(len(sets)), key=lambda one: (len(sets[one] & words), -len(sets[one]), -one)
        )
        matcher = difflib.SequenceMatcher(autojunk=False)
        matcher.set_seq2(_key(quote)[:_LONGEST])
        best, likeness = None, 0.0
        for number in near:
            matcher.set_seq1(self._keys[number][:_LONGEST])
            if (ratio := matcher.ratio()) > likeness:
                best, likeness = self.sentences[number], ratio
        return best, likeness


_Wrong = Callable[[str, str], Finding]
"""Makes a finding of a subtype and a message."""

_CLOSING = ".,;:!?"


def _key(text: str) -> str:
    """A text as quotes are compared: white space, the shape of quotation marks and the mark at the end aside."""
    same = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "`": None, "*": None})
    return normalise(text).translate(same).rstrip(_CLOSING)


def _text(sentences: Iterable[Sentence]) -> str:
    return " ".join(sentence.text for sentence in sentences)


def _matches(text: str, fingerprint: str) -> bool:
    """Whether a text has a fingerprint that may be given in more digits than we write."""
    return hashlib.sha256(normalise(text).encode("utf-8")).hexdigest().startswith(fingerprint)


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _diff(before: str, after: str) -> str:
    """What changed between two texts on one line: ``[-gone-]``, ``{+come+}``, and a few words on each side of it."""
    told: list[str] = []
    for part, text in word_diff(before, after).parts:
        words = text.split()
        if part is Part.SAME:
            told += words if len(words) <= 2 * _FEW else [*words[:_FEW], "…", *words[-_FEW:]]
        else:
            told.append(f"[-{text}-]" if part is Part.REMOVED else f"{{+{text}+}}")
    return visible(" ".join(told))


class OverlaySource:
    """The items of overlays, and how far they cover their documents.

    :param paths: the overlays.
    :param root: the folder that places are relative to; nothing outside of it is read.
    """

    def __init__(self, paths: Iterable[Path], root: Path, vocabulary: Vocabulary) -> None:
        self._root = root
        self._findings: list[Finding] = []
        self.overlays: list[Overlay] = []
        self.unreadable: list[InputError] = []
        self.documents: dict[str, Document] = {}
        self.marked: dict[str, list[Marked]] = {}
        self._claimed: defaultdict[str, set[Sentence]] = defaultdict(set)
        self._reasons: defaultdict[str, dict[Sentence, str]] = defaultdict(dict)
        for path in paths:
            try:
                self._apply(read_overlay(path, root, vocabulary))
            except InputError as error:
                self._unread(error)

    def items(self) -> Iterable[Item]:
        """The items, document by document."""
        return [one.item for marked in self.marked.values() for one in marked]

    def drifted(self) -> frozenset[Tag]:
        """The items whose evidence belongs to other words than stand there now."""
        return frozenset(one.item.tag for marked in self.marked.values() for one in marked if one.drifted)

    def findings(self) -> Iterable[Finding]:
        """What is wrong in overlays, and where they and their documents have drifted apart."""
        return tuple(self._findings)

    def add_documents(self, paths: Iterable[Path]) -> None:
        """Count the sentences of more documents, which no overlay has to name."""
        for path in paths:
            try:
                self._document(path)
            except InputError as error:
                self._unread(error)

    def coverage(self, known: Collection[str] | None = None) -> tuple[DocumentCoverage, ...]:
        """How far the normative sentences of each document are claimed.

        :param known: the tags of all items; ``None`` to take every requirement within a document for one.
        """
        return tuple(self._covered(file, document, known) for file, document in sorted(self.documents.items()))

    def _unread(self, error: InputError) -> None:
        self.unreadable.append(error)
        file = relative_to(Path(error.file), self._root)
        message = f"{error.message}; what it would give is missing from the record"
        self._findings.append(Finding("input", Place(file, error.line or 1), file, message))

    def _document(self, path: Path) -> Document:
        """A document, read once.

        :raises InputError: it cannot be read.
        """
        file = relative_to(path, self._root)
        if file not in self.documents:
            if not path.resolve().is_relative_to(self._root.resolve()):
                raise InputError(path, None, "a file that lies outside of the project", "a document of the project")
            self.documents[file] = Document(file, read_text(path, what="a document"))
        return self.documents[file]

    def _apply(self, overlay: Overlay) -> None:
        self.overlays.append(overlay)
        self._findings += overlay.findings
        try:
            document = self._document(overlay.document)
        except InputError as error:
            raise InputError(
                overlay.path, overlay.place.line, f"a document that cannot be read ({error})", "an rst file"
            ) from error
        for entry in overlay.entries:
            found = self._find(document, entry.address, str(entry.item.tag))
            if found.sentences:
                self._add(document, entry.item, found)
        for one in overlay.informative:
            found = self._find(document, one.address, "")
            if not found.drifted:
                self._inform(document, found, one.reason, one.address.place)

    def _find(self, document: Document, address: Address, about: str) -> Found:
        found = document.find(address, about)
        if found.finding is not None:
            self._findings.append(found.finding)
        return found

    def _add(self, document: Document, item: Item, found: Found) -> None:
        source = item.source or ", ".join(found.sentences[0].section)
        made = replace(item, text=found.text, source=source, place=document.place(found.sentences[0]))
        self.marked.setdefault(document.file, []).append(Marked(made, found.sentences, found.drifted))
        if not found.drifted:
            self._claimed[document.file].update(found.sentences)

    def _inform(self, document: Document, found: Found, reason: str, place: Place) -> None:
        for sentence in found.sentences:
            at = document.place(sentence)
            if sentence in self._claimed[document.file]:
                message = f"found the sentence at {at} marked informative and claimed as a requirement; expected one of the two"
                self._findings.append(Finding("overlay", place, "", message))
            elif not sentence.normative:
                message = (
                    f"found the sentence at {at} marked informative; it has no normative word, expected no entry for it"
                )
                self._findings.append(Finding("overlay", place, "", message))
            else:
                self._reasons[document.file][sentence] = reason

    def _covered(self, file: str, document: Document, known: Collection[str] | None) -> DocumentCoverage:
        claimed, reasons = self._claimed[file], self._reasons[file]
        normative = [one for one in document.sentences if one.normative]
        mine = {
            one
            for one in normative
            if one in claimed or (one.requirement and (known is None or one.requirement in known))
        }
        rest = [one for one in normative if one not in mine]
        return DocumentCoverage(
            file=file,
            normative=len(normative),
            claimed=len(mine),
            informative=tuple(Statement(document.place(one), one.text, reasons[one]) for one in rest if one in reasons),
            unclaimed=tuple(Statement(document.place(one), one.text, "") for one in rest if one not in reasons),
        )


def unclaimed_findings(documents: Iterable[DocumentCoverage]) -> Iterator[Finding]:
    """A finding for each normative sentence that nobody claims."""
    for document in documents:
        for statement in document.unclaimed:
            message = (
                f"found the normative sentence {_cut(statement.text)!r}, which no requirement claims; expected one, "
                "or an overlay that says why it asks for nothing"
            )
            yield Finding("unclaimed", statement.place, "", message)
