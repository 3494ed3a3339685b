"""The pages of test results: a list of the reports, a page for each report, one for each case that failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from sphinx_xenfusa.sphinxext.case_places import FOLDER, INDEX, page_of_case, page_of_report
from sphinx_xenfusa.sphinxext.case_views import Body, case_body, index_body, report_body
from sphinx_xenfusa.sphinxext.evidence_pages import GeneratedPage
from sphinx_xenfusa.sphinxext.views import Views
from sphinx_xenfusa.trace.record import TestCase, TestReport, TraceRecord

LIST_TITLE = "Test results"


class CasePages:
    """The family of pages of test results.

    :param places: document and title of each item, which the pages link to.
    """

    folder = FOLDER

    def __init__(self, record: TraceRecord, places: Mapping[str, tuple[str, str]]) -> None:
        self._record = record
        self._places = places

    def depends(self) -> Sequence[object]:
        """The reports, the runs that wrote them, and what they link to."""
        cases = (case for report in self._record.reports for case in report.cases)
        tags = {tag for case in cases for tag in (*case.verifies, *case.partially_verifies)}
        linked = [(tag, self._places.get(tag)) for tag in sorted(tags)]
        about = self._record.project, self._record.version, self._record.documented
        return self._record.reports, self._record.runs, about, linked

    def pages(self, views: Callable[[], Views]) -> Iterator[GeneratedPage]:
        """Name and content of each page, with the pages above it."""
        if not self._record.reports:
            return
        index = (INDEX, LIST_TITLE)
        yield _page(INDEX, index_body(views(), INDEX), [], LIST_TITLE)
        for file, reports in _by_file(self._record.reports).items():
            page = page_of_report(file)
            yield _page(page, report_body(views(), page, reports, INDEX), [index], file)
            bad: dict[str, list[TestCase]] = {}
            for report in reports:
                for case in report.cases:
                    if (own := page_of_case(case)) != page:
                        bad.setdefault(own, []).append(case)
            for own, cases in bad.items():
                yield _page(own, case_body(views(), own, cases, INDEX), [index, (page, file)], cases[0].id)


def _page(name: str, body: Body, parents: Sequence[tuple[str, str]], found_by: str) -> GeneratedPage:
    """A page whose body is made whether it has changed or not: it costs little beside the reading of its report."""
    return GeneratedPage(name, body.title, (body,), lambda: body.html, parents, found_by)


def _by_file(reports: Iterable[TestReport]) -> dict[str, list[TestReport]]:
    by_file: dict[str, list[TestReport]] = {}
    for report in reports:
        by_file.setdefault(report.file, []).append(report)
    return by_file
