"""Verdicts on a page: a table of what ran for an item, and what each verdict rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from docutils import nodes

from sphinx_xenfusa.explore import searches
from sphinx_xenfusa.explore.verdict import Explored, Verdict, VerdictKind
from sphinx_xenfusa.sphinxext.blocks import Cell, capitalised, count, paragraph
from sphinx_xenfusa.sphinxext.claim_places import anchor_of_policy, page_of_claim
from sphinx_xenfusa.sphinxext.phrases import BREAK, Code, Fact, Paged, Phrase, marked
from sphinx_xenfusa.sphinxext.views import Views, policy_words, verdict_words
from sphinx_xenfusa.trace.record import TracedItem
from sphinx_xenfusa.trace.states import RESULT_OF_VERDICT, Result

_SEARCH_WIDTHS = (15, 18, 12, 12, 12, 14, 17)


def verdicts_table(views: Views, traced: TracedItem) -> nodes.Node:
    """The verdicts on the claims of an item, those that do not count included, and its claims without one."""
    rows: list[Sequence[Cell]] = []
    for verdict in (*traced.verdicts, *traced.other_verdicts):
        result = RESULT_OF_VERDICT[verdict.kind]
        said: list[nodes.Node] = [paragraph(marked(result, verdict_words(verdict)))]
        said += [paragraph(verdict.reason)] if verdict.reason else []
        rows.append(
            (
                [paragraph(nodes.literal("", verdict.claim)), paragraph(policy_words(verdict.policy))],
                said,
                f"{verdict.cases:,} ({verdict.relevant:,})" if verdict.cases else "none",
                f"{verdict.killed:,} of {verdict.mutants:,}" if verdict.mutants else "none tried",
            )
        )
    for claim in traced.item.confirmed_by:
        if not any(verdict.claim == claim for verdict in (*traced.verdicts, *traced.other_verdicts)):
            rows.append(
                (nodes.literal("", claim), paragraph(marked(Result.NOT_RUN), " no verdict"), "none", "none tried")
            )
    headings = ("Claim", "Verdict", "Checks made (could have failed)", "Mutants tried in this run that refute it")
    return views.table("What ran", headings, (28, 36, 18, 18), rows, "xenfusa-verdicts")


def other_details(views: Views, traced: TracedItem) -> list[nodes.Node]:
    """What differs under the policies that do not count; traces that stand there already are not shown twice."""
    made: list[nodes.Node] = []
    shown = list(traced.verdicts)
    for verdict in traced.other_verdicts:
        if verdict.kind is VerdictKind.CONFIRMED:
            continue
        same = next((one for one in shown if _same_traces(one, verdict)), None)
        if same is None:
            made.append(details(views, verdict))
            shown.append(verdict)
        else:
            words = (
                f"{verdict.claim}, {policy_words(verdict.policy)}: the traces are those of {policy_words(same.policy)}."
            )
            made.append(paragraph(words))
    return made


def in_short(views: Views, traced: TracedItem) -> list[tuple[str, list[Fact]]]:
    """Of each claim of an item what its verdicts rest on, where a page of its own shows the traces: claim and facts."""
    made = []
    for claim in traced.item.confirmed_by:
        counting = [one for one in traced.verdicts if one.claim == claim]
        others = [one for one in traced.other_verdicts if one.claim == claim and one.kind is not VerdictKind.CONFIRMED]
        if counting or others:
            made.append((claim, _facts_of_claim(views, [*counting, *others])))
    return made


def _facts_of_claim(views: Views, verdicts: Sequence[Verdict]) -> list[Fact]:
    """What the verdicts on one claim rest on; all of them have the same scope."""
    claim, scope = verdicts[0].claim, verdicts[0].scope
    says = views.claims[claim].says if claim in views.claims else ""
    size = ""
    if scope.platforms:
        again = "not counted again" if scope.recount is None else f"{scope.recount:,} by a second method (Burnside)"
        size = f"{count(scope.platforms, 'platform')}; {again}"
    return [
        ("Claim", [Paged(claim, page_of_claim(claim)), f": {says}" if says else ""]),
        ("Scope", [f"{scope.words.rstrip('.')}."]),
        ("Size", [size] if size else []),
        ("Assumptions", ["; ".join(scope.assumptions)] if scope.assumptions else []),
        ("Searched", _lines(_searched(one) for verdict in verdicts for one in verdict.explored)),
        ("Divergences", _lines(_divergence(views, entry.id) for one in verdicts for entry in one.divergences)),
        ("Mutants", _lines(_mutants(verdict) for verdict in verdicts if verdict.mutants)),
        ("Traces", _lines(line for verdict in verdicts for line in _traces(verdict))),
    ]


def _lines(lines: Iterable[Sequence[Phrase]]) -> list[Phrase]:
    """The lines, each once."""
    made: list[Phrase] = []
    for line in dict.fromkeys(map(tuple, lines)):
        made += [*([BREAK] if made else []), *line]
    return made


def _searched(one: Explored) -> list[Phrase]:
    """A search of all reachable states in a line."""
    constants = ", ".join(f"{name} = {value}" for name, value in one.constants)
    whole = "all" if one.complete else "not all"
    again = "not counted again" if one.recount is None else f"{one.recount:,} by an engine of another kind"
    said = f"{one.states:,} states ({whole}), {one.transitions:,} steps, by the engine {one.engine}; {again}"
    return [f"{one.system}{f' with {constants}' if constants else ''}: {said}"]


def _mutants(verdict: Verdict) -> list[Phrase]:
    """How many mutants of the model refute the claim, with the smallest edit of them."""
    made: list[Phrase] = [f"{verdict.killed:,} of {verdict.mutants:,} refute it under {policy_words(verdict.policy)}"]
    if verdict.killer is not None:
        killer = verdict.killer
        made += [
            f"; the smallest: {killer.operator} at {killer.where}: ",
            Code(killer.before),
            " → ",
            Code(killer.after),
        ]
    return made


def _traces(verdict: Verdict) -> Iterator[list[Phrase]]:
    """The traces of a verdict by name, each as a link to its page."""
    found = [(f"divergence {one.id}", one.trace) for one in verdict.divergences]
    if verdict.counterexample is not None and not found:
        found = [("counterexample", verdict.counterexample)]
    found += [("witness", verdict.witness)] if verdict.witness is not None else []
    page = f"{page_of_claim(verdict.claim)}#{anchor_of_policy(verdict.policy)}"
    for kind, trace in found:
        steps = f" ({count(len(trace.steps), 'step')})" if trace.steps else ""
        yield [f"{capitalised(kind)}, {policy_words(verdict.policy)}: ", Paged(trace.title, page, code=False), steps]


def _same_traces(one: Verdict, other: Verdict) -> bool:
    """Whether two verdicts on a claim came out alike and are shown by the same traces."""
    return (one.claim, one.kind, one.counterexample, one.divergences) == (
        other.claim,
        other.kind,
        other.counterexample,
        other.divergences,
    )


def details(views: Views, verdict: Verdict) -> nodes.Node:
    """What a verdict rests on, to unfold: claim, scope, mutant, traces."""
    scope = verdict.scope
    made: list[nodes.Node] = []
    if verdict.claim in views.claims:
        made.append(paragraph(nodes.strong("", "Claim: "), views.claims[verdict.claim].says))
    made.append(paragraph(nodes.strong("", "Scope: "), f"{scope.words.rstrip('.')}."))
    if scope.platforms:
        recount = "not counted again" if scope.recount is None else f"{scope.recount:,} by a second method (Burnside)"
        made.append(paragraph(nodes.strong("", "Size: "), f"{count(scope.platforms, 'platform')}; {recount}."))
    if scope.assumptions:
        made.append(paragraph(nodes.strong("", "Assumptions: "), "; ".join(scope.assumptions) + "."))
    made += searches_nodes(views, verdict)
    if verdict.killer is not None:
        killer = verdict.killer
        made.append(
            paragraph(
                nodes.strong("", "Smallest mutant that refutes it: "),
                f"{killer.operator} at {killer.where}: ",
                nodes.literal("", killer.before),
                " → ",
                nodes.literal("", killer.after),
            )
        )
    if verdict.counterexample is not None and not verdict.divergences:
        made += views.trace("Counterexample", verdict.counterexample)
    for entry in verdict.divergences:
        made += _described(views, entry.id)
        made += views.trace(f"Divergence {entry.id}", entry.trace)
    if verdict.witness is not None:
        made += views.trace("Witness", verdict.witness)
    return views.fold(f"{verdict.claim}, {policy_words(verdict.policy)}: scope, mutant and traces", made)


def searches_nodes(views: Views, verdict: Verdict) -> list[nodes.Node]:
    """The searches of reachable states, and what shows that they bite."""
    if not verdict.explored:
        return []
    rows = searches.rows(verdict.explored)
    title = "All reachable states, bit for bit"
    made: list[nodes.Node] = [views.table(title, searches.HEADINGS, _SEARCH_WIDTHS, rows, "xenfusa-searches")]
    for name, told in searches.remarks(verdict.explored):
        made.append(paragraph(nodes.strong("", f"{name}: "), told))
    return made


def _described(views: Views, divergence: str) -> list[nodes.Node]:
    """What the register says of a divergence, as a paragraph."""
    said = _divergence(views, divergence)
    return [paragraph(nodes.strong("", f"{divergence}."), said[1])] if len(said) > 1 else []


def _divergence(views: Views, divergence: str) -> list[str]:
    """What the register says of a divergence: the document's words against Xen's doing."""
    known = views.divergences.get(divergence)
    if known is None:
        return [divergence]
    limits = f" Not modelled: {known.not_modelled}" if known.not_modelled else ""
    return [f"{divergence}.", f" The document: {known.document} Xen: {known.xen}{limits} (Source: {known.source}.)"]
