"""What the pages, warnings and exit code say of the tracing policy, justifications, retired ids and what is inherited."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from tests_support import Built, requirement, verdict

from sphinx_xenfusa.explore.verdict import VerdictKind

TOP = """\
.. xen:req:: Top
   :id: XenProd~top~1
   :kind: rule
   :needs: XenArch

   Xen shall.

.. xen:req:: Middle
   :id: XenArch~middle~1
   :kind: rule
   :covers: XenProd~top~1
   :needs: XenSwdgn

   Xen shall.
"""
PAGE = f"T\n=\n\n{TOP}\n.. xen:summary::\n\n.. xen:matrix::\n   :columns: state, inherited\n"
POLICY = """\
demands:
  - name: design
    type: XenArch
    needs: XenSwdgn
"""
JUSTIFIED = """\
justifications:
  - id: XenArch~middle~1
    reason: Designed elsewhere
    owner: the safety manager
    expires: 2026-06-30
"""


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", "", page).split())


def test_what_is_worse_below_is_shown_with_its_way_and_the_matrix_has_a_column(build: Callable[..., Built]) -> None:
    page = PAGE.replace("   :needs: XenArch\n", "   :needs: XenArch\n   :confirmed-by: criticality_closed_set\n")
    verdicts = (verdict("criticality_closed_set", None, VerdictKind.CONFIRMED),)
    built = build({"index.rst": page}, verdicts=verdicts)
    text = text_of(built.page("index.html"))
    assert "Below: ∅ none: XenArch~middle~1 → no XenSwdgn" in text
    assert text.count("Below: ") == 1  # of what is missing right at hand the item's own state and needs say it
    assert "∅ none: no XenSwdgn" in text
    (top,) = [one for one in built.record.items if one.item.tag.name == "top"]
    assert (top.result.value, top.inherited_path) == ("passed", ("XenArch~middle~1", "XenSwdgn"))


def test_a_gate_that_is_not_met_fails_the_build_without_being_asked(build: Callable[..., Built]) -> None:
    built = build({"index.rst": PAGE, "policy.yaml": POLICY}, xenfusa_trace_policy="policy.yaml")
    assert built.types() == ["xenfusa.gate"]
    assert "docs/policy.yaml:2" in built.warnings[0]
    assert "found 0 of 1; expected at least 100 %; lacking: XenArch~middle~1" in built.warnings[0]
    assert built.status == 1
    page = built.page("index.html")
    assert "Gates: 1 of 1 not met" in page
    assert "The policy asks for: " in page


def test_a_policy_in_conf_py_is_the_same(build: Callable[..., Built]) -> None:
    policy = {"demands": [{"name": "design", "type": "XenArch", "needs": "coverage"}]}
    built = build({"index.rst": PAGE}, xenfusa_trace_policy=policy)
    assert (built.types(), built.status) == (["xenfusa.gate"], 1)
    assert "conf.py:1" in built.warnings[0]
    good = build(xenfusa_trace_policy={"demands": [{"name": "none", "type": "XenMkt", "needs": "model"}]})
    assert (good.types(), good.status) == ([], 0)
    assert "n/a: no such item" in good.page("index.html")


@pytest.mark.parametrize("text", ["demands: 3\n", "demands: [", None])
def test_a_policy_that_cannot_be_read_is_not_met(build: Callable[..., Built], text: str | None) -> None:
    files = {"index.rst": PAGE} | ({} if text is None else {"policy.yaml": text})
    built = build(files, xenfusa_trace_policy="policy.yaml")
    assert (built.types(), built.status) == (["xenfusa.input"], 1)
    assert "docs/policy.yaml:1" in built.warnings[0]


def test_a_slip_in_the_policy_is_told(build: Callable[..., Built]) -> None:
    policy = {"demands": [{"name": "a", "type": "XenMkt", "needs": "model or modle"}]}
    built = build({"index.rst": PAGE}, xenfusa_trace_policy=policy)
    assert built.types() == ["xenfusa.policy"]


def test_a_justification_is_shown_and_an_expired_one_is_told(build: Callable[..., Built]) -> None:
    files = {"index.rst": PAGE, "justified.yaml": JUSTIFIED}
    settings = {"xenfusa_justifications": "justified.yaml"}
    built = build(files, **settings, xenfusa_today="2026-06-30")
    assert built.types() == []
    page = built.page("index.html")
    assert "by the safety manager, until 2026-06-30: Designed elsewhere." in page
    assert "Justified exclusions: 1, of " in page
    (middle,) = [one for one in built.record.items if one.item.tag.name == "middle"]
    assert (middle.result.value, middle.coverage.value) == ("justified", "uncovered")

    late = build(**settings, xenfusa_today="2026-07-01")
    assert late.types() == ["xenfusa.justification"]
    assert "docs/justified.yaml:2" in late.warnings[0]
    assert "Nothing is excused: it has expired." in late.page("index.html")


def test_the_page_follows_the_words_of_a_justification(build: Callable[..., Built]) -> None:
    settings = {"xenfusa_justifications": "justified.yaml", "xenfusa_today": "2026-06-30"}
    build({"index.rst": f"T\n=\n\n{TOP}", "justified.yaml": JUSTIFIED}, **settings)
    built = build({"justified.yaml": JUSTIFIED.replace("elsewhere", "by another team")}, **settings)
    assert "Designed by another team." in built.page("index.html")


def test_the_day_comes_from_the_epoch_where_none_is_stated(
    build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    files = {"index.rst": PAGE, "justified.yaml": JUSTIFIED}
    assert build(files, xenfusa_justifications="justified.yaml").types() == []


def test_a_retired_id_that_is_used_again_is_told(build: Callable[..., Built]) -> None:
    stones = "retired:\n  - {name: XenArch~hwdom_single, reason: split in two}\n"
    files = {"index.rst": f"T\n=\n\n{requirement()}", "retired.yaml": stones}
    built = build(files, xenfusa_tombstones="retired.yaml")
    assert built.types() == ["xenfusa.retired"]
    assert "docs/index.rst:4" in built.warnings[0]
    assert "split in two" in built.warnings[0]


@pytest.mark.parametrize("value", ["2026-13-01", "today", "20260101"])
def test_a_day_that_is_none_is_refused(build: Callable[..., Built], value: str) -> None:
    assert build({"index.rst": PAGE}, xenfusa_today=value).types() == ["xenfusa.config"]


def test_more_can_be_asked_for_at_a_higher_level(build: Callable[..., Built]) -> None:
    page = "T\n=\n\n" + requirement("low", options=":level: ASIL A") + requirement("high", options=":level: ASIL  D")
    policy = {"demands": [{"name": "highest", "level": "ASIL D", "needs": "test and review"}]}
    built = build({"index.rst": f"{page}\n.. xen:matrix::\n   :columns: level\n"}, xenfusa_trace_policy=policy)
    assert [(one.item.level, one.lacks) for one in built.record.items] == [
        ("ASIL D", ("test and review",)),
        ("ASIL A", ()),
    ]
    assert (built.types(), built.status) == (["xenfusa.gate"], 1)
    assert "Integrity level" in built.page("index.html")
