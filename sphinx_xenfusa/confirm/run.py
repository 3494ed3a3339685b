"""One run: a claim under a policy, compared with what the register expects."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sphinx_xenfusa.confirm.register import Expected
from sphinx_xenfusa.explore.claim import Budget, Claim, Mutation, UntilOneKills
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import Divergence, Scope, Verdict, VerdictKind


@dataclass(frozen=True, slots=True)
class Job:
    """A claim to run under a policy (``None`` for a claim that depends on none), with what the register expects of it.

    :param mutation: which mutants the run tries.
    """

    claim: str
    policy: str | None
    expected: Expected | None
    mutation: Mutation = field(default_factory=UntilOneKills)


def without_result(claim: Claim, policy: str | None, kind: VerdictKind, reason: str) -> Verdict:
    """The verdict on a claim whose run gave none."""
    return Verdict(claim.id, policy, kind, _scope_or_none(claim), reason=reason)


def _scope_or_none(claim: Claim) -> Scope:
    try:
        return claim.scope
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # The scope of a user's claim is code of theirs; its failure must not hide the verdict that says so.
        return Scope("unknown", f"the claim cannot tell its scope ({error})", 0, None, ())


def confirm(claim: Claim, job: Job, budget: Budget) -> Verdict:
    """Run the claim, and where the register expects a divergence, check that it is exactly the expected one."""
    verdict = claim.run(job.policy, budget)
    if job.expected is None or verdict.kind is not VerdictKind.REFUTED:
        return verdict
    return _as_expected(claim, job.expected, verdict, budget)


def _ends_in(trace: Trace | None) -> str:
    return trace.steps[-1].action if trace is not None and trace.steps else "no step"


def _as_expected(claim: Claim, expected: Expected, refuted: Verdict, budget: Budget) -> Verdict:
    # The verdict is kept by content, so it names the entry and not its line; the finding has the line.
    place = f"the entry for {expected.claim} under {expected.policy}"
    if _ends_in(refuted.counterexample) not in expected.witnesses:
        return replace(
            refuted, reason=f"{refuted.reason}; the counterexample ends in none of the operations that {place} lists"
        )
    by = expected.divergences
    repaired = claim.run(expected.policy, budget, repaired=by)
    if repaired.kind is not VerdictKind.CONFIRMED:
        names = ", ".join(sorted(by))
        return replace(
            refuted, reason=f"with {names} repaired ({place}) the claim is {repaired.kind}: {repaired.reason}"
        )
    shown = []
    for name, operations in expected.by:
        alone = claim.run(expected.policy, budget, repaired=by - {name})
        if alone.kind is not VerdictKind.REFUTED or alone.counterexample is None:
            return replace(refuted, reason=f"{name} alone does not refute the claim: it is idle in {place}")
        if _ends_in(alone.counterexample) not in operations:
            ends = _ends_in(alone.counterexample)
            return replace(refuted, reason=f"{name} alone ends in {ends}, which {place} does not list")
        shown.append(Divergence(name, alone.counterexample))
    names = " and ".join(name for name, _ in expected.by)
    return replace(
        repaired,
        kind=VerdictKind.DIVERGES,
        reason=f"refuted as expected by {names}; holds with {'them' if len(by) > 1 else 'it'} repaired",
        counterexample=refuted.counterexample,
        divergences=tuple(shown),
    )
