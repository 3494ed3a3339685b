"""The mutants of the model, as document nodes: what each claim kills, and what none does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from docutils import nodes

from sphinx_xenfusa.explore.survivors import Killing, Mutants, Survivor
from sphinx_xenfusa.explore.verdict import MutantReport
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.views import Cell, Views, count, paragraph
from sphinx_xenfusa.trace.states import Result

_NAMED = 4
"""How many claims a cell names; of more it says the number."""


def survivor_nodes(views: Views) -> list[nodes.Node]:
    """How many mutants there are, what each claim kills, a table of those that none does, and one of those that are reviewed."""
    mutants = views.record.mutants
    if mutants is None:
        words = " which mutants nothing kills is known only after all claims were run under all policies."
        return [*views.banners(), paragraph(marked(Result.NOT_RUN), ":", words)]
    made = [*views.banners(), _numbers(mutants)]
    if mutants.unknown:
        made.append(
            paragraph(
                marked(Result.ERROR, "not complete"),
                ": the record of the mutation run tells nothing of these claims, or was made with other sources (",
                nodes.literal("", "xenfusa adequacy"),
                f" makes it anew): {', '.join(mutants.unknown)}.",
            )
        )
    if mutants.claims:
        made.append(_by_claim(views, mutants.claims))
    open_ones = [one for one in mutants.survivors if not one.equivalent]
    closed = [one for one in mutants.survivors if one.equivalent]
    if open_ones:
        title = f"Mutants that nothing kills and nobody has reviewed: {len(open_ones):,}"
        made.append(_table(views, title, "Tried by", ((one, _tried_by(one)) for one in open_ones)))
    if closed:
        title = f"Mutants that are reviewed as equivalent: {len(closed):,}"
        made.append(_table(views, title, "Why it changes nothing", ((one, one.equivalent) for one in closed)))
    return made


def _numbers(mutants: Mutants) -> nodes.Node:
    equivalent = sum(1 for one in mutants.survivors if one.equivalent)
    broken = f", {mutants.broken:,} broke every search that tried them" if mutants.broken else ""
    return paragraph(
        f"{count(mutants.generated, 'mutant')} of the model: {mutants.killed:,} refute at least one claim{broken}, "
        f"{len(mutants.survivors):,} refute none. Of these {equivalent:,} are reviewed as equivalent and "
        f"{len(mutants.survivors) - equivalent:,} are not reviewed."
    )


def _by_claim(views: Views, claims: Sequence[Killing]) -> nodes.Node:
    """What each claim does to the mutants."""
    rows: list[Sequence[Cell]] = [
        (
            nodes.literal("", one.claim),
            f"{one.killed:,} of {one.tried:,}",
            "none" if one.smallest is None else [_smallest(one.smallest)],
        )
        for one in claims
    ]
    headings = ("Claim", "Killed, of those tried", "The smallest that it kills")
    return views.table(
        f"Mutants that each claim kills ({count(len(claims), 'claim')})",
        headings,
        (26, 14, 60),
        rows,
        "xenfusa-killing",
        "xenfusa-filterable",
    )


def _smallest(report: MutantReport) -> nodes.paragraph:
    edit = (nodes.literal("", report.before), " → ", nodes.literal("", report.after))
    return paragraph(f"{report.operator}: ", *edit, " at ", nodes.literal("", report.where))


def _table(views: Views, title: str, last: str, rows: Iterable[tuple[Survivor, str]]) -> nodes.Node:
    """Survivors; those that differ only in what the text is changed to share a row."""
    groups: dict[tuple[str, str, str, str, str], list[Survivor]] = {}
    for one, said in rows:
        report = one.report
        groups.setdefault((report.where, report.operator, report.before, one.line, said), []).append(one)
    cells: list[Sequence[Cell]] = [
        (nodes.literal("", where), operator, _edits(several), said)
        for (where, operator, _, _, said), several in groups.items()
    ]
    return views.table(
        title, ("Place", "Operator", "Edit", last), (26, 14, 34, 26), cells, "xenfusa-survivors", "xenfusa-filterable"
    )


def _edits(several: Sequence[Survivor]) -> Cell:
    first = several[0]
    edit = paragraph(nodes.literal("", first.report.before), " → ")
    for number, one in enumerate(several):
        edit += (
            [nodes.Text(" or "), nodes.literal("", one.report.after)] if number else nodes.literal("", one.report.after)
        )
    known = first.report.before in first.line and len(first.report.before) * 2 > len(first.line)
    return [edit] if known or not first.line else [edit, paragraph("in ", nodes.literal("", first.line))]


def _tried_by(one: Survivor) -> str:
    if not one.claims:
        return "no claim reaches it"
    if len(one.claims) > _NAMED:
        return f"{', '.join(one.claims[:_NAMED])} and {len(one.claims) - _NAMED} more"
    return ", ".join(one.claims)
