"""What became of the mutants of the model, by the record of the last mutation run; and whether that is of these sources.

What is gathered here takes all sources to be read; it is kept under what it depends on, so that a build in which nothing changed
does not do it again.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import ModuleType

from sphinx_xenfusa.confirm.adequacy_record import ClaimRecord, MutationRecord, Sources
from sphinx_xenfusa.confirm.cache import Cache
from sphinx_xenfusa.confirm.register import Register
from sphinx_xenfusa.confirm.registry import OURS, loaded, package_of
from sphinx_xenfusa.confirm.sources import claim_digest
from sphinx_xenfusa.explore.claim import AnnouncedClaim, Claim, edit_size
from sphinx_xenfusa.explore.mutation import mutants_of
from sphinx_xenfusa.explore.survivors import Killing, Mutants, Tried, gather

_CODE = ".py:"


def digest_of(claim: Claim, register: Register) -> str:
    """The digest of what the mutation run of a claim depends on.

    :raises OSError: a source of the claim cannot be read.
    :raises SyntaxError: a source of the claim is no Python.
    """
    entries = ((policy, register.expected.get((claim.id, policy))) for policy in claim.policies)
    return claim_digest(claim, {policy: entry.by for policy, entry in entries if entry is not None})


def stale_claims(record: MutationRecord, claims: Mapping[str, Claim], register: Register) -> tuple[str, ...]:
    """The claims of which the record tells nothing, or what was found with other sources.

    Of claims of a user's own package only those count that are in the record.
    """
    return tuple(
        name
        for name in sorted(claims)
        if not isinstance(claims[name], AnnouncedClaim)
        and (name in record.claims or package_of(claims[name]) == OURS)
        and (name not in record.claims or record.claims[name].digest != digest_of(claims[name], register))
    )


def gathered_key(
    record: MutationRecord, claims: Mapping[str, Claim], register: Register, cache: Cache
) -> tuple[str, ...]:
    """What :func:`mutants_of_record` depends on."""
    expected = sorted((entry.claim, entry.policy, entry.by) for entry in register.expected.values())
    told = hashlib.sha256(f"{record.text} {sorted(claims)} {expected}".encode()).hexdigest()
    return ("record", told, cache.package, *sorted({cache.offered_by(package_of(one)) for one in claims.values()}))


def mutants_of_record(record: MutationRecord, claims: Mapping[str, Claim], register: Register) -> Mutants:
    """What became of every mutant; of a claim whose record is of other sources nothing is known."""
    claims = loaded(claims)
    stale = stale_claims(record, claims, register)
    sources = Sources()
    tried: dict[str, list[Tried]] = {}
    for name in sorted({*record.claims} & {*claims} - {*stale}):
        one = record.claims[name]
        lists = (tuple(sources.report(each) for each in some) for some in (one.killed, one.survived, one.broken))
        tried[name] = [Tried(*lists)]
    reachable = [mutant.report for module in _modules(tried) for mutant in mutants_of(module)]
    named = {each for runs in tried.values() for run in runs for each in (*run.killed, *run.survived, *run.broken)}
    lines = {report: sources.reference(report).line for report in {*reachable, *named}}
    killing = (_killing(name, record.claims[name], sources) for name in sorted(tried))
    return replace(gather(tried, reachable, lines, stale), claims=tuple(killing))


def _killing(name: str, recorded: ClaimRecord, sources: Sources) -> Killing:
    smallest = [sources.report(run.smallest) for run in recorded.runs.values() if run.smallest is not None]
    killed = len(recorded.killed)
    return Killing(name, killed + len(recorded.survived), killed, min(smallest, key=edit_size, default=None))


def _modules(tried: Mapping[str, Iterable[Tried]]) -> list[ModuleType]:
    """The modules of which some function was mutated; only such as are loaded."""
    files = {
        report.where.partition(":")[0]
        for runs in tried.values()
        for run in runs
        for report in (*run.killed, *run.survived, *run.broken)
        if _CODE in report.where
    }
    named = (sys.modules.get(file.removesuffix(".py").replace("/", ".")) for file in sorted(files))
    return [module for module in named if module is not None]
