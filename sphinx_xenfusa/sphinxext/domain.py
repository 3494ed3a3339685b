"""The ``xen`` domain: what directives leave with the environment, and how it is linked to."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any, ClassVar

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.builders import Builder
from sphinx.domains import Domain, ObjType
from sphinx.environment import BuildEnvironment
from sphinx.roles import XRefRole
from sphinx.util.nodes import make_refnode

from sphinx_xenfusa.sphinxext.directives import MatrixDirective, RequirementDirective, SummaryDirective
from sphinx_xenfusa.trace.record import Finding, Item

ENV_VERSION = 1
"""To be raised whenever what the domain stores changes its shape."""


class DirectiveSource:
    """The item source of the directives: what the documents of the environment left with the domain."""

    def __init__(self, domain: XenDomain) -> None:
        self._domain = domain

    def items(self) -> Iterable[Item]:
        """The requirements, document by document."""
        for docname in sorted(self._domain.items):
            yield from self._domain.items[docname]

    def findings(self) -> Iterable[Finding]:
        """None: what is wrong with a directive was said where it was read."""
        return ()


class XenDomain(Domain):
    """Requirements by document; they are in the inventory, so that other projects can link to them."""

    name = "xen"
    label = "Xen functional safety"
    object_types: ClassVar[dict[str, ObjType]] = {"req": ObjType("requirement", "req")}
    directives: ClassVar[dict[str, Any]] = {
        "req": RequirementDirective,
        "matrix": MatrixDirective,
        "summary": SummaryDirective,
    }
    roles: ClassVar[dict[str, Any]] = {"req": XRefRole(warn_dangling=True)}
    initial_data: ClassVar[dict[str, Any]] = {"items": {}, "anchors": {}, "views": {}, "shown": {}}
    data_version = ENV_VERSION

    @property
    def items(self) -> dict[str, list[Item]]:
        """The items of each document, as its directives stand."""
        stored: dict[str, list[Item]] = self.data.setdefault("items", {})
        return stored

    @property
    def anchors(self) -> dict[str, tuple[str, str]]:
        """Tag to document and title, for everything that can be linked to."""
        stored: dict[str, tuple[str, str]] = self.data.setdefault("anchors", {})
        return stored

    @property
    def views(self) -> dict[str, list[str]]:
        """Which documents show something of the record: the tags of their requirements, and ``*`` for all of it."""
        stored: dict[str, list[str]] = self.data.setdefault("views", {})
        return stored

    @property
    def shown(self) -> dict[str, str]:
        """What each document showed of the record when it was last written, as a digest."""
        stored: dict[str, str] = self.data.setdefault("shown", {})
        return stored

    def note_item(self, docname: str, item: Item) -> None:
        """Store a requirement of a document."""
        self.items.setdefault(docname, []).append(item)
        self.note_anchor(docname, str(item.tag), item.title)
        self.note_view(docname, str(item.tag))

    def note_anchor(self, docname: str, tag: str, title: str) -> None:
        """Store where a tag can be linked to; the first place stays."""
        self.anchors.setdefault(tag, (docname, title))

    def note_view(self, docname: str, what: str) -> None:
        """Store that a document shows something of the record."""
        self.views.setdefault(docname, []).append(what)

    def clear_doc(self, docname: str) -> None:
        """Forget a document that is about to be read again."""
        self.items.pop(docname, None)
        self.views.pop(docname, None)
        for tag, (place, _) in list(self.anchors.items()):
            if place == docname:
                del self.anchors[tag]

    def merge_domaindata(self, docnames: Set[str], otherdata: dict[str, Any]) -> None:
        """Take over what another process read."""
        for docname in sorted(docnames):
            if docname in otherdata["items"]:
                self.items[docname] = otherdata["items"][docname]
            if docname in otherdata["views"]:
                self.views[docname] = otherdata["views"][docname]
        for tag, (docname, title) in sorted(otherdata["anchors"].items()):
            if docname in docnames:
                self.note_anchor(docname, tag, title)

    def resolve_xref(
        self,
        env: BuildEnvironment,
        fromdocname: str,
        builder: Builder,
        typ: str,
        target: str,
        node: pending_xref,
        contnode: nodes.Element,
    ) -> nodes.reference | None:
        """A link to a requirement by its tag."""
        if target not in self.anchors:
            return None
        docname, title = self.anchors[target]
        return make_refnode(builder, fromdocname, docname, target, [contnode], title)

    def resolve_any_xref(
        self,
        env: BuildEnvironment,
        fromdocname: str,
        builder: Builder,
        target: str,
        node: pending_xref,
        contnode: nodes.Element,
    ) -> list[tuple[str, nodes.reference]]:
        """A link from the role ``any``."""
        found = self.resolve_xref(env, fromdocname, builder, "req", target, node, contnode)
        return [("xen:req", found)] if found is not None else []

    def get_objects(self) -> Iterable[tuple[str, str, str, str, str, int]]:
        """The requirements for the inventory and the search."""
        for tag, (docname, title) in sorted(self.anchors.items()):
            yield tag, title, "req", docname, tag, 1
