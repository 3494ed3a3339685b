"""Claims of a user's own package, as quick as can be: one for each thing that can become of a claim."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sphinx_xenfusa.explore.claim import AnnouncedClaim, Budget
from sphinx_xenfusa.explore.trace import Change, Step, Trace
from sphinx_xenfusa.explore.verdict import MutantReport, Scope, Verdict, VerdictKind

SCOPE = Scope("F", "two platforms × nothing", 2, 2, ("the world is flat", "a < b & c"))
NASTY = "a counterexample with <b>&amp; \x1b[31mred\x00 ]]> \ud800 [bold]markup[/bold] :smile: end"


def trace(title: str, action: str) -> Trace:
    steps = (
        Step("domu", "look", (), "denied with -EPERM", (), "section 1"),
        Step("hwdom", action, (("target", "domu"), ("flag", "0")), "allowed", (Change("power", "up", "off"),), "2.3"),
    )
    return Trace(title, (("power", "up"), ("domu", "running")), steps)


@dataclass(frozen=True)
class Fake:
    id: str
    behave: Callable[["Fake", str | None, frozenset[str]], Verdict]
    policies: tuple[str, ...] = ()
    says: str = "Nothing in particular."
    sources: tuple[Path, ...] = ()

    @property
    def statements(self) -> tuple[str, ...]:
        return (f"XenArch~{self.id}~1",)

    @property
    def scope(self) -> Scope:
        return SCOPE

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        counted = os.environ.get("XENFUSA_FAKE_RUNS")
        if counted:
            with Path(counted).open("a") as stream:
                stream.write(f"{self.id}\n")
        return self.behave(self, policy, repaired)

    def verdict(self, policy: str | None, kind: VerdictKind, reason: str = "") -> Verdict:
        return Verdict(self.id, policy, kind, SCOPE, cases=1200, relevant=34, reason=reason, killed=5, mutants=6)


def holds(claim: Fake, policy: str | None, repaired: frozenset[str]) -> Verdict:
    killer = MutantReport("model/rules.py:1", "condition negated", "if a < b:", "if not a < b:")
    return replace(claim.verdict(policy, VerdictKind.CONFIRMED), witness=trace("It occurs", "wait"), killer=killer)


def broken(claim: Fake, policy: str | None, repaired: frozenset[str]) -> Verdict:
    return replace(claim.verdict(policy, VerdictKind.REFUTED, NASTY), counterexample=trace(NASTY, "break_it"))


def diverges(claim: Fake, policy: str | None, repaired: frozenset[str]) -> Verdict:
    if policy == "specification" or "D1" in repaired:
        return holds(claim, policy, repaired)
    return replace(
        claim.verdict(policy, VerdictKind.REFUTED, "the machine stops"), counterexample=trace("It stops", "stop")
    )


def dies(claim: Fake, policy: str | None, repaired: frozenset[str]) -> Verdict:
    os._exit(7)


def hangs(claim: Fake, policy: str | None, repaired: frozenset[str]) -> Verdict:
    time.sleep(600)
    raise AssertionError("never reached")


def raises(claim: Fake, policy: str | None, repaired: frozenset[str]) -> Verdict:
    raise ValueError("no idea\nat all")


def inconclusive(claim: Fake, policy: str | None, repaired: frozenset[str]) -> Verdict:
    return claim.verdict(policy, VerdictKind.INCONCLUSIVE, "the budget was spent")


def vacuous(claim: Fake, policy: str | None, repaired: frozenset[str]) -> Verdict:
    return claim.verdict(policy, VerdictKind.VACUOUS, "its precondition never occurs")


def not_applicable(claim: Fake, policy: str | None, repaired: frozenset[str]) -> Verdict:
    return claim.verdict(policy, VerdictKind.NOT_APPLICABLE, "no such platform")


BOTH = ("specification", "dummy")

CLAIMS = (
    Fake("fake_holds", holds, says="It [bold]holds[/bold] & <stays>."),
    Fake("fake_broken", broken),
    Fake("fake_diverges", diverges, BOTH),
    Fake("fake_never_diverges", holds, BOTH),
    Fake("fake_dies", dies),
    Fake("fake_hangs", hangs),
    Fake("fake_raises", raises),
    Fake("fake_inconclusive", inconclusive),
    Fake("fake_vacuous", vacuous),
    Fake("fake_not_applicable", not_applicable),
    Fake("fake_elsewhere", holds, ("elsewhere",)),
    Fake("fake_without_sources", holds, sources=(Path("/nonexistent/source.py"),)),
    AnnouncedClaim("fake_announced", "It will hold.", ("XenArch~fake_announced~1",), "a model of it"),
)
