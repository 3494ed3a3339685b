"""Asks git: which commit a tree is at, whether it has changes, and since when each line of a file reads as it does.

What git is asked does not depend on how its user has configured it, writes nothing, fetches nothing and asks nobody.  That
there is no git, no tree or no commit is an answer, with the reason, and not an error: who asks then says *unknown*.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS = 120
"""How long git may take for one answer."""
UNCOMMITTED = -1
"""Stands for the time of a line that is in no commit."""

_SETTINGS = ("core.fsmonitor=false", "core.quotePath=false", "blame.showRoot=false", "blame.ignoreRevsFile=")
_OURS = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
}
_THEIRS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
"""Set where git calls us, as in a hook; they would lead to another tree than that of the folder."""
_NO_COMMIT = (b"0" * 40, b"0" * 64)
"""What git names the commit of a line that is in none (SHA-1, SHA-256)."""


class Unknown(Exception):
    """Git cannot say; the text says why, for a reader."""


@dataclass(frozen=True, slots=True)
class Revision:
    """What a tree is.

    :param commit: the full hash; empty when it is not known.
    :param dirty: whether tracked files differ from it; ``None`` when that is not known.
    :param why: why the commit is not known.
    """

    commit: str = ""
    dirty: bool | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class LineTimes:
    """Since when each line of a file reads as it does.

    :param times: for each line the time of its commit (seconds since 1970), or :data:`UNCOMMITTED`.
    :param cut_off: the lines (from 0) that may be older: the history of a shallow clone ends there.
    """

    times: tuple[int, ...]
    cut_off: frozenset[int] = frozenset()


def _git(folder: Path, *words: str) -> bytes:
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    environment = {name: value for name, value in os.environ.items() if name not in _THEIRS} | _OURS
    try:
        done = subprocess.run(
            ["git", *settings, "-C", str(folder), *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise Unknown("git is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise Unknown(f"git {words[0]} took longer than {SECONDS} seconds") from error
    except OSError as error:
        raise Unknown(f"git cannot be run ({error.strerror})") from error
    if done.returncode:
        raise Unknown(_reason(done.stderr))
    return done.stdout


def _reason(errors: bytes) -> str:
    """Why git refused, without the paths of this machine."""
    said = errors.decode("utf-8", "replace")
    known = {
        "dubious ownership": "git does not trust the tree, which belongs to another user (safe.directory)",
        "not a git repository": "this is no git tree",
        "this operation must be run in a work tree": "this is no git tree",
        "Needed a single revision": "the tree has no commit",
        "unknown revision": "the tree has no commit",
    }
    return next((words for part, words in known.items() if part in said), "git refused to answer")


def revision(folder: Path, besides: Collection[Path] = ()) -> Revision:
    """The commit of the tree that a folder is in, and whether tracked files differ from it.

    :param besides: files whose changes do not count: what a run of tests itself writes.
    """
    try:
        top = Path(os.fsdecode(_git(folder, "rev-parse", "--show-toplevel").removesuffix(b"\n")))
        commit = _git(folder, "rev-parse", "--verify", "HEAD^{commit}").decode("ascii").strip()
        return Revision(commit, _is_dirty(top, {os.path.realpath(one) for one in besides}))
    except Unknown as error:
        return Revision(why=str(error))


def _is_dirty(top: Path, besides: Collection[str]) -> bool:
    status = _git(top, "status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames")
    changed = (os.fsdecode(entry[3:]) for entry in status.split(b"\0") if entry)
    return any(os.path.realpath(top / name) not in besides for name in changed)


def tree_state(folder: Path) -> tuple[str, bool]:
    """The commit of the tree that a folder is in, and whether its history is cut off (a shallow clone).

    :raises Unknown: git cannot say.
    """
    shallow, commit = _git(folder, "rev-parse", "--is-shallow-repository", "HEAD").decode("ascii").split()
    return commit, shallow == "true"


def line_times(path: Path, shallow: bool) -> LineTimes:
    """Since when each line of a file reads as it does, by the commits that brought the lines into this history.

    The time is the committer's: a commit that was rebased says something here only since then.

    :param path: the file; one that git does not track is uncommitted as a whole.
    :param shallow: whether the history is cut off.
    :raises Unknown: git cannot say.
    """
    real = Path(os.path.realpath(path))
    try:
        told = _git(real.parent, "blame", "--porcelain", "--", real.name)
    except Unknown:
        # Asked again, because the reason says whether there is a tree at all.
        if _git(real.parent, "ls-files", "-z", "--", real.name):
            raise
        return LineTimes((UNCOMMITTED,) * _lines(real))
    return _parsed(told.split(b"\n"), shallow)


def _lines(path: Path) -> int:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unknown(f"the file cannot be read ({error.strerror})") from error
    return data.count(b"\n") + (not data.endswith(b"\n"))


def _parsed(told: Sequence[bytes], shallow: bool) -> LineTimes:
    """Read the porcelain form: a header for each line, what is known of a commit once, then the line after a tab."""
    times = dict.fromkeys(_NO_COMMIT, UNCOMMITTED)
    ends: set[bytes] = set()
    commits: list[bytes] = []
    header = True
    for line in told:
        if line.startswith(b"\t"):
            header = True
        elif header and line:
            commits.append(line.partition(b" ")[0])
            header = False
        elif line.startswith(b"committer-time "):
            times.setdefault(commits[-1], int(line.partition(b" ")[2]))
        elif line == b"boundary":
            ends.add(commits[-1])
    cut_off = (number for number, commit in enumerate(commits) if commit in ends) if shallow else ()
    return LineTimes(tuple(times[commit] for commit in commits), frozenset(cut_off))
