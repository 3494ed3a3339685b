"""Deterministic output: the one JSON text of some data, the one order of names, and files that are never half written.

Everything that the tool writes goes through here, so that the same record gives the same bytes whatever the order of
files, processes and hash seeds was.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from json.encoder import encode_basestring
from operator import itemgetter
from pathlib import Path
from typing import Any

_DIGITS = re.compile(r"([0-9]+)")
_SURROGATE = re.compile("[\ud800-\udfff]")

NaturalKey = tuple[tuple[str, ...], str]
"""What :func:`natural` gives: the parts of a name, then the name itself, so that no two names share a key."""


@lru_cache(maxsize=2**15)  # the tags of a large project come again and again, too
def natural(text: str) -> NaturalKey:
    """The sort key under which ``a2`` stands before ``a10``; a total order, upper and lower case told apart last."""
    parts = _DIGITS.split(text.casefold())
    for index in range(1, len(parts), 2):
        # A text that sorts as the number does, however many digits it has (``int`` refuses thousands of them).
        significant = parts[index].lstrip("0")
        parts[index] = f"{len(significant):09}{significant}"
    return tuple(parts), text


def dumps(data: Any) -> str:
    """The canonical JSON text of plain data: keys sorted, two spaces of indent, a newline at the end.

    Characters are escaped only where JSON requires it.  A lone surrogate, which no UTF-8 file can hold, becomes U+FFFD.
    An iterator is told as a list: what it gives is made, told and forgotten one by one.

    :raises ValueError: the data hold a NaN or an infinity.
    :raises TypeError: the data are not plain (mappings with string keys, lists, iterators, strings, numbers, booleans, ``None``).
    """
    text = _told(data, "\n") + "\n"
    if text.isascii() or _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _told(data: Any, line: str) -> str:
    """The text that ``json.dumps`` gives with two spaces of indent, which Python writes slowly when it is asked for.

    :param line: what begins a line at this depth: the end of the one before, and the indent.
    """
    tell = _SCALARS.get(type(data))
    if tell is not None:
        return tell(data)
    if isinstance(data, str):
        return encode_basestring(data)
    inner = line + "  "
    if data and isinstance(data, dict):
        form, values = _form(tuple(data), line)
        return form % tuple(
            [
                tell(value)
                if (tell := _SCALARS.get(type(value))) is not None
                else "[]"
                if type(value) is list and not value
                else _told(value, inner)
                for value in values(data)
            ]
        )
    if isinstance(data, (list, tuple, Iterator)):
        told = f",{inner}".join([_told(one, inner) for one in data])
        return f"[{inner}{told}{line}]" if told else "[]"
    return _leaf(data)


_leaf = json.JSONEncoder(allow_nan=False).encode
"""The text of a number, a truth value or an empty object."""
_SCALARS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: int.__repr__,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): {None: "null"}.__getitem__,
}
"""What tells a value of a type in one call; other types are asked for what they are."""


@lru_cache(maxsize=1024)
def _form(keys: tuple[str, ...], line: str) -> tuple[str, Callable[[Mapping[str, Any]], tuple[Any, ...]]]:
    """The text of an object with these keys, sorted, with a place for each value; and what takes the values in that order.

    :param line: what begins a line at the depth of the object.
    """
    ordered = sorted(keys)
    places = f",{line}  ".join(encode_basestring(key).replace("%", "%%") + ": %s" for key in ordered)
    form = f"{{{line}  {places}{line}}}"
    return form, itemgetter(*ordered) if len(ordered) > 1 else lambda data: (data[ordered[0]],)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file in one step, as :func:`write_bytes` does.

    :raises OSError: the file cannot be written; what stood there before still does.
    :raises UnicodeEncodeError: the text holds a lone surrogate.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file in one step: a reader sees the old file or the new one, never a part.

    Missing folders are made.

    :raises OSError: the file cannot be written; what stood there before still does.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.urandom(16).hex()}.tmp")
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
