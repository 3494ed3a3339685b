"""What the places in the output of a command are relative to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def shared_root(paths: Sequence[Path]) -> Path:
    """The current folder if all paths lie in it, else the deepest folder that they share."""
    here = Path.cwd().resolve()
    real = [path.resolve() for path in paths]
    if all(path.is_relative_to(here) for path in real):
        return here
    try:
        shared = Path(os.path.commonpath(real))
    except ValueError:  # on different drives
        return here
    return shared if shared.is_dir() else shared.parent
