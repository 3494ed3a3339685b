"""What people agreed to, read for a build: acceptances, inspections, and the baseline that the record is compared with.

A file that cannot be read costs one warning with its place; nothing counts as accepted, reviewed or unchanged because of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.acceptance_file import read_acceptance
from sphinx_xenfusa.interop.baseline_file import read_baseline
from sphinx_xenfusa.interop.review_ledger import read_ledger
from sphinx_xenfusa.trace.acceptance import Acceptance, accepted_links, drift, suspect_findings
from sphinx_xenfusa.trace.fingerprint import fingerprint
from sphinx_xenfusa.trace.linker import AcceptedLinks
from sphinx_xenfusa.trace.record import BaselineReference, Finding, Item, Place, Review, TestReport
from sphinx_xenfusa.trace.reviews import judge
from sphinx_xenfusa.trace.snapshot import Snapshot

logger = logging.getLogger(__name__)


class Agreements:
    """The acceptances, inspections and the baseline of a build.

    :param reports: the test reports: what a test verifies was accepted with the text.
    """

    def __init__(self, app: Sphinx, items: Sequence[Item], reports: Sequence[TestReport]) -> None:
        self.reviews: tuple[Review, ...] = ()
        self.baseline: BaselineReference | None = None
        self.snapshot: Snapshot | None = None
        self._app = app
        self._acceptance = Acceptance()
        self._findings: list[Finding] = []
        self._read_acceptance(items)
        self._read_reviews(items)
        self._read_baseline()
        self.links: AcceptedLinks = accepted_links(self._acceptance, items, reports)
        self.texts = self._acceptance.fingerprints()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is suspect, which inspections do not hold, and which files could not be read."""
        return tuple(self._findings)

    def _path(self, name: str) -> Path:
        return Path(self._app.confdir, name)

    def _read_acceptance(self, items: Sequence[Item]) -> None:
        name = self._app.config.xenfusa_accepted
        if not name:
            return
        try:
            self._acceptance = read_acceptance(self._path(name)).acceptance
        except InputError as error:
            self._tell("input", error, "nothing counts as accepted")
            return
        state = drift(items, self._acceptance)
        self._findings += suspect_findings(state)
        logger.info(
            "accepted: %d items and %d links; not yet accepted: %d and %d; suspect: %d",
            state.accepted_items,
            state.accepted_links,
            len(state.new_items),
            len(state.new_links),
            len(state.suspects),
        )

    def _read_reviews(self, items: Iterable[Item]) -> None:
        prints: dict[str, str] | None = None
        reviews: list[Review] = []
        for name in self._app.config.xenfusa_reviews:
            try:
                ledger = read_ledger(self._path(name), self._relative(self._path(name)))
            except InputError as error:
                self._tell("input", error, "none of its reviews counts")
                continue
            if prints is None:
                prints = {str(item.tag): fingerprint(item) for item in reversed(list(items))}
            judged, findings = judge(ledger.reviews, list(ledger.checklist), prints)
            reviews += judged
            self._findings += findings
        self.reviews = tuple(sorted(reviews))

    def _read_baseline(self) -> None:
        name = self._app.config.xenfusa_baseline
        if not name:
            return
        try:
            self.snapshot, self.baseline = read_baseline(self._path(name), Path(self._app.confdir))
        except InputError as error:
            self._tell("baseline", error, "nothing is compared with it")

    def _relative(self, path: Path) -> str:
        return Path(os.path.relpath(path, self._app.srcdir)).as_posix()

    def _tell(self, subtype: str, error: InputError, what: str) -> None:
        file = self._relative(Path(error.file))
        self._findings.append(Finding(subtype, Place(file, error.line or 1), file, f"{error.message}; {what}"))
