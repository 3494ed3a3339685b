"""What the verdicts amount to: findings, and the exit code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sphinx_xenfusa.confirm.register import Register
from sphinx_xenfusa.explore.claim import Claim
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.trace.record import Finding, Place
from sphinx_xenfusa.trace.states import ExitCode, combined_exit_code

EXIT_CODES = {
    VerdictKind.REFUTED: ExitCode.FINDING,
    VerdictKind.VACUOUS: ExitCode.FINDING,
    VerdictKind.ERROR: ExitCode.NO_ANSWER,
    VerdictKind.INCONCLUSIVE: ExitCode.NO_ANSWER,
    VerdictKind.NOT_RUN: ExitCode.NO_ANSWER,
    VerdictKind.DIVERGES: ExitCode.GOOD,
    VerdictKind.NOT_APPLICABLE: ExitCode.GOOD,
    VerdictKind.CONFIRMED: ExitCode.GOOD,
}


def unexpected_divergences(verdicts: Iterable[Verdict], register: Register) -> Iterator[Finding]:
    """A policy of Xen that refutes a claim without a matching entry, and an entry that does not occur."""
    for verdict in verdicts:
        if verdict.policy is None or verdict.policy == "specification":
            continue
        entry = register.expected.get((verdict.claim, verdict.policy))
        place = Place(Path(entry.file).name, entry.line) if entry is not None else None
        if verdict.kind is VerdictKind.REFUTED:
            message = f"{verdict.claim} is refuted under {verdict.policy}: {verdict.reason}"
            yield Finding("unexpected_divergence", place, verdict.claim, message)
        elif entry is not None and verdict.kind is VerdictKind.CONFIRMED:
            names = ", ".join(sorted(entry.divergences))
            message = f"{verdict.claim} is confirmed under {verdict.policy}, but the register expects it to diverge by {names}"
            yield Finding("unexpected_divergence", place, verdict.claim, message)


def unused_entries(register: Register, claims: Mapping[str, Claim]) -> Iterator[Finding]:
    """Entries about claims that are not installed, or under policies that their claim does not run under."""
    for (claim, policy), entry in register.expected.items():
        message = ""
        if claim not in claims:
            message = f"found an entry for the claim {claim!r}; expected a claim that is installed"
        elif policy not in claims[claim].policies:
            runs = ", ".join(claims[claim].policies) or "none: it depends on no policy"
            message = f"found an entry for {claim} under {policy!r}; expected a policy that it runs under ({runs})"
        if message:
            yield Finding("unexpected_divergence", Place(Path(entry.file).name, entry.line), claim, message)


def exit_code(verdicts: Iterable[Verdict], findings: Iterable[Finding]) -> ExitCode:
    """The exit code of a confirmation."""
    codes = [EXIT_CODES[verdict.kind] for verdict in verdicts]
    codes += [ExitCode.FINDING for _ in findings]
    return combined_exit_code(codes)
