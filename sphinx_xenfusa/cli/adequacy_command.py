"""``xenfusa adequacy``: every mutant of the model against every claim; the record of it, and whether that still holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from sphinx_xenfusa.cli import completing
from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.cli.run_options import (
    chosen_workers,
    installed_claims,
    mutation_options,
    shown_progress,
)
from sphinx_xenfusa.confirm.adequacy import stale_claims
from sphinx_xenfusa.confirm.adequacy_record import (
    NO_RECORD,
    RECORD,
    AdequacyRecord,
    ClaimRecord,
    read_adequacy,
    write_adequacy,
)
from sphinx_xenfusa.confirm.confirmation import Mode, refuse_unknown
from sphinx_xenfusa.confirm.mutation_run import (
    MutationRun,
    can_be_mutated,
    carry_out_mutation_run,
    differences,
    plan_mutation_run,
    samples,
)
from sphinx_xenfusa.confirm.register import Register, read_register
from sphinx_xenfusa.confirm.registry import Installed
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.trace.states import ExitCode, combined_exit_code


@click.command()
@click.argument("claims", metavar="[CLAIM]...", nargs=-1, shell_complete=completing.claims)
@click.option("--check", is_flag=True, help="Say which claims the record does not hold for; run nothing.")
@click.option(
    "--sample",
    is_flag=True,
    help="Run the claim of each chapter with the fewest mutants anew, and compare it with the record; write nothing.",
)
@click.option(
    "--record",
    "path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    default=RECORD,
    help="The record to read and write. Default: the one that is installed.",
)
@mutation_options
@click.pass_context
def adequacy(
    ctx: click.Context,
    claims: Sequence[str],
    check: bool,
    sample: bool,
    path: Path,
    mode: Mode,
    cache_dir: Path,
    timeout: float,
    jobs: int | None,
    executor: str | None,
    divergences: Path,
) -> None:
    """Try every mutant of the model on claims, and record which of them each claim kills; on all claims when none is named.

    Claims whose record is of these sources are not run again.
    """
    if check and sample:
        raise click.UsageError("--check runs nothing, and --sample runs claims: choose one")
    if sample and claims:
        raise click.UsageError("--sample chooses the claims itself")
    offered, problems = installed_claims()
    try:
        register = read_register(divergences)
        record = NO_RECORD if mode == "force" and not (claims or check or sample) else read_adequacy(path)
        if check:
            ctx.exit(combined_exit_code([_checked(offered, register, record, claims), *problems]))
        names = samples(offered.claims, offered.chapters, record) if sample else claims
        chosen: Mode = "force" if sample else mode
        planned = plan_mutation_run(offered.claims, register, record, names=names, mode=chosen)
        with chosen_workers(executor) as workers, shown_progress() as shown:
            run = carry_out_mutation_run(
                planned,
                cache_dir=cache_dir,
                mode=chosen,
                timeout=timeout,
                processes=jobs,
                workers=workers,
                progress=shown.tell,
                watch=shown.watch,
            )
        _say_made(run.made)
        code = _compared(record, run) if sample else _written(path, record, run, offered, planned.current)
    except InputError as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)
    except OSError as error:
        say(f"{error.filename or cache_dir}: {error.strerror or error}")
        ctx.exit(ExitCode.UNREADABLE)
    for name, reason in sorted(run.without.items()):
        say(f"{name}: not recorded: {reason}")
    if run.lost:
        say(run.lost)
    ctx.exit(combined_exit_code([code, run.exit_code, *problems]))


def _checked(offered: Installed, register: Register, record: AdequacyRecord, names: Sequence[str]) -> ExitCode:
    """Say which claims have to be run again.

    :raises InputError: a claim that does not exist.
    """
    for name in names:
        refuse_unknown(name, offered.claims, "claim")
    stale = [name for name in stale_claims(record, offered.claims, register) if not names or name in names]
    for name in stale:
        why = "its sources changed since" if name in record.claims else "it is not in the record"
        click.echo(f"{name}: {why}; 'xenfusa adequacy {name}' runs it")
    number = len(names) or len(can_be_mutated(offered.claims, record))
    click.echo(f"{number} claims: the record holds for {number - len(stale)} of them")
    return ExitCode.FINDING if stale else ExitCode.GOOD


def _say_made(made: Mapping[str, ClaimRecord]) -> None:
    for name, one in sorted(made.items()):
        killed, survived, broken = (len(some) for some in (one.killed, one.survived, one.broken))
        also = f", {broken:,} broke the search" if broken else ""
        click.echo(f"{name}: {killed:,} of {killed + survived:,} mutants killed{also}")


def _compared(record: AdequacyRecord, run: MutationRun) -> ExitCode:
    """Say what a run anew found otherwise."""
    found = [*differences(record, run.made)]
    for line in found:
        click.echo(line)
    number = len(run.made)
    click.echo(f"{number} claims ran anew: {'the record differs' if found else 'the record says the same'}")
    return ExitCode.FINDING if found else ExitCode.GOOD


def _written(
    path: Path, record: AdequacyRecord, run: MutationRun, offered: Installed, current: Sequence[str]
) -> ExitCode:
    """Write the record, with what was made anew; claims that are not installed any more leave it.

    :raises OSError: it cannot be written.
    """
    after = record.replaced(run.made, offered.claims)
    if after != record or not path.exists():
        write_adequacy(path, after)
    click.echo(
        f"{path}: {len(run.made)} claims anew, {len(current)} as they were; {run.ran} runs, {run.cached} kept ones"
    )
    return ExitCode.GOOD
