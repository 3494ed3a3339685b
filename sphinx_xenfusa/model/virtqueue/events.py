"""When a notification has to be sent: from the other side's wish, before and after a batch was made available or used.

Both formats ask the same question: is the entry that the other side named among those of the batch?
"""

from __future__ import annotations

from enum import StrEnum

from sphinx_xenfusa.model.virtqueue.layout import INDEX_VALUES, EventFlags, EventSuppression


class Notify(StrEnum):
    """What the standard says of a notification after a batch (2.7.7.2, 2.7.10.1; 2.8.10)."""

    MUST = "must notify"
    SHOULD_NOT = "should not notify"


def crosses(event: int, old: int, new: int, modulus: int) -> bool:
    """Whether an entry is among those from ``old`` up to, not including, ``new``, on a circle of ``modulus`` places."""
    return (event - old) % modulus < (new - old) % modulus


def split_notify(flags: int, event: int | None, old: int, new: int) -> Notify:
    """The decision of the split format (2.7.7.2, 2.7.10.1).

    :param flags: of the other side's ring; bit 0 asks for silence, and is not looked at with an event.
    :param event: ``used_event`` or ``avail_event`` with ``EVENT_IDX``; ``None`` without: then the field is not looked at.
    :param old: the own ``idx`` before the batch.
    :param new: the own ``idx`` after it.
    """
    if event is not None:
        return Notify.MUST if crosses(event, old, new, INDEX_VALUES) else Notify.SHOULD_NOT
    if flags % 2 == 1 or old == new:
        return Notify.SHOULD_NOT
    return Notify.MUST


def position(slot: int, wrap: int, size: int) -> int:
    """A slot of the packed format together with its wrap counter, as one number below twice the size (2.8.1).

    The counter starts at 1, so the first round has the lower numbers.
    """
    return slot if wrap == 1 else slot + size


def packed_notify(event: EventSuppression, event_idx: bool, old: int, new: int, size: int) -> Notify | None:
    """The decision of the packed format (2.8.10); ``None`` where the structure says nothing that is valid.

    :param event_idx: whether ``EVENT_IDX`` is negotiated.
    :param old: the own :func:`position` before the batch.
    :param new: the own position after it.
    """
    if event.flags is EventFlags.DISABLE or old == new:
        return Notify.SHOULD_NOT
    if event.flags is EventFlags.ENABLE:
        return Notify.MUST
    if event.flags is EventFlags.RESERVED or not event_idx or event.offset >= size:
        return None
    named = position(event.offset, event.wrap, size)
    return Notify.MUST if crosses(named, old, new, 2 * size) else Notify.SHOULD_NOT
