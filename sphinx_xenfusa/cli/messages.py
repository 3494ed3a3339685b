"""What a command tells the user beside its output."""

from __future__ import annotations

import click


def say(message: str) -> None:
    """Tell the user something in one line, on the standard error."""
    click.echo(f"xenfusa: {' '.join(message.split())}", err=True)
