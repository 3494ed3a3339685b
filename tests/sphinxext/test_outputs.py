"""What a build writes beside its pages, and that numbers which differ fail it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sphinx_needs.needsfile import NeedsList
from tests_support import Built, requirement, verdict

from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.interop import exports
from sphinx_xenfusa.interop.exports import FORMATS
from sphinx_xenfusa.sphinxext import matrix as matrix_module
from sphinx_xenfusa.sphinxext import needs_bridge, totals
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
    files = sorted(path.name for path in (built.out / "xenfusa").iterdir() if path.is_file())
    assert files == ["inputs.sha256", "metrics.json", "trace.json"]
    assert json.loads(built.page("xenfusa/metrics.json"))["items"]["total"] == 3
    assert not (build(PAGES, builder="text").out / "xenfusa").exists()


def test_an_incremental_build_agrees_as_well(build: Callable[..., Built]) -> None:
    build(PAGES, verdicts=VERDICTS)
    changed = build({"more.rst": PAGES["more.rst"] + requirement("new", kind="definition")}, verdicts=VERDICTS)
    assert (recounted(changed), changed.status) == ([], 0)
    again = build(verdicts=VERDICTS)
    assert (recounted(again), again.status) == ([], 0)


def test_a_wrong_total_on_a_page_fails_the_build(build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = totals.summary

    def with_one_more(views: views_module.Views, fromdoc: str) -> object:
        made = whole(views, fromdoc)
        for table in made:
            for text in list(table.findall(lambda node: node.astext() == "1" and not node.children)):
                text.parent.replace(text, type(text)("2"))
        return made

    monkeypatch.setattr(totals, "summary", with_one_more)
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


# --- what sphinx-needs writes itself ------------------------------------------------------------------------------------

OFT_PAGE = """\
Requirements
============

Time
----

`XenMkt~time.of.day~1`

Description:
Xen shall tell the time.

Needs:
 - XenProd

Clock
-----

`XenProd~clock~2`

Description:
Xen shall have a clock.

Covers:
 - `XenMkt~time.of.day~1`
 - `XenMkt~time.of.day~1`
 - `XenMkt~gone~1`

Needs:
 - XenSwdgn

.. [XenSwdgn->XenProd~clock~2]
"""
WITH_OFT = PAGES | {"oft.rst": OFT_PAGE}
NEEDS = {"needs_build_json": True, "xenfusa_oft": ["oft.rst"]}


def tampered(monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], object]) -> None:
    """Let sphinx-needs write something else than it should."""
    whole = needs_bridge._write_at_once

    def wrong(self: NeedsList, *arguments: Any) -> None:
        whole(self, *arguments)
        path = Path(self.outdir, "needs.json")
        data = json.loads(path.read_text("utf-8"))
        change(data["versions"]["1"]["needs"])
        data["versions"]["1"]["needs_amount"] = len(data["versions"]["1"]["needs"])
        path.write_text(json.dumps(data), "utf-8")

    monkeypatch.setattr(needs_bridge, "_write_at_once", wrong)


@pytest.mark.parametrize(
    ("builder", "more"),
    [
        ("html", {}),
        ("singlehtml", {"needs_json_remove_defaults": True}),
        ("html", {"needs_json_exclude_fields": ["xen_state", "xen_covers_back"]}),
        ("needs", {}),
        ("needs", {"needs_builder_filter": "type == 'xen_rule'"}),
    ],
)
def test_the_needs_that_sphinx_needs_writes_agree(
    build: Callable[..., Built], builder: str, more: dict[str, object]
) -> None:
    built = build(WITH_OFT, verdicts=VERDICTS, builder=builder, **NEEDS, **more)
    assert (recounted(built), built.status) == ([], 0)
    assert (built.out / "needs.json").is_file()


WRONG_NEEDS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "an item missing": (lambda needs: needs.pop("XenArch~bad~1"), "needs, XenArch~bad~1: 0 here, 1 in"),
    "another state": (
        lambda needs: needs["XenArch~bad~1"].update(xen_state="passed"),
        "xen_state of each need, XenArch~bad~1 passed: 1 here, 0 in",
    ),
    "no state": (lambda needs: needs["XenArch~bad~1"].update(xen_state=None), "needs by state"),
    "another kind": (lambda needs: needs["XenArch~bad~1"].update(type="xen_rule"), "needs by kind, rule: 2 here, 1 in"),
    "another coverage": (
        lambda needs: needs["XenProd~clock~2"].update(xen_coverage="cycle"),
        "xen_coverage of each need, XenProd~clock~2",
    ),
    "a type less that is lacking": (
        lambda needs: needs["XenMkt~time.of.day~1"].update(xen_uncovered=["XenProd"]),
        "xen_uncovered of each need, XenMkt~time.of.day~1 XenProd: 1 here, 0 in",
    ),
    "a link less": (
        lambda needs: needs["XenProd~clock~2"]["xen_covers"].pop(),
        "xen_covers of each need, XenProd~clock~2 XenMkt~time.of.day~1: 0 here, 1 in",
    ),
    "a link less, back": (
        lambda needs: needs["XenMkt~time.of.day~1"]["xen_covers_back"].pop(),
        "xen_covers_back of each need, XenMkt~time.of.day~1 XenProd~clock~2: 0 here, 1 in",
    ),
}


@pytest.mark.parametrize(("change", "told"), WRONG_NEEDS.values(), ids=WRONG_NEEDS)
def test_a_wrong_number_in_what_sphinx_needs_writes_fails_the_build(
    build: Callable[..., Built],
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[dict[str, Any]], object],
    told: str,
) -> None:
    tampered(monkeypatch, change)
    built = build(WITH_OFT, verdicts=VERDICTS, **NEEDS)
    assert built.status == 1
    assert any("needs.json" in line and told in line for line in recounted(built)), recounted(built)


def test_of_needs_chosen_by_the_project_those_that_are_there_have_to_agree(
    build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    tampered(monkeypatch, lambda needs: needs["XenProd~clock~2"].update(xen_covers=["XenMkt~gone~1"]))
    built = build(WITH_OFT, verdicts=VERDICTS, builder="needs", needs_builder_filter="type == 'oft_XenProd'", **NEEDS)
    assert built.status == 1
    (line,) = recounted(built)
    assert "xen_covers of each need, XenProd~clock~2 XenMkt~time.of.day~1: 0 here, 1 in" in line


def test_needs_json_that_was_not_written_fails_the_build(
    build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: NeedsList, *arguments: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(needs_bridge, "_write_at_once", fail)
    built = build(WITH_OFT, **NEEDS)
    assert built.status == 1
    assert any("needs.json" in line and "cannot be read again" in line for line in recounted(built))


def test_a_tag_that_stands_twice_and_a_need_of_the_project_disturb_no_number(build: Callable[..., Built]) -> None:
    twice = {
        "more.rst": PAGES["more.rst"] + requirement("good") + ".. req:: Its own\n   :id: R_1\n\n   Text.\n\n"
        ".. req:: A namesake\n   :id: XenProd~clock~2\n\n   Text.\n",
    }
    built = build(WITH_OFT | twice, **NEEDS)
    assert "xenfusa.refused" in built.types()
    assert recounted(built) == []


def test_digits_without_end_do_not_end_the_build(build: Callable[..., Built]) -> None:
    digits = "9" * 5000
    page = OFT_PAGE.replace(" - `XenMkt~gone~1`", f" - `XenMkt~gone~{digits}`\n - `XenMkt~n{digits}~1`")
    page += f"\nLong\n----\n\n`XenProd~n{digits}~1`\n\nDescription:\nLong.\n"
    more = requirement(f"r{digits}") + requirement("links", options=f":covers: XenMkt~n{digits}~1")
    built = build(WITH_OFT | {"oft.rst": page, "more.rst": PAGES["more.rst"] + more}, **NEEDS)
    assert built.types().count("xenfusa.refused") == 2
    assert recounted(built) == []
    assert "XenArch~links~1" in built.page("needs.json")


def test_a_format_that_does_not_exist_is_refused(build: Callable[..., Built]) -> None:
    built = build(PAGES, xenfusa_exports=["metrics", "pdf"])
    assert any(
        "xenfusa_exports" in line and "expected a list of some of record, metrics" in line for line in built.warnings
    )
