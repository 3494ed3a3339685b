"""The reviewed register of expected divergences: where a policy of Xen is known not to do what the document says.

An entry is an expectation, not an excuse.  It matches a refuted claim only if (1) the counterexample ends in a listed witness,
(2) with all its divergences repaired the claim is confirmed, so that they mask nothing, and (3) each of them alone still
refutes the claim, so that none is idle.  The policy ``specification`` takes no entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_xenfusa.inputs import InputError

if TYPE_CHECKING:
    from sphinx_xenfusa.platforms.located_yaml import Located

REGISTER = Path(__file__).parents[1] / "claims" / "divergences.yaml"

_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["xen_commit", "reviewer", "date", "divergences", "expected"],
    "properties": {
        "xen_commit": {"type": "string", "pattern": "^[0-9a-f]{40}$"},
        "reviewer": {"type": "string", "minLength": 1},
        "date": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "divergences": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["document", "xen", "source"],
                "properties": {
                    "document": {"type": "string"},
                    "xen": {"type": "string"},
                    "source": {"type": "string"},
                    "not_modelled": {"type": "string"},
                },
            },
        },
        "expected": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["claim", "policy", "by"],
                "properties": {
                    "claim": {"type": "string"},
                    "policy": {"type": "string"},
                    "by": {
                        "type": "object",
                        "minProperties": 1,
                        "additionalProperties": {"type": "array", "minItems": 1, "items": {"type": "string"}},
                    },
                },
            },
        },
    },
}


@dataclass(frozen=True, slots=True)
class Described:
    """A divergence in words.

    :param document: what the roles document says.
    :param xen: what Xen does.
    :param not_modelled: what of it no switch of the model stands for, empty when all of it is modelled.
    """

    id: str
    document: str
    xen: str
    source: str
    not_modelled: str


@dataclass(frozen=True, slots=True)
class Expected:
    """One expectation.

    :param by: each divergence, sorted, with the operations in which a counterexample may end when it is in force.
    :param line: where the entry stands in the register.
    """

    claim: str
    policy: str
    by: tuple[tuple[str, tuple[str, ...]], ...]
    file: str
    line: int

    @property
    def witnesses(self) -> frozenset[str]:
        """The operations of all its divergences."""
        return frozenset(operation for _, operations in self.by for operation in operations)

    @property
    def divergences(self) -> frozenset[str]:
        """The ids of its divergences."""
        return frozenset(name for name, _ in self.by)


@dataclass(frozen=True)
class Register:
    """The register.

    :param xen_commit: the commit of Xen that was reviewed.
    """

    xen_commit: str
    reviewer: str
    date: str
    divergences: Mapping[str, Described]
    expected: Mapping[tuple[str, str], Expected]


def _number(entry: tuple[str, list[str]]) -> tuple[int, str]:
    """D2 before D10."""
    return len(entry[0]), entry[0]


def _entries(located: Located, divergences: Mapping[str, Described]) -> dict[tuple[str, str], Expected]:
    entries: dict[tuple[str, str], Expected] = {}
    for i, entry in enumerate(located.data["expected"]):
        key = (entry["claim"], entry["policy"])
        if key[1] == "specification":
            raise located.error(
                ("expected", i, "policy"), "'specification'", "a policy of Xen: the document takes no entries"
            )
        if key in entries:
            raise located.error(("expected", i), f"a second entry for {key[0]} under {key[1]}", "one")
        for divergence in entry["by"]:
            if divergence not in divergences:
                line = located.key_lines["expected", i, "by", divergence]
                raise InputError(located.file, line, repr(divergence), f"one of {', '.join(sorted(divergences))}")
        by = tuple((name, tuple(operations)) for name, operations in sorted(entry["by"].items(), key=_number))
        entries[key] = Expected(*key, by, located.file, located.line_of("expected", i))
    return entries


def read_register(path: Path = REGISTER) -> Register:
    """Read and check a register.

    :raises InputError: with file and line, for anything that is no register.
    """
    # A register that is kept in another form is used without YAML.
    from sphinx_xenfusa.platforms.located_yaml import load_file, validate

    located = load_file(path, what="a register of expected divergences")
    validate(located, _SCHEMA, "a register of expected divergences")
    data = located.data
    divergences = {
        name: Described(name, one["document"], one["xen"], one["source"], one.get("not_modelled", ""))
        for name, one in data["divergences"].items()
    }
    if not data["expected"] and not divergences:
        raise InputError(path, 1, "no entries", "at least one divergence")
    return Register(data["xen_commit"], data["reviewer"], data["date"], divergences, _entries(located, divergences))
