"""Digests of what a page shows: of two builds in which one is the same, the page is the same."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from sphinx.application import Sphinx

from sphinx_xenfusa import __version__
from sphinx_xenfusa.inputs import InputError, read_text
from sphinx_xenfusa.trace import canonical
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


class KeptDigests:
    """The digests of what an output showed when it was last written.

    Each output has a file of its own beside the doctrees, because several outputs can share these.

    :param kind: a word for what is shown; part of the file's name.
    """

    def __init__(self, app: Sphinx, kind: str) -> None:
        output = hashlib.sha256(f"{app.builder.name}\0{app.outdir}".encode("utf-8", "surrogateescape")).hexdigest()
        self._path = Path(app.doctreedir) / "xenfusa" / f"{kind}-{output[:16]}.json"

    def read(self) -> dict[str, str]:
        """The digests by what they are of; none where they are not there, or not whole: then all is written again."""
        try:
            known = json.loads(read_text(self._path))
        except (InputError, ValueError, RecursionError):
            return {}
        return known if isinstance(known, dict) else {}

    def write(self, digests: Mapping[str, str]) -> None:
        """Keep digests in place of those before; what cannot be kept is written again the next time."""
        with contextlib.suppress(OSError):
            canonical.write_text(self._path, canonical.dumps(digests))
