"""Characters that nobody sees, and those that make a text read otherwise than it is stored.

A zero-width character in a tag makes it another tag that looks the same; a control of the direction of writing makes a
reader see another order than the tools (Unicode TR36; the "Trojan Source" attack, CVE-2021-42574).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

_BIDIRECTIONAL = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0"
)
_SPECIAL = re.compile(f"[{_BIDIRECTIONAL}{_INVISIBLE}]")
_TURNING = re.compile(f"[{_BIDIRECTIONAL}]")


def special_lines(text: str, lines: Sequence[str]) -> Mapping[int, str]:
    """The lines that hold such a character, by their index; of most texts none."""
    if text.isascii() or _SPECIAL.search(text) is None:
        return {}
    return {number: line for number, line in enumerate(lines) if not line.isascii() and _SPECIAL.search(line)}


def visible(line: str) -> str:
    """The line as a reader sees it: without these characters."""
    return _SPECIAL.sub("", line)


def named(line: str) -> str:
    """Each such character of a line with its column, counted from 1, such as ``U+200B ZERO WIDTH SPACE in column 9``."""
    found = [f"{_name(match[0])} in column {match.start() + 1}" for match in _SPECIAL.finditer(line)]
    return " and ".join(found[:_MOST]) + (f" and {len(found) - _MOST} more" if len(found) > _MOST else "")


def turns(line: str) -> bool:
    """Whether a line holds a control of the direction of writing."""
    return _TURNING.search(line) is not None


_MOST = 3


def _name(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()
