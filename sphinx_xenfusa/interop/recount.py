"""Counts again what the written files say, and compares the numbers among them.

This module reads files and nothing else: it imports neither what wrote them nor the trace record, and has a small reader
of its own for each format, so that a fault of a writer cannot hide here (``tests/interop/test_recount.py`` pins the
imports).  What a format does not hold is not compared; what two files hold has to be the same.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

Entry = str | tuple[str, object]
"""A word, such as a state; or an id and a word that is told of it."""
Counts = dict[str, Counter[Any]]
"""Topic, such as ``items by state``, to the number of each entry."""

MOST_TOLD = 20
"""Differences that are told; of the rest, only how many."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Two files that do not say the same, or one that cannot be read again.

    :param file: the file that is told of.
    """

    file: Path
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


def recount(
    files: Iterable[Path], *, partial: Collection[Path] = (), without_needs: Collection[str] = ()
) -> list[Difference]:
    """The differences among files that were written from one record; none when all their numbers agree.

    A file whose name says nothing to this module is a difference too: it would go unchecked.

    :param partial: the files that by a setting of the project hold some of the items only: what stands in them of an
        item is compared, and not what is missing.
    :param without_needs: what stands in no document of a Sphinx build, and so is no need of sphinx-needs: files, as the
        record names them, with all their items, and single ids.
    """
    found: list[Difference] = []
    known: dict[str, tuple[Path, Counter[Any]]] = {}
    for path, counts in _read([*files, *partial], _Documents(frozenset(without_needs), set()), found):
        for topic, counter in counts.items():
            if topic not in known:
                known[topic] = path, counter
                continue
            first, expected = known[topic]
            if counter.items() == expected.items():
                continue
            keys = sorted({*+expected, *+counter}, key=_text_of)
            if path in partial:
                keys = [key for key in keys if _text_of(key).partition(" ")[0] in counts["needs"]]
            found += (
                Difference(path, f"{topic}, {_text_of(key)}: {counter[key]} here, {expected[key]} in {first}")
                for key in keys
                if counter[key] != expected[key]
            )
    if len(found) > MOST_TOLD:
        rest = len(found) - MOST_TOLD
        found[MOST_TOLD:] = [Difference(found[MOST_TOLD].file, f"{rest} further differences, in this file and others")]
    return found


def _text_of(entry: Entry) -> str:
    return entry if isinstance(entry, str) else f"{entry[0]} {entry[1]}"


@dataclass(frozen=True, slots=True)
class _Documents:
    """What decides which items are needs of sphinx-needs.

    :param without_needs: the files and ids that stand in no document.
    :param repeated: the ids that stand in several places: which copy became the need is no matter of numbers, and such
        an id is an error of its own.  Known once the record is read, which is read first.
    """

    without_needs: frozenset[str]
    repeated: set[str]


def _read(files: Iterable[Path], documents: _Documents, faults: list[Difference]) -> Iterator[tuple[Path, Counts]]:
    """What each file says; the files of one format that hold a part each are taken together."""
    groups: defaultdict[tuple[str, str], list[Path]] = defaultdict(list)
    for path in sorted(files, key=lambda one: (one.name != "trace.json", str(one))):
        name = next((name for name, pattern in _NAMES.items() if re.fullmatch(pattern, path.name)), "")
        groups[name, "" if name in _IN_PARTS else str(path)].append(path)
    for (name, _), paths in groups.items():
        if not name:
            faults += (Difference(path, "nothing here knows how to count this file again") for path in paths)
            continue
        whole = paths[0].with_name(f"*{paths[0].suffix}") if name in _IN_PARTS else paths[0]
        try:
            yield whole, _counts(name, [(path, path.read_bytes()) for path in paths], documents)
        # Whatever a reader stumbles over: the file does not say what it should, and that is all that matters.
        except Exception as error:
            words = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            faults.append(Difference(whole, f"it cannot be read again ({words})"))


Contents = Sequence[tuple[Path, bytes]]


def _counts(name: str, contents: Contents, documents: _Documents) -> Counts:
    if name == "record":
        data = json.loads(contents[0][1], object_hook=_what_is_counted)
        documents.repeated.update(one["id"] for one in data["items"] if one["duplicates"])
        return _record(data) | _of_needs(_needs_to_be(data, documents))
    return _needs(contents, documents.repeated) if name == "needs" else _READERS[name](contents)


# --- JSON -------------------------------------------------------------------------------------------------------------


def _what_is_counted(one: dict[str, Any]) -> dict[str, Any]:
    """Of a case, a test and its targets what is counted here, of all else everything.

    A record can have a hundred thousand of them, and what is forgotten while it is read takes no memory.
    """
    return {key: one[key] for key in one if key in _COUNTED} if one.keys() >= _OF_TESTS or "flaky" in one else one


_OF_TESTS = {"classname", "name", "outcome"}
_COUNTED = {*_OF_TESTS, "targets", "flaky"}


def _record(data: Mapping[str, Any]) -> Counts:
    links = [(one["from"], one["to"], one["status"]) for one in data["links"]]
    counts = _of_items(_seen(one, one["uncovered"]) for one in data["items"])
    cases = [case for report in data["evidence"]["reports"] for case in report["cases"]]
    return (
        counts
        | _of_links(links, {one["id"] for one in data["items"]})
        | {
            "covers by item": Counter({one["id"]: len(one["covers"]) for one in data["items"]}),
            "items by file": Counter(one["source"]["file"] for one in data["items"]),
            **_of_halves((one["id"], one["model"], one["test"]) for one in data["items"]),
            "verdicts": Counter(one["kind"] for one in data["verdicts"]),
            **_of_cases(case["outcome"] for case in cases),
            **_of_tests(((case["classname"], case["name"]), case["outcome"]) for case in cases),
            "tests that did not run": Counter({"all": sum(case["outcome"] in _DID_NOT_RUN for case in cases)}),
            "flaky": Counter({"all": sum(on["flaky"] for one in data["evidence"]["tests"] for on in one["targets"])}),
            "partially linked": Counter(
                {
                    "all": sum(
                        _is_partial(one["untried"], [*one["tests"], *one["partial_tests"]]) for one in data["items"]
                    )
                }
            ),
            "methods of items": Counter(
                f"{entry['method']}: {entry['result']}" for one in data["items"] for entry in one["methods"]
            ),
            "findings": Counter(f"xenfusa.{one['subtype']}" for one in data["findings"]),
            "justifications": Counter(one["id"] for one in data["justifications"]),
            "gates": Counter(f"{one['name']}: {_met(one['met'])}" for one in data["gates"]),
        }
    )


def _metrics(contents: Contents) -> Counts:
    data = json.loads(contents[0][1])
    items = data["items"]
    not_green = {state: len(ids) for state, ids in data["not_green"].items()}
    for part in ("by_type", "by_kind", "by_file"):
        if sum(one["total"] for one in items[part].values()) != items["total"]:
            raise ValueError(f"the items {part} do not add up to {items['total']}")
    if not_green != {state: number for state, number in items["results"].items() if number and state != "passed"}:
        raise ValueError("the items that are not green by name are not as many as the numbers say")
    return {
        "items by type": Counter({type: one["total"] for type, one in items["by_type"].items()}),
        "items by kind": Counter({kind: one["total"] for kind, one in items["by_kind"].items()}),
        "items by file": Counter({file: one["total"] for file, one in items["by_file"].items()}),
        "items by state": Counter(items["results"]),
        "items by coverage": Counter(items["coverage"]),
        "types lacking": Counter(items["lacking"]),
        "links": Counter(data["links"]["by_status"]),
        "verdicts": Counter(data["verdicts"]["by_kind"]),
        "tests": Counter(data["tests"]["by_outcome"]),
        "tests over all reports": Counter(data["tests"]["over_all_reports"]["by_outcome"]),
        "number of tests over all reports": Counter({"all": data["tests"]["over_all_reports"]["total"]}),
        "tests that did not run": Counter({"all": data["tests"]["lists"]["not_run"]}),
        "flaky": Counter({"all": data["tests"]["lists"]["flaky"]}),
        "partially linked": Counter({"all": data["tests"]["lists"]["partially_linked"]}),
        "methods of items": Counter(
            {f"{method}: {state}": number for method, by in items["by_method"].items() for state, number in by.items()}
        ),
        "findings": Counter(data["findings"]["by_type"]),
        "gates": Counter(f"{one['name']}: {_met(one['met'])}" for one in data["gates"]),
    }


def _needs(contents: Contents, repeated: Collection[str]) -> Counts:
    data = json.loads(contents[0][1])
    version = data["versions"][data["current_version"]]
    needs = version["needs"]
    if len(needs) != version["needs_amount"]:
        raise ValueError(f"{len(needs)} needs, and needs_amount says {version['needs_amount']}")
    if version["creator"]["program"] == "sphinx_needs":
        return _of_needs(_written_by_sphinx_needs(version, repeated))
    return _of_items(
        (
            one["id"],
            one["xenfusa_type"],
            one["xenfusa_kind"],
            one["xenfusa_result"],
            one["xenfusa_coverage"],
            one["xenfusa_uncovered"],
            one["xenfusa_inherited"],
        )
        for one in needs.values()
    ) | {"covers by item": Counter({name: len(one["covers"]) for name, one in needs.items()})}


def _sarif(contents: Contents) -> Counts:
    (run,) = json.loads(contents[0][1])["runs"]
    return {"findings": Counter(one["ruleId"] for one in run["results"])}


Need = Mapping[str, Any]
"""Of a need: ``id``, ``kind`` and those of ``_FIELDS_OF_NEEDS`` that it has."""

_OUR_TYPES = ("xen_", "oft_")
"""What the types of the needs begin with that stand for items."""


def _needs_to_be(data: Mapping[str, Any], documents: _Documents) -> Iterator[Need]:
    """The needs that a Sphinx build makes of the items of a record.

    These are all but those that sphinx-needs refused, with a finding, and those of files that are no documents.
    """
    refused = {one["about"] for one in data["findings"] if one["subtype"] == "refused"}
    none = refused | documents.repeated | documents.without_needs
    kept = (one for one in data["items"] if one["id"] not in none)
    items = [one for one in kept if one["source"]["file"] not in documents.without_needs]
    covering: defaultdict[str, list[str]] = defaultdict(list)
    for one in items:
        for target in {*one["covers"]}:
            covering[target].append(one["id"])
    for one in items:
        yield {
            "id": one["id"],
            "kind": one["kind"] or "no kind",
            "xen_state": one["result"],
            "xen_coverage": one["coverage"],
            "xen_test": one["test"],
            "xen_uncovered": one["uncovered"],
            "xen_covers": sorted(target for target in {*one["covers"]} if len(target) <= _LONGEST_ID),
            "xen_covers_back": covering[one["id"]],
        }


def _written_by_sphinx_needs(version: Mapping[str, Any], repeated: Collection[str]) -> Iterator[Need]:
    """The needs that sphinx-needs wrote of items; other needs of the project are none of ours.

    A value that is left out is the default that the schema in the file gives (``needs_json_remove_defaults``); a field
    that the schema does not name is left out of every need (``needs_json_exclude_fields``).
    """
    fields = version["needs_schema"]["properties"]
    defaults = {name: fields[name].get("default") for name in _READ_OF_NEEDS if name in fields}
    for id, written in version["needs"].items():
        need = defaults | {name: written[name] for name in _READ_OF_NEEDS if name in written}
        ours = need.get("type", "").startswith(_OUR_TYPES)
        # One of our types that an author wrote by hand has no item: nothing gave it a fingerprint.
        if ours and id not in repeated and need.get("xen_fingerprint", True):
            kind = need["type"].removeprefix("xen_") if need["type"].startswith("xen_") else "no kind"
            back = {name: [one for one in need[name] if one not in repeated] for name in _BACK if name in need}
            yield {**need, "id": id, "kind": kind, **back}


def _of_needs(needs: Iterable[Need]) -> Counts:
    seen = list(needs)
    counts = {
        "needs": Counter([one["id"] for one in seen]),
        "needs by type": Counter([one["id"].partition("~")[0] for one in seen]),
        "needs by kind": Counter([one["kind"] for one in seen]),
        "kind of each need": Counter([(one["id"], one["kind"]) for one in seen]),
    }
    for field in sorted(_FIELDS_OF_NEEDS):
        if all(field in one for one in seen):
            told = [(one["id"], word) for one in seen for word in _words(one[field])]
            counts[f"{field} of each need"] = Counter(told)
    if all("xen_state" in one for one in seen):
        counts["needs by state"] = Counter([str(one["xen_state"]) for one in seen])
    return counts


_LONGEST_ID = 1000
"""What covers a longer one covers no need: sphinx-needs is given none (``docs/reference/exports.rst``)."""
_FIELDS_OF_NEEDS = ("xen_state", "xen_test", "xen_coverage", "xen_uncovered", "xen_covers", "xen_covers_back")
_READ_OF_NEEDS = ("type", "xen_fingerprint", *_FIELDS_OF_NEEDS)
"""The fields of a need that are looked at; it has some seventy."""


_BACK = ("xen_covers_back",)
"""The links of a need that others say."""


def _words(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


_LOBSTER_ID = re.compile(r"req (.+)@([0-9]+)")


def _junit(contents: Contents) -> Counts:
    """The verdicts, each held against what stands in its case: only one that is confirmed has nothing."""
    root = fromstring(contents[0][1])
    kinds = Counter[str]()
    for suite in root.iterfind("testsuite"):
        cases = suite.findall("testcase")
        if len(cases) != int(suite.attrib["tests"]):
            raise ValueError(f"{len(cases)} cases in a suite that says {suite.attrib['tests']}")
        for case in cases:
            kind = next(one.attrib["value"] for one in case.iter("property") if one.attrib["name"] == "verdict")
            if (kind == "confirmed") != all(child.tag == "properties" for child in case):
                raise ValueError(f"a case of {case.attrib['name']} whose outcome is not that of {kind}")
            kinds[kind] += 1
    return {"verdicts": kinds}


def _lobster(contents: Contents) -> Counts:
    levels = {path.name.removesuffix(".lobster"): json.loads(data)["data"] for path, data in contents}
    cases = levels.pop("test-cases")
    levels.pop("claim-verdicts")
    ids, types, covers = Counter[str](), Counter[str](), Counter[str]()
    for type, items in levels.items():
        types[type] = len(items)
        for one in items:
            match = _LOBSTER_ID.fullmatch(one["tag"])
            if match is None:
                raise ValueError(f"the tag {one['tag']!r}")
            name = f"{match[1]}~{match[2]}"
            ids[name] += 1
            covers[name] += len(one["refs"])
    return {
        "items": ids,
        "items by type": types,
        "covers by item": covers,
        "tests that passed": Counter({"passed": sum(one["status"] == "ok" for one in cases)}),
        "number of tests": Counter({"all": len(cases)}),
    }


# --- tables -----------------------------------------------------------------------------------------------------------

Rows = list[dict[str, str]]


def _csv(contents: Contents) -> Counts:
    tables: dict[str, Rows] = {}
    for path, data in contents:
        if not data.endswith(b"\r\n"):
            raise ValueError(f"{path.name} ends within a line")
        reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
        tables[path.name.removesuffix(".csv")] = _rows(reader)
    return _of_tables(tables)


def _xlsx(contents: Contents) -> Counts:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(contents[0][1]), read_only=True, data_only=True)
    tables = {}
    for sheet in book.worksheets:
        lines = ([_cell(value) for value in line] for line in sheet.iter_rows(values_only=True))
        tables[sheet.title] = _rows(lines)
    return _of_tables(tables)


def _rows(lines: Iterable[list[str]]) -> Rows:
    kept = iter(lines)
    headings = next(kept)
    return [dict(zip(headings, line, strict=True)) for line in kept]


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _of_tables(tables: Mapping[str, Rows]) -> Counts:
    items = tables["items"]
    links = [(one["from"], one["to"], one["status"]) for one in tables["links"]]
    cases = tables["tests"]
    counts = _of_items(_seen(one, _split(one["uncovered"])) for one in items)
    return (
        counts
        | _of_links(links, {one["id"] for one in items})
        | {
            **_of_halves((one["id"], one["model"], one["test"]) for one in items),
            "verdicts": Counter(one["verdict"] for one in tables["verdicts"]),
            **_of_cases(one["outcome"] for one in cases),
            **_of_tests(((one["classname"], one["name"]), one["outcome"]) for one in tables["tests_by_target"]),
            "tests that did not run": Counter({"all": sum(one["outcome"] in _DID_NOT_RUN for one in cases)}),
            "flaky": Counter({"all": sum(one["flaky"] == "yes" for one in tables["tests_by_target"])}),
            "methods of items": Counter(entry for one in items for entry in _split(one["methods"])),
            "findings": Counter(one["type"] for one in tables["findings"]),
            "justifications": Counter(one["id"] for one in tables["justifications"]),
        }
    )


def _split(cell: str) -> list[str]:
    return cell.split(", ") if cell else []


# --- XML of OpenFastTrace ---------------------------------------------------------------------------------------------


def _specobject(contents: Contents) -> Counts:
    ids = [id for id, _ in _specobjects(contents)]
    return _of_ids(ids)


def _aspec(contents: Contents) -> Counts:
    found = [
        (
            id,
            _text(one, "coverage/deepCoverageStatus").lower(),
            [lacking.text or "" for lacking in one.iterfind("coverage/uncoveredTypes/uncoveredType")],
        )
        for id, one in _specobjects(contents)
    ]
    return _of_ids([id for id, *_ in found]) | {
        "items by coverage": Counter(coverage for _, coverage, _ in found),
        "coverage of each item": Counter((id, coverage) for id, coverage, _ in found),
        "types lacking": Counter(type for *_, lacking in found for type in lacking),
    }


def _specobjects(contents: Contents) -> Iterator[tuple[str, Element]]:
    """Each ``specobject`` with the id that it and the group around it say."""
    for group in fromstring(contents[0][1]).iter("specobjects"):
        for one in group.iterfind("specobject"):
            yield f"{group.attrib['doctype']}~{_text(one, 'id')}~{_text(one, 'version')}", one


def _text(element: Element, path: str) -> str:
    text = element.findtext(path)
    if not text:
        raise ValueError(f"an element without {path}")
    return text


def _of_ids(ids: Sequence[str]) -> Counts:
    return {
        "items": Counter(ids),
        "number of items": Counter({"all": len(ids)}),
        "items by type": Counter(id.partition("~")[0] for id in ids),
    }


# --- ReqIF --------------------------------------------------------------------------------------------------------------

_REQIF = "{http://www.omg.org/spec/ReqIF/20110401/reqif.xsd}"
_LI = "{http://www.w3.org/1999/xhtml}li"


def _reqif(contents: Contents) -> Counts:
    root = fromstring(contents[0][1])
    types = {one.attrib["IDENTIFIER"]: one.attrib["LONG-NAME"] for one in root.iter(f"{_REQIF}SPEC-OBJECT-TYPE")}
    names = {
        one.attrib["IDENTIFIER"]: one.attrib["LONG-NAME"]
        for kind in ("STRING", "XHTML")
        for one in root.iter(f"{_REQIF}ATTRIBUTE-DEFINITION-{kind}")
    }
    items: list[Seen] = []
    covers, known = Counter[str](), set()
    for one in root.iter(f"{_REQIF}SPEC-OBJECT"):
        words, lists = _reqif_values(one, names)
        id, lacking = words["ReqIF.ForeignID"], lists.get("xenfusa.uncovered", [])
        type = types[_text(one, f"{_REQIF}TYPE/{_REQIF}SPEC-OBJECT-TYPE-REF")]
        kind, inherited = words.get("xenfusa.kind"), words.get("xenfusa.inherited")
        items.append((id, type, kind, words["xenfusa.state"], words["xenfusa.coverage"], lacking, inherited))
        covers[id] = len(lists.get("xenfusa.covers", ()))
        known.add(one.attrib["IDENTIFIER"])
    shown = [one.text for one in root.iterfind(f".//{_REQIF}SPEC-HIERARCHY/{_REQIF}OBJECT/{_REQIF}SPEC-OBJECT-REF")]
    if sorted(filter(None, shown)) != sorted(known):
        raise ValueError("the specification does not show each object once")
    links = Counter(_reqif_values(one, names)[0]["xenfusa.status"] for one in root.iter(f"{_REQIF}SPEC-RELATION"))
    return _of_items(items) | {"covers by item": covers, "links between items": links}


def _reqif_values(one: Element, names: Mapping[str, str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The words and the lists among the values of an object or a relation, by the names of their attributes."""
    words, lists = {}, {}
    for value in one.iterfind(f"{_REQIF}VALUES/*"):
        kind = value.tag.rpartition("-")[2]
        name = names[_text(value, f"{_REQIF}DEFINITION/{_REQIF}ATTRIBUTE-DEFINITION-{kind}-REF")]
        if kind == "STRING":
            words[name] = value.attrib["THE-VALUE"]
        else:
            lists[name] = [point.text or "" for point in value.iter(_LI)]
    return words, lists


# --- HTML -------------------------------------------------------------------------------------------------------------


class _Tables(HTMLParser):
    """The tables of a page that are ours: class, caption and the text of each cell, as a reader sees them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[frozenset[str], str, list[list[str]]]] = []
        self._classes: frozenset[str] = frozenset()
        self._rows: list[list[str]] = []
        self._caption: list[str] = []
        self._into: list[str] | None = None
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._depth += 1
        if self._depth == 0:
            return
        if tag == "table" and self._depth == 1:
            self._classes = frozenset((dict(attrs).get("class") or "").split())
            self._rows, self._caption = [], []
        elif tag == "caption":
            self._into = self._caption
        elif tag == "tr" and self._depth == 1:
            self._rows.append([])
        elif tag in ("td", "th") and self._depth == 1:
            self._rows[-1].append("")
            self._into = None

    def handle_endtag(self, tag: str) -> None:
        if tag == "caption":
            self._into = None
        if tag == "table" and self._depth:
            self._depth -= 1
            if self._depth == 0:
                rows = [[" ".join(cell.split()) for cell in row] for row in self._rows]
                self.found.append((self._classes, " ".join("".join(self._caption).split()), rows))

    def handle_data(self, data: str) -> None:
        if self._depth and self._into is not None:
            self._into.append(data)
        elif self._depth and self._rows and self._rows[-1]:
            self._rows[-1][-1] += data


_SHARES = {"xenfusa-by-type": "items by type", "xenfusa-by-kind": "items by kind"}
_VERDICTS = re.compile(r"([0-9,]+) (refuted|vacuous|error|inconclusive|diverges|not run|not applicable|confirmed)\b")
_HITS = re.compile(r"\(([0-9,]+) hits?\)")
_CHAINS = re.compile(r"\(([0-9,]+) chains?\b")
_MATRIX = re.compile(r"\((?:([0-9,]+) of )?([0-9,]+) requirements?\b")


def _html(contents: Contents) -> Counts:
    """The totals, matrices and findings that one page shows."""
    page = _Tables()
    page.feed(contents[0][1].decode("utf-8"))
    page.close()
    counts: Counts = {}
    for classes, caption, (_, *rows) in ((one, caption, rows) for one, caption, rows in page.found if rows):
        counts |= _of_shares(classes, rows)
        if "xenfusa-totals" in classes:
            # A summary without a table of verdicts or findings says that there are none.
            counts.setdefault("verdicts", Counter())
            counts.setdefault("findings", Counter())
        elif "xenfusa-kinds" in classes:
            counts["items by kind"] = Counter({row[0]: _number(row[-1]) for row in rows})
        elif "xenfusa-claims" in classes:
            told = [match for row in rows for match in _VERDICTS.findall(row[1])]
            counts["verdicts"] = sum((Counter({kind: _number(number)}) for number, kind in told), Counter[str]())
        elif "xenfusa-findings" in classes:
            counts["findings"] = Counter(row[0] for row in rows)
        elif "xenfusa-matrix" in classes:
            match = _MATRIX.search(caption)
            if match is None:
                raise ValueError(f"the caption {caption!r} of a matrix")
            if len(rows) != _number(match[1] or match[2]):
                raise ValueError(f"a matrix of {len(rows)} rows, whose caption says {caption!r}")
            counts["number of items"] = Counter({"all": _number(match[2])})
        else:
            _check_other_matrix(classes, caption, rows)
    return counts


def _check_other_matrix(classes: Collection[str], caption: str, rows: Sequence[Sequence[str]]) -> None:
    """Hold a matrix of chains, or in two dimensions, against its caption.

    :raises ValueError: it has not as many chains or hits as it says.
    """
    if "xenfusa-path" in classes:
        what, found, match = "chains", len(rows), _CHAINS.search(caption)
    elif "xenfusa-cross" in classes:
        what, found, match = "hits", sum(_hits(cell) for row in rows for cell in row[1:-1]), _HITS.search(caption)
    else:
        return
    if match is None or found != _number(match[1]):
        raise ValueError(f"a matrix of {found} {what}, whose caption says {caption!r}")


def _hits(cell: str) -> int:
    """How many hits a cell of a matrix in two dimensions has: as many as it says, one mark, or none."""
    number, colon, _ = cell.partition(": ")
    return _number(number) if colon else int(cell != "·")


def _of_shares(classes: frozenset[str], rows: Sequence[Sequence[str]]) -> Counts:
    """The items by state, of a summary or a dashboard, and by type and kind, of a dashboard."""
    if classes & {"xenfusa-totals", "xenfusa-states"}:
        states = Counter({_word(row[0]): _number(row[1]) for row in rows[:-1]})
        return {"items by state": states, "number of items": Counter({"all": _number(rows[-1][1])})}
    shares = [topic for name, topic in _SHARES.items() if name in classes]
    return {topic: Counter({row[0]: _number(row[1]) for row in rows}) for topic in shares}


def _word(cell: str) -> str:
    """The word of a state, behind its symbol."""
    return cell.partition(" ")[2]


def _number(text: str) -> int:
    return int(text.replace(",", ""))


# --- what is counted --------------------------------------------------------------------------------------------------

Seen = tuple[str, str, str | None, str, str, Sequence[str], str | None]
"""Of an item: id, type, kind, state, coverage, types lacking, inherited state."""


def _seen(one: Mapping[str, Any], lacking: Sequence[str]) -> Seen:
    """An item of the record, or a row of a table of items, whose columns have the same names."""
    return one["id"], one["type"], one["kind"], one["result"], one["coverage"], lacking, one["inherited"]


def _of_items(items: Iterable[Seen]) -> Counts:
    seen = list(items)
    return {
        "items": Counter([one[0] for one in seen]),
        "number of items": Counter({"all": len(seen)}),
        "items by type": Counter([one[1] for one in seen]),
        "items by kind": Counter([one[2] or "no kind" for one in seen]),
        "items by state": Counter([one[3] for one in seen]),
        "state of each item": Counter([(one[0], one[3]) for one in seen]),
        "items by coverage": Counter([one[4] for one in seen]),
        "coverage of each item": Counter([(one[0], one[4]) for one in seen]),
        "types lacking": Counter(type for one in seen for type in one[5]),
        "inherited state of each item": Counter([(one[0], one[6] or "none") for one in seen]),
    }


def _of_halves(halves: Iterable[tuple[str, str | None, str | None]]) -> Counts:
    """What the claims and what the tests of each item amount to."""
    seen = list(halves)
    return {
        "state by claims of each item": Counter([(id, model or "none") for id, model, _ in seen]),
        "state by tests of each item": Counter([(id, test or "none") for id, _, test in seen]),
    }


def _of_links(links: Iterable[tuple[str, str, str]], ids: set[str]) -> Counts:
    seen = list(links)
    return {
        "links": Counter(status for *_, status in seen),
        "links between items": Counter(status for source, target, status in seen if source in ids and target in ids),
    }


def _of_cases(outcomes: Iterable[str]) -> Counts:
    tests = Counter(outcomes)
    return {
        "tests": tests,
        "tests that passed": Counter({"passed": tests["passed"]}),
        "number of tests": Counter({"all": tests.total()}),
    }


_WORST_FIRST = ("failed", "error", "not run", "skipped", "passed")
_DID_NOT_RUN = ("not run", "skipped")


def _of_tests(told: Iterable[tuple[tuple[str, str], str]]) -> Counts:
    """The worst outcome of each test, by class name and name."""
    worst: dict[tuple[str, str], str] = {}
    for test, outcome in told:
        worst[test] = min(outcome, worst.get(test, outcome), key=_WORST_FIRST.index)
    return {
        "tests over all reports": Counter(worst.values()),
        "number of tests over all reports": Counter({"all": len(worst)}),
    }


def _is_partial(untried: Sequence[str], cases: Iterable[Mapping[str, str]]) -> bool:
    return bool(untried) and any(case["outcome"] not in _DID_NOT_RUN for case in cases)


def _met(met: bool | None) -> str:
    return "n/a" if met is None else "met" if met else "not met"


_NAMES = {
    "record": r"trace\.json",
    "metrics": r"metrics\.json",
    "needs": r"needs\.json",
    "sarif": r".*\.sarif",
    "junit": r"claims\.xml",
    "lobster": r".*\.lobster",
    "csv": r".*\.csv",
    "xlsx": r".*\.xlsx",
    "reqif": r".*\.reqif",
    "specobject": r".*\.specobject\.xml",
    "aspec": r".*\.aspec\.xml",
    "html": r".*\.x?html",
}
"""Format to the names of its files."""

_IN_PARTS = {"csv", "lobster"}
"""The formats of several files."""

_READERS: Mapping[str, Callable[[Contents], Counts]] = {
    "metrics": _metrics,
    "sarif": _sarif,
    "junit": _junit,
    "lobster": _lobster,
    "csv": _csv,
    "xlsx": _xlsx,
    "reqif": _reqif,
    "specobject": _specobject,
    "aspec": _aspec,
    "html": _html,
}
