"""What became of the mutants over a whole confirmation: gathered from the lists of all runs, once for each set of runs.

A run's lists are long, so they are kept beside its verdict and read only here.  What is gathered is kept under the keys of
all runs together: as long as no run changes, no list is read again.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType

from sphinx_xenfusa.confirm.cache import Cache
from sphinx_xenfusa.confirm.run import Job
from sphinx_xenfusa.explore.claim import AnnouncedClaim, Claim
from sphinx_xenfusa.explore.mutation import mutants_of
from sphinx_xenfusa.explore.survivors import Mutants, Tried, gather
from sphinx_xenfusa.explore.verdict import MutantReport, Verdict

_CODE = ".py:"


def kept_mutants(jobs: Sequence[Job], claims: Mapping[str, Claim], cache: Cache) -> Mutants | None:
    """What was gathered of these runs before; ``None`` when it was not, or a run has no key."""
    keys = _keys(jobs, claims, cache)
    return cache.load_gathered(keys) if all(keys) else None


def mutants_of_runs(
    jobs: Sequence[Job], claims: Mapping[str, Claim], verdicts: Iterable[Verdict], cache: Cache | None
) -> Mutants:
    """What became of the mutants in these runs.

    :param verdicts: of the jobs; those that were run just now have their lists, the lists of the others are in the cache.
    """
    keys = dict(zip(_runs(jobs, claims), _keys(jobs, claims, cache), strict=True)) if cache is not None else {}
    if cache is not None and all(keys.values()) and (known := cache.load_gathered(tuple(keys.values()))) is not None:
        return known
    found = {(one.claim, one.policy): one for one in verdicts}
    tried: dict[str, list[Tried]] = {}
    unknown: list[str] = []
    for job in _runs(jobs, claims):
        lists = _lists(found.get((job.claim, job.policy)), keys.get(job, ""), cache)
        if lists is None:
            unknown.append(f"{job.claim} under {job.policy}" if job.policy else job.claim)
        else:
            tried.setdefault(job.claim, []).append(lists)
    modules = _modules(tried)
    reachable = [mutant.report for module in modules.values() for mutant in mutants_of(module)]
    named = {report for runs in tried.values() for run in runs for report in (*run.survived, *run.broken)}
    gathered = gather(tried, reachable, _lines(modules, {*reachable, *named}), unknown)
    if cache is not None and all(keys.values()) and not unknown:
        cache.store_gathered(tuple(keys.values()), gathered)
    return gathered


def _runs(jobs: Iterable[Job], claims: Mapping[str, Claim]) -> list[Job]:
    return [job for job in jobs if not isinstance(claims[job.claim], AnnouncedClaim)]


def _keys(jobs: Iterable[Job], claims: Mapping[str, Claim], cache: Cache) -> tuple[str, ...]:
    return tuple(cache.key(claims[job.claim], job) for job in _runs(jobs, claims))


def _lists(verdict: Verdict | None, key: str, cache: Cache | None) -> Tried | None:
    """The lists of a run: its own, or those that are kept; ``None`` when they are not known."""
    if verdict is None:
        return None
    if verdict.killers or verdict.survivors or verdict.broken or not verdict.mutants:
        # Without mutants there is nothing to know, provided that there is an answer at all.
        return Tried(verdict.killers, verdict.survivors, verdict.broken) if Cache.keeps(verdict) else None
    return cache.load_tried(key) if cache is not None and key else None


def _modules(tried: Mapping[str, Iterable[Tried]]) -> dict[str, ModuleType]:
    """The modules of which some function was mutated, by their files; only such as are loaded."""
    files = {
        report.where.partition(":")[0]
        for runs in tried.values()
        for run in runs
        for report in (*run.killed, *run.survived, *run.broken)
        if _CODE in report.where
    }
    named = {file: sys.modules.get(file.removesuffix(".py").replace("/", ".")) for file in files}
    return {file: module for file, module in sorted(named.items()) if module is not None}


def _lines(modules: Mapping[str, ModuleType], reports: Iterable[MutantReport]) -> dict[MutantReport, str]:
    """The source line of each mutant of these modules."""
    sources = {file: inspect.getsource(module).splitlines() for file, module in modules.items()}
    lines: dict[MutantReport, str] = {}
    for report in reports:
        file, _, rest = report.where.partition(":")
        number = rest.partition(" ")[0]
        if file in sources and number.isdigit() and 0 < int(number) <= len(sources[file]):
            lines[report] = sources[file][int(number) - 1].strip()
    return lines
