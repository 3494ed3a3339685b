"""A matrix shows what is asked for, says what it leaves out, and lets nothing red be hidden in silence."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests_support import SCOPE, Built, requirement, verdict

from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.sphinxext.selection import COLUMNS, DEFAULT_COLUMNS, FILTERS, Asked, Vocabulary, left_out, select
from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.record import Item, Place, Tag, TraceRecord
from sphinx_xenfusa.trace.states import ItemKind, Result

TITLE = "Page\n====\n\n"
PLACE = Place("index.rst", 3)


def tables(page: str) -> list[str]:
    """Each matrix of a page, as text with bars between the cells."""
    found = re.findall(r"<table[^>]*xenfusa-matrix.*?</table>", page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", re.sub(r"</t[dh]>", "|", one)).split()) for one in found]


def headings(table: str) -> list[str]:
    """The headings of a matrix."""
    cells = [cell.strip() for cell in table.split("|")]
    first = next(i for i, cell in enumerate(cells) if cell.endswith("Requirement"))
    last = next(i for i, cell in enumerate(cells) if cell.startswith("XenArch~"))
    return ["Requirement", *cells[first + 1 : last]]


PAGES = {
    "index.rst": TITLE + ".. toctree::\n\n   roles\n   links\n\n",
    "roles.rst": "Roles of domains\n================\n\n"
    + requirement("good", kind="rule", options=":confirmed-by: criticality_closed_set")
    + requirement("bad", kind="prohibition", options=":confirmed-by: hwdom_unprivileged"),
    "links.rst": "Links\n=====\n\n" + requirement("bare", kind="definition"),
}
VERDICTS = (
    verdict("criticality_closed_set", None, VerdictKind.CONFIRMED),
    verdict("hwdom_unprivileged", "specification", VerdictKind.CONFIRMED),
    verdict("hwdom_unprivileged", "dummy", VerdictKind.DIVERGES),
)


def with_matrices(*options: str) -> dict[str, str]:
    made = ["".join(f"   {line}\n" for line in one.splitlines()) for one in options]
    return PAGES | {"index.rst": PAGES["index.rst"] + "\n".join(f".. xen:matrix::\n{one}" for one in made)}


def test_several_matrices_with_columns_and_filters(build: Callable[..., Built]) -> None:
    built = build(
        with_matrices(
            ":kinds: rule, definition",
            ":chapters: roles of domains\n:columns: verdicts, scope, witness, killing mutant, tests",
            ":chapters: links",
            ":tags: XenArch~b*\n:status: diverges",
            "",
        ),
        verdicts=VERDICTS,
    )
    assert "xenfusa.option" not in built.types()
    page = built.page("index.html")
    kinds, roles, links, both, whole = tables(page)
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "2 of 3 requirements shown: kinds rule, definition; worst first" in kinds
    assert "1 other is not in this table: ≠ 1 diverges ." in text
    assert "XenArch~bad~1" not in kinds
    assert headings(roles) == [
        "Requirement",
        "Verdicts",
        "Scope",
        "Witness",
        "Smallest mutant that refutes it",
        "Tests",
    ]
    for words in ("≠ diverges (D1)", "494 platforms", "stops the machine", "drop guard at decision.py:1: if a: → pass"):
        assert words in roles
    assert re.findall(r"XenArch~\w+~1", links) == ["XenArch~bare~1"]
    assert re.findall(r"XenArch~\w+~1", both) == ["XenArch~bad~1"]
    assert "(3 requirements, worst first)" in whole
    assert len(re.findall(r"XenArch~\w+~1", whole)) == 3


def test_a_table_without_a_column_for_the_state_still_shows_it(build: Callable[..., Built]) -> None:
    built = build(with_matrices(":columns: kind"), verdicts=VERDICTS)
    (table,) = tables(built.page("index.html"))
    assert headings(table) == ["Requirement", "Kind"]
    assert [one for one in ("≠ diverges", "∅ none", "✓ passed") if one not in table] == []


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (":columns: kidn, tests", ["the column 'kidn'", "did you mean 'kind'?"]),
        (":columns: dumy", ["the column 'dumy'", "did you mean 'dummy'?"]),
        (":kinds: rules, definition", ["the kind 'rules'", "did you mean 'rule'?"]),
        (":types: XenArhc", ["the type 'XenArhc'", "did you mean 'XenArch'?"]),
        (":chapters: Linsk", ["the chapter 'Linsk'", "did you mean 'links'?"]),
        (":status: Passd", ["the state 'Passd'", "did you mean 'passed'?"]),
    ],
)
def test_an_unknown_word_is_told_in_every_build_and_ignored(
    build: Callable[..., Built], option: str, words: list[str]
) -> None:
    for _ in range(2):
        built = build(with_matrices(option))
        assert built.types() == ["xenfusa.option"]
        assert built.warnings[0].startswith("docs/index.rst:9: WARNING: ")
        for word in words:
            assert word in built.warnings[0]
    page = built.page("index.html")
    assert words[0].split("'")[1] not in "".join(tables(page))
    if ":kinds:" not in option:
        # A filter without words that mean something shows everything.
        assert len(re.findall(r"XenArch~\w+~1", tables(page)[0])) == 3


def test_a_renamed_chapter_reaches_the_matrix(build: Callable[..., Built]) -> None:
    files = with_matrices(":chapters: Roles of domains\n:columns: chapter")
    assert build(files).warnings == []
    built = build({"roles.rst": PAGES["roles.rst"].replace("Roles of", "Parts of")})
    assert built.types() == ["xenfusa.option"]
    assert "Parts of domains" in tables(built.page("index.html"))[0]


def test_every_column_can_be_shown(build: Callable[..., Built]) -> None:
    built = build(with_matrices(":columns: " + ", ".join(COLUMNS)), verdicts=VERDICTS, builder="text")
    assert built.warnings == []
    assert "Fingerprint" in built.page("index.txt")


def test_items_without_a_kind_can_be_asked_for(build: Callable[..., Built]) -> None:
    reqs = "Xen\n===\n\n`XenMkt~runs~1`\n\nDescription:\nXen shall run.\n"
    files = with_matrices(":kinds: none", ":types: XenMkt", ":chapters: Xen")
    built = build(files | {"reqs.rst": ":orphan:\n\n" + reqs}, xenfusa_oft=["reqs.rst"])
    assert built.warnings == []
    for table in tables(built.page("index.html")):
        assert re.findall(r"Xen\w+~\w+~1", table) == ["XenMkt~runs~1"]
        assert "1 of 4 requirements shown" in table


# --- for all records and filters -----------------------------------------------------------------------------------

NAMES = ("a", "b", "ab", "c")
ITEMS = st.lists(
    st.tuples(
        st.sampled_from(["XenArch", "XenMkt"]),
        st.sampled_from(NAMES),
        st.sampled_from([*ItemKind, None]),
        st.sampled_from([*VerdictKind, None]),
    ),
    unique_by=lambda one: one[:2],
    max_size=8,
)
WORDS = {
    "types": ["XenArch", "XenMkt", "XenProd"],
    "kinds": [*(kind.value for kind in ItemKind), "none", "rul"],
    "chapters": ["roles", "The Roles", "links", "nowhere"],
    "status": [*(result.value for result in Result), "grene"],
    "tags": ["*", "XenArch~a*", "*~c~1", "nothing", "["],
}
ASKED = st.fixed_dictionaries(
    {}, optional={name: st.lists(st.sampled_from(WORDS[name]), min_size=1, max_size=3) for name in FILTERS}
)
COLUMN_WORDS = st.lists(st.sampled_from([*COLUMNS, "status", "dummy", "nothing"]), max_size=4)


def record_of(entries: list[tuple[str, str, ItemKind | None, VerdictKind | None]]) -> TraceRecord:
    items, verdicts = [], []
    for type_, name, kind, found in entries:
        claim = f"{type_}_{name}".lower()
        named = (claim,) if found else ()
        items.append(Item(Tag(type_, name, 1), name, "", PLACE, "directive", kind, confirmed_by=named))
        verdicts += [Verdict(claim, None, found, SCOPE)] if found else []
    return assemble(
        project="p",
        version="1",
        items=items,
        verdicts=verdicts,
        reports=[],
        findings=[],
        policies=("specification", "dummy"),
        target_policy="dummy",
        confirm_mode="cache",
        known_claims=[one.claim for one in verdicts],
        results_expected=False,
    )


@given(ITEMS, ASKED, COLUMN_WORDS)
def test_shown_and_left_out_are_the_whole_record(
    entries: list[tuple[str, str, ItemKind | None, VerdictKind | None]],
    filters: dict[str, list[str]],
    columns: list[str],
) -> None:
    record = record_of(entries)
    chapter_of = {f"{type_}~{name}~1": "roles" if name < "b" else "links" for type_, name, _, _ in entries}
    vocabulary = Vocabulary.of((one.item for one in record.items), record.policies, {"roles": "The  roles"}, chapter_of)
    asked = Asked(PLACE, tuple(columns), tuple((name, tuple(filters[name])) for name in FILTERS if name in filters))
    selection, findings = select(asked, vocabulary)
    shown = [one for one in record.items if selection.admits(one, vocabulary)]
    rest = left_out(record.items, selection, vocabulary)
    assert Counter(one.result for one in shown) + rest == Counter(one.result for one in record.items)
    assert record == record_of(entries)
    assert selection.columns[0] == "requirement"
    assert {*selection.columns} <= {*COLUMNS, *record.policies}
    assert all(finding.place == PLACE and finding.subtype == "option" for finding in findings)
    for name, words in filters.items():
        # A word less never hides more: what an unknown word would have let through cannot be known.
        assert set(selection.filters.get(name, ())) <= set(words)
        assert name in selection.filters or all(word in str(findings) for word in words)


def test_without_options_the_matrix_is_what_it_was() -> None:
    selection, findings = select(Asked(PLACE), Vocabulary(("specification", "dummy"), (), {}, {}, {}))
    assert selection.columns == ("requirement", "kind", "specification", "dummy", "tests", "state")
    assert DEFAULT_COLUMNS == ("requirement", "kind", "policies", "tests", "state")
    assert (dict(selection.filters), findings) == ({}, ())


def test_the_docs_name_every_column() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/directives.rst").read_text("utf-8")
    table = page.partition("The columns\n")[2].partition(".. rst:directive::")[0]
    assert re.findall(r"^   \* - ``([a-z ]+)``", table, re.MULTILINE) == list(COLUMNS)
