"""The page of a claim and the list of the claims: what is claimed, of what, by what search, with what result and trace.

What the record does not know is said to be unknown; a trace that two policies share is shown once.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence

from docutils import nodes

from sphinx_xenfusa.explore.survivors import Killing
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import MutantReport, Scope, Verdict, VerdictKind
from sphinx_xenfusa.sphinxext.blocks import Cell, capitalised, count, paragraph
from sphinx_xenfusa.sphinxext.claim_evidence import AllEvidence, ClaimEvidence
from sphinx_xenfusa.sphinxext.claim_places import (
    CLAIM_LIST,
    POLICY_LIST,
    anchor_of_policy,
    link_to_claim,
    link_to_list,
    link_to_policy,
)
from sphinx_xenfusa.sphinxext.page_parts import facts, head, heading, whole, written
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.tally_table import tally_nodes
from sphinx_xenfusa.sphinxext.verdict_views import searches_nodes
from sphinx_xenfusa.sphinxext.views import DESIGN_ANALYSIS, Views, policy_words, verdict_words
from sphinx_xenfusa.trace.states import RESULT_OF_VERDICT, Result

LIST_TITLE = "Claims"
MEANINGS = {
    VerdictKind.REFUTED: "it is false; the counterexample is a trace",
    VerdictKind.VACUOUS: "nothing could have refuted it, so that it says nothing",
    VerdictKind.ERROR: "its check broke, or did not end in time",
    VerdictKind.INCONCLUSIVE: "the time or the number of checks was used up before the search was exhausted",
    VerdictKind.DIVERGES: "it is false, in the way that the reviewed register expects; never counted as passed",
    VerdictKind.NOT_RUN: "nothing gave a verdict on it",
    VerdictKind.NOT_APPLICABLE: "the platform cannot operate under that policy",
    VerdictKind.CONFIRMED: "the search was exhausted, nothing refuted it, and it could have failed",
}
"""What each kind of verdict says of a claim."""


def claim_body(views: Views, page: str, one: ClaimEvidence, all_of: AllEvidence) -> str:
    """Everything that is known of a claim."""
    views = views.on(page)
    way = [(CLAIM_LIST, "All claims"), *([(POLICY_LIST, "Policies side by side")] if all_of.record.policies else [])]
    made = [head(views.builder, page, f"Claim {one.id}", way, _state(one, all_of), all_of.record)]
    made.append(
        written([paragraph(one.says or _UNKNOWN, classes=["xenfusa-claimed"]), _about(views, page, one, all_of)])
    )
    made.append(heading("Result by policy", 2))
    made.append(written(_results(views, page, one, all_of)))
    made += _by_policy(views, one)
    made.append(heading("What shows that it can fail", 2))
    made.append(written(_mutants(views, one, all_of)))
    made.append(heading("Run it", 2))
    made.append(written(_commands(one)))
    return whole(made)


_UNKNOWN = "No package that is installed offers a claim of this name, so that nothing is known of it and nothing ran."


def _state(one: ClaimEvidence, all_of: AllEvidence) -> list[nodes.Node]:
    """The worst of what counts, with the policy under which it is so."""
    counted = [verdict for verdict in one.verdicts if all_of.counts(verdict.policy)]
    said = next((verdict for verdict in counted if RESULT_OF_VERDICT[verdict.kind] is one.result), None)
    if said is None:
        return [marked(Result.NOT_RUN), nodes.Text(f" — {MEANINGS[VerdictKind.NOT_RUN]}.")]
    alike = [each for each in counted if RESULT_OF_VERDICT[each.kind] is one.result]
    under = " and ".join(policy_words(each.policy) for each in alike)
    return [marked(one.result, verdict_words(said)), nodes.Text(f" — {under}: {MEANINGS[said.kind]}.")]


def _could_fail(one: ClaimEvidence, all_of: AllEvidence) -> list[nodes.Node]:
    """Why the verdicts that count are not vacuous, each in a line: in how many checks, and by what change of the model."""
    made: list[nodes.Node] = []
    for verdict in one.verdicts:
        if not all_of.counts(verdict.policy) or not verdict.cases:
            continue
        made += [nodes.Text("; ")] if made else []
        made.append(nodes.Text(f"{policy_words(verdict.policy)}: in {verdict.relevant:,} of {verdict.cases:,} checks"))
        if verdict.killer is None:
            refuted = "none of the changes of the model that were tried refutes it"
            made.append(nodes.Text(f", and {refuted if verdict.mutants else 'no change of the model was tried'}"))
            continue
        killer = verdict.killer
        made.append(nodes.Text(f", and {killer.operator} at {killer.where} refutes it ("))
        made += [nodes.literal("", killer.before), nodes.Text(" → "), nodes.literal("", killer.after), nodes.Text(")")]
    return made


def _about(views: Views, page: str, one: ClaimEvidence, all_of: AllEvidence) -> nodes.Node:
    """What it confirms, where the rule stands, and what was searched."""
    scopes = list(dict.fromkeys(verdict.scope for verdict in one.verdicts))
    scope = scopes[0] if len(scopes) == 1 else None
    told: list[tuple[str, Sequence[nodes.Node]]] = [
        ("Confirms", _confirms(views, page, one)),
        ("The rule stands in", _sources(one)),
        *([("Clauses in its traces", _in_lines(_clauses(one)))] if _clauses(one) else []),
        *(_scope(scope) if scope is not None else ()),
        ("Searched by", [nodes.Text(_engine(one))]),
        ("Could have failed", _could_fail(one, all_of)),
    ]
    return facts(told)


def _confirms(views: Views, page: str, one: ClaimEvidence) -> list[nodes.Node]:
    """The requirements that name it, each with its state."""
    if not one.items:
        return [nodes.Text("no requirement of this project names it")]
    made: list[nodes.Node] = []
    for traced in one.items:
        tag = str(traced.item.tag)
        made += [nodes.Text(", ")] if made else []
        made += [views.link(page, tag, tag), nodes.Text(" ("), marked(traced.result), nodes.Text(")")]
    return made


def _sources(one: ClaimEvidence) -> list[nodes.Node]:
    told = [" ".join(filter(None, (str(each.item.place), each.item.source))) for each in one.items]
    return _in_lines(told)


def _clauses(one: ClaimEvidence) -> list[str]:
    """The sections and headers that the steps of its traces come from."""
    clauses = (step.clause for verdict in one.verdicts for trace in _traces(verdict) for step in trace.steps)
    return [clause for clause in dict.fromkeys(clauses) if clause]


def _traces(verdict: Verdict) -> Iterator[Trace]:
    if verdict.counterexample is not None:
        yield verdict.counterexample
    yield from (entry.trace for entry in verdict.divergences)
    if verdict.witness is not None:
        yield verdict.witness


def _in_lines(told: Sequence[str]) -> list[nodes.Node]:
    made: list[nodes.Node] = []
    for line in dict.fromkeys(told):
        made += [nodes.Text("; ")] if made else []
        made.append(nodes.Text(line))
    return made


def _scope(scope: Scope) -> Iterator[tuple[str, Sequence[nodes.Node]]]:
    yield "Scope", [nodes.Text(f"{scope.words.rstrip('.')}.")]
    if scope.platforms:
        again = "not counted again" if scope.recount is None else f"{scope.recount:,} by a second method (Burnside)"
        yield "Size", [nodes.Text(f"{count(scope.platforms, 'platform')}; {again}.")]
    yield "Assumptions", [nodes.Text("; ".join(scope.assumptions) + ".")] if scope.assumptions else []


def _engine(one: ClaimEvidence) -> str:
    """What searched, and by what it was counted again."""
    explored = [each for verdict in one.verdicts for each in verdict.explored]
    if not explored:
        ran = any(verdict.cases for verdict in one.verdicts)
        return "enumeration of the scope, each check counted" if ran else "nothing"
    engines = ", ".join(dict.fromkeys(each.engine for each in explored))
    again = sum(each.recount is not None for each in explored)
    told = f"the engine {engines}, all reachable states; {again} of {count(len(explored), 'search', 'searches')} counted again"
    return told + (" by decision diagrams" if again else "")


# --- what came of it --------------------------------------------------------------------------------------------------


def _results(views: Views, page: str, one: ClaimEvidence, all_of: AllEvidence) -> list[nodes.Node]:
    if not one.verdicts:
        return [paragraph(marked(Result.NOT_RUN), ": there is no verdict on it under any policy.")]
    rows: list[Sequence[Cell]] = []
    for verdict in one.verdicts:
        said: list[nodes.Node] = [paragraph(marked(RESULT_OF_VERDICT[verdict.kind], verdict_words(verdict)))]
        said += [paragraph(verdict.reason)] if verdict.reason else []
        tried = f"{verdict.killed:,} of {verdict.mutants:,}" if verdict.mutants else "none tried"
        counts = "yes" if all_of.counts(verdict.policy) else "no"
        numbers = f"{verdict.cases:,}", f"{verdict.relevant:,}"
        rows.append((_policy(views, page, verdict.policy), said, counts, *numbers, tried))
    headings = ("Policy", "Verdict", "Counts", "Checks made", "Could have failed", "Mutants tried that refute it")
    title = f"{one.id} by policy"
    made: list[nodes.Node] = [views.table(title, headings, (20, 34, 9, 12, 12, 13), rows, "xenfusa-verdicts")]
    return [*made, paragraph(DESIGN_ANALYSIS)]


def _policy(views: Views, page: str, policy: str | None) -> list[nodes.Node]:
    words = capitalised(policy_words(policy))
    if policy is None or policy not in views.record.policies:
        return [paragraph(words)]
    return [paragraph(link_to_policy(views.builder, page, policy, words))]


def _by_policy(views: Views, one: ClaimEvidence) -> Iterator[str]:
    """The traces under each policy; of one that is shown already, where."""
    shown: dict[Trace | str, str] = {}
    scopes = {verdict.scope for verdict in one.verdicts}
    for verdict in one.verdicts:
        made: list[nodes.Node] = []
        if len(scopes) > 1:
            made.append(facts(_scope(verdict.scope)))
        made += searches_nodes(views, verdict)
        made += _shown_by(views, verdict, shown)
        if not made:
            made.append(paragraph("There is no trace."))
        words = f"{capitalised(policy_words(verdict.policy))}: {verdict_words(verdict)}"
        yield heading(words, 2, anchor_of_policy(verdict.policy)) + written(made)
    if any(verdict.tallies for verdict in one.verdicts):
        # The banners of the table are for documents; the head of this page says the same.
        counted = [made for made in tally_nodes(views, one.id) if not isinstance(made, nodes.warning)]
        yield heading("What the search counted", 2) + written(counted)


def _shown_by(views: Views, verdict: Verdict, shown: dict[Trace | str, str]) -> list[nodes.Node]:
    """The traces of a verdict: what refutes it, then the witness."""
    told: list[tuple[str, Trace]] = []
    made: list[nodes.Node] = []
    if verdict.counterexample is not None and not verdict.divergences:
        told.append(("Counterexample", verdict.counterexample))
    told += [(f"Divergence {entry.id}", entry.trace) for entry in verdict.divergences]
    if verdict.witness is not None:
        told.append(("Witness", verdict.witness))
    for kind, trace in told:
        entry = kind.removeprefix("Divergence ")
        if entry != kind and entry not in shown:
            shown[entry] = "described"
            made += described(views, entry)
        if trace in shown:
            made.append(paragraph(nodes.strong("", f"{kind}: "), f"the trace is the one {shown[trace]}."))
            continue
        shown[trace] = f"shown above as {kind[:1].lower()}{kind[1:]} ({policy_words(verdict.policy)})"
        made += views.trace(kind, trace)
    return made


def described(views: Views, divergence: str) -> list[nodes.Node]:
    """What the register says of a divergence: the document's words against Xen's doing."""
    known = views.divergences.get(divergence)
    if known is None:
        return [paragraph(nodes.strong("", f"{divergence}: "), "the register has no words for it.")]
    told = [(f"{divergence}, the document", known.document), ("Xen", known.xen), ("Source", known.source)]
    told += [("Not modelled", known.not_modelled)] if known.not_modelled else []
    return [facts((name, [nodes.Text(words)]) for name, words in told)]


# --- what shows that it can fail --------------------------------------------------------------------------------------


def _mutants(views: Views, one: ClaimEvidence, all_of: AllEvidence) -> list[nodes.Node]:
    """The smallest mutants that refute it in this run, and what the mutation record tells of all of them."""
    killers = {verdict.killer: verdict for verdict in reversed(one.verdicts) if verdict.killer is not None}
    rows: list[Sequence[Cell]] = [
        (nodes.literal("", killer.where), killer.operator, _edit(killer), _under(one, killer))
        for killer in reversed(killers)
        if killer is not None
    ]
    made: list[nodes.Node] = []
    if rows:
        headings = ("Where", "Edit", "From and to", "Refutes it under")
        title = "Smallest mutants of the model that refute it, in this run"
        made.append(views.table(title, headings, (30, 18, 32, 20), rows, "xenfusa-killing"))
    else:
        made.append(paragraph("In this run no mutant of the model refuted it: nothing shows here that it can fail."))
    return [*made, paragraph(nodes.strong("", "Mutation record: "), *_recorded(one, all_of))]


def _under(one: ClaimEvidence, killer: MutantReport) -> str:
    return ", ".join(policy_words(verdict.policy) for verdict in one.verdicts if verdict.killer == killer)


def _edit(report: MutantReport) -> list[nodes.Node]:
    return [paragraph(nodes.literal("", report.before), " → ", nodes.literal("", report.after))]


def _recorded(one: ClaimEvidence, all_of: AllEvidence) -> list[str | nodes.Node]:
    killing = one.killing
    if all_of.record.mutants is None:
        return ["not known here, because not all claims were run under all policies."]
    if killing is None:
        return ["it tells nothing of this claim."]
    return [_numbers(killing), *_smallest(killing)]


def _numbers(killing: Killing) -> str:
    return (
        f"{killing.tried:,} mutants of the model could matter to it; {killing.killed:,} of them refute it under some policy, "
        f"{killing.tried - killing.killed:,} do not."
    )


def _smallest(killing: Killing) -> list[str | nodes.Node]:
    one = killing.smallest
    if one is None:
        return []
    edit = nodes.literal("", one.before), " → ", nodes.literal("", one.after)
    return [" The smallest of all: ", f"{one.operator} at ", nodes.literal("", one.where), ": ", *edit, "."]


def _commands(one: ClaimEvidence) -> list[nodes.Node]:
    """How to run it alone, with nothing kept from before."""
    name = shlex.quote(one.id)
    lines = [f"xenfusa confirm {name} --trace"]
    refuted = [verdict for verdict in one.verdicts if verdict.policy is not None and verdict.kind in _WITH_TRACE]
    lines += [f"xenfusa confirm {name} --trace --policy {shlex.quote(str(one.policy))}" for one in refuted]
    text = "\n".join(lines)
    return [
        paragraph("The command runs it under every policy and prints its traces:"),
        nodes.literal_block(text, text, language="none", classes=["xenfusa-output"]),
    ]


_WITH_TRACE = frozenset({VerdictKind.REFUTED, VerdictKind.DIVERGES})


# --- the list ---------------------------------------------------------------------------------------------------------


def list_body(views: Views, page: str, all_of: AllEvidence) -> str:
    """All claims, worst first."""
    counts = Counter(one.result for one in all_of.claims)
    state: list[nodes.Node] = []
    for result in Result:
        if counts[result]:
            state += [nodes.Text(", ")] if state else []
            state.append(marked(result, f"{counts[result]:,} {result.value}"))
    title = f"{LIST_TITLE}: {len(all_of.claims):,}"
    made = [head(views.builder, page, title, [], state, all_of.record)]
    under = policy_words(all_of.record.target_policy)
    words = f"The state is the worse of what came of a claim in the document and in {under}. Others do not count. "
    made.append(written([paragraph(words, *link_to_list(views.builder, page, POLICY_LIST, "Policies side by side"))]))
    rows: list[Sequence[Cell]] = [
        (
            [paragraph(marked(one.result))],
            link_to_claim(views.builder, page, one.id, one.id),
            one.says or _UNKNOWN,
            _items(views, page, one),
            "not known" if one.killing is None else f"{one.killing.killed:,} of {one.killing.tried:,}",
        )
        for one in all_of.claims
    ]
    headings = ("State", "Claim", "What is claimed", "Confirms", "Mutants that refute it")
    made.append(written([views.table(LIST_TITLE, headings, (13, 21, 34, 20, 12), rows, "xenfusa-filterable")]))
    left = all_of.without_page
    if left:
        words = f"{count(len(left), 'claim')} that no requirement names did not run, or broke; no number above has them"
        made.append(written([views.fold(words, [paragraph(", ".join(left) + ".")])]))
    return whole(made)


def _items(views: Views, page: str, one: ClaimEvidence) -> Cell:
    made: list[nodes.Node] = [
        paragraph(views.link(page, str(traced.item.tag), str(traced.item.tag))) for traced in one.items
    ]
    return made or "nothing of this project"
