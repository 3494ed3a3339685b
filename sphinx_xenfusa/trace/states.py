"""The closed vocabularies of the trace record, and the one worst-first order that every output uses."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum

from sphinx_xenfusa.explore.verdict import VerdictKind


class ItemKind(StrEnum):
    """What a statement is (spec ``statements.md``)."""

    DEFINITION = "definition"
    PERMISSION = "permission"
    PROHIBITION = "prohibition"
    RULE = "rule"
    HAZARD = "hazard"
    MITIGATION = "mitigation"
    RECOMMENDATION = "recommendation"
    ASSUMPTION = "assumption"


class OftStatus(StrEnum):
    """OpenFastTrace's status of an item; ``approved`` unless the item says otherwise."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


class Coverage(StrEnum):
    """OpenFastTrace's deep coverage of an item."""

    UNCOVERED = "uncovered"
    CYCLE = "cycle"
    COVERED = "covered"


class LinkStatus(StrEnum):
    """OpenFastTrace's status of an outgoing link."""

    ORPHANED = "orphaned"
    """The named item does not exist in any revision."""
    AMBIGUOUS = "ambiguous"
    """The named item exists more than once."""
    OUTDATED = "outdated"
    """The link names an older revision than the item has."""
    PREDATED = "predated"
    """The link names a newer revision than the item has."""
    UNWANTED = "unwanted"
    """The named item does not ask to be covered by this type."""
    DUPLICATE = "duplicate"
    """The same item names it more than once: the first naming has its own status, the further ones have this."""
    SUSPECT = "suspect"
    """The text of the named item changed since the link was accepted, its revision did not."""
    COVERS = "covers"


class IncomingStatus(StrEnum):
    """OpenFastTrace's status of a link as seen from the item that is covered."""

    DUPLICATE = "duplicate"
    COVERED_OUTDATED = "covered outdated"
    COVERED_PREDATED = "covered predated"
    COVERED_UNWANTED = "covered unwanted"
    COVERED_SHALLOW = "covered shallow"


INCOMING = {
    LinkStatus.DUPLICATE: IncomingStatus.DUPLICATE,
    LinkStatus.OUTDATED: IncomingStatus.COVERED_OUTDATED,
    LinkStatus.PREDATED: IncomingStatus.COVERED_PREDATED,
    LinkStatus.UNWANTED: IncomingStatus.COVERED_UNWANTED,
    LinkStatus.COVERS: IncomingStatus.COVERED_SHALLOW,
}
"""What a link is for the item at its other end.

An orphaned or ambiguous link has no such end; a suspect one, of which OpenFastTrace knows nothing, covers nothing.
"""


class Result(StrEnum):
    """The state of an item, worst first.  Only ``passed`` is green."""

    FAILED = "failed"
    """A claim is refuted or vacuous, or a test that verifies the item failed."""
    ERROR = "error"
    """A claim's check or a test broke."""
    INCONCLUSIVE = "inconclusive"
    DIVERGES = "diverges"
    """Holds in the document, not under the policy of Xen that is looked at; expected by the reviewed register."""
    STALE = "stale"
    """What passed, passed for another text or another revision of what was tested."""
    NOT_RUN = "not run"
    """Something should check the item and did not run (off, skipped, built only, no results supplied)."""
    NONE = "none"
    """Nothing is linked that could check it."""
    PARTIAL = "partial"
    """Only tests that verify a part of it passed, and the policy does not let these be enough."""
    JUSTIFIED = "justified"
    NOT_APPLICABLE = "not applicable"
    PASSED = "passed"
    """What checks it ran, could have failed, and did not; tests that were skipped beside it are shown with it."""


class Outcome(StrEnum):
    """The outcome of a test case, worst first."""

    FAILED = "failed"
    ERROR = "error"
    NOT_RUN = "not run"
    SKIPPED = "skipped"
    PASSED = "passed"


RESULT_OF_VERDICT = {
    VerdictKind.REFUTED: Result.FAILED,
    VerdictKind.VACUOUS: Result.FAILED,
    VerdictKind.ERROR: Result.ERROR,
    VerdictKind.INCONCLUSIVE: Result.INCONCLUSIVE,
    VerdictKind.DIVERGES: Result.DIVERGES,
    VerdictKind.NOT_RUN: Result.NOT_RUN,
    VerdictKind.NOT_APPLICABLE: Result.NOT_APPLICABLE,
    VerdictKind.CONFIRMED: Result.PASSED,
}
"""How a claim's verdict counts towards the state of the item that it confirms."""


RESULT_OF_OUTCOME = {
    Outcome.FAILED: Result.FAILED,
    Outcome.ERROR: Result.ERROR,
    Outcome.NOT_RUN: Result.NOT_RUN,
    Outcome.SKIPPED: Result.NOT_RUN,
    Outcome.PASSED: Result.PASSED,
}
"""How a test case's outcome counts towards the state of the item that it verifies."""


def worst(results: Iterable[Result]) -> Result:
    """The worst of some states; :attr:`Result.NONE` of no state at all."""
    return min(results, key=_PLACE.__getitem__, default=Result.NONE)


_PLACE = {result: place for place, result in enumerate(Result)}


class ExitCode(IntEnum):
    """The exit codes of every command."""

    GOOD = 0
    FINDING = 1
    """Refuted, vacuous, unexpected divergence, failed gate, not compatible."""
    UNREADABLE = 2
    """Wrong usage or unreadable input."""
    NO_ANSWER = 3
    """Inconclusive, error, not run, cannot tell."""


def combined_exit_code(codes: Iterable[ExitCode]) -> ExitCode:
    """The code of several at once: unreadable input first, then a finding, then no answer."""
    precedence = (ExitCode.UNREADABLE, ExitCode.FINDING, ExitCode.NO_ANSWER)
    seen = set(codes)
    return next((code for code in precedence if code in seen), ExitCode.GOOD)
