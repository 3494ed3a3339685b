"""``xenfusa init``: a docs tree to begin with, or the extension in one that there is."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from sphinx_xenfusa.adoption.templates import TEMPLATES, place, template_files
from sphinx_xenfusa.cli import init_into
from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.evidence.plain_text import printable
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.trace.states import ExitCode


@click.command("init")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option(
    "--template",
    type=click.Choice(list(TEMPLATES)),
    help="What to begin with. Default: 'minimal'.",
)
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Add the extension to the Sphinx project in DIR: shows the change of conf.py, and asks.",
)
@click.option("--yes", is_flag=True, help="With --into: do not ask.")
@click.option("--dry-run", is_flag=True, help="With --into: show the change, and write nothing.")
@click.pass_context
def init_command(
    ctx: click.Context, folder: Path | None, template: str | None, into: Path | None, yes: bool, dry_run: bool
) -> None:
    """Make a docs tree that builds at once: conf.py, pages, what an editor has to know, a job for GitLab and one for GitHub.

    DIR is made if it is not there; the current folder by default. Nothing is overwritten: if one of the files is there already,
    it is named and nothing is written.

    With --into, a project that there is gets the extension: its conf.py is not run, the change is shown and asked for, and
    every other file stays as it is.

    Exit codes: 0 what was asked for is there (or the answer was no); 2 nothing was written.
    """
    if into is None and (yes or dry_run):
        raise click.UsageError("--yes and --dry-run belong to --into DIR")
    if yes and dry_run:
        raise click.UsageError("with --into DIR, --yes writes the change and --dry-run does not: one of them")
    if into is not None and (folder is not None or template is not None):
        raise click.UsageError("--into DIR changes a project that there is; a template makes a new one")
    try:
        if into is None:
            _make(folder or Path(), template or "minimal")
        else:
            ctx.exit(_add(into, yes=yes, dry_run=dry_run))
    except InputError as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)


def _make(folder: Path, template: str) -> None:
    """Make a new tree.

    :raises InputError: nothing could be written.
    """
    for path in place(template_files(template), folder):
        click.echo(printable(path.as_posix()))
    for line in _next_steps(folder):
        click.echo(line)


def _add(folder: Path, *, yes: bool, dry_run: bool) -> ExitCode:
    """Add the extension to a project.

    :raises InputError: its ``conf.py`` cannot be edited.
    """
    edit = init_into.proposed(folder)
    if not edit.changes:
        click.echo(printable(f"{edit.path.as_posix()} has {init_into.EXTENSION} already; nothing to change"))
        return ExitCode.GOOD
    init_into.show(edit)
    if dry_run:
        return ExitCode.GOOD
    if not yes:
        try:
            agreed = click.confirm(f"Change {printable(edit.path.as_posix())} like this?", err=True)
        except click.Abort:
            say(
                "nothing was changed, because nobody could be asked; --yes changes it, --dry-run shows the change alone"
            )
            return ExitCode.UNREADABLE
        if not agreed:
            say("nothing was changed")
            return ExitCode.GOOD
    edit.write()
    for line in init_into.next_steps(folder):
        click.echo(line)
    return ExitCode.GOOD


def _next_steps(folder: Path) -> Iterator[str]:
    """What to type now; the lines can be copied."""
    source = shlex.quote(printable(folder.as_posix()))
    built = shlex.quote(printable((folder / "_build" / "html").as_posix()))
    yield ""
    yield "Next: look at the pages without running any claim (they then say that none was run):"
    yield f"  python -m sphinx -W -D xenfusa_confirm=off -b html {source} {built}"
    yield "and then with the verdicts; the first time this takes a minute or two:"
    yield f"  python -m sphinx -W -b html {source} {built}"
