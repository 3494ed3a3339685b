"""The typed fields of a requirement: checked against the vocabulary, shown, linked, exported."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from sphinx_needs.api import get_needs_view
from tests_support import Built, requirement

from sphinx_xenfusa.interop.typed_fields import FIELDS
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.terms.installed import load_vocabulary
from sphinx_xenfusa.terms.term import TermKind
from sphinx_xenfusa.trace.serialise import to_json, validate
from sphinx_xenfusa.trace.states import ItemKind

TITLE = "Page\n====\n\n"
ALL = """:role: DomU, Hardware Domain
:privilege: unprivileged
:operation: XEN_DOMCTL_pausedomain, device model
:target: other domains, platform"""


def facts(page: str) -> dict[str, str]:
    """The facts of the only requirement of a page, as text."""
    found = re.findall(r"<dt[^>]*>([^<]*)<span class=\"colon\">:</span></dt>\s*<dd[^>]*>(.*?)</dd>", page, re.DOTALL)
    return {name: " ".join(re.sub(r"<[^>]*>", "", value).split()) for name, value in found}


def test_fields_are_in_the_record_the_need_and_on_the_card(build: Callable[..., Built]) -> None:
    objects = ".. xen:role:: DomU\n\n.. xen:operation:: XEN_DOMCTL_pausedomain\n\n"
    built = build({"index.rst": TITLE + objects + requirement(kind="prohibition", options=ALL)})
    assert built.warnings == []
    item = to_json(built.record)["items"][0]
    assert item["fields"] == {
        "role": ["DomU", "Hardware Domain"],
        "privilege": ["unprivileged"],
        "operation": ["XEN_DOMCTL_pausedomain", "device model"],
        "target": ["other domains", "platform"],
        "restricts": [],
    }
    validate(json.loads((built.out / "xenfusa" / "trace.json").read_text("utf-8")))
    need = get_needs_view(built.app)["XenArch~hwdom_single~1"]
    assert list(need["xen_operation"]) == ["XEN_DOMCTL_pausedomain", "device model"]
    assert need["xen_restricts"] is None
    page = built.page("index.html")
    card = facts(page[page.index("xenfusa-evidence") :])
    assert card["Role"] == "DomU, Hardware Domain"
    members = sum(one.family == "device model" for one in catalogue().operations)
    assert card["Operation"] == f"XEN_DOMCTL_pausedomain, device model ({members} operations)"
    assert card["Target"] == "other domains, platform"
    assert "Restricts" not in card
    assert page.count('href="#xen-operation-XEN_DOMCTL_pausedomain"') >= 2


@pytest.mark.parametrize(
    ("kind", "options", "line", "subtype", "words"),
    [
        ("permission", ":role: DomU, Contrl Domain", 7, "vocabulary", ["'Contrl Domain'", "is 'Control Domain'"]),
        ("permission", ":privilege: ful", 7, "vocabulary", ["privilege 'ful'", "is 'full'"]),
        ("permission", ":operation:\n   XENMEM_exchange,\n   device modl", 7, "vocabulary", ["is 'device model'"]),
        ("prohibition", ":covers: \n:target: other domain", 8, "vocabulary", ["is 'other domains'"]),
        ("rule", ":restricts: rules", 7, "vocabulary", ["is 'roles'"]),
        ("rule", ":restricts: everything", 7, "vocabulary", ["expected one of 'roles', 'criticality'"]),
        ("rule", ":operation: XENMEM_exchange", 7, "option", [":operation: at a rule", "permission"]),
        ("permission", ":restricts: roles", 7, "option", [":restricts: at a permission", "rule"]),
    ],
)
def test_a_mistake_is_one_located_warning_and_costs_the_field(
    build: Callable[..., Built], kind: str, options: str, line: int, subtype: str, words: list[str]
) -> None:
    built = build({"index.rst": TITLE + requirement(kind=kind, options=options)})
    assert len(built.warnings) == 1, built.warnings
    assert built.warnings[0].startswith(f"docs/index.rst:{line}: WARNING: ")
    assert built.warnings[0].endswith(f"is dropped [xenfusa.{subtype}]")
    for word in words:
        assert word in built.warnings[0]
    (item,) = to_json(built.record)["items"]
    assert [word for values in item["fields"].values() for word in values] == []
    option = re.findall(r":(\w+): ?", options)[-1]
    page = built.page("index.html")
    assert facts(page[page.index("xenfusa-evidence") :])[FIELDS[option].words].endswith("is dropped")
    assert build({}).warnings == built.warnings


def test_every_kind_takes_a_role_and_none_takes_all() -> None:
    for kind in ItemKind:
        taken = {name for name, field in FIELDS.items() if kind in field.kinds}
        assert "role" in taken
        assert taken != set(FIELDS) or kind is ItemKind.PROHIBITION


def test_the_fields_do_not_count_for_the_fingerprint(build: Callable[..., Built]) -> None:
    plain = build({"index.rst": TITLE + requirement(kind="prohibition")}).record.items[0]
    typed = build({"index.rst": TITLE + requirement(kind="prohibition", options=ALL)}).record.items[0]
    assert plain.item.fields != typed.item.fields
    assert plain.fingerprint == typed.fingerprint


def test_groups_name_their_operations_and_no_operation() -> None:
    vocabulary = load_vocabulary([])
    assert [one.name for one in vocabulary.groups["foreign map"]] == ["XENMAPSPACE_gmfn_foreign"]
    assert len(vocabulary.groups["all operations"]) == len(catalogue().operations)
    names = {term.name for term in vocabulary.of(TermKind.OPERATION)}
    assert names.isdisjoint(vocabulary.groups)
