"""``xenfusa check-platform``: is this configuration compatible with safety?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from sphinx_xenfusa.assessment.assess import Assessment, assess, summary
from sphinx_xenfusa.assessment.report import FORM_VERSION, data_of, lines_of, summary_line
from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.evidence.plain_text import printable
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.model.vocabulary import Architecture
from sphinx_xenfusa.platforms.reading import Asked, files_of, grouped, read_configuration
from sphinx_xenfusa.trace.canonical import dumps
from sphinx_xenfusa.trace.states import ExitCode


@click.command("check-platform")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["plain", "json"]), default="plain", show_default=True)
@click.option(
    "--statement",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What no configuration file says. Default: NAME.statement.yaml beside each FILE.",
)
@click.option("--boot-line", metavar="TEXT", default="", help="Xen's command line, for files that have none.")
@click.option(
    "--architecture",
    type=click.Choice([one.value for one in Architecture]),
    default=Architecture.ARM.value,
    show_default=True,
    help="Of platforms made of xl.cfg files.",
)
@click.option(
    "--include",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="A folder in which #include of device trees looks (repeatable).",
)
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Nothing outside of it is included. Default: the current folder, or that of a FILE that lies outside.",
)
@click.option("--verbose", "-v", is_flag=True, help="All of every platform, also of several.")
@click.pass_context
def check_platform(
    ctx: click.Context,
    files: Sequence[Path],
    form: str,
    statement: Path | None,
    boot_line: str,
    architecture: str,
    include: tuple[Path, ...],
    root: Path | None,
    verbose: bool,
) -> None:
    """Say whether platforms are compatible with safety: device trees, xl.cfg files, or our own YAML.

    What no file says (which domain is a SafeVM) comes from a statement beside it; what nobody says is asked for by name.

    Exit codes: 0 compatible; 1 not; 2 wrong usage or unreadable input (all else is still checked); 3 cannot tell.
    """
    found: list[Assessment] = []
    unreadable = False
    for group in grouped(files_of(files)):
        try:
            if isinstance(group, InputError):
                raise group
            asked = Asked(_root(root, group.files[0]), include, statement, boot_line, Architecture(architecture))
            found.append(assess(read_configuration(group, asked)))
        except InputError as error:
            unreadable = True
            say(str(error))
    if form == "json":
        data = {"check_platform_version": FORM_VERSION, "platforms": [data_of(one) for one in found]}
        click.echo(dumps(data), nl=False)
    else:
        for one in found:
            for line in lines_of(one) if verbose or len(found) == 1 else (summary_line(one),):
                click.echo(printable(line))
    if not found and not unreadable:
        say("no platform in what was given; expected device trees, xl.cfg files or YAML")
        unreadable = True
    ctx.exit(ExitCode.UNREADABLE if unreadable else summary(found))


def _root(root: Path | None, file: Path) -> Path:
    if root is not None:
        return root
    here = Path.cwd()
    return here if file.resolve().is_relative_to(here) else file.resolve().parent
