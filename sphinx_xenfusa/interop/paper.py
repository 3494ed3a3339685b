"""The pages of a built folder as chapters for paper, in reading order, and which pages are none.

A few kinds of table and drawing are of no use on paper (``NOT_ON_PAPER`` in ``chapter``).  Where one stood the document says how
many rows it has and on which page of the folder it is, and a list at the front has all of them (``paper_document``).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

from sphinx_xenfusa.inputs import InputError, read_text, real_path
from sphinx_xenfusa.interop.chapter import Chapter, LeftOut, chapter_of
from sphinx_xenfusa.interop.html_folder import PAGE_LIMIT, pages_of, parts_of

_OF_A_SCREEN = ("search.html", "genindex.html", "permalink.html", "py-modindex.html", "_modules/*")
"""Pages that are of no use on paper: what they find is found by the contents and the references, or is code."""


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
    chapters = [chapter_of(name, root, numbers, texts[name], everything=selection.everything) for name in order]
    return Paper(chapters, absent, language[1] if language else "en")


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
