"""``xenfusa model``: the systems that are searched, and their texts for other people's tools."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import click

from sphinx_xenfusa.cli import tables
from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.confirm.confirmation import refuse_unknown
from sphinx_xenfusa.explore.language import ModelError, shown
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.model.exported import FORMATS, stem
from sphinx_xenfusa.model.systems import Shipped, shipped_systems
from sphinx_xenfusa.trace.canonical import write_text
from sphinx_xenfusa.trace.states import ExitCode


@click.group("model")
def model_command() -> None:
    """Say which models there are, and write them out for SPIN and TLC."""


@model_command.command("list")
def list_command() -> None:
    """Say which systems are shipped: a model with its constants fixed."""
    rows = [
        (one.name, str(len(one.system.rules)), str(len(one.system.actions)), _constants(one))
        for one in shipped_systems().values()
    ]
    tables.show_on(sys.stdout, [tables.system_table(rows)])


@model_command.command("export")
@click.argument("name", metavar="MODEL")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), required=True, help="For SPIN, or for TLC.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to FILE; for TLC its configuration beside it. Default: the standard output, without a configuration.",
)
@click.pass_context
def export_command(ctx: click.Context, name: str, form: str, output: Path | None) -> None:
    """Write a system out as text that somebody else's tool reads; 'xenfusa model list' says which there are."""
    try:
        one = _known(name)
        (_, text), *beside = FORMATS[form](one, stem(one) if output is None else output.stem).items()
    except (InputError, ModelError) as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)
    if output is None:
        click.echo(text.encode("utf-8"), nl=False)
        return
    written = {output: text, **{output.with_name(other): told for other, told in beside}}
    for path, told in written.items():
        try:
            write_text(path, told)
        except OSError as error:
            say(f"{path}: cannot be written ({error.strerror or error})")
            ctx.exit(ExitCode.UNREADABLE)


def _known(name: str) -> Shipped:
    systems = shipped_systems()
    refuse_unknown(name, systems, "model")
    return systems[name]


def _constants(one: Shipped) -> str:
    """The constants that differ from their defaults."""
    given = one.system.constants
    told = [(part.name, getattr(given, part.name), part.default) for part in dataclasses.fields(given)]
    return ", ".join(f"{name}={shown(value)}" for name, value, usual in told if value != usual) or "as declared"
