"""The runs of tests as document nodes: what ran, on which commit, which reports it wrote, and whether these are stale."""

from __future__ import annotations

from collections.abc import Sequence

from docutils import nodes

from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.case_places import link_to_report
from sphinx_xenfusa.sphinxext.directives import REVISION, XenDirective
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.views import Cell, Views, count, paragraph
from sphinx_xenfusa.trace.canonical import natural
from sphinx_xenfusa.trace.record import Documented, TestReport, TestRun
from sphinx_xenfusa.trace.states import Result

UNKNOWN = "not known"
_RUN_HEADINGS = ("Run", "Command and exit code", "Commit", "Time (UTC)", "Target", "Tools and environment")
_RUN_WIDTHS = (18, 24, 18, 18, 12, 24)
_REPORT_HEADINGS = ("Report", "SHA-256", "Run", "Time and commit", "Counts for the documented texts")
_REPORT_WIDTHS = (20, 18, 18, 20, 38)
_LISTED = 20
"""How many items a cell names for which a report is stale; of more it says the number."""


class TestRunsDirective(XenDirective):
    """The runs of tests and the reports that they wrote."""

    def run(self) -> Sequence[nodes.Node]:
        """The place of the tables."""
        self.domain.note_view(self.env.docname, "*")
        self.domain.note_view(self.env.docname, REVISION)
        return [markup.test_runs()]


def test_run_nodes(views: Views, fromdoc: str) -> list[nodes.Node]:
    """The documented commit, a table of the runs, and one of the reports."""
    record = views.record
    made = list(views.banners())
    made.append(_documented_words(record.documented))
    if record.runs:
        title = f"Runs of tests: {len(record.runs):,}"
        rows = [_run(one) for one in record.runs]
        made.append(
            views.table(title, _RUN_HEADINGS, _RUN_WIDTHS, rows, "xenfusa-runs", "xenfusa-filterable", "xenfusa-wide")
        )
    else:
        made.append(
            paragraph("No run of tests is on record: of the reports it is known only what they say themselves.")
        )
    if record.reports:
        title = f"Test reports: {len(record.reports):,}"
        reports = [_report(one, views, fromdoc) for one in record.reports]
        made.append(
            views.table(
                title,
                _REPORT_HEADINGS,
                _REPORT_WIDTHS,
                reports,
                "xenfusa-reports",
                "xenfusa-filterable",
                "xenfusa-wide",
            )
        )
    return made


def _documented_words(documented: Documented) -> nodes.Node:
    if not documented.commit:
        why = f" ({documented.why})" if documented.why else ""
        return paragraph(nodes.strong("", "Documented commit: "), f"{UNKNOWN}{why}.")
    told = {True: ", with changes that are not committed", False: ", without changes", None: ""}[documented.dirty]
    return paragraph(nodes.strong("", "Documented commit: "), nodes.literal("", documented.commit), f"{told}.")


def _run(run: TestRun) -> Sequence[Cell]:
    return (
        [paragraph(nodes.strong("", run.name)), paragraph(nodes.literal("", run.place.file))],
        [_command(run), paragraph(_exit_code(run))],
        [_commit(run.commit), paragraph(_tree(run))],
        _times(run),
        run.target or UNKNOWN,
        _named(run.tools, run.environment),
    )


def _command(run: TestRun) -> nodes.paragraph:
    return paragraph(nodes.literal("", " ".join(run.command)) if run.command else f"command: {UNKNOWN}")


def _exit_code(run: TestRun) -> str:
    told = f"exit code: {UNKNOWN if run.exit_code is None else run.exit_code}"
    return f"{told}; ended before it was done" if run.interrupted else told


def _commit(commit: str) -> nodes.paragraph:
    return paragraph(nodes.literal("", commit) if commit else UNKNOWN)


def _tree(run: TestRun) -> str:
    words = {
        True: "dirty: with changes that are not committed",
        False: "clean: without changes",
        None: f"tree: {UNKNOWN}",
    }
    return words[run.dirty]


def _times(run: TestRun) -> Cell:
    if not run.time and not run.ended:
        return UNKNOWN
    return [paragraph(f"began {run.time or UNKNOWN}"), paragraph(f"ended {run.ended or UNKNOWN}")]


def _named(tools: Sequence[tuple[str, str]], environment: Sequence[tuple[str, str]]) -> Cell:
    made: list[nodes.Node] = [paragraph(f"{name} {version}") for name, version in tools]
    made += [paragraph(nodes.literal("", f"{name}={value}")) for name, value in environment]
    return made or UNKNOWN


def _report(report: TestReport, views: Views, fromdoc: str) -> Sequence[Cell]:
    return (
        [paragraph(link_to_report(views.builder, fromdoc, report.file)), paragraph(count(len(report.cases), "case"))],
        nodes.literal("", report.sha256) if report.sha256 else UNKNOWN,
        report.run or "none on record",
        [
            paragraph(report.time or f"time: {UNKNOWN}"),
            paragraph(nodes.literal("", report.commit) if report.commit else f"commit: {UNKNOWN}"),
        ],
        _counts(report),
    )


def _counts(report: TestReport) -> list[nodes.Node]:
    """Whether the report counts, and why not."""
    if report.error:
        return [paragraph(marked(Result.ERROR, "nothing in it counts"), f": {report.error}")]
    if report.stale:
        return [paragraph(marked(Result.STALE, "no pass in it counts"), f": {report.stale}")]
    if not report.stale_for:
        return [paragraph(_judged(report))]
    words = f"no pass in it counts for {count(len(report.stale_for), 'item')}"
    made: list[nodes.Node] = [paragraph(marked(Result.STALE, words), f" (judged {report.judged}):")]
    for tag, reason in sorted(report.stale_for, key=lambda pair: natural(pair[0]))[:_LISTED]:
        made.append(paragraph(nodes.literal("", tag), f": {reason}"))
    if len(report.stale_for) > _LISTED:
        made.append(paragraph(f"and {len(report.stale_for) - _LISTED:,} more"))
    return made


def _judged(report: TestReport) -> str:
    return report.judged if report.judged.startswith("not judged") else f"it counts, judged {report.judged}"
