"""Whether an installation is whole: packages against their bounds, extras and programs with what their absence costs.

Nothing is changed and nothing is downloaded.  What is needed comes from the metadata of our own distribution, which says it
to pip as well; what an absence costs is said here, in words.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

OURS = "sphinx-xenfusa"

EXTRAS: Mapping[str, str] = {
    "bdd": "no engine bdd, and no second count of states by another method",
    "cluster": "no --executor: claims run in processes of this machine alone",
    "exports": "no ReqIF and no workbooks: xenfusa export writes the other formats, and a .reqif file is not read",
    "fast": "no engine numba: searches run on numpy, which takes longer and finds the same",
    "graphs": "no drawings of neighbours: xen:graph shows its list alone",
    "pdf": "no xenfusa audit pdf",
}
"""The extras that a user may want, and what is not there without them."""

PROGRAMS: Mapping[str, str] = {
    "git": "the commit is unknown unless xenfusa_commit says it, and no test can be found to be older than a text",
    "chromium": "no xenfusa audit pdf, unless Playwright has a browser of its own",
    "spin": "nothing that a build does; nobody else can recount what xenfusa model export --format promela writes",
    "cc": "nothing that a build does; SPIN needs it",
}
"""The programs that something calls or that an auditor wants, and what is not there without them."""
OWN_CHROMIUM = "XENFUSA_CHROMIUM"
_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Part:
    """A package or program.

    :param found: its version, or that it is there; ``None`` when it is not.
    :param expected: the versions that can be used, as pip writes them; empty for any.
    :param fits: whether it can be used.
    """

    name: str
    found: str | None
    expected: str
    fits: bool


@dataclass(frozen=True, slots=True)
class Optional:
    """Something that may be absent.

    :param cost: what is not there without it.
    :param remedy: what to type to have it; empty where that differs from machine to machine.
    """

    name: str
    parts: tuple[Part, ...]
    cost: str
    remedy: str

    @property
    def fits(self) -> bool:
        """Whether all of it can be used."""
        return all(part.fits for part in self.parts)


@dataclass(frozen=True, slots=True)
class Health:
    """An installation."""

    version: str
    needed: tuple[Part, ...]
    extras: tuple[Optional, ...]
    programs: tuple[Optional, ...]

    @property
    def whole(self) -> bool:
        """Whether everything that is needed can be used."""
        return all(part.fits for part in self.needed)


def health(installed: Callable[[str], str | None] | None = None, distribution: str = OURS) -> Health:
    """What this installation has.

    :param installed: the version of a package, ``None`` if it is not there; by default what Python's metadata say.
    :raises importlib.metadata.PackageNotFoundError: we are not installed, but run from a folder.
    """
    version_of = installed or _version_of
    about = metadata.distribution(distribution)
    demands = [Requirement(text) for text in about.requires or ()]
    python = _part("Python", platform.python_version(), SpecifierSet(about.metadata["Requires-Python"] or ""))
    needed = [_held(one, version_of) for one in demands if one.marker is None or one.marker.evaluate({"extra": ""})]
    return Health(
        about.version,
        (python, *sorted(needed, key=lambda part: part.name.casefold())),
        tuple(_extra(name, cost, demands, version_of) for name, cost in EXTRAS.items()),
        tuple(_program(name, cost) for name, cost in PROGRAMS.items()),
    )


def _version_of(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _held(demand: Requirement, version_of: Callable[[str], str | None]) -> Part:
    return _part(demand.name, version_of(demand.name), demand.specifier)


def _part(name: str, found: str | None, expected: SpecifierSet) -> Part:
    return Part(name, found, ",".join(sorted(map(str, expected), reverse=True)), _fits(found, expected))


def _fits(found: str | None, expected: SpecifierSet) -> bool:
    if found is None:
        return False
    try:
        return expected.contains(Version(found), prereleases=True)
    except InvalidVersion:
        return False


def _extra(name: str, cost: str, demands: Iterable[Requirement], version_of: Callable[[str], str | None]) -> Optional:
    parts = tuple(
        _held(one, version_of)
        for one in demands
        if one.marker is not None and one.marker.evaluate({"extra": name}) and not one.marker.evaluate({"extra": ""})
    )
    return Optional(name, parts, cost, f"pip install '{OURS}[{name}]'")


def _program(name: str, cost: str) -> Optional:
    found = _found(name)
    return Optional(name, (Part(name, found, "", found is not None),), cost, "")


def _found(name: str) -> str | None:
    """What a program says about its version, in one line; that it is there, if it says nothing; ``None`` if it is not there."""
    own = os.environ.get(OWN_CHROMIUM) if name == "chromium" else None
    path = shutil.which(own or name)
    if path is None:
        return None
    return next(_said(path, "-V" if name == "spin" else "--version"), "there")


def _said(path: str, option: str) -> Iterator[str]:
    """The first line with a word that a program prints when it is asked for its version."""
    try:
        done = subprocess.run(
            [path, option],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    yield from (line.strip()[:100] for line in done.stdout.splitlines() if line.strip())
