"""The lists beside the states of tests as document nodes: each with its number, and with *none* where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from docutils import nodes

from sphinx_xenfusa.interop.visible import visible_lines
from sphinx_xenfusa.sphinxext.case_places import link_to_case, link_to_report
from sphinx_xenfusa.sphinxext.case_views import all_reports, beginning, outcome_of
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.views import Cell, Views, count, paragraph
from sphinx_xenfusa.trace.record import Test, TestCase, TestReport, TracedItem, TraceRecord
from sphinx_xenfusa.trace.states import RESULT_OF_OUTCOME, Outcome, Result
from sphinx_xenfusa.trace.test_lists import NO_TARGET, ListsOfTests, lists_of_tests
from sphinx_xenfusa.trace.test_results import STALE_PASS

LONG = 50
"""A list of more entries than these is folded."""

Rows = Iterable[Sequence[Cell]]

REPORT, CASE, TEST, ITEM, LINE = "test report", "test case", "test", "requirement", "line of the manifest"
"""What the lists are made from."""
_SEVERAL = {LINE: "lines of the manifests"}
"""The words for several of it, where they do not end in *s*."""


@dataclass(frozen=True, slots=True)
class ListOfTests:
    """A list that an author can ask for.

    :param title: what is on it.
    :param means: what a reader has to think of it.
    :param among: one of what it is made from, such as ``test report``; its number is told where the list is empty.
    """

    title: str
    means: str
    among: str
    headings: tuple[str, ...]
    widths: tuple[int, ...]
    rows: Callable[[Shown, ListsOfTests], Rows]


@dataclass(frozen=True, slots=True)
class Shown:
    """The page that the lists stand on."""

    views: Views
    docname: str
    cases: Mapping[tuple[str, str], TestCase]

    def test(self, test: Test) -> Cell:
        """A test, as a link to what is known of it."""
        case = self.cases.get((test.classname, test.name))
        shown = visible_lines(test.id)
        return nodes.literal("", shown) if case is None else link_to_case(self.views.builder, self.docname, case, shown)

    def case(self, case: TestCase) -> nodes.Node:
        """A case, as a link to what is known of it."""
        return link_to_case(self.views.builder, self.docname, case, visible_lines(case.id))

    def report(self, file: str) -> nodes.Node:
        """A report, as a link to its page."""
        return link_to_report(self.views.builder, self.docname, file)

    def item(self, one: TracedItem) -> Cell:
        """A requirement, as a link, with its title."""
        tag = str(one.item.tag)
        return [paragraph(self.views.link(self.docname, tag, tag)), paragraph(one.item.title)]


def lists_nodes(views: Views, docname: str, asked: Sequence[str]) -> list[nodes.Node]:
    """The lists that are asked for; the reports where none is."""
    return [*views.banners_of_tests(), *list_nodes(views, docname, asked)] if asked else all_reports(views, docname)


def list_nodes(views: Views, docname: str, asked: Sequence[str]) -> list[nodes.Node]:
    """The lists of these names."""
    lists = lists_of_tests(views.record)
    shown = Shown(views, docname, {(case.classname, case.name): case for case in _cases(views)})
    made: list[nodes.Node] = []
    for name in asked:
        made += _list(shown, lists, LISTS[name])
    return made


def _cases(views: Views) -> list[TestCase]:
    """All cases, the worst of each test last."""
    order = list(Outcome)
    return sorted(
        (case for one in views.record.reports for case in one.cases), key=lambda one: -order.index(one.outcome)
    )


def _list(shown: Shown, lists: ListsOfTests, one: ListOfTests) -> list[nodes.Node]:
    rows = list(one.rows(shown, lists))
    if rows:
        title = f"{one.title}: {len(rows):,}"
        table = shown.views.table(
            title, one.headings, one.widths, rows, "xenfusa-tests", "xenfusa-list", "xenfusa-filterable"
        )
        if len(rows) > LONG:
            return [shown.views.fold(title, [paragraph(one.means), table])]
        return [table, paragraph(one.means)]
    return [paragraph(nodes.strong("", f"{one.title}: "), _none(shown.views.record, lists, one), ".")]


def _none(record: TraceRecord, lists: ListsOfTests, one: ListOfTests) -> nodes.Node:
    """What an empty list says.  Of results that are not there nothing is known, and "none" would sound like good news."""
    if not lists.supplied:
        return marked(Result.NOT_RUN, "not known, without test results")
    number = {
        REPORT: len(record.reports),
        CASE: sum(len(report.cases) for report in record.reports),
        TEST: len(record.tests),
        ITEM: len(record.items),
        LINE: len(record.expected),
    }[one.among]
    if not number:
        return marked(Result.NOT_RUN, f"nothing was looked at: there is no {one.among}")
    return nodes.Text(f"none, of {count(number, one.among, _SEVERAL.get(one.among, ''))} looked at")


def _unreadable(shown: Shown, lists: ListsOfTests) -> Rows:
    return [(shown.report(one.file), visible_lines(one.error), str(len(one.cases))) for one in lists.unreadable]


def _stale(shown: Shown, lists: ListsOfTests) -> Rows:
    return [_stale_row(shown, one) for one in lists.stale]


def _stale_row(shown: Shown, one: TestReport) -> Sequence[Cell]:
    return shown.report(one.file), visible_lines(one.stale), visible_lines(one.commit or "nobody says")


def _unknown(shown: Shown, lists: ListsOfTests) -> Rows:
    return [
        (
            nodes.literal("", visible_lines(one.test)),
            nodes.literal("", visible_lines(one.tag)),
            one.status.value,
            [paragraph(shown.report(file)) for file in one.reports],
        )
        for one in lists.unknown
    ]


def _unlinked(shown: Shown, lists: ListsOfTests) -> Rows:
    return [(shown.test(one), _outcome_of(one)) for one in lists.verifying_nothing]


def _outcome_of(test: Test) -> nodes.Node:
    """The outcome of a test; of a pass that does not count on some target, that it is stale."""
    if test.outcome is Outcome.PASSED and any(one.stale for one in test.targets):
        return marked(Result.STALE, STALE_PASS)
    return _outcome(test.outcome)


def _outcome(outcome: Outcome) -> nodes.Node:
    return marked(RESULT_OF_OUTCOME[outcome], outcome.value)


def _only_failing(shown: Shown, lists: ListsOfTests) -> Rows:
    return [
        (
            shown.item(one),
            [paragraph(shown.case(case), " ", outcome_of(case)) for case in (*one.tests, *one.partial_tests)],
        )
        for one in lists.only_failing
    ]


def _never_came(shown: Shown, lists: ListsOfTests) -> Rows:
    return [
        (nodes.literal("", visible_lines(one.pattern)), visible_lines(one.target or "any"), str(one.place))
        for one in lists.never_came
    ]


def _skipped(shown: Shown, lists: ListsOfTests) -> Rows:
    return [
        (
            shown.case(one.case),
            visible_lines(one.target or NO_TARGET),
            _outcome(one.outcome),
            visible_lines(beginning(one.reason)),
        )
        for one in lists.skipped
    ]


def _flaky(shown: Shown, lists: ListsOfTests) -> Rows:
    return [
        (
            shown.test(one.test),
            visible_lines(one.on.target or NO_TARGET),
            _outcome(one.on.outcome),
            [paragraph(shown.report(file)) for file in one.on.reports],
        )
        for one in lists.flaky
    ]


def _partially_linked(shown: Shown, lists: ListsOfTests) -> Rows:
    return [
        (
            shown.item(one),
            [paragraph(visible_lines(on.target or NO_TARGET), ": ", marked(on.result)) for on in one.targets],
            ", ".join(visible_lines(target) for target in one.untried),
        )
        for one in lists.partially_linked
    ]


LISTS: Mapping[str, ListOfTests] = {
    "unreadable": ListOfTests(
        "Reports that cannot be used",
        "Nothing in these counts, and their tests did not run as far as anybody knows.",
        REPORT,
        ("Report", "Why", "Cases read"),
        (28, 60, 12),
        _unreadable,
    ),
    "stale": ListOfTests(
        "Stale reports",
        "Their failures count, their passes do not.",
        REPORT,
        ("Report", "Why", "Commit"),
        (30, 45, 25),
        _stale,
    ),
    "unknown": ListOfTests(
        "Unknown tags in tests",
        "Such a link verifies nothing: there is no such item, or not in that revision.",
        TEST,
        ("Test", "Tag", "The link is", "Report"),
        (36, 26, 14, 24),
        _unknown,
    ),
    "unlinked": ListOfTests(
        "Tests that verify nothing", "No requirement has use for these.", TEST, ("Test", "Outcome"), (75, 25), _unlinked
    ),
    "only-failing": ListOfTests(
        "Requirements with only failing tests",
        "They are linked to tests, and none of these passed.",
        ITEM,
        ("Requirement", "Tests"),
        (45, 55),
        _only_failing,
    ),
    "never-came": ListOfTests(
        "Expected tests that never came",
        "The manifest asks for these, and no report that can be used has one.",
        LINE,
        ("Tests", "On", "Asked for at"),
        (50, 20, 30),
        _never_came,
    ),
    "skipped": ListOfTests(
        "Tests that did not run",
        "None of these counts as passed.",
        CASE,
        ("Test", "On", "Outcome", "Reason"),
        (38, 18, 14, 30),
        _skipped,
    ),
    "flaky": ListOfTests(
        "Flaky tests",
        "They were tried more than once and came out differently; the worst outcome counts.",
        TEST,
        ("Test", "On", "Counts as", "Reports"),
        (40, 18, 14, 28),
        _flaky,
    ),
    "partially-linked": ListOfTests(
        "Partially linked requirements",
        "Their tests ran, but not on every target that other tests ran on.",
        ITEM,
        ("Requirement", "Ran on", "Never on"),
        (42, 32, 26),
        _partially_linked,
    ),
}
"""Every list by the name that an author asks for."""
