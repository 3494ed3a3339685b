"""What pages show of other documents around their own content, and pages of documents that are gone.

Sphinx writes a page again when its own source has changed.  The titles of the pages before and after it, the contents in the side
bar and the contents of other documents on it stay then as they were, and the page of a document that was removed stays in the
output, with whatever it said of the requirements that stood on it; so do images and files for download that no page shows any
more.  Words of pages that are gone stay in the search index.  And each page names the digests of the style sheets and scripts
that were there when it was written.

So what each document shows to others is kept as a digest; the pages that show it are written again when it has changed, and
files that nothing stands for any more are removed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.environment import BuildEnvironment

from sphinx_xenfusa.sphinxext.build_inputs import sha256_of
from sphinx_xenfusa.sphinxext.digests import KeptDigests, digest

_TITLES_ONLY = ("alabaster", "basic", "classic", "furo", "pydata_sphinx_theme", "sphinx_rtd_theme")
"""Themes that show of other pages their titles, and of the sections on them none."""
_AROUND, _LISTED, _COPY = "around", "listed ", "copy "
_NAMED_WITH_DIGEST = {".css", ".js"}
"""The files in ``_static`` of which each page names the digest."""


def connect(app: Sphinx) -> None:
    """Connect what needs no record."""
    app.connect("html-collect-pages", _forget_words)


class Surroundings:
    """What surrounds the pages of one build, beside what surrounded them when they were last written to this output."""

    def __init__(self, app: Sphinx) -> None:
        """Look up what was written before."""
        self._app = app
        self._env = app.env
        _forget_numbers(app.env)
        self._builder = app.builder
        self._titles_only = app.config.html_theme in _TITLES_ONLY
        self._kept = KeptDigests(app, "around")
        self._known = self._kept.read()
        self._digests = dict(self._made()) if isinstance(app.builder, StandaloneHTMLBuilder) else {}

    def documents(self) -> list[str]:
        """The documents whose pages are to be written again because something around their content has changed."""
        if not self._digests:
            return []
        if self._digests[_AROUND] != self._known.get(_AROUND):
            return sorted(self._env.found_docs)
        changed = (name for name, made in self._digests.items() if self._known.get(name) != made)
        return [name.removeprefix(_LISTED) for name in changed if name.startswith(_LISTED)]

    def remove_left_over(self) -> None:
        """Remove the pages of documents that were there in the build before and are not any more."""
        builder = self._builder
        if not isinstance(builder, StandaloneHTMLBuilder):
            return
        outdir = Path(builder.outdir)
        for name in self._known:
            if name.startswith(_COPY) and name not in self._digests:
                _remove(outdir / name.removeprefix(_COPY), outdir)

    def keep(self) -> None:
        """Keep what is written now."""
        if self._digests != self._known:
            self._kept.write(self._digests)

    def _made(self) -> Iterator[tuple[str, str]]:
        env = self._env
        titles = sorted((docname, title.astext()) for docname, title in env.titles.items())
        lists = {docname: list(_lists(env, docname)) for docname in sorted(env.toctree_includes)}
        sections = () if self._titles_only else [_sections(env, docname) for docname in sorted(env.tocs)]
        numbers = sorted(env.toc_secnumbers.items())
        yield _AROUND, digest(titles, lists, sections, numbers, list(named_with_digest(self._app)))
        for docname, shown in lists.items():
            if any(depth != 1 and not titles_only for depth, titles_only, *_ in shown):
                below = sorted(_below(env, docname))
                yield _LISTED + docname, digest([_sections(env, name) for name in below])
        yield from ((_COPY + name, "") for name in sorted({*self._pages(), *self._copies()}))

    def _pages(self) -> Iterator[str]:
        """The pages of documents, the copies of their sources and the index, as files below the output."""
        builder, config, env = self._builder, self._app.config, self._env
        if not isinstance(builder, StandaloneHTMLBuilder):
            return
        names = [*env.found_docs, *(["genindex"] if config.html_use_index else [])]
        yield from (
            Path(os.path.relpath(builder.get_outfilename(name), str(builder.outdir))).as_posix() for name in names
        )
        for docname in env.found_docs if config.html_copy_source else ():
            suffix = Path(env.doc2path(docname)).name.removeprefix(docname.rpartition("/")[2])
            more = "" if suffix == config.html_sourcelink_suffix else config.html_sourcelink_suffix
            yield f"_sources/{docname}{suffix}{more}"

    def _copies(self) -> Iterator[str]:
        """The files below the output that Sphinx copies because a document shows them or offers them for download."""
        yield from (f"{self._builder.imagedir}/{name}" for _, name in self._env.images.values())
        yield from (f"_downloads/{name}" for _, name in self._env.dlfiles.values())


def named_with_digest(app: Sphinx) -> Iterator[tuple[str, str]]:
    """Name and digest of the project's and the extensions' style sheets and scripts, which each page names with a digest."""
    for folder in (Path(app.confdir, one) for one in app.config.html_static_path):
        for path in sorted(folder.rglob("*")):
            if path.suffix in _NAMED_WITH_DIGEST and path.is_file():
                yield path.relative_to(folder).as_posix(), sha256_of(path)[0]


def _forget_numbers(env: BuildEnvironment) -> None:
    """Take the numbers of sections from documents that no numbered list has any more: Sphinx leaves them there."""
    for docname in env.titles.keys() - env.toc_secnumbers.keys():
        numbered = [env.titles[docname], env.longtitles[docname], *env.tocs[docname].findall(nodes.reference)]
        for one in numbered:
            one.attributes.pop("secnumber", None)


def _lists(env: BuildEnvironment, docname: str) -> Iterator[tuple[Any, ...]]:
    """The tables of contents that stand in a document, as it writes them."""
    for one in env.tocs[docname].findall(addnodes.toctree):
        yield one.get("maxdepth", -1), one.get("titlesonly"), one.get("caption"), one.get("hidden"), one.get("entries")


def _sections(env: BuildEnvironment, docname: str) -> list[tuple[str, str]]:
    """The sections of a document with their anchors."""
    return [(one.get("anchorname", ""), one.astext()) for one in env.tocs[docname].findall(nodes.reference)]


def _below(env: BuildEnvironment, docname: str) -> set[str]:
    """The documents that a document lists, at any depth."""
    found: set[str] = set()
    left = list(env.toctree_includes.get(docname, ()))
    while left:
        name = left.pop()
        if name not in found and name in env.tocs:
            found.add(name)
            left += env.toctree_includes.get(name, ())
    return found


def _remove(path: Path, outdir: Path) -> None:
    """Remove a file, and the folders below the output that are empty then."""
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == outdir or outdir not in folder.parents or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()


def _forget_words(app: Sphinx) -> list[tuple[str, dict[str, Any], str]]:
    """Take words out of the search index that stand on no page any more; Sphinx leaves them there without a page."""
    indexer = getattr(app.builder, "indexer", None)
    for words in (getattr(indexer, name, None) for name in ("_mapping", "_title_mapping")):
        if isinstance(words, dict):
            for word in [word for word, found in words.items() if not found]:
                del words[word]
    return []
