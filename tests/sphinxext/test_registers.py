"""Registers: each has its number, and an empty one says of how much it is empty, or that nothing was looked at."""

import re
from collections.abc import Callable

from test_case_pages import failure, report
from test_every_builder import Page, dead_links, pages
from tests_support import Built, requirement, verdict

from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.sphinxext.registers import REGISTERS

Build = Callable[..., Built]

ALL = "Lists\n=====\n\n.. toctree::\n\n   a\n\n" + "\n".join(f".. xen:register:: {name}\n" for name in REGISTERS)
GOOD = requirement("good", options=":confirmed-by: hwdom_single")


def project(*requirements: str, index: str = ALL, **more: str) -> dict[str, str]:
    return {"index.rst": index, "a.rst": "A\n=\n\n" + "\n".join(requirements), **more}


def words(built: Built) -> str:
    return Page(built.out / "index.html").words


def confirmed(claim: str, *kinds: VerdictKind) -> tuple[object, ...]:
    return tuple(verdict(claim, policy, kind) for policy, kind in zip(("specification", "dummy"), kinds, strict=True))


def test_each_register_has_its_number_and_its_entries(build: Build) -> None:
    assumption = requirement("aou", kind="assumption", options=":owner: The integrator.\n:discharge: A manual.")
    cases = (("t", "test_a", "XenArch~good~1", failure()), ("t", "test_b", "", "<skipped message='no board'/>"))
    excused = "justifications:\n  - id: XenArch~aou~1\n    reason: Elsewhere.\n    owner: M\n    expires: 2026-01-01\n"
    built = build(
        project(
            GOOD,
            assumption,
            "\n\n.. xen:req:: Wrong\n   :kind: rule\n\n   X.\n",
            **{
                "r.xml": report(*cases),
                "j.yaml": excused,
            },
        ),
        verdicts=confirmed("hwdom_single", VerdictKind.CONFIRMED, VerdictKind.DIVERGES),
        xenfusa_test_reports=["r.xml"],
        xenfusa_justifications="j.yaml",
        xenfusa_today="2026-02-01",
    )
    said = words(built)
    for part in (
        r"What is wrong in the sources and reports: \d+, of 2 requirements in 1 file, \d+ links and 1 test report looked at",
        r"Gaps: 1, of 2 requirements looked at.*?XenArch~aou~1.*?no claim and no test checks it",
        r"Suspects: – nothing was looked at: nobody has accepted a link or a review yet",
        r"Justified exclusions: 1, of 2 .*?Elsewhere\. M ✗ expired on 2026-01-01 nothing",
        r"Suppressed for a stated reason: none, of \d+ findings looked at",
        r"Assumptions of use: 1, of 2 .*?The integrator\. A manual\. ∅ none",
        r"Tests that did not run: 1.*?test_b.*?no board",
        r"Anomalies: \d+, of \d+ verdicts, 2 test cases and 1 test report looked at.*?✗ test failed",
        r"Unclaimed statements: – nothing was looked at",
        r"Divergences of Xen from the document: 1 found, register: \d+, of \d+ verdicts looked at.*?"
        r"≠ D1 The document: .*?Xen, policy dummy hwdom_single XenArch~good~1",
    ):
        assert re.search(part, said), part
    assert list(dead_links(pages(built.out))) == []
    assert built.page("index.html").count("xenfusa-filterable") >= 6


def test_an_empty_register_says_of_how_much(build: Build) -> None:
    built = build(
        project(GOOD, index=ALL.replace(".. xen:register:: findings\n", "")),
        verdicts=confirmed("hwdom_single", VerdictKind.CONFIRMED, VerdictKind.CONFIRMED),
    )
    said = words(built)
    assert "Gaps: none, of 1 requirement looked at." in said
    assert "Justified exclusions: none, of 1 requirement looked at." in said
    assert "Assumptions of use: none, of 1 requirement looked at." in said
    assert "Suppressed for a stated reason: – nothing was looked at" in said
    assert "Tests that did not run: – not known, without test results" in said


def test_where_nothing_was_looked_at_no_register_says_none(build: Build) -> None:
    built = build(project())
    said = words(built)
    assert "none, of" not in said
    assert said.count("nothing was looked at") >= 6
    # The register is there whether or not anything ran; that nothing did stands in its rows.
    assert "Divergences of Xen from the document: 0 found" in said
    assert "– not run" in said


def test_a_register_that_does_not_exist_is_told_at_its_line(build: Build) -> None:
    index = "L\n=\n\n.. toctree::\n\n   a\n\n.. xen:register:: gapps, gaps\n"
    built = build(project(requirement("alone"), index=index))
    (told,) = [one for one in built.warnings if one.endswith("[xenfusa.option]")]
    assert re.match(r"docs/index\.rst:8: WARNING: found the register 'gapps'; expected one of findings, gaps", told)
    assert "Gaps: 1, of 1" in words(built)


def test_an_unexpected_divergence_and_a_stale_register_page(build: Build) -> None:
    kinds = (VerdictKind.CONFIRMED, VerdictKind.CONFIRMED)
    first = build(project(GOOD), verdicts=confirmed("hwdom_single", *kinds))
    assert "unexpected divergence" not in words(first)
    worse = build(verdicts=confirmed("hwdom_single", VerdictKind.CONFIRMED, VerdictKind.REFUTED))
    assert "✗ unexpected divergence hwdom_single Xen, policy dummy it stops" in words(worse)


def test_the_contents_lead_to_each_register_with_its_own_number(build: Build) -> None:
    """Read from the page: each line of the contents is what the register that it leads to says of itself."""
    index = ALL.replace("   a\n\n", "   a\n\n.. xen:register:: contents, gaps\n\n.. xen:register:: gaps\n\n", 1)
    built = build(project(GOOD, requirement("bare"), index=index), verdicts=())
    page = built.page("index.html")
    (table,) = re.findall(r'<table class="[^"]*xenfusa-contents.*?</table>', page, re.DOTALL)
    links = dict(re.findall(r'href="#(register-[a-z]+)">([^<]+)</a>', table))
    assert links.keys() == {f"register-{name}" for name in REGISTERS}
    for anchor, name in links.items():
        assert page.count(f'id="{anchor}"') == 1, anchor
        assert name in page[page.index(f'id="{anchor}"') :]
    row = re.search(r"<tr[^>]*>(?:(?!</tr>).)*register-gaps.*?</tr>", table, re.DOTALL)
    assert row is not None
    assert "1, of 2 requirements looked at" in re.sub("<[^>]+>", "", row[0])
