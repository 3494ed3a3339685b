"""Overlays on pages: each requirement's sentence gets an anchor and a mark where it stands, the evidence stands at the end.

The text of the page stays as it is.  After a sentence stands a small mark with the state, which leads to a section that is
added at the end of the page: there each requirement of the page has its evidence, and a link back to its sentence.

Sentences are found on a page by their letters and digits alone, in the order in which they stand, so that neither inline
markup nor typographic quotation marks matter.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.matching import Matcher
from sphinx.util.nodes import make_refnode

from sphinx_xenfusa.interop.overlay import Marked, OverlaySource, unclaimed_findings
from sphinx_xenfusa.interop.overlay_file import relative_to
from sphinx_xenfusa.sphinxext import markup, needs_bridge
from sphinx_xenfusa.sphinxext.blocks import paragraph
from sphinx_xenfusa.sphinxext.card import Cards
from sphinx_xenfusa.sphinxext.phrases import SYMBOLS
from sphinx_xenfusa.sphinxext.unclaimed_list import unclaimed_nodes
from sphinx_xenfusa.sphinxext.views import Views
from sphinx_xenfusa.terms.installed import load_vocabulary
from sphinx_xenfusa.trace.record import DocumentCoverage, Finding, Item, Tag
from sphinx_xenfusa.trace.sentences import Sentence

if TYPE_CHECKING:
    from sphinx_xenfusa.sphinxext.domain import XenDomain

EVIDENCE = "evidence-"
"""What the anchor of a requirement's evidence begins with; its tag follows."""

SECTION = "xenfusa-evidence-of-this-page"

_OPENING = "\"'“‘«(["
_FAR = 5_000
"""Letters and digits that may stand between one sentence and the next, in figures and the like."""


class Overlays:
    """The overlays of a build, read once before the documents are."""

    def __init__(self) -> None:
        self._source: OverlaySource | None = None

    def connect(self, app: Sphinx) -> None:
        """Connect the events."""
        app.connect("builder-inited", self.read)
        app.connect("env-get-outdated", self.outdated)
        app.connect("env-before-read-docs", _forget_needs)
        # Before the tables of contents are made of the page.
        app.connect("doctree-read", self.mark, priority=100)

    def read(self, app: Sphinx) -> None:
        """Read the overlays, with the documents that they name."""
        if app.config.xenfusa_overlays or app.config.xenfusa_unclaimed:
            paths = (Path(app.confdir, name) for name in app.config.xenfusa_overlays)
            self._source = OverlaySource(paths, Path(app.srcdir), load_vocabulary())

    @property
    def items(self) -> list[Item]:
        """The requirements of all overlays."""
        return [] if self._source is None else list(self._source.items())

    @property
    def drifted(self) -> frozenset[Tag]:
        """The tags of the requirements that have drifted."""
        return frozenset() if self._source is None else self._source.drifted()

    def coverage(self, app: Sphinx, known: Iterable[Item]) -> tuple[tuple[DocumentCoverage, ...], list[Finding]]:
        """How far the normative sentences of each document are claimed, and what is wrong with overlays and documents."""
        source = self._source
        if source is None:
            return (), []
        matches = Matcher(app.config.xenfusa_unclaimed)
        files = (str(app.env.doc2path(docname, base=False)).replace("\\", "/") for docname in app.env.found_docs)
        source.add_documents(Path(app.srcdir, file) for file in sorted(files) if matches(file))
        documents = source.coverage({str(item.tag) for item in known})
        return documents, [*source.findings(), *unclaimed_findings(documents), *self._unread(app)]

    def _unread(self, app: Sphinx) -> Iterator[Finding]:
        """A finding for each document of an overlay that is none of Sphinx's."""
        pages = {self._file(app, docname) for docname in app.env.found_docs}
        for file, marked in sorted(() if self._source is None else self._source.marked.items()):
            if marked and file not in pages:
                found = f"found {len(marked)} requirements of overlays in {file}, which Sphinx does not read"
                message = f"{found}; expected a document of the build: they stand on no page, and sphinx-needs has none of them"
                yield Finding("overlay", marked[0].item.place, file, message)

    def off_pages(self, env: BuildEnvironment) -> frozenset[str]:
        """The tags of the requirements that stand on no page; each is told of, or its document is."""
        anchors = _domain(env).anchors
        return frozenset(str(item.tag) for item in self.items if str(item.tag) not in anchors)

    def outdated(
        self, app: Sphinx, env: BuildEnvironment, added: Set[str], changed: Set[str], removed: Set[str]
    ) -> list[str]:
        """The documents that would be marked otherwise now."""
        stored = _domain(env).overlaid
        return [name for name in sorted(env.all_docs) if stored.get(name, "") != _digest(self._marked(app, name))]

    def _marked(self, app: Sphinx, docname: str) -> Sequence[Marked]:
        if self._source is None:
            return ()
        return self._source.marked.get(self._file(app, docname), ())

    def _sentences(self, app: Sphinx, docname: str) -> Sequence[Sentence]:
        return () if self._source is None else self._source.documents[self._file(app, docname)].sentences

    def _file(self, app: Sphinx, docname: str) -> str:
        return relative_to(Path(app.env.doc2path(docname)), Path(app.srcdir))

    # --- the page -----------------------------------------------------------------------------------------------

    def mark(self, app: Sphinx, doctree: nodes.document) -> None:
        """Mark the sentences of a page, and add the section that shows their evidence."""
        docname = app.env.docname
        marked = self._marked(app, docname)
        if not marked:
            return
        domain = _domain(app.env)
        domain.overlaid[docname] = _digest(marked)
        page = _Page(doctree)
        page.find(self._sentences(app, docname))
        starting: defaultdict[Sentence, list[str]] = defaultdict(list)
        ending: defaultdict[Sentence, list[str]] = defaultdict(list)
        inside: set[Sentence] = set()
        for one in _first_of_each(marked):
            tag = str(one.item.tag)
            on_page = [sentence for sentence in one.sentences if sentence in page.found]
            if not on_page:
                message = (
                    f"found the sentence of {tag} ({one.item.place}) nowhere on the page; expected it as it is written"
                )
                domain.note_finding(docname, Finding("overlay", one.item.place, tag, message))
                continue
            inside.update(on_page)
            starting[on_page[0]].append(tag)
            ending[on_page[-1]].append(tag)
            domain.note_anchor(docname, tag, one.item.title)
            domain.note_view(docname, tag)
        page.wrap(inside, starting, ending)
        shown = [str(one.item.tag) for one in _first_of_each(marked) if set(one.sentences) & inside]
        _add_section(doctree, shown)

    def make_needs(self, app: Sphinx, others: Iterable[Item]) -> list[Finding]:
        """Make a need of each requirement on a page, and tell which ones sphinx-needs does not take.

        :param others: the items that are needs already.
        """
        taken = {item.tag for item in others}
        findings: list[Finding] = []
        domain = _domain(app.env)
        made: dict[str, list[str]] = {}
        for docname in sorted(domain.overlaid):
            for one in _first_of_each(self._marked(app, docname)):
                if one.item.tag in taken or str(one.item.tag) not in domain.anchors:
                    continue
                taken.add(one.item.tag)
                try:
                    needs_bridge.add_overlaid_need(app, docname, one.item, one.sentences[0].section[::-1])
                except needs_bridge.Refused as error:
                    message = f"sphinx-needs refused {one.item.tag}: {error}"
                    findings.append(Finding("refused", one.item.place, str(one.item.tag), message))
                else:
                    made.setdefault(docname, []).append(str(one.item.tag))
        domain.overlay_needs.clear()
        domain.overlay_needs.update(made)
        return findings


def view(place: nodes.Element, docname: str, cards: Cards, repeated: Collection[str]) -> Sequence[nodes.Node]:
    """What takes the place of a mark, of evidence, or of a list of unclaimed sentences."""
    if isinstance(place, markup.mark):
        return _mark(cards.views, place["tag"])
    if isinstance(place, markup.overlaid):
        return _evidence(cards, docname, place["tag"], place["tag"] in repeated)
    return unclaimed_nodes(cards.views)


def _mark(views: Views, tag: str) -> list[nodes.Node]:
    """The mark after a sentence: its state, as a link to its evidence; formats without links go without."""
    traced = views.traced.get(tag)
    if traced is None or views.builder.format not in ("html", "latex"):
        return []
    state = nodes.inline("", f"{SYMBOLS[traced.result]} {traced.result.value}", classes=["xenfusa-state"])
    state["classes"].append(f"xenfusa-{traced.result.value.replace(' ', '-')}")
    link = nodes.reference("", "", state, internal=True, refid=EVIDENCE + tag, reftitle=f"{tag}: {traced.item.title}")
    return [nodes.superscript("", "", link, classes=["xenfusa-mark"])]


def _evidence(cards: Cards, docname: str, tag: str, repeated: bool) -> list[nodes.Node]:
    """A requirement's card: kind, title, tag, the words that it quotes, and its evidence."""
    views = cards.views
    traced = views.traced.get(tag)
    if traced is None:
        return []
    item = traced.item
    made = nodes.container(classes=["xenfusa-overlaid"])
    kind = f"{item.kind.value.capitalize()}: " if item.kind else ""
    made += nodes.target("", "", ids=[EVIDENCE + tag])
    made += paragraph(kind, nodes.strong("", item.title), " ", _back(views, docname, tag), classes=["xenfusa-head"])
    made += paragraph(item.text, classes=["xenfusa-text"])
    if repeated:
        made += paragraph(f"The tag {tag} stands more than once; nothing is shown of it.")
        return [made]
    made += cards.evidence(docname, tag)
    return [made]


def _back(views: Views, docname: str, tag: str) -> nodes.Node:
    return make_refnode(views.builder, docname, docname, tag, [nodes.literal("", tag)], "its sentence")


def _domain(env: BuildEnvironment) -> XenDomain:
    return cast("XenDomain", env.get_domain("xen"))


def _forget_needs(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Forget the needs of the build before: they are made again of what the overlays say now."""
    needs_bridge.forget_needs(env, [tag for tags in _domain(env).overlay_needs.values() for tag in tags])


def _digest(marked: Sequence[Marked]) -> str:
    """What a page shows of its overlays, apart from the record; empty for nothing."""
    if not marked:
        return ""
    parts = [(str(one.item.tag), one.item.title, str(one.item.place), one.sentences) for one in marked]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _first_of_each(marked: Iterable[Marked]) -> list[Marked]:
    found: dict[object, Marked] = {}
    for one in marked:
        found.setdefault(one.item.tag, one)
    return list(found.values())


def _add_section(doctree: nodes.document, tags: Sequence[str]) -> None:
    """Add the section for the evidence at the end of the page, a level below its title."""
    if not tags:
        return
    section = nodes.section(ids=[SECTION], classes=["xenfusa-overlaid-page"])
    section += nodes.title("", "What is known of the requirements on this page")
    section += paragraph(
        "This section is made by the build. Each requirement stands on a sentence of the page, which is shown as its author "
        "wrote it; the mark after the sentence is the state."
    )
    section += [markup.overlaid(tag=tag) for tag in tags]
    outer = [child for child in doctree.children if isinstance(child, nodes.section)]
    around: nodes.Element = outer[0] if len(outer) == 1 else doctree
    around.append(section)


# --- sentences on a page ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of the page's letters and digits: begin and end."""

    begin: int
    end: int


class _Page:
    """The letters and digits of a page in order, and the texts that they stand in."""

    def __init__(self, doctree: nodes.document) -> None:
        self._texts = [text for text in doctree.findall(nodes.Text) if _is_prose(text)]
        keys = [_key(text.astext()) for text in self._texts]
        self._starts: list[int] = []
        length = 0
        for key in keys:
            self._starts.append(length)
            length += len(key)
        self._key = "".join(keys)
        self.found: dict[Sentence, _Span] = {}

    def find(self, sentences: Iterable[Sentence]) -> None:
        """Find sentences in the order in which they stand."""
        at = 0
        for sentence in sentences:
            key = _key(sentence.text)
            begin = self._key.find(key, at, at + len(key) + _FAR) if key else -1
            if begin < 0 and key and self._key.count(key) == 1:
                begin = self._key.index(key)
            if begin >= 0:
                self.found[sentence] = _Span(begin, begin + len(key))
                at = begin + len(key)

    def wrap(
        self, inside: Collection[Sentence], starting: Mapping[Sentence, list[str]], ending: Mapping[Sentence, list[str]]
    ) -> None:
        """Put sentences into marked stretches of text, with the anchors before and the marks after them."""
        for sentence in sorted(inside, key=lambda one: self.found[one].begin, reverse=True):
            span = self.found[sentence]
            first = bisect_right(self._starts, span.begin) - 1
            last = bisect_right(self._starts, span.end - 1) - 1
            for number in range(last, first - 1, -1):
                anchors = starting.get(sentence, []) if number == first else []
                marks = ending.get(sentence, []) if number == last else []
                self._wrap(number, span, anchors, marks)

    def _wrap(self, number: int, span: _Span, anchors: Sequence[str], marks: Sequence[str]) -> None:
        """Mark what of a stretch stands in one text; what stands before it stays a text that can be marked again."""
        text = self._texts[number]
        words = text.astext()
        begin = _offset(words, max(span.begin - self._starts[number], 0))
        end = _offset(words, span.end - self._starts[number] - 1) + 1
        if not words[begin:end]:
            return
        while end < len(words) and not words[end].isspace():
            end += 1
        while begin and words[begin - 1] in _OPENING:
            begin -= 1
        anchoring = [nodes.target("", "", ids=[tag]) for tag in anchors]
        marking = [markup.mark(tag=tag) for tag in marks]
        before, after = nodes.Text(words[:begin]), [nodes.Text(words[end:])] if words[end:] else []
        stretch = nodes.inline("", words[begin:end], classes=["xenfusa-sentence"])
        outer = _outermost(text)
        if outer is text:
            text.parent.replace(text, [before, *anchoring, stretch, *marking, *after])
            self._texts[number] = before
            return
        # Within inline markup: a link in a link, or an anchor in a literal, is nothing that every format can write.
        around, at = outer.parent, outer.parent.index(outer)
        around[at + 1 : at + 1] = marking
        around[at:at] = anchoring
        if not isinstance(text.parent, nodes.literal):
            text.parent.replace(text, [before, stretch, *after])
            self._texts[number] = before


def _outermost(text: nodes.Text) -> nodes.Node:
    """The outermost inline element that a text stands in; the text itself if it stands in none."""
    outer: nodes.Node = text
    around: object = text.parent
    while isinstance(around, nodes.Element) and isinstance(around, nodes.Inline):
        outer, around = around, around.parent
    return outer


def _key(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _offset(words: str, index: int) -> int:
    """Where the letter or digit of that number stands; the length of the text if it has fewer."""
    return next((at for at, number in _numbered(words) if number == index), len(words))


def _numbered(words: str) -> Iterator[tuple[int, int]]:
    number = 0
    for at, letter in enumerate(words):
        if letter.isalnum():
            yield at, number
            number += 1


_NO_PROSE: tuple[type[nodes.Element], ...] = (
    nodes.title,
    nodes.subtitle,
    nodes.comment,
    nodes.literal_block,
    nodes.doctest_block,
    nodes.raw,
    nodes.field_name,
    nodes.label,
    nodes.system_message,
    nodes.math,
    nodes.math_block,
)


def _is_prose(text: nodes.Text) -> bool:
    """Whether a text is part of what sentences are made of."""
    around: nodes.Element | None = text.parent
    while around is not None:
        if isinstance(around, _NO_PROSE):
            return False
        around = around.parent
    return True
