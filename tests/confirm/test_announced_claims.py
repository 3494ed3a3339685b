"""Claims that are announced: named, listed and counted like any other, and never anything but not run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from fake_claims import Fake

from sphinx_xenfusa.confirm.confirmation import carry_out, plan
from sphinx_xenfusa.confirm.register import Register
from sphinx_xenfusa.confirm.registry import GROUP, load_claims
from sphinx_xenfusa.explore.claim import AnnouncedClaim, Budget, Claim
from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.trace.states import ExitCode

REGISTER = Register("0" * 40, "somebody", "2026-01-01", {}, {})
LATER = AnnouncedClaim("later", "It will hold.", ("XenArch~later~1",), "a model of the thing", ("specification",))
FREE = AnnouncedClaim("later_too", "It will hold too.", ("XenArch~later_too~1",), "a model of another thing")


def claims(*some: Claim) -> Mapping[str, Claim]:
    return {claim.id: claim for claim in some}


def test_it_is_a_claim_whose_verdict_is_not_run() -> None:
    assert isinstance(LATER, Claim)
    for policy in ("specification", "dummy", None):
        verdict = LATER.run(policy, Budget())
        assert (verdict.kind, verdict.policy) == (VerdictKind.NOT_RUN, policy)
        assert verdict.reason == "no model yet: a model of the thing"
        assert (verdict.cases, verdict.mutants, verdict.witness) == (0, 0, None)


def test_without_names_nothing_is_run_for_it() -> None:
    planned = plan(claims(LATER, FREE, Fake("fine")), REGISTER)
    assert {job.claim for job in planned.jobs} == {"fine"}
    assert planned.announced == ("later", "later_too")


def test_by_name_it_is_not_run_and_there_is_no_answer(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    planned = plan(claims(LATER, FREE), REGISTER, names=["later", "later_too"])
    found = carry_out(
        planned,
        cache_dir=tmp_path / "cache",
        progress=lambda done, total, last: told.append((done, total, last.claim if last else "")),
    )
    assert [(one.claim, one.policy, one.kind) for one in found.verdicts] == [
        ("later", "specification", VerdictKind.NOT_RUN),
        ("later_too", None, VerdictKind.NOT_RUN),
    ]
    assert (found.ran, found.cached) == (0, 0)
    assert found.exit_code is ExitCode.NO_ANSWER
    assert told == [(0, 2, ""), (1, 2, "later"), (2, 2, "later_too")]
    assert not (tmp_path / "cache").exists()


def test_nothing_but_announced_claims_is_nothing_to_run() -> None:
    with pytest.raises(InputError, match="no claims installed that can be run"):
        plan(claims(LATER), REGISTER)


def test_none_of_ours_is_left_to_be_announced() -> None:
    """Whoever announces one again says so here, with what it waits for."""
    assert [name for name, claim in load_claims().items() if isinstance(claim, AnnouncedClaim)] == [], GROUP


@pytest.mark.shared
def test_every_statement_of_the_virtio_chapter_has_a_claim() -> None:
    """Announced or real: none can be forgotten."""
    path = Path(__file__).parents[3] / "shared" / "spec" / "statements.md"
    if not path.exists():
        pytest.skip(f"{path} is missing")
    rows = [line.split("|")[1].strip() for line in path.read_text("utf-8").splitlines() if line.startswith("| ")][1:]
    chapter = rows[rows.index("virtio_shares_device") :]
    assert len(chapter) > 20
    assert set(chapter) <= set(load_claims())
