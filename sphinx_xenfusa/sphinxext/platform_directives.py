"""What an author writes to have a platform judged and a scenario run: ``xen:platform`` and ``xen:scenario``.

Reading a document only takes the text over.  What it amounts to depends on the model and on other documents, so every build
reads and runs it again (:mod:`sphinx_xenfusa.sphinxext.platform_results`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from sphinx_xenfusa.inputs import InputError, read_text, real_path
from sphinx_xenfusa.model.vocabulary import Architecture
from sphinx_xenfusa.platforms.located_yaml import SIZE_LIMIT
from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.directives import words
from sphinx_xenfusa.trace.record import Place

if TYPE_CHECKING:
    from sphinx_xenfusa.sphinxext.domain import XenDomain
    from sphinx_xenfusa.sphinxext.platform_files import PlatformFiles

ANCHOR = "xen-platform-"
"""What the anchor of a platform begins with; its id follows."""

_STATEMENT = ".statement.yaml"
_BESIDE_FILES = ("statement", "boot-line", "architecture", "include")
"""The options that say something of files."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True)
class Written:
    """A body of YAML as an author wrote it.

    :param place: the directive.
    :param text: the YAML.
    :param file: the file in which the YAML stands, relative to the source folder.
    :param first_line: the line of that file on which it begins.
    :param fault: why there is nothing to judge, in the words of a warning; empty when there is.
    :param fault_place: where that is.
    """

    title: str
    place: Place
    text: str
    file: str
    first_line: int
    fault: str
    fault_place: Place


@dataclass(frozen=True)
class WrittenPlatform:
    """``xen:platform``.

    :param id: under which a scenario and a link name it.
    :param expect: the entries of ``:expect:``; ``None`` without the option.
    :param files: the files that are named in place of a body; ``None`` for a body.
    :param there: these and the statements beside them, as they were there when the document was read.
    """

    written: Written
    id: str
    expect: tuple[str, ...] | None
    files: PlatformFiles | None = None
    there: tuple[str, ...] = ()

    @property
    def is_assessed(self) -> bool:
        """Whether it is asked if the platform is compatible with safety; else which rules of the document it breaks.

        Of our own YAML that is asked once something is stated beside it: alone it cannot say enough.
        """
        stated = any(name.endswith(_STATEMENT) for name in self.there)
        return self.files is not None and (self.files.is_assessed or stated)


@dataclass(frozen=True)
class WrittenScenario:
    """``xen:scenario``.

    :param policies: the entries of ``:policy:``; ``None`` without the option.
    """

    written: Written
    policies: tuple[str, ...] | None


class _YamlDirective(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    @property
    def domain(self) -> XenDomain:
        """Our domain of the project that is being read."""
        return cast("XenDomain", self.env.get_domain("xen"))

    @property
    def title(self) -> str:
        """The title in one line."""
        return " ".join(self.arguments[0].split())

    def _relative(self, path: str | None) -> str:
        return Path(os.path.relpath(path or "", self.env.srcdir)).as_posix()

    def _place(self) -> Place:
        source, line = self.get_source_info()
        return Place(self._relative(source), line)

    def _body_place(self) -> Place:
        """Where the body begins; the state machine knows it also in an included file."""
        source, line = self.state_machine.get_source_and_line(self.content_offset + 1)
        if source is None or line is None:
            return self._place()
        return Place(self._relative(source), line)

    def _written(self) -> Written:
        """The body, or the file that is named in its place."""
        here = self._place()
        named = self.options.get("file", "").strip()
        body = "\n".join(self.content)
        if named and body.strip():
            return self._faulty(f"found a body and :file: {named}; expected one of the two", here)
        if named:
            return self._from_file(named, here)
        if not body.strip():
            takes_file = " or :file:" if "file" in (self.option_spec or {}) else ""
            return self._faulty(f"found no body; expected YAML{takes_file}", here)
        begins = self._body_place()
        return Written(self.title, here, body, begins.file, begins.line, "", here)

    def _faulty(self, fault: str, place: Place) -> Written:
        return Written(self.title, self._place(), "\n".join(self.content), place.file, place.line, fault, place)

    def _inside(self, named: str) -> str:
        """A file or folder relative to the source folder.

        :raises ValueError: it lies outside, or is a symbolic link that leads to no file.
        """
        folder = real_path(Path(self.env.srcdir))
        try:
            _, full = self.env.relfn2path(named)
        except (OSError, RuntimeError) as error:
            # What Python up to 3.12 raises for a link that leads back to itself.
            raise ValueError(f"found the file {named!r}, a link that leads back to itself; expected a file") from error
        path = real_path(Path(full))
        if not path.is_relative_to(folder):
            raise ValueError(f"found the file {named!r}; expected one inside the source folder")
        return path.relative_to(folder).as_posix()

    def _from_file(self, named: str, here: Place) -> Written:
        try:
            file = self._inside(named)
        except ValueError as error:
            return self._faulty(str(error), here)
        path = real_path(Path(self.env.srcdir)) / file
        self.env.note_dependency(path)
        try:
            text = read_text(path, limit=4 * SIZE_LIMIT, what="a platform in YAML")
        except InputError as error:
            place = here if error.line is None else Place(file, error.line)
            about = f"{file}: " if error.line is None else ""
            return self._faulty(about + error.message, place)
        return Written(self.title, here, text, file, 1, "", here)


class PlatformDirective(_YamlDirective):
    """A platform, judged by the rules of the document in every build."""

    option_spec: ClassVar[dict[str, Callable[[str], Any]] | None] = {
        "id": directives.unchanged,
        "expect": directives.unchanged,
        "file": directives.unchanged,
        "statement": directives.unchanged,
        "boot-line": directives.unchanged,
        "architecture": directives.unchanged,
        "include": directives.unchanged,
    }

    def _files(self, here: Place) -> tuple[PlatformFiles | None, tuple[str, ...], Written]:
        """The files that are named, those that stand for them, and what is read in place of a body."""
        beside = [name for name in _BESIDE_FILES if name in self.options]
        if not self.options.get("file", "").strip() or any(line.strip() for line in self.content):
            if beside and not self.options.get("file"):
                return None, (), self._faulty(f"found :{beside[0]}: beside a body; expected it beside :file:", here)
            return None, (), self._written()
        # Imported where files are named: what reads them costs every build that has none.
        from sphinx_xenfusa.sphinxext.platform_files import files_read

        try:
            files = self._named_files()
        except ValueError as error:
            return None, (), self._faulty(str(error), here)
        source = real_path(Path(self.env.srcdir))
        there = files.there(source)
        for name in files_read(files, source, here):
            self.env.note_dependency(source / name)
        platform = WrittenPlatform(self._nothing(here), "", None, files, there)
        return files, there, platform.written if platform.is_assessed else self._written()

    def _nothing(self, here: Place) -> Written:
        return Written(self.title, here, "", here.file, here.line, "", here)

    def _named_files(self) -> PlatformFiles:
        """What the options name.

        :raises ValueError: something outside of the source folder, or an architecture that there is not.
        """
        from sphinx_xenfusa.sphinxext.platform_files import PlatformFiles

        files = tuple(self._inside(name) for name in words(self.options["file"]))
        if not files:
            raise ValueError(f"found :file: {self.options['file']}, which names no file; expected a file or folder")
        stated = self.options.get("statement", "").strip()
        architecture = self.options.get("architecture", Architecture.ARM.value).strip()
        if architecture not in list(Architecture):
            expected = " or ".join(Architecture)
            raise ValueError(f"found the architecture {architecture!r}; expected {expected}")
        return PlatformFiles(
            files,
            self._inside(stated) if stated else "",
            tuple(self._inside(name) for name in words(self.options.get("include"))),
            " ".join(self.options.get("boot-line", "").split()),
            architecture,
        )

    def run(self) -> Sequence[nodes.Node]:
        """The anchor, and the place of what is found."""
        files, there, written = self._files(self._place())
        chosen = self.options.get("id", "").strip()
        name = chosen or nodes.make_id(self.title)[:100]
        if not _ID.fullmatch(name):
            name = ""
            if chosen and not written.fault:
                expected = "a letter or digit, then letters, digits, _ . and -, at most 100 in all"
                written = self._faulty(f"found the id {chosen!r}; expected {expected}", self._place())
        expect = words(self.options["expect"]) if "expect" in self.options else None
        platform = WrittenPlatform(written, name, expect, files, there)
        number = self.domain.note_platform(self.env.docname, platform)
        made: list[nodes.Node] = [markup.platform(docname=self.env.docname, number=number)]
        return [nodes.target("", "", ids=[ANCHOR + name]), *made] if name else made


class ScenarioDirective(_YamlDirective):
    """Steps on a platform, run on the model in every build and held against what their author expects."""

    option_spec: ClassVar[dict[str, Callable[[str], Any]] | None] = {"policy": directives.unchanged}

    def run(self) -> Sequence[nodes.Node]:
        """The place of what is found."""
        policies = words(self.options["policy"]) if "policy" in self.options else None
        number = self.domain.note_scenario(self.env.docname, WrittenScenario(self._written(), policies))
        return [markup.scenario(docname=self.env.docname, number=number)]


def with_other_files(
    app: Sphinx, env: BuildEnvironment, added: Set[str], changed: Set[str], removed: Set[str]
) -> list[str]:
    """The documents to read again: a statement beside files of theirs, or a file in a folder, came or went."""
    stored: Mapping[str, Sequence[WrittenPlatform]] = env.domaindata.get("xen", {}).get("platforms", {})
    source = Path(app.srcdir).resolve()
    return sorted(
        docname
        for docname, platforms in stored.items()
        if any(one.files is not None and one.files.there(source) != one.there for one in platforms)
    )
