"""The numbers that a search counted stand on the page, under the policy that they are of, and nowhere without a run."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from tests_support import TRACE, Built, verdict

from sphinx_xenfusa.confirm.confirmation import Confirmation
from sphinx_xenfusa.explore.verdict import Tally, Verdict, VerdictKind
from sphinx_xenfusa.sphinxext.build import ConfirmationProcess

PAGE = {"index.rst": "Page\n====\n\n.. xen:tallies:: soundness\n"}
TALLIES = (Tally("rejected", "break <a> rule", 1234, TRACE), Tally("accepted", "break none", 7))


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.fixture
def counted(build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Built]:
    """Builds a page with the table."""

    def run(*verdicts: Verdict, **more: object) -> Built:
        monkeypatch.setattr(ConfirmationProcess, "__init__", lambda self, app, register: None)
        monkeypatch.setattr(ConfirmationProcess, "stop", lambda self: None)
        monkeypatch.setattr(ConfirmationProcess, "wait", lambda self: (Confirmation(verdicts, 1, 0, ()), ""))
        return build(PAGE, xenfusa_confirm="force", **more)

    return run


def test_numbers_by_policy_and_what_is_repaired_for_them(counted: Callable[..., Built]) -> None:
    built = counted(
        verdict("soundness", "specification", VerdictKind.CONFIRMED, tallies=TALLIES),
        verdict("soundness", "dummy", VerdictKind.DIVERGES, tallies=(Tally("accepted", "break none", 5),)),
        verdict("soundness", "silo", VerdictKind.REFUTED),
    )
    page = built.page("index.html")
    said = words(page)
    assert "The document Xen, policy dummy, with D1 repaired" in said
    assert "rejected break &lt;a&gt; rule 1,234 none" in said
    assert "accepted break none 7 5" in said
    what = "What ran: 10 checks, 4 of them could have failed; 2 of 3 mutants refute it."
    assert f"✓ consistent (document) : soundness, the document. {what}" in said
    assert f"≠ diverges (D1) : soundness, Xen, policy dummy. {what}" in said
    assert "refuted : soundness, Xen, policy silo: no numbers of it are known." in said
    assert "the Hardware Domain stops the machine" in page


def test_no_number_without_a_verdict(build: Callable[..., Built]) -> None:
    built = build({"index.rst": "Page\n====\n\n.. xen:tallies:: no_such_claim\n"}, xenfusa_confirm="off")
    assert "no_such_claim gave no verdict, so that nothing was counted." in words(built.page("index.html"))
    (warning,) = [one for one in built.warnings if "unknown_claim" in one]
    assert "index.rst:4" in warning
    assert "found the claim 'no_such_claim', which does not exist" in warning
