"""``xenfusa diff``: what changed from one day to another, and what it asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from sphinx_xenfusa.cli.item_input import find_record, say_faults, scanned_record
from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.baseline_file import read_snapshot
from sphinx_xenfusa.interop.diff_formats import html_page, markdown, plain_text
from sphinx_xenfusa.interop.diff_report import difference_json, report
from sphinx_xenfusa.trace.canonical import dumps
from sphinx_xenfusa.trace.diff import Difference, compare
from sphinx_xenfusa.trace.impact import Impact, impact
from sphinx_xenfusa.trace.snapshot import Snapshot, snapshot
from sphinx_xenfusa.trace.states import ExitCode, combined_exit_code

FORMATS: dict[str, Callable[[Difference, Impact], str]] = {
    "plain": lambda difference, asked: plain_text(report(difference, asked)),
    "markdown": lambda difference, asked: markdown(report(difference, asked)),
    "html": lambda difference, asked: html_page(report(difference, asked)),
    "json": lambda difference, asked: dumps(difference_json(difference, asked)),
}


@click.command("diff")
@click.argument("before", metavar="A", type=click.Path(path_type=Path))
@click.argument("after", metavar="B", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="plain",
    show_default=True,
    help="The form of the answer.",
)
@click.option("--exit-code", is_flag=True, help="End with 1 if anything changed.")
@click.pass_context
def diff_command(ctx: click.Context, before: Path, after: Path, form: str, exit_code: bool) -> None:
    """Show what changed from A to B, what to review again and what to run again.

    A and B are baselines, trace records, needs.json files, or folders with items.
    """
    codes = []
    try:
        sides = []
        for path in (before, after):
            side, code = _side(path, before.is_dir() and after.is_dir())
            sides.append(side)
            codes.append(code)
    except InputError as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)
    difference = compare(*sides)
    click.echo(FORMATS[form](difference, impact(difference)).encode("utf-8", "replace"), nl=False)
    changed = exit_code and not difference.nothing
    ctx.exit(combined_exit_code([*codes, ExitCode.FINDING if changed else ExitCode.GOOD]))


def _side(path: Path, two_folders: bool) -> tuple[Snapshot, ExitCode]:
    """What is to be compared; the places of two folders are relative to each of them.

    :raises InputError: it cannot be read.
    """
    if not path.is_dir():
        return read_snapshot(path), ExitCode.GOOD
    found = scanned_record([path], path.resolve()) if two_folders else find_record([path], None)
    say_faults(found)
    # What is wrong on one side is no difference, unless it is not known what there is.
    code = ExitCode.UNREADABLE if found.unreadable else ExitCode.GOOD
    return snapshot(found.record, path.as_posix()), code
