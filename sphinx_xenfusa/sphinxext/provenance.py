"""The provenance of the test reports of a build: what its settings say of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sphinx.application import Sphinx

from sphinx_xenfusa.evidence.provenance import Project, Provenance
from sphinx_xenfusa.trace.record import TestReport


def provenance_of(app: Sphinx) -> Provenance:
    """The provenance of the reports of a build, to be judged for its items."""
    config = app.config
    return Provenance(
        Project(
            folder=Path(app.confdir),
            sources=Path(app.srcdir),
            commit=config.xenfusa_commit,
            today=config.xenfusa_today,
            required=config.xenfusa_require_provenance,
            kept=Path(app.doctreedir, "xenfusa", "line-times.json"),
        )
    )


def tied_reports(app: Sphinx, provenance: Provenance, reports: Sequence[TestReport]) -> list[TestReport]:
    """The reports with what the side files of the build say.

    :param reports: in the order of the setting.
    """
    folder = Path(app.confdir)
    paths = [folder / name for name in app.config.xenfusa_test_reports]
    sides = [folder / name for name in app.config.xenfusa_test_runs]
    shown = [(path, Path(os.path.relpath(path, app.srcdir)).as_posix()) for path in sides]
    return provenance.tied(list(zip(paths, reports, strict=True)), shown)
