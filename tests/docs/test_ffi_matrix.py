"""The matrix of freedom from interference: every failure against every section, each cell with a requirement or a reason."""

from __future__ import annotations

import re
from pathlib import Path

FUSA = Path(__file__).parents[2] / "docs" / "fusa"
TEXT = (FUSA / "ffi_matrix.rst").read_text("utf-8")
ROWS = [
    re.split(r"\n     - ", row.strip())
    for table in TEXT.split(".. list-table::")[1:]
    for row in re.split(
        r"\n   \* - ", table.split("\n\n", 1)[1].split("\n\n", 1)[0].replace("   * - ", "\n   * - ", 1)
    )[1:]
]
NOTHING_RAN = r"[Nn]o claim|[Rr]esidue|assumption|carries no message|has one (receiver|reader)"
TAG = re.compile(r":xen:verdict:`(\w+) <XenArch~(\w+)~1>`")


def test_three_groups_of_failures_against_three_sections() -> None:
    heads = [row for row in ROWS if row[0] == "Failure"]
    assert len(heads) == 3
    assert all(row[1:] == ["Shared memory and interrupts", "Memory mapping", "Synchronous emulation"] for row in heads)
    assert len(ROWS) - len(heads) == 19
    assert all(len(row) == 4 for row in ROWS)


def test_each_cell_names_requirements_that_exist_or_gives_a_reason() -> None:
    tags = {tag for page in FUSA.rglob("*.rst") for tag in re.findall(r":id: XenArch~(\w+)~1", page.read_text("utf-8"))}
    for failure, *cells in (row for row in ROWS if row[0] != "Failure"):
        for cell in cells:
            named = TAG.findall(cell)
            assert named or (len(cell.split()) >= 4 and cell.endswith(".")), (failure, cell)
            assert named or re.search(NOTHING_RAN, cell), (
                f"{failure}: without a state, it has to say that nothing ran: {cell}"
            )
            assert all(words == tag and tag in tags for words, tag in named), (failure, cell)


def test_the_matrix_below_holds_just_the_requirements_that_the_cells_name() -> None:
    asked = re.findall(r"XenArch~(\w+)~\*", TEXT.partition("What these cells rest on")[2])
    assert sorted(asked) == sorted({tag for _, *cells in ROWS for cell in cells for _, tag in TAG.findall(cell)})
