"""Every number of the fact sheet that the package or the docs name as a source is explained on the page of facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sphinx_xenfusa.model.operations import catalogue

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "sphinx_xenfusa"
PAGE = (REPOSITORY / "docs" / "fusa" / "facts.rst").read_text("utf-8")
_NUMBER = r"\d+(?:\.\d+)?"
_CITED = re.compile(rf"fact\s+sheet(?:,?\s+section)?,?\s*\(?({_NUMBER}(?:(?:,\s|\sand\s|\sto\s){_NUMBER})*)")
_KINDS = {".py", ".toml", ".yaml", ".rst", ".dts"}


def key(number: str) -> tuple[int, ...]:
    return tuple(map(int, number.split(".")))


def numbers_of(words: str, explained: list[str]) -> Iterator[str]:
    """The numbers of a source; all between two of them where it says so."""
    first, *others = re.split(r",\s|\sand\s", words)
    for one in (first, *others):
        start, _, end = one.partition(" to ")
        yield start
        if end:
            yield from (each for each in explained if key(start) < key(each) <= key(end))
            yield end


def cited(explained: list[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in (PACKAGE, REPOSITORY / "docs"):
        for path in sorted(folder.rglob("*")):
            if path.suffix in _KINDS and path.name != "facts.rst" and "build" not in path.parts:
                for match in _CITED.finditer(re.sub(r"\s+", " ", path.read_text("utf-8"))):
                    found |= dict.fromkeys(numbers_of(match[1], explained), path)
    return found


def rows() -> dict[str, list[str]]:
    """Number, what it is about, where to read it."""
    parts = re.findall(
        r"^   \* - (.*)\n     - ((?:.*\n)(?:       .*\n)*)     - ((?:.*\n)(?:       .*\n)*)", PAGE, re.MULTILINE
    )
    return {number: [about, source] for number, about, source in parts[1:]}


def test_every_number_that_is_named_is_explained() -> None:
    explained = rows()
    named = cited([*explained])
    assert len(named) > 20
    assert {number: path for number, path in named.items() if number not in explained and number != "7"} == {}


def test_every_number_says_where_anybody_can_read_it() -> None:
    explained = rows()
    assert len(explained) == PAGE.count("   * - ") - 1
    assert [*explained] == sorted(explained, key=key)
    for number, (about, source) in explained.items():
        assert about.strip(), number
        assert re.search(r"``|:doc:|2\d{7}|The sources of", source), number


def test_the_commit_is_that_of_the_catalogue() -> None:
    assert catalogue().xen_commit in PAGE
