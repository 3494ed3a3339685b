"""``xenfusa model``: the systems that are searched, how large they are, and their texts for other people's tools."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import click

from sphinx_xenfusa.cli import completing, tables
from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.cli.run_options import chosen_workers
from sphinx_xenfusa.confirm.confirmation import refuse_unknown
from sphinx_xenfusa.confirm.executors import ExecutorLost
from sphinx_xenfusa.confirm.sweep import ENGINES, points, sweep
from sphinx_xenfusa.explore.engine import Limits
from sphinx_xenfusa.explore.language import ModelError, shown
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.model.exported import FORMATS, stem
from sphinx_xenfusa.model.systems import Shipped, shipped_systems
from sphinx_xenfusa.trace.canonical import write_text
from sphinx_xenfusa.trace.states import ExitCode


@click.group("model")
def model_command() -> None:
    """Say which models there are, count their states, and write them out for SPIN and TLC."""


@model_command.command("list")
def list_command() -> None:
    """Say which systems are shipped: a model with its constants fixed."""
    rows = [
        (one.name, str(len(one.system.rules)), str(len(one.system.actions)), _constants(one))
        for one in shipped_systems().values()
    ]
    tables.show_on(sys.stdout, [tables.system_table(rows)])


@model_command.command("export")
@click.argument("name", metavar="MODEL", shell_complete=completing.models)
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


@model_command.command("sweep")
@click.argument("name", metavar="MODEL", shell_complete=completing.models)
@click.option(
    "--set",
    "settings",
    metavar="NAME=V,V…",
    multiple=True,
    help="A constant and the values that it takes (repeatable); a constant that is not set is as shipped.",
)
@click.option("--engine", type=click.Choice(list(ENGINES)), default="numpy", show_default=True, help="What searches.")
@click.option(
    "--states",
    type=click.IntRange(1),
    default=Limits().states,
    show_default=True,
    metavar="N",
    help="States after which a search ends without an answer.",
)
@click.option(
    "--executor",
    metavar="WHERE",
    help="Search on a Dask cluster: dask-local:N, or dask://HOST:PORT. Default: processes of our own.",
)
@click.pass_context
def sweep_command(
    ctx: click.Context, name: str, settings: tuple[str, ...], engine: str, states: int, executor: str | None
) -> None:
    """Count the states and steps of a model under every combination of constants, and where its predicates hold."""
    try:
        wanted = points(_known(name), _grid(settings))
        with chosen_workers(executor) as workers:
            swept = sorted(
                sweep(wanted, engine, Limits(states=states), workers=workers), key=lambda one: wanted.index(one.point)
            )
    except (InputError, ModelError) as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)
    except ExecutorLost as error:
        say(str(error))
        ctx.exit(ExitCode.NO_ANSWER)
    tables.show_on(sys.stdout, [tables.sweep_table(swept)])
    ctx.exit(ExitCode.GOOD if all(one.found and one.found.complete for one in swept) else ExitCode.NO_ANSWER)


def _grid(settings: tuple[str, ...]) -> dict[str, list[str]]:
    """The values of each constant, in words.

    :raises InputError: a setting is not of the form ``NAME=V,V…``, or a constant is set twice.
    """
    grid: dict[str, list[str]] = {}
    for setting in settings:
        name, equals, values = setting.partition("=")
        words = [word.strip() for word in values.split(",")]
        if not equals or not all(words) or name.strip() in grid:
            raise InputError("command line", None, f"--set {setting}", "NAME=V,V…, each constant once")
        grid[name.strip()] = list(dict.fromkeys(words))
    return grid


def _known(name: str) -> Shipped:
    systems = shipped_systems()
    refuse_unknown(name, systems, "model")
    return systems[name]


def _constants(one: Shipped) -> str:
    """The constants that differ from their defaults."""
    given = one.system.constants
    told = [(part.name, getattr(given, part.name), part.default) for part in dataclasses.fields(given)]
    return ", ".join(f"{name}={shown(value)}" for name, value, usual in told if value != usual) or "as declared"
