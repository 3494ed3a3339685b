"""Printed parts bound into one PDF: their pages, the links between them, the outline, the tags, what the document says of itself.

The same parts give the same bytes: no date is written, and what Chromium numbers by its own clock is numbered anew.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from io import BytesIO

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, OutlineItem, Pdf, String

from sphinx_xenfusa import __version__
from sphinx_xenfusa.interop.chapter import Heading
from sphinx_xenfusa.interop.paper_document import ELSEWHERE, Document, Numbering

_NODE = re.compile(rb"\(node(\d{8})\)")
"""The name of an element, which the cells of a table name as their heading."""


def numbered(parts: Sequence[bytes]) -> Numbering:
    """The pages of the places of some parts, one after the other."""
    pages: dict[str, int] = {}
    before = []
    total = 0
    for part in parts:
        before.append(total)
        with pikepdf.open(BytesIO(part)) as pdf:
            numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages, start=total + 1)}
            for name, place in _places(pdf):
                pages[name] = numbers[place[0].objgen]
            total += len(pdf.pages)
    return Numbering(pages, tuple(before), total)


def _places(pdf: Pdf) -> Iterator[tuple[str, Object]]:
    for name, place in pdf.Root.get("/Dests", Dictionary()).items():
        yield name.removeprefix("/"), place


def bound(parts: Sequence[bytes], document: Document, numbering: Numbering) -> bytes:
    """One PDF of some parts: tagged, with an outline, its title and language."""
    whole = pikepdf.new()
    places = Dictionary()
    tags = _Tags(whole)
    for index, part in enumerate(parts):
        with pikepdf.open(BytesIO(_renamed(part, index))) as pdf:
            first = len(whole.pages)
            numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages, start=first)}
            with warnings.catch_warnings():
                # It says that places are not copied with their pages: they are, below.
                warnings.simplefilter("ignore", pikepdf.PageCopyWarning)
                whole.pages.extend(pdf.pages)
            for name, place in _places(pdf):
                target = whole.pages[numbers[place[0].objgen]].obj
                places[f"/{name}"] = Array([target, *list(place)[1:]])
            tags.add(pdf, range(first, len(whole.pages)))
    whole.Root.Dests = whole.make_indirect(places)
    for page in whole.pages:
        _join_links(page, places)
    tags.write()
    _outline(whole, document, numbering)
    _say_what_it_is(whole, document)
    out = BytesIO()
    mode = pikepdf.ObjectStreamMode.generate
    whole.save(out, deterministic_id=True, object_stream_mode=mode, compress_streams=True)
    return out.getvalue()


def _renamed(part: bytes, index: int) -> bytes:
    """A part whose elements have names that no other part's have, in the same order, and whatever ran before in the browser."""
    names = sorted({found[1] for found in _NODE.finditer(part)})
    numbers = {name: number for number, name in enumerate(names)}
    return _NODE.sub(lambda found: b"(%05d%07d)" % (index, numbers[found[1]]), part)


def _join_links(page: pikepdf.Page, places: Dictionary) -> None:
    """Make a link that leaves its part one to a place of the whole; to one that nobody sees, one to its chapter."""
    for link in page.obj.get("/Annots", []):
        address = str(link.A.URI) if "/A" in link and "/URI" in link.A else ""
        if address.startswith(ELSEWHERE):
            del link["/A"]
            place = f"/{address.removeprefix(ELSEWHERE)}"
            link.Dest = Name(place if place in places else place.partition("-")[0])


class _Tags:
    """The trees of elements of the parts as one, by which a screen reader reads."""

    def __init__(self, whole: Pdf) -> None:
        self._whole = whole
        self._top = whole.make_indirect(Dictionary(Type=Name.StructElem, S=Name.Document))
        self._kids: list[Object] = []
        self._parents: list[Object] = []
        self._names: list[Object] = []
        self._next = 0

    def add(self, pdf: Pdf, pages: range) -> None:
        """The tree of a part whose pages are in the whole already: its keys begin where the last part's ended."""
        if "/StructTreeRoot" not in pdf.Root:
            return
        root = self._whole.copy_foreign(pdf.Root.StructTreeRoot)
        shift = self._next
        for number in pages:
            page = self._whole.pages[number].obj
            for one in (page, *page.get("/Annots", [])):
                for key in ("/StructParents", "/StructParent"):
                    if key in one:
                        one[key] = int(one[key]) + shift
        keys = list(root.ParentTree.Nums)
        moved = [int(key) + shift if at % 2 == 0 else key for at, key in enumerate(keys)]
        self._next = max([self._next, *(int(one) + 1 for one in moved[::2])])
        if moved:
            node = Dictionary(Nums=Array(moved), Limits=Array([moved[0], moved[-2]]))
            self._parents.append(self._whole.make_indirect(node))
        self._add_names(root)
        kids = root.K if isinstance(root.K, Array) else [root.K]
        for kid in kids:
            kid.P = self._top
            kid.S = Name.Part
            self._kids.append(kid)

    def _add_names(self, root: Object) -> None:
        if "/IDTree" not in root or not len(root.IDTree.get("/Kids", [])):
            return
        kids = root.IDTree.Kids
        node = Dictionary(Kids=kids, Limits=Array([kids[0].Limits[0], kids[-1].Limits[1]]))
        self._names.append(self._whole.make_indirect(node))

    def write(self) -> None:
        """Into the whole."""
        if not self._kids:
            return
        root = Dictionary(Type=Name.StructTreeRoot, K=self._top, ParentTreeNextKey=self._next)
        root.ParentTree = self._whole.make_indirect(Dictionary(Kids=Array(self._parents)))
        if self._names:
            root.IDTree = self._whole.make_indirect(Dictionary(Kids=Array(self._names)))
        tree = self._whole.make_indirect(root)
        self._top.P = tree
        self._top.K = Array(self._kids)
        self._whole.Root.StructTreeRoot = tree
        self._whole.Root.MarkInfo = Dictionary(Marked=True)


def _outline(whole: Pdf, document: Document, numbering: Numbering) -> None:
    with whole.open_outline() as outline:
        stack: list[tuple[int, list[OutlineItem]]] = [(0, outline.root)]
        for heading in document.headings():
            if heading.place in numbering.pages:
                _hang(stack, heading)


def _hang(stack: list[tuple[int, list[OutlineItem]]], heading: Heading) -> None:
    while stack[-1][0] >= heading.level:
        stack.pop()
    item = OutlineItem(heading.text)
    item.destination = Name(f"/{heading.place}")
    item.is_closed = True
    stack[-1][1].append(item)
    stack.append((heading.level, item.children))


def _say_what_it_is(whole: Pdf, document: Document) -> None:
    imprint = document.imprint
    facts = "; ".join(f"{name}: {value}" for name, value in imprint.facts)
    maker = f"xenfusa audit pdf {__version__}"
    with whole.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as data:
        data["dc:title"] = imprint.title
        data["dc:creator"] = [imprint.project]
        data["dc:description"] = facts
        data["dc:language"] = [document.paper.language]
        data["xmp:CreatorTool"] = maker
    for key, text in {
        "/Title": imprint.title,
        "/Author": imprint.project,
        "/Subject": facts,
        "/Creator": maker,
    }.items():
        whole.docinfo[key] = String(text)
    whole.Root.Lang = String(document.paper.language)
    whole.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    whole.Root.PageMode = Name.UseOutlines
