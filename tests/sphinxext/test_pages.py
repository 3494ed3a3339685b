"""What the pages show is what the record says: states, traces, tests, and nothing green that nothing could refute."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests_support import TRACE, Built, requirement, verdict

from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.sphinxext.claim_places import page_of_claim
from sphinx_xenfusa.trace.serialise import validate
from sphinx_xenfusa.trace.states import Result

TITLE = "Page\n====\n\n"
MATRIX = "\n.. xen:summary::\n\n.. xen:matrix::\n"
SHARED = Path(__file__).resolve().parents[2].parent / "shared"


def report(*cases: tuple[str, str, str], broken: str = "") -> str:
    """A pytest report: (test, tag, outcome element) each."""
    body = "".join(
        f'<testcase classname="t" name="{name}" time="0"><properties><property name="xenfusa.verifies" value="{tag}"/>'
        f"</properties>{outcome}</testcase>"
        for name, tag, outcome in cases
    )
    failed = sum("<failure" in outcome for _, _, outcome in cases)
    skipped = sum("<skipped" in outcome for _, _, outcome in cases)
    return (
        '<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="0" '
        f'failures="{failed}" skipped="{skipped}" '
        f'tests="{len(cases)}" time="0" timestamp="2026-11-22T00:00:00" hostname="h">{body}</testsuite></testsuites>{broken}'
    )


def rows(page: str) -> list[str]:
    """The rows of the matrix as text, cells divided by bars."""
    table = re.search(r"<table[^>]*xenfusa-matrix.*?</table>", page, re.DOTALL)
    assert table is not None
    body = table[0].split("<tbody>")[1]
    cells = [re.split(r"</td>", row) for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)]
    return [" | ".join(" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row[:-1]) for row in cells]


def test_worst_first_with_verdict_per_policy(build: Callable[..., Built]) -> None:
    text = (
        requirement("good", options=":confirmed-by: criticality_closed_set")
        + requirement("differs", options=":confirmed-by: hwdom_unprivileged")
        + requirement("wrong", options=":confirmed-by: domu_unprivileged")
        + requirement("bare")
    )
    built = build(
        {"index.rst": TITLE + text + MATRIX},
        verdicts=(
            verdict("criticality_closed_set", None, VerdictKind.CONFIRMED),
            verdict("hwdom_unprivileged", "specification", VerdictKind.CONFIRMED),
            verdict("hwdom_unprivileged", "dummy", VerdictKind.DIVERGES),
            verdict("domu_unprivileged", "specification", VerdictKind.REFUTED),
            verdict("domu_unprivileged", "dummy", VerdictKind.CONFIRMED),
        ),
    )
    shown = rows(built.page("index.html"))
    assert [row.split()[0] for row in shown] == [f"XenArch~{name}~1" for name in ("wrong", "differs", "bare", "good")]
    assert "✗ refuted | ✓ holds | none | ✗ failed" in shown[0]
    assert "✓ consistent | ≠ D1 | none | ≠ diverges" in shown[1]
    assert "no claim | no claim | none | ∅ none" in shown[2]
    assert "✓ holds | no policy involved | none | ✓ passed" in shown[3]
    refuted = [one for one in built.warnings if one.endswith("[xenfusa.refuted]")]
    assert len(refuted) == 1
    line = (TITLE + text).split("\n").index("   :id: XenArch~wrong~1")
    assert refuted[0].startswith(f"docs/index.rst:{line}: WARNING: XenArch~wrong~1")
    assert "1 of 4 passed" in built.page("index.html")


def test_the_card_names_the_traces_and_leads_to_them(build: Callable[..., Built]) -> None:
    built = build(
        {"index.rst": TITLE + requirement(options=":confirmed-by: roles_closed_set")},
        verdicts=(verdict("roles_closed_set", None, VerdictKind.REFUTED),),
    )
    page, claim = built.page("index.html"), page_of_claim("roles_closed_set")
    for words in ("Counterexample, any policy: ", TRACE.title, f'href="{claim}.html', "494 by a second method"):
        assert words in page
    for words in ("SCHEDOP_shutdown", "argument: poweroff", "platform: power", "x.c:1"):
        assert words in built.page(f"{claim}.html")
    assert "SCHEDOP_shutdown" not in page


def test_an_assumption_says_who_ensures_it_and_how_that_is_shown(build: Callable[..., Built]) -> None:
    options = ":owner: the *integrator*\n:discharge: a check of the\n   configuration <here>"
    built = build({"index.rst": TITLE + requirement("aou", kind="assumption", options=options)})
    assert built.warnings == []
    page = " ".join(re.sub(r"<[^>]+>", " ", built.page("index.html")).split())
    assert "To be ensured by : the *integrator* Shown by : a check of the configuration &lt;here&gt;" in page
    item = built.record.items[0].item
    assert (item.owner, item.discharge) == ("the *integrator*", "a check of the configuration <here>")
    entry = json.loads(built.page("xenfusa/trace.json"))["items"][0]
    validate(json.loads(built.page("xenfusa/trace.json")))
    assert (entry["owner"], entry["discharge"]) == (item.owner, item.discharge)


def test_off_shows_not_run_and_says_so(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE + requirement(options=":confirmed-by: roles_closed_set") + MATRIX})
    page = built.page("index.html")
    assert "Confirmation is switched off" in page
    assert "No test results were supplied" in page
    assert "✓" not in page
    assert rows(page)[0].endswith("– not run")
    assert built.warnings == []


def test_no_verdict_from_the_child_is_an_error(build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch) -> None:
    from sphinx_xenfusa.sphinxext.build import ConfirmationProcess

    monkeypatch.setattr(ConfirmationProcess, "__init__", lambda self, app, register: None)
    monkeypatch.setattr(ConfirmationProcess, "stop", lambda self: None)
    monkeypatch.setattr(ConfirmationProcess, "wait", lambda self: (None, "it was killed"))
    built = build(
        {"index.rst": TITLE + requirement(options=":confirmed-by: roles_closed_set") + MATRIX}, xenfusa_confirm="cache"
    )
    assert built.record.items[0].result is Result.ERROR
    assert "it was killed" in built.page("index.html")
    assert {"xenfusa.claim_error"} == set(built.types())


def test_only_tests_that_ran_and_passed_count(build: Callable[..., Built]) -> None:
    names = ("passes", "fails", "skips", "outdated")
    text = "".join(requirement(name, options=":needs: XenTest") for name in names)
    xml = report(
        ("test_a", "XenArch~passes~1", ""),
        ("test_b", "XenArch~fails~1", '<failure message="&lt;script&gt;alert(1)&lt;/script&gt;">no</failure>'),
        ("test_c", "XenArch~skips~1", '<skipped message="later"/>'),
        ("test_d", "XenArch~outdated~2", ""),
        ("test_e", "XenArch~unknown~1", ""),
    )
    built = build({"index.rst": TITLE + text + MATRIX, "r.xml": xml}, xenfusa_test_reports=["r.xml"])
    results = {one.item.tag.name: one.result for one in built.record.items}
    assert results == {
        "passes": Result.PASSED,
        "fails": Result.FAILED,
        "skips": Result.NOT_RUN,
        "outdated": Result.NOT_RUN,
    }
    assert sorted(set(built.types())) == ["xenfusa.outdated_test", "xenfusa.unknown_tag"]
    page = built.page("index.html")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("limit", ["test_report_limit", "test_case_limit"])
def test_a_report_beyond_a_limit_verifies_nothing(build: Callable[..., Built], limit: str) -> None:
    files = {
        "index.rst": TITLE + requirement("a", options=":needs: XenTest"),
        "r.xml": report(("test_a", "XenArch~a~1", ""), ("test_b", "XenArch~a~1", "")),
    }
    settings: dict[str, Any] = {"xenfusa_test_reports": ["r.xml"]}
    assert build(files, **settings).record.items[0].result is Result.PASSED
    built = build(files, fresh=True, **settings, **{f"xenfusa_{limit}": 1})
    assert built.record.items[0].result is not Result.PASSED
    assert "expected" in built.record.reports[0].error
    assert "xenfusa.test_report" in built.types()


@pytest.mark.parametrize("cut", [1, 40, 300])
def test_a_cut_report_verifies_nothing(build: Callable[..., Built], cut: int) -> None:
    xml = report(("test_a", "XenArch~a~1", ""), ("test_b", "XenArch~b~1", "<failure>x</failure>"))[:-cut]
    text = requirement("a", options=":needs: XenTest") + requirement("b", options=":needs: XenTest")
    built = build({"index.rst": TITLE + text + MATRIX, "r.xml": xml}, xenfusa_test_reports=["r.xml"])
    assert {one.result for one in built.record.items} <= {Result.NOT_RUN}
    assert "xenfusa.test_report" in built.types()
    assert "cannot be used" in built.page("index.html")


def test_a_missing_report_is_said(build: Callable[..., Built]) -> None:
    built = build(
        {"index.rst": TITLE + requirement(options=":needs: XenTest") + MATRIX}, xenfusa_test_reports=["none.xml"]
    )
    assert "xenfusa.test_report" in built.types()
    assert "No test result counts: the one test report that was asked for cannot be used" in built.page("index.html")


def test_text_from_outside_is_shown_as_text(build: Callable[..., Built]) -> None:
    evil = '<script>alert(1)</script>"onload=x'
    trace = Trace(evil, ((evil, evil),), TRACE.steps)
    built = build(
        {
            "index.rst": TITLE
            + requirement(title=evil, options=f":confirmed-by: roles_closed_set\n:rationale: {evil}")
            + MATRIX
        },
        verdicts=(verdict("roles_closed_set", None, VerdictKind.CONFIRMED, witness=trace),),
    )
    page = built.page("index.html")
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4
    ours = page[page.index('<div class="xenfusa-evidence') : page.index("</details>")]
    assert re.search(r"<(script|style)|\son\w+=", ours.replace("&quot;onload", "")) is None


def test_the_record_is_written_and_valid(build: Callable[..., Built]) -> None:
    built = build({"index.rst": TITLE + requirement() + MATRIX})
    data = json.loads(built.page("xenfusa/trace.json"))
    validate(data)
    assert [item["id"] for item in data["items"]] == ["XenArch~hwdom_single~1"]


def test_an_edit_elsewhere_reaches_the_matrix_as_in_a_fresh_build(build: Callable[..., Built]) -> None:
    files = {
        "index.rst": TITLE + ".. toctree::\n\n   one\n   two\n" + MATRIX,
        "one.rst": "One\n===\n\n" + requirement("first", options=":needs: XenTest"),
        "two.rst": "Two\n===\n\n" + requirement("second"),
        "r.xml": report(("test_a", "XenArch~first~1", "")),
    }
    settings = {"xenfusa_test_reports": ["r.xml"]}
    build(files, **settings)
    edits = [
        {"two.rst": "Two\n===\n\n" + requirement("second", title="Renamed")},
        {"r.xml": report(("test_a", "XenArch~first~1", "<failure>no</failure>"))},
        {"two.rst": "Two\n===\n\nNothing.\n"},
    ]
    for edit in edits:
        files |= edit
        incremental = build(edit, **settings)
        again = {name: incremental.page(name) for name in ("index.html", "one.html", "two.html", "xenfusa/trace.json")}
        fresh = build(files, fresh=True, **settings)
        assert {name: fresh.page(name) for name in again} == again


def test_parallel_reading_gives_the_same_pages(build: Callable[..., Built]) -> None:
    pages = {f"p{i}.rst": f"P{i}\n==\n\n" + requirement(f"n{i}") for i in range(8)}
    index = TITLE + ".. toctree::\n\n" + "".join(f"   p{i}\n" for i in range(8)) + MATRIX
    one = build({"index.rst": index, **pages}, folder="a")
    four = build({"index.rst": index, **pages}, folder="b", parallel=4)
    assert four.warnings == one.warnings == []
    for name in ("index.html", "p3.html", "searchindex.js", "xenfusa/trace.json"):
        assert four.page(name) == one.page(name)


@pytest.mark.parametrize("builder", ["dirhtml", "singlehtml", "latex", "text", "epub"])
def test_every_builder_writes_the_views(build: Callable[..., Built], builder: str) -> None:
    built = build(
        {"index.rst": TITLE + requirement(options=":confirmed-by: roles_closed_set") + MATRIX},
        verdicts=(verdict("roles_closed_set", None, VerdictKind.CONFIRMED),),
        builder=builder,
        master_doc="index",
        epub_show_urls="no",
        copyright="nobody",
        version="1",
    )
    assert built.warnings == []
    names = {
        "dirhtml": "index.html",
        "singlehtml": "index.html",
        "latex": "t.tex",
        "text": "index.txt",
        "epub": "index.xhtml",
    }
    page = built.page(names[builder])
    if builder == "dirhtml":
        page += built.page(f"{page_of_claim('roles_closed_set')}/index.html")
    for words in ("SCHEDOP", "494", "passed"):
        assert words in page


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not there")
def test_xens_own_file_stands_in_the_same_matrix(build: Callable[..., Built]) -> None:
    text = (SHARED / "data/xen-docs-fusa/reqs/market-reqs/reqs.rst").read_bytes()
    files = {"index.rst": TITLE + ".. toctree::\n\n   xen/reqs\n\n" + requirement() + MATRIX, "xen/reqs.rst": text}
    plain = build(files, folder="plain")
    built = build(files, xenfusa_oft=["xen/**.rst"])
    assert built.warnings == []
    tags = [str(one.item.tag) for one in built.record.items]
    assert len(tags) == 7
    assert "XenMkt~version_hypercall~1" in tags
    assert len(rows(built.page("index.html"))) == 7
    assert 'href="xen/reqs.html#XenMkt~version_hypercall~1"' in built.page("index.html")
    page = built.page("xen/reqs.html")
    assert 'id="XenMkt~version_hypercall~1"' in page
    assert re.sub(r' id="XenMkt~[^"]*"', "", page) == plain.page("xen/reqs.html")
