"""Which runs wrote the test reports of a build, and whether their results are of the texts that the build documents."""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from sphinx.application import Sphinx

from sphinx_xenfusa.evidence.freshness import Known, judge, known_items
from sphinx_xenfusa.evidence.git_history import revision
from sphinx_xenfusa.evidence.test_run_file import RunFile, read_run
from sphinx_xenfusa.evidence.test_runs import same_commit, tie
from sphinx_xenfusa.evidence.text_ages import TextAges
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.trace.fingerprint import fingerprint
from sphinx_xenfusa.trace.record import Documented, Finding, Item, Place, TestReport, TestRun

SUBTYPE = "test_run"
_DAY = 86_400


class Provenance:
    """The runs of a build's test reports.

    Git is asked only where there are reports to judge.
    """

    def __init__(self, app: Sphinx) -> None:
        self._app = app
        self._file_of: dict[str, RunFile] = {}
        self._stale_for: dict[str, dict[str, str]] = {}
        self.runs: tuple[TestRun, ...] = ()
        self.documented = Documented()
        self.findings: list[Finding] = []

    def tied(self, reports: Sequence[TestReport]) -> list[TestReport]:
        """The reports with what the runs that wrote them say.

        :param reports: in the order of the setting.
        """
        folder = Path(self._app.confdir)
        files, unreadable = self._side_files()
        paths = [folder / name for name in self._app.config.xenfusa_test_reports]
        tied = tie(list(zip(paths, reports, strict=True)), files, folder, unreadable)
        self._file_of, self.runs = tied.file_of, tied.runs
        self.findings += tied.findings
        return list(tied.reports)

    def judged(self, reports: Sequence[TestReport], items: Iterable[Item]) -> list[TestReport]:
        """The reports with why they are stale, as a whole or for some items."""
        if not reports:
            return []
        app = self._app
        by_tag = known_items(items)
        self.documented = _documented(app)
        ages = TextAges(by_tag.values(), Path(app.srcdir), Path(app.doctreedir, "xenfusa", "line-times.json"))
        known = Known(
            fingerprints={tag: fingerprint(item) for tag, item in by_tag.items()},
            documented=self.documented,
            age_of=ages.of,
            now=_now(app),
            required=app.config.xenfusa_require_provenance,
        )
        found = judge(reports, self._file_of, known)
        ages.keep()
        for report in found:
            # Two reports outside of the folder may share a name; what is stale of one is then stale of both.
            self._stale_for.setdefault(report.file, {}).update(report.stale_for)
        return found

    def stale_for(self, report: TestReport, item: Item) -> str:
        """Why no pass of a report counts for an item, its text being another; empty if passes do."""
        return self._stale_for.get(report.file, {}).get(str(item.tag), "")

    def _side_files(self) -> tuple[list[RunFile], list[str]]:
        """The side files, and the names of those that cannot be read."""
        files, unreadable = [], []
        for name in self._app.config.xenfusa_test_runs:
            path = Path(self._app.confdir, name)
            shown = Path(os.path.relpath(path, self._app.srcdir)).as_posix()
            try:
                files.append(read_run(path, shown))
            except InputError as error:
                message = f"{error.message}; a report of which no other file tells is stale"
                self.findings.append(Finding(SUBTYPE, Place(shown, error.line or 1), shown, message))
                unreadable.append(shown)
        return files, unreadable


def _documented(app: Sphinx) -> Documented:
    """The commit that is documented: the one that is configured, else that of the tree of conf.py."""
    config, folder = app.config, Path(app.confdir)
    ours = [folder / name for name in (*config.xenfusa_test_reports, *config.xenfusa_test_runs)]
    found = revision(folder, ours)
    stated = config.xenfusa_commit
    if stated:
        return Documented(stated, found.dirty if same_commit(stated, found.commit) else None)
    return Documented(found.commit, found.dirty, found.why)


def _now(app: Sphinx) -> float:
    """The end of the day that is configured, else the time: what is later lies in the future."""
    day = app.config.xenfusa_today
    if not day:
        return time.time()
    began = datetime.datetime.combine(datetime.date.fromisoformat(day), datetime.time(), datetime.UTC)
    return began.timestamp() + _DAY
