"""``python -m sphinx_xenfusa.cli``: the ``xenfusa`` command where scripts are not on the path."""

from __future__ import annotations

import gc

from sphinx_xenfusa.cli import main

_YOUNG = 100_000
"""Objects that come into being before the collector looks at them: nearly all that a command makes lives until it ends."""


def run() -> None:
    """What the script ``xenfusa`` calls."""
    gc.set_threshold(_YOUNG)
    main(prog_name="xenfusa")


if __name__ == "__main__":
    run()
