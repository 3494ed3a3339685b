"""How fast the engines search the notification ring, with SPIN beside them in the same run.

SPIN is given the text that was written for it by hand, and has to count the same states.  Every search runs in a process of
its own, so that its memory is its own.  ``--large`` takes the ring with one forged write as well: 51,112,960 states, minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from _report import say

from sphinx_xenfusa.explore.compiler import compile_system
from sphinx_xenfusa.explore.engine import Engine, EngineMissingError, Limits
from sphinx_xenfusa.explore.engines.bdd_engine import BddEngine
from sphinx_xenfusa.explore.engines.numba_engine import NumbaEngine
from sphinx_xenfusa.explore.engines.numpy_engine import NumpyEngine
from sphinx_xenfusa.model.notification_ring import RING, Bounds

TEXT = Path(__file__).parent.parent / "tests" / "explore" / "notification_ring.pml"
COUNTS = {0: (2_585_600, 5_947_904), 1: (51_112_960, 159_132_160), 3: (1_866_768_384, 11_012_892_672)}
"""States and steps of the ring, by the number of forged writes."""

PLENTY = Limits(states=10**12, memory=32 * 2**30)
ENGINES: dict[str, Callable[[], Engine]] = {"numpy": NumpyEngine, "numba": NumbaEngine, "bdd": BddEngine}


@dataclass(frozen=True)
class Run:
    """One search: processor seconds, those spent on compiling before it, peak memory in MiB, and what it counted."""

    seconds: float
    compiling: float
    mebibytes: float
    states: int
    transitions: int


def search(name: str, forged: int, *, recount: bool) -> Run:
    """Search in this process."""
    engine = ENGINES[name]()
    program = compile_system(RING.system(Bounds(forged=forged)))
    compiling = engine.prepare(program) if isinstance(engine, NumbaEngine) else 0.0
    start = time.process_time()
    found = (
        engine.recount(program, limits=PLENTY)
        if recount and isinstance(engine, BddEngine)
        else engine.explore(program, limits=PLENTY)
    )
    took = time.process_time() - start
    assert found is not None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Run(took, compiling, peak, found.states, found.transitions)


def apart(name: str, forged: int, *, recount: bool = False) -> Run:
    """Search in a process of its own."""
    command = [sys.executable, __file__, "--one", name, "--forged", str(forged), *(["--recount"] if recount else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return checked(Run(**json.loads(done.stdout)), forged)


def checked(run: Run, forged: int) -> Run:
    """A run that counted what it has to count."""
    if (run.states, run.transitions) != COUNTS[forged]:
        raise SystemExit(f"{run} does not count {COUNTS[forged]}")
    return run


class Spin:
    """SPIN's verifiers for the text."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def made(self, forged: int) -> Path:
        """The verifier for so many forged writes."""
        folder = self.folder / str(forged)
        if not folder.exists():
            folder.mkdir()
            subprocess.run(["spin", "-a", f"-DFORGED={forged}", str(TEXT)], cwd=folder, check=True, capture_output=True)
            flags = ["-O3", "-DSAFETY", "-DNOREDUCE", "-w"]
            subprocess.run(["cc", *flags, "-o", "pan", "pan.c"], cwd=folder, check=True, capture_output=True)
        return folder / "pan"

    def run(self, forged: int) -> Run:
        """Search: depth first, with a table and a stack that are large enough."""
        command = [str(self.made(forged)), "-m2000000", "-w24" if forged == 0 else "-w27"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        text = process.stdout.read()
        process.stdout.close()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        states, steps = COUNTS[forged]
        # SPIN counts the start as a step, and writes large numbers with eight digits.
        for number, words in ((states, "states, stored"), (steps + 1, "transitions")):
            wanted = tuple(f"{written} {words}" for written in (str(number), f"{number:.8g}"))
            if not any(line.strip().startswith(wanted) for line in text.splitlines()):
                raise SystemExit(f"SPIN does not count {number} {words}:\n{text}")
        return Run(used.ru_utime + used.ru_stime, 0.0, used.ru_maxrss / 1024, states, steps)


def compare(forged: int, rounds: int, spin: Spin | None, names: list[str]) -> None:
    """Rounds of SPIN and each engine in turn; of each the shortest."""
    searches: dict[str, Callable[[], Run]] = {name: (lambda name=name: apart(name, forged)) for name in names}
    if spin is not None:
        searches["SPIN"] = lambda: spin.run(forged)
    best: dict[str, Run] = {}
    for _ in range(rounds):
        for name, one in searches.items():
            run = one()
            best[name] = min(best.get(name, run), run, key=lambda each: each.seconds)
    states = COUNTS[forged][0]
    peer = best.get("SPIN")
    for name in names:
        speed = states / best[name].seconds
        say(
            f"engines: {name} / SPIN, {states:,} states",
            speed,
            "states/s",
            peer="SPIN",
            peer_value=states / peer.seconds if peer else None,
        )
        say(f"engines: {name}, {states:,} states, peak memory", best[name].mebibytes, "MiB")
        if best[name].compiling:
            say(f"engines: {name}, compiling before that", best[name].compiling, "s")
    if peer is not None:
        say(f"engines: SPIN, {states:,} states, peak memory", peer.mebibytes, "MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="the ring with one forged write as well")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=ENGINES, help=argparse.SUPPRESS)
    parser.add_argument("--forged", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--recount", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(vars(search(given.one, given.forged, recount=given.recount))))
        return
    names = []
    for name, made in ENGINES.items():
        try:
            made()
            names.append(name)
        except EngineMissingError as missing:
            print(missing, file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        spin = Spin(Path(folder)) if shutil.which("spin") and shutil.which("cc") else None
        if spin is None:
            print("spin or cc is not installed: no ratios", file=sys.stderr)
        compare(0, given.rounds, spin, names)
        if given.large:
            compare(1, 1, spin, names)
    if "bdd" in names:
        run = apart("bdd", 3, recount=True)
        say(f"engines: bdd, {run.states:,} states", run.seconds, "s")
        say(f"engines: bdd, {run.states:,} states, peak memory", run.mebibytes, "MiB")


if __name__ == "__main__":
    main()
