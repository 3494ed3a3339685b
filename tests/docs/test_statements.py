"""The requirements of our own documents: none of the roles document's statements is missing, and their words have one style."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from sphinx_xenfusa.confirm.registry import load_claims

ROOT = Path(__file__).parents[2]
FUSA = ROOT / "docs" / "fusa"
STATEMENTS = ROOT.parent / "shared" / "spec" / "statements.md"
PAGES = sorted(FUSA.rglob("*.rst"))

WORD_OF_KIND = {"hazard": "can", "recommendation": "should"}
"""The verb of a statement: every other kind says what shall be."""


@dataclass(frozen=True)
class Written:
    """A requirement as it stands in a page."""

    tag: str
    options: dict[str, str]
    text: str


def written() -> list[Written]:
    """All requirements of the pages."""
    found = []
    for page in PAGES:
        for block in re.split(r"^\.\. xen:req:: ", page.read_text("utf-8"), flags=re.MULTILINE)[1:]:
            head, _, rest = block.partition("\n\n")
            text = " ".join(re.split(r"\n(?=\S)", rest)[0].split())
            options = dict(re.findall(r"^   :([\w-]+): (.*)$", head, re.MULTILINE))
            found.append(Written(options["id"], options, text))
    return found


@pytest.mark.shared
def test_every_row_of_the_statements_is_a_requirement_of_its_kind() -> None:
    if not STATEMENTS.is_file():
        pytest.skip(f"needs {STATEMENTS}")
    rows = re.findall(r"^\| (\w+) \| (\w+) \|", STATEMENTS.read_text("utf-8"), re.MULTILINE)
    assert len(rows) > 50
    kinds = {one.tag: one.options["kind"] for one in written()}
    assert [(name, kind) for name, kind in rows if kinds.get(f"XenArch~{name}~1") != kind] == []


def test_a_requirement_names_the_claim_of_its_name() -> None:
    known = load_claims()
    lacking = [
        one.tag
        for one in written()
        if (name := one.tag.split("~")[1]) in known and name not in one.options.get("confirmed-by", "").split(", ")
    ]
    assert lacking == []


def test_each_statement_has_the_verb_of_its_kind() -> None:
    wrong = [
        one.tag for one in written() if f" {WORD_OF_KIND.get(one.options['kind'], 'shall')} " not in f" {one.text} "
    ]
    assert wrong == []


def test_each_statement_is_one_short_paragraph() -> None:
    assert [one.tag for one in written() if not one.text.endswith(".") or len(one.text) > 400] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_an_abbreviation_is_spelled_out_where_it_is_first_used(page: Path) -> None:
    # The titles of the roles document's own sections stand as they are.
    text = re.sub(r"^   :source: .*$", "", page.read_text("utf-8"), flags=re.MULTILINE)
    for short, whole in (("FFI", "freedom from interference"), ("AoU", "assumption of use")):
        first = re.search(rf"\b{short}\b", text)
        if first is not None and page.stem != "glossary":
            before = " ".join(text[: first.start()].split())
            assert before.endswith(f"{whole} (:term:`"), f"{page.stem}: {short}"
