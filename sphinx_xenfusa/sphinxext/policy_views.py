"""The page of a policy, which is its divergence from the document, and the policies side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from docutils import nodes

from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.sphinxext.blocks import Cell, capitalised, count, paragraph
from sphinx_xenfusa.sphinxext.claim_evidence import AllEvidence, ClaimEvidence
from sphinx_xenfusa.sphinxext.claim_places import (
    CLAIM_LIST,
    POLICY_LIST,
    anchor_of_divergence,
    link_to_claim,
    link_to_list,
    link_to_policy,
)
from sphinx_xenfusa.sphinxext.claim_views import described
from sphinx_xenfusa.sphinxext.page_parts import facts, head, heading, whole, written
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.views import DESIGN_ANALYSIS, Views, policy_words, verdict_words
from sphinx_xenfusa.trace.assemble import SPECIFICATION
from sphinx_xenfusa.trace.canonical import natural
from sphinx_xenfusa.trace.states import RESULT_OF_VERDICT, Result

LIST_TITLE = "Policies side by side"
_PROPOSED = "proposed"
_NOT_MERGED = (
    "no version of Xen has this policy. It is a patch series that was sent to the mailing list of Xen and not taken; "
    "what holds here holds of no Xen that can be had."
)
_DOCUMENT = (
    "The document itself, as a model: what holds here says that the document agrees with itself, and nothing of Xen."
)

Found = Sequence[tuple[ClaimEvidence, Verdict]]


def title_of(policy: str) -> str:
    """The title of the page of a policy."""
    return f"Policy {policy}"


def policy_body(views: Views, page: str, policy: str, all_of: AllEvidence) -> str:
    """What holds under a policy, what diverges from the document, and what cannot be asked."""
    found = all_of.of_policies[policy]
    views = views.on(page)
    way = [(POLICY_LIST, LIST_TITLE), (CLAIM_LIST, "All claims")]
    made = [head(views.builder, page, title_of(policy), way, _counts(found), all_of.record)]
    made.append(written(_about(policy, all_of)))
    made.append(written([_facts(policy, all_of)]))
    made += _divergences(views, page, found)
    kinds = ", ".join(dict.fromkeys(verdict.kind.value for _, verdict in found)) or "none"
    made.append(heading(f"{count(len(found), 'claim')} under it: {kinds}", 2))
    made.append(written(_claims(views, page, found)))
    return whole(made)


def _counts(found: Found) -> list[nodes.Node]:
    """How many verdicts of each kind, worst first."""
    counts = Counter(verdict.kind for _, verdict in found)
    made: list[nodes.Node] = []
    for kind in VerdictKind:
        if counts[kind]:
            made += [nodes.Text(", ")] if made else []
            made.append(marked(RESULT_OF_VERDICT[kind], f"{counts[kind]:,} {kind.value}"))
    return made or [marked(Result.NOT_RUN, "no claim that depends on a policy")]


def _about(policy: str, all_of: AllEvidence) -> Iterator[nodes.Node]:
    if policy == SPECIFICATION:
        yield paragraph(_DOCUMENT)
    if policy == _PROPOSED:
        yield paragraph(nodes.strong("", "Not merged: "), _NOT_MERGED, classes=["xenfusa-caution"])
    free = len(all_of.whatever_the_policy)
    if free:
        yield paragraph(
            f"{count(free, 'claim')} beside these depend on no policy; they are in the list of all claims only."
        )
    yield paragraph(DESIGN_ANALYSIS)


def _facts(policy: str, all_of: AllEvidence) -> nodes.field_list:
    counts = "yes, it is the document's" if policy == SPECIFICATION else "no"
    if policy == all_of.record.target_policy:
        counts = "yes, it is the policy that was chosen for these pages"
    told: list[tuple[str, Sequence[nodes.Node]]] = [
        ("Called", [nodes.Text(policy_words(policy))]),
        ("Counts for the state of a requirement", [nodes.Text(counts)]),
    ]
    register = all_of.register
    if policy != SPECIFICATION and register.xen_commit:
        told.append(("Register of divergences", [nodes.Text(f"reviewed by {register.reviewer} on {register.date}")]))
        told.append(("Xen that was reviewed", [nodes.Text("commit "), nodes.literal("", register.xen_commit)]))
    return facts(told)


# --- divergences ------------------------------------------------------------------------------------------------------


def _divergences(views: Views, page: str, found: Found) -> Iterator[str]:
    """What the register says, by its entries that occur: in words, the claims, a smallest trace."""
    by_entry: dict[str, list[tuple[ClaimEvidence, Verdict, Trace]]] = {}
    for one, verdict in found:
        for entry in verdict.divergences:
            by_entry.setdefault(entry.id, []).append((one, verdict, entry.trace))
    unexpected = [(one, verdict) for one, verdict in found if verdict.kind is VerdictKind.REFUTED]
    if unexpected:
        yield heading(f"{count(len(unexpected), 'claim')} refuted, and not in the register", 2)
        yield written(part for one, verdict in unexpected for part in _unexpected(views, page, one, verdict))
    if not by_entry:
        yield heading("Divergences from the document", 2)
        yield written([paragraph("None that the register names occurs under this policy.")])
        return
    yield heading(f"Divergences from the document: {len(by_entry):,}", 2)
    places: list[str | nodes.Node] = []
    for name in sorted(by_entry, key=natural):
        places += [" · "] if places else []
        places.append(nodes.reference("", name, internal=True, refid=anchor_of_divergence(name)))
    yield written([paragraph(*places)])
    for name in sorted(by_entry, key=natural):
        told = views.divergences.get(name)
        words = name if told is None else f"{name}, against “{told.document}”"
        yield heading(words, 3, anchor_of_divergence(name)) + written(_divergence(views, page, name, by_entry[name]))


def _unexpected(views: Views, page: str, one: ClaimEvidence, verdict: Verdict) -> list[nodes.Node]:
    link = link_to_claim(views.builder, page, one.id, one.id, verdict.policy)
    made: list[nodes.Node] = [paragraph(marked(Result.FAILED, "refuted"), ": ", link, f". {verdict.reason}")]
    return made + (views.trace("Counterexample", verdict.counterexample) if verdict.counterexample is not None else [])


def _divergence(
    views: Views, page: str, entry: str, several: Sequence[tuple[ClaimEvidence, Verdict, Trace]]
) -> list[nodes.Node]:
    links: list[str | nodes.Node] = []
    for one, verdict, _ in several:
        links += [", "] if links else []
        links.append(link_to_claim(views.builder, page, one.id, one.id, verdict.policy))
    smallest = min(several, key=lambda each: (len(each[2].steps), len(each[2].initial), natural(each[0].id)))
    claims = paragraph(
        nodes.strong("", f"{count(len(several), 'claim is', 'claims are')} false because of it: "), *links, "."
    )
    shown = views.trace(f"Smallest trace of {entry}, of {smallest[0].id}", smallest[2])
    return [*described(views, entry), claims, *shown]


def _claims(views: Views, page: str, found: Found) -> list[nodes.Node]:
    if not found:
        return [paragraph("No claim with a page depends on a policy.")]
    rows: list[Sequence[Cell]] = []
    for one, verdict in found:
        said: list[nodes.Node] = [paragraph(marked(RESULT_OF_VERDICT[verdict.kind], verdict_words(verdict)))]
        said += [paragraph(verdict.reason)] if verdict.reason else []
        link = link_to_claim(views.builder, page, one.id, one.id, verdict.policy)
        rows.append((said, link, one.says, f"{verdict.cases:,}", f"{verdict.relevant:,}"))
    headings = ("Verdict", "Claim", "What is claimed", "Checks made", "Could have failed")
    return [views.table("Claims, worst first", headings, (24, 22, 32, 11, 11), rows, "xenfusa-filterable")]


# --- side by side -----------------------------------------------------------------------------------------------------


def list_body(views: Views, page: str, all_of: AllEvidence) -> str:
    """The policies with their numbers, then every claim that depends on one, under each of them."""
    found, policies = all_of.of_policies, all_of.record.policies
    made = [head(views.builder, page, LIST_TITLE, [(CLAIM_LIST, "All claims")], [], all_of.record)]
    free = len(all_of.whatever_the_policy)
    words = f"{count(free, 'claim')} that depend on no policy are in the list of " if free else "See the list of "
    made.append(written([paragraph(words, *link_to_list(views.builder, page, CLAIM_LIST, "all claims"), ".")]))
    rows: list[Sequence[Cell]] = [
        (
            link_to_policy(views.builder, page, policy, policy),
            capitalised(policy_words(policy)),
            [paragraph(*_counts(found[policy]))],
        )
        for policy in policies
    ]
    headings = ("Policy", "What it is", "Claims by verdict")
    made.append(written([views.table(f"Policies: {len(policies):,}", headings, (20, 40, 40), rows)]))
    made.append(written(_side_by_side(views, page, all_of)))
    return whole(made)


def _side_by_side(views: Views, page: str, all_of: AllEvidence) -> list[nodes.Node]:
    policies = all_of.record.policies
    rows: list[Sequence[Cell]] = []
    for one in all_of.claims:
        by_policy = {verdict.policy: verdict for verdict in one.verdicts}
        if not any(policy in by_policy for policy in policies):
            continue
        cells = [_cell(by_policy[policy]) if policy in by_policy else "does not run under it" for policy in policies]
        rows.append((link_to_claim(views.builder, page, one.id, one.id), *cells))
    if not rows:
        return []
    share = 72 // len(policies)
    headings = ("Claim", *(capitalised(policy_words(policy)) for policy in policies))
    title = f"Claims that depend on the policy: {len(rows):,}, worst first"
    return [views.table(title, headings, (28, *(share for _ in policies)), rows, "xenfusa-filterable", "xenfusa-wide")]


def _cell(verdict: Verdict) -> nodes.Node:
    return marked(RESULT_OF_VERDICT[verdict.kind], verdict_words(verdict))
