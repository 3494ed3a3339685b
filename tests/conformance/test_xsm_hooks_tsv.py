"""The model against the project's table of XSM hooks: every row that concerns the dummy policy.

The table was read from Xen's sources apart from the model; nothing but this test reads it.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from sphinx_xenfusa.model.decision import Relation, TargetIs, decide_xen, default_action_allows
from sphinx_xenfusa.model.operations import Action, Operation, TargetParameter, catalogue

TABLE = Path(__file__).parents[2].parent / "shared" / "spec" / "xsm_hooks.tsv"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not TABLE.is_file(), reason="../shared/spec/xsm_hooks.tsv is not there"),
]


@dataclass(frozen=True)
class Row:
    kind: str
    hook: str
    op: str
    hypercall: str
    hypercall_number: str
    number: str
    default_action: str
    allowed: str
    line: int


@cache
def rows(kind: str) -> tuple[Row, ...]:
    if not TABLE.is_file():
        return ()
    lines = TABLE.read_text("utf-8").splitlines()
    cells = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    return tuple(Row(*row[:8], number) for number, row in enumerate(cells, 1) if row[0] == kind)


def operation_of(row: Row) -> Operation:
    return catalogue().by_name[row.op]


KINDS = {
    "unrelated": {},
    "self": {"target": TargetIs.SELF},
    "target_holder": {"holds_target": True},
    "xenstore": {"xenstore": True},
    "hardware": {"hardware": True},
    "hardware self": {"hardware": True, "target": TargetIs.SELF},
    "control": {"control": True},
    "control self": {"control": True, "target": TargetIs.SELF},
    "console": {"console": True},
}


def relation(kind: str, target: TargetParameter) -> Relation | None:
    """The relation of a subject of some kind; ``None`` where the kind needs a target and there is none."""
    facts = {"target": TargetIs.OTHER, **KINDS[kind]}
    if target is TargetParameter.NONE:
        if "target" in KINDS[kind] or kind == "target_holder":
            return None
        facts["target"] = TargetIs.NONE
    return Relation(**facts, holds_resource=True)


def expected(allowed: str, kind: str, *, verbose_debug: bool = False) -> bool:
    """What a cell of the column ``allowed_subjects`` says of a kind of subject."""
    if allowed in ("any", "any(no XSM check)", "XSM_HOOK (returns 0)"):
        return True
    condition = re.fullmatch(r"XSM_HOOK if d->is_console( or CONFIG_VERBOSE_DEBUG)? else XSM_PRIV", allowed)
    if condition:
        return kind == "console" or "control" in kind or bool(condition[1] and verbose_debug)
    subjects = set(allowed.split("|"))
    assert subjects <= {"self", "target_holder", "xenstore", "control"}, allowed
    return not subjects.isdisjoint(kind.split())


def test_every_operation_is_in_the_catalogue_once() -> None:
    assert len(rows("op")) == 280
    assert len(rows("nonhypercall")) == 6
    assert len(rows("hook")) == 87
    table = Counter(row.op for row in (*rows("op"), *rows("nonhypercall")))
    calls = (one for one in catalogue().operations if one.hypercall not in ("device", "MMIO"))
    assert table == Counter(operation.name for operation in calls)


@pytest.mark.parametrize("kind", KINDS)
def test_operations_are_allowed_to_whom_the_table_says(kind: str) -> None:
    """The hook alone: gates beside it are switched off, those that no switch covers are left out."""
    differing = []
    asked = 0
    for row in rows("op"):
        operation = operation_of(row)
        subject = relation(kind, operation.target)
        if subject is None:
            continue
        asked += 1
        decision = decide_xen(replace(operation, gates=()), subject, frozenset({"D21"}))
        if decision.allowed is not expected(row.allowed, kind):
            differing.append(f"line {row.line}: {row.op}: {row.allowed}, {decision}")
    assert differing == []
    assert asked >= 100


@pytest.mark.parametrize("kind", KINDS)
def test_hooks_pass_whom_the_table_says(kind: str) -> None:
    named = [row for row in rows("hook") if row.default_action in set(Action)]
    assert len(named) == 87 - 4 - 15
    for row in named:
        subject = relation(kind, TargetParameter.DOMAIN)
        assert default_action_allows(Action(row.default_action), subject) is expected(row.allowed, kind), row


@pytest.mark.parametrize("verbose_debug", [False, True])
@pytest.mark.parametrize("kind", ["unrelated", "hardware", "xenstore", "console", "control"])
def test_console_rows(kind: str, verbose_debug: bool) -> None:
    found = [row for row in rows("op") if row.hypercall == "console_io"]
    assert {row.op for row in found} == {"CONSOLEIO_write", "CONSOLEIO_read"}
    for row in found:
        subject = relation(kind, TargetParameter.NONE)
        passes = default_action_allows(operation_of(row).action, subject, verbose_debug=verbose_debug)
        assert passes is expected(row.allowed, kind, verbose_debug=verbose_debug), row


def test_numbers_hooks_and_default_actions() -> None:
    actions = {
        "NONE": "none",
        "XSM_HOOK (returns 0)": "XSM_HOOK",
        "XSM_HOOK if d->is_console or CONFIG_VERBOSE_DEBUG else XSM_PRIV": "console write",
        "XSM_HOOK if d->is_console else XSM_PRIV": "console read",
    }
    for row in rows("op"):
        operation = operation_of(row)
        number = "49" if row.hypercall_number == "arch_1(49)" else row.hypercall_number
        assert operation.hypercall == row.hypercall, row
        assert str(operation.hypercall_number) == number, row
        assert ("" if operation.number is None else str(operation.number)) == row.number, row
        assert (operation.hook or "-") == row.hook, row
        assert operation.action.value == actions.get(row.default_action, row.default_action), row
    for row in rows("nonhypercall"):
        operation = operation_of(row)
        assert (operation.hypercall, operation.hook, operation.action) == (row.hypercall, "", Action.UNCHECKED), row
        assert (operation.hypercall_number, operation.number) == (None, None), row


def test_operations_agree_with_the_row_of_their_hook() -> None:
    """Hooks that resolve by operation (XSM_OTHER) and those without an action have no say here."""
    by_hook = {row.hook: row.default_action for row in rows("hook") if row.default_action in set(Action)}
    compared = 0
    for operation in catalogue().operations:
        if operation.hook in by_hook:
            compared += 1
            assert operation.action.value == by_hook[operation.hook], operation.name
    assert compared > 200


def test_the_table_is_of_the_catalogue_s_commit() -> None:
    assert catalogue().xen_commit in TABLE.read_text("utf-8").splitlines()[0]
