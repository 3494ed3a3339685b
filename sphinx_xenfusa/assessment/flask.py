"""A Xen with a FLASK policy: what the policy decides, and what holds whatever it decides.

A FLASK policy is a program of rules over labels; nothing here reads one.  It is asked by the hooks of XSM, so that it can deny
what has a hook and cannot deny what has none: a domain's own shutdown, the traps of its devices, what firmware does for it.
Interference by these is found on any FLASK policy.  All else is for the policy to say, and of it nobody can tell.

Source: Xen's ``docs/misc/xsm-flask.txt``; the hooks of the operations are those of the catalogue.
"""

from __future__ import annotations

from collections import Counter

from sphinx_xenfusa.assessment.judgement import Asked
from sphinx_xenfusa.model.decision import Decision, Relation, decide_xen
from sphinx_xenfusa.model.operations import Operation, catalogue
from sphinx_xenfusa.model.policies import DUMMY, Policy
from sphinx_xenfusa.platforms.configuration import Configuration

NAME = "flask"


def _denies_every_hook(operation: Operation, relation: Relation, switches: frozenset[str]) -> Decision:
    """What passes under every FLASK policy: what no hook stands before, past the gates beside it."""
    if operation.hook:
        return Decision(operation.denied_as, f"{operation.hook}: for the FLASK policy to say")
    return decide_xen(operation, relation, switches)


WITHOUT_HOOKS = Policy(
    NAME, "a FLASK policy that denies all that it is asked about", _denies_every_hook, DUMMY.switches, DUMMY.channels
)
"""The strictest FLASK policy there can be: interference under it is interference under every one."""


def not_decided() -> str:
    """What was not searched, in words."""
    operations = [one for one in catalogue().operations if one.implemented and one.is_service]
    hooked = sum(bool(one.hook) for one in operations)
    return (
        f"whether {hooked} of the {len(operations)} operations are let through, the FLASK policy says, which is not read; only "
        "what it cannot deny was searched"
    )


def labels(configuration: Configuration) -> Counter[str]:
    """The labels of the domains with how many have each; of those without one, that they have none."""
    return Counter(one.label[0] if one.label else "no label" for one in configuration.domains)


def asked_of_policy(configuration: Configuration) -> Asked:
    """What has to be known of the policy before anybody can tell."""
    said = "; ".join(
        f"{label} ({count} domains)" if count > 1 else label for label, count in labels(configuration).items()
    )
    how = (
        "review the policy itself: which permissions of the classes domain, domain2, event, grant, hvm and mmu it gives to each "
        "two labels; nothing here reads it"
    )
    return Asked(f"what the FLASK policy lets these labels do to each other: {said}", configuration.policy.where, how)
