"""Times as reports and side files say them: with a zone, without one, or not at all.

A time without a zone is that of a machine that nobody knows, anywhere from UTC-12 to UTC+14.  It is a span of moments and
not a moment, and whoever compares it takes the end of the span that is worse for the result.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import NamedTuple

_AHEAD = 14 * 3600
_BEHIND = 12 * 3600
_LENGTH = 64


class Span(NamedTuple):
    """When something was, at the earliest and at the latest, in seconds since 1970 (UTC)."""

    earliest: float
    latest: float

    @property
    def exact(self) -> bool:
        """Whether a zone was said."""
        return self.earliest == self.latest


def span_of(text: str) -> Span:
    """What a text in the form of ISO 8601 says.

    :raises ValueError: the text is no time.
    """
    expected = "expected a time such as 2026-11-22T10:00:00+01:00"
    if len(text) > _LENGTH or not text.isascii():
        raise ValueError(f"found the time {text[:_LENGTH]!r}; {expected}")
    try:
        read = datetime.datetime.fromisoformat(text.strip())
        if read.tzinfo is not None:
            moment = read.timestamp()
            return Span(moment, moment)
        moment = read.replace(tzinfo=datetime.UTC).timestamp()
    except (ValueError, OverflowError) as error:
        raise ValueError(f"found the time {text!r}; {expected}") from error
    return Span(moment - _AHEAD, moment + _BEHIND)


def earliest(texts: Iterable[str]) -> str:
    """The text of the earliest of several times, and of the first that is none if there is such a one; empty for none at all."""
    said = [text for text in dict.fromkeys(texts) if text.strip()]
    found: list[tuple[float, str]] = []
    for text in said:
        try:
            found.append((span_of(text).earliest, text))
        except ValueError:
            return text
    return min(found)[1] if found else ""


def in_words(seconds: float) -> str:
    """A moment, to the second, in UTC."""
    return datetime.datetime.fromtimestamp(int(seconds), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
