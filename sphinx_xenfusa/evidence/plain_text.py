"""Text of untrusted reports, made safe to show: no control characters, no host paths, no endless messages."""

from __future__ import annotations

import hashlib
import os
import re
from functools import lru_cache
from pathlib import Path

HOST_PATH = re.compile(
    r"(?<![\w./~-])(?:/(?:Users|builds|data|github|home|media|mnt|opt|private|root|run|srv|tmp|usr|var|work|workspace)"
    r"|[A-Za-z]:)[\\/](?:[^\s\\/:'\"<>|*?]+[\\/])*(?=[^\s\\/:'\"<>|*?])"
)
"""The directory part of a path of the machine that ran the tests.  Other absolute paths (``/chosen``, ``/dev/xen``) are
left alone: tests of device trees and device nodes are about them."""


def printable(text: str) -> str:
    r"""Show control, format and private characters as escapes (``\x1b``); keep line feeds and tabs."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode("ascii") for c in text)


def shortened(text: str, limit: int) -> str:
    """Cut a text at ``limit`` characters, with a note that says how much is missing and tells two cut texts apart."""
    if len(text) <= limit:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{text[:limit]}… [{len(text) - limit:,} more characters, sha256 {digest}]"


def without_host_paths(text: str, root: Path) -> str:
    """Make paths below ``root`` relative to it and reduce other paths of the host to ``…/name``."""
    if "/" not in text and "\\" not in text:
        return text
    for prefix in _prefixes(root):
        text = text.replace(prefix, "")
    return HOST_PATH.sub("…/", text)


@lru_cache(maxsize=8)
def _prefixes(root: Path) -> tuple[str, ...]:
    """What paths below ``root`` begin with."""
    made = (f"{root}{os.sep}", f"{root.absolute()}{os.sep}")
    return tuple(dict.fromkeys(prefix for prefix in made if prefix != os.sep and Path(prefix).is_absolute()))


def shown_path(path: Path, root: Path) -> str:
    """Name a file relative to ``root`` with ``/``; a file outside it by its name only."""
    real = Path(os.path.realpath(path))  # Path.resolve raises on a loop of links
    for file, base in ((Path(os.path.normpath(path.absolute())), root.absolute()), (real, root.resolve())):
        if file != base and file.is_relative_to(base):
            return printable(file.relative_to(base).as_posix())
    return printable(real.name)
