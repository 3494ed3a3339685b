"""Fact sheet 2.2: the decision table of ``xsm_default_action`` (xen/include/xsm/dummy.h:78-105), row by row."""

from __future__ import annotations

from collections import Counter

import pytest

from sphinx_xenfusa.model.decision import Relation, TargetIs, default_action_allows
from sphinx_xenfusa.model.operations import Action, catalogue

COLUMNS = ("XSM_HOOK", "XSM_TARGET", "XSM_XS_PRIV", "XSM_DM_PRIV", "XSM_PRIV")

# "y" allow, "-" deny; one letter for each column.
TABLE = {
    "itself, no role": (Relation(TargetIs.SELF), "yy---"),
    "target-holder": (Relation(TargetIs.OTHER, holds_target=True), "yyyy-"),
    "xenstore domain": (Relation(TargetIs.OTHER, xenstore=True), "y-y--"),
    "xenstore domain on itself": (Relation(TargetIs.SELF, xenstore=True), "yyy--"),
    "hardware domain": (Relation(TargetIs.OTHER, hardware=True), "y----"),
    "hardware domain on itself": (Relation(TargetIs.SELF, hardware=True), "yy---"),
    "hardware domain that is target-holder": (Relation(TargetIs.OTHER, hardware=True, holds_target=True), "yyyy-"),
    "control domain": (Relation(TargetIs.OTHER, control=True), "yyyyy"),
    "control domain on itself": (Relation(TargetIs.SELF, control=True), "yyyyy"),
    "unrelated": (Relation(TargetIs.OTHER), "y----"),
    "no target, no role": (Relation(TargetIs.NONE), "y----"),
    "no target, hardware domain": (Relation(TargetIs.NONE, hardware=True), "y----"),
    "no target, xenstore domain": (Relation(TargetIs.NONE, xenstore=True), "y-y--"),
    "no target, control domain": (Relation(TargetIs.NONE, control=True), "yyyyy"),
}


@pytest.mark.parametrize("row", TABLE)
def test_decision_table(row: str) -> None:
    relation, expected = TABLE[row]
    assert "".join("y" if default_action_allows(Action(name), relation) else "-" for name in COLUMNS) == expected


@pytest.mark.parametrize("row", TABLE)
def test_the_document_s_privileges_never_matter_to_xen(row: str) -> None:
    relation, expected = TABLE[row]
    virtio = Relation(
        relation.target,
        relation.control,
        relation.hardware,
        relation.xenstore,
        holds_target=relation.holds_target,
        may_map=True,
        may_emulate=True,
    )
    assert "".join("y" if default_action_allows(Action(name), virtio) else "-" for name in COLUMNS) == expected


@pytest.mark.parametrize(
    ("console", "verbose_debug", "control", "write", "read"),
    [
        (False, False, False, False, False),
        (False, True, False, True, False),
        (True, False, False, True, True),
        (True, True, False, True, True),
        (False, False, True, True, True),
    ],
)
def test_console(console: bool, verbose_debug: bool, control: bool, write: bool, read: bool) -> None:
    """XSM_OTHER of console_io, dummy.h:257."""
    relation = Relation(TargetIs.NONE, control=control, console=console)
    assert default_action_allows(Action.CONSOLE_WRITE, relation, verbose_debug=verbose_debug) is write
    assert default_action_allows(Action.CONSOLE_READ, relation, verbose_debug=verbose_debug) is read


def test_hardware_domain_without_console_flag_has_no_console() -> None:
    """There is no XSM_HW_PRIV upstream: the flag counts, not the role."""
    relation = Relation(TargetIs.NONE, hardware=True)
    assert not default_action_allows(Action.CONSOLE_WRITE, relation)


def test_number_of_operations_by_default_action() -> None:
    """Fact sheet 2.2, "Operation rows by default"; argo's four pass unconditionally, six more come by SMC/HVC."""
    operations = [one for one in catalogue().operations if one.hypercall not in ("device", "MMIO")]
    firmware = [one for one in operations if one.hypercall == "SMC/HVC"]
    argo = [one for one in operations if one.hypercall == "argo_op"]
    rest = Counter(one.action.value for one in operations if one not in firmware and one not in argo)
    assert rest == {
        "XSM_PRIV": 154,
        "XSM_DM_PRIV": 33,
        "none": 33,
        "XSM_TARGET": 29,
        "XSM_HOOK": 23,
        "XSM_XS_PRIV": 2,
        "console write": 1,
        "console read": 1,
    }
    assert (len(argo), len(firmware), len(operations)) == (4, 6, 286)
