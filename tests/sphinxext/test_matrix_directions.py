"""A matrix shows what is above and below each item, what lacks something first, and lets thresholds fail the build."""

import re
from collections.abc import Callable

from tests_support import Built, requirement, verdict

from sphinx_xenfusa.explore.verdict import VerdictKind

REQS = """:orphan:

Xen
===

`XenMkt~run~1`

Description:
Xen shall run domains.

Needs:
 - XenProd

`XenMkt~alone~1`

Description:
Xen shall run alone.

Needs:
 - XenProd

`XenProd~boot~1`

Description:
Xen shall boot domains.

Covers:
 - `XenMkt~run~1`

Needs:
 - XenArch

`XenProd~old~1`

Description:
Xen shall boot old domains.

Covers:
 - `XenMkt~run~2`
"""


def arch(name: str, claim: str, more: str = "") -> str:
    return requirement(name, options=f":confirmed-by: {claim}\n:covers: XenProd~boot~1{more}")


MATRICES = """
.. xen:matrix::
   :types: XenProd
   :covers: XenMkt
   :covered-by: XenArch
   :gate: gap = 0, passed >= 10 %, suspect = 0

.. xen:matrix::
   :types: XenMkt
   :covered-by:

.. xen:matrix::
   :types: XenArch
   :status: diverges
   :covers:
   :covered-by: claim, test
   :columns: coverage, methods, role
   :gate: passed = 100 %
"""
FILES = {
    "reqs.rst": REQS,
    "index.rst": "Page\n====\n\n"
    + arch("good", "criticality_closed_set", "\n:needs: XenTest")
    + arch("bad", "hwdom_unprivileged")
    + MATRICES,
}
VERDICTS = (
    verdict("criticality_closed_set", None, VerdictKind.CONFIRMED),
    verdict("hwdom_unprivileged", "specification", VerdictKind.CONFIRMED),
    verdict("hwdom_unprivileged", "dummy", VerdictKind.DIVERGES),
)


def cells(table: str) -> list[list[str]]:
    """The rows of a table, head first, as texts."""
    rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
    return [
        [
            " ".join(re.sub(r"<[^>]+>", " ", cell).split())
            for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)
        ]
        for row in rows
    ]


def captions(page: str) -> list[str]:
    return re.findall(r'<span class="caption-text">(.*?)</span>', page)


def test_directions_groups_and_thresholds(build: Callable[..., Built]) -> None:
    built = build(FILES, verdicts=VERDICTS, xenfusa_oft=["reqs.rst"])
    page = built.page("index.html")
    tables = [one for one in re.findall(r"<table.*?</table>", page, re.DOTALL) if "xenfusa-matrix" in one]
    assert all("xenfusa-filterable" in one for one in tables)
    both, market, arch_table = (cells(tables[0]), cells(tables[2]), cells(tables[4]))
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())

    # Both directions: what lacks something is first, under its own heading, and a link to a revision that is not there is none.
    assert both[0] == ["Requirement", "Covers XenMkt", "Covered by XenArch", "State"]
    assert [row[0].split()[0] for row in both[1:]] == ["XenProd~old~1"]
    assert both[1][1] == "XenMkt~run~2 : ∅ predated"
    assert both[1][2] == "none needed"
    (covered,) = cells(tables[1])[1:]
    assert covered[1] == "XenMkt~run~1 : ∅ none"
    assert covered[2].startswith("≠ diverges , the worst of 2 XenArch~bad~1 : ≠ diverges XenArch~good~1 :")
    assert "Uncovered: 1 of 2" in text
    assert "Covered: 1 of 2" in text

    # All types: those that are needed, and those that are there.
    assert market[0] == ["Requirement", "Covered by XenProd", "State"]
    assert (market[1][0].split()[0], market[1][1]) == ("XenMkt~alone~1", "∅ no XenProd")
    covered_market = cells(tables[3])[1]
    assert covered_market[1] == "∅ none , the worst of 2 XenProd~boot~1 : ∅ none XenProd~old~1 : ∅ predated"

    # Claims with their verdicts, tests that are lacking, other columns between; a filter by state hides nothing from a gate.
    assert arch_table[0] == ["Requirement", "Covers", "Coverage", "Methods", "Role", "Claims", "Tests"]
    (bad,) = arch_table[1:]
    assert bad[0] == "XenArch~bad~1 A title ≠ diverges"
    assert bad[1:] == [
        "XenProd~boot~1 : ∅ none",
        "needs nothing",
        "model: ≠ diverges",
        "",
        "hwdom_unprivileged : ≠ diverges (D1)",
        "none needed",
    ]
    assert built.status == 1
    gates = {gate.name: (gate.counted, gate.of, gate.met) for gate in built.record.gates}
    assert gates == {
        "index.rst: gap = 0": (1, 2, False),
        "index.rst: passed >= 10 %": (0, 2, False),
        "index.rst: suspect = 0": (2, 2, True),
        "index.rst: passed = 100 %": (0, 2, False),
    }
    told = [line for line in built.warnings if "[xenfusa.gate]" in line]
    line = FILES["index.rst"].split("\n").index("   :gate: gap = 0, passed >= 10 %, suspect = 0") + 1
    assert [one.split(": WARNING: ")[0] for one in told][:2] == [f"docs/index.rst:{line}"] * 2
    assert "✗ not met : gate gap = 0; found 1 of 2 (items of types XenProd: without a gap)." in text
    assert "✓ met : gate suspect = 0" in text


def test_a_met_gate_leaves_the_build_alone_and_one_that_is_misread_does_not(build: Callable[..., Built]) -> None:
    good = {"index.rst": "Page\n====\n\n" + arch("good", "criticality_closed_set").replace("XenProd", "XenArch")}
    gate = "\n.. xen:matrix::\n   :gate: suspect = 0, passed >= 0 %\n"
    files = {"index.rst": good["index.rst"].replace("\n   :covers: XenArch~boot~1", "") + gate}
    built = build(files, verdicts=VERDICTS[:1])
    assert (built.status, built.warnings) == (0, [])
    assert [one.met for one in built.record.gates] == [True, True]
    slip = {"index.rst": files["index.rst"].replace("suspect", "suspekt")}
    built = build(slip, verdicts=VERDICTS[:1])
    assert built.status == 1
    assert built.types() == ["xenfusa.gate"]
    assert "found 'suspekt' in 'suspekt = 0'; expected one of covered, suspect" in built.warnings[0]
    assert "a gate that cannot be read" in built.page("index.html")


PATHS = """
.. xen:matrix::
   :covered-by: XenPord

.. xen:matrix::
   :path: XenMkt, XenProd, XenArch, claim, test
   :gate: gap = 0

.. xen:matrix::
   :path: test, XenProd
   :columns: kind

.. xen:matrix::
   :path: XenProd, XenArch
   :covers:
   :tags: *boot*

.. xen:matrix::
   :rows: XenMkt
   :across: XenProd
   :gate: gap = 0

.. xen:matrix::
   :rows: XenArch
   :across: method

.. xen:matrix::
   :rows: kind
   :across: state

.. xen:matrix::
   :rows: kind
   :across: XenProd
"""


def test_a_path_has_a_row_for_each_chain_and_options_that_cannot_be_are_told_at_their_place(
    build: Callable[..., Built],
) -> None:
    page = FILES["index.rst"].removesuffix(MATRICES) + PATHS
    built = build(FILES | {"index.rst": page}, verdicts=VERDICTS, xenfusa_oft=["reqs.rst"])
    lines = [number for number, line in enumerate(page.split("\n"), 1) if line == ".. xen:matrix::"]
    told = [one for one in built.warnings if "xenfusa.option" in one]
    assert [one.split(": WARNING: ")[0] for one in told] == [f"docs/index.rst:{lines[n]}" for n in (0, 2, 3, 7)]
    assert "found the step 'XenPord' in xen:matrix, which is ignored;" in told[0]
    assert "expected one of XenArch, XenMkt, XenProd, claim, test; did you mean 'XenProd'?" in told[0]
    assert "found the path 'test, XenProd' in xen:matrix, which is ignored; expected an item type and" in told[1]
    assert "found :covers: beside :path: in xen:matrix, which is ignored; expected one of the two" in told[2]

    html = built.page("index.html")
    text = " ".join(re.sub(r"<[^>]+>", " ", html).split())
    tables = [cells(one) for one in re.findall(r"<table.*?</table>", html, re.DOTALL) if "xenfusa-path" in one]
    gaps, rootless, *_ = tables
    assert gaps[0] == ["XenMkt", "XenProd", "XenArch", "Claims", "Tests", "Worst"]
    assert [row[0].split()[0] for row in gaps[1:]] == ["XenMkt~run~1", "XenMkt~alone~1", "XenMkt~run~1"]
    good, alone, old = gaps[1:]
    assert good[2:5] == [
        "XenArch~good~1 A title – not run",
        "criticality_closed_set : ✓ confirmed, whatever the policy",
        "∅ no test – not run",
    ]
    assert alone[1:] == ["∅ no XenProd", "", "", "", "∅ none"]
    assert old[1] == "XenProd~old~1 ∅ predated"
    assert [row[:2] for row in rootless[1:]] == [["∅ covers no XenMkt", "XenProd~old~1 ∅ none"]]
    assert "∅ a gap below 2 of 2 XenMkt . On these chains: 6 requirements of 6; not on them: none." in text
    gates = {gate.name: (gate.counted, gate.of) for gate in built.record.gates}
    assert gates == {"index.rst: gap = 0": (0, 2), "index.rst: gap = 0 (2)": (1, 2)}
    assert built.types().count("xenfusa.gate") == 2

    # In two dimensions: a mark leads to the item of its column and has the worst state; what has no hit is named.
    assert "found :rows: kind, :across: XenProd in xen:matrix, which are ignored; expected both" in told[3]
    found = [one for one in re.findall(r"<table.*?</table>", html, re.DOTALL) if "xenfusa-cross" in one]
    market, methods, kinds = map(cells, found)
    assert market[0] == ["XenMkt", "XenProd~boot~1 (1)", "XenProd~old~1 (1)", "All hits"]
    assert market[1:] == [["XenMkt~alone~1", "·", "·", "0"], ["XenMkt~run~1", "∅ none", "∅ predated", "2"]]
    assert re.search(r'href="reqs.html#XenProd~boot~1"[^>]*><span class="xenfusa-state xenfusa-none">', found[0])
    assert (
        "2 rows, 2 columns, 2 hits. ∅ 1 of 2 rows without a hit : XenMkt~alone~1 . No column is without a hit." in text
    )
    assert methods[0] == ["XenArch", "model (2)", "test (1)", "All hits"]
    assert methods[1:] == [["XenArch~bad~1", "≠ diverges", "·", "1"], ["XenArch~good~1", "✓ passed", "– not run", "2"]]
    assert kinds[0] == ["Kind", "diverges (1)", "not run (1)", "none (4)", "All hits"]
    assert kinds[1:] == [["none", "·", "·", "4: ∅ none", "4"], ["rule", "≠ diverges", "– not run", "·", "2"]]
    assert "types XenProd; tags *boot*" in text
