"""What the search of a claim counted, as document nodes: a table of classes, and a trace of each that has one."""

from __future__ import annotations

from collections.abc import Sequence

from docutils import nodes

from sphinx_xenfusa.explore.verdict import Tally, Verdict, VerdictKind
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.views import Cell, Views, capitalised, count, paragraph, policy_words, verdict_words
from sphinx_xenfusa.trace.states import RESULT_OF_VERDICT, Result

_NUMBER_WIDTH = 16


def tally_nodes(views: Views, claim: str) -> list[nodes.Node]:
    """The table of a claim; instead of numbers that are not there, why not."""
    order = views.record.policies
    found = (one for one in views.record.verdicts if one.claim == claim)
    verdicts = sorted(found, key=lambda one: order.index(one.policy) if one.policy in order else len(order))
    made = list(views.banners())
    counted = [one for one in verdicts if one.tallies]
    for one in verdicts:
        if not one.tallies:
            state = marked(RESULT_OF_VERDICT[one.kind], verdict_words(one))
            made.append(paragraph(state, f": {claim}, {policy_words(one.policy)}: no numbers of it are known."))
    if not verdicts:
        made.append(paragraph(marked(Result.NOT_RUN), f": {claim} gave no verdict, so that nothing was counted."))
    if not counted:
        return made
    made += [_what_ran(one) for one in counted]
    rows = [_row(name, words, counted) for name, words in _classes(counted).items()]
    headings = ["Class", "What is in it", *(_heading(one) for one in counted)]
    title = f"What did the search of {claim} find, class by class?"
    widths = (22, 34, *(_NUMBER_WIDTH for _ in counted))
    made.append(views.table(title, headings, widths, rows, "xenfusa-tallies", "xenfusa-filterable"))
    traces = [view for name in _classes(counted) for view in _traced(views, name, counted)]
    if traces:
        made.append(views.fold("One of each class, with a shortest trace where a step is taken", traces))
    return made


def _what_ran(verdict: Verdict) -> nodes.paragraph:
    """What came of the search that counted, and what shows that it could have come out otherwise."""
    state = marked(RESULT_OF_VERDICT[verdict.kind], verdict_words(verdict))
    bites = (
        f"{verdict.killed:,} of {count(verdict.mutants, 'mutant')} {'refutes' if verdict.killed == 1 else 'refute'} it"
        if verdict.mutants
        else "no mutant was tried"
    )
    words = f"{count(verdict.cases, 'check')}, {verdict.relevant:,} of them could have failed; {bites}"
    return paragraph(state, f": {verdict.claim}, {policy_words(verdict.policy)}. What ran: {words}.")


def _classes(counted: Sequence[Verdict]) -> dict[str, str]:
    """The classes of all verdicts, each once, with their words."""
    return {tally.name: tally.words for one in reversed(counted) for tally in one.tallies}


def _heading(verdict: Verdict) -> str:
    words = capitalised(policy_words(verdict.policy)) if verdict.policy else "Number"
    if verdict.kind is VerdictKind.DIVERGES:
        return f"{words}, with {', '.join(entry.id for entry in verdict.divergences)} repaired"
    return words


def _of(verdict: Verdict, name: str) -> Tally | None:
    return next((one for one in verdict.tallies if one.name == name), None)


def _row(name: str, words: str, counted: Sequence[Verdict]) -> Sequence[Cell]:
    tallies = [_of(one, name) for one in counted]
    return [nodes.literal("", name), words, *("none" if one is None else f"{one.number:,}" for one in tallies)]


def _traced(views: Views, name: str, counted: Sequence[Verdict]) -> list[nodes.Node]:
    """The trace of a class: that of the first verdict that has one."""
    for verdict in counted:
        tally = _of(verdict, name)
        if tally is not None and tally.trace is not None:
            return views.trace(name, tally.trace)
    return []
