"""The policies as parameters: which decision is taken, and which divergences of Xen are in force.

``specification`` is the roles document.  ``dummy`` is Xen's default access control at the commit that the catalogue names.
A policy without one of its divergences is that policy repaired: the register of expected divergences is checked so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sphinx_xenfusa.model.decision import Decision, Relation, TargetIs, decide_dummy, decide_specification
from sphinx_xenfusa.model.operations import Operation, TargetParameter
from sphinx_xenfusa.model.platform import Domain, Platform
from sphinx_xenfusa.model.vocabulary import Capability

Decide = Callable[[Operation, Relation, frozenset[str]], Decision]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy.

    :param words: what it is, for the pages.
    :param switches: the divergences from the document that are in force (fact sheet 2.11).
    """

    name: str
    words: str
    decide_call: Decide
    switches: frozenset[str]

    def decide(self, operation: Operation, relation: Relation) -> Decision:
        """Whether the call is let through, and if not, what the caller sees."""
        return self.decide_call(operation, relation, self.switches)

    def repaired(self, divergences: frozenset[str]) -> Policy:
        """This policy without some of its divergences."""
        return replace(self, switches=self.switches - divergences)


SPECIFICATION = Policy("specification", "the roles document", decide_specification, frozenset())
DUMMY = Policy("dummy", "Xen's default access control", decide_dummy, frozenset({"D1", "D2", "D4", "D6", "D9"}))

POLICIES = {policy.name: policy for policy in (SPECIFICATION, DUMMY)}


def _uses_console(domain: Domain, switches: frozenset[str]) -> bool:
    """``d->is_console``: the Hardware Domain (D2), and every domain that is built at boot (D9)."""
    return ("D2" if domain.has(Capability.HARDWARE) else "D9") in switches


def relation(platform: Platform, subject: int, target: int, operation: Operation, policy: Policy) -> Relation:
    """The relation of two domains of a platform when one issues an operation towards the other.

    The arguments are well-formed.  By default the resources of the machine are held by the Hardware Domain (fact sheet 2.4);
    a platform of links is needed for target-holders and for the VirtIO privileges.
    """
    caller = platform.domains[subject]
    to = TargetIs.SELF if subject == target else TargetIs.OTHER
    if operation.target is TargetParameter.NONE:
        to = TargetIs.NONE
    return Relation(
        target=to,
        control=caller.has(Capability.CONTROL),
        hardware=caller.has(Capability.HARDWARE),
        xenstore=caller.xenstore,
        console=_uses_console(caller, policy.switches),
        holds_resource=caller.has(Capability.HARDWARE),
    )
