"""Python's search for garbage during a build: what has been read stays until the build ends, so it is not gone through again.

Ten thousand requirements are millions of objects.  The collector goes through all of them each time that a quarter more was
made, which is a third of what a build takes after an edit.
"""

from __future__ import annotations

import gc

from sphinx.application import Sphinx


class Collector:
    """Sets aside what the collector need not look at, and gives it back when the build ends."""

    def __init__(self) -> None:
        self._ours = False

    def connect(self, app: Sphinx) -> None:
        """Connect the events: the environment of the build before is loaded; all is read; the build ends, well or not."""
        app.connect("env-before-read-docs", self._set_aside, priority=900)
        app.connect("env-updated", self._set_aside, priority=100)
        app.connect("build-finished", self._give_back, priority=900)

    def _set_aside(self, *_: object) -> None:
        if self._ours or not gc.get_freeze_count():  # else somebody else has a use for it
            self._ours = True
            gc.freeze()

    def _give_back(self, *_: object) -> None:
        if self._ours:
            self._ours = False
            gc.unfreeze()
