"""The mutation run: every mutant of the model against every claim and policy that it can matter to, and its record.

Only claims whose record is not of these sources are run again.  A run that is interrupted loses nothing that was finished: what
each claim and policy gave is kept in the cache, under the digest of what it depends on, and taken from there the next time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sphinx_xenfusa.confirm.adequacy import digest_of, stale_claims
from sphinx_xenfusa.confirm.adequacy_record import AdequacyRecord, ClaimRecord, Sources, claim_record
from sphinx_xenfusa.confirm.cache import Cache
from sphinx_xenfusa.confirm.confirmation import Mode, Progress, known_policies, refuse_unknown
from sphinx_xenfusa.confirm.executors import Workers
from sphinx_xenfusa.confirm.findings import EXIT_CODES
from sphinx_xenfusa.confirm.register import Register
from sphinx_xenfusa.confirm.registry import OURS, package_of
from sphinx_xenfusa.confirm.run import Job
from sphinx_xenfusa.confirm.schedule import DEFAULT_TIMEOUT, Watch, jobs_for, run_jobs
from sphinx_xenfusa.explore.claim import AnnouncedClaim, Claim, EveryMutant
from sphinx_xenfusa.explore.survivors import Tried
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.trace.states import ExitCode, combined_exit_code


class _KeptByClaim(Cache):
    """A cache whose keys are as fine as the record: an edit of a model concerns the claims that are made of it."""

    def __init__(self, folder: Path, digests: Mapping[str, str]) -> None:
        super().__init__(folder)
        self._digests = digests

    def key(self, claim: Claim, job: Job) -> str:
        """The key of a run, by the digest of its claim in place of the whole package."""
        package, self.package = self.package, self._digests[claim.id]
        try:
            return super().key(claim, job)
        finally:
            self.package = package


@dataclass(frozen=True)
class MutationPlan:
    """What of the mutation run is to be done.

    :param digests: of each claim that is to be run, what it depends on.
    :param current: the chosen claims whose record is of these sources; they are not run.
    """

    claims: Mapping[str, Claim]
    jobs: tuple[Job, ...]
    digests: Mapping[str, str]
    current: tuple[str, ...]


@dataclass(frozen=True)
class MutationRun:
    """What the mutation run gave.

    :param made: the record of each claim all of whose runs gave an answer.
    :param without: the claims of which some run gave none, with the reasons.
    :param verdicts: of all runs.
    :param lost: why runs were not finished, when their executor went away; empty otherwise.
    """

    made: Mapping[str, ClaimRecord]
    without: Mapping[str, str]
    verdicts: tuple[Verdict, ...]
    ran: int
    cached: int
    lost: str = ""

    @property
    def exit_code(self) -> ExitCode:
        """0 all good, 1 a claim that is refuted or that no mutant refutes, 3 no answer."""
        return combined_exit_code([EXIT_CODES[one.kind] for one in self.verdicts])


def can_be_mutated(claims: Mapping[str, Claim], record: AdequacyRecord) -> tuple[str, ...]:
    """The claims that a mutation run is about unless some are named: ours, and those that the record tells of."""
    return tuple(
        name
        for name, claim in sorted(claims.items())
        if not isinstance(claim, AnnouncedClaim) and (package_of(claim) == OURS or name in record.claims)
    )


def plan_mutation_run(
    claims: Mapping[str, Claim],
    register: Register,
    record: AdequacyRecord,
    *,
    names: Sequence[str] = (),
    mode: Mode = "cache",
) -> MutationPlan:
    """Choose what to run.

    :param names: the claims; all when empty.
    :param mode: ``cache`` leaves out claims whose record is of these sources; ``force`` runs them all.
    :raises InputError: a claim that does not exist.
    """
    for name in names:
        refuse_unknown(name, claims, "claim")
    chosen = sorted({*names}) or can_be_mutated(claims, record)
    runnable = [name for name in chosen if not isinstance(claims[name], AnnouncedClaim)]
    stale = {*stale_claims(record, claims, register)} | {name for name in runnable if name not in record.claims}
    meant = [name for name in runnable if mode == "force" or name in stale]
    jobs = jobs_for([claims[name] for name in meant], known_policies(claims.values()), register)
    return MutationPlan(
        claims,
        tuple(replace(job, mutation=EveryMutant()) for job in jobs),
        {name: digest_of(claims[name], register) for name in meant},
        tuple(name for name in runnable if name not in meant),
    )


def carry_out_mutation_run(
    planned: MutationPlan,
    *,
    cache_dir: Path,
    mode: Mode,
    timeout: float = DEFAULT_TIMEOUT,
    processes: int | None = None,
    workers: Workers | None = None,
    progress: Progress = lambda done, total, last: None,
    watch: Watch | None = None,
) -> MutationRun:
    """Run what is planned.

    :param cache_dir: where finished runs are kept until the record is written, and after.
    :param mode: ``force`` takes nothing that is kept.
    :param timeout: seconds for each claim and policy.
    :param processes: how many at once; by default as many as there are cores.
    :param workers: what runs the jobs in place of processes of our own.
    :raises OSError: the folder cannot be written: then an interruption would lose everything.
    """
    cache = _KeptByClaim(cache_dir, planned.digests)
    done = 0

    def one_more(verdict: Verdict, cached: bool) -> None:
        nonlocal done
        done += 1
        progress(done, len(planned.jobs), verdict)

    progress(0, len(planned.jobs), None)
    found = run_jobs(
        planned.jobs,
        planned.claims,
        cache=cache,
        read_cache=mode == "cache",
        timeout=timeout,
        processes=processes,
        workers=workers,
        progress=one_more,
        watch=watch,
    )
    verdicts = {(one.claim, one.policy): one for one in found.verdicts}
    tried: dict[str, dict[str | None, Tried]] = {}
    without: dict[str, str] = {}
    for job in planned.jobs:
        verdict = verdicts[job.claim, job.policy]
        lists = _lists(verdict, cache, cache.key(planned.claims[job.claim], job))
        if lists is None:
            under = f" under {job.policy}" if job.policy else ""
            without.setdefault(job.claim, f"{verdict.kind}{under}: {verdict.reason or 'its mutants are not known'}")
        else:
            tried.setdefault(job.claim, {})[job.policy] = lists
    sources = Sources()
    made = {
        name: claim_record(planned.digests[name], runs, sources) for name, runs in tried.items() if name not in without
    }
    return MutationRun(made, without, found.verdicts, found.ran, found.cached, found.lost)


_ANSWERED = frozenset({VerdictKind.CONFIRMED, VerdictKind.DIVERGES, VerdictKind.VACUOUS, VerdictKind.NOT_APPLICABLE})


def _lists(verdict: Verdict, cache: Cache, key: str) -> Tried | None:
    """The mutants that a run tried; ``None`` when it gave no answer about them."""
    if verdict.kind not in _ANSWERED:
        return None
    if verdict.killers or verdict.survivors or verdict.broken or not verdict.mutants:
        return Tried(verdict.killers, verdict.survivors, verdict.broken)
    return cache.load_tried(key)


def differences(record: AdequacyRecord, made: Mapping[str, ClaimRecord]) -> Iterable[str]:
    """What a run anew found otherwise than the record says, a line for each claim and policy."""
    for name, again in sorted(made.items()):
        recorded = record.claims.get(name)
        if recorded is None:
            yield f"{name}: not in the record"
            continue
        for policy, run in sorted(again.runs.items(), key=lambda one: one[0] or ""):
            before = recorded.runs.get(policy)
            if before != run:
                under = f" under {policy}" if policy else ""
                told = "nothing" if before is None else f"{before.killed} of {before.tried} mutants killed"
                yield f"{name}{under}: found {run.killed} of {run.tried} mutants killed; the record says {told}"
        lists = (again.killed, again.survived, again.broken)
        if lists != (recorded.killed, recorded.survived, recorded.broken):
            moved = len(again.killed ^ recorded.killed)
            yield f"{name}: {moved} mutants are killed by one of the two only, the record or the run"


def samples(claims: Mapping[str, Claim], chapters: Mapping[str, str], record: AdequacyRecord) -> tuple[str, ...]:
    """One claim of each chapter: the one whose mutation run tries the fewest mutants, and at least one.

    :param chapters: the entry point that offers each claim.
    """
    cheapest: dict[str, tuple[int, str]] = {}
    for name in can_be_mutated(claims, record):
        recorded = record.claims.get(name)
        size = sum(run.tried for run in recorded.runs.values()) if recorded is not None else 0
        if size:
            chapter = chapters.get(name, "")
            cheapest[chapter] = min(cheapest.get(chapter, (size, name)), (size, name))
    return tuple(sorted(name for _, name in cheapest.values()))
