"""What a plan is made of, taken from the cache folder where it stands there for the same sources.

A confirmation of which every verdict is kept has nothing to run: it needs the ids, words and policies of the claims, the
register, the list of equivalent mutants and, of the mutation record, its text and the smallest mutants.  To import the modules of
all claims, to read YAML with its lines and to prove that nobody edited the record costs many times what the answer itself does.
So each of them is kept under what it depends on: the digest of all sources that a verdict depends on, and the bytes of the file
that was read.  Any other byte is another key, and what does not stand there whole is made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path
from typing import Any, TypeVar

from sphinx_xenfusa.confirm.adequacy_record import (
    NO_RECORD,
    RECORD,
    AdequacyRecord,
    MutationRecord,
    ProvenRecord,
    Reference,
    adequacy_text,
    parse_adequacy,
    read_adequacy,
)
from sphinx_xenfusa.confirm.cache import Cache
from sphinx_xenfusa.confirm.equivalents import EQUIVALENTS, Equivalent, read_equivalents
from sphinx_xenfusa.confirm.register import REGISTER, Described, Expected, Register, read_register
from sphinx_xenfusa.confirm.registry import GROUP, OURS, Installed, ListedClaim, installed
from sphinx_xenfusa.explore.claim import AnnouncedClaim, Claim
from sphinx_xenfusa.explore.verdict import Scope
from sphinx_xenfusa.trace.record import Place

_CLAIMS = f"{OURS}.claims"
_READERS = ("PyYAML", "jsonschema_rs")
"""Another version of these may read the same bytes otherwise."""

Made = TypeVar("Made")


class PlanInputs:
    """What a plan is made of, read from where it stands."""

    def installed(self) -> Installed:
        """All claims that can be used."""
        return installed()

    def with_scopes(self, claims: Mapping[str, Claim]) -> Mapping[str, Claim]:
        """The claims, of which all scopes will be asked for."""
        return claims

    def register(self, path: Path = REGISTER) -> Register:
        """The register of expected divergences.

        :raises InputError: as :func:`sphinx_xenfusa.confirm.register.read_register`.
        """
        return read_register(path)

    def equivalents(self, path: Path = EQUIVALENTS) -> tuple[Equivalent, ...]:
        """The list of equivalent mutants.

        :raises InputError: as :func:`sphinx_xenfusa.confirm.equivalents.read_equivalents`.
        """
        return read_equivalents(path)

    def adequacy(self, path: Path = RECORD) -> MutationRecord:
        """The record of the mutation run.

        :raises InputError: as :func:`sphinx_xenfusa.confirm.adequacy_record.read_adequacy`.
        """
        return read_adequacy(path)


PLAIN_INPUTS = PlanInputs()
"""Read from where they stand."""


class KeptPlanInputs(PlanInputs):
    """The same, kept in the folder of the verdicts.

    :param folder: where the verdicts are kept.
    """

    def __init__(self, folder: Path) -> None:
        # A module that was imported before the sources are digested may be of other sources: what it says is not kept.
        self._fresh = _CLAIMS not in sys.modules
        self._cache = Cache(folder)

    def installed(self) -> Installed:
        """All claims that can be used; the modules of ours are imported when one of them is to be run or to tell its scope."""
        points = tuple(entry_points(group=GROUP))
        ours = [point for point in points if point.module.partition(".")[0] == OURS]
        name = self._cache.name_of("claims", "")
        listed = self._known(name, lambda data: dict(_listed_claims(data, ours)))
        found = installed(points, listed)
        if listed is None and self._fresh and self._cache.is_of_these_sources():
            offered = {point: installed([point]) for point in ours}
            if all(_can_be_listed(one) for one in offered.values()):
                self._keep(name, [_listing(point, one.claims.values()) for point, one in offered.items()])
        return found

    def with_scopes(self, claims: Mapping[str, Claim]) -> Mapping[str, Claim]:
        """The claims; scopes of ours that were counted before are not counted again."""
        listed = _listed_among(claims) or (_listed_among(self.installed().claims) if self._fresh else {})
        name = self._cache.name_of("scopes", "")
        counted = self._known(name, lambda data: {one: Scope.from_json(data[one]) for one in listed})
        if counted is None and self._fresh and self._cache.is_of_these_sources():
            counted = {one: claims[one].scope for one in listed if one in claims}
            if self._cache.is_of_these_sources():
                self._keep(name, {one: scope.to_json() for one, scope in counted.items()})
        known = counted or {}
        return {
            name: replace(listed[name], counted=known[name]) if name in known else claim
            for name, claim in claims.items()
        }

    def register(self, path: Path = REGISTER) -> Register:
        """The register, by the bytes of its file."""
        return self._of_file(path, "register", read_register, _register_to_json, _register_from_json)

    def equivalents(self, path: Path = EQUIVALENTS) -> tuple[Equivalent, ...]:
        """The list of equivalent mutants, by the bytes of its file."""
        return self._of_file(path, "equivalents", read_equivalents, _equivalents_to_json, _equivalents_from_json)

    def adequacy(self, path: Path = RECORD) -> MutationRecord:
        """The record of the mutation run; one that was found whole before is not held against its text again."""
        if not path.exists():
            return NO_RECORD
        text = adequacy_text(path)
        name = self._cache.name_of("record", hashlib.sha256(text.encode()).hexdigest())
        smallest = self._known(name, _smallest_from_json)
        if smallest is not None:
            return ProvenRecord(path, text, smallest)
        record = parse_adequacy(text, path)
        self._keep(name, _smallest_to_json(record))
        return record

    def _of_file(
        self,
        path: Path,
        what: str,
        read: Callable[[Path], Made],
        told: Callable[[Made], Any],
        made: Callable[[Any, Path], Made],
    ) -> Made:
        """What a YAML file says, by its bytes.

        :param what: a word for what the file is.
        :param read: reads it.
        :param told: what it says as plain data.
        :param made: what plain data say that came of a file.
        """
        digest = _file_digest(path)
        name = self._cache.name_of(what, f"{digest} {[version(one) for one in _READERS]}")
        known = self._known(name, lambda data: made(data, path))
        if known is not None:
            return known
        found = read(path)
        if digest and digest == _file_digest(path):
            self._keep(name, told(found))
        return found

    def _known(self, name: str, made: Callable[[Any], Made]) -> Made | None:
        """What is kept under a name; ``None`` when it is not there or not whole."""
        try:
            data = self._cache.load_data(name)
            return None if data is None else made(data)
        except (AttributeError, KeyError, LookupError, TypeError, ValueError):
            return None

    def _keep(self, name: str, data: Any) -> None:
        # What cannot be kept is made again the next time; that verdicts cannot be kept is told elsewhere.
        with contextlib.suppress(OSError):
            self._cache.store_data(name, data)


def _file_digest(path: Path) -> str:
    """Of the bytes of a file; empty for one that cannot be read, of which the reader tells the fault."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


# --- claims ---------------------------------------------------------------------------------------------------------


def _can_be_listed(offered: Installed) -> bool:
    """Whether the words of all claims of an entry point depend on nothing but our sources."""
    return not offered.problems and all(
        isinstance(one, AnnouncedClaim) or one.sources == () for one in offered.claims.values()
    )


def _listed_among(claims: Mapping[str, Claim]) -> dict[str, ListedClaim]:
    return {name: one for name, one in claims.items() if isinstance(one, ListedClaim)}


def _listing(point: EntryPoint, claims: Iterable[Claim]) -> dict[str, Any]:
    listed = [
        {
            "id": one.id,
            "says": one.says,
            "statements": list(one.statements),
            "policies": list(one.policies),
            "missing": one.missing if isinstance(one, AnnouncedClaim) else None,
        }
        for one in claims
    ]
    return {"name": point.name, "value": point.value, "claims": listed}


def _listed_claims(data: Any, points: Iterable[EntryPoint]) -> Iterator[tuple[tuple[str, str], Sequence[Claim]]]:
    of = {(point.name, point.value): point for point in points}
    for one in data:
        key = str(one["name"]), str(one["value"])
        if key in of:
            yield key, [_listed_claim(claim, of[key]) for claim in one["claims"]]


def _listed_claim(data: Mapping[str, Any], point: EntryPoint) -> Claim:
    name, says = str(data["id"]), str(data["says"])
    statements, policies = _texts(data["statements"]), _texts(data["policies"])
    if data["missing"] is not None:
        return AnnouncedClaim(name, says, statements, str(data["missing"]), policies)
    return ListedClaim(name, says, statements, policies, point)


def _texts(data: Iterable[Any]) -> tuple[str, ...]:
    return tuple(str(one) for one in data)


# --- files ----------------------------------------------------------------------------------------------------------


def _register_to_json(register: Register) -> dict[str, Any]:
    return {
        "reviewed": [register.xen_commit, register.reviewer, register.date],
        "divergences": [
            [one.id, one.document, one.xen, one.source, one.not_modelled] for one in register.divergences.values()
        ],
        "expected": [
            [one.claim, one.policy, [[name, list(ends)] for name, ends in one.by], one.line]
            for one in register.expected.values()
        ],
    }


def _register_from_json(data: Any, path: Path) -> Register:
    expected = (
        Expected(str(claim), str(policy), tuple((str(name), _texts(ends)) for name, ends in by), str(path), int(line))
        for claim, policy, by, line in data["expected"]
    )
    commit, reviewer, date = _texts(data["reviewed"])
    described = (Described(*_texts(one)) for one in data["divergences"])
    return Register(
        commit,
        reviewer,
        date,
        {one.id: one for one in described},
        {(one.claim, one.policy): one for one in expected},
    )


def _equivalents_to_json(entries: Iterable[Equivalent]) -> list[Any]:
    return [[list(one.identity), one.times, one.reason, one.reviewer, one.place.line] for one in entries]


def _equivalents_from_json(data: Any, path: Path) -> tuple[Equivalent, ...]:
    entries = []
    for identity, times, reason, reviewer, line in data:
        where, text, operator, before, after = _texts(identity)
        place = Place(path.name, int(line))
        entries.append(
            Equivalent((where, text, operator, before, after), int(times), str(reason), str(reviewer), place)
        )
    return tuple(entries)


def _smallest_to_json(record: AdequacyRecord) -> list[Any]:
    return [
        [name, policy, list(run.smallest)]
        for name, one in record.claims.items()
        for policy, run in one.runs.items()
        if run.smallest is not None
    ]


def _smallest_from_json(data: Any) -> dict[tuple[str, str | None], Reference]:
    smallest = {}
    for name, policy, (place, line, nth, operator, before, after) in data:
        key = str(name), None if policy is None else str(policy)
        smallest[key] = Reference(str(place), str(line), int(nth), str(operator), str(before), str(after))
    return smallest
