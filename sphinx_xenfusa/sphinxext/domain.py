"""The ``xen`` domain: what directives leave with the environment, and how it is linked to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from typing import Any, ClassVar, cast

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.builders import Builder
from sphinx.domains import Domain, ObjType
from sphinx.environment import BuildEnvironment
from sphinx.roles import XRefRole
from sphinx.util.nodes import make_refnode

from sphinx_xenfusa.sphinxext import inline_verdict
from sphinx_xenfusa.sphinxext.directives import MatrixDirective, RequirementDirective, SummaryDirective
from sphinx_xenfusa.sphinxext.platform_directives import (
    ANCHOR,
    PlatformDirective,
    ScenarioDirective,
    WrittenPlatform,
    WrittenScenario,
)
from sphinx_xenfusa.sphinxext.selection import Asked
from sphinx_xenfusa.trace.canonical import natural
from sphinx_xenfusa.trace.record import Finding, Item, Tag

ENV_VERSION = 7
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
        """What was wrong with directives when they were read; it is told in every build, not only when a page is read."""
        for docname in sorted(self._domain.findings):
            yield from self._domain.findings[docname]


class _LinkRole(XRefRole):
    """A link to a requirement; its document is written again when the requirement moves or is renamed."""

    def process_link(
        self, env: BuildEnvironment, refnode: nodes.Element, has_explicit_title: bool, title: str, target: str
    ) -> tuple[str, str]:
        """Store the link."""
        words, tag = super().process_link(env, refnode, has_explicit_title, title, target)
        cast(XenDomain, env.get_domain("xen")).note_link(env.docname, tag)
        return words, tag


class _PlatformRole(XRefRole):
    """A link to a platform; its document is written again when the platform moves."""

    def process_link(
        self, env: BuildEnvironment, refnode: nodes.Element, has_explicit_title: bool, title: str, target: str
    ) -> tuple[str, str]:
        """Store the link."""
        words, name = super().process_link(env, refnode, has_explicit_title, title, target)
        cast(XenDomain, env.get_domain("xen")).platform_links.setdefault(env.docname, []).append(name)
        return words, name


class XenDomain(Domain):
    """Requirements by document; they are in the inventory, so that other projects can link to them."""

    name = "xen"
    label = "Xen functional safety"
    object_types: ClassVar[dict[str, ObjType]] = {
        "req": ObjType("requirement", "req"),
        "platform": ObjType("platform", "platform"),
    }
    directives: ClassVar[dict[str, Any]] = {
        "req": RequirementDirective,
        "matrix": MatrixDirective,
        "summary": SummaryDirective,
        "platform": PlatformDirective,
        "scenario": ScenarioDirective,
    }
    roles: ClassVar[dict[str, Any]] = {
        "req": _LinkRole(warn_dangling=True),
        "platform": _PlatformRole(warn_dangling=True),
        "verdict": inline_verdict.VerdictRole(),
    }
    initial_data: ClassVar[dict[str, Any]] = {
        "items": {},
        "anchors": {},
        "views": {},
        "links": {},
        "findings": {},
        "matrices": {},
        "verdicts": {},
        "platforms": {},
        "scenarios": {},
        "platform_links": {},
    }
    data_version = ENV_VERSION

    def __init__(self, env: BuildEnvironment) -> None:
        super().__init__(env)
        self._places: dict[str, tuple[str, str]] | None = None
        self._tags: Counter[Tag] | None = None

    @property
    def items(self) -> dict[str, list[Item]]:
        """The items of each document, as its directives stand."""
        stored: dict[str, list[Item]] = self.data.setdefault("items", {})
        return stored

    @property
    def anchors(self) -> Mapping[str, tuple[str, str]]:
        """Tag to document and title, for everything that can be linked to; of several documents the first by name."""
        if self._places is None:
            stored: dict[str, dict[str, str]] = self.data["anchors"]
            self._places = {}
            for docname in sorted(stored, key=natural):
                for tag, title in stored[docname].items():
                    self._places.setdefault(tag, (docname, title))
        return self._places

    @property
    def views(self) -> dict[str, list[str]]:
        """Which documents show something of the record: the tags of their requirements, and ``*`` for all of it."""
        stored: dict[str, list[str]] = self.data.setdefault("views", {})
        return stored

    @property
    def links(self) -> dict[str, list[str]]:
        """The tags that each document links to."""
        stored: dict[str, list[str]] = self.data.setdefault("links", {})
        return stored

    @property
    def findings(self) -> dict[str, list[Finding]]:
        """What was wrong with the directives of each document."""
        stored: dict[str, list[Finding]] = self.data.setdefault("findings", {})
        return stored

    @property
    def matrices(self) -> dict[str, list[Asked]]:
        """What the matrices of each document ask for."""
        stored: dict[str, list[Asked]] = self.data.setdefault("matrices", {})
        return stored

    @property
    def verdicts(self) -> dict[str, list[inline_verdict.Asked]]:
        """The verdicts that the sentences of each document ask for."""
        stored: dict[str, list[inline_verdict.Asked]] = self.data.setdefault("verdicts", {})
        return stored

    @property
    def platforms(self) -> dict[str, list[WrittenPlatform]]:
        """The platforms of each document, as their directives stand."""
        stored: dict[str, list[WrittenPlatform]] = self.data.setdefault("platforms", {})
        return stored

    @property
    def scenarios(self) -> dict[str, list[WrittenScenario]]:
        """The scenarios of each document, as their directives stand."""
        stored: dict[str, list[WrittenScenario]] = self.data.setdefault("scenarios", {})
        return stored

    @property
    def platform_links(self) -> dict[str, list[str]]:
        """The ids of the platforms that each document links to."""
        stored: dict[str, list[str]] = self.data.setdefault("platform_links", {})
        return stored

    @property
    def platform_places(self) -> Mapping[str, tuple[str, str]]:
        """Id to document and title for each platform that can be linked to; of several the first by document."""
        places: dict[str, tuple[str, str]] = {}
        for docname in sorted(self.platforms, key=natural):
            for one in self.platforms[docname]:
                if one.id:
                    places.setdefault(one.id, (docname, one.written.title))
        return places

    @property
    def tags(self) -> Counter[Tag]:
        """How many requirements there are of each tag."""
        if self._tags is None:
            self._tags = Counter(item.tag for items in self.items.values() for item in items)
        return self._tags

    def note_item(self, docname: str, item: Item) -> None:
        """Store a requirement of a document."""
        self.tags[item.tag] += 1
        self.items.setdefault(docname, []).append(item)
        self.note_anchor(docname, str(item.tag), item.title)
        self.note_view(docname, str(item.tag))

    def forget_item(self, docname: str, item: Item) -> None:
        """Take back the requirement that was stored, because it could not be made."""
        self.items[docname].remove(item)
        self.tags[item.tag] -= 1
        if not any(other.tag == item.tag for other in self.items[docname]):
            self.data["anchors"][docname].pop(str(item.tag), None)
            self._places = None

    def note_anchor(self, docname: str, tag: str, title: str) -> None:
        """Store where a tag can be linked to; the first place in a document stays."""
        self.data["anchors"].setdefault(docname, {}).setdefault(tag, title)
        self._places = None

    def note_finding(self, docname: str, finding: Finding) -> None:
        """Store what is wrong with a directive of a document."""
        self.findings.setdefault(docname, []).append(finding)

    def note_platform(self, docname: str, platform: WrittenPlatform) -> int:
        """Store a platform of a document, and say which of the document it is."""
        self.platforms.setdefault(docname, []).append(platform)
        return len(self.platforms[docname]) - 1

    def note_scenario(self, docname: str, scenario: WrittenScenario) -> int:
        """Store a scenario of a document, and say which of the document it is."""
        self.scenarios.setdefault(docname, []).append(scenario)
        return len(self.scenarios[docname]) - 1

    def note_link(self, docname: str, tag: str) -> None:
        """Store that a document links to a tag."""
        self.links.setdefault(docname, []).append(tag)

    def note_matrix(self, docname: str, asked: Asked) -> None:
        """Store what a matrix of a document asks for."""
        self.matrices.setdefault(docname, []).append(asked)

    def note_verdict(self, docname: str, asked: inline_verdict.Asked) -> None:
        """Store what a sentence of a document asks for."""
        self.verdicts.setdefault(docname, []).append(asked)

    def note_view(self, docname: str, what: str) -> None:
        """Store that a document shows something of the record."""
        self.views.setdefault(docname, []).append(what)

    def clear_doc(self, docname: str) -> None:
        """Forget a document that is about to be read again."""
        for stored in self.data.values():
            if isinstance(stored, dict):
                stored.pop(docname, None)
        self._places = self._tags = None

    def merge_domaindata(self, docnames: Set[str], otherdata: dict[str, Any]) -> None:
        """Take over what another process read."""
        for docname in sorted(docnames):
            for name in self.initial_data:
                if docname in otherdata[name]:
                    self.data[name][docname] = otherdata[name][docname]
        self._places = self._tags = None

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
        """A link to a requirement by its tag, or to a platform by its id."""
        if typ == "platform":
            return self._platform_link(builder, fromdocname, target, contnode)
        if target not in self.anchors:
            return None
        docname, title = self.anchors[target]
        return make_refnode(builder, fromdocname, docname, target, [contnode], title)

    def _platform_link(
        self, builder: Builder, fromdocname: str, name: str, contnode: nodes.Element
    ) -> nodes.reference | None:
        docname, title = self.platform_places.get(name, ("", ""))
        return make_refnode(builder, fromdocname, docname, ANCHOR + name, [contnode], title) if docname else None

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
        found = {
            kind: self.resolve_xref(env, fromdocname, builder, kind, target, node, contnode)
            for kind in ("req", "platform")
        }
        return [(f"xen:{kind}", link) for kind, link in found.items() if link is not None]

    def get_objects(self) -> Iterable[tuple[str, str, str, str, str, int]]:
        """The requirements and platforms for the inventory and the search."""
        for tag, (docname, title) in sorted(self.anchors.items()):
            yield tag, title, "req", docname, tag, 1
        for name, (docname, title) in sorted(self.platform_places.items()):
            yield name, title, "platform", docname, ANCHOR + name, 1
