"""Reads OpenFastTrace's items out of reStructuredText and Markdown, without Sphinx and docutils.

rst as Xen's ``docs/fusa/reqs`` practises it (``intro.rst`` there): under a title, a tag alone in single backticks on a line
of its own; then the fields.  A tag without backticks, or without a title, is a finding.

Markdown as OpenFastTrace's user guide has it: the tag may go without backticks, and an item without a title.

What only looks like an item is left alone: literal blocks, fenced code, comments and the content of directives.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from sphinx_xenfusa.inputs import read_text
from sphinx_xenfusa.interop.lines import LineKind
from sphinx_xenfusa.interop.markdown_lines import markdown_lines
from sphinx_xenfusa.interop.oft_items import QUOTED, ItemReader, modern
from sphinx_xenfusa.interop.rst_lines import rst_lines
from sphinx_xenfusa.interop.source_tags import Reading, short
from sphinx_xenfusa.trace.record import TAG, Finding, Item

_ANCHOR = re.compile(r"<a\s[^<>]*>\s*(?:</a>)?")
_LIKE_ID = re.compile(r"[\w:-]+~[\w.-]+~\w+|[A-Za-z~]+:[\w.-]+, *v\w+")


class RstSource:
    """The items of one rst file.

    :param path: the file.
    :param root: the folder that places are relative to.
    """

    def __init__(self, path: Path, root: Path) -> None:
        self._path = path
        self._root = root

    def items(self) -> Iterable[Item]:
        """The items in the order in which they stand.

        :raises InputError: the file is missing, too large, or no UTF-8 text.
        """
        return self._read[0]

    def findings(self) -> Iterable[Finding]:
        """The malformed and misplaced tags, needs and statuses, in the order in which they stand.

        :raises InputError: as :meth:`items`.
        """
        return self._read[1]

    @cached_property
    def _read(self) -> Reading:
        relative = os.path.relpath(self._path.resolve(), self._root.resolve())
        return read_items(read_text(self._path, what="an rst file"), Path(relative).as_posix())


def read_items(text: str, file: str) -> Reading:
    """The items of an rst text, and what is wrong in it.

    :param file: the name that places carry.
    """
    return _RstReader(text, rst_lines(text), file).read()


def read_markdown(text: str, file: str) -> Reading:
    """The items of a Markdown text, and what is wrong in it.

    :param file: the name that places carry.
    """
    return _MarkdownReader(text, markdown_lines(text), file).read()


class _RstReader(ItemReader):
    """Reads rst: a tag stands in backticks, under a title."""

    def starts_item(self, number: int, line: str) -> bool:
        """Whether a line is the tag of an item: right under a title, or alone in a paragraph and with labels below.

        A tag that is alone and neither is a finding.
        """
        if self.is_fresh(number):
            return True
        second = self._below_a_tag(number, line)
        if not second and not self._alone(number):
            return False
        listed = self.draft is not None and self.draft.label in ("Covers", "Depends")
        if listed and not self._labels_come_again(number):
            return False
        quoted = QUOTED.fullmatch(line) is not None
        if second or listed or self._labels_follow(number):
            if not self.has_title():
                self.find(
                    "tag", number, line.strip("`"), f"found {short(line)} under no title; expected a title of its own"
                )
            return True
        if quoted:
            self.find(
                "tag", number, line.strip("`"), f"found {short(line)} under no title; expected an item's title above it"
            )
        return False

    def _alone(self, number: int) -> bool:
        """Whether nothing stands right above a line but a title."""
        return number == 0 or not self.document.lines[number - 1] or number - 1 in self.document.adornments

    def _below_a_tag(self, number: int, line: str) -> bool:
        """Whether a line is a tag and stands right below that of the open item, which then has no more than that."""
        return self.draft is not None and self.draft.start == number - 1 and _is_tag(line)

    def _labels_follow(self, number: int) -> bool:
        """Whether a label stands right below, or further below and is not one that the open item still lacks."""
        lines = self.document.lines
        follows = next((below for below in range(number + 1, len(lines)) if lines[below]), number)
        if follows != number and self.label_at(follows):
            return True
        return self._labels_come_again(number)

    def _labels_come_again(self, number: int) -> bool:
        """Whether a label stands below, up to the next title or tag, that the open item has already."""
        if self.draft is None:
            return any(self.labels_below(number))
        had = self.draft.labels(self.document.lines)
        return any(label in had for label in self.labels_below(number))

    def tag_text(self, line: str) -> str:
        """The tag in the backticks."""
        quoted = QUOTED.fullmatch(line)
        if quoted is None and TAG.fullmatch(line):
            raise ValueError(f"found the tag {short(line)!r}; expected it in single backticks")
        return quoted[1] if quoted else line


class _MarkdownReader(ItemReader):
    """Reads Markdown: a tag may go without backticks, title and labels, as in OpenFastTrace."""

    def looks_like_tag(self, line: str) -> bool:
        """Whether a line is meant as a tag, anchors beside it and the old form included."""
        return super().looks_like_tag(_plain(line))

    def starts_item(self, number: int, line: str) -> bool:
        """Whether a line is a tag and nothing else, and not in the midst of a paragraph."""
        plain = _plain(line).strip("`")
        if _LIKE_ID.fullmatch(plain):
            return not self._within_paragraph(number)
        return self.is_fresh(number) and "~" in plain.split(" ")[0]

    def _within_paragraph(self, number: int) -> bool:
        """Whether text stands right above and right below a line, so that it only mentions the tag."""
        lines, kinds = self.document.lines, self.document.kinds
        if number == 0 or number + 1 >= len(lines) or self.is_fresh(number):
            return False
        above, below = number - 1, number + 1
        prose_above = bool(lines[above]) and kinds[above] is LineKind.TEXT and above not in self.document.adornments
        return prose_above and bool(lines[below]) and not self.label_at(below) and not self.label_at(above)

    def tag_text(self, line: str) -> str:
        """The tag, without anchors and backticks; a missing one is forgiven, as in OpenFastTrace."""
        return _plain(line).removeprefix("`").removesuffix("`")


def _is_tag(line: str) -> bool:
    """Whether a line is a tag and nothing else, in backticks or not."""
    return TAG.fullmatch(line.removeprefix("`").removesuffix("`")) is not None


def _plain(line: str) -> str:
    """A line without anchors, and with its id in today's form."""
    return modern(_ANCHOR.sub("", line).strip() if "<" in line else line)
