"""``xenfusa explore-platforms``: which platforms near this one would be allowed?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

import click

from sphinx_xenfusa.assessment.report import FORM_VERSION, answer_lines, answers_data, neighbours_data, table_lines
from sphinx_xenfusa.assessment.search import MOST_ASSIGNED, answers, criticalities, neighbours, too_large
from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.cli.platform_options import NO_PLATFORM, PlatformOptions, asked_for, platform_options
from sphinx_xenfusa.evidence.plain_text import printable
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.platforms.reading import files_of, grouped, read_configuration
from sphinx_xenfusa.trace.canonical import dumps
from sphinx_xenfusa.trace.states import ExitCode

QUESTIONS = {
    "criticality": (
        criticalities,
        f"Which domains may be safety-critical? (every assignment up to {MOST_ASSIGNED} domains)",
    ),
    "changes": (neighbours, "What becomes of it when one thing is changed?"),
}


@click.command("explore-platforms")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@click.option(
    "--question",
    "questions",
    multiple=True,
    type=click.Choice(list(QUESTIONS)),
    help="Which domains may be safety-critical, or what each single change would bring (repeatable). Default: both.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["plain", "json"]),
    default="plain",
    show_default=True,
    help="The form of the answer.",
)
@platform_options
@click.pass_context
def explore_platforms(
    ctx: click.Context, files: Sequence[Path], questions: Sequence[str], form: str, **how: Unpack[PlatformOptions]
) -> None:
    """Say what would become of a platform with another role, criticality, extension, link or assignment.

    Each candidate is assessed like the platform itself (xenfusa check-platform).

    Exit codes: 0 answered; 2 wrong usage or unreadable input.
    """
    data: list[dict[str, object]] = []
    unreadable = False
    for group in grouped(files_of(files)):
        try:
            if isinstance(group, InputError):
                raise group
            configuration = read_configuration(group, asked_for(group, how))
        except InputError as error:
            unreadable = True
            say(str(error))
            continue
        if too_large(configuration):
            unreadable = True
            say(f"{configuration.name}: {too_large(configuration)}; xenfusa check-platform takes it")
            continue
        told: dict[str, object] = {"platform": configuration.name}
        lines = [configuration.name]
        for question in questions or QUESTIONS:
            ask, words = QUESTIONS[question]
            found = tuple(ask(configuration))
            told[question] = neighbours_data(found)
            lines.append(f" {words}")
            if question == "criticality":
                answered = tuple(answers(configuration, found))
                told["answers"] = answers_data(answered)
                lines += [*answer_lines(answered), " Every assignment that was tried:"]
            lines += table_lines(found)
        if form == "plain":
            click.echo("".join(f"{printable(line)}\n" for line in lines), nl=False)
        data.append(told)
    if not data and not unreadable:
        say(NO_PLATFORM)
        unreadable = True
    if form == "json":
        click.echo(dumps({"explore_platforms_version": FORM_VERSION, "platforms": data}), nl=False)
    ctx.exit(ExitCode.UNREADABLE if unreadable else ExitCode.GOOD)
