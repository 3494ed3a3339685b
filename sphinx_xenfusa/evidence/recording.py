"""Records a run of tests while it happens: which reports the command touched, with which tools, in which environment.

Nothing secret is recorded: of the environment only what :data:`VARIABLES` names, of the command no word that looks like a secret,
and no path of this machine.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import platform
import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sphinx_xenfusa.evidence.plain_text import printable, shortened, without_host_paths
from sphinx_xenfusa.evidence.reports import read_report
from sphinx_xenfusa.inputs import InputError

VARIABLES = (
    "CI",
    "CI_COMMIT_REF_NAME",
    "CI_COMMIT_SHA",
    "CI_JOB_ID",
    "CI_JOB_NAME",
    "CI_PIPELINE_ID",
    "CROSS_COMPILE",
    "GITHUB_JOB",
    "GITHUB_REF_NAME",
    "GITHUB_RUN_ID",
    "GITHUB_SHA",
    "GITHUB_WORKFLOW",
    "LANG",
    "LC_ALL",
    "PYTEST_ADDOPTS",
    "PYTHONHASHSEED",
    "SOURCE_DATE_EPOCH",
    "TZ",
    "XEN_TARGET_ARCH",
)
"""The variables of the environment that are recorded where they are set, and no others."""

LEFT_OUT = "…"
"""Stands for a word that looks like a secret."""
TOOL_SECONDS = 60
_TEXT_LIMIT = 500

_SECRET = r"[\w.-]*(?:passw|passphrase|secret|token|credential|api[-_]?key|private[-_]?key|auth)[\w.-]*"
_SET = re.compile(rf"(-{{0,2}}{_SECRET}[=:]).+", re.IGNORECASE | re.DOTALL)
_FLAG = re.compile(rf"--?{_SECRET}", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"(://)[^/@\s]+@")
_PYTHON = re.compile(r"python[0-9.]*(?:\.exe)?|pypy[0-9.]*")
_PYTEST = re.compile(r"(?:pytest|py\.test)(?:\.exe)?")


# --- reports ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stamp:
    """How a file is, as far as a run that writes it changes this."""

    modified: int
    number: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Written:
    """The reports of a run.

    :param digests: path and SHA-256 of each file that the run wrote or changed, sorted.
    :param untouched: the files that were there before and that the run left alone.
    :param unmatched: the patterns that match no file.
    """

    digests: tuple[tuple[str, str], ...]
    untouched: tuple[str, ...]
    unmatched: tuple[str, ...]


def stamps(patterns: Iterable[str], besides: Path) -> dict[str, Stamp]:
    """How the files are that some patterns match.

    :param besides: a file that is no report.
    :raises InputError: a file cannot be read.
    """
    other = os.path.realpath(besides)
    names = {name for pattern in patterns for name in matches(pattern) if os.path.realpath(name) != other}
    return {name: _stamp(name) for name in sorted(names)}


def matches(pattern: str) -> list[str]:
    """The files that a pattern matches; ``**`` matches folders too.

    :raises InputError: it is no pattern of files.
    """
    anchor = Path(pattern).anchor
    try:
        found = Path(anchor).glob(pattern[len(anchor) :]) if anchor else Path().glob(pattern)
        return sorted(path.as_posix() for path in found if path.is_file())
    except (ValueError, OSError, NotImplementedError, IndexError) as error:
        raise InputError("command line", None, f"--report {pattern!r} ({error})", "a pattern of files") from error


def _stamp(name: str) -> Stamp:
    try:
        with Path(name).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            state = os.fstat(stream.fileno())
    except OSError as error:
        raise InputError(name, None, f"a file that cannot be read ({error.strerror})", "a test report") from error
    return Stamp(state.st_mtime_ns, state.st_ino, state.st_size, digest)


def written(patterns: Sequence[str], before: Mapping[str, Stamp], besides: Path) -> Written:
    """What a run did to the files that the patterns match.

    :raises InputError: a file cannot be read.
    """
    after = stamps(patterns, besides)
    touched = tuple((name, stamp.sha256) for name, stamp in after.items() if before.get(name) != stamp)
    untouched = tuple(name for name, stamp in after.items() if before.get(name) == stamp)
    return Written(touched, untouched, tuple(pattern for pattern in patterns if not matches(pattern)))


# --- what ran ---------------------------------------------------------------------------------------------------------


def tools_of_command(words: Sequence[str]) -> dict[str, Sequence[str]]:
    """What to ask for the versions of the tools that a command names by itself: Python and pytest."""
    program = Path(words[0]).name
    asked: dict[str, Sequence[str]] = {}
    if _PYTHON.fullmatch(program):
        asked["python"] = (words[0], "--version")
        module = next((one for flag, one in itertools.pairwise(words) if flag == "-m"), "")
        if module == "pytest":
            asked["pytest"] = (words[0], "-m", "pytest", "--version")
    elif _PYTEST.fullmatch(program):
        asked["pytest"] = (words[0], "--version")
    return asked


def named_tools(named: Iterable[str]) -> dict[str, Sequence[str]]:
    """What to ask for the versions of the tools that the user names, each as ``NAME=COMMAND``.

    :raises InputError: one is not of that form.
    """
    asked: dict[str, Sequence[str]] = {}
    for text in named:
        name, _, command = text.partition("=")
        try:
            words = shlex.split(command)
        except ValueError:
            words = []
        if not name.strip() or not words:
            expected = "NAME=COMMAND, such as --tool 'qemu=qemu-system-x86_64 --version'"
            raise InputError("command line", None, f"--tool {text!r}", expected)
        asked[name.strip()] = words
    return asked


def version_of(name: str, words: Sequence[str], root: Path) -> str:
    """The first line that a command says of its version.

    :raises InputError: it cannot be run, fails, or says nothing.
    """
    expected = f"the version of {name}"
    try:
        done = subprocess.run(
            list(words), stdin=subprocess.DEVNULL, capture_output=True, timeout=TOOL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        found = f"no answer of {shlex.join(words)!r} within {TOOL_SECONDS} seconds"
        raise InputError("command line", None, found, expected) from error
    except (OSError, ValueError) as error:
        found = f"{shlex.join(words)!r}, which cannot be run ({getattr(error, 'strerror', None) or error})"
        raise InputError("command line", None, found, expected) from error
    told = (done.stdout.strip() or done.stderr.strip()).decode("utf-8", "replace")
    if done.returncode or not told:
        found = f"{shlex.join(words)!r}, which ended with {done.returncode} and {'said nothing' if not told else 'no version'}"
        raise InputError("command line", None, found, expected)
    first = told.splitlines()[0].strip()
    prefix = f"{name} "
    return shown(first[len(prefix) :] if first.casefold().startswith(prefix.casefold()) else first, root)


def tools_of_reports(names: Iterable[str], root: Path) -> Iterator[tuple[str, str]]:
    """The tools that reports name by themselves, by dialect."""
    for name in names:
        report = read_report(Path(name), root)
        if report.tool and not report.error:
            yield report.dialect, report.tool


# --- what may be told -------------------------------------------------------------------------------------------------


def shown(text: str, root: Path) -> str:
    """A text without paths of this machine and secrets in addresses, in one line."""
    told = _IN_ADDRESS.sub(rf"\1{LEFT_OUT}@", printable(shortened(text, _TEXT_LIMIT)))
    return " ".join(without_host_paths(told, root).split())


def shown_command(words: Sequence[str], root: Path) -> list[str]:
    """The words of a command, without those that look like secrets."""
    made = []
    hidden = False
    for word in words:
        told = LEFT_OUT if hidden else _SET.sub(rf"\1{LEFT_OUT}", word)
        made.append(shown(told, root))
        hidden = not hidden and _FLAG.fullmatch(word) is not None
    return made


def environment(variables: Mapping[str, str], root: Path) -> dict[str, str]:
    """What is recorded of the environment: the system, its machine, and the variables of the list that are set."""
    told = {"system": f"{platform.system()} {platform.release()}".strip(), "machine": platform.machine()}
    told |= {name: " ".join(shown_command(variables[name].split(), root)) for name in VARIABLES if name in variables}
    return {name: value for name, value in told.items() if value}
