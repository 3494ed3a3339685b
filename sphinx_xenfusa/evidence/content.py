"""The bytes of a report: read piece by piece, hashed while they are read, never whole in memory."""

from __future__ import annotations

import codecs
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from sphinx_xenfusa.evidence.plain_text import printable, shortened, shown_path, without_host_paths
from sphinx_xenfusa.inputs import InputError

CHUNK = 64 * 1024
"""Bytes that are read at a time."""
UTF8_MARK = b"\xef\xbb\xbf"
"""What some tools write before the first character."""
MESSAGE_LIMIT = 2_000
"""Characters of a message that are kept."""
NAME_LIMIT = 1_000
"""Characters of a name or a link that are kept (pytest writes whole strings into the names of parametrized tests)."""
TIME_LIMIT = 100
"""Characters of a time that are kept."""
KEPT_LIMIT = 1_000
"""Bytes of names, links and properties that a report may have for each case that it may have."""
EACH = 100
"""Bytes, about, that a text takes in memory beside its characters."""
TEXT_LIMIT = 64 * 1024 * 1024
"""Characters of messages and output that are kept of one report; each further one is cut at :data:`SHORT_LIMIT`."""
SHORT_LIMIT = 100
"""Characters of a message in a report that has more than :data:`TEXT_LIMIT` of them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a report may be.

    :param size: bytes of its file.
    :param cases: its cases.
    """

    size: int = 1024 * 1024 * 1024
    cases: int = 250_000


DEFAULT = Limits()


class Content:
    """An open report.

    Each pass over it reads the same open file from its beginning.  What an earlier pass read has to be there again, so
    that the dialect is told by the bytes that are then judged.

    :param path: the report.
    :param place: the report as messages name it.
    :param root: the project's root, which is cut from paths in texts.
    """

    def __init__(self, file: BinaryIO, path: Path, place: str, root: Path, limits: Limits) -> None:
        self.path = path
        self.place = place
        self.root = root
        self.limits = limits
        self.sha256 = ""
        self._file = file
        self._seen: dict[int, bytes] = {}

    def chunks(self) -> Iterator[bytes]:
        """One pass: all pieces from the first; at their end ``sha256`` is known.

        :raises InputError: the file cannot be read, grew beyond the limit, or differs from what an earlier pass read.
        """
        digest, size = hashlib.sha256(), 0
        try:
            self._file.seek(0)
            while chunk := self._file.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                self._compare(size, digest.digest())
                yield chunk
            if any(seen > size for seen in self._seen):
                raise self._changed()
        except OSError as error:
            raise InputError(self.place, None, f"a file that cannot be read ({error.strerror})", "a report") from error
        finally:
            self._seen[size] = digest.digest()
        self.sha256 = digest.hexdigest()

    def _compare(self, size: int, digest: bytes) -> None:
        if size > self.limits.size:
            raise InputError(self.place, None, f"{size:,} bytes and more", f"at most {self.limits.size:,} bytes")
        if self._seen.get(size, digest) != digest:
            raise self._changed()

    def _changed(self) -> InputError:
        return InputError(self.place, None, "a file that changed while it was read", "a report that stays as it is")

    def whole(self, limit: int, what: str) -> bytes:
        """All bytes, for a reader that needs them at once.

        :param limit: bytes at the most, beside the limit of all reports.
        :raises InputError: there are more, or as :meth:`chunks`.
        """
        pieces, size = [], 0
        for chunk in self.chunks():
            size += len(chunk)
            if size <= limit:
                pieces.append(chunk)
        if size > limit:
            raise InputError(self.place, None, f"{size:,} bytes", f"{what} of at most {limit:,} bytes")
        return b"".join(pieces)

    def beginning(self) -> bytes:
        """The first piece."""
        return next(self.chunks(), b"")

    def is_blank(self) -> bool:
        """Whether nothing but white space stands in it."""
        return not any(chunk.removeprefix(UTF8_MARK).strip() for chunk in self.chunks())

    def bad_text(self, what: str) -> InputError | None:
        """The first byte that is not UTF-8 or is NUL; nothing if there is none."""
        decoder, line = codecs.getincrementaldecoder("utf-8")(), 1
        for chunk in chain(self.chunks(), [b""]):
            try:
                decoded = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                # What the decoder had kept of the piece before stands at the beginning of what it could not decode.
                line += error.object[: error.start].count(b"\n")
                return InputError(self.place, line, f"the byte 0x{error.object[error.start]:02x}", f"{what} in UTF-8")
            if "\0" in decoded:
                return InputError(
                    self.place, line + decoded[: decoded.index("\0")].count("\n"), "a NUL character", what
                )
            line += decoded.count("\n")
        return None


class Kept:
    """The texts that are kept of one report: cut, made safe to show, and never more than memory should hold."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._most = max(content.limits.cases * KEPT_LIMIT, 4 * 1024 * 1024)
        self._names = 0
        self._text = 0

    def name(self, text: str) -> str:
        """A name, a link or a value.

        :raises InputError: there are too many.
        """
        if not text:
            return ""
        kept = self._clean(text, NAME_LIMIT)
        self._names += len(kept) + EACH
        if self._names > self._most:
            found = f"more than {self._most:,} bytes of names and properties"
            raise InputError(self._content.place, None, found, "a report with fewer")
        return kept

    def message(self, text: str) -> str:
        """A message or output."""
        kept = self._clean(text, MESSAGE_LIMIT if self._text < TEXT_LIMIT else SHORT_LIMIT)
        self._text += len(kept)
        return kept

    def _clean(self, text: str, limit: int) -> str:
        return printable(without_host_paths(shortened(text, limit), self._content.root))


@contextmanager
def opened(path: Path, root: Path, limits: Limits, what: str) -> Iterator[Content]:
    """Open a report for reading.

    :param what: what is expected, for messages.
    :raises InputError: it is missing, is no regular file, cannot be read, or is larger than the limit.
    """
    place = shown_path(path, root)
    try:
        if not path.is_file():
            found = "a directory or special file" if path.exists() else "no such file"
            raise InputError(place, None, found, what)
        file = path.open("rb")
    except OSError as error:
        raise InputError(place, None, f"a file that cannot be read ({error.strerror})", what) from error
    with file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise InputError(place, None, "a directory or special file", what)
        if status.st_size > limits.size:
            raise InputError(place, None, f"{status.st_size:,} bytes", f"{what} of at most {limits.size:,} bytes")
        yield Content(file, path, place, root, limits)
