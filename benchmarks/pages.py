"""What our pages cost: 60 requirements with every verdict kept, beside the same text as plain sphinx-needs needs.

Each build is a process of its own, from nothing (``-E``), with warm files and compiled modules.  The builds take turns, and the
shortest of each counts, so that both see the same machine.  The difference is what the extension adds; it is to stay below a
second.  Processor time is told as well, because another program at work makes the clock slower and not the work more.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from _report import say

from sphinx_xenfusa.confirm.adequacy_record import read_adequacy
from sphinx_xenfusa.confirm.confirmation import carry_out, plan
from sphinx_xenfusa.confirm.register import read_register
from sphinx_xenfusa.confirm.registry import load_claims

REQUIREMENTS = 60
TURNS = 5
OURS = """\
.. xen:req:: Requirement {number}
   :id: XenArch~requirement_{number}~1
   :kind: rule
   :confirmed-by: {claim}

   Xen shall do something, for the {number}th time.

"""
PLAIN = """\
.. req:: Requirement {number}
   :id: REQUIREMENT_{number}

   Xen shall do something, for the {number}th time.

"""


def project(folder: Path, extension: str, entries: list[str], table: str, settings: str = "") -> Path:
    folder.mkdir()
    (folder / "conf.py").write_text(f'extensions = ["{extension}"]\nhtml_theme = "basic"\n{settings}')
    (folder / "index.rst").write_text("Index\n=====\n\n" + "".join(entries) + table)
    return folder


def build(folder: Path, *options: str) -> tuple[float, float, str]:
    """Seconds by the clock and of the processor, and what the build said about the claims."""
    out = folder.with_name(f"{folder.name}{len(options)}.html")
    command = [sys.executable, "-m", "sphinx", "-E", "-b", "html", *options, str(folder), str(out)]
    environment = os.environ | {"PYTHONPYCACHEPREFIX": str(folder.with_name("compiled")), "NO_COLOR": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
    took, after = perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took, processor, next((line for line in done.stdout.splitlines() if line.startswith("claims: ")), "")


def main() -> None:
    planned = plan(load_claims(), read_register(), record=read_adequacy())
    claims = sorted({job.claim for job in planned.jobs})
    with tempfile.TemporaryDirectory() as place:
        cache = Path(place, "cache")
        carry_out(planned, cache_dir=cache)
        ours = [OURS.format(number=number, claim=claims[number % len(claims)]) for number in range(REQUIREMENTS)]
        plain = [PLAIN.format(number=number) for number in range(REQUIREMENTS)]
        settings = f"xenfusa_cache_dir = {str(cache)!r}\n"
        own = project(Path(place, "own"), "sphinx_xenfusa", ours, ".. xen:matrix::\n", settings)
        peer = project(Path(place, "peer"), "sphinx_needs", plain, ".. needtable::\n")
        builds = {"kept": (own,), "off": (own, "-D", "xenfusa_confirm=off"), "plain": (peer,)}
        took: dict[str, list[tuple[float, float, str]]] = {name: [] for name in builds}
        for _ in range(TURNS + 1):
            for name, arguments in builds.items():
                took[name].append(build(*arguments))
    said = took["kept"][-1][2]
    assert said.startswith(f"claims: 0 run, {len(planned.jobs)} from the cache"), said
    for index, unit in enumerate(("s", "s of the processor")):
        best = {name: min(float(one[index]) for one in runs[1:]) for name, runs in took.items()}
        with_peer = {"peer": "sphinx-needs alone, with a table", "peer_value": best["plain"]}
        what = f"pages: {REQUIREMENTS} requirements with a matrix"
        say(f"{what}, all {len(planned.jobs)} verdicts kept", best["kept"], unit, **with_peer)
        say(f"{what}, confirmation off", best["off"], unit, **with_peer)
        say(f"{what}: what kept verdicts add to sphinx-needs alone", best["kept"] - best["plain"], unit)


if __name__ == "__main__":
    main()
