from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.trace.canonical import dumps, natural, write_text
from sphinx_xenfusa.trace.states import Result

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_numbers_in_names_sort_as_numbers() -> None:
    assert sorted(["a10", "a2", "B1", "a1"], key=natural) == ["a1", "a2", "a10", "B1"]


@given(st.lists(st.text()), st.randoms(use_true_random=False))
def test_the_natural_order_is_total(names: list[str], shuffle: random.Random) -> None:
    shuffled = list(names)
    shuffle.shuffle(shuffled)
    assert sorted(names, key=natural) == sorted(shuffled, key=natural)


@given(PLAIN)
def test_the_text_is_json_of_the_same_data_and_can_be_encoded(data: object) -> None:
    text = dumps(data)
    assert text.endswith("\n")
    assert json.loads(text.encode("utf-8")) == data


@given(PLAIN | st.dictionaries(st.text(alphabet='%s{}"a'), st.floats(allow_nan=False, allow_infinity=False)))
def test_the_text_is_that_of_the_standard_library(data: object) -> None:
    expected = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert dumps(data) == expected.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


@given(st.lists(PLAIN))
def test_an_iterator_is_told_as_a_list(data: list[object]) -> None:
    assert dumps({"many": iter(data), "few": 1}) == dumps({"many": data, "few": 1})
    assert dumps(one for one in data) == dumps(data)


def test_words_of_an_enumeration_are_texts() -> None:
    assert dumps({"a": Result.PASSED, "b": [Result.PASSED]}) == dumps({"a": "passed", "b": ["passed"]})


def test_the_order_of_keys_does_not_show() -> None:
    assert dumps({"b": 1, "a": {"d": 1, "c": 2}}) == dumps({"a": {"c": 2, "d": 1}, "b": 1})
    assert dumps({"a": ["é"]}) == '{\n  "a": [\n    "é"\n  ]\n}\n'


def test_a_lone_surrogate_is_replaced() -> None:
    assert dumps("a\ud800b") == '"a\ufffdb"\n'


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_json_cannot_say_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        dumps({"a": number})


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "trace.json"
    write_text(path, "one\n")
    write_text(path, "two é\n")
    assert path.read_bytes() == "two é\n".encode()
    assert [entry.name for entry in path.parent.iterdir()] == ["trace.json"]


def test_a_text_that_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    write_text(path, "old\n")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "\ud800")
    assert path.read_text(encoding="utf-8") == "old\n"


def test_a_place_that_cannot_be_written_leaves_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    with pytest.raises(OSError, match="folder"):
        write_text(path, "text")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]
