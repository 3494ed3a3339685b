"""``xenfusa trace``: read requirements wherever they are written, link them, and say what is not in order."""

from __future__ import annotations

import gc
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import click

from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.cli.shared_root import shared_root
from sphinx_xenfusa.cli.test_options import TestFiles, read_tests, test_options
from sphinx_xenfusa.cli.trace_forms import FORMS, Told, changes
from sphinx_xenfusa.cli.tracing_options import RuleFiles, read_rules, tracing_options
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.plain_report import Verbosity
from sphinx_xenfusa.interop.scan import scan
from sphinx_xenfusa.trace.assemble import SPECIFICATION, assemble
from sphinx_xenfusa.trace.canonical import write_text
from sphinx_xenfusa.trace.judgement import judge
from sphinx_xenfusa.trace.record import Item
from sphinx_xenfusa.trace.snapshot import Snapshot
from sphinx_xenfusa.trace.states import ExitCode
from sphinx_xenfusa.trace.style import Styled, check_style


@click.command()
@click.argument("paths", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMS)),
    default="plain",
    show_default=True,
    help="The form of the report.",
)
@click.option(
    "--verbosity",
    "-v",
    type=click.Choice([one.value for one in Verbosity]),
    default=Verbosity.FAILURE_DETAILS.value,
    show_default=True,
    help="How much the plain form says.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to FILE, in one step. Default: the standard output.",
)
@click.option(
    "--source",
    "sources",
    metavar="GLOB",
    multiple=True,
    help="Source files to search for coverage tags, below the root (repeatable), such as 'xen/**/*.c'.",
)
@click.option(
    "--types",
    metavar="TYPE,...",
    help="Trace only items of these types; what other types cover or need is left out as well.",
)
@click.option(
    "--diff",
    "base",
    type=click.Path(path_type=Path),
    metavar="BASE",
    help="Show what changed since BASE (a baseline, a trace record or a needs.json) in place of the report.",
)
@click.option(
    "--style",
    metavar="FILE",
    help="Hold the texts against the rules of style in FILE, or, with the word 'xen', those of Xen's own tree.",
)
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="What places are relative to. Default: the current folder, or that which all DIRs share if one lies outside.",
)
@click.option(
    "--color",
    "colour",
    type=click.Choice(["auto", "never", "always"]),
    default="auto",
    show_default=True,
    help="Colours in the plain form: 'auto' on a terminal, unless NO_COLOR is set.",
)
@tracing_options
@test_options
@click.pass_context
def trace(
    ctx: click.Context,
    paths: Sequence[Path],
    form: str,
    verbosity: str,
    output: Path | None,
    sources: Sequence[str],
    types: str | None,
    base: Path | None,
    style: str | None,
    root: Path | None,
    colour: str,
    tests: tuple[Path, ...],
    test_runs: tuple[Path, ...],
    commit: str,
    require_provenance: bool,
    test_map: tuple[Path, ...],
    expected_tests: tuple[Path, ...],
    **rule_files: Unpack[RuleFiles],
) -> None:
    """Trace the requirements in folders and files, without Sphinx: what is linked, how, and what is not covered.

    Exit codes: 0 all in order; 1 a defect, another finding, or a gate that is not met; 2 wrong usage or unreadable
    input (all else is still traced).
    """
    before = _baseline(ctx, base, form)
    with _without_collection():
        home = root or shared_root(paths)
        scanned = scan(paths, home, sources=sources)
        items, notes = _of_types(scanned.items, _words(types))
        try:
            styled = _styled(items, style, home)
        except InputError as error:
            say(str(error))
            ctx.exit(ExitCode.UNREADABLE)
        notes = (
            *notes,
            *(f"suppressed at {one.place}: {one.about}: {one.message}: {one.reason}" for one in styled.suppressed),
        )
        rules = read_rules(rule_files, home, items)
        tested = read_tests(
            TestFiles(
                tests=tests,
                test_runs=test_runs,
                commit=commit,
                require_provenance=require_provenance,
                test_map=test_map,
                expected_tests=expected_tests,
            ),
            home,
            items,
            rule_files["today"],
        )
        record = assemble(
            project="",
            version="",
            items=items,
            verdicts=(),
            reports=tested.reports,
            findings=(*scanned.findings, *styled.findings, *rules.findings, *tested.findings),
            suppressed=styled.suppressed,
            policies=(SPECIFICATION,),
            target_policy=SPECIFICATION,
            confirm_mode="off",
            known_claims=(),
            results_expected=tested.asked,
            justifications=rules.justifications,
            tombstones=rules.tombstones,
            demands=rules.demands,
            accepted=rules.links,
            accepted_texts=rules.texts,
            reviews=rules.reviews,
            verifications=rules.verifications,
            stale_for=tested.stale_for,
        )
        record = replace(record, expected=tested.expected, runs=tested.runs, documented=tested.documented)
        judgement = judge(record)
        for finding in judgement.unreadable:
            say(f"{finding.place}: {finding.message}")
        told = Told(record, judgement, Verbosity(verbosity), _coloured(colour, output), notes)
        text = FORMS[form](told) if before is None else changes(told, before, form)
        delivered = _deliver(text, output)
    ctx.exit(judgement.exit_code if delivered else ExitCode.UNREADABLE)


def _baseline(ctx: click.Context, base: Path | None, form: str) -> Snapshot | None:
    """What is compared with, if anything is; one that cannot be read ends the command."""
    if base is None:
        return None
    if form == "aspec":
        raise click.UsageError("--diff has no aspec form; expected plain, html or json")
    from sphinx_xenfusa.interop.baseline_file import read_snapshot

    try:
        return read_snapshot(base)
    except InputError as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)


def _styled(items: Iterable[Item], style: str | None, home: Path) -> Styled:
    """What the rules of style say of items; nothing unless they were asked for.

    :raises InputError: the file of style cannot be used.
    """
    if style is None:
        return Styled((), ())
    # Imported here, because most traces read no YAML.
    from sphinx_xenfusa.interop.style_file import chosen_style

    return check_style(items, chosen_style(style, Path(), home))


@contextmanager
def _without_collection() -> Iterator[None]:
    """Without looking for circles of objects: what a trace is made of has none, and the search takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _words(types: str | None) -> frozenset[str]:
    return frozenset(filter(None, (word.strip() for word in (types or "").split(","))))


def _of_types(items: tuple[Item, ...], wanted: frozenset[str]) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """The items of some types, as OpenFastTrace filters them: links to other types and needs of them go, too.

    :param wanted: none of them for all.
    :return: the items, and what was left out, in words.
    """
    if not wanted:
        return items, ()
    kept = tuple(_narrowed(item, wanted) for item in items if item.tag.type in wanted)
    others = Counter(item.tag.type for item in items if item.tag.type not in wanted)
    left_out = ", ".join(f"{number} {type}" for type, number in sorted(others.items())) or "no item"
    return kept, (f"only items of the types {', '.join(sorted(wanted))} were traced; left out: {left_out}",)


def _narrowed(item: Item, wanted: frozenset[str]) -> Item:
    def of_wanted(tags: Iterable[str]) -> tuple[str, ...]:
        # A tag that is malformed has no type to go by, and stays: it is a finding.
        return tuple(tag for tag in tags if "~" not in tag or tag.partition("~")[0] in wanted)

    needs = tuple(type for type in item.needs if type in wanted)
    return replace(item, covers=of_wanted(item.covers), depends=of_wanted(item.depends), needs=needs)


def _coloured(choice: str, output: Path | None) -> bool:
    if choice == "auto":
        return output is None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return choice == "always"


def _deliver(text: str, output: Path | None) -> bool:
    """Put the report where it was asked for; whether that went well."""
    if output is None:
        # Bytes, because files and pipes get UTF-8 whatever the terminal takes.
        stream = sys.stdout if sys.stdout.isatty() else None
        click.echo(text if stream is not None else text.encode("utf-8", "replace"), nl=False, color=True)
        return True
    try:
        write_text(output, text)
    except OSError as error:
        say(f"{output}: cannot be written ({error.strerror or error})")
        return False
    return True
