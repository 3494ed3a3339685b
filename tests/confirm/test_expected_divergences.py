"""What becomes of a refuted claim when the register expects it, and of an expectation that does not come true."""

from __future__ import annotations

import pytest
from fake_claims import Diverging, Fake

from sphinx_xenfusa.confirm.findings import EXIT_CODES, exit_code, unexpected_divergences, unused_entries
from sphinx_xenfusa.confirm.register import Expected, Register
from sphinx_xenfusa.confirm.run import Job, confirm
from sphinx_xenfusa.explore.claim import Budget
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.trace.record import Finding

LINE = 12


def entry(**by: list[str]) -> Expected:
    pairs = tuple((name, tuple(operations)) for name, operations in sorted(by.items()))
    return Expected("claim", "dummy", pairs, "/somewhere/divergences.yaml", LINE)


def register(*entries: Expected) -> Register:
    return Register("0" * 40, "somebody", "2026-01-01", {}, {(one.claim, one.policy): one for one in entries})


def run(claim: Fake, expected: Expected | None, policy: str = "dummy") -> Verdict:
    return confirm(claim, Job(claim.id, policy, expected), Budget())


def findings(verdict: Verdict, *entries: Expected) -> list[Finding]:
    return list(unexpected_divergences([verdict], register(*entries)))


TWO = Diverging("claim", by=(("D1", "shutdown"), ("D2", "console")))


def test_expected() -> None:
    expected = entry(D1=["reset", "shutdown"], D2=["console"])
    got = run(TWO, expected)
    assert got.kind is VerdictKind.DIVERGES
    assert got.reason == "refuted as expected by D1 and D2; holds with them repaired"
    assert got.counterexample is not None
    assert [(one.id, one.trace.steps[-1].action) for one in got.divergences] == [("D1", "shutdown"), ("D2", "console")]
    assert got.witness is not None
    assert findings(got, expected) == []
    assert exit_code([got], []) == 0


def test_removed_entry() -> None:
    got = run(TWO, None)
    assert (got.kind, got.reason) == (VerdictKind.REFUTED, "ends in shutdown")
    (finding,) = findings(got)
    assert finding == Finding("unexpected_divergence", None, "claim", "claim is refuted under dummy: ends in shutdown")
    assert exit_code([got], []) == 1


MISMATCHES = {
    "idle": (
        TWO,
        entry(D1=["shutdown"], D2=["console"], D9=["console"]),
        "D9 alone does not refute the claim: it is idle in the entry for claim under dummy",
    ),
    "unknown operation": (
        TWO,
        entry(D1=["SCHEDOP_shutdwon"], D2=["console"]),
        "ends in shutdown; the counterexample ends in none of the operations that the entry for claim under dummy lists",
    ),
    "operation of another divergence": (
        TWO,
        entry(D1=["console"], D2=["shutdown", "console"]),
        "D1 alone ends in shutdown, which the entry for claim under dummy does not list",
    ),
    "masked by a divergence that is left out": (
        TWO,
        entry(D1=["shutdown"]),
        "with D1 repaired (the entry for claim under dummy) the claim is refuted: ends in console",
    ),
    "masked by a fault that no divergence explains": (
        Diverging("claim", by=(("D1", "shutdown"), ("", "pause"))),
        entry(D1=["shutdown"]),
        "with D1 repaired (the entry for claim under dummy) the claim is refuted: ends in pause",
    ),
    "vacuous when repaired": (
        Diverging("claim", by=(("D1", "shutdown"),), otherwise=VerdictKind.VACUOUS),
        entry(D1=["shutdown"]),
        "with D1 repaired (the entry for claim under dummy) the claim is vacuous: ",
    ),
    "inconclusive when repaired": (
        Diverging("claim", by=(("D1", "shutdown"),), otherwise=VerdictKind.INCONCLUSIVE),
        entry(D1=["shutdown"]),
        "with D1 repaired (the entry for claim under dummy) the claim is inconclusive: ",
    ),
    "refuted without a trace": (
        Fake("claim", VerdictKind.REFUTED),
        entry(D1=["shutdown"]),
        "; the counterexample ends in none of the operations that the entry for claim under dummy lists",
    ),
}


@pytest.mark.parametrize("case", MISMATCHES)
def test_entry_that_does_not_match(case: str) -> None:
    claim, expected, reason = MISMATCHES[case]
    got = run(claim, expected)
    assert (got.kind, got.reason) == (VerdictKind.REFUTED, reason)
    (finding,) = findings(got, expected)
    assert (finding.subtype, finding.about) == ("unexpected_divergence", "claim")
    assert str(finding.place) == "divergences.yaml:12"
    assert finding.message == f"claim is refuted under dummy: {reason}"
    assert exit_code([got], [finding]) == 1


def test_unexpected_pass() -> None:
    expected = entry(D1=["shutdown"], D2=["console"])
    got = run(Fake("claim"), expected)
    assert got.kind is VerdictKind.CONFIRMED
    (finding,) = findings(got, expected)
    assert finding.message == "claim is confirmed under dummy, but the register expects it to diverge by D1, D2"
    assert str(finding.place) == "divergences.yaml:12"
    assert exit_code([got], [finding]) == 1


@pytest.mark.parametrize("kind", [VerdictKind.VACUOUS, VerdictKind.INCONCLUSIVE, VerdictKind.ERROR])
def test_an_entry_excuses_a_refutation_only(kind: VerdictKind) -> None:
    expected = entry(D1=["shutdown"])
    got = run(Fake("claim", kind), expected)
    assert got.kind is kind
    assert exit_code([got], findings(got, expected)) == (1 if kind is VerdictKind.VACUOUS else 3)


def test_entry_of_another_policy_excuses_nothing() -> None:
    got = run(Fake("claim", VerdictKind.REFUTED), None, "specification")
    assert findings(got, entry(D1=["shutdown"])) == []
    assert exit_code([got], []) == 1
    silo = run(TWO, None, "silo")
    assert len(findings(silo, entry(D1=["shutdown"], D2=["console"]))) == 1


def test_entry_about_a_claim_that_does_not_exist() -> None:
    (finding,) = unused_entries(register(entry(D1=["shutdown"])), {"another": Fake("another")})
    assert (finding.subtype, str(finding.place), finding.about) == (
        "unexpected_divergence",
        "divergences.yaml:12",
        "claim",
    )
    assert list(unused_entries(register(entry(D1=["shutdown"])), {"claim": TWO})) == []


def test_entry_under_a_policy_that_its_claim_does_not_run_under() -> None:
    free = Fake("claim", policies=())
    (finding,) = unused_entries(register(entry(D1=["shutdown"])), {"claim": free})
    assert "'dummy'" in finding.message
    assert "none: it depends on no policy" in finding.message


CODES = {
    "confirmed": 0,
    "diverges": 0,
    "not applicable": 0,
    "refuted": 1,
    "vacuous": 1,
    "error": 3,
    "inconclusive": 3,
    "not run": 3,
}


@pytest.mark.parametrize("kind", VerdictKind)
def test_exit_code_of_one_verdict(kind: VerdictKind) -> None:
    assert exit_code([run(Fake("claim", kind), None)], []) == CODES[kind.value]
    assert set(EXIT_CODES) == set(VerdictKind)


@pytest.mark.parametrize(
    ("kinds", "found", "code"),
    [
        ([], 0, 0),
        (["confirmed", "diverges"], 0, 0),
        (["confirmed", "inconclusive"], 0, 3),
        (["error", "refuted", "confirmed"], 0, 1),
        (["not run", "vacuous"], 0, 1),
        (["confirmed"], 1, 1),
        (["error"], 1, 1),
        ([], 1, 1),
    ],
)
def test_exit_code_of_several(kinds: list[str], found: int, code: int) -> None:
    verdicts = [run(Fake("claim", VerdictKind(kind)), None) for kind in kinds]
    extra = [Finding("unexpected_divergence", None, "claim", "words")] * found
    assert exit_code(verdicts, extra) == code
    assert exit_code(reversed(verdicts), extra) == code
