"""What people agreed to, read for a build: acceptances, inspections, and the baseline that the record is compared with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.agreements import Agreed, File, read_agreements, unreadable
from sphinx_xenfusa.interop.baseline_file import read_baseline
from sphinx_xenfusa.trace.record import BaselineReference, Finding, Item, TestReport
from sphinx_xenfusa.trace.snapshot import Snapshot

logger = logging.getLogger(__name__)


class Agreements:
    """The acceptances, inspections and the baseline of a build.

    :param reports: the test reports: what a test verifies was accepted with the text.
    """

    def __init__(self, app: Sphinx, items: Sequence[Item], reports: Sequence[TestReport]) -> None:
        self.baseline: BaselineReference | None = None
        self.snapshot: Snapshot | None = None
        self._app = app
        config = app.config
        accepted = self._file(config.xenfusa_accepted) if config.xenfusa_accepted else None
        self.agreed: Agreed = read_agreements(accepted, list(map(self._file, config.xenfusa_reviews)), items, reports)
        self.findings: tuple[Finding, ...] = (*self.agreed.findings, *self._read_baseline())
        self._tell_state()

    def _file(self, name: str) -> File:
        path = Path(self._app.confdir, name)
        return File(path, Path(os.path.relpath(path, self._app.srcdir)).as_posix())

    def _tell_state(self) -> None:
        state = self.agreed.state
        if state is not None:
            logger.info(
                "accepted: %d items and %d links; not yet accepted: %d and %d; suspect: %d",
                state.accepted_items,
                state.accepted_links,
                len(state.new_items),
                len(state.new_links),
                len(state.suspects),
            )

    def _read_baseline(self) -> tuple[Finding, ...]:
        name = self._app.config.xenfusa_baseline
        if not name:
            return ()
        file = self._file(name)
        try:
            self.snapshot, self.baseline = read_baseline(file.path, Path(self._app.confdir))
        except InputError as error:
            return (unreadable(file, error, "nothing is compared with it", "baseline"),)
        return ()
