"""Our own terms: roles, privilege levels and operations as the model has them, and the words of the typed fields.

Names come from the model and are written nowhere else.  The targets and the restrictions are closed sets of this module:
the model has no type for them, because they are words about statements and not about platforms.
"""

from __future__ import annotations

from sphinx_xenfusa.model.operations import Family, Operation, catalogue
from sphinx_xenfusa.model.vocabulary import Privilege, Role
from sphinx_xenfusa.terms.term import Term, TermKind

ALL_OPERATIONS = "all operations"
"""The group that every operation is in."""

ROLE_WORDS = {
    Role.HARDWARE_DOMAIN: "The domain that is given, by default, the peripherals that are assigned to no other.",
    Role.CONTROL_DOMAIN: "The domain that manages the other domains and the platform.",
    Role.DOMU: "Every domain that is neither of the other two.",
}

PRIVILEGE_WORDS = {
    Privilege.FULL: "Every operation, on every domain and on the platform.",
    Privilege.VIRTIO: "What an unprivileged domain may do, and what a VirtIO backend needs towards its own frontends.",
    Privilege.UNPRIVILEGED: "Operations that affect the caller only, and the use of what another domain offers to it.",
}

TARGETS = {
    "caller": "The domain itself that makes the call.",
    "other domains": "Any domain that is not the caller.",
    "frontends": "The domains whose VirtIO frontends the caller's backends serve.",
    "offered objects": "What another domain offers to the caller: a granted page, an unbound port, a registered Argo ring.",
    "platform": "What belongs to the machine as a whole and to no domain.",
    "devices": "Peripherals, with their registers, interrupts and DMA.",
}

RESTRICTIONS = {
    "roles": "Which domain holds which role, and how many do.",
    "criticality": "Which domain is a SafeVM and which an UnsafeVM.",
    "safety tasks": "In which domain a safety-critical task runs.",
    "devices": "To which domain a device is assigned.",
    "links": "Which domains are linked by VirtIO or another protocol, with which extensions.",
    "placement": "In which domain a backend or a frontend runs.",
}


def _operation(operation: Operation) -> Term:
    families = (operation.family.value,) if operation.family is not Family.OTHER else ()
    return Term(TermKind.OPERATION, operation.name, group=operation.hypercall, families=(*families, ALL_OPERATIONS))


def our_terms() -> tuple[Term, ...]:
    """All of them, in the order of the model."""
    return (
        *(Term(TermKind.ROLE, role.value, ROLE_WORDS[role]) for role in Role),
        *(Term(TermKind.PRIVILEGE, level.value, PRIVILEGE_WORDS[level]) for level in Privilege),
        *(_operation(operation) for operation in catalogue().operations),
        *(Term(TermKind.TARGET, name, words) for name, words in TARGETS.items()),
        *(Term(TermKind.RESTRICTION, name, words) for name, words in RESTRICTIONS.items()),
    )
