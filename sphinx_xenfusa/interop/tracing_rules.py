"""Reads the tracing policy, the justified exclusions and the retired ids out of YAML (or the policy out of plain data).

Each has a published schema beside this module.  Every fault is one error with file, line, what was found and what was
expected.  Whether a justification has expired is judged against a day that the caller states: the clock is no input of
a build that has to be reproducible, so nothing here looks at it unasked.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.platforms.located_yaml import Located, PathTo, load_file, validate
from sphinx_xenfusa.trace.policy import Demand, parse_needs
from sphinx_xenfusa.trace.record import Justification, Place, Tag, Tombstone
from sphinx_xenfusa.trace.states import ItemKind

POLICY = "a tracing policy"
JUSTIFICATIONS = "a list of justifications"
TOMBSTONES = "a list of retired ids"

_LATEST_EPOCH = 253402300799
"""The last second of the year 9999."""
_DEPTH = 6


@cache
def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a file: ``trace_policy``, ``justifications`` or ``tombstones``.

    :raises FileNotFoundError: there is no such schema.
    """
    text = files("sphinx_xenfusa.interop").joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def read_policy(path: Path, shown: str) -> tuple[Demand, ...]:
    """Read a tracing policy.

    :param shown: the file as places in the record name it.
    :raises InputError: the file cannot be read, or is no tracing policy.
    """
    return _policy(load_file(path, what=POLICY), shown)


def policy_of(data: Any, file: str, line: int, shown: str) -> tuple[Demand, ...]:
    """Make a tracing policy of plain data that stand somewhere in a file, such as in ``conf.py``.

    :raises InputError: at that line, saying what is wrong.
    """
    try:
        plain = json.loads(json.dumps(data, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(file, line, f"data that are not plain ({error})", POLICY) from error
    lines = dict.fromkeys(_paths(plain), line)
    return _policy(Located(plain, file, lines, lines), shown)


def read_justifications(path: Path, shown: str, today: datetime.date) -> tuple[Justification, ...]:
    """Read justified exclusions.

    :param shown: the file as places in the record name it.
    :param today: the day for which it is judged whether they have expired.
    :raises InputError: the file cannot be read, or is no list of justifications.
    """
    located = load_file(path, what=JUSTIFICATIONS)
    validate(located, schema("justifications"), JUSTIFICATIONS)
    entries = located.data["justifications"]
    _refuse_repeated(located, "justifications", "id", JUSTIFICATIONS)
    made = []
    for number, entry in enumerate(entries):
        at: PathTo = ("justifications", number)
        _tag(located, (*at, "id"), JUSTIFICATIONS)
        last = _date(located, (*at, "expires"))
        place = Place(shown, located.line_of(*at))
        words = {key: " ".join(entry[key].split()) for key in ("reason", "owner")}
        made.append(Justification(entry["id"], **words, expires=entry["expires"], expired=last < today, place=place))
    return tuple(made)


def read_tombstones(path: Path, shown: str) -> tuple[Tombstone, ...]:
    """Read retired ids.

    :param shown: the file as places in the record name it.
    :raises InputError: the file cannot be read, or is no list of retired ids.
    """
    located = load_file(path, what=TOMBSTONES)
    validate(located, schema("tombstones"), TOMBSTONES)
    _refuse_repeated(located, "retired", "name", TOMBSTONES)
    made = []
    for number, entry in enumerate(located.data["retired"]):
        at: PathTo = ("retired", number)
        if "successor" in entry:
            _tag(located, (*at, "successor"), TOMBSTONES)
        place = Place(shown, located.line_of(*at))
        reason = " ".join(entry["reason"].split())
        made.append(Tombstone(entry["name"], reason, entry.get("successor", ""), place))
    return tuple(made)


def day_of_judgement(stated: str, environment: Mapping[str, str]) -> datetime.date:
    """The day for which expiry is judged: the one stated, else that of ``SOURCE_DATE_EPOCH``, else today by the clock (UTC).

    :raises ValueError: the day is none, or ``SOURCE_DATE_EPOCH`` is no number of seconds.
    """
    if stated:
        return datetime.date.fromisoformat(stated)
    epoch = environment.get("SOURCE_DATE_EPOCH", "")
    if not epoch:
        return datetime.datetime.now(datetime.UTC).date()
    if not (
        epoch.isascii() and epoch.isdigit() and len(epoch) <= len(str(_LATEST_EPOCH)) and int(epoch) <= _LATEST_EPOCH
    ):
        raise ValueError(f"found SOURCE_DATE_EPOCH = {epoch[:40]!r}; expected seconds since 1970")
    return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).date()


def _policy(located: Located, shown: str) -> tuple[Demand, ...]:
    validate(located, schema("trace_policy"), POLICY)
    _refuse_repeated(located, "demands", "name", POLICY)
    return tuple(_demand(located, number, shown) for number in range(len(located.data["demands"])))


def _demand(located: Located, number: int, shown: str) -> Demand:
    at: PathTo = ("demands", number)
    entry = located.data["demands"][number]
    words = " ".join(entry["needs"].split())
    try:
        need = parse_needs(words)
    except ValueError as error:
        found, _, expected = str(error).partition("; expected ")
        raise located.error((*at, "needs"), f"{found} in the needs {words!r}", f"{expected} ({POLICY})") from error
    return Demand(
        name=entry["name"],
        types=_several(entry.get("type")),
        kinds=tuple(ItemKind(kind) for kind in _several(entry.get("kind"))),
        levels=_several(entry.get("level")),
        words=words,
        need=need,
        at_least=float(entry.get("at_least", 100)),
        excusable=entry.get("may_be_justified", 0),
        parts_are_enough=entry.get("partial_tests") == "enough",
        place=Place(shown, located.line_of(*at)),
    )


def _several(value: Any) -> tuple[str, ...]:
    """One text or a list of them."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _refuse_repeated(located: Located, section: str, key: str, what: str) -> None:
    known: dict[str, int] = {}
    for number, entry in enumerate(located.data[section]):
        line = located.line_of(section, number, key)
        if entry[key] in known:
            found = f"the {key} {entry[key]!r} again (first on line {known[entry[key]]})"
            raise located.error((section, number, key), found, f"each {key} once ({what})")
        known[entry[key]] = line


def _tag(located: Located, path: PathTo, what: str) -> None:
    text = _at(located, path)
    try:
        Tag.parse(text)
    except ValueError as error:
        found, _, expected = str(error).removeprefix("found ").partition("; expected ")
        raise located.error(path, found, f"{expected} ({what})") from error


def _date(located: Located, path: PathTo) -> datetime.date:
    text = _at(located, path)
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise located.error(
            path, f"the day {text!r}", f"a day of the calendar, YYYY-MM-DD ({JUSTIFICATIONS})"
        ) from error


def _at(located: Located, path: PathTo) -> str:
    data = located.data
    for key in path:
        data = data[key]
    return str(data)


def _paths(data: Any, here: PathTo = ()) -> Iterator[PathTo]:
    """The ways to the values of plain data, as deep as a policy is and a little deeper: the schema refuses the rest above."""
    yield here
    if len(here) > _DEPTH:
        return
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _paths(value, (*here, str(key)))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from _paths(value, (*here, number))
