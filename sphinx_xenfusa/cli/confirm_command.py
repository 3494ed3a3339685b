"""``xenfusa confirm``: run claims, show the verdicts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from sphinx_xenfusa.cli import completing, tables
from sphinx_xenfusa.cli.junit import junit_text
from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.cli.parts import Part, plain
from sphinx_xenfusa.cli.run_options import chosen_workers, installed_claims, run_options, shown_progress
from sphinx_xenfusa.confirm.confirmation import SCHEMA_VERSION, Confirmation, Mode, Plan, carry_out, plan
from sphinx_xenfusa.confirm.plan_inputs import PLAIN_INPUTS, KeptPlanInputs
from sphinx_xenfusa.explore.claim import AnnouncedClaim
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.trace.canonical import dumps, write_text
from sphinx_xenfusa.trace.states import ExitCode, combined_exit_code


@dataclass(frozen=True)
class _Out:
    """Where the answer goes.

    :param format: ``table``, ``json`` or ``junit``.
    :param file: the file that gets it; then the terminal shows the table as well.
    """

    format: str
    file: Path | None


@click.command()
@click.argument("claims", metavar="[CLAIM]...", nargs=-1, shell_complete=completing.claims)
@click.option(
    "--trace",
    "with_traces",
    is_flag=True,
    help="Show of each verdict scope, size, assumptions, mutants, witness, counterexample and divergences, step by step.",
)
@click.option(
    "--survivors",
    "with_survivors",
    is_flag=True,
    help="List the mutants of the model that no claim kills under any policy. Needs all claims.",
)
@click.option(
    "--list",
    "only_list",
    is_flag=True,
    help="Say which claims there are, what they confirm and what they say; run nothing.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "junit"]),
    default="table",
    show_default=True,
    help="The form of the answer.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to FILE, in one step, and show the table besides.",
)
@run_options
@click.pass_context
def confirm(
    ctx: click.Context,
    claims: Sequence[str],
    policies: Sequence[str],
    with_traces: bool,
    with_survivors: bool,
    only_list: bool,
    form: str,
    output: Path | None,
    mode: Mode,
    cache_dir: Path,
    timeout: float,
    jobs: int | None,
    executor: str | None,
    divergences: Path,
) -> None:
    """Run claims against the model and show the verdicts; all claims when none is named."""
    if only_list and form == "junit":
        raise click.UsageError("--list has no JUnit form: nothing is run")
    if with_survivors and (claims or policies or only_list):
        raise click.UsageError(
            "--survivors needs all claims under all policies: a mutant survives only if nothing kills it"
        )
    out = _Out(form, output)
    # What runs nothing keeps nothing.
    inputs = PLAIN_INPUTS if only_list else KeptPlanInputs(cache_dir)
    offered, left_out = installed_claims(inputs)
    try:
        planned = plan(
            offered.claims,
            inputs.register(divergences),
            names=claims,
            policies=policies,
            equivalents=inputs.equivalents(),
            record=inputs.adequacy(),
        )
        if only_list:
            ctx.exit(combined_exit_code([_deliver_list(out, planned), *left_out]))
        with chosen_workers(executor) as workers, shown_progress() as shown:
            confirmation = carry_out(
                planned,
                cache_dir=cache_dir,
                mode=mode,
                timeout=timeout,
                jobs=jobs,
                workers=workers,
                progress=shown.tell,
                watch=shown.watch,
            )
    except InputError as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)
    delivered = _deliver(out, planned, confirmation, with_traces=with_traces, with_survivors=with_survivors)
    for problem in filter(None, (confirmation.cache_problem, confirmation.lost)):
        say(problem)
    ctx.exit(combined_exit_code([confirmation.exit_code, delivered, *left_out]))


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


def _deliver(
    out: _Out, planned: Plan, confirmation: Confirmation, *, with_traces: bool, with_survivors: bool
) -> ExitCode:
    """Show the verdicts, and what they amount to."""
    shown = list(tables.verdict_parts(confirmation.verdicts, narrow=tables.is_narrow(sys.stdout)))
    if with_traces:
        described = planned.register.divergences
        shown += [part for verdict in confirmation.verdicts for part in tables.details(verdict, described)]
    if with_survivors and confirmation.mutants is not None:
        shown += list(tables.survivor_parts(confirmation.mutants))
    form = None
    if out.format == "json":
        form = dumps(confirmation.to_json())
    elif out.format == "junit":
        form = junit_text(confirmation)
    return _write(out, form, shown, tables.summary(confirmation, planned.left_out, planned.announced))


def _write(out: _Out, form: str | None, shown: Sequence[Part], summary: Sequence[str]) -> ExitCode:
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
        write_text(out.file, plain(shown) + lines if form is None else form)
    except OSError as error:
        say(f"{out.file}: cannot be written ({error.strerror or error})")
        return ExitCode.UNREADABLE
    return ExitCode.GOOD
