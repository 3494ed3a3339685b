"""The YAML files of policy, justifications and retired ids: what they say, and each fault with its line."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.tracing_rules import (
    day_of_judgement,
    policy_of,
    read_justifications,
    read_policy,
    read_tombstones,
    schema,
)
from sphinx_xenfusa.trace.policy import AnyOf, Demand
from sphinx_xenfusa.trace.record import Justification, Place, Tombstone
from sphinx_xenfusa.trace.states import ItemKind

TODAY = datetime.date(2026, 6, 30)
POLICY = """\
# what safety asks for
demands:
  - name: design
    type: XenProd
    needs: XenSwdgn
    at_least: 62.5
    may_be_justified: 2
  - name: checked
    type: [XenSwdgn, XenArch]
    kind: [rule, prohibition]
    level: ASIL B
    needs: model or
      test
"""
JUSTIFIED = """\
justifications:
  - id: XenProd~p~1
    reason: No hardware
      in the laboratory.
    owner: the safety manager
    expires: 2026-06-30
  - id: XenProd~q~1
    reason: r
    owner: o
    expires: 2026-06-29
"""
RETIRED = """\
retired:
  - name: XenProd~p
    reason: split
    successor: XenProd~q~1
  - {name: XenMkt~old, reason: gone}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "f.yaml"
    path.write_text(text, "utf-8")
    return path


def test_a_policy_is_read_with_its_lines(tmp_path: Path) -> None:
    first, second = read_policy(written(tmp_path, POLICY), "docs/f.yaml")
    assert first == Demand("design", ("XenProd",), (), (), "XenSwdgn", "XenSwdgn", 62.5, 2, Place("docs/f.yaml", 3))
    assert second.kinds == (ItemKind.RULE, ItemKind.PROHIBITION)
    assert (second.types, second.levels) == (("XenSwdgn", "XenArch"), ("ASIL B",))
    assert (second.need, second.words) == (AnyOf(("model", "test")), "model or test")
    assert (second.at_least, second.excusable, second.place.line) == (100, 0, 8)


def test_a_policy_of_plain_data_is_the_same() -> None:
    data: dict[str, Any] = {"demands": [{"name": "design", "type": ("XenProd",), "needs": "XenSwdgn", "at_least": 9}]}
    (one,) = policy_of(data, "/x/conf.py", 7, "conf.py")
    assert (one.types, one.at_least, one.place) == (("XenProd",), 9, Place("conf.py", 7))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"demands": [{"name": "a", "needs": "model or"}]}, "expected model, test"),
        ({"demands": [{"name": "a"}]}, "no key 'needs'"),
        ({}, "no key 'demands'"),
        ({"demands": [object()]}, "not plain"),
        ({"demands": [{"name": "a", "needs": {"b": [[[[[[[[1]]]]]]]]}}]}, "a mapping"),
        ({"demands": [{"name": float("nan"), "needs": "model"}]}, "not plain"),
    ],
)
def test_plain_data_are_refused_where_they_stand(data: Any, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        policy_of(data, "conf.py", 7, "conf.py")
    assert (caught.value.file, caught.value.line) == ("conf.py", 7)


def test_justifications_are_read_and_judged_for_the_day(tmp_path: Path) -> None:
    first, second = read_justifications(written(tmp_path, JUSTIFIED), "j.yaml", TODAY)
    reason = "No hardware in the laboratory."
    place = Place("j.yaml", 2)
    assert first == Justification("XenProd~p~1", reason, "the safety manager", "2026-06-30", False, place)
    assert second.expired


def test_retired_ids_are_read(tmp_path: Path) -> None:
    assert read_tombstones(written(tmp_path, RETIRED), "r.yaml") == (
        Tombstone("XenProd~p", "split", "XenProd~q~1", Place("r.yaml", 2)),
        Tombstone("XenMkt~old", "gone", "", Place("r.yaml", 5)),
    )


READERS = {
    "policy": lambda path: read_policy(path, "f"),
    "justified": lambda path: read_justifications(path, "f", TODAY),
    "retired": lambda path: read_tombstones(path, "f"),
}


@pytest.mark.parametrize(
    ("reader", "text", "line", "words"),
    [
        ("policy", "", 1, "nothing but blanks"),
        ("policy", "demands: []\n", 1, "at least 1"),
        (
            "policy",
            "demands:\n- name: a\n  needs: model\n  atleast: 3\n",
            4,
            "unknown key 'atleast'.*did you mean at_least",
        ),
        ("policy", "demands:\n- name: a\n  needs: model\n  at_least: 101\n", 4, "101"),
        ("policy", "demands:\n- name: a\n  needs: model\n  at_least: .nan\n", 4, "nan"),
        ("policy", "demands:\n- name: a\n  needs: model\n  kind: rul\n", 4, "'rul'.*expected one of definition"),
        ("policy", "demands:\n- name: a\n  needs: model\n  type: Xen_Prod\n", 4, "expected an item type"),
        ("policy", "demands:\n- name: a\n  needs: model\n  type: [A, A]\n", 4, "each entry once"),
        ("policy", "demands:\n- name: a\n  needs: (model\n", 3, "no closing bracket.*expected one"),
        ("policy", "demands:\n- {name: a, needs: model}\n- {name: a, needs: test}\n", 3, "'a' again .first on line 2"),
        ("policy", "demands: &x\n- {name: a, needs: model}\n", 1, "anchor"),
        ("justified", JUSTIFIED.replace("XenProd~q~1", "XenProd~p~1"), 7, "again"),
        ("justified", JUSTIFIED.replace("2026-06-29", "2026-02-30"), 10, "the day '2026-02-30'"),
        ("justified", JUSTIFIED.replace("2026-06-29", "soon"), 10, "YYYY-MM-DD"),
        ("justified", JUSTIFIED.replace("owner: o", "owner: ' '"), 9, "who answers for it"),
        ("justified", JUSTIFIED.replace("XenProd~q~1", "XenProd~q"), 7, "type~name~revision"),
        ("justified", JUSTIFIED.replace("XenProd~q~1", "XenProd~q~0"), 7, "type~name~revision"),
        ("justified", JUSTIFIED.replace("XenProd~q~1", "XenProd~q~9999999999"), 7, "revision"),
        ("retired", RETIRED.replace("XenMkt~old", "XenMkt~old~1"), 5, "without a revision"),
        ("retired", RETIRED.replace("XenMkt~old", "XenProd~p"), 5, "again"),
        ("retired", RETIRED.replace("XenProd~q~1", "XenProd~q"), 4, "type~name~revision"),
    ],
)
def test_a_fault_is_one_error_with_its_line(tmp_path: Path, reader: str, text: str, line: int, words: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError, match=words) as caught:
        READERS[reader](path)
    assert (caught.value.file, caught.value.line) == (str(path), line)


@pytest.mark.parametrize("name", ["trace_policy", "justifications", "tombstones"])
def test_the_schemas_are_published_and_good(name: str) -> None:
    assert jsonschema_rs.meta.is_valid(schema(name))
    assert schema(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_day_is_stated_or_of_the_epoch_or_of_the_clock() -> None:
    assert day_of_judgement("2026-02-03", {"SOURCE_DATE_EPOCH": "0"}) == datetime.date(2026, 2, 3)
    assert day_of_judgement("", {"SOURCE_DATE_EPOCH": "86400"}) == datetime.date(1970, 1, 2)
    before = datetime.datetime.now(datetime.UTC).date()
    assert before <= day_of_judgement("", {}) <= datetime.datetime.now(datetime.UTC).date()
    for bad in ("x", "-1", "9" * 5000, "²"):
        with pytest.raises(ValueError, match="expected seconds"):
            day_of_judgement("", {"SOURCE_DATE_EPOCH": bad})
