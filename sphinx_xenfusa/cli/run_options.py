"""The options of every command that runs claims, and what such a command shows while it does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from sphinx_xenfusa.cli import completing, tables
from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.confirm.confirmation import DEFAULT_CACHE, Progress, processes, seconds
from sphinx_xenfusa.confirm.executors import Workers, open_workers
from sphinx_xenfusa.confirm.interruption import ended_by_signals
from sphinx_xenfusa.confirm.plan_inputs import PLAIN_INPUTS, PlanInputs
from sphinx_xenfusa.confirm.register import REGISTER
from sphinx_xenfusa.confirm.registry import Installed
from sphinx_xenfusa.confirm.schedule import DEFAULT_TIMEOUT, Watch
from sphinx_xenfusa.explore.claim import Effort
from sphinx_xenfusa.explore.verdict import Verdict
from sphinx_xenfusa.trace.states import ExitCode

Number = TypeVar("Number", int, float)
Command = TypeVar("Command", bound=Callable[..., Any])


def _read_by(read: Callable[[str], Number]) -> Callable[[click.Context, click.Parameter, str | None], Number | None]:
    """An option's callback that reads a number as the confirmation does, and says what it expected."""

    def number(ctx: click.Context, param: click.Parameter, value: str | None) -> Number | None:
        try:
            return None if value is None else read(value)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from error

    return number


_OPTIONS = (
    click.option(
        "--policy",
        "policies",
        metavar="P",
        multiple=True,
        shell_complete=completing.policies,
        help="A policy to run under (repeatable); a claim that depends on none is run in any case. Default: all.",
    ),
    click.option(
        "--mode",
        type=click.Choice(["cache", "force"]),
        default="cache",
        show_default=True,
        help="'cache' takes the verdicts that are kept; 'force' runs everything and keeps it anew.",
    ),
    click.option(
        "--cache-dir",
        type=click.Path(path_type=Path),
        metavar="DIR",
        default=DEFAULT_CACHE,
        show_default=True,
        help="Where verdicts are kept.",
    ),
    click.option(
        "--timeout",
        callback=_read_by(seconds),
        metavar="S",
        default=f"{DEFAULT_TIMEOUT:g}",
        show_default=True,
        help="Seconds for each claim and policy; a week at the most.",
    ),
    click.option(
        "--jobs",
        callback=_read_by(processes),
        metavar="N",
        help="Processes at once. Default: as many as there are cores.",
    ),
    click.option(
        "--executor",
        metavar="WHERE",
        help="Run on a Dask cluster: dask-local:N, or dask://HOST:PORT. Default: processes of our own.",
    ),
    click.option(
        "--divergences",
        type=click.Path(path_type=Path),
        metavar="FILE",
        default=REGISTER,
        help="The reviewed register of expected divergences. Default: the one that is installed.",
    ),
)


def run_options(command: Command) -> Command:
    """Give a command the options that say under which policies, how and how long claims are run."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def mutation_options(command: Command) -> Command:
    """Give a command the same options, but for the policy: what a mutation run finds, it finds under all of them."""
    for option in reversed(_OPTIONS[1:]):
        command = option(command)
    return command


def installed_claims(inputs: PlanInputs = PLAIN_INPUTS) -> tuple[Installed, list[ExitCode]]:
    """The claims that can be used; what cannot is told, and gives an exit code for each.

    :param inputs: where they are taken from.
    """
    offered = inputs.installed()
    for problem in offered.problems:
        say(f"{problem}; what it offers is left out")
    return offered, [ExitCode.UNREADABLE for _ in offered.problems]


@dataclass(frozen=True)
class Shown:
    """Who shows how far the runs are.

    :param tell: a run has ended.
    :param watch: a run goes on; ``None`` where nobody looks.
    """

    tell: Progress
    watch: Watch | None


@contextmanager
def chosen_workers(executor: str | None) -> Iterator[Workers | None]:
    """The workers that the option asks for; none of it when claims run in processes of our own.

    :raises InputError: they cannot be had.
    """
    if executor is None:
        yield None
        return
    with open_workers(executor) as workers:
        yield workers


@contextmanager
def shown_progress() -> Iterator[Shown]:
    """Show on stderr how far the runs are, if it is a terminal; an interrupt ends them all."""
    if not sys.stderr.isatty():
        with ended_by_signals(lambda: None):
            yield Shown(lambda done, total, last: None, None)
        return
    # What draws on terminals takes longer to import than most answers to make.
    from sphinx_xenfusa.cli.terminal import progress_on

    bar = progress_on(sys.stderr)
    task = bar.add_task("confirming", total=None)

    def tell(done: int, total: int, last: Verdict | None) -> None:
        bar.update(task, completed=done, total=total)

    def watch(claim: str, policy: str | None, effort: Effort) -> None:
        bar.update(task, description=tables.effort_words(claim, policy, effort))

    with ended_by_signals(bar.stop), bar:
        yield Shown(tell, watch)
