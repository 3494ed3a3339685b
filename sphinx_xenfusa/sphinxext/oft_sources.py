"""The items of source code that ``xenfusa_oft_sources`` names: in the record like those of documents, and on no page.

They are those that ``xenfusa trace --source`` reads from the same folder, tags included: the name that a coverage tag without
one gets depends on the file's name below that folder.
"""

from __future__ import annotations

import os
from collections.abc import Container
from dataclasses import dataclass, replace
from pathlib import Path

from sphinx.application import Sphinx

from sphinx_xenfusa.interop.scan import scan
from sphinx_xenfusa.sphinxext.config import finding_of
from sphinx_xenfusa.trace.record import Finding, Item, Place


@dataclass(frozen=True)
class SourceItems:
    """What the files hold.

    :param items: in the order of the files' names and of their lines.
    :param findings: what is wrong in the files, and the patterns that cannot be used.
    :param files: the files with items, relative to the source folder.
    """

    items: tuple[Item, ...] = ()
    findings: tuple[Finding, ...] = ()
    files: frozenset[str] = frozenset()


def read_sources(app: Sphinx, documents: Container[str]) -> SourceItems:
    """Read the files that the patterns name, in every build: none of them is a source of Sphinx.

    :param documents: the files that are read as documents, relative to the source folder; a pattern may name them too.
    """
    patterns = app.config.xenfusa_oft_sources
    if not patterns:
        return SourceItems()
    root = Path(app.confdir, app.config.xenfusa_oft_source_root)
    if not root.is_dir():
        found = f"found xenfusa_oft_source_root = {app.config.xenfusa_oft_source_root!r}, which is no folder"
        return SourceItems(
            findings=(finding_of(app, "oft_source_root", "", f"{found}; expected one; no source code is read"),)
        )
    scanned = scan((), root, sources=patterns)
    below = os.path.relpath(root.resolve(), Path(app.srcdir).resolve())

    def here(place: Place) -> Place:
        """A place relative to the source folder, as all places in the record of a build."""
        return replace(place, file=Path(os.path.normpath(Path(below, place.file))).as_posix())

    items = [replace(item, place=here(item.place)) for item in scanned.items]
    kept = tuple(item for item in items if item.place.file not in documents)
    of_files = [
        replace(one, place=here(one.place)) for one in scanned.findings if one.place and one.about not in patterns
    ]
    of_patterns = [
        finding_of(app, "oft_sources", one.about, one.message) for one in scanned.findings if one.about in patterns
    ]
    told = (one for one in of_files if one.place is None or one.place.file not in documents)
    return SourceItems(kept, (*of_patterns, *told), frozenset(item.place.file for item in kept))
