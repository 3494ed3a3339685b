"""What a build tells when it ends: totals, what became worse or better by item, and where to look."""

import contextlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests_support import Built, requirement, verdict

from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.sphinxext.build_summary import MOST

Build = Callable[..., Built]

ONE = requirement("one", options=":confirmed-by: hwdom_single")
TWO = requirement("two", options=":confirmed-by: ctrldom_single")
GOOD, BAD = VerdictKind.CONFIRMED, VerdictKind.REFUTED


def ran(one: VerdictKind, two: VerdictKind) -> tuple[Verdict, ...]:
    kinds = {"hwdom_single": one, "ctrldom_single": two}
    return tuple(verdict(claim, policy, kind) for claim, kind in kinds.items() for policy in ("specification", "dummy"))


def page(*requirements: str) -> dict[str, str]:
    return {"index.rst": "P\n=\n\n" + "\n".join(requirements)}


def told(built: Built) -> list[str]:
    """The lines of the block, from the totals on."""
    lines = [line for line in built.log.splitlines() if line.strip()]
    begin = next(number for number, line in enumerate(lines) if line.startswith("requirements: "))
    end = next(number for number, line in enumerate(lines) if line.startswith("where to look: "))
    return lines[begin : end + 1]


def test_what_became_worse_and_better_since_the_last_build_is_told_by_item(build: Build) -> None:
    first = told(build(page(ONE, TWO), verdicts=ran(GOOD, BAD)))
    assert first[0] == "requirements: 1 of 2 passed; 1 failed"
    assert "since the last build: not known, this output was not built before" in first
    assert "no test results were supplied" in first[1]
    assert "since the last build: no state changed" in told(build(verdicts=ran(GOOD, BAD)))
    assert "since the last build: 1 worse, 1 better, 0 new, 0 gone" in (lines := told(build(verdicts=ran(BAD, GOOD))))
    assert "  worse: XenArch~one~1: passed -> failed" in lines
    assert "  better: XenArch~two~1: failed -> passed" in lines
    lines = told(build(page(ONE, requirement("new")), verdicts=ran(BAD, GOOD)))
    assert "since the last build: 0 worse, 0 better, 1 new, 1 gone" in lines
    assert "  new: XenArch~new~1: none" in lines
    assert "  gone: XenArch~two~1: was passed" in lines


def test_long_lists_are_cut_and_counted_and_more_findings_told(build: Build) -> None:
    build(page(ONE))
    covers = ":covers: XenProd~none~1"
    more = [requirement(f"n{number}", options=covers) for number in range(MOST + 3)]
    lines = told(build(page(ONE, *more)))
    assert f"  more findings: xenfusa.orphaned: 0 -> {MOST + 3}" in lines
    assert len([line for line in lines if line.startswith("  new: XenArch~")]) == MOST
    assert "  new: and 3 more" in lines
    assert [line for line in told(build(page(ONE, *more))) if "more findings" in line] == []


@pytest.mark.parametrize(("builder", "places"), [("html", 2), ("text", 1)])
def test_it_says_where_to_look(
    build: Build, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, builder: str, places: int
) -> None:
    monkeypatch.chdir(tmp_path)
    named = told(build(page(ONE), builder=builder))[-1].removeprefix("where to look: ").split(", ")
    assert len(named) == places
    assert all(Path(name).exists() and not Path(name).is_absolute() for name in named)


def test_a_project_without_requirements_and_one_that_runs_nothing_say_so(build: Build) -> None:
    assert told(build({"index.rst": "P\n=\n"}))[:2] == [
        "requirements: none; nothing is verified",
        "besides: no claim was run: confirmation is switched off; no test results were supplied",
    ]


def test_kept_states_that_are_spoilt_are_no_traceback(build: Build, tmp_path: Path) -> None:
    build(page(ONE))
    (kept,) = tmp_path.rglob("states-*.json")
    kept.write_text('{"XenArch~one~1": "splendid", "XenArch~gone~1": ["x"]}')
    lines = told(build(page(ONE)))
    assert "  worse: XenArch~one~1: splendid -> not run" in lines
    with contextlib.suppress(FileNotFoundError):
        kept.unlink()
    assert "since the last build: not known, this output was not built before" in told(build(page(ONE)))


def test_reading_reports_shows_how_far_it_is(build: Build) -> None:
    built = build({**page(ONE), "r.xml": "<"}, xenfusa_test_reports=["r.xml"])
    assert "reading test reports... [100%] r.xml" in re.sub(r"\x1b\[[0-9;]*[mK]", "", built.log)
