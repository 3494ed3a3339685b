"""Untrusted text as it may be shown: nothing in it steers a terminal, or makes a reader see another order of words."""

from __future__ import annotations

_ESCAPES = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in (
        *range(9),
        *range(11, 32),
        *range(127, 160),
        *range(0x200B, 0x2010),  # zero-width characters and marks of direction
        *range(0x202A, 0x202F),  # embeddings and overrides of direction
        *range(0x2060, 0x2065),
        *range(0x2066, 0x206A),  # isolates of direction
        0xFEFF,
    )
}


def visible(text: str) -> str:
    """The text with control, zero-width and direction characters written as escapes; tabs and line ends stay."""
    return text if text.isascii() and text.isprintable() else text.translate(_ESCAPES)
