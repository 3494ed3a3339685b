"""The dashboard as document nodes: what this is, what is verified, what needs attention first, and what changed.

An auditor reads it first, so it says first what the numbers are of, and what was not run.  Every number is read from the record:
those of requirements are the ones that ``metrics.json`` holds.  Each row of numbers has a bar above them, which says the same;
a bar begins with the worst state, and its parts are told apart by symbol and pattern as well as by colour.
"""

from __future__ import annotations

import functools
import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.nodes import make_refnode

from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.interop.metrics import numbers_of_items
from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.agreements import Agreements
from sphinx_xenfusa.sphinxext.attention import Attention, attention
from sphinx_xenfusa.sphinxext.blocks import Cell, count, paragraph
from sphinx_xenfusa.sphinxext.case_places import link_to_index
from sphinx_xenfusa.sphinxext.directives import REVISION, XenDirective
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.plots import WIDTH, Piece, bar, bar_of
from sphinx_xenfusa.sphinxext.totals import gates, states_table, verdict_totals
from sphinx_xenfusa.sphinxext.views import Views, case_counts, policy_words
from sphinx_xenfusa.trace.diff import Change, Difference, ValueChange, compare
from sphinx_xenfusa.trace.record import Documented
from sphinx_xenfusa.trace.snapshot import Snapshot, snapshot
from sphinx_xenfusa.trace.states import Result, worst
from sphinx_xenfusa.trace.verifications import METHODS

MOST = 10
"""How many entries need attention first, where the author does not say."""
_SHARE_WIDTHS = (30, 8, 44, 18)
_WHOLE = 480
"""The width of the bar for all requirements."""
_RESULTS = {result.value: result for result in Result}
_PLACE = {result: place for place, result in enumerate(Result)}


class DashboardDirective(XenDirective):
    """What this is, what is verified, what needs attention first, and what changed since the baseline."""

    option_spec: ClassVar[dict[str, Any] | None] = {"most": directives.nonnegative_int}

    def run(self) -> Sequence[nodes.Node]:
        """The place of the dashboard."""
        self.domain.note_view(self.env.docname, "*")
        self.domain.note_view(self.env.docname, REVISION)
        return [markup.dashboard(most=self.options.get("most", MOST))]


@dataclass(frozen=True)
class Ways:
    """Where a reader finds the rest.

    :param titles: the title of each document.
    :param matrices: the documents with a matrix, those that show every requirement first.
    :param registers: the documents with registers, with their names.
    :param about: the documents that say what the evidence was made from.
    """

    titles: Mapping[str, str]
    matrices: Sequence[str]
    registers: Mapping[str, Sequence[str]]
    about: Sequence[str] = ()

    def to_register(self, name: str) -> str:
        """The document with a register; empty where there is none."""
        return next((docname for docname in sorted(self.registers) if name in self.registers[docname]), "")


def dashboard_nodes(
    views: Views, docname: str, most: int, agreements: Agreements | None, ways: Ways
) -> list[nodes.Node]:
    """The dashboard.

    :param most: how many entries need attention first at the most.
    :param agreements: with the baseline, if it could be read.
    """
    before = None if agreements is None else agreements.snapshot
    return _Dashboard(views, docname, ways).show(most, before)


class Share(NamedTuple):
    """A row of numbers.

    :param numbers: how many requirements are in which state.
    :param beside: what stands beside the states, in words.
    """

    name: Cell
    said: str
    total: int
    numbers: Mapping[Result, int]
    beside: str


@dataclass(frozen=True)
class _Dashboard:
    """Writes the dashboard of one page."""

    views: Views
    docname: str
    ways: Ways

    def show(self, most: int, before: Snapshot | None) -> list[nodes.Node]:
        """Everything, in the order in which it is asked."""
        numbers = numbers_of_items(self.views.record)
        entries = attention(self.views, self.docname)
        made: list[nodes.Node] = [*self.views.banners(), self._headline(numbers, entries)]
        made += [
            self._whole(numbers),
            *self._beside(entries),
            *([states_table(self.views, "xenfusa-states")] if numbers["total"] else []),
            self._facts(),
            *self._first(entries, most),
        ]
        made += self._shares(numbers)
        made += [*gates(self.views, self.docname), *verdict_totals(self.views, self.docname), *self._changes(before)]
        return [nodes.container("", *made, classes=["xenfusa-dashboard"])]

    # --- the answer ---------------------------------------------------------------------------------------------

    def _headline(self, numbers: Mapping[str, Any], entries: Sequence[Attention]) -> nodes.Node:
        """The answer in a sentence: passed only as many as passed, and nothing green while anything needs attention."""
        total, passed = numbers["total"], numbers["results"][Result.PASSED.value]
        if not total:
            return paragraph(
                marked(Result.NONE, "There is no requirement."),
                " Nothing here is verified, because nothing here asks for anything.",
                classes=["xenfusa-answer"],
            )
        states = _numbers(numbers["results"])
        state = worst([*(entry.result for entry in entries), *states])
        # Where no requirement is in this state, it is something else that is: that has a word of its own.
        others = (entry.word for entry in entries if entry.result is state)
        word = state.value if state in states else next(others)
        words = f"{passed:,} of {count(total, 'requirement')} passed"
        words += f", {total - passed:,} did not" if passed < total else ""
        return paragraph(marked(state, word), " — ", nodes.strong("", words), ".", classes=["xenfusa-answer"])

    def _beside(self, entries: Sequence[Attention]) -> list[nodes.Node]:
        """What needs attention beside the states of requirements, such as a finding or a gate: it is in none of their numbers."""
        found = Counter((entry.result, entry.word) for entry in entries if not entry.of_state)
        if not found:
            return []
        said: list[nodes.Node] = []
        for (result, word), number in found.items():
            said += [nodes.Text(", ")] if said else []
            said.append(marked(result, word))
            said += [nodes.Text(f" ({number:,})")] if number > 1 else []
        beside = nodes.strong("", "Beside these states")
        return [paragraph(beside, " needs attention: ", *said, ".", classes=["xenfusa-also"])]

    def _whole(self, numbers: Mapping[str, Any]) -> nodes.Node:
        """One bar for all requirements, and the states in which there is none."""
        results = _numbers(numbers["results"])
        made = self._bar("all requirements", results, numbers["total"], _WHOLE)
        none = [result.value for result in Result if result not in results]
        if results and none:
            made.append(paragraph(f"No requirement is in one of these states: {', '.join(none)}."))
        return nodes.container("", *made, classes=["xenfusa-whole"])

    def _bar(self, name: str, numbers: Mapping[Result, int], of: int, width: int = WIDTH) -> list[nodes.Node]:
        """A bar, with its numbers in words."""
        said = paragraph()
        for result in Result:
            if numbers.get(result):
                said += [nodes.Text(", ")] if len(said) else []
                said += marked(result, f"{numbers[result]:,} {result.value}")
        if not len(said):
            return [paragraph("none")]
        return [bar(f"xenfusa-bar-{next(self.views.numbers)}", name, numbers, of, [said], width)]

    # --- what this is -------------------------------------------------------------------------------------------

    def _facts(self) -> nodes.Node:
        record = self.views.record
        made = nodes.field_list(classes=["xenfusa-facts"])
        for name, said in (
            ("Project", [nodes.Text(f"{record.project} {record.version}".strip())]),
            ("Commit", documented_words(record.documented)),
            ("Target policy", self._policies()),
            ("Baseline", self._baseline()),
            ("Claims", self._claims()),
            ("Test reports", self._reports()),
            ("Why believe it", self._grounds()),
        ):
            if not said:
                continue
            made += nodes.field("", nodes.field_name("", name), nodes.field_body("", paragraph(*said)))
        return made

    def _policies(self) -> list[nodes.Node]:
        record = self.views.record
        others = [policy for policy in record.policies if policy not in (record.policies[0], record.target_policy)]
        beside = f"; {', '.join(others)} beside it, without counting" if others else ""
        return [nodes.literal("", record.target_policy), nodes.Text(f" ({policy_words(record.target_policy)}){beside}")]

    def _baseline(self) -> list[nodes.Node]:
        record = self.views.record
        if record.baseline is not None:
            one = record.baseline
            name = f"{one.name} {one.version}".strip()
            return [nodes.Text(f"{name} ("), nodes.literal("", one.file), nodes.Text(f", SHA-256 {one.sha256[:16]}…)")]
        faulty = any(finding.subtype == "baseline" for finding in record.findings)
        words = "none that could be read" if faulty else "none"
        return [nodes.Text(f"{words}: nothing is compared")]

    def _claims(self) -> list[nodes.Node]:
        record = self.views.record
        claims = len({one.claim for one in record.verdicts})
        if record.confirm_mode == "off":
            return [marked(Result.NOT_RUN, "not run"), nodes.Text(": confirmation is switched off")]
        if not claims:
            return [marked(Result.NONE, "none"), nodes.Text(": no claim is installed")]
        idle = sum(one.kind is VerdictKind.NOT_RUN for one in record.verdicts)
        words = f"{count(claims, 'claim')}, {count(len(record.verdicts), 'verdict')}"
        how = {
            "force": "all of them run in this build",
            "cache": "each run in this build, or kept from a run of the same claim, model and bounds",
        }.get(record.confirm_mode, record.confirm_mode)
        made: list[nodes.Node] = [nodes.Text(f"{words}: {how}")]
        return [*made, nodes.Text("; "), marked(Result.NOT_RUN, f"{idle:,} not run")] if idle else made

    def _grounds(self) -> list[nodes.Node]:
        """What speaks for the verdicts: that each could have been another one, and what was counted by other means."""
        made: list[nodes.Node] = []
        confirmed = [one for one in self.views.record.verdicts if one.kind is VerdictKind.CONFIRMED]
        if confirmed:
            able = sum(one.witness is not None and one.killed > 0 for one in confirmed)
            again = sum(_counted_again(one) for one in confirmed)
            words = (
                f"{able:,} of {count(len(confirmed), 'confirmed verdict')} could have failed: a situation is shown in which, and "
                f"a change of the model that refutes the claim; {again:,} rest on numbers that a second method counted, too"
            )
            made.append(nodes.Text(words))
        ways = [self._document(docname) for docname in self.ways.about if docname != self.docname]
        for number, way in enumerate(ways):
            made += [nodes.Text(", " if number else "; how to check it, and what it does not show: ")] if made else []
            made.append(way)
        return made

    def _reports(self) -> list[nodes.Node]:
        reports = self.views.record.reports
        if not reports:
            return [marked(Result.NOT_RUN, "none supplied"), nodes.Text(": nothing here is verified by a test")]
        unusable = sum(bool(one.error) for one in reports)
        stale = sum(bool(one.stale) and not one.error for one in reports)
        cases = [case for one in reports for case in one.cases]
        said = case_counts(cases) or "no case"
        made: list[nodes.Node] = [
            nodes.Text(f"{count(len(reports), 'report')} with {count(len(cases), 'case')}: {said}")
        ]
        if unusable:
            made += [nodes.Text("; "), marked(Result.ERROR, f"{unusable:,} cannot be used")]
        if stale:
            made += [nodes.Text("; "), marked(Result.STALE, f"{stale:,} stale")]
        way = link_to_index(self.views.builder, self.docname, "what came of each")
        return [*made, nodes.Text(" ("), *way, nodes.Text(")")] if way else made

    # --- what needs attention first -----------------------------------------------------------------------------

    def _first(self, entries: Sequence[Attention], most: int) -> list[nodes.Node]:
        """The worst entries, and how many more there are."""
        if not entries:
            return [paragraph(nodes.strong("", "What needs attention first: "), self._nothing(), ".")]
        shown = entries[:most]
        rows: list[Sequence[Cell]] = [
            (marked(one.result, one.word), one.subject(), one.why(), one.next) for one in shown
        ]
        title = f"What needs attention first: {len(shown):,} of {len(entries):,}, worst first"
        headings = ("State", "What", "Why", "What to do next")
        made: list[nodes.Node] = []
        if rows:
            made.append(self.views.table(title, headings, (14, 28, 30, 28), rows, "xenfusa-attention"))
        else:
            made.append(
                paragraph(nodes.strong("", "What needs attention: "), count(len(entries), "entry", "entries"), ".")
            )
        return [*made, paragraph(*self._rest(entries[most:]), classes=["xenfusa-rest"])]

    def _nothing(self) -> nodes.Node:
        """Nothing needs attention; where nothing was looked at, that is no good news."""
        record = self.views.record
        if not record.items:
            return marked(Result.NOT_RUN, "nothing was looked at")
        return nodes.Text(f"nothing, of {count(len(record.items), 'requirement')} looked at")

    def _rest(self, rest: Sequence[Attention]) -> Iterator[nodes.Node]:
        if rest:
            yield nodes.Text(f"{count(len(rest), 'more entry', 'more entries')}: ")
            for number, result in enumerate(result for result in Result if any(one.result is result for one in rest)):
                yield nodes.Text(", " if number else "")
                yield marked(result, f"{sum(one.result is result for one in rest):,} {result.value}")
            yield nodes.Text(". ")
        ways = list(self._places())
        if ways:
            yield nodes.Text("All of them: ")
            for number, way in enumerate(ways):
                yield nodes.Text(", " if number else "")
                yield way
            yield nodes.Text(".")

    def _places(self) -> Iterator[nodes.Node]:
        """Links to a matrix and to the registers of what is not green."""
        places = [*self.ways.matrices[:1]]
        places += [place for name in ("gaps", "anomalies", "findings") if (place := self.ways.to_register(name))]
        for docname in dict.fromkeys(places):
            if docname != self.docname:
                yield self._document(docname)

    def _document(self, docname: str) -> nodes.Node:
        """A document by its title, as a link unless it is this one."""
        title = self.ways.titles.get(docname, docname)
        if docname == self.docname:
            return nodes.Text(title)
        return make_refnode(self.views.builder, self.docname, docname, "", [nodes.Text(title)])

    # --- by type, kind, chapter and method ----------------------------------------------------------------------

    def _shares(self, numbers: Mapping[str, Any]) -> Iterator[nodes.Node]:
        if not numbers["total"]:
            return
        types = [_share(type, type, part) for type, part in numbers["by_type"].items()]
        yield self._table("Requirements by type", "Type", types, "xenfusa-by-type")
        kinds = [_share(kind, kind, part) for kind, part in numbers["by_kind"].items()]
        yield self._table("Requirements by kind", "Kind", kinds, "xenfusa-by-kind")
        files = [_share(self._chapter(file), file, part) for file, part in numbers["by_file"].items()]
        yield self._table("Requirements by chapter", "Chapter", files, "xenfusa-by-file")
        yield self._methods(numbers["by_method"], numbers["total"])

    def _table(self, title: str, heading: str, shares: Sequence[Share], name: str) -> nodes.Node:
        """The shares of a whole; the longest bar is that of the largest."""
        most = max(one.total for one in shares)
        rows: list[Sequence[Cell]] = [
            (one.name, f"{one.total:,}", self._bar(one.said, one.numbers, most), one.beside or "–") for one in shares
        ]
        headings = (heading, "All", "States", "Beside the states")
        return self.views.table(title, headings, _SHARE_WIDTHS, rows, "xenfusa-shares", name)

    def _methods(self, by_method: Mapping[str, Mapping[str, int]], total: int) -> nodes.Node:
        """By what requirements were verified, or should have been; a method that nobody used says so."""
        rows: list[Sequence[Cell]] = []
        for method in METHODS:
            numbers = _numbers(by_method.get(method, {}))
            used = sum(numbers.values())
            said = self._bar(method, numbers, total) if used else [paragraph(marked(Result.NONE, "no requirement"))]
            rows.append((method, f"{used:,}", said))
        title = f"Verification by method, of {count(total, 'requirement')}"
        headings = ("Method", "All", "What it came to")
        return self.views.table(title, headings, (30, 8, 62), rows, "xenfusa-shares", "xenfusa-by-method")

    def _chapter(self, file: str) -> Cell:
        """The document that a file is; of one that is none, its name."""
        docname = posixpath.splitext(file)[0]
        if docname not in self.ways.titles:
            return nodes.literal("", file)
        return [paragraph(self._document(docname)), paragraph(nodes.literal("", file))]

    # --- since the baseline -------------------------------------------------------------------------------------

    def _changes(self, before: Snapshot | None) -> list[nodes.Node]:
        if before is None:
            words = "nothing is compared, because there is no baseline"
            return [paragraph(nodes.strong("", "Change since the baseline: "), f"{words}.")]
        difference = compare(before, snapshot(self.views.record, "this build"))
        worse, better, other = _shifts(difference)
        changes = [
            (change.value, number) for change, number in difference.counts.items() if change is not Change.UNCHANGED
        ]
        changes += [("state became worse", len(worse)), ("state became better", len(better))]
        changes += [("other state changed", len(other)), ("unchanged", difference.counts[Change.UNCHANGED])]
        rows: list[Sequence[Cell]] = [(name, f"{number:,}") for name, number in changes]
        items = len(difference.items)
        title = f"Change since the baseline {difference.before.label}, of {count(items, 'requirement')}"
        made: list[nodes.Node] = [
            self.views.table(title, ("Change", "Requirements"), (70, 30), rows, "xenfusa-changes")
        ]
        return [self._shift(difference, (len(worse), len(better), len(other))), *made, *self._worse(worse)]

    def _shift(self, difference: Difference, shifted: tuple[int, int, int]) -> nodes.Node:
        """A bar of what became of the states since the baseline.

        :param shifted: how many became worse, better, or are not to be compared.
        """
        (worse, better, other), counts = shifted, difference.counts
        new, removed = counts[Change.NEW], counts[Change.REMOVED]
        same = len(difference.items) - new - removed - sum(shifted)
        pieces = [
            Piece(worse, "with a worse state", "✗", Result.FAILED),
            Piece(other, "with a state that cannot be compared", "?", Result.STALE),
            Piece(removed, "removed", "−", Result.PARTIAL),
            Piece(new, "new", "+", Result.NOT_RUN),
            Piece(same, "in the same state", "=", Result.NONE),
            Piece(better, "with a better state", "✓", Result.PASSED),
        ]
        shown = [one for one in pieces if one.number]
        said = ", ".join(f"{one.symbol} {one.number:,} {one.words}" for one in shown) or "no requirement"
        name = f"xenfusa-bar-{next(self.views.numbers)}"
        title = f"States since the baseline {difference.before.label}"
        words = paragraph(nodes.strong("", f"{title}: "), said, ".")
        drawn = bar_of(name, title, shown, len(difference.items), [words], _WHOLE)
        return nodes.container("", drawn, classes=["xenfusa-whole"])

    def _worse(self, worse: Sequence[ValueChange]) -> list[nodes.Node]:
        """The requirements whose state became worse."""
        if not worse:
            return []
        shown = worse[:MOST]
        rows: list[Sequence[Cell]] = [
            (paragraph(self._named(one.of[0])), paragraph(_state(one.before), " → ", _state(one.after)))
            for one in shown
        ]
        title = f"Became worse since the baseline: {len(shown):,} of {len(worse):,}"
        return [self.views.table(title, ("Requirement", "State"), (60, 40), rows, "xenfusa-worse")]

    def _named(self, name: str) -> nodes.Node:
        tag = name if name in self.views.traced else self._newest.get(name, name)
        return self.views.link(self.docname, tag, tag)

    @functools.cached_property
    def _newest(self) -> Mapping[str, str]:
        """The tag of each name without revision."""
        return {tag.rpartition("~")[0]: tag for tag in self.views.traced}


def documented_words(documented: Documented) -> list[nodes.Node]:
    """The commit, with whether the tree had changes."""
    if not documented.commit:
        why = f": {documented.why}" if documented.why else ""
        return [marked(Result.NONE, "not known"), nodes.Text(why)]
    told = {
        True: marked(Result.STALE, "with changes that are not committed"),
        False: nodes.Text("without changes"),
        None: marked(Result.NONE, "not known whether with changes"),
    }[documented.dirty]
    return [nodes.literal("", documented.commit), nodes.Text(", "), told]


def _share(name: Cell, said: str, part: Mapping[str, Any]) -> Share:
    beside = (
        (part["suspect"], "suspect"),
        (part["justified"], "justified"),
        (part["passed_and_not_all_ran"], "passed, not all tests ran"),
    )
    told = ", ".join(f"{number:,} {word}" for number, word in beside if number)
    return Share(name, said, part["total"], _numbers(part["results"]), told)


def _numbers(results: Mapping[str, int]) -> dict[Result, int]:
    return {_RESULTS[name]: number for name, number in results.items() if number}


def _counted_again(verdict: Verdict) -> bool:
    """Whether all that was searched for a verdict was counted by a second method, too."""
    counts = [one.recount for one in verdict.explored]
    counts += [verdict.scope.recount] if verdict.scope.platforms else []
    return bool(counts) and None not in counts


def _shifts(difference: Difference) -> tuple[list[ValueChange], list[ValueChange], list[ValueChange]]:
    """The states that became worse, better, and those of which one side is no state of ours."""
    worse: list[ValueChange] = []
    better: list[ValueChange] = []
    other: list[ValueChange] = []
    for one in difference.states:
        if one.of[-1] != "state":
            continue
        old, new = _RESULTS.get(one.before), _RESULTS.get(one.after)
        if old is None or new is None:
            other.append(one)
        else:
            (worse if _PLACE[new] < _PLACE[old] else better).append(one)
    worse.sort(key=lambda one: _PLACE[_RESULTS[one.after]])
    return worse, better, other


def _state(word: str) -> nodes.Node:
    return marked(_RESULTS[word]) if word in _RESULTS else nodes.Text(word)
