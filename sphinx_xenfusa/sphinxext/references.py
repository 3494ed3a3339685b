"""What the links of a document show of other documents: titles of sections, terms, numbers of figures and equations.

Sphinx puts them on a page when it writes it, and does not write it again when they change: a link would go on to name a section
as it was called before, or stay words without a link where its target has come since.  So the names that each document links to
are kept, with a digest of what there is under each; links to requirements and all else of ours are looked after in ``build``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from sphinx_xenfusa.sphinxext.digests import digest

Link = tuple[str, str, str]
"""Domain, role and target, as they are written."""

_TABLES = ("labels", "anonlabels", "terms", "objects", "progoptions")
"""Where Sphinx's domain for everything has what can be linked to, by names or by pairs that end in a name."""
_LOOKED_AFTER = ("xen", "citation")
"""Domains whose links name nothing that is written elsewhere, or that are looked after elsewhere."""
_ANY = "any"
"""The role of a link to whatever there is under a name, in any domain."""


def connect(app: Sphinx) -> None:
    """Connect what is to be kept when a document was read."""
    app.connect("doctree-read", _note)


def _note(app: Sphinx, doctree: nodes.document) -> None:
    found = {
        (one.get("refdomain") or "std", str(one.get("reftype")), str(one.get("reftarget")))
        for one in doctree.findall(addnodes.pending_xref)
        if one.get("refdomain") not in _LOOKED_AFTER
    }
    if found:
        _stored(app.env)[app.env.docname] = sorted(found)


def _stored(env: BuildEnvironment) -> dict[str, list[Link]]:
    stored: dict[str, list[Link]] = env.domaindata.setdefault("xen", {}).setdefault("references", {})
    return stored


def linked(env: BuildEnvironment) -> dict[str, str]:
    """By document, a digest of what its links show; of documents without such links none.

    To be asked once all documents are read.
    """
    stored = _stored(env)
    if not stored:
        return {}
    names, whole = _names(env), _Whole(env)
    return {
        docname: digest([(link, list(_under(names, link)), whole.of(link)) for link in stored[docname]])
        for docname in sorted(stored)
    }


def _names(env: BuildEnvironment) -> Mapping[str, list[object]]:
    """Everything that Sphinx's own domain knows by its name."""
    names: defaultdict[str, list[object]] = defaultdict(list)
    for table in _TABLES:
        known = env.domaindata["std"].get(table, {})
        for key, told in known.items():
            names[key if isinstance(key, str) else key[-1]].append((table, key, told))
    return names


def _under(names: Mapping[str, list[object]], link: Link) -> Iterator[object]:
    """What there is under the names that a target can mean: as it is, in small letters, or an option behind its program."""
    domain, _, target = link
    if domain == "std":
        for name in sorted({target, target.lower(), *target.split()[-1:]}):
            yield from sorted(names.get(name, ()), key=repr)


class _Whole:
    """Digests of all that a domain, or a numbering, has, made when they are first asked for."""

    def __init__(self, env: BuildEnvironment) -> None:
        self._env = env
        self._made: dict[str, str] = {}

    def of(self, link: Link) -> str:
        """That of what a link needs all of; empty where names are enough."""
        domain, role, _ = link
        wanted = "numbers" if role in ("numref", "eq") else _ANY if role == _ANY else "" if domain == "std" else domain
        if wanted and wanted not in self._made:
            self._made[wanted] = self._numbers() if wanted == "numbers" else self._objects(wanted)
        return self._made.get(wanted, "")

    def _numbers(self) -> str:
        env = self._env
        return digest(*(sorted(one.items()) for one in (env.toc_fignumbers, env.domaindata["math"].get("objects", {}))))

    def _objects(self, domain: str) -> str:
        known = self._env.domains
        if domain == _ANY:
            return digest([(one.name, sorted(map(repr, one.get_objects()))) for one in known.sorted()])
        return digest(sorted(map(repr, known[domain].get_objects()))) if domain in known else ""
