"""What the search of the pages finds of ours: parts of names, requirements by their tags, and pages that stand in no document.

Sphinx takes ``XenArch~closed_set~1`` for the words ``XenArch`` and ``closed_set``, and stems what a reader types: who looks for
*memory* looks for *memori*, and finds no ``memory_sharing``.  So each part of a name that underscores join is a word of its own
as well, in whatever language the search is.

Of a document that is not written again Sphinx forgets the index entries, by which operations and roles are found: they are taken
over from the index of before.
"""

from __future__ import annotations

import contextlib
import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.search import IndexBuilder, SearchLanguage, js_index, languages
from sphinx.util.docutils import new_document

from sphinx_xenfusa.sphinxext.domain import XenDomain
from sphinx_xenfusa.sphinxext.evidence_pages import GeneratedPage


class PartsOfNames(SearchLanguage):
    """Splits a text into its words and, beside each name, into the parts of the name."""

    def split(self, input: str) -> list[str]:
        """The words; after a word with underscores, what they join."""
        found: list[str] = []
        for word in super().split(input):
            found.append(word)
            if "_" in word:
                found += filter(None, word.split("_"))
        return found


def connect(app: Sphinx) -> None:
    """Let the search of the project, in its language, know parts of names."""
    app.connect("builder-inited", _extend_language)


def _extend_language(app: Sphinx) -> None:
    code = app.config.html_search_language or app.config.language
    for name in (code, code.partition("_")[0]):
        known = languages.get(name)
        if known is None:
            continue
        base = _loaded(known)
        if not issubclass(base, PartsOfNames):
            languages[name] = type(base.__name__, (PartsOfNames, base), {"__module__": __name__})
        return


def _loaded(known: str | type[SearchLanguage]) -> type[SearchLanguage]:
    if isinstance(known, type):
        return known
    module, _, name = known.rpartition(".")
    found: type[SearchLanguage] = getattr(__import__(module, fromlist=[name]), name)
    return found


class Index(IndexBuilder):
    """The index of a builder, with requirements under their tags and with pages that stand in no document."""

    def __init__(self, index: IndexBuilder, domain: XenDomain, pages: Sequence[GeneratedPage]) -> None:
        """Go on with what is in the index of the builder."""
        self.__dict__.update(index.__dict__)
        self._domain = domain
        self._pages = pages

    def take_over_entries(self, before: Mapping[str, Any]) -> None:
        """Take the index entries of the documents that were not written in this build from the index of before."""
        docnames = before["docnames"]
        kept = {docname for docname in docnames if docname in self._titles and docname not in self._index_entries}
        for entry, places in before["indexentries"].items():
            for number, anchor, is_main in places:
                if docnames[number] in kept:
                    told = (entry, anchor, "main" if is_main else "")
                    self._index_entries.setdefault(docnames[number], []).append(told)

    def freeze(self) -> dict[str, Any]:
        """What is written, with the places of each entry in the order of the documents, whichever was written first."""
        frozen = super().freeze()
        entries = frozen["indexentries"].items()
        return frozen | {"indexentries": {entry: sorted(set(places)) for entry, places in entries}}

    def prune(self, docnames: Iterable[str]) -> None:
        """Keep these documents, and ours beside them: Sphinx calls it last with all that it knows."""
        super().prune(docnames)
        for page in self._pages:
            self.feed(page.name, page.name, page.title, _as_document(page))

    def get_objects(self, fn2index: dict[str, int]) -> dict[str, list[tuple[int, int, int, str, str]]]:
        """The objects of all domains; a requirement is called by its tag and its title, where Sphinx has the title alone."""
        found = super().get_objects(fn2index)
        number = self._objtypes.get((self._domain.name, "req"))
        if number is None:
            return found
        named = {prefix: [one for one in several if one[1] != number] for prefix, several in found.items()}
        ours = [
            (fn2index[docname], number, 1, tag, html.escape(f"{tag}: {title}"))
            for tag, (docname, title) in sorted(self._domain.anchors.items())
            if docname in fn2index
        ]
        named[""] = [*named.get("", ()), *ours]
        return {prefix: several for prefix, several in named.items() if several}


def index_pages(app: Sphinx, domain: XenDomain, pages: Sequence[GeneratedPage]) -> None:
    """Let the search find requirements and these pages; before Sphinx writes its index, and after all pages are written."""
    builder = app.builder
    if isinstance(builder, StandaloneHTMLBuilder) and builder.indexer is not None:
        index = Index(builder.indexer, domain, pages)
        # What is no whole index Sphinx has told of, and has begun anew.
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
            index.take_over_entries(
                js_index.loads(Path(builder.outdir, builder.searchindex_filename).read_text("utf-8"))
            )
        builder.indexer = index


def _as_document(page: GeneratedPage) -> nodes.document:
    made = new_document(page.name)
    section = nodes.section("", nodes.title("", page.title), nodes.paragraph("", page.found_by), ids=["top"])
    made += section
    return made
