"""``xenfusa check-platform``: is this configuration compatible with safety?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

import click

from sphinx_xenfusa.assessment.assess import Assessment, assess, summary
from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.cli.platform_forms import FORMS
from sphinx_xenfusa.cli.platform_options import NO_PLATFORM, PlatformOptions, asked_for, platform_options
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.platforms.reading import files_of, grouped, read_configuration
from sphinx_xenfusa.trace.states import ExitCode


@click.command("check-platform")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMS)),
    default="plain",
    show_default=True,
    help="The form of the answer; json has everything, sarif is for code review, junit for test reports.",
)
@platform_options
@click.option("--verbose", "-v", is_flag=True, help="All of every platform, also of several.")
@click.pass_context
def check_platform(
    ctx: click.Context, files: Sequence[Path], form: str, verbose: bool, **how: Unpack[PlatformOptions]
) -> None:
    """Say whether platforms are compatible with safety: device trees, xl.cfg files, ImageBuilder's variables, or our YAML.

    What no file says (which domain is a SafeVM) comes from a statement beside it; what nobody says is asked for by name.

    Exit codes: 0 compatible; 1 not; 2 wrong usage or unreadable input (all else is still checked); 3 cannot tell.
    """
    found: list[Assessment] = []
    unreadable = False
    for group in grouped(files_of(files)):
        try:
            if isinstance(group, InputError):
                raise group
            found.append(assess(read_configuration(group, asked_for(group, how))))
        except InputError as error:
            unreadable = True
            say(str(error))
    click.echo(FORMS[form](found, whole=verbose or len(found) == 1), nl=False)
    if not found and not unreadable:
        say(NO_PLATFORM)
        unreadable = True
    ctx.exit(ExitCode.UNREADABLE if unreadable else summary(found))
