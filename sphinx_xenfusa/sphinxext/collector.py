"""Python's search for garbage during a build: it stops where there is none, and what has been read is not gone through again.

Ten thousand requirements are millions of objects.  The collector goes through all of them each time that a quarter more was
made.  Garbage that it alone finds comes from document trees, whose nodes know their parents: while documents are read and pages
written it goes on.  The environment of the build before, the record, the needs and the files that are counted again are trees
of plain data, which need no collector; yet its going through them was a third of what a build takes after an edit, and a quarter
of that of what was read was set aside alone.

The end of the process is more of the same: Python looks for garbage three times more while it takes itself down, and frees one by
one what the system takes back at once.  That was two seconds of the nine that a build took after an edit.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from typing import ClassVar

from sphinx.application import Sphinx


class Collector:
    """Stops the collector, sets aside what it need not look at, and gives everything back when the build ends."""

    _left: ClassVar[Collector | None] = None
    """The one that stopped it, while it is stopped: a build that ends in its beginning tells nobody."""

    def __init__(self) -> None:
        self._aside = False

    def connect(self, app: Sphinx) -> None:
        """Stop, and connect the events between which there is hardly any garbage: from now on up to the first document that is
        read, from the last one to the first page, and from the last page on.
        """
        if Collector._left is not None:
            Collector._left._go_on()
        self._stop()
        app.connect("env-before-read-docs", self._set_aside, priority=900)
        app.connect("env-updated", self._stop, priority=1)
        app.connect("doctree-resolved", self._set_aside_once, priority=1)
        app.connect("html-collect-pages", self._stop_behind, priority=1000)
        app.connect("build-finished", self._stop, priority=1)
        app.connect("build-finished", self._give_back, priority=1000)

    def _stop(self, *_: object) -> None:
        if gc.isenabled():  # else somebody else has stopped it
            Collector._left = self
            gc.disable()

    def _stop_behind(self, *_: object) -> Iterator[tuple[str, dict[str, object], str]]:
        """Stop behind the pages that others generate: Sphinx asks for them one by one."""
        self._stop()
        yield from ()

    def _go_on(self) -> None:
        if Collector._left is self:
            Collector._left = None
            gc.enable()

    def _set_aside(self, *_: object) -> None:
        if self._aside or not gc.get_freeze_count():  # else somebody else has a use for it
            self._aside = True
            gc.freeze()
        self._go_on()

    def _set_aside_once(self, *_: object) -> None:
        if Collector._left is self:
            self._set_aside()

    def _give_back(self, *_: object) -> None:
        self._go_on()
        if self._aside:
            self._aside = False
            gc.unfreeze()
        # Once, however many builds a process makes.
        atexit.unregister(gc.freeze)
        atexit.register(gc.freeze)
