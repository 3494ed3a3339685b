"""Ties tests to requirements by tags in the sources of the tests.

A tag such as ``[XenTest->XenArch~x~1]`` ties the test that it stands in, or that begins below it with nothing but comments,
decorators and blank lines between.  Where a test begins, its report says; where it ends, its indentation: with the first line
below that is indented no deeper, closing brackets and the like apart.

Nothing is guessed.  The name of the test has to stand where the report says that the test is: if it does not, the file is
another one, or has changed since the tests ran, and what stands there ties nothing.  So it is where the report's name of the
file fits several files, where it gives no lines, and where a tag stands in no test that was reported.  Each is a finding.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from sphinx_xenfusa.evidence.name_patterns import Reported
from sphinx_xenfusa.trace.record import Finding, Place

_COMMENT = ("#", "//", "/*", "*", ";", "--")
_GOES_ON = re.compile(r"[)\]]|\}[)\]]|\{\s*$|#\s*(if|ifdef|ifndef|else|elif|endif|define|undef|pragma)\b")
"""What may stand at the indentation of a test without ending it: the end of its arguments, its brace, and ``#ifdef``."""
_OPENING = 3
"""Lines at the beginning of a test in which its name is looked for, beside those that are indented no deeper."""
_PYTHON_BEGINS = re.compile(r"(async\s+def|def|class)\b")
_DEFINED = re.compile(r"@|(?:async\s+)?def\s+(?P<name>\w+)")
_LINE = re.compile(r"(?P<file>.+):(?P<line>[1-9][0-9]{0,8})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SourceTag:
    """A tag in the source of a test.

    :param covers: the tags that it names, as written.
    """

    line: int
    type: str
    covers: tuple[str, ...]

    def __str__(self) -> str:
        return f"[{self.type}->{', '.join(self.covers)}]"


@dataclass(frozen=True, slots=True)
class TestSource:
    """A source of tests.

    :param file: as places in the record name it.
    :param lines: its lines; may be left out where it has no tags.
    :param tags: in the order of their lines.
    """

    file: str
    lines: tuple[str, ...] = ()
    tags: tuple[SourceTag, ...] = ()


@dataclass(slots=True)
class Ties:
    """What source tags tie: case number, tag and where it is written; and what is wrong."""

    tied: list[tuple[int, str, Place]] = field(default_factory=list)
    findings: set[Finding] = field(default_factory=set)


def tie(sources: Sequence[TestSource], cases: Iterable[Reported]) -> Ties:
    """Tie cases to what the tags in their sources name.

    :param sources: all sources of tests, those without tags as well: they may have the same name.
    """
    ties = Ties()
    if any(source.tags for source in sources):
        of_source = _by_source(sources, cases, ties.findings)
        for source in sources:
            if source.tags:
                _tie_file(source, of_source.get(source.file), ties)
    return ties


_ByLine = defaultdict[int, list[Reported]]
"""The cases that stand in one file, by line; those of which no line is known are left out."""


def _by_source(sources: Sequence[TestSource], cases: Iterable[Reported], findings: set[Finding]) -> dict[str, _ByLine]:
    """The cases of each source whose file is told without doubt."""
    by_name: defaultdict[str, list[TestSource]] = defaultdict(list)
    for source in sources:
        by_name[PurePosixPath(source.file).name].append(source)
    known: dict[str, TestSource | None] = {}
    found: defaultdict[str, _ByLine] = defaultdict(lambda: defaultdict(list))
    for case in cases:
        match = _LINE.fullmatch(case.case.place)
        file, line = (match["file"], int(match["line"])) if match else (case.case.place, 0)
        if file not in known:
            known[file] = _source_of(file, by_name, findings)
        meant = known[file]
        if meant is not None and line:
            found[meant.file][line].append(case)
        elif meant is not None:
            found.setdefault(meant.file, defaultdict(list))
    return found


def _source_of(file: str, by_name: dict[str, list[TestSource]], findings: set[Finding]) -> TestSource | None:
    """The one source that a report means by ``file``; ``None`` if there is none, or more than one."""
    parts = _parts(file)
    if not parts:
        return None
    fitting = [source for source in by_name.get(parts[-1], ()) if _fits(parts, _parts(source.file))]
    if len(fitting) > 1:
        names = " and ".join(sorted(source.file for source in fitting))
        for source in fitting:
            for tag in source.tags:
                found = f"found the tests of {file!r} in a report, which can be those of {names}"
                expected = "expected reports that name the file with its folders"
                findings.add(_finding(source, tag, f"{found}; {expected}; the tag {tag} ties none of them"))
        return None
    return fitting[0] if fitting else None


def _parts(file: str) -> tuple[str, ...]:
    """The folders and the name of a file, without what only says where one started from."""
    return tuple(part for part in file.replace("\\", "/").split("/") if part not in ("", ".", "..", "…"))


def _fits(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two names end alike, down to the first part of the shorter one."""
    shared = min(len(one), len(other))
    return one[-shared:] == other[-shared:]


def _tie_file(source: TestSource, cases: _ByLine | None, ties: Ties) -> None:
    blocks = _Blocks(source.lines, _from_their_first_lines(source, cases or {}))
    for tag in source.tags:
        place = Place(source.file, tag.line)
        if cases is None:
            message = f"the tag {tag} names {_named(tag)}, but no test of this file was reported"
        elif not cases:
            message = f"found no lines in the reports for the tests of this file; the tag {tag} ties none of them"
        elif (line := blocks.line_of(tag.line)) is None:
            message = f"the tag {tag} names {_named(tag)}, but no test that it stands in or before was reported"
        else:
            there, elsewhere = blocks.reported_at(line)
            ties.tied += [(one.number, text, place) for one in there for text in tag.covers]
            if not elsewhere:
                continue
            one = elsewhere[0]
            message = (
                f"found no {_bare(one)!r} where the report {one.report.file} says that it stands, in line {line}; expected "
                f"the file as it was when the tests ran; the tag {tag} does not tie it"
            )
        ties.findings.add(_finding(source, tag, message))


def _named(tag: SourceTag) -> str:
    return " and ".join(tag.covers)


def _finding(source: TestSource, tag: SourceTag, message: str) -> Finding:
    return Finding("test_link", Place(source.file, tag.line), tag.covers[0], message)


def _from_their_first_lines(source: TestSource, cases: Mapping[int, list[Reported]]) -> _ByLine:
    """The cases by the line on which their test begins.

    pytest counts lines from 0 and S-CORE's plugin, which writes into the same attribute, from 1.  So of a test in Python the
    line may be one too far: then a decorator, or the definition of the test itself, stands right above it.
    """
    made: _ByLine = defaultdict(list)
    for line, found in cases.items():
        above = source.lines[line - 2].lstrip() if 1 < line <= len(source.lines) + 1 else ""
        defined = _DEFINED.match(above) if source.file.endswith(".py") else None
        for one in found:
            begun = defined is not None and defined["name"] in (None, _bare(one))
            made[line - 1 if begun else line].append(one)
    return made


class _Blocks:
    """Where the tests of a file begin and end."""

    def __init__(self, lines: Sequence[str], by_line: Mapping[int, list[Reported]]) -> None:
        self._lines = lines
        self._by_line = by_line
        self._begins = sorted(line for line in by_line if line <= len(lines))
        self._between = _passed_over(lines)

    def line_of(self, line: int) -> int | None:
        """The line at which the test begins that stands in, or directly after, a line."""
        position = bisect_right(self._begins, line)
        if position and self._holds(self._begins[position - 1], line):
            return self._begins[position - 1]
        following = bisect_left(self._begins, line)
        if following < len(self._begins):
            begins = self._begins[following]
            if all(self._between[number - 1] for number in range(line, begins)):
                return begins
        return None

    def reported_at(self, line: int) -> tuple[list[Reported], list[Reported]]:
        """The cases that begin at a line: those whose name stands there, and those whose name does not."""
        depth = _indent(self._lines[line - 1])
        test = enumerate(self._lines[line - 1 : self._end(line)])
        text = "\n".join(one for number, one in test if number < _OPENING or _indent(one) <= depth)
        there: list[Reported] = []
        elsewhere: list[Reported] = []
        for one in self._by_line[line]:
            name = _bare(one)
            stands = bool(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
            (there if stands else elsewhere).append(one)
        return there, sorted(elsewhere, key=lambda one: (one.report.file, one.case.id))

    def _holds(self, first: int, line: int) -> bool:
        """Whether a line stands in the test that begins at ``first``: on that line, or deeper, before the test ends."""
        deeper = _indent(self._lines[line - 1]) > _indent(self._lines[first - 1])
        return line == first or (deeper and line <= self._end(first))

    def _end(self, first: int) -> int:
        """The last line of the test that begins at ``first``."""
        following = bisect_right(self._begins, first)
        last = self._begins[following] - 1 if following < len(self._begins) else len(self._lines)
        opening = self._lines[first - 1]
        depth = _indent(opening)
        decorated = opening.lstrip().startswith("@")
        for number in range(first + 1, last + 1):
            line = self._lines[number - 1]
            text = line.lstrip()
            if not text or _indent(line) > depth or _GOES_ON.match(text):
                continue
            if decorated and (text.startswith("@") or _PYTHON_BEGINS.match(text)):
                decorated = text.startswith("@")
                continue
            return number - 1
        return last


def _bare(one: Reported) -> str:
    """The name of the test itself, without its parameters."""
    return re.split(r"[\[/]", one.case.name, maxsplit=1)[0].strip()


def _indent(line: str) -> int:
    expanded = line.expandtabs()
    return len(expanded) - len(expanded.lstrip())


def _passed_over(lines: Sequence[str]) -> list[bool]:
    """For each line, whether it is blank, a comment or a decorator."""
    passed = []
    within = False
    for line in lines:
        text = line.strip()
        if within:
            passed.append(True)
            within = "*/" not in text
            continue
        passed.append(not text or text.startswith((*_COMMENT, "@")))
        within = text.startswith("/*") and "*/" not in text
    return passed
