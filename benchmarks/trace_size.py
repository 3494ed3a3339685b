"""What ``xenfusa trace`` costs on trees of growing size, beside StrictDoc and Doorstop on the same requirements.

Seconds are those of the processor, user and system together, of the whole process with its start and imports; the shortest of
some runs.  The peers are installed from the package index into an environment that is thrown away; ``--without-peers`` leaves
them out, and one that cannot be installed is named with the reason.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

from _report import say
from _trees import links, made, write_doorstop, write_rst, write_strictdoc

SIZES = (1_000, 10_000, 50_000)
STEEPEST = 1.3
"""More than so many times the seconds per item of the tree before is no linear time; a busy machine takes some of it."""
PEERS = 1_000
"""The size of the tree that the peers get: they take long on more."""
OURS = (sys.executable, "-m", "sphinx_xenfusa.cli", "trace")


def spent(command: Sequence[str | Path], folder: Path, *, times: int = 1, allowed: Sequence[int] = (0, 1)) -> float:
    """The processor's seconds that a command takes, the shortest of some runs.

    :raises RuntimeError: it ends with an exit code that is not allowed.
    """
    took = []
    for _ in range(times):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode not in allowed:
            raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-500:]}")
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(took)


def ours(folder: Path) -> bool:
    """The sizes, each beside the one before; whether the time grows as the tree does."""
    linear = True
    before: dict[str, tuple[int, float]] = {}
    for size in SIZES:
        tree = made(size)
        write_rst(tree, folder / f"rst{size}")
        for form in ("plain", "html", "json"):
            name = f"trace --format {form}: {size:,} items, {links(tree):,} links"
            took = spent([*OURS, f"rst{size}", "--format", form, "-o", "out"], folder, times=3)
            if form in before:
                fewer, peer = before[form]
                linear &= took <= peer * (size / fewer) * STEEPEST
                say(
                    name,
                    took,
                    "s of CPU",
                    peer=f"{fewer:,} items, times {size // fewer}",
                    peer_value=peer * (size / fewer),
                )
            else:
                say(name, took, "s of CPU")
            before[form] = size, took
    return linear


def installed(package: str, folder: Path) -> Path:
    """The folder of the commands of a package that is installed now.

    :raises subprocess.CalledProcessError: it cannot be installed.
    """
    home = folder / f"venv_{package}"
    venv.create(home, with_pip=True)
    command = [home / "bin" / "python", "-m", "pip", "install", "--quiet", package]
    subprocess.run(command, capture_output=True, text=True, check=True)
    return home / "bin"


def strictdoc(commands: Path, folder: Path) -> float:
    """StrictDoc reads the documents and writes them as JSON."""
    return spent([commands / "strictdoc", "export", "--formats=json", "--output-dir", folder / "out", "."], folder)


def doorstop(commands: Path, folder: Path) -> float:
    """Doorstop reads and checks the items; what it has no counterpart of here (reviews) is not asked for."""
    subprocess.run(["git", "init", "--quiet", "."], cwd=folder, check=True)
    return spent([commands / "doorstop", "-F", "-S", "-W"], folder)


def peers(folder: Path) -> None:
    """Ours beside each peer, in the same run."""
    tree = made(PEERS)
    write_rst(tree, folder / "rst")
    mine = {form: spent([*OURS, "rst", "--format", form, "-o", "out"], folder, times=3) for form in ("json", "plain")}
    each: tuple[tuple[str, str, Callable[..., None], Callable[[Path, Path], float]], ...] = (
        ("strictdoc", "json", write_strictdoc, strictdoc),
        ("doorstop", "plain", write_doorstop, doorstop),
    )
    for package, form, write, run in each:
        home = folder / package
        write(tree, home)
        name = f"trace --format {form}: {PEERS:,} items, {links(tree):,} links"
        try:
            say(name, mine[form], "s of CPU", peer=package, peer_value=run(installed(package, folder), home))
        except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
            reason = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1:]
            print(f"{package} is left out: {' '.join(reason)}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without-peers", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        linear = ours(folder)
        if not chosen.without_peers:
            peers(folder)
    if not linear:
        found = f"a form that takes more than {STEEPEST} times the seconds per item of the tree before"
        sys.exit(f"found {found}; expected linear time")


if __name__ == "__main__":
    main()
