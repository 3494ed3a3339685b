"""What a command tells the user beside its output."""

from __future__ import annotations

import click

from sphinx_xenfusa.evidence.plain_text import printable


def say(message: str) -> None:
    """Tell the user something in one line, on the standard error; nothing that it repeats of a file steers the terminal."""
    click.echo(f"xenfusa: {printable(' '.join(message.split()))}", err=True)
