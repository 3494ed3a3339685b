"""Every warning that we emit: one closed table; each has a location and a type that can be suppressed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.util import logging

from sphinx_xenfusa.interop.visible import visible_lines
from sphinx_xenfusa.trace.record import Finding

logger = logging.getLogger("sphinx_xenfusa")

SUBTYPES: dict[str, str] = {
    "ambiguous": "A link names an item that exists more than once.",
    "character": "A document or an overlay holds a character that makes it read in another order than it is stored.",
    "baseline": "A baseline cannot be read, or a difference has nothing to compare with.",
    "changed_input": "A file that the build reads was changed while it ran; the build fails.",
    "claim_error": "The check of a claim broke, died, or did not end within its time limit.",
    "config": "A setting has a value that cannot be used.",
    "cycle": "Items cover each other in a circle.",
    "drifted": "The words of a sentence are no longer those that an overlay was written for.",
    "duplicate": "A tag is used twice; every place is named. Or an item names the same tag twice.",
    "equivalent": "An entry of the list of equivalent mutants matches no mutant that survives.",
    "expected_test": "A test that must run did not come.",
    "gate": "Fewer items than the tracing policy or a matrix asks for have what they need; the build fails.",
    "harmful_link": "A link would run in the browser of whoever follows it.",
    "inconclusive": "A bound was hit before the search of a claim was exhausted.",
    "input": "A file that the build reads cannot be used.",
    "justification": "A justified exclusion has expired, leads to no item of that revision, or excuses nothing.",
    "kind": "A requirement's kind is missing or none of the eight.",
    "option": "A requirement lacks its tag or what its kind needs, or has what it must not; a view asks for no such thing.",
    "orphaned": "A link names an item that does not exist.",
    "outdated": "A link names an older revision than the item has.",
    "outdated_test": "A test verifies another revision than the requirement has.",
    "overlay": "An entry of an overlay leads to no sentence, or to several.",
    "platform": "A platform cannot be read, or rules or model find something else than its author expects.",
    "policy": "The tracing policy asks for a type that no item has.",
    "predated": "A link names a newer revision than the item has.",
    "recount": "Two files of the build do not say the same number, or one cannot be read again; the build fails.",
    "refuted": "A claim is false; the counterexample stands at the requirement.",
    "refused": "sphinx-needs refused a requirement.",
    "retired": "An id that was retired is used again.",
    "review": "An inspection does not hold: another text, one person, an answer that is missing or no.",
    "revision": "A tag's revision is 0 or out of range.",
    "scenario": "A scenario cannot be read, or a step does not come out as its author expects.",
    "stale_report": "What passed in a test report does not count: it tells of another revision, or a text is younger.",
    "status": "An item of Xen's tree has a status that OpenFastTrace does not know.",
    "style": "The text of an item breaks a rule of style, or a suppression suppresses nothing.",
    "suspect": "A text changed since somebody accepted a link to it, and its revision did not.",
    "tag": "A tag is not of the form type~name~revision.",
    "test_link": "What ties tests to items ties no test: an entry of a test map, or a tag in the source of a test.",
    "test_method": "How a test verifies is said in two ways, or in a word that no vocabulary has.",
    "test_report": "A test report cannot be used, or none came although reports are configured.",
    "test_run": "The description of a test run cannot be used, or names a report that is not read.",
    "unclaimed": "No requirement claims a normative sentence of a document.",
    "unexpected_divergence": "A policy of Xen and the register of expected divergences disagree.",
    "unknown_claim": "A requirement, or a table of numbers, asks for a claim that is not installed.",
    "unknown_tag": "A test verifies a requirement that does not exist.",
    "unwanted": "A link covers an item that does not ask to be covered by this type.",
    "vacuous": "Nothing could have refuted a claim.",
    "verdict": "A sentence asks for the verdict of a requirement, claim or policy that does not exist.",
    "vocabulary": "A role, privilege level, operation or other word is not in the vocabulary.",
}
"""Subtype and meaning; the docs print this table."""


def warn(subtype: str, message: str, location: Any) -> None:
    """Emit a warning of type ``xenfusa.SUBTYPE``.

    :raises KeyError: the subtype is not in the table.
    """
    SUBTYPES[subtype]
    if isinstance(location, str) and ":" not in Path(location).name:
        # Sphinx takes a text without a colon for the name of a document.
        location += ":1"
    logger.warning("%s", visible_lines(message), type="xenfusa", subtype=subtype, location=location)


def warn_of(finding: Finding, source_folder: str, config_file: str) -> None:
    """Emit the warning of a finding; one without a place is located at the configuration that asked for it."""
    location = config_file if finding.place is None else f"{source_folder}/{finding.place}"
    warn(finding.subtype, finding.message, location)
