"""``xenfusa init``: a docs tree to begin with."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from sphinx_xenfusa.adoption.templates import TEMPLATES, place, template_files
from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.evidence.plain_text import printable
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.trace.states import ExitCode


@click.command("init")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option(
    "--template",
    type=click.Choice(list(TEMPLATES)),
    default="minimal",
    show_default=True,
    help="What to begin with.",
)
@click.pass_context
def init_command(ctx: click.Context, folder: Path, template: str) -> None:
    """Make a docs tree that builds at once: conf.py, pages, what an editor has to know, a job for GitLab and one for GitHub.

    DIR is made if it is not there; the current folder by default. Nothing is overwritten: if one of the files is there already,
    it is named and nothing is written.

    Exit codes: 0 all files were written; 2 nothing was.
    """
    try:
        written = place(template_files(template), folder)
    except InputError as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)
    for path in written:
        click.echo(printable(path.as_posix()))
    for line in _next_steps(folder):
        click.echo(line)


def _next_steps(folder: Path) -> Iterator[str]:
    """What to type now; the lines can be copied."""
    source = shlex.quote(printable(folder.as_posix()))
    built = shlex.quote(printable((folder / "_build" / "html").as_posix()))
    yield ""
    yield "Next: look at the pages without running any claim (they then say that none was run):"
    yield f"  python -m sphinx -W -D xenfusa_confirm=off -b html {source} {built}"
    yield "and then with the verdicts; the first time this takes a minute or two:"
    yield f"  python -m sphinx -W -b html {source} {built}"
