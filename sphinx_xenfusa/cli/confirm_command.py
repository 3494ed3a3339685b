"""``xenfusa confirm``: run claims, show the verdicts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click
from rich.console import RenderableType

from sphinx_xenfusa.cli import tables
from sphinx_xenfusa.cli.junit import junit_text
from sphinx_xenfusa.confirm.confirmation import (
    DEFAULT_CACHE,
    SCHEMA_VERSION,
    Confirmation,
    Mode,
    Plan,
    carry_out,
    plan,
    processes,
    seconds,
)
from sphinx_xenfusa.confirm.interruption import ended_by_signals
from sphinx_xenfusa.confirm.register import REGISTER, read_register
from sphinx_xenfusa.confirm.registry import installed
from sphinx_xenfusa.confirm.schedule import DEFAULT_TIMEOUT
from sphinx_xenfusa.explore.claim import AnnouncedClaim
from sphinx_xenfusa.explore.verdict import Verdict
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.trace.canonical import dumps, write_text
from sphinx_xenfusa.trace.states import ExitCode, combined_exit_code

Number = TypeVar("Number", int, float)


def _read_by(read: Callable[[str], Number]) -> Callable[[click.Context, click.Parameter, str | None], Number | None]:
    """An option's callback that reads a number as the confirmation does, and says what it expected."""

    def number(ctx: click.Context, param: click.Parameter, value: str | None) -> Number | None:
        try:
            return None if value is None else read(value)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from error

    return number


@dataclass(frozen=True)
class _Out:
    """Where the answer goes.

    :param format: ``table``, ``json`` or ``junit``.
    :param file: the file that gets it; then the terminal shows the table as well.
    """

    format: str
    file: Path | None


def say(message: str) -> None:
    """Tell the user something in one line, beside the output."""
    click.echo(f"xenfusa: {' '.join(message.split())}", err=True)


@click.command()
@click.argument("claims", metavar="[CLAIM]...", nargs=-1)
@click.option(
    "--policy", "policies", metavar="P", multiple=True, help="A policy to run under (repeatable). Default: all."
)
@click.option(
    "--trace", "with_traces", is_flag=True, help="Show witness, counterexample and divergences, step by step."
)
@click.option("--list", "only_list", is_flag=True, help="Say which claims there are; run nothing.")
@click.option("--format", "form", type=click.Choice(["table", "json", "junit"]), default="table", show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to FILE, and show the table besides."
)
@click.option(
    "--mode",
    type=click.Choice(["cache", "force"]),
    default="cache",
    show_default=True,
    help="Take the verdicts that are kept, or run everything anew.",
)
@click.option(
    "--cache-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    default=DEFAULT_CACHE,
    show_default=True,
    help="Where verdicts are kept.",
)
@click.option(
    "--timeout",
    callback=_read_by(seconds),
    metavar="S",
    default=f"{DEFAULT_TIMEOUT:g}",
    show_default=True,
    help="Seconds for each claim and policy.",
)
@click.option("--jobs", callback=_read_by(processes), metavar="N", help="Processes at once. Default: one a core.")
@click.option(
    "--divergences",
    type=click.Path(path_type=Path),
    metavar="FILE",
    default=REGISTER,
    help="The reviewed register of expected divergences. Default: the one that is installed.",
)
@click.pass_context
def confirm(
    ctx: click.Context,
    claims: Sequence[str],
    policies: Sequence[str],
    with_traces: bool,
    only_list: bool,
    form: str,
    output: Path | None,
    mode: Mode,
    cache_dir: Path,
    timeout: float,
    jobs: int | None,
    divergences: Path,
) -> None:
    """Run claims against the model and show the verdicts; all claims when none is named."""
    if only_list and form == "junit":
        raise click.UsageError("--list has no JUnit form: nothing is run")
    out = _Out(form, output)
    offered = installed()
    for problem in offered.problems:
        say(f"{problem}; what it offers is left out")
    left_out = [ExitCode.UNREADABLE for _ in offered.problems]
    try:
        planned = plan(offered.claims, read_register(divergences), names=claims, policies=policies)
        if only_list:
            ctx.exit(combined_exit_code([_deliver_list(out, planned), *left_out]))
        with _shown_progress() as progress:
            confirmation = carry_out(
                planned, cache_dir=cache_dir, mode=mode, timeout=timeout, jobs=jobs, progress=progress
            )
    except InputError as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)
    delivered = _deliver(out, planned, confirmation, with_traces=with_traces)
    if confirmation.cache_problem:
        say(confirmation.cache_problem)
    ctx.exit(combined_exit_code([confirmation.exit_code, delivered, *left_out]))


@contextmanager
def _shown_progress() -> Iterator[Callable[[int, int, Verdict | None], None]]:
    """Show on stderr how far the runs are, if it is a terminal; an interrupt ends them all."""
    bar = tables.progress_on(sys.stderr)
    task = bar.add_task("confirming", total=None)

    def tell(done: int, total: int, last: Verdict | None) -> None:
        bar.update(task, completed=done, total=total)

    with ended_by_signals(bar.stop), bar:
        yield tell


def _deliver_list(out: _Out, planned: Plan) -> ExitCode:
    """Say which claims the plan holds."""
    listed = [planned.claims[name] for name in sorted({*(job.claim for job in planned.jobs), *planned.announced})]
    data = [
        {
            "id": one.id,
            "says": one.says,
            "statements": list(one.statements),
            "policies": list(one.policies),
            "announced": one.missing if isinstance(one, AnnouncedClaim) else None,
        }
        for one in listed
    ]
    form = None if out.format == "table" else dumps({"schema_version": SCHEMA_VERSION, "claims": data})
    return _write(out, form, [tables.claim_table(listed)], [])


def _deliver(out: _Out, planned: Plan, confirmation: Confirmation, *, with_traces: bool) -> ExitCode:
    """Show the verdicts, and what they amount to."""
    shown = list(tables.verdict_parts(confirmation.verdicts, narrow=tables.is_narrow(sys.stdout)))
    if with_traces:
        shown += [part for verdict in confirmation.verdicts for part in tables.traces(verdict)]
    form = None
    if out.format == "json":
        form = dumps(confirmation.to_json())
    elif out.format == "junit":
        form = junit_text(confirmation)
    return _write(out, form, shown, tables.summary(confirmation, planned.left_out, planned.announced))


def _write(out: _Out, form: str | None, shown: Sequence[RenderableType], summary: Sequence[str]) -> ExitCode:
    """Put the answer where it was asked for.

    :param form: the JSON or JUnit text; ``None`` where the table itself was asked for.
    """
    lines = "".join(f"{line}\n" for line in summary)
    if form is not None and out.file is None:
        # Bytes, because the form is UTF-8 whatever the terminal takes; the summary beside it.
        click.echo(form.encode("utf-8"), nl=False)
        click.echo(lines, err=True, nl=False)
        return ExitCode.GOOD
    tables.show_on(sys.stdout, shown)
    click.echo(lines, nl=False)
    if out.file is None:
        return ExitCode.GOOD
    try:
        write_text(out.file, tables.plain(shown) + lines if form is None else form)
    except OSError as error:
        say(f"{out.file}: cannot be written ({error.strerror or error})")
        return ExitCode.UNREADABLE
    return ExitCode.GOOD
