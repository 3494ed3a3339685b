"""Which platforms are allowed: the rules of the roles document, one function a rule.

A rule is a predicate that names what breaks it.  Nothing here decides *why* the rule is there: that is what the claims show.

Source: the roles document, section given with each rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sphinx_xenfusa.model.operations import TargetParameter, catalogue
from sphinx_xenfusa.model.platform import Platform
from sphinx_xenfusa.model.policies import SPECIFICATION, relation
from sphinx_xenfusa.model.vocabulary import Capability, Criticality


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule.

    :param name: the name part of its tag.
    :param section: where the document states it.
    :param broken_by: the names of the domains that break it on a platform; empty when the rule is obeyed.
    """

    name: str
    section: str
    broken_by: Callable[[Platform], tuple[str, ...]]


def _more_than_one(platform: Platform, capability: Capability) -> tuple[str, ...]:
    holders = platform.holders(capability)
    if len(holders) > 1:
        return tuple(platform.domains[position].name for position in holders)
    return ()


def _several_hardware_domains(platform: Platform) -> tuple[str, ...]:
    return _more_than_one(platform, Capability.HARDWARE)


def _several_control_domains(platform: Platform) -> tuple[str, ...]:
    return _more_than_one(platform, Capability.CONTROL)


def _unsafe_control_domain(platform: Platform) -> tuple[str, ...]:
    return tuple(
        domain.name
        for domain in platform.domains
        if domain.has(Capability.CONTROL) and domain.criticality is Criticality.UNSAFE
    )


def _safety_task_in_unsafe_vm(platform: Platform) -> tuple[str, ...]:
    return tuple(
        domain.name for domain in platform.domains if domain.safety_tasks and domain.criticality is Criticality.UNSAFE
    )


RULES = (
    Rule("hwdom_single", 'Roles, "Hardware Domain"', _several_hardware_domains),
    Rule("ctrldom_single", 'Roles, "Control Domain"', _several_control_domains),
    Rule("ctrldom_is_safe", 'Roles, "SafeVMs and UnSafeVMs"', _unsafe_control_domain),
    Rule("unsafevm_definition", 'Roles, "SafeVMs and UnSafeVMs"', _safety_task_in_unsafe_vm),
)


def broken_rules(platform: Platform) -> tuple[str, ...]:
    """The names of the rules that a platform breaks, in the order of the document."""
    return tuple(rule.name for rule in RULES if rule.broken_by(platform))


def default_owner(platform: Platform) -> frozenset[str]:
    """The domains to which an unassigned device belongs by default: every Hardware Domain.

    Roles, "Hardware Domain": the default is that hardware goes to *the* Hardware Domain, which names one owner only while
    there is at most one.
    """
    return frozenset(platform.domains[position].name for position in platform.holders(Capability.HARDWARE))


def holders_of_full_privileges(platform: Platform) -> frozenset[str]:
    """The domains with full privileges (Privileges, "Full Privileges"): those that the document's decision denies nothing.

    Every operation of the catalogue is put to the decision, towards the platform and towards another domain where there is one;
    that a domain is called a Control Domain counts for nothing.
    """
    return frozenset(
        domain.name for position, domain in enumerate(platform.domains) if _denied_nothing(platform, position)
    )


def _denied_nothing(platform: Platform, subject: int) -> bool:
    others = [position for position in range(len(platform.domains)) if position != subject]
    for operation in catalogue().operations:
        if not operation.is_service:
            continue
        targets = [subject] if operation.target is TargetParameter.NONE else others[:1]
        for target in targets:
            asked = relation(platform, subject, target, operation, SPECIFICATION)
            if not SPECIFICATION.decide(operation, asked).allowed:
                return False
    return True
