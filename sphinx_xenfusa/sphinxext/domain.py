"""The ``xen`` domain: what directives leave with the environment, and how it is linked to."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.builders import Builder
from sphinx.domains import Domain, ObjType
from sphinx.environment import BuildEnvironment
from sphinx.roles import XRefRole
from sphinx.util.nodes import make_refnode

from sphinx_xenfusa.sphinxext import inline_verdict
from sphinx_xenfusa.sphinxext.about import AboutDirective
from sphinx_xenfusa.sphinxext.dashboard import DashboardDirective
from sphinx_xenfusa.sphinxext.directives import (
    ConformanceDirective,
    DecisionsDirective,
    DiffDirective,
    GraphDirective,
    MatrixDirective,
    RequirementDirective,
    SummaryDirective,
    SurvivorsDirective,
    TalliesDirective,
    TestsDirective,
    UnclaimedDirective,
)
from sphinx_xenfusa.sphinxext.objects import (
    KIND_OF,
    ROLE_OF,
    OperationDirective,
    OperationsDirective,
    PrivilegeDirective,
    RoleDirective,
)
from sphinx_xenfusa.sphinxext.platform_directives import (
    ANCHOR,
    PlatformDirective,
    ScenarioDirective,
    WrittenPlatform,
    WrittenScenario,
)
from sphinx_xenfusa.sphinxext.registers import RegisterDirective
from sphinx_xenfusa.sphinxext.selection import Asked
from sphinx_xenfusa.sphinxext.test_runs import TestRunsDirective
from sphinx_xenfusa.terms.installed import Vocabulary, load_vocabulary
from sphinx_xenfusa.trace.canonical import natural
from sphinx_xenfusa.trace.record import Finding, Item, Place, Tag

if TYPE_CHECKING:
    from sphinx_xenfusa.sphinxext.platform_answers import Answer

ENV_VERSION = 15
"""To be raised whenever what the domain stores changes its shape."""


class Described(NamedTuple):
    """A description of a term: what it describes, and where it stands."""

    kind: str
    name: str
    anchor: str
    file: str
    line: int

    @property
    def key(self) -> str:
        """As what it is linked to: the cross-reference role and the name."""
        return f"{ROLE_OF_KIND[self.kind]}:{self.name}"


ROLE_OF_KIND = {kind.value: role for kind, role in ROLE_OF.items()}


class OftPage(NamedTuple):
    """What stands of OpenFastTrace's items on a page.

    :param sections: by tag, the titles of the sections around it, innermost first.
    :param included: the files, relative to the source folder, whose items stand on the page because it includes them.
    """

    sections: dict[str, tuple[str, ...]]
    included: tuple[str, ...]


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
        yield from self._domain.described_twice()


class _LinkRole(XRefRole):
    """A link to a requirement; its document is written again when the requirement moves or is renamed."""

    def process_link(
        self, env: BuildEnvironment, refnode: nodes.Element, has_explicit_title: bool, title: str, target: str
    ) -> tuple[str, str]:
        """Store the link."""
        words, tag = super().process_link(env, refnode, has_explicit_title, title, target)
        name = tag if self.reftype == "req" else f"{self.reftype}:{tag}"
        cast(XenDomain, env.get_domain("xen")).note_link(env.docname, name)
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
        "role": ObjType("role", "role"),
        "privilege": ObjType("privilege level", "priv"),
        "operation": ObjType("operation", "op"),
    }
    directives: ClassVar[dict[str, Any]] = {
        "req": RequirementDirective,
        "matrix": MatrixDirective,
        "summary": SummaryDirective,
        "about": AboutDirective,
        "platform": PlatformDirective,
        "scenario": ScenarioDirective,
        "role": RoleDirective,
        "privilege": PrivilegeDirective,
        "operation": OperationDirective,
        "operations": OperationsDirective,
        "graph": GraphDirective,
        "survivors": SurvivorsDirective,
        "conformance": ConformanceDirective,
        "decisions": DecisionsDirective,
        "tallies": TalliesDirective,
        "unclaimed": UnclaimedDirective,
        "diff": DiffDirective,
        "tests": TestsDirective,
        "test-runs": TestRunsDirective,
        "dashboard": DashboardDirective,
        "register": RegisterDirective,
    }
    roles: ClassVar[dict[str, Any]] = {
        "req": _LinkRole(warn_dangling=True),
        "platform": _PlatformRole(warn_dangling=True),
        **{role: _LinkRole(warn_dangling=True) for role in KIND_OF},
        "verdict": inline_verdict.VerdictRole(),
    }
    initial_data: ClassVar[dict[str, Any]] = {
        "items": {},
        "anchors": {},
        "views": {},
        "links": {},
        "findings": {},
        "objects": {},
        "vocabulary": {},
        "matrices": {},
        "graphs": {},
        "verdicts": {},
        "platforms": {},
        "scenarios": {},
        "platform_links": {},
        "assessments": {},
        "overlaid": {},
        "overlay_needs": {},
        "oft_pages": {},
        "oft_needs": {},
        "registers": {},
        "stamps": {},
        "references": {},
    }
    data_version = ENV_VERSION

    def __init__(self, env: BuildEnvironment) -> None:
        super().__init__(env)
        self._places: dict[str, tuple[str, str]] | None = None
        self._tags: Counter[Tag] | None = None
        self._objects: dict[str, tuple[str, str]] | None = None

    @functools.cached_property
    def vocabulary(self) -> Vocabulary:
        """The vocabulary that is installed, read once for a build and process."""
        return load_vocabulary()

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
    def objects(self) -> dict[str, list[Described]]:
        """The descriptions of terms in each document."""
        stored: dict[str, list[Described]] = self.data.setdefault("objects", {})
        return stored

    @property
    def noted_vocabularies(self) -> dict[str, list[str]]:
        """The digests of the vocabulary from which each document was made."""
        stored: dict[str, list[str]] = self.data.setdefault("vocabulary", {})
        return stored

    def _in_order(self) -> Iterator[tuple[str, Described]]:
        for docname in sorted(self.objects, key=natural):
            for described in self.objects[docname]:
                yield docname, described

    @property
    def places(self) -> Mapping[str, tuple[str, str]]:
        """Document and anchor of each term that is described, by role and name; of several the first."""
        if self._objects is None:
            self._objects = {}
            for docname, described in self._in_order():
                self._objects.setdefault(described.key, (docname, described.anchor))
        return self._objects

    def place_of(self, link: str) -> tuple[str, str] | None:
        """Where a link leads, of a tag or of a term by role and name."""
        return self.anchors.get(link) or self.places.get(link)

    def described_twice(self) -> Iterator[Finding]:
        """A finding for each description of a term that is described before."""
        first: dict[str, Described] = {}
        for _, described in self._in_order():
            before = first.setdefault(described.key, described)
            if before is not described:
                place = Place(described.file, described.line)
                found = f"found the {described.kind} {described.name!r} described at {place} and at "
                wanted = "expected one of them, or :no-index: on the other"
                yield Finding("duplicate", place, described.name, f"{found}{before.file}:{before.line}; {wanted}")

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
    def assessments(self) -> dict[str, Answer]:
        """The assessments of platforms in files that were made already, by digests of what they depend on."""
        stored: dict[str, Answer] = self.data.setdefault("assessments", {})
        return stored

    @property
    def overlaid(self) -> dict[str, str]:
        """What overlays mark in each document, as digests."""
        stored: dict[str, str] = self.data.setdefault("overlaid", {})
        return stored

    @property
    def overlay_needs(self) -> dict[str, list[str]]:
        """The tags of the requirements of overlays that were made needs, by document."""
        stored: dict[str, list[str]] = self.data.setdefault("overlay_needs", {})
        return stored

    @property
    def oft_pages(self) -> dict[str, OftPage]:
        """What stands of OpenFastTrace's items on the page of each document."""
        stored: dict[str, OftPage] = self.data.setdefault("oft_pages", {})
        return stored

    @property
    def oft_needs(self) -> dict[str, dict[str, str]]:
        """The tags of the items of each document that were made needs, each with a digest of what its need was made of."""
        stored: dict[str, dict[str, str]] = self.data.setdefault("oft_needs", {})
        return stored

    @property
    def registers(self) -> dict[str, list[str]]:
        """The names of the registers in each document."""
        stored: dict[str, list[str]] = self.data.setdefault("registers", {})
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

    def note_object(self, docname: str, kind: str, name: str, anchor: str, place: Place) -> None:
        """Store that a document describes a term."""
        self.objects.setdefault(docname, []).append(Described(kind, name, anchor, place.file, place.line))
        self._objects = None

    def note_vocabulary(self, docname: str, digest: str) -> None:
        """Store from which vocabulary a document is made; once is enough."""
        noted = self.noted_vocabularies.setdefault(docname, [])
        if digest not in noted:
            noted.append(digest)

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

    def note_oft_page(self, docname: str, page: OftPage) -> None:
        """Store what stands of OpenFastTrace's items on a page."""
        self.oft_pages[docname] = page

    @property
    def graphs(self) -> dict[str, list[tuple[str, Place]]]:
        """The tags whose neighbourhoods each document shows, with the places at which it asks for them."""
        stored: dict[str, list[tuple[str, Place]]] = self.data.setdefault("graphs", {})
        return stored

    def note_graph(self, docname: str, tag: str, place: Place) -> None:
        """Store that a document shows what stands around an item."""
        self.graphs.setdefault(docname, []).append((tag, place))

    def note_matrix(self, docname: str, asked: Asked) -> None:
        """Store what a matrix of a document asks for."""
        self.matrices.setdefault(docname, []).append(asked)

    def note_verdict(self, docname: str, asked: inline_verdict.Asked) -> None:
        """Store what a sentence of a document asks for."""
        self.verdicts.setdefault(docname, []).append(asked)

    def note_registers(self, docname: str, names: Iterable[str]) -> None:
        """Store which registers stand in a document."""
        self.registers.setdefault(docname, []).extend(names)

    def note_view(self, docname: str, what: str) -> None:
        """Store that a document shows something of the record."""
        self.views.setdefault(docname, []).append(what)

    def clear_doc(self, docname: str) -> None:
        """Forget a document that is about to be read again."""
        for stored in self.data.values():
            if isinstance(stored, dict):
                stored.pop(docname, None)
        self._places = self._tags = self._objects = None

    def merge_domaindata(self, docnames: Set[str], otherdata: dict[str, Any]) -> None:
        """Take over what another process read."""
        for docname in sorted(docnames):
            for name in self.initial_data:
                if docname in otherdata[name]:
                    self.data[name][docname] = otherdata[name][docname]
        self._places = self._tags = self._objects = None

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
        """A link to a requirement by its tag, to a platform by its id, or to the description of a term by its name."""
        if typ == "platform":
            return self._platform_link(builder, fromdocname, target, contnode)
        if typ in KIND_OF:
            found = self.places.get(f"{typ}:{target}")
            return None if found is None else make_refnode(builder, fromdocname, *found, [contnode], target)
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
        """The links from the role ``any``."""
        found = {
            kind: self.resolve_xref(env, fromdocname, builder, kind, target, node, contnode)
            for kind in ("req", "platform", *KIND_OF)
        }
        return [(f"xen:{kind}", link) for kind, link in found.items() if link is not None]

    def get_objects(self) -> Iterable[tuple[str, str, str, str, str, int]]:
        """The requirements, platforms and terms for the inventory and the search."""
        for tag, (docname, title) in sorted(self.anchors.items()):
            yield tag, title, "req", docname, tag, 1
        for name, (docname, title) in sorted(self.platform_places.items()):
            yield name, title, "platform", docname, ANCHOR + name, 1
        kinds = {role: kind.value for role, kind in KIND_OF.items()}
        for key, (docname, anchor) in sorted(self.places.items()):
            role, _, name = key.partition(":")
            yield name, name, kinds[role], docname, anchor, 1
