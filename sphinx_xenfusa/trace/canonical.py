"""Deterministic output: the one JSON text of some data, the one order of names, and files that are never half written.

Everything that the tool writes goes through here, so that the same record gives the same bytes whatever the order of
files, processes and hash seeds was.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from pathlib import Path
from typing import Any

_DIGITS = re.compile(r"([0-9]+)")
_SURROGATE = re.compile("[\ud800-\udfff]")

NaturalKey = tuple[tuple[str, ...], str]
"""What :func:`natural` gives: the parts of a name, then the name itself, so that no two names share a key."""


def natural(text: str) -> NaturalKey:
    """The sort key under which ``a2`` stands before ``a10``; a total order, upper and lower case told apart last."""
    parts = _DIGITS.split(text.casefold())
    return tuple(_number(part) if index % 2 else part for index, part in enumerate(parts)), text


def _number(digits: str) -> str:
    """A text that sorts as the number does, however many digits it has (``int`` refuses thousands of them)."""
    significant = digits.lstrip("0")
    return f"{len(significant):09}{significant}"


def dumps(data: Any) -> str:
    """The canonical JSON text of plain data: keys sorted, two spaces of indent, a newline at the end.

    Characters are escaped only where JSON requires it.  A lone surrogate, which no UTF-8 file can hold, becomes U+FFFD.

    :raises ValueError: the data hold a NaN or an infinity.
    :raises TypeError: the data are not plain (mappings with string keys, lists, strings, numbers, booleans, ``None``).
    """
    text = json.dumps(data, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file in one step: a reader sees the old file or the new one, never a part.

    Missing folders are made.

    :raises OSError: the file cannot be written; what stood there before still does.
    :raises UnicodeEncodeError: the text holds a lone surrogate.
    """
    data = text.encode("utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
