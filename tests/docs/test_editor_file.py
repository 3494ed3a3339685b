"""What an editor is told is what the extension registers: no directive, option, role, type, field or link more or less."""

from __future__ import annotations

import tomllib
from typing import Any

import editor_file
import pytest

from sphinx_xenfusa.sphinxext.domain import XenDomain

HINT = "run python tests/docs/editor_file.py"
OF_SPHINX = {"no-index", "no-index-entry", "no-contents-entry"}
"""Options that every description of an object has; Sphinx says what they mean."""


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    return tomllib.loads(editor_file.FILE.read_text("utf-8"))


@pytest.fixture(scope="module")
def registered() -> tuple[str, list[dict[str, Any]]]:
    return editor_file.registered()


def test_types_fields_and_links_are_those_that_the_extension_registers(
    kept: dict[str, Any], registered: tuple[str, list[dict[str, Any]]]
) -> None:
    id_regex, types = registered
    needs = kept["needs"]
    assert needs["id_regex"] == id_regex, HINT
    assert needs["types"] == [{key: one[key] for key in ("directive", "title", "prefix")} for one in types], HINT
    assert len(types) > 10
    assert needs["fields"] == editor_file.entries(types, "fields"), HINT
    assert needs["links"] == editor_file.entries(types, "links"), HINT
    assert {"xen_covers", "xen_verifies"} <= set(needs["links"])


def test_directives_and_options_are_those_of_the_domain(kept: dict[str, Any]) -> None:
    told = kept["parse"]["extend_directives"]
    assert {name: sorted(one.get("named_options", {})) for name, one in told.items()} == {
        f"xen:{name}": sorted(directive.option_spec or {}) for name, directive in XenDomain.directives.items()
    }, HINT
    assert all(
        one["content"] == XenDomain.directives[name.removeprefix("xen:")].has_content for name, one in told.items()
    )
    undescribed = {
        option
        for one in told.values()
        for option, says in one.get("named_options", {}).items()
        if "description" not in says
    }
    assert undescribed <= OF_SPHINX, HINT


def test_roles_are_those_of_the_domain(kept: dict[str, Any]) -> None:
    assert set(kept["parse"]["extend_roles"]) == {f"xen:{name}" for name in XenDomain.roles}, HINT


def test_it_sets_nothing_of_a_build(kept: dict[str, Any]) -> None:
    assert "xenfusa" not in kept
