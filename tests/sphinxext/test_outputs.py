"""What a build writes beside its pages, and that numbers which differ fail it."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests_support import Built, requirement, verdict

from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.interop import exports
from sphinx_xenfusa.interop.exports import FORMATS
from sphinx_xenfusa.sphinxext import matrix as matrix_module
from sphinx_xenfusa.sphinxext import views as views_module

PAGES = {
    "index.rst": "Page\n====\n\n.. toctree::\n\n   more\n\n.. xen:summary::\n\n.. xen:matrix::\n\n"
    + requirement("good", options=":confirmed-by: criticality_closed_set")
    + requirement("bad", kind="prohibition", options=":confirmed-by: hwdom_unprivileged\n:covers: XenProd~gone~1"),
    "more.rst": "More\n====\n\n.. xen:matrix::\n   :kinds: definition\n\n" + requirement("bare", kind="definition"),
}
VERDICTS = (
    verdict("criticality_closed_set", None, VerdictKind.CONFIRMED),
    verdict("hwdom_unprivileged", "specification", VerdictKind.CONFIRMED),
    verdict("hwdom_unprivileged", "dummy", VerdictKind.DIVERGES),
)


def recounted(built: Built) -> list[str]:
    return [line for line in built.warnings if "[xenfusa.recount]" in line]


@pytest.mark.parametrize("builder", ["html", "dirhtml", "singlehtml"])
def test_every_format_beside_the_pages_and_all_numbers_agree(build: Callable[..., Built], builder: str) -> None:
    built = build(PAGES, verdicts=VERDICTS, builder=builder, xenfusa_exports=list(FORMATS))
    assert (recounted(built), built.status) == ([], 0)
    files = {path.relative_to(built.out / "xenfusa").as_posix() for path in (built.out / "xenfusa").rglob("*.*")}
    assert {
        "trace.json",
        "metrics.json",
        "needs.json",
        "csv/items.csv",
        "items.xlsx",
        "lobster/XenArch.lobster",
    } <= files


def test_metrics_are_written_by_default_and_nothing_in_other_formats(build: Callable[..., Built]) -> None:
    built = build(PAGES)
    assert sorted(path.name for path in (built.out / "xenfusa").iterdir()) == ["metrics.json", "trace.json"]
    assert json.loads(built.page("xenfusa/metrics.json"))["items"]["total"] == 3
    assert not (build(PAGES, builder="text").out / "xenfusa").exists()


def test_an_incremental_build_agrees_as_well(build: Callable[..., Built]) -> None:
    build(PAGES, verdicts=VERDICTS)
    changed = build({"more.rst": PAGES["more.rst"] + requirement("new", kind="definition")}, verdicts=VERDICTS)
    assert (recounted(changed), changed.status) == ([], 0)
    again = build(verdicts=VERDICTS)
    assert (recounted(again), again.status) == ([], 0)


def test_a_wrong_total_on_a_page_fails_the_build(build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = views_module.Views.summary

    def with_one_more(self: views_module.Views, fromdoc: str) -> object:
        made = whole(self, fromdoc)
        for table in made:
            for text in list(table.findall(lambda node: node.astext() == "1" and not node.children)):
                text.parent.replace(text, type(text)("2"))
        return made

    monkeypatch.setattr(views_module.Views, "summary", with_one_more)
    built = build(PAGES, verdicts=VERDICTS)
    assert built.status == 1
    assert any("here, " in line and "trace.json" in line and "index.html" in line for line in recounted(built))


def test_a_matrix_that_loses_a_row_fails_the_build(
    build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = views_module.Views.table

    def without_last_row(self: views_module.Views, *arguments: object) -> object:
        table = whole(self, *arguments)
        if "xenfusa-matrix" in table["classes"]:
            table[-1][-1].pop()
        return table

    monkeypatch.setattr(matrix_module.Views, "table", without_last_row)
    built = build(PAGES, verdicts=VERDICTS)
    assert built.status == 1
    assert any("a matrix of 2 rows" in line for line in recounted(built))


def test_a_wrong_number_in_an_export_fails_the_build(
    build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    good = FORMATS["metrics"]
    wrong = replace(
        good,
        write=lambda record: {
            name: data.replace(b'"orphaned": 1', b'"orphaned": 0') for name, data in good.write(record).items()
        },
    )
    monkeypatch.setattr(exports, "FORMATS", {**FORMATS, "metrics": wrong})
    built = build(PAGES, verdicts=VERDICTS)
    assert built.status == 1
    (line,) = recounted(built)
    assert "links, orphaned: 0 here, 1 in" in line


def test_a_format_that_does_not_exist_is_refused(build: Callable[..., Built]) -> None:
    built = build(PAGES, xenfusa_exports=["metrics", "pdf"])
    assert any(
        "xenfusa_exports" in line and "expected a list of some of record, metrics" in line for line in built.warnings
    )
