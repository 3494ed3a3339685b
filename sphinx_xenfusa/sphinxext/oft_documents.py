"""The OpenFastTrace items of the documents that ``xenfusa_oft`` names: where they stand on the pages, and their needs.

The items are those that :mod:`sphinx_xenfusa.interop.scan` reads out of the files, so that a build and ``xenfusa trace``
cannot disagree.  The pages are never the source of an item and are not changed: an item is looked up on the page that
Sphinx made of its file, by file and line, and gets an anchor there.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.matching import Matcher

from sphinx_xenfusa.interop.scan import Scanned, scan
from sphinx_xenfusa.sphinxext import markup, needs_bridge
from sphinx_xenfusa.sphinxext.config import finding_of
from sphinx_xenfusa.sphinxext.digests import digest
from sphinx_xenfusa.sphinxext.domain import OftPage, XenDomain
from sphinx_xenfusa.trace.canonical import natural
from sphinx_xenfusa.trace.linker import first_of_each
from sphinx_xenfusa.trace.record import Finding, Item


class Standing(NamedTuple):
    """An item and the document on whose page it stands."""

    docname: str
    item: Item


@dataclass(frozen=True)
class OftItems:
    """What the files hold.

    :param standing: every item, document by document.
    :param findings: what is wrong in the files, and the patterns that name none.
    :param files: the files that were read, relative to the source folder.
    """

    standing: tuple[Standing, ...]
    findings: tuple[Finding, ...]
    files: frozenset[str] = frozenset()

    @property
    def items(self) -> Iterator[Item]:
        """The items alone."""
        return (one.item for one in self.standing)


class OftDocuments:
    """Reads the files, each once in a build and process."""

    def __init__(self) -> None:
        self._scanned: dict[Path, Scanned] = {}
        self._matcher: Matcher | None = None
        self._known: dict[str, needs_bridge.KeptNeed] = {}
        self._built = False

    def connect(self, app: Sphinx) -> None:
        """Connect the events."""
        app.connect("env-before-read-docs", self._take_needs)
        app.connect("doctree-read", self.place)

    # --- the page -----------------------------------------------------------------------------------------------

    def place(self, app: Sphinx, doctree: nodes.document) -> None:
        """Give each item that stands on a page an anchor and, if asked for, a place for its evidence."""
        if not app.config.xenfusa_oft:
            return
        docname = app.env.docname
        blocks = _blocks(doctree, Path(app.srcdir))
        files = [file for file in blocks if self._stands_on(app, docname, file)]
        own = _file_of(app, docname)
        if self._selects(app, own) and own not in files:
            files.append(own)
        if not files:
            return
        standing: list[tuple[Item, nodes.Element]] = []
        for file in sorted(files, key=natural):
            standing += _standing(self._scan(app, file).items, blocks.get(file, []))
        domain = _domain(app.env)
        sections: dict[str, tuple[str, ...]] = {}
        for item, block in standing:
            tag = str(item.tag)
            if tag not in sections:
                _anchor(block, tag)
                sections[tag] = tuple(_sections(block))
                domain.note_anchor(docname, tag, item.title or tag)
        _drop_anchors_in_html(doctree, sections)
        included = tuple(sorted((file for file in files if file != own), key=natural))
        domain.note_oft_page(docname, OftPage(sections, included))
        if app.config.xenfusa_oft_evidence:
            for tag in _add_evidence(standing):
                domain.note_view(docname, tag)

    def _stands_on(self, app: Sphinx, docname: str, file: str) -> bool:
        """Whether the items of a file belong to a page: it is the page's own, or included and no page of its own."""
        if not self._selects(app, file):
            return False
        owner = app.env.path2doc(str(Path(app.srcdir, file)))
        return owner in (None, docname) or owner not in app.env.found_docs

    def _selects(self, app: Sphinx, file: str) -> bool:
        if self._matcher is None:
            self._matcher = Matcher(app.config.xenfusa_oft)
        return self._matcher(file)

    def _scan(self, app: Sphinx, file: str) -> Scanned:
        path = Path(app.srcdir, file)
        if path not in self._scanned:
            self._scanned[path] = scan([path], Path(app.srcdir))
        return self._scanned[path]

    # --- the items ----------------------------------------------------------------------------------------------

    def items(self, app: Sphinx) -> OftItems:
        """Every item of every file, whether its document was read in this build or before."""
        if not app.config.xenfusa_oft:
            return OftItems((), ())
        files: dict[str, str] = {}
        for docname in sorted(app.env.found_docs, key=natural):
            file = _file_of(app, docname)
            if self._selects(app, file):
                files.setdefault(file, docname)
        for docname, page in sorted(_domain(app.env).oft_pages.items(), key=lambda one: natural(one[0])):
            for file in page.included:
                files.setdefault(file, docname)
        scans = [(docname, self._scan(app, file)) for file, docname in files.items()]
        findings = [finding for _, scanned in scans for finding in scanned.findings]
        return OftItems(
            tuple(Standing(docname, item) for docname, scanned in scans for item in scanned.items),
            (*findings, *_idle_patterns(app, files)),
            frozenset(files),
        )

    def make_needs(self, app: Sphinx, read: OftItems, others: Iterable[Item]) -> list[Finding]:
        """Make a need of each item, and tell which ones sphinx-needs does not take.

        Of several items of one tag the first becomes the need; the record tells of the others.

        :param others: the items that are needs already.
        """
        if not read.standing:
            return []
        docnames = {one.item.place: one.docname for one in read.standing}
        taken = {item.tag for item in others}
        domain = _domain(app.env)
        findings = []
        made: dict[str, dict[str, str]] = {}
        settings = needs_bridge.settings_of_needs(app)
        for item in first_of_each(read.items).values():
            if item.tag in taken:
                continue
            docname = docnames[item.place]
            page = domain.oft_pages.get(docname)
            tag = str(item.tag)
            sections = page.sections.get(tag, ()) if page else ()
            made_of = digest(item, docname, sections, settings)
            kept = self._known.get(tag)
            try:
                if kept is not None and kept.made_of == made_of:
                    needs_bridge.put_back(app, kept)
                else:
                    needs_bridge.add_oft_need(app, docname, item, sections)
            except needs_bridge.Refused as error:
                message = f"sphinx-needs refused {item.tag}: {error}"
                findings.append(Finding("refused", item.place, tag, message))
            else:
                made.setdefault(docname, {})[tag] = made_of
        domain.oft_needs.update(made)
        return findings

    def _take_needs(self, app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
        """Take the needs of the build before out of the store, so that what is read now meets none of them.

        Those that would be made again of the same are put back, because making one takes longer than all else that is done with
        an item.  In a second build of one process they are made anew: the first has written states into them.
        """
        stored = _domain(env).oft_needs
        needs = needs_bridge.take_needs(env, [tag for made in stored.values() for tag in made])
        of = {tag: made_of for made in stored.values() for tag, made_of in made.items()}
        self._known = {} if self._built else {tag: needs_bridge.KeptNeed(of[tag], need) for tag, need in needs.items()}
        self._built = True
        stored.clear()


def _domain(env: BuildEnvironment) -> XenDomain:
    return cast(XenDomain, env.get_domain("xen"))


def _file_of(app: Sphinx, docname: str) -> str:
    return str(app.env.doc2path(docname, base=False)).replace("\\", "/")


def _idle_patterns(app: Sphinx, files: Mapping[str, str]) -> Iterator[Finding]:
    """A finding for each pattern that names no document: nothing of what it was meant for is in the record."""
    for pattern in app.config.xenfusa_oft:
        matches = Matcher([pattern])
        if not any(matches(file) for file in files):
            found = f"found the pattern {pattern!r} in xenfusa_oft, which names no document"
            wanted = "expected documents that Sphinx reads, suffix included (Markdown needs the extension myst_parser)"
            yield finding_of(app, "oft", pattern, f"{found}; {wanted}")


# --- where items stand in a doctree -------------------------------------------------------------------------------------


def _blocks(doctree: nodes.document, root: Path) -> dict[str, list[nodes.Element]]:
    """The paragraphs and terms of a page by the file that they were written in, in the order of their lines."""
    by_source: defaultdict[str, list[nodes.Element]] = defaultdict(list)
    for block in markup.walk(doctree):
        if isinstance(block, (nodes.paragraph, nodes.term)) and block.source and block.line:
            by_source[block.source].append(block)
    home = root.resolve()
    # The path of an included file is relative to the current folder.
    return {
        Path(os.path.relpath(Path(source).resolve(), home)).as_posix(): sorted(found, key=lambda one: one.line or 0)
        for source, found in by_source.items()
    }


def _standing(items: Sequence[Item], blocks: Sequence[nodes.Element]) -> Iterator[tuple[Item, nodes.Element]]:
    """Each item with the block that it stands in; an item that is nowhere on the page is left out."""
    lines = [block.line or 0 for block in blocks]
    lost: dict[str, Item] = {}
    for item in items:
        block = _block_at(item.place.line, lines, blocks)
        if block is not None and str(item.tag) in block.astext():
            yield item, block
        else:
            lost.setdefault(str(item.tag), item)
    if lost:
        # Where docutils counts lines otherwise than everybody else (at U+2028 and the like).
        for block in blocks:
            if isinstance(block.parent, nodes.section | nodes.document) and block.astext() in lost:
                yield lost.pop(block.astext()), block


def _block_at(line: int, lines: Sequence[int], blocks: Sequence[nodes.Element]) -> nodes.Element | None:
    """The innermost block that covers a line."""
    index = bisect_right(lines, line) - 1
    if index < 0:
        return None
    covered = lines[index] + blocks[index].rawsource.count("\n")
    return blocks[index] if line <= covered else None


def _anchor(block: nodes.Element, tag: str) -> None:
    """Put the anchor of an item at its tag."""
    written = next((child for child in block.children if child.astext() == tag), None)
    if isinstance(written, nodes.title_reference):
        written["ids"].append(tag)
    else:
        block.insert(block.index(written) if written is not None else 0, nodes.target("", "", ids=[tag]))


_ID = re.compile(r"""\s(?:id|name)=(["'])(?P<tag>[^"']*)\1""")


def _drop_anchors_in_html(doctree: nodes.document, tags: Container[str]) -> None:
    """Take the anchors away that the author of a Markdown file wrote in HTML for a tag: ours stands in every format.

    An id that stands twice makes a page of an EPUB invalid.
    """
    for raw in doctree.findall(nodes.raw):
        written = raw.astext()
        kept = _ID.sub(lambda match: "" if match["tag"] in tags else match[0], written)
        if kept != written:
            raw.children[:] = [nodes.Text(kept)]


def _sections(block: nodes.Node) -> Iterator[str]:
    """The titles of the sections around a block, innermost first."""
    around: nodes.Element | None = block.parent
    while around is not None:
        if isinstance(around, nodes.section):
            title = around.next_node(nodes.title)
            if title is not None:
                yield title.astext()
        around = around.parent


def _add_evidence(standing: Iterable[tuple[Item, nodes.Element]]) -> Iterator[str]:
    """Put a place for evidence at the end of each item: before the next item or title."""
    tops = {}
    for item, block in standing:
        top: nodes.Node = block
        while top.parent is not None and not isinstance(top.parent, nodes.section | nodes.document):
            top = top.parent
        tops[id(top)] = item, top
    for item, top in tops.values():
        around = top.parent
        end = around.index(top) + 1
        while end < len(around) and not isinstance(around[end], nodes.section) and id(around[end]) not in tops:
            end += 1
        around.insert(end, markup.oft_evidence(tag=str(item.tag)))
        yield str(item.tag)
