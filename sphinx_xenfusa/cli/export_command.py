"""``xenfusa export``: a trace record in other formats, and the recount of what was written."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from sphinx_xenfusa.cli import tables
from sphinx_xenfusa.cli.item_input import find_record, say_faults
from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.cli.parts import Words
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.exports import FORMATS, export, refuse_missing
from sphinx_xenfusa.interop.recount import recount
from sphinx_xenfusa.trace.states import ExitCode, combined_exit_code


@click.command("export")
@click.argument("formats", metavar="FORMAT...", nargs=-1, type=click.Choice(list(FORMATS)))
@click.option("--list", "listed", is_flag=True, help="List the formats, and write nothing.")
@click.option(
    "--record",
    "record_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The trace record to write. Default: the newest in the usual output folders.",
)
@click.option(
    "--scan",
    "scanned",
    type=click.Path(path_type=Path),
    metavar="PATH",
    multiple=True,
    help="Make the record of the items of this file or folder instead (repeatable).",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    default=Path("xenfusa-export"),
    show_default=True,
    help="Where the files are written.",
)
@click.pass_context
def export_command(
    ctx: click.Context,
    formats: Sequence[str],
    listed: bool,
    record_file: Path | None,
    scanned: Sequence[Path],
    output: Path,
) -> None:
    """Write a trace record in other formats, read the files again and compare their numbers."""
    if listed:
        _list()
        return
    if not formats:
        raise click.UsageError("name at least one format, or --list them")
    try:
        refuse_missing(formats)
        found = find_record(scanned, record_file)
        files = export(found.record, formats, output)
    except InputError as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)
    for path in files:
        click.echo(path.as_posix())
    differences = recount(files)
    for difference in differences:
        say(f"recount: {difference}")
    say_faults(found)
    ctx.exit(combined_exit_code([found.exit_code, ExitCode.FINDING if differences else ExitCode.GOOD]))


def _list() -> None:
    table = tables.table("format", "file", "holds")
    for one in FORMATS.values():
        table.add_row(Words(one.name), Words(one.file), Words(one.holds))
    tables.show_on(sys.stdout, [table])
