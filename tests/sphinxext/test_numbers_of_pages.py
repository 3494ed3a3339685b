"""The same fact is the same number on every page, and it is the record's: read as a reader does, with nothing of ours beside it.

The recount of each build compares totals, matrices and exports; here are cards, pages of claims and what sentences say.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import names_of_pages
from every_kind import THEMES
from lxml import html

Pages = dict[str, Any]


def words(element: Any) -> str:
    return " ".join(element.text_content().replace("\u200b", "").split())


@pytest.fixture(scope="module")
def folder(every_kind: Callable[..., Path]) -> Path:
    return every_kind(THEMES[0])


@pytest.fixture(scope="module")
def pages(folder: Path) -> Pages:
    return {name: html.parse(str(folder / name)).getroot() for name in names_of_pages(folder)}


@pytest.fixture(scope="module")
def record(folder: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((folder / "xenfusa" / "trace.json").read_text("utf-8"))
    return data


def test_sentences_of_all_pages_agree(pages: Pages, record: dict[str, Any]) -> None:
    cases = [case for report in record["evidence"]["reports"] for case in report["cases"]]
    facts = {
        "requirement": len(record["items"]),
        "verdict": len(record["verdicts"]),
        "test case": len(cases),
        "test": len(record["evidence"]["tests"]),
        "link": len(record["links"]),
        "test report": len(record["evidence"]["reports"]),
        "line of the manifest": len(record["evidence"]["expected"]),
    }
    said: defaultdict[str, set[int]] = defaultdict(set)
    for page in pages.values():
        for element in page.iter("caption", "p"):
            looked = re.search(r"of (\d[^.]*?) looked at", words(element))
            for number, name in re.findall(r"(\d[\d,]*) ([a-z][a-z ]*?)(?=,| and \d|$)", looked[1]) if looked else ():
                said[re.sub(r"s( of the manifest)s?$|s$", r"\1", name)].add(int(number.replace(",", "")))
    known = {name: numbers for name, numbers in said.items() if name in facts}
    assert known == {name: {facts[name]} for name in known}
    assert {"requirement", "verdict", "test case"} <= known.keys()


def test_pages_of_claims_have_the_numbers_of_their_verdicts(pages: Pages, record: dict[str, Any]) -> None:
    verdicts = defaultdict(list)
    for one in record["verdicts"]:
        told = f"{one['killed']:,} of {one['mutants']:,}" if one["mutants"] else None
        verdicts[one["claim"]].append((f"{one['cases']:,}", f"{one['relevant']:,}", told))
    seen = 0
    for name, page in pages.items():
        if not (name.startswith("xenfusa/claims/") and "index" not in name):
            continue
        claim = words(page.xpath("//h1")[0]).removeprefix("Claim ").rstrip("¶\uf0c1")
        (table,) = (one for one in page.xpath("//table[caption]") if "by policy" in words(one.find("caption")))
        rows = [[words(cell) for cell in row.xpath("./th|./td")] for row in table.xpath("./tbody/tr")]
        assert len(rows) == len(verdicts[claim])
        for cases, relevant, killed in verdicts[claim]:
            assert any(row[3:5] == [cases, relevant] and killed in (row[5], None) for row in rows), (claim, rows)
        seen += 1
    assert seen == len({verdict["claim"] for item in record["items"] for verdict in item["verdicts"]})


def cards(page: Any) -> Iterator[tuple[str, str]]:
    """Tag and words of the evidence of each requirement on a page."""
    for table in page.xpath("//table[contains(concat(' ', @class, ' '), ' need ')]"):
        around = table.getparent()
        below = around.getnext() if "State:" not in words(around) else around
        yield table.get("id"), words(below) if below is not None else ""


def test_cards_have_the_state_and_the_numbers_of_the_record(pages: Pages, record: dict[str, Any]) -> None:
    items = {one["id"]: one for one in record["items"]}
    found = {tag: said for page in pages.values() for tag, said in cards(page) if tag in items and "State:" in said}
    assert len(found) >= 5
    for tag, said in found.items():
        item = items[tag]
        state = re.search(r"State: \S+ ([a-z ]+?) —", said)
        assert state is not None and state[1] == item["result"], tag
        numbers = {name: int(number) for number, name in re.findall(r"(\d+) (claim|test)s?\b(?=,| Kind:|$)", said)}
        tests = {one["id"] for one in [*item["tests"], *item["partial_tests"]]}
        assert numbers.get("test", 0) == len(tests), tag
        assert numbers.get("claim", 0) == len({one["claim"] for one in item["verdicts"]}), tag


def test_captions_say_how_many_rows_there_are(pages: Pages, record: dict[str, Any]) -> None:
    seen = 0
    for name, page in pages.items():
        for table in page.xpath("//table[caption]"):
            caption = words(table.find("caption"))
            found = re.search(r"\((?:(\d+) of )?(\d+) requirements?\b", caption)
            if found:
                assert len(table.xpath("./tbody/tr")) == int(found[1] or found[2]), (name, caption)
                assert int(found[2]) == len(record["items"]), (name, caption)
                seen += 1
    assert seen > 1
