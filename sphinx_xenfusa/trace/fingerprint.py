"""The fingerprint of a statement: what a verdict belongs to.

A verdict or a review holds for what a statement says.  The fingerprint changes when that changes, and only then:

- In it: the tag's type and name, the kind, the title and the text.  Two statements of the same words under two names
  are two statements; a rule that becomes a recommendation says something else; some items say all in their title.
  And the integrity level, where an item says one: what was reviewed for ASIL A was not reviewed for ASIL D.  An item
  that says none has the fingerprint that it had before items could.
- Not in it: the revision (a changed fingerprint under the same revision is what makes an item *suspect*), the place,
  the origin, the links and needs (the linker judges them), the rationale and the comment (they explain, they do not
  bind), the owner and the discharge of an assumption (they say who shows it and how, not what is assumed),
  the typed fields (they say for programs what the text says).
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata

from sphinx_xenfusa.trace.record import Item

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
"""Soft hyphen, zero-width space, word joiner, byte order mark: they only say where a line may break.

Joiners that shape letters and the marks that turn the direction of writing stay: they change what a reader sees.
"""


def normalise(text: str) -> str:
    """The text as far as it says something: reflowing, re-indenting or re-encoding it changes nothing.

    Line-break hints and byte order marks are dropped, characters composed (Unicode NFC), and every run of white space,
    line ends and no-break spaces included, becomes one space; none is left at either end.  Letter case and punctuation
    stay.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    return " ".join(text.split())


def fingerprint(item: Item) -> str:
    """SHA-256, in hexadecimal, over the normalised fields that bind: type, name, kind, title, text, and a level if any."""
    kind = None if item.kind is None else item.kind.value
    return fingerprint_of(item.tag.type, item.tag.name, kind, item.title, item.text, item.level)


def fingerprint_of(type: str, name: str, kind: str | None, title: str, text: str, level: str = "") -> str:
    """The same of the fields of an item that was read back from a file."""
    fields = [
        type,
        unicodedata.normalize("NFC", name),
        kind,
        normalise(title),
        normalise(text),
        *([normalise(level)] if level else []),
    ]
    return hashlib.sha256(_encode(fields).encode("ascii")).hexdigest()


_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
