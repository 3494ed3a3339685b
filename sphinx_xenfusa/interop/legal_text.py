"""Text as other formats can hold it.

XML 1.0 knows no control characters but tab, line feed and carriage return, and no file in UTF-8 holds a lone surrogate.
Each such character becomes U+FFFD, the replacement character, in every format but the trace record, whose JSON can say them.
"""

from __future__ import annotations

import re

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def legal(text: str) -> str:
    """The text with U+FFFD for each character that XML 1.0 (section 2.2) cannot hold."""
    return _ILLEGAL.sub("\ufffd", text)
