"""``xenfusa suspects`` and ``xenfusa accept``: what changed since somebody accepted it, and that somebody accepts it."""

from __future__ import annotations

import datetime
import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from sphinx_xenfusa.cli.item_input import Found, find_record, record_option, say_faults
from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.acceptance_file import read_acceptance
from sphinx_xenfusa.platforms.located_yaml import did_you_mean
from sphinx_xenfusa.trace.acceptance import Drift, Signature, Suspect, accept, accept_new, drift, marked_changes
from sphinx_xenfusa.trace.states import ExitCode, combined_exit_code
from sphinx_xenfusa.trace.word_diff import visible

DEFAULT_FILE = Path("xenfusa-accepted.yaml")
_WIDTH = 76

file_option = click.option(
    "--file",
    "accepted",
    type=click.Path(path_type=Path),
    metavar="FILE",
    default=DEFAULT_FILE,
    show_default=True,
    help="The file in which acceptances stand.",
)


@click.command("suspects")
@click.argument("folders", type=click.Path(path_type=Path), metavar="[DIR]...", nargs=-1)
@record_option
@file_option
@click.pass_context
def suspects_command(ctx: click.Context, folders: Sequence[Path], record_file: Path | None, accepted: Path) -> None:
    """Show each item and link whose text changed since it was accepted, while the revision stayed."""
    try:
        found = find_record(folders, record_file)
        state = drift(found.items, read_acceptance(accepted, may_be_missing=True).acceptance)
    except InputError as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)
    for line in _lines(state, found, accepted):
        # Places of a record that somebody else wrote may hold anything.
        click.echo(visible(line))
    say_faults(found)
    ctx.exit(combined_exit_code([found.exit_code, ExitCode.FINDING if state.suspects else ExitCode.GOOD]))


def _lines(state: Drift, found: Found, accepted: Path) -> Iterator[str]:
    for suspect in state.suspects:
        yield from _suspect(suspect)
        yield ""
    items = len(state.suspects) - sum(1 for one in state.suspects if one.ends)
    links = len(state.suspects) - items
    yield f"items: {items:,} suspect, {len(state.new_items):,} not yet accepted, {state.accepted_items:,} as accepted"
    yield f"links: {links:,} suspect, {len(state.new_links):,} not yet accepted, {state.accepted_links:,} as accepted"
    if state.gone:
        yield f"entries of {accepted.as_posix()} that belong to nothing of today: {len(state.gone):,}"
        yield from (f"  {one}" for one in state.gone)
    yield f"items of {found.source}; acceptances of {accepted.as_posix()}"
    if not accepted.exists():
        yield f"{accepted.as_posix()} is not there: nothing was accepted yet"


def _suspect(suspect: Suspect) -> Iterator[str]:
    signed = suspect.signature
    tag = suspect.item.tag
    if suspect.ends is None:
        yield f"! suspect  {tag}  ({suspect.item.place})"
        yield f"  revision {tag.revision} was accepted by {_plain(signed)}; the text changed since"
    else:
        yield f"! suspect link  {suspect.ends[0]} -> {suspect.ends[1]}"
        words = f"was accepted by {_plain(signed)}; the text of {tag} ({suspect.item.place}) changed since"
        yield from _wrapped(words, "  ")
    for name, diff in suspect.changes():
        yield from _wrapped(f"{name}: {marked_changes(diff)}", "    ")
    if suspect.before is None:
        yield "  the text that was accepted is not on record any more"


def _wrapped(words: str, further: str) -> list[str]:
    return textwrap.wrap(
        words,
        _WIDTH,
        initial_indent="  ",
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _plain(signed: Signature) -> str:
    return visible(f"{signed.by} on {signed.date} ({signed.why})")


@click.command("accept")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--by", required=True, metavar="NAME", help="Who accepts.")
@click.option("--why", required=True, metavar="TEXT", help="Why it can be accepted.")
@click.option("--date", metavar="YYYY-MM-DD", help="The day of it. Default: today.")
@click.option(
    "--all-new",
    is_flag=True,
    help="Accept everything that nobody has accepted yet; what is suspect stays so and has to be named.",
)
@click.option(
    "--tree",
    "folders",
    type=click.Path(path_type=Path),
    metavar="DIR",
    multiple=True,
    help="A folder to take the items from, read as OpenFastTrace's files are (repeatable).",
)
@record_option
@file_option
@click.pass_context
def accept_command(
    ctx: click.Context,
    ids: Sequence[str],
    by: str,
    why: str,
    date: str | None,
    all_new: bool,
    folders: Sequence[Path],
    record_file: Path | None,
    accepted: Path,
) -> None:
    """Record that the texts of some items, and the links that they have, are accepted as they are today."""
    if not ids and not all_new:
        raise click.UsageError("found no ID; expected the tags of items, or --all-new")
    try:
        signature = Signature(_said(by, "--by"), _said(why, "--why"), today() if date is None else day(date))
        found = find_record(folders, record_file)
        say_faults(found)
        if found.unreadable:
            ctx.exit(ExitCode.UNREADABLE)
        _refuse_unknown(ids, [str(item.tag) for item in found.items])
        file = read_acceptance(accepted, may_be_missing=True)
        new = accept(file.acceptance, found.items, ids, signature)
        if all_new:
            new = accept_new(new, found.items, signature)
        file.write(new)
    except InputError as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)
    old = file.acceptance
    items = [id for id in new.items if old.items.get(id) != new.items[id]]
    links = [ends for ends in new.links if old.links.get(ends) != new.links[ends]]
    for id in sorted(items):
        click.echo(f"accepted {id}: {new.items[id][0].fingerprint}")
    click.echo(f"recorded in {accepted.as_posix()}: items: {len(items):,}, links: {len(links):,}")
    ctx.exit(found.exit_code)


def _said(words: str, option: str) -> str:
    """Words that say something, on one line."""
    said = " ".join(words.split())
    if not said:
        raise InputError("command line", None, f"nothing after {option}", "words")
    return said


def today() -> str:
    """The day on which it is done, by the clock of this machine."""
    return datetime.date.today().isoformat()


def day(date: str) -> str:
    """A day that was given.

    :raises InputError: it is none.
    """
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", date) is None:
            raise ValueError(date)
        return datetime.date.fromisoformat(date).isoformat()
    except ValueError as error:
        raise InputError("command line", None, f"the date {date!r}", "a day, YYYY-MM-DD") from error


def _refuse_unknown(ids: Sequence[str], known: Sequence[str]) -> None:
    there = set(known)
    for id in ids:
        if id not in there:
            hint = did_you_mean(id, known)
            raise InputError("command line", None, f"the id {id!r}", f"the tag of an item that is there{hint}")
