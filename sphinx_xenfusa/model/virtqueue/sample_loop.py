"""The loop by which the standard shows how a driver receives used buffers: as it is printed, and with its condition put right.

As printed, both comparisons of the last index seen with ``used.idx`` are ``!=`` where the text around them needs ``==``: the loop
leaves when something is there, and processes an element when nothing is.  It stands so in VirtIO 1.0 (cs04) to 1.4 (cs01).

Source: VirtIO 1.2, 2.7.14; split-ring.tex, line 721 (1.4-cs01).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sphinx_xenfusa.model.virtqueue.layout import INDEX_VALUES, UsedElement
from sphinx_xenfusa.model.virtqueue.memory import Fault, Memory
from sphinx_xenfusa.model.virtqueue.split import SplitQueue, used_element, used_index


@dataclass(frozen=True, slots=True)
class Processed:
    """An element that the loop handed on.

    :param idx: its free-running index.
    :param published: ``used.idx`` at that time: the element is published if its index is before it.
    """

    idx: int
    published: int
    element: UsedElement


def leaves_as_printed(last_seen: int, used_idx: int) -> bool:
    """The condition for leaving the loop as it is printed."""
    return last_seen != used_idx


def leaves_corrected(last_seen: int, used_idx: int) -> bool:
    """The condition that the text means: all that is published was seen."""
    return last_seen == used_idx


def receive(
    memory: Memory, queue: SplitQueue, last_seen: int, leaves: Callable[[int, int], bool]
) -> tuple[Processed, ...]:
    """One run of the loop from the last index seen, with one of the two conditions; cut off after twice the queue's size."""
    processed: list[Processed] = []
    for _ in range(2 * queue.size):
        idx = used_index(memory, queue)
        if isinstance(idx, Fault) or leaves(last_seen, idx):
            break
        element = used_element(memory, queue, last_seen)
        if isinstance(element, Fault):
            break
        processed.append(Processed(last_seen, idx, element))
        last_seen = (last_seen + 1) % INDEX_VALUES
    return tuple(processed)


def is_published(one: Processed, queue: SplitQueue) -> bool:
    """Whether an element had been published when it was processed: at most a queue's size behind ``used.idx``."""
    return 0 < (one.published - one.idx) % INDEX_VALUES <= queue.size
