"""The table of the cases that passed, which most requirements have: written to HTML at once, row by row.

As nodes, thousands of rows that nobody unfolds would be most of what a build with test results takes.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from docutils import nodes
from sphinx.builders import Builder

from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.case_places import link_to_case, link_to_report
from sphinx_xenfusa.sphinxext.fragments import columns_of, html_of, scrolling
from sphinx_xenfusa.trace.record import TestCase

CASE_HEADINGS = ("Test", "Outcome", "Verifies", "Report")
CASE_WIDTHS = (34, 28, 20, 18)


def verified_words(case: TestCase, tag: str, part: str) -> list[str]:
    """What a case verifies of an item, where that is written if not in its report, and by which method; a text for each line.

    :param part: whether all of it or a part.
    """
    places = ", ".join([str(one.place) for one in case.origins if one.tag == tag])
    how = case.method
    method = ", ".join(filter(None, (how.level, how.type, how.technique, how.independence)))
    return [f"{part}, by {places}" if places else part, *([method] if method else [])]


def passed_cases(
    builder: Builder,
    fromdoc: str,
    cases: Sequence[tuple[TestCase, Sequence[str]]],
    title: str,
    id: str,
    state: nodes.Node,
) -> markup.written:
    """The table.

    :param cases: each with what of the requirement it verifies, as :func:`verified_words` says it.
    :param id: of the table.
    :param state: how a case that passed is marked.
    """
    marked, shown = html_of([state]), html.escape(title)
    head = "\n".join(f'<th class="head" scope="col"><p>{heading}</p>\n</th>' for heading in CASE_HEADINGS)
    made = [
        f'<table class="xenfusa-table longtable xenfusa-tests docutils align-default" id="{html.escape(id)}">\n'
        f'<caption><span class="caption-text">{shown}</span></caption>\n{columns_of(CASE_WIDTHS)}'
        f'<thead>\n<tr class="row-odd">{head}\n</tr>\n</thead>\n<tbody>\n'
    ]
    reports: dict[str, str] = {}
    for number, (case, words) in enumerate(cases, 1):
        if case.report not in reports:
            reports[case.report] = html_of([link_to_report(builder, fromdoc, case.report)])
        name = html_of([link_to_case(builder, fromdoc, case, case.id)])
        said = f"<p>{html.escape(case.message)}</p>\n" if case.message else ""
        verifies = "".join([f"<p>{html.escape(one)}</p>\n" for one in words])
        made.append(
            f'<tr class="row-{"odd" if number % 2 == 0 else "even"}"><td><p>{name}</p>\n</td>\n<td><p>{marked}</p>\n{said}</td>\n'
            f"<td>{verifies}</td>\n<td><p>{reports[case.report]}</p>\n</td>\n</tr>\n"
        )
    made.append("</tbody>\n</table>\n")
    # What the search of the pages finds.
    return markup.written("", nodes.Text(" ".join(case.id for case, _ in cases)), html=scrolling("".join(made)))
