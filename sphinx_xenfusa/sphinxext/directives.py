"""What an author writes: ``xen:req``, ``xen:matrix``, ``xen:summary``.

A mistake costs one warning, located at the line, and never the text: a requirement that cannot be made stays on the
page as plain content under a heading that says so.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from sphinx_xenfusa.confirm.registry import load_claims
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.baseline_file import read_snapshot
from sphinx_xenfusa.interop.typed_fields import FIELDS, read_fields
from sphinx_xenfusa.sphinxext import markup, needs_bridge
from sphinx_xenfusa.sphinxext.case_lists import LISTS
from sphinx_xenfusa.sphinxext.selection import FILTERS, FORMS, Asked
from sphinx_xenfusa.trace.linker import tag_fault
from sphinx_xenfusa.trace.record import Finding, Item, Place, Tag, TypedFields
from sphinx_xenfusa.trace.states import ItemKind

if TYPE_CHECKING:
    from sphinx_xenfusa.sphinxext.domain import XenDomain


_BETWEEN_WORDS = re.compile(r"[,\n]")
_KINDS = {kind.value: kind for kind in ItemKind}

REVISION = "@"
"""What a document notes as a view that shows the commit: no tag, and no other view shows it."""

OF_ASSUMPTIONS = ("owner", "discharge")
"""The options that an assumption needs and that no other kind takes."""


def words(text: str | None) -> tuple[str, ...]:
    """The entries of a list option: separated by commas or line breaks, each once."""
    if not text:
        return ()
    found = (word.strip() for word in _BETWEEN_WORDS.split(text))
    return tuple(dict.fromkeys(word for word in found if word))


@functools.lru_cache(maxsize=64)
def _relative(source: str, folder: str, current: str) -> str:
    """The path of a source file below the source folder, or beside it.

    :param source: as docutils has it; that of an included file is relative to the current folder.
    """
    return Path(os.path.relpath(Path(current, source), folder)).as_posix()


class XenDirective(SphinxDirective):
    """What all our directives share."""

    @property
    def domain(self) -> XenDomain:
        """Our domain of the project that is being read."""
        return cast("XenDomain", self.env.get_domain("xen"))

    @property
    def place(self) -> Place:
        """Where the directive stands."""
        source, line = self.get_source_info()
        return Place(_relative(source, str(self.env.srcdir), str(Path.cwd())), line)

    def place_of(self, option: str) -> Place:
        """Where an option stands; the directive itself where it is written in no line of its own."""
        place = self.place
        for offset, line in enumerate(self.block_text.splitlines()):
            if re.match(rf"\s*:{option}:", line):
                return Place(place.file, place.line + offset)
        return place


class RequirementDirective(XenDirective):
    """A requirement.  The body is the statement; the options say what it is and what confirms it."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Callable[[str], Any]] | None] = {
        "id": directives.unchanged,
        "kind": directives.unchanged,
        "covers": directives.unchanged,
        "needs": directives.unchanged,
        "confirmed-by": directives.unchanged,
        "rationale": directives.unchanged,
        "comment": directives.unchanged,
        "source": directives.unchanged,
        "level": directives.unchanged,
        **dict.fromkeys(OF_ASSUMPTIONS, directives.unchanged),
        **dict.fromkeys(FIELDS, directives.unchanged),
    }

    def run(self) -> Sequence[nodes.Node]:
        """The need, followed by the place of its evidence."""
        tag = self._tag()
        kind = self._kind()
        if tag is None or kind is None:
            return self._plain()
        self._check_assumption(kind)
        item = self._item(tag, kind, self._fields(tag, kind))
        known = self.domain.tags[tag] > 0
        self.domain.note_item(self.env.docname, item)
        if known:
            # The record names both places; here the second copy must not become a second need.
            return self._plain(str(tag))
        try:
            card = needs_bridge.add_requirement(
                self.env.app, self.state, self.lineno, item, kind, self.content, self.content_offset + 1
            )
        except needs_bridge.Refused as error:
            self._tell("refused", f"sphinx-needs refused {tag}: {error}")
            self.domain.forget_item(self.env.docname, item)
            return self._plain()
        return [*card, markup.evidence(tag=str(tag), title=self.arguments[0])]

    def _tag(self) -> Tag | None:
        text = self.options.get("id", "").strip()
        if not text:
            self._tell("option", "found a requirement without :id:; expected a tag like XenArch~name~1")
            return None
        fault = tag_fault(text)
        if fault is not None:
            try:
                Tag.parse(text)
            except ValueError as error:
                self._tell(fault, str(error))
            return None
        return Tag.parse(text)

    def _kind(self) -> ItemKind | None:
        text = self.options.get("kind", "").strip()
        if text in _KINDS:
            return _KINDS[text]
        found = f"the kind {text!r}" if text else "a requirement without :kind:"
        expected = ", ".join(_KINDS)
        self._tell("kind", f"found {found}; expected one of {expected}")
        return None

    def _check_assumption(self, kind: ItemKind) -> None:
        """An assumption that nobody has to ensure, or that nothing shows to be ensured, is none to rely on."""
        for name in OF_ASSUMPTIONS:
            given = bool(self.options.get(name, "").strip())
            if given and kind is not ItemKind.ASSUMPTION:
                self._tell("option", f"found :{name}: at a {kind}; expected it at an assumption only")
            if not given and kind is ItemKind.ASSUMPTION:
                self._tell(
                    "option",
                    f"found an assumption without :{name}:; expected who has to ensure it and how that is shown",
                )

    def _fields(self, tag: Tag, kind: ItemKind) -> TypedFields:
        """The typed fields; what is wrong with one is told at its line, and leaves it out."""
        given = {name: words(self.options.get(name)) for name in FIELDS}
        if any(given.values()):
            self.domain.note_vocabulary(self.env.docname, self.domain.vocabulary.names_digest)
        fields, faults = read_fields(given, kind, self.domain.vocabulary)
        for fault in faults:
            finding = Finding(fault.subtype, self.place_of(fault.option), str(tag), fault.message)
            self.domain.note_finding(self.env.docname, finding)
        return fields

    def _tell(self, subtype: str, message: str) -> None:
        """Leave a finding: the record holds it, and every build warns of it until it is mended."""
        title = " ".join(self.arguments[0].split())
        self.domain.note_finding(self.env.docname, Finding(subtype, self.place, title, message))

    def _item(self, tag: Tag, kind: ItemKind, fields: TypedFields) -> Item:
        def option(name: str) -> str:
            return " ".join(self.options.get(name, "").split())

        return Item(
            tag=tag,
            title=" ".join(self.arguments[0].split()),
            text="\n".join(self.content),
            place=self.place,
            origin="directive",
            kind=kind,
            rationale=option("rationale"),
            comment=option("comment"),
            source=option("source"),
            level=option("level"),
            owner=option("owner"),
            discharge=option("discharge"),
            covers=words(self.options.get("covers")),
            needs=words(self.options.get("needs")),
            confirmed_by=words(self.options.get("confirmed-by")),
            fields=fields,
        )

    def _plain(self, tag: str = "") -> Sequence[nodes.Node]:
        """The content, under a heading that says that it is no requirement.

        :param tag: the tag, if another requirement has it too.
        """
        return [markup.refused(self.arguments[0], self.parse_content_to_nodes(), tag)]


class MatrixDirective(XenDirective):
    """The matrix of all items, or of some: verdict per policy, tests, state; worst first."""

    option_spec: ClassVar[dict[str, Callable[[str], Any]] | None] = {
        "columns": directives.unchanged,
        "types": directives.unchanged,
        "kinds": directives.unchanged,
        "chapters": directives.unchanged,
        "status": directives.unchanged,
        "tags": directives.unchanged,
        "covers": directives.unchanged,
        "covered-by": directives.unchanged,
        "path": directives.unchanged,
        "rows": directives.unchanged,
        "across": directives.unchanged,
        "gate": directives.unchanged,
    }

    def run(self) -> Sequence[nodes.Node]:
        """The place of the matrix; whether its words mean something is known once all documents are read."""
        given = {name: words(self.options.get(name)) for name in FILTERS}
        asked = Asked(
            self.place,
            words(self.options.get("columns")),
            tuple((name, entries) for name, entries in given.items() if entries),
            tuple((name, words(self.options[name])) for name in FORMS if name in self.options),
            words(self.options.get("gate")),
            self.place_of("gate"),
        )
        self.domain.note_view(self.env.docname, "*")
        self.domain.note_matrix(self.env.docname, asked)
        return [markup.matrix(asked=asked)]


class GraphDirective(XenDirective):
    """What stands around one item, as a drawing and as a list; the argument is the item's tag."""

    required_arguments = 1

    def run(self) -> Sequence[nodes.Node]:
        """The place of the drawing; whether there is such an item is known once all documents are read."""
        tag = self.arguments[0]
        self.domain.note_view(self.env.docname, "*")
        self.domain.note_graph(self.env.docname, tag, self.place)
        return [markup.graph(tag=tag)]


class SurvivorsDirective(XenDirective):
    """The mutants of the model that nothing kills, and the reviewed equivalents."""

    def run(self) -> Sequence[nodes.Node]:
        """The place of the list."""
        self.domain.note_view(self.env.docname, "*")
        return [markup.survivors()]


class DecisionsDirective(XenDirective):
    """Who may do what under which policy, what is decided otherwise than in the document first."""

    def run(self) -> Sequence[nodes.Node]:
        """The place of the table."""
        self.domain.note_view(self.env.docname, "*")
        return [markup.decisions()]


class ConformanceDirective(XenDirective):
    """The demands of the VirtIO standard, each with the verdict on its check or the reason why there is none."""

    def run(self) -> Sequence[nodes.Node]:
        """The place of the table."""
        self.domain.note_view(self.env.docname, "*")
        return [markup.conformance()]


class TalliesDirective(XenDirective):
    """What the search of one claim counted, class by class; the argument is the claim's id."""

    required_arguments = 1

    def run(self) -> Sequence[nodes.Node]:
        """The place of the table."""
        name = self.arguments[0]
        if name not in load_claims():
            expected = "expected the id of a known claim"
            message = f"found the claim {name!r}, which does not exist; {expected}"
            self.domain.note_finding(self.env.docname, Finding("unknown_claim", self.place, name, message))
        self.domain.note_view(self.env.docname, "*")
        return [markup.tallies(claim=name)]


class UnclaimedDirective(XenDirective):
    """How far the normative sentences of each document are claimed, and those that are not."""

    def run(self) -> Sequence[nodes.Node]:
        """The place of the table and the lists."""
        self.domain.note_view(self.env.docname, "*")
        return [markup.unclaimed()]


class TestsDirective(XenDirective):
    """Test results: the reports, or lists of what stands beside the states."""

    option_spec: ClassVar[dict[str, Callable[[str], Any]] | None] = {"list": directives.unchanged_required}

    def run(self) -> Sequence[nodes.Node]:
        """The place of the lists; a list that does not exist is left out."""
        self.domain.note_view(self.env.docname, "*")
        asked = words(self.options.get("list"))
        for name in asked:
            if name not in LISTS:
                message = f"found the list {name!r}; expected one of {', '.join(LISTS)}"
                self.domain.note_finding(self.env.docname, Finding("option", self.place, name, message))
        known = tuple(name for name in asked if name in LISTS)
        return [markup.tests(asked=known)] if known or not asked else []


class DiffDirective(XenDirective):
    """What changed since a baseline, or from one file to another, and what to review and run again."""

    option_spec: ClassVar[dict[str, Callable[[str], Any]] | None] = {
        "from": directives.unchanged_required,
        "to": directives.unchanged_required,
    }

    def run(self) -> Sequence[nodes.Node]:
        """The place of the difference; files that it names are read here already, so that a fault has its line."""
        self.domain.note_view(self.env.docname, "*")
        before, after = (self._file(option) for option in ("from", "to"))
        if before is None or after is None:
            return [nodes.paragraph("", "Nothing is compared: a file could not be read.")]
        if not before and not self.config.xenfusa_baseline:
            self._tell("found no :from: and no xenfusa_baseline; expected a baseline to compare with")
            return [nodes.paragraph("", "Nothing is compared: there is no baseline.")]
        return [markup.difference(before=before, after=after)]

    def _file(self, option: str) -> str | None:
        """The file that an option names, relative to the document or, with a slash, to the source folder."""
        name = self.options.get(option, "")
        if not name:
            return ""
        relative, path = self.env.relfn2path(name)
        if not Path(path).resolve().is_relative_to(Path(self.env.srcdir).resolve()):
            self._tell(f"found {name!r}, outside of the source folder; expected a file in it")
            return None
        self.env.note_dependency(relative)
        try:
            read_snapshot(Path(path))
        except InputError as error:
            line = "" if error.line is None else f", line {error.line}"
            self._tell(f"{name}{line}: {error.message}")
            return None
        return path

    def _tell(self, message: str) -> None:
        self.domain.note_finding(self.env.docname, Finding("baseline", self.place, "xen:diff", message))


class SummaryDirective(XenDirective):
    """The totals, with everything that does not add to green named."""

    def run(self) -> Sequence[nodes.Node]:
        """The place of the totals."""
        self.domain.note_view(self.env.docname, "*")
        return [markup.summary()]
