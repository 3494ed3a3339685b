"""What people agreed to: acceptances of texts and links, and inspections, read for the record.

A file that cannot be read costs one finding with its place; nothing counts as accepted or reviewed because of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.acceptance_file import read_acceptance
from sphinx_xenfusa.interop.review_ledger import read_ledger
from sphinx_xenfusa.trace.acceptance import Acceptance, Drift, accepted_links, drift, suspect_findings
from sphinx_xenfusa.trace.fingerprint import fingerprint
from sphinx_xenfusa.trace.linker import AcceptedLinks
from sphinx_xenfusa.trace.record import Finding, Item, Place, Review, TestReport, Verification
from sphinx_xenfusa.trace.reviews import judge
from sphinx_xenfusa.trace.verifications import judge_verifications


@dataclass(frozen=True)
class File:
    """A file that was named.

    :param shown: its path as the record has it.
    """

    path: Path
    shown: str


@dataclass(frozen=True)
class Agreed:
    """What was agreed to.

    :param links: the fingerprints against which links were accepted.
    :param texts: the fingerprint of each item whose text was accepted, by tag.
    :param findings: what is suspect, which inspections do not hold, and which files could not be read.
    :param state: how far the acceptances are those of today's texts; ``None`` without a file of them.
    """

    links: AcceptedLinks = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    reviews: tuple[Review, ...] = ()
    verifications: tuple[Verification, ...] = ()
    findings: tuple[Finding, ...] = ()
    state: Drift | None = None


def read_agreements(
    accepted: File | None, ledgers: Sequence[File], items: Sequence[Item], reports: Sequence[TestReport] = ()
) -> Agreed:
    """Read acceptances and inspections, and hold them against the items of today.

    :param reports: the test reports: what a test verifies was accepted with the text.
    """
    acceptance, state, findings = _accepted(accepted, items)
    reviews, verifications, faults = _reviewed(ledgers, items)
    return Agreed(
        links=accepted_links(acceptance, items, reports),
        texts=acceptance.fingerprints(),
        reviews=reviews,
        verifications=verifications,
        findings=(*findings, *faults),
        state=state,
    )


def _accepted(file: File | None, items: Sequence[Item]) -> tuple[Acceptance, Drift | None, tuple[Finding, ...]]:
    if file is None:
        return Acceptance(), None, ()
    try:
        acceptance = read_acceptance(file.path).acceptance
    except InputError as error:
        return Acceptance(), None, (unreadable(file, error, "nothing counts as accepted"),)
    state = drift(items, acceptance)
    return acceptance, state, tuple(suspect_findings(state))


def _reviewed(
    ledgers: Iterable[File], items: Sequence[Item]
) -> tuple[tuple[Review, ...], tuple[Verification, ...], tuple[Finding, ...]]:
    prints: dict[str, str] | None = None
    reviews: list[Review] = []
    verifications: list[Verification] = []
    findings: list[Finding] = []
    for file in ledgers:
        try:
            ledger = read_ledger(file.path, file.shown)
        except InputError as error:
            findings.append(unreadable(file, error, "none of its reviews counts"))
            continue
        if prints is None:  # of two items under one tag the first counts
            prints = {str(item.tag): fingerprint(item) for item in reversed(items)}
        judged, faults = judge(ledger.reviews, list(ledger.checklist), prints)
        verified, wrong = judge_verifications(ledger.verifications, prints)
        reviews += judged
        verifications += verified
        findings += (*faults, *wrong)
    return tuple(sorted(reviews)), tuple(sorted(verifications)), tuple(findings)


def unreadable(file: File, error: InputError, what: str, subtype: str = "input") -> Finding:
    """The finding of a file that cannot be read.

    :param what: what does not count because of it.
    """
    return Finding(subtype, Place(file.shown, error.line or 1), file.shown, f"{error.message}; {what}")
