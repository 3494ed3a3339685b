"""The pages of a built folder as one document for paper: in reading order, with contents, its links as references to pages.

A chapter is the body of a page, without what only a screen has: navigation, scripts, controls.  What is folded is unfolded.
Every id is prefixed with its chapter's, so that a link within the folder leads to a place of the document, and the number of its
page follows it.  A link to a file that is no page says the file's name, a link to elsewhere its address.
"""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx_xenfusa.inputs import InputError, read_text
from sphinx_xenfusa.interop.html_folder import PAGE_LIMIT, HtmlPage, pages_of, read_page

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
}
_DROPPED_CLASSES = {
    "headerlink",
    "content-icon-container",
    "prev-next-footer",
    "viewcode-link",
    "related",
    "clearer",
    "xenfusa-card-graph",
}
_MARK = re.compile("\x00([^\x00]*)\x00")
"""Where the number of a page is to stand; a page of HTML cannot hold this character."""
_OF_A_SCREEN = {"search.html", "genindex.html", "permalink.html", "py-modindex.html"}
"""Pages that are of no use on paper: what they find is found by the contents and the references."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A page as a chapter.

    :param name: the file, relative to the folder.
    :param title: in words.
    :param body: its HTML, for the document.
    """

    name: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Imprint:
    """What the first page and the head of every page say.

    :param facts: name and value, such as the commit, in their order.
    """

    project: str
    version: str
    facts: Sequence[tuple[str, str]]


def chapters_of(folder: Path) -> list[Chapter]:
    """The chapters: first the pages in the order of their ``next`` links from index.html, then all others by name.

    :raises InputError: the folder or a page cannot be read, or there is no index.html.
    """
    root = folder.resolve()
    paths = {path.resolve().relative_to(root).as_posix(): path for path in pages_of(root)}
    if "index.html" not in paths:
        raise InputError(folder, None, "no index.html", "a folder of built HTML, with index.html")
    texts = {name: read_text(path, limit=PAGE_LIMIT) for name, path in paths.items() if name not in _OF_A_SCREEN}
    order = list(_in_order(texts))
    numbers = {name: number for number, name in enumerate(order, start=1)}
    known = {name: read_page(paths[name]) for name in order}
    made = []
    for name in order:
        writer = _Chapter(name, root, numbers, known)
        writer.feed(texts[name])
        writer.close()
        made.append(Chapter(name, " ".join("".join(writer.title).split()) or name, "".join(writer.parts)))
    return made


def _in_order(texts: Mapping[str, str]) -> Iterator[str]:
    seen = set[str]()
    name = "index.html"
    while name in texts and name not in seen:
        seen.add(name)
        yield name
        finder = _Next()
        finder.feed(texts[name].partition("</head>")[0])
        name = posixpath.normpath(posixpath.join(posixpath.dirname(name), finder.next)) if finder.next else ""
    yield from (name for name in sorted(texts) if name not in seen)


class _Next(HTMLParser):
    """The page that a page says to come after it."""

    next = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "link" and values.get("rel") == "next":
            self.next = unquote(urlsplit(values.get("href") or "").path)


class _Chapter(HTMLParser):
    """Writes the body of a page as a chapter."""

    def __init__(self, name: str, root: Path, numbers: Mapping[str, int], known: Mapping[str, HtmlPage]) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.title: list[str] = []
        self._name, self._root, self._numbers, self._known = name, root, numbers, known
        self._open: list[tuple[str, str]] = []
        self._marks: list[str] = []  # what follows each open link
        self._within = ""  # what the body began with, while within it
        self._depth = 0  # open elements within the body
        self._dropped = 0  # open elements within what is dropped

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        classes = set(values.get("class", "").split())
        if not self._within:
            if _is_body(tag, values, classes):
                # The innermost body counts: a theme may have an element around it that says to be the main part, too.
                self._within, self._depth, self.parts, self.title = tag, 0, [], []
            return
        if _is_body(tag, values, classes) and not self.parts_have_text():
            self._within, self._depth, self.parts, self.title = tag, 0, [], []
            return
        if tag in _VOID:
            if not self._dropped and tag not in _DROPPED:
                self.parts.append(self._start(tag, values))
            return
        self._depth += 1
        if self._dropped or tag in _DROPPED or classes & _DROPPED_CLASSES:
            self._dropped += 1
            return
        self._open.append((tag, _on_paper(tag)))
        if tag == "a":
            self._marks.append("")
        self.parts.append(self._start(_on_paper(tag), values, "fold-title" if tag == "summary" else ""))

    def parts_have_text(self) -> bool:
        """Whether a heading was met already."""
        return bool(self.title)

    def handle_endtag(self, tag: str) -> None:
        if not self._within or tag in _VOID:
            return
        if self._depth == 0:
            if tag == self._within and self.title:
                self._within = "-"  # done: nothing after it belongs to the body
            return
        self._depth -= 1
        if self._dropped:
            self._dropped -= 1
            return
        if self._open:
            _, written = self._open.pop()
            self.parts.append(f"</{written}>")
            if written == "a":
                self.parts.append(self._marks.pop())

    def handle_data(self, data: str) -> None:
        if not self._within or self._within == "-" or self._dropped:
            return
        if any(tag == "h1" for tag, _ in self._open):
            self.title.append(data)
        self.parts.append(html.escape(data, quote=False))

    def _start(self, tag: str, values: Mapping[str, str], more: str = "") -> str:
        number = self._numbers[self._name]
        written = []
        for key, value in values.items():
            if key == "id":
                value = f"p{number}-{value}"
            elif key == "href" and tag == "a":
                continue
            elif key == "src":
                value = (self._root / posixpath.join(posixpath.dirname(self._name), unquote(value))).resolve().as_uri()
            elif key.startswith("on") or key in ("style", "srcset", "hidden", "name"):
                continue
            elif key in ("aria-labelledby", "aria-describedby", "headers"):
                value = " ".join(f"p{number}-{one}" for one in value.split())
            elif key == "class" and more:
                continue
            written.append(f'{key}="{html.escape(value)}"')
        if more:
            written.append(f'class="{more}"')
        if tag == "a" and "href" in values:
            written += self._reference(values["href"])
        return f"<{' '.join([tag, *written])}>"

    def _reference(self, url: str) -> list[str]:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "mailto"):
            return [f'href="{html.escape(url)}"', 'data-kind="elsewhere"']
        if parts.scheme or parts.netloc:
            return []
        path = unquote(parts.path)
        name = posixpath.normpath(posixpath.join(posixpath.dirname(self._name), path)) if path else self._name
        if name not in self._numbers:
            name = posixpath.join(name, "index.html") if posixpath.join(name, "index.html") in self._numbers else name
        if name not in self._numbers:
            return [f'data-kind="file" data-file="{html.escape(name)}"'] if not name.startswith("..") else []
        anchor = unquote(parts.fragment)
        if not anchor or anchor not in self._known[name].anchors:
            return self._to(f"p{self._numbers[name]}")
        return self._to(f"p{self._numbers[name]}-{anchor}")

    def _to(self, place: str) -> list[str]:
        # HTML within a drawing would end it: its links are in the table or the list below it, too.
        if not any(tag == "svg" for tag, _ in self._open):
            self._marks[-1] = f"\x00{html.escape(place)}\x00"
        return [f'href="#{html.escape(place)}"', 'data-kind="page"']


def _is_body(tag: str, values: Mapping[str, str], classes: set[str]) -> bool:
    return tag in ("article", "div", "main") and (values.get("role") == "main" or "bd-article" in classes)


def _on_paper(tag: str) -> str:
    return {"details": "div", "summary": "p"}.get(tag, tag)


def document(chapters: Sequence[Chapter], imprint: Imprint, looks: Sequence[Path], pages: Mapping[str, int]) -> str:
    """One HTML document of the chapters, with a first page and the contents.

    :param looks: the style sheets of the folder that say how what is ours looks, drawings above all.
    :param pages: the number of the page of each place, for the references; a place that is not there gets a question mark.
    """
    title = f"{imprint.project} {imprint.version}".strip()
    commit = dict(imprint.facts).get("Commit", "")
    style = Path(__file__).with_name("paper.css").read_text("utf-8")
    style = style.replace("PROJECT", _in_css(title)).replace("COMMIT", _in_css(commit))
    contents = "".join(
        f'<li><a href="#p{number}">{html.escape(one.title)}</a><span class="dots"></span>\x00p{number}\x00</li>'
        for number, one in enumerate(chapters, start=1)
    )
    facts = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in imprint.facts)
    bodies = "".join(
        f'<section class="chapter" id="p{number}">{one.body}</section>\n'
        for number, one in enumerate(chapters, start=1)
    )
    body = (
        f'<header class="cover"><h1>{html.escape(title)}</h1><dl>{facts}</dl></header>'
        f'<section class="contents"><h1>Contents</h1><ol>{contents}</ol></section>{bodies}'
    )
    sheets = "".join(f'<link rel="stylesheet" href="{html.escape(one.as_uri())}">' for one in looks)
    numbered = _MARK.sub(lambda found: f'<span class="at">p.{pages.get(html.unescape(found[1]), "?")}</span>', body)
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"{sheets}<style>{style}</style></head><body>{numbered}</body></html>"
    )


def _in_css(text: str) -> str:
    """A text within the quotation marks of a style sheet: whatever is no letter, digit or blank as its number."""
    return "".join(one if one.isalnum() or one == " " else f"\\{ord(one):06x}" for one in text)


def looks_of(folder: Path) -> list[Path]:
    """The style sheets of a built folder that are ours."""
    return sorted((folder.resolve() / "_static").glob("xenfusa*.css"))
