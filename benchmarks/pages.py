"""What our pages cost: 60 requirements with every verdict kept, beside the same text as plain sphinx-needs needs."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from _report import say, seconds

from sphinx_xenfusa.confirm.confirmation import carry_out, plan
from sphinx_xenfusa.confirm.register import read_register
from sphinx_xenfusa.confirm.registry import load_claims

REQUIREMENTS = 60
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


def build(folder: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-E", "-b", "html", str(folder), str(folder.with_suffix(".html"))]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    claims = sorted(load_claims())
    with tempfile.TemporaryDirectory() as place:
        cache = Path(place, "cache")
        carry_out(plan(load_claims(), read_register()), cache_dir=cache)
        ours = [OURS.format(number=number, claim=claims[number % len(claims)]) for number in range(REQUIREMENTS)]
        plain = [PLAIN.format(number=number) for number in range(REQUIREMENTS)]
        settings = f"xenfusa_cache_dir = {str(cache)!r}\n"
        own = project(Path(place, "own"), "sphinx_xenfusa", ours, ".. xen:matrix::\n", settings)
        peer = project(Path(place, "peer"), "sphinx_needs", plain, ".. needtable::\n")
        say(
            f"pages: {REQUIREMENTS} requirements with a matrix, all verdicts kept",
            seconds(lambda: build(own), 3, perf_counter),
            "s",
            peer="sphinx-needs alone, with a table",
            peer_value=seconds(lambda: build(peer), 3, perf_counter),
        )


if __name__ == "__main__":
    main()
