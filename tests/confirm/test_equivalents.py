"""The reviewed list of equivalent mutants: an entry matches exactly what it names, and one that matches nothing is told."""

from pathlib import Path

import pytest

from sphinx_xenfusa.confirm.equivalents import read_equivalents, reviewed
from sphinx_xenfusa.explore.survivors import Mutants, Survivor
from sphinx_xenfusa.explore.verdict import MutantReport
from sphinx_xenfusa.inputs import InputError

ENTRY = """\
equivalents:
  - where: model/effects.py apply
    line: return system._replace(life=life), 0
    operator: off by one
    before: "0"
    after: "1"
    reason: The number is not read.
    reviewer: somebody
"""
SURVIVOR = Survivor(
    MutantReport("model/effects.py:31 apply", "off by one", "0", "1"), "return system._replace(life=life), 0", ("a",)
)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "equivalents.yaml"
    path.write_text(text, "utf-8")
    return path


def mutants(*survivors: Survivor) -> Mutants:
    return Mutants(len(survivors), 0, 0, survivors)


@pytest.mark.parametrize("line", [31, 4711])
def test_an_entry_matches_wherever_the_line_has_moved(tmp_path: Path, line: int) -> None:
    moved = Survivor(MutantReport(f"model/effects.py:{line} apply", "off by one", "0", "1"), SURVIVOR.line, ("a",))
    made, findings = reviewed(mutants(moved), read_equivalents(written(tmp_path, ENTRY)))
    assert findings == ()
    assert [one.equivalent for one in made.survivors] == ["The number is not read. (reviewed by somebody)"]


@pytest.mark.parametrize(
    "other",
    [
        Survivor(MutantReport("model/effects.py:31 reset", "off by one", "0", "1"), SURVIVOR.line),
        Survivor(MutantReport("model/effects.py:31 apply", "off by one", "0", "-1"), SURVIVOR.line),
        Survivor(MutantReport("model/effects.py:31 apply", "flip truth value", "0", "1"), SURVIVOR.line),
        Survivor(MutantReport("model/effects.py:31 apply", "off by one", "0", "1"), "return 0"),
    ],
)
def test_an_entry_that_matches_nothing_is_a_finding_at_its_line(tmp_path: Path, other: Survivor) -> None:
    made, findings = reviewed(mutants(other), read_equivalents(written(tmp_path, ENTRY)))
    assert [one.equivalent for one in made.survivors] == [""]
    assert [(one.subtype, str(one.place)) for one in findings] == [("equivalent", "equivalents.yaml:2")]
    assert "found 0 surviving mutants" in findings[0].message
    assert "expected 1" in findings[0].message


def test_an_entry_stands_for_as_many_as_it_says(tmp_path: Path) -> None:
    twin = Survivor(MutantReport("model/effects.py:35 apply", "off by one", "0", "1"), SURVIVOR.line)
    made, findings = reviewed(mutants(SURVIVOR, twin), read_equivalents(written(tmp_path, ENTRY)))
    assert [one.equivalent for one in made.survivors] == ["", ""]
    assert len(findings) == 1
    twice = read_equivalents(written(tmp_path, ENTRY + "    times: 2\n"))
    made, findings = reviewed(mutants(SURVIVOR, twin), twice)
    assert findings == ()
    assert all(one.equivalent for one in made.survivors)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "equivalents"),
        ("equivalents: 4\n", "equivalents.yaml:1"),
        (ENTRY.replace("    reason: The number is not read.\n", ""), "reason"),
        (ENTRY.replace("reviewer: somebody", 'reviewer: ""'), "equivalents.yaml:8"),
        (ENTRY + "    times: 0\n", "equivalents.yaml:9"),
        (ENTRY + "    lines: 4\n", "lines"),
        (ENTRY + ENTRY.partition("\n")[2], "a second entry"),
    ],
)
def test_a_list_that_is_none_is_one_error(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_equivalents(written(tmp_path, text))
    assert words in str(caught.value)
    assert "equivalents.yaml" in str(caught.value)


def test_ours_can_be_read() -> None:
    assert isinstance(read_equivalents(), tuple)
