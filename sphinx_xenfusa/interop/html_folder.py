"""A folder of built HTML as an auditor gets it: its pages, their anchors, their links, what they load; and what of it is dead.

Nothing here comes from the build that wrote the folder: the files are read as they lie there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from sphinx_xenfusa.inputs import InputError, read_text, real_path

PAGE_LIMIT = 200_000_000
"""Bytes of one page; the largest of our own has 1.3 million."""

_LOADING = {"script": "src", "img": "src", "source": "src", "iframe": "src", "embed": "src", "object": "data"}
_LOADED_LINKS = {"stylesheet", "icon", "shortcut", "preload", "modulepreload", "manifest", "search"}
_IN_CSS = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)|@import\s+["']([^"']+)["']""")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_NOT_FETCHED = ("data:", "#", "about:", "blob:", "javascript:")


@dataclass(frozen=True, slots=True)
class Target:
    """What a page leads to or loads.

    :param line: where on the page it is named.
    :param url: as it is written there.
    :param loaded: whether the browser fetches it by itself: a script, a style, a picture.
    """

    line: int
    url: str
    loaded: bool


@dataclass(slots=True)
class HtmlPage:
    """What a page names: its anchors, and its targets in their order."""

    anchors: set[str] = field(default_factory=set)
    targets: list[Target] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DeadLink:
    """A target that is not there.

    :param page: the file that names it, relative to the folder.
    :param reason: what was found in place of what was expected.
    """

    page: str
    line: int
    url: str
    reason: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.url}: {self.reason}"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = HtmlPage()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        # A name is a place in a link only: that of a field or of a piece of metadata is none.
        self.page.anchors |= {
            values[name] for name in ("id", "name") if values.get(name) and (name == "id" or tag == "a")
        }
        line = self.getpos()[0]
        if tag in ("a", "area") and ("href" in values or "xlink:href" in values):
            self.page.targets.append(Target(line, values.get("href", values.get("xlink:href", "")), loaded=False))
        elif tag == "link" and "href" in values:
            loaded = bool(_LOADED_LINKS & set(values.get("rel", "").lower().split()))
            self.page.targets.append(Target(line, values["href"], loaded))
        elif tag == "use" or tag == "image":
            self._load(line, values.get("href", values.get("xlink:href", "")))
        elif tag in _LOADING:
            self._load(line, values.get(_LOADING[tag], ""))
        for candidate in values.get("srcset", "").split(","):
            self._load(line, candidate.split()[0] if candidate.split() else "")

    def _load(self, line: int, url: str) -> None:
        if url:
            self.page.targets.append(Target(line, url, loaded=True))


def read_page(path: Path) -> HtmlPage:
    """What a page names.

    :raises InputError: it cannot be read.
    """
    reader = _Reader()
    reader.feed(read_text(path, limit=PAGE_LIMIT))
    reader.close()
    return reader.page


def pages_of(folder: Path) -> list[Path]:
    """Every page of a folder, sorted; what lies in ``_static`` and ``_sources`` is none.

    :raises InputError: it is no folder, has no page, or has one that is a link to what is not in it.
    """
    if not folder.is_dir():
        raise InputError(folder, None, "no such folder", "a folder of built HTML")
    aside = {"_static", "_sources"}
    found = [path for path in sorted(folder.rglob("*.html")) if not aside & set(path.relative_to(folder).parts)]
    if not found:
        raise InputError(folder, None, "no page in it", "a folder of built HTML, with index.html")
    root = real_path(folder)
    for path in found:
        if not real_path(path).is_relative_to(root):
            raise InputError(path, None, "a link to a file outside the folder", "a page of the folder")
    return found


def parts_of(url: str) -> SplitResult | None:
    """The parts of an address; nothing for one that is none, such as ``http://[``."""
    try:
        return urlsplit(url)
    except ValueError:
        return None


def dead_links(folder: Path) -> Iterator[DeadLink]:
    """Every link, script, style and picture of a folder that leads nowhere, page by page.

    Dead is what names a file that is not in the folder, an anchor that its page does not have, a place outside the folder, or a
    script, style, picture or font on another machine.  A link to another machine is not followed.

    :raises InputError: the folder, or a page, cannot be read.
    """
    root = real_path(folder)
    pages = {real_path(path): read_page(path) for path in pages_of(folder)}
    for path, page in pages.items():
        name = path.relative_to(root).as_posix()
        for target in page.targets:
            if reason := _why_dead(root, path, target, pages):
                yield DeadLink(name, target.line, target.url, reason)
    for sheet in sorted(root.rglob("*.css")):
        yield from _dead_in_sheet(root, sheet)


def _dead_in_sheet(root: Path, sheet: Path) -> Iterator[DeadLink]:
    text = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), read_text(sheet, limit=PAGE_LIMIT))
    for found in _IN_CSS.finditer(text):
        target = Target(text.count("\n", 0, found.start()) + 1, found[1] or found[2], loaded=True)
        if reason := _why_dead(root, sheet, target, {}):
            yield DeadLink(sheet.relative_to(root).as_posix(), target.line, target.url, reason)


def _why_dead(root: Path, path: Path, target: Target, pages: dict[Path, HtmlPage]) -> str:
    """Why a target is dead; empty if it is not."""
    url = target.url.strip()
    if not target.loaded and url.lower().startswith("javascript:"):
        return "found a link that runs in the browser; expected a place to go to"
    if url.startswith(_NOT_FETCHED) and not (url.startswith("#") and not target.loaded):
        return ""
    parts = parts_of(url)
    if parts is None:
        return "found what is no address; expected one"
    if parts.scheme or parts.netloc:
        return "found a place on another machine; expected a file of the folder" if target.loaded else ""
    # No file has this character in its name, and Python refuses to look for one.
    named = real_path(path.parent / unquote(parts.path).replace("\0", "%00")) if parts.path else path
    if not named.is_relative_to(root) or parts.path.startswith("/"):
        return "found a place outside the folder; expected a file of it"
    there = _page_at(named)
    if there is None:
        return "found no such file in the folder"
    anchor = unquote(parts.fragment)
    if target.loaded or not anchor or there not in pages or anchor in pages[there].anchors or anchor == "top":
        return ""
    return f"found no {anchor!r} on that page"


def _page_at(path: Path) -> Path | None:
    """A file, or the first page of a folder; nothing where neither is, as where a name is longer than one can be."""
    try:
        there = path / "index.html" if path.is_dir() else path
        return there if there.is_file() else None
    except OSError:
        return None
