"""Acceptances, inspections and baselines in a build: what changed is shown, warned of, and never counted as agreed."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests_support import Built, requirement

from sphinx_xenfusa.interop.acceptance_file import read_acceptance
from sphinx_xenfusa.interop.baseline_file import write_baseline
from sphinx_xenfusa.trace.acceptance import Acceptance, Signature, accept_new
from sphinx_xenfusa.trace.record import TraceRecord
from sphinx_xenfusa.trace.reviews import CHECKLIST
from sphinx_xenfusa.trace.states import LinkStatus, Result

Build = Callable[..., Built]

PAGE = "P\n=\n\n" + requirement("a", text="Xen shall count to ten.", options=":needs: XenArch\n:confirmed-by: c") + "\n"
DETAIL = requirement("b", text="Xen shall count.", options=":covers: XenArch~a~1") + "\n"
FILES = {"index.rst": PAGE + DETAIL}
CHANGED = {"index.rst": (PAGE + DETAIL).replace("ten", "eleven")}
SIGNED = Signature("Ann", "read", "2026-11-01")


def record_of(built: Built) -> TraceRecord:
    assert built.steps.record is not None
    return built.steps.record


def accept_all(tmp_path: Path, record: TraceRecord) -> None:
    items = [traced.item for traced in record.items]
    path = tmp_path / "docs" / "accepted.yaml"
    read_acceptance(path, may_be_missing=True).write(accept_new(Acceptance(), items, SIGNED))


def test_a_text_that_changed_since_it_was_accepted_is_suspect_and_so_is_the_link(build: Build, tmp_path: Path) -> None:
    accept_all(tmp_path, record_of(build(FILES)))
    settings = {"xenfusa_accepted": "accepted.yaml"}
    before = build(FILES, **settings)
    assert not [one for one in before.warnings if "xenfusa.suspect" in one]
    assert [link.status for link in record_of(before).links if link.type == "covers"] == [LinkStatus.COVERS]
    after = build(CHANGED, **settings)
    told = [one for one in after.warnings if "xenfusa.suspect" in one]
    assert any("docs/index.rst:4: WARNING: found that the text of XenArch~a~1 changed" in one for one in told)
    assert any("[-ten.-] {+eleven.+}" in one for one in told)
    (link,) = (link for link in record_of(after).links if link.type == "covers")
    assert link.status is LinkStatus.SUSPECT
    assert {str(one.item.tag): one.suspect for one in record_of(after).items} == {
        "XenArch~a~1": ("XenArch~a~1",),
        "XenArch~b~1": ("XenArch~a~1",),
    }
    assert "↻ suspect" in after.page("index.html")
    accept_all(tmp_path, record_of(after))
    again = build(CHANGED, **settings)
    assert not [one for one in again.warnings if "xenfusa.suspect" in one]
    assert "↻ suspect" not in again.page("index.html"), "the page is written again when only the acceptance changed"


def test_a_file_of_acceptances_that_is_broken_is_one_warning_and_nothing_counts(build: Build) -> None:
    built = build(FILES | {"accepted.yaml": "version: 1\nitems:\n  - id: x\n"}, xenfusa_accepted="accepted.yaml")
    (told,) = (one for one in built.warnings if "xenfusa.input" in one)
    assert "docs/accepted.yaml:3" in told
    missing = build(FILES, xenfusa_accepted="nowhere.yaml")
    assert any("nowhere.yaml" in one and "xenfusa.input" in one for one in missing.warnings)


def held(built: Built) -> set[str]:
    """The tags of the items with an inspection that holds."""
    return {review.id for review in record_of(built).reviews if review.holds}


def ledger(fingerprint: str, author: str = "Ann", reviewer: str = "Bob", **answers: str) -> str:
    given = dict.fromkeys(CHECKLIST, "yes") | {name.replace("_", " "): answer for name, answer in answers.items()}
    lines = [f"      {name}: {answer}" for name, answer in given.items() if answer]
    return (
        f"reviews:\n  - id: XenArch~a~1\n    fingerprint: {fingerprint}\n    author: {author}\n    reviewer: {reviewer}\n"
        "    date: 2026-11-02\n    answers:\n" + "\n".join(lines) + "\n"
    )


@pytest.fixture
def fingerprint(build: Build) -> str:
    record = record_of(build(FILES))
    return next(one.fingerprint for one in record.items if str(one.item.tag) == "XenArch~a~1")


def review(build: Build, text: str, files: dict[str, str] = FILES) -> Built:
    return build(files | {"reviews.yaml": text}, xenfusa_reviews=["reviews.yaml"])


def told_of(built: Built, subtype: str) -> list[str]:
    return [one for one in built.warnings if f"[xenfusa.{subtype}]" in one]


def test_a_review_that_holds_is_shown_with_the_item(build: Build, fingerprint: str) -> None:
    built = review(build, ledger(fingerprint, necessary="'n/a: it is an assumption'"))
    assert told_of(built, "review") == []
    assert held(built) == {"XenArch~a~1"}
    assert "✓ reviewed</span>: Bob on 2026-11-02, of a text by Ann (9 yes, 0 no, 1 n/a)" in built.page("index.html")
    assert "necessary: n/a: it is an assumption" in built.page("index.html")


@pytest.mark.parametrize(
    ("changes", "said", "shown"),
    [
        ({"reviewer": "ANN"}, "expected two persons", "author and reviewer are one person"),
        ({"reviewer": "'Ａnn  '"}, "expected two persons", "author and reviewer are one person"),
        ({"atomic": ""}, "no answer to: atomic", "not every question of the checklist is answered"),
        ({"feasible": "no"}, "the answer no to: feasible", "answered with no: feasible"),
    ],
)
def test_a_review_that_does_not_hold_is_a_finding_and_does_not_count(
    build: Build, fingerprint: str, changes: dict[str, str], said: str, shown: str
) -> None:
    built = review(build, ledger(fingerprint, **changes))
    (told,) = told_of(built, "review")
    assert said in told and "docs/reviews.yaml:2" in told
    assert held(built) == set()
    assert "✗ does not hold</span>: " in built.page("index.html")
    assert shown in built.page("index.html")


def test_a_review_of_an_older_text_is_no_longer_valid(build: Build, fingerprint: str) -> None:
    built = review(build, ledger(fingerprint), CHANGED)
    (told,) = told_of(built, "review")
    assert "it is no longer valid" in told
    assert held(built) == set()
    assert "↻ does not hold</span>: Bob on 2026-11-02" in built.page("index.html")
    assert "its text has changed since" in built.page("index.html")
    record = record_of(built)
    now = next(one.fingerprint for one in record.items if str(one.item.tag) == "XenArch~a~1")
    both = ledger(fingerprint) + ledger(now).partition("reviews:\n")[2].replace("2026-11-02", "2026-11-03")
    later = review(build, both, CHANGED)
    assert told_of(later, "review") == [], "a later review that holds replaces the older one"
    assert [one.holds for one in record_of(later).reviews].count(True) == 1
    assert "✓ reviewed</span>: Bob on 2026-11-03" in later.page("index.html")
    assert "2026-11-02, revision 1: reviewed by Bob, text " in later.page("index.html")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("id: XenArch~a~1", "id: XenArch~gone~1", 2, "found no item with this tag"),
        ("date: 2026-11-02", "date: yesterday", 6, "date"),
        ("atomic: yes", "atomic: perhaps", 10, "the answer 'perhaps'"),
        ("atomic: yes", "atom: yes", 10, "the question 'atom'"),
        ("atomic: yes", "atomic: 'n/a: '", 10, "the answer"),
        ("reviewer: Bob", "reviewr: Bob", 5, "reviewr"),
    ],
)
def test_a_ledger_that_is_wrong_is_one_warning_with_its_line(
    build: Build, fingerprint: str, old: str, new: str, line: int, said: str
) -> None:
    built = review(build, ledger(fingerprint).replace(old, new))
    (told,) = (one for one in built.warnings if "reviews.yaml" in one)
    assert f"reviews.yaml:{line}" in told and said in told


def test_a_project_can_have_a_checklist_of_its_own(build: Build, fingerprint: str) -> None:
    text = ledger(fingerprint).partition("    answers:")[0] + "    answers:\n      short: yes\n"
    built = review(build, "checklist:\n  short: Is it short?\n" + text)
    assert told_of(built, "review") == []
    assert record_of(built).reviews[0].answers == (("short", "yes"),)


# --- baselines -------------------------------------------------------------------------------------------------------


DIFF = {"diff.rst": ":orphan:\n\nD\n=\n\n.. xen:diff::\n"}


def test_the_page_shows_what_changed_since_the_baseline(build: Build, tmp_path: Path) -> None:
    write_baseline(record_of(build(FILES)), "v1", tmp_path / "docs")
    settings = {"xenfusa_baseline": "v1.json"}
    before = build(FILES | DIFF, **settings)
    assert "nothing changed" in before.page("diff.html")
    reference = record_of(before).baseline
    assert reference is not None and (reference.name, reference.file) == ("v1", "v1.json")
    after = build({"index.rst": (PAGE + DETAIL).replace("count to ten", "count to <b>&amp; *eleven*")}, **settings)
    page = after.page("diff.html")
    assert "~ changed" in page and "XenArch~a~1" in page
    assert re.search(r'\[-<span class="xenfusa-removed">ten\.</span>-\]', page)
    assert "&lt;b&gt;&amp;amp;" in page and "<b>&amp;amp;" not in page
    assert "covers it: XenArch~a~1 -&gt; XenArch~b~1" in page


def test_a_baseline_that_is_configured_later_is_seen(build: Build, tmp_path: Path) -> None:
    without = build(FILES | DIFF)
    assert len(told_of(without, "baseline")) == 1
    write_baseline(record_of(without), "v1", tmp_path / "docs")
    after = build(CHANGED, xenfusa_baseline="v1.json")
    assert told_of(after, "baseline") == []
    assert "~ changed" in after.page("diff.html")


@pytest.mark.parametrize("builder", ["dirhtml", "singlehtml", "latex", "epub", "text"])
def test_every_builder_can_show_it(build: Build, tmp_path: Path, builder: str) -> None:
    write_baseline(record_of(build(FILES)), "v1", tmp_path / "docs")
    page = CHANGED["index.rst"] + "\n.. xen:diff::\n"
    out = build({"index.rst": page}, builder=builder, xenfusa_baseline="v1.json").out
    kinds = {".html", ".tex", ".txt", ".xhtml"}
    texts = [path.read_text("utf-8", "replace") for path in out.rglob("*") if path.suffix in kinds]
    html = r'\[-<span class="xenfusa-removed">ten\.</span>-\] \{\+<span class="xenfusa-added">eleven\.</span>\+\}'
    latex = r"\{ten\.\}.*\{eleven\.\}"
    wanted = {"latex": latex, "text": r"\[-ten\.-\] \{\+eleven\.\+\}"}.get(builder, html)
    assert any(re.search(wanted, text) for text in texts)


def test_two_files_can_be_compared(build: Build, tmp_path: Path) -> None:
    record = record_of(build(FILES))
    write_baseline(record, "v1", tmp_path / "docs")
    fewer = dataclasses.replace(record, items=record.items[:1])
    write_baseline(fewer, "v2", tmp_path / "docs")
    built = build({"diff.rst": ":orphan:\n\nD\n=\n\n.. xen:diff::\n   :from: v1.json\n   :to: v2.json\n"})
    assert "What changed from v1 to v2" in built.page("diff.html")
    assert "1 removed" in built.page("diff.html")


@pytest.mark.parametrize(
    ("options", "files", "said"),
    [
        ("", {}, "no xenfusa_baseline"),
        (":from: none.json", {}, "no such file"),
        (":from: ../conf.json", {}, "outside of the source folder"),
        (":from: half.json", {"half.json": '{\n"form": "xenf'}, "half.json, line 2: found malformed JSON"),
    ],
)
def test_what_cannot_be_compared_is_one_warning_at_the_directive(
    build: Build, options: str, files: dict[str, str], said: str
) -> None:
    built = build(FILES | files | {"diff.rst": f":orphan:\n\nD\n=\n\n.. xen:diff::\n   {options}\n"})
    (told,) = told_of(built, "baseline")
    assert "docs/diff.rst:6" in told and said in told
    assert "Nothing is compared" in built.page("diff.html")
    assert record_of(built).items


def test_a_baseline_that_is_half_written_is_one_warning_and_nothing_is_lost(build: Build) -> None:
    built = build(FILES | DIFF | {"v1.json": '{"form": "xenfusa baseline",\n'}, xenfusa_baseline="v1.json")
    (told,) = told_of(built, "baseline")
    assert "docs/v1.json:2" in told
    assert record_of(built).baseline is None and len(record_of(built).items) == 2
    assert "Nothing is compared" in built.page("diff.html")


def test_what_was_accepted_with_a_text_makes_a_verdict_stale_when_it_changes(build: Build, tmp_path: Path) -> None:
    page = PAGE.replace(":confirmed-by: c", ":confirmed-by: hwdom_single")
    accept_all(tmp_path, record_of(build({"index.rst": page + DETAIL})))
    built = build({"index.rst": (page + DETAIL).replace("ten", "eleven")}, xenfusa_accepted="accepted.yaml")
    states = {str(one.item.tag): one.model for one in record_of(built).items}
    assert states["XenArch~a~1"] in (Result.STALE, Result.NOT_RUN)
    (link,) = (link for link in record_of(built).links if link.type == "confirms")
    assert link.status is LinkStatus.SUSPECT
