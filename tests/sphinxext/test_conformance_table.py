"""The table of the VirtIO standard's demands: all of them are there, whatever ran."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests_support import Built, verdict

from sphinx_xenfusa.claims.virtio_conformance import rows
from sphinx_xenfusa.confirm.confirmation import Confirmation
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.sphinxext.build import ConfirmationProcess

PAGE = {"index.rst": "Page\n====\n\n.. xen:conformance::\n"}


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.fixture
def shown(build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Built]:
    """Builds a page with the table from verdicts."""

    def run(*verdicts: Verdict) -> Built:
        monkeypatch.setattr(ConfirmationProcess, "__init__", lambda self, app, register: None)
        monkeypatch.setattr(ConfirmationProcess, "stop", lambda self: None)
        monkeypatch.setattr(ConfirmationProcess, "wait", lambda self: (Confirmation(verdicts, 1, 0), ""))
        return build(PAGE, xenfusa_confirm="force")

    return run


def test_every_demand_has_its_verdict_or_its_reason(shown: Callable[..., Built]) -> None:
    refuted = replace(verdict("vq_framing", None, VerdictKind.REFUTED), reason="the cut is looked at")
    built = shown(verdict("vq_alignment", None, VerdictKind.CONFIRMED), refuted)
    assert [one for one in built.warnings if "[xenfusa.refuted]" not in one] == []
    page = built.page("index.html")
    said = words(page)
    for one in rows():
        assert said.count(one.id) >= 1
    aligned = sum(one.check == "alignment" for one in rows())
    modelled = sum(bool(one.check) for one in rows())
    assert f"{len(rows())} demands:" in said
    assert re.search(rf"{aligned} \S+ confirmed", said)
    assert re.search(r"1 \S+ refuted", said)
    assert re.search(rf"{len(rows()) - modelled} \S+ not modelled", said)
    # Asked to run, and no verdict came.
    assert re.search(rf"{modelled - aligned - 1} \S+ error", said)
    assert re.search(
        r"VQ-S-DEV-005 Basic Facilities of a Virtio Device / Message Framing split-ring\.tex:146 device MUST NOT "
        r"The device draws no conclusion from how a message is cut into descriptors\. vq_framing \S+ refuted",
        said,
    )
    assert re.search(r"VQ-S-BOTH-004 .*? the legacy interface is not modelled\. \S+ not modelled", said)
    assert "the cut is looked at" in said
    # Worst first, then as in the standard.
    split = next(one for one in re.findall(r"<table.*?</table>", page, re.DOTALL) if "says of split" in one)
    states = re.findall(r"xenfusa-state xenfusa-([a-z-]+)", split)
    assert states == sorted(states, key=["failed", "error", "not-run", "passed"].index)
    assert states[0] == "failed"
    assert "For VQ-S-DRV-001, VQ-P-DRV-052." in said


def test_nothing_is_confirmed_where_nothing_ran(build: Callable[..., Built]) -> None:
    page = words(build(PAGE, xenfusa_confirm="off").page("index.html"))
    assert "confirmed" not in page.split("120 demands:")[1]
    assert f"{sum(bool(one.check) for one in rows())} " in page
