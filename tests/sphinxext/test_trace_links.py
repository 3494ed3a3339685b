"""What a trace names leads to where it is described, and stays words where nothing describes it."""

from __future__ import annotations

from collections.abc import Callable

from bs4 import BeautifulSoup
from tests_support import Built, requirement, verdict

from sphinx_xenfusa.explore.trace import Step, Trace
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.sphinxext.trace_links import Description, TraceLinks

LINKS = TraceLinks(
    {"op:SCHEDOP_yield": ("ops", "op-yield"), "role:Hardware Domain": ("roles", "hw")},
    {"XenArch~aou_dev~2": ("aou", "No such device")},
    {"aou_dev": "XenArch~aou_dev~2"},
)


def test_of_a_clause_what_is_described_is_linked_and_no_word_is_lost() -> None:
    role, assumption = Description("roles", "hw", "Hardware Domain"), "XenArch~aou_dev~2: No such device"
    words = 'Roles, "Hardware Domain"; AoU-DEV: "nobody"; XenArch~aou_dev~2; XenArch~other~1; xen/common/x.c:1'
    parts = list(LINKS.clause(words))
    assert "".join(part for part, _ in parts) == words
    assert [(part, place) for part, place in parts if place is not None] == [
        ("Hardware Domain", role),
        ("AoU-DEV", Description("aou", "XenArch~aou_dev~2", assumption)),
        ("XenArch~aou_dev~2", Description("aou", "XenArch~aou_dev~2", assumption)),
    ]
    assert list(LINKS.clause("")) == [("", None)]


def test_an_operation_is_linked_by_its_whole_name() -> None:
    assert LINKS.operation("SCHEDOP_yield") == Description("ops", "op-yield", "SCHEDOP_yield")
    assert LINKS.operation("SCHEDOP") is None


STEP = Step("hw", "SCHEDOP_shutdown", (), "allowed", (), 'Roles, "Hardware Domain"; xen/sched.c:1')
VERDICT: Verdict = verdict(
    "hwdom_unprivileged", "specification", VerdictKind.CONFIRMED, witness=Trace("t", (), (STEP,))
)
PAGES = {
    "index.rst": "Page\n====\n\n.. toctree::\n\n   one\n   two\n\n"
    + requirement("own", kind="prohibition", options=":confirmed-by: hwdom_unprivileged"),
    "one.rst": "One\n===\n\n.. xen:operation:: SCHEDOP_shutdown\n",
    "two.rst": "Two\n===\n\n.. xen:role:: Hardware Domain\n",
}
MOVED = {"one.rst": "One\n===\n", "two.rst": PAGES["two.rst"] + "\n.. xen:operation:: SCHEDOP_shutdown\n"}


def links(built: Built) -> list[tuple[str, str]]:
    """The links in the row of the step, wherever its trace stands, with the page that they lead to."""
    found = []
    for path in sorted(built.out.rglob("*.html")):
        for link in BeautifulSoup(path.read_text("utf-8"), "html.parser").select("tr[id^=trace-] a.reference"):
            target, _, anchor = str(link["href"]).partition("#")
            if target:
                whole = (path.parent / target).resolve()
                assert f'id="{anchor}"' in whole.read_text("utf-8")
                found.append((link.get_text(), whole.name))
    return found


def test_the_links_of_a_trace_lead_to_where_the_descriptions_are_now(build: Callable[..., Built]) -> None:
    built = build(PAGES, verdicts=(VERDICT,))
    first = links(built)
    assert set(first) == {("SCHEDOP_shutdown", "one.html"), ("Hardware Domain", "two.html")}
    again = links(build(MOVED, verdicts=(VERDICT,)))
    assert set(again) == {("SCHEDOP_shutdown", "two.html"), ("Hardware Domain", "two.html")}
    assert len(again) == len(first)
