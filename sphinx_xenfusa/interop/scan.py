"""Scans files and folders for items: the one entry point, whatever the format.

Which reader reads a file is decided by its name alone (:data:`READERS`).  Nothing outside of the root is read: ``..`` and
symbolic links that lead out of it are refused with a finding.  A file that cannot be read is a finding, and the rest is
read all the same.  The order is that of the files' names, then of the lines, whatever the order of the arguments was.

Without Sphinx and docutils.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from sphinx_xenfusa.inputs import DEFAULT_LIMIT, InputError, read_text
from sphinx_xenfusa.interop.file_tree import FileTree
from sphinx_xenfusa.interop.openfasttrace import read_items
from sphinx_xenfusa.trace.canonical import natural
from sphinx_xenfusa.trace.linker import finding_order
from sphinx_xenfusa.trace.record import Finding, Item, Place

Reading = tuple[tuple[Item, ...], tuple[Finding, ...]]
"""The items of a text in the order in which they stand, and what is wrong in it."""

Reader = Callable[[str, str], Reading]
"""Reads the text of a file, given the name that places carry."""

READERS: dict[str, Reader] = {
    ".rst": read_items,
}
"""What reads the files of a suffix (lower case)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused with a finding, so that a hostile or mistaken tree cannot use up the machine.

    :param file_bytes: the largest file that is read.
    :param files: how many files are read.
    """

    file_bytes: int = DEFAULT_LIMIT
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
    tree = FileTree(home, lambda name: reader_of(name) is not None, limits.files)
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


def reader_of(name: str) -> Reader | None:
    """What reads a file of that name, ``None`` if nothing does."""
    return READERS.get(PurePath(name).suffix.lower())


def _read(root: Path, file: str, limits: Limits) -> Reading:
    """The items of a file; one that cannot be read has none, and a finding."""
    reader = reader_of(file)
    if reader is None:
        known = ", ".join(sorted(READERS))
        return (), (Finding("input", Place(file, 1), file, f"found a file of another suffix; expected one of {known}"),)
    try:
        return reader(read_text(root / file, limit=limits.file_bytes, what="a text file"), file)
    except InputError as error:
        message = f"{error.message}; its items are missing from the record"
        return (), (Finding("input", Place(file, error.line or 1), file, message),)
