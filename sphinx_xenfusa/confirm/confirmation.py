"""A confirmation as a whole: which claims under which policies, what came out, and its published form.

The command line and the process that Sphinx starts both go through here, so that they give the same answer.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from sphinx_xenfusa.confirm.adequacy import gathered_key, mutants_of_record
from sphinx_xenfusa.confirm.adequacy_record import NO_RECORD, MutationRecord, Sources
from sphinx_xenfusa.confirm.cache import Cache
from sphinx_xenfusa.confirm.equivalents import Equivalent, reviewed
from sphinx_xenfusa.confirm.executors import Workers
from sphinx_xenfusa.confirm.findings import exit_code, unexpected_divergences, unused_entries
from sphinx_xenfusa.confirm.register import Register
from sphinx_xenfusa.confirm.run import Job
from sphinx_xenfusa.confirm.schedule import DEFAULT_TIMEOUT, Results, Watch, answer, jobs_for, results, run_jobs
from sphinx_xenfusa.explore.claim import AnnouncedClaim, Claim, UntilOneKills
from sphinx_xenfusa.explore.survivors import Mutants
from sphinx_xenfusa.explore.verdict import Verdict
from sphinx_xenfusa.inputs import InputError, read_text
from sphinx_xenfusa.model.policies import POLICIES
from sphinx_xenfusa.trace.record import Finding, Place
from sphinx_xenfusa.trace.states import ExitCode

SCHEMA_VERSION = 1
"""Version of the published form; a file of another version is refused."""
DEFAULT_CACHE = Path(".xenfusa", "cache")
"""Where verdicts are kept unless the caller says otherwise, below the current folder."""
MOST_SECONDS = 7 * 24 * 3600.0
"""The longest time limit of a claim that can be asked for."""
MOST_PROCESSES = 1024
"""The most processes that can be asked for."""

_RESULT_LIMIT = 256 * 1024 * 1024
_NOT_ONE_OF_OURS = "a result file of this version of sphinx_xenfusa"
_COMMAND_LINE = "command line"

Mode = Literal["cache", "force"]
Progress = Callable[[int, int, Verdict | None], None]
"""Called with how many runs are done, how many there are, and the verdict that came last (none at the beginning)."""


@dataclass(frozen=True)
class Confirmation(Results):
    """What a confirmation gave, and what it amounts to.

    :param findings: unexpected divergences, entries of the register that nothing uses, entries of the list of equivalent mutants
        that match nothing.
    :param mutants: what became of the mutants of the model; ``None`` unless all claims were run under all policies.
    :param cache_problem: why verdicts could not be kept; empty when they were.  Not part of the published form.
    """

    findings: tuple[Finding, ...] = ()
    cache_problem: str = ""
    mutants: Mutants | None = None

    @property
    def exit_code(self) -> ExitCode:
        """0 all good, 1 a finding, 3 no answer."""
        return exit_code(self.verdicts, self.findings)

    def to_json(self) -> dict[str, Any]:
        """The published form, as plain data; times are left out, so that the same run gives the same bytes."""
        return {
            "schema_version": SCHEMA_VERSION,
            "verdicts": [verdict.to_json() for verdict in self.verdicts],
            "findings": [_finding_to_json(finding) for finding in self.findings],
            "mutants": None if self.mutants is None else self.mutants.to_json(),
            "ran": self.ran,
            "cached": self.cached,
        }


@dataclass(frozen=True)
class Plan:
    """What is to be run.

    :param claims: all claims that are installed.
    :param jobs: what of them is to be run, under which policy.
    :param left_out: the chosen claims that run under none of the chosen policies.
    :param announced: the claims that are announced and were not asked for by name; nothing is run for them.
    :param whole: whether it is every claim under every policy: only then is it known which mutants nothing kills.
    :param equivalents: the reviewed equivalent mutants.
    :param record: what the last mutation run found.
    """

    claims: Mapping[str, Claim]
    register: Register
    jobs: tuple[Job, ...]
    left_out: tuple[str, ...]
    announced: tuple[str, ...] = ()
    whole: bool = False
    equivalents: tuple[Equivalent, ...] = ()
    record: MutationRecord = NO_RECORD


def known_policies(claims: Iterable[Claim]) -> tuple[str, ...]:
    """The policies of the model, and those that further claims bring with them."""
    return tuple(dict.fromkeys([*POLICIES, *(policy for claim in claims for policy in claim.policies)]))


def plan(
    claims: Mapping[str, Claim],
    register: Register,
    *,
    names: Sequence[str] = (),
    policies: Sequence[str] = (),
    equivalents: tuple[Equivalent, ...] = (),
    record: MutationRecord = NO_RECORD,
) -> Plan:
    """Choose what to run.

    :param claims: all claims that are installed.
    :param names: the claims to run; all when empty, except those that are announced only.
    :param policies: the policies to run them under; all when empty.  A claim that depends on none is run in any case.
    :param record: says which mutant each run tries first.
    :raises InputError: a claim or policy that does not exist (with the nearest one that does), or nothing left to run.
    """
    known = known_policies(claims.values())
    for name in names:
        refuse_unknown(name, claims, "claim")
    for policy in policies:
        refuse_unknown(policy, known, "policy")
    chosen = [claims[name] for name in sorted(set(names) or claims)]
    announced = () if names else tuple(claim.id for claim in chosen if isinstance(claim, AnnouncedClaim))
    chosen = [claim for claim in chosen if claim.id not in announced]
    jobs = jobs_for(chosen, [policy for policy in known if not policies or policy in policies], register)
    if not jobs:
        found = f"nothing to run under {', '.join(policies)}" if policies else "no claims installed that can be run"
        raise InputError(_COMMAND_LINE, None, found, "a claim with a policy that it runs under")
    ran = {job.claim for job in jobs}
    left_out = tuple(claim.id for claim in chosen if claim.id not in ran)
    whole = not names and (not policies or {*policies} >= {*known})
    killing = _with_known_killers(jobs, record)
    return Plan(claims, register, killing, left_out, announced, whole, equivalents, record)


def _with_known_killers(jobs: Iterable[Job], record: MutationRecord) -> tuple[Job, ...]:
    """The jobs, each with the smallest mutant that its run is recorded to kill.

    A record that is not of these sources any more still has the best guess; whether the mutant kills is found out in any case.
    """
    sources = Sources()
    return tuple(
        job if reference is None else replace(job, mutation=UntilOneKills((sources.report(reference),)))
        for job in jobs
        for reference in [record.smallest(job.claim, job.policy)]
    )


def refuse_unknown(name: str, known: Iterable[str], what: str) -> None:
    """Refuse a word of the command line that names nothing.

    :param what: ``claim``, ``policy`` or ``model``.
    :raises InputError: the name is not among those that are known; with the nearest one that is.
    """
    names = sorted(known)
    if name in names:
        return
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    listed = {"claim": "a claim that 'xenfusa confirm --list' names", "model": "one that 'xenfusa model list' names"}
    shown = listed.get(what, ", ".join(names)) if names else ""
    raise InputError(_COMMAND_LINE, None, f"the {what} {name!r}", f"{shown or 'an installed one'}{hint}")


def seconds(text: str) -> float:
    """A time limit, as a user writes it.

    :raises ValueError: no number of seconds above 0 and up to :data:`MOST_SECONDS`.
    """
    number = float(text)
    if not math.isfinite(number) or not 0 < number <= MOST_SECONDS:
        raise ValueError(f"found {text!r}; expected seconds, more than 0 and at most {MOST_SECONDS:.0f}")
    return number


def processes(text: str) -> int:
    """A number of processes, as a user writes it.

    :raises ValueError: no whole number from 1 to :data:`MOST_PROCESSES`.
    """
    number = int(text)
    if not 1 <= number <= MOST_PROCESSES:
        raise ValueError(f"found {text!r}; expected a whole number from 1 to {MOST_PROCESSES}")
    return number


class _KeepingOn(Cache):
    """A cache that costs no verdict: what cannot be looked up is run, and what cannot be kept is told once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.problem = ""

    def key(self, claim: Claim, job: Job) -> str:
        """The key of a run; empty, and so never kept, when a user's claim cannot tell what it depends on."""
        try:
            return super().key(claim, job)
        except (ArithmeticError, AttributeError, ImportError, LookupError, OSError, TypeError, ValueError) as error:
            self.problem = self.problem or f"the verdict of {claim.id} is not kept: {type(error).__name__}: {error}"
            return ""

    def load(self, key: str) -> Verdict | None:
        """The verdict under a key, if there is one."""
        return super().load(key) if key else None

    def store(self, key: str, verdict: Verdict) -> None:
        """Keep a verdict, if possible."""
        try:
            if key:
                super().store(key, verdict)
        except OSError as error:
            self.problem = self.problem or f"verdicts are not kept in {self.folder}: {error.strerror or error}"

    def store_gathered(self, keys: Sequence[str], mutants: Mutants) -> None:
        """Keep what was gathered, if possible."""
        try:
            super().store_gathered(keys, mutants)
        except OSError as error:
            self.problem = self.problem or f"verdicts are not kept in {self.folder}: {error.strerror or error}"


def carry_out(
    planned: Plan,
    *,
    cache_dir: Path | None = DEFAULT_CACHE,
    mode: Mode = "cache",
    timeout: float = DEFAULT_TIMEOUT,
    jobs: int | None = None,
    workers: Workers | None = None,
    progress: Progress = lambda done, total, last: None,
    watch: Watch | None = None,
) -> Confirmation:
    """Run what is planned and compare it with the register.

    A folder that cannot be written loses no verdict: it is told in :attr:`Confirmation.cache_problem`.

    :param cache_dir: where verdicts are kept; ``None`` for nowhere.
    :param mode: ``cache`` takes what is kept, ``force`` runs everything and keeps it anew.
    :param timeout: seconds for each claim and policy.
    :param jobs: how many processes at once; by default as many as there are cores.
    :param workers: what runs the claims in place of processes of our own (:mod:`sphinx_xenfusa.confirm.executors`).
    :param watch: told how far the runs in processes of our own are.
    """
    cache = None if cache_dir is None else _KeepingOn(cache_dir)
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
        processes=jobs,
        workers=workers,
        progress=one_more,
        watch=watch,
    )
    return _compared(found, planned, cache)


def taken_from_cache(planned: Plan, cache_dir: Path) -> Confirmation | None:
    """What :func:`carry_out` would give without running anything; ``None`` when there is something to run or to gather."""
    cache = _KeepingOn(cache_dir)
    answered = answer(planned.jobs, planned.claims, cache=cache)
    if answered.waiting or (planned.whole and cache.load_gathered(_gathered_key(planned, cache)) is None):
        return None
    return _compared(results(answered), planned, cache)


def _compared(found: Results, planned: Plan, cache: _KeepingOn | None) -> Confirmation:
    """The verdicts, held against the register, and the mutants, against the list of equivalents."""
    mutants, stale = _mutants(planned, cache)
    findings = {
        *unexpected_divergences(found.verdicts, planned.register),
        *unused_entries(planned.register, planned.claims),
        *stale,
    }
    ordered = tuple(sorted(findings, key=lambda one: (one.about, one.message, str(one.place))))
    problem = "" if cache is None else cache.problem
    return Confirmation(found.verdicts, found.ran, found.cached, ordered, problem, mutants, lost=found.lost)


def _mutants(planned: Plan, cache: Cache | None) -> tuple[Mutants | None, tuple[Finding, ...]]:
    """What became of the mutants, by the record; while it does not tell of every claim, no entry can be called stale."""
    if not planned.whole:
        return None, ()
    key = () if cache is None else _gathered_key(planned, cache)
    gathered = None if cache is None else cache.load_gathered(key)
    if gathered is None:
        gathered = mutants_of_record(planned.record, planned.claims, planned.register)
        if cache is not None:
            cache.store_gathered(key, gathered)
    mutants, stale = reviewed(gathered, planned.equivalents)
    return mutants, () if mutants.unknown else stale


def _gathered_key(planned: Plan, cache: Cache) -> tuple[str, ...]:
    return gathered_key(planned.record, planned.claims, planned.register, cache)


def read_results(path: Path) -> Confirmation:
    """The confirmation that was written to a file in its published form.

    :raises InputError: the file is missing, cut off, of another version, or anything else.
    """
    text = read_text(path, limit=_RESULT_LIMIT, what=_NOT_ONE_OF_OURS)
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(path, error.lineno, f"malformed JSON ({error.msg})", _NOT_ONE_OF_OURS) from error
    except (ValueError, RecursionError) as error:
        raise InputError(path, None, f"JSON that cannot be read ({error})", _NOT_ONE_OF_OURS) from error
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise InputError(path, None, f"schema_version {version!r}", f"schema_version {SCHEMA_VERSION}")
    try:
        return Confirmation(
            tuple(Verdict.from_json(entry) for entry in data["verdicts"]),
            int(data["ran"]),
            int(data["cached"]),
            tuple(_finding_from_json(entry) for entry in data["findings"]),
            mutants=None if data["mutants"] is None else Mutants.from_json(data["mutants"]),
        )
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise InputError(
            path, None, f"data of another form ({type(error).__name__}: {error})", _NOT_ONE_OF_OURS
        ) from error


def _finding_to_json(finding: Finding) -> dict[str, Any]:
    place = finding.place
    return {
        "subtype": finding.subtype,
        "place": None if place is None else {"file": place.file, "line": place.line},
        "about": finding.about,
        "message": finding.message,
    }


def _finding_from_json(data: Mapping[str, Any]) -> Finding:
    place = data["place"]
    where = None if place is None else Place(str(place["file"]), int(place["line"]))
    return Finding(str(data["subtype"]), where, str(data["about"]), str(data["message"]))


def progress_file(output: Path) -> Path:
    """The file beside a result file that says, while the confirmation runs, how far it is."""
    return output.with_name(f"{output.name}.progress")


def read_progress(output: Path) -> tuple[int, int] | None:
    """How many runs are done, and how many there are; ``None`` when nothing (readable) says so at the moment."""
    try:
        done, total = progress_file(output).read_text("ascii").split()
        return int(done), int(total)
    except (OSError, ValueError):
        # Not begun, or ended just now: the caller asks again.
        return None
