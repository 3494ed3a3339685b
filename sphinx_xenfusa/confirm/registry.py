"""The claims that are installed: ours, and those of a user's own package.

A package offers claims through the entry point group ``sphinx_xenfusa.claims``; each entry point names a sequence of objects
that implement :class:`sphinx_xenfusa.explore.claim.Claim`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points

from sphinx_xenfusa.explore.claim import Claim
from sphinx_xenfusa.inputs import InputError

GROUP = "sphinx_xenfusa.claims"
_ID = re.compile(r"[a-z][a-z0-9_]*")


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
        except (ImportError, AttributeError) as error:
            raise InputError(
                place, None, f"{point.value}, which cannot be loaded ({error})", "a sequence of claims"
            ) from error
        if not isinstance(offered, Iterable):
            raise InputError(place, None, f"{point.value}, a {type(offered).__name__}", "a sequence of claims")
        for claim in offered:
            if not isinstance(claim, Claim) or _ID.fullmatch(claim.id) is None:
                raise InputError(
                    place, None, f"{claim!r}", "an object that implements Claim, with an id like hwdom_single"
                )
            if claim.id in claims:
                raise InputError(place, None, f"a second claim {claim.id!r}", "each id once")
            claims[claim.id] = claim
    return dict(sorted(claims.items()))
