"""The sentences of a reStructuredText document, with their lines and sections, and which of them are normative.

Pure: text in, sentences out; no Sphinx and no docutils.  It reads documents as people write them, not only as docutils
wants them: a list that follows its sentence without a blank line is a list, each item of it a sentence of its own.

What is prose: paragraphs, list items, definitions, field bodies, footnotes, the cells of grid and simple tables, line
blocks, and the content of directives that hold prose (notes, warnings, list tables ...).  What is not: titles, comments,
anchors, literal blocks, doctests and the content of every other directive.

A sentence ends with ``.``, ``!`` or ``?``, closing quotes, brackets and markup included, before something that can begin
a sentence.  It does not end after an abbreviation (``e.g.``), within a pair of quotation marks or of brackets, or within
inline markup.

Normative is a sentence with one of :data:`NORMATIVE`, and every item of a list that such a sentence opens.
"""

from __future__ import annotations

import bisect
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sphinx_xenfusa.trace.fingerprint import normalise
from sphinx_xenfusa.trace.states import ItemKind

NORMATIVE: tuple[tuple[str, ItemKind], ...] = (
    (r"(?:shall|must|may|ought) +not|cannot|can +not|can['’]t|mustn['’]t|shan['’]t", ItemKind.PROHIBITION),
    (r"not +(?:\w+ +)?(?:allowed|permitted)|forbidden|prohibited|disallowed", ItemKind.PROHIBITION),
    (r"recommended|recommends?|should|ought +to|shouldn['’]t", ItemKind.RECOMMENDATION),
    (r"responsib(?:le|ility|ilities)", ItemKind.ASSUMPTION),
    (r"shall|must|required|requires?|mandatory|ha(?:s|ve|d) +to|needs? +to|only", ItemKind.RULE),
)
"""The words that make a sentence normative, and the kind that they propose; of several the first."""

_NORMATIVE = tuple((re.compile(rf"\b(?:{words})\b", re.IGNORECASE), kind) for words, kind in NORMATIVE)

FINGERPRINT_LENGTH = 16
"""Hexadecimal digits of a fingerprint as :func:`text_fingerprint` gives it."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1*")
_BULLET = re.compile(r"[-*+•‣⁃](?: +|$)")
_ENUMERATOR = re.compile(
    r"(?:\(?(?:\d{1,4}|#|[a-zA-Z]|[ivxlcIVXLC]{1,6})\)|(?:\d{1,4}|#|[a-zA-Z]|[ivxlcIVXLC]{1,6})\.) +"
)
_DIRECTIVE = re.compile(r"\.\. +(?:\|[^|]+\| +)?(?P<name>[\w:+.-]+?)::(?:\s+(?P<argument>.*)|$)")
_NOTE = re.compile(r"\.\. +\[[^\]]+\] +")
_FIELD = re.compile(r":(?![:\s])(?:[^:\\]|\\.)+(?<!\s):(?: +|$)")
_GRID = re.compile(r"\+(?:[-=]+\+)+")
_SIMPLE = re.compile(r"=+(?: +=+)+")
_OPTION = re.compile(r":([\w-]+):\s*(.*)")
_TAG_LINE = re.compile(r"`([A-Za-z]+~[^\s~`]+~\d+)`")

_PROSE_DIRECTIVES = frozenset(
    [
        "admonition",
        "attention",
        "caution",
        "danger",
        "error",
        "hint",
        "important",
        "note",
        "tip",
        "warning",
        "seealso",
        "topic",
        "sidebar",
        "epigraph",
        "highlights",
        "pull-quote",
        "compound",
        "container",
        "only",
        "versionadded",
        "versionchanged",
        "deprecated",
        "list-table",
        "table",
        "centered",
        "rubric",
    ]
)
_ARGUMENT_IS_PROSE = frozenset(
    ["attention", "caution", "danger", "error", "hint", "important", "note", "tip", "warning", "rubric"]
)
_REQUIREMENT = "xen:req"

_ROLE = re.compile(r"(?::[\w:+.-]+:)?`([^`]+)`(?::[\w:+.-]+:|__?)?")
_LITERAL = re.compile(r"``(.+?)``")
_STRONG = re.compile(r"(?<![\w*])\*\*(?=\S)(.+?)(?<=\S)\*\*(?![\w*])")
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\w*])")
_TARGETED = re.compile(r"\s*<[^<>]+>$")
_REFERENCE = re.compile(r"\b(\w+(?:[-.]\w+)*)__?(?=[\s.,;:!?)]|$)")
_SUBSTITUTION = re.compile(r"\|(\S[^|]*?)\|_?")
_FOOTNOTE = re.compile(r"\s?\[[#*\d][\w-]*\]_")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)

_END = re.compile(r"[.!?]+[\"'’”)\]*`»]*(?=\s+\S)")
_BEGINS = re.compile(r"[\"'“‘«(\[*`|:]*[^\W_a-z]|[\"'“‘«(\[*`|:]*[`:]")
_NEVER_ENDS = frozenset(
    [
        "e.g.",
        "i.e.",
        "cf.",
        "vs.",
        "viz.",
        "resp.",
        "approx.",
        "incl.",
        "excl.",
        "mr.",
        "mrs.",
        "ms.",
        "dr.",
        "prof.",
        "st.",
        "esp.",
    ]
)
_ENDS_BEFORE_WORDS = frozenset(
    [
        "no.",
        "nr.",
        "fig.",
        "figs.",
        "sec.",
        "sect.",
        "ch.",
        "eq.",
        "tab.",
        "vol.",
        "p.",
        "pp.",
        "art.",
        "ref.",
        "refs.",
        "rev.",
        "ver.",
    ]
)
_SAID = {"“": "”", "(": ")", "[": "]"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document.

    :param text: what it says, without markup, white space normalised.
    :param line: the 1-based line on which it begins.
    :param end: the line on which it ends.
    :param section: the titles of the sections around it, outermost first.
    :param ordinal: which of its section's own sentences it is, counted from 1; subsections count for themselves.
    :param requirement: the tag of the requirement of which it is a part already; empty outside of one.
    :param listed: whether it stands in an item of a list.
    :param kind: the kind that its words propose; ``None`` for a sentence that is not normative.
    """

    text: str
    line: int
    end: int
    section: tuple[str, ...]
    ordinal: int
    requirement: str = ""
    listed: bool = False
    kind: ItemKind | None = None

    @property
    def normative(self) -> bool:
        """Whether it asks for something."""
        return self.kind is not None


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines that are one run of prose: their number and text, markup included."""

    lines: tuple[tuple[int, str], ...]
    listed: bool = False
    requirement: str = ""


@dataclass(frozen=True, slots=True)
class _Heading:
    """A title; ``style`` is how it is adorned, which tells its level."""

    title: str
    style: str


def text_fingerprint(text: str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a text, white space and line-break hints aside."""
    return hashlib.sha256(normalise(text).encode("utf-8")).hexdigest()[:FINGERPRINT_LENGTH]


def proposed_kind(text: str) -> ItemKind | None:
    """The kind that the words of a sentence propose; ``None`` when no word of it is normative."""
    return next((kind for pattern, kind in _NORMATIVE if pattern.search(text)), None)


def plain(text: str) -> str:
    """A text as it is read: inline markup taken off, white space normalised."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[1])
        return f"\0{len(kept) - 1}\0"

    bare = _LITERAL.sub(keep, text.replace("\0", ""))
    bare = _FOOTNOTE.sub("", bare)
    bare = _ROLE.sub(lambda match: _TARGETED.sub("", match[1]).lstrip("~!"), bare)
    bare = _EMPHASIS.sub(r"\1", _STRONG.sub(r"\1", bare))
    bare = _SUBSTITUTION.sub(r"\1", bare)
    bare = _REFERENCE.sub(r"\1", bare)
    bare = _ESCAPE.sub(lambda match: "" if match[1].isspace() else match[1], bare)
    return normalise(re.sub("\0(\\d+)\0", lambda match: kept[int(match[1])], bare))


def sentences_of(text: str) -> tuple[Sentence, ...]:
    """The sentences of a document in the order in which they stand."""
    lines = [line.expandtabs().rstrip() for line in _LINE_END.split(text)]
    found: list[Sentence] = []
    path: list[_Heading] = []
    counts: dict[int, int] = {}
    styles: list[str] = []
    section, lead, requirement = 0, None, ""
    for part in _parts(list(enumerate(lines, 1))):
        if isinstance(part, _Heading):
            if part.style not in styles:
                styles.append(part.style)
            del path[styles.index(part.style) :]
            path.append(part)
            section, lead, requirement = section + 1, None, ""
            continue
        requirement = _tag_of(part) or requirement
        for sentence in _split(part):
            counts[section] = counts.get(section, 0) + 1
            made = replace(
                sentence,
                section=tuple(one.title for one in path),
                ordinal=counts[section],
                requirement=part.requirement or requirement,
            )
            lead = _lead(made, lead)
            if made.kind is None and made.listed and lead is not None:
                made = replace(made, kind=lead)
            found.append(made)
    return tuple(found)


def _tag_of(block: _Block) -> str:
    """The OpenFastTrace tag that a block is; what follows in its section belongs to that item."""
    match = _TAG_LINE.fullmatch(block.lines[0][1].strip()) if len(block.lines) == 1 else None
    return match[1] if match is not None else ""


def _lead(sentence: Sentence, before: ItemKind | None) -> ItemKind | None:
    """The kind of the sentence that opens the list that may follow."""
    if sentence.listed:
        return before
    return sentence.kind if sentence.text.endswith(":") else None


# --- sentences of a block -------------------------------------------------------------------------------------------


def _split(block: _Block) -> Iterator[Sentence]:
    """The sentences of one run of prose."""
    joined, starts = "", []
    for _, line in block.lines:
        starts.append(len(joined))
        joined += line.strip() + "\n"
    if joined.rstrip().endswith("::"):
        joined = joined.rstrip()[:-1]
    begin = 0
    for end in (*_ends(joined), len(joined)):
        text = plain(joined[begin:end])
        if re.search(r"\w", text) is not None:
            first = begin + len(joined[begin:end]) - len(joined[begin:end].lstrip())
            last = begin + len(joined[begin:end].rstrip()) - 1
            number, stop = (block.lines[bisect.bisect_right(starts, at) - 1][0] for at in (first, last))
            yield Sentence(text, number, stop, (), 0, listed=block.listed, kind=proposed_kind(text))
        begin = end


def _ends(text: str) -> Iterator[int]:
    """Where sentences end within a text, the last one aside."""
    within = _within(text)
    for match in _END.finditer(text):
        after = text[match.end() :].lstrip()
        stop = match.end() - 1
        closed = within[min(match.end(), len(text) - 1)] == 0
        if closed and _BEGINS.match(after) and not _abbreviated(text[: match.start() + 1], after) and stop >= 0:
            yield match.end()


def _abbreviated(before: str, after: str) -> bool:
    """Whether the full stop at the end of ``before`` belongs to its last word."""
    word = before.split()[-1].lstrip("\"'“‘(*`[").casefold()
    if word in _NEVER_ENDS:
        return True
    if word in _ENDS_BEFORE_WORDS:
        return after[:1].isdigit()
    # An initial, as in "A. Author"; a letter that ends a sentence ("domain A. The") has no word of one letter for a name.
    return re.fullmatch(r"(?:[a-z]\.){2,}", word) is not None and after[:1].islower()


def _within(text: str) -> list[int]:
    """For each character how many quotation marks, brackets and inline literals are open before it.

    Marks that have no partner in the text open nothing.
    """
    depth = [0] * (len(text) + 1)
    for begin, end in _pairs(text):
        depth[begin] += 1
        depth[end] -= 1
    open_now, result = 0, []
    for change in depth:
        open_now += change
        result.append(open_now)
    return result


def _pairs(text: str) -> Iterator[tuple[int, int]]:
    """Begin and end of everything quoted, bracketed or marked up."""
    for pattern in (_LITERAL, _ROLE, _STRONG):
        for match in pattern.finditer(text):
            yield match.start() + 1, match.end()
    marks = [match.start() for match in re.finditer('"', text)]
    if len(marks) % 2 == 0:
        yield from ((begin + 1, end + 1) for begin, end in zip(marks[::2], marks[1::2], strict=True))
    for opening, closing in _SAID.items():
        stack: list[int] = []
        for match in re.finditer(f"[{re.escape(opening + closing)}]", text):
            if match[0] == opening:
                stack.append(match.end())
            elif stack:
                yield stack.pop(), match.end()


# --- blocks of a document -------------------------------------------------------------------------------------------

_Line = tuple[int, str]


def _parts(lines: Sequence[_Line]) -> Iterator[_Block | _Heading]:
    """The titles and the blocks of a document."""
    begin = number = 0
    while number < len(lines):
        heading, length = _heading_at(lines, number)
        if heading is None:
            number += 1
            continue
        yield from _blocks(lines[begin:number])
        yield heading
        number += length
        begin = number
    yield from _blocks(lines[begin:])


def _heading_at(lines: Sequence[_Line], number: int) -> tuple[_Heading | None, int]:
    """The title that begins with this line, and how many lines it takes."""

    def line(offset: int) -> str:
        return lines[number + offset][1] if 0 <= number + offset < len(lines) else ""

    title = line(1).strip()
    if _adorns(line(0), title) and line(2) == line(0) and not line(-1):
        return _Heading(plain(title), "over" + line(0)[0]), 3
    title = line(0)
    free = not line(-1) or _ADORNMENT.fullmatch(line(-1)) is not None
    if free and title[:1] not in ("", " ") and not title.startswith(".. ") and _adorns(line(1), title):
        return _Heading(plain(title), line(1)[0]), 2
    return None, 0


def _adorns(line: str, title: str) -> bool:
    """Whether a line adorns a title: one character, repeated, as long as the title or at least four."""
    if not title or _ADORNMENT.fullmatch(title) or _ADORNMENT.fullmatch(line) is None:
        return False
    return len(line) >= min(4, len(title)) and line not in ("..", "::")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _end_of_indented(lines: Sequence[_Line], start: int, indent: int) -> int:
    """The index after the last line that is indented by more than ``indent``."""
    end = start
    for number in range(start, len(lines)):
        line = lines[number][1]
        if line:
            if _indent(line) <= indent:
                break
            end = number + 1
    return end


def _blocks(lines: Sequence[_Line], listed: bool = False, requirement: str = "") -> Iterator[_Block]:
    """The runs of prose in lines that hold no title."""
    number = 0
    while number < len(lines):
        line = lines[number][1]
        if not line:
            number += 1
            continue
        read = next(reader for begins, reader in _READERS if begins(line.lstrip(" ")))
        end, blocks = read(lines, number)
        for block in blocks:
            yield replace(block, listed=block.listed or listed, requirement=block.requirement or requirement)
        number = end


_Read = tuple[int, Iterable[_Block]]


def _explicit(lines: Sequence[_Line], number: int) -> _Read:
    """A directive, footnote, comment or anchor."""
    first = lines[number][1]
    indent = _indent(first)
    bare = first.strip() == ".." and number + 1 < len(lines) and not lines[number + 1][1]
    end = number + 1 if bare else _end_of_indented(lines, number + 1, indent)
    body = lines[number + 1 : end]
    note = _NOTE.match(first.lstrip(" "))
    if note is not None:
        return end, _blocks([(lines[number][0], first.lstrip(" ")[note.end() :]), *_dedented(body)])
    directive = _DIRECTIVE.match(first.lstrip(" "))
    if directive is None:
        return end, ()
    name, argument = directive["name"], directive["argument"] or ""
    options, content = _options(body)
    if name == _REQUIREMENT:
        return end, _blocks(content, requirement=options.get("id", argument) or argument)
    if name not in _PROSE_DIRECTIVES:
        return end, ()
    if name in _ARGUMENT_IS_PROSE and argument:
        return end, _blocks([(lines[number][0], argument), *_dedented(body)])
    return end, _blocks(content)


def _options(body: Sequence[_Line]) -> tuple[dict[str, str], list[_Line]]:
    """The options of a directive, and its content."""
    options: dict[str, str] = {}
    number = 0
    while number < len(body) and body[number][1]:
        match = _OPTION.match(body[number][1].strip())
        if match is None and not options:
            # An argument that goes on, or content without options.
            return options, list(body)
        if match is not None:
            options[match[1]] = match[2]
        number += 1
    return options, list(body[number:])


def _dedented(lines: Sequence[_Line]) -> list[_Line]:
    return [(number, line.lstrip(" ")) for number, line in lines]


def _doctest(lines: Sequence[_Line], number: int) -> _Read:
    end = number
    while end < len(lines) and lines[end][1]:
        end += 1
    return end, ()


def _grid(lines: Sequence[_Line], number: int) -> _Read:
    """A grid table: the text of each cell is a block."""
    end = _doctest(lines, number)[0]
    rows: list[list[_Line]] = []
    row: list[_Line] = []
    for at in range(number, end):
        text = lines[at][1].strip()
        if _GRID.match(text):
            rows.append(row)
            row = []
        else:
            row.append((lines[at][0], text))
    return end, (block for one in rows for block in _cells(one))


def _cells(row: Sequence[_Line]) -> Iterator[_Block]:
    """The cells of a row of a grid table, column by column."""
    split = [(number, text.strip("|").split("|")) for number, text in row]
    for column in range(max((len(cells) for _, cells in split), default=0)):
        cell = [(number, cells[column].strip()) for number, cells in split if column < len(cells)]
        yield from _blocks(cell)


def _simple(lines: Sequence[_Line], number: int) -> _Read:
    """A simple table: a row begins with every line that has text in the first column."""
    columns = [match.start() for match in re.finditer("=+", lines[number][1])]
    end, borders = number + 1, 1
    while end < len(lines):
        border = _SIMPLE.fullmatch(lines[end][1].strip()) is not None
        borders += border
        end += 1
        if border and borders > 1 and (end == len(lines) or not lines[end][1]):
            break
    cells: list[list[list[_Line]]] = []
    for at, text in lines[number:end]:
        if not text or _SIMPLE.fullmatch(text.strip()) or _ADORNMENT.fullmatch(text.replace(" ", "")):
            continue
        pieces = [text[a:b].strip() for a, b in zip(columns, [*columns[1:], None], strict=True)]
        if pieces[0] or not cells:
            cells.append([[] for _ in columns])
        for column, piece in enumerate(pieces):
            if piece:
                cells[-1][column].append((at, piece))
    return end, (block for row in cells for cell in row for block in _blocks(cell))


def _field(lines: Sequence[_Line], number: int) -> _Read:
    """A field: its body is prose."""
    line = lines[number][1]
    end = _end_of_indented(lines, number + 1, _indent(line))
    rest = line.lstrip(" ")[_marker_length(_FIELD, line) :]
    body = [(lines[number][0], rest), *_dedented(lines[number + 1 : end])]
    return end, _blocks(body)


def _marker_length(pattern: re.Pattern[str], line: str) -> int:
    match = pattern.match(line.lstrip(" "))
    return match.end() if match is not None else 0


def _item_marker(line: str) -> int:
    """How long the bullet or number is with which a line begins, the blanks after it included; 0 without one."""
    return _marker_length(_BULLET, line) or _marker_length(_ENUMERATOR, line)


def _listed(lines: Sequence[_Line], number: int) -> _Read:
    """An item of a list: what is indented under it, and lines that go on without a blank line or a new item."""
    line = lines[number][1]
    indent, marker = _indent(line), _item_marker(line)
    body = [(lines[number][0], " " * (indent + marker) + line.lstrip(" ")[marker:])]
    end = number + 1
    while end < len(lines):
        text = lines[end][1]
        goes_on = text and lines[end - 1][1] and not _item_marker(text)
        if text and _indent(text) <= indent and not goes_on:
            break
        body.append(
            (lines[end][0], text if not text or _indent(text) > indent else " " * (indent + marker) + text.lstrip())
        )
        end += 1
    return end, _blocks(body, listed=True)


def _lines_of_verse(lines: Sequence[_Line], number: int) -> _Read:
    """A line block."""
    end = _doctest(lines, number)[0]
    return end, [_Block(tuple((at, text.lstrip(" |")) for at, text in lines[number:end]))]


def _paragraph(lines: Sequence[_Line], number: int) -> _Read:
    """A paragraph, a term with its definition, or a sentence that opens a list without a blank line."""
    indent = _indent(lines[number][1])
    end = number + 1
    while end < len(lines) and lines[end][1]:
        text, before = lines[end][1], lines[end - 1][1]
        if _indent(text) != indent and end == number + 1:
            break  # a definition
        if _item_marker(text) and before.endswith(":"):
            break  # a list without a blank line before it
        end += 1
    block = _Block(tuple(lines[number:end]))
    if lines[end - 1][1].endswith("::"):
        return _end_of_literal(lines, end, indent), [block] if lines[end - 1][1].strip() != "::" else []
    return end, [block]


def _end_of_literal(lines: Sequence[_Line], start: int, indent: int) -> int:
    """The index after the literal block that a paragraph announces, indented or quoted."""
    first = next((number for number in range(start, len(lines)) if lines[number][1]), len(lines))
    if first == len(lines) or _indent(lines[first][1]) > indent:
        return _end_of_indented(lines, start, indent)
    quote = lines[first][1][0]
    end = first
    while _ADORNMENT.fullmatch(quote) and end < len(lines) and lines[end][1].startswith(quote):
        end += 1
    return end if end > first else start


_READERS = (
    (lambda line: line == ".." or line.startswith(".. "), _explicit),
    (lambda line: line.startswith(">>> "), _doctest),
    (lambda line: _GRID.fullmatch(line) is not None, _grid),
    (lambda line: _SIMPLE.fullmatch(line) is not None, _simple),
    (lambda line: line.startswith("| "), _lines_of_verse),
    (lambda line: _FIELD.match(line) is not None and _ROLE.match(line) is None, _field),
    (lambda line: _item_marker(line) > 0, _listed),
    (lambda line: True, _paragraph),
)
"""What begins with such a line, and how it is read; of several the first."""
