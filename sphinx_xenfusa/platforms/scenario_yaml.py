"""Reads a scenario from our own YAML (schema: ``scenario.schema.json``).

What the schema cannot say is checked here, with the line and the nearest known word: domains, operations, their arguments and
targets, error codes, policies.  Nothing is guessed: an operation that takes an argument with several values wants one, and one
that takes a target wants it named.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.model.effects import Life, Offered
from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.operations import Operation, TargetParameter, catalogue
from sphinx_xenfusa.model.platform import Platform
from sphinx_xenfusa.model.policies import POLICIES
from sphinx_xenfusa.model.scenario import (
    Change,
    Expectation,
    Fault,
    Lived,
    Offering,
    Outcome,
    OutcomeKind,
    Scenario,
    ScenarioStep,
    Target,
)
from sphinx_xenfusa.platforms.located_yaml import Located, PathTo, did_you_mean, load, shown, validate
from sphinx_xenfusa.platforms.platform_yaml import platform_of

WHAT = "a scenario"
PLATFORM = "platform"
"""Stands for the platform where otherwise the name of a domain stands."""

_MOST_NAMED = 12
"""Domains that a message names at the most."""

_OFFERED = {"page": Offered.PAGE, "port": Offered.PORT, "ring": Offered.RING}


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a scenario."""
    text = files("sphinx_xenfusa.platforms").joinpath("scenario.schema.json").read_text(encoding="utf-8")
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def scenario_from_yaml(
    text: str,
    file: str | Path,
    first_line: int = 1,
    *,
    platforms: Mapping[str, Platform] | None = None,
    unusable: Mapping[str, str] | None = None,
) -> Scenario:
    """Read a scenario.

    :param file: the file as the user named it, for errors.
    :param first_line: the line of that file on which ``text`` begins (the body of a directive).
    :param platforms: the platforms that a scenario can name, by id.
    :param unusable: ids that stand for no platform that can be used, and why.
    :raises InputError: the text is no YAML or no scenario, or it names something that does not exist.
    """
    located = load(text, file, first_line=first_line)
    validate(located, schema(), WHAT)
    platform_id, platform = _platform(located, platforms or {}, unusable or {})
    return _Reader(located, platform, {domain.name: i for i, domain in enumerate(platform.domains)}).scenario(
        platform_id
    )


def _platform(located: Located, platforms: Mapping[str, Platform], unusable: Mapping[str, str]) -> tuple[str, Platform]:
    named = located.data["platform"]
    if not isinstance(named, str):
        return "", platform_of(located.part("platform"))
    if named in unusable:
        raise located.error(("platform",), f"the platform {_word(named)}, {unusable[named]}", f"a platform ({WHAT})")
    if named not in platforms:
        hint = did_you_mean(named, sorted(platforms))
        known = "the id of a platform of the project" if platforms else "a platform; the project has none with an id"
        raise located.error(
            ("platform",), f"the platform {_word(named)}, which is not there{hint}", f"{known} ({WHAT})"
        )
    return named, platforms[named]


def _word(word: str) -> str:
    """A word of the author in quotes, cut to a readable length."""
    return shown(word).removeprefix("the text ")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one scenario over a platform that is known."""

    located: Located
    platform: Platform
    positions: Mapping[str, int]

    def scenario(self, platform_id: str) -> Scenario:
        """The scenario."""
        if PLATFORM in self.positions:
            found = f"a domain named {PLATFORM!r}"
            raise self.located.error(("platform",), found, f"a name that does not stand for the platform ({WHAT})")
        data = self.located.data
        return Scenario(
            platform=self.platform,
            platform_id=platform_id,
            given=tuple(self._fact(("given", i), fact) for i, fact in enumerate(data.get("given", ()))),
            steps=tuple(self._step(("steps", i), step) for i, step in enumerate(data["steps"])),
        )

    def _refuse(self, path: PathTo, found: str, expected: str) -> InputError:
        return self.located.error(path, found, f"{expected} ({WHAT})")

    def _unknown(self, path: PathTo, what: str, word: str, known: Iterable[str], expected: str) -> InputError:
        return self._refuse(path, f"{what} {_word(word)}{did_you_mean(word, [*known])}", expected)

    def _domain(self, path: PathTo, name: str) -> int:
        if name not in self.positions:
            raise self._unknown(path, "the domain", name, self.positions, f"one of {self._domains()}")
        return self.positions[name]

    def _domains(self) -> str:
        """The domains of the platform, as far as a message can hold them."""
        names = list(self.positions)
        return ", ".join(names[:_MOST_NAMED]) + (f" and {len(names) - _MOST_NAMED} more" if names[_MOST_NAMED:] else "")

    # --- what holds at first --------------------------------------------------------------------------------------

    def _fact(self, path: PathTo, fact: Mapping[str, Any]) -> Lived | Offering:
        domain = self._domain((*path, "domain"), fact["domain"])
        if ("is" in fact) == ("offers" in fact):
            found = "both 'is' and 'offers'" if "is" in fact else "neither 'is' nor 'offers'"
            raise self._refuse(path, found, "one of the two in each entry of given")
        if ("to" in fact) != ("offers" in fact):
            raise self._refuse(path, "'to' without 'offers'" if "to" in fact else "'offers' without 'to'", "both")
        if "is" in fact:
            return Lived(domain, Life(fact["is"]))
        return Offering(_OFFERED[fact["offers"]], domain, self._domain((*path, "to"), fact["to"]))

    # --- steps ----------------------------------------------------------------------------------------------------

    def _step(self, path: PathTo, step: Mapping[str, Any]) -> ScenarioStep:
        who = self._domain((*path, "who"), step["who"])
        operation = self._operation((*path, "does"), step["does"])
        target, whom = self._target(path, step, operation, who)
        under = tuple(
            (self._policy((*path, "under"), name), self._expectation((*path, "under", name), said))
            for name, said in step.get("under", {}).items()
        )
        return ScenarioStep(
            who=who,
            operation=operation,
            target=target,
            whom=whom,
            argument=self._argument(path, step, operation),
            faults=self._faults(path, step, operation),
            expected=self._expectation(path, step),
            under=under,
            note=" ".join(step.get("note", "").split()),
            line=self.located.line_of(*path),
        )

    def _operation(self, path: PathTo, name: str) -> Operation:
        known = catalogue().by_name
        if name not in known:
            raise self._unknown(path, "the operation", name, known, "an operation of the catalogue")
        operation = known[name]
        if not operation.implemented:
            raise self._refuse(path, f"{name}, which Xen lists and does not implement", "an operation that Xen has")
        if self.platform.architecture not in operation.architectures:
            only = " and ".join(sorted(operation.architectures))
            found = f"{name} on a platform of architecture {self.platform.architecture}"
            raise self._refuse(path, found, f"one that exists there; this one exists on {only}")
        return operation

    def _target(self, path: PathTo, step: Mapping[str, Any], operation: Operation, who: int) -> tuple[Target, int]:
        takes = operation.target is TargetParameter.DOMAIN
        if not takes:
            if "to" in step:
                raise self._refuse(
                    (*path, "to"), f"a target for {operation.name}", "none: the operation takes no target"
                )
            return Target.NONE, who
        if "to" not in step:
            raise self._refuse(path, f"no key 'to' for {operation.name}", "to: the target of the operation")
        for target in (Target.DOMID_SELF, Target.UNKNOWN):
            if step["to"] == target.value:
                return target, who
        return Target.DOMAIN, self._domain((*path, "to"), step["to"])

    def _argument(self, path: PathTo, step: Mapping[str, Any], operation: Operation) -> str:
        values = operation.arguments
        if "with" not in step:
            if len(values) > 1:
                expected = f"with: one of {', '.join(values)}"
                raise self._refuse(path, f"no key 'with' for {operation.name}", expected)
            return values[0]
        given: str = step["with"]
        if values == ("",):
            raise self._refuse(
                (*path, "with"), f"an argument for {operation.name}", "none: the operation takes none here"
            )
        if given not in values:
            raise self._unknown((*path, "with"), "the argument", given, values, f"one of {', '.join(values)}")
        return given

    def _faults(self, path: PathTo, step: Mapping[str, Any], operation: Operation) -> frozenset[Fault]:
        faults = frozenset(Fault(word) for word in step.get("faults", ()))
        if Fault.WRONG_VERSION in faults and not operation.versioned:
            found = f"a wrong version for {operation.name}"
            raise self._refuse((*path, "faults"), found, "an operation that names an interface version")
        return faults

    # --- expectations ---------------------------------------------------------------------------------------------

    def _policy(self, path: PathTo, name: str) -> str:
        if name not in POLICIES:
            line = self.located.key_lines[(*path, name)]
            found = f"the policy {_word(name)}{did_you_mean(name, list(POLICIES))}"
            raise InputError(self.located.file, line, found, f"one of {', '.join(POLICIES)} ({WHAT})")
        return name

    def _expectation(self, path: PathTo, said: Mapping[str, Any] | str) -> Expectation:
        if isinstance(said, str):
            return Expectation(self._outcome(path, said))
        outcome = self._outcome((*path, "expect"), said["expect"])
        return Expectation(outcome, self._changes((*path, "changes"), said["changes"]) if "changes" in said else None)

    def _outcome(self, path: PathTo, text: str) -> Outcome:
        kind, _, code = text.partition(" ")
        if not code:
            return Outcome(OutcomeKind(kind), Code.SUCCESS if kind == OutcomeKind.ALLOWED else None)
        known = [one.value for one in Code if one is not Code.SUCCESS]
        if code not in known:
            raise self._unknown(path, "the error", code, known, f"one of {', '.join(known)}")
        return Outcome(OutcomeKind(kind), Code(code))

    def _changes(self, path: PathTo, said: Mapping[str, Mapping[str, str | bool]]) -> tuple[Change, ...]:
        changes = []
        for owner, fields in said.items():
            if owner != PLATFORM and owner not in self.positions:
                line = self.located.key_lines[(*path, owner)]
                found = f"changes of {_word(owner)}{did_you_mean(owner, [PLATFORM, *self.positions])}"
                raise InputError(self.located.file, line, found, f"platform, or one of {self._domains()} ({WHAT})")
            for name, value in fields.items():
                # Without quotes YAML reads yes and no as true and false.
                word = ("yes" if value else "no") if isinstance(value, bool) else value
                changes.append((owner, name, word))
        return tuple(changes)
