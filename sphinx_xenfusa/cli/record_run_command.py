"""``xenfusa record-run``: run tests, and write beside their reports which run wrote them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import click

from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.evidence import recording
from sphinx_xenfusa.evidence.git_history import Revision, revision
from sphinx_xenfusa.evidence.test_run_file import UNKNOWN, read_run, run_text
from sphinx_xenfusa.evidence.times import in_words
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.read_record import read_record
from sphinx_xenfusa.trace.canonical import natural, write_text
from sphinx_xenfusa.trace.states import ExitCode, combined_exit_code

DEFAULT_OUT = Path("test-run.yaml")
_OF_SIGNAL = 128
"""By convention of Unix shells, a process that a signal ended has this plus the signal's number as its exit code."""


@dataclass(frozen=True)
class _Asked:
    """What the user asked for.

    :param globs: patterns of the reports.
    :param asked: by tool, the command that tells its version.
    """

    command: Sequence[str]
    out: Path
    target: str
    globs: Sequence[str]
    asked: dict[str, Sequence[str]]
    record: Path | None
    repository: Path


@dataclass(frozen=True)
class _Ended:
    """What became of the command.

    :param interrupted: whether it was ended before it was done.
    """

    code: int
    interrupted: bool
    started: float
    ended: float


@click.command("record-run", context_settings={"allow_interspersed_args": False})
@click.argument("command", metavar="-- COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    default=DEFAULT_OUT,
    show_default=True,
    help="The side file; it replaces an older one, and no other file.",
)
@click.option("--target", metavar="NAME", default="", help="What the tests run on: a board, a platform.")
@click.option(
    "--report",
    "globs",
    metavar="GLOB",
    multiple=True,
    required=True,
    help="The reports that COMMAND writes (repeatable); ** matches folders.",
)
@click.option(
    "--tool",
    "tools",
    metavar="NAME=COMMAND",
    multiple=True,
    help="A tool, and the command whose first line tells its version (repeatable).",
)
@click.option(
    "--record",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The trace record of the texts that are tested: their fingerprints are noted.",
)
@click.option(
    "--repository",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    default=Path(),
    help="The git tree of what is tested. Default: that of the current folder.",
)
@click.pass_context
def record_run_command(
    ctx: click.Context,
    command: tuple[str, ...],
    out: Path,
    target: str,
    globs: tuple[str, ...],
    tools: tuple[str, ...],
    record: Path | None,
    repository: Path,
) -> None:
    """Run COMMAND, and note in a side file what ran: commit, time, tools, environment, and the SHA-256 of its reports.

    Exit codes: 0 COMMAND ended with 0, and every report is recorded; 1 it ended with another code, which the side file has;
    2 wrong usage, COMMAND cannot be run (nothing is then), a tool has no version, or a report is missing or was not written by
    it; 3 COMMAND was interrupted, or a signal ended it: what it wrote is recorded, and is stale.
    """
    try:
        asked = recording.tools_of_command(command) | recording.named_tools(tools)
        codes = _record(_Asked(command, out, target, globs, asked, record, repository))
    except InputError as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)
    ctx.exit(combined_exit_code(codes))


def _record(asked: _Asked) -> list[ExitCode]:
    """Run the command and write the side file; what it all amounts to.

    :raises InputError: the command was not run, or no side file could be written.
    """
    _refuse_other_file(asked.out)
    root = Path.cwd()
    fingerprints = None if asked.record is None else _fingerprints(asked.record)
    tools = {name: recording.version_of(name, words, root) for name, words in asked.asked.items()}
    before = recording.stamps(asked.globs, asked.out)
    at_first = revision(asked.repository, [*map(Path, before), asked.out])
    ended = _run(asked.command)
    wrote = recording.written(asked.globs, before, asked.out)
    at_last = revision(asked.repository, [*(Path(name) for name, _ in wrote.digests), *map(Path, before), asked.out])
    codes = [_code_of(ended), *_refused(wrote, ended)]
    if not wrote.digests:
        say(f"{asked.out.as_posix()} is not written, because the run wrote no report")
        return codes
    data: dict[str, Any] = {
        "version": 1,
        "command": recording.shown_command(asked.command, root),
        "exit_code": ended.code,
        **({"interrupted": True} if ended.interrupted else {}),
        "started": in_words(ended.started),
        "ended": in_words(ended.ended),
        **_commit(at_first, at_last),
        **({"target": asked.target} if asked.target else {}),
        "tools": dict(recording.tools_of_reports((name for name, _ in wrote.digests), root)) | tools,
        "environment": recording.environment(os.environ, root),
        "reports": [{"file": _relative(name, asked.out), "sha256": digest} for name, digest in wrote.digests],
    }
    try:
        write_text(asked.out, run_text(data, fingerprints))
    except OSError as error:
        raise InputError(asked.out, None, f"a file that cannot be written ({error.strerror})", "a side file") from error
    many = len(wrote.digests)
    say(f"{asked.out.as_posix()}: {many} report{'s' * (many != 1)} of the commit {data['commit'][:12]}")
    return codes


def _refuse_other_file(out: Path) -> None:
    """Let no file be replaced that somebody else wrote.

    :raises InputError: there is such a file.
    """
    if not out.exists():
        return
    try:
        read_run(out, out.as_posix())
    except InputError as error:
        found = f"a file that is no side file of a test run (line {error.line or 1}: {error.found})"
        expected = "a file to replace or to make; choose another --out, or delete it"
        raise InputError(out, None, found, expected) from error


def _fingerprints(record: Path) -> list[tuple[str, str]]:
    found = {str(traced.item.tag): traced.fingerprint for traced in read_record(record).items}
    return sorted(found.items(), key=lambda pair: natural(pair[0]))


def _commit(at_first: Revision, at_last: Revision) -> dict[str, Any]:
    """What is known of the commit, for the side file; what is not, for the user."""
    if not at_first.commit:
        say(f"the commit is unknown: {at_first.why}")
        return {"commit": UNKNOWN}
    if at_last.commit != at_first.commit:
        changed = at_last.commit[:12] or at_last.why
        say(f"the commit is unknown: it was {at_first.commit[:12]} when the run began and {changed} when it ended")
        return {"commit": UNKNOWN}
    return {"commit": at_first.commit, "dirty": bool(at_first.dirty or at_last.dirty)}


def _relative(name: str, out: Path) -> str:
    return Path(os.path.relpath(os.path.realpath(name), os.path.realpath(out.parent))).as_posix()


def _code_of(ended: _Ended) -> ExitCode:
    if ended.interrupted:
        say("the command was ended before it was done: what it reported is stale")
        return ExitCode.NO_ANSWER
    if ended.code:
        say(f"the command ended with {ended.code}")
        return ExitCode.FINDING
    return ExitCode.GOOD


def _refused(wrote: recording.Written, ended: _Ended) -> Iterator[ExitCode]:
    """Say which reports are missing, or are not of this run."""
    for name in wrote.untouched:
        hint = "delete it before the run, or name the reports more narrowly"
        say(f"{name}: found a report that the run did not write; it is left out: {hint} (--report)")
        yield ExitCode.UNREADABLE
    for pattern in wrote.unmatched:
        say(
            f"command line: found no report that matches {pattern!r} after the run; expected that the command writes one"
        )
        # Of a run that was interrupted nobody expects all its reports.
        yield ExitCode.NO_ANSWER if ended.interrupted else ExitCode.UNREADABLE


# --- the command ------------------------------------------------------------------------------------------------------


def _run(words: Sequence[str]) -> _Ended:
    """Run a command with our own input and output.

    :raises InputError: it cannot be run.
    """
    started = time.time()
    with _noted_signals() as noted:
        try:
            process = subprocess.Popen(list(words))
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            found = f"the command {words[0]!r}, which cannot be run ({why})"
            raise InputError("command line", None, found, "a program that can be run; nothing was run") from error
        noted.process = process
        code = process.wait()
    killed = code < 0
    return _Ended(_OF_SIGNAL - code if killed else code, killed or noted.interrupted, started, time.time())


class _Noted:
    """The signals that came while a command ran."""

    def __init__(self) -> None:
        self.interrupted = False
        self.process: subprocess.Popen[bytes] | None = None

    def note(self, number: int, frame: FrameType | None) -> None:
        """Note a signal, and hand it on unless the terminal sends it to the command as well."""
        self.interrupted = True
        from_terminal = number == signal.SIGINT and os.isatty(0)
        if self.process is not None and not from_terminal:
            self.process.send_signal(number)


@contextmanager
def _noted_signals() -> Iterator[_Noted]:
    """Within this block an interrupt or a termination is for the command, and what it wrote is recorded all the same."""
    noted = _Noted()
    # A handler of our own, where to ignore the signal would let the command ignore it as well.
    before = {number: signal.signal(number, noted.note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
