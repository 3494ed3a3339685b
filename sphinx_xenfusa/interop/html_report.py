"""The trace as one HTML page: one file, nothing loaded from anywhere, no script, readable on paper and in the dark.

Every text of the tree goes through the template engine's escaping; the page's own policy forbids to load anything.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from sphinx_xenfusa.interop.plain_report import (
    SYMBOLS,
    counted,
    faults_words,
    findings_words,
    incoming_words,
    links_words,
    order_words,
    states_words,
)
from sphinx_xenfusa.interop.test_words import has_tests, item_lines, lists_in_words, total_words
from sphinx_xenfusa.interop.visible import visible_lines
from sphinx_xenfusa.trace.judgement import Judged, Judgement, Order, link_words
from sphinx_xenfusa.trace.record import TraceRecord
from sphinx_xenfusa.trace.states import Coverage, LinkStatus, Result
from sphinx_xenfusa.trace.test_results import StaleReasons

RESULT_WORDS = {
    Result.FAILED: "a claim is refuted, or a test failed",
    Result.ERROR: "a check broke",
    Result.INCONCLUSIVE: "a search hit a bound",
    Result.DIVERGES: "holds in the document, not under Xen's policy",
    Result.STALE: "it was checked for another text or revision",
    Result.NOT_RUN: "something should check it and did not run",
    Result.NONE: "nothing is linked that could check it",
    Result.PARTIAL: "only tests of a part of it passed",
    Result.JUSTIFIED: "excluded, with a reason",
    Result.NOT_APPLICABLE: "cannot occur",
    Result.PASSED: "something checked it and passed, nothing failed; what did not run stands with it",
}
"""Each state by evidence, in a few words."""


def html_report(record: TraceRecord, judgement: Judgement, *, notes: Iterable[str] = ()) -> str:
    """The page.

    :param notes: what a reader has to know of how the trace was made, such as a filter.
    """
    template = _environment().get_template("trace_report.html.jinja")
    of_type: defaultdict[str, list[Judged]] = defaultdict(list)
    for one in judgement.items:
        of_type[one.traced.item.tag.type].append(one)
    return template.render(
        project=record.project,
        judgement=judgement,
        groups=[(type, totals, of_type[type]) for type, totals in judgement.by_type.items()],
        orders=list(Order),
        symbols=SYMBOLS,
        states=[(result, RESULT_WORDS[result]) for result in Result if judgement.totals.results[result]],
        coverages=[one for one in Coverage if judgement.totals.coverage[one]],
        statuses=[one for one in LinkStatus if judgement.links[one]],
        justified={one.id: one for one in record.justifications},
        to=_Links(one.id for one in judgement.items),
        word={order: Markup('<span class="word">{} {}</span>').format(SYMBOLS[order], order.value) for order in Order},
        **{"class": {order: order.value.replace(" ", "-") for order in Order}},
        notes=tuple(notes),
        tests=total_words(record) if has_tests(record) else "",
        lists=list(lists_in_words(record)),
        item_lines=functools.partial(item_lines, stale=StaleReasons(record.reports)),
        counted=counted,
        order_words=order_words,
        faults_words=faults_words,
        states_words=states_words,
        findings_words=findings_words,
        links_words=links_words,
    )


class _Links(dict[str, Markup]):
    """A tag as a link to its item on the page, where there is one; each made once.

    :param known: the items on the page.
    """

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__()
        self._known = frozenset(known)

    def __missing__(self, tag: str) -> Markup:
        told = escape(visible_lines(tag))
        made = Markup('<a href="#{}">{}</a>').format(quote(tag), told) if tag in self._known else told
        self[tag] = made
        return made


def _why(one: Judged) -> str:
    return "; ".join(words for _, words in one.faults)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sphinx_xenfusa.interop", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    # Filters, because a template calls them at once, and other functions by way of its context.
    environment.filters |= {"why": _why, "incoming_words": incoming_words, "link_words": link_words}
    return environment


def _shown(value: Any) -> Any:
    """What an expression of the template gives, without characters that hide or turn what stands there."""
    return visible_lines(value) if type(value) is str else value
