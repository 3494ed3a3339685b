"""Findings about style in a build: off unless asked for, warned of with their place, suppressed ones shown with the reason."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests_support import Built

Build = Callable[..., Built]

ITEM = "Items\n=====\n\nOne\n---\n\n`XenProd~a~1`\n\nDescription:\nA domain should run.\n\n.. xen:summary::\n"
FILES = {"index.rst": ITEM}
STYLE = (
    "types: [XenProd]\nsuppressed:\n  - id: XenProd~a~1\n    rule: opening\n    reason: It is about <i>domains</i>.\n"
)


def test_style_is_not_checked_unless_asked_for(build: Build) -> None:
    assert build(FILES, xenfusa_oft=["*.rst"]).types() == []


def test_each_broken_rule_is_a_warning_at_the_item(build: Build) -> None:
    built = build(FILES, xenfusa_oft=["*.rst"], xenfusa_style="xen")
    assert built.types() == ["xenfusa.style"] * 2
    assert all("index.rst:7: " in warning for warning in built.warnings)
    assert "opening: found a text that begins with" in built.warnings[0]
    assert "weak words: found 'should'" in built.warnings[1]


def test_what_is_suppressed_is_shown_with_its_reason(build: Build) -> None:
    built = build(FILES | {"style.yaml": STYLE}, xenfusa_oft=["*.rst"], xenfusa_style="style.yaml")
    assert built.types() == ["xenfusa.style"]
    page = built.page("index.html")
    assert "Suppressed for a stated reason: 1, of " in page
    assert "It is about &lt;i&gt;domains&lt;/i&gt;." in page
    (kept,) = json.loads(built.page("xenfusa/trace.json"))["suppressed"]
    assert (kept["about"], kept["suppressed_at"]) == ("XenProd~a~1", {"file": "style.yaml", "line": 3})


def test_a_suppression_without_a_reason_is_an_error_and_nothing_is_suppressed(build: Build) -> None:
    without = STYLE.replace("    reason: It is about <i>domains</i>.\n", "")
    built = build(FILES | {"style.yaml": without}, xenfusa_oft=["*.rst"], xenfusa_style="style.yaml")
    assert built.types() == ["xenfusa.input"]
    assert "style.yaml:3: " in built.warnings[0]
    assert built.record.suppressed == ()
