"""The file that says which rules of style hold: every suppression has a reason, and whatever is wrong has its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.style_file import chosen_style
from sphinx_xenfusa.trace.record import Place
from sphinx_xenfusa.trace.style import RULES, XEN, Suppression


def test_the_word_xen_names_the_style_of_xens_tree(tmp_path: Path) -> None:
    assert chosen_style("xen", tmp_path, tmp_path) is XEN


def test_a_file_says_types_rules_and_suppressions(tmp_path: Path) -> None:
    (tmp_path / "style.yaml").write_text(
        "types: [XenArch]\nsuppressed:\n  - id: XenArch~a~1\n    rule: one thought\n    reason: One sentence\n      explains.\n"
    )
    style = chosen_style("style.yaml", tmp_path, tmp_path.parent)
    assert (style.types, style.rules) == ({"XenArch"}, tuple(RULES))
    place = Place(f"{tmp_path.name}/style.yaml", 3)
    assert style.suppressions == (Suppression("XenArch~a~1", "one thought", "One sentence explains.", place),)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("types: []\n", 1, "at least 1"),
        ("rules: [opening]\n", 1, "no key 'types'"),
        ("types: [A]\nrules: [openin]\n", 2, "did you mean opening?"),
        ("types: [A]\nsuppressed:\n- {id: A~a~1, rule: opening}\n", 3, "no key 'reason'"),
        ("types: [A]\nsuppressed:\n- id: A~a~1\n  rule: opening\n  reason: ' '\n", 5, "the reason, in words"),
        ("types: [A]\nsuppressed:\n- id: A~a\n  rule: opening\n  reason: r\n", 3, "type~name~revision"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    (tmp_path / "style.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        chosen_style("style.yaml", tmp_path, tmp_path)
    assert caught.value.line == line
    assert words in caught.value.message
