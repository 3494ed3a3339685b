"""Pages that stand in no document: which there are, which of them have changed since they were written, and which are left over.

Sphinx writes such pages when it ends (``html-collect-pages``), in the theme of the project and without their standing in its
table of contents.  Only those are written of which something has changed; one of which nothing is left is removed.  What the
pages hold is the business of their families: those of test results, of claims, of policies.
"""

from __future__ import annotations

import html
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder

from sphinx_xenfusa.sphinxext.digests import KeptDigests, digest
from sphinx_xenfusa.sphinxext.page_names import OURS, has_pages
from sphinx_xenfusa.sphinxext.spelled_out import html_spelled_out
from sphinx_xenfusa.sphinxext.surroundings import named_with_digest
from sphinx_xenfusa.sphinxext.views import Views
from sphinx_xenfusa.sphinxext.warning_types import warn

Page = tuple[str, dict[str, Any], str]
"""Name, context and template, as Sphinx takes them."""


@dataclass(frozen=True, slots=True)
class GeneratedPage:
    """A page that stands in no document.

    :param name: its address below the output, without a suffix.
    :param title: plain text.
    :param depends: everything that its body is made of; it is made only if some of it has changed.
    :param body: makes what stands on it, safe to be put into a page, headings included.
    :param parents: name and title of the pages above it, the topmost first.
    :param found_by: what a reader may search for to come here: names of tests, claims, operations.
    """

    name: str
    title: str
    depends: Sequence[object]
    body: Callable[[], str]
    parents: Sequence[tuple[str, str]] = ()
    found_by: str = ""


class Family(Protocol):
    """Pages that belong together, in a folder of their own.

    What is in the folder and is called neither ``index`` nor as ``page_names`` calls pages belongs to somebody else.
    """

    @property
    def folder(self) -> str:
        """The folder below the output, such as ``xenfusa/claims``."""
        ...

    def depends(self) -> Sequence[object]:
        """All that some page of the family shows: as long as it is the same, no page has changed."""
        ...

    def pages(self, views: Callable[[], Views]) -> Iterator[GeneratedPage]:
        """The pages.

        :param views: makes the views for a page, whose tables are numbered anew.
        """
        ...


class EvidencePages:
    """The pages of one build that stand in no document."""

    def __init__(self, app: Sphinx, families: Sequence[Family]) -> None:
        """Look up what was written before."""
        self._app = app
        self._families = families
        self._kept = KeptDigests(app, "pages")
        self._known = self._kept.read()
        self._digests: dict[str, str] = {}
        self._listed: list[GeneratedPage] = []
        if has_pages(app.builder):
            self._digests = {_of_all(one): digest(one.depends()) for one in families}

    def documents(self) -> list[str]:
        """The document to write again so that Sphinx comes to write pages at all: one, if some page may have changed."""
        if all(self._known.get(name) == made for name, made in self._digests.items()):
            return []
        return [str(self._app.config.root_doc)]

    def pages(self, views: Views) -> Iterator[Page]:
        """The pages that are not as they have to be; all others of ours that are left are removed."""
        builder = self._app.builder
        if not isinstance(builder, StandaloneHTMLBuilder) or not has_pages(builder):
            return
        around = _around(self._app, builder)
        self._listed = []
        for family in self._families:
            if not _can_write(builder, family):
                continue
            for page in family.pages(views.anew):
                # A document of the project takes the place of a page of ours.
                if page.name in self._app.env.all_docs:
                    continue
                self._listed.append(replace(page, depends=(), body=str))
                self._digests[page.name] = digest(around, page.title, page.parents, page.depends)
                if not self._is_current(builder, page.name):
                    yield page.name, self._context(page), "page.html"
            self._remove_others(builder, family.folder)

    def listed(self) -> Sequence[GeneratedPage]:
        """Name, title and what leads to each page of the build, written again or not; known once ``pages`` has ended."""
        return self._listed

    def _is_current(self, builder: StandaloneHTMLBuilder, name: str) -> bool:
        return self._known.get(name) == self._digests[name] and Path(builder.get_outfilename(name)).is_file()

    def _context(self, page: GeneratedPage) -> dict[str, Any]:
        way = [
            {"link": self._app.builder.get_relative_uri(page.name, above), "title": html.escape(title)}
            for above, title in page.parents
        ]
        title, body = html_spelled_out(html.escape(page.title)), html_spelled_out(page.body())
        return {"title": title, "body": body, "parents": way, "metatags": ""}

    def _remove_others(self, builder: StandaloneHTMLBuilder, below: str) -> None:
        """Remove the pages of a folder of which nothing is left, known by their names."""
        folder = Path(builder.outdir) / below
        documents = (name for name in self._app.env.all_docs if name.startswith(below))
        kept = {Path(builder.get_outfilename(name)) for name in (*self._digests, *documents)}
        for path in folder.iterdir() if folder.is_dir() else ():
            page = path / f"index{builder.out_suffix}" if path.is_dir() else path
            name = path.name.removesuffix(builder.out_suffix)
            if page in kept or not (name == "index" or OURS.fullmatch(name)):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def keep(self) -> None:
        """Keep what is written now."""
        if self._digests != self._known:
            self._kept.write(self._digests)


def _can_write(builder: StandaloneHTMLBuilder, family: Family) -> bool:
    """Whether the pages of a family have a folder to stand in; if something is in the way, that is said."""
    outdir = Path(builder.outdir)
    for part in (*reversed(PurePosixPath(family.folder).parents[:-1]), PurePosixPath(family.folder)):
        if (outdir / part).exists() and not (outdir / part).is_dir():
            said = f"found {part} in the output folder, which is no folder; expected none, or one for the pages of evidence"
            lost = f"the pages below {family.folder} are not written, and links to them lead nowhere"
            warn("input", f"{said}: {lost}", str(outdir / part))
            return False
    return True


def _of_all(family: Family) -> str:
    """The key of what a whole family shows; no page is called so."""
    return f"{family.folder}/"


def _around(app: Sphinx, builder: StandaloneHTMLBuilder) -> str:
    """A digest of what stands around the body of a page: settings, templates, and the navigation."""
    env = builder.env
    titles = sorted((name, title.astext()) for name, title in env.titles.items())
    settings = builder.build_info.config_hash, builder.build_info.tags_hash, builder.templates.newest_template_mtime()
    return digest(titles, sorted(env.toctree_includes.items()), settings, list(named_with_digest(app)))
