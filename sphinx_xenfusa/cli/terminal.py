"""What a terminal shows: the parts of an answer in colours and in its width, and how far the runs are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich.box import Box
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as RichTable
from rich.text import Text

from sphinx_xenfusa.cli.parts import Part, Table, Words

_RULED = Box("    \n    \n -  \n    \n    \n    \n    \n    \n", ascii=True)
"""A line under the head and nothing else, in characters that every terminal and every e-mail shows."""


def draw(stream: TextIO, parts: Iterable[Part], width: int | None = None) -> None:
    """Show parts on a terminal.

    :param width: characters of a line; what the terminal has when it is ``None``.
    """
    console = Console(file=stream, width=width, markup=False, emoji=False, highlight=False)
    for part in parts:
        console.print(_drawn(part))


def width_of(stream: TextIO) -> int:
    """How many characters a line of a terminal has."""
    return Console(file=stream).width


def progress_on(stream: TextIO) -> Progress:
    """A progress bar for a terminal."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(file=stream, force_terminal=True),
        transient=True,
    )


def _drawn(part: Part) -> RenderableType:
    return _text(part) if isinstance(part, Words) else _table(part)


def _text(words: Words) -> Text:
    return Text(words.text, style=words.style, overflow="fold")


def _table(table: Table) -> RichTable:
    drawn = RichTable(box=_RULED, pad_edge=False, padding=(0, table.gap, 0, 0), show_edge=False)
    for column in table.columns:
        drawn.add_column(
            column.head, justify="right" if column.right else "left", overflow="fold", no_wrap=column.whole
        )
    for row in table.rows:
        drawn.add_row(*map(_text, row))
    return drawn
