"""A page of a built folder as a chapter for paper: its body, without what only a screen has: navigation, scripts, controls.

What is folded is unfolded.  Every id is prefixed with its chapter's, so that a link within the folder leads to a place of the
document, and a mark stands where the number of its page or its address is to stand.  A link to a file that is no page says the
file's name, a link to elsewhere its address.
"""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

from sphinx_xenfusa.inputs import real_path
from sphinx_xenfusa.interop.html_folder import parts_of

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
_OURS = str.maketrans("\x00\x01", "\ufffd\ufffd")
"""The characters of our marks, of which there are none in what is read; see ``paper_document``."""
_LANDSCAPE_COLUMNS, _LANDSCAPE_ROWS = 7, 10
"""A table of as many columns is laid across the sheet; one of fewer rows is not worth a sheet of its own."""
_SMALL_COLUMNS = 5
_LONG_WORD, _PIECE = 20, 32
_BREAKS = re.compile(r"(?<=[_./:,])(?=\w)|(?<=~)(?=[^\W\d])")


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


def chapter_of(name: str, root: Path, numbers: Mapping[str, int], text: str, *, everything: bool) -> Chapter:
    """A page as a chapter.

    :param name: of the page, relative to the folder.
    :param root: the folder, as an absolute path.
    :param numbers: those of all chapters, by the names of their pages.
    :param text: the page's HTML.
    :param everything: whether what is of no use on paper is printed as well.
    """
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
