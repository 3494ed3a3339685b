"""Runs all installed claims in a process of its own and writes the verdicts to a file: what Sphinx starts.

``python -m sphinx_xenfusa.confirm --output FILE`` writes the file in one step when it is done; while it runs,
``FILE.progress`` says ``done total``.  The exit code tells whether the file was written (0) or could not be (2, with
one line on stderr); what the verdicts amount to is in the file.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from sphinx_xenfusa.confirm.confirmation import (
    DEFAULT_CACHE,
    Confirmation,
    Plan,
    carry_out,
    plan,
    processes,
    progress_file,
    seconds,
)
from sphinx_xenfusa.confirm.interruption import ended_by_signals
from sphinx_xenfusa.confirm.plan_inputs import KeptPlanInputs
from sphinx_xenfusa.confirm.register import REGISTER
from sphinx_xenfusa.confirm.schedule import DEFAULT_TIMEOUT
from sphinx_xenfusa.explore.verdict import Verdict
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.trace.canonical import dumps, write_text
from sphinx_xenfusa.trace.states import ExitCode


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """End with the exit code for wrong usage."""
        self.exit(ExitCode.UNREADABLE, f"{self.prog}: {' '.join(message.split())}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="sphinx_xenfusa.confirm", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, required=True, help="the file to write the verdicts to")
    parser.add_argument("--mode", choices=("cache", "force"), default="cache", help="whether kept verdicts are taken")
    parser.add_argument("--cache-dir", type=Path, default=DEFAULT_CACHE, help="where verdicts are kept")
    parser.add_argument("--timeout", type=seconds, default=DEFAULT_TIMEOUT, help="seconds for each claim and policy")
    parser.add_argument("--divergences", type=Path, default=REGISTER, help="the register of expected divergences")
    parser.add_argument(
        "--policy", action="append", default=[], help="a policy to run under (repeatable); all by default"
    )
    parser.add_argument(
        "--jobs", type=processes, help="how many processes at once; as many as there are cores by default"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> ExitCode:
    """Run what the arguments ask for.

    :param arguments: the command line without the program's name; that of the process by default.
    :return: 0 when the file was written, 2 when the input or the output is at fault.
    """
    options = _parser().parse_args(arguments)
    output: Path = options.output
    inputs = KeptPlanInputs(options.cache_dir)
    try:
        planned = plan(
            inputs.installed().claims,
            inputs.register(options.divergences),
            policies=options.policy,
            equivalents=inputs.equivalents(),
            record=inputs.adequacy(),
        )
        # What an earlier run wrote must never be taken for the answer of this one.
        output.unlink(missing_ok=True)
        write_text(progress_file(output), f"0 {len(planned.jobs)}\n")
        with ended_by_signals(lambda: progress_file(output).unlink(missing_ok=True)):
            try:
                confirmation = _run(planned, options)
                write_text(output, dumps(confirmation.to_json()))
            finally:
                progress_file(output).unlink(missing_ok=True)
    except InputError as error:
        return _refused(str(error))
    except OSError as error:
        return _refused(f"{error.filename or output}: {error.strerror or error}")
    if confirmation.cache_problem:
        _say(confirmation.cache_problem)
    return ExitCode.GOOD


def _run(planned: Plan, options: argparse.Namespace) -> Confirmation:
    def tell(done: int, total: int, last: Verdict | None) -> None:
        # How far it is matters less than the verdicts: a file that cannot be replaced just now is left as it is.
        with contextlib.suppress(OSError):
            write_text(progress_file(options.output), f"{done} {total}\n")

    return carry_out(
        planned,
        cache_dir=options.cache_dir,
        mode=options.mode,
        timeout=options.timeout,
        jobs=options.jobs,
        progress=tell,
    )


def _refused(message: str) -> ExitCode:
    _say(message)
    return ExitCode.UNREADABLE


def _say(message: str) -> None:
    print(f"sphinx_xenfusa.confirm: {' '.join(message.split())}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
