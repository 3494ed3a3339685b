"""Which platforms come up: the domains of a static system (dom0less) are created one after the other, and Xen may panic.

Xen reads the description of a domain, makes the checks, and creates it.  A panic ends the boot: what was created before never
runs, so that the platform does not come up.  Xen makes these checks on the roles:

- a second Hardware Domain: panic;
- a second xenstore domain: panic;
- a second Control Domain: no check (divergence D3).  Without D3 in force the boot does as the document demands and refuses it.

Everything else that can stop a boot (memory, a missing property, an IOMMU that is not there) is not modelled, nor are the boot
of a dom0 and domains that a toolstack creates later; a domain so created never holds the control capability.

Sources: ``xen/common/device-tree/dom0less-bindings.c:41-48``, ``xen/common/device-tree/dom0less-build.c:41`` (fact sheet 2.11,
D3).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sphinx_xenfusa.model.platform import Domain, Platform
from sphinx_xenfusa.model.vocabulary import Capability


class BootAction(StrEnum):
    """What a step of the boot does with a domain."""

    CREATE = "create a domain at boot"
    REFUSE = "refuse a domain at boot"


@dataclass(frozen=True, slots=True)
class BootStep:
    """A step of the boot.

    :param domain: the position of the domain that it is about.
    :param rule: the rule for which the domain is refused, ``""`` for a created one and for what is no rule of the document.
    :param source: where it is written.
    """

    action: BootAction
    domain: int
    rule: str
    source: str


_CONTROL = 'Roles, "Control Domain"'
_CREATION = "xen/common/device-tree/dom0less-bindings.c:41"
_HARDWARE = 'Roles, "Hardware Domain"; xen/common/device-tree/dom0less-bindings.c:44-48'
_XENSTORE = "xen/common/device-tree/dom0less-build.c:41"


def refused(domain: Domain, before: tuple[Domain, ...], switches: frozenset[str]) -> tuple[str, str] | None:
    """Why a domain is refused beside those created before it: the rule and where it is written; ``None`` if it is not."""
    if domain.has(Capability.HARDWARE) and any(one.has(Capability.HARDWARE) for one in before):
        return "hwdom_single", _HARDWARE
    if "D3" not in switches and domain.has(Capability.CONTROL) and any(one.has(Capability.CONTROL) for one in before):
        return "ctrldom_single", _CONTROL
    if domain.xenstore and any(one.xenstore for one in before):
        return "", _XENSTORE
    return None


def boot(platform: Platform, switches: frozenset[str]) -> tuple[BootStep, ...]:
    """The steps of the boot; the last one refuses a domain, or all domains were created and the platform is up."""
    steps: list[BootStep] = []
    for position, domain in enumerate(platform.domains):
        refusal = refused(domain, platform.domains[:position], switches)
        if refusal is not None:
            return (*steps, BootStep(BootAction.REFUSE, position, *refusal))
        steps.append(BootStep(BootAction.CREATE, position, "", _CREATION))
    return tuple(steps)


def comes_up(steps: tuple[BootStep, ...]) -> bool:
    """Whether a boot that went so ends with a running platform."""
    return all(step.action is BootAction.CREATE for step in steps)
