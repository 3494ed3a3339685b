"""Writes the models out for SPIN and TLC when the documentation is built, and counts their states for the page about it.

The page ``fusa/rerun`` includes the table and offers the files.  The same models give the same bytes; a file that would not
change is left alone, so that Sphinx reads nothing again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sphinx_xenfusa.explore.compiler import compile_system
from sphinx_xenfusa.explore.engine import Limits
from sphinx_xenfusa.explore.engines.numpy_engine import NumpyEngine
from sphinx_xenfusa.model.exported import FORMATS, stem
from sphinx_xenfusa.model.systems import Shipped, shipped_systems

LARGEST = 5_000_000
"""States that are counted while the documentation is built, at the most."""

FOLDER = "_rerun"

_HEAD = """\
.. list-table:: What is shipped, and what each text must give
   :header-rows: 1
   :widths: 34 16 18 32
   :class: xenfusa-table

   * - System
     - States
     - Transitions
     - Texts
"""


def write_all(docs: Path) -> None:
    """Write the texts of all shipped systems and the table of their counts.

    :raises ModelError: a format cannot say a system.
    """
    folder = docs / FOLDER
    folder.mkdir(exist_ok=True)
    wanted: dict[str, str] = {}
    table = [_HEAD]
    for one in shipped_systems().values():
        files = {name: text for write in FORMATS.values() for name, text in write(one, stem(one)).items()}
        wanted.update(files)
        table.extend(_row(one, sorted(files, key=lambda name: ("pml", "tla", "cfg").index(name[-3:]))))
    wanted["systems.txt"] = "".join(table)
    for old in folder.iterdir():
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8", newline="\n")


def _row(one: Shipped, files: list[str]) -> Iterator[str]:
    found = NumpyEngine().explore(compile_system(one.system), limits=Limits(states=LARGEST))
    counts = [f"{found.states:,}", f"{found.transitions:,}"]
    if not found.complete:
        counts = [f"{found.reason}: not counted in this build", "not counted"]
    links = ", ".join(f":download:`{name[-3:]} <../{FOLDER}/{name}>`" for name in files)
    yield f"   * - ``{one.name}``\n     - {counts[0]}\n     - {counts[1]}\n     - {links}\n"
