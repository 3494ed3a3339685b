"""Untrusted text as it may be shown: nothing in it steers a terminal, or makes a reader see another order of words."""

from __future__ import annotations

import re

from sphinx_xenfusa.trace.word_diff import MISLEADING, visible

_WITHIN_LINES = re.compile(rf"(?![\t\n]){MISLEADING.pattern}")


def visible_lines(text: str) -> str:
    """The text as :func:`visible` spells it out, but for tabs and line ends, which stay."""
    if text.isascii() and text.isprintable():
        return text
    return _WITHIN_LINES.sub(lambda match: visible(match[0]), text)
