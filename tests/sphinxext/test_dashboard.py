"""The dashboard answers before it is asked: of what, how much, what first; and nothing is green that did not run."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from test_case_pages import failure, report
from test_every_builder import Page, dead_links, pages
from tests_support import Built, requirement, verdict

from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.sphinxext.plots import WIDTH, widths
from sphinx_xenfusa.trace.states import Result

Build = Callable[..., Built]

INDEX = "Start\n=====\n\n.. toctree::\n\n   a\n   lists\n\n.. xen:dashboard::\n"
LISTS = "Lists\n=====\n\n.. xen:register:: gaps, anomalies\n\n.. xen:matrix::\n"
SVG = "{http://www.w3.org/2000/svg}"


def project(*requirements: str, index: str = INDEX, **more: str) -> dict[str, str]:
    """A project whose requirements stand on the page *a*, titled Roles."""
    a = "Roles\n=====\n\n" + "\n".join(requirements)
    return {"index.rst": index, "a.rst": a, "lists.rst": LISTS, **more}


GOOD = requirement("good", options=":confirmed-by: hwdom_single")
BAD = requirement("bad", kind="prohibition", options=":confirmed-by: ctrldom_single")
NOTHING = requirement("nothing", kind="assumption", options=":owner: Me.\n:discharge: A list.")
MIXED = (GOOD, BAD, NOTHING)


def both(claim: str, kind: VerdictKind) -> tuple[Verdict, ...]:
    return tuple(verdict(claim, policy, kind) for policy in ("specification", "dummy"))


RAN = (*both("hwdom_single", VerdictKind.CONFIRMED), *both("ctrldom_single", VerdictKind.REFUTED))


def words(built: Built, name: str = "index.html") -> str:
    return Page(built.out / name).words


def answer(built: Built) -> str:
    """The class of the state that stands before the answer, and the answer."""
    match = re.search(r'<p class="xenfusa-answer">(.*?)</p>', built.page("index.html"), re.DOTALL)
    assert match is not None
    (state,) = re.findall(r"xenfusa-state xenfusa-([\w-]+)", match[1])
    return f"{state}: {re.sub('<[^>]*>', '', match[1])}"


def rows(built: Built, name: str) -> list[list[str]]:
    """The cells of the table with this class, as a reader sees them."""
    tables = re.findall(rf'<table class="[^"]*\b{name}\b[^"]*".*?</table>', built.page("index.html"), re.DOTALL)
    assert len(tables) == 1, f"{len(tables)} tables {name}"
    found = re.findall(r"<tr.*?</tr>", re.sub(r"<svg.*?</svg>", "", tables[0], flags=re.DOTALL), re.DOTALL)
    cells = (re.findall(r"<t[dh].*?</t[dh]>", row, re.DOTALL) for row in found)
    return [[" ".join(re.sub("<[^>]*>", " ", cell).split()) for cell in row] for row in cells][1:]


@pytest.fixture
def mixed(build: Build) -> Built:
    passed = ("t", "test_good", "XenArch~good~1", "")
    return build(
        project(*MIXED, **{"r.xml": report(passed, ("t", "test_lone", "", failure()))}),
        verdicts=RAN,
        xenfusa_test_reports=["r.xml"],
        xenfusa_exports=["metrics"],
    )


def test_the_numbers_are_those_of_the_metrics(mixed: Built) -> None:
    assert "xenfusa.recount" not in mixed.types()
    metrics = json.loads(mixed.page("xenfusa/metrics.json"))["items"]
    assert answer(mixed) == "failed: ✗ failed — 1 of 3 requirements passed, 2 did not."
    assert (metrics["results"]["passed"], metrics["total"]) == (1, 3)
    for part in ("type", "kind", "file"):
        told = {row[0].split()[-1]: row for row in rows(mixed, f"xenfusa-by-{part}")}
        assert told.keys() == metrics[f"by_{part}"].keys()
        for name, numbers in metrics[f"by_{part}"].items():
            assert told[name][1] == str(numbers["total"])
            found = {state.strip(): int(number) for number, state in re.findall(r"(\d+) ([a-z ]+)", told[name][2])}
            assert found == {state: number for state, number in numbers["results"].items() if number}
    methods = {row[0]: row[1] for row in rows(mixed, "xenfusa-by-method")}
    assert methods == {
        name: str(sum(metrics["by_method"].get(name, {}).values()))
        for name in ("model", "test", "analysis", "inspection", "review of design")
    }


def test_it_says_of_what_the_numbers_are(mixed: Built) -> None:
    said = words(mixed)
    for part in (
        "Project: T 1",
        "Commit: ∅ not known: this is no git tree",
        "Target policy: dummy",
        "Baseline: none: nothing is compared",
        "1 report with 2 cases: 1 failed, 1 passed",
        "No requirement is in one of these states: error, inconclusive, diverges, stale, not run, partial,",
    ):
        assert part in said, part
    assert mixed.record.documented.why == "this is no git tree"


def test_what_needs_attention_comes_worst_first_with_what_to_do_next(mixed: Built) -> None:
    told = rows(mixed, "xenfusa-attention")
    assert [row[0] for row in told] == sorted(
        (row[0] for row in told),
        key=lambda cell: (
            [one.value for one in Result].index(cell.split(" ", 1)[1])
            if cell.split(" ", 1)[1] in [one.value for one in Result]
            else 1
        ),
    )
    assert told[0][0] == "✗ failed"
    subjects = " ".join(row[1] for row in told)
    assert {"XenArch~bad~1", "XenArch~nothing~1"} <= {*subjects.split()}
    assert "test_lone" in subjects
    assert "XenArch~good~1" not in subjects
    assert all(row[2] and row[3] for row in told)
    assert "All of them: Lists" in words(mixed)
    assert list(dead_links(pages(mixed.out))) == []


def test_a_chapter_that_is_the_page_itself_needs_no_link(build: Build) -> None:
    built = build({"index.rst": "Start\n=====\n\n.. xen:dashboard::\n\n" + GOOD})
    assert [row[0] for row in rows(built, "xenfusa-by-file")] == ["Start index.rst"]


def test_more_than_fit_are_counted(build: Build) -> None:
    index = INDEX.replace("xen:dashboard::\n", "xen:dashboard::\n   :most: 2\n")
    built = build(project(*(requirement(f"n{number}") for number in range(5)), index=index), verdicts=())
    told = rows(built, "xenfusa-attention")
    assert len(told) == 2
    more = re.search(r"of (\d+), worst first.*?(\d+) more entries: (.*?)\. ", words(built))
    assert more is not None
    assert int(more[1]) == 2 + int(more[2]) == 2 + sum(map(int, re.findall(r"\d+", more[3])))


@pytest.mark.parametrize("requirements", [(), (GOOD,)], ids=["empty", "nothing ran"])
def test_where_nothing_ran_the_answer_is_not_green(build: Build, requirements: tuple[str, ...]) -> None:
    built = build(project(*requirements))
    assert "Confirmation is switched off" in words(built)
    assert "No test results were supplied" in words(built)
    assert not re.search(r"xenfusa-(part-)?passed", built.page("index.html"))
    assert answer(built).startswith(
        "not-run: – not run — 0 of 1" if requirements else "none: ∅ There is no requirement."
    )
    assert "Claims: – not run: confirmation is switched off" in words(built)


def test_a_project_without_claims_and_tests_says_so(build: Build) -> None:
    built = build(project(requirement("alone")), verdicts=())
    assert answer(built) == "error: ! error — 0 of 1 requirement passed, 1 did not.", (
        "claims that gave no verdict are errors"
    )
    assert [row[2] for row in rows(built, "xenfusa-by-method")] == ["∅ no requirement"] * 5


def test_all_is_passed_and_the_answer_is_still_not_green_while_a_report_cannot_be_read(build: Build) -> None:
    built = build(
        project(GOOD, **{"r.xml": "<", "s.xml": report(("t", "test_a", "", ""))}),
        verdicts=RAN[:2],
        xenfusa_test_reports=["r.xml", "s.xml"],
    )
    assert {one.result for one in built.record.items} == {Result.PASSED}
    assert answer(built).startswith("error: ! findings — 1 of 1 requirement passed.")
    assert re.search(r"in one of these states: [^.]*\berror\b", words(built)), "no requirement is in error"
    assert "Beside these states needs attention: ! findings, ! unusable" in words(built)
    assert "! unusable" in [row[0] for row in rows(built, "xenfusa-attention")]


def test_what_became_worse_since_the_baseline(build: Build, tmp_path: Path) -> None:
    first = build(project(*MIXED), verdicts=(*RAN[:2], *both("ctrldom_single", VerdictKind.CONFIRMED)))
    (tmp_path / "docs" / "base.json").write_bytes((first.out / "xenfusa" / "trace.json").read_bytes())
    built = build(
        project(BAD, NOTHING, requirement("fresh", text="Another domain shall wait.")),
        verdicts=RAN[2:],
        xenfusa_baseline="base.json",
    )
    changes = dict(map(tuple, rows(built, "xenfusa-changes")))
    told = [changes[name] for name in ("new", "removed", "state became worse", "unchanged")]
    assert told == ["1", "1", "1", "2"]
    assert rows(built, "xenfusa-worse") == [["XenArch~bad~1", "✓ passed → ✗ failed"]]


def test_the_change_since_the_baseline_is_drawn_with_its_numbers_in_words(build: Build, tmp_path: Path) -> None:
    first = build(project(*MIXED), verdicts=(*RAN[:2], *both("ctrldom_single", VerdictKind.CONFIRMED)))
    (tmp_path / "docs" / "base.json").write_bytes((first.out / "xenfusa" / "trace.json").read_bytes())
    fresh = requirement("fresh", text="Another domain shall wait.")
    built = build(project(BAD, NOTHING, fresh), verdicts=RAN[2:], xenfusa_baseline="base.json")
    drawn = [ElementTree.fromstring(one) for one in re.findall(r"<svg.*?</svg>", built.page("index.html"), re.DOTALL)]
    (change,) = [one for one in drawn if "since the baseline" in (one.findtext(f"{SVG}title") or "")]
    parts = [part.findtext(f"{SVG}title") for part in change.findall(f"{SVG}g")]
    assert parts == ["1 with a worse state", "1 removed", "1 new", "1 in the same state"]
    assert "✗ 1 with a worse state, − 1 removed, + 1 new, = 1 in the same state." in words(built)


def test_a_finding_is_no_state_of_a_requirement(build: Build) -> None:
    index = INDEX + "\n.. xen:register:: gapps\n"
    reports = {"r.xml": report(("t", "test_a", "", ""))}
    built = build(project(GOOD, index=index, **reports), verdicts=RAN[:2], xenfusa_test_reports=["r.xml"])
    assert answer(built) == "error: ! findings — 1 of 1 requirement passed."
    assert "Beside these states needs attention: ! findings" in words(built)


def test_it_says_why_a_verdict_may_be_believed(mixed: Built) -> None:
    confirmed = [one for one in mixed.record.verdicts if one.kind is VerdictKind.CONFIRMED]
    able = sum(one.witness is not None and one.killed > 0 for one in confirmed)
    assert f"Why believe it: {able} of {len(confirmed)} confirmed verdicts could have failed" in words(mixed)


def test_a_gate_names_the_first_of_many_tags_and_leads_to_its_matrix(build: Build) -> None:
    tags = ", ".join(f"XenArch~n{number}~*" for number in range(6))
    asked = f"\n.. xen:matrix::\n   :tags: {tags}\n   :gate: failed = 0\n"
    built = build(
        project(*(requirement(f"n{number}") for number in range(6)), **{"lists.rst": LISTS + asked}), verdicts=()
    )
    (row,) = rows(built, "xenfusa-gates")
    assert row[1].startswith("items of tags XenArch~n0~*, XenArch~n1~*, XenArch~n2~* and 3 more: ")
    assert re.search(
        r'<a class="reference internal" href="lists.html">lists.rst</a>: failed = 0', built.page("index.html")
    )


@pytest.mark.parametrize("builder", ["latex", "text", "singlehtml", "dirhtml"])
def test_it_says_the_same_where_nothing_is_drawn(build: Build, builder: str) -> None:
    built = build(project(*MIXED), verdicts=RAN, builder=builder)
    (file,) = [path for path in built.out.iterdir() if path.name in ("t.tex", "index.txt", "index.html")]
    text = re.sub(r"\s+", " ", file.read_text("utf-8"))
    assert "1 of 3 requirements passed" in text
    assert ("<svg" in text) == builder.endswith("html")


def test_every_part_of_a_bar_is_seen_and_the_worst_comes_first() -> None:
    numbers = {Result.PASSED: 9_998, Result.FAILED: 1, Result.NONE: 1}
    shown = widths(numbers, 10_000)
    assert [result for result, _ in shown] == [Result.FAILED, Result.NONE, Result.PASSED]
    assert sum(width for _, width in shown) == pytest.approx(WIDTH)
    assert all(width >= 2 for _, width in shown)
    assert widths({}, 5) == []
    (half,) = widths({Result.PASSED: 5}, 10)
    assert half[1] == pytest.approx(WIDTH / 2)


def test_a_bar_tells_its_parts_apart_without_colour(mixed: Built) -> None:
    drawn = [ElementTree.fromstring(one) for one in re.findall(r"<svg.*?</svg>", mixed.page("index.html"), re.DOTALL)]
    first = drawn[0]
    parts = first.findall(f"{SVG}g")
    assert [part.findtext(f"{SVG}text") for part in parts] == ["✗", "∅", "✓"]
    lines = [len(part.findall(f"{SVG}line")) > 0 for part in parts]
    assert lines == [True, False, False]
    assert len({top.get("aria-labelledby") for top in drawn}) == len(drawn)
