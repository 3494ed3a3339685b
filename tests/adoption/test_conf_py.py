"""An extension is added to a conf.py as it is written: what Python makes of it is the same list and one name more."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.adoption.conf_py import with_extension
from sphinx_xenfusa.inputs import InputError

PATH = Path("docs/conf.py")


def edited(text: str) -> str:
    return with_extension(text, "ours", PATH)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("extensions = []\n", 'extensions = ["ours"]\n'),
        ("extensions = [ ]\n", 'extensions = ["ours"]\n'),
        ("extensions = ()\n", 'extensions = ("ours",)\n'),
        ("extensions = ['a', 'b']  # both\n", "extensions = ['a', 'b', 'ours']  # both\n"),
        ("extensions=['a', 'b',]", "extensions=['a', 'b', 'ours',]"),
        ("extensions = ('a',)\n", "extensions = ('a', 'ours')\n"),
        ("extensions = 'a', 'b'\n", "extensions = 'a', 'b', 'ours'\n"),
        ("extensions: list[str] = ['a']\n", "extensions: list[str] = ['a', 'ours']\n"),
        ("extensions = [\n]\n", 'extensions = [\n    "ours",\n]\n'),
        ("extensions = [\n    # 'a',\n]\n", "extensions = [\n    \"ours\",\n    # 'a',\n]\n"),
        ("extensions = [\n    'a',\n]\n", "extensions = [\n    'a',\n    'ours',\n]\n"),
        ("extensions = [\n\t'a',  # é ) ],\n\t# 'c'\n]\n", "extensions = [\n\t'a',  # é ) ],\n\t'ours',\n\t# 'c'\n]\n"),
        ("extensions = [\n  'a'  # why\n  ]\n", "extensions = [\n  'a',  # why\n  'ours'\n  ]\n"),
        ("extensions = ['a',\n              'b']\n", "extensions = ['a',\n              'b',\n              'ours']\n"),
        (
            "extensions = [\n    'a', 'b',\n    'c', 'd',\n]\n",
            "extensions = [\n    'a', 'b',\n    'c', 'd', 'ours',\n]\n",
        ),
        ("extensions = [\r\n    'a',\r\n]\r\n", "extensions = [\r\n    'a',\r\n    'ours',\r\n]\r\n"),
        ("é = 'é'; extensions = ['é', (\"b\")]\n", "é = 'é'; extensions = ['é', (\"b\"), \"ours\"]\n"),
        ("extensions = [*others, 'a']\n", "extensions = [*others, 'a', 'ours']\n"),
        ("extensions = others + ['a']\n", "extensions = others + ['a', 'ours']\n"),
        ("extensions = ['a'] + others\n", "extensions = ['a', 'ours'] + others\n"),
        ("extensions = ['a']\nextensions += ['b']\n", "extensions = ['a']\nextensions += ['b', 'ours']\n"),
        ("extensions = ['a']\nextensions += f()\n", "extensions = ['a', 'ours']\nextensions += f()\n"),
        ("extensions = ['x']\nextensions = ['a']\n", "extensions = ['x']\nextensions = ['a', 'ours']\n"),
        ("", 'extensions = ["ours"]\n'),
        ("project = 'P'", "project = 'P'\n\nextensions = [\"ours\"]\n"),
    ],
)
def test_it_is_written_as_the_others_are(text: str, expected: str) -> None:
    assert edited(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "extensions = ['a']\nif tags.has('x'):\n    extensions.append('b')\nelse:\n    extensions += ['c']\n",
        "extensions = ['a']\nextensions.remove('a')\n",
        "extensions = ['a']\nif 'a' in extensions:\n    other = list(extensions)\n",
        "if x:\n    extensions = []\nextensions = ['a']\n",
        "extensions = ['a']\ndef setup(app):\n    extensions = []\n",
    ],
)
def test_what_others_do_with_the_list_does_not_matter(text: str) -> None:
    assert edited(text) == text.replace("['a']", "['a', 'ours']", 1)


@pytest.mark.parametrize(
    "text",
    ["extensions = ['ours']\n", "extensions = []\nextensions.append('ours')\n", "if x:\n    extensions = ['ours']\n"],
)
def test_one_that_is_there_already_stays_alone(text: str) -> None:
    assert edited(text) == text


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("extensions = f()\n", 1, "extensions that are computed"),
        ("\nextensions = ['a'] if x else []\n", 2, "extensions that are computed"),
        ("if x:\n    extensions = ['a']\n", 2, "depend on what the file does when it is run"),
        ("extensions = []\nif x:\n    extensions = ['a']\n", 3, "depend on what the file does when it is run"),
        ("extensions = ['a']\nextensions.clear()\n", 2, "depend on what the file does when it is run"),
        ("extensions = ['a']\nextensions[:] = []\n", 2, "depend on what the file does when it is run"),
        ("extensions = ['a']\ndel extensions\n", 2, "depend on what the file does when it is run"),
        ("a = extensions = ['a']\n", 1, "depend on what the file does when it is run"),
        ("from common import *\n", None, "names that come from another module"),
        ("extensions = ('a'), ('b')\n", None, "a list that cannot be edited as it is written"),
    ],
)
def test_what_cannot_be_seen_is_refused_with_the_line_to_add(text: str, line: int | None, found: str) -> None:
    with pytest.raises(InputError) as raised:
        edited(text)
    assert (raised.value.file, raised.value.line) == (str(PATH), line)
    assert found in raised.value.found
    assert raised.value.expected.endswith('add this line by hand below it: extensions = [*extensions, "ours"]')


@pytest.mark.parametrize("text", ["extensions = [", "extensions = []\n print(1)\n", "\0"])
def test_what_is_no_python_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="text that is no Python"):
        edited(text)


BLANKS = st.sampled_from(["", " ", "  ", "\n", "\n    ", "  # why, so ]\n    ", "\n    # 'x',\n    "])
NAMES = st.sampled_from(["'a'", '"sphinx.ext.todo"', "('b')", "'é' 'e'", "'c'", "r'd'", "*more"])


@st.composite
def confs(draw: st.DrawFn) -> str:
    """A conf.py with a list that somebody has written, in some layout."""
    names = draw(st.lists(NAMES, max_size=4))
    opening, closing = draw(st.sampled_from(["[]", "()"]))
    text = opening + draw(BLANKS)
    for number, name in enumerate(names):
        comma = number < len(names) - 1 or len(names) == 1 or draw(st.booleans())
        text += draw(BLANKS) + name + draw(BLANKS) + ("," + draw(BLANKS) if comma else "")
    before = draw(st.sampled_from(["", "project = 'é'\n", "# -*- coding: utf-8 -*-\n"]))
    return f"more = ['m']\n{before}extensions = {text}{closing}\nmaster_doc = 'index'\n"


def value(text: str) -> list[str]:
    names: dict[str, list[str]] = {}
    exec(text, names)
    return list(names["extensions"])


@given(confs())
def test_python_sees_one_name_more_and_no_line_is_lost(text: str) -> None:
    after = edited(text)
    assert value(after) == [*value(text), "ours"]
    gone = [line[2:] for line in difflib.ndiff(text.splitlines(), after.splitlines()) if line.startswith("- ")]
    # A line that was changed is one that got a comma, the name, or lost the blanks between two brackets.
    assert len(gone) <= 1
    assert after.count("#") == text.count("#")
