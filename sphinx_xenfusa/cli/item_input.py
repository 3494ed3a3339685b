"""Where a command takes its items from: folders that it scans, or a trace record that a build wrote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from sphinx_xenfusa.cli.explanation import newest_record
from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.cli.shared_root import shared_root
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.read_record import read_record
from sphinx_xenfusa.interop.scan import scan
from sphinx_xenfusa.trace.assemble import assemble_items
from sphinx_xenfusa.trace.record import Finding, Item, TraceRecord
from sphinx_xenfusa.trace.states import ExitCode

Command = TypeVar("Command", bound=Callable[..., Any])

A_SOURCE = "folders with items, or --record FILE (a trace record)"

_MISSING = frozenset({"input", "tag", "revision"})
"""The types of findings that tell of an item that is not there."""

record_option = click.option(
    "--record",
    "record_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take the items from a trace record. Default: without folders the newest in the usual output folders.",
)


@dataclass(frozen=True)
class Found:
    """What was read.

    :param source: where from, for the reader.
    :param record: the record; of folders it knows no claims and no tests.
    :param faults: the files and tags of the folders that cannot be read, so that items may be missing.
    """

    source: str
    record: TraceRecord
    faults: tuple[Finding, ...] = ()

    @property
    def unreadable(self) -> tuple[Finding, ...]:
        """The files that could not be read; nothing of them is among the items."""
        return tuple(one for one in self.faults if one.subtype == "input")

    @property
    def items(self) -> tuple[Item, ...]:
        """The items."""
        return tuple(traced.item for traced in self.record.items)

    @property
    def exit_code(self) -> ExitCode:
        """2 when a file could not be read, 1 when a tag could not."""
        if self.unreadable:
            return ExitCode.UNREADABLE
        return ExitCode.FINDING if self.faults else ExitCode.GOOD


def say_faults(found: Found) -> None:
    """Say what could not be read, on the standard error."""
    for finding in found.faults:
        say(f"{finding.place}: {finding.message}")


def find_record(paths: Sequence[Path], record_file: Path | None) -> Found:
    """The record of some folders, or the one that is in a file.

    :raises InputError: there is nothing to read, or the record cannot be read.
    :raises click.UsageError: both were given.
    """
    if paths and record_file is not None:
        raise click.UsageError("folders and --record exclude each other")
    if paths:
        return scanned_record(paths, shared_root(paths))
    chosen = newest_record(Path()) if record_file is None else record_file
    if chosen is None:
        raise InputError("command line", None, "neither, and no record in the usual output folders", A_SOURCE)
    return Found(f"the record {chosen.as_posix()}", read_record(chosen))


def scanned_record(paths: Sequence[Path], root: Path) -> Found:
    """The record of some folders: items and links; it knows no claims and no tests.

    :param root: the folder that places are relative to.
    """
    scanned = scan(paths, root)
    record = assemble_items(scanned.items, scanned.findings)
    names = ", ".join(path.as_posix() for path in paths)
    return Found(names, record, tuple(one for one in scanned.findings if one.subtype in _MISSING))
