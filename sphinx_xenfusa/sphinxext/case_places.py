"""Where test results stand in the output: a page for each report, one for each case that failed, and a list of the reports."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders import Builder

from sphinx_xenfusa.sphinxext.page_names import OURS, digits_of, has_pages, link_to_page, safe_name
from sphinx_xenfusa.trace.record import TestCase
from sphinx_xenfusa.trace.states import Outcome

FOLDER = "xenfusa/tests"
"""Below the output folder; documents of the project that stand there keep their pages."""
INDEX = f"{FOLDER}/index"
ID_PREFIX = "XenTest-"
_OUR_LINK = re.compile(rf"(?:\.\./)*(?P<page>{FOLDER}/{OURS.pattern})(?P<anchor>#[a-z0-9-]+)?")
"""An address with the steps upwards that sphinx-needs puts before it."""
_HAVE_PAGES = frozenset({Outcome.FAILED, Outcome.ERROR})


@functools.lru_cache(maxsize=4096)  # once for each case of a report
def page_of_report(file: str) -> str:
    """The page of a report, by its file as the record names it."""
    return f"{FOLDER}/{safe_name(file.rpartition('/')[2], 'report', file)}"


def page_of_case(case: TestCase) -> str:
    """The page of a case that failed; that of its report for any other.

    Cases of one report that have the same names share a page.
    """
    if case.outcome not in _HAVE_PAGES:
        return page_of_report(case.report)
    return f"{FOLDER}/{safe_name(case.name, 'case', case.report, case.classname, case.name)}"


def address_of_case(case: TestCase) -> str:
    """The page of a case and, where it shares that page with others, its place there."""
    page = page_of_case(case)
    return page if case.outcome in _HAVE_PAGES else f"{page}#{anchor_of_group(case.classname)}"


def id_of_test(classname: str, name: str) -> str:
    """What a test is called where an id is asked for."""
    return ID_PREFIX + safe_name(name, "test", classname, name)


def connect(app: Sphinx) -> None:
    """Mend the links that sphinx-needs makes to test results, once they are made."""
    app.connect("doctree-resolved", _mend, priority=940)


def _mend(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Make what sphinx-needs was told of a page a link to it, or bare words where there are no such pages.

    sphinx-needs knows links to other sites only, and makes them as if each document were a file.
    """
    builder = app.builder
    if has_pages(builder) and "*" not in app.env.domaindata["xen"]["views"].get(docname, ()):
        # Nothing of sphinx-needs is on the page, and a walk over it costs.
        return
    for link in list(doctree.findall(nodes.reference)):
        found = _OUR_LINK.fullmatch(link.get("refuri", ""))
        if found is None:
            continue
        if has_pages(builder):
            link["refuri"] = builder.get_relative_uri(docname, found["page"]) + (found["anchor"] or "")
        else:
            link.replace_self(nodes.inline("", "", *link.children, classes=link["classes"]))


@functools.lru_cache(maxsize=4096)
def anchor_of_group(classname: str) -> str:
    """The place of the cases of one class on the page of their report."""
    return f"tests-{digits_of('class', classname)}"


def link_to_case(builder: Builder, fromdoc: str, case: TestCase, words: str) -> nodes.Node:
    """The words, as a link to what is known of a case where there is such a page."""
    return link_to_page(builder, fromdoc, address_of_case(case), nodes.literal("", words))


def link_to_report(builder: Builder, fromdoc: str, file: str) -> nodes.Node:
    """The file of a report, as a link to its page where there is one."""
    return link_to_page(builder, fromdoc, page_of_report(file), nodes.literal("", file))


def link_to_index(builder: Builder, fromdoc: str, words: str) -> Sequence[nodes.Node]:
    """A link to the list of the reports; nothing where there is no such page."""
    if not has_pages(builder):
        return ()
    return (nodes.reference("", words, internal=True, refuri=builder.get_relative_uri(fromdoc, INDEX)),)
