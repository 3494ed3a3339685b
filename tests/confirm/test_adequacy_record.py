"""The record of the mutation run: the same bytes for the same record, one error for anything that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from sphinx_xenfusa.confirm.adequacy_record import (
    NO_RECORD,
    AdequacyRecord,
    Reference,
    Sources,
    claim_record,
    read_adequacy,
    write_adequacy,
)
from sphinx_xenfusa.explore.survivors import Tried
from sphinx_xenfusa.explore.verdict import MutantReport
from sphinx_xenfusa.inputs import InputError

MODEL = """\
def f(x):
    if x:
        return 1
    return 1


def g(x):
    return 1
"""


def at(line: int, name: str, operator: str = "off by one", before: str = "1", after: str = "0") -> MutantReport:
    return MutantReport(f"model/a.py:{line} {name}", operator, before, after)


FIRST, SECOND, OTHER = at(3, "f"), at(4, "f"), at(8, "g")
NEGATED = at(2, "f", "negate condition", "x", "not (x)")
CELL = MutantReport("catalogue.toml Ö<p>", "flip cell action", "none", "priv")


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    folder = tmp_path / "package" / "model"
    folder.mkdir(parents=True)
    (folder / "a.py").write_text(MODEL, "utf-8")
    return Sources(tmp_path / "package")


@pytest.fixture
def record(sources: Sources) -> AdequacyRecord:
    one = {"dummy": Tried((FIRST,), (SECOND, NEGATED), ()), "silo": Tried((SECOND, CELL), (FIRST,), (NEGATED,))}
    two = {None: Tried((), (FIRST, SECOND, OTHER), (NEGATED,))}
    return AdequacyRecord({"one": claim_record("d1", one, sources), "two": claim_record("d2", two, sources)})


def test_a_mutant_is_found_again_where_its_line_has_gone(sources: Sources, tmp_path: Path) -> None:
    references = [sources.reference(report) for report in (FIRST, SECOND, OTHER, NEGATED, CELL)]
    assert references[1] == Reference("model/a.py f", "return 1", 2, "off by one", "1", "0")
    assert references[2].nth == 1, "counted from the beginning of its own function"
    assert len({*references}) == 5
    assert [sources.report(one) for one in references] == [FIRST, SECOND, OTHER, NEGATED, CELL]
    path = tmp_path / "package" / "model" / "a.py"
    path.write_text("# a comment\n\n" + MODEL.replace("    if x", "    # another\n    if x"), "utf-8")
    moved = Sources(tmp_path / "package")
    assert [moved.report(one).where for one in references[:3]] == [
        "model/a.py:6 f",
        "model/a.py:7 f",
        "model/a.py:11 g",
    ]
    path.unlink()
    assert Sources(tmp_path / "package").report(references[0]).where == "model/a.py f"


def test_what_one_policy_kills_is_killed(record: AdequacyRecord) -> None:
    one, two = record.claims["one"], record.claims["two"]
    assert len(one.killed) == 3
    assert {each.operator for each in one.survived} == {"negate condition"}
    assert not one.broken, "one of its runs did try it"
    assert len(two.broken) == 1
    assert (one.runs["dummy"].tried, one.runs["dummy"].killed, one.runs["silo"].broken) == (3, 1, 1)
    assert record.smallest("one", "dummy") == Reference("model/a.py f", "return 1", 1, "off by one", "1", "0")
    assert record.smallest("two", None) is None
    assert record.smallest("one", "proposed") is record.smallest("three", None) is None


def test_written_and_read(record: AdequacyRecord, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_adequacy(path, record)
    assert read_adequacy(path) == record
    assert path.read_text("utf-8") == record.text
    again = AdequacyRecord(dict(reversed(record.claims.items())))
    assert again.text == record.text
    assert read_adequacy(tmp_path / "none.json") == NO_RECORD


def test_one_line_for_each_mutant(record: AdequacyRecord) -> None:
    rows = [line for line in record.text.splitlines() if line.startswith("    [")]
    assert len(rows) == 5
    assert sum('"killed": "one"' in row for row in rows) == 3


def test_a_claim_that_is_run_again_replaces_its_own_part_only(record: AdequacyRecord, sources: Sources) -> None:
    anew = claim_record("d3", {None: Tried((OTHER,), (FIRST,), ())}, sources)
    after = record.replaced({"two": anew}, ["one", "two", "three"])
    assert (after.claims["one"], after.claims["two"]) == (record.claims["one"], anew)
    assert list(record.replaced({}, ["two"]).claims) == ["two"]


def test_cut_off_anywhere_is_one_error_that_names_the_file(record: AdequacyRecord, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    content = record.text.encode()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        with pytest.raises(InputError, match=r"record\.json.*found .*; expected .*xenfusa adequacy"):
            read_adequacy(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"form": 1', '"form": 2'),
        ('"form": 1', '"form": true'),
        ('"killed": "one"', '"killed": "one two"'),
        ('"killed": "one"', '"killed": "nobody"'),
        ('"digest": "d1"', '"digest":  "d1"'),
        ('"off by one"', "4"),
        ('"runs"', '"walks"'),
    ],
)
def test_edited_by_hand_is_refused(record: AdequacyRecord, tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "record.json"
    text = record.text
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(InputError, match=r"record\.json"):
        read_adequacy(path)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff\xfe", b'{"form": 1}', b"[" * 5000])
def test_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"record\.json"):
        read_adequacy(path)
