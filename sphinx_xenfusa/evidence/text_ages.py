"""Since when the texts of items read as they do, by the history of the files in which they are written.

Git is asked once for a file, and only for files with items that somebody asks about.  Its answer is kept, by the content of the
file and the commit of the tree, so that the next build asks for nothing that has not changed.
"""

from __future__ import annotations

import bisect
import hashlib
import itertools
import json
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sphinx_xenfusa.evidence.freshness import TextAge
from sphinx_xenfusa.evidence.git_history import UNCOMMITTED, LineTimes, Unknown, line_times, tree_state
from sphinx_xenfusa.evidence.item_lines import lines_of_item
from sphinx_xenfusa.inputs import InputError, read_bytes, read_text
from sphinx_xenfusa.trace.canonical import dumps, write_text
from sphinx_xenfusa.trace.record import Item

_FORM = 1


@dataclass(frozen=True)
class _Dated:
    """A file with the time of each line."""

    lines: tuple[str, ...]
    times: LineTimes


class TextAges:
    """Answers since when the text of an item reads as it does.

    :param items: all items: one ends where the next of its file begins.
    :param root: the folder that their places are relative to.
    :param kept: the file in which the answers of git are kept, if any.
    """

    def __init__(self, items: Iterable[Item], root: Path, kept: Path | None = None) -> None:
        self._root = root
        self._path = kept
        self._items: dict[str, Item] = {}
        starts: defaultdict[str, set[int]] = defaultdict(set)
        for item in items:
            self._items.setdefault(str(item.tag), item)
            starts[item.place.file].add(item.place.line - 1)
        self._starts = {file: sorted(lines) for file, lines in starts.items()}
        self._files: dict[str, _Dated | str] = {}
        self._trees: dict[Path, tuple[str, bool] | str] = {}
        self._kept: dict[str, Any] | None = None
        self._used: dict[str, Any] = {}

    def of(self, tag: str) -> TextAge:
        """Since when the text of an item reads as it does.

        :raises KeyError: there is no such item.
        """
        item = self._items[tag]
        dated = self._dated(item.place.file)
        if isinstance(dated, str):
            return TextAge(why=dated)
        start = item.place.line - 1
        if start >= len(dated.lines):
            return TextAge(why=f"{item.place.file} has no line {item.place.line}")
        starts = self._starts[item.place.file]
        later = bisect.bisect_right(starts, start)
        following = min(starts[later], len(dated.lines)) if later < len(starts) else len(dated.lines)
        its_lines = lines_of_item(dated.lines, start, following, item.origin)
        return _age(dated, its_lines)

    def keep(self) -> None:
        """Keep what git said, for the next build; what cannot be kept is asked again."""
        if self._path is not None and self._used and self._used != self._kept:
            with suppress(OSError):
                write_text(self._path, dumps({"form": _FORM, "files": self._used}))

    def _dated(self, file: str) -> _Dated | str:
        """The file, or why nothing is known of it."""
        if file not in self._files:
            try:
                self._files[file] = self._read(file)
            except Unknown as error:
                self._files[file] = str(error)
            except InputError as error:
                self._files[file] = f"{file}: {error.message}"
        return self._files[file]

    def _read(self, file: str) -> _Dated:
        """
        :raises Unknown: git cannot say.
        :raises InputError: the file cannot be read.
        """
        path = self._root / file
        data = read_bytes(path, limit=1 << 30, what="a file with items")
        head, shallow = self._tree(path.resolve().parent)
        key = hashlib.sha256(b"\0".join((file.encode(), head.encode(), data))).hexdigest()
        known = self._known().get(key)
        times = _unpacked(known) if known is not None else line_times(path, shallow)
        self._used[key] = _packed(times)
        lines = tuple(data.decode("utf-8", "replace").split("\n"))
        return _Dated(lines if lines[-1] else lines[:-1], times)

    def _tree(self, folder: Path) -> tuple[str, bool]:
        """The commit of a folder's tree, and whether its history is cut off.

        :raises Unknown: git cannot say.
        """
        if folder not in self._trees:
            try:
                self._trees[folder] = tree_state(folder)
            except Unknown as error:
                self._trees[folder] = str(error)
        state = self._trees[folder]
        if isinstance(state, str):
            raise Unknown(state)
        return state

    def _known(self) -> dict[str, Any]:
        """What was kept."""
        if self._kept is None:
            self._kept = {} if self._path is None else _kept_in(self._path)
        return self._kept


def _kept_in(path: Path) -> dict[str, Any]:
    """What a file keeps; nothing, if it cannot be read."""
    with suppress(InputError, ValueError, TypeError, KeyError, RecursionError):
        data = json.loads(read_text(path, limit=1 << 28))
        if data["form"] == _FORM:
            for packed in data["files"].values():
                _unpacked(packed)
            return dict(data["files"])
    return {}


def _age(dated: _Dated, its_lines: range) -> TextAge:
    """The youngest of the lines that say something."""
    times, cut_off = dated.times.times, dated.times.cut_off
    if len(times) < len(dated.lines):
        return TextAge(why="git counts other lines")
    said = [number for number in its_lines if dated.lines[number].strip()]
    if any(times[number] == UNCOMMITTED for number in said):
        return TextAge(uncommitted=True)
    youngest = max(times[number] for number in said)
    return TextAge(youngest, cut_off=all(number in cut_off for number in said if times[number] == youngest))


def _packed(times: LineTimes) -> Any:
    """The times as runs of the same, to be kept."""
    runs = [[len(list(same)), time] for time, same in itertools.groupby(times.times)]
    return {"runs": runs, "cut_off": sorted(times.cut_off)}


def _unpacked(packed: Any) -> LineTimes:
    """
    :raises ValueError, TypeError or KeyError: this is not what was kept.
    """
    times = tuple(
        itertools.chain.from_iterable(itertools.repeat(int(time), int(many)) for many, time in packed["runs"])
    )
    return LineTimes(times, frozenset(map(int, packed["cut_off"])))
