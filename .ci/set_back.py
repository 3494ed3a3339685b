"""Finds commits that set files back to an older state without saying so.

A commit that was made on a tree without the commits before it takes their work away again, with the tests of it, so that all
tests pass (b76a71b did).  Such a commit gives several files a content that they had before their last one, which hardly ever
happens otherwise: in the first 484 commits of this project it did in that one, and in the one that brought its files back.

Usage: ``python .ci/set_back.py [REPOSITORY]``; ends with 1 and says which commits and files, or with 0, also (and says so) where
there is no history to look through.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator

MOST = 1
"""So many files may be as they were by accident: an edit that is taken back."""
SAYS_SO = re.compile(r"\b(back|revert\w*|restor\w*|undo\w*)\b", re.IGNORECASE)
KNOWN = {
    "Say on the card of a requirement at a glance what ran, who reviewed and what is wrong": "brought back in 4690526",
}
"""First lines of the commits of which it is known, and what was done; a name changes with every commit before it."""
_CHANGE = re.compile(r":\d+ \d+ \w+ (\w+) (\w)\t(.*)")


def commits(repository: str) -> Iterator[tuple[str, str, list[tuple[str, str, str]]]]:
    """Name, message and changed files (content, letter of the change, path) of each commit, the oldest first."""
    form = "--format=%x00%H%x01%B%x02"
    command = ["git", "-C", repository, "-c", "core.quotePath=false", "log", "--reverse", "--topo-order", "--no-merges"]
    told = subprocess.run(
        [*command, "--raw", "--no-abbrev", "--no-renames", form], capture_output=True, check=True
    ).stdout
    for one in told.decode("utf-8", "replace").split("\0")[1:]:
        head, _, raw = one.partition("\x02")
        name, _, message = head.partition("\x01")
        yield name, message, [found.groups() for line in raw.splitlines() if (found := _CHANGE.match(line))]


def set_back(repository: str) -> Iterator[str]:
    """A line for each commit that sets files back and does not say so."""
    had: defaultdict[str, set[str]] = defaultdict(set)
    for name, message, changes in commits(repository):
        subject = message.splitlines()[0] if message else ""
        back = [path for content, letter, path in changes if letter == "M" and content in had[path]]
        gone = [path for _, letter, path in changes if letter == "D"]
        for content, _, path in changes:
            had[path].add(content)
        if len(back) > MOST and not SAYS_SO.search(message) and subject not in KNOWN:
            files = ", ".join(sorted(back))
            removed = f"; removes {', '.join(sorted(gone))}" if gone else ""
            yield f"{name[:10]} ({subject}): has an older state of {files}{removed}"


def main() -> int:
    """Say what was found."""
    try:
        found = list(set_back(sys.argv[1] if len(sys.argv) > 1 else "."))
    except subprocess.CalledProcessError as error:
        print("not looked for commits that set files back:", error.stderr.decode("utf-8", "replace").strip())
        return 0
    if found:
        print("Commits that set files back to an older state; if it is meant, say so in the message:", *found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
