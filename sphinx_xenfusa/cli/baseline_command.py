"""``xenfusa baseline create``: a file to commit that says what the project is today."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from sphinx_xenfusa.cli.item_input import find_record, record_option, say_faults
from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.cli.suspects_command import day
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.baseline_file import write_baseline
from sphinx_xenfusa.trace.states import ExitCode

DEFAULT_FOLDER = Path("baselines")


@click.group("baseline")
def baseline_command() -> None:
    """Keep what the project is today, to compare with later."""


@baseline_command.command("create")
@click.argument("name", metavar="NAME")
@click.argument("folders", type=click.Path(path_type=Path), metavar="[DIR]...", nargs=-1)
@record_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    default=DEFAULT_FOLDER,
    show_default=True,
    help="The folder to write NAME.json into.",
)
@click.option(
    "--date",
    metavar="YYYY-MM-DD",
    help="A day to write into it. Default: none, so that the bytes depend on the project alone.",
)
@click.option("--force", is_flag=True, help="Replace a baseline of that name.")
@click.pass_context
def create(
    ctx: click.Context,
    name: str,
    folders: Sequence[Path],
    record_file: Path | None,
    output: Path,
    date: str | None,
    force: bool,
) -> None:
    """Write the baseline NAME: items, links, verdicts and gates, as they are."""
    try:
        created = "" if date is None else day(date)
        found = find_record(folders, record_file)
        say_faults(found)
        if found.unreadable:
            ctx.exit(ExitCode.UNREADABLE)
        path = write_baseline(found.record, name, output, created=created, replace=force)
    except InputError as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)
    record = found.record
    numbers = f"items: {len(record.items):,}, links: {len(record.links):,}, verdicts: {len(record.verdicts):,}"
    click.echo(f"{path.as_posix()}: {numbers}; from {found.source}")
    ctx.exit(found.exit_code)
