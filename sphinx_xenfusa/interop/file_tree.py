"""Which files of a tree are read: found in a fixed order, and never one that stands outside of the root.

A name with ``..`` that leads out of the root, and a symbolic link that does, is refused with a finding: what a document of
unknown origin points at is not opened.  A symbolic link within the root is followed to the file itself, which is read
once, under its own name.  Folders are followed without end, each once, so that links in a circle end.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from sphinx_xenfusa.trace.record import Finding, Place


class FileTree:
    """The files found below a root.

    :param root: the folder that names are relative to, resolved.
    :param known: whether a file of that name is wanted when it is met in a folder.
    :param most: how many files are kept.
    """

    def __init__(self, root: Path, known: Callable[[str], bool], most: int) -> None:
        self.files: set[str] = set()
        self.findings: list[Finding] = []
        self._root = root
        self._known = known
        self._most = most
        self._folders: set[str] = set()
        self._full = False

    def take(self, path: Path) -> None:
        """Take a file, or all files of a folder, whose names are known.

        A path that does not exist or leads out of the root, and a file whose name is not known, is a finding.
        """
        absolute = Path.cwd() / path
        try:
            real = absolute.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            self._refuse(self._named(absolute), f"found no file or folder that can be read ({_reason(error)})", "one")
            return
        if self._inside(real, self._named(absolute), absolute):
            if real.is_dir():
                self._walk(real)
            elif self._known(real.name):
                self._keep(real)
            else:
                found = f"found a file with the name {real.name!r}, which no reader knows"
                self._refuse(self._named(real), found, "a file of a known suffix, or a pattern for source code")

    def glob(self, pattern: str) -> set[str]:
        """Take the files that a glob below the root matches, and return their names.

        A pattern that leads out of the root or cannot be one, and one that matches no file, is a finding.
        """
        if PurePosixPath(pattern).is_absolute() or ".." in PurePosixPath(pattern).parts:
            self._refuse(pattern, f"found the pattern {pattern!r}, which leads out of the root", "one below it")
            return set()
        try:
            matches = sorted(path for path in self._root.glob(pattern) if path.is_symlink() or path.is_file())
        except (OSError, ValueError, NotImplementedError) as error:
            self._refuse(pattern, f"found the pattern {pattern!r} ({error})", "one such as xen/**/*.c")
            return set()
        found = {name for path in matches if (name := self._link(path)) is not None}
        if not found:
            self._refuse(pattern, f"found no file that {pattern!r} matches", "at least one")
        return found

    def _walk(self, folder: Path) -> None:
        """Take the files below a folder, in the order of their names."""
        waiting = [folder]
        while waiting:
            here = waiting.pop()
            if str(here) in self._folders:
                continue
            self._folders.add(str(here))
            try:
                with os.scandir(here) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
            except OSError as error:
                self._refuse(
                    self._named(here), f"found a folder that cannot be read ({_reason(error)})", "a readable one"
                )
                continue
            waiting += reversed([below for entry in entries if (below := self._enter(entry)) is not None])

    def _enter(self, entry: os.DirEntry[str]) -> Path | None:
        """Take an entry of a folder; a folder is returned, to be walked."""
        if entry.name.startswith("."):
            return None
        path = Path(entry.path)
        if entry.is_symlink():
            if self._known(entry.name) or path.is_dir():
                self._link(path)
                return path.resolve() if path.is_dir() and self._is_below(path.resolve()) else None
            return None
        if entry.is_dir(follow_symlinks=False):
            return path
        if self._known(entry.name):
            self._keep(path)
        return None

    def _link(self, path: Path) -> str | None:
        """Take what may be a symbolic link; the name of the file that it leads to, if it leads to one in the root."""
        try:
            real = path.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            self._refuse(self._named(path), f"found a symbolic link that leads nowhere ({_reason(error)})", "a file")
            return None
        if not self._inside(real, self._named(path), path) or real.is_dir():
            return None
        return self._keep(real)

    def _inside(self, real: Path, name: str, path: Path) -> bool:
        """Whether a resolved path is in the root; a finding if it is not."""
        if self._is_below(real):
            return True
        what = "a symbolic link" if self._is_below(Path(os.path.normpath(path))) else "a path"
        self._refuse(name, f"found {what} that leads out of the root", "files of the tree only; it was not opened")
        return False

    def _is_below(self, real: Path) -> bool:
        return real.is_relative_to(self._root)

    def _keep(self, real: Path) -> str | None:
        name = real.relative_to(self._root).as_posix()
        if not name.isprintable():
            self._refuse(
                name, "found a file name with characters that cannot be shown", "a name that can; it is not read"
            )
            return None
        if name not in self.files and len(self.files) >= self._most:
            if not self._full:
                self._refuse(
                    name, f"found more than {self._most:,} files", "fewer; this one and the rest were not read"
                )
            self._full = True
            return None
        self.files.add(name)
        return name

    def _named(self, path: Path) -> str:
        """The name for a finding, which may stand outside of the root."""
        return Path(os.path.relpath(os.path.normpath(path), self._root)).as_posix()

    def _refuse(self, name: str, found: str, expected: str) -> None:
        shown = name if name.isprintable() else name.encode("unicode_escape").decode("ascii")
        self.findings.append(Finding("input", Place(shown, 1), shown, f"{found}; expected {expected}"))


def _reason(error: BaseException) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "it leads to itself"
