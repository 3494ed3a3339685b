"""Registers as document nodes: what an auditor asks for as a list, each with its number, or with *none* and of how many.

An empty table could mean that nothing was looked at.  A register that is empty therefore says how much was looked at, and one for
which nothing was, says so.  Every entry is read from the record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from docutils import nodes

from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.interop.visible import visible_lines
from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.blocks import Cell, count, paragraph
from sphinx_xenfusa.sphinxext.case_lists import list_nodes
from sphinx_xenfusa.sphinxext.case_places import link_to_case, link_to_report
from sphinx_xenfusa.sphinxext.case_views import beginning
from sphinx_xenfusa.sphinxext.claim_places import (
    claims_with_pages,
    divergences_with_places,
    link_to_claim,
    link_to_divergence,
)
from sphinx_xenfusa.sphinxext.directives import XenDirective, words
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.unclaimed_list import unclaimed_nodes
from sphinx_xenfusa.sphinxext.views import Views, policy_words
from sphinx_xenfusa.trace.record import Finding, Justification, Suppressed, TracedItem
from sphinx_xenfusa.trace.states import (
    RESULT_OF_OUTCOME,
    RESULT_OF_VERDICT,
    Coverage,
    ItemKind,
    LinkStatus,
    Outcome,
    Result,
)
from sphinx_xenfusa.trace.test_lists import NO_TARGET

FILTERABLE = "xenfusa-filterable"
"""The class of tables that a script lets readers filter; without it the whole table is there."""
_ANOMALOUS = frozenset({VerdictKind.REFUTED, VerdictKind.VACUOUS, VerdictKind.ERROR, VerdictKind.INCONCLUSIVE})
_PLACE = {result: place for place, result in enumerate(Result)}
_MOST_TAGS = 20
CONTENTS = "contents"
"""The name that stands for a list of the registers on the page, with how much each of them has."""
"""Links that a cell names; of more it says the number."""

Row = Sequence[Cell]


class RegisterDirective(XenDirective):
    """Registers, in the order of their names."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> Sequence[nodes.Node]:
        """The place of the registers; one that does not exist is left out."""
        asked = words(self.arguments[0])
        for name in asked:
            if name not in (*REGISTERS, CONTENTS):
                message = f"found the register {name!r}; expected one of {', '.join(REGISTERS)}, or {CONTENTS}"
                self.domain.note_finding(self.env.docname, Finding("option", self.place, name, message))
        known = tuple(name for name in asked if name in (*REGISTERS, CONTENTS))
        self.domain.note_view(self.env.docname, "*")
        # An anchor stands once on a page: where a register is asked for again, it has none.
        before = set(self.domain.registers.get(self.env.docname, ()))
        self.domain.note_registers(self.env.docname, known)
        return [markup.register(asked=known, again=tuple(before & set(known)))] if known else []


def register_nodes(views: Views, docname: str, asked: Sequence[str], again: Sequence[str] = ()) -> list[nodes.Node]:
    """The registers that are asked for.

    :param again: those that stand further up on the page already.
    """
    made = list(views.banners())
    for name in dict.fromkeys(asked):
        if name == CONTENTS:
            made.append(nodes.container(classes=["xenfusa-register-contents"]))
            continue
        ids = [] if name in again else [f"register-{name}"]
        made.append(nodes.container("", *REGISTERS[name](views, docname), classes=["xenfusa-register-part"], ids=ids))
    return made


def fill_contents(doctree: nodes.document, views: Views) -> None:
    """Say in the contents of a page what stands in each of its registers: as these say it, and so never another number."""
    contents = [one for one in doctree.findall(nodes.container) if "xenfusa-register-contents" in one["classes"]]
    if not contents:
        return
    told = [
        (one["ids"][0], said)
        for one in doctree.findall(nodes.container)
        if "xenfusa-register-part" in one["classes"] and one["ids"]
        for said in _headings(one)
    ]
    for place in contents:
        rows = [_content(anchor, said) for anchor, said in told]
        widths = (46, 54)
        place += views.table("What stands in each register", ("Register", "Entries"), widths, rows, "xenfusa-contents")


def _headings(register: nodes.Element) -> Iterator[str]:
    """What the tables of a register say of their numbers; of an empty one, its sentence."""
    for number, node in enumerate(register.children):
        if isinstance(node, nodes.table):
            said = node[0].astext()
        elif isinstance(node, markup.unfolding):
            said = node["heading"]
        else:
            sentence = isinstance(node, nodes.paragraph) and (number == 0 or isinstance(node[0], nodes.strong))
            said = node.astext().rstrip(".") if sentence else ""
        if ": " in said:
            yield said


def _content(anchor: str, said: str) -> Row:
    name, _, entries = said.partition(": ")
    link = nodes.reference("", "", nodes.Text(name), refid=anchor, internal=True)
    return paragraph(link), entries


@dataclass(frozen=True, slots=True)
class Form:
    """How a register is shown.

    :param title: what its entries are.
    :param means: what a reader has to think of them; empty where the table says it.
    """

    title: str
    headings: tuple[str, ...]
    widths: tuple[int, ...]
    means: str = ""


class LookedAt(NamedTuple):
    """How much was looked at for a register, in words; nothing if the number is 0."""

    number: int
    words: str


def _register(views: Views, form: Form, rows: Iterable[Row], looked_at: LookedAt, *classes: str) -> list[nodes.Node]:
    """A register with its number; without an entry, of how much there is none."""
    made = list(rows)
    if made:
        of = f", of {looked_at.words} looked at" if looked_at.number else ""
        title = f"{form.title}: {len(made):,}{of}"
        table = views.table(title, form.headings, form.widths, made, "xenfusa-register", FILTERABLE, *classes)
        return [table, *([paragraph(form.means)] if form.means else [])]
    heading = nodes.strong("", f"{form.title}: ")
    if looked_at.number:
        return [paragraph(heading, f"none, of {looked_at.words} looked at.", classes=["xenfusa-no-entry"])]
    state = marked(Result.NOT_RUN, "nothing was looked at")
    return [paragraph(heading, state, f": {looked_at.words}.", classes=["xenfusa-no-entry"])]


def _requirements(views: Views) -> LookedAt:
    number = len(views.record.items)
    return LookedAt(number, count(number, "requirement") if number else "there is no requirement")


def _requirement(views: Views, docname: str, one: TracedItem) -> list[nodes.Node]:
    """A requirement, as a link, with its title."""
    tag = str(one.item.tag)
    return [paragraph(views.link(docname, tag, tag)), paragraph(one.item.title)]


def _tags(views: Views, docname: str, tags: Sequence[str]) -> list[nodes.Node]:
    """Links to items, a line each, and how many more there are."""
    made: list[nodes.Node] = [paragraph(views.link(docname, tag, tag)) for tag in tags[:_MOST_TAGS]]
    return made + ([paragraph(f"and {len(tags) - _MOST_TAGS:,} more")] if len(tags) > _MOST_TAGS else [])


# --- findings and what keeps them from counting -----------------------------------------------------------------------


def findings(views: Views, docname: str) -> list[nodes.Node]:
    """What is wrong in the sources and reports; statements that could not be made requirements are among it."""
    record = views.record
    rows: list[Row] = [
        (
            nodes.literal("", f"xenfusa.{finding.subtype}"),
            nodes.literal("", str(finding.place)) if finding.place is not None else "the configuration",
            finding.message,
        )
        for finding in record.findings
    ]
    files = len({one.item.place.file for one in record.items})
    looked_at = (
        f"{count(len(record.items), 'requirement')} in {count(files, 'file')}, {count(len(record.links), 'link')}"
    )
    looked_at += f" and {count(len(record.reports), 'test report')}"
    form = Form("What is wrong in the sources and reports", ("Type", "Place", "Finding"), (24, 24, 52))
    return _register(
        views, form, rows, LookedAt(len(record.items) + len(record.reports), looked_at), "xenfusa-findings"
    )


def exclusions(views: Views, docname: str) -> list[nodes.Node]:
    """What is excused for a stated reason: requirements and findings."""
    return [*justified(views, docname), *suppressed(views, docname)]


def justified(views: Views, docname: str) -> list[nodes.Node]:
    """The justified exclusions, expired ones included; what they excuse is in every total and covered in none."""
    form = Form(
        "Justified exclusions",
        ("Requirement", "Reason", "Owner", "Until", "What it excuses"),
        (24, 32, 14, 14, 16),
        "None of these counts as covered.",
    )
    rows = [_excluded(views, docname, one) for one in views.record.justifications]
    return _register(views, form, rows, _requirements(views), "xenfusa-excluded")


def suppressed(views: Views, docname: str) -> list[nodes.Node]:
    """The findings that a stated reason keeps from counting."""
    record = views.record
    form = Form("Suppressed for a stated reason", ("Type and place", "Finding", "Reason"), (28, 40, 32))
    found = len(record.findings) + len(record.suppressed)
    looked_at = count(found, "finding") if found else "there is no finding that could be suppressed"
    return _register(
        views, form, [_suppressed(one) for one in record.suppressed], LookedAt(found, looked_at), "xenfusa-suppressed"
    )


def _excluded(views: Views, docname: str, one: Justification) -> Row:
    expired = paragraph(marked(Result.FAILED, "expired"), f" on {one.expires}")
    traced = views.traced.get(one.id)
    if traced is None:
        excuses: Cell = "nothing: there is no such requirement"
    elif traced.justified:
        excuses = [paragraph(marked(Result.JUSTIFIED)), paragraph("state: ", marked(traced.result))]
    else:
        excuses = [paragraph("nothing" if one.expired else "nothing: it lacks nothing that could be excused")]
    return (
        paragraph(views.link(docname, one.id, one.id)),
        one.reason,
        one.owner,
        expired if one.expired else one.expires,
        excuses,
    )


def _suppressed(one: Suppressed) -> Row:
    return (
        [paragraph(nodes.literal("", f"xenfusa.{one.subtype}")), paragraph(nodes.literal("", str(one.place)))],
        f"{one.about}: {one.message}",
        [paragraph(one.reason), paragraph("(", nodes.literal("", str(one.suppressed_at)), ")")],
    )


# --- gaps -------------------------------------------------------------------------------------------------------------


def gaps(views: Views, docname: str) -> list[nodes.Node]:
    """Requirements that something is missing for: what should cover them, or anything that could check them."""
    form = Form(
        "Gaps",
        ("Requirement", "State", "What is missing", "Excused"),
        (34, 16, 34, 16),
        "A requirement stands here that is not covered as its types or the policy ask, or that nothing checks as a whole.",
    )
    found = ((one, tuple(missing_of(one))) for one in views.record.items)
    rows: list[Row] = [
        (
            _requirement(views, docname, one),
            marked(one.result),
            [paragraph(words) for words in missing],
            marked(Result.JUSTIFIED) if one.justified else "no",
        )
        for one, missing in sorted(found, key=lambda entry: (_PLACE[entry[0].result], entry[0].item.tag))
        if missing
    ]
    return _register(views, form, rows, _requirements(views), "xenfusa-gaps")


def missing_of(one: TracedItem) -> Iterator[str]:
    """What is missing for a requirement, in words; nothing where it has all that is asked for."""
    if one.uncovered:
        yield f"not covered by {', '.join(one.uncovered)}"
    elif one.coverage is not Coverage.COVERED:
        yield "covered in a circle" if one.coverage is Coverage.CYCLE else "what covers it is not covered itself"
    yield from (f"the policy asks for {words}" for words in one.lacks)
    if one.result is Result.NONE:
        yield "no claim and no test checks it"
    if one.result is Result.PARTIAL:
        yield "only a part of it is verified"


def suspects(views: Views, docname: str) -> list[nodes.Node]:
    """Requirements that rest on a text that changed since somebody agreed to it."""
    record = views.record
    form = Form(
        "Suspects",
        ("Requirement", "State", "The text of these changed", "Links that are suspect"),
        (34, 14, 26, 26),
        "Somebody accepted a link or a review, and the text is no longer the one that was accepted.",
    )
    links: defaultdict[str, list[str]] = defaultdict(list)
    for link in record.links:
        if link.status is LinkStatus.SUSPECT or LinkStatus.SUSPECT in link.also:
            links[link.source if link.type == "covers" else link.target].append(
                f"{link.source} {link.type} {link.target}"
            )
    rows: list[Row] = [
        (
            _requirement(views, docname, one),
            marked(one.result),
            _tags(views, docname, one.suspect),
            [paragraph(told) for told in links[str(one.item.tag)][:_MOST_TAGS]] or "none: the review alone",
        )
        for one in record.items
        if one.suspect
    ]
    accepted, reviews = sum(bool(one.accepted) for one in record.links), len(record.reviews)
    looked_at = f"{count(accepted, 'accepted link')} and {count(reviews, 'review')}"
    nothing = "nobody has accepted a link or a review yet"
    return _register(
        views,
        form,
        rows,
        LookedAt(accepted + reviews, looked_at if accepted + reviews else nothing),
        "xenfusa-suspects",
    )


# --- assumptions, skipped tests ---------------------------------------------------------------------------------------


def assumptions(views: Views, docname: str) -> list[nodes.Node]:
    """What the user of Xen has to ensure: who, and by what it is shown."""
    form = Form(
        "Assumptions of use",
        ("Assumption", "Who discharges it", "By what", "State"),
        (30, 20, 36, 14),
        "The state says what a claim shows of the assumption: that it is necessary. Only its owner can discharge it.",
    )
    rows: list[Row] = [
        (
            _requirement(views, docname, one),
            one.item.owner or marked(Result.NONE, "nobody is named"),
            one.item.discharge or marked(Result.NONE, "nothing is named"),
            marked(one.result),
        )
        for one in views.record.items
        if one.item.kind is ItemKind.ASSUMPTION
    ]
    return _register(views, form, rows, _requirements(views), "xenfusa-assumptions")


def skipped(views: Views, docname: str) -> list[nodes.Node]:
    """The tests that did not run, with the reason."""
    return list_nodes(views, docname, ["skipped"])


# --- anomalies --------------------------------------------------------------------------------------------------------


class Anomaly(NamedTuple):
    """Something that came out other than it should.

    :param what: in one or two words.
    :param subject: what it happened to, as nodes.
    :param on: the policy or the target.
    :param told: what was found.
    """

    result: Result
    what: str
    subject: nodes.Node
    on: str
    told: str


def anomalies(views: Views, docname: str) -> list[nodes.Node]:
    """What came out other than it should, worst first: claims, tests and reports."""
    record = views.record
    form = Form("Anomalies", ("Anomaly", "Of", "On", "What was found"), (18, 32, 16, 34))
    found = sorted(anomalies_of(views, docname), key=lambda one: _PLACE[one.result])
    rows: list[Row] = [
        (marked(one.result, one.what), one.subject, one.on, visible_lines(beginning(one.told))) for one in found
    ]
    cases = sum(len(report.cases) for report in record.reports)
    ran = sum(one.kind not in (VerdictKind.NOT_RUN, VerdictKind.NOT_APPLICABLE) for one in record.verdicts)
    looked_at = f"{count(ran, 'verdict')}, {count(cases, 'test case')} and {count(len(record.reports), 'test report')}"
    nothing = "no claim ran and no test report was supplied"
    number = ran + len(record.reports)
    return _register(views, form, rows, LookedAt(number, looked_at if number else nothing), "xenfusa-anomalies")


def anomalies_of(views: Views, docname: str) -> Iterator[Anomaly]:
    """Every anomaly of the record, by its source."""
    yield from _anomalous_verdicts(views, docname)
    yield from _anomalous_reports(views, docname)
    yield from _anomalous_tests(views, docname)


def _anomalous_verdicts(views: Views, docname: str) -> Iterator[Anomaly]:
    with_pages = frozenset(claims_with_pages(views.record))
    for one in views.record.verdicts:
        if one.kind in _ANOMALOUS:
            unexpected = one.kind is VerdictKind.REFUTED and one.policy not in (None, views.record.policies[0])
            what = "unexpected divergence" if unexpected else f"claim {one.kind.value}"
            yield Anomaly(
                RESULT_OF_VERDICT[one.kind],
                what,
                _claim(views, docname, one, with_pages),
                policy_words(one.policy),
                one.reason or "no reason given",
            )


def _claim(views: Views, docname: str, verdict: Verdict, with_pages: frozenset[str]) -> nodes.Node:
    """A claim, as a link to its page where it has one."""
    if verdict.claim not in with_pages:
        return nodes.literal("", verdict.claim)
    return link_to_claim(views.builder, docname, verdict.claim, verdict.claim, verdict.policy)


def _anomalous_reports(views: Views, docname: str) -> Iterator[Anomaly]:
    for one in views.record.reports:
        link = link_to_report(views.builder, docname, one.file)
        if one.error:
            yield Anomaly(Result.ERROR, "unusable report", link, one.target or NO_TARGET, one.error)
        elif one.stale:
            yield Anomaly(Result.STALE, "stale report", link, one.target or NO_TARGET, one.stale)


def _anomalous_tests(views: Views, docname: str) -> Iterator[Anomaly]:
    for report in views.record.reports:
        for case in report.cases:
            target = case.target or report.target or NO_TARGET
            link = link_to_case(views.builder, docname, case, visible_lines(case.id))
            if case.outcome in (Outcome.FAILED, Outcome.ERROR):
                word = "test failed" if case.outcome is Outcome.FAILED else "test broke"
                yield Anomaly(RESULT_OF_OUTCOME[case.outcome], word, link, target, case.message or "no message")
            elif case.flaky:
                tried = ", ".join(one.value for one in case.attempts)
                yield Anomaly(RESULT_OF_OUTCOME[case.outcome], "flaky test", link, target, f"attempts: {tried}")


# --- what nobody claims, and where Xen differs ------------------------------------------------------------------------


def unclaimed(views: Views, docname: str) -> list[nodes.Node]:
    """The normative sentences that no requirement claims."""
    return unclaimed_nodes(views)


def divergences(views: Views, docname: str) -> list[nodes.Node]:
    """Where a policy of Xen does not do what the document says, as the register expects, and where that was found."""
    record = views.record
    found: defaultdict[str, list[Verdict]] = defaultdict(list)
    for verdict in record.verdicts:
        for entry in verdict.divergences:
            found[entry.id].append(verdict)
    by_claim: defaultdict[str, list[TracedItem]] = defaultdict(list)
    for one in record.items:
        for claim in one.item.confirmed_by:
            by_claim[claim].append(one)
    ran = sum(one.kind not in (VerdictKind.NOT_RUN, VerdictKind.NOT_APPLICABLE) for one in record.verdicts)
    place = _Diverging(views, docname, by_claim, ran, divergences_with_places(record))
    rows = [place.row(name, found.get(name, [])) for name in sorted({*views.divergences, *found}, key=_by_number)]
    form = Form(
        f"Divergences of Xen from the document: {len(found):,} found, register",
        ("Divergence", "The document, and Xen", "Found under", "Claims that show it", "Requirements"),
        (15, 37, 14, 17, 17),
        "A divergence that is expected is shown and never counts as passed. The claims and the requirements lead to its traces.",
    )
    words = count(ran, "verdict") if ran else "no claim ran"
    return _register(views, form, rows, LookedAt(ran, words), "xenfusa-divergences", "xenfusa-wide")


def _by_number(name: str) -> tuple[int, str]:
    digits = "".join(letter for letter in name if letter in "0123456789")
    return int(digits[:9] or 0), name


@dataclass(frozen=True)
class _Diverging:
    """Writes the rows of divergences.

    :param ran: how many verdicts there are: of none nothing is known.
    :param places: the policies and the divergences of which the page of the policy tells.
    """

    views: Views
    docname: str
    by_claim: Mapping[str, Sequence[TracedItem]]
    ran: int
    places: frozenset[tuple[str, str]]

    def row(self, name: str, verdicts: Sequence[Verdict]) -> Row:
        """What is known of one divergence."""
        described = self.views.divergences.get(name)
        said: list[nodes.Node] = [paragraph("It does not stand in the register.")]
        if described is not None:
            said = [
                paragraph(nodes.strong("", "The document: "), described.document),
                paragraph(nodes.strong("", "Xen: "), described.xen),
                paragraph(nodes.strong("", "Source: "), described.source),
            ]
            if described.not_modelled:
                said.append(paragraph(nodes.strong("", "Not modelled: "), described.not_modelled))
        policies = dict.fromkeys(one.policy for one in verdicts)
        pages = frozenset(claims_with_pages(self.views.record))
        shown = {one.claim: one for one in verdicts}
        claims: list[nodes.Node] = [
            paragraph(_claim(self.views, self.docname, one, pages)) for _, one in sorted(shown.items())
        ]
        items = sorted({str(one.item.tag) for claim in shown for one in self.by_claim.get(claim, ())})
        return (
            marked(Result.DIVERGES, name) if verdicts else nodes.literal("", name),
            said,
            [self._under(one, name) for one in policies] or [self._not_found()],
            claims or "none",
            _tags(self.views, self.docname, items) or "none",
        )

    def _under(self, policy: str | None, name: str) -> nodes.paragraph:
        """The policy under which a divergence was found, as a link to what its page tells of it."""
        words = nodes.Text(policy_words(policy))
        if policy is None or (policy, name) not in self.places:
            return paragraph(words)
        return paragraph(link_to_divergence(self.views.builder, self.docname, policy, name, words))

    def _not_found(self) -> nodes.Node:
        return paragraph("no verdict" if self.ran else marked(Result.NOT_RUN))


REGISTERS: Mapping[str, Callable[[Views, str], list[nodes.Node]]] = {
    "findings": findings,
    "gaps": gaps,
    "suspects": suspects,
    "exclusions": exclusions,
    "assumptions": assumptions,
    "skipped": skipped,
    "anomalies": anomalies,
    "unclaimed": unclaimed,
    "divergences": divergences,
}
"""Every register by the name that an author asks for."""
