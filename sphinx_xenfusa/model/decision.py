"""Who may do what: the privilege decision, as the document states it and as the policies of Xen take it.

:func:`decide` is a pure function of a bounded :class:`Relation` of subject and target and of the operation, so that it can
be tabulated.  It answers with the code that the caller sees, in the order in which Xen makes its checks: a model that knows
only allowed and ``EPERM`` would be wrong about what a caller can learn.

Sources: the roles document, "Privileges"; ``xsm_default_action`` in ``xen/include/xsm/dummy.h`` (fact sheet 2.2); the order of
errors in ``xen/common/domctl.c`` and ``xen/common/sched/core.c`` (fact sheet 2.3); the gates beside the hook (2.4 to 2.8);
``xen/xsm/silo.c`` (2.9); for the proposed series patches 1 to 4 and 6 of the 17 of its second version (xen-devel, 16 July 2025,
``20250716211504.291104-1-jason.andryuk@amd.com``; 2.10).
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.operations import Action, ActsOn, Condition, Family, Gate, Operation
from sphinx_xenfusa.model.vocabulary import Privilege


class TargetIs(StrEnum):
    """What the target of a call is to its caller."""

    NONE = "none"
    SELF = "self"
    OTHER = "other"
    UNKNOWN = "unknown"
    """A domid that no domain has."""


class Relation(NamedTuple):
    """Everything that the decision looks at.

    :param control: the subject holds the control capability (``d->is_privileged``).
    :param hardware: the subject is the Hardware Domain.
    :param xenstore: the subject is the xenstore domain.
    :param console: the subject may use the machine's console (``d->is_console``).
    :param holds_target: the subject is the target-holder of the target (``src->target == target``, Xen only).
    :param device_model: the subject holds the capability of a device model (``DOMAIN_CAPS_DEVICE_MODEL``, proposed only).
    :param untargetable: the target is no target of hypercalls (``hypercall-untargetable``, proposed only).
    :param isolated: the policy lets the two have no channel (event channel, grant, Argo).
    :param may_map: the target is a frontend of the subject's backend without grants, and the privilege is given as the document
        says.
    :param may_emulate: the target is a frontend of the subject's backend without non-blocking VirtIO, likewise.
    :param holds_resource: the subject itself holds the memory range, interrupt, port or VIRQ that the call is about.
    :param dma: a device of the subject writes memory with no IOMMU in between.
    :param resets: a device of the subject reaches the platform (reset, clock, power).
    :param wrote_domid_self: the target was written as ``DOMID_SELF``.
    :param readable: the arguments can be copied from the caller.
    :param right_version: the interface version of the call is Xen's.
    """

    target: TargetIs
    control: bool = False
    hardware: bool = False
    xenstore: bool = False
    console: bool = False
    holds_target: bool = False
    device_model: bool = False
    untargetable: bool = False
    isolated: bool = False
    may_map: bool = False
    may_emulate: bool = False
    holds_resource: bool = True
    dma: bool = False
    resets: bool = False
    wrote_domid_self: bool = False
    readable: bool = True
    right_version: bool = True


class Decision(NamedTuple):
    """The answer.

    :param code: :attr:`Code.SUCCESS` when the call is let through; what happens then is the effect's business.
    :param by: what decided, for the reader of a trace.
    """

    code: Code
    by: str

    @property
    def allowed(self) -> bool:
        """Whether the call is let through."""
        return self.code is Code.SUCCESS


def _console_as(otherwise: Action, action: Action, relation: Relation) -> Action:
    """What the console asks for: nothing of a domain that has it, and otherwise a privilege."""
    if action is Action.CONSOLE_WRITE or action is Action.CONSOLE_READ:
        return Action.HOOK if relation.console else otherwise
    return action


def default_action_allows(action: Action, relation: Relation, *, verbose_debug: bool = False) -> bool:
    """Whether Xen's default policy lets the subject pass a hook with this default action.

    The tests fall through: self for ``TARGET``, the xenstore domain for ``XS_PRIV``, the target-holder for these two and
    ``DM_PRIV``, the Control Domain for everything.  Being the Hardware Domain never matters.
    """
    if action is Action.CONSOLE_WRITE and verbose_debug:
        return True
    action = _console_as(Action.PRIV, action, relation)
    if action is Action.UNCHECKED or action is Action.HOOK:
        return True
    if action is Action.TARGET and relation.target is TargetIs.SELF:
        return True
    if action is Action.XS_PRIV and relation.xenstore:
        return True
    if action is not Action.PRIV and relation.holds_target:
        return True
    return relation.control


def proposed_action_allows(action: Action, relation: Relation) -> bool:
    """Whether the proposed series lets the subject pass a hook with this default action.

    As the default policy, and: what asks for the hardware is for the Hardware Domain alone; a device model passes what a
    target-holder would pass, towards every domain; a domain that is no target is one for itself only, and the Control Domain may
    still look at it.
    """
    if action is Action.HW_PRIV:
        return relation.hardware
    if action is Action.UNCHECKED or action is Action.HOOK:
        return True
    if action is Action.TARGET and relation.target is TargetIs.SELF:
        return True
    if action is Action.XS_PRIV and (relation.xenstore or relation.control):
        return True
    if relation.untargetable:
        return False
    if action is not Action.PRIV and (relation.device_model or relation.holds_target):
        return True
    return relation.control


def privilege_of(relation: Relation) -> Privilege:
    """The document's privilege level of the subject towards this target."""
    if relation.control:
        return Privilege.FULL
    if relation.may_map or relation.may_emulate:
        return Privilege.VIRTIO
    return Privilege.UNPRIVILEGED


def privilege_allows(operation: Operation, relation: Relation) -> bool:
    """Whether the document lets the subject do this.

    Full privileges: everything.  Unprivileged: what acts on the caller, and the use of what another domain offers (without
    the offer the call fails for that reason).  VirtIO privileges: besides, the two families towards the frontend.
    An operation on another domain or on the platform that only reads counts as acting on it (the strict reading).
    """
    level = privilege_of(relation)
    if level is Privilege.FULL:
        return True
    if operation.acts_on is ActsOn.CALLER or operation.acts_on is ActsOn.OFFER:
        return True
    if operation.acts_on is ActsOn.TARGET and relation.target is TargetIs.SELF:
        return True
    if level is Privilege.VIRTIO and operation.family is Family.FOREIGN_MAP:
        return relation.may_map
    if level is Privilege.VIRTIO and operation.family is Family.DEVICE_MODEL:
        return relation.may_emulate
    return False


def _argument_error(operation: Operation, relation: Relation) -> Decision | None:
    """The errors that come before any permission: the copy, the version, the domid."""
    if not relation.readable:
        return Decision(Code.EFAULT, "copy of the arguments")
    if operation.versioned and not relation.right_version:
        return Decision(Code.EACCES, "interface version")
    if relation.target is TargetIs.UNKNOWN:
        without, with_control = operation.unknown_as
        return Decision(with_control if relation.control else without, "look-up of the domid")
    return None


def _stopped_by(gate: Gate, relation: Relation) -> bool:
    if gate.condition is Condition.SELF:
        return relation.target is TargetIs.SELF
    if gate.condition is Condition.OTHER:
        return relation.target is TargetIs.OTHER
    if gate.condition is Condition.DOMID_SELF:
        return relation.wrote_domid_self
    if gate.condition is Condition.HARDWARE:
        return relation.hardware
    if gate.condition is Condition.NOT_HARDWARE:
        return not relation.hardware
    if gate.condition is Condition.NO_CONTROL:
        return not relation.control
    if gate.condition is Condition.NEITHER:
        return not relation.hardware and not relation.control
    if gate.condition is Condition.WITHOUT_VIRQ:
        return relation.target is TargetIs.NONE and not relation.holds_resource
    if gate.condition is Condition.TRANSLATED:
        return not relation.dma
    if gate.condition is Condition.NO_REACH:
        return not relation.resets
    if gate.condition is Condition.ALWAYS:
        return True
    return not relation.holds_resource


def _gate(operation: Operation, relation: Relation, switches: frozenset[str], *, before: bool) -> Decision | None:
    """The first gate beside the hook that stops the call, among those that are in force."""
    for gate in operation.gates:
        if gate.before is not before or not gate.in_force(switches):
            continue
        if _stopped_by(gate, relation):
            return Decision(gate.code, f"gate: {gate.condition}")
    return None


def decide_specification(operation: Operation, relation: Relation, switches: frozenset[str]) -> Decision:
    """The decision of the roles document, inside Xen's order of errors.  What a device does is asked of nobody."""
    early = _argument_error(operation, relation) or _gate(operation, relation, switches, before=True)
    if early is not None:
        return early
    if operation.is_service and not privilege_allows(operation, relation):
        return Decision(operation.denied_as, f"privilege: {privilege_of(relation)}")
    return _gate(operation, relation, switches, before=False) or Decision(Code.SUCCESS, "privilege")


def _as_the_document(operation: Operation, relation: Relation, switches: frozenset[str]) -> bool:
    """What a policy of Xen lets through once it is repaired: the two families of a backend, and operations on oneself (D21)."""
    if operation.family is Family.FOREIGN_MAP and relation.may_map:
        return True
    if operation.family is Family.DEVICE_MODEL and relation.may_emulate:
        return True
    own = operation.acts_on is ActsOn.TARGET and relation.target is TargetIs.SELF
    return own and "D21" not in switches


def _passes_channel(operation: Operation, relation: Relation) -> bool:
    """The hooks that the policy "silo" overrides: a channel between two domains that must not have one."""
    return not (operation.channel and relation.isolated and relation.target is TargetIs.OTHER)


def decide_xen(operation: Operation, relation: Relation, switches: frozenset[str]) -> Decision:
    """The decision of Xen's own policies: "dummy", and "silo", where the relation says who is isolated from whom."""
    early = _argument_error(operation, relation) or _gate(operation, relation, switches, before=True)
    if early is not None:
        return early
    passes = default_action_allows(operation.action, relation) or _as_the_document(operation, relation, switches)
    if not passes:
        return Decision(operation.denied_as, f"{operation.hook}: {operation.action}")
    if not _passes_channel(operation, relation):
        return Decision(operation.denied_as, f"{operation.hook}: isolated by silo")
    return _gate(operation, relation, switches, before=False) or Decision(Code.SUCCESS, operation.hook or "no check")


def decide_proposed(operation: Operation, relation: Relation, switches: frozenset[str]) -> Decision:
    """The decision of the proposed series."""
    early = _argument_error(operation, relation) or _gate(operation, relation, switches, before=True)
    if early is not None:
        return early
    if not operation.hook_sees_target:
        relation = relation._replace(untargetable=False)
    hardware_apart = "D20" in switches
    action = operation.proposed_action if hardware_apart else operation.action
    action = _console_as(Action.HW_PRIV if hardware_apart else Action.PRIV, action, relation)
    passes = proposed_action_allows(action, relation) or _as_the_document(operation, relation, switches)
    if not passes:
        return Decision(operation.denied_as, f"{operation.hook}: {action}")
    if not _passes_channel(operation, relation):
        return Decision(operation.denied_as, f"{operation.hook}: isolated by silo")
    return _gate(operation, relation, switches, before=False) or Decision(Code.SUCCESS, operation.hook or "no check")
