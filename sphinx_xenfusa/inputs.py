"""Reading what comes from outside: one error for all of it, and limits.

Everything that the tool reads (YAML, TOML, test reports, rst) is untrusted and may be missing, empty, cut off, too large or
of the wrong kind.  Each of these is an :class:`InputError`: one line that names the file, the line, what was found and what
was expected.  Standard library only; every floor may use it.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

DEFAULT_LIMIT = 16 * 1024 * 1024
"""Bytes of a text file that are read at the most, unless the caller states another limit."""


class InputError(Exception):
    """Input that cannot be used.

    :param file: the file as the user named it.
    :param line: 1-based line of the fault, ``None`` when the file as a whole is at fault.
    :param found: what stands there.
    :param expected: what would have been right.
    """

    def __init__(self, file: str | Path, line: int | None, found: str, expected: str) -> None:
        self.file = str(file)
        self.line = line
        self.found = found
        self.expected = expected
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """What was found and what was expected, without the place (for a logger that adds its own)."""
        return f"found {self.found}; expected {self.expected}"

    @property
    def place(self) -> str:
        """The place as compilers write it, ``file:line`` or ``file``."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"

    def __reduce__(self) -> tuple[type[InputError], tuple[str, int | None, str, str]]:
        return (InputError, (self.file, self.line, self.found, self.expected))


def real_path(path: Path) -> Path:
    """Where a path leads when its symbolic links are followed; one that leads back to itself is no file, and stays as it is.

    ``Path.resolve`` raises for such a link in Python 3.11 and 3.12.
    """
    return Path(os.path.realpath(path))


def read_bytes(path: Path, *, limit: int = DEFAULT_LIMIT, what: str = "a file") -> bytes:
    """Return the bytes of a regular file of at most ``limit`` bytes.

    :raises InputError: the file is missing, is no regular file, cannot be read, or is larger than ``limit``.
    """
    try:
        if not path.is_file():
            found = "a directory or special file" if path.exists() else "no such file"
            raise InputError(path, None, found, what)
        size = path.stat().st_size
        if size > limit:
            raise InputError(path, None, f"{size:,} bytes", f"{what} of at most {limit:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise InputError(path, None, f"a file that cannot be read ({error.strerror})", what) from error


def decode(data: bytes, path: Path, *, what: str = "text") -> str:
    """Decode UTF-8 (a byte order mark is dropped) and refuse NUL.

    :raises InputError: naming the line of the first bad byte.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(path, line, f"the byte 0x{data[error.start]:02x}", f"{what} in UTF-8") from error
    if "\0" in text:
        raise InputError(path, text.count("\n", 0, text.index("\0")) + 1, "a NUL character", what)
    return text


def read_text(path: Path, *, limit: int = DEFAULT_LIMIT, what: str = "a text file") -> str:
    """Return a UTF-8 text file as a string.

    :raises InputError: as :func:`read_bytes` and :func:`decode`.
    """
    return decode(read_bytes(path, limit=limit, what=what), path, what=what)


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """Parse TOML.

    :raises InputError: with the line at which the text stops being TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # Up to Python 3.13 the position is told in the message only.
        words = str(error).replace(",", " ").replace(")", " ").split()
        line = int(words[words.index("line") + 1]) if "line" in words else text.count("\n") + 1
        raise InputError(path, line, f"malformed TOML ({error})", "TOML 1.0") from error
    except (ValueError, RecursionError) as error:
        # A number of too many digits, or tables within tables without end.
        raise InputError(path, 1, f"TOML that cannot be read ({error})", "TOML 1.0 of a reasonable size") from error
