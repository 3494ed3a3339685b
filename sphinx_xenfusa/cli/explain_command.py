"""``xenfusa explain``: everything that is known about one requirement, claim or divergence, on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from sphinx_xenfusa.cli import completing, tables
from sphinx_xenfusa.cli.explanation import Explanation, Json, Record, explain, newest_record, read_record
from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.cli.parts import Part
from sphinx_xenfusa.cli.run_options import chosen_workers, installed_claims, run_options, shown_progress
from sphinx_xenfusa.confirm.confirmation import Confirmation, Mode, carry_out, known_policies, plan, refuse_unknown
from sphinx_xenfusa.confirm.plan_inputs import KeptPlanInputs
from sphinx_xenfusa.explore.claim import AnnouncedClaim
from sphinx_xenfusa.explore.verdict import Verdict
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.trace.canonical import dumps
from sphinx_xenfusa.trace.states import ExitCode, combined_exit_code
from sphinx_xenfusa.trace.test_lists import NO_TARGET


@click.command("explain")
@click.argument("name", metavar="ID", shell_complete=completing.explained)
@click.option(
    "--record",
    "record_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The trace record of a build. Default: the newest in the usual output folders.",
)
@click.option("--without-record", is_flag=True, help="Look for no record: take kept verdicts, or run the claims.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The form of the answer.",
)
@run_options
@click.pass_context
def explain_command(
    ctx: click.Context,
    name: str,
    record_file: Path | None,
    without_record: bool,
    form: str,
    policies: Sequence[str],
    mode: Mode,
    cache_dir: Path,
    timeout: float,
    jobs: int | None,
    executor: str | None,
    divergences: Path,
) -> None:
    """Explain a requirement (by its tag), a claim or a divergence: what it says, what checks it, what came out and why."""
    if without_record and record_file is not None:
        raise click.UsageError("--record and --without-record exclude each other")
    inputs = KeptPlanInputs(cache_dir)
    offered, problems = installed_claims(inputs)
    done: list[Confirmation] = []
    try:
        register = inputs.register(divergences)
        for policy in policies:
            refuse_unknown(policy, known_policies(offered.claims.values()), "policy")
        record = None if without_record else _record(record_file)

        def run(names: Sequence[str]) -> Sequence[Verdict]:
            planned = plan(offered.claims, register, names=names, policies=policies, record=inputs.adequacy())
            with chosen_workers(executor) as workers, shown_progress() as shown:
                done.append(
                    carry_out(
                        planned,
                        cache_dir=cache_dir,
                        mode=mode,
                        timeout=timeout,
                        jobs=jobs,
                        workers=workers,
                        progress=shown.tell,
                        watch=shown.watch,
                    )
                )
            return done[-1].verdicts

        explained = explain(name, offered.claims, register, record, policies, run)
    except InputError as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)
    if form == "json":
        click.echo(dumps(explained.to_json()).encode("utf-8"), nl=False)
    else:
        tables.show_on(sys.stdout, list(_parts(explained)))
    for confirmation in done:
        if confirmation.cache_problem:
            say(confirmation.cache_problem)
    ctx.exit(combined_exit_code([explained.exit_code, *problems]))


def _record(chosen: Path | None) -> Record | None:
    path = newest_record(Path()) if chosen is None else chosen
    return None if path is None else read_record(path)


def _parts(explained: Explanation) -> Iterator[Part]:
    """The explanation as lines and tables."""
    yield tables.line(f"{explained.id}: {_ABOUT[explained.about]}")
    yield tables.line(_source(explained))
    yield from _requirement(explained)
    if explained.about == "divergence":
        yield from tables.divergence_parts(explained.id, explained.described)
    if explained.needed_by:
        yield tables.line("\nrequirements that name it:")
        yield from (tables.line(f"  {tag}: {result}") for tag, result in explained.needed_by)
    yield from _claims(explained)
    yield from _tests(explained)


_ABOUT = {
    "requirement": "a requirement",
    "claim": "a claim",
    "divergence": "a divergence of Xen from the document, as the reviewed register expects it",
}


def _source(explained: Explanation) -> str:
    if explained.record is None:
        return "no trace record was read: verdicts are kept ones or were run now; text, tests and state are unknown"
    return (
        f"text, tests, state and verdicts are those of the record {explained.record.as_posix()}, "
        "which may be older than the sources; claims that it does not know were run now or are kept"
    )


def _requirement(explained: Explanation) -> Iterator[Part]:
    item = explained.item
    if item is None:
        return
    yield tables.line(f"\n{item['title']}\n{item['text']}\n")
    place = item["source"]
    facts = [
        ("kind", item["kind"] or "none"),
        ("stands in", f"{place['file']}:{place['line']}"),
        ("rationale", item["rationale"]),
        ("comment", item["comment"]),
        ("owner", item["owner"]),
        ("discharge", item["discharge"]),
        ("taken from", item["source_reference"]),
        ("covers", ", ".join(item["covers"])),
        ("needs", ", ".join(item["needs"])),
        ("lacks", ", ".join(item["uncovered"])),
        ("coverage", item["coverage"]),
        ("fingerprint", item["fingerprint"][:16]),
        ("state", item["result"]),
        ("by method", ", ".join(f"{one['method']}: {one['result']}" for one in item["methods"])),
        ("tests by target", _by_target(item)),
    ]
    yield from (tables.line(f"{name}: {words}") for name, words in facts if words)
    if explained.why:
        yield tables.line("not green, because:")
        yield from (tables.line(f"  - {reason}") for reason in explained.why)
    elif explained.beside:
        yield tables.line("what ran of what checks it could have failed, and did not; beside it:")
        yield from (tables.line(f"  - {words}") for words in explained.beside)
    else:
        yield tables.line("everything that checks it ran, could have failed, and did not")
    for one in explained.found_by_people:
        stale = "" if one["holds"] else " of another text"
        yield tables.line(
            f"{one['method']}: {one['result']}{stale}: {one['document']}, by {one['by']} on {one['date']}"
        )


def _by_target(item: Json) -> str:
    """What its tests amount to on each target; empty where nobody names a target."""
    if not item["untried"] and not any(one["target"] for one in item["targets"]):
        return ""
    told = ", ".join(f"{one['target'] or NO_TARGET}: {one['result']}" for one in item["targets"])
    return told + (f"; no test of it ran on {', '.join(item['untried'])}" if item["untried"] else "")


def _claims(explained: Explanation) -> Iterator[Part]:
    if not explained.named:
        yield tables.line(
            "\nno claim diverges by it under the policies that were asked for"
            if explained.about == "divergence"
            else "\nno claim checks it"
        )
        return
    yield tables.line("\nverdicts:")
    yield from tables.verdict_parts(explained.verdicts, narrow=tables.is_narrow(sys.stdout))
    for name in explained.named:
        claim = explained.claims.get(name)
        if claim is None:
            yield tables.line(f"\nclaim {name}: not installed")
            continue
        yield tables.line(f"\nclaim {name}: {claim.says}")
        yield tables.line(f"  confirms: {', '.join(claim.statements) or 'no statement'}")
        yield tables.line(f"  policies: {', '.join(claim.policies) or 'it depends on none'}")
        if isinstance(claim, AnnouncedClaim):
            yield tables.line(f"  announced, not run: {claim.missing}")
        for verdict in explained.verdicts:
            if verdict.claim == name:
                yield from tables.details(verdict, explained.described)


def _tests(explained: Explanation) -> Iterator[Part]:
    if explained.item is None:
        return
    if not explained.tests:
        yield tables.line("\nno test verifies it")
        return
    yield tables.line("\ntests that verify it:")
    yield tables.test_table(explained.tests)
