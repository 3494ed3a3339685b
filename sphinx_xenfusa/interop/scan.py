"""Scans files and folders for items: the one entry point, whatever the format.

Which reader reads a file is decided by its name alone (:mod:`file_kinds`).  Nothing outside of the root is read: ``..`` and
symbolic links that lead out of it are refused with a finding.  A file that cannot be read is a finding, and the rest is
read all the same.  The order is that of the files' names, then of the lines, whatever the order of the arguments was.

Without Sphinx and docutils.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sphinx_xenfusa.inputs import DEFAULT_LIMIT, InputError, decode, read_bytes
from sphinx_xenfusa.interop.file_kinds import FileKind, kind_of
from sphinx_xenfusa.interop.file_tree import FileTree
from sphinx_xenfusa.interop.openfasttrace import read_items, read_markdown
from sphinx_xenfusa.interop.reqif_source import read_reqif
from sphinx_xenfusa.interop.source_tags import Reading, read_tags
from sphinx_xenfusa.interop.specobject import read_specobject
from sphinx_xenfusa.trace.canonical import natural
from sphinx_xenfusa.trace.linker import finding_order
from sphinx_xenfusa.trace.record import Finding, Item, Place

_READERS = {
    FileKind.RST: read_items,
    FileKind.MARKDOWN: read_markdown,
    FileKind.REQIF: read_reqif,
    FileKind.SOURCE: read_tags,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused with a finding, so that a hostile or mistaken tree cannot use up the machine.

    :param file_bytes: the largest file that is read.
    :param xml_bytes: the largest XML file, which is never held as a tree: 50,000 items take about 60 MB.
    :param files: how many files are read.
    """

    file_bytes: int = DEFAULT_LIMIT
    xml_bytes: int = 128 * 1024 * 1024
    files: int = 200_000


LIMITS = Limits()
"""The usual limits."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan found.

    :param items: in the order of the files' names and of their lines.
    :param findings: what is wrong, sorted; a file that could not be read is one of subtype ``input``.
    :param files: the files that were read, relative to the root, sorted.
    """

    items: tuple[Item, ...]
    findings: tuple[Finding, ...]
    files: tuple[str, ...]


def scan(paths: Sequence[Path], root: Path, *, sources: Sequence[str] = (), limits: Limits = LIMITS) -> Scanned:
    """Read the items of files and folders.

    :param paths: files and folders, absolute or relative to the working directory.  In folders, files and folders whose
        names begin with a dot are passed over, and so are files of suffixes that no reader knows.
    :param root: the folder that places are relative to, and that nothing is read outside of.
    :param sources: globs of source files, relative to the root, such as ``xen/arch/arm/**/*.c``; what they match is
        searched for coverage tags, whatever its suffix.
    :param limits: what is too large.
    """
    home = root.resolve()
    tree = FileTree(home, lambda name: kind_of(name) is not None, limits.files)
    for path in paths:
        tree.take(path)
    for pattern in sources:
        tree.glob(pattern)
    files = sorted(tree.files, key=natural)
    readings = [_read(home, file, limits) for file in files]
    findings = {*tree.findings, *(finding for _, found in readings for finding in found)}
    return Scanned(
        items=tuple(item for items, _ in readings for item in items),
        findings=tuple(sorted(findings, key=finding_order)),
        files=tuple(files),
    )


def _read(root: Path, file: str, limits: Limits) -> Reading:
    """The items of a file; one that cannot be read has none, and a finding."""
    kind = kind_of(file) or FileKind.SOURCE
    try:
        limit = limits.xml_bytes if kind is FileKind.XML else limits.file_bytes
        data = read_bytes(root / file, limit=limit, what="a text file")
    except InputError as error:
        return (), (_unreadable(file, error, "its items are missing from the record"),)
    if kind is FileKind.SOURCE and (b"->" not in data or b"~" not in data):
        return (), ()
    text, wrong = _decoded(data, file, kind)
    if not text:
        return (), wrong
    reading = read_specobject(text, file) if kind is FileKind.XML else _READERS[kind](text, file)
    if reading is None:
        # Other XML, whose encoding is its own affair: as source code.
        return read_tags(text, file)
    items, findings = reading
    return items, (*findings, *wrong)


def _decoded(data: bytes, file: str, kind: FileKind) -> tuple[str, tuple[Finding, ...]]:
    """The text of a file.

    Bytes that are no UTF-8 are a finding and become U+FFFD, so that the rest is read; in source code, where many an old
    file has some in its comments, they matter in a coverage tag only.  A file with NUL, which is no text, is not read.
    """
    try:
        return decode(data, Path(file)), ()
    except InputError as error:
        if b"\0" in data:
            return "", (_unreadable(file, error, "its items are missing from the record"),)
        wrong = () if kind is FileKind.SOURCE else (_unreadable(file, error, "it is read as U+FFFD"),)
        return data.decode("utf-8-sig", errors="replace"), wrong


def _unreadable(file: str, error: InputError, consequence: str) -> Finding:
    return Finding("input", Place(file, error.line or 1), file, f"{error.message}; {consequence}")
