"""What happened, step by step: one shape for counterexamples, witnesses and scenarios.

A trace names the initial state (only the fields that matter for reading it) and the steps.  A step names the party that
acted, the action, its parameters, the outcome, every field that changed, and the clause of the specification or the public
header that the step comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One field of the state that a step changed; values as the reader sees them."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a trace.

    :param party: who acted (a domain's name, or the environment).
    :param action: what was done (the hypercall operation).
    :param parameters: name and value of each parameter, in the order of the action.
    :param outcome: ``allowed``, or ``denied`` with the error, or the error of a call that was let through and failed.
    :param changed: the fields that changed; empty when nothing did.
    :param clause: the section of the specification, or the file and line of Xen, that the step comes from.
    """

    party: str
    action: str
    parameters: tuple[tuple[str, str], ...]
    outcome: str
    changed: tuple[Change, ...]
    clause: str


@dataclass(frozen=True, slots=True)
class Trace:
    """An initial state and the steps taken from it.

    :param title: what the trace shows, in one sentence.
    :param initial: field and value, in reading order.
    """

    title: str
    initial: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]

    def to_json(self) -> dict[str, Any]:
        """The trace as plain data, in the form that ``trace/schema.json`` gives for traces."""
        return {
            "title": self.title,
            "initial": [{"field": field, "value": value} for field, value in self.initial],
            "steps": [
                {
                    "party": step.party,
                    "action": step.action,
                    "parameters": [{"name": name, "value": value} for name, value in step.parameters],
                    "outcome": step.outcome,
                    "changed": [{"field": c.field, "before": c.before, "after": c.after} for c in step.changed],
                    "clause": step.clause,
                }
                for step in self.steps
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Trace:
        """The trace that :meth:`to_json` wrote.

        :raises KeyError: a key is missing.
        """
        return cls(
            title=str(data["title"]),
            initial=tuple((str(pair["field"]), str(pair["value"])) for pair in data["initial"]),
            steps=tuple(
                Step(
                    party=str(step["party"]),
                    action=str(step["action"]),
                    parameters=tuple((str(pair["name"]), str(pair["value"])) for pair in step["parameters"]),
                    outcome=str(step["outcome"]),
                    changed=tuple(Change(str(c["field"]), str(c["before"]), str(c["after"])) for c in step["changed"]),
                    clause=str(step["clause"]),
                )
                for step in data["steps"]
            ),
        )
