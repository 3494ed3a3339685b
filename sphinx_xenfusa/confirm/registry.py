"""The claims that are installed: ours, and those of a user's own package.

A package offers claims through the entry point group ``sphinx_xenfusa.claims``; each entry point names a sequence of objects
that implement :class:`sphinx_xenfusa.explore.claim.Claim`.  What is wrong with one costs its own claims and no other.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from sphinx_xenfusa.explore.claim import Budget, Claim
from sphinx_xenfusa.explore.verdict import Scope, Verdict
from sphinx_xenfusa.inputs import InputError

GROUP = "sphinx_xenfusa.claims"
OURS = __name__.partition(".")[0]
_PARTS = ("id", "says", "statements", "policies", "scope", "sources", "run")
_ID = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Installed:
    """What the entry points offer.

    :param claims: by id, in the order of their ids.
    :param packages: the top-level package or module that offers each of them.
    :param problems: what cannot be used, each with its entry point; its claims are not among the others.
    :param chapters: the name of the entry point that offers each of them.
    """

    claims: Mapping[str, Claim]
    packages: Mapping[str, str]
    problems: tuple[InputError, ...]
    chapters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ListedClaim:
    """A claim of ours of which the words are known, and of which the module is imported when more of it is asked for.

    :param point: the entry point that offers it.
    :param counted: what its search covers, where that is known.
    """

    id: str
    says: str
    statements: tuple[str, ...]
    policies: tuple[str, ...]
    point: EntryPoint
    counted: Scope | None = None

    @functools.cached_property
    def claim(self) -> Claim:
        """The claim itself.

        :raises InputError: its entry point does not offer it any more.
        """
        problems: list[InputError] = []
        for offered in _offered(self.point, problems):
            if offered.id == self.id:
                return offered
        raise next(iter(problems), _problem(self.point, f"no claim {self.id!r}", "the claim that was listed"))

    @property
    def scope(self) -> Scope:
        """What its search covers."""
        return self.claim.scope if self.counted is None else self.counted

    @property
    def sources(self) -> tuple[Path, ...]:
        """None beside this package: a claim that has others is not listed."""
        return ()

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        """Search, and judge what was found."""
        return self.claim.run(policy, budget, repaired=repaired)


def loaded(claims: Mapping[str, Claim]) -> Mapping[str, Claim]:
    """The claims themselves, where they are listed only."""
    return {name: one.claim if isinstance(one, ListedClaim) else one for name, one in claims.items()}


Listed = Mapping[tuple[str, str], Sequence[Claim]]
"""What entry points offer, by their name and value, as far as it is known without importing it."""


def installed(points: Iterable[EntryPoint] | None = None, listed: Listed | None = None) -> Installed:
    """All claims that can be used, and what is wrong with the rest.

    An id that is offered twice is not used at all: which of the two was meant cannot be known.

    :param points: the entry points to read; by default all that are installed in the group.
    :param listed: what need not be imported.
    """
    known = listed or {}
    claims: dict[str, Claim] = {}
    places: dict[str, EntryPoint] = {}
    problems: list[InputError] = []
    chosen = entry_points(group=GROUP) if points is None else points
    for point in sorted(chosen, key=lambda one: (one.name, one.value)):
        for offered in known.get((point.name, point.value)) or _offered(point, problems):
            name = offered.id
            if name in places:
                claims.pop(name, None)
                first = f"{places[name].name} offers the first; neither is used"
                problems.append(_problem(point, f"a second claim {name!r}", f"each id once ({first})"))
            else:
                places[name] = point
                claims[name] = offered
    packages = {name: places[name].module.partition(".")[0] for name in claims}
    chapters = {name: places[name].name for name in claims}
    return Installed(dict(sorted(claims.items())), packages, tuple(problems), chapters)


def load_claims(points: Iterable[EntryPoint] | None = None) -> Mapping[str, Claim]:
    """All claims that can be used, by id; :func:`installed` has what is wrong with the rest as well."""
    return installed(points).claims


def _problem(point: EntryPoint, found: str, expected: str) -> InputError:
    return InputError(f"entry point {GROUP}:{point.name}", None, found, expected)


def _offered(point: EntryPoint, problems: list[InputError]) -> Iterator[Claim]:
    """The claims of an entry point that can be used.  Code of a user's package runs here and may fail in any way."""
    try:
        sequence = point.load()
        if not isinstance(sequence, Iterable):
            found = f"{point.value}, a {type(sequence).__name__}"
            problems.append(_problem(point, found, "a sequence of claims"))
            return
        offered = list(sequence)
    except (Exception, SystemExit) as error:
        problems.append(
            _problem(point, f"{point.value}, which cannot be loaded ({_words(error)})", "a sequence of claims")
        )
        return
    for one in offered:
        try:
            usable = _is_claim(one)
        except Exception as error:
            problems.append(_problem(point, f"{type(one).__name__}, which breaks ({_words(error)})", _A_CLAIM))
            continue
        if usable:
            yield one
        else:
            problems.append(_problem(point, f"{one!r}", _A_CLAIM))


_A_CLAIM = "an object that implements Claim, with an id like hwdom_single, a text and tuples of texts"


def _words(error: BaseException) -> str:
    return f"{error}" or type(error).__name__


def _is_claim(offered: Any) -> bool:
    """Whether an object has the parts of a claim.

    What every page and table reads is evaluated, so that its fault shows here; scope and sources are only looked up, because they
    may be work.
    """
    missing = object()
    if any(inspect.getattr_static(offered, part, missing) is missing for part in _PARTS):
        return False
    named = isinstance(offered.id, str) and _ID.fullmatch(offered.id) is not None
    return named and isinstance(offered.says, str) and _texts(offered.statements) and _texts(offered.policies)


def _texts(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, str) for one in value)


@functools.cache
def _offering_packages() -> Mapping[str, str]:
    return installed().packages


def package_of(claim: Claim) -> str:
    """The top-level package or module that offers a claim; empty for one that is not installed."""
    if isinstance(claim, ListedClaim):
        return OURS
    return _offering_packages().get(claim.id, "")


def package_sources(package: str) -> tuple[Path, ...]:
    """The Python files of a package that offers claims, if it is not ours: an edit of any of them may change a verdict."""
    spec = importlib.util.find_spec(package) if package and package != OURS else None
    if spec is None:
        return ()
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = [path for folder in folders for path in folder.rglob("*.py")]
    return tuple(sorted(files)) if folders else (Path(str(spec.origin)),)
