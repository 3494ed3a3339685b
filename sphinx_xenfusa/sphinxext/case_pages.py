"""The pages of test results: which there are, which of them have changed since they were written, and which are left over.

Sphinx writes such pages when it ends (``html-collect-pages``), in the theme of the project and without their standing in its
table of contents or its search.  Only those are written of which something has changed; one whose test is gone is removed.
"""

from __future__ import annotations

import html
import itertools
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder

from sphinx_xenfusa.sphinxext.case_places import FOLDER, INDEX, OURS, has_pages, page_of_case, page_of_report
from sphinx_xenfusa.sphinxext.case_views import Body, case_body, index_body, report_body
from sphinx_xenfusa.sphinxext.digests import KeptDigests, digest
from sphinx_xenfusa.sphinxext.views import Views
from sphinx_xenfusa.trace.record import TestCase, TestReport, TraceRecord

Page = tuple[str, dict[str, Any], str]
"""Name, context and template, as Sphinx takes them."""


class CasePages:
    """The pages of test results of one build."""

    def __init__(self, app: Sphinx, record: TraceRecord, places: Mapping[str, tuple[str, str]]) -> None:
        """Look up what was written before.

        :param places: document and title of each item, which the pages link to.
        """
        self._app = app
        self._record = record
        self._kept = KeptDigests(app, "tests")
        self._known = self._kept.read()
        tags = {tag for case in self._cases() for tag in (*case.verifies, *case.partially_verifies)}
        linked = [(tag, places.get(tag)) for tag in sorted(tags)]
        self._digests = {"": digest(record.reports, linked)} if has_pages(app.builder) else {}

    def _cases(self) -> Iterator[TestCase]:
        return (case for report in self._record.reports for case in report.cases)

    def documents(self) -> list[str]:
        """The document to write again so that Sphinx comes to write pages at all: one, if some page may have changed."""
        if self._digests.get("") == self._known.get(""):
            return []
        return [str(self._app.config.root_doc)]

    def pages(self, views: Views) -> Iterator[Page]:
        """The pages that are not as they have to be; all others of ours that are left are removed."""
        builder = self._app.builder
        if not isinstance(builder, StandaloneHTMLBuilder) or not has_pages(builder):
            return
        around = _around(builder)
        for name, body, parents in self._bodies(views):
            self._digests[name] = digest(around, body, parents)
            if self._known.get(name) != self._digests[name] or not Path(builder.get_outfilename(name)).is_file():
                yield name, self._context(name, body, parents), "page.html"
        self._remove_others(builder)

    def _context(self, name: str, body: Body, parents: Iterable[tuple[str, str]]) -> dict[str, Any]:
        way = [
            {"link": self._app.builder.get_relative_uri(name, page), "title": html.escape(title)}
            for page, title in parents
        ]
        return {"title": html.escape(body.title), "body": body.html, "parents": way, "metatags": ""}

    def _bodies(self, views: Views) -> Iterator[tuple[str, Body, list[tuple[str, str]]]]:
        """Name and content of each page, with the pages above it."""
        if not self._record.reports:
            return
        index = (INDEX, "Test results")
        if INDEX not in self._app.env.all_docs:
            yield INDEX, index_body(_on(views), INDEX), []
        for file, reports in _by_file(self._record.reports).items():
            page = page_of_report(file)
            yield page, report_body(_on(views), page, reports, INDEX), [index]
            bad: dict[str, list[TestCase]] = {}
            for report in reports:
                for case in report.cases:
                    if (own := page_of_case(case)) != page:
                        bad.setdefault(own, []).append(case)
            for own, cases in bad.items():
                yield own, case_body(_on(views), own, cases, INDEX), [index, (page, file)]

    def _remove_others(self, builder: StandaloneHTMLBuilder) -> None:
        """Remove the pages of tests that are not there any more, known by their names."""
        folder = Path(builder.outdir) / FOLDER
        kept = {Path(builder.get_outfilename(name)) for name in self._digests if name}
        for path in folder.iterdir() if folder.is_dir() else ():
            page = path / f"index{builder.out_suffix}" if path.is_dir() else path
            name = path.name.removesuffix(builder.out_suffix)
            listed = name == "index" and INDEX not in self._app.env.all_docs
            if page in kept or not (listed or OURS.fullmatch(name)):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def keep(self) -> None:
        """Keep what is written now."""
        if self._digests != self._known:
            self._kept.write(self._digests)


def _on(views: Views) -> Views:
    """The views for another page, whose tables are numbered anew."""
    return replace(views, numbers=itertools.count(1))


def _by_file(reports: Iterable[TestReport]) -> dict[str, list[TestReport]]:
    by_file: dict[str, list[TestReport]] = {}
    for report in reports:
        by_file.setdefault(report.file, []).append(report)
    return by_file


def _around(builder: StandaloneHTMLBuilder) -> str:
    """A digest of what stands around the body of a page: settings, templates, and the navigation."""
    env = builder.env
    titles = sorted((name, title.astext()) for name, title in env.titles.items())
    settings = builder.build_info.config_hash, builder.build_info.tags_hash, builder.templates.newest_template_mtime()
    return digest(titles, sorted(env.toctree_includes.items()), settings)
