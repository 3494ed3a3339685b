"""Which reading of a document its page shows, with which words of others, and of which files that reading was.

Sphinx reads a document again when it, or a file that it uses, was changed later than it was read.  A file that takes the place of
another one may be older than that (``mv``, ``cp -p``, ``tar``), and the requirement of before would stay on the page.  So what
tells each file from itself is kept with the reading, and a document is read again when it is another one now.

Sphinx writes a page again when its document was read in this build, or is younger than the page.  A build that was killed after
reading, or another builder that shares the doctrees, has read what this output does not show.  So which reading each page of an
output was written from is kept when all is written, with what links showed (``references``), and a page of another one is
written again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from sphinx_xenfusa.sphinxext import references
from sphinx_xenfusa.sphinxext.build_inputs import Stamp, stamp_of
from sphinx_xenfusa.sphinxext.digests import KeptDigests

if TYPE_CHECKING:
    from collections.abc import Set

Stamps = tuple[Stamp | None, ...]
"""Of the document and of the files that it uses, in the order of their names."""


class Readings:
    """Those of one build."""

    def __init__(self) -> None:
        self._written: set[str] = set()
        self._now: dict[str, str] = {}

    def connect(self, app: Sphinx) -> None:
        """Connect the events."""
        references.connect(app)
        app.connect("env-get-outdated", of_other_files)
        # After Sphinx has numbered sections and figures.
        app.connect("env-get-updated", self.note, priority=600)
        app.connect("doctree-resolved", lambda app, doctree, docname: self._written.add(docname))
        app.connect("build-finished", self.keep)

    def note(self, app: Sphinx, env: BuildEnvironment) -> list[str]:
        """Note what was read in this build, and name the documents whose pages show another reading."""
        stored = _stored(env)
        for docname in env.all_docs:
            if docname not in stored:
                stored[docname] = _stamps(env, docname)
        known, self._now = KeptDigests(app, "read").read(), _readings(env)
        return [docname for docname, read in self._now.items() if known.get(docname) != read]

    def keep(self, app: Sphinx, exception: Exception | None) -> None:
        """Keep which readings the output shows."""
        if exception is not None:
            return
        kept = KeptDigests(app, "read")
        known, now = kept.read(), self._now
        shown = {name: read for name, read in known.items() if name in now} | {
            name: now[name] for name in self._written & now.keys()
        }
        if shown != known:
            kept.write(shown)


def of_other_files(
    app: Sphinx, env: BuildEnvironment, added: Set[str], changed: Set[str], removed: Set[str]
) -> list[str]:
    """The documents to read again because they, or files that they use, are not those that were read."""
    stored = _stored(env)
    known = (docname for docname in sorted(env.all_docs.keys() & stored.keys()) if docname in env.found_docs)
    return [docname for docname in known if stored[docname] != _stamps(env, docname)]


def _stored(env: BuildEnvironment) -> dict[str, Stamps]:
    """What the documents were read from; Sphinx keeps it with all else that it knows of them."""
    stored: dict[str, Stamps] = env.domaindata.setdefault("xen", {}).setdefault("stamps", {})
    return stored


def _stamps(env: BuildEnvironment, docname: str) -> Stamps:
    source = Path(env.srcdir)
    used = sorted(str(one) for one in env.dependencies.get(docname, ()))
    return tuple(map(stamp_of, (Path(env.doc2path(docname)), *(source / one for one in used))))


def _readings(env: BuildEnvironment) -> dict[str, str]:
    """When Sphinx read each document, and what the links of it show of others."""
    shown = references.linked(env)
    return {docname: f"{read} {shown.get(docname, '')}" for docname, read in env.all_docs.items()}
