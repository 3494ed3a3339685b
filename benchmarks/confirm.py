"""What a confirmation costs: with nothing kept, with everything kept, and as a command."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from _report import say, seconds

from sphinx_xenfusa.confirm.adequacy_record import read_adequacy
from sphinx_xenfusa.confirm.confirmation import carry_out, plan
from sphinx_xenfusa.confirm.mutation_run import carry_out_mutation_run, plan_mutation_run
from sphinx_xenfusa.confirm.register import read_register
from sphinx_xenfusa.confirm.registry import load_claims

ONE = "virtio_privileges"
"""The claim on which a confirmation is held against the mutation run: four policies, some 1,800 mutants."""


def main() -> None:
    planned = plan(load_claims(), read_register(), record=read_adequacy())
    one = plan(load_claims(), read_register(), names=[ONE], record=read_adequacy())
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder, "cache")
        cold = seconds(lambda: carry_out(planned, cache_dir=cache, mode="force"), 1, perf_counter)
        cached = seconds(lambda: carry_out(planned, cache_dir=cache), 3, perf_counter)
        runs = len(planned.jobs)
        say(f"confirm: all {runs} claims and policies, nothing kept", cold, "s")
        say(f"confirm: all {runs} claims and policies, all kept", cached, "s", peer="nothing kept", peer_value=cold)
        kept = [sys.executable, "-m", "sphinx_xenfusa.cli", "confirm", "--cache-dir", str(cache)]
        subprocess.run(kept, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # keeps what a plan is made of as well
        say(
            f"confirm: the command for all {runs} claims and policies, all kept",
            seconds(lambda: subprocess.run(kept, cwd=folder, check=True, stdout=subprocess.DEVNULL), 5, perf_counter),
            "s",
            peer="nothing kept",
            peer_value=cold,
        )
        every = plan_mutation_run(load_claims(), read_register(), read_adequacy(), names=[ONE], mode="force")
        say(
            "confirm: one claim, with the known mutant",
            seconds(lambda: carry_out(one, cache_dir=cache, mode="force"), 1, perf_counter),
            "s",
            peer="with every mutant",
            peer_value=seconds(lambda: carry_out_mutation_run(every, cache_dir=cache, mode="force"), 1, perf_counter),
        )
        command = [sys.executable, "-m", "sphinx_xenfusa.cli", "confirm", "hwdom_single", "--mode", "force"]
        start = [sys.executable, "-c", "pass"]
        say(
            "confirm: the command for one small claim",
            seconds(
                lambda: subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL), 3, perf_counter
            ),
            "s",
            peer="starting Python",
            peer_value=seconds(lambda: subprocess.run(start, cwd=folder, check=True), 3, perf_counter),
        )


if __name__ == "__main__":
    main()
