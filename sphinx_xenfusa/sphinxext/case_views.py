"""Test results as document nodes and as the bodies of their pages.

All of it is text of reports that nobody vouches for.  It comes into a page through docutils' text nodes or ``html.escape``
only, with control characters spelled out, and never as a link or markup.
"""

from __future__ import annotations

import dataclasses
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from docutils import nodes

from sphinx_xenfusa.interop.visible import visible_lines
from sphinx_xenfusa.sphinxext.case_places import (
    anchor_of_group,
    link_to_case,
    link_to_index,
    link_to_report,
    page_of_report,
)
from sphinx_xenfusa.sphinxext.fragments import html_of
from sphinx_xenfusa.sphinxext.page_parts import facts, head, heading, text, whole
from sphinx_xenfusa.sphinxext.phrases import SYMBOLS, marked
from sphinx_xenfusa.sphinxext.views import MESSAGE_IN_CELL, Cell, Views, case_counts, count, paragraph, told_of_tests
from sphinx_xenfusa.trace.canonical import natural
from sphinx_xenfusa.trace.record import LinkOrigin, TestCase, TestReport
from sphinx_xenfusa.trace.states import RESULT_OF_OUTCOME, Outcome, Result

_ALL = "All test results"
LONG_LINES = 25
"""More lines of output than these are folded."""
_LONG = 2_000
"""So are more characters."""


_HEADINGS = ("Test", "Outcome", "Verifies")
_WIDTHS: Mapping[int, Sequence[int]] = {3: (42, 36, 22), 4: (34, 32, 18, 16)}
"""By the number of columns."""


@dataclass(frozen=True, slots=True)
class Body:
    """What stands on a page of its own.

    :param title: plain text.
    :param html: safe to be put into a page.
    """

    title: str
    html: str


# --- nodes, for every builder -----------------------------------------------------------------------------------------


def outcome_of(case: TestCase) -> nodes.inline:
    """The outcome as symbol and word; of a case that was tried more than once with different ends, that it is flaky."""
    words = f"{case.outcome.value}, flaky" if case.flaky else case.outcome.value
    return marked(RESULT_OF_OUTCOME[case.outcome], words)


def preformatted(text: str) -> nodes.literal_block:
    """Text as it was written, control characters spelled out."""
    shown = visible_lines(text)
    return nodes.literal_block(shown, shown, language="none", classes=["xenfusa-output"])


def output_nodes(views: Views, text: str) -> list[nodes.Node]:
    """What a test wrote; folded if it is long, left out if it wrote nothing."""
    if not text:
        return []
    lines = text.count("\n") + 1
    shown = preformatted(text)
    if lines > LONG_LINES or len(text) > _LONG:
        return [views.fold(f"Output, {count(lines, 'line')}", [shown])]
    return [paragraph(nodes.strong("", "Output:")), shown]


def reports_table(views: Views, fromdoc: str) -> list[nodes.Node]:
    """Every report with its cases by outcome, those with something wrong first; a note where there is none."""
    reports = views.record.reports
    if not reports:
        return []
    total = Counter(case.outcome for one in reports for case in one.cases)
    rows = [_report_row(views, fromdoc, one) for one in sorted(reports, key=_worst_first)]
    numbers = [f"{total[outcome]:,}" for outcome in Outcome]
    stale = sum(case.outcome is Outcome.PASSED for one in reports if one.stale for case in one.cases)
    if stale:
        numbers[list(Outcome).index(Outcome.PASSED)] = f"{total[Outcome.PASSED] - stale:,}, {stale:,} more stale"
    rows.append((nodes.strong("", "all"), *numbers, f"{total.total():,}"))
    headings = ("Report", *(outcome.value for outcome in Outcome), "all")
    faulty = sum(1 for one in reports if one.error)
    title = f"Test reports: {len(reports):,}" + (f", of which {faulty:,} cannot be used" if faulty else "")
    return [
        views.table(
            title, headings, (40, *(10 for _ in range(len(Outcome) + 1))), rows, "xenfusa-suites", "xenfusa-filterable"
        )
    ]


def _report_row(views: Views, fromdoc: str, report: TestReport) -> Sequence[Cell]:
    counts = Counter(case.outcome for case in report.cases)
    about = ", ".join(part for part in (report.dialect, report.target) if part)
    name: list[nodes.Node] = [paragraph(link_to_report(views.builder, fromdoc, report.file))]
    name += [paragraph(visible_lines(about))] if about else []
    if report.error:
        name.append(paragraph(marked(Result.ERROR, "cannot be used"), f": {visible_lines(report.error)}"))
    if report.stale:
        name.append(paragraph(marked(Result.STALE, "no pass in it counts"), f": {visible_lines(report.stale)}"))
    return (name, *(_number(report, outcome, counts[outcome]) for outcome in Outcome), f"{len(report.cases):,}")


def _number(report: TestReport, outcome: Outcome, number: int) -> Cell:
    """A number with the symbol of what it counts as, so that what is not green is found; a dash for none."""
    result = Result.STALE if report.stale and outcome is Outcome.PASSED else RESULT_OF_OUTCOME[outcome]
    return marked(result, f"{number:,}") if number else "–"


def _stale(report: TestReport) -> Callable[[TestCase], str]:
    """Says why a pass of a report does not count."""
    return lambda case: report.stale if case.outcome is Outcome.PASSED else ""


def _worst_first(report: TestReport) -> tuple[bool, int, object, str]:
    """Reports that cannot be used, then by their worst outcome, then by name."""
    worst = min((list(Outcome).index(case.outcome) for case in report.cases), default=len(Outcome))
    return not report.error, worst, natural(report.file), report.sha256


def all_reports(views: Views, fromdoc: str) -> list[nodes.Node]:
    """The list of reports, with what a reader has to know first and the way to the pages."""
    way = link_to_index(views.builder, fromdoc, "All test results by report") if views.record.reports else ()
    return [*views.banners_of_tests(), *reports_table(views, fromdoc), *([paragraph(*way, ".")] if way else [])]


# --- pages of their own -----------------------------------------------------------------------------------------------


def index_body(views: Views, page: str) -> Body:
    """The list of the reports, and below it every case that failed or broke."""
    title = "Test results"
    state = _state(views.record.reports)
    made = [head(views.builder, page, title, [], state, views.record), html_of(_told(views))]
    made.append(html_of(reports_table(views, page)))
    cases = [case for one in views.record.reports for case in one.cases if not one.error]
    bad = [case for case in cases if case.outcome in (Outcome.FAILED, Outcome.ERROR)]
    made += _section(views, page, "Failed or broken", bad, (*_HEADINGS, "Report"))
    return Body(title, whole(made))


def _state(reports: Iterable[TestReport]) -> list[nodes.Node]:
    """How many cases came to which outcome, worst first; a report that cannot be used is worse than any."""
    counts = Counter((case.outcome, bool(_stale(one)(case))) for one in reports for case in one.cases if not one.error)
    faulty = sum(1 for one in reports if one.error)
    made: list[nodes.Node] = [marked(Result.ERROR, f"{count(faulty, 'report')} cannot be used")] if faulty else []
    for outcome in Outcome:
        for stale in (True, False):
            if number := counts[outcome, stale]:
                result = Result.STALE if stale else RESULT_OF_OUTCOME[outcome]
                words = f"{number:,} {outcome.value}{', but stale' if stale else ''}"
                made += [*([nodes.Text(", ")] if made else []), marked(result, words)]
    return made or [marked(Result.NOT_RUN, "no case")]


def _told(views: Views) -> list[nodes.Node]:
    """What a reader has to know first, as paragraphs."""
    return [
        paragraph(SYMBOLS[Result.ERROR], " ", words, classes=["xenfusa-caution"])
        for words in told_of_tests(views.record)
    ]


def report_body(views: Views, page: str, reports: Sequence[TestReport], index: str) -> Body:
    """What came of each case of a report: what failed first, what passed last and as names only.

    :param reports: several only where different files have the same name for the record.
    """
    file = reports[0].file
    title = visible_lines(f"Test report {file}")
    made = [head(views.builder, page, title, [(index, _ALL)], _state(reports), views.record)]
    for report in reports:
        made += _one_report(views, page, report)
    return Body(title, whole(made))


def _one_report(views: Views, page: str, report: TestReport) -> Iterator[str]:
    if report.error:
        words = f": {visible_lines(report.error)} Nothing in this report counts."
        yield html_of([paragraph(marked(Result.ERROR, "cannot be used"), words)])
    told = (
        ("Cases", case_counts(report.cases, _stale(report)) or "none"),
        ("Read as", report.dialect),
        ("Written by", report.tool),
        ("Ran on", report.target),
        ("Time", report.time),
        ("Commit", report.commit),
        ("Stale", report.stale),
        *_provenance(views, report),
        ("SHA-256", report.sha256),
    )
    yield html_of([facts((name, [nodes.Text(visible_lines(value))]) for name, value in told if value)])
    groups: dict[Outcome, list[TestCase]] = {outcome: [] for outcome in Outcome}
    for case in sorted(report.cases, key=_by_name):
        groups[case.outcome].append(case)
    bad = [*groups[Outcome.FAILED], *groups[Outcome.ERROR]]
    yield from _section(views, page, "Failed or broken", bad, _HEADINGS)
    idle = [*groups[Outcome.NOT_RUN], *groups[Outcome.SKIPPED]]
    yield from _section(views, page, "Did not run", idle, _HEADINGS)
    flaky = [case for case in groups[Outcome.PASSED] if case.flaky]
    yield from _section(views, page, "Passed, but not every time", flaky, _HEADINGS)
    yield from _passed([case for case in groups[Outcome.PASSED] if not case.flaky], report)
    seen = {case.classname for case in groups[Outcome.PASSED] if not case.flaky}
    # Links to a case that is in a table lead to the group that it would stand in.
    others = {case.classname for case in report.cases} - seen
    yield "".join(f'<span id="{anchor_of_group(name)}"></span>' for name in sorted(others))


def _provenance(views: Views, report: TestReport) -> Iterator[tuple[str, str]]:
    """What is on record of the run that wrote a report."""
    run = next((one for one in views.record.runs if report.run and one.name == report.run), None)
    if run is None:
        return
    dirty = {True: ", with changes that it has not", False: "", None: ", nobody says whether with changes"}[run.dirty]
    yield "Run", f"{run.name} ({run.place})"
    yield "Command", shlex.join(run.command)
    yield "Exit code", "" if run.exit_code is None else str(run.exit_code)
    yield "Run began", run.time
    yield "Run on commit", f"{run.commit}{dirty}" if run.commit else ""
    yield "Run on", run.target
    yield from run.tools
    yield from run.environment


def _by_name(case: TestCase) -> tuple[object, object]:
    return natural(case.classname), natural(case.name)


def _passed(cases: Sequence[TestCase], report: TestReport) -> Iterator[str]:
    """The names of the cases that passed, class by class, folded: they are many, and there is nothing to say of them."""
    if not cases:
        return
    by_class: dict[str, list[TestCase]] = {}
    for case in cases:
        by_class.setdefault(case.classname, []).append(case)
    yield heading(f"{'Passed, but stale' if report.stale else 'Passed'}: {count(len(cases), 'test case')}", 2)
    if report.stale:
        yield html_of([paragraph(marked(Result.STALE, "None of these counts"), f": {visible_lines(report.stale)}.")])
    for classname, several in by_class.items():
        # Most reports have few classes; where there is only one, its cases are what the reader came for.
        opened = " open" if len(by_class) == 1 and len(several) <= 100 else ""
        summary = f"{text(classname) or 'without a class'} ({len(several):,})"
        yield f'<details class="xenfusa-unfolding" id="{anchor_of_group(classname)}"{opened}>'
        yield f'<summary>{summary}</summary>\n<ul class="xenfusa-names">\n'
        for case in several:
            target = f" on {text(case.target)}" if case.target else ""
            yield f"<li>{text(case.name)}{target}</li>\n"
        yield "</ul>\n</details>\n"


def case_body(views: Views, page: str, cases: Sequence[TestCase], index: str) -> Body:
    """Everything that a report says of a case that failed.

    :param cases: several where the report has the same names more than once: on other targets, or tried again.
    """
    first = cases[0]
    title = visible_lines(f"Test {first.id}")
    way = [(index, _ALL), (page_of_report(first.report), first.report)]
    # The first in the order of outcomes is the worst.
    worst = min(cases, key=lambda case: list(Outcome).index(case.outcome))
    made = [head(views.builder, page, title, way, [outcome_of(worst)], views.record)]
    for number, case in enumerate(cases, 1):
        if len(cases) > 1:
            made.append(heading(f"{number} of {len(cases)}" + (f": {case.target}" if case.target else ""), 2))
        made.append(html_of(_case(views, page, case)))
    return Body(title, whole(made))


def _case(views: Views, page: str, case: TestCase) -> Iterator[nodes.Node]:
    method = ", ".join(part for part in dataclasses.astuple(case.method) if part)
    told: list[tuple[str, Sequence[nodes.Node]]] = [
        ("Outcome", [outcome_of(case)]),
        ("Attempts", [nodes.Text(", ".join(one.value for one in case.attempts))] if case.attempts else []),
        ("Ran on", _literals(case.target)),
        ("Stands in", _literals(case.place)),
        ("Verifies", views.links(page, case.verifies)),
        ("Verifies a part of", views.links(page, case.partially_verifies)),
        *((f"Linked by {one.origin}", _origin(views, page, one)) for one in case.origins),
        ("Method", [nodes.Text(visible_lines(method))] if method else []),
        *((name, _literals(value)) for name, value in case.properties),
    ]
    yield facts(told)
    if case.message:
        yield paragraph(nodes.strong("", "Message:"))
        yield preformatted(case.message)
    yield from output_nodes(views, case.output)
    if not case.message and not case.output:
        yield paragraph("The report gives neither a message nor an output.")


def _origin(views: Views, page: str, origin: LinkOrigin) -> list[nodes.Node]:
    return [views.link(page, origin.tag, origin.tag), nodes.Text(" at "), *_literals(str(origin.place))]


def _literals(text: str) -> list[nodes.Node]:
    return [nodes.literal("", visible_lines(text))] if text else []


def _case_row(views: Views, page: str, case: TestCase) -> Sequence[Cell]:
    name: list[nodes.Node] = [paragraph(link_to_case(views.builder, page, case, visible_lines(case.id)))]
    name += [paragraph(f"on {visible_lines(case.target)}")] if case.target else []
    said = case.message or ("no reason given" if case.outcome in (Outcome.SKIPPED, Outcome.NOT_RUN) else "")
    outcome: list[nodes.Node] = [paragraph(outcome_of(case))]
    outcome += [paragraph(visible_lines(beginning(said)))] if said else []
    tags = [paragraph(view) for view in _tags(views, page, case)]
    return name, outcome, tags or "nothing", link_to_report(views.builder, page, case.report)


def beginning(message: str) -> str:
    """The beginning of a message, for a table."""
    return message if len(message) <= MESSAGE_IN_CELL else f"{message[:MESSAGE_IN_CELL]}… (cut)"


def _tags(views: Views, page: str, case: TestCase) -> Iterator[nodes.Node]:
    for tag in case.verifies:
        yield views.link(page, tag, tag)
    for tag in case.partially_verifies:
        yield nodes.inline("", "", views.link(page, tag, tag), nodes.Text(" (a part)"))


def _section(views: Views, page: str, title: str, cases: Sequence[TestCase], headings: Sequence[str]) -> Iterator[str]:
    """A heading and a table of cases; nothing without cases."""
    if not cases:
        return
    yield heading(f"{title}: {count(len(cases), 'test case')}", 2)
    rows = [_case_row(views, page, case)[: len(headings)] for case in cases]
    # The heading says the same as the caption, which is there for those who hear the page.
    classes = ("xenfusa-cases", "xenfusa-filterable", "xenfusa-titled")
    yield html_of([views.table(title, headings, _WIDTHS[len(headings)], rows, *classes)])
