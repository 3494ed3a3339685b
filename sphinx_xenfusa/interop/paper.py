"""The pages of a built folder as one document for paper: in reading order, with contents, its links as references to pages.

A chapter is the body of a page, without what only a screen has: navigation, scripts, controls.  What is folded is unfolded.
Every id is prefixed with its chapter's, so that a link within the folder leads to a place of the document, and the number of its
page follows it.  A link to a file that is no page says the file's name, a link to elsewhere its address.

A few kinds of table and drawing are of no use on paper (:data:`NOT_ON_PAPER`).  Where one stood the document says how many rows
it has and on which page of the folder it is, and a list at the front has all of them.
"""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

from sphinx_xenfusa.inputs import InputError, read_text, real_path
from sphinx_xenfusa.interop.html_folder import PAGE_LIMIT, pages_of, parts_of

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_DROPPED = {
    "script",
    "style",
    "button",
    "input",
    "select",
    "label",
    "form",
    "nav",
    "template",
    "iframe",
    "noscript",
    "dialog",
    "footer",
    "aside",
    # In the body of a page these are for a browser, which they would lead elsewhere.
    "base",
    "link",
    "meta",
}
_DROPPED_CLASSES = {
    "headerlink",
    "content-icon-container",
    "prev-next-footer",
    "viewcode-link",
    "related",
    "clearer",
}
_OF_A_SCREEN = ("search.html", "genindex.html", "permalink.html", "py-modindex.html", "_modules/*")
"""Pages that are of no use on paper: what they find is found by the contents and the references, or is code."""

NOT_ON_PAPER = {
    "xenfusa-survivors": "the mutants that nothing kills",
    "xenfusa-decisions": "who may do what, operation by operation",
}
"""Tables that an assessor does not read line by line: their totals stand in the words beside them.  By class."""

_OF_TRACES = "drawings of traces; their steps stand as tables, unless these are listed here, too"
_OF_CARDS = "drawings of what stands around a requirement; its card has the links in words"

_WITNESS, _FEW_STEPS = "Witness, step by step", 3
"""The caption of a trace that shows that a claim is about something; unlike a counterexample its steps are no finding.  A
few take no more room than the words that would stand in their place."""

ELSEWHERE = "https://another-part-of-this-paper.invalid/#"
"""What the address of a place begins with that is in another part of the document; bound together, it is a place of the whole."""

_NUMBER = re.compile("\x00([^\x00]*)\x00")
"""Where the number of a page is to stand; no file with this character is read, and in what is written there is none else."""
_PLACE = re.compile("\x01([^\x01]*)\x01")
"""Where the address of a place is to stand; of what is read this character is no part."""
_OURS = str.maketrans("\x00\x01", "\ufffd\ufffd")

_LANDSCAPE_COLUMNS, _LANDSCAPE_ROWS = 7, 10
"""A table of as many columns is laid across the sheet; one of fewer rows is not worth a sheet of its own."""
_SMALL_COLUMNS = 5
_LONG_WORD, _PIECE = 20, 32
_BREAKS = re.compile(r"(?<=[_./:,])(?=\w)|(?<=~)(?=[^\W\d])")
_LONG_CHAPTER = 100_000
"""Characters from which on the contents have the third level of a chapter, too."""
_PART = 250_000
"""Characters that are printed in one go: what Chromium needs for a page grows with the pages that are printed together."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a chapter.

    :param level: 1 for the chapter's own.
    :param place: where it stands, for links.
    """

    level: int
    text: str
    place: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What stands in the folder and not on paper.

    :param what: in words.
    :param rows: how many there are, of rows or of what it says; 0 for a page.
    :param page: of the folder.
    :param place: where the document says so; empty where it does not.
    """

    what: str
    rows: int
    page: str
    place: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A page as a chapter.

    :param name: the file, relative to the folder.
    :param title: in words.
    :param body: its HTML, for the document; with marks where a number or an address is to stand.
    :param under: whether it is one of the pages of an index of ours, and so a section of that chapter.
    :param headings: its own first.
    :param places: what a link can lead to.
    """

    name: str
    title: str
    body: str
    under: bool = False
    headings: tuple[Heading, ...] = ()
    places: frozenset[str] = frozenset()
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class Imprint:
    """What the first page and the head of every page say.

    :param facts: name and value, such as the commit, in their order.
    """

    project: str
    version: str
    facts: Sequence[tuple[str, str]]

    @property
    def title(self) -> str:
        """Project and version."""
        return f"{self.project} {self.version}".strip()


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a folder is printed.

    :param without: patterns of pages that are not, such as ``reference/*``.
    :param everything: whether what is of no use on paper is printed as well.
    """

    without: Sequence[str] = ()
    everything: bool = False

    def page(self, name: str) -> str:
        """Why a page is not printed; empty if it is."""
        if any(fnmatchcase(name, pattern) for pattern in self.without):
            return "a page, as asked for with --without"
        if not self.everything and any(fnmatchcase(name, pattern) for pattern in _OF_A_SCREEN):
            return "a page that only a screen has a use for, or code"
        return ""


@dataclass(frozen=True, slots=True)
class Paper:
    """A folder for paper.

    :param left_out: pages that are no chapter.
    """

    chapters: Sequence[Chapter]
    left_out: Sequence[LeftOut] = ()
    language: str = "en"


def paper_of(folder: Path, selection: Selection) -> Paper:
    """The chapters: first the pages in the order of their ``next`` links from index.html, then all others by name.

    :raises InputError: the folder or a page cannot be read, there is no index.html, or a pattern fits no page.
    """
    root = real_path(folder)
    paths = {real_path(path).relative_to(root).as_posix(): path for path in pages_of(root)}
    if "index.html" not in paths:
        raise InputError(folder, None, "no index.html", "a folder of built HTML, with index.html")
    for pattern in selection.without:
        if not any(fnmatchcase(name, pattern) for name in paths):
            raise InputError(
                folder, None, f"no page that --without {pattern!r} fits", "a pattern such as 'reference/*'"
            )
    absent = [LeftOut(why, 0, name, "") for name in sorted(paths) if (why := selection.page(name))]
    texts = {name: read_text(path, limit=PAGE_LIMIT) for name, path in paths.items()}
    order = [name for name in _in_order(texts) if not selection.page(name)]
    numbers = {name: number for number, name in enumerate(order, start=1)}
    language = re.search(r"<html[^>]*\blang=\"([A-Za-z-]+)\"", texts["index.html"])
    chapters = [_chapter(name, root, numbers, texts[name], everything=selection.everything) for name in order]
    return Paper(chapters, absent, language[1] if language else "en")


def _chapter(name: str, root: Path, numbers: Mapping[str, int], text: str, *, everything: bool) -> Chapter:
    writer = _Chapter(name, root, numbers, everything=everything)
    writer.feed(text.translate(_OURS))
    writer.close()
    title = writer.headings[0].text if writer.headings else name
    writer.left_out += [LeftOut(what, many, name, "") for what, many in writer.drawings.items()]
    places = frozenset(writer.places | {f"p{numbers[name]}"})
    under = name.startswith("xenfusa/") and _index_over(name) in numbers
    return Chapter(name, title, "".join(writer.parts), under, tuple(writer.headings), places, tuple(writer.left_out))


def _index_over(name: str) -> str:
    """The index that a page of the evidence belongs to; with ``dirhtml`` a page is a folder."""
    folder, _, file = name.rpartition("/")
    folder = folder.rpartition("/")[0] if file == "index.html" else folder
    return f"{folder}/index.html"


def _in_order(texts: Mapping[str, str]) -> Iterator[str]:
    seen = set[str]()
    name = "index.html"
    while name in texts and name not in seen:
        seen.add(name)
        yield name
        finder = _Next()
        finder.feed(texts[name].partition("</head>")[0])
        name = posixpath.normpath(posixpath.join(posixpath.dirname(name), finder.next)) if finder.next else ""
        name = name if name in texts else posixpath.join(name, "index.html")
    yield from sorted((name for name in texts if name not in seen), key=_index_first)


def _index_first(name: str) -> tuple[str, ...]:
    return tuple("" if part == "index.html" else part for part in name.split("/"))


class _Next(HTMLParser):
    """The page that a page says to come after it."""

    next = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "link" and values.get("rel") == "next":
            parts = parts_of(values.get("href") or "")
            self.next = unquote(parts.path) if parts is not None else ""


@dataclass(slots=True)
class _Link:
    """An open link: what follows it, and its words so far."""

    after: str = ""
    address: str = ""
    words: list[str] = field(default_factory=list)

    def after_words(self) -> str:
        """What follows it on paper; an address that it says itself does not."""
        if self.address and self.address.removeprefix("mailto:") != "".join(self.words).strip():
            return f'<span class="url"> &lt;{breakable(self.address)}&gt;</span>'
        return self.after


@dataclass(slots=True)
class _Table:
    """An open table: where it begins in what is written, and what is known of it so far."""

    start: int
    depth: int
    tag: str
    values: Mapping[str, str]
    ids: list[str] = field(default_factory=list)
    columns: int = 0
    heads: int = 0
    rows: int = 0
    caption: list[str] = field(default_factory=list)


class _Chapter(HTMLParser):
    """Writes the body of a page as a chapter."""

    def __init__(self, name: str, root: Path, numbers: Mapping[str, int], *, everything: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.headings: list[Heading] = []
        self.left_out: list[LeftOut] = []
        self.places = set[str]()
        self.drawings: dict[str, int] = {}  # left out, by what they are
        self._name, self._root, self._numbers, self._everything = name, root, numbers, everything
        self._number = numbers[name]
        self._open: list[tuple[str, str, str]] = []  # the tag, what is written for it, its place
        self._links: list[_Link] = []
        self._tables: list[_Table] = []
        self._heading: list[str] | None = None
        self._steppers: list[int] = []  # how deep the open traces are
        self._within = ""  # what the body began with, while within it
        self._depth = 0  # open elements within the body
        self._dropped = 0  # open elements within what is dropped

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        classes = set(values.get("class", "").split())
        # The innermost body counts: a theme may have an element around it that says to be the main part, too.
        if _is_body(tag, values, classes) and not self.headings and self._within != "-":
            self._within, self._depth, self._dropped = tag, 0, 0
            for known in (self.parts, self.left_out, self._open, self._links, self._tables, self._steppers):
                known.clear()
            self.places.clear()
            self.drawings.clear()
            return
        if not self._within or self._within == "-":
            return
        if tag in _VOID:
            if not self._dropped and tag not in _DROPPED:
                if self._tables:
                    self._count(self._tables[-1], tag)
                self.parts.append(self._start(tag, values))
            return
        self._depth += 1
        if self._dropped or self._is_dropped(tag, classes):
            self._dropped += 1
            return
        self._enter(tag, values, classes)

    def _is_dropped(self, tag: str, classes: set[str]) -> bool:
        if tag in _DROPPED or classes & _DROPPED_CLASSES:
            return True
        if self._everything:
            return False
        what = _OF_CARDS if "xenfusa-card-graph" in classes else ""
        what = _OF_TRACES if self._steppers and "xenfusa-drawing" in classes else what
        if what:
            self.drawings[what] = self.drawings.get(what, 0) + 1
        return bool(what)

    def _enter(self, tag: str, values: Mapping[str, str], classes: set[str]) -> None:
        if tag == "table":
            self._tables.append(_Table(len(self.parts), self._depth, tag, values))
        elif self._tables:
            self._count(self._tables[-1], tag)
        if "xenfusa-stepper" in classes:
            self._steppers.append(self._depth)
        if tag == "a":
            self._links.append(_Link())
        more = ""
        if re.fullmatch("h[1-6]", tag):
            values = {"id": f"-{len(self.headings)}", **values}
            self._heading = []
        elif tag == "summary":
            more = "fold-title"
        written = _on_paper(tag)
        text = self._start(written, values, more)
        self._open.append((tag, written, self._place(values["id"]) if values.get("id") else ""))
        self.parts.append(text)

    @staticmethod
    def _count(table: _Table, tag: str) -> None:
        table.columns += tag == "col"
        table.heads += tag == "th"
        table.rows += tag == "tr"

    def handle_endtag(self, tag: str) -> None:
        if not self._within or self._within == "-" or tag in _VOID:
            return
        if self._depth == 0:
            if tag == self._within and self.headings:
                self._within = "-"  # done: nothing after it belongs to the body
            return
        self._depth -= 1
        if self._dropped:
            self._dropped -= 1
            return
        if self._open:
            opened, written, place = self._open.pop()
            self._leave(opened, written, place)

    def _leave(self, tag: str, written: str, place: str) -> None:
        self.parts.append(f"</{written}>")
        if tag == "a":
            self.parts.append(self._links.pop().after_words())
        elif tag == "table":
            self._end_table(self._tables.pop())
        elif self._heading is not None and re.fullmatch("h[1-6]", tag):
            self.headings.append(Heading(int(tag[1]), " ".join("".join(self._heading).split()), place))
            self._heading = None
        if self._steppers and self._steppers[-1] > self._depth:
            self._steppers.pop()

    def _end_table(self, table: _Table) -> None:
        if why := "" if self._everything else self._not_on_paper(table):
            rows = table.rows - 1
            place = self._place(f"-left-out-{len(self.left_out)}")
            self.places.add(place)
            self.left_out.append(LeftOut(why, rows, self._name, place))
            told = f"Not on paper: {why}, {rows:,} {'row' if rows == 1 else 'rows'}. It is on the page {self._name}."
            anchors = "".join(f'<span id="{one}"></span>' for one in table.ids)
            self.parts[table.start :] = [f'<p class="left-out" id="{place}">{anchors}{html.escape(told)}</p>']
            return
        columns = table.columns or table.heads
        if columns >= _LANDSCAPE_COLUMNS and table.rows > _LANDSCAPE_ROWS and not self._tables:
            self._class(table.start, "across")
        elif columns >= _SMALL_COLUMNS:
            self._class(table.start, "small")
        if self._tables:
            self._tables[-1].ids += table.ids

    def _class(self, index: int, name: str) -> None:
        start = self.parts[index]
        given = 'class="' in start
        self.parts[index] = start.replace('class="', f'class="{name} ', 1) if given else f'{start[:-1]} class="{name}">'

    def _not_on_paper(self, table: _Table) -> str:
        classes = table.values.get("class", "").split()
        for name, what in NOT_ON_PAPER.items():
            if name in classes:
                return what
        caption = " ".join("".join(table.caption).split())
        witness = bool(self._steppers) and caption == _WITNESS and table.rows - 1 > _FEW_STEPS
        return "the steps of a witness" if witness else ""

    def handle_data(self, data: str) -> None:
        if not self._within or self._within == "-" or self._dropped:
            return
        if self._heading is not None:
            self._heading.append(data)
        for link in self._links:
            link.words.append(data)
        tags = {tag for tag, _, _ in self._open}
        if self._tables and "caption" in tags:
            self._tables[-1].caption.append(data)
        self.parts.append(html.escape(data, quote=False) if tags & {"pre", "svg"} else breakable(data))

    def _place(self, anchor: str) -> str:
        return f"p{self._number}-{_plain(anchor)}"

    def _start(self, tag: str, values: Mapping[str, str], more: str = "") -> str:
        written = []
        for key, value in values.items():
            if key == "id":
                value = self._place(value)
                self.places.add(value)
                for table in self._tables[-1:]:
                    table.ids.append(value)
            elif key in ("href", "xlink:href") and tag in ("a", "area"):
                continue
            elif key == "src":
                value = self._loaded(value)
            elif key.startswith("on") or key in ("style", "srcset", "hidden", "name", "tabindex", "title"):
                continue
            elif key in ("aria-labelledby", "aria-describedby", "headers"):
                value = " ".join(self._place(one) for one in value.split())
            elif key == "class" and more:
                continue
            written.append(f'{key}="{html.escape(value)}"')
        if more:
            written.append(f'class="{more}"')
        if tag == "a" and ("href" in values or "xlink:href" in values):
            written += self._reference(values.get("href", values.get("xlink:href", "")))
        return f"<{' '.join([tag, *written])}>"

    def _loaded(self, url: str) -> str:
        """The address of a picture, for a document that lies elsewhere; what is in none of the folder's files is not loaded."""
        if url.startswith("data:"):
            return url
        name = posixpath.join(posixpath.dirname(self._name), unquote(url).translate(_OURS))
        return real_path(self._root / name).as_uri()

    def _reference(self, url: str) -> list[str]:
        parts = parts_of(url)
        if parts is None:
            return []
        if parts.scheme in ("http", "https", "mailto"):
            if not self._in_drawing():
                self._links[-1].address = url
            return [f'href="{html.escape(url)}"', 'data-kind="elsewhere"']
        if parts.scheme or parts.netloc:
            return []
        path = unquote(parts.path).translate(_OURS)
        name = posixpath.normpath(posixpath.join(posixpath.dirname(self._name), path)) if path else self._name
        if name not in self._numbers:
            name = posixpath.join(name, "index.html") if posixpath.join(name, "index.html") in self._numbers else name
        if name not in self._numbers:
            if not name.startswith("..") and not self._in_drawing():
                page = name.endswith(".html") or not posixpath.splitext(name)[1]
                told = "not on paper" if page else f"file {breakable(name)}"
                self._links[-1].after = f'<span class="url"> ({told})</span>'
            return ['data-kind="file"']
        anchor = unquote(parts.fragment)
        place = f"p{self._numbers[name]}"
        return self._to(f"{place}-{_plain(anchor)}" if anchor else place)

    def _to(self, place: str) -> list[str]:
        # HTML within a drawing would end it: its links are in the table or the list below it, too.  A link to what it stands in
        # is for the address of a browser.
        if not self._in_drawing() and not any(place == here for _, _, here in self._open):
            self._links[-1].after = f"\x00{place}\x00"
        return [f'href="\x01{place}\x01"', 'data-kind="page"']

    def _in_drawing(self) -> bool:
        return any(tag == "svg" for tag, _, _ in self._open)


def _plain(anchor: str) -> str:
    """An anchor in the characters that every reader of PDF takes in the name of a place; another anchor gives another name."""
    return "".join(one if one.isascii() and (one.isalnum() or one in "_-~") else f".{ord(one):x}." for one in anchor)


def breakable(text: str) -> str:
    """A text as HTML that may break within long words: after ``~ _ . / :``; else after 32 characters."""
    words = re.split(r"(\s+)", text)
    return "".join(html.escape(word, quote=False) if len(word) < _LONG_WORD else _broken(word) for word in words)


def _broken(word: str) -> str:
    pieces = (piece[at : at + _PIECE] for piece in _BREAKS.split(word) for at in range(0, len(piece), _PIECE))
    return "<wbr>".join(html.escape(piece, quote=False) for piece in pieces)


def _is_body(tag: str, values: Mapping[str, str], classes: set[str]) -> bool:
    return tag in ("article", "div", "main") and (values.get("role") == "main" or "bd-article" in classes)


def _on_paper(tag: str) -> str:
    return {"details": "div", "summary": "p"}.get(tag, tag)


@dataclass(frozen=True, slots=True)
class Numbering:
    """What a print tells of its pages.

    :param pages: the page, from 1, of each place.
    :param before: how many pages come before each part.
    :param total: of the whole document; 0 before it was ever printed.
    """

    pages: Mapping[str, int] = field(default_factory=dict)
    before: Sequence[int] = ()
    total: int = 0


class Document:
    """The HTML documents that are printed one by one and bound together: the first pages, then the chapters.

    :param looks: the style sheets of the folder that say how what is ours looks, drawings above all.
    """

    def __init__(self, paper: Paper, imprint: Imprint, looks: Sequence[Path]) -> None:
        self.paper, self.imprint = paper, imprint
        self._looks = looks
        self._left_out = [one for chapter in paper.chapters for one in chapter.left_out]
        self._bodies = [_front(paper, imprint, self._left_out)]
        self._places = [frozenset[str]()]
        for group in _groups(paper.chapters):
            self._bodies.append("".join(_section(number, one) for number, one in group))
            self._places.append(frozenset[str]().union(*(one.places for _, one in group)))
        self._known = frozenset[str]().union(*self._places)
        wanted = {found[1] for body in self._bodies for found in _PLACE.finditer(body)}
        wanted |= {heading.place for heading in self.headings()}
        self._wanted = {self._resolved(one) for one in wanted}

    @property
    def parts(self) -> int:
        """How many there are."""
        return len(self._bodies)

    def headings(self) -> Iterator[Heading]:
        """The headings of the whole document, for its outline, to the third level."""
        for number, chapter in enumerate(self.paper.chapters, start=1):
            yield Heading(2 if chapter.under else 1, chapter.title, f"p{number}")
            if not chapter.under:
                yield from (one for one in chapter.headings[1:] if 1 < one.level <= 3)

    def part(self, index: int, numbering: Numbering) -> str:
        """The HTML of a part, whose references name the pages of a numbering."""
        here = self._places[index]
        digits = len(str(numbering.total)) if numbering.total else 3
        style = Path(__file__).with_name("paper.css").read_text("utf-8")
        before = numbering.before[index] if numbering.before else 0
        words = {
            "PROJECT": self.imprint.title,
            "COMMIT": f"Commit {dict(self.imprint.facts).get('Commit', 'unknown')}",
            "POLICY": f"Policy {dict(self.imprint.facts).get('Policy', 'unknown')}",
        }
        for name, text in words.items():
            style = style.replace(name, _in_css(text))
        style = style.replace("TOTAL", str(numbering.total)).replace("BEFORE", str(before))
        style = style.replace("DIGITS", f"{2.4 + 0.65 * digits:.2f}em")

        def at(found: re.Match[str]) -> str:
            place = self._resolved(found[1])
            # A place that nobody sees is on no page: then that of its chapter.
            page = numbering.pages.get(place) or numbering.pages.get(place.partition("-")[0]) or "0" * digits
            return f'<span class="at">(p.&nbsp;{page})</span>'

        def address(found: re.Match[str]) -> str:
            place = self._resolved(found[1])
            return f"#{place}" if place in here else f"{ELSEWHERE}{place}"

        body = _PLACE.sub(address, _NUMBER.sub(at, self._bodies[index]))
        # Chromium keeps of the places those that a link of the same document leads to.
        kept = "".join(f'<a href="#{place}"></a>' for place in sorted(self._wanted & here))
        sheets = "".join(f'<link rel="stylesheet" href="{html.escape(one.as_uri())}">' for one in self._looks)
        return (
            f'<!DOCTYPE html><html lang="{self.paper.language}"><head><meta charset="utf-8">'
            f"<title>{html.escape(self.imprint.title)}</title>{sheets}<style>{style}</style></head>"
            f'<body class="{"front" if index == 0 else "inner"}">{body}<div hidden>{kept}</div></body></html>'
        )

    def _resolved(self, place: str) -> str:
        return place if place in self._known else place.partition("-")[0]


def _groups(chapters: Sequence[Chapter]) -> Iterator[list[tuple[int, Chapter]]]:
    group: list[tuple[int, Chapter]] = []
    size = 0
    for number, chapter in enumerate(chapters, start=1):
        if group and size + len(chapter.body) > _PART:
            yield group
            group, size = [], 0
        group.append((number, chapter))
        size += len(chapter.body)
    yield group


def _section(number: int, chapter: Chapter) -> str:
    kind = "chapter under" if chapter.under else "chapter"
    return f'<section class="{kind}" id="p{number}">{chapter.body}</section>\n'


def _front(paper: Paper, imprint: Imprint, left_out: Sequence[LeftOut]) -> str:
    facts = "".join(f"<dt>{html.escape(name)}</dt><dd>{breakable(value)}</dd>" for name, value in imprint.facts)
    return (
        f'<header class="cover"><h1>{html.escape(imprint.title)}</h1><dl>{facts}</dl></header>'
        f'<section class="contents"><h1>Contents</h1><ol>{"".join(_contents(paper.chapters))}</ol></section>'
        f'<section class="chapter"><h1>What is not on paper</h1>{"".join(_absent(paper, left_out))}</section>'
    )


def _contents(chapters: Sequence[Chapter]) -> Iterator[str]:
    for number, chapter in enumerate(chapters, start=1):
        yield _entry(2 if chapter.under else 1, chapter.title, f"p{number}")
        deepest = 3 if len(chapter.body) >= _LONG_CHAPTER else 2
        if not chapter.under:
            yield from (_entry(one.level, one.text, one.place) for one in chapter.headings[1:] if one.level <= deepest)


def _entry(level: int, text: str, place: str) -> str:
    words = f'<a href="\x01{place}\x01">{breakable(text)}</a>'
    return f'<li class="level-{level}">{words}<span class="dots"></span>\x00{place}\x00</li>'


def _absent(paper: Paper, left_out: Sequence[LeftOut]) -> Iterator[str]:
    if not left_out and not paper.left_out:
        yield "<p>Everything that the folder has on its pages is in this document.</p>"
        return
    yield "<p>This is in the folder that was printed and not in this document, page by page. Beside it only the controls"
    yield " of a screen were left out.</p>"
    yield '<table class="absent"><thead><tr><th>Page of the folder</th><th>What</th><th>How many</th>'
    yield "<th>Told here</th></tr></thead><tbody>"
    together: dict[tuple[str, str], list[LeftOut]] = {}
    for one in [*paper.left_out, *left_out]:
        together.setdefault(("" if one.rows and not one.place else one.page, one.what), []).append(one)
    for (page, what), alike in together.items():
        at = (
            ", ".join(f'<a href="\x01{one.place}\x01">there</a> \x00{one.place}\x00' for one in alike if one.place)
            or "–"
        )
        numbers = [f"{one.rows:,}" for one in alike] if page else [f"{sum(one.rows for one in alike):,}"]
        rows = " + ".join(numbers) if alike[0].rows else "–"
        where = breakable(page) if page else f"in {len(alike)} {'page' if len(alike) == 1 else 'pages'}"
        yield f"<tr><td>{where}</td><td>{html.escape(what)}</td><td>{rows}</td><td>{at}</td></tr>"
    yield "</tbody></table>"


def _in_css(text: str) -> str:
    """A text within the quotation marks of a style sheet: whatever is no letter, digit or blank as its number."""
    return "".join(one if one.isalnum() or one == " " else f"\\{ord(one):06x}" for one in text)


def looks_of(folder: Path) -> list[Path]:
    """The style sheets of a built folder that are ours."""
    return sorted((folder.resolve() / "_static").glob("xenfusa*.css"))
