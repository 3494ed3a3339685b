"""Reads OpenFastTrace's coverage tags, such as ``[impl->dsn~name~1]``, out of any text: source code, as a rule.

The forms are ``[impl->dsn~name~1]``, ``[impl~~2->dsn~name~1]`` (with a revision), ``[impl~login~2->dsn~name~1]`` (with name
and revision), several covered ids separated by commas, and needed types behind ``>>``, as in
``[dsn->req~name~1>>impl,utest]``; blanks may stand between the parts.

A tag without a name gets OpenFastTrace's: the name of what it covers, and, unless it needs something, ``-`` and the CRC-32
of file, line, position in the line and covered id.  The file is the name relative to the root of the scan; the names are
OpenFastTrace's own if that is started there and given relative names.  The revision is 0 where none is written: legal
for a tag in source code, whose text has no revisions, and nowhere else.

What is meant as such a tag and cannot be read is a finding.

Source: OpenFastTrace 4.9, ``LongTagImportingLineConsumer.java`` and its tests.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from sphinx_xenfusa.interop import characters
from sphinx_xenfusa.interop.lines import split_lines
from sphinx_xenfusa.trace.record import TAG, Finding, Item, Place, Tag

_MAX_REVISION = 2**31 - 1
_NAME = r"[^\W_][\w.-]*"
_ID = rf"[A-Za-z]+~{_NAME}~[0-9]+"
_MEANT = re.compile(r"\[[^\S\n]*[\w-]+(?:~[\w.-]*~[\w.-]*)?[^\S\n]*->[^\S\n]*\w+(?:~|[^\S\n]+~\w)[^\[\]\n]*\]?")
"""What nobody writes for another reason: an arrow and a name with ``~`` right behind it, after a bracket."""

_TAG = re.compile(
    rf"\[\s*(?P<type>[A-Za-z]+)(?:~(?P<name>{_NAME})?~(?P<revision>[0-9]+))?\s*->\s*"
    rf"(?P<covered>{_ID}(?:\s*,\s*{_ID})*)\s*(?:>>\s*(?P<needs>[A-Za-z]+(?:\s*,\s*[A-Za-z]+)*)\s*)?\]"
)
_EXPECTED = "expected one such as [impl->dsn~name~1], [impl~name~1->dsn~name~1] or [dsn->req~name~1>>impl,utest]"
_REPLACED = "\N{REPLACEMENT CHARACTER}"

Reading = tuple[tuple[Item, ...], tuple[Finding, ...]]
"""The items of a text in the order in which they stand, and what is wrong in it."""


def read_tags(text: str, file: str) -> Reading:
    """The coverage tags of a text.

    :param file: the name that places carry, relative to the root of the scan: generated names depend on it.
    """
    if "->" not in text or "~" not in text:
        return (), ()
    items: list[Item] = []
    findings: list[Finding] = []
    for number, line in enumerate(split_lines(text), start=1):
        if "->" in line and "[" in line and "~" in line:
            found, wrong = tags_in_line(line, number, file)
            items += found
            findings += wrong
    return tuple(items), tuple(findings)


def tags_in_line(line: str, number: int, file: str) -> tuple[list[Item], list[Finding]]:
    """The coverage tags of one line.

    :param number: the line's, from 1.
    """
    items: list[Item] = []
    findings: list[Finding] = []
    seen = line if line.isascii() else characters.visible(line)
    position = 0
    for meant in _MEANT.finditer(seen):
        tag = _TAG.match(meant[0])
        fault = _fault(meant[0], tag, line, seen)
        if tag is None or fault is not None:
            about, subtype = meant[0], "revision" if fault is not None and "revision" in fault else "tag"
            message = fault or f"found the coverage tag {short(about)!r}; {_EXPECTED}"
            findings.append(Finding(subtype, Place(file, number), short(about), message))
        else:
            items += _items(tag, number, position, file)
            position += 1
    return items, findings


def _fault(text: str, tag: re.Match[str] | None, line: str, seen: str) -> str | None:
    """What is wrong with a text that is meant as a tag, where more can be said than that its form is wrong."""
    if seen != line:
        return (
            f"found {characters.named(line)} in the line of the tag {short(text)!r}; expected characters that are seen"
        )
    if _REPLACED in text:
        return f"found bytes that are no UTF-8 in the coverage tag {short(text)!r}; {_EXPECTED}"
    revision = tag["revision"] if tag is not None else None
    if revision is not None and (len(revision) > 10 or str(int(revision)) != revision or int(revision) > _MAX_REVISION):
        expected = f"expected a number from 0 to {_MAX_REVISION} without leading zeros"
        return f"found the revision {short(revision)} in {short(text)!r}; {expected}"
    return None


def _items(tag: re.Match[str], number: int, position: int, file: str) -> Iterator[Item]:
    """The items of a tag: one of its own name for all that it covers, or one for each under a generated name."""
    covered = re.split(r"\s*,\s*", tag["covered"])
    needs = tuple(re.split(r"\s*,\s*", tag["needs"])) if tag["needs"] else ()
    revision = int(tag["revision"] or "0")
    if tag["name"]:
        yield _item(Tag(tag["type"], tag["name"], revision), tuple(covered), needs, Place(file, number))
        return
    for one in covered:
        name = one.split("~")[1] if needs else _generated(one, number, position, file)
        yield _item(Tag(tag["type"], name, revision), (one,), needs, Place(file, number))


def _generated(covered: str, number: int, position: int, file: str) -> str:
    match = TAG.fullmatch(covered)
    shown = covered if match is None else f"{match['type']}~{match['name']}~{int(match['revision'])}"
    checksum = zlib.crc32(f"{file}{number}{position}{shown}".encode(errors="surrogateescape"))
    return f"{covered.split('~')[1]}-{checksum}"


def _item(tag: Tag, covers: tuple[str, ...], needs: tuple[str, ...], place: Place) -> Item:
    return Item(tag=tag, title="", text="", place=place, origin="source", covers=covers, needs=needs)


def short(text: str) -> str:
    """The beginning of a text, for a message: what a file holds may be of any length."""
    return text if len(text) <= 100 else f"{text[:100]}…"
