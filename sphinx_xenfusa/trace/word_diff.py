"""What changed between two texts, word by word; of texts too long for that line by line, or as a whole, and it says so.

Comparing words takes time that grows with the product of the two lengths, so it is bounded: what both texts begin and
end with is set aside first, and what lies between is compared by words, or sentence by sentence, only up to a limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from sphinx_xenfusa.trace.fingerprint import normalise

MOST_PIECES = 4_000
"""Words (or lines) of the two texts together that are compared with one another."""

MISLEADING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
"""Characters that a reader cannot see, or that turn the direction of writing."""
_LINE = re.compile(r"\r\n|\r|\n")


class Part(StrEnum):
    """What became of a stretch of text."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class WordDiff:
    """Two texts as one: stretches that stayed, went and came, in order.

    :param parts: each stretch with what became of it; no two neighbours of the same kind.
    :param pieces: what was compared: ``words``, ``lines`` or ``whole``.
    """

    parts: tuple[tuple[Part, str], ...]
    pieces: str


def visible(text: str) -> str:
    """The text with every character that a reader cannot see, or that turns the direction of writing, spelled out."""
    return MISLEADING.sub(lambda match: f"<U+{ord(match[0]):04X}>", text)


def word_diff(before: str, after: str) -> WordDiff:
    """What changed; white space alone does not count."""
    for pieces, split in (("words", _words), ("lines", _lines)):
        old, new = split(before), split(after)
        if pieces == "lines" and len(old) < 2 and len(new) < 2:
            break
        parts = _compare(old, new)
        if parts is not None:
            return WordDiff(tuple(_joined(parts)), pieces)
    whole = ((Part.REMOVED, _words(before)), (Part.ADDED, _words(after)))
    return WordDiff(tuple(_joined([one for one in whole if one[1]])), "whole")


def _words(text: str) -> list[str]:
    return normalise(text).split()


def _lines(text: str) -> list[str]:
    return [line for line in map(normalise, _LINE.split(text)) if line]


def _compare(before: Sequence[str], after: Sequence[str]) -> list[tuple[Part, Sequence[str]]] | None:
    """The stretches; ``None`` when what differs is longer than the limit."""
    shorter = min(len(before), len(after))
    start = next((at for at in range(shorter) if before[at] != after[at]), shorter)
    rest = shorter - start
    end = next((at for at in range(rest) if before[-1 - at] != after[-1 - at]), rest)
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if len(old) + len(new) > MOST_PIECES and old and new:
        return None
    parts: list[tuple[Part, Sequence[str]]] = [(Part.SAME, before[:start])]
    for operation, a, b, c, d in SequenceMatcher(None, old, new).get_opcodes():
        if operation == "equal":
            parts.append((Part.SAME, old[a:b]))
        else:
            parts += [(Part.REMOVED, old[a:b]), (Part.ADDED, new[c:d])]
    parts.append((Part.SAME, before[len(before) - end :]))
    return [one for one in parts if one[1]]


def _joined(parts: Sequence[tuple[Part, Sequence[str]]]) -> Iterator[tuple[Part, str]]:
    """The stretches as text, neighbours of one kind as one."""
    kind: Part | None = None
    words: list[str] = []
    for part, more in parts:
        if part is not kind and kind is not None:
            yield kind, " ".join(words)
            words = []
        kind = part
        words += more
    if kind is not None:
        yield kind, " ".join(words)
