"""Digests of what a page shows: of two builds in which one is the same, the page is the same."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator

from sphinx_xenfusa import __version__
from sphinx_xenfusa.trace.record import TraceRecord


def digest(*parts: object) -> str:
    """A digest of data classes, whose representation names every field, and of our version, which may show them otherwise.

    A record, and a tuple or list, is taken entry by entry: the representation of all of it would be the largest thing in memory.
    """
    made = hashlib.sha256(__version__.encode())
    for part in parts:
        for piece in _pieces(part):
            made.update(piece.encode("utf-8", "surrogatepass"))
            made.update(b"\0")
    return made.hexdigest()


def _pieces(part: object) -> Iterator[str]:
    if isinstance(part, TraceRecord):
        for one in dataclasses.fields(part):
            yield one.name
            yield from _pieces(getattr(part, one.name))
    elif isinstance(part, tuple | list) and not hasattr(part, "_fields"):
        yield f"{len(part)} of"
        for entry in part:
            yield repr(entry)
    else:
        yield repr(part)
