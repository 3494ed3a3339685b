"""Ends a confirmation at once when the user or a parent process asks for it.

The processes that run claims ignore the interrupt of the terminal, and the pool waits for them: without this, Ctrl-C
would take as long as the longest claim, and a terminated parent would leave its claims running.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_EXIT_OF_SIGNAL = 128
"""By convention of Unix shells, a process that ended by a signal has this plus the signal's number as its exit code."""


@contextmanager
def ended_by_signals(last: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Within this block an interrupt or a termination ends the processes that were started, then this one.

    Only for the main thread of a process that is ours to end.

    :param last: called before the end, to leave the terminal and the files in order.
    """

    def end(number: int, frame: FrameType | None) -> None:
        for process in multiprocessing.active_children():
            process.kill()
        try:
            last()
        finally:
            os._exit(_EXIT_OF_SIGNAL + number)

    before = {number: signal.signal(number, end) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
