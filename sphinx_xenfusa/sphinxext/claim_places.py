"""Where claims and policies stand in the output: a page for each claim, one for each policy, and lists of both.

A page of a claim has a place for each policy.  Claims that no requirement of the project names, and of which nothing came,
have no page.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from docutils import nodes
from sphinx.builders import Builder

from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.sphinxext.page_names import digits_of, has_pages, link_to_page, safe_name
from sphinx_xenfusa.sphinxext.phrases import marked_parts
from sphinx_xenfusa.trace.record import TraceRecord
from sphinx_xenfusa.trace.states import Result

CLAIMS = "xenfusa/claims"
CLAIM_LIST = f"{CLAIMS}/index"
POLICIES = "xenfusa/policies"
POLICY_LIST = f"{POLICIES}/index"

_NOTHING_CAME = frozenset({VerdictKind.NOT_RUN, VerdictKind.ERROR})


@functools.lru_cache(maxsize=4096)  # once for each requirement that a claim confirms, under each policy
def page_of_claim(claim: str) -> str:
    """The page of a claim, by its id."""
    return f"{CLAIMS}/{safe_name(claim, 'claim', claim)}"


@functools.lru_cache(maxsize=256)
def page_of_policy(policy: str) -> str:
    """The page of a policy, by its name."""
    return f"{POLICIES}/{safe_name(policy, 'policy', policy)}"


@functools.lru_cache(maxsize=256)
def anchor_of_policy(policy: str | None) -> str:
    """The place of what a policy comes to, on the page of a claim; ``None`` for claims that depend on none."""
    return "any-policy" if policy is None else f"policy-{digits_of('policy', policy)}"


@functools.lru_cache(maxsize=256)
def anchor_of_divergence(entry: str) -> str:
    """The place of an entry of the register, on the page of a policy."""
    return safe_name(entry, "divergence", entry)


def claims_with_pages(record: TraceRecord) -> Sequence[str]:
    """The claims that have a page where a builder writes any, sorted.

    Those that a requirement names, and in a project that names any, all that came to something.
    """
    named = {claim for traced in record.items for claim in traced.item.confirmed_by}
    ran = {one.claim for one in record.verdicts if one.kind not in _NOTHING_CAME}
    return sorted(named | ran) if named else ()


def policies_with_pages(record: TraceRecord) -> Sequence[str]:
    """The policies that have a page: all of the record, where there are pages of claims."""
    return record.policies if claims_with_pages(record) else ()


def link_to_claim(builder: Builder, fromdoc: str, claim: str, words: str, policy: str | None = None) -> nodes.Node:
    """The words, as a link to the page of a claim where there is one.

    :param claim: one of ``claims_with_pages``; a claim that a requirement names always is.
    :param policy: whose part of the page to show; ``None`` for the whole.
    """
    place = page_of_claim(claim) + ("" if policy is None else f"#{anchor_of_policy(policy)}")
    return link_to_page(builder, fromdoc, place, nodes.literal("", words))


def link_to_policy(builder: Builder, fromdoc: str, policy: str, words: str) -> nodes.Node:
    """The words, as a link to the page of a policy where there is one."""
    return link_to_page(builder, fromdoc, page_of_policy(policy), nodes.Text(words))


def link_to_divergence(builder: Builder, fromdoc: str, policy: str, entry: str, shown: nodes.Node) -> nodes.Node:
    """What is shown, as a link to what the page of a policy tells of a divergence: its words, the claims, a trace.

    :param entry: occurs in a verdict under this policy, of a claim with a page; else the page has no such place.
    """
    return link_to_page(builder, fromdoc, f"{page_of_policy(policy)}#{anchor_of_divergence(entry)}", shown)


def divergences_with_places(record: TraceRecord) -> frozenset[tuple[str, str]]:
    """The policies and the divergences of which the page of the policy tells: those that occur in verdicts with a page."""
    claims, policies = frozenset(claims_with_pages(record)), frozenset(record.policies)
    return frozenset(
        (one.policy, entry.id)
        for one in record.verdicts
        if one.policy in policies and one.claim in claims
        for entry in one.divergences
        if one.policy is not None
    )


def diverging(
    builder: Builder, fromdoc: str, policy: str, entries: Sequence[str], words: str = "", between: str = ", "
) -> nodes.inline:
    """A divergence from the document as symbol and names, each a link to what the page of the policy tells of it.

    :param words: what stands between the symbol and the names.
    :param between: what stands between two names.
    """
    parts: list[nodes.Node] = [nodes.Text(words)] if words else []
    for number, entry in enumerate(entries):
        parts += [nodes.Text(between)] if number else []
        parts.append(link_to_divergence(builder, fromdoc, policy, entry, nodes.Text(entry)))
    return marked_parts(Result.DIVERGES, parts)


def link_to_list(builder: Builder, fromdoc: str, page: str, words: str) -> Sequence[nodes.Node]:
    """A link to the list of the claims or of the policies; nothing where there is no such page."""
    return (link_to_page(builder, fromdoc, page, nodes.Text(words)),) if has_pages(builder) else ()
