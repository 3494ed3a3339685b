"""Baselines are written once, read whole or not at all, and three forms of file can serve as one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.baseline_file import read_baseline, read_snapshot, write_baseline
from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.canonical import dumps
from sphinx_xenfusa.trace.diff import Change, compare
from sphinx_xenfusa.trace.record import Item, Place, Tag, TraceRecord
from sphinx_xenfusa.trace.serialise import to_json
from sphinx_xenfusa.trace.snapshot import baseline_json, snapshot
from sphinx_xenfusa.trace.states import ItemKind


def record(*items: Item) -> TraceRecord:
    return assemble(
        project="P",
        version="1",
        items=items,
        verdicts=(),
        reports=(),
        findings=(),
        policies=(),
        target_policy="specification",
        confirm_mode="off",
        known_claims=("c",),
        results_expected=False,
    )


ABOVE = Item(
    Tag.parse("XenProd~a~1"), "A", "Xen shall do ä.", Place("a.rst", 3), "oft", kind=ItemKind.RULE, level="ASIL B"
)
BELOW = Item(Tag.parse("XenSwdgn~b~1"), "B", "Xen shall.", Place("a.rst", 9), "oft", covers=("XenProd~a~1",))
RECORD = record(ABOVE, BELOW)


def test_a_baseline_says_what_its_record_says(tmp_path: Path) -> None:
    path = write_baseline(RECORD, "v1", tmp_path / "baselines")
    assert compare(read_snapshot(path), snapshot(RECORD, "now")).nothing
    text = path.read_bytes()
    assert write_baseline(RECORD, "v1", tmp_path / "baselines", replace=True).read_bytes() == text
    assert b'created": ""' in text
    assert b"2026-11-01" in write_baseline(RECORD, "v2", tmp_path, created="2026-11-01").read_bytes()


def test_a_record_of_this_and_of_the_first_version_serve_too(tmp_path: Path) -> None:
    data = to_json(RECORD)
    path = tmp_path / "trace.json"
    path.write_text(dumps(data), "utf-8")
    assert compare(read_snapshot(path), snapshot(RECORD, "now")).nothing
    without_level = record(replace(ABOVE, level=""), BELOW)
    data = to_json(without_level)
    for item in data["items"]:
        for key in ("inherited", "inherited_path", "suspect", "depends", "labels", "forwards", "level", "duplicates"):
            item.pop(key, None)
    data["links"] = [{key: link[key] for key in ("from", "type", "to", "status")} for link in data["links"]]
    keys = ("tombstones", "gates", "documents", "reviews")
    data = {key: value for key, value in data.items() if key not in keys} | {"schema_version": 1}
    path.write_text(dumps(data), "utf-8")
    assert compare(read_snapshot(path), snapshot(without_level, "now")).nothing


def needs(**more: Any) -> dict[str, Any]:
    need = {
        "id": "XenProd~a~1",
        "title": "A",
        "content": "Xen shall do ä.",
        "type": "xen_rule",
        "docname": "a",
        "doctype": ".rst",
        "lineno": 3,
        "xen_covers": [],
        **more,
    }
    other = {"title": "Old one", "content": "", "type": "req", "docname": "b", "lineno": 1}
    return {
        "current_version": "1",
        "project": "P",
        "versions": {"0": {"needs": {}}, "1": {"needs": {"XenProd~a~1": need, "REQ_1": other}}},
    }


def test_a_needs_json_of_sphinx_needs_serves_too(tmp_path: Path) -> None:
    path = tmp_path / "needs.json"
    path.write_text(json.dumps(needs()), "utf-8")
    found = read_snapshot(path)
    difference = compare(found, snapshot(record(replace(ABOVE, level="")), "now"))
    classes = {one.entry.id: one.change for one in difference.items}
    assert classes == {"XenProd~a~1": Change.UNCHANGED, "REQ_1": Change.REMOVED}
    path.write_text(json.dumps(needs(content="Xen shall not do ä.")), "utf-8")
    (changed,) = compare(read_snapshot(path), snapshot(record(ABOVE), "now")).of(Change.CHANGED)
    assert [(field.name, field.before, field.after) for field in changed.fields] == [
        ("text", "Xen shall not do ä.", "Xen shall do ä.")
    ]


def test_the_fingerprint_that_a_need_carries_decides_whether_its_words_changed(tmp_path: Path) -> None:
    path = tmp_path / "needs.json"
    same = snapshot(record(ABOVE), "now")
    path.write_text(
        json.dumps(needs(content="|a| in a notation of its own", xen_fingerprint=same.items[0].fingerprint))
    )
    assert not compare(read_snapshot(path), same).of(Change.CHANGED)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "-x", "x" * 101, "ä", "a b", "a\n", "v1."]
)
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="the name"):
        write_baseline(RECORD, name, tmp_path / "below")
    assert list(tmp_path.iterdir()) == []


def test_a_baseline_is_never_replaced_unless_that_is_asked_for(tmp_path: Path) -> None:
    path = write_baseline(RECORD, "v1", tmp_path)
    path.write_text("mine", "utf-8")
    with pytest.raises(InputError, match="--force"):
        write_baseline(RECORD, "v1", tmp_path)
    assert path.read_text("utf-8") == "mine"
    (tmp_path / "v2.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="--force"):
        write_baseline(RECORD, "v2", tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_half_written_baseline_is_one_located_error(tmp_path: Path) -> None:
    text = write_baseline(RECORD, "v1", tmp_path).read_text("utf-8")
    path = tmp_path / "cut.json"
    for end in range(0, len(text) - 2, 97):
        path.write_text(text[:end], "utf-8")
        with pytest.raises(InputError) as error:
            read_snapshot(path)
        assert error.value.line is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("Xen shall do", "Xen may do"), "does not have the fingerprint beside it"),
        (("XenSwdgn~b~1", "XenProd~a~1"), "a second time"),
        (('"form_version": 1', '"form_version": 2'), "a newer xenfusa wrote it"),
        (('"form": "xenfusa baseline"', '"form": "another"'), "/form"),
        (('"line": 3', '"line": "3"'), "/items/0/source/line"),
        (('"line": 3', '"line": NaN'), "NaN"),
        (('"title": "A"', '"title": "A", "title": "B"'), "twice"),
    ],
)
def test_a_foreign_or_damaged_file_is_one_error_with_its_line(
    tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    path = write_baseline(RECORD, "v1", tmp_path)
    text = path.read_text("utf-8")
    assert change[0] in text
    path.write_text(text.replace(*change), "utf-8")
    with pytest.raises(InputError, match=words) as error:
        read_snapshot(path)
    assert error.value.line is not None


@pytest.mark.parametrize(
    "data", [[], 1, {}, {"a": 1}, {"versions": {}, "current_version": "1"}, {"versions": [], "current_version": 1}]
)
def test_other_json_is_refused(tmp_path: Path, data: Any) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(data), "utf-8")
    with pytest.raises(InputError) as error:
        read_snapshot(path)
    assert error.value.line is not None


def test_a_need_that_is_none_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "needs.json"
    path.write_text(json.dumps(needs(title=7), indent=1), "utf-8")
    with pytest.raises(InputError, match="XenProd~a~1") as error:
        read_snapshot(path)
    assert error.value.line is not None and error.value.line > 5


def test_the_reference_names_the_file_and_its_bytes(tmp_path: Path) -> None:
    path = write_baseline(RECORD, "v1", tmp_path / "b")
    found, reference = read_baseline(path, tmp_path)
    assert (reference.name, reference.file, reference.version, found.label) == ("v1", "b/v1.json", "1", "v1")
    assert len(reference.sha256) == 64


@pytest.mark.parametrize("half", ["\\ud800", "\\udc00", "\\udc00\\ud800", "\\\\\\ud83d", "\\uD83D\\u0041"])
@pytest.mark.parametrize("form", ["baseline", "record", "needs.json"])
def test_half_of_a_character_is_one_located_error(half: str, form: str, tmp_path: Path) -> None:
    texts = {
        "baseline": dumps(baseline_json(RECORD, "v1")),
        "record": dumps(to_json(RECORD)),
        "needs.json": json.dumps(needs(title="A"), indent=1),
    }
    whole = texts[form]
    path = tmp_path / "a.json"
    path.write_text(whole.replace('"title": "A"', f'"title": "A{half}"', 1), "utf-8")
    with pytest.raises(InputError) as caught:
        read_snapshot(path)
    assert "half of a character (U+D" in caught.value.message
    line = caught.value.line or 0
    assert half in path.read_text("utf-8").split("\n")[line - 1]


def test_a_character_of_two_halves_is_one(tmp_path: Path) -> None:
    path = tmp_path / "needs.json"
    path.write_text(json.dumps(needs(title="A \U0001f600 and \\ud83d")), "utf-8")
    assert {one.title for one in read_snapshot(path).items} >= {"A \U0001f600 and \\ud83d"}
