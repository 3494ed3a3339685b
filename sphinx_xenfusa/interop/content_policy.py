"""The Content-Security-Policy under which a folder of built pages works: its own files, and what stands inline, by hash.

Nothing of ours stands inline, so what is listed comes from the theme, from Sphinx, from sphinx-needs or from an author.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from sphinx_xenfusa.inputs import read_text
from sphinx_xenfusa.interop.html_folder import PAGE_LIMIT, pages_of

_RUN = {"", "module", "text/javascript", "application/javascript"}
"""Types of scripts that a browser runs; any other is data."""


@dataclass(frozen=True, slots=True, order=True)
class Inline:
    """A script or a style that stands in a page.

    :param kind: ``script`` or ``style`` for an element, ``handler`` or ``attribute`` for one of an element of another name.
    :param text: as it stands there, which is what the hash is of.
    """

    kind: str
    text: str

    @property
    def source(self) -> str:
        """The hash, as a policy names it."""
        return f"'sha256-{base64.b64encode(hashlib.sha256(self.text.encode()).digest()).decode()}'"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: set[Inline] = set()
        self._open = ""
        self._parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        for name, value in values.items():
            if name == "style":
                self.found.add(Inline("attribute", value))
            elif name.startswith("on"):
                self.found.add(Inline("handler", value))
        if tag == "style" or (tag == "script" and "src" not in values and values.get("type", "").lower() in _RUN):
            self._open, self._parts = tag, []

    def handle_data(self, data: str) -> None:
        if self._open:
            self._parts.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._open:
            self.found.add(Inline(tag, "".join(self._parts)))
            self._open = ""


def inline_parts(folder: Path) -> list[Inline]:
    """Every script and style that stands in a page of a folder, once each.

    :raises InputError: the folder, or a page, cannot be read.
    """
    found = set[Inline]()
    for path in pages_of(folder):
        reader = _Reader()
        reader.feed(read_text(path, limit=PAGE_LIMIT))
        reader.close()
        found |= reader.found
    return sorted(found)


def content_policy(parts: Iterable[Inline]) -> str:
    """The value of the header ``Content-Security-Policy`` for pages with these inline parts, and no others.

    :param parts: handlers and attributes need ``'unsafe-hashes'``, which is named only where there are some.
    """
    parts = list(parts)
    return "; ".join(
        [
            "default-src 'none'",
            _sources("script-src", parts, "script", "handler"),
            _sources("style-src", parts, "style", "attribute"),
            "img-src 'self' data:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )


def _sources(name: str, parts: Iterable[Inline], element: str, attribute: str) -> str:
    kinds = {one.kind for one in parts}
    hashes = sorted({one.source for one in parts if one.kind in (element, attribute)})
    return " ".join([name, "'self'", *(["'unsafe-hashes'"] if attribute in kinds else []), *hashes])
