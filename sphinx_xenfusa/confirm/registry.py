"""The claims that are installed: ours, and those of a user's own package.

A package offers claims through the entry point group ``sphinx_xenfusa.claims``; each entry point names a sequence of objects
that implement :class:`sphinx_xenfusa.explore.claim.Claim`.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from sphinx_xenfusa.explore.claim import Claim
from sphinx_xenfusa.inputs import InputError

GROUP = "sphinx_xenfusa.claims"
_PARTS = ("id", "says", "statements", "policies", "scope", "sources", "run")
_ID = re.compile(r"[a-z][a-z0-9_]*")


def _is_claim(offered: object) -> bool:
    """Whether an object has the parts of a claim; they are looked up and not evaluated, because a part may be code that fails."""
    missing = object()
    return all(inspect.getattr_static(offered, part, missing) is not missing for part in _PARTS)


def load_claims(points: Iterable[EntryPoint] | None = None) -> Mapping[str, Claim]:
    """All claims by id, in the order of their ids.

    :param points: the entry points to read; by default all that are installed in the group.
    :raises InputError: an entry point cannot be imported, is no sequence of claims, or offers an id that is malformed or taken.
    """
    claims: dict[str, Claim] = {}
    for point in sorted(entry_points(group=GROUP) if points is None else points, key=lambda one: (one.name, one.value)):
        place = f"entry point {GROUP}:{point.name}"
        try:
            offered = point.load()
        except Exception as error:  # code of a user's package runs here and may fail in any way
            raise InputError(
                place, None, f"{point.value}, which cannot be loaded ({error})", "a sequence of claims"
            ) from error
        if not isinstance(offered, Iterable):
            raise InputError(place, None, f"{point.value}, a {type(offered).__name__}", "a sequence of claims")
        for claim in offered:
            if not _is_claim(claim) or _ID.fullmatch(str(claim.id)) is None:
                raise InputError(
                    place, None, f"{claim!r}", "an object that implements Claim, with an id like hwdom_single"
                )
            if claim.id in claims:
                raise InputError(place, None, f"a second claim {claim.id!r}", "each id once")
            claims[claim.id] = claim
    return dict(sorted(claims.items()))


@functools.cache
def _offering_packages() -> Mapping[str, str]:
    """The top-level package or module that offers each installed claim."""
    offered: dict[str, str] = {}
    for point in entry_points(group=GROUP):
        for claim in point.load():
            offered.setdefault(claim.id, point.module.partition(".")[0])
    return offered


def package_sources(claim: Claim) -> tuple[Path, ...]:
    """The Python files of the package that offers a claim, if it is not ours: an edit of any of them may change a verdict."""
    package = _offering_packages().get(claim.id, "")
    spec = importlib.util.find_spec(package) if package and package != __name__.partition(".")[0] else None
    if spec is None:
        return ()
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = [path for folder in folders for path in folder.rglob("*.py")]
    return tuple(sorted(files)) if folders else (Path(str(spec.origin)),)
