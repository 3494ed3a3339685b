"""Which runs wrote some test reports, and whether their results are of the texts that are documented: all of it in two steps.

The steps are two because between them others tie tests to items: reports get their runs as soon as they are read, and are
judged for the items that their tests verify.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class Project:
    """What reports are judged for.

    :param folder: where the reports are named from; the commit of its git tree is documented.
    :param sources: the folder that the places of items are relative to.
    :param commit: the commit that is documented, if somebody says so.
    :param today: the day after which a time lies in the future, ``YYYY-MM-DD``; empty for the clock.
    :param required: whether a report whose provenance is not known is stale.
    :param kept: the file in which answers of git are kept, if any.
    """

    folder: Path
    sources: Path
    commit: str = ""
    today: str = ""
    required: bool = False
    kept: Path | None = None


class Provenance:
    """The runs of some test reports, and the commit that is documented, which is asked for with or without reports."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._file_of: dict[str, RunFile] = {}
        self._stale_for: dict[str, dict[str, str]] = {}
        self._ours: list[Path] = []
        self.runs: tuple[TestRun, ...] = ()
        self.documented = Documented()
        self.findings: list[Finding] = []

    def tied(
        self, reports: Sequence[tuple[Path, TestReport]], side_files: Iterable[tuple[Path, str]]
    ) -> list[TestReport]:
        """The reports with what the runs that wrote them say.

        :param reports: each with its path.
        :param side_files: the path of each, and how the record names it.
        """
        files, unreadable = [], []
        for path, shown in side_files:
            self._ours.append(path)
            try:
                files.append(read_run(path, shown))
            except InputError as error:
                message = f"{error.message}; a report of which no other file tells is stale"
                self.findings.append(Finding(SUBTYPE, Place(shown, error.line or 1), shown, message))
                unreadable.append(shown)
        self._ours += [path for path, _ in reports]
        tied = tie(reports, files, self._project.folder, unreadable)
        self._file_of, self.runs = tied.file_of, tied.runs
        self.findings += tied.findings
        return list(tied.reports)

    def judged(self, reports: Sequence[TestReport], items: Iterable[Item]) -> list[TestReport]:
        """The reports with why they are stale, as a whole or for some items."""
        self.documented = self._documented()
        if not reports:
            return []
        project, by_tag = self._project, known_items(items)
        ages = TextAges(by_tag.values(), project.sources, project.kept)
        known = Known(
            fingerprints={tag: fingerprint(item) for tag, item in by_tag.items()},
            documented=self.documented,
            age_of=ages.of,
            now=_now(project.today),
            required=project.required,
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

    def _documented(self) -> Documented:
        """The commit that is documented: the one that is stated, else that of the tree."""
        stated, found = self._project.commit, revision(self._project.folder, self._ours)
        if stated:
            return Documented(stated, found.dirty if same_commit(stated, found.commit) else None)
        return Documented(found.commit, found.dirty, found.why)


def _now(day: str) -> float:
    """The end of a day, or else the time: what is later lies in the future."""
    if not day:
        return time.time()
    began = datetime.datetime.combine(datetime.date.fromisoformat(day), datetime.time(), datetime.UTC)
    return began.timestamp() + _DAY
