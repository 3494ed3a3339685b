"""The templates of ``xenfusa init``: which there are, which files each has, and how they are put into a folder.

A template is a folder of ``conf_templates/``.  It gets the files of the folder ``common`` too (the job of a continuous
integration, what an editor has to know), unless it has one of that name itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from importlib.resources import files
from pathlib import Path, PurePosixPath

from sphinx_xenfusa.inputs import InputError, read_bytes

COMMON = "common"
TEMPLATES: Mapping[str, str] = {
    "minimal": "one requirement, the claim that confirms it, and the matrix",
    "xen-docs": "the docs folder of Xen's tree: its requirements as they stand, an architecture specification beside them",
    "full": "everything: a requirement of each kind, an overlay, a platform, tests, gates, a baseline, and a page of each sort",
}
"""The templates by name, and what each of them makes."""

_LEFT_BY_BUILDS = frozenset({"_build", ".xenfusa", "__pycache__", ".venv"})
"""What lies in a template that somebody has built where it stands."""


def template_files(name: str) -> dict[PurePosixPath, bytes]:
    """The files of a template, by their paths in the folder that it makes, in the order of these.

    :param name: one of :data:`TEMPLATES`.
    :raises InputError: the templates are not where the package has them.
    """
    root = _root()
    found = {**_files_below(root / COMMON), **_files_below(root / name)}
    return dict(sorted(found.items()))


def place(contents: Mapping[PurePosixPath, bytes], folder: Path) -> list[Path]:
    """Write files into a folder, which is made if it is not there: all of them, or none.

    :returns: what was written, in the order of ``contents``.
    :raises InputError: one of them is there already, or cannot be written; then nothing was written.
    """
    wanted = [folder.joinpath(*path.parts) for path in contents]
    in_the_way = [path for path in wanted if os.path.lexists(path)]
    if in_the_way:
        named = ", ".join(path.as_posix() for path in in_the_way)
        expected = "a folder without them: nothing is overwritten"
        if folder / "conf.py" in in_the_way:
            expected += ", and --into adds the extension to a project that there is"
        raise InputError(folder, None, f"files that are there already ({named})", expected)
    made: list[Path] = []
    try:
        for path, data in zip(wanted, contents.values(), strict=True):
            _make_folder(path.parent, made)
            with path.open("xb") as file:
                made.append(path)
                file.write(data)
    except OSError as error:
        _take_back(made)
        place_of_fault = error.filename or folder
        raise InputError(
            place_of_fault,
            None,
            f"a place that cannot be written to ({error.strerror or error})",
            "a folder to write to",
        ) from error
    return wanted


def _make_folder(folder: Path, made: list[Path]) -> None:
    """Make a folder and those above it, and note which were not there."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir()
        made.append(one)


def _take_back(made: list[Path]) -> None:
    """Remove what this call has made, last first; a folder in which something else has appeared stays."""
    for path in reversed(made):
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()


def _root() -> Path:
    """The folder of the templates: in an installed package beside the modules, in a clone above them.

    :raises InputError: it is in neither place.
    """
    package = Path(str(files("sphinx_xenfusa")))
    for root in (package / "conf_templates", package.parent / "conf_templates"):
        if (root / COMMON).is_dir():
            return root
    raise InputError(package, None, "no templates beside the package", "a whole installation; install it again")


def _files_below(folder: Path) -> dict[PurePosixPath, bytes]:
    found = {}
    for path in folder.rglob("*"):
        inner = path.relative_to(folder)
        if path.is_file() and _LEFT_BY_BUILDS.isdisjoint(inner.parts):
            found[PurePosixPath(*inner.parts)] = read_bytes(path, what="a file of a template")
    return found
