"""Whether the places of two snapshots differ in the folders in front of their files only.

A record that was made in a project's folder and one that was made from above it name the same files, one of them with more
folders in front.  So do two records between which a folder moved, and nothing in them tells the two cases apart: a shift is
therefore a difference, told once, and no reason to call the places equal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_MOST = 0.9
"""The share of the items that a shift has to explain; what it does not explain is told item by item."""


@dataclass(frozen=True, slots=True)
class Shift:
    """The folders that stand in front of the files of one side, where others stand in front of those of the other.

    :param before: with ``/`` at the end, or empty.
    :param after: as ``before``; never the same.
    :param items: how many items stand in such files.
    :param files: how many files these are.
    """

    before: str
    after: str
    items: int
    files: int

    def of(self, file: str) -> str:
        """The name that a file has after the shift; one that does not stand in those folders, or has none, keeps its own."""
        return self.after + file[len(self.before) :] if file and file.startswith(self.before) else file


def common_shift(files: Sequence[tuple[str, str]]) -> Shift | None:
    """The shift that explains nearly all of the places; ``None`` where one file has kept its name.

    :param files: for each item of both sides, its file before and after; empty where it is not known.
    """
    known = [pair for pair in files if all(pair)]
    if not known or any(before == after for before, after in known):
        return None
    shifts = Counter(_folders_that_differ(*pair) for pair in known)
    ((before, after), items), *_ = sorted(shifts.items(), key=lambda one: (-one[1], sorted(one[0])))
    if before == after or items < _MOST * len(known):
        return None
    followed = {pair for pair in known if _folders_that_differ(*pair) == (before, after)}
    return Shift(before, after, items, len(followed))


def _folders_that_differ(before: str, after: str) -> tuple[str, str]:
    """What is left of two names in front of the part in which they end alike; two empty texts where the files differ in more."""
    old, new = before.split("/"), after.split("/")
    same = 0
    while same < min(len(old), len(new)) and old[-1 - same] == new[-1 - same]:
        same += 1
    if not same:
        return "", ""
    old, new = old[: len(old) - same], new[: len(new) - same]
    return "".join(f"{one}/" for one in old), "".join(f"{one}/" for one in new)
