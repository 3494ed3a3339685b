"""What is checked of an item that an exchange format brings, specobject XML or ReqIF: its tag, place, types and texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from sphinx_xenfusa.interop import characters
from sphinx_xenfusa.interop.source_tags import short
from sphinx_xenfusa.trace.record import Finding, Item, Place, Tag

_TYPE = re.compile(r"[A-Za-z]+")


def parse_tag(text: str) -> Tag:
    """A tag, whose revision may be 0: that of a coverage tag in source code, which the formats carry as well.

    :raises ValueError: saying what is wrong with it.
    """
    if not text.endswith("~0"):
        return Tag.parse(text)
    try:
        return Tag.parse(f"{text.removesuffix('~0')}~1")._replace(revision=0)
    except ValueError:
        return Tag.parse(text)


def claimed_place(file: str, line: str, here: Place) -> Place:
    """Where an item came from, as a file says; where it stands now unless that is a name below the root.

    :param here: the place of the item in the file that is read.
    """
    path = PurePosixPath(file)
    outside = path.is_absolute() or ".." in path.parts or ":" in file or "\\" in file
    if not file or outside or not file.isprintable() or not (line.isascii() and line.isdigit() and len(line) <= 10):
        return here
    return Place(path.as_posix(), int(line)) if 0 < int(line) < 2**31 else here


def needed_types(tag: Tag, entries: Iterable[tuple[str, Place]], findings: list[Finding]) -> tuple[str, ...]:
    """The types among some entries, each with its place; what is none is a finding."""
    types = []
    for text, place in entries:
        if _TYPE.fullmatch(text):
            types.append(text)
        else:
            message = f"found the needed type {short(text)!r}; expected letters only"
            findings.append(Finding("tag", place, str(tag), message))
    return tuple(types)


def turned_texts(item: Item, here: Place) -> list[Finding]:
    """A finding for each text of an item that reads in another order than it is stored."""
    return [
        Finding(
            "character",
            here,
            str(item.tag),
            f"found {characters.named(said)} of a text; expected text that reads in the order in which it is stored",
        )
        for said in (item.title, item.text, item.rationale, item.comment)
        if not said.isascii() and characters.turns(said)
    ]
