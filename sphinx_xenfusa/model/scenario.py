"""What a scenario is: a platform, what holds at first, and steps with the outcome that somebody expects of each.

A scenario is told by its author; the model only answers.  One data class for every source, as for platforms.  Nothing here
decides whether an expectation is right: a scenario whose steps are all expected wrongly is a scenario.

Source: Xen's words for who calls what towards whom (:mod:`sphinx_xenfusa.model.operations`); the outcomes are those of a trace.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sphinx_xenfusa.model.effects import Life, Offered
from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.operations import Operation
from sphinx_xenfusa.model.platform import Platform


class OutcomeKind(StrEnum):
    """What can come of a step."""

    ALLOWED = "allowed"
    """Let through, and it succeeded."""
    DENIED = "denied"
    """Not let through."""
    FAILS = "fails"
    """Let through, and the operation itself gave an error."""
    IMPOSSIBLE = "impossible"
    """No call was made: the caller does not run, or the machine is not up."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome, expected or found.

    :param code: what the caller gets back; ``None`` in an expectation that leaves it open, and where no call is made.
    """

    kind: OutcomeKind
    code: Code | None = None

    def __str__(self) -> str:
        shows_code = self.code is not None and self.kind in (OutcomeKind.DENIED, OutcomeKind.FAILS)
        return f"{self.kind} {self.code}" if shows_code else self.kind.value


Change = tuple[str, str, str]
"""Owner (a domain's name or ``platform``), field, and the value after the step."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What somebody expects of a step.

    :param changes: everything that the step changes, in the order written; ``None`` when nothing is said about it.
    """

    outcome: Outcome
    changes: tuple[Change, ...] | None = None


class Target(StrEnum):
    """What a call is directed at."""

    NONE = "none"
    DOMAIN = "domain"
    DOMID_SELF = "DOMID_SELF"
    """The caller, written as ``DOMID_SELF``."""
    UNKNOWN = "unknown domid"
    """A domid that no domain has."""


class Fault(StrEnum):
    """What can be wrong with a call before any permission is looked at."""

    UNREADABLE = "unreadable arguments"
    """The arguments cannot be copied from the caller."""
    WRONG_VERSION = "wrong version"
    """The interface version of the call is not Xen's."""


@dataclass(frozen=True, slots=True)
class ScenarioStep:
    """One step.

    :param who: position of the domain that acts.
    :param whom: position of the target; that of the caller where there is none and for ``DOMID_SELF`` and an unknown domid.
    :param under: expectations under single policies, in place of ``expected``.
    :param note: the author's words on the step.
    :param line: where it is written.
    """

    who: int
    operation: Operation
    target: Target
    whom: int
    argument: str
    faults: frozenset[Fault]
    expected: Expectation
    under: tuple[tuple[str, Expectation], ...]
    note: str
    line: int

    def expected_under(self, policy: str) -> Expectation:
        """What is expected of the step under a policy."""
        return dict(self.under).get(policy, self.expected)


@dataclass(frozen=True, slots=True)
class Lived:
    """At first a domain is in this state of its life-cycle."""

    domain: int
    life: Life


@dataclass(frozen=True, slots=True)
class Offering:
    """At first a domain offers something to another."""

    what: Offered
    by: int
    to: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario.

    :param platform_id: the id under which the project knows the platform; empty when the scenario writes it out itself.
    :param given: what holds at first; all else is as when the platform has started: every domain runs and offers nothing.
    """

    platform: Platform
    platform_id: str
    given: tuple[Lived | Offering, ...]
    steps: tuple[ScenarioStep, ...]

    @property
    def policies(self) -> tuple[str, ...]:
        """The policies for which a step states something of its own, in the order in which they first occur."""
        return tuple(dict.fromkeys(policy for step in self.steps for policy, _ in step.under))
