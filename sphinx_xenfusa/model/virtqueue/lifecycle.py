"""The life of a device and of its queues: status, features, reset of both, suspension.

Nothing here looks at the bytes of a queue: it says when a side may.  What a side must not do in a state is a :class:`Breach`,
and changes nothing.

Source: VirtIO 1.2, 2.1 (status), 2.2 (features), 2.4 (reset), 2.6.1 (queue reset), 3.1 (initialisation), 3.3 (cleanup); VirtIO
1.4, "Device Suspend".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from sphinx_xenfusa.model.virtqueue.layout import Feature, Status


class Breach(StrEnum):
    """What the state of the device forbids."""

    BIT_CLEARED = "a status bit is cleared other than by reset"
    AFTER_FAILED = "the driver goes on after FAILED without a reset"
    OUT_OF_ORDER = "a step of the initialisation comes before the one that it follows"
    NOT_OFFERED = "a feature is accepted that is not offered"
    FEATURES_SETTLED = "features are changed after FEATURES_OK"
    NOT_LIVE = "the device is not live: DRIVER_OK is not set, or it needs a reset"
    SUSPENDED = "the device is suspended"
    NOT_NEGOTIATED = "the feature for this is not negotiated"
    QUEUE_NOT_ENABLED = "the queue is not enabled"
    RESET_NOT_SEEN = "the queue's reset was not seen to be complete"


class QueueState(StrEnum):
    """What became of a queue."""

    DISABLED = "disabled"
    ENABLED = "enabled"
    RESETTING = "being reset"
    RESET = "reset"


@dataclass(slots=True)
class Device:
    """A device as both sides see it.

    :param offered: features that it offers.
    :param accepted: features that the driver accepted.
    :param queues: the state of each queue.
    :param sizes: how each queue is configured: entries by queue; what a reset forgets.
    :param seen_reset: queues of which the driver saw that their reset is complete.
    :param config_notifications: how often the device told that its configuration changed.
    """

    offered: frozenset[Feature]
    accepted: frozenset[Feature] = frozenset()
    status: Status = field(default_factory=lambda: Status(0))
    queues: dict[int, QueueState] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    seen_reset: set[int] = field(default_factory=set)
    config_notifications: int = 0


_BEFORE = {
    Status.ACKNOWLEDGE: Status(0),
    Status.DRIVER: Status.ACKNOWLEDGE,
    Status.FEATURES_OK: Status.ACKNOWLEDGE | Status.DRIVER,
    Status.DRIVER_OK: Status.ACKNOWLEDGE | Status.DRIVER | Status.FEATURES_OK,
    Status.FAILED: Status(0),
    Status.SUSPEND: Status.DRIVER_OK,
}
"""Which bits each bit that the driver sets comes after (3.1.1)."""


def write_status(device: Device, value: Status) -> Breach | None:
    """The driver writes the status: 0 resets the device, all else adds bits (2.1.1, 3.1.1)."""
    if value == 0:
        reset(device)
        return None
    if device.status & ~value:
        return Breach.BIT_CLEARED
    if device.status & Status.FAILED:
        return Breach.AFTER_FAILED
    added = value & ~device.status
    if any(bit in added and _BEFORE.get(bit, value) & ~device.status for bit in Status):
        return Breach.OUT_OF_ORDER
    if added & Status.SUSPEND and Feature.SUSPEND not in device.accepted:
        return Breach.NOT_NEGOTIATED
    device.status = value
    return None


def accept(device: Device, features: frozenset[Feature]) -> Breach | None:
    """The driver writes the features that it takes, before ``FEATURES_OK`` (2.2.1, 3.1.1)."""
    if device.status & Status.FEATURES_OK:
        return Breach.FEATURES_SETTLED
    if not device.status & Status.DRIVER:
        return Breach.OUT_OF_ORDER
    if not features <= device.offered:
        return Breach.NOT_OFFERED
    device.accepted = features
    return None


def reset(device: Device) -> None:
    """The status reads 0 and nothing of features and queues is left (2.4.1)."""
    device.status = Status(0)
    device.accepted = frozenset()
    device.queues = {}
    device.sizes = {}
    device.seen_reset = set()


def fail(device: Device) -> None:
    """The device cannot go on: it says so, and tells a driver that is ready (2.1.2)."""
    device.status = device.status | Status.NEEDS_RESET
    if device.status & Status.DRIVER_OK:
        device.config_notifications += 1


def live(device: Device, queue: int) -> Breach | None:
    """Why neither side may use a queue now; ``None`` when both may (2.1.2, 2.4.1, 2.6.1.1, 3.1.1)."""
    if device.status & Status.SUSPEND:
        return Breach.SUSPENDED
    if not device.status & Status.DRIVER_OK or device.status & Status.NEEDS_RESET:
        return Breach.NOT_LIVE
    if device.queues.get(queue) is not QueueState.ENABLED:
        return Breach.QUEUE_NOT_ENABLED
    return None


def configure_queue(device: Device, queue: int, size: int) -> Breach | None:
    """The driver sets a queue up and enables it, after the features are settled; or again after its reset (3.1.1, 2.6.1.2)."""
    if not device.status & Status.FEATURES_OK:
        return Breach.OUT_OF_ORDER
    if device.queues.get(queue) is QueueState.RESETTING:
        return Breach.RESET_NOT_SEEN
    device.queues[queue] = QueueState.ENABLED
    device.sizes[queue] = size
    device.seen_reset.discard(queue)
    return None


def reset_queue(device: Device, queue: int) -> Breach | None:
    """The driver asks for the reset of one queue; from now on the device leaves it alone (2.6.1.1)."""
    if Feature.RING_RESET not in device.accepted:
        return Breach.NOT_NEGOTIATED
    if device.queues.get(queue) is not QueueState.ENABLED:
        return Breach.QUEUE_NOT_ENABLED
    device.queues[queue] = QueueState.RESETTING
    return None


def complete_queue_reset(device: Device, queue: int) -> None:
    """The device has done it: the queue is as it was before it was set up (2.6.1.1)."""
    if device.queues.get(queue) is QueueState.RESETTING:
        device.queues[queue] = QueueState.RESET
        device.sizes.pop(queue, None)


def look_at_queue_reset(device: Device, queue: int) -> bool:
    """The driver looks whether the reset is complete (2.6.1.1)."""
    if device.queues.get(queue) is QueueState.RESET:
        device.seen_reset.add(queue)
    return queue in device.seen_reset


def release(device: Device, queue: int) -> Breach | None:
    """The driver takes back the memory of a queue and of its buffers, after a reset of the device or of the queue (2.6.1.1, 3.3).

    A grant is revoked, or a page reused, by this step.
    """
    if device.status == 0 or device.queues.get(queue) is None or queue in device.seen_reset:
        return None
    return Breach.RESET_NOT_SEEN


def settle_suspension(device: Device, succeeds: bool) -> None:
    """The device answers a request to suspend: suspended, without ``DRIVER_OK``, or in need of a reset (1.4, Device Suspend)."""
    if succeeds:
        device.status = device.status & ~Status.DRIVER_OK
    else:
        device.status = device.status & ~Status.SUSPEND
        fail(device)


def suspended(device: Device) -> bool:
    """What the driver reads the status for, after it asked: ``SUSPEND`` set and ``DRIVER_OK`` clear (1.4, Device Suspend)."""
    return bool(device.status & Status.SUSPEND) and not device.status & Status.DRIVER_OK


def may_add(device: Device, queue: int) -> Breach | None:
    """Whether the driver may make buffers available (1.4, Device Suspend); before ``DRIVER_OK`` it may fill a queue (3.1.1)."""
    if device.status & Status.SUSPEND:
        return Breach.SUSPENDED
    if device.queues.get(queue) is not QueueState.ENABLED:
        return Breach.QUEUE_NOT_ENABLED
    return None
